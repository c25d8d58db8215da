//! What is done against the impact: logged with intent, watched by a signal, undone when it is no longer needed.

use super::Assessment;
use crate::telemetry::{Nanos, Time};
use serde::{Deserialize, Serialize};

/// What kind of measure.
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
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum MitigationKind {
    Throttle,
    Failover,
    FeatureFlag,
    QueueBuffering,
    #[default]
    Rollback,
    Restart,
    Scale,
    Replay,
    Block,
    Degrade,
    Other,
}

/// What was planned when it was started.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Plan {
    pub kind: MitigationKind,
    /// The system, flag or queue that it acts on.
    pub target: String,
    pub intent: String,
    pub expected: String,
    /// The signal that should get better: `failing flows`, or `system metric`.
    pub watch: String,
    /// Signals that must not get worse.
    pub guards: Vec<String>,
    pub risk: String,
    pub undo: String,
    pub owner: String,
    pub approver: String,
    /// When somebody must look whether it is still needed.
    pub expires: Option<Time>,
}

/// A mitigation as the record has it.
#[derive(Clone, Debug, PartialEq)]
pub struct Mitigation {
    /// The entry that started or proposed it.
    pub entry: u64,
    /// When it was applied; when it was proposed, while it is only that.
    pub started: Time,
    pub plan: Plan,
    pub state: MitigationState,
    /// The last effect that was recorded, in words.
    pub measured: Option<String>,
    /// The figures of that.
    pub effect: Option<Box<Assessment>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MitigationState {
    Proposed,
    InForce,
    Undone(Time),
}

impl Mitigation {
    pub(super) fn new(entry: u64, started: Time, plan: Plan) -> Self {
        Self { entry, started, plan, state: MitigationState::InForce, measured: None, effect: None }
    }

    pub fn is_in_force(&self) -> bool {
        self.state == MitigationState::InForce
    }

    /// Whether somebody should have looked at it by now.
    pub fn is_expired(&self, now: Time) -> bool {
        self.is_in_force() && self.plan.expires.is_some_and(|expires| expires <= now)
    }
}

impl MitigationKind {
    /// Time that such a measure usually needs until it acts; what is measured in it says nothing.
    pub fn usual_ramp(self) -> Nanos {
        Nanos::seconds(match self {
            Self::FeatureFlag | Self::Throttle | Self::Block | Self::Degrade => 30,
            Self::Failover | Self::QueueBuffering | Self::Other => 60,
            Self::Restart | Self::Rollback => 120,
            Self::Scale | Self::Replay => 180,
        })
    }

    /// What usually undoes it.
    pub fn usual_undo(self) -> &'static str {
        match self {
            Self::Throttle => "raise the limit again step by step",
            Self::Failover => "fail back once the primary is verified",
            Self::FeatureFlag => "set the flag back",
            Self::QueueBuffering => "resume the consumer and watch the backlog drain",
            Self::Rollback => "roll forward with the fix",
            Self::Restart | Self::Replay => "nothing to undo",
            Self::Scale => "scale back after the peak",
            Self::Block => "lift the block",
            Self::Degrade => "restore full function",
            Self::Other => "say how",
        }
    }
}
