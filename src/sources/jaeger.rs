//! Jaeger and what speaks its API (VictoriaTraces): traces by time, service by service, and by identifier.
//!
//! The v3 API is tried first; older servers and look-alikes have only the legacy one, newer ones no longer have its search.

mod found;
mod legacy;

use found::{Found, is_not_found, merged, trace_of};

use super::http::{Request, segment};
use super::live::{Ask, Backend, Base, CHECK_PATIENCE, Live, Page, ceil, events, in_micros, source_config};
use super::paging::Slices;
use super::spelling::{all_spellings, traces};
use super::{Source, SourceError};
use crate::ingest::Settings;
use crate::telemetry::{Event, Identifier, IdentifierClass, Nanos, Query, Signal, Wanted, Window};
use futures::future::BoxFuture;
use futures::stream::{self, StreamExt, TryStreamExt};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::OnceCell;

source_config! { "jaeger" at "http://127.0.0.1:16686" {
    /// Services whose traces are asked for; empty for all that Jaeger knows, at most 100.
    services: Vec<String> = Vec::new(),
    /// Tags of spans that may hold identifiers other than the trace's own.
    identifier_tags: Vec<String> = ["correlation_id"].map(str::to_owned).to_vec(),
    /// Traces asked for at a time; an answer that is full is asked for again in two halves of its time.
    page: usize = 1_000,
} }

const MOST_SERVICES: usize = 100;
/// Jaeger keeps microseconds.
const UNIT: Nanos = Nanos(1_000);

pub(super) struct Jaeger {
    base: Base,
    config: Config,
    dialect: OnceCell<Dialect>,
    /// The search of the legacy API is gone, as from August 2026 on.
    lacks_legacy_search: AtomicBool,
    /// The storage searches only one service at a time, as Cassandra does.
    wants_service: AtomicBool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dialect {
    V3,
    Legacy,
}

/// Makes the source ready to be asked.
pub fn connect(config: &Config, settings: &Settings) -> Result<Arc<dyn Source>, SourceError> {
    let base = Base::new::<Jaeger>(&config.common(), settings)?;
    Ok(Arc::new(Live(Jaeger {
        base,
        config: config.clone(),
        dialect: OnceCell::new(),
        lacks_legacy_search: AtomicBool::new(false),
        wants_service: AtomicBool::new(false),
    })))
}

impl Jaeger {
    /// Which of the two APIs answers.
    async fn dialect(&self, deadline: Duration) -> Result<Dialect, SourceError> {
        let found = self.dialect.get_or_try_init(|| async {
            match self.services_of(Dialect::V3, deadline).await {
                Ok(_) => Ok(Dialect::V3),
                // Older servers answer what they do not know with a page, or not at all.
                Err(SourceError::BadQuery { .. } | SourceError::Unreadable { .. }) => {
                    self.services_of(Dialect::Legacy, deadline).await.map(|_| Dialect::Legacy)
                }
                Err(error) => Err(error),
            }
        });
        found.await.copied()
    }

    async fn services_of(&self, dialect: Dialect, deadline: Duration) -> Result<Vec<String>, SourceError> {
        let path = if dialect == Dialect::V3 { "api/v3/services" } else { "api/services" };
        let reply: Value = self.base.json(&Request::get(path, Vec::new(), deadline)).await?;
        let key = if dialect == Dialect::V3 { "services" } else { "data" };
        match reply.get(key) {
            Some(list) => Ok(Vec::deserialize(list).unwrap_or_default()),
            None if reply.as_object().is_some_and(serde_json::Map::is_empty) => Ok(Vec::new()),
            None => Err(self.base.unreadable(format!("it has no `{key}`, so something else answers here"))),
        }
    }

    async fn services(
        &self,
        dialect: Dialect,
        deadline: Duration,
    ) -> Result<(Vec<String>, Vec<String>), SourceError> {
        if !self.config.services.is_empty() {
            return Ok((self.config.services.clone(), Vec::new()));
        }
        let mut services = self.services_of(dialect, deadline).await?;
        services.sort();
        let more = services.len().saturating_sub(MOST_SERVICES);
        services.truncate(MOST_SERVICES);
        let reason = format!("{more} services were not asked for: name those that matter under `services`");
        Ok((services, if more > 0 { vec![reason] } else { Vec::new() }))
    }

