//! The debrief: what happened in truth beside what the candidate saw and did, where the evidence lay, and the shorter path.

use super::AnswerKey;
use super::estate::Truth;
use super::log::Log;
use super::run::Run;
use super::score::Score;
use crate::incident::{Entry, Incident};
use crate::telemetry::{Nanos, Time};
use serde::Serialize;

/// Everything that is told at the end, in plain values.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Debrief {
    pub title: String,
    pub scenario: String,
    pub difficulty: String,
    pub seed: u64,
    pub candidate: String,
    pub brief: String,
    pub goals: Vec<String>,
    /// The incident of the record; empty if none was declared.
    pub incident: String,
    pub begin: Time,
    pub ended: Option<Time>,
    /// How long it went, in words.
    pub length: String,
    pub score: Score,
    pub truth: Truth,
    pub timeline: Vec<Beside>,
    pub clues: Vec<Seen>,
    pub milestones: Vec<Milestone>,
    /// What to do first, in order.
    pub path: Vec<String>,
    pub answers: Vec<Answer>,
    pub mitigations: Vec<Tried>,
    pub hints: Vec<super::Hinted>,
    pub injects: Vec<super::Given>,
    pub notes: Vec<(Time, String)>,
}

/// One instant: what happened in truth, or what the candidate did.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Beside {
    pub time: Time,
    /// `+12:30` from the brief.
    pub after: String,
    pub truth: String,
    pub did: String,
}

/// A place of evidence, and when it was pinned.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Seen {
    pub system: String,
    pub file: String,
    pub signal: String,
    pub what: String,
    pub pinned: Option<String>,
}

/// What every good run has, and when this one had it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Milestone {
    pub what: String,
    pub after: Option<String>,
    pub said: String,
}

/// A question, the model's answer and the candidate's.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Answer {
    pub question: String,
    pub model: String,
    pub given: String,
}

/// A mitigation, what it did in truth, and what was measured.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Tried {
    pub after: String,
    pub what: String,
    pub effect: String,
    pub truth: String,
    pub measured: String,
}

impl Debrief {
    pub fn of(run: &Run, incident: &Incident, entries: &[Entry], now: Time) -> Self {
        let (log, truth, key, score) = (run.log(), run.truth(), run.key(), run.score(entries, now));
        let start = &log.start;
        let scenario = &start.scenario;
        let until = log.until(now);
        Self {
            title: scenario.title.clone(),
            scenario: scenario.name.clone(),
            difficulty: scenario.difficulty.to_string(),
            seed: start.seed,
            candidate: start.candidate.clone(),
            brief: scenario.brief.clone(),
            goals: scenario.goals.clone(),
            incident: incident.declared.map(|_| incident.id.clone()).unwrap_or_default(),
            begin: log.begin,
            ended: log.ended.as_ref().map(|(at, _)| *at),
            length: (until - log.begin).to_string(),
            timeline: timeline(log, &truth, incident, until),
            clues: clues(log, &key, entries),
            milestones: milestones(log, &score),
            path: path(scenario, &truth),
            answers: answers(scenario, &truth, incident),
            mitigations: tried(log, incident),
            hints: log.hints.clone(),
            injects: log.injects.clone(),
            notes: log.notes.clone(),
            score,
            truth,
        }
    }

    /// Who has to be asked whether a text means what was looked for.
    pub fn is_open(&self) -> bool {
        self.score.to_confirm > 0
    }
}

/// `+12:30`, from the brief on; `-05:10` for what was before it.
pub fn after(begin: Time, time: Time) -> String {
    let seconds = (time - begin).as_seconds() as i64;
    let sign = if seconds < 0 { '-' } else { '+' };
    format!("{sign}{:02}:{:02}", seconds.abs() / 60, seconds.abs() % 60)
}

