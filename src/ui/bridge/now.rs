//! What to do and to say next: asks that are waited for, the loop's open steps beyond the size-up, then the first checks of
//! the failure mode.

use super::sizeup::{ask, follow_or_ask, mark, steps};
use crate::incident::{Ask, Phase, Prompt, Stage};
use crate::ui::outcome::Outcome;
use crate::ui::standing::countdown;
use crate::ui::widgets::{cut, headed, wrap_to};
use crate::ui::{Action, Data, Theme};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

/// What can be chosen here.
enum Item<'a> {
    Ask(&'a Ask),
    Step(Prompt),
}

/// Asks that are open, the one that is due first in front, then the steps of the stage that nobody answered.
fn items(data: &Data) -> Vec<Item<'_>> {
    let all = steps(data);
    let stage = stage(&all, data);
    let mut asks: Vec<&Ask> = data.incident.iter().flat_map(|incident| incident.open_asks()).collect();
    asks.sort_by_key(|ask| ask.due);
    let is_here = |step: &Prompt| step.stage == stage && step.stage != Stage::SizeUp && step.answer.is_none();
    asks.into_iter().map(Item::Ask).chain(all.into_iter().filter(is_here).map(Item::Step)).collect()
}

pub(super) fn count(data: &Data) -> usize {
    items(data).len()
}

pub(super) fn text(place: usize, data: &Data) -> Option<String> {
    Some(match items(data).into_iter().nth(place)? {
        Item::Ask(ask) => format!("@{} {}", ask.who, ask.question),
        Item::Step(step) => step.question.to_owned(),
    })
}

/// An ask or a step is answered; what a step rests on is opened.
pub(super) fn open(place: usize, action: Action, data: &Data) -> Outcome {
    match items(data).get(place) {
        Some(Item::Ask(ask)) => Outcome::Type(Box::new(crate::ui::prompt::Prompt::answer(ask))),
        Some(Item::Step(step)) if action == Action::Answer => ask(step, data),
        Some(Item::Step(step)) => follow_or_ask(step, data),
        None => Outcome::NotMine,
    }
}

