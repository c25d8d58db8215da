//! The bridge: what fails, since when, where it stops, what changed; what to do and to say next; and the record.

use super::widgets::{List, clock, fit, gauge, panel, wrap};
use super::{Action, Data, Selected, Theme};
use crate::flows::Verdict;
use crate::incident::{Incident, Stage, packs, prompts};
use crate::suspects::Role;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

#[derive(Clone, Debug, Default)]
pub(super) struct BridgeView {
    list: List,
}

impl BridgeView {
    pub(super) fn act(&mut self, action: Action, data: &Data) -> bool {
        self.list.act(action, data.incident.as_ref().map_or(0, |incident| incident.lines.len()))
    }

    pub(super) fn selected(&self, data: &Data) -> Selected {
        let lines = data.incident.as_ref().map(|incident| &incident.lines);
        let line = lines.and_then(|lines| lines.iter().rev().nth(self.list.selected));
        line.map_or(Selected::Nothing, |line| {
            Selected::Text(format!("{} {} {}: {}", line.happened, line.label, line.author, line.text))
        })
    }

    pub(super) fn draw(&mut self, data: &Data, theme: &Theme, frame: &mut Frame, area: Rect) {
        let is_wide = area.width >= 110;
        let record = if area.height >= 24 { (area.height / 3).max(6) } else { 5 };
        let [upper, lower] = Layout::vertical([Constraint::Fill(1), Constraint::Length(record)]).areas(area);
        if is_wide {
            let [left, right] =
                Layout::horizontal([Constraint::Percentage(52), Constraint::Fill(1)]).areas(upper);
            let [suspects, path] = Layout::vertical([Constraint::Fill(3), Constraint::Fill(2)]).areas(right);
            draw_loop(data, theme, frame, left);
            draw_suspects(data, theme, frame, suspects);
            draw_path(data, theme, frame, path);
        } else {
            // Folded by priority: the loop, the first suspects, then where flows stop if there is room.
            let suspects = if upper.height >= 16 { 5 } else { 4 };
            let path = if upper.height >= 22 { 5 } else { 0 };
            let [top, middle, bottom] = Layout::vertical([
                Constraint::Fill(1),
                Constraint::Length(suspects),
                Constraint::Length(path),
            ])
            .areas(upper);
            draw_loop(data, theme, frame, top);
            draw_suspects(data, theme, frame, middle);
            if path > 0 {
                draw_path(data, theme, frame, bottom);
            }
        }
        self.draw_record(data, theme, frame, lower);
    }

    fn draw_record(&mut self, data: &Data, theme: &Theme, frame: &mut Frame, area: Rect) {
        let Some(incident) = &data.incident else {
            let block = panel("Record", theme);
            let inner = block.inner(area);
            frame.render_widget(block, area);
            let text = "No incident is declared yet. D declares one in a few keys; from then on n writes facts, d decisions, a asks, m pins evidence, M logs mitigations.";
            frame.render_widget(
                Paragraph::new(
                    wrap(text, usize::from(inner.width)).into_iter().map(Line::raw).collect::<Vec<_>>(),
                )
                .style(theme.muted),
                inner,
            );
            return;
        };
        let block = panel(format!("Record, {} entries, {} pins", incident.lines.len(), incident.pins), theme);
        let inner = block.inner(area);
        frame.render_widget(block, area);
        let width = usize::from(inner.width);
        let count = incident.lines.len();
        for (line, place) in self.list.visible(inner, count).enumerate() {
            let entry = &incident.lines[count - 1 - place];
            let is_selected = place == self.list.selected;
            let style = match entry.label {
                "decision" | "declared" => Theme::strong(theme.accent),
                "mitigation" | "measured" => theme.warn,
                _ => theme.text,
            };
            let back = if entry.recorded.0 - entry.happened.0 > 60_000_000_000 { "↩" } else { " " };
            let text = match entry.is_undone {
                true => format!("(taken back) {}", entry.text),
                false if entry.pins > 0 => format!("{} [{} pinned]", entry.text, entry.pins),
                false => entry.text.clone(),
            };
            let mut row = Line::from(vec![
                Span::styled(format!("{}{back} ", clock(entry.happened, data)), theme.muted),
                Span::styled(fit(entry.label, 11), style),
                Span::styled(format!("{} ", fit(&entry.author, 9)), theme.muted),
                Span::styled(
                    fit(&text, width.saturating_sub(10 + 11 + 10)),
                    if entry.is_undone { theme.muted } else { theme.text },
                ),
            ]);
            if is_selected {
                row = row.style(theme.selection);
            }
            frame.render_widget(row, Rect { y: inner.y + line as u16, height: 1, ..inner });
        }
    }
}

