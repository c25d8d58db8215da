//! The moment at which most of what systems do and say turns: shares of many kinds, each split where two rates explain
//! it best, and a vote among them.
//!
//! After binary segmentation by likelihood ratio. What drifts has its best split at the edge of any stretch that is
//! looked at, and has no vote; what repeats one fault in many words has less than one vote each.

use super::digest::Digest;
use super::gaps::lost;
use super::kinds::Bad;
use super::metrics::course;
use super::statistics::{Shares, median, spread};
use super::stops::is_failing;
use crate::evidence::Evidence;
use crate::flows::{Flows, Verdict};
use crate::telemetry::{Nanos, Sample, Series, Severity, Time, Window};
use rustc_hash::FxHashMap;

/// How far from an onset that was given the true one may lie: whoever gives it may be a minute off, and so may the clock or
/// the minute that it was read from.
const REACH: Nanos = Nanos::seconds(120);
/// So many steps without anything, where usually every other has something, are a hole.
const HOLE: usize = 6;
/// How finely it is looked for.
const STEP: Nanos = Nanos::seconds(5);
/// How many steps all of the time is cut into where no onset was given.
const STEPS: i64 = 240;
/// Fewer trials than this on a side say nothing; and nothing unasked.
const LEAST_TRIALS: u32 = 4;
const LEAST_TRIALS_UNTOLD: u32 = 5;
/// A likelihood ratio below this is chance among so many.
const LEAST_GAIN: f64 = 12.0;
/// The same where nobody said that anything is wrong.
const LEAST_GAIN_UNTOLD: f64 = 25.0;
/// A share turns if it changes by this much, as Cohen's h: what drifts changes by little.
const LEAST_EFFECT: f64 = 0.8;
/// What happened less often than this, or failed to, was regular.
const REGULAR: f64 = 0.03;
/// What is given is likelier than what lies so much further away, by a factor of e.
const TRUST: Nanos = Nanos::seconds(20);
/// How much of the likelihood the window holds in which the onset is said to lie.
const HELD: f64 = 0.8;
/// The window is no wider than this to either side, or little would be left to compare.
const WIDEST: Nanos = Nanos::seconds(10);

/// The moment, and where it lies for all that is known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Turn {
    pub time: Time,
    pub window: Window,
    /// How many shares turn.
    pub votes: u32,
}

/// What happens, or not, by time: shares of many kinds.
struct Trials {
    from: Time,
    step: Nanos,
    steps: usize,
    /// What is earlier is another day, and not counted.
    begin: Time,
    /// How many trials a side needs.
    least: u32,
    groups: FxHashMap<Group, u32>,
    /// By group: trials in each bin. The first bin holds all that is earlier, the last all that is later.
    of: Vec<Vec<u32>>,
    /// By group: trials of another day, before the last hole.
    of_old: Vec<u32>,
    events: FxHashMap<(u32, u64), u32>,
    kinds: Vec<Kind>,
    hits: Vec<(u32, u8)>,
}

/// Something that happens in trials of a group.
struct Kind {
    group: u32,
    /// What is bad in itself: that it goes away is no onset.
    is_trouble: bool,
    /// Times on another day.
    old: u32,
}

/// What a share is of.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Group {
    /// The traces of a system.
    Units(u16, bool),
    /// The spans of an operation in which something comes first.
    Order(super::traces::Operation, super::order::Happening),
    Spans(u16),
    /// Calls of an operation by a system.
    Calls(super::traces::Operation, u16),
    Flows(u16),
}

const TROUBLE: u64 = u64::MAX;

/// Series with less than a sample in so many steps are too sparse.
const SPARSE: i64 = 6;
/// Beyond this many spreads a sample has no more weight.
const CLIPPED: f64 = 3.0;
/// A series turns if its means lie so many spreads apart.
const APART: f64 = 1.5;
/// What one series can gain at most.
const MOST_GAIN: f64 = 60.0;

/// Where things turn near an onset that was given.
pub(super) fn near(evidence: &Evidence, digest: &Digest, flows: &Flows, given: Time) -> Option<Turn> {
    let steps = (2 * REACH.0 / STEP.0) as usize;
    let mut trials = Trials::new(given - REACH, STEP, steps);
    trials.begin = begin(digest, given);
    trials.fill(digest, flows);
    trials.turn(evidence, LEAST_GAIN, |time| -((time - given).0.abs() as f64) / TRUST.0 as f64)
}

