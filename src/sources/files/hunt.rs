//! Reading of large files only what is asked for: chunks that hold certain bytes, and chunks by time.
//!
//! A search over raw bytes runs many times as fast as reading at a glance. Who wants one flow searches for its
//! identifiers, has the chunks read that hold one, and searches for what these bring to light.

use super::scan::{self, Job, PAGE, Reader};
use super::{File, Files, Input, Loaded, Progress, open};
use crate::evidence::Evidence;
use crate::ingest::{Plan, Scanner, Settings};
use crate::telemetry::Time;
use aho_corasick::{AhoCorasick, packed};
use memchr::memmem;
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Files that are open, and of which some chunks were read.
#[derive(Debug)]
pub struct Hunt {
    loaded: Loaded,
    jobs: Vec<Job>,
    is_read: Vec<bool>,
    times: HashMap<usize, Option<Time>>,
}

/// Longer needles are cut: so much is looked at beyond a chunk.
pub const LONGEST_NEEDLE: usize = 128;

/// So much of a chunk tells its time, and if that is not enough, so much.
const GLIMPSES: [usize; 2] = [16 * 1024, 256 * 1024];

enum Search {
    One(memmem::Finder<'static>),
    Few(packed::Searcher),
    Many(AhoCorasick),
}

impl Search {
    fn new(needles: &[Vec<u8>]) -> Option<Self> {
        match needles {
            [] => None,
            [one] => Some(Self::One(memmem::Finder::new(one).into_owned())),
            several => packed::Searcher::new(several)
                .map(Self::Few)
                .or_else(|| AhoCorasick::new(several).ok().map(Self::Many)),
        }
    }

    fn all<'a>(&'a self, text: &'a [u8]) -> Box<dyn Iterator<Item = usize> + 'a> {
        match self {
            Self::One(finder) => Box::new(finder.find_iter(text)),
            Self::Few(searcher) => Box::new(searcher.find_iter(text).map(|hit| hit.start())),
            Self::Many(automaton) => Box::new(automaton.find_iter(text).map(|hit| hit.start())),
        }
    }
}

impl Hunt {
    /// Opens the files; tables are read, events are not.
    pub fn open(inputs: Vec<Input>, settings: &Settings, now: Time) -> Self {
        let mut loaded = Loaded::default();
        let mut files: HashMap<u16, File> = HashMap::new();
        let mut jobs = Vec::new();
        for input in inputs {
            let (report, own) = open(input, settings, now, &mut loaded.evidence, &mut files, None);
            loaded.reports.push(report);
            jobs.extend(own);
        }
        loaded.files = Files { files: Arc::new(files) };
        loaded.reports.sort_by(|a, b| a.path.cmp(&b.path));
        let is_read = vec![false; jobs.len()];
        Self { loaded, jobs, is_read, times: HashMap::new() }
    }

    /// How many bytes of events there are.
    pub fn bytes(&self) -> u64 {
        self.jobs.iter().map(|job| job.length as u64).sum()
    }

    /// How many of them were read.
    pub fn bytes_read(&self) -> u64 {
        let read = self.jobs.iter().zip(&self.is_read).filter(|(_, is_read)| **is_read);
        read.map(|(job, _)| job.length as u64).sum()
    }

    pub fn evidence(&self) -> &Evidence {
        &self.loaded.evidence
    }

    /// What was read.
    pub fn into_loaded(self) -> Loaded {
        self.loaded
    }

    /// Reads all that is left.
    pub fn read_all(&mut self, progress: &mut dyn FnMut(Progress, &Evidence) -> bool) {
        let rest: Vec<usize> = (0..self.jobs.len()).collect();
        self.read_with(&rest, progress);
        scan::series(&mut self.loaded);
    }

    /// Reads these chunks, where they were not read yet.
    pub fn read(&mut self, chunks: &[usize]) {
        self.read_with(chunks, &mut |_, _| true);
    }

