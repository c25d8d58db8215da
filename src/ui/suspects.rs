//! Who is behind it, with the reasons and their figures; symptoms apart from causes.

use super::outcome::Outcome;
use super::widgets::{Click, List, clock, fit, gauge, panel, wrap};
use super::{Action, Data, Selected, Theme};
use crate::suspects::{Role, TemplateState};
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Position, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

#[derive(Clone, Debug, Default)]
pub(super) struct SuspectsView {
    list: List,
}

impl SuspectsView {
    pub(super) fn act(&mut self, action: Action, data: &Data) -> Outcome {
        self.list.act(action, data.picture.suspects.ranking.len()).into()
    }

    pub(super) fn click(&mut self, at: Position, data: &Data) -> Click {
        self.list.click(at, data.picture.suspects.ranking.len())
    }

    pub(super) fn selected(&self, data: &Data) -> Selected {
        if data.picture.suspects.ranking.is_empty() {
            Selected::Nothing
        } else {
            Selected::Suspect(self.list.selected)
        }
    }

    pub(super) fn draw(&mut self, data: &Data, theme: &Theme, frame: &mut Frame, area: Rect) {
        let suspects = &data.picture.suspects;
        let [verdict, rest] = Layout::vertical([Constraint::Length(3), Constraint::Fill(1)]).areas(area);
        draw_verdict(data, theme, frame, verdict);
        let rows = suspects.ranking.len().clamp(3, 9) as u16 + 2;
        let [top, bottom] =
            Layout::vertical([Constraint::Length(rows.min(rest.height / 2)), Constraint::Fill(1)])
                .areas(rest);
        let block = panel("Ranking", theme);
        let inner = block.inner(top);
        frame.render_widget(block, top);
        if suspects.ranking.is_empty() {
            let why = match suspects.reason.as_str() {
                "" => super::sources::why_empty(data, "no suspects"),
                reason => reason.to_owned(),
            };
            frame.render_widget(Paragraph::new(why).wrap(ratatui::widgets::Wrap { trim: true }), inner);
            return;
        }
        let width = usize::from(inner.width);
        for (line, place) in self.list.visible(inner, suspects.ranking.len()).enumerate() {
            let one = &suspects.ranking[place];
            let is_selected = place == self.list.selected;
            let (role, style) = match one.role {
                Role::Cause => ("cause  ", theme.error),
                Role::Symptom => ("symptom", theme.muted),
            };
            let name = match &one.operation {
                Some(operation) => format!("{} · {operation}", data.picture.evidence.system_name(one.system)),
                None => data.picture.evidence.system_name(one.system).to_owned(),
            };
            let bar = (width / 5).min(24);
            let change = if one.change.is_some() { " ⚙" } else { "" };
            let mode = one.failure_modes.first().cloned().unwrap_or_default();
            let mut text = Line::from(vec![
                Span::raw(if is_selected { "▸ " } else { "  " }),
                Span::styled(format!("{:>2} ", one.rank), theme.muted),
                Span::styled(format!("{role} "), style),
                Span::styled(
                    fit(&format!("{name}{change}"), width.saturating_sub(2 + 3 + 8 + bar + 6 + 22)),
                    Theme::strong(theme.text),
                ),
                Span::styled(fit(&mode, 21), theme.warn),
                Span::styled(gauge(one.score, bar), style),
                Span::raw(format!(" {:.2}", one.score)),
            ]);
            if is_selected {
                text = text.style(theme.selection);
            }
            frame.render_widget(text, Rect { y: inner.y + line as u16, height: 1, ..inner });
        }
        let is_wide = bottom.width >= 110;
        let [left, right] = Layout::horizontal([
            Constraint::Fill(3),
            if is_wide { Constraint::Fill(2) } else { Constraint::Length(0) },
        ])
        .areas(bottom);
        self.draw_reasons(data, theme, frame, left);
        if is_wide {
            draw_templates(data, theme, frame, right, self.list.selected);
        }
    }

    fn draw_reasons(&self, data: &Data, theme: &Theme, frame: &mut Frame, area: Rect) {
        let Some(one) = data.picture.suspects.ranking.get(self.list.selected) else { return };
        let name = data.picture.evidence.system_name(one.system);
        let block = panel(format!("Why {name}, {:.2}", one.score), theme);
        let inner = block.inner(area);
        frame.render_widget(block, area);
        let width = usize::from(inner.width);
        let mut lines = Vec::new();
        for reason in &one.evidence {
            let signal: &str = reason.signal.into();
            let (mark, style) = if reason.is_for { ("+", theme.text) } else { ("−", theme.muted) };
            let head = format!("{mark} {:.2} {} ", reason.weight, fit(signal, 13));
            for (number, text) in
                wrap(&reason.sentence, width.saturating_sub(head.chars().count())).into_iter().enumerate()
            {
                let head = if number == 0 { head.clone() } else { " ".repeat(head.chars().count()) };
                lines.push(Line::from(vec![Span::styled(head, theme.muted), Span::styled(text, style)]));
            }
        }
        if let Some(change) = one
            .change
            .as_ref()
            .and_then(|id| data.picture.evidence.changes.iter().find(|change| change.id == *id))
        {
            lines.push(Line::styled(
                fit(&format!("⚙ {} {}: {}", clock(change.time, data), change.kind, change.text), width),
                theme.warn,
            ));
        }
        frame.render_widget(Paragraph::new(lines), inner);
    }
}

fn draw_verdict(data: &Data, theme: &Theme, frame: &mut Frame, area: Rect) {
    let suspects = &data.picture.suspects;
    let width = usize::from(area.width);
    let onset = suspects.onset.as_ref().map_or_else(
        || "no onset found".to_owned(),
        |onset| {
            format!("onset {} ± {}, from {}", clock(onset.time, data), onset.uncertainty, onset.found_from)
        },
    );
    let (word, style) =
        if suspects.conclusive { (" CONCLUSIVE ", theme.alarm) } else { (" INCONCLUSIVE ", theme.warn) };
    frame.render_widget(
        Line::from(vec![
            Span::styled(word, Theme::strong(style)),
            Span::styled(fit(&format!(" {onset}"), width.saturating_sub(15)), theme.text),
        ]),
        Rect { height: 1, ..area },
    );
    for (place, text) in wrap(&suspects.reason, width.saturating_sub(2)).into_iter().take(2).enumerate() {
        frame.render_widget(
            Line::styled(format!(" {text}"), theme.muted),
            Rect { y: area.y + 1 + place as u16, height: 1, ..area },
        );
    }
}

/// What the chosen system logs that it did not log before, or no longer does.
fn draw_templates(data: &Data, theme: &Theme, frame: &mut Frame, area: Rect, selected: usize) {
    let Some(one) = data.picture.suspects.ranking.get(selected) else { return };
    let block = panel("Its log templates: since onset, before", theme);
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let width = usize::from(inner.width);
    let lines: Vec<Line> = data
        .picture
        .suspects
        .templates
        .iter()
        .filter(|template| template.system == one.system)
        .take(usize::from(inner.height))
        .map(|template| {
            let (word, style) = match template.state {
                TemplateState::New => ("new     ", theme.error),
                TemplateState::Surging => ("surging ", theme.warn),
                TemplateState::Vanished => ("vanished", theme.warn),
                TemplateState::Steady => ("steady  ", theme.muted),
            };
            Line::from(vec![
                Span::styled(word, style),
                Span::raw(format!(" {:>6} {:>6} ", template.count, template.baseline)),
                Span::raw(fit(&template.template, width.saturating_sub(24))),
            ])
        })
        .collect();
    frame.render_widget(Paragraph::new(lines), inner);
}
