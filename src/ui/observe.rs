//! The interviewer's terminal beside a drill: the hidden truth, what the candidate does, the score so far, injects at a key.
//!
//! ```text
//!  DRILL  Invoices stop before the ERP   12:30 left ×10        43 of 100
//! ┌ Truth ───────────────────┐┌ Timeline ─────────────────────────────┐
//! ├ Injects ─────────────────┤├ Score ────────────────────────────────┤
//!  n note  1-9 inject  i say  p pause  c fits  o does not fit  q quit
//! ```

use super::widgets::{List, cut, edit, fit, headed, lines, ticking, wrap};
use super::{Action, Theme};
use crate::drill::{Beside, Command, Debrief, Happening, Inject, Log, left};
use crate::telemetry::Time;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};

/// What there is to be seen.
#[derive(Clone, Debug, Default)]
pub struct Watched {
    pub log: Log,
    pub debrief: Debrief,
    pub now: Time,
}

/// What the interviewer wants.
#[derive(Debug, PartialEq)]
pub enum ObserveEffect {
    Append(Happening),
    Quit,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Panel {
    #[default]
    Truth,
    Timeline,
    Score,
}

/// A line being typed: a note, or what somebody says to the candidate.
#[derive(Debug)]
enum Typing {
    Note(String),
    Say(String),
}

/// The screen; see the module's header.
#[derive(Debug, Default)]
pub struct Observer {
    watched: Watched,
    theme: Theme,
    panel: Panel,
    truth: List,
    timeline: List,
    score: List,
    typing: Option<Typing>,
    /// Ending takes a second key.
    is_ending: bool,
    told: String,
}

impl Observer {
    pub fn new(theme: Theme) -> Self {
        Self { theme, panel: Panel::Timeline, ..Self::default() }
    }

    pub fn see(&mut self, watched: Watched) {
        // Who stands at the end of the timeline goes on with it.
        let old = self.watched.debrief.timeline.len();
        if self.timeline.selected + 1 >= old {
            self.timeline = List::at(watched.debrief.timeline.len().saturating_sub(1));
        }
        self.watched = watched;
    }

    /// Why nothing new is seen.
    pub fn complain(&mut self, text: String) {
        self.told = text;
    }

    /// What a key means.
    #[must_use]
    pub fn key(&mut self, key: KeyEvent) -> Vec<ObserveEffect> {
        self.told.clear();
        if let Some(typing) = self.typing.take() {
            return self.typed(typing, key);
        }
        let was_ending = std::mem::take(&mut self.is_ending);
        let append = |what| vec![ObserveEffect::Append(what)];
        let ask = |command| append(Happening::Asked { command });
        match key.code {
            KeyCode::Char('c') if key.modifiers.contains(KeyModifiers::CONTROL) => {
                return vec![ObserveEffect::Quit];
            }
            KeyCode::Char('q') => return vec![ObserveEffect::Quit],
            KeyCode::Tab | KeyCode::Right | KeyCode::Char('l') => self.turn(1),
            KeyCode::BackTab | KeyCode::Left => self.turn(2),
            KeyCode::Char('n') => self.typing = Some(Typing::Note(String::new())),
            KeyCode::Char('i') => self.typing = Some(Typing::Say(String::new())),
            KeyCode::Char(digit @ '1'..='9') => {
                let place = digit as usize - '1' as usize;
                match self.waiting().get(place) {
                    Some(inject) => return ask(Command::Inject { name: inject.name.clone() }),
                    None => self.told = format!("there is no inject {digit}"),
                }
            }
            KeyCode::Char('p') if self.watched.log.is_paused() => return ask(Command::Resume),
            KeyCode::Char('p') => return ask(Command::Pause),
            KeyCode::Char('s') => return ask(Command::Step { minutes: 1 }),
            KeyCode::Char('+') => {
                return ask(Command::Speed { speed: (self.watched.log.pace.speed * 2.0).max(1.0) });
            }
            KeyCode::Char('-') => {
                return ask(Command::Speed { speed: (self.watched.log.pace.speed / 2.0).max(1.0) });
            }
            KeyCode::Char('c') => return self.rule(Some(true)),
            KeyCode::Char('o') => return self.rule(Some(false)),
            KeyCode::Char('w') => return self.rule(None),
            KeyCode::Char('e') if was_ending => return ask(Command::End),
            KeyCode::Char('e') => {
                self.is_ending = true;
                self.told = "e again ends the drill".to_owned();
            }
            code => self.step(code),
        }
        Vec::new()
    }

