//! What became of a flow: judged by its course against what is usual for its kind, and by how long it has been silent.

use super::course::Pass;
use super::model::Usual;
use super::quantiles;
use super::station::Stations;
use super::trail::{Level, Trail};
use super::words::Words;
use super::{Blindness, Flow, Hop, Marks, Verdict};
use crate::evidence::{Evidence, StationId, SystemId};
use crate::telemetry::{Time, Window};

/// What the course alone says of all flows that took it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Judgement {
    pub(super) end: End,
    /// A message of it became a dead letter, which is not what happens to flows of its kind.
    pub(super) is_dead: bool,
    pub(super) marks: Marks,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// It reached a terminal, and what went wrong on the way was made good.
    Reached,
    /// Trouble ended it.
    Failed,
    /// Trouble, but it says that it will try again.
    Retrying,
    /// Neither: it may go on.
    Open,
}

/// Judges a course. `entry` tells whether a station is the one that flows of the kind enter by.
pub(super) fn judge(
    stations: &Stations,
    course: &[Pass],
    usual: &Usual,
    is_entry: impl Fn(StationId) -> bool,
) -> Judgement {
    let words = |pass: &Pass| stations.words(pass.station());
    let is_usual = |pass: &Pass| usual.stations.contains(&pass.station());
    // An attempt whose span failed is no end where the system's log says that it will try again.
    let promises = |pass: &Pass| pass.level() >= Level::Warning && words(pass).has(Words::RETRY);
    let station = |pass: &Pass| stations.get(pass.station());
    let is_attempt = |pass: &Pass| {
        let is_promised = |log: &Pass| {
            promises(log) && !station(log).is_span() && station(log).system == station(pass).system
        };
        station(pass).is_span() && course.iter().any(is_promised)
    };
    let is_error = |pass: &Pass| pass.level() == Level::Error && !is_attempt(pass);
    let has_errors = course.iter().any(is_error);
    let is_dead = course.iter().any(|pass| words(pass).has(Words::DEAD_LETTER) && !is_usual(pass));
    let reached = usual.reaches_terminal(course);
    let end = if !has_errors && !is_dead {
        if reached { End::Reached } else { End::Open }
    } else if reached && is_made_good(stations, course, usual, is_entry) {
        End::Reached
    } else {
        let is_final = is_dead || course.iter().any(|pass| is_error(pass) && !promises(pass));
        if is_final { End::Failed } else { End::Retrying }
    };
    Judgement { end, is_dead, marks: marks(stations, course, usual, end) }
}

/// Whether a flow with errors did all that completed flows do, and answered well.
fn is_made_good(
    stations: &Stations,
    course: &[Pass],
    usual: &Usual,
    is_entry: impl Fn(StationId) -> bool,
) -> bool {
    let answered_badly = course.iter().any(|pass| pass.level() == Level::Error && is_entry(pass.station()));
    if answered_badly {
        return false;
    }
    let passes = |station| course.iter().any(|pass| pass.station() == station);
    let missing = usual.stations.iter().filter(|&&station| !passes(station)).count();
    if missing == 0 {
        return true;
    }
    let visits = |system| course.iter().any(|pass| stations.get(pass.station()).system == system);
    let is_cut = usual.systems.iter().any(|&system| !visits(system)) || missing * 4 >= usual.stations.len();
    let is_refused = course
        .iter()
        .any(|pass| pass.level() >= Level::Warning && stations.words(pass.station()).has(Words::REFUSAL));
    !is_cut && !is_refused
}

