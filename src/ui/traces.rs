//! Traces: flows that have spans, and the waterfall of the chosen one with its critical path.

use super::outcome::Outcome;
use super::widgets::{Click, List, clock, fit, panel};
use super::{Action, Data, Selected, Theme};
use crate::evidence::Row;
use crate::flows::{FlowId, Verdict};
use crate::telemetry::{EventKind, Nanos, Time};
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Position, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;
use std::collections::BTreeMap;

#[derive(Clone, Debug, Default)]
pub(super) struct TracesView {
    list: List,
    /// Flows with spans, failing first: (flow, spans).
    listed: Vec<(FlowId, u32)>,
    made_for: Option<(u32, usize, String)>,
}

/// One span of a waterfall.
#[derive(Clone, Debug, PartialEq)]
struct Bar {
    row: Row,
    depth: usize,
    start: Time,
    length: Nanos,
    /// The time during which nothing below it ran.
    own: Nanos,
    is_critical: bool,
    /// Its parent is not among the spans that are here.
    is_orphan: bool,
}

impl TracesView {
    pub(super) fn act(&mut self, action: Action, data: &Data) -> Outcome {
        self.refresh(data);
        self.list.act(action, self.listed.len()).into()
    }

    pub(super) fn selected(&self, _data: &Data) -> Selected {
        self.listed.get(self.list.selected).map_or(Selected::Nothing, |one| Selected::Flow(one.0))
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

    pub(super) fn click(&mut self, at: Position, _data: &Data) -> Click {
        self.list.click(at, self.listed.len())
    }

    pub(super) fn draw(&mut self, data: &Data, theme: &Theme, frame: &mut Frame, area: Rect) {
        self.refresh(data);
        let rows = (area.height / 3).clamp(4, 12);
        let [top, bottom] = Layout::vertical([Constraint::Length(rows), Constraint::Fill(1)]).areas(area);
        let block = panel(format!("{} flows with spans, failing first", self.listed.len()), theme);
        let inner = block.inner(top);
        frame.render_widget(block, top);
        if self.listed.is_empty() {
            frame.render_widget(
                Paragraph::new(super::sources::why_empty(data, "no spans"))
                    .wrap(ratatui::widgets::Wrap { trim: true }),
                inner,
            );
            return;
        }
        let width = usize::from(inner.width);
        for (line, place) in self.list.visible(inner, self.listed.len()).enumerate() {
            let (id, spans) = self.listed[place];
            let Some(flow) = data.picture.flows.get(id) else { continue };
            let is_selected = place == self.list.selected;
            let name = data.picture.evidence.identifiers.identifier(flow.name).value;
            let mut text = Line::from(vec![
                Span::raw(if is_selected { "▸ " } else { "  " }),
                Span::styled(format!("{} ", clock(flow.first, data)), theme.muted),
                Span::styled(
                    fit(&format!("{} {}", flow.verdict.symbol(), flow.verdict.word()), 11),
                    flow.verdict.style(theme),
                ),
                Span::raw(format!("{spans:>4} spans {:>9}  ", (flow.last - flow.first).to_string())),
                Span::styled(format!("{} ", fit(&name, 16)), theme.accent),
                Span::raw(fit(&data.picture.flows.kind(flow.kind).name, width.saturating_sub(66))),
            ]);
            if is_selected {
                text = text.style(theme.selection);
            }
            frame.render_widget(text, Rect { y: inner.y + line as u16, height: 1, ..inner });
        }
        if let Some((id, _)) = self.listed.get(self.list.selected) {
            draw_waterfall(*id, data, theme, frame, bottom);
        }
    }
}

/// The spans of a flow in the order of the tree, each under its parent.
fn waterfall(id: FlowId, data: &Data) -> Vec<Bar> {
    let evidence = &data.picture.evidence;
    let Some(timeline) = data.picture.flows.timeline(evidence, id) else { return Vec::new() };
    let spans: Vec<(Row, crate::telemetry::SpanInfo, Time, Nanos)> = timeline
        .steps
        .iter()
        .filter(|step| evidence.kind(step.row) == EventKind::Span)
        .filter_map(|step| {
            Some((
                step.row,
                evidence.span_of(step.row)?,
                step.time,
                evidence.duration(step.row).unwrap_or_default(),
            ))
        })
        .collect();
    let mut children: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
    let mut roots = Vec::new();
    for (place, (_, info, ..)) in spans.iter().enumerate() {
        match spans
            .iter()
            .any(|(_, other, ..)| other.id == info.parent && info.parent != 0 && other.id != info.id)
        {
            true => children.entry(info.parent).or_default().push(place),
            false => roots.push(place),
        }
    }
    // The critical path: from the longest root, again and again the child that ended last.
    let mut critical = std::collections::BTreeSet::new();
    let end = |place: usize| spans[place].2 + spans[place].3;
    let mut at = roots.iter().copied().max_by_key(|place| (spans[*place].3, std::cmp::Reverse(*place)));
    while let Some(place) = at.filter(|place| critical.insert(*place)) {
        at = children
            .get(&spans[place].1.id)
            .and_then(|all| all.iter().copied().max_by_key(|child| (end(*child), std::cmp::Reverse(*child))));
    }
    let mut bars = Vec::new();
    let mut stack: Vec<(usize, usize)> = roots.into_iter().rev().map(|root| (root, 0)).collect();
    let mut seen = std::collections::BTreeSet::new();
    while let Some((place, depth)) = stack.pop() {
        if !seen.insert(place) {
            continue; // Spans that name each other as parents.
        }
        let (row, info, start, length) = spans[place];
        let below = children.get(&info.id).cloned().unwrap_or_default();
        let own = Nanos(
            length.0 - covered(start, length, below.iter().map(|child| (spans[*child].2, spans[*child].3))),
        );
        bars.push(Bar {
            row,
            depth,
            start,
            length,
            own,
            is_critical: critical.contains(&place),
            is_orphan: depth == 0 && info.parent != 0,
        });
        stack.extend(below.into_iter().rev().map(|child| (child, depth + 1)));
    }
    bars
}

/// How much of a span its children cover, overlaps counted once.
fn covered(start: Time, length: Nanos, children: impl Iterator<Item = (Time, Nanos)>) -> i64 {
    let end = start + length;
    let mut parts: Vec<(i64, i64)> = children
        .map(|(from, length)| (from.max(start).0, (from + length).min(end).0))
        .filter(|(from, to)| to > from)
        .collect();
    parts.sort_unstable();
    let (mut sum, mut until) = (0, i64::MIN);
    for (from, to) in parts {
        sum += (to - from.max(until)).max(0);
        until = until.max(to);
    }
    sum
}

fn draw_waterfall(id: FlowId, data: &Data, theme: &Theme, frame: &mut Frame, area: Rect) {
    let bars = waterfall(id, data);
    let orphans = bars.iter().filter(|bar| bar.is_orphan).count();
    let warning = if orphans > 0 { format!(", {orphans} whose parent is missing") } else { String::new() };
    let block = panel(format!("Waterfall, critical path ━{warning}"), theme);
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let (Some(first), Some(last)) =
        (bars.iter().map(|bar| bar.start).min(), bars.iter().map(|bar| bar.start + bar.length).max())
    else {
        return;
    };
    let evidence = &data.picture.evidence;
    let width = usize::from(inner.width);
    let name = (width * 2 / 5).clamp(16, 52);
    let cells = width.saturating_sub(name + 22).max(4);
    let whole = (last - first).0.max(1);
    for (line, bar) in bars.iter().take(usize::from(inner.height)).enumerate() {
        let failed = evidence.severity(bar.row).is_error();
        let system = evidence.system(bar.row);
        let from = ((bar.start - first).0 as i128 * cells as i128 / i128::from(whole)) as usize;
        let to =
            (((bar.start - first).0 + bar.length.0) as i128 * cells as i128 / i128::from(whole)) as usize;
        let (from, to) = (from.min(cells - 1), to.clamp(from + 1, cells));
        let glyph = if bar.is_critical { "━" } else { "─" };
        let label = format!(
            "{}{}{} {}",
            "  ".repeat(bar.depth),
            if failed {
                "✗"
            } else if bar.is_orphan {
                "?"
            } else {
                ""
            },
            evidence.system_name(system),
            evidence.text(evidence.operation(bar.row))
        );
        let text = Line::from(vec![
            Span::styled(
                format!("{} ", fit(&label, name)),
                if failed { theme.error } else { theme.lane(usize::from(system.0)) },
            ),
            Span::raw(" ".repeat(from)),
            Span::styled(
                glyph.repeat(to - from),
                if failed { theme.error } else { theme.lane(usize::from(system.0)) },
            ),
            Span::raw(" ".repeat(cells - to)),
            Span::styled(
                format!(" {:>8} own {:>8}", bar.length.to_string(), bar.own.to_string()),
                theme.muted,
            ),
        ]);
        frame.render_widget(text, Rect { y: inner.y + line as u16, height: 1, ..inner });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn children_that_overlap_cover_their_parent_once() {
        let at = |seconds| Time::from_seconds(seconds);
        let children = [(at(1), Nanos::seconds(4)), (at(3), Nanos::seconds(4)), (at(9), Nanos::seconds(5))];
        assert_eq!(covered(at(0), Nanos::seconds(10), children.into_iter()), 7_000_000_000);
    }
}
