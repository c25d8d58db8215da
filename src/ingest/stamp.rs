//! Time stamps in all the spellings of the field, read from bytes without a string in between.

use crate::telemetry::{Time, Zone};

/// A spelling of instants that a file keeps to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stamp {
    /// `2026-03-14T09:26:53.589Z`, also with a space for `T`, a comma for the dot, `/` for `-`, and any or no zone.
    Iso,
    /// `14/Mar/2026:09:26:53 +0000`
    Clf,
    /// `Mar 14 09:26:53`: no year and no zone.
    Syslog,
    /// `20260314|092653.589` or `20260314092653`, with one or no separator.
    Compact,
    /// Seconds, milliseconds, microseconds or nanoseconds since 1970, told apart by magnitude; a fraction is allowed.
    Epoch,
    /// `Mar 14, 2026 9:26:53 AM`
    American,
}

/// Reads stamps of one file; remembers the last date, since neighbours share it.
#[derive(Clone, Debug)]
pub struct Clock {
    zone: Zone,
    date: [u8; 10],
    midnight: i64,
    /// The year that syslog stamps lack.
    year: i64,
}

const SECOND: i64 = 1_000_000_000;

impl Clock {
    pub fn new(zone: Zone, year: i64) -> Self {
        Self { zone, date: [0; 10], midnight: 0, year }
    }

    /// The instant at the start of `text`, and how many bytes it takes.
    #[inline]
    pub fn read(&mut self, stamp: Stamp, text: &[u8]) -> Option<(Time, usize)> {
        match stamp {
            Stamp::Iso => self.iso(text),
            Stamp::Clf => self.clf(text),
            Stamp::Syslog => self.syslog(text),
            Stamp::Compact => self.compact(text),
            Stamp::Epoch => epoch(text),
            Stamp::American => self.american(text),
        }
    }

    #[inline]
    fn iso(&mut self, text: &[u8]) -> Option<(Time, usize)> {
        if text.len() < 19 || !matches!(text[10], b'T' | b' ' | b't' | b'_') {
            return None;
        }
        if text[..10] != self.date {
            if !matches!((text[4], text[7]), (b'-', b'-') | (b'/', b'/')) {
                return None;
            }
            let year = two(&text[0..])? * 100 + two(&text[2..])?;
            self.midnight = midnight(year, two(&text[5..])?, two(&text[8..])?)?;
            self.date.copy_from_slice(&text[..10]);
        }
        if text[13] != b':' || text[16] != b':' {
            return None;
        }
        let seconds = of_day(two(&text[11..])?, two(&text[14..])?, two(&text[17..])?)?;
        let (fraction, length) = fraction(text, 19);
        let (offset, length) = self.offset(text, length);
        Some((Time((self.midnight + seconds - offset).checked_mul(SECOND)?.checked_add(fraction)?), length))
    }

    fn clf(&mut self, text: &[u8]) -> Option<(Time, usize)> {
        if text.len() < 20 || text[2] != b'/' || text[6] != b'/' || text[11] != b':' {
            return None;
        }
        if text[..10] != self.date {
            let year = two(&text[7..])? * 100 + two(&text[9..])?;
            self.midnight = midnight(year, month(&text[3..6])?, two(text)?)?;
            self.date.copy_from_slice(&text[..10]);
        }
        // The last digit of the year lies outside what is remembered.
        let last_digit = i64::from(text[10].wrapping_sub(b'0'));
        if last_digit > 9 {
            return None;
        }
        let year = two(&text[7..])? * 100 + two(&text[9..])?;
        if year != self.year {
            self.year = year;
            self.midnight = midnight(year, month(&text[3..6])?, two(text)?)?;
        }
        let seconds = of_day(two(&text[12..])?, two(&text[15..])?, two(&text[18..])?)?;
        let (offset, length) = self.offset(text, 20);
        Some((Time((self.midnight + seconds - offset) * SECOND), length))
    }

