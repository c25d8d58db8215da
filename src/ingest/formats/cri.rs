//! CRI (containerd, CRI-O): `stamp stream P|F text` around lines of any other format.

use super::{Fit, Format, Glance, Sample, looks_stamped};
use crate::ingest::stamp::{Clock, Stamp};
use std::sync::Arc;

#[derive(Debug)]
struct Cri {
    inner: Option<Arc<dyn Format>>,
}

pub(super) fn fit(sample: &Sample) -> Option<Fit> {
    let score = sample.share(|line| text(line).is_some());
    if score < 0.5 {
        return None;
    }
    let inner_sample = Sample {
        lines: sample.lines.iter().filter_map(|line| text(line)).filter(|text| !text.is_empty()).collect(),
    };
    let inner = crate::ingest::detect::best_of(&inner_sample).map(|fit| fit.format);
    Some(Fit { score: score + 1.0, format: Arc::new(Cri { inner }) })
}

/// What the container wrote, one blank stripped.
#[inline]
fn text(line: &[u8]) -> Option<&[u8]> {
    if !looks_stamped(line, 0, Stamp::Iso) {
        return None;
    }
    let at = memchr::memchr(b' ', line)?;
    let rest = &line[at + 1..];
    let rest = rest.strip_prefix(b"stdout ").or_else(|| rest.strip_prefix(b"stderr "))?;
    let rest = rest.strip_prefix(b"F").or_else(|| rest.strip_prefix(b"P"))?;
    Some(rest.strip_prefix(b" ").unwrap_or(rest))
}

/// The record without the wrapper on each of its lines.
fn unwrapped(record: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(record.len());
    for line in record.split(|byte| *byte == b'\n') {
        if !out.is_empty() {
            out.push(b'\n');
        }
        out.extend_from_slice(text(line).unwrap_or(line));
    }
    out
}

impl Format for Cri {
    fn name(&self) -> &'static str {
        "cri"
    }

    fn is_multi_line(&self) -> bool {
        self.inner.as_ref().is_some_and(|inner| inner.is_multi_line())
    }

    fn head(&self, line: &[u8]) -> bool {
        match (&self.inner, text(line)) {
            (Some(inner), Some(text)) => inner.head(text),
            _ => true,
        }
    }

    fn glance<'a>(&self, line: &'a [u8], clock: &mut Clock) -> Option<Glance<'a>> {
        let text = text(line)?;
        // The runtime's own stamp has a zone and nanoseconds; the text's may have neither.
        let (time, _) = clock.read(Stamp::Iso, line)?;
        let inner = self.inner.as_ref().and_then(|inner| inner.glance(text, &mut clock.clone()));
        Some(match inner {
            Some(glance) => Glance { time, ..glance },
            None => {
                Glance { time, severity: super::json::inner_severity(text), body: text, ..Glance::default() }
            }
        })
    }

    fn attributes(&self, record: &[u8]) -> Vec<(String, String)> {
        self.inner.as_ref().map(|inner| inner.attributes(&unwrapped(record))).unwrap_or_default()
    }

    fn message(&self, record: &[u8]) -> Option<String> {
        let text = unwrapped(record);
        self.inner.as_ref().and_then(|inner| inner.message(&text))
    }
}

#[cfg(test)]
mod tests {
    use crate::ingest::formats::testing::seen;

    #[test]
    fn the_container_wrote_json_or_plain_text() {
        insta::assert_snapshot!(seen("cri", concat!(
            r#"2026-03-14T09:26:53.589123456Z stderr F {"level":"error","ts":1773480413.2,"msg":"POST /orders failed","trace_id":"7c1f0a9be2d34c58a1b6e0f2934d5a77"}"#, "\n")), @"2026-03-14T09:26:53.589123456Z node error | - | - | trace:7c1f0a9be2d34c58a1b6e0f2934d5a77 | POST /orders failed");
        insta::assert_snapshot!(seen("cri", "2026-03-14T09:26:53.589123456Z stdout F something WARN happened\n"), @"2026-03-14T09:26:53.589123456Z node warn | - | - |  | something WARN happened");
    }
}
