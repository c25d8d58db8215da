//! Files as they grow: what is appended, rotated, truncated or new below what was opened.
//!
//! A record is taken when it is whole: up to the last line's end, and where records run over several lines, up to the
//! last record's beginning; what is held back is taken when nothing followed for a while. A file that was renamed is
//! read to its end under its old number, and never again under its new name.

use super::{Bytes, File, FileReport, Files, Input, Look, discover, lookback, open};
use crate::evidence::Evidence;
use crate::ingest::{Plan, Scanner, Settings};
use crate::telemetry::{Glances, Time};
use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// What tells one file from another, whatever its name.
type Identity = (u64, u64);

/// Follows the files of a session; see the module's header. Made by [`super::load_and_follow`].
#[derive(Debug)]
pub struct Follower {
    roots: Vec<String>,
    settings: Settings,
    followed: Vec<Followed>,
    tables: Vec<Table>,
    /// Files that are read already, or that nothing can be made of.
    known: HashSet<Identity>,
    scanner: Scanner,
    looks: u32,
}

/// A file of events that may grow.
#[derive(Debug)]
pub(super) struct Followed {
    number: u16,
    path: PathBuf,
    shown: String,
    file: Arc<fs::File>,
    identity: Identity,
    /// How many bytes were taken.
    taken: u64,
    /// The last of them: if they are others one day, the file was written anew.
    last: Vec<u8>,
    /// How long the file was at the last look.
    seen: u64,
    /// Looks in a row at which nothing new was there, not even a part of a line.
    quiet: u32,
}

/// A file that is read whole, again and again: series, changes.
#[derive(Debug)]
struct Table {
    path: PathBuf,
    length: u64,
    identity: Identity,
}

/// Looks without news after which an open record is taken as it is, and an open line.
const QUIET_RECORD: u32 = 2;
const QUIET_LINE: u32 = 20;
/// New files are looked for at every so many looks.
const LOOK_AROUND: u32 = 4;
/// So much is read at once.
const WINDOW: u64 = 4 << 20;
/// Bytes that tell whether a file is still the same one.
const REMEMBERED: usize = 64;
/// A file that was written to more recently than this may end in the middle of a record.
const FRESH: Duration = Duration::from_secs(10);

impl Follower {
    pub(super) fn new(roots: Vec<String>, settings: Settings) -> Self {
        Self {
            roots,
            settings,
            followed: Vec::new(),
            tables: Vec::new(),
            known: HashSet::new(),
            scanner: Scanner::default(),
            looks: 0,
        }
    }

    /// Whether there is anything that could change.
    pub fn is_idle(&self) -> bool {
        self.followed.is_empty() && self.tables.is_empty() && self.roots.is_empty()
    }

    /// Notes a file that was opened; gives how much of it is to be read now.
    pub(super) fn note(&mut self, input: &Input, plan: &Plan, number: Option<u16>) -> Option<u64> {
        let (path, Some(Bytes::Disk { file, length })) = (input.path.clone()?, &input.bytes) else {
            return None;
        };
        let metadata = file.metadata().ok()?;
        let identity = identity(&metadata, &path);
        if *length == 0 {
            return None; // It is new as soon as something is in it.
        }
        self.known.insert(identity);
        if plan.is_table() {
            self.tables.push(Table { path, length: *length, identity });
            return None;
        }
        let number = number?;
        let is_fresh =
            metadata.modified().ok().and_then(|at| at.elapsed().ok()).is_none_or(|age| age < FRESH);
        let whole = if is_fresh { up_to_whole_records(plan, file, *length) } else { *length };
        let mut followed = Followed {
            number,
            path,
            shown: input.shown.clone(),
            file: Arc::clone(file),
            identity,
            taken: whole,
            last: Vec::new(),
            seen: *length,
            quiet: 0,
        };
        followed.remember();
        self.followed.push(followed);
        Some(whole)
    }

