//! One line that a person types: a filter, a command, a fact, an ask. Editing keys are the text area's own.

mod commands;

use super::outcome::Outcome;
use super::widgets::{count, cut};
use super::{Action, Data, Filter, Theme};
use crate::incident::{self, Mitigation, Role, What, asked, decided, hand_over};
use crate::telemetry::Time;
use commands::{command, dated, rca_field};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui_textarea::TextArea;

#[derive(Clone, Debug)]
enum Purpose {
    Filter {
        before: String,
    },
    Command,
    Note,
    Decision,
    Ask,
    Answer {
        ask: u64,
    },
    Hypothesis,
    Role,
    EndMitigation {
        entry: u64,
    },
    /// The answer to a step of the loop or of a runbook.
    Step {
        stage: String,
        question: String,
    },
    RcaField {
        field: &'static str,
    },
}

/// Where a line of a longer text ends.
const PARAGRAPH: &str = " ¶ ";

/// A line being typed.
#[derive(Debug)]
pub(super) struct Prompt {
    purpose: Purpose,
    label: String,
    hint: &'static str,
    area: TextArea<'static>,
}

impl Prompt {
    fn new(purpose: Purpose, label: &str, text: &str, hint: &'static str) -> Self {
        let mut area = TextArea::new(vec![text.to_owned()]);
        area.move_cursor(ratatui_textarea::CursorMove::End);
        Self { purpose, label: label.to_owned(), hint, area }
    }

    pub(super) fn filter(before: &str) -> Self {
        Self::new(
            Purpose::Filter { before: before.to_owned() },
            "/",
            before,
            "system:kong level:error words -without /regex/",
        )
    }

    pub(super) fn command() -> Self {
        Self::new(
            Purpose::Command,
            ":",
            "",
            "an action, or flow ID, set FIELD TEXT, severity SEV2, judge supported WHY",
        )
    }

    pub(super) fn note() -> Self {
        Self::new(Purpose::Note, "fact: ", "", "-7m or 10:41 in front dates it back")
    }

    pub(super) fn decision() -> Self {
        Self::new(Purpose::Decision, "decision: ", "", "fail over | or wait | but it costs | by bob")
    }

    pub(super) fn ask() -> Self {
        Self::new(Purpose::Ask, "ask: ", "@", "@who what 3m")
    }

    pub(super) fn answer(ask: &incident::Ask) -> Self {
        Self::new(Purpose::Answer { ask: ask.entry }, &format!("@{} {} → ", ask.who, ask.question), "", "")
    }

    pub(super) fn hypothesis() -> Self {
        Self::new(Purpose::Hypothesis, "hypothesis: ", "", "the cheapest test behind a |")
    }

    pub(super) fn role() -> Self {
        Self::new(
            Purpose::Role,
            "role: ",
            "incident-commander ",
            "deputy, scribe, communications-lead, liaison, subject-matter-expert",
        )
    }

    pub(super) fn command_with(text: &str) -> Self {
        Self::new(Purpose::Command, ":", text, "")
    }

    /// What was found at a step; `done` where nothing is typed.
    pub(super) fn step(stage: &str, question: &str) -> Self {
        let purpose = Purpose::Step { stage: stage.to_owned(), question: question.to_owned() };
        Self::new(purpose, &format!("{question} → "), "", "enter alone: done")
    }

    /// A field of the write-up, its lines on one: ¶ stands where one ends.
    pub(super) fn rca_field(field: &'static str, text: &str) -> Self {
        let label = format!("{}: ", incident::Rca::label(field));
        Self::new(Purpose::RcaField { field }, &label, &text.replace('\n', PARAGRAPH), "")
    }

    pub(super) fn end_mitigation(one: &Mitigation) -> Self {
        Self::new(
            Purpose::EndMitigation { entry: one.entry },
            &format!("undo {} {}: ", one.plan.kind, one.plan.target),
            "",
            "why it is no longer needed",
        )
    }

    pub(super) fn paste(&mut self, text: &str) -> Outcome {
        self.area.insert_str(text.replace(['\n', '\r'], " "));
        self.typed()
    }

    /// What follows from what stands there now.
    fn typed(&self) -> Outcome {
        match self.purpose {
            Purpose::Filter { .. } => Outcome::Preview(self.text()),
            _ => Outcome::Stay,
        }
    }

    fn text(&self) -> String {
        self.area.lines().join(" ")
    }

    pub(super) fn key(&mut self, key: KeyEvent, data: &Data) -> Outcome {
        match key.code {
            KeyCode::Esc => match &self.purpose {
                Purpose::Filter { before } => Outcome::Filter(before.clone()),
                _ => Outcome::Close,
            },
            KeyCode::Char('c') if key.modifiers.contains(KeyModifiers::CONTROL) => Outcome::Close,
            KeyCode::Enter => self.enter(data),
            KeyCode::Backspace
                if self.text().is_empty() && !matches!(self.purpose, Purpose::RcaField { .. }) =>
            {
                Outcome::Close
            }
            KeyCode::Tab if matches!(self.purpose, Purpose::Command) => {
                self.complete();
                Outcome::Stay
            }
            _ => {
                self.area.input(crossterm::event::Event::Key(key));
                self.typed()
            }
        }
    }

    /// The first action that begins with what was typed.
    fn complete(&mut self) {
        let typed = self.text();
        let name = Action::all().map(Action::name).find(|name| name.starts_with(&typed));
        if let Some(name) = name {
            self.area = TextArea::new(vec![name.to_owned()]);
            self.area.move_cursor(ratatui_textarea::CursorMove::End);
        }
    }

