//! The ranking: what the signals found, weighed openly and added up, with what speaks against it.

use super::conclude::{Ground, Ranked, conclude};
use super::digest::Digest;
use super::metrics::{self, Departure};
use super::path::SUFFERS;
use super::scene::{Finding, Nature, Scene};
use super::templates::{Counted, count};
use super::topology::{Topology, is_gateway, is_pseudo};
use super::unseen::{Unanswered, Unseen, unanswered};
use super::weights::{DEPTH, EDGE, EXPLAINED, MEASURED, TOLD_BY_SPANS, weight};
use super::{
    Evidence as Reason, Pointer, Role, Signal, Suspect, SuspectSettings, Suspects, TemplateState, against,
    board, changes, gaps, onset, order, path, said, stops,
};
use crate::evidence::{Evidence, SystemId};
use crate::flows::Flows;
use rustc_hash::FxHashMap;

/// How many suspects are named at most.
const MOST: usize = 12;
/// Where most failing flows stop elsewhere, what is left of a system that none stop at.
const VICTIM: f64 = 0.5;

pub(super) fn of(
    evidence: &Evidence,
    flows: &Flows,
    settings: &SuspectSettings,
    goes_on: &dyn Fn() -> bool,
) -> Option<Suspects> {
    let go_on = || goes_on().then_some(());
    go_on()?;
    let digest = Digest::of(evidence);
    go_on()?;
    let Some(found) = onset::find(evidence, flows, &digest, settings) else {
        let reason = "no onset: neither flows nor errors nor alerts changed for the worse; if something fails, give its time with --onset";
        let templates = count(evidence, None).into_iter().map(|one| one.change).collect();
        let (reason, modes) = (reason.to_owned(), settings.modes.clone());
        return Some(Suspects { is_ranked: true, reason, templates, modes, ..Suspects::default() });
    };
    go_on()?;
    let scene = Scene::new(evidence, flows, &found, settings);
    let (templates, case) =
        rayon::join(|| count(evidence, Some(found.onset.time)), || Case::new(&scene, &digest, settings));
    let case = Case { templates: &templates, ..case };
    go_on()?;
    let ranking = case.ranking();
    let (conclusive, reason) = case.verdict(&ranking);
    let ranking = ranking.into_iter().map(|one| one.suspect).collect();
    let board = board::of(&scene, &digest, &case.topology);
    let calls = case.topology.calls();
    Some(Suspects {
        onset: Some(found.onset),
        baseline: Some(scene.before),
        conclusive,
        is_ranked: true,
        reason,
        ranking,
        templates: templates.into_iter().map(|one| one.change).collect(),
        board,
        calls,
        modes: settings.modes.clone(),
    })
}

struct Case<'a> {
    scene: &'a Scene<'a>,
    digest: &'a Digest,
    settings: &'a SuspectSettings,
    templates: &'a [Counted],
    topology: Topology,
    departures: Vec<Departure>,
    findings: Vec<Finding>,
    unseen: Vec<Unseen>,
    unanswered: Vec<Unanswered>,
    /// Whether nothing but metrics says anything, so that the path from the alert is what there is to go by.
    only_metrics: bool,
}

/// A suspect with its sum before it is squeezed into 0..1.
struct Weighed {
    suspect: Suspect,
    sum: f64,
}

