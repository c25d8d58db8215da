//! How far series left their usual, in robust spreads (after BARO, Pham et al., FSE 2024), with what its measure lacks:
//! absolute floors by kind, both directions, several samples in a row, and a comparison within a kind before kinds mix.

use super::kinds::{Bad, Kind};
use super::scene::{Finding, Nature, Scene};
use super::statistics::{median, quantile, spread};
use super::{Pointer, Signal};
use crate::evidence::SystemId;
use crate::telemetry::{Nanos, Sample, Series, SeriesClass, Time, Window};
use rustc_hash::FxHashMap;
use std::hash::{Hash, Hasher};

/// Fewer samples than this before the onset say nothing of what is usual.
const LEAST: usize = 5;
/// How late an alert may be, and how many samples before that are enough to tell what is usual.
const LATE: Nanos = Nanos::seconds(1_800);
const ENOUGH: usize = 20;
/// Beyond this many spreads, more says nothing.
const MOST: f64 = 40.0;
/// How far back from the onset a series may have begun to move.
const REACH: Nanos = Nanos::seconds(3_600);
/// A departure smaller than this is not kept at all.
const KEPT: f64 = 1.0;
/// What begins later than this after the onset, and than two samples, came after it; each time this long halves what it says.
const LATE_BY: Nanos = Nanos::seconds(60);
/// It may still be the trouble's next step, or the onset be wrong: this is left of the latest.
const LATEST: f64 = 0.2;
/// An allowance of which this share is left is spent, and that is worth so many spreads at least.
const SPENT: f64 = 0.02;
const RAN_OUT: f64 = 12.0;
/// A level is away only as far as it is in each third of a stretch: a moment of it is a tick.
const THIRDS: usize = 3;
/// Of what is usual elsewhere so much counts as usual for those that have less.
const OF_FLEET: f64 = 0.25;
/// How much of a departure's strength is its size alone; the rest is shared out by the largest of its kind.
const OWN: f64 = 0.4;

/// A series that left its usual.
#[derive(Clone, Debug)]
pub(super) struct Departure {
    pub system: SystemId,
    /// By place in the evidence.
    pub series: usize,
    pub kind: Kind,
    /// In robust spreads, at most [`MOST`].
    pub spreads: f64,
    pub usual: f64,
    pub now: f64,
    /// When it began to move.
    pub begins: Time,
    /// The time between two samples.
    every: Nanos,
}

impl Departure {
    /// How far it left its usual, and less if it did so well after the onset: what comes later explains nothing.
    pub(super) fn strength(&self, scene: &Scene) -> f64 {
        let late = self.begins.0 - scene.after.from.0 - LATE_BY.0 - 2 * self.every.0;
        self.spreads * 0.5f64.powf(late.max(0) as f64 / LATE_BY.0 as f64).max(LATEST)
    }
}

/// All departures for the worse, those of one kind weighed against each other.
pub(super) fn departures(scene: &Scene) -> Vec<Departure> {
    let evidence = scene.evidence;
    let shared = shared_series(scene);
    let mut usual_of_fleet: FxHashMap<&str, Vec<f64>> = FxHashMap::default();
    let prepared: Vec<Option<Prepared>> = evidence
        .series
        .iter()
        .enumerate()
        .map(|(place, series)| if shared[place] { None } else { Prepared::of(series, scene) })
        .collect();
    for (series, prepared) in evidence.series.iter().zip(&prepared) {
        if let Some(prepared) = prepared {
            usual_of_fleet.entry(&series.metric).or_default().push(prepared.usual.abs());
        }
    }
    let usual_of_fleet: FxHashMap<&str, f64> = usual_of_fleet
        .into_iter()
        .map(|(metric, mut all)| (metric, if all.len() >= 4 { median(&mut all) } else { 0.0 }))
        .collect();
    let found = prepared.into_iter().enumerate().filter_map(|(place, prepared)| {
        let series = &evidence.series[place];
        let system = evidence.system_named(&series.system)?;
        prepared?.departure(system, place, usual_of_fleet[series.metric.as_str()])
    });
    found.collect()
}

