//! OTLP streams: many events in a line, each read at a glance and in full.

use super::{Plan, Reading, first_line, unread};
use crate::ingest::formats::{otlp, trim_line};
use crate::ingest::identify::Found;
use crate::ingest::peer;
use crate::ingest::scanner::{Arrival, Scanner};
use crate::ingest::shape::Operation;
use crate::telemetry::{
    Event, EventKind, Glances, Identifier, IdentifierClass, IdentifierKey, Origin, Series, Severity,
    SourceRef, SpanInfo,
};
use std::borrow::Cow;
use std::ops::Range;

impl Plan {
    pub(super) fn glance_otlp(
        &self,
        bytes: &[u8],
        own: Range<usize>,
        base: u64,
        file: u16,
        scanner: &mut Scanner,
        batch: &mut Glances,
    ) {
        let mut spans = otlp::Spans::default();
        let mut at = first_line(bytes, own.start, base);
        while at < own.end && at < bytes.len() {
            let end = at + memchr::memchr(b'\n', &bytes[at..]).unwrap_or(bytes.len() - at);
            let line = trim_line(&bytes[at..end]);
            batch.lines += 1;
            let origin = Origin::new(file, base + at as u64);
            if !line.is_empty() && spans.read(line).is_some() {
                self.glance_spans(&spans, line, origin, scanner, batch);
            } else if !line.is_empty() {
                match serde_json::from_slice::<otlp::Export>(line) {
                    Ok(export) => self.glance_export(&export, line, origin, scanner, batch),
                    Err(error) => unread(batch, base + at as u64, &format!("no OTLP/JSON export: {error}")),
                }
            }
            at = end + 1;
        }
    }

    fn glance_spans(
        &self,
        spans: &otlp::Spans,
        line: &[u8],
        origin: Origin,
        scanner: &mut Scanner,
        batch: &mut Glances,
    ) {
        for span in &spans.all {
            let Some(time) = otlp::time_of(span.start.text(line)) else { continue };
            let system = match span.system.text(line) {
                name if !self.is_fixed && !name.is_empty() => scanner.system(name),
                _ => scanner.system(&self.system),
            };
            for trace in [span.trace, span.link] {
                note_key(scanner, batch, IdentifierClass::Trace, otlp::trace_id(trace.text(line)));
            }
            let attributes = span.attributes.0 as usize..span.attributes.1 as usize;
            let attributes = &spans.attributes[attributes];
            let mut memo = std::mem::take(&mut scanner.memo);
            for (name, value) in attributes {
                let take = |found: Found| scanner.note(found, batch);
                self.settings.finder.in_pair(name.of(line), value.of(line), &mut memo, take);
            }
            scanner.memo = memo;
            let kind = otlp::kind_of(span.kind.text(line));
            let pairs = attributes.iter().map(|(name, value)| (name.of(line), value.text(line)));
            let peer = peer::named(kind, pairs).and_then(|name| scanner.peer(&name));
            let failed = otlp::is_error(span.status.text(line));
            let took = otlp::time_of(span.end.text(line)).map_or(0, |end| (end - time).0.max(0) / 1_000);
            scanner.arrive(
                &Arrival {
                    time,
                    origin: Origin(origin.0 + span.id.from() as u64),
                    system,
                    severity: if failed { Severity::ERROR } else { Severity::INFO },
                    kind: EventKind::Span,
                    body: span.name.of(line),
                    operation: Operation::Name(span.name.of(line)),
                    duration_us: took.min(i64::from(u32::MAX)) as u32,
                    span: Some(SpanInfo {
                        id: otlp::span_id(span.id.text(line)),
                        parent: otlp::span_id(span.parent.text(line)),
                        kind,
                        failed,
                    }),
                    peer,
                },
                batch,
            );
        }
    }