impl<'a> Case<'a> {
    fn new(scene: &'a Scene<'a>, digest: &'a Digest, settings: &'a SuspectSettings) -> Self {
        let is_on = |signal: Signal| !settings.without.contains(&signal);
        let Digest { patterns, traces, orders, units, .. } = digest;
        let topology = Topology::of(scene, traces);
        let departures = if is_on(Signal::Metrics) { metrics::departures(scene) } else { Vec::new() };
        let mut findings = stops::findings(scene);
        findings.extend(order::findings(scene, traces, orders));
        findings.extend(said::findings(scene, traces, units, patterns));
        findings.extend(gaps::findings(scene, traces));
        findings.extend(metrics::findings(scene, &departures));
        findings.retain(|finding| {
            is_on(finding.signal) && finding.strength >= weight(finding.signal, finding.nature).least
        });
        let only_metrics = findings
            .iter()
            .all(|finding| matches!(finding.signal, Signal::Metrics | Signal::SelfTime | Signal::Spectrum));
        if only_metrics {
            let on_path = path::findings(scene, &topology, &departures);
            // The path tells of latency and errors; what else shows at a system that it says nothing of stays, as a symptom.
            findings.retain(|finding| {
                finding.signal != Signal::Metrics
                    || finding.nature == Nature::Cause
                    || on_path.iter().all(|told| told.system != finding.system)
            });
            findings.extend(on_path);
        }
        let mut unseen =
            if is_on(Signal::Topology) { Unseen::all(scene, &topology, &departures) } else { Vec::new() };
        // Where more than metrics speaks, what suffers around a system tells little of it.
        unseen.retain(|one| only_metrics || one.callers.is_empty());
        findings.extend(unseen.iter().map(Unseen::finding));
        let unanswered = unanswered(scene, traces);
        Self {
            scene,
            digest,
            settings,
            templates: &[],
            topology,
            departures,
            findings,
            unseen,
            unanswered,
            only_metrics,
        }
    }

    fn ranking(&self) -> Vec<Weighed> {
        let mut systems: Vec<SystemId> = self.findings.iter().map(|finding| finding.system).collect();
        systems.sort_unstable();
        systems.dedup();
        let mut all: Vec<Weighed> = systems.into_iter().filter_map(|system| self.weigh(system)).collect();
        self.sort(&mut all);
        if !self.settings.without.contains(&Signal::Changes) {
            self.explain_by_change(&mut all);
            self.sort(&mut all);
        }
        all.truncate(MOST);
        for one in &mut all {
            let against =
                against::reasons(self.scene, &self.digest.units, &self.departures, one.suspect.system);
            one.suspect.evidence.extend(against);
        }
        for place in 0..all.len() {
            let is_tie = place > 0 && all[place].suspect.score >= all[place - 1].suspect.score;
            all[place].suspect.rank = if is_tie { all[place - 1].suspect.rank } else { place as u32 + 1 };
        }
        all
    }

    fn sort(&self, all: &mut [Weighed]) {
        all.sort_by(|a, b| {
            b.sum
                .total_cmp(&a.sum)
                .then_with(|| self.scene.name(a.suspect.system).cmp(self.scene.name(b.suspect.system)))
        });
    }

    /// All that was found of one system, added up.
    fn weigh(&self, system: SystemId) -> Option<Weighed> {
        let mut best: FxHashMap<(Signal, bool), &Finding> = FxHashMap::default();
        for finding in self.findings.iter().filter(|finding| finding.system == system) {
            let known = best.entry((finding.signal, finding.nature == Nature::Cause)).or_insert(finding);
            if finding.strength > known.strength {
                *known = finding;
            }
        }
        let name = self.scene.name(system);
        let is_own = |signal: Signal| !matches!(signal, Signal::Spectrum | Signal::SelfTime);
        // Passing through and waiting are no suspicion by themselves.
        if !best.keys().any(|(signal, _)| is_own(*signal)) {
            return None;
        }
        let mut reasons: Vec<Reason> = Vec::new();
        for ((signal, _), finding) in &best {
            let mut earned = weight(*signal, finding.nature).earned(finding.strength);
            if *signal == Signal::Flows && self.digest.has_spans {
                earned *= TOLD_BY_SPANS;
            }
            if *signal == Signal::Metrics && finding.nature == Nature::Symptom {
                earned *= self.share_unexplained(finding);
                if is_gateway(name) {
                    earned *= EDGE;
                }
            }
            if is_pseudo(name) {
                earned *= EDGE;
            }
            reasons.push(Reason {
                signal: *signal,
                sentence: finding.sentence.clone(),
                is_for: true,
                weight: earned,
                window: self.scene.after,
                pointers: finding.pointers.clone(),
            });
        }
        let mut sum: f64 = reasons.iter().map(|reason| reason.weight).sum();
        if sum <= 0.0 {
            return None;
        }
        let is_victim = self.is_victim(system);
        if is_victim {
            sum *= VICTIM;
            reasons.push(Reason {
                signal: Signal::Flows,
                sentence: format!(
                    "few or no failing flows stop at {name}: it passes on what goes wrong elsewhere"
                ),
                is_for: false,
                weight: 0.0,
                window: self.scene.after,
                pointers: Vec::new(),
            });
        }
        sum += DEPTH * self.topology.depth(system);
        reasons.sort_by(|a, b| b.weight.total_cmp(&a.weight).then(a.sentence.cmp(&b.sentence)));
        let operation = [Signal::EventOrder, Signal::Origin]
            .into_iter()
            .find_map(|signal| best.get(&(signal, true)).and_then(|finding| finding.operation.clone()));
        let suspect = Suspect {
            rank: 0,
            system,
            operation,
            change: None,
            score: squeezed(sum),
            role: if is_victim || is_pseudo(name) { Role::Symptom } else { Role::Cause },
            evidence: reasons,
            failure_modes: self.scene.modes.recognise(&self.texts(system, None)),
        };
        Some(Weighed { suspect, sum })
    }