    fn search(
        &self,
        dialect: Dialect,
        service: Option<&str>,
        slice: Window,
        tag: Option<(&str, &str)>,
        deadline: Duration,
    ) -> Request<'static> {
        let limit = self.config.page.clamp(1, 20_000).to_string();
        let tags = tag.map(|(name, value)| json!({ name: value }).to_string());
        let mut parameters = match dialect {
            // In both spellings: servers of 2025 know only the second, later ones prefer the first.
            Dialect::V3 => vec![
                ("query.startTimeMin", slice.from.rfc3339()),
                ("query.start_time_min", slice.from.rfc3339()),
                ("query.startTimeMax", slice.to.rfc3339()),
                ("query.start_time_max", slice.to.rfc3339()),
                ("query.searchDepth", limit.clone()),
                ("query.num_traces", limit),
            ],
            Dialect::Legacy => vec![
                ("start", in_micros(slice.from).to_string()),
                ("end", ceil(slice.to.0, 1_000).to_string()),
                ("limit", limit),
            ],
        };
        let names: &[&str] =
            if dialect == Dialect::V3 { &["query.serviceName", "query.service_name"] } else { &["service"] };
        let service =
            service.into_iter().flat_map(|service| names.iter().map(|name| (*name, service.to_owned())));
        parameters.extend(service);
        let name = if dialect == Dialect::V3 { "query.attributes" } else { "tags" };
        parameters.extend(tags.map(|tags| (name, tags)));
        let path = if dialect == Dialect::V3 { "api/v3/traces" } else { "api/traces" };
        Request::get(path, parameters, deadline)
    }

