//! Flows: how each kind fares, and every flow with its verdict.

mod columns;
mod counted;

use super::outcome::Outcome;
use super::sources::why_empty;
use super::widgets::{Click, List, count, cut, fit, headed, lines, rail, wrap_to};
use super::{Action, Data, Selected, Theme};
use crate::flows::{Flow, FlowId, Hop, KindId, Verdict};
use columns::{Columns, Order, Shown};
use counted::CountedList;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Position, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use std::collections::HashMap;
use std::sync::Arc;
use strum::IntoEnumIterator;

/// Where the cursor is: the kinds, the flows that were read, or all that were counted where that is too many to be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Part {
    Board,
    #[default]
    Read,
    Counted,
}

#[derive(Clone, Debug, Default)]
pub(super) struct FlowsView {
    list: List,
    /// The board's cursor: 0 is all kinds, then the kinds of the board.
    board: List,
    counted: CountedList,
    part: Part,
    order: Order,
    /// The flows that are listed, kept until something that decides about them changes.
    listed: Vec<FlowId>,
    kinds: Vec<Cohort>,
    made_for: Option<MadeFor>,
}

/// What the list was made from: what was found, how many events there were, only failing ones, the order, the kind.
type MadeFor = (Arc<Vec<FlowId>>, u32, bool, Order, Option<KindId>);

/// What became of the flows of one kind.
#[derive(Clone, Debug)]
struct Cohort {
    kind: KindId,
    flows: u32,
    verdicts: [u32; 6],
    /// Where most of them stop, and how many do.
    stop: Option<(Hop, u32)>,
}

impl Verdict {
    /// A symbol that is told apart without colour.
    pub(super) fn symbol(self) -> &'static str {
        match self {
            Self::Completed => "✓",
            Self::Failed => "✗",
            Self::Stuck => "■",
            Self::Slow => "◷",
            Self::InFlight => "…",
            Self::Unknown => "?",
        }
    }

    pub(super) fn word(self) -> &'static str {
        match self {
            Self::InFlight => "in flight",
            other => other.into(),
        }
    }

    pub(super) fn style(self, theme: &Theme) -> Style {
        match self {
            Self::Completed => theme.ok,
            Self::Failed | Self::Stuck => theme.error,
            Self::Slow => theme.warn,
            Self::InFlight | Self::Unknown => theme.muted,
        }
    }

    pub(super) fn is_lost(self) -> bool {
        matches!(self, Self::Failed | Self::Stuck)
    }
}

impl FlowsView {
    pub(super) fn act(&mut self, action: Action, data: &Data) -> Outcome {
        self.refresh(data);
        match action {
            Action::Sort => {
                let orders: Vec<Order> = Order::iter().collect();
                let place = orders.iter().position(|order| *order == self.order).unwrap_or(0);
                self.order = orders[(place + 1) % orders.len()];
                self.list = List::default();
                Outcome::Stay
            }
            Action::NextPanel | Action::PreviousPanel => {
                let all: &[Part] = if data.picture.censuses.is_empty() {
                    &[Part::Board, Part::Read]
                } else {
                    &[Part::Board, Part::Read, Part::Counted]
                };
                let at = all.iter().position(|part| *part == self.part).unwrap_or(0);
                let step = if action == Action::NextPanel { 1 } else { all.len() - 1 };
                self.part = all[(at + step) % all.len()];
                Outcome::Stay
            }
            Action::Open if self.part == Part::Board => {
                self.part = Part::Read;
                Outcome::Stay
            }
            Action::Back if self.part == Part::Counted => {
                self.part = Part::Read;
                Outcome::Stay
            }
            Action::Back if self.board.selected > 0 => {
                self.board.selected = 0;
                self.part = Part::Read;
                Outcome::Stay
            }
            _ if self.part == Part::Counted => self.counted.act(action, data),
            _ if self.part == Part::Board => self.board.act(action, self.kinds.len() + 1).into(),
            _ => self.list.act(action, self.listed.len()).into(),
        }
    }

    pub(super) fn click(&mut self, at: Position, data: &Data) -> Click {
        self.refresh(data);
        let click = self.board.click(at, self.kinds.len() + 1);
        if click != Click::Missed {
            return Click::Moved;
        }
        if self.part == Part::Counted {
            return self.counted.click(at);
        }
        let click = self.list.click(at, self.listed.len());
        if click != Click::Missed {
            self.part = Part::Read;
        }
        click
    }

    pub(super) fn selected(&self, data: &Data) -> Selected {
        if self.part == Part::Counted {
            return self.counted.selected(data).map_or(Selected::Nothing, Selected::Text);
        }
        self.listed.get(self.list.selected).map_or(Selected::Nothing, |id| Selected::Flow(*id))
    }

