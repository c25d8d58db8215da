//! Traces: flows that have spans, the waterfall of the chosen one with its critical path, and the logs under a span.

mod waterfall;

use super::logs::severity_style;
use super::outcome::Outcome;
use super::widgets::{Click, List, clock, cut, fit, headed, lines, some};
use super::{Action, Data, Selected, Theme};
use crate::evidence::{Row, SystemId};
use crate::flows::{FlowId, Verdict};
use crate::telemetry::{EventKind, Nanos, Time};
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Position, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;
use std::collections::BTreeMap;
use waterfall::{Bar, Waterfall};

#[derive(Clone, Debug, Default)]
pub(super) struct TracesView {
    list: List,
    /// Flows with spans, failing first: (flow, spans).
    listed: Vec<(FlowId, u32)>,
    made_for: Option<(u32, usize, String)>,
    /// The spans of the chosen flow, and the cursor among them.
    waterfall: Waterfall,
    shown: Option<(FlowId, u32)>,
    spans: List,
    is_inside: bool,
}

impl TracesView {
    pub(super) fn act(&mut self, action: Action, data: &Data) -> Outcome {
        self.refresh(data);
        self.follow(data);
        match action {
            Action::NextPanel | Action::PreviousPanel => {
                self.is_inside = !self.is_inside;
                Outcome::Stay
            }
            Action::Back if self.is_inside => {
                self.is_inside = false;
                Outcome::Stay
            }
            Action::Open if !self.is_inside && !self.waterfall.bars.is_empty() => {
                self.is_inside = true;
                Outcome::Stay
            }
            _ if self.is_inside => self.spans.act(action, self.waterfall.bars.len()).into(),
            _ => self.list.act(action, self.listed.len()).into(),
        }
    }

    pub(super) fn selected(&self, _data: &Data) -> Selected {
        match self.waterfall.bars.get(self.spans.selected).filter(|_| self.is_inside) {
            Some(bar) => Selected::Event(bar.row),
            None => self.flow().map_or(Selected::Nothing, Selected::Flow),
        }
    }

    fn flow(&self) -> Option<FlowId> {
        self.listed.get(self.list.selected).map(|one| one.0)
    }

    /// The log records under the chosen span, whose texts are wanted.
    pub(super) fn wanted(&self) -> Vec<Row> {
        let bar = self.waterfall.bars.get(self.spans.selected);
        bar.map(|bar| self.waterfall.logs_under(bar).to_vec()).unwrap_or_default()
    }

    fn refresh(&mut self, data: &Data) {
        let evidence = &data.picture.evidence;
        let key = (evidence.rows(), data.picture.flows.len(), data.filter.text.clone());
        if self.made_for.as_ref() == Some(&key) {
            return;
        }
        let mut counts: BTreeMap<FlowId, u32> = BTreeMap::new();
        for span in evidence.spans().filter(|span| evidence.kind(span.row) == EventKind::Span) {
            if let Some(flow) = evidence.identifier(span.row).and_then(|id| data.picture.flows.with(id)) {
                *counts.entry(flow).or_default() += 1;
            }
        }
        self.listed = counts.into_iter().collect();
        let rank = |id: FlowId| {
            data.picture.flows.get(id).map_or((9, Nanos::ZERO), |flow| {
                let bad = match flow.verdict {
                    Verdict::Failed => 0,
                    Verdict::Stuck => 1,
                    Verdict::Slow => 2,
                    _ => 3,
                };
                (bad, Nanos(-(flow.last - flow.first).0))
            })
        };
        self.listed.sort_by_key(|(id, _)| rank(*id));
        self.made_for = Some(key);
    }

    /// Takes the spans of the flow that the cursor is on.
    fn follow(&mut self, data: &Data) {
        let shown = self.flow().map(|flow| (flow, data.picture.evidence.rows()));
        if self.shown == shown {
            return;
        }
        let is_other = self.shown.map(|one| one.0) != shown.map(|one| one.0);
        self.shown = shown;
        self.waterfall = shown.map(|(flow, _)| Waterfall::of(flow, data)).unwrap_or_default();
        if is_other {
            // The deepest failure is where one wants to look first.
            let failing = |bar: &&Bar| bar.info.failed || data.picture.evidence.severity(bar.row).is_error();
            let deepest = self.waterfall.bars.iter().filter(failing).max_by_key(|bar| bar.depth);
            let place = deepest.and_then(|one| self.waterfall.bars.iter().position(|bar| bar == one));
            self.spans = List::at(place.unwrap_or(0));
        }
    }

