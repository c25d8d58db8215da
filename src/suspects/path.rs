//! Where only metrics speak: the way from the alerting system through callees that suffer too (after the traversal of
//! PetShop, Hardt et al., CLeaR 2024, and CIRCA's rule that what a parent explains is not blamed on the child).

use super::kinds::class_of_text;
use super::metrics::{Departure, sentence};
use super::scene::{Finding, Nature, Scene};
use super::topology::{Topology, is_pseudo};
use super::weights::{ALERTING, EXPLAINED_ON_PATH, OFF_PATH};
use super::{Pointer, Signal};
use crate::evidence::SystemId;
use crate::telemetry::SeriesClass;
use rustc_hash::FxHashMap;

/// From this many spreads on a system suffers.
pub(super) const SUFFERS: f64 = 3.0;
/// A callee explains its caller if it suffers at least this share as much.
const EXPLAINS: f64 = 0.25;
/// What the other kind of symptom adds.
const OTHER_KIND: f64 = 0.3;

/// The two ways in which a caller notices: it waits, or it is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Way {
    Slow,
    Failing,
}

fn way(class: SeriesClass) -> Option<Way> {
    match class {
        SeriesClass::Latency => Some(Way::Slow),
        SeriesClass::Errors | SeriesClass::Availability => Some(Way::Failing),
        _ => None,
    }
}

pub(super) fn findings(scene: &Scene, topology: &Topology, departures: &[Departure]) -> Vec<Finding> {
    let mut worst: FxHashMap<(SystemId, Way), &Departure> = FxHashMap::default();
    for one in departures.iter().filter(|one| one.kind.nature == Nature::Symptom) {
        let Some(way) = way(one.kind.class) else { continue };
        let known = worst.entry((one.system, way)).or_insert(one);
        if one.strength(scene) > known.strength(scene) {
            *known = one;
        }
    }
    let (alerting, alerted) = alerts(scene);
    let way = alerted.unwrap_or_else(|| {
        let sum = |wanted: Way| -> f64 {
            worst.iter().filter(|((_, way), _)| *way == wanted).map(|(_, one)| one.strength(scene)).sum()
        };
        if sum(Way::Failing) > sum(Way::Slow) { Way::Failing } else { Way::Slow }
    });
    let other = if way == Way::Slow { Way::Failing } else { Way::Slow };
    let suffers = |system: SystemId| worst.get(&(system, way)).map_or(0.0, |one| one.strength(scene));
    let on_path = topology.reached(&alerting, |system| suffers(system) >= SUFFERS);
    let mut systems: Vec<SystemId> = worst.keys().map(|key| key.0).collect();
    systems.sort_unstable();
    systems.dedup();
    let finding = |&system: &SystemId| {
        if is_pseudo(scene.name(system)) {
            return None; // It is somebody else, seen from outside.
        }
        let own = worst.get(&(system, way));
        let aside = worst.get(&(system, other)).map_or(0.0, |one| one.strength(scene));
        let shown = own.or_else(|| worst.get(&(system, other)))?;
        let own = own.map_or(0.0, |one| one.strength(scene));
        let mut strength = own + OTHER_KIND * aside;
        let explained_by = topology
            .callees(system)
            .iter()
            .copied()
            .filter(|&callee| callee != system && suffers(callee) >= SUFFERS.max(own * EXPLAINS))
            .max_by(|a, b| suffers(*a).total_cmp(&suffers(*b)));
        if explained_by.is_some() {
            strength *= EXPLAINED_ON_PATH;
        }
        if topology.is_empty() {
            // No way is known. An alert is raised where it hurts, and that is seldom where it begins.
            strength *= if alerting.contains(&system) { ALERTING } else { 1.0 };
        } else if !alerting.is_empty() && !on_path.contains(&system) {
            strength *= OFF_PATH;
        }
        let mut sentence = sentence(&scene.evidence.series[shown.series], shown);
        if let Some(callee) = explained_by {
            sentence += &format!("; its callee {} suffers too", scene.name(callee));
        }
        Some(Finding {
            system,
            signal: Signal::Topology,
            nature: Nature::Symptom,
            strength,
            sentence,
            operation: None,
            pointers: vec![Pointer::Series(shown.series)],
        })
    };
    systems.iter().filter_map(finding).collect()
}

/// The systems that raised an alert near the onset, and what it was about.
fn alerts(scene: &Scene) -> (Vec<SystemId>, Option<Way>) {
    let evidence = scene.evidence;
    let (mut systems, mut about) = (Vec::new(), None);
    for row in scene.alerts() {
        systems.push(evidence.system(row));
        let texts = [evidence.operation(row), evidence.shape(row)];
        about = about.or_else(|| texts.into_iter().find_map(|text| way(class_of_text(evidence.text(text)))));
    }
    systems.sort_unstable();
    systems.dedup();
    (systems, about)
}
