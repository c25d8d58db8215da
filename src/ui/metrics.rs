//! Metrics: what departed from its usual, how far, and a chart of the chosen one with onset, changes and mitigations; or
//! every system at a glance. A series leads to a flow of its moment, as an exemplar does.

mod moment;

use super::outcome::Outcome;
use super::widgets::{Click, List, Scale, clock, cut, fit, headed, heights, panel};
use super::{Action, Data, Selected, Theme, board};
use crate::telemetry::{Series, Time, Window};
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Position, Rect};
use ratatui::symbols::Marker;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;
use ratatui::widgets::canvas::{self, Canvas};

#[derive(Clone, Debug, Default)]
pub(super) struct MetricsView {
    list: List,
    /// Every system at a glance, instead of series.
    shows_board: bool,
    board: List,
    /// Series by how far they departed, farthest first: (place, before, after, departure).
    order: Vec<(usize, f64, f64, f64)>,
    made_for: Option<(usize, usize, Option<Time>, String)>,
}

impl MetricsView {
    pub(super) fn act(&mut self, action: Action, data: &Data) -> Outcome {
        self.refresh(data);
        match action {
            Action::NextPanel | Action::PreviousPanel => {
                self.shows_board = !self.shows_board;
                Outcome::Stay
            }
            Action::Open if self.shows_board => board::open(self.board.selected, data),
            Action::Open => match self.order.get(self.list.selected) {
                Some(one) => moment::flow_of(one.0, data),
                None => Outcome::Stay,
            },
            _ if self.shows_board => self.board.act(action, data.picture.suspects.board.len()).into(),
            _ => self.list.act(action, self.order.len()).into(),
        }
    }

    /// Puts the cursor on a series, by its place in the evidence.
    pub(super) fn go_to(&mut self, series: usize, data: &Data) {
        self.refresh(data);
        self.shows_board = false;
        if let Some(place) = self.order.iter().position(|one| one.0 == series) {
            self.list = List::at(place);
        }
    }

    pub(super) fn click(&mut self, at: Position, data: &Data) -> Click {
        if self.shows_board {
            return self.board.click(at, data.picture.suspects.board.len());
        }
        self.list.click(at, self.order.len())
    }

    pub(super) fn selected(&self, _data: &Data) -> Selected {
        if self.shows_board {
            return Selected::Nothing;
        }
        self.order.get(self.list.selected).map_or(Selected::Nothing, |one| Selected::Series(one.0))
    }

    fn refresh(&mut self, data: &Data) {
        let series = &data.picture.evidence.series;
        let onset = data.picture.suspects.onset.as_ref().map(|onset| onset.time);
        let samples: usize = series.iter().map(|one| one.samples.len()).sum();
        let key = (series.len(), samples, onset, data.filter.text.clone());
        if self.made_for.as_ref() == Some(&key) {
            return;
        }
        let filter = &data.filter;
        self.order = series
            .iter()
            .enumerate()
            .filter(|(_, one)| filter.fits_system(&one.system) && filter.fits_text(&one.metric, None))
            .map(|(place, one)| {
                let (before, after, departure) = departure(one, onset);
                (place, before, after, departure)
            })
            .collect();
        self.order.sort_by(|a, b| b.3.total_cmp(&a.3).then(a.0.cmp(&b.0)));
        self.made_for = Some(key);
    }

