//! The record of the incident, newest first; before one is declared, what the evidence says happened.

use crate::incident::PENDING;
use crate::ui::widgets::{List, clock, fit, headed, lines, some, wrap_to};
use crate::ui::{Data, Theme};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

/// An entry that was recorded this long after it happened is marked as back-dated.
const BACK_DATED: i64 = 60_000_000_000;

pub(super) fn count(data: &Data) -> usize {
    match &data.incident {
        Some(incident) => incident.lines.len(),
        None => data.picture.findings.notable.len(),
    }
}

/// What stands at a place, as a text to copy, to pin, or to look for identifiers in.
pub(super) fn text(place: usize, data: &Data) -> Option<String> {
    match &data.incident {
        Some(incident) => incident
            .lines
            .iter()
            .rev()
            .nth(place)
            .map(|line| format!("{} {} {}: {}", line.happened, line.label, line.author, line.text)),
        None => data.picture.findings.notable.get(place).map(|(time, text)| format!("{time} {text}")),
    }
}

/// The number that claims cite and that `:undo` takes; `…` while the entry waits for a team's database.
fn number(entry: u64) -> String {
    if entry < PENDING { entry.to_string() } else { "…".to_owned() }
}

/// An entry in full, with how to take it back or to say it anew.
pub(super) fn page(place: usize, data: &Data) -> Option<String> {
    let line = data.incident.as_ref()?.lines.iter().rev().nth(place)?;
    let mut text = format!("#{} {} by {}\n\n{}\n", number(line.entry), line.label, line.author, line.text);
    let mut field = |name: &str, value: String| text.push_str(&format!("\n{name:<10} {value}"));
    field("happened", line.happened.to_string());
    field("recorded", line.recorded.to_string());
    if line.pins > 0 {
        field("evidence", format!("{} pinned; the write-up holds it with its SHA-256", line.pins));
    }
    match (line.is_undone, line.corrected_by) {
        (true, _) => field("state", "taken back by a later entry".to_owned()),
        (_, Some(by)) => field("state", format!("said anew by #{by}")),
        _ => field("state", "stands".to_owned()),
    }
    let how = format!(
        "\n\n:undo {0} takes it back, :correct {0} TEXT says a fact anew; the record keeps both.",
        line.entry
    );
    text.push_str(if line.is_undone { "" } else { &how });
    Some(text)
}

pub(super) fn draw(
    list: &mut List,
    is_focused: bool,
    data: &Data,
    theme: &Theme,
    frame: &mut Frame,
    area: Rect,
) {
    let Some(incident) = &data.incident else {
        return draw_notable(list, is_focused, data, theme, frame, area);
    };
    let title = format!("Record of {}", incident.id);
    let figures = format!("{} in all, {}, newest first", incident.lines.len(), some(incident.pins, "pin"));
    let inner = headed(&title, &figures, is_focused, theme, frame, area);
    let width = List::room(inner);
    let entries = &incident.lines;
    list.draw(entries.len(), theme, frame, inner, |place| {
        let entry = &entries[entries.len() - 1 - place];
        let style = match entry.label {
            "decision" | "declared" => Theme::strong(theme.accent),
            "mitigation" | "measured" => theme.warn,
            _ => theme.text,
        };
        let is_back_dated = entry.recorded.0 - entry.happened.0 > BACK_DATED;
        let text = match entry.is_undone {
            true => format!("(taken back) {}", entry.text),
            false if entry.pins > 0 => format!("{} [{} pinned]", entry.text, entry.pins),
            false => entry.text.clone(),
        };
        Line::from(vec![
            Span::styled(clock(entry.happened, data), theme.muted),
            Span::styled(if is_back_dated { "↩ " } else { "  " }, theme.muted),
            Span::styled(format!("{:<4}", format!("#{}", number(entry.entry))), theme.muted),
            Span::styled(format!("{} ", fit(entry.label, 10)), style),
            Span::styled(format!("{} ", fit(&entry.author, 8)), theme.muted),
            Span::styled(
                fit(&text, width.saturating_sub(8 + 2 + 4 + 11 + 9)),
                if entry.is_undone { theme.muted } else { theme.text },
            ),
        ])
    });
}

fn draw_notable(
    list: &mut List,
    is_focused: bool,
    data: &Data,
    theme: &Theme,
    frame: &mut Frame,
    area: Rect,
) {
    let notable = &data.picture.findings.notable;
    let inner = headed("What happened", "D declares an incident", is_focused, theme, frame, area);
    let width = List::room(inner);
    if notable.is_empty() {
        let text = "No changes, alerts or failures are known. From D on, n writes facts, d decisions, a asks, m pins evidence, M logs mitigations.";
        let text = wrap_to(text, usize::from(inner.width), usize::from(inner.height));
        return lines(text.into_iter().map(|line| Line::styled(line, theme.muted)).collect(), frame, inner);
    }
    list.draw(notable.len(), theme, frame, inner, |place| {
        let (time, text) = &notable[place];
        Line::from(vec![
            Span::styled(format!("{}  ", clock(*time, data)), theme.muted),
            Span::raw(fit(text, width.saturating_sub(10))),
        ])
    });
}
