//! Courses: which stations a flow passed, how they went and how often, regardless of when. Flows are many, courses few,
//! so what depends on the course alone is decided once for all flows that took it.

use super::trail::Level;
use crate::evidence::StationId;
use rustc_hash::FxHashMap;

/// A course by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct CourseId(pub(super) u32);

/// A station passed at a level: once, twice, or more often.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Pass(u32);

/// All courses met.
#[derive(Clone, Debug, Default)]
pub(super) struct Courses {
    all: Vec<Box<[Pass]>>,
    numbers: FxHashMap<Box<[Pass]>, CourseId>,
}

impl Pass {
    const MOST: u32 = 3;

    #[inline]
    pub(super) fn new(station: StationId, level: Level) -> Self {
        Self(station.0 << 4 | (level as u32) << 2 | 1)
    }

    pub(super) fn station(self) -> StationId {
        StationId(self.0 >> 4)
    }

    pub(super) fn level(self) -> Level {
        match self.0 >> 2 & 3 {
            0 => Level::Fine,
            1 => Level::Warning,
            _ => Level::Error,
        }
    }

    /// How often, counted up to three.
    pub(super) fn times(self) -> u32 {
        self.0 & Self::MOST
    }

    /// Station and level without the count.
    pub(super) fn place(self) -> (StationId, Level) {
        (self.station(), self.level())
    }

    /// Sorts passes and adds up equal ones.
    pub(super) fn gather(passes: &mut Vec<Self>) {
        passes.sort_unstable();
        passes.dedup_by(|later, earlier| {
            let is_same = later.place() == earlier.place();
            if is_same && earlier.times() < Self::MOST {
                earlier.0 += 1;
            }
            is_same
        });
    }
}

impl Courses {
    pub(super) fn intern(&mut self, passes: &[Pass]) -> CourseId {
        if let Some(&known) = self.numbers.get(passes) {
            return known;
        }
        let id = CourseId(self.all.len() as u32);
        self.all.push(passes.into());
        self.numbers.insert(passes.into(), id);
        id
    }

    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    pub(super) fn get(&self, id: CourseId) -> &[Pass] {
        &self.all[id.0 as usize]
    }
}
