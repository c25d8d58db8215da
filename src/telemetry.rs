//! The nouns: what can be observed of a system, as plain data. No I/O, no clock, no decisions.

mod batch;
mod change;
mod event;
mod health;
mod identifier;
mod series;
mod severity;
mod time;

pub use batch::{
    Batch, Completeness, Glances, Issue, KeyGlance, NewText, Query, StationGlance, Tally, Wanted,
};
pub use change::{Change, ChangeKind};
pub use event::{Event, EventKind, Origin, SourceRef, SpanInfo, SpanKind};
pub use health::{Reach, Signal, SourceHealth};
pub use identifier::{HexStyle, Identifier, IdentifierClass, IdentifierKey};
pub use series::{Exemplar, Sample, Series, SeriesClass};
pub use severity::Severity;
pub use time::{Nanos, Time, Window, Zone};