fn marks(stations: &Stations, course: &[Pass], usual: &Usual, end: End) -> Marks {
    let mut marks = Marks::default();
    let has_trouble = course.iter().any(|pass| pass.level() >= Level::Warning);
    for pass in course {
        let words = stations.words(pass.station());
        let is_usual = usual.stations.contains(&pass.station());
        if words.has(Words::RETRY) && pass.level() >= Level::Warning {
            marks.add(Marks::RETRIED);
        }
        if is_usual && pass.times() > 1 {
            if has_trouble {
                marks.add(Marks::RETRIED);
            } else if usual.terminals.binary_search(&pass.station()).is_ok() {
                marks.add(Marks::DUPLICATED);
            }
        }
        if !is_usual {
            for (word, mark) in [
                (Words::DEAD_LETTER, Marks::DEAD_LETTERED),
                (Words::COMPENSATION, Marks::COMPENSATED),
                (Words::DUPLICATE, Marks::DUPLICATED),
            ] {
                if words.has(word) {
                    marks.add(mark);
                }
            }
        }
    }
    if end == End::Reached && course.iter().any(|pass| pass.level() == Level::Error) {
        marks.add(Marks::RETRIED);
    }
    marks
}

/// What a verdict is given in the light of.
pub(super) struct Court<'a> {
    pub(super) evidence: &'a Evidence,
    pub(super) stations: &'a Stations,
    pub(super) blindness: &'a Blindness,
    pub(super) until: Time,
}

impl Court<'_> {
    /// A flow's verdict, and the hop where it failed or got stuck.
    pub(super) fn decide(
        &self,
        flow: &Flow,
        judgement: &Judgement,
        course: &[Pass],
        trail: &Trail,
        usual: &Usual,
    ) -> (Verdict, Option<Hop>) {
        match judgement.end {
            End::Reached if judgement.is_dead && !is_replayed(trail, usual) => {
                (Verdict::Failed, self.failing_hop(flow, course, trail, usual))
            }
            End::Reached if is_slow(trail, usual) => (Verdict::Slow, None),
            End::Reached => (Verdict::Completed, None),
            End::Failed => (Verdict::Failed, self.failing_hop(flow, course, trail, usual)),
            End::Retrying if self.is_within_patience(flow, trail, usual) => (Verdict::InFlight, None),
            End::Retrying => (Verdict::Failed, self.failing_hop(flow, course, trail, usual)),
            End::Open if self.is_within_patience(flow, trail, usual) => (Verdict::InFlight, None),
            End::Open => {
                let hop = self.next_hop(flow, trail, usual);
                // Where nobody knows what should have come next, it may lie with a source that nobody can see into.
                let is_blind = match hop {
                    Some(hop) => self.was_blind(hop.to, flow.last),
                    None => self.blindness.anywhere.is_some_and(|window| self.overlaps(window, flow.last)),
                };
                (if is_blind { Verdict::Unknown } else { Verdict::Stuck }, hop)
            }
        }
    }

    fn is_within_patience(&self, flow: &Flow, trail: &Trail, usual: &Usual) -> bool {
        self.until - flow.last <= usual.path.patience(self.stations.get(trail.last).system)
    }

    fn was_blind(&self, system: SystemId, since: Time) -> bool {
        let name = self.evidence.system_name(system);
        self.blindness.windows.iter().any(|(blind, window)| blind == name && self.overlaps(*window, since))
    }

    fn overlaps(&self, window: Window, since: Time) -> bool {
        window.from < self.until && window.to > since
    }

    /// Where an open flow should have gone on to.
    fn next_hop(&self, flow: &Flow, trail: &Trail, usual: &Usual) -> Option<Hop> {
        let from = self.stations.get(trail.last).system;
        let to = next_system(flow, usual, from)?;
        Some(Hop { from, to })
    }

    /// The place, among the visits, of the system where trouble is: the last one visited of those that report errors or
    /// dead letters, else of those that report warnings. Where only the one that the flow entered by complains, it has
    /// waited in vain for what lies deeper: the last one that was heard of.
    fn troubled(&self, flow: &Flow, course: &[Pass], usual: &Usual) -> usize {
        let is_dead = |pass: &Pass| {
            self.stations.words(pass.station()).has(Words::DEAD_LETTER)
                && !usual.stations.contains(&pass.station())
        };
        let place = |level| {
            let is_troubled = |system| {
                course
                    .iter()
                    .filter(|pass| pass.level() >= level || is_dead(pass))
                    .any(|pass| self.stations.get(pass.station()).system == system)
            };
            flow.visits.iter().rposition(|visit| is_troubled(visit.system))
        };
        let last = flow.visits.len() - 1;
        match place(Level::Error).or_else(|| place(Level::Warning)) {
            Some(0) | None => last,
            Some(place) => place,
        }
    }

    /// The hop at which trouble ended the flow.
    ///
    /// Of the systems that report errors, the one visited last is where the trouble is: the others wait for it. If what
    /// it did last was what completed flows do before they enter a system, and this flow never got there, the trouble
    /// is with that system.
    fn failing_hop(&self, flow: &Flow, course: &[Pass], trail: &Trail, usual: &Usual) -> Option<Hop> {
        let place = self.troubled(flow, course, usual);
        let system = flow.visits[place].system;
        let mut unreached = usual.systems.iter().copied().filter(|&system| !visits(flow, system));
        let handed_to = unreached.find(|system_after| {
            usual.hand_over.get(system_after).is_some_and(|&station| {
                station == trail.halted_at && self.stations.get(station).system == system
            })
        });
        if let Some(to) = handed_to {
            return Some(Hop { from: system, to });
        }
        let from = trail.entered_from().nth(place).filter(|&station| station != StationId::NONE);
        Some(Hop { from: from.map_or(system, |station| self.stations.get(station).system), to: system })
    }
}

