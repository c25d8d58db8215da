//! What speaks against a suspect: healthy flows through it, trouble that came after the onset, a clock that is worse than
//! the lead it would have, a source that was blind. Said, and weighed by whoever reads it.

use super::metrics::Departure;
use super::scene::Scene;
use super::units::Units;
use super::{Evidence as Reason, Pointer, Signal};
use crate::evidence::SystemId;
use crate::flows::Verdict;
use crate::telemetry::Nanos;

/// Fewer flows than this say nothing.
const LEAST_FLOWS: u32 = 5;
/// From this share of healthy flows through it on a system has something to say for itself.
const HEALTHY: f64 = 0.8;
/// What begins this long after the onset came after it, whatever the clocks.
const LATER: Nanos = Nanos::seconds(60);

pub(super) fn reasons(
    scene: &Scene,
    units: &Units,
    departures: &[Departure],
    system: SystemId,
) -> Vec<Reason> {
    let against = |signal, sentence, pointers| Reason {
        signal,
        sentence,
        is_for: false,
        weight: 0.0,
        window: scene.after,
        pointers,
    };
    let mut reasons = Vec::new();
    let (mut passed, mut healthy, mut example) = (0u32, 0u32, None);
    for (id, flow) in scene.flows.iter().filter(|(_, flow)| flow.first >= scene.after.from) {
        let is_judged = matches!(flow.verdict, Verdict::Completed | Verdict::Failed | Verdict::Stuck);
        if is_judged && flow.visits.iter().any(|visit| visit.system == system) {
            passed += 1;
            if flow.verdict == Verdict::Completed {
                healthy += 1;
                example = example.or(Some(id));
            }
        }
    }
    if passed >= LEAST_FLOWS && f64::from(healthy) >= HEALTHY * f64::from(passed) {
        let sentence = format!("{healthy} of {passed} flows through it since onset completed");
        reasons.push(against(Signal::Flows, sentence, example.map(Pointer::Flow).into_iter().collect()));
    }
    let own = departures.iter().filter(|one| one.system == system && one.spreads >= 3.0);
    if let Some(first) = own.min_by_key(|one| (one.begins, one.series))
        && first.begins - scene.onset() > LATER
    {
        let sentence = format!(
            "the first of its metrics moved {} after the onset: {}",
            first.begins - scene.onset(),
            scene.evidence.series[first.series].metric
        );
        reasons.push(against(Signal::Metrics, sentence, vec![Pointer::Series(first.series)]));
    }
    let skew = scene.flows.skew.iter().filter(|skew| skew.system == system && skew.pairs > 0);
    if let Some(worst) = skew.max_by_key(|skew| skew.uncertainty)
        && worst.uncertainty > LATER
    {
        let sentence = format!("its clock is only known to within {}", worst.uncertainty);
        reasons.push(against(Signal::Flows, sentence, Vec::new()));
    }
    if let Some(sentence) = blind(scene, units, system) {
        reasons.push(against(Signal::Templates, sentence, Vec::new()));
    }
    reasons
}

/// Whether nothing that the system itself says was read, so that it is judged from what others say of it.
fn blind(scene: &Scene, units: &Units, system: SystemId) -> Option<String> {
    let evidence = scene.evidence;
    let is_measured =
        evidence.series.iter().any(|series| evidence.system_named(&series.system) == Some(system));
    if units.units.is_empty() || is_measured {
        return None;
    }
    let mut own = units.units.iter().filter(|unit| unit.system == system).peekable();
    if own.peek().is_none() {
        return Some(
            "nothing that it says itself was read: it is judged by what others say of it".to_owned(),
        );
    }
    let is_silent = !own.any(|unit| unit.time >= scene.after.from);
    is_silent.then(|| "it began nothing since the onset: it may be down, or its source blind".to_owned())
}
