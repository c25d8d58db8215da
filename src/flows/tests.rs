//! Flows from evidence made by hand: what links, what does not, what becomes of a flow.

mod order;

use super::testing::{Entry, at, batch, evidence};
use super::{Correlator, FlowId, FlowSettings, Flows, Marks, Verdict};
use crate::evidence::Evidence;
use crate::telemetry::IdentifierClass::{Business, Message, Session, Span, Trace};
use crate::telemetry::{IdentifierKey, Severity};

pub(super) fn flows(entries: &[Entry]) -> (Evidence, Flows) {
    let evidence = evidence(entries);
    let flows = Flows::of(&evidence, &FlowSettings::default());
    (evidence, flows)
}

pub(super) fn flow_of(evidence: &Evidence, flows: &Flows, key: u128) -> Option<FlowId> {
    flows.with(evidence.identifiers.find(IdentifierKey(key))?)
}

/// A flow kong → order → erp that begins at `start`.
pub(super) fn order(key: u128, start: i64) -> Vec<Entry> {
    vec![
        at(start, "kong", "POST /orders").correlation(key),
        at(start + 2, "order", "received").correlation(key),
        at(start + 5, "order", "calling erp").correlation(key),
        at(start + 40, "erp", "posted").correlation(key),
        at(start + 60, "order", "confirmed").correlation(key),
    ]
}

pub(super) fn orders(count: u128) -> Vec<Entry> {
    (1..=count).flat_map(|key| order(key, key as i64 * 1_000)).collect()
}

#[test]
fn an_event_with_only_a_trace_joins_through_the_one_that_has_both() {
    let (evidence, flows) = flows(&[
        at(0, "kong", "in").correlation(1),
        at(1, "order", "received").correlation(1).with(Trace, 100),
        at(2, "inventory", "reserved").with(Trace, 100),
        at(9, "other", "unrelated").correlation(2),
    ]);
    assert_eq!(flows.len(), 2);
    let id = flow_of(&evidence, &flows, 100).unwrap();
    assert_eq!(flows.get(id).unwrap().events, 3);
    assert_eq!(flow_of(&evidence, &flows, 1), Some(id));
    let timeline = flows.timeline(&evidence, id).unwrap();
    let how: Vec<&str> = timeline.steps.iter().map(|step| step.how.into()).collect();
    assert_eq!(how, ["exact", "exact", "linked"]);
}

#[test]
fn a_tenant_or_a_batch_number_groups_and_does_not_link() {
    let tenant = 999;
    let entries: Vec<Entry> = orders(6).into_iter().map(|entry| entry.with(Business, tenant)).collect();
    let (evidence, flows) = flows(&entries);
    assert_eq!(flows.len(), 6);
    assert_eq!(flow_of(&evidence, &flows, tenant), None);
    assert_eq!(flows.groups.len(), 1);
    assert!(flows.groups[0].reason.contains("met 6 correlation identifiers"), "{}", flows.groups[0].reason);
    assert_eq!(flows.in_group(&flows.groups[0]).len(), 6);
}

#[test]
fn a_session_never_links_even_two_flows() {
    let mut entries = [order(1, 0), order(2, 50)].concat();
    entries[0] = entries[0].clone().with(Session, 77);
    entries[5] = entries[5].clone().with(Session, 77);
    entries.push(at(90, "kong", "session refreshed").with(Session, 77));
    let (evidence, flows) = flows(&entries);
    assert_eq!(flows.len(), 2);
    assert_eq!(flows.in_group(&flows.groups[0]).len(), 2);
    assert_eq!(flow_of(&evidence, &flows, 77), None);
}

#[test]
fn a_correlation_id_that_is_the_same_for_all_leaves_the_traces_to_tell_flows_apart() {
    let entries: Vec<Entry> = (1..=40)
        .flat_map(|key| {
            [
                at(key * 100, "legacy", "in").correlation(5).with(Trace, 1_000 + key as u128),
                at(key * 100 + 3, "legacy", "out").correlation(5).with(Trace, 1_000 + key as u128),
            ]
        })
        .collect();
    let (evidence, flows) = flows(&entries);
    assert_eq!(flows.len(), 40);
    let id = flow_of(&evidence, &flows, 1_007).unwrap();
    assert_eq!(
        flows.get(id).unwrap().events,
        2,
        "events that are filed under the hub belong to the trace's flow"
    );
    assert_eq!(flows.rows(&evidence, id).len(), 2);
}

