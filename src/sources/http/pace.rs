//! How gently a backend is asked: so many queries a minute, and none while it wants to be left alone.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

const MINUTE: Duration = Duration::from_secs(60);
/// Nothing that a backend says keeps us away for longer.
const LONGEST_REST: Duration = Duration::from_secs(600);

#[derive(Debug)]
pub(super) struct Pace {
    a_minute: usize,
    sent: Mutex<VecDeque<Instant>>,
    rests_until: Mutex<Option<Instant>>,
}

impl Pace {
    pub(super) fn new(a_minute: u32) -> Self {
        Self { a_minute: a_minute as usize, sent: Mutex::default(), rests_until: Mutex::default() }
    }

    /// Waits until another query is within the bound.
    pub(super) async fn turn(&self) {
        while let Some(wait) = self.claim(Instant::now()) {
            tokio::time::sleep(wait).await;
        }
    }

    /// Counts a query, or says how long to wait before it may be sent.
    fn claim(&self, now: Instant) -> Option<Duration> {
        if self.a_minute == 0 {
            return None;
        }
        let mut sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        while sent.front().is_some_and(|first| now.duration_since(*first) >= MINUTE) {
            sent.pop_front();
        }
        match sent.front() {
            Some(first) if sent.len() >= self.a_minute => {
                Some(MINUTE.saturating_sub(now.duration_since(*first)))
            }
            _ => {
                sent.push_back(now);
                None
            }
        }
    }

    /// Nothing is sent for so long.
    pub(super) fn rest(&self, asked: Duration) {
        let until = Instant::now() + asked.min(LONGEST_REST);
        *self.rests_until.lock().unwrap_or_else(PoisonError::into_inner) = Some(until);
    }

    /// How long nothing is sent from now on.
    pub(super) fn rests(&self) -> Option<Duration> {
        let until = *self.rests_until.lock().unwrap_or_else(PoisonError::into_inner);
        until?.checked_duration_since(Instant::now()).filter(|left| !left.is_zero())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beyond_the_bound_a_query_waits_for_the_oldest_to_be_a_minute_old() {
        let pace = Pace::new(2);
        let begin = Instant::now();
        assert_eq!(pace.claim(begin), None);
        assert_eq!(pace.claim(begin + Duration::from_secs(10)), None);
        assert_eq!(pace.claim(begin + Duration::from_secs(20)), Some(Duration::from_secs(40)));
        assert_eq!(pace.claim(begin + MINUTE), None);
        assert_eq!(Pace::new(0).claim(begin), None, "no bound");
    }

    #[test]
    fn a_rest_ends_and_is_never_longer_than_ten_minutes() {
        let pace = Pace::new(0);
        assert_eq!(pace.rests(), None);
        pace.rest(Duration::from_secs(86_400));
        assert!(pace.rests().unwrap() <= LONGEST_REST);
    }
}