/// Draws what is next, the chosen item with the cursor; gives where each stands.
pub(super) fn draw(
    chosen: Option<usize>,
    data: &Data,
    theme: &Theme,
    frame: &mut Frame,
    area: Rect,
) -> Vec<(Rect, usize)> {
    if area.height < 2 {
        return Vec::new();
    }
    let findings = &data.picture.findings;
    let all = steps(data);
    let stage = stage(&all, data);
    let title = match &findings.failure_mode {
        Some(mode) => {
            format!("Now: {}, looks like {}", stage.to_string().to_lowercase(), mode.replace('-', " "))
        }
        None => format!("Now: {}", stage.to_string().to_lowercase()),
    };
    let inner = headed(&title, "", chosen.is_some(), theme, frame, area);
    let (width, height) = (usize::from(inner.width), usize::from(inner.height));
    // Each line, with the item that it belongs to.
    let mut text: Vec<(Line, Option<usize>)> = Vec::new();
    // What to say comes first: it is read out while the rest is read.
    let items = items(data);
    let open = all.iter().filter(|step| step.stage >= stage || step.answer.is_none());
    // What belongs to this stage before what belongs to another.
    let mut sayings = all.iter().filter(|step| step.stage == stage).chain(open);
    if let Some(say) = sayings.find_map(|step| step.say.as_ref()) {
        let is_alone =
            items.is_empty() && (findings.usual_mitigations.is_empty() || stage > Stage::Stabilise);
        let rows = if height <= 2 && !is_alone { 1 } else { 2 };
        for (number, part) in
            wrap_to(&format!("“{say}”"), width.saturating_sub(5), rows).into_iter().enumerate()
        {
            let label = if number == 0 { "say: " } else { "     " };
            let line = Line::from(vec![Span::styled(label, theme.muted), Span::styled(part, theme.accent)]);
            text.push((line, None));
        }
    }
    for (place, item) in items.iter().enumerate() {
        let cursor = if chosen == Some(place) { "▸" } else { " " };
        let line = match item {
            Item::Ask(ask) => {
                let (left, is_late) = countdown(ask.due, data.now);
                let style = if is_late { Theme::strong(theme.error) } else { theme.warn };
                let question = format!("@{} {} ", ask.who, ask.question);
                let room = width.saturating_sub(left.chars().count() + 2);
                Line::from(vec![
                    Span::styled(format!("◷{cursor}"), style),
                    Span::styled(cut(&question, room), theme.text),
                    Span::styled(left, style),
                ])
            }
            Item::Step(step) => {
                let (symbol, style) = mark(step, theme);
                Line::from(vec![
                    Span::styled(format!("{symbol}{cursor}"), style),
                    Span::styled(cut(step.question, width.saturating_sub(2)), theme.text),
                ])
            }
        };
        text.push((line, Some(place)));
    }
    if !findings.usual_mitigations.is_empty() && stage <= Stage::Stabilise {
        let usual = format!("usually helps (M logs it): {}", findings.usual_mitigations.join("; "));
        text.extend(wrap_to(&usual, width, 2).into_iter().map(|part| (Line::styled(part, theme.text), None)));
    }
    if !findings.first_checks.is_empty() && text.len() + 1 < height {
        text.push((Line::styled("check first:", theme.muted), None));
        for check in &findings.first_checks {
            let parts = wrap_to(check, width.saturating_sub(2), 2);
            text.extend(parts.into_iter().enumerate().map(|(number, part)| {
                let mark = Span::styled(if number == 0 { "○ " } else { "  " }, theme.warn);
                (Line::from(vec![mark, Span::raw(part)]), None)
            }));
        }
    }
    if text.is_empty() {
        let parts = wrap_to(nothing(data), width, height);
        text.extend(parts.into_iter().map(|part| (Line::styled(part, theme.muted), None)));
    }
    // The chosen item is seen, whatever stands above it.
    let at = chosen.and_then(|chosen| text.iter().position(|(_, place)| *place == Some(chosen)));
    let skip = at.map_or(0, |at| (at + 1).saturating_sub(height));
    let mut places = Vec::new();
    for (number, (line, place)) in text.into_iter().skip(skip).take(height).enumerate() {
        let row = Rect { y: inner.y + number as u16, height: 1, ..inner };
        frame.render_widget(line, row);
        if place.is_some() && place == chosen {
            frame.buffer_mut().set_style(row, theme.selection);
        }
        places.extend(place.map(|place| (row, place)));
    }
    places
}

fn nothing(data: &Data) -> &'static str {
    match data.incident.as_ref().map(|incident| incident.phase) {
        None => "Declare an incident (D) when people must act on this; notes, asks and mitigations need one.",
        Some(Phase::Resolved | Phase::Reviewed) => {
            "It is over. 8 shows the write-up and what is missing in it."
        }
        Some(_) => "Nothing is waiting for you here.",
    }
}

/// The first stage that is not done. Updates wait for nobody once they are due.
fn stage(all: &[Prompt], data: &Data) -> Stage {
    let is_due = data.incident.as_ref().and_then(crate::incident::Incident::update_due);
    if is_due.is_some_and(|due| due <= data.now) {
        return Stage::Update;
    }
    let Some(incident) = &data.incident else { return Stage::SizeUp };
    match incident.phase {
        Phase::Detected | Phase::Triaging | Phase::Mitigating if incident.in_force().next().is_none() => {
            Stage::Stabilise
        }
        _ => all
            .iter()
            .filter(|step| step.stage > Stage::SizeUp && step.answer.is_none())
            .map(|step| step.stage)
            .min()
            .unwrap_or(Stage::Verify),
    }
}