/// The guided loop: steps that answer themselves, and what to say.
fn draw_loop(data: &Data, theme: &Theme, frame: &mut Frame, area: Rect) {
    let none = Incident::default();
    let incident = data.incident.as_ref().unwrap_or(&none);
    let findings = &data.picture.findings;
    let block = panel("Size-up → stabilise → update → verify", theme);
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let width = usize::from(inner.width);
    let label = 22.min(width / 3).max(12);
    let mut lines: Vec<Line> = Vec::new();
    let mut stage = None;
    let mut has_say = false;
    let is_tight = inner.height < 14;
    for prompt in prompts(incident, findings, data.now) {
        if stage != Some(prompt.stage) && prompt.stage != Stage::SizeUp && !is_tight {
            lines.push(Line::styled(prompt.stage.to_string(), theme.title));
        }
        stage = Some(prompt.stage);
        let (mark, style) = match (&prompt.answer, prompt.by_evidence) {
            (Some(_), true) => ("✓", theme.ok),
            (Some(_), false) => ("●", theme.ok),
            (None, _) => ("○", theme.warn),
        };
        let answer = prompt.answer.clone().unwrap_or_else(|| "not known yet".to_owned());
        let room = width.saturating_sub(label + 3);
        let parts = wrap(&answer, room);
        let rows = if is_tight { 1 } else { 2 };
        for (number, part) in parts.iter().take(rows).enumerate() {
            let part =
                if number + 1 == rows && parts.len() > rows { format!("{part}…") } else { part.clone() };
            let head = if number == 0 { fit(prompt.question, label) } else { " ".repeat(label) };
            let mark = if number == 0 { mark } else { " " };
            let answered = if prompt.answer.is_some() { theme.text } else { theme.muted };
            lines.push(Line::from(vec![
                Span::styled(format!("{mark} "), style),
                Span::styled(head, theme.muted),
                Span::styled(format!(" {}", fit(&part, room)), answered),
            ]));
        }
        if let Some(say) =
            prompt.say.filter(|_| !has_say && prompt.answer.is_none() || prompt.stage == Stage::Update)
        {
            has_say = true;
            lines.push(Line::styled(fit(&format!("  say: “{say}”"), width), theme.accent));
        }
    }
    if findings.suspect.is_some()
        && !is_tight
        && let Ok(packs) = packs(findings, None)
        && let Some(pack) = packs
            .first()
            .filter(|pack| findings.failure_mode.as_ref().is_some_and(|mode| pack.modes.contains(mode)))
    {
        lines.push(Line::styled(format!("Triage: {}", pack.name), theme.title));
        lines.push(Line::styled(fit(&format!("  {}", pack.discriminates), width), theme.warn));
        for check in &pack.checks {
            lines.push(Line::styled(fit(&format!("  ○ {check}"), width), theme.text));
        }
        lines.push(Line::styled(fit(&format!("  say: “{}”", pack.line(findings)), width), theme.accent));
    }
    lines.truncate(usize::from(inner.height));
    frame.render_widget(Paragraph::new(lines), inner);
}

