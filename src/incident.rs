//! The record of an incident: an append-only journal of entries, and the fold over it that the screen shows. Pure.

mod effect;
mod entry;
mod findings;
mod fold;
mod gate;
mod kpi;
mod mitigation;
mod rca;
mod severity;
mod triage;
mod when;
mod words;

pub use effect::{Effect, EffectVerdict, Reading, measure};
pub use entry::HypothesisVerdict;
pub use entry::{Broken, Draft, Entry, Pin, PinKind, What, seal, verify};
pub use fold::{Ask, Hypothesis, Incident, Line, Phase, Role};
pub use gate::{Objection, check};
pub use kpi::{Kpi, Kpis, Review, kpis, review};
pub use mitigation::{Mitigation, MitigationKind, MitigationState, Plan};
pub use rca::{Action, ActionClass, Factor, Findings, Rca, Why, draft};
pub use severity::{Impact, IncidentSeverity};
pub use triage::{Check, Pack, Prompt, Stage, packs, prompts};
pub use when::back_dated;
pub use words::{Audience, catch_up, hand_over, status_update};
