//! What the chosen system logs that it did not log before, or no longer does; new ones first.

use crate::suspects::{Suspect, TemplateChange, TemplateState};
use crate::ui::outcome::Outcome;
use crate::ui::widgets::{List, fit, headed, wrap_to};
use crate::ui::{Data, Theme, View};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span, Text};

pub(super) fn of<'a>(
    one: Option<&Suspect>,
    data: &'a Data,
) -> impl Iterator<Item = &'a TemplateChange> + use<'a> {
    let system = one.map(|one| one.system);
    data.picture.suspects.templates.iter().filter(move |template| Some(template.system) == system)
}

/// A filter for the lines of a pattern: its longest stretch without variables.
pub(super) fn filter(system: &str, template: &str) -> String {
    let fixed = template.split('*').map(str::trim).max_by_key(|part| part.len()).unwrap_or_default();
    let fixed: String = fixed.chars().take(60).filter(|c| *c != '"').collect();
    let fixed = fixed.trim();
    if fixed.is_empty() { format!("\"system:{system}\"") } else { format!("\"system:{system}\" \"{fixed}\"") }
}

pub(super) fn open(one: Option<&Suspect>, at: usize, data: &Data) -> Outcome {
    let Some(template) = of(one, data).nth(at) else { return Outcome::Stay };
    let system = data.picture.evidence.system_name(template.system);
    match template.example {
        Some(row) => Outcome::Event(row),
        None => Outcome::Follow(filter(system, &template.template), View::Logs),
    }
}

pub(super) fn draw(
    one: Option<&Suspect>,
    list: &mut List,
    is_focused: bool,
    data: &Data,
    theme: &Theme,
    frame: &mut Frame,
    area: Rect,
) {
    let all: Vec<&TemplateChange> = of(one, data).collect();
    let inner = headed("Its log patterns: since onset, before", "", is_focused, theme, frame, area);
    if let Some(one) = one.filter(|_| all.is_empty()) {
        let system = data.picture.evidence.system_name(one.system);
        let text =
            format!("{system} says nothing: it writes no log, or its log was not read (9 shows what was).");
        let lines = wrap_to(&text, usize::from(inner.width), usize::from(inner.height));
        return frame.render_widget(Text::from_iter(lines).style(theme.muted), inner);
    }
    let width = List::room(inner);
    list.show(is_focused, all.len(), theme, frame, inner, |place| {
        let template = all[place];
        let (word, style) = match template.state {
            TemplateState::New => ("new     ", theme.error),
            TemplateState::Surging => ("surging ", theme.warn),
            TemplateState::Vanished => ("vanished", theme.warn),
            TemplateState::Steady => ("steady  ", theme.muted),
        };
        Line::from(vec![
            Span::styled(word, style),
            Span::raw(format!(" {:>6} {:>6} ", template.count, template.baseline)),
            Span::raw(fit(&template.template, width.saturating_sub(23))),
        ])
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_searched_for_by_its_longest_fixed_part() {
        assert_eq!(
            filter("erp", "* PKIX path validation failed: * at *"),
            "\"system:erp\" \"PKIX path validation failed:\""
        );
        assert_eq!(filter("erp", "*"), "\"system:erp\"");
    }
}
