//! ClickHouse with the tables of the OpenTelemetry exporter: log records and spans by SQL, values as parameters.

mod tallies;

use super::http::Request;
use super::live::{Ask, Backend, Base, CHECK_PATIENCE, Live, Page, events, names, page_limit, source_config};
use super::paging::{Edge, Slices, key};
use super::spelling::{all_spellings, traces};
use super::{Source, SourceError, spans};
use crate::ingest::{Record, Settings, flatten, scrub_text};
use crate::telemetry::{Event, Identifier, Query, Signal, Time, Wanted, Window};
use serde_json::Value;
use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

source_config! { "clickhouse" at "http://127.0.0.1:8123" {
    /// The table of log records, with its database if that is not the user's own; empty for none.
    logs_table: String = "otel_logs".to_owned(),
    /// The table of spans; empty for none.
    traces_table: String = "otel_traces".to_owned(),
    /// Attributes that hold identifiers, beside the trace: what flows are counted by where there are too many rows.
    identifier_attributes: Vec<String> = ATTRIBUTES.map(str::to_owned).to_vec(),
    /// Rows asked for at a time.
    page: usize = 10_000,
} }

const ATTRIBUTES: [&str; 4] = ["correlation_id", "correlationId", "request_id", "message_id"];

/// More rows of one instant are not asked for.
const MOST: usize = 1_000_000;

pub(super) struct ClickHouse {
    base: Base,
    config: Config,
}

/// Makes the source ready to be asked.
pub fn connect(config: &Config, settings: &Settings) -> Result<Arc<dyn Source>, SourceError> {
    for table in [&config.logs_table, &config.traces_table] {
        if !table.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.')) {
            let reason = format!("`{table}` is no name of a table: letters, digits, `_` and `.` only");
            return Err(SourceError::Misconfigured { reason });
        }
    }
    let base = Base::new::<ClickHouse>(&config.common(), settings)?;
    Ok(Arc::new(Live(ClickHouse { base, config: config.clone() })))
}

/// Where an answer is: log records come first, then spans.
#[derive(Debug, Default)]
pub(super) struct Cursor {
    is_spans: bool,
    edge: Edge,
    /// Of tallies: stretches of time that are left.
    slices: Option<Slices>,
}

const LOGS: &str = "TraceId, SpanId, SeverityText, SeverityNumber, ServiceName, Body, LogAttributes";
const SPANS: &str = "TraceId, SpanId, ParentSpanId, SpanName, SpanKind, ServiceName, SpanAttributes, \
                     toString(Duration) AS Duration, StatusCode, StatusMessage";

impl ClickHouse {
    fn request(
        &self,
        wanted: &Wanted,
        window: Window,
        cursor: &Cursor,
        limit: usize,
        deadline: Duration,
    ) -> Option<Request<'static>> {
        let (table, columns, attributes) = if cursor.is_spans {
            (&self.config.traces_table, SPANS, "SpanAttributes")
        } else {
            (&self.config.logs_table, LOGS, "LogAttributes")
        };
        if table.is_empty() {
            return None;
        }
        let from = cursor.edge.start(window);
        let mut parameters = vec![
            ("param_from", from.0.to_string()),
            ("param_to", window.to.0.to_string()),
            ("param_limit", limit.to_string()),
        ];
        let mut sql = format!(
            "SELECT toString(toUnixTimestamp64Nano(Timestamp)) AS ns, {columns} FROM {table} \
             WHERE Timestamp >= fromUnixTimestamp64Nano({{from:Int64}}) AND Timestamp < fromUnixTimestamp64Nano({{to:Int64}})"
        );
        match wanted {
            Wanted::Events => {}
            Wanted::Identifiers(identifiers) => {
                let tests = tests(identifiers, attributes, cursor.is_spans, &mut parameters);
                if tests.is_empty() {
                    return None;
                }
                write!(sql, " AND ({})", tests.join(" OR ")).expect("a string takes all");
            }
            Wanted::Metrics { .. } | Wanted::Changes | Wanted::Alerts | Wanted::Tallies => return None,
        }
        sql.push_str(" ORDER BY Timestamp, TraceId, SpanId LIMIT {limit:UInt64} FORMAT JSONEachRow");
        // A GET may change nothing there; the time it may take is told too.
        parameters.extend([
            ("query", sql),
            ("max_execution_time", deadline.as_secs().clamp(1, 300).to_string()),
            ("output_format_json_quote_64bit_integers", "1".to_owned()),
        ]);
        Some(Request::get("", parameters, deadline))
    }

    fn event(&self, row: Value, time: Time) -> Option<Event> {
        let mut row = row;
        let object = row.as_object_mut()?;
        object.remove("ns");
        // Attributes are fields of their own, as everywhere else.
        for name in ["LogAttributes", "SpanAttributes"] {
            if let Some(Value::Object(attributes)) = object.remove(name) {
                for (key, value) in attributes {
                    object.entry(key).or_insert(value);
                }
            }
        }
        let fields = flatten(&row);
        if let Some(span) = spans::span(&fields, Some(time)) {
            return self.base.reader.event(Record { fields, ..span });
        }
        let record = Record { time: Some(time), ..Record::default() };
        self.base.reader.document(record, fields, names(&[], &[]))
    }
}

