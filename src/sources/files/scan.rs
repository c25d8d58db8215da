//! All chunks of all files, by all cores: whoever is free takes the next chunk. The caller's thread reads as well, and
//! appends what all read, so that there are as many threads as cores and none waits for another.

use super::{Bytes, Files, Loaded, Progress};
use crate::ingest::{Plan, Scanner};
use crate::telemetry::Glances;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, mpsc};
use std::thread;

/// A stretch of a file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Job {
    pub(super) file: u16,
    pub(super) start: u64,
    pub(super) length: usize,
}

/// Large enough that a chunk's overhead is nothing, small enough to stay in the second-level cache.
const CHUNK: usize = 512 * 1024;

/// How far behind a chunk's end its last record is looked for at once; a longer one is fetched on demand.
const OVERHANG: usize = 16 * 1024;

/// How far before a chunk's begin its first line is looked at, where records may run over several: long enough for a line
/// that a container runtime cut, which tells whether the next one continues it. Whole pages.
const LOOKBACK: usize = 5 * PAGE;

/// The longest record that is read whole; see `LONGEST_RECORD` of the plan.
const LONGEST: usize = 300 * 1024;

/// The kernel's copy to an address in the middle of a page runs at a third of the speed on some processors.
pub(super) const PAGE: usize = 4096;

pub(super) fn jobs(file: u16, length: u64) -> impl Iterator<Item = Job> {
    (0..length).step_by(CHUNK).map(move |start| Job {
        file,
        start,
        length: CHUNK.min((length - start) as usize),
    })
}

/// Scans chunks and appends what they give; stops early if `progress` says so.
pub(super) fn chunks(
    jobs: &[Job],
    loaded: &mut Loaded,
    progress: &mut dyn FnMut(Progress, &crate::evidence::Evidence) -> bool,
) {
    let of = jobs.iter().map(|job| job.length as u64).sum();
    let threads = thread::available_parallelism().map_or(2, usize::from).min(jobs.len().max(1));
    let (next, is_cancelled) = (AtomicUsize::new(0), AtomicBool::new(false));
    let (sender, receiver) = mpsc::sync_channel::<(Job, Result<Glances, String>)>(threads * 4);
    let spares: Mutex<Vec<Glances>> = Mutex::default();
    let files = loaded.files.clone();
    let mut done = Progress { bytes: 0, of };
    progress(done, &loaded.evidence);
    let read_next = |reader: &mut Reader| {
        if is_cancelled.load(Ordering::Relaxed) {
            return None;
        }
        let job = *jobs.get(next.fetch_add(1, Ordering::Relaxed))?;
        if let Some(spare) = spares.lock().ok().and_then(|mut spares| spares.pop()) {
            reader.scanner.recycle(spare);
        }
        Some((job, reader.read(job)))
    };
    thread::scope(|scope| {
        for _ in 1..threads {
            let (sender, files, read_next) = (sender.clone(), &files, &read_next);
            scope.spawn(move || {
                let mut reader = Reader::new(files);
                while let Some(read) = read_next(&mut reader) {
                    if sender.send(read).is_err() {
                        break;
                    }
                }
            });
        }
        drop(sender);
        let mut append = |(job, outcome): (Job, _)| {
            done.bytes += job.length as u64;
            if let (Some(spare), Ok(mut spares)) = (take(job, outcome, loaded, &files), spares.lock()) {
                spares.push(spare);
            }
            if !progress(done, &loaded.evidence) {
                is_cancelled.store(true, Ordering::Relaxed);
            }
        };
        let mut reader = Reader::new(&files);
        loop {
            receiver.try_iter().for_each(&mut append);
            match read_next(&mut reader) {
                Some(read) => append(read),
                None => break receiver.iter().for_each(&mut append),
            }
        }
    });
}

/// Reads the metric samples that stand among events.
pub(super) fn series(loaded: &mut Loaded) {
    let series = loaded.files.otlp_series();
    loaded.evidence.add_series(series);
}

