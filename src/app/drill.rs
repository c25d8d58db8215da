//! Drills in the outside world: their folder, the thread that lets their time pass, the interviewer's terminal, debriefs.

mod folder;
mod observe;
mod session;

pub use folder::{Folder, Telemetry};
pub use observe::{observe, watched};
pub(super) use session::{Order, Session};

use crate::drill::{Debrief, Happening, Line, Run, Start};
use crate::incident::{Entry, Incident};
use crate::store::Store;
use std::path::{Path, PathBuf};

/// Begins a drill in a new folder: its log, its configuration, and the healthy traffic before the brief.
pub fn prepare(path: &Path, start: Start) -> Result<Folder, String> {
    let folder = Folder::create(path)?;
    let (speed, wall) = (start.speed, super::now());
    let (mut run, came) = Run::begin(start, wall)?;
    Telemetry::of(&folder).write(&came.emissions).map_err(|error| unwritten(&folder, &error))?;
    std::fs::write(folder.configuration(), run.configuration())
        .map_err(|error| unwritten(&folder, &error))?;
    let mut lines = came.lines;
    lines.extend(run.note(Happening::Pace { speed, wall }).lines);
    folder.append(&lines).map_err(|error| unwritten(&folder, &error))?;
    Ok(folder)
}

/// The same drill anew, in the next free folder beside the one it was in.
pub(super) fn again(folder: &Folder) -> Result<Folder, String> {
    prepare(&free(folder.path()), folder.start()?)
}

/// A path that is not taken: the name with `-2`, `-3`, … behind it.
pub fn free(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let stem = match name.rsplit_once('-') {
        Some((stem, number)) if number.len() < 3 && number.parse::<u32>().is_ok() => stem.to_owned(),
        _ => name,
    };
    let candidates = (2..).map(|number| path.with_file_name(format!("{stem}-{number}")));
    candidates.into_iter().find(|path| !path.exists()).unwrap_or_else(|| path.to_owned())
}

/// The record of a drill: of the incident that was declared in it.
pub async fn record(folder: &Folder) -> Result<(Option<String>, Vec<Entry>), String> {
    if !folder.record().exists() {
        return Ok((None, Vec::new()));
    }
    let store =
        Store::open(&folder.record().display().to_string()).await.map_err(|error| error.to_string())?;
    let outcome = record_in(&store).await;
    store.close().await;
    outcome
}

async fn record_in(store: &Store) -> Result<(Option<String>, Vec<Entry>), String> {
    let names = store.list().await.map_err(|error| error.to_string())?;
    let Some(name) = names.into_iter().next() else { return Ok((None, Vec::new())) };
    let entries = store.entries(&name).await.map_err(|error| error.to_string())?;
    Ok((Some(name), entries))
}

/// A drill as it went so far, with its truth: everything that is shown to who may know it.
pub fn debrief(lines: &[Line], name: Option<&str>, entries: &[Entry]) -> Result<Debrief, String> {
    let wall = super::now();
    let told = crate::drill::Log::of(lines);
    let now = told.time(wall);
    let (run, _) = Run::again(lines, now)?;
    let incident = Incident::replay(name.unwrap_or_default(), entries);
    Ok(Debrief::of(&run, &incident, entries, now))
}

fn unwritten(folder: &Folder, error: &std::io::Error) -> String {
    format!("cannot write the drill's folder {}: {error}", folder.path().display())
}
