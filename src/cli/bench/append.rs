//! `bench append`: files but for their ends are read and correlated; then the ends come in batches, as from a tail, and
//! each batch is timed from its bytes to its flows.

use super::super::arguments::Shared;
use super::super::gather::settings;
use super::super::output::{Output, Role};
use super::super::{Failure, Outcome, configuration};
use crate::app::now;
use crate::flows::Correlator;
use crate::sources::files::{Ends, discover, load};
use serde::Serialize;
use std::time::Instant;

/// Batches that are timed.
const BATCHES: u32 = 12;
/// What a record takes at most, to find out how much of each file is to be held back.
const BYTES_OF_RECORD: u64 = 280;

#[derive(Serialize)]
struct Line {
    events_before: u32,
    batches: usize,
    events_of_batch: u32,
    read_ns: [u64; 3],
    visible_ns: [u64; 3],
}

pub(super) fn run(
    shared: &Shared,
    paths: &[String],
    batch: u32,
    output: &Output,
) -> Result<Outcome, Failure> {
    let now = now();
    let config = configuration(shared)?;
    let settings = settings(&config, now)?;
    let mut inputs = discover(paths);
    let held_back = u64::from(batch) * u64::from(BATCHES) * BYTES_OF_RECORD;
    let mut ends = Ends::cut(&mut inputs, held_back, u64::from(BATCHES));
    let loaded = load(inputs, &settings, now, &mut |_, _| true);
    let (mut evidence, files) = (loaded.evidence, loaded.files);
    let mut correlator = Correlator::new(config.flow_settings());
    correlator.update(&evidence);
    let before = evidence.rows();
    let (mut reading, mut visible, mut events) = (Vec::new(), Vec::new(), Vec::new());
    loop {
        let begun = Instant::now();
        let Some(came) = ends.take(&files, &mut evidence) else { break };
        reading.push(begun.elapsed().as_nanos() as u64);
        // As the engine does it: whoever looks at the screen holds a snapshot.
        let snapshot = (evidence.clone(), correlator.flows().clone());
        let begun = Instant::now();
        correlator.update(&evidence);
        visible.push(begun.elapsed().as_nanos() as u64 + reading.last().copied().unwrap_or(0));
        events.push(came);
        drop(snapshot);
    }
    if visible.is_empty() {
        return Err(Failure::unread("the files are too short to hold anything back"));
    }
    let of = |mut values: Vec<u64>| {
        values.sort_unstable();
        let at = |share: usize| values[(values.len() - 1) * share / 100];
        [at(50), at(95), at(100)]
    };
    let line = Line {
        events_before: before,
        batches: events.len(),
        events_of_batch: events.iter().sum::<u32>() / events.len() as u32,
        read_ns: of(reading),
        visible_ns: of(visible),
    };
    if output.json {
        output.object(&line)?;
    } else {
        let millis = |ns: u64| ns as f64 / 1e6;
        let [p50, p95, most] = line.visible_ns.map(millis);
        let said = format!(
            "{} events there, then {} batches of {}: in the flows after {p50:.1} ms (p95 {p95:.1}, at most {most:.1})",
            line.events_before, line.batches, line.events_of_batch
        );
        output.line(&[(Role::Plain, &said)])?;
    }
    output.flush()?;
    std::mem::forget((evidence, files, correlator));
    Ok(Outcome::Done)
}
