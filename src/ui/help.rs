//! Pages of text over a view: the help, an event in full, a summary.

use super::widgets::{panel, wrap};
use super::{Action, Data, Keymap, Theme, View};
use crate::evidence::Row;
use crate::telemetry::SourceRef;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::{Clear, Paragraph};
use strum::{EnumMessage, IntoEnumIterator};

/// A text that can be scrolled.
#[derive(Clone, Debug)]
pub(super) struct Page {
    title: String,
    text: String,
    offset: usize,
    height: usize,
}

impl Page {
    pub(super) fn text(title: &str, text: &str) -> Self {
        Self { title: title.to_owned(), text: text.to_owned(), offset: 0, height: 10 }
    }

    pub(super) fn content(&self) -> String {
        self.text.clone()
    }

    /// An event in full: every field, and where it came from.
    pub(super) fn event(row: Row, data: &Data) -> Self {
        let Some(Some(event)) = data.events.get(&row) else {
            return Self::text(
                "Event",
                "It cannot be read again: the file is gone or became shorter. Its time, system and identifiers are kept.",
            );
        };
        let mut text = format!("{}  {}  {}\n\n{}\n", event.time, event.system, event.severity, event.body);
        if let Some(operation) = &event.operation {
            text.push_str(&format!("\noperation  {operation}"));
        }
        if let Some(duration) = event.duration {
            text.push_str(&format!("\nduration   {duration}"));
        }
        for identifier in &event.identifiers {
            text.push_str(&format!("\n{:<11}{}", identifier.class.to_string(), identifier.value));
        }
        for (name, value) in &event.attributes {
            text.push_str(&format!("\n{name} = {value}"));
        }
        match &event.source {
            SourceRef::File { path, offset } => text.push_str(&format!("\n\nfrom {path}, byte {offset}")),
            SourceRef::Backend { backend, url } => text.push_str(&format!("\n\nfrom {backend} {url}")),
        }
        Self::text("Event", &text)
    }

    pub(super) fn act(&mut self, action: Action) -> bool {
        let page = self.height.saturating_sub(1).max(1);
        self.offset = match action {
            Action::NextItem => self.offset + 1,
            Action::PreviousItem => self.offset.saturating_sub(1),
            Action::PageDown => self.offset + page,
            Action::PageUp => self.offset.saturating_sub(page),
            Action::FirstItem => 0,
            _ => return false,
        };
        true
    }

    pub(super) fn draw(&mut self, theme: &Theme, frame: &mut Frame, area: Rect) {
        let block = panel(format!("{} (esc closes)", self.title), theme);
        let inner = block.inner(area);
        let lines = wrap(&self.text, usize::from(inner.width));
        self.height = usize::from(inner.height);
        self.offset = self.offset.min(lines.len().saturating_sub(self.height));
        let seen: Vec<Line> = lines.into_iter().skip(self.offset).take(self.height).map(Line::raw).collect();
        frame.render_widget(Clear, area);
        frame.render_widget(block, area);
        frame.render_widget(Paragraph::new(seen).style(theme.text), inner);
    }
}

/// The help of a view.
#[derive(Clone, Debug)]
pub(super) struct Help {
    page: Page,
}

impl Help {
    pub(super) fn new(view: View, keymap: &Keymap) -> Self {
        let mut text = format!("{}\n\n", about(view));
        for action in Action::iter() {
            let keys = keymap.keys(action).unwrap_or_default();
            text.push_str(&format!(
                "{keys:>10}  {}\n",
                action.get_documentation().unwrap_or_default().trim()
            ));
        }
        text.push_str("\nA filter: system:kong -system:mule level:warn kind:span words -without \"two words\" /regex/\n");
        Self { page: Page::text(&format!("Help: {view}"), &text) }
    }

    pub(super) fn act(&mut self, action: Action) -> bool {
        self.page.act(action)
    }

    pub(super) fn draw(&mut self, theme: &Theme, frame: &mut Frame, area: Rect) {
        self.page.draw(theme, frame, area);
    }
}

fn about(view: View) -> &'static str {
    match view {
        View::Bridge => {
            "The bridge: the steps answer themselves from the evidence where they can (✓), others wait for you (○). Below: the suspects, where flows stop, and the record."
        }
        View::Flows => {
            "Flows: events of all systems joined by their identifiers. ✓ completed, ✗ failed, ■ stuck, ◷ slow, … in flight, ? unknown because a source could not answer."
        }
        View::Logs => {
            "Logs: every record of every system in order of time. The bars above show how many, errors marked."
        }
        View::Metrics => {
            "Metrics: what departed from its usual first. ▲ higher, ▼ lower than before the onset."
        }
        View::Traces => "Traces: flows that have spans, as waterfalls.",
        View::Suspects => {
            "Suspects: ranked by open arithmetic; each reason says its figures and its share. Symptoms are kept apart from causes."
        }
        View::Mitigate => {
            "Mitigations: each with what it was meant to do, and what it did, measured in equal windows before and after."
        }
        View::Rca => {
            "The write-up: drafted from record and evidence; on the right what stands against calling it done. `:set root_cause TEXT` writes a field."
        }
        View::Sources => {
            "Sources: what could be reached and read, and what could not. Absence of events from a source that could not answer says nothing."
        }
    }
}
