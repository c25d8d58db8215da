//! The bridge: what fails, since when, where it stops, what changed; what to do and to say next; and the record.
//!
//! ```text
//!  size-up      │ suspects          at 80 columns one below the other:
//!               │                   size-up, now, suspects, where flows stop, record
//!  now          │ where flows stop
//!  record
//! ```

mod now;
mod record;
mod sizeup;
mod suspects;
mod ways;

use super::outcome::Outcome;
use super::widgets::{Click, List};
use super::{Action, Data, Selected, Theme, View};
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Position, Rect};

/// The parts that can have the cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    SizeUp,
    Now,
    Suspects,
    Ways,
    Record,
}

const PARTS: [Part; 5] = [Part::Record, Part::SizeUp, Part::Now, Part::Suspects, Part::Ways];

#[derive(Clone, Debug)]
pub(super) struct BridgeView {
    part: Part,
    sizeup: Steps,
    now: Steps,
    suspects: List,
    /// The kind whose way is shown, by place in the picture's ways.
    way: usize,
    record: List,
}

impl Default for BridgeView {
    fn default() -> Self {
        Self {
            part: Part::Record,
            sizeup: Steps::default(),
            now: Steps::default(),
            suspects: List::default(),
            way: 0,
            record: List::default(),
        }
    }
}

/// A cursor among steps, each of which may take several lines.
#[derive(Clone, Debug, Default)]
struct Steps {
    list: List,
    /// Where each step was drawn last.
    places: Vec<(Rect, usize)>,
}

impl Steps {
    fn click(&mut self, at: Position) -> Click {
        let Some((_, place)) = self.places.iter().find(|(area, _)| area.contains(at)) else {
            return Click::Missed;
        };
        let is_twice = self.list.selected == *place;
        self.list.selected = *place;
        if is_twice { Click::Opened } else { Click::Moved }
    }
}

impl BridgeView {
    pub(super) fn act(&mut self, action: Action, data: &Data) -> Outcome {
        match (action, self.part) {
            (Action::NextPanel | Action::PreviousPanel, part) => {
                let place = PARTS.iter().position(|one| *one == part).unwrap_or(0);
                let step = if action == Action::NextPanel { 1 } else { PARTS.len() - 1 };
                self.part = PARTS[(place + step) % PARTS.len()];
                Outcome::Stay
            }
            (Action::Open, Part::SizeUp) => sizeup::open(self.sizeup.list.selected, data),
            (Action::Answer, Part::SizeUp) => sizeup::answer_by_hand(self.sizeup.list.selected, data),
            (Action::Open | Action::Answer, Part::Now) => now::open(self.now.list.selected, action, data),
            (_, Part::SizeUp) => self.sizeup.list.act(action, sizeup::count(data)).into(),
            (_, Part::Now) => self.now.list.act(action, now::count(data)).into(),
            (Action::Open, Part::Suspects) => Outcome::Act(Action::ViewSuspects),
            (Action::Open, Part::Ways) => ways::stops(self.way, data)
                .map_or(Outcome::Stay, |filter| Outcome::Follow(filter, View::Flows)),
            (_, Part::Suspects) => self.suspects.act(action, data.picture.suspects.ranking.len()).into(),
            (_, Part::Ways) => {
                let mut list = List::at(self.way);
                let is_taken = list.act(action, data.picture.ways.len());
                self.way = list.selected;
                is_taken.into()
            }
            (Action::Open, Part::Record) => match record::page(self.record.selected, data) {
                Some(text) => Outcome::Page("Entry of the record".to_owned(), text),
                None => Outcome::NotMine,
            },
            (_, Part::Record) => self.record.act(action, record::count(data)).into(),
        }
    }

    pub(super) fn selected(&self, data: &Data) -> Selected {
        match self.part {
            Part::SizeUp => {
                sizeup::text(self.sizeup.list.selected, data).map_or(Selected::Nothing, Selected::Text)
            }
            Part::Now => now::text(self.now.list.selected, data).map_or(Selected::Nothing, Selected::Text),
            Part::Suspects if data.picture.suspects.ranking.is_empty() => Selected::Nothing,
            Part::Suspects => Selected::Suspect(self.suspects.selected),
            Part::Ways => ways::text(self.way, data).map_or(Selected::Nothing, Selected::Text),
            Part::Record => {
                record::text(self.record.selected, data).map_or(Selected::Nothing, Selected::Text)
            }
        }
    }

