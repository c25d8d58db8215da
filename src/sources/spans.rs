//! Spans among documents: which fields hold what, in the spellings of those who store spans as rows. Pure.

use crate::ingest::{Record, trace_text};
use crate::telemetry::{EventKind, Identifier, IdentifierClass, Nanos, Severity, SpanInfo, SpanKind, Time};

const TRACE: [&str; 6] = ["trace.id", "trace_id", "traceId", "TraceId", "traceID", "dd.trace_id"];
const SPAN: [&str; 7] = ["span.id", "transaction.id", "span_id", "spanId", "SpanId", "spanID", "id"];
const PARENT: [&str; 6] =
    ["parent.id", "parent_span_id", "parentSpanId", "ParentSpanId", "parentSpanID", "parent_id"];
const NAME: [&str; 8] = [
    "span.name",
    "transaction.name",
    "SpanName",
    "operationName",
    "resource_name",
    "operation_name",
    "name",
    "span_name",
];
const SERVICE: [&str; 7] = [
    "service.name",
    "serviceName",
    "ServiceName",
    "resource.attributes.service.name",
    "resource.attributes.service@name",
    "process.serviceName",
    "service",
];
const KIND: [&str; 5] = ["span.kind", "kind", "SpanKind", "transaction.type", "span_kind"];

/// The span that a document is, if it is one; `fields` stay as its attributes.
pub(super) fn span(fields: &[(String, String)], time: Option<Time>) -> Option<Record> {
    let field = |names: &[&str]| {
        names.iter().find_map(|name| {
            fields
                .iter()
                .find(|(field, value)| field == name && !value.is_empty())
                .map(|(_, value)| value.as_str())
        })
    };
    let trace = trace_text(field(&TRACE)?)?;
    // A log record may name its trace and span too: what lasts, and has a name of its own, is a span.
    let duration = duration(fields)?;
    let (id, name) = (field(&SPAN).and_then(id_of)?, field(&NAME)?);
    let time = time.or_else(|| {
        let micros = field(&["timestamp.us", "startTime"])?.parse::<i64>().ok()?;
        Some(Time(micros.saturating_mul(1_000)))
    });
    let parent = field(&PARENT).and_then(id_of).unwrap_or_else(|| reference(fields));
    let failed = failed(fields);
    Some(Record {
        time,
        system: field(&SERVICE).map(str::to_owned),
        place: None,
        kind: Some(EventKind::Span),
        severity: if failed { Severity::ERROR } else { Severity::INFO },
        operation: Some(name.to_owned()),
        message: match field(&[
            "status.message",
            "StatusMessage",
            "error.message",
            "error.msg",
            "exception.message",
        ]) {
            Some(said) if failed => format!("{name}: {said}"),
            _ => name.to_owned(),
        },
        duration: Some(duration),
        fields: Vec::new(),
        identifiers: vec![Identifier { class: IdentifierClass::Trace, value: trace }],
        span: Some(SpanInfo { id, parent, kind: field(&KIND).map_or(SpanKind::Unset, kind_of), failed }),
        url: String::new(),
    })
}

fn duration(fields: &[(String, String)]) -> Option<Nanos> {
    let units = [
        ("span.duration.us", 1_000),
        ("transaction.duration.us", 1_000),
        ("duration.ms", 1_000_000),
        ("durationInNanos", 1),
        ("Duration", 1),
        ("duration_nano", 1),
        ("duration_ns", 1),
        // OpenTelemetry's own index counts nanoseconds, Jaeger's microseconds.
        ("duration", if fields.iter().any(|(name, _)| name == "traceID") { 1_000 } else { 1 }),
    ];
    let number = units.iter().find_map(|(name, unit)| {
        let (_, text) = fields.iter().find(|(field, _)| field == name)?;
        Some(text.parse::<f64>().ok()? * f64::from(*unit))
    });
    if let Some(nanos) = number {
        return (nanos.is_finite() && nanos >= 0.0).then_some(Nanos(nanos as i64));
    }
    let end =
        ["end_timestamp", "endTime"].iter().find_map(|name| fields.iter().find(|(field, _)| field == name));
    let start = ["start_timestamp", "startTime"]
        .iter()
        .find_map(|name| fields.iter().find(|(field, _)| field == name));
    Some(Time::parse(&end?.1)? - Time::parse(&start?.1)?)
}

/// Whether a span says that it failed.
fn failed(fields: &[(String, String)]) -> bool {
    fields.iter().any(|(name, value)| match name.as_str() {
        "event.outcome" => value == "failure",
        "status.code" | "StatusCode" | "status_code" | "status" => {
            let word = value.to_ascii_lowercase();
            word == "2" || word.ends_with("error")
        }
        "error.message" => !value.is_empty(),
        "error" | "tags.error" | "tag.error" => !matches!(value.as_str(), "false" | "0" | ""),
        _ => false,
    })
}

