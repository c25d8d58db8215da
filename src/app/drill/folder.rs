//! The folder of a drill: its log, its record, the telemetry that its estate writes.
//!
//! The log is one file of JSON lines that both terminals append to, a whole line in one write: that needs no lock, survives
//! a kill (a torn line is none), can be read while it grows, and is the one order in which things happened. The record is
//! the ordinary journal of an incident (SQLite in WAL), so that it is written, read and checked by what does that anyway.

use crate::drill::{Emission, Happening, Line, Start};
use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Component, Path, PathBuf};

const LOG: &str = "drill.jsonl";

/// See the module's header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folder {
    path: PathBuf,
}

impl Folder {
    /// A folder for a new drill; one that holds anything already is left alone.
    pub fn create(path: &Path) -> Result<Self, String> {
        let shown = path.display();
        if std::fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_some()) {
            return Err(format!("{shown} is not empty: a drill begins in a folder of its own"));
        }
        std::fs::create_dir_all(path.join("telemetry"))
            .map_err(|error| format!("cannot make {shown}: {error}"))?;
        Ok(Self::at(path))
    }

    /// The folder of a drill that was begun.
    pub fn open(path: &Path) -> Result<Self, String> {
        if path.join(LOG).is_file() {
            Ok(Self::at(path))
        } else {
            Err(format!("{} is no folder of a drill: it has no {LOG}", path.display()))
        }
    }

    fn at(path: &Path) -> Self {
        Self { path: std::path::absolute(path).unwrap_or_else(|_| path.to_owned()) }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How the drill was started.
    pub(in crate::app) fn start(&self) -> Result<Start, String> {
        let started = self.lines()?.into_iter().find_map(|line| match line.what {
            Happening::Started(start) => Some(*start),
            _ => None,
        });
        started.ok_or_else(|| "the log does not say how the drill was started".to_owned())
    }

    pub fn telemetry(&self) -> PathBuf {
        self.path.join("telemetry")
    }

    pub fn record(&self) -> PathBuf {
        self.path.join("record.db")
    }

    pub fn configuration(&self) -> PathBuf {
        self.path.join("bridgewatch.toml")
    }

    /// Where the debrief is written, by its ending.
    pub fn debrief(&self, ending: &str) -> PathBuf {
        self.path.join(format!("debrief.{ending}"))
    }

    /// Appends lines to the log, in one write each.
    pub fn append(&self, lines: &[Line]) -> io::Result<()> {
        if lines.is_empty() {
            return Ok(());
        }
        let mut file = OpenOptions::new().create(true).append(true).open(self.path.join(LOG))?;
        for line in lines {
            file.write_all(line.written().as_bytes())?;
        }
        Ok(())
    }

    /// All lines of the log.
    pub fn lines(&self) -> Result<Vec<Line>, String> {
        self.news(&mut 0).map_err(|error| format!("cannot read the log of {}: {error}", self.path.display()))
    }

    /// Whole lines behind `offset`, which moves behind them.
    pub fn news(&self, offset: &mut u64) -> io::Result<Vec<Line>> {
        let mut file = File::open(self.path.join(LOG))?;
        file.seek(SeekFrom::Start(*offset))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        *offset += whole as u64;
        Ok(Line::read(&String::from_utf8_lossy(&bytes[..whole])))
    }
}

/// Writes what the estate emits. A drill that is taken up again emits the same bytes again: what is there is not written twice.
pub struct Telemetry {
    root: PathBuf,
    files: BTreeMap<String, Growing>,
}

struct Growing {
    file: File,
    /// How much of it was there when it was opened, and how much was emitted since the drill's beginning.
    there: u64,
    emitted: u64,
}

impl Telemetry {
    pub fn of(folder: &Folder) -> Self {
        Self { root: folder.telemetry(), files: BTreeMap::new() }
    }

    pub fn write(&mut self, emissions: &[Emission]) -> io::Result<()> {
        // What comes together for a file is written together.
        let mut texts: BTreeMap<&str, String> = BTreeMap::new();
        for emission in emissions {
            texts.entry(&emission.file).or_default().push_str(&emission.text);
        }
        for (name, text) in texts {
            if !self.files.contains_key(name) {
                let growing = Growing::open(&self.root, name)?;
                self.files.insert(name.to_owned(), growing);
            }
            if let Some(growing) = self.files.get_mut(name) {
                growing.write(text.as_bytes())?;
            }
        }
        Ok(())
    }
}

impl Growing {
    fn open(root: &Path, name: &str) -> io::Result<Self> {
        let is_below = Path::new(name).components().all(|part| matches!(part, Component::Normal(_)));
        if !is_below {
            return Err(io::Error::other(format!("`{name}` is no file below the telemetry folder")));
        }
        let path = root.join(name);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        let file = OpenOptions::new().create(true).append(true).open(&path)?;
        let there = file.metadata()?.len();
        Ok(Self { file, there, emitted: 0 })
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let known = self.there.saturating_sub(self.emitted).min(bytes.len() as u64);
        self.emitted += bytes.len() as u64;
        self.file.write_all(&bytes[known as usize..])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drill::Happening;
    use crate::telemetry::Time;

    fn emission(file: &str, text: &str) -> Emission {
        Emission { at: Time(0), file: file.into(), text: text.into() }
    }

    #[test]
    fn what_is_emitted_again_is_not_written_twice() {
        let home = tempfile::tempdir().unwrap();
        let folder = Folder::create(&home.path().join("d")).unwrap();
        let all =
            [emission("erp/a.log", "one\n"), emission("erp/a.log", "two\n"), emission("kong/b.log", "x\n")];
        Telemetry::of(&folder).write(&all[..1]).unwrap();
        // A kill in the middle of a line.
        let path = folder.telemetry().join("erp/a.log");
        OpenOptions::new().append(true).open(&path).unwrap().write_all(b"tw").unwrap();
        let mut telemetry = Telemetry::of(&folder);
        telemetry.write(&all[..2]).unwrap();
        telemetry.write(&all[2..]).unwrap();
        telemetry.write(&[emission("erp/a.log", "three\n")]).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "one\ntwo\nthree\n");
        assert!(telemetry.write(&[emission("../out.log", "x")]).is_err());
    }

    #[test]
    fn two_terminals_append_to_one_log_and_whole_lines_are_read_once() {
        let home = tempfile::tempdir().unwrap();
        let folder = Folder::create(&home.path().join("d")).unwrap();
        assert!(Folder::open(folder.path()).is_err(), "nothing was begun yet");
        let line = |text: &str| Line::new(Time(1), Happening::Noted { text: text.into() });
        folder.append(&[line("one")]).unwrap();
        let other = Folder::open(folder.path()).unwrap();
        let mut offset = 0;
        assert_eq!(other.news(&mut offset).unwrap(), [line("one")]);
        other.append(&[line("two")]).unwrap();
        let torn = line("three").written();
        let mut file = OpenOptions::new().append(true).open(folder.path().join(LOG)).unwrap();
        file.write_all(&torn.as_bytes()[..9]).unwrap();
        assert_eq!(folder.news(&mut offset).unwrap(), [line("two")]);
        assert_eq!(folder.news(&mut offset).unwrap(), []);
        file.write_all(&torn.as_bytes()[9..]).unwrap();
        assert_eq!(folder.news(&mut offset).unwrap(), [line("three")]);
        assert!(Folder::create(folder.path()).unwrap_err().contains("not empty"));
    }
}
