//! A generated corpus against its truth: every event of every flow carries, or is linked to, the flow's identifiers.
//!
//! Needs a corpus: `BRIDGEWATCH_CORPUS=DIR`, made by the generator beside the project; without it nothing is checked.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use bridgewatch::evidence::Row;
use bridgewatch::ingest::{IngestConfig, Settings, possible_keys};
use bridgewatch::sources::files::{discover, load};
use bridgewatch::telemetry::Time;
use std::collections::HashMap;
use std::time::Instant;

#[test]
fn every_event_of_a_corpus_is_found() {
    let Ok(corpus) = std::env::var("BRIDGEWATCH_CORPUS") else { return };
    let config: IngestConfig = toml::from_str(
        "[systems.mule]\nzone=\"+01:00\"\n[systems.erp]\nzone=\"+01:00\"\n[systems.otel]\nfiles=[\"otel/*\"]",
    )
    .unwrap();
    let settings = Settings::new(&config, 2026).unwrap();
    let begun = Instant::now();
    let loaded = load(discover(std::slice::from_ref(&corpus)), &settings, Time(0), &mut |_, _| true);
    println!(
        "loaded in {:?}: {} rows, {} identifiers",
        begun.elapsed(),
        loaded.evidence.rows(),
        loaded.evidence.identifiers.len()
    );
    for report in &loaded.reports {
        println!(
            "{} {} {} records {} unread {} {:?} {:?}",
            report.path,
            report.format,
            report.system,
            report.records,
            report.unread,
            report.first_unread,
            report.error
        );
    }
    let evidence = &loaded.evidence;
    let mut parent: Vec<u32> = (0..evidence.identifiers.len() as u32).collect();
    for (row, further) in evidence.further_identifiers(0) {
        let first = evidence.identifier(row).unwrap();
        let (a, b) = (root(&mut parent, first.0), root(&mut parent, further.0));
        parent[a as usize] = b;
    }
    let mut counts: HashMap<u32, HashMap<String, u32>> = HashMap::new();
    for row in (0..evidence.rows()).map(Row) {
        if let Some(id) = evidence.identifier(row) {
            *counts
                .entry(root(&mut parent, id.0))
                .or_default()
                .entry(evidence.system_name(evidence.system(row)).to_owned())
                .or_default() += 1;
        }
    }
    let truth = std::fs::read_to_string(format!("{corpus}/truth_flows.jsonl")).unwrap();
    let (mut wrong, mut flows, mut unlinkable) = (0, 0, 0);
    for line in truth.lines() {
        let flow: serde_json::Value = serde_json::from_str(line).unwrap();
        flows += 1;
        if flow["linked"] != flow["events"] {
            unlinkable += 1;
            continue;
        }
        let id = possible_keys(flow["corr"].as_str().unwrap())
            .into_iter()
            .find_map(|key| evidence.identifiers.find(key));
        let found = id.and_then(|id| counts.get(&root(&mut parent, id.0)));
        let wanted: HashMap<String, u32> = serde_json::from_value(flow["n"].clone()).unwrap();
        if found != Some(&wanted) {
            wrong += 1;
            if wrong < 5 {
                println!("{}\n  wanted {wanted:?}\n  found  {found:?}", flow["corr"]);
            }
        }
    }
    println!("{flows} flows, {wrong} wrong, {unlinkable} not linkable by design");
    assert!(wrong * 1000 <= flows, "{wrong} of {flows} flows differ from the truth");
}

fn root(parent: &mut [u32], mut id: u32) -> u32 {
    while parent[id as usize] != id {
        parent[id as usize] = parent[parent[id as usize] as usize];
        id = parent[id as usize];
    }
    id
}
