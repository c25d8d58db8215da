//! Flows that look alike by their counts, and how many of each are read whole.

use super::CountedFlow;
use crate::evidence::{Counted, SystemId};
use crate::telemetry::Nanos;
use rustc_hash::FxHashMap;

/// Flows of a stratum that are read at least, where it has so many.
const FEWEST: usize = 5;
/// Strata that are told apart; the rest is told apart by errors alone.
const STRATA: usize = 200;
/// Flows that went silent more recently than this share of all take, and at least for a second, may still go on.
const PATIENT_SHARE: f64 = 0.99;

/// Flows that look alike, by place in the index, in an order that is random but always the same.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Stratum {
    pub(super) flows: Vec<u32>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Look {
    systems: Vec<SystemId>,
    has_errors: bool,
    may_go_on: bool,
}

pub(super) fn of(counted: &Counted, flows: &[CountedFlow]) -> Vec<Stratum> {
    let until = flows.iter().map(CountedFlow::last).max();
    let mut lengths: Vec<Nanos> = flows.iter().map(|flow| flow.last() - flow.first()).collect();
    lengths.sort_unstable();
    let patience = lengths.get((lengths.len() as f64 * PATIENT_SHARE) as usize).copied();
    let patience = patience.unwrap_or(Nanos::ZERO).max(Nanos::seconds(1));
    let mut strata: FxHashMap<Look, Stratum> = FxHashMap::default();
    for (place, flow) in (0..).zip(flows) {
        let mut systems: Vec<SystemId> = flow.stays.iter().map(|stay| stay.system).collect();
        systems.sort_unstable();
        let look = Look {
            systems,
            has_errors: flow.errors() > 0,
            may_go_on: until.is_some_and(|until| until - flow.last() <= patience),
        };
        strata.entry(look).or_default().flows.push(place);
    }
    let mut strata: Vec<(Look, Stratum)> = strata.into_iter().collect();
    strata.sort_by(|(a, one), (b, other)| other.flows.len().cmp(&one.flows.len()).then_with(|| a.cmp(b)));
    let rare = strata.split_off(strata.len().min(STRATA));
    let mut strata: Vec<Stratum> = strata.into_iter().map(|(_, stratum)| stratum).collect();
    for has_errors in [true, false] {
        let alike = rare.iter().filter(|(look, _)| look.has_errors == has_errors);
        let flows: Vec<u32> = alike.flat_map(|(_, stratum)| &stratum.flows).copied().collect();
        if !flows.is_empty() {
            strata.push(Stratum { flows });
        }
    }
    for stratum in &mut strata {
        stratum.flows.sort_unstable_by_key(|place| {
            let key = counted.evidence.identifiers.key(flows[*place as usize].name).0;
            // Keys of names are no random numbers: spread them by a multiplication.
            (key as u64 ^ (key >> 64) as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29)
        });
    }
    strata
}

/// A few of each stratum, and of the rest so many as it has of all.
pub(super) fn choose(strata: &[Stratum], most: usize) -> Vec<usize> {
    let all: usize = strata.iter().map(|stratum| stratum.flows.len()).sum();
    let few = |stratum: &Stratum| stratum.flows.len().min(FEWEST);
    let rest = most.saturating_sub(strata.iter().map(few).sum());
    let mut left = most;
    let mut chosen = Vec::new();
    for stratum in strata {
        let fair = few(stratum) + stratum.flows.len() * rest / all.max(1);
        let count = fair.min(stratum.flows.len()).min(left);
        left -= count;
        chosen.extend(stratum.flows[..count].iter().map(|place| *place as usize));
    }
    chosen
}
