//! What a person can ask for. The names here are the names in the keymap, the help and the palette.

use serde::Deserialize;
use strum::{EnumMessage, IntoEnumIterator};

/// One variant, one sentence: keymap, help and palette derive from it. The message is the word in the status line.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    Deserialize,
    strum::EnumIter,
    strum::EnumMessage,
    strum::IntoStaticStr,
    strum::EnumString,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Action {
    /// Show the bridge: what fails, where, since when, and what to do next
    #[strum(message = "bridge")]
    ViewBridge,
    /// Show the flows
    #[strum(message = "flows")]
    ViewFlows,
    /// Show the logs of all systems, merged by time
    #[strum(message = "logs")]
    ViewLogs,
    /// Show the metrics
    #[strum(message = "metrics")]
    ViewMetrics,
    /// Show the traces
    #[strum(message = "traces")]
    ViewTraces,
    /// Show the suspects with their evidence
    #[strum(message = "suspects")]
    ViewSuspects,
    /// Show the mitigations and what they did
    #[strum(message = "mitigations")]
    ViewMitigate,
    /// Show the write-up and what stands against calling it done
    #[strum(message = "write-up")]
    ViewRca,
    /// Show the sources: what could be read, and what not
    #[strum(message = "sources")]
    ViewSources,
    /// Go to the next view
    #[strum(message = "next view")]
    NextView,
    /// Go to the view before
    #[strum(message = "view before")]
    PreviousView,
    /// Select the next item
    #[strum(message = "down")]
    NextItem,
    /// Select the previous item
    #[strum(message = "up")]
    PreviousItem,
    /// Go a page down
    #[strum(message = "page down")]
    PageDown,
    /// Go a page up
    #[strum(message = "page up")]
    PageUp,
    /// Select the first item
    #[strum(message = "first")]
    FirstItem,
    /// Select the last item
    #[strum(message = "last")]
    LastItem,
    /// Go to the next part of this view
    #[strum(message = "next part")]
    NextPanel,
    /// Go to the part before
    #[strum(message = "part before")]
    PreviousPanel,
    /// Open what is selected
    #[strum(message = "open")]
    Open,
    /// Go back, or cancel
    #[strum(message = "back")]
    Back,
    /// Filter everything, with a live count
    #[strum(message = "filter")]
    Filter,
    /// Drop the filter
    #[strum(message = "drop filter")]
    ClearFilter,
    /// Keep only what is like the selected
    #[strum(message = "only such")]
    FilterIn,
    /// Leave out what is like the selected
    #[strum(message = "without such")]
    FilterOut,
    /// Type a command
    #[strum(message = "command")]
    Command,
    /// Find anything: commands, flows, systems, incidents
    #[strum(message = "find")]
    Palette,
    /// Explain this view and its keys
    #[strum(message = "help")]
    Help,
    /// Open the flow of what is selected
    #[strum(message = "its flow")]
    GoToFlow,
    /// Show the logs around what is selected
    #[strum(message = "its logs")]
    GoToLogs,
    /// Sort by the next column
    #[strum(message = "sort")]
    Sort,
    /// Show only what failed, or everything again
    #[strum(message = "failing only")]
    OnlyFailing,
    /// Look closer: half the time
    #[strum(message = "closer")]
    ZoomIn,
    /// Look from further away: twice the time
    #[strum(message = "wider")]
    ZoomOut,
    /// Show an earlier time
    #[strum(message = "earlier")]
    Earlier,
    /// Show a later time
    #[strum(message = "later")]
    Later,
    /// Show the time around the onset
    #[strum(message = "around onset")]
    AroundOnset,
    /// Show all the time that there is
    #[strum(message = "all time")]
    AllTime,
    /// Correct the clocks of systems, or show raw times
    #[strum(message = "raw times")]
    ToggleSkew,
    /// Show local time, or UTC again
    #[strum(message = "local time")]
    ToggleZone,
    /// Declare an incident
    #[strum(message = "declare")]
    Declare,
    /// Acknowledge the incident
    #[strum(message = "acknowledge")]
    Acknowledge,
    /// Write a fact to the record; `-7m` or a clock time in front dates it back
    #[strum(message = "note")]
    Note,
    /// Write a decision to the record
    #[strum(message = "decide")]
    Decision,
    /// Ask somebody for something, with minutes to answer: `@kafka-oncall check lag 3m`
    #[strum(message = "ask")]
    Ask,
    /// Answer the selected step of the loop, or the oldest open ask
    #[strum(message = "answer")]
    Answer,
    /// Write a hypothesis to the record
    #[strum(message = "hypothesis")]
    Hypothesis,
    /// Take over or hand over a role: `incident-commander ann`
    #[strum(message = "role")]
    Role,
    /// Pin what is selected as evidence
    #[strum(message = "pin")]
    Pin,
    /// Log a mitigation
    #[strum(message = "mitigate")]
    Mitigate,
    /// Measure the mitigations now and record the effect
    #[strum(message = "measure")]
    Measure,
    /// Undo the selected or last mitigation
    #[strum(message = "end it")]
    EndMitigation,
    /// Draft the status update
    #[strum(message = "update")]
    Update,
    /// Sum up for somebody who joins now
    #[strum(message = "catch me up")]
    CatchUp,
    /// Read the triage pack that fits: checks that answer themselves, safe mitigations, what to say
    #[strum(message = "triage")]
    Triage,
    /// Show the board: asks that count down, hypotheses with what speaks for and against them, what is in force
    #[strum(message = "board")]
    Board,
    /// Tick off the steps of a runbook, the suspected system's first
    #[strum(message = "runbook")]
    Runbook,
    /// Look over all incidents: times, rates, open and overdue actions, blind spots, what was like this one
    #[strum(message = "review")]
    Review,
    /// Publish the write-up or an update: shows what would be sent, and sends only what was shown
    #[strum(message = "publish")]
    Publish,
    /// Move the incident to its next phase
    #[strum(message = "next phase")]
    NextPhase,
    /// Take the last entry of the record back, by a new entry
    #[strum(message = "take back")]
    Undo,
    /// Write the report as Markdown, HTML and JSON
    #[strum(message = "write it out")]
    Export,
    /// Copy what is selected
    #[strum(message = "copy")]
    Copy,
    /// Copy the query or command that gives what is selected
    #[strum(message = "copy query")]
    CopyQuery,
    /// Ask all sources again, and go on with what was stopped
    #[strum(message = "ask again")]
    Refresh,
    /// Open the next bundled incident
    #[strum(message = "next scenario")]
    NextScenario,
    /// Read the brief of the drill again, with its alerts, calls and hints so far
    #[strum(message = "brief")]
    DrillBrief,
    /// Pause the drill, or let it go on
    #[strum(message = "pause")]
    DrillPause,
    /// Let a minute of the drill pass at once
    #[strum(message = "one minute")]
    DrillStep,
    /// Take the next hint of the drill, at its price
    #[strum(message = "hint")]
    DrillHint,
    /// Begin the drill anew, in a folder of its own
    #[strum(message = "begin anew")]
    DrillRestart,
    /// End the drill, and read how it went
    #[strum(message = "end the drill")]
    DrillEnd,
    /// Leave bridgewatch
    #[strum(message = "quit")]
    Quit,
}

impl Action {
    /// The name in the keymap and behind `:`.
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// One or two words for the status line.
    pub fn word(self) -> &'static str {
        self.get_message().unwrap_or_default()
    }

    /// The sentence of the help.
    pub fn about(self) -> &'static str {
        self.get_documentation().unwrap_or_default()
    }

    pub fn all() -> impl Iterator<Item = Self> {
        Self::iter()
    }
}
