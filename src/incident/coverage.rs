//! How much of the ways of flows can be seen: hops in logs, in traces, in metrics, and systems that say nothing.

use crate::evidence::{Evidence, Row, SystemId};
use crate::flows::Flows;
use crate::telemetry::EventKind;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What is seen of the hops that flows usually take, and where nothing is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coverage {
    /// Hops of the usual ways, each counted once.
    pub hops: u32,
    /// Of those, hops whose far side writes events with identifiers, spans, metrics.
    pub logs: u32,
    pub traces: u32,
    pub metrics: u32,
    /// Systems that are known from calls, metrics or the catalogue, and on whose part in a flow nothing was ever said.
    pub blind: Vec<String>,
}

/// As many systems as there are numbers for.
const SYSTEMS: usize = 1 << 16;

fn has(seen: &[bool], system: SystemId) -> bool {
    seen[usize::from(system.0)]
}

impl Coverage {
    /// Looks at all that was pulled. `catalogue` names the systems that somebody knows of.
    pub fn of<'a>(
        evidence: &Evidence,
        flows: &Flows,
        catalogue: impl IntoIterator<Item = &'a str>,
    ) -> Option<Self> {
        let mut hops: BTreeSet<(SystemId, SystemId)> = BTreeSet::new();
        for kind in flows.kinds.iter() {
            hops.extend(kind.path.systems.windows(2).map(|pair| (pair[0], pair[1])));
        }
        // By system; this passes over every event there is.
        let (mut logs, mut traces) = (vec![false; SYSTEMS], vec![false; SYSTEMS]);
        for row in (0..evidence.rows()).map(Row) {
            match evidence.kind(row) {
                EventKind::Span => traces[usize::from(evidence.system(row).0)] = true,
                EventKind::Log if evidence.identifier(row).is_some() => {
                    logs[usize::from(evidence.system(row).0)] = true;
                }
                _ => {}
            }
        }
        let metrics: BTreeSet<&str> = evidence.series.iter().map(|series| series.system.as_str()).collect();
        let known = evidence.topology.iter().flat_map(|(caller, callee)| [*caller, *callee]);
        let known = known.map(|system| evidence.system_name(system).to_owned());
        let known = known.chain(metrics.iter().map(|system| (*system).to_owned()));
        let known: BTreeSet<String> = known.chain(catalogue.into_iter().map(str::to_owned)).collect();
        let speaks = |name: &String| {
            evidence.system_named(name).is_some_and(|system| has(&logs, system) || has(&traces, system))
        };
        let blind: Vec<String> = known.into_iter().filter(|name| !speaks(name)).collect();
        if hops.is_empty() && blind.is_empty() {
            return None;
        }
        let seen =
            |is_seen: &dyn Fn(SystemId) -> bool| hops.iter().filter(|hop| is_seen(hop.1)).count() as u32;
        Some(Self {
            hops: hops.len() as u32,
            logs: seen(&|system| has(&logs, system)),
            traces: seen(&|system| has(&traces, system)),
            metrics: seen(&|system| metrics.contains(evidence.system_name(system))),
            blind,
        })
    }

    /// `of 7 hops 7 are seen in logs, 4 in traces, 2 in metrics; blind: mq, sap`
    pub fn sentence(&self) -> String {
        let mut text = format!(
            "of {} hops {} are seen in logs, {} in traces, {} in metrics",
            self.hops, self.logs, self.traces, self.metrics
        );
        if !self.blind.is_empty() {
            text.push_str(&format!("; blind spots: {}", self.blind.join(", ")));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::{Sample, Series, Time};

    #[test]
    fn a_system_that_is_known_and_says_nothing_of_flows_is_a_blind_spot() {
        let mut evidence = Evidence::default();
        assert_eq!(Coverage::of(&evidence, &Flows::default(), []), None);
        evidence.add_topology(&[("kong".to_owned(), "sap".to_owned())]);
        evidence.add_series(vec![Series {
            system: "mq".into(),
            metric: "depth".into(),
            unit: String::new(),
            labels: Vec::new(),
            exemplars: Vec::new(),
            samples: vec![Sample { time: Time(0), value: 1.0 }],
            source: "a".into(),
        }]);
        let coverage = Coverage::of(&evidence, &Flows::default(), ["crm"]).unwrap();
        assert_eq!(coverage.blind, ["crm", "kong", "mq", "sap"]);
        assert!(coverage.sentence().ends_with("blind spots: crm, kong, mq, sap"));
    }
}
