//! Files: found, detected, read in chunks by all cores, and read again when somebody looks at an event.

mod discover;
mod ends;
mod follow;
mod held;
mod hunt;
mod scan;

pub use discover::{Input, discover};
pub use ends::{Ends, count_lines};
pub use follow::Follower;
pub use held::Bytes;
pub use hunt::{Further, Hunt};

use super::deep_links;
use crate::evidence::{Evidence, Place};
use crate::ingest::{Plan, Scanner, Settings, detect, glance_events};
use crate::telemetry::{Event, Glances, Issue, Origin, SourceRef, Time, Zone};
use rayon::prelude::*;
use scan::{Job, PAGE, lookback};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// What was made of one file.
#[derive(Clone, Debug, PartialEq)]
pub struct FileReport {
    pub path: String,
    pub format: String,
    pub system: String,
    /// The offset of times that carry no zone; `None` where they carry one.
    pub zone: Option<Zone>,
    pub bytes: u64,
    pub lines: u64,
    pub records: u64,
    pub unread: u64,
    pub first_unread: Option<Issue>,
    /// Why the file, or the rest of it, could not be read at all.
    pub error: Option<String>,
}

/// The files of a session: their plans, and where their bytes are. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Files {
    files: Arc<HashMap<u16, File>>,
}

#[derive(Clone, Debug)]
struct File {
    path: Arc<str>,
    plan: Plan,
    bytes: Bytes,
}

/// Everything that was read.
#[derive(Clone, Debug, Default)]
pub struct Loaded {
    pub evidence: Evidence,
    pub files: Files,
    /// By path.
    pub reports: Vec<FileReport>,
}

/// How far reading is, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    pub bytes: u64,
    pub of: u64,
}

/// How much of a file decides what it is.
const SAMPLE: usize = 128 * 1024;

/// Reads everything. `progress` is told now and then and answers whether to go on.
pub fn load(
    inputs: Vec<Input>,
    settings: &Settings,
    now: Time,
    progress: &mut dyn FnMut(Progress, &Evidence) -> bool,
) -> Loaded {
    load_with(inputs, settings, now, progress, None)
}

/// Reads everything, and follows it from there: what grows, what is rotated, and what is new below `roots`.
pub fn load_and_follow(
    inputs: Vec<Input>,
    roots: Vec<String>,
    settings: &Settings,
    now: Time,
    progress: &mut dyn FnMut(Progress, &Evidence) -> bool,
) -> (Loaded, Follower) {
    let mut follower = Follower::new(roots, settings.clone());
    let loaded = load_with(inputs, settings, now, progress, Some(&mut follower));
    (loaded, follower)
}

fn load_with(
    inputs: Vec<Input>,
    settings: &Settings,
    now: Time,
    progress: &mut dyn FnMut(Progress, &Evidence) -> bool,
    mut follower: Option<&mut Follower>,
) -> Loaded {
    let mut loaded = Loaded { evidence: Evidence::bounded(settings.memory), ..Loaded::default() };
    let mut files = HashMap::new();
    let mut jobs = Vec::new();
    let looks: Vec<Look> = inputs.par_iter().map(|input| Look::at(input, settings)).collect();
    for (input, look) in inputs.into_iter().zip(looks) {
        let (report, own) = open(input, look, now, &mut loaded.evidence, &mut files, follower.as_deref_mut());
        loaded.reports.push(report);
        jobs.extend(own);
    }
    loaded.files = Files { files: Arc::new(files) };
    scan::chunks(&jobs, &mut loaded, progress);
    loaded.evidence.even_out();
    scan::series(&mut loaded);
    loaded.reports.sort_by(|a, b| a.path.cmp(&b.path));
    loaded
}

/// A first look at a file: what it is, by its beginning.
struct Look {
    plan: Option<Plan>,
    /// Lines of a beginning that nobody can read.
    unread: u64,
    error: Option<String>,
}

