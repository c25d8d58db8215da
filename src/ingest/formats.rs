//! One file a format. A format tells whether a sample is its own, where records begin, and what stands where in them.
//!
//! Adding one: a file here with a `fit` function, a line in [`ALL`], tests beside it with lines from the real system.

mod access;
mod cri;
pub(super) mod delimited;
mod envoy;
mod json;
mod kafka;
mod logfmt;
mod mule;
pub(super) mod otlp;
mod rabbitmq;
mod spring;
mod syslog;
pub(super) mod tables;
mod text;
mod user;

pub use user::UserFormat;

use super::shape::Operation;
use super::stamp::{Clock, Stamp};
use crate::telemetry::{IdentifierClass, Severity, Time};
use std::fmt;
use std::sync::Arc;

/// How the records of one stream are read. What it needs was learnt from the sample.
pub trait Format: Send + Sync + fmt::Debug {
    fn name(&self) -> &'static str;

    /// Whether records may run over several lines; then [`Format::head`] tells where they begin.
    fn is_multi_line(&self) -> bool {
        false
    }

    /// Whether a record begins with this line. Cheap: asked of every line.
    fn head(&self, _line: &[u8]) -> bool {
        true
    }

    /// Whether the record goes on in the next line whatever that looks like: container runtimes cut what is long.
    fn goes_on(&self, _line: &[u8]) -> bool {
        false
    }

    /// Whether times carry their zone.
    fn has_zone(&self) -> bool {
        true
    }

    /// What the index needs of a record, from its first line. `None` if the line is not of this format.
    fn glance<'a>(&self, line: &'a [u8], clock: &mut Clock) -> Option<Glance<'a>>;

    /// Names and values of the record's fields, decoded; the message is [`Format::message`].
    fn attributes(&self, _record: &[u8]) -> Vec<(String, String)> {
        Vec::new()
    }

    /// The message in full where it takes more than a cut of the line: decoded JSON, joined stack traces.
    fn message(&self, _record: &[u8]) -> Option<String> {
        None
    }
}

/// Identifiers that a record may have by place.
pub(super) const POSITIONAL: usize = 4;

/// What a first look at a record gives; slices of the line, nothing copied.
#[derive(Clone, Copy, Debug, Default)]
pub struct Glance<'a> {
    pub time: Time,
    pub severity: Severity,
    pub body: &'a [u8],
    pub operation: Operation<'a>,
    pub duration_us: u32,
    /// Identifiers that have a place instead of a key.
    pub positional: [Option<(IdentifierClass, &'a [u8])>; POSITIONAL],
    /// The system, where one file holds several.
    pub system: Option<&'a [u8]>,
}

/// The one identifier that a record has by place.
pub(super) fn only(
    identifier: Option<(IdentifierClass, &[u8])>,
) -> [Option<(IdentifierClass, &[u8])>; POSITIONAL] {
    [identifier, None, None, None]
}

/// How those who only ask whether a system is up call themselves.
const PROBE_AGENTS: [&[u8]; 10] = [
    b"kube-probe/",
    b"ELB-HealthChecker/",
    b"GoogleHC/",
    b"Amazon-Route53-Health-Check",
    b"Consul Health Check",
    b"Envoy/HC",
    b"HAProxy",
    b"Blackbox Exporter/",
    b"UptimeRobot/",
    b"Prometheus/",
];

/// The method of a request; `PROBE` where the agent says that it only asks whether the system is up.
#[inline]
pub(super) fn method_by<'a>(agent: &[u8], method: &'a [u8]) -> &'a [u8] {
    if PROBE_AGENTS.iter().any(|probe| agent.starts_with(probe)) { b"PROBE" } else { method }
}

/// The first lines of a stream, for formats to judge.
#[derive(Debug)]
pub struct Sample<'a> {
    pub lines: Vec<&'a [u8]>,
}

/// How well a format fits.
#[derive(Debug)]
pub struct Fit {
    /// Share of the sample's lines that fit, and a little more for formats that are hard to mistake.
    pub score: f32,
    pub format: Arc<dyn Format>,
}

