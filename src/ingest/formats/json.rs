//! JSON lines: one reader, driven by layouts. A layout is a file below here that says which keys hold what.

mod app;
mod cloud;
mod container;
mod gateway;
mod scale;

pub(super) use scale::inner_severity;

use super::{Fit, Format, Glance, Sample, millis_as_us, number, until_quote};
use crate::ingest::shape::Operation;
use crate::ingest::stamp::{Clock, Stamp};
use crate::telemetry::Severity;
use memchr::memmem::Finder;
use scale::Scale;
use serde_json::Value;
use std::sync::Arc;

/// Which keys of a JSON record hold what. Keys are tried in order; the first that the sample has is used.
#[derive(Debug)]
pub(super) struct Layout {
    pub name: &'static str,
    /// Keys that tell this layout from others; all must stand in the line.
    pub requires: &'static [&'static str],
    pub time: &'static [&'static str],
    pub level: &'static [&'static str],
    pub scale: Scale,
    pub message: &'static [&'static str],
    /// Keys whose value names the system, where one file holds several.
    pub system: &'static [&'static str],
    pub method: &'static [&'static str],
    pub path: &'static [&'static str],
    pub duration_ms: &'static [&'static str],
    /// Keys whose text belongs behind the message: stack traces.
    pub details: &'static [&'static str],
}

impl Layout {
    /// What most loggers write; layouts change what is theirs.
    pub(super) const COMMON: Self = Self {
        name: "json",
        requires: &[],
        time: &["@timestamp", "timestamp", "time", "ts", "datetime", "date", "eventTime", "Timestamp", "t"],
        level: &["level", "severity", "log.level", "levelname", "loglevel", "LogLevel", "lvl", "status"],
        scale: Scale::Word,
        message: &["message", "msg", "log", "body", "event", "Message", "text"],
        system: &["service.name", "service", "app", "application", "service_name", "component"],
        method: &["method", "http.method", "httpMethod", "http.request.method"],
        path: &["path", "uri", "url", "http.path", "http.route", "url.path", "resourcePath"],
        duration_ms: &["duration_ms", "elapsed_ms", "took_ms", "latency_ms", "durationMs", "responseTime"],
        details: &["stack_trace", "stacktrace", "error.stack_trace", "exception", "stack", "error", "err"],
    };
}

const LAYOUTS: &[&[Layout]] = &[app::LAYOUTS, gateway::LAYOUTS, cloud::LAYOUTS, container::LAYOUTS];

#[derive(Debug)]
struct Json {
    layout: &'static Layout,
    time: Key,
    stamp: Stamp,
    has_zone: bool,
    level: Option<Key>,
    message: Option<Key>,
    system: Option<Key>,
    method: Option<Key>,
    path: Option<Key>,
    duration: Option<Key>,
    /// A wrapper that keeps the ends of lines, so that a text without one is a piece of a line.
    is_in_pieces: bool,
}

/// A key as it stands in the line: `"key":`, and where a nested one begins.
#[derive(Debug)]
struct Key {
    name: &'static str,
    parent: Option<Finder<'static>>,
    own: Finder<'static>,
}

pub(super) fn fit(sample: &Sample) -> Option<Fit> {
    let objects = sample.share(|line| line.first() == Some(&b'{') && line.last() == Some(&b'}'));
    if objects < 0.5 {
        return None;
    }
    LAYOUTS.iter().copied().flatten().chain([&Layout::COMMON]).find_map(|layout| {
        let (format, share) = Json::learn(layout, sample)?;
        (share > 0.5)
            .then(|| Fit { score: objects.min(share) + 0.2, format: Arc::new(format) as Arc<dyn Format> })
    })
}

impl Key {
    fn new(name: &'static str) -> Self {
        // `a.b` is looked for as a flat key first by `find`; `>` marks real nesting: `response>status`.
        let (parent, own) = match name.rsplit_once('>') {
            Some((parent, own)) => (Some(parent), own),
            None => (None, name),
        };
        let quoted = |key: &str| Finder::new(format!("\"{key}\":").as_bytes()).into_owned();
        Self { name, parent: parent.map(quoted), own: quoted(own) }
    }

