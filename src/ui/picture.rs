//! What the engine publishes: an immutable snapshot that the screen draws from.

use crate::evidence::Evidence;
use crate::flows::{Flows, Verdict};
use crate::incident::Findings;
use crate::suspects::Suspects;
use crate::telemetry::{Nanos, SourceHealth, Time, Window, Zone};

/// Everything that is known of the estate at one moment.
#[derive(Clone, Debug, Default)]
pub struct Picture {
    pub evidence: Evidence,
    pub flows: Flows,
    pub suspects: Suspects,
    pub findings: Findings,
    pub sources: Vec<SourceHealth>,
    pub files: Vec<FileRow>,
    /// Reading goes on: (bytes read, bytes in all).
    pub progress: Option<(u64, u64)>,
    /// The time that all views show.
    pub window: Option<Window>,
    /// Flows by when they began, in equal steps over the window.
    pub course: Vec<Step>,
    /// What is open, as the title says it.
    pub title: String,
    pub is_demo: bool,
}

/// One step of the course: flows that began in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Step {
    pub flows: u32,
    pub failing: u32,
}

/// What was made of one file, for the Sources view.
#[derive(Clone, Debug, PartialEq)]
pub struct FileRow {
    pub path: String,
    pub format: String,
    pub system: String,
    pub zone: Option<Zone>,
    pub records: u64,
    pub unread: u64,
    /// Why it, or some of it, could not be read.
    pub trouble: Option<String>,
}

/// How many steps the course has.
pub const STEPS: usize = 240;

impl Picture {
    /// The course of flows over a window.
    pub fn course_of(flows: &Flows, window: Window) -> Vec<Step> {
        let mut steps = vec![Step::default(); STEPS];
        let length = window.length().0.max(1);
        for (_, flow) in flows.iter() {
            let place = (flow.first - window.from).0 as i128 * STEPS as i128 / i128::from(length);
            let Some(step) = usize::try_from(place).ok().and_then(|place| steps.get_mut(place)) else {
                continue;
            };
            step.flows += 1;
            step.failing += u32::from(matches!(flow.verdict, Verdict::Failed | Verdict::Stuck));
        }
        steps
    }

    /// Where a time lies in the window, 0 to 1.
    pub fn share(&self, time: Time) -> Option<f64> {
        let window = self.window?;
        let Nanos(length) = window.length();
        let share = (time - window.from).0 as f64 / length.max(1) as f64;
        (0.0..=1.0).contains(&share).then_some(share)
    }
}
