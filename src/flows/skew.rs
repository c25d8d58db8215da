//! Clock skew: which clocks are off, and by how much, told from calls that must lie within each other.
//!
//! Where a system waits (a hole between two of its events, or a record with a duration) and another one works (a block
//! of events, or a record with a duration), and the wait is always a little longer than the work and as long as the work
//! varies, the work lies within the wait. Both lengths are measured by one clock each, so this needs no trust in either
//! clock; and it bounds the offset between the two from both sides: the work cannot begin before the wait, nor end after
//! it. That is how a clock is set over a network, with flows as the probes. Which of the clocks are right cannot be told,
//! so those that agree with most others are taken to be.
//!
//! A sample of flows is enough, as an offset is the same for all; it is drawn by the names of flows, so that it does
//! not depend on what arrived first.

mod causes;
mod solve;
mod spans;
mod stamps;
mod waits;

use super::Skew;
use super::clocks::Clocks;
use super::trail::{Moment, Numbers, Tracer};
use crate::evidence::{Evidence, SystemId};
use crate::telemetry::{EventKind, Nanos};
use rayon::prelude::*;
use rustc_hash::FxHashSet;
use solve::{narrowest, solve};

/// Flows that the estimate is made from.
pub(super) const SAMPLE: usize = 2_048;
/// Share of what is seen that may contradict, for records that got mixed up.
const OUTLIERS: f64 = 0.01;
/// Flows of more events than this are not looked at pair by pair.
const LARGE: usize = 256;
const MILLISECOND: i64 = 1_000_000;

/// How one piece of work lay to one wait: `low` ≤ offset of the worker's clock against the waiter's ≤ `high`.
#[derive(Clone, Copy, Debug)]
struct Bound {
    low: i64,
    high: i64,
    work: i64,
}

/// The offset of clock `b` against clock `a`.
#[derive(Clone, Copy, Debug)]
struct Edge {
    a: usize,
    b: usize,
    low: i64,
    high: i64,
    pairs: u32,
}

/// Estimates the clocks from the flows whose rows are given.
pub(super) fn estimate(evidence: &Evidence, numbers: &Numbers, sample: &[Vec<u32>]) -> (Clocks, Vec<Skew>) {
    let mut clocks = Clocks::without_corrections(evidence);
    let flows: Vec<Vec<Moment>> = {
        let (raw, view) = (clocks.clone(), evidence.view());
        sample
            .par_chunks(64)
            .map(|flows| {
                let mut tracer = Tracer::new(&view, &raw, numbers);
                tracer.reads_durations = true;
                let mut read = |rows: &Vec<u32>| {
                    tracer.order(rows);
                    tracer.moments.clone()
                };
                flows.iter().map(&mut read).collect::<Vec<_>>()
            })
            .flatten_iter()
            .collect()
    };
    clocks.step = steps(&flows, clocks.step.len());
    let mut skews = Vec::new();
    // Which records are stamped at their end shows better once the clocks are right; that may say more of the clocks.
    for _ in 0..3 {
        let at_end = stamps::stamped_at_end(&flows, &clocks);
        if !skews.is_empty() && at_end == clocks.at_end {
            break;
        }
        clocks.at_end = at_end;
        let mut edges = waits::edges(&flows, &clocks);
        edges.extend(spans::edges(evidence, &flows, &clocks));
        let edges = narrowest(edges);
        (clocks.offset, skews) = solve(&edges, clocks.step.len(), &clocks);
    }
    shift_the_rest(&flows, &mut clocks, &mut skews);
    (clocks, skews)
}

/// Shifts the clocks that nothing bounds, where their events constantly precede their causes.
fn shift_the_rest(flows: &[Vec<Moment>], clocks: &mut Clocks, skews: &mut Vec<Skew>) {
    let known: FxHashSet<usize> = skews
        .iter()
        .map(|skew| usize::from(skew.system.0) * 2 + usize::from(skew.stamped_as == EventKind::Span))
        .collect();
    for shift in causes::shifts(flows, clocks, &known) {
        let (system, kind) = (shift.clock / 2, shift.clock % 2);
        let doubt = shift.doubt + clocks.step[system][kind];
        let offset = round(shift.offset, doubt);
        clocks.offset[system][kind] = offset;
        let (zone, offset) = zone_and_rest(offset);
        skews.push(Skew {
            system: SystemId(system as u16),
            stamped_as: if kind == 0 { EventKind::Log } else { EventKind::Span },
            offset,
            zone,
            uncertainty: Nanos(doubt),
            pairs: shift.pairs,
        });
    }
    skews.sort_unstable_by_key(|skew| (clocks.rank[usize::from(skew.system.0)], skew.stamped_as));
}