    fn glance_export(
        &self,
        export: &otlp::Export,
        line: &[u8],
        origin: Origin,
        scanner: &mut Scanner,
        batch: &mut Glances,
    ) {
        let name = |resource: &otlp::Resource| match resource.system() {
            Some(name) if !self.is_fixed => name.into_owned(),
            _ => self.system.clone(),
        };
        for resource in &export.resource_spans {
            let system = scanner.system(&name(&resource.resource));
            for span in resource.scope_spans.iter().flat_map(|scope| &scope.spans) {
                let Some(time) = otlp::time(span.start_time_unix_nano) else { continue };
                let end = span.end_time_unix_nano.and_then(otlp::time);
                for trace in [otlp::trace_id(&span.trace_id), span.linked()] {
                    note_key(scanner, batch, IdentifierClass::Trace, trace);
                }
                self.note_attributes(&span.attributes, scanner, batch);
                let kind = otlp::kind(span.kind);
                let texts: Vec<Cow<str>> = span.attributes.iter().map(|one| one.value.text()).collect();
                let names = span.attributes.iter().map(|one| one.key.as_bytes());
                let peer = peer::named(kind, names.zip(texts.iter().map(|text| &**text)));
                let peer = peer.and_then(|name| scanner.peer(&name));
                let failed = span.status.is_error();
                scanner.arrive(
                    &Arrival {
                        time,
                        origin: within(origin, line, &span.span_id),
                        system,
                        severity: if failed { Severity::ERROR } else { Severity::INFO },
                        kind: EventKind::Span,
                        body: span.name.as_bytes(),
                        operation: Operation::Name(span.name.as_bytes()),
                        duration_us: end.map_or(0, |end| {
                            (end - time).0.max(0).div_euclid(1_000).min(i64::from(u32::MAX)) as u32
                        }),
                        span: Some(SpanInfo {
                            id: otlp::span_id(&span.span_id),
                            parent: otlp::span_id(&span.parent_span_id),
                            kind,
                            failed,
                        }),
                        peer,
                    },
                    batch,
                );
            }
        }
        for resource in &export.resource_logs {
            let system = scanner.system(&name(&resource.resource));
            for record in resource.scope_logs.iter().flat_map(|scope| &scope.log_records) {
                let Some(time) = record.time() else { continue };
                let body = record.body.as_ref().map_or(Cow::Borrowed(""), otlp::AnyValue::text);
                note_key(scanner, batch, IdentifierClass::Trace, otlp::trace_id(&record.trace_id));
                self.note_attributes(&record.attributes, scanner, batch);
                for found in self.settings.finder.all(body.as_bytes()) {
                    scanner.note(found, batch);
                }
                let id = otlp::span_id(&record.span_id);
                scanner.arrive(
                    &Arrival {
                        time,
                        origin: within_log(origin, line, record),
                        system,
                        severity: record.severity(),
                        kind: EventKind::Log,
                        body: body.as_bytes().split(|byte| *byte == b'\n').next().unwrap_or_default(),
                        operation: Operation::None,
                        duration_us: 0,
                        span: (id != 0).then_some(SpanInfo { id, ..SpanInfo::default() }),
                        peer: None,
                    },
                    batch,
                );
            }
        }
    }

    fn note_attributes(&self, attributes: &[otlp::Attribute], scanner: &mut Scanner, batch: &mut Glances) {
        for attribute in attributes {
            // `key: value`, as in any text, so that one set of spellings serves both.
            let text = format!("{}={}", attribute.key, attribute.value.text());
            for found in self.settings.finder.all(text.as_bytes()) {
                scanner.note(found, batch);
            }
        }
    }

    /// The metric samples of an OTLP stream; none for other streams.
    pub fn series(&self, bytes: &[u8], path: &str) -> Vec<Series> {
        let mut all: Vec<Series> = Vec::new();
        if matches!(self.reading, Reading::Otlp) {
            let metrics = bytes
                .split(|byte| *byte == b'\n')
                .filter(|line| memchr::memmem::find(line, b"\"resourceMetrics\"").is_some());
            for export in metrics.filter_map(|line| serde_json::from_slice::<otlp::Export>(line).ok()) {
                for one in otlp::series(&export, path) {
                    match all.iter_mut().find(|known| known.is_same_as(&one)) {
                        Some(known) => known.merge(one),
                        None => all.push(one),
                    }
                }
            }
        }
        all
    }

    /// Reads in full the span or log record of an OTLP line whose own text begins at `within`.
    pub fn read_otlp(&self, line: &[u8], within: usize, offset: u64, path: &str) -> Option<Event> {
        let export = serde_json::from_slice::<otlp::Export>(line).ok()?;
        let source = SourceRef::File { path: path.to_owned(), offset };
        let name = |resource: &otlp::Resource| match resource.system() {
            Some(name) if !self.is_fixed => crate::ingest::scrub::scrub_text(&name).into_owned(),
            _ => self.system.clone(),
        };
        for resource in &export.resource_spans {
            for span in resource.scope_spans.iter().flat_map(|scope| &scope.spans) {
                if place_of(line, &span.span_id) == Some(within) {
                    return Some(self.span_event(span, name(&resource.resource), source));
                }
            }
        }
        for resource in &export.resource_logs {
            for record in resource.scope_logs.iter().flat_map(|scope| &scope.log_records) {
                if record
                    .time_unix_nano
                    .or(record.observed_time_unix_nano)
                    .and_then(|raw| place_of(line, raw.get()))
                    == Some(within)
                {
                    return Some(self.log_event(record, name(&resource.resource), source));
                }
            }
        }
        None
    }

    /// Every span and log record of an export in full, in one go.
    pub(in crate::ingest) fn all_otlp(&self, export: &otlp::Export, source: &SourceRef) -> Vec<Event> {
        let name = |resource: &otlp::Resource| {
            resource.system().map_or_else(
                || self.system.clone(),
                |name| crate::ingest::scrub::scrub_text(&name).into_owned(),
            )
        };
        let spans = export.resource_spans.iter().flat_map(|resource| {
            let system = name(&resource.resource);
            let spans = resource.scope_spans.iter().flat_map(|scope| &scope.spans);
            spans.map(move |span| self.span_event(span, system.clone(), source.clone()))
        });
        let records = export.resource_logs.iter().flat_map(|resource| {
            let system = name(&resource.resource);
            let records = resource.scope_logs.iter().flat_map(|scope| &scope.log_records);
            records.map(move |record| self.log_event(record, system.clone(), source.clone()))
        });
        spans.chain(records).collect()
    }

