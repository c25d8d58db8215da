//! A drill on the cockpit: what the candidate sees of it, and what their keys do.

use super::super::testing::Cockpit;
use super::super::{Effect, Msg};
use crate::drill::{Command, Happening, Hint, Line, Log, Scenario, Start};
use crate::incident::What;
use crate::telemetry::{Nanos, Time};
use insta::assert_snapshot;

fn scenario() -> Scenario {
    Scenario {
        title: "Invoices do not reach billing".into(),
        brief: "Since ten o'clock invoices are missing. The gateway alert fired.".into(),
        goals: vec!["find where flows stop".into()],
        hints: vec![Hint { text: "Look at the ERP's certificate.".into(), cost: 5 }],
        ..Scenario::default()
    }
}

fn begun(now: Time, hides_suspects: bool) -> Log {
    let start = Start { scenario: scenario(), minutes: 30, speed: 10.0, hides_suspects, ..Start::default() };
    let begin = now - Nanos::seconds(150);
    Log::of(&[
        Line::new(begin, Happening::Started(Box::new(start))),
        Line::new(begin, Happening::Paged { text: "GatewayErrorRateHigh: 5xx above 5 %".into() }),
        Line::new(now, Happening::Pace { speed: 10.0, wall: now }),
    ])
}

fn with(cockpit: &mut Cockpit, what: Happening) {
    let now = cockpit.data().now;
    let mut log = cockpit.data().drill.as_deref().cloned().unwrap_or_else(|| begun(now, false));
    log.apply(&Line::new(now, what));
    cockpit.tell(Msg::Drill(Box::new(log)));
}

fn drilled() -> Cockpit {
    let mut cockpit = Cockpit::on_a_bridge();
    let log = begun(cockpit.data().now, false);
    cockpit.tell(Msg::Drill(Box::new(log)));
    cockpit
}

#[test]
fn the_brief_opens_by_itself_and_every_view_says_that_it_is_a_drill() {
    let mut cockpit = drilled();
    assert_snapshot!("brief_80x24", cockpit.screen());
    cockpit.press("esc");
    for view in ["1", "2", "3", "4", "5", "6", "7", "8", "9"] {
        let head = cockpit.press(view).screen().lines().next().unwrap().to_owned();
        assert!(head.contains("DRILL") && head.contains("drill 27:30 left ×10"), "{head}");
    }
    let mut bare = Cockpit::with_sample();
    let log = begun(bare.data().now, false);
    bare.tell(Msg::Drill(Box::new(log)));
    let head = bare.press("esc").screen().lines().next().unwrap().to_owned();
    assert!(head.contains("DRILL"), "before an incident is declared too: {head}");
}

#[test]
fn what_is_declared_in_a_drill_is_marked_as_one() {
    let mut cockpit = Cockpit::with_sample();
    let log = begun(cockpit.data().now, false);
    cockpit.tell(Msg::Drill(Box::new(log)));
    cockpit.press("esc shift-d").write("Orders stop").press("enter enter");
    let declared = cockpit.effects.iter().find_map(|effect| match effect {
        Effect::Record(whats) => whats.first(),
        _ => None,
    });
    assert!(matches!(declared, Some((_, What::Declared { is_drill: true, .. }))), "{:?}", cockpit.effects);
}

#[test]
fn alerts_calls_and_hints_show_by_themselves_and_take_no_keys() {
    let mut cockpit = drilled().sized(120, 36);
    cockpit.press("esc n").write("pool is ");
    with(&mut cockpit, Happening::Paged { text: "QueueGrowing: erp.orders above 20".into() });
    let (name, from, text) =
        ("ceo".into(), "The CFO".into(), "What is lost, and when do I hear from you?".into());
    with(&mut cockpit, Happening::InjectGiven { name, from, text });
    cockpit.write("full");
    assert_snapshot!("toasts_120x36", cockpit.screen());
    cockpit.press("enter");
    assert!(matches!(&cockpit.effects[..], [Effect::Record(_)]), "{:?}", cockpit.effects);
    cockpit.press("esc");
    assert!(!cockpit.screen().contains("The CFO"), "esc clears them");
    assert!(cockpit.press("shift-i").screen().contains("The CFO"), "the brief keeps them");
}

#[test]
fn p_pauses_and_lets_it_go_on_and_a_hint_is_asked_for_twice() {
    let mut cockpit = drilled();
    cockpit.press("esc p shift-s");
    let asked = |command| Effect::Drill(command);
    assert_eq!(cockpit.effects, [asked(Command::Pause), asked(Command::Step { minutes: 1 })]);
    cockpit.effects.clear();
    let now = cockpit.data().now;
    with(&mut cockpit, Happening::Pace { speed: 0.0, wall: now });
    assert!(cockpit.screen().contains("PAUSED"));
    cockpit.press("p shift-h");
    assert!(cockpit.screen().contains("costs 5 points"), "{}", cockpit.screen());
    cockpit.press("j shift-h");
    assert_eq!(cockpit.effects, [asked(Command::Resume)], "another key in between: it asks again");
    cockpit.press("shift-h");
    assert_eq!(cockpit.effects, [asked(Command::Resume), asked(Command::Hint)]);
    with(&mut cockpit, Happening::HintTaken { cost: 5, text: "Look at the ERP's certificate.".into() });
    assert!(cockpit.screen().contains("hint (−5 points)"));
    assert!(cockpit.press("esc shift-h").screen().contains("no hint left"));
}

#[test]
fn restarting_and_ending_take_a_second_key_and_without_a_drill_it_says_how_to_begin_one() {
    let mut cockpit = drilled();
    cockpit.press("esc shift-z");
    assert!(cockpit.effects.is_empty());
    cockpit.press("shift-z shift-x shift-x");
    assert_eq!(cockpit.effects, [Effect::RestartDrill, Effect::Drill(Command::End)]);
    let mut without = Cockpit::with_sample();
    assert!(without.press("p").screen().contains("drill start"));
}

#[test]
fn hidden_suspects_are_hidden_wherever_they_would_show() {
    let mut cockpit = Cockpit::with_sample().sized(120, 36);
    let picture = (*cockpit.data().picture).clone().without_suspects();
    cockpit.tell(Msg::Picture(std::sync::Arc::new(picture)));
    for view in ["1", "6", "7", "8"] {
        let screen = cockpit.press(view).screen();
        assert!(!screen.contains("0.87") && !screen.contains("expired-certificate"), "{screen}");
    }
    assert!(cockpit.press("6").screen().contains("hidden in this drill"));
    assert!(cockpit.screen().contains("onset"), "when it began may be known");
}
