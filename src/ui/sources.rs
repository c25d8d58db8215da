//! The honesty bar in full: what could be reached and read, how fresh and how whole it is, and what not.

use super::frame::bytes;
use super::outcome::Outcome;
use super::widgets::{Click, List, clock, count, cut, fit, fit_end, headed, lines, wrap_to};
use super::{Action, Data, FileRow, Selected, Theme};
use crate::flows::Skew;
use crate::telemetry::{Completeness, EventKind, Reach, SourceHealth, Zone};
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Position, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};

#[derive(Clone, Debug, Default)]
pub(super) struct SourcesView {
    files: List,
    live: List,
    is_on_live: bool,
}

impl SourcesView {
    pub(super) fn act(&mut self, action: Action, data: &Data) -> Outcome {
        match action {
            Action::NextPanel | Action::PreviousPanel => {
                self.is_on_live = !self.is_on_live && !data.picture.sources.is_empty();
                Outcome::Stay
            }
            Action::Open => match self.selected(data) {
                Selected::Text(text) => Outcome::Page("File".to_owned(), text),
                Selected::Source(place) => {
                    Outcome::Page("Source".to_owned(), source_in_full(&data.picture.sources[place], data))
                }
                _ => Outcome::Stay,
            },
            _ if self.has_live(data) => self.live.act(action, data.picture.sources.len()).into(),
            _ => self.files.act(action, data.picture.files.len()).into(),
        }
    }

    /// Whether the cursor is among the live sources: by choice, or since there are no files.
    fn has_live(&self, data: &Data) -> bool {
        !data.picture.sources.is_empty() && (self.is_on_live || data.picture.files.is_empty())
    }

    pub(super) fn click(&mut self, at: Position, data: &Data) -> Click {
        let click = self.live.click(at, data.picture.sources.len());
        if click != Click::Missed {
            self.is_on_live = true;
            return click;
        }
        let click = self.files.click(at, data.picture.files.len());
        self.is_on_live &= click == Click::Missed;
        click
    }

    pub(super) fn selected(&self, data: &Data) -> Selected {
        if self.has_live(data) {
            let place = self.live.selected;
            return if place < data.picture.sources.len() {
                Selected::Source(place)
            } else {
                Selected::Nothing
            };
        }
        let text = data.picture.files.get(self.files.selected).map(file_in_full);
        text.map_or(Selected::Nothing, Selected::Text)
    }

    pub(super) fn draw(&mut self, data: &Data, theme: &Theme, frame: &mut Frame, area: Rect) {
        let picture = &data.picture;
        let skewed: Vec<&Skew> =
            picture.flows.skew.iter().filter(|skew| skew.offset.0 != 0 || skew.zone.0 != 0).collect();
        let notes = notes(data, &skewed);
        let live = if picture.sources.is_empty() { 0 } else { picture.sources.len() as u16 + 2 };
        let live = live.min(area.height / 2);
        let below = if notes.is_empty() { 0 } else { (notes.len() as u16 + 1).min(area.height / 3) };
        let [top, middle, bottom] =
            Layout::vertical([Constraint::Length(live), Constraint::Fill(1), Constraint::Length(below)])
                .areas(area);
        let is_on_live = self.has_live(data);
        if live > 0 {
            draw_live(&mut self.live, is_on_live, data, theme, frame, top);
        }
        draw_files(&mut self.files, !is_on_live, data, theme, frame, middle);
        if below > 0 {
            let what = if data.ignore_skew { "raw times are shown" } else { "t shows raw times" };
            let inner = headed("Clocks", what, false, theme, frame, bottom);
            let width = usize::from(inner.width);
            let text = notes.iter().map(|note| Line::styled(cut(note, width), theme.text)).collect();
            lines(text, frame, inner);
        }
    }
}

/// What is known of clocks and of times that cannot be.
fn notes(data: &Data, skewed: &[&Skew]) -> Vec<String> {
    let mut notes = Vec::new();
    if let Some(given_way) = data.picture.evidence.given_way() {
        notes.push(format!(
            "{} events from before {} are no longer held: the bound on memory is reached (--memory)",
            count(given_way.events),
            clock(given_way.until, data)
        ));
    }
    if data.picture.strays > 0 {
        notes.push(format!(
            "{} events lie far from all others in time and are outside of the charts",
            count(u64::from(data.picture.strays))
        ));
    }
    notes.extend(skewed.iter().map(|skew| {
        let (word, offset) = if skew.offset.0 < 0 {
            ("behind", crate::telemetry::Nanos(-skew.offset.0))
        } else {
            ("ahead", skew.offset)
        };
        let stamped = if skew.stamped_as == EventKind::Span { "spans" } else { "logs" };
        let zone = match skew.zone.0 {
            0 => String::new(),
            _ => format!(", in a zone of {}", skew.zone),
        };
        format!(
            "{} {} {word} {:>10} ± {}{zone}, from {} pairs",
            fit(data.picture.evidence.system_name(skew.system), 18),
            fit(stamped, 5),
            offset.to_string(),
            skew.uncertainty,
            count(u64::from(skew.pairs))
        )
    }));
    notes
}

