//! A part of the screen under a ruled heading; no box, since at 80×24 every line and column counts.

use crate::ui::Theme;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, BorderType, Borders, Padding};
use unicode_width::UnicodeWidthStr;

/// A heading and the room below it.
pub(in crate::ui) fn panel<'a>(title: impl Into<String>, theme: &Theme) -> Block<'a> {
    Block::new()
        .borders(Borders::TOP)
        .border_style(theme.border)
        .padding(Padding::horizontal(1))
        .title(Span::styled(format!(" {} ", title.into()), theme.title))
}

/// A box that lies over the view.
pub(in crate::ui) fn dialog<'a>(title: impl Into<String>, theme: &Theme) -> Block<'a> {
    Block::bordered()
        .border_type(BorderType::Rounded)
        .border_style(theme.accent)
        .title(Span::styled(format!(" {} ", title.into()), theme.title))
}

/// Draws the heading, with figures at its right end, and gives the room below it. The panel that has the cursor is
/// told by a mark, not by colour alone.
pub(in crate::ui) fn headed(
    title: &str,
    figures: &str,
    is_focused: bool,
    theme: &Theme,
    frame: &mut Frame,
    area: Rect,
) -> Rect {
    let mark = if is_focused { "▸" } else { "" };
    let title = super::cut(title, usize::from(area.width).saturating_sub(6));
    let mut block = panel(format!("{mark}{title}"), theme);
    if is_focused {
        block = block.border_style(theme.accent);
    }
    if !figures.is_empty() && figures.width() + title.width() + 8 <= usize::from(area.width) {
        block = block.title(Line::from(Span::styled(format!(" {figures} "), theme.muted)).right_aligned());
    }
    let inner = block.inner(area);
    frame.render_widget(block, area);
    inner
}

/// Draws lines from the top, as many as fit.
pub(in crate::ui) fn lines(lines: Vec<Line>, frame: &mut Frame, area: Rect) {
    for (place, line) in lines.into_iter().take(usize::from(area.height)).enumerate() {
        frame.render_widget(line, Rect { y: area.y + place as u16, height: 1, ..area });
    }
}
