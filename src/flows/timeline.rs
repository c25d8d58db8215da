//! One flow in full: its events in order, how each joined, the passages from system to system, and where it left the
//! expected path.

use super::{Divergence, Flow, FlowId, Flows, Hop, How, Leg, Passage, Step, Timeline, Verdict};
use crate::evidence::{Evidence, IdentifierId, Row, SystemId};
use crate::telemetry::{EventKind, IdentifierClass, Nanos, Time};

const NONE: u32 = u32::MAX;
/// A hop is late from this many times its usual p99 on.
const LATE: f64 = 1.5;

impl Flows {
    /// All identifiers of a flow.
    pub fn identifiers(&self, id: FlowId) -> Vec<IdentifierId> {
        let id = self.all.resolve(id);
        let Some(flow) = self.get(id) else { return Vec::new() };
        let start = flow.name.0;
        let mut found = Vec::new();
        let mut next = start;
        loop {
            if self.by_identifier.get(next) == id.0 {
                found.push(IdentifierId(next));
            }
            next = self.ring.get(next);
            if next == start {
                return found;
            }
        }
    }

    /// All events of a flow, in no particular order.
    pub fn rows(&self, evidence: &Evidence, id: FlowId) -> Vec<Row> {
        let id = self.all.resolve(id);
        let identifiers = self.identifiers(id);
        let mut rows: Vec<Row> = Vec::new();
        for &identifier in &identifiers {
            rows.extend(evidence.filed_under(identifier).filter(|row| row.0 < self.row_count));
        }
        let own = rows.len();
        for &IdentifierId(identifier) in &identifiers {
            let mut entry = self.latest.get(identifier);
            while entry != NONE {
                let (row, _) = evidence.further_identifier(entry);
                if self.joins(evidence, row) == Some(id) && !self.is_filed_in_flow(evidence, row) {
                    rows.push(row);
                }
                entry = self.earlier.get(entry);
            }
        }
        rows[own..].sort_unstable();
        rows.dedup();
        rows
    }

    /// The flow that an event belongs to.
    pub fn joins(&self, evidence: &Evidence, row: Row) -> Option<FlowId> {
        let filed = evidence.identifier(row)?;
        self.with(filed).or_else(|| self.with(self.joined_by(evidence, row)?))
    }

    /// The identifier that brought an event into its flow: the one it is filed under, unless that one does not link.
    fn joined_by(&self, evidence: &Evidence, row: Row) -> Option<IdentifierId> {
        evidence.identifier(row).filter(|&filed| self.with(filed).is_some()).or_else(|| {
            evidence
                .further_of(row)
                .filter(|&further| self.with(further).is_some())
                .min_by_key(|&further| (evidence.class(further), evidence.identifiers.key(further)))
        })
    }

    fn is_filed_in_flow(&self, evidence: &Evidence, row: Row) -> bool {
        evidence.identifier(row).is_some_and(|filed| self.with(filed).is_some())
    }

    /// An event's time with its system's clock set right.
    pub fn time(&self, evidence: &Evidence, row: Row) -> Time {
        let offsets = self.clocks.offset.get(usize::from(evidence.system(row).0));
        let is_span = evidence.kind(row) == EventKind::Span;
        evidence.time(row) - Nanos(offsets.map_or(0, |offsets| offsets[usize::from(is_span)]))
    }

    /// The flow's events in order, with how each one joined.
    pub fn timeline(&self, evidence: &Evidence, id: FlowId) -> Option<Timeline> {
        let id = self.all.resolve(id);
        let flow = self.get(id)?;
        let mut steps: Vec<Step> = Vec::new();
        for row in self.rows(evidence, id) {
            let (system, raw_time) = (evidence.system(row), evidence.time(row));
            let joined_by = self.joined_by(evidence, row)?;
            let class = evidence.class(joined_by);
            let how = if joined_by == flow.name {
                How::Exact
            } else if class == IdentifierClass::Business {
                How::Business
            } else {
                How::Linked
            };
            let is_span = evidence.kind(row) == EventKind::Span;
            let time = raw_time - self.clocks.offset(system.0, is_span);
            steps.push(Step { row, time, raw_time, system, joined_by, class, how });
        }
        let rank = |system: SystemId| self.clocks.rank.get(usize::from(system.0)).copied().unwrap_or(0);
        steps.sort_by_key(|step| {
            let is_span = evidence.kind(step.row) == EventKind::Span;
            (step.time, is_span, rank(step.system), evidence.origin(step.row).offset())
        });
        let legs = &self.kind(flow.kind).path.legs;
        let passages = passages(&steps, legs);
        let systems = &self.kind(flow.kind).path.systems;
        let visits = |system: SystemId| flow.visits.iter().any(|visit| visit.system == system);
        let missing: Vec<SystemId> = systems.iter().copied().filter(|&system| !visits(system)).collect();
        let divergence = divergence(flow, &passages, legs, &missing);
        Some(Timeline { flow: id, steps, passages, divergence, missing })
    }
}

fn passages(steps: &[Step], legs: &[Leg]) -> Vec<Passage> {
    let mut passages = Vec::new();
    for (index, pair) in steps.windows(2).enumerate() {
        let (before, after) = (&pair[0], &pair[1]);
        if before.system != after.system {
            let hop = Hop { from: before.system, to: after.system };
            passages.push(Passage {
                hop,
                from_step: index,
                to_step: index + 1,
                took: after.time - before.time,
                usual: legs.iter().find(|leg| leg.hop == hop).copied(),
            });
        }
    }
    passages
}

/// The first place where the flow leaves the path: a hop that no completed flow takes, one that took far longer than
/// usual, or the end of the flow before the end of the path.
fn divergence(flow: &Flow, passages: &[Passage], legs: &[Leg], missing: &[SystemId]) -> Option<Divergence> {
    if legs.is_empty() {
        return None;
    }
    let odd = passages.iter().find_map(|passage| match passage.usual {
        None => Some(Divergence::Unexpected { hop: passage.hop }),
        Some(leg) if passage.took.0 as f64 > leg.p99.0 as f64 * LATE => {
            Some(Divergence::Late { hop: passage.hop, took: passage.took, usual: leg.p99 })
        }
        Some(_) => None,
    });
    let ended_early = matches!(flow.verdict, Verdict::Failed | Verdict::Stuck | Verdict::Unknown);
    let cut = flow.failing_hop.filter(|hop| ended_early && missing.contains(&hop.to)).map(|hop| {
        let usual = legs.iter().filter(|leg| leg.hop == hop).map(|leg| leg.p99).next();
        let to_there = || legs.iter().filter(|leg| leg.hop.to == hop.to).map(|leg| leg.p99).max();
        Divergence::Missing { hop, usual: usual.or_else(to_there).unwrap_or(Nanos::ZERO) }
    });
    if ended_early { cut.or(odd) } else { odd }
}
