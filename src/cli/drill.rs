//! `bridgewatch drill`: incidents to practise on and to interview with.

pub(super) mod arguments;
mod author;
mod past;
mod progress;

use super::arguments::Shared;
use super::incident::write_or_print;
use super::open::{Opening, needs_terminal};
use super::output::{Output, Role, Table};
use super::record::author_of;
use super::{Failure, Outcome, configuration};
use crate::app::drill::{self, Folder, watched};
use crate::app::now;
use crate::config::Config;
use crate::drill::{Command, Happening, Line, Log, Scenario, Start, library, scenario_named};
use crate::report::{debrief_html, debrief_json, debrief_markdown};
use arguments::{DebriefFormat, DrillCommand, StartArguments, Telling};
use serde::Serialize;
use std::path::{Path, PathBuf};

pub(super) fn run(shared: &Shared, command: DrillCommand, output: &Output) -> Result<Outcome, Failure> {
    let outcome = match command {
        DrillCommand::List => list(output),
        DrillCommand::Start(arguments) => start(shared, &arguments, output),
        DrillCommand::Resume { dir } => super::open::cockpit(shared, Opening::Drill(folder(&dir)?)),
        DrillCommand::Observe { dir, once } => observe(shared, &dir, once, output),
        DrillCommand::Tell { dir, what, words } => tell(&dir, what, &words.join(" "), output),
        DrillCommand::Author(arguments) => author::run(shared, &arguments, output),
        DrillCommand::FromIncident { incident, evidence, to } => {
            past::run(shared, &incident, evidence, to.as_deref(), output)
        }
        DrillCommand::Debrief { dir, format, to, keep } => {
            debrief(shared, &dir, format, to.as_deref(), keep, output)
        }
        DrillCommand::Progress { person, forget } => progress::run(shared, person.as_deref(), forget, output),
    }?;
    output.flush()?;
    Ok(outcome)
}

#[derive(Serialize)]
struct Listed<'a> {
    scenario: &'a str,
    title: &'a str,
    difficulty: String,
    minutes: u32,
    goals: &'a [String],
}

fn list(output: &Output) -> Result<Outcome, Failure> {
    let mut table = Table::new(&["scenario", "difficulty", ">minutes", "what one is told"]);
    for one in library() {
        if output.json {
            output.object(&Listed {
                scenario: &one.name,
                title: &one.title,
                difficulty: one.difficulty.to_string(),
                minutes: one.minutes,
                goals: &one.goals,
            })?;
        } else {
            table.row(vec![
                (Role::Strong, one.name.clone()),
                (Role::Muted, one.difficulty.to_string()),
                (Role::Plain, one.minutes.to_string()),
                (Role::Plain, one.title.clone()),
            ]);
        }
    }
    if !output.json {
        output.table(&table)?;
        output.line(&[(
            Role::Muted,
            "and `random --seed N`: a fault, its place and what misleads, from the seed",
        )])?;
    }
    Ok(Outcome::Done)
}

/// A scenario of the library, of a file, or drawn from a seed.
fn scenario(name: &str, seed: Option<u64>) -> Result<Scenario, Failure> {
    if name == "random" {
        let seed = seed.unwrap_or_else(|| now().0 as u64 / 1_000_000_000 % 1_000_000);
        return Ok(Scenario::random(seed));
    }
    if let Some(known) = scenario_named(name) {
        return Ok(known.clone());
    }
    if !Path::new(name).exists() {
        return Err(Failure::usage(
            format!("there is no scenario `{name}`, and no such file"),
            "`bridgewatch drill list` names those that there are; `random` draws one",
        ));
    }
    let text = std::fs::read_to_string(name)
        .map_err(|error| Failure::unread(format!("cannot read {name}: {error}")))?;
    Scenario::parse(&text)
        .map_err(|mistake| Failure::usage(format!("{name}: {mistake}"), "`drill author` checks it"))
}

