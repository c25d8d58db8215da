//! How each objective is looked for: in what was recorded, at the time at which it was recorded, and in the drill's log.

mod written;

use super::estate::LeverEffect;
use super::log::Log;
use super::rubric::{Check, steps_too_low};
use super::score::Matched;
use super::{AnswerKey, Terms};
use crate::incident::{Entry, Incident, IncidentSeverity, Mitigation, Phase, Pin, Role, What};
use crate::telemetry::{Nanos, Time};
use std::collections::BTreeSet;
use written::{blameless, factors, field, impact, inject_answered, names, systemic};

/// What somebody did, by when it was recorded: dating back changes no score.
pub(super) struct Act<'a> {
    pub at: Time,
    pub entry: u64,
    pub what: &'a What,
    pub pins: &'a [Pin],
}

/// The record as it is judged: what stands at the end.
pub(super) struct Acts<'a> {
    pub all: Vec<Act<'a>>,
    pub incident: Incident,
    /// When the first alert paged.
    pub paged: Time,
    pub until: Time,
    pub log: &'a Log,
}

/// What became of an objective.
pub(super) struct Mark {
    pub share: f64,
    pub at: Option<Time>,
    pub said: String,
    pub matched: Option<Matched>,
    pub applies: bool,
}

impl<'a> Acts<'a> {
    pub(super) fn of(entries: &'a [Entry], log: &'a Log, until: Time) -> Self {
        let incident = Incident::replay("", entries);
        let undone: BTreeSet<u64> =
            incident.lines.iter().filter(|line| line.is_undone).map(|line| line.entry).collect();
        let all = entries
            .iter()
            .filter(|entry| !undone.contains(&entry.sequence) && entry.draft.recorded <= until)
            .map(|entry| Act {
                at: entry.draft.recorded,
                entry: entry.sequence,
                what: match &entry.draft.what {
                    What::Corrected { what, .. } => what,
                    what => what,
                },
                pins: &entry.draft.pins,
            })
            .collect();
        Self { all, incident, paged: log.paged.unwrap_or(log.begin), until, log }
    }

    fn first(&self, is: impl Fn(&What) -> bool) -> Option<&Act<'a>> {
        self.all.iter().find(|act| is(act.what))
    }

    fn since_page(&self, at: Time) -> Nanos {
        (at - self.paged).max(Nanos::ZERO)
    }

    fn minutes(&self, count: u32) -> Time {
        self.paged + minutes(count)
    }

    /// Mitigations that were in force, with when that was recorded.
    fn applied(&self) -> impl Iterator<Item = (Time, &Mitigation)> {
        self.incident.mitigations.iter().filter_map(|one| {
            let is_start = |act: &&Act| match act.what {
                What::MitigationStarted { .. } => act.entry == one.entry,
                What::MitigationApplied { mitigation } => *mitigation == one.entry,
                _ => false,
            };
            self.all.iter().find(is_start).map(|act| (act.at, one))
        })
    }

    fn with_effect<'k>(
        &'k self,
        key: &'k AnswerKey,
        effect: LeverEffect,
    ) -> impl Iterator<Item = (Time, &'k Mitigation)> {
        self.applied().filter(move |(_, one)| key.effect(one.plan.kind, &one.plan.target) == effect)
    }
}

impl Mark {
    fn new(share: f64, at: Option<Time>, said: impl Into<String>) -> Self {
        Self { share, at, said: said.into(), matched: None, applies: true }
    }

    fn missing(said: impl Into<String>) -> Self {
        Self::new(0.0, None, said)
    }

    /// Something that was counted, against how much of it was looked for.
    fn counted(have: usize, need: u32, what: &str) -> Self {
        let share = have as f64 / f64::from(need.max(1));
        Self::new(share.min(1.0), None, format!("{have} of {need} {what}"))
    }

    fn matching(text: &str, terms: &Terms, at: Option<Time>, share: f64, said: String) -> Self {
        let matched = Matched { text: text.to_owned(), found: terms.look(text), ruling: None };
        Self { matched: Some(matched), ..Self::new(share, at, said) }
    }
}

fn minutes(count: u32) -> Nanos {
    Nanos::seconds(i64::from(count) * 60)
}

