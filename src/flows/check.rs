//! The flows against a truth that is known: what was found, what was missed, in figures. For generated corpora.

use super::{FlowId, Flows, Verdict};
use crate::evidence::{Evidence, IdentifierId, Row};
use crate::telemetry::EventKind;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt;

/// One flow as the generator knows it.
#[derive(Debug, Deserialize)]
struct TrueFlow {
    corr: String,
    #[serde(rename = "type")]
    kind: String,
    status: String,
    cause: Option<String>,
    failed_at: Option<String>,
    events: u32,
    linked: u32,
    errors: u32,
    n: BTreeMap<String, u32>,
}

/// The estate as the generator knows it.
#[derive(Debug, Default, Deserialize)]
struct TrueEstate {
    #[serde(default)]
    systems: BTreeMap<String, TrueSystem>,
}

#[derive(Debug, Deserialize)]
struct TrueSystem {
    skew_us: i64,
}

/// The figures.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CheckReport {
    /// Flows of the truth, of those all of whose events can be linked.
    pub flows: u32,
    pub unlinkable: u32,
    /// Equal in events of each system, and in errors.
    pub exact: u32,
    pub missing: u32,
    pub merged: u32,
    pub truly_failed: u32,
    pub found_failed: u32,
    pub rightly_failed: u32,
    pub right_hop: u32,
    /// Kinds of the truth, and how many of its flows are of the kind that most of its flows are of.
    pub kinds: BTreeMap<String, (u32, u32)>,
    /// By verdict, flows of the truth that did not fail.
    pub verdicts_of_ok: BTreeMap<&'static str, u32>,
    /// By system, truth and estimate in milliseconds.
    pub skew: BTreeMap<String, (f64, f64)>,
    /// A few flows that are not as they should be, in words.
    pub examples: Vec<String>,
}

/// Compares flows with `truth_flows.jsonl` and `truth.json`; `find` leads from a written identifier to its number.
pub fn check(
    flows: &Flows,
    evidence: &Evidence,
    truth_flows: &str,
    truth: &str,
    find: impl Fn(&str) -> Option<IdentifierId>,
) -> CheckReport {
    let mut report = CheckReport::default();
    let mut owner: BTreeMap<FlowId, u32> = BTreeMap::new();
    let mut kinds: BTreeMap<String, BTreeMap<u16, u32>> = BTreeMap::new();
    for line in truth_flows.lines() {
        let Ok(truth) = serde_json::from_str::<TrueFlow>(line) else { continue };
        report.flows += 1;
        let is_failed = truth.status == "failed";
        report.truly_failed += u32::from(is_failed);
        let Some(id) = find(&truth.corr).and_then(|identifier| flows.with(identifier)) else {
            report.missing += 1;
            report.example(|| format!("{} {}: not found", truth.kind, truth.corr));
            continue;
        };
        let owners = owner.entry(id).or_insert(0);
        *owners += 1;
        report.merged += u32::from(*owners > 1);
        let flow = flows.get(id).expect("an identifier leads to a flow");
        *kinds.entry(truth.kind.clone()).or_default().entry(flow.kind.0).or_insert(0) += 1;
        let found = count(flows, evidence, id);
        if truth.linked != truth.events {
            report.unlinkable += 1;
        } else if found == truth.n && flow.errors == truth.errors {
            report.exact += 1;
        } else {
            report.example(|| {
                format!(
                    "{} {}: wanted {:?} {}, found {found:?} {}",
                    truth.kind, truth.corr, truth.n, truth.errors, flow.errors
                )
            });
        }
        let finds_failed = flow.verdict == Verdict::Failed;
        report.found_failed += u32::from(finds_failed);
        report.rightly_failed += u32::from(finds_failed && is_failed);
        if !is_failed {
            *report.verdicts_of_ok.entry(flow.verdict.into()).or_insert(0) += 1;
        }
        let hop = flow.failing_hop.map(|hop| evidence.system_name(hop.to).to_owned());
        let is_right_hop = is_failed && hop == truth.failed_at;
        report.right_hop += u32::from(is_right_hop);
        if finds_failed != is_failed || (is_failed && !is_right_hop) {
            let verdict: &str = flow.verdict.into();
            report.example(|| {
                format!(
                    "{} {} ({:?}): {} at {:?}, found {verdict} at {hop:?}",
                    truth.kind, truth.corr, truth.cause, truth.status, truth.failed_at
                )
            });
        }
    }
    for (kind, found) in kinds {
        let all = found.values().sum();
        report.kinds.insert(kind, (found.values().copied().max().unwrap_or(0), all));
    }
    let estate: TrueEstate = serde_json::from_str(truth).unwrap_or_default();
    for (name, system) in estate.systems {
        let Some(id) = evidence.system_named(&name) else { continue };
        let logs = flows.skew.iter().find(|skew| skew.system == id && skew.stamped_as == EventKind::Log);
        let found = logs.map_or(0.0, |skew| skew.offset.0 as f64 / 1e6);
        report.skew.insert(name, (system.skew_us as f64 / 1e3, found));
    }
    for skew in flows.skew.iter().filter(|skew| skew.stamped_as == EventKind::Span) {
        let name = format!("{} spans", evidence.system_name(skew.system));
        report.skew.insert(name, (0.0, skew.offset.0 as f64 / 1e6));
    }
    report
}

