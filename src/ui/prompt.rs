//! One line that a person types: a filter, a command, a fact, an ask. Editing keys are the text area's own.

use super::outcome::Outcome;
use super::widgets::{count, cut};
use super::{Action, Data, Filter, Theme, range};
use crate::incident::{
    self, ActionClass, Factor, HypothesisVerdict, Mitigation, Role, What, Why, asked, back_dated, hand_over,
};
use crate::telemetry::{Time, Window};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui_textarea::TextArea;

#[derive(Clone, Debug)]
enum Purpose {
    Filter { before: String },
    Command,
    Note,
    Decision,
    Ask,
    Answer { ask: u64 },
    Hypothesis,
    Role,
    EndMitigation { entry: u64 },
}

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
        Self::new(Purpose::Decision, "decision: ", "", "what was decided; objections behind a |")
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
            KeyCode::Backspace if self.text().is_empty() => Outcome::Close,
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
        let (time, text) = back_dated(&line, data.now);
        let text = text.to_owned();
        if text.trim().is_empty() && !matches!(self.purpose, Purpose::Filter { .. }) {
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
            Purpose::Decision => {
                let objections = if rest.is_empty() { Vec::new() } else { vec![rest.to_owned()] };
                Outcome::Record(vec![(
                    time,
                    What::Decision {
                        text: first.to_owned(),
                        options: Vec::new(),
                        objections,
                        decider: String::new(),
                    },
                )])
            }
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
        let right = match &self.purpose {
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
        if used + right.chars().count() + 2 < width {
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

/// A command behind `:`.
fn command(line: &str, data: &Data) -> Outcome {
    if let Ok(action) = line.parse::<Action>() {
        return Outcome::Act(action);
    }
    // Only to see that the terminal survives it; no release has this command.
    assert!(!(cfg!(debug_assertions) && line == "panic"), "asked to panic");
    let (verb, rest) = line.split_once(' ').map_or((line, ""), |(verb, rest)| (verb, rest.trim()));
    let parts: Vec<&str> = rest.split('|').map(str::trim).collect();
    let now = data.now;
    let incident = data.incident.as_ref();
    if incident.is_none()
        && !matches!(verb, "flow" | "open" | "incident" | "filter" | "q" | "between" | "since")
    {
        return Outcome::Complain(match Action::all().find(|action| action.name().contains(verb)) {
            Some(action) => format!("`{verb}` is no command; did you mean {}?", action.name()),
            None => format!("`{verb}` is no command, or needs an incident (D declares one); ? lists them"),
        });
    }
    match verb {
        "q" => Outcome::Act(Action::Quit),
        "flow" if !rest.is_empty() => Outcome::Find(rest.to_owned()),
        "filter" => Outcome::Filter(rest.to_owned()),
        "between" | "since" => between(rest, data),
        "incident" | "open" if !rest.is_empty() => Outcome::Incident(rest.to_owned()),
        "set" => match rest.split_once(' ') {
            Some((field, text)) if incident::Rca::FIELDS.contains(&field) => Outcome::Record(vec![(
                now,
                What::RcaField { field: field.to_owned(), text: text.trim().to_owned() },
            )]),
            _ => {
                Outcome::Complain(format!("set FIELD TEXT; fields are {}", incident::Rca::FIELDS.join(", ")))
            }
        },
        "factor" => match rest.split_once(' ') {
            Some((class, text)) if Factor::TAXONOMY.contains(&class) => Outcome::Record(vec![(
                now,
                What::RcaFactor { factor: Factor { class: class.to_owned(), text: text.trim().to_owned() } },
            )]),
            _ => Outcome::Complain(format!("factor CLASS TEXT; classes are {}", Factor::TAXONOMY.join(", "))),
        },
        "why" if parts.len() == 2 => {
            let mut whys = incident
                .map(|incident| incident::draft(incident, &data.picture.findings).whys)
                .unwrap_or_default();
            whys.push(Why {
                depth: whys.len() as u8,
                text: parts[1].to_owned(),
                evidence: parts[0].to_owned(),
            });
            Outcome::Record(vec![(now, What::RcaWhys { whys })])
        }
        "action" => action(rest, &parts, now),
        "impact" | "ended" => {
            let (time, _) = back_dated(&format!("{rest} x"), now);
            Outcome::Record(vec![(
                now,
                if verb == "impact" { What::ImpactBegan { time } } else { What::ImpactEnded { time } },
            )])
        }
        "severity" => match rest.split_once(' ').map_or(rest, |(first, _)| first).parse() {
            Ok(severity) => Outcome::Record(vec![(
                now,
                What::SeverityChanged {
                    severity,
                    reason: rest.split_once(' ').map_or("", |(_, reason)| reason).to_owned(),
                },
            )]),
            Err(_) => Outcome::Complain("severity SEV1..SEV4 REASON".to_owned()),
        },
        "judge" => judge(rest, data),
        "for" | "against" if !rest.is_empty() => speak(verb == "for", rest, data),
        "cadence" => match rest.parse() {
            Ok(minutes) => Outcome::Record(vec![(now, What::CadenceChanged { minutes })]),
            Err(_) => Outcome::Complain("cadence MINUTES: how often an update is due from now on".to_owned()),
        },
        "apply" => match incident.into_iter().flat_map(incident::Incident::proposed).last() {
            Some(one) => Outcome::Record(vec![(now, What::MitigationApplied { mitigation: one.entry })]),
            None => Outcome::Complain("no mitigation is proposed".to_owned()),
        },
        "done" => match rest.parse() {
            Ok(action) => Outcome::Record(vec![(now, What::ActionClosed { action })]),
            Err(_) => {
                Outcome::Complain("done ENTRY: the number of the entry that added the action".to_owned())
            }
        },
        _ => Outcome::Complain(format!("`{verb}` is no command here; ? lists the actions")),
    }
}

fn action(rest: &str, parts: &[&str], now: Time) -> Outcome {
    let (class, _) = rest.split_once(' ').unwrap_or((rest, ""));
    let Ok(class) = class.parse::<ActionClass>() else {
        return Outcome::Complain("action CLASS TEXT | owner | due | verification | systemic; classes are prevent, detect, mitigate, process".to_owned());
    };
    let get = |place: usize| parts.get(place).map_or(String::new(), |part| (*part).to_owned());
    let text = parts[0].split_once(' ').map_or("", |(_, text)| text).trim().to_owned();
    let action = incident::Action {
        class,
        text,
        owner: get(1),
        due: get(2),
        verification: get(3),
        is_systemic: get(4) == "systemic",
    };
    Outcome::Record(vec![(now, What::ActionAdded { action })])
}

/// What speaks for the newest open hypothesis, or against it.
fn speak(is_for: bool, text: &str, data: &Data) -> Outcome {
    match newest_open(data) {
        Some(hypothesis) => Outcome::Record(vec![(
            data.now,
            What::HypothesisEvidence { hypothesis, is_for, text: text.to_owned() },
        )]),
        None => Outcome::Complain("no hypothesis is open (h)".to_owned()),
    }
}

fn newest_open(data: &Data) -> Option<u64> {
    let mut all = data.incident.iter().flat_map(|incident| &incident.hypotheses);
    all.rfind(|one| one.judged.is_none()).map(|one| one.entry)
}

/// Judges the newest open hypothesis.
fn judge(rest: &str, data: &Data) -> Outcome {
    let (word, reason) = rest.split_once(' ').unwrap_or((rest, ""));
    let verdict = match word {
        "supported" => HypothesisVerdict::Supported,
        "refuted" => HypothesisVerdict::Refuted,
        "inconclusive" => HypothesisVerdict::Inconclusive,
        _ => return Outcome::Complain("judge supported|refuted|inconclusive REASON".to_owned()),
    };
    match newest_open(data) {
        Some(hypothesis) => Outcome::Record(vec![(
            data.now,
            What::HypothesisJudged { hypothesis, verdict, reason: reason.to_owned() },
        )]),
        None => Outcome::Complain("no hypothesis is open (h)".to_owned()),
    }
}

/// `10:41 11:02`, or `10:41` up to the end.
fn between(rest: &str, data: &Data) -> Outcome {
    let Some(all) = data.picture.window else { return Outcome::Complain("no time is known yet".to_owned()) };
    let mut times = rest.split_whitespace().map(|word| time_of_day(word, all, data.local.unwrap_or(0)));
    let (from, to) = (times.next().flatten(), times.next().unwrap_or(Some(all.to)));
    match (from, to) {
        (Some(from), Some(to)) => Outcome::Range(range::between(from, to, all)),
        _ => Outcome::Complain("between 10:41 11:02, or since 10:41; RFC 3339 times are fine too".to_owned()),
    }
}

/// A time of day on the clock that is shown: the first such instant within a window.
fn time_of_day(text: &str, all: Window, offset_seconds: i32) -> Option<Time> {
    const DAY: i64 = 86_400;
    if let Some(time) = Time::parse(text) {
        return Some(time);
    }
    let mut parts = text.split(':').map(str::parse::<i64>);
    let (hours, minutes) = (parts.next()?.ok()?, parts.next()?.ok()?);
    let seconds = parts.next().unwrap_or(Ok(0)).ok()?;
    let of_day = hours * 3_600 + minutes * 60 + seconds - i64::from(offset_seconds);
    let day = all.from.0.div_euclid(DAY * 1_000_000_000);
    let mut days = (day - 1..day + 3).map(|day| Time::from_seconds(day * DAY + of_day));
    days.find(|time| *time >= all.from)
}
