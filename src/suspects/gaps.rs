//! Time lost between caller and callee, and a system's own time. Durations only, so skewed clocks do not matter.

use super::scene::{Finding, Nature, Phase, Scene};
use super::statistics::{Shares, median, quantile, spread};
use super::traces::{Operation, Traces};
use super::{Pointer, Signal};
use crate::evidence::SystemId;
use crate::telemetry::{SpanKind, Time};
use rustc_hash::FxHashMap;

/// Fewer samples than this on a side say nothing.
const LEAST: usize = 5;
/// Of a delay this much is nothing whatever the usual: three milliseconds.
pub(super) const FLOOR: f64 = 3e6;
/// Gaps that come from one caller that suffers itself are the caller's; and where it has no span of the call, its own work,
/// and calls of what nobody traces, are in them.
const CALLERS_OWN: f64 = 0.5;

/// And so much of them counts at most.
const UNCLEAR: f64 = 10.0;
/// What hardly any call lost before the onset.
const SLOW: f64 = 0.95;

/// The gap of a call.
#[derive(Clone, Copy)]
struct Gap {
    seen: Seen,
    /// How far beyond the usual, in robust spreads, or in standard errors if it is few calls that are slow.
    strength: f64,
    /// In nanoseconds.
    usual: f64,
    now: f64,
    /// If it is these that stand out.
    slow: Option<Slow>,
    /// Of how many calls since the onset.
    count: usize,
}

/// How many calls lose more than hardly any did before the onset.
#[derive(Clone, Copy)]
struct Slow {
    /// In nanoseconds.
    edge: f64,
    shares: Shares,
}

/// By callee and caller.
type Edges<T> = FxHashMap<(SystemId, SystemId), T>;

#[derive(Default)]
struct Samples {
    before: Vec<f64>,
    after: Vec<f64>,
}

impl Samples {
    fn add(&mut self, phase: Phase, value: f64) {
        match phase {
            Phase::Before => self.before.push(value),
            Phase::After => self.after.push(value),
        }
    }

    /// How far a quantile of the later values lies above the usual, in robust spreads: (spreads, usual, now).
    fn departure(&mut self, share: f64) -> Option<(f64, f64, f64)> {
        if self.before.len() < LEAST || self.after.len() < LEAST {
            return None;
        }
        let usual = median(&mut self.before);
        let scale = spread(&mut self.before).max(usual / 2.0).max(FLOOR);
        let now = quantile(&mut self.after, share);
        Some(((now - usual) / scale, usual, now))
    }

    /// Packets that are lost and sent again delay a few calls by much, and no quantile of them.
    fn slow(&mut self) -> Slow {
        let edge = quantile(&mut self.before, SLOW) + FLOOR;
        let met = |values: &[f64]| {
            (values.iter().filter(|value| **value > edge).count() as u32, values.len() as u32)
        };
        Slow { edge, shares: Shares { before: met(&self.before), after: met(&self.after) } }
    }
}

/// Both signals.
pub(super) fn findings(scene: &Scene, traces: &Traces) -> Vec<Finding> {
    let mut findings = gaps(scene, traces);
    findings.extend(own_time(scene, traces));
    findings
}

/// What one call lost on its way: by callee's operation and caller, since another mix of operations is no delay.
pub(super) struct Lost {
    pub time: Time,
    pub operation: Operation,
    pub caller: SystemId,
    /// In nanoseconds.
    pub gap: f64,
    pub seen: Seen,
}

/// What is seen of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Seen {
    /// The caller's span of it, and the callee's.
    Both,
    /// The callee's, and the work that the caller was asked for.
    Within,
    /// The caller's alone: the callee's own work is in it.
    Caller,
}

pub(super) fn lost(traces: &Traces) -> impl Iterator<Item = Lost> + '_ {
    traces.spans.iter().enumerate().filter_map(|(place, span)| {
        if let Some(peer) = span.peer {
            let (operation, gap) = ((peer, span.name), traces.uncovered(place as u32) as f64);
            return Some(Lost { time: span.time(), operation, caller: span.system, gap, seen: Seen::Caller });
        }
        let parent = traces.parent(place as u32)?;
        let caller = &traces.spans[parent as usize];
        // Only where the caller's span is this call alone is the difference lost on the way.
        let is_alone = traces.children(parent).len() == 1;
        let is_between = caller.system != span.system && caller.peer.is_none();
        let is_between = is_between && !span.is_inferred && !caller.is_inferred;
        let is_within = |above: u32| traces.spans[above as usize].system == caller.system;
        let is_call = matches!(caller.kind, SpanKind::Client | SpanKind::Producer)
            || caller.kind != SpanKind::Server && traces.parent(parent).is_some_and(is_within);
        let seen = if is_call { Seen::Both } else { Seen::Within };
        let gap = (caller.duration - span.duration).max(0) as f64;
        let operation = (span.system, span.name);
        let caller = caller.system;
        (is_alone && is_between).then_some(Lost { time: span.time(), operation, caller, gap, seen })
    })
}