#[test]
fn the_trace_of_a_batch_does_not_merge_the_orders_in_it() {
    let mut entries = orders(50);
    for key in 1..=50 {
        entries.push(at(60_000 + key as i64, "batch", "item").correlation(key).with(Trace, 777));
    }
    let (_, flows) = flows(&entries);
    assert_eq!(flows.len(), 50);
}

#[test]
fn a_message_that_was_sent_on_under_a_new_correlation_id_links_both() {
    let (_, flows) = flows(&[
        at(0, "a", "sent").correlation(1).with(Message, 10),
        at(5, "b", "received").correlation(2).with(Message, 10),
    ]);
    assert_eq!(flows.len(), 1);
}

#[test]
fn an_order_that_is_tried_again_after_trouble_is_one_flow_and_a_number_that_came_round_is_not() {
    let mut tried_again = [order(1, 0), order(2, 30_000)].concat();
    tried_again.truncate(8);
    tried_again[3] = at(40, "order", "no answer").severity(Severity::ERROR).correlation(1);
    for entry in &mut tried_again {
        *entry = entry.clone().with(Business, 500);
    }
    assert_eq!(flows(&tried_again).1.len(), 1);

    let came_round: Vec<Entry> = [order(1, 0), order(2, 3_000_000)]
        .concat()
        .into_iter()
        .map(|entry| entry.with(Business, 500))
        .collect();
    assert_eq!(flows(&came_round).1.len(), 2);
}

#[test]
fn systems_with_correlation_ids_of_their_own_meet_in_the_order_number() {
    let (_, flows) = flows(&[
        at(0, "shop", "ordered").correlation(1).with(Business, 500),
        at(5, "bus", "routed").correlation(1),
        at(50, "erp", "booked").correlation(2).with(Business, 500),
        at(70, "erp", "released").correlation(2),
    ]);
    assert_eq!(flows.len(), 1);
}

#[test]
fn document_numbers_that_overlap_do_not_chain_flows() {
    // Each flow has two document numbers, and shares each with a neighbour.
    let entries: Vec<Entry> = (0..100u128)
        .flat_map(|key| {
            let own =
                at(key as i64 * 50, "shop", "ordered").correlation(10_000 + key).with(Business, 20_000 + key);
            let left =
                at(key as i64 * 50 + 9, "erp", "one").correlation(10_000 + key).with(Business, 30_000 + key);
            let right =
                at(key as i64 * 50 + 20, "erp", "two").correlation(10_000 + key).with(Business, 30_001 + key);
            [own, left, right]
        })
        .collect();
    assert_eq!(flows(&entries).1.len(), 100);
}

#[test]
fn a_span_identifier_never_links_across_traces() {
    let (_, flows) = flows(&[
        at(0, "a", "one").with(Trace, 1).with(Span, 9),
        at(5, "b", "two").with(Trace, 2).with(Span, 9),
    ]);
    assert_eq!(flows.len(), 2);
}

#[test]
fn a_call_that_is_never_answered_fails_at_the_one_called() {
    let mut entries = orders(30);
    let mut failing = order(99, 40_000);
    failing.truncate(3);
    failing.push(at(40_090, "order", "connection refused").severity(Severity::ERROR).correlation(99));
    entries.extend(failing);
    entries.extend(order(100, 200_000));
    let (evidence, flows) = flows(&entries);
    let flow = flows.get(flow_of(&evidence, &flows, 99).unwrap()).unwrap();
    assert_eq!(flow.verdict, Verdict::Failed);
    let hop = flow.failing_hop.unwrap();
    assert_eq!((evidence.system_name(hop.from), evidence.system_name(hop.to)), ("order", "erp"));
}

