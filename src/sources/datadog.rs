//! Datadog: logs of a window and by identifier, the spans of a trace as far as Datadog retained them, and metrics by query.

use super::figures::{self, Metric};
use super::http::Request;
use super::live::{Ask, Backend, Base, CHECK_PATIENCE, Live, Page, in_millis, names, source_config};
use super::live::{ceil, events};
use super::spelling::{all_spellings, in_double_quotes, traces};
use super::{Source, SourceError, spans};
use crate::ingest::{Record, Settings, flatten};
use crate::telemetry::{Completeness, Event, Identifier, Nanos, Query, Signal, Time, Wanted, Window};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

source_config! { "datadog" at "https://api.datadoghq.com" {
    /// A query in Datadog's language that all logs must fit.
    filter: String = "*".to_owned(),
    /// Where logs are looked for: "indexes", "flex" or "online-archives".
    storage: String = "indexes".to_owned(),
    /// Attributes that may hold identifiers, beside the message.
    identifier_fields: Vec<String> =
        ["correlation_id", "correlationId", "request_id", "requestId"].map(str::to_owned).to_vec(),
    /// Metrics to pull: `avg:trace.servlet.request.duration{env:prod} by {service}`.
    metrics: Vec<Metric> = Vec::new(),
} }

/// The most that a page may hold.
const PAGE: usize = 1_000;

pub(super) struct Datadog {
    base: Base,
    config: Config,
}

/// Makes the source ready to be asked.
pub fn connect(config: &Config, settings: &Settings) -> Result<Arc<dyn Source>, SourceError> {
    let base = Base::new::<Datadog>(&config.common(), settings)?;
    Ok(Arc::new(Live(Datadog { base, config: config.clone() })))
}

