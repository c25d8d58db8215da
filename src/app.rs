//! The shell: the only place where messages, the terminal and the outside world meet.

use crate::telemetry::Time;

/// The time of this machine's clock; nothing else reads it.
#[expect(clippy::disallowed_methods, reason = "the one place that may")]
pub fn now() -> Time {
    Time::from(chrono::Utc::now())
}