    /// The value's bytes from behind the colon and blanks.
    #[inline]
    fn value<'a>(&self, line: &'a [u8]) -> Option<&'a [u8]> {
        let mut from = 0;
        if let Some(parent) = &self.parent {
            from = parent.find(line)? + parent.needle().len();
        }
        let at = from + self.own.find(&line[from..])? + self.own.needle().len();
        let value = &line[at..];
        Some(if value.first() == Some(&b' ') { value.trim_ascii_start() } else { value })
    }
}

/// The inside of a JSON string, or a bare scalar.
#[inline]
fn scalar(value: &[u8]) -> &[u8] {
    match value.strip_prefix(b"\"") {
        Some(text) => until_quote(text),
        None => {
            let end = value
                .iter()
                .position(|byte| matches!(byte, b',' | b'}' | b']' | b' '))
                .unwrap_or(value.len());
            &value[..end]
        }
    }
}

impl Json {
    /// Picks for each role the first key that the sample has; gives the share of lines with a readable time.
    fn learn(layout: &'static Layout, sample: &Sample) -> Option<(Self, f32)> {
        let has = |line: &[u8], key: &str| {
            memchr::memmem::find(line, format!("\"{}\":", key.rsplit('>').next().unwrap_or(key)).as_bytes())
                .is_some()
        };
        let required = sample.share(|line| layout.requires.iter().all(|key| has(line, key)));
        if required < 0.5 {
            return None;
        }
        let first = |keys: &'static [&'static str]| {
            // Levels and the like may be missing in most lines (Serilog), so one line with the key is enough.
            keys.iter()
                .find(|key| sample.lines.iter().any(|line| Key::new(key).value(line).is_some()))
                .map(|key| Key::new(key))
        };
        let (time, (stamp, has_zone)) = layout.time.iter().find_map(|name| {
            let key = Key::new(name);
            let stamp = sample.lines.iter().take(10).find_map(|line| Stamp::of(scalar(key.value(line)?)))?;
            Some((key, stamp))
        })?;
        let share =
            sample.share(|line| time.value(line).is_some_and(|value| Stamp::of(scalar(value)).is_some()));
        let level = first(layout.level);
        let system = first(layout.system).filter(|key| {
            let mut values = sample
                .lines
                .iter()
                .filter_map(|line| key.value(line))
                .filter(|value| value.first() == Some(&b'"'))
                .map(scalar);
            values.next().is_some_and(|first| values.any(|other| other != first))
        });
        let message = first(layout.message);
        let is_whole = |line: &&&[u8]| {
            message
                .as_ref()
                .and_then(|key| key.value(line))
                .is_some_and(|text| scalar(text).ends_with(b"\\n"))
        };
        let whole = sample.lines.iter().filter(is_whole).count();
        let format = Self {
            layout,
            is_in_pieces: layout.scale == Scale::Inner && whole * 2 >= sample.lines.len(),
            time,
            stamp,
            has_zone,
            level,
            message,
            system,
            method: first(layout.method),
            path: first(layout.path),
            duration: first(layout.duration_ms),
        };
        Some((format, share.min(required)))
    }

    /// The record as JSON, with the text of all its pieces.
    fn whole(&self, record: &[u8]) -> Option<Value> {
        if !self.is_multi_line() {
            return serde_json::from_slice(record).ok();
        }
        let mut lines = record.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty());
        let mut whole: Value = serde_json::from_slice(lines.next()?).ok()?;
        let name = self.message.as_ref()?.name;
        for piece in lines.filter_map(|line| serde_json::from_slice::<Value>(line).ok()) {
            if let (Some(Value::String(text)), Some(more)) =
                (whole.get_mut(name), piece.get(name).and_then(Value::as_str))
            {
                text.push_str(more);
            }
        }
        Some(whole)
    }

    /// The record that a wrapper holds as text, if it is JSON.
    fn inner(&self, value: &Value) -> Option<Value> {
        if self.layout.scale != Scale::Inner {
            return None;
        }
        let text = value.get(self.message.as_ref()?.name)?.as_str()?;
        serde_json::from_str(text).ok().filter(Value::is_object)
    }

    /// Whether a wrapper's text is JSON of its own.
    fn is_wrapped(&self, body: &[u8]) -> bool {
        self.layout.scale == Scale::Inner && body.starts_with(b"{\\\"")
    }

    fn severity(&self, line: &[u8], message: &[u8]) -> Severity {
        let value = self.level.as_ref().and_then(|key| key.value(line)).map(scalar).unwrap_or_default();
        self.layout.scale.severity(value, message)
    }
}

