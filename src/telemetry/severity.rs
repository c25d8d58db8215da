//! Severity by OpenTelemetry's numbers.

use std::fmt;

/// An OpenTelemetry severity number, 1 to 24; 0 when the record names none.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(transparent)]
pub struct Severity(pub u8);

impl Severity {
    pub const UNSET: Self = Self(0);
    pub const TRACE: Self = Self(1);
    pub const DEBUG: Self = Self(5);
    pub const INFO: Self = Self(9);
    pub const WARN: Self = Self(13);
    pub const ERROR: Self = Self(17);
    pub const FATAL: Self = Self(21);

    /// Words for which [`Severity::from_word`] gives an error, for those who count errors by the word.
    pub const ERROR_WORDS: [&str; 16] = [
        "error",
        "err",
        "erro",
        "severe",
        "fail",
        "failed",
        "e",
        "fatal",
        "crit",
        "critical",
        "panic",
        "dpanic",
        "emerg",
        "emergency",
        "alert",
        "f",
    ];

    pub fn is_error(self) -> bool {
        self >= Self::ERROR
    }

    pub fn is_warning(self) -> bool {
        self >= Self::WARN && self < Self::ERROR
    }

    /// Reads the words that loggers use, in any case; [`Severity::UNSET`] for others.
    pub fn from_word(word: &[u8]) -> Self {
        // The first letter decides but for E (error, emergency), F (fatal, fine, fail), A and C (alert, critical).
        let mut lower = [0u8; 16];
        if word.is_empty() || word.len() > lower.len() {
            return Self::UNSET;
        }
        for (to, from) in lower.iter_mut().zip(word) {
            *to = from.to_ascii_lowercase();
        }
        match &lower[..word.len()] {
            b"trace" | b"trc" | b"finest" | b"t" => Self::TRACE,
            b"debug" | b"dbg" | b"fine" | b"finer" | b"verbose" | b"vrb" | b"d" | b"config" => Self::DEBUG,
            b"info" | b"inf" | b"information" | b"notice" | b"i" | b"ok" | b"n" => Self::INFO,
            b"warn" | b"warning" | b"wrn" | b"w" => Self::WARN,
            b"error" | b"err" | b"erro" | b"severe" | b"fail" | b"failed" | b"e" => Self::ERROR,
            b"fatal" | b"crit" | b"critical" | b"panic" | b"dpanic" | b"emerg" | b"emergency" | b"alert"
            | b"f" | b"c" => Self::FATAL,
            _ => Self::UNSET,
        }
    }

    /// Syslog's 0 (emergency) to 7 (debug).
    pub fn from_syslog(level: u8) -> Self {
        match level {
            0..=2 => Self::FATAL,
            3 => Self::ERROR,
            4 => Self::WARN,
            5 | 6 => Self::INFO,
            _ => Self::DEBUG,
        }
    }

    /// What an HTTP status says of the one who answered: 5xx is an error, 429 and 408 a warning.
    pub fn from_http_status(status: u16) -> Self {
        match status {
            500.. => Self::ERROR,
            408 | 429 => Self::WARN,
            _ => Self::INFO,
        }
    }

    pub fn word(self) -> &'static str {
        match self.0 {
            0 => "-",
            1..=4 => "trace",
            5..=8 => "debug",
            9..=12 => "info",
            13..=16 => "warn",
            17..=20 => "error",
            _ => "fatal",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.pad(self.word())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_that_errors_are_counted_by_are_those_that_are_read_as_errors() {
        for word in Severity::ERROR_WORDS {
            assert!(Severity::from_word(word.as_bytes()).is_error(), "{word}");
            assert!(Severity::from_word(word.to_ascii_uppercase().as_bytes()).is_error(), "{word}");
        }
    }
}