/// Where an answer is: logs come first, then the spans of traces that were asked for; of metrics, which is next.
#[derive(Debug, Default)]
pub(super) struct Cursor {
    metric: usize,
    is_spans: bool,
    after: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Reply {
    data: Option<Vec<Item>>,
    meta: Meta,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Meta {
    status: String,
    warnings: Vec<Value>,
    page: Value,
}

/// The answer to a question for figures.
#[derive(Debug, Deserialize)]
struct Figures {
    data: FiguresData,
}

#[derive(Debug, Deserialize)]
struct FiguresData {
    attributes: Columns,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Columns {
    series: Vec<Group>,
    /// In milliseconds.
    times: Vec<i64>,
    values: Vec<Vec<Option<f64>>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Group {
    group_tags: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Item {
    id: String,
    attributes: Value,
}

impl Datadog {
    fn expression(&self, wanted: &Wanted, is_spans: bool) -> Option<String> {
        match wanted {
            Wanted::Events if !is_spans => Some(self.config.filter.clone()),
            Wanted::Identifiers(identifiers) if is_spans => of_traces(identifiers, "trace_id"),
            Wanted::Identifiers(identifiers) => {
                let mut tests: Vec<String> = of_traces(identifiers, "trace_id").into_iter().collect();
                for text in all_spellings(identifiers) {
                    let quoted = in_double_quotes(&text);
                    let fields = self.config.identifier_fields.iter().filter(|name| is_attribute(name));
                    tests.extend(fields.map(|name| format!("@{name}:{quoted}")));
                    tests.push(quoted);
                }
                (!tests.is_empty()).then(|| format!("({}) ({})", self.config.filter, tests.join(" OR ")))
            }
            _ => None,
        }
    }

    fn request(
        &self,
        query: &str,
        window: Window,
        cursor: &Cursor,
        limit: usize,
        deadline: Duration,
    ) -> Request<'static> {
        let mut page = json!({ "limit": limit });
        if let Some(after) = &cursor.after {
            page["cursor"] = json!(after);
        }
        let mut filter = json!({ "query": query, "from": window.from.rfc3339(), "to": window.to.rfc3339() });
        if cursor.is_spans {
            let attributes = json!({ "filter": filter, "sort": "timestamp", "page": page });
            let body = json!({ "data": { "type": "search_request", "attributes": attributes } });
            return Request::json("api/v2/spans/events/search", body, deadline);
        }
        filter["storage_tier"] = json!(self.config.storage);
        let body = json!({ "filter": filter, "sort": "timestamp", "page": page });
        Request::json("api/v2/logs/events/search", body, deadline)
    }

    fn figures(&self, metric: &Metric, window: Window, step: Nanos, deadline: Duration) -> Request<'static> {
        let query = json!({ "data_source": "metrics", "name": "a", "query": metric.query });
        let attributes = json!({ "from": in_millis(window.from), "to": ceil(window.to.0, 1_000_000),
            "interval": step.0 / 1_000_000, "queries": [query], "formulas": [{ "formula": "a" }] });
        let body = json!({ "data": { "type": "timeseries_request", "attributes": attributes } });
        Request::json("api/v2/query/timeseries", body, deadline)
    }

    async fn measure(&self, ask: Ask<'_, Cursor>, step: Nanos) -> Result<Option<Page<Cursor>>, SourceError> {
        let Some(metric) = self.config.metrics.get(ask.cursor.metric) else { return Ok(Page::nothing()) };
        let window = ask.window();
        let found: Figures = self.base.json(&self.figures(metric, window, step, ask.deadline)).await?;
        let columns = found.data.attributes;
        let series = columns.series.iter().zip(&columns.values).map(|(group, values)| {
            let labels = group.group_tags.iter().filter_map(|tag| tag.split_once(':'));
            let labels = labels.map(|(name, value)| (name.to_owned(), self.base.reader.safe(value)));
            let times = columns.times.iter().map(|millis| Time::from_millis(*millis));
            figures::series(
                metric,
                labels.collect(),
                times.zip(values.iter().copied()),
                window,
                self.base.name(),
            )
        });
        let batch = figures::batch(series.collect(), Vec::new());
        let next = ask.cursor.metric + 1;
        let next = (next < self.config.metrics.len()).then(|| Cursor { metric: next, ..Cursor::default() });
        Ok(Some(Page { batch, next }))
    }

    fn event(&self, item: &Item, is_spans: bool) -> Option<Event> {
        let text = |name: &str| item.attributes.get(name).and_then(Value::as_str);
        let time = Time::parse(text("start_timestamp").or_else(|| text("timestamp"))?)?;
        let mut fields = flatten(&item.attributes);
        // What a log carried itself lies one level deeper than what Datadog says of it.
        for (name, _) in &mut fields {
            if let Some(own) = name.strip_prefix("attributes.").or_else(|| name.strip_prefix("custom.")) {
                *name = own.to_owned();
            }
        }
        fields.push(("datadog.id".to_owned(), item.id.clone()));
        if is_spans {
            let span = spans::span(&fields, Some(time))?;
            return self.base.reader.event(Record { fields, ..span });
        }
        let record = Record { time: Some(time), ..Record::default() };
        self.base.reader.document(record, fields, names(&[], &[]))
    }
}

/// Traces in hex and, for older tracers, as the decimal of their lower half.
fn of_traces(identifiers: &[Identifier], field: &str) -> Option<String> {
    let spelled = traces(identifiers).into_iter().flat_map(|hex| {
        let low = u64::from_str_radix(&hex[16..], 16).ok().map(|low| low.to_string());
        std::iter::once(hex).chain(low)
    });
    let spelled: Vec<String> = spelled.collect();
    (!spelled.is_empty()).then(|| format!("{field}:({})", spelled.join(" OR ")))
}

fn is_attribute(name: &str) -> bool {
    !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-'))
}

impl Backend for Datadog {
    const KIND: &'static str = "datadog";
    const READS: &'static [(&'static str, &'static str)] = &[
        ("POST", "api/v2/logs/events/search"),
        ("POST", "api/v2/spans/events/search"),
        ("POST", "api/v2/query/timeseries"),
    ];
    type Cursor = Cursor;

    fn base(&self) -> &Base {
        &self.base
    }

    fn signals(&self) -> &'static [Signal] {
        if self.config.metrics.is_empty() {
            return &[Signal::Logs, Signal::Traces];
        }
        &[Signal::Logs, Signal::Traces, Signal::Metrics]
    }

    async fn check(&self) -> Result<String, SourceError> {
        // A search of one row needs both keys, and the right site.
        let filter = json!({ "query": self.config.filter, "from": "now-5m", "to": "now" });
        let body = json!({ "filter": filter, "page": { "limit": 1 } });
        let reply: Reply =
            self.base.json(&Request::json("api/v2/logs/events/search", body, CHECK_PATIENCE)).await?;
        match reply.data {
            Some(_) => Ok("answers".to_owned()),
            None => Err(self.base.unreadable("it has no `data`, so something else answers here")),
        }
    }

    async fn page(&self, ask: Ask<'_, Cursor>) -> Result<Option<Page<Cursor>>, SourceError> {
        if let Wanted::Metrics { step } = ask.query.wanted {
            return self.measure(ask, step).await;
        }
        let (window, cursor) = (ask.window(), ask.cursor);
        let wanted = &ask.query.wanted;
        let Some(query) = self.expression(wanted, cursor.is_spans) else { return Ok(Page::nothing()) };
        let request = self.request(&query, window, &cursor, ask.rows.min(PAGE), ask.deadline);
        let reply: Reply = self.base.json(&request).await?;
        let Some(items) = reply.data else {
            return Err(self.base.unreadable("it has no `data`, so something else answers here"));
        };
        let mut reasons = Vec::new();
        if reply.meta.status == "timeout" {
            reasons.push("the search ran out of its time".to_owned());
        }
        reasons.extend(reply.meta.warnings.iter().map(|warning| {
            let said = ["title", "detail", "code"].iter().find_map(|name| warning.get(name)?.as_str());
            self.base.reader.safe(said.unwrap_or("a warning without words"))
        }));
        let after = reply.meta.page.get("after").and_then(Value::as_str).map(str::to_owned);
        let found = items.iter().filter_map(|item| self.event(item, cursor.is_spans));
        let mut batch = events(found.collect(), reasons);
        if cursor.is_spans && batch.completeness == Completeness::Full && !items.is_empty() {
            batch.completeness = Completeness::Unknown; // Only spans that were retained are found.
        }
        // A short page is no last page: the cursor decides, and it is there even behind the last row.
        let next = match after.filter(|_| !items.is_empty()) {
            Some(after) => Some(Cursor { after: Some(after), ..cursor }),
            None if !cursor.is_spans && self.expression(wanted, true).is_some() => {
                Some(Cursor { is_spans: true, ..Cursor::default() })
            }
            None => None,
        };
        Ok(Some(Page { batch, next }))
    }

    // A few hundred searches an hour are all that an organisation has.
    fn least_pause(&self) -> Duration {
        Duration::from_secs(60)
    }

    fn command(&self, query: &Query) -> Option<Request<'static>> {
        if let Wanted::Metrics { step } = query.wanted {
            return Some(self.figures(self.config.metrics.first()?, query.window, step, Duration::ZERO));
        }
        let expression = self.expression(&query.wanted, false)?;
        Some(self.request(&expression, query.window, &Cursor::default(), PAGE, Duration::ZERO))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::{EventKind, IdentifierClass};

    fn source() -> Datadog {
        let config = Config { identifier_fields: vec!["correlation_id".into()], ..Config::default() };
        let base = Base::new::<Datadog>(&config.common(), &Settings::default()).unwrap();
        Datadog { base, config }
    }

    #[test]
    fn a_trace_is_asked_for_in_hex_and_as_the_decimal_of_its_lower_half() {
        let trace =
            Identifier { class: IdentifierClass::Trace, value: "7c1f0a9be2d34c58a1b6e0f2934d5a77".into() };
        let spans = source().expression(&Wanted::Identifiers(vec![trace]), true).unwrap();
        assert_eq!(spans, "trace_id:(7c1f0a9be2d34c58a1b6e0f2934d5a77 OR 11652748418325764727)");
        let hostile = Identifier { class: IdentifierClass::Correlation, value: "x\" OR *".into() };
        let logs = source().expression(&Wanted::Identifiers(vec![hostile]), false).unwrap();
        assert_eq!(logs, r#"(*) (@correlation_id:"x\" OR *" OR "x\" OR *")"#);
    }

    #[test]
    fn a_log_and_a_span_say_what_they_are() {
        let log: Item = serde_json::from_value(
            json!({"id": "AQ", "attributes": {"timestamp": "2026-03-14T09:26:53.589Z",
            "status": "error", "service": "orders-api", "message": "POST /orders failed",
            "attributes": {"trace_id": "7c1f0a9be2d34c58a1b6e0f2934d5a77"}}}),
        )
        .unwrap();
        let event = source().event(&log, false).unwrap();
        assert_eq!((event.time.0, event.system.as_str()), (1_773_480_413_589_000_000, "orders-api"));
        assert_eq!((event.severity.word(), event.identifiers.len()), ("error", 1));
        let span: Item = serde_json::from_value(json!({"id": "x", "attributes": {"trace_id": "7c1f0a9be2d34c58a1b6e0f2934d5a77",
            "span_id": "11471875398447357799", "parent_id": "0", "service": "orders-api", "resource_name": "POST /orders",
            "start_timestamp": "2026-03-14T09:26:53.589Z", "end_timestamp": "2026-03-14T09:26:55.400Z", "status": "error"}}))
        .unwrap();
        let event = source().event(&span, true).unwrap();
        assert_eq!((event.kind, event.duration), (EventKind::Span, Some(Nanos::millis(1_811))));
        assert_eq!(event.span.unwrap().id, 11_471_875_398_447_357_799);
    }
}
