//! The honesty bar in full: what could be reached and read, how fresh and how whole it is, and what not.

use super::outcome::Outcome;
use super::widgets::{Click, List, clock, fit, panel};
use super::{Action, Data, Selected, Theme};
use crate::telemetry::{Completeness, Reach};
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Position, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

#[derive(Clone, Debug, Default)]
pub(super) struct SourcesView {
    list: List,
}

impl SourcesView {
    pub(super) fn act(&mut self, action: Action, data: &Data) -> Outcome {
        self.list.act(action, data.picture.files.len()).into()
    }

    pub(super) fn selected(&self, data: &Data) -> Selected {
        data.picture.files.get(self.list.selected).map_or(Selected::Nothing, |file| {
            Selected::Text(format!(
                "{}\n{}\n{}",
                file.path,
                file.format,
                file.trouble.clone().unwrap_or_default()
            ))
        })
    }

    pub(super) fn click(&mut self, at: Position, data: &Data) -> Click {
        self.list.click(at, data.picture.files.len())
    }

    pub(super) fn draw(&mut self, data: &Data, theme: &Theme, frame: &mut Frame, area: Rect) {
        let live = &data.picture.sources;
        let skewed: Vec<_> = data.picture.flows.skew.iter().filter(|skew| skew.offset.0 != 0).collect();
        let height = if live.is_empty() { 0 } else { live.len() as u16 * 2 + 2 };
        let below = if skewed.is_empty() { 0 } else { (skewed.len() as u16 + 2).min(area.height / 3) };
        let [top, middle, bottom] =
            Layout::vertical([Constraint::Length(height), Constraint::Fill(1), Constraint::Length(below)])
                .areas(area);
        if !live.is_empty() {
            draw_live(data, theme, frame, top);
        }
        self.draw_files(data, theme, frame, middle);
        let block = panel("Clocks that were set right (t shows raw times)", theme);
        let inner = block.inner(bottom);
        if below > 0 {
            frame.render_widget(block, bottom);
        }
        for (line, skew) in skewed.iter().enumerate().take(usize::from(inner.height)) {
            let text = format!(
                "{} is {} ahead, ± {}, from {} pairs",
                fit(data.picture.evidence.system_name(skew.system), 20),
                skew.offset,
                skew.uncertainty,
                skew.pairs
            );
            frame.render_widget(
                Line::styled(fit(&text, usize::from(inner.width)), theme.text),
                Rect { y: inner.y + line as u16, height: 1, ..inner },
            );
        }
    }

    fn draw_files(&mut self, data: &Data, theme: &Theme, frame: &mut Frame, area: Rect) {
        let files = &data.picture.files;
        let unread = files.iter().filter(|file| file.trouble.is_some()).count();
        let title = match unread {
            0 => format!("{} files", files.len()),
            _ => format!("{} files, {unread} with something that could not be read", files.len()),
        };
        let block = panel(title, theme);
        let inner = block.inner(area);
        frame.render_widget(block, area);
        if files.is_empty() {
            frame.render_widget(
                Paragraph::new(
                    "No files are open. `bridgewatch open PATH…` opens some; o opens a bundled incident.",
                ),
                inner,
            );
            return;
        }
        let width = usize::from(inner.width);
        let [header, rows] = Layout::vertical([Constraint::Length(1), Constraint::Fill(1)]).areas(inner);
        let path = (width / 3).clamp(18, 46);
        frame.render_widget(
            Line::styled(
                format!(
                    "  {} {} {} {:>9} {}",
                    fit("file", path),
                    fit("format", 16),
                    fit("zone", 14),
                    "records",
                    "what could not be read"
                ),
                theme.muted,
            ),
            header,
        );
        for (line, place) in self.list.visible(rows, files.len()).enumerate() {
            let file = &files[place];
            let zone = match file.zone {
                None => "in the line".to_owned(),
                Some(zone) if zone.assumed => "UTC, assumed".to_owned(),
                Some(zone) => {
                    format!("{:+03}:{:02}", zone.offset_seconds / 3_600, zone.offset_seconds.abs() / 60 % 60)
                }
            };
            let is_assumed = file.zone.is_some_and(|zone| zone.assumed);
            let is_selected = place == self.list.selected;
            let trouble = match (&file.trouble, file.unread) {
                (Some(trouble), 0) => format!("✗ {trouble}"),
                (Some(trouble), unread) => format!("✗ {unread} lines: {trouble}"),
                (None, _) => String::new(),
            };
            let mut text = Line::from(vec![
                Span::raw(if is_selected { "▸ " } else { "  " }),
                Span::raw(fit(&tail(&file.path, path), path)),
                Span::styled(format!(" {}", fit(&file.format, 16)), theme.accent),
                Span::styled(
                    format!(" {}", fit(&zone, 14)),
                    if is_assumed { theme.warn } else { theme.muted },
                ),
                Span::raw(format!(" {:>9} ", file.records)),
                Span::styled(fit(&trouble, width.saturating_sub(path + 16 + 14 + 9 + 7)), theme.error),
            ]);
            if is_selected {
                text = text.style(theme.selection);
            }
            frame.render_widget(text, Rect { y: rows.y + line as u16, height: 1, ..rows });
        }
    }
}

