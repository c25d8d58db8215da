//! What every view has around it: the incident's line, the tabs, the course of flows, the status line.
//!
//! ```text
//!  SEV1 INC-0042 Orders stuck  impact 00:47:12  update in 03:12  IC ann  asks 2  in force 1
//!  1 Bridge 2 Flows 3 Logs …                                        ●prom ✗splunk
//!  failing flows ▁▁▁▅▇██▇▅ onset 10:41:37                 10:00–11:28 UTC
//! ```

use super::widgets::{bars, clock, fit, heights};
use super::{Action, Data, Keymap, Theme, View};
use crate::incident::Role;
use crate::telemetry::{Nanos, Time};
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use strum::IntoEnumIterator;
use unicode_width::UnicodeWidthStr;

/// The parts of the screen.
pub(super) struct Parts {
    pub head: Rect,
    pub tabs: Rect,
    pub course: Rect,
    pub body: Rect,
    pub status: Rect,
}

impl Parts {
    pub(super) fn of(area: Rect) -> Self {
        let [head, tabs, course, body, status] = Layout::vertical([
            Constraint::Length(1),
            Constraint::Length(1),
            Constraint::Length(1),
            Constraint::Fill(1),
            Constraint::Length(1),
        ])
        .areas(area);
        Self { head, tabs, course, body, status }
    }
}

/// `00:47:12`, or with days; the clocks of a bridge tick in seconds.
fn ticking(length: Nanos) -> String {
    let seconds = (length.0 / 1_000_000_000).max(0);
    let (days, hours) = (seconds / 86_400, seconds / 3_600 % 24);
    let rest = format!("{hours:02}:{:02}:{:02}", seconds / 60 % 60, seconds % 60);
    if days > 0 { format!("{days}d {rest}") } else { rest }
}

/// The incident in one line: what it is, its clocks, who leads, what is open. The most important first, cut from the end.
pub(super) fn head(data: &Data, theme: &Theme, frame: &mut Frame, area: Rect) {
    let width = usize::from(area.width);
    let Some(incident) = &data.incident else {
        let what = if data.picture.title.is_empty() {
            "nothing is open".to_owned()
        } else {
            data.picture.title.clone()
        };
        let demo = if data.picture.is_demo { "DEMO  " } else { "" };
        let line = Line::from(vec![
            Span::styled(" bridgewatch  ", Theme::strong(theme.accent)),
            Span::styled(demo, theme.warn),
            Span::styled(
                fit(
                    &format!("{what}   no incident declared, D declares one"),
                    width.saturating_sub(14 + demo.len()),
                ),
                theme.text,
            ),
        ]);
        frame.render_widget(line, area);
        return;
    };
    let mut clocks: Vec<(String, bool)> = Vec::new();
    let since = |time: Option<Time>| time.map(|time| ticking(incident.resolved.unwrap_or(data.now) - time));
    clocks.extend(since(incident.impact_began).map(|text| (format!("impact {text}"), false)));
    clocks.extend(since(incident.declared).map(|text| (format!("declared {text}"), false)));
    if let Some(due) = incident.update_due() {
        let left = due - data.now;
        if left.0 < 0 {
            clocks.push((format!("update OVERDUE {}", ticking(Nanos(-left.0))), true));
        } else {
            clocks.push((format!("update in {}", &ticking(left)[3..]), false));
        }
    }
    let late = incident.open_asks().filter(|ask| ask.due < data.now).count();
    let asks = incident.open_asks().count();
    if asks > 0 {
        clocks.push((
            if late > 0 { format!("asks {asks} ({late} OVERDUE)") } else { format!("asks {asks}") },
            late > 0,
        ));
    }
    let force = incident.in_force().count();
    if force > 0 {
        let expired = incident.mitigations.iter().filter(|one| one.is_expired(data.now)).count();
        let text = if expired > 0 {
            format!("in force {force} ({expired} to be checked)")
        } else {
            format!("in force {force}")
        };
        clocks.push((text, expired > 0));
    }
    match incident.roles.get(&Role::IncidentCommander) {
        Some(person) => clocks.push((format!("IC {person}"), false)),
        None => clocks.push(("no IC".to_owned(), true)),
    }
    clocks.push((incident.phase.to_string(), false));
    let drill = if incident.is_drill { " DRILL" } else { "" };
    let label = format!(" {} {}{drill} ", incident.severity, incident.id);
    // The title gives way before the clocks do.
    let taken: usize = clocks.iter().map(|(text, _)| text.width() + 2).sum::<usize>() + label.width() + 1;
    let room = width.saturating_sub(taken).clamp(10, 60).min(incident.title.width());
    let mut spans = vec![
        Span::styled(label, theme.alarm),
        Span::raw(" "),
        Span::styled(fit(&incident.title, room), Theme::strong(theme.text)),
    ];
    let mut used: usize = spans.iter().map(Span::width).sum();
    for (text, is_urgent) in clocks {
        if used + text.width() + 2 > width {
            continue;
        }
        used += text.width() + 2;
        spans.push(Span::raw("  "));
        spans.push(Span::styled(text, if is_urgent { Theme::strong(theme.error) } else { theme.text }));
    }
    frame.render_widget(Line::from(spans), area);
}