impl Look {
    fn at(input: &Input, settings: &Settings) -> Self {
        let none = Self { plan: None, unread: 0, error: None };
        let Some(bytes) = &input.bytes else { return none };
        match bytes.read(0, SAMPLE) {
            Err(error) => Self { error: Some(format!("cannot read it: {error}")), ..none },
            Ok(sample) => {
                let is_whole = sample.len() as u64 == bytes.len();
                let plan = detect(&input.relative, &sample, is_whole, settings);
                let lines = || sample.split(|byte| *byte == b'\n').count() as u64;
                Self { unread: if plan.is_unknown() { lines() } else { 0 }, plan: Some(plan), ..none }
            }
        }
    }
}

/// Takes a file in: reads it whole if it is a table, else gives the chunks that are to be read.
fn open(
    input: Input,
    look: Look,
    now: Time,
    evidence: &mut Evidence,
    files: &mut HashMap<u16, File>,
    follower: Option<&mut Follower>,
) -> (FileReport, Vec<Job>) {
    let mut report = FileReport::unread(&input);
    let Some(bytes) = input.bytes.clone() else { return (report, Vec::new()) };
    let Some(plan) = look.plan else {
        report.error = look.error;
        return (report, Vec::new());
    };
    report.format = plan.format_name().into();
    report.system = plan.system().into();
    report.zone = (!plan.has_zone()).then(|| plan.zone());
    if plan.is_unknown() {
        report.unread = look.unread;
        let reason = "no format fits; teach one in the configuration under [[formats]]".to_owned();
        report.first_unread = Some(Issue { offset: 0, line: 1, reason });
    }
    let path: Arc<str> = input.shown.as_str().into();
    if plan.is_table() {
        match bytes.read(0, bytes.len() as usize) {
            Ok(whole) => read_table(&plan, &whole, &path, now, evidence, &mut report),
            Err(error) => report.error = Some(format!("cannot read it: {error}")),
        }
    }
    let number = if plan.is_events() { evidence.add_place(Place::File { path: path.clone() }) } else { None };
    let to_read = follower.and_then(|follower| follower.note(&input, &plan, number));
    if !plan.is_events() {
        return (report, Vec::new());
    }
    let Some(number) = number else {
        report.error = Some("more than 65 535 files are open; open fewer at once".into());
        return (report, Vec::new());
    };
    let bytes = match (bytes, to_read) {
        (Bytes::Disk { file, .. }, Some(length)) => Bytes::Disk { file, length },
        (bytes, _) => bytes,
    };
    let jobs = scan::jobs(number, bytes.len()).collect();
    files.insert(number, File { path, plan, bytes });
    (report, jobs)
}

fn read_table(
    plan: &Plan,
    whole: &[u8],
    path: &Arc<str>,
    now: Time,
    evidence: &mut Evidence,
    report: &mut FileReport,
) {
    let batch = plan.table(whole, path, now);
    report.lines = memchr::memchr_iter(b'\n', whole).count() as u64;
    let samples: usize = batch.series.iter().map(|series| series.samples.len()).sum();
    report.records = (samples + batch.changes.len() + batch.events.len() + batch.topology.len()) as u64;
    report.unread = batch.issues.len() as u64;
    report.first_unread = batch.issues.first().cloned();
    evidence.add_series(batch.series);
    evidence.add_changes(batch.changes);
    evidence.add_topology(&batch.topology);
    let alerts = unmet(evidence, path, batch.events);
    add_page(evidence, path.clone(), "".into(), alerts);
}

/// The events that a ledger had not the last time it was read: it is read whole whenever it grows.
fn unmet(evidence: &Evidence, path: &Arc<str>, mut events: Vec<Event>) -> Vec<Event> {
    let pages = evidence.places.iter().filter_map(|place| match place {
        Place::Page { source, events, .. } if source == path => Some(events),
        _ => None,
    });
    let known: HashSet<_> = pages
        .flat_map(|events| events.iter())
        .map(|event| (event.time, &event.system, &event.body))
        .collect();
    events.retain(|event| !known.contains(&(event.time, &event.system, &event.body)));
    events
}