/// The strongest departure of each system and nature.
pub(super) fn findings(scene: &Scene, departures: &[Departure]) -> Vec<Finding> {
    let mut largest: FxHashMap<SeriesClass, f64> = FxHashMap::default();
    for one in departures {
        let known = largest.entry(one.kind.class).or_insert(0.0);
        *known = known.max(one.strength(scene));
    }
    // What many systems show at once is nobody's own.
    let mut holders: FxHashMap<&str, u32> = FxHashMap::default();
    for series in scene.evidence.series.iter() {
        *holders.entry(&series.metric).or_default() += 1;
    }
    let mut departed: FxHashMap<&str, u32> = FxHashMap::default();
    for one in departures.iter().filter(|one| one.spreads >= 3.0) {
        *departed.entry(&scene.evidence.series[one.series].metric).or_default() += 1;
    }
    let own = |one: &Departure| {
        let metric = scene.evidence.series[one.series].metric.as_str();
        let others = departed.get(metric).map_or(0, |count| count.saturating_sub(1));
        1.0 - f64::from(others) / f64::from(holders[metric].max(4))
    };
    let mut best: FxHashMap<(SystemId, Nature), (f64, &Departure)> = FxHashMap::default();
    for one in departures {
        let own_strength = one.strength(scene);
        let ratio = own_strength / largest[&one.kind.class].max(KEPT);
        // A surge of traffic is load, and of what is not understood nobody knows which way is bad.
        let is_vague = matches!(one.kind.class, SeriesClass::Other | SeriesClass::Throughput);
        let vague = if is_vague { 0.5 } else { 1.0 };
        let strength = own_strength * (OWN + (1.0 - OWN) * ratio) * vague * own(one);
        let known = best.entry((one.system, one.kind.nature)).or_insert((strength, one));
        if strength > known.0 {
            *known = (strength, one);
        }
    }
    best.into_iter()
        .map(|((system, nature), (strength, one))| {
            let series = &scene.evidence.series[one.series];
            Finding {
                system,
                signal: Signal::Metrics,
                nature,
                strength,
                sentence: sentence(series, one),
                operation: None,
                pointers: vec![Pointer::Series(one.series)],
            }
        })
        .collect()
}

pub(super) fn sentence(series: &Series, one: &Departure) -> String {
    let unit = if series.unit.is_empty() || series.metric.contains(&series.unit) {
        String::new()
    } else {
        format!(" {}", series.unit)
    };
    format!(
        "{} went from {} to {}{unit}, {:.0}{} times its usual spread, from {}",
        series.metric,
        figure(one.usual),
        figure(one.now),
        one.spreads,
        if one.spreads >= MOST { " or more" } else { "" },
        one.begins.utc().format("%H:%M:%S")
    )
}

fn figure(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 1.0 || size == 0.0 => format!("{value:.1}"),
        _ => format!("{value:.4}"),
    }
}

/// A series before and after, as it is judged.
struct Prepared {
    kind: Kind,
    before: Vec<Sample>,
    /// Between what is usual and the onset.
    shortly_before: Vec<Sample>,
    after: Vec<Sample>,
    usual: f64,
    spread: f64,
    /// What a single event adds, if it counts such.
    quantum: Option<f64>,
}

impl Prepared {
    fn of(series: &Series, scene: &Scene) -> Option<Self> {
        let kind = Kind::of(series);
        let finite = |samples: &[Sample]| -> Vec<Sample> {
            samples.iter().copied().filter(|sample| sample.value.is_finite()).collect()
        };
        // The worst stretch is looked for, so that samples of the minute in which it began may be among the later ones.
        let since = scene.since();
        let usual = Window { to: scene.before.to.min(since.from), ..scene.before };
        let (mut before, mut after) = (finite(series.within(usual)), finite(series.within(since)));
        if kind.is_counter {
            let last = before.last().copied();
            before = increments(&before, None);
            after = increments(&after, last);
        }
        if before.len() < LEAST || after.is_empty() {
            return None;
        }
        // An alert comes late: what is usual is told by what lies well before it, if there is enough of that.
        let early = before.partition_point(|sample| sample.time < scene.onset() - LATE);
        let shortly_before = if early >= ENOUGH { before.split_off(early) } else { Vec::new() };
        let mut values: Vec<f64> = before.iter().map(|sample| sample.value).collect();
        let (median, spread) = (median(&mut values), spread(&mut values));
        // Most samples of what happens now and then are nothing: its usual is the mean.
        let quantum = if kind.counts_singly() { quantum(before.iter().chain(&after)) } else { None };
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let usual = if quantum.is_some() { median.max(mean) } else { median };
        Some(Self { kind, before, shortly_before, after, usual, spread, quantum })
    }

