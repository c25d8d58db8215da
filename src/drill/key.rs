//! The answers that a candidate is judged against: from the truth of the estate, or as an author wrote them.

use super::Terms;
use super::estate::{Clue, LeverEffect, Remedy};
use crate::incident::{IncidentSeverity, MitigationKind, Pin};
use crate::telemetry::Time;
use serde::{Deserialize, Serialize};

/// What there was to be found, in the plain values that the score is made from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AnswerKey {
    pub severity: IncidentSeverity,
    /// What a text must name to have the root cause.
    pub root_cause: Terms,
    pub trigger: Terms,
    pub factors: Vec<Terms>,
    /// Systems and kinds of flows that were hit: a write-up names some of them.
    pub hit: Vec<String>,
    /// Where the evidence lay, most telling first.
    pub evidence: Vec<Clue>,
    /// Mitigations of which something is known; any other does nothing that matters.
    pub levers: Vec<Remedy>,
    /// Evidence of before says nothing.
    pub onset: Option<Time>,
}

impl AnswerKey {
    /// What is known of a mitigation as somebody typed it; `None` where nothing is: it does nothing that matters.
    pub fn lever(&self, kind: MitigationKind, target: &str) -> Option<&Remedy> {
        let names = |what: &str| !what.is_empty() && Terms::new([what]).fit(target);
        let of = |one: &Remedy| one.lever.target.clone().unwrap_or_default();
        let change = change_in(target);
        let fits = |one: &&Remedy| {
            let known = of(one);
            let is_other_change = change.is_some_and(|change| !known.eq_ignore_ascii_case(change));
            one.lever.kind == kind
                && (names(&known)
                    || names(&one.lever.system)
                        && !is_other_change
                        && (known.is_empty() || kind == MitigationKind::Rollback))
        };
        // The one that says most of what was typed: `erp-adapter` before `erp`.
        self.levers.iter().filter(fits).max_by_key(|one| (of(one).len(), one.lever.system.len()))
    }

    pub fn effect(&self, kind: MitigationKind, target: &str) -> LeverEffect {
        self.lever(kind, target).map_or(LeverEffect::Nothing, |one| one.effect)
    }

    /// The place of evidence that a pin shows, if it shows one.
    pub fn clue_of(&self, pin: &Pin) -> Option<usize> {
        let is_old = self.onset.zip(pin.window).is_some_and(|(onset, window)| window.to < onset);
        self.evidence.iter().position(|clue| !is_old && is_shown_by(clue, pin))
    }
}

/// The change that a text names by its id: `CHG0048812`.
pub(super) fn change_in(text: &str) -> Option<&str> {
    let words = text.split(|c: char| !c.is_alphanumeric() && c != '-');
    words.into_iter().find(|word| {
        let rest = word.get(..3).filter(|head| head.eq_ignore_ascii_case("chg")).map(|_| &word[3..]);
        rest.is_some_and(|rest| rest.chars().any(|c| c.is_ascii_digit()))
    })
}

/// A pin shows a clue if it came from its file or names its system, and for a series, a change or an alert, is of that kind.
fn is_shown_by(clue: &Clue, pin: &Pin) -> bool {
    let is_from_file = !clue.file.is_empty() && pin.source.contains(&clue.file);
    let system = Terms::new([clue.system.as_str()]);
    let mut texts = pin.content.iter().chain([&pin.says, &pin.query, &pin.source]);
    is_from_file || texts.any(|text| system.fit(text))
}

#[cfg(test)]
mod tests {
    use super::super::estate::Lever;
    use super::*;
    use crate::incident::PinKind;
    use crate::telemetry::Window;

    fn remedy(kind: MitigationKind, system: &str, target: Option<&str>, effect: LeverEffect) -> Remedy {
        let lever = Lever { kind, system: system.into(), target: target.map(Into::into) };
        Remedy { lever, effect, why: String::new() }
    }

    #[test]
    fn a_mitigation_is_known_by_its_kind_and_by_what_it_names() {
        let key = AnswerKey {
            levers: vec![
                remedy(MitigationKind::Restart, "erp", None, LeverEffect::Worsens),
                remedy(MitigationKind::Restart, "erp-adapter", None, LeverEffect::Eases),
                remedy(MitigationKind::Rollback, "erp-adapter", Some("CHG-4711"), LeverEffect::Mends),
            ],
            ..AnswerKey::default()
        };
        let effect = |kind, target| key.effect(kind, target);
        assert_eq!(effect(MitigationKind::Restart, "the ERP adapter"), LeverEffect::Eases);
        assert_eq!(effect(MitigationKind::Restart, "erp"), LeverEffect::Worsens);
        assert_eq!(effect(MitigationKind::Rollback, "CHG-4711"), LeverEffect::Mends);
        assert_eq!(effect(MitigationKind::Rollback, "erp-adapter"), LeverEffect::Mends, "its last change");
        assert_eq!(effect(MitigationKind::Rollback, "CHG-0001 of erp-adapter"), LeverEffect::Nothing);
        assert_eq!(effect(MitigationKind::Scale, "erp"), LeverEffect::Nothing);
    }

    #[test]
    fn a_pin_shows_a_clue_by_its_file_or_by_its_system_once_it_had_begun() {
        let clue = Clue {
            system: "erp-adapter".into(),
            file: "erp-adapter/app.log".into(),
            signal: "log".into(),
            what: String::new(),
        };
        let key = AnswerKey { evidence: vec![clue], onset: Some(Time(100)), ..AnswerKey::default() };
        let pin = |source: &str, line: &str, at: i64| {
            let window = Some(Window { from: Time(at), to: Time(at) });
            Pin::new(PinKind::Events, String::new(), source.into(), window, Time(0), vec![line.into()])
        };
        assert_eq!(key.clue_of(&pin("x/erp-adapter/app.log at byte 3", "PKIX", 200)), Some(0));
        assert_eq!(key.clue_of(&pin("loki", "10:41 erp-adapter ERROR PKIX", 200)), Some(0));
        assert_eq!(key.clue_of(&pin("kong/access.log", "503 from kong", 200)), None);
        assert_eq!(key.clue_of(&pin("x/erp-adapter/app.log", "all is well", 50)), None, "from before");
    }
}