    fn typed(&mut self, typing: Typing, key: KeyEvent) -> Vec<ObserveEffect> {
        let (mut text, is_note) = match typing {
            Typing::Note(text) => (text, true),
            Typing::Say(text) => (text, false),
        };
        match key.code {
            KeyCode::Esc => return Vec::new(),
            KeyCode::Enter if text.trim().is_empty() => return Vec::new(),
            KeyCode::Enter if is_note => {
                return vec![ObserveEffect::Append(Happening::Noted { text: text.trim().to_owned() })];
            }
            KeyCode::Enter => {
                let (from, text) = text.split_once(':').unwrap_or(("The interviewer", text.as_str()));
                let (from, text) = (from.trim().to_owned(), text.trim().to_owned());
                return vec![ObserveEffect::Append(Happening::Asked {
                    command: Command::Say { from, text },
                })];
            }
            _ => {
                edit(&mut text, key);
            }
        }
        self.typing = Some(if is_note { Typing::Note(text) } else { Typing::Say(text) });
        Vec::new()
    }

    fn turn(&mut self, steps: usize) {
        let panels = [Panel::Truth, Panel::Timeline, Panel::Score];
        let at = panels.iter().position(|panel| *panel == self.panel).unwrap_or(0);
        self.panel = panels[(at + steps) % panels.len()];
    }

    fn step(&mut self, code: KeyCode) {
        let action = match code {
            KeyCode::Down | KeyCode::Char('j') => Action::NextItem,
            KeyCode::Up | KeyCode::Char('k') => Action::PreviousItem,
            KeyCode::PageDown => Action::PageDown,
            KeyCode::PageUp => Action::PageUp,
            KeyCode::Home => Action::FirstItem,
            KeyCode::End => Action::LastItem,
            _ => return,
        };
        match self.panel {
            Panel::Truth => self.truth.act(action, usize::MAX / 2),
            Panel::Timeline => self.timeline.act(action, self.watched.debrief.timeline.len()),
            Panel::Score => self.score.act(action, self.watched.debrief.score.objectives.len()),
        };
    }

    /// Injects that were not given yet.
    fn waiting(&self) -> Vec<&Inject> {
        let log = &self.watched.log;
        let given = |inject: &&Inject| log.injects.iter().any(|one| one.name == inject.name);
        log.start.scenario.injects.iter().filter(|inject| !given(inject)).collect()
    }

    /// The person's word on the text of the chosen objective.
    fn rule(&mut self, fits: Option<bool>) -> Vec<ObserveEffect> {
        let objectives = &self.watched.debrief.score.objectives;
        match objectives.get(self.score.selected) {
            Some(one) if one.matched.is_some() => {
                let objective = one.name.clone();
                vec![ObserveEffect::Append(Happening::Ruled { objective, fits })]
            }
            _ => {
                self.panel = Panel::Score;
                self.told = "choose an objective with a text (“) first: tab, j, k".to_owned();
                Vec::new()
            }
        }
    }

    pub fn draw(&mut self, frame: &mut Frame) {
        let area = frame.area();
        frame.buffer_mut().set_style(area, self.theme.text);
        if area.width < 30 || area.height < 8 {
            frame.render_widget("bridgewatch needs 30×8 cells at least", area);
            return;
        }
        let [head, body, status] =
            Layout::vertical([Constraint::Length(1), Constraint::Fill(1), Constraint::Length(1)]).areas(area);
        self.draw_head(frame, head);
        if area.width >= 110 {
            let [one, two] =
                Layout::horizontal([Constraint::Percentage(42), Constraint::Fill(1)]).areas(body);
            let injects = (self.waiting().len() as u16 * 2 + 2).clamp(3, one.height / 3);
            let [truth, below] =
                Layout::vertical([Constraint::Fill(1), Constraint::Length(injects)]).areas(one);
            let [timeline, score] =
                Layout::vertical([Constraint::Percentage(52), Constraint::Fill(1)]).areas(two);
            self.draw_truth(frame, truth);
            self.draw_injects(frame, below);
            self.draw_timeline(frame, timeline);
            self.draw_score(frame, score);
        } else {
            let injects = (self.waiting().len() as u16 + 1).clamp(2, 5);
            let [main, below] =
                Layout::vertical([Constraint::Fill(1), Constraint::Length(injects)]).areas(body);
            match self.panel {
                Panel::Truth => self.draw_truth(frame, main),
                Panel::Timeline => self.draw_timeline(frame, main),
                Panel::Score => self.draw_score(frame, main),
            }
            self.draw_injects(frame, below);
        }
        self.draw_status(frame, status);
    }

