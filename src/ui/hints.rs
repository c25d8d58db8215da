//! Which actions the status line offers where; the keys come from the keymap.

use super::{Action, Data, Over, View};

/// What matters in an opened flow.
pub(super) const FLOW: &[Action] = &[
    Action::Back,
    Action::Open,
    Action::NextPanel,
    Action::PreviousPanel,
    Action::GoToLogs,
    Action::Pin,
    Action::Copy,
    Action::CopyQuery,
    Action::ToggleSkew,
];

/// What matters in a view.
pub(super) fn own(view: View) -> &'static [Action] {
    match view {
        View::Bridge => &[
            Action::Note,
            Action::Decision,
            Action::Ask,
            Action::Mitigate,
            Action::Update,
            Action::CatchUp,
            Action::Open,
            Action::NextPanel,
            Action::Board,
            Action::Runbook,
            Action::Triage,
            Action::Review,
        ],
        View::Flows => &[
            Action::Open,
            Action::OnlyFailing,
            Action::Sort,
            Action::GoToLogs,
            Action::Copy,
            Action::Pin,
            Action::NextPanel,
        ],
        View::Logs => &[
            Action::Open,
            Action::GoToFlow,
            Action::FilterIn,
            Action::FilterOut,
            Action::Pin,
            Action::Copy,
            Action::AroundOnset,
        ],
        View::Metrics => &[
            Action::Open,
            Action::NextPanel,
            Action::Pin,
            Action::FilterIn,
            Action::AroundOnset,
            Action::ZoomIn,
        ],
        View::Traces => &[Action::Open, Action::NextPanel, Action::GoToFlow, Action::GoToLogs, Action::Pin],
        View::Suspects => &[
            Action::Open,
            Action::Declare,
            Action::NextPanel,
            Action::Pin,
            Action::Hypothesis,
            Action::Mitigate,
        ],
        View::Mitigate => &[Action::Mitigate, Action::Measure, Action::EndMitigation],
        View::Rca => &[Action::Open, Action::Publish, Action::Export, Action::NextPhase, Action::Review],
        View::Sources => &[Action::Refresh, Action::Open, Action::ToggleSkew, Action::Copy],
    }
}

/// What is offered now, the most useful first.
pub(super) fn of(view: View, over: Option<&Over>, data: &Data, is_home: bool) -> Vec<Action> {
    let everywhere = [Action::Filter, Action::Palette, Action::Help, Action::Quit];
    match over {
        Some(Over::Flow(_)) => FLOW.iter().copied().chain([Action::Help]).collect(),
        Some(Over::Board(_)) => {
            vec![Action::Back, Action::Open, Action::Ask, Action::Hypothesis, Action::Copy]
        }
        Some(Over::Runbook(_)) => vec![Action::Back, Action::Open, Action::NextPanel, Action::CopyQuery],
        Some(Over::Publish(_)) => {
            vec![Action::Back, Action::Open, Action::NextPanel, Action::Publish, Action::Export]
        }
        Some(Over::Page(_) | Over::Help(_)) => {
            vec![Action::Back, Action::NextItem, Action::PreviousItem, Action::PageDown, Action::Copy]
        }
        Some(_) => Vec::new(), // They say themselves what their keys do.
        None if is_home => vec![Action::Open, Action::NextScenario, Action::Help, Action::Quit],
        None => {
            let declare = (view == View::Bridge && data.incident.is_none()).then_some(Action::Declare);
            let needs_incident =
                [Action::Note, Action::Decision, Action::Ask, Action::Mitigate, Action::Update];
            let own = own(view)
                .iter()
                .copied()
                .filter(|action| data.incident.is_some() || !needs_incident.contains(action));
            declare.into_iter().chain(own).chain(everywhere).collect()
        }
    }
}
