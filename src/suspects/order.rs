//! The order of events within a span: what comes after what, as a share of the operation's spans, against before.
//!
//! After Nezha (Yu et al., ESEC/FSE 2023), with shares conditioned on the operation: a change of load or a silence
//! downstream changes no share. A pair counts fully only where nothing beneath the span is out of order too.

use super::patterns::Patterns;
use super::scene::{Finding, Nature, Phase, Scene};
use super::statistics::Shares;
use super::traces::{NONE, Operation, Traces};
use super::weights::NOT_THE_ORIGIN;
use super::{Pointer, Signal};
use crate::evidence::{Evidence, SystemId, TextId};
use rustc_hash::{FxHashMap, FxHashSet};

/// Fewer spans than this on a side say nothing; an operation never seen before the onset says nothing either.
const LEAST_SPANS: u32 = 5;
/// Pairs at least this strong mark a span as out of order.
const MARKS: f64 = 3.0;

/// What happens within a span.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Happening {
    Start,
    Says(TextId),
    Calls(SystemId, TextId),
    End,
}

type Pair = (Happening, Happening);

pub(super) fn findings(scene: &Scene, traces: &Traces, patterns: &Patterns) -> Vec<Finding> {
    let mut counts: FxHashMap<(Operation, Pair), [u32; 2]> = FxHashMap::default();
    let mut spans: FxHashMap<Operation, [u32; 2]> = FxHashMap::default();
    let mut pairs: Vec<Pair> = Vec::new();
    for place in 0..traces.spans.len() as u32 {
        let Some(phase) = traces.spans[place as usize].phase else { continue };
        let operation = traces.operation(place);
        spans.entry(operation).or_default()[phase as usize] += 1;
        pairs_of(scene, traces, patterns, place, &mut pairs);
        for &pair in &pairs {
            counts.entry((operation, pair)).or_default()[phase as usize] += 1;
        }
    }
    let mut marked: FxHashMap<(Operation, Pair), (f64, Shares)> = FxHashMap::default();
    for (key, [before, after]) in counts {
        let [of_before, of_after] = spans[&key.0];
        let shares = Shares { before: (before, of_before), after: (after, of_after) };
        let strength = shares.departure();
        if shares.is_enough(LEAST_SPANS) && strength.abs() >= MARKS {
            marked.insert(key, (strength, shares));
        }
    }
    if marked.is_empty() {
        return Vec::new();
    }
    by_system(scene, traces, patterns, &marked)
}

/// The strongest pair of each system, by how often it is where the disorder starts.
fn by_system(
    scene: &Scene,
    traces: &Traces,
    patterns: &Patterns,
    marked: &FxHashMap<(Operation, Pair), (f64, Shares)>,
) -> Vec<Finding> {
    let mut vanished: FxHashMap<Operation, Vec<Pair>> = FxHashMap::default();
    for (key, (strength, _)) in marked {
        if *strength < 0.0 {
            vanished.entry(key.0).or_default().push(key.1);
        }
    }
    let operations: FxHashSet<Operation> = marked.keys().map(|key| key.0).collect();
    let mut is_flagged = vec![false; traces.spans.len()];
    let mut pairs = Vec::new();
    for place in 0..traces.spans.len() as u32 {
        let operation = traces.operation(place);
        if traces.spans[place as usize].phase != Some(Phase::After) || !operations.contains(&operation) {
            continue;
        }
        pairs_of(scene, traces, patterns, place, &mut pairs);
        let is_new = pairs.iter().any(|pair| {
            marked.get(&(operation, *pair)).is_some_and(|(strength, _)| *strength > 0.0)
        });
        let is_missing =
            || vanished.get(&operation).is_some_and(|gone| gone.iter().any(|pair| !pairs.contains(pair)));
        is_flagged[place as usize] = is_new || is_missing();
    }
    let origins = traces.origins(&is_flagged);
    let mut starts: FxHashMap<Operation, (u32, u32, u32)> = FxHashMap::default();
    for place in 0..traces.spans.len() as u32 {
        if is_flagged[place as usize] {
            let entry = starts.entry(traces.operation(place)).or_insert((0, 0, NONE));
            entry.0 += 1;
            if origins[place as usize] {
                entry.1 += 1;
                entry.2 = entry.2.min(place);
            }
        }
    }
    let mut best: FxHashMap<SystemId, (f64, Operation, Pair, Shares)> = FxHashMap::default();
    for (&(operation, pair), &(strength, shares)) in marked {
        let (flagged, origin, _) = starts.get(&operation).copied().unwrap_or((0, 0, NONE));
        let own = f64::from(origin) / f64::from(flagged.max(1));
        let strength = strength.abs() * (NOT_THE_ORIGIN + (1.0 - NOT_THE_ORIGIN) * own);
        let entry = (strength, operation, pair, shares);
        let known = best.entry(operation.0).or_insert(entry);
        // Of equals the one whose text comes first, so that the answer never depends on the order of arrival.
        let rank = |one: &(f64, Operation, Pair, Shares)| {
            (one.3.share_after() > one.3.share_before(), said(scene.evidence, one.1, one.2))
        };
        if strength > known.0 || strength == known.0 && rank(&entry) > rank(known) {
            *known = entry;
        }
    }
    best.into_iter()
        .map(|(system, (strength, operation, pair, shares))| {
            let example = starts.get(&operation).map(|entry| entry.2).filter(|place| *place != NONE);
            Finding {
                system,
                signal: Signal::EventOrder,
                nature: Nature::Cause,
                strength,
                sentence: sentence(scene.evidence, operation, pair, shares),
                operation: Some(scene.evidence.text(operation.1).to_owned()),
                pointers: example
                    .map(|place| Pointer::Event(traces.spans[place as usize].row))
                    .into_iter()
                    .collect(),
            }
        })
        .collect()
}

