//! VictoriaLogs: log lines of a window and those that carry an identifier, as a stream of JSON lines.

mod tallies;

use super::http::Request;
use super::live::{Ask, Backend, Base, CHECK_PATIENCE, Live, Page, events, names, page_limit, source_config};
use super::paging::{Edge, Slices, key};
use super::spelling::{all_spellings, in_double_quotes};
use super::{Source, SourceError};
use crate::ingest::{Record, Settings, flatten};
use crate::telemetry::{Event, Identifier, Query, Signal, Time, Wanted, Window};
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;

source_config! { "victorialogs" at "http://127.0.0.1:9428" {
    /// A filter in LogsQL that all lines must fit.
    filter: String = "*".to_owned(),
    /// Fields that may name the system, before the usual ones.
    system_fields: Vec<String> = Vec::new(),
    /// Fields that may hold identifiers, beside the message.
    identifier_fields: Vec<String> = IDENTIFIERS.map(str::to_owned).to_vec(),
    /// Lines asked for at a time.
    page: usize = 5_000,
} }

/// A query that is longer is refused; what stands around identifiers is less than the rest of it.
const LONGEST: usize = 12_000;

/// More rows of one instant are not asked for.
const MOST: usize = 100_000;

const IDENTIFIERS: [&str; 9] = [
    "trace_id",
    "traceId",
    "trace.id",
    "TraceId",
    "correlation_id",
    "correlationId",
    "request_id",
    "requestId",
    "message_id",
];

/// Where an answer is.
#[derive(Debug, Default)]
pub(super) struct Cursor {
    edge: Edge,
    /// Of identifiers: those that were asked for already, as no query may be longer than so.
    asked: usize,
    /// Of tallies: what is counted by, and the stretches of time that are left.
    counting: Option<(tallies::Fields, Slices)>,
}

pub(super) struct VictoriaLogs {
    base: Base,
    config: Config,
}

/// Makes the source ready to be asked.
pub fn connect(config: &Config, settings: &Settings) -> Result<Arc<dyn Source>, SourceError> {
    let base = Base::new::<VictoriaLogs>(&config.common(), settings)?;
    Ok(Arc::new(Live(VictoriaLogs { base, config: config.clone() })))
}

impl VictoriaLogs {
    fn expression(&self, wanted: &Wanted, window: Window, from: Time, limit: usize) -> Option<String> {
        let filter = match wanted {
            Wanted::Events => format!("({})", self.config.filter),
            Wanted::Identifiers(identifiers) => {
                format!("({}) ({})", self.config.filter, self.of(identifiers)?)
            }
            Wanted::Metrics { .. } | Wanted::Changes | Wanted::Alerts | Wanted::Tallies => return None,
        };
        // The bracket on the left belongs to the window, the parenthesis on the right does not.
        let time = format!("_time:[{}, {})", from.rfc3339(), window.to.rfc3339());
        Some(format!("{time} {filter} | sort by (_time, _stream_id) limit {limit}"))
    }

    fn of(&self, identifiers: &[Identifier]) -> Option<String> {
        let spellings = all_spellings(identifiers);
        let tests = spellings.iter().flat_map(|text| {
            let quoted = in_double_quotes(text);
            let in_fields = self.config.identifier_fields.iter().map({
                let quoted = quoted.clone();
                move |name| format!("{}:={quoted}", in_double_quotes(name))
            });
            std::iter::once(quoted).chain(in_fields)
        });
        let tests: Vec<String> = tests.collect();
        (!tests.is_empty()).then(|| tests.join(" or "))
    }

