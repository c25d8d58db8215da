//! `bridgewatch flows`: every flow with its verdict, oldest first.

use super::arguments::{FlowsArguments, Shared, VerdictName};
use super::gather::gather;
use super::output::{Output, Role, Table};
use super::{Failure, Outcome};
use crate::evidence::{Evidence, IdentifierId};
use crate::flows::{Flow, FlowId, Flows, Verdict};
use crate::telemetry::{Identifier, Nanos, Time};
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

/// A flow in summary, as machines get it; `flow` closes with the same.
#[derive(Serialize)]
pub(super) struct Summary<'a> {
    flow: String,
    kind: &'a str,
    identifiers: Vec<Identifier>,
    verdict: Verdict,
    failing_hop: Option<HopNames<'a>>,
    first: Time,
    last: Time,
    duration_ns: Nanos,
    events: u32,
    errors: u32,
    #[serde(serialize_with = "in_order")]
    systems: Vec<(&'a str, Counts)>,
    marks: Vec<&'static str>,
}

#[derive(Serialize)]
struct HopNames<'a> {
    from: &'a str,
    to: &'a str,
}

#[derive(Serialize)]
struct Counts {
    events: u32,
    errors: u32,
}

/// Systems as an object, in the order of the flow's first visit to each.
fn in_order<S: Serializer>(systems: &[(&str, Counts)], serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(systems.len()))?;
    for (system, counts) in systems {
        map.serialize_entry(system, counts)?;
    }
    map.end()
}

impl<'a> Summary<'a> {
    pub(super) fn of(evidence: &'a Evidence, flows: &'a Flows, id: FlowId, flow: &Flow) -> Self {
        Self {
            flow: evidence.identifiers.identifier(flow.name).value,
            kind: &flows.kind(flow.kind).name,
            identifiers: identifiers(evidence, flows, id),
            verdict: flow.verdict,
            failing_hop: flow.failing_hop.map(|hop| HopNames {
                from: evidence.system_name(hop.from),
                to: evidence.system_name(hop.to),
            }),
            first: flow.first,
            last: flow.last,
            duration_ns: flow.last - flow.first,
            events: flow.events,
            errors: flow.errors,
            systems: flow
                .visits
                .iter()
                .map(|visit| {
                    (
                        evidence.system_name(visit.system),
                        Counts { events: visit.events, errors: visit.errors },
                    )
                })
                .collect(),
            marks: flow.marks.names().collect(),
        }
    }
}

/// A flow's identifiers, the most trusted class first.
pub(super) fn identifiers(evidence: &Evidence, flows: &Flows, id: FlowId) -> Vec<Identifier> {
    let ids: Vec<IdentifierId> = flows.identifiers(id);
    let mut found: Vec<Identifier> = ids.into_iter().map(|id| evidence.identifiers.identifier(id)).collect();
    found.sort();
    found
}

pub(super) fn run(shared: &Shared, arguments: &FlowsArguments, output: &Output) -> Result<Outcome, Failure> {
    let gathered = gather(shared, &arguments.inputs, output)?;
    let flows = gathered.flows();
    let evidence = &gathered.evidence;
    let wanted = flows.iter().filter(|(_, flow)| is_wanted(evidence, &flows, flow, arguments));
    if output.json {
        for (id, flow) in wanted {
            output.object(&Summary::of(evidence, &flows, id, flow))?;
        }
    } else {
        let mut table = Table::new(&[
            "first (UTC)",
            "verdict",
            "flow",
            ">took",
            ">events",
            ">errors",
            "kind",
            "marks",
            "way",
        ]);
        for (_, flow) in wanted {
            table.row(row(evidence, &flows, flow));
        }
        let is_empty = table.is_empty();
        if !is_empty {
            output.table(&table)?;
            output.blank()?;
        }
        output.line(&[(Role::Muted, &counts(&flows))])?;
    }
    output.flush()?;
    Ok(gathered.outcome)
}

fn is_wanted(evidence: &Evidence, flows: &Flows, flow: &Flow, arguments: &FlowsArguments) -> bool {
    let by_verdict =
        arguments.verdict.is_empty() || arguments.verdict.iter().any(|name| verdict(*name) == flow.verdict);
    let by_kind =
        arguments.kind.as_ref().is_none_or(|text| flows.kind(flow.kind).name.contains(text.as_str()));
    let by_system = arguments
        .system
        .as_ref()
        .is_none_or(|name| flow.visits.iter().any(|visit| evidence.system_name(visit.system) == name));
    by_verdict && by_kind && by_system
}

fn verdict(name: VerdictName) -> Verdict {
    match name {
        VerdictName::Completed => Verdict::Completed,
        VerdictName::Failed => Verdict::Failed,
        VerdictName::Stuck => Verdict::Stuck,
        VerdictName::Slow => Verdict::Slow,
        VerdictName::InFlight => Verdict::InFlight,
        VerdictName::Unknown => Verdict::Unknown,
    }
}

/// A verdict as people see it: a symbol, a word, and what colour they mean.
pub(super) fn shown(verdict: Verdict) -> (Role, &'static str) {
    match verdict {
        Verdict::Completed => (Role::Good, "✓ completed"),
        Verdict::Failed => (Role::Bad, "✗ failed"),
        Verdict::Stuck => (Role::Bad, "■ stuck"),
        Verdict::Slow => (Role::Warning, "◷ slow"),
        Verdict::InFlight => (Role::Accent, "▸ in flight"),
        Verdict::Unknown => (Role::Muted, "? unknown"),
    }
}

fn row(evidence: &Evidence, flows: &Flows, flow: &Flow) -> Vec<(Role, String)> {
    let (role, mut word) = {
        let (role, word) = shown(flow.verdict);
        (role, word.to_owned())
    };
    if let Some(hop) = flow.failing_hop {
        word = format!("{word} {}→{}", evidence.system_name(hop.from), evidence.system_name(hop.to));
    }
    let way: Vec<&str> = flow.visits.iter().map(|visit| evidence.system_name(visit.system)).collect();
    vec![
        (Role::Muted, flow.first.utc().format("%Y-%m-%d %H:%M:%S%.3f").to_string()),
        (role, word),
        (Role::Strong, evidence.identifiers.identifier(flow.name).value),
        (Role::Plain, (flow.last - flow.first).to_string()),
        (Role::Plain, flow.events.to_string()),
        (if flow.errors > 0 { Role::Bad } else { Role::Muted }, flow.errors.to_string()),
        (Role::Plain, flows.kind(flow.kind).name.clone()),
        (Role::Warning, flow.marks.names().collect::<Vec<_>>().join(" ")),
        (Role::Muted, way.join(" → ")),
    ]
}

/// How many there are of each verdict, of all flows.
fn counts(flows: &Flows) -> String {
    use strum::IntoEnumIterator;
    let mut parts = Vec::new();
    for verdict in Verdict::iter() {
        let count = flows.iter().filter(|(_, flow)| flow.verdict == verdict).count();
        if count > 0 {
            parts.push(format!("{count} {}", shown(verdict).1.split_once(' ').map_or("", |(_, word)| word)));
        }
    }
    if parts.is_empty() {
        return "no flows: no event carried an identifier (see `bridgewatch formats`)".to_owned();
    }
    format!("{} flows: {}", flows.len(), parts.join(", "))
}
