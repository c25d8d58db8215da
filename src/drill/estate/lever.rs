//! Mitigations as the estate knows them: what a person pulls, and what that will do.

use crate::incident::MitigationKind;
use crate::telemetry::Time;
use serde::{Deserialize, Serialize};

/// One mitigation: what is done to which system.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lever {
    pub kind: MitigationKind,
    pub system: String,
    /// A change, a flag, a partner, a queue, where the system alone does not say it.
    #[serde(default)]
    pub target: Option<String>,
}

/// What a mitigation does to the fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, strum::Display, strum::IntoStaticStr)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum LeverEffect {
    /// The cause is gone.
    Mends,
    /// It hurts less while the cause remains.
    Eases,
    Nothing,
    Worsens,
}

/// What a mitigation will do; for the observer, never for the candidate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    pub acts_at: Time,
    pub effect: LeverEffect,
    /// In one sentence.
    pub says: String,
}
