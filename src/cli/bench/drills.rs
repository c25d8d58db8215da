//! `bench drills`: plays random drills without a person, and says how often what is really the matter is found from the
//! telemetry alone, by the very way that files take; and how fast the estate is.

use super::super::emitted::{by_file, read};
use super::super::output::{Output, Role, Table};
use super::super::{Failure, Outcome};
use crate::drill::estate::{Estate, Plan, random};
use crate::flows::Flows;
use crate::sources::files::Loaded;
use crate::suspects::{SuspectSettings, Suspects};
use crate::telemetry::{Nanos, Time};
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

/// The share of drills in which the cause must be ranked first or second.
const FLOOR: f64 = 0.8;
/// Any instant will do; the same one for everybody.
const START: Time = Time::from_seconds(1_775_001_600);

/// What became of one seed.
#[derive(Serialize)]
struct Played {
    seed: u64,
    mode: String,
    place: String,
    severity: f64,
    traffic: f64,
    /// 1 for the first suspect; nothing if it is none.
    rank: Option<usize>,
    first: String,
    change_named: Option<bool>,
    modes: Vec<String>,
    onset_off_seconds: Option<f64>,
    flows: u64,
    failed: u64,
    records: u32,
    unread: u64,
    alerts: usize,
}

/// The sums.
#[derive(Serialize)]
struct Sums {
    seeds: usize,
    first: usize,
    first_or_second: usize,
    share: f64,
    floor: f64,
    /// Where the cause came with a change, and that change was named.
    change_named: usize,
    changes: usize,
    mode_named: usize,
    flows: u64,
    simulated_flows_per_second: f64,
    ok: bool,
}

pub(super) fn run(
    seeds: u64,
    from: u64,
    minutes: u32,
    keep: Option<&Path>,
    output: &Output,
) -> Result<Outcome, Failure> {
    let mut all = Vec::new();
    let mut simulating = Duration::ZERO;
    for seed in from..from + seeds {
        let (played, took) = play(seed, minutes, keep)?;
        simulating += took;
        if output.json {
            output.object(&played)?;
            output.flush()?;
        }
        all.push(played);
    }
    let sums = sums(&all, simulating);
    if output.json {
        output.object(&sums)?;
    } else {
        as_text(&all, &sums, output)?;
    }
    output.flush()?;
    Ok(if sums.ok { Outcome::Done } else { Outcome::NotFound })
}

/// Plays one seed: a healthy time, the fault, and so many minutes of it.
fn play(seed: u64, minutes: u32, keep: Option<&Path>) -> Result<(Played, Duration), Failure> {
    let plan = random(seed);
    let begun = Instant::now();
    let mut estate = Estate::new(seed, START, plan.clone());
    let onset = estate.truth().onset.unwrap_or(START);
    let emissions = estate.advance(onset + Nanos::seconds(i64::from(minutes) * 60));
    let took = begun.elapsed();
    let files = by_file(&emissions);
    if let Some(keep) = keep {
        write(&keep.join(seed.to_string()), &files, &estate.configuration())?;
    }
    Ok((judge(seed, &plan, &estate, files)?, took))
}

fn write(folder: &Path, files: &BTreeMap<String, String>, configuration: &str) -> Result<(), Failure> {
    let put = |path: &Path, text: &str| -> std::io::Result<()> {
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        std::fs::write(path, text)
    };
    let told = |error| Failure::unread(format!("cannot write {}: {error}", folder.display()));
    for (file, text) in files {
        put(&folder.join(file), text).map_err(told)?;
    }
    put(&folder.join("bridgewatch.toml"), configuration).map_err(told)
}

