//! Each system at a glance, before the onset and since: rate, errors, latency from what it logs and traces, and from its
//! metrics what waits, what was given up, how full it is and what is left. No set-up: what a system does not tell is blank.

use super::digest::Digest;
use super::kinds::Kind;
use super::scene::{Nature, Phase, Scene};
use super::statistics::{median, quantile, spread};
use super::topology::Topology;
use crate::evidence::SystemId;
use crate::telemetry::{Series, SeriesClass};
use rustc_hash::FxHashMap;

/// Fewer spans than this on a side make no quantile.
const LEAST_SPANS: usize = 5;

/// Before the onset, and since.
pub type BeforeAfter = (Option<f64>, Option<f64>);

/// One system of the board.
#[derive(Clone, Debug, PartialEq)]
pub struct BoardRow {
    pub system: SystemId,
    /// Traces, or busy stretches of ten seconds, a minute.
    pub rate: BeforeAfter,
    /// The share of these with an error.
    pub errors: BeforeAfter,
    /// The 95th of 100 of its longest spans, in milliseconds.
    pub latency_ms: BeforeAfter,
    /// From its metrics, the one of each kind that moved most: its place in the evidence, usual, now.
    pub backlog: Option<Gauge>,
    pub dead_letters: Option<Gauge>,
    pub saturation: Option<Gauge>,
    pub quota: Option<Gauge>,
    /// Failing flows since onset that stop here, and all that pass.
    pub stopped: u32,
    pub passed: u32,
}

/// A metric in short.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gauge {
    /// Its place in the evidence.
    pub series: usize,
    pub before: Option<f64>,
    pub now: f64,
    /// How far it lies from its usual, in robust spreads.
    pub spreads: f64,
}

#[derive(Default)]
struct Work {
    units: [u32; 2],
    troubled: [u32; 2],
    spans: [Vec<f64>; 2],
    stopped: u32,
    passed: u32,
}

/// All systems that do anything, in the order in which flows come to them.
pub(super) fn of(scene: &Scene, digest: &Digest, topology: &Topology) -> Vec<BoardRow> {
    let mut work = work(scene, digest);
    let mut gauges: FxHashMap<(SystemId, SeriesClass), Gauge> = FxHashMap::default();
    for (place, series) in scene.evidence.series.iter().enumerate() {
        let Some(system) = scene.evidence.system_named(&series.system) else { continue };
        let kind = Kind::of(series);
        work.entry(system).or_default();
        if kind.nature == Nature::Cause
            && let Some(gauge) = gauge(scene, place, series, kind)
        {
            let known = gauges.entry((system, kind.class)).or_insert(gauge);
            if gauge.spreads > known.spreads {
                *known = gauge;
            }
        }
    }
    let minutes = [scene.before, scene.after].map(|window| window.length().as_seconds() / 60.0);
    let mut rows: Vec<BoardRow> = work
        .into_iter()
        .map(|(system, mut own)| {
            let by_phase = |of: &dyn Fn(usize) -> Option<f64>| (of(0), of(1));
            let gauge = |class| gauges.get(&(system, class)).copied();
            BoardRow {
                system,
                rate: by_phase(&|phase| {
                    let is_known = minutes[phase] > 0.0 && own.units != [0, 0];
                    is_known.then(|| f64::from(own.units[phase]) / minutes[phase])
                }),
                errors: by_phase(&|phase| {
                    (own.units[phase] > 0)
                        .then(|| f64::from(own.troubled[phase]) / f64::from(own.units[phase]))
                }),
                latency_ms: (latency(&mut own.spans[0]), latency(&mut own.spans[1])),
                backlog: gauge(SeriesClass::Backlog),
                dead_letters: gauge(SeriesClass::DeadLetters),
                saturation: gauge(SeriesClass::Utilisation),
                quota: gauge(SeriesClass::Quota),
                stopped: own.stopped,
                passed: own.passed,
            }
        })
        .collect();
    let depth = |row: &BoardRow| (topology.depth(row.system) * 1e6) as u32;
    rows.sort_by(|a, b| depth(a).cmp(&depth(b)).then_with(|| scene.name(a.system).cmp(scene.name(b.system))));
    rows
}

fn latency(spans: &mut [f64]) -> Option<f64> {
    (spans.len() >= LEAST_SPANS).then(|| quantile(spans, 0.95) / 1e6)
}

fn work(scene: &Scene, digest: &Digest) -> FxHashMap<SystemId, Work> {
    let mut work: FxHashMap<SystemId, Work> = FxHashMap::default();
    let units = &digest.units;
    for unit in &units.units {
        if let Some(phase) = scene.phase(unit.time) {
            work.entry(unit.system).or_default().units[phase as usize] += 1;
        }
    }
    for one in &units.troubled {
        let unit = &units.units[one.unit as usize];
        if let Some(phase) = scene.phase(unit.time) {
            work.entry(unit.system).or_default().troubled[phase as usize] += 1;
        }
    }
    let traces = &digest.traces;
    for (place, span) in traces.spans.iter().enumerate().filter(|(_, span)| !span.is_inferred) {
        // What a system is asked for from outside, not the steps that it takes within.
        let is_entry = traces
            .parent(place as u32)
            .is_none_or(|parent| traces.spans[parent as usize].system != span.system);
        if let Some(phase) = scene.phase(span.time()).filter(|_| is_entry) {
            work.entry(span.system).or_default().spans[phase as usize].push(span.duration as f64);
        }
    }
    for (_, flow) in scene.flows.iter().filter(|(_, flow)| flow.last >= scene.onset()) {
        if !super::stops::is_failing(flow) {
            continue;
        }
        for visit in &flow.visits {
            work.entry(visit.system).or_default().passed += 1;
        }
        if let Some(hop) = flow.failing_hop {
            work.entry(hop.to).or_default().stopped += 1;
        }
    }
    work
}

fn gauge(scene: &Scene, place: usize, series: &Series, kind: Kind) -> Option<Gauge> {
    let values = |phase: Phase| -> Vec<f64> {
        let window = if phase == Phase::Before { scene.before } else { scene.since() };
        series.within(window).iter().map(|sample| sample.value).filter(|value| value.is_finite()).collect()
    };
    let (mut before, mut after) = (values(Phase::Before), values(Phase::After));
    if after.is_empty() {
        return None;
    }
    let now = median(&mut after);
    if before.is_empty() {
        return Some(Gauge { series: place, before: None, now, spreads: 0.0 });
    }
    let usual = median(&mut before);
    let scale = spread(&mut before).max(kind.floor).max(kind.relative * usual.abs()).max(f64::MIN_POSITIVE);
    Some(Gauge { series: place, before: Some(usual), now, spreads: (now - usual).abs() / scale })
}
