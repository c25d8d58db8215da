//! New Relic by NerdGraph: logs and spans of a window and by identifier, and metrics, in NRQL that is a variable of the query.

use super::figures::{self, Metric};
use super::http::Request;
use super::live::{
    Ask, Backend, Base, CHECK_PATIENCE, Live, Page, ceil, events, in_millis, names, page_limit, source_config,
};
use super::paging::{Edge, key};
use super::spelling::all_spellings;
use super::{Source, SourceError, spans};
use crate::ingest::{Record, Settings, flatten};
use crate::telemetry::{Event, Identifier, Nanos, Query, Signal, Time, Wanted, Window};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

source_config! { "newrelic" at "https://api.newrelic.com" {
    /// The number of the account.
    account: u64 = 0,
    /// A condition in NRQL that all logs and spans must fit; empty for all.
    filter: String = String::new(),
    /// Attributes that may hold identifiers, beside the message.
    identifier_fields: Vec<String> =
        ["trace.id", "traceId", "correlationId", "correlation_id", "request.id"].map(str::to_owned).to_vec(),
    /// Metrics to pull: `SELECT average(duration) FROM Transaction FACET appName`; times and steps are ours.
    metrics: Vec<Metric> = Vec::new(),
} }

/// The most that a query may give.
const PAGE: usize = 5_000;
/// The only document that is ever sent; it holds no mutation.
const DOCUMENT: &str = "query($a:Int!,$q:Nrql!,$t:Seconds){actor{account(id:$a){nrql(query:$q,timeout:$t){results metadata{messages}}}}}";
const WHO: &str = "{actor{accounts{id name}}}";

pub(super) struct NewRelic {
    base: Base,
    config: Config,
}

/// Makes the source ready to be asked.
pub fn connect(config: &Config, settings: &Settings) -> Result<Arc<dyn Source>, SourceError> {
    let base = Base::new::<NewRelic>(&config.common(), settings)?;
    Ok(Arc::new(Live(NewRelic { base, config: config.clone() })))
}

