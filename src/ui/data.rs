//! What has been learned so far. Views read it; only [`super::Ui::update`] writes it.

use super::{Filter, Picture};
use crate::drill::Log;
use crate::evidence::Row;
use crate::flows::FlowId;
use crate::incident::{Gate, Incident, Service};
use crate::telemetry::{Event, Time, Window};
use std::collections::HashMap;
use std::sync::Arc;

/// See the module's header.
#[derive(Debug, Default)]
pub struct Data {
    pub picture: Arc<Picture>,
    pub incident: Option<Incident>,
    pub incidents: Vec<Incident>,
    /// The drill that is under way here.
    pub drill: Option<Box<Log>>,
    /// What stands against calling a write-up done, a team's own rules included.
    pub gate: Gate,
    /// A team's own triage packs, as its file has them.
    pub packs: Option<String>,
    /// What teams know of their systems.
    pub catalogue: Vec<Service>,
    /// Where write-ups and updates can be published.
    pub targets: Vec<Destination>,
    /// The runbooks that were read last.
    pub books: Vec<Book>,
    pub now: Time,
    /// Seconds ahead of UTC to show times in; `None` for UTC.
    pub local: Option<i32>,
    /// What all views show, by content and by time.
    pub filter: Filter,
    pub range: Option<Window>,
    pub found: Found,
    /// A search is under way: what is found may be of an older filter.
    pub is_searching: bool,
    pub only_failing: bool,
    pub ignore_skew: bool,
    pub notice: Option<Notice>,
    pub answering: Answering,
    /// Events that were read for the screen, by row; `None` where the text is gone.
    pub events: HashMap<Row, Option<Event>>,
}

/// What a filter lets through.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// Oldest first, clocks set right.
    pub rows: Arc<Vec<Row>>,
    /// Flows that pass: by themselves, or because one of their events does; oldest first.
    pub flows: Arc<Vec<FlowId>>,
    /// How they lie in time, in [`super::STEPS`] equal steps over the window.
    pub course: Arc<Vec<Step>>,
    pub window: Option<Window>,
    /// What could not be searched, in words.
    pub note: Option<String>,
}

/// One step of the course of things.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Step {
    pub events: u32,
    pub warnings: u32,
    pub errors: u32,
    /// Flows that began in it, and those of them that failed or are stuck.
    pub flows: u32,
    pub failing: u32,
}

/// Sources that are asked for more of the opened flow.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answering {
    pub waiting: Vec<String>,
    /// Those that could not answer.
    pub silent: Vec<String>,
}

/// A line for the person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    pub text: String,
    pub is_error: bool,
}

/// A place to publish to, as the configuration has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Destination {
    pub name: String,
    pub kind: String,
    /// Others than our own people read it, so that names are taken out.
    pub is_outside: bool,
    /// Everybody can read it.
    pub is_public: bool,
    /// Nothing is sent there: a file and a link are all that there is.
    pub is_by_hand: bool,
}

/// What would be published, to the byte.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Preview {
    pub destination: Destination,
    pub text: String,
    /// Names exactly this; `None` if there is nothing to send.
    pub token: Option<String>,
}

/// A runbook as its file has it, or why it could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Book {
    pub system: String,
    pub text: Result<String, String>,
}

/// What the cursor is on, for the actions that work everywhere.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Selected {
    #[default]
    Nothing,
    Flow(FlowId),
    Event(Row),
    /// A suspect by its place in the ranking.
    Suspect(usize),
    /// A series by its place in the evidence.
    Series(usize),
    /// A live source by its place.
    Source(usize),
    /// A mitigation by its entry.
    Mitigation(u64),
    Text(String),
}

impl Data {
    /// The time that the views show.
    pub fn window(&self) -> Option<Window> {
        self.range.or(self.picture.window)
    }

    /// An event's message: in full once it was read, until then with its variable parts masked.
    pub fn message(&self, row: Row) -> &str {
        let evidence = &self.picture.evidence;
        match self.events.get(&row) {
            Some(Some(event)) if !event.body.is_empty() => &event.body,
            Some(Some(event)) => event.operation.as_deref().unwrap_or_default(),
            _ if evidence.shape(row).0 == 0 => evidence.text(evidence.operation(row)),
            _ => evidence.text(evidence.shape(row)),
        }
    }

    /// An event's time with its system's clock set right, unless raw times are wanted.
    pub fn time(&self, row: Row) -> Time {
        self.picture.flows.time(&self.picture.evidence, row)
    }

    /// Whether what is declared here is an exercise.
    pub fn is_exercise(&self) -> bool {
        self.drill.is_some() || self.picture.is_demo
    }

    /// What the catalogue says of the system that is suspected first.
    pub fn suspected(&self) -> Option<&str> {
        self.picture.findings.suspect.as_deref()?.split(" · ").next()
    }

    /// Whether no telemetry is open, nor on its way.
    pub fn is_bare(&self) -> bool {
        let picture = &self.picture;
        picture.evidence.is_empty()
            && picture.evidence.series.is_empty()
            && picture.progress.is_none()
            && picture.files.is_empty()
            && picture.sources.is_empty()
    }
}
