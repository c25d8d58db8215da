//! Clocks told from waits and from the work that lies within them.

use super::super::clocks::{COARSE, Clocks};
use super::super::trail::Moment;
use super::{Bound, Edge, OUTLIERS, clock_of, robust, shares};
use crate::evidence::StationId;
use rayon::prelude::*;
use rustc_hash::FxHashMap;

/// Times that a wait and a piece of work must have been seen together.
pub(super) const ENOUGH: usize = 20;
/// The difference between wait and work may vary by no more than this share of what the work varies by.
const TIGHT: f64 = 0.6;
/// Of a stretch that comes more often than this in one flow nobody can tell which wait goes with which work.
const REPEATED: u8 = 2;

/// A stretch of time by one clock: between two events, or one that a record names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Stretch {
    clock: u32,
    from: StationId,
    to: StationId,
    is_record: bool,
}

/// A stretch, by number, as it was in one flow.
#[derive(Clone, Copy, Debug)]
struct Seen {
    clock: u32,
    number: u32,
    from: i64,
    to: i64,
}

/// How a wait and a piece of work lay to each other in all flows.
#[derive(Clone, Debug, Default)]
struct Sightings {
    bounds: Vec<Bound>,
    /// How often the work was longer than the wait.
    misfits: usize,
}

/// What is known of the offset between each two clocks.
pub(super) fn edges(flows: &[Vec<Moment>], clocks: &Clocks) -> Vec<Edge> {
    // A pair that contradicts itself more often than this is hopeless, however often it will be seen.
    let most = flows.len() * usize::from(REPEATED).pow(2);
    let hopeless = (most as f64 * OUTLIERS) as usize;
    let found: Vec<FxHashMap<(Stretch, Stretch), Sightings>> = flows
        .par_chunks(shares(flows.len()))
        .map(|flows| {
            let mut reader = Reader::new(clocks, hopeless);
            for flow in flows {
                reader.read(flow);
            }
            reader.sightings()
        })
        .collect();
    let mut sightings: FxHashMap<(Stretch, Stretch), Sightings> = FxHashMap::default();
    for some in found {
        for (key, mut some) in some {
            let known = sightings.entry(key).or_default();
            known.bounds.append(&mut some.bounds);
            known.misfits += some.misfits;
        }
    }
    sightings
        .par_iter()
        .filter(|(_, seen)| seen.misfits <= hopeless && seen.bounds.len() >= ENOUGH)
        .filter_map(|((wait, work), seen)| {
            let (a, b) = (wait.clock as usize, work.clock as usize);
            let tolerance = clocks.step[a / 2][a % 2] + clocks.step[b / 2][b % 2];
            let (low, high) = agree(seen, tolerance)?;
            Some(Edge { a, b, low, high, pairs: seen.bounds.len() as u32 })
        })
        .collect()
}

struct Reader<'a> {
    clocks: &'a Clocks,
    hopeless: usize,
    numbers: FxHashMap<Stretch, u32>,
    stretches: Vec<Stretch>,
    /// By wait and work, by number.
    sightings: FxHashMap<u64, Sightings>,
    by_clock: Vec<(u32, Vec<Moment>)>,
    waits: Vec<Seen>,
    works: Vec<Seen>,
    /// How often each stretch was seen in the flow at hand.
    times: Vec<u8>,
}

impl<'a> Reader<'a> {
    fn new(clocks: &'a Clocks, hopeless: usize) -> Self {
        Self {
            clocks,
            hopeless,
            numbers: FxHashMap::default(),
            stretches: Vec::new(),
            sightings: FxHashMap::default(),
            by_clock: Vec::new(),
            waits: Vec::new(),
            works: Vec::new(),
            times: Vec::new(),
        }
    }

    /// Lays every piece of work of a flow against every wait of another clock.
    fn read(&mut self, flow: &[Moment]) {
        self.find_stretches(flow);
        drop_repeated(&mut self.waits, &mut self.times, self.stretches.len());
        drop_repeated(&mut self.works, &mut self.times, self.stretches.len());
        let step = |clock: u32| self.clocks.step[clock as usize / 2][clock as usize % 2];
        for wait in &self.waits {
            for work in self.works.iter().filter(|work| work.clock != wait.clock) {
                let pair = u64::from(wait.number) << 32 | u64::from(work.number);
                let seen = self.sightings.entry(pair).or_default();
                if seen.misfits > self.hopeless {
                    continue;
                }
                let slack = (wait.to - wait.from) - (work.to - work.from);
                if slack < -(step(wait.clock) + step(work.clock)) {
                    seen.misfits += 1;
                    if seen.misfits > self.hopeless {
                        seen.bounds = Vec::new();
                        continue;
                    }
                }
                let (low, high) = (work.to - wait.to, work.from - wait.from);
                seen.bounds.push(Bound { low, high, work: work.to - work.from });
            }
        }
    }

