//! The guided loop: size-up → stabilise → update → verify. Steps answer themselves from the evidence where they can.

use super::{Findings, Incident, Phase};
use crate::telemetry::Time;
use serde::Deserialize;

/// The stages of the loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, strum::Display, strum::EnumIter)]
pub enum Stage {
    #[strum(serialize = "Size-up")]
    SizeUp,
    Stabilise,
    Update,
    Verify,
}

/// What the answer of a step rests on, for whoever wants to look at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, strum::EnumIter)]
pub enum Lead {
    /// The flows that are lost.
    Failing,
    /// The time around the onset.
    Onset,
    /// The flows that stop at that hop.
    Stops,
    /// The change in full.
    Change,
    /// The suspected system as the service catalogue describes it.
    Owner,
    /// Who is hit, in flows, customers and value.
    Hit,
    /// The mitigations and what they did.
    Mitigations,
    /// The updates that were given.
    Updates,
    /// The times of the incident, and what is missing in its write-up.
    WriteUp,
}

/// One step: a question, and its answer if the evidence or a person has given one.
#[derive(Clone, Debug, PartialEq)]
pub struct Prompt {
    pub stage: Stage,
    pub question: &'static str,
    pub lead: Lead,
    pub answer: Option<String>,
    /// The answer came from the evidence, not from a person.
    pub by_evidence: bool,
    /// What to say next, blanks filled in.
    pub say: Option<String>,
}

/// A triage pack for one symptom.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pack {
    pub name: String,
    /// Failure modes that bring it to the top.
    #[serde(default)]
    pub modes: Vec<String>,
    pub discriminates: String,
    pub checks: Vec<Question>,
    pub mitigations: Vec<String>,
    pub say: String,
}

/// A check of a pack: what to ask, and where the evidence may answer by itself.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "Asked")]
pub struct Question {
    pub ask: String,
    pub look: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Asked {
    Plain(String),
    Full {
        ask: String,
        #[serde(default)]
        look: Option<String>,
    },
}

impl From<Asked> for Question {
    fn from(asked: Asked) -> Self {
        match asked {
            Asked::Plain(ask) => Self { ask, look: None },
            Asked::Full { ask, look } => Self { ask, look },
        }
    }
}

/// A check of a pack, and what answers it now.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Check {
    pub question: String,
    /// What the evidence says.
    pub answer: Option<String>,
    /// Whom to ask where it says nothing.
    pub ask: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    packs: Vec<Pack>,
}

const BUILT_IN: &str = include_str!("packs.toml");

/// All packs, those that fit the findings first. `own` is a team's file; a pack of the same name replaces the built-in.
pub fn packs(findings: &Findings, own: Option<&str>) -> Result<Vec<Pack>, String> {
    let read = |text: &str| {
        toml::from_str::<File>(text).map(|file| file.packs).map_err(|error| format!("triage packs: {error}"))
    };
    let mut all = read(BUILT_IN)?;
    for pack in own.map(read).transpose()?.unwrap_or_default() {
        let looks = pack.checks.iter().filter_map(|check| check.look.as_deref());
        if let Some(look) = looks.into_iter().find(|look| !super::probe::is_known(look)) {
            return Err(format!("triage packs: `{}` looks by `{look}`, which is not known", pack.name));
        }
        all.retain(|known| known.name != pack.name);
        all.push(pack);
    }
    let fits = |pack: &Pack| findings.failure_mode.as_ref().is_some_and(|mode| pack.modes.contains(mode));
    all.sort_by_key(|pack| !fits(pack));
    Ok(all)
}

impl Pack {
    /// The line to say, its blanks filled from the findings.
    pub fn line(&self, findings: &Findings) -> String {
        fill(&self.say, findings)
    }
}

fn fill(line: &str, findings: &Findings) -> String {
    let or = |text: &Option<String>, blank: &str| text.clone().unwrap_or_else(|| blank.to_owned());
    line.replace("{owner}", &or(&findings.owner, "whoever owns it"))
        .replace("{system}", &or(&findings.suspect, "the system"))
        .replace("{stops}", &or(&findings.stops, "somewhere"))
        .replace(
            "{onset}",
            &findings
                .onset
                .map_or_else(|| "the onset".to_owned(), |time| time.to_string()[11..19].to_owned()),
        )
}

