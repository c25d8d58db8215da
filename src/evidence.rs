//! All that was pulled, in columns: appended, never changed, cheap to snapshot.
//!
//! An event is one row of fixed-width columns. Its text stays where it was read from and is read again through
//! [`Evidence::origin`]. Cloning an [`Evidence`] shares everything with the original; appending copies what it touches.

mod bound;
mod chunks;
mod counted;
mod identifiers;
mod names;
mod stations;
mod view;
mod within;

pub use bound::GivenWay;
pub use chunks::Chunks;
pub use counted::Counted;
pub use identifiers::{IdentifierId, Identifiers};
pub use names::Names;
pub use stations::{Station, StationId, Stations};
pub use view::View;

use crate::telemetry::{
    Change, Event, EventKind, Glances, IdentifierClass, Nanos, Origin, Series, Severity, SpanInfo,
    StationGlance, Time, Window,
};
use std::sync::Arc;

/// An event: its place in the columns. Rows are in order of arrival, not of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Row(pub u32);

/// Beyond so many systems, whom calls are to is not told apart any more: names of hosts may be without end.
const MOST_WITH_PEERS: usize = 8_192;

/// A system by number; the name is in [`Evidence::systems`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SystemId(pub u16);

/// A masked message or an operation by number; the text is in [`Evidence::texts`]. 0 is "none".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TextId(pub u32);

/// A span, or the span that a log record was written under.
#[derive(Clone, Copy, Debug)]
pub struct SpanRow {
    pub row: Row,
    pub info: SpanInfo,
}

/// Where rows lead back to: a file, or a page of whole events that a live source delivered, with the command that asks for
/// it again.
#[derive(Clone, Debug)]
pub enum Place {
    File { path: Arc<str> },
    Page { source: Arc<str>, command: Arc<str>, events: Arc<[Event]> },
}

/// Everything that was pulled. See the module's header.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    time: Chunks<Time>,
    origin: Chunks<Origin>,
    /// System, kind, message and operation, as number in `stations`.
    station: Chunks<u32>,
    severity: Chunks<u8>,
    duration_us: Chunks<u32>,
    /// The identifier that the row is filed under; `u32::MAX` for none.
    identifier: Chunks<u32>,
    /// The row before this one that is filed under the same identifier; `u32::MAX` for none.
    previous: Chunks<u32>,
    /// Further identifiers of rows, rows ascending.
    further: Chunks<(u32, u32)>,
    spans: Chunks<SpanRow>,
    pub systems: Arc<Names>,
    pub texts: Arc<Names>,
    pub stations: Arc<Stations>,
    pub identifiers: Identifiers,
    pub places: Arc<Vec<Place>>,
    pub series: Arc<Vec<Series>>,
    /// Oldest first.
    pub changes: Arc<Vec<Change>>,
    /// Calls between systems that a source declared: (caller, callee).
    pub topology: Arc<Vec<(SystemId, SystemId)>>,
    /// What whole events take, in bytes.
    page_bytes: u64,
    /// What events may take, in bytes.
    most_bytes: Option<u64>,
    given_way: GivenWay,
}

impl Evidence {
    /// Adds a place that rows can lead back to and returns its number for [`Origin::new`].
    ///
    /// Returns `None` when all 65 535 numbers are taken.
    pub fn add_place(&mut self, place: Place) -> Option<u16> {
        let number = u16::try_from(self.places.len()).ok()?;
        self.page_bytes += bound::bytes_of(&place);
        Arc::make_mut(&mut self.places).push(place);
        Some(number)
    }

    /// Appends events at a glance; returns the first new row and how many there are.
    pub fn append(&mut self, glances: &Glances) -> (Row, u32) {
        let first = self.time.len() as u32;
        let systems: Vec<SystemId> = {
            let names = Arc::make_mut(&mut self.systems);
            glances.system_names.iter().map(|name| SystemId(names.intern(name) as u16)).collect()
        };
        if self.texts.is_empty() {
            Arc::make_mut(&mut self.texts).intern_as(0, ""); // Number 0 is "none".
        }
        if !glances.new_texts.is_empty() {
            let texts = Arc::make_mut(&mut self.texts);
            for new in &glances.new_texts {
                texts.intern_as(new.fingerprint, &new.text);
            }
        }
        let peers = self.intern_peers(&glances.peer_names);
        let stations = self.intern_stations(glances, &systems, &peers);
        self.time.extend(&glances.time);
        self.origin.extend(&glances.origin);
        self.station.extend_from(glances.station.iter().map(|&local| stations[local as usize].0));
        self.severity.extend_from(glances.severity.iter().map(|severity| severity.0));
        self.duration_us.extend(&glances.duration_us);
        self.file_under_identifiers(first, glances);
        self.spans.extend_from(
            glances.spans.iter().map(|&(local, info)| SpanRow { row: Row(first + local), info }),
        );
        (Row(first), glances.time.len() as u32)
    }