/// Reads the files as anybody's, ranks the suspects, and compares with the truth.
fn judge(
    seed: u64,
    plan: &Plan,
    estate: &Estate,
    files: BTreeMap<String, String>,
) -> Result<Played, Failure> {
    let alerts = files.keys().filter(|file| file.starts_with("alerts/")).count();
    let (config, Loaded { evidence, reports, .. }) = read(files, &estate.configuration(), START)?;
    let flows = Flows::of(&evidence, &config.flow_settings());
    let suspects = Suspects::of(&evidence, &flows, &SuspectSettings::default());
    let truth = estate.truth();
    let is_root = |name: &str| name == truth.root_system;
    let rank = suspects.ranking.iter().position(|suspect| is_root(evidence.system_name(suspect.system)));
    let first = suspects.ranking.first();
    let root = rank.map(|place| &suspects.ranking[place]);
    let strike = &plan.faults[0];
    Ok(Played {
        seed,
        mode: strike.mode.to_string(),
        place: strike.place.clone(),
        severity: strike.severity,
        traffic: plan.traffic,
        rank: rank.map(|place| place + 1),
        first: first.map_or_else(String::new, |one| evidence.system_name(one.system).to_owned()),
        change_named: truth
            .change
            .as_ref()
            .map(|change| first.and_then(|one| one.change.as_deref()) == Some(change.id.as_str())),
        modes: root.map(|one| one.failure_modes.clone()).unwrap_or_default(),
        onset_off_seconds: suspects
            .onset
            .as_ref()
            .zip(truth.onset)
            .map(|(found, truth)| (found.time - truth).as_seconds()),
        flows: estate.flows(),
        failed: truth.affected.iter().map(|kind| kind.failed).sum(),
        records: evidence.rows(),
        unread: reports.iter().map(|report| report.unread).sum(),
        alerts,
    })
}

fn sums(all: &[Played], simulating: Duration) -> Sums {
    let within = |most: usize| all.iter().filter(|one| one.rank.is_some_and(|rank| rank <= most)).count();
    let first_or_second = within(2);
    let share = first_or_second as f64 / all.len().max(1) as f64;
    let flows: u64 = all.iter().map(|one| one.flows).sum();
    Sums {
        seeds: all.len(),
        first: within(1),
        first_or_second,
        share,
        floor: FLOOR,
        change_named: all.iter().filter(|one| one.change_named == Some(true)).count(),
        changes: all.iter().filter(|one| one.change_named.is_some()).count(),
        mode_named: all.iter().filter(|one| one.modes.contains(&one.mode)).count(),
        flows,
        simulated_flows_per_second: flows as f64 / simulating.as_secs_f64().max(1e-9),
        ok: share >= FLOOR,
    }
}

fn as_text(all: &[Played], sums: &Sums, output: &Output) -> std::io::Result<()> {
    let mut table =
        Table::new(&[">seed", "fault", "at", ">severity", ">rank", "first suspect", ">failed", ">alerts"]);
    for one in all.iter().filter(|one| one.rank.is_none_or(|rank| rank > 2)) {
        table.row(vec![
            (Role::Plain, one.seed.to_string()),
            (Role::Plain, one.mode.clone()),
            (Role::Plain, one.place.clone()),
            (Role::Plain, format!("{:.2}", one.severity)),
            (Role::Bad, one.rank.map_or_else(|| "none".to_owned(), |rank| rank.to_string())),
            (Role::Plain, one.first.clone()),
            (Role::Plain, one.failed.to_string()),
            (Role::Plain, one.alerts.to_string()),
        ]);
    }
    if !table.is_empty() {
        output.line(&[(Role::Strong, "where the cause is neither first nor second:")])?;
        output.table(&table)?;
        output.blank()?;
    }
    let mut modes: BTreeMap<(&str, &str), [usize; 3]> = BTreeMap::new();
    for one in all {
        let count = modes.entry((&one.mode, &one.place)).or_default();
        count[0] += 1;
        count[1] += usize::from(one.rank == Some(1));
        count[2] += usize::from(one.rank.is_some_and(|rank| rank <= 2));
    }
    let mut table = Table::new(&["fault", "at", ">drills", ">first", ">first or second"]);
    for ((mode, place), [drills, first, second]) in modes {
        let role = if second == drills { Role::Good } else { Role::Plain };
        table.row(vec![
            (Role::Plain, mode.to_owned()),
            (Role::Plain, place.to_owned()),
            (Role::Plain, drills.to_string()),
            (Role::Plain, first.to_string()),
            (role, second.to_string()),
        ]);
    }
    output.table(&table)?;
    output.blank()?;
    let (role, mark) = if sums.ok { (Role::Good, "✓") } else { (Role::Bad, "✗") };
    let said = format!(
        "{mark} the cause is ranked first or second in {} of {} random drills ({:.1} %, floor {:.0} %), first in {}",
        sums.first_or_second,
        sums.seeds,
        sums.share * 100.0,
        sums.floor * 100.0,
        sums.first
    );
    output.line(&[(role, &said)])?;
    let said = format!(
        "  its change is named in {} of {}, its failure mode in {}; {} flows simulated, {:.0} a second",
        sums.change_named, sums.changes, sums.mode_named, sums.flows, sums.simulated_flows_per_second
    );
    output.line(&[(Role::Muted, &said)])
}
