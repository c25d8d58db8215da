//! Who is behind it, with the reasons and their figures; symptoms apart from causes.
//!
//! The ranking stands on top. Below it is one part at a time, or two where there is room: the reasons of the chosen one,
//! its templates, the attributes that failing flows share, all systems at a glance, who calls whom, and why not the
//! others. Enter goes into a part, and there opens what the cursor is on.

mod attributes;
mod map;
mod others;
mod reasons;
mod templates;

use super::outcome::Outcome;
use super::widgets::{Click, List, clock, fit, gauge, headed, lines, wrap, wrap_to};
use super::{Action, Data, Selected, Theme, board};
use crate::evidence::Row;
use crate::suspects::{Role, Suspect};
use attributes::AttributesPart;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Position, Rect};
use ratatui::text::{Line, Span};
use strum::IntoEnumIterator;

/// From this width on two parts stand side by side.
const WIDE: u16 = 110;

/// What stands below the ranking.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, strum::EnumIter)]
enum Part {
    #[default]
    Reasons,
    Templates,
    Attributes,
    Board,
    Map,
    Others,
}

#[derive(Clone, Debug, Default)]
pub(super) struct SuspectsView {
    list: List,
    part: Part,
    /// The cursor is in the part below.
    is_inside: bool,
    inside: List,
    attributes: AttributesPart,
}

/// The next check stands at the end of the reason: so many lines of it are shown.
const MOST_OF_WHY: usize = 3;

impl SuspectsView {
    pub(super) fn act(&mut self, action: Action, data: &Data) -> Outcome {
        let ranked = data.picture.suspects.ranking.len();
        match action {
            Action::NextPanel | Action::PreviousPanel => {
                self.turn(action == Action::NextPanel);
                Outcome::Stay
            }
            Action::Back if self.is_inside => {
                self.is_inside = false;
                Outcome::Stay
            }
            Action::Open if !self.is_inside => {
                self.is_inside = self.count(data) > 0;
                Outcome::Stay
            }
            Action::Open => self.open(data),
            _ if self.is_inside => self.inside.act(action, self.count(data)).into(),
            _ => {
                let before = self.list.selected;
                let is_taken = self.list.act(action, ranked);
                if self.list.selected != before {
                    self.inside = List::default();
                }
                is_taken.into()
            }
        }
    }

    fn turn(&mut self, forward: bool) {
        let parts: Vec<Part> = Part::iter().collect();
        let place = parts.iter().position(|part| *part == self.part).unwrap_or(0);
        let step = if forward { 1 } else { parts.len() - 1 };
        self.part = parts[(place + step) % parts.len()];
        self.inside = List::default();
    }

    fn chosen<'a>(&self, data: &'a Data) -> Option<&'a Suspect> {
        data.picture.suspects.ranking.get(self.list.selected)
    }

    /// How many rows the part has.
    fn count(&self, data: &Data) -> usize {
        match self.part {
            Part::Reasons => reasons::count(self.chosen(data)),
            Part::Templates => templates::of(self.chosen(data), data).count(),
            Part::Attributes => self.attributes.differing.len(),
            Part::Board => data.picture.suspects.board.len(),
            Part::Map => map::rows(data).len(),
            Part::Others => data.picture.suspects.ranking.len().saturating_sub(1),
        }
    }

    /// What Enter does in the part.
    fn open(&mut self, data: &Data) -> Outcome {
        let at = self.inside.selected;
        match self.part {
            Part::Reasons => reasons::open(self.chosen(data), at, data),
            Part::Templates => templates::open(self.chosen(data), at, data),
            Part::Attributes => self.attributes.open(at),
            Part::Board => board::open(at, data),
            Part::Map => map::open(at, data),
            Part::Others => {
                self.list = List::at(at + 1);
                self.part = Part::Reasons;
                self.inside = List::default();
                Outcome::Stay
            }
        }
    }

    pub(super) fn click(&mut self, at: Position, data: &Data) -> Click {
        let click = self.inside.click(at, self.count(data));
        if click != Click::Missed {
            self.is_inside = true;
            return click;
        }
        let click = self.list.click(at, data.picture.suspects.ranking.len());
        if click != Click::Missed {
            self.is_inside = false;
        }
        click
    }

    pub(super) fn selected(&self, data: &Data) -> Selected {
        if data.picture.suspects.ranking.is_empty() {
            Selected::Nothing
        } else if self.is_inside && self.part == Part::Reasons {
            reasons::selected(self.chosen(data), self.inside.selected, data)
                .unwrap_or(Selected::Suspect(self.list.selected))
        } else {
            Selected::Suspect(self.list.selected)
        }
    }

    /// Events whose attributes are compared.
    pub(super) fn wanted(&mut self, data: &Data) -> Vec<Row> {
        if self.part == Part::Attributes { self.attributes.wanted(data) } else { Vec::new() }
    }

    pub(super) fn draw(&mut self, data: &Data, theme: &Theme, frame: &mut Frame, area: Rect) {
        let suspects = &data.picture.suspects;
        let why = why(&suspects.reason, area.width);
        let height = 1 + why.len().max(2) as u16;
        let [verdict, rest] = Layout::vertical([Constraint::Length(height), Constraint::Fill(1)]).areas(area);
        draw_verdict(&why, data, theme, frame, verdict);
        let rows = suspects.ranking.len().clamp(3, 9) as u16 + 1;
        let [top, bottom] =
            Layout::vertical([Constraint::Length(rows.min(rest.height / 2)), Constraint::Fill(1)])
                .areas(rest);
        let inner = headed(
            "Ranking",
            "enter goes into the part below, → turns it",
            !self.is_inside,
            theme,
            frame,
            top,
        );
        if suspects.ranking.is_empty() {
            let why = match suspects.reason.as_str() {
                "" => super::sources::why_empty(data, "no suspects"),
                reason => reason.to_owned(),
            };
            let text = wrap(&why, usize::from(inner.width));
            lines(text.into_iter().map(Line::raw).collect(), frame, inner);
        } else {
            let width = List::room(inner);
            self.list.draw(suspects.ranking.len(), theme, frame, inner, |place| {
                row(&suspects.ranking[place], data, theme, width)
            });
        }
        // Reasons and patterns are read together; the other parts need the width.
        if bottom.width < WIDE || !matches!(self.part, Part::Reasons | Part::Templates) {
            return self.draw_part(self.part, true, data, theme, frame, bottom);
        }
        let [left, right] = Layout::horizontal([Constraint::Fill(3), Constraint::Fill(2)]).areas(bottom);
        self.draw_part(Part::Reasons, self.part == Part::Reasons, data, theme, frame, left);
        self.draw_part(Part::Templates, self.part == Part::Templates, data, theme, frame, right);
    }

    /// One part; `is_current` if the cursor can go into it.
    fn draw_part(
        &mut self,
        part: Part,
        is_current: bool,
        data: &Data,
        theme: &Theme,
        frame: &mut Frame,
        area: Rect,
    ) {
        let mut beside = List::default();
        let chosen = data.picture.suspects.ranking.get(self.list.selected);
        let is_focused = is_current && self.is_inside;
        let list = if is_current { &mut self.inside } else { &mut beside };
        match part {
            Part::Reasons => reasons::draw(chosen, list, is_focused, data, theme, frame, area),
            Part::Templates => templates::draw(chosen, list, is_focused, data, theme, frame, area),
            Part::Attributes => self.attributes.draw(list, is_focused, data, theme, frame, area),
            Part::Board => board::draw(list, is_focused, data, theme, frame, area),
            Part::Map => map::draw(chosen, list, is_focused, data, theme, frame, area),
            Part::Others => others::draw(list, is_focused, data, theme, frame, area),
        }
    }
}

