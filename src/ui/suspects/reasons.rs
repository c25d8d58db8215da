//! Why a suspect is one: each reason with its share of the score; Enter opens what it points at.

use crate::suspects::{Pointer, Suspect};
use crate::ui::outcome::Outcome;
use crate::ui::widgets::{List, clock, cut, fit, headed, lines, wrap};
use crate::ui::{Data, Selected, Theme, View};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

pub(super) fn count(one: Option<&Suspect>) -> usize {
    one.map_or(0, |one| one.evidence.len())
}

/// What the reason points at, where the cursor's actions understand it.
pub(super) fn selected(one: Option<&Suspect>, at: usize, data: &Data) -> Option<Selected> {
    let reason = one?.evidence.get(at)?;
    reason.pointers.iter().find_map(|pointer| match pointer {
        Pointer::Event(row) => Some(Selected::Event(*row)),
        Pointer::Flow(id) => Some(Selected::Flow(*id)),
        Pointer::Series(place) => Some(Selected::Series(*place)),
        Pointer::Change(id) => change(id, data).map(Selected::Text),
        Pointer::Template(_) | Pointer::Window(_) => None,
    })
}

/// Opens the event, the flow, the series, the change, the lines of a pattern, or the stretch of time.
pub(super) fn open(one: Option<&Suspect>, at: usize, data: &Data) -> Outcome {
    let Some(reason) = one.and_then(|one| one.evidence.get(at)) else { return Outcome::Stay };
    let system = one.map_or("", |one| data.picture.evidence.system_name(one.system));
    match reason.pointers.first() {
        Some(Pointer::Event(row)) => Outcome::Event(*row),
        Some(Pointer::Flow(id)) => Outcome::Open(*id),
        Some(Pointer::Series(place)) => Outcome::Series(*place),
        Some(Pointer::Change(id)) => match change(id, data) {
            Some(text) => Outcome::Page("The change".to_owned(), text),
            None => Outcome::Complain("that change is no longer in the ledger".to_owned()),
        },
        Some(Pointer::Template(text)) => Outcome::Follow(super::templates::filter(system, text), View::Logs),
        Some(Pointer::Window(window)) => Outcome::Range(Some(*window)),
        // What stands against somebody points at nothing: its own logs tell most.
        None => Outcome::Follow(super::templates::filter(system, ""), View::Logs),
    }
}

fn change(id: &str, data: &Data) -> Option<String> {
    let change = data.picture.evidence.changes.iter().find(|change| change.id == id)?;
    let system = change.system.as_deref().unwrap_or("no named system");
    Some(format!(
        "{} on {system}, {}\n{}\n\n{}",
        change.kind,
        clock(change.time, data),
        change.id,
        change.text
    ))
}

pub(super) fn draw(
    one: Option<&Suspect>,
    list: &mut List,
    is_focused: bool,
    data: &Data,
    theme: &Theme,
    frame: &mut Frame,
    area: Rect,
) {
    let Some(one) = one else { return };
    let name = data.picture.evidence.system_name(one.system);
    let title = format!("Why {name}, {:.2}: share of the score, signal, what was seen", one.score);
    let inner = headed(&title, "", is_focused, theme, frame, area);
    let (width, height) = (usize::from(inner.width), usize::from(inner.height));
    // Nothing to move about in while the cursor is elsewhere: the first reasons are the strongest.
    let first = if is_focused {
        list.visible(Rect { height: inner.height.div_ceil(3).max(1), ..inner }, one.evidence.len()).start
    } else {
        0
    };
    let mut text = Vec::new();
    for (place, reason) in one.evidence.iter().enumerate().skip(first) {
        let signal: &str = reason.signal.into();
        let is_chosen = is_focused && place == list.selected;
        let (mark, style) = if reason.is_for { ("+", theme.text) } else { ("−", theme.muted) };
        let cursor = if is_chosen { "▸" } else { " " };
        let head = format!("{cursor}{mark} {:.2} {} ", reason.weight, fit(&signal.replace('_', " "), 12));
        let indent = head.chars().count();
        for (number, part) in wrap(&reason.sentence, width.saturating_sub(indent)).into_iter().enumerate() {
            let head = if number == 0 { head.clone() } else { " ".repeat(indent) };
            let line = Line::from(vec![Span::styled(head, theme.muted), Span::styled(part, style)]);
            text.push(if is_chosen { line.style(theme.selection) } else { line });
        }
    }
    if let Some(change) = one
        .change
        .as_ref()
        .and_then(|id| data.picture.evidence.changes.iter().find(|change| change.id == *id))
    {
        let said = change.text.lines().next().unwrap_or_default();
        let text_line = cut(&format!(" ⚙ {} {}: {said}", clock(change.time, data), change.kind), width);
        text.truncate(height.saturating_sub(1));
        text.push(Line::styled(text_line, theme.warn));
    }
    lines(text, frame, inner);
}
