//! Neither the order of arrival nor a look that was stopped changes what the flows are.

use super::{flows, order, orders};
use crate::evidence::{Evidence, IdentifierId};
use crate::flows::testing::{Entry, at, batch, evidence};
use crate::flows::{Correlator, Flow, FlowId, FlowSettings, Flows, Leg, Phase};
use crate::telemetry::IdentifierClass::{Business, Correlation, Message, Span, Trace};
use crate::telemetry::Severity;
use proptest::prelude::*;

#[test]
fn a_look_that_was_stopped_leaves_no_flows_and_the_next_one_begins_anew() {
    let evidence = evidence(&orders(30));
    let whole = Flows::of(&evidence, &FlowSettings::default());
    for stop in [Phase::Linking, Phase::Clocks, Phase::Tracing, Phase::Judging] {
        let mut correlator = Correlator::new(FlowSettings::default());
        assert!(!correlator.update_watched(&evidence, &mut |phase, _| phase != stop), "{stop:?}");
        assert!(correlator.flows().is_empty(), "{stop:?}");
        assert_eq!(
            portrait(&evidence, correlator.update(&evidence)),
            portrait(&evidence, &whole),
            "{stop:?}"
        );
    }
}

/// Everything about flows that does not hang on the order of arrival.
fn portrait(evidence: &Evidence, flows: &Flows) -> Vec<String> {
    let name = |system| evidence.system_name(system);
    let mut lines: Vec<String> = Vec::new();
    let flow_line = |id: FlowId, flow: &Flow| {
        let mut members: Vec<u128> =
            flows.identifiers(id).into_iter().map(|id| evidence.identifiers.key(id).0).collect();
        members.sort_unstable();
        let visits: Vec<String> =
            flow.visits.iter().map(|v| format!("{} {} {}", name(v.system), v.events, v.errors)).collect();
        let hop = flow.failing_hop.map(|hop| (name(hop.from), name(hop.to)));
        format!(
            "flow {} {:?} {:?} {hop:?} {} {} {} {} {visits:?} {:?} rows {} {members:?}",
            evidence.identifiers.key(flow.name).0,
            flows.kind(flow.kind).name,
            flow.verdict,
            flow.first,
            flow.last,
            flow.events,
            flow.errors,
            flow.marks,
            flows.rows(evidence, id).len(),
        )
    };
    lines.extend(flows.iter().map(|(id, flow)| flow_line(id, flow)));
    let mut kinds: Vec<String> = flows
        .kinds
        .iter()
        .filter(|kind| kind.flows > 0)
        .map(|kind| {
            let leg = |leg: &Leg| {
                format!("{}→{} {} {:?}", name(leg.hop.from), name(leg.hop.to), leg.flows, leg.p99)
            };
            let legs: Vec<String> = kind.path.legs.iter().map(leg).collect();
            let systems: Vec<&str> = kind.path.systems.iter().map(|&system| name(system)).collect();
            format!("kind {} {:?} {} {systems:?} {legs:?}", kind.name, kind.verdicts, kind.path.completed)
        })
        .collect();
    kinds.sort();
    lines.extend(kinds);
    for group in flows.groups.iter() {
        let key = |id: IdentifierId| evidence.identifiers.key(id).0;
        lines.push(format!(
            "group {} {} {}",
            key(group.identifier),
            group.reason,
            flows.in_group(group).len()
        ));
    }
    for skew in flows.skew.iter() {
        lines.push(format!("skew {} {:?} {:?}", name(skew.system), skew.stamped_as, skew.offset));
    }
    lines.push(format!("until {}", flows.until));
    lines
}

/// Flows of a small estate with everything that makes linking hard.
fn hard_estate() -> impl Strategy<Value = Vec<Entry>> {
    let flow = (0..6u8, 0..20_000i64, 0..5u128, 0..4u128, any::<bool>(), 1..6usize);
    proptest::collection::vec(flow, 1..60).prop_map(|flows| {
        let mut entries = Vec::new();
        for (number, (shape, start, shared, tenant, fails, length)) in flows.into_iter().enumerate() {
            let key = number as u128 + 1;
            let mut flow = order(key, start);
            flow.truncate(length);
            if fails {
                let last = flow.len() as i64 * 7 + start;
                flow.push(at(last, "order", "refused").severity(Severity::ERROR).correlation(key));
            }
            let last = flow.len() - 1;
            let first = flow[0].clone();
            match shape {
                0 => flow[0] = first.with(Business, 1_000 + shared),
                1 => flow.iter_mut().for_each(|entry| *entry = entry.clone().with(Business, 2_000 + tenant)),
                2 => {
                    flow[0] = first.with(Trace, 3_000 + key);
                    flow.push(
                        at(start + 33, "inventory", "reserved")
                            .with(Trace, 3_000 + key)
                            .with(Span, 9_000 + shared),
                    );
                }
                3 => flow[last] = flow[last].clone().with(Trace, 4_000 + shared).with(Business, 5_000 + key),
                4 => {
                    flow[0] = first.with(Message, 6_000 + shared * 7);
                    flow.push(at(start + 3, "envoy", "in").with(Message, 6_000 + shared * 7));
                }
                _ => {
                    for entry in &mut flow {
                        entry.identifiers = vec![(Correlation, 7_000 + tenant), (Trace, 8_000 + key)];
                    }
                }
            }
            entries.extend(flow);
        }
        for (offset, entry) in entries.iter_mut().enumerate() {
            entry.offset = offset as u64;
        }
        entries
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn any_order_and_any_batches_give_the_same_flows(
        (entries, shuffled) in hard_estate().prop_flat_map(|entries| (Just(entries.clone()), Just(entries).prop_shuffle())),
        sizes in proptest::collection::vec(1..40usize, 1..40),
    ) {
        let (whole, at_once) = flows(&entries);
        let mut evidence = Evidence::default();
        let mut correlator = Correlator::new(FlowSettings::default());
        let mut rest = shuffled.as_slice();
        let mut sizes = sizes.iter().cycle();
        while !rest.is_empty() {
            let (now, later) = rest.split_at((*sizes.next().unwrap()).min(rest.len()));
            evidence.append(&batch(now));
            correlator.update(&evidence);
            rest = later;
        }
        let step_by_step = correlator.settle(&evidence);
        let (at_once, step_by_step) = (portrait(&whole, &at_once), portrait(&evidence, step_by_step));
        let only = |these: &[String], those: &[String]| {
            these.iter().filter(|line| !those.contains(line)).cloned().collect::<Vec<_>>()
        };
        prop_assert!(
            at_once == step_by_step,
            "only at once: {:#?}\nonly step by step: {:#?}",
            only(&at_once, &step_by_step),
            only(&step_by_step, &at_once)
        );
    }
}
