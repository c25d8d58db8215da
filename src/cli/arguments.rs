//! What can be typed, as types; help, completions and the manual page follow from it.

mod bridge;
mod incident;
mod report;

pub(super) use bridge::{BridgeCommand, Plans};
pub(super) use incident::{Answer, DeclareArguments, IncidentCommand, PinArguments, RunbookArguments};
pub(super) use report::{PublishArguments, RcaArguments, RcaCommand, ReportFormat};

use super::drill::arguments::DrillCommand;
use crate::config::Memory;
use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use std::path::PathBuf;

/// The terminal screen that P1/P2 bridge calls are run from
///
/// Joins logs, metrics, traces and changes of many systems into end-to-end flows, points at suspects with evidence,
/// guides the bridge, measures mitigations and writes the RCA. Without a command, the cockpit opens on the incidents on
/// record and on what the configuration names: files and live sources.
#[derive(Debug, Parser)]
#[command(name = "bridgewatch", version, arg_required_else_help = false, after_help = EXAMPLES, max_term_width = 100)]
pub struct Cli {
    #[command(flatten)]
    pub(super) shared: Shared,
    #[command(subcommand)]
    pub(super) command: Option<Command>,
}

const EXAMPLES: &str = "\
Examples:
  bridgewatch demo                              look at a bundled incident, no set-up needed
  bridgewatch open logs/ traces.jsonl           open the cockpit on files of any kind
  bridgewatch flow SO-88213 logs/               one order's way through every system
  bridgewatch suspects --json logs/ | jq .      who is behind the failure, for machines
  bridgewatch open --config bridgewatch.toml    with live sources

Exit status: 0 done, 1 something asked for was not found or a check failed, 2 wrong usage,
3 some input could not be read (what could was still used).";

/// Options of every command.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct Shared {
    /// Read this configuration: live sources, formats, zones, owners
    #[arg(long, value_name = "FILE", global = true)]
    pub config: Option<PathBuf>,
    /// Ignore what happened before: 2026-03-14T09:26:53Z, "2026-03-14 09:26", or 30m, 2h, 1d ago
    #[arg(long, value_name = "TIME", global = true)]
    pub since: Option<String>,
    /// Ignore what happened from then on
    #[arg(long, value_name = "TIME", global = true)]
    pub until: Option<String>,
    /// Use no more memory than this: 50% of the machine's, or 4GB; past it the oldest events are not held
    #[arg(long, value_name = "SIZE", global = true)]
    pub memory: Option<Memory>,
    /// Answer in JSON Lines, for machines
    #[arg(long, global = true)]
    pub json: bool,
    /// The colours of the cockpit: dark, light, high-contrast, plain, or a theme file
    #[arg(long, value_name = "THEME", global = true)]
    pub theme: Option<String>,
    /// Whether text is coloured; NO_COLOR is respected
    #[arg(long, value_enum, default_value_t, global = true, value_name = "WHEN")]
    pub color: Color,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Color {
    /// On a terminal
    #[default]
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Open the cockpit on a bundled incident
    Demo(DemoArguments),
    /// Open the cockpit on files, folders, globs, `-`, and the live sources of the configuration
    Open(Inputs),
    /// Show the flow that an identifier belongs to, end to end
    #[command(after_help = "Examples:
  bridgewatch flow SO-88213 logs/               any identifier will do: order, trace, message, correlation
  bridgewatch flow 7c1f0a9be2d34c58 logs/       its first characters are enough when they fit one flow only")]
    Flow(FlowArguments),
    /// List the flows, oldest first, each with its verdict
    #[command(after_help = "Examples:
  bridgewatch flows --verdict failed --verdict stuck logs/
  bridgewatch flows --json logs/ | jq -r 'select(.verdict == \"failed\") | .failing_hop.to' | sort | uniq -c")]
    Flows(FlowsArguments),
    /// Rank what is behind the failure, with the evidence
    #[command(after_help = "Examples:
  bridgewatch suspects logs/
  bridgewatch suspects --onset 2026-03-14T10:41:37Z --baseline 2026-03-14T09:00:00Z/2026-03-14T10:00:00Z logs/")]
    Suspects(SuspectsArguments),
    /// Show how far each system's clock is off, from causes that seem to follow their effects
    Skew(Inputs),
    /// Show what each file was taken for, and what in it could not be read
    Formats(Inputs),
    /// List message patterns, new and surging ones first
    Templates(TemplatesArguments),
    /// Ask each live source whether it answers
    Sources,
    /// Measure on a generated corpus: what is found against the truth, and how fast
    #[command(subcommand)]
    Bench(BenchCommand),
    /// Find out what answers at some addresses, write a configuration for it, and test it
    #[command(after_help = "Examples:
  bridgewatch init                                        asks for addresses
  bridgewatch init --url http://loki:3100 --url http://jaeger:16686 -o bridgewatch.toml
  bridgewatch init --grafana https://grafana.example.net --token-env GRAFANA_TOKEN -o -")]
    Init(InitArguments),
    /// Read, add to, check and carry the record of incidents
    #[command(subcommand)]
    Incident(IncidentCommand),
    /// Draft, check and write out the RCA of an incident
    #[command(subcommand)]
    Rca(RcaCommand),
    /// Publish a write-up or an update: shows what would be sent, and sends only what was shown
    #[command(after_help = "Examples:
  bridgewatch publish --list                                 the targets of the configuration
  bridgewatch publish jira INC-0042 --evidence logs/         what would be sent, and nothing else
  bridgewatch publish jira INC-0042 --evidence logs/ --send 1f0c77ab    send exactly that
  bridgewatch publish slack INC-0042 --update technical      a status update instead of the write-up")]
    Publish(PublishArguments),
    /// Practise on simulated incidents, and interview with them
    #[command(subcommand)]
    Drill(DrillCommand),
    /// Look over all incidents: times, rates, repeated causes, open and overdue actions, blind spots
    ///
    /// With files or live sources that know of changes, the change failure rate is over these.
    Review(Inputs),
    /// Print completions for a shell
    #[command(after_help = "Example:
  bridgewatch completions bash > ~/.local/share/bash-completion/completions/bridgewatch")]
    Completions { shell: Shell },
    /// Print the manual page
    #[command(after_help = "Example:
  bridgewatch man | man -l -")]
    Man,
}

