//! The legacy JSON API of Jaeger, which VictoriaTraces speaks too. Pure.

use crate::ingest::{Reader, Record, trace_text};
use crate::sources::spans::{id_of, kind_of};
use crate::telemetry::{
    Event, EventKind, Identifier, IdentifierClass, Nanos, Severity, SpanInfo, SpanKind, Time,
};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Reply {
    data: Option<Vec<Trace>>,
    errors: Option<Vec<Problem>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Problem {
    code: i64,
    msg: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Trace {
    spans: Vec<Span>,
    /// Named only within this trace.
    processes: BTreeMap<String, Process>,
    warnings: Option<Vec<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Process {
    service_name: String,
    tags: Vec<Tag>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Span {
    #[serde(rename = "traceID")]
    trace_id: String,
    #[serde(rename = "spanID")]
    span_id: String,
    operation_name: String,
    references: Vec<Reference>,
    /// Deprecated, and all that some look-alikes send.
    #[serde(rename = "parentSpanID")]
    parent: String,
    start_time: i64,
    duration: i64,
    tags: Vec<Tag>,
    logs: Vec<Log>,
    #[serde(rename = "processID")]
    process_id: String,
    process: Option<Process>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Reference {
    #[serde(rename = "traceID")]
    trace_id: String,
    #[serde(rename = "spanID")]
    span_id: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Tag {
    key: String,
    value: Value,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Log {
    fields: Vec<Tag>,
}

impl Tag {
    fn text(&self) -> String {
        match &self.value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        }
    }
}

impl Reply {
    /// The spans, and what the answer lacks; `None` if it is no answer of this API.
    pub(super) fn events(self, reader: &Reader, endpoint: &str) -> Option<(Vec<Event>, Vec<String>)> {
        if self.data.is_none() && self.errors.is_none() {
            return None;
        }
        let missing = |problem: &Problem| problem.code == 404;
        let problems = self.errors.into_iter().flatten().filter(|problem| !missing(problem));
        let mut reasons: Vec<String> = problems.map(|problem| problem.msg).collect();
        let mut events = Vec::new();
        for trace in self.data.into_iter().flatten() {
            reasons.extend(trace.warnings.into_iter().flatten());
            for span in trace.spans {
                let process = span.process.as_ref().or_else(|| trace.processes.get(&span.process_id));
                events.extend(span.event(process, reader, endpoint));
            }
        }
        Some((events, reasons))
    }
}

impl Span {
    fn event(&self, process: Option<&Process>, reader: &Reader, endpoint: &str) -> Option<Event> {
        let trace = trace_text(&self.trace_id)?;
        let tag =
            |names: &[&str]| self.tags.iter().find(|tag| names.contains(&tag.key.as_str())).map(Tag::text);
        let failed = tag(&["error"]).is_some_and(|text| text != "false")
            || tag(&["otel.status_code"]).is_some_and(|text| text.eq_ignore_ascii_case("error"));
        let own = self.references.iter().find(|one| one.trace_id.is_empty() || one.trace_id == self.trace_id);
        let parent = own.and_then(|one| id_of(&one.span_id)).or_else(|| id_of(&self.parent)).unwrap_or(0);
        let said = tag(&["otel.status_description", "error.message"]);
        let mut message = match said {
            Some(said) if failed => format!("{}: {said}", self.operation_name),
            _ => self.operation_name.clone(),
        };
        for log in &self.logs {
            let named = |names: &[&str]| {
                log.fields.iter().find(|tag| names.contains(&tag.key.as_str())).map(Tag::text)
            };
            let event = named(&["event", "message", "name"]).unwrap_or_default();
            let said = named(&["exception.message", "error.object", "message"]).unwrap_or_default();
            message.push_str(&format!("\n{event} {said}"));
        }
        let fields = self.tags.iter().chain(process.into_iter().flat_map(|process| &process.tags));
        reader.event(Record {
            time: Some(Time(self.start_time.saturating_mul(1_000))),
            system: process.map(|process| process.service_name.clone()),
            kind: Some(EventKind::Span),
            severity: if failed { Severity::ERROR } else { Severity::INFO },
            operation: Some(self.operation_name.clone()),
            message,
            duration: Some(Nanos(self.duration.max(0).saturating_mul(1_000))),
            fields: fields.map(|tag| (tag.key.clone(), tag.text())).collect(),
            span: Some(SpanInfo {
                id: id_of(&self.span_id)?,
                parent,
                kind: tag(&["span.kind"]).map_or(SpanKind::Unset, |word| kind_of(&word)),
                failed,
            }),
            url: format!("{endpoint}/trace/{trace}"),
            identifiers: vec![Identifier { class: IdentifierClass::Trace, value: trace }],
            ..Record::default()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::Settings;

    fn read(text: &str) -> Option<(Vec<Event>, Vec<String>)> {
        let reply: Reply = serde_json::from_str(text).unwrap();
        reply.events(&Reader::new(Settings::default(), "jaeger".into()), "http://jaeger")
    }

    #[test]
    fn a_trace_is_read_with_its_processes_parents_and_failures() {
        let (events, reasons) = read(
            r#"{"data":[{"traceID":"7c1f0a9be2d34c58a1b6e0f2934d5a77","spans":[{"traceID":"7c1f0a9be2d34c58a1b6e0f2934d5a77","spanID":"9f3c2b1a0d4e5f67",
            "operationName":"POST /orders","references":[{"refType":"FOLLOWS_FROM","traceID":"ffff","spanID":"1"},{"refType":"CHILD_OF","traceID":"7c1f0a9be2d34c58a1b6e0f2934d5a77","spanID":"1122334455667788"}],
            "startTime":1773480413589000,"duration":1811000,"tags":[{"key":"error","type":"bool","value":true},{"key":"span.kind","value":"server"},{"key":"correlation_id","value":"3f2b8c1e-6d4a-4f7b-9a10-5c2e7d9b8a41"}],
            "logs":[{"timestamp":1,"fields":[{"key":"event","value":"retry"}]}],"processID":"p1","warnings":null}],"processes":{"p1":{"serviceName":"orders-api","tags":[]}},"warnings":null}],
            "total":0,"errors":[{"code":500,"msg":"a shard was slow"}]}"#,
        )
        .unwrap();
        let event = &events[0];
        assert_eq!((event.system.as_str(), event.body.as_str()), ("orders-api", "POST /orders\nretry"));
        let span = event.span.unwrap();
        assert_eq!((span.parent, span.kind, span.failed), (0x1122_3344_5566_7788, SpanKind::Server, true));
        assert_eq!(event.time, Time(1_773_480_413_589_000_000));
        assert_eq!(event.identifiers.len(), 2);
        assert_eq!(reasons, ["a shard was slow"]);
    }

    #[test]
    fn nothing_found_is_an_answer_and_something_else_is_none() {
        assert_eq!(read(r#"{"data":[],"errors":null}"#), Some((Vec::new(), Vec::new())));
        assert_eq!(
            read(r#"{"data":null,"errors":[{"code":404,"msg":"trace not found"}]}"#),
            Some((Vec::new(), Vec::new()))
        );
        assert_eq!(read(r#"{"status":"ok"}"#), None);
    }
}
