//! Records that a live backend hands over with their fields apart: one way from fields to an event in full.
//!
//! A backend says when and whose a record is; what stands in its text is read as if the text lay in a file.

use super::detect::detect;
use super::formats::delimited::is_business_column;
use super::formats::otlp;
use super::identify::{Found, identifier_key};
use super::plan::{Plan, Reading};
use super::scrub::{scrub, scrub_text};
use super::settings::Settings;
use super::shape::Operation;
use crate::telemetry::{
    Event, EventKind, Identifier, IdentifierClass, IdentifierKey, Nanos, Series, Severity, SourceRef,
    SpanInfo, Time, Zone,
};
use serde_json::Value;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// Formats that lines of one stream may have side by side.
const FORMATS_OF_STREAM: usize = 4;
/// Streams whose formats are remembered.
const STREAMS: usize = 4_096;
/// What a field may say before it is cut.
const LONGEST_FIELD: usize = 16 * 1024;
const LONGEST_BODY: usize = 256 * 1024;

/// A record as a backend has it.
#[derive(Clone, Debug, Default)]
pub struct Record {
    /// `None` where only the text knows.
    pub time: Option<Time>,
    pub system: Option<String>,
    /// The system where neither the backend nor the text names one.
    pub place: Option<String>,
    pub kind: Option<EventKind>,
    pub severity: Severity,
    pub operation: Option<String>,
    pub message: String,
    pub duration: Option<Nanos>,
    /// All other fields by dotted name.
    pub fields: Vec<(String, String)>,
    /// Identifiers that the backend keeps apart from fields.
    pub identifiers: Vec<Identifier>,
    pub span: Option<SpanInfo>,
    /// Where a person sees it in the backend; empty where there is no such place.
    pub url: String,
}

/// Which fields hold what, the first that is there wins.
#[derive(Clone, Copy, Debug)]
pub struct FieldNames<'a> {
    pub system: &'a [String],
    pub message: &'a [String],
}

/// Fields that name a system for certain.
const SYSTEM: [&str; 14] = [
    "service.name",
    "resource.attributes.service.name",
    "resource.service.name",
    "service_name",
    "serviceName",
    "ServiceName",
    "process.serviceName",
    "service",
    "kubernetes.deployment.name",
    "kubernetes.labels.app",
    "k8s.deployment.name",
    "application",
    "app",
    "component",
];
/// Fields that name one where neither these nor the text do.
const PLACE: [&str; 9] = [
    "kubernetes_container_name",
    "kubernetes.container_name",
    "kubernetes.container.name",
    "container.name",
    "container",
    "job",
    "sourcetype",
    "host.name",
    "host",
];
const MESSAGE: [&str; 12] = [
    "message",
    "body.text",
    "body",
    "_msg",
    "msg",
    "log",
    "_raw",
    "Body",
    "event.original",
    "content",
    "text",
    "attributes.message",
];
const LEVEL: [&str; 11] = [
    "log.level",
    "severity_text",
    "SeverityText",
    "severityText",
    "level",
    "severity",
    "loglevel",
    "detected_level",
    "attributes.level",
    "status",
    "lvl",
];
const SPAN: [&str; 6] = ["span.id", "span_id", "spanId", "SpanId", "spanID", "dd.span_id"];

/// Makes events of records, by the person's settings; remembers how the texts of each stream are read.
#[derive(Debug)]
pub struct Reader {
    settings: Settings,
    /// The source's name, for events to refer to.
    backend: String,
    plans: Mutex<HashMap<String, Vec<Plan>>>,
}

impl Reader {
    pub fn new(settings: Settings, backend: String) -> Self {
        Self { settings, backend, plans: Mutex::default() }
    }

    pub fn backend(&self) -> &str {
        &self.backend
    }

    /// A text as it may be shown.
    pub fn safe(&self, text: &str) -> String {
        self.settings.safe(text.as_bytes())
    }

    /// The name of a system as it is kept.
    pub fn name(&self, name: &str) -> String {
        scrub_text(name).into_owned()
    }

    pub fn reference(&self, url: &str) -> SourceRef {
        SourceRef::Backend { backend: self.backend.clone(), url: scrub_text(url).into_owned() }
    }

