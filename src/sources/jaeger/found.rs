//! What Jaeger answered: the spans of whole traces, each once, and why they may not be all. Pure.

use crate::telemetry::{Event, Identifier, IdentifierClass};
use serde_json::Value;
use std::collections::HashSet;

/// Traces of one answer, and why they are not all.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) events: Vec<Event>,
    pub(super) reasons: Vec<String>,
    /// The answer was longer than the budget has it: nothing of it was read.
    pub(super) is_cut: bool,
}

impl Found {
    /// How many traces it holds, at least as many as make it full.
    pub(super) fn traces(&self) -> usize {
        if self.is_cut {
            return usize::MAX;
        }
        let traces = self.events.iter().filter_map(trace_of);
        traces.collect::<HashSet<_>>().len()
    }
}

pub(super) fn trace_of(event: &Event) -> Option<&str> {
    let of_trace = |identifier: &&Identifier| identifier.class == IdentifierClass::Trace;
    event.identifiers.iter().find(of_trace).map(|identifier| identifier.value.as_str())
}

/// Answers in one, each span once.
pub(super) fn merged(answers: Vec<Found>) -> Found {
    let mut all = Found::default();
    let mut seen = HashSet::new();
    for found in answers {
        all.reasons.extend(found.reasons);
        all.events.extend(found.events.into_iter().filter(|event| {
            seen.insert((
                trace_of(event).map(str::to_owned),
                event.span.map(|span| span.id),
                event.time,
                event.system.clone(),
            ))
        }));
    }
    all.reasons.sort();
    all.reasons.dedup();
    all
}

/// Whether a 404 says that there is no such trace, and not that there is no such door.
pub(super) fn is_not_found(body: &[u8]) -> bool {
    let text = String::from_utf8_lossy(&body[..body.len().min(2_000)]).to_ascii_lowercase();
    serde_json::from_slice::<Value>(body).is_ok()
        && (text.contains("no traces found") || text.contains("not found"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_such_trace_is_told_from_no_such_door() {
        assert!(is_not_found(br#"{"error":{"httpCode":404,"message":"No traces found"}}"#));
        assert!(is_not_found(br#"{"data":null,"errors":[{"code":404,"msg":"trace not found"}]}"#));
        assert!(!is_not_found(b"404 page not found") && !is_not_found(b"no such tenant"));
    }
}