fn draw_suspects(data: &Data, theme: &Theme, frame: &mut Frame, area: Rect) {
    let suspects = &data.picture.suspects;
    let title = if suspects.conclusive { "Suspects" } else { "Suspects, inconclusive" };
    let block = panel(title, theme);
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let width = usize::from(inner.width);
    let mut lines: Vec<Line> = Vec::new();
    if suspects.ranking.is_empty() {
        let text = if suspects.reason.is_empty() {
            super::sources::why_empty(data, "no suspects")
        } else {
            suspects.reason.clone()
        };
        lines.extend(wrap(&text, width).into_iter().map(|line| Line::styled(line, theme.muted)));
    }
    let shown = suspects.ranking.len().min(if inner.height >= 10 { 4 } else { 3 });
    let reasons = (usize::from(inner.height).saturating_sub(shown)) / shown.max(1);
    for one in suspects.ranking.iter().take(shown) {
        let bar = (width / 5).min(20);
        let name = match &one.operation {
            Some(operation) => format!("{} · {operation}", data.picture.evidence.system_name(one.system)),
            None => data.picture.evidence.system_name(one.system).to_owned(),
        };
        let role = if one.role == Role::Symptom { " (symptom)" } else { "" };
        lines.push(Line::from(vec![
            Span::styled(format!("{} ", one.rank), theme.muted),
            Span::styled(
                fit(&format!("{name}{role}"), width.saturating_sub(bar + 8)),
                Theme::strong(theme.text),
            ),
            Span::styled(
                gauge(one.score, bar),
                if one.role == Role::Cause { theme.error } else { theme.muted },
            ),
            Span::raw(format!(" {:.2}", one.score)),
        ]));
        for reason in one.evidence.iter().filter(|reason| reason.is_for).take(reasons.min(3)) {
            lines.push(Line::styled(fit(&format!("  + {}", reason.sentence), width), theme.muted));
        }
    }
    lines.truncate(usize::from(inner.height));
    frame.render_widget(Paragraph::new(lines), inner);
}

/// The most hit kind's way through the systems, with where its flows stop.
fn draw_path(data: &Data, theme: &Theme, frame: &mut Frame, area: Rect) {
    let picture = &data.picture;
    let bad = |kind: &crate::flows::Kind| {
        kind.verdicts[Verdict::Failed as usize] + kind.verdicts[Verdict::Stuck as usize]
    };
    let Some((number, kind)) =
        picture.flows.kinds.iter().enumerate().max_by_key(|(_, kind)| (bad(kind), kind.flows))
    else {
        let block = panel("Where flows stop", theme);
        let inner = block.inner(area);
        frame.render_widget(block, area);
        frame.render_widget(
            Paragraph::new(super::sources::why_empty(data, "no flows"))
                .wrap(ratatui::widgets::Wrap { trim: true }),
            inner,
        );
        return;
    };
    let block = panel(format!("Where flows stop: {}", kind.name), theme);
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let mut stops: Vec<(crate::evidence::SystemId, u32)> = Vec::new();
    for (_, flow) in picture.flows.iter().filter(|(_, flow)| usize::from(flow.kind.0) == number) {
        let Some(hop) = flow.failing_hop else { continue };
        match stops.iter_mut().find(|(system, _)| *system == hop.to) {
            Some((_, count)) => *count += 1,
            None => stops.push((hop.to, 1)),
        }
    }
    let width = usize::from(inner.width);
    let mut text = String::new();
    let mut systems = kind.path.systems.clone();
    for (system, _) in &stops {
        if !systems.contains(system) {
            systems.push(*system);
        }
    }
    for (place, system) in systems.iter().enumerate() {
        if place > 0 {
            text.push_str(" ─▶ ");
        }
        let stopped = stops.iter().find(|(stop, _)| stop == system).map(|(_, count)| *count);
        match stopped {
            Some(count) => {
                text.push_str(&format!("✗{} ({count} stop)", picture.evidence.system_name(*system)))
            }
            None => text.push_str(picture.evidence.system_name(*system)),
        }
    }
    let mut lines: Vec<Line> = wrap(&text, width).into_iter().map(Line::raw).collect();
    lines.push(Line::styled(
        fit(
            &format!(
                "{} flows, {} failed or stuck, usual p50 {} p99 {}",
                kind.flows,
                bad(kind),
                kind.path.duration_p50,
                kind.path.duration_p99
            ),
            width,
        ),
        theme.muted,
    ));
    lines.truncate(usize::from(inner.height));
    frame.render_widget(Paragraph::new(lines), inner);
}
