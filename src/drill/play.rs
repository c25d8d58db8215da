//! A drill played to its end without a person: the same run, the same record, a script in the place of hands.

use super::candidate::{Candidate, Step};
use super::estate::{Emission, Truth};
use super::log::{Line, Start};
use super::run::{Came, Run};
use super::score::Score;
use crate::incident::{Draft, Entry, Incident, What, seal};
use crate::telemetry::Time;

/// Who the script is, in the record.
const AUTHOR: &str = "candidate";

/// How a drill went that was played by a script.
pub struct Played {
    pub lines: Vec<Line>,
    pub entries: Vec<Entry>,
    pub emissions: Vec<Emission>,
    pub truth: Truth,
    pub score: Score,
    /// The run at its end.
    pub run: Run,
}

/// What is measured of the mitigations in force, from all that was written so far.
pub type Measure<'a> = &'a mut dyn FnMut(&Incident, Time, &[Emission]) -> Vec<What>;

/// Plays a drill: every step of the candidate at its minute, then on to the end.
pub fn play(
    start: Start,
    begin: Time,
    candidate: &Candidate,
    measure: Measure<'_>,
) -> Result<Played, String> {
    let steps = candidate.all()?;
    let (run, came) = Run::begin(start, begin)?;
    let mut stage = Stage { run, lines: Vec::new(), entries: Vec::new(), emissions: Vec::new() };
    stage.take(came);
    for step in &steps {
        let came = stage.run.advance(step.time(begin));
        stage.take(came);
        stage
            .act(&step.step, measure)
            .map_err(|mistake| format!("at {} minutes ({:?}): {mistake}", step.at, step.step))?;
    }
    let ends = stage.run.log().ends();
    let came = stage.run.advance(ends);
    stage.take(came);
    let Stage { run, lines, entries, emissions } = stage;
    Ok(Played { truth: run.truth(), score: run.score(&entries, run.now()), lines, entries, emissions, run })
}

struct Stage {
    run: Run,
    lines: Vec<Line>,
    entries: Vec<Entry>,
    emissions: Vec<Emission>,
}

impl Stage {
    fn take(&mut self, came: Came) {
        self.lines.extend(came.lines);
        self.emissions.extend(came.emissions);
    }

    fn act(&mut self, step: &Step, measure: Measure<'_>) -> Result<(), String> {
        let now = self.run.now();
        let drafts = match step {
            Step::Hint => {
                let came = self.run.hint();
                self.take(came);
                Vec::new()
            }
            Step::Measure => {
                let incident = Incident::replay("", &self.entries);
                let whats = measure(&incident, now, &self.emissions);
                whats.into_iter().map(|what| Draft::new(now, AUTHOR, what)).collect()
            }
            step => {
                let emissions = &self.emissions;
                let written = |file: &str, contains: &str| lines_of(emissions, file, contains);
                step.drafts(now, AUTHOR, &self.entries, &written)?
            }
        };
        for draft in drafts {
            let previous = self.entries.last().map_or(String::new(), |entry| entry.hash.clone());
            self.entries.push(seal(draft, self.entries.len() as u64 + 1, &previous));
        }
        let incident = Incident::replay("", &self.entries);
        let came = self.run.see(&incident);
        self.take(came);
        Ok(())
    }
}

/// Lines of a file that contain a text, with their times.
fn lines_of(emissions: &[Emission], file: &str, contains: &str) -> Vec<(Time, String)> {
    emissions
        .iter()
        .filter(|emission| emission.file == file)
        .flat_map(|emission| emission.text.lines().map(|line| (emission.at, line.to_owned())))
        .filter(|(_, line)| line.contains(contains))
        .collect()
}
