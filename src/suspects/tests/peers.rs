//! Lessons of whom nobody traces: databases and partners that show only in the spans of those who call them.

use super::{Estate, ONSET, wave};
use crate::suspects::{Role, Signal};

const DATABASE: [(&str, &str); 2] =
    [("db.system", "postgresql"), ("server.address", "orders-db.prod.svc.cluster.local")];

/// The trace of a number, and when it begins: the sixtieth at the onset.
fn beginning(number: u32) -> (u128, i64) {
    (u128::from(number) + 1, (ONSET + (i64::from(number) - 60) * 5) * 1_000 + 5)
}

/// Orders, each with one call of a database: how long it takes, and whether it fails.
fn orders(took: impl Fn(u32) -> u32, failed: impl Fn(u32) -> bool) -> Estate {
    let mut estate = Estate::default();
    for number in 0..120u32 {
        let (trace, millis) = beginning(number);
        let took = took(number);
        let gateway = estate.span(trace, 0, "gateway", "POST /orders", millis, took + 14);
        let work = estate.span(trace, gateway, "orders", "POST /orders", millis + 2, took + 10);
        estate.span(trace, work, "orders", "SELECT", millis + 4, took);
        estate.calls(&DATABASE, failed(number));
    }
    estate
}

#[test]
fn a_slow_database_is_named_and_not_its_caller() {
    let estate = orders(|number| if number < 60 { 3 } else { 400 }, |_| false);
    let (suspects, ranking) = estate.ranking_at(Some(ONSET));
    assert!(!suspects.conclusive && suspects.reason.contains("look at orders-db"), "{}", suspects.reason);
    let (name, first) = &ranking[0];
    assert_eq!((name.as_str(), first.role), ("orders-db", Role::Cause));
    let gap = first.evidence.iter().find(|one| one.signal == Signal::NetworkGap).unwrap();
    assert!(gap.sentence.starts_with("calls from orders spend 400.0 ms at orders-db"), "{}", gap.sentence);
    let orders = ranking.iter().find(|(name, _)| name == "orders");
    assert!(orders.is_none_or(|(_, orders)| orders.score < first.score / 2.0));
}

#[test]
fn a_database_that_is_full_as_well_is_the_cause() {
    let mut estate = orders(|number| if number < 60 { 3 } else { 400 }, |_| false);
    estate.metric("orders-db", "cpu_usage", "%", &wave(60, 20.0, 3.0), &[97.0; 12]);
    let (suspects, ranking) = estate.ranking_at(Some(ONSET));
    assert_eq!(ranking[0].0, "orders-db");
    assert!(suspects.conclusive, "{}", suspects.reason);
}

#[test]
fn a_call_that_fails_without_an_answer_is_the_peers() {
    let estate = orders(|_| 3, |number| number >= 60 && number.is_multiple_of(2));
    assert_eq!(estate.named()[0], "orders-db");
}

#[test]
fn a_peer_that_answers_is_the_system_that_answers() {
    let mut estate = Estate::default();
    for number in 0..120u32 {
        let (trace, millis) = beginning(number);
        let work = estate.span(trace, 0, "orders", "POST /orders", millis, 30);
        let call = estate.span(trace, work, "orders", "reserve", millis + 4, 20);
        // Since the onset every third call is answered by nobody.
        let is_lost = number >= 60 && number.is_multiple_of(3);
        estate.calls(&[("peer.service", "stock")], is_lost);
        if !is_lost {
            estate.span(trace, call, "stock-service", "POST /reserve", millis + 5, 15);
        }
    }
    let named = estate.named();
    assert_eq!(named[0], "stock-service");
    assert!(!named.contains(&"stock".to_owned()));
}

#[test]
fn who_passes_a_trace_on_and_tells_nothing_is_not_who_answers() {
    let mut estate = Estate::default();
    for number in 0..120u32 {
        let (trace, millis) = beginning(number);
        let took = if number < 60 { 20 } else { 300 };
        let work = estate.span(trace, 0, "shop", "POST /orders", millis, took + 10);
        let call = estate.span(trace, work, "shop", "price", millis + 4, took);
        estate.calls(&[("peer.service", "pricing")], false);
        estate.span(trace, call, "rates", "GET /rate", millis + 5, 12);
    }
    assert_eq!(estate.named()[0], "pricing");
}
