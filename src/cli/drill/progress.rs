//! `bridgewatch drill progress`: scores over drills, by person, on this machine alone, and only where somebody asked for it.

use super::super::arguments::Shared;
use super::super::output::{Output, Role, Table};
use super::super::{Failure, Outcome, configuration};
use crate::config::Config;
use crate::drill::{Debrief, Dimension};
use crate::telemetry::Time;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;
use strum::IntoEnumIterator;

/// One drill of one person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Kept {
    person: String,
    begin: Time,
    scenario: String,
    seed: u64,
    percent: u32,
    hints: u32,
    /// Percent by dimension.
    dimensions: BTreeMap<String, u32>,
}

fn file(config: &Config) -> Result<PathBuf, Failure> {
    let path =
        config.store_path().and_then(|path| Some(path.parent()?.join("drills").join("progress.jsonl")));
    path.ok_or_else(|| Failure::unread("there is no folder for data"))
}

fn read(config: &Config) -> Result<Vec<Kept>, Failure> {
    let text = std::fs::read_to_string(file(config)?).unwrap_or_default();
    Ok(text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect())
}

/// Keeps the score of a drill; the same drill again takes the place of what was kept of it.
pub(super) fn keep(config: &Config, debrief: &Debrief) -> Result<(), Failure> {
    let score = &debrief.score;
    let percent = |points: u32, of: u32| (points * 100).checked_div(of).unwrap_or(0);
    let kept = Kept {
        person: debrief.candidate.clone(),
        begin: debrief.begin,
        scenario: debrief.scenario.clone(),
        seed: debrief.seed,
        percent: score.percent,
        hints: score.hints,
        dimensions: score
            .dimensions
            .iter()
            .map(|one| (one.dimension.to_string(), percent(one.points, one.of)))
            .collect(),
    };
    let mut all = read(config)?;
    all.retain(|one| (&one.person, one.begin, &one.scenario) != (&kept.person, kept.begin, &kept.scenario));
    all.push(kept);
    all.sort_by_key(|one| one.begin);
    write(config, &all)
}

fn write(config: &Config, all: &[Kept]) -> Result<(), Failure> {
    let path = file(config)?;
    let outcome = || -> std::io::Result<()> {
        std::fs::create_dir_all(path.parent().unwrap_or(&path))?;
        let new = path.with_extension("new");
        let mut out = std::fs::File::create(&new)?;
        for one in all {
            writeln!(out, "{}", serde_json::to_string(one)?)?;
        }
        out.sync_all()?;
        std::fs::rename(&new, &path)
    };
    outcome().map_err(|error| Failure::unread(format!("cannot write {}: {error}", path.display())))
}

pub(super) fn run(
    shared: &Shared,
    person: Option<&str>,
    forget: bool,
    output: &Output,
) -> Result<Outcome, Failure> {
    let config = configuration(shared)?;
    let (wanted, others): (Vec<Kept>, Vec<Kept>) =
        read(&config)?.into_iter().partition(|one| person.is_none_or(|person| one.person == person));
    if forget {
        write(&config, &others)?;
        output.line(&[(Role::Plain, &format!("{} drills are forgotten", wanted.len()))])?;
        return Ok(Outcome::Done);
    }
    if output.json {
        for one in &wanted {
            output.object(one)?;
        }
        return Ok(Outcome::Done);
    }
    if wanted.is_empty() {
        output.line(&[(
            Role::Plain,
            "nothing is kept; `drill debrief DIR --keep` keeps the score of a drill",
        )])?;
        return Ok(Outcome::Done);
    }
    let mut table = Table::new(&[
        "who",
        "when (UTC)",
        "scenario",
        ">score",
        ">hints",
        ">structure",
        ">systems",
        ">prevention",
        ">operability",
        ">communication",
    ]);
    for one in &wanted {
        let mut row = vec![
            (Role::Strong, one.person.clone()),
            (Role::Muted, one.begin.utc().format("%Y-%m-%d %H:%M").to_string()),
            (Role::Plain, one.scenario.clone()),
            (Role::Strong, one.percent.to_string()),
            (Role::Plain, one.hints.to_string()),
        ];
        let share = |dimension: Dimension| {
            one.dimensions.get(&dimension.to_string()).map_or_else(String::new, |share| format!("{share} %"))
        };
        row.extend(Dimension::iter().map(|dimension| (Role::Plain, share(dimension))));
        table.row(row);
    }
    output.table(&table)?;
    Ok(Outcome::Done)
}