/// Conditions on identifiers; their values become parameters of the query.
fn tests(
    identifiers: &[Identifier],
    attributes: &str,
    is_spans: bool,
    parameters: &mut Vec<(&'static str, String)>,
) -> Vec<String> {
    const NAMES: [&str; 24] = [
        "param_i0",
        "param_i1",
        "param_i2",
        "param_i3",
        "param_i4",
        "param_i5",
        "param_i6",
        "param_i7",
        "param_i8",
        "param_i9",
        "param_i10",
        "param_i11",
        "param_i12",
        "param_i13",
        "param_i14",
        "param_i15",
        "param_i16",
        "param_i17",
        "param_i18",
        "param_i19",
        "param_i20",
        "param_i21",
        "param_i22",
        "param_i23",
    ];
    let mut names = NAMES.iter();
    let mut tests = Vec::new();
    for trace in traces(identifiers) {
        let Some(name) = names.next() else { break };
        tests.push(format!("TraceId = {{{}:String}}", &name[6..]));
        parameters.push((name, trace));
    }
    for text in all_spellings(identifiers) {
        let Some(name) = names.next() else { break };
        let parameter = format!("{{{}:String}}", &name[6..]);
        if !is_spans {
            tests.push(format!("positionCaseInsensitive(Body, {parameter}) > 0"));
        }
        tests.push(format!("has(mapValues({attributes}), {parameter})"));
        // Parameters are read as fields of a tab-separated line.
        parameters.push((name, text.replace('\\', "\\\\")));
    }
    tests
}

/// Each line as JSON; an error in the middle ends them, which the second value tells.
fn rows(body: &[u8]) -> Result<(Vec<Value>, Option<String>), String> {
    let mut rows = Vec::new();
    for line in body.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty()) {
        match serde_json::from_slice::<Value>(line) {
            Ok(row) if row.is_object() => rows.push(row),
            _ if !rows.is_empty() => {
                let said = String::from_utf8_lossy(&line[..line.len().min(160)]).into_owned();
                return Ok((rows, Some(said)));
            }
            Err(error) if error.is_eof() => return Err("it ends too early".to_owned()),
            _ => return Err("it is not made of lines of JSON".to_owned()),
        }
    }
    Ok((rows, None))
}

impl Backend for ClickHouse {
    const KIND: &'static str = "clickhouse";
    const READS: &'static [(&'static str, &'static str)] = &[("GET", "")];
    type Cursor = Cursor;

    fn base(&self) -> &Base {
        &self.base
    }

