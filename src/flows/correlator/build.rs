//! The first look: all flows of all evidence at once, by all cores.

use super::{Correlator, Followed};
use crate::evidence::{Evidence, IdentifierId};
use crate::flows::FlowId;
use crate::flows::clocks::Clocks;
use crate::flows::linking::{Linking, NONE};
use crate::flows::skew;
use crate::flows::trail::{Traced, Tracer};
use crate::telemetry::{IdentifierClass, IdentifierKey, Time};
use rayon::prelude::*;

/// A flow before it is traced: the identifier that stands for it, and the one that names it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Root {
    id: u32,
    name: IdentifierId,
}

/// Flows that one core traces before it asks for more.
const SHARE: usize = 512;

impl Correlator {
    /// Correlates everything anew.
    pub(super) fn build(&mut self, evidence: &Evidence) {
        let settings = std::mem::take(&mut self.settings);
        *self = Self { settings, ..Self::default() };
        let stations = &mut self.numbers.stations;
        stations.get_mut().expect("nobody else is at work").probes.clone_from(&self.settings.probes);
        self.linking = Linking::default();
        self.linking.build(evidence);
        let roots = self.roots_in_order(evidence);
        self.read_clocks(evidence, &roots);
        self.follow_all(evidence, &roots);
        self.find_until(evidence, 0);
        self.learn_all(evidence);
        self.rows = evidence.rows();
        self.publish(evidence, true);
    }

    /// All flows by their roots and names, roughly in order of time, so that neighbours in time are neighbours in memory.
    pub(super) fn roots_in_order(&self, evidence: &Evidence) -> Vec<Root> {
        let linking = &self.linking;
        let count = linking.len();
        let shares: Vec<u32> = (0..count).step_by(1 << 13).collect();
        let mut roots: Vec<(Time, Root)> = shares
            .into_par_iter()
            .flat_map_iter(|from| {
                let mut members = Vec::new();
                let ids = from..(from + (1 << 13)).min(count);
                ids.filter(|&id| linking.flow_root(id) == id).filter_map(move |id| {
                    linking.members_into(id, &mut members);
                    let name = name_of(evidence, &members)?;
                    let row = linking.any_row(evidence, id)?;
                    Some((evidence.time(row), Root { id, name }))
                })
            })
            .collect();
        roots.par_sort_unstable_by_key(|(time, root)| (*time, root.id));
        roots.into_iter().map(|(_, root)| root).collect()
    }

    /// Reads the clocks off a sample of flows: those whose names come first when all are shuffled.
    pub(super) fn read_clocks(&mut self, evidence: &Evidence, roots: &[Root]) {
        if self.settings.ignore_skew {
            self.clocks = Clocks::without_corrections(evidence).into();
            return;
        }
        let linking = &self.linking;
        let mut named: Vec<(u64, u32)> =
            roots.par_iter().map(|root| (shuffled(evidence.identifiers.key(root.name)), root.id)).collect();
        if named.len() > skew::SAMPLE {
            named.select_nth_unstable(skew::SAMPLE);
            named.truncate(skew::SAMPLE);
        }
        named.sort_unstable();
        let view = evidence.view();
        let sample: Vec<Vec<u32>> = named
            .par_iter()
            .map(|&(_, root)| {
                let mut rows = Vec::new();
                linking.rows_of(evidence, &view, &linking.members(root), &mut rows);
                rows
            })
            .collect();
        let (clocks, skews) = skew::estimate(evidence, &self.numbers, &sample);
        self.clocks = clocks.into();
        self.flows.skew = skews.into();
        self.clocks_read_at = roots.len();
    }

    fn follow_all(&mut self, evidence: &Evidence, roots: &[Root]) {
        let (linking, clocks, numbers) = (&self.linking, &self.clocks, &self.numbers);
        let view = evidence.view();
        let mut found: Vec<Vec<Option<(Root, Traced)>>> = roots
            .par_chunks(SHARE)
            .map(|roots| {
                let mut tracer = Tracer::new(evidence, &view, clocks, numbers);
                let (mut members, mut rows) = (Vec::new(), Vec::new());
                let mut found = Vec::with_capacity(roots.len());
                for root in roots {
                    linking.members_into(root.id, &mut members);
                    linking.rows_of(evidence, &view, &members, &mut rows);
                    if !rows.is_empty() {
                        let traced = tracer.trace(&rows);
                        if traced.is_flow(evidence.class(root.name)) {
                            found.push(Some((*root, traced)));
                        }
                    }
                }
                found
            })
            .collect();
        let key = |root: &Root, traced: &Traced| (traced.first, evidence.identifiers.key(root.name));
        let mut by_time: Vec<((Time, IdentifierKey), u32, u32)> = Vec::new();
        for (share, flows) in found.iter().enumerate() {
            let flows = flows.iter().flatten().enumerate();
            by_time
                .extend(flows.map(|(place, (root, traced))| (key(root, traced), share as u32, place as u32)));
        }
        by_time.par_sort_unstable();
        let mut order = Vec::with_capacity(by_time.len());
        self.trails.reserve(by_time.len());
        let mut flow_of_root = vec![NONE; self.linking.len() as usize];
        for (_, share, place) in by_time {
            let taken = found[share as usize][place as usize].take();
            let (root, traced) = taken.expect("every flow is listed once");
            let id = self.add_flow(root.name, traced);
            flow_of_root[root.id as usize] = id.0;
            order.push(id);
        }
        self.flows.all.set_order(order);
        let flow_of = |id| match self.linking.flow_root(id) {
            NONE => NONE,
            root => flow_of_root[root as usize],
        };
        self.flows.by_identifier.extend_from((0..self.linking.len()).map(flow_of));
    }

    /// Adds a flow that is not judged yet.
    fn add_flow(&mut self, name: IdentifierId, traced: Traced) -> FlowId {
        let (flow, trail) = traced.into_flow(name);
        self.trails.push(Some(Followed::new(trail)));
        self.flows.all.push(flow)
    }
}

/// A flow's place in the shuffle that samples are drawn from.
pub(super) fn shuffled(IdentifierKey(key): IdentifierKey) -> u64 {
    let mixed = (key as u64 ^ (key >> 64) as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed ^ mixed >> 32).wrapping_mul(0xd6e8_feb8_6659_fd93)
}

/// The identifier that a flow is named after; `None` if nothing of it can name one.
pub(in crate::flows) fn name_of(evidence: &Evidence, members: &[u32]) -> Option<IdentifierId> {
    members
        .iter()
        .map(|&id| IdentifierId(id))
        .filter(|&id| evidence.class(id) < IdentifierClass::Session)
        .min_by_key(|&id| (evidence.class(id), evidence.identifiers.key(id)))
}
