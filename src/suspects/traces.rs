//! Spans put together into trees, with the log records that were written under each.

use super::peers;
use crate::evidence::{Evidence, IdentifierId, Row, SystemId, TextId};
use crate::telemetry::{EventKind, SpanKind, Time};
use rustc_hash::FxHashMap;

pub(super) const NONE: u32 = u32::MAX;

/// Beyond this many spans, whole traces are left out at random: shares do not need more.
const MOST_SPANS: usize = 1_000_000;

/// What lies beneath explains what is at most this much stronger.
const EXPLAINS: f32 = 0.5;

/// What a span is of: one operation of one system.
pub(super) type Operation = (SystemId, TextId);

pub(super) struct Span {
    pub row: Row,
    pub system: SystemId,
    pub name: TextId,
    pub start: i64,
    /// In nanoseconds.
    pub duration: i64,
    /// Place of the parent; `NONE` for a root or when it is not at hand.
    pub parent: u32,
    pub failed: bool,
    pub kind: SpanKind,
    pub depth: u16,
    /// Whom it calls, as it names it, where that one tells nothing itself.
    pub peer: Option<SystemId>,
    /// No span at all, but the lines that name one that is not here: its length is not the work's, its parent a guess.
    pub is_inferred: bool,
}

impl Span {
    /// When it began.
    pub(super) fn time(&self) -> Time {
        Time(self.start)
    }
}

/// All spans, parents and children joined.
#[derive(Default)]
pub(super) struct Traces {
    pub spans: Vec<Span>,
    /// Children in order of start; those of span `i` are `children[from[i]..from[i + 1]]`.
    children: Vec<u32>,
    from: Vec<u32>,
    /// Log records by span, in order of span and time.
    pub logs: Vec<(u32, i64, Row)>,
    logs_from: Vec<u32>,
    /// Places by depth, deepest first.
    pub deepest_first: Vec<u32>,
}

impl Traces {
    pub(super) fn of(evidence: &Evidence) -> Self {
        let mut places: FxHashMap<u64, u32> = FxHashMap::default();
        let mut spans: Vec<Span> = Vec::new();
        let mut parents: Vec<u64> = Vec::new();
        let mut records: Vec<(u64, i64, Row)> = Vec::new();
        let total = evidence.spans().count();
        for one in evidence.spans() {
            let row = one.row;
            if total > MOST_SPANS && is_left_out(evidence, row, total) {
                continue;
            }
            let time = evidence.time(row);
            match evidence.kind(row) {
                EventKind::Span if one.info.id != 0 => {
                    let place = spans.len() as u32;
                    if *places.entry(one.info.id).or_insert(place) != place {
                        continue;
                    }
                    spans.push(Span {
                        row,
                        system: evidence.system(row),
                        name: evidence.operation(row),
                        start: time.0,
                        duration: evidence.duration(row).map_or(0, |duration| duration.0),
                        parent: NONE,
                        peer: evidence.peer(row),
                        failed: one.info.failed,
                        kind: one.info.kind,
                        depth: 0,
                        is_inferred: false,
                    });
                    parents.push(one.info.parent);
                }
                EventKind::Log if one.info.id != 0 => records.push((one.info.id, time.0, row)),
                _ => {}
            }
        }
        for (place, parent) in parents.iter().enumerate() {
            spans[place].parent = match places.get(parent) {
                Some(&parent) if *parents.get(place).unwrap_or(&0) != 0 && parent != place as u32 => parent,
                _ => NONE,
            };
        }
        infer(evidence, &records, &mut places, &mut spans);
        let mut traces = Self { spans, ..Self::default() };
        traces.measure_depths();
        traces.order_children();
        peers::name(evidence, &mut traces);
        traces.order_logs(records, &places);
        traces
    }

    pub(super) fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    pub(super) fn children(&self, place: u32) -> &[u32] {
        let place = place as usize;
        &self.children[self.from[place] as usize..self.from[place + 1] as usize]
    }

