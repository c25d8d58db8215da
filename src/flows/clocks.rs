//! How far each clock is off, how finely it ticks, and which records are stamped when the work they tell of was over.

use crate::evidence::{Evidence, StationId, SystemId};
use crate::telemetry::Nanos;

/// Ticks coarser than this say little about order within a flow.
pub(super) const COARSE: i64 = 200_000_000;

/// What corrects the times of events. A system's log and its spans may be stamped by different clocks.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Clocks {
    /// By system: of its logs, of its spans. Subtracted from the times.
    pub(super) offset: Vec<[i64; 2]>,
    /// By system: the step of its clock in nanoseconds.
    pub(super) step: Vec<[i64; 2]>,
    /// By station: whether its records are stamped at the end of the duration that they name.
    pub(super) at_end: Vec<bool>,
    /// By system: its place when all are sorted by name, so that ties break alike whatever arrived first.
    pub(super) rank: Vec<u16>,
}

impl Clocks {
    pub(super) fn without_corrections(evidence: &Evidence) -> Self {
        let count = evidence.systems.len();
        let mut by_name: Vec<u16> = (0..count as u16).collect();
        by_name.sort_unstable_by_key(|&system| evidence.system_name(SystemId(system)));
        let mut rank = vec![0; count];
        for (place, &system) in by_name.iter().enumerate() {
            rank[system as usize] = place as u16;
        }
        Self { offset: vec![[0; 2]; count], step: vec![[1; 2]; count], at_end: Vec::new(), rank }
    }

    /// The same, with room for systems that were met since.
    pub(super) fn for_more_systems(&self, evidence: &Evidence) -> Self {
        let mut clocks = Self::without_corrections(evidence);
        clocks.offset[..self.offset.len()].copy_from_slice(&self.offset);
        clocks.step[..self.step.len()].copy_from_slice(&self.step);
        clocks.at_end.clone_from(&self.at_end);
        clocks
    }

    #[inline]
    pub(super) fn offset(&self, system: u16, is_span: bool) -> Nanos {
        Nanos(self.offset[system as usize][usize::from(is_span)])
    }

    #[inline]
    pub(super) fn is_coarse(&self, system: u16, is_span: bool) -> bool {
        self.step[system as usize][usize::from(is_span)] > COARSE
    }

    #[inline]
    pub(super) fn is_stamped_at_end(&self, station: StationId) -> bool {
        self.at_end.get(station.0 as usize).copied().unwrap_or(false)
    }
}
