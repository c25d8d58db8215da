//! The ledger as candidates: a deploy and the commits that it names or carries are one change; what its files say it
//! cannot have touched counts less.

use super::words::telling_words;
use crate::telemetry::{Change, ChangeKind, Time};
use rustc_hash::{FxHashMap, FxHashSet};

/// A deploy with its commit, or a change alone.
pub(super) struct Candidate<'a> {
    /// By place in the ledger; the one to name.
    pub place: usize,
    pub time: Time,
    pub kind: ChangeKind,
    pub system: Option<&'a str>,
    pub text: String,
    pub words: FxHashSet<String>,
    /// What is left of the score for what cannot have changed how the system works.
    pub substance: f64,
}

pub(super) fn candidates(changes: &[Change]) -> Vec<Candidate<'_>> {
    let mut is_part = vec![false; changes.len()];
    let mut candidates = Vec::new();
    for (place, change) in changes.iter().enumerate() {
        if change.kind == ChangeKind::Commit {
            continue;
        }
        let mut text = change.text.clone();
        for (other, commit) in changes.iter().enumerate() {
            if commit.kind == ChangeKind::Commit && names(&change.text, &commit.id) {
                is_part[other] = true;
                text = format!("{text}\n{}", commit.text);
            }
        }
        candidates.push(Candidate::new(place, change, text));
    }
    for (place, change) in changes.iter().enumerate() {
        if change.kind == ChangeKind::Commit && !is_part[place] {
            let mut candidate = Candidate::new(place, change, change.text.clone());
            if let Some(deploy) = carrier(changes, change) {
                (candidate.time, candidate.system, candidate.kind) =
                    (deploy.time, deploy.system.as_deref(), ChangeKind::Deploy);
            }
            candidates.push(candidate);
        }
    }
    candidates
}

/// The deploy that carried a commit without naming it: the next one of a system that the commit names.
fn carrier<'a>(changes: &'a [Change], commit: &Change) -> Option<&'a Change> {
    let lower = commit.text.to_ascii_lowercase();
    changes.iter().find(|change| {
        let is_of = |system: &str| system.len() >= 5 && lower.contains(&system.to_ascii_lowercase());
        change.kind == ChangeKind::Deploy
            && change.time >= commit.time
            && change.system.as_deref().is_some_and(is_of)
    })
}

/// Whether a text names a commit, by its whole hash or the beginning of it.
fn names(text: &str, id: &str) -> bool {
    id.len() >= 7
        && text
            .split(|c: char| !c.is_ascii_alphanumeric())
            .any(|word| word.len() >= 7 && id.starts_with(word) && word.bytes().any(|b| b.is_ascii_digit()))
}

impl<'a> Candidate<'a> {
    fn new(place: usize, change: &'a Change, text: String) -> Self {
        // What a diff shows around a change is not the change.
        let changed =
            text.lines().filter(|line| !line.starts_with([' ', '\t']) && !line.starts_with("Author:"));
        let words = changed.flat_map(telling_words).collect();
        let substance = substance(&text);
        let system = change.system.as_deref();
        Self { place, time: change.time, kind: change.kind, system, text, words, substance }
    }
}

/// Documents, tests and looks do not break a system, and lines of a log seldom do; by the files and lines that a diff
/// names, never by what its author calls it.
fn substance(text: &str) -> f64 {
    let files =
        text.lines().filter_map(|line| line.strip_prefix("Files: ")).flat_map(|line| line.split(", "));
    let is_harmless = |file: &str| {
        let lower = file.to_ascii_lowercase();
        [".md", ".css", ".svg", ".png", ".txt", "codeowners", ".rst"].iter().any(|end| lower.ends_with(end))
            || ["_test.", "/tests/", "/testdata/", ".github/", ".circleci/", "test_"]
                .iter()
                .any(|part| lower.contains(part))
    };
    let (mut all, mut harmless) = (0, 0);
    for file in files {
        all += 1;
        harmless += u32::from(is_harmless(file));
    }
    if all > 0 && harmless == all {
        return 0.3;
    }
    let is_changed = |line: &&str| {
        line.starts_with(['+', '-']) && !line.starts_with("+++") && !line.starts_with("---") && line.len() > 2
    };
    let mut changed = text.lines().filter(is_changed).peekable();
    if changed.peek().is_none() {
        return 1.0;
    }
    let logs = |line: &str| {
        let code = line[1..].trim_start().to_ascii_lowercase();
        code.starts_with("log") && code.contains('(') || code.starts_with("//") || code.starts_with('#')
    };
    if changed.all(logs) { 0.5 } else { 1.0 }
}

/// How often such a change is behind an incident.
pub(super) fn prior(kind: ChangeKind) -> f64 {
    match kind {
        ChangeKind::Deploy => 1.0,
        ChangeKind::Config | ChangeKind::Schema | ChangeKind::Certificate | ChangeKind::PartnerNotice => 0.95,
        ChangeKind::Flag | ChangeKind::Infrastructure => 0.85,
        // A commit that no deploy names has perhaps never run.
        ChangeKind::Commit => 0.75,
        ChangeKind::Scale | ChangeKind::Other => 0.6,
    }
}

pub(super) fn is_our_doing(kind: ChangeKind) -> bool {
    !matches!(kind, ChangeKind::PartnerNotice | ChangeKind::Certificate | ChangeKind::Infrastructure)
}

pub(super) fn speaks_of_expiry(candidate: &Candidate) -> bool {
    candidate.kind == ChangeKind::Certificate
        || candidate.words.iter().any(|word| {
            ["certificate", "notafter", "expir", "renew"].iter().any(|stem| word.starts_with(stem))
        })
}

/// By word, in how many candidates it stands.
pub(super) fn spread_of_words(candidates: &[Candidate]) -> FxHashMap<String, u32> {
    let mut spread = FxHashMap::default();
    for candidate in candidates {
        for word in &candidate.words {
            *spread.entry(word.clone()).or_default() += 1;
        }
    }
    spread
}
