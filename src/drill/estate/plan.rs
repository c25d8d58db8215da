//! What is to go wrong in a drill, and what is only to look like it: data that a scenario carries or a seed draws.

use serde::{Deserialize, Serialize};

/// The failure modes that can be injected; the names are those of the catalogue where it has them.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    strum::Display,
    strum::EnumIter,
    strum::EnumString,
    strum::IntoStaticStr,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Mode {
    ExpiredCertificate,
    ExpiredToken,
    SchemaBreak,
    PoisonMessage,
    PartnerThrottling,
    RetryStorm,
    PoolExhaustion,
    TimeoutChain,
    ConsumerLag,
    BrokerBlocked,
    DuplicateDelivery,
    DependencyDown,
    ClockSkew,
    BatchOverrun,
    CacheStampede,
}

/// One fault: what, where, when and how hard.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Strike {
    pub mode: Mode,
    /// One of [`Mode::places`]: the system where the cause lies.
    pub place: String,
    /// From the start of the baseline to the change that brings it.
    pub after_seconds: u32,
    /// 0 (hardly to be seen) to 1 (nothing gets through).
    #[serde(default = "usual_severity")]
    pub severity: f64,
}

/// What looks like the cause and is not.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    strum::Display,
    strum::EnumIter,
    strum::EnumString,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum HerringKind {
    /// A change on a system that has nothing to do with it.
    Deploy,
    /// Warnings that mean nothing.
    NoisyWarning,
    /// A peak of load that the system bears well.
    LoadPeak,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Herring {
    pub kind: HerringKind,
    pub system: String,
    pub after_seconds: u32,
}

/// All of it. The first fault is the incident's cause; others come on top.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Plan {
    pub faults: Vec<Strike>,
    pub herrings: Vec<Herring>,
    /// 1 is the usual traffic.
    pub traffic: f64,
}

impl Default for Plan {
    fn default() -> Self {
        Self { faults: Vec::new(), herrings: Vec::new(), traffic: 1.0 }
    }
}

fn usual_severity() -> f64 {
    0.7
}
