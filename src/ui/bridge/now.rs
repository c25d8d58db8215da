//! What to do and to say next: the loop's open steps beyond the size-up, then the first checks of the failure mode.

use super::sizeup::{mark, steps};
use crate::incident::{Phase, Prompt, Stage};
use crate::ui::widgets::{cut, headed, lines, wrap_to};
use crate::ui::{Data, Theme};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

pub(super) fn draw(data: &Data, theme: &Theme, frame: &mut Frame, area: Rect) {
    if area.height < 2 {
        return;
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
    let inner = headed(&title, "", false, theme, frame, area);
    let (width, height) = (usize::from(inner.width), usize::from(inner.height));
    let mut text: Vec<Line> = Vec::new();
    let is_here = |step: &&Prompt| step.stage == stage && step.answer.is_none();
    // What to say comes first: it is read out while the rest is read.
    if let Some(say) = all
        .iter()
        .filter(|step| step.stage >= stage || step.answer.is_none())
        .find_map(|step| step.say.as_ref())
    {
        let is_alone = findings.usual_mitigations.is_empty() || stage > Stage::Stabilise;
        let rows = if height <= 2 && !is_alone { 1 } else { 2 };
        for (number, part) in
            wrap_to(&format!("“{say}”"), width.saturating_sub(5), rows).into_iter().enumerate()
        {
            let label = if number == 0 { "say: " } else { "     " };
            text.push(Line::from(vec![Span::styled(label, theme.muted), Span::styled(part, theme.accent)]));
        }
    }
    for step in all.iter().filter(is_here).filter(|step| step.stage != Stage::SizeUp) {
        let (symbol, style) = mark(step, theme);
        text.push(Line::from(vec![
            Span::styled(format!("{symbol} "), style),
            Span::styled(cut(step.question, width.saturating_sub(2)), theme.text),
        ]));
    }
    if !findings.usual_mitigations.is_empty() && stage <= Stage::Stabilise {
        let usual = format!("usually helps (M logs it): {}", findings.usual_mitigations.join("; "));
        text.extend(wrap_to(&usual, width, 2).into_iter().map(|part| Line::styled(part, theme.text)));
    }
    if !findings.first_checks.is_empty() && text.len() + 1 < height {
        text.push(Line::styled("check first:", theme.muted));
        for check in &findings.first_checks {
            let parts = wrap_to(check, width.saturating_sub(2), 2);
            text.extend(parts.into_iter().enumerate().map(|(number, part)| {
                Line::from(vec![
                    Span::styled(if number == 0 { "○ " } else { "  " }, theme.warn),
                    Span::raw(part),
                ])
            }));
        }
    }
    if text.is_empty() {
        let nothing = match data.incident.as_ref().map(|incident| incident.phase) {
            None => {
                "Declare an incident (D) when people must act on this; notes, asks and mitigations need one."
            }
            Some(Phase::Resolved | Phase::Reviewed) => {
                "It is over. 8 shows the write-up and what is missing in it."
            }
            Some(_) => "Nothing is waiting for you here.",
        };
        text.extend(wrap_to(nothing, width, height).into_iter().map(|part| Line::styled(part, theme.muted)));
    }
    lines(text, frame, inner);
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
