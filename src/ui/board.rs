//! All systems at a glance, hop by hop: rate, errors, latency, what waits, what was given up, how full, what is left; now,
//! and what is usual. Filled from what systems log, trace and measure, with no set-up.

use super::outcome::Outcome;
use super::widgets::{List, count, fit, headed, lines};
use super::{Data, Theme, View};
use crate::suspects::{BeforeAfter, BoardRow, Gauge};
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};

/// One column: its title, its cells, and whether it stands where there is little room.
struct Column {
    title: &'static str,
    width: usize,
    /// From this width of the board on it is drawn.
    from: usize,
}

const COLUMNS: [Column; 7] = [
    Column { title: "rate /min", width: 15, from: 0 },
    Column { title: "errors %", width: 13, from: 0 },
    Column { title: "p95 ms", width: 17, from: 0 },
    Column { title: "waiting", width: 15, from: 96 },
    Column { title: "dead letters", width: 13, from: 112 },
    Column { title: "saturation", width: 15, from: 128 },
    Column { title: "quota left", width: 15, from: 144 },
];

/// Shows the system's logs.
pub(super) fn open(at: usize, data: &Data) -> Outcome {
    match data.picture.suspects.board.get(at) {
        Some(row) => {
            let name = data.picture.evidence.system_name(row.system);
            Outcome::Follow(format!("\"system:{name}\""), View::Logs)
        }
        None => Outcome::Stay,
    }
}

pub(super) fn draw(
    list: &mut List,
    is_focused: bool,
    data: &Data,
    theme: &Theme,
    frame: &mut Frame,
    area: Rect,
) {
    let title = "Every system, from the outside in: before ▸ since onset";
    let inner = headed(title, "", is_focused, theme, frame, area);
    let board = &data.picture.suspects.board;
    if board.is_empty() {
        let text = "without an onset there is no before and since";
        return lines(vec![Line::styled(text, theme.muted)], frame, inner);
    }
    let width = List::room(inner);
    let columns: Vec<usize> = (0..COLUMNS.len()).filter(|place| COLUMNS[*place].from <= width).collect();
    let taken: usize = columns.iter().map(|place| COLUMNS[*place].width + 1).sum();
    let name = width.saturating_sub(taken + 14).max(10);
    let [head, body] = Layout::vertical([Constraint::Length(1), Constraint::Fill(1)]).areas(inner);
    let mut titles = format!("  {}", fit("system", name));
    for &place in &columns {
        titles += &format!(" {:>1$}", COLUMNS[place].title, COLUMNS[place].width);
    }
    lines(vec![Line::styled(titles, theme.muted)], frame, head);
    list.show(is_focused, board.len(), theme, frame, body, |place| {
        row(&board[place], &columns, name, data, theme)
    });
}

fn row<'a>(row: &BoardRow, columns: &[usize], name: usize, data: &Data, theme: &Theme) -> Line<'a> {
    let percent = |(before, after): BeforeAfter| (before.map(|b| b * 100.0), after.map(|a| a * 100.0));
    let mut spans = vec![Span::styled(
        fit(data.picture.evidence.system_name(row.system), name),
        if row.stopped > 0 { Theme::strong(theme.error) } else { theme.text },
    )];
    for &place in columns {
        let (said, style) = match place {
            0 => moved(row.rate, |before, after| after < before * 0.6, theme),
            1 => moved(percent(row.errors), |before, after| after > before + 2.0, theme),
            2 => moved(row.latency_ms, |before, after| after > before * 1.5 + 5.0, theme),
            3 => gauge(row.backlog, theme),
            4 => gauge(row.dead_letters, theme),
            5 => gauge(row.saturation, theme),
            _ => gauge(row.quota, theme),
        };
        spans.push(Span::styled(format!(" {said:>0$}", COLUMNS[place].width), style));
    }
    if row.stopped > 0 {
        spans.push(Span::styled(
            format!("  ✗ {} stop", count(u64::from(row.stopped))),
            Theme::strong(theme.error),
        ));
    }
    Line::from(spans)
}

fn moved(
    (before, after): BeforeAfter,
    is_worse: impl Fn(f64, f64) -> bool,
    theme: &Theme,
) -> (String, Style) {
    let is_bad = before.zip(after).is_some_and(|(before, after)| is_worse(before, after));
    let style = if is_bad { theme.error } else { theme.text };
    match (before, after) {
        (None, None) => (String::new(), theme.muted),
        _ => (format!("{} ▸ {}", figure(before), figure(after)), style),
    }
}

fn gauge(gauge: Option<Gauge>, theme: &Theme) -> (String, Style) {
    match gauge {
        None => (String::new(), theme.muted),
        Some(gauge) => {
            let style = if gauge.spreads >= 3.0 { theme.error } else { theme.text };
            (format!("{} ▸ {}", figure(gauge.before), figure(Some(gauge.now))), style)
        }
    }
}

fn figure(value: Option<f64>) -> String {
    match value {
        None => "–".to_owned(),
        Some(value) => match value.abs() {
            size if size >= 1e9 => format!("{:.1}G", value / 1e9),
            size if size >= 1e6 => format!("{:.1}M", value / 1e6),
            size if size >= 1e4 => format!("{:.0}k", value / 1e3),
            size if size >= 100.0 || value.fract() == 0.0 => format!("{value:.0}"),
            size if size >= 1.0 => format!("{value:.1}"),
            _ => format!("{value:.2}"),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_short_and_what_is_unknown_is_a_dash() {
        let said: Vec<String> =
            [Some(0.0), Some(0.034), Some(4.25), Some(812.4), Some(41_000.0), Some(2.5e6), None]
                .map(figure)
                .to_vec();
        assert_eq!(said, ["0", "0.03", "4.2", "812", "41k", "2.5M", "–"]);
    }
}
