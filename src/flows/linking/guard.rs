//! The hub guard: which identifiers would merge flows that are otherwise distinct.
//!
//! Decided by class and by what an identifier meets, in two rounds on the whole graph. First the correlation
//! identifiers: one that stands beside many others, or beside more traces than a transaction has, was never one
//! transaction's. Then the rest, counted against the correlation identifiers that are left; where an estate has none,
//! against traces. A few may well be one business transaction, unless each has a business number (or, for a trace, a
//! trace) of its own: then they are distinct already, as the orders of one batch are.
//!
//! Business numbers are short and come around again, so they must also fit: what they join lies close in time, and is
//! either in other systems (each with a correlation identifier of its own) or tried again after trouble.

use super::{Linking, NONE};
use crate::evidence::{Evidence, IdentifierId, SystemId};
use crate::telemetry::{IdentifierClass as Class, Nanos, Severity, Time};
use rustc_hash::{FxHashMap, FxHashSet};

/// More correlation identifiers than attempts at one transaction make.
const CORRELATIONS: usize = 4;
/// More traces than attempts at one transaction make, where nothing else tells transactions apart.
const TRACES: usize = 8;
/// More traces than one transaction crosses, under one correlation identifier.
const TRACES_OF_A_CORRELATION: usize = 32;
/// An identifier that meets more than this tells no transaction apart.
pub(super) const COMMON: u32 = 64;
/// What a business number joins lies no further apart than this.
const APART: Nanos = Nanos::seconds(15 * 60);
/// A component with more correlation identifiers than this is no flow: weak links have chained flows together.
const CORRELATIONS_OF_A_FLOW: u32 = 16;

/// Why an identifier does not link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::flows) enum Verdict {
    /// Its class only groups.
    Session,
    MeetsCorrelations,
    MeetsTraces,
    /// It meets few, but each is a transaction of its own.
    MeetsDistinct,
    /// It is one of the weak links that would chain this many transactions.
    Chains(u32),
}

impl Linking {
    /// Decides whether an identifier links; whether that is news.
    pub(super) fn judge(&mut self, evidence: &Evidence, id: u32) -> bool {
        let verdict = self.verdict(evidence, id);
        if let Some(verdict) = verdict {
            self.verdicts.insert(id, verdict);
        } else if self.hub[id as usize] {
            self.verdicts.remove(&id);
        }
        std::mem::replace(&mut self.hub[id as usize], verdict.is_some()) != verdict.is_some()
    }

    /// Judges identifiers and everything whose verdict may hang on theirs; returns those that flipped.
    pub(super) fn judge_around(
        &mut self,
        evidence: &Evidence,
        mut to_judge: FxHashSet<u32>,
    ) -> FxHashSet<u32> {
        let mut flipped = FxHashSet::default();
        let seeds: Vec<u32> = to_judge.iter().copied().collect();
        for id in seeds {
            if self.class[id as usize] == Class::Correlation && self.judge(evidence, id) {
                flipped.insert(id);
                to_judge.extend(self.neighbours(id).collect::<Vec<_>>());
            }
        }
        // A verdict looks at what its partners meet, so partners of what changed are judged again; what a hub meets
        // says nothing any more.
        let seeds: Vec<u32> = to_judge.iter().copied().filter(|&id| !self.hub[id as usize]).collect();
        for id in seeds {
            to_judge.extend(self.neighbours(id).collect::<Vec<_>>());
        }
        for id in to_judge {
            if self.class[id as usize] != Class::Correlation && self.judge(evidence, id) {
                flipped.insert(id);
            }
        }
        flipped
    }

    fn verdict(&self, evidence: &Evidence, id: u32) -> Option<Verdict> {
        let class = self.class[id as usize];
        match class {
            Class::Session => return Some(Verdict::Session),
            Class::Correlation => return self.verdict_on_correlation(id),
            _ if self.degree[id as usize] < 2 => return None,
            _ => {}
        }
        if !self.meets_several(id) {
            return None;
        }
        let (correlations, traces) = self.yardsticks(id);
        if correlations.len() > CORRELATIONS {
            return Some(Verdict::MeetsCorrelations);
        }
        if class == Class::Span && traces.len() > 1 {
            return Some(Verdict::MeetsTraces);
        }
        let units = if correlations.is_empty() && class != Class::Trace { &traces } else { &correlations };
        if units.len() > TRACES {
            return Some(Verdict::MeetsTraces);
        }
        let are_distinct = |a: u32, b: u32| self.has_own(a, b, id, class) && self.has_own(b, a, id, class);
        let any_distinct = (0..units.len()).any(|i| (0..i).any(|j| are_distinct(units[i], units[j])));
        let is_misfit = || class == Class::Business && !fit(evidence, units);
        (any_distinct || is_misfit()).then_some(Verdict::MeetsDistinct)
    }

    fn verdict_on_correlation(&self, id: u32) -> Option<Verdict> {
        if self.degree[id as usize] as usize <= CORRELATIONS {
            return None;
        }
        let (mut correlations, mut traces) = (0, 0);
        for other in self.neighbours(id) {
            match self.class[other as usize] {
                Class::Correlation => correlations += 1,
                Class::Trace => traces += 1,
                _ => {}
            }
        }
        if correlations > CORRELATIONS {
            return Some(Verdict::MeetsCorrelations);
        }
        (traces > TRACES_OF_A_CORRELATION).then_some(Verdict::MeetsTraces)
    }

