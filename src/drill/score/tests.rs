//! Records and what they score, objective by objective.

use super::super::estate::{Clue, Lever, LeverEffect, Remedy};
use super::super::log::{Happening, Hinted, Line, Start};
use super::super::{Terms, rubric::Check};
use super::*;
use crate::incident::{
    Action, Assessment, Draft, Factor, Impact, IncidentSeverity, MitigationKind, Pin, PinKind, Plan, Role,
    What, Why, seal,
};
use crate::telemetry::Nanos;

const BEGIN: i64 = 100_000;

fn at(minutes: f64) -> Time {
    Time::from_seconds(BEGIN) + Nanos((minutes * 60e9) as i64)
}

fn key() -> AnswerKey {
    let remedy = |kind, system: &str, effect| Remedy {
        lever: Lever { kind, system: system.into(), target: None },
        effect,
        why: String::new(),
    };
    AnswerKey {
        severity: IncidentSeverity::Sev2,
        root_cause: Terms::new(["erp", "certificate|tls"]),
        trigger: Terms::new(["notafter|expired"]),
        factors: vec![Terms::new(["alert"]), Terms::new(["renewal"]), Terms::new(["retry"])],
        hit: vec!["web-order".into(), "customer".into()],
        evidence: vec![Clue {
            system: "mule".into(),
            file: "mule/app.log".into(),
            signal: "log".into(),
            what: "PKIX".into(),
        }],
        levers: vec![
            remedy(MitigationKind::Failover, "erp", LeverEffect::Mends),
            remedy(MitigationKind::QueueBuffering, "mule", LeverEffect::Eases),
            remedy(MitigationKind::Scale, "mule", LeverEffect::Worsens),
        ],
        onset: Some(at(-5.0)),
    }
}

fn log() -> Log {
    Log::of(&[Line::new(at(0.0), Happening::Started(Box::new(Start { minutes: 30, ..Start::default() })))])
}

/// A record: what was recorded at which minute.
fn record(whats: Vec<(f64, What)>) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    for (minute, what) in whats {
        let previous = entries.last().map_or(String::new(), |entry| entry.hash.clone());
        entries.push(seal(Draft::new(at(minute), "ann", what), entries.len() as u64 + 1, &previous));
    }
    entries
}

fn declared(severity: IncidentSeverity) -> What {
    What::Declared { title: "Orders fail".into(), severity, impact: Impact::default(), is_drill: true }
}

fn mitigated(kind: MitigationKind, target: &str) -> What {
    let plan = Plan { kind, target: target.into(), intent: "x".into(), undo: "y".into(), ..Plan::default() };
    What::MitigationStarted { mitigation: plan }
}

fn hypothesis(text: &str) -> What {
    What::Hypothesis { text: text.into(), next_test: String::new() }
}

fn update() -> What {
    What::StatusUpdate { audience: "technical".into(), text: "we look".into() }
}

/// The points of a check worth a hundred.
fn points(check: Check, entries: &[Entry]) -> u32 {
    let log = log();
    let rubric = Rubric {
        objectives: vec![Objective {
            name: "one".into(),
            title: "one".into(),
            dimension: Dimension::Operability,
            points: 100,
            check,
        }],
    };
    score(&rubric, &key(), entries, &log, at(30.0)).points
}

#[test]
fn declaring_late_costs_half_and_later_everything_and_dating_back_helps_nothing() {
    let check = || Check::Declared { minutes: 5 };
    let by = |minute| points(check(), &record(vec![(minute, declared(IncidentSeverity::Sev2))]));
    assert_eq!((by(4.9), by(8.0), by(11.0), points(check(), &[])), (100, 50, 0, 0));
    let mut late = Draft::new(at(11.0), "ann", declared(IncidentSeverity::Sev2));
    late.happened = at(1.0);
    assert_eq!(points(check(), &[seal(late, 1, "")]), 0);
}

#[test]
fn the_severity_that_stood_longest_counts_and_in_doubt_the_higher() {
    let of = |whats| points(Check::Severity, &record(whats));
    assert_eq!(of(vec![(1.0, declared(IncidentSeverity::Sev2))]), 100);
    assert_eq!(of(vec![(1.0, declared(IncidentSeverity::Sev1))]), 50);
    assert_eq!(of(vec![(1.0, declared(IncidentSeverity::Sev3))]), 0);
    let mended = What::SeverityChanged { severity: IncidentSeverity::Sev2, reason: String::new() };
    assert_eq!(of(vec![(1.0, declared(IncidentSeverity::Sev4)), (5.0, mended)]), 100);
}

