//! Splunk: events by export, which streams an answer without leaving a job behind.

use super::http::Request;
use super::live::{Ask, Backend, Base, CHECK_PATIENCE, Live, Page, events, names, source_config};
use super::spelling::{all_spellings, in_double_quotes};
use super::{Source, SourceError};
use crate::ingest::{Record, Settings, flatten, scrub_text};
use crate::telemetry::{Event, Identifier, Query, Signal, Time, Wanted, Window};
use serde::Deserialize;
use serde_json::Value;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

source_config! { "splunk" at "https://127.0.0.1:8089" {
    /// What is searched: name the indexes, since all of them are slow and often forbidden.
    search: String = "index=*".to_owned(),
    /// Fields that may name the system, before the usual ones.
    system_fields: Vec<String> = Vec::new(),
    /// Further fields that each event should bring.
    fields: Vec<String> = Vec::new(),
} }

/// Commands that write, send, or run other searches.
const WRITES: [&str; 13] = [
    "delete",
    "collect",
    "mcollect",
    "outputlookup",
    "outputcsv",
    "sendemail",
    "sendalert",
    "script",
    "runshellscript",
    "tscollect",
    "dump",
    "map",
    "meventcollect",
];

pub(super) struct Splunk {
    base: Base,
    config: Config,
    /// The server knows only the older door.
    is_old: AtomicBool,
}

/// Makes the source ready to be asked.
pub fn connect(config: &Config, settings: &Settings) -> Result<Arc<dyn Source>, SourceError> {
    if let Some(word) = written(&config.search) {
        let reason = format!("`search` holds the command `{word}`, which does more than read");
        return Err(SourceError::Misconfigured { reason });
    }
    let base = Base::new::<Splunk>(&config.common(), settings)?;
    Ok(Arc::new(Live(Splunk { base, config: config.clone(), is_old: AtomicBool::new(false) })))
}

/// The first command of a search that does more than read.
fn written(search: &str) -> Option<&'static str> {
    let commands = search.split(['|', '[']).map(|part| {
        part.trim_start()
            .split(|c: char| !c.is_ascii_alphanumeric())
            .next()
            .unwrap_or_default()
            .to_ascii_lowercase()
    });
    commands.into_iter().find_map(|command| WRITES.iter().find(|word| **word == command).copied())
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Line {
    preview: bool,
    lastrow: bool,
    result: Option<Value>,
    messages: Vec<Message>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Message {
    #[serde(rename = "type")]
    kind: String,
    text: String,
}

impl Splunk {
    fn expression(&self, wanted: &Wanted, rows: usize) -> Option<String> {
        let search = match wanted {
            Wanted::Events => self.config.search.clone(),
            Wanted::Identifiers(identifiers) => format!("{} ({})", self.config.search, of(identifiers)?),
            Wanted::Metrics { .. } | Wanted::Changes | Wanted::Alerts | Wanted::Tallies => return None,
        };
        let own = self.config.fields.iter().chain(&self.config.system_fields);
        let own =
            own.filter(|name| !name.contains(|c: char| !c.is_ascii_alphanumeric() && !"_.{}".contains(c)));
        let own: String = own.map(|name| format!(", {}", in_double_quotes(name))).collect();
        let search = if search.trim_start().starts_with('|') { search } else { format!("search {search}") };
        Some(format!("{search} | head {rows} | fields _time, _raw, host, source, sourcetype, index{own}"))
    }

    fn request(&self, search: String, window: Window, deadline: Duration) -> Request<'static> {
        let parameters = vec![
            ("search", search),
            ("earliest_time", seconds(window.from)),
            ("latest_time", seconds(window.to)),
            ("output_mode", "json".to_owned()),
            ("preview", "false".to_owned()),
            ("adhoc_search_level", if self.config.fields.is_empty() { "fast" } else { "smart" }.to_owned()),
            ("max_time", deadline.as_secs().clamp(1, 300).to_string()),
        ];
        let path = if self.is_old.load(Ordering::Relaxed) {
            "services/search/jobs/export"
        } else {
            "services/search/v2/jobs/export"
        };
        Request::form(path, parameters, deadline)
    }

    fn event(&self, row: &Value) -> Option<Event> {
        let time = Time::parse(row.get("_time")?.as_str()?)?;
        let raw = row.get("_raw").and_then(Value::as_str).unwrap_or_default();
        let mut fields = flatten(row);
        fields.retain(|(name, _)| !matches!(name.as_str(), "_time" | "_raw"));
        let record = Record { time: Some(time), message: raw.to_owned(), ..Record::default() };
        self.base.reader.document(record, fields, names(&self.config.system_fields, &[]))
    }
}

/// The identifiers as quoted terms. What could begin a pipe, a subsearch or a macro is refused even in quotes.
fn of(identifiers: &[Identifier]) -> Option<String> {
    let terms: Vec<String> = all_spellings(identifiers)
        .iter()
        .filter(|text| !text.contains(['|', '[', ']', '`']))
        .map(|text| in_double_quotes(text))
        .collect();
    (!terms.is_empty()).then(|| terms.join(" OR "))
}

fn seconds(time: Time) -> String {
    format!("{}.{:09}", time.0.div_euclid(1_000_000_000), time.0.rem_euclid(1_000_000_000))
}