    pub(super) fn draw(&mut self, data: &Data, theme: &Theme, frame: &mut Frame, area: Rect) {
        self.refresh(data);
        if self.shows_board {
            return board::draw(&mut self.board, true, data, theme, frame, area);
        }
        // The list takes what it needs, up to two thirds; the chart has the rest.
        let list =
            (self.order.len() as u16).saturating_add(1).min(area.height.saturating_sub(area.height / 3));
        let [top, bottom] =
            Layout::vertical([Constraint::Length(list.max(4)), Constraint::Fill(1)]).areas(area);
        let onset = data.picture.suspects.onset.as_ref().map(|onset| onset.time);
        let title = match onset {
            Some(onset) => format!(
                "{} series, by how far they left their usual since {}",
                self.order.len(),
                clock(onset, data)
            ),
            None => format!("{} series", self.order.len()),
        };
        let figures = "enter: a flow of its moment, →: every system";
        let inner = headed(&title, figures, true, theme, frame, top);
        if self.order.is_empty() {
            frame.render_widget(
                Paragraph::new(super::sources::why_empty(data, "no metrics"))
                    .wrap(ratatui::widgets::Wrap { trim: true }),
                inner,
            );
            return;
        }
        let width = usize::from(inner.width);
        let spark = (width / 4).clamp(8, 50);
        let name = width.saturating_sub(2 + spark + 3 + 26);
        for (line, place) in self.list.visible(inner, self.order.len()).enumerate() {
            let (number, before, after, departure) = self.order[place];
            let Some(series) = data.picture.evidence.series.get(number) else { continue };
            let is_selected = place == self.list.selected;
            let style = if departure >= 6.0 {
                theme.error
            } else if departure >= 3.0 {
                theme.warn
            } else {
                theme.muted
            };
            let arrow = if departure < 3.0 {
                " "
            } else if after > before {
                "▲"
            } else {
                "▼"
            };
            let window = data.window().unwrap_or(Window::ALL);
            let mut text = Line::from(vec![
                Span::raw(if is_selected { "▸ " } else { "  " }),
                Span::raw(fit(&format!("{}  {}", fit(&series.system, 16), series.metric), name)),
                Span::styled(format!(" {}", sparkline(series, window, spark)), theme.accent),
                Span::styled(format!(" {:>9} → {:>9} {arrow}", short(before), short(after)), style),
            ]);
            if is_selected {
                text = text.style(theme.selection);
            }
            frame.render_widget(text, Rect { y: inner.y + line as u16, height: 1, ..inner });
        }
        // The selected one, and as many of those behind it as there is room for.
        let charts = charts(bottom);
        for (one, place) in self.order.iter().skip(self.list.selected).zip(charts) {
            if let Some(series) = data.picture.evidence.series.get(one.0) {
                draw_chart(series, data, theme, frame, place);
            }
        }
    }
}

/// Places for charts that can still be read, in rows of up to two.
fn charts(area: Rect) -> Vec<Rect> {
    let rows = (area.height / 12).clamp(1, 4) as usize;
    let columns = (area.width / 90).clamp(1, 2) as usize;
    let bands = Layout::vertical(vec![Constraint::Fill(1); rows]).split(area);
    let cells =
        |band: &Rect| Layout::horizontal(vec![Constraint::Fill(1); columns]).spacing(2).split(*band).to_vec();
    bands.iter().flat_map(cells).collect()
}

