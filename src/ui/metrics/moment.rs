//! From a series to a flow: the trace of the exemplar next to its worst moment, or where it has none, a flow that passed
//! the system then.

use crate::flows::{Flow, FlowId, Verdict};
use crate::telemetry::{Exemplar, Nanos, Sample, Series, Time, Window};
use crate::ui::Data;
use crate::ui::outcome::Outcome;

/// How far from the moment a flow may lie.
const NEAR: Nanos = Nanos::seconds(300);

pub(super) fn flow_of(place: usize, data: &Data) -> Outcome {
    let Some(series) = data.picture.evidence.series.get(place) else { return Outcome::Stay };
    let onset = data.picture.suspects.onset.as_ref().map(|onset| onset.time);
    let worst = worst(series, onset);
    if let Some(exemplar) = worst.and_then(|time| exemplar_at(series, time)) {
        return Outcome::Find(exemplar.trace.clone());
    }
    match worst.and_then(|time| flow_at(series, time, data)) {
        Some(id) => Outcome::Open(id),
        None => Outcome::Complain(format!("no flow passed {} near that moment", series.system)),
    }
}

/// When the series lay furthest from its median, since the onset if there is one.
fn worst(series: &Series, onset: Option<Time>) -> Option<Time> {
    let mut values: Vec<f64> =
        series.samples.iter().map(|sample| sample.value).filter(|value| value.is_finite()).collect();
    values.sort_by(f64::total_cmp);
    let usual = *values.get(values.len() / 2)?;
    let since = series.within(Window { from: onset.unwrap_or(Time::MIN), to: Time::MAX });
    let samples = if since.is_empty() { &series.samples[..] } else { since };
    let far = |sample: &&Sample| (sample.value - usual).abs();
    let finite = samples.iter().filter(|sample| sample.value.is_finite());
    finite.max_by(|a, b| far(a).total_cmp(&far(b)).then(b.time.cmp(&a.time))).map(|sample| sample.time)
}

/// The exemplar of the moment; of several at once the one with the largest value.
fn exemplar_at(series: &Series, time: Time) -> Option<&Exemplar> {
    let away = |one: &Exemplar| Nanos((one.time - time).0.abs());
    let near = series.exemplars.iter().filter(|one| away(one) <= NEAR);
    near.min_by(|a, b| away(a).cmp(&away(b)).then(b.value.total_cmp(&a.value)))
}

/// Failing flows before slow ones before others, then the nearest.
fn flow_at(series: &Series, time: Time, data: &Data) -> Option<FlowId> {
    let system = data.picture.evidence.system_named(&series.system)?;
    let away = |flow: &Flow| {
        if flow.first > time { flow.first - time } else { (time - flow.last).max(Nanos::ZERO) }
    };
    let rank = |flow: &Flow| {
        let bad = match flow.verdict {
            Verdict::Failed | Verdict::Stuck => 0,
            Verdict::Slow => 1,
            _ => 2,
        };
        (bad, away(flow), std::cmp::Reverse(flow.last - flow.first))
    };
    let passes = |flow: &Flow| flow.visits.iter().any(|visit| visit.system == system) && away(flow) <= NEAR;
    let near = data.picture.flows.iter().filter(|(_, flow)| passes(flow));
    near.min_by_key(|(id, flow)| (rank(flow), *id)).map(|(id, _)| id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exemplar_next_to_the_moment_is_opened_and_a_far_one_is_not() {
        let exemplar = |second: i64, value: f64, trace: &str| Exemplar {
            time: Time::from_seconds(second),
            value,
            trace: trace.to_owned(),
        };
        let mut series = Series {
            system: "mule".to_owned(),
            metric: "latency_ms".to_owned(),
            unit: "ms".to_owned(),
            labels: Vec::new(),
            exemplars: Vec::new(),
            samples: Vec::new(),
            source: String::new(),
        };
        series.add_exemplars(vec![
            exemplar(1_000, 9.0, "far"),
            exemplar(60, 2.0, "low"),
            exemplar(60, 7.0, "high"),
        ]);
        let at = |second| exemplar_at(&series, Time::from_seconds(second)).map(|one| one.trace.as_str());
        assert_eq!((at(70), at(900), at(5_000)), (Some("high"), Some("far"), None));
    }

    #[test]
    fn the_worst_moment_lies_after_the_onset() {
        let value = |second: i64| if second == 10 || second == 70 { 90.0 } else { 5.0 };
        let samples = (0..100)
            .map(|second| Sample { time: Time::from_seconds(second), value: value(second) })
            .collect();
        let series = Series {
            system: "mule".to_owned(),
            metric: "latency_ms".to_owned(),
            unit: "ms".to_owned(),
            labels: Vec::new(),
            exemplars: Vec::new(),
            samples,
            source: String::new(),
        };
        assert_eq!(worst(&series, Some(Time::from_seconds(50))), Some(Time::from_seconds(70)));
        assert_eq!(worst(&series, None), Some(Time::from_seconds(10)));
    }
}