/// Looks for one objective.
pub(super) fn check(check: &Check, key: &AnswerKey, acts: &Acts) -> Mark {
    match check {
        Check::Declared { minutes } => {
            by_time(acts, acts.first(|what| matches!(what, What::Declared { .. })), *minutes, "declared")
        }
        Check::Acknowledged { minutes } => {
            by_time(acts, acts.first(|what| matches!(what, What::Acknowledged)), *minutes, "acknowledged")
        }
        Check::RoleTaken { role, minutes } => role_taken(*role, *minutes, acts),
        Check::Severity => severity(key, acts),
        Check::UpdatesOnCadence => updates(key, acts),
        Check::Audiences { at_least } => {
            let audiences = acts.all.iter().filter_map(|act| match act.what {
                What::StatusUpdate { audience, .. } => Some(audience.as_str()),
                _ => None,
            });
            Mark::counted(audiences.collect::<BTreeSet<_>>().len(), *at_least, "audiences got an update")
        }
        Check::Asked { at_least } => Mark::counted(acts.incident.asks.len(), *at_least, "asks"),
        Check::FirstCorrectHypothesis { minutes } => first_correct(*minutes, key, acts),
        Check::Hypotheses { at_least } => {
            Mark::counted(acts.incident.hypotheses.len(), *at_least, "hypotheses on record")
        }
        Check::HypothesisTested => tested(acts),
        Check::LookedBeforeActing { facts } => looked(*facts, acts),
        Check::EvidencePinned { at_least } => pinned(*at_least, key, acts),
        Check::RightMitigation { minutes } => right(*minutes, key, acts),
        Check::NoWrongMitigation => none_wrong(key, acts),
        Check::MitigationsPlanned => planned(acts),
        Check::EffectVerified => verified(key, acts),
        Check::CleanedUp => cleaned_up(key, acts),
        Check::Resolved => {
            let is_resolved =
                |what: &What| matches!(what, What::PhaseChanged { phase } if *phase >= Phase::Resolved);
            match acts.first(is_resolved) {
                Some(act) => Mark::new(1.0, Some(act.at), "resolved"),
                None => Mark::missing("not resolved"),
            }
        }
        Check::RcaTrigger => field("trigger", &key.trigger, acts),
        Check::RcaRootCause => field("root_cause", &key.root_cause, acts),
        Check::RcaFactors { at_least } => factors(*at_least, key, acts),
        Check::Whys { at_least } => {
            let whys = acts.incident.rca.whys.iter();
            let resting = whys.filter(|why| !why.evidence.trim().is_empty() && !why.text.trim().is_empty());
            Mark::counted(resting.count(), *at_least, "whys rest on something")
        }
        Check::SystemicAction => systemic(acts),
        Check::ActionClasses { at_least } => {
            let classes: BTreeSet<String> =
                acts.incident.rca.actions.iter().map(|(_, action, _)| action.class.to_string()).collect();
            Mark::counted(classes.len(), *at_least, "classes of actions")
        }
        Check::ImpactNamed => impact(key, acts),
        Check::Blameless => blameless(acts),
        Check::Names { terms } => names(terms, acts),
        Check::InjectAnswered { inject, minutes, terms } => inject_answered(inject, *minutes, terms, acts),
    }
}

/// Full points within the time, half within twice of it.
fn by_time(acts: &Acts, act: Option<&Act>, limit: u32, word: &str) -> Mark {
    let Some(act) = act else { return Mark::missing(format!("never {word}")) };
    let share = if act.at <= acts.minutes(limit) {
        1.0
    } else if act.at <= acts.minutes(limit * 2) {
        0.5
    } else {
        0.0
    };
    Mark::new(share, Some(act.at), format!("{word} after {}", acts.since_page(act.at)))
}

fn role_taken(role: Role, limit: u32, acts: &Acts) -> Mark {
    let is = |what: &What| matches!(what, What::RoleAssigned { role: one, .. } if *one == role);
    by_time(acts, acts.first(is), limit, &format!("named ({role})"))
}

