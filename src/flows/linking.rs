//! Which identifiers belong together: the graph of identifiers that met on one event, the guard that keeps hubs from
//! linking, and the components that are left.
//!
//! Whether an identifier links is decided on the graph alone, never on the order in which it grew, so any order of
//! evidence gives the same flows. See [`guard`] for the rules.

mod guard;

pub(super) use guard::Verdict as HubVerdict;

use crate::evidence::{Chunks, Evidence, IdentifierId, Row, View};
use crate::telemetry::IdentifierClass;
use rustc_hash::{FxHashMap, FxHashSet};

pub(super) const NONE: u32 = u32::MAX;
/// A row with more identifiers than this links them as a star; below, every pair is kept, so that a hub among them
/// cannot part the others.
const PAIRWISE: usize = 8;
/// From this degree on, pairs are remembered in a set instead of being looked for in a list.
const LONG_LIST: u32 = 16;

#[derive(Clone, Copy, Debug)]
struct Edge {
    to: u32,
    next: u32,
}

/// The graph and its components.
#[derive(Clone, Debug, Default)]
pub(super) struct Linking {
    /// Last edge of each identifier; `NONE` for none.
    head: Vec<u32>,
    degree: Vec<u32>,
    edges: Vec<Edge>,
    long_pairs: FxHashSet<(u32, u32)>,
    /// As of the last update; a class can become more trusted later.
    class: Vec<IdentifierClass>,
    hub: Vec<bool>,
    /// Union-find over identifiers that link.
    parent: Vec<u32>,
    /// The other identifiers of the component, in a ring.
    pub(super) ring: Chunks<u32>,
    /// Correlation identifiers in the component, at its root.
    correlations: Vec<u32>,
    /// Identifiers that met one too many since the last update to tell transactions apart.
    newly_common: Vec<u32>,
    /// Why each hub does not link.
    verdicts: FxHashMap<u32, HubVerdict>,
    /// Within components that are too large to be one flow: the part that an identifier belongs to.
    parts: FxHashMap<u32, u32>,
    /// The same ring while everything is linked for the first time: nobody shares it yet.
    plain_ring: Vec<u32>,
    /// Entries of further identifiers, chained by identifier: the entry before, and the last one of each identifier.
    pub(super) earlier: Chunks<u32>,
    pub(super) latest: Chunks<u32>,
    rows: u32,
    further: u32,
}

/// What an update of the graph touched.
#[derive(Debug, Default)]
pub(super) struct Touched {
    /// Identifiers whose flow may have changed in members or events.
    pub(super) identifiers: FxHashSet<u32>,
    /// Whether a group came, went or met somebody new.
    pub(super) groups: bool,
}

impl Linking {
    pub(super) fn len(&self) -> u32 {
        self.class.len() as u32
    }

    /// Takes in all rows at once, into an empty graph.
    pub(super) fn build(&mut self, evidence: &Evidence) {
        self.grow(evidence);
        let (latest, earlier) = (&mut self.latest, &mut self.earlier);
        let (mut latest, mut earlier) = (std::mem::take(latest), std::mem::take(earlier));
        let count = self.class.len();
        rayon::join(
            || chain(evidence, count, &mut latest, &mut earlier),
            || {
                self.each_new_pair(evidence, |linking, a, b| {
                    linking.add_edge(a, b);
                });
            },
        );
        (self.latest, self.earlier) = (latest, earlier);
        self.newly_common.clear();
        self.hub = vec![false; self.class.len()];
        for correlations in [true, false] {
            for id in 0..self.len() {
                if (self.class[id as usize] == IdentifierClass::Correlation) == correlations {
                    self.judge(evidence, id);
                }
            }
        }
        self.plain_ring = (0..self.len()).collect();
        for id in 0..self.len() {
            self.join_neighbours(id, |other| other < id);
        }
        self.ring = Chunks::default();
        self.ring.extend(&std::mem::take(&mut self.plain_ring));
        // Roots are the lowest numbers of their components, so one pass in order leads every identifier to its root.
        for id in 0..self.parent.len() {
            self.parent[id] = self.parent[self.parent[id] as usize];
        }
        let large: Vec<u32> = (0..self.len()).filter(|&id| self.is_large_root(id)).collect();
        for root in large {
            self.part(root);
        }
        self.rows = evidence.rows();
    }