    /// The numbers of a batch's peers: systems that may tell nothing themselves.
    fn intern_peers(&mut self, names: &[String]) -> Vec<Option<SystemId>> {
        let peer = |name: &String| {
            let is_new = self.system_named(name).is_none();
            let number = (!is_new || self.systems.len() < MOST_WITH_PEERS)
                .then(|| Arc::make_mut(&mut self.systems).intern(name) as u16);
            number.map(SystemId)
        };
        names.iter().map(peer).collect()
    }

    /// The numbers of a batch's stations, new or known.
    fn intern_stations(
        &mut self,
        glances: &Glances,
        systems: &[SystemId],
        peers: &[Option<SystemId>],
    ) -> Vec<StationId> {
        let texts: Vec<TextId> =
            glances.texts.iter().map(|&print| TextId(self.texts.number(print).unwrap_or(0))).collect();
        let text = |local: u32| texts.get(local as usize).copied().unwrap_or_default();
        let station = |glance: &StationGlance| Station {
            system: systems[usize::from(glance.system)],
            kind: glance.kind,
            shape: text(glance.shape),
            operation: text(glance.operation),
            peer: glance.peer.and_then(|local| peers[usize::from(local)]),
        };
        let number = |glance: &StationGlance| {
            let station = station(glance);
            // Snapshots share the table until something is new.
            self.stations.find(&station).unwrap_or_else(|| Arc::make_mut(&mut self.stations).intern(station))
        };
        glances.stations.iter().map(number).collect()
    }

    fn file_under_identifiers(&mut self, first: u32, glances: &Glances) {
        const NONE: u32 = u32::MAX;
        let ids = self.identifiers.intern_all(&glances.keys);
        for (key, spelling) in &glances.spellings {
            self.identifiers.spell(ids[*key as usize], spelling);
        }
        let mut last: Vec<u32> = ids.iter().map(|&id| self.identifiers.last_row_number(id)).collect();
        let count = glances.time.len();
        let (mut identifier, mut previous) = (vec![NONE; count], vec![NONE; count]);
        let mut further = Vec::new();
        let mut filed = None;
        for &(local, key) in &glances.identifiers {
            let id = ids[key as usize];
            if filed == Some(local) {
                further.push((first + local, id.0));
            } else {
                identifier[local as usize] = id.0;
                previous[local as usize] = std::mem::replace(&mut last[key as usize], first + local);
                filed = Some(local);
            }
        }
        for (&id, &row) in ids.iter().zip(&last) {
            self.identifiers.file(id, row);
        }
        self.identifier.extend(&identifier);
        self.previous.extend(&previous);
        self.further.extend(&further);
    }

    /// How many events there are.
    pub fn rows(&self) -> u32 {
        self.time.len() as u32
    }

    pub fn is_empty(&self) -> bool {
        self.rows() == 0
    }

    /// The time as the system's clock had it; skew is corrected by the flows, never here.
    pub fn time(&self, row: Row) -> Time {
        self.time.get(row.0)
    }

    pub fn origin(&self, row: Row) -> Origin {
        self.origin.get(row.0)
    }

    /// What the event says of its system, kind, message and operation.
    pub fn station(&self, row: Row) -> StationId {
        StationId(self.station.get(row.0))
    }

    fn station_of(&self, row: Row) -> &Station {
        self.stations.get(self.station(row))
    }

    pub fn system(&self, row: Row) -> SystemId {
        self.station_of(row).system
    }

    pub fn severity(&self, row: Row) -> Severity {
        Severity(self.severity.get(row.0))
    }

    pub fn kind(&self, row: Row) -> EventKind {
        self.station_of(row).kind
    }

    /// The message with its variable parts masked.
    pub fn shape(&self, row: Row) -> TextId {
        self.station_of(row).shape
    }

    /// Whom a call is to, as the caller's span names it.
    pub fn peer(&self, row: Row) -> Option<SystemId> {
        self.station_of(row).peer
    }

    pub fn operation(&self, row: Row) -> TextId {
        self.station_of(row).operation
    }

    pub fn duration(&self, row: Row) -> Option<Nanos> {
        match self.duration_us.get(row.0) {
            0 => None,
            micros => Some(Nanos(i64::from(micros) * 1_000)),
        }
    }

    /// The identifier that the event is filed under.
    pub fn identifier(&self, row: Row) -> Option<IdentifierId> {
        Some(self.identifier.get(row.0)).filter(|&id| id != u32::MAX).map(IdentifierId)
    }

