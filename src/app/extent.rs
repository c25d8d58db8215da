//! The time that the evidence covers, without what lies far off: one clock in 1970 must not squeeze an hour into a cell.

use crate::evidence::{Evidence, Row};
use crate::flows::Flows;
use crate::telemetry::{Nanos, Time, Window};
use rayon::prelude::*;

/// Events that are looked at to learn what is usual.
const SAMPLE: u32 = 20_000;

/// From the first to just past the last event or sample, clocks set right, and how many events lie far off.
pub(super) fn of(evidence: &Evidence, flows: &Flows) -> (Option<Window>, u32) {
    let samples = evidence.series.iter().flat_map(|series| [series.samples.first(), series.samples.last()]);
    let samples = samples.flatten().map(|sample| sample.time);
    if evidence.is_empty() {
        let (from, to) =
            samples.fold((Time::MAX, Time::MIN), |(from, to), time| (from.min(time), to.max(time)));
        return ((from <= to).then(|| Window { from, to: to + Nanos(1) }), 0);
    }
    let usual = usual(evidence, flows);
    let times = (0..evidence.rows()).into_par_iter().map(|row| flows.time(evidence, Row(row)));
    let none = || (Time::MAX, Time::MIN, 0u32);
    let (from, to, strays) = times
        .fold(none, |(from, to, strays), time| {
            if usual.contains(time) { (from.min(time), to.max(time), strays) } else { (from, to, strays + 1) }
        })
        .reduce(none, |one, other| (one.0.min(other.0), one.1.max(other.1), one.2 + other.2));
    let (from, to) = samples
        .filter(|time| usual.contains(*time))
        .fold((from, to), |(from, to), time| (from.min(time), to.max(time)));
    ((from <= to).then(|| Window { from, to: to + Nanos(1) }), strays)
}

/// Where nearly all events lie, and as much again on both sides; a day at least.
fn usual(evidence: &Evidence, flows: &Flows) -> Window {
    let step = (evidence.rows() / SAMPLE).max(1) as usize;
    let mut times: Vec<Time> =
        (0..evidence.rows()).step_by(step).map(|row| flows.time(evidence, Row(row))).collect();
    times.sort_unstable();
    let at = |share: usize| times[(times.len() - 1) * share / 100];
    let (from, to) = (at(2), at(98));
    let margin = Nanos((to - from).0.max(86_400_000_000_000));
    Window { from: from - margin, to: to + margin }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::files;
    use crate::telemetry::{Event, EventKind, Severity, SourceRef};

    fn at(time: &str) -> Event {
        Event {
            time: Time::parse(time).unwrap(),
            system: "kong".into(),
            kind: EventKind::Log,
            severity: Severity::INFO,
            operation: None,
            body: "ok".into(),
            duration: None,
            attributes: Vec::new(),
            identifiers: Vec::new(),
            span: None,
            source: SourceRef::File { path: "x".into(), offset: 0 },
        }
    }

    #[test]
    fn a_clock_in_1970_and_a_date_in_2099_do_not_stretch_the_time() {
        let mut events: Vec<Event> =
            (10..60).map(|minute| at(&format!("2026-03-01T09:{minute}:00Z"))).collect();
        events.push(at("1970-01-01T00:00:12Z"));
        events.push(at("2099-12-31T23:59:59Z"));
        let mut evidence = Evidence::default();
        files::add_page(&mut evidence, "test".into(), "".into(), events);
        let (window, strays) = of(&evidence, &Flows::default());
        let window = window.unwrap();
        assert_eq!(window.from, Time::parse("2026-03-01T09:10:00Z").unwrap());
        assert_eq!(window.to, Time::parse("2026-03-01T09:59:00Z").unwrap() + Nanos(1));
        assert_eq!(strays, 2);
        assert_eq!(of(&Evidence::default(), &Flows::default()), (None, 0));
    }
}