    /// Takes in the rows that are new; the cost is that of the new rows and of the components they touch.
    pub(super) fn update(&mut self, evidence: &Evidence) -> Touched {
        let first_row = self.rows;
        let mut touched = Touched::default();
        let known = self.len();
        self.grow(evidence);
        self.hub.resize(self.class.len(), false);
        let mut to_judge: FxHashSet<u32> = (known..self.len()).collect();
        for row in first_row..evidence.rows() {
            if let Some(IdentifierId(id)) = evidence.identifier(Row(row)) {
                if touched.identifiers.insert(id) {
                    // How a business number fits hangs on the events under what it meets.
                    to_judge.extend(self.neighbours(id).filter(|&other| self.joins_several(other)));
                }
                self.refresh_class(evidence, id, &mut to_judge);
            }
        }
        for entry in self.further.. {
            let Some((_, IdentifierId(id))) = evidence.further_identifiers(entry).next() else { break };
            self.earlier.push(self.latest.get(id));
            self.latest.set(id, entry);
        }
        let mut new_edges = Vec::new();
        self.each_new_pair(evidence, |linking, a, b| {
            linking.refresh_class(evidence, a, &mut to_judge);
            linking.refresh_class(evidence, b, &mut to_judge);
            if linking.add_edge(a, b) {
                new_edges.push((a, b));
            }
            touched.identifiers.insert(a);
            touched.identifiers.insert(b);
        });
        for &(a, b) in &new_edges {
            to_judge.extend([a, b]);
        }
        for id in std::mem::take(&mut self.newly_common) {
            to_judge.extend(self.neighbours(id).collect::<Vec<_>>());
        }
        let flipped = self.judge_around(evidence, to_judge);
        for &(a, b) in &new_edges {
            if self.links(a) && self.links(b) {
                self.join(a, b);
            }
        }
        touched.groups |= !flipped.is_empty();
        self.rebuild_around(&flipped, &mut touched);
        let large: FxHashSet<u32> = touched
            .identifiers
            .iter()
            .map(|&id| self.root(id))
            .filter(|&root| self.is_large_root(root))
            .collect();
        for root in large {
            touched.groups = true;
            self.part(root);
            touched.identifiers.extend(self.ring_of(root));
        }
        touched.groups |= touched.identifiers.iter().any(|&id| !self.links(id));
        self.rows = evidence.rows();
        touched
    }

    /// Whether an identifier takes part in linking; one that does not may name a group.
    #[inline]
    pub(super) fn links(&self, id: u32) -> bool {
        !self.hub[id as usize]
    }

    /// One identifier of the flow that stands for all of it; `NONE` for a hub.
    pub(super) fn flow_root(&self, id: u32) -> u32 {
        if self.hub[id as usize] {
            return NONE;
        }
        let root = self.root(id);
        if self.parts.is_empty() || !self.is_large_root(root) {
            return root;
        }
        self.parts.get(&id).copied().unwrap_or(NONE)
    }

    /// All identifiers of the flow that an identifier belongs to.
    pub(super) fn members(&self, id: u32) -> Vec<u32> {
        let mut members = Vec::new();
        self.members_into(id, &mut members);
        members
    }

    pub(super) fn members_into(&self, id: u32, members: &mut Vec<u32>) {
        members.clear();
        let root = self.flow_root(id);
        if root == NONE {
            return;
        }
        if self.is_large_root(self.root(id)) {
            members.extend(self.ring_of(id).filter(|&other| self.flow_root(other) == root));
        } else {
            members.extend(self.ring_of(id));
        }
    }

    /// The flow of an event by the root of its identifiers: that of the one it is filed under, or where that one is a
    /// hub, of the most trusted other one; `NONE` for none.
    pub(super) fn root_of_row(&self, evidence: &Evidence, row: Row) -> u32 {
        let Some(IdentifierId(filed)) = evidence.identifier(row) else { return NONE };
        match self.flow_root(filed) {
            NONE => self.best_further(evidence, row).map_or(NONE, |id| self.flow_root(id.0)),
            root => root,
        }
    }

    fn best_further(&self, evidence: &Evidence, row: Row) -> Option<IdentifierId> {
        evidence
            .further_of(row)
            .filter(|id| self.flow_root(id.0) != NONE)
            .min_by_key(|&id| (self.class[id.0 as usize], evidence.identifiers.key(id)))
    }

