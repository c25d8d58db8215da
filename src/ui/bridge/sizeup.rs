//! The first questions of a bridge, which answer themselves from the evidence where they can.

use crate::incident::{Incident, Prompt, Stage, prompts};
use crate::ui::leads;
use crate::ui::outcome::Outcome;
use crate::ui::widgets::{fit, headed, wrap_to};
use crate::ui::{Data, Theme};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

/// The steps of the loop as they stand now, with an incident or before one is declared.
pub(super) fn steps(data: &Data) -> Vec<Prompt> {
    let none = Incident::default();
    prompts(data.incident.as_ref().unwrap_or(&none), &data.picture.findings, data.now)
}

fn of_sizeup(data: &Data) -> Vec<Prompt> {
    steps(data).into_iter().filter(|step| step.stage == Stage::SizeUp).collect()
}

pub(super) fn count(data: &Data) -> usize {
    of_sizeup(data).len()
}

/// The question with its answer, to copy or to pin.
pub(super) fn text(place: usize, data: &Data) -> Option<String> {
    let step = of_sizeup(data).into_iter().nth(place)?;
    Some(format!("{} {}", step.question, step.answer.as_deref().unwrap_or("not known yet")))
}

/// What the answer rests on; a step that nothing answers is asked for.
pub(super) fn open(place: usize, data: &Data) -> Outcome {
    match of_sizeup(data).get(place) {
        Some(step) => follow_or_ask(step, data),
        None => Outcome::Stay,
    }
}

/// The answer of a person, which stands instead of what the evidence says.
pub(super) fn answer_by_hand(place: usize, data: &Data) -> Outcome {
    of_sizeup(data).get(place).map_or(Outcome::Stay, |step| ask(step, data))
}

pub(super) fn follow_or_ask(step: &Prompt, data: &Data) -> Outcome {
    if step.answer.is_some() { leads::follow(step.lead, data) } else { ask(step, data) }
}

pub(super) fn ask(step: &Prompt, data: &Data) -> Outcome {
    if data.incident.is_none() {
        return Outcome::Complain("there is no incident yet; declare one first (D)".to_owned());
    }
    let stage = step.stage.to_string();
    Outcome::Type(Box::new(crate::ui::prompt::Prompt::step(&stage, step.question)))
}

/// How many lines it takes, if it may have `room`: the more there is, the more of each answer is shown.
pub(super) fn height(data: &Data, width: usize, room: u16) -> u16 {
    let steps = of_sizeup(data);
    let rows = rows(&steps, width.saturating_sub(2), usize::from(room.saturating_sub(1)));
    1 + steps.iter().map(|step| answer(step, width.saturating_sub(2), rows).len() as u16).sum::<u16>()
}

/// How many lines each answer may have.
fn rows(steps: &[Prompt], width: usize, room: usize) -> usize {
    let lines = |rows: usize| steps.iter().map(|step| answer(step, width, rows).len()).sum::<usize>();
    (2..=4).rev().find(|rows| lines(*rows) <= room).unwrap_or(1)
}

const LABEL: usize = 21;

fn answer(step: &Prompt, width: usize, rows: usize) -> Vec<String> {
    let text = step.answer.as_deref().unwrap_or("not known yet");
    wrap_to(text, width.saturating_sub(LABEL + 2), rows)
}

/// Draws the steps, the chosen one with the cursor; gives where each stands.
pub(super) fn draw(
    chosen: Option<usize>,
    data: &Data,
    theme: &Theme,
    frame: &mut Frame,
    area: Rect,
) -> Vec<(Rect, usize)> {
    let steps = of_sizeup(data);
    let known = steps.iter().filter(|step| step.answer.is_some()).count();
    let figures = format!("{known} of {} known", steps.len());
    let inner = headed("Size-up", &figures, chosen.is_some(), theme, frame, area);
    let width = usize::from(inner.width);
    let rows = rows(&steps, width, usize::from(inner.height));
    let mut places = Vec::new();
    let mut y = inner.y;
    for (place, step) in steps.iter().enumerate() {
        let is_chosen = chosen == Some(place);
        let (mark, style) = mark(step, theme);
        let answered = if step.answer.is_some() { theme.text } else { theme.muted };
        let top = y;
        for (number, part) in answer(step, width, rows).into_iter().enumerate() {
            if y >= inner.bottom() {
                break;
            }
            let (mark, label) = if number == 0 { (mark, step.question) } else { (" ", "") };
            let cursor = if is_chosen && number == 0 { "▸" } else { " " };
            let line = Line::from(vec![
                Span::styled(mark, style),
                Span::raw(cursor),
                Span::styled(fit(label, LABEL), theme.muted),
                Span::styled(part, answered),
            ]);
            frame.render_widget(line, Rect { y, height: 1, ..inner });
            y += 1;
        }
        let drawn = Rect { y: top, height: y - top, ..inner };
        if is_chosen {
            frame.buffer_mut().set_style(drawn, theme.selection);
        }
        places.push((drawn, place));
    }
    places
}

/// ✓ answered by the evidence, ● by a person, ○ open.
pub(super) fn mark(step: &Prompt, theme: &Theme) -> (&'static str, Style) {
    match (&step.answer, step.by_evidence) {
        (Some(_), true) => ("✓", theme.ok),
        (Some(_), false) => ("●", theme.ok),
        (None, _) => ("○", theme.warn),
    }
}
