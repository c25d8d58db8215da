//! A scenario: what happens, what there is to learn, and what a good answer names. Data, in TOML.

use super::candidate::Candidate;
use super::estate::{Mode, Plan, Strike, Truth};
use super::recording::Recording;
use super::rubric::{Objective, Rubric};
use super::{AnswerKey, Terms};
use crate::incident::IncidentSeverity;
use crate::suspects::Modes;
use serde::{Deserialize, Serialize};

/// How much of healthy traffic lies before the brief, so that there is something to compare with.
pub const BASELINE_MINUTES: u32 = 45;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Scenario {
    pub name: String,
    pub title: String,
    pub difficulty: Difficulty,
    /// What the candidate is told at the beginning.
    pub brief: String,
    /// What there is to learn.
    pub goals: Vec<String>,
    pub minutes: u32,
    pub seed: u64,
    /// The severity that fits the impact.
    pub severity: IncidentSeverity,
    /// What the estate suffers; seconds count from the baseline's start, [`BASELINE_MINUTES`] before the brief.
    pub plan: Plan,
    /// Telemetry of a past incident, in the estate's place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recording: Option<Recording>,
    pub answers: Answers,
    pub hints: Vec<Hint>,
    pub injects: Vec<Inject>,
    /// Beside the built-in rubric, or in the place of objectives of the same name.
    pub objectives: Vec<Objective>,
    pub good: Candidate,
    pub bad: Candidate,
    pub expect: Expect,
}

#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    strum::Display,
    strum::EnumString,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Difficulty {
    Easy,
    #[default]
    Medium,
    Hard,
}

/// Model answers, and the terms by which others are known. What is left empty is taken from the estate's truth.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Answers {
    pub trigger: String,
    pub root_cause: String,
    pub factors: Vec<String>,
    /// What to do first, in order: the shorter path.
    pub path: Vec<String>,
    pub fixes: Vec<String>,
    pub trigger_terms: Terms,
    pub root_cause_terms: Terms,
    pub factor_terms: Vec<Terms>,
}

/// What helps on, at a price.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Hint {
    pub text: String,
    /// Points of a hundred.
    pub cost: u32,
}

/// What comes from outside while one works.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Inject {
    pub name: String,
    /// Who calls or writes.
    pub from: String,
    pub text: String,
    pub when: When,
    /// A further fault that comes with it; its `after_seconds` counts from the inject.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub strike: Option<Strike>,
}

/// So many minutes after something.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct When {
    pub after: Cue,
    pub minutes: f64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, strum::Display)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Cue {
    #[default]
    Brief,
    Declared,
    /// The first mitigation that acts, whatever it does.
    Mitigated,
    RightMitigation,
    WrongMitigation,
    /// Only when the interviewer wants it.
    Key,
}

/// Between what the scripted candidates must score, in percent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Expect {
    pub good_at_least: u32,
    pub bad_at_most: u32,
}

impl Scenario {
    pub fn parse(text: &str) -> Result<Self, String> {
        toml::from_str(text).map_err(|error| error.to_string())
    }

    /// A drill drawn from a seed: the fault, its place, how hard it is and what misleads.
    pub fn random(seed: u64) -> Self {
        Self {
            name: format!("random-{seed}"),
            title: "Something is wrong".to_owned(),
            difficulty: Difficulty::Medium,
            brief: "The service desk calls: customers and partners report that their orders, invoices or payments \
                    do not arrive as usual. It began within the last half hour. You take over as incident commander. \
                    Find out what is wrong, end the impact, and write up why."
                .to_owned(),
            goals: vec!["find an unknown fault by its telemetry alone".to_owned()],
            minutes: 30,
            seed,
            severity: IncidentSeverity::Sev2,
            plan: super::estate::random(seed),
            hints: Vec::new(),
            ..Self::default()
        }
    }

    /// What it is judged by.
    pub fn rubric(&self, own: Option<&str>) -> Result<Rubric, String> {
        let base = own.map(Rubric::parse).transpose()?.unwrap_or_else(|| Rubric::built_in().clone());
        Ok(base.with(&self.objectives))
    }