/// Zones lie quarters of an hour apart, from UTC-12 to UTC+14.
const QUARTER: i64 = 15 * 60 * 1_000 * MILLISECOND;
const ZONES: std::ops::RangeInclusive<i64> = -48..=56;
/// Whoever is further from a whole quarter than this has no zone but a wrong clock.
const NEAR_A_QUARTER: i64 = 3 * 60 * 1_000 * MILLISECOND;

/// Parts an offset into the zone that a system's stamps leave out and the error of its clock.
fn zone_and_rest(offset: i64) -> (Nanos, Nanos) {
    let quarters = (offset + QUARTER / 2).div_euclid(QUARTER);
    let rest = offset - quarters * QUARTER;
    if quarters != 0 && ZONES.contains(&quarters) && rest.abs() <= NEAR_A_QUARTER {
        (Nanos(quarters * QUARTER), Nanos(rest))
    } else {
        (Nanos::ZERO, Nanos(offset))
    }
}

fn clock_of(moment: &Moment) -> usize {
    usize::from(moment.system) * 2 + usize::from(moment.is_span)
}

/// The coarsest usual step that all times of a clock are multiples of.
fn steps(flows: &[Vec<Moment>], systems: usize) -> Vec<[i64; 2]> {
    const STEPS: [i64; 5] = [1_000_000_000, 100_000_000, 10_000_000, MILLISECOND, 1_000];
    let mut step = vec![[0usize; 2]; systems];
    let mut seen = vec![[0u32; 2]; systems];
    for moment in flows.iter().flatten() {
        let (system, kind) = (usize::from(moment.system), usize::from(moment.is_span));
        seen[system][kind] += 1;
        let step = &mut step[system][kind];
        while *step < STEPS.len() && moment.time % STEPS[*step] != 0 {
            *step += 1;
        }
    }
    let length = |step: usize, seen: u32| if seen < 5 { 1 } else { STEPS.get(step).copied().unwrap_or(1) };
    step.iter().zip(&seen).map(|(step, seen)| [length(step[0], seen[0]), length(step[1], seen[1])]).collect()
}

/// The tightest bounds on both sides, but for outliers.
fn robust(bounds: &[Bound]) -> (i64, i64) {
    let allowed = (bounds.len() as f64 * OUTLIERS) as usize;
    let mut values: Vec<i64> = bounds.iter().map(|bound| bound.low).collect();
    let low = *values.select_nth_unstable(bounds.len() - 1 - allowed).1;
    values.clear();
    values.extend(bounds.iter().map(|bound| bound.high));
    (low, *values.select_nth_unstable(allowed).1)
}

/// How many flows each core looks at at once.
fn shares(flows: usize) -> usize {
    flows.div_ceil(rayon::current_num_threads()).max(64)
}

/// Rounds to what the uncertainty allows, so that a little more evidence does not move every flow a little.
fn round(offset: i64, doubt: i64) -> i64 {
    let mut grid = MILLISECOND / 2;
    while grid * 8 <= doubt {
        grid *= 2;
    }
    (offset + grid / 2).div_euclid(grid) * grid
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_and_two_seconds_is_a_zone_and_a_clock_that_is_off() {
        let seconds = |seconds: i64| seconds * 1_000 * MILLISECOND;
        let parted = |offset| zone_and_rest(seconds(offset));
        assert_eq!(parted(3_602), (Nanos::seconds(3_600), Nanos::seconds(2)));
        assert_eq!(parted(-19_800 - 1), (Nanos::seconds(-19_800), Nanos::seconds(-1)));
        assert_eq!(parted(2), (Nanos::ZERO, Nanos::seconds(2)));
        assert_eq!(parted(400), (Nanos::ZERO, Nanos::seconds(400)), "far from any quarter");
        assert_eq!(parted(86_400 * 3), (Nanos::ZERO, Nanos::seconds(86_400 * 3)), "no zone is days away");
    }
}
