//! Which change explains it: one on the suspect or beside it, shortly before the first sign of trouble, that speaks of
//! what broke. Never by recency alone, and "no change explains it" is an answer.
//!
//! A deploy and the commit that it names are one change: the deploy says where and when, the commit says what.

mod candidates;
mod symptoms;
mod words;

use self::candidates::{Candidate, candidates, is_our_doing, prior, speaks_of_expiry, spread_of_words};
use self::symptoms::Symptoms;
use self::words::{are_kin, parts_of_name};
use super::kinds::words;
use super::metrics::Departure;
use super::patterns::Patterns;
use super::scene::{Finding, Scene};
use super::topology::Topology;
use crate::evidence::SystemId;
use crate::telemetry::Nanos;
use rustc_hash::{FxHashMap, FxHashSet};

/// What is older than this before the first sign is not looked at.
const LONGEST_AGO: f64 = 7_200.0;
/// After this long a change is half as near.
const HALF_AS_NEAR: f64 = 600.0;
/// Clocks and sampling: a change this much after the first sign may still be behind it.
const SLACK: f64 = 30.0;
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

/// A candidate with its score, the suspect that it fits best, the words in common, and how long before the first sign.
type Scored<'a> = (f64, &'a Candidate<'a>, SystemId, Vec<String>, Nanos);

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