    fn signals(&self) -> &'static [Signal] {
        match (self.config.logs_table.is_empty(), self.config.traces_table.is_empty()) {
            (false, false) => &[Signal::Logs, Signal::Traces],
            (false, true) => &[Signal::Logs],
            (true, false) => &[Signal::Traces],
            (true, true) => &[],
        }
    }

    async fn check(&self) -> Result<String, SourceError> {
        let parameters = vec![("query", "SELECT version() AS version FORMAT JSONEachRow".to_owned())];
        let row: Value = self.base.json(&Request::get("", parameters, CHECK_PATIENCE)).await?;
        let version = row.get("version").and_then(Value::as_str);
        version
            .map(|version| scrub_text(version).into_owned())
            .ok_or_else(|| self.base.unreadable("it has no `version`, so something else answers here"))
    }

    async fn count(&self, window: Window, deadline: Duration) -> Result<Option<u64>, SourceError> {
        self.count_in(window, deadline).await.map(Some)
    }

    async fn page(&self, ask: Ask<'_, Cursor>) -> Result<Option<Page<Cursor>>, SourceError> {
        match ask.query.wanted {
            Wanted::Tallies => return self.tally(ask).await,
            Wanted::Events | Wanted::Identifiers(_) => {}
            _ => return Ok(Page::nothing()),
        }
        let (window, mut cursor) = (ask.window(), ask.cursor);
        let limit = page_limit(ask.rows, self.config.page, cursor.edge.known(), MOST);
        let spans_next = || Some(Cursor { is_spans: true, ..Cursor::default() });
        let Some(request) = self.request(&ask.query.wanted, window, &cursor, limit, ask.deadline) else {
            let next = if cursor.is_spans { None } else { spans_next() };
            return Ok(Some(Page { batch: events(Vec::new(), Vec::new()), next }));
        };
        let answer = self.base.whole(&request).await?;
        let (rows, said) = rows(&answer.body).map_err(|reason| self.base.unreadable(reason))?;
        let mut reasons: Vec<String> = said
            .map(|said| format!("the query failed on the way: {}", self.base.reader.safe(&said)))
            .into_iter()
            .collect();
        let is_full = rows.len() >= limit;
        let keyed = rows.into_iter().filter_map(|row| {
            let time = Time(row.get("ns")?.as_str()?.parse().ok()?);
            Some((time, key(&row.to_string()), (time, row)))
        });
        let passed = cursor.edge.pass(keyed.collect());
        if passed.is_stuck && is_full {
            reasons.push(format!("more than {limit} rows at one instant: only so many can be asked for"));
        }
        let found = passed.rows.into_iter().filter_map(|(time, row)| self.event(row, time));
        let batch = events(found.collect(), reasons);
        let next = match (is_full && !passed.is_stuck, cursor.is_spans) {
            (true, _) => Some(cursor),
            (false, false) => spans_next(),
            (false, true) => None,
        };
        Ok(Some(Page { batch, next }))
    }

    fn command(&self, query: &Query) -> Option<Request<'static>> {
        let cursor = Cursor { is_spans: self.config.logs_table.is_empty(), ..Cursor::default() };
        self.request(&query.wanted, query.window, &cursor, 1_000, Duration::from_secs(30))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::{EventKind, IdentifierClass, Nanos, Severity};

    fn source() -> ClickHouse {
        let config = Config::default();
        let base = Base::new::<ClickHouse>(&config.common(), &Settings::default()).unwrap();
        ClickHouse { base, config }
    }

    #[test]
    fn values_are_parameters_and_never_part_of_the_sql() {
        let hostile = Identifier { class: IdentifierClass::Correlation, value: "x' OR 1=1 -- \\".to_owned() };
        let window = Window { from: Time(1_773_480_413_589_000_000), to: Time(1_773_480_414_000_000_000) };
        let wanted = Wanted::Identifiers(vec![hostile]);
        let request =
            source().request(&wanted, window, &Cursor::default(), 5, Duration::from_secs(3)).unwrap();
        let value = |name: &str| request.parameters.iter().find(|(one, _)| *one == name).unwrap().1.clone();
        assert!(!value("query").contains("1=1"), "{}", value("query"));
        assert_eq!(value("param_i0"), "x' OR 1=1 -- \\\\");
        assert_eq!(value("param_from"), "1773480413589000000");
        let drop = Config { logs_table: "x; DROP TABLE y".to_owned(), ..Config::default() };
        assert!(connect(&drop, &Settings::default()).is_err());
    }

    #[test]
    fn rows_become_log_records_and_spans() {
        let log = serde_json::json!({"ns": "1773480413589000000", "TraceId": "7c1f0a9be2d34c58a1b6e0f2934d5a77", "SpanId": "9f3c2b1a0d4e5f67",
            "SeverityText": "ERROR", "SeverityNumber": 17, "ServiceName": "orders-api", "Body": "POST /orders failed",
            "LogAttributes": {"correlation_id": "3f2b8c1e-6d4a-4f7b-9a10-5c2e7d9b8a41"}});
        let event = source().event(log, Time(1)).unwrap();
        assert_eq!(
            (event.kind, event.severity, event.system.as_str()),
            (EventKind::Log, Severity::ERROR, "orders-api")
        );
        assert_eq!((event.body.as_str(), event.identifiers.len()), ("POST /orders failed", 2));
        let span = serde_json::json!({"TraceId": "7c1f0a9be2d34c58a1b6e0f2934d5a77", "SpanId": "9f3c2b1a0d4e5f67", "ParentSpanId": "",
            "SpanName": "POST /orders", "SpanKind": "Server", "ServiceName": "orders-api", "Duration": "1811000000", "StatusCode": "Error",
            "StatusMessage": "502", "SpanAttributes": {"http.response.status_code": "502"}});
        let event = source().event(span, Time(1)).unwrap();
        assert_eq!((event.kind, event.duration), (EventKind::Span, Some(Nanos::millis(1_811))));
        assert!(event.span.unwrap().failed);
    }

    #[test]
    fn a_failure_on_the_way_makes_the_answer_partial() {
        let (whole, said) = rows(b"{\"ns\":\"1\"}\nCode: 159. DB::Exception: Timeout exceeded\n").unwrap();
        assert_eq!((whole.len(), said.as_deref()), (1, Some("Code: 159. DB::Exception: Timeout exceeded")));
        assert!(rows(b"Code: 60. DB::Exception").is_err());
    }
}