    /// As many of the identifiers as fit into a query, from the `from`-th on: them, how many were asked for then, and
    /// whether there are more.
    fn part(&self, wanted: &Wanted, from: usize) -> (Wanted, usize, bool) {
        let Wanted::Identifiers(all) = wanted else { return (wanted.clone(), 0, false) };
        let names: usize = self.config.identifier_fields.iter().map(|name| name.len() + 10).sum();
        let fields = self.config.identifier_fields.len() + 1;
        let length = |one: &Identifier| {
            let spellings = all_spellings(std::slice::from_ref(one));
            spellings.iter().map(|text| (in_double_quotes(text).len() + 4) * fields + names).sum::<usize>()
        };
        let mut room = LONGEST;
        let mut to = from;
        while let Some(one) = all.get(to) {
            let length = length(one);
            if length > room && to > from {
                break;
            }
            room = room.saturating_sub(length);
            to += 1;
        }
        let part = all.get(from..to).unwrap_or_default().to_vec();
        (Wanted::Identifiers(part), to, to < all.len())
    }

    fn request(&self, query: String, deadline: Duration) -> Request<'static> {
        let timeout = format!("{}s", deadline.as_secs().clamp(1, 300));
        Request::form("select/logsql/query", vec![("query", query), ("timeout", timeout)], deadline)
    }

    fn event(&self, row: &Value, time: Time) -> Option<Event> {
        let mut fields = flatten(row);
        fields.retain(|(name, _)| !matches!(name.as_str(), "_time" | "_stream" | "_stream_id"));
        let record = Record { time: Some(time), ..Record::default() };
        self.base.reader.document(record, fields, names(&self.config.system_fields, &[]))
    }
}

/// Each line as JSON; what stands behind a cut is missing, which the second value tells.
fn rows(body: &[u8]) -> Result<(Vec<Value>, bool), String> {
    let mut rows = Vec::new();
    let mut lines = body.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty()).peekable();
    while let Some(line) = lines.next() {
        match serde_json::from_slice::<Value>(line) {
            Ok(row) if row.is_object() => rows.push(row),
            Err(error) if error.is_eof() && lines.peek().is_none() && !rows.is_empty() => {
                return Ok((rows, true));
            }
            Err(error) if error.is_eof() => return Err("it ends too early".to_owned()),
            _ => return Err("it is not made of lines of JSON".to_owned()),
        }
    }
    Ok((rows, false))
}

impl Backend for VictoriaLogs {
    const KIND: &'static str = "victorialogs";
    const READS: &'static [(&'static str, &'static str)] =
        &[("POST", "select/logsql/query"), ("GET", "select/logsql/field_names")];
    type Cursor = Cursor;

    fn base(&self) -> &Base {
        &self.base
    }

