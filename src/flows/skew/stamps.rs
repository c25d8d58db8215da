//! Which records are stamped when the work that they tell of was over.

use super::super::clocks::{COARSE, Clocks};
use super::super::trail::Moment;
use super::{LARGE, MILLISECOND, shares};
use crate::evidence::StationId;
use rayon::prelude::*;
use rustc_hash::FxHashMap;

/// Votes for the start and for the end.
type Votes = FxHashMap<StationId, (u32, u32)>;

/// Stations whose records name a duration and are stamped when it was over: what happened meanwhile lies before them.
pub(super) fn stamped_at_end(flows: &[Vec<Moment>], clocks: &Clocks) -> Vec<bool> {
    let parts: Vec<(Votes, Votes)> = flows
        .par_chunks(shares(flows.len()))
        .map(|flows| {
            let (mut votes, mut framed) = (Votes::default(), Votes::default());
            for flow in flows {
                count(flow, clocks, &mut votes, &mut framed);
            }
            (votes, framed)
        })
        .collect();
    let (mut votes, mut framed) = (Votes::default(), Votes::default());
    for (some_votes, some_framed) in parts {
        add(&mut votes, some_votes);
        add(&mut framed, some_framed);
    }
    let count = votes.keys().map(|station| station.0 as usize + 1).max().unwrap_or(0);
    let mut at_end = vec![false; count];
    for (station, (start, end)) in votes {
        // A caller that writes a line before and one after its call says more than what merely happened before.
        let (start, end) = match framed.get(&station) {
            Some(&(framed_start, framed_end)) if framed_start + framed_end >= 5 => (framed_start, framed_end),
            _ => (start, end),
        };
        at_end[station.0 as usize] = end >= 5 && end > 2 * start;
    }
    at_end
}

fn add(votes: &mut Votes, more: Votes) {
    for (station, (start, end)) in more {
        let known = votes.entry(station).or_default();
        *known = (known.0 + start, known.1 + end);
    }
}

fn count(flow: &[Moment], clocks: &Clocks, votes: &mut Votes, framed: &mut Votes) {
    let tells = |moment: &Moment| {
        let step = clocks.step[usize::from(moment.system)][0];
        !moment.is_span && step <= COARSE && moment.took > (2 * step).max(2 * MILLISECOND)
    };
    if !flow.iter().any(tells) {
        return;
    }
    let corrected = |moment: &Moment| moment.time - clocks.offset(moment.system, moment.is_span).0;
    let times = Times::of(flow, &corrected);
    let frames = if flow.len() > LARGE { Vec::new() } else { frames(flow, &corrected) };
    for record in flow.iter().filter(|moment| tells(moment)) {
        let at = corrected(record);
        let (mut starts, mut ends) = (0, 0);
        for &(_, from, to) in frames.iter().filter(|frame| frame.0 != record.system) {
            let at_start = from <= at && at + record.took <= to;
            let at_end = from <= at - record.took && at <= to;
            starts += u32::from(at_start && !at_end);
            ends += u32::from(at_end && !at_start);
        }
        let (start, end) = framed.entry(record.station).or_default();
        *start += u32::from(starts > ends);
        *end += u32::from(ends > starts);
        let before = times.of_others(record.system, at - record.took, at);
        let after = times.of_others(record.system, at, at + record.took);
        let (start, end) = votes.entry(record.station).or_default();
        *start += u32::from(after > before);
        *end += u32::from(before > after);
    }
}

/// Stretches between two log records of one system, one after the other: a record's duration may fit into one of them
/// only if it is stamped at its start, or only if at its end.
fn frames(flow: &[Moment], corrected: &impl Fn(&Moment) -> i64) -> Vec<(u16, i64, i64)> {
    let mut last: Vec<(u16, i64)> = Vec::new();
    let mut frames = Vec::with_capacity(flow.len());
    for moment in flow.iter().filter(|moment| !moment.is_span) {
        let to = corrected(moment);
        match last.iter_mut().find(|(system, _)| *system == moment.system) {
            Some((system, from)) => frames.push((*system, std::mem::replace(from, to), to)),
            None => last.push((moment.system, to)),
        }
    }
    frames
}

/// When a flow's events were, in order, of all systems and of each.
struct Times {
    all: Vec<i64>,
    by_system: Vec<(u16, i64)>,
}

impl Times {
    fn of(flow: &[Moment], corrected: &impl Fn(&Moment) -> i64) -> Self {
        let mut by_system: Vec<(u16, i64)> =
            flow.iter().map(|moment| (moment.system, corrected(moment))).collect();
        by_system.sort_unstable();
        let mut all: Vec<i64> = by_system.iter().map(|(_, time)| *time).collect();
        all.sort_unstable();
        Self { all, by_system }
    }

    /// How many events of other systems lie between two instants, without those at the instants.
    fn of_others(&self, system: u16, after: i64, before: i64) -> usize {
        let all =
            self.all.partition_point(|time| *time < before) - self.all.partition_point(|time| *time <= after);
        let own = self.by_system.partition_point(|one| *one < (system, before))
            - self.by_system.partition_point(|one| *one <= (system, after));
        all - own
    }
}
