//! `bench guard`: how many times a pass that only counts lines the index takes. Both run in one process, turn by turn, so
//! the machine's speed and what else it does weigh on both sides alike.

use super::super::arguments::Shared;
use super::super::gather::settings;
use super::super::output::{Output, Role};
use super::super::{Failure, Outcome, configuration};
use crate::app::now;
use crate::flows::Flows;
use crate::sources::files::{count_lines, discover, load};
use serde::Serialize;
use std::time::Instant;

#[derive(Serialize)]
struct Line {
    lines: u64,
    records: u32,
    plain_ns: u64,
    index_ns: u64,
    ratio: f64,
    at_most: f64,
}

pub(super) fn run(
    shared: &Shared,
    paths: &[String],
    rounds: u32,
    at_most: f64,
    output: &Output,
) -> Result<Outcome, Failure> {
    let now = now();
    let config = configuration(shared)?;
    let settings = settings(&config, now)?;
    let mut found: Vec<Line> = Vec::new();
    for _ in 0..rounds.max(1) {
        let begun = Instant::now();
        let lines = count_lines(&discover(paths));
        let plain_ns = begun.elapsed().as_nanos() as u64;
        let begun = Instant::now();
        let loaded = load(discover(paths), &settings, now, &mut |_, _| true);
        let flows = Flows::of(&loaded.evidence, &config.flow_settings());
        let index_ns = begun.elapsed().as_nanos() as u64;
        drop(flows);
        let ratio = index_ns as f64 / plain_ns.max(1) as f64;
        found.push(Line { lines, records: loaded.evidence.rows(), plain_ns, index_ns, ratio, at_most });
    }
    found.sort_by(|a, b| a.ratio.total_cmp(&b.ratio));
    let median = found.swap_remove(found.len() / 2);
    if output.json {
        output.object(&median)?;
    } else {
        let said = format!(
            "{} lines, {} records: the index takes {:.1} times as long as counting lines, of at most {at_most}",
            median.lines, median.records, median.ratio
        );
        output.line(&[(Role::Plain, &said)])?;
    }
    output.flush()?;
    Ok(if median.ratio <= at_most { Outcome::Done } else { Outcome::NotFound })
}
