//! Which change explains it: one on the suspect or beside it, shortly before the first sign of trouble, that speaks of
//! what broke. Never by recency alone, and "no change explains it" is an answer.
//!
//! A deploy and the commit that it names are one change: the deploy says where and when, the commit says what.

use super::kinds::words;
use super::metrics::Departure;
use super::patterns::Patterns;
use super::scene::{Finding, Scene};
use super::topology::Topology;
use crate::evidence::{Row, SystemId, TextId};
use crate::telemetry::{Change, ChangeKind, EventKind, Nanos, Severity, Time};
use rustc_hash::{FxHashMap, FxHashSet};

/// What is older than this before the first sign is not looked at.
const LONGEST_AGO: f64 = 7_200.0;
/// After this long a change is half as near.
const HALF_AS_NEAR: f64 = 900.0;
/// Clocks and sampling: a change this much after the first sign may still be behind it.
const SLACK: f64 = 30.0;
/// How far back from the onset the first sign may lie.
const REACH: Nanos = Nanos::seconds(1_800);
/// What a change scores that has no word in common with what broke.
const WORDLESS: f64 = 0.45;
/// From this much of telling words on, more say nothing.
const ENOUGH_WORDS: f64 = 2.5;
/// From this score on a change is claimed to explain the incident,
pub(super) const CLAIMED: f64 = 0.38;
/// and only if it leads the next by this factor.
const LEAD: f64 = 1.08;

/// The change that explains the incident best, or would if its score were enough.
pub(super) struct Explained {
    pub change: usize,
    pub system: SystemId,
    pub score: f64,
    pub is_claimed: bool,
    pub sentence: String,
}

/// A deploy with its commit, or a change alone.
struct Candidate<'a> {
    /// By place in the ledger; the one to name.
    place: usize,
    time: Time,
    kind: ChangeKind,
    system: Option<&'a str>,
    text: String,
    words: FxHashSet<String>,
}

/// What broke, in words, and since when.
#[derive(Default)]
struct Symptoms {
    /// Words with how much they tell.
    words: FxHashMap<String, f64>,
    first_sign: FxHashMap<SystemId, Time>,
    /// A certificate ran out: nobody changed anything.
    is_expiry: bool,
    /// The errors name a host that is none of ours.
    is_outside: bool,
}

/// `suspects` are the systems in order of rank, with what was found of them.
pub(super) fn explain(
    scene: &Scene,
    topology: &Topology,
    patterns: &Patterns,
    departures: &[Departure],
    findings: &[Finding],
    suspects: &[SystemId],
) -> Option<Explained> {
    let candidates = candidates(&scene.evidence.changes);
    if candidates.is_empty() || suspects.is_empty() {
        return None;
    }
    let looked_at = &suspects[..suspects.len().min(3)];
    let symptoms = Symptoms::of(scene, patterns, departures, findings, looked_at);
    let spread = spread_of_words(&candidates);
    let earliest = looked_at.iter().filter_map(|system| symptoms.first_sign.get(system)).min().copied();
    let mut scored: Vec<(f64, &Candidate, SystemId, f64, Vec<String>, Nanos)> = Vec::new();
    for candidate in &candidates {
        let mut best: Option<(f64, &Candidate, SystemId, f64, Vec<String>, Nanos)> = None;
        for (rank, &suspect) in looked_at.iter().enumerate() {
            let sign = symptoms.first_sign.get(&suspect).copied().or(earliest).unwrap_or(scene.onset());
            let ago = sign - candidate.time;
            let fits = fits(scene, topology, candidate, suspect) * [1.0, 0.85, 0.7][rank];
            if fits <= 0.0 || ago.as_seconds() < -SLACK || ago.as_seconds() > LONGEST_AGO {
                continue;
            }
            let near = 1.0 / (1.0 + ago.as_seconds().max(0.0) / HALF_AS_NEAR);
            let (told, common) = in_common(scene, candidate, &symptoms, &spread, candidates.len());
            let told = (told / ENOUGH_WORDS).min(1.0);
            let mut score = fits * near.sqrt() * prior(candidate.kind) * (WORDLESS + (1.0 - WORDLESS) * told);
            if symptoms.is_expiry && !speaks_of_expiry(candidate) {
                score *= 0.3;
            }
            if symptoms.is_outside && is_our_doing(candidate.kind) {
                score *= 0.5;
            }
            if best.as_ref().is_none_or(|known| score > known.0) {
                best = Some((score, candidate, suspect, fits, common, ago));
            }
        }
        scored.extend(best);
    }
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then(b.1.time.cmp(&a.1.time)));
    let (score, candidate, system, _, common, ago) = scored.first()?;
    let second = scored.get(1).map_or(0.0, |one| one.0);
    let change = &scene.evidence.changes[candidate.place];
    let on = candidate.system.unwrap_or("no named system");
    let mut sentence = format!(
        "{} on {on} {ago} before the first sign: {}",
        change.kind,
        super::order::shortened(change.text.lines().next().unwrap_or_default())
    );
    if !common.is_empty() {
        sentence += &format!("; in common with what broke: {}", common.join(", "));
    }
    Some(Explained {
        change: candidate.place,
        system: *system,
        score: *score,
        is_claimed: *score >= CLAIMED && *score >= second * LEAD,
        sentence,
    })
}