/// All formats of events; the best fit wins, the earlier at a draw.
pub const ALL: &[fn(&Sample) -> Option<Fit>] = &[
    cri::fit,
    json::fit,
    envoy::fit,
    access::fit,
    mule::fit,
    kafka::fit,
    rabbitmq::fit,
    spring::fit,
    syslog::fit,
    logfmt::fit,
    delimited::fit,
    text::fit,
];

impl<'a> Sample<'a> {
    /// The whole lines of a text's beginning, blank ones left out.
    pub fn new(bytes: &'a [u8], is_whole: bool) -> Self {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let mut lines: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').map(trim_line).take(400).collect();
        // The last line may be cut where the sample ends; alone, it is better than nothing.
        if !is_whole && lines.len() > 1 && lines.len() < 400 {
            lines.pop();
        }
        lines.retain(|line| !line.iter().all(u8::is_ascii_whitespace));
        Self { lines }
    }

    /// The share of lines for which a test holds.
    pub fn share(&self, test: impl Fn(&[u8]) -> bool) -> f32 {
        if self.lines.is_empty() {
            return 0.0;
        }
        self.lines.iter().filter(|line| test(line)).count() as f32 / self.lines.len() as f32
    }

    /// The share of record heads among lines, not counting those that continue a record.
    ///
    /// Stack traces make heads a minority of lines: what matters is that the first line is one and that what follows
    /// between heads looks like continuation.
    pub fn share_of_heads(&self, head: impl Fn(&[u8]) -> bool) -> f32 {
        if !self.lines.iter().take(3).any(|line| head(line)) {
            return 0.0;
        }
        let continues = |line: &[u8]| {
            matches!(line[0], b' ' | b'\t' | b'*' | b'<' | b'}' | b')')
                || line.starts_with(b"Caused by")
                || line.starts_with(b"at ")
        };
        let heads = self.lines.iter().filter(|line| head(line)).count() as f32;
        let strangers = self.lines.iter().filter(|line| !head(line) && !continues(line)).count() as f32;
        heads / (heads + strangers * 0.5).max(1.0)
    }

    pub fn first(&self) -> &'a [u8] {
        self.lines.first().copied().unwrap_or_default()
    }
}

