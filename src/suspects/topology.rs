//! Who calls whom, from spans and from what a source declared: how deep a system is, and what its callees explain.

use super::scene::Scene;
use super::traces::Traces;
use crate::evidence::SystemId;
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::VecDeque;

#[derive(Default)]
pub(super) struct Topology {
    callees: FxHashMap<SystemId, Vec<SystemId>>,
    callers: FxHashMap<SystemId, Vec<SystemId>>,
    depth: FxHashMap<SystemId, u32>,
    deepest: u32,
}

impl Topology {
    pub(super) fn of(scene: &Scene, traces: &Traces) -> Self {
        let mut edges: FxHashSet<(SystemId, SystemId)> = scene.evidence.topology.iter().copied().collect();
        for (place, span) in traces.spans.iter().enumerate() {
            if let Some(parent) = traces.parent(place as u32).filter(|_| !span.is_inferred) {
                let parent = &traces.spans[parent as usize];
                edges.insert((parent.peer.unwrap_or(parent.system), span.system));
            }
            edges.extend(span.peer.map(|peer| (span.system, peer)));
        }
        if edges.is_empty() {
            for kind in scene.flows.kinds.iter() {
                edges.extend(kind.path.legs.iter().map(|leg| (leg.hop.from, leg.hop.to)));
            }
        }
        let mut topology = Self::default();
        let mut edges: Vec<_> = edges.into_iter().filter(|(caller, callee)| caller != callee).collect();
        edges.sort_unstable();
        for (caller, callee) in edges {
            topology.callees.entry(caller).or_default().push(callee);
            topology.callers.entry(callee).or_default().push(caller);
        }
        topology.measure();
        topology
    }

    /// Calls from the outermost system, the shortest way; cycles do not matter then.
    fn measure(&mut self) {
        let mut entries: Vec<SystemId> =
            self.callees.keys().copied().filter(|system| !self.callers.contains_key(system)).collect();
        entries.sort_unstable();
        let mut queue: VecDeque<(SystemId, u32)> = entries.into_iter().map(|entry| (entry, 0)).collect();
        while let Some((system, depth)) = queue.pop_front() {
            if self.depth.contains_key(&system) {
                continue;
            }
            self.depth.insert(system, depth);
            self.deepest = self.deepest.max(depth);
            queue.extend(self.callees(system).iter().map(|&callee| (callee, depth + 1)));
        }
    }

    pub(super) fn callees(&self, system: SystemId) -> &[SystemId] {
        self.callees.get(&system).map_or(&[], Vec::as_slice)
    }

    pub(super) fn callers(&self, system: SystemId) -> &[SystemId] {
        self.callers.get(&system).map_or(&[], Vec::as_slice)
    }

    /// Whether nothing is known of who calls whom.
    pub(super) fn is_empty(&self) -> bool {
        self.callees.is_empty()
    }

    /// All calls, by caller and callee.
    pub(super) fn calls(&self) -> Vec<(SystemId, SystemId)> {
        let of = |(caller, callees): (&SystemId, &Vec<SystemId>)| {
            callees.iter().map(|callee| (*caller, *callee)).collect::<Vec<_>>()
        };
        let mut calls: Vec<(SystemId, SystemId)> = self.callees.iter().flat_map(of).collect();
        calls.sort_unstable();
        calls
    }

    pub(super) fn are_neighbours(&self, one: SystemId, other: SystemId) -> bool {
        self.callees(one).contains(&other) || self.callers(one).contains(&other)
    }

    /// From 0 for what nobody calls to 1 for the deepest.
    pub(super) fn depth(&self, system: SystemId) -> f64 {
        f64::from(self.depth.get(&system).copied().unwrap_or(0)) / f64::from(self.deepest.max(1))
    }

    /// Systems that can be reached by calls through those that pass the test; the start is reached.
    pub(super) fn reached(
        &self,
        from: &[SystemId],
        passes: impl Fn(SystemId) -> bool,
    ) -> FxHashSet<SystemId> {
        let mut reached: FxHashSet<SystemId> = FxHashSet::default();
        let mut queue: Vec<SystemId> = from.to_vec();
        while let Some(system) = queue.pop() {
            if reached.insert(system) {
                queue.extend(self.callees(system).iter().copied().filter(|&callee| passes(callee)));
            }
        }
        reached
    }
}

/// A callee seen from outside, or a caller: no system that anybody could repair.
pub(super) fn is_pseudo(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    lower.ends_with("_remote") || lower.ends_with("_client")
}

/// A gateway or balancer: it passes on what goes wrong elsewhere.
pub(super) fn is_gateway(name: &str) -> bool {
    super::kinds::words(name).iter().any(|word| {
        matches!(
            word.as_str(),
            "gateway"
                | "proxy"
                | "ingress"
                | "egress"
                | "balancer"
                | "loadbalancer"
                | "elb"
                | "alb"
                | "nlb"
                | "lb"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges_of_the_estate_are_told_by_name() {
        assert!(is_pseudo("searc.us-west-2.elb.example.com_remote") && is_pseudo("PetSearch_client"));
        assert!(is_gateway("api-gateway") && is_gateway("IngressProxy") && !is_gateway("payment-service"));
    }
}
