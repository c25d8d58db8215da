//! OTLP/JSON lines, as the OpenTelemetry collector's file exporter writes them: traces, logs and metrics, many to a line.
//!
//! Lenient where exporters differ: identifiers in hex or base64, enums by number or name, 64-bit numbers as text or number.

mod spans;

pub(in crate::ingest) use spans::Spans;

use super::Sample;
use crate::ingest::identify::{hex64, hex128};
use crate::telemetry::{Exemplar, Sample as MetricSample, Series, Severity, SpanKind, Time};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// Whether a stream is OTLP/JSON.
pub(in crate::ingest) fn fits(sample: &Sample) -> bool {
    sample.share(|line| {
        let near = &line[..line.len().min(40)];
        line.first() == Some(&b'{')
            && [
                b"\"resourceSpans\"".as_slice(),
                b"\"resourceLogs\"",
                b"\"resourceMetrics\"",
                b"\"resource_spans\"",
            ]
            .iter()
            .any(|key| memchr::memmem::find(near, key).is_some())
    }) > 0.5
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::ingest) struct Export<'a> {
    #[serde(borrow, default, alias = "batches", alias = "resource_spans")]
    pub resource_spans: Vec<ResourceSpans<'a>>,
    #[serde(borrow, default)]
    pub resource_logs: Vec<ResourceLogs<'a>>,
    #[serde(borrow, default)]
    pub resource_metrics: Vec<ResourceMetrics<'a>>,
}

#[derive(Default, Deserialize)]
pub(in crate::ingest) struct Resource<'a> {
    #[serde(borrow, default)]
    pub attributes: Vec<Attribute<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::ingest) struct ResourceSpans<'a> {
    #[serde(borrow, default)]
    pub resource: Resource<'a>,
    #[serde(borrow, default, alias = "instrumentationLibrarySpans")]
    pub scope_spans: Vec<ScopeSpans<'a>>,
}

#[derive(Deserialize)]
pub(in crate::ingest) struct ScopeSpans<'a> {
    #[serde(borrow, default)]
    pub spans: Vec<Span<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::ingest) struct Span<'a> {
    #[serde(borrow, default)]
    pub trace_id: Cow<'a, str>,
    #[serde(borrow, default)]
    pub span_id: Cow<'a, str>,
    #[serde(borrow, default)]
    pub parent_span_id: Cow<'a, str>,
    #[serde(borrow, default)]
    pub name: Cow<'a, str>,
    #[serde(borrow, default)]
    pub kind: Option<&'a RawValue>,
    #[serde(borrow)]
    pub start_time_unix_nano: &'a RawValue,
    #[serde(borrow, default)]
    pub end_time_unix_nano: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub attributes: Vec<Attribute<'a>>,
    #[serde(borrow, default)]
    pub events: Vec<SpanEvent<'a>>,
    #[serde(borrow, default)]
    pub links: Vec<Link<'a>>,
    #[serde(borrow, default)]
    pub status: Status<'a>,
}

impl Span<'_> {
    /// The trace that it links to, if to one alone; 0 for none. Several are a batch, whose traces are apart.
    pub fn linked(&self) -> u128 {
        match &self.links[..] {
            [link] => trace_id(&link.trace_id),
            _ => 0,
        }
    }
}

/// A span elsewhere that this one follows from, such as the one that sent the message that it handles.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::ingest) struct Link<'a> {
    #[serde(borrow, default)]
    pub trace_id: Cow<'a, str>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::ingest) struct SpanEvent<'a> {
    #[serde(borrow, default)]
    pub name: Cow<'a, str>,
    #[serde(borrow, default)]
    pub attributes: Vec<Attribute<'a>>,
}

#[derive(Default, Deserialize)]
pub(in crate::ingest) struct Status<'a> {
    #[serde(borrow, default)]
    pub code: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub message: Cow<'a, str>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::ingest) struct ResourceLogs<'a> {
    #[serde(borrow, default)]
    pub resource: Resource<'a>,
    #[serde(borrow, default, alias = "instrumentationLibraryLogs")]
    pub scope_logs: Vec<ScopeLogs<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::ingest) struct ScopeLogs<'a> {
    #[serde(borrow, default, alias = "logs")]
    pub log_records: Vec<LogRecord<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::ingest) struct LogRecord<'a> {
    #[serde(borrow, default)]
    pub time_unix_nano: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub observed_time_unix_nano: Option<&'a RawValue>,
    #[serde(default)]
    pub severity_number: Option<serde_json::Value>,
    #[serde(borrow, default)]
    pub severity_text: Cow<'a, str>,
    #[serde(borrow, default)]
    pub body: Option<AnyValue<'a>>,
    #[serde(borrow, default)]
    pub attributes: Vec<Attribute<'a>>,
    #[serde(borrow, default)]
    pub trace_id: Cow<'a, str>,
    #[serde(borrow, default)]
    pub span_id: Cow<'a, str>,
}

