//! A mitigation brought together with the telemetry that judges it: the signals it names, the impact, what else was done.

use super::effect::BAND_STEP;
use super::{
    Assessment, Incident, Mitigation, MitigationState, Signal, Trial, What, assess, returned_to_band,
};
use crate::evidence::Evidence;
use crate::flows::Flows;
use crate::telemetry::{Nanos, Sample, Series, Time, Window};

/// What is watched when a plan names nothing that is known.
pub const FAILING_FLOWS: &str = "failing flows";
/// Steps in which flows are counted.
const STEP: Nanos = Nanos::seconds(15);
const MOST_STEPS: i64 = 100_000;
/// How much of the time before the impact says what is usual.
const USUAL: Nanos = Nanos::seconds(3_600);

/// Measures a mitigation against everything that is known now.
pub fn measure(
    incident: &Incident,
    one: &Mitigation,
    evidence: &Evidence,
    flows: &Flows,
    now: Time,
) -> Assessment {
    let until = until(evidence, one.started, now);
    let until = match one.state {
        MitigationState::Undone(time) => time.min(until),
        _ => until,
    };
    let find = |name: &str| signal(name, evidence, flows);
    let mut watch: Vec<Signal> =
        one.plan.watch.split(',').map(str::trim).filter(|name| !name.is_empty()).filter_map(find).collect();
    if watch.is_empty() {
        watch.push(failing_flows(flows, evidence));
    }
    let others = incident
        .mitigations
        .iter()
        .filter(|other| other.entry != one.entry && other.state != MitigationState::Proposed);
    assess(&Trial {
        applied: one.started,
        until,
        since: incident.impact_began,
        ramp: one.plan.kind.usual_ramp(),
        watch,
        guards: one.plan.guards.iter().filter_map(|name| find(name)).collect(),
        beside: others
            .map(|other| (other.started, format!("{} {}", other.plan.kind, other.plan.target)))
            .collect(),
    })
}

/// Until when something that began at `from` can be looked at: what was recorded ends where the evidence does, not now.
fn until(evidence: &Evidence, from: Time, now: Time) -> Time {
    let events = evidence.window().map(|window| window.to);
    let samples = evidence.series.iter().filter_map(|series| series.samples.last()).map(|sample| sample.time);
    let known = events.into_iter().chain(samples).max().filter(|known| from < *known);
    known.map_or(now, |known| known.min(now))
}

/// That the impact was over by the signal that was watched, as an entry; the button press is another time.
pub fn impact_ended(incident: &Incident, evidence: &Evidence, flows: &Flows, now: Time) -> Option<What> {
    let since = incident.impact_began?;
    let watched = incident.mitigations.iter().rev().find_map(|one| signal(&one.plan.watch, evidence, flows));
    let watched = watched.unwrap_or_else(|| failing_flows(flows, evidence));
    let now = until(evidence, since, now);
    let time = returned_to_band(&watched, Window { from: since - USUAL, to: since }, since, now)?;
    Some(What::ImpactEnded { time, uncertainty: BAND_STEP })
}

/// The signal of a name: `failing flows`, `system metric`, or a metric that only one system has.
pub fn signal(name: &str, evidence: &Evidence, flows: &Flows) -> Option<Signal> {
    let name = name.trim();
    if name == FAILING_FLOWS {
        return Some(failing_flows(flows, evidence));
    }
    let named = |series: &&Series| {
        name == series.metric
            || name.strip_prefix(series.system.as_str()).is_some_and(|rest| rest.trim() == series.metric)
    };
    evidence.series.iter().find(named).map(Signal::of)
}

/// Names of the signals that a plan can watch, for a list to choose from.
pub fn signals(evidence: &Evidence) -> Vec<String> {
    let mut names: Vec<String> =
        evidence.series.iter().map(|series| format!("{} {}", series.system, series.metric)).collect();
    names.sort();
    names.dedup();
    names.insert(0, FAILING_FLOWS.to_owned());
    names
}

/// Flows that failed or are stuck, by when they were lost.
pub fn failing_flows(flows: &Flows, evidence: &Evidence) -> Signal {
    let lost = flows.iter().filter_map(|(_, flow)| flows.lost_at(flow));
    Signal::count(FAILING_FLOWS, counted(lost, evidence.window()))
}

fn counted(times: impl Iterator<Item = Time>, window: Option<Window>) -> Vec<Sample> {
    let Some(window) = window else { return Vec::new() };
    let count = (window.length().0 / STEP.0 + 1).clamp(0, MOST_STEPS) as usize;
    let mut values = vec![0.0; count];
    for time in times {
        let place = usize::try_from((time - window.from).0 / STEP.0).ok();
        if let Some(value) = place.and_then(|place| values.get_mut(place)) {
            *value += 1.0;
        }
    }
    values
        .into_iter()
        .enumerate()
        .map(|(place, value)| Sample { time: window.from + Nanos(place as i64 * STEP.0), value })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(system: &str, metric: &str) -> Series {
        Series {
            system: system.into(),
            metric: metric.into(),
            unit: String::new(),
            labels: Vec::new(),
            exemplars: Vec::new(),
            samples: (0..200)
                .map(|step| Sample {
                    time: Time::from_seconds(step * 15),
                    value: if (40..100).contains(&step) { 50.0 } else { 1.0 + (step % 3) as f64 },
                })
                .collect(),
            source: "a".into(),
        }
    }

    #[test]
    fn a_mitigation_is_judged_by_the_signal_it_names_and_the_impact_by_its_return() {
        let mut evidence = Evidence::default();
        evidence.add_series(vec![series("erp", "errors"), series("erp", "errors_total")]);
        let flows = Flows::default();
        let mut incident = Incident { impact_began: Some(Time::from_seconds(600)), ..Incident::default() };
        let plan = super::super::Plan { watch: "erp errors".into(), ..Default::default() };
        incident.mitigations.push(Mitigation::new(1, Time::from_seconds(1_470), plan));
        let now = Time::from_seconds(2_900);
        let effect = measure(&incident, &incident.mitigations[0], &evidence, &flows, now);
        assert_eq!(effect.verdict, super::super::EffectVerdict::Better, "{}", effect.sentence);
        assert_eq!(effect.signals[0].name, "erp errors");
        let Some(What::ImpactEnded { time: ended, uncertainty }) =
            impact_ended(&incident, &evidence, &flows, now)
        else {
            panic!()
        };
        assert_eq!(uncertainty, Nanos::seconds(30), "as wide as the steps that were compared");
        assert!((ended - Time::from_seconds(1_500)).as_seconds().abs() <= 30.0, "{ended}");
        let months_later = Time::from_seconds(20_000_000);
        assert!(impact_ended(&incident, &evidence, &flows, months_later).is_some(), "of a recording too");
        assert_eq!(signals(&evidence), [FAILING_FLOWS, "erp errors", "erp errors_total"]);
        assert!(signal("kong latency", &evidence, &flows).is_none());
    }
}
