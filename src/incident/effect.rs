//! Whether a mitigation helped, measured: equal windows before and after, robust, the ramp left out, several signals.

mod band;
mod chart;
#[cfg(test)]
mod tests;

pub(super) use band::STEP as BAND_STEP;
pub use band::returned_to_band;

use super::robust::{Bin, bins, median, rounded, slope, spread};
use crate::telemetry::{Nanos, Sample, Series, Time, Window};
use serde::{Deserialize, Serialize};

/// The verdict on one signal, or on all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, strum::Display, strum::EnumString)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "lowercase")]
pub enum EffectVerdict {
    Better,
    #[strum(serialize = "no change")]
    NoChange,
    Worse,
    #[strum(serialize = "too early")]
    TooEarly,
    #[strum(serialize = "not enough data")]
    NotEnoughData,
}

/// What is measured, and which way is bad.
#[derive(Clone, Debug, PartialEq)]
pub struct Signal {
    pub name: String,
    pub unit: String,
    pub samples: Vec<Sample>,
    pub more_is_worse: bool,
    /// Samples are numbers of things that happened; they add up.
    pub is_count: bool,
}

/// One mitigation to be judged.
#[derive(Clone, Debug, Default)]
pub struct Trial {
    pub applied: Time,
    /// Until when it is looked at: now, or when it was undone.
    pub until: Time,
    /// When the impact began: what was before is no part of "before".
    pub since: Option<Time>,
    /// Time that the measure gets to act.
    pub ramp: Nanos,
    pub watch: Vec<Signal>,
    /// Signals that must not get worse.
    pub guards: Vec<Signal>,
    /// What else was done: an effect in the same minutes cannot be told apart.
    pub beside: Vec<(Time, String)>,
}

/// Median and spread (median absolute deviation, scaled to a standard deviation) of a window.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reading {
    pub window: Window,
    pub median: f64,
    pub spread: f64,
    pub samples: usize,
}

/// What became of one signal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Effect {
    pub name: String,
    pub unit: String,
    pub verdict: EffectVerdict,
    pub before: Option<Reading>,
    pub after: Option<Reading>,
    /// The signal was getting better before the measure could act: it is not credited.
    pub began_before: bool,
    /// It was better, and then it was as bad as before again.
    pub relapsed: bool,
    pub sentence: String,
    /// The signal from the window before to the end, in equal bins; `None` where nothing was sampled.
    pub course: Vec<Option<f64>>,
    pub from: Time,
    pub to: Time,
}

/// The verdict on a mitigation, with the figures of every signal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Assessment {
    pub verdict: EffectVerdict,
    pub applied: Time,
    pub ramp: Nanos,
    pub signals: Vec<Effect>,
    pub guards: Vec<Effect>,
    /// Something else was done in the same minutes.
    pub beside: Vec<String>,
    pub sentence: String,
}

/// The shortest and longest window; equal before and after.
const SHORTEST: Nanos = Nanos::seconds(120);
const LONGEST: Nanos = Nanos::seconds(900);
const FEWEST: usize = 4;
/// Bins of a window that is measured, and of the course that is drawn.
const BINS: usize = 45;
const COUNT_BINS: usize = 8;
const COURSE: usize = 48;
/// Words in the name of a metric of which there cannot be enough.
const LESS_IS_WORSE: [&str; 9] =
    ["availab", "success", "completed", "throughput", "remaining", "healthy", "uptime", "acked", "idle"];

impl Signal {
    /// A series, with its bad direction taken from what its name says that it measures.
    pub fn of(series: &Series) -> Self {
        let metric = series.metric.to_ascii_lowercase();
        let more_is_worse = !LESS_IS_WORSE.iter().any(|word| metric.contains(word));
        Self {
            name: format!("{} {}", series.system, series.metric),
            unit: series.unit.clone(),
            samples: series.samples.clone(),
            more_is_worse,
            is_count: false,
        }
    }

    /// Things that happened, such as failing flows, one sample a step.
    pub fn count(name: impl Into<String>, samples: Vec<Sample>) -> Self {
        let (name, unit) = (name.into(), "a minute".to_owned());
        Self { name, unit, samples, more_is_worse: true, is_count: true }
    }
}