fn start(shared: &Shared, arguments: &StartArguments, output: &Output) -> Result<Outcome, Failure> {
    if !arguments.prepare {
        needs_terminal()?;
    }
    let config = configuration(shared)?;
    let scenario = scenario(&arguments.scenario, arguments.seed)?;
    let rubric = arguments.rubric.as_deref().map(std::fs::read_to_string).transpose();
    let rubric = rubric.map_err(|error| Failure::unread(format!("cannot read the rubric: {error}")))?;
    if !(arguments.speed.is_finite() && (0.1..=600.0).contains(&arguments.speed)) {
        return Err(Failure::usage(
            "--speed is between 0.1 and 600",
            "1 is as in life, 10 ten times as fast",
        ));
    }
    let minutes = arguments.minutes.unwrap_or(scenario.minutes).max(1);
    let dir = match &arguments.dir {
        Some(dir) => dir.clone(),
        None => own_folder(&config)?,
    };
    let start = Start {
        seed: arguments.seed.unwrap_or(scenario.seed),
        minutes,
        speed: arguments.speed,
        hides_suspects: arguments.hide_suspects,
        candidate: arguments.candidate.clone().unwrap_or_else(|| author_of(&config)),
        rubric,
        scenario,
    };
    let folder =
        drill::prepare(&dir, start).map_err(|reason| Failure::usage(reason, "choose another --dir"))?;
    if arguments.prepare {
        output.line(&[
            (Role::Plain, "a drill is ready in "),
            (Role::Strong, &folder.path().display().to_string()),
            (Role::Muted, "; `bridgewatch drill resume` opens it, `observe` watches it"),
        ])?;
        return Ok(Outcome::Done);
    }
    super::open::cockpit(shared, Opening::Drill(folder))
}

/// Below the person's data, by the time. The scenario's name would stand on the screen, and some give themselves away.
fn own_folder(config: &Config) -> Result<PathBuf, Failure> {
    let home = config.store_path().and_then(|path| Some(path.parent()?.join("drills")));
    let home = home.ok_or_else(|| Failure::usage("there is no folder for data", "name one with --dir"))?;
    let path = home.join(now().utc().format("%Y%m%d-%H%M%S").to_string());
    Ok(if path.exists() { drill::free(&path) } else { path })
}

fn folder(dir: &Path) -> Result<Folder, Failure> {
    Folder::open(dir).map_err(|reason| Failure::usage(reason, "`bridgewatch drill start` begins one"))
}

fn observe(shared: &Shared, dir: &Path, once: bool, output: &Output) -> Result<Outcome, Failure> {
    let folder = folder(dir)?;
    if !once && !output.json {
        needs_terminal()?;
        let config = configuration(shared)?;
        return drill::observe(&config, shared.theme.as_deref(), folder)
            .map(|()| Outcome::Done)
            .map_err(|error| Failure::usage(format!("{error:#}"), "see --help"));
    }
    let seen = super::gather::runtime().block_on(watched(folder)).map_err(Failure::unread)?;
    if output.json {
        output.object(&debrief_json(&seen.debrief))?;
        return Ok(Outcome::Done);
    }
    let left = crate::drill::left(&seen.log, seen.now);
    let clock = left.map_or_else(|| "over".to_owned(), |left| format!("{left} left"));
    output.line(&[
        (Role::Bad, "DRILL "),
        (Role::Strong, &seen.debrief.title),
        (Role::Plain, &format!("  {clock}, {} of 100 so far", seen.debrief.score.percent)),
    ])?;
    output.raw(format!("\n{}", crate::ui::truth(&seen.debrief)).as_bytes())?;
    output.raw(b"\nTimeline\n")?;
    for row in &seen.debrief.timeline {
        let (role, mark, text) = if row.did.is_empty() {
            (Role::Warning, "◆", &row.truth)
        } else {
            (Role::Plain, "▸", &row.did)
        };
        output.line(&[(Role::Muted, &format!("  {} ", row.after)), (role, &format!("{mark} {text}"))])?;
    }
    Ok(Outcome::Done)
}

