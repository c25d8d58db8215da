//! What is usual for a kind of flow, learnt from the flows that went well.
//!
//! Everything here is a count that can be added to and taken from, so learning is the same whatever came first. Two
//! levels hang on each other: where clean flows end tells which stations are *terminals*; the clean flows that reached a
//! terminal tell the rest. When the terminals change, the second level is counted anew.

use super::course::Pass;
use super::quantiles::Quantiles;
use super::station::Stations;
use super::trail::{Level, Pairs, Trail};
use super::words::Words;
use super::{ExpectedPath, Flow, Hop, Leg};
use crate::evidence::{StationId, SystemId};
use crate::telemetry::Nanos;
use rustc_hash::{FxHashMap, FxHashSet};

/// A station is a terminal if flows that pass it end there at least this often.
const ENDS_THERE: f64 = 0.5;
/// A station at which fewer than one in so many flows end is no terminal if it says that something is to follow: there
/// flows got stuck.
const COMMON_END: u32 = 10;
/// A station or system belongs to the path if this share of completed flows has it.
const ALWAYS: f64 = 0.95;
/// A leg that fewer completed flows take is an oddity, not a part of the path.
const RARE_LEG: f64 = 0.01;

/// Completed flows that it takes to call one slow.
const WELL_KNOWN: u32 = 20;
/// A slow flow takes so many times what half of them take,
const TIMES_USUAL: f64 = 3.0;
/// so many times what nine of ten do not exceed, and more than the spread of the middle half explains.
const BEYOND_MOST: f64 = 1.5;

/// Stretches of time that hitches are counted by, and the share of flows that has them where they are usual.
const STRETCH: Nanos = Nanos::seconds(600);
const ALWAYS_ROUGH: f64 = 0.03;

/// Counts and what follows from them.
#[derive(Clone, Debug, Default)]
pub(super) struct Model {
    clean: u32,
    passed: FxHashMap<StationId, u32>,
    ended: FxHashMap<StationId, u32>,
    /// Of the clean flows that reached a terminal.
    completed: u32,
    completed_passed: FxHashMap<StationId, u32>,
    /// By system: the stations that it was entered from, and how often.
    entered: Vec<Vec<(StationId, u32)>>,
    /// Sum of places in the order of first visits, and visits, by system.
    places: Vec<(u64, u32)>,
    /// By pair of systems.
    legs: Vec<Quantiles>,
    duration: Quantiles,
    /// Of the completed flows without so much as a warning.
    calm: Quantiles,
    /// By stretch of time: completed flows, and those with a warning.
    rough: FxHashMap<i64, (u32, u32)>,
    /// Counted since it was last decided what is usual.
    is_stale: bool,
    pub(super) usual: Usual,
}

/// What is usual, as far as verdicts need it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Usual {
    pub(super) terminals: Vec<StationId>,
    /// Stations that completed flows always pass.
    pub(super) stations: FxHashSet<StationId>,
    /// Systems that completed flows always visit, in their usual order.
    pub(super) systems: Vec<SystemId>,
    /// The station from which completed flows enter each of these systems.
    pub(super) hand_over: FxHashMap<SystemId, StationId>,
    pub(super) path: ExpectedPath,
    /// From here on a completed flow is slow; `None` where too few completed to tell.
    pub(super) slow_from: Option<Nanos>,
}

/// Whether a course tells of no trouble, so that it may be learnt from.
pub(super) fn is_clean(stations: &Stations, course: &[Pass]) -> bool {
    course.iter().all(|pass| {
        pass.level() < Level::Error
            && !(pass.level() == Level::Warning && stations.words(pass.station()).has(Words::DEAD_LETTER))
    })
}

fn promises_more(stations: &Stations, station: StationId) -> bool {
    let words = stations.words(station);
    words.has(Words::RETRY) || words.has(Words::WAITING)
}

fn change<K: std::hash::Hash + Eq>(counts: &mut FxHashMap<K, u32>, key: K, by: i32) {
    let count = counts.entry(key).or_insert(0);
    *count = count.wrapping_add_signed(by);
}

fn slot<T: Clone + Default>(column: &mut Vec<T>, index: usize) -> &mut T {
    if column.len() <= index {
        column.resize(index + 1, T::default());
    }
    &mut column[index]
}

impl Model {
    /// Counts a clean flow, or takes it out with `by` = -1.
    pub(super) fn count_clean(&mut self, course: &[Pass], trail: &Trail, by: i32) {
        self.count_course(course, by);
        self.count_end(trail, by);
    }

    /// Counts that many clean flows as having taken a course.
    pub(super) fn count_course(&mut self, course: &[Pass], flows: i32) {
        self.clean = self.clean.wrapping_add_signed(flows);
        self.is_stale = true;
        for station in stations_of(course) {
            change(&mut self.passed, station, flows);
        }
    }