/// The distinct pairs of neighbours in one span.
fn pairs_of(scene: &Scene, traces: &Traces, patterns: &Patterns, place: u32, pairs: &mut Vec<Pair>) {
    let mut happenings: Vec<(i64, Happening)> = Vec::new();
    for (time, row) in traces.logs(place) {
        let shape = scene.evidence.shape(row);
        if shape.0 != 0 {
            happenings.push((time, Happening::Says(patterns.pattern(shape))));
        }
    }
    for &child in traces.children(place) {
        happenings.push((traces.spans[child as usize].start, called(traces, child)));
    }
    happenings.sort_by_key(|&(time, happening)| (time, happening));
    pairs.clear();
    let mut before = Happening::Start;
    for (_, happening) in happenings.into_iter().chain([(i64::MAX, Happening::End)]) {
        pairs.push((before, happening));
        before = happening;
    }
    pairs.sort_unstable();
    pairs.dedup();
}

/// What a child span is a call of: the other system's operation, where the child is the client's side of a call.
fn called(traces: &Traces, child: u32) -> Happening {
    let own = &traces.spans[child as usize];
    if let &[only] = traces.children(child) {
        let beneath = &traces.spans[only as usize];
        if beneath.system != own.system {
            return Happening::Calls(beneath.system, beneath.name);
        }
    }
    Happening::Calls(own.system, own.name)
}

fn name(evidence: &Evidence, own: SystemId, happening: Happening) -> String {
    match happening {
        Happening::Start => "its start".to_owned(),
        Happening::End => "its end".to_owned(),
        Happening::Says(text) => format!("“{}”", shortened(evidence.text(text))),
        Happening::Calls(system, operation) if system == own => {
            format!("`{}`", shortened(evidence.text(operation)))
        }
        Happening::Calls(system, operation) => {
            format!("the call of {} `{}`", evidence.system_name(system), shortened(evidence.text(operation)))
        }
    }
}

fn said(evidence: &Evidence, operation: Operation, (first, then): Pair) -> String {
    format!(
        "{} {} {}",
        evidence.text(operation.1),
        name(evidence, operation.0, first),
        name(evidence, operation.0, then)
    )
}

fn sentence(evidence: &Evidence, operation: Operation, (first, then): Pair, shares: Shares) -> String {
    let ((before, of_before), (after, of_after)) = (shares.before, shares.after);
    format!(
        "in `{}`, after {} came {} in {after} of {of_after} spans; in {before} of {of_before} before onset",
        shortened(evidence.text(operation.1)),
        name(evidence, operation.0, first),
        name(evidence, operation.0, then)
    )
}

/// The beginning of a long text.
pub(super) fn shortened(text: &str) -> &str {
    const MOST: usize = 120;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => &text[..end],
        None => text,
    }
}
