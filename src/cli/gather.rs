//! Everything that a command reads before it answers: files, a bundled scenario, and one look at each live source.

use super::arguments::{Inputs, Shared};
use super::moments::moment;
use super::output::Output;
use super::{Failure, Outcome, configuration};
use crate::app::{Survey, now, survey, too_many};
use crate::config::Config;
use crate::evidence::{Counted, Evidence};
use crate::flows::{Blindness, FlowSettings, Flows};
use crate::ingest::Settings;
use crate::sources::files::{self, FileReport, Files, Loaded, Progress};
use crate::sources::{Collector, bundled, first_questions, follow, typed};
use crate::telemetry::{Batch, Completeness, Nanos, Query, Reach, SourceHealth, Time, Wanted, Window};
use chrono::Datelike;
use std::collections::BTreeMap;
use std::io::{IsTerminal, Write};
use std::sync::Arc;

/// Rows of a source that a single flow is compared with.
const SAMPLE: usize = 50_000;
/// How long one look at a live source may take.
const PATIENCE: Nanos = Nanos::seconds(60);
/// How long counting and sampling may take where a source holds too much to be read.
const SURVEY_PATIENCE: Nanos = Nanos::seconds(600);

/// What was read, and how that went.
pub(super) struct Gathered {
    pub config: Config,
    pub evidence: Evidence,
    pub files: Files,
    pub reports: Vec<FileReport>,
    pub now: Time,
    /// What was counted where sources hold too much to be read; the evidence then has a sample of it.
    pub survey: Option<Survey>,
    /// What is known of each live source.
    pub healths: Vec<SourceHealth>,
    /// [`Outcome::Unread`] if something could not be read.
    pub outcome: Outcome,
}

impl Gathered {
    pub(super) fn flows(&self) -> Flows {
        let settings =
            FlowSettings { blindness: Blindness::of(&self.healths), ..self.config.flow_settings() };
        Flows::of(&self.evidence, &settings)
    }
}

/// Reads all that the arguments name. Trouble with one input is told on standard error, and the rest is read.
pub(super) fn gather(shared: &Shared, inputs: &Inputs, output: &Output) -> Result<Gathered, Failure> {
    gather_by(shared, inputs, output, None, load)
}

/// The same, with files read in a way of the caller's own; live sources are asked for what belongs to an identifier first.
pub(super) fn gather_by(
    shared: &Shared,
    inputs: &Inputs,
    output: &Output,
    identifier: Option<&str>,
    load: impl Fn(Vec<files::Input>, &Settings, Time) -> Loaded,
) -> Result<Gathered, Failure> {
    let now = now();
    let mut config = configuration(shared)?;
    let window = bounds(shared, now)?;
    let paths: Vec<String> = config.evidence_paths().chain(inputs.paths.iter().cloned()).collect();
    if paths.is_empty() && inputs.demo.is_none() && config.sources.is_empty() {
        return Err(Failure::usage(
            "there is nothing to read",
            "name files or folders, or --demo, or a configuration with live sources by --config",
        ));
    }
    let configured = settings(&config, now)?;
    let mut found = files::discover(&paths);
    let mut loaded = match &inputs.demo {
        Some(name) => {
            let scenario = bundled::scenario(name).ok_or_else(|| unknown_scenario(name))?;
            let own = scenario_configuration(&scenario)?;
            let reading = settings(&own, now)?;
            config.systems.extend(own.systems);
            if config.losses.is_empty() {
                config.losses = own.losses;
            }
            found.extend(scenario.inputs());
            load(found, &reading, now)
        }
        None => load(found, &configured, now),
    };
    let mut outcome = Outcome::Done;
    for report in loaded.reports.iter().filter(|report| report.has_trouble()) {
        outcome = Outcome::Unread;
        output.warn(&trouble(report));
    }
    let (mut healths, mut survey) = (Vec::new(), None);
    if !config.sources.is_empty() {
        let asked = live_window(window, &config, now);
        let pulled = pull(&config, asked, now, &mut loaded.evidence, identifier);
        let left;
        (healths, left, survey) = (pulled.healths, pulled.left, pulled.survey);
        if left > 0 {
            output.warn(&format!(
                "{left} further identifiers were met and not asked for: one of them joins too much"
            ));
        }
        if let Some(survey) = &survey {
            output.warn(&format!(
                "sources hold more than is read: all else rests on {} of {} flows, read whole",
                survey.sampled,
                survey.index.flows.len()
            ));
        }
        for health in &healths {
            if let Completeness::Partial(reasons) = &health.completeness {
                output.warn(&format!("source {} answered in part: {}", health.name, reasons.join("; ")));
            }
            if let Reach::Degraded(why) | Reach::Unreachable(why) = &health.reach {
                outcome = Outcome::Unread;
                output.warn(&format!("source {}: {why}", health.name));
            }
        }
    }
    // What lies outside what is looked at is missed by nobody.
    let is_looked_at = |until: Time| window.is_none_or(|window| window.from < until);
    if let Some(given_way) = loaded.evidence.given_way().filter(|one| is_looked_at(one.until)) {
        outcome = Outcome::Unread;
        output.warn(&format!(
            "memory is for {} of {} events: what happened before {} is not held, or not all of it; --memory gives more",
            loaded.evidence.rows(),
            loaded.evidence.came(),
            given_way.until
        ));
    }
    if let Some(window) = window {
        loaded.evidence = loaded.evidence.within(window);
    }
    let Loaded { evidence, files, reports } = loaded;
    Ok(Gathered { config, evidence, files, reports, now, survey, healths, outcome })
}

