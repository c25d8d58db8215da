//! The record of an incident: an append-only journal of entries, and the fold over it that the screen shows. Pure.

mod effect;
mod entry;
mod findings;
mod fold;
mod gate;
mod kpi;
mod mitigation;
mod outward;
mod pin;
mod rca;
mod robust;
mod severity;
mod sheet;
mod similar;
mod triage;
mod trial;
mod what;
mod when;
mod words;

pub use effect::{Assessment, Effect, EffectVerdict, Reading, Signal, Trial, assess, returned_to_band};
pub use entry::{Broken, Draft, Entry, PENDING, doubts, seal, verify};
pub use fold::{Ask, Decision, HandOver, Hypothesis, Incident, Line, Phase, Published, Role};
pub use gate::{Gate, Objection};
pub use kpi::{Kpi, Kpis, Review, kpis, review};
pub use mitigation::{Mitigation, MitigationKind, MitigationState, Plan};
pub use outward::Outward;
pub use pin::{Pin, PinKind};
pub use rca::{Action, ActionClass, Factor, Findings, Rca, Why, draft};
pub use severity::{Impact, IncidentSeverity};
pub use sheet::Sheet;
pub use similar::{Similar, similar};
pub use triage::{Check, Pack, Prompt, Stage, packs, prompts};
pub use trial::{FAILING_FLOWS, failing_flows, impact_ended, measure, signal, signals};
pub use what::{HypothesisVerdict, What};
pub use when::{asked, back_dated};
pub use words::{Audience, catch_up, hand_over, status_update};