    fn departure(self, system: SystemId, place: usize, usual_of_fleet: f64) -> Option<Departure> {
        let kind = self.kind;
        let size = if self.after.len() == 1 { 1 } else { (self.after.len() / 10).max(2) };
        let usual = self.usual.abs().max(usual_of_fleet * OF_FLEET);
        let floor = kind.floor.max(kind.relative * usual).max(self.chance(size)).max(f64::MIN_POSITIVE);
        let directions: &[f64] = match kind.bad() {
            Bad::Up => &[1.0],
            Bad::Down => &[-1.0],
            Bad::Both => &[1.0, -1.0],
        };
        // A resource that is used up stays so, for two samples at least; errors come singly, and so may the few samples of
        // a symptom.
        let is_throughout = kind.is_level() && (kind.nature == Nature::Cause || size >= THIRDS);
        let parts = if is_throughout { THIRDS.min(size) } else { 1 };
        let mut best: Option<(f64, f64, f64, usize)> = None; // spreads, worst, edge with its sign, place
        for &sign in directions {
            let away =
                |samples: &[Sample]| stretches(samples, size, parts, |value| (value - self.usual) * sign);
            let (furthest, at) = furthest(&away(&self.after))?;
            let worst = self.usual + furthest * sign;
            // What the same measure finds in ordinary times is no finding: nine of ten stretches before the onset, and the
            // worst of them, which may be an earlier incident's, a little.
            let mut ordinary = away(&self.before);
            let worst_before = ordinary.iter().copied().fold(0.0, f64::max);
            let tail = (quantile(&mut ordinary, 0.9) / 1.5).max(worst_before / 3.0);
            let scale = self.spread.max(floor).max(tail);
            let mut spreads = furthest / scale;
            if kind.class == SeriesClass::Throughput && sign < 0.0 && self.usual > 0.0 {
                // A fall ends at nothing where a rise has no end: to a tenth counts as ten times as much does.
                let folds = (self.usual / worst.max(f64::MIN_POSITIVE) - 1.0) / kind.relative;
                spreads =
                    spreads.max(folds.min((self.usual - worst) / self.spread.max(tail).max(kind.floor)));
            }
            if kind.class == SeriesClass::Quota && self.usual > 0.0 && worst <= self.usual * SPENT {
                spreads = spreads.max(RAN_OUT); // Of an allowance it is not the fall that hurts, but the end.
            }
            if self.after.len() == 1 {
                spreads *= 0.5; // One sample may be a tick.
            }
            let edge = (self.spread * 2.0).max(tail * 2.0).max(scale * 0.1).min(scale);
            if best.is_none_or(|known| spreads > known.0) {
                best = Some((spreads, worst, edge * sign, at));
            }
        }
        let (spreads, now, edge, at) = best?;
        if spreads.is_nan() || spreads < KEPT {
            return None;
        }
        let begins = self.begins(at, edge);
        let every = self.every();
        Some(Departure {
            system,
            series: place,
            kind,
            spreads: spreads.min(MOST),
            usual: self.usual,
            now,
            begins,
            every,
        })
    }

    /// What chance does to the mean of so many counts (Poisson): a single error more or less is none of the system's doing.
    fn chance(&self, size: usize) -> f64 {
        self.quantum.map_or(0.0, |one| one * (size as f64 * self.usual / one + 1.0).sqrt() / size as f64)
    }

    /// The time between two samples, as it mostly is.
    fn every(&self) -> Nanos {
        let mut gaps: Vec<f64> =
            self.before.windows(2).map(|pair| (pair[1].time - pair[0].time).0 as f64).collect();
        Nanos(median(&mut gaps) as i64)
    }

