//! One flow from end to end: a lane a system, what was expected and never came, and each event with how it joined.

use super::widgets::{List, clock, fit, panel};
use super::{Action, Data, Selected, Theme};
use crate::evidence::{Row, SystemId};
use crate::flows::{Divergence, FlowId, How, Timeline};
use crate::telemetry::Nanos;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Clear;
use unicode_width::UnicodeWidthStr;

/// An opened flow.
#[derive(Clone, Debug)]
pub(super) struct FlowView {
    id: FlowId,
    timeline: Timeline,
    list: List,
}

impl FlowView {
    pub(super) fn new(id: FlowId, data: &Data) -> Option<Self> {
        let timeline = data.picture.flows.timeline(&data.picture.evidence, id)?;
        // The first error is what one wants to see.
        let first_error =
            timeline.steps.iter().position(|step| data.picture.evidence.severity(step.row).is_error());
        let mut list = List::default();
        list.selected = first_error.unwrap_or(0);
        Some(Self { id, list, timeline })
    }

    pub(super) fn act(&mut self, action: Action, _data: &Data) -> bool {
        self.list.act(action, self.timeline.steps.len())
    }

    pub(super) fn wanted(&self) -> Vec<Row> {
        let from = self.list.selected.saturating_sub(80);
        self.timeline.steps.iter().skip(from).take(160).map(|step| step.row).collect()
    }

    pub(super) fn selected(&self) -> Selected {
        self.timeline
            .steps
            .get(self.list.selected)
            .map_or(Selected::Flow(self.id), |step| Selected::Event(step.row))
    }

    pub(super) fn draw(&mut self, data: &Data, theme: &Theme, frame: &mut Frame, area: Rect) {
        frame.render_widget(Clear, area);
        let Some(flow) = data.picture.flows.get(self.id) else { return };
        let lanes = lanes(&self.timeline);
        let chart = (lanes.len() + self.timeline.missing.len() + 1).min(usize::from(area.height) / 2) as u16;
        let [head, gantt, rest] =
            Layout::vertical([Constraint::Length(3), Constraint::Length(chart + 2), Constraint::Fill(1)])
                .areas(area);
        self.draw_head(flow, data, theme, frame, head);
        self.draw_lanes(&lanes, data, theme, frame, gantt);
        self.draw_steps(data, theme, frame, rest);
    }

    fn draw_head(
        &self,
        flow: &crate::flows::Flow,
        data: &Data,
        theme: &Theme,
        frame: &mut Frame,
        area: Rect,
    ) {
        let evidence = &data.picture.evidence;
        let width = usize::from(area.width);
        let name = evidence.identifiers.identifier(flow.name);
        let mut others: Vec<String> = Vec::new();
        for step in &self.timeline.steps {
            for id in evidence.identifier(step.row).into_iter().chain(evidence.further_of(step.row)) {
                let one = evidence.identifiers.identifier(id).to_string();
                if id != flow.name && !others.contains(&one) && others.len() < 6 {
                    others.push(one);
                }
            }
        }
        let hop = flow
            .failing_hop
            .map(|hop| format!(" at {} → {}", evidence.system_name(hop.from), evidence.system_name(hop.to)));
        let marks: Vec<&str> = flow.marks.names().collect();
        let verdict = format!(
            " {} {}{} ",
            flow.verdict.symbol(),
            flow.verdict.word().to_uppercase(),
            hop.unwrap_or_default()
        );
        let took = format!(
            "  {} events, {} errors, {}  {}",
            flow.events,
            flow.errors,
            flow.last - flow.first,
            marks.join(" ")
        );
        let lines = [
            Line::from(vec![
                Span::styled(format!(" Flow {name}  "), Theme::strong(theme.accent)),
                Span::styled(verdict, Theme::strong(flow.verdict.style(theme))),
                Span::styled(took, theme.text),
            ]),
            Line::styled(
                fit(&format!(" {}  {}", data.picture.flows.kind(flow.kind).name, others.join(" · ")), width),
                theme.muted,
            ),
            Line::styled(fit(&format!(" {}", self.divergence(data)), width), theme.warn),
        ];
        for (place, line) in lines.into_iter().enumerate() {
            frame.render_widget(line, Rect { y: area.y + place as u16, height: 1, ..area });
        }
    }

