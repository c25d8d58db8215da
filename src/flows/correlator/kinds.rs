//! Which kind a course is of: the one whose entry operation is the likeliest to be where its flows began.
//!
//! The first event of a single flow can mislead: a gateway may write its line when the request is over, a clock may tick
//! in whole seconds. So for every operation it is counted how often flows that pass it begin there, and of the operations
//! that flows of one course began with, the one with the highest share is the entry of them all.
//!
//! Some flows have no entry at all: a gateway writes its line when the request is over, and a flow that is stuck never
//! gets that far. What such a flow passed is compared with what the kinds usually pass; if one of them fits far better
//! than all others, it is of that kind. But where most flows that begin at an operation fit no kind, it is an entry of
//! its own, however many other flows pass it.

use crate::evidence::{Evidence, StationId, SystemId, TextId};
use crate::flows::KindId;
use crate::flows::course::{CourseId, Courses, Pass};
use crate::flows::station::Stations;
use crate::flows::trail::Level;
use rustc_hash::FxHashMap;

/// Of the flows that pass an operation, so many are of the kind that enters by it, or it is no entry.
const ENTERS: f64 = 0.5;
/// So many begin there that nothing needs to be asked.
const SURELY_ENTERS: f64 = 0.9;
/// Flows that a kind must have before others are taken to be of it.
const ENOUGH: u32 = 10;
/// An operation that this share of a kind's flows pass belongs to the kind; in an incident many do not get far.
const USUAL: f64 = 0.5;
/// Of what a flow passed without trouble, so much must on average be passed by flows of a kind as well.
const LIKENESS: f64 = 0.8;
/// Of the flows that begin at an operation, so many must fit other kinds, or it is an entry.
const HEADLESS: f64 = 0.8;
/// The kind that fits best must fit so many times better than the next.
const UNAMBIGUOUS: f64 = 2.0;

/// An operation of a system: what stations that differ only in their message have in common.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Operation {
    pub(super) system: SystemId,
    pub(super) name: String,
    /// A message or operation of that name.
    pub(super) text: TextId,
}

/// What the flows of a kind pass.
#[derive(Clone, Debug, Default)]
struct Profile {
    flows: u32,
    passed: FxHashMap<u32, u32>,
}

/// Counts of where flows begin, and the kinds that follow from them.
#[derive(Clone, Debug, Default)]
pub(super) struct Kinds {
    /// The operation of each station, by number.
    operation_of: Vec<u32>,
    operations: Vec<Operation>,
    numbers: FxHashMap<(SystemId, String), u32>,
    keys: Vec<u64>,
    /// By operation: flows that pass it, and flows that begin there.
    passed: Vec<u32>,
    begun: Vec<u32>,
    /// By course: the operations on it, and those of them that went well.
    on: Vec<Box<[u32]>>,
    well: Vec<Box<[u32]>>,
    /// By course: the operations that its flows began with, and how many of them.
    openings: Vec<Vec<(u32, u32)>>,
    /// By course, once decided.
    of_course: Vec<Option<KindId>>,
    kinds: FxHashMap<u32, KindId>,
    entries: Vec<u32>,
    /// By course that did not begin at an entry: the one that it should have begun at. Found when it is first asked for,
    /// and anew when counts changed.
    missed: Option<FxHashMap<u32, u32>>,
}

impl Profile {
    /// The share of the kind's flows that pass an operation.
    fn share(&self, operation: &u32) -> f64 {
        f64::from(self.passed.get(operation).copied().unwrap_or(0)) / f64::from(self.flows.max(1))
    }
}

impl Kinds {
    /// Makes room for stations that are new.
    pub(super) fn know(&mut self, evidence: &Evidence, stations: &Stations) {
        for number in self.operation_of.len()..stations.len() {
            let id = StationId(number as u32);
            let station = stations.get(id);
            let text = station.text();
            let name = match station.operation {
                TextId(0) => super::names::masked(evidence.text(text)),
                _ => evidence.text(text).to_owned(),
            };
            let (operations, keys) = (&mut self.operations, &mut self.keys);
            let known = *self.numbers.entry((station.system, name.clone())).or_insert_with(|| {
                let operation = Operation { system: station.system, name, text };
                keys.push(lasting_key(evidence, &operation));
                operations.push(operation);
                operations.len() as u32 - 1
            });
            self.operation_of.push(known);
        }
        self.passed.resize(self.operations.len(), 0);
        self.begun.resize(self.operations.len(), 0);
    }

    /// Counts a flow, or takes it out with `by` = -1.
    pub(super) fn count(
        &mut self,
        stations: &Stations,
        courses: &Courses,
        id: CourseId,
        first: StationId,
        by: i32,
    ) {
        self.count_course(stations, courses, id, by);
        self.count_first(courses, id, first, by);
    }

