//! Forms: declare an incident, log a mitigation, send an update.

use super::outcome::Outcome;
use super::widgets::{dialog, edit, fit, wrap};
use super::{Data, Effect, Theme};
use crate::incident::{
    Audience, Findings, Impact, Incident, MitigationKind, Opening, Outward, PinKind, Plan, What,
    status_update,
};
use crate::telemetry::{Nanos, Time};
use crossterm::event::{KeyCode, KeyEvent};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Clear, Paragraph};
use strum::IntoEnumIterator;

/// A form with a cursor on one of its fields.
#[derive(Debug)]
pub(super) struct Dialog {
    form: Form,
    field: usize,
}

#[derive(Debug)]
enum Form {
    Declare { title: String, impact: Box<Impact>, from: Opening },
    Mitigate { plan: Box<Plan>, guards: String, minutes: String, is_proposed: bool },
    Update { audience: Audience, texts: Vec<(Audience, String)> },
}

const MITIGATION_FIELDS: [&str; 12] = [
    "kind (←→)",
    "target",
    "intent",
    "expected effect",
    "watch signal",
    "guard signals",
    "risk",
    "undo step",
    "owner",
    "approver",
    "look again in min",
    "state (←→)",
];

impl Dialog {
    /// With a title from what it is declared from, enter is all that it takes; without one, the title comes first.
    pub(super) fn declare(from: Opening) -> Self {
        let field = usize::from(!from.title.is_empty());
        Self { form: Form::Declare { title: from.title.clone(), impact: Box::default(), from }, field }
    }

    pub(super) fn mitigate(target: &str, findings: &Findings) -> Self {
        let usual = findings
            .usual_mitigations
            .first()
            .and_then(|usual| usual.split_whitespace().next()?.parse::<MitigationKind>().ok());
        let kind = usual.unwrap_or_default();
        let plan = Plan {
            kind,
            target: target.to_owned(),
            watch: "failing flows".to_owned(),
            expected: "failing flows fall back to their usual".to_owned(),
            undo: kind.usual_undo().to_owned(),
            ..Plan::default()
        };
        let form = Form::Mitigate {
            plan: Box::new(plan),
            guards: String::new(),
            minutes: "60".to_owned(),
            is_proposed: false,
        };
        Self { form, field: 0 }
    }

    pub(super) fn update(incident: &Incident, data: &Data) -> Self {
        let picture = &data.picture;
        let known = data.catalogue.iter().map(|service| service.name.clone());
        let outward =
            Outward::of(incident, Outward::seen(&picture.evidence, &picture.flows).into_iter().chain(known));
        let texts = Audience::iter()
            .map(|audience| {
                let text = status_update(incident, &data.picture.findings, audience, data.now);
                // What customers read leaves the company.
                let is_inside = audience != Audience::Customer;
                (audience, if is_inside { text } else { outward.text(&text) })
            })
            .collect();
        Self { form: Form::Update { audience: Audience::Technical, texts }, field: 0 }
    }

    pub(super) fn key(&mut self, key: KeyEvent, data: &Data) -> Outcome {
        if key.code == KeyCode::Esc {
            return Outcome::Close;
        }
        match &mut self.form {
            Form::Declare { title, impact, from } => {
                declare_key(key, &mut self.field, title, impact, from, data)
            }
            Form::Mitigate { plan, guards, minutes, is_proposed } => {
                mitigate_key(key, &mut self.field, plan, (guards, minutes, is_proposed), data)
            }
            Form::Update { audience, texts } => {
                let all: Vec<Audience> = Audience::iter().collect();
                let place = all.iter().position(|one| one == audience).unwrap_or(0);
                match key.code {
                    KeyCode::Left | KeyCode::Char('h') => {
                        *audience = all[(place + all.len() - 1) % all.len()]
                    }
                    KeyCode::Right | KeyCode::Tab | KeyCode::Char('l') => {
                        *audience = all[(place + 1) % all.len()]
                    }
                    KeyCode::Enter => {
                        let text = texts
                            .iter()
                            .find(|(one, _)| one == audience)
                            .map(|(_, text)| text.clone())
                            .unwrap_or_default();
                        return Outcome::Record(vec![(
                            data.now,
                            What::StatusUpdate { audience: audience.to_string(), text },
                        )]);
                    }
                    _ => {}
                }
                Outcome::Stay
            }
        }
    }

    /// Text that was pasted, as if it had been typed.
    pub(super) fn paste(&mut self, text: &str, data: &Data) {
        for c in text.chars().filter(|c| !c.is_control()) {
            let _ = self.key(KeyEvent::from(KeyCode::Char(c)), data);
        }
    }