    /// The events filed under an identifier, newest arrival first.
    pub fn filed_under(&self, id: IdentifierId) -> impl Iterator<Item = Row> + '_ {
        let mut next = self.identifiers.last_row(id);
        std::iter::from_fn(move || {
            let row = next?;
            next = Some(self.previous.get(row.0)).filter(|&row| row != u32::MAX).map(Row);
            Some(row)
        })
    }

    /// Identifiers beyond the first, as (row, identifier), from the `from`-th on; rows ascending.
    pub fn further_identifiers(&self, from: u32) -> impl Iterator<Item = (Row, IdentifierId)> + '_ {
        (from..self.further.len() as u32).map(|index| {
            let (row, id) = self.further.get(index);
            (Row(row), IdentifierId(id))
        })
    }

    /// The `index`-th identifier beyond a first, with its row.
    pub fn further_identifier(&self, index: u32) -> (Row, IdentifierId) {
        let (row, id) = self.further.get(index);
        (Row(row), IdentifierId(id))
    }

    /// Identifiers beyond the first of one event.
    pub fn further_of(&self, row: Row) -> impl Iterator<Item = IdentifierId> + '_ {
        let from = self.further.partition_point(|&(other, _)| other < row.0);
        (from..self.further.len() as u32)
            .map(|index| self.further.get(index))
            .take_while(move |&(other, _)| other == row.0)
            .map(|(_, id)| IdentifierId(id))
    }

    /// All spans and spans of log records, rows ascending.
    pub fn spans(&self) -> impl Iterator<Item = SpanRow> + '_ {
        (0..self.spans.len() as u32).map(|index| self.spans.get(index))
    }

    pub fn span_of(&self, row: Row) -> Option<SpanInfo> {
        let index = self.spans.partition_point(|span| span.row < row);
        (index < self.spans.len() as u32)
            .then(|| self.spans.get(index))
            .filter(|span| span.row == row)
            .map(|s| s.info)
    }

    pub fn class(&self, id: IdentifierId) -> IdentifierClass {
        self.identifiers.class(id)
    }

    pub fn system_name(&self, system: SystemId) -> &str {
        self.systems.text(u32::from(system.0))
    }

    pub fn text(&self, text: TextId) -> &str {
        self.texts.text(text.0)
    }

    pub fn system_named(&self, name: &str) -> Option<SystemId> {
        self.systems.find(name).map(|number| SystemId(number as u16))
    }

    /// The system's number, made if it is new.
    pub fn intern_system(&mut self, name: &str) -> SystemId {
        SystemId(Arc::make_mut(&mut self.systems).intern(name) as u16)
    }

    /// Adds samples; those of a known series are merged into it by time, the newer answer winning.
    pub fn add_series(&mut self, incoming: Vec<Series>) {
        if incoming.is_empty() {
            return;
        }
        for series in &incoming {
            self.intern_system(&series.system);
        }
        let all = Arc::make_mut(&mut self.series);
        for series in incoming {
            match all.iter_mut().find(|known| known.is_same_as(&series)) {
                Some(known) => known.merge(series),
                None => all.push(series),
            }
        }
    }

    /// Adds changes; one that is already known by its id is replaced.
    pub fn add_changes(&mut self, incoming: Vec<Change>) {
        let all = Arc::make_mut(&mut self.changes);
        for change in incoming {
            all.retain(|known| known.id != change.id);
            all.push(change);
        }
        all.sort_by(|a, b| a.time.cmp(&b.time).then_with(|| a.id.cmp(&b.id)));
    }

    pub fn add_topology(&mut self, calls: &[(String, String)]) {
        for (caller, callee) in calls {
            let call = (self.intern_system(caller), self.intern_system(callee));
            let all = Arc::make_mut(&mut self.topology);
            if !all.contains(&call) {
                all.push(call);
            }
        }
    }

    /// The events of those stations that are wanted, in order of arrival. Stations are asked, events are not.
    pub fn rows_at(&self, is_wanted: impl Fn(&Station) -> bool) -> impl Iterator<Item = Row> + '_ {
        let is_wanted: Vec<bool> = self.stations.all().iter().map(is_wanted).collect();
        let chunks = if is_wanted.contains(&true) { usize::MAX } else { 0 };
        self.station.slices().take(chunks).flat_map(move |(first, stations)| {
            let wanted = stations.iter().zip(first..).filter(|(station, _)| is_wanted[**station as usize]);
            wanted.map(|(_, row)| Row(row)).collect::<Vec<_>>()
        })
    }

    /// From the first to just past the last event, by raw time; `None` without events.
    pub fn window(&self) -> Option<Window> {
        let mut window: Option<(Time, Time)> = None;
        for &time in self.time.slices().flat_map(|(_, times)| times).filter(|time| time.0 != 0) {
            let (from, to) = window.unwrap_or((time, time));
            window = Some((from.min(time), to.max(time)));
        }
        window.map(|(from, to)| Window { from, to: to + Nanos(1) })
    }
}