    /// Counts that many flows as having taken a course.
    pub(super) fn count_course(&mut self, stations: &Stations, courses: &Courses, id: CourseId, flows: i32) {
        let index = id.0 as usize;
        if self.on.len() <= index {
            self.on.resize_with(courses.len(), Box::default);
            self.well.resize_with(courses.len(), Box::default);
        }
        if self.on[index].is_empty() {
            let course = courses.get(id);
            let well: Vec<Pass> = course.iter().filter(|pass| pass.level() == Level::Fine).copied().collect();
            self.on[index] = self.operations_on(stations, course).into();
            self.well[index] = self.operations_on(stations, &well).into();
        }
        for &operation in &self.on[index] {
            let passed = &mut self.passed[operation as usize];
            *passed = passed.wrapping_add_signed(flows);
        }
        self.missed = None;
    }

    /// Counts where a flow began.
    pub(super) fn count_first(&mut self, courses: &Courses, id: CourseId, first: StationId, by: i32) {
        let first = self.operation_of[first.0 as usize];
        let begun = &mut self.begun[first as usize];
        *begun = begun.wrapping_add_signed(by);
        if self.openings.len() < courses.len() {
            self.openings.resize_with(courses.len(), Vec::new);
        }
        let openings = &mut self.openings[id.0 as usize];
        match openings.iter_mut().find(|(operation, _)| *operation == first) {
            Some((_, count)) => *count = count.wrapping_add_signed(by),
            None => openings.push((first, by.unsigned_abs())),
        }
        openings.retain(|&(_, count)| count > 0);
        self.missed = None;
    }

    /// Forgets the kinds of courses; the counts stay.
    pub(super) fn undecide(&mut self) {
        self.of_course.clear();
    }

    pub(super) fn forget_counts(&mut self) {
        self.passed.fill(0);
        self.begun.fill(0);
        self.openings.clear();
        self.missed = None;
    }

    /// The kind of a course.
    pub(super) fn of(&mut self, courses: &Courses, id: CourseId) -> KindId {
        let index = id.0 as usize;
        if self.of_course.len() <= index {
            self.of_course.resize(courses.len(), None);
        }
        if let Some(known) = self.of_course[index] {
            return known;
        }
        let entry = self.entry(id).expect("a course that a flow took has been counted");
        let entry = self.missed_entry(id, entry).unwrap_or(entry);
        let entries = &mut self.entries;
        let kind = *self.kinds.entry(entry).or_insert_with(|| {
            entries.push(entry);
            // An estate with more kinds than that has messages that could not be masked; the rest share the last.
            KindId(u16::try_from(entries.len() - 1).unwrap_or(u16::MAX))
        });
        self.of_course[index] = Some(kind);
        kind
    }

    /// Whether any course decided so far would be of another kind today.
    pub(super) fn have_moved(&mut self) -> bool {
        (0..self.of_course.len()).any(|index| {
            let (id, kind) = (CourseId(index as u32), self.of_course[index]);
            let Some(entry) = kind.and(self.entry(id)) else { return false };
            let entry = self.missed_entry(id, entry).unwrap_or(entry);
            self.kinds.get(&entry).copied() != kind
        })
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len().min(usize::from(u16::MAX) + 1)
    }

    pub(super) fn operation(&self, kind: KindId) -> &Operation {
        &self.operations[self.entries[usize::from(kind.0)] as usize]
    }

    /// Whether a station is of the operation that flows of the kind enter by.
    pub(super) fn is_entry(&self, kind: KindId, station: StationId) -> bool {
        self.operation_of[station.0 as usize] == self.entries[usize::from(kind.0)]
    }

    /// How often flows that pass an operation begin there.
    fn share(&self, operation: u32) -> f64 {
        f64::from(self.begun[operation as usize]) / f64::from(self.passed[operation as usize].max(1))
    }

    fn entry(&self, course: CourseId) -> Option<u32> {
        let openings = self.openings.get(course.0 as usize)?.iter().map(|&(operation, _)| operation);
        openings.max_by(|&a, &b| {
            let keys = || self.keys[a as usize].cmp(&self.keys[b as usize]);
            self.share(a).total_cmp(&self.share(b)).then_with(keys)
        })
    }

    /// The entry that a course should have begun at. `None` where it has an entry, or no kind or several fit.
    fn missed_entry(&mut self, course: CourseId, entry: u32) -> Option<u32> {
        if self.share(entry) >= SURELY_ENTERS {
            return None;
        }
        if self.missed.is_none() {
            self.missed = Some(self.find_missed());
        }
        self.missed.as_ref()?.get(&course.0).copied()
    }

