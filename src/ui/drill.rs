//! The face of a drill on the cockpit: the brief, what pages and who calls, and what can be asked of it.

use super::widgets::{clock, cut, wrap};
use super::{Action, Data, Effect, Keymap, Over, Theme, Ui, page};
use crate::drill::{Command, Log, after};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::{Clear, Paragraph};

/// What lies over the view for a while, and what was asked once and is to be said twice.
#[derive(Debug, Default)]
pub(super) struct DrillFace {
    toasts: Vec<Toast>,
    /// Asked for once; a second time does it.
    asked: Option<Action>,
}

/// News that shows by itself, without taking the keyboard.
#[derive(Clone, Debug, PartialEq)]
struct Toast {
    title: String,
    text: String,
    /// Ticks that it stays.
    left: u32,
}

/// Twenty seconds of ticks.
const STAYS: u32 = 80;
/// The most toasts at once; older ones are in the brief.
const MOST: usize = 3;

impl DrillFace {
    pub(super) fn tick(&mut self) {
        self.toasts.retain_mut(|toast| {
            toast.left = toast.left.saturating_sub(1);
            toast.left > 0
        });
    }

    pub(super) fn clear(&mut self) {
        self.toasts.clear();
    }

    fn push(&mut self, title: String, text: &str) {
        self.toasts.push(Toast { title, text: text.to_owned(), left: STAYS });
        self.toasts.drain(..self.toasts.len().saturating_sub(MOST));
    }

    /// In the upper right corner, the newest last.
    pub(super) fn draw(&self, theme: &Theme, frame: &mut Frame, area: Rect) {
        let width = (area.width / 2).clamp(30, 56).min(area.width);
        let mut y = area.y;
        for toast in &self.toasts {
            let text = wrap(&toast.text, usize::from(width.saturating_sub(2)));
            let height = (text.len() as u16 + 2).min(8);
            if y + height > area.bottom() {
                return;
            }
            let place = Rect { x: area.right() - width, y, width, height };
            frame.render_widget(Clear, place);
            frame.buffer_mut().set_style(place, theme.text);
            let block = super::widgets::dialog(cut(&toast.title, usize::from(width) - 6), theme);
            let inner = block.inner(place);
            frame.render_widget(block.border_style(theme.warn), place);
            frame.render_widget(Paragraph::new(text.into_iter().map(Line::raw).collect::<Vec<_>>()), inner);
            y += height;
        }
    }
}

impl Ui {
    /// The drill as it is now: what is new since the last time is told.
    pub(super) fn see_drill(&mut self, log: Box<Log>) {
        let news = |known: usize, all: usize| known.min(all)..all;
        match self.data.drill.take() {
            Some(old) => {
                for (at, text) in &log.alerts[news(old.alerts.len(), log.alerts.len())] {
                    self.drill.push(format!("▲ alert {}", clock(*at, &self.data)), text);
                }
                for inject in &log.injects[news(old.injects.len(), log.injects.len())] {
                    self.drill.push(format!("☎ {}", inject.from), &inject.text);
                }
                for hint in &log.hints[news(old.hints.len(), log.hints.len())] {
                    self.drill.push(format!("✎ hint (−{} points)", hint.cost), &hint.text);
                }
                if old.ended.is_none()
                    && let Some((_, why)) = &log.ended
                {
                    self.drill.push("The drill is over".to_owned(), &format!("{why}; the scorecard follows"));
                }
            }
            None => self
                .over
                .push(Over::Page(page::Page::text("The brief", &brief(&log, &self.data, &self.keymap)))),
        }
        self.data.drill = Some(log);
    }

