//! What every view has around it: the incident's line, the tabs, the course of flows, the status line.
//!
//! ```text
//!  SEV1 INC-0042 Orders stuck  impact 00:47:12  update in 03:12  asks 2  in force 1  IC ann
//! [1 Bridge] 2 Flows  3 Logs …                                        ●prom ✗splunk
//!  failing flows ▁▁▁▅▇██▇▅ onset 10:41:37                 10:00–11:28 UTC
//! ```

use super::widgets::{Scale, bars, clock, count, cut, fit, gauge, heights, marked, some, ticking};
use super::{Action, Data, Keymap, Progress, Step, Theme, View};
use crate::incident::{Incident, Role};
use crate::telemetry::{Nanos, Reach, Time};
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Style;
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

/// The incident in one line: what it is, its clocks, what is open, who leads. The title gives way first, then from the end.
pub(super) fn head(data: &Data, theme: &Theme, frame: &mut Frame, area: Rect) {
    let width = usize::from(area.width);
    let Some(incident) = &data.incident else {
        frame.render_widget(without_incident(data, theme, width), area);
        return;
    };
    let mark = match (incident.is_drill || data.drill.is_some(), data.picture.is_demo) {
        (true, _) => " DRILL",
        (false, true) => " DEMO",
        _ => "",
    };
    let label = format!(" {} {}{mark} ", incident.severity, incident.id);
    // The clocks stand on every screen that is wide enough for them: in short where there is no room for all words.
    let room = width.saturating_sub(label.width() + 1);
    let taken = |parts: &[(String, bool)]| parts.iter().map(|(text, _)| text.width() + 2).sum::<usize>();
    let all = |is_short: bool| -> Vec<(String, bool)> {
        drill_clock(data, is_short).into_iter().chain(clocks(incident, data, is_short)).collect()
    };
    let long = all(false);
    let clocks = if taken(&long) + TITLE <= room { long } else { all(true) };
    let others = others(incident, data);
    // The title gives way to what is open or late, down to a few letters.
    let first = taken(&others[..others.len().min(2)]);
    let title = room.saturating_sub(taken(&clocks) + first).clamp(LEAST_TITLE, 60);
    let title = title.min(incident.title.width()).min(room.saturating_sub(taken(&clocks)));
    let mut spans = vec![Span::styled(label, theme.alarm), Span::raw(" ")];
    if title >= LEAST_TITLE.min(incident.title.width()) {
        spans.push(Span::styled(cut(&incident.title, title), Theme::strong(theme.text)));
    }
    let mut used: usize = spans.iter().map(Span::width).sum();
    for (text, is_urgent) in clocks.into_iter().chain(others) {
        if used + text.width() + 2 > width {
            continue;
        }
        used += text.width() + 2;
        spans.push(Span::raw("  "));
        spans.push(Span::styled(text, if is_urgent { Theme::strong(theme.error) } else { theme.text }));
    }
    frame.render_widget(Line::from(spans), area);
}

/// Cells that the title gets before clocks are spelt out, and with fewer of which it says nothing.
const TITLE: usize = 12;
const LEAST_TITLE: usize = 6;

fn without_incident<'a>(data: &Data, theme: &Theme, width: usize) -> Line<'a> {
    let mut spans = vec![Span::styled(" bridgewatch ", Theme::strong(theme.accent))];
    if data.drill.is_some() {
        spans.push(Span::styled(" DRILL ", theme.alarm));
        spans.extend(drill_clock(data, false).map(|(text, _)| Span::styled(format!(" {text}"), theme.text)));
    } else if data.picture.is_demo {
        spans.push(Span::styled(" DEMO ", theme.alarm));
    }
    let onset = data.picture.suspects.onset.as_ref().map(|onset| onset.time);
    let failing = onset.map(|onset| format!("failing for {}", ticking(data.now - onset)));
    let hint = if data.is_bare() { "" } else { "no incident declared (D)" };
    let right = [failing.unwrap_or_default(), hint.to_owned()].join("  ").trim().to_owned();
    let used: usize = spans.iter().map(Span::width).sum();
    let room = width.saturating_sub(used + right.width() + 3);
    spans.push(Span::styled(format!(" {} ", fit(&title(data), room)), theme.text));
    spans.push(Span::styled(right, if onset.is_some() { Theme::strong(theme.error) } else { theme.muted }));
    Line::from(spans)
}