    fn enter(&self, data: &Data) -> Outcome {
        let line = self.text();
        let (time, text) = dated(&line, data);
        let text = text.to_owned();
        let may_be_empty =
            matches!(self.purpose, Purpose::Filter { .. } | Purpose::Step { .. } | Purpose::RcaField { .. });
        if text.trim().is_empty() && !may_be_empty {
            return Outcome::Close;
        }
        let (first, rest) =
            text.split_once('|').map_or((text.trim(), ""), |(first, rest)| (first.trim(), rest.trim()));
        match &self.purpose {
            Purpose::Filter { .. } => match Filter::parse(&line).problem {
                Some(problem) => Outcome::Complain(problem),
                None => Outcome::Filter(line),
            },
            Purpose::Command => command(line.trim(), data),
            Purpose::Note => Outcome::Record(vec![(time, What::Fact { text })]),
            Purpose::Decision => Outcome::Record(vec![(time, decided(&text))]),
            Purpose::Ask => match asked(&text) {
                Some(what) => Outcome::Record(vec![(time, what)]),
                None => Outcome::Complain(
                    "an ask names somebody and a question: @kafka-oncall check lag 3m".to_owned(),
                ),
            },
            Purpose::Answer { ask } => {
                Outcome::Record(vec![(time, What::Answered { ask: *ask, answer: text })])
            }
            Purpose::Hypothesis => Outcome::Record(vec![(
                time,
                What::Hypothesis { text: first.to_owned(), next_test: rest.to_owned() },
            )]),
            Purpose::Role => role(&text, time, data),
            Purpose::Step { stage, question } => {
                let answer = if text.trim().is_empty() { "done".to_owned() } else { text };
                let (stage, question) = (stage.clone(), question.clone());
                Outcome::Record(vec![(time, What::Step { stage, question, answer })])
            }
            // A text may well begin with a time: it is no date of the entry.
            Purpose::RcaField { field } => rca_field(field, &line.replace(PARAGRAPH, "\n"), data.now),
            Purpose::EndMitigation { entry } => {
                Outcome::Record(vec![(time, What::MitigationUndone { mitigation: *entry, reason: text })])
            }
        }
    }

    pub(super) fn draw(&mut self, data: &Data, theme: &Theme, frame: &mut Frame, area: Rect) {
        let width = usize::from(area.width);
        let text = self.text();
        let cursor = self.area.cursor().1;
        let (before, behind): (String, String) =
            (text.chars().take(cursor).collect(), text.chars().skip(cursor).collect());
        let complaint = data.notice.as_ref().filter(|notice| notice.is_error);
        let right = match &self.purpose {
            _ if complaint.is_some() => complaint.map(|notice| notice.text.clone()).unwrap_or_default(),
            Purpose::Filter { .. } => Filter::parse(&text).problem.unwrap_or_else(|| {
                if data.is_searching {
                    return "searching…".to_owned();
                }
                let (events, flows) = (data.found.rows.len() as u64, data.found.flows.len() as u64);
                format!("{} events, {} flows", count(events), count(flows))
            }),
            _ => self.hint.to_owned(),
        };
        let at = behind.chars().next().unwrap_or(' ').to_string();
        let after: String = behind.chars().skip(1).collect();
        // A long line shows its end: that is where one types.
        let label = cut(&self.label, width / 2);
        let room = width.saturating_sub(label.chars().count() + 2);
        let shown: String = {
            let skip = before.chars().count().saturating_sub(room.saturating_sub(8));
            before.chars().skip(skip).collect()
        };
        let used = label.chars().count() + shown.chars().count() + 1 + after.chars().count() + 2;
        let mut spans = vec![
            Span::styled(format!(" {label}"), Theme::strong(theme.accent)),
            Span::styled(shown, theme.text),
            Span::styled(at, theme.selection.add_modifier(ratatui::style::Modifier::REVERSED)),
            Span::styled(after, theme.text),
        ];
        // What is wrong with the line is said, if need be in part.
        let room = width.saturating_sub(used + 3);
        if complaint.is_some() {
            spans.push(Span::styled(format!("  ! {}", cut(&right, room.saturating_sub(2))), theme.error));
        } else if right.chars().count() < room + 1 {
            spans.push(Span::styled(format!("  {right}"), theme.muted));
        }
        frame.render_widget(Line::from(spans), area);
    }
}

fn role(text: &str, time: Time, data: &Data) -> Outcome {
    let (name, person) = text.split_once(' ').unwrap_or((text, ""));
    let (person, note) =
        person.split_once('|').map_or((person.trim(), ""), |(person, note)| (person.trim(), note.trim()));
    let name = if name == "ic" { "incident-commander" } else { name };
    match name.parse::<Role>() {
        Ok(role) if !person.is_empty() => {
            // Who takes over from somebody gets all that is known, whether a note was typed or not.
            let held = data.incident.as_ref().filter(|incident| incident.roles.contains_key(&role));
            let known = held.map(|incident| hand_over(incident, &data.picture.findings, data.now));
            let note = [note.to_owned(), known.unwrap_or_default()].join("\n").trim().to_owned();
            Outcome::Record(vec![(time, What::RoleAssigned { role, person: person.to_owned(), note })])
        }
        Ok(_) => Outcome::Complain(format!("who takes {name}? {name} NAME | a hand-over note")),
        Err(_) => Outcome::Complain(format!("`{name}` is no role")),
    }
}