fn candidates(changes: &[Change]) -> Vec<Candidate<'_>> {
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
            candidates.push(Candidate::new(place, change, change.text.clone()));
        }
    }
    candidates
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
        let words = telling_words(&text).collect();
        Self { place, time: change.time, kind: change.kind, system: change.system.as_deref(), text, words }
    }
}

/// How often such a change is behind an incident.
fn prior(kind: ChangeKind) -> f64 {
    match kind {
        ChangeKind::Deploy => 1.0,
        ChangeKind::Config | ChangeKind::Schema | ChangeKind::Certificate | ChangeKind::PartnerNotice => 0.95,
        ChangeKind::Flag | ChangeKind::Infrastructure => 0.85,
        // A commit that no deploy names has perhaps never run.
        ChangeKind::Commit => 0.75,
        ChangeKind::Scale | ChangeKind::Other => 0.6,
    }
}

fn is_our_doing(kind: ChangeKind) -> bool {
    !matches!(kind, ChangeKind::PartnerNotice | ChangeKind::Certificate | ChangeKind::Infrastructure)
}

fn speaks_of_expiry(candidate: &Candidate) -> bool {
    candidate.kind == ChangeKind::Certificate
        || candidate.words.iter().any(|word| {
            ["certificate", "notafter", "expir", "renew"].iter().any(|stem| word.starts_with(stem))
        })
}

/// Whether the change is on the suspect, names it, or is beside it.
fn fits(scene: &Scene, topology: &Topology, candidate: &Candidate, suspect: SystemId) -> f64 {
    let name = scene.name(suspect);
    if candidate.system.is_some_and(|own| is_same(own, name)) {
        return 1.0;
    }
    let lower = candidate.text.to_ascii_lowercase();
    let named = if lower.contains(&name.to_ascii_lowercase()) {
        0.85
    } else if parts_of_name(name).any(|part| {
        candidate.words.contains(&part)
            || lower.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| word == part)
    }) {
        0.7
    } else {
        0.0
    };
    let beside = candidate
        .system
        .and_then(|own| scene.evidence.system_named(own))
        .is_some_and(|own| topology.are_neighbours(own, suspect) || flows_touch(scene, own, suspect));
    f64::max(named, if beside { 0.6 } else { 0.0 })
}

fn is_same(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
}

/// Whether flows pass from one to the other, for estates without spans.
fn flows_touch(scene: &Scene, one: SystemId, other: SystemId) -> bool {
    scene.flows.kinds.iter().any(|kind| {
        kind.path.systems.contains(&one) && kind.path.systems.contains(&other)
    })
}

