//! A runbook on the screen: its steps, what the evidence says to them, and what people found when they did them.

use super::outcome::Outcome;
use super::prompt::Prompt;
use super::widgets::{List, cut, headed, lines, wrap_to};
use super::{Action, Data, Effect, Selected, Theme};
use crate::incident::{Incident, Runbook, looked};
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Clear;

/// Which runbook is open, and which of its steps is selected.
#[derive(Clone, Debug, Default)]
pub(super) struct RunbookView {
    /// The system whose runbook is shown; the suspected one's until somebody turns pages.
    system: Option<String>,
    list: List,
}

impl RunbookView {
    fn place(&self, data: &Data) -> usize {
        let wanted = self.system.as_deref().or_else(|| data.suspected());
        data.books.iter().position(|book| Some(book.system.as_str()) == wanted).unwrap_or(0)
    }

    fn book(&self, data: &Data) -> Option<Runbook> {
        let none = Incident::default();
        let text = data.books.get(self.place(data))?.text.as_ref().ok()?;
        Some(Runbook::read(text, data.incident.as_ref().unwrap_or(&none)))
    }

    pub(super) fn act(&mut self, action: Action, data: &Data) -> Outcome {
        let Some(book) = self.book(data) else { return self.turn(action, data) };
        let step = book.steps.get(self.list.selected);
        match (action, step) {
            (Action::Open | Action::Answer, Some(_)) if data.incident.is_none() => {
                Outcome::Complain("there is no incident yet; declare one first (D)".to_owned())
            }
            (Action::Open | Action::Answer, Some(step)) => {
                Outcome::Type(Box::new(Prompt::step(&book.title, &step.text)))
            }
            (Action::CopyQuery, Some(step)) if !step.command.is_empty() => {
                Outcome::Do(Effect::Copy(step.command.clone()))
            }
            (Action::NextPanel | Action::PreviousPanel, _) => self.turn(action, data),
            _ => self.list.act(action, book.steps.len()).into(),
        }
    }

    /// To the runbook of another system.
    fn turn(&mut self, action: Action, data: &Data) -> Outcome {
        let count = data.books.len();
        let step = match action {
            Action::NextPanel => 1,
            Action::PreviousPanel => count.saturating_sub(1),
            _ => return Outcome::NotMine,
        };
        if let Some(book) = data.books.get((self.place(data) + step) % count.max(1)) {
            self.system = Some(book.system.clone());
            self.list = List::default();
        }
        Outcome::Stay
    }

    pub(super) fn selected(&self, data: &Data) -> Selected {
        let step = self.book(data).and_then(|book| book.steps.into_iter().nth(self.list.selected));
        step.map_or(Selected::Nothing, |step| {
            let parts = [step.text, step.command, step.done.unwrap_or_default()];
            Selected::Text(parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n"))
        })
    }

    pub(super) fn draw(&mut self, data: &Data, theme: &Theme, frame: &mut Frame, area: Rect) {
        frame.render_widget(Clear, area);
        frame.buffer_mut().set_style(area, theme.text);
        let said = |text: &str, frame: &mut Frame, area: Rect| {
            let text = wrap_to(text, usize::from(area.width), usize::from(area.height));
            lines(text.into_iter().map(|line| Line::styled(line, theme.muted)).collect(), frame, area);
        };
        let Some(known) = data.books.get(self.place(data)) else {
            let inner = headed("Runbooks", "esc closes", true, theme, frame, area);
            let text = "No runbook is known. `runbook = \"FILE.md\"` below [systems.NAME], in catalogue.toml or in the configuration, names one: Markdown with steps as `- [ ] step`. Links among them are on the owner's page: enter on \"Who owns it?\".";
            return said(text, frame, inner);
        };
        let which = format!("{} of {}, ←→ turns, esc closes", self.place(data) + 1, data.books.len());
        let book = match (&known.text, self.book(data)) {
            (Ok(_), Some(book)) => book,
            (why, _) => {
                let inner = headed(&format!("Runbook of {}", known.system), &which, true, theme, frame, area);
                return said(why.as_ref().err().map_or("", String::as_str), frame, inner);
            }
        };
        let done = book.steps.iter().filter(|step| step.done.is_some()).count();
        let title = format!("{} ({}), {done} of {} done", book.title, known.system, book.steps.len());
        let below = (area.height / 3).clamp(5, 12);
        let [top, bottom] = Layout::vertical([Constraint::Fill(1), Constraint::Length(below)]).areas(area);
        let inner = headed(&title, &which, true, theme, frame, top);
        let width = List::room(inner);
        self.list.draw(book.steps.len(), theme, frame, inner, |place| {
            let step = &book.steps[place];
            let (mark, style) = if step.done.is_some() { ("✓ ", theme.ok) } else { ("○ ", theme.warn) };
            Line::from(vec![Span::styled(mark, style), Span::raw(cut(&step.text, width.saturating_sub(2)))])
        });
        let Some(step) = book.steps.get(self.list.selected) else { return };
        let inner =
            headed("This step", "enter ticks it off, Y copies the command", false, theme, frame, bottom);
        let picture = &data.picture;
        let evidence = step
            .look
            .as_ref()
            .and_then(|words| looked(words, &picture.findings, &picture.evidence, &picture.flows));
        let mut text: Vec<Line> = Vec::new();
        let mut add = |label: &str, said: &str, style| {
            for (number, part) in super::widgets::wrap(said, usize::from(inner.width).saturating_sub(10))
                .into_iter()
                .enumerate()
            {
                let label = if number == 0 { label } else { "" };
                text.push(Line::from(vec![
                    Span::styled(format!("{label:<10}"), theme.muted),
                    Span::styled(part, style),
                ]));
            }
        };
        if let Some(evidence) = &evidence {
            add("evidence", evidence, theme.ok);
        } else if step.look.is_some() {
            add("evidence", "says nothing of it", theme.muted);
        }
        if let Some(found) = &step.done {
            add("found", found, theme.accent);
        }
        if !step.command.is_empty() {
            add("command", &step.command, theme.text);
        }
        add("step", &step.text, theme.text);
        lines(text, frame, inner);
    }
}
