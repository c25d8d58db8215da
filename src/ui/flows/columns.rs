//! How a flow looks as a row, whether it was read or counted, and what rows are ordered by.

use super::super::widgets::{clock, fit, fit_middle};
use super::super::{Data, Theme};
use crate::flows::{CountedFlow, Flow, Verdict};
use crate::telemetry::Time;
use ratatui::text::{Line, Span};

/// What the list is ordered by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, strum::Display, strum::EnumIter)]
pub(super) enum Order {
    #[default]
    #[strum(serialize = "newest first")]
    Time,
    #[strum(serialize = "longest first")]
    Duration,
    #[strum(serialize = "most errors first")]
    Errors,
    #[strum(serialize = "most events first")]
    Events,
}

impl Order {
    /// Rows with more of it come first.
    pub(super) fn measure(self, row: Measures) -> i64 {
        match self {
            Self::Time => row.first.0,
            Self::Duration => (row.last - row.first).0,
            Self::Errors => i64::from(row.errors),
            Self::Events => i64::from(row.events),
        }
    }
}

/// What rows are ordered by.
#[derive(Clone, Copy, Debug)]
pub(super) struct Measures {
    first: Time,
    last: Time,
    events: u32,
    errors: u32,
}

impl From<&Flow> for Measures {
    fn from(flow: &Flow) -> Self {
        Self { first: flow.first, last: flow.last, events: flow.events, errors: flow.errors }
    }
}

impl From<&CountedFlow> for Measures {
    fn from(flow: &CountedFlow) -> Self {
        Self { first: flow.first(), last: flow.last(), events: flow.events(), errors: flow.errors() }
    }
}

/// A row.
pub(super) struct Shown<'a> {
    pub measures: Measures,
    pub verdict: Verdict,
    pub name: String,
    pub kind: &'a str,
    /// The systems on both sides of the hop where it stops.
    pub stops: Option<(&'a str, &'a str)>,
    pub marks: Vec<String>,
}

/// Which columns fit, and how wide they are.
pub(super) struct Columns {
    name: usize,
    kind: usize,
    stops: usize,
    has_counts: bool,
}

impl Columns {
    pub(super) fn of(width: usize) -> Self {
        let has_counts = width >= 126;
        let fixed = 10 + 12 + 10 + if has_counts { 12 } else { 0 };
        let name = if width >= 150 { 37 } else { 15 };
        let rest = width.saturating_sub(fixed + name + 2);
        let kind = rest * if width < 90 { 50 } else { 40 } / 100;
        Self { name, kind, stops: rest - kind, has_counts }
    }

    pub(super) fn header(&self) -> String {
        let counts = if self.has_counts { format!("{:>5} {:>5} ", "events", "err") } else { String::new() };
        format!(
            "{:<10}{:<12}{:>9} {counts}{} {} {}",
            "began",
            "verdict",
            "took",
            fit("flow", self.name),
            fit("kind", self.kind),
            fit("stops, marks", self.stops)
        )
    }

    pub(super) fn row<'a>(&self, row: &Shown<'_>, data: &Data, theme: &Theme) -> Line<'a> {
        let Measures { first, last, events, errors } = row.measures;
        let stops = row
            .stops
            .map(|(from, to)| if self.stops < 24 { format!("at {to} ") } else { format!("{from} ─▶ {to} ") });
        let about = format!("{}{}", stops.unwrap_or_default(), row.marks.join(", "));
        let mut spans = vec![
            Span::styled(format!("{}  ", clock(first, data)), theme.muted),
            Span::styled(
                fit(&format!("{} {}", row.verdict.symbol(), row.verdict.word()), 12),
                row.verdict.style(theme),
            ),
            Span::raw(format!("{:>#9} ", last - first)),
        ];
        if self.has_counts {
            let said = if errors > 0 { errors.to_string() } else { "·".to_owned() };
            spans.push(Span::styled(format!("{events:>6} "), theme.muted));
            spans.push(Span::styled(
                format!("{said:>4} "),
                if errors > 0 { theme.error } else { theme.muted },
            ));
        }
        spans.extend([
            Span::styled(fit_middle(&row.name, self.name), theme.accent),
            Span::raw(format!(" {} ", fit(row.kind, self.kind))),
            Span::styled(
                fit(&about, self.stops),
                if row.verdict.is_lost() { theme.text } else { theme.muted },
            ),
        ]);
        Line::from(spans)
    }
}