/// The parts of a system's name that tell it from others.
fn parts_of_name(name: &str) -> impl Iterator<Item = String> {
    words(name).into_iter().flat_map(|word| {
        let stem = ["service", "server", "svc"].iter().find_map(|end| word.strip_suffix(end)).map(str::to_owned);
        [Some(word), stem].into_iter().flatten()
    })
    .filter(|word| word.len() >= 3 && !is_filler(word))
}

impl Symptoms {
    fn of(
        scene: &Scene,
        patterns: &Patterns,
        departures: &[Departure],
        findings: &[Finding],
        suspects: &[SystemId],
    ) -> Self {
        let mut symptoms = Self::default();
        let evidence = scene.evidence;
        for one in departures.iter().filter(|one| one.spreads >= 3.0 && suspects.contains(&one.system)) {
            symptoms.add(&evidence.series[one.series].metric, 1.0);
            symptoms.sign(one.system, one.begins);
            let (from, to) = (one.usual, one.now);
            let name = words(&evidence.series[one.series].metric);
            let counts_down = name.iter().any(|word| word.starts_with("expir"));
            symptoms.is_expiry |= counts_down && from > 0.0 && to <= 0.0;
        }
        for finding in findings.iter().filter(|finding| suspects.contains(&finding.system)) {
            if let Some(operation) = &finding.operation {
                symptoms.add(operation, 0.7);
            }
        }
        let half = Nanos((scene.onset() - scene.before.from).0 / 2);
        let cut = (scene.onset() - REACH).max(scene.before.from + half);
        let mut known: FxHashSet<(SystemId, TextId)> = FxHashSet::default();
        let mut new: FxHashMap<(SystemId, TextId), (Time, Severity, u32)> = FxHashMap::default();
        for row in (0..evidence.rows()).map(Row) {
            let time = evidence.time(row);
            match evidence.kind(row) {
                EventKind::Alert => {
                    if time >= scene.onset() - REACH && time <= scene.after.to {
                        symptoms.add(evidence.text(evidence.shape(row)), 1.0);
                        symptoms.add(evidence.text(evidence.operation(row)), 1.0);
                    }
                }
                EventKind::Log => {
                    let system = evidence.system(row);
                    let key = (system, patterns.pattern(evidence.shape(row)));
                    if !suspects.contains(&system) || key.1.0 == 0 {
                        continue;
                    }
                    if time < cut {
                        known.insert(key);
                    } else if time < scene.after.to {
                        let entry = new.entry(key).or_insert((time, evidence.severity(row), 0));
                        entry.0 = entry.0.min(time);
                        entry.2 += 1;
                    }
                }
                _ => {}
            }
        }
        let systems: Vec<String> = evidence.systems.iter().map(|(_, name)| name.to_ascii_lowercase()).collect();
        for ((system, pattern), (first, severity, times)) in new {
            if known.contains(&(system, pattern)) || times < 2 {
                continue;
            }
            let text = evidence.text(pattern);
            let is_severe = severity >= Severity::WARN;
            symptoms.add(text, if is_severe { 1.0 } else { 0.4 });
            symptoms.add(severity.word(), 0.6);
            if is_severe {
                symptoms.sign(system, first);
                let lower = text.to_ascii_lowercase();
                symptoms.is_expiry |= lower.contains("certificate") && lower.contains("expired");
                symptoms.is_outside |= names_outsider(&lower, &systems);
            }
        }
        symptoms
    }

    fn sign(&mut self, system: SystemId, time: Time) {
        let known = self.first_sign.entry(system).or_insert(time);
        *known = (*known).min(time);
    }

    fn add(&mut self, text: &str, weight: f64) {
        for word in telling_words(text) {
            let known = self.words.entry(word).or_insert(0.0);
            *known = known.max(weight);
        }
    }
}

