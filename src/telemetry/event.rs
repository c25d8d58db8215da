//! An event in full, as it is shown and as a live backend hands it over.

use super::{Identifier, Nanos, Severity, Time};
use serde::{Deserialize, Serialize};

/// What kind of thing happened.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    strum::IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[repr(u8)]
pub enum EventKind {
    #[default]
    Log,
    Span,
    Change,
    Alert,
}

/// One thing that happened at one time in one system, with everything that its source says of it.
///
/// Texts are scrubbed: no terminal escapes, no bidi overrides, no control characters but newline and tab, and
/// redacted by the rules in force.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    pub time: Time,
    pub system: String,
    pub kind: EventKind,
    pub severity: Severity,
    /// What was being done: a route, a span's name, a job; normalised so that equal operations are equal.
    pub operation: Option<String>,
    pub body: String,
    pub duration: Option<Nanos>,
    pub attributes: Vec<(String, String)>,
    pub identifiers: Vec<Identifier>,
    pub span: Option<SpanInfo>,
    pub source: SourceRef,
}

/// What a span says beyond an event, and which span a log record was written under.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SpanInfo {
    /// This span, or for a log record the span that it was written under.
    pub id: u64,
    /// 0 for a root or when unknown.
    pub parent: u64,
    pub kind: SpanKind,
    pub failed: bool,
}

/// OpenTelemetry's span kinds, by its numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
#[repr(u8)]
pub enum SpanKind {
    #[default]
    Unset,
    Internal,
    Server,
    Client,
    Producer,
    Consumer,
}

/// Where an event came from, for a person: a place in a file, or a backend and a link into it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum SourceRef {
    File { path: String, offset: u64 },
    Backend { backend: String, url: String },
}

impl std::fmt::Display for SourceRef {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        match self {
            Self::File { path, offset } => write!(f, "{path} at byte {offset}"),
            Self::Backend { backend, url } => write!(f, "{backend} {url}"),
        }
    }
}

/// Where an event came from, for the program: eight bytes that lead back to the raw text.
///
/// The upper 16 bits number the file or page, the lower 48 are the byte offset, or the position in the page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin(pub u64);

impl Origin {
    pub fn new(file: u16, offset: u64) -> Self {
        Self(u64::from(file) << 48 | (offset & 0xffff_ffff_ffff))
    }

    pub fn file(self) -> u16 {
        (self.0 >> 48) as u16
    }

    pub fn offset(self) -> u64 {
        self.0 & 0xffff_ffff_ffff
    }
}
