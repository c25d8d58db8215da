//! How one stream is read: at a glance for the index, and in full for a person.

use super::formats::{Format, Glance, otlp, tables::Table, trim_line};
use super::identify::{Found, value_of};
use super::scanner::{Arrival, Scanner};
use super::settings::Settings;
use super::shape::Operation;
use super::stamp::Clock;
use crate::telemetry::{
    Batch, Event, EventKind, Glances, Identifier, IdentifierClass, IdentifierKey, Issue, Nanos, Origin,
    Severity, SourceRef, SpanInfo, Time, Zone,
};
use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

/// A record longer than this is cut: what stands behind is skipped, and said.
const LONGEST_RECORD: usize = 256 * 1024;

/// How one stream is read. Made by [`super::detect`]; cheap to clone.
#[derive(Clone, Debug)]
pub struct Plan {
    reading: Reading,
    system: String,
    /// The configuration names the system: records do not overrule it.
    is_fixed: bool,
    zone: Zone,
    settings: Settings,
}

/// What kind of stream it is.
#[derive(Clone, Debug)]
pub(super) enum Reading {
    Records(Arc<dyn Format>),
    Otlp,
    Table(Table),
    Empty,
    NotTelemetry,
    Unknown,
}

impl Plan {
    pub(super) fn new(
        reading: Reading,
        system: String,
        is_fixed: bool,
        zone: Zone,
        settings: Settings,
    ) -> Self {
        Self { reading, system, is_fixed, zone, settings }
    }

