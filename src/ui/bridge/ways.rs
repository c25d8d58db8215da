//! How far the flows of a kind come, system by system, and where they stop.

use crate::ui::widgets::{count, cut, fit, headed, lines, rail, wrap_to};
use crate::ui::{Data, Stage, Theme, Way, sources};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr;

/// The filter that shows the flows which stop where most do.
pub(super) fn stops(way: usize, data: &Data) -> Option<String> {
    let way = data.picture.ways.get(way)?;
    let most = way.stages.iter().filter(|stage| stage.stopped > 0).max_by_key(|stage| stage.stopped)?;
    Some(format!("stops:{}", data.picture.evidence.system_name(most.system)))
}

/// The way as a text to copy or to pin.
pub(super) fn text(way: usize, data: &Data) -> Option<String> {
    let way = data.picture.ways.get(way)?;
    let mut text = format!("{}: {}", data.picture.flows.kind(way.kind).name, figures(way));
    for stage in &way.stages {
        let name = data.picture.evidence.system_name(stage.system);
        text.push_str(&format!("\n{name}: {} reached, {} stopped", stage.reached, stage.stopped));
    }
    Some(text)
}

fn figures(way: &Way) -> String {
    let now = format!("{} of {} lost", count(u64::from(way.lost)), count(u64::from(way.flows)));
    match way.before {
        (_, 0) => now,
        (lost, flows) => {
            format!("{now} since onset, {} of {} before", count(u64::from(lost)), count(u64::from(flows)))
        }
    }
}

pub(super) fn draw(
    chosen: &mut usize,
    is_focused: bool,
    data: &Data,
    theme: &Theme,
    frame: &mut Frame,
    area: Rect,
) {
    if area.height < 2 {
        return;
    }
    let ways = &data.picture.ways;
    *chosen = (*chosen).min(ways.len().saturating_sub(1));
    let Some(way) = ways.get(*chosen) else {
        let inner = headed("Where flows stop", "", is_focused, theme, frame, area);
        let text = wrap_to(
            &sources::why_empty(data, "no flows"),
            usize::from(inner.width),
            usize::from(inner.height),
        );
        return lines(text.into_iter().map(|line| Line::styled(line, theme.muted)).collect(), frame, inner);
    };
    let name = &data.picture.flows.kind(way.kind).name;
    let which =
        if ways.len() > 1 { format!("kind {} of {}", *chosen + 1, ways.len()) } else { String::new() };
    let title =
        cut(&format!("Where flows stop: {name}"), usize::from(area.width).saturating_sub(which.width() + 8));
    let inner = headed(&title, &which, is_focused, theme, frame, area);
    let (width, height) = (usize::from(inner.width), usize::from(inner.height));
    let mut text = Vec::new();
    if height > way.stages.len() {
        text.push(Line::styled(cut(&figures(way), width), theme.muted));
        text.extend(way.stages.iter().map(|stage| row(stage, way, data, theme, width)));
    } else {
        text.extend(short(way, data, theme, width, height));
    }
    lines(text, frame, inner);
}

/// `mule     383 ███████████████  210 ms`
fn row<'a>(stage: &Stage, way: &Way, data: &Data, theme: &Theme, width: usize) -> Line<'a> {
    let name = data.picture.evidence.system_name(stage.system);
    let label = if width >= 70 { 18 } else { 14 };
    let stop = if stage.stopped > 0 {
        format!("✗ {} stop here", count(u64::from(stage.stopped)))
    } else {
        String::new()
    };
    let usual = stage.p50.map_or_else(String::new, |p50| format!("{p50:#}"));
    let room = width.saturating_sub(2 + label + 7 + 10 + 18);
    let share = f64::from(stage.reached) / f64::from(way.flows.max(1));
    let style = if stage.stopped > 0 { theme.error } else { theme.ok };
    Line::from(vec![
        Span::styled(if stage.stopped > 0 { "✗ " } else { "  " }, theme.error),
        Span::styled(
            fit(name, label),
            if stage.stopped > 0 { Theme::strong(theme.text) } else { theme.text },
        ),
        Span::raw(format!("{:>6} ", count(u64::from(stage.reached)))),
        Span::styled(rail(share, room), style),
        Span::styled(format!("{usual:>9} "), theme.muted),
        Span::styled(stop, Theme::strong(theme.error)),
    ])
}

/// Where there is no room for every system: only where flows stop, most first.
fn short<'a>(way: &Way, data: &Data, theme: &Theme, width: usize, height: usize) -> Vec<Line<'a>> {
    let evidence = &data.picture.evidence;
    let mut stops: Vec<usize> =
        (0..way.stages.len()).filter(|place| way.stages[*place].stopped > 0).collect();
    stops.sort_by_key(|place| std::cmp::Reverse(way.stages[*place].stopped));
    if stops.is_empty() {
        let path: Vec<&str> = way.stages.iter().map(|stage| evidence.system_name(stage.system)).collect();
        let text = format!("{}: {}", figures(way), path.join(" ─▶ "));
        return wrap_to(&text, width, height)
            .into_iter()
            .map(|line| Line::styled(line, theme.text))
            .collect();
    }
    stops
        .into_iter()
        .take(height)
        .enumerate()
        .map(|(number, place)| {
            let stage = &way.stages[place];
            let before = place.checked_sub(1).map(|before| evidence.system_name(way.stages[before].system));
            let path = format!("{} ─▶ ✗ {}", before.unwrap_or("…"), evidence.system_name(stage.system));
            let about = match number {
                0 => format!("  {} stop here; {}", count(u64::from(stage.stopped)), figures(way)),
                _ => format!("  {} stop here", count(u64::from(stage.stopped))),
            };
            let path = cut(&path, width);
            let room = width.saturating_sub(path.width());
            Line::from(vec![
                Span::styled(path, Theme::strong(theme.error)),
                Span::styled(cut(&about, room), theme.text),
            ])
        })
        .collect()
}
