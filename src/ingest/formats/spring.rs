//! Spring Boot's console pattern, 2.x and 3.x, with or without application, trace and MDC brackets.

use super::text::behind_brackets;
use super::{Fit, Format, Glance, Sample, find, looks_stamped, pairs, word};
use crate::ingest::identify::hex64;
use crate::ingest::stamp::{Clock, Stamp};
use crate::telemetry::{IdentifierClass, Severity};
use std::sync::Arc;

#[derive(Debug)]
struct Spring {
    has_zone: bool,
}

pub(super) fn fit(sample: &Sample) -> Option<Fit> {
    let score = sample.share_of_heads(|line| is_head(line) && separator(line).is_some());
    let has_zone = Stamp::of(sample.first()).is_some_and(|(_, has_zone)| has_zone);
    (score > 0.4).then(|| Fit { score: score + 0.2, format: Arc::new(Spring { has_zone }) })
}

fn is_head(line: &[u8]) -> bool {
    looks_stamped(line, 0, Stamp::Iso)
}

/// Where ` --- [` stands: behind level and process.
#[inline]
fn separator(line: &[u8]) -> Option<usize> {
    find(&line[..line.len().min(160)], b" --- [", 5)
}

impl Format for Spring {
    fn name(&self) -> &'static str {
        "spring-boot"
    }

    fn is_multi_line(&self) -> bool {
        true
    }

    fn head(&self, line: &[u8]) -> bool {
        is_head(line)
    }

    fn has_zone(&self) -> bool {
        self.has_zone
    }

    fn glance<'a>(&self, line: &'a [u8], clock: &mut Clock) -> Option<Glance<'a>> {
        let (time, length) = clock.read(Stamp::Iso, line)?;
        let (level, _) = word(line, length);
        let context = separator(line).map_or(&line[length..], |at| &line[at + 5..]);
        let message = find(context, b" : ", 1).map_or(context, |at| &context[at + 3..]);
        Some(Glance {
            time,
            severity: Severity::from_word(level),
            body: message,
            positional: super::only(bracketed_trace(&line[length..])),
            ..Glance::default()
        })
    }

    fn attributes(&self, record: &[u8]) -> Vec<(String, String)> {
        let line = record.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let mut found = Vec::new();
        if let Some(at) = separator(line) {
            let (logger, _) = word(behind_brackets(&line[at + 5..]), 0);
            found.push(("logger".to_owned(), String::from_utf8_lossy(logger).into_owned()));
        }
        found.extend(pairs(line));
        found
    }
}

/// `[<trace>-<span>]` or Sleuth's `[app,<trace>,<span>]`: identifiers without a key.
#[inline]
fn bracketed_trace(line: &[u8]) -> Option<(IdentifierClass, &[u8])> {
    let near = &line[..line.len().min(200)];
    let closes = |place: usize| near.get(place).is_some_and(|byte| matches!(byte, b']' | b','));
    for dash in memchr::memchr2_iter(b'-', b',', near).filter(|dash| closes(dash + 17)) {
        for length in [32, 16] {
            let Some(start) = dash.checked_sub(length) else { continue };
            let is_bracketed = start > 0 && matches!(near[start - 1], b'[' | b',');
            if is_bracketed
                && hex64(&near[dash + 1..]).is_some()
                && near[start..dash].iter().all(u8::is_ascii_hexdigit)
            {
                return Some((IdentifierClass::Trace, &near[start..dash]));
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use crate::ingest::formats::testing::seen;

    #[test]
    fn versions_two_and_three_with_their_brackets() {
        insta::assert_snapshot!(seen("spring-boot", concat!(
            "2026-03-01T09:00:00.491+01:00  INFO 1 --- [order-service] [nio-8080-exec-54] [corr=abc99e3ed95f4ad37d195f2a1f6f6e53] c.acme.orders.api.OrderController        : Received order ORD-30614969 items=7 traceparent=00-6d3699bc39429e43513b30c78be0754c-4ef22fd12cfa8966-01\n",
            "2026-03-14T09:26:53.589Z ERROR 1 --- [orders-api] [nio-8080-exec-3] [7c1f0a9be2d34c58a1b6e0f2934d5a77-9f3c2b1a0d4e5f67] c.e.orders.OrderController               : POST /orders failed\n",
            "2026-03-01T09:00:02.000+01:00 DEBUG 1 --- [order-service] [HikariPool-1 housekeeper] [corr=] com.zaxxer.hikari.pool.HikariPool        : HikariPool-1 - Pool stats (total=50)\n",
        )), @"
        2026-03-01T08:00:00.491000000Z node info | - | - | correlation:abc99e3ed95f4ad37d195f2a1f6f6e53 trace:6d3699bc39429e43513b30c78be0754c | Received order ORD-30614969 items=7 traceparent=00-6d3699bc39429e43513b30c78be0754c-4ef22fd12cfa8966-01
        2026-03-14T09:26:53.589000000Z node error | - | - | trace:7c1f0a9be2d34c58a1b6e0f2934d5a77 | POST /orders failed
        2026-03-01T08:00:02.000000000Z node debug | - | - |  | HikariPool-1 - Pool stats (total=50)
        ");
        insta::assert_snapshot!(seen("spring-boot", concat!(
            "2026-03-14 09:26:53.589 ERROR [orders,7c1f0a9be2d34c58a1b6e0f2934d5a77,9f3c2b1a0d4e5f67] 1 --- [nio-8080-exec-3] c.e.o.C : failed\n",
        )), @"2026-03-14T09:26:53.589000000Z node error | - | - | trace:7c1f0a9be2d34c58a1b6e0f2934d5a77 | failed");
    }
}