/// Where an answer is: logs come first, then spans; of metrics, which is next.
#[derive(Debug, Default)]
pub(super) struct Cursor {
    metric: usize,
    is_spans: bool,
    edge: Edge,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Reply {
    data: Value,
    errors: Vec<Problem>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Problem {
    message: String,
    extensions: Extensions,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Extensions {
    error_class: String,
}

impl NewRelic {
    fn expression(&self, wanted: &Wanted, window: Window, cursor: &Cursor, limit: usize) -> Option<String> {
        let mut conditions: Vec<String> = Vec::new();
        if !self.config.filter.is_empty() {
            conditions.push(format!("({})", self.config.filter));
        }
        match wanted {
            Wanted::Events => {}
            Wanted::Identifiers(identifiers) => conditions.push(self.of(identifiers, cursor.is_spans)?),
            Wanted::Metrics { .. } | Wanted::Changes | Wanted::Alerts | Wanted::Tallies => return None,
        }
        let kind = if cursor.is_spans { "Span" } else { "Log" };
        let conditions = conditions.join(" AND ");
        let conditions = if conditions.is_empty() { conditions } else { format!(" WHERE {conditions}") };
        let (from, to) = (in_millis(cursor.edge.start(window)), ceil(window.to.0, 1_000_000));
        Some(format!(
            "SELECT * FROM {kind}{conditions} SINCE {from} UNTIL {to} ORDER BY timestamp ASC LIMIT {limit}"
        ))
    }

    /// Conditions on identifiers. What would need an escape inside a quoted text is refused.
    fn of(&self, identifiers: &[Identifier], is_spans: bool) -> Option<String> {
        let spellings = all_spellings(identifiers);
        let safe = spellings.iter().filter(|text| !text.contains(['\'', '\\', '%', '`']));
        let tests = safe.flat_map(|text| {
            let fields = self.config.identifier_fields.iter().filter(|name| !name.contains('`'));
            let in_fields = fields.map(move |name| format!("`{name}` = '{text}'"));
            in_fields.chain((!is_spans).then(|| format!("message LIKE '%{text}%'")))
        });
        let tests: Vec<String> = tests.collect();
        (!tests.is_empty()).then(|| format!("({})", tests.join(" OR ")))
    }

    fn request(&self, nrql: &str, deadline: Duration) -> Request<'static> {
        let seconds = deadline.as_secs().clamp(5, 120);
        let variables = json!({ "a": self.config.account, "q": nrql, "t": seconds });
        Request::json("graphql", json!({ "query": DOCUMENT, "variables": variables }), deadline)
    }

    /// The answer's data, and what it lacks. Errors come with status 200; beside data they make it partial.
    async fn ask(&self, request: &Request<'_>) -> Result<(Value, Vec<String>), SourceError> {
        let reply: Reply = self.base.json(request).await?;
        let reasons: Vec<String> =
            reply.errors.iter().map(|problem| self.base.reader.safe(&problem.message)).collect();
        let has_data = reply.data.pointer("/actor").is_some_and(|actor| !actor.is_null());
        if has_data && reply.data.pointer("/actor/account/nrql").is_none_or(|nrql| !nrql.is_null()) {
            return Ok((reply.data, reasons));
        }
        let endpoint = self.base.endpoint();
        match reply.errors.first() {
            Some(problem) if problem.extensions.error_class == "TOO_MANY_REQUESTS" => {
                Err(SourceError::Throttled { endpoint, retry_after: Duration::from_secs(60) })
            }
            Some(_) => Err(SourceError::BadQuery { endpoint, reason: reasons.join("; ") }),
            None => Err(self.base.unreadable("it has no `data`, so something else answers here")),
        }
    }

    fn figures(&self, metric: &Metric, window: Window, step: Nanos, deadline: Duration) -> Request<'static> {
        let (from, to) = (in_millis(window.from), ceil(window.to.0, 1_000_000));
        // No more than 366 steps are given.
        let step = (step.0 / 1_000_000_000).max((window.length().0 / 1_000_000_000).div_euclid(366) + 1);
        let nrql =
            format!("{} TIMESERIES {step} seconds SINCE {from} UNTIL {to} LIMIT MAX", metric.query.trim());
        self.request(&nrql, deadline)
    }

    async fn measure(&self, ask: Ask<'_, Cursor>, step: Nanos) -> Result<Option<Page<Cursor>>, SourceError> {
        let Some(metric) = self.config.metrics.get(ask.cursor.metric) else { return Ok(Page::nothing()) };
        let window = ask.window();
        let (data, mut reasons) = self.ask(&self.figures(metric, window, step, ask.deadline)).await?;
        let nrql = data.pointer("/actor/account/nrql").cloned().unwrap_or_default();
        reasons.extend(self.messages(&nrql));
        let mut by_facet: BTreeMap<String, Vec<(Time, Option<f64>)>> = BTreeMap::new();
        for row in nrql.get("results").and_then(Value::as_array).into_iter().flatten() {
            let Some(begin) = row.get("beginTimeSeconds").and_then(Value::as_i64) else { continue };
            let facet = match row.get("facet") {
                Some(Value::String(facet)) => facet.clone(),
                Some(Value::Array(facets)) => {
                    let texts: Vec<&str> = facets.iter().filter_map(Value::as_str).collect();
                    texts.join(" ")
                }
                _ => String::new(),
            };
            // The figure stands under a name made from what was selected.
            let figure = row.as_object().into_iter().flatten().find_map(|(name, value)| {
                let is_time =
                    matches!(name.as_str(), "beginTimeSeconds" | "endTimeSeconds" | "inspectedCount");
                value.as_f64().filter(|_| !is_time)
            });
            by_facet.entry(facet).or_default().push((Time::from_millis(begin * 1_000), figure));
        }
        let series = by_facet.into_iter().map(|(facet, points)| {
            let labels = vec![("appName".to_owned(), self.base.reader.safe(&facet))];
            let labels = if facet.is_empty() { Vec::new() } else { labels };
            figures::series(metric, labels, points.into_iter(), window, self.base.name())
        });
        let batch = figures::batch(series.collect(), reasons);
        let next = ask.cursor.metric + 1;
        let next = (next < self.config.metrics.len()).then(|| Cursor { metric: next, ..Cursor::default() });
        Ok(Some(Page { batch, next }))
    }

    /// What the answer says of itself.
    fn messages(&self, nrql: &Value) -> Vec<String> {
        let messages = nrql.pointer("/metadata/messages").and_then(Value::as_array).into_iter().flatten();
        messages.filter_map(Value::as_str).map(|text| self.base.reader.safe(text)).collect()
    }

    fn event(&self, row: &Value, time: Time, is_spans: bool) -> Option<Event> {
        let mut fields = flatten(row);
        fields.retain(|(name, _)| name != "timestamp");
        if is_spans {
            let span = spans::span(&fields, Some(time))?;
            return self.base.reader.event(Record { fields, ..span });
        }
        let record = Record { time: Some(time), ..Record::default() };
        self.base.reader.document(record, fields, names(&[], &[]))
    }
}

impl Backend for NewRelic {
    const KIND: &'static str = "newrelic";
    const READS: &'static [(&'static str, &'static str)] = &[("POST", "graphql")];
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
        let (data, _) = self.ask(&Request::json("graphql", json!({ "query": WHO }), CHECK_PATIENCE)).await?;
        let accounts = data.pointer("/actor/accounts").and_then(Value::as_array).cloned().unwrap_or_default();
        let own =
            accounts.iter().find(|one| one.get("id").and_then(Value::as_u64) == Some(self.config.account));
        match own {
            Some(own) => {
                let name = own.get("name").and_then(Value::as_str).unwrap_or_default();
                Ok(self.base.reader.safe(&format!("account {name}")))
            }
            None => {
                let reason = format!("the key sees no account {}: set `account`", self.config.account);
                Err(SourceError::Misconfigured { reason })
            }
        }
    }

