//! What can be typed behind `rca` and `publish`.

use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum RcaCommand {
    /// Print the write-up as Markdown, what people left blank filled in from record and evidence
    Draft(RcaArguments),
    /// Say what the quality gate objects to
    Check(RcaArguments),
    /// Finish the write-up in your editor ($VISUAL or $EDITOR); what you change becomes entries of the record
    Edit {
        #[command(flatten)]
        arguments: RcaArguments,
        /// Take this file instead of opening an editor; `-` for standard input
        #[arg(long, value_name = "FILE")]
        from: Option<PathBuf>,
        /// Print what the editor would open, and change nothing
        #[arg(long)]
        print: bool,
    },
    /// Write the write-up as Markdown, self-contained HTML, or JSON
    #[command(after_help = "Example:
  bridgewatch rca export INC-0042 --format html -o rca.html --evidence logs/")]
    Export {
        #[command(flatten)]
        arguments: RcaArguments,
        #[arg(long, value_enum, default_value_t)]
        format: ReportFormat,
        /// The file; standard output without one
        #[arg(short = 'o', long = "output", value_name = "FILE")]
        to: Option<PathBuf>,
        /// A template of your own instead of the built-in one
        #[arg(long, value_name = "FILE")]
        template: Option<PathBuf>,
    },
}

#[derive(Debug, Args)]
pub(in crate::cli) struct RcaArguments {
    /// Which incident; the newest without a name
    pub incident: Option<String>,
    /// Files, folders or globs that the write-up draws on; may be given several times
    #[arg(long, value_name = "PATH")]
    pub evidence: Vec<String>,
    /// Draw on a bundled scenario
    #[arg(long, value_name = "SCENARIO")]
    pub demo: Option<String>,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct PublishArguments {
    /// Where to, by its name in the configuration
    #[arg(required_unless_present = "list")]
    pub target: Option<String>,
    #[command(flatten)]
    pub rca: RcaArguments,
    /// A status update for this audience instead of the write-up: technical, executive or customer
    #[arg(long, value_name = "AUDIENCE")]
    pub update: Option<String>,
    /// What the update says, instead of what is drafted from the facts
    #[arg(long, value_name = "TEXT", requires = "update")]
    pub text: Option<String>,
    /// What it belongs to at the target: INC0012345, OPS-42; remembered for the next time
    #[arg(long, value_name = "ID")]
    pub to: Option<String>,
    /// Send what the preview showed, by the word that it closed with
    #[arg(long, value_name = "WORD")]
    pub send: Option<String>,
    /// Say that you know that everybody can read it; needed for a status page
    #[arg(long)]
    pub public: bool,
    /// Write a file to carry over by hand, and a link with the form filled in, instead of sending
    #[arg(long, value_name = "FOLDER", num_args = 0..=1, default_missing_value = ".")]
    pub by_hand: Option<PathBuf>,
    /// List the targets instead
    #[arg(long)]
    pub list: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum ReportFormat {
    #[default]
    Markdown,
    Html,
    Json,
}