/// What is open: by its title, else by the live sources.
fn title(data: &Data) -> String {
    if !data.picture.title.is_empty() {
        return data.picture.title.clone();
    }
    let names: Vec<&str> = data.picture.sources.iter().map(|source| source.name.as_str()).collect();
    if names.is_empty() { "nothing is open".to_owned() } else { format!("live: {}", names.join(", ")) }
}

/// How much is left of a drill, and how it goes; urgent towards its end.
fn drill_clock(data: &Data, is_short: bool) -> Option<(String, bool)> {
    let log = data.drill.as_ref()?;
    let Some(left) = crate::drill::left(log, data.now) else { return Some(("drill over".to_owned(), false)) };
    let text = ticking(left);
    let text = text.strip_prefix("00:").unwrap_or(&text);
    let speed = log.pace.speed;
    let how = if log.is_paused() {
        " PAUSED".to_owned()
    } else if speed == 1.0 {
        String::new()
    } else {
        format!(" ×{speed}")
    };
    let text = if is_short { format!("{text} left{how}") } else { format!("drill {text} left{how}") };
    Some((text, left < Nanos::seconds(300)))
}

/// The clocks of an incident: since impact, since declared, since the last update, to the next one; each with whether it is
/// urgent. In short they leave seconds out, but for what is due.
fn clocks(incident: &Incident, data: &Data, is_short: bool) -> Vec<(String, bool)> {
    let end = incident.resolved.unwrap_or(data.now);
    let since = |name: &str, time: Option<Time>| {
        let length = ticking(end - time?);
        // What a bridge lives by ticks in seconds where there is room; the rest is told to the minute.
        let length = if is_short || name != "impact" { minutes(&length) } else { &length };
        Some((format!("{name} {length}"), false))
    };
    let mut clocks: Vec<(String, bool)> = Vec::new();
    clocks.extend(since("impact", incident.impact_began));
    if let Some(due) = incident.update_due() {
        let left = due - data.now;
        let word = match (left.0 < 0, is_short) {
            (true, true) => "OVERDUE",
            (true, false) => "update OVERDUE",
            (false, true) => "due",
            (false, false) => "update in",
        };
        let length = ticking(Nanos(left.0.abs()));
        let length = length.strip_prefix("00:").unwrap_or(&length);
        clocks.push((format!("{word} {length}"), left.0 < 0));
    }
    clocks.extend(since("declared", incident.declared));
    if incident.is_open() {
        let told = since(if is_short { "told" } else { "last update" }, incident.last_update);
        clocks.push(told.unwrap_or_else(|| ("no update yet".to_owned(), false)));
    }
    clocks
}

/// `00:47` of `00:47:12`
fn minutes(ticking: &str) -> &str {
    ticking.rsplit_once(':').map_or(ticking, |(minutes, _)| minutes)
}

/// What else a bridge must not forget, the most important first.
fn others(incident: &Incident, data: &Data) -> Vec<(String, bool)> {
    let mut clocks: Vec<(String, bool)> = Vec::new();
    let late = incident.open_asks().filter(|ask| ask.due < data.now).count();
    match incident.open_asks().count() {
        0 => {}
        asks if late == asks => clocks.push((format!("{} OVERDUE", some(asks, "ask")), true)),
        asks if late > 0 => clocks.push((format!("asks {asks}, {late} OVERDUE"), true)),
        asks => clocks.push((format!("asks {asks}"), false)),
    }
    let expired = incident.mitigations.iter().filter(|one| one.is_expired(data.now)).count();
    match incident.in_force().count() {
        0 => {}
        force if expired > 0 => clocks.push((format!("in force {force} ({expired} to be checked)"), true)),
        force => clocks.push((format!("in force {force}"), false)),
    }
    match incident.roles.get(&Role::IncidentCommander) {
        Some(person) => clocks.push((format!("IC {person}"), false)),
        None => clocks.push(("no IC (R)".to_owned(), true)),
    }
    clocks.push((incident.phase.to_string(), false));
    clocks
}

