//! Stations: what a system does at one point of its work, by number. Events are many, stations few: what an event's
//! columns say of system, kind, message and operation is said once.

use super::{SystemId, TextId};
use crate::telemetry::EventKind;
use rustc_hash::FxHashMap;

/// A station by number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StationId(pub u32);

/// A masked message, an operation, or both, of one system.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Station {
    pub system: SystemId,
    pub kind: EventKind,
    /// The message with its variable parts masked.
    pub shape: TextId,
    pub operation: TextId,
    /// Whom a call is to, as the caller's span names it.
    pub peer: Option<SystemId>,
}

/// Stations numbered in order of arrival.
#[derive(Clone, Debug, Default)]
pub struct Stations {
    all: Vec<Station>,
    numbers: FxHashMap<Station, StationId>,
}

impl StationId {
    pub const NONE: Self = Self(u32::MAX);
}

impl Station {
    pub fn is_span(&self) -> bool {
        self.kind == EventKind::Span
    }

    pub fn is_log(&self) -> bool {
        self.kind == EventKind::Log
    }

    /// What the station is called: its operation, or the masked message where it names none.
    pub fn text(&self) -> TextId {
        if self.operation == TextId(0) { self.shape } else { self.operation }
    }
}

impl Stations {
    pub fn len(&self) -> usize {
        self.all.len()
    }

    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    pub fn all(&self) -> &[Station] {
        &self.all
    }

    #[inline]
    pub fn get(&self, id: StationId) -> &Station {
        &self.all[id.0 as usize]
    }

    pub(super) fn find(&self, station: &Station) -> Option<StationId> {
        self.numbers.get(station).copied()
    }

    pub(super) fn intern(&mut self, station: Station) -> StationId {
        let all = &mut self.all;
        *self.numbers.entry(station).or_insert_with(|| {
            all.push(station);
            StationId(all.len() as u32 - 1)
        })
    }
}