/// The views and the sources' marks; gives where each tab stands, for clicks.
pub(super) fn tabs(
    view: View,
    data: &Data,
    theme: &Theme,
    frame: &mut Frame,
    area: Rect,
) -> Vec<(View, u16, u16)> {
    let marks: Vec<(String, &'static str)> =
        data.picture.sources.iter().map(|source| (source.name.clone(), source.reach.symbol())).collect();
    let long: usize = View::iter().map(|view| view.to_string().width() + 4).sum();
    let is_short = long + 2 > usize::from(area.width);
    let mut spans = Vec::new();
    let mut places = Vec::new();
    let mut at = area.x;
    for (number, one) in (1..).zip(View::iter()) {
        let name = one.to_string();
        let name = if is_short && one != view { name.chars().take(4).collect() } else { name };
        let text = if one == view { format!("[{number} {name}]") } else { format!(" {number} {name} ") };
        let width = text.width() as u16;
        places.push((one, at, at + width));
        at += width;
        spans.push(Span::styled(text, if one == view { Theme::strong(theme.accent) } else { theme.muted }));
    }
    frame.render_widget(Line::from(spans), area);
    let used = (at - area.x) as usize + 1;
    let mut right: Vec<Span> = Vec::new();
    let mut room = usize::from(area.width).saturating_sub(used);
    for (name, symbol) in marks {
        let text = format!(" {symbol}{name}");
        if text.width() > room {
            break;
        }
        room -= text.width();
        let style = match symbol {
            "●" => theme.ok,
            "✗" => theme.error,
            "◐" => theme.warn,
            _ => theme.muted,
        };
        right.push(Span::styled(text, style));
    }
    frame.render_widget(Line::from(right).right_aligned(), area);
    places
}

/// Failing flows over the window, with the onset and the mitigations on it.
pub(super) fn course(data: &Data, theme: &Theme, frame: &mut Frame, area: Rect) {
    let picture = &data.picture;
    if let Some((done, of)) = picture.progress {
        let share = if of == 0 { 0.0 } else { done as f64 / of as f64 };
        let bar = super::widgets::gauge(share, 20);
        let text = format!(
            " reading {bar} {:>3.0} % of {}  {} events so far, esc stops",
            share * 100.0,
            megabytes(of),
            picture.evidence.rows()
        );
        frame.render_widget(Line::styled(fit(&text, usize::from(area.width)), theme.accent), area);
        return;
    }
    let Some(window) = picture.window else {
        frame.render_widget(Line::styled(" no telemetry yet", theme.muted), area);
        return;
    };
    let zone = data.local.map_or("UTC".to_owned(), |_| "local".to_owned());
    let right = format!(" {}–{} {zone} ", clock(window.from, data), clock(window.to, data));
    let label = " failing flows ";
    let onset = picture.suspects.onset.as_ref().map(|onset| onset.time);
    let onset_text = onset.map(|onset| format!(" onset {}", clock(onset, data))).unwrap_or_default();
    let room = usize::from(area.width).saturating_sub(label.width() + right.width() + onset_text.width());
    let cells = room.min(super::STEPS);
    let failing = bars::in_cells(&picture.course, cells, |sum, step| sum + f64::from(step.failing));
    let most = failing.iter().copied().fold(0.0, f64::max);
    let mut bars: Vec<char> = heights(&failing, most).chars().collect();
    for bar in &mut bars {
        if *bar == ' ' {
            *bar = '·';
        }
    }
    let mut put = |time: Time, mark: char| {
        if let Some(cell) = picture.share(time).map(|share| (share * cells as f64) as usize)
            && let Some(bar) = bars.get_mut(cell.min(cells.saturating_sub(1)))
        {
            *bar = mark;
        }
    };
    if let Some(incident) = &data.incident {
        for one in &incident.mitigations {
            put(one.started, '┊');
        }
    }
    onset.into_iter().for_each(|onset| put(onset, '▼'));
    let style = if most > 0.0 { theme.error } else { theme.muted };
    let line = Line::from(vec![
        Span::styled(label, theme.muted),
        Span::styled(bars.into_iter().collect::<String>(), style),
        Span::styled(onset_text, theme.warn),
        Span::styled(right, theme.muted),
    ]);
    frame.render_widget(line, area);
}

/// What the person should know now, or which keys matter here.
pub(super) fn status(view: View, keymap: &Keymap, data: &Data, theme: &Theme, frame: &mut Frame, area: Rect) {
    let width = usize::from(area.width);
    if let Some(notice) = &data.notice {
        let (mark, style) = if notice.is_error { ("! ", theme.error) } else { ("✓ ", theme.ok) };
        frame.render_widget(Line::styled(fit(&format!(" {mark}{}", notice.text), width), style), area);
        return;
    }
    let own: &[(Action, &str)] = match view {
        View::Bridge => &[
            (Action::Note, "note"),
            (Action::Ask, "ask"),
            (Action::Mitigate, "mitigate"),
            (Action::Update, "update"),
            (Action::CatchUp, "catch up"),
        ],
        View::Flows => &[
            (Action::Open, "open"),
            (Action::OnlyFailing, "failing"),
            (Action::Sort, "sort"),
            (Action::Copy, "copy"),
        ],
        View::Logs => &[(Action::Open, "whole"), (Action::GoToFlow, "its flow"), (Action::Pin, "pin")],
        View::Suspects => {
            &[(Action::Open, "its logs"), (Action::Pin, "pin"), (Action::Hypothesis, "hypothesis")]
        }
        View::Mitigate => {
            &[(Action::Mitigate, "log"), (Action::Measure, "measure"), (Action::EndMitigation, "undo it")]
        }
        View::Rca => &[(Action::Command, "edit: set FIELD …"), (Action::Export, "write it")],
        View::Metrics | View::Traces => &[(Action::Open, "open"), (Action::Pin, "pin")],
        View::Sources => &[(Action::Refresh, "ask again")],
    };
    let mut hints = String::new();
    if !data.filter.is_empty() {
        hints.push_str(&format!(" filter: {} ({})  ", data.filter.text, data.found.rows.len()));
    } else {
        hints.push(' ');
    }
    for (action, word) in own.iter().chain(&[
        (Action::Filter, "filter"),
        (Action::Palette, "find"),
        (Action::Help, "help"),
        (Action::Quit, "quit"),
    ]) {
        if let Some(keys) = keymap.keys(*action) {
            let hint = format!("{keys} {word}  ");
            if hints.width() + hint.width() <= width {
                hints.push_str(&hint);
            }
        }
    }
    frame.render_widget(Line::styled(fit(&hints, width), theme.muted), area);
}

fn megabytes(bytes: u64) -> String {
    match bytes {
        0..1_000_000 => format!("{} kB", bytes / 1_000),
        1_000_000..1_000_000_000 => format!("{} MB", bytes / 1_000_000),
        _ => format!("{:.1} GB", bytes as f64 / 1e9),
    }
}
