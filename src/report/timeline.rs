//! The timeline: what the record says and what the telemetry shows, merged, without what only the bookkeeping needs.

use super::Report;
use crate::telemetry::Time;
use serde::Serialize;

/// One line of the timeline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TimelineRow {
    pub time: Time,
    /// When it was recorded; `None` for what the telemetry shows.
    pub recorded: Option<Time>,
    pub author: String,
    pub kind: String,
    pub text: String,
    pub pins: usize,
}

/// Entries that keep the record and tell nothing of the incident.
const BOOKKEEPING: [&str; 7] = ["undo", "rca", "cadence", "step", "published", "correction", "coverage"];

impl Report {
    /// The rows of the timeline, oldest first; noise is left out.
    pub fn timeline_rows(&self) -> Vec<TimelineRow> {
        let recorded = self.incident.lines.iter();
        let recorded = recorded.filter(|line| !line.is_undone && !BOOKKEEPING.contains(&line.label));
        let mut rows: Vec<TimelineRow> = recorded
            .map(|line| TimelineRow {
                time: line.happened,
                recorded: Some(line.recorded),
                author: line.author.clone(),
                kind: line.label.to_owned(),
                text: line.text.clone(),
                pins: line.pins,
            })
            .collect();
        rows.extend(self.notable.iter().map(|(time, text)| TimelineRow {
            time: *time,
            recorded: None,
            author: String::new(),
            kind: "telemetry".to_owned(),
            text: text.clone(),
            pins: 0,
        }));
        rows.sort_by_key(|row| row.time);
        rows.dedup_by(|next, row| {
            // A mitigation that is measured every minute says the same again and again: the last word stands.
            let is_same = row.kind == next.kind && row.text == next.text;
            if is_same && row.kind == "measured" {
                row.time = next.time;
            }
            is_same
        });
        rows
    }
}
