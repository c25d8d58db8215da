//! Offsets from what is known of each two clocks: along the narrowest bounds, and against the clocks that most agree with.

use super::super::Skew;
use super::super::clocks::Clocks;
use super::{Edge, MILLISECOND, round, zone_and_rest};
use crate::evidence::SystemId;
use crate::telemetry::{EventKind, Nanos};
use rustc_hash::{FxHashMap, FxHashSet};

/// For each two clocks the narrowest bounds, of those that many flows bear out.
pub(super) fn narrowest(edges: Vec<Edge>) -> Vec<Edge> {
    let mut best: FxHashMap<(usize, usize), Edge> = FxHashMap::default();
    let mut most: FxHashMap<(usize, usize), u32> = FxHashMap::default();
    let straight = |edge: Edge| {
        if edge.a < edge.b {
            edge
        } else {
            Edge { a: edge.b, b: edge.a, low: -edge.high, high: -edge.low, pairs: edge.pairs }
        }
    };
    let edges: Vec<Edge> = edges.into_iter().map(straight).collect();
    for edge in &edges {
        let most = most.entry((edge.a, edge.b)).or_default();
        *most = (*most).max(edge.pairs);
    }
    for edge in edges {
        if edge.pairs < most[&(edge.a, edge.b)] / 10 {
            continue;
        }
        let rank = |edge: &Edge| (edge.high - edge.low, std::cmp::Reverse(edge.pairs), edge.low);
        let known = best.entry((edge.a, edge.b)).or_insert(edge);
        if rank(&edge) < rank(known) {
            *known = edge;
        }
    }
    best.into_values().collect()
}

/// Offsets from the edges: along the narrowest ones, and against the clocks that most others agree with.
pub(super) fn solve(edges: &[Edge], systems: usize, clocks: &Clocks) -> (Vec<[i64; 2]>, Vec<Skew>) {
    let mut edges = edges.to_vec();
    let rank = |clock: usize| (clocks.rank[clock / 2], clock % 2);
    edges.sort_unstable_by_key(|edge| {
        (edge.high - edge.low, std::cmp::Reverse(edge.pairs), rank(edge.a), rank(edge.b))
    });
    // Each clock's offset and uncertainty against the first of its tree.
    let mut tree: Vec<usize> = (0..systems * 2).collect();
    let mut offset = vec![0i64; systems * 2];
    let mut doubt = vec![0i64; systems * 2];
    let mut pairs = vec![0u32; systems * 2];
    let mut neighbours: Vec<Vec<(usize, i64, i64)>> = vec![Vec::new(); systems * 2];
    for edge in &edges {
        if tree[edge.a] == tree[edge.b] {
            continue;
        }
        let (from, to) = (tree[edge.b], tree[edge.a]);
        tree.iter_mut().filter(|tree| **tree == from).for_each(|tree| *tree = to);
        let (middle, half) = ((edge.low + edge.high) / 2, (edge.high - edge.low) / 2);
        neighbours[edge.a].push((edge.b, middle, half));
        neighbours[edge.b].push((edge.a, -middle, half));
        for clock in [edge.a, edge.b] {
            pairs[clock] = pairs[clock].max(edge.pairs);
        }
    }
    let roots: FxHashSet<usize> = tree.iter().copied().filter(|&root| !neighbours[root].is_empty()).collect();
    for root in roots {
        let members: Vec<usize> = (0..tree.len()).filter(|&clock| tree[clock] == root).collect();
        settle(&members, &neighbours, &mut offset, &mut doubt, &rank);
    }
    let mut skews = Vec::new();
    let mut by_system = vec![[0i64; 2]; systems];
    for clock in (0..systems * 2).filter(|&clock| pairs[clock] > 0) {
        let step = clocks.step[clock / 2][clock % 2];
        let doubt = doubt[clock] + step;
        let is_off = offset[clock].abs() > doubt.max(2 * MILLISECOND);
        let rounded = if is_off { round(offset[clock], doubt) } else { 0 };
        by_system[clock / 2][clock % 2] = rounded;
        let (zone, rest) = zone_and_rest(rounded);
        skews.push(Skew {
            system: SystemId((clock / 2) as u16),
            stamped_as: if clock % 2 == 0 { EventKind::Log } else { EventKind::Span },
            offset: rest,
            zone,
            uncertainty: Nanos(doubt),
            pairs: pairs[clock],
        });
    }
    skews.sort_unstable_by_key(|skew| (clocks.rank[usize::from(skew.system.0)], skew.stamped_as));
    (by_system, skews)
}

/// Gives the clocks of one tree their offsets, such that most are right.
fn settle(
    members: &[usize],
    neighbours: &[Vec<(usize, i64, i64)>],
    offset: &mut [i64],
    doubt: &mut [i64],
    rank: &impl Fn(usize) -> (u16, usize),
) {
    // From each clock as the reference: how many are right, and how far off the others are in all.
    let from = |reference: usize| {
        let mut found: FxHashMap<usize, (i64, i64)> = FxHashMap::default();
        let mut stack = vec![(reference, 0i64, 0i64)];
        while let Some((clock, at, doubt)) = stack.pop() {
            if found.insert(clock, (at, doubt)).is_none() {
                let next = neighbours[clock].iter().filter(|(to, ..)| !found.contains_key(to));
                stack.extend(next.map(|&(to, middle, half)| (to, at + middle, doubt + half)));
            }
        }
        found
    };
    let best = members
        .iter()
        .map(|&reference| {
            let found = from(reference);
            let right =
                found.values().filter(|(at, doubt)| at.abs() <= (*doubt).max(2 * MILLISECOND)).count();
            let off: i64 = found.values().map(|(at, _)| at.abs()).sum();
            (std::cmp::Reverse(right), off, rank(reference), found)
        })
        .min_by(|a, b| (a.0, a.1, a.2).cmp(&(b.0, b.1, b.2)));
    for (clock, (at, in_doubt)) in best.into_iter().flat_map(|best| best.3) {
        offset[clock] = at;
        doubt[clock] = in_doubt;
    }
}
