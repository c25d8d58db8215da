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
mod spans;

use super::Skew;
use super::clocks::{COARSE, Clocks};
use super::station::StationId;
use super::trail::{Moment, Numbers, Tracer};
use crate::evidence::{Evidence, SystemId};
use crate::telemetry::{EventKind, Nanos};
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

/// Flows that the estimate is made from.
pub(super) const SAMPLE: usize = 2_048;
/// Times that a wait and a piece of work must have been seen together.
const ENOUGH: usize = 20;
/// Share of them that may contradict, for records that got mixed up.
const OUTLIERS: f64 = 0.01;
/// The difference between wait and work may vary by no more than this share of what the work varies by.
const TIGHT: f64 = 0.6;
/// Flows of more events than this are not looked at pair by pair.
const LARGE: usize = 256;
const MILLISECOND: i64 = 1_000_000;

/// A stretch of time by one clock: between two events, or one that a record names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Stretch {
    clock: u32,
    from: StationId,
    to: StationId,
    is_record: bool,
}

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
                let mut tracer = Tracer::new(evidence, &view, &raw, numbers);
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
        let at_end = stamped_at_end(&flows, &clocks);
        if !skews.is_empty() && at_end == clocks.at_end {
            break;
        }
        clocks.at_end = at_end;
        let mut edges = edges(&flows, &clocks);
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

/// Stations whose records name a duration and are stamped when it was over: what happened meanwhile lies before them.
fn stamped_at_end(flows: &[Vec<Moment>], clocks: &Clocks) -> Vec<bool> {
    let mut votes: FxHashMap<StationId, (u32, u32)> = FxHashMap::default();
    let mut framed: FxHashMap<StationId, (u32, u32)> = FxHashMap::default();
    let corrected = |moment: &Moment| moment.time - clocks.offset(moment.system, moment.is_span).0;
    for flow in flows {
        for record in flow.iter().filter(|moment| !moment.is_span) {
            let step = clocks.step[usize::from(record.system)][0];
            if step > COARSE {
                continue;
            }
            if record.took <= (2 * step).max(2 * MILLISECOND) {
                continue;
            }
            let (starts, ends) = brackets(flow, record, &corrected);
            let (start, end) = framed.entry(record.station).or_default();
            *start += u32::from(starts > ends);
            *end += u32::from(ends > starts);
            let (mut before, mut after) = (0, 0);
            for other in flow.iter().filter(|other| other.system != record.system) {
                let distance = corrected(other) - corrected(record);
                before += u32::from(-record.took < distance && distance < 0);
                after += u32::from(0 < distance && distance < record.took);
            }
            let (start, end) = votes.entry(record.station).or_default();
            *start += u32::from(after > before);
            *end += u32::from(before > after);
        }
    }
    let count = votes.keys().map(|station| station.0 as usize + 1).max().unwrap_or(0);
    let mut at_end = vec![false; count];
    for (station, (start, end)) in votes {
        // A caller that writes a line before and one after its call says more than what merely happened before.
        let (start, end) = match framed.get(&station) {
            Some(&(framed_start, framed_end)) if framed_start + framed_end >= 5 => (framed_start, framed_end),
            _ => (start, end),
        };
        at_end[station.0 as usize] = end >= 5 && end > 2 * start;
    }
    at_end
}

/// How many other systems have two events, one after the other, between which the record's duration fits only if it is
/// stamped at its start, and only if at its end.
fn brackets(flow: &[Moment], record: &Moment, corrected: &impl Fn(&Moment) -> i64) -> (u32, u32) {
    if flow.len() > LARGE {
        return (0, 0);
    }
    let at = corrected(record);
    let (mut starts, mut ends) = (0, 0);
    for (place, first) in flow.iter().enumerate() {
        if first.system == record.system || first.is_span {
            continue;
        }
        let second = flow[place + 1..].iter().find(|other| other.system == first.system && !other.is_span);
        let Some(second) = second else { continue };
        let (from, to) = (corrected(first), corrected(second));
        let at_start = from <= at && at + record.took <= to;
        let at_end = from <= at - record.took && at <= to;
        starts += u32::from(at_start && !at_end);
        ends += u32::from(at_end && !at_start);
    }
    (starts, ends)
}

