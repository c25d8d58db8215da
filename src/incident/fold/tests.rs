//! Journals replayed: what stands, what was taken back, what was said anew.

use super::super::{Draft, HypothesisVerdict, MitigationKind, Plan, seal};
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
    let mut whats =
        vec![declared(), What::fact("lag is 9"), corrected(2, "lag is 9 000"), corrected(3, "lag is 90 000")];
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
fn one_person_commands_and_several_know_their_matter() {
    let assigned =
        |role, person: &str| What::RoleAssigned { role, person: person.into(), note: String::new() };
    let incident = Incident::replay(
        "x",
        &journal(vec![
            declared(),
            assigned(Role::IncidentCommander, "ann"),
            assigned(Role::SubjectMatterExpert, "kim"),
            assigned(Role::SubjectMatterExpert, "lee"),
            assigned(Role::SubjectMatterExpert, "kim"),
            assigned(Role::IncidentCommander, "bob"),
        ]),
    );
    assert_eq!(incident.roles[&Role::IncidentCommander], "bob");
    assert_eq!(incident.roles[&Role::SubjectMatterExpert], "kim, lee");
    assert_eq!(incident.hand_overs[4].from.as_deref(), Some("ann"));
}

#[test]
fn times_that_were_said_later_are_known_less_exactly() {
    let mut entries = journal(vec![
        declared(),
        What::ImpactBegan { time: Time::from_seconds(9), uncertainty: Nanos::seconds(20) },
    ]);
    let said = Draft::new(Time::from_seconds(1_773_490_000), "ann", What::Acknowledged)
        .happened(Time::from_seconds(1_773_480_600));
    entries.push(seal(said, 3, &entries[1].hash));
    let margins = Incident::replay("x", &entries).margins;
    assert_eq!(
        (margins.declared, margins.acknowledged, margins.impact_began),
        (Nanos::seconds(1), Margins::SAID, Nanos::seconds(20))
    );
    // What older versions recorded says nothing of how exact it is.
    let old = entries[1].body.replace(",\"uncertainty\":20000000000", "");
    assert_ne!(old, entries[1].body);
    let old = Entry::stored(2, old, String::new());
    assert!(matches!(old.draft.what, What::ImpactBegan { uncertainty: Nanos::ZERO, .. }));
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
        (any::<i64>()).prop_map(|nanos| What::ImpactBegan { time: Time(nanos), uncertainty: Nanos::ZERO }),
        (0u32..u32::MAX).prop_map(|minutes| What::Asked { who: "x".into(), question: "y".into(), minutes }),
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
