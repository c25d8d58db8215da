//! Incidents that were like this one: what was wrong then, and what helped.

use super::review::likeness;
use super::{EffectVerdict, Findings, Incident};

/// An incident of the past that is like another one.
#[derive(Clone, Debug, PartialEq)]
pub struct Similar {
    pub incident: String,
    pub title: String,
    /// From 0 to 1.
    pub likeness: f64,
    /// What both have, in words.
    pub because: Vec<String>,
    pub root_cause: String,
    /// Mitigations that were measured to be better then.
    pub helped: Vec<String>,
}

impl Similar {
    /// One line: what it was, what was behind it, and what helped then.
    pub fn line(&self) -> String {
        let cause = if self.root_cause.is_empty() { "no cause on record" } else { &self.root_cause };
        let helped = if self.helped.is_empty() {
            String::new()
        } else {
            format!("; {} helped", self.helped.join(", "))
        };
        format!("{} {} ({cause}{helped})", self.incident, self.title)
    }
}

/// Less than this is chance.
const LEAST: f64 = 0.2;
const MOST: usize = 5;

/// Past incidents that are like `incident`, the likest first. `findings` are of the one that is looked at.
pub fn similar(incident: &Incident, findings: &Findings, others: &[Incident]) -> Vec<Similar> {
    let about = about(incident, findings);
    let mut found: Vec<Similar> = others
        .iter()
        .filter(|other| other.id != incident.id && other.declared.is_some())
        .filter_map(|other| compare(incident, findings, &about, other))
        .collect();
    found.sort_by(|a, b| b.likeness.total_cmp(&a.likeness).then_with(|| b.incident.cmp(&a.incident)));
    found.truncate(MOST);
    found
}

/// Everything that says what it is about.
fn about(incident: &Incident, findings: &Findings) -> String {
    let mut text = [incident.title.as_str(), &incident.rca.root_cause, &incident.rca.trigger].join(" ");
    let known = [&findings.suspect, &findings.stops, &findings.failure_mode];
    known.into_iter().flatten().for_each(|one| text.push_str(&format!(" {one}")));
    for hypothesis in &incident.hypotheses {
        text.push_str(&format!(" {}", hypothesis.text));
    }
    text
}

fn compare(incident: &Incident, findings: &Findings, about: &str, other: &Incident) -> Option<Similar> {
    let theirs = self::about(other, &Findings::default());
    let mut because = Vec::new();
    let words = likeness(about, &theirs);
    if words >= LEAST / 2.0 {
        because.push(format!("{:.0} % of the words", words * 100.0));
    }
    let suspect = findings.suspect.as_deref().and_then(|suspect| suspect.split(' ').next());
    let is_same_system = suspect.is_some_and(|suspect| names(&theirs, suspect));
    if let (true, Some(suspect)) = (is_same_system, suspect) {
        because.push(format!("{suspect} was in it"));
    }
    let mode = findings.failure_mode.as_deref().map(|mode| mode.replace('-', " "));
    let is_same_mode = mode.as_deref().is_some_and(|mode| likeness(mode, &theirs) > 0.0);
    if let (true, Some(mode)) = (is_same_mode, &mode) {
        because.push(mode.clone());
    }
    let classes = |one: &Incident| -> Vec<String> {
        one.rca.factors.iter().map(|factor| factor.class.clone()).collect()
    };
    let shared: Vec<String> =
        classes(incident).into_iter().filter(|class| classes(other).contains(class)).collect();
    let total = (words + if is_same_system { 0.3 } else { 0.0 } + if is_same_mode { 0.2 } else { 0.0 })
        + 0.05 * shared.len().min(2) as f64;
    if total < LEAST {
        return None;
    }
    let helped = other
        .mitigations
        .iter()
        .filter(|one| one.effect.as_ref().is_some_and(|effect| effect.verdict == EffectVerdict::Better));
    Some(Similar {
        incident: other.id.clone(),
        title: other.title.clone(),
        likeness: total.min(1.0),
        because,
        root_cause: other.rca.root_cause.lines().next().unwrap_or_default().to_owned(),
        helped: helped.map(|one| format!("{} {}", one.plan.kind, one.plan.target)).collect(),
    })
}

/// Whether a text names a system as a whole word.
fn names(text: &str, system: &str) -> bool {
    text.split(|c: char| !(c.is_alphanumeric() || matches!(c, '-' | '_' | '.')))
        .any(|word| word.eq_ignore_ascii_case(system))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::Time;

    fn incident(id: &str, title: &str, cause: &str) -> Incident {
        let mut incident =
            Incident { id: id.into(), title: title.into(), declared: Some(Time(0)), ..Incident::default() };
        incident.rca.root_cause = cause.into();
        incident
    }

    #[test]
    fn the_likest_comes_first_and_what_is_not_alike_does_not_come() {
        let now = incident("INC-9", "Orders do not reach billing", "");
        let past = [
            incident("INC-1", "Orders do not reach billing", "certificate of erp-adapter expired"),
            incident("INC-2", "Login page is slow", "cache was cold"),
            incident("INC-3", "Invoices stuck", "certificate of erp-adapter was not renewed"),
            incident("INC-9", "Orders do not reach billing", "itself"),
        ];
        let names = |findings: &Findings| -> Vec<String> {
            similar(&now, findings, &past).into_iter().map(|one| one.incident).collect()
        };
        assert_eq!(names(&Findings::default()), ["INC-1"]);
        let findings = Findings {
            suspect: Some("erp-adapter · POST /invoices".into()),
            failure_mode: Some("expired-certificate".into()),
            ..Findings::default()
        };
        assert_eq!(names(&findings), ["INC-1", "INC-3"]);
        let first = &similar(&now, &findings, &past)[0];
        assert!(first.because.iter().any(|reason| reason == "erp-adapter was in it"), "{:?}", first.because);
    }
}
