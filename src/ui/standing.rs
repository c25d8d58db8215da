//! The board: asks that count down, hypotheses with what speaks for and against them, what is in force.

use super::outcome::Outcome;
use super::prompt::Prompt;
use super::widgets::{List, clock, cut, fit, headed, lines, ticking, wrap_to};
use super::{Action, Data, Selected, Theme};
use crate::incident::{Ask, Hypothesis, Incident, Mitigation};
use crate::telemetry::{Nanos, Time};
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Clear;

#[derive(Clone, Debug, Default)]
pub(super) struct BoardView {
    list: List,
}

/// One row of the board.
enum Item<'a> {
    Ask(&'a Ask),
    Hypothesis(&'a Hypothesis),
    Mitigation(&'a Mitigation),
    Decision(&'a crate::incident::Decision),
}

/// Open asks first, then hypotheses that nobody judged, what is in force, what was judged and decided.
fn items(incident: &Incident) -> Vec<Item<'_>> {
    let hypotheses = |is_open: bool| {
        let all = incident.hypotheses.iter().filter(move |one| one.judged.is_none() == is_open);
        all.map(Item::Hypothesis)
    };
    let measures = incident.in_force().chain(incident.proposed()).map(Item::Mitigation);
    let decisions = incident.decisions.iter().rev().map(Item::Decision);
    let asks = incident.open_asks().map(Item::Ask);
    asks.chain(hypotheses(true)).chain(measures).chain(hypotheses(false)).chain(decisions).collect()
}

/// `02:13 left`, or `OVERDUE 04:11`; and whether it is late.
pub(super) fn countdown(due: Time, now: Time) -> (String, bool) {
    let left = due - now;
    let short = |length: Nanos| {
        let text = ticking(length);
        text.strip_prefix("00:").map_or(text.clone(), str::to_owned)
    };
    if left.0 < 0 {
        (format!("OVERDUE {}", short(Nanos(-left.0))), true)
    } else {
        (format!("{} left", short(left)), false)
    }
}

impl BoardView {
    pub(super) fn act(&mut self, action: Action, data: &Data) -> Outcome {
        let Some(incident) = &data.incident else { return Outcome::NotMine };
        let items = items(incident);
        match (action, items.get(self.list.selected)) {
            (Action::Open | Action::Answer, Some(Item::Ask(ask))) => {
                Outcome::Type(Box::new(Prompt::answer(ask)))
            }
            (Action::Open, Some(Item::Hypothesis(one))) => {
                Outcome::Type(Box::new(Prompt::command_with(&format!("judge {} ", one.entry))))
            }
            (Action::Open, Some(Item::Mitigation(_))) => Outcome::Act(Action::ViewMitigate),
            (Action::Open, Some(Item::Decision(_))) => Outcome::Stay,
            _ => self.list.act(action, items.len()).into(),
        }
    }

    pub(super) fn selected(&self, data: &Data) -> Selected {
        let items = data.incident.as_ref().map(items).unwrap_or_default();
        match items.get(self.list.selected) {
            Some(item) => Selected::Text(in_full(item, data).join("\n")),
            None => Selected::Nothing,
        }
    }

    pub(super) fn draw(&mut self, data: &Data, theme: &Theme, frame: &mut Frame, area: Rect) {
        frame.render_widget(Clear, area);
        frame.buffer_mut().set_style(area, theme.text);
        let items = data.incident.as_ref().map(items).unwrap_or_default();
        let below = (area.height / 3).clamp(4, 12);
        let [top, bottom] = Layout::vertical([Constraint::Fill(1), Constraint::Length(below)]).areas(area);
        let figures = "enter answers an ask, judges a hypothesis";
        let inner = headed("Board", figures, true, theme, frame, top);
        if items.is_empty() {
            let text = "Nothing is open. a asks somebody with minutes to answer, h writes a hypothesis, d a decision, M logs a mitigation.";
            let text = wrap_to(text, usize::from(inner.width), usize::from(inner.height));
            return lines(
                text.into_iter().map(|line| Line::styled(line, theme.muted)).collect(),
                frame,
                inner,
            );
        }
        let width = List::room(inner);
        self.list.draw(items.len(), theme, frame, inner, |place| {
            let (kind, state, style, text) = row(&items[place], data, theme);
            Line::from(vec![
                Span::styled(fit(kind, 12), theme.muted),
                Span::styled(fit(&state, 18), style),
                Span::raw(cut(&text, width.saturating_sub(30))),
            ])
        });
        if let Some(item) = items.get(self.list.selected) {
            let inner = headed("In full", "", false, theme, frame, bottom);
            let text = in_full(item, data);
            let width = usize::from(inner.width);
            let text = text.iter().flat_map(|line| super::widgets::wrap(line, width));
            lines(text.map(Line::raw).collect(), frame, inner);
        }
    }
}

/// (what it is, how it stands, in which style, the text)
fn row(item: &Item, data: &Data, theme: &Theme) -> (&'static str, String, Style, String) {
    let bad = Theme::strong(theme.error);
    match item {
        Item::Ask(ask) => {
            let (text, is_late) = countdown(ask.due, data.now);
            let style = if is_late { bad } else { theme.warn };
            ("ask", text, style, format!("@{} {}", ask.who, ask.question))
        }
        Item::Hypothesis(one) => {
            let (state, style) = match &one.judged {
                Some((verdict, _)) => (verdict.to_string(), theme.muted),
                None => {
                    let count =
                        |is_for: bool| one.evidence.iter().filter(|(speaks, _)| *speaks == is_for).count();
                    (format!("proposed +{} −{}", count(true), count(false)), theme.accent)
                }
            };
            ("hypothesis", state, style, format!("#{} {} ({})", one.entry, one.text, one.owner))
        }
        Item::Mitigation(one) => {
            let (state, style) = match (one.is_in_force(), one.plan.expires) {
                (false, _) => ("proposed".to_owned(), theme.muted),
                (true, _) if one.is_expired(data.now) => ("EXPIRED: check it".to_owned(), bad),
                (true, Some(expires)) => (format!("until {}", clock(expires, data)), theme.warn),
                (true, None) => ("no expiry said".to_owned(), theme.warn),
            };
            (
                "in force",
                state,
                style,
                format!("{} {}; undo: {}", one.plan.kind, one.plan.target, one.plan.undo),
            )
        }
        Item::Decision(one) => ("decision", clock(one.time, data), theme.muted, one.text.clone()),
    }
}

/// All that is known of it, a line each.
fn in_full(item: &Item, data: &Data) -> Vec<String> {
    match item {
        Item::Ask(ask) => vec![
            format!("@{} {}", ask.who, ask.question),
            format!("asked {}, due {}; enter answers", clock(ask.asked, data), clock(ask.due, data)),
        ],
        Item::Hypothesis(one) => {
            let mut text = vec![format!("#{} {} (owner {})", one.entry, one.text, one.owner)];
            if !one.next_test.is_empty() {
                text.push(format!("next test: {}", one.next_test));
            }
            text.extend(
                one.evidence
                    .iter()
                    .map(|(is_for, what)| format!("{} {what}", if *is_for { "+" } else { "−" })),
            );
            match &one.judged {
                Some((verdict, reason)) => text.push(format!("{verdict}: {reason}")),
                None => text.push(format!(
                    ":for {0} TEXT, :against {0} TEXT; enter judges it supported, refuted or inconclusive",
                    one.entry
                )),
            }
            text
        }
        Item::Mitigation(one) => vec![
            format!("{} {}: {}", one.plan.kind, one.plan.target, one.plan.intent),
            one.measured.clone().unwrap_or_else(|| "not measured yet: e measures it".to_owned()),
        ],
        Item::Decision(one) => {
            let mut text = vec![format!("{} (decided by {})", one.text, one.decider)];
            text.extend(one.options.iter().map(|option| format!("weighed: {option}")));
            text.extend(one.objections.iter().map(|objection| format!("objection: {objection}")));
            text
        }
    }
}