/// What is known of the offset between each two clocks.
fn edges(flows: &[Vec<Moment>], clocks: &Clocks) -> Vec<Edge> {
    let found: Vec<FxHashMap<(Stretch, Stretch), Vec<Bound>>> = flows
        .par_chunks(flows.len().div_ceil(rayon::current_num_threads()).max(64))
        .map(|flows| {
            let mut reader = Reader::new(clocks);
            for flow in flows {
                reader.read(flow);
            }
            reader.bounds()
        })
        .collect();
    let mut bounds: FxHashMap<(Stretch, Stretch), Vec<Bound>> = FxHashMap::default();
    for some in found {
        for (key, mut some) in some {
            bounds.entry(key).or_default().append(&mut some);
        }
    }
    bounds
        .par_iter()
        .filter(|(_, bounds)| bounds.len() >= ENOUGH)
        .filter_map(|((wait, work), bounds)| {
            let (a, b) = (wait.clock as usize, work.clock as usize);
            let tolerance = clocks.step[a / 2][a % 2] + clocks.step[b / 2][b % 2];
            let (low, high) = agree(bounds, tolerance)?;
            Some(Edge { a, b, low, high, pairs: bounds.len() as u32 })
        })
        .collect()
}

struct Reader<'a> {
    clocks: &'a Clocks,
    numbers: FxHashMap<Stretch, u32>,
    stretches: Vec<Stretch>,
    /// By wait and work, by number.
    bounds: FxHashMap<u64, Vec<Bound>>,
    by_clock: Vec<(u32, Vec<Moment>)>,
    waits: Vec<(u32, u32, i64, i64)>,
    works: Vec<(u32, u32, i64, i64)>,
}

impl<'a> Reader<'a> {
    fn new(clocks: &'a Clocks) -> Self {
        Self {
            clocks,
            numbers: FxHashMap::default(),
            stretches: Vec::new(),
            bounds: FxHashMap::default(),
            by_clock: Vec::new(),
            waits: Vec::new(),
            works: Vec::new(),
        }
    }

    /// Lays every piece of work of a flow against every wait of another clock.
    fn read(&mut self, flow: &[Moment]) {
        let mut by_clock = std::mem::take(&mut self.by_clock);
        by_clock.iter_mut().for_each(|(_, moments)| moments.clear());
        for moment in flow.iter().filter(|moment| moment.time != 0) {
            if self.clocks.step[usize::from(moment.system)][usize::from(moment.is_span)] > COARSE / 10 {
                continue;
            }
            let clock = clock_of(moment) as u32;
            match by_clock.iter_mut().find(|(known, _)| *known == clock) {
                Some((_, moments)) => moments.push(*moment),
                None => by_clock.push((clock, vec![*moment])),
            }
        }
        self.waits.clear();
        self.works.clear();
        for (clock, moments) in &mut by_clock {
            moments.sort_by_key(|moment| (moment.time, moment.began));
            for moment in moments.iter().filter(|moment| moment.took > 0) {
                let number = self.number(*clock, moment.station, moment.station, true);
                let (from, to) = if self.clocks.is_stamped_at_end(moment.station) && !moment.is_span {
                    (moment.time - moment.took, moment.time)
                } else {
                    (moment.time, moment.time + moment.took)
                };
                self.waits.push((*clock, number, from, to));
                self.works.push((*clock, number, from, to));
            }
            for pair in moments.windows(2) {
                let number = self.number(*clock, pair[0].station, pair[1].station, false);
                self.waits.push((*clock, number, pair[0].time, pair[1].time));
            }
            if let [first, .., last] = moments.as_slice() {
                let number = self.number(*clock, first.station, last.station, false);
                self.works.push((*clock, number, first.time, last.time));
            }
        }
        self.by_clock = by_clock;
        for &(a, wait, wait_from, wait_to) in &self.waits {
            for &(_, work, work_from, work_to) in self.works.iter().filter(|work| work.0 != a) {
                let (low, high) = (work_to - wait_to, work_from - wait_from);
                let bounds = self.bounds.entry(u64::from(wait) << 32 | u64::from(work)).or_default();
                bounds.push(Bound { low, high, work: work_to - work_from });
            }
        }
    }