/// Where things turn at any time of a window.
pub(super) fn anywhere(evidence: &Evidence, digest: &Digest, flows: &Flows, within: Window) -> Option<Turn> {
    let step = Nanos((within.length().0 / STEPS).max(STEP.0));
    let steps = (within.length().0 / step.0).clamp(2, STEPS) as usize;
    let mut trials = Trials { least: LEAST_TRIALS_UNTOLD, ..Trials::new(within.from, step, steps) };
    trials.fill(digest, flows);
    trials.turn(evidence, LEAST_GAIN_UNTOLD, |_| 0.0)
}

/// Where the telemetry around an onset begins: after the last hole in it. What lies before a hole may differ for reasons of
/// its own, and a moment cannot be told from across it.
fn begin(digest: &Digest, given: Time) -> Time {
    let (from, to) = (given - REACH - REACH, given + REACH);
    let steps = ((to - from).0 / STEP.0) as usize;
    let mut is_busy = vec![false; steps];
    for unit in &digest.units.units {
        let step = (unit.time - from).0.div_euclid(STEP.0);
        if let Some(busy) = usize::try_from(step).ok().and_then(|step| is_busy.get_mut(step)) {
            *busy = true;
        }
    }
    let busy = is_busy.iter().filter(|busy| **busy).count();
    let (mut empty, mut begin) = (0, None);
    for (step, is_busy) in is_busy.iter().enumerate() {
        if *is_busy && empty >= HOLE {
            begin = Some(step);
        }
        empty = if *is_busy { 0 } else { empty + 1 };
    }
    match begin {
        // Where little happens anyway a pause is no hole.
        Some(step) if busy * 2 > steps - HOLE => from + Nanos(STEP.0 * step as i64),
        _ => Time::MIN,
    }
}

impl Trials {
    fn new(from: Time, step: Nanos, steps: usize) -> Self {
        let (groups, events) = (FxHashMap::default(), FxHashMap::default());
        Self {
            from,
            step,
            steps,
            groups,
            of: Vec::new(),
            of_old: Vec::new(),
            events,
            kinds: Vec::new(),
            hits: Vec::new(),
            begin: Time::MIN,
            least: LEAST_TRIALS,
        }
    }

    fn is_out(&self, time: Time) -> bool {
        time < self.begin
    }

    fn bin(&self, time: Time) -> usize {
        let place = (time - self.from).0.div_euclid(self.step.0) + 1;
        place.clamp(0, self.steps as i64 + 1) as usize
    }

    fn trial(&mut self, group: Group, time: Time) {
        let (group, bin) = (self.group(group) as usize, self.bin(time));
        if self.is_out(time) {
            self.of_old[group] += 1;
        } else {
            self.of[group][bin] += 1;
        }
    }

    fn hit(&mut self, group: Group, event: u64, is_trouble: bool, time: Time) {
        let (group, bin) = (self.group(group), self.bin(time));
        let event = *self.events.entry((group, event)).or_insert_with(|| {
            self.kinds.push(Kind { group, is_trouble, old: 0 });
            self.kinds.len() as u32 - 1
        });
        if self.is_out(time) {
            self.kinds[event as usize].old += 1;
        } else {
            self.hits.push((event, bin as u8));
        }
    }

    fn group(&mut self, group: Group) -> u32 {
        let bins = self.steps + 2;
        *self.groups.entry(group).or_insert_with(|| {
            self.of.push(vec![0; bins]);
            self.of_old.push(0);
            self.of.len() as u32 - 1
        })
    }

    fn fill(&mut self, digest: &Digest, flows: &Flows) {
        let units = &digest.units;
        let group = |unit: &super::units::Unit| Group::Units(unit.system.0, unit.is_windowed);
        for unit in &units.units {
            self.trial(group(unit), unit.time);
        }
        // Where spans tell what follows what by operation, what a system says depends on what it is asked.
        let plain = units.said.iter().filter(|one| !digest.has_spans || one.severity >= Severity::WARN);
        for one in plain {
            let unit = &units.units[one.unit as usize];
            let is_trouble = one.severity >= Severity::WARN;
            self.hit(group(unit), u64::from(one.pattern.0), is_trouble, unit.time);
        }
        for one in &units.troubled {
            let unit = &units.units[one.unit as usize];
            self.hit(group(unit), TROUBLE, true, unit.time);
        }
        let (traces, orders) = (&digest.traces, &digest.orders);
        for (place, span) in traces.spans.iter().enumerate() {
            let operation = (span.system, span.name);
            for (number, is_new, is_first) in orders.met(place as u32) {
                let group = Group::Order(operation, orders.pairs[number as usize].0);
                if is_first {
                    self.trial(group, span.time());
                }
                if is_new {
                    self.hit(group, u64::from(number), false, span.time());
                }
            }
            let group = Group::Spans(span.system.0);
            self.trial(group, span.time());
            if span.failed {
                self.hit(group, TROUBLE, true, span.time());
            }
        }
        let mut gaps: FxHashMap<Group, Vec<(Time, f64)>> = FxHashMap::default();
        for one in lost(traces) {
            let group = Group::Calls(one.operation, one.caller.0);
            gaps.entry(group).or_default().push((one.time, one.gap));
        }
        for (group, all) in gaps {
            let mut values: Vec<f64> = all.iter().map(|one| one.1).collect();
            let slow = 2.0 * median(&mut values) + super::gaps::FLOOR;
            for (time, gap) in all {
                self.trial(group, time);
                if gap > slow {
                    self.hit(group, TROUBLE, true, time);
                }
            }
        }
        for (_, flow) in flows.iter().filter(|(_, flow)| flow.verdict != Verdict::InFlight) {
            self.trial(Group::Flows(flow.kind.0), flow.first);
            if is_failing(flow) {
                self.hit(Group::Flows(flow.kind.0), TROUBLE, true, flow.first);
            }
        }
    }

