//! What a Prometheus says, as telemetry. Pure; unknown fields are ignored, missing ones are no error.

use super::{Config, MetricRule};
use crate::ingest::{scrub_text, trace_text};
use crate::telemetry::{
    Batch, Completeness, Event, EventKind, Exemplar, Issue, Nanos, Sample, Series, Severity, SourceRef, Time,
    Window,
};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// An answer of the API, not yet read as anything.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Reply {
    status: String,
    data: Value,
    #[serde(rename = "errorType")]
    error_type: String,
    error: String,
    warnings: Vec<String>,
    infos: Vec<String>,
    #[serde(rename = "isPartial")]
    is_partial: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Metric {
    metric: BTreeMap<String, String>,
    values: Vec<(f64, String)>,
    value: Option<(f64, String)>,
    histograms: Vec<Value>,
}

/// What is known of a metric: its kind, unit and help.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Metadata {
    #[serde(rename = "type")]
    pub kind: String,
    pub unit: String,
}

/// The exemplars of one series as the server keeps it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Kept {
    #[serde(rename = "seriesLabels")]
    labels: BTreeMap<String, String>,
    exemplars: Vec<KeptExemplar>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct KeptExemplar {
    labels: BTreeMap<String, String>,
    value: String,
    timestamp: f64,
}

/// How the label is spelled that names the trace.
const TRACE_LABELS: [&str; 4] = ["trace_id", "traceID", "TraceID", "traceId"];

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Alert {
    labels: BTreeMap<String, String>,
    annotations: BTreeMap<String, String>,
    state: String,
    #[serde(rename = "activeAt")]
    active_at: String,
}

/// Reads the envelope; the error says what was wrong with it.
pub(super) fn reply(body: &[u8]) -> Result<Reply, String> {
    let reply: Reply = serde_json::from_slice(body).map_err(|error| match error.classify() {
        serde_json::error::Category::Eof => "it ends too early".to_owned(),
        _ => format!("it is no JSON of this API ({error})"),
    })?;
    if reply.status.is_empty() {
        return Err("it has no `status`, so something else answers here".to_owned());
    }
    Ok(reply)
}

impl Reply {
    /// Why the server refused, if it did.
    pub(super) fn error(&self) -> Option<String> {
        (self.status != "success")
            .then(|| scrub_text(&format!("{}: {}", self.error_type, self.error)).into_owned())
    }

    pub(super) fn version(&self) -> Option<String> {
        let version = self.data.get("version")?.as_str()?;
        Some(scrub_text(version).into_owned())
    }

    /// Metadata by metric; where servers disagree the first one stands.
    pub(super) fn metadata(self) -> BTreeMap<String, Metadata> {
        let all: BTreeMap<String, Vec<Metadata>> = serde_json::from_value(self.data).unwrap_or_default();
        all.into_iter().filter_map(|(name, list)| Some((name, list.into_iter().next()?))).collect()
    }

    fn completeness(&self) -> Completeness {
        let mut reasons: Vec<String> =
            self.warnings.iter().chain(&self.infos).map(|text| scrub_text(text).into_owned()).collect();
        if self.is_partial {
            reasons.push("some of the storage did not answer".to_owned());
        }
        if reasons.is_empty() { Completeness::Full } else { Completeness::Partial(reasons) }
    }

    /// The result as series of one metric.
    pub(super) fn into_series(self, rule: &MetricRule, system_labels: &[String], source: &str) -> Batch {
        let mut batch = Batch { completeness: self.completeness(), ..Batch::default() };
        let Value::Array(results) = self.data.get("result").cloned().unwrap_or_default() else {
            return batch;
        };
        for (position, result) in (0..).zip(results) {
            let mut issue = |reason: String| batch.issues.push(Issue { offset: position, line: 0, reason });
            let metric: Metric = match serde_json::from_value(result) {
                Ok(metric) => metric,
                Err(error) => {
                    issue(format!("series {position} of {}: {error}", rule.name));
                    continue;
                }
            };
            if !metric.histograms.is_empty() {
                issue(format!("{} is a native histogram: name a quantile of it", rule.name));
            }
            let values = metric.values.into_iter().chain(metric.value);
            // A gap is no sample: NaN is how Prometheus writes one.
            let samples: Vec<Sample> = values.filter_map(sample).collect();
            if samples.is_empty() {
                continue;
            }
            let (system, labels) = split(metric.metric, system_labels);
            batch.series.push(Series {
                system,
                metric: rule.name.clone(),
                unit: rule.unit.clone(),
                labels,
                exemplars: Vec::new(),
                samples,
                source: source.to_owned(),
            });
        }
        batch
    }

    /// The answer to a question for exemplars: (system, exemplar), oldest first.
    pub(super) fn into_exemplars(self, system_labels: &[String]) -> Vec<(String, Exemplar)> {
        let kept: Vec<Kept> = serde_json::from_value(self.data).unwrap_or_default();
        let mut all: Vec<(String, Exemplar)> = kept
            .into_iter()
            .flat_map(|kept| {
                let (system, _) = split(kept.labels, system_labels);
                kept.exemplars.into_iter().filter_map(move |one| Some((system.clone(), exemplar(&one)?)))
            })
            .collect();
        all.sort_by_key(|(_, one)| one.time);
        all
    }