    fn syslog(&self, text: &[u8]) -> Option<(Time, usize)> {
        if text.len() < 15 || text[3] != b' ' || text[6] != b' ' || text[9] != b':' || text[12] != b':' {
            return None;
        }
        let day = if text[4] == b' ' { digit(text[5])? } else { two(&text[4..])? };
        let midnight = midnight(self.year, month(&text[..3])?, day)?;
        let seconds = of_day(two(&text[7..])?, two(&text[10..])?, two(&text[13..])?)?;
        let (fraction, length) = fraction(text, 15);
        Some((Time((midnight + seconds - i64::from(self.zone.offset_seconds)) * SECOND + fraction), length))
    }

    fn compact(&mut self, text: &[u8]) -> Option<(Time, usize)> {
        if text.len() < 14 {
            return None;
        }
        if text[..8] != self.date[..8] {
            let year = two(text)? * 100 + two(&text[2..])?;
            self.midnight = midnight(year, two(&text[4..])?, two(&text[6..])?)?;
            self.date[..8].copy_from_slice(&text[..8]);
        }
        let at = if text[8].is_ascii_digit() { 8 } else { 9 };
        if text.len() < at + 6 {
            return None;
        }
        let seconds = of_day(two(&text[at..])?, two(&text[at + 2..])?, two(&text[at + 4..])?)?;
        let (fraction, length) = fraction(text, at + 6);
        let (offset, length) = self.offset(text, length);
        Some((Time((self.midnight + seconds - offset) * SECOND + fraction), length))
    }

    fn american(&self, text: &[u8]) -> Option<(Time, usize)> {
        let line = std::str::from_utf8(&text[..text.len().min(32)]).ok()?;
        let mut words = line.split(' ');
        let month = month(words.next()?.as_bytes())?;
        let day = words.next()?.strip_suffix(',')?.parse().ok()?;
        let year = words.next()?.parse().ok()?;
        let mut clock = words.next()?.splitn(3, ':').map(|part| part.parse::<i64>().ok());
        let (hour, minute, second) = (clock.next()??, clock.next()??, clock.next()??);
        let half = words.next()?;
        let hour = match (half, hour) {
            ("AM", 12) => 0,
            ("PM", 12) | ("AM", _) => hour,
            ("PM", _) => hour + 12,
            _ => return None,
        };
        let length = line.find(half)? + 2;
        let seconds = midnight(year, month, day)? + of_day(hour, minute, second)?;
        Some((Time((seconds - i64::from(self.zone.offset_seconds)) * SECOND), length))
    }

    /// The zone at `at`, or the file's own.
    #[inline]
    fn offset(&self, text: &[u8], at: usize) -> (i64, usize) {
        let mut from = at;
        if text.get(from) == Some(&b' ') && matches!(text.get(from + 1), Some(b'+' | b'-')) {
            from += 1;
        }
        match text.get(from) {
            Some(b'Z' | b'z') => (0, from + 1),
            Some(sign @ (b'+' | b'-')) => {
                let minutes = if text.get(from + 3) == Some(&b':') { from + 4 } else { from + 3 };
                match (text.get(from + 1..).and_then(two), text.get(minutes..).and_then(two)) {
                    (Some(hours), Some(minutes_part)) if hours < 15 => {
                        let seconds = hours * 3_600 + minutes_part * 60;
                        (if *sign == b'-' { -seconds } else { seconds }, minutes + 2)
                    }
                    _ => (i64::from(self.zone.offset_seconds), at),
                }
            }
            _ => (i64::from(self.zone.offset_seconds), at),
        }
    }
}

