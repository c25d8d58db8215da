//! The headless commands, one file each: text for people, JSON Lines for machines.
//!
//! Standard output carries the answer and nothing else; progress, warnings and errors go to standard error.

mod arguments;
mod bench;
mod demo;
mod documents;
mod drill;
mod emitted;
mod flow;
mod flows;
mod formats;
mod gather;
mod incident;
mod init;
mod moments;
mod open;
mod output;
mod publish;
mod rca;
mod record;
mod review;
mod skew;
mod sources;
mod suspects;
mod templates;

pub use arguments::Cli;

use arguments::{Command, Shared};
use output::Output;
use std::process::ExitCode;

/// How a command ended that did what it could; the number is the exit status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Done = 0,
    /// Something that was asked for was not found, or a check failed.
    NotFound = 1,
    /// Some input could not be read; what could was used.
    Unread = 3,
}

/// Why a command could not do anything: wrong usage, or nothing to work with.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    message: String,
    /// What to do next.
    hint: Option<String>,
    status: u8,
    is_closed_pipe: bool,
}

impl Failure {
    fn usage(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { message: message.into(), hint: Some(hint.into()), status: 2, is_closed_pipe: false }
    }

    fn unread(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None, status: 3, is_closed_pipe: false }
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        let is_closed_pipe = error.kind() == std::io::ErrorKind::BrokenPipe;
        Self { is_closed_pipe, ..Self::unread(format!("cannot write the answer: {error}")) }
    }
}

/// Runs a command to its end.
pub fn run(cli: Cli) -> ExitCode {
    let output = Output::new(&cli.shared);
    let failure = match perform(cli, &output) {
        Ok(outcome) => return ExitCode::from(outcome as u8),
        Err(Failure { is_closed_pipe: true, .. }) => return ExitCode::SUCCESS, // `| head` has seen enough.
        Err(failure) => failure,
    };
    output.complain(&failure.message, failure.hint.as_deref());
    ExitCode::from(failure.status)
}

fn perform(cli: Cli, output: &Output) -> Result<Outcome, Failure> {
    let Cli { shared, command } = cli;
    match command {
        None => open::cockpit(&shared, open::Opening::Evidence(Vec::new())),
        Some(Command::Demo(arguments)) => demo::run(&shared, &arguments, output),
        Some(Command::Open(arguments)) => open::run(&shared, &arguments),
        Some(Command::Flow(arguments)) => flow::run(&shared, &arguments, output),
        Some(Command::Flows(arguments)) => flows::run(&shared, &arguments, output),
        Some(Command::Suspects(arguments)) => suspects::run(&shared, &arguments, output),
        Some(Command::Skew(arguments)) => skew::run(&shared, &arguments, output),
        Some(Command::Formats(arguments)) => formats::run(&shared, &arguments, output),
        Some(Command::Templates(arguments)) => templates::run(&shared, &arguments, output),
        Some(Command::Sources) => sources::run(&shared, output),
        Some(Command::Bench(command)) => bench::run(&shared, command, output),
        Some(Command::Init(arguments)) => init::run(&shared, &arguments, output),
        Some(Command::Incident(command)) => incident::run(&shared, command, output),
        Some(Command::Rca(command)) => rca::run(&shared, command, output),
        Some(Command::Publish(arguments)) => publish::run(&shared, arguments, output),
        Some(Command::Drill(command)) => drill::run(&shared, command, output),
        Some(Command::Review(inputs)) => review::run(&shared, &inputs, output),
        Some(Command::Completions { shell }) => documents::completions(shell, output),
        Some(Command::Man) => documents::man(output),
    }
}

/// Reads the configuration that the arguments name.
fn configuration(shared: &Shared) -> Result<crate::config::Config, Failure> {
    use crate::config::{Config, ConfigError};
    let mut config = Config::load(shared.config.as_deref()).map_err(|error| Failure {
        status: if matches!(error, ConfigError::Invalid { .. }) { 2 } else { 3 },
        hint: Some("`bridgewatch.toml` in the documentation lists every option".to_owned()),
        message: error.to_string(),
        is_closed_pipe: false,
    })?;
    if let Some(memory) = shared.memory {
        config.memory = memory;
    }
    Ok(config)
}
