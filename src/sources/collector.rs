//! One source and what is known of it: every answer and every failure changes its health, and nothing else does.

use super::deep_links::beneath;
use super::held::Held;
use super::{Source, SourceError};
use crate::telemetry::{Batch, Completeness, Nanos, Query, Reach, SourceHealth, Time, Wanted, Window};
use futures::StreamExt;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Asks a source and keeps its health.
pub struct Collector {
    source: Arc<dyn Source>,
    health: SourceHealth,
    /// What it has given before: windows overlap, and a trace is asked for by its name too.
    held: Held,
    /// What the last answer to each kind of question lacked; one that is whole hides no other that is not.
    lacking: BTreeMap<&'static str, Completeness>,
}

impl Collector {
    pub fn new(source: Arc<dyn Source>) -> Self {
        let health = SourceHealth {
            signals: source.signals().to_vec(),
            notes: source.notes(),
            ..SourceHealth::new(source.name().to_owned(), source.kind().to_owned())
        };
        Self { source, health, held: Held::default(), lacking: BTreeMap::new() }
    }

    /// Another that asks the same source at the same time: what one of them was given, neither is given again.
    #[must_use]
    pub fn beside(&self) -> Self {
        Self {
            source: self.source.clone(),
            health: self.health.clone(),
            held: self.held.beside(),
            lacking: BTreeMap::new(),
        }
    }

    /// Notes that it counts what it holds, and that only a sample of it was read.
    pub fn counts(&mut self, said: Option<String>) {
        self.health.counted = said;
    }

    pub fn health(&self) -> &SourceHealth {
        &self.health
    }

    pub fn source(&self) -> &Arc<dyn Source> {
        &self.source
    }

    /// Asks whether it answers as it should.
    pub async fn check(&mut self, now: Time) {
        let outcome = self.source.check().await;
        match &outcome {
            Ok(said) => {
                self.health.notes = self.source.notes();
                self.health.notes.push(said.clone());
                self.answered(now);
            }
            Err(error) => self.failed(error),
        }
        self.health.queries = self.source.queries();
    }

    /// Asks for what the query wants; every page goes to `take` as it comes.
    pub async fn pull(
        &mut self,
        query: Query,
        now: Time,
        mut take: impl FnMut(Batch) + Send,
    ) -> Result<(), SourceError> {
        let (window, limit) = (query.window, query.limit);
        let is_alerts_or_changes = matches!(query.wanted, Wanted::Alerts | Wanted::Changes);
        let question = match query.wanted {
            Wanted::Metrics { .. } => "metrics",
            Wanted::Events => "events",
            Wanted::Identifiers(_) => "identifiers",
            Wanted::Changes => "changes",
            Wanted::Alerts => "alerts",
            Wanted::Tallies => "tallies",
        };
        let source = self.source.clone();
        let command: Arc<str> = command(source.as_ref(), &query).into();
        let mut pages = source.fetch(query.clone());
        self.held.begin();
        let mut partial = Vec::new();
        let mut is_known = true;
        let mut is_answered = false;
        let mut outcome = Ok(());
        while let Some(page) = pages.next().await {
            match page {
                Ok(mut batch) => {
                    is_answered = true;
                    match &batch.completeness {
                        Completeness::Full => {}
                        Completeness::Partial(reasons) => partial.extend(reasons.iter().cloned()),
                        Completeness::Unknown => is_known = false,
                    }
                    batch.command = command.clone();
                    self.held.keep_new(&mut batch.events);
                    self.note(&batch);
                    take(batch);
                }
                Err(error) => {
                    outcome = Err(error);
                    break;
                }
            }
        }
        // What there is to ask for may have been found out only now.
        let command =
            if command.is_empty() { self::command(source.as_ref(), &query) } else { command.to_string() };
        if is_answered && !command.is_empty() {
            self.health.asked.insert(question, command);
        }
        self.health.queries = self.source.queries();
        self.health.limit = is_answered.then_some(limit as u64).or(self.health.limit);
        if let Err(error) = &outcome {
            self.failed(error);
            if is_answered {
                // What came before the failure stays, but it is not all.
                partial.push("the answer broke off".to_owned());
                self.lacks(question, Completeness::Partial(partial));
            }
            return outcome;
        }
        // A source that has no such signal answers nothing, which says nothing of its health.
        if is_answered {
            self.answered(now);
            partial.sort();
            partial.dedup();
            let completeness = match (partial.is_empty(), is_known) {
                (false, _) => Completeness::Partial(partial),
                (true, true) => Completeness::Full,
                (true, false) => Completeness::Unknown,
            };
            self.lacks(question, completeness);
            if !is_alerts_or_changes {
                self.health.covered = Some(self.health.covered.map_or(window, |known| Window {
                    from: known.from.min(window.from),
                    to: known.to.max(window.to),
                }));
            }
        }
        outcome
    }

