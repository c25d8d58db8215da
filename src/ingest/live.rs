//! Whole events from live sources, at a glance, so that they lie in the same columns as those from files.

use super::identify::value_of;
use super::peer;
use super::scanner::{Arrival, Scanner};
use super::shape::Operation;
use crate::telemetry::{Event, EventKind, Glances, Nanos, Origin};

/// Events in full to events at a glance; their place in `events` is their offset.
pub fn glance_events(events: &[Event], page: u16, scanner: &mut Scanner) -> Glances {
    let mut batch = scanner.begin();
    for (place, event) in events.iter().enumerate() {
        for identifier in &event.identifiers {
            if let Some(found) = value_of(identifier.class, identifier.value.as_bytes()) {
                scanner.note(found, &mut batch);
            }
        }
        let system = scanner.system(&event.system);
        let first_line = event.body.lines().next().unwrap_or_default();
        let operation =
            event.operation.as_deref().map_or(Operation::None, |name| match name.split_once(' ') {
                Some((method, path)) if path.starts_with('/') => {
                    Operation::Http { method: method.as_bytes(), path: path.as_bytes() }
                }
                _ => Operation::Name(name.as_bytes()),
            });
        let call = event.span.filter(|_| event.kind == EventKind::Span);
        let attributes = event.attributes.iter().map(|(name, value)| (name.as_bytes(), value.as_str()));
        let peer = call.and_then(|span| peer::named(span.kind, attributes));
        let peer = peer.and_then(|name| scanner.peer(&name));
        scanner.arrive(
            &Arrival {
                time: event.time,
                origin: Origin::new(page, place as u64),
                system,
                severity: event.severity,
                kind: event.kind,
                body: first_line.as_bytes(),
                operation,
                duration_us: event
                    .duration
                    .map_or(0, |Nanos(nanos)| (nanos / 1_000).clamp(0, i64::from(u32::MAX)) as u32),
                span: event.span,
                peer,
            },
            &mut batch,
        );
    }
    scanner.end(batch)
}
