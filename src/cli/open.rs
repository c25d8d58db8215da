//! `bridgewatch open` and `bridgewatch` alone: the cockpit.

use super::arguments::{Inputs, Shared};
use super::{Failure, Outcome, configuration};
pub(super) use crate::app::Opening;
use std::io::IsTerminal;

pub(super) fn run(shared: &Shared, inputs: &Inputs) -> Result<Outcome, Failure> {
    match &inputs.demo {
        Some(name) if inputs.paths.is_empty() => cockpit(shared, Opening::Demo(name.clone())),
        Some(_) => Err(Failure::usage("--demo and paths do not go together here", "open one or the other")),
        None => cockpit(shared, Opening::Evidence(inputs.paths.clone())),
    }
}

/// Says so where nobody could see a screen.
pub(super) fn needs_terminal() -> Result<(), Failure> {
    if std::io::stdout().is_terminal() {
        return Ok(());
    }
    Err(Failure::usage(
        "the cockpit needs a terminal",
        "for scripts there are `flows`, `flow`, `suspects`, `incident` and others: see --help",
    ))
}

/// Opens the cockpit and comes back when the person leaves it.
pub(super) fn cockpit(shared: &Shared, opening: Opening) -> Result<Outcome, Failure> {
    needs_terminal()?;
    let config = configuration(shared)?;
    crate::app::run(config, shared.theme.as_deref(), opening)
        .map(|()| Outcome::Done)
        .map_err(|error| Failure::usage(format!("{error:#}"), "see --help"))
}