    /// What is asked of the drill; whether it was for here.
    pub(super) fn act_on_drill(&mut self, action: Action, effects: &mut Vec<Effect>) -> bool {
        if action == Action::Back && !self.drill.toasts.is_empty() {
            self.drill.clear();
            return true;
        }
        let asked = self.drill.asked.take();
        let is_ours = matches!(
            action,
            Action::DrillBrief
                | Action::DrillPause
                | Action::DrillStep
                | Action::DrillHint
                | Action::DrillRestart
                | Action::DrillEnd
        );
        if !is_ours {
            return false;
        }
        let Some(log) = &self.data.drill else {
            self.complain("no drill is under way; `bridgewatch drill start` begins one");
            return true;
        };
        let again = asked == Some(action);
        let doubt = match action {
            Action::DrillRestart if !again => Some("again to leave this drill and begin it anew".to_owned()),
            Action::DrillEnd if !again && log.ended.is_none() => {
                Some("again to end the drill and read how it went".to_owned())
            }
            Action::DrillHint if !again => log
                .hints_left()
                .first()
                .map(|hint| format!("the next hint costs {} points of 100; again to take it", hint.cost)),
            _ => None,
        };
        if let Some(doubt) = doubt {
            self.drill.asked = Some(action);
            self.tell(&doubt);
            return true;
        }
        let is_over = log.ended.is_some();
        match action {
            Action::DrillBrief => {
                let text = brief(log, &self.data, &self.keymap);
                self.over.push(Over::Page(page::Page::text("The brief", &text)));
            }
            Action::DrillRestart => effects.push(Effect::RestartDrill),
            Action::DrillEnd => effects.push(Effect::Drill(Command::End)),
            _ if is_over => self.complain("the drill is over"),
            Action::DrillHint if log.hints_left().is_empty() => self.complain("there is no hint left"),
            Action::DrillHint => effects.push(Effect::Drill(Command::Hint)),
            Action::DrillStep => effects.push(Effect::Drill(Command::Step { minutes: 1 })),
            _ => {
                let command = if log.is_paused() { Command::Resume } else { Command::Pause };
                effects.push(Effect::Drill(command));
            }
        }
        true
    }
}

/// What one was told so far.
fn brief(log: &Log, data: &Data, keymap: &Keymap) -> String {
    let scenario = &log.start.scenario;
    let mut text = format!("DRILL: {}\n\n{}\n", scenario.title, scenario.brief.trim());
    let suspects = if log.start.hides_suspects { " Suspects are hidden." } else { "" };
    text.push_str(&format!(
        "\nYou have {} minutes, from {} to {} of the drill's time. It is an exercise: nothing happens to a real \
         system, and it counts in no figure. Declare the incident (D), keep the record, log what you do against it \
         (M): it acts on the simulated estate as it would in life. Write it up (8) before the end.{suspects}\n",
        log.start.minutes,
        clock(log.begin, data),
        clock(log.ends(), data),
    ));
    let mut list = |title: &str, lines: Vec<String>| {
        if !lines.is_empty() {
            text.push_str(&format!("\n{title}\n"));
            lines.iter().for_each(|line| text.push_str(&format!("  {line}\n")));
        }
    };
    list("To be learnt", scenario.goals.clone());
    list("Alerts", log.alerts.iter().map(|(at, text)| format!("{} {text}", after(log.begin, *at))).collect());
    let calls =
        log.injects.iter().map(|one| format!("{} {}: {}", after(log.begin, one.at), one.from, one.text));
    list("Calls", calls.collect());
    let hints = log.hints.iter().map(|hint| format!("{} (−{})", hint.text, hint.cost)).collect();
    list("Hints taken", hints);
    let ways = [
        (Action::DrillPause, "pauses"),
        (Action::DrillStep, "lets a minute pass"),
        (Action::DrillHint, "takes a hint at its price"),
        (Action::DrillBrief, "shows this again"),
        (Action::DrillRestart, "begins anew"),
        (Action::DrillEnd, "ends it"),
    ];
    let keys = ways.iter().filter_map(|(action, does)| Some(format!("{} {does}", keymap.keys(*action)?)));
    let keys = keys.collect::<Vec<_>>().join(", ");
    let hints = match log.hints_left().len() {
        0 => "No hint is left".to_owned(),
        1 => "One hint is left".to_owned(),
        count => format!("{count} hints are left"),
    };
    text.push_str(&format!("\n{hints}. {keys}.\n"));
    text
}

#[cfg(test)]
mod tests;