#[test]
fn updates_count_by_the_cadence_of_the_right_severity() {
    let of = |minutes: &[f64]| {
        let mut whats = vec![(1.0, declared(IncidentSeverity::Sev2))];
        whats.extend(minutes.iter().map(|minute| (*minute, update())));
        points(Check::UpdatesOnCadence, &record(whats))
    };
    assert_eq!((of(&[]), of(&[10.0]), of(&[10.0, 20.0])), (0, 100, 100));
    let slow = [(1.0, declared(IncidentSeverity::Sev2)), (1.1, What::CadenceChanged { minutes: 600 })];
    assert_eq!(points(Check::UpdatesOnCadence, &record(slow.to_vec())), 0, "a slower cadence of one's own");
}

#[test]
fn the_first_hypothesis_that_names_the_cause_counts_by_its_time() {
    let of = |whats| points(Check::FirstCorrectHypothesis { minutes: 10 }, &record(whats));
    assert_eq!(
        of(vec![(3.0, hypothesis("the network")), (9.0, hypothesis("TLS certificate of the ERP"))]),
        100
    );
    assert_eq!(of(vec![(15.0, hypothesis("erp certificate"))]), 50);
    assert_eq!(of(vec![(21.0, hypothesis("erp certificate"))]), 0);
    assert_eq!(of(vec![(3.0, hypothesis("erp is slow"))]), 0);
    let taken_back = vec![(3.0, hypothesis("erp certificate")), (4.0, What::Undone { entry: 1 })];
    assert_eq!(of(taken_back), 0, "what was taken back was not said");
}

#[test]
fn mitigations_are_worth_what_they_do_in_truth() {
    let right = || Check::RightMitigation { minutes: 15 };
    let of = |check: Check, whats| points(check, &record(whats));
    let failover = || mitigated(MitigationKind::Failover, "the ERP");
    let buffer = || mitigated(MitigationKind::QueueBuffering, "mule");
    let scale = || mitigated(MitigationKind::Scale, "mule");
    assert_eq!(of(right(), vec![(10.0, failover())]), 100);
    assert_eq!(of(right(), vec![(16.0, failover())]), 50);
    assert_eq!(of(right(), vec![(10.0, buffer())]), 50, "it only eases");
    assert_eq!(of(right(), vec![(10.0, scale())]), 0);
    let wrong = || Check::NoWrongMitigation;
    assert_eq!(of(wrong(), vec![(10.0, failover())]), 100);
    assert_eq!(of(wrong(), vec![(10.0, scale())]), 50);
    let undone = What::MitigationUndone { mitigation: 1, reason: "worse".into() };
    assert_eq!(of(wrong(), vec![(10.0, scale()), (12.0, undone)]), 75);
    assert_eq!(of(wrong(), Vec::new()), 0, "who does nothing has not done well");
    assert_eq!(of(Check::LookedBeforeActing { facts: 2 }, vec![(10.0, failover())]), 0);
    let looked = vec![(8.0, What::fact("a")), (9.0, What::fact("b")), (10.0, failover())];
    assert_eq!(of(Check::LookedBeforeActing { facts: 2 }, looked), 100);
}

#[test]
fn an_effect_is_verified_only_after_it_had_time_to_act() {
    let measured = || What::MitigationMeasured {
        mitigation: 1,
        verdict: "better".into(),
        text: "better: 40 to 2 a minute".into(),
        effect: None::<Box<Assessment>>,
    };
    let of = |minute| {
        let whats = vec![(10.0, mitigated(MitigationKind::Failover, "erp")), (minute, measured())];
        points(Check::EffectVerified, &record(whats))
    };
    assert_eq!((of(10.2), of(12.0)), (0, 100));
}

#[test]
fn evidence_counts_where_it_lies() {
    let pin = |source: &str| {
        let pin = Pin::new(PinKind::Events, "x".into(), source.into(), None, at(6.0), vec!["line".into()]);
        Draft::new(at(6.0), "ann", What::EvidencePinned { text: "x".into() }).with_pins(vec![pin])
    };
    let of = |source| points(Check::EvidencePinned { at_least: 1 }, &[seal(pin(source), 1, "")]);
    assert_eq!((of("d/mule/app.log at byte 9"), of("kong/access.log")), (100, 0));
}

