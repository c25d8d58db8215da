//! The write-up as a text that people finish in their editor, and what they changed as entries of the record.

use super::{Action, ActionClass, Factor, Rca, What, Why};
use serde::{Deserialize, Serialize};

/// The write-up as it is edited: TOML, its texts between `"""`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Sheet {
    pub summary: String,
    pub impact: String,
    pub detection: String,
    pub trigger: String,
    pub root_cause: String,
    pub went_well: String,
    pub went_badly: String,
    pub factors: Vec<Factor>,
    pub whys: Vec<WhyLine>,
    pub actions: Vec<ActionLine>,
}

/// A why; `depth` is how far down in the tree it stands, from 0.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WhyLine {
    pub depth: u8,
    pub text: String,
    pub evidence: String,
}

/// An action; `entry` says which one of the record it is, and is left out for a new one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ActionLine {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entry: Option<u64>,
    pub class: ActionClass,
    pub text: String,
    pub owner: String,
    pub due: String,
    pub verification: String,
    pub is_systemic: bool,
    pub done: bool,
}

const HEAD: &str = "\
# Finish the write-up, save, and leave the editor; what you changed becomes entries of the record. An empty file
# changes nothing. Claims cite what they rest on: `#12` is entry 12 of the record.
#
# [[factors]]  class (change, capacity, configuration, dependency, detection, design, documentation, process,
#              communication) and text; there are always several
# [[whys]]     depth (0 for the first), text, evidence (`#12 ...`); the tree stops where evidence stops
# [[actions]]  class (prevent, detect, mitigate, process), text, owner, due (2026-04-01), verification, is_systemic,
#              done; leave `entry` out for a new one, and take a table away to take its action back
";

impl Sheet {
    pub fn of(rca: &Rca) -> Self {
        let whys = rca.whys.iter().map(|why| WhyLine {
            depth: why.depth,
            text: why.text.clone(),
            evidence: why.evidence.clone(),
        });
        let actions = rca.actions.iter().map(|(entry, action, done)| ActionLine {
            entry: Some(*entry),
            class: action.class,
            text: action.text.clone(),
            owner: action.owner.clone(),
            due: action.due.clone(),
            verification: action.verification.clone(),
            is_systemic: action.is_systemic,
            done: *done,
        });
        Self {
            summary: rca.summary.clone(),
            impact: rca.impact.clone(),
            detection: rca.detection.clone(),
            trigger: rca.trigger.clone(),
            root_cause: rca.root_cause.clone(),
            went_well: rca.went_well.clone(),
            went_badly: rca.went_badly.clone(),
            factors: rca.factors.clone(),
            whys: whys.collect(),
            actions: actions.collect(),
        }
    }

    /// The text for the editor; what stands against the write-up is said in it.
    pub fn write(&self, objections: &[super::Objection]) -> String {
        let mut text = HEAD.to_owned();
        if !objections.is_empty() {
            text.push_str("#\n# What stands against calling it done:\n");
            for one in objections {
                text.push_str(&format!("# - {}: {}\n", one.place, one.reason.replace('\n', " ")));
            }
        }
        text.push('\n');
        text.push_str(&toml::to_string_pretty(self).expect("a sheet has only texts, numbers and lists"));
        text
    }