/// The configuration of reading, checked when the configuration was read.
pub(super) fn settings(config: &Config, now: Time) -> Result<Settings, Failure> {
    Settings::new(&config.ingest(), i64::from(now.utc().year()))
        .map_err(|mistakes| Failure::usage(mistakes, "mend the configuration"))
}

/// A scenario may say of its systems what no line says, as an operator would.
fn scenario_configuration(scenario: &bundled::Scenario) -> Result<Config, Failure> {
    let text = scenario.configuration().unwrap_or_default();
    Config::parse(&text)
        .map_err(|mistakes| Failure::usage(mistakes.join("\n"), "the bundled scenario is broken"))
}

pub(super) fn unknown_scenario(name: &str) -> Failure {
    let names: Vec<String> = bundled::scenarios().into_iter().map(|scenario| scenario.name).collect();
    Failure::usage(format!("there is no scenario `{name}`"), format!("there are {}", names.join(", ")))
}

/// The window that --since and --until bound; `None` if neither is given.
fn bounds(shared: &Shared, now: Time) -> Result<Option<Window>, Failure> {
    let read = |name: &str, text: &Option<String>| {
        text.as_deref().map(|text| moment(text, now)).transpose().map_err(|reason| {
            Failure::usage(format!("--{name}: {reason}"), "see --help for the ways to write a time")
        })
    };
    let (since, until) = (read("since", &shared.since)?, read("until", &shared.until)?);
    if since.is_none() && until.is_none() {
        return Ok(None);
    }
    let window = Window { from: since.unwrap_or(Time::MIN), to: until.unwrap_or(Time::MAX) };
    if window.to <= window.from {
        return Err(Failure::usage("--until is not after --since", "swap them, or leave one out"));
    }
    Ok(Some(window))
}

/// What live sources are asked for: up to now, and as far back as is typed or configured.
fn live_window(typed: Option<Window>, config: &Config, now: Time) -> Window {
    let back = Nanos::seconds(i64::from(config.window_minutes) * 60);
    let to = typed.map_or(now, |window| window.to.min(now));
    let from = typed.map(|window| window.from).filter(|from| *from != Time::MIN);
    Window { from: from.unwrap_or(to - back), to }
}

pub(super) fn load(inputs: Vec<files::Input>, settings: &Settings, now: Time) -> Loaded {
    let mut shown = Shown::default();
    let loaded = files::load(inputs, settings, now, &mut |progress, _| shown.update(progress));
    shown.clear();
    loaded
}

/// A line of progress on standard error, if somebody looks at it.
#[derive(Default)]
pub(super) struct Shown {
    percent: Option<u64>,
}

impl Shown {
    pub(super) fn update(&mut self, progress: Progress) -> bool {
        let percent = progress.bytes * 100 / progress.of.max(1);
        if std::io::stderr().is_terminal() && self.percent != Some(percent) {
            self.percent = Some(percent);
            let megabytes = |bytes: u64| bytes.div_ceil(1_000_000);
            eprint!("\rreading {percent} % of {} MB", megabytes(progress.of));
            let _ = std::io::stderr().flush();
        }
        true
    }

    pub(super) fn clear(&self) {
        if self.percent.is_some() {
            eprint!("\r\x1b[K");
        }
    }
}