/// Keys as a wrapper quotes them.
const INNER_MESSAGE: [&[u8]; 2] = [br#"\"msg\":\""#, br#"\"message\":\""#];
const INNER_METHOD: [&[u8]; 1] = [br#"\"method\":\""#];
const INNER_PATH: [&[u8]; 3] = [br#"\"path\":\""#, br#"\"uri\":\""#, br#"\"url\":\""#];

/// What stands behind a key in JSON that a wrapper has quoted: between escaped quotes.
fn inner_text<'a>(text: &'a [u8], keys: &[&[u8]]) -> Option<&'a [u8]> {
    keys.iter().find_map(|key| {
        let from = memchr::memmem::find(text, key)? + key.len();
        let end = memchr::memmem::find(&text[from..], br#"\""#).filter(|&end| end > 0)?;
        Some(&text[from..from + end])
    })
}

impl Format for Json {
    fn name(&self) -> &'static str {
        self.layout.name
    }

    fn is_multi_line(&self) -> bool {
        self.is_in_pieces
    }

    /// Docker cuts what is long: a piece lacks the line's end.
    fn goes_on(&self, line: &[u8]) -> bool {
        let text = self.message.as_ref().and_then(|key| key.value(line));
        self.is_multi_line() && text.is_some_and(|text| !scalar(text).ends_with(b"\\n"))
    }

    fn has_zone(&self) -> bool {
        self.has_zone
    }

    fn glance<'a>(&self, line: &'a [u8], clock: &mut Clock) -> Option<Glance<'a>> {
        if line.first() != Some(&b'{') {
            return None;
        }
        let (time, _) = clock.read(self.stamp, scalar(self.time.value(line)?))?;
        let text = |key: &Option<Key>| {
            key.as_ref()
                .and_then(|key| key.value(line))
                .filter(|value| value.first() == Some(&b'"'))
                .map(scalar)
        };
        let wrapped = text(&self.message).filter(|body| self.is_wrapped(body));
        let (method, path) = match wrapped {
            Some(inner) => (inner_text(inner, &INNER_METHOD), inner_text(inner, &INNER_PATH)),
            None => (text(&self.method), text(&self.path)),
        };
        let operation = match (method, path) {
            (Some(method), Some(path)) => Operation::Http { method, path },
            _ => Operation::None,
        };
        let body = match text(&self.message) {
            Some(body) if wrapped.is_some() => inner_text(body, &INNER_MESSAGE).unwrap_or(body),
            Some(body) => body,
            None => match operation {
                Operation::Http { path, .. } => path,
                _ => b"",
            },
        };
        let duration = self.duration.as_ref().and_then(|key| key.value(line)).map(scalar).and_then(number);
        Some(Glance {
            time,
            severity: self.severity(line, wrapped.unwrap_or(body)),
            body,
            operation,
            duration_us: duration.map_or(0, millis_as_us),
            positional: super::only(None),
            system: text(&self.system),
        })
    }

    fn attributes(&self, record: &[u8]) -> Vec<(String, String)> {
        let mut found = Vec::new();
        if let Some(value) = self.whole(record) {
            flatten(&value, &mut String::new(), &mut found, 0);
            if let Some(inner) = self.inner(&value) {
                flatten(&inner, &mut String::new(), &mut found, 0);
            }
        }
        let roles = [Some(&self.time), self.message.as_ref(), self.level.as_ref()];
        found.retain(|(name, _)| {
            !roles.iter().flatten().any(|key| key.name == name)
                && !self.layout.details.contains(&name.as_str())
        });
        found
    }

    fn message(&self, record: &[u8]) -> Option<String> {
        let value = self.whole(record)?;
        let get = |name: &str| at(&value, name).and_then(text_of);
        if let Some(inner) = self.inner(&value) {
            let said = |name: &str| at(&inner, name).and_then(text_of);
            if let Some(message) = said("msg").or_else(|| said("message")) {
                let stack = said("err.stack").or_else(|| said("stack_trace"));
                return Some(stack.map_or(message.clone(), |stack| format!("{message}\n{stack}")));
            }
        }
        let mut message = match self.message.as_ref().and_then(|key| get(key.name)) {
            Some(message) => fill_template(&message, &value),
            None => {
                let method = self.method.as_ref().and_then(|key| get(key.name));
                let path = self.path.as_ref().and_then(|key| get(key.name));
                let status = self
                    .level
                    .as_ref()
                    .filter(|_| self.layout.scale == Scale::HttpStatus)
                    .and_then(|key| get(key.name));
                [method, path, status].into_iter().flatten().collect::<Vec<_>>().join(" ")
            }
        };
        for detail in self.layout.details {
            if let Some(text) =
                get(detail).filter(|text| !text.is_empty() && !message.contains(text.as_str()))
            {
                message.push('\n');
                message.push_str(&text);
            }
        }
        Some(message)
    }
}

