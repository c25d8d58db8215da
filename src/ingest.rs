//! Bytes to telemetry: format detection, one file a format, identifiers, scrubbing and redaction. Pure; never fails:
//! what cannot be read becomes an issue, and one unreadable line never hides the others.

mod detect;
mod formats;
mod identify;
mod live;
mod peer;
mod plan;
mod record;
mod redact;
mod scanner;
mod scrub;
mod settings;
mod shape;
mod stamp;

pub use detect::detect;
pub use formats::UserFormat;
pub use identify::{Finder, IdentifierRule, identifier_key, is_known_key, possible_keys};
pub use live::glance_events;
pub use plan::Plan;
pub use record::{FieldNames, Reader, Record, flatten, trace_text};
pub use redact::{RedactionRule, Redactor};
pub use scanner::Scanner;
pub use scrub::{scrub, scrub_text};
pub use settings::{IngestConfig, RedactionConfig, Settings, SystemConfig};
