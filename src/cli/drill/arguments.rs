//! What can be typed behind `bridgewatch drill`.

use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum DrillCommand {
    /// List the authored scenarios, easy ones first
    List,
    /// Begin a drill and open the cockpit on it
    #[command(after_help = "Examples:
  bridgewatch drill start orders-pile-up
  bridgewatch drill start random --seed 7 --hide-suspects --minutes 30
  bridgewatch drill start mine.toml --speed 10 --dir ./drill")]
    Start(Box<StartArguments>),
    /// Take up a drill where it was left
    Resume { dir: PathBuf },
    /// Watch a drill from a second terminal: the hidden truth, the candidate's actions, notes, injects at a key
    #[command(after_help = "Examples:
  bridgewatch drill observe ./drill
  bridgewatch drill observe ./drill --once      one look, as text; --json for machines")]
    Observe {
        dir: PathBuf,
        /// Print what there is to be seen now, instead of opening a screen
        #[arg(long)]
        once: bool,
    },
    /// Ask something of a drill that is under way, or note something, without a screen
    #[command(after_help = "Examples:
  bridgewatch drill tell ./drill inject executive-calls
  bridgewatch drill tell ./drill say \"The CFO: what do I tell the board?\"
  bridgewatch drill tell ./drill note looked at traces first
  bridgewatch drill tell ./drill confirm rca-root-cause")]
    Tell {
        dir: PathBuf,
        #[arg(value_enum)]
        what: Telling,
        /// Minutes, a speed, the name of an inject or of an objective, or a text
        words: Vec<String>,
    },
    /// Check a scenario and play it to its end without a person, with its good and its bad candidate
    #[command(after_help = "Examples:
  bridgewatch drill author mine.toml
  bridgewatch drill author orders-pile-up    one of the library
  bridgewatch drill author --all                     the whole library
  bridgewatch drill author random --seed 7           with a model candidate made from the truth")]
    Author(AuthorArguments),
    /// Make a scenario of a past incident: times shifted, people and identifiers taken out
    #[command(after_help = "Example:
  bridgewatch drill from-incident INC-0042 --evidence logs/ -o inc-0042.toml")]
    FromIncident {
        incident: String,
        /// Files, folders or globs with its telemetry; without them, what was pinned serves
        #[arg(long, value_name = "PATH")]
        evidence: Vec<String>,
        /// The scenario's file; standard output without one
        #[arg(short = 'o', long = "output", value_name = "FILE")]
        to: Option<PathBuf>,
    },
    /// Write what happened in truth beside what was seen and done, with the scorecard
    #[command(after_help = "Examples:
  bridgewatch drill debrief ./drill
  bridgewatch drill debrief ./drill --format html -o debrief.html
  bridgewatch drill debrief ./drill --keep           and remember the score for `drill progress`")]
    Debrief {
        dir: PathBuf,
        #[arg(long, value_enum, default_value_t)]
        format: DebriefFormat,
        /// The file; standard output without one
        #[arg(short = 'o', long = "output", value_name = "FILE")]
        to: Option<PathBuf>,
        /// Keep the score on this machine, under the candidate's name
        #[arg(long)]
        keep: bool,
    },
    /// Show what was kept of drills, by person; only what `debrief --keep` was asked to keep
    Progress {
        /// Only of this person
        person: Option<String>,
        /// Forget it instead: of this person, or everything
        #[arg(long)]
        forget: bool,
    },
}

#[derive(Debug, Args)]
pub(in crate::cli) struct StartArguments {
    /// A scenario of the library, a scenario's file, or `random`
    pub scenario: String,
    /// What chance is drawn from: same seed, same telemetry; the scenario's own without one
    #[arg(long)]
    pub seed: Option<u64>,
    /// Simulated seconds that pass in one: 1, 10, …
    #[arg(long, default_value_t = 1.0)]
    pub speed: f64,
    /// How long it lasts; as long as the scenario says without
    #[arg(long)]
    pub minutes: Option<u32>,
    /// Show no suspects: the candidate finds out alone
    #[arg(long)]
    pub hide_suspects: bool,
    /// The drill's folder; one below your data without
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
    /// A rubric of your own in the place of the built-in one
    #[arg(long, value_name = "FILE")]
    pub rubric: Option<PathBuf>,
    /// Who is drilled; you without
    #[arg(long, value_name = "NAME")]
    pub candidate: Option<String>,
    /// Only make the folder; `resume` opens the cockpit on it
    #[arg(long)]
    pub prepare: bool,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct AuthorArguments {
    /// A scenario's file, one of the library, or `random`
    #[arg(required_unless_present = "all")]
    pub scenario: Option<String>,
    /// The whole library
    #[arg(long, conflicts_with = "scenario")]
    pub all: bool,
    #[arg(long)]
    pub seed: Option<u64>,
    /// Write the debriefs of both candidates into this folder
    #[arg(long, value_name = "DIR")]
    pub debriefs: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Telling {
    Pause,
    Resume,
    /// Let so many minutes pass at once
    Step,
    Speed,
    Inject,
    /// Somebody says something: "who: what"
    Say,
    Hint,
    End,
    Note,
    /// A text means what an objective looks for
    Confirm,
    /// It does not, whatever words it has
    Overrule,
    /// The words decide again
    Withdraw,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum DebriefFormat {
    #[default]
    Markdown,
    Html,
    Json,
}
