//! Evidence that is kept with an entry, so that a claim stands after the logs are gone.

use super::entry::hex;
use crate::telemetry::{Nanos, Time, Window};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// A snapshot of telemetry, with what is needed to find or doubt it again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pin {
    pub kind: PinKind,
    /// One sentence that says what it shows.
    pub says: String,
    /// Where it came from: a file and offset, or a backend.
    pub source: String,
    /// The query or the filter that shows it again.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub query: String,
    pub window: Option<Window>,
    /// How far the clocks of systems were corrected when it was captured.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub skew: Vec<(String, Nanos)>,
    pub captured: Time,
    /// The lines, spans or samples themselves, redacted.
    pub content: Vec<String>,
    /// SHA-256 of the content, in hex.
    pub digest: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PinKind {
    Events,
    Spans,
    Flow,
    Series,
    Change,
    Suspect,
    #[serde(other)]
    Other,
}

impl Pin {
    pub fn new(
        kind: PinKind,
        says: String,
        source: String,
        window: Option<Window>,
        captured: Time,
        content: Vec<String>,
    ) -> Self {
        let digest = digest(&content);
        Self { kind, says, source, query: String::new(), window, skew: Vec::new(), captured, content, digest }
    }

    /// What to ask to see it again.
    #[must_use]
    pub fn asked(mut self, query: impl Into<String>) -> Self {
        self.query = query.into();
        self
    }

    /// The corrections of clocks that its times rest on.
    #[must_use]
    pub fn skewed(mut self, skew: Vec<(String, Nanos)>) -> Self {
        self.skew = skew;
        self
    }

    /// Whether the content is what was pinned.
    pub fn is_intact(&self) -> bool {
        digest(&self.content) == self.digest
    }
}

fn digest(content: &[String]) -> String {
    hex(&Sha256::digest(content.join("\n").as_bytes()))
}
