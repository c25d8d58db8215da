//! The clock of the session: this machine's; in a demo one that runs on from the scenario's last event; in a drill the
//! simulated estate's, as fast as the drill is run, and standing while it is paused.

use crate::drill::Pace;
use crate::telemetry::{Nanos, Time};
use std::sync::{Arc, PoisonError, RwLock};

/// How the session's time follows from this machine's.
#[derive(Clone, Debug, Default)]
pub(super) struct Clock {
    shift: Nanos,
    /// Shared with the thread that runs the drill, which alone sets it.
    drill: Option<Arc<RwLock<Pace>>>,
}

impl Clock {
    pub(super) fn now(&self) -> Time {
        match &self.drill {
            Some(pace) => pace.read().unwrap_or_else(PoisonError::into_inner).time(super::now()),
            None => super::now() - self.shift,
        }
    }

    /// From now on it is `time`.
    pub(super) fn starting_at(time: Time) -> Self {
        Self { shift: super::now() - time, drill: None }
    }

    /// The clock of a drill that goes at this pace.
    pub(super) fn of_drill(pace: Pace) -> Self {
        Self { shift: Nanos::ZERO, drill: Some(Arc::new(RwLock::new(pace))) }
    }

    /// From now on a drill goes at this pace; other clocks have none.
    pub(super) fn set_pace(&self, pace: Pace) {
        if let Some(shared) = &self.drill {
            *shared.write().unwrap_or_else(PoisonError::into_inner) = pace;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drills_clock_is_shared_runs_at_its_pace_and_stands_while_paused() {
        let begin = Time::from_seconds(1_000);
        let clock = Clock::of_drill(Pace { wall: super::super::now(), at: begin, speed: 0.0 });
        let other = clock.clone();
        assert_eq!(other.now(), begin);
        let earlier = super::super::now() - Nanos::seconds(6);
        clock.set_pace(Pace { wall: earlier, at: begin, speed: 10.0 });
        assert!(other.now() - begin >= Nanos::seconds(60));
    }
}
