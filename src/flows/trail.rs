//! One flow's events in order, and what is kept of them: the visits, and a trail to learn from and to judge by.

use super::clocks::Clocks;
use super::course::{CourseId, Courses, Pass};
use super::station::Stations;
use super::words::Words;
use super::{Flow, KindId, Marks, Verdict, Visit};
use crate::evidence::{IdentifierId, Row, StationId, SystemId, View};
use crate::telemetry::{IdentifierClass, Severity, Time};
use rustc_hash::FxHashMap;
use std::sync::Mutex;

/// How bad an event is, as far as flows care.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Level {
    Fine,
    Warning,
    Error,
}

/// One event of a flow, corrected.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    /// When what it tells of began: its time, or that less its duration where it is stamped at the end.
    pub(super) began: i64,
    pub(super) time: i64,
    /// The duration that it names; 0 for none.
    pub(super) took: i64,
    /// Breaks ties: logs before spans, then systems by name.
    place: u32,
    pub(super) row: u32,
    pub(super) station: StationId,
    pub(super) system: u16,
    pub(super) is_span: bool,
    pub(super) is_coarse: bool,
    pub(super) level: Level,
    words: Words,
}

/// The columns of one event.
#[derive(Clone, Copy, Debug, Default)]
struct Read {
    row: u32,
    time: i64,
    station: StationId,
    severity: Severity,
}

/// What is kept of a flow beyond its summary.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Trail {
    pub(super) course: CourseId,
    pub(super) first: StationId,
    pub(super) last: StationId,
    /// Where trouble stopped it: of the system visited last of those with errors, the last event before its last error
    /// that went well.
    pub(super) halted_at: StationId,
    /// First [`Trail::hop_count`] hops as pair of systems and bucket of the time taken, then for each visit the station
    /// that it was entered from, then the stations that went well after the last dead letter.
    steps: Box<[u32]>,
    hop_count: u16,
    visit_count: u16,
    /// How long the work took, as bucket of [`super::quantiles`]: a duplicate that comes late does not make it longer.
    pub(super) took: u16,
}

/// A flow's summary as far as its own events tell it.
#[derive(Clone, Debug)]
pub(super) struct Traced {
    pub(super) first: Time,
    pub(super) last: Time,
    pub(super) events: u32,
    pub(super) errors: u32,
    pub(super) visits: Box<[Visit]>,
    /// Nothing but probes of liveness: no flow of business.
    pub(super) is_probe: bool,
    pub(super) trail: Trail,
}

impl Traced {
    /// Whether it is business, end to end: not a probe, and not a document number that stands in one line alone.
    pub(super) fn is_flow(&self, class: IdentifierClass) -> bool {
        !self.is_probe && (self.events > 1 || class != IdentifierClass::Business)
    }

    /// The summary, not judged yet, and the trail.
    pub(super) fn into_flow(self, name: IdentifierId) -> (Flow, Trail) {
        let Self { first, last, events, errors, visits, trail, .. } = self;
        let flow = Flow {
            name,
            kind: KindId(0),
            verdict: Verdict::Unknown,
            failing_hop: None,
            first,
            last,
            events,
            errors,
            visits,
            marks: Marks::default(),
        };
        (flow, trail)
    }
}

impl Trail {
    /// The hops, as index into [`Pairs`] and bucket of [`super::quantiles`].
    pub(super) fn hops(&self) -> impl Iterator<Item = (u16, u16)> + '_ {
        self.steps[..self.hop_count as usize].iter().map(|step| ((step >> 16) as u16, *step as u16))
    }

    /// For each visit, the station that the flow came from.
    pub(super) fn entered_from(&self) -> impl Iterator<Item = StationId> + '_ {
        self.after_hops()[..self.visit_count as usize].iter().map(|&station| StationId(station))
    }

    /// The stations that the flow passed well after its last dead letter.
    pub(super) fn after_dead_letter(&self) -> impl Iterator<Item = StationId> + '_ {
        self.after_hops()[self.visit_count as usize..].iter().map(|&station| StationId(station))
    }

    fn after_hops(&self) -> &[u32] {
        &self.steps[self.hop_count as usize..]
    }
}

/// The stations, and numbers for courses and pairs of systems, handed out while many threads trace.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    pub(super) stations: Stations,
    pub(super) courses: Mutex<Courses>,
    pub(super) pairs: Mutex<Pairs>,
}

/// Pairs of systems that follow each other, by number.
#[derive(Clone, Debug, Default)]
pub(super) struct Pairs {
    pub(super) all: Vec<(SystemId, SystemId)>,
    numbers: FxHashMap<(u16, u16), u16>,
}

