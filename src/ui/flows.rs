//! Flows: how each kind fares, and every flow with its verdict.

use super::widgets::{List, clock, fit, gauge, panel};
use super::{Action, Data, Selected, Theme};
use crate::flows::{Flow, FlowId, Verdict};
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

/// What the list is ordered by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, strum::Display)]
enum Order {
    #[default]
    Time,
    Duration,
    Errors,
}

#[derive(Clone, Debug, Default)]
pub(super) struct FlowsView {
    list: List,
    order: Order,
    /// The flows that are listed, kept until something that decides about them changes.
    listed: Vec<FlowId>,
    made_for: Option<(usize, usize, bool, Order, String)>,
}

impl Verdict {
    /// A symbol that is told apart without colour.
    pub(super) fn symbol(self) -> &'static str {
        match self {
            Self::Completed => "✓",
            Self::Failed => "✗",
            Self::Stuck => "■",
            Self::Slow => "◷",
            Self::InFlight => "…",
            Self::Unknown => "?",
        }
    }

    pub(super) fn word(self) -> &'static str {
        match self {
            Self::InFlight => "in flight",
            other => other.into(),
        }
    }

    pub(super) fn style(self, theme: &Theme) -> Style {
        match self {
            Self::Completed => theme.ok,
            Self::Failed | Self::Stuck => theme.error,
            Self::Slow => theme.warn,
            Self::InFlight | Self::Unknown => theme.muted,
        }
    }
}

impl FlowsView {
    pub(super) fn act(&mut self, action: Action, data: &Data) -> bool {
        self.refresh(data);
        if action == Action::Sort {
            self.order = match self.order {
                Order::Time => Order::Duration,
                Order::Duration => Order::Errors,
                Order::Errors => Order::Time,
            };
            return true;
        }
        self.list.act(action, self.listed.len())
    }

    pub(super) fn click(&mut self, row: u16, _data: &Data) -> bool {
        self.list.click(row, self.listed.len())
    }

    pub(super) fn selected(&self, _data: &Data) -> Selected {
        self.listed.get(self.list.selected).map_or(Selected::Nothing, |id| Selected::Flow(*id))
    }

    /// Lists what passes the filter, newest first unless another order was asked for.
    fn refresh(&mut self, data: &Data) {
        let flows = &data.picture.flows;
        let evidence = &data.picture.evidence;
        let key =
            (flows.len(), evidence.rows() as usize, data.only_failing, self.order, data.filter.text.clone());
        if self.made_for.as_ref() == Some(&key) {
            return;
        }
        let filter = &data.filter;
        let passes = |flow: &Flow| {
            (!data.only_failing || matches!(flow.verdict, Verdict::Failed | Verdict::Stuck | Verdict::Slow))
                && (filter.systems.is_empty()
                    || flow.visits.iter().any(|visit| filter.fits_system(evidence.system_name(visit.system))))
                && (filter.words.is_empty() || {
                    let name = evidence.identifiers.identifier(flow.name).value;
                    let verdict: &str = flow.verdict.into();
                    let kind = &flows.kind(flow.kind).name;
                    let text = format!(
                        "{name} {verdict} {kind} {}",
                        flow.marks.names().collect::<Vec<_>>().join(" ")
                    );
                    filter.fits_text(&text, None)
                })
        };
        self.listed = flows.iter().rev().filter(|(_, flow)| passes(flow)).map(|(id, _)| id).collect();
        let get = |id: &FlowId| flows.get(*id);
        match self.order {
            Order::Time => {}
            Order::Duration => {
                self.listed.sort_by_key(|id| std::cmp::Reverse(get(id).map(|flow| flow.last - flow.first)))
            }
            Order::Errors => self.listed.sort_by_key(|id| std::cmp::Reverse(get(id).map(|flow| flow.errors))),
        }
        self.made_for = Some(key);
    }

    pub(super) fn draw(&mut self, data: &Data, theme: &Theme, frame: &mut Frame, area: Rect) {
        self.refresh(data);
        let kinds = data.picture.flows.kinds.len().min(if area.height > 30 { 8 } else { 4 });
        let [top, bottom] =
            Layout::vertical([Constraint::Length(kinds as u16 + 3), Constraint::Fill(1)]).areas(area);
        board(data, theme, frame, top, kinds);
        let title = format!(
            "{} flows, by {}{}",
            self.listed.len(),
            self.order.to_string().to_lowercase(),
            if data.only_failing { ", failing and slow only" } else { "" }
        );
        let block = panel(title, theme);
        let inner = block.inner(bottom);
        frame.render_widget(block, bottom);
        if self.listed.is_empty() {
            frame.render_widget(
                Paragraph::new(super::sources::why_empty(data, "no flows"))
                    .wrap(ratatui::widgets::Wrap { trim: true }),
                inner,
            );
            return;
        }
        let [header, rows] = Layout::vertical([Constraint::Length(1), Constraint::Fill(1)]).areas(inner);
        let width = usize::from(inner.width);
        let columns = Columns::of(width);
        frame.render_widget(Line::styled(columns.header(), theme.muted), header);
        let visible = self.list.visible(rows, self.listed.len());
        for (line, place) in visible.enumerate() {
            let Some(flow) = data.picture.flows.get(self.listed[place]) else { continue };
            let is_selected = place == self.list.selected;
            let mut text = columns.row(flow, data, theme, is_selected);
            if is_selected {
                text = text.style(theme.selection);
            }
            frame.render_widget(text, Rect { y: rows.y + line as u16, height: 1, ..rows });
        }
    }
}

