//! What systems say, by stretches of their work: which patterns are met in which trace of which system. Knows of no
//! onset.
//!
//! Shares are of the system's own traces (or of ten-second windows where lines carry no identifier), or the silence
//! downstream of a fault would be taken for its cause.

use super::patterns::Patterns;
use crate::evidence::{Evidence, Row, SystemId, TextId, View};
use crate::telemetry::{Nanos, Severity, Time};
use rayon::prelude::*;
use rustc_hash::FxHashMap;

const WINDOW: Nanos = Nanos::seconds(10);
/// Beyond this many rows whole traces are left out at random: shares do not need more.
const MOST_ROWS: u32 = 4_000_000;

/// One trace of a system, or ten seconds of it.
#[derive(Clone, Copy)]
pub(super) struct Unit {
    pub system: SystemId,
    /// Ten seconds, and no trace.
    pub is_windowed: bool,
    /// The first event of it.
    pub time: Time,
}

/// A pattern, or trouble of any kind, that was met in a unit.
#[derive(Clone, Copy)]
pub(super) struct Said {
    pub unit: u32,
    pub pattern: TextId,
    /// The worst of its lines.
    pub severity: Severity,
    /// The first of them.
    pub example: Row,
}

#[derive(Default)]
pub(super) struct Units {
    pub units: Vec<Unit>,
    /// Every pattern of every unit once.
    pub said: Vec<Said>,
    /// Units with an error line; the pattern is the first such one.
    pub troubled: Vec<Said>,
}

impl Units {
    pub(super) fn of(evidence: &Evidence, patterns: &Patterns) -> Self {
        let view = evidence.view();
        let shares = shares(evidence, &view, rayon::current_num_threads());
        let parts: Vec<Self> =
            shares.into_par_iter().map(|own| Self::of_systems(evidence, patterns, &view, &own)).collect();
        parts.into_iter().reduce(Self::joined).unwrap_or_default()
    }

    /// The units of some systems.
    fn of_systems(evidence: &Evidence, patterns: &Patterns, view: &View, is_own: &[bool]) -> Self {
        let mut numbers: FxHashMap<(SystemId, u32), u32> = FxHashMap::default();
        let mut said: FxHashMap<(u32, TextId), u32> = FxHashMap::default();
        let mut troubled: FxHashMap<u32, u32> = FxHashMap::default();
        let mut units = Self::default();
        let every = evidence.rows() / MOST_ROWS + 1;
        for row in (0..evidence.rows()).map(Row) {
            let system = view.system(row);
            let is_span = view.is_span(row);
            if !is_own[usize::from(system.0)] || !is_span && !view.is_log(row) {
                continue;
            }
            let identifier = evidence.identifier(row);
            if identifier.is_some_and(|id| every > 1 && id.0.wrapping_mul(0x9e37_79b1) % every != 0) {
                continue;
            }
            let time = view.time(row);
            let stretch = match identifier {
                Some(id) => id.0,
                None => (time.0 / WINDOW.0) as u32 | 1 << 31,
            };
            let unit = *numbers.entry((system, stretch)).or_insert_with(|| {
                units.units.push(Unit { system, is_windowed: identifier.is_none(), time });
                units.units.len() as u32 - 1
            });
            let known = &mut units.units[unit as usize];
            known.time = known.time.min(time);
            if is_span {
                continue;
            }
            let pattern = patterns.pattern(view.shape(row));
            let severity = view.severity(row);
            let one = Said { unit, pattern, severity, example: row };
            if pattern.0 != 0 {
                add(&mut units.said, &mut said, (unit, pattern), one);
            }
            if severity.is_error() || patterns.is_troubled(pattern) {
                add(&mut units.troubled, &mut troubled, unit, one);
            }
        }
        units
    }

    /// With the units of other systems.
    fn joined(mut self, other: Self) -> Self {
        let first = self.units.len() as u32;
        let moved = |one: Said| Said { unit: one.unit + first, ..one };
        self.units.extend(other.units);
        self.said.extend(other.said.into_iter().map(moved));
        self.troubled.extend(other.troubled.into_iter().map(moved));
        self
    }
}

/// The systems in so many shares of about as many events: of each, which are its own.
fn shares(evidence: &Evidence, view: &View, count: usize) -> Vec<Vec<bool>> {
    let mut events = vec![(0u32, 0usize); evidence.systems.len()];
    events.iter_mut().enumerate().for_each(|(system, one)| one.1 = system);
    (0..evidence.rows()).for_each(|row| events[usize::from(view.system(Row(row)).0)].0 += 1);
    events.sort_unstable_by_key(|one| std::cmp::Reverse(*one));
    let mut shares = vec![(0u32, vec![false; events.len()]); count.max(1)];
    for (events, system) in events {
        if let Some(least) = shares.iter_mut().min_by_key(|share| share.0) {
            least.0 += events;
            least.1[system] = true;
        }
    }
    shares.into_iter().map(|share| share.1).collect()
}

/// Adds what was said to the list, or to what is there of it.
fn add<K: std::hash::Hash + Eq>(all: &mut Vec<Said>, known: &mut FxHashMap<K, u32>, key: K, one: Said) {
    let place = *known.entry(key).or_insert_with(|| {
        all.push(one);
        all.len() as u32 - 1
    });
    let known = &mut all[place as usize];
    known.severity = known.severity.max(one.severity);
}
