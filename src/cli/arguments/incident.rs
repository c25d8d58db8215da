//! What can be typed behind `incident`, but for what is said and done on the bridge.

use super::BridgeCommand;
use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum IncidentCommand {
    /// List the incidents, newest first
    List,
    /// Show the record of an incident; of the newest one without a name
    Show { incident: Option<String> },
    /// Declare an incident; without a severity the answers about the impact call for one, in doubt the higher
    #[command(after_help = "Examples:
  bridgewatch incident declare --severity SEV1 Orders do not reach billing
  bridgewatch incident declare --customers yes --many no --safety no --data no Orders do not reach billing
  bridgewatch incident declare --alert --evidence logs/")]
    Declare(DeclareArguments),
    /// Write a fact to the record; `10:41` or `-7m` before it says when it happened
    #[command(after_help = "Examples:
  bridgewatch incident note INC-0042 10:41 certificate on erp-gw expired, confirmed by security
  bridgewatch incident note INC-0042 --decision fail over ERP calls to region B")]
    Note {
        incident: String,
        #[arg(required = true, allow_hyphen_values = true)]
        text: Vec<String>,
        /// It is a decision, not a fact
        #[arg(long)]
        decision: bool,
        /// An option that was weighed; may be given several times
        #[arg(long, requires = "decision")]
        option: Vec<String>,
        /// An objection that was raised when it was polled; may be given several times
        #[arg(long, requires = "decision")]
        objection: Vec<String>,
        /// Who decided; you without one
        #[arg(long, requires = "decision")]
        decider: Option<String>,
    },
    /// Keep evidence with the record: lines of a file or a pipe, with where they came from and their SHA-256
    #[command(after_help = "Example:
  grep PKIX erp.log | bridgewatch incident pin INC-0042 - erp-adapter refuses the certificate --source erp.log --query 'grep PKIX erp.log'")]
    Pin(PinArguments),
    /// Show the steps of a runbook and what became of them, or tick one off; nothing is executed
    #[command(after_help = "Examples:
  bridgewatch incident runbook INC-0042 --system erp-adapter
  bridgewatch incident runbook INC-0042 --system erp-adapter --step 2 NotAfter was yesterday")]
    Runbook(RunbookArguments),
    #[command(flatten)]
    Bridge(BridgeCommand),
    /// Check that no entry was changed, of all incidents or of those named
    Verify { incidents: Vec<String> },
    /// Write an incident, with its pinned evidence, as one file that travels
    Export {
        incident: String,
        /// The file; standard output without one
        #[arg(short = 'o', long = "output", value_name = "FILE")]
        to: Option<PathBuf>,
        /// Without names, addresses and identifiers
        #[arg(long)]
        redacted: bool,
    },
    /// Take in a file that `export` wrote
    Import {
        #[arg(value_name = "FILE")]
        from: PathBuf,
    },
}

/// A runbook.
#[derive(Debug, Args)]
pub(in crate::cli) struct RunbookArguments {
    pub incident: String,
    /// The runbook of this system, by the configuration
    #[arg(long)]
    pub system: Option<String>,
    /// A Markdown file: `- [ ] step`, or numbered steps
    #[arg(long, value_name = "FILE", conflicts_with = "system")]
    pub file: Option<PathBuf>,
    /// Tick off this step
    #[arg(long, value_name = "NUMBER")]
    pub step: Option<usize>,
    /// What was found
    #[arg(requires = "step")]
    pub found: Vec<String>,
    /// Files, folders or globs that steps with a `look` answer themselves from; may be given several times
    #[arg(long, value_name = "PATH")]
    pub evidence: Vec<String>,
    /// Answer from a bundled scenario
    #[arg(long, value_name = "SCENARIO")]
    pub demo: Option<String>,
}

/// Evidence to keep.
#[derive(Debug, Args)]
pub(in crate::cli) struct PinArguments {
    pub incident: String,
    /// The file, or `-` for standard input
    #[arg(value_name = "FILE")]
    pub from: PathBuf,
    /// What it shows, in one sentence
    #[arg(required = true)]
    pub says: Vec<String>,
    /// Where it came from; the file without one
    #[arg(long)]
    pub source: Option<String>,
    /// The query that shows it again
    #[arg(long)]
    pub query: Option<String>,
    /// The time that it covers
    #[arg(long, value_name = "FROM/TO")]
    pub window: Option<String>,
}

/// What an incident is declared with.
#[derive(Debug, Args)]
pub(in crate::cli) struct DeclareArguments {
    /// What it is; what the alert or the evidence calls it without one
    #[arg(required_unless_present_any = ["alert", "suspect"])]
    pub title: Vec<String>,
    /// SEV1, SEV2, SEV3 or SEV4
    #[arg(long)]
    pub severity: Option<String>,
    /// It is an exercise, and counts in no figure
    #[arg(long)]
    pub drill: bool,
    /// Are customers or partners hit?
    #[arg(long, value_enum, value_name = "ANSWER")]
    pub customers: Option<Answer>,
    /// More than one in ten?
    #[arg(long, value_enum, value_name = "ANSWER")]
    pub many: Option<Answer>,
    /// Is money being lost?
    #[arg(long, value_enum, value_name = "ANSWER")]
    pub money: Option<Answer>,
    /// Can somebody come to harm, or a law be broken?
    #[arg(long, value_enum, value_name = "ANSWER")]
    pub safety: Option<Answer>,
    /// Can data be lost, wrong or disclosed?
    #[arg(long, value_enum, value_name = "ANSWER")]
    pub data: Option<Answer>,
    /// Who is hit, in figures or names
    #[arg(long, value_name = "TEXT")]
    pub hit: Option<String>,
    /// Declare from the newest alert of the evidence, which is pinned
    #[arg(long, conflicts_with = "suspect")]
    pub alert: bool,
    /// Declare from the first suspect of the evidence; the reasons are pinned
    #[arg(long)]
    pub suspect: bool,
    /// Files, folders or globs to look at; may be given several times
    #[arg(long, value_name = "PATH")]
    pub evidence: Vec<String>,
    /// Look at a bundled scenario
    #[arg(long, value_name = "SCENARIO")]
    pub demo: Option<String>,
}

/// What is known of an impact; what is not known counts as the worse answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Answer {
    Yes,
    No,
    Unknown,
}
