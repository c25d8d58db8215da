//! Everything that is built in may be built in: permissive licences only, from the registry only, as `deny.toml` has it.
//!
//! `cargo deny check licenses bans sources` says the same and more, where it is installed; this needs nothing but cargo.
#![allow(clippy::unwrap_used)]

use serde::Deserialize;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

/// One package of the build, on any machine: `serde v1.0.0`, and its licence.
struct Package {
    name: String,
    licence: String,
}

#[derive(Deserialize)]
struct Deny {
    licenses: Licences,
}

#[derive(Deserialize)]
struct Licences {
    allow: Vec<String>,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// What is really built; the lock file also names what no feature asks for.
fn packages() -> Vec<Package> {
    let output = Command::new(env!("CARGO"))
        .args([
            "tree",
            "--locked",
            "--offline",
            "--all-features",
            "--target",
            "all",
            "--edges",
            "normal,build,dev",
        ])
        .args(["--prefix", "none", "--format", "{p}|{l}"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    // What was listed before is marked.
    let lines: BTreeSet<&str> = text.lines().map(|line| line.trim_end_matches(" (*)")).collect();
    assert!(lines.len() > 100, "the dependencies of dependencies are in it: {text}");
    let package = |line: &&str| {
        let (name, licence) = line.rsplit_once('|')?;
        Some(Package { name: name.to_owned(), licence: licence.to_owned() })
    };
    lines.iter().filter_map(package).collect()
}

fn allowed() -> Vec<String> {
    let text = std::fs::read_to_string(root().join("deny.toml")).unwrap();
    toml::from_str::<Deny>(&text).unwrap().licenses.allow
}

#[test]
fn every_licence_is_one_that_is_allowed() {
    let allowed = allowed();
    let mut wrong = Vec::new();
    for package in packages() {
        if !is_allowed(&package.licence, &allowed) {
            wrong.push(format!("{}: {}", package.name, package.licence));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn everything_but_our_own_comes_from_the_registry() {
    // Only what comes from elsewhere has its place behind its version: `name v1.0.0 (https://…)`.
    let elsewhere: Vec<String> = packages()
        .into_iter()
        .map(|package| package.name.replace(" (proc-macro)", ""))
        .filter(|name| name.contains('(') && !name.starts_with("bridgewatch "))
        .collect();
    assert!(elsewhere.is_empty(), "{elsewhere:?}");
}

/// Whether an SPDX expression leaves a choice that is allowed.
fn is_allowed(expression: &str, allowed: &[String]) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut at = 0;
    let answer = any(&words, &mut at, allowed);
    answer && at == words.len()
}

/// `a OR b`, which binds less than `AND`.
fn any(words: &[&str], at: &mut usize, allowed: &[String]) -> bool {
    let mut answer = all(words, at, allowed);
    while words.get(*at) == Some(&"OR") {
        *at += 1;
        answer |= all(words, at, allowed);
    }
    answer
}

fn all(words: &[&str], at: &mut usize, allowed: &[String]) -> bool {
    let mut answer = one(words, at, allowed);
    while words.get(*at) == Some(&"AND") {
        *at += 1;
        answer &= one(words, at, allowed);
    }
    answer
}

fn one(words: &[&str], at: &mut usize, allowed: &[String]) -> bool {
    let Some(&word) = words.get(*at) else { return false };
    *at += 1;
    if word == "(" {
        let answer = any(words, at, allowed);
        let is_closed = words.get(*at) == Some(&")");
        *at += 1;
        return answer && is_closed;
    }
    let mut name = word.to_owned();
    if words.get(*at) == Some(&"WITH") {
        name = format!("{name} WITH {}", words.get(*at + 1).copied().unwrap_or_default());
        *at += 2;
    }
    allowed.contains(&name)
}

#[test]
fn expressions_are_read_as_they_are_meant() {
    let allowed = ["MIT", "ISC", "Apache-2.0 WITH LLVM-exception"].map(str::to_owned);
    for good in [
        "MIT",
        "MIT OR GPL-3.0",
        "MIT/GPL-3.0",
        "(MIT OR GPL-3.0) AND ISC",
        "Apache-2.0 WITH LLVM-exception OR GPL-2.0",
    ] {
        assert!(is_allowed(good, &allowed), "{good}");
    }
    for bad in ["GPL-3.0", "MIT AND GPL-3.0", "none", "", "(MIT", "Apache-2.0", "(MIT OR ISC) AND GPL-2.0"] {
        assert!(!is_allowed(bad, &allowed), "{bad}");
    }
}