impl Stamp {
    /// The spelling that a text starts with, and whether the zone is in it.
    pub fn of(text: &[u8]) -> Option<(Self, bool)> {
        let mut clock = Clock::new(Zone { offset_seconds: 12_345, assumed: true }, 2000);
        for stamp in [Self::Iso, Self::Clf, Self::Compact, Self::Epoch, Self::Syslog, Self::American] {
            if stamp == Self::Compact
                && text.len() > 8
                && !matches!(text[8], b'|' | b'T' | b'-' | b' ' | b'_' | b'0'..=b'2')
            {
                continue;
            }
            let Some((time, length)) = clock.read(stamp, text) else { continue };
            let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
            // Microseconds since 1970 begin like a date of the 18th century: a bare number is a date only if nothing is left.
            let is_date = digits <= 8 || matches!(digits, 14 | 17) && plausible(time);
            if (stamp == Self::Epoch && !plausible(time)) || (stamp == Self::Compact && !is_date) {
                continue;
            }
            let zoned = match stamp {
                Self::Epoch => true,
                Self::Syslog | Self::American => false,
                _ => {
                    matches!(text.get(length - 1), Some(b'Z' | b'z')) || text[10..length].contains(&b'+') || {
                        // A minus after the time of day is a zone; those in the date are not.
                        text.get(17..length).is_some_and(|rest| rest.contains(&b'-'))
                    }
                }
            };
            return Some((stamp, zoned));
        }
        None
    }
}

fn plausible(time: Time) -> bool {
    // 1990 to 2100: a bare number is taken for an instant only if it is one that logs are full of.
    (631_152_000 * SECOND..4_102_444_800 * SECOND).contains(&time.0)
}

/// An epoch number, quoted or not; the unit is told by magnitude (seconds until 2286, and so on).
pub fn epoch(text: &[u8]) -> Option<(Time, usize)> {
    let mut whole = 0i64;
    let mut length = 0;
    while let Some(byte) = text.get(length).filter(|byte| byte.is_ascii_digit()) {
        whole = whole.checked_mul(10)?.checked_add(i64::from(byte - b'0'))?;
        length += 1;
    }
    let unit = match length {
        0 | 20.. => return None,
        1..=10 => SECOND,
        11..=13 => 1_000_000,
        14..=16 => 1_000,
        _ => 1,
    };
    let (fraction, length) = if unit > 1 { fraction(text, length) } else { (0, length) };
    Some((Time(whole.checked_mul(unit)?.checked_add(fraction / (SECOND / unit))?), length))
}

/// The fraction of a second at `at`, in nanoseconds, and where it ends.
#[inline]
fn fraction(text: &[u8], at: usize) -> (i64, usize) {
    if !matches!(text.get(at), Some(b'.' | b',')) {
        return (0, at);
    }
    let (mut value, mut unit, mut end) = (0, SECOND, at + 1);
    while let Some(byte) = text.get(end).filter(|byte| byte.is_ascii_digit()) {
        if unit > 1 {
            unit /= 10;
            value += i64::from(byte - b'0') * unit;
        }
        end += 1;
    }
    if end == at + 1 { (0, at) } else { (value, end) }
}

#[inline]
fn digit(byte: u8) -> Option<i64> {
    byte.is_ascii_digit().then(|| i64::from(byte - b'0'))
}

#[inline]
fn two(text: &[u8]) -> Option<i64> {
    let (tens, ones) = (text.first()?.wrapping_sub(b'0'), text.get(1)?.wrapping_sub(b'0'));
    (tens < 10 && ones < 10).then(|| i64::from(tens) * 10 + i64::from(ones))
}

fn month(name: &[u8]) -> Option<i64> {
    const NAMES: [&[u8; 3]; 12] =
        [b"jan", b"feb", b"mar", b"apr", b"may", b"jun", b"jul", b"aug", b"sep", b"oct", b"nov", b"dec"];
    let lower = name.get(..3)?.to_ascii_lowercase();
    NAMES.iter().position(|month| *month == lower.as_slice()).map(|index| index as i64 + 1)
}

#[inline]
fn of_day(hour: i64, minute: i64, second: i64) -> Option<i64> {
    (hour < 24 && minute < 60 && second < 61).then_some(hour * 3_600 + minute * 60 + second)
}