    /// The event of a record; `None` where nothing says when it was.
    pub fn event(&self, record: Record) -> Option<Event> {
        let named = record.system.as_deref().filter(|name| !name.is_empty());
        let is_log = matches!(record.kind, None | Some(EventKind::Log));
        let cut = &record.message[..record.message.floor_char_boundary(LONGEST_BODY)];
        let read = is_log.then(|| self.read_text(named.unwrap_or("unknown"), cut)).flatten();
        let time = record.time.or(read.as_ref().map(|event| event.time))?;
        let mut identifiers = Identifiers::default();
        for identifier in record.identifiers {
            identifiers.add(identifier.class, &identifier.value);
        }
        self.find_in(&record.fields, &mut identifiers);
        let fields = record.fields.iter().map(|(name, value)| {
            let value = &value[..value.floor_char_boundary(LONGEST_FIELD)];
            (self.settings.safe(name.as_bytes()), self.settings.safe_value(name, value))
        });
        let mut attributes: Vec<(String, String)> = fields.collect();
        let mut event = match read {
            Some(event) => {
                for identifier in &event.identifiers {
                    identifiers.add(identifier.class, &identifier.value);
                }
                let known: Vec<String> = attributes.iter().map(|(name, _)| name.clone()).collect();
                attributes.extend(event.attributes.iter().filter(|(name, _)| !known.contains(name)).cloned());
                event
            }
            None => {
                for found in self.settings.finder.all(cut.as_bytes()) {
                    identifiers.found(&found);
                }
                Event {
                    time,
                    system: String::new(),
                    kind: record.kind.unwrap_or(EventKind::Log),
                    severity: Severity::UNSET,
                    operation: None,
                    body: self.settings.safe(cut.trim_end().as_bytes()),
                    duration: None,
                    attributes: Vec::new(),
                    identifiers: Vec::new(),
                    span: None,
                    source: self.reference(""),
                }
            }
        };
        event.time = time;
        if let Some(name) = named {
            event.system = scrub_text(name).into_owned();
        } else if event.system.is_empty() || event.system == "unknown" {
            event.system = scrub_text(record.place.as_deref().unwrap_or("unknown")).into_owned();
        }
        if record.severity != Severity::UNSET {
            event.severity = record.severity;
        }
        if let Some(operation) = record.operation.filter(|name| !name.is_empty()) {
            event.operation = Some(operation_text(&scrub_text(&operation)));
        }
        event.duration = record.duration.or(event.duration);
        event.span = record.span.or(event.span);
        event.attributes = attributes;
        event.identifiers = identifiers.list;
        event.identifiers.sort_by_key(|identifier| identifier.class);
        event.source = self.reference(&record.url);
        Some(event)
    }

    /// The identifiers that fields hold.
    pub fn identifiers(&self, fields: &[(String, String)]) -> Vec<Identifier> {
        let mut found = Identifiers::default();
        self.find_in(fields, &mut found);
        found.list.sort_by_key(|identifier| identifier.class);
        found.list
    }

    fn find_in(&self, fields: &[(String, String)], identifiers: &mut Identifiers) {
        for (name, value) in fields {
            let value = &value[..value.floor_char_boundary(512)];
            for found in self.settings.finder.all(format!("{name}={value}").as_bytes()) {
                identifiers.found(&found);
            }
            if is_business_column(name) {
                identifiers.add(IdentifierClass::Business, value);
            }
        }
    }

    /// The event of a document, by its fields.
    pub fn document(
        &self,
        mut record: Record,
        fields: Vec<(String, String)>,
        names: FieldNames,
    ) -> Option<Event> {
        let taken = |own: &[String], usual: &[&str]| -> Option<(String, String)> {
            let own = own.iter().map(String::as_str);
            own.chain(usual.iter().copied()).find_map(|name| {
                fields.iter().find(|(field, value)| field == name && !value.is_empty()).cloned()
            })
        };
        let system = taken(names.system, &SYSTEM);
        let message = record.message.is_empty().then(|| taken(names.message, &MESSAGE)).flatten();
        if record.system.is_none() {
            record.system = system.map(|(_, name)| name);
        }
        if record.place.is_none() {
            record.place = taken(&[], &PLACE).map(|(_, name)| name);
        }
        if let Some((_, text)) = &message {
            record.message.clone_from(text);
        }
        if record.severity == Severity::UNSET {
            let number = fields.iter().find(|(name, _)| {
                matches!(
                    name.as_str(),
                    "severity_number" | "SeverityNumber" | "severityNumber" | "severity.number"
                )
            });
            let number =
                number.and_then(|(_, number)| number.parse().ok()).filter(|number| (1..=24).contains(number));
            let word = || LEVEL.iter().find_map(|name| fields.iter().find(|(field, _)| field == name));
            let by_word = || word().map_or(Severity::UNSET, |(_, word)| Severity::from_word(word.as_bytes()));
            record.severity = number.map_or_else(by_word, Severity);
        }
        if record.span.is_none() {
            let id = SPAN.iter().find_map(|name| fields.iter().find(|(field, _)| field == name));
            let id = id.map_or(0, |(_, text)| otlp::span_id(text));
            record.span = (id != 0).then_some(SpanInfo { id, ..SpanInfo::default() });
        }
        let told = message.map(|(name, _)| name);
        record.fields.extend(fields.into_iter().filter(|(name, _)| Some(name) != told.as_ref()));
        self.event(record)
    }

