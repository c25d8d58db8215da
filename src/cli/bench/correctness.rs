//! `bench correctness`: flows, failures, clocks, onset and the first suspect against the truth of a corpus.

use super::super::arguments::Shared;
use super::super::gather::{load, settings};
use super::super::output::{Output, Role, Table};
use super::super::{Failure, Outcome, configuration};
use super::estate;
use crate::app::now;
use crate::evidence::Evidence;
use crate::flows::{Flows, check, check::CheckReport};
use crate::ingest::possible_keys;
use crate::sources::files::{Loaded, discover};
use crate::suspects::{SuspectSettings, Suspects};
use crate::telemetry::Nanos;
use serde::{Deserialize, Serialize};
use std::fs;

/// What the truth says of the incident.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Truth {
    root_system: String,
    onset_us: i64,
    change_us: i64,
}

/// One figure and what it must reach.
#[derive(Serialize)]
struct Figure {
    what: &'static str,
    found: f64,
    floor: f64,
    /// The floor is a ceiling.
    at_most: bool,
    ok: bool,
}

#[derive(Serialize)]
struct Line<'a> {
    corpus: &'a str,
    records: u32,
    flows: u32,
    unlinkable_by_design: u32,
    failed: u32,
    ok: bool,
    figures: &'a [Figure],
    examples: &'a [String],
}

pub(super) fn run(
    shared: &Shared,
    corpora: &[String],
    detect: bool,
    output: &Output,
) -> Result<Outcome, Failure> {
    let mut outcome = Outcome::Done;
    for corpus in corpora {
        let (report, figures, records) = measure(shared, corpus, detect)?;
        let ok = figures.iter().all(|figure| figure.ok);
        if !ok {
            outcome = Outcome::NotFound;
        }
        if output.json {
            output.object(&Line {
                corpus,
                records,
                flows: report.flows,
                unlinkable_by_design: report.unlinkable,
                failed: report.truly_failed,
                ok,
                figures: &figures,
                examples: &report.examples,
            })?;
        } else {
            as_text(corpus, &report, &figures, records, output)?;
        }
    }
    output.flush()?;
    Ok(outcome)
}

fn measure(shared: &Shared, corpus: &str, detect: bool) -> Result<(CheckReport, Vec<Figure>, u32), Failure> {
    let read = |name: &str| {
        let path = format!("{corpus}/{name}");
        fs::read_to_string(&path).map_err(|error| Failure::unread(format!("{path}: {error}")))
    };
    let (truth_flows, truth) = (read("truth_flows.jsonl")?, read("truth.json")?);
    let now = now();
    let mut config = configuration(shared)?;
    if !detect
        && shared.config.is_none()
        && let Some(known) = read("estate.json").ok().and_then(|text| estate::configuration(&text))
    {
        config.systems = known.systems;
        config.identifiers = known.identifiers;
    }
    let Loaded { evidence, .. } = load(discover(&[corpus.to_owned()]), &settings(&config, now)?, now);
    let flows = Flows::of(&evidence, &config.flow_settings());
    let find =
        |written: &str| possible_keys(written).into_iter().find_map(|key| evidence.identifiers.find(key));
    let report = check::check(&flows, &evidence, &truth_flows, &truth, find);
    let truth = serde_json::from_str(&truth).unwrap_or_default();
    let figures = figures(&report, &truth, &evidence, &flows);
    Ok((report, figures, evidence.rows()))
}

fn figures(report: &CheckReport, truth: &Truth, evidence: &Evidence, flows: &Flows) -> Vec<Figure> {
    let least = |what, found, floor| Figure { what, found, floor, at_most: false, ok: found >= floor };
    let most = |what, found, floor| Figure { what, found, floor, at_most: true, ok: found <= floor };
    let mut figures = vec![
        least("flows exact in systems, events and errors", report.exactness(), 0.999),
        most("flows merged", f64::from(report.merged), 0.0),
        most("flows missing", f64::from(report.missing), 0.0),
        least("failed flows, precision", report.precision(), 0.99),
        least("failed flows, recall", report.recall(), 0.99),
        least("failing hop right", report.hops(), 0.95),
        most("worst clock error, of what is tolerated", report.worst_skew(), 1.0),
    ];
    if truth.root_system.is_empty() {
        return figures;
    }
    let suspects = Suspects::of(evidence, flows, &SuspectSettings::default());
    let onset = suspects.onset.as_ref().map(|onset| (onset.time.0 / 1_000 - truth.onset_us).unsigned_abs());
    figures.push(most("onset off, in seconds", onset.map_or(f64::INFINITY, |us| us as f64 / 1e6), 30.0));
    let first = suspects.ranking.first();
    let is_root = first.is_some_and(|suspect| evidence.system_name(suspect.system) == truth.root_system);
    figures.push(least("root system is the first suspect", f64::from(u8::from(is_root)), 1.0));
    let change = first.and_then(|suspect| suspect.change.as_ref());
    let is_pinned = evidence.changes.iter().any(|known| {
        change == Some(&known.id) && (known.time.0 / 1_000 - truth.change_us).abs() <= 1_000_000
    });
    figures.push(least("its change is pinned", f64::from(u8::from(is_pinned)), 1.0));
    figures
}

fn as_text(
    corpus: &str,
    report: &CheckReport,
    figures: &[Figure],
    records: u32,
    output: &Output,
) -> std::io::Result<()> {
    let heading = format!(
        "{corpus}: {records} records, {} flows, {} of them failed, {} not linkable by design",
        report.flows, report.truly_failed, report.unlinkable
    );
    output.line(&[(Role::Strong, &heading)])?;
    let mut table = Table::new(&["", "what", ">found", ">floor"]);
    for figure in figures {
        let (role, mark) = if figure.ok { (Role::Good, "✓") } else { (Role::Bad, "✗") };
        let sign = if figure.at_most { "≤" } else { "≥" };
        table.row(vec![
            (role, mark.to_owned()),
            (Role::Plain, figure.what.to_owned()),
            (role, plain(figure.found)),
            (Role::Muted, format!("{sign} {}", plain(figure.floor))),
        ]);
    }
    output.table(&table)?;
    for (system, (truth, found)) in report.skew.iter().filter(|(_, (truth, found))| truth != found) {
        let off = Nanos((found * 1e6) as i64);
        output.line(&[(
            Role::Muted,
            &format!("clock of {system}: {off}, truly {}", Nanos((truth * 1e6) as i64)),
        )])?;
    }
    for example in &report.examples {
        output.line(&[(Role::Muted, example)])?;
    }
    output.blank()
}

fn plain(value: f64) -> String {
    if value.is_infinite() {
        return "never".to_owned();
    }
    if value.fract() == 0.0 { format!("{value:.0}") } else { format!("{value:.4}") }
}