    /// Where the flow leaves the expected path, in words.
    fn divergence(&self, data: &Data) -> String {
        let name = |system: SystemId| data.picture.evidence.system_name(system).to_owned();
        match &self.timeline.divergence {
            None => "goes the way that completed flows of its kind go".to_owned(),
            Some(Divergence::Missing { hop, usual }) => {
                format!(
                    "leaves the expected path after {}: {} was expected within {usual} (p99) and never seen",
                    name(hop.from),
                    name(hop.to)
                )
            }
            Some(Divergence::Unexpected { hop }) => {
                format!(
                    "leaves the expected path: no completed flow goes from {} to {}",
                    name(hop.from),
                    name(hop.to)
                )
            }
            Some(Divergence::Late { hop, took, usual }) => {
                format!(
                    "late on the way from {} to {}: {took}, usually within {usual} (p99)",
                    name(hop.from),
                    name(hop.to)
                )
            }
        }
    }

    /// A lane a system: where its events lie, and how long they took.
    fn draw_lanes(&self, lanes: &[SystemId], data: &Data, theme: &Theme, frame: &mut Frame, area: Rect) {
        let block = panel("End to end", theme);
        let inner = block.inner(area);
        frame.render_widget(block, area);
        let evidence = &data.picture.evidence;
        let steps = &self.timeline.steps;
        let (Some(first), Some(last)) = (
            steps.iter().map(|step| step.time).min(),
            steps.iter().map(|step| step.time + evidence.duration(step.row).unwrap_or_default()).max(),
        ) else {
            return;
        };
        let length = (last - first).0.max(1);
        let name_width = lanes
            .iter()
            .chain(&self.timeline.missing)
            .map(|lane| evidence.system_name(*lane).width())
            .max()
            .unwrap_or(8)
            .clamp(8, 20);
        let skew_width = 9;
        let cells = usize::from(inner.width).saturating_sub(name_width + skew_width + 3);
        if cells == 0 {
            return;
        }
        let cell_of =
            |nanos: i64| ((nanos as i128 * cells as i128 / i128::from(length)) as usize).min(cells - 1);
        let mut y = inner.y;
        let axis = format!("{:pad$}{}", "", axis(Nanos(length), cells), pad = name_width + skew_width + 3);
        frame.render_widget(
            Line::styled(
                format!("{}{}", fit(&clock(first, data), name_width), &axis[name_width.min(axis.len())..]),
                theme.muted,
            ),
            Rect { y, height: 1, ..inner },
        );
        y += 1;
        for (number, lane) in lanes.iter().enumerate() {
            if y >= inner.bottom() {
                return;
            }
            let mut bar = vec![(' ', theme.text); cells];
            for step in steps.iter().filter(|step| step.system == *lane) {
                let from = cell_of((step.time - first).0);
                let to = cell_of((step.time - first).0 + evidence.duration(step.row).unwrap_or_default().0);
                let failed = evidence.severity(step.row).is_error();
                let style = if failed { theme.error } else { theme.lane(number) };
                for cell in bar.iter_mut().take(to).skip(from + 1).filter(|cell| cell.0 == ' ') {
                    *cell = ('━', style);
                }
                let mark = if failed { '✗' } else { '▪' };
                if bar[from].0 != '✗' {
                    bar[from] = (mark, style);
                }
                if to > from && bar[to].0 != '✗' {
                    bar[to] = (if failed { '✗' } else { '┥' }, style);
                }
            }
            let skew = self.skew_of(*lane, data);
            let mut spans = vec![
                Span::styled(
                    format!("{} ", fit(evidence.system_name(*lane), name_width)),
                    theme.lane(number),
                ),
                Span::styled(format!("{} ", fit(&skew, skew_width)), theme.muted),
            ];
            spans.extend(bar.into_iter().map(|(c, style)| Span::styled(c.to_string(), style)));
            frame.render_widget(Line::from(spans), Rect { y, height: 1, ..inner });
            y += 1;
        }
        for lane in &self.timeline.missing {
            if y >= inner.bottom() {
                return;
            }
            let text = "┈┈ expected, never seen ┈".to_owned() + &"┈".repeat(cells);
            let line = Line::from(vec![
                Span::styled(format!("{} ", fit(evidence.system_name(*lane), name_width)), theme.warn),
                Span::styled(format!("{:skew_width$} ", ""), theme.muted),
                Span::styled(text.chars().take(cells).collect::<String>(), theme.warn),
            ]);
            frame.render_widget(line, Rect { y, height: 1, ..inner });
            y += 1;
        }
    }