/// What is read.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct Inputs {
    /// Files, folders, globs, or `-` for standard input; .gz and .zst are unpacked
    #[arg(value_name = "PATH")]
    pub paths: Vec<String>,
    /// Read a bundled scenario as well; `bridgewatch demo --list` names them
    #[arg(long, value_name = "SCENARIO")]
    pub demo: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct InitArguments {
    /// Where a backend answers; may be given several times
    #[arg(long = "url", value_name = "URL")]
    pub urls: Vec<String>,
    /// A Grafana, whose data sources are reached through it
    #[arg(long, value_name = "URL")]
    pub grafana: Option<String>,
    /// The environment variable that holds the bearer token for all of them
    #[arg(long, value_name = "NAME")]
    pub token_env: Option<String>,
    /// The file to write; `-` for standard output; your own configuration without one
    #[arg(short = 'o', long = "output", value_name = "FILE")]
    pub to: Option<PathBuf>,
    /// Replace the file if it is there
    #[arg(long)]
    pub force: bool,
}

#[derive(Debug, Args)]
pub(super) struct DemoArguments {
    /// Which one; the first if none is named
    pub scenario: Option<String>,
    /// List the scenarios instead
    #[arg(long)]
    pub list: bool,
}

#[derive(Debug, Args)]
pub(super) struct FlowArguments {
    /// Any identifier of the flow, or its first characters
    pub id: String,
    /// Index everything first, however large it is; without it, of large files only what bears on the flow is read, and
    /// clocks and usual paths are learnt from slices of them
    #[arg(long)]
    pub whole: bool,
    #[command(flatten)]
    pub inputs: Inputs,
}

#[derive(Debug, Args)]
pub(super) struct FlowsArguments {
    /// Only flows of this verdict; may be given several times
    #[arg(long, value_enum)]
    pub verdict: Vec<VerdictName>,
    /// Only flows whose kind contains this text
    #[arg(long, value_name = "TEXT")]
    pub kind: Option<String>,
    /// Only flows that pass this system
    #[arg(long, value_name = "SYSTEM")]
    pub system: Option<String>,
    #[command(flatten)]
    pub inputs: Inputs,
}

/// The verdicts as they are typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(super) enum VerdictName {
    Completed,
    Failed,
    Stuck,
    Slow,
    InFlight,
    Unknown,
}

