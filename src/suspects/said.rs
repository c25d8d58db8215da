//! What systems say: patterns that came or went, and error lines, as shares of the system's own traffic.

use super::order::shortened;
use super::patterns::Patterns;
use super::scene::{Finding, Nature, Phase, Scene};
use super::statistics::Shares;
use super::traces::Traces;
use super::units::{Said, Units};
use super::weights::NOT_THE_ORIGIN;
use super::{Pointer, Signal};
use crate::evidence::{Row, SystemId, TextId};
use crate::telemetry::Severity;
use rustc_hash::FxHashMap;

/// Fewer traces than this on a side say nothing.
const LEAST_UNITS: u32 = 3;
/// A warning or error that went away is no fault.
const GOT_WELL: f64 = 0.3;

/// In how many units something was met, before and after.
struct Met {
    counts: [u32; 2],
    severity: Severity,
    example: Row,
}

/// Patterns, then error lines.
pub(super) fn findings(scene: &Scene, traces: &Traces, units: &Units, patterns: &Patterns) -> Vec<Finding> {
    let evidence = scene.evidence;
    let phases: Vec<Option<Phase>> = units.units.iter().map(|unit| scene.phase(unit.time)).collect();
    let mut traffic: FxHashMap<(SystemId, bool), [u32; 2]> = FxHashMap::default();
    for (unit, phase) in units.units.iter().zip(&phases) {
        if let Some(phase) = phase {
            traffic.entry((unit.system, unit.is_windowed)).or_default()[*phase as usize] += 1;
        }
    }
    let met = |all: &[Said], by_pattern: bool| {
        let mut met: FxHashMap<(SystemId, TextId, bool), Met> = FxHashMap::default();
        for one in all {
            let Some(phase) = phases[one.unit as usize] else { continue };
            let unit = &units.units[one.unit as usize];
            let pattern = if by_pattern { one.pattern } else { TextId(0) };
            let entry = met.entry((unit.system, pattern, unit.is_windowed)).or_insert(Met {
                counts: [0, 0],
                severity: one.severity,
                example: one.example,
            });
            entry.counts[phase as usize] += 1;
            entry.severity = entry.severity.max(one.severity);
            if phase == Phase::After {
                entry.example = one.example;
            }
        }
        met
    };
    let shares = |counts: [u32; 2], key: (SystemId, bool)| {
        let of = traffic.get(&key).copied().unwrap_or_default();
        Shares { before: (counts[0], of[0]), after: (counts[1], of[1]) }
    };
    let mut findings = Vec::new();
    let mut best: FxHashMap<SystemId, (f64, Finding)> = FxHashMap::default();
    let said = met(&units.said, true);
    for ((system, pattern, is_windowed), one) in &said {
        let shares = shares(one.counts, (*system, *is_windowed));
        if !shares.is_enough(LEAST_UNITS) {
            continue;
        }
        let departure = shares.departure();
        // What is new and severe counts in full; an ordinary line that came or went, a little less.
        let is_severe = one.severity >= Severity::WARN;
        let strength = departure.abs()
            * match (is_severe, departure > 0.0) {
                (true, true) => 1.0,
                (false, _) => 0.8,
                (true, false) => GOT_WELL,
            };
        let text = evidence.text(*pattern);
        let better = best.get(system).is_none_or(|(known, finding)| {
            strength > *known || strength == *known && text < finding.operation.as_deref().unwrap_or("")
        });
        if better {
            let sentence = pattern_sentence(text, one.severity, shares, departure);
            let finding = Finding {
                system: *system,
                signal: Signal::Templates,
                nature: Nature::Cause,
                strength,
                sentence,
                operation: Some(text.to_owned()),
                pointers: vec![Pointer::Template(text.to_owned())],
            };
            best.insert(*system, (strength, finding));
        }
    }
    findings.extend(best.into_values().map(|(_, finding)| Finding { operation: None, ..finding }));
    let origin = ErrorOrigins::of(scene, traces, patterns);
    for ((system, _, is_windowed), one) in met(&units.troubled, false) {
        let shares = shares(one.counts, (system, is_windowed));
        if !shares.is_enough(LEAST_UNITS) {
            continue;
        }
        let (own, of) = origin.by_system.get(&system).copied().unwrap_or((0, 0));
        let factor = if of == 0 { 1.0 } else { f64::from(own) / f64::from(of) };
        let strength = shares.departure().max(0.0) * (NOT_THE_ORIGIN + (1.0 - NOT_THE_ORIGIN) * factor);
        let ((before, of_before), (after, of_after)) = (shares.before, shares.after);
        let mut sentence = format!(
            "errors in the log of {after} of {of_after} of its traces; of {before} of {of_before} before onset"
        );
        if of > 0 {
            sentence += &format!("; {own} of {of} spans with errors have no failing callee beneath");
        }
        let pointers = vec![Pointer::Event(one.example)];
        let nature = Nature::Cause;
        findings.push(Finding {
            system,
            signal: Signal::Origin,
            nature,
            strength,
            sentence,
            operation: None,
            pointers,
        });
    }
    findings.extend(failing_spans(scene, traces, &origin));
    findings
}