    /// Counts where a clean flow ended.
    pub(super) fn count_end(&mut self, trail: &Trail, by: i32) {
        change(&mut self.ended, trail.last, by);
    }

    /// Counts a clean flow that reached a terminal.
    pub(super) fn count_completed(&mut self, course: &[Pass], trail: &Trail, flow: &Flow, by: i32) {
        self.count_completed_course(course, by);
        self.count_passage(course, trail, flow, by);
    }

    /// Counts that many clean flows as having reached a terminal on a course.
    pub(super) fn count_completed_course(&mut self, course: &[Pass], flows: i32) {
        self.completed = self.completed.wrapping_add_signed(flows);
        for station in stations_of(course) {
            change(&mut self.completed_passed, station, flows);
        }
    }

    /// Counts how a completed flow went from system to system, and how long it took.
    pub(super) fn count_passage(&mut self, course: &[Pass], trail: &Trail, flow: &Flow, by: i32) {
        for (place, (visit, from)) in flow.visits.iter().zip(trail.entered_from()).enumerate() {
            let (sum, visits) = slot(&mut self.places, usize::from(visit.system.0));
            *sum = sum.wrapping_add_signed(place as i64 * i64::from(by));
            *visits = visits.wrapping_add_signed(by);
            if from != StationId::NONE {
                let entered = slot(&mut self.entered, usize::from(visit.system.0));
                match entered.iter_mut().find(|(station, _)| *station == from) {
                    Some((_, count)) => *count = count.wrapping_add_signed(by),
                    None => entered.push((from, by.unsigned_abs())),
                }
            }
        }
        let count = |quantiles: &mut Quantiles, bucket| {
            if by > 0 { quantiles.add(bucket) } else { quantiles.take_out(bucket) }
        };
        for (pair, bucket) in trail.hops() {
            count(slot(&mut self.legs, usize::from(pair)), bucket);
        }
        count(&mut self.duration, trail.took);
        let is_calm = course.iter().all(|pass| pass.level() < Level::Warning);
        if is_calm {
            count(&mut self.calm, trail.took);
        }
        let (flows, rough) = self.rough.entry(flow.first.0.div_euclid(STRETCH.0)).or_default();
        *flows = flows.wrapping_add_signed(by);
        *rough = rough.wrapping_add_signed(if is_calm { 0 } else { by });
    }

    /// Whether anything was counted since this was last asked.
    pub(super) fn take_is_stale(&mut self) -> bool {
        std::mem::take(&mut self.is_stale)
    }

    /// Forgets the second level, before it is counted anew.
    pub(super) fn forget_completed(&mut self) {
        *self = Self {
            clean: self.clean,
            passed: std::mem::take(&mut self.passed),
            ended: std::mem::take(&mut self.ended),
            usual: std::mem::take(&mut self.usual),
            ..Self::default()
        };
    }

    /// Decides on the terminals; whether they changed.
    pub(super) fn decide_terminals(&mut self, stations: &Stations) -> bool {
        let often = (self.clean / 50).max(1);
        let common = self.clean.div_ceil(COMMON_END);
        let share = |(station, &ended): (&StationId, &u32)| {
            f64::from(ended) / f64::from(self.passed.get(station).copied().unwrap_or(ended).max(1))
        };
        let ends = self.ended.iter().filter(|&(_, &ended)| ended > 0);
        let mut terminals: Vec<StationId> = ends
            .clone()
            .filter(|&end| *end.1 >= often && share(end) >= ENDS_THERE)
            .filter(|&(&id, &ended)| ended >= common || !promises_more(stations, id))
            .map(|(&id, _)| id)
            .collect();
        if terminals.is_empty() {
            let most = ends.max_by_key(|&(&id, &ended)| (ended, stations.key(id))).map(|(&id, _)| id);
            terminals.extend(most);
        }
        terminals.sort_unstable();
        let changed = terminals != self.usual.terminals;
        self.usual.terminals = terminals;
        changed
    }

