//! Whom callers name and nobody traces: databases, partners, services without instrumentation that pass a trace on.

use super::traces::Traces;
use crate::evidence::{Evidence, SystemId};
use rustc_hash::FxHashMap;

/// Words of names that tell nobody apart.
const COMMON: [&str; 8] = ["service", "svc", "server", "api", "app", "prod", "http", "com"];

/// Leaves each span the peer that it names only where that one tells nothing itself: a peer that answers is the system that
/// answers, if the two are called alike; others pass the trace on to who answers.
pub(super) fn name(evidence: &Evidence, traces: &mut Traces) {
    let mut answered: FxHashMap<SystemId, (u32, FxHashMap<SystemId, u32>)> = FxHashMap::default();
    let mut answers: Vec<Option<SystemId>> = Vec::new();
    for (place, span) in traces.spans.iter().enumerate() {
        let Some(peer) = span.peer else { continue };
        let children = traces.children(place as u32).iter();
        let answer =
            children.map(|&child| traces.spans[child as usize].system).find(|one| *one != span.system);
        let known = answered.entry(peer).or_default();
        known.0 += 1;
        answer.into_iter().for_each(|system| *known.1.entry(system).or_default() += 1);
        answers.push(answer);
    }
    let same = answered.iter().filter_map(|(&peer, (of, by))| {
        let (&system, &count) =
            by.iter().max_by_key(|(system, count)| (**count, std::cmp::Reverse(**system)))?;
        let are_alike = are_alike(evidence.system_name(peer), evidence.system_name(system));
        (peer != system && count * 2 > *of && are_alike).then_some((peer, system))
    });
    let same: FxHashMap<SystemId, SystemId> = same.collect();
    let named = traces.spans.iter_mut().filter(|span| span.peer.is_some());
    for (span, answer) in named.zip(answers) {
        let peer = span.peer.map(|peer| same.get(&peer).copied().unwrap_or(peer));
        span.peer = peer.filter(|peer| *peer != span.system && answer != Some(*peer));
    }
}

/// Whether two names may be of one system: `stock` and `stock-service`.
fn are_alike(one: &str, other: &str) -> bool {
    let (one, other) = (super::kinds::words(one), super::kinds::words(other));
    one.iter().any(|word| word.len() > 2 && !COMMON.contains(&word.as_str()) && other.contains(word))
}
