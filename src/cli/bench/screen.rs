//! `bench screen`: what a person waits for. Filters over all events with their course, and key to frame, with the machine
//! at rest and while everything is read again beside it.

use super::super::arguments::Shared;
use super::super::gather::{load, settings};
use super::super::output::{Output, Role};
use super::super::{Failure, Outcome, configuration};
use crate::app::{Searches, now};
use crate::flows::Flows;
use crate::sources::files::{self, discover};
use crate::ui::{Filter, Keymap, Msg, Picture, Theme, Ui};
use crossterm::event::{Event, KeyCode, KeyEvent};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use serde::Serialize;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Instant;

/// What is typed, and how often.
const FILTERS: [&str; 4] = ["level:error", "system:a", "verdict:failed", "-level:info"];
const TIMES: usize = 5;
/// A walk over the views: each key is followed by a frame.
const KEYS: &str = "2jjjGgg3jjjG4j5j6j7j1";
const WALKS: usize = 12;
const SIZE: (u16, u16) = (120, 36);

#[derive(Serialize)]
struct Line {
    records: u32,
    what: String,
    p50_ns: u64,
    p95_ns: u64,
    p99_ns: u64,
    most_ns: u64,
}

pub(super) fn run(shared: &Shared, paths: &[String], output: &Output) -> Result<Outcome, Failure> {
    let now = now();
    let config = configuration(shared)?;
    let settings = settings(&config, now)?;
    let loaded = load(discover(paths), &settings, now);
    let flows = Flows::of(&loaded.evidence, &config.flow_settings());
    let window = loaded.evidence.window();
    let course = window.map(|window| Picture::course_of(&flows, window)).unwrap_or_default();
    let picture =
        Arc::new(Picture { evidence: loaded.evidence, flows, window, course, ..Picture::default() });
    let searches = Searches::new(loaded.files);
    searches.find(&picture, &Filter::default()); // Puts all events in order, once.
    let records = picture.evidence.rows();
    let mut lines = Vec::new();
    for text in FILTERS {
        let filter = Filter::parse(text);
        let took = (0..TIMES).map(|_| timed(|| drop(searches.find(&picture, &filter)))).collect();
        lines.push(line(records, format!("filter `{text}` with its course"), took));
    }
    let found = searches.find(&picture, &Filter::default()).unwrap_or_default();
    let mut ui = Ui::new(Theme::default(), Keymap::default(), 0, false);
    drop(ui.update(Msg::Tick(now)));
    drop(ui.update(Msg::Picture(picture)));
    drop(ui.update(Msg::Found { request: ui.requested(), found }));
    lines.push(line(records, "key to frame".to_owned(), walk(&mut ui)?));
    let is_over = AtomicBool::new(false);
    let while_reading = thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                files::load(discover(paths), &settings, now, &mut |_, _| !is_over.load(Ordering::Relaxed));
            }
        });
        let took = walk(&mut ui);
        is_over.store(true, Ordering::Relaxed);
        took
    })?;
    lines.push(line(records, "key to frame while all is read again".to_owned(), while_reading));
    for line in lines {
        if output.json {
            output.object(&line)?;
        } else {
            let [p50, p95, p99, most] =
                [line.p50_ns, line.p95_ns, line.p99_ns, line.most_ns].map(|ns| ns as f64 / 1e6);
            let said = format!(
                "{:40} {p50:7.2} ms, p95 {p95:.2}, p99 {p99:.2}, at most {most:.2}, over {records} records",
                line.what
            );
            output.line(&[(Role::Plain, &said)])?;
        }
    }
    output.flush()?;
    Ok(Outcome::Done)
}

fn timed(work: impl FnOnce()) -> u64 {
    let begun = Instant::now();
    work();
    begun.elapsed().as_nanos() as u64
}

/// Presses the keys of a walk again and again; gives what each took, from the key to the frame.
fn walk(ui: &mut Ui) -> Result<Vec<u64>, Failure> {
    let mut terminal = Terminal::new(TestBackend::new(SIZE.0, SIZE.1))
        .map_err(|error| Failure::unread(format!("cannot draw: {error}")))?;
    let keys = || KEYS.chars().map(|key| Event::Key(KeyEvent::from(KeyCode::Char(key))));
    let mut took = Vec::new();
    for key in (0..WALKS).flat_map(|_| keys()) {
        took.push(timed(|| {
            drop(ui.update(Msg::Input(key)));
            let _ = terminal.draw(|frame| ui.draw(frame));
        }));
    }
    Ok(took)
}

fn line(records: u32, what: String, mut took: Vec<u64>) -> Line {
    took.sort_unstable();
    let at = |share: usize| took[(took.len() - 1) * share / 100];
    Line { records, what, p50_ns: at(50), p95_ns: at(95), p99_ns: at(99), most_ns: at(100) }
}
