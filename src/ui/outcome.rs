//! What a screen made of a key or an action, for the cockpit to carry out.

use super::prompt::Prompt;
use super::{Action, Effect, View};
use crate::evidence::Row;
use crate::flows::FlowId;
use crate::incident::What;
use crate::telemetry::{Time, Window};

/// A screen changes itself; whatever reaches beyond it is one of these.
#[derive(Debug)]
pub(super) enum Outcome {
    /// Not for this screen: the cockpit decides.
    NotMine,
    /// Taken; nothing more to do.
    Stay,
    /// This screen is done.
    Close,
    /// The filter as typed so far.
    Preview(String),
    /// Set the filter.
    Filter(String),
    /// Filter by this and show that view.
    Follow(String, View),
    /// Show this stretch of time everywhere; `None` for all of it.
    Range(Option<Window>),
    Act(Action),
    Open(FlowId),
    /// Read an event in full.
    Event(Row),
    /// Show a series, by its place in the evidence.
    Series(usize),
    /// Open the flow that has this identifier.
    Find(String),
    Incident(String),
    Record(Vec<(Time, What)>),
    Do(Effect),
    /// A page of text over the view.
    Page(String, String),
    /// Have a line typed.
    Type(Box<Prompt>),
    /// One after the other.
    Each(Vec<Outcome>),
    Complain(String),
}

impl From<bool> for Outcome {
    fn from(is_taken: bool) -> Self {
        if is_taken { Self::Stay } else { Self::NotMine }
    }
}
