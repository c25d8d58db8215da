//! The write-up: drafted from the record and the evidence, finished by people.

use super::{Incident, Phase, Sheet, What};
use crate::telemetry::{Nanos, Time};
use serde::{Deserialize, Serialize};

/// What the evidence says, in plain values: the same for the guided steps, the updates and the write-up.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Findings {
    pub onset: Option<Time>,
    /// `order-to-cash: 1 204 of 1 391 flows failed since onset, 3 of 1 350 before`
    pub failing: Option<String>,
    /// `after mulesoft, on the way to erp-adapter`
    pub stops: Option<String>,
    /// The system at which most stop, or on the way to which.
    pub stops_at: Option<String>,
    /// What an incident of this would be called: `order-to-cash fails at erp-adapter`, `… stops before billing`
    pub title: Option<String>,
    pub suspect: Option<String>,
    pub is_conclusive: bool,
    /// Why it is or is not conclusive, with the cheapest next check.
    pub reason: String,
    /// Reasons for the first suspect, in sentences.
    pub evidence: Vec<String>,
    /// The change that explains it, if one does.
    pub change: Option<(Time, String)>,
    pub failure_mode: Option<String>,
    pub first_checks: Vec<String>,
    pub usual_mitigations: Vec<String>,
    pub systemic_fixes: Vec<String>,
    pub owner: Option<String>,
    pub failed_flows: u64,
    pub affected_flows: u64,
    pub all_flows: u64,
    /// How much of the ways of flows can be seen.
    pub coverage: Option<super::Coverage>,
    /// How far off the onset may be, before or after.
    pub onset_margin: Nanos,
    /// What was lost in terms of the business, where fields were configured and read.
    pub losses: Option<String>,
    /// Notable telemetry for the timeline: (time, sentence).
    pub notable: Vec<(Time, String)>,
}

/// The write-up as the record has it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rca {
    pub summary: String,
    pub impact: String,
    pub detection: String,
    pub trigger: String,
    pub root_cause: String,
    pub went_well: String,
    pub went_badly: String,
    pub factors: Vec<Factor>,
    pub whys: Vec<Why>,
    /// (entry, action, done)
    pub actions: Vec<(u64, Action, bool)>,
}

/// One answer in the five-whys tree, and what it rests on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Why {
    /// Depth in the tree, from 0.
    pub depth: u8,
    pub text: String,
    /// What supports it; a why without support is where the tree stops.
    pub evidence: String,
}

/// A contributing factor; there are always several.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Factor {
    /// By [`Factor::TAXONOMY`].
    pub class: String,
    pub text: String,
}

impl Factor {
    /// Classes of contributing factors, after what public post-incident reviews use.
    pub const TAXONOMY: [&'static str; 9] = [
        "change",
        "capacity",
        "configuration",
        "dependency",
        "detection",
        "design",
        "documentation",
        "process",
        "communication",
    ];
}

/// Something to be done so that it does not happen again, or hurts less.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Action {
    pub class: ActionClass,
    pub text: String,
    pub owner: String,
    /// `2026-04-01`
    pub due: String,
    /// How it will be known that it works.
    pub verification: String,
    /// It changes the system, not this one case.
    pub is_systemic: bool,
}

#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    strum::Display,
    strum::EnumIter,
    strum::EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ActionClass {
    #[default]
    Prevent,
    Detect,
    Mitigate,
    Process,
}

impl ActionClass {
    pub fn name(self) -> String {
        self.to_string()
    }
}

impl Rca {
    /// The fields that are texts, in the order in which they are written.
    pub const FIELDS: [&'static str; 7] =
        ["summary", "impact", "detection", "trigger", "root_cause", "went_well", "went_badly"];

    /// What a field is called where people read it.
    pub fn label(field: &str) -> &str {
        match field {
            "root_cause" => "root cause",
            "went_well" => "what went well",
            "went_badly" => "what went badly",
            other => other,
        }
    }

    /// A field by its name or by what it is called: `root_cause`, `root cause`.
    pub fn field(name: &str) -> Option<&'static str> {
        Self::FIELDS.into_iter().find(|field| *field == name || Self::label(field) == name)
    }

    pub fn get(&self, field: &str) -> &str {
        match field {
            "summary" => &self.summary,
            "impact" => &self.impact,
            "detection" => &self.detection,
            "trigger" => &self.trigger,
            "root_cause" => &self.root_cause,
            "went_well" => &self.went_well,
            "went_badly" => &self.went_badly,
            _ => "",
        }
    }

