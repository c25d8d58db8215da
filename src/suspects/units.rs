//! What systems say, by stretches of their work: which patterns are met in which trace of which system. Knows of no
//! onset.
//!
//! Shares are of the system's own traces (or of ten-second windows where lines carry no identifier), or the silence
//! downstream of a fault would be taken for its cause.

use super::patterns::Patterns;
use crate::evidence::{Evidence, Row, SystemId, TextId};
use crate::telemetry::{Nanos, Severity, Time};
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
        let mut numbers: FxHashMap<(SystemId, u32), u32> = FxHashMap::default();
        let mut said: FxHashMap<(u32, TextId), u32> = FxHashMap::default();
        let mut troubled: FxHashMap<u32, u32> = FxHashMap::default();
        let mut units = Self::default();
        let every = evidence.rows() / MOST_ROWS + 1;
        let view = evidence.view();
        for row in (0..evidence.rows()).map(Row) {
            let is_span = view.is_span(row);
            if !is_span && !view.is_log(row) {
                continue;
            }
            let identifier = evidence.identifier(row);
            if identifier.is_some_and(|id| every > 1 && id.0.wrapping_mul(0x9e37_79b1) % every != 0) {
                continue;
            }
            let (system, time) = (view.system(row), view.time(row));
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
