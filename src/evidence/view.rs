//! The columns of events laid open for fast reading: no chunk is looked up twice.

use super::{Evidence, Row, SystemId, TextId};
use crate::telemetry::{EventKind, Origin, Severity, Time};

/// Read-only columns; for loops over many events.
#[derive(Debug)]
pub struct View<'a> {
    time: Vec<&'a [Time]>,
    origin: Vec<&'a [Origin]>,
    system: Vec<&'a [u16]>,
    severity: Vec<&'a [u8]>,
    kind: Vec<&'a [u8]>,
    shape: Vec<&'a [u32]>,
    operation: Vec<&'a [u32]>,
    duration_us: Vec<&'a [u32]>,
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
            system: open(&self.system),
            severity: open(&self.severity),
            kind: open(&self.kind),
            shape: open(&self.shape),
            operation: open(&self.operation),
            duration_us: open(&self.duration_us),
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
    pub fn system(&self, row: Row) -> SystemId {
        SystemId(at(&self.system, row))
    }

    #[inline]
    pub fn severity(&self, row: Row) -> Severity {
        Severity(at(&self.severity, row))
    }

    #[inline]
    pub fn is_span(&self, row: Row) -> bool {
        at(&self.kind, row) == EventKind::Span as u8
    }

    #[inline]
    pub fn is_log(&self, row: Row) -> bool {
        at(&self.kind, row) == EventKind::Log as u8
    }

    #[inline]
    pub fn shape(&self, row: Row) -> TextId {
        TextId(at(&self.shape, row))
    }

    #[inline]
    pub fn operation(&self, row: Row) -> TextId {
        TextId(at(&self.operation, row))
    }

    /// 0 when unknown.
    #[inline]
    pub fn duration_us(&self, row: Row) -> u32 {
        at(&self.duration_us, row)
    }

    /// The row before this one that is filed under the same identifier.
    #[inline]
    pub fn previous(&self, row: Row) -> Option<Row> {
        Some(at(&self.previous, row)).filter(|&row| row != u32::MAX).map(Row)
    }

    /// By system, the latest time of its logs and of its spans, from a row on; [`Time::MIN`] where there is none.
    pub fn latest(&self, systems: usize, from: Row) -> Vec<[Time; 2]> {
        let mut latest = vec![[Time::MIN; 2]; systems];
        let first = (from.0 >> super::chunks::BITS) as usize;
        let columns = self.time.iter().zip(&self.system).zip(&self.kind);
        for (number, ((times, systems), kinds)) in columns.enumerate().skip(first) {
            let skip = if number == first { from.0 as usize & (super::chunks::SIZE - 1) } else { 0 };
            for ((&time, &system), &kind) in times.iter().zip(*systems).zip(*kinds).skip(skip) {
                let latest = &mut latest[usize::from(system)][usize::from(kind == EventKind::Span as u8)];
                *latest = (*latest).max(time);
            }
        }
        latest
    }
}