/// Medians before and after the onset, and how far apart they are in robust spreads with a floor.
fn departure(series: &Series, onset: Option<Time>) -> (f64, f64, f64) {
    let Some(onset) = onset else {
        return (f64::NAN, median(series.samples.iter().map(|sample| sample.value)), 0.0);
    };
    let before = series.within(Window { from: Time::MIN, to: onset });
    let after = series.within(Window { from: onset, to: Time::MAX });
    if before.len() < 4 || after.len() < 2 {
        return (median(before.iter().map(|s| s.value)), median(after.iter().map(|s| s.value)), 0.0);
    }
    let usual = median(before.iter().map(|sample| sample.value));
    let now = median(after.iter().map(|sample| sample.value));
    let spread = 1.4826 * median(before.iter().map(|sample| (sample.value - usual).abs()));
    (usual, now, (now - usual).abs() / spread.max(usual.abs() * 0.1).max(1e-9))
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.filter(|value| value.is_finite()).collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The series in `cells` cells over a window; a gap stays blank.
fn in_cells(series: &Series, window: Window, cells: usize) -> Vec<Option<f64>> {
    let mut sums = vec![(0.0, 0u32); cells];
    let length = window.length().0.max(1) as i128;
    for sample in series.within(window).iter().filter(|sample| sample.value.is_finite()) {
        let cell = ((sample.time - window.from).0 as i128 * cells as i128 / length) as usize;
        if let Some((sum, count)) = sums.get_mut(cell) {
            *sum += sample.value;
            *count += 1;
        }
    }
    sums.into_iter().map(|(sum, count)| (count > 0).then(|| sum / f64::from(count))).collect()
}

/// From lowest to highest, but never less than half of the highest: small noise looks small, a steady series is a level
/// line in the middle. A gap stays blank.
fn sparkline(series: &Series, window: Window, cells: usize) -> String {
    let values = in_cells(series, window, cells);
    let known = || values.iter().flatten().copied();
    let (lowest, highest) = (known().fold(f64::MAX, f64::min), known().fold(f64::MIN, f64::max));
    let span = (highest - lowest).max(highest.abs().max(lowest.abs()) / 2.0).max(f64::MIN_POSITIVE);
    let base = (highest + lowest - span) / 2.0;
    let shares: Vec<f64> = values
        .iter()
        .map(|value| value.map_or(0.0, |value| ((value - base) / span).max(f64::MIN_POSITIVE)))
        .collect();
    heights(&shares, 1.0)
}

fn short(value: f64) -> String {
    match value.abs() {
        v if v.is_nan() => "–".to_owned(),
        v if v >= 1e6 => format!("{:.1}M", value / 1e6),
        v if v >= 1e4 => format!("{:.0}k", value / 1e3),
        v if v >= 100.0 => format!("{value:.0}"),
        v if v >= 1.0 || v == 0.0 => format!("{value:.1}"),
        _ => format!("{value:.3}"),
    }
}

fn draw_chart(series: &Series, data: &Data, theme: &Theme, frame: &mut Frame, area: Rect) {
    let unit = if series.unit.is_empty() { String::new() } else { format!(" in {}", series.unit) };
    let labels: String = series
        .labels
        .iter()
        .filter(|(name, _)| name != "__name__")
        .map(|(name, value)| format!(" {name}={value}"))
        .collect();
    let traces = match series.exemplars.len() {
        0 => String::new(),
        1 => " · 1 exemplar".to_owned(),
        many => format!(" · {many} exemplars"),
    };
    let title = format!("{} · {}{unit}{traces}{labels}", series.system, series.metric);
    let block = panel(cut(&title, usize::from(area.width).saturating_sub(3)), theme);
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let Some(window) = data.window() else { return };
    let [labels, plot] = Layout::horizontal([Constraint::Length(9), Constraint::Fill(1)]).areas(inner);
    let plot = Rect { height: plot.height.saturating_sub(1), ..plot };
    let (cells, rows) = (usize::from(plot.width), plot.height);
    if cells < 8 || rows < 2 {
        return;
    }
    // A cell of braille is two dots wide.
    let values = in_cells(series, window, cells * 2);
    let most = values.iter().flatten().copied().fold(0.0, f64::max).max(f64::MIN_POSITIVE);
    let least = values.iter().flatten().copied().fold(0.0, f64::min);
    for (row, value) in [(0, most), (rows - 1, least)] {
        let label = Line::styled(format!("{:>8} ", short(value)), theme.muted);
        frame.render_widget(label, Rect { y: labels.y + row, height: 1, ..labels });
    }
    let marks = Scale { window, cells }.marks(data, Some(&series.system));
    let places = || marks.iter().map(|(cell, mark)| (*cell as f64 * 2.0, mark.symbol(), mark.style(theme)));
    let canvas = Canvas::default()
        .marker(Marker::Braille)
        .x_bounds([0.0, (cells * 2 - 1) as f64])
        .y_bounds([least, most])
        .paint(|context| {
            for (at, _, style) in places() {
                let color = style.fg.unwrap_or_default();
                context.draw(&canvas::Line { x1: at, y1: least, x2: at, y2: most, color });
            }
            context.layer();
            let color = theme.accent.fg.unwrap_or_default();
            let points = values.iter().enumerate().filter_map(|(at, value)| Some((at as f64, (*value)?)));
            let points: Vec<(f64, f64)> = points.collect();
            for pair in points.windows(2) {
                let ((x1, y1), (x2, y2)) = (pair[0], pair[1]);
                context.draw(&canvas::Line { x1, y1, x2, y2, color });
            }
            for (at, symbol, style) in places() {
                context.print(at, most, Line::styled(symbol, style));
            }
        });
    frame.render_widget(canvas, plot);
    let axis = Rect { y: inner.bottom() - 1, height: 1, ..plot };
    frame.render_widget(Line::styled(Scale { window, cells }.clocks(data), theme.muted), axis);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::Sample;

    fn series(value: impl Fn(i64) -> f64) -> Series {
        let samples = (0..40).map(|n| Sample { time: Time::from_seconds(n), value: value(n) }).collect();
        Series {
            system: "a".into(),
            metric: "b".into(),
            unit: String::new(),
            labels: Vec::new(),
            exemplars: Vec::new(),
            samples,
            source: String::new(),
        }
    }

    #[test]
    fn noise_looks_small_and_a_step_looks_like_one() {
        let window = Window { from: Time(0), to: Time::from_seconds(40) };
        assert_eq!(sparkline(&series(|n| 100.0 + (n % 2) as f64), window, 4), "▄▄▄▄");
        assert_eq!(sparkline(&series(|n| if n < 20 { 1.0 } else { 100.0 }), window, 4), "▁▁██");
        assert_eq!(sparkline(&series(|_| 0.0), window, 4), "▄▄▄▄");
    }

    #[test]
    fn a_departure_is_measured_in_spreads_with_a_floor() {
        let series = series(|n| if n < 20 { 10.0 } else { 30.0 });
        let (before, after, departure) = departure(&series, Some(Time::from_seconds(20)));
        assert_eq!((before, after, departure), (10.0, 30.0, 20.0));
    }
}
