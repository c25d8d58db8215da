//! Dynatrace's Grail: logs and spans of a window and by identifier, and metrics, in DQL; a query that takes longer is polled.

use super::figures::{self, Metric};
use super::http::Request;
use super::live::{Ask, Backend, Base, CHECK_PATIENCE, Live, Page, events, names, page_limit, source_config};
use super::paging::{Edge, key};
use super::spelling::{all_spellings, in_double_quotes, traces};
use super::{Source, SourceError, spans};
use crate::ingest::{Record, Settings, flatten};
use crate::telemetry::{Event, Identifier, Nanos, Query, Series, Signal, Time, Wanted, Window};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

source_config! { "dynatrace" at "https://abc12345.apps.dynatrace.com" {
    /// A condition in DQL that all logs must fit, such as `k8s.namespace.name == "prod"`; empty for all.
    filter: String = String::new(),
    /// Fields that may hold identifiers, beside the content.
    identifier_fields: Vec<String> =
        ["trace_id", "correlation_id", "correlationId", "request_id"].map(str::to_owned).to_vec(),
    /// Records asked for at a time; scans are billed.
    page: usize = 1_000,
    /// Metrics to pull: `timeseries avg(dt.service.request.response_time), by: { dt.service.name }`.
    metrics: Vec<Metric> = Vec::new(),
} }

/// More records of one instant are not asked for.
const MOST: usize = 10_000;
const POLL: Duration = Duration::from_millis(500);

pub(super) struct Dynatrace {
    base: Base,
    config: Config,
}

/// Makes the source ready to be asked.
pub fn connect(config: &Config, settings: &Settings) -> Result<Arc<dyn Source>, SourceError> {
    let base = Base::new::<Dynatrace>(&config.common(), settings)?;
    Ok(Arc::new(Live(Dynatrace { base, config: config.clone() })))
}

/// Where an answer is: logs come first, then spans; of metrics, which is next.
#[derive(Debug, Default)]
pub(super) struct Cursor {
    metric: usize,
    is_spans: bool,
    edge: Edge,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Reply {
    state: String,
    request_token: String,
    result: Option<Answered>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Answered {
    records: Vec<Value>,
    metadata: Value,
}

impl Dynatrace {
    fn expression(&self, wanted: &Wanted, cursor: &Cursor, limit: usize) -> Option<String> {
        let (fetch, time) =
            if cursor.is_spans { ("fetch spans", "start_time") } else { ("fetch logs", "timestamp") };
        let mut filters = Vec::new();
        if !cursor.is_spans && !self.config.filter.is_empty() {
            filters.push(format!("({})", self.config.filter));
        }
        match wanted {
            Wanted::Events => {}
            Wanted::Identifiers(identifiers) if cursor.is_spans => {
                let ids: Vec<String> = traces(identifiers)
                    .iter()
                    .map(|id| format!("trace.id == toUid({})", in_double_quotes(id)))
                    .collect();
                if ids.is_empty() {
                    return None;
                }
                filters.push(format!("({})", ids.join(" or ")));
            }
            Wanted::Identifiers(identifiers) => filters.push(self.of(identifiers)?),
            Wanted::Metrics { .. } | Wanted::Changes | Wanted::Alerts | Wanted::Tallies => return None,
        }
        let filters = filters.join(" and ");
        let filters = if filters.is_empty() { filters } else { format!(" | filter {filters}") };
        Some(format!("{fetch}{filters} | sort {time} asc | limit {limit}"))
    }

    fn of(&self, identifiers: &[Identifier]) -> Option<String> {
        let tests: Vec<String> = all_spellings(identifiers)
            .iter()
            .flat_map(|text| {
                let quoted = in_double_quotes(text);
                let fields = self.config.identifier_fields.iter().filter(|name| !name.contains('`'));
                let in_fields: Vec<String> = fields.map(|name| format!("`{name}` == {quoted}")).collect();
                in_fields.into_iter().chain([format!("contains(content, {quoted})")])
            })
            .collect();
        (!tests.is_empty()).then(|| format!("({})", tests.join(" or ")))
    }

    fn request(
        &self,
        dql: &str,
        window: Window,
        from: Time,
        limit: usize,
        deadline: Duration,
    ) -> Request<'static> {
        let body = json!({
            "query": dql, "defaultTimeframeStart": from.rfc3339(), "defaultTimeframeEnd": window.to.rfc3339(), "timezone": "UTC",
            "maxResultRecords": limit, "requestTimeoutMilliseconds": 5_000, "enablePreview": false,
            "fetchTimeoutSeconds": deadline.as_secs().clamp(1, 300) });
        Request::json("platform/storage/query/v1/query:execute", body, deadline)
    }

    /// Asks, and asks again until the query has ended; what comes before is a preview.
    async fn ask(&self, request: Request<'_>) -> Result<Answered, SourceError> {
        let until = Instant::now() + request.deadline;
        let mut reply: Reply = self.base.json(&request).await?;
        loop {
            match reply.state.as_str() {
                "SUCCEEDED" => {
                    return reply
                        .result
                        .ok_or_else(|| self.base.unreadable("it succeeded without a `result`"));
                }
                "RUNNING" | "NOT_STARTED" if !reply.request_token.is_empty() => {}
                "" => return Err(self.base.unreadable("it has no `state`, so something else answers here")),
                other => {
                    let reason = self.base.reader.safe(&format!("the query ended as {other}"));
                    return Err(SourceError::BadQuery { endpoint: self.base.endpoint(), reason });
                }
            }
            tokio::time::sleep(POLL).await;
            let left = until.saturating_duration_since(Instant::now());
            let parameters = vec![
                ("request-token", reply.request_token.clone()),
                ("request-timeout-milliseconds", "5000".to_owned()),
            ];
            let poll = Request::get("platform/storage/query/v1/query:poll", parameters, left);
            let token = std::mem::take(&mut reply.request_token);
            reply = self.base.json(&poll).await?;
            if reply.request_token.is_empty() {
                reply.request_token = token;
            }
        }
    }

    fn figures(&self, metric: &Metric, window: Window, step: Nanos, deadline: Duration) -> Request<'static> {
        // A step of its own stands where it was written; ours comes behind.
        let dql = match metric.query.contains("interval:") {
            true => metric.query.clone(),
            false => format!("{}, interval: {}s", metric.query.trim(), (step.0 / 1_000_000_000).max(1)),
        };
        self.request(&dql, window, window.from, 1_000, deadline)
    }

