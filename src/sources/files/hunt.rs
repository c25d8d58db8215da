//! Reading of large files only what is asked for: chunks that hold certain bytes, and chunks by time.
//!
//! A search over raw bytes runs many times as fast as reading at a glance. Who wants one flow searches for its
//! identifiers, has the chunks read that hold one, and searches for what these bring to light.

mod guesses;

use super::scan::{self, Job, PAGE, Reader};
use super::{File, Files, Input, Loaded, Look, Progress, open};
use crate::evidence::Evidence;
use crate::ingest::{Plan, Scanner, Settings};
use crate::telemetry::{Glances, Time};
use aho_corasick::{AhoCorasick, packed};
use guesses::Guesses;
use memchr::memmem;
use rayon::prelude::*;
use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// Files that are open, and of which some chunks were read.
#[derive(Debug)]
pub struct Hunt {
    loaded: Loaded,
    jobs: Vec<Job>,
    is_read: Vec<bool>,
    /// What was searched for so far, and for how much of that each chunk was.
    needles: Vec<Vec<u8>>,
    searched: Vec<usize>,
    guesses: Guesses,
    /// Chunks in the order of a search: first those of files that say most about what is linked.
    order: Vec<usize>,
    times: HashMap<usize, Option<Time>>,
}

/// Longer needles are cut: so much is looked at beyond a chunk.
pub const LONGEST_NEEDLE: usize = 128;

/// So much of a chunk tells its time, and if that is not enough, so much.
const GLIMPSES: [usize; 2] = [16 * 1024, 256 * 1024];

/// So much of a file tells how many identifiers its records name.
const GLIMPSE_OF_LINKS: usize = 64 * 1024;

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

    /// Where the first needle stands.
    fn first(&self, text: &[u8]) -> Option<usize> {
        match self {
            Self::One(finder) => finder.find(text),
            Self::Few(searcher) => searcher.find(text).map(|hit| hit.start()),
            Self::Many(automaton) => automaton.find(text).map(|hit| hit.start()),
        }
    }
}

/// Needles that become more while they are searched for.
struct Needles {
    all: Mutex<Vec<Vec<u8>>>,
    /// By the needles that they leave out at the beginning, and at the end.
    searches: Mutex<HashMap<(usize, usize), Arc<Search>>>,
}

impl Needles {
    fn len(&self) -> usize {
        self.all.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    fn add(&self, more: Vec<Vec<u8>>) {
        if !more.is_empty() {
            self.all.lock().unwrap_or_else(PoisonError::into_inner).extend(more);
        }
    }

    /// A search for all needles but the first few, and how many needles there are now.
    fn beyond(&self, known: usize) -> Option<(Arc<Search>, usize)> {
        let all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        let mut searches = self.searches.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (known, all.len());
        if let Some(search) = searches.get(&key) {
            return Some((Arc::clone(search), all.len()));
        }
        let search = Arc::new(Search::new(all.get(known..)?)?);
        searches.insert(key, Arc::clone(&search));
        Some((search, all.len()))
    }
}

/// Which chunks are read, or about to be, and how many bytes that were this time.
struct Claimed {
    is_read: Mutex<Vec<bool>>,
    bytes: AtomicU64,
}

impl Claimed {
    fn is_read(&self, chunk: usize) -> bool {
        self.is_read.lock().unwrap_or_else(PoisonError::into_inner)[chunk]
    }