    /// The split that most shares vote for; `prior` is in logarithms.
    fn turn(mut self, evidence: &Evidence, least: f64, prior: impl Fn(Time) -> f64) -> Option<Turn> {
        self.hits.sort_unstable();
        let mut sums = vec![0.0; self.steps + 2];
        let (mut votes, mut weights) = (0u32, 0.0);
        let mut vote = |gains: &[f64]| {
            let Some(best) = best(gains).filter(|&best| gains[best] >= least) else { return };
            if best > 1 && best <= self.steps {
                votes += 1;
                weights += gains[best];
                for (sum, gain) in sums.iter_mut().zip(gains) {
                    *sum += gain * gains[best];
                }
            }
        };
        for hits in self.hits.chunk_by(|a, b| a.0 == b.0) {
            let mut counts = vec![0u32; self.steps + 2];
            for &(_, bin) in hits {
                counts[usize::from(bin)] += 1;
            }
            vote(&self.gains_away(&counts, &self.kinds[hits[0].0 as usize]));
        }
        for series in evidence.series.iter() {
            vote(&self.gains_of(series));
        }
        if votes == 0 {
            return None;
        }
        let time = |split: usize| self.time(split);
        // Likelihoods are half of the ratios; of the votes, many repeat each other.
        let share = 0.5 / weights;
        let weigh = |split: usize| sums[split] * share + prior(time(split));
        let splits = 1..self.steps + 2;
        let best = splits.clone().max_by(|a, b| weigh(*a).total_cmp(&weigh(*b)).then(b.cmp(a)))?;
        let likelihood = |split: usize| (weigh(split) - weigh(best)).exp();
        let all: f64 = splits.map(likelihood).sum();
        let (mut from, mut to, mut held) = (best, best, likelihood(best));
        while held < HELD * all {
            let left = if from > 1 { likelihood(from - 1) } else { -1.0 };
            let right = if to <= self.steps { likelihood(to + 1) } else { -1.0 };
            if left >= right {
                from -= 1;
                held += left;
            } else {
                to += 1;
                held += right;
            }
        }
        let at = time(best);
        let window = Window { from: time(from).max(at - WIDEST), to: time(to).min(at + WIDEST) };
        Some(Turn { time: at, window, votes })
    }
}

impl Trials {
    /// By split, how much better two rates explain the times that something happened; nothing at all if what changes for
    /// the most part goes back to what was usual.
    fn gains_away(&self, hits: &[u32], kind: &Kind) -> Vec<f64> {
        let of = &self.of[kind.group as usize];
        let old = (kind.old, self.of_old[kind.group as usize]);
        let gains = gains(hits, of, old, self.least);
        let Some(best) = best(&gains) else { return gains };
        let sum = |counts: &[u32]| counts.iter().sum::<u32>();
        let parts = |from: usize, to: usize| (sum(&hits[from..to]), sum(&of[from..to]));
        let (before, after) = (parts(0, best), parts(best, hits.len()));
        let is_better = kind.is_trouble && Shares { before, after }.certainty() < 0.0;
        let from_old = |now: (u32, u32)| Shares { before: old, after: now }.effect();
        let is_back = old.1 >= self.least && from_old(after) < from_old(before);
        if is_better || is_back { vec![0.0; gains.len()] } else { gains }
    }