    fn number(&mut self, clock: u32, from: StationId, to: StationId, is_record: bool) -> u32 {
        let stretch = Stretch { clock, from, to, is_record };
        let stretches = &mut self.stretches;
        *self.numbers.entry(stretch).or_insert_with(|| {
            stretches.push(stretch);
            stretches.len() as u32 - 1
        })
    }

    fn bounds(self) -> FxHashMap<(Stretch, Stretch), Vec<Bound>> {
        let stretch = |number: u64| self.stretches[number as usize];
        self.bounds
            .into_iter()
            .map(|(key, bounds)| ((stretch(key >> 32), stretch(key & 0xffff_ffff)), bounds))
            .collect()
    }
}

/// The bounds that nearly all sightings agree on; `None` if the work does not lie within the wait.
fn agree(bounds: &[Bound], tolerance: i64) -> Option<(i64, i64)> {
    let slack = |bound: &Bound| bound.high - bound.low;
    let allowed = (bounds.len() as f64 * OUTLIERS) as usize;
    let misfits = bounds.iter().filter(|bound| slack(bound) < -tolerance);
    if misfits.take(allowed + 1).count() > allowed {
        return None;
    }
    let sorted = |value: &dyn Fn(&Bound) -> i64| {
        let mut values: Vec<i64> = bounds.iter().map(value).collect();
        values.sort_unstable();
        values
    };
    let spread = |values: &[i64]| values[values.len() * 9 / 10] - values[values.len() / 10];
    let (slacks, works) = (sorted(&slack), sorted(&|bound| bound.work));
    if spread(&slacks) as f64 > spread(&works) as f64 * TIGHT || spread(&works) <= 2 * tolerance {
        return None;
    }
    let (low, high) = robust(bounds);
    (low <= high + tolerance).then_some((low.min(high), high.max(low)))
}

/// The tightest bounds on both sides, but for outliers.
fn robust(bounds: &[Bound]) -> (i64, i64) {
    let allowed = (bounds.len() as f64 * OUTLIERS) as usize;
    let mut lows: Vec<i64> = bounds.iter().map(|bound| bound.low).collect();
    let mut highs: Vec<i64> = bounds.iter().map(|bound| bound.high).collect();
    lows.sort_unstable();
    highs.sort_unstable();
    (lows[lows.len() - 1 - allowed], highs[allowed])
}

/// For each two clocks the narrowest bounds, of those that many flows bear out.
fn narrowest(edges: Vec<Edge>) -> Vec<Edge> {
    let mut best: FxHashMap<(usize, usize), Edge> = FxHashMap::default();
    let mut most: FxHashMap<(usize, usize), u32> = FxHashMap::default();
    let straight = |edge: Edge| {
        if edge.a < edge.b {
            edge
        } else {
            Edge { a: edge.b, b: edge.a, low: -edge.high, high: -edge.low, pairs: edge.pairs }
        }
    };
    let edges: Vec<Edge> = edges.into_iter().map(straight).collect();
    for edge in &edges {
        let most = most.entry((edge.a, edge.b)).or_default();
        *most = (*most).max(edge.pairs);
    }
    for edge in edges {
        if edge.pairs < most[&(edge.a, edge.b)] / 10 {
            continue;
        }
        let rank = |edge: &Edge| (edge.high - edge.low, std::cmp::Reverse(edge.pairs), edge.low);
        let known = best.entry((edge.a, edge.b)).or_insert(edge);
        if rank(&edge) < rank(known) {
            *known = edge;
        }
    }
    best.into_values().collect()
}