/// Appends what a chunk gave; hands the batch back, so that its memory serves again.
pub(super) fn take(
    job: Job,
    outcome: Result<Glances, String>,
    loaded: &mut Loaded,
    files: &Files,
) -> Option<Glances> {
    let file = files.files.get(&job.file)?;
    let report = loaded.reports.iter_mut().find(|report| *report.path == *file.path);
    match (outcome, report) {
        (Ok(glances), report) => {
            loaded.evidence.append(&glances);
            loaded.evidence.make_room();
            if let Some(report) = report {
                report.take(&glances);
            }
            return Some(glances);
        }
        (Err(error), Some(report)) => report.error = Some(error),
        (Err(_), None) => {}
    }
    None
}

/// One thread's buffer and memory.
pub(super) struct Reader<'a> {
    files: &'a Files,
    scanner: Scanner,
    buffer: Vec<u8>,
    aligned: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(files: &'a Files) -> Self {
        let buffer = vec![0; LOOKBACK + CHUNK + OVERHANG + 2 * PAGE];
        let aligned = buffer.as_ptr().align_offset(PAGE).min(PAGE);
        Self { files, scanner: Scanner::default(), buffer, aligned }
    }

    /// Hands on the bytes of a chunk and a little beyond, with its plan and its own length; nothing if they are gone.
    pub(super) fn raw(&mut self, job: Job, beyond: usize, mut take: impl FnMut(&Plan, &[u8], usize)) {
        let Some(file) = self.files.files.get(&job.file) else { return };
        if let Some(whole) = file.bytes.slice() {
            let end = (job.start as usize + job.length + beyond).min(whole.len());
            return take(&file.plan, &whole[job.start as usize..end], job.length);
        }
        let wanted = (job.length + beyond).min((file.bytes.len() - job.start) as usize);
        let buffer = &mut self.buffer[self.aligned..self.aligned + wanted];
        if let Ok(read) = file.bytes.read_into(job.start, buffer) {
            take(&file.plan, &buffer[..read], job.length);
        }
    }

    pub(super) fn read(&mut self, job: Job) -> Result<Glances, String> {
        let file = self.files.files.get(&job.file).ok_or("its number is not known")?;
        let from = job.start.saturating_sub(lookback(&file.plan));
        let own = (job.start - from) as usize..(job.start - from) as usize + job.length;
        if let Some(whole) = file.bytes.slice() {
            let end = (job.start as usize + job.length + LONGEST).min(whole.len());
            return Ok(file.plan.glance(&whole[from as usize..end], own, from, job.file, &mut self.scanner));
        }
        let wanted = (own.end + OVERHANG).min((file.bytes.len() - from) as usize);
        let buffer = &mut self.buffer[self.aligned..self.aligned + wanted];
        let read = read(&file.bytes, from, buffer)?;
        if read < own.end {
            // Cut off under our hands: what is still there is read, and said.
            let own = own.start.min(read)..read;
            let mut glances = file.plan.glance(&buffer[..read], own, from, job.file, &mut self.scanner);
            let reason = "the file became shorter while it was read".to_owned();
            glances.issues.push(crate::telemetry::Issue { offset: from + read as u64, line: 0, reason });
            return Ok(glances);
        }
        let is_end = from + read as u64 >= file.bytes.len();
        if !is_end && !holds_last_record(&file.plan, &buffer[..read], own.end) {
            let mut long = vec![0; own.end + LONGEST];
            let read = self::read(&file.bytes, from, &mut long)?;
            return Ok(file.plan.glance(&long[..read], own, from, job.file, &mut self.scanner));
        }
        Ok(file.plan.glance(&buffer[..read], own, from, job.file, &mut self.scanner))
    }
}

/// How far before a chunk reading begins: at a page's beginning, and with a byte before the chunk to see whether a line
/// begins right with it.
pub(super) fn lookback(plan: &Plan) -> u64 {
    if plan.is_multi_line() { LOOKBACK as u64 } else { PAGE as u64 }
}

fn read(bytes: &Bytes, from: u64, buffer: &mut [u8]) -> Result<usize, String> {
    bytes.read_into(from, buffer).map_err(|error| format!("cannot read at {from}: {error}"))
}

/// Whether a further record begins behind the chunk's end, so that its last one is whole.
fn holds_last_record(plan: &Plan, bytes: &[u8], end: usize) -> bool {
    let Some(newline) = memchr::memchr(b'\n', &bytes[end - 1..]) else { return false };
    // The record that begins right behind must itself be seen to end, or it may be a continuation.
    plan.begins_record(bytes, end + newline)
}
