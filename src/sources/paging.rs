//! Paging without loss or doubles where a backend has no cursor: by the instant that a page ended at, and by halving time. Pure.

use crate::telemetry::{Nanos, Time, Window};
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

/// Where a page that is ordered by time ended, and what of that instant has been given.
#[derive(Debug, Default)]
pub(super) struct Edge {
    at: Option<Time>,
    given: HashMap<u64, usize>,
}

/// Rows that are new, and whether the next page can go on.
pub(super) struct Passed<T> {
    pub rows: Vec<T>,
    /// The page was full of one instant alone: the same question would be answered the same for ever.
    pub is_stuck: bool,
}

impl Edge {
    /// Where the next page begins; the instant belongs to it.
    pub(super) fn start(&self, window: Window) -> Time {
        self.at.unwrap_or(window.from)
    }

    /// How many rows of the next page are known already.
    pub(super) fn known(&self) -> usize {
        self.given.values().sum()
    }

    /// Takes a page of rows, oldest first, each with its time and what tells it from others of that instant.
    ///
    /// Two equal rows at one instant are two: only as many are dropped as were given before.
    pub(super) fn pass<T>(&mut self, page: Vec<(Time, u64, T)>) -> Passed<T> {
        let Some(last) = page.last().map(|(time, ..)| *time) else {
            return Passed { rows: Vec::new(), is_stuck: false };
        };
        let (before, known) = (self.at, std::mem::take(&mut self.given));
        let mut dropped: HashMap<u64, usize> = HashMap::new();
        let mut rows = Vec::with_capacity(page.len());
        for (time, key, row) in page {
            if time == last {
                *self.given.entry(key).or_default() += 1;
            }
            if Some(time) == before {
                let dropped = dropped.entry(key).or_default();
                if *dropped < known.get(&key).copied().unwrap_or(0) {
                    *dropped += 1;
                    continue;
                }
            }
            rows.push(row);
        }
        let is_stuck = before == Some(last) && rows.is_empty();
        self.at = Some(last);
        Passed { rows, is_stuck }
    }
}

/// What tells rows of one instant apart.
pub(super) fn key(parts: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    parts.hash(&mut hasher);
    hasher.finish()
}

/// Slices of a window that are still to be asked for, the next one on top; one that is answered full is halved, and the
/// next ones are made as long as what an answer was seen to hold.
#[derive(Debug, Default)]
pub(super) struct Slices {
    begun: bool,
    waiting: Vec<Window>,
    /// How long a slice may be by what the answers held so far, and the unit that it is cut at.
    stretch: Option<(Nanos, Nanos)>,
}

/// Events that a slice is to hold where it is counted: what they come to fits into an answer.
const EVENTS: u64 = 50_000;
/// More slices than this are not made, however much there is.
const MOST_SLICES: u64 = 20_000;

impl Slices {
    /// As many slices as so many events take. What is counted in them adds up, so each event is looked at once.
    pub(super) fn of(window: Window, events: u64) -> Self {
        let length = window.length().0.max(1);
        let count = events.div_ceil(EVENTS).clamp(1, MOST_SLICES).min(length.unsigned_abs());
        let edge = |place: u64| {
            let offset = i128::from(length) * i128::from(place) / i128::from(count);
            window.from + Nanos(i64::try_from(offset).unwrap_or(i64::MAX))
        };
        let waiting = (0..count).rev().map(|place| Window { from: edge(place), to: edge(place + 1) });
        Self { begun: true, waiting: waiting.collect(), stretch: None }
    }

    /// The next slice to ask for.
    pub(super) fn next(&mut self, window: Window) -> Option<Window> {
        if !self.begun {
            self.begun = true;
            self.waiting.push(window);
        }
        let slice = self.waiting.pop()?;
        let Some((stretch, unit)) = self.stretch else { return Some(slice) };
        let cut = Time((slice.from + stretch).0.div_euclid(unit.0) * unit.0);
        if cut <= slice.from || slice.to - cut < Nanos(stretch.0 / 2) {
            return Some(slice);
        }
        self.waiting.push(Window { from: cut, to: slice.to });
        Some(Window { from: slice.from, to: cut })
    }

    /// A slice was answered with fewer rows than the limit: the next ones shall hold about two thirds of what they may.
    pub(super) fn held(&mut self, slice: Window, rows: usize, limit: usize) {
        if let Some((stretch, unit)) = &mut self.stretch {
            let (rows, limit) = (rows.max(1) as i64, limit as i64);
            let length = slice.length().0.max(unit.0);
            let wished = i128::from(length) * i128::from(2 * limit) / i128::from(3 * rows);
            *stretch =
                Nanos(i64::try_from(wished).unwrap_or(i64::MAX).clamp(unit.0, length.saturating_mul(4)));
        }
    }

