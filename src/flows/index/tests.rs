//! Counted flows and their judgement, on estates small enough to be counted by hand.

use super::*;
use crate::evidence::Evidence;
use crate::flows::{FlowSettings, Flows, Verdict};
use crate::telemetry::{
    Glances, HexStyle, IdentifierClass, IdentifierKey, KeyGlance, NewText, Origin, Severity, StationGlance,
};

/// Flow `number` passes these systems, a millisecond apart; a capital letter reports an error.
fn flow(number: u32, systems: &str) -> Glances {
    let count = systems.len();
    let at = i64::from(number) * 1_000_000_000;
    Glances {
        time: (0..count as i64).map(|step| Time(at + step * 1_000_000 + 1)).collect(),
        origin: (0..count as u64).map(|offset| Origin::new(0, offset)).collect(),
        station: (0..count as u32).collect(),
        severity: systems
            .chars()
            .map(|name| if name.is_uppercase() { Severity::ERROR } else { Severity::INFO })
            .collect(),
        duration_us: vec![0; count],
        identifiers: (0..count as u32).map(|row| (row, 0)).collect(),
        keys: vec![KeyGlance {
            key: IdentifierKey(u128::from(number) + 1_000),
            class: IdentifierClass::Correlation,
            style: HexStyle::default(),
        }],
        stations: (0..count as u16)
            .map(|system| StationGlance { system, shape: u32::from(system) + 1, ..StationGlance::default() })
            .collect(),
        system_names: systems.to_lowercase().chars().map(String::from).collect(),
        texts: std::iter::once(0).chain(systems.chars().map(|name| u64::from(name as u32))).collect(),
        new_texts: systems
            .chars()
            .map(|name| NewText { fingerprint: u64::from(name as u32), text: format!("done in {name}") })
            .collect(),
        ..Glances::default()
    }
}

/// Of a thousand flows each tenth fails in the second system.
fn estate() -> Vec<Glances> {
    (0..1_000).map(|number| flow(number, if number % 10 == 3 { "aB" } else { "abc" })).collect()
}

fn evidence<'a>(flows: impl Iterator<Item = &'a Glances>) -> Evidence {
    let mut evidence = Evidence::default();
    flows.for_each(|flow| {
        evidence.append(flow);
    });
    evidence
}

#[test]
fn counts_of_parts_of_a_window_add_up_to_flows() {
    let mut counted = Counted::default();
    for (from, events, errors) in [(5, 2, 0), (2_000_000, 3, 1)] {
        let mut part = flow(0, "a");
        part.time = vec![Time(from)];
        counted.append(&part, [(Time(from + 100), events, errors)].into_iter());
    }
    let index = FlowIndex::of(&counted);
    assert_eq!(index.flows.len(), 1);
    let one = &index.flows[0];
    assert_eq!((one.first(), one.last()), (Time(5), Time(2_000_100)));
    assert_eq!((one.events(), one.errors(), one.stays.len()), (5, 1, 1));
    assert_eq!(index.identifiers(one), [one.name]);
}

#[test]
fn a_sample_tells_of_all_within_the_error_that_it_names() {
    let estate = estate();
    let whole = evidence(estate.iter());
    let mut counted = Counted::of(&whole);
    let mut index = FlowIndex::of(&counted);
    let truth = Flows::of(&whole, &FlowSettings::default());
    assert_eq!(index.flows.len(), truth.len());
    let chosen = index.choose(100);
    assert!((90..=100).contains(&chosen.len()), "{}", chosen.len());
    let numbers = chosen.iter().map(|place| index.flows[*place].first().0 / 1_000_000_000);
    let read = evidence(numbers.map(|number| &estate[number as usize]));
    let flows = Flows::of(&read, &FlowSettings::default());
    let (judged, shares) = index.learn(&mut counted, &read, &flows);
    assert_eq!(judged.iter().filter(|one| one.is_read).count(), chosen.len());
    let share = |verdict| shares.iter().find(|share| share.verdict == verdict).unwrap();
    let failed = truth.iter().filter(|(_, flow)| flow.verdict == Verdict::Failed).count() as f64 / 1_000.0;
    let told = share(Verdict::Failed);
    assert!((told.share - failed).abs() <= told.error, "{told:?}, in truth {failed}");
    assert!(told.error > 0.0 && told.error < 0.1, "{told:?}");
    let agree = index.flows.iter().zip(&judged).filter(|(flow, one)| {
        let id = truth.with(whole.identifiers.find(counted.evidence.identifiers.key(flow.name)).unwrap());
        truth.get(id.unwrap()).unwrap().verdict == one.verdict
    });
    assert!(agree.count() >= 990, "what looks alike was judged alike");
}

#[test]
fn nothing_is_said_of_flows_of_which_none_was_read() {
    let estate = estate();
    let whole = evidence(estate.iter());
    let mut counted = Counted::of(&whole);
    let mut index = FlowIndex::of(&counted);
    let read = evidence(estate.iter().filter(|flow| flow.system_names.len() == 3).take(50));
    let flows = Flows::of(&read, &FlowSettings::default());
    let (judged, _) = index.learn(&mut counted, &read, &flows);
    let failing = index.flows.iter().zip(&judged).filter(|(flow, _)| flow.errors() > 0);
    assert!(
        failing.clone().count() == 100 && failing.clone().all(|(_, one)| one.verdict == Verdict::Unknown)
    );
}
