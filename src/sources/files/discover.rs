//! From what a person names to files: folders, globs, standard input, compressed members.

use super::held::Bytes;
use crate::ingest::scrub_text;
use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// One stream to be read.
#[derive(Clone, Debug)]
pub struct Input {
    /// The path as it is shown and reported.
    pub shown: String,
    /// The path below what was opened: names the system.
    pub relative: String,
    pub bytes: Option<Bytes>,
    /// Why it could not be opened, or not to its end.
    pub error: Option<String>,
    /// The file on disk that can be followed as it grows.
    pub path: Option<PathBuf>,
}

/// What is longer when it is unpacked lies on the disk meanwhile, not in memory.
const IN_MEMORY: u64 = 32 << 20;

/// Deeper folders than this are not entered: a link may lead in a circle.
const DEEPEST: usize = 16;

impl Input {
    /// Bytes that came with the program.
    pub fn bundled(path: &str, bytes: impl Into<Arc<[u8]>>) -> Self {
        let relative = path.split_once('/').map_or(path, |(_, rest)| rest).to_owned();
        Self {
            shown: path.to_owned(),
            relative,
            bytes: Some(Bytes::Memory(bytes.into())),
            error: None,
            path: None,
        }
    }

    fn failed(shown: String, error: String) -> Self {
        let shown = scrub_text(&shown).into_owned();
        Self { relative: shown.clone(), shown, bytes: None, error: Some(error), path: None }
    }
}

/// Finds and opens what `paths` name, in a stable order; what cannot be opened is there with the reason.
pub fn discover(paths: &[String]) -> Vec<Input> {
    let mut inputs = Vec::new();
    for path in paths {
        if path == "-" {
            inputs.push(standard_input());
        } else if Path::new(path).is_dir() {
            let before = inputs.len();
            folder(Path::new(path), Path::new(path), 0, &mut inputs);
            if inputs.len() == before {
                inputs.push(Input::failed(path.clone(), "the folder holds no files".to_owned()));
            }
        } else if Path::new(path).exists() {
            inputs.push(file(Path::new(path), Path::new(path)));
        } else if path.contains(['*', '?', '[', '{']) {
            globbed(path, &mut inputs);
        } else {
            inputs.push(Input::failed(path.clone(), "there is no such file or folder".to_owned()));
        }
    }
    inputs
}

/// Opens those files below `paths` that are new.
pub(super) fn late(paths: &[String], is_new: &dyn Fn(&Path) -> bool) -> Vec<Input> {
    let mut inputs = Vec::new();
    for path in paths.iter().filter(|path| *path != "-") {
        let mut found = Vec::new();
        let root = if Path::new(path).is_dir() {
            walk(Path::new(path), 0, &mut found);
            found.retain(|found| !is_hidden_below(Path::new(path), found));
            Path::new(path)
        } else if Path::new(path).exists() {
            found.push(PathBuf::from(path));
            Path::new(path)
        } else if let Ok((root, matching)) = matching(path) {
            found = matching;
            root
        } else {
            continue;
        };
        found.sort();
        inputs.extend(found.iter().filter(|path| is_new(path)).map(|path| file(root, path)));
    }
    inputs
}

fn is_hidden_below(root: &Path, path: &Path) -> bool {
    let below = path.strip_prefix(root).unwrap_or(path);
    below.iter().any(|part| part.to_string_lossy().starts_with('.'))
}

fn folder(root: &Path, here: &Path, depth: usize, inputs: &mut Vec<Input>) {
    let mut entries: Vec<PathBuf> = match fs::read_dir(here) {
        Ok(entries) => entries.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect(),
        Err(error) => {
            inputs.push(Input::failed(here.display().to_string(), format!("cannot list it: {error}")));
            return;
        }
    };
    entries.sort();
    for path in entries {
        let is_hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if is_hidden {
            continue;
        }
        // Opening a pipe waits for somebody to write to it, for ever; one that a person names is another matter.
        match fs::metadata(&path) {
            Ok(kind) if kind.is_dir() && depth < DEEPEST => folder(root, &path, depth + 1, inputs),
            Ok(kind) if kind.is_dir() => {}
            Ok(kind) if !kind.is_file() => {}
            _ => inputs.push(file(root, &path)),
        }
    }
}

/// Expands a glob that the shell left alone, from its longest part without a wildcard.
fn globbed(pattern: &str, inputs: &mut Vec<Input>) {
    match matching(pattern) {
        Err(error) => {
            inputs.push(Input::failed(pattern.to_owned(), format!("cannot read the pattern: {error}")));
        }
        Ok((_, found)) if found.is_empty() => {
            inputs.push(Input::failed(pattern.to_owned(), "no file fits the pattern".to_owned()));
        }
        Ok((root, found)) => inputs.extend(found.iter().map(|path| file(root, path))),
    }
}