#[test]
fn a_flow_that_just_stops_is_stuck_and_one_that_may_go_on_is_in_flight() {
    let mut entries = orders(30);
    entries.extend(order(99, 40_000).into_iter().take(3));
    entries.extend(order(100, 200_000));
    entries.extend(order(101, 200_060).into_iter().take(3));
    let (evidence, flows) = flows(&entries);
    let verdict = |key| flows.get(flow_of(&evidence, &flows, key).unwrap()).unwrap().verdict;
    assert_eq!(verdict(99), Verdict::Stuck);
    assert_eq!(verdict(101), Verdict::InFlight);
    let id = flow_of(&evidence, &flows, 99).unwrap();
    let timeline = flows.timeline(&evidence, id).unwrap();
    assert_eq!(timeline.missing.len(), 1);
    assert!(
        matches!(timeline.divergence, Some(super::Divergence::Missing { .. })),
        "{:?}",
        timeline.divergence
    );
}

#[test]
fn an_error_that_is_made_good_is_no_failure() {
    let mut entries = orders(30);
    let mut retried = order(99, 40_000);
    retried
        .insert(3, at(40_020, "order", "erp timed out, retrying").severity(Severity::ERROR).correlation(99));
    entries.extend(retried);
    let (evidence, flows) = flows(&entries);
    let flow = flows.get(flow_of(&evidence, &flows, 99).unwrap()).unwrap();
    assert_eq!(flow.verdict, Verdict::Completed);
    assert!(flow.marks.has(Marks::RETRIED));
}

#[test]
fn a_number_of_a_flow_stays_with_it_as_evidence_comes_in() {
    let all = orders(20);
    let mut evidence = Evidence::default();
    let mut correlator = Correlator::new(FlowSettings::default());
    evidence.append(&batch(&all[..90]));
    let before = flow_of(&evidence, correlator.update(&evidence), 18).unwrap();
    evidence.append(&batch(&all[90..]));
    evidence.append(&batch(&[at(17_500, "late", "audit").with(Trace, 5_000).correlation(18)]));
    let flows = correlator.update(&evidence);
    assert_eq!(flow_of(&evidence, flows, 18), Some(before));
    assert_eq!(flows.get(before).unwrap().events, 6);
}

/// The same, but slow in the ERP.
fn late_order(key: u128, start: i64, late: i64) -> Vec<Entry> {
    let mut entries = order(key, start);
    entries[3].at += late;
    entries[4].at += late;
    entries
}

#[test]
fn a_flow_is_slow_by_what_is_usual_and_one_in_ten_slow_ones_do_not_make_it_so() {
    let mut entries = orders(60);
    (61..=66).for_each(|key| entries.extend(late_order(key, key as i64 * 1_000, 5_000)));
    let mut twice = order(70, 70_000);
    twice.push(at(78_000, "erp", "duplicate discarded").severity(Severity::WARN).correlation(70));
    entries.extend(twice);
    let (evidence, flows) = flows(&entries);
    let verdict = |key| flows.get(flow_of(&evidence, &flows, key).unwrap()).unwrap().verdict;
    assert!((61..=66).all(|key| verdict(key) == Verdict::Slow));
    assert!((1..=60).all(|key| verdict(key) == Verdict::Completed));
    assert_eq!(verdict(70), Verdict::Completed, "what is thrown away later takes no time");
}

#[test]
fn a_dead_letter_is_a_failure_unless_it_was_replayed_to_the_end() {
    let dead = |key: u128, at_millis: i64| {
        at(at_millis, "queue", "message dead-lettered").severity(Severity::WARN).correlation(key)
    };
    let mut entries = orders(30);
    let mut given_up = order(98, 40_000);
    given_up.push(dead(98, 40_900));
    let mut replayed = order(99, 50_000);
    replayed[3].at += 5_000;
    replayed[4].at += 5_000;
    replayed.push(dead(99, 50_900));
    entries.extend(given_up);
    entries.extend(replayed);
    let (evidence, flows) = flows(&entries);
    let flow = |key| flows.get(flow_of(&evidence, &flows, key).unwrap()).unwrap();
    assert_eq!(flow(98).verdict, Verdict::Failed);
    assert!(flow(98).marks.has(Marks::DEAD_LETTERED));
    assert_ne!(flow(99).verdict, Verdict::Failed);
}