    /// Sets a field; one that is not known is ignored, since journals outlive versions.
    pub fn set(&mut self, field: &str, text: &str) {
        let slot = match field {
            "summary" => &mut self.summary,
            "impact" => &mut self.impact,
            "detection" => &mut self.detection,
            "trigger" => &mut self.trigger,
            "root_cause" => &mut self.root_cause,
            "went_well" => &mut self.went_well,
            "went_badly" => &mut self.went_badly,
            _ => return,
        };
        text.clone_into(slot);
    }
}

/// The write-up with what people left blank filled in from record and evidence. What a person wrote stands.
pub fn draft(incident: &Incident, findings: &Findings) -> Rca {
    let mut rca = incident.rca.clone();
    let mut fill = |field: &str, text: Option<String>| {
        if rca.get(field).is_empty()
            && let Some(text) = text.filter(|text| !text.is_empty())
        {
            rca.set(field, &text);
        }
    };
    let began = incident.impact_began.or(findings.onset).or(incident.declared);
    let ended = incident.impact_ended.or(incident.resolved);
    let length = began.zip(ended).map(|(began, ended)| (ended - began).to_string());
    fill("summary", summary(incident, findings, began, length.as_deref()));
    fill("impact", impact(findings, began, ended, length.as_deref(), incident));
    fill(
        "detection",
        incident.declared.map(|declared| {
            let after = began.map(|began| declared - began).filter(|delay| *delay > Nanos::ZERO);
            match after {
                Some(delay) => {
                    format!("Declared {}, {delay} after the impact began.", declared.to_the_second())
                }
                None => format!("Declared {}.", declared.to_the_second()),
            }
        }),
    );
    fill(
        "trigger",
        findings.change.as_ref().map(|(time, text)| format!("{text} ({}).", time.to_the_second())),
    );
    let is_resolved = incident.phase >= Phase::Resolved;
    let cause = findings.suspect.as_ref().filter(|_| findings.is_conclusive || is_resolved).map(|suspect| {
        let mode = findings.failure_mode.as_ref().map(|mode| format!(" ({mode})")).unwrap_or_default();
        let reasons =
            findings.evidence.iter().take(3).map(|reason| format!("\n- {reason}")).collect::<String>();
        let sure = if findings.is_conclusive {
            "The evidence points at"
        } else {
            "Not proven; the evidence points first at"
        };
        format!("{sure} {suspect}{mode}:{reasons}")
    });
    fill("root_cause", cause);
    let helped: Vec<String> = incident
        .mitigations
        .iter()
        .filter(|one| one.measured.as_ref().is_some_and(|text| text.starts_with("better")))
        .map(|one| {
            format!(
                "{} {} helped: {}",
                one.plan.kind,
                one.plan.target,
                one.measured.clone().unwrap_or_default()
            )
        })
        .collect();
    fill("went_well", (!helped.is_empty()).then(|| helped.join("\n")));
    let unseen = findings.coverage.as_ref().filter(|coverage| !coverage.blind.is_empty());
    fill("went_badly", unseen.map(|coverage| format!("Not all could be seen: {}.", coverage.sentence())));
    if rca.whys.is_empty() {
        rca.whys = whys(findings);
    }
    rca
}

/// What is recorded when the incident is resolved, so that the write-up stands when the telemetry is gone: all that people
/// left blank, as the evidence fills it in now, and how much could be seen.
pub fn drafted(incident: &Incident, findings: &Findings, now: Time) -> Vec<What> {
    let resolved =
        Incident { phase: Phase::Resolved, resolved: incident.resolved.or(Some(now)), ..incident.clone() };
    let mut whats = Sheet::of(&draft(&resolved, findings)).changes(&incident.rca);
    let seen = findings.coverage.as_ref().filter(|coverage| incident.coverage.as_ref() != Some(*coverage));
    whats.extend(seen.map(|coverage| What::CoverageMeasured { coverage: coverage.clone() }));
    whats
}

fn summary(
    incident: &Incident,
    findings: &Findings,
    began: Option<Time>,
    length: Option<&str>,
) -> Option<String> {
    incident.declared?;
    let mut text = format!("{} ({}).", incident.title, incident.severity);
    if let Some(began) = began {
        text.push_str(&format!(" Impact from {}", began.to_the_second()));
        text.push_str(&length.map_or_else(|| ".".to_owned(), |length| format!(", for {length}.")));
    }
    if let Some(failing) = &findings.failing {
        text.push_str(&format!(" {failing}."));
    }
    if let Some(stops) = &findings.stops {
        text.push_str(&format!(" Flows stopped {stops}."));
    }
    Some(text)
}

