//! A person at the keyboard: press keys, look at the screen.

mod estate;

use super::{Data, Effect, Found, Keymap, Msg, STEPS, Step, Theme, Ui, step_of};
use crate::evidence::Row;
use crate::flows::Verdict;
use crossterm::event::{
    Event as Input, KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind,
};
use ratatui::backend::TestBackend;
use ratatui::style::Style;
use ratatui::{Terminal, buffer::Buffer};
use std::sync::Arc;

/// A cockpit with somebody in front of it. Reads and searches are answered at once; other effects are kept.
pub struct Cockpit {
    pub ui: Ui,
    pub effects: Vec<Effect>,
    /// What live sources were asked of flows that were opened, and that it was ended.
    pub questions: Vec<Effect>,
    size: (u16, u16),
}

impl Cockpit {
    /// Nothing is open.
    pub fn bare() -> Self {
        Self::themed("dark")
    }

    fn themed(theme: &str) -> Self {
        let ui = Ui::new(Theme::named(theme).unwrap(), Keymap::default(), 3_600, false);
        let mut cockpit = Self { ui, effects: Vec::new(), questions: Vec::new(), size: (80, 24) };
        cockpit.tell(Msg::Tick(estate::now()));
        cockpit
    }

    /// An hour of an invented estate: orders stop before the ERP since 10:41.
    pub fn with_sample() -> Self {
        Self::sample_themed("dark")
    }

    pub fn sample_themed(theme: &str) -> Self {
        let mut cockpit = Self::themed(theme);
        cockpit.tell(Msg::Picture(Arc::new(estate::picture())));
        cockpit.effects.clear();
        cockpit
    }

    /// The same with an incident under way.
    pub fn on_a_bridge() -> Self {
        Self::on_a_bridge_themed("dark")
    }

    /// The same with two hypotheses and a decision.
    pub fn on_a_bridge_with_a_board() -> Self {
        let mut cockpit = Self::with_sample();
        cockpit.tell(Msg::Incident(Some(Box::new(estate::incident_with_a_board()))));
        cockpit
    }

    pub fn on_a_bridge_themed(theme: &str) -> Self {
        let mut cockpit = Self::sample_themed(theme);
        cockpit.tell(Msg::Incident(Some(Box::new(estate::incident()))));
        cockpit
    }

    #[must_use]
    pub fn sized(mut self, width: u16, height: u16) -> Self {
        self.size = (width, height);
        self
    }

    pub fn data(&self) -> &Data {
        &self.ui.data
    }

    pub fn tell(&mut self, msg: Msg) -> &mut Self {
        let mut effects = self.ui.update(msg);
        while let Some(effect) = effects.pop() {
            let answer = match effect {
                Effect::Read(rows) => Msg::Read(rows.into_iter().map(|row| (row, self.read(row))).collect()),
                Effect::Search { request, filter } => Msg::Found { request, found: self.find(&filter) },
                question @ (Effect::Follow { .. } | Effect::Unfollow) => {
                    self.questions.push(question);
                    continue;
                }
                other => {
                    self.effects.push(other);
                    continue;
                }
            };
            effects.extend(self.ui.update(answer));
        }
        self
    }

    fn read(&self, row: Row) -> Option<crate::telemetry::Event> {
        let evidence = &self.ui.data.picture.evidence;
        let origin = evidence.origin(row);
        match &evidence.places[usize::from(origin.file())] {
            crate::evidence::Place::Page { events, .. } => events.get(origin.offset() as usize).cloned(),
            crate::evidence::Place::File { .. } => None,
        }
    }

