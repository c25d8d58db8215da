//! The write-up as it stands, and what stands against calling it done; a part is chosen and finished where it stands.

use super::outcome::Outcome;
use super::prompt::Prompt;
use super::widgets::{fit, headed, lines, wrap};
use super::{Action, Data, Selected, Theme};
use crate::incident::{Incident, Objection, Phase, Rca, draft, kpis};
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};

#[derive(Clone, Debug, Default)]
pub(super) struct RcaView {
    /// The part that has the cursor.
    selected: usize,
    offset: usize,
    height: usize,
}

/// A part of the write-up.
struct Part {
    label: String,
    text: String,
    /// The field that it is, or the command that adds to it.
    by: By,
}

#[derive(Clone, Copy)]
enum By {
    Field(&'static str),
    Command(&'static str),
}

/// What is asked for grows with the incident: first what happened, later why and what to do.
fn parts(incident: &Incident, rca: &Rca) -> Vec<Part> {
    let field = |name: &'static str| Part {
        label: Rca::label(name).to_owned(),
        text: rca.get(name).to_owned(),
        by: By::Field(name),
    };
    let mut parts: Vec<Part> = ["summary", "impact", "detection", "trigger"].map(field).into();
    if incident.phase < Phase::Mitigating {
        return parts;
    }
    let list = |label: &str, lines: Vec<String>, command| Part {
        label: label.to_owned(),
        text: lines.join("\n"),
        by: By::Command(command),
    };
    let factors = rca.factors.iter().map(|factor| format!("{}: {}", factor.class, factor.text));
    let whys = rca
        .whys
        .iter()
        .map(|why| format!("{}{} [{}]", "  ".repeat(usize::from(why.depth)), why.text, why.evidence));
    let actions = rca.actions.iter().map(|(entry, action, done)| {
        format!(
            "{} #{entry} {}: {} ({}, {}, verified by {})",
            if *done { "✓" } else { "○" },
            action.class,
            action.text,
            action.owner,
            action.due,
            action.verification
        )
    });
    parts.push(field("root_cause"));
    parts.push(list("contributing factors", factors.collect(), "factor "));
    parts.push(list("whys", whys.collect(), "why "));
    parts.push(field("went_well"));
    parts.push(field("went_badly"));
    parts.push(list("actions", actions.collect(), "action "));
    parts
}

impl RcaView {
    pub(super) fn act(&mut self, action: Action, data: &Data) -> Outcome {
        let Some(incident) = &data.incident else { return Outcome::NotMine };
        let parts = parts(incident, &draft(incident, &data.picture.findings));
        let last = parts.len().saturating_sub(1);
        let page = self.height.saturating_sub(1).max(1);
        self.selected = self.selected.min(last);
        match action {
            Action::NextItem => self.selected = (self.selected + 1).min(last),
            Action::PreviousItem => self.selected = self.selected.saturating_sub(1),
            Action::FirstItem => self.selected = 0,
            Action::LastItem => self.selected = last,
            // A long part is read page by page; drawing keeps the cursor in sight after the next step only.
            Action::PageDown => self.offset += page,
            Action::PageUp => self.offset = self.offset.saturating_sub(page),
            Action::Open => {
                let part = &parts[self.selected];
                let prompt = match part.by {
                    By::Field(name) => Prompt::rca_field(name, &part.text),
                    By::Command(command) => Prompt::command_with(command),
                };
                return Outcome::Type(Box::new(prompt));
            }
            _ => return Outcome::NotMine,
        }
        if !matches!(action, Action::PageDown | Action::PageUp) {
            self.offset = usize::MAX;
        }
        Outcome::Stay
    }

    pub(super) fn selected(&self, data: &Data) -> Selected {
        let Some(incident) = &data.incident else { return Selected::Nothing };
        let parts = parts(incident, &draft(incident, &data.picture.findings));
        parts
            .into_iter()
            .nth(self.selected)
            .filter(|part| !part.text.is_empty())
            .map_or(Selected::Nothing, |part| Selected::Text(part.text))
    }