fn trouble(report: &FileReport) -> String {
    match (&report.error, &report.first_unread) {
        (Some(error), _) => format!("{}: {error}", report.path),
        (None, Some(first)) => {
            let lines =
                if report.unread == 1 { "line".to_owned() } else { format!("{} lines", report.unread) };
            let place = if first.line == 0 {
                format!("byte {}", first.offset)
            } else {
                format!("line {}", first.line)
            };
            format!("{}: {lines} could not be read, first {place}: {}", report.path, first.reason)
        }
        (None, None) => format!("{}: {} lines could not be read", report.path, report.unread),
    }
}

/// What came of asking all sources.
struct Pulled {
    healths: Vec<SourceHealth>,
    /// Identifiers that were met and not asked for.
    left: usize,
    survey: Option<Survey>,
}

/// Asks every source once, all at a time; a source that fails costs the others nothing. With an identifier, what belongs
/// to it comes first and is followed from source to source. Sources that hold too much count it instead.
fn pull(
    config: &Config,
    window: Window,
    now: Time,
    evidence: &mut Evidence,
    identifier: Option<&str>,
) -> Pulled {
    let runtime = runtime();
    let settings = config.reading(now).unwrap_or_default();
    let mut healths: BTreeMap<String, SourceHealth> = BTreeMap::new();
    let mut collectors = Vec::new();
    for source in &config.sources {
        let (name, kind) = (source.name(), source.kind());
        let failed = broken(name, kind, "its adapter failed; the others are not touched");
        match source.connect(&settings) {
            Ok(source) => {
                collectors.push(Collector::new(source));
                healths.insert(name.to_owned(), failed);
            }
            Err(error) => {
                healths.insert(name.to_owned(), broken(name, kind, &error.to_string()));
            }
        }
    }
    let mut left = 0;
    if let Some(text) = identifier {
        let taking = |name: &str, batch| take(evidence, name, batch);
        let followed = runtime.block_on(follow(collectors, typed(text), window, now, PATIENCE, taking));
        (collectors, left) = (followed.collectors, followed.left);
    }
    // What a flow is compared with needs no more than a sample of the others.
    let most = if identifier.is_some() { SAMPLE } else { usize::MAX };
    let tasks: Vec<_> =
        collectors.into_iter().map(|collector| runtime.spawn(ask(collector, window, now, most))).collect();
    let mut large = Vec::new();
    for task in tasks {
        let Ok(asked) = runtime.block_on(task) else { continue };
        let health = asked.collector.health().clone();
        for batch in asked.batches {
            take(evidence, &health.name, batch);
        }
        healths.insert(health.name.clone(), health);
        if asked.is_large {
            large.push(asked.collector);
        }
    }
    let survey = (!large.is_empty()).then(|| {
        let whole = Counted::of(evidence);
        let taking = |name: &str, batch| take(evidence, name, batch);
        let made = runtime.block_on(survey(&mut large, whole, window, now, SURVEY_PATIENCE, taking));
        healths.extend(large.iter().map(|one| (one.health().name.clone(), one.health().clone())));
        made
    });
    let healths = config.sources.iter().filter_map(|source| healths.remove(source.name())).collect();
    Pulled { healths, left, survey }
}

/// What one source answered to the first questions.
struct Asked {
    collector: Collector,
    batches: Vec<Batch>,
    /// It holds more events than it should be asked for, so it was not asked for them.
    is_large: bool,
}

async fn ask(mut collector: Collector, window: Window, now: Time, most: usize) -> Asked {
    let mut batches = Vec::new();
    let is_large = most == usize::MAX && too_many(&collector, window, PATIENCE).await.is_some();
    for query in first_questions(window, PATIENCE) {
        if is_large && query.wanted == Wanted::Events {
            continue;
        }
        let query = Query { limit: query.limit.min(most), ..query };
        if collector.pull(query, now, |batch| batches.push(batch)).await.is_err() {
            break; // Its health says why; what else it would be asked can wait.
        }
    }
    Asked { collector, batches, is_large }
}

fn take(evidence: &mut Evidence, source: &str, batch: Batch) {
    evidence.add_series(batch.series);
    evidence.add_changes(batch.changes);
    evidence.add_topology(&batch.topology);
    files::add_page(evidence, Arc::from(source), batch.command, batch.events);
}

pub(super) fn broken(name: &str, kind: &str, why: &str) -> SourceHealth {
    SourceHealth::broken(name.to_owned(), kind.to_owned(), why.to_owned())
}

pub(super) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("the system grants two threads")
}
