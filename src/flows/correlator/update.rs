//! The next look: what new rows touch, and nothing else.

use super::{Correlator, Followed};
use crate::evidence::{Evidence, IdentifierId};
use crate::flows::linking::{HubVerdict, NONE, Touched};
use crate::flows::trail::{Traced, Tracer};
use crate::flows::{FlowId, Group, Kind, KindId};
use crate::telemetry::IdentifierClass;
use rustc_hash::{FxHashMap, FxHashSet};
use std::sync::Arc;

/// A flow that new rows made or changed: its members, and the flows that they belonged to.
struct Dirty {
    members: Vec<u32>,
    name: IdentifierId,
    traced: Traced,
}

impl Correlator {
    /// Takes in new rows.
    pub(super) fn take_in(&mut self, evidence: &Evidence) {
        let first = self.rows;
        let Touched { identifiers: touched, groups: touches_groups } = self.linking.update(evidence);
        self.numbers.stations.know(evidence);
        if self.clocks.rank.len() < evidence.systems.len() {
            self.clocks = self.clocks.for_more_systems(evidence).into();
        }
        let dirty = self.trace_touched(evidence, &touched);
        let old: FxHashSet<FlowId> = touched.iter().filter_map(|&id| self.flow_of(id)).collect();
        for _ in self.flows.by_identifier.len()..self.linking.len() as usize {
            self.flows.by_identifier.push(NONE);
        }
        self.find_until(evidence, first);
        self.rows = evidence.rows();
        let changed = self.with_known(|correlator, known| {
            for &id in &old {
                correlator.count_out(known, id);
            }
            let changed = correlator.put(&touched, old, dirty);
            correlator.kinds.know(evidence, known.stations);
            for &id in &changed {
                let trail = &correlator.trails[id.0 as usize].as_ref().expect("it was just put").trail;
                correlator.kinds.count(known.stations, known.courses, trail.course, trail.first, 1);
            }
            changed
        });
        self.reorder(evidence, &changed);
        if self.kinds.have_moved() {
            self.learn_all(evidence);
        } else {
            self.learn(evidence, &changed);
        }
        self.publish(evidence, touches_groups);
    }

    fn flow_of(&self, id: u32) -> Option<FlowId> {
        ((id as usize) < self.flows.by_identifier.len())
            .then(|| self.flows.by_identifier.get(id))
            .filter(|&flow| flow != NONE)
            .map(FlowId)
    }

    fn trace_touched(&self, evidence: &Evidence, touched: &FxHashSet<u32>) -> Vec<Dirty> {
        let roots: FxHashSet<u32> = touched.iter().map(|&id| self.linking.flow_root(id)).collect();
        let mut roots: Vec<u32> = roots.into_iter().filter(|&root| root != NONE).collect();
        roots.sort_unstable();
        let view = evidence.view();
        let mut tracer = Tracer::new(&view, &self.clocks, &self.numbers);
        let mut rows = Vec::new();
        let mut dirty = Vec::new();
        for root in roots {
            let members = self.linking.members(root);
            let Some(name) = super::build::name_of(evidence, &members) else { continue };
            self.linking.rows_of(evidence, &view, &members, &mut rows);
            if !rows.is_empty() {
                let traced = tracer.trace(&rows);
                if traced.is_flow(evidence.class(name)) {
                    dirty.push(Dirty { members, name, traced });
                }
            }
        }
        dirty
    }

    /// Puts dirty flows where they belong: under the number of the flow that they continue, or a new one.
    fn put(
        &mut self,
        touched: &FxHashSet<u32>,
        mut old: FxHashSet<FlowId>,
        dirty: Vec<Dirty>,
    ) -> Vec<FlowId> {
        let mut changed = Vec::with_capacity(dirty.len());
        let was = |correlator: &Self, id: u32| correlator.flow_of(id).map(|flow| (id, flow));
        let were: FxHashMap<u32, FlowId> = touched.iter().filter_map(|&id| was(self, id)).collect();
        for &id in were.keys() {
            self.flows.by_identifier.set(id, NONE);
        }
        for Dirty { members, name, traced } in dirty {
            // A flow stays where its name goes.
            let mut continued: Vec<FlowId> = members
                .iter()
                .filter_map(|&member| {
                    were.get(&member).map(|&flow| (member, flow)).or_else(|| was(self, member))
                })
                .filter(|&(member, flow)| self.flows.all.get(flow).is_some_and(|flow| flow.name.0 == member))
                .map(|(_, flow)| flow)
                .collect();
            continued.sort_unstable();
            let (flow, trail) = traced.into_flow(name);
            let id = if let Some(&id) = continued.first() {
                self.flows.all.replace(id, flow);
                self.trails[id.0 as usize] = Some(Followed::new(trail));
                id
            } else {
                self.trails.push(Some(Followed::new(trail)));
                self.flows.all.push(flow)
            };
            for member in members {
                self.flows.by_identifier.set(member, id.0);
            }
            for &absorbed in continued.iter().skip(1) {
                self.flows.all.remove(absorbed, Some(id));
            }
            for kept in &continued {
                old.remove(kept);
            }
            changed.push(id);
        }
        for gone in old {
            self.flows.all.remove(gone, None);
        }
        changed
    }

