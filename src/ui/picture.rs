//! What the engine publishes: an immutable snapshot that the screen draws from.

use super::{STEPS, Step};
use crate::evidence::{Evidence, SystemId};
use crate::flows::{Census, Flows, KindId, Phase, Verdict};
use crate::incident::Findings;
use crate::suspects::Suspects;
use crate::telemetry::{Nanos, SourceHealth, Time, Window, Zone};
use std::sync::Arc;

/// Everything that is known of the estate at one moment.
#[derive(Clone, Debug, Default)]
pub struct Picture {
    pub evidence: Evidence,
    pub flows: Flows,
    pub suspects: Suspects,
    pub findings: Findings,
    pub sources: Vec<SourceHealth>,
    pub files: Vec<FileRow>,
    /// All flows of each source that holds too much to be read.
    pub censuses: Vec<Arc<Census>>,
    /// What is still being done.
    pub progress: Option<Progress>,
    /// From the first to the last event, clocks set right, but for stray ones.
    pub window: Option<Window>,
    /// Events whose times lie far from all others: a clock in 1970, a date in 2099.
    pub strays: u32,
    /// Flows by when they began, in equal steps over the window.
    pub course: Vec<Step>,
    /// How far flows come, by kind; those that lose most first.
    pub ways: Vec<Way>,
    /// What is open, as the title says it.
    pub title: String,
    pub is_demo: bool,
}

/// What is being done that takes a while, and how far it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Progress {
    /// Files are read.
    Reading { bytes: u64, of: u64 },
    /// Flows are made of what was read; so much of the phase is done, of 1.
    Correlating { phase: Phase, share: f64 },
    /// Suspects are ranked; flows are there.
    Ranking,
}

impl Progress {
    /// Whether there are no flows yet.
    pub fn hides_flows(self) -> bool {
        self != Self::Ranking
    }

    /// What is done, in a few words.
    pub fn says(self) -> String {
        let percent = |share: f64| format!("{:.0} %", share * 100.0);
        match self {
            Self::Reading { bytes, of } => format!("reading, {}", percent(bytes as f64 / of.max(1) as f64)),
            Self::Correlating { phase: Phase::Linking, .. } => "linking identifiers".to_owned(),
            Self::Correlating { phase: Phase::Clocks, .. } => "comparing clocks".to_owned(),
            Self::Correlating { phase: Phase::Tracing, share } => {
                format!("tracing flows, {}", percent(share))
            }
            Self::Correlating { phase: Phase::Judging, .. } => "judging flows".to_owned(),
            Self::Ranking => "ranking suspects".to_owned(),
        }
    }
}

/// What was made of one file, for the Sources view.
#[derive(Clone, Debug, PartialEq)]
pub struct FileRow {
    pub path: String,
    pub format: String,
    pub system: String,
    pub zone: Option<Zone>,
    pub bytes: u64,
    pub records: u64,
    pub unread: u64,
    /// Why it, or some of it, could not be read.
    pub trouble: Option<String>,
}

/// How far the flows of one kind come since the onset, or in all if there is none.
#[derive(Clone, Debug, PartialEq)]
pub struct Way {
    pub kind: KindId,
    pub flows: u32,
    pub lost: u32,
    /// The same before the onset: (lost, flows).
    pub before: (u32, u32),
    /// The systems of its path in their usual order.
    pub stages: Vec<Stage>,
}

/// One system on the way.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stage {
    pub system: SystemId,
    pub reached: u32,
    /// Flows that failed or got stuck here, or on the way to here.
    pub stopped: u32,
    /// How long the way here usually takes, from the system before.
    pub p50: Option<Nanos>,
    pub p99: Option<Nanos>,
}

impl Picture {
    /// Without what ranks suspects, for a drill in which somebody finds them alone. What fails, where and since when stays.
    #[must_use]
    pub fn without_suspects(self) -> Self {
        const WHY: &str = "suspects are hidden in this drill: find out by flows, logs, metrics and traces";
        let suspects = Suspects { onset: self.suspects.onset, reason: WHY.to_owned(), ..Suspects::default() };
        let findings = Findings {
            suspect: None,
            is_conclusive: false,
            reason: WHY.to_owned(),
            evidence: Vec::new(),
            change: None,
            failure_mode: None,
            first_checks: Vec::new(),
            usual_mitigations: Vec::new(),
            systemic_fixes: Vec::new(),
            owner: None,
            ..self.findings
        };
        Self { suspects, findings, ..self }
    }

