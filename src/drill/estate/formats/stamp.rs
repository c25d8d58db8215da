//! Times as logs write them. The calendar is worked out once a second; what follows are digits.

use chrono::{DateTime, Datelike, Timelike};
use std::fmt::Write;

const SECOND: i64 = 1_000_000_000;

/// Remembers the second that was written last.
#[derive(Clone, Debug, Default)]
pub(in crate::drill::estate) struct Clock {
    second: i64,
    /// `2026-03-13T15:01:13`
    text: String,
}

impl Clock {
    /// `2026-03-13T15:01:13` with another letter in the middle.
    fn second(&mut self, second: i64) -> &str {
        if self.second != second || self.text.is_empty() {
            let time = DateTime::from_timestamp(second, 0).unwrap_or_default();
            self.text.clear();
            let _ = write!(
                self.text,
                "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}",
                time.year(),
                time.month(),
                time.day(),
                time.hour(),
                time.minute(),
                time.second()
            );
            self.second = second;
        }
        &self.text
    }

    /// With so many digits of the second behind a separator; 0 for none.
    fn put(&mut self, to: &mut String, at: i64, middle: char, separator: char, digits: usize) {
        let (second, rest) = (at.div_euclid(SECOND), at.rem_euclid(SECOND));
        let text = self.second(second);
        to.push_str(&text[..10]);
        to.push(middle);
        to.push_str(&text[11..]);
        if digits > 0 {
            to.push(separator);
            let fraction = rest / 10_i64.pow(9 - digits as u32);
            let _ = write!(to, "{fraction:0digits$}");
        }
    }

    /// `2026-03-13T15:01:13.123Z`
    pub(super) fn iso(&mut self, to: &mut String, at: i64, digits: usize) {
        self.put(to, at, 'T', '.', digits);
        to.push('Z');
    }

    /// `2026-03-13 15:01:13,123`, so many minutes ahead of UTC, without saying so.
    pub(super) fn local(&mut self, to: &mut String, at: i64, minutes: i32, separator: char) {
        self.put(to, at + i64::from(minutes) * 60 * SECOND, ' ', separator, 3);
    }

    /// `2026-03-13 15:01:13.123456+00:00`
    pub(super) fn erlang(&mut self, to: &mut String, at: i64) {
        self.put(to, at, ' ', '.', 6);
        to.push_str("+00:00");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_logs_have_them() {
        let at = 1_773_414_073_929_532_908;
        let mut clock = Clock::default();
        let mut text = String::new();
        clock.iso(&mut text, at, 3);
        text.push(' ');
        clock.local(&mut text, at, 60, ',');
        text.push(' ');
        clock.erlang(&mut text, at);
        assert_eq!(text, "2026-03-13T15:01:13.929Z 2026-03-13 16:01:13,929 2026-03-13 15:01:13.929532+00:00");
    }
}
