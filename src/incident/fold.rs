//! The incident, as a fold over its journal: everything that the screen shows of it.

use super::{
    Coverage, Entry, HypothesisVerdict, Impact, IncidentSeverity, Mitigation, MitigationState, Rca, What,
};
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
    /// It is no longer waited for.
    pub is_expired: bool,
}

/// A hypothesis and what became of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Hypothesis {
    pub entry: u64,
    pub text: String,
    pub owner: String,
    /// The cheapest test that would tell.
    pub next_test: String,
    /// (speaks for it, what), in the order in which it came.
    pub evidence: Vec<(bool, String)>,
    pub judged: Option<(HypothesisVerdict, String)>,
}

/// What was decided, and what was said against it.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    pub entry: u64,
    pub time: Time,
    pub text: String,
    pub options: Vec<String>,
    pub objections: Vec<String>,
    pub decider: String,
}

/// A role that changed hands.
#[derive(Clone, Debug, PartialEq)]
pub struct HandOver {
    pub time: Time,
    pub role: Role,
    pub from: Option<String>,
    pub to: String,
    pub note: String,
}

/// Something that was published, as its receipt says.
#[derive(Clone, Debug, PartialEq)]
pub struct Published {
    pub time: Time,
    pub target: String,
    pub url: String,
    /// What the target calls it; empty where it says nothing.
    pub id: String,
    /// Names the content.
    pub digest: String,
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
    /// A later entry says it anew; `text` is what that one says.
    pub corrected_by: Option<u64>,
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
    /// How often an update is due, if somebody changed it.
    pub cadence: Option<u32>,
    /// When an update was due and not given in time.
    pub updates_missed: usize,
    pub roles: BTreeMap<Role, String>,
    pub hand_overs: Vec<HandOver>,
    pub asks: Vec<Ask>,
    pub decisions: Vec<Decision>,
    pub hypotheses: Vec<Hypothesis>,
    pub mitigations: Vec<Mitigation>,
    /// Answers to the guided steps, by question.
    pub steps: BTreeMap<String, String>,
    pub rca: Rca,
    /// How much of the ways of flows could be seen, as it was measured last.
    pub coverage: Option<Coverage>,
    /// What was published, oldest first.
    pub published: Vec<Published>,
    /// All entries in order of when they happened; undone ones too.
    pub lines: Vec<Line>,
    /// Pieces of evidence that stand.
    pub pins: usize,
}

impl Incident {
    /// What the journal says. Undone entries count as if they were not there, corrected ones as what was said last;
    /// an undo can be undone.
    pub fn replay(id: &str, entries: &[Entry]) -> Self {
        let undone = undone(entries);
        let corrected = corrected(entries, &undone);
        let mut incident = Self { id: id.to_owned(), ..Self::default() };
        for entry in entries {
            let is_undone = undone.contains(&entry.sequence);
            let correction = corrected.get(&entry.sequence);
            let what = correction.map_or(&entry.draft.what, |correction| correction.what);
            let happened =
                correction.and_then(|correction| correction.happened).unwrap_or(entry.draft.happened);
            let (label, text) = what.line();
            incident.lines.push(Line {
                entry: entry.sequence,
                happened,
                recorded: entry.draft.recorded,
                author: entry.draft.author.clone(),
                label,
                text,
                pins: entry.draft.pins.len(),
                is_undone,
                corrected_by: correction.map(|correction| correction.entry),
            });
            if !is_undone {
                incident.pins += entry.draft.pins.len();
                incident.apply(entry.sequence, happened, &entry.draft.author, what);
            }
        }
        incident.lines.sort_by_key(|line| (line.happened, line.entry));
        incident
    }