fn row<'a>(one: &Suspect, data: &Data, theme: &Theme, width: usize) -> Line<'a> {
    let (role, style) = match one.role {
        Role::Cause => ("cause", theme.error),
        Role::Symptom => ("symptom", theme.muted),
    };
    let system = data.picture.evidence.system_name(one.system);
    let name = match &one.operation {
        Some(operation) => format!("{system} · {operation}"),
        None => system.to_owned(),
    };
    let change = if one.change.is_some() { " ⚙" } else { "" };
    let bar = (width / 6).min(24);
    let mode = one.failure_modes.first().map(|mode| mode.replace('-', " ")).unwrap_or_default();
    let modes = if width >= 100 { 22 } else { 20 };
    let room = width.saturating_sub(3 + 8 + 1 + modes + 1 + bar + 5);
    Line::from(vec![
        Span::styled(format!("{:>2} ", one.rank), theme.muted),
        Span::styled(fit(role, 8), style),
        Span::styled(fit(&format!("{name}{change}"), room), Theme::strong(theme.text)),
        Span::raw(" "),
        Span::styled(fit(&mode, modes), theme.warn),
        Span::raw(" "),
        Span::styled(gauge(one.score, bar), style),
        Span::raw(format!(" {:.2}", one.score)),
    ])
}

/// The reason in lines; that it is inconclusive is said above it.
fn why(reason: &str, width: u16) -> Vec<String> {
    let reason = reason.strip_prefix("inconclusive: ").unwrap_or(reason);
    wrap_to(reason, usize::from(width).saturating_sub(2), MOST_OF_WHY)
}

fn draw_verdict(why: &[String], data: &Data, theme: &Theme, frame: &mut Frame, area: Rect) {
    let suspects = &data.picture.suspects;
    let width = usize::from(area.width);
    let onset = match &suspects.onset {
        Some(onset) => {
            format!("onset {} ± {}, from {}", clock(onset.time, data), onset.uncertainty, onset.found_from)
        }
        None if suspects.is_ranked => "no onset found".to_owned(),
        None => String::new(),
    };
    let (word, style) = match (suspects.is_ranked, suspects.conclusive) {
        (false, _) => (" NOT RANKED ", theme.muted),
        (true, true) => (" CONCLUSIVE ", theme.alarm),
        (true, false) => (" INCONCLUSIVE ", theme.warn),
    };
    frame.render_widget(
        Line::from(vec![
            Span::styled(word, Theme::strong(style)),
            Span::styled(fit(&format!(" {onset}"), width.saturating_sub(15)), theme.text),
        ]),
        Rect { height: 1, ..area },
    );
    for (place, text) in why.iter().enumerate() {
        frame.render_widget(
            Line::styled(format!(" {text}"), theme.muted),
            Rect { y: area.y + 1 + place as u16, height: 1, ..area },
        );
    }
}