    /// The course of flows over a window.
    pub fn course_of(flows: &Flows, window: Window) -> Vec<Step> {
        let mut steps = vec![Step::default(); STEPS];
        for (_, flow) in flows.iter() {
            if let Some(step) = step_of(window, flow.first).and_then(|step| steps.get_mut(step)) {
                step.flows += 1;
                step.failing += u32::from(matches!(flow.verdict, Verdict::Failed | Verdict::Stuck));
            }
        }
        steps
    }

    /// How far flows come, at most `most` kinds.
    pub fn ways_of(flows: &Flows, onset: Option<Time>, most: usize) -> Vec<Way> {
        let systems = |way: &Way, system: SystemId| way.stages.iter().position(|one| one.system == system);
        let mut ways: Vec<Way> = flows
            .kinds
            .iter()
            .enumerate()
            .map(|(place, kind)| Way {
                kind: KindId(place as u16),
                flows: 0,
                lost: 0,
                before: (0, 0),
                stages: kind.path.systems.iter().map(|system| Stage::new(*system)).collect(),
            })
            .collect();
        for (_, flow) in flows.iter() {
            let way = &mut ways[usize::from(flow.kind.0)];
            let is_lost = matches!(flow.verdict, Verdict::Failed | Verdict::Stuck);
            if onset.is_some_and(|onset| flow.last < onset) {
                way.before = (way.before.0 + u32::from(is_lost), way.before.1 + 1);
                continue;
            }
            way.flows += 1;
            way.lost += u32::from(is_lost);
            for visit in &flow.visits {
                if let Some(place) = systems(way, visit.system) {
                    way.stages[place].reached += 1;
                }
            }
            if let Some(hop) = flow.failing_hop.filter(|_| is_lost) {
                let place = systems(way, hop.to).unwrap_or_else(|| {
                    let after = systems(way, hop.from).map_or(way.stages.len(), |place| place + 1);
                    way.stages.insert(after, Stage::new(hop.to));
                    after
                });
                way.stages[place].stopped += 1;
            }
        }
        ways.retain(|way| way.flows + way.before.1 > 0);
        ways.sort_by_key(|way| (std::cmp::Reverse((way.lost, way.flows)), way.kind));
        ways.truncate(most);
        for way in &mut ways {
            let legs = &flows.kind(way.kind).path.legs;
            for place in 1..way.stages.len() {
                let to = way.stages[place].system;
                // The usual way here, whichever system it comes from.
                let leg = legs.iter().filter(|leg| leg.hop.to == to).max_by_key(|leg| leg.flows);
                way.stages[place].p50 = leg.map(|leg| leg.p50);
                way.stages[place].p99 = leg.map(|leg| leg.p99);
            }
        }
        ways
    }
}

impl Stage {
    fn new(system: SystemId) -> Self {
        Self { system, reached: 0, stopped: 0, p50: None, p99: None }
    }
}

/// The step of a window that a time lies in.
pub fn step_of(window: Window, time: Time) -> Option<usize> {
    let length = i128::from(window.length().0.max(1));
    window.contains(time).then(|| (i128::from((time - window.from).0) * STEPS as i128 / length) as usize)
}

/// The first instant of a step of a window, and past its last step the window's end.
pub fn begin_of(window: Window, step: usize) -> Time {
    let length = window.length().0 as u128;
    window.from + Nanos((step as u128 * length).div_ceil(STEPS as u128) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_step_begins_where_the_one_before_ends() {
        for length in [1, 7, STEPS as i64 - 1, 12_345, 86_400_000_000_007] {
            let window = Window { from: Time(1_000), to: Time(1_000 + length) };
            assert_eq!((begin_of(window, 0), begin_of(window, STEPS)), (window.from, window.to));
            for step in 0..STEPS {
                let (begin, end) = (begin_of(window, step), begin_of(window, step + 1));
                if begin < end {
                    assert_eq!(step_of(window, begin), Some(step), "{length}");
                    assert_eq!(step_of(window, Time(end.0 - 1)), Some(step), "{length}");
                }
            }
        }
    }
}
