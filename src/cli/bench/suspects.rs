//! `bench suspects`: rankings of labelled incidents against their truth, as they are and with something taken away.

mod cases;
mod tally;
mod variants;

use super::super::arguments::Shared;
use super::super::gather::settings;
use super::super::output::{Output, Role, Table};
use super::super::{Failure, Outcome, configuration};
use crate::app::now;
use crate::suspects::{Signal, Suspects};
use cases::Case;
use clap::Args;
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Instant;
use tally::{Answer, Tally};
use variants::Variant;

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "one a switch of the command line")]
pub(in crate::cli) struct SuspectsBench {
    /// Cases: a folder each, with case.toml beside the telemetry; truth.csv lies among them or one folder up
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
    /// The truth: case, set, root_cause_system, fault_type, root_cause_change, acceptable_systems
    #[arg(long, value_name = "FILE")]
    pub truth: Option<PathBuf>,
    /// Only cases whose name begins so; may be given several times
    #[arg(long, value_name = "NAME")]
    pub case: Vec<String>,
    /// Give the onset so many seconds too late (60), too early (-60), or once each (±60)
    #[arg(long, value_name = "SECONDS", allow_hyphen_values = true)]
    pub shift_onset: Option<String>,
    /// Give neither onset nor alerts: it has to be found
    #[arg(long)]
    pub find_onset: bool,
    /// Take away: logs, spans, metrics, topology, changes, alerts, traces:SHARE (their spans), flows:SHARE (their spans
    /// and logs), system:NAME, system:guilty or system:busiest; may be given several times
    #[arg(long, value_name = "WHAT")]
    pub drop: Vec<String>,
    /// Switch a signal off; may be given several times
    #[arg(long, value_name = "SIGNAL")]
    pub without: Vec<Signal>,
    /// Everything that must not hurt, one after the other: onset moved, half of the traces, kinds of telemetry and
    /// systems missing
    #[arg(long)]
    pub robustness: bool,
    /// Each signal alone, and each left out
    #[arg(long)]
    pub ablations: bool,
    /// A line for each case as well
    #[arg(long)]
    pub each: bool,
}

pub(super) fn run(shared: &Shared, arguments: &SuspectsBench, output: &Output) -> Result<Outcome, Failure> {
    let now = now();
    let config = configuration(shared)?;
    let reading = settings(&config, now)?;
    let cases = cases::read(arguments)?;
    let variants = Variant::all(arguments)?;
    // By set and variant, in the order that they are asked for.
    let mut tallies: BTreeMap<(String, usize), Tally> = BTreeMap::new();
    for case in &cases {
        let begun = Instant::now();
        let loaded = case.load(&config, &reading, now);
        // What the program does when it is asked once: read, correlate, rank.
        let first = variants[0].answer(case, &loaded, &config);
        let took_ns = begun.elapsed().as_nanos() as u64;
        let others: Vec<Answer> =
            variants[1..].par_iter().map(|variant| variant.answer(case, &loaded, &config)).collect();
        for (place, answer) in std::iter::once(first).chain(others).enumerate() {
            if arguments.each {
                each(case, &variants[place], &answer, output)?;
            }
            let tally = tallies.entry((case.set.clone(), place)).or_default();
            tally.add(case, &answer, (place == 0).then_some(took_ns));
        }
    }
    let mut table = Table::new(&[
        "set",
        "with",
        ">cases",
        ">AC@1",
        ">AC@3",
        ">conclusive",
        ">of these right",
        ">s a case",
        "first (in the first three) of",
    ]);
    for ((set, place), tally) in &tallies {
        if output.json {
            output.object(&tally.line(set, &variants[*place].name))?;
        } else {
            table.row(tally.row(set, &variants[*place].name));
        }
    }
    if !output.json {
        output.table(&table)?;
    }
    output.flush()?;
    Ok(Outcome::Done)
}

fn each(case: &Case, variant: &Variant, answer: &Answer, output: &Output) -> std::io::Result<()> {
    if output.json {
        return output.object(&answer.line(case, &variant.name));
    }
    let place = answer.place.map_or_else(|| "-".to_owned(), |place| place.to_string());
    let role = if answer.place == Some(1) { Role::Good } else { Role::Warning };
    output.line(&[
        (Role::Plain, &format!("{} {:<24} place ", case.name, variant.name)),
        (role, &format!("{place:>2}")),
        (Role::Plain, &format!("  {} {}  <- {}", case.fault, case.guilty.join("|"), answer.said)),
    ])
}

/// The answer of the ranking to one variant of a case.
fn rank(
    evidence: &crate::evidence::Evidence,
    flows: &crate::flows::Flows,
    settings: &crate::suspects::SuspectSettings,
) -> Suspects {
    Suspects::of(evidence, flows, settings)
}
