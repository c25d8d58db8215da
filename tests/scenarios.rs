//! The bundled scenarios against the truth about them: flows, verdicts, kinds, clocks, onset, the first suspect and its
//! change. They tell of estates that the program was not written for, in the formats that such estates write.
#![allow(clippy::unwrap_used)]

use bridgewatch::evidence::{Evidence, SystemId};
use bridgewatch::flows::{Flow, FlowId, FlowSettings, Flows};
use bridgewatch::ingest::{IngestConfig, Settings, possible_keys};
use bridgewatch::sources::files::{discover, load};
use bridgewatch::suspects::{SuspectSettings, Suspects};
use bridgewatch::telemetry::{EventKind, Nanos, Time};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;

/// One flow, as the estate knows it.
#[derive(Deserialize)]
struct TrueFlow {
    corr: String,
    trace: String,
    key: String,
    kind: String,
    verdict: String,
    failed_at: Option<String>,
    /// Log events by system; spans are counted apart.
    events: BTreeMap<String, u32>,
    spans: u32,
}

/// The incident, as the estate knows it.
#[derive(Deserialize)]
struct Truth {
    onset: String,
    acceptable_suspects: Vec<String>,
    failure_mode: String,
    culprit_change: TrueChange,
    skew_ms: BTreeMap<String, f64>,
}

#[derive(Deserialize)]
struct TrueChange {
    text: String,
}

struct Case {
    name: &'static str,
    evidence: Evidence,
    flows: Flows,
    truth: Truth,
    true_flows: Vec<TrueFlow>,
}

impl Case {
    fn read(name: &'static str) -> Self {
        let folder = format!("sample-logs/{name}");
        let text = |file: &str| fs::read_to_string(format!("{folder}/{file}")).unwrap();
        let mut known: toml::Table = toml::from_str(&text("bridgewatch.toml")).unwrap();
        known.remove("losses"); // What is lost is no matter of ingest.
        let config: IngestConfig = known.try_into().unwrap();
        let settings = Settings::new(&config, 2026).unwrap();
        let loaded = load(discover(std::slice::from_ref(&folder)), &settings, Time(0), &mut |_, _| true);
        for report in &loaded.reports {
            assert!(!report.has_trouble(), "{report:?}");
        }
        let flows = Flows::of(&loaded.evidence, &FlowSettings::default());
        let lines = text("truth_flows.jsonl");
        let true_flows = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let truth = toml::from_str(&text("scenario.toml")).unwrap();
        Self { name, evidence: loaded.evidence, flows, truth, true_flows }
    }

    fn system(&self, id: SystemId) -> &str {
        self.evidence.system_name(id)
    }

    fn found(&self, written: &str) -> Option<FlowId> {
        possible_keys(written)
            .into_iter()
            .filter_map(|key| self.evidence.identifiers.find(key))
            .find_map(|id| self.flows.with(id))
    }

    /// The flow of the truth's, which all of its identifiers that were written lead to.
    fn flow(&self, one: &TrueFlow) -> (FlowId, &Flow) {
        let ids: BTreeSet<FlowId> =
            [&one.corr, &one.trace, &one.key].into_iter().filter_map(|id| self.found(id)).collect();
        assert_eq!(ids.len(), 1, "{}: {} {} is one flow", self.name, one.kind, one.corr);
        let id = ids.into_iter().next().unwrap();
        (id, self.flows.get(id).unwrap())
    }