/// The files that a glob fits, and the folder that it begins in.
fn matching(pattern: &str) -> Result<(&Path, Vec<PathBuf>), globset::Error> {
    let fixed = pattern.find(['*', '?', '[', '{']).map_or(pattern, |wildcard| &pattern[..wildcard]);
    let root = fixed.rfind('/').map_or(".", |slash| if slash == 0 { "/" } else { &fixed[..slash] });
    let glob = globset::GlobBuilder::new(pattern.strip_prefix("./").unwrap_or(pattern))
        .literal_separator(true)
        .build()?
        .compile_matcher();
    let mut found = Vec::new();
    walk(Path::new(root), 0, &mut found);
    found.retain(|path| glob.is_match(path.strip_prefix("./").unwrap_or(path)));
    found.sort();
    Ok((Path::new(root), found))
}

fn walk(here: &Path, depth: usize, found: &mut Vec<PathBuf>) {
    for path in
        fs::read_dir(here).into_iter().flatten().filter_map(|entry| entry.ok().map(|entry| entry.path()))
    {
        if path.is_dir() && depth < DEEPEST {
            walk(&path, depth + 1, found);
        } else if path.is_file() {
            found.push(path);
        }
    }
}

fn file(root: &Path, path: &Path) -> Input {
    let relative = match path.strip_prefix(root) {
        Ok(relative) if !relative.as_os_str().is_empty() => relative.display().to_string(),
        // A file named by itself: its folder still tells the system.
        _ => path
            .iter()
            .rev()
            .take(2)
            .collect::<Vec<_>>()
            .into_iter()
            .rev()
            .collect::<PathBuf>()
            .display()
            .to_string(),
    };
    // Names of files are as hostile as what is in them, and become names of systems.
    let shown = scrub_text(&path.display().to_string()).into_owned();
    let relative = scrub_text(&relative).into_owned();
    let mut input = Input { shown, relative, bytes: None, error: None, path: None };
    let (unpacked, error) = match fs::File::open(path) {
        Err(error) => (None, Some(format!("cannot open it: {error}"))),
        Ok(file) => match path.extension().and_then(|ending| ending.to_str()) {
            Some("gz") => unpack(flate2::read::MultiGzDecoder::new(file), IN_MEMORY),
            Some("zst" | "zstd") => match zstd::Decoder::new(file) {
                Ok(decoder) => unpack(decoder, IN_MEMORY),
                Err(error) => (None, Some(format!("cannot unpack it: {error}"))),
            },
            _ => match file.metadata() {
                Ok(metadata) if !metadata.is_file() => unpack(file, IN_MEMORY), // A pipe, as the shell makes for `<(…)`.
                Ok(metadata) => {
                    input.path = Some(path.to_owned());
                    (Some(Bytes::Disk { file: Arc::new(file), length: metadata.len() }), None)
                }
                Err(error) => (None, Some(format!("cannot read its size: {error}"))),
            },
        },
    };
    if input.path.is_none() {
        for ending in [".gz", ".zst", ".zstd"] {
            if let Some(stripped) = input.relative.strip_suffix(ending) {
                input.relative = stripped.to_owned();
            }
        }
    }
    input.bytes = unpacked;
    input.error = error;
    input
}

/// What can be unpacked, and why it ended early if it did: half a file is better than none.
fn unpack(mut from: impl Read, in_memory: u64) -> (Option<Bytes>, Option<String>) {
    let mut bytes = Vec::new();
    let mut outcome = from.by_ref().take(in_memory).read_to_end(&mut bytes);
    let mut length = bytes.len() as u64;
    let mut unpacked = None;
    if length == in_memory && outcome.is_ok() {
        // The system deletes the file when nobody has it open any more.
        match tempfile::tempfile().and_then(|mut file| file.write_all(&bytes).map(|()| file)) {
            Ok(mut file) => {
                outcome = io::copy(&mut from, &mut file).map(|more| more as usize);
                length = file.metadata().map_or(length, |metadata| metadata.len());
                unpacked = Some(Bytes::Disk { file: Arc::new(file), length });
            }
            Err(_) => outcome = from.read_to_end(&mut bytes), // No room on the disk: then in memory.
        }
    }
    let error = outcome.err().map(|error| {
        format!(
            "cannot unpack it beyond {} bytes: {error}; what came before was read",
            length.max(bytes.len() as u64)
        )
    });
    (Some(unpacked.unwrap_or_else(|| Bytes::Memory(bytes.into()))), error)
}

fn standard_input() -> Input {
    let mut bytes = Vec::new();
    let error =
        io::stdin().lock().read_to_end(&mut bytes).err().map(|error| format!("cannot read it all: {error}"));
    Input {
        shown: "-".into(),
        relative: "stdin".into(),
        bytes: Some(Bytes::Memory(bytes.into())),
        error,
        path: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_long_lies_on_the_disk_once_it_is_unpacked_and_reads_the_same() {
        let text: Vec<u8> = (0..50_000u32).flat_map(u32::to_le_bytes).collect();
        for in_memory in [1_000, text.len() as u64, 1 << 20] {
            let (bytes, error) = unpack(text.as_slice(), in_memory);
            let bytes = bytes.unwrap();
            assert_eq!(matches!(bytes, Bytes::Disk { .. }), in_memory <= text.len() as u64);
            assert_eq!((bytes.read(0, 1 << 20).unwrap(), error), (text.clone(), None));
        }
    }
}