    fn span_event(&self, span: &otlp::Span, system: String, source: SourceRef) -> Event {
        let time = otlp::time(span.start_time_unix_nano).unwrap_or_default();
        let mut body = span.name.to_string();
        if !span.status.message.is_empty() {
            body = format!("{body}: {}", span.status.message);
        }
        for event in &span.events {
            let said = event.attributes.iter().find(|attribute| attribute.key == "exception.message");
            body = format!(
                "{body}\n{} {}",
                event.name,
                said.map_or(Cow::Borrowed(""), |attribute| attribute.value.text())
            );
        }
        let failed = span.status.is_error();
        Event {
            time,
            system,
            kind: EventKind::Span,
            severity: if failed { Severity::ERROR } else { Severity::INFO },
            operation: Some(Operation::Name(span.name.as_bytes()).text()),
            body: self.settings.safe(body.as_bytes()),
            duration: span.end_time_unix_nano.and_then(otlp::time).map(|end| end - time),
            attributes: self.attributes(&span.attributes),
            identifiers: self.otlp_identifiers(
                [otlp::trace_id(&span.trace_id), span.linked()],
                &span.attributes,
                "",
            ),
            span: Some(SpanInfo {
                id: otlp::span_id(&span.span_id),
                parent: otlp::span_id(&span.parent_span_id),
                kind: otlp::kind(span.kind),
                failed,
            }),
            source,
        }
    }

    fn log_event(&self, record: &otlp::LogRecord, system: String, source: SourceRef) -> Event {
        let body = record.body.as_ref().map_or(Cow::Borrowed(""), otlp::AnyValue::text);
        let id = otlp::span_id(&record.span_id);
        Event {
            time: record.time().unwrap_or_default(),
            system,
            kind: EventKind::Log,
            severity: record.severity(),
            operation: None,
            body: self.settings.safe(body.as_bytes()),
            duration: None,
            attributes: self.attributes(&record.attributes),
            identifiers: self.otlp_identifiers(
                [otlp::trace_id(&record.trace_id), 0],
                &record.attributes,
                &body,
            ),
            span: (id != 0).then_some(SpanInfo { id, ..SpanInfo::default() }),
            source,
        }
    }

    fn attributes(&self, attributes: &[otlp::Attribute]) -> Vec<(String, String)> {
        attributes
            .iter()
            .map(|attribute| {
                (attribute.key.to_string(), self.settings.safe_value(&attribute.key, &attribute.value.text()))
            })
            .collect()
    }

    /// Identifiers of a span or record, its own trace first.
    fn otlp_identifiers(
        &self,
        traces: [u128; 2],
        attributes: &[otlp::Attribute],
        body: &str,
    ) -> Vec<Identifier> {
        let traces = traces.into_iter().filter(|trace| *trace != 0);
        let mut identifiers: Vec<Identifier> = traces
            .map(|trace| Identifier { class: IdentifierClass::Trace, value: format!("{trace:032x}") })
            .collect();
        let texts =
            attributes.iter().map(|a| format!("{}={}", a.key, a.value.text())).chain([body.to_owned()]);
        for text in texts {
            for found in self.settings.finder.all(text.as_bytes()) {
                let one = Identifier {
                    class: found.class,
                    value: crate::ingest::scrub::scrub(found.text).into_owned(),
                };
                if !identifiers.contains(&one) {
                    identifiers.push(one);
                }
            }
        }
        identifiers.sort_by_key(|identifier| identifier.class);
        identifiers
    }
}

fn note_key(scanner: &mut Scanner, batch: &mut Glances, class: IdentifierClass, key: u128) {
    if key != 0 {
        scanner
            .note(Found { class, key: IdentifierKey(key), text: &[b'4'; 32], is_hex: true, span: 0 }, batch);
    }
}

/// The origin of one event among many in a line: where its own identifier stands.
fn within(line_origin: Origin, line: &[u8], id: &str) -> Origin {
    Origin(line_origin.0 + place_of(line, id).unwrap_or(0) as u64)
}

fn within_log(line_origin: Origin, line: &[u8], record: &otlp::LogRecord) -> Origin {
    let raw = record.time_unix_nano.or(record.observed_time_unix_nano);
    Origin(line_origin.0 + raw.and_then(|raw| place_of(line, raw.get())).unwrap_or(0) as u64)
}

/// Where a slice that was borrowed from a line begins in it.
fn place_of(line: &[u8], part: &str) -> Option<usize> {
    let place = (part.as_ptr() as usize).checked_sub(line.as_ptr() as usize)?;
    (place < line.len()).then_some(place)
}