    /// Any event of the flow that this identifier stands for.
    pub(super) fn any_row(&self, evidence: &Evidence, root: u32) -> Option<Row> {
        let filed = |id| evidence.filed_under(IdentifierId(id)).next();
        filed(root).or_else(|| self.members(root).into_iter().find_map(filed)).or_else(|| {
            let mut rows = Vec::new();
            self.rows_of(evidence, &evidence.view(), &self.members(root), &mut rows);
            rows.first().map(|&row| Row(row))
        })
    }

    /// All events of the flow with these members.
    pub(super) fn rows_of(&self, evidence: &Evidence, view: &View, members: &[u32], rows: &mut Vec<u32>) {
        rows.clear();
        for &id in members {
            let mut next = evidence.identifiers.last_row(IdentifierId(id));
            while let Some(row) = next {
                rows.push(row.0);
                next = view.previous(row);
            }
        }
        // Events that are filed under a hub; without hubs there are none.
        if self.verdicts.is_empty() {
            return;
        }
        let root = members.first().map_or(NONE, |&id| self.flow_root(id));
        let own = rows.len();
        for &id in members {
            let mut entry = self.latest.get(id);
            while entry != NONE {
                let (row, _) = evidence.further_identifier(entry);
                let is_homeless =
                    evidence.identifier(row).is_none_or(|filed| self.flow_root(filed.0) == NONE);
                if is_homeless && self.root_of_row(evidence, row) == root && !rows[own..].contains(&row.0) {
                    rows.push(row.0);
                }
                entry = self.earlier.get(entry);
            }
        }
    }

