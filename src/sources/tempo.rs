//! Grafana Tempo: traces found by TraceQL, slice by slice of time, and each fetched whole by its identifier.

use super::http::{Request, segment};
use super::live::{Ask, Backend, Base, CHECK_PATIENCE, Live, Page, ceil, events, source_config};
use super::paging::Slices;
use super::spelling::{all_spellings, in_double_quotes, traces};
use super::{Source, SourceError};
use crate::ingest::{Settings, trace_text};
use crate::telemetry::{Event, Identifier, IdentifierClass, Nanos, Query, Signal, Wanted, Window};
use futures::stream::{self, StreamExt, TryStreamExt};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

source_config! { "tempo" at "http://127.0.0.1:3200" {
    /// Which traces are looked for, in TraceQL.
    filter: String = "{}".to_owned(),
    /// Attributes that may hold identifiers other than the trace's own, as TraceQL spells them.
    identifier_attributes: Vec<String> =
        [".correlation_id", ".correlationId", ".\"correlation.id\""].map(str::to_owned).to_vec(),
    /// Traces asked for at a time; an answer that is full is asked for again in two halves of its time.
    page: usize = 100,
} }

pub(super) struct Tempo {
    base: Base,
    config: Config,
    /// The second version of the door to one trace has answered.
    has_v2: AtomicBool,
}

