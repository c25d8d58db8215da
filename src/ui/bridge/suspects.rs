//! The first suspects with their best reasons.

use crate::suspects::{Role, Suspect};
use crate::ui::widgets::{List, fit, headed, lines, rail, wrap_to};
use crate::ui::{Data, Theme, sources};
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
    let suspects = &data.picture.suspects;
    let title = if suspects.conclusive { "Suspects: conclusive" } else { "Suspects: inconclusive" };
    let title = if suspects.ranking.is_empty() { "Suspects" } else { title };
    let inner = headed(title, "6 all reasons", is_focused, theme, frame, area);
    let (width, height) = (usize::from(inner.width), usize::from(inner.height));
    if suspects.ranking.is_empty() {
        let text = match suspects.reason.as_str() {
            "" => sources::why_empty(data, "no suspects"),
            reason => reason.to_owned(),
        };
        let text = wrap_to(&text, width, height);
        return lines(text.into_iter().map(|line| Line::styled(line, theme.muted)).collect(), frame, inner);
    }
    // Every suspect has a line; what is left goes to the reasons of the one under the cursor, or of the first.
    let shown = suspects.ranking.len().min(height.div_ceil(2).max(2)).min(height);
    let reasons = height - shown;
    let chosen = if is_focused { list.selected.min(suspects.ranking.len() - 1) } else { 0 };
    let mut visible = list.clone();
    let range = visible.visible(Rect { height: shown as u16, ..inner }, suspects.ranking.len());
    *list = visible;
    let mut text = Vec::new();
    for place in range {
        let one = &suspects.ranking[place];
        let mut line = row(one, data, theme, width, is_focused && place == chosen);
        if is_focused && place == chosen {
            line = line.style(theme.selection);
        }
        text.push(line);
        if place == chosen {
            text.extend(why(one, theme, width, reasons));
        }
    }
    lines(text, frame, inner);
}

fn row<'a>(one: &Suspect, data: &Data, theme: &Theme, width: usize, is_chosen: bool) -> Line<'a> {
    let system = data.picture.evidence.system_name(one.system);
    let name =
        one.operation.as_ref().map_or(system.to_owned(), |operation| format!("{system} · {operation}"));
    let (role, style) = match one.role {
        Role::Cause => ("cause", theme.error),
        Role::Symptom => ("symptom", theme.muted),
    };
    let bar = (width / 6).min(16);
    let room = width.saturating_sub(bar + 5 + 3 + 8 + 1);
    Line::from(vec![
        Span::raw(if is_chosen { "▸" } else { " " }),
        Span::styled(format!("{:<2}", one.rank), theme.muted),
        Span::styled(fit(role, 8), style),
        Span::styled(fit(&name, room), Theme::strong(theme.text)),
        Span::styled(rail(one.score, bar), style),
        Span::raw(format!(" {:.2}", one.score)),
    ])
}

/// The strongest reasons, as many lines as there are.
fn why<'a>(one: &Suspect, theme: &Theme, width: usize, rows: usize) -> Vec<Line<'a>> {
    let mut all = Vec::new();
    for reason in &one.evidence {
        let left = rows.saturating_sub(all.len());
        if left == 0 {
            break;
        }
        let mark = if reason.is_for { "+ " } else { "− " };
        let parts = wrap_to(&reason.sentence, width.saturating_sub(13), left.min(2));
        all.extend(parts.into_iter().enumerate().map(|(number, part)| {
            let mark = if number == 0 { mark } else { "  " };
            Line::from(vec![
                Span::styled(
                    format!("{:>11}{mark}", ""),
                    if reason.is_for { theme.warn } else { theme.muted },
                ),
                Span::styled(part, theme.text),
            ])
        }));
    }
    all
}