fn timeline(log: &Log, truth: &Truth, incident: &Incident, until: Time) -> Vec<Beside> {
    let mut rows: Vec<Beside> = Vec::new();
    let mut happened = |time: Time, text: String| {
        rows.push(Beside { time, after: after(log.begin, time), truth: text, did: String::new() });
    };
    if let Some(change) = &truth.change {
        happened(change.time, format!("{} on {}: {}", change.id, change.system, change.text));
    }
    if let Some(onset) = truth.onset {
        happened(onset, format!("flows begin to suffer: {}", truth.root_cause));
    }
    happened(log.begin, "the brief".to_owned());
    for (time, text) in &log.alerts {
        happened(*time, format!("alert: {text}"));
    }
    for inject in &log.injects {
        happened(inject.at, format!("{}: {}", inject.from, inject.text));
    }
    for pull in &log.pulls {
        let Some(one) = incident.mitigations.iter().find(|one| one.entry == pull.entry) else { continue };
        let acts = pull.outcome.acts_at;
        happened(
            acts,
            format!(
                "{} {} acts ({}): {}",
                one.plan.kind, one.plan.target, pull.outcome.effect, pull.outcome.says
            ),
        );
    }
    if let Some(mended) = truth.mended {
        happened(mended, "the cause is gone".to_owned());
    }
    for (time, note) in &log.notes {
        happened(*time, format!("note: {note}"));
    }
    if let Some((time, why)) = &log.ended {
        happened(*time, format!("the end: {why}"));
    }
    let lines = incident.lines.iter().filter(|line| !line.is_undone && line.recorded <= until);
    rows.extend(lines.map(|line| Beside {
        time: line.recorded,
        after: after(log.begin, line.recorded),
        truth: String::new(),
        did: format!("{}: {}", line.label, line.text).trim_end_matches([':', ' ']).to_owned(),
    }));
    rows.extend(log.hints.iter().map(|hint| Beside {
        time: hint.at,
        after: after(log.begin, hint.at),
        truth: String::new(),
        did: format!("took a hint for {} points: {}", hint.cost, hint.text),
    }));
    rows.sort_by_key(|row| row.time);
    rows
}

fn clues(log: &Log, key: &AnswerKey, entries: &[Entry]) -> Vec<Seen> {
    let pinned = |place: usize| {
        entries
            .iter()
            .find(|entry| entry.draft.pins.iter().any(|pin| key.clue_of(pin) == Some(place)))
            .map(|entry| after(log.begin, entry.draft.recorded))
    };
    let seen = |(place, clue): (usize, &super::estate::Clue)| Seen {
        system: clue.system.clone(),
        file: clue.file.clone(),
        signal: clue.signal.clone(),
        what: clue.what.clone(),
        pinned: pinned(place),
    };
    key.evidence.iter().enumerate().map(seen).collect()
}

/// The objectives that make the time of a run, in their usual order.
const MILESTONES: [(&str, &str); 6] = [
    ("declared-in-time", "the incident is declared"),
    ("evidence-pinned", "telling evidence is pinned"),
    ("first-correct-hypothesis", "a hypothesis names the cause"),
    ("right-mitigation", "what mends it is done"),
    ("effect-verified", "its effect is measured"),
    ("rca-root-cause", "the root cause is written down"),
];

fn milestones(log: &Log, score: &Score) -> Vec<Milestone> {
    let of = |(name, what): &(&str, &str)| {
        let marked = score.objectives.iter().find(|one| one.name == *name)?;
        let reached = marked.at.filter(|_| marked.points > 0);
        Some(Milestone {
            what: (*what).to_owned(),
            after: reached.map(|at| after(log.begin, at)),
            said: marked.said.clone(),
        })
    };
    MILESTONES.iter().filter_map(of).collect()
}

/// The path of the author, or what follows from the truth: look where the evidence lies, say what it means, do what mends it.
fn path(scenario: &super::Scenario, truth: &Truth) -> Vec<String> {
    if !scenario.answers.path.is_empty() {
        return scenario.answers.path.clone();
    }
    let looks = truth
        .clues
        .iter()
        .take(3)
        .map(|clue| format!("Look at {} ({}): {}", clue.file, clue.signal, clue.what));
    let says = format!("Put it down as a hypothesis: {}", truth.root_cause);
    let does = truth.right.iter().take(2).map(|one| {
        let target = one.lever.target.as_ref().map(|target| format!(" ({target})")).unwrap_or_default();
        format!("Do: {} on {}{target}: {}", one.lever.kind, one.lever.system, one.why)
    });
    looks.chain([says]).chain(does).collect()
}

