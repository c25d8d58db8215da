//! Any text that begins its records with a time and a level: log4j, logback, Python logging, nginx's error log.

use super::{Fit, Format, Glance, Sample, find, looks_stamped, pairs, trim, word};
use crate::ingest::stamp::{Clock, Stamp};
use crate::telemetry::Severity;
use std::sync::Arc;

/// Where the stamp stands, learnt from the sample.
#[derive(Clone, Copy, Debug)]
struct Text {
    at: usize,
    stamp: Stamp,
    has_zone: bool,
}

pub(super) fn fit(sample: &Sample) -> Option<Fit> {
    let (at, stamp, has_zone) = sample.lines.iter().take(5).find_map(|line| stamp_place(line))?;
    let format = Text { at, stamp, has_zone };
    let score = sample.share_of_heads(|line| format.is_head(line));
    (score > 0.2).then(|| Fit { score: score * 0.6, format: Arc::new(format) })
}

/// A stamp at the line's start, behind a bracket, or behind a level.
fn stamp_place(line: &[u8]) -> Option<(usize, Stamp, bool)> {
    let behind_level = word(line, word(line, 0).1).1.checked_sub(word(line, word(line, 0).1).0.len());
    [Some(0), Some(1), behind_level].into_iter().flatten().find_map(|at| {
        let (stamp, has_zone) = Stamp::of(line.get(at..)?)?;
        // A bare number at a line's start is seldom a time in free text, unless it has a fraction or 13 digits.
        (stamp != Stamp::Epoch || line[at..].len() > 12).then_some((at, stamp, has_zone))
    })
}

impl Text {
    fn is_head(self, line: &[u8]) -> bool {
        looks_stamped(line, self.at, self.stamp)
    }
}

impl Format for Text {
    fn name(&self) -> &'static str {
        "text"
    }

    fn is_multi_line(&self) -> bool {
        true
    }

    fn head(&self, line: &[u8]) -> bool {
        self.is_head(line)
    }

    fn has_zone(&self) -> bool {
        self.has_zone
    }

    fn glance<'a>(&self, line: &'a [u8], clock: &mut Clock) -> Option<Glance<'a>> {
        let (time, length) = clock.read(self.stamp, line.get(self.at..)?)?;
        let rest = &line[(self.at + length).min(line.len())..];
        let before = trim(&line[..self.at]);
        let (severity, body) = level_and_message(rest);
        let severity = if severity == Severity::UNSET { Severity::from_word(before) } else { severity };
        Some(Glance { time, severity, body, ..Glance::default() })
    }

    fn attributes(&self, record: &[u8]) -> Vec<(String, String)> {
        pairs(record.split(|byte| *byte == b'\n').next().unwrap_or_default())
    }
}

/// The level among the first words behind the stamp, and the message behind what usually precedes it.
///
/// The message begins behind ` : `, ` - ` or `]: ` where one of these follows the level; else behind the level and any
/// bracketed context.
#[inline]
pub(super) fn level_and_message(rest: &[u8]) -> (Severity, &[u8]) {
    let (mut severity, mut behind) = (Severity::UNSET, 0);
    let mut at = 0;
    for _ in 0..6 {
        let (found, end) = word(rest, at);
        if found.is_empty() {
            break;
        }
        let found = found.strip_prefix(b"level=").unwrap_or(found);
        let bare = found.strip_prefix(b"[").or_else(|| found.strip_prefix(b"<")).unwrap_or(found);
        let bare = bare.strip_suffix(b":").unwrap_or(bare);
        let bare = bare.strip_suffix(b"]").or_else(|| bare.strip_suffix(b">")).unwrap_or(bare);
        if bare.len() >= 3 || bare.len() == 1 && bare[0].is_ascii_uppercase() {
            severity = Severity::from_word(bare);
        }
        if severity != Severity::UNSET {
            behind = end;
            break;
        }
        at = end;
    }
    let message = &rest[behind..];
    let near = &message[..message.len().min(200)];
    for (separator, rare) in [(b" : ".as_slice(), 1), (b" - ", 1), (b"]: ", 0)] {
        if let Some(place) = find(near, separator, rare) {
            return (severity, &message[place + separator.len()..]);
        }
    }
    (severity, behind_brackets(message))
}

/// Behind any `[…]` at the start.
pub(super) fn behind_brackets(text: &[u8]) -> &[u8] {
    let mut rest = text.trim_ascii_start();
    while let Some(inner) = rest.strip_prefix(b"[") {
        let mut depth = 1;
        let mut brackets = memchr::memchr2_iter(b'[', b']', inner);
        let Some(close) = brackets.find(|&at| {
            depth += if inner[at] == b'[' { 1 } else { -1 };
            depth == 0
        }) else {
            break;
        };
        rest = inner[close + 1..].trim_ascii_start();
    }
    rest
}

#[cfg(test)]
mod tests {
    use crate::ingest::formats::testing::{events, seen};

    #[test]
    fn log4j_logback_python_and_nginx_errors() {
        insta::assert_snapshot!(seen("text", concat!(
            "2026-03-14 09:26:53,589 ERROR [orders.api] [api.py:42] [trace_id=7c1f0a9be2d34c58a1b6e0f2934d5a77 span_id=9f3c2b1a0d4e5f67 resource.service.name=orders-api trace_sampled=True] - POST /orders failed\n",
            "2026-03-14 09:26:54,000 [main] INFO  com.acme.Billing - billing run started orderNo=ORD-1\n",
        )), @"
        2026-03-14T09:26:53.589000000Z node error | - | - | trace:7c1f0a9be2d34c58a1b6e0f2934d5a77 | POST /orders failed
        2026-03-14T09:26:54.000000000Z node info | - | - | business:ORD-1 | billing run started orderNo=ORD-1
        ");
        insta::assert_snapshot!(seen("text", "2026/03/14 09:26:53 [error] 31#31: *4711 connect() failed (111: Connection refused) while connecting to upstream\n"), @"2026-03-14T09:26:53.000000000Z node error | - | - |  | 31#31: *4711 connect() failed (111: Connection refused) while connecting to upstream");
    }

    #[test]
    fn a_stack_trace_belongs_to_its_record() {
        let text = "2026-03-14 09:26:53,589 ERROR a.B - failed\njava.io.IOException: 502\n\tat a.B.c(B.java:1)\nCaused by: x.Y: correlationId=3f2b8c1e-6d4a-4f7b-9a10-5c2e7d9b8a41\n2026-03-14 09:26:54,000 INFO a.B - next\n";
        let events = events("text", text);
        assert_eq!(events.len(), 2);
        assert!(events[0].body.ends_with("3f2b8c1e-6d4a-4f7b-9a10-5c2e7d9b8a41"), "{}", events[0].body);
        assert_eq!(events[0].identifiers.len(), 1);
    }
}