#[derive(Debug, Args)]
pub(super) struct SuspectsArguments {
    /// When the failure began, instead of finding it
    #[arg(long, value_name = "TIME")]
    pub onset: Option<String>,
    /// The time to compare with, instead of what lies before onset
    #[arg(long, value_name = "FROM/TO")]
    pub baseline: Option<String>,
    /// Rank without this signal, such as metrics or event_order; may be given several times
    #[arg(long, value_name = "SIGNAL")]
    pub without: Vec<crate::suspects::Signal>,
    #[command(flatten)]
    pub inputs: Inputs,
}

#[derive(Debug, Args)]
pub(super) struct TemplatesArguments {
    /// Only templates of this state; may be given several times
    #[arg(long, value_enum)]
    pub state: Vec<StateName>,
    #[command(flatten)]
    pub inputs: Inputs,
}

/// The states as they are typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(super) enum StateName {
    New,
    Surging,
    Steady,
    Vanished,
}

#[derive(Debug, Subcommand)]
pub(super) enum BenchCommand {
    /// Compare what is found with a corpus's truth; exit status 1 if anything is below its floor
    #[command(after_help = "Example:
  bridgewatch bench correctness corpus-100/")]
    Correctness {
        /// Folders with truth.json and truth_flows.jsonl
        #[arg(required = true, value_name = "CORPUS")]
        corpora: Vec<String>,
        /// Do not read estate.json: let detection find everything alone
        #[arg(long)]
        detect: bool,
    },
    /// Time whole processes side by side, round by round, and print ratios
    #[command(after_help = "Example:
  bridgewatch bench speed --floors ./floors corpus-10/ corpus-100/ corpus-1000/")]
    Speed {
        #[arg(required = true, value_name = "CORPUS")]
        corpora: Vec<String>,
        /// The ideal pass to compare with: a program that is called as `BIN ideal CORPUS THREADS chunk`
        #[arg(long, value_name = "BIN")]
        floors: Option<PathBuf>,
        /// The search to compare with, called as `BIN -F ID FILE...`
        #[arg(long, value_name = "BIN", default_value = "rg")]
        search: PathBuf,
        /// Rounds; every task runs once in each
        #[arg(long, default_value_t = 5)]
        rounds: u32,
        /// Exit with status 1 if the index takes more than so many times the ideal pass: a guard that no machine's
        /// speed touches
        #[arg(long, value_name = "RATIO", requires = "floors")]
        at_most: Option<f64>,
    },
    /// Play random drills without a person: how often the cause is found, and how fast the estate is simulated
    #[command(after_help = "Example:
  bridgewatch bench drills --seeds 200")]
    Drills {
        /// How many, one after the other
        #[arg(long, default_value_t = 200)]
        seeds: u64,
        /// The first seed
        #[arg(long, default_value_t = 1)]
        from: u64,
        /// Minutes from the onset until the suspects are ranked
        #[arg(long, default_value_t = 15)]
        minutes: u32,
        /// Keep what was written: a folder by seed, with a configuration beside it
        #[arg(long, value_name = "FOLDER")]
        keep: Option<PathBuf>,
    },
    /// Rank labelled incidents, as they are and with something taken away, and say how often the guilty one is first
    #[command(after_help = "Examples:
  bridgewatch bench suspects --robustness cases/
  bridgewatch bench suspects --ablations --case nezha cases/
  bridgewatch bench suspects --shift-onset ±60 --drop logs --each cases/")]
    Suspects(super::bench::SuspectsBench),
    /// Index once and say what it took: `speed` starts this for its rounds
    Index {
        #[arg(required = true, value_name = "PATH")]
        paths: Vec<String>,
        /// Rank the suspects as well
        #[arg(long)]
        suspects: bool,
    },
    /// Take in the last events of files batch by batch, and say how soon each batch is in the flows
    Append {
        #[arg(required = true, value_name = "PATH")]
        paths: Vec<String>,
        /// Events of a batch
        #[arg(long, default_value_t = 10_000)]
        batch: u32,
    },
    /// Filter everything, and press keys, at rest and while everything is read again: what a person waits for
    Screen {
        #[arg(required = true, value_name = "PATH")]
        paths: Vec<String>,
    },
    /// Compare the index with a pass that counts lines, in this process; exit status 1 if it takes too many times as long
    #[command(after_help = "Example:
  bridgewatch bench guard --at-most 40 sample-logs/")]
    Guard {
        #[arg(required = true, value_name = "PATH")]
        paths: Vec<String>,
        #[arg(long, default_value_t = 5)]
        rounds: u32,
        #[arg(long, value_name = "RATIO")]
        at_most: f64,
    },
}