#[test]
fn a_write_up_is_matched_by_its_terms_and_a_person_overrules_the_words() {
    let written = |field: &str, text: &str| What::RcaField { field: field.into(), text: text.into() };
    let entries = record(vec![
        (20.0, written("root_cause", "the ERP's certificate had expired")),
        (20.1, written("trigger", "bad luck")),
        (20.2, What::RcaFactor { factor: Factor { class: "detection".into(), text: "no alert".into() } }),
        (20.3, What::RcaWhys { whys: vec![Why { depth: 0, text: "why".into(), evidence: "#1".into() }] }),
        (20.4, written("impact", "web-order failed for customers")),
    ]);
    assert_eq!(points(Check::RcaRootCause, &entries), 100);
    assert_eq!(points(Check::RcaTrigger, &entries), 0);
    assert_eq!(points(Check::RcaFactors { at_least: 2 }, &entries), 50);
    assert_eq!(points(Check::Whys { at_least: 2 }, &entries), 50);
    assert_eq!(points(Check::ImpactNamed, &entries), 100);
    let rubric = Rubric::built_in();
    let of = |log: &Log| score(rubric, &key(), &entries, log, at(30.0));
    let named =
        |score: &Score, name: &str| score.objectives.iter().find(|one| one.name == name).unwrap().clone();
    let before = of(&log());
    let trigger = named(&before, "rca-trigger");
    assert_eq!((trigger.points, trigger.matched.unwrap().text), (0, "bad luck".to_owned()));
    let mut ruled = log();
    ruled.rulings.insert("rca-trigger".into(), true);
    ruled.rulings.insert("rca-root-cause".into(), false);
    let after = of(&ruled);
    assert_eq!(named(&after, "rca-trigger").points, 5);
    assert_eq!(named(&after, "rca-root-cause").points, 0);
    assert_eq!(after.to_confirm + 2, before.to_confirm);
}

#[test]
fn a_systemic_action_counts_by_what_makes_it_real() {
    let action = |systemic: bool, owner: &str, due: &str, verification: &str| What::ActionAdded {
        action: Action {
            text: "alert".into(),
            owner: owner.into(),
            due: due.into(),
            verification: verification.into(),
            is_systemic: systemic,
            ..Action::default()
        },
    };
    let of = |what| points(Check::SystemicAction, &record(vec![(20.0, what)]));
    assert_eq!(of(action(true, "ann", "2026-05-01", "a test")), 100);
    assert_eq!(of(action(true, "", "", "")), 40);
    assert_eq!(of(action(false, "ann", "2026-05-01", "a test")), 0);
}

#[test]
fn hints_cost_and_an_inject_that_never_came_counts_for_nothing() {
    let check = Check::InjectAnswered { inject: "ceo".into(), minutes: 5, terms: Terms::new(["executive"]) };
    let entries = record(vec![
        (1.0, declared(IncidentSeverity::Sev2)),
        (
            2.0,
            What::RoleAssigned { role: Role::IncidentCommander, person: "ann".into(), note: String::new() },
        ),
        (14.0, What::StatusUpdate { audience: "executive".into(), text: "we know".into() }),
    ]);
    let rubric = Rubric::built_in().clone().with(&[Objective {
        name: "inject".into(),
        title: "answered".into(),
        dimension: Dimension::Communication,
        points: 10,
        check,
    }]);
    let plain = score(&rubric, &key(), &entries, &log(), at(30.0));
    assert_eq!(plain.objectives.last().unwrap().of, 0);
    let mut given = log();
    given.apply(&Line::new(
        at(12.0),
        Happening::InjectGiven { name: "ceo".into(), from: String::new(), text: String::new() },
    ));
    let answered = score(&rubric, &key(), &entries, &given, at(30.0));
    assert_eq!((answered.objectives.last().unwrap().points, answered.of), (10, plain.of + 10));
    given.hints.push(Hinted { at: at(3.0), cost: 5, text: "look".into() });
    let helped = score(&rubric, &key(), &entries, &given, at(30.0));
    assert_eq!((helped.hints, helped.percent + 5), (5, answered.percent));
    assert_eq!(score(&rubric, &key(), &entries, &given, at(30.0)), helped, "the same again is the same");
}

#[test]
fn what_is_recorded_after_the_end_does_not_count() {
    let entries = record(vec![(31.0, declared(IncidentSeverity::Sev2))]);
    assert_eq!(points(Check::Declared { minutes: 60 }, &entries), 0);
}