    /// The correction of a system's clock, as it is shown beside its lane.
    fn skew_of(&self, lane: SystemId, data: &Data) -> String {
        let step = self.timeline.steps.iter().find(|step| step.system == lane && step.time != step.raw_time);
        match step.filter(|_| !data.ignore_skew) {
            Some(step) => format!("⏱{:+.1}s", -(step.raw_time - step.time).as_seconds()),
            None => String::new(),
        }
    }

    fn draw_steps(&mut self, data: &Data, theme: &Theme, frame: &mut Frame, area: Rect) {
        let block = panel("Events, with how each one joined", theme);
        let inner = block.inner(area);
        frame.render_widget(block, area);
        let evidence = &data.picture.evidence;
        let width = usize::from(inner.width);
        let start = self.timeline.steps.first().map(|step| step.time).unwrap_or_default();
        for (line, place) in self.list.visible(inner, self.timeline.steps.len()).enumerate() {
            let step = &self.timeline.steps[place];
            let is_selected = place == self.list.selected;
            let severity = evidence.severity(step.row);
            let style = severity_style(severity, theme);
            let body = match data.events.get(&step.row) {
                Some(Some(event)) => event.body.lines().next().unwrap_or_default().to_owned(),
                Some(None) => format!("{} (its text is gone)", evidence.text(evidence.shape(step.row))),
                None => evidence.text(evidence.shape(step.row)).to_owned(),
            };
            let how = match step.how {
                How::Exact => "exact",
                How::Linked => "linked",
                How::Business => "business",
            };
            let system = fit(evidence.system_name(step.system), 15);
            let joined = fit(&format!("{how} by {}", step.class), 20);
            let fixed = 2 + 10 + 16 + 6 + if width >= 110 { 21 } else { 0 };
            let mut spans = vec![
                Span::raw(if is_selected { "▸ " } else { "  " }),
                Span::styled(format!("{:>9} ", format!("+{}", step.time - start)), theme.muted),
                Span::styled(format!("{system} "), theme.lane(lane_number(&self.timeline, step.system))),
                Span::styled(fit(severity.word(), 6), style),
                Span::styled(
                    fit(&body, width.saturating_sub(fixed)),
                    if severity.is_error() { style } else { theme.text },
                ),
            ];
            if width >= 110 {
                spans.push(Span::styled(format!(" {joined}"), theme.muted));
            }
            let mut text = Line::from(spans);
            if is_selected {
                text = text.style(theme.selection);
            }
            frame.render_widget(text, Rect { y: inner.y + line as u16, height: 1, ..inner });
        }
    }
}

/// Systems in order of their first event.
fn lanes(timeline: &Timeline) -> Vec<SystemId> {
    let mut lanes = Vec::new();
    for step in &timeline.steps {
        if !lanes.contains(&step.system) {
            lanes.push(step.system);
        }
    }
    lanes
}

fn lane_number(timeline: &Timeline, system: SystemId) -> usize {
    lanes(timeline).iter().position(|lane| *lane == system).unwrap_or(0)
}

pub(super) fn severity_style(severity: crate::telemetry::Severity, theme: &Theme) -> Style {
    if severity.is_error() {
        theme.error
    } else if severity.is_warning() {
        theme.warn
    } else {
        theme.muted
    }
}

/// Ticks along a length of time.
fn axis(length: Nanos, cells: usize) -> String {
    let ticks = (cells / 16).max(1);
    let mut text = String::new();
    for tick in 0..ticks {
        let label = if tick == 0 {
            "0".to_owned()
        } else {
            format!("+{}", Nanos(length.0 / ticks as i64 * tick as i64))
        };
        text.push_str(&fit(&label, cells / ticks));
    }
    text
}
