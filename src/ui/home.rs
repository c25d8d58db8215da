//! The first screen when nothing is open: the incidents that are on record, and a way into the demo.

use super::outcome::Outcome;
use super::widgets::{Click, List, clock, fit, panel};
use super::{Action, Data, Theme};
use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

#[derive(Clone, Debug, Default)]
pub(super) struct HomeView {
    list: List,
}

/// What was chosen to be opened.
pub(super) enum Chosen {
    Demo,
    Incident(String),
}

impl HomeView {
    pub(super) fn act(&mut self, action: Action, data: &Data) -> Outcome {
        self.list.act(action, data.incidents.len() + 1).into()
    }

    pub(super) fn chosen(&self, data: &Data) -> Chosen {
        match self.list.selected.checked_sub(1).and_then(|place| data.incidents.get(place)) {
            Some(incident) => Chosen::Incident(incident.id.clone()),
            None => Chosen::Demo,
        }
    }

    pub(super) fn click(&mut self, at: Position, data: &Data) -> Click {
        self.list.click(at, data.incidents.len() + 1)
    }

    pub(super) fn draw(&mut self, data: &Data, theme: &Theme, frame: &mut Frame, area: Rect) {
        let block = panel("What would you like to open?", theme);
        let inner = block.inner(area);
        frame.render_widget(block, area);
        let width = usize::from(inner.width);
        let mut lines = vec![
            Line::raw(""),
            Line::styled(
                fit("  enter opens what is selected, o the next bundled incident", width),
                theme.muted,
            ),
            Line::styled(
                fit("  bridgewatch open PATH… opens files and folders, --config FILE live sources", width),
                theme.muted,
            ),
            Line::raw(""),
        ];
        let rows = Rect { y: inner.y + 4, height: inner.height.saturating_sub(4), ..inner };
        let count = data.incidents.len() + 1;
        for place in self.list.visible(rows, count) {
            let text = match place.checked_sub(1).and_then(|place| data.incidents.get(place)) {
                None => "A bundled incident, as a demo".to_owned(),
                Some(incident) => format!(
                    "{}  {}  {:<10}  {}  {}",
                    incident.id,
                    incident.severity,
                    incident.phase.to_string(),
                    incident.declared.map_or_else(String::new, |time| format!(
                        "{} {}",
                        &time.to_string()[..10],
                        clock(time, data)
                    )),
                    incident.titled()
                ),
            };
            let is_selected = place == self.list.selected;
            let mark = if is_selected { "▸ " } else { "  " };
            lines.push(Line::from(vec![Span::styled(
                fit(&format!(" {mark}{text}"), width),
                if is_selected { theme.selection } else { theme.text },
            )]));
        }
        frame.render_widget(Paragraph::new(lines), inner);
    }
}