    /// `None` for a text in which nothing stands.
    pub fn read(text: &str) -> Result<Option<Self>, String> {
        if text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#')) {
            return Ok(None);
        }
        toml::from_str(text).map(Some).map_err(|error| error.to_string())
    }

    /// What the record lacks of it.
    pub fn changes(&self, recorded: &Rca) -> Vec<What> {
        let mut whats = Vec::new();
        for (field, text) in [
            ("summary", &self.summary),
            ("impact", &self.impact),
            ("detection", &self.detection),
            ("trigger", &self.trigger),
            ("root_cause", &self.root_cause),
            ("went_well", &self.went_well),
            ("went_badly", &self.went_badly),
        ] {
            let text = text.trim();
            if text != recorded.get(field).trim() {
                whats.push(What::RcaField { field: field.to_owned(), text: text.to_owned() });
            }
        }
        if self.factors != recorded.factors {
            whats.push(What::RcaFactors { factors: self.factors.clone() });
        }
        let whys: Vec<Why> = self
            .whys
            .iter()
            .map(|why| Why { depth: why.depth, text: why.text.clone(), evidence: why.evidence.clone() })
            .collect();
        if whys != recorded.whys {
            whats.push(What::RcaWhys { whys });
        }
        for line in &self.actions {
            let known = recorded.actions.iter().find(|one| line.is(one));
            match known {
                None => whats.push(What::ActionAdded { action: line.action() }),
                Some((entry, action, _)) if *action != line.action() => {
                    whats.push(What::ActionChanged { action: *entry, to: line.action() });
                }
                Some(_) => {}
            }
            if let Some((entry, _, false)) = known
                && line.done
            {
                whats.push(What::ActionClosed { action: *entry });
            }
        }
        let gone = recorded.actions.iter().filter(|one| !self.actions.iter().any(|line| line.is(one)));
        whats.extend(gone.map(|(entry, ..)| What::Undone { entry: *entry }));
        whats
    }
}

impl ActionLine {
    /// Whether it is that action of the record: by its entry, or for a new one that was taken already, by all it says.
    fn is(&self, recorded: &(u64, Action, bool)) -> bool {
        match self.entry {
            Some(entry) => entry == recorded.0,
            None => self.action() == recorded.1,
        }
    }

    fn action(&self) -> Action {
        Action {
            class: self.class,
            text: self.text.clone(),
            owner: self.owner.clone(),
            due: self.due.clone(),
            verification: self.verification.clone(),
            is_systemic: self.is_systemic,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Incident;
    use super::super::fold::tests::{declared, journal};
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_edited_becomes_entries_and_the_record_says_the_same_then() {
        let action = |text: &str| Action { text: text.into(), ..Action::default() };
        let mut whats = vec![
            declared(),
            What::ActionAdded { action: action("alert earlier") },
            What::ActionAdded { action: action("a bad idea") },
            What::RcaFactor { factor: Factor { class: "change".into(), text: "rotated".into() } },
        ];
        let before = Incident::replay("INC-1", &journal(whats.clone())).rca;
        let mut sheet = Sheet::of(&before);
        assert_eq!(sheet.changes(&before), [], "what nobody touched is no entry");
        sheet.root_cause = "two \"quotes\" and\na line".into();
        sheet.factors.clear();
        sheet.whys.push(WhyLine { depth: 0, text: "why".into(), evidence: "#2".into() });
        sheet.actions[0].owner = "team".into();
        sheet.actions[0].done = true;
        sheet.actions.remove(1);
        sheet.actions.push(ActionLine { text: "new".into(), ..ActionLine::default() });
        let read = Sheet::read(&sheet.write(&[])).unwrap().unwrap();
        assert_eq!(read, sheet);
        whats.extend(read.changes(&before));
        let after = Incident::replay("INC-1", &journal(whats)).rca;
        assert_eq!(read.changes(&after), [], "the same sheet again changes nothing");
        assert_eq!(
            after.actions.iter().map(|one| one.1.text.as_str()).collect::<Vec<_>>(),
            ["alert earlier", "new"]
        );
        assert!(after.actions[0].2 && after.factors.is_empty() && after.root_cause.contains("quotes"));
    }

    #[test]
    fn an_empty_file_changes_nothing_and_a_mistake_is_named() {
        assert_eq!(Sheet::read("# only\n\n  # remarks"), Ok(None));
        assert!(Sheet::read("sumary = \"x\"").unwrap_err().contains("sumary"));
    }

    proptest! {
        #[test]
        fn any_text_survives_the_editor(text in ".{0,80}", evidence in ".{0,20}") {
            let whys = vec![WhyLine { depth: 1, text: text.clone(), evidence }];
            let sheet = Sheet { summary: text.clone(), went_badly: text, whys, ..Sheet::default() };
            prop_assert_eq!(Sheet::read(&sheet.write(&[])).unwrap().unwrap(), sheet);
        }
    }
}
