//! What VictoriaLogs counts itself: lines by their identifiers and system, by `stats by` over stretches of time.

use super::super::http::Request;
use super::super::live::{Ask, Page, tallies};
use super::super::paging::Slices;
use super::super::spelling::in_double_quotes;
use super::{Cursor, VictoriaLogs, rows};
use crate::sources::SourceError;
use crate::telemetry::{Nanos, Severity, Tally, Time, Window};
use serde_json::Value;
use std::time::Duration;

/// Fields that a group is made of, of either kind.
const MOST_FIELDS: usize = 6;

/// Fields that name the system, the surest first.
const SYSTEMS: [&str; 8] = [
    "service.name",
    "service",
    "service_name",
    "kubernetes.deployment.name",
    "kubernetes_container_name",
    "application",
    "app",
    "job",
];
const LEVELS: [&str; 6] = ["level", "severity", "severity_text", "log.level", "loglevel", "detected_level"];

/// Which fields there are to count by.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::sources) struct Fields {
    identifiers: Vec<String>,
    systems: Vec<String>,
    levels: Vec<String>,
}

impl Fields {
    fn of(named: &Value, identifiers: &[String], systems: &[String]) -> Self {
        let named = named.get("values").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let has = |name: &str| named.iter().any(|one| one["value"] == name);
        let there = |name: &&str| has(name);
        let owned = |name: &str| name.to_owned();
        Self {
            identifiers: identifiers.iter().filter(|name| has(name)).take(MOST_FIELDS).cloned().collect(),
            systems: systems
                .iter()
                .map(String::as_str)
                .chain(SYSTEMS)
                .filter(there)
                .take(MOST_FIELDS)
                .map(owned)
                .collect(),
            levels: LEVELS.into_iter().filter(there).map(owned).collect(),
        }
    }

    /// The condition that a line is an error by.
    fn errors(&self) -> String {
        let words: Vec<String> = Severity::ERROR_WORDS
            .iter()
            .flat_map(|word| {
                let capital = format!("{}{}", word[..1].to_ascii_uppercase(), &word[1..]);
                [(*word).to_owned(), word.to_ascii_uppercase(), capital]
            })
            .map(|word| in_double_quotes(&word))
            .collect();
        let tests =
            self.levels.iter().map(|name| format!("{}:in({})", in_double_quotes(name), words.join(",")));
        tests.collect::<Vec<_>>().join(" or ")
    }
}

impl VictoriaLogs {
    async fn fields(&self, window: Window, deadline: Duration) -> Result<Fields, SourceError> {
        let parameters = vec![
            ("query", self.config.filter.clone()),
            ("start", window.from.rfc3339()),
            ("end", window.to.rfc3339()),
        ];
        let request = Request::get("select/logsql/field_names", parameters, deadline);
        let named: Value = self.base.json(&request).await?;
        Ok(Fields::of(&named, &self.config.identifier_fields, &self.config.system_fields))
    }

    fn within(&self, window: Window) -> String {
        format!("_time:[{}, {}) ({})", window.from.rfc3339(), window.to.rfc3339(), self.config.filter)
    }

    /// How many lines a window holds.
    pub(super) async fn count_in(&self, window: Window, deadline: Duration) -> Result<u64, SourceError> {
        let query = format!("{} | stats count() events", self.within(window));
        let answer = self.base.whole(&self.request(query, deadline)).await?;
        let (rows, _) = rows(&answer.body).map_err(|reason| self.base.unreadable(reason))?;
        Ok(rows.first().map_or(0, |row| number(row, "events")))
    }

    pub(super) async fn tally(&self, mut ask: Ask<'_, Cursor>) -> Result<Option<Page<Cursor>>, SourceError> {
        let window = ask.window();
        let (fields, mut slices) = match ask.cursor.counting.take() {
            Some(counting) => counting,
            None => {
                let fields = self.fields(window, ask.deadline).await?;
                (fields, Slices::of(window, self.count_in(window, ask.deadline).await?))
            }
        };
        let Some(slice) = slices.next(window).filter(|_| !fields.identifiers.is_empty()) else {
            return Ok(Page::nothing());
        };
        let answer = self.base.ask(&self.request(self.tally_query(&fields, slice), ask.deadline)).await?;
        let batch = if answer.is_cut && slices.halve(slice, Nanos(1)) {
            tallies(Vec::new(), Vec::new())
        } else {
            self.base.judge(&answer).await?;
            let (rows, is_cut) = rows(&answer.body).map_err(|reason| self.base.unreadable(reason))?;
            let reasons = is_cut.then(|| "the answer was cut off in the middle of a line".to_owned());
            let counted = rows.iter().filter_map(|row| self.tally_of(&fields, row));
            tallies(counted.collect(), reasons.into_iter().collect())
        };
        let is_done = slices.is_done();
        ask.cursor.counting = Some((fields, slices));
        Ok(Some(Page { batch, next: (!is_done).then_some(ask.cursor) }))
    }

    pub(super) fn tally_query(&self, fields: &Fields, slice: Window) -> String {
        let by: Vec<String> =
            fields.identifiers.iter().chain(&fields.systems).map(|name| in_double_quotes(name)).collect();
        let errors = match fields.errors() {
            none if none.is_empty() => String::new(),
            errors => format!(", count() if ({errors}) errors"),
        };
        format!(
            "{} | stats by ({}) min(_time) first, max(_time) last, count() events{errors}",
            self.within(slice),
            by.join(", ")
        )
    }

    fn tally_of(&self, fields: &Fields, row: &Value) -> Option<Tally> {
        let text = |name: &str| row[name].as_str().filter(|text| !text.is_empty());
        let held = fields.identifiers.iter().filter_map(|name| Some((name.clone(), text(name)?.to_owned())));
        let held: Vec<(String, String)> = held.collect();
        let system = fields.systems.iter().find_map(|name| text(name)).unwrap_or("unknown");
        let count = |name| u32::try_from(number(row, name)).unwrap_or(u32::MAX);
        Some(Tally {
            identifiers: self.base.reader.identifiers(&held),
            system: self.base.reader.name(system),
            first: Time::parse(text("first")?)?,
            last: Time::parse(text("last")?)?,
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
    use super::*;

    #[test]
    fn only_fields_that_are_there_are_counted_by_and_names_are_quoted() {
        let named = serde_json::json!({ "values": [{ "value": "trace_id", "hits": 3 }, { "value": "service", "hits": 3 }, { "value": "level", "hits": 3 }] });
        let fields = Fields::of(&named, &["trace_id".to_owned(), "x\" | delete".to_owned()], &[]);
        assert_eq!(fields.identifiers, ["trace_id"]);
        assert!(
            fields.errors().starts_with("\"level\":in(\"error\",\"ERROR\",\"Error\","),
            "{}",
            fields.errors()
        );
    }
}
