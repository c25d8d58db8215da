//! Events joined into flows: linking, kinds, expected paths, verdicts, clock skew. Pure; the same evidence gives the
//! same flows in whatever order it arrived.

mod blindness;
pub mod check;
mod clocks;
mod correlator;
mod course;
mod index;
mod linking;
mod model;
mod probes;
mod quantiles;
mod set;
mod skew;
mod station;
mod table;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod timeline;
mod trail;
mod verdict;
mod words;

pub use blindness::Blindness;
pub use correlator::{Correlator, Phase, Watch};
pub use index::{Census, CountedFlow, FlowIndex, Judged, Share, Stay};
pub use probes::PROBE_PATHS;
pub use set::FlowSet;
pub use table::FlowTable;

use crate::evidence::{Chunks, Evidence, IdentifierId, Row, SystemId, TextId};
use crate::telemetry::{EventKind, IdentifierClass, Nanos, Time};
use std::sync::Arc;

/// A flow by number. A number stays with its flow as evidence comes in; when two flows turn out to be one, both numbers
/// lead to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FlowId(pub u32);

/// Flows with the same entry operation, by place in [`Flows::kinds`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KindId(pub u16);

/// What became of a flow.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    serde::Serialize,
    strum::IntoStaticStr,
    strum::EnumIter,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Verdict {
    Completed,
    Failed,
    /// No terminal event, and silent for longer than the hop's usual p99.
    Stuck,
    /// Completed, far beyond what is usual for its kind.
    Slow,
    InFlight,
    /// It may be stuck or not: the next hop's source could not have answered.
    Unknown,
}

/// Things worth knowing of a flow that are no verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Marks(pub u8);

impl Marks {
    pub const RETRIED: Self = Self(1);
    pub const DUPLICATED: Self = Self(2);
    pub const DEAD_LETTERED: Self = Self(4);
    pub const COMPENSATED: Self = Self(8);
    pub const OUT_OF_ORDER: Self = Self(16);

    pub fn has(self, mark: Self) -> bool {
        self.0 & mark.0 != 0
    }

    pub fn add(&mut self, mark: Self) {
        self.0 |= mark.0;
    }

    /// The marks by name, as on the command line.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        [
            (Self::RETRIED, "retried"),
            (Self::DUPLICATED, "duplicated"),
            (Self::DEAD_LETTERED, "dead_lettered"),
            (Self::COMPENSATED, "compensated"),
            (Self::OUT_OF_ORDER, "out_of_order"),
        ]
        .into_iter()
        .filter(move |(mark, _)| self.has(*mark))
        .map(|(_, name)| name)
    }
}

/// The passage from one system to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hop {
    pub from: SystemId,
    pub to: SystemId,
}

/// What a flow did in one system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Visit {
    pub system: SystemId,
    pub events: u32,
    pub errors: u32,
}

/// One flow in summary.
#[derive(Clone, Debug, PartialEq)]
pub struct Flow {
    /// The identifier that it is named after: the most trusted one it has, correlation before trace and so on.
    pub name: IdentifierId,
    pub kind: KindId,
    pub verdict: Verdict,
    pub failing_hop: Option<Hop>,
    /// First and last event, skew corrected.
    pub first: Time,
    pub last: Time,
    pub events: u32,
    pub errors: u32,
    /// In order of first visit.
    pub visits: Box<[Visit]>,
    pub marks: Marks,
}

/// A constant error of a system's clock, estimated from causes that seem to follow their effects.
///
/// A system's log may be stamped by another clock than its spans, so each kind of event has an offset of its own.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Skew {
    pub system: SystemId,
    /// [`EventKind::Log`] or [`EventKind::Span`].
    pub stamped_as: EventKind,
    /// How far ahead of the others the clock is; subtracted from its times, as is `zone`.
    pub offset: Nanos,
    /// The offset of a time zone that its stamps are in but do not name: whole quarters of an hour.
    pub zone: Nanos,
    pub uncertainty: Nanos,
    /// Pairs of events that the estimate rests on; 0 when there was nothing to compare.
    pub pairs: u32,
}

/// An identifier that would have merged flows that are otherwise distinct: flows can be filtered by it.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    pub identifier: IdentifierId,
    /// Why it is no link, in plain words with the figures.
    pub reason: String,
    /// The identifiers that it met; see [`Flows::in_group`].
    met: Arc<[IdentifierId]>,
}

/// How one hop of a kind usually goes, from its completed flows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Leg {
    pub hop: Hop,
    /// Completed flows that take it, of `ExpectedPath::completed`.
    pub flows: u32,
    pub p50: Nanos,
    pub p95: Nanos,
    pub p99: Nanos,
}

/// The directly-follows graph of a kind's completed flows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ExpectedPath {
    pub completed: u32,
    pub legs: Vec<Leg>,
    /// Systems of at least half of the completed flows, in their usual order.
    pub systems: Vec<SystemId>,
    pub duration_p50: Nanos,
    pub duration_p99: Nanos,
}

impl ExpectedPath {
    /// How long a flow may be silent after a system before it is called stuck.
    pub fn patience(&self, after: SystemId) -> Nanos {
        let gap = self.legs.iter().filter(|leg| leg.hop.from == after).map(|leg| leg.p99).max();
        gap.unwrap_or(self.duration_p99).max(PATIENCE)
    }
}

/// A flow that has been silent for less than this is never called stuck.
const PATIENCE: Nanos = Nanos::seconds(1);

