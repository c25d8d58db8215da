//! logfmt: `key=value` pairs, as Go services, Heroku and logrus write them.

use super::{Fit, Format, Glance, Sample, pairs, until_quote};
use crate::ingest::stamp::{Clock, Stamp};
use crate::telemetry::Severity;
use std::sync::Arc;

#[derive(Debug)]
struct Logfmt {
    time: &'static [u8],
    stamp: Stamp,
    has_zone: bool,
}

const TIMES: [&[u8]; 5] = [b"time=", b"ts=", b"timestamp=", b"t=", b"@timestamp="];

pub(super) fn fit(sample: &Sample) -> Option<Fit> {
    for time in TIMES {
        let Some(learnt) = sample.lines.iter().take(5).find_map(|line| Stamp::of(value(line, time)?)) else {
            continue;
        };
        let score = sample.share(|line| value(line, time).and_then(Stamp::of).is_some());
        if score > 0.5 {
            let (stamp, has_zone) = learnt;
            return Some(Fit { score: score + 0.05, format: Arc::new(Logfmt { time, stamp, has_zone }) });
        }
    }
    None
}

/// The value of a key that stands at the line's start or behind a blank, from behind its opening quote.
#[inline]
fn value<'a>(line: &'a [u8], key: &[u8]) -> Option<&'a [u8]> {
    let mut from = 0;
    let at = loop {
        let at = from + memchr::memmem::find(&line[from..], key)?;
        if at == 0 || line[at - 1] == b' ' {
            break at;
        }
        from = at + 1;
    };
    let value = &line[at + key.len()..];
    Some(value.strip_prefix(b"\"").unwrap_or(value))
}

fn bare(value: &[u8]) -> &[u8] {
    let end = value.iter().position(|byte| matches!(byte, b' ' | b'"')).unwrap_or(value.len());
    &value[..end]
}

/// A length of time with its unit, in microseconds; 0 where none is to be told.
fn duration(key: &[u8], value: &[u8]) -> u32 {
    let digits = value.iter().position(|byte| !matches!(byte, b'0'..=b'9' | b'.')).unwrap_or(value.len());
    let number: f64 =
        std::str::from_utf8(&value[..digits]).ok().and_then(|text| text.parse().ok()).unwrap_or(0.0);
    let unit = match bare(&value[digits..]) {
        b"s" => 1e6,
        b"ms" => 1e3,
        b"us" => 1.0,
        b"ns" => 1e-3,
        _ if key == b"duration_ms" => 1e3,
        _ => return 0, // A bare number could be of any unit.
    };
    (number * unit).clamp(0.0, f64::from(u32::MAX)) as u32
}

