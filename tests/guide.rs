//! The guide is true: every `console` block of README and docs is run, and prints what it shows.
//!
//! In a block, `$ bridgewatch …` is run in a home of its own that the page's blocks share; `…` stands for any text.
#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn pages() -> Vec<PathBuf> {
    let mut pages = vec![root().join("README.md")];
    let mut folders = vec![root().join("docs")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "md") {
                pages.push(path);
            }
        }
    }
    pages.sort();
    pages
}

/// The commands of a page, each with the lines that it prints.
fn commands(page: &str) -> Vec<(String, Vec<String>)> {
    let mut commands: Vec<(String, Vec<String>)> = Vec::new();
    let mut is_inside = false;
    for line in page.lines() {
        match (is_inside, line) {
            (false, "```console") => is_inside = true,
            (true, "```") => is_inside = false,
            (true, line) => match line.strip_prefix("$ ") {
                Some(command) => commands.push((command.to_owned(), Vec::new())),
                None => commands.last_mut().expect("output follows a command").1.push(line.to_owned()),
            },
            (false, _) => {}
        }
    }
    commands
}

/// Whether the lines are what was promised; a line of `…` alone stands for any lines, within a line it ends it.
fn fits(promised: &[String], printed: &[&str]) -> bool {
    match promised.split_first() {
        None => printed.is_empty(),
        Some((first, rest)) if first == "…" => (0..=printed.len()).any(|from| fits(rest, &printed[from..])),
        Some((first, rest)) => printed.split_first().is_some_and(|(line, others)| {
            let is_same = match first.strip_suffix('…') {
                Some(beginning) => line.starts_with(beginning),
                None => line == first,
            };
            is_same && fits(rest, others)
        }),
    }
}

#[test]
fn every_command_of_the_guide_prints_what_the_guide_shows() {
    let mut count = 0;
    for page in pages() {
        let home = tempfile::tempdir().unwrap();
        for (command, promised) in commands(&std::fs::read_to_string(&page).unwrap()) {
            let mut words = command.split(' ');
            assert_eq!(words.next(), Some("bridgewatch"), "{command}");
            let output = Command::new(env!("CARGO_BIN_EXE_bridgewatch"))
                .args(words)
                .current_dir(home.path())
                .env("XDG_DATA_HOME", home.path())
                .env("XDG_CONFIG_HOME", home.path())
                .output()
                .unwrap();
            let printed = String::from_utf8(output.stdout).unwrap();
            let said = String::from_utf8(output.stderr).unwrap();
            assert!(output.status.success(), "{}: {command}\n{said}", page.display());
            let lines: Vec<&str> = printed.lines().collect();
            assert!(fits(&promised, &lines), "{}: {command} prints\n{printed}", page.display());
            count += 1;
        }
    }
    assert!(count > 5, "the guide has commands in it");
}

/// What the pages tell a person to run with files of their own is at least something that the program takes.
#[test]
fn every_command_line_of_the_pages_is_one_that_the_program_takes() {
    use clap::Parser;
    let mut count = 0;
    for page in pages() {
        let text = std::fs::read_to_string(&page).unwrap();
        let blocks = text.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next());
        for line in blocks.flat_map(str::lines).filter(|line| line.starts_with("bridgewatch")) {
            let command = line.split('#').next().unwrap_or_default().replace("...", "");
            let parsed = bridgewatch::cli::Cli::try_parse_from(command.split_whitespace());
            assert!(parsed.is_ok(), "{}: {line}\n{}", page.display(), parsed.err().unwrap());
            count += 1;
        }
    }
    assert!(count > 5, "the README has commands in it");
}

#[test]
fn links_between_pages_lead_somewhere() {
    let mut wrong = Vec::new();
    for page in pages() {
        let text = std::fs::read_to_string(&page).unwrap();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let is_outside = link.contains("://") || link.starts_with('#');
            let file = link.split('#').next().unwrap_or_default();
            if !is_outside && !page.parent().unwrap().join(file).exists() {
                wrong.push(format!("{}: {link}", page.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