    /// Looks at every file once and takes in what is new; gives how many events came. `now` dates samples without a time.
    pub fn look(
        &mut self,
        evidence: &mut Evidence,
        files: &mut Files,
        reports: &mut Vec<FileReport>,
        now: Time,
    ) -> u32 {
        let before = evidence.came();
        let mut has_lost = false;
        let mut followed = std::mem::take(&mut self.followed);
        followed.retain_mut(|one| {
            let is_kept = one.look(evidence, files, reports, &mut self.scanner);
            if !is_kept && one.was_rewritten() {
                self.known.remove(&one.identity);
            }
            has_lost |= !is_kept;
            is_kept
        });
        self.followed = followed;
        let changed: Vec<usize> =
            (0..self.tables.len()).filter(|&at| self.tables[at].has_changed()).collect();
        for at in changed.into_iter().rev() {
            let table = self.tables.swap_remove(at);
            self.known.remove(&table.identity);
            has_lost = true;
        }
        self.looks += 1;
        if has_lost || self.looks.is_multiple_of(LOOK_AROUND) {
            self.look_around(evidence, files, reports, now);
        }
        (evidence.came() - before) as u32
    }

    /// Opens what is new below the roots.
    fn look_around(
        &mut self,
        evidence: &mut Evidence,
        files: &mut Files,
        reports: &mut Vec<FileReport>,
        now: Time,
    ) {
        let known = &self.known;
        let is_new = |path: &Path| {
            // What is packed now was read when it was written.
            let is_packed =
                path.extension().is_some_and(|ending| ending == "gz" || ending == "zst" || ending == "zstd");
            !is_packed
                && fs::metadata(path)
                    .is_ok_and(|it| it.is_file() && it.len() > 0 && !known.contains(&identity(&it, path)))
        };
        let inputs = discover::late(&self.roots, &is_new);
        for input in inputs {
            let mut opened: HashMap<u16, File> = HashMap::new();
            let look = Look::at(&input, &self.settings);
            let (report, _) = open(input, look, now, evidence, &mut opened, Some(self));
            reports.retain(|known| known.path != report.path || known.records > 0);
            reports.push(report);
            for (number, mut file) in opened {
                // Read as growth from its beginning.
                if let Some(one) = self.followed.iter_mut().find(|one| one.number == number) {
                    one.taken = 0;
                    file.bytes = Bytes::Disk { file: Arc::clone(&one.file), length: 0 };
                }
                Arc::make_mut(&mut files.files).insert(number, file);
            }
        }
        let mut scanner = std::mem::take(&mut self.scanner);
        for one in self.followed.iter_mut().filter(|one| one.taken == 0) {
            one.grow(evidence, files, reports, &mut scanner, false);
        }
        self.scanner = scanner;
        reports.sort_by(|a, b| a.path.cmp(&b.path));
    }
}

impl Followed {
    /// Takes what is new; whether the file is still to be followed.
    fn look(
        &mut self,
        evidence: &mut Evidence,
        files: &mut Files,
        reports: &mut [FileReport],
        scanner: &mut Scanner,
    ) -> bool {
        if self.was_rewritten() {
            // The text of what was read is gone; the file begins anew under another number.
            if let Some(file) = Arc::make_mut(&mut files.files).get_mut(&self.number) {
                file.bytes = Bytes::Static(b"");
            }
            return false;
        }
        let is_elsewhere = match fs::metadata(&self.path) {
            Ok(metadata) => identity(&metadata, &self.path) != self.identity,
            Err(_) => false, // Gone for good, or between two names.
        };
        let grew = self.grow(evidence, files, reports, scanner, is_elsewhere);
        self.quiet = if grew { 0 } else { self.quiet + 1 };
        // Who renamed it may write to it for a moment yet.
        !(is_elsewhere && self.quiet >= QUIET_RECORD)
    }

    fn length(&self) -> u64 {
        self.file.metadata().map_or(self.taken, |metadata| metadata.len())
    }

