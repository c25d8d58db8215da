//! Every record of every system in order of time, with how many there are and how many of them are trouble.

use super::outcome::Outcome;
use super::page::in_full;
use super::selected::flow_of;
use super::sources::why_empty;
use super::widgets::{
    Click, List, Scale, bars, clock_ms, count, cut, fit, headed, heights, lines, marked, wrap, wrap_to,
};
use super::{Action, Data, Selected, Theme};
use crate::evidence::Row;
use crate::telemetry::{Severity, Time};
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Position, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use std::sync::Arc;

#[derive(Clone, Debug, Default)]
pub(super) struct LogsView {
    list: List,
    /// What the cursor is to stay on when the rows change.
    at: Option<(Time, Row)>,
    /// The rows that the cursor was placed in.
    placed_in: Option<Arc<Vec<Row>>>,
}

impl LogsView {
    pub(super) fn act(&mut self, action: Action, data: &Data) -> Outcome {
        self.place(data);
        let is_taken = self.list.act(action, data.found.rows.len());
        if is_taken {
            self.remember(data);
        }
        is_taken.into()
    }

    pub(super) fn click(&mut self, at: Position, data: &Data) -> Click {
        let click = self.list.click(at, data.found.rows.len());
        self.remember(data);
        click
    }

    pub(super) fn selected(&self, data: &Data) -> Selected {
        data.found.rows.get(self.list.selected).map_or(Selected::Nothing, |row| Selected::Event(*row))
    }

    /// Puts the cursor on an event, or on the time of it.
    pub(super) fn go_to(&mut self, time: Time, row: Row) {
        self.at = Some((time, row));
        self.placed_in = None;
    }

    /// The rows around the cursor, whose texts are wanted.
    pub(super) fn wanted(&mut self, data: &Data) -> Vec<Row> {
        self.place(data);
        let from = self.list.selected.saturating_sub(100);
        data.found.rows.iter().skip(from).take(200).copied().collect()
    }

    fn remember(&mut self, data: &Data) {
        self.at = data.found.rows.get(self.list.selected).map(|row| (data.time(*row), *row));
    }

    /// Keeps the cursor on its event when rows come and go; at first it stands where the trouble begins.
    fn place(&mut self, data: &Data) {
        let rows = &data.found.rows;
        if rows.is_empty() || self.placed_in.as_ref().is_some_and(|placed| Arc::ptr_eq(placed, rows)) {
            return;
        }
        self.placed_in = Some(rows.clone());
        let onset = || data.picture.suspects.onset.as_ref().map(|onset| onset.time);
        let Some(time) = self.at.map(|(time, _)| time).or_else(onset) else { return };
        let from = rows.partition_point(|row| data.time(*row) < time);
        let same = rows[from..].iter().take(1_000).position(|row| self.at.is_some_and(|(_, at)| at == *row));
        self.list.selected = (from + same.unwrap_or(0)).min(rows.len() - 1);
    }

    pub(super) fn draw(&mut self, data: &Data, theme: &Theme, frame: &mut Frame, area: Rect) {
        self.place(data);
        let rows = &data.found.rows;
        let detail = if area.height >= 28 { area.height / 4 } else { 0 };
        let [top, middle, bottom] =
            Layout::vertical([Constraint::Length(4), Constraint::Fill(1), Constraint::Length(detail)])
                .areas(area);
        draw_course(data, theme, frame, top);
        let all = u64::from(data.picture.evidence.rows());
        let title = match rows.len() as u64 {
            found if found == all => format!("{} events", count(all)),
            found => format!("{} of {} events", count(found), count(all)),
        };
        let figures = match (&data.found.note, data.is_searching) {
            (_, true) => "searching…".to_owned(),
            (Some(note), false) => note.clone(),
            (None, false) if rows.is_empty() => String::new(),
            (None, false) => format!("at {}", count(self.list.selected as u64 + 1)),
        };
        let inner = headed(&title, &figures, true, theme, frame, middle);
        if rows.is_empty() {
            let text =
                wrap_to(&why_empty(data, "no events"), usize::from(inner.width), usize::from(inner.height));
            return lines(
                text.into_iter().map(|line| Line::styled(line, theme.muted)).collect(),
                frame,
                inner,
            );
        }
        let width = List::room(inner);
        self.list.draw(rows.len(), theme, frame, inner, |place| row(rows[place], data, theme, width));
        if let Some(chosen) = rows.get(self.list.selected).filter(|_| detail > 0) {
            draw_detail(*chosen, data, theme, frame, bottom);
        }
    }
}