/// A span's number, in hex, base64 or, as Datadog has it, in decimal.
pub(super) fn id_of(text: &str) -> Option<u64> {
    let text = text.trim();
    let number = match text.len() {
        1..=16 if text.bytes().all(|byte| byte.is_ascii_hexdigit()) => u64::from_str_radix(text, 16).ok(),
        17..=20 => text.parse().ok(),
        12 => trace_text(text).and_then(|hex| u64::from_str_radix(&hex[16..], 16).ok()),
        _ => None,
    };
    number.filter(|id| *id != 0)
}

/// Jaeger's rows name the parent among references.
fn reference(fields: &[(String, String)]) -> u64 {
    let text = fields.iter().find(|(name, _)| name == "references").map_or("", |(_, text)| text.as_str());
    let at = text.find("\"spanID\":\"").map(|at| at + 10);
    at.and_then(|at| id_of(text[at..].split('"').next()?)).unwrap_or(0)
}

/// The kind of a span, by its word or number.
pub(super) fn kind_of(word: &str) -> SpanKind {
    let word = word.trim_start_matches("SPAN_KIND_").to_ascii_lowercase();
    match word.as_str() {
        "server" | "2" | "request" | "web" => SpanKind::Server,
        "client" | "3" | "http" | "db" | "cache" => SpanKind::Client,
        "producer" | "4" => SpanKind::Producer,
        "consumer" | "5" | "messaging" => SpanKind::Consumer,
        "internal" | "1" | "custom" | "app" => SpanKind::Internal,
        _ => SpanKind::Unset,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::flatten;

    const KNOWN: Time = Time(1_773_480_413_589_000_000);

    fn read(value: serde_json::Value) -> Record {
        span(&flatten(&value), Some(KNOWN)).unwrap_or_else(|| panic!("no span: {value}"))
    }

    #[test]
    fn spans_are_told_in_every_spelling_of_those_who_store_them_as_rows() {
        let trace = "7c1f0a9be2d34c58a1b6e0f2934d5a77";
        for value in [
            serde_json::json!({"trace": {"id": trace}, "span": {"id": "9f3c2b1a0d4e5f67", "name": "POST /orders", "duration": {"us": 1_811_000}},
                "parent": {"id": "1122334455667788"}, "service": {"name": "orders-api"}, "event": {"outcome": "failure"}}),
            serde_json::json!({"traceId": trace, "spanId": "9f3c2b1a0d4e5f67", "parentSpanId": "1122334455667788", "name": "POST /orders",
                "serviceName": "orders-api", "durationInNanos": 1_811_000_000, "status": {"code": 2}, "kind": "SPAN_KIND_SERVER"}),
            serde_json::json!({"TraceId": trace, "SpanId": "9f3c2b1a0d4e5f67", "ParentSpanId": "1122334455667788", "SpanName": "POST /orders",
                "ServiceName": "orders-api", "Duration": "1811000000", "StatusCode": "STATUS_CODE_ERROR", "SpanKind": "SPAN_KIND_SERVER"}),
            serde_json::json!({"traceID": trace, "spanID": "9f3c2b1a0d4e5f67", "operationName": "POST /orders", "duration": 1_811_000,
                "process": {"serviceName": "orders-api"}, "references": [{"refType": "CHILD_OF", "spanID": "1122334455667788"}], "tag": {"error": true}}),
        ] {
            let span = read(value);
            assert_eq!(
                (span.system.as_deref(), span.operation.as_deref()),
                (Some("orders-api"), Some("POST /orders"))
            );
            assert_eq!(span.duration, Some(Nanos::millis(1_811)));
            let info = span.span.unwrap();
            assert_eq!(
                (info.id, info.parent, info.failed),
                (0x9f3c_2b1a_0d4e_5f67, 0x1122_3344_5566_7788, true)
            );
        }
    }

    #[test]
    fn a_log_record_that_names_its_span_is_no_span() {
        let log = serde_json::json!({"message": "failed", "trace": {"id": "7c1f0a9be2d34c58a1b6e0f2934d5a77"}, "span": {"id": "9f3c2b1a0d4e5f67"}});
        assert!(span(&flatten(&log), Some(KNOWN)).is_none());
        let timed = serde_json::json!({"message": "done", "name": "x", "duration": 7, "trace_id": "00000000000000000000000000000000", "span_id": "1"});
        assert!(span(&flatten(&timed), Some(KNOWN)).is_none(), "a trace of zeros is none");
    }
}