    fn apply(&mut self, number: u64, happened: Time, author: &str, what: &What) {
        match what {
            What::Declared { title, severity, impact, is_drill } => {
                self.title.clone_from(title);
                self.severity = *severity;
                self.impact = impact.clone();
                self.is_drill = *is_drill;
                self.declared = self.declared.or(Some(happened));
                self.phase = self.phase.max(Phase::Triaging);
            }
            What::DrillMarked { is_drill } => self.is_drill = *is_drill,
            What::Acknowledged => self.acknowledged = self.acknowledged.or(Some(happened)),
            What::ImpactBegan { time } => self.impact_began = Some(*time),
            What::ImpactEnded { time } => self.impact_ended = Some(*time),
            What::SeverityChanged { severity, .. } => self.severity = *severity,
            What::CadenceChanged { minutes } => self.cadence = Some(*minutes).filter(|minutes| *minutes > 0),
            What::RoleAssigned { role, person, note } => {
                let from = self.roles.insert(*role, person.clone());
                self.hand_overs.push(HandOver {
                    time: happened,
                    role: *role,
                    from,
                    to: person.clone(),
                    note: note.clone(),
                });
            }
            What::PhaseChanged { phase } => {
                self.phase = *phase;
                match phase {
                    Phase::Resolved => self.resolved = Some(happened),
                    Phase::Reviewed => {}
                    _ => self.resolved = None,
                }
            }
            What::Decision { text, options, objections, decider } => self.decisions.push(Decision {
                entry: number,
                time: happened,
                text: text.clone(),
                options: options.clone(),
                objections: objections.clone(),
                decider: if decider.is_empty() { author.to_owned() } else { decider.clone() },
            }),
            What::StatusUpdate { .. } => {
                let was_late = self.update_due().is_some_and(|due| due < happened);
                self.updates_missed += usize::from(was_late);
                self.last_update = self.last_update.max(Some(happened));
            }
            What::Step { question, answer, .. } => {
                self.steps.insert(question.clone(), answer.clone());
            }
            What::Asked { .. } | What::Answered { .. } | What::AskExpired { .. } => {
                self.apply_ask(number, happened, what);
            }
            What::Hypothesis { .. } | What::HypothesisEvidence { .. } | What::HypothesisJudged { .. } => {
                self.apply_hypothesis(number, author, what);
            }
            What::RcaField { field, text } => self.rca.set(field, text),
            What::RcaWhys { whys } => self.rca.whys.clone_from(whys),
            What::RcaFactor { factor } => self.rca.factors.push(factor.clone()),
            What::RcaFactors { factors } => self.rca.factors.clone_from(factors),
            What::ActionAdded { action } => self.rca.actions.push((number, action.clone(), false)),
            What::ActionChanged { action, to } => {
                if let Some(one) = self.rca.actions.iter_mut().find(|(entry, ..)| entry == action) {
                    one.1 = to.clone();
                }
            }
            What::ActionClosed { action } => {
                if let Some(one) = self.rca.actions.iter_mut().find(|(entry, ..)| entry == action) {
                    one.2 = true;
                }
            }
            What::Published { target, url, id, digest, .. } => self.published.push(Published {
                time: happened,
                target: target.clone(),
                url: url.clone(),
                id: id.clone(),
                digest: digest.clone(),
            }),
            What::CoverageMeasured { coverage } => self.coverage = Some(coverage.clone()),
            What::Fact { .. }
            | What::EvidencePinned { .. }
            | What::Corrected { .. }
            | What::Undone { .. }
            | What::Unknown(_) => {}
            _ => self.apply_mitigation(number, happened, what),
        }
    }

    fn apply_ask(&mut self, number: u64, happened: Time, what: &What) {
        match what {
            What::Asked { who, question, minutes } => self.asks.push(Ask {
                entry: number,
                who: who.clone(),
                question: question.clone(),
                asked: happened,
                due: happened + Nanos::seconds(i64::from(*minutes) * 60),
                answer: None,
                is_expired: false,
            }),
            What::Answered { ask, answer } => {
                if let Some(ask) = self.asks.iter_mut().find(|one| one.entry == *ask) {
                    ask.answer = Some(answer.clone());
                }
            }
            What::AskExpired { ask } => {
                if let Some(ask) = self.asks.iter_mut().find(|one| one.entry == *ask) {
                    ask.is_expired = true;
                }
            }
            _ => {}
        }
    }

    fn apply_hypothesis(&mut self, number: u64, author: &str, what: &What) {
        match what {
            What::Hypothesis { text, next_test } => self.hypotheses.push(Hypothesis {
                entry: number,
                text: text.clone(),
                owner: author.to_owned(),
                next_test: next_test.clone(),
                evidence: Vec::new(),
                judged: None,
            }),
            What::HypothesisEvidence { hypothesis, is_for, text } => {
                if let Some(one) = self.hypotheses.iter_mut().find(|one| one.entry == *hypothesis) {
                    one.evidence.push((*is_for, text.clone()));
                }
            }
            What::HypothesisJudged { hypothesis, verdict, reason } => {
                if let Some(one) = self.hypotheses.iter_mut().find(|one| one.entry == *hypothesis) {
                    one.judged = Some((*verdict, reason.clone()));
                }
            }
            _ => {}
        }
    }