    fn metrics(&self) -> Vec<Metric> {
        self.data.get("result").and_then(|result| Vec::deserialize(result).ok()).unwrap_or_default()
    }
}

fn sample((seconds, value): (f64, String)) -> Option<Sample> {
    let value: f64 = match value.as_str() {
        "+Inf" => f64::INFINITY,
        "-Inf" => f64::NEG_INFINITY,
        text => text.parse().ok()?,
    };
    value.is_finite().then(|| Sample { time: instant(seconds), value })
}

fn exemplar(kept: &KeptExemplar) -> Option<Exemplar> {
    let trace = trace_text(TRACE_LABELS.iter().find_map(|name| kept.labels.get(*name))?)?;
    let Sample { time, value } = sample((kept.timestamp, kept.value.clone()))?;
    Some(Exemplar { time, value, trace })
}

/// Prometheus keeps milliseconds; what a float adds to them is noise.
fn instant(seconds: f64) -> Time {
    Time::from_millis((seconds * 1e3).round() as i64)
}

/// The system by the first label that names one, and what is left to tell series apart.
fn split(mut labels: BTreeMap<String, String>, system_labels: &[String]) -> (String, Vec<(String, String)>) {
    labels.remove("__name__");
    let naming = system_labels.iter().find(|name| labels.get(*name).is_some_and(|value| !value.is_empty()));
    let system = naming.and_then(|name| labels.remove(name)).unwrap_or_else(|| "unknown".to_owned());
    let labels = labels.into_iter().filter(|(_, value)| !value.is_empty());
    (
        scrub_text(&system).into_owned(),
        labels
            .map(|(name, value)| (scrub_text(&name).into_owned(), scrub_text(&value).into_owned()))
            .collect(),
    )
}

/// Firing alerts as events: those of now with their texts, and those of the past from the series `ALERTS`.
pub(super) fn alerts(now: &Reply, history: &[Reply], window: Window, step: Nanos, config: &Config) -> Batch {
    let mut events: BTreeMap<(Time, BTreeMap<String, String>), Event> = BTreeMap::new();
    let current: Vec<Alert> =
        now.data.get("alerts").and_then(|alerts| Vec::deserialize(alerts).ok()).unwrap_or_default();
    for alert in current.iter().filter(|alert| alert.state == "firing") {
        if let Some(time) = Time::parse(&alert.active_at).filter(|time| window.contains(*time)) {
            events.insert((time, alert.labels.clone()), event(time, alert, config));
        }
    }
    let mut texts: BTreeMap<&str, &Alert> = BTreeMap::new();
    for alert in &current {
        if let Some(name) = alert.labels.get("alertname") {
            texts.entry(name).or_insert(alert);
        }
    }
    for metric in history.iter().flat_map(Reply::metrics) {
        let mut labels = metric.metric;
        labels.retain(|name, _| name != "__name__" && name != "alertstate");
        let mut last = None;
        for (seconds, _) in metric.values {
            let time = instant(seconds);
            let is_start = last.is_none_or(|last| Nanos(step.0 * 2) < time - last);
            last = Some(time);
            if !is_start || !window.contains(time) {
                continue;
            }
            // The series starts where evaluation saw it, a little after the alert's own time.
            let is_known = events.keys().any(|(known, known_labels)| {
                *known_labels == labels && (time - *known).0.unsigned_abs() <= 2 * step.0.unsigned_abs()
            });
            if !is_known {
                let annotations = labels.get("alertname").and_then(|name| texts.get(name.as_str()));
                let annotations = annotations.map(|alert| alert.annotations.clone()).unwrap_or_default();
                let alert = Alert { labels: labels.clone(), annotations, ..Alert::default() };
                events.insert((time, labels.clone()), event(time, &alert, config));
            }
        }
    }
    let completeness = history.iter().map(Reply::completeness).find(|one| *one != Completeness::Full);
    Batch {
        events: events.into_values().collect(),
        completeness: completeness.unwrap_or_else(|| now.completeness()),
        ..Batch::default()
    }
}

fn event(time: Time, alert: &Alert, config: &Config) -> Event {
    let (system, mut attributes) = split(alert.labels.clone(), &config.system_labels);
    let name = alert.labels.get("alertname").map_or("alert", String::as_str);
    let text = ["summary", "description", "message"].iter().find_map(|key| alert.annotations.get(*key));
    let body = text.map_or_else(|| name.to_owned(), |text| format!("{name}: {text}"));
    attributes.retain(|(key, _)| key != "alertname");
    let severity = match alert.labels.get("severity").map(String::as_str) {
        Some("critical" | "page" | "fatal") => Severity::FATAL,
        Some(word) => match Severity::from_word(word.as_bytes()) {
            Severity::UNSET => Severity::WARN,
            severity => severity,
        },
        None => Severity::WARN,
    };
    Event {
        time,
        system,
        kind: EventKind::Alert,
        severity,
        operation: None,
        body: scrub_text(&body).into_owned(),
        duration: None,
        attributes,
        identifiers: Vec::new(),
        span: None,
        source: SourceRef::Backend {
            backend: config.name.clone(),
            url: format!("{}/alerts", config.url.trim_end_matches('/')),
        },
    }
}