    /// Of a symptom, what no callee shows as well.
    fn share_unexplained(&self, finding: &Finding) -> f64 {
        if self.only_metrics {
            return 1.0; // The path has judged it already.
        }
        let is_same = |other: &&Finding| {
            other.signal == Signal::Metrics
                && other.nature == Nature::Symptom
                && self.topology.callees(finding.system).contains(&other.system)
                && other.strength >= finding.strength * 0.5
        };
        if self.findings.iter().any(|other| is_same(&other)) { EXPLAINED } else { 1.0 }
    }

    /// Whether flows tell clearly where they stop, and it is not here.
    fn is_victim(&self, system: SystemId) -> bool {
        let stops = |finding: &&Finding| finding.signal == Signal::Flows;
        let clearly = weight(Signal::Flows, Nature::Cause).cap;
        // Work in another order than before, with nothing out of order beneath it, is its own.
        let is_own = self.digest.has_spans
            && self.findings.iter().any(|finding| {
                finding.signal == Signal::EventOrder && finding.system == system && finding.strength >= 3.0
            });
        if is_own {
            return false;
        }
        let is_clear = self.findings.iter().filter(stops).any(|finding| finding.strength >= clearly * 0.75);
        is_clear && !self.findings.iter().filter(stops).any(|finding| finding.system == system)
    }

    /// The change that explains it, as evidence and as a multiplier; never a reason by itself.
    fn explain_by_change(&self, all: &mut [Weighed]) {
        let systems: Vec<(SystemId, f64)> = all.iter().map(|one| (one.suspect.system, one.sum)).collect();
        let explained = changes::explain(
            self.scene,
            &self.topology,
            &self.digest.patterns,
            &self.departures,
            &self.findings,
            &systems,
            |system| all.iter().any(|one| one.suspect.system == system && one.suspect.role == Role::Cause),
        );
        let Some(explained) = explained else { return };
        let counts = weight(Signal::Changes, Nature::Cause);
        let Some(one) = all.iter_mut().find(|one| one.suspect.system == explained.system) else { return };
        if explained.score < counts.least {
            return;
        }
        let earned = if explained.is_claimed { counts.earned(explained.score) } else { 0.0 };
        let id = self.scene.evidence.changes[explained.change].id.clone();
        one.suspect.evidence.push(Reason {
            signal: Signal::Changes,
            sentence: explained.sentence,
            is_for: explained.is_claimed,
            weight: earned,
            window: self.scene.before,
            pointers: vec![Pointer::Change(id.clone())],
        });
        one.suspect.evidence.sort_by(|a, b| b.weight.total_cmp(&a.weight));
        one.sum += earned;
        one.suspect.score = squeezed(one.sum);
        if explained.is_claimed && one.suspect.role == Role::Cause {
            one.suspect.failure_modes =
                self.scene.modes.recognise(&self.texts(one.suspect.system, Some(&id)));
            one.suspect.change = Some(id);
        }
    }