/// The steps of the loop as they stand now.
pub fn prompts(incident: &Incident, findings: &Findings, now: Time) -> Vec<Prompt> {
    let mut all = Vec::new();
    let mut push = |stage, question: &'static str, lead, found: Option<String>, say: Option<String>| {
        let said = incident.steps.get(question).cloned();
        let by_evidence = said.is_none() && found.is_some();
        all.push(Prompt { stage, question, lead, answer: said.or(found), by_evidence, say });
    };
    let clock = |time: Time| time.to_string()[11..19].to_owned();
    let since = findings.onset.map(|onset| format!("{} UTC, {} ago", clock(onset), now - onset));
    let changed = findings.change.as_ref().map(|(time, text)| format!("{text}, {}", clock(*time)));
    let call = findings
        .suspect
        .as_ref()
        .map(|_| fill("{owner}, are you on the call? Please look at {system}.", findings));
    push(Stage::SizeUp, "What is failing?", Lead::Failing, findings.failing.clone(), None);
    push(Stage::SizeUp, "Since when?", Lead::Onset, since, None);
    push(Stage::SizeUp, "Where does it stop?", Lead::Stops, findings.stops.clone(), None);
    push(Stage::SizeUp, "What changed?", Lead::Change, changed, None);
    push(Stage::SizeUp, "Who owns it?", Lead::Owner, findings.owner.clone(), call);
    push(Stage::SizeUp, "Who is hit?", Lead::Hit, hit(incident, findings), None);
    let in_force = incident.in_force().count();
    push(
        Stage::Stabilise,
        "What stops the bleeding?",
        Lead::Mitigations,
        (in_force > 0).then(|| format!("{in_force} in force")),
        findings.usual_mitigations.first().map(|usual| {
            fill(
                &format!("I propose {usual} at {{system}}. Any strong objections? … Then we do it."),
                findings,
            )
        }),
    );
    push(
        Stage::Stabilise,
        "What is the risk, and how is it undone?",
        Lead::Mitigations,
        incident.in_force().last().map(|one| one.plan.undo.clone()).filter(|undo| !undo.is_empty()),
        None,
    );
    let is_due = incident.update_due().is_some_and(|due| due <= now);
    push(
        Stage::Update,
        "Who has been told?",
        Lead::Updates,
        incident.last_update.map(|last| format!("last update {} ago", now - last)),
        is_due.then(|| "An update is OVERDUE: press U, read it out, then go on.".to_owned()),
    );
    push(
        Stage::Verify,
        "Did it help?",
        Lead::Mitigations,
        incident.mitigations.iter().rev().find_map(|one| one.measured.clone()),
        None,
    );
    push(
        Stage::Verify,
        "Is it over?",
        Lead::WriteUp,
        (incident.phase >= Phase::Resolved).then(|| "resolved".to_owned()),
        (incident.phase == Phase::Monitoring).then(|| "Watch two more windows, then resolve.".to_owned()),
    );
    all
}

/// Who is hit: what people say, what was counted in customers and value, and flows.
fn hit(incident: &Incident, findings: &Findings) -> Option<String> {
    let said = Some(incident.impact.text.clone()).filter(|text| !text.is_empty());
    let flows = (findings.affected_flows > 0)
        .then(|| format!("{} of {} flows", findings.affected_flows, findings.all_flows));
    let parts: Vec<String> = said.into_iter().chain(findings.losses.clone()).chain(flows).collect();
    (!parts.is_empty()).then(|| parts.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_symptom_has_five_checks_and_a_line() {
        let all = packs(&Findings::default(), None).unwrap();
        assert_eq!(all.len(), 12);
        for pack in &all {
            assert_eq!(pack.checks.len(), 5, "{}", pack.name);
            for look in pack.checks.iter().filter_map(|check| check.look.as_deref()) {
                assert!(super::super::probe::is_known(look), "{}: {look}", pack.name);
            }
            for mitigation in &pack.mitigations {
                assert!(mitigation.parse::<super::super::MitigationKind>().is_ok(), "{mitigation}");
            }
        }
    }

    #[test]
    fn the_fitting_pack_comes_first_with_its_blanks_filled() {
        let findings = Findings {
            failure_mode: Some("expired-certificate".into()),
            suspect: Some("erp-adapter".into()),
            owner: Some("ERP integration".into()),
            ..Findings::default()
        };
        let first = &packs(&findings, None).unwrap()[0];
        assert_eq!(first.name, "certificates and TLS");
        assert!(first.line(&findings).starts_with("ERP integration, please read me issuer"));
    }

    #[test]
    fn steps_answer_themselves_and_people_overrule() {
        let findings = Findings { failing: Some("all of them".into()), ..Findings::default() };
        let mut incident = Incident::default();
        let all = prompts(&incident, &findings, Time(0));
        assert_eq!((all[0].answer.as_deref(), all[0].by_evidence), (Some("all of them"), true));
        assert_eq!(all[2].answer, None);
        incident.steps.insert("What is failing?".into(), "only web orders".into());
        let all = prompts(&incident, &findings, Time(0));
        assert_eq!((all[0].answer.as_deref(), all[0].by_evidence), (Some("only web orders"), false));
    }

    #[test]
    fn who_is_hit_is_said_by_people_in_customers_and_value_and_in_flows() {
        let mut incident = Incident::default();
        let findings = Findings {
            losses: Some("38 customers, 12400.50 EUR".into()),
            affected_flows: 55,
            all_flows: 151,
            ..Findings::default()
        };
        assert_eq!(hit(&incident, &findings).unwrap(), "38 customers, 12400.50 EUR; 55 of 151 flows");
        incident.impact.text = "two shops".into();
        assert!(hit(&incident, &findings).unwrap().starts_with("two shops; 38 customers"));
        assert_eq!(hit(&Incident::default(), &Findings::default()), None);
    }
}
