//! `bridgewatch flows`: every flow with its verdict, oldest first.

use super::arguments::{FlowsArguments, Shared, VerdictName};
use super::gather::gather;
use super::output::{Output, Role, Table};
use super::{Failure, Outcome};
use crate::evidence::{Evidence, IdentifierId};
use crate::flows::{Census, CountedFlow, Flow, FlowId, Flows, Judged, Verdict};
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
    #[serde(flatten)]
    count: Option<Count>,
}

#[derive(Serialize)]
struct HopNames<'a> {
    from: &'a str,
    to: &'a str,
}

/// What there is to know of a flow that a backend counted.
#[derive(Serialize)]
struct Count {
    /// The verdict is that of flows that look alike and were read whole; this one was only counted.
    sampled: bool,
    /// All of its events are counted.
    complete: bool,
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
            count: None,
        }
    }

    /// A flow that a backend counted.
    fn counted(census: &'a Census, flow: &CountedFlow, judged: &Judged) -> Self {
        let evidence = &census.counted().evidence;
        Self {
            flow: census.name(flow),
            kind: census.kind(judged),
            identifiers: census.identifiers(flow),
            verdict: judged.verdict,
            failing_hop: judged.failing_hop.map(|hop| HopNames {
                from: evidence.system_name(hop.from),
                to: evidence.system_name(hop.to),
            }),
            first: flow.first(),
            last: flow.last(),
            duration_ns: flow.last() - flow.first(),
            events: flow.events(),
            errors: flow.errors(),
            systems: flow
                .stays
                .iter()
                .map(|stay| {
                    (evidence.system_name(stay.system), Counts { events: stay.events, errors: stay.errors })
                })
                .collect(),
            marks: judged.marks.names().collect(),
            count: Some(Count { sampled: !judged.is_read, complete: census.is_complete() }),
        }
    }

    fn is_wanted(&self, arguments: &FlowsArguments) -> bool {
        let by_verdict = arguments.verdict.is_empty()
            || arguments.verdict.iter().any(|name| verdict(*name) == self.verdict);
        let by_kind = arguments.kind.as_ref().is_none_or(|text| self.kind.contains(text.as_str()));
        let by_system = arguments
            .system
            .as_ref()
            .is_none_or(|name| self.systems.iter().any(|(system, _)| system == name));
        by_verdict && by_kind && by_system
    }

    fn row(&self) -> Vec<(Role, String)> {
        let (role, word) = shown(self.verdict);
        let mut word = word.to_owned();
        if let Some(hop) = &self.failing_hop {
            word = format!("{word} {}→{}", hop.from, hop.to);
        }
        let way: Vec<&str> = self.systems.iter().map(|(system, _)| *system).collect();
        vec![
            (Role::Muted, self.first.utc().format("%Y-%m-%d %H:%M:%S%.3f").to_string()),
            (role, word),
            (Role::Strong, self.flow.clone()),
            (Role::Plain, self.duration_ns.to_string()),
            (Role::Plain, self.events.to_string()),
            (if self.errors > 0 { Role::Bad } else { Role::Muted }, self.errors.to_string()),
            (Role::Plain, self.kind.to_owned()),
            (Role::Warning, self.marks.join(" ")),
            (Role::Muted, way.join(" → ")),
        ]
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
    let mut gathered = gather(shared, &arguments.inputs, output)?;
    let flows = gathered.flows();
    match gathered.survey.take() {
        Some(survey) => {
            let census = survey.learn(&gathered.evidence, &flows);
            let all = census.flows().map(|(flow, judged)| Summary::counted(&census, flow, judged));
            list(all.filter(|flow| flow.is_wanted(arguments)), output)?;
            output.warn(&census.note());
            if !output.json {
                paths(&gathered.evidence, &flows, output)?;
                let verdicts: Vec<Verdict> = census.flows().map(|(_, judged)| judged.verdict).collect();
                output.line(&[(Role::Muted, &counts(&verdicts))])?;
            }
        }
        None => {
            let evidence = &gathered.evidence;
            let all = flows.iter().map(|(id, flow)| Summary::of(evidence, &flows, id, flow));
            list(all.filter(|flow| flow.is_wanted(arguments)), output)?;
            if !output.json {
                let verdicts: Vec<Verdict> = flows.iter().map(|(_, flow)| flow.verdict).collect();
                output.line(&[(Role::Muted, &counts(&verdicts))])?;
            }
        }
    }
    output.flush()?;
    Ok(gathered.outcome)
}

fn list<'a>(flows: impl Iterator<Item = Summary<'a>>, output: &Output) -> Result<(), Failure> {
    if output.json {
        for flow in flows {
            output.object(&flow)?;
        }
        return Ok(());
    }
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
    for flow in flows {
        table.row(flow.row());
    }
    let is_empty = table.is_empty();
    if !is_empty {
        output.table(&table)?;
        output.blank()?;
    }
    Ok(())
}

/// The expected paths that a sample tells, with how far a share of its flows may be off.
fn paths(evidence: &Evidence, flows: &Flows, output: &Output) -> Result<(), Failure> {
    for kind in flows.kinds.iter().filter(|kind| kind.path.completed > 0) {
        let way: Vec<&str> = kind.path.systems.iter().map(|system| evidence.system_name(*system)).collect();
        // The widest that a share can be off (95 %): that of a half.
        let error = 98.0 / f64::from(kind.path.completed).sqrt();
        output.line(&[
            (Role::Strong, &kind.name),
            (
                Role::Plain,
                &format!(
                    "  {}  p50 {}, p99 {}; from {} completed flows, shares ± {error:.0} %",
                    way.join(" → "),
                    kind.path.duration_p50,
                    kind.path.duration_p99,
                    kind.path.completed
                ),
            ),
        ])?;
    }
    Ok(())
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

/// How many there are of each verdict, of all flows.
fn counts(verdicts: &[Verdict]) -> String {
    use strum::IntoEnumIterator;
    let mut parts = Vec::new();
    for verdict in Verdict::iter() {
        let count = verdicts.iter().filter(|one| **one == verdict).count();
        if count > 0 {
            parts.push(format!("{count} {}", shown(verdict).1.split_once(' ').map_or("", |(_, word)| word)));
        }
    }
    if parts.is_empty() {
        return "no flows: no event carried an identifier (see `bridgewatch formats`)".to_owned();
    }
    format!("{} flows: {}", verdicts.len(), parts.join(", "))
}
