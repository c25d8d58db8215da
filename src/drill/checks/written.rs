//! What somebody wrote, looked for in free text: the write-up, and answers to what came from outside.

use super::{Acts, Mark, minutes};
use crate::drill::score::Matched;
use crate::drill::terms::Found;
use crate::drill::{AnswerKey, Terms};
use crate::incident::{Gate, What};

pub(super) fn field(name: &str, terms: &Terms, acts: &Acts) -> Mark {
    let text = acts.incident.rca.get(name);
    if text.trim().is_empty() {
        return Mark::missing("not written");
    }
    let at =
        acts.all.iter().rev().find(|act| matches!(act.what, What::RcaField { field, .. } if field == name));
    let share = if terms.fit(text) { 1.0 } else { 0.0 };
    let said =
        if share > 0.0 { "names what was looked for" } else { "does not name all that was looked for" };
    Mark::matching(text, terms, at.map(|act| act.at), share, said.to_owned())
}

pub(super) fn factors(at_least: u32, key: &AnswerKey, acts: &Acts) -> Mark {
    let written = &acts.incident.rca.factors;
    if written.is_empty() {
        return Mark::missing("no factor is written");
    }
    let (met, missed): (Vec<&Terms>, Vec<&Terms>) =
        key.factors.iter().partition(|terms| written.iter().any(|factor| terms.fit(&factor.text)));
    let text = written.iter().map(|factor| factor.text.as_str()).collect::<Vec<_>>().join("; ");
    let mark = Mark::counted(met.len(), at_least, "known factors are named");
    let found =
        Found { met: met.into_iter().map(shown).collect(), missed: missed.into_iter().map(shown).collect() };
    Mark { matched: Some(Matched { text, found, ruling: None }), ..mark }
}

fn shown(terms: &Terms) -> String {
    terms.0.join(" + ")
}

pub(super) fn systemic(acts: &Acts) -> Mark {
    let actions = acts.incident.rca.actions.iter().map(|(_, action, _)| action);
    let best = actions
        .filter(|action| action.is_systemic)
        .map(|action| {
            let has = [&action.owner, &action.due, &action.verification];
            has.iter().filter(|text| !text.trim().is_empty()).count()
        })
        .max();
    match best {
        Some(has) => {
            let said = format!("a systemic action with {has} of owner, date and verification");
            Mark::new(0.4 + 0.2 * has as f64, None, said)
        }
        None => Mark::missing("no action changes the system"),
    }
}

pub(super) fn impact(key: &AnswerKey, acts: &Acts) -> Mark {
    let rca = &acts.incident.rca;
    let text = format!("{} {}", rca.impact, rca.summary);
    if text.trim().is_empty() {
        return Mark::missing("not written");
    }
    let hit = Terms::new([key.hit.join("|")]);
    let share = if hit.fit(&text) { 1.0 } else { 0.0 };
    Mark::matching(text.trim(), &hit, None, share, "looked for who and what was hit".to_owned())
}

pub(super) fn blameless(acts: &Acts) -> Mark {
    let rca = &acts.incident.rca;
    if rca.root_cause.trim().is_empty() && rca.summary.trim().is_empty() {
        return Mark::missing("nothing is written");
    }
    let objections = Gate::default().check(&acts.incident, rca);
    match objections.iter().find(|one| matches!(one.rule.as_str(), "blame" | "nameless")) {
        Some(one) => Mark::missing(format!("{}: {}", one.place, one.reason)),
        None => Mark::new(1.0, None, "blames nobody"),
    }
}

/// Everything that a person wrote in one entry.
fn written(what: &What) -> String {
    match what {
        What::Hypothesis { text, next_test } => format!("{text} {next_test}"),
        What::StatusUpdate { audience, text } => format!("{audience} {text}"),
        What::ActionAdded { action } => format!("{} {}", action.text, action.verification),
        What::MitigationStarted { mitigation } | What::MitigationProposed { mitigation } => {
            format!("{} {} {} {}", mitigation.kind, mitigation.target, mitigation.intent, mitigation.risk)
        }
        what => what.line().1,
    }
}

pub(super) fn names(terms: &Terms, acts: &Acts) -> Mark {
    let found = acts.all.iter().map(|act| (act.at, written(act.what))).find(|(_, text)| terms.fit(text));
    match found {
        Some((at, text)) => Mark::matching(&text, terms, Some(at), 1.0, "stands in the record".to_owned()),
        None => Mark::missing(format!("nothing in the record names {}", shown(terms))),
    }
}

pub(super) fn inject_answered(name: &str, limit: u32, terms: &Terms, acts: &Acts) -> Mark {
    let Some(given) = acts.log.injects.iter().find(|one| one.name == name) else {
        return Mark { applies: false, ..Mark::missing("the inject was not given") };
    };
    let reacts = |what: &What| {
        matches!(
            what,
            What::StatusUpdate { .. }
                | What::Fact { .. }
                | What::Decision { .. }
                | What::Answered { .. }
                | What::Asked { .. }
                | What::Hypothesis { .. }
                | What::HypothesisJudged { .. }
                | What::MitigationUndone { .. }
                | What::MitigationStarted { .. }
        )
    };
    let after = || acts.all.iter().filter(|act| act.at >= given.at && reacts(act.what));
    let fitting = after().map(|act| (act.at, written(act.what))).find(|(_, text)| terms.fit(text));
    match fitting {
        Some((at, text)) => {
            let share = if at <= given.at + minutes(limit) { 1.0 } else { 0.5 };
            Mark::matching(&text, terms, Some(at), share, format!("answered after {}", at - given.at))
        }
        None => Mark::missing("no entry behind it names what it calls for"),
    }
}
