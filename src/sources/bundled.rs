//! The scenarios that come with the program: raw files of several systems, read like anybody's files.

use super::files::Input;
use rust_embed::RustEmbed;
use serde::Deserialize;
use std::collections::BTreeMap;

/// Not read as evidence: what it is about, its truth, and what an operator would have configured.
const ABOUT: [&str; 3] = ["scenario.toml", "bridgewatch.toml", "truth_flows.jsonl"];

#[derive(RustEmbed)]
#[folder = "sample-logs/"]
#[allow_missing = true]
struct Bundle;

/// One incident, told by raw files.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    /// The folder's name: `erp-cert-expired`.
    pub name: String,
    pub title: String,
}

/// The part of `scenario.toml` that may be shown; the rest is the truth, which tests read.
#[derive(Default, Deserialize)]
#[serde(default)]
struct About {
    title: String,
}

/// All scenarios, in the order in which the cockpit offers them.
pub fn scenarios() -> Vec<Scenario> {
    let mut folders: BTreeMap<String, Scenario> = BTreeMap::new();
    for path in Bundle::iter() {
        let Some((name, _)) = path.split_once('/') else { continue };
        folders.entry(name.to_owned()).or_insert_with(|| {
            let about: About =
                text(name, "scenario.toml").and_then(|text| toml::from_str(&text).ok()).unwrap_or_default();
            let title = if about.title.is_empty() { name.replace('-', " ") } else { about.title };
            Scenario { name: name.to_owned(), title }
        });
    }
    folders.into_values().collect()
}

/// The scenario of that name.
pub fn scenario(name: &str) -> Option<Scenario> {
    scenarios().into_iter().find(|scenario| scenario.name == name)
}

impl Scenario {
    /// Its raw files, as if they had been found in a folder.
    pub fn inputs(&self) -> Vec<Input> {
        let prefix = format!("{}/", self.name);
        let mut paths: Vec<_> = Bundle::iter().filter(|path| path.starts_with(&prefix)).collect();
        paths.sort();
        paths
            .into_iter()
            .filter(|path| !ABOUT.contains(&&path[prefix.len()..]))
            .filter_map(|path| Some(Input::bundled(&path, Bundle::get(&path)?.data.into_owned())))
            .collect()
    }

    /// What an operator of its systems would have configured.
    pub fn configuration(&self) -> Option<String> {
        text(&self.name, "bridgewatch.toml")
    }
}

fn text(name: &str, file: &str) -> Option<String> {
    String::from_utf8(Bundle::get(&format!("{name}/{file}"))?.data.into_owned()).ok()
}
