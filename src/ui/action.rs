//! What a person can ask for. The names here are the names in the keymap, the help and the palette.

use serde::Deserialize;

/// One variant, one sentence: keymap, help and palette derive from it.
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
    ViewBridge,
    /// Show the flows
    ViewFlows,
    /// Show the logs of all systems, merged by time
    ViewLogs,
    /// Show the metrics
    ViewMetrics,
    /// Show the traces
    ViewTraces,
    /// Show the suspects with their evidence
    ViewSuspects,
    /// Show the mitigations and what they did
    ViewMitigate,
    /// Show the write-up and what stands against calling it done
    ViewRca,
    /// Show the sources: what could be read, and what not
    ViewSources,
    /// Go to the next view
    NextView,
    /// Go to the view before
    PreviousView,
    /// Select the next item
    NextItem,
    /// Select the previous item
    PreviousItem,
    /// Go a page down
    PageDown,
    /// Go a page up
    PageUp,
    /// Select the first item
    FirstItem,
    /// Select the last item
    LastItem,
    /// Open what is selected
    Open,
    /// Go back, or cancel
    Back,
    /// Filter everything, with a live count
    Filter,
    /// Drop the filter
    ClearFilter,
    /// Type a command
    Command,
    /// Find anything: commands, flows, systems, incidents
    Palette,
    /// Explain this view and its keys
    Help,
    /// Open the flow of what is selected
    GoToFlow,
    /// Sort by the next column
    Sort,
    /// Show only what failed, or everything again
    OnlyFailing,
    /// Correct the clocks of systems, or show raw times
    ToggleSkew,
    /// Show local time, or UTC again
    ToggleZone,
    /// Declare an incident
    Declare,
    /// Acknowledge the incident
    Acknowledge,
    /// Write a fact to the record; `-7m` or a clock time in front dates it back
    Note,
    /// Write a decision to the record
    Decision,
    /// Ask somebody for something, with minutes to answer: `@kafka-oncall check lag 3m`
    Ask,
    /// Answer the oldest open ask
    Answer,
    /// Write a hypothesis to the record
    Hypothesis,
    /// Take over or hand over a role: `incident-commander ann`
    Role,
    /// Pin what is selected as evidence
    Pin,
    /// Log a mitigation
    Mitigate,
    /// Measure the mitigations now and record the effect
    Measure,
    /// Undo the selected or last mitigation
    EndMitigation,
    /// Draft the status update
    Update,
    /// Sum up for somebody who joins now
    CatchUp,
    /// Move the incident to its next phase
    NextPhase,
    /// Take the last entry of the record back, by a new entry
    Undo,
    /// Write the report as Markdown, HTML and JSON
    Export,
    /// Copy what is selected
    Copy,
    /// Copy the query or command that gives what is selected
    CopyQuery,
    /// Ask all sources again
    Refresh,
    /// Open the next bundled incident
    NextScenario,
    /// Leave
    Quit,
}
