//! From a step of the guided loop to what its answer rests on.

use super::outcome::Outcome;
use super::{Action, Data, View};
use crate::incident::{Incident, Lead, Service};
use crate::telemetry::{Nanos, Time};

/// Flows that failed or are stuck.
const LOST: &str = "verdict:failed verdict:stuck";

/// Opens what an answer rests on: flows, a stretch of time, a change, a system, figures.
pub(super) fn follow(lead: Lead, data: &Data) -> Outcome {
    let findings = &data.picture.findings;
    match lead {
        Lead::Failing => Outcome::Follow(LOST.to_owned(), View::Flows),
        Lead::Onset => {
            let view =
                if data.picture.evidence.series.is_empty() { Action::ViewFlows } else { Action::ViewMetrics };
            Outcome::Each(vec![Outcome::Act(Action::AroundOnset), Outcome::Act(view)])
        }
        Lead::Stops => match &findings.stops_at {
            Some(system) => Outcome::Follow(format!("{LOST} {}", word("stops", system)), View::Flows),
            None => Outcome::Follow(LOST.to_owned(), View::Flows),
        },
        Lead::Change => Outcome::Page("What changed".to_owned(), changes(data)),
        Lead::Owner => Outcome::Page("Service catalogue".to_owned(), owner(data)),
        Lead::Hit => Outcome::Page("Who is hit".to_owned(), hit(data)),
        Lead::Mitigations => Outcome::Act(Action::ViewMitigate),
        Lead::Updates => Outcome::Page("Updates that were given".to_owned(), updates(data.incident.as_ref())),
        Lead::WriteUp => Outcome::Act(Action::ViewRca),
    }
}

/// A word of the filter, in quotes where it has blanks.
fn word(key: &str, value: &str) -> String {
    if value.contains(' ') { format!("\"{key}:{value}\"") } else { format!("{key}:{value}") }
}

/// The change that is suspected in full, then all others around the onset, nearest first.
fn changes(data: &Data) -> String {
    let findings = &data.picture.findings;
    let mut text = match &findings.change {
        Some((time, change)) => format!("Suspected: {}\n{change}\n\n", time.to_the_second()),
        None => "No change is suspected.\n\n".to_owned(),
    };
    let mut all: Vec<_> = data.picture.evidence.changes.iter().collect();
    let away = |time: Time| findings.onset.map_or(0, |onset| (time - onset).0.abs());
    all.sort_by_key(|change| (away(change.time), change.id.clone()));
    if all.is_empty() {
        text.push_str(&super::sources::why_empty(data, "no changes"));
        return text;
    }
    text.push_str("All changes that are known, the nearest to the onset first:\n");
    for change in all {
        let distance = findings.onset.map_or_else(String::new, |onset| {
            let distance = change.time - onset;
            let word = if distance.0 < 0 { "before" } else { "after" };
            format!(", {} {word} the onset", Nanos(distance.0.abs()))
        });
        let system = change.system.as_deref().unwrap_or("no system named");
        text.push_str(&format!(
            "\n{}{distance}\n  {} on {system}: {}\n  from {}\n",
            change.time.to_the_second(),
            change.kind,
            change.text,
            change.source
        ));
    }
    text
}

/// What the catalogue says of the suspected system.
fn owner(data: &Data) -> String {
    let picture = &data.picture;
    let Some(system) = data.suspected() else {
        return "Nobody is suspected yet, so nobody is asked first.".to_owned();
    };
    let unknown = Service { name: system.to_owned(), ..Service::default() };
    let known = data.catalogue.iter().find(|service| service.name == system);
    let mut text = known.unwrap_or(&unknown).page(&picture.evidence, &picture.flows, picture.findings.onset);
    if known.is_none() {
        text.push_str("\n\nThe catalogue does not have it: add [systems.NAME] to catalogue.toml or to the configuration.");
    } else {
        text.push_str("\n\nO opens the runbook; a asks the owner.");
    }
    text
}

fn hit(data: &Data) -> String {
    let findings = &data.picture.findings;
    let mut text = format!(
        "Since the onset {} of {} flows failed or are stuck, {} more are slow.\n",
        findings.failed_flows,
        findings.all_flows,
        findings.affected_flows.saturating_sub(findings.failed_flows)
    );
    match &findings.losses {
        Some(losses) => text.push_str(&format!("Lost: {losses}.\n")),
        None => text.push_str(
            "Customers and value are not counted: [losses] in the configuration names the fields that hold them.\n",
        ),
    }
    if let Some(incident) = &data.incident {
        let said = incident.impact.sentence();
        text.push_str(&format!(
            "\nSaid when it was declared: {}\n",
            if said.is_empty() { "nothing" } else { &said }
        ));
    }
    text.push_str("\nBy kind of flow, since the onset:\n");
    for way in &data.picture.ways {
        let name = &data.picture.flows.kind(way.kind).name;
        let (lost, before) = way.before;
        text.push_str(&format!("  {name}: {} of {} lost, {lost} of {before} before\n", way.lost, way.flows));
    }
    text
}

fn updates(incident: Option<&Incident>) -> String {
    let given = incident.iter().flat_map(|incident| &incident.lines);
    let given = given.filter(|line| !line.is_undone && matches!(line.label, "update" | "published"));
    let lines: Vec<String> = given
        .map(|line| format!("{} {}: {}", line.happened.to_the_second(), line.author, line.text))
        .collect();
    if lines.is_empty() { "None yet: U drafts one.".to_owned() } else { lines.join("\n") }
}