fn answers(scenario: &super::Scenario, truth: &Truth, incident: &Incident) -> Vec<Answer> {
    let model = &scenario.answers;
    let or =
        |written: &str, other: &str| if written.is_empty() { other.to_owned() } else { written.to_owned() };
    let all =
        |written: &[String], other: &[String]| if written.is_empty() { other } else { written }.join("; ");
    let rca = &incident.rca;
    let factors: Vec<&str> = rca.factors.iter().map(|factor| factor.text.as_str()).collect();
    let actions: Vec<&str> = rca.actions.iter().map(|(_, action, _)| action.text.as_str()).collect();
    let answer =
        |question: &str, model: String, given: String| Answer { question: question.to_owned(), model, given };
    vec![
        answer("Trigger", or(&model.trigger, &truth.trigger), rca.trigger.clone()),
        answer("Root cause", or(&model.root_cause, &truth.root_cause), rca.root_cause.clone()),
        answer("Contributing factors", all(&model.factors, &truth.contributing), factors.join("; ")),
        answer("Long-term fixes", all(&model.fixes, &truth.fixes), actions.join("; ")),
    ]
}

fn tried(log: &Log, incident: &Incident) -> Vec<Tried> {
    let of = |one: &crate::incident::Mitigation| {
        let pull = log.pulls.iter().find(|pull| pull.entry == one.entry);
        Tried {
            after: after(log.begin, pull.map_or(one.started, |pull| pull.at)),
            what: format!("{} {}", one.plan.kind, one.plan.target),
            effect: pull.map_or_else(|| "not in force".to_owned(), |pull| pull.outcome.effect.to_string()),
            truth: pull.map(|pull| pull.outcome.says.clone()).unwrap_or_default(),
            measured: one.measured.clone().unwrap_or_else(|| "not measured".to_owned()),
        }
    };
    incident.mitigations.iter().map(of).collect()
}

/// Points of a hundred in words.
pub fn grade(percent: u32) -> &'static str {
    match percent {
        85.. => "strong",
        70..85 => "solid",
        50..70 => "mixed",
        _ => "weak",
    }
}

/// How it went, in lines for a screen.
pub fn scorecard(debrief: &Debrief) -> String {
    let score = &debrief.score;
    let mut text =
        format!("DRILL: {}\n\n{} of 100: {}\n", debrief.title, score.percent, grade(score.percent));
    if score.hints > 0 {
        text.push_str(&format!("({} taken off for hints)\n", score.hints));
    }
    text.push('\n');
    for one in &score.dimensions {
        text.push_str(&format!("{:>3} of {:>3}  {}\n", one.points, one.of, one.dimension.title()));
    }
    text.push_str("\nWhat was the matter\n");
    for answer in &debrief.answers {
        text.push_str(&format!("  {}: {}\n", answer.question, answer.model));
    }
    text.push_str("\nThe shorter path\n");
    for (number, step) in (1..).zip(&debrief.path) {
        text.push_str(&format!("  {number}. {step}\n"));
    }
    text.push_str("\nEvery objective\n");
    for one in score.objectives.iter().filter(|one| one.of > 0) {
        text.push_str(&format!(
            "  {:>2} of {:>2}  {}\n            {}\n",
            one.points, one.of, one.title, one.said
        ));
    }
    if score.to_confirm > 0 {
        text.push_str(&format!(
            "\n{} texts were matched by words; the interviewer confirms or overrules them (drill observe).\n",
            score.to_confirm
        ));
    }
    text
}

/// How long is left of it at a time, none when it is over.
pub fn left(log: &Log, now: Time) -> Option<Nanos> {
    log.ended.is_none().then(|| (log.ends() - now).max(Nanos::ZERO))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_from_the_brief_on() {
        let begin = Time::from_seconds(1_000);
        assert_eq!(after(begin, Time::from_seconds(1_750)), "+12:30");
        assert_eq!(after(begin, Time::from_seconds(690)), "-05:10");
        let objectives = &super::super::Rubric::built_in().objectives;
        let is_known = |name: &str| objectives.iter().any(|one| one.name == name);
        assert!(MILESTONES.iter().all(|(name, _)| is_known(name)), "milestones are objectives of the rubric");
    }
}