/// Makes the source ready to be asked.
pub fn connect(config: &Config, settings: &Settings) -> Result<Arc<dyn Source>, SourceError> {
    let base = Base::new::<Tempo>(&config.common(), settings)?;
    Ok(Arc::new(Live(Tempo { base, config: config.clone(), has_v2: AtomicBool::new(false) })))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct SearchReply {
    traces: Option<Vec<Hit>>,
    metrics: Option<SearchMetrics>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct SearchMetrics {
    completed_jobs: u64,
    total_jobs: u64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Hit {
    #[serde(rename = "traceID")]
    trace_id: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct TraceReply<'a> {
    #[serde(borrow)]
    trace: Option<&'a RawValue>,
    status: String,
    message: String,
}

#[derive(Debug, Default)]
struct Found {
    events: Vec<Event>,
    reasons: Vec<String>,
}

impl Tempo {
    fn search(&self, query: &str, slice: Window, deadline: Duration) -> Request<'static> {
        let parameters = vec![
            ("q", query.to_owned()),
            ("start", slice.from.0.div_euclid(1_000_000_000).to_string()),
            ("end", ceil(slice.to.0, 1_000_000_000).to_string()),
            ("limit", self.config.page.max(1).to_string()),
            ("spss", "1".to_owned()),
        ];
        Request::get("api/search", parameters, deadline)
    }

    /// The identifiers of traces that a search finds; whether the answer is full; and what it lacks.
    async fn hits(
        &self,
        query: &str,
        slice: Window,
        deadline: Duration,
    ) -> Result<(Vec<String>, bool, Vec<String>), SourceError> {
        let reply: SearchReply = self.base.json(&self.search(query, slice, deadline)).await?;
        if reply.traces.is_none() && reply.metrics.is_none() {
            return Err(self.base.unreadable("it has no `traces`, so something else answers here"));
        }
        let hits = reply.traces.unwrap_or_default();
        let is_full = hits.len() >= self.config.page.max(1);
        let mut reasons = Vec::new();
        if let Some(metrics) = reply.metrics.filter(|metrics| metrics.completed_jobs < metrics.total_jobs) {
            reasons.push(format!(
                "{} of {} parts of the search were done",
                metrics.completed_jobs, metrics.total_jobs
            ));
        }
        // Leading zeros may be missing.
        Ok((hits.iter().filter_map(|hit| trace_text(&hit.trace_id)).collect(), is_full, reasons))
    }

    async fn trace(&self, trace: &str, deadline: Duration) -> Result<Found, SourceError> {
        let request = Request::get(format!("api/v2/traces/{}", segment(trace)), Vec::new(), deadline);
        let answer = self.base.ask(&request).await?;
        if answer.status.as_u16() == 404 {
            if self.has_v2.load(Ordering::Relaxed) {
                return Ok(Found::default());
            }
            return self.trace_by_v1(trace, deadline).await;
        }
        self.base.judge(&answer).await?;
        self.has_v2.store(true, Ordering::Relaxed);
        let reply: TraceReply = serde_json::from_slice(&answer.body)
            .map_err(|error| self.base.unreadable(format!("it is no trace ({error})")))?;
        let mut found = match reply.trace {
            Some(raw) => self.read(raw.get().as_bytes(), trace)?,
            None => Found::default(),
        };
        if reply.status == "PARTIAL" {
            let why =
                if reply.message.is_empty() { "a trace is too large to be whole" } else { &reply.message };
            found.reasons.push(self.base.reader.safe(why));
        }
        Ok(found)
    }

    async fn trace_by_v1(&self, trace: &str, deadline: Duration) -> Result<Found, SourceError> {
        let request = Request::get(format!("api/traces/{}", segment(trace)), Vec::new(), deadline);
        let answer = self.base.ask(&request).await?;
        match answer.status.as_u16() {
            404 => Ok(Found::default()),
            422 => {
                Ok(Found { events: Vec::new(), reasons: vec!["a trace is too large to be sent".to_owned()] })
            }
            _ => {
                self.base.judge(&answer).await?;
                self.read(&answer.body, trace)
            }
        }
    }

    fn read(&self, export: &[u8], trace: &str) -> Result<Found, SourceError> {
        let link = self.base.link(&format!("api/v2/traces/{trace}"));
        let (events, _) = self
            .base
            .reader
            .otlp(export, &link)
            .map_err(|error| self.base.unreadable(format!("it is no OTLP ({error})")))?;
        Ok(Found { events, reasons: Vec::new() })
    }

    async fn whole(&self, ids: &[String], deadline: Duration) -> Result<Found, SourceError> {
        let at_once = self.base.http.budget().queries_at_once.max(1) as usize;
        let found: Vec<Found> = stream::iter(ids.to_vec())
            .map(|id| async move { self.trace(&id, deadline).await })
            .buffered(at_once)
            .try_collect()
            .await?;
        let mut all = Found::default();
        for one in found {
            all.events.extend(one.events);
            all.reasons.extend(one.reasons);
        }
        all.reasons.sort();
        all.reasons.dedup();
        Ok(all)
    }

    /// TraceQL for spans whose attributes hold one of the identifiers.
    fn of(&self, identifiers: &[Identifier]) -> Option<String> {
        let others: Vec<Identifier> = identifiers
            .iter()
            .filter(|one| !matches!(one.class, IdentifierClass::Trace | IdentifierClass::Span))
            .cloned()
            .collect();
        let tests: Vec<String> = all_spellings(&others)
            .iter()
            .flat_map(|text| {
                let quoted = in_double_quotes(text);
                self.config.identifier_attributes.iter().map(move |name| format!("{name} = {quoted}"))
            })
            .collect();
        (!tests.is_empty()).then(|| format!("{{ {} }}", tests.join(" || ")))
    }
}

impl Backend for Tempo {
    const KIND: &'static str = "tempo";
    const READS: &'static [(&'static str, &'static str)] = &[
        ("GET", "api/echo"),
        ("GET", "api/status/buildinfo"),
        ("GET", "api/search"),
        ("GET", "api/v2/traces/*"),
        ("GET", "api/traces/*"),
    ];
    type Cursor = Slices;

    fn base(&self) -> &Base {
        &self.base
    }

    fn signals(&self) -> &'static [Signal] {
        &[Signal::Traces]
    }

    async fn check(&self) -> Result<String, SourceError> {
        let answer = self.base.whole(&Request::get("api/echo", Vec::new(), CHECK_PATIENCE)).await?;
        if answer.body.trim_ascii() != b"echo" {
            return Err(self.base.unreadable("it is no echo, so something else answers here"));
        }
        let build: Result<serde_json::Value, _> =
            self.base.json(&Request::get("api/status/buildinfo", Vec::new(), CHECK_PATIENCE)).await;
        let version = build.ok().and_then(|build| Some(build.get("version")?.as_str()?.to_owned()));
        Ok(version.map_or_else(|| "answers".to_owned(), |version| self.base.reader.safe(&version)))
    }

    async fn page(&self, mut ask: Ask<'_, Slices>) -> Result<Option<Page<Slices>>, SourceError> {
        match &ask.query.wanted {
            Wanted::Events => {}
            Wanted::Identifiers(identifiers) => {
                let mut ids = traces(identifiers);
                let mut reasons = Vec::new();
                if let Some(query) = self.of(identifiers) {
                    let (found, is_full, said) = self.hits(&query, ask.window(), ask.deadline).await?;
                    ids.extend(found);
                    reasons = said;
                    if is_full {
                        reasons.push(format!("more than {} traces carry the identifier", self.config.page));
                    }
                }
                ids.sort();
                ids.dedup();
                let found = self.whole(&ids, ask.deadline).await?;
                reasons.extend(found.reasons);
                return Ok(Some(Page::last(events(found.events, reasons))));
            }
            _ => return Ok(Page::nothing()),
        }
        let Some(slice) = ask.cursor.next(ask.query.window) else { return Ok(Page::nothing()) };
        let (ids, is_full, mut reasons) = self.hits(&self.config.filter, slice, ask.deadline).await?;
        if is_full {
            if ask.cursor.halve(slice, Nanos::seconds(1)) {
                return Ok(Some(Page { batch: events(Vec::new(), Vec::new()), next: Some(ask.cursor) }));
            }
            reasons.push(format!(
                "more than {} traces in one second: the first that were found",
                self.config.page
            ));
        }
        ask.cursor.held(slice, ids.len(), self.config.page);
        let mut found = self.whole(&ids, ask.deadline).await?;
        found.events.retain(|event| slice.contains(event.time));
        reasons.extend(found.reasons);
        let next = (!ask.cursor.is_done()).then_some(ask.cursor);
        Ok(Some(Page { batch: events(found.events, reasons), next }))
    }

    fn command(&self, query: &Query) -> Option<Request<'static>> {
        match &query.wanted {
            Wanted::Events => Some(self.search(&self.config.filter, query.window, Duration::ZERO)),
            Wanted::Identifiers(identifiers) => match traces(identifiers).first() {
                Some(trace) => {
                    Some(Request::get(format!("api/v2/traces/{trace}"), Vec::new(), Duration::ZERO))
                }
                None => Some(self.search(&self.of(identifiers)?, query.window, Duration::ZERO)),
            },
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::Time;

    fn source() -> Tempo {
        let config = Config { identifier_attributes: vec![".correlation_id".into()], ..Config::default() };
        let base = Base::new::<Tempo>(&config.common(), &Settings::default()).unwrap();
        Tempo { base, config, has_v2: AtomicBool::new(false) }
    }

    #[test]
    fn a_window_is_asked_for_in_whole_seconds_that_hold_it() {
        let window = Window { from: Time(1_773_480_413_589_000_000), to: Time(1_773_480_414_000_000_001) };
        let request = source().search("{}", window, Duration::ZERO);
        assert_eq!(request.parameters[1].1, "1773480413");
        assert_eq!(request.parameters[2].1, "1773480415");
    }

    #[test]
    fn identifiers_stand_in_quotes_and_traces_are_fetched_instead() {
        let one = |class, value: &str| Identifier { class, value: value.to_owned() };
        let query = source().of(&[one(IdentifierClass::Correlation, "x\" || true")]).unwrap();
        assert_eq!(query, r#"{ .correlation_id = "x\" || true" }"#);
        assert_eq!(source().of(&[one(IdentifierClass::Trace, "7c1f0a9be2d34c58a1b6e0f2934d5a77")]), None);
    }

    #[test]
    fn a_trace_in_the_json_of_protobuf_is_read() {
        let export = br#"{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"orders-api"}}]},"scopeSpans":[{"spans":[{"traceId":"fB8Km+LTTFihtuDyk01adw==","spanId":"nzwrGg1OX2c=","name":"POST /orders","kind":"SPAN_KIND_SERVER","startTimeUnixNano":"1773480413589000000","endTimeUnixNano":"1773480415400000000","status":{"code":"STATUS_CODE_ERROR","message":"upstream 502"}}]}]}]}"#;
        let event = source().read(export, "x").unwrap().events.remove(0);
        assert_eq!(event.identifiers[0].value, "7c1f0a9be2d34c58a1b6e0f2934d5a77");
        let span = event.span.unwrap();
        assert_eq!((span.id, span.failed), (0x9f3c_2b1a_0d4e_5f67, true));
        assert_eq!(event.body, "POST /orders: upstream 502");
    }
}
