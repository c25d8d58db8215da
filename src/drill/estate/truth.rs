//! What is really the matter: for the observer and the debrief, never for the candidate's screen.

use super::Lever;
use crate::telemetry::Time;
use serde::{Deserialize, Serialize};

/// The truth of a drill so far.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Truth {
    /// What set it off, in one sentence.
    pub trigger: String,
    /// Why that could hurt, in one sentence.
    pub root_cause: String,
    pub root_system: String,
    /// The failure mode's name, as in the catalogue.
    pub mode: String,
    /// When flows began to suffer.
    pub onset: Option<Time>,
    /// The change that brought it; a certificate expires without one.
    pub change: Option<ChangeTruth>,
    pub contributing: Vec<String>,
    pub fixes: Vec<String>,
    /// Systems that show it without being its cause.
    pub symptoms: Vec<String>,
    pub affected: Vec<Affected>,
    pub right: Vec<Remedy>,
    pub wrong: Vec<Remedy>,
    /// Where the evidence lies, most telling first.
    pub clues: Vec<Clue>,
    /// Whether a mitigation has mended the cause, and when.
    pub mended: Option<Time>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ChangeTruth {
    pub id: String,
    pub time: Time,
    pub system: String,
    pub text: String,
}

/// Flows of one kind since the onset.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Affected {
    pub kind: String,
    pub started: u64,
    pub completed: u64,
    pub failed: u64,
    /// Completed, but far later than usual.
    pub late: u64,
}

/// A mitigation with what it does and why.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Remedy {
    pub lever: Lever,
    pub effect: super::LeverEffect,
    pub why: String,
}

/// Where something can be seen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Clue {
    pub system: String,
    /// Path of the file below the telemetry folder.
    pub file: String,
    /// `log`, `trace`, `metric`, `change` or `alert`.
    pub signal: String,
    pub what: String,
}
