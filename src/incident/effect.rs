//! Whether a mitigation helped, measured: equal windows before and after, robust, the ramp left out.

use crate::telemetry::{Nanos, Sample, Time, Window};

/// The verdict on one signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::Display)]
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

/// Median and spread (median absolute deviation, scaled to a standard deviation) of a window.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reading {
    pub window: Window,
    pub median: f64,
    pub spread: f64,
    pub samples: usize,
}

/// What became of one signal.
#[derive(Clone, Debug, PartialEq)]
pub struct Effect {
    pub verdict: EffectVerdict,
    pub before: Option<Reading>,
    pub after: Option<Reading>,
    /// The signal was getting better before the measure could act: it is not credited.
    pub began_before: bool,
    pub sentence: String,
}

/// Time that a measure gets to act before its effect is measured.
const RAMP: Nanos = Nanos::seconds(60);
/// The shortest and longest window; equal before and after.
const SHORTEST: Nanos = Nanos::seconds(120);
const LONGEST: Nanos = Nanos::seconds(900);
const FEWEST: usize = 4;

/// Measures a signal around `applied`. `more_is_worse` tells which way is bad.
///
/// Both windows are as long as the time since the ramp, at most 15 minutes. A change counts when the medians differ by more
/// than twice the larger spread and by a tenth of the value before.
pub fn measure(samples: &[Sample], applied: Time, now: Time, more_is_worse: bool) -> Effect {
    let start = applied + RAMP;
    let length = Nanos((now - start).0.min(LONGEST.0));
    let nothing = |verdict, sentence: String| Effect {
        verdict,
        before: None,
        after: None,
        began_before: false,
        sentence,
    };
    if length < SHORTEST {
        let left = SHORTEST.0 - length.0;
        return nothing(EffectVerdict::TooEarly, format!("too early: measured in {}", Nanos(left)));
    }
    let before = reading(samples, Window { from: applied - length, to: applied });
    let after = reading(samples, Window { from: now - length, to: now + Nanos(1) });
    let (Some(before), Some(after)) = (before, after) else {
        return nothing(
            EffectVerdict::NotEnoughData,
            format!("not enough data: fewer than {FEWEST} samples on one side"),
        );
    };
    let difference = after.median - before.median;
    let threshold = (2.0 * before.spread.max(after.spread)).max(before.median.abs() * 0.1).max(f64::EPSILON);
    let is_changed = difference.abs() > threshold;
    let is_better = (difference < 0.0) == more_is_worse;
    // A trend makes the window before spread wide, so this is asked of any real difference, not only of a clear one.
    let is_real = difference.abs() > before.median.abs() * 0.1;
    let began_before = is_real && is_better && trend_began_before(samples, applied, length, before, after);
    let verdict = match (is_changed, is_better) {
        (false, _) => EffectVerdict::NoChange,
        (true, true) if began_before => EffectVerdict::NoChange,
        (true, true) => EffectVerdict::Better,
        (true, false) => EffectVerdict::Worse,
    };
    let mut sentence = format!(
        "{verdict}: median {} ± {} before, {} ± {} after, over {} each",
        number(before.median),
        number(before.spread),
        number(after.median),
        number(after.spread),
        length
    );
    if began_before {
        sentence.push_str("; it was recovering before the measure could act, so this is not credited to it");
    }
    Effect { verdict, before: Some(before), after: Some(after), began_before, sentence }
}

/// Whether at least half of the way was gone by the time the measure could act.
fn trend_began_before(
    samples: &[Sample],
    applied: Time,
    length: Nanos,
    before: Reading,
    after: Reading,
) -> bool {
    let quarter = Nanos(length.0 / 4);
    let last = reading(samples, Window { from: applied - quarter, to: applied + Nanos(1) });
    let first = reading(samples, Window { from: applied - length, to: applied - Nanos(length.0 / 2) });
    let (Some(first), Some(last)) = (first, last) else { return false };
    let way = after.median - first.median;
    way.abs() > f64::EPSILON && (last.median - first.median) / way > 0.5 && before.samples >= FEWEST
}

fn reading(samples: &[Sample], window: Window) -> Option<Reading> {
    let values: Vec<f64> =
        samples.iter().filter(|sample| window.contains(sample.time)).map(|sample| sample.value).collect();
    if values.len() < FEWEST {
        return None;
    }
    let middle = median(values.clone());
    let spread = 1.4826 * median(values.iter().map(|value| (value - middle).abs()).collect());
    Some(Reading { window, median: middle, spread, samples: values.len() })
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let half = values.len() / 2;
    if values.len() % 2 == 1 { values[half] } else { f64::midpoint(values[half - 1], values[half]) }
}

fn number(value: f64) -> String {
    match value.abs() {
        0.0 => "0".to_owned(),
        ..0.01 => format!("{value:.4}"),
        ..10.0 => format!("{value:.2}"),
        ..1000.0 => format!("{value:.0}"),
        _ => format!("{value:.0}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const APPLIED: Time = Time::from_seconds(10_000);

    fn signal(value: impl Fn(i64) -> f64) -> Vec<Sample> {
        (9_000..11_000)
            .step_by(15)
            .map(|second| Sample { time: Time::from_seconds(second), value: value(second) })
            .collect()
    }

    fn verdict(samples: &[Sample], after: i64) -> EffectVerdict {
        measure(samples, APPLIED, APPLIED + Nanos::seconds(after), true).verdict
    }

    fn noise(second: i64) -> f64 {
        (second * 7_919 % 13) as f64 / 13.0
    }

    #[test]
    fn a_drop_after_the_measure_is_better_and_a_rise_is_worse() {
        let drop = signal(|s| if s < 10_030 { 40.0 } else { 2.0 } + noise(s));
        assert_eq!(verdict(&drop, 600), EffectVerdict::Better);
        let rise = signal(|s| if s < 10_030 { 40.0 } else { 90.0 } + noise(s));
        assert_eq!(verdict(&rise, 600), EffectVerdict::Worse);
        let flat = signal(|s| 40.0 + noise(s));
        assert_eq!(verdict(&flat, 600), EffectVerdict::NoChange);
    }

    #[test]
    fn too_early_and_too_little_are_said() {
        let drop = signal(|s| if s < 10_030 { 40.0 } else { 2.0 });
        assert_eq!(verdict(&drop, 90), EffectVerdict::TooEarly);
        assert_eq!(verdict(&drop[..70], 600), EffectVerdict::NotEnoughData);
    }

    #[test]
    fn a_recovery_that_began_before_is_not_credited() {
        let recovering = signal(|s| (40.0 - (s - 9_400) as f64 * 0.06).clamp(2.0, 40.0) + noise(s));
        let effect = measure(&recovering, APPLIED, APPLIED + Nanos::seconds(600), true);
        assert!(effect.began_before, "{}", effect.sentence);
        assert_eq!(effect.verdict, EffectVerdict::NoChange);
    }
}