    /// Puts changed flows into their place in time, and takes out those that are gone.
    fn reorder(&mut self, evidence: &Evidence, changed: &[FlowId]) {
        let all = &self.flows.all;
        let key = |id: FlowId| {
            let flow = all.get(id).expect("only flows are ordered");
            (flow.first, evidence.identifiers.key(flow.name))
        };
        let moved: FxHashSet<FlowId> = changed.iter().copied().collect();
        let stays = |id: &FlowId| self.trails[id.0 as usize].is_some() && !moved.contains(id);
        let mut order: Vec<FlowId> = Vec::with_capacity(all.order().len() + changed.len());
        let staying: Vec<FlowId> = all.order().iter().copied().filter(stays).collect();
        let mut changed = changed.to_vec();
        changed.sort_by_cached_key(|&id| key(id));
        let mut from = 0;
        for id in changed {
            let this = key(id);
            let to = from + staying[from..].partition_point(|&other| key(other) < this);
            order.extend_from_slice(&staying[from..to]);
            order.push(id);
            from = to;
        }
        order.extend_from_slice(&staying[from..]);
        self.flows.all.set_order(order);
    }

    /// Learns from changed flows, and judges whatever that changes.
    fn learn(&mut self, evidence: &Evidence, changed: &[FlowId]) {
        self.with_known(|correlator, known| {
            correlator.models.resize_with(correlator.kinds.len(), Default::default);
            for &id in changed {
                // The kind of a course that is new is decided here, so there may be a model more each time.
                let course = correlator.trails[id.0 as usize]
                    .as_ref()
                    .expect("changed flows are followed")
                    .trail
                    .course;
                correlator.kinds.of(known.courses, course);
                correlator.models.resize_with(correlator.kinds.len(), Default::default);
                correlator.count_in(known, id);
            }
            let mut unlike: FxHashSet<KindId> = FxHashSet::default();
            for number in 0..correlator.models.len() {
                let kind = KindId(number as u16);
                if !correlator.models[number].take_is_stale() {
                    continue;
                }
                let new_terminals = correlator.models[number].decide_terminals(known.stations);
                if new_terminals {
                    correlator.recount_completed(known, kind);
                }
                let rank = &correlator.clocks.rank;
                let new_usual = correlator.models[number].decide_usual(known.stations, known.pairs, rank);
                if new_terminals || new_usual {
                    unlike.insert(kind);
                }
            }
            correlator.judgements.resize_with(correlator.kinds.len(), Default::default);
            for kind in &unlike {
                correlator.judgements[usize::from(kind.0)].clear();
            }
            correlator.judge_flows(evidence, known, changed, false);
            let is_changed: FxHashSet<FlowId> = changed.iter().copied().collect();
            let others: Vec<FlowId> = if unlike.is_empty() {
                correlator.open.iter().copied().filter(|id| !is_changed.contains(id)).collect()
            } else {
                let is_unlike = |followed: &Followed| unlike.contains(&followed.kind);
                let all = correlator.trails.iter().enumerate();
                all.filter_map(|(index, followed)| Some((FlowId(index as u32), followed.as_ref()?)))
                    .filter(|(id, followed)| is_unlike(followed) || correlator.open.contains(id))
                    .map(|(id, _)| id)
                    .filter(|id| !is_changed.contains(id))
                    .collect()
            };
            correlator.judge_flows(evidence, known, &others, true);
        });
    }

    /// Puts kinds and groups where everybody can read them.
    pub(super) fn publish(&mut self, evidence: &Evidence, touches_groups: bool) {
        self.flows.row_count = evidence.rows();
        self.flows.clocks = Arc::clone(&self.clocks);
        self.flows.ring = self.linking.ring.clone();
        self.flows.latest = self.linking.latest.clone();
        self.flows.earlier = self.linking.earlier.clone();
        let kinds = self.models.iter().zip(&self.verdicts).enumerate().map(|(number, (model, verdicts))| {
            let operation = self.kinds.operation(KindId(number as u16));
            Kind {
                name: format!("{} {}", evidence.system_name(operation.system), operation.name),
                entry_system: operation.system,
                entry: operation.text,
                flows: verdicts.iter().sum(),
                verdicts: *verdicts,
                path: model.usual.path.clone(),
            }
        });
        self.flows.kinds = Arc::new(kinds.collect());
        if touches_groups {
            let mut groups: Vec<Group> = self
                .linking
                .hubs()
                .filter(|&(id, _)| evidence.class(IdentifierId(id)) != IdentifierClass::Span)
                .filter_map(|(id, verdict)| self.group(evidence, IdentifierId(id), verdict))
                .collect();
            groups.sort_unstable_by_key(|group| evidence.identifiers.key(group.identifier));
            self.flows.groups = Arc::new(groups);
        }
    }

    fn group(&self, evidence: &Evidence, identifier: IdentifierId, verdict: HubVerdict) -> Option<Group> {
        let met: Vec<IdentifierId> = self.linking.neighbours(identifier.0).map(IdentifierId).collect();
        let count = |class| met.iter().filter(|&&id| evidence.class(id) == class).count();
        let (correlations, traces) = (count(IdentifierClass::Correlation), count(IdentifierClass::Trace));
        let reason = match verdict {
            HubVerdict::Session => "sessions group flows and never link them".to_owned(),
            HubVerdict::MeetsCorrelations => {
                format!(
                    "met {correlations} correlation identifiers: more than attempts at one transaction make"
                )
            }
            HubVerdict::MeetsTraces => format!("met {traces} traces: more than one transaction crosses"),
            HubVerdict::MeetsDistinct => {
                format!("met {} transactions that each have a number of their own", correlations.max(traces))
            }
            HubVerdict::Chains(chained) => {
                format!(
                    "one of the weak links that would chain {chained} correlation identifiers into one flow"
                )
            }
        };
        (!met.is_empty()).then(|| Group { identifier, reason, met: met.into() })
    }
}