    /// Enough of a search for the screen: by system, level, time and text.
    fn find(&self, filter: &super::Filter) -> Found {
        let picture = &self.ui.data.picture;
        let (evidence, flows) = (&picture.evidence, &picture.flows);
        let mut rows: Vec<Row> = (0..evidence.rows())
            .map(Row)
            .filter(|row| filter.fits_system(evidence.system_name(evidence.system(*row))))
            .filter(|row| filter.fits_severity(evidence.severity(*row)))
            .filter(|row| filter.window.is_none_or(|window| window.contains(flows.time(evidence, *row))))
            .filter(|row| self.read(*row).is_some_and(|event| filter.fits_text(&event.body, None)))
            .collect();
        rows.sort_by_key(|row| (flows.time(evidence, *row), *row));
        let listed: Vec<_> = flows
            .iter()
            .map(|(id, _)| id)
            .filter(|id| filter.is_empty() || rows.iter().any(|row| flows.joins(evidence, *row) == Some(*id)))
            .collect();
        let window = filter.window.or(picture.window);
        let mut course = vec![Step::default(); STEPS];
        for row in &rows {
            let step = window.and_then(|window| step_of(window, flows.time(evidence, *row)));
            let Some(step) = step.and_then(|place| course.get_mut(place)) else { continue };
            step.events += 1;
            step.warnings += u32::from(evidence.severity(*row).is_warning());
            step.errors += u32::from(evidence.severity(*row).is_error());
        }
        for flow in listed.iter().filter_map(|id| flows.get(*id)) {
            let step = window.and_then(|window| step_of(window, flow.first));
            let Some(step) = step.and_then(|place| course.get_mut(place)) else { continue };
            step.flows += 1;
            step.failing += u32::from(matches!(flow.verdict, Verdict::Failed | Verdict::Stuck));
        }
        Found { rows: Arc::new(rows), flows: Arc::new(listed), course: Arc::new(course), window, note: None }
    }

    /// Keys by their names in the keymap, blanks between them: `2 enter shift-d ctrl-p`.
    pub fn press(&mut self, keys: &str) -> &mut Self {
        for key in keys.split_whitespace() {
            let key: crokey::KeyCombination = key.parse().unwrap();
            self.tell(Msg::Input(Input::Key(key.into())));
        }
        self
    }

    /// Letters, as they are typed into a prompt.
    pub fn write(&mut self, text: &str) -> &mut Self {
        for letter in text.chars() {
            let key = KeyEvent::new(KeyCode::Char(letter), KeyModifiers::NONE);
            self.tell(Msg::Input(Input::Key(key)));
        }
        self
    }

    pub fn paste(&mut self, text: &str) -> &mut Self {
        self.tell(Msg::Input(Input::Paste(text.to_owned())))
    }

    /// A click at a column and row.
    pub fn click(&mut self, column: u16, row: u16) -> &mut Self {
        self.mouse(MouseEventKind::Down(MouseButton::Left), column, row);
        self.mouse(MouseEventKind::Up(MouseButton::Left), column, row)
    }

    pub fn mouse(&mut self, kind: MouseEventKind, column: u16, row: u16) -> &mut Self {
        self.tell(Msg::Input(Input::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE })))
    }

    /// A click on the first place where a text stands.
    pub fn click_on(&mut self, text: &str) -> &mut Self {
        let screen = self.screen();
        let (row, line) = screen.lines().enumerate().find(|(_, line)| line.contains(text)).unwrap();
        let column = line[..line.find(text).unwrap()].chars().count();
        self.click(column as u16, row as u16)
    }

    /// What stands on the screen, line by line, without blanks at their ends.
    pub fn screen(&mut self) -> String {
        let buffer = self.draw();
        let mut text = String::new();
        for y in 0..buffer.area.height {
            let mut line = String::new();
            let mut covered = 0;
            for x in 0..buffer.area.width {
                let symbol = buffer[(x, y)].symbol();
                if covered == 0 {
                    line.push_str(symbol);
                    covered = unicode_width::UnicodeWidthStr::width(symbol).max(1);
                }
                covered -= 1;
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }

    /// Every style on the screen.
    pub fn styles(&mut self) -> Vec<Style> {
        self.draw().content.iter().map(ratatui::buffer::Cell::style).collect()
    }

    fn draw(&mut self) -> Buffer {
        let mut terminal = Terminal::new(TestBackend::new(self.size.0, self.size.1)).unwrap();
        terminal.draw(|frame| self.ui.draw(frame)).unwrap();
        terminal.backend().buffer().clone()
    }
}
