//! One flow of a large estate: what a search finds is what an index of everything finds.

use super::*;
use crate::evidence::Evidence;
use crate::sources::files::{discover, load as load_all};
use std::fmt::Write;
use std::fs;

/// Orders over three systems: a gateway that names the correlation, a service that ties it to a trace and an order
/// number, a store that knows only the trace, in another spelling, and books that know only the number.
fn estate(orders: u32) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let [mut gate, mut service, mut store, mut books] = [const { String::new() }; 4];
    for order in 0..orders {
        let (minute, second) = (order / 60 % 60, order % 60);
        let (hour, at) = (8 + order / 3_600, format!("{minute:02}:{second:02}"));
        let correlation =
            format!("{:08x}-1c2d-4e3f-8a5b-{:012x}", order * 7_919 + 1, u64::from(order) * 104_729 + 5);
        let trace = format!("{:032x}", u128::from(order) * 340_282_366_920_938 + 0xabc_def0_1234_5678);
        writeln!(gate, "time=2026-03-01T{hour:02}:{at}.100Z level=info msg=\"POST /orders\" correlation_id={correlation} pad={:0200}", 0).unwrap();
        writeln!(service, "time=2026-03-01T{hour:02}:{at}.200Z level=info msg=\"order received\" correlation_id={correlation} trace_id={trace} order_no=ORD-{order:07} pad={:0300}", 0).unwrap();
        writeln!(
            store,
            "time=2026-03-01T{hour:02}:{at}.300Z level=info msg=\"row written\" trace_id={} pad={:0300}",
            trace.to_uppercase(),
            0
        )
        .unwrap();
        writeln!(books, "time=2026-03-01T{hour:02}:{at}.350Z level=info msg=\"booked\" order_no=ORD-{order:07} pad={:0300}", 0).unwrap();
        writeln!(service, "time=2026-03-01T{hour:02}:{at}.400Z level=info msg=\"order confirmed\" correlation_id={correlation}").unwrap();
    }
    for (system, text) in [("gate", gate), ("service", service), ("store", store), ("books", books)] {
        fs::create_dir(folder.path().join(system)).unwrap();
        fs::write(folder.path().join(system).join("app.log"), text).unwrap();
    }
    folder
}

/// The flow's events by time, system and place.
fn events(evidence: &Evidence, id: &str) -> Vec<(Time, String, u64)> {
    let flows = Flows::of(evidence, &FlowSettings::default());
    let found = possible_keys(id).into_iter().find_map(|key| evidence.identifiers.find(key)).unwrap();
    let mut events: Vec<_> = flows
        .rows(evidence, flows.with(found).unwrap())
        .into_iter()
        .map(|row| {
            let system = evidence.system_name(evidence.system(row)).to_owned();
            (evidence.time(row), system, evidence.origin(row).offset())
        })
        .collect();
    events.sort();
    events
}

#[test]
fn the_events_of_a_flow_are_those_of_the_whole_index_whatever_it_is_asked_by() {
    let folder = estate(9_000);
    let paths = [folder.path().display().to_string()];
    let settings = Settings::default();
    let whole = load_all(discover(&paths), &settings, Time(0), &mut |_, _| true);
    let order = 4_321u32;
    let correlation =
        format!("{:08x}-1c2d-4e3f-8a5b-{:012x}", order * 7_919 + 1, u64::from(order) * 104_729 + 5);
    let wanted = events(&whole.evidence, &correlation);
    assert_eq!(wanted.len(), 5);
    for id in [correlation.clone(), correlation.to_uppercase().replace('-', ""), format!("ORD-{order:07}")] {
        let mut hunt = Hunt::open(discover(&paths), &settings, Time(0));
        let rows = chase(&mut hunt, &id).expect("there is no need to read everything");
        assert_eq!(rows.len(), 5, "{id}");
        assert!(hunt.bytes_read() < hunt.bytes() / 3, "{} of {}", hunt.bytes_read(), hunt.bytes());
        let sought = load(discover(&paths), &settings, Time(0), &id, 0);
        assert_eq!(events(&sought.evidence, &id), wanted, "{id}");
    }
}

#[test]
fn what_cannot_be_searched_for_makes_it_read_everything() {
    let folder = estate(300);
    let paths = [folder.path().display().to_string()];
    let rows = |id: &str| load(discover(&paths), &Settings::default(), Time(0), id, 0).evidence.rows();
    assert_eq!(rows("ORD-"), 1_500, "too short to search for");
    assert_eq!(rows("never-met-anywhere"), 1_500);
}