    /// Whether a chunk is now the caller's to read.
    fn claim(&self, chunk: usize, jobs: &[Job]) -> bool {
        let mut is_read = self.is_read.lock().unwrap_or_else(PoisonError::into_inner);
        let is_own = !std::mem::replace(&mut is_read[chunk], true);
        if is_own {
            self.bytes.fetch_add(jobs[chunk].length as u64, Ordering::Relaxed);
        }
        is_own
    }
}

/// What a chunk that was read leads to.
#[derive(Debug, Default)]
pub struct Further {
    /// Needles that are asked for from now on.
    pub needles: Vec<Vec<u8>>,
    /// Needles that may be asked for later.
    pub guesses: Vec<Vec<u8>>,
}

/// What one thread of a search found.
#[derive(Default)]
struct Found {
    searched: Vec<(usize, usize)>,
    read: Vec<(usize, Result<Glances, String>)>,
}

impl Hunt {
    /// Opens the files; tables are read, events are not.
    pub fn open(inputs: Vec<Input>, settings: &Settings, now: Time) -> Self {
        let mut loaded = Loaded::default();
        let mut files: HashMap<u16, File> = HashMap::new();
        let mut jobs = Vec::new();
        let looks: Vec<Look> = inputs.par_iter().map(|input| Look::at(input, settings)).collect();
        for (input, look) in inputs.into_iter().zip(looks) {
            let (report, own) = open(input, look, now, &mut loaded.evidence, &mut files, None);
            loaded.reports.push(report);
            jobs.extend(own);
        }
        loaded.files = Files { files: Arc::new(files) };
        loaded.reports.sort_by(|a, b| a.path.cmp(&b.path));
        let order = by_links(&jobs, &loaded.files);
        let count = jobs.len();
        Self {
            loaded,
            jobs,
            is_read: vec![false; count],
            needles: Vec::new(),
            searched: vec![0; count],
            guesses: Guesses::default(),
            order,
            times: HashMap::new(),
        }
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

    /// Reads every chunk with a record that holds one of the needles, those of earlier searches included.
    ///
    /// `further` is shown what such a chunk holds and may name more needles, which the rest is searched for in the same
    /// go, and guesses. Gives up early once more than `most` bytes would have to be read.
    pub fn search(
        &mut self,
        needles: Vec<Vec<u8>>,
        most: u64,
        further: &(dyn Fn(&Glances) -> Further + Sync),
    ) {
        let guessed = self.ask_for(needles);
        self.read(&guessed);
        let needles =
            Needles { all: Mutex::new(std::mem::take(&mut self.needles)), searches: Mutex::default() };
        let claimed =
            Claimed { is_read: Mutex::new(std::mem::take(&mut self.is_read)), bytes: AtomicU64::new(0) };
        loop {
            let behind: Vec<usize> =
                self.order.iter().copied().filter(|&chunk| self.searched[chunk] < needles.len()).collect();
            let unread: Vec<usize> = behind.into_iter().filter(|&chunk| !claimed.is_read(chunk)).collect();
            if unread.is_empty() || claimed.bytes.load(Ordering::Relaxed) > most {
                break;
            }
            let next = AtomicUsize::new(0);
            let threads = thread::available_parallelism().map_or(2, usize::from).min(unread.len());
            let (files, jobs, searched) = (&self.loaded.files, &self.jobs, &self.searched);
            let guesses = &self.guesses;
            let found: Vec<Found> = thread::scope(|scope| {
                let work = || {
                    let mut reader = Reader::new(files);
                    let mut found = Found::default();
                    while let Some(&chunk) = unread.get(next.fetch_add(1, Ordering::Relaxed)) {
                        if claimed.bytes.load(Ordering::Relaxed) > most {
                            break;
                        }
                        let Some((search, upto)) = needles.beyond(searched[chunk]) else { continue };
                        found.searched.push((chunk, upto));
                        let is_same_file = |&before: &usize| jobs[before].file == jobs[chunk].file;
                        let before = chunk.checked_sub(1).filter(is_same_file);
                        let mut hot = [None, None];
                        reader.raw(jobs[chunk], LONGEST_NEEDLE, |plan, bytes, length| {
                            let begins = |hit: usize| begins_within(plan, &bytes[..hit], jobs[chunk].start);
                            match search.first(bytes).filter(|&hit| hit < length) {
                                Some(hit) => hot = [Some(chunk), before.filter(|_| !begins(hit))],
                                None => guesses.search(chunk, bytes, length, begins),
                            }
                        });
                        for hot in hot.into_iter().flatten().filter(|&hot| claimed.claim(hot, jobs)) {
                            let outcome = reader.read(jobs[hot]);
                            if let Ok(glances) = &outcome {
                                let further = further(glances);
                                needles.add(further.needles);
                                guesses.add(further.guesses, jobs.len());
                            }
                            found.read.push((hot, outcome));
                        }
                    }
                    found
                };
                let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
                workers.into_iter().filter_map(|worker| worker.join().ok()).collect()
            });
            let files = self.loaded.files.clone();
            let mut read: Vec<(usize, Result<Glances, String>)> = Vec::new();
            for found in found {
                found.searched.into_iter().for_each(|(chunk, upto)| self.searched[chunk] = upto);
                read.extend(found.read);
            }
            read.sort_by_key(|(chunk, _)| *chunk);
            for (chunk, outcome) in read {
                scan::take(self.jobs[chunk], outcome, &mut self.loaded, &files);
            }
        }
        self.is_read = claimed.is_read.into_inner().unwrap_or_else(PoisonError::into_inner);
        self.needles = needles.all.into_inner().unwrap_or_else(PoisonError::into_inner);
    }

    /// Takes needles on; gives the chunks that hold one of them for all that is known, as it was guessed.
    fn ask_for(&mut self, needles: Vec<Vec<u8>>) -> Vec<usize> {
        let mut hot = Vec::new();
        let (guessed, others): (Vec<_>, Vec<_>) = needles
            .into_iter()
            .map(|needle| (self.guesses.of(&needle), needle))
            .partition(|one| one.0.is_some());
        for (known, needle) in guessed.into_iter().chain(others) {
            let place = self.needles.len();
            self.needles.push(needle);
            let Some(known) = known else { continue };
            for (searched, is_searched) in self.searched.iter_mut().zip(known.is_searched) {
                // Whoever lacks an earlier needle is searched for all that it lacks.
                if is_searched && *searched == place {
                    *searched = place + 1;
                }
            }
            for (chunk, is_whole) in known.seen {
                let is_same_file = |before: &usize| self.jobs[*before].file == self.jobs[chunk].file;
                hot.push(chunk);
                hot.extend(chunk.checked_sub(1).filter(is_same_file).filter(|_| !is_whole));
            }
        }
        hot
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

/// The chunks, those of files first whose records name several identifiers most often.
fn by_links(jobs: &[Job], files: &Files) -> Vec<usize> {
    let mut scanner = Scanner::default();
    let mut shares: HashMap<u16, u32> = HashMap::new();
    for job in jobs.iter().filter(|job| job.start == 0) {
        let Some(file) = files.files.get(&job.file) else { continue };
        let Ok(bytes) = file.bytes.read(0, GLIMPSE_OF_LINKS) else { continue };
        let glances = file.plan.glance(&bytes, 0..bytes.len(), 0, job.file, &mut scanner);
        let several = glances.identifiers.windows(2).filter(|pair| pair[0].0 == pair[1].0).count();
        shares.insert(job.file, (several * 1_000 / glances.time.len().max(1)) as u32);
    }
    let mut order: Vec<usize> = (0..jobs.len()).collect();
    order.sort_by_key(|&chunk| (Reverse(shares.get(&jobs[chunk].file).copied()), chunk));
    order
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
    plan.begins_record(&[rest, b"\n"].concat(), 0)
}
