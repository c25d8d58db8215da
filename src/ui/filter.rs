//! The filter that all views share: words in, a test of events out.

use crate::telemetry::{EventKind, Severity, Window};

/// What a person typed behind `/`, understood. Empty lets everything through.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
    pub text: String,
    /// Systems to keep, and systems to leave out; parts of names.
    pub systems: Vec<String>,
    pub without_systems: Vec<String>,
    pub at_least: Option<Severity>,
    pub kind: Option<EventKind>,
    /// Texts that must stand in the message, and texts that must not.
    pub words: Vec<String>,
    pub without_words: Vec<String>,
    pub regex: Option<String>,
    pub window: Option<Window>,
    /// What could not be understood, for the prompt to show.
    pub problem: Option<String>,
}

impl Filter {
    /// `system:kong -system:mule level:warn kind:span timeout -retry /PKIX.*failed/`
    pub fn parse(text: &str) -> Self {
        let mut filter = Self { text: text.trim().to_owned(), ..Self::default() };
        for word in words(&filter.text.clone()) {
            let (is_out, bare) = match word.strip_prefix('-') {
                Some(rest) if !rest.is_empty() => (true, rest),
                _ => (false, word.as_str()),
            };
            match bare.split_once(':') {
                Some(("system" | "sys" | "s", name)) if !name.is_empty() => {
                    let list = if is_out { &mut filter.without_systems } else { &mut filter.systems };
                    list.push(name.to_lowercase());
                }
                Some(("level" | "severity" | "l", name)) if !name.is_empty() => {
                    match Severity::from_word(name.as_bytes()) {
                        Severity::UNSET => {
                            filter.problem = Some(format!("`{name}` is no level; try warn or error"))
                        }
                        level => filter.at_least = Some(level),
                    }
                }
                Some(("kind" | "k", name)) if !name.is_empty() => match name {
                    "log" => filter.kind = Some(EventKind::Log),
                    "span" => filter.kind = Some(EventKind::Span),
                    "alert" => filter.kind = Some(EventKind::Alert),
                    _ => filter.problem = Some(format!("`{name}` is no kind; try log, span or alert")),
                },
                _ if bare.len() > 2 && bare.starts_with('/') && bare.ends_with('/') => {
                    let pattern = &bare[1..bare.len() - 1];
                    match regex::Regex::new(pattern) {
                        Ok(_) => filter.regex = Some(pattern.to_owned()),
                        Err(_) => filter.problem = Some(format!("`{pattern}` is no regular expression")),
                    }
                }
                _ if is_out => filter.without_words.push(bare.to_lowercase()),
                _ if !bare.is_empty() => filter.words.push(bare.to_lowercase()),
                _ => {}
            }
        }
        filter
    }

    pub fn is_empty(&self) -> bool {
        self.text.is_empty() && self.window.is_none()
    }

    /// Whether it looks at the text of events, not only at their columns.
    pub fn needs_text(&self) -> bool {
        !self.words.is_empty() || !self.without_words.is_empty() || self.regex.is_some()
    }

    pub fn fits_system(&self, name: &str) -> bool {
        let name = name.to_lowercase();
        (self.systems.is_empty() || self.systems.iter().any(|part| name.contains(part.as_str())))
            && !self.without_systems.iter().any(|part| name.contains(part.as_str()))
    }

    /// Whether a text passes; `regex` is the compiled pattern.
    pub fn fits_text(&self, text: &str, regex: Option<&regex::Regex>) -> bool {
        let lower = text.to_lowercase();
        self.words.iter().all(|word| lower.contains(word.as_str()))
            && !self.without_words.iter().any(|word| lower.contains(word.as_str()))
            && regex.is_none_or(|regex| regex.is_match(text))
    }
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
        assert!(Filter::parse("level:loud").problem.is_some());
        assert!(Filter::parse("  ").is_empty());
    }

    #[test]
    fn texts_pass_by_all_of_it() {
        let filter = Filter::parse("failed -retry");
        assert!(filter.fits_text("POST Failed", None));
        assert!(!filter.fits_text("failed, retry", None));
    }
}
