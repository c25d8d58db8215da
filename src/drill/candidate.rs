//! A scripted candidate: what somebody does when, so that a scenario can be played to its end without a person.

use crate::incident::{
    Action, ActionClass, Draft, Entry, Factor, HypothesisVerdict, Impact, Incident, IncidentSeverity,
    MitigationKind, Phase, Pin, PinKind, Plan, Role, What, Why,
};
use crate::telemetry::{Nanos, Time, Window};
use serde::{Deserialize, Serialize};
use std::sync::LazyLock;

/// What somebody does, in the order of minutes from the brief.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Candidate {
    /// Steps of `habits.toml` that are done besides: `by-the-book`, `careless`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub habits: Option<String>,
    pub steps: Vec<Timed>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Timed {
    /// Minutes from the brief.
    pub at: f64,
    #[serde(flatten)]
    pub step: Step,
}

/// One thing that a person can do. What names a hypothesis or a mitigation means the newest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case")]
pub enum Step {
    Declare {
        title: String,
        severity: IncidentSeverity,
    },
    Acknowledge,
    Severity {
        severity: IncidentSeverity,
        reason: String,
    },
    Role {
        role: Role,
        person: String,
    },
    Note {
        text: String,
    },
    Decide {
        text: String,
    },
    Ask {
        who: String,
        question: String,
    },
    Answer {
        text: String,
    },
    Hypothesis {
        text: String,
        #[serde(default)]
        test: String,
    },
    Evidence {
        text: String,
        #[serde(default)]
        against: bool,
    },
    Judge {
        verdict: HypothesisVerdict,
        reason: String,
    },
    /// Pins the newest lines of a file of the telemetry that contain a text.
    Pin {
        file: String,
        #[serde(default)]
        contains: String,
        says: String,
    },
    Mitigate {
        #[serde(rename = "with")]
        kind: MitigationKind,
        target: String,
        #[serde(default)]
        intent: String,
        #[serde(default)]
        undo: String,
        #[serde(default)]
        watch: String,
    },
    /// Takes a mitigation back: the newest, or the one on this target.
    TakeBack {
        reason: String,
        #[serde(default)]
        target: String,
    },
    Measure,
    Update {
        audience: String,
        text: String,
    },
    Phase {
        phase: Phase,
    },
    Hint,
    Write {
        field: String,
        text: String,
    },
    Factor {
        class: String,
        text: String,
    },
    Why {
        text: String,
        evidence: String,
    },
    Action {
        class: ActionClass,
        text: String,
        #[serde(default)]
        owner: String,
        #[serde(default)]
        due: String,
        #[serde(default)]
        verification: String,
        #[serde(default)]
        systemic: bool,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Habits {
    habits: Vec<Habit>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Habit {
    name: String,
    steps: Vec<Timed>,
}

static HABITS: LazyLock<Vec<Habit>> = LazyLock::new(|| {
    toml::from_str::<Habits>(include_str!("habits.toml")).expect("the built-in habits are tested").habits
});

/// The telemetry that was written so far: (file, its lines with their time).
pub(super) type Written<'a> = &'a dyn Fn(&str, &str) -> Vec<(Time, String)>;

/// The most lines that a scripted pin takes.
const LINES: usize = 5;

impl Candidate {
    /// All steps, habits among them, by when they are done.
    pub fn all(&self) -> Result<Vec<Timed>, String> {
        let mut steps = self.steps.clone();
        if let Some(name) = &self.habits {
            let habit = HABITS.iter().find(|habit| habit.name == *name);
            let habit = habit.ok_or_else(|| {
                let names: Vec<&str> = HABITS.iter().map(|habit| habit.name.as_str()).collect();
                format!("there are no habits `{name}`; there are {}", names.join(", "))
            })?;
            steps.extend(habit.steps.iter().cloned());
        }
        steps.sort_by(|one, other| one.at.total_cmp(&other.at));
        Ok(steps)
    }
}

impl Timed {
    pub fn time(&self, begin: Time) -> Time {
        begin + Nanos((self.at * 60e9) as i64)
    }
}

impl Step {
    /// The entries that it makes of what stands on record. Measuring and hints are not for here.
    pub(super) fn drafts(
        &self,
        now: Time,
        author: &str,
        entries: &[Entry],
        written: Written<'_>,
    ) -> Result<Vec<Draft>, String> {
        let incident = Incident::replay("", entries);
        let draft = |what: What| Draft::new(now, author, what);
        if let Self::Pin { file, contains, says } = self {
            let pin = pin(now, file, contains, says, written)?;
            return Ok(vec![draft(What::EvidencePinned { text: says.clone() }).with_pins(vec![pin])]);
        }
        Ok(vec![draft(self.what(&incident)?)])
    }

    fn what(&self, incident: &Incident) -> Result<What, String> {
        let newest = || incident.hypotheses.last().map(|one| one.entry).ok_or("no hypothesis is on record");
        Ok(match self.clone() {
            Self::Declare { title, severity } => {
                What::Declared { title, severity, impact: Impact::default(), is_drill: true }
            }
            Self::Acknowledge => What::Acknowledged,
            Self::Severity { severity, reason } => What::SeverityChanged { severity, reason },
            Self::Role { role, person } => What::RoleAssigned { role, person, note: String::new() },
            Self::Note { text } => What::Fact { text },
            Self::Decide { text } => {
                What::Decision { text, options: Vec::new(), objections: Vec::new(), decider: String::new() }
            }
            Self::Ask { who, question } => What::Asked { who, question, minutes: 5 },
            Self::Answer { text } => {
                let ask = incident.open_asks().last().ok_or("no ask is open")?;
                What::Answered { ask: ask.entry, answer: text }
            }
            Self::Hypothesis { text, test } => What::Hypothesis { text, next_test: test },
            Self::Evidence { text, against } => {
                What::HypothesisEvidence { hypothesis: newest()?, is_for: !against, text }
            }
            Self::Judge { verdict, reason } => {
                What::HypothesisJudged { hypothesis: newest()?, verdict, reason }
            }
            Self::Mitigate { kind, target, intent, undo, watch } => What::MitigationStarted {
                mitigation: Plan { kind, target, intent, undo, watch, ..Plan::default() },
            },
            Self::TakeBack { reason, target } => {
                let all = incident.in_force();
                let one = all.filter(|one| target.is_empty() || one.plan.target == target).last();
                What::MitigationUndone {
                    mitigation: one.ok_or("no such mitigation is in force")?.entry,
                    reason,
                }
            }
            Self::Update { audience, text } => What::StatusUpdate { audience, text },
            Self::Phase { phase } => What::PhaseChanged { phase },
            Self::Write { field, text } => What::RcaField { field, text },
            Self::Factor { class, text } => What::RcaFactor { factor: Factor { class, text } },
            Self::Why { text, evidence } => {
                let mut whys = incident.rca.whys.clone();
                whys.push(Why { depth: whys.len() as u8, text, evidence });
                What::RcaWhys { whys }
            }
            Self::Action { class, text, owner, due, verification, systemic } => What::ActionAdded {
                action: Action { class, text, owner, due, verification, is_systemic: systemic },
            },
            Self::Pin { .. } | Self::Measure | Self::Hint => {
                return Err("this step makes no entry by itself".to_owned());
            }
        })
    }
}

fn pin(now: Time, file: &str, contains: &str, says: &str, written: Written<'_>) -> Result<Pin, String> {
    let lines = written(file, contains);
    let newest = &lines[lines.len().saturating_sub(LINES)..];
    let (Some(first), Some(last)) = (newest.first(), newest.last()) else {
        return Err(format!("no line of {file} contains `{contains}` by then"));
    };
    let window = Some(Window { from: first.0, to: last.0 });
    let content = newest.iter().map(|(_, line)| line.clone()).collect();
    Ok(Pin::new(PinKind::Events, says.to_owned(), file.to_owned(), window, now, content).asked(contains))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::incident::seal;

    #[test]
    fn habits_are_done_between_the_steps_of_ones_own_in_order() {
        let own = r#"
            habits = "by-the-book"
            [[steps]]
            at = 7.5
            do = "hypothesis"
            text = "the pool is exhausted"
            [[steps]]
            at = 9
            do = "mitigate"
            with = "restart"
            target = "erp"
        "#;
        let candidate: Candidate = toml::from_str(own).unwrap();
        let steps = candidate.all().unwrap();
        assert!(steps.len() > 8 && steps.is_sorted_by(|one, other| one.at <= other.at));
        assert!(matches!(steps[0].step, Step::Declare { .. }), "{:?}", steps[0]);
        let unknown = Candidate { habits: Some("heroic".into()), ..Candidate::default() };
        assert!(unknown.all().unwrap_err().contains("by-the-book"));
    }

    #[test]
    fn a_step_speaks_of_the_newest_and_says_when_there_is_none() {
        let nothing: Written<'_> = &|_, _| Vec::new();
        let judge = Step::Judge { verdict: HypothesisVerdict::Refuted, reason: "no".into() };
        assert!(judge.drafts(Time(1), "ann", &[], nothing).is_err());
        let draft =
            Draft::new(Time(1), "ann", What::Hypothesis { text: "x".into(), next_test: String::new() });
        let entries = vec![seal(draft, 1, "")];
        let drafts = judge.drafts(Time(2), "ann", &entries, nothing).unwrap();
        assert!(matches!(drafts[0].what, What::HypothesisJudged { hypothesis: 1, .. }));
    }

    #[test]
    fn a_pin_holds_lines_that_were_written() {
        let step = Step::Pin { file: "erp/app.log".into(), contains: "PKIX".into(), says: "expired".into() };
        let lines: Written<'_> = &|file, contains| {
            assert_eq!((file, contains), ("erp/app.log", "PKIX"));
            (0..9).map(|second| (Time::from_seconds(second), format!("PKIX {second}"))).collect()
        };
        let drafts = step.drafts(Time::from_seconds(20), "ann", &[], lines).unwrap();
        assert_eq!(drafts[0].pins[0].content, ["PKIX 4", "PKIX 5", "PKIX 6", "PKIX 7", "PKIX 8"]);
        assert!(step.drafts(Time(0), "ann", &[], &|_, _| Vec::new()).is_err());
    }
}
