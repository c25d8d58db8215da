//! The first look: all flows of all evidence at once, by all cores.

use super::{Correlator, Followed};
use crate::evidence::{Evidence, IdentifierId, Row, SystemId};
use crate::flows::clocks::Clocks;
use crate::flows::linking::{Linking, NONE};
use crate::flows::model::{self, Model};
use crate::flows::skew;
use crate::flows::trail::{Traced, Tracer};
use crate::flows::verdict::{self, Court};
use crate::flows::{Flow, FlowId, FlowTable, KindId, Verdict};
use crate::telemetry::{IdentifierClass, IdentifierKey, Time};
use rayon::prelude::*;

/// Flows that one core traces before it asks for more.
const SHARE: usize = 512;

impl Correlator {
    /// Correlates everything anew.
    pub(super) fn build(&mut self, evidence: &Evidence) {
        let settings = std::mem::take(&mut self.settings);
        *self = Self { settings, ..Self::default() };
        self.linking = Linking::default();
        self.linking.build(evidence);
        let roots = self.roots_in_order(evidence);
        self.read_clocks(evidence, &roots);
        self.follow_all(evidence, &roots);
        self.learn_all(evidence);
        self.rows = evidence.rows();
    }

    /// One identifier of each flow, flows roughly in order of time so that neighbours in time are neighbours in memory.
    fn roots_in_order(&self, evidence: &Evidence) -> Vec<u32> {
        let mut roots: Vec<(Time, u32)> = (0..self.linking.len())
            .filter(|&id| self.linking.flow_root(id) == id)
            .filter_map(|id| {
                let row = self.linking.any_row(evidence, id)?;
                Some((evidence.time(row), id))
            })
            .collect();
        roots.par_sort_unstable();
        roots.into_iter().map(|(_, id)| id).collect()
    }

    /// Reads the clocks off a sample of flows: those whose names come first when all are shuffled.
    fn read_clocks(&mut self, evidence: &Evidence, roots: &[u32]) {
        if self.settings.ignore_skew {
            self.clocks = Clocks::without_corrections(evidence).into();
            return;
        }
        let linking = &self.linking;
        let mut named: Vec<(u64, u32)> = roots
            .par_iter()
            .filter_map(|&root| {
                let name = name_of(evidence, &linking.members(root))?;
                Some((shuffled(evidence.identifiers.key(name)), root))
            })
            .collect();
        if named.len() > skew::SAMPLE {
            named.select_nth_unstable(skew::SAMPLE);
            named.truncate(skew::SAMPLE);
        }
        named.sort_unstable();
        let sample: Vec<Vec<u32>> = named
            .par_iter()
            .map(|&(_, root)| {
                let mut rows = Vec::new();
                linking.rows_of(evidence, &linking.members(root), &mut rows);
                rows
            })
            .collect();
        let (clocks, skews) = skew::estimate(evidence, &self.numbers, &sample);
        self.clocks = clocks.into();
        self.flows.skew = skews.into();
    }

    fn follow_all(&mut self, evidence: &Evidence, roots: &[u32]) {
        let (linking, clocks, numbers) = (&self.linking, &self.clocks, &self.numbers);
        let mut found: Vec<(IdentifierId, Traced)> = roots
            .par_chunks(SHARE)
            .map(|roots| {
                let mut tracer = Tracer::new(evidence, clocks, numbers);
                let mut rows = Vec::new();
                let mut found = Vec::with_capacity(roots.len());
                for &root in roots {
                    let members = linking.members(root);
                    let Some(name) = name_of(evidence, &members) else { continue };
                    linking.rows_of(evidence, &members, &mut rows);
                    if !rows.is_empty() {
                        found.push((name, tracer.trace(&rows)));
                    }
                }
                found
            })
            .flatten_iter()
            .collect();
        found.par_sort_unstable_by_key(|(name, traced)| (traced.first, evidence.identifiers.key(*name)));
        let mut order = Vec::with_capacity(found.len());
        self.trails.reserve(found.len());
        for (name, traced) in found {
            order.push(self.add_flow(name, traced));
        }
        self.flows.all.set_order(order);
        let mut by_identifier = vec![NONE; self.linking.len() as usize];
        let flow_of_root: rustc_hash::FxHashMap<u32, u32> =
            self.flows.iter().map(|(id, flow)| (self.linking.flow_root(flow.name.0), id.0)).collect();
        for id in 0..self.linking.len() {
            if let Some(&flow) = flow_of_root.get(&self.linking.flow_root(id)) {
                by_identifier[id as usize] = flow;
            }
        }
        self.flows.by_identifier.extend(&by_identifier);
    }

    /// Adds a flow that is not judged yet.
    pub(super) fn add_flow(&mut self, name: IdentifierId, traced: Traced) -> FlowId {
        let Traced { first, last, events, errors, visits, marks, trail } = traced;
        let id = self.flows.all.push(Flow {
            name,
            kind: KindId(0),
            verdict: Verdict::Unknown,
            failing_hop: None,
            first,
            last,
            events,
            errors,
            visits,
            marks,
        });
        self.trails.push(Some(Followed { trail, kind: KindId(0), is_clean: false, is_completed: false }));
        id
    }

