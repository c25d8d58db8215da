//! The first questions of a bridge, which answer themselves from the evidence where they can.

use crate::incident::{Incident, Prompt, Stage, prompts};
use crate::ui::widgets::{fit, headed, lines, wrap_to};
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

/// How many lines it takes, if it may have `room`: the more there is, the more of each answer is shown.
pub(super) fn height(data: &Data, width: usize, room: u16) -> u16 {
    let steps: Vec<Prompt> = steps(data).into_iter().filter(|step| step.stage == Stage::SizeUp).collect();
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

pub(super) fn draw(data: &Data, theme: &Theme, frame: &mut Frame, area: Rect) {
    let steps: Vec<Prompt> = steps(data).into_iter().filter(|step| step.stage == Stage::SizeUp).collect();
    let known = steps.iter().filter(|step| step.answer.is_some()).count();
    let figures = format!("{known} of {} known", steps.len());
    let inner = headed("Size-up", &figures, false, theme, frame, area);
    let width = usize::from(inner.width);
    let rows = rows(&steps, width, usize::from(inner.height));
    let mut text: Vec<Line> = Vec::new();
    for step in &steps {
        let (mark, style) = mark(step, theme);
        let answered = if step.answer.is_some() { theme.text } else { theme.muted };
        for (number, part) in answer(step, width, rows).into_iter().enumerate() {
            let (mark, label) = if number == 0 { (mark, step.question) } else { (" ", "") };
            text.push(Line::from(vec![
                Span::styled(format!("{mark} "), style),
                Span::styled(fit(label, LABEL), theme.muted),
                Span::styled(part, answered),
            ]));
        }
    }
    lines(text, frame, inner);
}

/// ✓ answered by the evidence, ● by a person, ○ open.
pub(super) fn mark(step: &Prompt, theme: &Theme) -> (&'static str, Style) {
    match (&step.answer, step.by_evidence) {
        (Some(_), true) => ("✓", theme.ok),
        (Some(_), false) => ("●", theme.ok),
        (None, _) => ("○", theme.warn),
    }
}