fn row<'a>(row: Row, data: &Data, theme: &Theme, width: usize) -> Line<'a> {
    let evidence = &data.picture.evidence;
    let severity = evidence.severity(row);
    let style = severity_style(severity, theme);
    let system = evidence.system(row);
    let system_width = if width >= 100 { 18 } else { 13 };
    let message = data.message(row).lines().next().unwrap_or_default();
    let body = fit(message, width.saturating_sub(13 + 6 + system_width + 1 + 2));
    let body_style = if severity >= Severity::WARN { style } else { theme.text };
    let mut spans = vec![
        Span::styled(format!("{} ", clock_ms(data.time(row), data)), theme.muted),
        Span::styled(format!("{} ", fit(severity.word(), 5)), style),
        Span::styled(
            format!("{} ", fit(evidence.system_name(system), system_width)),
            theme.lane(usize::from(system.0)),
        ),
        Span::styled(if flow_of(row, data).is_some() { "⇢ " } else { "  " }, theme.muted),
    ];
    spans.extend(highlighted(&body, &data.filter.words, body_style, theme));
    Line::from(spans)
}

/// The words of the filter stand out where they are found.
fn highlighted<'a>(text: &str, words: &[String], style: Style, theme: &Theme) -> Vec<Span<'a>> {
    let lower = text.to_lowercase();
    // Where lower case has another length, places do not agree: nothing stands out then.
    if words.is_empty() || lower.len() != text.len() {
        return vec![Span::styled(text.to_owned(), style)];
    }
    let mut found: Vec<(usize, usize)> = words
        .iter()
        .flat_map(|word| lower.match_indices(word.as_str()).map(|(at, word)| (at, at + word.len())))
        .filter(|(from, to)| text.is_char_boundary(*from) && text.is_char_boundary(*to))
        .collect();
    found.sort_unstable();
    let mut spans = Vec::new();
    let mut at = 0;
    for (from, to) in found {
        if from >= at {
            spans.push(Span::styled(text[at..from].to_owned(), style));
            spans.push(Span::styled(text[from..to].to_owned(), Theme::strong(theme.accent)));
            at = to;
        }
    }
    spans.push(Span::styled(text[at..].to_owned(), style));
    spans
}

pub(super) fn severity_style(severity: Severity, theme: &Theme) -> Style {
    if severity.is_error() {
        theme.error
    } else if severity.is_warning() {
        theme.warn
    } else {
        theme.muted
    }
}

/// How many events, warnings and errors over the time that is shown, each against its own most.
fn draw_course(data: &Data, theme: &Theme, frame: &mut Frame, area: Rect) {
    const LABEL: usize = 9;
    let width = usize::from(area.width.saturating_sub(2));
    let cells = width.saturating_sub(LABEL + 8);
    let Some(window) = data.found.window.or(data.window()) else { return };
    let scale = Scale { window, cells };
    let marks = scale.marks(data, None);
    let course = &data.found.course;
    type Add = fn(f64, super::Step) -> f64;
    let series: [(&str, Style, Add); 3] = [
        ("all", theme.accent, |sum, step| sum + f64::from(step.events)),
        ("warnings", theme.warn, |sum, step| sum + f64::from(step.warnings)),
        ("errors", theme.error, |sum, step| sum + f64::from(step.errors)),
    ];
    let mut text = Vec::new();
    for (label, style, add) in series {
        let values = bars::in_cells(course, cells, add);
        let most = values.iter().copied().fold(0.0, f64::max);
        let all: f64 = course.iter().fold(0.0, |sum, step| add(sum, *step));
        let mut spans = vec![Span::styled(format!(" {label:<LABEL$}"), theme.muted)];
        let marks = if label == "errors" { marks.as_slice() } else { &[] };
        spans.extend(marked(&fit(&heights(&values, most), cells), style, marks, theme));
        spans.push(Span::styled(format!("{:>8}", count(all as u64)), theme.muted));
        text.push(Line::from(spans));
    }
    text.push(Line::styled(format!(" {:LABEL$}{}", "", scale.clocks(data)), theme.muted));
    lines(text, frame, area);
}

/// The event under the cursor in full.
fn draw_detail(row: Row, data: &Data, theme: &Theme, frame: &mut Frame, area: Rect) {
    let flow = flow_of(row, data).and_then(|id| {
        let verdict = data.picture.flows.get(id)?.verdict;
        Some(format!("g opens its flow: {} {}", verdict.symbol(), verdict.word()))
    });
    let inner = headed("The event", &flow.unwrap_or_default(), false, theme, frame, area);
    let width = usize::from(inner.width);
    let text = match data.events.get(&row) {
        Some(Some(event)) => in_full(event).replace("\n\n", "\n"),
        Some(None) => "its text is gone: the file was moved or became shorter".to_owned(),
        None => "reading…".to_owned(),
    };
    let all = wrap(&text, width);
    let rest = all.len().saturating_sub(usize::from(inner.height));
    let mut seen: Vec<Line> = all.into_iter().take(usize::from(inner.height)).map(Line::raw).collect();
    if rest > 0
        && let Some(last) = seen.last_mut()
    {
        *last =
            Line::styled(cut(&format!("… {} lines more, enter shows them", rest + 1), width), theme.muted);
    }
    lines(seen, frame, inner);
}
