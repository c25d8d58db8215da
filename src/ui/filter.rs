//! The filter that all views share: words in, a test of events out.

use crate::telemetry::{Event, EventKind, Severity, Window};

/// What a person typed behind `/`, understood. Empty lets everything through.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
    pub text: String,
    /// Systems to keep, and systems to leave out; parts of names.
    pub systems: Vec<String>,
    pub without_systems: Vec<String>,
    pub at_least: Option<Severity>,
    /// Levels to leave out, by their words.
    pub without_levels: Vec<&'static str>,
    pub kind: Option<EventKind>,
    /// Identifiers whose flows are kept, or left out.
    pub flows: Vec<String>,
    pub without_flows: Vec<String>,
    /// Verdicts and marks of flows that are kept, or left out.
    pub verdicts: Vec<String>,
    pub without_verdicts: Vec<String>,
    /// Systems at which flows stop, or on the way to which.
    pub stops: Vec<String>,
    pub fields: Vec<Field>,
    /// Texts that must stand in the message, and texts that must not.
    pub words: Vec<String>,
    pub without_words: Vec<String>,
    pub regex: Option<String>,
    pub window: Option<Window>,
    /// What could not be understood, for the prompt to show.
    pub problem: Option<String>,
}

/// A field of the record that must have a value, or must not.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    pub name: String,
    pub value: String,
    pub is_out: bool,
}

impl Filter {
    /// `system:kong -system:mule level:warn kind:span status=504 timeout -retry /PKIX.*failed/`
    pub fn parse(text: &str) -> Self {
        let mut filter = Self { text: text.trim().to_owned(), ..Self::default() };
        for word in words(text) {
            let (is_out, bare) = match word.strip_prefix('-') {
                Some(rest) if !rest.is_empty() => (true, rest),
                _ => (false, word.as_str()),
            };
            filter.take(bare, is_out);
        }
        filter
    }

    fn take(&mut self, word: &str, is_out: bool) {
        let put = |keep: &mut Vec<String>, leave: &mut Vec<String>, value: &str| {
            if is_out { leave } else { keep }.push(value.to_lowercase());
        };
        match word.split_once(':') {
            Some(("system" | "sys" | "s", name)) if !name.is_empty() => {
                put(&mut self.systems, &mut self.without_systems, name);
            }
            Some(("flow", name)) if !name.is_empty() => {
                put(&mut self.flows, &mut self.without_flows, name);
            }
            Some(("verdict" | "mark", name)) if !name.is_empty() => {
                put(&mut self.verdicts, &mut self.without_verdicts, &name.replace('-', "_"));
            }
            Some(("stops" | "stop", name)) if !name.is_empty() => self.stops.push(name.to_lowercase()),
            Some(("level" | "severity", name)) if !name.is_empty() => {
                match Severity::from_word(name.as_bytes()) {
                    Severity::UNSET => {
                        self.problem = Some(format!("`{name}` is no level; try warn or error"));
                    }
                    level if is_out => self.without_levels.push(level.word()),
                    level => self.at_least = Some(level),
                }
            }
            Some(("kind", name)) if !name.is_empty() => match name {
                "log" => self.kind = Some(EventKind::Log),
                "span" => self.kind = Some(EventKind::Span),
                "alert" => self.kind = Some(EventKind::Alert),
                _ => self.problem = Some(format!("`{name}` is no kind; try log, span or alert")),
            },
            _ if word.len() > 2 && word.starts_with('/') && word.ends_with('/') => {
                let pattern = &word[1..word.len() - 1];
                match regex::Regex::new(pattern) {
                    Ok(_) => self.regex = Some(pattern.to_owned()),
                    Err(_) => self.problem = Some(format!("`{pattern}` is no regular expression")),
                }
            }
            _ => match field(word) {
                Some((name, value)) => {
                    self.fields.push(Field { name: name.to_lowercase(), value: value.to_lowercase(), is_out })
                }
                None => put(&mut self.words, &mut self.without_words, word),
            },
        }
    }

    pub fn is_empty(&self) -> bool {
        self.text.is_empty() && self.window.is_none()
    }

    /// Whether it asks for flows by what became of them, or by name.
    pub fn chooses_flows(&self) -> bool {
        !(self.flows.is_empty()
            && self.without_flows.is_empty()
            && self.verdicts.is_empty()
            && self.without_verdicts.is_empty()
            && self.stops.is_empty())
    }

    /// Whether it looks at the text of events, not only at their columns.
    pub fn needs_text(&self) -> bool {
        !self.words.is_empty()
            || !self.without_words.is_empty()
            || self.regex.is_some()
            || !self.fields.is_empty()
    }

    /// Whether the text with its variable parts masked is not enough: what is wanted may lie behind a mask.
    pub fn needs_whole_text(&self) -> bool {
        let mut words = self.words.iter().chain(&self.without_words);
        self.regex.is_some()
            || !self.fields.is_empty()
            || words.any(|word| word.bytes().any(|byte| byte.is_ascii_digit()))
    }

