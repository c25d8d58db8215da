//! Time along cells: where an instant lies, round ticks below, and the marks that every chart shares.

use super::clock;
use crate::telemetry::{Nanos, Time, Window};
use crate::ui::{Data, Theme};
use ratatui::style::Style;
use ratatui::text::Span;
use unicode_width::UnicodeWidthStr;

/// A stretch of time over a number of cells.
#[derive(Clone, Copy, Debug)]
pub(in crate::ui) struct Scale {
    pub window: Window,
    pub cells: usize,
}

/// What is worth a mark on every chart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::ui) enum Mark {
    Onset,
    Change,
    Mitigation,
}

impl Mark {
    pub(in crate::ui) fn symbol(self) -> &'static str {
        match self {
            Self::Onset => "▼",
            Self::Change => "◆",
            Self::Mitigation => "┊",
        }
    }

    pub(in crate::ui) fn style(self, theme: &Theme) -> Style {
        match self {
            Self::Onset => Theme::strong(theme.error),
            Self::Change => Theme::strong(theme.warn),
            Self::Mitigation => Theme::strong(theme.accent),
        }
    }
}

/// The steps that people count time in, in nanoseconds.
const STEPS: [i64; 33] = {
    const MILLI: i64 = 1_000_000;
    const SECOND: i64 = 1_000 * MILLI;
    const MINUTE: i64 = 60 * SECOND;
    const HOUR: i64 = 60 * MINUTE;
    [
        MILLI / 10,
        MILLI / 5,
        MILLI / 2,
        MILLI,
        2 * MILLI,
        5 * MILLI,
        10 * MILLI,
        20 * MILLI,
        50 * MILLI,
        100 * MILLI,
        200 * MILLI,
        500 * MILLI,
        SECOND,
        2 * SECOND,
        5 * SECOND,
        10 * SECOND,
        15 * SECOND,
        30 * SECOND,
        MINUTE,
        2 * MINUTE,
        5 * MINUTE,
        10 * MINUTE,
        15 * MINUTE,
        30 * MINUTE,
        HOUR,
        2 * HOUR,
        3 * HOUR,
        6 * HOUR,
        12 * HOUR,
        24 * HOUR,
        7 * 24 * HOUR,
        30 * 24 * HOUR,
        365 * 24 * HOUR,
    ]
};

impl Scale {
    /// The cell that a time lies in.
    pub(in crate::ui) fn cell(&self, time: Time) -> Option<usize> {
        let length = i128::from(self.window.length().0.max(1));
        if !self.window.contains(time) || self.cells == 0 {
            return None;
        }
        let cell = i128::from((time - self.window.from).0) * self.cells as i128 / length;
        Some((cell as usize).min(self.cells - 1))
    }

    /// Where a cell begins.
    pub(in crate::ui) fn time(&self, cell: usize) -> Time {
        let length = i128::from(self.window.length().0);
        self.window.from + Nanos((length * cell as i128 / self.cells.max(1) as i128) as i64)
    }

    /// The step between ticks that are at least `apart` cells from each other.
    fn step(&self, apart: usize) -> i64 {
        let least = self.window.length().0 as i128 * apart as i128 / self.cells.max(1) as i128;
        STEPS.iter().copied().find(|step| i128::from(*step) >= least).unwrap_or(STEPS[STEPS.len() - 1])
    }

    /// Labels of lengths since the start: `0`, `+5 s`, `+10 s`.
    pub(in crate::ui) fn lengths(&self) -> String {
        let step = self.step(12);
        let ticks = (0..).map(|n| step.saturating_mul(n)).take_while(|at| *at < self.window.length().0);
        self.labels(ticks.map(|at| {
            let label = if at == 0 { "0".to_owned() } else { format!("+{}", round(Nanos(at))) };
            (self.window.from + Nanos(at), label)
        }))
    }

    /// Labels of times of day at round times: `10:40`, `10:50`.
    pub(in crate::ui) fn clocks(&self, data: &Data) -> String {
        let step = self.step(10);
        let shift = i64::from(data.local.unwrap_or(0)) * 1_000_000_000;
        let first = (self.window.from.0.saturating_add(shift)).div_euclid(step).saturating_add(1);
        let ticks = (0..self.cells as i64)
            .map(|n| Time(first.saturating_add(n).saturating_mul(step).saturating_sub(shift)))
            .take_while(|time| *time < self.window.to);
        self.labels(ticks.map(|time| {
            let label = clock(time, data);
            (time, if step % 60_000_000_000 == 0 { label[..5].to_owned() } else { label })
        }))
    }