    /// The answers to judge by, with the estate's truth where the author wrote nothing.
    pub fn key(&self, truth: &Truth) -> AnswerKey {
        let answers = &self.answers;
        let written = |terms: &Terms, other: Terms| if terms.is_empty() { other } else { terms.clone() };
        let factors = if answers.factor_terms.is_empty() {
            truth.contributing.iter().filter_map(|text| Terms::telling(text)).collect()
        } else {
            answers.factor_terms.clone()
        };
        let mut hit: Vec<String> = truth.affected.iter().map(|one| one.kind.clone()).collect();
        hit.extend(truth.symptoms.iter().cloned());
        hit.extend(["customer", "partner"].map(str::to_owned));
        AnswerKey {
            severity: self.severity,
            root_cause: written(&answers.root_cause_terms, root_cause_terms(truth)),
            trigger: written(&answers.trigger_terms, trigger_terms(truth)),
            factors,
            hit,
            evidence: truth.clues.clone(),
            levers: truth.right.iter().chain(&truth.wrong).cloned().collect(),
            onset: truth.onset,
        }
    }

    /// What is wrong with it, in sentences, before it is played.
    pub fn mistakes(&self) -> Vec<String> {
        let mut mistakes = Vec::new();
        let mut wants = |is_missing: bool, what: &str| {
            if is_missing {
                mistakes.push(what.to_owned());
            }
        };
        wants(self.title.trim().is_empty(), "it has no title");
        wants(self.brief.trim().is_empty(), "it has no brief");
        wants(self.goals.is_empty(), "it has no learning goals");
        wants(self.minutes < 5, "it lasts less than 5 minutes");
        wants(
            self.plan.faults.is_empty() && self.recording.is_none(),
            "nothing happens: there is no fault in it",
        );
        wants(self.answers.root_cause.trim().is_empty(), "there is no model answer for the root cause");
        wants(self.answers.trigger.trim().is_empty(), "there is no model answer for the trigger");
        wants(self.answers.factors.len() < 2, "there are fewer than two model factors");
        wants(self.answers.path.is_empty(), "there is no model path");
        wants(self.hints.is_empty(), "it has no hints");
        let fits = |terms: &Terms, text: &str| terms.is_empty() || terms.fit(text);
        wants(
            !fits(&self.answers.root_cause_terms, &self.answers.root_cause),
            "the model root cause lacks its own terms",
        );
        wants(
            !fits(&self.answers.trigger_terms, &self.answers.trigger),
            "the model trigger lacks its own terms",
        );
        for inject in &self.injects {
            wants(inject.text.trim().is_empty(), &format!("the inject `{}` says nothing", inject.name));
        }
        for (place, inject) in self.injects.iter().enumerate() {
            let is_twice = self.injects[..place].iter().any(|other| other.name == inject.name);
            wants(is_twice, &format!("there are two injects `{}`", inject.name));
        }
        mistakes.extend(self.plan.check().err());
        mistakes.extend(Rubric::default().with(&self.objectives).mistakes());
        mistakes
    }

    /// The modes that are in it.
    pub fn modes(&self) -> Vec<Mode> {
        self.plan.faults.iter().map(|strike| strike.mode).collect()
    }
}

/// The system, and any word of the failure mode's signature or name.
fn root_cause_terms(truth: &Truth) -> Terms {
    let mut words: Vec<String> = truth.mode.split('-').map(str::to_owned).collect();
    words.extend(Modes::default().named(&truth.mode).into_iter().flat_map(|mode| mode.words.iter().cloned()));
    Terms(vec![truth.root_system.clone(), words.join("|")])
}

/// The change, by what it is called or where and how; without one the root cause itself.
fn trigger_terms(truth: &Truth) -> Terms {
    match &truth.change {
        Some(change) => {
            let mut words: Vec<&str> = vec![change.id.as_str()];
            words.extend(change.text.split_whitespace().filter(|word| word.len() > 6));
            Terms(vec![words.join("|")])
        }
        None => root_cause_terms(truth),
    }
}
