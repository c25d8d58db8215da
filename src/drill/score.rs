//! The score: what the record and the drill's log say, against the answers. Same record, same log, same score.

use super::AnswerKey;
use super::checks::{self, Acts};
use super::log::Log;
use super::rubric::{Dimension, Objective, Rubric};
use super::terms::Found;
use crate::incident::Entry;
use crate::telemetry::Time;
use serde::Serialize;
use strum::IntoEnumIterator;

/// How a drill went.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Score {
    pub objectives: Vec<Marked>,
    pub dimensions: Vec<DimensionScore>,
    /// What hints cost.
    pub hints: u32,
    pub points: u32,
    pub of: u32,
    /// Points of a hundred, hints taken off.
    pub percent: u32,
    /// Texts that were matched by words, and that nobody has confirmed or overruled yet.
    pub to_confirm: usize,
}

/// One objective and what became of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Marked {
    pub name: String,
    pub title: String,
    pub dimension: Dimension,
    pub points: u32,
    /// Nothing where it did not apply.
    pub of: u32,
    /// When it was reached.
    pub at: Option<Time>,
    /// Why it is so, in one sentence.
    pub said: String,
    /// The text that was matched by its words, for a person to confirm.
    pub matched: Option<Matched>,
}

/// A free text beside the terms that were looked for in it.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Matched {
    pub text: String,
    #[serde(flatten)]
    pub found: Found,
    /// What a person said of it: it fits, or it does not.
    pub ruling: Option<bool>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DimensionScore {
    pub dimension: Dimension,
    pub points: u32,
    pub of: u32,
}

/// Marks a drill. `until` is when it ended, or now.
pub fn score(rubric: &Rubric, key: &AnswerKey, entries: &[Entry], log: &Log, until: Time) -> Score {
    let acts = Acts::of(entries, log, until);
    let objectives: Vec<Marked> =
        rubric.objectives.iter().map(|objective| mark(objective, key, &acts, log)).collect();
    let sum = |of: &dyn Fn(&Marked) -> u32| objectives.iter().map(of).sum::<u32>();
    let (points, of) = (sum(&|one| one.points), sum(&|one| one.of));
    let hints = log.hints.iter().map(|hint| hint.cost).sum();
    let dimensions = Dimension::iter()
        .map(|dimension| {
            let own = || objectives.iter().filter(|one| one.dimension == dimension);
            DimensionScore {
                dimension,
                points: own().map(|one| one.points).sum(),
                of: own().map(|one| one.of).sum(),
            }
        })
        .collect();
    let percent = ((points * 100 + of / 2).checked_div(of).unwrap_or(0)).saturating_sub(hints);
    let is_open = |one: &&Marked| one.matched.as_ref().is_some_and(|matched| matched.ruling.is_none());
    let to_confirm = objectives.iter().filter(is_open).count();
    Score { dimensions, hints, points, of, percent, to_confirm, objectives }
}

fn mark(objective: &Objective, key: &AnswerKey, acts: &Acts, log: &Log) -> Marked {
    let mut mark = checks::check(&objective.check, key, acts);
    let ruling = log.rulings.get(&objective.name).copied();
    if let Some(matched) = &mut mark.matched {
        matched.ruling = ruling;
    }
    // What a person says of a text counts, whatever words were found in it.
    let share = match ruling {
        Some(true) => 1.0,
        Some(false) => 0.0,
        None => mark.share,
    };
    let ruled = match ruling {
        Some(true) => " (the interviewer: it fits)",
        Some(false) => " (the interviewer: it does not fit)",
        None => "",
    };
    let of = if mark.applies { objective.points } else { 0 };
    Marked {
        name: objective.name.clone(),
        title: objective.title.clone(),
        dimension: objective.dimension,
        points: (f64::from(of) * share.clamp(0.0, 1.0)).round() as u32,
        of,
        at: mark.at,
        said: format!("{}{ruled}", mark.said),
        matched: mark.matched,
    }
}

#[cfg(test)]
mod tests;
