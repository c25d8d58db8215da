//! Secrets and personal data taken out before anything is shown or exported. Rules are data: a team can add its own.

use regex::Regex;
use serde::Deserialize;
use std::borrow::Cow;

/// One rule as it stands in the configuration.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RedactionRule {
    pub name: String,
    /// What is replaced: the first group if there is one, else the whole match.
    pub pattern: String,
    /// A text that must stand in the line for the pattern to be tried at all; keeps redaction cheap.
    #[serde(default)]
    pub only_if: Option<String>,
}

/// The rules in force, compiled once.
#[derive(Clone, Debug)]
pub struct Redactor {
    rules: Vec<Compiled>,
}

#[derive(Clone, Debug)]
struct Compiled {
    name: String,
    pattern: Regex,
    only_if: Option<String>,
}

/// The built-in rules: (name, trigger, pattern).
const BUILT_IN: [(&str, &str, &str); 7] = [
    ("bearer", "earer", r"(?i)\bbearer\s+([A-Za-z0-9._~+/=-]{8,})"),
    ("basic", "asic ", r"(?i)\bbasic\s+([A-Za-z0-9+/=]{8,})"),
    ("jwt", "eyJ", r"\beyJ[A-Za-z0-9_-]{6,}\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)?"),
    (
        "secret",
        "",
        r#"(?i)(?:password|passwd|pwd|secret|api[_-]?key|access[_-]?token|client[_-]?secret|private[_-]?token)["']?\s*[:=]\s*["']?([^\s"',;&}]{3,})"#,
    ),
    ("email", "@", r"\b[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}\b"),
    ("card", "", r"\b(?:4\d{3}|5[1-5]\d{2}|6011|3[47]\d{2})(?:[ -]?\d{4}){2}[ -]?\d{1,4}\b"),
    ("iban", "", r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?\b"),
];

impl Redactor {
    /// The built-in rules but those named in `without`, and the person's own.
    pub fn new(own: &[RedactionRule], without: &[String]) -> Result<Self, String> {
        let mut rules = Vec::new();
        for (name, only_if, pattern) in BUILT_IN {
            if without.iter().any(|off| off == name) {
                continue;
            }
            rules.push(Compiled {
                name: name.to_owned(),
                pattern: Regex::new(pattern).expect("the built-in rules are tested"),
                only_if: Some(only_if.to_owned()).filter(|text| !text.is_empty()),
            });
        }
        for rule in own {
            rules.push(Compiled {
                name: rule.name.clone(),
                pattern: Regex::new(&rule.pattern)
                    .map_err(|error| format!("redaction rule `{}`: {error}", rule.name))?,
                only_if: rule.only_if.clone(),
            });
        }
        Ok(Self { rules })
    }

    /// The names of the built-in rules, for documentation and for `redaction.without`.
    pub fn built_in() -> impl Iterator<Item = &'static str> {
        BUILT_IN.iter().map(|(name, _, _)| *name)
    }

    /// The text with everything that a rule names replaced by `‹rule›`.
    pub fn redact<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut out = Cow::Borrowed(text);
        for rule in &self.rules {
            if rule.only_if.as_ref().is_some_and(|trigger| !out.contains(trigger.as_str())) {
                continue;
            }
            if rule.name == "card" && !out.bytes().any(|byte| byte.is_ascii_digit()) {
                continue;
            }
            if let Cow::Owned(redacted) = rule.apply(&out) {
                out = Cow::Owned(redacted);
            }
        }
        out
    }
}

impl Default for Redactor {
    fn default() -> Self {
        Self::new(&[], &[]).expect("the built-in rules are tested")
    }
}

impl Compiled {
    fn apply<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut out = String::new();
        let mut copied = 0;
        for found in self.pattern.captures_iter(text) {
            let Some(secret) = found.get(1).or_else(|| found.get(0)) else { continue };
            if self.name == "card" && !luhn(secret.as_str()) || self.name == "iban" && !mod97(secret.as_str())
            {
                continue;
            }
            out.push_str(&text[copied..secret.start()]);
            out.push('‹');
            out.push_str(&self.name);
            out.push('›');
            copied = secret.end();
        }
        if copied == 0 {
            return Cow::Borrowed(text);
        }
        out.push_str(&text[copied..]);
        Cow::Owned(out)
    }
}

/// The check digit of payment cards (ISO/IEC 7812): order numbers of the same length mostly fail it.
fn luhn(text: &str) -> bool {
    let digits: Vec<u32> = text.chars().filter_map(|c| c.to_digit(10)).collect();
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, &digit)| match (place % 2, digit * 2) {
            (0, _) => digit,
            (_, double) if double > 9 => double - 9,
            (_, double) => double,
        })
        .sum();
    (13..=19).contains(&digits.len()) && sum.is_multiple_of(10)
}

/// The check digits of bank accounts (ISO/IEC 7064): identifiers in capital hex mostly fail them.
fn mod97(text: &str) -> bool {
    let digits: Vec<u32> = text.chars().filter_map(|c| c.to_digit(36)).collect();
    let behind = digits.iter().skip(4).chain(digits.iter().take(4));
    let rest = behind.fold(0, |rest, &digit| (rest * if digit > 9 { 100 } else { 10 } + digit) % 97);
    (15..=34).contains(&digits.len()) && rest == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_and_personal_data_are_named_not_shown() {
        let redactor = Redactor::default();
        let line = r#"Authorization: Bearer eyJhbGciOiJIUzI1NiJ9.e30.c2ln password="hunter22" to=ann@example.com card 4111 1111 1111 1111"#;
        let shown = redactor.redact(line);
        assert_eq!(shown, r#"Authorization: Bearer ‹bearer› password="‹secret›" to=‹email› card ‹card›"#);
    }

    #[test]
    fn what_is_no_secret_stays() {
        let redactor = Redactor::default();
        for line in [
            "order 4111111111111112 accepted",
            "correlationId=3f2b8c1e-6d4a-4f7b-9a10-5c2e7d9b8a41",
            "corr=DF83B5C1D94A4F7B9A105C2E7D9B8A41",
            "a@b",
        ] {
            assert_eq!(redactor.redact(line), line);
        }
        assert_eq!(redactor.redact("to GB82 WEST 1234 5698 7654 32"), "to ‹iban›");
    }

    #[test]
    fn a_team_adds_rules_and_switches_others_off() {
        let own = RedactionRule { name: "customer".into(), pattern: r"customer=(\w+)".into(), only_if: None };
        let redactor = Redactor::new(&[own], &["email".into()]).unwrap();
        assert_eq!(
            redactor.redact("customer=acme mail a@example.com"),
            "customer=‹customer› mail a@example.com"
        );
        let broken = RedactionRule { name: "x".into(), pattern: "(".into(), only_if: None };
        assert!(Redactor::new(&[broken], &[]).unwrap_err().contains("redaction rule `x`"));
    }
}
