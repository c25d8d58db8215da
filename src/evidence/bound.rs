//! A bound on memory: past it the oldest events give way, many at once, so that it seldom happens.

use super::{Evidence, IdentifierId, Place, Row, SpanRow};
use crate::telemetry::{KeyGlance, Time};
use std::sync::Arc;

/// Of all memory that may be used, so much may be columns: flows, suspects and what the screen holds take the rest, and
/// while events give way both what was and what stays is there.
const COLUMNS: f64 = 0.4;
/// What stays when events give way, of what may be.
const KEPT: f64 = 0.75;
/// Events that are looked at to find the time from which on they stay.
const SAMPLE: u32 = 65_536;

/// What an event takes in the columns of fixed width.
const BYTES_OF_ROW: u64 = 33;
/// What an identifier takes in its columns and in the table that finds it.
const BYTES_OF_IDENTIFIER: u64 = 16 + 2 + 4 + 4 + 16;
/// What an event that came whole takes beyond its texts.
const BYTES_OF_EVENT: u64 = 200;

/// What is no longer held.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GivenWay {
    pub events: u64,
    /// What happened before is not held, or not all of it.
    pub until: Time,
}

impl Evidence {
    /// Evidence that takes part of so many bytes of memory; 0 for no bound.
    pub fn bounded(memory: u64) -> Self {
        let most = (memory as f64 * COLUMNS) as u64;
        Self { most_bytes: (most > 0).then_some(most), ..Self::default() }
    }

    /// What had to give way to the bound on memory; `None` if everything is held.
    pub fn given_way(&self) -> Option<GivenWay> {
        (self.given_way.events > 0).then_some(self.given_way)
    }

    /// How many events ever came.
    pub fn came(&self) -> u64 {
        u64::from(self.rows()) + self.given_way.events
    }

    /// What the events take, in bytes.
    pub fn bytes(&self) -> u64 {
        u64::from(self.rows()) * BYTES_OF_ROW
            + self.identifiers.len() as u64 * BYTES_OF_IDENTIFIER
            + self.further.len() as u64 * 8
            + (self.spans.len() * size_of::<SpanRow>()) as u64
            + self.page_bytes
    }

    /// Lets the oldest events give way if there are more than memory is for; whether rows have new numbers now.
    pub fn make_room(&mut self) -> bool {
        let Some(most) = self.most_bytes.filter(|most| self.bytes() > *most) else { return false };
        let kept = most as f64 * KEPT / self.bytes() as f64;
        let step = (self.rows() / SAMPLE).max(1) as usize;
        let mut sample: Vec<(Time, u32)> =
            (0..self.rows()).step_by(step).map(|row| (self.time(Row(row)), row)).collect();
        sample.sort_unstable();
        let from = sample[((sample.len() as f64 * (1.0 - kept)).ceil() as usize).min(sample.len() - 1)];
        *self = self.from(from);
        true
    }

    /// Lets go of what came in later from before the time that everything is held of, so that it does not matter what
    /// was read first.
    pub fn even_out(&mut self) {
        let Some(GivenWay { until, .. }) = self.given_way() else { return };
        if (0..self.rows()).any(|row| self.time(Row(row)) < until) {
            *self = self.from((until, 0));
        }
    }

    /// The events from a time on, and those of that time from a row on; identifiers that none of them has are forgotten.
    fn from(&self, (time, row): (Time, u32)) -> Self {
        let mut part = self.only_of(|at| (self.time(at), at.0) >= (time, row), true);
        part.most_bytes = self.most_bytes;
        let gone = self.rows() - part.rows();
        part.given_way = GivenWay {
            events: self.given_way.events + u64::from(gone),
            until: self.given_way.until.max(time),
        };
        let mut is_used = vec![false; part.places.len()];
        for row in (0..part.rows()).map(Row) {
            if let Some(is_used) = is_used.get_mut(usize::from(part.origin(row).file())) {
                *is_used = true;
            }
        }
        for (place, is_used) in Arc::make_mut(&mut part.places).iter_mut().zip(is_used) {
            if let Place::Page { events, .. } = place
                && !is_used
            {
                *events = Arc::default();
            }
        }
        part.page_bytes = part.places.iter().map(bytes_of).sum();
        part
    }

    /// An identifier's number in `part`, which starts without any.
    pub(super) fn number_in(&self, part: &mut Self, id: IdentifierId) -> IdentifierId {
        let (class, style) = self.identifiers.traits(id);
        let number =
            part.identifiers.intern_all(&[KeyGlance { key: self.identifiers.key(id), class, style }])[0];
        if let Some(spelling) = self.identifiers.own_spelling(id) {
            part.identifiers.spell(number, &spelling);
        }
        number
    }
}

