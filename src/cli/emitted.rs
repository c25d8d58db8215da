//! What a simulated estate wrote, read as anybody's files are: without a folder in between.

use super::Failure;
use super::gather::settings;
use crate::config::Config;
use crate::drill::Emission;
use crate::sources::files::{self, Input, Loaded};
use crate::telemetry::Time;
use std::collections::BTreeMap;

/// What would stand in each file.
pub(super) fn by_file(emissions: &[Emission]) -> BTreeMap<String, String> {
    let mut files: BTreeMap<String, String> = BTreeMap::new();
    for emission in emissions {
        match files.get_mut(&emission.file) {
            Some(text) => text.push_str(&emission.text),
            None => {
                files.insert(emission.file.clone(), emission.text.clone());
            }
        }
    }
    files
}

/// Reads it as somebody would at `at`, with what an operator of the estate would have configured.
pub(super) fn read(
    files: BTreeMap<String, String>,
    configuration: &str,
    at: Time,
) -> Result<(Config, Loaded), Failure> {
    let config = Config::parse(configuration)
        .map_err(|mistakes| Failure::usage(mistakes.join("\n"), "the estate's configuration is broken"))?;
    let inputs = files
        .into_iter()
        .map(|(file, text)| Input::bundled(&format!("drill/{file}"), text.into_bytes()))
        .collect();
    let loaded = files::load(inputs, &settings(&config, at)?, at, &mut |_, _| true);
    Ok((config, loaded))
}