fn visits(flow: &Flow, system: SystemId) -> bool {
    flow.visits.iter().any(|visit| visit.system == system)
}

/// The first system of the usual path after the last one visited, that was not visited.
fn next_system(flow: &Flow, usual: &Usual, last: SystemId) -> Option<SystemId> {
    let systems = &usual.path.systems;
    let furthest = systems.iter().rposition(|&system| visits(flow, system));
    let after = furthest.map_or(0, |place| place + 1);
    systems[after..].first().copied().or_else(|| {
        let legs = usual.path.legs.iter().rev().filter(|leg| leg.hop.from == last);
        legs.max_by_key(|leg| leg.flows).map(|leg| leg.hop.to)
    })
}

fn is_slow(trail: &Trail, usual: &Usual) -> bool {
    usual.slow_from.is_some_and(|slow_from| quantiles::middle(trail.took) > slow_from)
}

/// Whether the flow went on to its end after its message had become a dead letter.
fn is_replayed(trail: &Trail, usual: &Usual) -> bool {
    trail.after_dead_letter().any(|station| usual.terminals.binary_search(&station).is_ok())
}

#[cfg(test)]
mod tests {
    use crate::flows::testing::{EPOCH, at};
    use crate::flows::tests::{flow_of, flows, order, orders};
    use crate::telemetry::Severity;

    #[test]
    fn a_flow_is_lost_when_it_fails_or_has_been_silent_for_too_long_and_not_when_it_began() {
        let mut entries = orders(40);
        entries.extend(order(98, 41_000).into_iter().take(3));
        entries.push(at(60_000, "order", "gave up").correlation(98).severity(Severity::ERROR));
        entries.extend(order(99, 42_000).into_iter().take(3));
        entries.push(at(90_000, "kong", "POST /orders").correlation(100));
        let (evidence, flows) = flows(&entries);
        let lost_at = |key| {
            let flow = flows.get(flow_of(&evidence, &flows, key).unwrap()).unwrap();
            flows.lost_at(flow).map(|time| time.0 / 1_000_000 - EPOCH)
        };
        assert_eq!(lost_at(1), None);
        assert_eq!(lost_at(98), Some(60_000), "at its last event");
        // 35 ms from order to erp is the longest that is usual, but a second is given to all.
        assert_eq!(lost_at(99), Some(42_005 + 1_000));
    }
}
