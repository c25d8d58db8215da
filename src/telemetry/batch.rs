//! What ingest and live sources hand on: many events at a glance, whole events, samples, changes, and what was unread.

use super::{
    Change, Event, EventKind, HexStyle, Identifier, IdentifierClass, IdentifierKey, Nanos, Origin, Series,
    Severity, SpanInfo, Time, Window,
};
use std::sync::Arc;

/// Events at a glance: what the index needs of each, in columns of equal length; no text but of patterns new to it.
///
/// Made by ingest from one stretch of one file at the speed of the disk. The rest of an event is read again from its
/// origin when somebody looks at it.
#[derive(Clone, Debug, Default)]
pub struct Glances {
    pub time: Vec<Time>,
    pub origin: Vec<Origin>,
    /// Index into [`Glances::stations`].
    pub station: Vec<u32>,
    pub severity: Vec<Severity>,
    /// 0 when unknown.
    pub duration_us: Vec<u32>,
    /// Identifiers by row, rows ascending, as index into [`Glances::keys`]; the first of a row is the one it is filed under.
    pub identifiers: Vec<(u32, u32)>,
    /// Each identifier once, however many rows have it.
    pub keys: Vec<KeyGlance>,
    /// Spans, and the spans that log records were written under, by row, rows ascending.
    pub spans: Vec<(u32, SpanInfo)>,
    /// What events say of their system, kind, message and operation, each once.
    pub stations: Vec<StationGlance>,
    pub system_names: Vec<String>,
    /// Whom calls are to, as the callers' spans name them.
    pub peer_names: Vec<String>,
    /// Fingerprints of masked messages and operations, each once; the first is 0, for none.
    pub texts: Vec<u64>,
    /// The text behind each fingerprint that the scanner had not met before.
    pub new_texts: Vec<NewText>,
    /// How identifiers are written that are not 128-bit hex, by index into [`Glances::keys`].
    pub spellings: Vec<(u32, String)>,
    pub issues: Vec<Issue>,
    /// Lines read, blank ones too.
    pub lines: u64,
    pub bytes: u64,
}

/// What many events of a batch have in common.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StationGlance {
    /// Index into [`Glances::system_names`].
    pub system: u16,
    pub kind: EventKind,
    /// The message with its variable parts masked, as index into [`Glances::texts`].
    pub shape: u32,
    /// The operation, likewise.
    pub operation: u32,
    /// Whom a call is to, as index into [`Glances::peer_names`].
    pub peer: Option<u16>,
}

/// One identifier of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyGlance {
    pub key: IdentifierKey,
    /// The most trusted class that it stood under.
    pub class: IdentifierClass,
    pub style: HexStyle,
}

/// The masked message or the operation behind a fingerprint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewText {
    pub fingerprint: u64,
    pub text: String,
}

impl Glances {
    /// Empties the batch and keeps its memory.
    pub fn clear(&mut self) {
        let Self {
            time,
            origin,
            station,
            severity,
            duration_us,
            identifiers,
            keys,
            spans,
            stations,
            system_names,
            peer_names,
            texts,
            new_texts,
            spellings,
            issues,
            lines,
            bytes,
        } = self;
        time.clear();
        origin.clear();
        station.clear();
        severity.clear();
        duration_us.clear();
        identifiers.clear();
        keys.clear();
        spans.clear();
        stations.clear();
        system_names.clear();
        peer_names.clear();
        texts.clear();
        new_texts.clear();
        spellings.clear();
        issues.clear();
        (*lines, *bytes) = (0, 0);
    }
}

/// A page of evidence from a source, and what in it could not be read.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    pub events: Vec<Event>,
    pub series: Vec<Series>,
    pub changes: Vec<Change>,
    /// Known calls between systems: (caller, callee).
    pub topology: Vec<(String, String)>,
    /// What the backend counted instead of giving it.
    pub tallies: Vec<Tally>,
    /// The query that gave it, as a command that a person can run; empty where there is none.
    pub command: Arc<str>,
    pub completeness: Completeness,
    pub issues: Vec<Issue>,
}

/// What a backend counted itself: the events of one system that carry the same identifiers. Tallies of one window's parts
/// add up to the window's.
#[derive(Clone, Debug, PartialEq)]
pub struct Tally {
    pub identifiers: Vec<Identifier>,
    pub system: String,
    pub first: Time,
    pub last: Time,
    pub events: u32,
    pub errors: u32,
}

/// Something that could not be read: where, and what was expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issue {
    /// Byte offset in the file, or position in the page.
    pub offset: u64,
    /// 1-based; 0 when not counted.
    pub line: u64,
    pub reason: String,
}

/// Whether an answer is all there is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Completeness {
    Full,
    Partial(Vec<String>),
    #[default]
    Unknown,
}

/// What a live source is asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    pub window: Window,
    pub wanted: Wanted,
    pub limit: usize,
    /// The person's patience; the source gives up by then.
    pub deadline: Nanos,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Wanted {
    /// Every metric that the configuration names, in steps no finer than this.
    Metrics {
        step: Nanos,
    },
    /// Logs and spans of all systems.
    Events,
    /// Everything that carries one of these identifiers.
    Identifiers(Vec<Identifier>),
    /// Events counted by their identifiers and systems, for windows that hold too many to be given.
    Tallies,
    Changes,
    Alerts,
}