/// Judges a mitigation by its signals.
///
/// Windows before and after are equally long: the time since the ramp, at most 15 minutes, and never reaching back before
/// the impact began. A change counts when the medians differ by more than twice the larger spread and by a tenth of the
/// value before. Where the signal was on its way already, it must be better than the way would have led.
pub fn assess(trial: &Trial) -> Assessment {
    let signals: Vec<Effect> = trial.watch.iter().map(|signal| effect(signal, trial)).collect();
    let guards: Vec<Effect> = trial.guards.iter().map(|signal| effect(signal, trial)).collect();
    let beside: Vec<String> = trial
        .beside
        .iter()
        .filter(|(time, _)| (*time - trial.applied).0.abs() < (trial.ramp.0 + SHORTEST.0))
        .map(|(_, what)| what.clone())
        .collect();
    let verdict = overall(&signals);
    let mut sentence = match signals.first() {
        None => format!("{verdict}: no signal is watched"),
        Some(first) => first.sentence.clone(),
    };
    if signals.first().is_some_and(|first| first.verdict != verdict) {
        sentence = format!("{verdict} over {} signals; {sentence}", signals.len());
    }
    for other in signals.iter().skip(1) {
        sentence.push_str(&format!("; {}: {}", other.name, other.sentence));
    }
    for guard in guards.iter().filter(|guard| guard.verdict == EffectVerdict::Worse) {
        // Its own sentence begins with the verdict, which this one has said already.
        let figures = guard.sentence.trim_start_matches("worse: ");
        sentence.push_str(&format!("; GUARD {} got worse: {figures}", guard.name));
    }
    if !beside.is_empty() && matches!(verdict, EffectVerdict::Better | EffectVerdict::Worse) {
        sentence.push_str(&format!(
            "; cannot be told apart from {}, done in the same minutes",
            beside.join(" and ")
        ));
    }
    Assessment { verdict, applied: trial.applied, ramp: trial.ramp, signals, guards, beside, sentence }
}

impl Assessment {
    /// Guard signals that got worse.
    pub fn worsened(&self) -> impl Iterator<Item = &Effect> {
        self.guards.iter().filter(|guard| guard.verdict == EffectVerdict::Worse)
    }
}

/// A signal that got worse is never outvoted; otherwise one that got better decides.
fn overall(signals: &[Effect]) -> EffectVerdict {
    use EffectVerdict::{Better, NoChange, NotEnoughData, TooEarly, Worse};
    [Worse, Better, NoChange, TooEarly]
        .into_iter()
        .find(|verdict| signals.iter().any(|signal| signal.verdict == *verdict))
        .unwrap_or(NotEnoughData)
}

fn effect(signal: &Signal, trial: &Trial) -> Effect {
    let applied = trial.applied;
    let start = applied + trial.ramp;
    let length = Nanos((trial.until - start).0.min(LONGEST.0));
    let shown = Window { from: applied - length.max(SHORTEST), to: trial.until.max(applied) };
    let bin = if signal.is_count { Bin::RateAMinute } else { Bin::Median };
    let course =
        bins(&signal.samples, shown, COURSE, bin).into_iter().map(|bin| bin.1.map(rounded)).collect();
    let nothing = |verdict, sentence: String| Effect {
        name: signal.name.clone(),
        unit: signal.unit.clone(),
        verdict,
        before: None,
        after: None,
        began_before: false,
        relapsed: false,
        sentence,
        course,
        from: shown.from,
        to: shown.to,
    };
    if length < SHORTEST {
        return nothing(
            EffectVerdict::TooEarly,
            format!("too early: can be measured in {}", Nanos(SHORTEST.0 - length.0)),
        );
    }
    let bad_for = trial.since.filter(|since| *since < applied).map(|since| applied - since);
    let length = bad_for.map_or(length, |bad_for| length.min(bad_for));
    if length < SHORTEST {
        return nothing(
            EffectVerdict::NotEnoughData,
            format!("not enough data: the impact had begun only {length} before, too short to compare with"),
        );
    }
    let before = reading(signal, Window { from: applied - length, to: applied });
    let after = reading(signal, Window { from: start, to: start + length });
    let (Some((before, trend)), Some((after, _))) = (before, after) else {
        return nothing(
            EffectVerdict::NotEnoughData,
            format!("not enough data: fewer than {FEWEST} samples in {length} on one side"),
        );
    };
    let judged = judge(signal, trial, before, trend, after);
    let unit = if signal.unit.is_empty() { String::new() } else { format!(" {}", signal.unit) };
    let mut sentence = format!(
        "{}: median {} ± {}{unit} before, {} ± {}{unit} after, over {length} each",
        judged.verdict,
        number(before.median),
        number(before.spread),
        number(after.median),
        number(after.spread),
    );
    if judged.began_before {
        sentence.push_str("; it was recovering before the measure could act, so this is not credited to it");
    }
    if judged.relapsed {
        sentence.push_str("; it is as bad as before again");
    }
    Effect {
        verdict: judged.verdict,
        began_before: judged.began_before,
        relapsed: judged.relapsed,
        before: Some(before),
        after: Some(after),
        ..nothing(judged.verdict, sentence)
    }
}

