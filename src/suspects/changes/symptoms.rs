//! What broke, in words, and since when: from metrics, operations, alerts, and what the log says that it did not say.

use super::words::telling_words;
use crate::evidence::{Evidence, Station, SystemId, TextId};
use crate::suspects::kinds::words;
use crate::suspects::metrics::Departure;
use crate::suspects::patterns::Patterns;
use crate::suspects::scene::{Finding, Scene};
use crate::telemetry::{EventKind, Nanos, Severity, Time, Window};
use rustc_hash::{FxHashMap, FxHashSet};

/// How far back from an onset that was given the first sign may lie: alerts come late.
const REACH: Nanos = Nanos::seconds(1_800);
/// The same of an onset that was found.
const REACH_FOUND: Nanos = Nanos::seconds(60);

/// What broke, in words, and since when.
#[derive(Default)]
pub(super) struct Symptoms {
    /// Words with how much they tell.
    pub words: FxHashMap<String, f64>,
    pub first_sign: FxHashMap<SystemId, Time>,
    /// A certificate ran out: nobody changed anything.
    pub is_expiry: bool,
    /// The errors name a host that is none of ours.
    pub is_outside: bool,
}

impl Symptoms {
    pub(super) fn of(
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
        for row in evidence.rows_at(|station| station.kind == EventKind::Alert) {
            let time = evidence.time(row);
            if time >= scene.onset() - REACH && time <= scene.after.to {
                symptoms.add(evidence.text(evidence.shape(row)), 1.0);
                symptoms.add(evidence.text(evidence.operation(row)), 1.0);
            }
        }
        let new = new_patterns(evidence, patterns, suspects, Window { from: cut, to: scene.after.to });
        let systems: Vec<String> =
            evidence.systems.iter().map(|(_, name)| name.to_ascii_lowercase()).collect();
        let mut said: FxHashMap<SystemId, Vec<String>> = FxHashMap::default();
        for ((system, pattern), (mut times, severity)) in new {
            if times.len() < 2 {
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
        for (mode, met) in said.values().flat_map(|texts| scene.modes.met(texts)) {
            let weight = if met > 1 { 0.7 } else { 0.5 };
            mode.words.iter().for_each(|word| symptoms.add(word, weight));
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

/// What the suspects say in a window and did not say before, with its times and the severity of its first line.
fn new_patterns(
    evidence: &Evidence,
    patterns: &Patterns,
    suspects: &[SystemId],
    window: Window,
) -> FxHashMap<(SystemId, TextId), (Vec<Time>, Severity)> {
    let view = evidence.view();
    let key = |station: &Station| (station.system, patterns.pattern(station.shape));
    let may_tell = |station: &Station| {
        station.is_log() && suspects.contains(&station.system) && patterns.pattern(station.shape).0 != 0
    };
    let mut is_known = vec![false; evidence.stations.len()];
    for row in evidence.rows_at(may_tell).filter(|row| view.time(*row) < window.from) {
        is_known[view.station(row).0 as usize] = true;
    }
    let stations = evidence.stations.all();
    let known: FxHashSet<(SystemId, TextId)> = stations
        .iter()
        .zip(is_known)
        .filter(|(_, is_known)| *is_known)
        .map(|(station, _)| key(station))
        .collect();
    let mut new: FxHashMap<(SystemId, TextId), (Vec<Time>, Severity)> = FxHashMap::default();
    let is_new = |station: &Station| may_tell(station) && !known.contains(&key(station));
    for row in evidence.rows_at(is_new).filter(|row| window.contains(view.time(*row))) {
        let severity = view.severity(row);
        new.entry(key(view.station_of(row))).or_insert((Vec::new(), severity)).0.push(view.time(row));
    }
    new
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