    /// Whether what we took is no longer what stands there: cut off, and perhaps written over.
    fn was_rewritten(&self) -> bool {
        if self.length() < self.taken {
            return true;
        }
        let mut now = vec![0; self.last.len()];
        let bytes = Bytes::Disk { file: Arc::clone(&self.file), length: self.taken };
        let read = bytes.read_into(self.taken - self.last.len() as u64, &mut now);
        !matches!(read, Ok(read) if now[..read] == self.last[..])
    }

    fn remember(&mut self) {
        let length = (self.taken as usize).min(REMEMBERED);
        let bytes = Bytes::Disk { file: Arc::clone(&self.file), length: self.taken };
        self.last = bytes.read(self.taken - length as u64, length).unwrap_or_default();
    }

    /// Takes whole records from where we are; whether there was anything. `is_over` says that nothing will follow.
    fn grow(
        &mut self,
        evidence: &mut Evidence,
        files: &mut Files,
        reports: &mut [FileReport],
        scanner: &mut Scanner,
        is_over: bool,
    ) -> bool {
        let Some(plan) = files.files.get(&self.number).map(|file| file.plan.clone()) else { return false };
        let length = self.length();
        if length != self.seen {
            self.seen = length;
            self.quiet = 0;
        }
        let mut grew = false;
        while self.taken < length {
            let lookback = lookback(&plan);
            let from = self.taken.saturating_sub(lookback);
            let bytes = Bytes::Disk { file: Arc::clone(&self.file), length };
            let Ok(buffer) = bytes.read(from, (length - from).min(WINDOW + lookback) as usize) else {
                break;
            };
            let start = (self.taken - from) as usize;
            let is_rest = from + buffer.len() as u64 >= length;
            let whole = start + plan.whole_records(&buffer[start..]);
            let ends_a_line = buffer.last() == Some(&b'\n');
            let patience = if ends_a_line { QUIET_RECORD } else { QUIET_LINE };
            let end = if is_rest && (is_over || self.quiet >= patience) || whole == start && !is_rest {
                buffer.len()
            } else {
                whole
            };
            if end <= start {
                break;
            }
            let glances = plan.glance(&buffer[..end], start..end, from, self.number, scanner);
            evidence.append(&glances);
            evidence.make_room();
            evidence.add_series(plan.series(&buffer[start..end], &self.shown));
            self.taken = from + end as u64;
            self.report(&glances, reports);
            scanner.recycle(glances);
            grew = true;
        }
        if grew {
            self.remember();
            let bytes = Bytes::Disk { file: Arc::clone(&self.file), length: self.taken };
            if let Some(file) = Arc::make_mut(&mut files.files).get_mut(&self.number) {
                file.bytes = bytes;
            }
        }
        grew
    }

    fn report(&self, glances: &Glances, reports: &mut [FileReport]) {
        if let Some(report) = reports.iter_mut().find(|report| report.path == self.shown) {
            report.bytes = self.taken;
            report.take(glances);
        }
    }
}

impl Table {
    fn has_changed(&self) -> bool {
        fs::metadata(&self.path)
            .is_ok_and(|it| it.len() != self.length || identity(&it, &self.path) != self.identity)
    }
}

/// How much of a file is whole records, told from its end.
fn up_to_whole_records(plan: &Plan, file: &Arc<fs::File>, length: u64) -> u64 {
    let from = length.saturating_sub(WINDOW);
    let bytes = Bytes::Disk { file: Arc::clone(file), length };
    let Ok(end) = bytes.read(from, WINDOW as usize) else { return length };
    match plan.whole_records(&end) {
        // One record and nothing else so far, or one that is longer than what we looked at.
        0 if from > 0 => length,
        whole => from + whole as u64,
    }
}

#[cfg(unix)]
fn identity(metadata: &fs::Metadata, _: &Path) -> Identity {
    use std::os::unix::fs::MetadataExt;
    (metadata.dev(), metadata.ino())
}

#[cfg(not(unix))]
fn identity(metadata: &fs::Metadata, path: &Path) -> Identity {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    path.hash(&mut hasher);
    let created = metadata.created().ok().and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
    (hasher.finish(), created.map_or(0, |since| since.as_nanos() as u64))
}

#[cfg(test)]
mod tests;