fn draw_files(list: &mut List, is_focused: bool, data: &Data, theme: &Theme, frame: &mut Frame, area: Rect) {
    let files = &data.picture.files;
    let broken = files.iter().filter(|file| file.trouble.is_some()).count();
    let assumed = files.iter().filter(|file| file.zone.is_some_and(|zone| zone.assumed)).count();
    let mut title = format!("{} files", files.len());
    if broken > 0 {
        title.push_str(&format!(", {broken} with something that could not be read"));
    }
    let figures = if assumed > 0 { format!("zone assumed in {assumed}") } else { String::new() };
    let inner = headed(&title, &figures, is_focused, theme, frame, area);
    if files.is_empty() {
        let text = "No files are open. `bridgewatch open PATH…` opens some; `bridgewatch init` finds live sources; o opens a bundled incident.";
        let text = wrap_to(text, usize::from(inner.width), usize::from(inner.height));
        return lines(text.into_iter().map(|line| Line::styled(line, theme.muted)).collect(), frame, inner);
    }
    let [header, rows] = Layout::vertical([Constraint::Length(1), Constraint::Fill(1)]).areas(inner);
    let width = List::room(rows);
    let is_wide = width >= 100;
    let path = if is_wide { (width / 3).clamp(28, 50) } else { 24 };
    let (system, size) = if is_wide { (17, 9) } else { (0, 0) };
    let trouble = width.saturating_sub(path + 1 + system + 14 + 8 + size + 10);
    let head = format!(
        "  {}{}{}{}{}{:>8}  {}",
        fit("file", path + 1),
        fit("system", system),
        fit("format", 14),
        fit("zone", 8),
        fit("    size", size),
        "records",
        fit("not read", trouble)
    );
    frame.render_widget(Line::styled(head, theme.muted), header);
    list.draw(files.len(), theme, frame, rows, |place| {
        let file = &files[place];
        let (zone, style) = zone_of(file.zone, theme);
        let unread = match (&file.trouble, file.unread) {
            (Some(why), 0) => format!("✗ {why}"),
            (Some(why), unread) => format!("✗ {} lines; {why}", count(unread)),
            (None, _) => "✓ all read".to_owned(),
        };
        Line::from(vec![
            Span::raw(format!("{} ", fit_end(&file.path, path))),
            Span::styled(fit(&file.system, system), theme.muted),
            Span::styled(format!("{} ", fit(&file.format, 13)), theme.accent),
            Span::styled(fit(&zone, 8), style),
            Span::styled(fit(&format!("{:>8}", bytes(file.bytes)), size), theme.muted),
            Span::raw(format!("{:>8}  ", count(file.records))),
            Span::styled(fit(&unread, trouble), if file.trouble.is_some() { theme.error } else { theme.ok }),
        ])
    });
}

fn zone_of(zone: Option<Zone>, theme: &Theme) -> (String, Style) {
    match zone {
        None => ("in line".to_owned(), theme.muted),
        Some(zone) if zone.assumed => ("UTC?".to_owned(), theme.warn),
        Some(zone) => (
            format!(
                "{}{:02}:{:02}",
                if zone.offset_seconds < 0 { '-' } else { '+' },
                zone.offset_seconds.abs() / 3_600,
                zone.offset_seconds.abs() / 60 % 60
            ),
            theme.muted,
        ),
    }
}

fn file_in_full(file: &FileRow) -> String {
    let zone = match file.zone {
        None => "each line carries its own".to_owned(),
        Some(zone) if zone.assumed => {
            "none in the lines, UTC assumed; `zone` under [systems.NAME] in the configuration says otherwise"
                .to_owned()
        }
        Some(zone) => format!("{} seconds ahead of UTC, as configured", zone.offset_seconds),
    };
    format!(
        "{}\n\nsystem     {}\nformat     {}\nzone       {zone}\nsize       {}\nrecords    {}\nnot read   {}\n{}",
        file.path,
        file.system,
        file.format,
        bytes(file.bytes),
        count(file.records),
        count(file.unread),
        file.trouble.as_ref().map_or_else(String::new, |why| format!(
            "\nfirst      {why}\n\nA format of your own: [[formats]] in the configuration."
        )),
    )
}

fn reach(source: &SourceHealth, theme: &Theme) -> (String, Style) {
    match &source.reach {
        Reach::Unknown => ("not asked yet".to_owned(), theme.muted),
        Reach::Reachable => ("reachable".to_owned(), theme.ok),
        Reach::Degraded(why) => (format!("degraded: {why}"), theme.warn),
        Reach::Unreachable(why) => (format!("unreachable: {why}"), theme.error),
    }
}

fn whole(source: &SourceHealth) -> String {
    if let Some(counted) = &source.counted {
        return format!("SAMPLED: {counted}");
    }
    match &source.completeness {
        Completeness::Full => "complete".to_owned(),
        Completeness::Partial(reasons) => format!("PARTIAL: {}", reasons.join(", ")),
        Completeness::Unknown => "completeness unknown".to_owned(),
    }
}