    /// Counts all flows, learns what is usual, and judges.
    pub(super) fn learn_all(&mut self, evidence: &Evidence) {
        let numbers = std::mem::take(&mut self.numbers);
        {
            let stations = numbers.stations.lock().expect("nobody else is at work");
            let courses = numbers.courses.lock().expect("nobody else is at work");
            let pairs = numbers.pairs.lock().expect("nobody else is at work");
            self.kinds.forget_counts();
            self.kinds.undecide();
            self.kinds.know(evidence, &stations);
            for followed in self.trails.iter().flatten() {
                self.kinds.count(&stations, &courses, followed.trail.course, followed.trail.first, 1);
            }
            let clean: Vec<bool> = (0..courses.len())
                .map(|id| model::is_clean(&stations, courses.get(super::CourseId(id as u32))))
                .collect();
            self.models.clear();
            for followed in self.trails.iter_mut().flatten() {
                followed.kind = self.kinds.of(&courses, followed.trail.course);
                followed.is_clean = clean[followed.trail.course.0 as usize];
                self.models.resize_with(self.kinds.len(), Model::default);
                if followed.is_clean {
                    let course = courses.get(followed.trail.course);
                    self.models[usize::from(followed.kind.0)].count_clean(course, &followed.trail, 1);
                }
            }
            for model in &mut self.models {
                model.decide_terminals(&stations);
            }
            for (index, followed) in self.trails.iter_mut().enumerate() {
                let Some(followed) = followed else { continue };
                let model = &mut self.models[usize::from(followed.kind.0)];
                let course = courses.get(followed.trail.course);
                followed.is_completed = followed.is_clean && model.usual.reaches_terminal(course);
                if followed.is_completed {
                    let flow =
                        self.flows.all.get(FlowId(index as u32)).expect("followed flows are in the table");
                    model.count_completed(course, &followed.trail, flow, 1);
                }
            }
            for model in &mut self.models {
                model.decide_usual(&stations, &pairs, &self.clocks.rank);
            }
            self.find_until(evidence, 0);
            self.judgements.clear();
            let court = Court {
                evidence,
                stations: &stations,
                blindness: &self.settings.blindness,
                until: self.flows.until,
            };
            for (index, followed) in self.trails.iter().enumerate() {
                let Some(followed) = followed else { continue };
                let usual = &self.models[usize::from(followed.kind.0)].usual;
                let course = courses.get(followed.trail.course);
                let kinds = &self.kinds;
                let judgement =
                    self.judgements.entry((followed.kind, followed.trail.course)).or_insert_with(|| {
                        verdict::judge(&stations, course, usual, |station| {
                            kinds.is_entry(followed.kind, station)
                        })
                    });
                let flow =
                    self.flows.all.get_mut(FlowId(index as u32)).expect("followed flows are in the table");
                flow.kind = followed.kind;
                court.decide(flow, judgement, course, &followed.trail, usual);
            }
        }
        self.numbers = numbers;
        self.publish(evidence);
    }

    /// Finds where the evidence ends, from `first` on: the latest time that events of two systems bear out, so that one
    /// clock that is off by years does not make everything look silent.
    pub(super) fn find_until(&mut self, evidence: &Evidence, first: u32) {
        self.ends.resize(evidence.systems.len(), Time::MIN);
        for row in (first..evidence.rows()).map(Row) {
            let SystemId(system) = evidence.system(row);
            let is_span = evidence.kind(row) == crate::telemetry::EventKind::Span;
            let time = evidence.time(row) - self.clocks.offset(system, is_span);
            let end = &mut self.ends[usize::from(system)];
            *end = (*end).max(time);
        }
        let mut ends = self.ends.clone();
        ends.retain(|&end| end != Time::MIN);
        ends.sort_unstable();
        self.flows.until = ends.iter().rev().nth(1).or(ends.last()).copied().unwrap_or_default();
    }
}

/// A flow's place in the shuffle that samples are drawn from.
pub(super) fn shuffled(IdentifierKey(key): IdentifierKey) -> u64 {
    let mixed = (key as u64 ^ (key >> 64) as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed ^ mixed >> 32).wrapping_mul(0xd6e8_feb8_6659_fd93)
}

/// The identifier that a flow is named after; `None` if nothing of it can name one.
pub(super) fn name_of(evidence: &Evidence, members: &[u32]) -> Option<IdentifierId> {
    members
        .iter()
        .map(|&id| IdentifierId(id))
        .filter(|&id| evidence.class(id) < IdentifierClass::Session)
        .min_by_key(|&id| (evidence.class(id), evidence.identifiers.key(id)))
}

impl FlowTable {
    /// Sorts the flows anew.
    pub(super) fn sort(&mut self, evidence: &Evidence, mut ids: Vec<FlowId>) {
        ids.sort_by_cached_key(|&id| {
            self.get(id).map(|flow| (flow.first, evidence.identifiers.key(flow.name)))
        });
        self.set_order(ids);
    }
}
