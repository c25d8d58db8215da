//! What can be typed, as types; help, completions and the manual page follow from it.

use super::drill::arguments::DrillCommand;
use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use std::path::PathBuf;

/// The terminal screen that P1/P2 bridge calls are run from
///
/// Joins logs, metrics, traces and changes of many systems into end-to-end flows, points at suspects with evidence,
/// guides the bridge, measures mitigations and writes the RCA. Without a command, the cockpit opens on the list of
/// incidents.
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
    /// Look over all incidents: times, repeated causes, open actions
    Review,
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
    /// Index once and say what it took: `speed` starts this for its rounds
    Index {
        #[arg(required = true, value_name = "PATH")]
        paths: Vec<String>,
        /// Rank the suspects as well
        #[arg(long)]
        suspects: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum IncidentCommand {
    /// List the incidents, newest first
    List,
    /// Show the record of an incident; of the newest one without a name
    Show { incident: Option<String> },
    /// Declare an incident; without a severity the worst is assumed
    #[command(after_help = "Example:
  bridgewatch incident declare --severity SEV1 Orders do not reach billing")]
    Declare {
        #[arg(required = true)]
        title: Vec<String>,
        /// SEV1, SEV2, SEV3 or SEV4
        #[arg(long)]
        severity: Option<String>,
        /// It is an exercise, and counts in no figure
        #[arg(long)]
        drill: bool,
    },
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

/// What is said and done on the bridge.
#[derive(Debug, Subcommand)]
pub(super) enum BridgeCommand {
    /// Say that somebody is on it
    Acknowledge {
        incident: String,
        /// When: -7m, 10:41, or a time in full
        #[arg(long, allow_hyphen_values = true)]
        at: Option<String>,
    },
    /// Take or hand over a role; who takes over gets a note of all that is known
    Role {
        incident: String,
        /// incident-commander, deputy, scribe, communications-lead, liaison or subject-matter-expert
        role: String,
        person: String,
        /// What the next one must know besides
        #[arg(long)]
        note: Option<String>,
    },
    /// Ask somebody for something, with minutes to answer
    #[command(after_help = "Example:
  bridgewatch incident ask INC-0042 @kafka-oncall check partition lag 3m")]
    Ask {
        incident: String,
        #[arg(required = true, allow_hyphen_values = true)]
        text: Vec<String>,
    },
    /// Answer an ask, by the number of its entry
    Answer {
        incident: String,
        ask: u64,
        #[arg(required = true)]
        text: Vec<String>,
    },
    /// Propose what may be behind it
    Hypothesis {
        incident: String,
        #[arg(required = true, allow_hyphen_values = true)]
        text: Vec<String>,
        /// The cheapest test that would tell
        #[arg(long)]
        test: Option<String>,
    },
    /// Add what speaks for a hypothesis, or against it
    Evidence {
        incident: String,
        hypothesis: u64,
        #[arg(required = true)]
        text: Vec<String>,
        #[arg(long)]
        against: bool,
    },
    /// Judge a hypothesis: supported, refuted or inconclusive, and why
    Judge {
        incident: String,
        hypothesis: u64,
        verdict: String,
        #[arg(required = true)]
        reason: Vec<String>,
    },
    /// Log a mitigation: what it is meant to do, its risk, how it is undone. Nothing is executed
    #[command(after_help = "Example:
  bridgewatch incident mitigate INC-0042 throttle partner-gateway --intent 'let the queue drain' \\
    --watch 'rabbitmq queue_depth' --guard 'kong latency_p99' --undo 'raise the limit to 200/s' --expires 2h")]
    Mitigate {
        incident: String,
        #[command(flatten)]
        plan: Box<Plans>,
    },
    /// Say that a proposed mitigation is in force now
    Apply {
        incident: String,
        mitigation: u64,
        #[arg(long, allow_hyphen_values = true)]
        at: Option<String>,
    },
    /// Say that a mitigation was looked at and is still needed
    Extend {
        incident: String,
        mitigation: u64,
        /// Until when: 2h from now, or a time in full
        until: String,
    },
    /// Say that a mitigation was undone, and why
    Withdraw {
        incident: String,
        mitigation: u64,
        #[arg(required = true)]
        reason: Vec<String>,
        #[arg(long, allow_hyphen_values = true)]
        at: Option<String>,
    },
    /// Measure what the mitigations did, in equal windows before and after, and record it
    Measure {
        incident: String,
        #[command(flatten)]
        inputs: Inputs,
    },
    /// Move to a phase: triaging, mitigating, monitoring, resolved, reviewed
    Phase {
        incident: String,
        phase: String,
        #[arg(long, allow_hyphen_values = true)]
        at: Option<String>,
    },
    /// Change the severity, and say why
    Severity {
        incident: String,
        severity: String,
        #[arg(required = true)]
        reason: Vec<String>,
    },
    /// Change how often an update is due
    Cadence { incident: String, minutes: u32 },
    /// Say when the impact began or ended
    #[command(arg_required_else_help = true)]
    Impact {
        incident: String,
        #[arg(long, allow_hyphen_values = true, required_unless_present = "ended")]
        began: Option<String>,
        #[arg(long, allow_hyphen_values = true)]
        ended: Option<String>,
    },
    /// Take an entry back, by a new entry
    Undo { incident: String, entry: u64 },
    /// Say a fact, a decision or a hypothesis anew; the record keeps both
    Correct {
        incident: String,
        entry: u64,
        #[arg(required = true, allow_hyphen_values = true)]
        text: Vec<String>,
    },
    /// Show the clocks, what is in force, asks and hypotheses
    Status { incident: Option<String> },
    /// Sum up for somebody who joins now, in at most 20 lines
    CatchUp {
        incident: String,
        #[command(flatten)]
        inputs: Inputs,
    },
    /// Sum up for who takes over: conditions, known, ruled out, doing, in force, asks open
    HandOver {
        incident: String,
        #[command(flatten)]
        inputs: Inputs,
    },
    /// Draft a status update: technical, executive or customer
    Update {
        incident: String,
        audience: String,
        #[command(flatten)]
        inputs: Inputs,
        /// What it says, instead of the draft
        #[arg(long)]
        text: Option<String>,
        /// It was given: write it to the record, which starts the clock to the next one
        #[arg(long)]
        record: bool,
    },
    /// Read the triage pack that fits: checks that answer themselves, safe mitigations, what to say
    Triage {
        incident: String,
        /// The name of a pack, or its beginning, instead of the one that fits best
        #[arg(long)]
        pack: Option<String>,
        #[command(flatten)]
        inputs: Inputs,
    },
    /// Find incidents of the past that were like it, and what helped then
    Similar {
        incident: String,
        #[command(flatten)]
        inputs: Inputs,
    },
}

impl BridgeCommand {
    /// The incident that it is about; `None` for the newest one.
    pub(super) fn incident(&self) -> Option<&str> {
        match self {
            Self::Status { incident } => incident.as_deref(),
            Self::Acknowledge { incident, .. }
            | Self::Role { incident, .. }
            | Self::Ask { incident, .. }
            | Self::Answer { incident, .. }
            | Self::Hypothesis { incident, .. }
            | Self::Evidence { incident, .. }
            | Self::Judge { incident, .. }
            | Self::Mitigate { incident, .. }
            | Self::Apply { incident, .. }
            | Self::Extend { incident, .. }
            | Self::Withdraw { incident, .. }
            | Self::Measure { incident, .. }
            | Self::Phase { incident, .. }
            | Self::Severity { incident, .. }
            | Self::Cadence { incident, .. }
            | Self::Impact { incident, .. }
            | Self::Undo { incident, .. }
            | Self::Correct { incident, .. }
            | Self::CatchUp { incident, .. }
            | Self::HandOver { incident, .. }
            | Self::Triage { incident, .. }
            | Self::Update { incident, .. }
            | Self::Similar { incident, .. } => Some(incident),
        }
    }
}

/// A mitigation as it is typed.
#[derive(Debug, Args)]
pub(super) struct Plans {
    /// throttle, failover, feature-flag, queue-buffering, rollback, restart, scale, replay, block, degrade or other
    pub kind: String,
    /// The system, flag or queue that it acts on
    pub target: String,
    #[arg(long, value_name = "TEXT")]
    pub intent: Option<String>,
    /// What should change, and by how much
    #[arg(long, value_name = "TEXT")]
    pub expect: Option<String>,
    /// The signal that should get better: `failing flows`, or `SYSTEM METRIC`
    #[arg(long, value_name = "SIGNAL")]
    pub watch: Option<String>,
    /// A signal that must not get worse; may be given several times
    #[arg(long, value_name = "SIGNAL")]
    pub guard: Vec<String>,
    #[arg(long, value_name = "TEXT")]
    pub risk: Option<String>,
    /// How it is undone
    #[arg(long, value_name = "TEXT")]
    pub undo: Option<String>,
    #[arg(long, value_name = "NAME")]
    pub owner: Option<String>,
    #[arg(long, value_name = "NAME")]
    pub approver: Option<String>,
    /// When somebody must look whether it is still needed: 2h from now, or a time in full
    #[arg(long, value_name = "TIME")]
    pub expires: Option<String>,
    /// It is proposed, and not in force yet
    #[arg(long)]
    pub proposed: bool,
    /// When it was applied: -7m, 10:41, or a time in full
    #[arg(long, allow_hyphen_values = true, value_name = "TIME")]
    pub at: Option<String>,
}

/// A runbook.
#[derive(Debug, Args)]
pub(super) struct RunbookArguments {
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
}

/// Evidence to keep.
#[derive(Debug, Args)]
pub(super) struct PinArguments {
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

#[derive(Debug, Subcommand)]
pub(super) enum RcaCommand {
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
pub(super) struct RcaArguments {
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
pub(super) struct PublishArguments {
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
pub(super) enum ReportFormat {
    #[default]
    Markdown,
    Html,
    Json,
}