impl Pairs {
    fn intern(&mut self, from: u16, to: u16) -> u16 {
        let all = &mut self.all;
        *self.numbers.entry((from, to)).or_insert_with(|| {
            all.push((SystemId(from), SystemId(to)));
            // Past 65 535 pairs of systems the last number stands for all others.
            u16::try_from(all.len() - 1).unwrap_or(u16::MAX)
        })
    }
}

/// Reads flows, one after the other; keeps what it knows between them. One for each thread.
pub(super) struct Tracer<'a> {
    view: &'a View<'a>,
    clocks: &'a Clocks,
    numbers: &'a Numbers,
    courses: FxHashMap<Box<[Pass]>, CourseId>,
    pairs: FxHashMap<(u16, u16), u16>,
    order: Vec<(i64, u32, u32)>,
    read: Vec<Read>,
    /// Whether durations are read of all events, not only of those that are stamped at their end.
    pub(super) reads_durations: bool,
    unordered: Vec<Moment>,
    pub(super) moments: Vec<Moment>,
    passes: Vec<Pass>,
    steps: Vec<u32>,
    visits: Vec<Visit>,
    entered: Vec<u32>,
}

impl<'a> Tracer<'a> {
    pub(super) fn new(view: &'a View<'a>, clocks: &'a Clocks, numbers: &'a Numbers) -> Self {
        Self {
            view,
            clocks,
            numbers,
            order: Vec::new(),
            read: Vec::new(),
            reads_durations: false,
            courses: FxHashMap::default(),
            pairs: FxHashMap::default(),
            unordered: Vec::new(),
            moments: Vec::new(),
            passes: Vec::new(),
            steps: Vec::new(),
            visits: Vec::new(),
            entered: Vec::new(),
        }
    }

    /// Puts a flow's events into [`Tracer::moments`], in order.
    pub(super) fn order(&mut self, rows: &[u32]) {
        self.unordered.clear();
        self.order.clear();
        let view = self.view;
        // Column by column, so that many reads are under way at once; and only columns that are needed.
        let mut read = std::mem::take(&mut self.read);
        read.clear();
        read.extend(rows.iter().map(|&row| Read { row, time: view.time(Row(row)).0, ..Read::default() }));
        read.iter_mut().for_each(|read| read.station = view.station(Row(read.row)));
        read.iter_mut().for_each(|read| read.severity = view.severity(Row(read.row)));
        let stations = &self.numbers.stations;
        for &Read { row, time, station, severity } in &read {
            let known = stations.get(station);
            let (system, is_span, words) = (known.system.0, known.is_span(), stations.words(station));
            let time = time.saturating_sub(self.clocks.offset(system, is_span).0);
            let is_coarse = self.clocks.is_coarse(system, is_span);
            let ends_there = !is_span && (is_coarse || self.clocks.is_stamped_at_end(station));
            let took = if ends_there || self.reads_durations {
                i64::from(view.duration_us(Row(row))) * 1_000
            } else {
                0
            };
            let began = time.saturating_sub(if ends_there { took } else { 0 });
            let place = u32::from(is_span) << 16 | u32::from(self.clocks.rank[system as usize]);
            self.order.push((began, place, self.unordered.len() as u32));
            let level = Level::of(severity);
            self.unordered.push(Moment {
                began,
                time,
                took,
                place,
                row,
                station,
                system,
                is_span,
                is_coarse,
                level,
                words,
            });
        }
        self.read = read;
        self.order.sort_unstable();
        self.moments.clear();
        self.moments.extend(self.order.iter().map(|&(_, _, index)| self.unordered[index as usize]));
        // Events of one system and instant are in the order of their file.
        let offset = |moment: &Moment| view.origin(Row(moment.row)).offset();
        for same in self.moments.chunk_by_mut(|a, b| a.began == b.began && a.place == b.place) {
            if same.len() > 1 {
                same.sort_by_key(|moment| (moment.time, offset(moment), moment.row));
            }
        }
    }