    /// Puts both halves of a slice back, cut at a whole `unit`; `false` if it is too short for that.
    pub(super) fn halve(&mut self, slice: Window, unit: Nanos) -> bool {
        let middle = Time((slice.from.0 + slice.length().0 / 2).div_euclid(unit.0) * unit.0);
        if middle <= slice.from || middle >= slice.to {
            return false;
        }
        self.waiting.push(Window { from: middle, to: slice.to });
        self.waiting.push(Window { from: slice.from, to: middle });
        self.stretch = Some((middle - slice.from, unit));
        true
    }

    pub(super) fn is_done(&self) -> bool {
        self.begun && self.waiting.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A backend without a cursor: rows from an instant on, oldest first, so many.
    fn ask(rows: &[(i64, u8)], from: Time, limit: usize) -> Vec<(Time, u64, (i64, u8))> {
        let page = rows.iter().filter(|(time, _)| Time(*time) >= from).take(limit);
        page.map(|row| (Time(row.0), key(&row.1), *row)).collect()
    }

    proptest! {
        #[test]
        fn paging_by_instants_neither_loses_nor_doubles_a_row(
            mut rows in proptest::collection::vec((0i64..20, 0u8..3), 0..60),
            limit in 1usize..12,
        ) {
            rows.sort_unstable();
            let all = Window { from: Time(0), to: Time(100) };
            let (mut edge, mut got, mut pages) = (Edge::default(), Vec::new(), 0);
            loop {
                // What is known already is asked for on top, so that a page always brings something new.
                let most = limit + edge.known();
                let page = ask(&rows, edge.start(all), most);
                let is_full = page.len() == most;
                let passed = edge.pass(page);
                got.extend(passed.rows);
                pages += 1;
                prop_assert!(pages < 1_000);
                if !is_full || passed.is_stuck {
                    break;
                }
            }
            prop_assert_eq!(got, rows);
        }
    }

    #[test]
    fn a_full_slice_is_halved_until_it_is_too_short() {
        let window = Window { from: Time(0), to: Time(4_000_000) };
        let mut slices = Slices::default();
        let mut asked = Vec::new();
        while let Some(slice) = slices.next(window) {
            if !slices.halve(slice, Nanos::millis(1)) {
                asked.push((slice.from.0, slice.to.0));
            }
        }
        assert_eq!(
            asked,
            [(0, 1_000_000), (1_000_000, 2_000_000), (2_000_000, 3_000_000), (3_000_000, 4_000_000)]
        );
        assert!(slices.is_done());
    }

    #[test]
    fn slices_are_made_as_long_as_answers_were_seen_to_hold() {
        let window = Window { from: Time(0), to: Time(3_600_000_000_000) };
        // Ten rows a second, of which an answer holds a hundred.
        let (mut slices, mut questions, mut rows) = (Slices::default(), 0, 0);
        let mut at = window.from;
        while let Some(slice) = slices.next(window) {
            questions += 1;
            let found = slice.length().0 / 100_000_000;
            if found >= 100 && slices.halve(slice, Nanos(1_000)) {
                continue;
            }
            assert_eq!(slice.from, at, "no gap, no overlap");
            at = slice.to;
            rows += found;
            slices.held(slice, found as usize, 100);
        }
        assert_eq!(at, window.to);
        assert!((35_400..=36_000).contains(&rows), "{rows}");
        assert!(questions < 36_000 / 100 * 2, "{questions} for 360 full answers");
    }

    #[test]
    fn slices_of_so_many_events_cover_the_window_without_gap_or_overlap_also_when_halved() {
        let window = Window { from: Time(7), to: Time(1_000_003) };
        for events in [0, 1, EVENTS, EVENTS + 1, 12 * EVENTS, u64::MAX] {
            let mut slices = Slices::of(window, events);
            let (mut at, mut halved) = (window.from, 0);
            while let Some(slice) = slices.next(window) {
                if halved < 3 && slices.halve(slice, Nanos(1)) {
                    halved += 1;
                    continue;
                }
                assert_eq!(slice.from, at);
                assert!(slice.to > slice.from);
                at = slice.to;
            }
            assert_eq!(at, window.to, "{events}");
        }
    }
}
