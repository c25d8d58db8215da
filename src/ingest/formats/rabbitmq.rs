//! RabbitMQ: `stamp [level] <pid> message`, crash reports on further lines.

use super::{Fit, Format, Glance, Sample, looks_stamped, pairs, word};
use crate::ingest::stamp::{Clock, Stamp};
use crate::telemetry::Severity;
use std::sync::Arc;

#[derive(Debug)]
struct RabbitMq;

pub(super) fn fit(sample: &Sample) -> Option<Fit> {
    let score = sample.share_of_heads(|line| {
        is_head(line) && memchr::memmem::find(&line[..line.len().min(70)], b"] <0.").is_some()
    });
    (score > 0.4).then(|| Fit { score: score + 0.25, format: Arc::new(RabbitMq) })
}

fn is_head(line: &[u8]) -> bool {
    looks_stamped(line, 0, Stamp::Iso)
}

impl Format for RabbitMq {
    fn name(&self) -> &'static str {
        "rabbitmq"
    }

    fn is_multi_line(&self) -> bool {
        true
    }

    fn head(&self, line: &[u8]) -> bool {
        is_head(line)
    }

    fn glance<'a>(&self, line: &'a [u8], clock: &mut Clock) -> Option<Glance<'a>> {
        let (time, length) = clock.read(Stamp::Iso, line)?;
        let (level, end) = word(line, length);
        let level = level.strip_prefix(b"[").unwrap_or(level);
        let severity = Severity::from_word(level.strip_suffix(b"]").unwrap_or(level));
        let (pid, behind_pid) = word(line, end);
        let body = if pid.starts_with(b"<") { &line[behind_pid..] } else { &line[end..] };
        Some(Glance { time, severity, body: body.trim_ascii_start(), ..Glance::default() })
    }

    fn attributes(&self, record: &[u8]) -> Vec<(String, String)> {
        pairs(record.split(|byte| *byte == b'\n').next().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use crate::ingest::formats::testing::seen;

    #[test]
    fn brokers_name_the_correlation_id_in_erlang() {
        insta::assert_snapshot!(seen("rabbitmq", concat!(
            "2026-03-01 08:00:04.309202+00:00 [info] <0.19851.0> tracing: published exchange=logistics routing_key=shipment.picked correlation_id=<<\"952b78e7-1b13-4460-b04a-15d352e920cc\">> bytes=2877\n",
            "2026-03-14 09:26:53.589123+00:00 [error] <0.1234.0> closing AMQP connection <0.1234.0> (10.0.0.9:51320 -> 10.0.0.5:5672 - orders): {handshake_timeout,frame_header}\n",
        )), @r#"
        2026-03-01T08:00:04.309202000Z node info | - | - | correlation:952b78e7-1b13-4460-b04a-15d352e920cc | tracing: published exchange=logistics routing_key=shipment.picked correlation_id=<<"952b78e7-1b13-4460-b04a-15d352e920cc">> bytes=2877
        2026-03-14T09:26:53.589123000Z node error | - | - |  | closing AMQP connection <0.1234.0> (10.0.0.9:51320 -> 10.0.0.5:5672 - orders): {handshake_timeout,frame_header}
        "#);
    }
}
