//! What ClickHouse counts itself: log records and spans by their identifiers and system, by `GROUP BY` over stretches of
//! time.

use super::super::http::Request;
use super::super::live::{Ask, Page, tallies};
use super::super::paging::Slices;
use super::{ClickHouse, Cursor, rows};
use crate::sources::SourceError;
use crate::telemetry::{Nanos, Tally, Time, Window};
use serde_json::Value;
use std::fmt::Write;
use std::time::Duration;

/// Attributes that a group is made of.
const MOST_FIELDS: usize = 6;

const WITHIN: &str =
    "Timestamp >= fromUnixTimestamp64Nano({from:Int64}) AND Timestamp < fromUnixTimestamp64Nano({to:Int64})";
/// Names of parameters, whose values are names of attributes.
const NAMES: [&str; MOST_FIELDS] = ["param_a0", "param_a1", "param_a2", "param_a3", "param_a4", "param_a5"];

impl ClickHouse {
    fn tables(&self) -> impl Iterator<Item = (&str, bool)> {
        let all = [(self.config.logs_table.as_str(), false), (self.config.traces_table.as_str(), true)];
        all.into_iter().filter(|(table, _)| !table.is_empty())
    }

    fn sql(sql: String, window: Window, deadline: Duration) -> Request<'static> {
        let parameters = vec![
            ("param_from", window.from.0.to_string()),
            ("param_to", window.to.0.to_string()),
            ("query", sql),
            ("max_execution_time", deadline.as_secs().clamp(1, 300).to_string()),
            ("output_format_json_quote_64bit_integers", "1".to_owned()),
        ];
        Request::get("", parameters, deadline)
    }

    /// How many rows a window holds in both tables.
    pub(super) async fn count_in(&self, window: Window, deadline: Duration) -> Result<u64, SourceError> {
        let mut events = 0;
        for (table, _) in self.tables() {
            let sql = format!("SELECT count() AS events FROM {table} WHERE {WITHIN} FORMAT JSONEachRow");
            let row: Value = self.base.json(&Self::sql(sql, window, deadline)).await?;
            events += number(&row, "events");
        }
        Ok(events)
    }

    pub(super) async fn tally(&self, mut ask: Ask<'_, Cursor>) -> Result<Option<Page<Cursor>>, SourceError> {
        let window = ask.window();
        let mut slices = match ask.cursor.slices.take() {
            Some(slices) => slices,
            None => Slices::of(window, self.count_in(window, ask.deadline).await?),
        };
        let Some(slice) = slices.next(window) else { return Ok(Page::nothing()) };
        let (mut counted, mut reasons) = (Vec::new(), Vec::new());
        for (table, is_spans) in self.tables() {
            let answer = self.base.ask(&self.tally_request(table, is_spans, slice, ask.deadline)).await?;
            if answer.is_cut && slices.halve(slice, Nanos(1)) {
                (counted, reasons) = (Vec::new(), Vec::new());
                break;
            }
            self.base.judge(&answer).await?;
            if answer.body.is_empty() {
                continue; // No group at all.
            }
            let (rows, said) = rows(&answer.body).map_err(|reason| self.base.unreadable(reason))?;
            reasons.extend(
                said.map(|said| format!("the query failed on the way: {}", self.base.reader.safe(&said))),
            );
            counted.extend(rows.iter().filter_map(|row| self.tally_of(row)));
        }
        let is_done = slices.is_done();
        ask.cursor.slices = Some(slices);
        Ok(Some(Page { batch: tallies(counted, reasons), next: (!is_done).then_some(ask.cursor) }))
    }

    fn tally_request(
        &self,
        table: &str,
        is_spans: bool,
        slice: Window,
        deadline: Duration,
    ) -> Request<'static> {
        let (attributes, errors) = if is_spans {
            ("SpanAttributes", "StatusCode IN ('Error', 'STATUS_CODE_ERROR')")
        } else {
            ("LogAttributes", "SeverityNumber >= 17")
        };
        let names = &self.config.identifier_attributes;
        let mut sql = "SELECT TraceId AS trace_id, ".to_owned();
        let mut groups = "trace_id, ServiceName".to_owned();
        for place in 0..names.len().min(MOST_FIELDS) {
            write!(sql, "{attributes}[{{a{place}:String}}] AS i{place}, ").expect("a string takes all");
            write!(groups, ", i{place}").expect("a string takes all");
        }
        write!(
            sql,
            "ServiceName, toString(toUnixTimestamp64Nano(min(Timestamp))) AS first, \
             toString(toUnixTimestamp64Nano(max(Timestamp))) AS last, count() AS events, countIf({errors}) AS errors \
             FROM {table} WHERE {WITHIN} GROUP BY {groups} FORMAT JSONEachRow"
        )
        .expect("a string takes all");
        let mut request = Self::sql(sql, slice, deadline);
        let values = names.iter().map(|name| name.replace('\\', "\\\\"));
        request.parameters.extend(NAMES.into_iter().zip(values));
        request
    }

    fn tally_of(&self, row: &Value) -> Option<Tally> {
        let text = |name: &str| row[name].as_str().filter(|text| !text.is_empty());
        let mut held: Vec<(String, String)> = Vec::new();
        held.extend(text("trace_id").map(|trace| ("trace_id".to_owned(), trace.to_owned())));
        for (place, name) in self.config.identifier_attributes.iter().enumerate().take(MOST_FIELDS) {
            held.extend(text(&format!("i{place}")).map(|value| (name.clone(), value.to_owned())));
        }
        let count = |name| u32::try_from(number(row, name)).unwrap_or(u32::MAX);
        Some(Tally {
            identifiers: self.base.reader.identifiers(&held),
            system: self.base.reader.name(text("ServiceName").unwrap_or("unknown")),
            first: Time(text("first")?.parse().ok()?),
            last: Time(text("last")?.parse().ok()?),
            events: count("events"),
            errors: count("errors"),
        })
    }
}

/// A count, which stands there as text.
fn number(row: &Value, name: &str) -> u64 {
    let value = &row[name];
    value.as_str().and_then(|text| text.parse().ok()).or_else(|| value.as_u64()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::Config;
    use super::*;
    use crate::ingest::Settings;
    use crate::sources::live::Base;

    #[test]
    fn names_of_attributes_are_parameters_and_a_group_is_a_tally() {
        let hostile = "x'] FROM system.users --";
        let config = Config {
            identifier_attributes: vec![hostile.to_owned(), "correlation_id".to_owned()],
            ..Config::default()
        };
        let base = Base::new::<ClickHouse>(&config.common(), &Settings::default()).unwrap();
        let source = ClickHouse { base, config };
        let slice = Window { from: Time(1), to: Time(2) };
        let request = source.tally_request("otel_logs", false, slice, Duration::from_secs(3));
        let value = |name: &str| request.parameters.iter().find(|(one, _)| *one == name).unwrap().1.clone();
        assert!(!value("query").contains("system.users"), "{}", value("query"));
        assert_eq!(value("param_a0"), hostile);
        let row = serde_json::json!({ "trace_id": "", "i0": "", "i1": "3f2b8c1e-6d4a-4f7b-9a10-5c2e7d9b8a41", "ServiceName": "orders-api",
            "first": "1773480413589000000", "last": "1773480414000000000", "events": "7", "errors": "1" });
        let tally = source.tally_of(&row).unwrap();
        assert_eq!((tally.events, tally.errors, tally.identifiers.len()), (7, 1, 1));
    }
}
