//! The help of a view: what it shows, its own keys first, then all others. Made from the actions and the keymap.

use super::outcome::Outcome;
use super::page::Page;
use super::{Action, Keymap, Theme, View, hints};
use ratatui::Frame;
use ratatui::layout::Rect;

#[derive(Clone, Debug)]
pub(super) struct Help {
    page: Page,
}

impl Help {
    pub(super) fn new(view: View, is_flow: bool, keymap: &Keymap) -> Self {
        let own = if is_flow { hints::FLOW } else { hints::own(view) };
        let about = if is_flow { FLOW } else { about(view) };
        let mut text = format!("{about}\n\nHere\n");
        own.iter().for_each(|action| text.push_str(&line(*action, keymap)));
        text.push_str("\nEverywhere\n");
        Action::all()
            .filter(|action| !own.contains(action))
            .for_each(|action| text.push_str(&line(action, keymap)));
        text.push_str(FILTERS);
        let title = if is_flow { "Help: a flow".to_owned() } else { format!("Help: {view}") };
        Self { page: Page::text(&title, &text) }
    }

    pub(super) fn act(&mut self, action: Action) -> Outcome {
        if action == Action::Help { Outcome::Close } else { self.page.act(action) }
    }

    pub(super) fn draw(&mut self, theme: &Theme, frame: &mut Frame, area: Rect) {
        self.page.draw(theme, frame, area);
    }
}

/// `   D  Declare an incident                                      declare`
fn line(action: Action, keymap: &Keymap) -> String {
    let keys = keymap.all_keys(action).join(" ");
    format!("    {:<14} {:<18} {}\n", keys, action.name(), action.about())
}

const FILTERS: &str = "
Filters, behind /
    words \"two words\"   that stand in the message        -words  that do not
    /regex/              a regular expression
    system:kong          parts of names                   -system:kong
    level:warn           warn and worse                   -level:debug  without this level
    kind:span            log, span or alert
    flow:ID              events of the flow that has this identifier
    verdict:failed       events of flows with this verdict or mark (retried, dead_lettered, …)
    stops:erp            events of flows that stop at this system, or on the way to it
    status=504           a field of the record            -status=200

The mouse: click tabs and rows (again to open), wheel, drag along the course of flows for a stretch of time.
";

const FLOW: &str = "A flow from end to end: a lane a system, ━ work, ┈ waiting, ✗ failures; ⏱ where a clock was set right; dotted lanes were expected and never reached. Below: each event with how it joined.";

fn about(view: View) -> &'static str {
    match view {
        View::Bridge => {
            "The bridge: steps answer themselves from the evidence where they can (✓), others wait for you (○); enter on a step opens what its answer rests on, i answers it by hand. Then what to say, asks that count down, the suspects, how far flows come, and the record with the numbers that claims cite."
        }
        View::Flows => {
            "Flows: events of all systems joined by their identifiers. ✓ completed, ✗ failed, ■ stuck, ◷ slow, … in flight, ? unknown because a source could not answer."
        }
        View::Logs => {
            "Logs: every record of every system in order of time, clocks set right. The bars show how many, and how many of them are warnings and errors. ⇢ marks what belongs to a flow."
        }
        View::Metrics => {
            "Metrics: what departed from its usual first. ▲ higher, ▼ lower than before the onset. On the charts: ▼ onset, ◆ change, ┊ mitigation. Enter opens a flow of the moment at which the series was worst. → shows every system at a glance instead, with no set-up: rate, errors, latency, and what its metrics say of waiting, dead letters, saturation and quota."
        }
        View::Traces => {
            "Traces: flows that have spans, failing first, as waterfalls: ━ the critical path, ✗ failed, ? a span whose parent is missing, ⇢ one that consumed what the span above it produced, across a queue. Own time is what nothing below a span accounts for. Under the waterfall the chosen span and the logs that name it."
        }
        View::Suspects => {
            "Suspects: ranked by open arithmetic; each reason says its figures and its share. Symptoms are kept apart from causes. → turns the part below: reasons, log patterns, attributes in which failing flows differ, every system at a glance, who calls whom with what is lost, why not the others. Enter goes into the part, and there opens the event, flow, series, change or time that the cursor is on; esc leaves it."
        }
        View::Mitigate => {
            "Mitigations: each with what it was meant to do, and what it did, measured in equal windows before and after; on the course of a signal ┊ is where it was applied. `:extend 30` says that it is still needed, `:apply` that a proposed one is in force."
        }
        View::Rca => {
            "The write-up: drafted from record and evidence; beside it what stands against calling it done. Enter writes the part under the cursor; W publishes it, w writes it to files."
        }
        View::Sources => {
            "Sources: what could be reached and read, and what could not. That a source which could not answer shows nothing says nothing."
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use strum::IntoEnumIterator;

    /// The page of all keys: `BRIDGEWATCH_DOCS=write` makes it anew.
    #[test]
    fn the_page_of_keys_says_what_the_keymap_says() {
        let keymap = Keymap::default();
        let mut page = "# Keys\n\nMade from `keymap.toml`; a keymap of one's own adds to it and overrides it. `?` shows \
                        them for the view that is open,\n`:` takes the names as commands, `ctrl-p` finds them.\n"
            .to_owned();
        let line = |page: &mut String, action: Action| {
            let keys: Vec<String> = keymap.all_keys(action).iter().map(|key| format!("`{key}`")).collect();
            page.push_str(&format!("| {} | `{}` | {} |\n", keys.join(" "), action.name(), action.about()));
        };
        let head = "\n| keys | name | what it does |\n| --- | --- | --- |\n";
        page.push_str(&format!("\n## Everywhere\n{head}"));
        Action::all().for_each(|action| line(&mut page, action));
        for view in View::iter() {
            page.push_str(&format!("\n## {view}\n\n{}\n{head}", about(view)));
            hints::own(view).iter().for_each(|action| line(&mut page, *action));
        }
        page.push_str(&format!("\n## A flow\n\n{FLOW}\n{head}"));
        hints::FLOW.iter().for_each(|action| line(&mut page, *action));
        page.push_str(&format!("\n## Filters and mouse\n\n```text\n{}\n```\n", FILTERS.trim_matches('\n')));
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/keys.md");
        if std::env::var("BRIDGEWATCH_DOCS").as_deref() == Ok("write") {
            std::fs::write(path, &page).unwrap();
        }
        let kept = std::fs::read_to_string(path).unwrap_or_default();
        let differing: Vec<&str> =
            page.lines().filter(|line| !kept.lines().any(|one| one == *line)).collect();
        assert!(kept == page, "docs/keys.md is not what the keymap says; not there yet: {differing:#?}");
    }
}