#[test]
fn a_flow_without_its_entry_is_of_the_kind_that_passes_what_it_passes() {
    let mut entries = orders(30);
    // The gateway writes its line when the request is over; this one never is.
    entries.extend(order(99, 40_000).into_iter().skip(1).take(2));
    entries.extend(order(100, 200_000));
    let (evidence, flows) = flows(&entries);
    let flow = flows.get(flow_of(&evidence, &flows, 99).unwrap()).unwrap();
    assert_eq!(flows.kind(flow.kind).name, "kong POST /orders");
    assert_eq!(flow.verdict, Verdict::Stuck);
}

#[test]
fn where_flows_stop_and_say_that_more_is_to_come_is_no_end() {
    let mut entries = orders(60);
    for key in 61..=63u128 {
        let mut stuck = order(key, key as i64 * 1_000);
        stuck.truncate(2);
        stuck.push(at(key as i64 * 1_000 + 7, "order", "queued, waiting for a connection").correlation(key));
        entries.extend(stuck);
    }
    entries.extend(order(100, 200_000));
    let (evidence, flows) = flows(&entries);
    let verdict = |key| flows.get(flow_of(&evidence, &flows, key).unwrap()).unwrap().verdict;
    assert!((61..=63).all(|key| verdict(key) == Verdict::Stuck));
}

#[test]
fn names_of_customers_make_no_kinds() {
    let entries: Vec<Entry> = ["Example Retail Ltd", "Acme Fasteners Ltd", "Sample Tools Inc"]
        .into_iter()
        .zip(1u128..)
        .flat_map(|(name, key)| {
            let received = format!("Order * received from {name}");
            [
                at(key as i64 * 1_000, "shop", &received).correlation(key),
                at(key as i64 * 1_000 + 5, "erp", "booked").correlation(key),
            ]
        })
        .collect();
    let (_, flows) = flows(&entries);
    assert_eq!(flows.kinds.iter().filter(|kind| kind.flows > 0).count(), 1);
    assert_eq!(flows.kinds[0].name, "shop Order * received from *");
}

#[test]
fn a_document_number_in_one_line_alone_is_no_flow_until_another_line_has_it() {
    let lone = at(9_000, "erp", "data passed to port").with(Business, 77);
    let mut evidence = Evidence::default();
    let mut correlator = Correlator::new(FlowSettings::default());
    evidence.append(&batch(&[orders(5), vec![lone]].concat()));
    assert_eq!(correlator.update(&evidence).len(), 5);
    assert_eq!(flow_of(&evidence, correlator.flows(), 77), None);
    evidence.append(&batch(&[at(9_500, "billing", "booked").with(Business, 77)]));
    let flows = correlator.update(&evidence);
    assert_eq!(flows.len(), 6);
    assert_eq!(flows.get(flow_of(&evidence, flows, 77).unwrap()).unwrap().events, 2);
}

#[test]
fn probes_of_liveness_are_no_flows() {
    let mut entries = orders(3);
    entries.extend((50..90).map(|key| at(key as i64 * 10, "kong", "GET /healthz").with(Message, key)));
    let mut batch = batch(&entries);
    // Operations are columns of their own.
    for (entry, station) in entries.iter().zip(&mut batch.stations) {
        if entry.text.starts_with("GET") {
            station.operation = station.shape;
        }
    }
    let mut evidence = Evidence::default();
    evidence.append(&batch);
    let all = Flows::of(&evidence, &FlowSettings::default());
    assert_eq!(all.len(), 3);
    assert_eq!(flow_of(&evidence, &all, 55), None);
    let settings = FlowSettings { probes: Vec::new(), ..FlowSettings::default() };
    assert_eq!(Flows::of(&evidence, &settings).len(), 43, "unless the configuration says otherwise");
}