fn tell(dir: &Path, what: Telling, words: &str, output: &Output) -> Result<Outcome, Failure> {
    let folder = folder(dir)?;
    let log = Log::of(&folder.lines().map_err(Failure::unread)?);
    let needs = |hint: &str| Failure::usage("something is missing behind it", hint.to_owned());
    let text = || if words.is_empty() { Err(needs("say what")) } else { Ok(words.to_owned()) };
    let number = |what: &str| words.parse::<f64>().map_err(|_| needs(&format!("a number of {what}")));
    let objective = || {
        let rubric = log.start.scenario.rubric(log.start.rubric.as_deref()).map_err(Failure::unread)?;
        let names: Vec<String> = rubric.objectives.into_iter().map(|one| one.name).collect();
        if names.iter().any(|name| name == words) {
            Ok(words.to_owned())
        } else {
            Err(Failure::usage(
                format!("there is no objective `{words}`"),
                format!("there are {}", names.join(", ")),
            ))
        }
    };
    let command = match what {
        Telling::Pause => Command::Pause,
        Telling::Resume => Command::Resume,
        Telling::Step => Command::Step { minutes: number("minutes")? as u32 },
        Telling::Speed => Command::Speed { speed: number("simulated seconds in one")? },
        Telling::Inject => {
            let names: Vec<&str> = log.start.scenario.injects.iter().map(|one| one.name.as_str()).collect();
            if !names.contains(&words) {
                let hint = format!("there are {}", names.join(", "));
                return Err(Failure::usage(format!("there is no inject `{words}`"), hint));
            }
            Command::Inject { name: words.to_owned() }
        }
        Telling::Say => {
            let words = text()?;
            let (from, text) = words.split_once(':').unwrap_or(("The interviewer", &words));
            Command::Say { from: from.trim().to_owned(), text: text.trim().to_owned() }
        }
        Telling::Hint => Command::Hint,
        Telling::End => Command::End,
        Telling::Note => return keep(&folder, &log, Happening::Noted { text: text()? }, output),
        Telling::Confirm | Telling::Overrule | Telling::Withdraw => {
            let fits = match what {
                Telling::Confirm => Some(true),
                Telling::Overrule => Some(false),
                _ => None,
            };
            return keep(&folder, &log, Happening::Ruled { objective: objective()?, fits }, output);
        }
    };
    keep(&folder, &log, Happening::Asked { command }, output)
}

fn keep(folder: &Folder, log: &Log, what: Happening, output: &Output) -> Result<Outcome, Failure> {
    let line = Line::new(log.time(now()), what);
    folder.append(&[line]).map_err(|error| Failure::unread(format!("cannot write the log: {error}")))?;
    output.line(&[(Role::Plain, "told")])?;
    Ok(Outcome::Done)
}

fn debrief(
    shared: &Shared,
    dir: &Path,
    format: DebriefFormat,
    to: Option<&Path>,
    is_kept: bool,
    output: &Output,
) -> Result<Outcome, Failure> {
    let folder = folder(dir)?;
    let lines = folder.lines().map_err(Failure::unread)?;
    let (name, entries) =
        super::gather::runtime().block_on(drill::record(&folder)).map_err(Failure::unread)?;
    let debrief = drill::debrief(&lines, name.as_deref(), &entries).map_err(Failure::unread)?;
    let text = match format {
        DebriefFormat::Markdown => debrief_markdown(&debrief).map_err(Failure::unread)?,
        DebriefFormat::Html => debrief_html(&debrief).map_err(Failure::unread)?,
        DebriefFormat::Json => serde_json::to_string_pretty(&debrief_json(&debrief)).unwrap_or_default(),
    };
    if is_kept {
        progress::keep(&configuration(shared)?, &debrief)?;
    }
    write_or_print(&text, to, output)
}
