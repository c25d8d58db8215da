//! How long to wait before trying again: full jitter, and what the backend asked for.

use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};
use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, SystemTime};

const BASE: Duration = Duration::from_millis(500);
const CAP: Duration = Duration::from_secs(20);

/// The wait before the next try: at least what was asked for, else anything up to a bound that doubles.
pub(super) fn wait(attempt: u32, retry_after: Option<Duration>) -> Duration {
    let bound = BASE.saturating_mul(1 << attempt.min(10)).min(CAP);
    match retry_after {
        Some(asked) => asked + BASE.mul_f64(random()),
        None => bound.mul_f64(random()),
    }
}

/// Reads `Retry-After`, as seconds or as a date that the answer's own `Date` is compared with, or a vendor's word.
pub(super) fn after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name: &str| headers.get(name)?.to_str().ok();
    let Some(asked) = text(RETRY_AFTER.as_str()).map(str::trim) else {
        let reset = ["x-ratelimit-reset", "ratelimit-reset"].into_iter().find_map(text)?;
        return until_reset(reset.trim(), SystemTime::now());
    };
    if let Ok(seconds) = asked.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let until = date(asked)?;
    let now = text(DATE.as_str()).and_then(date).unwrap_or_else(SystemTime::now);
    Some(until.duration_since(now).unwrap_or_default())
}

/// Seconds to wait, or the instant in seconds, milliseconds or microseconds: vendors differ, magnitudes tell.
fn until_reset(text: &str, now: SystemTime) -> Option<Duration> {
    let number: u64 = text.parse().ok()?;
    let instant = match number {
        0..1_000_000 => return Some(Duration::from_secs(number)),
        1_000_000..100_000_000_000 => Duration::from_secs(number),
        100_000_000_000..100_000_000_000_000 => Duration::from_millis(number),
        _ => Duration::from_micros(number),
    };
    let until = SystemTime::UNIX_EPOCH.checked_add(instant)?;
    Some(until.duration_since(now).unwrap_or_default())
}

/// An HTTP date: `Sat, 14 Mar 2026 09:26:53 GMT`.
fn date(text: &str) -> Option<SystemTime> {
    chrono::DateTime::parse_from_rfc2822(text).ok().map(SystemTime::from)
}

/// A number in 0..1; good enough to keep clients out of step.
fn random() -> f64 {
    (RandomState::new().hash_one(0) >> 11) as f64 / (1u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_read_as_seconds_and_as_a_date() {
        let mut headers = HeaderMap::new();
        assert_eq!(after(&headers), None);
        headers.insert(RETRY_AFTER, "2".parse().unwrap());
        assert_eq!(after(&headers), Some(Duration::from_secs(2)));
        headers.insert(DATE, "Sat, 14 Mar 2026 09:26:53 GMT".parse().unwrap());
        headers.insert(RETRY_AFTER, "Sat, 14 Mar 2026 09:27:00 GMT".parse().unwrap());
        assert_eq!(after(&headers), Some(Duration::from_secs(7)));
        headers.insert(RETRY_AFTER, "soon".parse().unwrap());
        assert_eq!(after(&headers), None);
    }

    #[test]
    fn vendors_say_when_the_limit_ends_in_seconds_or_as_an_instant() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_773_480_413);
        for (text, seconds) in
            [("12", 12), ("1773480420", 7), ("1773480420000", 7), ("1773480420000000", 7), ("1773480000", 0)]
        {
            assert_eq!(until_reset(text, now), Some(Duration::from_secs(seconds)), "{text}");
        }
        assert_eq!(until_reset("soon", now), None);
    }

    #[test]
    fn a_wait_keeps_its_bounds() {
        for attempt in 1..40 {
            assert!(wait(attempt, None) <= CAP);
            let asked = wait(attempt, Some(Duration::from_secs(3)));
            assert!(Duration::from_secs(3) <= asked && asked <= Duration::from_millis(3_500), "{asked:?}");
        }
    }
}