    /// The same of a series, by two means.
    fn gains_of(&self, series: &Series) -> Vec<f64> {
        let mut gains = vec![0.0; self.steps + 2];
        let Some((kind, samples)) = course(series) else { return gains };
        // Where samples are further apart than it is looked, they say nothing of where between them it was.
        let length = samples[samples.len() - 1].time - samples[0].time;
        if length.0 / samples.len() as i64 > SPARSE * self.step.0 {
            return gains;
        }
        let mut values: Vec<f64> = samples.iter().map(|sample| sample.value).collect();
        let (usual, width) = (median(&mut values), spread(&mut values));
        let scale = width.max(kind.floor).max(kind.relative * usual.abs()).max(f64::MIN_POSITIVE);
        let parts = |sample: &Sample| ((sample.value - usual) / scale).clamp(-CLIPPED, CLIPPED);
        let (mut sum, mut squares) = (0.0, 0.0);
        for sample in &samples {
            sum += parts(sample);
            squares += parts(sample).powi(2);
        }
        let count = samples.len() as f64;
        // What is as even as that is even enough.
        let whole = (squares - sum * sum / count).max(count * 0.05);
        let (mut left, mut left_sum) = (0, 0.0);
        #[expect(clippy::needless_range_loop, reason = "a split is a place in several columns")]
        for split in 1..gains.len() {
            let time = self.time(split);
            while left < samples.len() && samples[left].time < time {
                left_sum += parts(&samples[left]);
                left += 1;
            }
            let (n, m) = (left as f64, count - left as f64);
            if left < self.least as usize || m < 2.0 {
                continue;
            }
            let apart = (sum - left_sum) / m - left_sum / n;
            let is_worse = match kind.bad() {
                Bad::Up => apart >= APART,
                Bad::Down => apart <= -APART,
                Bad::Both => apart.abs() >= APART,
            };
            if is_worse {
                let within = (whole - apart * apart * n * m / count).max(count * 0.05);
                gains[split] = (count * (whole / within).ln()).min(MOST_GAIN);
            }
        }
        gains
    }

    /// The time of a split: what is earlier lies before it.
    fn time(&self, split: usize) -> Time {
        self.from + Nanos(self.step.0 * (split as i64 - 1))
    }
}

/// The split that gains most, the earliest of equals.
fn best(gains: &[f64]) -> Option<usize> {
    (1..gains.len()).max_by(|a, b| gains[*a].total_cmp(&gains[*b]).then(b.cmp(a)))
}

/// By split, twice the logarithm of how much better two rates explain the hits than one does. Split `n` lies before bin
/// `n`; 0 where there is too little on a side.
fn gains(hits: &[u32], of: &[u32], old: (u32, u32), least: u32) -> Vec<f64> {
    let likelihood = |hits: u32, of: u32| {
        let (hits, of) = (f64::from(hits), f64::from(of).max(f64::from(hits)));
        let part = |part: f64| if part <= 0.0 { 0.0 } else { part * (part / of).ln() };
        part(hits) + part(of - hits)
    };
    let (all_hits, all): (u32, u32) = (hits.iter().sum(), of.iter().sum());
    let whole = likelihood(all_hits, all);
    let (mut left_hits, mut left) = (0, 0);
    let mut gains = vec![0.0; hits.len()];
    for split in 1..hits.len() {
        left_hits += hits[split - 1];
        left += of[split - 1];
        if left >= least && all - left >= least {
            let parts = Shares { before: (left_hits, left), after: (all_hits - left_hits, all - left) };
            // What hardly ever or nearly always happened, and now does or does not: a mix that drifts was neither.
            let usual = Shares { before: (left_hits + old.0, left + old.1), ..parts }.share_before();
            let was_regular = usual <= REGULAR || usual >= 1.0 - REGULAR;
            if was_regular && parts.effect() >= LEAST_EFFECT {
                let parts = likelihood(left_hits, left) + likelihood(all_hits - left_hits, all - left);
                gains[split] = 2.0 * (parts - whole);
            }
        }
    }
    gains
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turn(trials: Trials) -> Option<i64> {
        trials.turn(&Evidence::default(), LEAST_GAIN, |_| 0.0).map(|turn| turn.time.0 / 1_000_000_000)
    }

    /// A trial a second from 0 to 400, looked at from 100 to 300.
    fn trials(is_hit: impl Fn(i64) -> bool) -> Trials {
        let mut trials = Trials::new(Time::from_seconds(100), STEP, 40);
        for second in 0..400 {
            trials.trial(Group::Spans(0), Time::from_seconds(second));
            if is_hit(second) {
                trials.hit(Group::Spans(0), 7, false, Time::from_seconds(second));
            }
        }
        trials
    }

    #[test]
    fn a_share_that_turns_says_when() {
        assert_eq!(turn(trials(|second| second >= 230 && second % 3 == 0)), Some(230));
        assert_eq!(turn(trials(|second| second < 170 || second % 4 == 0)), Some(170));
    }

    #[test]
    fn a_steady_share_and_one_that_turned_long_ago_say_nothing() {
        assert_eq!(turn(trials(|second| second % 3 == 0)), None);
        assert_eq!(turn(trials(|second| second >= 50)), None);
    }
}