/// Flows with one entry operation, and what is usual for them.
#[derive(Clone, Debug)]
pub struct Kind {
    /// The entry operation: `kong POST /v1/orders`.
    pub name: String,
    pub entry_system: SystemId,
    pub entry: TextId,
    pub flows: u32,
    /// Counts by [`Verdict`], in its order.
    pub verdicts: [u32; 6],
    pub path: ExpectedPath,
}

/// All flows of the evidence. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Flows {
    /// The flows, by number and oldest first.
    pub all: FlowTable,
    pub kinds: Arc<Vec<Kind>>,
    pub skew: Arc<Vec<Skew>>,
    pub groups: Arc<Vec<Group>>,
    /// The flow of each identifier, by its number; `u32::MAX` for none.
    by_identifier: Chunks<u32>,
    /// The other identifiers of the same flow, in a ring.
    ring: Chunks<u32>,
    /// Where identifiers stand beyond the first of a row: the last such entry of each, and the one before each entry.
    latest: Chunks<u32>,
    earlier: Chunks<u32>,
    clocks: Arc<clocks::Clocks>,
    /// Rows that were looked at.
    row_count: u32,
    /// Where the evidence ends: what is silent until here may still be in flight.
    pub until: Time,
}

/// What the person has decided about flows.
#[derive(Clone, Debug, PartialEq)]
pub struct FlowSettings {
    /// Show and judge by raw times, as if no clock were off.
    pub ignore_skew: bool,
    pub blindness: Blindness,
    /// Paths whose requests are probes of liveness and no flows.
    pub probes: Vec<String>,
}

impl Default for FlowSettings {
    fn default() -> Self {
        let probes = PROBE_PATHS.map(str::to_owned).to_vec();
        Self { ignore_skew: false, blindness: Blindness::default(), probes }
    }
}

/// How an event came to belong to a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum How {
    /// It carries the identifier that the flow is named after.
    Exact,
    /// It carries an identifier that another event links to it.
    Linked,
    /// It carries only a business key that is linked.
    Business,
}

/// One event of a flow's timeline.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    pub row: Row,
    /// Skew corrected.
    pub time: Time,
    pub raw_time: Time,
    pub system: SystemId,
    pub joined_by: IdentifierId,
    pub class: IdentifierClass,
    pub how: How,
}

/// The first place where a flow leaves the expected path of its kind.
#[derive(Clone, Debug, PartialEq)]
pub enum Divergence {
    /// The path goes on to `hop.to` within `usual`; it was never seen there.
    Missing {
        hop: Hop,
        usual: Nanos,
    },
    /// No completed flow goes this way.
    Unexpected {
        hop: Hop,
    },
    Late {
        hop: Hop,
        took: Nanos,
        usual: Nanos,
    },
}

/// One passage of a flow from system to system, as it went and as it usually goes.
#[derive(Clone, Debug, PartialEq)]
pub struct Passage {
    pub hop: Hop,
    /// The steps that it lies between, by place in [`Timeline::steps`].
    pub from_step: usize,
    pub to_step: usize,
    pub took: Nanos,
    /// `None` where no completed flow of the kind goes this way.
    pub usual: Option<Leg>,
}

/// A flow in full: its events in order, and how it differs from what is usual.
#[derive(Clone, Debug)]
pub struct Timeline {
    pub flow: FlowId,
    pub steps: Vec<Step>,
    pub passages: Vec<Passage>,
    pub divergence: Option<Divergence>,
    /// Systems of the expected path that the flow never reached, in their usual order.
    pub missing: Vec<SystemId>,
}

impl Flows {
    /// Correlates all of the evidence; a [`Correlator`] does the same step by step as evidence grows.
    pub fn of(evidence: &Evidence, settings: &FlowSettings) -> Self {
        Correlator::new(settings.clone()).update(evidence).clone()
    }

    /// When a flow was lost: as it failed, or as it had been silent for too long. `None` for one that is not.
    ///
    /// What waited while things were broken may yet come through once they are mended, so when a flow began says little
    /// of when they were.
    pub fn lost_at(&self, flow: &Flow) -> Option<Time> {
        let path = || &self.kind(flow.kind).path;
        match (flow.verdict, flow.failing_hop) {
            (Verdict::Failed, _) => Some(flow.last),
            (Verdict::Stuck, Some(hop)) => Some(flow.last + path().patience(hop.from)),
            (Verdict::Stuck, None) => Some(flow.last + path().duration_p99.max(PATIENCE)),
            _ => None,
        }
    }

    /// The flows that an identifier groups, oldest first.
    pub fn in_group(&self, group: &Group) -> Vec<FlowId> {
        let mut ids: Vec<FlowId> = group.met.iter().filter_map(|&met| self.with(met)).collect();
        ids.sort_unstable_by_key(|&id| (self.get(id).map(|flow| flow.first), id));
        ids.dedup();
        ids
    }

    pub fn get(&self, id: FlowId) -> Option<&Flow> {
        self.all.get(id)
    }

    /// All flows, oldest first.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (FlowId, &Flow)> + DoubleEndedIterator {
        self.all.iter()
    }

    pub fn len(&self) -> usize {
        self.all.len()
    }

    pub fn is_empty(&self) -> bool {
        self.all.len() == 0
    }

    /// The flow that an identifier belongs to.
    pub fn with(&self, identifier: IdentifierId) -> Option<FlowId> {
        ((identifier.0 as usize) < self.by_identifier.len())
            .then(|| self.by_identifier.get(identifier.0))
            .filter(|&id| id != u32::MAX)
            .map(FlowId)
    }

    pub fn kind(&self, id: KindId) -> &Kind {
        &self.kinds[id.0 as usize]
    }
}
