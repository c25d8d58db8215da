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
const HALF_AS_NEAR: f64 = 600.0;
/// Clocks and sampling: a change this much after the first sign may still be behind it.
const SLACK: f64 = 30.0;
/// How far back from an onset that was given the first sign may lie: alerts come late.
const REACH: Nanos = Nanos::seconds(1_800);
/// The same of an onset that was found.
const REACH_FOUND: Nanos = Nanos::seconds(60);
/// More times than this of one message tell nothing new.
const MOST_TIMES: usize = 20_000;
/// What a change scores that has no word in common with what broke.
const WORDLESS: f64 = 0.45;
/// From this much of telling words on, more say nothing.
const ENOUGH_WORDS: f64 = 4.0;
/// From this score on a change is claimed to explain the incident,
const CLAIMED: f64 = 0.34;
/// and only if it leads the next by this factor.
const LEAD: f64 = 1.08;
/// Or from this score on, where it came right before and no other comes near.
const CLAIMED_ALONE: f64 = 0.22;
const LEAD_ALONE: f64 = 1.25;
const RIGHT_BEFORE: f64 = 180.0;
/// A suspect with less than this share of the first one's score is not worth explaining.
const WORTH: f64 = 0.2;

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
    /// What is left of the score for what cannot have changed how the system works.
    substance: f64,
}

/// A candidate with its score, the suspect that it fits best, the words in common, and how long before the first sign.
type Scored<'a> = (f64, &'a Candidate<'a>, SystemId, Vec<String>, Nanos);

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

/// `suspects` are the systems in order of rank; a change is pinned to one of those that `may_be_cause` only.
pub(super) fn explain(
    scene: &Scene,
    topology: &Topology,
    patterns: &Patterns,
    departures: &[Departure],
    findings: &[Finding],
    suspects: &[(SystemId, f64)],
    may_be_cause: impl Fn(SystemId) -> bool,
) -> Option<Explained> {
    let candidates = candidates(&scene.evidence.changes);
    if candidates.is_empty() || suspects.is_empty() {
        return None;
    }
    let worth = suspects.first().map_or(0.0, |first| first.1 * WORTH);
    let looked_at: Vec<SystemId> =
        suspects.iter().take(3).filter(|one| one.1 >= worth).map(|one| one.0).collect();
    let looked_at = looked_at.as_slice();
    let symptoms = Symptoms::of(scene, patterns, departures, findings, looked_at);
    let spread = spread_of_words(&candidates);
    let earliest = looked_at.iter().filter_map(|system| symptoms.first_sign.get(system)).min().copied();
    let mut scored: Vec<Scored> = Vec::new();
    for candidate in &candidates {
        let mut best: Option<Scored> = None;
        for (rank, &suspect) in looked_at.iter().enumerate() {
            if !may_be_cause(suspect) {
                continue;
            }
            // An onset that was found is the first sign already.
            let sign = symptoms.first_sign.get(&suspect).copied().or(earliest).filter(|_| scene.is_given);
            let sign = sign.unwrap_or(scene.onset());
            let ago = sign - candidate.time;
            let fits = fits(scene, topology, candidate, suspect, looked_at) * [1.0, 0.85, 0.7][rank];
            if fits <= 0.0 || ago.as_seconds() < -SLACK || ago.as_seconds() > LONGEST_AGO {
                continue;
            }
            // What came after the first sign is hardly its cause, whatever the clocks say.
            let near = match ago.as_seconds() {
                seconds if seconds < 0.0 => 0.5,
                seconds => 1.0 / (1.0 + seconds / HALF_AS_NEAR),
            };
            let (told, common) = in_common(scene, candidate, &symptoms, &spread, candidates.len());
            let told = (told / ENOUGH_WORDS).min(1.0);
            let mut score = fits * near * prior(candidate.kind) * (WORDLESS + (1.0 - WORDLESS) * told);
            score *= candidate.substance;
            if symptoms.is_expiry && !speaks_of_expiry(candidate) {
                score *= 0.3;
            }
            if symptoms.is_outside && is_our_doing(candidate.kind) {
                score *= 0.5;
            }
            if best.as_ref().is_none_or(|known| score > known.0) {
                best = Some((score, candidate, suspect, common, ago));
            }
        }
        scored.extend(best);
    }
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then(b.1.time.cmp(&a.1.time)));
    let (score, candidate, system, common, ago) = scored.first()?;
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
        is_claimed: *score >= CLAIMED && *score >= second * LEAD
            || *score >= CLAIMED_ALONE
                && *score >= second * LEAD_ALONE
                && (0.0..=RIGHT_BEFORE).contains(&ago.as_seconds()),
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
fn fits(
    scene: &Scene,
    topology: &Topology,
    candidate: &Candidate,
    suspect: SystemId,
    looked_at: &[SystemId],
) -> f64 {
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
    let own = candidate.system.and_then(|own| scene.evidence.system_named(own));
    let beside = own
        .filter(|&own| topology.are_neighbours(own, suspect) || flows_touch(scene, own, suspect))
        .map_or(0.0, |own| if looked_at.contains(&own) { 0.8 } else { 0.6 });
    f64::max(named, beside)
}

fn is_same(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
}

/// Whether flows pass from one to the other, for estates without spans.
fn flows_touch(scene: &Scene, one: SystemId, other: SystemId) -> bool {
    scene
        .flows
        .kinds
        .iter()
        .any(|kind| kind.path.systems.contains(&one) && kind.path.systems.contains(&other))
}

