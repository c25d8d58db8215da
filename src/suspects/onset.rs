//! When the failure began: the split of time that best explains it by two rates.

use super::digest::Digest;
use super::metrics::{self, Departure};
use super::scene::{Nature, Scene};
use super::turn::{self, Turn};
use super::{Onset, Signal, SuspectSettings};
use crate::evidence::Evidence;
use crate::flows::{Flows, Verdict};
use crate::telemetry::{EventKind, Nanos, Time, Window};

/// From this many spreads on a series tells when it began.
const CLEARLY: f64 = 8.0;
/// How far back from the first failing flows a metric may have begun to move.
const FARTHEST_BACK: Nanos = Nanos::seconds(300);
/// How late an onset that somebody gives may be, where nothing shows when it was.
const LATE: Nanos = Nanos::seconds(60);
/// Where less lies before an onset, none of it can be spared.
const LONG_ENOUGH: Nanos = Nanos::seconds(300);
/// How long before an alert it may have begun.
const ALERTED_AFTER: Nanos = Nanos::seconds(1_800);

/// An onset, and the stretch in which it lies for all that is known: what is older is surely before it.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub onset: Onset,
    pub between: Window,
    /// It was given, or told by failures or by an alert: something fails.
    pub is_failing: bool,
}

impl Found {
    fn sharp(onset: Onset) -> Self {
        let between = Window { from: onset.time, to: onset.time };
        Self { onset, between, is_failing: true }
    }

    fn turned(turn: Turn, found_from: String) -> Self {
        let half = Nanos((turn.window.length().0 / 2).max(1_000_000_000));
        let onset = Onset { time: turn.time, uncertainty: half, found_from };
        Self { onset, between: turn.window, is_failing: true }
    }
}

/// What was given, set right by what turned near it; else found from failing flows, the share of errors, what turned at
/// any time, the first alert.
pub(super) fn find(
    evidence: &Evidence,
    flows: &Flows,
    digest: &Digest,
    settings: &SuspectSettings,
) -> Option<Found> {
    if let Some(given) = settings.onset {
        return Some(near(evidence, flows, digest, given));
    }
    if let Some(mut onset) = of_failures(evidence, flows) {
        if !settings.without.contains(&Signal::Metrics) {
            let scene = Scene::new(evidence, flows, &Found::sharp(onset.clone()), settings);
            onset = refine(onset, &metrics::departures(&scene), evidence);
        }
        return Some(Found::sharp(onset));
    }
    let alert = first_alert(evidence);
    let whole = super::scene::reach(evidence)?;
    let within = alert.map_or(whole, |alert| Window {
        from: whole.from.max(alert - ALERTED_AFTER),
        to: whole.to.min(alert + LATE),
    });
    if let Some(coarse) = turn::anywhere(evidence, digest, flows, within) {
        let turn = turn::near(evidence, digest, flows, coarse.time).unwrap_or(coarse);
        let found = Found::turned(turn, format!("{} that turned", shares(coarse.votes)));
        return Some(Found { is_failing: alert.is_some(), ..found });
    }
    let alert = alert?;
    Some(Found::sharp(Onset {
        time: alert - Nanos::seconds(300),
        uncertainty: Nanos::seconds(300),
        found_from: "the first alert, less five minutes".to_owned(),
    }))
}

fn shares(votes: u32) -> String {
    if votes == 1 { "one share or series".to_owned() } else { format!("{votes} shares and series") }
}

/// An onset that somebody gave, who may have looked at a clock a minute late or early.
fn near(evidence: &Evidence, flows: &Flows, digest: &Digest, given: Time) -> Found {
    let Some(turn) = turn::near(evidence, digest, flows, given) else {
        let found_from = "what was given; nothing turned near it".to_owned();
        let onset = Onset { time: given, uncertainty: LATE, found_from };
        // It is noticed after it began: the minute before is of neither side, where enough is left without it.
        let is_long = super::scene::reach(evidence).is_some_and(|whole| given - whole.from >= LONG_ENOUGH);
        let from = if is_long { given - LATE } else { given };
        return Found { between: Window { from, to: given }, ..Found::sharp(onset) };
    };
    let off = (turn.time - given).as_seconds();
    let votes = shares(turn.votes);
    let found_from = if off.abs() < 5.0 {
        format!("what was given; {votes} turned then")
    } else {
        let sign = if off > 0.0 { "plus" } else { "less" };
        format!("what was given {sign} {:.0} s: {votes} turned then", off.abs())
    };
    Found::turned(turn, found_from)
}

