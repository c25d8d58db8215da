//! Log templates by system, since onset against before, normalised by the system's own traffic.

use super::{TemplateChange, TemplateState};
use crate::evidence::{Evidence, Row, SystemId, TextId, View};
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
const AT_ONCE: usize = 1 << 18;

/// How often a template was met, and its worst event, the first of several.
#[derive(Clone, Copy)]
struct Seen {
    count: u64,
    baseline: u64,
    severity: Severity,
    example: Row,
}

#[derive(Default)]
struct Tally {
    counts: FxHashMap<(SystemId, TextId), Seen>,
}

impl Tally {
    fn add(&mut self, key: (SystemId, TextId), seen: Seen, view: &View) {
        let Some(known) = self.counts.get_mut(&key) else {
            self.counts.insert(key, seen);
            return;
        };
        known.count += seen.count;
        known.baseline += seen.baseline;
        // The same example whatever the order of arrival.
        let rank = |seen: &Seen| (Reverse(seen.severity), view.time(seen.example), view.origin(seen.example));
        if rank(&seen) < rank(known) {
            (known.severity, known.example) = (seen.severity, seen.example);
        }
    }
}

/// All templates, those that changed most first.
pub(super) fn count(evidence: &Evidence, onset: Option<Time>) -> Vec<Counted> {
    let view = evidence.view();
    let parts = (0..evidence.rows()).step_by(AT_ONCE).collect::<Vec<u32>>().into_par_iter().map(|first| {
        let mut tally = Tally::default();
        let rows = first..(first + AT_ONCE as u32).min(evidence.rows());
        for row in rows.map(Row).filter(|row| view.is_log(*row)) {
            let is_after = onset.is_none_or(|onset| view.time(row) >= onset);
            let seen = Seen {
                count: u64::from(is_after),
                baseline: u64::from(!is_after),
                severity: view.severity(row),
                example: row,
            };
            tally.add((view.system(row), view.shape(row)), seen, &view);
        }
        tally
    });
    let all = parts.reduce(Tally::default, |mut a, b| {
        b.counts.into_iter().for_each(|(key, seen)| a.add(key, seen, &view));
        a
    });
    let mut traffic: FxHashMap<SystemId, (u64, u64)> = FxHashMap::default();
    for ((system, _), seen) in &all.counts {
        let own = traffic.entry(*system).or_default();
        *own = (own.0 + seen.count, own.1 + seen.baseline);
    }
    let mut all: Vec<Counted> = all
        .counts
        .into_iter()
        .filter(|((_, shape), _)| shape.0 != 0)
        .map(|((system, shape), Seen { count, baseline, severity, example })| {
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