    /// The log records written under a span: (time, row).
    pub(super) fn logs(&self, place: u32) -> impl Iterator<Item = (i64, Row)> + '_ {
        let place = place as usize;
        self.logs[self.logs_from[place] as usize..self.logs_from[place + 1] as usize]
            .iter()
            .map(|&(_, time, row)| (time, row))
    }

    pub(super) fn operation(&self, place: u32) -> Operation {
        let span = &self.spans[place as usize];
        (span.system, span.name)
    }

    /// The parent, if it is at hand.
    pub(super) fn parent(&self, place: u32) -> Option<u32> {
        Some(self.spans[place as usize].parent).filter(|parent| *parent != NONE)
    }

    /// The time in a span, in nanoseconds, that no child accounts for.
    pub(super) fn uncovered(&self, place: u32) -> i64 {
        let span = &self.spans[place as usize];
        let (mut covered, mut until) = (0, span.start);
        for &child in self.children(place) {
            let child = &self.spans[child as usize];
            let end = (child.start + child.duration).min(span.start + span.duration);
            covered += (end - child.start.max(until)).max(0);
            until = until.max(end);
        }
        (span.duration - covered).max(0)
    }

    /// For each span that is out of order by some strength (0 for one that is not), whether nothing beneath it, in another
    /// system, is so by half of that at least: where it starts.
    pub(super) fn origins(&self, strengths: &[f32]) -> Vec<bool> {
        let mut beneath = vec![Beneath::default(); self.spans.len()];
        let mut origins = vec![false; self.spans.len()];
        for &place in &self.deepest_first {
            let place = place as usize;
            let (span, own) = (&self.spans[place], strengths[place]);
            origins[place] = own > 0.0 && beneath[place].strongest_other(span.system) < own * EXPLAINS;
            if span.parent != NONE {
                let mut up = beneath[place];
                up.add(span.system, own);
                let parent = &mut beneath[span.parent as usize];
                up.of.into_iter().for_each(|(system, strength)| parent.add(system, strength));
            }
        }
        origins
    }

    fn measure_depths(&mut self) {
        for place in 0..self.spans.len() {
            let (mut depth, mut at) = (0u16, self.spans[place].parent);
            // Longer than any real chain: a ring of parents.
            while at != NONE && depth < 512 {
                depth += 1;
                at = self.spans[at as usize].parent;
            }
            if depth == 512 {
                self.spans[place].parent = NONE;
                depth = 0;
            }
            self.spans[place].depth = depth;
        }
        self.deepest_first = (0..self.spans.len() as u32).collect();
        self.deepest_first.sort_by_key(|&place| std::cmp::Reverse(self.spans[place as usize].depth));
    }

    fn order_children(&mut self) {
        let with_parent = |place: &u32| self.spans[*place as usize].parent != NONE;
        let mut children: Vec<u32> = (0..self.spans.len() as u32).filter(with_parent).collect();
        children.sort_by_key(|&place| {
            let span = &self.spans[place as usize];
            (span.parent, span.start, place)
        });
        self.from = firsts(self.spans.len(), children.iter().map(|&place| self.spans[place as usize].parent));
        self.children = children;
    }

    fn order_logs(&mut self, records: Vec<(u64, i64, Row)>, places: &FxHashMap<u64, u32>) {
        self.logs = records
            .into_iter()
            .filter_map(|(id, time, row)| places.get(&id).map(|&place| (place, time, row)))
            .collect();
        self.logs.sort_unstable();
        self.logs_from = firsts(self.spans.len(), self.logs.iter().map(|&(place, ..)| place));
    }
}

/// What is out of order beneath a span: the strongest of two systems.
#[derive(Clone, Copy, Default)]
struct Beneath {
    of: [(SystemId, f32); 2],
}

impl Beneath {
    fn add(&mut self, system: SystemId, strength: f32) {
        let [first, second] = &mut self.of;
        if strength <= 0.0 {
            return;
        }
        if first.1 > 0.0 && first.0 == system {
            first.1 = first.1.max(strength);
        } else if strength > first.1 {
            (*first, *second) = ((system, strength), *first);
        } else if strength > second.1 {
            *second = (system, strength);
        }
    }

    fn strongest_other(&self, system: SystemId) -> f32 {
        let [first, second] = self.of;
        if first.0 == system { second.1 } else { first.1 }
    }
}

/// Where the entries of each owner begin in a list that is sorted by owner.
fn firsts(owners: usize, sorted: impl Iterator<Item = u32>) -> Vec<u32> {
    let mut counts = vec![0u32; owners + 1];
    for owner in sorted {
        counts[owner as usize + 1] += 1;
    }
    for place in 0..owners {
        counts[place + 1] += counts[place];
    }
    counts
}

/// Adds what lines tell of spans that are not here: those that name the same one are one piece of work, without a name, and
/// called by the work of another system that encloses it most closely.
fn infer(
    evidence: &Evidence,
    records: &[(u64, i64, Row)],
    places: &mut FxHashMap<u64, u32>,
    spans: &mut Vec<Span>,
) {
    let mut lines: Vec<(u64, i64, Row)> =
        records.iter().copied().filter(|(id, ..)| !places.contains_key(id)).collect();
    lines.sort_unstable();
    let first = spans.len();
    let mut traces: Vec<(Option<IdentifierId>, u32)> = Vec::new();
    for lines in lines.chunk_by(|a, b| a.0 == b.0) {
        let (id, start, row) = lines[0];
        let place = spans.len() as u32;
        places.insert(id, place);
        traces.push((evidence.identifier(row), place));
        spans.push(Span {
            row,
            system: evidence.system(row),
            name: TextId(0),
            start,
            duration: lines[lines.len() - 1].1 - start,
            parent: NONE,
            peer: None,
            failed: false,
            kind: SpanKind::Unset,
            depth: 0,
            is_inferred: true,
        });
    }
    if spans.len() == first {
        return;
    }
    let order = |place: u32| (spans[place as usize].start, std::cmp::Reverse(spans[place as usize].duration));
    traces.sort_by_key(|&(trace, place)| (trace.map(|id| id.0), order(place)));
    let mut parents: Vec<(u32, u32)> = Vec::new();
    for trace in traces.chunk_by(|a, b| a.0 == b.0).filter(|trace| trace[0].0.is_some()) {
        let mut open: Vec<u32> = Vec::new();
        for &(_, place) in trace {
            let end = |place: u32| spans[place as usize].start + spans[place as usize].duration;
            while open.last().is_some_and(|&above| end(above) < end(place)) {
                open.pop();
            }
            let system = spans[place as usize].system;
            let above = open.iter().rev().find(|&&above| spans[above as usize].system != system);
            parents.extend(above.map(|&above| (place, above)));
            open.push(place);
        }
    }
    for (place, parent) in parents {
        spans[place as usize].parent = parent;
    }
}

/// Decided by the identifier, so that a trace stays or goes as a whole.
fn is_left_out(evidence: &Evidence, row: Row, total: usize) -> bool {
    let every = (total / MOST_SPANS + 1) as u32;
    evidence.identifier(row).is_some_and(|id| id.0.wrapping_mul(0x9e37_79b1) % every != 0)
}
