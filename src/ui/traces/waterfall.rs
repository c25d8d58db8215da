//! The spans of a flow as a tree: depth, own time, critical path, and what is missing.

use crate::evidence::{Row, SystemId};
use crate::flows::FlowId;
use crate::telemetry::{EventKind, Nanos, SpanInfo, SpanKind, Time};
use crate::ui::Data;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// One span of a waterfall.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Bar {
    pub row: Row,
    pub info: SpanInfo,
    pub depth: usize,
    pub start: Time,
    pub length: Nanos,
    /// The time during which nothing below it ran.
    pub own: Nanos,
    pub is_critical: bool,
    /// Its parent is not among the spans that are here.
    pub is_orphan: bool,
    /// It consumed what the span above it produced: no parent of its, and not within its time.
    pub is_linked: bool,
}

/// The spans of a flow, each under its parent, and the log records that were written under them.
#[derive(Clone, Debug, Default)]
pub(super) struct Waterfall {
    pub bars: Vec<Bar>,
    logs: BTreeMap<u64, Vec<Row>>,
}

impl Waterfall {
    pub(super) fn of(id: FlowId, data: &Data) -> Self {
        let evidence = &data.picture.evidence;
        let Some(timeline) = data.picture.flows.timeline(evidence, id) else { return Self::default() };
        let mut spans = Vec::new();
        let mut logs: BTreeMap<u64, Vec<Row>> = BTreeMap::new();
        for step in &timeline.steps {
            let Some(info) = evidence.span_of(step.row) else { continue };
            if evidence.kind(step.row) == EventKind::Span {
                spans.push((step.row, info, step.time, evidence.duration(step.row).unwrap_or_default()));
            } else {
                logs.entry(info.id).or_default().push(step.row);
            }
        }
        Self { bars: tree(&spans), logs }
    }

    /// The log records that were written under a span, oldest first.
    pub(super) fn logs_under(&self, bar: &Bar) -> &[Row] {
        self.logs.get(&bar.info.id).map_or(&[], Vec::as_slice)
    }

    /// First start and last end.
    pub(super) fn extent(&self) -> Option<(Time, Time)> {
        let first = self.bars.iter().map(|bar| bar.start).min()?;
        Some((first, self.bars.iter().map(|bar| bar.start + bar.length).max()?))
    }

    /// Own time by system, most first: where the time went. What a call spends by itself, it spends at whom it calls.
    pub(super) fn by_system(&self, data: &Data) -> Vec<(SystemId, Nanos)> {
        let mut sums: BTreeMap<SystemId, i64> = BTreeMap::new();
        for bar in &self.bars {
            let evidence = &data.picture.evidence;
            let system = evidence.peer(bar.row).unwrap_or(evidence.system(bar.row));
            *sums.entry(system).or_default() += bar.own.0;
        }
        let mut sums: Vec<(SystemId, Nanos)> =
            sums.into_iter().map(|(system, own)| (system, Nanos(own))).collect();
        sums.sort_by_key(|(system, own)| (std::cmp::Reverse(own.0), *system));
        sums
    }
}

type SpanAt = (Row, SpanInfo, Time, Nanos);

fn tree(spans: &[SpanAt]) -> Vec<Bar> {
    let known: HashMap<u64, usize> =
        spans.iter().enumerate().map(|(place, (_, info, ..))| (info.id, place)).collect();
    let mut children: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
    let mut roots = Vec::new();
    for (place, (_, info, ..)) in spans.iter().enumerate() {
        if info.parent != 0 && info.parent != info.id && known.contains_key(&info.parent) {
            children.entry(info.parent).or_default().push(place);
        } else {
            roots.push(place);
        }
    }
    let critical = critical_path(spans, &roots, &children);
    let links = links(spans, &roots);
    roots.retain(|root| !links.values().any(|consumers| consumers.contains(root)));
    let mut bars = Vec::new();
    let mut stack: Vec<(usize, usize, bool)> = roots.into_iter().rev().map(|root| (root, 0, false)).collect();
    let mut seen = BTreeSet::new();
    while let Some((place, depth, is_linked)) = stack.pop() {
        if !seen.insert(place) {
            continue; // Spans that name each other as parents.
        }
        let (row, info, start, length) = spans[place];
        let below = children.get(&info.id).cloned().unwrap_or_default();
        let own = Nanos(
            length.0 - covered(start, length, below.iter().map(|child| (spans[*child].2, spans[*child].3))),
        );
        bars.push(Bar {
            row,
            info,
            depth,
            start,
            length,
            own,
            is_critical: critical.contains(&place),
            is_orphan: depth == 0 && info.parent != 0,
            is_linked,
        });
        // What was consumed comes after what the producer did itself.
        let linked = links.get(&place).into_iter().flatten();
        stack.extend(linked.rev().map(|consumer| (*consumer, depth + 1, true)));
        stack.extend(below.into_iter().rev().map(|child| (child, depth + 1, false)));
    }
    bars
}

