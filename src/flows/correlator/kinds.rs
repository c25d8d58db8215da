//! Which kind a course is of: the one whose entry operation is the likeliest to be where its flows began.
//!
//! The first event of a single flow can mislead: a gateway may write its line when the request is over, a clock may tick
//! in whole seconds. So for every operation it is counted how often flows that pass it begin there, and of the operations
//! that flows of one course began with, the one with the highest share is the entry of them all.

use crate::evidence::{Evidence, SystemId, TextId};
use crate::flows::KindId;
use crate::flows::course::{CourseId, Courses, Pass};
use crate::flows::station::{StationId, Stations};
use rustc_hash::FxHashMap;

/// An operation of a system: what stations that differ only in their message have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Operation {
    pub(super) system: SystemId,
    pub(super) text: TextId,
}

/// Counts of where flows begin, and the kinds that follow from them.
#[derive(Clone, Debug, Default)]
pub(super) struct Kinds {
    /// The operation of each station, by number.
    operation_of: Vec<u32>,
    operations: Vec<Operation>,
    numbers: FxHashMap<Operation, u32>,
    keys: Vec<u64>,
    /// By operation: flows that pass it, and flows that begin there.
    passed: Vec<u32>,
    begun: Vec<u32>,
    /// By course: the operations that its flows began with, and how many of them.
    openings: Vec<Vec<(u32, u32)>>,
    /// By course, once decided.
    of_course: Vec<Option<KindId>>,
    kinds: FxHashMap<u32, KindId>,
    entries: Vec<u32>,
}

impl Kinds {
    /// Makes room for stations that are new.
    pub(super) fn know(&mut self, evidence: &Evidence, stations: &Stations) {
        for number in self.operation_of.len()..stations.len() {
            let id = StationId(number as u32);
            let station = stations.get(id);
            let operation = Operation { system: station.system, text: station.text() };
            let (operations, keys) = (&mut self.operations, &mut self.keys);
            let known = *self.numbers.entry(operation).or_insert_with(|| {
                operations.push(operation);
                keys.push(lasting_key(evidence, operation));
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
        let operations = self.operations_on(stations, courses.get(id));
        for operation in operations {
            let passed = &mut self.passed[operation as usize];
            *passed = passed.wrapping_add_signed(flows);
        }
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
    }

    /// Forgets the kinds of courses; the counts stay.
    pub(super) fn undecide(&mut self) {
        self.of_course.clear();
    }

    pub(super) fn forget_counts(&mut self) {
        self.passed.fill(0);
        self.begun.fill(0);
        self.openings.clear();
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
    pub(super) fn have_moved(&self) -> bool {
        self.of_course.iter().enumerate().any(|(index, kind)| {
            let entry = kind.and(self.entry(CourseId(index as u32)));
            entry.is_some_and(|entry| self.kinds.get(&entry).copied() != *kind)
        })
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len().min(usize::from(u16::MAX) + 1)
    }

    pub(super) fn operation(&self, kind: KindId) -> Operation {
        self.operations[self.entries[usize::from(kind.0)] as usize]
    }

    /// Whether a station is of the operation that flows of the kind enter by.
    pub(super) fn is_entry(&self, kind: KindId, station: StationId) -> bool {
        self.operation_of[station.0 as usize] == self.entries[usize::from(kind.0)]
    }

    fn entry(&self, course: CourseId) -> Option<u32> {
        let share = |operation: u32| {
            f64::from(self.begun[operation as usize]) / f64::from(self.passed[operation as usize].max(1))
        };
        let openings = self.openings.get(course.0 as usize)?.iter().map(|&(operation, _)| operation);
        openings.max_by(|&a, &b| {
            share(a).total_cmp(&share(b)).then_with(|| self.keys[a as usize].cmp(&self.keys[b as usize]))
        })
    }

    /// The operations on a course, each once; those of spans only where there is nothing else, so that a sampled flow
    /// is of the same kind as one that is not.
    fn operations_on(&self, stations: &Stations, course: &[Pass]) -> Vec<u32> {
        let has_logs = course.iter().any(|pass| !stations.get(pass.station()).is_span);
        let mut operations: Vec<u32> = course
            .iter()
            .filter(|pass| !(has_logs && stations.get(pass.station()).is_span))
            .map(|pass| self.operation_of[pass.station().0 as usize])
            .collect();
        operations.sort_unstable();
        operations.dedup();
        operations
    }
}

fn lasting_key(evidence: &Evidence, operation: Operation) -> u64 {
    use std::hash::{Hash, Hasher};
    let mut hasher = rustc_hash::FxHasher::default();
    evidence.system_name(operation.system).hash(&mut hasher);
    evidence.text(operation.text).hash(&mut hasher);
    hasher.finish()
}