    fn labels(&self, ticks: impl Iterator<Item = (Time, String)>) -> String {
        let mut text = String::new();
        for (time, label) in ticks {
            let Some(cell) = self.cell(time) else { continue };
            let used = text.width();
            if cell < used + usize::from(used > 0) || cell + label.width() > self.cells {
                continue;
            }
            text.push_str(&" ".repeat(cell - used));
            text.push_str(&label);
        }
        text.push_str(&" ".repeat(self.cells.saturating_sub(text.width())));
        text
    }

    /// Onset, changes (of one system, or all) and mitigations that lie on the scale, by cell; a later kind gives way.
    pub(in crate::ui) fn marks(&self, data: &Data, system: Option<&str>) -> Vec<(usize, Mark)> {
        let picture = &data.picture;
        let onset = picture.suspects.onset.iter().map(|onset| (onset.time, Mark::Onset));
        let mitigations = data
            .incident
            .iter()
            .flat_map(|incident| &incident.mitigations)
            .map(|one| (one.started, Mark::Mitigation));
        let changes = picture
            .evidence
            .changes
            .iter()
            .filter(|change| system.is_none_or(|system| change.system.as_deref() == Some(system)))
            .map(|change| (change.time, Mark::Change));
        let mut marks: Vec<(usize, Mark)> = Vec::new();
        for (time, mark) in onset.chain(mitigations).chain(changes) {
            if let Some(cell) = self.cell(time).filter(|cell| marks.iter().all(|(taken, _)| taken != cell)) {
                marks.push((cell, mark));
            }
        }
        marks
    }
}

/// A line of bars with marks in their cells.
pub(in crate::ui) fn marked<'a>(
    bars: &str,
    style: Style,
    marks: &[(usize, Mark)],
    theme: &Theme,
) -> Vec<Span<'a>> {
    let mut spans: Vec<Span> = Vec::new();
    let mut run = String::new();
    for (cell, bar) in bars.chars().enumerate() {
        match marks.iter().find(|(at, _)| *at == cell) {
            Some((_, mark)) => {
                spans.push(Span::styled(std::mem::take(&mut run), style));
                spans.push(Span::styled(mark.symbol(), mark.style(theme)));
            }
            None => run.push(bar),
        }
    }
    spans.push(Span::styled(run, style));
    spans
}

/// A round length without its fraction: `+5 s`, `+2 min`.
fn round(length: Nanos) -> String {
    let nanos = length.0;
    let whole = |unit: i64| nanos % unit == 0;
    match nanos {
        n if whole(86_400_000_000_000) => format!("{} d", n / 86_400_000_000_000),
        n if whole(3_600_000_000_000) => format!("{} h", n / 3_600_000_000_000),
        n if whole(60_000_000_000) => format!("{} min", n / 60_000_000_000),
        n if whole(1_000_000_000) => format!("{} s", n / 1_000_000_000),
        n if whole(1_000_000) && n < 1_000_000_000 => format!("{} ms", n / 1_000_000),
        _ => length.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_stand_at_round_times_and_do_not_touch() {
        let at = |seconds: i64| Time::from_seconds(1_772_352_000 + seconds);
        let scale = Scale { window: Window { from: at(95), to: at(95 + 3_600) }, cells: 60 };
        let clocks = scale.clocks(&Data::default());
        assert_eq!(clocks.trim(), "08:10     08:20     08:30     08:40     08:50");
        assert_eq!(clocks.len(), 60);
        let scale = Scale { window: Window { from: at(0), to: at(31) }, cells: 62 };
        assert_eq!(scale.lengths().trim_end(), "0                   +10 s               +20 s");
        assert_eq!((scale.cell(at(0)), scale.cell(at(30)), scale.cell(at(31))), (Some(0), Some(60), None));
    }

    #[test]
    fn a_window_of_no_length_and_the_ends_of_time_do_no_harm() {
        for window in [Window { from: Time(5), to: Time(5) }, Window::ALL] {
            for cells in [0, 1, 40] {
                let scale = Scale { window, cells };
                scale.clocks(&Data::default());
                scale.lengths();
                scale.cell(Time(7));
            }
        }
    }
}
