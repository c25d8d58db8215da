//! The first look: all flows of all evidence at once, by all cores.

use super::{Correlator, Followed, Phase, Watch};
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

/// Flows that one core traces before it asks for more, and how many such shares are traced before they are filed.
const SHARE: usize = 512;
const AT_ONCE: usize = 32;

impl Correlator {
    /// Correlates everything anew.
    pub(super) fn build_all(&mut self, evidence: &Evidence) {
        self.build(evidence, &mut |_, _| true);
    }

    /// The same, watched; `None` if it was stopped, and then it is of no use.
    pub(super) fn build(&mut self, evidence: &Evidence, watch: Watch) -> Option<()> {
        let mut begin = |phase| watch(phase, 0.0).then_some(());
        let settings = std::mem::take(&mut self.settings);
        *self = Self { settings, ..Self::default() };
        self.numbers.stations.probes.clone_from(&self.settings.probes);
        self.numbers.stations.know(evidence);
        begin(Phase::Linking)?;
        self.linking = Linking::default();
        self.linking.build(evidence);
        let roots = self.roots_in_order(evidence);
        begin(Phase::Clocks)?;
        self.read_clocks(evidence, &roots);
        self.follow_all(evidence, &roots, watch)?;
        watch(Phase::Judging, 0.0).then_some(())?;
        self.find_until(evidence, 0);
        self.learn_all(evidence);
        self.rows = evidence.rows();
        self.gone = super::gone(evidence);
        self.publish(evidence, true);
        Some(())
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

    fn follow_all(&mut self, evidence: &Evidence, roots: &[Root], watch: Watch) -> Option<()> {
        let (linking, clocks, numbers) = (&self.linking, &self.clocks, &self.numbers);
        let view = evidence.view();
        let mut by_time: Vec<((Time, IdentifierKey), FlowId)> = Vec::with_capacity(roots.len());
        let mut flow_of_root = vec![NONE; linking.len() as usize];
        let (all, trails) = (&mut self.flows.all, &mut self.trails);
        trails.reserve(roots.len());
        // Some at a time, so that not all of them are there twice.
        for (number, some) in roots.chunks(SHARE * AT_ONCE).enumerate() {
            watch(Phase::Tracing, (number * SHARE * AT_ONCE) as f64 / roots.len() as f64).then_some(())?;
            let found: Vec<Vec<(Root, Traced)>> = some
                .par_chunks(SHARE)
                .map(|roots| {
                    let mut tracer = Tracer::new(&view, clocks, numbers);
                    let (mut members, mut rows) = (Vec::new(), Vec::new());
                    let mut found = Vec::with_capacity(roots.len());
                    for root in roots {
                        linking.members_into(root.id, &mut members);
                        linking.rows_of(evidence, &view, &members, &mut rows);
                        if !rows.is_empty() {
                            let traced = tracer.trace(&rows);
                            if traced.is_flow(evidence.class(root.name)) {
                                found.push((*root, traced));
                            }
                        }
                    }
                    found
                })
                .collect();
            for (root, traced) in found.into_iter().flatten() {
                let key = (traced.first, evidence.identifiers.key(root.name));
                let (flow, trail) = traced.into_flow(root.name);
                trails.push(Some(Followed::new(trail)));
                let id = all.push(flow);
                flow_of_root[root.id as usize] = id.0;
                by_time.push((key, id));
            }
        }
        by_time.par_sort_unstable();
        self.flows.all.set_order(by_time.into_iter().map(|(_, id)| id).collect());
        let flow_of = |id| match self.linking.flow_root(id) {
            NONE => NONE,
            root => flow_of_root[root as usize],
        };
        self.flows.by_identifier.extend_from((0..self.linking.len()).map(flow_of));
        Some(())
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
