//! A set of flows, to which many threads may add at once.

use super::{FlowId, FlowTable};
use std::sync::atomic::{AtomicBool, Ordering};

#[derive(Debug)]
pub struct FlowSet {
    by_number: Vec<AtomicBool>,
}

impl FlowSet {
    /// None of a table's flows.
    pub fn none_of(table: &FlowTable) -> Self {
        Self { by_number: (0..table.numbers()).map(|_| AtomicBool::new(false)).collect() }
    }

    pub fn add(&self, id: FlowId) {
        let is_in = &self.by_number[id.0 as usize];
        // Most are there already, and a look takes the place in memory from nobody.
        if !is_in.load(Ordering::Relaxed) {
            is_in.store(true, Ordering::Relaxed);
        }
    }

    /// Adds what became part of its flows, and the flows that its members became part of: then nobody who asks or adds
    /// needs to know what a number leads to today.
    #[must_use]
    pub fn resolved(self, table: &FlowTable) -> Self {
        let moved = || table.moved().iter().copied();
        moved().filter(|id| self.contains(*id)).for_each(|id| self.add(table.resolve(id)));
        moved().filter(|id| self.contains(table.resolve(*id))).for_each(|id| self.add(id));
        self
    }

    pub fn contains(&self, id: FlowId) -> bool {
        self.by_number.get(id.0 as usize).is_some_and(|is_in| is_in.load(Ordering::Relaxed))
    }
}
