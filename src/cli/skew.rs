//! `bridgewatch skew`: how far each system's clock is off.

use super::arguments::{Inputs, Shared};
use super::gather::gather;
use super::output::{Output, Role, Table};
use super::{Failure, Outcome};
use crate::evidence::{Evidence, SystemId};
use crate::flows::{Flows, Skew};
use crate::telemetry::{EventKind, Nanos};
use serde::Serialize;
use std::collections::BTreeMap;

#[derive(Serialize)]
struct Line<'a> {
    system: &'a str,
    offset_ns: Nanos,
    /// The zone that its stamps are in but do not name, beside `offset_ns`.
    zone_ns: Nanos,
    uncertainty_ns: Nanos,
    pairs: u32,
    /// The clock of the system's spans, where it is another one than that of its log.
    spans: Option<Clock>,
}

#[derive(Serialize)]
struct Clock {
    offset_ns: Nanos,
    uncertainty_ns: Nanos,
    pairs: u32,
}

pub(super) fn run(shared: &Shared, inputs: &Inputs, output: &Output) -> Result<Outcome, Failure> {
    let gathered = gather(shared, inputs, output)?;
    let flows = gathered.flows();
    let clocks = by_system(&flows);
    if output.json {
        for (system, clocks) in &clocks {
            output.object(&line(&gathered.evidence, *system, clocks))?;
        }
    } else {
        output.table(&table(&gathered.evidence, &clocks))?;
    }
    output.flush()?;
    Ok(gathered.outcome)
}

/// The clocks of each system, that of its log first.
fn by_system(flows: &Flows) -> BTreeMap<SystemId, Vec<Skew>> {
    let mut clocks: BTreeMap<SystemId, Vec<Skew>> = BTreeMap::new();
    for skew in flows.skew.iter() {
        clocks.entry(skew.system).or_default().push(*skew);
    }
    for clocks in clocks.values_mut() {
        clocks.sort_by_key(|skew| (skew.pairs == 0, skew.stamped_as));
    }
    clocks
}

fn line<'a>(evidence: &'a Evidence, system: SystemId, clocks: &[Skew]) -> Line<'a> {
    let first = clocks[0];
    let other =
        clocks.iter().find(|skew| skew.stamped_as == EventKind::Span && skew.stamped_as != first.stamped_as);
    Line {
        system: evidence.system_name(system),
        offset_ns: first.offset,
        zone_ns: first.zone,
        uncertainty_ns: first.uncertainty,
        pairs: first.pairs,
        spans: other.map(|skew| Clock {
            offset_ns: skew.offset,
            uncertainty_ns: skew.uncertainty,
            pairs: skew.pairs,
        }),
    }
}

fn table(evidence: &Evidence, clocks: &BTreeMap<SystemId, Vec<Skew>>) -> Table {
    let mut table = Table::new(&["system", "stamps of", ">clock is ahead by", ">give or take", ">pairs"]);
    for skew in clocks.values().flatten() {
        let role = match (skew.pairs, skew.offset) {
            (0, _) => Role::Muted,
            (_, Nanos::ZERO) => Role::Plain,
            _ => Role::Warning,
        };
        let zone =
            if skew.zone == Nanos::ZERO { String::new() } else { format!(" and a zone of {}", skew.zone) };
        let offset =
            if skew.pairs == 0 { "nothing to compare".to_owned() } else { format!("{}{zone}", skew.offset) };
        let uncertainty = if skew.pairs == 0 { "–".to_owned() } else { skew.uncertainty.to_string() };
        let of: &str = skew.stamped_as.into();
        table.row(vec![
            (Role::Accent, evidence.system_name(skew.system).to_owned()),
            (Role::Muted, of.to_owned()),
            (role, offset),
            (Role::Plain, uncertainty),
            (Role::Plain, skew.pairs.to_string()),
        ]);
    }
    table
}