    pub(super) fn click(&mut self, at: Position, _data: &Data) -> Click {
        let click = self.spans.click(at, self.waterfall.bars.len());
        if click != Click::Missed {
            self.is_inside = true;
            return click;
        }
        let click = self.list.click(at, self.listed.len());
        if click != Click::Missed {
            self.is_inside = false;
        }
        click
    }

    pub(super) fn draw(&mut self, data: &Data, theme: &Theme, frame: &mut Frame, area: Rect) {
        self.refresh(data);
        self.follow(data);
        // The list gives way to the waterfall while the cursor is in it.
        let rows = if self.is_inside { 3 } else { (area.height / 3).clamp(4, 12) };
        let detail = if area.height >= 18 { (area.height / 4).max(5) } else { 0 };
        let [top, middle, bottom] =
            Layout::vertical([Constraint::Length(rows), Constraint::Fill(1), Constraint::Length(detail)])
                .areas(area);
        let title = format!("{} with spans, failing first", some(self.listed.len(), "flow"));
        let inner = headed(&title, "", !self.is_inside, theme, frame, top);
        if self.listed.is_empty() {
            let text = super::sources::why_empty(data, "no spans");
            frame.render_widget(Paragraph::new(text).wrap(ratatui::widgets::Wrap { trim: true }), inner);
            return;
        }
        let width = List::room(inner);
        let listed = &self.listed;
        self.list
            .draw(listed.len(), theme, frame, inner, |place| flow_row(listed[place], data, theme, width));
        self.draw_waterfall(data, theme, frame, middle);
        self.draw_span(data, theme, frame, bottom);
    }

    fn draw_waterfall(&mut self, data: &Data, theme: &Theme, frame: &mut Frame, area: Rect) {
        let orphans = self.waterfall.bars.iter().filter(|bar| bar.is_orphan).count();
        let warning =
            if orphans > 0 { format!(", {orphans} whose parent is missing (?)") } else { String::new() };
        let title = format!("{}, critical path ━{warning}", some(self.waterfall.bars.len(), "span"));
        let inner = headed(&title, &self.shares(data), self.is_inside, theme, frame, area);
        let Some(extent) = self.waterfall.extent() else { return };
        let width = List::room(inner);
        let bars = &self.waterfall.bars;
        self.spans
            .draw(bars.len(), theme, frame, inner, |place| bar_row(&bars[place], extent, data, theme, width));
    }

    /// `own time: erp-adapter 71 %, mule 20 %`
    fn shares(&self, data: &Data) -> String {
        let sums = self.waterfall.by_system(data);
        let all: i64 = sums.iter().map(|(_, own)| own.0).sum();
        let share = |(system, own): &(SystemId, Nanos)| {
            let percent = own.0 as f64 / all.max(1) as f64 * 100.0;
            format!("{} {percent:.0} %", data.picture.evidence.system_name(*system))
        };
        let shares: Vec<String> = sums.iter().take(3).map(share).collect();
        if shares.is_empty() { String::new() } else { format!("own time: {}", shares.join(", ")) }
    }

