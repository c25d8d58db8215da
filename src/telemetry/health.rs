//! What is known of each source: whether it could answer, how fresh and how complete the answers are.

use super::{Completeness, Time, Window};

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
    /// Anything the person should know: verification off, zone assumed, back-off until …
    pub notes: Vec<String>,
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
