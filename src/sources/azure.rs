//! Azure Monitor Logs: log records and spans of a workspace's tables, in KQL.

use super::http::Request;
use super::live::{Ask, Backend, Base, CHECK_PATIENCE, Live, Page, events, names, page_limit, source_config};
use super::paging::{Edge, key};
use super::spelling::{all_spellings, in_double_quotes};
use super::{Source, SourceError};
use crate::ingest::{Record, Settings, flatten, trace_text};
use crate::telemetry::{
    Event, EventKind, Identifier, IdentifierClass, Nanos, Query, Severity, Signal, SpanInfo, SpanKind, Time,
    Wanted, Window,
};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::sync::Arc;
use std::time::Duration;

source_config! { "azure" at "https://api.loganalytics.azure.com" {
    /// The workspace's identifier.
    workspace: String = String::new(),
    /// The tables that are read; those that are not there are passed over.
    tables: Vec<String> =
        ["AppRequests", "AppDependencies", "AppTraces", "AppExceptions", "ContainerLogV2"].map(str::to_owned).to_vec(),
    /// Rows asked for at a time.
    page: usize = 5_000,
} }

/// A row by the names of its columns, with its time.
type Row = (Time, Map<String, Value>);

/// More rows of one instant are not asked for.
const MOST: usize = 100_000;

pub(super) struct Azure {
    base: Base,
    config: Config,
}

/// Makes the source ready to be asked.
pub fn connect(config: &Config, settings: &Settings) -> Result<Arc<dyn Source>, SourceError> {
    for table in &config.tables {
        if table.is_empty() || !table.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            return Err(SourceError::Misconfigured { reason: format!("`{table}` is no name of a table") });
        }
    }
    let base = Base::new::<Azure>(&config.common(), settings)?;
    Ok(Arc::new(Live(Azure { base, config: config.clone() })))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Reply {
    tables: Option<Vec<Table>>,
    error: Option<Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<Value>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Column {
    name: String,
}

impl Azure {
    fn expression(&self, wanted: &Wanted, window: Window, from: Time, limit: usize) -> Option<String> {
        let condition = match wanted {
            Wanted::Events => String::new(),
            Wanted::Identifiers(identifiers) => {
                let tests: Vec<String> = all_spellings(identifiers)
                    .iter()
                    .map(|text| format!("* has {}", in_double_quotes(text)))
                    .collect();
                if tests.is_empty() {
                    return None;
                }
                format!(" | where {}", tests.join(" or "))
            }
            Wanted::Metrics { .. } | Wanted::Changes | Wanted::Alerts | Wanted::Tallies => return None,
        };
        Some(format!(
            "union isfuzzy=true withsource=TableName {} | where TimeGenerated >= datetime({}) and TimeGenerated < datetime({}){condition} \
             | order by TimeGenerated asc | take {limit}",
            self.config.tables.join(", "),
            from.rfc3339(),
            window.to.rfc3339()
        ))
    }

    fn request(&self, kql: &str, deadline: Duration) -> Request<'static> {
        let path = format!("v1/workspaces/{}/query", super::http::segment(&self.config.workspace));
        Request::json(path, json!({ "query": kql }), deadline)
    }

    fn event(&self, row: &Map<String, Value>, time: Time) -> Option<Event> {
        let text = |name: &str| row.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        let mut fields = flatten(&Value::Object(row.clone()));
        fields.retain(|(_, value)| !value.is_empty());
        // Columns of type dynamic are JSON inside a text.
        for name in ["Properties", "KubernetesMetadata"] {
            if let Some(inner) = text(name).and_then(|inner| serde_json::from_str::<Value>(inner).ok()) {
                fields.retain(|(field, _)| field != name);
                fields.extend(flatten(&inner));
            }
        }
        let system = text("AppRoleName").or_else(|| text("ContainerName")).map(str::to_owned);
        let trace = text("OperationId").and_then(trace_text);
        let trace = trace.map(|value| Identifier { class: IdentifierClass::Trace, value });
        let id = |name: &str| text(name).and_then(|text| u64::from_str_radix(text, 16).ok()).unwrap_or(0);
        let table = text("TableName").unwrap_or_default();
        if matches!(table, "AppRequests" | "AppDependencies") {
            let failed = row
                .get("Success")
                .is_some_and(|success| success == &Value::Bool(false) || success == "False");
            let name = text("Name").unwrap_or("request").to_owned();
            let millis = row.get("DurationMs").and_then(Value::as_f64).unwrap_or(0.0);
            return self.base.reader.event(Record {
                time: Some(time),
                system,
                kind: Some(EventKind::Span),
                severity: if failed { Severity::ERROR } else { Severity::INFO },
                message: match text("ResultCode") {
                    Some(code) if failed => format!("{name}: {code}"),
                    _ => name.clone(),
                },
                operation: Some(name),
                duration: Some(Nanos((millis * 1e6) as i64)),
                fields,
                identifiers: trace.into_iter().collect(),
                span: Some(SpanInfo {
                    id: id("Id"),
                    parent: id("ParentId"),
                    kind: if table == "AppRequests" { SpanKind::Server } else { SpanKind::Client },
                    failed,
                }),
                ..Record::default()
            });
        }
        let severity = match row.get("SeverityLevel").and_then(Value::as_i64) {
            Some(0) => Severity::DEBUG,
            Some(1) => Severity::INFO,
            Some(2) => Severity::WARN,
            Some(3) => Severity::ERROR,
            Some(4) => Severity::FATAL,
            _ => Severity::UNSET,
        };
        let message =
            ["OuterMessage", "Message", "LogMessage"].iter().find_map(|name| text(name)).unwrap_or_default();
        let record = Record {
            time: Some(time),
            system,
            severity,
            message: message.to_owned(),
            identifiers: trace.into_iter().collect(),
            ..Record::default()
        };
        self.base.reader.document(record, fields, names(&[], &[]))
    }
}

