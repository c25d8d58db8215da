//! What may not leave the company, taken out of texts: names of systems and people, addresses, identifiers.

use super::{Draft, Incident, Pin, What};
use crate::evidence::Evidence;
use crate::flows::Flows;
use regex::Regex;
use std::collections::BTreeSet;
use std::sync::LazyLock;

/// Takes internal names and everything that looks like an address or an identifier out of texts.
#[derive(Clone, Debug, Default)]
pub struct Outward {
    names: Option<Regex>,
}

/// Addresses, hosts, identifiers and long numbers: what could lead back to a system, a person or a customer.
static TELLING: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?xi)
        [\w.+-]+@[\w-]+(?:\.[\w-]+)+                                    # mail
        | \b[a-z][a-z0-9+.-]*://\S+                                     # links
        | \b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b                          # IPv4
        | \b(?:[0-9a-f]{1,4}:){3,7}[0-9a-f]{1,4}\b                      # IPv6
        | \b(?:[a-z0-9-]+\.){1,}(?:local|internal|lan|corp|svc|intra|net|com|org|io|example)\b
        | \b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b
        | \b[0-9a-f]{16,}\b                                             # trace and message identifiers
        | \b[a-z]{2,6}[-_]?\d{5,}\b                                     # order and document numbers
        | \b\d{7,}\b
        | (?:/[\w.-]+){3,}                                              # paths
        ",
    )
    .expect("a pattern that the tests run")
});

const HIDDEN: &str = "[internal]";
/// Keys of the record whose values are words of its own, not texts of people.
const STRUCTURE: [&str; 14] = [
    "kind", "happened", "recorded", "severity", "phase", "role", "verdict", "class", "digest", "key", "form",
    "time", "expires", "captured",
];

impl Outward {
    /// Hides `names` besides what looks telling. Names shorter than three letters are let be: they would hide words.
    pub fn new(names: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        let mut names: Vec<String> = names
            .into_iter()
            .map(|name| name.as_ref().trim().to_owned())
            .filter(|name| name.chars().count() >= 3)
            .collect();
        // The longest first: `erp-adapter` before `erp`.
        names.sort_by_key(|name| (std::cmp::Reverse(name.len()), name.clone()));
        names.dedup();
        let escaped: Vec<String> = names.iter().map(|name| regex::escape(name)).collect();
        let pattern = format!(r"(?i)\b(?:{})\b", escaped.join("|"));
        Self { names: if escaped.is_empty() { None } else { Regex::new(&pattern).ok() } }
    }

    /// The systems that were seen in the evidence, whose names may not leave either.
    pub fn seen(evidence: &Evidence, flows: &Flows) -> BTreeSet<String> {
        let passed = flows.iter().flat_map(|(_, flow)| flow.visits.iter().map(|visit| visit.system));
        let passed = passed.map(|system| evidence.system_name(system).to_owned());
        passed.chain(evidence.series.iter().map(|series| series.system.clone())).collect()
    }

    /// Hides everybody who is named in the record, what mitigations act on, and `systems`.
    pub fn of(incident: &Incident, systems: impl IntoIterator<Item = String>) -> Self {
        let mut names: BTreeSet<String> = systems.into_iter().collect();
        names.extend(incident.people());
        names.extend(incident.mitigations.iter().map(|one| one.plan.target.clone()));
        Self::new(names)
    }

    /// The text without what may not leave.
    pub fn text(&self, text: &str) -> String {
        let text = TELLING.replace_all(text, HIDDEN);
        match &self.names {
            Some(names) => names.replace_all(&text, HIDDEN).into_owned(),
            None => text.into_owned(),
        }
    }

    /// An entry without what may not leave, evidence included.
    pub fn draft(&self, draft: &Draft) -> Draft {
        let mut what = serde_json::to_value(&draft.what).unwrap_or_default();
        self.value(&mut what);
        Draft {
            happened: draft.happened,
            recorded: draft.recorded,
            author: self.text(&draft.author),
            what: serde_json::from_value(what).unwrap_or_else(|_| What::fact(HIDDEN)),
            pins: draft.pins.iter().map(|pin| self.pin(pin)).collect(),
            key: draft.key.clone(),
        }
    }

    fn pin(&self, pin: &Pin) -> Pin {
        let content = pin.content.iter().map(|line| self.text(line)).collect();
        Pin::new(pin.kind, self.text(&pin.says), self.text(&pin.source), pin.window, pin.captured, content)
            .asked(self.text(&pin.query))
    }

    fn value(&self, value: &mut serde_json::Value) {
        match value {
            serde_json::Value::String(text) => *text = self.text(text),
            serde_json::Value::Array(values) => values.iter_mut().for_each(|value| self.value(value)),
            serde_json::Value::Object(fields) => fields
                .iter_mut()
                .filter(|(key, _)| !STRUCTURE.contains(&key.as_str()))
                .for_each(|(_, value)| self.value(value)),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::PinKind;
    use super::*;
    use crate::telemetry::Time;

    #[test]
    fn names_addresses_and_identifiers_do_not_leave() {
        let outward = Outward::new(["erp-adapter", "erp", "Ann Smith", "DB"]);
        for (inside, outside) in [
            ("erp-adapter and ERP answer 503", "[internal] and [internal] answer 503"),
            ("interpret this", "interpret this"),
            ("ask Ann Smith (ann@corp.example)", "ask [internal] ([internal])"),
            ("10.1.2.3:8080 on db7.prod.internal", "[internal] on [internal]"),
            ("order SO-88213 and IDoc 0000448121", "order [internal] and IDoc [internal]"),
            ("trace 4bf92f3577b34da6a3ce929d0e0e4736", "trace [internal]"),
            ("see https://wiki/x?y=1 now", "see [internal] now"),
            ("12 of 20 requests failed at 10:41:37", "12 of 20 requests failed at 10:41:37"),
        ] {
            assert_eq!(outward.text(inside), outside);
        }
    }

    #[test]
    fn an_entry_keeps_its_meaning_and_its_evidence_stays_intact() {
        let outward = Outward::new(["kong"]);
        let content = vec!["503 from kong".into()];
        let pin = Pin::new(PinKind::Events, "kong fails".into(), "kong/a.log".into(), None, Time(0), content);
        let what = What::Asked { who: "kong-oncall".into(), question: "kong?".into(), minutes: 3 };
        let draft = Draft::new(Time(0), "ann", what).with_pins(vec![pin]);
        let redacted = outward.draft(&draft);
        let What::Asked { question, minutes: 3, .. } = &redacted.what else { panic!("{redacted:?}") };
        assert_eq!(question, "[internal]?");
        assert!(redacted.pins[0].is_intact());
        assert!(!format!("{redacted:?}").contains("kong"));
    }
}
