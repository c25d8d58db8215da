//! Syslog, RFC 3164 and RFC 5424, with the priority in front or already stripped.

use super::{Fit, Format, Glance, Sample, number, pairs, word};
use crate::ingest::stamp::{Clock, Stamp};
use crate::telemetry::{Severity, Time};
use std::sync::Arc;

#[derive(Debug)]
struct Syslog {
    is_5424: bool,
}

pub(super) fn fit(sample: &Sample) -> Option<Fit> {
    for is_5424 in [true, false] {
        let mut clock = Clock::new(crate::telemetry::Zone::UTC, 2000);
        let own = sample.lines.iter().filter(|line| parts(line, is_5424, &mut clock).is_some()).count();
        let score = own as f32 / sample.lines.len().max(1) as f32;
        if score > 0.5 {
            return Some(Fit { score: score + 0.1, format: Arc::new(Syslog { is_5424 }) });
        }
    }
    None
}

struct Parts<'a> {
    priority: Option<u8>,
    time: Time,
    host: &'a [u8],
    app: &'a [u8],
    structured: &'a [u8],
    message: &'a [u8],
}

fn parts<'a>(line: &'a [u8], is_5424: bool, clock: &mut Clock) -> Option<Parts<'a>> {
    let (priority, rest) = match line.strip_prefix(b"<") {
        Some(rest) => {
            let close = memchr::memchr(b'>', &rest[..rest.len().min(4)])?;
            (Some(u8::try_from(number(rest)?).ok()?), &rest[close + 1..])
        }
        None => (None, line),
    };
    if is_5424 {
        let rest = rest.strip_prefix(b"1 ")?;
        let (time, _) = clock.read(Stamp::Iso, rest)?;
        let (_, end) = word(rest, 0);
        let (host, end) = word(rest, end);
        let (app, end) = word(rest, end);
        let (_process, end) = word(rest, end);
        let (_message_id, end) = word(rest, end);
        let rest = rest.get(end..)?.trim_ascii_start();
        let structured = structured_data(rest);
        let message = rest[structured.len()..].trim_ascii_start();
        let message = message.strip_prefix(b"\xef\xbb\xbf").unwrap_or(message);
        return Some(Parts { priority, time, host, app, structured, message });
    }
    let stamp = if rest.get(4) == Some(&b'-') { Stamp::Iso } else { Stamp::Syslog };
    let (time, length) = clock.read(stamp, rest)?;
    let (host, end) = word(rest, length);
    let (tag, end) = word(rest, end);
    // `app[pid]:` ends the header; a tag without a colon is no syslog.
    let tag = tag.strip_suffix(b":")?;
    let app = tag.split(|byte| *byte == b'[').next()?;
    Some(Parts {
        priority,
        time,
        host,
        app,
        structured: &rest[..0],
        message: rest.get(end..)?.trim_ascii_start(),
    })
}

/// `-`, or elements in brackets whose values may hold escaped brackets.
fn structured_data(rest: &[u8]) -> &[u8] {
    let (mut is_quoted, mut depth, mut at) = (false, 0, 0);
    while at < rest.len() {
        match rest[at] {
            b'\\' => at += 1,
            b'"' => is_quoted = !is_quoted,
            b'[' if !is_quoted => depth += 1,
            b']' if !is_quoted => depth -= 1,
            b' ' if depth == 0 && !is_quoted => return &rest[..at],
            _ => {}
        }
        at += 1;
    }
    rest
}

impl Format for Syslog {
    fn name(&self) -> &'static str {
        if self.is_5424 { "syslog-5424" } else { "syslog-3164" }
    }

    fn has_zone(&self) -> bool {
        self.is_5424
    }

    fn glance<'a>(&self, line: &'a [u8], clock: &mut Clock) -> Option<Glance<'a>> {
        let parts = parts(line, self.is_5424, clock)?;
        let severity = match parts.priority {
            Some(priority) => Severity::from_syslog(priority % 8),
            None => super::text::level_and_message(parts.message).0,
        };
        Some(Glance {
            time: parts.time,
            severity,
            body: parts.message,
            system: Some(parts.app),
            ..Glance::default()
        })
    }

    fn attributes(&self, record: &[u8]) -> Vec<(String, String)> {
        let mut clock = Clock::new(crate::telemetry::Zone::UTC, 2000);
        let Some(parts) = parts(record, self.is_5424, &mut clock) else { return Vec::new() };
        let mut found = vec![
            ("host.name".to_owned(), String::from_utf8_lossy(parts.host).into_owned()),
            ("appname".to_owned(), String::from_utf8_lossy(parts.app).into_owned()),
        ];
        found.extend(pairs(parts.structured));
        found.extend(pairs(parts.message));
        found
    }
}

#[cfg(test)]
mod tests {
    use crate::ingest::formats::testing::seen;

    #[test]
    fn both_rfcs() {
        insta::assert_snapshot!(seen("syslog-3164", concat!(
            "<11>Mar 14 09:26:53 node-1 orders[4711]: POST /orders failed corr=3f2b8c1e-6d4a-4f7b-9a10-5c2e7d9b8a41\n",
            "<30>Mar  4 09:26:53 node-1 orders[4711]: ok\n",
        )), @"
        1970-03-14T09:26:53.000000000Z orders error | - | - | correlation:3f2b8c1e-6d4a-4f7b-9a10-5c2e7d9b8a41 | POST /orders failed corr=3f2b8c1e-6d4a-4f7b-9a10-5c2e7d9b8a41
        1970-03-04T09:26:53.000000000Z orders info | - | - |  | ok
        ");
        insta::assert_snapshot!(seen("syslog-5424", concat!(
            "<11>1 2026-03-14T09:26:53.589123Z node-1 orders 4711 REQ01 [opentelemetry trace_id=\"7c1f0a9be2d34c58a1b6e0f2934d5a77\" span_id=\"9f3c2b1a0d4e5f67\" trace_flags=\"01\"] POST /orders failed\n",
            "<14>1 2026-03-14T09:26:54Z node-1 orders - - - started\n",
        )), @"
        2026-03-14T09:26:53.589123000Z orders error | - | - | trace:7c1f0a9be2d34c58a1b6e0f2934d5a77 | POST /orders failed
        2026-03-14T09:26:54.000000000Z orders info | - | - |  | started
        ");
    }
}