    /// By course that did not begin at an entry: that of a kind which it passes on its way, since clocks tick coarsely;
    /// or, where none was written, that of the one kind whose flows pass what it passes, and much more.
    fn find_missed(&self) -> FxHashMap<u32, u32> {
        let profiles = self.count_profiles();
        let mut missed = FxHashMap::default();
        // By operation that is no entry: the courses that begin there, with their flows and the kind that fits.
        let mut headless: FxHashMap<u32, Vec<(u32, u32, Option<u32>)>> = FxHashMap::default();
        for (index, openings) in self.openings.iter().enumerate() {
            let Some(entry) = self.entry(CourseId(index as u32)) else { continue };
            if self.share(entry) >= SURELY_ENTERS || profiles.contains_key(&entry) {
                continue;
            }
            let passed = self.on[index].iter().copied().filter(|operation| profiles.contains_key(operation));
            let by_share = |a: &u32, b: &u32| {
                let keys = || self.keys[*a as usize].cmp(&self.keys[*b as usize]);
                self.share(*a).total_cmp(&self.share(*b)).then_with(keys)
            };
            if let Some(passed) = passed.max_by(by_share) {
                missed.insert(index as u32, passed);
            } else {
                let flows = openings.iter().map(|&(_, flows)| flows).sum();
                headless.entry(entry).or_default().push((index as u32, flows, self.fit(index, &profiles)));
            }
        }
        for courses in headless.into_values() {
            let flows = |fits: bool| -> u32 {
                courses.iter().filter(|(.., fit)| !fits || fit.is_some()).map(|(_, flows, _)| flows).sum()
            };
            if f64::from(flows(true)) >= f64::from(flows(false)) * HEADLESS {
                missed.extend(courses.into_iter().filter_map(|(course, _, fit)| Some((course, fit?))));
            }
        }
        missed
    }

    /// The kind, by its entry, that flows of a course are of if they were cut short.
    fn fit(&self, course: usize, profiles: &FxHashMap<u32, Profile>) -> Option<u32> {
        let (own, well) = (&self.on[course], &self.well[course]);
        let mut fits: Vec<(f64, u64, u32)> = Vec::new();
        for (&of, profile) in profiles.iter().filter(|(_, profile)| profile.flows >= ENOUGH) {
            let usual = || profile.passed.keys().filter(|operation| profile.share(operation) >= USUAL);
            let lacking = usual().filter(|operation| !own.contains(operation)).count();
            let likeness =
                well.iter().map(|operation| profile.share(operation)).sum::<f64>() / well.len() as f64;
            if lacking * 3 >= usual().count() && likeness >= LIKENESS {
                let fit = own.iter().map(|operation| profile.share(operation).max(0.001).ln()).sum();
                fits.push((fit, self.keys[of as usize], of));
            }
        }
        fits.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        match fits.as_slice() {
            [best] => Some(best.2),
            [best, next, ..] if best.0 - next.0 >= UNAMBIGUOUS.ln() => Some(best.2),
            _ => None,
        }
    }

    /// What the flows pass that begin at an operation which most flows that pass it begin at.
    fn count_profiles(&self) -> FxHashMap<u32, Profile> {
        let taken = self.openings.iter().enumerate().filter_map(|(index, openings)| {
            let flows: u32 = openings.iter().map(|&(_, flows)| flows).sum();
            Some((index, self.entry(CourseId(index as u32))?, flows))
        });
        let taken: Vec<(usize, u32, u32)> = taken.collect();
        let mut profiles: FxHashMap<u32, Profile> = FxHashMap::default();
        for &(_, entry, flows) in &taken {
            profiles.entry(entry).or_default().flows += flows;
        }
        profiles.retain(|&entry, profile| {
            f64::from(profile.flows) >= f64::from(self.passed[entry as usize]) * ENTERS
        });
        for (index, entry, flows) in taken {
            let Some(profile) = profiles.get_mut(&entry) else { continue };
            for &operation in &self.on[index] {
                *profile.passed.entry(operation).or_default() += flows;
            }
        }
        profiles
    }

    /// The operations on a course, each once; those of spans only where there is nothing else, so that a sampled flow
    /// is of the same kind as one that is not.
    fn operations_on(&self, stations: &Stations, course: &[Pass]) -> Vec<u32> {
        let has_logs = course.iter().any(|pass| !stations.get(pass.station()).is_span());
        let mut operations: Vec<u32> = course
            .iter()
            .filter(|pass| !(has_logs && stations.get(pass.station()).is_span()))
            .map(|pass| self.operation_of[pass.station().0 as usize])
            .collect();
        operations.sort_unstable();
        operations.dedup();
        operations
    }
}

fn lasting_key(evidence: &Evidence, operation: &Operation) -> u64 {
    use std::hash::{Hash, Hasher};
    let mut hasher = rustc_hash::FxHasher::default();
    evidence.system_name(operation.system).hash(&mut hasher);
    operation.name.hash(&mut hasher);
    hasher.finish()
}
