//! What can be recorded of an incident. Kinds are only ever added: journals outlive versions.

use super::{
    Action, ActionClass, Assessment, Coverage, Factor, Impact, IncidentSeverity, MitigationKind, Phase, Plan,
    Rca, Role, Why,
};
use crate::telemetry::{Nanos, Time};
use serde::{Deserialize, Serialize};

/// What was recorded. Kinds that this version does not know are kept and shown as they are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum What {
    Declared {
        title: String,
        severity: IncidentSeverity,
        impact: Impact,
        #[serde(default)]
        is_drill: bool,
    },
    /// It is a drill, or it turned out to be real.
    DrillMarked {
        is_drill: bool,
    },
    Acknowledged,
    /// The impact began, as found from the evidence or as corrected by a person.
    ImpactBegan {
        time: Time,
        /// How far off it may be, before or after.
        #[serde(default, skip_serializing_if = "is_exact")]
        uncertainty: Nanos,
    },
    /// The impact ended, by the signal, not by a button.
    ImpactEnded {
        time: Time,
        #[serde(default, skip_serializing_if = "is_exact")]
        uncertainty: Nanos,
    },
    SeverityChanged {
        severity: IncidentSeverity,
        reason: String,
    },
    /// How often an update is due from now on, instead of what the severity calls for.
    CadenceChanged {
        minutes: u32,
    },
    /// A role taken, or handed over with a note.
    RoleAssigned {
        role: Role,
        person: String,
        #[serde(default)]
        note: String,
    },
    PhaseChanged {
        phase: Phase,
    },
    Fact {
        text: String,
    },
    Decision {
        text: String,
        #[serde(default)]
        options: Vec<String>,
        /// Objections that were polled for and raised.
        #[serde(default)]
        objections: Vec<String>,
        #[serde(default, skip_serializing_if = "String::is_empty")]
        decider: String,
    },
    Asked {
        who: String,
        question: String,
        minutes: u32,
    },
    Answered {
        ask: u64,
        answer: String,
    },
    /// Nobody answered in time, and it is no longer waited for.
    AskExpired {
        ask: u64,
    },
    Hypothesis {
        text: String,
        /// The cheapest test that would tell.
        #[serde(default)]
        next_test: String,
    },
    HypothesisEvidence {
        hypothesis: u64,
        is_for: bool,
        text: String,
    },
    HypothesisJudged {
        hypothesis: u64,
        verdict: HypothesisVerdict,
        reason: String,
    },
    EvidencePinned {
        text: String,
    },
    StatusUpdate {
        audience: String,
        text: String,
    },
    /// The receipt of something that was published.
    Published {
        target: String,
        /// Where it can be seen.
        url: String,
        text: String,
        /// What the target calls it.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        id: String,
        /// Names the content, so that the same is not sent there twice.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        digest: String,
    },
    /// A step of the guided loop, a triage pack or a runbook.
    Step {
        stage: String,
        question: String,
        answer: String,
    },
    MitigationProposed {
        mitigation: Plan,
    },
    /// One that had been proposed is in force from now on.
    MitigationApplied {
        mitigation: u64,
    },
    MitigationStarted {
        mitigation: Plan,
    },
    MitigationMeasured {
        mitigation: u64,
        verdict: String,
        text: String,
        /// The numbers, so that the report can show them when the telemetry is gone.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        effect: Option<Box<Assessment>>,
    },
    /// How much of the ways of flows could be seen.
    CoverageMeasured {
        coverage: Coverage,
    },
    /// Looked at and still needed.
    MitigationExtended {
        mitigation: u64,
        expires: Time,
    },
    MitigationUndone {
        mitigation: u64,
        reason: String,
    },
    RcaField {
        field: String,
        text: String,
    },
    RcaWhys {
        whys: Vec<Why>,
    },
    RcaFactor {
        factor: Factor,
    },
    /// All factors, in the place of those before.
    RcaFactors {
        factors: Vec<Factor>,
    },
    ActionAdded {
        action: Action,
    },
    ActionChanged {
        action: u64,
        to: Action,
    },
    ActionClosed {
        action: u64,
    },
    /// Says an earlier entry anew: the fold takes this in its place, the journal keeps both.
    Corrected {
        entry: u64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        happened: Option<Time>,
        what: Box<What>,
    },
    /// Takes an earlier entry back: the fold goes on as if it were not there, the journal keeps both.
    Undone {
        entry: u64,
    },
    #[serde(untagged)]
    Unknown(serde_json::Value),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, strum::Display, strum::EnumString)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum HypothesisVerdict {
    Supported,
    Refuted,
    Inconclusive,
}

fn is_exact(uncertainty: &Nanos) -> bool {
    *uncertainty == Nanos::ZERO
}

/// ` ± 15 s`; nothing for what is exact.
fn within(uncertainty: Nanos) -> String {
    if is_exact(&uncertainty) { String::new() } else { format!(" ± {uncertainty}") }
}