    /// Reads one flow; `rows` are all of its events.
    pub(super) fn trace(&mut self, rows: &[u32]) -> Traced {
        self.order(rows);
        let has_logs = self.moments.iter().any(|moment| !moment.is_span);
        let is_told_by = |moment: &Moment| !(has_logs && moment.is_span);
        let has_fine = self.moments.iter().any(|moment| !moment.is_coarse);
        let mut errors = 0;
        let (mut earliest, mut latest) = (i64::MAX, i64::MIN);
        let mut done = i64::MIN;
        let mut last_dead = None;
        let (mut first, mut last) = (StationId::NONE, (i64::MIN, StationId::NONE));
        self.visits.clear();
        self.entered.clear();
        self.passes.clear();
        self.steps.clear();
        let mut before: Option<Moment> = None;
        for index in 0..self.moments.len() {
            let moment = self.moments[index];
            let is_error = moment.level == Level::Error;
            errors += u32::from(is_error);
            if !(has_fine && moment.is_coarse) {
                earliest = earliest.min(moment.time);
                latest = latest.max(moment.time);
                if !(moment.words.has(Words::DUPLICATE) && moment.level >= Level::Warning) {
                    done = done.max(moment.time);
                }
            }
            if moment.words.has(Words::DEAD_LETTER) && is_told_by(&moment) {
                last_dead = Some(index);
            }
            if is_told_by(&moment) {
                if first == StationId::NONE {
                    first = moment.station;
                }
                if moment.time >= last.0 && !(has_fine && moment.is_coarse) {
                    last = (moment.time, moment.station);
                }
            }
            self.passes.push(Pass::new(moment.station, moment.level));
            let known = self.visits.iter_mut().find(|visit| visit.system.0 == moment.system);
            if let Some(visit) = known {
                visit.events += 1;
                visit.errors += u32::from(is_error);
            } else {
                let system = SystemId(moment.system);
                self.visits.push(Visit { system, events: 1, errors: u32::from(is_error) });
                self.entered.push(before.map_or(StationId::NONE, |before| before.station).0);
            }
            if let Some(before) = before.filter(|before| before.system != moment.system)
                && is_told_by(&moment)
            {
                let pair = self.pair(before.system, moment.system);
                let bucket = super::quantiles::bucket(moment.began - before.began);
                self.steps.push(u32::from(pair) << 16 | u32::from(bucket));
            }
            if is_told_by(&moment) {
                before = Some(moment);
            }
        }
        let hop_count = self.steps.len().min(usize::from(u16::MAX));
        self.steps.truncate(hop_count);
        self.steps.extend_from_slice(&self.entered);
        if let Some(dead) = last_dead {
            let after = self.moments[dead + 1..].iter();
            let went_well = after.filter(|moment| is_told_by(moment) && moment.level == Level::Fine);
            self.steps.extend(went_well.map(|moment| moment.station.0));
        }
        Traced {
            first: Time(earliest),
            last: Time(latest),
            events: rows.len() as u32,
            errors,
            visits: self.visits.as_slice().into(),
            is_probe: self.moments.iter().all(|moment| moment.words.has(Words::PROBE)),
            trail: Trail {
                course: self.course(),
                first,
                last: last.1,
                halted_at: if errors > 0 { self.halted_at() } else { StationId::NONE },
                steps: self.steps.as_slice().into(),
                hop_count: hop_count as u16,
                // As many as there are systems, of which there are no more than that.
                visit_count: self.visits.len() as u16,
                took: super::quantiles::bucket(if done == i64::MIN { latest } else { done } - earliest),
            },
        }
    }

    fn halted_at(&self) -> StationId {
        let troubled = self.visits.iter().rfind(|visit| visit.errors > 0).map(|visit| visit.system.0);
        let is_of_it = |moment: &&Moment| Some(moment.system) == troubled && !moment.is_span;
        let is_error = |moment: &Moment| is_of_it(&moment) && moment.level == Level::Error;
        let Some(error) = self.moments.iter().rposition(is_error) else { return StationId::NONE };
        let mut before = self.moments[..error].iter().rev().filter(is_of_it);
        before.find(|moment| moment.level == Level::Fine).map_or(StationId::NONE, |moment| moment.station)
    }

    fn pair(&mut self, from: u16, to: u16) -> u16 {
        let numbers = self.numbers;
        *self.pairs.entry((from, to)).or_insert_with(|| {
            numbers.pairs.lock().expect("no thread panics while it holds the lock").intern(from, to)
        })
    }

    fn course(&mut self) -> CourseId {
        Pass::gather(&mut self.passes);
        if let Some(&known) = self.courses.get(self.passes.as_slice()) {
            return known;
        }
        let passes: Box<[Pass]> = self.passes.as_slice().into();
        let mut courses = self.numbers.courses.lock().expect("no thread panics while it holds the lock");
        let id = courses.intern(&passes);
        self.courses.insert(passes, id);
        id
    }
}

impl Level {
    #[inline]
    fn of(severity: Severity) -> Self {
        if severity.is_error() {
            Self::Error
        } else if severity.is_warning() {
            Self::Warning
        } else {
            Self::Fine
        }
    }
}
