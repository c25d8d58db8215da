//! The incident, as a fold over its journal: everything that the screen shows of it.

use super::entry::{Entry, HypothesisVerdict, What};
use super::{Impact, IncidentSeverity, Mitigation, MitigationState, Rca};
use crate::telemetry::{Nanos, Time};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Where the incident stands.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    strum::Display,
    strum::EnumIter,
    strum::EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Phase {
    #[default]
    Detected,
    Triaging,
    Mitigating,
    Monitoring,
    Resolved,
    Reviewed,
}

/// Who does what on the bridge.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    strum::Display,
    strum::EnumIter,
    strum::EnumString,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Role {
    IncidentCommander,
    Deputy,
    Scribe,
    CommunicationsLead,
    Liaison,
    SubjectMatterExpert,
}

/// A question put to somebody, with a time to answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Ask {
    pub entry: u64,
    pub who: String,
    pub question: String,
    pub asked: Time,
    pub due: Time,
    pub answer: Option<String>,
}

/// A hypothesis and what became of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Hypothesis {
    pub entry: u64,
    pub text: String,
    pub next_test: String,
    pub judged: Option<(HypothesisVerdict, String)>,
}

/// One line of the record as it is shown.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    pub entry: u64,
    pub happened: Time,
    pub recorded: Time,
    pub author: String,
    pub label: &'static str,
    pub text: String,
    pub pins: usize,
    /// A later entry took it back.
    pub is_undone: bool,
}

/// An incident as its journal tells it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Incident {
    pub id: String,
    pub title: String,
    pub severity: IncidentSeverity,
    pub impact: Impact,
    pub is_drill: bool,
    pub phase: Phase,
    pub declared: Option<Time>,
    pub acknowledged: Option<Time>,
    pub impact_began: Option<Time>,
    pub impact_ended: Option<Time>,
    pub resolved: Option<Time>,
    pub last_update: Option<Time>,
    pub roles: BTreeMap<Role, String>,
    pub asks: Vec<Ask>,
    pub hypotheses: Vec<Hypothesis>,
    pub mitigations: Vec<Mitigation>,
    /// Answers to the guided steps, by question.
    pub steps: BTreeMap<String, String>,
    pub rca: Rca,
    /// All entries in order of when they happened; undone ones too.
    pub lines: Vec<Line>,
    pub pins: usize,
}

impl Incident {
    /// What the journal says. Undone entries count as if they were not there; an undo can be undone.
    pub fn replay(id: &str, entries: &[Entry]) -> Self {
        let undone = undone(entries);
        let mut incident = Self { id: id.to_owned(), ..Self::default() };
        for entry in entries {
            let is_undone = undone.contains(&entry.sequence);
            let (label, text) = entry.draft.what.line();
            incident.lines.push(Line {
                entry: entry.sequence,
                happened: entry.draft.happened,
                recorded: entry.draft.recorded,
                author: entry.draft.author.clone(),
                label,
                text,
                pins: entry.draft.pins.len(),
                is_undone,
            });
            if !is_undone {
                incident.pins += entry.draft.pins.len();
                incident.apply(entry);
            }
        }
        incident.lines.sort_by_key(|line| (line.happened, line.entry));
        incident
    }