    fn by_id(&self, dialect: Dialect, trace: &str, deadline: Duration) -> Request<'static> {
        let path = if dialect == Dialect::V3 { "api/v3/traces" } else { "api/traces" };
        Request::get(format!("{path}/{}", segment(trace)), Vec::new(), deadline)
    }

    /// Sends a search or a look-up; that there is no such trace is an answer.
    async fn ask(&self, dialect: Dialect, request: &Request<'_>) -> Result<Found, SourceError> {
        let answer = self.base.ask(request).await?;
        if answer.status.as_u16() == 404 && is_not_found(&answer.body) {
            return Ok(Found::default());
        }
        if answer.status.is_success() && answer.is_cut {
            let most = self.base.http.budget().answer_megabytes;
            let reasons = vec![format!("traces of more than {most} MB in one answer were not read")];
            return Ok(Found { reasons, is_cut: true, ..Found::default() });
        }
        self.base.judge(&answer).await?;
        let mut found = match dialect {
            Dialect::V3 => self.read_v3(&answer.body)?,
            Dialect::Legacy => {
                let reply: legacy::Reply = self.base.parse(&answer)?;
                let Some((events, reasons)) = reply.events(&self.base.reader, self.base.http.endpoint())
                else {
                    return Err(self.base.unreadable("it has no `data`, so something else answers here"));
                };
                Found { events, reasons, is_cut: false }
            }
        };
        found.reasons.iter_mut().for_each(|reason| *reason = self.base.reader.safe(reason));
        Ok(found)
    }

    /// Traces with a span that carries a tag of this value.
    ///
    /// The legacy search is asked first where it still is: servers of 2025 take tags of the v3 search and ignore them, so
    /// what does not carry the value is dropped whoever answered.
    async fn tagged(
        &self,
        dialect: Dialect,
        service: &str,
        tag: &str,
        text: &str,
        ask: &Ask<'_, Slices>,
    ) -> Result<Found, SourceError> {
        let search =
            |dialect| self.search(dialect, Some(service), ask.window(), Some((tag, text)), ask.deadline);
        let mut found = None;
        if !self.lacks_legacy_search.load(Ordering::Relaxed) {
            match self.ask(Dialect::Legacy, &search(Dialect::Legacy)).await {
                Ok(answer) => found = Some(answer),
                Err(SourceError::BadQuery { .. } | SourceError::Unreadable { .. })
                    if dialect == Dialect::V3 =>
                {
                    self.lacks_legacy_search.store(true, Ordering::Relaxed);
                }
                Err(error) => return Err(error),
            }
        }
        let mut found = match found {
            Some(found) => found,
            None => self.ask(dialect, &search(dialect)).await?,
        };
        let carries = |event: &&Event| {
            event.attributes.iter().any(|(_, value)| value == text)
                || event.identifiers.iter().any(|identifier| identifier.value == text)
        };
        let traces: HashSet<String> =
            found.events.iter().filter(carries).filter_map(trace_of).map(str::to_owned).collect();
        found.events.retain(|event| trace_of(event).is_some_and(|trace| traces.contains(trace)));
        Ok(found)
    }

    /// Sends requests, as many at a time as the budget has.
    async fn ask_all(
        &self,
        dialect: Dialect,
        requests: Vec<Request<'static>>,
    ) -> Result<Vec<Found>, SourceError> {
        let at_once = self.base.http.budget().queries_at_once.max(1) as usize;
        let mut asked: Vec<BoxFuture<'_, Result<Found, SourceError>>> = Vec::new();
        for request in requests {
            asked.push(Box::pin(async move { self.ask(dialect, &request).await }));
        }
        stream::iter(asked).buffered(at_once).try_collect().await
    }

    /// One result, or several one after another, as older gateways streamed them.
    fn read_v3(&self, body: &[u8]) -> Result<Found, SourceError> {
        #[derive(Deserialize)]
        struct Reply<'a> {
            #[serde(borrow)]
            result: Option<&'a RawValue>,
        }
        let mut found = Found::default();
        let mut count = 0;
        for reply in serde_json::Deserializer::from_slice(body).into_iter::<Reply>() {
            let reply = reply.map_err(|error| {
                self.base.unreadable(if error.is_eof() {
                    "it ends too early".to_owned()
                } else {
                    format!("it is no JSON of this API ({error})")
                })
            })?;
            let Some(result) = reply.result else {
                return Err(self.base.unreadable("it has no `result`, so something else answers here"));
            };
            count += 1;
            let (events, _) = self
                .base
                .reader
                .otlp(result.get().as_bytes(), "")
                .map_err(|error| self.base.unreadable(format!("it is no OTLP ({error})")))?;
            found.events.extend(events);
        }
        for event in &mut found.events {
            let link = trace_of(event).map(|trace| self.base.link(&format!("trace/{trace}")));
            event.source = self.base.reader.reference(&link.unwrap_or_default());
        }
        if count == 0 {
            return Err(self.base.unreadable("it is empty"));
        }
        Ok(found)
    }

    /// All traces of one slice, each once, and how many one answer held at most: in one question where the storage searches
    /// all services at once, else service by service, where a trace comes once for each service that it passes.
    async fn slice(
        &self,
        ask: &Ask<'_, Slices>,
        dialect: Dialect,
        slice: Window,
    ) -> Result<(Found, usize), SourceError> {
        let search = |service| self.search(dialect, service, slice, None, ask.deadline);
        let asks_all = dialect == Dialect::V3
            && self.config.services.is_empty()
            && !self.wants_service.load(Ordering::Relaxed);
        let mut refused = false;
        if asks_all {
            match self.ask(dialect, &search(None)).await {
                // Nothing there, or nothing looked for: the services tell.
                Ok(found) if found.traces() == 0 => {}
                Ok(found) => {
                    let traces = found.traces();
                    return Ok((found, traces));
                }
                Err(_) => refused = true,
            }
        }
        let (services, reasons) = self.services(dialect, ask.deadline).await?;
        let requests = services.iter().map(|service| search(Some(service.as_str()))).collect();
        let answers = self.ask_all(dialect, requests).await?;
        let most = answers.iter().map(Found::traces).max().unwrap_or(0);
        if asks_all && (refused || most > 0) {
            self.wants_service.store(true, Ordering::Relaxed);
        }
        let mut all = merged(answers);
        all.reasons.extend(reasons);
        Ok((all, most))
    }

    async fn of(
        &self,
        dialect: Dialect,
        ask: &Ask<'_, Slices>,
        identifiers: &[Identifier],
    ) -> Result<Found, SourceError> {
        let requests: Vec<Request<'static>> =
            traces(identifiers).iter().map(|trace| self.by_id(dialect, trace, ask.deadline)).collect();
        let mut answers = self.ask_all(dialect, requests).await?;
        let mut reasons = Vec::new();
        let others: Vec<Identifier> = identifiers
            .iter()
            .filter(|one| !matches!(one.class, IdentifierClass::Trace | IdentifierClass::Span))
            .cloned()
            .collect();
        if !others.is_empty() && !self.config.identifier_tags.is_empty() {
            let (services, more) = self.services(dialect, ask.deadline).await?;
            reasons = more;
            for text in all_spellings(&others) {
                for tag in &self.config.identifier_tags {
                    for service in &services {
                        answers.push(self.tagged(dialect, service, tag, &text, ask).await?);
                    }
                }
            }
        }
        let mut found = merged(answers);
        found.reasons.extend(reasons);
        Ok(found)
    }
}

