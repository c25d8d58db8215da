//! Log templates by system, since onset against before, normalised by the system's own traffic.

use super::{TemplateChange, TemplateState};
use crate::evidence::{Evidence, Row, SystemId, TextId};
use crate::telemetry::{EventKind, Severity, Time};
use rustc_hash::FxHashMap;
use std::cmp::Reverse;

/// A template with how it fares, and how severe its events are.
pub(super) struct Counted {
    pub change: TemplateChange,
    pub severity: Severity,
}

/// All templates, those that changed most first.
pub(super) fn count(evidence: &Evidence, onset: Option<Time>) -> Vec<Counted> {
    let mut counts: FxHashMap<(SystemId, TextId), (u64, u64, Severity, Row)> = FxHashMap::default();
    let mut traffic: FxHashMap<SystemId, (u64, u64)> = FxHashMap::default();
    for row in (0..evidence.rows()).map(Row).filter(|row| evidence.kind(*row) == EventKind::Log) {
        let system = evidence.system(row);
        let is_after = onset.is_none_or(|onset| evidence.time(row) >= onset);
        let entry = counts.entry((system, evidence.shape(row))).or_insert((0, 0, Severity::UNSET, row));
        let own = traffic.entry(system).or_default();
        if is_after {
            entry.0 += 1;
            own.0 += 1;
        } else {
            entry.1 += 1;
            own.1 += 1;
        }
        // The same example whatever the order of arrival.
        let key = |row: Row| (evidence.time(row), evidence.origin(row));
        let severity = evidence.severity(row);
        if severity > entry.2 || severity == entry.2 && key(row) < key(entry.3) {
            (entry.2, entry.3) = (severity, row);
        }
    }
    let mut all: Vec<Counted> = counts
        .into_iter()
        .filter(|((_, shape), _)| shape.0 != 0)
        .map(|((system, shape), (count, baseline, severity, row))| {
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
                change: TemplateChange { system, template, count, baseline, state, example: Some(row) },
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