fn pattern_sentence(text: &str, severity: Severity, shares: Shares, departure: f64) -> String {
    let ((before, of_before), (after, of_after)) = (shares.before, shares.after);
    let state = match (before, after, departure > 0.0) {
        (0, _, _) => "new",
        (_, 0, _) => "vanished",
        (_, _, true) => "more often",
        _ => "less often",
    };
    let severity = if severity >= Severity::WARN { format!(" {severity}") } else { String::new() };
    format!(
        "{state}{severity} in its log: “{}” in {after} of {of_after} of its traces; in {before} of {of_before} before onset",
        shortened(text)
    )
}

/// Which spans with errors have no failing span of another system beneath them.
struct ErrorOrigins {
    /// Of the spans since onset that hold an error, how many are where it starts: (these, all).
    by_system: FxHashMap<SystemId, (u32, u32)>,
    failed: FxHashMap<SystemId, Failed>,
}

/// Failing spans where the error starts, and all spans, before and after, with an example.
type Failed = ([u32; 2], [u32; 2], Option<Row>);

impl ErrorOrigins {
    fn of(scene: &Scene, traces: &Traces, patterns: &Patterns) -> Self {
        let evidence = scene.evidence;
        let is_error = |row: Row| patterns.is_error(evidence, row);
        let flagged: Vec<bool> = (0..traces.spans.len() as u32)
            .map(|place| {
                traces.spans[place as usize].failed || traces.logs(place).any(|(_, row)| is_error(row))
            })
            .collect();
        let strengths: Vec<f32> = flagged.iter().map(|&flagged| f32::from(u8::from(flagged))).collect();
        let origins = traces.origins(&strengths);
        let usual = usual_callees(traces);
        let mut by_system: FxHashMap<SystemId, (u32, u32)> = FxHashMap::default();
        let mut failed: FxHashMap<SystemId, Failed> = FxHashMap::default();
        for (place, span) in traces.spans.iter().enumerate() {
            let Some(phase) = scene.phase(span.time()) else { continue };
            for system in [Some(span.system), span.peer].into_iter().flatten() {
                failed.entry(system).or_default().1[phase as usize] += 1;
            }
            if !flagged[place] {
                continue;
            }
            if phase == Phase::After {
                let entry = by_system.entry(span.system).or_default();
                entry.0 += u32::from(origins[place]);
                entry.1 += 1;
            }
            if span.failed && origins[place] {
                // A failing call that nobody answered: the one who usually answers is to blame.
                let is_unanswered = traces.children(place as u32).is_empty();
                let usual = usual.get(&traces.operation(place as u32)).filter(|_| is_unanswered);
                let blamed = span.peer.or(usual.copied()).unwrap_or(span.system);
                let entry = failed.entry(blamed).or_default();
                entry.0[phase as usize] += 1;
                if phase == Phase::After {
                    entry.2 = entry.2.or(Some(span.row));
                }
            }
        }
        Self { by_system, failed }
    }
}

/// By operation, the one other system that its spans call.
fn usual_callees(traces: &Traces) -> FxHashMap<(SystemId, TextId), SystemId> {
    let mut callees: FxHashMap<(SystemId, TextId), Option<SystemId>> = FxHashMap::default();
    for (place, span) in traces.spans.iter().enumerate() {
        if let Some(parent) = traces.parent(place as u32)
            && traces.spans[parent as usize].system != span.system
        {
            let known = callees.entry(traces.operation(parent)).or_insert(Some(span.system));
            if *known != Some(span.system) {
                *known = None;
            }
        }
    }
    callees.into_iter().filter_map(|(operation, callee)| Some((operation, callee?))).collect()
}

/// Spans with an error status where the error starts, as a share of the system's spans.
fn failing_spans(scene: &Scene, traces: &Traces, origins: &ErrorOrigins) -> Vec<Finding> {
    if traces.is_empty() {
        return Vec::new();
    }
    let findings = origins.failed.iter().filter_map(|(&system, (failed, of, example))| {
        let shares =
            Shares { before: (failed[0], of[0].max(failed[0])), after: (failed[1], of[1].max(failed[1])) };
        if !shares.is_enough(LEAST_UNITS) || failed[1] == 0 {
            return None;
        }
        let is_silent = traces.spans.iter().all(|span| span.system != system);
        let (name, (after, of), (before, of_before)) = (scene.name(system), shares.after, shares.before);
        let what = if is_silent {
            format!("{after} calls to {name} fail")
        } else {
            format!("{after} spans fail at {name} with no failing callee beneath")
        };
        Some(Finding {
            system,
            signal: Signal::Origin,
            nature: Nature::Cause,
            strength: shares.departure().max(0.0),
            sentence: format!("{what}, of {of}; {before} of {of_before} before onset"),
            operation: example.map(|row| scene.evidence.text(scene.evidence.operation(row)).to_owned()),
            pointers: example.map(Pointer::Event).into_iter().collect(),
        })
    });
    findings.collect()
}
