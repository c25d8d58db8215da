//! What the gate lets pass, and what it refuses by name.

use super::super::fold::tests::{declared, journal};
use super::super::{
    Action, Factor, Mitigation, MitigationState, Phase, Pin, PinKind, Plan, Role, What, Why, entry::seal,
};
use super::*;
use crate::telemetry::Time;

/// Entry 2 has a pin, entry 3 is a fact, entry 4 was taken back.
fn good() -> (Incident, Rca) {
    let mut entries = journal(vec![
        declared(),
        What::EvidencePinned { text: "PKIX in the log".into() },
        What::fact("the certificate expired at 10:41"),
        What::fact("wrong"),
        What::Undone { entry: 4 },
        What::RoleAssigned { role: Role::Scribe, person: "Marisol".into(), note: String::new() },
    ]);
    let pin = Pin::new(PinKind::Events, "x".into(), "y".into(), None, Time(0), vec!["line".into()]);
    let pinned = entries[1].draft.clone().with_pins(vec![pin]);
    entries[1] = seal(pinned, 2, &entries[0].hash);
    let incident = Incident::replay("INC-1", &entries);
    let mut rca = Rca::default();
    for field in Rca::FIELDS {
        rca.set(field, "what happened (#2)");
    }
    rca.whys = vec![
        Why { depth: 0, text: "x".into(), evidence: "#2".into() },
        Why { depth: 1, text: "y".into(), evidence: "see #3".into() },
    ];
    rca.factors = vec![
        Factor { class: "change".into(), text: "a (#2)".into() },
        Factor { class: "detection".into(), text: "b (#3)".into() },
    ];
    let action = Action {
        owner: "ERP integration".into(),
        due: "2026-04-01".into(),
        verification: "the alert fires in a test".into(),
        is_systemic: true,
        text: "alert 30 days before a certificate expires".into(),
        ..Action::default()
    };
    rca.actions = vec![(7, action, false)];
    (incident, rca)
}

fn objections(change: impl Fn(&mut Incident, &mut Rca)) -> Vec<String> {
    let (mut incident, mut rca) = good();
    change(&mut incident, &mut rca);
    Gate::default().check(&incident, &rca).iter().map(|o| format!("{} {}", o.place, o.rule)).collect()
}

#[test]
fn a_good_write_up_passes() {
    assert_eq!(objections(|_, _| ()), [""; 0]);
}

#[test]
fn blame_hindsight_and_names_are_refused_wherever_they_stand() {
    assert_eq!(
        objections(|_, rca| rca.root_cause = "Human error by the operator #2".into()),
        ["root_cause blame"]
    );
    assert_eq!(
        objections(|_, rca| rca.went_badly = "We should have seen it".into()),
        ["went_badly hindsight"]
    );
    assert_eq!(
        objections(|_, rca| rca.factors[0].text = "obviously wrong #2".into()),
        ["factor 1 hindsight"]
    );
    assert_eq!(objections(|_, rca| rca.whys[1].text = "He forgot".into()), ["whys 2 blame"]);
    assert_eq!(objections(|_, rca| rca.trigger = "MARISOL rotated it #2".into()), ["trigger names"]);
    assert_eq!(
        objections(|_, rca| rca.actions[0].1.text = "be more careful".into()),
        ["action 1 vague action"]
    );
    assert_eq!(objections(|_, rca| rca.summary = "unclearly stated".into()), [""; 0], "whole words only");
}

#[test]
fn a_claim_without_a_pin_is_refused_and_so_is_one_that_cites_what_is_not_there() {
    assert_eq!(objections(|_, rca| rca.root_cause = "it expired".into()), ["root_cause evidence"]);
    assert_eq!(
        objections(|_, rca| rca.root_cause = "it expired #3".into()),
        ["root_cause evidence"],
        "a fact is no pin"
    );
    assert_eq!(objections(|_, rca| rca.factors[0].text = "no alert".into()), ["factor 1 evidence"]);
    assert_eq!(objections(|_, rca| rca.summary = "see #99".into()), ["summary citation"]);
    assert_eq!(objections(|_, rca| rca.summary = "see #4".into()), ["summary citation"], "it was taken back");
}

#[test]
fn a_why_past_its_evidence_is_refused_with_all_that_stands_on_it() {
    assert_eq!(objections(|_, rca| rca.whys[0].evidence.clear()), ["whys 1 evidence", "whys 2 evidence"]);
    assert_eq!(objections(|_, rca| rca.whys[1].evidence = "everybody knows".into()), ["whys 2 evidence"]);
    assert_eq!(objections(|_, rca| rca.whys[1].depth = 3), ["whys 2 gap"]);
    assert_eq!(objections(|_, rca| rca.whys.clear()), ["whys none"]);
    // Another branch does not stand on the one before it.
    let branch = |rca: &mut Rca| {
        rca.whys[1].evidence.clear();
        rca.whys.push(Why { depth: 1, text: "z".into(), evidence: "#3".into() });
    };
    assert_eq!(objections(|_, rca| branch(rca)), ["whys 2 evidence"]);
}