    fn apply_mitigation(&mut self, number: u64, happened: Time, what: &What) {
        let named = match what {
            What::MitigationProposed { mitigation } => {
                let proposed = Mitigation::new(number, happened, mitigation.clone());
                self.mitigations.push(Mitigation { state: MitigationState::Proposed, ..proposed });
                return;
            }
            What::MitigationStarted { mitigation } => {
                self.phase = self.phase.max(Phase::Mitigating);
                self.mitigations.push(Mitigation::new(number, happened, mitigation.clone()));
                return;
            }
            What::MitigationApplied { mitigation }
            | What::MitigationMeasured { mitigation, .. }
            | What::MitigationExtended { mitigation, .. }
            | What::MitigationUndone { mitigation, .. } => *mitigation,
            _ => return,
        };
        let Some(one) = self.mitigations.iter_mut().find(|one| one.entry == named) else { return };
        match what {
            What::MitigationApplied { .. } if one.state == MitigationState::Proposed => {
                one.state = MitigationState::InForce;
                one.started = happened;
                self.phase = self.phase.max(Phase::Mitigating);
            }
            What::MitigationMeasured { text, effect, .. } => {
                one.measured = Some(text.clone());
                one.effect.clone_from(effect);
            }
            What::MitigationExtended { expires, .. } => one.plan.expires = Some(*expires),
            What::MitigationUndone { .. } => one.state = MitigationState::Undone(happened),
            _ => {}
        }
    }

    /// Since when it is an incident: the impact's beginning, or the declaration.
    pub fn began(&self) -> Option<Time> {
        self.impact_began.or(self.declared)
    }

    /// How often an update is due, in minutes: as somebody said, or as the severity calls for.
    pub fn cadence_minutes(&self) -> u32 {
        self.cadence.unwrap_or_else(|| self.severity.cadence_minutes())
    }

    /// When the next status update is due.
    pub fn update_due(&self) -> Option<Time> {
        if self.phase >= Phase::Resolved {
            return None;
        }
        let last = self.last_update.or(self.declared)?;
        Some(last + Nanos::seconds(i64::from(self.cadence_minutes()) * 60))
    }

    /// Questions that are still waited for.
    pub fn open_asks(&self) -> impl Iterator<Item = &Ask> {
        self.asks.iter().filter(|ask| ask.answer.is_none() && !ask.is_expired)
    }

    pub fn in_force(&self) -> impl Iterator<Item = &Mitigation> {
        self.mitigations.iter().filter(|mitigation| mitigation.is_in_force())
    }

    /// What was proposed and not done yet.
    pub fn proposed(&self) -> impl Iterator<Item = &Mitigation> {
        self.mitigations.iter().filter(|mitigation| mitigation.state == MitigationState::Proposed)
    }

    /// Everybody who is named in the record: who wrote, who has or had a role, who was asked.
    pub fn people(&self) -> BTreeSet<String> {
        let authors = self.lines.iter().map(|line| &line.author);
        let roles = self.hand_overs.iter().map(|one| &one.to);
        let asked = self.asks.iter().map(|ask| &ask.who);
        authors.chain(roles).chain(asked).filter(|name| !name.is_empty()).cloned().collect()
    }

    /// The last entry that can be taken back.
    pub fn last_undoable(&self) -> Option<&Line> {
        self.lines.iter().filter(|line| !line.is_undone && line.label != "undo").max_by_key(|line| line.entry)
    }

    /// An entry that stands, by its number.
    pub fn standing(&self, entry: u64) -> Option<&Line> {
        self.lines.iter().find(|line| line.entry == entry && !line.is_undone)
    }