    fn apply(&mut self, entry: &Entry) {
        let happened = entry.draft.happened;
        match &entry.draft.what {
            What::Declared { title, severity, impact, is_drill } => {
                self.title.clone_from(title);
                self.severity = *severity;
                self.impact = impact.clone();
                self.is_drill = *is_drill;
                self.declared = self.declared.or(Some(happened));
                self.phase = self.phase.max(Phase::Triaging);
            }
            What::Acknowledged => self.acknowledged = self.acknowledged.or(Some(happened)),
            What::ImpactBegan { time } => self.impact_began = Some(*time),
            What::ImpactEnded { time } => self.impact_ended = Some(*time),
            What::SeverityChanged { severity, .. } => self.severity = *severity,
            What::RoleAssigned { role, person, .. } => {
                self.roles.insert(*role, person.clone());
            }
            What::PhaseChanged { phase } => {
                self.phase = *phase;
                match phase {
                    Phase::Resolved => self.resolved = Some(happened),
                    Phase::Reviewed => {}
                    _ => self.resolved = None,
                }
            }
            What::Asked { who, question, minutes } => self.asks.push(Ask {
                entry: entry.sequence,
                who: who.clone(),
                question: question.clone(),
                asked: happened,
                due: happened + Nanos::seconds(i64::from(*minutes) * 60),
                answer: None,
            }),
            What::Answered { ask, answer } => {
                if let Some(ask) = self.asks.iter_mut().find(|one| one.entry == *ask) {
                    ask.answer = Some(answer.clone());
                }
            }
            What::Hypothesis { text, next_test } => self.hypotheses.push(Hypothesis {
                entry: entry.sequence,
                text: text.clone(),
                next_test: next_test.clone(),
                judged: None,
            }),
            What::HypothesisJudged { hypothesis, verdict, reason } => {
                if let Some(one) = self.hypotheses.iter_mut().find(|one| one.entry == *hypothesis) {
                    one.judged = Some((*verdict, reason.clone()));
                }
            }
            What::StatusUpdate { .. } => self.last_update = self.last_update.max(Some(happened)),
            What::Step { question, answer, .. } => {
                self.steps.insert(question.clone(), answer.clone());
            }
            What::MitigationStarted { mitigation } => {
                self.phase = self.phase.max(Phase::Mitigating);
                self.mitigations.push(Mitigation {
                    entry: entry.sequence,
                    started: happened,
                    plan: mitigation.clone(),
                    state: MitigationState::InForce,
                    measured: None,
                });
            }
            What::MitigationMeasured { mitigation, text, .. } => {
                if let Some(one) = self.mitigation_mut(*mitigation) {
                    one.measured = Some(text.clone());
                }
            }
            What::MitigationUndone { mitigation, .. } => {
                if let Some(one) = self.mitigation_mut(*mitigation) {
                    one.state = MitigationState::Undone(happened);
                }
            }
            What::RcaField { field, text } => self.rca.set(field, text),
            What::RcaWhys { whys } => self.rca.whys.clone_from(whys),
            What::RcaFactor { factor } => self.rca.factors.push(factor.clone()),
            What::ActionAdded { action } => self.rca.actions.push((entry.sequence, action.clone(), false)),
            What::ActionClosed { action } => {
                if let Some(one) = self.rca.actions.iter_mut().find(|(entry, ..)| entry == action) {
                    one.2 = true;
                }
            }
            What::Fact { .. }
            | What::Decision { .. }
            | What::EvidencePinned { .. }
            | What::Undone { .. }
            | What::Unknown(_) => {}
        }
    }

    fn mitigation_mut(&mut self, entry: u64) -> Option<&mut Mitigation> {
        self.mitigations.iter_mut().find(|one| one.entry == entry)
    }

    /// Since when it is an incident: the impact's beginning, or the declaration.
    pub fn began(&self) -> Option<Time> {
        self.impact_began.or(self.declared)
    }

    /// When the next status update is due.
    pub fn update_due(&self) -> Option<Time> {
        if self.phase >= Phase::Resolved {
            return None;
        }
        let last = self.last_update.or(self.declared)?;
        Some(last + Nanos::seconds(i64::from(self.severity.cadence_minutes()) * 60))
    }

    /// Questions without an answer.
    pub fn open_asks(&self) -> impl Iterator<Item = &Ask> {
        self.asks.iter().filter(|ask| ask.answer.is_none())
    }

    pub fn in_force(&self) -> impl Iterator<Item = &Mitigation> {
        self.mitigations.iter().filter(|mitigation| mitigation.is_in_force())
    }

    /// The last entry that can be taken back.
    pub fn last_undoable(&self) -> Option<&Line> {
        self.lines.iter().filter(|line| !line.is_undone && line.label != "undo").max_by_key(|line| line.entry)
    }

    pub fn is_open(&self) -> bool {
        self.declared.is_some() && self.phase < Phase::Resolved
    }
}

