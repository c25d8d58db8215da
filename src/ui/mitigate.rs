//! Mitigations: what is in force, what it was meant to do, and what it did.

use super::outcome::Outcome;
use super::widgets::{Click, List, clock, fit, panel, wrap};
use super::{Action, Data, Selected, Theme};
use crate::incident::{EffectVerdict, Mitigation, MitigationState};
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Position, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

#[derive(Clone, Debug, Default)]
pub(super) struct MitigateView {
    list: List,
}

impl MitigateView {
    pub(super) fn act(&mut self, action: Action, data: &Data) -> Outcome {
        self.list.act(action, count(data)).into()
    }

    pub(super) fn selected(&self, data: &Data) -> Selected {
        let one = data.incident.as_ref().and_then(|incident| incident.mitigations.get(self.list.selected));
        one.map_or(Selected::Nothing, |one| Selected::Mitigation(one.entry))
    }

    pub(super) fn click(&mut self, at: Position, data: &Data) -> Click {
        self.list.click(at, count(data))
    }

    pub(super) fn draw(&mut self, data: &Data, theme: &Theme, frame: &mut Frame, area: Rect) {
        let findings = &data.picture.findings;
        let Some(incident) = data.incident.as_ref().filter(|incident| !incident.mitigations.is_empty())
        else {
            let block = panel("Mitigations", theme);
            let inner = block.inner(area);
            frame.render_widget(block, area);
            let mut lines = vec![
                Line::styled(
                    "Nothing is logged yet. M logs a mitigation: what it is meant to do, its risk, how it is undone. Its effect is then measured in equal windows before and after.",
                    theme.muted,
                ),
                Line::raw(""),
            ];
            if !findings.usual_mitigations.is_empty() {
                let mode = findings.failure_mode.clone().unwrap_or_default();
                lines.push(Line::styled(format!("What usually helps against {mode}:"), theme.title));
                lines.extend(findings.usual_mitigations.iter().map(|one| Line::raw(format!("  ○ {one}"))));
                lines.push(Line::raw(""));
                lines.push(Line::styled("Check first:", theme.title));
                lines.extend(findings.first_checks.iter().map(|one| Line::raw(format!("  ○ {one}"))));
            }
            frame.render_widget(Paragraph::new(lines).wrap(ratatui::widgets::Wrap { trim: false }), inner);
            return;
        };
        let [top, bottom] = Layout::vertical([
            Constraint::Length((incident.mitigations.len() as u16 + 2).min(area.height / 2)),
            Constraint::Fill(1),
        ])
        .areas(area);
        let block = panel(
            format!("{} logged, {} in force", incident.mitigations.len(), incident.in_force().count()),
            theme,
        );
        let inner = block.inner(top);
        frame.render_widget(block, top);
        let width = usize::from(inner.width);
        for (line, place) in self.list.visible(inner, incident.mitigations.len()).enumerate() {
            let one = &incident.mitigations[place];
            let is_selected = place == self.list.selected;
            let state = match one.state {
                MitigationState::Proposed => ("◌ proposed", theme.muted),
                MitigationState::InForce if one.is_expired(data.now) => ("! to be checked", theme.error),
                MitigationState::InForce => ("● in force", theme.warn),
                MitigationState::Undone(_) => ("○ undone", theme.muted),
            };
            let measured = one.measured.clone().unwrap_or_else(|| "not measured yet (e)".to_owned());
            let style = if measured.starts_with("better") {
                theme.ok
            } else if measured.starts_with("worse") {
                theme.error
            } else {
                theme.text
            };
            let mut text = Line::from(vec![
                Span::raw(if is_selected { "▸ " } else { "  " }),
                Span::styled(format!("{} ", clock(one.started, data)), theme.muted),
                Span::styled(fit(state.0, 16), state.1),
                Span::styled(
                    fit(&format!("{} {}", one.plan.kind, one.plan.target), 30),
                    Theme::strong(theme.text),
                ),
                Span::styled(fit(&measured, width.saturating_sub(58)), style),
            ]);
            if is_selected {
                text = text.style(theme.selection);
            }
            frame.render_widget(text, Rect { y: inner.y + line as u16, height: 1, ..inner });
        }
        if let Some(one) = incident.mitigations.get(self.list.selected) {
            let block = panel(format!("{} {}", one.plan.kind, one.plan.target), theme);
            let inner = block.inner(bottom);
            frame.render_widget(block, bottom);
            let expires = one.plan.expires.map(|time| clock(time, data)).unwrap_or_default();
            let fields = [
                ("intent", one.plan.intent.clone()),
                ("expected", one.plan.expected.clone()),
                ("watch", one.plan.watch.clone()),
                ("guards", one.plan.guards.join(", ")),
                ("risk", one.plan.risk.clone()),
                ("undo", one.plan.undo.clone()),
                ("owner", one.plan.owner.clone()),
                ("approved", one.plan.approver.clone()),
                ("look again", expires),
                (
                    "effect",
                    one.measured.clone().unwrap_or_else(|| "not measured yet: e measures it".to_owned()),
                ),
            ];
            let mut lines = Vec::new();
            for (name, value) in fields.into_iter().filter(|(_, value)| !value.is_empty()) {
                for (number, part) in
                    wrap(&value, usize::from(inner.width).saturating_sub(13)).into_iter().enumerate()
                {
                    let head = if number == 0 { fit(name, 12) } else { " ".repeat(12) };
                    lines.push(Line::from(vec![
                        Span::styled(format!("{head} "), theme.muted),
                        Span::raw(part),
                    ]));
                }
            }
            lines.extend(charts(one, theme, usize::from(inner.width)));
            frame.render_widget(Paragraph::new(lines), inner);
        }
    }
}

/// The course of each signal that was measured, with a bar where the mitigation was applied; guards that worsened in words.
fn charts<'a>(one: &Mitigation, theme: &Theme, width: usize) -> Vec<Line<'a>> {
    let Some(effect) = &one.effect else { return Vec::new() };
    let watched = effect.signals.iter().map(|signal| ("watched", signal));
    let guards = effect.guards.iter().map(|signal| ("guard", signal));
    let mut lines = vec![Line::raw("")];
    for (kind, signal) in watched.chain(guards) {
        let style = match signal.verdict {
            EffectVerdict::Better => theme.ok,
            EffectVerdict::Worse => theme.error,
            _ => theme.text,
        };
        let word = if kind == "guard" && signal.verdict == EffectVerdict::Worse { "GUARD" } else { kind };
        let name = width.saturating_sub(13 + 49 + 17).clamp(10, 34);
        lines.push(Line::from(vec![
            Span::styled(format!("{word:<12} "), if word == "GUARD" { style } else { theme.muted }),
            Span::raw(format!("{} ", fit(&signal.name, name))),
            Span::styled(signal.chart(effect.applied), style),
            Span::styled(format!(" {}", signal.verdict), style),
        ]));
    }
    lines
}

fn count(data: &Data) -> usize {
    data.incident.as_ref().map_or(0, |incident| incident.mitigations.len())
}
