//! What one reader of chunks remembers: the texts and spellings that it has handed on already.

use super::identify::Found;
use super::shape::{self, Operation};
use crate::telemetry::{EventKind, Glances, NewText, Origin, Severity, SpanInfo, Time};
use rustc_hash::FxHashSet;

/// The memory of one reader; each thread has its own, so that none waits.
#[derive(Clone, Debug, Default)]
pub struct Scanner {
    texts: FxHashSet<u64>,
    spellings: FxHashSet<u128>,
    systems: Vec<String>,
    found: Vec<(u8, u128, SpanInfo)>,
}

/// One event on its way into the columns.
pub(super) struct Arrival<'a> {
    pub time: Time,
    pub origin: Origin,
    pub system: u16,
    pub severity: Severity,
    pub kind: EventKind,
    pub body: &'a [u8],
    pub operation: Operation<'a>,
    pub duration_us: u32,
    pub span: Option<SpanInfo>,
}

impl Scanner {
    /// Begins a batch: systems are numbered anew in it.
    pub(super) fn begin(&mut self) -> Glances {
        self.systems.clear();
        Glances::default()
    }

    /// The number that a system has in this batch.
    pub(super) fn system(&mut self, name: &str) -> u16 {
        let known = self.systems.iter().position(|system| system == name);
        known.unwrap_or_else(|| {
            self.systems.push(name.to_owned());
            self.systems.len() - 1
        }) as u16
    }

    /// Notes an identifier of the event that will arrive next.
    pub(super) fn note(&mut self, found: Found, batch: &mut Glances) {
        let entry = (found.class as u8, found.key.0, SpanInfo { id: found.span, ..SpanInfo::default() });
        if self.found.iter().any(|(_, key, _)| *key == entry.1) || self.found.len() >= 32 {
            return;
        }
        self.found.push(entry);
        // Hex is spelt from its key; only a spelling that differs from that is handed on.
        if !found.is_hex
            || found.text.len() != 32
            || found.text.iter().any(u8::is_ascii_uppercase)
            || is_forced(found)
        {
            if self.spellings.insert(found.key.0) {
                batch.new_identifiers.push((found.key, super::scrub::scrub(found.text).into_owned()));
            }
        }
    }

    /// Whether the next event has an identifier yet.
    pub(super) fn has_noted(&self) -> bool {
        !self.found.is_empty()
    }

    /// Puts an event into the batch, under the identifiers noted since the last one, the most trusted first.
    pub(super) fn arrive(&mut self, arrival: &Arrival, batch: &mut Glances) {
        let row = batch.time.len() as u32;
        batch.time.push(arrival.time);
        batch.origin.push(arrival.origin);
        batch.system.push(arrival.system);
        batch.severity.push(arrival.severity);
        batch.kind.push(arrival.kind);
        batch.duration_us.push(arrival.duration_us);
        let shape = shape::fingerprint(arrival.body);
        batch.shape.push(shape);
        if shape != 0 && self.texts.insert(shape) {
            batch.new_texts.push(NewText { fingerprint: shape, text: shape::masked(arrival.body) });
        }
        let operation = arrival.operation.fingerprint();
        batch.operation.push(operation);
        if operation != 0 && self.texts.insert(operation) {
            batch.new_texts.push(NewText { fingerprint: operation, text: arrival.operation.text() });
        }
        let mut span = arrival.span;
        if self.found.len() > 1 {
            self.found.sort_by_key(|(class, _, _)| *class);
        }
        for (class, key, found_span) in self.found.drain(..) {
            batch.identifiers.push((row, CLASSES[class as usize], crate::telemetry::IdentifierKey(key)));
            if found_span.id != 0 && span.is_none() {
                span = Some(found_span);
            }
        }
        if let Some(span) = span {
            batch.spans.push((row, span));
        }
    }

    /// Ends a batch.
    pub(super) fn end(&mut self, mut batch: Glances) -> Glances {
        self.found.clear();
        batch.system_names = self.systems.clone();
        batch
    }
}

use crate::telemetry::IdentifierClass as Class;
const CLASSES: [Class; 6] =
    [Class::Correlation, Class::Trace, Class::Message, Class::Business, Class::Session, Class::Span];

/// Whether the key's version digit is not the one that was written (Envoy's trace decision).
fn is_forced(found: Found) -> bool {
    found.key.0 >> 76 & 0xf == 4 && found.text.get(12) != Some(&b'4')
}
