//! Sentences from the record: catch-me-up, hand-over, status updates. Facts only; what is not known is not said.

use super::{Ask, Findings, HypothesisVerdict, Incident, Mitigation, Phase};
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
    lines.push(format!("{} {} {}, {}", incident.severity, incident.id, incident.titled(), incident.phase));
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
        lines.push(format!("Cause: {}", sure(findings, suspect)));
    }
    lines.extend(incident.in_force().take(3).map(|one| format!("In force: {}", in_force(one, now))));
    for hypothesis in
        incident.hypotheses.iter().filter_map(|one| one.judged.as_ref().map(|judged| (one, judged))).take(3)
    {
        lines.push(format!("{}: {} ({})", hypothesis.1.0, hypothesis.0.text, hypothesis.1.1));
    }
    lines.extend(incident.open_asks().take(3).map(|ask| format!("Ask: {}", asked(ask, now))));
    if let Some(due) = incident.update_due().filter(|due| *due < now) {
        lines.push(format!("Status update OVERDUE by {}", now - due));
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

/// What the next person in a role must know: conditions, known, ruled out and why, doing, in force, asks open.
pub fn hand_over(incident: &Incident, findings: &Findings, now: Time) -> String {
    let mut text =
        format!("{} {} {}, {}.", incident.severity, incident.id, incident.titled(), incident.phase);
    let mut section = |name: &str, parts: Vec<String>| {
        let said = if parts.is_empty() { "nothing".to_owned() } else { parts.join("; ") };
        text.push_str(&format!("\n{name}: {said}"));
    };
    let since = incident
        .began()
        .map(|began| format!("impact for {} (since {} UTC)", now - began, &began.to_string()[11..19]));
    section(
        "Conditions",
        since.into_iter().chain(findings.failing.clone()).chain(findings.stops.clone()).collect(),
    );
    let judged = |wanted: HypothesisVerdict| {
        incident.hypotheses.iter().filter_map(move |one| {
            let (verdict, reason) = one.judged.as_ref()?;
            (*verdict == wanted).then(|| format!("{} ({reason})", one.text))
        })
    };
    let change = findings.change.as_ref().map(|(time, text)| format!("{text} at {}", clock(*time)));
    let suspect = findings.suspect.as_ref().map(|suspect| sure(findings, suspect));
    section("Known", suspect.into_iter().chain(change).chain(judged(HypothesisVerdict::Supported)).collect());
    section("Ruled out", judged(HypothesisVerdict::Refuted).collect());
    let open = incident.hypotheses.iter().filter(|one| one.judged.is_none()).map(|one| {
        let test = if one.next_test.is_empty() { "no test named yet" } else { &one.next_test };
        format!("{} (next: {test})", one.text)
    });
    let proposed = incident.proposed().map(|one| format!("proposed {} {}", one.plan.kind, one.plan.target));
    section("Doing", open.chain(proposed).chain(judged(HypothesisVerdict::Inconclusive)).collect());
    section("In force", incident.in_force().map(|one| in_force(one, now)).collect());
    section("Asks open", incident.open_asks().map(|ask| asked(ask, now)).collect());
    if let Some(due) = incident.update_due() {
        let when = if due < now { "OVERDUE".to_owned() } else { format!("due in {}", due - now) };
        section("Next update", vec![when]);
    }
    text
}

fn clock(time: Time) -> String {
    time.to_string()[11..19].to_owned()
}

fn sure(findings: &Findings, suspect: &str) -> String {
    let how = if findings.is_conclusive { "evidence points at" } else { "not proven, first suspect" };
    format!("{how} {suspect}")
}

fn in_force(one: &Mitigation, now: Time) -> String {
    let effect = one.measured.clone().unwrap_or_else(|| "not measured yet".to_owned());
    let expiry = match one.plan.expires {
        Some(expires) if expires <= now => ", EXPIRED: undo it or say that it is still needed".to_owned(),
        Some(expires) => format!(", until {}", clock(expires)),
        None => String::new(),
    };
    let undo = if one.plan.undo.is_empty() { "undo step not said" } else { &one.plan.undo };
    format!(
        "{} {} since {} ({effect}; undo: {undo}{expiry})",
        one.plan.kind,
        one.plan.target,
        clock(one.started)
    )
}

fn asked(ask: &Ask, now: Time) -> String {
    let when = if ask.due < now {
        format!("OVERDUE by {}", now - ask.due)
    } else {
        format!("{} left", ask.due - now)
    };
    format!("@{} {} ({when})", ask.who, ask.question)
}

/// A status update for an audience, drafted from facts.
pub fn status_update(incident: &Incident, findings: &Findings, audience: Audience, now: Time) -> String {
    let minutes = incident.cadence_minutes();
    let state = match incident.phase {
        Phase::Detected | Phase::Triaging => "We are investigating",
        Phase::Mitigating => "We have found what to act on and are mitigating",
        Phase::Monitoring => "The mitigation is in place and we are watching it",
        Phase::Resolved | Phase::Reviewed => "This is resolved",
    };
    let began = incident
        .began()
        .map_or_else(|| "unknown".to_owned(), |began| format!("{} UTC", &began.to_string()[11..16]));
    let drill = if incident.is_drill { "This is an exercise, nothing is wrong: " } else { "" };
    match audience {
        Audience::Technical => {
            let mut text = format!("CONDITIONS: {} {}. Since {began}.", incident.severity, incident.titled());
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
                incident.titled(),
                incident.began().map_or_else(
                    || "an unknown time".to_owned(),
                    |began| (incident.resolved.unwrap_or(now) - began).to_string()
                ),
            )
        }
        Audience::Customer => format!(
            "{drill}Since {began} some requests may be delayed or fail. {state}. We will inform you again within {minutes} minutes."
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::super::What;
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

    #[test]
    fn every_text_of_a_drill_says_that_it_is_one() {
        let drill = What::DrillMarked { is_drill: true };
        let incident = Incident::replay("INC-1", &journal(vec![declared(), drill]));
        let (findings, now) = (Findings::default(), Time::from_seconds(1_773_483_000));
        for audience in Audience::iter() {
            let text = status_update(&incident, &findings, audience, now);
            assert!(text.contains("(drill)") || text.contains("exercise"), "{text}");
        }
        assert!(hand_over(&incident, &findings, now).contains("(drill)"));
        assert!(catch_up(&incident, &findings, now)[0].contains("(drill)"));
    }

    #[test]
    fn who_takes_over_learns_what_was_ruled_out_what_is_in_force_and_what_is_late() {
        let plan = super::super::Plan {
            target: "partner".into(),
            undo: "raise the limit".into(),
            expires: Some(Time::from_seconds(1_773_480_900)),
            ..Default::default()
        };
        let incident = Incident::replay(
            "INC-1",
            &journal(vec![
                declared(),
                What::Hypothesis { text: "DNS".into(), next_test: String::new() },
                What::HypothesisJudged {
                    hypothesis: 2,
                    verdict: HypothesisVerdict::Refuted,
                    reason: "resolves everywhere".into(),
                },
                What::Hypothesis { text: "certificate".into(), next_test: "read NotAfter".into() },
                What::MitigationStarted { mitigation: plan },
                What::Asked { who: "kafka-oncall".into(), question: "lag?".into(), minutes: 3 },
                What::CadenceChanged { minutes: 5 },
            ]),
        );
        let text = hand_over(&incident, &Findings::default(), Time::from_seconds(1_773_481_200));
        for expected in [
            "Ruled out: DNS (resolves everywhere)",
            "Doing: certificate (next: read NotAfter)",
            "undo: raise the limit, EXPIRED",
            "Asks open: @kafka-oncall lag? (OVERDUE by 11 min 00 s)",
            "Next update: OVERDUE",
        ] {
            assert!(text.contains(expected), "{expected} in\n{text}");
        }
        let update = status_update(
            &incident,
            &Findings::default(),
            Audience::Executive,
            Time::from_seconds(1_773_481_200),
        );
        assert!(update.ends_with("Next update in 5 minutes."), "the cadence that somebody set: {update}");
    }
}