/// The end of a path, which tells files apart.
fn tail(path: &str, width: usize) -> String {
    let count = path.chars().count();
    if count <= width {
        path.to_owned()
    } else {
        format!("…{}", path.chars().skip(count - width + 1).collect::<String>())
    }
}

fn draw_live(data: &Data, theme: &Theme, frame: &mut Frame, area: Rect) {
    let block = panel("Live sources", theme);
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let mut lines = Vec::new();
    for source in &data.picture.sources {
        let (word, style) = match &source.reach {
            Reach::Unknown => ("not asked yet".to_owned(), theme.muted),
            Reach::Reachable => ("reachable".to_owned(), theme.ok),
            Reach::Degraded(why) => (format!("degraded: {why}"), theme.warn),
            Reach::Unreachable(why) => (format!("unreachable: {why}"), theme.error),
        };
        let whole = match &source.completeness {
            Completeness::Full => "complete".to_owned(),
            Completeness::Partial(reasons) => format!("PARTIAL: {}", reasons.join(", ")),
            Completeness::Unknown => "completeness unknown".to_owned(),
        };
        let fresh = source
            .freshest
            .map_or_else(|| "nothing yet".to_owned(), |time| format!("newest {} ago", data.now - time));
        let covered = source.covered.map_or_else(String::new, |window| {
            format!("{}–{}", clock(window.from, data), clock(window.to, data))
        });
        lines.push(Line::from(vec![
            Span::styled(format!(" {} {} ", source.reach.symbol(), fit(&source.name, 14)), style),
            Span::styled(fit(&format!("{} ", source.kind), 12), theme.muted),
            Span::styled(word, style),
        ]));
        let notes =
            if source.notes.is_empty() { String::new() } else { format!(", {}", source.notes.join(", ")) };
        lines.push(Line::styled(
            fit(
                &format!(
                    "     {} rows, {whole}, {fresh} {covered}, {} queries{notes}",
                    source.rows, source.queries
                ),
                usize::from(inner.width),
            ),
            theme.muted,
        ));
    }
    frame.render_widget(Paragraph::new(lines), inner);
}

/// Why a list is empty: the filter, a source that could not answer, or nothing there.
pub(super) fn why_empty(data: &Data, what: &str) -> String {
    if let Some((done, of)) = data.picture.progress {
        return format!(" {what} yet: {} % are read.", done * 100 / of.max(1));
    }
    let mut text = format!(" {what}");
    if !data.filter.is_empty() {
        text.push_str(&format!(" pass the filter `{}` (x drops it)", data.filter.text));
    } else if data.only_failing {
        text.push_str(" that fail (f shows all)");
    }
    text.push('.');
    let blind: Vec<String> = data
        .picture
        .sources
        .iter()
        .filter_map(|source| match &source.reach {
            Reach::Unreachable(why) | Reach::Degraded(why) => {
                Some(format!("{} could not have answered ({why})", source.name))
            }
            _ => None,
        })
        .chain(
            data.picture
                .files
                .iter()
                .filter_map(|file| file.trouble.as_ref().map(|why| format!("{}: {why}", file.path))),
        )
        .collect();
    if !blind.is_empty() {
        text.push_str(&format!(" Not to be taken for evidence: {}.", blind.join("; ")));
    }
    text
}
