//! How identifiers and other hostile text are spelled in a backend's query: escaped or refused, never pasted. Pure.

use crate::ingest::trace_text;
use crate::telemetry::{Identifier, IdentifierClass};

/// Longer than any identifier; what is longer is an attack or a mistake.
const LONGEST: usize = 200;
/// Identifiers that one question asks for.
pub(super) const MOST: usize = 20;

/// The ways in which logs may spell an identifier, the likeliest first. Empty for what no query should hold.
pub(super) fn spellings(identifier: &Identifier) -> Vec<String> {
    let value = identifier.value.trim();
    if value.is_empty() || value.len() > LONGEST || value.chars().any(char::is_control) {
        return Vec::new();
    }
    let mut all = vec![value.to_owned()];
    let bare: String = value.chars().filter(|c| *c != '-').collect();
    if bare.len() == 32 && bare.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        let bare = bare.to_ascii_lowercase();
        let dashed =
            format!("{}-{}-{}-{}-{}", &bare[..8], &bare[8..12], &bare[12..16], &bare[16..20], &bare[20..]);
        match identifier.class {
            IdentifierClass::Trace => all.extend([bare, dashed]),
            _ => all.extend([dashed, bare]),
        }
    }
    let mut seen = std::collections::HashSet::new();
    all.retain(|text| seen.insert(text.clone()));
    all
}

/// All spellings of some identifiers, bounded.
pub(super) fn all_spellings(identifiers: &[Identifier]) -> Vec<String> {
    let mut all: Vec<String> = identifiers.iter().take(MOST).flat_map(spellings).collect();
    let mut seen = std::collections::HashSet::new();
    all.retain(|text| seen.insert(text.clone()));
    all
}

/// The traces among identifiers, in 32 hex digits; of other classes those that may be one by their form.
pub(super) fn traces(identifiers: &[Identifier]) -> Vec<String> {
    let mut all: Vec<String> = identifiers
        .iter()
        .filter(|identifier| match identifier.class {
            IdentifierClass::Trace => true,
            IdentifierClass::Correlation | IdentifierClass::Message => {
                identifier.value.chars().filter(|c| *c != '-').count() == 32
            }
            _ => false,
        })
        .filter_map(|identifier| trace_text(&identifier.value))
        .take(MOST)
        .collect();
    all.dedup();
    all
}

/// In double quotes, with backslashes before quotes and backslashes: LogQL, LogsQL, TraceQL, SPL.
pub(super) fn in_double_quotes(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            c if c.is_control() => {}
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// The text as a regular expression that matches it alone (RE2).
pub(super) fn as_pattern(text: &str) -> String {
    regex::escape(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn correlation(value: &str) -> Identifier {
        Identifier { class: IdentifierClass::Correlation, value: value.to_owned() }
    }

    #[test]
    fn an_identifier_is_asked_for_in_every_spelling_that_logs_have() {
        assert_eq!(
            spellings(&correlation("3F2B8C1E6D4A4F7B9A105C2E7D9B8A41")),
            [
                "3F2B8C1E6D4A4F7B9A105C2E7D9B8A41",
                "3f2b8c1e-6d4a-4f7b-9a10-5c2e7d9b8a41",
                "3f2b8c1e6d4a4f7b9a105c2e7d9b8a41"
            ]
        );
        assert_eq!(spellings(&correlation("ORD-4711")), ["ORD-4711"]);
    }

    #[test]
    fn what_is_no_identifier_is_not_asked_for() {
        for hostile in ["", "   ", "a\nb", "a\0b", &"x".repeat(10_000)] {
            assert_eq!(spellings(&correlation(hostile)), Vec::<String>::new());
        }
    }

    #[test]
    fn quotes_hold_whatever_stands_in_them() {
        assert_eq!(in_double_quotes(r#"a"b\c`d|e{f"#), r#""a\"b\\c`d|e{f""#);
        assert_eq!(in_double_quotes("a\nb\u{7}"), r#""a\nb""#);
        assert_eq!(as_pattern("a.b|c\"d"), "a\\.b\\|c\"d");
    }

    #[test]
    fn a_correlation_that_may_be_a_trace_is_asked_for_as_one() {
        assert_eq!(
            traces(&[correlation("3f2b8c1e-6d4a-4f7b-9a10-5c2e7d9b8a41"), correlation("ORD-1")]),
            ["3f2b8c1e6d4a4f7b9a105c2e7d9b8a41"]
        );
    }
}
