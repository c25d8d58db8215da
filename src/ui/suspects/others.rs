//! Why not the others: how far each lies behind the first, and what speaks against it.

use crate::suspects::{Role, Suspect};
use crate::ui::widgets::{List, cut, headed};
use crate::ui::{Data, Theme};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

pub(super) fn draw(
    list: &mut List,
    is_focused: bool,
    data: &Data,
    theme: &Theme,
    frame: &mut Frame,
    area: Rect,
) {
    let inner = headed("Why not the others", "enter shows its reasons", is_focused, theme, frame, area);
    let ranking = &data.picture.suspects.ranking;
    let Some((first, others)) = ranking.split_first() else { return };
    let width = List::room(inner);
    list.show(is_focused, others.len(), theme, frame, inner, |place| {
        let one = &others[place];
        let name = data.picture.evidence.system_name(one.system);
        Line::from(vec![
            Span::styled(format!("{name}: "), Theme::strong(theme.text)),
            Span::styled(
                cut(&why_not(one, first), width.saturating_sub(name.chars().count() + 2)),
                theme.muted,
            ),
        ])
    });
}

/// `0.41 behind; lacks flows, templates; few failing flows stop there`
fn why_not(one: &Suspect, first: &Suspect) -> String {
    let has = |suspect: &Suspect, signal| {
        suspect.evidence.iter().any(|reason| reason.is_for && reason.signal == signal && reason.weight > 0.0)
    };
    let mut lacks: Vec<String> = Vec::new();
    for reason in first.evidence.iter().filter(|reason| reason.is_for && reason.weight > 0.0) {
        let word: &str = reason.signal.into();
        let word = word.replace('_', " ");
        if !has(one, reason.signal) && !lacks.contains(&word) {
            lacks.push(word);
        }
    }
    let mut said = vec![format!("{:.2} behind", first.score - one.score)];
    if one.role == Role::Symptom {
        said.push("it passes on what goes wrong elsewhere".to_owned());
    }
    if !lacks.is_empty() {
        said.push(format!("nothing from {}", lacks.join(", ")));
    }
    said.extend(one.evidence.iter().filter(|reason| !reason.is_for).map(|reason| reason.sentence.clone()));
    said.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::SystemId;
    use crate::suspects::{Evidence, Signal};
    use crate::telemetry::{Time, Window};

    #[test]
    fn what_the_first_has_and_the_other_lacks_is_said() {
        let reason = |signal, is_for| Evidence {
            signal,
            sentence: "36 of 40 flows through it completed".to_owned(),
            is_for,
            weight: if is_for { 0.4 } else { 0.0 },
            window: Window { from: Time(0), to: Time(1) },
            pointers: Vec::new(),
        };
        let suspect = |score, role, evidence| Suspect {
            rank: 1,
            system: SystemId(0),
            operation: None,
            change: None,
            score,
            role,
            evidence,
            failure_modes: Vec::new(),
        };
        let first = suspect(
            0.8,
            Role::Cause,
            vec![reason(Signal::EventOrder, true), reason(Signal::Templates, true)],
        );
        let other =
            suspect(0.3, Role::Cause, vec![reason(Signal::Templates, true), reason(Signal::Flows, false)]);
        assert_eq!(
            why_not(&other, &first),
            "0.50 behind; nothing from event order; 36 of 40 flows through it completed"
        );
    }
}
