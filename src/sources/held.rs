//! Which events of a source are held already, so that asking again for what overlaps doubles nothing. Pure.

use crate::telemetry::{Event, SourceRef};
use rustc_hash::FxHashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError};

/// Events that are remembered; beyond these all but the answer at hand are forgotten.
const MOST: usize = 4_000_000;

/// How often each event was given. Two equal events in one answer are two; the same two in the next answer are no more.
/// Who asks the same source beside another shares what was given.
#[derive(Debug, Default)]
pub(super) struct Held {
    given: Arc<Mutex<FxHashMap<u64, u32>>>,
    in_answer: FxHashMap<u64, u32>,
}

impl Held {
    /// Another answer begins.
    pub(super) fn begin(&mut self) {
        self.in_answer = FxHashMap::default();
        let mut given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        if given.len() > MOST {
            *given = FxHashMap::default();
        }
    }

    /// For somebody who asks the same source at the same time.
    pub(super) fn beside(&self) -> Self {
        Self { given: self.given.clone(), in_answer: FxHashMap::default() }
    }

    /// Drops what was given by an earlier answer.
    pub(super) fn keep_new(&mut self, events: &mut Vec<Event>) {
        let mut all = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        events.retain(|event| {
            let key = key(event);
            let count = self.in_answer.entry(key).or_default();
            *count += 1;
            let given = all.entry(key).or_default();
            let is_new = *count > *given;
            *given = (*given).max(*count);
            is_new
        });
    }
}

/// What is the same in every answer. A span grows while it lasts, so its duration does not count.
fn key(event: &Event) -> u64 {
    let mut hasher = DefaultHasher::new();
    (event.time, &event.system, event.kind, &event.operation).hash(&mut hasher);
    match event.span {
        Some(span) if event.kind == crate::telemetry::EventKind::Span => span.id.hash(&mut hasher),
        _ => event.body.hash(&mut hasher),
    }
    if let SourceRef::Backend { url, .. } = &event.source {
        url.hash(&mut hasher);
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::{EventKind, Severity, Time};

    fn event(time: i64, body: &str) -> Event {
        Event {
            time: Time(time),
            system: "orders".into(),
            kind: EventKind::Log,
            severity: Severity::INFO,
            operation: None,
            body: body.into(),
            duration: None,
            attributes: Vec::new(),
            identifiers: Vec::new(),
            span: None,
            source: SourceRef::Backend { backend: "loki".into(), url: String::new() },
        }
    }

    #[test]
    fn an_answer_that_overlaps_the_last_one_gives_only_what_is_new() {
        let mut held = Held::default();
        held.begin();
        let mut first = vec![event(1, "a"), event(2, "b"), event(2, "b")];
        held.keep_new(&mut first);
        assert_eq!(first.len(), 3, "two equal lines at one instant are two");
        held.begin();
        let mut second = vec![event(2, "b"), event(2, "b"), event(2, "b"), event(3, "c")];
        held.keep_new(&mut second);
        assert_eq!(second, [event(2, "b"), event(3, "c")], "the third and what came after");
        let mut beside = held.beside();
        beside.begin();
        let mut third = vec![event(3, "c"), event(4, "d")];
        beside.keep_new(&mut third);
        assert_eq!(third, [event(4, "d")], "who asks beside it is not given what it has");
    }
}
