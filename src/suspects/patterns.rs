//! Messages that differ only in their variables, joined (after Drain, He et al., ICWS 2017).
//!
//! Ingest masks words with digits. What is left to mask are variables in letters: names of places, of users, of states.
//! A place in the message that takes many values is a variable; one that takes two or three may be the finding
//! ("success", "failed") and stays.

use crate::evidence::{Evidence, Row, TextId};
use rustc_hash::{FxHashMap, FxHashSet};
use std::hash::{Hash, Hasher};

/// From this many values on a place in the message is a variable.
const VARIABLE: usize = 4;
/// The share of telling words that must be equal.
const ALIKE: f64 = 0.6;
/// A word in this share of all messages tells nothing.
const COMMON: f64 = 0.3;
/// More tokens than this are detail.
const TOKENS: usize = 24;
/// Messages of at least this many tokens may be alike though one is longer: they list things.
const LONG: usize = 12;
/// More messages than this are not compared with each other.
const MOST: usize = 20_000;

/// Which pattern each masked message belongs to: the number of a message that stands for it.
#[derive(Default)]
pub(super) struct Patterns {
    of: FxHashMap<TextId, TextId>,
    /// Patterns that speak of trouble whatever their severity.
    troubled: FxHashSet<TextId>,
}

struct Cluster {
    members: Vec<(TextId, Vec<u64>)>,
}

impl Patterns {
    pub(super) fn of(evidence: &Evidence, mut shapes: Vec<TextId>) -> Self {
        shapes.sort_unstable_by(|a, b| evidence.text(*a).cmp(evidence.text(*b)));
        shapes.dedup();
        shapes.retain(|shape| shape.0 != 0);
        let mut troubled = FxHashSet::default();
        if shapes.len() > MOST {
            // Comparing so many would take longer than it is worth; each stands for itself.
            troubled.extend(shapes.into_iter().filter(|shape| speaks_of_trouble(evidence.text(*shape))));
            return Self { of: FxHashMap::default(), troubled };
        }
        let tokenised: Vec<(TextId, Vec<u64>)> =
            shapes.iter().map(|&shape| (shape, tokens(evidence.text(shape)))).collect();
        let mut spread: FxHashMap<u64, u32> = FxHashMap::default();
        for (_, tokens) in &tokenised {
            let mut own = tokens.clone();
            own.sort_unstable();
            own.dedup();
            own.into_iter().for_each(|token| *spread.entry(token).or_default() += 1);
        }
        let common = (tokenised.len() as f64 * COMMON).max(6.0);
        let is_telling = |token: u64| token != MASK && f64::from(spread[&token]) <= common;
        let mut buckets: FxHashMap<(usize, u64), Vec<Cluster>> = FxHashMap::default();
        for (shape, tokens) in tokenised {
            let first = tokens.iter().copied().find(|&token| is_telling(token)).unwrap_or(0);
            let clusters = buckets.entry((tokens.len().min(LONG), first)).or_default();
            let alike =
                |cluster: &&mut Cluster| likeness(&cluster.members[0].1, &tokens, is_telling) >= ALIKE;
            match clusters.iter_mut().find(alike) {
                Some(cluster) => cluster.members.push((shape, tokens)),
                None => clusters.push(Cluster { members: vec![(shape, tokens)] }),
            }
        }
        let mut of = FxHashMap::default();
        for cluster in buckets.into_values().flatten() {
            let kept = cluster.kept_places();
            let mut stands: FxHashMap<Vec<u64>, TextId> = FxHashMap::default();
            for (shape, tokens) in &cluster.members {
                let key = kept.iter().map(|&place| tokens[place]).collect();
                of.insert(*shape, *stands.entry(key).or_insert(*shape));
            }
        }
        for shape in shapes {
            if speaks_of_trouble(evidence.text(shape)) {
                troubled.insert(of[&shape]);
            }
        }
        Self { of, troubled }
    }

    pub(super) fn pattern(&self, shape: TextId) -> TextId {
        self.of.get(&shape).copied().unwrap_or(shape)
    }

    /// Whether a log record speaks of an error.
    pub(super) fn is_error(&self, evidence: &Evidence, row: Row) -> bool {
        evidence.severity(row).is_error() || self.is_troubled(self.pattern(evidence.shape(row)))
    }

    pub(super) fn is_troubled(&self, pattern: TextId) -> bool {
        self.troubled.contains(&pattern)
    }
}

impl Cluster {
    /// Places whose values tell patterns apart.
    fn kept_places(&self) -> Vec<usize> {
        let length = self.members.iter().map(|(_, tokens)| tokens.len()).min().unwrap_or(0);
        (0..length)
            .filter(|&place| {
                let mut values: Vec<u64> = self.members.iter().map(|(_, tokens)| tokens[place]).collect();
                values.sort_unstable();
                values.dedup();
                values.len() < VARIABLE
            })
            .collect()
    }
}

const MASK: u64 = 0;

fn tokens(text: &str) -> Vec<u64> {
    let hash = |token: &str| {
        if token.contains('*') {
            return MASK;
        }
        let mut hasher = rustc_hash::FxHasher::default();
        token.hash(&mut hasher);
        hasher.finish() | 1
    };
    let words = text.split(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '*' | '.' | '-')));
    let mut tokens: Vec<u64> = words.filter(|token| !token.is_empty()).map(hash).collect();
    tokens.dedup_by(|a, b| *a == MASK && *b == MASK);
    tokens.truncate(TOKENS);
    tokens
}

fn likeness(a: &[u64], b: &[u64], is_telling: impl Fn(u64) -> bool) -> f64 {
    let (mut same, mut of) = (0u32, 0u32);
    for (&a, &b) in a.iter().zip(b) {
        if is_telling(a) || is_telling(b) {
            of += 1;
            same += u32::from(a == b);
        }
    }
    if of == 0 { 1.0 } else { f64::from(same) / f64::from(of) }
}

/// Words that no healthy message has, in any severity.
fn speaks_of_trouble(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    ["exception", "panic:", "traceback", "segfault", "stack trace", "fatal error"]
        .iter()
        .any(|word| lower.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    fn evidence(texts: &[&str]) -> (Evidence, Vec<TextId>) {
        let mut evidence = Evidence::default();
        let names = Arc::make_mut(&mut evidence.texts);
        names.intern("");
        let ids = texts.iter().map(|text| TextId(names.intern(text))).collect();
        (evidence, ids)
    }

    #[test]
    fn a_variable_in_letters_is_masked_and_an_outcome_is_not() {
        let mut texts: Vec<String> = ["shanghai", "nanjing", "suzhou", "taiyuan", "beijing"]
            .iter()
            .map(|city| format!("Seat request to {city} for train * answered success"))
            .collect();
        texts.push("Seat request to nanjing for train * answered failed".to_owned());
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let (evidence, ids) = evidence(&texts);
        let patterns = Patterns::of(&evidence, ids.clone());
        assert!(ids[..5].iter().all(|id| patterns.pattern(*id) == patterns.pattern(ids[0])));
        assert_ne!(patterns.pattern(ids[5]), patterns.pattern(ids[0]));
    }

    #[test]
    fn an_exception_is_trouble_in_any_severity() {
        let (evidence, ids) = evidence(&["java.lang.NullPointerException at *", "order accepted"]);
        let patterns = Patterns::of(&evidence, ids.clone());
        assert!(patterns.is_troubled(patterns.pattern(ids[0])));
        assert!(!patterns.is_troubled(patterns.pattern(ids[1])));
    }
}