#[derive(Deserialize)]
pub(in crate::ingest) struct Attribute<'a> {
    #[serde(borrow)]
    pub key: Cow<'a, str>,
    #[serde(borrow, default)]
    pub value: AnyValue<'a>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::ingest) struct AnyValue<'a> {
    #[serde(borrow, default)]
    pub string_value: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub int_value: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub double_value: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub bool_value: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub array_value: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub kvlist_value: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::ingest) struct ResourceMetrics<'a> {
    #[serde(borrow, default)]
    pub resource: Resource<'a>,
    #[serde(borrow, default)]
    pub scope_metrics: Vec<ScopeMetrics<'a>>,
}

#[derive(Deserialize)]
pub(in crate::ingest) struct ScopeMetrics<'a> {
    #[serde(borrow, default)]
    pub metrics: Vec<Metric<'a>>,
}

#[derive(Deserialize)]
pub(in crate::ingest) struct Metric<'a> {
    #[serde(borrow, default)]
    pub name: Cow<'a, str>,
    #[serde(borrow, default)]
    pub unit: Cow<'a, str>,
    #[serde(borrow, default)]
    pub gauge: Option<Points<'a>>,
    #[serde(borrow, default)]
    pub sum: Option<Points<'a>>,
    #[serde(borrow, default)]
    pub histogram: Option<Points<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::ingest) struct Points<'a> {
    #[serde(borrow, default)]
    pub data_points: Vec<Point<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::ingest) struct Point<'a> {
    #[serde(borrow)]
    pub time_unix_nano: &'a RawValue,
    #[serde(borrow, default)]
    pub attributes: Vec<Attribute<'a>>,
    #[serde(borrow, default)]
    pub as_double: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub as_int: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub count: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub sum: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub exemplars: Vec<PointExemplar<'a>>,
}

/// A measurement of a point, and the trace that it was made in.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::ingest) struct PointExemplar<'a> {
    #[serde(borrow)]
    pub time_unix_nano: &'a RawValue,
    #[serde(borrow, default)]
    pub as_double: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub as_int: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub trace_id: Cow<'a, str>,
}

impl PointExemplar<'_> {
    /// `None` for one that names no trace.
    fn exemplar(&self) -> Option<Exemplar> {
        let value = bare(self.as_double.or(self.as_int)?).parse().ok()?;
        let trace = Some(trace_id(&self.trace_id)).filter(|trace| *trace != 0)?;
        Some(Exemplar { time: time(self.time_unix_nano)?, value, trace: format!("{trace:032x}") })
    }
}

impl AnyValue<'_> {
    pub(in crate::ingest) fn text(&self) -> Cow<'_, str> {
        if let Some(text) = &self.string_value {
            return Cow::Borrowed(text);
        }
        [self.int_value, self.double_value, self.bool_value, self.array_value, self.kvlist_value]
            .into_iter()
            .flatten()
            .next()
            .map_or(Cow::Borrowed(""), |raw| Cow::Borrowed(bare(raw)))
    }
}

impl Resource<'_> {
    pub(in crate::ingest) fn system(&self) -> Option<Cow<'_, str>> {
        self.attributes
            .iter()
            .find(|attribute| attribute.key == "service.name")
            .map(|attribute| attribute.value.text())
            .filter(|name| !name.is_empty())
    }
}

fn bare(raw: &RawValue) -> &str {
    raw.get().trim_matches('"')
}

pub(in crate::ingest) fn time(raw: &RawValue) -> Option<Time> {
    time_of(bare(raw))
}

pub(in crate::ingest) fn time_of(text: &str) -> Option<Time> {
    text.parse().ok().map(Time).filter(|time| time.0 != 0)
}

