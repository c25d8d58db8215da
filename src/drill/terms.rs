//! Free text against the terms that a rubric asks for. It finds words, it grades no prose: the interviewer confirms.

use serde::{Deserialize, Serialize};

/// What a text must name: each term, or one of the alternatives that `|` parts: `["pool", "exhaust|leak|waiter"]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Terms(pub Vec<String>);

/// What was found of the terms in a text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Found {
    pub met: Vec<String>,
    pub missed: Vec<String>,
}

impl Terms {
    pub fn new(terms: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self(terms.into_iter().map(Into::into).collect())
    }

    /// The longer words of a sentence, two of which a text must have: one of its first half, one of its second.
    pub fn telling(sentence: &str) -> Option<Self> {
        let words = sentence.split(|c: char| !c.is_alphanumeric() && c != '-');
        let words: Vec<&str> = words.filter(|word| word.chars().count() > 5).collect();
        let (first, second) = words.split_at(words.len() / 2);
        (words.len() >= 2).then(|| Self(vec![first.join("|"), second.join("|")]))
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Looks for each term: a word of the text must begin with it, whatever case, dashes or underscores.
    pub fn look(&self, text: &str) -> Found {
        let text = plain(text);
        let mut found = Found::default();
        for term in &self.0 {
            let is_met = term.split('|').map(plain).any(|one| !one.trim().is_empty() && text.contains(&one));
            if is_met { found.met.push(term.clone()) } else { found.missed.push(term.clone()) }
        }
        found
    }

    /// Whether the text names all that is asked for; no text names nothing.
    pub fn fit(&self, text: &str) -> bool {
        !self.is_empty() && self.look(text).missed.is_empty()
    }
}

/// Lower case, one blank in front of each word: so a term fits where a word begins, and endings do not matter.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 1);
    for word in text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
        out.push(' ');
        out.extend(word.chars().flat_map(char::to_lowercase));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_met_at_their_beginnings_in_any_spelling() {
        let terms = Terms::new(["erp-adapter", "certificate|tls", "expire"]);
        assert!(terms.fit("The TLS certificate of ERP_Adapter expired at 10:41"));
        assert!(!terms.fit("the certificate of the erp expired"), "another system");
        assert!(Terms::new(["pool"]).fit("connection pools are used up"));
        assert!(!Terms::new(["pool"]).fit("the whirlpool"), "within a word is no match");
        assert!(Terms::new(["connection pool"]).fit("its Connection-Pool is full"));
    }

    #[test]
    fn what_is_missing_is_named_and_nothing_is_met_by_nothing() {
        let found = Terms::new(["erp", "certificate|tls"]).look("erp is slow");
        assert_eq!((found.met, found.missed), (vec!["erp".to_owned()], vec!["certificate|tls".to_owned()]));
        assert!(!Terms::default().fit("anything"));
        assert!(!Terms::new(["|"]).fit("anything"));
    }
}