/// The views and the sources' marks; gives where each tab stands, for clicks.
pub(super) fn tabs(
    view: View,
    data: &Data,
    theme: &Theme,
    frame: &mut Frame,
    area: Rect,
) -> Vec<(View, Rect)> {
    let is_narrow = area.width < 100;
    let gap = if is_narrow { "" } else { " " };
    let mut spans = Vec::new();
    let mut places = Vec::new();
    let mut at = area.x;
    let mut is_after_current = false;
    for (number, one) in (1..).zip(View::iter()) {
        let name = match one {
            View::Suspects if is_narrow => "Susp.".to_owned(),
            View::Mitigate if is_narrow => "Mitig.".to_owned(),
            _ => one.to_string(),
        };
        let edge = match (one == view, is_after_current) {
            (true, _) => "[",
            (false, true) => "] ",
            (false, false) => " ",
        };
        let style = if one == view { Theme::strong(theme.accent) } else { theme.muted };
        let edge_style = if edge == " " { theme.muted } else { Theme::strong(theme.accent) };
        let text = format!("{number} {name}");
        let width = (text.width() + edge.width()) as u16;
        places.push((one, Rect { x: at, width: width.min(area.right().saturating_sub(at)), ..area }));
        spans.extend([Span::styled(edge, edge_style), Span::styled(text, style)]);
        at += width;
        is_after_current = one == view;
        if !gap.is_empty() && one != view {
            spans.push(Span::raw(gap));
            at += 1;
        }
    }
    if is_after_current {
        spans.push(Span::styled("]", Theme::strong(theme.accent)));
        at += 1;
    }
    frame.render_widget(Line::from(spans), area);
    let room = usize::from(area.right().saturating_sub(at));
    frame.render_widget(marks(data, theme, room).right_aligned(), area);
    places
}

/// A mark for each source, or where these do not fit how many have which.
fn marks<'a>(data: &Data, theme: &Theme, room: usize) -> Line<'a> {
    let style = |reach: &Reach| match reach {
        Reach::Reachable => theme.ok,
        Reach::Unreachable(_) => theme.error,
        Reach::Degraded(_) => theme.warn,
        Reach::Unknown => theme.muted,
    };
    let sources = &data.picture.sources;
    let each: Vec<Span> = sources
        .iter()
        .map(|source| {
            Span::styled(format!(" {}{}", source.reach.symbol(), source.name), style(&source.reach))
        })
        .collect();
    if each.iter().map(Span::width).sum::<usize>() <= room {
        return Line::from(each);
    }
    let mut counted: Vec<(&Reach, usize)> = Vec::new();
    for source in sources {
        match counted.iter_mut().find(|(known, _)| known.symbol() == source.reach.symbol()) {
            Some((_, number)) => *number += 1,
            None => counted.push((&source.reach, 1)),
        }
    }
    // Trouble first, since the end may not fit.
    counted.sort_by_key(|(reach, _)| matches!(reach, Reach::Reachable | Reach::Unknown));
    let mut spans = Vec::new();
    let mut used = 0;
    for (reach, number) in counted {
        let text = format!(" {}{number}", reach.symbol());
        used += text.width();
        if used <= room {
            spans.push(Span::styled(text, style(reach)));
        }
    }
    Line::from(spans)
}

/// Failing flows over the time that is shown, with the onset, changes and mitigations on it; gives where they stand.
pub(super) fn course(data: &Data, theme: &Theme, frame: &mut Frame, area: Rect) -> Option<(Rect, Scale)> {
    let width = usize::from(area.width);
    let picture = &data.picture;
    if let Some(progress) = picture.progress.filter(|progress| progress.hides_flows()) {
        let events = count(u64::from(picture.evidence.rows()));
        let text = match progress {
            Progress::Reading { bytes: done, of } => {
                let share = done as f64 / of.max(1) as f64;
                let (gauge, of) = (gauge(share, 20), bytes(of));
                format!(
                    " reading {gauge} {:>3.0} % of {of}  {events} events so far, esc stops",
                    share * 100.0
                )
            }
            other => format!(" {} ({events} events), esc stops", other.says()),
        };
        frame.render_widget(Line::styled(cut(&text, width), theme.accent), area);
        return None;
    }
    let Some(window) = data.window() else {
        frame.render_widget(Line::styled(" no telemetry yet", theme.muted), area);
        return None;
    };
    // What was found says more than all there is, once it is there; a search from before the flows were known does not.
    let has_flows = |steps: &[Step]| steps.iter().any(|step| step.flows > 0);
    let is_narrower = data.range.is_some() || !data.filter.text.is_empty();
    let is_of_found = data.found.window == Some(window)
        && !data.found.course.is_empty()
        && (is_narrower || has_flows(&data.found.course) || !has_flows(&picture.course));
    let steps: &[Step] = if is_of_found { &data.found.course } else { &picture.course };
    let has_flows = has_flows(steps);
    let (label, value): (&str, fn(f64, Step) -> f64) = if has_flows || !is_of_found {
        (" failing flows ", |sum, step| sum + f64::from(step.failing))
    } else {
        (" errors ", |sum, step| sum + f64::from(step.errors))
    };
    let zone = zone_of(data);
    let day = if width >= 110 { format!("{} ", date(window.from, data)) } else { String::new() };
    let looking = if data.range.is_some() { "⌕ " } else { "" };
    let right = format!("  {looking}{day}{}–{} {zone} ", clock(window.from, data), clock(window.to, data));
    let onset = picture.suspects.onset.as_ref().map(|onset| onset.time).filter(|time| window.contains(*time));
    let onset_text = onset.map(|onset| format!(" onset {}", clock(onset, data))).unwrap_or_default();
    let cells = width.saturating_sub(label.width() + right.width() + onset_text.width());
    let values = bars::in_cells(steps, cells, value);
    let most = values.iter().copied().fold(0.0, f64::max);
    let bars: String = heights(&values, most).replace(' ', "·");
    let scale = Scale { window, cells };
    let style = if most > 0.0 { theme.error } else { theme.border };
    let mut spans = vec![Span::styled(label, theme.muted)];
    spans.extend(marked(&fit(&bars, cells), style, &scale.marks(data, None), theme));
    spans.push(Span::styled(onset_text, Theme::strong(theme.error)));
    let right_style = if data.range.is_some() { Theme::strong(theme.accent) } else { theme.muted };
    spans.push(Span::styled(right, right_style));
    frame.render_widget(Line::from(spans), area);
    let x = area.x + label.width() as u16;
    Some((Rect { x, width: cells as u16, ..area }, scale))
}

