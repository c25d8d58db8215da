//! Sentences from the record: catch-me-up, hand-over, status updates. Facts only; what is not known is not said.

use super::{Findings, Incident, Phase};
use crate::telemetry::Time;

/// Who reads an update.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::Display, strum::EnumIter, strum::EnumString)]
#[strum(serialize_all = "lowercase")]
pub enum Audience {
    /// Conditions, actions, needs.
    Technical,
    Executive,
    /// Nothing that names systems, people or causes leaves the company.
    Customer,
}

/// What a late joiner needs, in at most 20 lines.
pub fn catch_up(incident: &Incident, findings: &Findings, now: Time) -> Vec<String> {
    let mut lines = Vec::new();
    lines.push(format!("{} {} {}, {}", incident.severity, incident.id, incident.title, incident.phase));
    if let Some(began) = incident.began() {
        lines.push(format!("Impact for {} (since {} UTC)", now - began, &began.to_string()[11..19]));
    }
    let mut known =
        |label: &str, text: Option<&String>| lines.extend(text.map(|text| format!("{label}: {text}")));
    known("Failing", findings.failing.as_ref());
    known("Stops", findings.stops.as_ref());
    let change =
        findings.change.as_ref().map(|(time, text)| format!("{text} at {}", &time.to_string()[11..19]));
    known("Changed", change.as_ref());
    if let Some(suspect) = &findings.suspect {
        let sure = if findings.is_conclusive { "evidence points at" } else { "not proven, first suspect" };
        lines.push(format!("Cause: {sure} {suspect}"));
    }
    for mitigation in incident.in_force().take(3) {
        let effect = mitigation.measured.clone().unwrap_or_else(|| "not measured yet".to_owned());
        lines.push(format!("In force: {} {} ({effect})", mitigation.plan.kind, mitigation.plan.target));
    }
    for hypothesis in
        incident.hypotheses.iter().filter_map(|one| one.judged.as_ref().map(|judged| (one, judged))).take(3)
    {
        lines.push(format!("{}: {} ({})", hypothesis.1.0, hypothesis.0.text, hypothesis.1.1));
    }
    for ask in incident.open_asks().take(3) {
        let late = if ask.due < now { "OVERDUE" } else { "open" };
        lines.push(format!("Ask {late}: @{} {}", ask.who, ask.question));
    }
    for (role, person) in incident.roles.iter().take(3) {
        lines.push(format!("{role}: {person}"));
    }
    let decisions =
        incident.lines.iter().rev().filter(|line| line.label == "decision" && !line.is_undone).take(2);
    lines.extend(
        decisions.map(|line| format!("Decided {}: {}", &line.happened.to_string()[11..16], line.text)),
    );
    lines.truncate(20);
    lines
}

/// What the next person in a role must know.
pub fn hand_over(incident: &Incident, findings: &Findings, now: Time) -> String {
    let mut text = catch_up(incident, findings, now).join("\n");
    let open: Vec<&str> =
        incident.hypotheses.iter().filter(|one| one.judged.is_none()).map(|one| one.text.as_str()).collect();
    if !open.is_empty() {
        text.push_str(&format!("\nHypotheses open: {}", open.join("; ")));
    }
    text
}

/// A status update for an audience, drafted from facts.
pub fn status_update(incident: &Incident, findings: &Findings, audience: Audience, now: Time) -> String {
    let minutes = incident.severity.cadence_minutes();
    let state = match incident.phase {
        Phase::Detected | Phase::Triaging => "We are investigating",
        Phase::Mitigating => "We have found what to act on and are mitigating",
        Phase::Monitoring => "The mitigation is in place and we are watching it",
        Phase::Resolved | Phase::Reviewed => "This is resolved",
    };
    let began = incident
        .began()
        .map_or_else(|| "unknown".to_owned(), |began| format!("{} UTC", &began.to_string()[11..16]));
    match audience {
        Audience::Technical => {
            let mut text = format!("CONDITIONS: {} {}. Since {began}.", incident.severity, incident.title);
            for fact in [&findings.failing, &findings.stops].into_iter().flatten() {
                text.push_str(&format!(" {fact}."));
            }
            if let Some(suspect) = &findings.suspect {
                let sure = if findings.is_conclusive {
                    "Evidence points at"
                } else {
                    "Not proven; first suspect is"
                };
                text.push_str(&format!(" {sure} {suspect}."));
            }
            text.push_str("\nACTIONS:");
            let mut actions: Vec<String> =
                incident.in_force().map(|one| format!(" {} {}", one.plan.kind, one.plan.target)).collect();
            if actions.is_empty() {
                actions.push(" none in force".to_owned());
            }
            text.push_str(&actions.join(","));
            text.push_str(".\nNEEDS:");
            let mut needs: Vec<String> =
                incident.open_asks().map(|ask| format!(" @{} {}", ask.who, ask.question)).collect();
            if needs.is_empty() {
                needs.push(" nothing open".to_owned());
            }
            text.push_str(&needs.join(";"));
            text.push_str(&format!(".\nNext update in {minutes} minutes."));
            text
        }
        Audience::Executive => {
            let hit = if findings.all_flows > 0 {
                format!(" {} of {} transactions are affected.", findings.affected_flows, findings.all_flows)
            } else {
                String::new()
            };
            format!(
                "{}: {}. Since {began}.{hit} {state}. Running for {}. Next update in {minutes} minutes.",
                incident.severity,
                incident.title,
                incident.began().map_or_else(
                    || "an unknown time".to_owned(),
                    |began| (incident.resolved.unwrap_or(now) - began).to_string()
                ),
            )
        }
        Audience::Customer => format!(
            "Since {began} some requests may be delayed or fail. {state}. We will inform you again within {minutes} minutes."
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::super::fold::tests::{declared, journal};
    use super::*;
    use strum::IntoEnumIterator;

    #[test]
    fn catching_up_takes_twenty_lines_at_most_and_customers_learn_no_names() {
        let incident = Incident::replay("INC-1", &journal(vec![declared()]));
        let findings =
            Findings { suspect: Some("erp".into()), failing: Some("orders".into()), ..Findings::default() };
        let now = Time::from_seconds(1_773_483_000);
        assert!(catch_up(&incident, &findings, now).len() <= 20);
        assert!(hand_over(&incident, &findings, now).contains("erp"));
        for audience in Audience::iter() {
            let text = status_update(&incident, &findings, audience, now);
            assert!(text.contains("minutes"), "{text}");
            assert_eq!(text.contains("erp"), audience == Audience::Technical, "{text}");
        }
    }
}
