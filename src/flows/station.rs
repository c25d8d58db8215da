//! Stations: the places that flows pass, each a message or operation of a system, by number.

use crate::evidence::{Evidence, SystemId, TextId};
use rustc_hash::FxHashMap;
use std::hash::{Hash, Hasher};

/// A station by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct StationId(pub(super) u32);

impl StationId {
    pub(super) const NONE: Self = Self(u32::MAX);
}

/// What a system does at one point of flows: the masked message, the operation, or both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Station {
    pub(super) system: SystemId,
    pub(super) is_span: bool,
    pub(super) operation: TextId,
    pub(super) shape: TextId,
}

/// All stations, with a key of each that does not depend on the order of arrival.
#[derive(Clone, Debug, Default)]
pub(super) struct Stations {
    all: Vec<Station>,
    keys: Vec<u64>,
    words: Vec<super::words::Words>,
    numbers: FxHashMap<Station, StationId>,
    /// Paths of probes, by which they are told from business.
    pub(super) probes: Vec<String>,
}

impl Station {
    /// What the station is called: its operation, or the masked message where it names none.
    pub(super) fn text(&self) -> TextId {
        if self.operation == TextId(0) { self.shape } else { self.operation }
    }
}

impl Stations {
    pub(super) fn intern(&mut self, evidence: &Evidence, station: Station) -> StationId {
        let (all, keys, words) = (&mut self.all, &mut self.keys, &mut self.words);
        let probes = &self.probes;
        *self.numbers.entry(station).or_insert_with(|| {
            all.push(station);
            keys.push(lasting_key(evidence, &station));
            let operation = evidence.text(station.operation);
            let of = super::words::Words::of(evidence.text(station.shape), operation);
            let is_probe = super::probes::is_probe(operation, probes);
            words.push(if is_probe { of.with(super::words::Words::PROBE) } else { of });
            StationId(all.len() as u32 - 1)
        })
    }

    pub(super) fn get(&self, id: StationId) -> &Station {
        &self.all[id.0 as usize]
    }

    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    /// Equal for equal stations whatever order they arrived in; breaks ties.
    pub(super) fn key(&self, id: StationId) -> u64 {
        self.keys[id.0 as usize]
    }

    pub(super) fn words(&self, id: StationId) -> super::words::Words {
        self.words[id.0 as usize]
    }
}

fn lasting_key(evidence: &Evidence, station: &Station) -> u64 {
    let mut hasher = rustc_hash::FxHasher::default();
    evidence.system_name(station.system).hash(&mut hasher);
    station.is_span.hash(&mut hasher);
    evidence.text(station.operation).hash(&mut hasher);
    evidence.text(station.shape).hash(&mut hasher);
    hasher.finish()
}