/// Which columns fit, and how wide they are.
struct Columns {
    kind: usize,
    name: usize,
    stops: usize,
}

impl Columns {
    fn of(width: usize) -> Self {
        let fixed = 2 + 9 + 10 + 9 + 5 + 4;
        let free = width.saturating_sub(fixed);
        let name = if width >= 130 { 38 } else { 14 };
        let rest = free.saturating_sub(name + 2);
        Self { name, kind: rest * 45 / 100, stops: rest - rest * 45 / 100 }
    }

    fn header(&self) -> String {
        format!(
            "  {:<9}{:<10}{:>8} {:>4} {} {} {}",
            "began",
            "verdict",
            "took",
            "err",
            fit("flow", self.name),
            fit("kind", self.kind),
            fit("stops, marks", self.stops)
        )
    }

    fn row<'a>(&self, flow: &Flow, data: &Data, theme: &Theme, is_selected: bool) -> Line<'a> {
        let evidence = &data.picture.evidence;
        let name = evidence.identifiers.identifier(flow.name).value;
        let stops = flow
            .failing_hop
            .map(|hop| format!("{} → {}", evidence.system_name(hop.from), evidence.system_name(hop.to)));
        let marks: Vec<&str> = flow.marks.names().collect();
        let about = [stops.unwrap_or_default(), marks.join(" ")].join(" ").trim().to_owned();
        Line::from(vec![
            Span::raw(if is_selected { "▸ " } else { "  " }),
            Span::styled(fit(&clock(flow.first, data), 9), theme.muted),
            Span::styled(
                fit(&format!("{} {}", flow.verdict.symbol(), flow.verdict.word()), 10),
                flow.verdict.style(theme),
            ),
            Span::raw(format!("{:>8} ", (flow.last - flow.first).to_string())),
            Span::styled(
                format!("{:>4} ", if flow.errors > 0 { flow.errors.to_string() } else { "·".to_owned() }),
                if flow.errors > 0 { theme.error } else { theme.muted },
            ),
            Span::styled(fit(&name, self.name), theme.accent),
            Span::raw(" "),
            Span::raw(fit(&data.picture.flows.kind(flow.kind).name, self.kind)),
            Span::raw(" "),
            Span::raw(fit(&about, self.stops)),
        ])
    }
}

/// Each kind with what became of its flows.
fn board(data: &Data, theme: &Theme, frame: &mut Frame, area: Rect, kinds: usize) {
    let block = panel("Kinds", theme);
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let width = usize::from(inner.width);
    let name = width.saturating_sub(12 + 5 * 10 + 1).clamp(10, 48);
    let mut lines = vec![Line::styled(
        format!(
            "{} {:>6} {:>8} {:>8} {:>8} {:>8} {:>8}",
            fit("kind", name),
            "flows",
            "✓ done",
            "✗ failed",
            "■ stuck",
            "◷ slow",
            "… open"
        ),
        theme.muted,
    )];
    let mut order: Vec<usize> = (0..data.picture.flows.kinds.len()).collect();
    order.sort_by_key(|&kind| std::cmp::Reverse(data.picture.flows.kinds[kind].flows));
    for kind in order.into_iter().take(kinds).map(|kind| &data.picture.flows.kinds[kind]) {
        let count = |verdict: Verdict| kind.verdicts[verdict as usize];
        let bad = count(Verdict::Failed) + count(Verdict::Stuck);
        let cell = |value: u32, style: Style| {
            Span::styled(format!(" {value:>8}"), if value > 0 { style } else { theme.muted })
        };
        let mut spans = vec![
            Span::raw(fit(&kind.name, name)),
            Span::raw(format!(" {:>6}", kind.flows)),
            cell(count(Verdict::Completed), theme.ok),
            cell(count(Verdict::Failed), theme.error),
            cell(count(Verdict::Stuck), theme.error),
            cell(count(Verdict::Slow), theme.warn),
            cell(count(Verdict::InFlight) + count(Verdict::Unknown), theme.muted),
        ];
        let used: usize = spans.iter().map(Span::width).sum();
        if width > used + 14 {
            let share = f64::from(bad) / f64::from(kind.flows.max(1));
            spans.push(Span::styled(
                format!("  {} {:>3.0} %", gauge(share, (width - used - 9).min(20)), share * 100.0),
                theme.error,
            ));
        }
        lines.push(Line::from(spans));
    }
    frame.render_widget(Paragraph::new(lines), inner);
}