    /// The title, with the mark of a drill where it is one.
    pub fn titled(&self) -> String {
        if self.is_drill { format!("(drill) {}", self.title) } else { self.title.clone() }
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

/// What an entry says by its last correction that stands.
struct Correction<'a> {
    entry: u64,
    happened: Option<Time>,
    what: &'a What,
}

fn corrected<'a>(entries: &'a [Entry], undone: &BTreeSet<u64>) -> BTreeMap<u64, Correction<'a>> {
    let mut corrected = BTreeMap::new();
    // A correction of a correction says the first entry anew.
    let mut first_of: BTreeMap<u64, u64> = BTreeMap::new();
    for entry in entries {
        let What::Corrected { entry: target, happened, what } = &entry.draft.what else { continue };
        let target = first_of.get(target).copied().unwrap_or(*target);
        first_of.insert(entry.sequence, target);
        // One that undoes or corrects would make the journal mean what nobody can read from it.
        let is_plain = !matches!(**what, What::Corrected { .. } | What::Undone { .. });
        if is_plain && target < entry.sequence && !undone.contains(&entry.sequence) {
            corrected.insert(target, Correction { entry: entry.sequence, happened: *happened, what });
        }
    }
    for entry in entries.iter().filter(|entry| matches!(entry.draft.what, What::Undone { .. })) {
        corrected.remove(&entry.sequence); // An undo has been taken into account already.
    }
    corrected
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::{Draft, MitigationKind, Plan, seal};
    use super::*;
    use proptest::prelude::*;

    pub(crate) fn journal(whats: Vec<What>) -> Vec<Entry> {
        let mut entries: Vec<Entry> = Vec::new();
        for (sequence, what) in (1..).zip(whats) {
            let time = Time::from_seconds(1_773_480_000 + 60 * sequence as i64);
            let draft = Draft::new(time, "ann", what);
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
    fn a_correction_is_read_in_the_place_of_what_it_corrects() {
        let corrected = |entry, text: &str| What::Corrected {
            entry,
            happened: Some(Time::from_seconds(1_773_480_001)),
            what: Box::new(What::fact(text)),
        };
        let mut whats = vec![
            declared(),
            What::fact("lag is 9"),
            corrected(2, "lag is 9 000"),
            corrected(3, "lag is 90 000"),
        ];
        let incident = Incident::replay("x", &journal(whats.clone()));
        let line = incident.standing(2).unwrap();
        assert_eq!((line.text.as_str(), line.corrected_by), ("lag is 90 000", Some(4)));
        assert_eq!(line.happened, Time::from_seconds(1_773_480_001));
        assert_eq!(incident.lines.len(), 4, "what was said first is still on record");
        whats.push(What::Undone { entry: 4 });
        assert_eq!(Incident::replay("x", &journal(whats)).standing(2).unwrap().text, "lag is 9 000");
    }

    #[test]
    fn a_proposal_comes_into_force_is_measured_extended_and_undone() {
        let plan = Plan { kind: MitigationKind::Throttle, target: "partner".into(), ..Plan::default() };
        let mut whats = vec![declared(), What::MitigationProposed { mitigation: plan }];
        let incident = Incident::replay("x", &journal(whats.clone()));
        assert_eq!((incident.in_force().count(), incident.proposed().count()), (0, 1));
        assert_eq!(incident.phase, Phase::Triaging, "a proposal changes nothing");
        whats.push(What::MitigationApplied { mitigation: 2 });
        whats.push(What::MitigationExtended { mitigation: 2, expires: Time::from_seconds(9) });
        let incident = Incident::replay("x", &journal(whats.clone()));
        let one = incident.in_force().next().unwrap();
        assert_eq!((one.entry, one.plan.expires), (2, Some(Time::from_seconds(9))));
        assert_eq!(
            one.started,
            Time::from_seconds(1_773_480_000 + 180),
            "from when it acted, not from when it was proposed"
        );
        assert!(one.is_expired(Time::from_seconds(10)) && incident.phase == Phase::Mitigating);
    }

    #[test]
    fn hypotheses_gather_evidence_and_asks_expire() {
        let incident = Incident::replay(
            "x",
            &journal(vec![
                declared(),
                What::Hypothesis { text: "certificate".into(), next_test: "openssl s_client".into() },
                What::HypothesisEvidence { hypothesis: 2, is_for: true, text: "PKIX in the log".into() },
                What::HypothesisEvidence { hypothesis: 2, is_for: false, text: "one caller works".into() },
                What::HypothesisJudged {
                    hypothesis: 2,
                    verdict: HypothesisVerdict::Supported,
                    reason: "NotAfter".into(),
                },
                What::Asked { who: "net".into(), question: "firewall?".into(), minutes: 3 },
                What::AskExpired { ask: 6 },
            ]),
        );
        let one = &incident.hypotheses[0];
        assert_eq!((one.owner.as_str(), one.evidence.len()), ("ann", 2));
        assert_eq!(one.judged.as_ref().unwrap().0, HypothesisVerdict::Supported);
        assert_eq!((incident.open_asks().count(), incident.asks[0].is_expired), (0, true));
    }

    #[test]
    fn a_late_update_is_remembered_and_the_cadence_can_be_set() {
        let incident = Incident::replay(
            "x",
            &journal(vec![
                declared(),
                What::CadenceChanged { minutes: 1 },
                What::fact("a"),
                What::StatusUpdate { audience: "technical".into(), text: "late".into() },
            ]),
        );
        assert_eq!((incident.cadence_minutes(), incident.updates_missed), (1, 1));
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
            (0u64..12).prop_map(|mitigation| What::MitigationApplied { mitigation }),
            (0u64..12, any::<u64>()).prop_map(|(entry, target)| What::Corrected {
                entry,
                happened: None,
                what: Box::new(if target % 3 == 0 { What::Undone { entry: target } } else { declared() }),
            }),
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
