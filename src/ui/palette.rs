//! Find anything by a few letters: commands, flows, identifiers, systems, incidents.

use super::outcome::Outcome;
use super::widgets::{Click, List, dialog, edit, fit};
use super::{Action, Data, Effect, Theme, View};
use crate::flows::FlowId;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Clear;

/// Flows that are offered by name: those that were found, newest first. Any other is found by its whole identifier.
const MOST_FLOWS: usize = 3_000;

/// The letters typed so far, and the cursor.
#[derive(Debug, Default)]
pub(super) struct Palette {
    text: String,
    list: List,
    /// Everything that can be found, collected when it is first needed.
    all: Vec<Entry>,
    /// What fits the letters, best first, by place in `all`.
    fitting: Vec<usize>,
}

#[derive(Clone, Debug)]
struct Entry {
    name: String,
    about: String,
    chosen: Chosen,
}

#[derive(Clone, Debug)]
enum Chosen {
    Do(Action),
    System(String),
    Incident(String),
    Flow(FlowId),
}

impl Palette {
    pub(super) fn key(&mut self, key: KeyEvent, data: &Data) -> Outcome {
        self.collect(data);
        let is_control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Esc => return Outcome::Close,
            KeyCode::Char('c') if is_control => return Outcome::Close,
            KeyCode::Enter => return self.choose(data),
            KeyCode::Down => self.step(Action::NextItem),
            KeyCode::Char('n') if is_control => self.step(Action::NextItem),
            KeyCode::Up => self.step(Action::PreviousItem),
            KeyCode::Char('p') if is_control => self.step(Action::PreviousItem),
            KeyCode::PageDown => self.step(Action::PageDown),
            KeyCode::PageUp => self.step(Action::PageUp),
            KeyCode::Backspace if self.text.is_empty() => return Outcome::Close,
            _ => {
                let mut text = self.text.clone();
                if edit(&mut text, key) {
                    self.edit(|before| *before = text);
                }
            }
        }
        Outcome::Stay
    }

    pub(super) fn paste(&mut self, text: &str) {
        self.edit(|before| before.push_str(text.trim()));
    }

    pub(super) fn click(&mut self, at: Position, _data: &Data) -> Click {
        let count = self.count();
        self.list.click(at, count)
    }

    /// What the cursor is on, or what was typed taken for an identifier.
    pub(super) fn choose(&mut self, data: &Data) -> Outcome {
        self.collect(data);
        let place = match (self.is_identifier(), self.list.selected) {
            (true, 0) => return Outcome::Find(self.text.trim().to_owned()),
            (is_identifier, selected) => selected - usize::from(is_identifier),
        };
        match self.fitting.get(place).map(|at| &self.all[*at].chosen) {
            Some(Chosen::Do(action)) => Outcome::Act(*action),
            Some(Chosen::System(name)) => Outcome::Follow(format!("system:{name}"), View::Logs),
            Some(Chosen::Incident(name)) => Outcome::Do(Effect::OpenIncident(name.clone())),
            Some(Chosen::Flow(id)) => Outcome::Open(*id),
            None if self.text.trim().is_empty() => Outcome::Close,
            None => Outcome::Find(self.text.trim().to_owned()),
        }
    }

    fn step(&mut self, action: Action) {
        let count = self.count();
        self.list.act(action, count);
    }

    fn edit(&mut self, change: impl FnOnce(&mut String)) {
        change(&mut self.text);
        self.list = List::default();
        self.fit();
    }

    fn collect(&mut self, data: &Data) {
        if !self.all.is_empty() {
            return;
        }
        let picture = &data.picture;
        self.all = Action::all()
            .map(|action| Entry {
                name: action.name().to_owned(),
                about: action.about().to_owned(),
                chosen: Chosen::Do(action),
            })
            .collect();
        self.all.extend(picture.evidence.systems.iter().map(|(_, name)| Entry {
            name: name.to_owned(),
            about: "system: its logs".to_owned(),
            chosen: Chosen::System(name.to_owned()),
        }));
        self.all.extend(data.incidents.iter().map(|incident| Entry {
            name: format!("{} {}", incident.id, incident.titled()),
            about: format!("incident, {}", incident.phase),
            chosen: Chosen::Incident(incident.id.clone()),
        }));
        self.all.extend(data.found.flows.iter().rev().take(MOST_FLOWS).filter_map(|id| {
            let flow = picture.flows.get(*id)?;
            let verdict = flow.verdict;
            let kind = &picture.flows.kind(flow.kind).name;
            Some(Entry {
                name: picture.evidence.identifiers.identifier(flow.name).value,
                about: format!("flow: {} {} {kind}", verdict.symbol(), verdict.word()),
                chosen: Chosen::Flow(*id),
            })
        }));
        self.fit();
    }

    fn fit(&mut self) {
        let text = self.text.trim();
        if text.is_empty() {
            self.fitting = (0..self.all.len()).collect();
            return;
        }
        let names: Vec<&str> = self.all.iter().map(|entry| entry.name.as_str()).collect();
        let matches = frizbee::Matcher::new(text, &frizbee::Config::default()).match_list(&names);
        self.fitting = matches.into_iter().map(|one| one.index as usize).collect();
    }

    /// Whether what was typed may be an identifier that nothing in the list is named after.
    fn is_identifier(&self) -> bool {
        let text = self.text.trim();
        text.len() >= 5 && text.bytes().any(|byte| byte.is_ascii_digit())
    }

    fn count(&self) -> usize {
        self.fitting.len() + usize::from(self.is_identifier())
    }

    pub(super) fn draw(&mut self, data: &Data, theme: &Theme, frame: &mut Frame, area: Rect) {
        self.collect(data);
        let width = area.width.min(96);
        let height = area.height.min(22);
        let place = Rect { x: area.x + (area.width - width) / 2, y: area.y, width, height };
        let block = dialog("Find a command, a flow, a system, an incident", theme);
        let inner = block.inner(place);
        frame.render_widget(Clear, place);
        frame.buffer_mut().set_style(place, theme.text);
        frame.render_widget(block, place);
        let typed = Line::from(vec![
            Span::styled(" › ", Theme::strong(theme.accent)),
            Span::raw(self.text.clone()),
            Span::styled("▏", theme.accent),
            Span::styled(format!("  {} fit", self.count()), theme.muted),
        ]);
        frame.render_widget(typed, Rect { height: 1, ..inner });
        let rows = Rect { y: inner.y + 1, height: inner.height.saturating_sub(1), ..inner };
        let room = List::room(rows);
        let name = (room * 2 / 5).clamp(16, 40);
        let (is_identifier, count) = (self.is_identifier(), self.count());
        let (all, fitting, text) = (&self.all, &self.fitting, &self.text);
        self.list.draw(count, theme, frame, rows, |at| {
            let (title, about) = match at.checked_sub(usize::from(is_identifier)) {
                None => (text.as_str(), "identifier: open the flow that has it"),
                Some(at) => (all[fitting[at]].name.as_str(), all[fitting[at]].about.as_str()),
            };
            Line::from(vec![
                Span::styled(fit(title, name), theme.accent),
                Span::styled(format!("  {}", fit(about, room.saturating_sub(name + 2))), theme.muted),
            ])
        });
    }
}