/// Events by system; spans count for `otel`, as in the truth.
fn count(flows: &Flows, evidence: &Evidence, id: FlowId) -> BTreeMap<String, u32> {
    let mut counts = BTreeMap::new();
    for row in flows.rows(evidence, id) {
        *counts.entry(name(evidence, row).to_owned()).or_insert(0) += 1;
    }
    counts
}

fn name(evidence: &Evidence, row: Row) -> &str {
    if evidence.kind(row) == EventKind::Span { "otel" } else { evidence.system_name(evidence.system(row)) }
}

impl CheckReport {
    /// Share of flows, where all of their events can be linked, that are exact.
    pub fn exactness(&self) -> f64 {
        share(self.exact, self.flows - self.unlinkable)
    }

    pub fn precision(&self) -> f64 {
        share(self.rightly_failed, self.found_failed)
    }

    pub fn recall(&self) -> f64 {
        share(self.rightly_failed, self.truly_failed)
    }

    /// Share of truly failed flows whose failing hop leads to the system that failed.
    pub fn hops(&self) -> f64 {
        share(self.right_hop, self.truly_failed)
    }

    /// The largest error of a clock's offset, as a share of what is tolerated: 10 ms or a tenth.
    pub fn worst_skew(&self) -> f64 {
        self.skew
            .values()
            .map(|(truth, found)| (truth - found).abs() / (truth.abs() / 10.0).max(10.0))
            .fold(0.0, f64::max)
    }

    fn example(&mut self, text: impl FnOnce() -> String) {
        if self.examples.len() < 12 {
            self.examples.push(text());
        }
    }
}

fn share(part: u32, of: u32) -> f64 {
    if of == 0 { 1.0 } else { f64::from(part) / f64::from(of) }
}

impl fmt::Display for CheckReport {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let percent = |share: f64| share * 100.0;
        writeln!(
            f,
            "flows {}: exact {:.3} % of those linkable, missing {}, merged {}, not linkable by design {}",
            self.flows,
            percent(self.exactness()),
            self.missing,
            self.merged,
            self.unlinkable
        )?;
        writeln!(
            f,
            "failed {}: precision {:.2} %, recall {:.2} %, failing hop {:.2} %",
            self.truly_failed,
            percent(self.precision()),
            percent(self.recall()),
            percent(self.hops())
        )?;
        writeln!(f, "the others: {:?}", self.verdicts_of_ok)?;
        for (kind, (most, all)) in &self.kinds {
            writeln!(f, "kind {kind}: {most} of {all} in one kind")?;
        }
        writeln!(f, "clocks: worst error {:.2} of what is tolerated", self.worst_skew())?;
        for (system, (truth, found)) in &self.skew {
            writeln!(f, "  {system}: {truth} ms, found {found:.3} ms")?;
        }
        for example in &self.examples {
            writeln!(f, "- {example}")?;
        }
        Ok(())
    }
}
