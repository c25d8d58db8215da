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
    parts(line).map(|(_, text)| text)
}

/// Whether the line is a piece that the next one continues, and its text.
#[inline]
fn parts(line: &[u8]) -> Option<(bool, &[u8])> {
    if !looks_stamped(line, 0, Stamp::Iso) {
        return None;
    }
    let at = memchr::memchr(b' ', line)?;
    let rest = &line[at + 1..];
    let rest = rest.strip_prefix(b"stdout ").or_else(|| rest.strip_prefix(b"stderr "))?;
    let (tag, rest) = rest.split_first()?;
    matches!(tag, b'F' | b'P').then(|| (*tag == b'P', rest.strip_prefix(b" ").unwrap_or(rest)))
}

/// The record without the wrapper on each of its lines.
fn unwrapped(record: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(record.len());
    let mut goes_on = true;
    for line in record.split(|byte| *byte == b'\n') {
        if !goes_on {
            out.push(b'\n');
        }
        let (is_piece, text) = parts(line).unwrap_or((false, line));
        out.extend_from_slice(text);
        goes_on = is_piece;
    }
    out
}

impl Format for Cri {
    fn name(&self) -> &'static str {
        "cri"
    }

    fn is_multi_line(&self) -> bool {
        true
    }

    fn goes_on(&self, line: &[u8]) -> bool {
        parts(line).is_some_and(|(is_piece, _)| is_piece)
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
        let is_in_pieces = record.split(|byte| *byte == b'\n').any(|line| self.goes_on(line));
        let inner = self.inner.as_ref().and_then(|inner| inner.message(&text));
        inner.or_else(|| is_in_pieces.then(|| String::from_utf8_lossy(text.trim_ascii_end()).into_owned()))
    }
}

#[cfg(test)]
mod tests {
    use crate::ingest::formats::testing::seen;

    #[test]
    fn a_line_that_the_runtime_cut_into_pieces_is_one_event() {
        let text = concat!(
            "2026-03-14T09:26:53.500000000Z stdout F before\n",
            "2026-03-14T09:26:53.589000000Z stdout P WARN a long \n",
            "2026-03-14T09:26:53.589000001Z stdout P and longer \n",
            "2026-03-14T09:26:53.589000002Z stdout F line cid=abc99e3ed95f4ad37d195f2a1f6f6e53\n",
            "2026-03-14T09:26:54.000000000Z stdout F behind\n",
        );
        let events = crate::ingest::formats::testing::events("cri", text);
        assert_eq!(events.len(), 3);
        assert_eq!(events[1].body, "WARN a long and longer line cid=abc99e3ed95f4ad37d195f2a1f6f6e53");
        assert_eq!(events[1].identifiers.len(), 1);
        assert_eq!((events[0].body.as_str(), events[2].body.as_str()), ("before", "behind"));
    }

    #[test]
    fn the_container_wrote_json_or_plain_text() {
        insta::assert_snapshot!(seen("cri", concat!(
            r#"2026-03-14T09:26:53.589123456Z stderr F {"level":"error","ts":1773480413.2,"msg":"POST /orders failed","trace_id":"7c1f0a9be2d34c58a1b6e0f2934d5a77"}"#, "\n")), @"2026-03-14T09:26:53.589123456Z node error | - | - | trace:7c1f0a9be2d34c58a1b6e0f2934d5a77 | POST /orders failed");
        insta::assert_snapshot!(seen("cri", "2026-03-14T09:26:53.589123456Z stdout F something WARN happened\n"), @"2026-03-14T09:26:53.589123456Z node warn | - | - |  | something WARN happened");
    }
}
