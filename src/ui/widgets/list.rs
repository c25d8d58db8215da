//! A list that builds only the rows that are seen.

use crate::ui::Action;
use ratatui::layout::Rect;

/// Where the cursor is, and what part is seen.
#[derive(Clone, Debug, Default)]
pub(in crate::ui) struct List {
    pub selected: usize,
    offset: usize,
    /// Where the rows were drawn last, for clicks.
    area: Rect,
}

impl List {
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

    /// Moves the cursor to a clicked row; whether it was there already, so that a second click opens.
    pub(in crate::ui) fn click(&mut self, row: u16, count: usize) -> bool {
        if row < self.area.y || row >= self.area.bottom() {
            return false;
        }
        let place = self.offset + usize::from(row - self.area.y);
        let is_twice = place == self.selected;
        if place < count {
            self.selected = place;
        }
        is_twice && place < count
    }
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
        assert!(!list.click(5, 2));
        assert!(list.click(5, 2));
    }
}
