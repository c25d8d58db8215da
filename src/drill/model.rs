//! The model candidate of a scenario: what somebody would do who finds the truth by the shortest path. Made from the truth,
//! so that drills that nobody authored (a seed, a past incident) can be played and checked as well.

use super::candidate::{Candidate, Step, Timed};
use super::estate::{LeverEffect, Truth};
use super::scenario::Scenario;
use crate::incident::{ActionClass, HypothesisVerdict};

/// Between two steps, in minutes.
const PACE: f64 = 0.5;

impl Candidate {
    /// Who looks where the evidence lies, says what it means, does what mends it, measures it, and writes it up.
    pub fn model(scenario: &Scenario, truth: &Truth) -> Self {
        let answers = &scenario.answers;
        let or = |written: &str, other: &str| {
            if written.is_empty() { other.to_owned() } else { written.to_owned() }
        };
        let cause = format!(
            "{} ({} at {})",
            or(&answers.root_cause, &truth.root_cause),
            truth.mode,
            truth.root_system
        );
        let trigger = match &truth.change {
            Some(change) => {
                format!("{} ({}: {})", or(&answers.trigger, &truth.trigger), change.id, change.text)
            }
            None => format!("{} ({cause})", or(&answers.trigger, &truth.trigger)),
        };
        let clues: Vec<_> = truth.clues.iter().take(2).collect();
        let mut steps = Vec::new();
        let mut at = 4.0;
        let mut then = |step: Step| {
            at += PACE;
            steps.push(Timed { at, step });
        };
        then(Step::Note { text: "flows fail, and they stop at one place".to_owned() });
        then(Step::Note { text: "looked at what is in front of it: they are well".to_owned() });
        then(Step::Hypothesis {
            text: "load: more traffic than usual".to_owned(),
            test: "request rates".to_owned(),
        });
        then(Step::Judge {
            verdict: HypothesisVerdict::Refuted,
            reason: "the rates are as they were".to_owned(),
        });
        for clue in &clues {
            then(Step::Pin { file: clue.file.clone(), contains: String::new(), says: clue.what.clone() });
        }
        then(Step::Hypothesis { text: cause.clone(), test: "what stands there since the onset".to_owned() });
        then(Step::Evidence {
            text: clues.first().map_or(String::new(), |clue| clue.what.clone()),
            against: false,
        });
        let best = truth.right.iter().find(|one| one.effect == LeverEffect::Mends).or(truth.right.first());
        if let Some(one) = best {
            let target = match &one.lever.target {
                Some(target) => format!("{} {target}", one.lever.system),
                None => one.lever.system.clone(),
            };
            then(Step::Mitigate {
                kind: one.lever.kind,
                target,
                intent: one.why.clone(),
                undo: one.lever.kind.usual_undo().to_owned(),
                watch: String::new(),
            });
        }
        let mut steps = steps;
        let write = |at: f64, step: Step| Timed { at, step };
        let field = |name: &str, text: String| Step::Write { field: name.to_owned(), text };
        let hit: Vec<&str> =
            truth.affected.iter().map(|one| one.kind.as_str()).chain(["customers"]).collect();
        let factors = if answers.factors.is_empty() { &truth.contributing } else { &answers.factors };
        let fixes = if answers.fixes.is_empty() { &truth.fixes } else { &answers.fixes };
        if best.is_some() {
            steps.push(write(17.0, Step::Measure));
        }
        steps.push(write(19.0, field("impact", format!("hit: {}", hit.join(", ")))));
        steps.push(write(19.5, field("summary", format!("{cause}. Hit: {}", hit.join(", ")))));
        steps.push(write(20.0, field("trigger", trigger)));
        steps.push(write(20.5, field("root_cause", cause)));
        for text in factors {
            steps.push(write(21.0, Step::Factor { class: "design".to_owned(), text: text.clone() }));
        }
        for depth in 0..3 {
            let evidence = clues.get(depth % clues.len().max(1)).map_or("the timeline", |clue| &clue.file);
            let text = format!("why {}", depth + 1);
            steps.push(write(22.0, Step::Why { text, evidence: evidence.to_owned() }));
        }
        for (place, text) in fixes.iter().take(3).enumerate() {
            steps.push(write(
                23.0,
                Step::Action {
                    class: if place == 0 { ActionClass::Prevent } else { ActionClass::Detect },
                    text: text.clone(),
                    owner: "integration team".to_owned(),
                    due: "in 30 days".to_owned(),
                    verification: "the drill is played again".to_owned(),
                    systemic: true,
                },
            ));
        }
        Self { habits: Some("by-the-book".to_owned()), steps }
    }

    /// Who looks on: the least that can be scored.
    pub fn idle() -> Self {
        Self { habits: Some("careless".to_owned()), steps: Vec::new() }
    }
}
