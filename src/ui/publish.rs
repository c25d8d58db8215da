//! Publishing from the screen: choose what goes where, look at it to the byte, then send exactly that.

use super::outcome::Outcome;
use super::widgets::{List, fit, headed, lines, wrap, wrap_to};
use super::{Action, Data, Destination, Effect, Preview, Selected, Theme};
use crate::incident::Audience;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Clear;
use strum::IntoEnumIterator;

/// What is chosen, and the preview once it is there.
#[derive(Clone, Debug, Default)]
pub(super) struct PublishView {
    list: List,
    /// An update for this audience; the write-up without one.
    update: Option<Audience>,
    stage: Stage,
    offset: usize,
    height: usize,
}

#[derive(Clone, Debug, Default)]
enum Stage {
    #[default]
    Choosing,
    /// The target was asked what is there already.
    Asked,
    Shown(Preview),
    /// Everybody can read it, and the person was told so once.
    Warned(Preview),
}

impl PublishView {
    /// What would be sent.
    pub(super) fn show(&mut self, preview: Preview) {
        self.offset = 0;
        self.stage = Stage::Shown(preview);
    }

    pub(super) fn act(&mut self, action: Action, data: &Data) -> Outcome {
        match (&self.stage, action) {
            (Stage::Shown(preview), Action::Publish)
                if preview.destination.is_public && preview.token.is_some() =>
            {
                self.stage = Stage::Warned(preview.clone());
                Outcome::Complain(
                    "everybody can read a status page: W again sends it all the same".to_owned(),
                )
            }
            (Stage::Shown(preview) | Stage::Warned(preview), Action::Publish) => match &preview.token {
                Some(token) => {
                    let send = Effect::Publish(token.clone());
                    Outcome::Each(vec![Outcome::Close, Outcome::Do(send)])
                }
                None => Outcome::Complain("there is nothing to send".to_owned()),
            },
            (Stage::Shown(_) | Stage::Warned(_), _) => self.scroll(action),
            (_, Action::Back) => Outcome::NotMine,
            (_, Action::Open | Action::Publish) => self.ask(data, false),
            (_, Action::Export) => self.ask(data, true),
            (_, Action::NextPanel | Action::PreviousPanel) => {
                self.turn(action == Action::NextPanel);
                Outcome::Stay
            }
            _ => self.list.act(action, data.targets.len()).into(),
        }
    }

    fn ask(&mut self, data: &Data, is_by_hand: bool) -> Outcome {
        let Some(chosen) = data.targets.get(self.list.selected) else {
            return Outcome::Complain("the configuration names no target: [[publish]]".to_owned());
        };
        if data.incident.is_none() {
            return Outcome::Complain("there is no incident to publish; declare one first (D)".to_owned());
        }
        let (target, update) = (chosen.name.clone(), self.update);
        if is_by_hand || chosen.is_by_hand {
            return Outcome::Do(Effect::ByHand { target, update });
        }
        self.stage = Stage::Asked;
        Outcome::Do(Effect::Plan { target, update })
    }

    /// The write-up, then an update for each audience.
    fn turn(&mut self, forward: bool) {
        let all: Vec<Option<Audience>> = std::iter::once(None).chain(Audience::iter().map(Some)).collect();
        let place = all.iter().position(|one| *one == self.update).unwrap_or(0);
        self.update = all[(place + if forward { 1 } else { all.len() - 1 }) % all.len()];
    }

    fn scroll(&mut self, action: Action) -> Outcome {
        let page = self.height.saturating_sub(1).max(1);
        self.offset = match action {
            Action::NextItem => self.offset + 1,
            Action::PreviousItem => self.offset.saturating_sub(1),
            Action::PageDown => self.offset + page,
            Action::PageUp => self.offset.saturating_sub(page),
            Action::FirstItem => 0,
            _ => return Outcome::NotMine,
        };
        Outcome::Stay
    }

    pub(super) fn selected(&self) -> Selected {
        match &self.stage {
            Stage::Shown(preview) | Stage::Warned(preview) => Selected::Text(preview.text.clone()),
            Stage::Choosing | Stage::Asked => Selected::Nothing,
        }
    }

    pub(super) fn draw(&mut self, data: &Data, theme: &Theme, frame: &mut Frame, area: Rect) {
        frame.render_widget(Clear, area);
        frame.buffer_mut().set_style(area, theme.text);
        match &self.stage {
            Stage::Shown(preview) | Stage::Warned(preview) => {
                let preview = preview.clone();
                self.draw_preview(&preview, theme, frame, area);
            }
            Stage::Choosing | Stage::Asked => self.draw_choice(data, theme, frame, area),
        }
    }

    fn draw_choice(&mut self, data: &Data, theme: &Theme, frame: &mut Frame, area: Rect) {
        let inner =
            headed("Publish: nothing is sent before you saw it", "esc closes", true, theme, frame, area);
        let width = usize::from(inner.width);
        let mut what = vec![Span::styled("what (←→)  ", theme.muted)];
        for one in std::iter::once(None).chain(Audience::iter().map(Some)) {
            let name = one.map_or_else(|| "write-up".to_owned(), |audience| format!("{audience} update"));
            let is_it = one == self.update;
            let text = if is_it { format!("[{name}] ") } else { format!(" {name}  ") };
            what.push(Span::styled(text, if is_it { Theme::strong(theme.accent) } else { theme.muted }));
        }
        let said = match (&self.stage, data.targets.is_empty()) {
            (_, true) => {
                "The configuration names no target: add a [[publish]] table (docs/publishing.md). w in any view writes the report as files."
            }
            (Stage::Asked, _) => "Asking the target what is there already …",
            _ => "enter shows what would be sent, w writes a file to carry over by hand",
        };
        let said = wrap_to(said, width, 2);
        let mut head = vec![Line::from(what)];
        head.extend(said.into_iter().map(|line| Line::styled(line, theme.muted)));
        head.push(Line::raw(""));
        let used = head.len() as u16;
        lines(head, frame, inner);
        let rows = Rect { y: inner.y + used, height: inner.height.saturating_sub(used), ..inner };
        let room = List::room(rows);
        self.list.draw(data.targets.len(), theme, frame, rows, |place| {
            let target = &data.targets[place];
            Line::from(vec![
                Span::styled(fit(&target.name, 20), Theme::strong(theme.text)),
                Span::styled(fit(&target.kind, 12), theme.accent),
                Span::styled(fit(readers(target), room.saturating_sub(32)), theme.muted),
            ])
        });
    }

    fn draw_preview(&mut self, preview: &Preview, theme: &Theme, frame: &mut Frame, area: Rect) {
        let title = format!("What would go to {}", preview.destination.name);
        let figures =
            if preview.token.is_some() { "W sends exactly this, esc does not" } else { "esc closes" };
        let inner = headed(&title, figures, true, theme, frame, area);
        let text = wrap(&preview.text, usize::from(inner.width));
        self.height = usize::from(inner.height);
        self.offset = self.offset.min(text.len().saturating_sub(self.height));
        let seen = text.into_iter().skip(self.offset).take(self.height).map(Line::raw).collect();
        lines(seen, frame, inner);
    }
}

fn readers(target: &Destination) -> &'static str {
    match (target.is_public, target.is_outside, target.is_by_hand) {
        (true, ..) => "everybody reads it: redacted",
        (_, true, _) => "others read it too: redacted",
        (_, _, true) => "by hand: a file, and a link with the form filled in",
        _ => "our own people read it",
    }
}
