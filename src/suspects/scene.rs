//! What all signals look at: the evidence, cut at the onset into before and after.

use super::onset::Found;
use super::{Modes, Pointer, Signal, SuspectSettings};
use crate::evidence::{Evidence, Row, SystemId};
use crate::flows::Flows;
use crate::telemetry::{EventKind, Nanos, Time, Window};

/// What happens later than this after the onset is the incident's aftermath: mitigations, restarts, people.
const LONGEST: Nanos = Nanos::seconds(3_600);

/// Samples are taken at their own pace, and an onset may be given a minute late: one from before may be of the trouble.
const SAMPLED: Nanos = Nanos::seconds(60);

/// Alerts this far from the onset belong to it.
const ALERTED: Nanos = Nanos::seconds(1_800);

pub(super) struct Scene<'a> {
    pub evidence: &'a Evidence,
    pub flows: &'a Flows,
    /// Surely before the onset, and surely after it; what lies between may be either.
    pub before: Window,
    pub after: Window,
    onset: Time,
    earliest: Time,
    /// Whether the onset was given by somebody and not found.
    pub is_given: bool,
    /// Whether anything says that something fails, and has not only changed.
    pub is_failing: bool,
    pub modes: Modes,
}

/// Which side of the onset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Before,
    After,
}

/// Whether what was found is a way to break, or what breaking looks like from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Nature {
    Cause,
    /// Latency and errors: callers show them as much as the one to blame.
    Symptom,
}

/// What a signal says of one system.
#[derive(Clone, Debug)]
pub(super) struct Finding {
    pub system: SystemId,
    pub signal: Signal,
    pub nature: Nature,
    /// In the signal's own unit, mostly standard errors or spreads; the weights say what counts.
    pub strength: f64,
    pub sentence: String,
    pub operation: Option<String>,
    pub pointers: Vec<Pointer>,
}

impl<'a> Scene<'a> {
    pub(super) fn new(
        evidence: &'a Evidence,
        flows: &'a Flows,
        found: &Found,
        settings: &SuspectSettings,
    ) -> Self {
        let (onset, between) = (found.onset.time, found.between);
        let whole = reach(evidence).unwrap_or(Window { from: onset, to: onset });
        let earliest = settings.baseline.map_or(whole.from, |typed| typed.from).min(between.from);
        // What was typed may reach as far as the onset that was typed with it.
        let latest = settings.baseline.map_or(between.from, |typed| typed.to.min(between.from));
        let before = Window { from: earliest, to: latest.max(earliest) };
        let after = Window { from: between.to, to: whole.to.min(onset + LONGEST).max(between.to) };
        let is_given = settings.onset.is_some();
        Self {
            evidence,
            flows,
            before,
            after,
            onset,
            earliest: between.from,
            is_given,
            is_failing: found.is_failing,
            modes: settings.modes.clone(),
        }
    }

    pub(super) fn phase(&self, time: Time) -> Option<Phase> {
        if self.after.contains(time) {
            Some(Phase::After)
        } else {
            self.before.contains(time).then_some(Phase::Before)
        }
    }

    pub(super) fn onset(&self) -> Time {
        self.onset
    }

    /// For what is sampled seldom: from where the onset may lie at the earliest, less what a sample may be late or early.
    pub(super) fn since(&self) -> Window {
        Window { from: self.earliest - SAMPLED, to: self.after.to }
    }

    /// Alerts that belong to the onset.
    pub(super) fn alerts(&self) -> impl Iterator<Item = Row> {
        let near = |row: &Row| (self.evidence.time(*row) - self.onset).0.abs() <= ALERTED.0;
        self.evidence.rows_at(|station| station.kind == EventKind::Alert).filter(near)
    }

    pub(super) fn name(&self, system: SystemId) -> &'a str {
        self.evidence.system_name(system)
    }
}

/// From the first to just past the last of all events and samples.
pub(super) fn reach(evidence: &Evidence) -> Option<Window> {
    let samples = evidence.series.iter().filter_map(|series| {
        let (first, last) = (series.samples.first()?, series.samples.last()?);
        Some(Window { from: first.time, to: last.time + Nanos(1) })
    });
    samples.chain(evidence.window()).reduce(|a, b| Window { from: a.from.min(b.from), to: a.to.max(b.to) })
}