    fn draw_head(&self, frame: &mut Frame, area: Rect) {
        let Watched { log, debrief, now } = &self.watched;
        let clock = match left(log, *now) {
            Some(left) => {
                let text = ticking(left);
                let text = text.strip_prefix("00:").unwrap_or(&text);
                let how = if log.is_paused() { "PAUSED".to_owned() } else { format!("×{}", log.pace.speed) };
                format!("{text} left {how}")
            }
            None => "over".to_owned(),
        };
        let score = format!("{} of 100 ", debrief.score.percent);
        let room =
            usize::from(area.width).saturating_sub(" DRILL  observer ".len() + clock.len() + score.len() + 3);
        let line = Line::from(vec![
            Span::styled(" DRILL ", self.theme.alarm),
            Span::styled(" observer ", self.theme.muted),
            Span::styled(cut(&debrief.title, room), Theme::strong(self.theme.text)),
            Span::styled(format!("  {clock}"), self.theme.accent),
        ]);
        frame.render_widget(line, area);
        frame.render_widget(Line::styled(score, Theme::strong(self.theme.text)).right_aligned(), area);
    }

    fn draw_truth(&mut self, frame: &mut Frame, area: Rect) {
        let is_here = self.panel == Panel::Truth;
        let inner = headed("Truth, hidden from the candidate", "", is_here, &self.theme, frame, area);
        let text = truth(&self.watched.debrief);
        let text = wrap(&text, usize::from(inner.width));
        let seen = self.truth.selected.min(text.len().saturating_sub(usize::from(inner.height)));
        self.truth.selected = seen;
        lines(text.into_iter().skip(seen).map(Line::raw).collect(), frame, inner);
    }

    fn draw_injects(&self, frame: &mut Frame, area: Rect) {
        let waiting = self.waiting();
        let inner =
            headed("Injects", "1-9 gives one, i says one of your own", false, &self.theme, frame, area);
        let width = usize::from(inner.width);
        let row = |(number, inject): (usize, &&Inject)| {
            let when = format!("({} min after {}) ", inject.when.minutes, inject.when.after);
            let when = if inject.when.after == crate::drill::Cue::Key { String::new() } else { when };
            let from = format!("{when}{}: ", inject.from);
            let room = width.saturating_sub(from.chars().count() + 2);
            Line::from(vec![
                Span::styled(format!("{} ", number + 1), self.theme.accent),
                Span::styled(from, self.theme.muted),
                Span::raw(cut(&inject.text, room)),
            ])
        };
        let mut all: Vec<Line> = waiting.iter().enumerate().map(row).collect();
        if all.is_empty() {
            all.push(Line::styled(fit("none is left", width), self.theme.muted));
        }
        lines(all, frame, inner);
    }

    fn draw_timeline(&mut self, frame: &mut Frame, area: Rect) {
        let is_here = self.panel == Panel::Timeline;
        let rows = &self.watched.debrief.timeline;
        let figures = format!("{} in all", rows.len());
        let inner = headed("Timeline: ◆ truth, ▸ the candidate", &figures, is_here, &self.theme, frame, area);
        let theme = &self.theme;
        let room = List::room(inner).saturating_sub(9);
        self.timeline.draw(rows.len(), theme, frame, inner, |place| {
            let Beside { after, truth, did, .. } = &rows[place];
            let (mark, text, style) =
                if did.is_empty() { ("◆", truth, theme.warn) } else { ("▸", did, theme.text) };
            Line::from(vec![
                Span::styled(format!("{after} "), theme.muted),
                Span::styled(format!("{mark} "), style),
                Span::styled(cut(text, room), style),
            ])
        });
    }

