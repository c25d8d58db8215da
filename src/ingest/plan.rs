//! How one stream is read: at a glance for the index, and in full for a person.

mod bounds;
mod otlp;

use super::formats::{Format, Glance, tables::Table, trim_line};
use super::identify::{Found, value_of};
use super::scanner::{Arrival, Scanner};
use super::settings::Settings;
use super::stamp::Clock;
use crate::telemetry::{
    Batch, Event, EventKind, Glances, Identifier, Issue, Nanos, Origin, SourceRef, Time, Zone,
};
use bounds::{first_line, line_before};
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

    /// Whether records may run over several lines.
    pub fn is_multi_line(&self) -> bool {
        matches!(&self.reading, Reading::Records(format) if format.is_multi_line())
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
        let sought = at.min(bytes.len());
        let mut places = std::mem::take(&mut scanner.places);
        places.clear();
        finder.seek(&bytes[sought..], &mut places);
        let mut keys = places.iter().map(|place| sought + *place as usize).peekable();
        // The record being read: its first line's glance, where it began.
        let mut open: Option<(Glance, usize)> = None;
        let mut is_first = true;
        let goes_on = |line: &[u8]| is_multi_line && format.goes_on(line);
        let mut is_within = line_before(bytes, at.min(bytes.len())).is_some_and(goes_on);
        loop {
            let end = at
                + memchr::memchr(b'\n', &bytes[at.min(bytes.len())..])
                    .unwrap_or(bytes.len().saturating_sub(at));
            let is_over = at >= bytes.len();
            let line = trim_line(&bytes[at.min(bytes.len())..end.min(bytes.len())]);
            let is_head = is_over || !is_multi_line || !is_within && format.head(line);
            is_within = goes_on(line);
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
            while let Some(place) = keys.next_if(|place| *place < end) {
                let Some((_, began)) = open else { continue };
                // Identifiers far down an over-long record are not worth the memory that they may cost.
                if place - began <= LONGEST_RECORD {
                    let record = &bytes[began..bytes.len().min(end + 1)];
                    if let Some(found) = finder.at(record, place - began, &mut scanner.memo) {
                        scanner.note(found, batch);
                    }
                }
            }
            at = end + 1;
        }
        scanner.places = places;
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
                peer: None,
            },
            batch,
        );
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

#[cfg(test)]
mod tests;
