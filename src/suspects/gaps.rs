//! Time lost between caller and callee, and a system's own time. Durations only, so skewed clocks do not matter.

use super::scene::{Finding, Nature, Phase, Scene};
use super::statistics::{median, quantile, spread};
use super::traces::{Operation, Traces};
use super::{Pointer, Signal};
use crate::evidence::SystemId;
use crate::telemetry::Time;
use rustc_hash::FxHashMap;

/// Fewer samples than this on a side say nothing.
const LEAST: usize = 5;
/// Of a delay this much is nothing whatever the usual: three milliseconds.
pub(super) const FLOOR: f64 = 3e6;
/// Gaps that come from one caller that suffers itself are the caller's.
const CALLERS_OWN: f64 = 0.5;

/// The gap of a call: spreads beyond the usual, the usual, now, and of how many calls.
type Gap = (f64, f64, f64, usize);
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
}

pub(super) fn lost(traces: &Traces) -> impl Iterator<Item = Lost> + '_ {
    traces.spans.iter().enumerate().filter_map(|(place, span)| {
        let parent = traces.parent(place as u32)?;
        let caller = &traces.spans[parent as usize];
        // Only where the caller's span is this call alone is the difference lost on the way.
        let is_alone = traces.children(parent).len() == 1;
        let is_call = caller.system != span.system && !span.is_inferred && !caller.is_inferred;
        let gap = (caller.duration - span.duration).max(0) as f64;
        let operation = (span.system, span.name);
        (is_alone && is_call).then_some(Lost { time: span.time(), operation, caller: caller.system, gap })
    })
}

fn gaps(scene: &Scene, traces: &Traces) -> Vec<Finding> {
    let mut samples: FxHashMap<(Operation, SystemId), Samples> = FxHashMap::default();
    for one in lost(traces) {
        let Some(phase) = scene.phase(one.time) else { continue };
        samples.entry((one.operation, one.caller)).or_default().add(phase, one.gap);
    }
    let mut edges: Edges<Vec<Gap>> = FxHashMap::default();
    for ((operation, caller), mut one) in samples {
        if let Some((spreads, usual, now)) = one.departure(0.75) {
            edges.entry((operation.0, caller)).or_default().push((spreads, usual, now, one.after.len()));
        }
    }
    // Of an edge's operations the middle one, weighed by their samples.
    let edges: Edges<Gap> = edges
        .into_iter()
        .map(|(edge, mut all)| {
            all.sort_by(|a, b| a.0.total_cmp(&b.0));
            let count: usize = all.iter().map(|one| one.3).sum();
            let mut seen = 0;
            let middle = all.iter().find(|one| {
                seen += one.3;
                seen * 2 >= count
            });
            let (spreads, usual, now, _) = *middle.expect("an edge has samples");
            (edge, (spreads, usual, now, count))
        })
        .collect();
    let mut callees: Vec<SystemId> = edges.keys().map(|edge| edge.0).collect();
    callees.sort_unstable();
    callees.dedup();
    callees.into_iter().filter_map(|callee| gap(scene, &edges, callee)).collect()
}

/// The gap of one callee over all of its callers.
fn gap(scene: &Scene, edges: &Edges<Gap>, callee: SystemId) -> Option<Finding> {
    let mut inbound: Vec<(SystemId, Gap)> =
        edges.iter().filter(|(edge, _)| edge.0 == callee).map(|(edge, one)| (edge.1, *one)).collect();
    inbound.sort_by(|a, b| a.1.0.total_cmp(&b.1.0).then(a.0.cmp(&b.0)));
    let &(caller, (_, usual, now, _)) = inbound.last()?;
    let count: usize = inbound.iter().map(|(_, one)| one.3).sum();
    let mean =
        inbound.iter().map(|(_, one)| one.0.clamp(0.0, 40.0) * one.3 as f64).sum::<f64>() / count as f64;
    let is_callers = inbound.len() == 1
        && edges.iter().any(|(edge, one)| edge.0 == caller && one.0 >= inbound[0].1.0.min(4.0));
    let strength = if is_callers { mean * CALLERS_OWN } else { mean };
    Some(Finding {
        system: callee,
        signal: Signal::NetworkGap,
        nature: Nature::Cause,
        strength,
        sentence: format!(
            "calls from {} take {} longer than the work at {} (75th of 100), {} before onset; {count} calls",
            scene.name(caller),
            millis(now),
            scene.name(callee),
            millis(usual),
        ),
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
        if children.iter().any(|&child| traces.spans[child as usize].system != span.system) {
            continue;
        }
        let (mut covered, mut until) = (0, span.start);
        for &child in children {
            let child = &traces.spans[child as usize];
            let end = (child.start + child.duration).min(span.start + span.duration);
            covered += (end - child.start.max(until)).max(0);
            until = until.max(end);
        }
        let own = (span.duration - covered).max(0) as f64;
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
