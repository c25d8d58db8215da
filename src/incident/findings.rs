//! What the evidence says, put into the plain values that guide the bridge and fill the write-up.

use super::{Findings, Opening};
use crate::evidence::Evidence;
use crate::flows::{Flow, Flows, Hop, KindId, Verdict};
use crate::suspects::{Role, Suspect, Suspects};
use crate::telemetry::{Nanos, Time};
use std::collections::BTreeMap;

/// More alerts than this make a timeline that nobody reads.
const MOST_ALERTS: usize = 20;

impl Findings {
    /// The findings of flows and suspects; coverage and losses, which need what people know of the estate, are added by
    /// whoever knows that. `owner_of` names the owner of a system, where somebody said so.
    pub fn of(
        evidence: &Evidence,
        flows: &Flows,
        suspects: &Suspects,
        owner_of: impl Fn(&str) -> Option<String>,
    ) -> Self {
        let onset = suspects.onset.as_ref().map(|onset| onset.time);
        let since: Vec<&Flow> = flows
            .iter()
            .map(|(_, flow)| flow)
            .filter(|flow| onset.is_none_or(|onset| onset <= flow.last))
            .collect();
        let first = suspects.ranking.iter().find(|suspect| suspect.role == Role::Cause);
        let stop = commonest_stop(&since);
        let lost_most = lost_most(&since);
        let name = |system| evidence.system_name(system).to_owned();
        let mode = first.and_then(|suspect| suspects.modes.named(suspect.failure_modes.first()?));
        Self {
            onset,
            failing: lost_most.map(|(kind, lost)| failing(flows, &since, onset, kind, lost)),
            title: lost_most.map(|(kind, _)| {
                let place = stop.map_or("fails".to_owned(), |hop| {
                    let word = if is_reached(&since, hop) { "fails at" } else { "stops before" };
                    format!("{word} {}", name(hop.to))
                });
                format!("{} {place}", flows.kind(kind).name)
            }),
            stops: stop.map(|hop| format!("after {}, on the way to {}", name(hop.from), name(hop.to))),
            stops_at: stop.map(|hop| name(hop.to)),
            onset_margin: suspects.onset.as_ref().map_or(Nanos::ZERO, |onset| onset.uncertainty),
            suspect: first.map(|suspect| said(evidence, suspect)),
            is_conclusive: suspects.conclusive,
            reason: suspects.reason.clone(),
            evidence: first.map(reasons).unwrap_or_default(),
            change: first.and_then(|suspect| change(evidence, suspect)),
            failure_mode: first.and_then(|suspect| suspect.failure_modes.first().cloned()),
            owner: first.and_then(|suspect| owner_of(evidence.system_name(suspect.system))),
            failed_flows: since.iter().filter(|flow| is_lost(flow)).count() as u64,
            affected_flows: since.iter().filter(|flow| is_lost(flow) || flow.verdict == Verdict::Slow).count()
                as u64,
            all_flows: since.len() as u64,
            coverage: None,
            losses: None,
            notable: notable(evidence, flows, onset),
            first_checks: mode.map(|mode| mode.checks.clone()).unwrap_or_default(),
            usual_mitigations: mode.map(|mode| mode.mitigations.clone()).unwrap_or_default(),
            systemic_fixes: mode.map(|mode| mode.fixes.clone()).unwrap_or_default(),
        }
    }
}

fn is_lost(flow: &Flow) -> bool {
    matches!(flow.verdict, Verdict::Failed | Verdict::Stuck)
}

/// The kind of flow that lost most.
fn lost_most(since: &[&Flow]) -> Option<(KindId, u32)> {
    let mut lost: BTreeMap<KindId, u32> = BTreeMap::new();
    for flow in since.iter().filter(|flow| is_lost(flow)) {
        *lost.entry(flow.kind).or_default() += 1;
    }
    lost.into_iter().max_by_key(|(kind, count)| (*count, std::cmp::Reverse(*kind)))
}

/// How much of a kind was lost since onset, and how much before.
fn failing(flows: &Flows, since: &[&Flow], onset: Option<Time>, kind: KindId, count: u32) -> String {
    let name = &flows.kind(kind).name;
    let all = since.iter().filter(|flow| flow.kind == kind).count();
    let Some(onset) = onset else {
        return format!("{name}: {count} of {all} flows failed or are stuck");
    };
    let (lost_before, before) = flows
        .iter()
        .filter(|(_, flow)| flow.kind == kind && flow.last < onset)
        .fold((0, 0), |(lost, all), (_, flow)| (lost + u32::from(is_lost(flow)), all + 1));
    let at = onset.utc().format("%H:%M:%S");
    format!("{name}: {count} of {all} flows failed or are stuck since {at}, {lost_before} of {before} before")
}

fn commonest_stop(since: &[&Flow]) -> Option<Hop> {
    let mut stops: BTreeMap<Hop, u32> = BTreeMap::new();
    for hop in since.iter().filter(|flow| is_lost(flow)).filter_map(|flow| flow.failing_hop) {
        *stops.entry(hop).or_default() += 1;
    }
    stops.into_iter().max_by_key(|(hop, count)| (*count, std::cmp::Reverse(*hop))).map(|(hop, _)| hop)
}

/// Whether flows that stop on this hop reach its far side, most of them at least.
fn is_reached(since: &[&Flow], hop: Hop) -> bool {
    let stopped = since.iter().filter(|flow| is_lost(flow) && flow.failing_hop == Some(hop));
    let (reached, all) = stopped.fold((0, 0), |(reached, all), flow| {
        (reached + usize::from(flow.visits.iter().any(|visit| visit.system == hop.to)), all + 1)
    });
    reached * 2 >= all
}

fn said(evidence: &Evidence, suspect: &Suspect) -> String {
    let system = evidence.system_name(suspect.system);
    suspect
        .operation
        .as_ref()
        .map_or_else(|| system.to_owned(), |operation| format!("{system} · {operation}"))
}

fn reasons(suspect: &Suspect) -> Vec<String> {
    suspect.evidence.iter().filter(|reason| reason.is_for).map(|reason| reason.sentence.clone()).collect()
}

fn change(evidence: &Evidence, suspect: &Suspect) -> Option<(Time, String)> {
    let id = suspect.change.as_ref()?;
    let change = evidence.changes.iter().find(|change| change.id == *id)?;
    let system = change.system.as_ref().map(|system| format!(" on {system}")).unwrap_or_default();
    Some((change.time, format!("{}{system}: {}", change.kind, change.text)))
}

/// What a timeline should not miss: onset, the first flow that was lost, changes around onset, and alerts.
fn notable(evidence: &Evidence, flows: &Flows, onset: Option<Time>) -> Vec<(Time, String)> {
    let mut notable: Vec<(Time, String)> = Vec::new();
    if let Some(onset) = onset {
        notable.push((onset, "failures begin".to_owned()));
        let first = flows.iter().map(|(_, flow)| flow).filter(|flow| is_lost(flow) && onset <= flow.last);
        if let Some(first) = first.min_by_key(|flow| flow.last) {
            let name = evidence.identifiers.identifier(first.name).value;
            notable.push((first.last, format!("flow {name} is the first that is lost")));
        }
        notable.extend(
            evidence
                .changes
                .iter()
                .filter(|change| (onset - change.time).as_seconds().abs() < 3_600.0)
                .map(|change| (change.time, format!("{}: {}", change.kind, change.text))),
        );
    }
    let alerts = Opening::alerts(evidence).take(MOST_ALERTS);
    notable.extend(alerts.map(|row| (evidence.time(row), Opening::alert_sentence(evidence, row))));
    notable.sort();
    notable
}