    pub(super) fn draw(&mut self, data: &Data, theme: &Theme, frame: &mut Frame, area: Rect) {
        let width = area.width.min(90);
        let (title, lines) = match &self.form {
            Form::Declare { title, impact, from } => (
                "Declare an incident",
                declare_lines(title, impact, from, self.field, theme, usize::from(width) - 2),
            ),
            Form::Mitigate { plan, guards, minutes, is_proposed } => (
                "Log a mitigation (nothing is executed by bridgewatch)",
                mitigate_lines(
                    plan,
                    (guards, minutes, *is_proposed),
                    self.field,
                    theme,
                    usize::from(width) - 2,
                ),
            ),
            Form::Update { audience, texts } => {
                ("Status update", update_lines(*audience, texts, theme, usize::from(width) - 2))
            }
        };
        let height = (lines.len() as u16 + 2).min(area.height);
        let place = Rect {
            x: area.x + (area.width - width) / 2,
            y: area.y + (area.height - height) / 2,
            width,
            height,
        };
        let block = dialog(title, theme);
        let inner = block.inner(place);
        frame.render_widget(Clear, place);
        frame.render_widget(block, place);
        frame.render_widget(Paragraph::new(lines).style(theme.text), inner);
        let _ = data;
    }
}

/// Field 0 is the title, 1 to 5 the questions, 6 a remark.
fn declare_key(
    key: KeyEvent,
    field: &mut usize,
    title: &mut String,
    impact: &mut Impact,
    from: &Opening,
    data: &Data,
) -> Outcome {
    let last = Impact::QUESTIONS.len() + 1;
    match key.code {
        KeyCode::Up | KeyCode::BackTab => *field = field.saturating_sub(1),
        KeyCode::Down | KeyCode::Tab => *field = (*field + 1).min(last),
        KeyCode::Enter if title.trim().is_empty() => {
            *field = 0;
            return Outcome::Complain("what is it? a few words will do".to_owned());
        }
        KeyCode::Enter if *field == 0 => *field = 1,
        KeyCode::Enter => {
            let mut whats = vec![(
                data.now,
                What::Declared {
                    title: title.trim().to_owned(),
                    severity: impact.severity(),
                    impact: impact.clone(),
                    is_drill: data.is_exercise(),
                },
            )];
            whats.extend(data.picture.suspects.onset.as_ref().map(|onset| {
                (data.now, What::ImpactBegan { time: onset.time, uncertainty: onset.uncertainty })
            }));
            let pin = (!from.says.is_empty()).then(|| {
                let kind = if from.rows.is_empty() { PinKind::Suspect } else { PinKind::Events };
                let (says, rows, lines) = (from.says.clone(), from.rows.clone(), from.lines.clone());
                Box::new(Effect::Pin { kind, says, rows, lines, query: String::new() })
            });
            return Outcome::Do(Effect::Declare { whats, pin });
        }
        _ if *field == 0 => {
            edit(title, key);
        }
        _ if *field == last => {
            edit(&mut impact.text, key);
        }
        KeyCode::Char(c @ ('y' | 'n' | '?')) => {
            impact.answer(
                *field - 1,
                match c {
                    'y' => Some(true),
                    'n' => Some(false),
                    _ => None,
                },
            );
            *field = (*field + 1).min(last);
        }
        _ => {}
    }
    Outcome::Stay
}

fn declare_lines<'a>(
    title: &str,
    impact: &Impact,
    from: &Opening,
    field: usize,
    theme: &Theme,
    width: usize,
) -> Vec<Line<'a>> {
    let mut lines = vec![row("what", title, field == 0, true, theme, width), Line::raw("")];
    for (place, (question, answer)) in Impact::QUESTIONS.iter().zip(impact.answers()).enumerate() {
        let answer = match answer {
            Some(true) => "yes",
            Some(false) => "no",
            None => "not known",
        };
        let is_here = field == place + 1;
        lines.push(Line::from(vec![
            Span::styled(if is_here { "▸ " } else { "  " }, theme.accent),
            Span::styled(
                fit(question, width.saturating_sub(16)),
                if is_here { theme.selection } else { theme.text },
            ),
            Span::styled(format!(" {answer}"), Theme::strong(theme.accent)),
        ]));
    }
    lines.push(row("in figures", &impact.text, field == Impact::QUESTIONS.len() + 1, true, theme, width));
    if from.says.is_empty() {
        lines.push(Line::raw(""));
    } else {
        lines.push(Line::styled(fit(&format!("  pinned with it: {}", from.says), width), theme.muted));
    }
    lines.push(Line::from(vec![
        Span::styled("  severity by these answers: ", theme.muted),
        Span::styled(format!(" {} ", impact.severity()), theme.alarm),
        Span::styled("  in doubt the higher", theme.muted),
    ]));
    lines.push(Line::styled("  y yes  n no  ? not known  ↑↓ move  enter declares  esc leaves", theme.muted));
    lines
}

