//! Changes: everything that people or automation did to the estate, in one ledger.

use super::{SourceRef, Time};
use serde::{Deserialize, Serialize};

/// What kind of change; the order is how often such a change is behind an incident, most often first.
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
    strum::IntoStaticStr,
    strum::Display,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum ChangeKind {
    Deploy,
    Config,
    Flag,
    Schema,
    Certificate,
    Infrastructure,
    PartnerNotice,
    Scale,
    Commit,
    Other,
}

/// One change. `system` is `None` where the source does not say whom it touched.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// The source's own name for it; made from time, system and text where it has none.
    pub id: String,
    pub time: Time,
    pub system: Option<String>,
    pub kind: ChangeKind,
    pub text: String,
    pub source: SourceRef,
}

impl ChangeKind {
    /// Reads the words that ledgers use; unknown ones are [`ChangeKind::Other`].
    pub fn from_word(word: &str) -> Self {
        match word.to_ascii_lowercase().replace(['_', ' '], "-").as_str() {
            "deploy" | "deployment" | "release" | "rollout" => Self::Deploy,
            "config" | "configuration" | "configmap" | "setting" => Self::Config,
            "flag" | "feature-flag" | "toggle" => Self::Flag,
            "schema" | "migration" => Self::Schema,
            "certificate" | "cert" | "tls" | "secret" => Self::Certificate,
            "infrastructure" | "infra" | "network" | "node" | "dns" => Self::Infrastructure,
            "partner-notice" | "partner" | "notice" => Self::PartnerNotice,
            "scale" | "scaling" | "autoscale" => Self::Scale,
            "commit" => Self::Commit,
            _ => Self::Other,
        }
    }
}
