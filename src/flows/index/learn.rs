//! What a sample of flows that were read whole says of all of them, and how far that may be off.

use super::strata::Stratum;
use super::{CountedFlow, FlowIndex};
use crate::evidence::{Counted, Evidence, SystemId};
use crate::flows::{Flow, FlowId, Flows, Hop, KindId, Marks, Verdict};
use crate::telemetry::{EventKind, Nanos};
use rustc_hash::FxHashMap;
use strum::IntoEnumIterator;

/// A verdict is said of flows that were not read if this share of those that look alike have it.
const AGREE: f64 = 0.9;
/// Standard errors that 95 of 100 estimates are within.
const WITHIN: f64 = 1.96;

/// What is said of a flow.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Judged {
    pub verdict: Verdict,
    /// The kind, among those of the sample; `None` where none of those that look alike was read.
    pub kind: Option<KindId>,
    /// In numbers of the counted evidence.
    pub failing_hop: Option<Hop>,
    pub marks: Marks,
    /// It was read whole and judged by itself; else by those that look alike.
    pub is_read: bool,
}

impl Judged {
    const UNKNOWN: Self =
        Self { verdict: Verdict::Unknown, kind: None, failing_hop: None, marks: Marks(0), is_read: false };
}

/// How many of all flows have a verdict: a share in 0..1, and how far it may be off (95 %).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Share {
    pub verdict: Verdict,
    pub share: f64,
    pub error: f64,
}

impl FlowIndex {
    /// Judges all flows by those of them that were read whole; clocks are set right by what these tell.
    pub fn learn(
        &mut self,
        counted: &mut Counted,
        evidence: &Evidence,
        read: &Flows,
    ) -> (Vec<Judged>, Vec<Share>) {
        // Strata are those that the sample was drawn by; setting clocks right puts flows in another order.
        let of_systems: FxHashMap<SystemId, SystemId> = (0..evidence.systems.len() as u16)
            .map(|number| {
                (SystemId(number), counted.evidence.intern_system(evidence.system_name(SystemId(number))))
            })
            .collect();
        let hop = |hop: Hop| Hop { from: of_systems[&hop.from], to: of_systems[&hop.to] };
        let mut judged = vec![Judged::UNKNOWN; self.flows.len()];
        for stratum in &self.strata {
            for &place in &stratum.flows {
                let Some((_, flow)) = self.read_as(counted, evidence, read, &self.flows[place as usize])
                else {
                    continue;
                };
                judged[place as usize] = Judged {
                    verdict: flow.verdict,
                    kind: Some(flow.kind),
                    failing_hop: flow.failing_hop.map(hop),
                    marks: flow.marks,
                    is_read: true,
                };
            }
        }
        let shares = Verdict::iter().map(|verdict| share(verdict, &self.strata, &judged)).collect();
        for stratum in &self.strata {
            let alike = agreed(stratum, &judged);
            for &place in &stratum.flows {
                let one = &mut judged[place as usize];
                if !one.is_read {
                    *one = alike;
                }
            }
        }
        let mut together: Vec<(CountedFlow, Judged)> =
            std::mem::take(&mut self.flows).into_iter().zip(judged).collect();
        together.sort_by_key(|(flow, _)| flow.name);
        let by_name: Vec<Judged>;
        (self.flows, by_name) = together.into_iter().unzip();
        let names: Vec<_> = self.flows.iter().map(|flow| flow.name).collect();
        let ahead = |system: SystemId| {
            let skew = read.skew.iter().find(|skew| {
                of_systems.get(&skew.system) == Some(&system) && skew.stamped_as == EventKind::Log
            });
            skew.map_or(Nanos::ZERO, |skew| Nanos(skew.offset.0 + skew.zone.0))
        };
        self.set_clocks(counted, ahead);
        let place = |flow: &CountedFlow| names.binary_search(&flow.name).expect("flows keep their names");
        let judged = self.flows.iter().map(|flow| by_name[place(flow)]).collect();
        (judged, shares)
    }

    /// The flow of the sample that a counted one is.
    fn read_as<'a>(
        &self,
        counted: &Counted,
        evidence: &Evidence,
        read: &'a Flows,
        flow: &CountedFlow,
    ) -> Option<(FlowId, &'a Flow)> {
        let known = &counted.evidence.identifiers;
        let id = evidence.identifiers.find(known.key(flow.name))?;
        let id = read.with(id)?;
        Some((id, read.get(id)?))
    }
}

/// What those of a stratum that were read say of those that were not.
fn agreed(stratum: &Stratum, judged: &[Judged]) -> Judged {
    let read: Vec<&Judged> =
        stratum.flows.iter().map(|place| &judged[*place as usize]).filter(|one| one.is_read).collect();
    let common = |matches: &dyn Fn(&Judged, &Judged) -> bool| {
        let count = |one: &Judged| read.iter().filter(|other| matches(one, other)).count();
        read.iter().map(|one| (count(one), **one)).max_by_key(|(count, _)| *count)
    };
    let Some((_, of_kind)) = common(&|one, other| one.kind == other.kind) else { return Judged::UNKNOWN };
    let Some((count, of_verdict)) = common(&|one, other| one.verdict == other.verdict) else {
        return Judged::UNKNOWN;
    };
    let unread = Judged { kind: of_kind.kind, ..Judged::UNKNOWN };
    if (count as f64) < AGREE * read.len() as f64 {
        return unread;
    }
    let hop = common(&|one, other| one.verdict == of_verdict.verdict && one.failing_hop == other.failing_hop)
        .filter(|(count, _)| *count as f64 >= AGREE * read.len() as f64);
    Judged { verdict: of_verdict.verdict, failing_hop: hop.and_then(|(_, one)| one.failing_hop), ..unread }
}

/// The share of a verdict among all flows, stratum by stratum.
fn share(verdict: Verdict, strata: &[Stratum], judged: &[Judged]) -> Share {
    let all: usize = strata.iter().map(|stratum| stratum.flows.len()).sum();
    let (mut share, mut variance) = (0.0, 0.0);
    for stratum in strata {
        let read = stratum.flows.iter().map(|place| judged[*place as usize]).filter(|one| one.is_read);
        let (count, hits) = read.fold((0.0, 0.0), |(count, hits), one| {
            (count + 1.0, hits + f64::from(u8::from(one.verdict == verdict)))
        });
        let size = stratum.flows.len() as f64;
        let weight = size / all.max(1) as f64;
        share += weight * if count > 0.0 { hits / count } else { 0.0 };
        // A few that agree do not prove that all do: the variance is that of one more hit and one more miss.
        let likely = (hits + 1.0) / (count + 2.0);
        let unread = 1.0 - count / size;
        variance += weight * weight * unread * likely * (1.0 - likely) / (count + 2.0);
    }
    Share { verdict, share, error: WITHIN * variance.sqrt() }
}
