//! What systems say, by stretches of their work: which patterns are met in which trace of which system. Knows of no
//! onset.
//!
//! Shares are of the system's own traces (or of ten-second windows where lines carry no identifier), or the silence
//! downstream of a fault would be taken for its cause.

use super::patterns::Patterns;
use crate::evidence::{Evidence, IdentifierId, Row, SystemId, TextId, View};
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

/// Identifiers whose traces one core looks at before it asks for more.
const AT_ONCE: usize = 1 << 13;

/// One event on its way into a unit.
#[derive(Clone, Copy)]
struct Line {
    system: SystemId,
    /// A span shows that there was work, and says nothing.
    is_span: bool,
    pattern: TextId,
    severity: Severity,
    time: Time,
    row: Row,
}

struct Reader<'a> {
    evidence: &'a Evidence,
    view: &'a View<'a>,
    patterns: &'a Patterns,
    /// Of so many traces one is looked at.
    every: u32,
}

impl Units {
    pub(super) fn of(evidence: &Evidence, patterns: &Patterns) -> Self {
        let view = evidence.view();
        let reader = Reader { evidence, view: &view, patterns, every: evidence.rows() / MOST_ROWS + 1 };
        let ids: Vec<u32> = (0..evidence.identifiers.len() as u32).step_by(AT_ONCE).collect();
        let (windows, traces) = rayon::join(
            || reader.windows(),
            || ids.into_par_iter().map(|first| reader.traces(first)).collect::<Vec<Self>>(),
        );
        traces.into_iter().fold(windows, Self::joined)
    }

    /// Adds a trace: all lines under one identifier.
    fn add_trace(&mut self, lines: &mut [Line], reader: &Reader) {
        let origin = |line: &Line| reader.view.origin(line.row);
        let in_order = |a: &Line, b: &Line| {
            let key = |line: &Line| (line.system, line.is_span, line.pattern, line.time);
            key(a).cmp(&key(b)).then_with(|| origin(a).cmp(&origin(b)))
        };
        lines.sort_unstable_by(in_order);
        for own in lines.chunk_by(|a, b| a.system == b.system) {
            let unit = self.units.len() as u32;
            let time = own.iter().map(|line| line.time).min().unwrap_or_default();
            self.units.push(Unit { system: own[0].system, is_windowed: false, time });
            let logs = &own[..own.partition_point(|line| !line.is_span)];
            for same in logs.chunk_by(|a, b| a.pattern == b.pattern) {
                self.said.extend(same[0].said(unit, same.iter()).filter(|said| said.pattern.0 != 0));
            }
            let troubled = || logs.iter().filter(|line| reader.is_troubled(line));
            let first = troubled().min_by(|a, b| (a.time, origin(a)).cmp(&(b.time, origin(b))));
            self.troubled.extend(first.and_then(|first| first.said(unit, troubled())));
        }
    }

    /// With the units of others.
    fn joined(mut self, other: Self) -> Self {
        let first = self.units.len() as u32;
        let moved = |one: Said| Said { unit: one.unit + first, ..one };
        self.units.extend(other.units);
        self.said.extend(other.said.into_iter().map(moved));
        self.troubled.extend(other.troubled.into_iter().map(moved));
        self
    }
}

impl Line {
    /// What was said, with this line as the example of all.
    fn said<'a>(&self, unit: u32, all: impl Iterator<Item = &'a Self>) -> Option<Said> {
        let severity = all.map(|line| line.severity).max()?;
        Some(Said { unit, pattern: self.pattern, severity, example: self.row })
    }
}

impl Reader<'_> {
    /// The line of an event; `None` for changes and alerts.
    fn line(&self, row: Row) -> Option<Line> {
        let view = self.view;
        let station = view.station_of(row);
        let is_span = station.is_span();
        (is_span || station.is_log()).then(|| Line {
            system: station.system,
            is_span,
            pattern: self.patterns.pattern(station.shape),
            severity: view.severity(row),
            time: view.time(row),
            row,
        })
    }

    fn is_troubled(&self, line: &Line) -> bool {
        line.severity.is_error() || self.patterns.is_troubled(line.pattern)
    }

    /// The traces of some identifiers.
    fn traces(&self, first: u32) -> Units {
        let (mut units, mut lines) = (Units::default(), Vec::new());
        let last = (first + AT_ONCE as u32).min(self.evidence.identifiers.len() as u32);
        for id in first..last {
            if self.every > 1 && id.wrapping_mul(0x9e37_79b1) % self.every != 0 {
                continue;
            }
            lines.clear();
            let mut next = self.evidence.identifiers.last_row(IdentifierId(id));
            while let Some(row) = next {
                lines.extend(self.line(row));
                next = self.view.previous(row);
            }
            units.add_trace(&mut lines, self);
        }
        units
    }

    /// The windows of lines that carry no identifier: few, so a table of them is soon asked.
    fn windows(&self) -> Units {
        let mut units = Units::default();
        let mut numbers: FxHashMap<(SystemId, i64), u32> = FxHashMap::default();
        let mut said: FxHashMap<(u32, TextId), u32> = FxHashMap::default();
        let mut troubled: FxHashMap<u32, u32> = FxHashMap::default();
        for row in (0..self.evidence.rows()).map(Row).filter(|row| self.view.identifier(*row).is_none()) {
            let Some(line) = self.line(row) else { continue };
            let unit = *numbers.entry((line.system, line.time.0 / WINDOW.0)).or_insert_with(|| {
                units.units.push(Unit { system: line.system, is_windowed: true, time: line.time });
                units.units.len() as u32 - 1
            });
            let known = &mut units.units[unit as usize];
            known.time = known.time.min(line.time);
            if line.is_span {
                continue;
            }
            let one = Said { unit, pattern: line.pattern, severity: line.severity, example: row };
            if line.pattern.0 != 0 {
                add(&mut units.said, &mut said, (unit, line.pattern), one);
            }
            if self.is_troubled(&line) {
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
