//! Find anything by a few letters: commands, flows, systems, incidents.

use super::prompt::{Outcome, actions};
use super::widgets::{List, fit, panel};
use super::{Action, Data, Theme};
use crossterm::event::{KeyCode, KeyEvent};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Clear;

/// The letters typed so far, and the cursor.
#[derive(Debug, Default)]
pub(super) struct Palette {
    text: String,
    list: List,
}

#[derive(Clone, Debug, PartialEq)]
enum Entry {
    Do(Action),
    System(String),
    Incident(String),
    /// The text itself, taken for an identifier.
    Identifier(String),
}

impl Palette {
    pub(super) fn key(&mut self, key: KeyEvent, data: &Data) -> Outcome {
        match key.code {
            KeyCode::Esc => return Outcome::Cancel,
            KeyCode::Down => {
                self.list.act(Action::NextItem, self.entries(data).len());
            }
            KeyCode::Up => {
                self.list.act(Action::PreviousItem, self.entries(data).len());
            }
            KeyCode::Char(c) => {
                self.text.push(c);
                self.list = List::default();
            }
            KeyCode::Backspace => {
                self.text.pop();
            }
            KeyCode::Enter => {
                return match self.entries(data).into_iter().nth(self.list.selected) {
                    Some((Entry::Do(action), ..)) => Outcome::Act(action),
                    Some((Entry::System(name), ..)) => Outcome::System(name),
                    Some((Entry::Incident(name), ..)) => Outcome::Incident(name),
                    Some((Entry::Identifier(text), ..)) => Outcome::Find(text),
                    None => Outcome::Cancel,
                };
            }
            _ => {}
        }
        Outcome::Stay
    }

    /// What fits the letters, best first: (entry, name, explanation).
    fn entries(&self, data: &Data) -> Vec<(Entry, String, String)> {
        let mut all: Vec<(Entry, String, String)> = actions()
            .map(|(action, name, about)| (Entry::Do(action), name.to_owned(), about.to_owned()))
            .collect();
        all.extend(data.picture.evidence.systems.iter().map(|(_, name)| {
            (Entry::System(name.to_owned()), name.to_owned(), "system: its logs".to_owned())
        }));
        all.extend(data.incidents.iter().map(|incident| {
            (
                Entry::Incident(incident.id.clone()),
                format!("{} {}", incident.id, incident.title),
                "incident".to_owned(),
            )
        }));
        if self.text.is_empty() {
            return all;
        }
        let haystacks: Vec<&str> = all.iter().map(|(_, name, _)| name.as_str()).collect();
        let matches = frizbee::Matcher::new(&self.text, &frizbee::Config::default()).match_list(&haystacks);
        let mut found: Vec<(Entry, String, String)> =
            matches.into_iter().map(|one| all[one.index as usize].clone()).collect();
        if self.text.len() >= 6 && self.text.bytes().any(|byte| byte.is_ascii_digit()) {
            found.insert(
                0,
                (
                    Entry::Identifier(self.text.clone()),
                    self.text.clone(),
                    "identifier: open its flow".to_owned(),
                ),
            );
        }
        found
    }

    pub(super) fn draw(&mut self, data: &Data, theme: &Theme, frame: &mut Frame, area: Rect) {
        let width = area.width.min(90);
        let height = area.height.min(22);
        let place = Rect { x: area.x + (area.width - width) / 2, y: area.y, width, height };
        let block = panel("Find a command, a system, an incident, or type an identifier", theme);
        let inner = block.inner(place);
        frame.render_widget(Clear, place);
        frame.render_widget(block, place);
        frame.render_widget(
            Line::from(vec![Span::styled("› ", theme.accent), Span::raw(format!("{}▏", self.text))]),
            Rect { height: 1, ..inner },
        );
        let rows = Rect { y: inner.y + 1, height: inner.height.saturating_sub(1), ..inner };
        let entries = self.entries(data);
        for (line, at) in self.list.visible(rows, entries.len()).enumerate() {
            let (_, name, about) = &entries[at];
            let is_selected = at == self.list.selected;
            let mut text = Line::from(vec![
                Span::raw(if is_selected { "▸ " } else { "  " }),
                Span::styled(fit(name, 28), theme.accent),
                Span::styled(fit(about, usize::from(rows.width).saturating_sub(31)), theme.muted),
            ]);
            if is_selected {
                text = text.style(theme.selection);
            }
            frame.render_widget(text, Rect { y: rows.y + line as u16, height: 1, ..rows });
        }
    }
}
