//! Drills: incidents to practise on. Pure: the simulated time comes in as a value, and what the estate writes goes out as text.
//!
//! A [`Scenario`] says what happens and what a good answer names; a [`Run`] lets it happen on the [`estate`], told by the
//! lines of a [`Log`]; a [`Score`] is made from record, log and truth by a [`Rubric`]; [`play`] does it all without a person.

mod candidate;
mod checks;
mod debrief;
/// The simulated estate: systems, faults, mitigations, and the raw telemetry that follows from them.
pub mod estate;
mod key;
mod library;
mod log;
mod model;
mod play;
mod recording;
mod rubric;
mod run;
mod scenario;
mod score;
mod stage;
mod terms;

pub use candidate::{Candidate, Step, Timed};
pub use debrief::{Answer, Beside, Debrief, Milestone, Seen, Tried, after, grade, left, scorecard};
pub use estate::Emission;
pub use key::AnswerKey;
pub use library::{library, scenario_named};
pub use log::{Command, Given, Happening, Hinted, Line, Log, Pace, Pull, Start};
pub use play::{Measure, Played, play};
pub use recording::{Recorded, Recording, shifted};
pub use rubric::{Check, Dimension, Objective, Rubric};
pub use run::{Came, Run};
pub use scenario::{Answers, BASELINE_MINUTES, Cue, Difficulty, Expect, Hint, Inject, Scenario, When};
pub use score::{DimensionScore, Marked, Matched, Score, score};
pub use terms::{Found, Terms};
