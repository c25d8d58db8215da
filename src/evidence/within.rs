//! The part of the evidence that lies in a window.

use super::{Evidence, IdentifierId, Row, SpanRow};
use crate::telemetry::Window;
use std::sync::Arc;

const NONE: u32 = u32::MAX;

impl Evidence {
    /// The events, samples and changes of a window, by raw time, as evidence of its own.
    ///
    /// Numbers of systems, stations, texts, identifiers and places mean the same in both; numbers of rows do not.
    #[must_use]
    pub fn within(&self, window: Window) -> Self {
        let mut part = self.only(|row| window.contains(self.time(row)));
        let mut series = self.series.as_ref().clone();
        for one in &mut series {
            one.samples.retain(|sample| window.contains(sample.time));
        }
        series.retain(|one| !one.samples.is_empty());
        part.series = Arc::new(series);
        part.changes =
            Arc::new(self.changes.iter().filter(|change| window.contains(change.time)).cloned().collect());
        part
    }

    /// Those events that are wanted, with all samples and changes, as evidence of its own; see [`Evidence::within`].
    #[must_use]
    pub fn only(&self, is_wanted: impl Fn(Row) -> bool) -> Self {
        self.only_of(is_wanted, false)
    }

    /// The same, either with all identifiers or with those alone that are left, by numbers of their own.
    pub(super) fn only_of(&self, is_wanted: impl Fn(Row) -> bool, renumbers: bool) -> Self {
        let mut part = Self {
            systems: self.systems.clone(),
            texts: self.texts.clone(),
            stations: self.stations.clone(),
            places: self.places.clone(),
            topology: self.topology.clone(),
            series: self.series.clone(),
            changes: self.changes.clone(),
            page_bytes: self.page_bytes,
            ..Self::default()
        };
        let mut numbers = Vec::new();
        if renumbers {
            numbers.resize(self.identifiers.len(), NONE);
        } else {
            part.identifiers = self.identifiers.clone();
            part.identifiers.unfile();
        }
        let mut number = |part: &mut Self, id: u32| match numbers.get_mut(id as usize) {
            None => id,
            Some(number) => {
                if *number == NONE {
                    *number = self.number_in(part, IdentifierId(id)).0;
                }
                *number
            }
        };
        let (mut further, mut spans) = (0, 0);
        for row in (0..self.rows()).map(Row) {
            let kept = is_wanted(row).then(|| {
                let identifier = match self.identifier.get(row.0) {
                    NONE => NONE,
                    id => number(&mut part, id),
                };
                part.copy(self, row, identifier)
            });
            while further < self.further.len() as u32 && self.further.get(further).0 == row.0 {
                if let Some(kept) = kept {
                    let id = number(&mut part, self.further.get(further).1);
                    part.further.push((kept.0, id));
                }
                further += 1;
            }
            while spans < self.spans.len() as u32 && self.spans.get(spans).row == row {
                if let Some(row) = kept {
                    part.spans.push(SpanRow { row, info: self.spans.get(spans).info });
                }
                spans += 1;
            }
        }
        part
    }

    /// Copies the fixed columns of a row to the end, filed under an identifier.
    fn copy(&mut self, from: &Self, row: Row, identifier: u32) -> Row {
        let new = self.rows();
        self.time.push(from.time.get(row.0));
        self.origin.push(from.origin.get(row.0));
        self.station.push(from.station.get(row.0));
        self.severity.push(from.severity.get(row.0));
        self.duration_us.push(from.duration_us.get(row.0));
        self.identifier.push(identifier);
        self.previous.push(match identifier {
            NONE => NONE,
            id => self.identifiers.file(IdentifierId(id), new),
        });
        Row(new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::{
        Glances, HexStyle, IdentifierClass, IdentifierKey, KeyGlance, Nanos, Origin, Severity, SpanInfo,
        StationGlance, Time,
    };

    fn three_events() -> Evidence {
        let mut evidence = Evidence::default();
        evidence.append(&Glances {
            time: vec![Time(10), Time(20), Time(30)],
            origin: (0..3).map(|offset| Origin::new(0, offset)).collect(),
            station: vec![0; 3],
            severity: vec![Severity::INFO; 3],
            duration_us: vec![0; 3],
            identifiers: vec![(0, 0), (1, 0), (1, 1), (2, 0), (2, 2)],
            keys: [7, 8, 9]
                .map(|key| KeyGlance {
                    key: IdentifierKey(key),
                    class: IdentifierClass::Trace,
                    style: HexStyle::default(),
                })
                .to_vec(),
            spans: vec![
                (1, SpanInfo { id: 5, ..SpanInfo::default() }),
                (2, SpanInfo { id: 6, ..SpanInfo::default() }),
            ],
            stations: vec![StationGlance::default()],
            system_names: vec!["kong".to_owned()],
            ..Glances::default()
        });
        evidence
    }

    #[test]
    fn what_lies_in_the_window_keeps_its_identifiers_and_spans() {
        let whole = three_events();
        let part = whole.within(Window { from: Time(20), to: Time(20) + Nanos(1) });
        assert_eq!(part.rows(), 1);
        let key = |key| part.identifiers.find(IdentifierKey(key)).unwrap();
        assert_eq!(part.filed_under(key(7)).collect::<Vec<_>>(), [Row(0)]);
        assert_eq!(part.further_of(Row(0)).collect::<Vec<_>>(), [key(8)]);
        assert_eq!(part.span_of(Row(0)).unwrap().id, 5);
        assert_eq!(part.origin(Row(0)).offset(), 1);
        assert_eq!(whole.filed_under(key(7)).count(), 3);
    }
}