    pub fn format_name(&self) -> &'static str {
        match &self.reading {
            Reading::Records(format) => format.name(),
            Reading::Otlp => "otlp-json",
            Reading::Table(table) => table.name(),
            Reading::Empty => "empty",
            Reading::NotTelemetry => "not telemetry",
            Reading::Unknown => "unknown",
        }
    }

    /// The system that records belong to unless they say otherwise.
    pub fn system(&self) -> &str {
        &self.system
    }

    /// The zone of times that carry none; only meaningful where [`Plan::has_zone`] is false.
    pub fn zone(&self) -> Zone {
        self.zone
    }

    /// Whether the stream's times carry their zone.
    pub fn has_zone(&self) -> bool {
        match &self.reading {
            Reading::Records(format) => format.has_zone(),
            _ => true,
        }
    }

    /// Whether the stream is read by [`Plan::table`], whole, instead of by [`Plan::glance`] in chunks.
    pub fn is_table(&self) -> bool {
        matches!(self.reading, Reading::Table(_))
    }

    pub fn is_events(&self) -> bool {
        matches!(self.reading, Reading::Records(_) | Reading::Otlp)
    }

    /// Whether each record begins a line; an OTLP line holds many events.
    pub fn is_one_per_line(&self) -> bool {
        !matches!(self.reading, Reading::Otlp)
    }

    /// Whether nobody knows how to read it.
    pub fn is_unknown(&self) -> bool {
        matches!(self.reading, Reading::Unknown)
    }

    /// Reads a table whole. `now` dates samples that carry no time.
    pub fn table(&self, bytes: &[u8], path: &str, now: Time) -> Batch {
        match &self.reading {
            Reading::Table(table) => table.read(bytes, path, &self.system, now),
            _ => Batch::default(),
        }
    }

    /// Reads at a glance the records whose first line begins in `own` of `bytes`, which lie at `base` in the file.
    ///
    /// `bytes` should reach beyond `own.end` so that the last record is whole, and, unless the file begins there, one
    /// byte before `own.start`, to tell whether a line begins right there. `is_end` says that the file ends with `bytes`.
    pub fn glance(
        &self,
        bytes: &[u8],
        own: Range<usize>,
        base: u64,
        file: u16,
        scanner: &mut Scanner,
    ) -> Glances {
        let mut batch = scanner.begin();
        batch.bytes = own.len() as u64;
        match &self.reading {
            Reading::Records(format) => {
                self.glance_records(&**format, bytes, own, base, file, scanner, &mut batch)
            }
            Reading::Otlp => self.glance_otlp(bytes, own, base, file, scanner, &mut batch),
            _ => {}
        }
        let mut batch = scanner.end(batch);
        // Messages and operations name kinds and patterns on screens and in reports.
        for new in &mut batch.new_texts {
            new.text = self.settings.safe(new.text.as_bytes());
        }
        batch
    }

    #[allow(clippy::too_many_arguments)]
    fn glance_records(
        &self,
        format: &dyn Format,
        bytes: &[u8],
        own: Range<usize>,
        base: u64,
        file: u16,
        scanner: &mut Scanner,
        batch: &mut Glances,
    ) {
        let finder = &*self.settings.finder;
        let is_multi_line = format.is_multi_line();
        let mut clock = Clock::new(self.zone, self.settings.year);
        let own_system = scanner.system(&self.system);
        let mut at = first_line(bytes, own.start, base);
        let mut stems = finder.stems(&bytes[at.min(bytes.len())..]);
        let stems_base = at.min(bytes.len());
        let mut stem = stems.next();
        // The record being read: its first line's glance, where it began.
        let mut open: Option<(Glance, usize)> = None;
        let mut is_first = true;
        loop {
            let end = at
                + memchr::memchr(b'\n', &bytes[at.min(bytes.len())..])
                    .unwrap_or(bytes.len().saturating_sub(at));
            let is_over = at >= bytes.len();
            let line = trim_line(&bytes[at.min(bytes.len())..end.min(bytes.len())]);
            let is_head = is_over || !is_multi_line || format.head(line);
            if is_head {
                if let Some((glance, began)) = open.take() {
                    self.close(
                        &glance,
                        &bytes[began..at.min(bytes.len())],
                        Origin::new(file, base + began as u64),
                        own_system,
                        scanner,
                        batch,
                    );
                }
                if at >= own.end || is_over {
                    break;
                }
                batch.lines += 1;
                if !line.is_empty() {
                    match format.glance(line, &mut clock) {
                        Some(glance) => open = Some((glance, at)),
                        None if is_first && base == 0 && at == 0 && format.name() == "delimited" => {} // The header.
                        None => unread(
                            batch,
                            base + at as u64,
                            &format!("no {} record: {}", format.name(), excerpt(line)),
                        ),
                    }
                }
                is_first = false;
            } else if open.is_some() {
                batch.lines += 1;
            } else if at >= own.end {
                break; // Lines of a record that began in another chunk.
            } else if base == 0 && is_first {
                // Lines before the first record belong to nobody.
                batch.lines += 1;
                if !line.is_empty() {
                    unread(
                        batch,
                        at as u64,
                        &format!("no {} record begins here: {}", format.name(), excerpt(line)),
                    );
                }
            }
            while let Some((start, stop)) = stem {
                let (start, stop) = (start + stems_base, stop + stems_base);
                if start >= end {
                    break;
                }
                if let Some((_, began)) = open {
                    // Identifiers far down an over-long record are not worth the memory that they may cost.
                    if start - began <= LONGEST_RECORD {
                        let upto = bytes.len().min(end + 1);
                        let record = &bytes[began..upto];
                        let found = finder.at(record, start - began, stop - began, &mut scanner.memo);
                        if let Some(found) = found {
                            scanner.note(found, batch);
                        }
                    }
                }
                stem = stems.next();
            }
            at = end + 1;
        }
    }

    #[inline]
    fn close(
        &self,
        glance: &Glance,
        record: &[u8],
        origin: Origin,
        own_system: u16,
        scanner: &mut Scanner,
        batch: &mut Glances,
    ) {
        for found in glance.positional.iter().flatten().filter_map(|&(class, value)| value_of(class, value)) {
            scanner.note(found, batch);
        }
        if self.settings.finder.has_patterns() {
            self.settings
                .finder
                .by_pattern(&record[..record.len().min(LONGEST_RECORD)], |found| scanner.note(found, batch));
        }
        let span = if scanner.lacks_span() { self.settings.finder.span_near(record) } else { None };
        let system = match glance.system {
            Some(name) if !self.is_fixed && !name.is_empty() => {
                scanner.system(&String::from_utf8_lossy(name))
            }
            _ => own_system,
        };
        scanner.arrive(
            &Arrival {
                time: glance.time,
                origin,
                system,
                severity: glance.severity,
                kind: EventKind::Log,
                body: glance.body,
                operation: glance.operation,
                duration_us: glance.duration_us,
                span,
            },
            batch,
        );
    }

    fn glance_otlp(
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
            note_key(scanner, batch, IdentifierClass::Trace, otlp::trace_id(span.trace.text(line)));
            let attributes = span.attributes.0 as usize..span.attributes.1 as usize;
            for (name, value) in &spans.attributes[attributes] {
                self.settings
                    .finder
                    .in_pair(name.of(line), value.of(line), |found| scanner.note(found, batch));
            }
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
                        kind: otlp::kind_of(span.kind.text(line)),
                        failed,
                    }),
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
                let trace = otlp::trace_id(&span.trace_id);
                note_key(scanner, batch, IdentifierClass::Trace, trace);
                self.note_attributes(&span.attributes, scanner, batch);
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
                            kind: otlp::kind(span.kind),
                            failed,
                        }),
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
    pub fn series(&self, bytes: &[u8], path: &str) -> Vec<crate::telemetry::Series> {
        let mut all: Vec<crate::telemetry::Series> = Vec::new();
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

    /// Whether a record is seen to begin at the start of `bytes`, or soon behind: then the one before is whole.
    pub fn begins_record(&self, bytes: &[u8]) -> bool {
        let Reading::Records(format) = &self.reading else { return true };
        if !format.is_multi_line() {
            return true;
        }
        let mut lines = bytes.split_inclusive(|byte| *byte == b'\n').filter(|line| line.ends_with(b"\n"));
        lines.any(|line| format.head(trim_line(line)))
    }

    /// How many bytes from the start are whole records: up to the last line's end, and where records run over several
    /// lines, up to where the last one begins, since more of it may follow.
    pub fn whole_records(&self, bytes: &[u8]) -> usize {
        let Some(end) = memchr::memrchr(b'\n', bytes).map(|newline| newline + 1) else { return 0 };
        let Reading::Records(format) = &self.reading else { return end };
        if !format.is_multi_line() {
            return end;
        }
        let mut start = end;
        while start > 0 {
            let line = memchr::memrchr(b'\n', &bytes[..start - 1]).map_or(0, |newline| newline + 1);
            if format.head(trim_line(&bytes[line..start])) {
                return line;
            }
            start = line;
        }
        0
    }

    /// Where the record that begins `bytes` ends: before the next head, at most `LONGEST_RECORD` on.
    pub fn record_length(&self, bytes: &[u8]) -> usize {
        let Reading::Records(format) = &self.reading else {
            return memchr::memchr(b'\n', bytes).unwrap_or(bytes.len());
        };
        let mut end = memchr::memchr(b'\n', bytes).map_or(bytes.len(), |at| at + 1);
        while format.is_multi_line() && end < bytes.len() {
            let next = end + memchr::memchr(b'\n', &bytes[end..]).map_or(bytes.len() - end, |at| at + 1);
            if format.head(trim_line(&bytes[end..next])) {
                break;
            }
            end = next;
        }
        end
    }

    /// Reads in full the event at the start of `bytes`, scrubbed and redacted. `offset` is where it lies in the file.
    ///
    /// For OTLP, where a line holds many events, `bytes` begins inside the line at the event's own identifier, and `line`
    /// is the whole line.
    pub fn read(&self, bytes: &[u8], offset: u64, path: &str) -> Option<Event> {
        let Reading::Records(format) = &self.reading else { return None };
        let record = &bytes[..self.record_length(bytes).min(LONGEST_RECORD)];
        let head = trim_line(record.split_inclusive(|byte| *byte == b'\n').next().unwrap_or_default());
        let mut clock = Clock::new(self.zone, self.settings.year);
        let glance = format.glance(head, &mut clock)?;
        let body = format.message(record).map_or_else(
            || {
                let rest = record.get(head.len()..).unwrap_or_default();
                let mut body = glance.body.to_vec();
                body.extend_from_slice(rest.trim_ascii_end());
                self.settings.safe(&body)
            },
            |message| self.settings.safe(message.as_bytes()),
        );
        let mut identifiers = Vec::new();
        let mut keep = |found: Found| {
            let value = super::scrub::scrub(found.text).into_owned();
            let one = Identifier { class: found.class, value };
            if !identifiers.contains(&one) {
                identifiers.push(one);
            }
        };
        let positional = glance.positional.iter().flatten();
        positional.filter_map(|&(class, value)| value_of(class, value)).for_each(&mut keep);
        self.settings.finder.all(record).into_iter().for_each(keep);
        identifiers.sort_by_key(|identifier| identifier.class);
        let system = match glance.system {
            Some(name) if !self.is_fixed && !name.is_empty() => super::scrub::scrub(name).into_owned(),
            _ => self.system.clone(),
        };
        let attributes = format.attributes(record).into_iter();
        Some(Event {
            time: glance.time,
            system,
            kind: EventKind::Log,
            severity: glance.severity,
            operation: Some(glance.operation.text()).filter(|text| !text.is_empty()),
            body,
            duration: (glance.duration_us > 0).then(|| Nanos(i64::from(glance.duration_us) * 1_000)),
            attributes: attributes
                .map(|(name, value)| {
                    (self.settings.safe(name.as_bytes()), self.settings.safe_value(&name, &value))
                })
                .collect(),
            identifiers,
            span: self.settings.finder.span_near(record),
            source: SourceRef::File { path: path.to_owned(), offset },
        })
    }

    /// Reads in full the span or log record of an OTLP line whose own text begins at `within`.
    pub fn read_otlp(&self, line: &[u8], within: usize, offset: u64, path: &str) -> Option<Event> {
        let export = serde_json::from_slice::<otlp::Export>(line).ok()?;
        let source = SourceRef::File { path: path.to_owned(), offset };
        let name = |resource: &otlp::Resource| match resource.system() {
            Some(name) if !self.is_fixed => super::scrub::scrub_text(&name).into_owned(),
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
    pub(super) fn all_otlp(&self, export: &otlp::Export, source: &SourceRef) -> Vec<Event> {
        let name = |resource: &otlp::Resource| {
            resource
                .system()
                .map_or_else(|| self.system.clone(), |name| super::scrub::scrub_text(&name).into_owned())
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
            identifiers: self.otlp_identifiers(&span.trace_id, &span.attributes, ""),
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
            identifiers: self.otlp_identifiers(&record.trace_id, &record.attributes, &body),
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

    fn otlp_identifiers(&self, trace: &str, attributes: &[otlp::Attribute], body: &str) -> Vec<Identifier> {
        let mut identifiers = Vec::new();
        if otlp::trace_id(trace) != 0 {
            identifiers.push(Identifier {
                class: IdentifierClass::Trace,
                value: format!("{:032x}", otlp::trace_id(trace)),
            });
        }
        let texts =
            attributes.iter().map(|a| format!("{}={}", a.key, a.value.text())).chain([body.to_owned()]);
        for text in texts {
            for found in self.settings.finder.all(text.as_bytes()) {
                let one =
                    Identifier { class: found.class, value: super::scrub::scrub(found.text).into_owned() };
                if !identifiers.contains(&one) {
                    identifiers.push(one);
                }
            }
        }
        identifiers.sort_by_key(|identifier| identifier.class);
        identifiers
    }

    /// Every event of a text in full, for tests and for small inputs.
    pub fn events(&self, bytes: &[u8], path: &str) -> Vec<Event> {
        let glances = self.glance(bytes, 0..bytes.len(), 0, 0, &mut Scanner::default());
        glances.origin.iter().filter_map(|origin| self.event_at(bytes, origin.offset(), path)).collect()
    }

    /// The event at an offset of a file of which all bytes are at hand.
    pub fn event_at(&self, bytes: &[u8], offset: u64, path: &str) -> Option<Event> {
        let at = usize::try_from(offset).ok().filter(|at| *at < bytes.len())?;
        if matches!(self.reading, Reading::Otlp) {
            let start = bytes[..at].iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
            let end = at + memchr::memchr(b'\n', &bytes[at..]).unwrap_or(bytes.len() - at);
            return self.read_otlp(trim_line(&bytes[start..end]), at - start, offset, path);
        }
        self.read(&bytes[at..], offset, path)
    }
}

/// Where the first line of a chunk begins: at `from`, or behind the line that runs into it.
fn first_line(bytes: &[u8], from: usize, base: u64) -> usize {
    if from == 0 && base == 0 {
        return if bytes.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    }
    let before = from.saturating_sub(1);
    before + memchr::memchr(b'\n', &bytes[before..]).map_or(bytes.len() - before, |at| at + 1)
}

fn unread(batch: &mut Glances, offset: u64, reason: &str) {
    // Counted all, described a few: one bad file must not fill the memory.
    let described = batch.issues.len() < 20;
    batch.issues.push(Issue {
        offset,
        line: 0,
        reason: if described { reason.to_owned() } else { String::new() },
    });
}

/// The beginning of a line as it may be shown in a message.
fn excerpt(line: &[u8]) -> String {
    let text = super::scrub::scrub(&line[..line.len().min(60)]).into_owned();
    Redacted(&text).to_string()
}

struct Redacted<'a>(&'a str);

impl std::fmt::Display for Redacted<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        write!(f, "`{}`", self.0.trim_end())
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

#[cfg(test)]
mod tests;
