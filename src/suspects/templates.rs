//! Log templates by system, since onset against before, normalised by the system's own traffic.

use super::{TemplateChange, TemplateState};
use crate::evidence::{Evidence, Row, StationId, SystemId, TextId, View};
use crate::telemetry::{Severity, Time};
use rayon::prelude::*;
use rustc_hash::FxHashMap;
use std::cmp::Reverse;

/// A template with how it fares, and how severe its events are.
pub(super) struct Counted {
    pub change: TemplateChange,
    pub severity: Severity,
}

/// So many events are counted by one core at a time.
const AT_ONCE: usize = 1 << 19;

/// How often a template was met, and its worst event, the first of several.
#[derive(Clone, Copy)]
struct Seen {
    count: u64,
    baseline: u64,
    severity: Severity,
    time: Time,
    example: Row,
}

impl Seen {
    fn add(&mut self, other: Self, view: &View) {
        self.count += other.count;
        self.baseline += other.baseline;
        // The same example whatever the order of arrival.
        let rank = |seen: &Self| (Reverse(seen.severity), seen.time);
        let origin = |seen: &Self| view.origin(seen.example);
        let order = rank(&other).cmp(&rank(self)).then_with(|| origin(&other).cmp(&origin(self)));
        if order.is_lt() {
            *self = Self { count: self.count, baseline: self.baseline, ..other };
        }
    }
}

/// By station.
type Tally = Vec<Option<Seen>>;

fn add(tally: &mut Tally, station: StationId, seen: Seen, view: &View) {
    match &mut tally[station.0 as usize] {
        Some(known) => known.add(seen, view),
        unmet => *unmet = Some(seen),
    }
}

/// All templates, those that changed most first.
pub(super) fn count(evidence: &Evidence, onset: Option<Time>) -> Vec<Counted> {
    let view = evidence.view();
    let stations = evidence.stations.all();
    let parts = (0..evidence.rows()).step_by(AT_ONCE).collect::<Vec<u32>>().into_par_iter().map(|first| {
        let mut tally: Tally = vec![None; stations.len()];
        let rows = first..(first + AT_ONCE as u32).min(evidence.rows());
        for row in rows.map(Row).filter(|row| view.is_log(*row)) {
            let time = view.time(row);
            let is_after = onset.is_none_or(|onset| time >= onset);
            let seen = Seen {
                count: u64::from(is_after),
                baseline: u64::from(!is_after),
                severity: view.severity(row),
                time,
                example: row,
            };
            add(&mut tally, view.station(row), seen, &view);
        }
        tally
    });
    let mut all: FxHashMap<(SystemId, TextId), Seen> = FxHashMap::default();
    for tally in parts.collect::<Vec<Tally>>() {
        for (station, seen) in stations.iter().zip(tally) {
            let Some(seen) = seen else { continue };
            let known = all.entry((station.system, station.shape));
            known.and_modify(|known| known.add(seen, &view)).or_insert(seen);
        }
    }
    let mut traffic: FxHashMap<SystemId, (u64, u64)> = FxHashMap::default();
    for ((system, _), seen) in &all {
        let own = traffic.entry(*system).or_default();
        *own = (own.0 + seen.count, own.1 + seen.baseline);
    }
    let mut all: Vec<Counted> = all
        .into_iter()
        .filter(|((_, shape), _)| shape.0 != 0)
        .map(|((system, shape), Seen { count, baseline, severity, example, .. })| {
            let (after, before) = traffic.get(&system).copied().unwrap_or_default();
            let expected = if before == 0 { 0.0 } else { baseline as f64 * after as f64 / before as f64 };
            let state = match (onset, count, baseline) {
                (None, ..) => TemplateState::Steady,
                (_, 3.., 0) => TemplateState::New,
                (_, 5.., _) if count as f64 > 3.0 * expected.max(1.0) => TemplateState::Surging,
                (_, 0, _) if expected >= 5.0 => TemplateState::Vanished,
                _ => TemplateState::Steady,
            };
            let template = evidence.text(shape).to_owned();
            Counted {
                change: TemplateChange { system, template, count, baseline, state, example: Some(example) },
                severity,
            }
        })
        .collect();
    all.sort_by_cached_key(|one| {
        let change = &one.change;
        (
            change.state,
            Reverse(one.severity),
            Reverse(change.count),
            evidence.system_name(change.system).to_owned(),
            change.template.clone(),
        )
    });
    all
}
