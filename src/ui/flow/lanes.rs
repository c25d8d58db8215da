//! The flow over time, a lane a system: work, waiting, failures, and systems that were expected and never reached.

use crate::evidence::SystemId;
use crate::flows::{Marks, Step, Timeline};
use crate::telemetry::{Nanos, Time, Window};
use crate::ui::widgets::{Scale, clock_ms, cut, fit, headed};
use crate::ui::{Data, Theme};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr;

/// A wait that takes this share of the whole is drawn.
const LONG_WAIT: f64 = 0.04;

pub(super) fn draw(
    timeline: &Timeline,
    systems: &[SystemId],
    data: &Data,
    theme: &Theme,
    frame: &mut Frame,
    area: Rect,
) {
    let evidence = &data.picture.evidence;
    let end = |step: &Step| step.time + evidence.duration(step.row).unwrap_or_default();
    let steps = &timeline.steps;
    let (Some(first), Some(last)) = (steps.iter().map(|step| step.time).min(), steps.iter().map(end).max())
    else {
        return;
    };
    let title = format!("End to end from {}", clock_ms(first, data));
    let figures = if data.ignore_skew {
        "raw times (t)"
    } else {
        "━ work  ┈ waiting  ✗ failure  ⏱ clock set right"
    };
    let inner = headed(&title, figures, false, theme, frame, area);
    let all = systems.iter().chain(&timeline.missing);
    let name_width = all
        .map(|lane| evidence.system_name(*lane).width())
        .max()
        .unwrap_or(8)
        .clamp(8, if inner.width >= 100 { 20 } else { 14 });
    let skews: Vec<String> = systems.iter().map(|lane| skew(timeline, *lane, data)).collect();
    let skew_width = skews.iter().map(|skew| skew.width() + 1).filter(|width| *width > 1).max().unwrap_or(0);
    let lead = name_width + 1 + skew_width;
    let cells = usize::from(inner.width).saturating_sub(lead);
    if cells < 8 || inner.height < 2 {
        return;
    }
    let window = Window { from: first, to: last.max(first + Nanos(1)) + Nanos((last - first).0 / 200 + 1) };
    let scale = Scale { window, cells };
    let axis = Line::styled(format!("{:lead$}{}", "", scale.lengths()), theme.muted);
    frame.render_widget(axis, Rect { height: 1, ..inner });
    let rooms = (inner.y + 1..inner.bottom()).map(|y| Rect { y, height: 1, ..inner });
    // Expected lanes come last and matter most: where there is no room for all, they keep theirs.
    let missing = timeline.missing.len().min(rooms.len());
    let present = rooms.len() - missing;
    let mut rooms = rooms;
    for (number, lane) in systems.iter().enumerate().take(present) {
        let Some(room) = rooms.next() else { return };
        let bar = bar(timeline, *lane, number, scale, data, theme);
        let mut spans = vec![
            Span::styled(format!("{} ", fit(evidence.system_name(*lane), name_width)), theme.lane(number)),
            Span::styled(fit(&skews[number], skew_width), theme.warn),
        ];
        spans.extend(bar.into_iter().map(|(symbol, style)| Span::styled(symbol.to_string(), style)));
        frame.render_widget(Line::from(spans), room);
    }
    for lane in timeline.missing.iter().take(missing) {
        let Some(room) = rooms.next() else { return };
        let legs =
            &data.picture.flows.get(timeline.flow).map(|flow| &data.picture.flows.kind(flow.kind).path.legs);
        let usual =
            legs.and_then(|legs| legs.iter().filter(|leg| leg.hop.to == *lane).map(|leg| leg.p99).max());
        let words = match usual {
            Some(usual) => format!("┈┈ expected within {usual} (p99), never seen "),
            None => "┈┈ expected, never seen ".to_owned(),
        };
        let dots = format!("{words}{}", "┈".repeat(cells));
        frame.render_widget(
            Line::from(vec![
                Span::styled(format!("{} ", fit(evidence.system_name(*lane), name_width)), theme.warn),
                Span::raw(" ".repeat(skew_width)),
                Span::styled(dots.chars().take(cells).collect::<String>(), theme.warn),
            ]),
            room,
        );
    }
}

