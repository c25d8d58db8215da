//! The next look: what new rows touch, and nothing else.

use super::Correlator;
use crate::evidence::{Evidence, IdentifierId};
use crate::flows::linking::HubVerdict;
use crate::flows::{Group, Kind, KindId};
use crate::telemetry::IdentifierClass;
use std::sync::Arc;

impl Correlator {
    pub(super) fn take_in(&mut self, evidence: &Evidence) {
        self.build(evidence);
    }

    /// Puts kinds, groups and skew where everybody can read them.
    pub(super) fn publish(&mut self, evidence: &Evidence) {
        self.flows.row_count = evidence.rows();
        self.flows.clocks = self.clocks.clone();
        self.flows.ring = self.linking.ring.clone();
        self.flows.latest = self.linking.latest.clone();
        self.flows.earlier = self.linking.earlier.clone();
        let mut verdicts = vec![[0u32; 6]; self.models.len()];
        for (_, flow) in self.flows.iter() {
            verdicts[usize::from(flow.kind.0)][flow.verdict as usize] += 1;
        }
        let kinds = self.models.iter().zip(verdicts).enumerate().map(|(number, (model, verdicts))| {
            let operation = self.kinds.operation(KindId(number as u16));
            let (system, text) = (evidence.system_name(operation.system), evidence.text(operation.text));
            Kind {
                name: format!("{system} {text}"),
                entry_system: operation.system,
                entry: operation.text,
                flows: verdicts.iter().sum(),
                verdicts,
                path: model.usual.path.clone(),
            }
        });
        self.flows.kinds = Arc::new(kinds.collect());
        let mut groups: Vec<Group> = self
            .linking
            .hubs()
            .filter(|&(id, _)| evidence.class(IdentifierId(id)) != IdentifierClass::Span)
            .filter_map(|(id, verdict)| self.group(evidence, IdentifierId(id), verdict))
            .collect();
        groups.sort_unstable_by_key(|group| evidence.identifiers.key(group.identifier));
        self.flows.groups = Arc::new(groups);
    }

    fn group(&self, evidence: &Evidence, identifier: IdentifierId, verdict: HubVerdict) -> Option<Group> {
        let met: Vec<IdentifierId> = self.linking.neighbours(identifier.0).map(IdentifierId).collect();
        let count = |class| met.iter().filter(|&&id| evidence.class(id) == class).count();
        let (correlations, traces) = (count(IdentifierClass::Correlation), count(IdentifierClass::Trace));
        let reason = match verdict {
            HubVerdict::Session => "sessions group flows and never link them".to_owned(),
            HubVerdict::MeetsCorrelations => {
                format!(
                    "met {correlations} correlation identifiers: more than attempts at one transaction make"
                )
            }
            HubVerdict::MeetsTraces => format!("met {traces} traces: more than one transaction crosses"),
            HubVerdict::MeetsDistinct => {
                format!("met {} transactions that each have a number of their own", correlations.max(traces))
            }
            HubVerdict::Chains(chained) => {
                format!(
                    "one of the weak links that would chain {chained} correlation identifiers into one flow"
                )
            }
        };
        (!met.is_empty()).then(|| Group { identifier, reason, met: met.into() })
    }
}
