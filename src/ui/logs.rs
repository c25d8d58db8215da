//! Every record of every system in order of time, with how many there are and how many of them are errors.

use super::flow::severity_style;
use super::widgets::{List, bars, clock, fit, heights, panel};
use super::{Action, Data, Selected, Theme};
use crate::evidence::Row;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

#[derive(Clone, Debug, Default)]
pub(super) struct LogsView {
    list: List,
    /// The rows that were drawn last, so that their texts can be asked for.
    shown: Vec<Row>,
    is_placed: bool,
}

impl LogsView {
    pub(super) fn act(&mut self, action: Action, data: &Data) -> bool {
        self.is_placed = true;
        self.list.act(action, data.found.rows.len())
    }

    pub(super) fn click(&mut self, row: u16, data: &Data) -> bool {
        self.list.click(row, data.found.rows.len())
    }

    pub(super) fn selected(&self, data: &Data) -> Selected {
        data.found.rows.get(self.list.selected).map_or(Selected::Nothing, |row| Selected::Event(*row))
    }

    pub(super) fn wanted(&self, data: &Data) -> Vec<Row> {
        let around = self.list.selected.saturating_sub(60);
        self.shown.iter().copied().chain(data.found.rows.iter().skip(around).take(120).copied()).collect()
    }

    pub(super) fn draw(&mut self, data: &Data, theme: &Theme, frame: &mut Frame, area: Rect) {
        let rows = &data.found.rows;
        if !self.is_placed && !rows.is_empty() {
            // Where the trouble begins is where one wants to start.
            let onset = data.picture.suspects.onset.as_ref().map(|onset| onset.time);
            let evidence = &data.picture.evidence;
            self.list.selected =
                onset.map_or(0, |onset| rows.partition_point(|row| evidence.time(*row) < onset));
            self.is_placed = true;
        }
        let [top, bottom] = Layout::vertical([Constraint::Length(4), Constraint::Fill(1)]).areas(area);
        histogram(data, theme, frame, top);
        let title = match &data.found.note {
            Some(note) => format!("{} events, {note}", rows.len()),
            None => format!("{} of {} events", rows.len(), data.picture.evidence.rows()),
        };
        let block = panel(title, theme);
        let inner = block.inner(bottom);
        frame.render_widget(block, bottom);
        if rows.is_empty() {
            frame.render_widget(
                Paragraph::new(super::sources::why_empty(data, "no events"))
                    .wrap(ratatui::widgets::Wrap { trim: true }),
                inner,
            );
            return;
        }
        let evidence = &data.picture.evidence;
        let width = usize::from(inner.width);
        let system_width = if width >= 110 { 18 } else { 12 };
        self.shown.clear();
        for (line, place) in self.list.visible(inner, rows.len()).enumerate() {
            let row = rows[place];
            self.shown.push(row);
            let is_selected = place == self.list.selected;
            let severity = evidence.severity(row);
            let style = severity_style(severity, theme);
            let system = evidence.system(row);
            let body = match data.events.get(&row) {
                Some(Some(event)) => event.body.clone(),
                _ => evidence.text(evidence.shape(row)).to_owned(),
            };
            let has_flow = evidence.identifier(row).and_then(|id| data.picture.flows.with(id)).is_some();
            let mut text = Line::from(vec![
                Span::raw(if is_selected { "▸ " } else { "  " }),
                Span::styled(format!("{} ", clock(evidence.time(row), data)), theme.muted),
                Span::styled(format!("{} ", fit(severity.word(), 5)), style),
                Span::styled(
                    format!("{} ", fit(evidence.system_name(system), system_width)),
                    theme.lane(usize::from(system.0)),
                ),
                Span::styled(if has_flow { "⇢ " } else { "  " }, theme.muted),
                Span::styled(
                    fit(&body, width.saturating_sub(2 + 9 + 6 + system_width + 1 + 2)),
                    if severity.is_error() { style } else { theme.text },
                ),
            ]);
            if is_selected {
                text = text.style(theme.selection);
            }
            frame.render_widget(text, Rect { y: inner.y + line as u16, height: 1, ..inner });
        }
    }
}

/// How many events, and how many errors among them, over the window.
fn histogram(data: &Data, theme: &Theme, frame: &mut Frame, area: Rect) {
    let block = panel("Events and errors", theme);
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let cells = usize::from(inner.width).saturating_sub(9);
    let all = bars::in_cells(&data.found.course, cells, |sum, step| sum + f64::from(step.0));
    let errors = bars::in_cells(&data.found.course, cells, |sum, step| sum + f64::from(step.1));
    let most = all.iter().copied().fold(0.0, f64::max);
    let most_errors = errors.iter().copied().fold(0.0, f64::max);
    for (place, (label, values, most, style)) in
        [("all", all, most, theme.accent), ("errors", errors, most_errors, theme.error)]
            .into_iter()
            .enumerate()
    {
        let line = Line::from(vec![
            Span::styled(format!("{label:>7}  "), theme.muted),
            Span::styled(heights(&values, most), style),
        ]);
        frame.render_widget(line, Rect { y: inner.y + place as u16, height: 1, ..inner });
    }
}
