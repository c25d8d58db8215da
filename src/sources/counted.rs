//! Tallies as rows of counted evidence, read by the same rules as events.

use crate::evidence::{Counted, Place};
use crate::ingest::{Scanner, glance_events};
use crate::telemetry::{Event, EventKind, Severity, SourceRef, Tally};

/// Adds what a backend counted; what carries no identifier is in no flow and only adds to the sum.
pub fn add_tallies(counted: &mut Counted, tallies: Vec<Tally>) {
    let Some(page) =
        counted.page(|| Place::Page { source: "".into(), command: "".into(), events: [].into() })
    else {
        return;
    };
    let (linked, loose): (Vec<Tally>, Vec<Tally>) =
        tallies.into_iter().partition(|tally| !tally.identifiers.is_empty());
    counted.loose += loose.iter().map(|tally| u64::from(tally.events)).sum::<u64>();
    let events: Vec<Event> = linked.iter().map(event).collect();
    counted.append(
        &glance_events(&events, page, &mut Scanner::default()),
        linked.iter().map(|tally| (tally.last, tally.events, tally.errors)),
    );
}

/// One event that stands for all of a tally, at the time of the first.
fn event(tally: &Tally) -> Event {
    Event {
        time: tally.first,
        system: tally.system.clone(),
        kind: EventKind::Log,
        severity: if tally.errors > 0 { Severity::ERROR } else { Severity::INFO },
        operation: None,
        body: String::new(),
        duration: None,
        attributes: Vec::new(),
        identifiers: tally.identifiers.clone(),
        span: None,
        source: SourceRef::Backend { backend: String::new(), url: String::new() },
    }
}