/// A span identifier in hex or base64.
pub(in crate::ingest) fn span_id(text: &str) -> u64 {
    use base64::Engine;
    match text.len() {
        0 => 0,
        16 => hex64(text.as_bytes()).unwrap_or(0),
        _ => base64::engine::general_purpose::STANDARD
            .decode(text)
            .ok()
            .and_then(|bytes| Some(u64::from_be_bytes(bytes.try_into().ok()?)))
            .unwrap_or(0),
    }
}

/// A trace identifier in hex or base64; 0 for none.
pub(in crate::ingest) fn trace_id(text: &str) -> u128 {
    use base64::Engine;
    match text.len() {
        0 => 0,
        32 => hex128(text.as_bytes()).map_or(0, |(key, _)| key),
        16 => hex64(text.as_bytes()).map_or(0, u128::from),
        _ => base64::engine::general_purpose::STANDARD
            .decode(text)
            .ok()
            .and_then(|bytes| Some(u128::from_be_bytes(bytes.try_into().ok()?)))
            .unwrap_or(0),
    }
}

pub(in crate::ingest) fn kind(raw: Option<&RawValue>) -> SpanKind {
    kind_of(raw.map_or("", bare))
}

pub(in crate::ingest) fn kind_of(text: &str) -> SpanKind {
    match text {
        "1" | "SPAN_KIND_INTERNAL" => SpanKind::Internal,
        "2" | "SPAN_KIND_SERVER" => SpanKind::Server,
        "3" | "SPAN_KIND_CLIENT" => SpanKind::Client,
        "4" | "SPAN_KIND_PRODUCER" => SpanKind::Producer,
        "5" | "SPAN_KIND_CONSUMER" => SpanKind::Consumer,
        _ => SpanKind::Unset,
    }
}

/// Whether a status code, by number or name, is that of a failure.
pub(in crate::ingest) fn is_error(code: &str) -> bool {
    matches!(code, "2" | "STATUS_CODE_ERROR")
}

impl Status<'_> {
    pub(in crate::ingest) fn is_error(&self) -> bool {
        is_error(self.code.map_or("", bare))
    }
}

impl LogRecord<'_> {
    pub(in crate::ingest) fn time(&self) -> Option<Time> {
        self.time_unix_nano.and_then(time).or_else(|| self.observed_time_unix_nano.and_then(time))
    }

    pub(in crate::ingest) fn severity(&self) -> Severity {
        let number = self.severity_number.as_ref().and_then(|value| match value {
            serde_json::Value::String(text) => text.parse().ok(),
            other => other.as_u64(),
        });
        match number {
            Some(number @ 1..=24) => Severity(number as u8),
            _ => Severity::from_word(self.severity_text.as_bytes()),
        }
    }
}

/// The samples of a line's metrics; histograms as count and sum.
pub(in crate::ingest) fn series(export: &Export, source: &str) -> Vec<Series> {
    let mut all: Vec<Series> = Vec::new();
    for resource in &export.resource_metrics {
        let system = resource.resource.system().map_or_else(String::new, Cow::into_owned);
        for metric in resource.scope_metrics.iter().flat_map(|scope| &scope.metrics) {
            let points = [&metric.gauge, &metric.sum, &metric.histogram]
                .into_iter()
                .flatten()
                .flat_map(|points| &points.data_points);
            for point in points {
                let Some(time) = time(point.time_unix_nano) else { continue };
                let mut labels: Vec<(String, String)> = point
                    .attributes
                    .iter()
                    .map(|a| (a.key.to_string(), a.value.text().into_owned()))
                    .collect();
                labels.sort();
                let values = [
                    ("", point.as_double.or(point.as_int)),
                    (".count", point.count),
                    (".sum", point.sum.filter(|_| point.count.is_some())),
                ];
                for (suffix, raw) in values {
                    let Some(value) = raw.and_then(|raw| bare(raw).parse().ok()) else { continue };
                    let one = Series {
                        system: system.clone(),
                        metric: format!("{}{suffix}", metric.name),
                        unit: metric.unit.to_string(),
                        labels: labels.clone(),
                        samples: vec![MetricSample { time, value }],
                        exemplars: point.exemplars.iter().filter_map(PointExemplar::exemplar).collect(),
                        source: source.to_owned(),
                    };
                    match all.iter_mut().find(|known| known.is_same_as(&one)) {
                        Some(known) => known.merge(one),
                        None => all.push(one),
                    }
                }
            }
        }
    }
    all
}
