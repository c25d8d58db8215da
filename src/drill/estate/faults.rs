//! Faults: one file a failure mode. A fault turns knobs of the model, as the change behind it would; what is then seen is
//! the model's doing. Beside the knobs stands what is true of it: trigger, root cause, cures and where the evidence lies.

mod batch_overrun;
mod broker_blocked;
mod cache_stampede;
mod clock_skew;
mod consumer_lag;
mod dependency_down;
mod duplicate_delivery;
mod expired_certificate;
mod expired_token;
mod partner_throttling;
mod poison_message;
mod pool_exhaustion;
mod retry_storm;
mod schema_break;
mod timeout_chain;

use super::blueprint::Sys;
use super::lever::LeverEffect;
use super::plan::Mode;
use super::world::World;
use crate::incident::MitigationKind;
use crate::telemetry::ChangeKind;

/// A failure mode at one place.
#[derive(Debug)]
pub(super) struct Case {
    pub mode: Mode,
    pub place: Sys,
    pub change: Option<ChangeCase>,
    /// From the change until it hurts.
    pub lead_seconds: u32,
    pub trigger: &'static str,
    pub root_cause: &'static str,
    pub contributing: &'static [&'static str],
    pub fixes: &'static [&'static str],
    /// Systems that show it and are innocent.
    pub symptoms: &'static [Sys],
    pub strike: fn(&mut World, Hit),
    pub mend: fn(&mut World),
    pub cures: &'static [Cure],
    pub clues: &'static [ClueCase],
}

/// Which fault strikes, and how hard.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hit {
    pub fault: usize,
    pub severity: f64,
}

impl Hit {
    /// A figure between what the mildest and the hardest fault has.
    pub(super) fn scaled(self, mildest: f64, hardest: f64) -> f64 {
        mildest + (hardest - mildest) * self.severity.clamp(0.0, 1.0)
    }
}

#[derive(Debug)]
pub(super) struct ChangeCase {
    pub kind: ChangeKind,
    pub system: Sys,
    pub text: &'static str,
}

/// A mitigation and what it does against the fault; that it restarts or delays something comes on top, by its kind.
#[derive(Debug)]
pub(super) struct Cure {
    pub kind: MitigationKind,
    pub system: Sys,
    /// A word that the target must hold, if it is given.
    pub target: &'static str,
    pub effect: LeverEffect,
    /// What it turns beyond mending.
    pub acts: Option<fn(&mut World)>,
    pub why: &'static str,
}

#[derive(Debug)]
pub(super) struct ClueCase {
    pub system: Sys,
    pub signal: Signal,
    pub what: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub(super) enum Signal {
    Log,
    Trace,
    Metric,
}

const fn cure(kind: MitigationKind, system: Sys, effect: LeverEffect, why: &'static str) -> Cure {
    Cure { kind, system, target: "", effect, acts: None, why }
}

const fn mends(kind: MitigationKind, system: Sys, why: &'static str) -> Cure {
    cure(kind, system, LeverEffect::Mends, why)
}

const fn eases(kind: MitigationKind, system: Sys, acts: fn(&mut World), why: &'static str) -> Cure {
    Cure { kind, system, target: "", effect: LeverEffect::Eases, acts: Some(acts), why }
}

const fn worsens(kind: MitigationKind, system: Sys, acts: fn(&mut World), why: &'static str) -> Cure {
    Cure { kind, system, target: "", effect: LeverEffect::Worsens, acts: Some(acts), why }
}

const fn useless(kind: MitigationKind, system: Sys, why: &'static str) -> Cure {
    cure(kind, system, LeverEffect::Nothing, why)
}

const fn clue(system: Sys, signal: Signal, what: &'static str) -> ClueCase {
    ClueCase { system, signal, what }
}

const fn change(kind: ChangeKind, system: Sys, text: &'static str) -> Option<ChangeCase> {
    Some(ChangeCase { kind, system, text })
}

/// The cases of a mode.
pub(super) fn cases(mode: Mode) -> &'static [Case] {
    match mode {
        Mode::ExpiredCertificate => &expired_certificate::CASES,
        Mode::ExpiredToken => &expired_token::CASES,
        Mode::SchemaBreak => &schema_break::CASES,
        Mode::PoisonMessage => &poison_message::CASES,
        Mode::PartnerThrottling => &partner_throttling::CASES,
        Mode::RetryStorm => &retry_storm::CASES,
        Mode::PoolExhaustion => &pool_exhaustion::CASES,
        Mode::TimeoutChain => &timeout_chain::CASES,
        Mode::ConsumerLag => &consumer_lag::CASES,
        Mode::BrokerBlocked => &broker_blocked::CASES,
        Mode::DuplicateDelivery => &duplicate_delivery::CASES,
        Mode::DependencyDown => &dependency_down::CASES,
        Mode::ClockSkew => &clock_skew::CASES,
        Mode::BatchOverrun => &batch_overrun::CASES,
        Mode::CacheStampede => &cache_stampede::CASES,
    }
}

/// The case of a mode at a place.
pub(super) fn case(mode: Mode, place: &str) -> Option<&'static Case> {
    cases(mode).iter().find(|case| case.place.name() == place)
}
