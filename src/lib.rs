//! bridgewatch: the terminal screen that P1/P2 bridge calls are run from.
//!
//! A pure core decides, an impure shell acts. Data goes one way: bytes → telemetry → evidence → flows → suspects →
//! incident → report and screen. In reading order:

/// The shell: event loop, engine thread, collectors, and what each effect does.
pub mod app;
/// The headless commands.
pub mod cli;
/// What the person has decided.
pub mod config;
/// Drills: a simulated estate, scenarios and their scoring.
pub mod drill;
/// All that was pulled, in columns.
pub mod evidence;
/// Events to flows: linking, kinds, expected paths, verdicts, clock skew.
pub mod flows;
/// The record of an incident and everything that follows from it.
pub mod incident;
/// Bytes to telemetry: formats, identifiers, scrubbing, redaction.
pub mod ingest;
/// Where reports and updates go: ITSM, wikis, chats; preview first.
pub mod publish;
/// An incident as Markdown, HTML, JSON and status updates.
pub mod report;
/// Where telemetry comes from: files and backends.
pub mod sources;
/// The journal on disk: SQLite, or PostgreSQL for a team.
pub mod store;
/// What is behind the failure, ranked, with the evidence.
pub mod suspects;
/// The nouns: event, span, series, change, identifier, time, severity.
pub mod telemetry;
/// What the person sees and does: views, keys, themes.
pub mod ui;