/// `UTC`, or the offset of the local clock.
pub(super) fn zone_of(data: &Data) -> String {
    match data.local {
        None => "UTC".to_owned(),
        Some(seconds) => format!(
            "UTC{}{:02}:{:02}",
            if seconds < 0 { '-' } else { '+' },
            seconds.abs() / 3_600,
            seconds.abs() / 60 % 60
        ),
    }
}

fn date(time: Time, data: &Data) -> String {
    time.at_offset(data.local.unwrap_or(0)).format("%Y-%m-%d").to_string()
}

/// What the person should know now, or which keys matter here.
pub(super) fn status(
    actions: &[Action],
    keymap: &Keymap,
    data: &Data,
    theme: &Theme,
    frame: &mut Frame,
    area: Rect,
) {
    let width = usize::from(area.width);
    if let Some(notice) = &data.notice {
        let (mark, style) = if notice.is_error { ("! ", theme.error) } else { ("✓ ", theme.ok) };
        frame.render_widget(Line::styled(fit(&format!(" {mark}{}", notice.text), width), style), area);
        return;
    }
    // How to get help stands at the right end, whatever else there is.
    let help = keymap.keys(Action::Help).map_or_else(String::new, |keys| format!("{keys} help "));
    let reserved = if actions.is_empty() { 0 } else { help.width() + 1 };
    let mut spans: Vec<Span> = vec![Span::raw(" ")];
    let mut used = 1;
    let width = width.saturating_sub(reserved);
    let mut add = |parts: [(String, Style); 2]| {
        let cells: usize = parts.iter().map(|(text, _)| text.width()).sum();
        if used + cells <= width {
            used += cells;
            spans.extend(parts.map(|(text, style)| Span::styled(text, style)));
        }
    };
    let strong = Theme::strong(theme.accent);
    if let Some(pending) = keymap.pending() {
        add([(pending, strong), (" …  ".to_owned(), theme.muted)]);
    }
    if !data.filter.is_empty() {
        let what = cut(&data.filter.text, width / 3);
        let found =
            if data.is_searching { "searching…".to_owned() } else { count(data.found.rows.len() as u64) };
        add([(format!("/{what}"), strong), (format!(" ({found})  "), theme.muted)]);
    }
    for action in actions.iter().filter(|action| **action != Action::Help) {
        if let Some(keys) = keymap.keys(*action) {
            add([(keys, theme.accent), (format!(" {}  ", action.word()), theme.muted)]);
        }
    }
    frame.render_widget(Line::from(spans), area);
    if reserved > 0 {
        frame.render_widget(Line::styled(help, theme.accent).right_aligned(), area);
    }
}

/// `840 kB`, `12 MB`, `1.4 GB`
pub(super) fn bytes(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{} kB", bytes / 1_000),
        1_000_000..1_000_000_000 => format!("{} MB", bytes / 1_000_000),
        _ => format!("{:.1} GB", bytes as f64 / 1e9),
    }
}