/// The value at a key: flat (`log.level`), nested by dots, or nested by `>`.
fn at<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    value.get(name).or_else(|| {
        let mut here = value;
        for part in name.split(['.', '>']) {
            here = here.get(part)?;
        }
        Some(here)
    })
}

fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim_end_matches('\n').to_owned()),
        Value::Null => None,
        // journald writes what is not UTF-8 as an array of bytes.
        Value::Array(bytes)
            if bytes.iter().all(|byte| byte.as_u64().is_some_and(|byte| byte < 256)) && !bytes.is_empty() =>
        {
            let bytes: Vec<u8> = bytes.iter().filter_map(Value::as_u64).map(|byte| byte as u8).collect();
            Some(String::from_utf8_lossy(&bytes).into_owned())
        }
        other => Some(other.to_string()),
    }
}

/// Serilog's templates name properties in braces.
fn fill_template(message: &str, value: &Value) -> String {
    if !message.contains('{') || value.get("@mt").is_none() {
        return message.to_owned();
    }
    let mut filled = message.to_owned();
    for (name, property) in value.as_object().into_iter().flatten() {
        if let Some(text) = text_of(property) {
            filled = filled.replace(&format!("{{{name}}}"), &text).replace(&format!("{{@{name}}}"), &text);
        }
    }
    filled
}

/// Leaves as `a.b.c` and text; depth and number are bounded, since evidence is hostile.
fn flatten(value: &Value, path: &mut String, found: &mut Vec<(String, String)>, depth: usize) {
    if found.len() >= 200 || depth > 12 {
        return;
    }
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                let length = path.len();
                if length > 0 {
                    path.push('.');
                }
                path.push_str(name);
                flatten(field, path, found, depth + 1);
                path.truncate(length);
            }
        }
        Value::Array(items) if !items.is_empty() && items.iter().all(|item| item.is_object()) => {
            for (place, item) in items.iter().enumerate() {
                let length = path.len();
                path.push_str(&format!(".{place}"));
                flatten(item, path, found, depth + 1);
                path.truncate(length);
            }
        }
        leaf => found.extend(text_of(leaf).map(|text| (path.clone(), text))),
    }
}