/// The cells of one lane.
fn bar(
    timeline: &Timeline,
    lane: SystemId,
    number: usize,
    scale: Scale,
    data: &Data,
    theme: &Theme,
) -> Vec<(char, Style)> {
    let evidence = &data.picture.evidence;
    let mut cells = vec![(' ', theme.text); scale.cells];
    let cell = |time: Time| scale.cell(time).unwrap_or(scale.cells - 1);
    waits(timeline, lane, scale, data, theme, &mut cells);
    let own = || timeline.steps.iter().filter(|step| step.system == lane);
    for step in own() {
        let duration = evidence.duration(step.row).unwrap_or_default();
        let (from, to) = (cell(step.time), cell(step.time + duration));
        let style = if evidence.severity(step.row).is_error() { theme.error } else { theme.lane(number) };
        cells[from..=to].iter_mut().filter(|_| to > from).for_each(|cell| *cell = ('━', style));
    }
    let is_retried = data.picture.flows.get(timeline.flow).is_some_and(|flow| flow.marks.has(Marks::RETRIED));
    let mut seen = Vec::new();
    for step in own() {
        let at = cell(step.time);
        let severity = evidence.severity(step.row);
        let shape = evidence.shape(step.row);
        let is_again =
            is_retried && own().any(|step| !evidence.severity(step.row).is_error()) && seen.contains(&shape);
        seen.push(shape);
        let has_length = evidence.duration(step.row).is_some();
        let (symbol, style) = if severity.is_error() {
            ('✗', theme.error)
        } else if severity.is_warning() {
            ('!', theme.warn)
        } else if is_again {
            ('↻', theme.lane(number))
        } else {
            (if has_length { '┝' } else { '▪' }, theme.lane(number))
        };
        // Trouble is not hidden by what happened in the same cell.
        let rank =
            |symbol: char| ['✗', '!', '↻', '┝', '▪'].iter().position(|one| *one == symbol).unwrap_or(9);
        if rank(symbol) <= rank(cells[at].0) {
            cells[at] = (symbol, style);
        }
    }
    cells
}

/// Long waits for this lane: dotted from where it was handed over to where it began, with how long that took.
fn waits(
    timeline: &Timeline,
    lane: SystemId,
    scale: Scale,
    data: &Data,
    theme: &Theme,
    cells: &mut [(char, Style)],
) {
    let evidence = &data.picture.evidence;
    let whole = scale.window.length().0 as f64;
    for passage in timeline.passages.iter().filter(|passage| passage.hop.to == lane) {
        let before = &timeline.steps[passage.from_step];
        let from = before.time + evidence.duration(before.row).unwrap_or_default();
        let to = timeline.steps[passage.to_step].time;
        let wait = to - from;
        if (wait.0 as f64) < whole * LONG_WAIT {
            continue;
        }
        let is_late = passage.usual.is_some_and(|leg| passage.took.0 as f64 > leg.p99.0 as f64 * 1.5);
        let style = if is_late { theme.warn } else { theme.muted };
        let (from, to) = (scale.cell(from).unwrap_or(0), scale.cell(to).unwrap_or(scale.cells - 1));
        let label = format!(" {wait} ");
        let at = from + (to - from).saturating_sub(label.width()) / 2;
        let mut letters = label.chars();
        for (place, cell) in cells.iter_mut().enumerate().take(to).skip(from) {
            let has_room = to - from >= label.width() + 4;
            let letter = if has_room && place >= at { letters.next() } else { None };
            *cell = (letter.unwrap_or('┈'), style);
        }
    }
}

/// The correction of a system's clock, as it is shown beside its lane.
fn skew(timeline: &Timeline, lane: SystemId, data: &Data) -> String {
    let step = timeline.steps.iter().find(|step| step.system == lane && step.time != step.raw_time);
    match step.filter(|_| !data.ignore_skew) {
        None => String::new(),
        Some(step) => {
            let by = step.time - step.raw_time;
            let sign = if by.0 < 0 { "−" } else { "+" };
            cut(&format!("⏱{sign}{}", short(Nanos(by.0.abs()))), 9)
        }
    }
}

/// `95ms`, `1.8s`, `60min`: as few cells as will do.
fn short(length: Nanos) -> String {
    match length.0 {
        nanos if nanos < 1_000_000_000 => format!("{}ms", (nanos + 500_000) / 1_000_000),
        nanos if nanos < 60_000_000_000 => format!("{:.1}s", nanos as f64 / 1e9),
        nanos if nanos < 7_200_000_000_000 => format!("{:.0}min", nanos as f64 / 60e9),
        nanos => format!("{:.1}h", nanos as f64 / 3_600e9),
    }
}