    async fn page(&self, ask: Ask<'_, Cursor>) -> Result<Option<Page<Cursor>>, SourceError> {
        if let Wanted::Metrics { step } = ask.query.wanted {
            return self.measure(ask, step).await;
        }
        let (window, mut cursor) = (ask.window(), ask.cursor);
        let limit = page_limit(ask.rows, PAGE, cursor.edge.known(), PAGE);
        let Some(nrql) = self.expression(&ask.query.wanted, window, &cursor, limit) else {
            return Ok(Page::nothing());
        };
        let (data, mut reasons) = self.ask(&self.request(&nrql, ask.deadline)).await?;
        let nrql = data.pointer("/actor/account/nrql").cloned().unwrap_or_default();
        reasons.extend(self.messages(&nrql));
        let rows = nrql.get("results").and_then(Value::as_array).cloned().unwrap_or_default();
        let is_full = rows.len() >= limit;
        let mut keyed: Vec<(Time, u64, (Time, Value))> = rows
            .into_iter()
            .filter_map(|row| {
                let time = Time::from_millis(row.get("timestamp")?.as_i64()?);
                let own = ["messageId", "id"].iter().find_map(|name| row.get(*name)?.as_str());
                let key = own.map_or_else(|| key(&row.to_string()), |own| key(&own));
                Some((time, key, (time, row)))
            })
            .collect();
        keyed.sort_by_key(|(time, ..)| *time);
        let passed = cursor.edge.pass(keyed);
        if passed.is_stuck && is_full {
            reasons.push(format!("more than {limit} rows in one millisecond: only so many can be asked for"));
        }
        let found = passed.rows.iter().filter_map(|(time, row)| self.event(row, *time, cursor.is_spans));
        let batch = events(found.collect(), reasons);
        let next = match (is_full && !passed.is_stuck, cursor.is_spans) {
            (true, _) => Some(cursor),
            (false, false) => Some(Cursor { is_spans: true, ..Cursor::default() }),
            (false, true) => None,
        };
        Ok(Some(Page { batch, next }))
    }

    fn least_pause(&self) -> Duration {
        Duration::from_secs(15)
    }

    fn command(&self, query: &Query) -> Option<Request<'static>> {
        if let Wanted::Metrics { step } = query.wanted {
            return Some(self.figures(
                self.config.metrics.first()?,
                query.window,
                step,
                Duration::from_secs(30),
            ));
        }
        let nrql = self.expression(&query.wanted, query.window, &Cursor::default(), 1_000)?;
        Some(self.request(&nrql, Duration::from_secs(30)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::{IdentifierClass, Nanos};

    fn source() -> NewRelic {
        let config = Config { account: 7, identifier_fields: vec!["trace.id".into()], ..Config::default() };
        let base = Base::new::<NewRelic>(&config.common(), &Settings::default()).unwrap();
        NewRelic { base, config }
    }

    #[test]
    fn identifiers_are_quoted_and_what_would_need_an_escape_is_refused() {
        let of = |value: &str| {
            source().of(&[Identifier { class: IdentifierClass::Correlation, value: value.to_owned() }], false)
        };
        assert_eq!(of("ORD-1").as_deref(), Some("(`trace.id` = 'ORD-1' OR message LIKE '%ORD-1%')"));
        for hostile in ["x' OR '1'='1", "x\\", "100%"] {
            assert_eq!(of(hostile), None, "{hostile}");
        }
    }

    #[test]
    fn a_span_has_its_duration_in_milliseconds() {
        let row = json!({"timestamp": 1_773_480_413_589_i64, "trace.id": "7c1f0a9be2d34c58a1b6e0f2934d5a77", "id": "9f3c2b1a0d4e5f67",
            "parent.id": "1122334455667788", "name": "POST /orders", "duration.ms": 1811.5, "service.name": "orders-api", "error.message": "502"});
        let event = source().event(&row, Time::from_millis(1_773_480_413_589), true).unwrap();
        assert_eq!((event.system.as_str(), event.duration), ("orders-api", Some(Nanos(1_811_500_000))));
        assert!(event.span.unwrap().failed);
    }
}
