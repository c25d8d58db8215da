//! The clock of the session: this machine's, or in a demo one that runs on from the scenario's last event.

use crate::telemetry::{Nanos, Time};

/// How far the session's time is from this machine's.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Clock {
    shift: Nanos,
}

impl Clock {
    pub(super) fn now(self) -> Time {
        super::now() - self.shift
    }

    /// From now on it is `time`.
    pub(super) fn starting_at(time: Time) -> Self {
        Self { shift: super::now() - time }
    }
}
