//! The incident, as a fold over its journal: everything that the screen shows of it.

#[cfg(test)]
pub(super) mod tests;

use super::{
    Ask, Coverage, Decision, Entry, HandOver, Hypothesis, Impact, IncidentSeverity, Line, Margins,
    Mitigation, MitigationState, Phase, Published, Rca, Role, What,
};
use crate::telemetry::{Nanos, Time};
use std::collections::{BTreeMap, BTreeSet};

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
    /// How exactly these times are known.
    pub margins: Margins,
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
                let margin = Margins::of_entry(happened, entry.draft.recorded);
                incident.apply(
                    &At { number: entry.sequence, happened, author: &entry.draft.author, margin },
                    what,
                );
            }
        }
        incident.lines.sort_by_key(|line| (line.happened, line.entry));
        incident
    }

    fn apply(&mut self, at: &At, what: &What) {
        let At { number, happened, author, margin } = *at;
        match what {
            What::Declared { title, severity, impact, is_drill } => {
                self.title.clone_from(title);
                self.severity = *severity;
                self.impact = impact.clone();
                self.is_drill = *is_drill;
                if self.declared.is_none() {
                    (self.declared, self.margins.declared) = (Some(happened), margin);
                }
                self.phase = self.phase.max(Phase::Triaging);
            }
            What::DrillMarked { is_drill } => self.is_drill = *is_drill,
            What::Acknowledged if self.acknowledged.is_none() => {
                (self.acknowledged, self.margins.acknowledged) = (Some(happened), margin);
            }
            What::ImpactBegan { time, uncertainty } => {
                (self.impact_began, self.margins.impact_began) = (Some(*time), *uncertainty);
            }
            What::ImpactEnded { time, uncertainty } => {
                (self.impact_ended, self.margins.impact_ended) = (Some(*time), *uncertainty);
            }
            What::SeverityChanged { severity, .. } => self.severity = *severity,
            What::CadenceChanged { minutes } => self.cadence = Some(*minutes).filter(|minutes| *minutes > 0),
            What::RoleAssigned { role, person, note } => {
                let from = self.assign(*role, person);
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
                    Phase::Resolved => (self.resolved, self.margins.resolved) = (Some(happened), margin),
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
            What::Acknowledged
            | What::Fact { .. }
            | What::EvidencePinned { .. }
            | What::Corrected { .. }
            | What::Undone { .. }
            | What::Unknown(_) => {}
            _ => self.apply_mitigation(number, happened, what),
        }
    }

    /// Gives a role to somebody; who had it, if only one can.
    fn assign(&mut self, role: Role, person: &str) -> Option<String> {
        if !role.is_shared() {
            return self.roles.insert(role, person.to_owned());
        }
        let people = self.roles.entry(role).or_default();
        if !people.split(", ").any(|one| one == person) {
            let gap = if people.is_empty() { "" } else { ", " };
            people.push_str(&format!("{gap}{person}"));
        }
        None
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

/// Where an entry stands, and how exactly its time is known.
#[derive(Clone, Copy)]
struct At<'a> {
    number: u64,
    happened: Time,
    author: &'a str,
    margin: Nanos,
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