/// The severity that stood longest, beside the right one.
fn severity(key: &AnswerKey, acts: &Acts) -> Mark {
    let said = acts.all.iter().filter_map(|act| match act.what {
        What::Declared { severity, .. } | What::SeverityChanged { severity, .. } => Some((act.at, *severity)),
        _ => None,
    });
    let said: Vec<(Time, IncidentSeverity)> = said.collect();
    let ends = said.iter().skip(1).map(|(at, _)| *at).chain([acts.until]);
    let mut stood: Vec<(IncidentSeverity, Nanos)> = Vec::new();
    for ((from, severity), to) in said.iter().zip(ends) {
        match stood.iter_mut().find(|(one, _)| one == severity) {
            Some((_, length)) => *length = Nanos(length.0 + (to - *from).0),
            None => stood.push((*severity, to - *from)),
        }
    }
    let Some((longest, _)) = stood.into_iter().max_by_key(|(_, length)| *length) else {
        return Mark::missing("never declared");
    };
    let share = match steps_too_low(longest, key.severity) {
        0 => 1.0,
        -1 => 0.5, // One too high: in doubt the higher.
        _ => 0.0,
    };
    Mark::new(share, None, format!("{longest} stood longest, {} fits", key.severity))
}

/// By the cadence of the right severity, whatever was declared: a slower one of one's own earns nothing.
fn updates(key: &AnswerKey, acts: &Acts) -> Mark {
    let Some(declared) = acts.first(|what| matches!(what, What::Declared { .. })) else {
        return Mark::missing("never declared");
    };
    let cadence = minutes(key.severity.cadence_minutes());
    let updates: Vec<Time> = acts
        .all
        .iter()
        .filter(|act| matches!(act.what, What::StatusUpdate { .. }) && act.at >= declared.at)
        .map(|act| act.at)
        .collect();
    let end = acts.incident.resolved.map_or(acts.until, |resolved| resolved.min(acts.until));
    let starts = [declared.at].into_iter().chain(updates.iter().copied());
    let ends = updates.iter().copied().map(|at| (at, true)).chain([(end, false)]);
    let (mut in_time, mut late) = (0u32, 0u32);
    for (from, (to, is_update)) in starts.zip(ends) {
        match (to <= from + cadence, is_update) {
            (true, true) => in_time += 1,
            (true, false) => {}
            (false, _) => late += 1,
        }
    }
    if in_time + late == 0 {
        return Mark::missing("no update was given");
    }
    let share = f64::from(in_time) / f64::from(in_time + late);
    Mark::new(share, updates.first().copied(), format!("{in_time} updates in time, {late} late or missing"))
}

fn first_correct(limit: u32, key: &AnswerKey, acts: &Acts) -> Mark {
    let texts = || {
        acts.all.iter().filter_map(|act| match act.what {
            What::Hypothesis { text, .. } => Some((act.at, text)),
            _ => None,
        })
    };
    if let Some((at, text)) = texts().find(|(_, text)| key.root_cause.fit(text)) {
        let late = (at - acts.minutes(limit)).max(Nanos::ZERO);
        let share = (1.0 - late.as_seconds() / (f64::from(limit.max(1)) * 60.0)).max(0.0);
        let said = format!("the first that fits came after {}", acts.since_page(at));
        return Mark::matching(text, &key.root_cause, Some(at), share, said);
    }
    // The nearest miss is shown, for the interviewer to say whether it means the same.
    let nearest = texts().max_by_key(|(_, text)| key.root_cause.look(text).met.len());
    match nearest {
        Some((at, text)) => {
            let said = "no hypothesis names all the terms; this comes nearest".to_owned();
            Mark::matching(text, &key.root_cause, Some(at), 0.0, said)
        }
        None => Mark::missing("no hypothesis is on record"),
    }
}

fn tested(acts: &Acts) -> Mark {
    let is = |what: &What| match what {
        What::HypothesisEvidence { .. } => true,
        What::HypothesisJudged { reason, .. } => !reason.trim().is_empty(),
        _ => false,
    };
    match acts.first(is) {
        Some(act) => Mark::new(1.0, Some(act.at), "tested on record"),
        None => Mark::missing("no hypothesis was tested on record"),
    }
}

fn looked(facts: u32, acts: &Acts) -> Mark {
    let Some(first) = acts.applied().map(|(at, _)| at).min() else {
        return Mark::missing("nothing was done about it");
    };
    let before = || acts.all.iter().filter(|act| act.at < first);
    let hypotheses = before().filter(|act| matches!(act.what, What::Hypothesis { .. })).count();
    let known = |what: &What| {
        matches!(
            what,
            What::Fact { .. } | What::EvidencePinned { .. } | What::Step { .. } | What::Answered { .. }
        )
    };
    let seen = before().filter(|act| known(act.what)).count();
    let share =
        if hypotheses > 0 || seen >= facts as usize { 1.0 } else { seen as f64 / f64::from(facts.max(1)) };
    Mark::new(
        share,
        Some(first),
        format!("{seen} facts and {hypotheses} hypotheses before the first mitigation"),
    )
}

