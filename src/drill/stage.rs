//! What a drill happens on: the simulated estate, or the recording of a past incident. One is acted on, the other is not.

use super::estate::{Emission, Estate, Lever, LeverEffect, Outcome, Strike, SystemCard, Truth};
use super::scenario::{BASELINE_MINUTES, Scenario};
use crate::incident::Plan;
use crate::telemetry::{Nanos, Time};

/// See the module's header.
pub(super) enum Stage {
    Estate(Box<Estate>),
    Recording { now: Time, begin: Time },
}

impl Stage {
    pub(super) fn new(scenario: &Scenario, seed: u64, begin: Time) -> Self {
        let start = begin - Nanos::seconds(i64::from(BASELINE_MINUTES) * 60);
        match scenario.recording {
            Some(_) => Self::Recording { now: Time::MIN, begin },
            None => Self::Estate(Box::new(Estate::new(seed, start, scenario.plan.clone()))),
        }
    }

    /// Everything that is written until `to`.
    pub(super) fn advance(&mut self, scenario: &Scenario, to: Time) -> Vec<Emission> {
        match self {
            Self::Estate(estate) => estate.advance(to),
            Self::Recording { now, begin } => {
                let recording = scenario.recording.as_ref();
                let came = recording.map(|one| one.between(*begin, *now, to)).unwrap_or_default();
                *now = to;
                came
            }
        }
    }

    pub(super) fn pull(&mut self, scenario: &Scenario, lever: &Lever, at: Time) -> Outcome {
        match self {
            Self::Estate(estate) => estate.pull(lever, at),
            Self::Recording { .. } => {
                let levers = scenario.recording.iter().flat_map(|one| &one.levers);
                let known = levers
                    .into_iter()
                    .find(|one| one.lever.kind == lever.kind && one.lever.system == lever.system);
                Outcome {
                    acts_at: at,
                    effect: known.map_or(LeverEffect::Nothing, |one| one.effect),
                    says: known.map_or_else(
                        || "this is a recording: what was not done then changes nothing now".to_owned(),
                        |one| format!("this is a recording; then: {}", one.why),
                    ),
                }
            }
        }
    }

    pub(super) fn release(&mut self, lever: &Lever, at: Time) {
        if let Self::Estate(estate) = self {
            estate.release(lever, at);
        }
    }

    /// A further fault, so long after `begin` as it says itself.
    pub(super) fn strike(&mut self, strike: &Strike, begin: Time) {
        if let Self::Estate(estate) = self {
            let since = (estate.now() - begin).as_seconds() as u32 + BASELINE_MINUTES * 60;
            estate.strike(Strike { after_seconds: since + strike.after_seconds, ..strike.clone() });
        }
    }

    pub(super) fn truth(&self, scenario: &Scenario) -> Truth {
        match (self, &scenario.recording) {
            (Self::Estate(estate), _) => estate.truth(),
            (Self::Recording { begin, .. }, Some(recording)) => {
                let (right, wrong) = recording
                    .levers
                    .iter()
                    .cloned()
                    .partition(|one| matches!(one.effect, LeverEffect::Mends | LeverEffect::Eases));
                Truth {
                    trigger: scenario.answers.trigger.clone(),
                    root_cause: scenario.answers.root_cause.clone(),
                    root_system: recording.root_system.clone(),
                    mode: recording.mode.clone(),
                    onset: recording.onset.map(|after| *begin + after),
                    contributing: scenario.answers.factors.clone(),
                    fixes: scenario.answers.fixes.clone(),
                    symptoms: recording.symptoms.clone(),
                    clues: recording.clues.clone(),
                    right,
                    wrong,
                    ..Truth::default()
                }
            }
            _ => Truth::default(),
        }
    }

    pub(super) fn systems(&self) -> Vec<SystemCard> {
        match self {
            Self::Estate(estate) => estate.systems(),
            Self::Recording { .. } => Vec::new(),
        }
    }

    pub(super) fn configuration(&self) -> String {
        match self {
            Self::Estate(estate) => estate.configuration(),
            Self::Recording { .. } => String::new(),
        }
    }
}

/// The change or the queue that a text names beside a system: `CHG0048812`, `erp.orders`.
fn told(text: &str) -> Option<String> {
    let dotted = || text.split_whitespace().find(|word| word.trim_matches('.').contains('.'));
    super::key::change_in(text).or_else(dotted).map(str::to_owned)
}

/// A mitigation as somebody typed it, for the estate: the known one that it means, or the system that it names.
pub(super) fn lever_of(plan: &Plan, systems: &[SystemCard], key: &super::AnswerKey) -> Lever {
    if let Some(known) = key.lever(plan.kind, &plan.target) {
        return known.lever.clone();
    }
    let typed = super::Terms::new;
    let named = systems.iter().filter(|card| typed([card.name]).fit(&plan.target));
    let system = named.max_by_key(|card| card.name.len()).map(|card| card.name.to_owned());
    Lever {
        kind: plan.kind,
        target: system.is_some().then(|| told(&plan.target)).flatten(),
        system: system.unwrap_or_else(|| plan.target.clone()),
    }
}