impl Backend for Jaeger {
    const KIND: &'static str = "jaeger";
    const READS: &'static [(&'static str, &'static str)] = &[
        ("GET", "api/v3/services"),
        ("GET", "api/v3/traces"),
        ("GET", "api/v3/traces/*"),
        ("GET", "api/services"),
        ("GET", "api/traces"),
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
        let dialect = self.dialect(CHECK_PATIENCE).await?;
        let services = self.services_of(dialect, CHECK_PATIENCE).await?.len();
        let name = if dialect == Dialect::V3 { "v3" } else { "legacy" };
        Ok(format!("{name} API, {services} services"))
    }

    async fn page(&self, mut ask: Ask<'_, Slices>) -> Result<Option<Page<Slices>>, SourceError> {
        match &ask.query.wanted {
            Wanted::Events => {}
            Wanted::Identifiers(identifiers) => {
                let dialect = self.dialect(ask.deadline).await?;
                let found = self.of(dialect, &ask, identifiers).await?;
                return Ok(Some(Page::last(events(found.events, found.reasons))));
            }
            _ => return Ok(Page::nothing()),
        }
        let dialect = self.dialect(ask.deadline).await?;
        let Some(slice) = ask.cursor.next(ask.query.window) else { return Ok(Page::nothing()) };
        let (mut found, most) = self.slice(&ask, dialect, slice).await?;
        if most >= self.config.page.max(1) {
            if ask.cursor.halve(slice, UNIT) {
                return Ok(Some(Page { batch: events(Vec::new(), Vec::new()), next: Some(ask.cursor) }));
            }
            found.reasons.push(format!("more than {} traces at one instant", self.config.page));
        }
        ask.cursor.held(slice, most, self.config.page);
        found.events.retain(|event| slice.contains(event.time));
        let next = (!ask.cursor.is_done()).then_some(ask.cursor);
        Ok(Some(Page { batch: events(found.events, found.reasons), next }))
    }

    fn command(&self, query: &Query) -> Option<Request<'static>> {
        let dialect = self.dialect.get().copied().unwrap_or(Dialect::V3);
        match &query.wanted {
            Wanted::Events => {
                let asks_all = dialect == Dialect::V3 && !self.wants_service.load(Ordering::Relaxed);
                let named = self.config.services.first().map(String::as_str);
                let service = named.or((!asks_all).then_some("SERVICE"));
                Some(self.search(dialect, service, query.window, None, Duration::ZERO))
            }
            Wanted::Identifiers(identifiers) => {
                Some(self.by_id(dialect, traces(identifiers).first()?, Duration::ZERO))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::Time;

    fn source() -> Jaeger {
        let config = Config::default();
        let base = Base::new::<Jaeger>(&config.common(), &Settings::default()).unwrap();
        let (dialect, no) = (OnceCell::new(), || AtomicBool::new(false));
        Jaeger { base, config, dialect, lacks_legacy_search: no(), wants_service: no() }
    }

    fn known() -> Window {
        Window { from: Time(1_773_480_413_589_000_000), to: Time(1_773_480_414_000_000_001) }
    }

    #[test]
    fn the_known_instant_is_sent_in_each_dialects_unit() {
        let value = |request: Request, name: &str| {
            request.parameters.iter().find(|(one, _)| *one == name).unwrap().1.clone()
        };
        let v3 = || {
            source().search(
                Dialect::V3,
                Some("orders-api"),
                known(),
                Some(("correlation_id", "x\"}")),
                Duration::ZERO,
            )
        };
        assert_eq!(value(v3(), "query.startTimeMin"), "2026-03-14T09:26:53.589000000Z");
        assert_eq!(value(v3(), "query.attributes"), r#"{"correlation_id":"x\"}"}"#);
        let legacy = || source().search(Dialect::Legacy, Some("orders-api"), known(), None, Duration::ZERO);
        assert_eq!(value(legacy(), "start"), "1773480413589000");
        assert_eq!(value(legacy(), "end"), "1773480414000001", "rounded up");
    }

    #[test]
    fn one_result_and_several_one_after_another_are_read() {
        let one = r#"{"result":{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"orders-api"}}]},"scopeSpans":[{"scope":{},"spans":[{"traceId":"7c1f0a9be2d34c58a1b6e0f2934d5a77","spanId":"9f3c2b1a0d4e5f67","name":"POST /orders","kind":2,"startTimeUnixNano":"1773480413589000000","endTimeUnixNano":"1773480415400000000","status":{"code":2}}]}]}]}}"#;
        let found = source().read_v3(format!("{one}\n{one}").as_bytes()).unwrap();
        assert_eq!((found.events.len(), found.traces()), (2, 1));
        let event = &found.events[0];
        assert_eq!((event.system.as_str(), event.duration), ("orders-api", Some(Nanos::millis(1_811))));
        assert!(event.span.unwrap().failed);
        assert_eq!(merged(vec![found]).events.len(), 1);
        assert!(source().read_v3(b"").is_err() && source().read_v3(b"{\"result\":{").is_err());
    }
}
