//! The ends of files, held back and taken in piece by piece: how a tail looks to a measurement. And the plain pass that
//! reading is measured against.

use super::{Bytes, Files, Input, PAGE};
use crate::evidence::Evidence;
use crate::ingest::Scanner;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread;

/// What was cut off from files; see [`Ends::cut`].
#[derive(Debug)]
pub struct Ends {
    files: Vec<End>,
    steps: u64,
    step: u64,
    scanner: Scanner,
}

#[derive(Debug)]
struct End {
    shown: String,
    whole: Bytes,
    from: u64,
    taken: u64,
}

impl Ends {
    /// Shortens files by so many bytes in all, each by the same share, and keeps what is cut off for so many steps.
    pub fn cut(inputs: &mut [Input], bytes: u64, steps: u64) -> Self {
        let all: u64 = inputs.iter().filter_map(|input| input.bytes.as_ref().map(Bytes::len)).sum();
        let share = (bytes as f64 / all.max(1) as f64).min(0.5);
        let mut files = Vec::new();
        for input in inputs {
            let Some(Bytes::Disk { file, length }) = &mut input.bytes else { continue };
            let whole = Bytes::Disk { file: file.clone(), length: *length };
            let cut = *length - (*length as f64 * share) as u64;
            let from = line_begin(&whole, cut);
            *length = from;
            files.push(End { shown: input.shown.clone(), whole, from, taken: from });
        }
        Self { files, steps, step: 0, scanner: Scanner::default() }
    }

    /// Takes in the next piece of every file; gives how many events that were, `None` when all was taken.
    pub fn take(&mut self, files: &Files, evidence: &mut Evidence) -> Option<u32> {
        if self.step == self.steps {
            return None;
        }
        self.step += 1;
        let before = evidence.came();
        for end in &mut self.files {
            let Some((&number, file)) = files.files.iter().find(|(_, file)| *file.path == *end.shown) else {
                continue;
            };
            let length = end.whole.len() - end.from;
            let to = line_begin(&end.whole, end.from + length * self.step / self.steps).max(end.taken);
            let base = end.taken.saturating_sub(PAGE as u64);
            let Ok(bytes) = end.whole.read(base, (to - base) as usize) else { continue };
            let own = (end.taken - base) as usize..bytes.len();
            let glances = file.plan.glance(&bytes, own, base, number, &mut self.scanner);
            evidence.append(&glances);
            self.scanner.recycle(glances);
            end.taken = to;
        }
        evidence.make_room();
        Some((evidence.came() - before) as u32)
    }
}

/// Where the line begins that a place lies in.
fn line_begin(bytes: &Bytes, at: u64) -> u64 {
    let from = at.saturating_sub(1 << 20);
    let before = bytes.read(from, (at - from) as usize).unwrap_or_default();
    memchr::memrchr(b'\n', &before).map_or(at, |newline| from + newline as u64 + 1)
}

/// Reads everything and counts lines, by all cores: the least that anybody does who looks at every byte.
pub fn count_lines(inputs: &[Input]) -> u64 {
    const CHUNK: u64 = 512 * 1024;
    let jobs: Vec<(&Bytes, u64)> = inputs
        .iter()
        .filter_map(|input| input.bytes.as_ref())
        .flat_map(|bytes| (0..bytes.len()).step_by(CHUNK as usize).map(move |start| (bytes, start)))
        .collect();
    let (next, lines) = (AtomicUsize::new(0), AtomicU64::new(0));
    let threads = thread::available_parallelism().map_or(2, usize::from).min(jobs.len().max(1));
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let mut buffer = vec![0; CHUNK as usize + PAGE];
                let aligned = buffer.as_ptr().align_offset(PAGE).min(PAGE);
                let buffer = &mut buffer[aligned..aligned + CHUNK as usize];
                while let Some((bytes, start)) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let Ok(read) = bytes.read_into(*start, buffer) else { continue };
                    let counted = memchr::memchr_iter(b'\n', &buffer[..read]).count();
                    lines.fetch_add(counted as u64, Ordering::Relaxed);
                }
            });
        }
    });
    lines.into_inner()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::Settings;
    use crate::sources::files::{discover, load};
    use crate::telemetry::Time;

    #[test]
    fn a_file_without_its_end_and_the_end_in_pieces_are_the_whole_file() {
        let folder = tempfile::tempdir().unwrap();
        let line = |n: u32| {
            format!(
                "time=2026-03-01T08:{:02}:{:02}Z level=info msg=\"step\" corr_id={n:032x}\n",
                n / 60,
                n % 60
            )
        };
        let text: String = (1..1_000).map(line).collect();
        std::fs::write(folder.path().join("app.log"), &text).unwrap();
        let paths = [folder.path().display().to_string()];
        assert_eq!(count_lines(&discover(&paths)), 999);
        let mut inputs = discover(&paths);
        let mut ends = Ends::cut(&mut inputs, 20_000, 3);
        let mut loaded = load(inputs, &Settings::default(), Time(0), &mut |_, _| true);
        let before = loaded.evidence.rows();
        assert!((700..900).contains(&before), "{before}");
        let mut came = Vec::new();
        while let Some(events) = ends.take(&loaded.files, &mut loaded.evidence) {
            came.push(events);
        }
        assert_eq!((came.len(), before + came.iter().sum::<u32>()), (3, 999), "{came:?}");
        assert_eq!(loaded.evidence.identifiers.len(), 999);
    }
}
