//! Where failing flows stop, and what they pass through.

use super::scene::{Finding, Nature, Scene};
use super::statistics::Shares;
use super::{Pointer, Signal};
use crate::evidence::SystemId;
use crate::flows::{Flow, FlowId, Verdict};
use crate::telemetry::{Change, Nanos};
use rustc_hash::FxHashMap;

/// Fewer flows than this on a side say nothing.
const LEAST_FLOWS: u32 = 5;
/// What stopping all failing flows is worth at most.
const ALL: f64 = 12.0;

#[derive(Default)]
struct Count {
    stop: [u32; 2],
    pass_failing: u32,
    pass_others: u32,
    example: Option<FlowId>,
}

pub(super) fn is_failing(flow: &Flow) -> bool {
    matches!(flow.verdict, Verdict::Failed | Verdict::Stuck)
}

/// Both signals: where they stop, and Ochiai.
pub(super) fn findings(scene: &Scene) -> Vec<Finding> {
    let mut counts: FxHashMap<SystemId, Count> = FxHashMap::default();
    let (mut flows, mut failing) = ([0u32; 2], [0u32; 2]);
    let changed = recently_changed(scene);
    for (id, flow) in scene.flows.iter() {
        if flow.verdict == Verdict::InFlight {
            continue;
        }
        let phase = if flow.last >= scene.onset() {
            if flow.first >= scene.after.to {
                continue;
            }
            1
        } else if scene.before.contains(flow.last) {
            0
        } else {
            continue;
        };
        flows[phase] += 1;
        let fails = is_failing(flow);
        failing[phase] += u32::from(fails);
        if let Some(at) = stops_at(flow, &changed).filter(|_| fails) {
            let count = counts.entry(at).or_default();
            count.stop[phase] += 1;
            if phase == 1 {
                count.example = count.example.or(Some(id));
                if !flow.visits.iter().any(|visit| visit.system == at) {
                    count.pass_failing += 1;
                }
            }
        }
        if phase == 1 {
            for visit in &flow.visits {
                let count = counts.entry(visit.system).or_default();
                count.pass_failing += u32::from(fails);
                count.pass_others += u32::from(!fails);
            }
        }
    }
    let mut findings = Vec::new();
    for (system, count) in counts {
        findings.extend(stop(scene, system, &count, flows, failing));
        findings.extend(spectrum(system, &count, failing[1]));
    }
    findings
}

/// Systems that were changed shortly before the onset.
fn recently_changed(scene: &Scene) -> Vec<SystemId> {
    let is_recent = |change: &&Change| {
        let ago = scene.onset() - change.time;
        ago >= Nanos::seconds(-60) && ago <= Nanos::seconds(1_800)
    };
    let changes = scene.evidence.changes.iter().filter(is_recent);
    changes.filter_map(|change| scene.evidence.system_named(change.system.as_deref()?)).collect()
}

/// Where a failing flow stops. Where the system that was to be next never heard of it, either end of the hop may be
/// to blame: it is the further one, unless only the nearer one has just been changed.
fn stops_at(flow: &Flow, changed: &[SystemId]) -> Option<SystemId> {
    let hop = flow.failing_hop?;
    let is_reached = flow.visits.iter().any(|visit| visit.system == hop.to);
    let is_nearer = !is_reached && changed.contains(&hop.from) && !changed.contains(&hop.to);
    Some(if is_nearer { hop.from } else { hop.to })
}

fn stop(
    scene: &Scene,
    system: SystemId,
    count: &Count,
    flows: [u32; 2],
    failing: [u32; 2],
) -> Option<Finding> {
    let example = count.example?;
    let all = Shares { before: (count.stop[0], flows[0]), after: (count.stop[1], flows[1]) };
    let of_failing = Shares { before: (count.stop[0], failing[0]), after: (count.stop[1], failing[1]) };
    // Of those that failed before, the same share may have stopped here all along.
    let usual = if failing[0] >= LEAST_FLOWS { of_failing.share_before() } else { 0.0 };
    let grown = all.share_after() / (all.share_before() + 0.001);
    let share = if grown >= 3.0 { of_failing.share_after() } else { of_failing.share_after() - usual };
    let certainty = if all.is_enough(LEAST_FLOWS) { all.certainty() } else { f64::from(count.stop[1]) };
    let strength = certainty.min(ALL * share).max(0.0);
    let (name, [before, here]) = (scene.name(system), count.stop);
    let mut sentence = format!("{here} of {} failing flows since onset stop at {name}", failing[1]);
    if failing[0] > 0 {
        sentence += &format!(", {before} of {} before", failing[0]);
    }
    Some(Finding {
        system,
        signal: Signal::Flows,
        nature: Nature::Cause,
        strength,
        sentence,
        operation: None,
        pointers: vec![Pointer::Flow(example)],
    })
}

/// Ochiai: how much failing flows, and only they, pass through.
fn spectrum(system: SystemId, count: &Count, failing: u32) -> Option<Finding> {
    let (with, others) = (count.pass_failing, count.pass_others);
    let under = f64::from(failing) * f64::from(with + others);
    if under <= 0.0 {
        return None;
    }
    let strength = f64::from(with) / under.sqrt();
    Some(Finding {
        system,
        signal: Signal::Spectrum,
        nature: Nature::Symptom,
        strength,
        sentence: format!(
            "{with} of {failing} failing flows pass through it, and {others} others (Ochiai {strength:.2})"
        ),
        operation: None,
        pointers: Vec::new(),
    })
}
