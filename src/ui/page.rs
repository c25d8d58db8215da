//! A page of text over a view: an event in full, a summary.

use super::outcome::Outcome;
use super::widgets::{headed, lines, wrap};
use super::{Action, Data, Theme};
use crate::evidence::Row;
use crate::incident::Tone;
use crate::telemetry::{Event, SourceRef};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::Clear;

/// A text that can be scrolled.
#[derive(Clone, Debug)]
pub(super) struct Page {
    title: String,
    lines: Vec<(Tone, String)>,
    offset: usize,
    height: usize,
    /// An event that is on its way.
    waits_for: Option<Row>,
}

impl Page {
    pub(super) fn text(title: &str, text: &str) -> Self {
        Self::toned(title, text.split('\n').map(|line| (Tone::Plain, line.to_owned())).collect())
    }

    /// Lines of several kinds.
    pub(super) fn toned(title: &str, lines: Vec<(Tone, String)>) -> Self {
        Self { title: title.to_owned(), lines, offset: 0, height: 10, waits_for: None }
    }

    /// An event in full: every field, and where it came from.
    pub(super) fn event(row: Row, data: &Data) -> Self {
        match data.events.get(&row) {
            Some(Some(event)) => Self::text("Event", &in_full(event)),
            Some(None) => Self::text(
                "Event",
                "It cannot be read again: the file is gone or became shorter. Its time, system and identifiers are kept.",
            ),
            None => Self { waits_for: Some(row), ..Self::text("Event", "It is being read …") },
        }
    }

    /// Shows the event once it was read.
    pub(super) fn refresh(&mut self, data: &Data) {
        if let Some(row) = self.waits_for.filter(|row| data.events.contains_key(row)) {
            *self = Self::event(row, data);
        }
    }

    pub(super) fn content(&self) -> String {
        self.lines.iter().map(|(_, line)| line.as_str()).collect::<Vec<_>>().join("\n")
    }

    pub(super) fn act(&mut self, action: Action) -> Outcome {
        let page = self.height.saturating_sub(1).max(1);
        self.offset = match action {
            Action::NextItem => self.offset + 1,
            Action::PreviousItem => self.offset.saturating_sub(1),
            Action::PageDown => self.offset + page,
            Action::PageUp => self.offset.saturating_sub(page),
            Action::FirstItem => 0,
            Action::LastItem => usize::MAX / 2,
            Action::Open => return Outcome::Close,
            _ => return Outcome::NotMine,
        };
        Outcome::Stay
    }

    pub(super) fn draw(&mut self, theme: &Theme, frame: &mut Frame, area: Rect) {
        frame.render_widget(Clear, area);
        frame.buffer_mut().set_style(area, theme.text);
        let width = usize::from(area.width.saturating_sub(2));
        let style = |tone: Tone| match tone {
            Tone::Heading => theme.title,
            Tone::Plain => theme.text,
            Tone::Quiet => theme.muted,
            Tone::Warning => theme.warn,
        };
        let text: Vec<Line> = self
            .lines
            .iter()
            .flat_map(|(tone, line)| {
                wrap(line, width).into_iter().map(|part| Line::styled(part, style(*tone)))
            })
            .collect();
        self.height = usize::from(area.height.saturating_sub(1));
        self.offset = self.offset.min(text.len().saturating_sub(self.height));
        let rest = text.len() - (self.offset + self.height).min(text.len());
        let figures = if rest > 0 { format!("{rest} lines more, esc closes") } else { "esc closes".into() };
        let inner = headed(&self.title, &figures, true, theme, frame, area);
        let seen = text.into_iter().skip(self.offset).take(self.height).collect();
        lines(seen, frame, inner);
    }
}

/// Every field of an event, one a line.
pub(super) fn in_full(event: &Event) -> String {
    let mut text = format!("{}  {}  {}\n\n{}\n", event.time, event.system, event.severity, event.body);
    let mut field = |name: &str, value: &str| text.push_str(&format!("\n{name:<14} {value}"));
    if let Some(operation) = &event.operation {
        field("operation", operation);
    }
    if let Some(duration) = event.duration {
        field("duration", &duration.to_string());
    }
    for identifier in &event.identifiers {
        field(&identifier.class.to_string(), &identifier.value);
    }
    for (name, value) in &event.attributes {
        field(name, value);
    }
    match &event.source {
        SourceRef::File { path, offset } => field("from", &format!("{path}, byte {offset}")),
        SourceRef::Backend { backend, url } => field("from", &format!("{backend} {url}")),
    }
    text
}