/// Adds whole events, from a live source or an alert file, as a page that rows lead back to. Gives how many.
pub fn add_page(evidence: &mut Evidence, source: Arc<str>, command: Arc<str>, events: Vec<Event>) -> u32 {
    if events.is_empty() {
        return 0;
    }
    let events: Arc<[Event]> = events.into();
    let Some(page) = evidence.add_place(Place::Page { source, command, events: events.clone() }) else {
        return 0;
    };
    let (_, count) = evidence.append(&glance_events(&events, page, &mut Scanner::default()));
    evidence.make_room();
    count
}

impl Files {
    /// Reads an event again from where it came from. `None` if the bytes are no longer there.
    pub fn read_event(&self, evidence: &Evidence, origin: Origin) -> Option<Event> {
        if let Some(Place::Page { events, command, .. }) = evidence.places.get(origin.file() as usize) {
            let mut event = events.get(origin.offset() as usize)?.clone();
            // What has no address of its own is seen where its page is.
            if let (SourceRef::Backend { url, .. }, Some(link)) =
                (&mut event.source, deep_links::within(command))
                && url.is_empty()
            {
                link.clone_into(url);
            }
            return Some(event);
        }
        let file = self.files.get(&origin.file())?;
        // Most records are short; a few run over many lines, and an OTLP event lies deep inside its line.
        for reach in [8 * 1024, 600 * 1024] {
            let before = if file.plan.is_one_per_line() { 0 } else { reach as u64 };
            let from = origin.offset().saturating_sub(before);
            let bytes = file.bytes.read(from, reach * 2).ok()?;
            let at = (origin.offset() - from) as usize;
            let is_cut = file.plan.record_length(bytes.get(at..)?) + at >= bytes.len()
                && from + (bytes.len() as u64) < file.bytes.len();
            let begins = from == 0 || before == 0 || bytes[..at].contains(&b'\n');
            if !is_cut && begins || reach > 8 * 1024 {
                let mut event = file.plan.event_at(&bytes, at as u64, &file.path)?;
                event.source = SourceRef::File { path: file.path.to_string(), offset: origin.offset() };
                return Some(event);
            }
        }
        None
    }

    /// Reads the metric samples that lie between the events of OTLP streams: few, so in one go.
    fn otlp_series(&self) -> Vec<crate::telemetry::Series> {
        let mut series = Vec::new();
        for file in self.files.values().filter(|file| !file.plan.is_one_per_line()) {
            let head = file.bytes.read(0, 1 << 20).unwrap_or_default();
            if memchr::memmem::find(&head, b"\"resourceMetrics\"").is_some()
                && let Ok(whole) = file.bytes.read(0, file.bytes.len() as usize)
            {
                series.extend(file.plan.series(&whole, &file.path));
            }
        }
        series
    }
}

impl FileReport {
    fn unread(input: &Input) -> Self {
        Self {
            path: input.shown.clone(),
            format: "unread".into(),
            system: String::new(),
            zone: None,
            bytes: input.bytes.as_ref().map_or(0, Bytes::len),
            lines: 0,
            records: 0,
            unread: 0,
            first_unread: None,
            error: input.error.clone(),
        }
    }

    /// Counts what a stretch of the file gave.
    fn take(&mut self, glances: &Glances) {
        self.lines += glances.lines;
        self.records += glances.time.len() as u64;
        self.unread += glances.issues.len() as u64;
        if let Some(first) = glances.issues.first()
            && self.first_unread.as_ref().is_none_or(|known| first.offset < known.offset)
        {
            self.first_unread = Some(first.clone());
        }
    }

    /// Whether some of the input could not be read.
    pub fn has_trouble(&self) -> bool {
        self.unread > 0 || self.error.is_some()
    }
}

#[cfg(test)]
mod tests;