/// Without the line's ending.
pub fn trim_line(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// Without blanks at both ends.
pub(super) fn trim(text: &[u8]) -> &[u8] {
    text.trim_ascii()
}

/// Whether a line's stamp stands at `at`, by four bytes: the check that is made of every line.
#[inline]
pub(super) fn looks_stamped(line: &[u8], at: usize, stamp: Stamp) -> bool {
    let byte = |offset: usize| line.get(at + offset).copied().unwrap_or(0);
    match stamp {
        Stamp::Iso => {
            byte(0).is_ascii_digit() && matches!(byte(4), b'-' | b'/') && byte(13) == b':' && byte(16) == b':'
        }
        Stamp::Clf => byte(2) == b'/' && byte(6) == b'/' && byte(11) == b':',
        Stamp::Syslog => {
            byte(0).is_ascii_uppercase() && byte(3) == b' ' && byte(9) == b':' && byte(12) == b':'
        }
        Stamp::Compact => byte(0).is_ascii_digit() && byte(7).is_ascii_digit(),
        Stamp::Epoch => byte(0).is_ascii_digit() && byte(8).is_ascii_digit(),
        Stamp::American => byte(0).is_ascii_uppercase() && byte(3) == b' ',
    }
}

/// The next word from `at`, skipping blanks, and where it ends: at the line's end if it is shorter.
#[inline]
pub(super) fn word(line: &[u8], at: usize) -> (&[u8], usize) {
    let start = at + line.get(at..).map_or(0, |rest| rest.iter().take_while(|byte| **byte == b' ').count());
    let start = start.min(line.len());
    let rest = &line[start..];
    let length = memchr::memchr(b' ', rest).unwrap_or(rest.len());
    (&rest[..length], start + length)
}

/// Where a short piece first stands, told by its rarest byte, the `rare`-th. Over a short text this is done before a
/// prepared search has begun.
#[inline]
pub(super) fn find(text: &[u8], piece: &[u8], rare: usize) -> Option<usize> {
    let last = text.len().checked_sub(piece.len())?;
    memchr::memchr_iter(piece[rare], &text[rare..=last + rare])
        .find(|&at| text[at..at + piece.len()] == *piece)
}

/// A number at the start of a text.
#[inline]
pub(super) fn number(text: &[u8]) -> Option<u64> {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if digits == 0 || digits > 18 {
        return None;
    }
    Some(text[..digits].iter().fold(0, |value, byte| value * 10 + u64::from(byte - b'0')))
}

/// Seconds with a fraction, in microseconds; saturating.
pub(super) fn seconds_as_us(text: &[u8]) -> u32 {
    std::str::from_utf8(text)
        .ok()
        .and_then(|text| text.trim().parse::<f64>().ok())
        .map_or(0, |seconds| (seconds * 1e6).clamp(0.0, f64::from(u32::MAX)) as u32)
}

/// Milliseconds in microseconds; saturating, since the column is 32 bits wide.
pub(super) fn millis_as_us(millis: u64) -> u32 {
    u32::try_from(millis.saturating_mul(1_000)).unwrap_or(u32::MAX)
}

/// The value of a quoted field from just behind its opening quote: its bytes as written, escapes not undone.
#[inline]
pub(super) fn until_quote(text: &[u8]) -> &[u8] {
    let mut at = 0;
    while let Some(found) = memchr::memchr2(b'"', b'\\', &text[at..]) {
        let place = at + found;
        if text[place] == b'"' {
            return &text[..place];
        }
        at = (place + 2).min(text.len());
    }
    text
}

/// Pairs of `key=value` in a text, quotes undone: what free text says in passing.
pub(super) fn pairs(text: &[u8]) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(equals) =
        text.get(at..).and_then(|rest| memchr::memchr(b'=', rest)).map(|offset| at + offset)
    {
        let key_length = text[..equals]
            .iter()
            .rev()
            .take_while(|byte| byte.is_ascii_alphanumeric() || b"_-.@".contains(byte))
            .count();
        let key = &text[equals - key_length..equals];
        let (value, end) = match text.get(equals + 1) {
            Some(b'"') => {
                let value = until_quote(&text[equals + 2..]);
                (value, equals + 3 + value.len())
            }
            _ => {
                let rest = &text[equals + 1..];
                let length = rest.iter().position(|byte| b" ,;)]}\t\n".contains(byte)).unwrap_or(rest.len());
                (&rest[..length], equals + 1 + length)
            }
        };
        if !key.is_empty() && !value.is_empty() {
            let value = String::from_utf8_lossy(value).replace("\\\"", "\"");
            found.push((String::from_utf8_lossy(key).into_owned(), value));
        }
        at = end.max(equals + 1);
    }
    found
}

#[cfg(test)]
pub(super) mod testing {
    //! Lines of a format in, what was understood of them out.

    use crate::ingest::{Settings, detect};
    use crate::telemetry::Event;

    /// Detects the format of a text and reads all its events; panics if another format claims it.
    #[track_caller]
    pub(crate) fn events(expected_format: &str, text: &str) -> Vec<Event> {
        let settings = Settings::default();
        let plan = detect("node/some.log", text.as_bytes(), true, &settings);
        assert_eq!(plan.format_name(), expected_format, "for {text}");
        let events = plan.events(text.as_bytes(), "node/some.log");
        assert!(!events.is_empty(), "no event in {text}");
        events
    }

    /// The same in one line an event: time, severity, operation, duration, identifiers, first line of the body.
    #[track_caller]
    pub(crate) fn seen(expected_format: &str, text: &str) -> String {
        let mut lines = Vec::new();
        for event in events(expected_format, text) {
            let identifiers: Vec<String> =
                event.identifiers.iter().map(|id| format!("{}:{}", id.class, id.value)).collect();
            lines.push(format!(
                "{} {} {} | {} | {} | {} | {}",
                event.time,
                event.system,
                event.severity,
                event.operation.as_deref().unwrap_or("-"),
                event.duration.map_or("-".to_owned(), |duration| duration.to_string()),
                identifiers.join(" "),
                event.body.lines().next().unwrap_or_default(),
            ));
        }
        lines.join("\n")
    }
}
