//! What can be typed of what is said and done on the bridge.

use super::Inputs;
use clap::{Args, Subcommand};

/// What is said and done on the bridge.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum BridgeCommand {
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
    ///
    /// At `resolved` the write-up is drafted into the record, from the evidence that is named.
    Phase {
        incident: String,
        phase: String,
        #[arg(long, allow_hyphen_values = true)]
        at: Option<String>,
        #[command(flatten)]
        inputs: Inputs,
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
    pub(in crate::cli) fn incident(&self) -> Option<&str> {
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
pub(in crate::cli) struct Plans {
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