/// Across a queue there is no parent: what consumes is hung below the last span that produced before it, by producer.
fn links(spans: &[SpanAt], roots: &[usize]) -> BTreeMap<usize, Vec<usize>> {
    let mut links: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for &root in roots.iter().filter(|root| spans[**root].1.kind == SpanKind::Consumer) {
        let began = spans[root].2;
        let producers = spans.iter().enumerate().filter(|(place, (_, info, start, _))| {
            info.kind == SpanKind::Producer && *start <= began && *place != root
        });
        if let Some((producer, _)) = producers.max_by_key(|(place, span)| (span.2, *place)) {
            links.entry(producer).or_default().push(root);
        }
    }
    links
}

/// From the longest root, again and again the child that ended last.
fn critical_path(spans: &[SpanAt], roots: &[usize], children: &BTreeMap<u64, Vec<usize>>) -> BTreeSet<usize> {
    let mut critical = BTreeSet::new();
    let end = |place: usize| spans[place].2 + spans[place].3;
    let mut at = roots.iter().copied().max_by_key(|place| (spans[*place].3, std::cmp::Reverse(*place)));
    while let Some(place) = at.filter(|place| critical.insert(*place)) {
        at = children
            .get(&spans[place].1.id)
            .and_then(|all| all.iter().copied().max_by_key(|child| (end(*child), std::cmp::Reverse(*child))));
    }
    critical
}

/// How much of a span its children cover, overlaps counted once.
fn covered(start: Time, length: Nanos, children: impl Iterator<Item = (Time, Nanos)>) -> i64 {
    let end = start + length;
    let mut parts: Vec<(i64, i64)> = children
        .map(|(from, length)| (from.max(start).0, (from + length).min(end).0))
        .filter(|(from, to)| to > from)
        .collect();
    parts.sort_unstable();
    let (mut sum, mut until) = (0, i64::MIN);
    for (from, to) in parts {
        sum += (to - from.max(until)).max(0);
        until = until.max(to);
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(id: u64, parent: u64, from: i64, seconds: i64) -> SpanAt {
        let info = SpanInfo { id, parent, ..SpanInfo::default() };
        (Row(id as u32), info, Time::from_seconds(from), Nanos::seconds(seconds))
    }

    #[test]
    fn children_that_overlap_cover_their_parent_once() {
        let at = |seconds| Time::from_seconds(seconds);
        let children = [(at(1), Nanos::seconds(4)), (at(3), Nanos::seconds(4)), (at(9), Nanos::seconds(5))];
        assert_eq!(covered(at(0), Nanos::seconds(10), children.into_iter()), 7_000_000_000);
    }

    #[test]
    fn the_critical_path_goes_down_to_the_child_that_ended_last() {
        let bars = tree(&[
            span(1, 0, 0, 10),
            span(2, 1, 1, 2),
            span(3, 1, 4, 5),
            span(4, 3, 5, 1),
            span(9, 7, 0, 1),
        ]);
        let said: Vec<_> =
            bars.iter().map(|bar| (bar.info.id, bar.depth, bar.is_critical, bar.is_orphan)).collect();
        assert_eq!(
            said,
            [
                (1, 0, true, false),
                (2, 1, false, false),
                (3, 1, true, false),
                (4, 2, true, false),
                (9, 0, false, true)
            ]
        );
        assert_eq!(bars[0].own, Nanos::seconds(3));
    }

    #[test]
    fn what_consumes_hangs_below_what_produced_across_the_queue() {
        let of_kind = |mut span: SpanAt, kind| {
            span.1.kind = kind;
            span
        };
        let bars = tree(&[
            span(1, 0, 0, 4),
            of_kind(span(2, 1, 1, 1), SpanKind::Producer),
            span(3, 1, 2, 1),
            of_kind(span(8, 0, 30, 2), SpanKind::Consumer),
            span(9, 8, 31, 1),
        ]);
        let said: Vec<_> = bars.iter().map(|bar| (bar.info.id, bar.depth, bar.is_linked)).collect();
        assert_eq!(said, [(1, 0, false), (2, 1, false), (8, 2, true), (9, 3, false), (3, 1, false)]);
        assert_eq!(bars[1].own, Nanos::seconds(1), "the time in the queue is nobody's own");
    }

    #[test]
    fn spans_that_name_each_other_as_parents_hang_nothing() {
        assert!(tree(&[span(1, 2, 0, 1), span(2, 1, 0, 1)]).len() <= 2);
    }
}