    /// Decides on all that follows from completed flows; whether anything changed.
    pub(super) fn decide_usual(&mut self, stations: &Stations, pairs: &Pairs, rank: &[u16]) -> bool {
        let rank = |system: SystemId| rank[usize::from(system.0)];
        let always = f64::from(self.completed) * ALWAYS;
        let half = self.completed.div_ceil(2);
        let usual_stations = self
            .completed_passed
            .iter()
            .filter(|&(&id, &count)| f64::from(count) >= always && count > 0 && !stations.get(id).is_span())
            .map(|(&id, _)| id)
            .collect();
        let place_of = |system: SystemId| {
            let (sum, visits) = self.places.get(usize::from(system.0)).copied().unwrap_or_default();
            sum as f64 / f64::from(visits.max(1))
        };
        let hand_over = self.entered.iter().enumerate().filter_map(|(system, entered)| {
            let entered = entered.iter().filter(|&&(_, count)| count > 0);
            let most = entered.max_by_key(|&&(from, count)| (count, stations.key(from)))?;
            Some((SystemId(system as u16), most.0))
        });
        let places = self.places.iter().enumerate().filter(|(_, (_, visits))| *visits > 0);
        let mut visited: Vec<(SystemId, u32)> =
            places.map(|(system, &(_, visits))| (SystemId(system as u16), visits)).collect();
        visited
            .sort_unstable_by(|a, b| place_of(a.0).total_cmp(&place_of(b.0)).then(rank(a.0).cmp(&rank(b.0))));
        let often =
            |count: f64| visited.iter().filter(move |&&(_, n)| n > 0 && f64::from(n) >= count).map(|v| v.0);
        let rare = f64::from(self.completed) * RARE_LEG;
        let mut legs: Vec<Leg> = self
            .legs
            .iter()
            .enumerate()
            .filter(|(_, quantiles)| quantiles.total() > 0 && f64::from(quantiles.total()) >= rare)
            .map(|(pair, quantiles)| {
                let (from, to) = pairs.all[pair];
                let [p50, p95, p99] = [0.5, 0.95, 0.99].map(|share| quantiles.at(share));
                let flows = quantiles.total();
                Leg { hop: Hop { from, to }, flows, p50, p95, p99 }
            })
            .collect();
        legs.sort_unstable_by(|a, b| {
            let place = |leg: &Leg| (place_of(leg.hop.from), place_of(leg.hop.to));
            let ((a0, a1), (b0, b1)) = (place(a), place(b));
            let ranks = |leg: &Leg| (rank(leg.hop.from), rank(leg.hop.to));
            a0.total_cmp(&b0).then(a1.total_cmp(&b1)).then_with(|| ranks(a).cmp(&ranks(b)))
        });
        let path = ExpectedPath {
            completed: self.completed,
            legs,
            systems: often(f64::from(half)).collect(),
            duration_p50: self.duration.at(0.5),
            duration_p99: self.duration.at(0.99),
        };
        let usual = Usual {
            terminals: std::mem::take(&mut self.usual.terminals),
            stations: usual_stations,
            systems: often(always).collect(),
            hand_over: hand_over.collect(),
            path,
            slow_from: self.slow_from(),
        };
        let changed = usual.differs_for_verdicts(&self.usual);
        self.usual = usual;
        changed
    }
}

impl Model {
    /// Learnt from flows that went without a hitch, and of their quantiles only from those that one slow flow in ten does
    /// not move: in an incident the others are many. Where hitches are usual at all times, they are part of what is.
    fn slow_from(&self) -> Option<Nanos> {
        if self.completed < WELL_KNOWN {
            return None;
        }
        let is_calm = self.calm.total() >= WELL_KNOWN && self.calm.total() * 2 >= self.completed;
        let (usual, most) = match (self.is_always_rough(), is_calm) {
            (true, _) => (&self.duration, 0.99),
            (false, true) => (&self.calm, 0.9),
            (false, false) => (&self.duration, 0.9),
        };
        let [p25, p50, p75, most] = [0.25, 0.5, 0.75, most].map(|share| usual.at(share).0 as f64);
        let fence = p75 * (p75 / p25.max(1.0)).powi(2);
        Some(Nanos((p50 * TIMES_USUAL).max(most * BEYOND_MOST).max(fence) as i64))
    }

    /// Whether in three of four stretches of time several flows in a hundred had a warning.
    fn is_always_rough(&self) -> bool {
        let counts = self.rough.values().filter(|(flows, _)| *flows > 0);
        let mut shares: Vec<f64> =
            counts.map(|&(flows, rough)| f64::from(rough) / f64::from(flows)).collect();
        shares.sort_unstable_by(f64::total_cmp);
        shares.get(shares.len() / 4).is_some_and(|share| *share >= ALWAYS_ROUGH)
    }
}

impl Usual {
    /// Whether any verdict could be another one, but for flows that are open: those are judged again anyway.
    fn differs_for_verdicts(&self, old: &Self) -> bool {
        self.stations != old.stations
            || self.systems != old.systems
            || self.hand_over != old.hand_over
            || self.slow_from != old.slow_from
    }

    pub(super) fn reaches_terminal(&self, course: &[Pass]) -> bool {
        course
            .iter()
            .any(|pass| pass.level() < Level::Error && self.terminals.binary_search(&pass.station()).is_ok())
    }
}

/// The stations of a course, each once.
pub(super) fn stations_of(course: &[Pass]) -> impl Iterator<Item = StationId> + '_ {
    let mut before = StationId::NONE;
    course.iter().map(|pass| pass.station()).filter(move |&station| {
        let is_new = station != before;
        before = station;
        is_new
    })
}