/// The entries that are taken back: those named by an undo that is not itself taken back.
fn undone(entries: &[Entry]) -> BTreeSet<u64> {
    let mut undone = BTreeSet::new();
    // From the last to the first: a later undo decides about an earlier one, and an entry can only be undone by later ones.
    for entry in entries.iter().rev() {
        if let What::Undone { entry: target } = entry.draft.what
            && !undone.contains(&entry.sequence)
            && target < entry.sequence
        {
            undone.insert(target);
        }
    }
    undone
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::entry::{Draft, seal};
    use super::super::{MitigationKind, Plan};
    use super::*;
    use proptest::prelude::*;

    pub(crate) fn journal(whats: Vec<What>) -> Vec<Entry> {
        let mut entries: Vec<Entry> = Vec::new();
        for (sequence, what) in (1..).zip(whats) {
            let time = Time::from_seconds(1_773_480_000 + 60 * sequence as i64);
            let draft =
                Draft { happened: time, recorded: time, author: "ann".into(), what, pins: Vec::new() };
            let previous = entries.last().map_or(String::new(), |entry: &Entry| entry.hash.clone());
            entries.push(seal(draft, sequence, &previous));
        }
        entries
    }

    pub(crate) fn declared() -> What {
        What::Declared {
            title: "Orders stuck".into(),
            severity: IncidentSeverity::Sev1,
            impact: Impact::default(),
            is_drill: false,
        }
    }

    #[test]
    fn a_bridge_from_declare_to_resolve() {
        let entries = journal(vec![
            declared(),
            What::RoleAssigned { role: Role::IncidentCommander, person: "ann".into(), note: String::new() },
            What::Asked { who: "kafka-oncall".into(), question: "lag?".into(), minutes: 3 },
            What::Answered { ask: 3, answer: "9 000".into() },
            What::MitigationStarted {
                mitigation: Plan { kind: MitigationKind::Rollback, target: "erp".into(), ..Plan::default() },
            },
            What::MitigationUndone { mitigation: 5, reason: "fixed".into() },
            What::PhaseChanged { phase: Phase::Resolved },
        ]);
        let incident = Incident::replay("INC-1", &entries);
        assert_eq!((incident.title.as_str(), incident.phase), ("Orders stuck", Phase::Resolved));
        assert_eq!(incident.roles[&Role::IncidentCommander], "ann");
        assert_eq!(incident.open_asks().count(), 0);
        assert_eq!(incident.in_force().count(), 0);
        assert!(incident.resolved.is_some() && incident.update_due().is_none());
    }

    #[test]
    fn an_undo_takes_back_and_an_undone_undo_brings_back() {
        let entries = journal(vec![
            declared(),
            What::SeverityChanged { severity: IncidentSeverity::Sev3, reason: String::new() },
            What::Undone { entry: 2 },
        ]);
        assert_eq!(Incident::replay("x", &entries).severity, IncidentSeverity::Sev1);
        let entries = journal(vec![
            declared(),
            What::SeverityChanged { severity: IncidentSeverity::Sev3, reason: String::new() },
            What::Undone { entry: 2 },
            What::Undone { entry: 3 },
        ]);
        let incident = Incident::replay("x", &entries);
        assert_eq!(incident.severity, IncidentSeverity::Sev3);
        assert_eq!(incident.lines.len(), 4, "nothing is lost from the record");
    }

    #[test]
    fn updates_are_due_by_severity() {
        let incident = Incident::replay("x", &journal(vec![declared()]));
        assert_eq!(incident.update_due().unwrap() - incident.declared.unwrap(), Nanos::seconds(15 * 60));
    }

    pub(crate) fn any_what() -> impl Strategy<Value = What> {
        prop_oneof![
            Just(declared()),
            Just(What::Acknowledged),
            (0u64..12).prop_map(|entry| What::Undone { entry }),
            (0u64..12).prop_map(|ask| What::Answered { ask, answer: "x".into() }),
            (0u64..12).prop_map(|mitigation| What::MitigationUndone { mitigation, reason: String::new() }),
            Just(What::MitigationStarted { mitigation: Plan::default() }),
            ".{0,20}".prop_map(|text| What::Fact { text }),
            (any::<i64>()).prop_map(|nanos| What::ImpactBegan { time: Time(nanos) }),
            (0u32..u32::MAX).prop_map(|minutes| What::Asked {
                who: "x".into(),
                question: "y".into(),
                minutes
            }),
            "[a-z_]{0,9}".prop_map(|field| What::RcaField { field, text: "t".into() }),
        ]
    }

    proptest! {
        #[test]
        fn any_journal_replays_and_keeps_every_entry(whats in proptest::collection::vec(any_what(), 0..20)) {
            let entries = journal(whats);
            prop_assert!(super::super::verify(&entries).is_ok());
            let incident = Incident::replay("x", &entries);
            prop_assert_eq!(incident.lines.len(), entries.len());
            let again: Vec<Entry> = entries.iter().map(|e| Entry::stored(e.sequence, e.body.clone(), e.hash.clone())).collect();
            prop_assert_eq!(Incident::replay("x", &again), incident);
        }
    }
}
