//! Instants, lengths of time and windows, all in nanoseconds and UTC.

use chrono::{DateTime, FixedOffset, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};
use std::fmt;

/// An instant: nanoseconds since 1970-01-01T00:00:00Z (so 1677 to 2262).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(pub i64);

/// A signed length of time in nanoseconds.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(transparent)]
pub struct Nanos(pub i64);

/// A half-open stretch of time: `from` belongs to it, `to` does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    pub from: Time,
    pub to: Time,
}

/// The offset from UTC that a system's clock is printed in, and whether anybody said so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Zone {
    pub offset_seconds: i32,
    /// Neither the line nor the configuration names a zone: UTC was assumed.
    pub assumed: bool,
}

impl Time {
    pub const MIN: Self = Self(i64::MIN);
    pub const MAX: Self = Self(i64::MAX);

    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1_000_000_000))
    }

    pub const fn from_millis(millis: i64) -> Self {
        Self(millis.saturating_mul(1_000_000))
    }

    /// Reads RFC 3339; `None` for anything else or outside 1677..2262.
    pub fn parse(text: &str) -> Option<Self> {
        DateTime::parse_from_rfc3339(text).ok()?.timestamp_nanos_opt().map(Self)
    }

    pub fn utc(self) -> DateTime<Utc> {
        DateTime::from_timestamp_nanos(self.0)
    }

    /// As a write-up says it: `2026-03-10 09:00:12 UTC`.
    pub fn to_the_second(self) -> String {
        self.utc().format("%Y-%m-%d %H:%M:%S UTC").to_string()
    }

    /// The same instant on a clock that is `offset_seconds` ahead of UTC.
    pub fn at_offset(self, offset_seconds: i32) -> DateTime<FixedOffset> {
        let zone = FixedOffset::east_opt(offset_seconds)
            .unwrap_or_else(|| FixedOffset::east_opt(0).expect("zero is a valid offset"));
        self.utc().with_timezone(&zone)
    }

    pub fn rfc3339(self) -> String {
        self.utc().to_rfc3339_opts(SecondsFormat::Nanos, true)
    }
}

impl From<DateTime<Utc>> for Time {
    fn from(time: DateTime<Utc>) -> Self {
        Self(time.timestamp_nanos_opt().unwrap_or(if time.timestamp() < 0 { i64::MIN } else { i64::MAX }))
    }
}

/// RFC 3339 in UTC with nanoseconds, as in all of our JSON.
impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(&self.rfc3339())
    }
}

impl Serialize for Time {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.rfc3339())
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| {
            serde::de::Error::custom(format!("`{text}` is not an RFC 3339 time such as 2026-03-14T09:26:53Z"))
        })
    }
}

impl std::ops::Sub for Time {
    type Output = Nanos;
    fn sub(self, earlier: Self) -> Nanos {
        Nanos(self.0.saturating_sub(earlier.0))
    }
}

impl std::ops::Add<Nanos> for Time {
    type Output = Self;
    fn add(self, length: Nanos) -> Self {
        Self(self.0.saturating_add(length.0))
    }
}

impl std::ops::Sub<Nanos> for Time {
    type Output = Self;
    fn sub(self, length: Nanos) -> Self {
        Self(self.0.saturating_sub(length.0))
    }
}

impl Nanos {
    pub const ZERO: Self = Self(0);

    pub const fn seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1_000_000_000))
    }

    pub const fn millis(millis: i64) -> Self {
        Self(millis.saturating_mul(1_000_000))
    }

    pub fn as_seconds(self) -> f64 {
        self.0 as f64 / 1e9
    }
}

/// As people say it: `840 µs`, `12 ms`, `1.8 s`, `3 min 12 s`, `2 h 05 min`, `3 d 4 h`.
/// As people say it; `{:#}` is for columns: `1m 00s`.
impl fmt::Display for Nanos {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let nanos = self.0.unsigned_abs();
        let seconds = nanos / 1_000_000_000;
        let text = match nanos {
            0 => "0 s".to_owned(),
            1..1_000 => format!("{nanos} ns"),
            1_000..1_000_000 => format!("{} µs", nanos / 1_000),
            1_000_000..1_000_000_000 => format!("{} ms", nanos / 1_000_000),
            1_000_000_000..60_000_000_000 => format!("{:.1} s", nanos as f64 / 1e9),
            _ if f.alternate() && seconds < 3_600 => format!("{}m {:02}s", seconds / 60, seconds % 60),
            _ if f.alternate() && seconds < 86_400 => {
                format!("{}h {:02}m", seconds / 3_600, seconds / 60 % 60)
            }
            _ if f.alternate() => format!("{}d {:02}h", seconds / 86_400, seconds / 3_600 % 24),
            _ if seconds < 3_600 => format!("{} min {:02} s", seconds / 60, seconds % 60),
            _ if seconds < 86_400 => format!("{} h {:02} min", seconds / 3_600, seconds / 60 % 60),
            _ => format!("{} d {} h", seconds / 86_400, seconds / 3_600 % 24),
        };
        f.pad(&format!("{sign}{text}"))
    }
}

impl Window {
    pub const ALL: Self = Self { from: Time::MIN, to: Time::MAX };

    pub fn contains(self, time: Time) -> bool {
        self.from <= time && time < self.to
    }

    pub fn length(self) -> Nanos {
        self.to - self.from
    }
}

impl Zone {
    pub const UTC: Self = Self { offset_seconds: 0, assumed: false };
    pub const ASSUMED_UTC: Self = Self { offset_seconds: 0, assumed: true };

    /// Reads `+01:00`, `-0530`, `Z` or `UTC`, as the configuration has it.
    pub fn parse(text: &str) -> Option<Self> {
        if matches!(text, "Z" | "z" | "UTC" | "utc") {
            return Some(Self::UTC);
        }
        let (sign, rest) = match text.split_at_checked(1)? {
            ("+", rest) => (1, rest),
            ("-", rest) => (-1, rest),
            _ => return None,
        };
        let digits: String = rest.chars().filter(|c| *c != ':').collect();
        if digits.len() != 4 || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let (hours, minutes) = (digits[..2].parse::<i32>().ok()?, digits[2..].parse::<i32>().ok()?);
        (hours < 15 && minutes < 60)
            .then_some(Self { offset_seconds: sign * (hours * 3_600 + minutes * 60), assumed: false })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_known_instant_survives_the_round_trip() {
        let time = Time::parse("2026-03-14T10:26:53.589+01:00").unwrap();
        assert_eq!(time, Time(1_773_480_413_589_000_000));
        assert_eq!(time.to_string(), "2026-03-14T09:26:53.589000000Z");
    }

    #[test]
    fn lengths_read_as_people_say_them() {
        assert_eq!(format!("{:>#8}|{:#}", Nanos::seconds(60), Nanos::seconds(90_000)), "  1m 00s|1d 01h");
        let said: Vec<String> =
            [840_000, 12_000_000, 1_800_000_000, 192_000_000_000, 7_500_000_000_000, -95_000_000]
                .map(|nanos| Nanos(nanos).to_string())
                .into();
        assert_eq!(said, ["840 µs", "12 ms", "1.8 s", "3 min 12 s", "2 h 05 min", "-95 ms"]);
    }

    #[test]
    fn zones_are_read_as_the_configuration_writes_them() {
        assert_eq!(Zone::parse("+01:00").unwrap().offset_seconds, 3_600);
        assert_eq!(Zone::parse("-0530").unwrap().offset_seconds, -19_800);
        assert_eq!(Zone::parse("Z"), Some(Zone::UTC));
        assert_eq!(Zone::parse("Berlin"), None);
    }
}