    /// The kind that the board's cursor is on.
    fn kind(&self) -> Option<KindId> {
        self.board.selected.checked_sub(1).and_then(|place| self.kinds.get(place)).map(|one| one.kind)
    }

    /// Lists what was found; keeps the flow under the cursor there when others come and go.
    fn refresh(&mut self, data: &Data) {
        let flows = &data.picture.flows;
        let key = (
            data.found.flows.clone(),
            data.picture.evidence.rows(),
            data.only_failing,
            self.order,
            self.kind(),
        );
        let is_same = self.made_for.as_ref().is_some_and(|made| {
            Arc::ptr_eq(&made.0, &key.0) && (made.1, made.2, made.3, made.4) == (key.1, key.2, key.3, key.4)
        });
        if is_same {
            return;
        }
        let chosen = self.kind();
        self.kinds = cohorts(data);
        self.board.selected =
            chosen.and_then(|kind| self.kinds.iter().position(|one| one.kind == kind)).map_or(0, |at| at + 1);
        let at = self.listed.get(self.list.selected).copied();
        let passes =
            |flow: &Flow| is_listed(flow.verdict, data) && chosen.is_none_or(|kind| flow.kind == kind);
        self.listed = data.found.flows.iter().rev().copied().collect();
        self.listed.retain(|id| flows.get(*id).is_some_and(passes));
        if self.order != Order::Time {
            let measure = |id: &FlowId| flows.get(*id).map(|flow| self.order.measure(flow.into()));
            self.listed.sort_by_key(|id| std::cmp::Reverse(measure(id)));
        }
        if let Some(place) =
            at.filter(|_| self.list.selected > 0).and_then(|at| self.listed.iter().position(|id| *id == at))
        {
            self.list.selected = place;
        }
        self.made_for = Some((key.0, key.1, key.2, key.3, self.kind()));
    }

    pub(super) fn draw(&mut self, data: &Data, theme: &Theme, frame: &mut Frame, area: Rect) {
        self.refresh(data);
        let most = if area.height > 40 { 12 } else { usize::from(area.height) / 5 };
        let rows = (self.kinds.len() + 1).min(most.max(3)) as u16 + 2;
        let [top, bottom] = Layout::vertical([Constraint::Length(rows), Constraint::Fill(1)]).areas(area);
        self.draw_board(data, theme, frame, top);
        if self.part == Part::Counted {
            self.counted.refresh(data, self.order);
            return self.counted.draw(self.order, data, theme, frame, bottom);
        }
        let kind = self
            .kind()
            .map_or_else(String::new, |kind| format!(" of {}", data.picture.flows.kind(kind).name));
        let failing = if data.only_failing { ", failing and slow only" } else { "" };
        let counted: usize = data.picture.censuses.iter().map(|census| census.len()).sum();
        let sample = match counted {
            0 => String::new(),
            all => format!(", a sample of {} that were counted (→)", count(all as u64)),
        };
        let title = format!("{} flows{kind}{failing}{sample}", count(self.listed.len() as u64));
        let inner = headed(&title, &self.order.to_string(), self.part == Part::Read, theme, frame, bottom);
        if self.listed.is_empty() {
            let text =
                wrap_to(&why_empty(data, "no flows"), usize::from(inner.width), usize::from(inner.height));
            return lines(
                text.into_iter().map(|line| Line::styled(line, theme.muted)).collect(),
                frame,
                inner,
            );
        }
        let [header, rows] = Layout::vertical([Constraint::Length(1), Constraint::Fill(1)]).areas(inner);
        let columns = Columns::of(List::room(rows));
        frame.render_widget(Line::styled(format!("  {}", columns.header()), theme.muted), header);
        let listed = &self.listed;
        self.list.draw(listed.len(), theme, frame, rows, |place| {
            match data.picture.flows.get(listed[place]) {
                Some(flow) => columns.row(&shown(flow, data), data, theme),
                None => Line::raw("it became part of another flow"),
            }
        });
    }