fn pinned(at_least: u32, key: &AnswerKey, acts: &Acts) -> Mark {
    let telling = acts.all.iter().filter(|act| act.pins.iter().any(|pin| key.clue_of(pin).is_some()));
    let telling: Vec<&Act> = telling.collect();
    let mark = Mark::counted(telling.len(), at_least, "pins from where the evidence lies");
    Mark { at: telling.first().map(|act| act.at), ..mark }
}

fn right(limit: u32, key: &AnswerKey, acts: &Acts) -> Mark {
    let mends = acts.with_effect(key, LeverEffect::Mends).min_by_key(|(at, _)| *at);
    let eases = acts.with_effect(key, LeverEffect::Eases).min_by_key(|(at, _)| *at);
    let Some((at, one)) = mends.or(eases) else {
        return Mark::missing("nothing that mends it was done");
    };
    let in_time = if at <= acts.minutes(limit) { 1.0 } else { 0.5 };
    let (share, word) =
        if mends.is_some() { (in_time, "mends it") } else { (in_time / 2.0, "only eases it") };
    let said = format!("{} {} {word}, after {}", one.plan.kind, one.plan.target, acts.since_page(at));
    Mark::new(share, Some(at), said)
}

fn none_wrong(key: &AnswerKey, acts: &Acts) -> Mark {
    let wrong: Vec<(Time, &Mitigation)> = acts.with_effect(key, LeverEffect::Worsens).collect();
    let lost: f64 = wrong.iter().map(|(_, one)| if one.is_in_force() { 0.5 } else { 0.25 }).sum();
    let Some((at, one)) = wrong.first() else {
        let did = acts.applied().count();
        // Who does nothing does nothing wrong, and nothing right either.
        return if did == 0 {
            Mark::missing("nothing was done about it")
        } else {
            Mark::new(1.0, None, "none made it worse")
        };
    };
    let said = format!("{} {} made it worse", one.plan.kind, one.plan.target);
    Mark::new((1.0 - lost).max(0.0), Some(*at), said)
}

fn planned(acts: &Acts) -> Mark {
    let all: Vec<&Mitigation> = acts.applied().map(|(_, one)| one).collect();
    let good =
        all.iter().filter(|one| !one.plan.intent.trim().is_empty() && !one.plan.undo.trim().is_empty());
    let good = good.count();
    if all.is_empty() {
        return Mark::missing("no mitigation was logged");
    }
    Mark::new(
        good as f64 / all.len() as f64,
        None,
        format!("{good} of {} with intent and a way to undo it", all.len()),
    )
}

fn verified(key: &AnswerKey, acts: &Acts) -> Mark {
    let helping = acts.with_effect(key, LeverEffect::Mends).chain(acts.with_effect(key, LeverEffect::Eases));
    let helping: Vec<(Time, &Mitigation)> = helping.collect();
    if helping.is_empty() {
        return Mark::missing("there was nothing that helped to be measured");
    }
    let measured = acts.all.iter().find(|act| match act.what {
        What::MitigationMeasured { mitigation, .. } => helping
            .iter()
            .any(|(at, one)| one.entry == *mitigation && act.at >= *at + one.plan.kind.usual_ramp()),
        _ => false,
    });
    match measured {
        Some(act) => Mark::new(1.0, Some(act.at), format!("measured: {}", act.what.line().1)),
        None => Mark::missing("not measured after it had time to act"),
    }
}

fn cleaned_up(key: &AnswerKey, acts: &Acts) -> Mark {
    let left = acts.with_effect(key, LeverEffect::Worsens).filter(|(_, one)| one.is_in_force()).count();
    let endless = acts.applied().filter(|(_, one)| one.is_in_force() && one.plan.expires.is_none()).count();
    match (left, endless) {
        (0, 0) => Mark::new(1.0, None, "what is in force has an end"),
        (0, endless) => Mark::new(0.5, None, format!("{endless} in force without an expiry")),
        (left, _) => Mark::missing(format!("{left} that made it worse are still in force")),
    }
}
