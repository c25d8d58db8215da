//! Looking into a snapshot: events in full for the screen, and what a filter lets through. Never on the screen's thread.

use super::engine::SharedFiles;
use crate::evidence::{Evidence, Row};
use crate::telemetry::{Event, EventKind, Severity, Window};
use crate::ui::{Filter, Found, STEPS};
use rayon::prelude::*;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Events in full, read again from where they came from.
pub(super) fn read(files: &SharedFiles, evidence: &Evidence, rows: &[Row]) -> Vec<(Row, Option<Event>)> {
    let files = files.read().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
    rows.iter().map(|row| (*row, files.read_event(evidence, evidence.origin(*row)))).collect()
}

/// Raw lines that are read for a text that the columns do not hold; beyond these the note says so.
const MOST_READ: usize = 200_000;

/// What a filter lets through, oldest first. `None` if a newer request came meanwhile.
pub(super) fn search(
    files: &SharedFiles,
    evidence: &Evidence,
    filter: &Filter,
    request: u64,
    newest: &AtomicU64,
) -> Option<Found> {
    let is_stale = || newest.load(Ordering::Relaxed) != request;
    let systems: Vec<bool> = evidence.systems.iter().map(|(_, name)| filter.fits_system(name)).collect();
    let window = filter.window.unwrap_or(Window::ALL);
    let by_columns = |row: Row| {
        systems.get(usize::from(evidence.system(row).0)).copied().unwrap_or(true)
            && filter.at_least.is_none_or(|least| evidence.severity(row) >= least)
            && filter.kind.is_none_or(|kind: EventKind| evidence.kind(row) == kind)
            && window.contains(evidence.time(row))
    };
    let mut rows: Vec<Row> =
        (0..evidence.rows()).into_par_iter().map(Row).filter(|row| by_columns(*row)).collect();
    if is_stale() {
        return None;
    }
    let mut note = None;
    if filter.needs_text() {
        let regex = filter.regex.as_ref().and_then(|pattern| regex::Regex::new(pattern).ok());
        // A masked message decides for all events that share it, unless the text wanted has what masks hide.
        let hides = filter.regex.is_some()
            || filter
                .words
                .iter()
                .chain(&filter.without_words)
                .any(|word| word.bytes().any(|b| b.is_ascii_digit()));
        if hides {
            if rows.len() > MOST_READ {
                rows.par_sort_unstable_by_key(|row| std::cmp::Reverse(evidence.time(*row)));
                note = Some(format!("the newest {MOST_READ} of {} were searched", rows.len()));
                rows.truncate(MOST_READ);
            }
            let files = files.read().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
            rows = rows
                .into_par_iter()
                .filter(|row| {
                    !is_stale()
                        && files.read_event(evidence, evidence.origin(*row)).is_some_and(|event| {
                            let ids: String =
                                event.identifiers.iter().map(|id| format!(" {}", id.value)).collect();
                            filter.fits_text(&format!("{}{ids}", event.body), regex.as_ref())
                        })
                })
                .collect();
        } else {
            let fits: Vec<bool> =
                evidence.texts.iter().map(|(_, text)| filter.fits_text(text, regex.as_ref())).collect();
            let fits = |text: crate::evidence::TextId| fits.get(text.0 as usize).copied().unwrap_or(false);
            rows = rows
                .into_par_iter()
                .filter(|row| fits(evidence.shape(*row)) || text_of_operation(evidence, *row, &fits))
                .collect();
        }
    }
    if is_stale() {
        return None;
    }
    rows.par_sort_unstable_by_key(|row| (evidence.time(*row), evidence.origin(*row)));
    let course = evidence.window().map(|window| course(evidence, &rows, window)).unwrap_or_default();
    Some(Found { rows: Arc::new(rows), course: Arc::new(course), note })
}

fn text_of_operation(evidence: &Evidence, row: Row, fits: &impl Fn(crate::evidence::TextId) -> bool) -> bool {
    let operation = evidence.operation(row);
    operation.0 != 0 && fits(operation)
}

/// Events and errors by step of the window.
fn course(evidence: &Evidence, rows: &[Row], window: Window) -> Vec<(u32, u32)> {
    let mut steps = vec![(0, 0); STEPS];
    let length = i128::from(window.length().0.max(1));
    for row in rows {
        let place = (evidence.time(*row) - window.from).0 as i128 * STEPS as i128 / length;
        if let Some(step) = usize::try_from(place).ok().and_then(|place| steps.get_mut(place)) {
            step.0 += 1;
            step.1 += u32::from(evidence.severity(*row) >= Severity::ERROR);
        }
    }
    steps
}