    fn read_with(&mut self, chunks: &[usize], progress: &mut dyn FnMut(Progress, &Evidence) -> bool) {
        let mut wanted = Vec::new();
        for &chunk in chunks {
            if !std::mem::replace(&mut self.is_read[chunk], true) {
                wanted.push(self.jobs[chunk]);
            }
        }
        if !wanted.is_empty() {
            scan::chunks(&wanted, &mut self.loaded, progress);
        }
    }

    /// Reads every chunk with a record that holds one of the needles.
    pub fn search(&mut self, needles: &[Vec<u8>]) {
        let Some(search) = Search::new(needles) else { return };
        let unread: Vec<usize> = (0..self.jobs.len()).filter(|&chunk| !self.is_read[chunk]).collect();
        let next = AtomicUsize::new(0);
        let threads = thread::available_parallelism().map_or(2, usize::from).min(unread.len().max(1));
        let (files, jobs) = (&self.loaded.files, &self.jobs);
        let mut hot: Vec<usize> = thread::scope(|scope| {
            let work = || {
                let mut reader = Reader::new(files);
                let mut hot = Vec::new();
                while let Some(&chunk) = unread.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let before = chunk.checked_sub(1).filter(|&before| jobs[before].file == jobs[chunk].file);
                    reader.raw(jobs[chunk], LONGEST_NEEDLE, |plan, bytes, length| {
                        let Some(hit) = search.all(bytes).find(|&hit| hit < length) else { return };
                        hot.push(chunk);
                        if !begins_within(plan, &bytes[..hit], jobs[chunk].start) {
                            hot.extend(before);
                        }
                    });
                }
                hot
            };
            let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
            workers.into_iter().flat_map(|worker| worker.join().unwrap_or_default()).collect()
        });
        hot.sort_unstable();
        hot.dedup();
        self.read(&hot);
    }

    /// The chunks of each file, by its number.
    pub fn chunks_by_file(&self) -> BTreeMap<u16, Range<usize>> {
        let mut files: BTreeMap<u16, Range<usize>> = BTreeMap::new();
        for (chunk, job) in self.jobs.iter().enumerate() {
            files.entry(job.file).or_insert(chunk..chunk).end = chunk + 1;
        }
        files
    }

    /// The chunks of a file with events of a window, by the file's own clock, if the file is in order of time.
    pub fn chunks_between(&mut self, file: &Range<usize>, from: Time, to: Time) -> Range<usize> {
        let mut first_not_before = |wanted: Time| {
            let (mut low, mut high) = (file.start, file.end);
            while low < high {
                let middle = low + (high - low) / 2;
                if self.time_at(middle).is_none_or(|time| time < wanted) {
                    low = middle + 1;
                } else {
                    high = middle;
                }
            }
            low
        };
        let (begin, end) = (first_not_before(from), first_not_before(to));
        begin.saturating_sub(1).max(file.start)..end
    }

    /// The time of the first event that begins in a chunk.
    pub fn time_at(&mut self, chunk: usize) -> Option<Time> {
        if let Some(&known) = self.times.get(&chunk) {
            return known;
        }
        let job = self.jobs[chunk];
        let file = self.loaded.files.files.get(&job.file)?;
        let from = job.start.saturating_sub(PAGE as u64);
        let mut scanner = Scanner::default();
        let time = GLIMPSES.iter().find_map(|&glimpse| {
            let bytes = file.bytes.read(from, (job.start - from) as usize + glimpse).ok()?;
            let own = (job.start - from) as usize..bytes.len();
            let glances = file.plan.glance(&bytes, own, from, job.file, &mut scanner);
            glances.time.into_iter().find(|time| time.0 != 0)
        });
        self.times.insert(chunk, time);
        time
    }
}

/// Whether the record that holds what follows `bytes` begins in them, and not in the chunk before.
fn begins_within(plan: &Plan, bytes: &[u8], start: u64) -> bool {
    if start == 0 {
        return true;
    }
    // The first line most likely began in the chunk before.
    let Some(newline) = memchr::memchr(b'\n', bytes) else { return false };
    if plan.whole_records(b"\n") == 1 {
        return true; // A record a line.
    }
    let rest = &bytes[newline + 1..];
    // The line at hand is cut, so it is closed for the question.
    plan.begins_record(&[rest, b"\n"].concat())
}