/// Whether a message names a host by URL that belongs to none of the systems.
fn names_outsider(text: &str, systems: &[String]) -> bool {
    text.match_indices("://").any(|(at, _)| {
        let host: &str = text[at + 3..].split(['/', ':', ' ', '"', '?']).next().unwrap_or_default();
        let own = host.split('.').next().unwrap_or_default();
        let is_inside = host.ends_with(".local") || host.ends_with(".svc") || host.ends_with(".internal");
        host.contains('.')
            && !host.contains('*')
            && !is_inside
            && !systems.iter().any(|system| system.contains(own) || own.contains(system.as_str()))
    })
}

/// By word, in how many candidates it stands.
fn spread_of_words(candidates: &[Candidate]) -> FxHashMap<String, u32> {
    let mut spread = FxHashMap::default();
    for candidate in candidates {
        for word in &candidate.words {
            *spread.entry(word.clone()).or_default() += 1;
        }
    }
    spread
}

/// How much the words tell that the change shares with what broke, and the words.
fn in_common(
    scene: &Scene,
    candidate: &Candidate,
    symptoms: &Symptoms,
    spread: &FxHashMap<String, u32>,
    of: usize,
) -> (f64, Vec<String>) {
    let own_name: FxHashSet<String> =
        candidate.system.into_iter().flat_map(words).chain(scene.evidence.systems.iter().flat_map(|(_, name)| words(name))).collect();
    let mut told: Vec<(f64, &str)> = Vec::new();
    for word in candidate.words.iter().filter(|word| !own_name.contains(*word)) {
        let met = symptoms.words.iter().filter(|(symptom, _)| are_kin(word, symptom)).map(|(_, weight)| *weight);
        let weight = met.fold(0.0, f64::max);
        if weight > 0.0 {
            let rarity = ((of as f64 + 1.0) / (f64::from(spread[word]) + 0.5)).ln() / (of as f64 + 1.0).ln();
            if rarity > 0.25 {
                told.push((weight * rarity, word));
            }
        }
    }
    told.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    let sum = told.iter().map(|one| one.0).sum();
    (sum, told.into_iter().take(5).map(|one| one.1.to_owned()).collect())
}

/// Equal but for an ending: retry and retries, proto and protobuf.
fn are_kin(one: &str, other: &str) -> bool {
    if one == other {
        return true;
    }
    let shorter = one.len().min(other.len());
    let same = one.bytes().zip(other.bytes()).take_while(|(a, b)| a == b).count();
    shorter >= 5 && same * 4 >= shorter * 3 && same >= 4
}

fn telling_words(text: &str) -> impl Iterator<Item = String> {
    words(text).into_iter().filter(|word| {
        word.len() >= 3 && !is_filler(word) && !word.bytes().any(|byte| byte.is_ascii_digit())
    })
}

/// Words that stand in any change and any message.
fn is_filler(word: &str) -> bool {
    matches!(
        word,
        "the" | "and" | "for" | "with" | "from" | "that" | "this" | "not" | "was" | "are" | "has" | "have"
            | "into" | "when" | "all" | "any" | "but" | "its" | "after" | "before" | "per" | "via"
            | "service" | "services" | "server" | "svc" | "author" | "files" | "file" | "func" | "return"
            | "err" | "nil" | "null" | "none" | "true" | "false" | "string" | "int" | "var" | "const"
            | "package" | "import" | "type" | "struct" | "error" | "errors" | "failed" | "failure" | "fail"
            | "info" | "warn" | "deployed" | "deploy" | "commit" | "feature" | "flag" | "off" | "http"
            | "https" | "com" | "www" | "threshold" | "above" | "below" | "total" | "rate" | "ratio" | "new"
            | "request" | "requests" | "response" | "time" | "value" | "average" | "log" | "logs" | "code"
            | "returned" | "returning" | "internal" | "src" | "pkg" | "main" | "test" | "note"
    )
}
