//! Labelled incidents on disk: `case.toml` says what the person on call knows, `truth.csv` what was found out.

use super::super::super::Failure;
use super::super::super::gather::load;
use super::SuspectsBench;
use crate::config::Config;
use crate::evidence::Evidence;
use crate::flows::Flows;
use crate::ingest::Settings;
use crate::sources::files::{Loaded, discover};
use crate::telemetry::Time;
use serde::Deserialize;
use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

/// One incident and its truth.
#[derive(Debug)]
pub(super) struct Case {
    pub name: String,
    pub set: String,
    pub fault: String,
    /// Systems that count as right, in lower case.
    pub guilty: Vec<String>,
    /// Changes that count as right; `none` where no change is guilty; empty where the set has no changes.
    pub changes: Vec<String>,
    /// What the person on call gave.
    pub onset: Time,
    folder: PathBuf,
}

/// What was read of a case.
pub(super) struct Telemetry {
    pub evidence: Evidence,
    pub flows: Flows,
}

#[derive(Deserialize)]
struct Known {
    onset: String,
}

/// All cases that are asked for, by name.
pub(super) fn read(arguments: &SuspectsBench) -> Result<Vec<Case>, Failure> {
    let folder = &arguments.folder;
    let beside = || {
        let places = [folder.join("truth.csv"), folder.parent().unwrap_or(folder).join("truth.csv")];
        places.into_iter().find(|place| place.is_file())
    };
    let path = arguments.truth.clone().or_else(beside).ok_or_else(|| {
        Failure::usage(format!("{}: there is no truth.csv", folder.display()), "name it by --truth")
    })?;
    let text =
        fs::read_to_string(&path).map_err(|error| Failure::unread(format!("{}: {error}", path.display())))?;
    let wanted = |name: &str| {
        arguments.case.is_empty() || arguments.case.iter().any(|begin| name.starts_with(begin.as_str()))
    };
    let mut cases = Vec::new();
    for truth in truths(&text).filter(|truth| wanted(truth.of("case"))) {
        let place = folder.join(truth.of("case"));
        if place.is_dir() {
            cases.push(case(&truth, place)?);
        }
    }
    if cases.is_empty() {
        return Err(Failure::usage(
            format!("{}: there is no such case", folder.display()),
            "a case is a folder with case.toml, named in truth.csv",
        ));
    }
    Ok(cases)
}

fn case(truth: &Truth, folder: PathBuf) -> Result<Case, Failure> {
    let path = folder.join("case.toml");
    let unread = |why: String| Failure::unread(format!("{}: {why}", path.display()));
    let text = fs::read_to_string(&path).map_err(|error| unread(error.to_string()))?;
    let known: Known = toml::from_str(&text).map_err(|error| unread(error.message().to_owned()))?;
    let onset = Time::parse(&known.onset).ok_or_else(|| unread(format!("`{}` is no time", known.onset)))?;
    let listed = |name: &str| truth.of(name).split('|').filter(|one| !one.is_empty()).map(str::to_owned);
    let mut guilty: Vec<String> = listed("acceptable_systems").chain(listed("root_cause_system")).collect();
    guilty.iter_mut().for_each(|name| *name = name.to_lowercase());
    guilty.dedup();
    Ok(Case {
        name: truth.of("case").to_owned(),
        set: truth.of("set").to_owned(),
        fault: truth.of("fault_type").to_owned(),
        guilty,
        changes: listed("root_cause_change").collect(),
        onset,
        folder,
    })
}

impl Case {
    pub(super) fn load(&self, config: &Config, reading: &Settings, now: Time) -> Telemetry {
        let mut files = discover(&[self.folder.display().to_string()]);
        files.retain(|file| {
            file.path.as_deref().and_then(Path::file_name).is_none_or(|name| name != "case.toml")
        });
        let Loaded { evidence, .. } = load(files, reading, now);
        let flows = Flows::of(&evidence, &config.flow_settings());
        Telemetry { evidence, flows }
    }
}

/// A line of the truth, by its columns.
struct Truth<'a>(HashMap<&'a str, &'a str>);

impl<'a> Truth<'a> {
    fn of(&self, column: &str) -> &'a str {
        self.0.get(column).copied().unwrap_or_default()
    }
}

/// The lines of a table with a head; its cells hold no commas.
fn truths(text: &str) -> impl Iterator<Item = Truth<'_>> {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let head: Vec<&str> = lines.next().unwrap_or_default().split(',').collect();
    lines.map(move |line| Truth(head.iter().copied().zip(line.split(',')).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_truth_is_read_by_its_head() {
        let text = "case,set,fault_type\n\na-1,a,latency\na-2,a,error\n";
        let read: Vec<(&str, &str)> =
            truths(text).map(|truth| (truth.of("case"), truth.of("fault_type"))).collect();
        assert_eq!(read, [("a-1", "latency"), ("a-2", "error")]);
        assert_eq!(truths(text).next().unwrap().of("no such column"), "");
    }
}
