//! Running the bridge from the screen: clocks, steps that lead to their evidence, the board, runbooks, publishing.

use super::super::testing::Cockpit;
use super::super::{Book, Destination, Effect, Msg, Preview, View};
use super::VIEWS;
use crate::incident::{Audience, Phase, Service, What};
use crate::telemetry::Nanos;
use insta::assert_snapshot;

/// What was recorded last.
fn recorded(cockpit: &Cockpit) -> &What {
    match cockpit.effects.last() {
        Some(Effect::Record(whats)) => &whats.last().unwrap().1,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_clocks_stand_on_every_screen_whatever_lies_over_it() {
    for (width, words) in [
        (80, ["impact 00:", "declared 00:", "told 00:", "OVERDUE "]),
        (120, ["impact 00:", "declared 00:", "last update 00:", "update OVERDUE "]),
        (200, ["impact 00:", "declared 00:", "last update 00:", "update OVERDUE "]),
    ] {
        let mut cockpit = Cockpit::on_a_bridge().sized(width, 36);
        let later = cockpit.data().now + Nanos::seconds(1_800);
        cockpit.tell(Msg::Tick(later));
        let check = |cockpit: &mut Cockpit, keys: &str| {
            let screen = cockpit.press(keys).screen();
            let head = screen.lines().next().unwrap();
            assert!(words.iter().all(|word| head.contains(word)), "{width} after {keys}: {head}");
        };
        for (key, _) in VIEWS {
            check(&mut cockpit, key);
        }
        for keys in ["2 enter", "1 ?", "esc ctrl-p", "esc shift-d", "esc shift-m", "esc shift-u", "esc :"] {
            check(&mut cockpit, keys);
        }
        for keys in ["esc c", "esc shift-t", "esc shift-b", "esc shift-k", "esc shift-o", "esc shift-w"] {
            check(&mut cockpit, keys);
        }
    }
}

#[test]
fn an_update_that_is_not_due_yet_counts_down() {
    let mut cockpit = Cockpit::on_a_bridge().sized(140, 24);
    let due = cockpit.data().incident.as_ref().unwrap().update_due().unwrap();
    cockpit.tell(Msg::Tick(due - Nanos::seconds(192)));
    let head = cockpit.screen().lines().next().unwrap().to_owned();
    assert!(cockpit.screen().contains("check partition lag OVERDUE"), "{}", cockpit.screen());
    assert!(head.contains("update in 03:12") && !head.contains("update OVERDUE"), "{head}");
}

#[test]
fn every_step_leads_to_what_its_answer_rests_on() {
    let open = |down: usize| {
        let mut cockpit = Cockpit::on_a_bridge().sized(120, 36);
        cockpit.tell(Msg::Catalogue(vec![Service {
            name: "erp-adapter".into(),
            pager: Some("erp-oncall".into()),
            dashboards: vec!["https://grafana.example.net/d/erp".into()],
            flows: vec!["kong POST".into()],
            ..Service::default()
        }]));
        cockpit.press("right");
        (0..down).for_each(|_| {
            cockpit.press("j");
        });
        cockpit.press("enter");
        cockpit
    };
    let failing = open(0);
    assert_eq!((failing.ui.view, failing.data().filter.verdicts.len()), (View::Flows, 2));
    let since = open(1);
    assert!(since.data().range.is_some() && since.ui.view == View::Metrics);
    let stops = open(2);
    assert_eq!(
        (stops.ui.view, &stops.data().filter.stops[..]),
        (View::Flows, &["erp-adapter".to_owned()][..])
    );
    let mut change = open(3);
    assert!(change.screen().contains("certificate of erp-gw rotated"), "{}", change.screen());
    // Nobody owns it by the evidence: it is asked.
    let mut owner = open(4);
    owner.write("ERP integration").press("enter");
    assert!(matches!(recorded(&owner), What::Step { question, answer, .. }
        if question == "Who owns it?" && answer == "ERP integration"));
    let mut hit = open(5);
    let screen = hit.screen();
    assert!(screen.contains("14 of 18 flows failed") && screen.contains("about 310 customers"), "{screen}");
}

#[test]
fn the_owner_s_page_says_whom_to_call_and_what_became_of_the_flows_that_are_expected() {
    let mut cockpit = Cockpit::on_a_bridge().sized(120, 36);
    let mut picture = (*cockpit.data().picture).clone();
    picture.findings.owner = Some("ERP integration".into());
    cockpit.tell(Msg::Picture(std::sync::Arc::new(picture)));
    cockpit.tell(Msg::Catalogue(vec![Service {
        name: "erp-adapter".into(),
        pager: Some("erp-oncall".into()),
        dashboards: vec!["https://grafana.example.net/d/erp".into()],
        flows: vec!["kong POST".into(), "no such".into()],
        ..Service::default()
    }]));
    let screen = cockpit.press("right j j j j enter").screen();
    for said in ["erp-oncall", "grafana.example.net/d/erp", "kong POST:", "no such: none was seen"] {
        assert!(screen.contains(said), "{said} in {screen}");
    }
}

#[test]
fn a_person_answers_a_step_and_an_ask_where_they_stand() {
    let mut cockpit = Cockpit::on_a_bridge().sized(120, 36);
    cockpit.press("right i").write("only web orders").press("enter");
    assert!(matches!(recorded(&cockpit), What::Step { question, answer, .. }
        if question == "What is failing?" && answer == "only web orders"));
    // The ask stands under "now", with its time.
    assert!(cockpit.screen().contains("@kafka-oncall check partition lag OVERDUE"), "{}", cockpit.screen());
    cockpit.press("right enter").write("no lag").press("enter");
    assert!(matches!(recorded(&cockpit), What::Answered { ask: 5, answer } if answer == "no lag"));
}

#[test]
fn an_incident_is_declared_by_two_keys_from_what_the_cursor_is_on() {
    let mut cockpit = Cockpit::with_sample();
    cockpit.press("6 shift-d");
    assert!(cockpit.screen().contains("pinned with it: suspect erp-adapter"), "{}", cockpit.screen());
    cockpit.press("enter");
    let [Effect::Declare { whats, pin: Some(pin) }] = &cockpit.effects[..] else {
        panic!("{:?}", cockpit.effects)
    };
    assert!(matches!(&whats[0].1, What::Declared { severity, title, .. }
        if severity.to_string() == "SEV1" && title.contains("erp-adapter")));
    assert!(matches!(&whats[1].1, What::ImpactBegan { .. }));
    assert!(matches!(&**pin, Effect::Pin { lines, .. } if !lines.is_empty()));
    // From nothing, a title is asked for.
    let mut cockpit = Cockpit::bare();
    cockpit.press("shift-d enter");
    assert!(cockpit.screen().contains("what is it?"));
    cockpit.write("Orders stuck").press("enter").write("ynnnn").press("enter");
    let [Effect::Declare { whats, pin: None }] = &cockpit.effects[..] else {
        panic!("{:?}", cockpit.effects)
    };
    assert!(matches!(&whats[0].1, What::Declared { severity, .. } if severity.to_string() == "SEV3"));
}

#[test]
fn the_board_counts_down_weighs_hypotheses_and_judges_them() {
    let mut cockpit = Cockpit::on_a_bridge_with_a_board().sized(120, 36);
    assert_snapshot!("board_120x36", cockpit.press("shift-b").screen());
    cockpit.press("j").press("enter").write("refuted it resolves everywhere").press("enter");
    assert!(matches!(recorded(&cockpit), What::HypothesisJudged { hypothesis: 9, reason, .. }
        if reason == "it resolves everywhere"));
    cockpit.press(":").write("for 9 PKIX in the log").press("enter");
    assert!(matches!(recorded(&cockpit), What::HypothesisEvidence { hypothesis: 9, is_for: true, .. }));
    cockpit.press(":").write("against 4 x").press("enter");
    assert!(cockpit.screen().contains("entry 4 is no hypothesis"));
    assert_snapshot!("board_80x24", Cockpit::on_a_bridge_with_a_board().press("shift-b").screen());
}

#[test]
fn any_entry_is_taken_back_or_said_anew_by_its_number() {
    let mut cockpit = Cockpit::on_a_bridge();
    cockpit.press(":").write("undo 4").press("enter");
    assert_eq!(recorded(&cockpit), &What::Undone { entry: 4 });
    cockpit.press(":").write("correct #4 -5m it expired at 10:41").press("enter");
    assert!(matches!(recorded(&cockpit), What::Corrected { entry: 4, happened: Some(_), what }
        if **what == What::fact("it expired at 10:41")));
    cockpit.press(":").write("undo 99").press("enter");
    assert!(cockpit.screen().contains("no entry 99 stands"));
    let page = cockpit.press("esc home enter").screen();
    assert!(page.contains("#8 phase by ann") && page.contains(":undo 8 takes it back"), "{page}");
}

#[test]
fn a_runbook_is_ticked_off_on_the_screen_and_its_steps_answer_themselves() {
    let mut cockpit = Cockpit::on_a_bridge().sized(120, 36);
    cockpit.press("shift-o");
    assert_eq!(cockpit.effects, [Effect::ReadBooks]);
    let text = "# Certificate of erp-gw\n- [ ] Read NotAfter\n```sh\nopenssl x509 -enddate\n```\n- [ ] What changed?\n```bridgewatch\nchanges\n```\n";
    cockpit.tell(Msg::Books(vec![
        Book { system: "billing".into(), text: Err("cannot read billing.md".into()) },
        Book { system: "erp-adapter".into(), text: Ok(text.into()) },
    ]));
    assert_snapshot!("runbook_120x36", cockpit.screen());
    cockpit.press("shift-y");
    assert_eq!(cockpit.effects.last(), Some(&Effect::Copy("openssl x509 -enddate".into())));
    cockpit.press("enter").write("it was yesterday").press("enter");
    assert!(matches!(recorded(&cockpit), What::Step { stage, question, answer }
        if stage == "Certificate of erp-gw" && question == "Read NotAfter" && answer == "it was yesterday"));
    assert!(cockpit.press("j").screen().contains("certificate of erp-gw rotated"), "{}", cockpit.screen());
    assert!(cockpit.press("right").screen().contains("cannot read billing.md"));
}

fn jira() -> Destination {
    Destination { name: "ops".into(), kind: "jira".into(), ..Destination::default() }
}

#[test]
fn nothing_is_published_that_was_not_seen_and_only_what_was_seen() {
    let mut cockpit = Cockpit::on_a_bridge().sized(100, 30);
    cockpit.ui.data.targets = vec![jira()];
    let screen = cockpit.press("shift-w").screen();
    assert!(screen.contains("[write-up]") && screen.contains("ops"), "{screen}");
    cockpit.press("right right enter");
    let asked = Effect::Plan { target: "ops".into(), update: Some(Audience::Executive) };
    assert_eq!(cockpit.effects, [asked]);
    cockpit.press("shift-w");
    assert!(
        !cockpit.effects.iter().any(|effect| matches!(effect, Effect::Publish(_))),
        "it was not seen yet"
    );
    let preview =
        Preview { destination: jira(), text: "POST /issue\n{ … }".into(), token: Some("1f0c77ab".into()) };
    cockpit.tell(Msg::Preview(Box::new(preview)));
    assert!(cockpit.screen().contains("POST /issue"));
    cockpit.press("shift-w");
    assert_eq!(cockpit.effects.last(), Some(&Effect::Publish("1f0c77ab".into())));
    assert!(!cockpit.screen().contains("POST /issue"), "it is closed, and a second key sends nothing");
}

#[test]
fn what_everybody_can_read_is_asked_for_twice_and_what_has_no_way_goes_by_hand() {
    let mut cockpit = Cockpit::on_a_bridge().sized(100, 30);
    let page = Destination { name: "status".into(), is_public: true, is_outside: true, ..jira() };
    let link = Destination { name: "snow".into(), is_by_hand: true, ..jira() };
    cockpit.ui.data.targets = vec![page.clone(), link];
    cockpit.press("shift-w enter");
    let preview = Preview { destination: page, text: "x".into(), token: Some("a".into()) };
    cockpit.tell(Msg::Preview(Box::new(preview)));
    cockpit.press("shift-w");
    assert!(!matches!(cockpit.effects.last(), Some(Effect::Publish(_))));
    assert!(cockpit.screen().contains("everybody can read a status page"));
    cockpit.press("shift-w");
    assert_eq!(cockpit.effects.last(), Some(&Effect::Publish("a".into())));
    cockpit.press("shift-w j enter");
    assert_eq!(cockpit.effects.last(), Some(&Effect::ByHand { target: "snow".into(), update: None }));
}

#[test]
fn a_part_of_the_write_up_is_finished_where_it_stands() {
    let mut cockpit = Cockpit::on_a_bridge().sized(120, 36);
    cockpit.press("8 j j j j enter");
    assert!(cockpit.screen().contains("root cause: "), "{}", cockpit.screen());
    cockpit.press("ctrl-u").write("nothing watched it (#4) ¶ and nobody knew").press("enter");
    assert!(matches!(recorded(&cockpit), What::RcaField { field, text }
        if field == "root_cause" && text.ends_with("nothing watched it (#4)\nand nobody knew")));
    cockpit.press("j enter").write("detection no alert (#4)").press("enter");
    assert!(matches!(recorded(&cockpit), What::RcaFactor { factor } if factor.class == "detection"));
    let screen = cockpit.screen();
    assert!(!screen.contains("root_cause"), "fields are called by words: {screen}");
}

#[test]
fn a_review_says_what_is_open_how_sure_times_are_and_what_was_like_it() {
    let mut cockpit = Cockpit::on_a_bridge().sized(120, 40);
    let now = cockpit.data().incident.clone().unwrap();
    let past = |id: &str| crate::incident::Incident { id: id.into(), ..now.clone() };
    cockpit.tell(Msg::Incidents(vec![past("INC-0007"), past("INC-0008"), now.clone()]));
    let screen = cockpit.press("shift-k").screen();
    for said in [
        "MTTD mean",
        "95 %",
        "actions open",
        "change failure rate",
        "like INC-0042",
        "INC-0007 Orders do not",
    ] {
        assert!(screen.contains(said), "{said} in {screen}");
    }
}

#[test]
fn a_mitigation_is_proposed_with_its_guards() {
    let mut cockpit = Cockpit::on_a_bridge();
    cockpit.press("shift-m down down down down down").write("kong latency, cpu");
    cockpit.press("down down down down down down right enter");
    assert!(matches!(recorded(&cockpit), What::MitigationProposed { mitigation }
        if mitigation.guards == ["kong latency", "cpu"]));
    cockpit.press(":").write("extend 30").press("enter");
    assert!(matches!(recorded(&cockpit), What::MitigationExtended { mitigation: 7, .. }));
}

#[test]
fn the_write_up_is_drafted_into_the_record_at_resolve() {
    let mut cockpit = Cockpit::on_a_bridge();
    cockpit.ui.data.incident.as_mut().unwrap().phase = Phase::Monitoring;
    cockpit.press("shift-p");
    let [Effect::Record(whats)] = &cockpit.effects[..] else { panic!("{:?}", cockpit.effects) };
    let is_summary = |what: &What| matches!(what, What::RcaField { field, text } if field == "summary" && text.contains("14 of 18 flows"));
    assert!(whats.iter().any(|(_, what)| is_summary(what)), "{whats:?}");
    assert_eq!(recorded(&cockpit), &What::PhaseChanged { phase: Phase::Resolved });
}

#[test]
fn a_clock_time_is_one_of_the_clock_that_is_shown() {
    let fact_at = |keys: &str, typed: &str| {
        let mut cockpit = Cockpit::on_a_bridge();
        cockpit.press(keys).write(typed).press("enter");
        let [Effect::Record(whats)] = &cockpit.effects[..] else { panic!("{:?}", cockpit.effects) };
        whats[0].0
    };
    let utc = fact_at("n", "10:41 the certificate expired");
    assert_eq!(fact_at("z n", "11:41 the certificate expired"), utc, "an hour ahead of UTC");
    assert!(utc.to_string().contains("T10:41:00"), "{utc}");
}