    pub(super) fn draw(&mut self, data: &Data, theme: &Theme, frame: &mut Frame, area: Rect) {
        let Some(incident) = &data.incident else {
            let inner = headed("Write-up", "", false, theme, frame, area);
            let text = "The write-up is drafted from the record and the evidence. Declare an incident first (D); fields appear as it goes on.";
            let text = wrap(text, usize::from(inner.width));
            return lines(
                text.into_iter().map(|line| Line::styled(line, theme.muted)).collect(),
                frame,
                inner,
            );
        };
        let rca = draft(incident, &data.picture.findings);
        let objections = data.gate.check(incident, &rca);
        let is_wide = area.width >= 100;
        let [left, right] = if is_wide {
            Layout::horizontal([Constraint::Fill(3), Constraint::Fill(2)]).areas(area)
        } else {
            Layout::vertical([Constraint::Fill(3), Constraint::Fill(2)]).areas(area)
        };
        let title = format!("Write-up of {}", incident.id);
        let inner = headed(&title, "enter writes", true, theme, frame, left);
        let width = usize::from(inner.width);
        let parts = parts(incident, &rca);
        self.selected = self.selected.min(parts.len().saturating_sub(1));
        let mut text: Vec<Line> = Vec::new();
        let mut chosen = 0..0;
        for (place, part) in parts.iter().enumerate() {
            let is_chosen = place == self.selected;
            let from = text.len();
            let mark = if is_chosen { "▸" } else { "" };
            text.push(Line::styled(format!("{mark}{}", part.label), theme.title));
            let said = if part.text.is_empty() { "not written yet" } else { &part.text };
            let style = if part.text.is_empty() { theme.muted } else { theme.text };
            text.extend(wrap(said, width).into_iter().map(|line| Line::styled(line, style)));
            if is_chosen {
                chosen = from..text.len();
            }
        }
        self.height = usize::from(inner.height);
        if self.offset == usize::MAX {
            // As much of the chosen part as fits, from its heading on.
            self.offset = chosen.end.saturating_sub(self.height).min(chosen.start);
        }
        self.offset = self.offset.min(text.len().saturating_sub(self.height));
        lines(text.into_iter().skip(self.offset).take(self.height).collect(), frame, inner);
        draw_gate(&objections, incident, theme, frame, right);
    }
}

fn draw_gate(objections: &[Objection], incident: &Incident, theme: &Theme, frame: &mut Frame, area: Rect) {
    let title = match objections.len() {
        0 => "Nothing stands against calling it done".to_owned(),
        1 => "1 thing stands against calling it done".to_owned(),
        count => format!("{count} things stand against calling it done"),
    };
    let inner = headed(&title, "", false, theme, frame, area);
    let width = usize::from(inner.width);
    let mut text = Vec::new();
    for kpi in kpis(incident) {
        let value = kpi.says().unwrap_or_else(|| "not known yet".to_owned());
        text.push(Line::from(vec![
            Span::styled(format!("{} ", kpi.name), theme.accent),
            Span::raw(value),
            Span::styled(format!("  {}", kpi.definition), theme.muted),
        ]));
    }
    text.push(Line::raw(""));
    for objection in objections {
        let place = Rca::label(&objection.place);
        for (number, part) in
            wrap(&format!("{place} {}", objection.reason), width.saturating_sub(2)).into_iter().enumerate()
        {
            let mark = if number == 0 { "✗ " } else { "  " };
            text.push(Line::from(vec![Span::styled(mark, theme.error), Span::raw(part)]));
        }
    }
    text.push(Line::raw(""));
    for hint in [
        ":factor change TEXT",
        ":why EVIDENCE | TEXT | DEPTH",
        ":action prevent TEXT | owner | 2026-04-01 | verification | systemic",
        ":done ENTRY · :impact 10:41 · :ended 11:20",
    ] {
        text.push(Line::styled(fit(hint, width), theme.muted));
    }
    lines(text, frame, inner);
}
