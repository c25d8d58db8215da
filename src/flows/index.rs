//! The flows of an estate that is too large to be read: all of them by what backends counted, and judged by a sample of
//! them that was read whole. Pure.
//!
//! Flows are put into strata by what their counts show: the systems they pass, whether these report errors, and whether
//! they may still go on. Of each stratum some are read whole; how those were judged is what is said of the others, where
//! nearly all of them agree. A share of all flows is estimated stratum by stratum, so its error is known.

mod census;
mod learn;
mod strata;

pub use census::Census;
pub use learn::{Judged, Share};

use super::correlator::build::name_of;
use super::linking::{Linking, NONE};
use crate::evidence::{Counted, IdentifierId, Row, SystemId};
use crate::telemetry::{Nanos, Time};
use rustc_hash::FxHashMap;
use strata::Stratum;

/// What was counted of a flow in one system.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stay {
    pub system: SystemId,
    pub first: Time,
    pub last: Time,
    pub events: u32,
    pub errors: u32,
}

/// A flow as far as counts tell.
#[derive(Clone, Debug, PartialEq)]
pub struct CountedFlow {
    /// The identifier that it is named after.
    pub name: IdentifierId,
    /// In order of first visit.
    pub stays: Box<[Stay]>,
}

impl CountedFlow {
    pub fn first(&self) -> Time {
        self.stays.iter().map(|stay| stay.first).min().unwrap_or(Time::MIN)
    }

    pub fn last(&self) -> Time {
        self.stays.iter().map(|stay| stay.last).max().unwrap_or(Time::MIN)
    }

    pub fn events(&self) -> u32 {
        self.stays.iter().map(|stay| stay.events).fold(0, u32::saturating_add)
    }

    pub fn errors(&self) -> u32 {
        self.stays.iter().map(|stay| stay.errors).fold(0, u32::saturating_add)
    }
}

/// All flows that were counted.
#[derive(Debug, Default)]
pub struct FlowIndex {
    /// By first event, ties by name.
    pub flows: Vec<CountedFlow>,
    linking: Linking,
    strata: Vec<Stratum>,
}

impl FlowIndex {
    /// Joins what was counted into flows, by the same rules as events.
    pub fn of(counted: &Counted) -> Self {
        let evidence = &counted.evidence;
        let mut linking = Linking::default();
        linking.build(evidence);
        let mut places: FxHashMap<u32, usize> = FxHashMap::default();
        let mut stays: Vec<(u32, Vec<Stay>)> = Vec::new();
        for row in (0..evidence.rows()).map(Row) {
            let root = linking.root_of_row(evidence, row);
            if root == NONE {
                continue;
            }
            let place = *places.entry(root).or_insert_with(|| {
                stays.push((root, Vec::new()));
                stays.len() - 1
            });
            let (system, first) = (evidence.system(row), evidence.time(row));
            let (last, events, errors) = counted.count(row);
            let new = Stay { system, first, last, events, errors };
            match stays[place].1.iter_mut().find(|stay| stay.system == system) {
                Some(stay) => stay.add(new),
                None => stays[place].1.push(new),
            }
        }
        let flows = stays.into_iter().filter_map(|(root, stays)| {
            let name = name_of(evidence, &linking.members(root))?;
            Some(CountedFlow { name, stays: stays.into() })
        });
        let mut index = Self { flows: flows.collect(), linking, strata: Vec::new() };
        index.sort(counted);
        index
    }

    /// Sets clocks right: by how much each system's is ahead of the others.
    pub fn set_clocks(&mut self, counted: &Counted, ahead: impl Fn(SystemId) -> Nanos) {
        for stay in self.flows.iter_mut().flat_map(|flow| flow.stays.iter_mut()) {
            let offset = ahead(stay.system);
            (stay.first, stay.last) = (stay.first - offset, stay.last - offset);
        }
        self.sort(counted);
    }

    fn sort(&mut self, counted: &Counted) {
        let evidence = &counted.evidence;
        for flow in &mut self.flows {
            flow.stays.sort_by(|a, b| {
                let name = |stay: &Stay| evidence.system_name(stay.system);
                a.first.cmp(&b.first).then_with(|| name(a).cmp(name(b)))
            });
        }
        self.flows.sort_by_cached_key(|flow| (flow.first(), evidence.identifiers.key(flow.name)));
        self.strata = strata::of(counted, &self.flows);
    }

    /// All identifiers of a flow.
    pub fn identifiers(&self, flow: &CountedFlow) -> Vec<IdentifierId> {
        self.linking.members(flow.name.0).into_iter().map(IdentifierId).collect()
    }

    /// About so many flows that stand for all, by place: at random, but the same ones each time.
    pub fn choose(&self, most: usize) -> Vec<usize> {
        strata::choose(&self.strata, most)
    }
}

impl Stay {
    fn add(&mut self, other: Self) {
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
        self.events = self.events.saturating_add(other.events);
        self.errors = self.errors.saturating_add(other.errors);
    }
}

#[cfg(test)]
mod tests;
