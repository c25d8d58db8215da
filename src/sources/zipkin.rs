//! Zipkin: traces of a window, slice by slice, and by identifier.

use super::http::{Request, segment};
use super::live::{Ask, Backend, Base, CHECK_PATIENCE, Live, Page, ceil, events, in_millis, source_config};
use super::paging::Slices;
use super::spans::{id_of, kind_of};
use super::spelling::{all_spellings, traces};
use super::{Source, SourceError};
use crate::ingest::{Record, Settings, trace_text};
use crate::telemetry::{
    Event, EventKind, Identifier, IdentifierClass, Nanos, Query, Severity, Signal, SpanInfo, SpanKind, Time,
    Wanted, Window,
};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

source_config! { "zipkin" at "http://127.0.0.1:9411" {
    /// Tags that may hold identifiers other than the trace's own.
    identifier_tags: Vec<String> = ["correlation.id", "correlation_id"].map(str::to_owned).to_vec(),
    /// Traces asked for at a time; an answer that is full is asked for again in two halves of its time.
    page: usize = 200,
} }

pub(super) struct Zipkin {
    base: Base,
    config: Config,
}

/// Makes the source ready to be asked.
pub fn connect(config: &Config, settings: &Settings) -> Result<Arc<dyn Source>, SourceError> {
    let base = Base::new::<Zipkin>(&config.common(), settings)?;
    Ok(Arc::new(Live(Zipkin { base, config: config.clone() })))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Span {
    trace_id: String,
    id: String,
    parent_id: String,
    kind: String,
    name: String,
    timestamp: i64,
    duration: i64,
    shared: bool,
    local_endpoint: Option<Endpoint>,
    remote_endpoint: Option<Endpoint>,
    annotations: Vec<Annotation>,
    tags: BTreeMap<String, String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Endpoint {
    service_name: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Annotation {
    timestamp: i64,
    value: String,
}

/// Client and server may share one span: the server's is told apart, with the client's as its parent.
const SHARED: u64 = 0x5eed_5eed_5eed_5eed;

impl Span {
    fn record(self, link: impl Fn(&str) -> String) -> Option<Record> {
        let trace = trace_text(&self.trace_id)?;
        let own = id_of(&self.id)?;
        let (id, parent) = if self.shared && self.kind == "SERVER" {
            (own ^ SHARED, own)
        } else {
            (own, id_of(&self.parent_id).unwrap_or(0))
        };
        // A span that was never finished has no time of its own; its first note may tell.
        let micros = [Some(self.timestamp), self.annotations.iter().map(|note| note.timestamp).min()];
        let micros = micros.into_iter().flatten().find(|micros| *micros > 0)?;
        let failed = self.tags.contains_key("error");
        let mut message = match self.tags.get("error") {
            Some(said) if !said.is_empty() => format!("{}: {said}", self.name),
            _ => self.name.clone(),
        };
        self.annotations.iter().for_each(|note| message.push_str(&format!("\n{}", note.value)));
        let mut fields: Vec<(String, String)> = self.tags.into_iter().collect();
        fields.extend(self.remote_endpoint.map(|remote| ("peer.service".to_owned(), remote.service_name)));
        Some(Record {
            time: Some(Time(micros.saturating_mul(1_000))),
            system: self.local_endpoint.map(|local| local.service_name),
            kind: Some(EventKind::Span),
            severity: if failed { Severity::ERROR } else { Severity::INFO },
            operation: Some(self.name),
            message,
            duration: (self.duration > 0).then(|| Nanos(self.duration.saturating_mul(1_000))),
            fields,
            span: Some(SpanInfo {
                id,
                parent,
                kind: if self.kind.is_empty() { SpanKind::Internal } else { kind_of(&self.kind) },
                failed,
            }),
            url: link(&trace),
            identifiers: vec![Identifier { class: IdentifierClass::Trace, value: trace }],
            ..Record::default()
        })
    }
}

impl Zipkin {
    fn search(&self, slice: Window, annotation: Option<String>, deadline: Duration) -> Request<'static> {
        let end = ceil(slice.to.0, 1_000_000);
        // The window's start belongs to it, the start of a look back does not.
        let lookback = end - in_millis(slice.from) + 1;
        let mut parameters = vec![
            ("endTs", end.to_string()),
            ("lookback", lookback.to_string()),
            ("limit", self.config.page.max(1).to_string()),
        ];
        parameters.extend(annotation.map(|text| ("annotationQuery", text)));
        Request::get("api/v2/traces", parameters, deadline)
    }

    async fn found(&self, request: &Request<'_>) -> Result<Vec<Vec<Value>>, SourceError> {
        self.base.json(request).await
    }

    fn event(&self, span: Value) -> Option<Event> {
        let span = Span::deserialize(span).ok()?;
        let record = span.record(|trace| self.base.link(&format!("zipkin/traces/{trace}")))?;
        self.base.reader.event(record)
    }

    async fn of(&self, identifiers: &[Identifier], ask: &Ask<'_, Slices>) -> Result<Vec<Event>, SourceError> {
        let mut spans = Vec::new();
        for trace in traces(identifiers) {
            // Half of the estates write 64 bits only.
            let short = trace.strip_prefix("0000000000000000").unwrap_or(&trace);
            let request = Request::get(format!("api/v2/trace/{}", segment(short)), Vec::new(), ask.deadline);
            let answer = self.base.ask(&request).await?;
            if answer.status.as_u16() == 404 {
                continue;
            }
            self.base.judge(&answer).await?;
            spans.extend(self.base.parse::<Vec<Value>>(&answer)?);
        }
        for annotation in self.annotations(identifiers) {
            let found = self.found(&self.search(ask.window(), Some(annotation), ask.deadline)).await?;
            spans.extend(found.into_iter().flatten());
        }
        let mut seen = std::collections::HashSet::new();
        spans.retain(|span| seen.insert(span.to_string()));
        Ok(spans.into_iter().filter_map(|span| self.event(span)).collect())
    }

    /// Queries for tags; a value with the query's own separator cannot be asked for.
    fn annotations(&self, identifiers: &[Identifier]) -> Vec<String> {
        let others: Vec<Identifier> = identifiers
            .iter()
            .filter(|one| !matches!(one.class, IdentifierClass::Trace | IdentifierClass::Span))
            .cloned()
            .collect();
        let texts =
            all_spellings(&others).into_iter().filter(|text| !text.contains(" and ") && !text.contains('='));
        texts
            .flat_map(|text| self.config.identifier_tags.iter().map(move |tag| format!("{tag}={text}")))
            .collect()
    }
}

impl Backend for Zipkin {
    const KIND: &'static str = "zipkin";
    const READS: &'static [(&'static str, &'static str)] =
        &[("GET", "api/v2/services"), ("GET", "api/v2/traces"), ("GET", "api/v2/trace/*")];
    type Cursor = Slices;

    fn base(&self) -> &Base {
        &self.base
    }

    fn signals(&self) -> &'static [Signal] {
        &[Signal::Traces]
    }

    async fn check(&self) -> Result<String, SourceError> {
        let services: Vec<String> =
            self.base.json(&Request::get("api/v2/services", Vec::new(), CHECK_PATIENCE)).await?;
        Ok(format!("answers, {} services", services.len()))
    }

    async fn page(&self, mut ask: Ask<'_, Slices>) -> Result<Option<Page<Slices>>, SourceError> {
        match &ask.query.wanted {
            Wanted::Events => {}
            Wanted::Identifiers(identifiers) => {
                let found = self.of(identifiers, &ask).await?;
                return Ok(Some(Page::last(events(found, Vec::new()))));
            }
            _ => return Ok(Page::nothing()),
        }
        let Some(slice) = ask.cursor.next(ask.query.window) else { return Ok(Page::nothing()) };
        let found = self.found(&self.search(slice, None, ask.deadline)).await?;
        let mut reasons = Vec::new();
        if found.len() >= self.config.page.max(1) {
            if ask.cursor.halve(slice, Nanos::millis(1)) {
                return Ok(Some(Page { batch: events(Vec::new(), Vec::new()), next: Some(ask.cursor) }));
            }
            reasons.push(format!("more than {} traces in one millisecond", self.config.page));
        }
        ask.cursor.held(slice, found.len(), self.config.page);
        let spans = found.into_iter().flatten().filter_map(|span| self.event(span));
        let spans = spans.filter(|event| slice.contains(event.time)).collect();
        let next = (!ask.cursor.is_done()).then_some(ask.cursor);
        Ok(Some(Page { batch: events(spans, reasons), next }))
    }

    fn command(&self, query: &Query) -> Option<Request<'static>> {
        match &query.wanted {
            Wanted::Events => Some(self.search(query.window, None, Duration::ZERO)),
            Wanted::Identifiers(identifiers) => match traces(identifiers).first() {
                Some(trace) => {
                    Some(Request::get(format!("api/v2/trace/{trace}"), Vec::new(), Duration::ZERO))
                }
                None => Some(self.search(
                    query.window,
                    self.annotations(identifiers).into_iter().next(),
                    Duration::ZERO,
                )),
            },
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source() -> Zipkin {
        let config = Config::default();
        let base = Base::new::<Zipkin>(&config.common(), &Settings::default()).unwrap();
        Zipkin { base, config }
    }

    #[test]
    fn a_span_is_read_and_the_servers_share_is_told_from_the_clients() {
        let text = r#"{"traceId":"7c1f0a9be2d34c58a1b6e0f2934d5a77","id":"9f3c2b1a0d4e5f67","parentId":"1122334455667788","kind":"SERVER","name":"post /orders",
            "timestamp":1773480413589000,"duration":1811000,"shared":true,"localEndpoint":{"serviceName":"orders-api"},"remoteEndpoint":{"serviceName":"gateway"},
            "annotations":[{"timestamp":1773480413600000,"value":"retry"}],"tags":{"http.status_code":"502","error":"bad gateway"}}"#;
        let event = source().event(serde_json::from_str(text).unwrap()).unwrap();
        let span = event.span.unwrap();
        assert_eq!((span.id, span.parent), (0x9f3c_2b1a_0d4e_5f67 ^ SHARED, 0x9f3c_2b1a_0d4e_5f67));
        assert!(span.failed);
        assert_eq!(
            (event.time, event.duration),
            (Time(1_773_480_413_589_000_000), Some(Nanos::millis(1_811)))
        );
        assert_eq!(
            (event.system.as_str(), event.body.as_str()),
            ("orders-api", "post /orders: bad gateway\nretry")
        );
    }

    #[test]
    fn an_empty_error_is_an_error_and_a_span_without_time_is_dated_by_its_notes() {
        let text = r#"{"traceId":"a1b6e0f2934d5a77","id":"1","name":"x","annotations":[{"timestamp":1773480413589000,"value":"ws"}],"tags":{"error":""}}"#;
        let event = source().event(serde_json::from_str(text).unwrap()).unwrap();
        assert!(event.span.unwrap().failed);
        assert_eq!(event.time, Time(1_773_480_413_589_000_000));
        assert_eq!(event.identifiers[0].value, "0000000000000000a1b6e0f2934d5a77");
    }

    #[test]
    fn the_window_is_looked_back_on_in_milliseconds() {
        let window = Window { from: Time(1_773_480_413_589_000_000), to: Time(1_773_480_414_000_000_000) };
        let request = source().search(window, None, Duration::ZERO);
        assert_eq!(
            (request.parameters[0].1.as_str(), request.parameters[1].1.as_str()),
            ("1773480414000", "412")
        );
    }
}