    fn find_stretches(&mut self, flow: &[Moment]) {
        let mut by_clock = std::mem::take(&mut self.by_clock);
        by_clock.iter_mut().for_each(|(_, moments)| moments.clear());
        for moment in flow.iter().filter(|moment| moment.time != 0) {
            if self.clocks.step[usize::from(moment.system)][usize::from(moment.is_span)] > COARSE / 10 {
                continue;
            }
            let clock = clock_of(moment) as u32;
            match by_clock.iter_mut().find(|(known, _)| *known == clock) {
                Some((_, moments)) => moments.push(*moment),
                None => by_clock.push((clock, vec![*moment])),
            }
        }
        self.waits.clear();
        self.works.clear();
        for (clock, moments) in &mut by_clock {
            moments.sort_by_key(|moment| (moment.time, moment.began));
            for moment in moments.iter().filter(|moment| moment.took > 0) {
                let (from, to) = if self.clocks.is_stamped_at_end(moment.station) && !moment.is_span {
                    (moment.time - moment.took, moment.time)
                } else {
                    (moment.time, moment.time + moment.took)
                };
                let number = self.number(*clock, moment.station, moment.station, true);
                self.waits.push(Seen { clock: *clock, number, from, to });
                self.works.push(Seen { clock: *clock, number, from, to });
            }
            for pair in moments.windows(2) {
                let number = self.number(*clock, pair[0].station, pair[1].station, false);
                self.waits.push(Seen { clock: *clock, number, from: pair[0].time, to: pair[1].time });
            }
            if let [first, .., last] = moments.as_slice() {
                let number = self.number(*clock, first.station, last.station, false);
                self.works.push(Seen { clock: *clock, number, from: first.time, to: last.time });
            }
        }
        self.by_clock = by_clock;
    }

    fn number(&mut self, clock: u32, from: StationId, to: StationId, is_record: bool) -> u32 {
        let stretch = Stretch { clock, from, to, is_record };
        let stretches = &mut self.stretches;
        *self.numbers.entry(stretch).or_insert_with(|| {
            stretches.push(stretch);
            stretches.len() as u32 - 1
        })
    }

    fn sightings(self) -> FxHashMap<(Stretch, Stretch), Sightings> {
        let stretch = |number: u64| self.stretches[number as usize];
        self.sightings
            .into_iter()
            .map(|(key, seen)| ((stretch(key >> 32), stretch(key & 0xffff_ffff)), seen))
            .collect()
    }
}

/// Leaves those stretches that are rare in their flow, so that the pairs of a flow do not grow with the square of its
/// events: a thousand of them are a few stretches again and again.
fn drop_repeated(seen: &mut Vec<Seen>, times: &mut Vec<u8>, stretches: usize) {
    times.clear();
    times.resize(stretches, 0);
    for one in &*seen {
        let times = &mut times[one.number as usize];
        *times = times.saturating_add(1);
    }
    seen.retain(|one| times[one.number as usize] <= REPEATED);
}

/// The bounds that nearly all sightings agree on; `None` if the work does not lie within the wait.
fn agree(seen: &Sightings, tolerance: i64) -> Option<(i64, i64)> {
    let bounds = &seen.bounds;
    if seen.misfits > (bounds.len() as f64 * OUTLIERS) as usize {
        return None;
    }
    let mut values: Vec<i64> = bounds.iter().map(|bound| bound.work).collect();
    let works = spread(&mut values);
    if works <= 2 * tolerance {
        return None;
    }
    values.clear();
    values.extend(bounds.iter().map(|bound| bound.high - bound.low));
    if spread(&mut values) as f64 > works as f64 * TIGHT {
        return None;
    }
    let (low, high) = robust(bounds);
    (low <= high + tolerance).then_some((low.min(high), high.max(low)))
}

/// What four fifths of the values lie within, at least twenty of them.
fn spread(values: &mut [i64]) -> i64 {
    let (low, high) = (values.len() / 10, values.len() * 9 / 10);
    let (below, high, _) = values.select_nth_unstable(high);
    *high - *below.select_nth_unstable(low).1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_again_and_again_in_one_flow_is_not_paired() {
        let seen = |number, from| Seen { clock: 0, number, from, to: from + 1 };
        let mut waits = vec![seen(0, 0), seen(1, 5), seen(0, 10), seen(1, 15), seen(0, 20), seen(2, 30)];
        drop_repeated(&mut waits, &mut vec![7; 9], 3);
        assert_eq!(waits.iter().map(|seen| seen.number).collect::<Vec<_>>(), [1, 1, 2]);
    }
}