fn first_alert(evidence: &Evidence) -> Option<Time> {
    evidence.rows_at(|station| station.kind == EventKind::Alert).map(|row| evidence.time(row)).min()
}

/// Found from failing flows, else from the share of errors.
fn of_failures(evidence: &Evidence, flows: &Flows) -> Option<Onset> {
    let is_bad = |verdict| matches!(verdict, Verdict::Failed | Verdict::Stuck);
    let outcomes: Vec<(Time, bool)> = flows
        .iter()
        .filter(|(_, flow)| flow.verdict != Verdict::InFlight)
        .map(|(_, flow)| (flow.first, is_bad(flow.verdict)))
        .collect();
    if let Some(place) = split(&outcomes) {
        return Some(onset(&outcomes, place, "failing flows"));
    }
    let mut errors: Vec<(Time, bool)> = evidence
        .rows_at(|station| station.kind != EventKind::Alert)
        .map(|row| (evidence.time(row), evidence.severity(row).is_error()))
        .collect();
    errors.sort_unstable();
    split(&errors).map(|place| onset(&errors, place, "the share of errors"))
}

/// An onset that was found, moved back to where metrics began to move for good shortly before: flows are seldom, and
/// take time to fail. Only symptoms count: a cause may have been there for long before it hurt.
fn refine(onset: Onset, departures: &[Departure], evidence: &Evidence) -> Onset {
    let near = |one: &&Departure| {
        one.kind.nature == Nature::Symptom
            && one.spreads >= CLEARLY
            && one.begins < onset.time
            && onset.time - one.begins <= FARTHEST_BACK
    };
    let Some(first) = departures.iter().filter(near).min_by_key(|one| (one.begins, one.series)) else {
        return onset;
    };
    let series = &evidence.series[first.series];
    let place = series.samples.partition_point(|sample| sample.time < first.begins);
    let step = place
        .checked_sub(1)
        .map_or(Nanos::seconds(10), |before| first.begins - series.samples[before].time)
        .max(Nanos::seconds(1));
    let found_from =
        format!("{}; {} of {} began to move before", onset.found_from, series.metric, series.system);
    Onset { time: first.begins, uncertainty: step, found_from }
}

/// The place that splits outcomes into two stretches with the largest likelihood ratio, if it is large and for the worse.
fn split(outcomes: &[(Time, bool)]) -> Option<usize> {
    let all = outcomes.iter().filter(|(_, bad)| *bad).count() as f64;
    let count = outcomes.len() as f64;
    if all < 5.0 || count < 20.0 {
        return None;
    }
    let likelihood = |bad: f64, of: f64| {
        let share = (bad / of).clamp(1e-9, 1.0 - 1e-9);
        bad * share.ln() + (of - bad) * (1.0 - share).ln()
    };
    let whole = likelihood(all, count);
    let (mut best, mut place, mut before) = (0.0, None, 0.0);
    for (number, (_, bad)) in outcomes.iter().enumerate() {
        let left = number as f64;
        if *bad && left >= 5.0 {
            let (rate, rate_after) = (before / left, (all - before) / (count - left));
            let gain = likelihood(before, left) + likelihood(all - before, count - left) - whole;
            if rate_after > rate * 2.0 && gain > best {
                (best, place) = (gain, Some(number));
            }
        }
        before += f64::from(u8::from(*bad));
    }
    // Ten is far beyond what chance gives among this many places.
    place.filter(|_| best > 10.0)
}

fn onset(outcomes: &[(Time, bool)], place: usize, from: &str) -> Onset {
    let time = outcomes[place].0;
    let bad = |part: &[(Time, bool)]| part.iter().filter(|(_, bad)| *bad).count();
    let (before, after) = outcomes.split_at(place);
    Onset {
        time,
        uncertainty: (time - outcomes[place.saturating_sub(1)].0).max(Nanos::seconds(1)),
        found_from: format!(
            "{from}: {} of {} since, {} of {place} before",
            bad(after),
            after.len(),
            bad(before)
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_change_of_rate_is_found_and_a_steady_rate_is_none() {
        let failing = |n: i64| n >= 300 && n % 2 == 0 || n == 37;
        let outcomes: Vec<(Time, bool)> = (0..400).map(|n| (Time::from_seconds(n), failing(n))).collect();
        assert_eq!(split(&outcomes), Some(300));
        let steady: Vec<(Time, bool)> = (0..400).map(|n| (Time::from_seconds(n), n % 20 == 3)).collect();
        assert_eq!(split(&steady), None);
    }
}