#[test]
fn actions_need_owner_due_date_verification_and_one_must_be_systemic() {
    assert_eq!(objections(|_, rca| rca.actions[0].1.owner.clear()), ["action 1 owner"]);
    assert_eq!(objections(|_, rca| rca.actions[0].1.due = "soon".into()), ["action 1 due date"]);
    assert_eq!(objections(|_, rca| rca.actions[0].1.verification.clear()), ["action 1 verification"]);
    assert_eq!(objections(|_, rca| rca.actions[0].1.is_systemic = false), ["actions systemic"]);
    assert_eq!(objections(|_, rca| rca.actions.clear()), ["actions none"]);
    assert_eq!(objections(|_, rca| rca.factors.truncate(1)), ["factors several"]);
    assert_eq!(objections(|_, rca| rca.factors[0].class = "luck".into()), ["factor 1 class"]);
    assert_eq!(objections(|_, rca| rca.summary.clear()), ["summary empty"]);
}

#[test]
fn times_out_of_order_and_loose_ends_are_refused() {
    let order = |incident: &mut Incident| {
        incident.impact_began = Some(Time::from_seconds(9));
        incident.impact_ended = Some(Time::from_seconds(8));
    };
    assert_eq!(objections(|incident, _| order(incident)), ["timeline order"]);
    let ahead = |incident: &mut Incident| incident.lines[0].happened = Time(incident.lines[0].recorded.0 + 1);
    assert_eq!(objections(|incident, _| ahead(incident)), ["timeline order"]);
    let in_force = |incident: &mut Incident| {
        let plan = Plan { target: "partner".into(), ..Plan::default() };
        incident.mitigations.push(Mitigation::new(9, Time(0), plan));
        incident.phase = Phase::Resolved;
    };
    assert_eq!(objections(|incident, _| in_force(incident)), ["mitigations in force"]);
    let looked_after = |incident: &mut Incident, rca: &mut Rca| {
        in_force(incident);
        rca.actions[0].1.text = "raise the limit of the partner again".into();
    };
    assert_eq!(objections(looked_after), [""; 0]);
    let undone = |incident: &mut Incident| {
        in_force(incident);
        incident.mitigations[0].state = MitigationState::Undone(Time(-5));
    };
    assert_eq!(objections(|incident, _| undone(incident)), ["timeline order"]);
}

#[test]
fn a_team_adds_rules_and_replaces_limits() {
    let (incident, mut rca) = good();
    let own = "[limits]\nfactors = 3\npinned = []\n[[rules]]\nname = \"jargon\"\nwhere = [\"summary\"]\nwords = [\"happened\"]\npatterns = ['(?i)\\bw\\w+t\\b']\nreason = \"is vague\"\n";
    rca.root_cause = "nothing cited".into();
    let found = Gate::with(Some(own)).unwrap().check(&incident, &rca);
    let said: Vec<String> = found.iter().map(|one| format!("{}: {}", one.place, one.reason)).collect();
    assert_eq!(said[..2], ["summary: `what` is vague", "summary: `happened` is vague"]);
    assert!(said[2].starts_with("factors: names 2") && said.len() == 3, "{said:?}");
    assert!(Gate::with(Some("[[rules]]\nnam = 1")).is_err());
    let broken = "[[rules]]\nname = \"x\"\nwhere = [\"*\"]\npatterns = [\"(\"]\nreason = \"y\"\n";
    assert!(Gate::with(Some(broken)).unwrap_err().contains("rules of the RCA gate"));
    // A rule of a known name replaces it, or drops it.
    let blame = |rca: &mut Rca| rca.summary = "human error, and a whoopsie".into();
    let replaced =
        "[[rules]]\nname = \"blame\"\nwhere = [\"summary\"]\nwords = [\"whoopsie\"]\nreason = \"is blame\"\n";
    let dropped = "[[rules]]\nname = \"blame\"\nwhere = []\nreason = \"\"\noff = true\n";
    for (own, expected) in [(replaced, vec!["`whoopsie` is blame"]), (dropped, vec![])] {
        let (incident, mut rca) = good();
        blame(&mut rca);
        let found = Gate::with(Some(own)).unwrap().check(&incident, &rca);
        assert_eq!(found.iter().map(|one| one.reason.as_str()).collect::<Vec<_>>(), expected);
    }
}

#[test]
fn an_account_that_is_nobody_forbids_no_words_and_an_alias_is_no_person() {
    let with_author = |incident: &mut Incident| incident.lines[0].author = "root".into();
    assert_eq!(
        objections(|incident, rca| {
            with_author(incident);
            incident.asks.push(super::super::Ask {
                entry: 9,
                who: "kafka-oncall".into(),
                question: "lag?".into(),
                asked: Time(0),
                due: Time(0),
                answer: None,
                is_expired: false,
            });
            rca.root_cause = "The root of it, said kafka-oncall #2".into();
        }),
        [""; 0]
    );
}