    /// The spans, log records and samples of one OTLP export in JSON.
    pub fn otlp(&self, export: &[u8], url: &str) -> Result<(Vec<Event>, Vec<Series>), String> {
        let export: otlp::Export = serde_json::from_slice(export).map_err(|error| error.to_string())?;
        let plan = Plan::new(Reading::Otlp, "unknown".to_owned(), false, Zone::UTC, self.settings.clone());
        let mut series = otlp::series(&export, &self.backend);
        for one in &mut series {
            if one.system.is_empty() {
                one.system = "unknown".to_owned();
            }
        }
        Ok((plan.all_otlp(&export, &self.reference(url)), series))
    }

    /// What a line says, read as its stream is written.
    fn read_text(&self, system: &str, text: &str) -> Option<Event> {
        let bytes = text.as_bytes();
        let mut plans = self.plans.lock().unwrap_or_else(PoisonError::into_inner);
        if plans.len() > STREAMS {
            plans.clear();
        }
        let known = plans.entry(system.to_owned()).or_default();
        if let Some(event) = known.iter().find_map(|plan| plan.read(bytes, 0, "")) {
            return Some(event);
        }
        if known.len() >= FORMATS_OF_STREAM {
            return None;
        }
        let plan = detect(&format!("{system}/live"), bytes, true, &self.settings);
        if !plan.is_events() || !plan.is_one_per_line() {
            return None;
        }
        let event = plan.read(bytes, 0, "")?;
        known.push(plan);
        Some(event)
    }
}

/// Identifiers without doubles.
#[derive(Default)]
struct Identifiers {
    list: Vec<Identifier>,
    known: Vec<(IdentifierClass, IdentifierKey)>,
}

impl Identifiers {
    fn add(&mut self, class: IdentifierClass, value: &str) {
        let Some(key) = identifier_key(class, value) else { return };
        if !self.known.contains(&(class, key)) {
            self.known.push((class, key));
            self.list.push(Identifier { class, value: scrub_text(value).into_owned() });
        }
    }

    fn found(&mut self, found: &Found) {
        self.add(found.class, &scrub(found.text));
    }
}

fn operation_text(name: &str) -> String {
    match name.split_once(' ') {
        Some((method, path))
            if path.starts_with('/') && method.bytes().all(|byte| byte.is_ascii_uppercase()) =>
        {
            Operation::Http { method: method.as_bytes(), path: path.as_bytes() }.text()
        }
        _ => Operation::Name(name.as_bytes()).text(),
    }
}

/// A trace identifier as backends spell it, in 32 lower hex digits: hex with or without its leading zeros, base64,
/// Datadog's decimal, X-Ray's dashes. `None` for zero and for what is none of these.
pub fn trace_text(text: &str) -> Option<String> {
    let text = text.trim();
    let hex = |text: &str| {
        let is_hex = (1..=32).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_hex.then(|| u128::from_str_radix(text, 16).ok()).flatten()
    };
    let dashless: String = text.strip_prefix("1-").unwrap_or(text).chars().filter(|c| *c != '-').collect();
    let number = hex(&dashless).or_else(|| Some(otlp::trace_id(text)).filter(|id| *id != 0))?;
    (number != 0).then(|| format!("{number:032x}"))
}

/// A JSON value's leaves by dotted name; of lists the elements joined.
pub fn flatten(value: &Value) -> Vec<(String, String)> {
    let mut leaves = Vec::new();
    descend(String::new(), value, 0, &mut leaves);
    leaves
}

