//! The columns of events laid open for fast reading: no chunk is looked up twice.

use super::{Evidence, IdentifierId, Row, Station, StationId};
use crate::telemetry::{Origin, Severity, Time};

/// Read-only columns; for loops over many events.
#[derive(Debug)]
pub struct View<'a> {
    time: Vec<&'a [Time]>,
    origin: Vec<&'a [Origin]>,
    station: Vec<&'a [u32]>,
    stations: &'a [Station],
    severity: Vec<&'a [u8]>,
    duration_us: Vec<&'a [u32]>,
    identifier: Vec<&'a [u32]>,
    previous: Vec<&'a [u32]>,
}

#[inline]
fn at<T: Copy>(chunks: &[&[T]], row: Row) -> T {
    chunks[(row.0 >> super::chunks::BITS) as usize][row.0 as usize & (super::chunks::SIZE - 1)]
}

impl Evidence {
    /// Lays the columns open.
    pub fn view(&self) -> View<'_> {
        fn open<T: Copy>(column: &super::Chunks<T>) -> Vec<&[T]> {
            column.slices().map(|(_, slice)| slice).collect()
        }
        View {
            time: open(&self.time),
            origin: open(&self.origin),
            station: open(&self.station),
            stations: self.stations.all(),
            severity: open(&self.severity),
            duration_us: open(&self.duration_us),
            identifier: open(&self.identifier),
            previous: open(&self.previous),
        }
    }
}

impl View<'_> {
    #[inline]
    pub fn time(&self, row: Row) -> Time {
        at(&self.time, row)
    }

    #[inline]
    pub fn origin(&self, row: Row) -> Origin {
        at(&self.origin, row)
    }

    #[inline]
    pub fn station(&self, row: Row) -> StationId {
        StationId(at(&self.station, row))
    }

    #[inline]
    pub fn station_of(&self, row: Row) -> &Station {
        &self.stations[at(&self.station, row) as usize]
    }

    #[inline]
    pub fn severity(&self, row: Row) -> Severity {
        Severity(at(&self.severity, row))
    }

    #[inline]
    pub fn is_log(&self, row: Row) -> bool {
        self.station_of(row).is_log()
    }

    /// 0 when unknown.
    #[inline]
    pub fn duration_us(&self, row: Row) -> u32 {
        at(&self.duration_us, row)
    }

    /// The identifier that the event is filed under.
    #[inline]
    pub fn identifier(&self, row: Row) -> Option<IdentifierId> {
        Some(at(&self.identifier, row)).filter(|&id| id != u32::MAX).map(IdentifierId)
    }

    /// The row before this one that is filed under the same identifier.
    #[inline]
    pub fn previous(&self, row: Row) -> Option<Row> {
        Some(at(&self.previous, row)).filter(|&row| row != u32::MAX).map(Row)
    }

    /// By system, the latest time of its logs and of its spans, from a row on; [`Time::MIN`] where there is none.
    pub fn latest(&self, systems: usize, from: Row) -> Vec<[Time; 2]> {
        let mut by_station = vec![Time::MIN; self.stations.len()];
        let first = (from.0 >> super::chunks::BITS) as usize;
        for (number, (times, stations)) in self.time.iter().zip(&self.station).enumerate().skip(first) {
            let skip = if number == first { from.0 as usize & (super::chunks::SIZE - 1) } else { 0 };
            for (&time, &station) in times.iter().zip(*stations).skip(skip) {
                let latest = &mut by_station[station as usize];
                *latest = (*latest).max(time);
            }
        }
        let mut latest = vec![[Time::MIN; 2]; systems];
        for (station, time) in self.stations.iter().zip(by_station) {
            let latest = &mut latest[usize::from(station.system.0)][usize::from(station.is_span())];
            *latest = (*latest).max(time);
        }
        latest
    }
}