    fn lacks(&mut self, question: &'static str, completeness: Completeness) {
        self.lacking.insert(question, completeness);
        let reasons = self.lacking.values().filter_map(|one| match one {
            Completeness::Partial(reasons) => Some(reasons.iter().cloned()),
            _ => None,
        });
        let mut reasons: Vec<String> = reasons.flatten().collect();
        reasons.sort();
        reasons.dedup();
        self.health.completeness = if !reasons.is_empty() {
            Completeness::Partial(reasons)
        } else if self.lacking.values().all(|one| *one == Completeness::Full) {
            Completeness::Full
        } else {
            Completeness::Unknown
        };
    }

    fn note(&mut self, batch: &Batch) {
        let health = &mut self.health;
        let samples: usize = batch.series.iter().map(|series| series.samples.len()).sum();
        let rows = batch.events.len() + batch.changes.len() + batch.tallies.len() + samples;
        health.rows += rows as u64;
        health.unread += batch.issues.len() as u64;
        let newest = batch.events.iter().map(|event| event.time);
        let newest = newest.chain(batch.tallies.iter().map(|tally| tally.last));
        let newest = newest.chain(batch.series.iter().filter_map(|series| Some(series.samples.last()?.time)));
        health.freshest = newest.chain(health.freshest).max();
        let systems = batch.events.iter().map(|event| &event.system);
        let systems = systems.chain(batch.tallies.iter().map(|tally| &tally.system));
        for system in systems.chain(batch.series.iter().map(|series| &series.system)) {
            if let Err(place) = health.systems.binary_search(system) {
                health.systems.insert(place, system.clone());
            }
        }
    }

    fn answered(&mut self, now: Time) {
        self.health.reach = Reach::Reachable;
        self.health.last_answer = Some(now);
    }

    fn failed(&mut self, error: &SourceError) {
        self.health.reach = reach_of(error);
    }
}

/// Whether a source that stopped for this reason can be reached.
pub fn reach_of(error: &SourceError) -> Reach {
    match error {
        SourceError::Denied { .. } | SourceError::Throttled { .. } | SourceError::BadQuery { .. } => {
            Reach::Degraded(error.to_string())
        }
        SourceError::Unreachable { .. }
        | SourceError::Unreadable { .. }
        | SourceError::Misdirected { .. }
        | SourceError::Misconfigured { .. } => Reach::Unreachable(error.to_string()),
    }
}

/// What a first look at a window asks of every source; each answers what it has.
pub fn first_questions(window: Window, patience: Nanos) -> Vec<Query> {
    // A point for each column of a wide chart, and never finer than most scrape.
    let step = Nanos((window.length().0 / 240).max(15_000_000_000) / 1_000_000_000 * 1_000_000_000);
    [
        (Wanted::Changes, 10_000),
        (Wanted::Alerts, 10_000),
        (Wanted::Events, 500_000),
        (Wanted::Metrics { step }, 2_000_000),
    ]
    .into_iter()
    .map(|(wanted, limit)| Query { window, wanted, limit, deadline: patience })
    .collect()
}
/// The command that asks the same, with the place where a person sees it.
fn command(source: &dyn Source, query: &Query) -> String {
    beneath(&source.as_command(query), source.deep_link(query))
}
