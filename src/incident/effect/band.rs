//! When a signal was back where it belongs: the end of the impact is read from the signal, not from a button.

use super::Signal;
use crate::incident::robust::{Bin, bins, median, spread};
use crate::telemetry::{Nanos, Time, Window};

/// How long a signal must stay in its band to count as back.
const STAYS: Nanos = Nanos::seconds(180);
/// Bins of the time before; as wide are those that are compared with.
pub(in crate::incident) const STEP: Nanos = Nanos::seconds(30);

/// When a signal returned to the band it had in `usual`, and has stayed there until `now`.
///
/// `None` while it is out of it, has not been back for three minutes, was never out, or nothing is known of before.
pub fn returned_to_band(signal: &Signal, usual: Window, since: Time, now: Time) -> Option<Time> {
    let bin = if signal.is_count { Bin::RateAMinute } else { Bin::Median };
    let steps = |window: Window| {
        let count = (window.length().0 / STEP.0).clamp(1, 2_000) as usize;
        bins(&signal.samples, window, count, bin)
    };
    let values: Vec<f64> = steps(usual).into_iter().filter_map(|step| step.1).collect();
    if values.len() < 4 {
        return None;
    }
    let middle = median(values.clone())?;
    let margin = (3.0 * spread(&values, middle)).max(middle.abs() * 0.1).max(worst(&values, middle, signal));
    let is_bad =
        |value: f64| if signal.more_is_worse { value > middle + margin } else { value < middle - margin };
    let course: Vec<(Time, f64)> = steps(Window { from: since, to: now })
        .into_iter()
        .filter_map(|(time, value)| Some((time, value?)))
        .collect();
    // A single step out of band is noise, two in a row are not.
    let last_bad =
        course.windows(2).rposition(|pair| is_bad(pair[0].1) && is_bad(pair[1].1)).map(|place| place + 1)?;
    let back = course.get(last_bad + 1)?.0 - Nanos(STEP.0 / 2);
    (now - back >= STAYS).then_some(back)
}

/// How far off the usual was while all was well, on the bad side.
fn worst(values: &[f64], middle: f64, signal: &Signal) -> f64 {
    let off = values.iter().map(|value| if signal.more_is_worse { value - middle } else { middle - value });
    let mut off: Vec<f64> = off.collect();
    off.sort_by(f64::total_cmp);
    // The ninety-fifth of a hundred, so that one bad minute before does not hide the incident.
    off.get((off.len() * 95 / 100).min(off.len().saturating_sub(1))).copied().unwrap_or(0.0).max(0.0)
}
