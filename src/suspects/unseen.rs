//! Systems that are known by name only: an alert is about them, or a source declared that others call them, and nothing
//! that they say themselves was read. What cannot be seen is not innocent.

use super::metrics::Departure;
use super::path::SUFFERS;
use super::scene::{Finding, Nature, Phase, Scene};
use super::topology::{Topology, is_pseudo};
use super::traces::{Operation, Span, Traces};
use super::{Pointer, Signal};
use crate::evidence::{Row, SystemId, TextId};
use rustc_hash::FxHashMap;

/// What an alert says of how a system suffers, in spreads.
const ALERTED: f64 = 12.0;
/// What a callee that nothing was read of has of its callers' suffering.
const OF_CALLERS: f64 = 0.5;

/// Fewer calls than this say nothing.
const LEAST_CALLS: u32 = 5;
/// Of a name that stands for calls of others so many spans are answered.
const MOSTLY: f64 = 0.7;
/// So many calls of one place without an answer are no accident.
const MISSING: f64 = 0.1;

/// An unseen system that is suspicious, and why.
pub(super) struct Unseen {
    pub system: SystemId,
    strength: f64,
    sentence: String,
    alert: Option<Row>,
    /// Who calls it, if that is why.
    pub callers: Vec<SystemId>,
}

impl Unseen {
    pub(super) fn all(scene: &Scene, topology: &Topology, departures: &[Departure]) -> Vec<Self> {
        let evidence = scene.evidence;
        let mut is_seen = vec![false; evidence.systems.len()];
        for row in evidence.rows_at(|station| station.is_log() || station.is_span()) {
            is_seen[usize::from(evidence.system(row).0)] = true;
        }
        for system in evidence.series.iter().filter_map(|series| evidence.system_named(&series.system)) {
            is_seen[usize::from(system.0)] = true;
        }
        let is_seen = |system: SystemId| is_seen[usize::from(system.0)];
        let mut all = alerted(scene, is_seen);
        let mut called: Vec<SystemId> = evidence.topology.iter().map(|(_, callee)| *callee).collect();
        called.sort_unstable();
        called.dedup();
        let alerting: Vec<SystemId> = scene.alerts().map(|row| evidence.system(row)).collect();
        let suffers = |system: SystemId| {
            let own = departures.iter().filter(|one| one.system == system);
            let own = own.filter(|one| one.kind.nature == Nature::Symptom).map(|one| one.spreads);
            own.fold(if alerting.contains(&system) { ALERTED } else { 0.0 }, f64::max)
        };
        for system in called {
            if is_seen(system) || is_pseudo(scene.name(system)) || all.iter().any(|one| one.system == system)
            {
                continue;
            }
            let callers = topology.callers(system).to_vec();
            let suffering = callers.iter().copied().filter(|&caller| suffers(caller) >= SUFFERS);
            // A caller that is one, before what is seen of it from outside.
            let rank = |caller: SystemId| (!is_pseudo(scene.name(caller)), suffers(caller));
            let Some(worst) = suffering.max_by(|a, b| {
                let (a, b) = (rank(*a), rank(*b));
                a.0.cmp(&b.0).then(a.1.total_cmp(&b.1))
            }) else {
                continue;
            };
            let sentence = format!("{} suffers and calls it, and nothing was read of it", scene.name(worst));
            let strength = suffers(worst) * OF_CALLERS;
            all.push(Self { system, strength, sentence, alert: None, callers });
        }
        all
    }

    pub(super) fn finding(&self) -> Finding {
        Finding {
            system: self.system,
            signal: Signal::Topology,
            nature: Nature::Symptom,
            strength: self.strength,
            sentence: self.sentence.clone(),
            operation: None,
            pointers: self.alert.map(Pointer::Event).into_iter().collect(),
        }
    }
}

/// What alerts near the onset are about, if nothing was read of any of it: else others tell more than the alert's label.
fn alerted(scene: &Scene, is_seen: impl Fn(SystemId) -> bool) -> Vec<Unseen> {
    let evidence = scene.evidence;
    // An alert that names no system is about none that could be asked for.
    let is_named = |row: &Row| !matches!(scene.name(evidence.system(*row)), "" | "unknown");
    let alerts: Vec<Row> = scene.alerts().filter(is_named).collect();
    if alerts.iter().any(|row| is_seen(evidence.system(*row))) {
        return Vec::new();
    }
    let mut all: Vec<Unseen> = Vec::new();
    for row in alerts {
        let system = evidence.system(row);
        if all.iter().all(|one| one.system != system) {
            let sentence = "an alert is about it, and nothing that it says itself was read".to_owned();
            all.push(Unseen { system, strength: ALERTED, sentence, alert: Some(row), callers: Vec::new() });
        }
    }
    all
}

/// Calls of one system, some of which nobody seen answers.
pub(super) struct Unanswered {
    pub caller: SystemId,
    /// The span's own name.
    pub call: TextId,
    pub count: u32,
    pub of: u32,
}

/// Who already called something unread before the onset: spans of a name that is answered nearly everywhere else. What was
/// answered then and is no longer is a failure, and seen.
pub(super) fn unanswered(scene: &Scene, traces: &Traces) -> Vec<Unanswered> {
    let mut by_name: FxHashMap<TextId, Calls> = FxHashMap::default();
    let mut by_place: FxHashMap<(Operation, TextId), Calls> = FxHashMap::default();
    // Of a peer by name its calls tell how long they take and whether they fail.
    let is_open = |span: &Span| !span.is_inferred && span.peer.is_none();
    for (place, span) in traces.spans.iter().enumerate().filter(|(_, span)| is_open(span)) {
        let Some(parent) = traces.parent(place as u32) else { continue };
        let children = traces.children(place as u32);
        let is_answered = children.iter().any(|child| traces.spans[*child as usize].system != span.system);
        // What has only parts of its own is no call.
        let is_call = is_answered || children.is_empty();
        if is_call && scene.phase(span.time()) == Some(Phase::Before) {
            by_name.entry(span.name).or_default().add(is_answered);
            by_place.entry((traces.operation(parent), span.name)).or_default().add(is_answered);
        }
    }
    let is_a_call = |name: &TextId| by_name[name].share() >= MOSTLY;
    let of = by_place.into_iter().filter(|((_, name), calls)| {
        calls.of >= LEAST_CALLS && calls.share() <= 1.0 - MISSING && is_a_call(name)
    });
    let mut all: Vec<Unanswered> = of
        .map(|((at, call), calls)| Unanswered {
            caller: at.0,
            call,
            count: calls.of - calls.answered,
            of: calls.of,
        })
        .collect();
    all.sort_by_key(|one| (std::cmp::Reverse(one.count), one.of, one.caller, one.call));
    all
}

#[derive(Clone, Copy, Default)]
struct Calls {
    answered: u32,
    of: u32,
}

impl Calls {
    fn add(&mut self, is_answered: bool) {
        self.answered += u32::from(is_answered);
        self.of += 1;
    }

    fn share(self) -> f64 {
        f64::from(self.answered) / f64::from(self.of)
    }
}
