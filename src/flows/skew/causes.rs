//! Clocks told from causes that seem to follow their effects, where nobody waits and so nothing bounds them from both
//! sides: such a clock is shifted by the least that restores the order.

use super::super::clocks::{COARSE, Clocks};
use super::super::trail::{Level, Moment};
use super::waits::ENOUGH;
use super::{OUTLIERS, clock_of};
use crate::evidence::StationId;
use rustc_hash::{FxHashMap, FxHashSet};

/// Of the flows with both, so many must show the effect before the flow's beginning.
const CONSTANTLY: f64 = 0.9;
/// Flows that were cut short before the effect, and so tell what it depends on.
const CUT_SHORT: usize = 3;
/// Flows with the effect that may lack a cause: records get lost.
const LOST: f64 = 0.02;

/// How far a clock must be shifted at least.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Shift {
    pub(super) clock: usize,
    pub(super) offset: i64,
    /// How long the effect usually takes beyond the least: the shift may be too small by that much.
    pub(super) doubt: i64,
    pub(super) pairs: u32,
}

/// The shifts of clocks that are not `known`, by flows that begin at an event of one that is.
pub(super) fn shifts(flows: &[Vec<Moment>], clocks: &Clocks, known: &FxHashSet<usize>) -> Vec<Shift> {
    let mut groups: FxHashMap<StationId, Vec<Group>> = FxHashMap::default();
    for flow in flows {
        let anchored = flow.iter().filter(|moment| known.contains(&clock_of(moment)));
        let Some(entry) = anchored.min_by_key(|moment| begin(moment, clocks)) else { continue };
        let begun = begin(entry, clocks);
        groups.entry(entry.station).or_default().push(Group { flow, begun, entry: entry.system });
    }
    let mut shifts: FxHashMap<usize, Shift> = FxHashMap::default();
    for group in groups.values().filter(|group| group.len() >= ENOUGH + CUT_SHORT) {
        let unknown: FxHashSet<usize> = group
            .iter()
            .flat_map(|one| one.flow)
            .filter(|moment| {
                clocks.step[usize::from(moment.system)][usize::from(moment.is_span)] <= COARSE / 10
            })
            .map(clock_of)
            .filter(|clock| !known.contains(clock) && !known.contains(&(clock ^ 1)))
            .collect();
        for clock in unknown {
            if let Some(shift) = shift(group, clock, clocks, known) {
                let least = shifts.entry(clock).or_insert(shift);
                if shift.offset < least.offset {
                    *least = shift;
                }
            }
        }
    }
    let mut shifts: Vec<Shift> = shifts.into_values().collect();
    shifts.sort_unstable_by_key(|shift| (clocks.rank[shift.clock / 2], shift.clock % 2));
    shifts
}

/// A flow, and where and when it begins as far as known clocks tell.
struct Group<'a> {
    flow: &'a [Moment],
    begun: i64,
    entry: u16,
}

fn begin(moment: &Moment, clocks: &Clocks) -> i64 {
    let took = if clocks.is_stamped_at_end(moment.station) && !moment.is_span { moment.took } else { 0 };
    moment.time - clocks.offset(moment.system, moment.is_span).0 - took
}

fn shift(group: &[Group], clock: usize, clocks: &Clocks, known: &FxHashSet<usize>) -> Option<Shift> {
    let effect = |one: &Group| {
        one.flow.iter().filter(|moment| clock_of(moment) == clock).map(|moment| begin(moment, clocks)).min()
    };
    let (with, without): (Vec<&Group>, Vec<&Group>) = group.iter().partition(|one| effect(one).is_some());
    if with.len() < ENOUGH {
        return None;
    }
    let waits: Vec<i64> = with.iter().filter_map(|one| Some(effect(one)? - one.begun)).collect();
    let is_before = waits.iter().filter(|&&wait| wait < 0).count();
    if (is_before as f64) < waits.len() as f64 * CONSTANTLY {
        return None;
    }
    // What flows that went wrong still have, and flows with the effect have as well, comes before it.
    let usual = usual_systems(&with);
    let cut: Vec<&Group> = without
        .into_iter()
        .filter(|one| {
            let lacks = |system: &u16| !one.flow.iter().any(|moment| moment.system == *system);
            usual.iter().filter(|system| lacks(system)).count() > 1
                || one.flow.iter().any(|moment| moment.level == Level::Error)
        })
        .collect();
    if cut.len() < CUT_SHORT {
        return None;
    }
    let stations: FxHashSet<StationId> = cut
        .iter()
        .flat_map(|one| one.flow.iter().filter(|moment| moment.system != one.entry))
        .filter(|moment| known.contains(&clock_of(moment)) && moment.level == Level::Fine)
        .map(|moment| moment.station)
        .collect();
    let from_cause = stations.into_iter().filter_map(|station| {
        let at = |one: &Group| {
            let there = one.flow.iter().filter(|moment| moment.station == station);
            there.map(|moment| begin(moment, clocks)).min()
        };
        let cut = cut.iter().filter(|one| at(one).is_some()).count();
        let waits: Vec<i64> = with.iter().filter_map(|one| Some(effect(one)? - at(one)?)).collect();
        let lost = with.len() - waits.len();
        (cut >= CUT_SHORT && lost as f64 <= with.len() as f64 * LOST).then_some(waits)
    });
    let least = |mut waits: Vec<i64>| {
        waits.sort_unstable();
        let least = waits[(waits.len() as f64 * OUTLIERS) as usize];
        (least, waits[waits.len() / 2] - least)
    };
    let (offset, doubt) = from_cause.chain([waits]).map(least).min()?;
    Some(Shift { clock, offset, doubt, pairs: with.len() as u32 })
}

/// Systems that nearly all of the flows visit.
fn usual_systems(flows: &[&Group]) -> Vec<u16> {
    let mut counts: FxHashMap<u16, usize> = FxHashMap::default();
    for one in flows {
        let systems: FxHashSet<u16> = one.flow.iter().map(|moment| moment.system).collect();
        for system in systems {
            *counts.entry(system).or_default() += 1;
        }
    }
    counts.into_iter().filter(|(_, count)| *count * 10 >= flows.len() * 9).map(|(system, _)| system).collect()
}
