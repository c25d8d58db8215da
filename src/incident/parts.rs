//! What an incident is made of besides its times: phase, roles, asks, hypotheses, decisions, lines of the record.

use super::HypothesisVerdict;
use crate::telemetry::{Nanos, Time};
use serde::{Deserialize, Serialize};

/// Where the incident stands.
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
    strum::EnumIter,
    strum::EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Phase {
    #[default]
    Detected,
    Triaging,
    Mitigating,
    Monitoring,
    Resolved,
    Reviewed,
}

/// Who does what on the bridge.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    strum::Display,
    strum::EnumIter,
    strum::EnumString,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Role {
    IncidentCommander,
    Deputy,
    Scribe,
    CommunicationsLead,
    Liaison,
    SubjectMatterExpert,
}

impl Role {
    /// Whether several people can have it at once.
    pub fn is_shared(self) -> bool {
        matches!(self, Self::Liaison | Self::SubjectMatterExpert)
    }
}

/// How exactly the times of an incident are known: each lies within so much of what is said, before or after.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Margins {
    pub impact_began: Nanos,
    pub declared: Nanos,
    pub acknowledged: Nanos,
    pub impact_ended: Nanos,
    pub resolved: Nanos,
}

impl Margins {
    /// What people say from memory, such as `10:41` or seven minutes ago, is known to the minute.
    pub const SAID: Nanos = Nanos::seconds(30);
    /// What was recorded as it happened is known to the second.
    const SEEN: Nanos = Nanos::seconds(1);
    /// Who records something later than this dates it back.
    const AT_ONCE: Nanos = Nanos::seconds(5);

    /// How exactly the time of an entry is known.
    pub(super) fn of_entry(happened: Time, recorded: Time) -> Nanos {
        if recorded - happened > Self::AT_ONCE { Self::SAID } else { Self::SEEN }
    }
}

/// A question put to somebody, with a time to answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Ask {
    pub entry: u64,
    pub who: String,
    pub question: String,
    pub asked: Time,
    pub due: Time,
    pub answer: Option<String>,
    /// It is no longer waited for.
    pub is_expired: bool,
}

/// A hypothesis and what became of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Hypothesis {
    pub entry: u64,
    pub text: String,
    pub owner: String,
    /// The cheapest test that would tell.
    pub next_test: String,
    /// (speaks for it, what), in the order in which it came.
    pub evidence: Vec<(bool, String)>,
    pub judged: Option<(HypothesisVerdict, String)>,
}

/// What was decided, and what was said against it.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    pub entry: u64,
    pub time: Time,
    pub text: String,
    pub options: Vec<String>,
    pub objections: Vec<String>,
    pub decider: String,
}

/// A role that changed hands.
#[derive(Clone, Debug, PartialEq)]
pub struct HandOver {
    pub time: Time,
    pub role: Role,
    pub from: Option<String>,
    pub to: String,
    pub note: String,
}

/// Something that was published, as its receipt says.
#[derive(Clone, Debug, PartialEq)]
pub struct Published {
    pub time: Time,
    pub target: String,
    pub url: String,
    /// What the target calls it; empty where it says nothing.
    pub id: String,
    /// Names the content.
    pub digest: String,
}

/// One line of the record as it is shown.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    pub entry: u64,
    pub happened: Time,
    pub recorded: Time,
    pub author: String,
    pub label: &'static str,
    pub text: String,
    pub pins: usize,
    /// A later entry took it back.
    pub is_undone: bool,
    /// A later entry says it anew; `text` is what that one says.
    pub corrected_by: Option<u64>,
}