/// The parts of a system's name that tell it from others.
fn parts_of_name(name: &str) -> impl Iterator<Item = String> {
    words(name)
        .into_iter()
        .flat_map(|word| {
            let stem =
                ["service", "server", "svc"].iter().find_map(|end| word.strip_suffix(end)).map(str::to_owned);
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
        let half = Nanos((scene.onset() - scene.before.from).0 / 2);
        let reach = if scene.is_given { REACH } else { REACH_FOUND };
        let cut = (scene.onset() - reach).max(scene.before.from + half);
        for one in departures.iter().filter(|one| one.spreads >= 3.0 && suspects.contains(&one.system)) {
            // What is measured where it hurts tells more than prose.
            symptoms.add(&evidence.series[one.series].metric, 1.3);
            symptoms.sign(one.system, one.begins.max(cut));
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
        let mut known: FxHashSet<(SystemId, TextId)> = FxHashSet::default();
        let mut new: FxHashMap<(SystemId, TextId), (Vec<Time>, Severity)> = FxHashMap::default();
        for row in (0..evidence.rows()).map(Row) {
            let time = evidence.time(row);
            match evidence.kind(row) {
                EventKind::Alert if time >= scene.onset() - REACH && time <= scene.after.to => {
                    symptoms.add(evidence.text(evidence.shape(row)), 1.0);
                    symptoms.add(evidence.text(evidence.operation(row)), 1.0);
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
                        let entry = new.entry(key).or_insert((Vec::new(), evidence.severity(row)));
                        if entry.0.len() < MOST_TIMES {
                            entry.0.push(time);
                        }
                    }
                }
                _ => {}
            }
        }
        let systems: Vec<String> =
            evidence.systems.iter().map(|(_, name)| name.to_ascii_lowercase()).collect();
        let mut said: FxHashMap<SystemId, Vec<String>> = FxHashMap::default();
        for ((system, pattern), (mut times, severity)) in new {
            if known.contains(&(system, pattern)) || times.len() < 2 {
                continue;
            }
            times.sort_unstable();
            let first = first_of_run(&times);
            let text = evidence.text(pattern);
            let is_severe = severity >= Severity::WARN;
            symptoms.add(text, if is_severe { 1.0 } else { 0.4 });
            symptoms.add(severity.word(), 0.6);
            if is_severe {
                symptoms.sign(system, first);
                let lower = text.to_ascii_lowercase();
                symptoms.is_expiry |= lower.contains("certificate") && lower.contains("expired");
                symptoms.is_outside |= names_outsider(&lower, &systems);
                said.entry(system).or_default().push(lower);
            }
        }
        // A known failure mode brings the words by which it is known.
        for (words, met) in said.values().flat_map(|texts| super::modes::met(texts)) {
            let weight = if met > 1 { 0.7 } else { 0.5 };
            words.iter().for_each(|word| symptoms.add(word, weight));
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

/// When a message began to be said for good: from a fifth of the times on, back to the last long silence.
fn first_of_run(times: &[Time]) -> Time {
    let mut at = times.len() / 5;
    while at > 0 && times[at] - times[at - 1] <= Nanos::seconds(120) {
        at -= 1;
    }
    times[at]
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
    let own_name: FxHashSet<String> = candidate
        .system
        .into_iter()
        .flat_map(words)
        .chain(scene.evidence.systems.iter().flat_map(|(_, name)| words(name)))
        .collect();
    let mut told: Vec<(f64, &str)> = Vec::new();
    for word in candidate.words.iter().filter(|word| !own_name.contains(*word)) {
        let met =
            symptoms.words.iter().filter(|(symptom, _)| are_kin(word, symptom)).map(|(_, weight)| *weight);
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
    words(text)
        .into_iter()
        .filter(|word| word.len() >= 3 && !is_filler(word) && !word.bytes().any(|byte| byte.is_ascii_digit()))
}

/// Words that stand in any change and any message.
fn is_filler(word: &str) -> bool {
    matches!(
        word,
        "the"
            | "and"
            | "for"
            | "with"
            | "from"
            | "that"
            | "this"
            | "not"
            | "was"
            | "are"
            | "has"
            | "have"
            | "into"
            | "when"
            | "all"
            | "any"
            | "but"
            | "its"
            | "after"
            | "before"
            | "per"
            | "via"
            | "service"
            | "services"
            | "server"
            | "svc"
            | "author"
            | "files"
            | "file"
            | "func"
            | "return"
            | "err"
            | "nil"
            | "null"
            | "none"
            | "true"
            | "false"
            | "string"
            | "int"
            | "var"
            | "const"
            | "package"
            | "import"
            | "type"
            | "struct"
            | "error"
            | "errors"
            | "failed"
            | "failure"
            | "fail"
            | "info"
            | "warn"
            | "deployed"
            | "deploy"
            | "commit"
            | "feature"
            | "flag"
            | "off"
            | "http"
            | "https"
            | "com"
            | "www"
            | "threshold"
            | "above"
            | "below"
            | "total"
            | "rate"
            | "ratio"
            | "new"
            | "request"
            | "requests"
            | "response"
            | "time"
            | "value"
            | "average"
            | "log"
            | "logs"
            | "code"
            | "returned"
            | "returning"
            | "internal"
            | "src"
            | "pkg"
            | "main"
            | "test"
            | "note"
    )
}
