//! Metric samples with a name, labels and a unit.

use super::{Time, Window};

/// More exemplars of one series than anybody opens.
const MOST_EXEMPLARS: usize = 1_000;

/// One value at one time. A gap has no sample; it is not zero.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    pub time: Time,
    pub value: f64,
}

/// A measurement whose trace is known.
#[derive(Clone, Debug, PartialEq)]
pub struct Exemplar {
    pub time: Time,
    pub value: f64,
    /// The trace in 32 hex digits.
    pub trace: String,
}

/// The samples of one metric of one system, oldest first.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    pub system: String,
    pub metric: String,
    /// As the source has it (`ms`, `%`, `bytes`, …); empty when unknown.
    pub unit: String,
    /// Labels that tell this series from others of the same metric, sorted by name.
    pub labels: Vec<(String, String)>,
    pub samples: Vec<Sample>,
    /// Oldest first; few have any.
    pub exemplars: Vec<Exemplar>,
    /// The source's name, or the file's path.
    pub source: String,
}

/// What a metric measures, told from unit and name; it decides which way is bad and how large a change must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, strum::IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum SeriesClass {
    /// Time taken; more is worse.
    Latency,
    /// Failures, by rate or count; more is worse.
    Errors,
    /// Share of successes; less is worse.
    Availability,
    /// Work done; a drop is bad, a surge is load.
    Throughput,
    /// Share of a resource in use, in percent or 0..1; more is worse.
    Utilisation,
    /// Work that waits: queue depth, lag, waiters; more is worse.
    Backlog,
    /// Messages given up: dead letters, discards; more is worse.
    DeadLetters,
    /// What is left of an allowance; less is worse.
    Quota,
    /// A setting or limit: any change is a finding.
    Limit,
    Other,
}

impl Series {
    pub fn within(&self, window: Window) -> &[Sample] {
        let from = self.samples.partition_point(|sample| sample.time < window.from);
        let to = self.samples.partition_point(|sample| sample.time < window.to);
        &self.samples[from..to.max(from)]
    }

    /// Whether both are pieces of one series.
    pub fn is_same_as(&self, other: &Self) -> bool {
        self.metric == other.metric
            && self.system == other.system
            && self.labels == other.labels
            && self.source == other.source
    }

    /// Takes in further samples of the same series; where both have one for an instant, the newer answer stands.
    pub fn merge(&mut self, newer: Self) {
        self.add_exemplars(newer.exemplars);
        let Some(first) = newer.samples.first().map(|sample| sample.time) else { return };
        if self.samples.last().is_none_or(|last| last.time < first) {
            self.samples.extend(newer.samples);
            return;
        }
        let mut all: std::collections::BTreeMap<Time, f64> =
            self.samples.iter().map(|sample| (sample.time, sample.value)).collect();
        all.extend(newer.samples.iter().map(|sample| (sample.time, sample.value)));
        self.samples = all.into_iter().map(|(time, value)| Sample { time, value }).collect();
    }

    /// Takes in exemplars, each once; of many the newest.
    pub fn add_exemplars(&mut self, newer: Vec<Exemplar>) {
        let known = |all: &[Exemplar], one: &Exemplar| all.iter().any(|other| other == one);
        for one in newer {
            if !known(&self.exemplars, &one) {
                let place = self.exemplars.partition_point(|other| other.time <= one.time);
                self.exemplars.insert(place, one);
            }
        }
        self.exemplars.drain(..self.exemplars.len().saturating_sub(MOST_EXEMPLARS));
    }
}