    pub fn fits_system(&self, name: &str) -> bool {
        let name = name.to_lowercase();
        (self.systems.is_empty() || self.systems.iter().any(|part| name.contains(part.as_str())))
            && !self.without_systems.iter().any(|part| name.contains(part.as_str()))
    }

    pub fn fits_severity(&self, severity: Severity) -> bool {
        self.at_least.is_none_or(|least| severity >= least) && !self.without_levels.contains(&severity.word())
    }

    /// Whether what became of a flow passes, by its verdict and the names of its marks.
    pub fn fits_verdict(&self, verdict: &str, marks: &[&str]) -> bool {
        let is = |word: &String| verdict == word || marks.contains(&word.as_str());
        (self.verdicts.is_empty() || self.verdicts.iter().any(is)) && !self.without_verdicts.iter().any(is)
    }

    /// Whether where a flow stops passes, by the name of the system.
    pub fn fits_stop(&self, stops: Option<&str>) -> bool {
        let stops = stops.map(str::to_lowercase);
        self.stops.is_empty()
            || stops.is_some_and(|at| self.stops.iter().any(|part| at.contains(part.as_str())))
    }

    /// Whether a text passes; `regex` is the compiled pattern. Fields are another matter.
    pub fn fits_text(&self, text: &str, regex: Option<&regex::Regex>) -> bool {
        let lower = text.to_lowercase();
        self.words.iter().all(|word| lower.contains(word.as_str()))
            && !self.without_words.iter().any(|word| lower.contains(word.as_str()))
            && regex.is_none_or(|regex| regex.is_match(text))
    }

    /// Whether the fields of a record pass: by their names and values, or as they stand in the message.
    pub fn fits_fields(&self, event: &Event) -> bool {
        self.fields.iter().all(|field| {
            let is_named = |name: &str| {
                let name = name.to_lowercase();
                name == field.name || name.rsplit('.').next() == Some(field.name.as_str())
            };
            let mut attributes = event.attributes.iter();
            let has_it =
                attributes.any(|(name, value)| is_named(name) && value.to_lowercase() == field.value);
            let written = || event.body.to_lowercase().contains(&format!("{}={}", field.name, field.value));
            (has_it || written()) != field.is_out
        })
    }
}

/// `status=504`: a name of letters and a value.
fn field(word: &str) -> Option<(&str, &str)> {
    let (name, value) = word.split_once('=')?;
    let is_name = name.starts_with(|c: char| c.is_alphabetic())
        && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '_' | '-'));
    (is_name && !value.is_empty()).then_some((name, value))
}

/// Words by blanks; quotes and slashes keep blanks together.
fn words(text: &str) -> Vec<String> {
    let mut all = Vec::new();
    let mut word = String::new();
    let mut open: Option<char> = None;
    for c in text.chars() {
        match (c, open) {
            (c, Some(quote)) if c == quote => {
                open = None;
                if quote == '/' {
                    word.push(c);
                }
            }
            ('"', None) => open = Some('"'),
            ('/', None) if word.is_empty() => {
                open = Some('/');
                word.push(c);
            }
            (c, None) if c.is_whitespace() => {
                all.extend(Some(std::mem::take(&mut word)).filter(|word| !word.is_empty()))
            }
            (c, _) => word.push(c),
        }
    }
    all.extend(Some(word).filter(|word| !word.is_empty()));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_words_is_understood() {
        let filter = Filter::parse(
            "system:kong -system:mule level:warn kind:span \"time out\" -retry /PKIX .*failed/",
        );
        assert_eq!(filter.systems, ["kong"]);
        assert_eq!(filter.without_systems, ["mule"]);
        assert_eq!((filter.at_least, filter.kind), (Some(Severity::WARN), Some(EventKind::Span)));
        assert_eq!(
            (filter.words, filter.without_words),
            (vec!["time out".to_owned()], vec!["retry".to_owned()])
        );
        assert_eq!(filter.regex.as_deref(), Some("PKIX .*failed"));
        let filter = Filter::parse("flow:SO-1 -verdict:dead-lettered -level:debug status=504 -a.b=c");
        assert_eq!(
            (filter.flows, filter.without_verdicts),
            (vec!["so-1".into()], vec!["dead_lettered".into()])
        );
        assert_eq!(filter.without_levels, ["debug"]);
        let fields: Vec<_> =
            filter.fields.iter().map(|one| (one.name.as_str(), one.value.as_str(), one.is_out)).collect();
        assert_eq!(fields, [("status", "504", false), ("a.b", "c", true)]);
        assert!(Filter::parse("level:loud").problem.is_some());
        assert!(Filter::parse("/(/").problem.is_some());
        assert!(Filter::parse("  ").is_empty());
    }

    #[test]
    fn texts_pass_by_all_of_it() {
        let filter = Filter::parse("failed -retry");
        assert!(filter.fits_text("POST Failed", None));
        assert!(!filter.fits_text("failed, retry", None));
    }
}
