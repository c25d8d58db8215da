//! Evidence that backends counted: a row stands for all events of one system that carry the same identifiers.

use super::{Evidence, Place, Row};
use crate::telemetry::{Glances, Time};

/// Rows as in evidence, at the time of their first event, and what they stand for.
#[derive(Clone, Debug, Default)]
pub struct Counted {
    pub evidence: Evidence,
    last: Vec<Time>,
    events: Vec<u32>,
    errors: Vec<u32>,
    /// Events without an identifier: they are in no flow.
    pub loose: u64,
    page: Option<u16>,
}

impl Counted {
    /// Begins with events that were read whole, each a row that stands for itself.
    pub fn of(whole: &Evidence) -> Self {
        let rows = (0..whole.rows()).map(Row);
        Self {
            last: rows.clone().map(|row| whole.time(row)).collect(),
            events: vec![1; whole.rows() as usize],
            errors: rows.map(|row| u32::from(whole.severity(row).is_error())).collect(),
            evidence: whole.clone(),
            ..Self::default()
        }
    }

    /// The page that all rows lead back to, made the first time.
    pub fn page(&mut self, make: impl FnOnce() -> Place) -> Option<u16> {
        if self.page.is_none() {
            self.page = self.evidence.add_place(make());
        }
        self.page
    }

    /// Appends rows with what each stands for: the last time, events, errors.
    pub fn append(&mut self, glances: &Glances, counts: impl Iterator<Item = (Time, u32, u32)>) {
        self.evidence.append(glances);
        for (last, events, errors) in counts {
            self.last.push(last);
            self.events.push(events);
            self.errors.push(errors);
        }
    }

    /// What a row stands for: the last time, events, errors.
    pub fn count(&self, Row(row): Row) -> (Time, u32, u32) {
        let row = row as usize;
        (self.last[row], self.events[row], self.errors[row])
    }

    /// All events that were counted.
    pub fn sum(&self) -> u64 {
        self.loose + self.events.iter().map(|events| u64::from(*events)).sum::<u64>()
    }
}