    pub(super) fn click(&mut self, at: Position, data: &Data) -> Click {
        let click = self.record.click(at, record::count(data));
        if click != Click::Missed {
            self.part = Part::Record;
            return click;
        }
        for (part, steps) in [(Part::SizeUp, &mut self.sizeup), (Part::Now, &mut self.now)] {
            let click = steps.click(at);
            if click != Click::Missed {
                // The first click takes the cursor there, wherever it was before.
                let is_here = self.part == part;
                self.part = part;
                return if is_here { click } else { Click::Moved };
            }
        }
        let click = self.suspects.click(at, data.picture.suspects.ranking.len());
        if click != Click::Missed {
            self.part = Part::Suspects;
        }
        click
    }

    pub(super) fn draw(&mut self, data: &Data, theme: &Theme, frame: &mut Frame, area: Rect) {
        let parts = if area.width >= 110 { wide(area, data) } else { narrow(area, data) };
        let chosen = |part, steps: &Steps| (self.part == part).then_some(steps.list.selected);
        let (in_sizeup, in_now) = (chosen(Part::SizeUp, &self.sizeup), chosen(Part::Now, &self.now));
        self.sizeup.places = sizeup::draw(in_sizeup, data, theme, frame, parts.sizeup);
        self.now.places = now::draw(in_now, data, theme, frame, parts.now);
        suspects::draw(&mut self.suspects, self.part == Part::Suspects, data, theme, frame, parts.suspects);
        ways::draw(&mut self.way, self.part == Part::Ways, data, theme, frame, parts.ways);
        record::draw(&mut self.record, self.part == Part::Record, data, theme, frame, parts.record);
    }
}

struct Areas {
    sizeup: Rect,
    now: Rect,
    suspects: Rect,
    ways: Rect,
    record: Rect,
}

/// Two columns above the record.
fn wide(area: Rect, data: &Data) -> Areas {
    let stages = data.picture.ways.iter().map(|way| way.stages.len()).max().unwrap_or(2) as u16;
    let record = (area.height / 4).clamp(5, 16);
    let room = area.height.saturating_sub(record);
    let sizeup = sizeup::height(data, usize::from(area.width / 2), room * 2 / 3);
    // What the columns have no use for is the record's.
    let upper = room.min((sizeup + 14).max(stages + 20));
    let [upper, record] = Layout::vertical([Constraint::Length(upper), Constraint::Fill(1)]).areas(area);
    let [left, right] = Layout::horizontal([Constraint::Fill(1), Constraint::Fill(1)]).areas(upper);
    let [sizeup, now] = Layout::vertical([Constraint::Length(sizeup), Constraint::Fill(1)]).areas(left);
    let ways = (stages + 2).min(upper.height / 2);
    let [suspects, ways] = Layout::vertical([Constraint::Fill(1), Constraint::Length(ways)]).areas(right);
    Areas { sizeup, now, suspects, ways, record }
}

/// One below the other; what matters less has fewer lines.
fn narrow(area: Rect, data: &Data) -> Areas {
    let sizeup = sizeup::height(data, usize::from(area.width), area.height / 3 + 1);
    let free = area.height.saturating_sub(sizeup);
    // At 24 lines 13 are left: suspects 4, now 3, ways 2, record 4.
    let suspects = (free * 4 / 13).clamp(2, 12);
    let now = (free * 3 / 13).min(8);
    let ways = if free >= 11 { (free * 2 / 13).clamp(2, 12) } else { 0 };
    let [sizeup, now, suspects, ways, record] = Layout::vertical([
        Constraint::Length(sizeup),
        Constraint::Length(now),
        Constraint::Length(suspects),
        Constraint::Length(ways),
        Constraint::Fill(1),
    ])
    .areas(area);
    Areas { sizeup, now, suspects, ways, record }
}
