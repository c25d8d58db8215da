//! A window cut into stretches that a backend counts one after the other: tallies add up, so each event is looked at once.
//! Pure.

use crate::telemetry::{Nanos, Window};

/// Events that a stretch is to hold: what they come to fits into an answer.
const EVENTS: u64 = 50_000;
/// More stretches than this are not made, however much there is.
const MOST: u64 = 20_000;

/// Stretches that are still to be counted.
#[derive(Debug, Default)]
pub(super) struct Slices {
    /// The next one last.
    left: Vec<Window>,
}

impl Slices {
    /// As many stretches as so many events take.
    pub(super) fn of(window: Window, events: u64) -> Self {
        let length = window.length().0.max(1);
        let count = events.div_ceil(EVENTS).clamp(1, MOST).min(length.unsigned_abs());
        let edge = |place: u64| {
            let offset = i128::from(length) * i128::from(place) / i128::from(count);
            window.from + Nanos(i64::try_from(offset).unwrap_or(i64::MAX))
        };
        let left = (0..count).rev().map(|place| Window { from: edge(place), to: edge(place + 1) });
        Self { left: left.collect() }
    }

    pub(super) fn next(&mut self) -> Option<Window> {
        self.left.pop()
    }

    /// Takes a stretch back in two halves, since its answer was too long; whether that could be done.
    pub(super) fn halve(&mut self, slice: Window) -> bool {
        let half = slice.length().0 / 2;
        if half < 1 {
            return false;
        }
        let middle = slice.from + Nanos(half);
        self.left.push(Window { from: middle, ..slice });
        self.left.push(Window { to: middle, ..slice });
        true
    }

    pub(super) fn is_empty(&self) -> bool {
        self.left.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::Time;

    #[test]
    fn stretches_cover_the_window_without_gap_or_overlap_also_when_halved() {
        let window = Window { from: Time(7), to: Time(1_000_003) };
        for events in [0, 1, EVENTS, EVENTS + 1, 12 * EVENTS, u64::MAX] {
            let mut slices = Slices::of(window, events);
            let mut at = window.from;
            let mut halved = 0;
            while let Some(slice) = slices.next() {
                if halved < 3 && slices.halve(slice) {
                    halved += 1;
                    continue;
                }
                assert_eq!(slice.from, at);
                assert!(slice.to > slice.from);
                at = slice.to;
            }
            assert_eq!(at, window.to, "{events}");
        }
        assert!(!Slices::default().halve(Window { from: Time(1), to: Time(2) }), "an instant is not halved");
    }
}