/// What the pairs of a line say, each role by the key that is first in its list.
#[derive(Default)]
struct Roles<'a> {
    level: Option<(usize, &'a [u8])>,
    message: Option<(usize, &'a [u8])>,
    took: Option<(usize, &'a [u8])>,
}

const LEVELS: [&[u8]; 3] = [b"level", b"lvl", b"severity"];
const MESSAGES: [&[u8]; 3] = [b"msg", b"message", b"event"];
const DURATIONS: [&[u8]; 6] = [b"duration", b"dur", b"elapsed", b"took", b"duration_ms", b"latency"];

impl<'a> Roles<'a> {
    /// Reads every pair once.
    #[inline]
    fn of(line: &'a [u8]) -> Self {
        let mut roles = Self::default();
        let mut at = 0;
        while let Some(offset) = memchr::memchr(b'=', &line[at..]) {
            let equals = at + offset;
            let key = memchr::memrchr(b' ', &line[at..equals]).map_or(at, |blank| at + blank + 1);
            let key = &line[key..equals];
            let rest = &line[equals + 1..];
            let value = match rest.strip_prefix(b"\"") {
                Some(quoted) => until_quote(quoted),
                None => &rest[..memchr::memchr(b' ', rest).unwrap_or(rest.len())],
            };
            at = equals + 1 + value.len() + usize::from(rest.first() == Some(&b'"')) * 2;
            at = at.min(line.len());
            let place = |keys: &[&[u8]]| keys.iter().position(|known| *known == key);
            let keep = |role: &mut Option<(usize, &'a [u8])>, place: usize| {
                if role.is_none_or(|(known, _)| place < known) {
                    *role = Some((place, value));
                }
            };
            match key.first() {
                Some(b'l' | b's' | b'm' | b'e' | b'd' | b't') => {}
                _ => continue,
            }
            if let Some(place) = place(&LEVELS) {
                keep(&mut roles.level, place);
            } else if let Some(place) = place(&MESSAGES) {
                keep(&mut roles.message, place);
            } else if let Some(place) = place(&DURATIONS) {
                keep(&mut roles.took, place);
            }
        }
        roles
    }
}

impl Format for Logfmt {
    fn name(&self) -> &'static str {
        "logfmt"
    }

    fn has_zone(&self) -> bool {
        self.has_zone
    }

    fn glance<'a>(&self, line: &'a [u8], clock: &mut Clock) -> Option<Glance<'a>> {
        let stamp =
            if line.starts_with(self.time) { &line[self.time.len()..] } else { value(line, self.time)? };
        let (time, length) = clock.read(self.stamp, stamp.strip_prefix(b"\"").unwrap_or(stamp))?;
        let roles = Roles::of(line);
        let rest = &stamp[length.min(stamp.len())..];
        let severity = roles.level.map_or(Severity::UNSET, |(_, word)| Severity::from_word(word));
        let took = roles.took.map_or(0, |(place, value)| duration(DURATIONS[place], value));
        let body = roles.message.map_or(rest, |(_, message)| message);
        Some(Glance { time, severity, body, duration_us: took, ..Glance::default() })
    }

    fn attributes(&self, record: &[u8]) -> Vec<(String, String)> {
        let own = &self.time[..self.time.len() - 1];
        pairs(record)
            .into_iter()
            .filter(|(key, _)| key.as_bytes() != own && key != "msg" && key != "message")
            .collect()
    }

    fn message(&self, record: &[u8]) -> Option<String> {
        let pairs = pairs(record);
        let get = |name: &str| pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        let message = get("msg").or_else(|| get("message"))?;
        Some(match get("err").or_else(|| get("error")) {
            Some(error) => format!("{message}: {error}"),
            None => message.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::ingest::formats::testing::{events, seen};

    #[test]
    fn go_services_and_logrus() {
        insta::assert_snapshot!(seen("logfmt", concat!(
            "time=2026-03-01T07:59:59.645618Z level=info caller=reserve.go:96 msg=\"reserve request\" corr_id=abc99e3ed95f4ad37d195f2a1f6f6e53 sku=SKU-76793 qty=4 attempt=1 dur=40.0ms\n",
            "time=2026-03-01T08:00:01Z level=debug msg=\"row \\\"locked\\\"\" traceparent=00-7c1f0a9be2d34c58a1b6e0f2934d5a77-9f3c2b1a0d4e5f67-01\n",
            "time=\"2026-03-14T09:26:53Z\" level=warning msg=slow\n",
        )), @r#"
        2026-03-01T07:59:59.645618000Z node info | - | 40 ms | correlation:abc99e3ed95f4ad37d195f2a1f6f6e53 | reserve request
        2026-03-01T08:00:01.000000000Z node debug | - | - | trace:7c1f0a9be2d34c58a1b6e0f2934d5a77 | row "locked"
        2026-03-14T09:26:53.000000000Z node warn | - | - |  | slow
        "#);
    }

    #[test]
    fn errors_stand_behind_the_message() {
        let line = "ts=2026-03-14T09:26:53.589Z level=error msg=\"POST /orders failed\" err=\"dial tcp: refused\" status=502\n";
        let event = &events("logfmt", line)[0];
        assert_eq!(event.body, "POST /orders failed: dial tcp: refused");
        assert!(event.attributes.contains(&("status".into(), "502".into())));
    }
}