/// The rows of a stream, and why it is not all there is.
fn read(body: &[u8]) -> Result<(Vec<Value>, Vec<String>), String> {
    let (mut rows, mut reasons, mut is_ended) = (Vec::new(), Vec::new(), false);
    for line in body.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty()) {
        let line: Line = match serde_json::from_slice(line) {
            Ok(line) => line,
            Err(error) if error.is_eof() && !rows.is_empty() => break,
            Err(error) if error.is_eof() => return Err("it ends too early".to_owned()),
            Err(_) => return Err("it is not made of lines of JSON".to_owned()),
        };
        reasons.extend(
            line.messages
                .into_iter()
                .filter(|message| !matches!(message.kind.as_str(), "INFO" | "DEBUG"))
                .map(|message| message.text),
        );
        is_ended |= line.lastrow && !line.preview;
        rows.extend(line.result.filter(|_| !line.preview));
    }
    if rows.is_empty() && !is_ended && reasons.is_empty() {
        return Err("it has no last row, so something else answers here".to_owned());
    }
    if !is_ended {
        reasons.push("the answer ended before its last row".to_owned());
    }
    Ok((rows, reasons))
}

impl Backend for Splunk {
    const KIND: &'static str = "splunk";
    const READS: &'static [(&'static str, &'static str)] = &[
        ("GET", "services/server/info"),
        ("POST", "services/search/v2/jobs/export"),
        ("POST", "services/search/jobs/export"),
    ];
    type Cursor = ();

    fn base(&self) -> &Base {
        &self.base
    }

    fn signals(&self) -> &'static [Signal] {
        &[Signal::Logs]
    }

    async fn check(&self) -> Result<String, SourceError> {
        let parameters = vec![("output_mode", "json".to_owned())];
        let info: Value =
            self.base.json(&Request::get("services/server/info", parameters, CHECK_PATIENCE)).await?;
        let content = info.pointer("/entry/0/content");
        let Some(content) = content else {
            return Err(self.base.unreadable("it has no `entry`, so something else answers here"));
        };
        let version = content.get("version").and_then(Value::as_str).unwrap_or("answers");
        Ok(scrub_text(version).into_owned())
    }

    async fn page(&self, ask: Ask<'_, ()>) -> Result<Option<Page<()>>, SourceError> {
        let Some(search) = self.expression(&ask.query.wanted, ask.rows) else { return Ok(Page::nothing()) };
        let mut answer = self.base.ask(&self.request(search.clone(), ask.window(), ask.deadline)).await?;
        if answer.status.as_u16() == 404 && !self.is_old.swap(true, Ordering::Relaxed) {
            answer = self.base.ask(&self.request(search, ask.window(), ask.deadline)).await?;
        }
        self.base.judge(&answer).await?;
        let (rows, mut reasons) = read(&answer.body).map_err(|reason| self.base.unreadable(reason))?;
        reasons.iter_mut().for_each(|reason| *reason = self.base.reader.safe(reason));
        let found = rows.iter().filter_map(|row| self.event(row));
        Ok(Some(Page::last(events(found.collect(), reasons))))
    }

    // Searches run on indexers that others need too.
    fn least_pause(&self) -> Duration {
        Duration::from_secs(30)
    }

    fn command(&self, query: &Query) -> Option<Request<'static>> {
        let search = self.expression(&query.wanted, 1_000)?;
        Some(self.request(search, query.window, Duration::from_secs(30)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::IdentifierClass;

    #[test]
    fn commands_that_write_are_refused_before_anything_is_sent() {
        for search in
            ["index=a | delete", "index=a |collect index=b", "index=a [ | map search=x ]", "| outputlookup x"]
        {
            let config = Config { search: search.to_owned(), ..Config::default() };
            assert!(connect(&config, &Settings::default()).is_err(), "{search}");
        }
        assert_eq!(written("index=prod sourcetype=delete_log | stats count"), None);
    }

    #[test]
    fn what_could_begin_a_pipe_a_subsearch_or_a_macro_is_refused() {
        let of_one =
            |value: &str| of(&[Identifier { class: IdentifierClass::Correlation, value: value.to_owned() }]);
        for hostile in ["a | delete", "a[b", "`macro`", "a\nb"] {
            assert_eq!(of_one(hostile), None, "{hostile}");
        }
        assert_eq!(of_one("a\" b\\").as_deref(), Some(r#""a\" b\\""#));
    }

    #[test]
    fn previews_are_dropped_and_the_last_row_may_be_a_real_one() {
        let body = concat!(
            "{\"preview\":true,\"offset\":0,\"result\":{\"_raw\":\"no\"}}\n\n",
            "{\"preview\":false,\"offset\":0,\"result\":{\"_raw\":\"a\",\"tag\":[\"web\",\"prod\"]}}\n",
            "{\"preview\":false,\"offset\":1,\"lastrow\":true,\"result\":{\"_raw\":\"b\"}}\n"
        );
        let (rows, reasons) = read(body.as_bytes()).unwrap();
        assert_eq!((rows.len(), reasons.len()), (2, 0));
        let cut = &body[..body.len() - 20];
        assert_eq!(read(cut.as_bytes()).unwrap().1, ["the answer ended before its last row"]);
        let warned = "{\"preview\":false,\"lastrow\":true,\"messages\":[{\"type\":\"WARN\",\"text\":\"an indexer is down\"}]}";
        assert_eq!(read(warned.as_bytes()).unwrap().1, ["an indexer is down"]);
    }
}
