//! What is known of each source: whether it could answer, how fresh and how complete the answers are.

use super::{Completeness, Time, Window};
use serde::Serialize;
use std::collections::BTreeMap;

/// The state of one source, kept by its collector and shown as it is.
#[derive(Clone, Debug, PartialEq)]
pub struct SourceHealth {
    pub name: String,
    /// The kind of backend or `file`.
    pub kind: String,
    pub reach: Reach,
    /// What the answers so far cover.
    pub covered: Option<Window>,
    pub completeness: Completeness,
    pub rows: u64,
    pub limit: Option<u64>,
    pub unread: u64,
    /// The newest event or sample that came from it.
    pub freshest: Option<Time>,
    pub queries: u64,
    pub last_answer: Option<Time>,
    /// Systems whose telemetry comes from here, as far as seen.
    pub systems: Vec<String>,
    /// What it can be asked for; what it cannot is not missing from its answers.
    pub signals: Vec<Signal>,
    /// What it was last asked, by question: as commands that a person can run, secrets as variables.
    pub asked: BTreeMap<&'static str, String>,
    /// It holds more than is read: what was counted there, and what a sample says, in words.
    pub counted: Option<String>,
    /// Anything the person should know: verification off, zone assumed, back-off until …
    pub notes: Vec<String>,
}

/// What a source can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Signal {
    Logs,
    Traces,
    Metrics,
    Alerts,
    Changes,
}

impl SourceHealth {
    /// What is known of a source that has not been asked yet.
    pub fn new(name: String, kind: String) -> Self {
        Self {
            name,
            kind,
            reach: Reach::Unknown,
            covered: None,
            completeness: Completeness::Unknown,
            rows: 0,
            limit: None,
            unread: 0,
            freshest: None,
            queries: 0,
            last_answer: None,
            systems: Vec::new(),
            signals: Vec::new(),
            asked: BTreeMap::new(),
            counted: None,
            notes: Vec::new(),
        }
    }

    /// The health of a source that could not even be set up.
    pub fn broken(name: String, kind: String, why: String) -> Self {
        Self { reach: Reach::Unreachable(why), ..Self::new(name, kind) }
    }

    /// Whether it could hold events of flows: logs or spans. Of one that could not even be set up nobody knows.
    pub fn holds_events(&self) -> bool {
        self.signals.is_empty()
            || self.signals.iter().any(|signal| matches!(signal, Signal::Logs | Signal::Traces))
    }

    /// Whether it has given all the events that it has of a window.
    pub fn has_given(&self, window: Window) -> bool {
        let covers = |known: Window| known.from <= window.from && known.to >= window.to;
        !self.may_miss() && self.counted.is_none() && self.covered.is_some_and(covers)
    }

    /// Whether what it does not show may be there all the same.
    pub fn may_miss(&self) -> bool {
        self.reach != Reach::Reachable || matches!(self.completeness, Completeness::Partial(_))
    }
}

/// Whether a source can be reached, and why not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Not asked yet.
    Unknown,
    Reachable,
    /// Answers, but refuses, throttles or answers in part.
    Degraded(String),
    Unreachable(String),
}

impl Reach {
    /// The mark that stands beside the name, readable without colour.
    pub fn symbol(&self) -> &'static str {
        match self {
            Self::Unknown => "○",
            Self::Reachable => "●",
            Self::Degraded(_) => "◐",
            Self::Unreachable(_) => "✗",
        }
    }
}
