//! A list that builds only the rows that are seen.

use crate::ui::{Action, Theme};
use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};

/// Where the cursor is, and what part is seen.
#[derive(Clone, Debug, Default)]
pub(in crate::ui) struct List {
    pub selected: usize,
    offset: usize,
    /// Where the rows were drawn last, for clicks.
    area: Rect,
}

impl List {
    pub(in crate::ui) fn at(selected: usize) -> Self {
        Self { selected, ..Self::default() }
    }

    /// Moves the cursor; whether the action was one of movement.
    pub(in crate::ui) fn act(&mut self, action: Action, count: usize) -> bool {
        let last = count.saturating_sub(1);
        let page = usize::from(self.area.height.max(2)) - 1;
        self.selected = match action {
            Action::NextItem => self.selected + 1,
            Action::PreviousItem => self.selected.saturating_sub(1),
            Action::PageDown => self.selected + page,
            Action::PageUp => self.selected.saturating_sub(page),
            Action::FirstItem => 0,
            Action::LastItem => last,
            _ => return false,
        }
        .min(last);
        true
    }

    /// The places that fit into `area`, the cursor among them.
    pub(in crate::ui) fn visible(&mut self, area: Rect, count: usize) -> std::ops::Range<usize> {
        self.area = area;
        let height = usize::from(area.height);
        self.selected = self.selected.min(count.saturating_sub(1));
        if self.selected < self.offset {
            self.offset = self.selected;
        } else if height > 0 && self.selected >= self.offset + height {
            self.offset = self.selected + 1 - height;
        }
        self.offset = self.offset.min(count.saturating_sub(height));
        self.offset..(self.offset + height).min(count)
    }

    /// Draws what is seen: `row` makes the line of a place. The cursor is a mark and a ground; a bar at the right edge
    /// says what part of the list this is.
    pub(in crate::ui) fn draw<'a>(
        &mut self,
        count: usize,
        theme: &Theme,
        frame: &mut Frame,
        area: Rect,
        mut row: impl FnMut(usize) -> Line<'a>,
    ) {
        let room = Rect { x: area.x + 2, width: area.width.saturating_sub(3), ..area };
        let visible = self.visible(area, count);
        for (line, place) in visible.clone().enumerate() {
            let y = area.y + line as u16;
            frame.render_widget(row(place), Rect { y, height: 1, ..room });
            if place == self.selected {
                frame.render_widget(Span::raw("▸"), Rect { y, height: 1, ..area });
                let whole = Rect { y, height: 1, width: area.width.saturating_sub(1), ..area };
                frame.buffer_mut().set_style(whole, theme.selection);
            }
        }
        if count > visible.len() && area.height > 0 {
            let height = usize::from(area.height);
            let thumb = (height * height / count).max(1);
            let top = visible.start * (height - thumb) / (count - visible.len()).max(1);
            let bar = (0..height).map(|line| {
                if (top..top + thumb).contains(&line) {
                    Line::styled("┃", theme.accent)
                } else {
                    Line::styled("│", theme.border)
                }
            });
            let edge = Rect { x: area.right().saturating_sub(1), width: 1, ..area };
            super::lines(bar.collect(), frame, edge);
        }
    }

    /// The same, with the cursor only where it is.
    pub(in crate::ui) fn show<'a>(
        &mut self,
        has_cursor: bool,
        count: usize,
        theme: &Theme,
        frame: &mut Frame,
        area: Rect,
        row: impl FnMut(usize) -> Line<'a>,
    ) {
        if has_cursor {
            return self.draw(count, theme, frame, area, row);
        }
        let room = Rect { x: area.x + 2, width: area.width.saturating_sub(3), ..area };
        super::lines(self.visible(area, count).map(row).collect(), frame, room);
    }

    /// How many cells a row that [`List::draw`] draws has.
    pub(in crate::ui) fn room(area: Rect) -> usize {
        usize::from(area.width.saturating_sub(3))
    }

    /// Moves the cursor to a clicked row; whether it was there already, so that a second click opens.
    pub(in crate::ui) fn click(&mut self, at: Position, count: usize) -> Click {
        if !self.area.contains(at) {
            return Click::Missed;
        }
        let place = self.offset + usize::from(at.y - self.area.y);
        if place >= count {
            return Click::Missed;
        }
        let is_twice = place == self.selected;
        self.selected = place;
        if is_twice { Click::Opened } else { Click::Moved }
    }
}

/// What a click did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::ui) enum Click {
    Missed,
    /// The cursor is where the click was.
    Moved,
    /// The cursor was there already.
    Opened,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cursor_stays_in_the_list_and_in_sight() {
        let mut list = List::default();
        let area = Rect::new(0, 5, 10, 3);
        list.visible(area, 10);
        for _ in 0..4 {
            list.act(Action::NextItem, 10);
        }
        assert_eq!(list.visible(area, 10), 2..5);
        list.act(Action::LastItem, 10);
        assert_eq!((list.visible(area, 10), list.selected), (7..10, 9));
        list.act(Action::NextItem, 10);
        assert_eq!(list.selected, 9);
        assert_eq!(list.visible(area, 2), 0..2);
        assert_eq!(list.click(Position::new(3, 5), 2), Click::Moved);
        assert_eq!(list.click(Position::new(3, 5), 2), Click::Opened);
        assert_eq!(list.click(Position::new(3, 7), 2), Click::Missed);
        assert_eq!(list.click(Position::new(30, 5), 2), Click::Missed);
    }
}
