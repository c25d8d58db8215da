//! What is behind the failure: signals from flows, spans, log templates, metrics and changes, fused into a ranking that
//! can be read and argued with. Pure and deterministic; nothing leaves the machine.

mod against;
mod board;
mod changes;
mod conclude;
mod differ;
mod digest;
mod gaps;
mod kinds;
mod metrics;
mod modes;
mod onset;
mod order;
mod path;
mod patterns;
mod peers;
mod rank;
mod said;
mod scene;
mod statistics;
mod stops;
mod templates;
#[cfg(test)]
mod tests;
mod topology;
mod traces;
mod turn;
mod units;
mod unseen;
mod weights;

pub use board::{BeforeAfter, BoardRow, Gauge};
pub use differ::{Attributes, Difference, differences};
pub use modes::{FailureMode, Modes};

use crate::evidence::{Row, SystemId};
use crate::flows::FlowId;
use crate::telemetry::{Nanos, Time, Window};

/// Whether a suspect is behind the failure or suffers from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Role {
    Cause,
    Symptom,
}

/// The signals, each with a page of its own on the Suspects view and a switch.
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
    serde::Deserialize,
    strum::IntoStaticStr,
    strum::EnumIter,
    strum::EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Signal {
    /// Where failing flows stop.
    Flows,
    /// How much more often failing than completed flows pass through (Ochiai).
    Spectrum,
    /// Where errors start: failing spans without a failing child, error lines.
    Origin,
    /// Time lost between a caller's span and the callee's.
    NetworkGap,
    SelfTime,
    /// Order of events within a span or a hop.
    EventOrder,
    /// New, surging or vanished log templates.
    Templates,
    Metrics,
    Changes,
    Topology,
    FailureMode,
}

/// Where a piece of evidence can be looked at.
#[derive(Clone, Debug, PartialEq)]
pub enum Pointer {
    Event(Row),
    Flow(FlowId),
    /// A series by its place in the evidence.
    Series(usize),
    /// A change by its id.
    Change(String),
    /// A template of a system by its text.
    Template(String),
    Window(Window),
}

/// One reason for or against a suspect.
#[derive(Clone, Debug, PartialEq)]
pub struct Evidence {
    pub signal: Signal,
    /// One plain sentence with the figures in it.
    pub sentence: String,
    /// For the suspicion, or against it.
    pub is_for: bool,
    /// Share of the score.
    pub weight: f64,
    pub window: Window,
    pub pointers: Vec<Pointer>,
}

/// A system, an operation of it, or a change, with a score and the reasons.
#[derive(Clone, Debug, PartialEq)]
pub struct Suspect {
    /// Equal scores share a rank; best is 1.
    pub rank: u32,
    pub system: SystemId,
    pub operation: Option<String>,
    /// The id of the change that is claimed to explain it.
    pub change: Option<String>,
    /// 0 to 1.
    pub score: f64,
    pub role: Role,
    pub evidence: Vec<Evidence>,
    /// Failure modes of the catalogue whose signature fits, best first: their names.
    pub failure_modes: Vec<String>,
}

/// When the failure began.
#[derive(Clone, Debug, PartialEq)]
pub struct Onset {
    pub time: Time,
    pub uncertainty: Nanos,
    /// What it was found from, in plain words.
    pub found_from: String,
}

/// The answer: who, why, and whether that is known or only guessed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Suspects {
    pub onset: Option<Onset>,
    /// The time before onset that is compared with.
    pub baseline: Option<Window>,
    pub conclusive: bool,
    /// Whether anything was ranked at all: it may not have come to that, or may not be shown.
    pub is_ranked: bool,
    /// Why it is conclusive or not, and if not, the cheapest next check.
    pub reason: String,
    pub ranking: Vec<Suspect>,
    /// Log templates by system, those that changed first.
    pub templates: Vec<TemplateChange>,
    /// Every system at a glance, from the outermost to the deepest.
    pub board: Vec<BoardRow>,
    /// Who calls whom: (caller, callee).
    pub calls: Vec<(SystemId, SystemId)>,
    /// The failure modes that were looked for.
    pub modes: Modes,
}

/// How often a log template was seen, against the baseline.
#[derive(Clone, Debug, PartialEq)]
pub struct TemplateChange {
    pub system: SystemId,
    pub template: String,
    /// Since onset, or in all if there is no onset.
    pub count: u64,
    pub baseline: u64,
    pub state: TemplateState,
    /// An event that fits it.
    pub example: Option<Row>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum TemplateState {
    New,
    Surging,
    Vanished,
    Steady,
}

/// What the person has decided about the ranking.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SuspectSettings {
    /// Typed instead of found.
    pub onset: Option<Time>,
    pub baseline: Option<Window>,
    /// Signals that are switched off.
    pub without: Vec<Signal>,
    /// The failure modes that are recognised.
    pub modes: Modes,
}

impl Suspects {
    /// Ranks what the evidence points at.
    pub fn of(
        evidence: &crate::evidence::Evidence,
        flows: &crate::flows::Flows,
        settings: &SuspectSettings,
    ) -> Self {
        Self::watched(evidence, flows, settings, &|| true).unwrap_or_default()
    }

    /// The same; `None` as soon as `goes_on` says that nobody waits for it.
    pub fn watched(
        evidence: &crate::evidence::Evidence,
        flows: &crate::flows::Flows,
        settings: &SuspectSettings,
        goes_on: &dyn Fn() -> bool,
    ) -> Option<Self> {
        rank::of(evidence, flows, settings, goes_on)
    }
}