impl What {
    /// The entry in one line, as the log of the bridge shows it: (label, text).
    pub fn line(&self) -> (&'static str, String) {
        let first = |text: &str| text.lines().next().unwrap_or_default().to_owned();
        match self {
            Self::Declared { title, severity, .. } => ("declared", format!("{severity} {title}")),
            Self::DrillMarked { is_drill: true } => ("drill", "this is a drill".to_owned()),
            Self::DrillMarked { is_drill: false } => ("drill", "this is no drill".to_owned()),
            Self::Acknowledged => ("acknowledged", String::new()),
            Self::ImpactBegan { time, uncertainty } => {
                ("impact", format!("began {}{}", time.to_the_second(), within(*uncertainty)))
            }
            Self::ImpactEnded { time, uncertainty } => {
                ("impact", format!("ended {}{}", time.to_the_second(), within(*uncertainty)))
            }
            Self::SeverityChanged { severity, reason } => ("severity", format!("{severity}: {reason}")),
            Self::CadenceChanged { minutes } => ("cadence", format!("an update every {minutes} min")),
            Self::RoleAssigned { role, person, note } if note.is_empty() => {
                ("role", format!("{role}: {person}"))
            }
            Self::RoleAssigned { role, person, note } => {
                ("role", format!("{role}: {person} ({})", first(note)))
            }
            Self::PhaseChanged { phase } => ("phase", phase.to_string()),
            Self::Fact { text } => ("fact", text.clone()),
            Self::Decision { text, decider, .. } if decider.is_empty() => ("decision", text.clone()),
            Self::Decision { text, decider, .. } => ("decision", format!("{text} (decided by {decider})")),
            Self::Asked { who, question, minutes } => ("ask", format!("@{who} {question} ({minutes} min)")),
            Self::Answered { answer, .. } => ("answer", answer.clone()),
            Self::AskExpired { ask } => ("ask", format!("{ask} expired without an answer")),
            Self::Hypothesis { text, .. } => ("hypothesis", text.clone()),
            Self::HypothesisEvidence { hypothesis, is_for, text } => {
                ("hypothesis", format!("{} {hypothesis}: {text}", if *is_for { "for" } else { "against" }))
            }
            Self::HypothesisJudged { verdict, reason, .. } => ("hypothesis", format!("{verdict}: {reason}")),
            Self::EvidencePinned { text } => ("evidence", text.clone()),
            Self::StatusUpdate { audience, text } => ("update", format!("to {audience}: {}", first(text))),
            Self::Published { target, url, text, .. } => {
                ("published", format!("{} to {target} {url}", first(text)).trim_end().to_owned())
            }
            Self::Step { question, answer, .. } => ("step", format!("{question} {answer}")),
            Self::MitigationProposed { mitigation } => {
                ("proposal", format!("{} {}: {}", mitigation.kind, mitigation.target, mitigation.intent))
            }
            Self::MitigationApplied { mitigation } => ("mitigation", format!("{mitigation} is in force")),
            Self::MitigationStarted { mitigation } if mitigation.intent.is_empty() => {
                ("mitigation", format!("{} {}", mitigation.kind, mitigation.target))
            }
            Self::MitigationStarted { mitigation } => {
                ("mitigation", format!("{} {}: {}", mitigation.kind, mitigation.target, mitigation.intent))
            }
            // The sentence of a measured effect begins with its verdict.
            Self::MitigationMeasured { verdict, text, .. } if text.starts_with(verdict.as_str()) => {
                ("measured", text.clone())
            }
            Self::MitigationMeasured { verdict, text, .. } => ("measured", format!("{verdict}: {text}")),
            Self::CoverageMeasured { coverage } => ("coverage", coverage.sentence()),
            Self::MitigationExtended { mitigation, expires } => {
                ("extended", format!("{mitigation} until {expires}"))
            }
            Self::MitigationUndone { reason, .. } => ("undone", reason.clone()),
            Self::RcaField { field, text } => ("rca", format!("{}: {}", Rca::label(field), first(text))),
            Self::RcaWhys { whys } => ("rca", format!("{} whys", whys.len())),
            Self::RcaFactor { factor } => ("rca", format!("factor: {}", factor.text)),
            Self::RcaFactors { factors } => ("rca", format!("{} factors", factors.len())),
            Self::ActionAdded { action } => {
                ("action", format!("{}: {}", ActionClass::name(action.class), action.text))
            }
            Self::ActionChanged { action, to } => ("action", format!("{action} is now: {}", to.text)),
            Self::ActionClosed { action } => ("action", format!("{action} done")),
            Self::Corrected { entry, what, .. } => ("correction", format!("of {entry}: {}", what.line().1)),
            Self::Undone { entry } => ("undo", format!("entry {entry}")),
            Self::Unknown(_) => ("unknown", "recorded by another version".to_owned()),
        }
    }

    /// Short for tests and for callers that have a plain sentence.
    pub fn fact(text: impl Into<String>) -> Self {
        Self::Fact { text: text.into() }
    }

    /// The kind of mitigation, if it starts one.
    pub fn mitigation_kind(&self) -> Option<MitigationKind> {
        match self {
            Self::MitigationStarted { mitigation } => Some(mitigation.kind),
            _ => None,
        }
    }

    /// Gives the entries that this one speaks of their numbers in a journal that was merged.
    pub fn renumber(&mut self, number: &dyn Fn(u64) -> u64) {
        match self {
            Self::Answered { ask: entry, .. }
            | Self::AskExpired { ask: entry }
            | Self::HypothesisEvidence { hypothesis: entry, .. }
            | Self::HypothesisJudged { hypothesis: entry, .. }
            | Self::MitigationApplied { mitigation: entry, .. }
            | Self::MitigationMeasured { mitigation: entry, .. }
            | Self::MitigationExtended { mitigation: entry, .. }
            | Self::MitigationUndone { mitigation: entry, .. }
            | Self::ActionChanged { action: entry, .. }
            | Self::ActionClosed { action: entry }
            | Self::Undone { entry } => *entry = number(*entry),
            Self::Corrected { entry, what, .. } => {
                *entry = number(*entry);
                what.renumber(number);
            }
            _ => {}
        }
    }
}