/// Besides the plan: guard signals divided by commas, minutes, and whether it is only proposed.
fn mitigate_key(
    key: KeyEvent,
    field: &mut usize,
    plan: &mut Plan,
    (guards, minutes, is_proposed): (&mut String, &mut String, &mut bool),
    data: &Data,
) -> Outcome {
    let last = MITIGATION_FIELDS.len() - 1;
    let is_turn = matches!(key.code, KeyCode::Left | KeyCode::Right);
    match key.code {
        KeyCode::Up | KeyCode::BackTab => *field = field.saturating_sub(1),
        KeyCode::Down | KeyCode::Tab => *field = (*field + 1).min(last),
        KeyCode::Enter if plan.target.trim().is_empty() => {
            return Outcome::Complain("what does it act on?".to_owned());
        }
        KeyCode::Enter => {
            let minutes: Option<i64> = minutes.parse().ok();
            plan.expires = minutes.map(|minutes| data.now + Nanos::seconds(minutes * 60));
            let names = guards.split(',').map(str::trim).filter(|name| !name.is_empty());
            plan.guards = names.map(str::to_owned).collect();
            let mitigation = plan.clone();
            let what = if *is_proposed {
                What::MitigationProposed { mitigation }
            } else {
                What::MitigationStarted { mitigation }
            };
            return Outcome::Record(vec![(data.now, what)]);
        }
        _ if is_turn && *field == 0 => {
            let kinds: Vec<MitigationKind> = MitigationKind::iter().collect();
            let place = kinds.iter().position(|kind| *kind == plan.kind).unwrap_or(0);
            let step = if key.code == KeyCode::Right { 1 } else { kinds.len() - 1 };
            let is_usual = plan.undo == plan.kind.usual_undo();
            plan.kind = kinds[(place + step) % kinds.len()];
            if is_usual {
                plan.kind.usual_undo().clone_into(&mut plan.undo);
            }
        }
        _ if is_turn && *field == last => *is_proposed = !*is_proposed,
        _ => {
            let text = match *field {
                1 => &mut plan.target,
                2 => &mut plan.intent,
                3 => &mut plan.expected,
                4 => &mut plan.watch,
                5 => guards,
                6 => &mut plan.risk,
                7 => &mut plan.undo,
                8 => &mut plan.owner,
                9 => &mut plan.approver,
                10 => minutes,
                _ => return Outcome::Stay,
            };
            edit(text, key);
        }
    }
    Outcome::Stay
}

fn mitigate_lines<'a>(
    plan: &Plan,
    (guards, minutes, is_proposed): (&str, &str, bool),
    field: usize,
    theme: &Theme,
    width: usize,
) -> Vec<Line<'a>> {
    let state = if is_proposed { "proposed, not in force yet" } else { "in force now" };
    let kind = plan.kind.to_string();
    let values = [
        kind.as_str(),
        &plan.target,
        &plan.intent,
        &plan.expected,
        &plan.watch,
        guards,
        &plan.risk,
        &plan.undo,
        &plan.owner,
        &plan.approver,
        minutes,
        state,
    ];
    let is_typed = |place: usize| place != 0 && place + 1 != values.len();
    let mut lines: Vec<Line> = MITIGATION_FIELDS
        .iter()
        .zip(&values)
        .enumerate()
        .map(|(place, (name, value))| row(name, value, field == place, is_typed(place), theme, width))
        .collect();
    lines.push(Line::styled("  ↑↓ move  ←→ choose  ctrl-u clears  enter logs it  esc leaves", theme.muted));
    lines
}

fn update_lines<'a>(
    audience: Audience,
    texts: &[(Audience, String)],
    theme: &Theme,
    width: usize,
) -> Vec<Line<'a>> {
    let mut tabs = vec![Span::raw("  ")];
    for one in Audience::iter() {
        let text = if one == audience { format!("[{one}] ") } else { format!(" {one}  ") };
        tabs.push(Span::styled(
            text,
            if one == audience { Theme::strong(theme.accent) } else { theme.muted },
        ));
    }
    let mut lines = vec![Line::from(tabs), Line::raw("")];
    let text = texts.iter().find(|(one, _)| *one == audience).map_or("", |(_, text)| text.as_str());
    lines.extend(wrap(text, width.saturating_sub(2)).into_iter().map(|line| Line::raw(format!(" {line}"))));
    lines.push(Line::raw(""));
    lines.push(Line::styled("  ←→ audience  enter records and copies it  esc leaves", theme.muted));
    lines
}

fn row<'a>(name: &str, value: &str, is_here: bool, is_text: bool, theme: &Theme, width: usize) -> Line<'a> {
    let cursor = if is_here && is_text { "▏" } else { "" };
    // The end of a long value is where one types.
    let room = width.saturating_sub(24);
    let skip = value.chars().count().saturating_sub(room);
    let shown: String = value.chars().skip(skip).collect();
    Line::from(vec![
        Span::styled(if is_here { "▸ " } else { "  " }, theme.accent),
        Span::styled(fit(name, 18), theme.muted),
        Span::styled(
            format!(" {shown}{cursor}"),
            if is_here { Theme::strong(theme.text) } else { theme.text },
        ),
    ])
}

/// The text of an update that was just recorded, for the clipboard.
pub(super) fn update_text(whats: &[(Time, What)]) -> Option<String> {
    whats.iter().find_map(|(_, what)| match what {
        What::StatusUpdate { text, .. } => Some(text.clone()),
        _ => None,
    })
}