fn impact(
    findings: &Findings,
    began: Option<Time>,
    ended: Option<Time>,
    length: Option<&str>,
    incident: &Incident,
) -> Option<String> {
    if findings.all_flows == 0 && incident.impact.text.is_empty() {
        return None;
    }
    let mut text = format!(
        "{} of {} flows failed or were stuck; {} more were slow.",
        findings.failed_flows,
        findings.all_flows,
        findings.affected_flows.saturating_sub(findings.failed_flows)
    );
    if let Some(losses) = &findings.losses {
        text.push_str(&format!(" Lost: {losses}."));
    }
    if let (Some(began), Some(ended), Some(length)) = (began, ended, length) {
        text.push_str(&format!(" From {} to {} ({length}).", began.to_the_second(), ended.to_the_second()));
    }
    if !incident.impact.text.is_empty() {
        text.push(' ');
        text.push_str(&incident.impact.text);
    }
    Some(text)
}

/// As many whys as the evidence carries, and not one more.
fn whys(findings: &Findings) -> Vec<Why> {
    let mut whys = Vec::new();
    let mut push = |text: String, evidence: String| {
        whys.push(Why { depth: whys.len() as u8, text, evidence });
    };
    if let (Some(failing), Some(stops)) = (&findings.failing, &findings.stops) {
        push(format!("Why did flows fail? They stopped {stops}."), failing.clone());
        if let Some(suspect) = &findings.suspect
            && let Some(first) = findings.evidence.first()
        {
            push(format!("Why did they stop there? {suspect} failed."), first.clone());
            if let Some((time, change)) = &findings.change {
                push(format!("Why did it fail? {change}."), format!("change at {}", time.to_the_second()));
            }
        }
    }
    whys
}

#[cfg(test)]
mod tests {
    use super::super::fold::tests::{declared, journal};
    use super::*;

    fn findings() -> Findings {
        Findings {
            failing: Some("order-to-cash: 12 of 20 flows failed".into()),
            stops: Some("after mule, on the way to erp".into()),
            suspect: Some("erp".into()),
            is_conclusive: true,
            evidence: vec!["98 % of failed flows stop at erp".into()],
            change: Some((Time::from_seconds(1_773_480_000), "certificate rotated".into())),
            failed_flows: 12,
            affected_flows: 15,
            all_flows: 20,
            ..Findings::default()
        }
    }

    #[test]
    fn a_draft_is_filled_from_record_and_evidence_and_respects_what_people_wrote() {
        let mut entries =
            vec![declared(), What::RcaField { field: "trigger".into(), text: "my words".into() }];
        entries.push(What::PhaseChanged { phase: Phase::Resolved });
        let incident = Incident::replay("INC-1", &journal(entries));
        let rca = draft(&incident, &findings());
        assert!(rca.summary.starts_with("Orders stuck (SEV1)."), "{}", rca.summary);
        assert!(rca.impact.starts_with("12 of 20 flows failed or were stuck; 3 more were slow."));
        assert_eq!(rca.trigger, "my words");
        assert_eq!(rca.whys.len(), 3);
        assert!(rca.root_cause.contains("98 % of failed flows"));
    }

    #[test]
    fn what_is_drafted_at_resolve_stands_when_the_telemetry_is_gone() {
        let mut entries =
            vec![declared(), What::RcaField { field: "trigger".into(), text: "my words".into() }];
        let incident = Incident::replay("INC-1", &journal(entries.clone()));
        let drafted = drafted(&incident, &findings(), Time::from_seconds(1_773_490_000));
        assert!(
            !drafted.iter().any(|what| matches!(what, What::RcaField { field, .. } if field == "trigger"))
        );
        entries.extend(drafted);
        let later = Incident::replay("INC-1", &journal(entries));
        let kept = draft(&later, &Findings::default());
        assert!(
            kept.root_cause.contains("98 % of failed flows")
                && kept.summary.contains("12 of 20 flows failed")
        );
        assert_eq!((kept.whys.len(), kept.trigger.as_str()), (3, "my words"));
        assert_eq!(
            super::drafted(&later, &findings(), Time(0)),
            [],
            "once it stands, it is not drafted again"
        );
    }

    #[test]
    fn whys_stop_where_evidence_stops() {
        let without = Findings { change: None, evidence: Vec::new(), ..findings() };
        assert_eq!(whys(&without).len(), 1);
        assert!(draft(&Incident::default(), &Findings::default()).whys.is_empty());
    }
}