impl Backend for Azure {
    const KIND: &'static str = "azure";
    const READS: &'static [(&'static str, &'static str)] = &[("POST", "v1/workspaces/*/query")];
    type Cursor = Edge;

    fn base(&self) -> &Base {
        &self.base
    }

    fn signals(&self) -> &'static [Signal] {
        &[Signal::Logs, Signal::Traces]
    }

    async fn check(&self) -> Result<String, SourceError> {
        let reply: Reply = self.base.json(&self.request("print answers = 1", CHECK_PATIENCE)).await?;
        match reply.tables {
            Some(_) => Ok("answers".to_owned()),
            None => Err(self.base.unreadable("it has no `tables`, so something else answers here")),
        }
    }

    async fn page(&self, ask: Ask<'_, Edge>) -> Result<Option<Page<Edge>>, SourceError> {
        let (window, mut edge) = (ask.window(), ask.cursor);
        let limit = page_limit(ask.rows, self.config.page, edge.known(), MOST);
        let Some(kql) = self.expression(&ask.query.wanted, window, edge.start(window), limit) else {
            return Ok(Page::nothing());
        };
        let reply: Reply = self.base.json(&self.request(&kql, ask.deadline)).await?;
        let Some(tables) = reply.tables else {
            return Err(self.base.unreadable("it has no `tables`, so something else answers here"));
        };
        let mut reasons: Vec<String> = Vec::new();
        if let Some(error) = reply.error {
            let said = error.get("message").and_then(Value::as_str).unwrap_or("the answer is partial");
            reasons.push(self.base.reader.safe(said));
        }
        let table = tables.into_iter().next().unwrap_or_default();
        let is_full = table.rows.len() >= limit;
        let mut keyed: Vec<(Time, u64, Row)> = table
            .rows
            .into_iter()
            .filter_map(|row| {
                let row: Map<String, Value> = table
                    .columns
                    .iter()
                    .map(|column| column.name.clone())
                    .zip(row)
                    .filter(|(_, value)| !value.is_null())
                    .collect();
                let time = Time::parse(row.get("TimeGenerated")?.as_str()?)?;
                Some((time, key(&Value::Object(row.clone()).to_string()), (time, row)))
            })
            .collect();
        keyed.sort_by_key(|(time, ..)| *time);
        let passed = edge.pass(keyed);
        if passed.is_stuck && is_full {
            reasons.push(format!("more than {limit} rows at one instant: only so many can be asked for"));
        }
        let found = passed.rows.iter().filter_map(|(time, row)| self.event(row, *time));
        let batch = events(found.collect(), reasons);
        Ok(Some(Page { batch, next: (is_full && !passed.is_stuck).then_some(edge) }))
    }

    // Two hundred queries in half a minute are all that a person has, for everything.
    fn least_pause(&self) -> Duration {
        Duration::from_secs(15)
    }

    fn command(&self, query: &Query) -> Option<Request<'static>> {
        let kql = self.expression(&query.wanted, query.window, query.window.from, 1_000)?;
        Some(self.request(&kql, Duration::from_secs(60)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source() -> Azure {
        let config = Config { workspace: "w".into(), ..Config::default() };
        let base = Base::new::<Azure>(&config.common(), &Settings::default()).unwrap();
        Azure { base, config }
    }

    #[test]
    fn a_request_is_a_span_and_a_trace_is_a_log_record() {
        let row = |value: Value| value.as_object().unwrap().clone();
        let span = source()
            .event(
                &row(json!({"TableName": "AppRequests", "AppRoleName": "orders-api", "Name": "POST /orders", "OperationId": "7c1f0a9be2d34c58a1b6e0f2934d5a77",
                    "Id": "9f3c2b1a0d4e5f67", "ParentId": "1122334455667788", "DurationMs": 1811.0, "Success": false, "ResultCode": "502"})),
                Time(1),
            )
            .unwrap();
        assert_eq!((span.body.as_str(), span.duration), ("POST /orders: 502", Some(Nanos::millis(1_811))));
        assert_eq!(span.span.unwrap().parent, 0x1122_3344_5566_7788);
        let log = source()
            .event(&row(json!({"TableName": "AppTraces", "AppRoleName": "orders-api", "Message": "order refused", "SeverityLevel": 3,
                "Properties": "{\"correlationId\":\"3f2b8c1e-6d4a-4f7b-9a10-5c2e7d9b8a41\"}"})), Time(1))
            .unwrap();
        assert_eq!((log.severity, log.identifiers.len()), (Severity::ERROR, 1));
        let drop = Config { tables: vec!["x | invoke y".into()], ..Config::default() };
        assert!(connect(&drop, &Settings::default()).is_err());
    }
}