/// What a page of whole events takes.
pub(super) fn bytes_of(place: &Place) -> u64 {
    let Place::Page { events, .. } = place else { return 0 };
    let texts = |event: &crate::telemetry::Event| {
        let attributes = event.attributes.iter().map(|(name, value)| name.len() + value.len() + 48);
        let identifiers = event.identifiers.iter().map(|identifier| identifier.value.len() + 32);
        (event.body.len() + attributes.sum::<usize>() + identifiers.sum::<usize>()) as u64
    };
    events.iter().map(|event| BYTES_OF_EVENT + texts(event)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::{
        Glances, HexStyle, IdentifierClass, IdentifierKey, Origin, Severity, SpanInfo, StationGlance,
    };

    /// Events of the given times, each with an identifier of its own and one that all share.
    fn batch(times: &[i64]) -> Glances {
        let count = times.len();
        let glance = |key: u128| KeyGlance {
            key: IdentifierKey(key),
            class: IdentifierClass::Trace,
            style: HexStyle::default(),
        };
        Glances {
            time: times.iter().map(|&time| Time(time)).collect(),
            origin: times.iter().map(|&time| Origin::new(0, time as u64)).collect(),
            station: vec![0; count],
            severity: vec![Severity::INFO; count],
            duration_us: vec![0; count],
            identifiers: (0..count as u32).flat_map(|row| [(row, row + 1), (row, 0)]).collect(),
            keys: [glance(1)]
                .into_iter()
                .chain(times.iter().map(|&time| glance(time as u128 + 100)))
                .collect(),
            spans: (0..count as u32).map(|row| (row, SpanInfo { id: 7, ..SpanInfo::default() })).collect(),
            stations: vec![StationGlance::default()],
            system_names: vec!["kong".to_owned()],
            texts: vec![0],
            ..Glances::default()
        }
    }

    #[test]
    fn the_oldest_give_way_with_their_identifiers_and_the_rest_is_whole() {
        let mut evidence = Evidence::bounded(100_000);
        let times: Vec<i64> = (0..1_000).map(|n| 1 + n * 7 % 1_000).collect();
        evidence.append(&batch(&times));
        assert!(evidence.make_room() && !evidence.make_room(), "once is enough");
        let given_way = evidence.given_way().unwrap();
        assert!((evidence.bytes() as f64) < 100_000.0 * COLUMNS, "{}", evidence.bytes());
        assert!(evidence.rows() > 200, "and no more than needed: {}", evidence.rows());
        assert_eq!((evidence.came(), given_way.events), (1_000, 1_000 - u64::from(evidence.rows())));
        let least = (0..evidence.rows()).map(|row| evidence.time(Row(row))).min().unwrap();
        assert_eq!(least, given_way.until);
        assert_eq!(evidence.identifiers.len(), evidence.rows() as usize + 1);
        for row in (0..evidence.rows()).map(Row) {
            let own = evidence.identifier(row).unwrap();
            assert_eq!(evidence.identifiers.key(own).0, evidence.time(row).0 as u128 + 100);
            assert_eq!(evidence.filed_under(own).collect::<Vec<_>>(), [row]);
            assert_eq!(evidence.further_of(row).count(), 1);
            assert!(evidence.span_of(row).is_some());
        }
    }

    #[test]
    fn what_comes_late_from_before_is_let_go_when_all_is_read() {
        let mut evidence = Evidence::bounded(100_000);
        evidence.append(&batch(&(501..1_501).collect::<Vec<_>>()));
        evidence.make_room();
        let until = evidence.given_way().unwrap().until;
        evidence.append(&batch(&[1, 2, 1_400]));
        evidence.even_out();
        assert!((0..evidence.rows()).all(|row| evidence.time(Row(row)) >= until));
        assert_eq!(evidence.given_way().unwrap().until, until);
        assert_eq!(evidence.came(), 1_003);
    }

    #[test]
    fn events_of_one_instant_give_way_too_and_without_a_bound_none_do() {
        let mut evidence = Evidence::bounded(100_000);
        evidence.append(&batch(&[5; 2_000]));
        assert!(evidence.make_room());
        assert!((evidence.bytes() as f64) < 100_000.0 * COLUMNS, "{}", evidence.bytes());
        let mut evidence = Evidence::bounded(0);
        evidence.append(&batch(&[5; 2_000]));
        assert!(!evidence.make_room());
        assert_eq!(evidence.given_way(), None);
    }
}
