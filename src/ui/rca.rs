//! The write-up as it stands, and what stands against calling it done.

use super::outcome::Outcome;
use super::widgets::{panel, wrap};
use super::{Action, Data, Selected, Theme};
use crate::incident::{Phase, draft, kpis};
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

#[derive(Clone, Debug, Default)]
pub(super) struct RcaView {
    offset: usize,
    height: usize,
}

impl RcaView {
    pub(super) fn act(&mut self, action: Action, _data: &Data) -> Outcome {
        let page = self.height.saturating_sub(1).max(1);
        self.offset = match action {
            Action::NextItem => self.offset + 1,
            Action::PreviousItem => self.offset.saturating_sub(1),
            Action::PageDown => self.offset + page,
            Action::PageUp => self.offset.saturating_sub(page),
            Action::FirstItem => 0,
            _ => return Outcome::NotMine,
        };
        Outcome::Stay
    }

    pub(super) fn selected(&self, data: &Data) -> Selected {
        let Some(incident) = &data.incident else { return Selected::Nothing };
        Selected::Text(draft(incident, &data.picture.findings).summary)
    }

    pub(super) fn draw(&mut self, data: &Data, theme: &Theme, frame: &mut Frame, area: Rect) {
        let Some(incident) = &data.incident else {
            let block = panel("Write-up", theme);
            let inner = block.inner(area);
            frame.render_widget(block, area);
            let text = "The write-up is drafted from the record and the evidence. Declare an incident first (D); fields appear as it goes on.";
            frame.render_widget(
                Paragraph::new(
                    wrap(text, usize::from(inner.width)).into_iter().map(Line::raw).collect::<Vec<_>>(),
                )
                .style(theme.muted),
                inner,
            );
            return;
        };
        let rca = draft(incident, &data.picture.findings);
        let objections = data.gate.check(incident, &rca);
        let is_wide = area.width >= 100;
        let [left, right] = if is_wide {
            Layout::horizontal([Constraint::Fill(3), Constraint::Fill(2)]).areas(area)
        } else {
            Layout::vertical([Constraint::Fill(3), Constraint::Fill(2)]).areas(area)
        };
        let block = panel(format!("Write-up of {}", incident.id), theme);
        let inner = block.inner(left);
        frame.render_widget(block, left);
        let width = usize::from(inner.width);
        // What is asked for grows with the incident: first what happened, later why and what to do.
        let is_late = incident.phase >= Phase::Mitigating;
        let mut lines: Vec<Line> = Vec::new();
        let mut section = |name: &str, text: &str| {
            lines.push(Line::styled(name.to_owned(), theme.title));
            let text = if text.is_empty() { "not written yet" } else { text };
            lines.extend(wrap(text, width).into_iter().map(Line::raw));
        };
        section("summary", &rca.summary);
        section("impact", &rca.impact);
        section("detection", &rca.detection);
        section("trigger", &rca.trigger);
        if is_late {
            section("root_cause", &rca.root_cause);
            let factors: Vec<String> =
                rca.factors.iter().map(|factor| format!("{}: {}", factor.class, factor.text)).collect();
            section("contributing factors", &factors.join("\n"));
            let whys: Vec<String> = rca
                .whys
                .iter()
                .map(|why| format!("{}{} [{}]", "  ".repeat(usize::from(why.depth)), why.text, why.evidence))
                .collect();
            section("whys", &whys.join("\n"));
            section("went_well", &rca.went_well);
            section("went_badly", &rca.went_badly);
            let actions: Vec<String> = rca
                .actions
                .iter()
                .map(|(_, action, done)| {
                    format!(
                        "{} {}: {} ({}, {}, verified by {})",
                        if *done { "✓" } else { "○" },
                        action.class,
                        action.text,
                        action.owner,
                        action.due,
                        action.verification
                    )
                })
                .collect();
            section("actions", &actions.join("\n"));
        }
        self.height = usize::from(inner.height);
        self.offset = self.offset.min(lines.len().saturating_sub(self.height));
        frame.render_widget(
            Paragraph::new(lines.into_iter().skip(self.offset).take(self.height).collect::<Vec<_>>()),
            inner,
        );
        draw_gate(&objections, incident, theme, frame, right);
    }
}

fn draw_gate(
    objections: &[crate::incident::Objection],
    incident: &crate::incident::Incident,
    theme: &Theme,
    frame: &mut Frame,
    area: Rect,
) {
    let title = if objections.is_empty() {
        "Nothing stands against calling it done".to_owned()
    } else {
        format!("{} things stand against calling it done", objections.len())
    };
    let block = panel(title, theme);
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let width = usize::from(inner.width);
    let mut lines = Vec::new();
    for kpi in kpis(incident) {
        let value = kpi.value.map_or_else(|| "not known yet".to_owned(), |value| value.to_string());
        lines.push(Line::from(vec![
            Span::styled(format!("{} ", kpi.name), theme.accent),
            Span::raw(value),
            Span::styled(format!("  {}", kpi.definition), theme.muted),
        ]));
    }
    lines.push(Line::raw(""));
    for objection in objections {
        for (number, text) in
            wrap(&format!("{} {}", objection.place, objection.reason), width.saturating_sub(2))
                .into_iter()
                .enumerate()
        {
            lines.push(Line::from(vec![
                Span::styled(if number == 0 { "✗ " } else { "  " }, theme.error),
                Span::raw(text),
            ]));
        }
    }
    lines.push(Line::raw(""));
    for hint in [
        ":set root_cause TEXT",
        ":factor change TEXT",
        ":why EVIDENCE | TEXT",
        ":action prevent TEXT | owner | 2026-04-01 | verification | systemic",
        ":impact 10:41 · :ended 11:20",
    ] {
        lines.push(Line::styled(super::widgets::fit(hint, width), theme.muted));
    }
    lines.truncate(usize::from(inner.height));
    frame.render_widget(Paragraph::new(lines), inner);
}