    async fn measure(&self, ask: Ask<'_, Cursor>, step: Nanos) -> Result<Option<Page<Cursor>>, SourceError> {
        let Some(metric) = self.config.metrics.get(ask.cursor.metric) else { return Ok(Page::nothing()) };
        let window = ask.window();
        let answered = self.ask(self.figures(metric, window, step, ask.deadline)).await?;
        let reasons = self.notices(&answered.metadata);
        let series = answered.records.iter().filter_map(|record| self.series(metric, record, window));
        let batch = figures::batch(series.collect(), reasons);
        let next = ask.cursor.metric + 1;
        let next = (next < self.config.metrics.len()).then(|| Cursor { metric: next, ..Cursor::default() });
        Ok(Some(Page { batch, next }))
    }

    /// A record holds a whole series: from when on, in which steps, and a list of figures.
    fn series(&self, metric: &Metric, record: &Value, window: Window) -> Option<Series> {
        let start = Time::parse(record.pointer("/timeframe/start")?.as_str()?)?;
        let interval = record.get("interval")?;
        let interval = interval.as_i64().or_else(|| interval.as_str()?.parse().ok())?;
        let fields = record.as_object()?;
        let figures = fields.values().find_map(Value::as_array)?;
        let labels = fields.iter().filter(|(name, _)| !matches!(name.as_str(), "interval" | "timeframe"));
        let labels =
            labels.filter_map(|(name, value)| Some((name.clone(), self.base.reader.safe(value.as_str()?))));
        let points =
            (0..).zip(figures).map(|(place, figure)| (start + Nanos(interval * place), figure.as_f64()));
        Some(figures::series(metric, labels.collect(), points, window, self.base.name()))
    }

    /// What stands in the way of an answer being all there is.
    fn notices(&self, metadata: &Value) -> Vec<String> {
        let notices =
            metadata.pointer("/grail/notifications").and_then(Value::as_array).into_iter().flatten();
        notices
            .filter(|notice| notice.get("severity").and_then(Value::as_str) != Some("INFO"))
            .filter_map(|notice| notice.get("message").and_then(Value::as_str))
            .map(|text| self.base.reader.safe(text))
            .collect()
    }

    fn event(&self, row: &Value, time: Time, is_spans: bool) -> Option<Event> {
        let fields = flatten(row);
        if is_spans {
            // Grail's spans say who their parent is, and how long they lasted, under names of their own.
            let renamed = fields.iter().map(|(name, value)| match name.as_str() {
                "span.parent_id" => ("parent.id".to_owned(), value.clone()),
                "duration" => ("duration_ns".to_owned(), value.clone()),
                _ => (name.clone(), value.clone()),
            });
            let renamed: Vec<(String, String)> = renamed.collect();
            let span = spans::span(&renamed, Some(time))?;
            return self.base.reader.event(Record { fields, ..span });
        }
        let record = Record { time: Some(time), ..Record::default() };
        self.base.reader.document(record, fields, names(&[], &[]))
    }
}

