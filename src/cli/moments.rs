//! Times as people type them. Pure: now comes in as a value.

use crate::telemetry::{Nanos, Time, Window};
use chrono::{NaiveDate, NaiveDateTime};

/// Reads a time: RFC 3339, a date with or without time of day in UTC, seconds since 1970, or how long ago.
pub(super) fn moment(text: &str, now: Time) -> Result<Time, String> {
    let text = text.trim();
    if let Some(time) = Time::parse(text) {
        return Ok(time);
    }
    if text == "now" {
        return Ok(now);
    }
    let plain = text.trim_end_matches('Z').trim_end_matches(" UTC").replace('T', " ");
    for pattern in ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M"] {
        if let Ok(time) = NaiveDateTime::parse_from_str(&plain, pattern) {
            return Ok(Time::from(time.and_utc()));
        }
    }
    if let Ok(date) = NaiveDate::parse_from_str(&plain, "%Y-%m-%d") {
        return Ok(Time::from(date.and_hms_opt(0, 0, 0).expect("midnight exists").and_utc()));
    }
    if text.len() >= 9
        && let Ok(seconds) = text.parse::<i64>()
    {
        return Ok(Time::from_seconds(seconds));
    }
    let ago = text.trim_end_matches("ago").trim().trim_start_matches('-');
    length(ago).map(|length| now - length).ok_or_else(|| {
        format!("`{text}` is no time such as 2026-03-14T09:26:53Z, \"2026-03-14 09:26\" or 30m (ago)")
    })
}

/// Reads a stretch of time: two times with a slash between.
pub(super) fn window(text: &str, now: Time) -> Result<Window, String> {
    let (from, to) = text
        .split_once('/')
        .ok_or_else(|| format!("`{text}` is not FROM/TO: write two times with a slash between"))?;
    let window = Window { from: moment(from, now)?, to: moment(to, now)? };
    if window.to <= window.from {
        return Err(format!("`{text}` ends before it begins"));
    }
    Ok(window)
}

/// Reads `90s`, `30m`, `2h` or `1d`, and sums such as `1h30m`.
fn length(text: &str) -> Option<Nanos> {
    let mut total = 0i64;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let count: i64 = rest[..digits].parse().ok()?;
        let unit = rest[digits..].chars().next()?;
        let seconds = match unit {
            's' => 1,
            'm' => 60,
            'h' => 3_600,
            'd' => 86_400,
            'w' => 604_800,
            _ => return None,
        };
        total = total.checked_add(count.checked_mul(seconds)?)?;
        rest = &rest[digits + 1..];
    }
    (total > 0).then(|| Nanos::seconds(total))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> String {
        let now = Time::parse("2026-03-14T12:00:00Z").unwrap();
        moment(text, now).map_or_else(|error| error, |time| time.to_string())
    }

    #[test]
    fn times_are_read_as_people_type_them() {
        assert_eq!(read("2026-03-14T10:26:53.589+01:00"), "2026-03-14T09:26:53.589000000Z");
        assert_eq!(read("2026-03-14 09:26"), "2026-03-14T09:26:00.000000000Z");
        assert_eq!(read("2026-03-14"), "2026-03-14T00:00:00.000000000Z");
        assert_eq!(read("1773480413"), "2026-03-14T09:26:53.000000000Z");
        assert_eq!(read("30m"), "2026-03-14T11:30:00.000000000Z");
        assert_eq!(read("1h30m ago"), "2026-03-14T10:30:00.000000000Z");
        assert!(read("yesterday").starts_with("`yesterday` is no time such as"));
    }

    #[test]
    fn a_window_must_run_forwards() {
        let now = Time(0);
        assert!(window("2026-03-14T09:00:00Z/2026-03-14T10:00:00Z", now).is_ok());
        assert!(
            window("2026-03-14T10:00:00Z/2026-03-14T09:00:00Z", now).unwrap_err().contains("ends before")
        );
        assert!(window("2026-03-14T10:00:00Z", now).unwrap_err().contains("FROM/TO"));
    }
}
