//! The table of ARCHITECTURE.md as a test: imports run one way, pure layers stay pure, every file says what it holds.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Words that reach for the outside world or for the clock; none may stand in a pure layer.
const IMPURE: &[&str] = &[
    "tokio::",
    "reqwest::",
    "sqlx::",
    "std::fs",
    "std::env",
    "std::net",
    "std::process",
    "std::{fs",
    "fs::read",
    "fs::write",
    "File::open",
    "SystemTime",
    "Instant::",
    "::now()",
    "println!",
];

/// One row of the table.
struct Layer {
    may_import: Vec<String>,
    is_pure: bool,
}

#[test]
fn imports_run_one_way() {
    let layers = table();
    let mut wrong = Vec::new();
    for (name, layer) in &layers {
        for (place, line) in production_lines(name) {
            if line.trim_start().starts_with("use crate::{") {
                wrong.push(format!("{place}: one `use crate::layer::…` per layer, no groups"));
            }
            for other in layers.keys().filter(|other| *other != name) {
                if imports(&line, other) && !layer.may_import.contains(other) {
                    wrong.push(format!("{place}: {name} imports {other}, which ARCHITECTURE.md forbids"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn pure_layers_do_no_input_or_output_and_read_no_clock() {
    let mut wrong = Vec::new();
    for (name, _) in table().into_iter().filter(|(_, layer)| layer.is_pure) {
        for (place, line) in production_lines(&name) {
            for word in IMPURE.iter().filter(|word| line.contains(**word)) {
                wrong.push(format!("{place}: {name} is pure but says `{word}`"));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn the_table_names_every_layer_and_nothing_else() {
    let lib = fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let mut modules: Vec<String> = lib
        .lines()
        .filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';').map(str::to_owned))
        .collect();
    modules.sort();
    assert_eq!(table().into_keys().collect::<Vec<_>>(), modules);
}

#[test]
fn every_file_opens_with_what_it_holds() {
    let mut wrong = Vec::new();
    for folder in ["src", "tests", "benches"] {
        for file in rust_files(&root().join(folder)) {
            let text = fs::read_to_string(&file).unwrap();
            if !text.starts_with("//! ") {
                wrong.push(format!("{}: no `//!` header", file.display()));
            }
            if file.ends_with("mod.rs") {
                wrong.push(format!("{}: `foo.rs` beside `foo/`, never `mod.rs`", file.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// The layers, what each may import and whether it is pure, as ARCHITECTURE.md has them.
fn table() -> BTreeMap<String, Layer> {
    let text = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let mut layers: BTreeMap<String, Layer> = BTreeMap::new();
    for line in text.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [names, _, may_import, pure] = cells[..] else { panic!("a row of four cells: {line}") };
        let so_far: Vec<String> = layers.keys().cloned().collect();
        for name in names.split(", ") {
            let may_import = match may_import {
                "–" => Vec::new(),
                "all above" => so_far.clone(),
                list => list.split(", ").map(str::to_owned).collect(),
            };
            let layer = Layer { may_import, is_pure: pure == "pure" };
            assert!(layers.insert(name.trim_matches('`').to_owned(), layer).is_none(), "{name} twice");
        }
    }
    assert!(layers.len() > 5, "ARCHITECTURE.md has the table of layers");
    layers
}

/// Whether the line names the layer as `crate::layer`, and not merely a longer word.
fn imports(line: &str, layer: &str) -> bool {
    let path = format!("crate::{layer}");
    line.match_indices(&path).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + path.len()..].chars().next();
        !before.is_some_and(|c| c.is_alphanumeric() || c == '_')
            && !after.is_some_and(|c| c.is_alphanumeric() || c == '_')
    })
}

/// The lines of a layer that are neither comment nor test, each with its place.
fn production_lines(layer: &str) -> Vec<(String, String)> {
    let src = root().join("src");
    let mut files = vec![src.join(format!("{layer}.rs"))];
    files.extend(rust_files(&src.join(layer)));
    let mut lines = Vec::new();
    for file in files.into_iter().filter(|file| !is_for_tests(file)) {
        let text = fs::read_to_string(&file).unwrap();
        let code = text.split("#[cfg(test)]\nmod ").next().unwrap();
        lines.extend(code.lines().zip(1..).filter(|(line, _)| !line.trim_start().starts_with("//")).map(
            |(line, number)| {
                let place = file.strip_prefix(root()).unwrap().display();
                (format!("{place}:{number}"), line.to_owned())
            },
        ));
    }
    lines
}

fn is_for_tests(file: &Path) -> bool {
    file.components().any(|part| {
        matches!(part.as_os_str().to_str(), Some("tests" | "tests.rs" | "testing" | "testing.rs"))
    })
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("target") {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