/// Seconds from 1970 to the start of a day (days from civil, after Howard Hinnant's public-domain algorithm).
fn midnight(year: i64, month: i64, day: i64) -> Option<i64> {
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || !(1678..=2261).contains(&year) {
        return None;
    }
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + day - 1;
    let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468;
    Some(days * 86_400)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str, stamp: Stamp, zoned: bool) {
        assert_eq!(Stamp::of(text.as_bytes()), Some((stamp, zoned)), "{text}");
        let zone = Zone { offset_seconds: 3_600, assumed: false };
        let (time, _) = Clock::new(zone, 2026).read(stamp, text.as_bytes()).unwrap();
        assert_eq!(time, Time::parse(expected).unwrap(), "{text}");
    }

    #[test]
    fn every_spelling_of_the_known_instant_is_read() {
        let instant = "2026-03-14T09:26:53.589Z";
        check("2026-03-14T09:26:53.589Z", instant, Stamp::Iso, true);
        check("2026-03-14T10:26:53.589+01:00 INFO", instant, Stamp::Iso, true);
        check("2026-03-14 03:56:53.589000-0530", instant, Stamp::Iso, true);
        check("2026-03-14 10:26:53,589 INFO", instant, Stamp::Iso, false);
        check("2026/03/14 10:26:53 [error]", "2026-03-14T09:26:53Z", Stamp::Iso, false);
        check("14/Mar/2026:09:26:53 +0000] \"GET", "2026-03-14T09:26:53Z", Stamp::Clf, true);
        check("20260314|102653.589|ERP01", instant, Stamp::Compact, false);
        check("Mar 14 10:26:53 node-1", "2026-03-14T09:26:53Z", Stamp::Syslog, false);
        check("Mar 14, 2026 10:26:53 AM UTC", "2026-03-14T09:26:53Z", Stamp::American, false);
        check("1773480413.589,", instant, Stamp::Epoch, true);
        check("1773480413589}", instant, Stamp::Epoch, true);
        check("1773480413589000", instant, Stamp::Epoch, true);
        check("1773480413589000000", instant, Stamp::Epoch, true);
        check("20260314102653", "2026-03-14T09:26:53Z", Stamp::Compact, false);
    }

    #[test]
    fn an_epoch_that_reads_as_a_date_is_an_epoch() {
        // 1773-10-08 04:08:04 and two digits; the same in nanoseconds; seconds and milliseconds cannot be mistaken.
        check("1773100804080421", "2026-03-10T00:00:04.080421Z", Stamp::Epoch, true);
        check("1773100804080421000", "2026-03-10T00:00:04.080421Z", Stamp::Epoch, true);
        check("1773100804080,", "2026-03-10T00:00:04.080Z", Stamp::Epoch, true);
        check("1773100804", "2026-03-10T00:00:04Z", Stamp::Epoch, true);
    }

    #[test]
    fn what_is_no_instant_is_refused() {
        for text in
            ["", "hello", "2026-13-14T09:26:53Z", "2026-03-14T25:26:53Z", "4711", "99/Xyz/2026:09:26:53"]
        {
            assert_eq!(Stamp::of(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn odd_years_are_read_as_they_stand() {
        let mut clock = Clock::new(Zone::UTC, 2026);
        for text in ["1970-01-01T00:00:00Z", "2099-12-31T23:59:59Z"] {
            assert_eq!(clock.read(Stamp::Iso, text.as_bytes()).unwrap().0, Time::parse(text).unwrap());
        }
        let (first, _) = clock.read(Stamp::Clf, b"01/Mar/2019:00:00:00 +0000").unwrap();
        let (second, _) = clock.read(Stamp::Clf, b"01/Mar/2018:00:00:00 +0000").unwrap();
        assert_eq!((first - second).0, 365 * 86_400 * SECOND);
    }
}
