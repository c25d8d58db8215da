//! What flows need to know of stations, beyond what the evidence says of them.

use super::probes;
use super::words::Words;
use crate::evidence::{Evidence, Station, StationId};
use rayon::prelude::*;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// The stations of the evidence, with their words, and with a key of each that does not depend on the order of arrival.
#[derive(Clone, Debug, Default)]
pub(super) struct Stations {
    all: Arc<crate::evidence::Stations>,
    of: Vec<(u64, Words)>,
    /// Paths of probes, by which they are told from business.
    pub(super) probes: Vec<String>,
}

impl Stations {
    /// Reads the stations that are new.
    pub(super) fn know(&mut self, evidence: &Evidence) {
        self.all = Arc::clone(&evidence.stations);
        let new = &self.all.all()[self.of.len()..];
        let read: Vec<(u64, Words)> = new
            .par_iter()
            .map(|station| (lasting_key(evidence, station), self.read(evidence, station)))
            .collect();
        self.of.extend(read);
    }

    fn read(&self, evidence: &Evidence, station: &Station) -> Words {
        let operation = evidence.text(station.operation);
        let words = Words::of(evidence.text(station.shape), operation);
        if probes::is_probe(operation, &self.probes) { words.with(Words::PROBE) } else { words }
    }

    pub(super) fn get(&self, id: StationId) -> &Station {
        self.all.get(id)
    }

    pub(super) fn len(&self) -> usize {
        self.of.len()
    }

    /// Equal for equal stations whatever order they arrived in; breaks ties.
    pub(super) fn key(&self, id: StationId) -> u64 {
        self.of[id.0 as usize].0
    }

    pub(super) fn words(&self, id: StationId) -> Words {
        self.of[id.0 as usize].1
    }
}

fn lasting_key(evidence: &Evidence, station: &Station) -> u64 {
    let mut hasher = rustc_hash::FxHasher::default();
    evidence.system_name(station.system).hash(&mut hasher);
    station.is_span().hash(&mut hasher);
    evidence.text(station.operation).hash(&mut hasher);
    evidence.text(station.shape).hash(&mut hasher);
    hasher.finish()
}