    /// What is new in the system's log, and the change that fits: what failure modes are told by.
    fn texts(&self, system: SystemId, change: Option<&str>) -> Vec<String> {
        let is_new = |state| matches!(state, TemplateState::New | TemplateState::Surging);
        let own = self.templates.iter().filter(|one| one.change.system == system && is_new(one.change.state));
        let mut texts: Vec<String> = own.map(|one| one.change.template.clone()).collect();
        let changes = self.scene.evidence.changes.iter().filter(|known| Some(known.id.as_str()) == change);
        texts.extend(changes.map(|change| change.text.clone()));
        texts
    }

    fn verdict(&self, ranking: &[Weighed]) -> (bool, String) {
        let ranked: Vec<Ranked> = ranking
            .iter()
            .map(|one| Ranked {
                name: self.scene.name(one.suspect.system),
                suspect: &one.suspect,
                sum: one.sum,
            })
            .collect();
        let suffers = |one: &&Departure| one.kind.nature == Nature::Symptom && one.spreads >= SUFFERS;
        let mut suffering: Vec<SystemId> =
            self.departures.iter().filter(suffers).map(|one| one.system).collect();
        suffering.sort_unstable();
        suffering.dedup();
        let unseen = self.unseen_near(ranking);
        let ground = Ground {
            only_metrics: self.only_metrics,
            is_alerted: self.scene.alerts().next().is_some(),
            has_topology: !self.topology.is_empty(),
            has_logs: !self.digest.units.said.is_empty(),
            many_suffer: suffering.len() > 1,
            is_failing: self.scene.is_failing,
            unseen: unseen.as_ref().map(|(why, next)| (why.as_str(), next.as_str())),
        };
        conclude(&ranked, ground)
    }

    /// What nothing was read of and may be behind what the first suspect shows: in words, and what to look at.
    fn unseen_near(&self, ranking: &[Weighed]) -> Option<(String, String)> {
        let first = &ranking.first()?.suspect;
        let is_near = |one: &&Unseen| {
            one.callers.is_empty() || one.system == first.system || one.callers.contains(&first.system)
        };
        if let Some(one) = self.unseen.iter().find(is_near) {
            let name = self.scene.name(one.system);
            let why = format!("{name} may be behind it, and nothing of it was read");
            return Some((why, "read its log and metrics, or ask who runs it".to_owned()));
        }
        let name = self.scene.name(first.system);
        let is_used_up = |reason: &Reason| reason.signal == Signal::Metrics && reason.weight >= MEASURED;
        if self.digest.is_silent(first.system) && !first.evidence.iter().any(is_used_up) {
            let why = format!("only those who call {name} tell of it, and it may be what it calls");
            return Some((why, format!("look at {name} itself: its metrics, its log, who runs it")));
        }
        // A resource at its limit and time lost on the way are measured at the suspect; all else its callees may have caused.
        let is_measured = |reason: &Reason| {
            matches!(reason.signal, Signal::Metrics | Signal::NetworkGap) && reason.weight >= MEASURED
        };
        if first.evidence.iter().any(is_measured) {
            return None;
        }
        let reached = self.topology.reached(&[first.system], |_| true);
        let one = self.unanswered.iter().find(|one| reached.contains(&one.caller))?;
        let (caller, call) = (self.scene.name(one.caller), self.scene.evidence.text(one.call));
        let why = format!(
            "{} of {} `{}` calls of {caller} before onset go to something that is not read and may be behind it",
            one.count,
            one.of,
            order::shortened(call)
        );
        Some((why, format!("add what {caller} calls by `{}`", order::shortened(call))))
    }
}

/// A sum of any size in 0..1, so that equal sums stay equal and others do not become it.
fn squeezed(sum: f64) -> f64 {
    1.0 - (-0.6 * sum).exp()
}