    /// The chosen span, and the log records that were written under it.
    fn draw_span(&self, data: &Data, theme: &Theme, frame: &mut Frame, area: Rect) {
        let Some(bar) = self.waterfall.bars.get(self.spans.selected).filter(|_| area.height > 1) else {
            return;
        };
        let evidence = &data.picture.evidence;
        let logs = self.waterfall.logs_under(bar);
        let inner =
            headed("The span, and the logs under it", "enter reads it in full", false, theme, frame, area);
        let width = usize::from(inner.width);
        let kind: &str = bar.info.kind.into();
        let facts = format!(
            "{} {}  {kind}  began {}  took {}, own {}{}",
            evidence.system_name(evidence.system(bar.row)),
            work(bar, data),
            clock(bar.start, data),
            bar.length,
            bar.own,
            match (bar.is_orphan, bar.is_linked) {
                (true, _) => "  its parent is not here",
                (_, true) => "  ⇢ consumed what the span above it produced",
                _ => "",
            }
        );
        let mut text = vec![Line::styled(cut(&facts, width), theme.text)];
        if logs.is_empty() {
            text.push(Line::styled("no log record names this span", theme.muted));
        }
        text.extend(logs.iter().map(|row| {
            let severity = evidence.severity(*row);
            let message = data.message(*row).lines().next().unwrap_or_default();
            Line::from(vec![
                Span::styled(format!("{} ", clock(data.time(*row), data)), theme.muted),
                Span::styled(fit(severity.word(), 6), severity_style(severity, theme)),
                Span::styled(cut(message, width.saturating_sub(16)), theme.text),
            ])
        }));
        lines(text, frame, inner);
    }
}

fn flow_row<'a>((id, spans): (FlowId, u32), data: &Data, theme: &Theme, width: usize) -> Line<'a> {
    let Some(flow) = data.picture.flows.get(id) else { return Line::default() };
    let name = data.picture.evidence.identifiers.identifier(flow.name).value;
    Line::from(vec![
        Span::styled(format!("{} ", clock(flow.first, data)), theme.muted),
        Span::styled(
            fit(&format!("{} {}", flow.verdict.symbol(), flow.verdict.word()), 11),
            flow.verdict.style(theme),
        ),
        Span::raw(format!("{spans:>4} spans {:>#9}  ", flow.last - flow.first)),
        Span::styled(format!("{} ", fit(&name, 16)), theme.accent),
        Span::raw(fit(&data.picture.flows.kind(flow.kind).name, width.saturating_sub(64))),
    ])
}

/// What a span does, and whom it calls: `SELECT → orders-db`.
fn work(bar: &Bar, data: &Data) -> String {
    let evidence = &data.picture.evidence;
    let operation = evidence.text(evidence.operation(bar.row));
    match evidence.peer(bar.row) {
        Some(peer) => format!("{operation} → {}", evidence.system_name(peer)),
        None => operation.to_owned(),
    }
}

fn bar_row<'a>(bar: &Bar, (first, last): (Time, Time), data: &Data, theme: &Theme, width: usize) -> Line<'a> {
    let evidence = &data.picture.evidence;
    let name = (width * 2 / 5).clamp(16, 52);
    let cells = width.saturating_sub(name + 23).max(4);
    let scale =
        |length: Nanos| (i128::from(length.0) * cells as i128 / i128::from((last - first).0.max(1))) as usize;
    let (from, to) = (scale(bar.start - first).min(cells - 1), scale(bar.start + bar.length - first));
    let to = to.clamp(from + 1, cells);
    let is_failed = bar.info.failed || evidence.severity(bar.row).is_error();
    let system = evidence.system(bar.row);
    let mark = match (is_failed, bar.is_orphan, bar.is_linked) {
        (true, ..) => "✗ ",
        (false, true, _) => "? ",
        (false, false, true) => "⇢ ",
        (false, false, false) => "",
    };
    let before = format!("{}{mark}{} ", "  ".repeat(bar.depth), evidence.system_name(system));
    let whole = work(bar, data);
    // Where there is no room for both, whom it calls says more than how.
    let label = match evidence.peer(bar.row) {
        Some(peer) if before.chars().count() + whole.chars().count() > name => {
            format!("{before}→ {}", evidence.system_name(peer))
        }
        _ => before + &whole,
    };
    let style = if is_failed { theme.error } else { theme.lane(usize::from(system.0)) };
    Line::from(vec![
        Span::styled(format!("{} ", fit(&label, name)), style),
        Span::raw(" ".repeat(from)),
        Span::styled(if bar.is_critical { "━" } else { "─" }.repeat(to - from), style),
        Span::raw(" ".repeat(cells - to)),
        Span::styled(format!(" {:>#8} own {:>#8}", bar.length, bar.own), theme.muted),
    ])
}
