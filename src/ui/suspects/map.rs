//! Who calls whom, as a tree from the outermost systems, with what is lost on the way: the blast radius of the chosen
//! suspect, in flows and, where fields say so, in customers and value.

use crate::evidence::SystemId;
use crate::suspects::{BoardRow, Suspect};
use crate::ui::outcome::Outcome;
use crate::ui::widgets::{List, count, cut, fit, headed, lines};
use crate::ui::{Data, Theme, View};
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use std::collections::BTreeSet;

/// A system, and how deep it hangs; one that was drawn before is only named.
pub(super) struct MapRow {
    pub system: SystemId,
    depth: usize,
    is_again: bool,
}

/// The tree of calls, each system's callees once.
pub(super) fn rows(data: &Data) -> Vec<MapRow> {
    let calls = &data.picture.suspects.calls;
    let callees: BTreeSet<SystemId> = calls.iter().map(|call| call.1).collect();
    let mut roots: Vec<SystemId> =
        calls.iter().map(|call| call.0).filter(|caller| !callees.contains(caller)).collect();
    // A ring has no beginning: it is entered anywhere.
    roots.extend(calls.iter().map(|call| call.0));
    let (mut rows, mut seen) = (Vec::new(), BTreeSet::new());
    for root in roots {
        if seen.contains(&root) {
            continue;
        }
        let mut stack = vec![(root, 0)];
        while let Some((system, depth)) = stack.pop() {
            let is_again = !seen.insert(system);
            rows.push(MapRow { system, depth, is_again });
            if !is_again {
                let below = calls.iter().rev().filter(|call| call.0 == system);
                stack.extend(below.map(|call| (call.1, depth + 1)));
            }
        }
    }
    rows
}

pub(super) fn open(at: usize, data: &Data) -> Outcome {
    match rows(data).get(at) {
        Some(row) => {
            let name = data.picture.evidence.system_name(row.system);
            Outcome::Follow(format!("\"system:{name}\""), View::Flows)
        }
        None => Outcome::Stay,
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
    let inner =
        headed("Who calls whom, and what is lost", "enter shows its flows", is_focused, theme, frame, area);
    let [top, tree] = Layout::vertical([Constraint::Length(1), Constraint::Fill(1)]).areas(inner);
    let lost = Line::styled(cut(&blast(one, data), usize::from(top.width)), theme.warn);
    lines(vec![lost], frame, top);
    let all = rows(data);
    if all.is_empty() {
        let text = "nothing says who calls whom: neither spans nor a declared topology nor flows";
        return lines(vec![Line::styled(cut(text, usize::from(tree.width)), theme.muted)], frame, tree);
    }
    let width = List::room(tree);
    let board = &data.picture.suspects.board;
    list.show(is_focused, all.len(), theme, frame, tree, |place| {
        let row = &all[place];
        let own = board.iter().find(|known| known.system == row.system);
        line(row, own, one.is_some_and(|one| one.system == row.system), data, theme, width)
    });
}

fn line<'a>(
    row: &MapRow,
    own: Option<&BoardRow>,
    is_suspect: bool,
    data: &Data,
    theme: &Theme,
    width: usize,
) -> Line<'a> {
    let name = data.picture.evidence.system_name(row.system);
    let branch = if row.depth == 0 { String::new() } else { format!("{}└ ", "  ".repeat(row.depth - 1)) };
    let stopped = own.map_or(0, |own| own.stopped);
    let passed = own.map_or(0, |own| own.passed);
    let (said, style) = match (row.is_again, stopped, passed) {
        (true, ..) => ("↑ as above".to_owned(), theme.muted),
        (false, 0, 0) => (String::new(), theme.muted),
        (false, 0, passed) => (format!("{} failing pass", count(u64::from(passed))), theme.warn),
        (false, stopped, _) => (format!("✗ {} stop here", count(u64::from(stopped))), theme.error),
    };
    let mark = if is_suspect { "◉ " } else { "" };
    let room = width.saturating_sub(24);
    let name_style = if is_suspect { Theme::strong(theme.error) } else { theme.text };
    Line::from(vec![
        Span::styled(branch.clone(), theme.muted),
        Span::styled(fit(&format!("{mark}{name}"), room.saturating_sub(branch.chars().count())), name_style),
        Span::styled(format!(" {said}"), style),
    ])
}

/// `1,204 of 3,310 flows lost since onset; 88 customers, 41,200.00 EUR`
fn blast(one: Option<&Suspect>, data: &Data) -> String {
    let (lost, flows) =
        data.picture.ways.iter().fold((0, 0), |(lost, flows), way| (lost + way.lost, flows + way.flows));
    let board = &data.picture.suspects.board;
    let own = one.and_then(|one| board.iter().find(|row| row.system == one.system));
    let mut said = match (flows, own) {
        (0, _) => "no flows: the blast radius is unknown".to_owned(),
        (_, Some(own)) if own.stopped > 0 => format!(
            "{} of {} flows lost since onset, {} of them here",
            count(u64::from(lost)),
            count(u64::from(flows)),
            count(u64::from(own.stopped))
        ),
        _ => format!("{} of {} flows lost since onset", count(u64::from(lost)), count(u64::from(flows))),
    };
    if let Some(losses) = &data.picture.findings.losses {
        said += &format!("; {losses}");
    }
    said
}