/// Offsets from the edges: along the narrowest ones, and against the clocks that most others agree with.
fn solve(edges: &[Edge], systems: usize, clocks: &Clocks) -> (Vec<[i64; 2]>, Vec<Skew>) {
    let mut edges = edges.to_vec();
    let rank = |clock: usize| (clocks.rank[clock / 2], clock % 2);
    edges.sort_unstable_by_key(|edge| {
        (edge.high - edge.low, std::cmp::Reverse(edge.pairs), rank(edge.a), rank(edge.b))
    });
    // Each clock's offset and uncertainty against the first of its tree.
    let mut tree: Vec<usize> = (0..systems * 2).collect();
    let mut offset = vec![0i64; systems * 2];
    let mut doubt = vec![0i64; systems * 2];
    let mut pairs = vec![0u32; systems * 2];
    let mut neighbours: Vec<Vec<(usize, i64, i64)>> = vec![Vec::new(); systems * 2];
    for edge in &edges {
        if tree[edge.a] == tree[edge.b] {
            continue;
        }
        let (from, to) = (tree[edge.b], tree[edge.a]);
        tree.iter_mut().filter(|tree| **tree == from).for_each(|tree| *tree = to);
        let (middle, half) = ((edge.low + edge.high) / 2, (edge.high - edge.low) / 2);
        neighbours[edge.a].push((edge.b, middle, half));
        neighbours[edge.b].push((edge.a, -middle, half));
        for clock in [edge.a, edge.b] {
            pairs[clock] = pairs[clock].max(edge.pairs);
        }
    }
    let roots: FxHashSet<usize> = tree.iter().copied().filter(|&root| !neighbours[root].is_empty()).collect();
    for root in roots {
        let members: Vec<usize> = (0..tree.len()).filter(|&clock| tree[clock] == root).collect();
        settle(&members, &neighbours, &mut offset, &mut doubt, &rank);
    }
    let mut skews = Vec::new();
    let mut by_system = vec![[0i64; 2]; systems];
    for clock in (0..systems * 2).filter(|&clock| pairs[clock] > 0) {
        let step = clocks.step[clock / 2][clock % 2];
        let doubt = doubt[clock] + step;
        let is_off = offset[clock].abs() > doubt.max(2 * MILLISECOND);
        let rounded = if is_off { round(offset[clock], doubt) } else { 0 };
        by_system[clock / 2][clock % 2] = rounded;
        let (zone, rest) = zone_and_rest(rounded);
        skews.push(Skew {
            system: SystemId((clock / 2) as u16),
            stamped_as: if clock % 2 == 0 { EventKind::Log } else { EventKind::Span },
            offset: rest,
            zone,
            uncertainty: Nanos(doubt),
            pairs: pairs[clock],
        });
    }
    skews.sort_unstable_by_key(|skew| (clocks.rank[usize::from(skew.system.0)], skew.stamped_as));
    (by_system, skews)
}

/// Gives the clocks of one tree their offsets, such that most are right.
fn settle(
    members: &[usize],
    neighbours: &[Vec<(usize, i64, i64)>],
    offset: &mut [i64],
    doubt: &mut [i64],
    rank: &impl Fn(usize) -> (u16, usize),
) {
    // From each clock as the reference: how many are right, and how far off the others are in all.
    let from = |reference: usize| {
        let mut found: FxHashMap<usize, (i64, i64)> = FxHashMap::default();
        let mut stack = vec![(reference, 0i64, 0i64)];
        while let Some((clock, at, doubt)) = stack.pop() {
            if found.insert(clock, (at, doubt)).is_none() {
                let next = neighbours[clock].iter().filter(|(to, ..)| !found.contains_key(to));
                stack.extend(next.map(|&(to, middle, half)| (to, at + middle, doubt + half)));
            }
        }
        found
    };
    let best = members
        .iter()
        .map(|&reference| {
            let found = from(reference);
            let right =
                found.values().filter(|(at, doubt)| at.abs() <= (*doubt).max(2 * MILLISECOND)).count();
            let off: i64 = found.values().map(|(at, _)| at.abs()).sum();
            (std::cmp::Reverse(right), off, rank(reference), found)
        })
        .min_by(|a, b| (a.0, a.1, a.2).cmp(&(b.0, b.1, b.2)));
    for (clock, (at, in_doubt)) in best.into_iter().flat_map(|best| best.3) {
        offset[clock] = at;
        doubt[clock] = in_doubt;
    }
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