    fn check_flows(&self) {
        let mut wrong = Vec::new();
        let mut owners: BTreeMap<FlowId, &str> = BTreeMap::new();
        let mut kinds: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for one in &self.true_flows {
            let (id, flow) = self.flow(one);
            if let Some(other) = owners.insert(id, &one.corr) {
                wrong.push(format!("{} and {other} were taken for one", one.corr));
            }
            kinds.entry(&one.kind).or_default().insert(&self.flows.kind(flow.kind).name);
            let mut events: BTreeMap<String, u32> = BTreeMap::new();
            let mut spans = 0;
            for row in self.flows.rows(&self.evidence, id) {
                if self.evidence.kind(row) == EventKind::Span {
                    spans += 1;
                } else {
                    *events.entry(self.system(self.evidence.system(row)).to_owned()).or_default() += 1;
                }
            }
            if (&events, spans) != (&one.events, one.spans) {
                wrong.push(format!("{} {}: {events:?} and {spans} spans", one.kind, one.corr));
            }
            let verdict: &str = flow.verdict.into();
            if verdict != one.verdict {
                wrong.push(format!("{} {} is {}, found {verdict}", one.kind, one.corr, one.verdict));
            }
            // A flow stops at a system, or on the way from it to one that never hears of it.
            let hop = flow.failing_hop.map(|hop| (self.system(hop.from), self.system(hop.to)));
            let reached = |system: &str| flow.visits.iter().any(|visit| self.system(visit.system) == system);
            let stops_at = hop.map(|(from, to)| if reached(to) { to } else { from });
            if one.verdict == "failed" && stops_at != one.failed_at.as_deref() {
                wrong.push(format!("{} {} failed at {:?}, found {hop:?}", one.kind, one.corr, one.failed_at));
            }
        }
        let named: BTreeSet<&str> = kinds.values().flatten().copied().collect();
        if kinds.values().any(|names| names.len() != 1) || named.len() != kinds.len() {
            wrong.push(format!("kinds: {kinds:?}"));
        }
        // What else was found is no business flow: single requests of nobody's.
        let is_business = |flow: &Flow| flow.visits.len() > 1 || flow.errors > 0;
        let others = self.flows.iter().filter(|(id, flow)| !owners.contains_key(id) && is_business(flow));
        wrong.extend(others.map(|(id, flow)| format!("{id:?} is nobody's: {flow:?}")));
        assert!(wrong.is_empty(), "{}: {} findings\n{}", self.name, wrong.len(), wrong.join("\n"));
    }

    /// Within a tenth, or 10 ms; where nothing is off, nothing is found.
    fn check_clocks(&self) {
        for skew in self.flows.skew.iter() {
            let name = self.system(skew.system);
            let truth = self.truth.skew_ms.get(name).copied().unwrap_or(0.0);
            let found = skew.offset.0 as f64 / 1e6;
            let allowed = (truth.abs() / 10.0).max(10.0);
            assert!(
                (found - truth).abs() <= allowed,
                "{}: {name} {found} ms, in truth {truth} ms",
                self.name
            );
        }
        for name in self.truth.skew_ms.keys() {
            let is_found =
                self.flows.skew.iter().any(|skew| self.system(skew.system) == name && skew.offset.0 != 0);
            assert!(is_found, "{}: the clock of {name} is off", self.name);
        }
    }

    fn check_suspects(&self) {
        let suspects = Suspects::of(&self.evidence, &self.flows, &SuspectSettings::default());
        let onset = Time::parse(&self.truth.onset).unwrap();
        let found = suspects.onset.as_ref().unwrap().time;
        let off = (found - onset).0.abs();
        assert!(off <= Nanos::seconds(30).0, "{}: onset {found}, in truth {onset}", self.name);
        let first = &suspects.ranking[0];
        let name = self.system(first.system).to_owned();
        assert!(self.truth.acceptable_suspects.contains(&name), "{}: {name} first", self.name);
        assert!(suspects.conclusive, "{}: {}", self.name, suspects.reason);
        let change = self.evidence.changes.iter().find(|change| Some(&change.id) == first.change.as_ref());
        let change = change.map(|change| change.text.as_str());
        assert_eq!(change, Some(self.truth.culprit_change.text.as_str()), "{}", self.name);
        let modes = &first.failure_modes;
        assert!(modes.contains(&self.truth.failure_mode), "{}: looks like {modes:?}", self.name);
    }
}

fn check(name: &'static str) {
    let case = Case::read(name);
    case.check_flows();
    case.check_clocks();
    case.check_suspects();
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