fn gaps(scene: &Scene, traces: &Traces) -> Vec<Finding> {
    let mut samples: FxHashMap<(Operation, SystemId, Seen), Samples> = FxHashMap::default();
    for one in lost(traces) {
        let Some(phase) = scene.phase(one.time) else { continue };
        samples.entry((one.operation, one.caller, one.seen)).or_default().add(phase, one.gap);
    }
    let mut edges: Edges<Vec<Gap>> = FxHashMap::default();
    for ((operation, caller, seen), mut one) in samples {
        if let Some((spreads, usual, now)) = one.departure(0.75) {
            let slow = one.slow();
            let slow = Some(slow).filter(|slow| slow.shares.departure() > spreads);
            let strength = slow.map_or(spreads, |slow| slow.shares.departure());
            let is_unclear = seen == Seen::Within;
            let strength = if is_unclear { strength.min(UNCLEAR) * CALLERS_OWN } else { strength };
            let gap = Gap { seen, strength, usual, now, slow, count: one.after.len() };
            edges.entry((operation.0, caller)).or_default().push(gap);
        }
    }
    // Of an edge's operations the middle one, weighed by their samples.
    let edges: Edges<Gap> = edges
        .into_iter()
        .map(|(edge, mut all)| {
            all.sort_by(|a, b| a.strength.total_cmp(&b.strength));
            let count: usize = all.iter().map(|one| one.count).sum();
            let mut seen = 0;
            let middle = all.iter().find(|one| {
                seen += one.count;
                seen * 2 >= count
            });
            (edge, Gap { count, ..*middle.expect("an edge has samples") })
        })
        .collect();
    let mut callees: Vec<SystemId> = edges.keys().map(|edge| edge.0).collect();
    callees.sort_unstable();
    callees.dedup();
    callees.into_iter().filter_map(|callee| gap(scene, &edges, callee)).collect()
}

impl Gap {
    fn sentence(&self, caller: &str, callee: &str, count: usize) -> String {
        let is_silent = self.seen == Seen::Caller;
        let Some(Slow { edge, shares }) = self.slow else {
            let now = millis(self.now);
            let what = if is_silent {
                format!("spend {now} at {callee}")
            } else {
                format!("take {now} longer than the work at {callee}")
            };
            let usual = millis(self.usual);
            return format!("calls from {caller} {what} (75th of 100), {usual} before onset; {count} calls");
        };
        let ((before, of_before), (after, of_after)) = (shares.before, shares.after);
        let edge = millis(edge);
        let what = if is_silent {
            format!("spend more than {edge} at {callee}")
        } else {
            format!("lose more than {edge} on the way to {callee}")
        };
        format!("{after} of {of_after} calls from {caller} {what}; {before} of {of_before} before onset")
    }
}

/// The gap of one callee over all of its callers.
fn gap(scene: &Scene, edges: &Edges<Gap>, callee: SystemId) -> Option<Finding> {
    let mut inbound: Vec<(SystemId, Gap)> =
        edges.iter().filter(|(edge, _)| edge.0 == callee).map(|(edge, one)| (edge.1, *one)).collect();
    inbound.sort_by(|a, b| a.1.strength.total_cmp(&b.1.strength).then(a.0.cmp(&b.0)));
    let &(caller, worst) = inbound.last()?;
    let count: usize = inbound.iter().map(|(_, one)| one.count).sum();
    let weighed = inbound.iter().map(|(_, one)| one.strength.clamp(0.0, 40.0) * one.count as f64);
    let mean = weighed.sum::<f64>() / count as f64;
    let is_callers = inbound.len() == 1
        && edges.iter().any(|(edge, one)| edge.0 == caller && one.strength >= worst.strength.min(4.0));
    let strength = if is_callers { mean * CALLERS_OWN } else { mean };
    Some(Finding {
        system: callee,
        signal: Signal::NetworkGap,
        nature: Nature::Cause,
        strength,
        sentence: worst.sentence(scene.name(caller), scene.name(callee), count),
        operation: None,
        pointers: vec![Pointer::Window(scene.after)],
    })
}

/// Time in a span that no child accounts for. Spans that wait on another system are left out: that is a gap.
fn own_time(scene: &Scene, traces: &Traces) -> Vec<Finding> {
    let mut samples: FxHashMap<Operation, Samples> = FxHashMap::default();
    for (place, span) in traces.spans.iter().enumerate() {
        let Some(phase) = scene.phase(span.time()).filter(|_| !span.is_inferred) else { continue };
        let children = traces.children(place as u32);
        let is_elsewhere = |&child: &u32| traces.spans[child as usize].system != span.system;
        if span.peer.is_some() || children.iter().any(is_elsewhere) {
            continue;
        }
        let own = traces.uncovered(place as u32) as f64;
        samples.entry((span.system, span.name)).or_default().add(phase, own);
    }
    let mut best: FxHashMap<SystemId, (f64, f64, f64, Operation)> = FxHashMap::default();
    for (operation, mut one) in samples {
        let Some((spreads, usual, now)) = one.departure(0.5) else { continue };
        let known = best.entry(operation.0).or_insert((spreads, usual, now, operation));
        if spreads > known.0
            || spreads == known.0 && scene.evidence.text(operation.1) < scene.evidence.text(known.3.1)
        {
            *known = (spreads, usual, now, operation);
        }
    }
    best.into_iter()
        .map(|(system, (strength, usual, now, operation))| Finding {
            system,
            signal: Signal::SelfTime,
            nature: Nature::Symptom,
            strength,
            sentence: format!(
                "`{}` spends {} on its own, {} before onset (medians)",
                scene.evidence.text(operation.1),
                millis(now),
                millis(usual)
            ),
            operation: Some(scene.evidence.text(operation.1).to_owned()),
            pointers: vec![Pointer::Window(scene.after)],
        })
        .collect()
}

fn millis(nanos: f64) -> String {
    format!("{:.1} ms", nanos / 1e6)
}