    /// The first sample of the run of unusual ones that the worst stretch belongs to.
    fn begins(&self, at: usize, edge: f64) -> Time {
        let is_unusual = |sample: &Sample| (sample.value - self.usual) / edge >= 1.0;
        let mut begins = self.after[at].time;
        let earliest = self.after[0].time - REACH;
        let mut ordinary = 0;
        for sample in self.after[..=at]
            .iter()
            .rev()
            .chain(self.shortly_before.iter().rev())
            .chain(self.before.iter().rev())
        {
            if sample.time < earliest {
                break;
            }
            if is_unusual(sample) {
                begins = sample.time;
                ordinary = 0;
            } else {
                ordinary += 1;
                if ordinary >= 2 {
                    break;
                }
            }
        }
        begins
    }
}

/// All samples of a series as they are judged, if there are enough and it measures what can be bad.
pub(super) fn course(series: &Series) -> Option<(Kind, Vec<Sample>)> {
    let kind = Kind::of(series);
    let vague = matches!(kind.class, SeriesClass::Other | SeriesClass::Throughput);
    if vague || series.samples.len() < 2 * LEAST {
        return None;
    }
    let samples: Vec<Sample> =
        series.samples.iter().copied().filter(|sample| sample.value.is_finite()).collect();
    let samples = if kind.is_counter { increments(&samples, None) } else { samples };
    Some((kind, samples))
}

/// Growth from sample to sample; a fall is a restart and counts as the new value.
fn increments(samples: &[Sample], before: Option<Sample>) -> Vec<Sample> {
    let mut last = before;
    let mut grown = Vec::with_capacity(samples.len());
    for sample in samples {
        if let Some(last) = last {
            let growth = sample.value - last.value;
            grown.push(Sample { time: sample.time, value: if growth < 0.0 { sample.value } else { growth } });
        }
        last = Some(*sample);
    }
    grown
}

/// What a single event adds to a series that counts them, whole or by the second: all its values are multiples of it.
fn quantum<'a>(samples: impl Iterator<Item = &'a Sample> + Clone) -> Option<f64> {
    let values = samples.map(|sample| sample.value.abs()).filter(|value| *value > 0.0);
    let least = values.clone().fold(f64::INFINITY, f64::min);
    let is_multiple =
        |of: f64| values.clone().all(|value| ((value / of) - (value / of).round()).abs() < 0.05);
    [least, 1.0].into_iter().find(|&one| one.is_finite() && is_multiple(one))
}

/// How far each stretch of neighbouring samples is away: the least of the means of its parts, so that it is so throughout.
fn stretches(samples: &[Sample], size: usize, parts: usize, away: impl Fn(f64) -> f64) -> Vec<f64> {
    let part = (size.min(samples.len()) / parts).max(1);
    let mut sums = vec![0.0];
    let mut sum = 0.0;
    sums.extend(samples.iter().map(|sample| {
        sum += away(sample.value);
        sum
    }));
    let mean = |from: usize| (sums[from + part] - sums[from]) / part as f64;
    let stretch =
        |from: usize| (0..parts).map(|place| mean(from + place * part)).fold(f64::INFINITY, f64::min);
    (0..(samples.len() + 1).saturating_sub(part * parts)).map(stretch).collect()
}

/// The stretch that is furthest away, and the place of its first sample; of equals the first.
fn furthest(stretches: &[f64]) -> Option<(f64, usize)> {
    let all = stretches.iter().enumerate().map(|(place, &away)| (away, place));
    all.max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1)))
}

/// Series that several systems repeat value for value: a node's metric on each of its pods, which is nobody's own.
fn shared_series(scene: &Scene) -> Vec<bool> {
    let mut holders: FxHashMap<(&str, u64), Vec<usize>> = FxHashMap::default();
    for (place, series) in scene.evidence.series.iter().enumerate() {
        let mut hasher = rustc_hash::FxHasher::default();
        let values: Vec<u64> = series.samples.iter().map(|sample| sample.value.to_bits()).collect();
        // A flat line is equal by chance.
        if values.windows(2).filter(|pair| pair[0] != pair[1]).count() < 3 {
            continue;
        }
        values.hash(&mut hasher);
        holders.entry((&series.metric, hasher.finish())).or_default().push(place);
    }
    let mut shared = vec![false; scene.evidence.series.len()];
    for places in holders.into_values() {
        let first = &scene.evidence.series[places[0]].system;
        if places.iter().any(|&place| scene.evidence.series[place].system != *first) {
            places.into_iter().for_each(|place| shared[place] = true);
        }
    }
    shared
}
