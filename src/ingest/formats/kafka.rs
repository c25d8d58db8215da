//! Kafka brokers and Kafka Connect: log4j's `[stamp] LEVEL [context] message (logger)`, with stack traces.

use super::text::behind_brackets;
use super::{Fit, Format, Glance, Sample, looks_stamped, pairs, word};
use crate::ingest::stamp::{Clock, Stamp};
use crate::telemetry::Severity;
use std::sync::Arc;

#[derive(Debug)]
struct Kafka;

pub(super) fn fit(sample: &Sample) -> Option<Fit> {
    let is_own = |line: &[u8]| {
        is_head(line)
            && line.get(24) == Some(&b']')
            && Severity::from_word(word(line, 25).0) != Severity::UNSET
    };
    let score = sample.share_of_heads(is_own);
    let heads = sample.share(is_own);
    let names_logger =
        sample.share(|line| is_own(line) && line.trim_ascii_end().ends_with(b")")) > heads * 0.3;
    (score > 0.4 && names_logger).then(|| Fit { score: score + 0.2, format: Arc::new(Kafka) })
}

fn is_head(line: &[u8]) -> bool {
    line.first() == Some(&b'[') && looks_stamped(line, 1, Stamp::Iso)
}

impl Format for Kafka {
    fn name(&self) -> &'static str {
        "kafka"
    }

    fn is_multi_line(&self) -> bool {
        true
    }

    fn head(&self, line: &[u8]) -> bool {
        is_head(line)
    }

    fn has_zone(&self) -> bool {
        false
    }

    fn glance<'a>(&self, line: &'a [u8], clock: &mut Clock) -> Option<Glance<'a>> {
        let (time, length) = clock.read(Stamp::Iso, &line[1..])?;
        let (level, end) = word(line, length + 2);
        let message = behind_brackets(&line[end..]);
        Some(Glance { time, severity: Severity::from_word(level), body: message, ..Glance::default() })
    }

    fn attributes(&self, record: &[u8]) -> Vec<(String, String)> {
        let line = record.split(|byte| *byte == b'\n').next().unwrap_or_default().trim_ascii_end();
        let mut found = pairs(line);
        if let Some(open) = memchr::memrchr(b'(', line).filter(|_| line.ends_with(b")")) {
            let logger = String::from_utf8_lossy(&line[open + 1..line.len() - 1]).into_owned();
            found.push(("logger".to_owned(), logger));
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use crate::ingest::formats::testing::{events, seen};

    #[test]
    fn brokers_and_connect() {
        insta::assert_snapshot!(seen("kafka", concat!(
            "[2026-03-14 09:26:53,589] WARN [ReplicaFetcher replicaId=2, leaderId=1, fetcherId=0] Error in response for fetch request (kafka.server.ReplicaFetcherThread)\n",
            "[2026-03-01 08:00:00,797] INFO [orders-sink|task-3] Put record topic=orders.v1 partition=9 key=ORD-30614969 headers=(x-correlation-id=abc99e3ed95f4ad37d195f2a1f6f6e53, source=order-b2b) (org.apache.kafka.connect.runtime.WorkerSinkTask:121)\n",
        )), @"
        2026-03-14T09:26:53.589000000Z node warn | - | - |  | Error in response for fetch request (kafka.server.ReplicaFetcherThread)
        2026-03-01T08:00:00.797000000Z node info | - | - | correlation:abc99e3ed95f4ad37d195f2a1f6f6e53 | Put record topic=orders.v1 partition=9 key=ORD-30614969 headers=(x-correlation-id=abc99e3ed95f4ad37d195f2a1f6f6e53, source=order-b2b) (org.apache.kafka.connect.runtime.WorkerSinkTask:121)
        ");
    }

    #[test]
    fn an_identifier_on_a_continuation_line_counts() {
        let text = "[2026-03-01 08:00:00,797] ERROR [s|task-0] Error encountered. (org.x.LogReporter:100)\norg.x.DataException: Schema mismatch\n\tat a.b.C(D.java:1)\nCaused by: org.y: missing (key=ORD-1, correlationId=abc99e3ed95f4ad37d195f2a1f6f6e53)\n";
        let events = events("kafka", text);
        assert_eq!(events[0].identifiers[0].value, "abc99e3ed95f4ad37d195f2a1f6f6e53");
        assert!(events[0].body.contains("Schema mismatch"));
    }
}
