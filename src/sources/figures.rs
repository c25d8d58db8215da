//! What adapters share that take metrics by a query of the person's: the query, whose figures they are, and one series of
//! them. Pure.

use crate::telemetry::{Batch, Sample, Series, Time, Window};
use serde::{Deserialize, Serialize};

/// A metric by its query in the backend's language.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Metric {
    pub name: String,
    pub query: String,
    #[serde(default)]
    pub unit: String,
}

/// Labels that name the system, the surest first.
const SYSTEMS: [&str; 9] = [
    "service",
    "service.name",
    "appName",
    "dt.service.name",
    "dt.entity.service",
    "kube_deployment",
    "application",
    "app",
    "host",
];

/// The samples of a metric under one set of labels.
pub(super) fn series(
    metric: &Metric,
    mut labels: Vec<(String, String)>,
    points: impl Iterator<Item = (Time, Option<f64>)>,
    window: Window,
    source: &str,
) -> Series {
    labels.sort();
    let system = SYSTEMS.iter().find_map(|name| labels.iter().find(|(label, _)| label == name));
    let system = system.map_or_else(|| "unknown".to_owned(), |(_, value)| value.clone());
    // A gap has no sample; it is not zero.
    let samples = points
        .filter(|(time, _)| window.contains(*time))
        .filter_map(|(time, value)| Some(Sample { time, value: value.filter(|value| value.is_finite())? }));
    let mut samples: Vec<Sample> = samples.collect();
    samples.sort_by_key(|sample| sample.time);
    Series {
        system,
        metric: metric.name.clone(),
        unit: metric.unit.clone(),
        labels,
        exemplars: Vec::new(),
        samples,
        source: source.to_owned(),
    }
}

/// A page of series.
pub(super) fn batch(series: Vec<Series>, reasons: Vec<String>) -> Batch {
    Batch { series, completeness: super::live::completeness(reasons), ..Batch::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_is_no_sample_and_what_lies_outside_is_left_out() {
        let metric = Metric { name: "latency".into(), query: "x".into(), unit: "ms".into() };
        let labels = vec![("region".to_owned(), "eu".to_owned()), ("app".to_owned(), "orders".to_owned())];
        let points = [(3, Some(1.5)), (1, None), (2, Some(f64::NAN)), (9, Some(7.0)), (0, Some(2.0))];
        let points = points.into_iter().map(|(time, value)| (Time(time), value));
        let found = series(&metric, labels, points, Window { from: Time(0), to: Time(9) }, "datadog");
        assert_eq!((found.system.as_str(), found.unit.as_str()), ("orders", "ms"));
        assert_eq!(
            found.samples,
            [Sample { time: Time(0), value: 2.0 }, Sample { time: Time(3), value: 1.5 }]
        );
    }
}
