//! `bench index`: one cold process to the complete flow index, and what each part of it took.

use super::super::arguments::Shared;
use super::super::gather::{load, settings};
use super::super::output::{Output, Role};
use super::super::{Failure, Outcome, configuration};
use crate::app::now;
use crate::flows::Flows;
use crate::sources::files::discover;
use crate::suspects::{SuspectSettings, Suspects};
use serde::{Deserialize, Serialize};
use std::time::Instant;

/// What one run took.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Took {
    pub(super) bytes: u64,
    pub(super) records: u32,
    pub(super) identifiers: usize,
    pub(super) flows: usize,
    pub(super) read_ns: u64,
    pub(super) correlate_ns: u64,
    pub(super) suspects_ns: Option<u64>,
    /// The largest that the process ever was; 0 where the system does not tell.
    pub(super) peak_bytes: u64,
}

pub(super) fn run(
    shared: &Shared,
    paths: &[String],
    with_suspects: bool,
    output: &Output,
) -> Result<Outcome, Failure> {
    let now = now();
    let config = configuration(shared)?;
    let settings = settings(&config, now)?;
    let begun = Instant::now();
    let loaded = load(discover(paths), &settings, now);
    let read_ns = begun.elapsed().as_nanos() as u64;
    let begun = Instant::now();
    let flows = Flows::of(&loaded.evidence, &config.flow_settings());
    let correlate_ns = begun.elapsed().as_nanos() as u64;
    let suspects_ns = with_suspects.then(|| {
        let begun = Instant::now();
        Suspects::of(&loaded.evidence, &flows, &SuspectSettings::default());
        begun.elapsed().as_nanos() as u64
    });
    let took = Took {
        bytes: loaded.reports.iter().map(|report| report.bytes).sum(),
        records: loaded.evidence.rows(),
        identifiers: loaded.evidence.identifiers.len(),
        flows: flows.len(),
        read_ns,
        correlate_ns,
        suspects_ns,
        peak_bytes: peak(),
    };
    if output.json {
        output.object(&took)?;
    } else {
        let seconds = |ns: u64| ns as f64 / 1e9;
        let said = format!(
            "{} records, {} flows: read in {:.3} s ({:.0} MB/s), correlated in {:.3} s; peak {:.0} MB, {:.1} bytes a record",
            took.records,
            took.flows,
            seconds(took.read_ns),
            took.bytes as f64 / 1e6 / seconds(took.read_ns),
            seconds(took.correlate_ns),
            took.peak_bytes as f64 / 1e6,
            took.peak_bytes as f64 / f64::from(took.records.max(1)),
        );
        output.line(&[(Role::Plain, &said)])?;
    }
    output.flush()?;
    // The system takes all of it back at once when we end, quicker than piece by piece.
    std::mem::forget((loaded, flows));
    Ok(Outcome::Done)
}

/// The peak of this process's memory, as Linux tells it.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes =
        line.and_then(|line| line.trim().strip_suffix(" kB")).and_then(|text| text.trim().parse().ok());
    kilobytes.unwrap_or(0u64) * 1024
}