    fn signals(&self) -> &'static [Signal] {
        &[Signal::Logs]
    }

    async fn check(&self) -> Result<String, SourceError> {
        let parameters = vec![("query", "*".to_owned()), ("start", "5m".to_owned())];
        let request = Request::get("select/logsql/field_names", parameters, CHECK_PATIENCE);
        let names: Value = self.base.json(&request).await?;
        match names.get("values") {
            Some(Value::Array(names)) => Ok(format!("answers, {} fields in the last 5 minutes", names.len())),
            Some(Value::Null) => Ok("answers, nothing in the last 5 minutes".to_owned()),
            _ => Err(self.base.unreadable("it has no `values`, so something else answers here")),
        }
    }

    async fn count(&self, window: Window, deadline: Duration) -> Result<Option<u64>, SourceError> {
        self.count_in(window, deadline).await.map(Some)
    }

    async fn page(&self, ask: Ask<'_, Cursor>) -> Result<Option<Page<Cursor>>, SourceError> {
        if ask.query.wanted == Wanted::Tallies {
            return self.tally(ask).await;
        }
        let (window, mut edge) = (ask.window(), ask.cursor.edge);
        let (wanted, asked, are_more) = self.part(&ask.query.wanted, ask.cursor.asked);
        let limit = page_limit(ask.rows, self.config.page, edge.known(), MOST);
        let Some(query) = self.expression(&wanted, window, edge.start(window), limit) else {
            return Ok(Page::nothing());
        };
        let answer = self.base.whole(&self.request(query, ask.deadline)).await?;
        let (rows, is_cut) = rows(&answer.body).map_err(|reason| self.base.unreadable(reason))?;
        let mut reasons = Vec::new();
        if is_cut {
            reasons.push("the answer was cut off in the middle of a line".to_owned());
        }
        let is_full = rows.len() >= limit;
        let mut keyed: Vec<(Time, u64, Value)> = rows
            .into_iter()
            .filter_map(|row| {
                let time = Time::parse(row.get("_time")?.as_str()?)?;
                Some((time, key(&row.to_string()), row))
            })
            .collect();
        keyed.sort_by_key(|(time, ..)| *time);
        let timed: Vec<_> = keyed.into_iter().map(|(time, key, row)| (time, key, (time, row))).collect();
        let passed = edge.pass(timed);
        if passed.is_stuck && is_full {
            reasons.push(format!("more than {limit} lines at one instant: only so many can be asked for"));
        }
        let found = passed.rows.iter().filter_map(|(time, row)| self.event(row, *time));
        let batch = events(found.collect(), reasons);
        let next = match (is_full && !passed.is_stuck, are_more) {
            (true, _) => Some(Cursor { edge, asked: ask.cursor.asked, counting: None }),
            (false, true) => Some(Cursor { asked, ..Cursor::default() }),
            (false, false) => None,
        };
        Ok(Some(Page { batch, next }))
    }

    fn command(&self, query: &Query) -> Option<Request<'static>> {
        let expression = self.expression(&query.wanted, query.window, query.window.from, 1_000)?;
        Some(self.request(expression, Duration::from_secs(30)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::IdentifierClass;

    #[test]
    fn the_window_is_half_open_and_identifiers_are_quoted() {
        let config = Config { identifier_fields: vec!["trace_id".into()], ..Config::default() };
        let base = Base::new::<VictoriaLogs>(&config.common(), &Settings::default()).unwrap();
        let source = VictoriaLogs { base, config };
        let window = Window { from: Time(1_773_480_413_589_000_000), to: Time(1_773_480_414_000_000_000) };
        let hostile = Identifier { class: IdentifierClass::Correlation, value: r#"x" or *"#.to_owned() };
        assert_eq!(
            source.expression(&Wanted::Identifiers(vec![hostile]), window, window.from, 7).unwrap(),
            r#"_time:[2026-03-14T09:26:53.589000000Z, 2026-03-14T09:26:54.000000000Z) (*) ("x\" or *" or "trace_id":="x\" or *") | sort by (_time, _stream_id) limit 7"#
        );
    }

    #[test]
    fn identifiers_are_asked_for_in_queries_that_are_short_enough_and_none_is_left_out() {
        let config = Config::default();
        let base = Base::new::<VictoriaLogs>(&config.common(), &Settings::default()).unwrap();
        let source = VictoriaLogs { base, config };
        let window = Window { from: Time(1_773_480_413_589_000_000), to: Time(1_773_480_414_000_000_000) };
        let one = |number: u32| Identifier {
            class: IdentifierClass::Correlation,
            value: format!("3f2b8c1e-6d4a-4f7b-9a10-{number:012x}"),
        };
        let all = Wanted::Identifiers((0..20).map(one).collect());
        let (mut asked, mut found, mut queries) = (0, Vec::new(), 0);
        loop {
            let (part, to, are_more) = source.part(&all, asked);
            let query = source.expression(&part, window, window.from, 5_000).unwrap();
            assert!(query.len() < 16_384, "{}", query.len());
            let Wanted::Identifiers(part) = part else { panic!("{part:?}") };
            found.extend(part);
            queries += 1;
            if !are_more {
                break;
            }
            asked = to;
        }
        assert_eq!(Wanted::Identifiers(found), all);
        assert!((2..=4).contains(&queries), "{queries}");
    }

    #[test]
    fn a_stream_that_is_cut_keeps_its_whole_lines() {
        let (whole, is_cut) = rows(b"{\"_msg\":\"a\"}\n\n{\"_msg\":\"b\"").unwrap();
        assert_eq!((whole.len(), is_cut), (1, true));
        assert_eq!(rows(b"").unwrap(), (Vec::new(), false));
        assert!(rows(b"ok").is_err() && rows(b"{\"a\":").is_err() && rows(b"[1]\n").is_err());
    }
}