    fn draw_score(&mut self, frame: &mut Frame, area: Rect) {
        let is_here = self.panel == Panel::Score;
        let score = &self.watched.debrief.score;
        let figures = format!("{} texts to confirm", score.to_confirm);
        let inner = headed("Score so far", &figures, is_here, &self.theme, frame, area);
        let [top, bottom] = Layout::vertical([Constraint::Fill(1), Constraint::Length(3)]).areas(inner);
        let theme = &self.theme;
        let room = List::room(top);
        self.score.draw(score.objectives.len(), theme, frame, top, |place| {
            let one = &score.objectives[place];
            let style = if one.of == 0 {
                theme.muted
            } else if one.points == one.of {
                theme.ok
            } else if one.points == 0 {
                theme.muted
            } else {
                theme.warn
            };
            let mark = match one.matched.as_ref().map(|matched| matched.ruling) {
                Some(Some(true)) => "✓",
                Some(Some(false)) => "✗",
                Some(None) => "“",
                None => " ",
            };
            Line::from(vec![
                Span::styled(format!("{:>2}/{:<2} {mark} ", one.points, one.of), style),
                Span::raw(cut(&one.title, room.saturating_sub(8))),
            ])
        });
        if let Some(one) = score.objectives.get(self.score.selected) {
            let mut text = one.said.clone();
            if let Some(matched) = &one.matched {
                text = format!("{text} — “{}”", matched.text);
                if !matched.found.missed.is_empty() {
                    text.push_str(&format!(" not found: {}", matched.found.missed.join(", ")));
                }
            }
            let text = wrap(&text, usize::from(bottom.width));
            lines(text.into_iter().map(|line| Line::styled(line, theme.muted)).collect(), frame, bottom);
        }
    }

    fn draw_status(&self, frame: &mut Frame, area: Rect) {
        let line = match &self.typing {
            Some(Typing::Note(text)) => typing_line("note: ", text, &self.theme),
            Some(Typing::Say(text)) => typing_line("who: what they say: ", text, &self.theme),
            None if !self.told.is_empty() => Line::styled(format!(" ! {}", self.told), self.theme.error),
            None => {
                let keys = [
                    ("tab", "next part"),
                    ("n", "note"),
                    ("1-9", "inject"),
                    ("i", "say"),
                    ("p", "pause"),
                    ("c", "it fits"),
                    ("o", "it does not"),
                    ("s", "one minute"),
                    ("+ -", "speed"),
                    ("e", "end"),
                    ("q", "quit"),
                ];
                let mut used = 1;
                let mut spans = vec![Span::raw(" ")];
                for (key, word) in keys {
                    used += key.chars().count() + word.chars().count() + 3;
                    if used <= usize::from(area.width) {
                        spans.push(Span::styled(key, self.theme.accent));
                        spans.push(Span::styled(format!(" {word}  "), self.theme.muted));
                    }
                }
                Line::from(spans)
            }
        };
        frame.render_widget(line, area);
    }
}

fn typing_line<'a>(label: &'a str, text: &str, theme: &Theme) -> Line<'a> {
    Line::from(vec![
        Span::styled(format!(" {label}"), Theme::strong(theme.accent)),
        Span::raw(text.to_owned()),
        Span::styled("▏", theme.accent),
    ])
}

/// The truth in lines; also for who reads it without a screen.
pub fn truth(debrief: &Debrief) -> String {
    let truth = &debrief.truth;
    let mut text = format!("Trigger: {}\nRoot cause: {}\n", truth.trigger, truth.root_cause);
    text.push_str(&format!("Where: {} ({})\n", truth.root_system, truth.mode));
    match truth.mended {
        Some(time) => text.push_str(&format!("Mended: {}\n", crate::drill::after(debrief.begin, time))),
        None => text.push_str("Not mended yet\n"),
    }
    let mut list = |title: &str, all: Vec<String>| {
        if !all.is_empty() {
            text.push_str(&format!("\n{title}\n"));
            all.iter().for_each(|one| text.push_str(&format!("  {one}\n")));
        }
    };
    let lever = |one: &crate::drill::estate::Remedy| {
        let target = one.lever.target.as_ref().map(|target| format!(" {target}")).unwrap_or_default();
        format!("{} {}{target} ({}): {}", one.lever.kind, one.lever.system, one.effect, one.why)
    };
    list("What helps", truth.right.iter().map(lever).collect());
    list("What hurts", truth.wrong.iter().map(lever).collect());
    list("Contributing", truth.contributing.clone());
    let clue = |clue: &crate::drill::estate::Clue| format!("{} ({}): {}", clue.file, clue.signal, clue.what);
    list("Where the evidence lies", truth.clues.iter().map(clue).collect());
    let affected = truth.affected.iter().map(|one| {
        format!(
            "{}: {} started, {} completed, {} failed, {} late",
            one.kind, one.started, one.completed, one.failed, one.late
        )
    });
    list("Flows since the onset", affected.collect());
    let path = (1..).zip(&debrief.path).map(|(number, step)| format!("{number}. {step}"));
    list("The shorter path", path.collect());
    text
}

#[cfg(test)]
mod tests;
