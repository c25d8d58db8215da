//! A past incident as a scenario: its telemetry as lines with their distance from the brief, written again at other times.

use super::estate::{Clue, Emission, Remedy};
use crate::telemetry::{Nanos, Time};
use regex::Regex;
use serde::{Deserialize, Serialize};
use std::sync::LazyLock;

/// What was recorded, and what is known of it. Nothing that a candidate does changes it: that is said when they try.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Recording {
    /// The incident that it was made from, for whoever wonders.
    pub incident: String,
    /// When the brief was, in the times that stand in the lines.
    pub brief: Time,
    pub lines: Vec<Recorded>,
    /// What was done then, and what it did.
    pub levers: Vec<Remedy>,
    pub clues: Vec<Clue>,
    /// When impact began, from the brief on.
    pub onset: Option<Nanos>,
    pub root_system: String,
    pub mode: String,
    pub symptoms: Vec<String>,
}

/// One line of telemetry.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Recorded {
    /// From the brief on; before it, negative.
    #[serde(rename = "ns")]
    pub after: Nanos,
    pub file: String,
    pub text: String,
}

/// Instants in lines: with a date and a time of day in one of the usual ways.
static STAMP: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?|\b1\d{18}\b")
        .expect("a pattern that the tests run")
});

impl Recording {
    /// What is written when the brief is at `begin`, from `from` (not in it) to `to`.
    pub(super) fn between(&self, begin: Time, from: Time, to: Time) -> Vec<Emission> {
        let shift = begin - self.brief;
        let time = |line: &Recorded| begin + line.after;
        let first = self.lines.partition_point(|line| time(line) <= from);
        let last = self.lines.partition_point(|line| time(line) <= to);
        self.lines[first..last.max(first)]
            .iter()
            .map(|line| Emission {
                at: time(line),
                file: line.file.clone(),
                text: format!("{}\n", shifted(&line.text, shift)),
            })
            .collect()
    }
}

/// A line with every instant in it moved by as much.
pub fn shifted(text: &str, shift: Nanos) -> String {
    STAMP
        .replace_all(text, |found: &regex::Captures| {
            let stamp = &found[0];
            if let Ok(nanos) = stamp.parse::<i64>() {
                return (nanos + shift.0).to_string(); // Nanoseconds since 1970, as spans have them.
            }
            Time::parse(&stamp.replacen(' ', "T", 1))
                .or_else(|| Time::parse(&format!("{}Z", stamp.replacen(' ', "T", 1))))
                .map_or_else(|| stamp.to_owned(), |time| (time + shift).to_string())
        })
        .into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_instant_in_a_line_is_moved_by_the_same() {
        let line =
            r#"{"time":"2026-03-14T10:41:37.120Z","message":"NotAfter 2026-03-14 10:41:00, order 2026-03"}"#;
        let moved = shifted(line, Nanos::seconds(86_400));
        assert!(moved.contains("2026-03-15T10:41:37.120"), "{moved}");
        assert!(moved.contains("NotAfter 2026-03-15T10:41:00"), "{moved}");
        assert!(moved.contains("order 2026-03\""), "{moved}");
        assert_eq!(shifted("at 1773129612218056644", Nanos(1)), "at 1773129612218056645");
        assert_eq!(shifted("no time at all", Nanos::seconds(5)), "no time at all");
    }

    #[test]
    fn lines_come_once_whatever_the_steps() {
        let lines = (-3..3)
            .map(|minute| Recorded {
                after: Nanos::seconds(minute * 60),
                file: "a.log".into(),
                text: format!("m{minute}"),
            })
            .collect();
        let recording = Recording { lines, ..Recording::default() };
        let begin = Time::from_seconds(10_000);
        let at = |minute: i64| begin + Nanos::seconds(minute * 60);
        let whole = recording.between(begin, at(-10), at(10));
        assert_eq!(whole.len(), 6);
        let mut parts = recording.between(begin, at(-10), at(0));
        parts.extend(recording.between(begin, at(0), at(10)));
        assert_eq!(parts, whole);
    }
}
