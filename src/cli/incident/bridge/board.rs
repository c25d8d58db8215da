//! What stands on the board: clocks, asks, hypotheses, what is in force; and incidents of the past that were like it.

use super::super::super::arguments::Inputs;
use super::super::super::output::Role as Colour;
use super::super::super::{Failure, Outcome};
use super::Bridge;
use crate::app::now;
use crate::incident::{Incident, hand_over, similar};
use crate::telemetry::Time;
use serde::Serialize;

impl Bridge<'_> {
    /// The clocks, and the board of what is open and in force.
    pub(super) fn status(&self) -> Result<Outcome, Failure> {
        let (incident, now, output) = (&self.incident, now(), self.output);
        if output.json {
            output.object(&board(incident, now))?;
            return Ok(Outcome::Done);
        }
        output.line(&[
            (Colour::Strong, &format!("{} {} {}", incident.severity, incident.id, incident.title)),
            (Colour::Plain, &format!("   {}", incident.phase)),
        ])?;
        let clock = |name: &str, time: Option<Time>| match time {
            Some(time) => output.line(&[
                (Colour::Muted, &format!("{name:<18}")),
                (Colour::Plain, &format!("{} ago", now - time)),
            ]),
            None => Ok(()),
        };
        clock("impact began", incident.impact_began)?;
        clock("declared", incident.declared)?;
        clock("last update", incident.last_update)?;
        if let Some(due) = incident.update_due() {
            let (role, text) = if due < now {
                (Colour::Bad, format!("OVERDUE by {}", now - due))
            } else {
                (Colour::Plain, format!("in {}", due - now))
            };
            output.line(&[(Colour::Muted, &format!("{:<18}", "next update")), (role, &text)])?;
        }
        for line in hand_over(incident, &crate::incident::Findings::default(), now).lines().skip(1) {
            output.line(&[(Colour::Plain, line)])?;
        }
        Ok(Outcome::Done)
    }

    pub(super) fn similar(&self, inputs: &Inputs) -> Result<Outcome, Failure> {
        let looked = self.look(inputs)?;
        let mut others = Vec::new();
        for name in self.record.names()? {
            others.extend(self.record.wait(self.record.store.incident(&name))?);
        }
        let found = similar(&self.incident, &looked.findings, &others);
        for one in &found {
            if self.output.json {
                self.output.object(&Alike {
                    incident: &one.incident,
                    title: &one.title,
                    likeness: one.likeness,
                    because: &one.because,
                    root_cause: &one.root_cause,
                    helped: &one.helped,
                })?;
                continue;
            }
            self.output.line(&[
                (Colour::Strong, &one.incident),
                (Colour::Plain, &format!(" {}", one.title)),
                (Colour::Muted, &format!("  ({})", one.because.join(", "))),
            ])?;
            if !one.root_cause.is_empty() {
                self.output.line(&[(Colour::Plain, &format!("  cause then: {}", one.root_cause))])?;
            }
            if !one.helped.is_empty() {
                self.output.line(&[(Colour::Good, &format!("  helped then: {}", one.helped.join(", ")))])?;
            }
        }
        if found.is_empty() && !self.output.json {
            self.output.line(&[(Colour::Plain, "no incident on record is like it")])?;
        }
        Ok(looked.outcome)
    }
}

#[derive(Serialize)]
struct Alike<'a> {
    incident: &'a str,
    title: &'a str,
    likeness: f64,
    because: &'a [String],
    root_cause: &'a str,
    helped: &'a [String],
}

/// What stands open, for machines.
fn board(incident: &Incident, now: Time) -> serde_json::Value {
    let in_force = incident.mitigations.iter().filter(|one| one.is_in_force()).map(|one| {
        serde_json::json!({
            "entry": one.entry, "kind": one.plan.kind, "target": one.plan.target, "started": one.started,
            "measured": one.measured, "undo": one.plan.undo, "expires": one.plan.expires, "expired": one.is_expired(now),
        })
    });
    let asks = incident.open_asks().map(|ask| {
        serde_json::json!({
            "entry": ask.entry, "who": ask.who, "question": ask.question, "due": ask.due, "overdue": ask.due < now,
        })
    });
    let hypotheses = incident.hypotheses.iter().map(|one| {
        serde_json::json!({
            "entry": one.entry, "text": one.text, "owner": one.owner, "next_test": one.next_test,
            "for": one.evidence.iter().filter(|(is_for, _)| *is_for).map(|(_, text)| text).collect::<Vec<_>>(),
            "against": one.evidence.iter().filter(|(is_for, _)| !is_for).map(|(_, text)| text).collect::<Vec<_>>(),
            "verdict": one.judged.as_ref().map(|(verdict, _)| verdict), "reason": one.judged.as_ref().map(|(_, reason)| reason),
        })
    });
    serde_json::json!({
        "incident": incident.id, "severity": incident.severity, "phase": incident.phase,
        "impact_began": incident.impact_began, "declared": incident.declared, "last_update": incident.last_update,
        "next_update": incident.update_due(), "overdue": incident.update_due().is_some_and(|due| due < now),
        "roles": incident.roles.iter().map(|(role, person)| (role.to_string(), person.clone())).collect::<std::collections::BTreeMap<_, _>>(),
        "in_force": in_force.collect::<Vec<_>>(), "asks": asks.collect::<Vec<_>>(),
        "hypotheses": hypotheses.collect::<Vec<_>>(),
    })
}