    /// The identifiers that an identifier met on an event.
    pub(super) fn neighbours(&self, id: u32) -> impl Iterator<Item = u32> + '_ {
        let mut edge = self.head[id as usize];
        std::iter::from_fn(move || {
            let found = *self.edges.get(edge as usize)?;
            edge = found.next;
            Some(found.to)
        })
    }

    /// Identifiers that name a group, with the reason, by number.
    pub(super) fn hubs(&self) -> impl Iterator<Item = (u32, HubVerdict)> + '_ {
        self.verdicts.iter().map(|(&id, &verdict)| (id, verdict))
    }

    fn grow(&mut self, evidence: &Evidence) {
        let known = self.class.len() as u32;
        let count = evidence.identifiers.len();
        self.class.extend((known..count as u32).map(|id| evidence.class(IdentifierId(id))));
        self.head.resize(count, NONE);
        self.latest.extend_from((known..count as u32).map(|_| NONE));
        self.degree.resize(count, 0);
        self.parent.extend(known..count as u32);
        self.ring.extend_from(known..count as u32);
        let class = &self.class;
        self.correlations.extend(
            (known..count as u32).map(|id| u32::from(class[id as usize] == IdentifierClass::Correlation)),
        );
    }

    fn joins_several(&self, id: u32) -> bool {
        self.class[id as usize] == IdentifierClass::Business && self.degree[id as usize] > 1
    }

    /// A class can become more trusted when the value turns up under a better key.
    fn refresh_class(&mut self, evidence: &Evidence, id: u32, to_judge: &mut FxHashSet<u32>) {
        let class = evidence.class(IdentifierId(id));
        if self.class[id as usize] != class {
            self.class[id as usize] = class;
            if class == IdentifierClass::Correlation {
                let root = self.root(id);
                self.correlations[root as usize] += 1;
            }
            to_judge.insert(id);
            to_judge.extend(self.neighbours(id).collect::<Vec<_>>());
        }
    }

    /// Calls `found` for every pair of identifiers on the rows from [`Linking::further`] on.
    fn each_new_pair(&mut self, evidence: &Evidence, mut found: impl FnMut(&mut Self, u32, u32)) {
        let mut on_row: Vec<u32> = Vec::new();
        let mut current = NONE;
        let mut count = 0;
        let from = self.further;
        for (Row(row), IdentifierId(id)) in evidence.further_identifiers(from) {
            count += 1;
            if row != current {
                self.pairs_of(&mut on_row, &mut found);
                current = row;
                on_row.extend(evidence.identifier(Row(row)).map(|id| id.0));
            }
            if !on_row.contains(&id) {
                on_row.push(id);
            }
        }
        self.pairs_of(&mut on_row, &mut found);
        self.further = from + count;
    }

    fn pairs_of(&mut self, on_row: &mut Vec<u32>, found: &mut impl FnMut(&mut Self, u32, u32)) {
        let stars = if on_row.len() <= PAIRWISE { on_row.len() } else { 2 };
        for first in 0..stars {
            for second in first + 1..on_row.len() {
                found(self, on_row[first], on_row[second]);
            }
        }
        on_row.clear();
    }

    /// Whether the pair is new.
    fn add_edge(&mut self, a: u32, b: u32) -> bool {
        let (few, many) = if self.degree[a as usize] <= self.degree[b as usize] { (a, b) } else { (b, a) };
        let is_long = self.degree[few as usize] > LONG_LIST;
        let pair = (few.min(many), few.max(many));
        if is_long && self.long_pairs.contains(&pair) {
            return false;
        }
        let is_known = self.neighbours(few).any(|to| to == many);
        if is_long {
            self.long_pairs.insert(pair);
        }
        if is_known {
            return false;
        }
        for (from, to) in [(a, b), (b, a)] {
            self.edges.push(Edge { to, next: self.head[from as usize] });
            self.head[from as usize] = self.edges.len() as u32 - 1;
            self.degree[from as usize] += 1;
            if self.degree[from as usize] == guard::COMMON + 1 {
                self.newly_common.push(from);
            }
        }
        true
    }

    #[inline]
    fn root(&self, mut id: u32) -> u32 {
        while self.parent[id as usize] != id {
            id = self.parent[id as usize];
        }
        id
    }

    fn root_shortening(&mut self, mut id: u32) -> u32 {
        while self.parent[id as usize] != id {
            let grandparent = self.parent[self.parent[id as usize] as usize];
            self.parent[id as usize] = grandparent;
            id = grandparent;
        }
        id
    }

    fn ring_of(&self, id: u32) -> impl Iterator<Item = u32> + '_ {
        let mut next = Some(id);
        std::iter::from_fn(move || {
            let current = next?;
            next = Some(self.ring.get(current)).filter(|&following| following != id);
            Some(current)
        })
    }

    fn join(&mut self, a: u32, b: u32) {
        let (a, b) = (self.root_shortening(a), self.root_shortening(b));
        if a != b {
            let (root, child) = (a.min(b), a.max(b));
            self.parent[child as usize] = root;
            self.correlations[root as usize] += self.correlations[child as usize];
            if !self.plain_ring.is_empty() {
                self.plain_ring.swap(root as usize, child as usize);
                return;
            }
            let (after_root, after_child) = (self.ring.get(root), self.ring.get(child));
            self.ring.set(root, after_child);
            self.ring.set(child, after_root);
        }
    }

    fn join_neighbours(&mut self, id: u32, wanted: impl Fn(u32) -> bool) {
        if self.hub[id as usize] {
            return;
        }
        let mut edge = self.head[id as usize];
        while let Some(&Edge { to, next }) = self.edges.get(edge as usize) {
            if wanted(to) && !self.hub[to as usize] {
                self.join(id, to);
            }
            edge = next;
        }
    }

    /// Takes the components around identifiers whose verdict flipped apart and joins them anew.
    fn rebuild_around(&mut self, flipped: &FxHashSet<u32>, touched: &mut Touched) {
        let mut apart: FxHashSet<u32> = FxHashSet::default();
        for &id in flipped {
            apart.extend(self.ring_of(id));
            if self.links(id) {
                for other in self.neighbours(id).filter(|&other| self.links(other)) {
                    if !apart.contains(&other) {
                        apart.extend(self.ring_of(other));
                    }
                }
            }
        }
        for &id in &apart {
            self.parent[id as usize] = id;
            self.ring.set(id, id);
            self.correlations[id as usize] =
                u32::from(self.class[id as usize] == IdentifierClass::Correlation);
            self.parts.remove(&id);
            if matches!(self.verdicts.get(&id), Some(HubVerdict::Chains(_))) {
                self.verdicts.remove(&id);
            }
        }
        for &id in &apart {
            self.join_neighbours(id, |other| apart.contains(&other));
        }
        touched.identifiers.extend(apart);
    }
}

/// Chains the entries of further identifiers, all at once.
fn chain(evidence: &Evidence, identifiers: usize, latest: &mut Chunks<u32>, earlier: &mut Chunks<u32>) {
    let mut last = vec![NONE; identifiers];
    let before: Vec<u32> = evidence
        .further_identifiers(0)
        .enumerate()
        .map(|(entry, (_, IdentifierId(id)))| std::mem::replace(&mut last[id as usize], entry as u32))
        .collect();
    *latest = Chunks::default();
    latest.extend(&last);
    earlier.extend(&before);
}
