//! Clocks told from spans: who called whom is written in them, and so is which span a log line was written under.

use super::super::clocks::Clocks;
use super::super::trail::Moment;
use super::{Bound, Edge, LARGE, clock_of, robust, shares};
use crate::evidence::{Evidence, Row, StationId};
use crate::telemetry::{SpanInfo, SpanKind};
use rayon::prelude::*;
use rustc_hash::FxHashMap;

/// Calls from one operation to another that are enough, since it is known that they are calls.
const ENOUGH: usize = 10;
/// Of the time that a caller usually waits beyond the work, this share must be left over where all bounds overlap. A
/// message that is taken up later fits into its sender's span only by chance, and then barely.
const ROOM: f64 = 0.15;

/// Whose clocks, and which two stations: waiter, worker.
type Pair = (usize, usize, StationId, StationId);

/// What callers and callees, and the log lines of a span, say of the offset between their clocks.
pub(super) fn edges(evidence: &Evidence, flows: &[Vec<Moment>], clocks: &Clocks) -> Vec<Edge> {
    let parts: Vec<FxHashMap<Pair, Vec<Bound>>> = flows
        .par_chunks(shares(flows.len()))
        .map(|flows| {
            let mut bounds = FxHashMap::default();
            for flow in flows.iter().filter(|flow| flow.len() <= LARGE) {
                read(evidence, flow, &mut bounds);
            }
            bounds
        })
        .collect();
    let mut bounds: FxHashMap<Pair, Vec<Bound>> = FxHashMap::default();
    for (pair, mut some) in parts.into_iter().flatten() {
        bounds.entry(pair).or_default().append(&mut some);
    }
    let found = bounds.into_iter().filter(|(_, bounds)| bounds.len() >= ENOUGH);
    found
        .filter_map(|((a, b, ..), bounds)| {
            let tolerance = clocks.step[a / 2][a % 2] + clocks.step[b / 2][b % 2];
            let (low, high) = overlap(&bounds, tolerance)?;
            // Where nothing speaks against it, a system has one clock; how sure that is, the bounds tell. Lines that are
            // always written a little after their span are no sign of two.
            let is_same = a / 2 == b / 2;
            if is_same && !(low <= 0 && 0 <= high) {
                return None;
            }
            let half = (high - low) / 2;
            let (low, high) = if is_same { (-half, half) } else { (low, high) };
            Some(Edge { a, b, low, high, pairs: bounds.len() as u32 })
        })
        .collect()
}

/// Lays the spans of a flow against those of their callers, and its log lines against their spans.
fn read(evidence: &Evidence, flow: &[Moment], bounds: &mut FxHashMap<Pair, Vec<Bound>>) {
    // By id, and of equal ones in their order: a caller and its callee may share one.
    let mut spans: Vec<(SpanInfo, &Moment)> = flow
        .iter()
        .filter(|moment| moment.is_span)
        .filter_map(|moment| Some((evidence.span_of(Row(moment.row))?, moment)))
        .collect();
    if spans.is_empty() {
        return;
    }
    spans.sort_by_key(|(info, _)| info.id);
    let with_id = |id: u64| {
        let from = spans.partition_point(|(info, _)| info.id < id);
        spans[from..].iter().take_while(move |(info, _)| info.id == id)
    };
    let mut lay = |wait: &Moment, work: &Moment, lasts: i64| {
        let pair = (clock_of(wait), clock_of(work), wait.station, work.station);
        let (low, high) = (work.time + lasts - (wait.time + wait.took), work.time - wait.time);
        bounds.entry(pair).or_default().push(Bound { low, high, work: lasts });
    };
    for (info, work) in spans.iter().filter(|(info, _)| info.parent != 0) {
        if let Some((_, wait)) = with_id(info.parent).next()
            && wait.system != work.system
            && info.kind != SpanKind::Consumer
        {
            lay(wait, work, work.took);
        }
    }
    for log in flow.iter().filter(|moment| !moment.is_span) {
        let is_of_it = |(_, span): &&(SpanInfo, &Moment)| span.system == log.system;
        match evidence.span_of(Row(log.row)) {
            Some(under) => {
                with_id(under.id).filter(is_of_it).for_each(|(_, span)| lay(span, log, 0));
            }
            None => spans.iter().filter(is_of_it).for_each(|(_, span)| lay(span, log, 0)),
        }
    }
}

/// The bounds that all calls share; `None` unless they leave room, as calls that are waited for do.
fn overlap(bounds: &[Bound], tolerance: i64) -> Option<(i64, i64)> {
    let (low, high) = robust(bounds);
    let mut slacks: Vec<i64> = bounds.iter().map(|bound| bound.high - bound.low).collect();
    slacks.sort_unstable();
    let slack = slacks[slacks.len() / 2];
    let has_room = (high - low) as f64 >= slack as f64 * ROOM && slack > tolerance;
    (has_room && low <= high).then_some((low, high))
}
