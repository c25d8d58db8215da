//! The mouse: clicks on tabs, rows and the course of time, a drag for a stretch of it, and the wheel.

use super::outcome::Outcome;
use super::widgets::{Click, Scale};
use super::{Action, Effect, Over, Ui, View, range};
use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::{Position, Rect};

/// Where things were drawn last.
#[derive(Debug, Default)]
pub(super) struct Mouse {
    pub(super) tabs: Vec<(View, Rect)>,
    /// The cells of the course of flows, and what time they stand for.
    pub(super) course: Option<(Rect, Scale)>,
    /// Where on the course the button went down.
    from: Option<u16>,
}

impl Ui {
    pub(super) fn mouse(&mut self, mouse: MouseEvent, effects: &mut Vec<Effect>) {
        let at = Position::new(mouse.column, mouse.row);
        match mouse.kind {
            MouseEventKind::ScrollDown => (0..3).for_each(|_| self.act(Action::NextItem, effects)),
            MouseEventKind::ScrollUp => (0..3).for_each(|_| self.act(Action::PreviousItem, effects)),
            MouseEventKind::Down(MouseButton::Left) => self.press(at, effects),
            MouseEventKind::Up(MouseButton::Left) => self.release(at, effects),
            MouseEventKind::Down(MouseButton::Right) => self.act(Action::Back, effects),
            _ => {}
        }
    }

    fn press(&mut self, at: Position, effects: &mut Vec<Effect>) {
        self.mouse.from = self.mouse.course.filter(|(area, _)| area.contains(at)).map(|_| at.x);
        if let Some((view, _)) = self.mouse.tabs.iter().find(|(_, area)| area.contains(at)) {
            return self.show(*view);
        }
        let is_home = self.is_home();
        let data = &self.data;
        let click = match self.over.last_mut() {
            Some(Over::Flow(flow)) => flow.click(at),
            Some(Over::Palette(palette)) => {
                if palette.click(at, data) == Click::Opened {
                    let outcome = palette.choose(data);
                    self.conclude(outcome, effects);
                }
                return;
            }
            Some(_) => return,
            None if is_home => self.home.click(at, data),
            None => match self.view {
                View::Bridge => self.bridge.click(at, data),
                View::Flows => self.flows.click(at, data),
                View::Logs => self.logs.click(at, data),
                View::Metrics => self.metrics.click(at, data),
                View::Traces => self.traces.click(at, data),
                View::Suspects => self.suspects.click(at, data),
                View::Mitigate => self.mitigate.click(at, data),
                View::Rca => Click::Missed,
                View::Sources => self.sources.click(at, data),
            },
        };
        if click == Click::Opened {
            self.act(Action::Open, effects);
        }
    }

    /// A drag along the course chooses a stretch of time.
    fn release(&mut self, at: Position, effects: &mut Vec<Effect>) {
        let (Some(from), Some((area, scale))) = (self.mouse.from.take(), self.mouse.course) else { return };
        let Some(all) = self.data.picture.window else { return };
        let to = at.x.clamp(area.x, area.right().saturating_sub(1));
        if to != from {
            let time = |x: u16| scale.time(usize::from(x - area.x));
            let range = range::between(time(from.min(to)), time(from.max(to) + 1), all);
            self.conclude(Outcome::Range(range), effects);
        }
    }
}
