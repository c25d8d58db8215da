//! What the levels of JSON records mean: words, and numbers that count in many ways.

use super::super::number;
use crate::telemetry::Severity;

/// What the numbers or words under the level key mean. Scales collide, so the layout decides, never the number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::ingest::formats) enum Scale {
    Word,
    /// 10 trace to 60 fatal, as pino and bunyan count.
    Pino,
    /// 0 emergency to 7 debug.
    Syslog,
    HttpStatus,
    /// 1 critical to 4 informational, as Azure counts; words pass too.
    Azure,
    /// The level, when it is absent, is "information" (Serilog).
    WordOrInfo,
    /// Only an error has the key (CloudTrail's `errorCode`).
    Presence,
    /// The text in the message tells (container wrappers).
    Inner,
}

impl Scale {
    /// What a value under the level key says; `message` is asked where that is what tells.
    pub(super) fn severity(self, value: &[u8], message: &[u8]) -> Severity {
        match self {
            Self::Inner => inner_severity(message),
            Self::WordOrInfo if value.is_empty() => Severity::INFO,
            Self::Presence => {
                if value.is_empty() {
                    Severity::INFO
                } else {
                    Severity::ERROR
                }
            }
            Self::Word | Self::WordOrInfo => match number(value) {
                None => Severity::from_word(value),
                // pino without its own keys; OTLP and logback numbers are told by their range.
                Some(status @ 100..=599) => Severity::from_http_status(status as u16),
                Some(10_000..) => logback(number(value).unwrap_or(0)),
                Some(_) => Severity::UNSET,
            },
            Self::Pino => number(value).map_or_else(|| Severity::from_word(value), pino),
            Self::Syslog => {
                number(value).map_or(Severity::UNSET, |level| Severity::from_syslog(level.min(7) as u8))
            }
            Self::HttpStatus => number(value)
                .map_or(Severity::UNSET, |status| Severity::from_http_status(status.min(999) as u16)),
            Self::Azure => match value {
                b"1" => Severity::FATAL,
                b"2" => Severity::ERROR,
                b"3" => Severity::WARN,
                b"4" => Severity::INFO,
                word => Severity::from_word(word),
            },
        }
    }
}

fn pino(level: u64) -> Severity {
    match level {
        0 => Severity::UNSET,
        1..=19 => Severity::TRACE,
        20..=29 => Severity::DEBUG,
        30..=39 => Severity::INFO,
        40..=49 => Severity::WARN,
        50..=59 => Severity::ERROR,
        _ => Severity::FATAL,
    }
}

fn logback(value: u64) -> Severity {
    match value {
        0..10_000 => Severity::TRACE,
        10_000..20_000 => Severity::DEBUG,
        20_000..30_000 => Severity::INFO,
        30_000..40_000 => Severity::WARN,
        _ => Severity::ERROR,
    }
}

/// The severity that a wrapped text says of itself: JSON with escaped quotes, logfmt, or a word in capitals.
pub(in crate::ingest::formats) fn inner_severity(text: &[u8]) -> Severity {
    let near = &text[..text.len().min(400)];
    for key in
        [b"level\\\":\\\"".as_slice(), b"level=", b"\"level\":\"", b"severity\\\":\\\"", b"\"severity\":\""]
    {
        if let Some(at) = memchr::memmem::find(near, key) {
            let value = &near[at + key.len()..];
            let end = value.iter().position(|byte| !byte.is_ascii_alphabetic()).unwrap_or(value.len());
            return Severity::from_word(&value[..end]);
        }
    }
    // pino in a wrapper: numbers.
    if let Some(at) = memchr::memmem::find(near, b"\"level\\\":") {
        return pino(number(&near[at + 9..]).unwrap_or(0));
    }
    near.split(|byte| !byte.is_ascii_alphabetic())
        .filter(|word| word.len() >= 4 && word.iter().all(u8::is_ascii_uppercase))
        .map(Severity::from_word)
        .find(|severity| *severity != Severity::UNSET)
        .unwrap_or_default()
}