    /// Whether an identifier met two of anything that can tell transactions apart: most did not, and that is cheap to see.
    fn meets_several(&self, id: u32) -> bool {
        let (mut correlations, mut traces) = (0, 0);
        for other in self.neighbours(id) {
            match self.class[other as usize] {
                Class::Correlation => correlations += 1,
                Class::Trace => traces += 1,
                _ => {}
            }
            if correlations > 1 || traces > 1 {
                return true;
            }
        }
        false
    }

    /// The correlation identifiers that link, and the traces, that an identifier meets; no more than it takes to tell.
    fn yardsticks(&self, id: u32) -> (Vec<u32>, Vec<u32>) {
        let (mut correlations, mut traces) = (Vec::new(), Vec::new());
        for other in self.neighbours(id) {
            match self.class[other as usize] {
                Class::Correlation if !self.hub[other as usize] => correlations.push(other),
                Class::Trace => traces.push(other),
                _ => {}
            }
            if correlations.len() > CORRELATIONS {
                break;
            }
        }
        (correlations, traces)
    }

    /// Whether `a` met a business number (or a trace, where a trace is judged) that `b` did not, apart from `judged`.
    fn has_own(&self, a: u32, b: u32, judged: u32, class: Class) -> bool {
        self.neighbours(a).any(|own| {
            let tells = match self.class[own as usize] {
                Class::Business => true,
                Class::Trace => class == Class::Trace,
                _ => false,
            };
            tells
                && self.degree[own as usize] <= COMMON
                && own != judged
                && own != b
                && !self.neighbours(own).any(|met| met == b)
        })
    }

    #[inline]
    pub(super) fn is_large_root(&self, root: u32) -> bool {
        self.correlations[root as usize] > CORRELATIONS_OF_A_FLOW && self.parent[root as usize] == root
    }

    /// Parts a component that is too large to be one flow: weak links give way, the least trusted class first.
    pub(super) fn part(&mut self, root: u32) {
        let mut members: Vec<u32> = self.ring_of(root).collect();
        members.sort_unstable();
        let chained = self.correlations[root as usize];
        let mut part: FxHashMap<u32, u32> = FxHashMap::default();
        let mut cut: FxHashSet<u32> = FxHashSet::default();
        for class in [None, Some(Class::Business), Some(Class::Message), Some(Class::Trace)] {
            if let Some(class) = class {
                let oversize = sizes(&part, |id| self.class[id as usize] == Class::Correlation);
                let weak = members.iter().copied().filter(|id| {
                    self.class[*id as usize] == class
                        && oversize.get(&part[id]).is_some_and(|&size| size > CORRELATIONS_OF_A_FLOW)
                        && self.yardsticks(*id).0.len() > 1
                });
                cut.extend(weak.collect::<Vec<_>>());
            }
            part = self.components_without(&members, &cut);
        }
        for &id in &members {
            self.verdicts.remove(&id);
            match part.get(&id) {
                Some(&to) => self.parts.insert(id, to),
                None => self.parts.insert(id, NONE),
            };
        }
        for id in cut {
            self.verdicts.insert(id, Verdict::Chains(chained));
        }
    }

    fn components_without(&self, members: &[u32], cut: &FxHashSet<u32>) -> FxHashMap<u32, u32> {
        let mut part: FxHashMap<u32, u32> = FxHashMap::default();
        let mut stack = Vec::new();
        for &start in members {
            if cut.contains(&start) || part.contains_key(&start) {
                continue;
            }
            part.insert(start, start);
            stack.push(start);
            while let Some(id) = stack.pop() {
                for other in self.neighbours(id) {
                    if self.links(other) && !cut.contains(&other) && !part.contains_key(&other) {
                        part.insert(other, start);
                        stack.push(other);
                    }
                }
            }
        }
        part
    }
}

/// What the events filed under one identifier tell of it.
struct Profile {
    first: Time,
    last: Time,
    systems: Vec<SystemId>,
    has_trouble: bool,
}

impl Profile {
    fn of(evidence: &Evidence, id: u32) -> Self {
        let mut profile = Self { first: Time::MAX, last: Time::MIN, systems: Vec::new(), has_trouble: false };
        for row in evidence.filed_under(IdentifierId(id)) {
            let (time, system) = (evidence.time(row), evidence.system(row));
            profile.first = profile.first.min(time);
            profile.last = profile.last.max(time);
            profile.has_trouble |= evidence.severity(row) >= Severity::WARN;
            if !profile.systems.contains(&system) {
                profile.systems.push(system);
            }
        }
        profile
    }

    fn shares(&self, other: &Self) -> usize {
        self.systems.iter().filter(|system| other.systems.contains(system)).count()
    }
}

/// Whether pieces that share a business number can be one transaction: close in time, and each either in other systems
/// than the one before, or tried again after trouble.
fn fit(evidence: &Evidence, units: &[u32]) -> bool {
    let mut profiles: Vec<Profile> = units.iter().map(|&unit| Profile::of(evidence, unit)).collect();
    profiles.retain(|profile| !profile.systems.is_empty());
    profiles.sort_unstable_by_key(|profile| (profile.first, profile.last));
    profiles.windows(2).all(|pair| {
        let (earlier, later) = (&pair[0], &pair[1]);
        let fewest = earlier.systems.len().min(later.systems.len());
        later.first - earlier.last <= APART && (earlier.has_trouble || earlier.shares(later) * 2 <= fewest)
    })
}

fn sizes(part: &FxHashMap<u32, u32>, counts: impl Fn(u32) -> bool) -> FxHashMap<u32, u32> {
    let mut sizes = FxHashMap::default();
    for (&id, &to) in part {
        *sizes.entry(to).or_insert(0) += u32::from(counts(id));
    }
    sizes
}
