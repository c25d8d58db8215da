//! MuleSoft's runtime log: `LEVEL stamp [thread] [processor: …; event: …] logger: message`, local time, error boxes.

use super::text::behind_brackets;
use super::{Fit, Format, Glance, Sample, find, looks_stamped, word};
use crate::ingest::stamp::{Clock, Stamp};
use crate::telemetry::Severity;
use std::sync::Arc;

#[derive(Debug)]
struct Mule;

pub(super) fn fit(sample: &Sample) -> Option<Fit> {
    let score =
        sample.share_of_heads(|line| is_head(line) && memchr::memmem::find(line, b"[processor: ").is_some());
    (score > 0.3).then(|| Fit { score: score + 0.3, format: Arc::new(Mule) })
}

/// A level padded to five, a blank, a stamp.
#[inline]
fn is_head(line: &[u8]) -> bool {
    line.first().is_some_and(u8::is_ascii_uppercase)
        && line.get(5) == Some(&b' ')
        && looks_stamped(line, 6, Stamp::Iso)
}

impl Format for Mule {
    fn name(&self) -> &'static str {
        "mule"
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
        let (time, length) = clock.read(Stamp::Iso, line.get(6..)?)?;
        let rest = behind_brackets(&line[6 + length..]);
        let message = find(rest, b": ", 0).map_or(rest, |at| &rest[at + 2..]);
        Some(Glance {
            time,
            severity: Severity::from_word(word(line, 0).0),
            body: message,
            ..Glance::default()
        })
    }

    fn attributes(&self, record: &[u8]) -> Vec<(String, String)> {
        let mut found = Vec::new();
        if let Some(at) = memchr::memmem::find(record, b"[processor: ") {
            let inner = &record[at + 12..];
            let end = inner.iter().position(|byte| matches!(byte, b';' | b']')).unwrap_or(inner.len());
            found.push(("processor".to_owned(), String::from_utf8_lossy(&inner[..end]).into_owned()));
        }
        // The error box has `Name   : value` lines.
        for line in record.split(|byte| *byte == b'\n').skip(1) {
            let Some(colon) =
                memchr::memmem::find(line, b" : ").or_else(|| memchr::memmem::find(line, b": "))
            else {
                continue;
            };
            let name = line[..colon].trim_ascii();
            if !name.is_empty() && name.len() < 24 && name[0].is_ascii_uppercase() && !name.contains(&b'(') {
                let value = line[colon + 2..].trim_ascii();
                found.push((
                    String::from_utf8_lossy(name).into_owned(),
                    String::from_utf8_lossy(value.strip_prefix(b": ").unwrap_or(value)).into_owned(),
                ));
            }
        }
        found
    }

    fn message(&self, record: &[u8]) -> Option<String> {
        // An error's first line ends behind the logger; its box says what happened.
        let line = record.split(|byte| *byte == b'\n').next()?;
        let rest = behind_brackets(line.get(6 + 23..)?);
        let first = memchr::memmem::find(rest, b": ").map_or(rest, |at| &rest[at + 2..]);
        if !first.trim_ascii().is_empty() {
            return None;
        }
        let said = self.attributes(record).into_iter().find(|(name, _)| name == "Message")?.1;
        Some(format!("{said}\n{}", String::from_utf8_lossy(&record[line.len()..]).trim()))
    }
}

#[cfg(test)]
mod tests {
    use crate::ingest::formats::testing::{events, seen};

    #[test]
    fn events_and_their_boxes() {
        insta::assert_snapshot!(seen("mule", concat!(
            "INFO  2026-03-01 09:00:00,674 [[MuleRuntime].uber.02: [order-process-api].order-process-api-main.CPU_INTENSIVE @5a1b2c3f] [processor: order-process-api-main/processors/0; event: abc99e3ed95f4ad37d195f2a1f6f6e53] org.mule.runtime.core.internal.processor.LoggerMessageProcessor: Received message for ORD-30614969\n",
            "ERROR 2026-03-14 09:26:53,589 [[MuleRuntime].uber.07: [orders-exp-api].post:\\orders.CPU_INTENSIVE @5c1d] [processor: orders-flow/processors/2; event: 0-3f2b8c1e-6d4a-4f7b-9a10-5c2e7d9b8a41] org.mule.runtime.core.internal.exception.OnErrorPropagateHandler: HTTP POST on resource 'http://orders-api:8080/v1/orders' failed: bad gateway (502).\n",
        )), @"
        2026-03-01T09:00:00.674000000Z node info | - | - | correlation:abc99e3ed95f4ad37d195f2a1f6f6e53 | Received message for ORD-30614969
        2026-03-14T09:26:53.589000000Z node error | - | - | correlation:3f2b8c1e-6d4a-4f7b-9a10-5c2e7d9b8a41 | HTTP POST on resource 'http://orders-api:8080/v1/orders' failed: bad gateway (502).
        ");
    }

    #[test]
    fn an_error_box_is_the_message() {
        let text = "ERROR 2026-03-14 09:26:53,589 [[MuleRuntime].uber.07] [processor: f/processors/3; event: 3f2b8c1e-6d4a-4f7b-9a10-5c2e7d9b8a41] org.mule.E: \n********\nMessage               : HTTP POST failed: certificate expired.\nError type            : HTTP:CONNECTIVITY\n\n  (set debug level logging)\n********\n";
        let event = &events("mule", text)[0];
        assert!(event.body.starts_with("HTTP POST failed: certificate expired."), "{}", event.body);
        assert!(event.attributes.contains(&("Error type".into(), "HTTP:CONNECTIVITY".into())));
    }
}
