//! What many incidents say together, and how little few of them say.

use super::super::{Action, Coverage, Factor};
use super::*;

fn incident(id: &str, minutes: i64, is_drill: bool, cause: &str) -> Incident {
    let mut incident = Incident { id: id.into(), is_drill, ..Incident::default() };
    incident.declared = Some(Time::from_seconds(0));
    incident.resolved = Some(Time::from_seconds(minutes * 60));
    incident.rca.root_cause = cause.into();
    incident
}

fn of(incidents: &[Incident]) -> Review {
    review(incidents, "2026-03-14", &[])
}

#[test]
fn shares_say_how_little_few_incidents_say_and_rates_need_a_week() {
    let mut both = [incident("a", 10, false, "x"), incident("b", 30, false, "y")];
    both[0].rca.factors.push(Factor { class: "change".into(), text: String::new() });
    let (share, low, high) = of(&both).change_share.unwrap();
    assert!((share - 0.5).abs() < 1e-9 && low < 0.10 && high > 0.90, "{low} {high}");
    assert_eq!(of(&both).major_in_30_days, None);
    both[1].declared = Some(Time::from_seconds(15 * 86_400));
    let coverage = |blind: &[&str]| Coverage {
        hops: 4,
        logs: 3,
        blind: blind.iter().map(|one| (*one).to_owned()).collect(),
        ..Default::default()
    };
    both[0].coverage = Some(coverage(&["mq"]));
    both[1].coverage = Some(coverage(&["mq", "crm"]));
    let all = of(&both);
    assert_eq!(all.major_in_30_days, Some(4.0), "both are SEV2 until somebody says better");
    assert_eq!((all.coverage, all.blind[0].clone()), (Some((8, 6, 0, 0)), ("mq".to_owned(), 2)));
}

#[test]
fn means_need_two_and_drills_never_count() {
    let one = [incident("a", 10, false, "x"), incident("d", 1, true, "x")];
    let alone = of(&one);
    assert_eq!((alone.incidents, alone.drills_left_out, alone.times.len()), (1, 1, 0));
    let two = [
        incident("a", 10, false, "certificate expired on gateway"),
        incident("b", 30, false, "expired certificate on the gateway"),
    ];
    let both = of(&two);
    let [ttr] = &both.times[..] else { panic!("{:?}", both.times) };
    assert_eq!((ttr.name, ttr.mean, ttr.incidents), ("TTR", Nanos::seconds(1_200), 2));
    assert_eq!((ttr.median, ttr.p90), (Nanos::seconds(1_800), Nanos::seconds(1_800)));
    assert!(ttr.low == Nanos::ZERO && ttr.high > Nanos::seconds(3_600), "two say next to nothing: {ttr:?}");
    assert_eq!(both.repeated[0].1, ["a", "b"]);
}

#[test]
fn more_incidents_that_agree_say_more() {
    let many: Vec<Incident> = (0..9).map(|one| incident("a", 18 + one % 3, false, "")).collect();
    let ttr = &of(&many).times[0];
    assert!(ttr.high.0 - ttr.low.0 < Nanos::seconds(120).0, "{ttr:?}");
}

#[test]
fn the_change_failure_rate_is_over_the_changes_that_are_known() {
    let mut all = [incident("a", 10, false, "x"), incident("b", 10, false, "y"), incident("c", 9, true, "z")];
    for one in &mut all {
        one.rca.factors.push(Factor { class: "change".into(), text: String::new() });
    }
    all[1].declared = Some(Time::from_seconds(90 * 86_400));
    assert_eq!(of(&all).change_failures, None, "no changes are known");
    let changes: Vec<Time> = (0..20).map(|hour| Time::from_seconds((hour - 10) * 3_600)).collect();
    let rate = review(&all, "2026-03-14", &changes).change_failures.unwrap();
    assert_eq!(
        (rate.failed, rate.changes),
        (1, 20),
        "the one long after them, and the drill, are none of theirs"
    );
    assert!(rate.low < 0.05 && 0.05 < rate.high && rate.high < 0.30, "{rate:?}");
}

#[test]
fn what_is_open_is_told_by_who_owes_it_and_what_is_late_first() {
    let mut one = incident("a", 10, false, "x");
    let action = |text: &str, due: &str| Action {
        text: text.into(),
        owner: "ann".into(),
        due: due.into(),
        ..Action::default()
    };
    one.rca.actions = vec![
        (4, action("someday", ""), false),
        (5, action("later", "2026-05-01"), false),
        (6, action("late", "2026-03-01"), false),
        (7, action("done", "2026-01-01"), true),
    ];
    let review = of(&[one]);
    let order: Vec<&str> = review.open.iter().map(|action| action.text.as_str()).collect();
    assert_eq!((order, review.overdue()), (vec!["late", "later", "someday"], 1));
    let said: Vec<String> = review.lines().into_iter().map(|(_, line)| line).collect();
    assert!(
        said.iter().any(|line| line.contains("OVERDUE since 2026-03-01") && line.contains("a #6 late")),
        "{said:?}"
    );
    assert!(said.iter().any(|line| line.contains("change failure rate: not known")), "{said:?}");
}
