//! The bundled scenarios against the truth about them: flows, verdicts, onset, the first suspect and its change.
#![allow(clippy::unwrap_used)]

use bridgewatch::evidence::Evidence;
use bridgewatch::flows::{FlowSettings, Flows};
use bridgewatch::ingest::{IngestConfig, Settings, possible_keys};
use bridgewatch::sources::files::{discover, load};
use bridgewatch::suspects::{SuspectSettings, Suspects};
use bridgewatch::telemetry::{Nanos, Time};
use std::collections::BTreeMap;
use std::fs;

fn check(name: &str) {
    let folder = format!("sample-logs/{name}");
    let config: IngestConfig =
        toml::from_str(&fs::read_to_string(format!("{folder}/bridgewatch.toml")).unwrap()).unwrap();
    let settings = Settings::new(&config, 2026).unwrap();
    let loaded = load(discover(std::slice::from_ref(&folder)), &settings, Time(0), &mut |_, _| true);
    for report in &loaded.reports {
        assert!(!report.has_trouble(), "{report:?}");
    }
    let evidence = &loaded.evidence;
    let flows = Flows::of(evidence, &FlowSettings::default());
    let truth: Vec<serde_json::Value> = fs::read_to_string(format!("{folder}/truth_flows.jsonl"))
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(flows.len(), truth.len(), "{name}: one flow for each");
    for one in &truth {
        let corr = one["corr"].as_str().unwrap();
        let id = possible_keys(corr).into_iter().find_map(|key| evidence.identifiers.find(key)).unwrap();
        let flow = flows.get(flows.with(id).unwrap()).unwrap();
        let events: BTreeMap<String, u64> =
            flow.visits.iter().map(|v| (system(evidence, v.system), u64::from(v.events))).collect();
        let wanted: BTreeMap<String, u64> = serde_json::from_value(one["events"].clone()).unwrap();
        assert_eq!(events, wanted, "{name}: {corr}");
        let verdict: &str = flow.verdict.into();
        assert_eq!(verdict, one["verdict"], "{name}: {corr}");
    }
    let scenario: toml::Table =
        fs::read_to_string(format!("{folder}/scenario.toml")).unwrap().parse().unwrap();
    let suspects = Suspects::of(evidence, &flows, &SuspectSettings::default());
    let onset = Time::parse(scenario["onset"].as_str().unwrap()).unwrap();
    let found = suspects.onset.as_ref().unwrap().time;
    assert!((found - onset).0.abs() <= Nanos::seconds(60).0, "{name}: onset {found}, in truth {onset}");
    let first = &suspects.ranking[0];
    assert_eq!(system(evidence, first.system), scenario["root_system"].as_str().unwrap(), "{name}");
    assert!(suspects.conclusive, "{name}: {}", suspects.reason);
    let change = evidence.changes.iter().find(|change| Some(&change.id) == first.change.as_ref()).unwrap();
    assert_eq!(change.text, scenario["culprit_change"].as_str().unwrap(), "{name}");
}

fn system(evidence: &Evidence, id: bridgewatch::evidence::SystemId) -> String {
    evidence.system_name(id).to_owned()
}

#[test]
fn an_expired_certificate() {
    check("erp-certificate-expired");
}

#[test]
fn a_schema_change_that_fills_dead_letters() {
    check("schema-change-dead-letters");
}

#[test]
fn a_partner_that_throttles() {
    check("partner-throttling");
}

#[test]
fn a_pool_exhausted_by_a_batch() {
    check("pool-exhausted-by-batch");
}