impl Backend for Dynatrace {
    const KIND: &'static str = "dynatrace";
    const READS: &'static [(&'static str, &'static str)] = &[
        ("POST", "platform/storage/query/v1/query:execute"),
        ("GET", "platform/storage/query/v1/query:poll"),
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
        let body = json!({ "query": "fetch logs, from:now()-1m | limit 1", "maxResultRecords": 1, "requestTimeoutMilliseconds": 4_000 });
        let request = Request::json("platform/storage/query/v1/query:execute", body, CHECK_PATIENCE);
        let reply: Reply = self.base.json(&request).await?;
        match reply.state.as_str() {
            "" => Err(self.base.unreadable("it has no `state`, so something else answers here")),
            _ => Ok("answers".to_owned()),
        }
    }

    async fn page(&self, ask: Ask<'_, Cursor>) -> Result<Option<Page<Cursor>>, SourceError> {
        if let Wanted::Metrics { step } = ask.query.wanted {
            return self.measure(ask, step).await;
        }
        let (window, mut cursor) = (ask.window(), ask.cursor);
        if !matches!(ask.query.wanted, Wanted::Events | Wanted::Identifiers(_)) {
            return Ok(Page::nothing());
        }
        let limit = page_limit(ask.rows, self.config.page, cursor.edge.known(), MOST);
        let after = |is_spans: bool| (!is_spans).then(|| Cursor { is_spans: true, ..Cursor::default() });
        let Some(dql) = self.expression(&ask.query.wanted, &cursor, limit) else {
            let next = after(cursor.is_spans);
            return Ok(Some(Page { batch: events(Vec::new(), Vec::new()), next }));
        };
        let from = cursor.edge.start(window);
        let answered = self.ask(self.request(&dql, window, from, limit, ask.deadline)).await?;
        let mut reasons = self.notices(&answered.metadata);
        let is_full = answered.records.len() >= limit;
        let name = if cursor.is_spans { "start_time" } else { "timestamp" };
        let mut keyed: Vec<(Time, u64, (Time, Value))> = answered
            .records
            .into_iter()
            .filter_map(|row| {
                let time = Time::parse(row.get(name)?.as_str()?)?;
                Some((time, key(&row.to_string()), (time, row)))
            })
            .collect();
        keyed.sort_by_key(|(time, ..)| *time);
        let passed = cursor.edge.pass(keyed);
        if passed.is_stuck && is_full {
            reasons.push(format!("more than {limit} records at one instant: only so many can be asked for"));
        }
        let found = passed.rows.iter().filter_map(|(time, row)| self.event(row, *time, cursor.is_spans));
        let batch = events(found.collect(), reasons);
        let next = if is_full && !passed.is_stuck { Some(cursor) } else { after(cursor.is_spans) };
        Ok(Some(Page { batch, next }))
    }

    // Scans are billed by what they read.
    fn least_pause(&self) -> Duration {
        Duration::from_secs(60)
    }

    fn command(&self, query: &Query) -> Option<Request<'static>> {
        if let Wanted::Metrics { step } = query.wanted {
            return Some(self.figures(
                self.config.metrics.first()?,
                query.window,
                step,
                Duration::from_secs(60),
            ));
        }
        let dql = self.expression(&query.wanted, &Cursor::default(), 1_000)?;
        Some(self.request(&dql, query.window, query.window.from, 1_000, Duration::from_secs(60)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::IdentifierClass;

    #[test]
    fn identifiers_stay_inside_their_quotes_and_spans_are_asked_for_by_trace() {
        let config = Config { identifier_fields: vec!["trace_id".into()], ..Config::default() };
        let base = Base::new::<Dynatrace>(&config.common(), &Settings::default()).unwrap();
        let source = Dynatrace { base, config };
        let one =
            |class, value: &str| Wanted::Identifiers(vec![Identifier { class, value: value.to_owned() }]);
        let logs = source
            .expression(&one(IdentifierClass::Correlation, "x\" or true"), &Cursor::default(), 5)
            .unwrap();
        assert_eq!(
            logs,
            r#"fetch logs | filter (`trace_id` == "x\" or true" or contains(content, "x\" or true")) | sort timestamp asc | limit 5"#
        );
        let cursor = Cursor { is_spans: true, ..Cursor::default() };
        let trace = one(IdentifierClass::Trace, "7c1f0a9be2d34c58a1b6e0f2934d5a77");
        let spans = source.expression(&trace, &cursor, 5).unwrap();
        assert!(spans.contains(r#"trace.id == toUid("7c1f0a9be2d34c58a1b6e0f2934d5a77")"#), "{spans}");
        assert!(source.expression(&one(IdentifierClass::Correlation, "ORD-1"), &cursor, 5).is_none());
    }
}