    /// Each kind with what became of its flows, and where they stop.
    fn draw_board(&mut self, data: &Data, theme: &Theme, frame: &mut Frame, area: Rect) {
        let title = "Kinds, by what became of their flows";
        let inner = headed(title, "", self.part == Part::Board, theme, frame, area);
        let [header, rows] = Layout::vertical([Constraint::Length(1), Constraint::Fill(1)]).areas(inner);
        let width = List::room(rows);
        let cell = if width >= 110 { 8 } else { 6 };
        let fixed = 7 + 5 * (cell + 1);
        let stop = if width >= 110 { 28 } else { 16 };
        let name = width.saturating_sub(fixed + stop + 2).max(10);
        let heads: &[&str; 5] = if cell == 8 {
            &["✓ done", "✗ failed", "■ stuck", "◷ slow", "… open"]
        } else {
            &["✓", "✗", "■", "◷", "…"]
        };
        let heads: String = heads.iter().map(|head| format!(" {head:>cell$}")).collect();
        let head = format!("  {} {:>6}{heads}  {}", fit("kind", name), "flows", fit("most stop at", stop));
        frame.render_widget(Line::styled(head, theme.muted), header);
        let kinds = &self.kinds;
        let all = kinds.iter().fold(
            Cohort { kind: KindId(0), flows: 0, verdicts: [0; 6], stop: None },
            |mut all, one| {
                all.flows += one.flows;
                all.verdicts.iter_mut().zip(one.verdicts).for_each(|(sum, number)| *sum += number);
                all
            },
        );
        self.board.draw(kinds.len() + 1, theme, frame, rows, |place| {
            let (title, one) = match place.checked_sub(1) {
                None => ("all kinds", &all),
                Some(at) => (data.picture.flows.kind(kinds[at].kind).name.as_str(), &kinds[at]),
            };
            let number = |number: u32, style: Style| {
                let text = if number == 0 { "·".to_owned() } else { count(u64::from(number)) };
                Span::styled(format!(" {text:>cell$}"), if number > 0 { style } else { theme.muted })
            };
            let of = |verdict: Verdict| one.verdicts[verdict as usize];
            let stop = one.stop.map_or_else(String::new, |(hop, number)| {
                let name = data.picture.evidence.system_name(hop.to);
                if stop >= 28 {
                    let share = f64::from(number) / f64::from(one.flows.max(1));
                    format!("{} {name} {}", rail(share, 8), count(u64::from(number)))
                } else {
                    format!("{name} {}", count(u64::from(number)))
                }
            });
            Line::from(vec![
                Span::raw(fit(title, name)),
                Span::raw(format!(" {:>6}", count(u64::from(one.flows)))),
                number(of(Verdict::Completed), theme.ok),
                number(of(Verdict::Failed), theme.error),
                number(of(Verdict::Stuck), theme.error),
                number(of(Verdict::Slow), theme.warn),
                number(of(Verdict::InFlight) + of(Verdict::Unknown), theme.text),
                Span::styled(
                    format!("  {}", cut(&stop, width.saturating_sub(fixed + name + 2))),
                    theme.error,
                ),
            ])
        });
    }
}

/// Whether flows with this verdict are shown.
fn is_listed(verdict: Verdict, data: &Data) -> bool {
    !data.only_failing || verdict.is_lost() || verdict == Verdict::Slow
}

fn shown<'a>(flow: &Flow, data: &'a Data) -> Shown<'a> {
    let evidence = &data.picture.evidence;
    Shown {
        measures: flow.into(),
        verdict: flow.verdict,
        name: evidence.identifiers.identifier(flow.name).value,
        kind: &data.picture.flows.kind(flow.kind).name,
        stops: flow.failing_hop.map(|hop| (evidence.system_name(hop.from), evidence.system_name(hop.to))),
        marks: flow.marks.names().map(|mark| mark.replace('_', "-")).collect(),
    }
}

/// The kinds of the flows that were found; those that lose most come first.
fn cohorts(data: &Data) -> Vec<Cohort> {
    let mut cohorts: HashMap<KindId, (Cohort, HashMap<Hop, u32>)> = HashMap::new();
    for flow in data.found.flows.iter().filter_map(|id| data.picture.flows.get(*id)) {
        let (cohort, stops) = cohorts.entry(flow.kind).or_insert_with(|| {
            (Cohort { kind: flow.kind, flows: 0, verdicts: [0; 6], stop: None }, HashMap::new())
        });
        cohort.flows += 1;
        cohort.verdicts[flow.verdict as usize] += 1;
        if let Some(hop) = flow.failing_hop.filter(|_| flow.verdict.is_lost()) {
            *stops.entry(hop).or_default() += 1;
        }
    }
    let mut all: Vec<Cohort> = cohorts
        .into_values()
        .map(|(mut cohort, stops)| {
            cohort.stop = stops.into_iter().max_by_key(|(hop, number)| (*number, std::cmp::Reverse(*hop)));
            cohort
        })
        .collect();
    let lost = |one: &Cohort| one.verdicts[Verdict::Failed as usize] + one.verdicts[Verdict::Stuck as usize];
    all.sort_by_key(|one| (std::cmp::Reverse((lost(one), one.flows)), one.kind));
    all
}