struct Judged {
    verdict: EffectVerdict,
    began_before: bool,
    relapsed: bool,
}

fn judge(signal: &Signal, trial: &Trial, before: Reading, trend: f64, after: Reading) -> Judged {
    let threshold =
        |from: f64| (2.0 * before.spread.max(after.spread)).max(from.abs() * 0.1).max(f64::EPSILON);
    let good = if signal.more_is_worse { -1.0 } else { 1.0 };
    let gain = (after.median - before.median) * good;
    // Where the way would have led, had nothing been done: to the middle of the window after.
    let ahead = (after.window.from - before.window.from).as_seconds();
    let expected = before.median + trend * ahead;
    let trend_gain = (expected - before.median) * good;
    let was_recovering = trend_gain > before.median.abs() * 0.1 && trend_gain > before.spread;
    let over_expected = (after.median - expected) * good;
    let is_gain = gain > threshold(before.median);
    let began_before = was_recovering
        && gain > before.median.abs() * 0.1
        && over_expected <= (2.0 * before.spread.max(after.spread)).max(before.median.abs() * 0.1);
    let verdict = if gain < -threshold(before.median) {
        EffectVerdict::Worse
    } else if is_gain && !began_before {
        EffectVerdict::Better
    } else {
        EffectVerdict::NoChange
    };
    let last = Window { from: trial.until - SHORTEST, to: trial.until + Nanos(1) };
    let relapsed = verdict == EffectVerdict::Better
        && last.from >= after.window.to
        && reading(signal, last)
            .is_some_and(|(last, _)| (last.median - before.median) * good < threshold(before.median) / 2.0);
    Judged { verdict, began_before, relapsed }
}

/// The reading of a window, and the slope of the signal in it, in values a second.
fn reading(signal: &Signal, window: Window) -> Option<(Reading, f64)> {
    let inside = signal.samples.iter().filter(|sample| window.contains(sample.time));
    let samples = inside.filter(|sample| sample.value.is_finite()).count();
    let (count, bin) = if signal.is_count { (COUNT_BINS, Bin::RateAMinute) } else { (BINS, Bin::Median) };
    let points: Vec<(f64, f64)> = bins(&signal.samples, window, count, bin)
        .into_iter()
        .filter_map(|(time, value)| Some(((time - window.from).as_seconds(), value?)))
        .collect();
    if samples < FEWEST || points.len() < FEWEST {
        return None;
    }
    let values: Vec<f64> = points.iter().map(|point| point.1).collect();
    let middle = median(values.clone())?;
    let slope = slope(&points);
    // What a trend explains is no spread.
    let centre = median(points.iter().map(|point| point.0).collect())?;
    let residuals: Vec<f64> = points.iter().map(|(x, y)| y - slope * (x - centre)).collect();
    let around = median(residuals.clone())?;
    let spread = spread(&residuals, around);
    Some((Reading { window, median: rounded(middle), spread: rounded(spread), samples }, slope))
}

fn number(value: f64) -> String {
    match value.abs() {
        0.0 => "0".to_owned(),
        ..0.01 => format!("{value:.4}"),
        ..10.0 => format!("{value:.2}"),
        _ => format!("{value:.0}"),
    }
}
