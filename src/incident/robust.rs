//! Figures that a few wild samples cannot move: median, spread, slope; and samples put into equal bins.

use crate::telemetry::{Nanos, Sample, Time, Window};

pub(super) fn median(mut values: Vec<f64>) -> Option<f64> {
    values.retain(|value| value.is_finite());
    values.sort_by(f64::total_cmp);
    let half = values.len() / 2;
    match values.len() {
        0 => None,
        odd if odd % 2 == 1 => Some(values[half]),
        _ => Some(f64::midpoint(values[half - 1], values[half])),
    }
}

/// The median absolute deviation from `middle`, scaled to a standard deviation.
pub(super) fn spread(values: &[f64], middle: f64) -> f64 {
    median(values.iter().map(|value| (value - middle).abs()).collect()).unwrap_or(0.0) * 1.4826
}

/// The median of the slopes between all pairs of points (Theil and Sen), in values a second.
pub(super) fn slope(points: &[(f64, f64)]) -> f64 {
    let slopes = points.iter().enumerate().flat_map(|(place, one)| {
        points[place + 1..]
            .iter()
            .filter(|other| other.0 > one.0)
            .map(|other| (other.1 - one.1) / (other.0 - one.0))
    });
    median(slopes.collect()).unwrap_or(0.0)
}

/// How a bin is made of the samples in it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Bin {
    Median,
    /// Counts add up; given by the minute.
    RateAMinute,
}

/// The window in `count` equal bins; `None` where nothing was sampled. Times are the middles of the bins.
pub(super) fn bins(samples: &[Sample], window: Window, count: usize, bin: Bin) -> Vec<(Time, Option<f64>)> {
    let width = (window.length().0 / count.max(1) as i64).max(1);
    let mut held: Vec<Vec<f64>> = vec![Vec::new(); count];
    let inside = samples.iter().filter(|sample| window.contains(sample.time) && sample.value.is_finite());
    for sample in inside {
        let place = ((sample.time - window.from).0 / width) as usize;
        held[place.min(count - 1)].push(sample.value);
    }
    held.into_iter()
        .enumerate()
        .map(|(place, values)| {
            let middle = window.from + Nanos(width * place as i64 + width / 2);
            let value = match bin {
                Bin::Median => median(values),
                Bin::RateAMinute if values.is_empty() => None,
                Bin::RateAMinute => Some(values.iter().sum::<f64>() / (width as f64 / 60e9)),
            };
            (middle, value)
        })
        .collect()
}

/// Rounded to six digits: the record keeps figures, not noise, and reads the same after JSON.
pub(super) fn rounded(value: f64) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return 0.0;
    }
    let scale = 10f64.powf(5.0 - value.abs().log10().floor());
    if scale.is_finite() && scale > 0.0 { (value * scale).round() / scale } else { value }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wild_sample_moves_neither_middle_nor_slope() {
        assert_eq!(median(vec![1.0, 2.0, 3.0, f64::NAN, 1e9]), Some(2.5));
        assert_eq!(median(Vec::new()), None);
        let mut line: Vec<(f64, f64)> = (0..20).map(|x| (f64::from(x), 3.0 * f64::from(x))).collect();
        line[7].1 = -1e6;
        assert!((slope(&line) - 3.0).abs() < 1e-9);
    }

    #[test]
    fn bins_are_equal_and_say_where_nothing_was_sampled() {
        let samples: Vec<Sample> =
            (0..60).map(|second| Sample { time: Time::from_seconds(second), value: 1.0 }).collect();
        let window = Window { from: Time::from_seconds(0), to: Time::from_seconds(120) };
        let rates: Vec<_> =
            bins(&samples, window, 4, Bin::RateAMinute).into_iter().map(|bin| bin.1).collect();
        assert_eq!(rates, [Some(60.0), Some(60.0), None, None]);
    }
}
