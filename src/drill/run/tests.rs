//! What goes on in a drill, and that it is the same again.

use super::super::estate::{Mode, Plan as Faults, Strike};
use super::super::scenario::{Hint, When};
use super::*;
use crate::incident::{Draft, MitigationKind, Plan, What, seal};

fn begin() -> Time {
    Time::parse("2026-03-10T10:00:00Z").unwrap()
}

fn minute(count: i64) -> Time {
    begin() + Nanos::seconds(count * 60)
}

fn inject(name: &str, after: Cue, minutes: f64) -> Inject {
    let when = When { after, minutes };
    Inject { name: name.into(), from: "x".into(), text: "y".into(), when, strike: None }
}

fn start() -> Start {
    let plan = Faults {
        faults: vec![Strike {
            mode: Mode::ExpiredCertificate,
            place: "erp".into(),
            after_seconds: 2_400,
            severity: 0.9,
        }],
        ..Faults::default()
    };
    let scenario = Scenario {
        plan,
        injects: vec![
            inject("late", Cue::Brief, 12.0),
            inject("early", Cue::Brief, 2.5),
            inject("key", Cue::Key, 0.0),
            inject("mitigated", Cue::Mitigated, 1.0),
        ],
        hints: vec![Hint { text: "look".into(), cost: 3 }],
        ..Scenario::default()
    };
    Start { scenario, seed: 7, minutes: 20, speed: 1.0, ..Start::default() }
}

fn names(run: &Run) -> Vec<(i64, &str)> {
    let given = run.log().injects.iter();
    given.map(|one| ((one.at - begin()).as_seconds() as i64, one.name.as_str())).collect()
}

/// A record with a mitigation in it.
fn mitigated() -> Incident {
    let plan = Plan { kind: MitigationKind::Failover, target: "erp".into(), ..Plan::default() };
    let draft = Draft::new(minute(3), "ann", What::MitigationStarted { mitigation: plan });
    Incident::replay("INC-1", &[seal(draft, 1, "")])
}

#[test]
fn injects_come_at_their_time_whatever_the_steps_and_those_by_key_only_by_key() {
    let (mut slow, _) = Run::begin(start(), begin()).unwrap();
    for count in 1..=20 {
        slow.advance(minute(count));
    }
    let (mut fast, _) = Run::begin(start(), begin()).unwrap();
    fast.advance(minute(20));
    assert_eq!(names(&slow), [(150, "early"), (720, "late")]);
    assert_eq!(names(&fast), names(&slow));
    let (mut asked, _) = Run::begin(start(), begin()).unwrap();
    asked.advance(minute(1));
    assert_eq!(asked.give("key").lines.len(), 1);
    assert_eq!(names(&asked), [(60, "key")]);
    assert!(asked.give("unheard of").lines.is_empty());
}

#[test]
fn a_mitigation_acts_once_brings_what_follows_it_and_is_released_when_it_is_taken_back() {
    let (mut run, _) = Run::begin(start(), begin()).unwrap();
    run.advance(minute(3));
    let came = run.see(&mitigated());
    assert!(matches!(&came.lines[..], [Line { what: Happening::Pulled { entry: 1, .. }, .. }]), "{came:?}");
    assert!(run.see(&mitigated()).lines.is_empty(), "seen again, it is not pulled again");
    run.advance(minute(5));
    assert_eq!(names(&run), [(150, "early"), (240, "mitigated")]);
    let came = run.see(&Incident::default());
    assert!(matches!(&came.lines[..], [Line { what: Happening::Released { entry: 1, .. }, .. }]), "{came:?}");
    assert!(run.log().pulls[0].released.is_some());
}

#[test]
fn time_is_up_once_and_nothing_happens_after_it() {
    let (mut run, _) = Run::begin(start(), begin()).unwrap();
    run.advance(minute(50));
    assert_eq!(run.log().ended, Some((minute(20), "time is up".to_owned())));
    assert_eq!(run.advance(minute(60)), Came::default());
    assert_eq!(run.see(&mitigated()), Came::default());
    assert_eq!(run.hint(), Came::default());
}

#[test]
fn hints_come_in_their_order_at_their_price() {
    let (mut run, _) = Run::begin(start(), begin()).unwrap();
    assert_eq!(run.hint().lines.len(), 1);
    assert_eq!(run.hint(), Came::default(), "there was one");
    assert_eq!(run.log().hints[0].cost, 3);
}

#[test]
fn a_drill_that_is_taken_up_again_by_its_log_writes_the_same_bytes() {
    let (mut run, came) = Run::begin(start(), begin()).unwrap();
    let mut all = came;
    let mut take = |came: Came| {
        all.emissions.extend(came.emissions);
        all.lines.extend(came.lines);
    };
    take(run.advance(minute(3)));
    take(run.see(&mitigated()));
    take(run.advance(minute(9)));
    take(run.note(Happening::Pace { speed: 2.0, wall: begin() }));
    let (mut again, written) = Run::again(&all.lines, minute(9)).unwrap();
    assert_eq!(written, all.emissions);
    assert_eq!(again.log(), run.log());
    assert_eq!(again.advance(minute(20)), run.advance(minute(20)), "and they go on alike");
    assert!(Run::again(&[], begin()).is_err());
}