fn rows_of(source: &SourceHealth) -> String {
    match source.limit {
        Some(limit) => format!("{} of {} rows", count(source.rows), count(limit)),
        None => format!("{} rows", count(source.rows)),
    }
}

fn fresh(source: &SourceHealth, data: &Data) -> String {
    source.freshest.map_or_else(|| "nothing yet".to_owned(), |time| format!("{} old", data.now - time))
}

fn covered(source: &SourceHealth, data: &Data) -> String {
    source.covered.map_or_else(
        || "nothing covered".to_owned(),
        |window| format!("{}–{}", clock(window.from, data), clock(window.to, data)),
    )
}

pub(super) fn source_in_full(source: &SourceHealth, data: &Data) -> String {
    let (reach, _) = reach(source, &Theme::default());
    let answered = source
        .last_answer
        .map_or_else(|| "never answered".to_owned(), |time| format!("last answered {} ago", data.now - time));
    format!(
        "{} {} ({})\n\nreach       {reach}, {answered}\nfreshest    {}\nrows        {}\ncovered     {}\nwhole       {}\nnot read    {}\nqueries     {}\nsystems     {}\nnotes       {}{}",
        source.reach.symbol(),
        source.name,
        source.kind,
        fresh(source, data),
        rows_of(source),
        covered(source, data),
        whole(source),
        count(source.unread),
        count(source.queries),
        source.systems.join(", "),
        source.notes.join("; "),
        source
            .asked
            .iter()
            .map(|(question, command)| format!("\n\nasked for {question} by\n{command}"))
            .collect::<String>(),
    )
}

fn draw_live(list: &mut List, is_focused: bool, data: &Data, theme: &Theme, frame: &mut Frame, area: Rect) {
    let sources = &data.picture.sources;
    let bad = sources.iter().filter(|one| !matches!(one.reach, Reach::Reachable | Reach::Unknown)).count();
    let figures = if bad > 0 { format!("{bad} could not answer") } else { String::new() };
    let inner = headed("Live sources", &figures, is_focused, theme, frame, area);
    let [header, rows] = Layout::vertical([Constraint::Length(1), Constraint::Fill(1)]).areas(inner);
    let width = List::room(rows);
    // What does not fit is on the page that enter opens.
    let (name, covered_width, rows_width) = if width >= 110 { (18, 20, 22) } else { (11, 0, 0) };
    let rest = width.saturating_sub(2 + name + 15 + covered_width + rows_width);
    let head = format!(
        "    {}{}{}{}{}",
        fit("source", name),
        fit("freshest", 15),
        fit("covered", covered_width),
        fit("rows", rows_width),
        fit("reach, how whole", rest)
    );
    frame.render_widget(Line::styled(head, theme.muted), header);
    list.draw(sources.len(), theme, frame, rows, |place| {
        let source = &sources[place];
        let (word, style) = reach(source, theme);
        let about = [vec![word, whole(source)], source.notes.clone()].concat().join(", ");
        let is_whole = matches!(source.completeness, Completeness::Full);
        Line::from(vec![
            Span::styled(format!("{} ", source.reach.symbol()), style),
            Span::styled(fit(&source.name, name), Theme::strong(theme.text)),
            Span::raw(fit(&fresh(source, data), 15)),
            Span::raw(fit(&covered(source, data), covered_width)),
            Span::styled(fit(&rows_of(source), rows_width), if is_whole { theme.text } else { theme.warn }),
            Span::styled(fit(&about, rest), style),
        ])
    });
}

/// Why a list is empty: the filter, a source that could not answer, or nothing there.
pub(super) fn why_empty(data: &Data, what: &str) -> String {
    if let Some(progress) = data.picture.progress.filter(|progress| progress.hides_flows()) {
        return format!("{what} yet: {}.", progress.says());
    }
    if data.is_searching {
        return "searching…".to_owned();
    }
    let mut text = what.to_owned();
    if !data.filter.is_empty() {
        text.push_str(&format!(" pass the filter `{}` (x drops it)", data.filter.text));
    }
    if data.only_failing {
        text.push_str(" that fail (f shows all)");
    }
    if data.range.is_some() {
        text.push_str(" in the time that is shown (0 shows all)");
    }
    text.push('.');
    let live = data.picture.sources.iter().filter_map(|source| match &source.reach {
        Reach::Unreachable(why) | Reach::Degraded(why) => {
            Some(format!("{} could not have answered ({why})", source.name))
        }
        Reach::Unknown => Some(format!("{} was not asked yet", source.name)),
        Reach::Reachable if source.counted.is_some() => {
            Some(format!("of {} only a sample was read", source.name))
        }
        Reach::Reachable => match &source.completeness {
            Completeness::Partial(why) => {
                Some(format!("{} answered in part ({})", source.name, why.join(", ")))
            }
            _ => None,
        },
    });
    let files = data.picture.files.iter();
    let files = files.filter_map(|file| Some(format!("{}: {}", file.path, file.trouble.as_ref()?)));
    let blind: Vec<String> = live.chain(files).collect();
    if !blind.is_empty() {
        text.push_str(&format!(" Not to be taken for evidence: {}.", blind.join("; ")));
    }
    text
}
