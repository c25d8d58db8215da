//! What an incident is declared from: an alert or a suspect gives it its title and its first evidence.

use crate::evidence::{Evidence, Row};
use crate::suspects::Suspect;
use crate::telemetry::EventKind;

/// Where a declaration begins.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Opening {
    pub title: String,
    /// What the evidence that it comes with shows; empty where it comes with none.
    pub says: String,
    /// Events to keep with it.
    pub rows: Vec<Row>,
    /// Sentences to keep with it.
    pub lines: Vec<String>,
}

/// A title is read out: longer ones are cut.
const LONGEST: usize = 120;

impl Opening {
    /// A title alone.
    pub fn titled(title: &str) -> Self {
        Self { title: title.to_owned(), ..Self::default() }
    }

    /// From an alert. `message` is what it says in full, where that was read.
    pub fn of_alert(evidence: &Evidence, row: Row, message: Option<&str>) -> Self {
        let system = evidence.system_name(evidence.system(row));
        let known = evidence.text(evidence.shape(row));
        let message = message.unwrap_or(known).lines().next().unwrap_or_default().trim();
        let title =
            if message.contains(system) { message.to_owned() } else { format!("{system}: {message}") };
        Self {
            title: short(&title),
            says: format!("alert on {system}: {message}"),
            rows: vec![row],
            lines: Vec::new(),
        }
    }

    /// From a suspect, with the reasons for it. `title` is what the evidence would call it, if it is the first.
    pub fn of_suspect(evidence: &Evidence, suspect: &Suspect, title: Option<&str>) -> Self {
        let system = evidence.system_name(suspect.system);
        let why = match suspect.failure_modes.first() {
            Some(mode) => mode.replace('-', " "),
            None => suspect.evidence.first().map(|reason| reason.sentence.clone()).unwrap_or_default(),
        };
        let title = title.map_or_else(|| format!("{system}: {why}"), str::to_owned);
        Self {
            title: short(title.trim_end_matches(": ")),
            says: format!("suspect {system} with {:.2}", suspect.score),
            rows: Vec::new(),
            lines: suspect.evidence.iter().map(|reason| reason.sentence.clone()).collect(),
        }
    }

    /// All alerts that there are.
    pub fn alerts(evidence: &Evidence) -> impl Iterator<Item = Row> {
        evidence.rows_at(|station| station.kind == EventKind::Alert)
    }

    /// The newest alert that there is.
    pub fn newest_alert(evidence: &Evidence) -> Option<Row> {
        Self::alerts(evidence).max_by_key(|row| (evidence.time(*row), *row))
    }

    /// An alert in one sentence, as timelines have it.
    pub fn alert_sentence(evidence: &Evidence, row: Row) -> String {
        let system = evidence.system_name(evidence.system(row));
        format!("alert on {system}: {}", evidence.text(evidence.shape(row)))
    }
}

fn short(text: &str) -> String {
    if text.chars().count() <= LONGEST {
        return text.to_owned();
    }
    let kept: String = text.chars().take(LONGEST - 1).collect();
    format!("{kept}…")
}