/// Deeper and more than this is no log record but an attack on our memory.
const DEEPEST: usize = 12;
const MOST_FIELDS: usize = 512;

fn descend(name: String, value: &Value, depth: usize, leaves: &mut Vec<(String, String)>) {
    if leaves.len() >= MOST_FIELDS {
        return;
    }
    match value {
        Value::Null => {}
        Value::Object(map) if depth < DEEPEST => {
            for (key, value) in map {
                let name = if name.is_empty() { key.clone() } else { format!("{name}.{key}") };
                descend(name, value, depth + 1, leaves);
            }
        }
        Value::Array(list) if list.iter().all(|one| !one.is_object() && !one.is_array()) => {
            let texts: Vec<String> = list.iter().map(text_of).collect();
            leaves.push((name, texts.join(", ")));
        }
        other => leaves.push((name, text_of(other))),
    }
}

fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "7c1f0a9be2d34c58a1b6e0f2934d5a77";
    const CORRELATION: &str = "3f2b8c1e-6d4a-4f7b-9a10-5c2e7d9b8a41";

    fn reader() -> Reader {
        Reader::new(Settings::default(), "loki".to_owned())
    }

    fn known() -> Time {
        Time::parse("2026-03-14T09:26:53.589Z").unwrap()
    }

    #[test]
    fn the_text_of_a_record_is_read_as_if_it_lay_in_a_file() {
        let line = format!(
            r#"{{"time":"2026-03-14T09:26:53Z","level":"error","msg":"POST /orders failed","correlationId":"{CORRELATION}","password":"hunter2"}}"#
        );
        let record = Record {
            time: Some(known()),
            system: Some("orders-api".into()),
            message: line,
            ..Record::default()
        };
        let event = reader().event(record).unwrap();
        assert_eq!(
            (event.time, event.system.as_str()),
            (known(), "orders-api"),
            "the backend says when and whose"
        );
        assert_eq!((event.severity, event.body.as_str()), (Severity::ERROR, "POST /orders failed"));
        assert_eq!(event.identifiers[0].value, CORRELATION);
        assert!(!format!("{event:?}").contains("hunter2"), "{event:?}");
    }

    #[test]
    fn a_document_says_what_it_is_by_its_fields() {
        let value = serde_json::json!({
            "message": "POST /orders failed", "log": {"level": "error"}, "service": {"name": "orders-api"},
            "trace": {"id": TRACE}, "span.id": "9f3c2b1a0d4e5f67", "tags": ["a", "b"], "nothing": null
        });
        let record = Record { time: Some(known()), ..Record::default() };
        let names = FieldNames { system: &[], message: &[] };
        let event = reader().document(record, flatten(&value), names).unwrap();
        assert_eq!((event.system.as_str(), event.severity), ("orders-api", Severity::ERROR));
        assert_eq!(event.identifiers, [Identifier { class: IdentifierClass::Trace, value: TRACE.into() }]);
        assert_eq!(event.span.unwrap().id, 0x9f3c_2b1a_0d4e_5f67);
        assert!(event.attributes.contains(&("tags".into(), "a, b".into())), "{event:?}");
    }

    #[test]
    fn traces_have_one_spelling_and_zero_is_none() {
        for text in [
            TRACE,
            "7C1F0A9BE2D34C58A1B6E0F2934D5A77",
            "fB8Km+LTTFihtuDyk01adw==",
            "1-7c1f0a9b-e2d34c58a1b6e0f2934d5a77",
            "7c1f0a9b-e2d3-4c58-a1b6-e0f2934d5a77",
        ] {
            assert_eq!(trace_text(text).as_deref(), Some(TRACE), "{text}");
        }
        assert_eq!(trace_text("f0a9be2d34c58").unwrap(), format!("{:032x}", 0xf_0a9b_e2d3_4c58_u64));
        assert_eq!(trace_text("0000000000000000"), None);
        assert_eq!(trace_text("no trace"), None);
    }

    #[test]
    fn a_record_that_is_nothing_but_depth_is_bounded() {
        let mut value = serde_json::json!(1);
        for _ in 0..100 {
            value = serde_json::json!({ "a": value });
        }
        assert_eq!(flatten(&value).len(), 1);
        let wide: serde_json::Map<String, Value> =
            (0..10_000).map(|n| (n.to_string(), serde_json::json!(n))).collect();
        assert_eq!(flatten(&Value::Object(wide)).len(), MOST_FIELDS);
    }
}
