//! One flow from end to end: a lane a system, what was expected and never came, each event with how it joined, and the
//! flow beside a healthy one of its kind.

mod lanes;
mod twin;

use super::logs::severity_style;
use super::outcome::Outcome;
use super::widgets::{Click, List, cut, fit, headed, some};
use super::{Action, Data, Selected, Theme};
use crate::evidence::{Row, SystemId};
use crate::flows::{Divergence, Flow, FlowId, How, Timeline, Verdict};
use crate::telemetry::IdentifierClass;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Position, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Clear;

/// An opened flow.
#[derive(Clone, Debug)]
pub(super) struct FlowView {
    id: FlowId,
    timeline: Timeline,
    list: List,
    /// A completed flow of the same kind, close in time.
    twin: Option<twin::Twin>,
    shows_twin: bool,
}

impl FlowView {
    pub(super) fn new(id: FlowId, data: &Data) -> Option<Self> {
        let timeline = data.picture.flows.timeline(&data.picture.evidence, id)?;
        let id = timeline.flow;
        // The last error is what one wants to see: what came of it all.
        let evidence = &data.picture.evidence;
        let error = timeline.steps.iter().rposition(|step| evidence.severity(step.row).is_error());
        let twin = twin::Twin::of(id, &timeline, data);
        Some(Self { id, list: List::at(error.unwrap_or(0)), timeline, twin, shows_twin: false })
    }

    pub(super) fn id(&self) -> FlowId {
        self.id
    }

    /// Takes in what has become known since.
    pub(super) fn refresh(&mut self, data: &Data) {
        if let Some(timeline) = data.picture.flows.timeline(&data.picture.evidence, self.id) {
            self.id = timeline.flow;
            self.timeline = timeline;
            self.twin = twin::Twin::of(self.id, &self.timeline, data);
        }
    }

    pub(super) fn act(&mut self, action: Action) -> Outcome {
        match action {
            Action::NextPanel | Action::PreviousPanel => {
                self.shows_twin = !self.shows_twin;
                Outcome::Stay
            }
            Action::Open if self.shows_twin => match &self.twin {
                Some(twin) => Outcome::Open(twin.id),
                None => Outcome::Stay,
            },
            Action::GoToFlow => Outcome::Complain("this is the flow of it".to_owned()),
            _ if self.shows_twin => Outcome::NotMine,
            _ => self.list.act(action, self.timeline.steps.len()).into(),
        }
    }

    pub(super) fn click(&mut self, at: Position) -> Click {
        if self.shows_twin { Click::Missed } else { self.list.click(at, self.timeline.steps.len()) }
    }

    pub(super) fn wanted(&self) -> Vec<Row> {
        let from = self.list.selected.saturating_sub(80);
        self.timeline.steps.iter().skip(from).take(160).map(|step| step.row).collect()
    }

    pub(super) fn selected(&self) -> Selected {
        match self.timeline.steps.get(self.list.selected) {
            Some(step) if !self.shows_twin => Selected::Event(step.row),
            _ => Selected::Flow(self.id),
        }
    }

    pub(super) fn draw(&mut self, data: &Data, theme: &Theme, frame: &mut Frame, area: Rect) {
        frame.render_widget(Clear, area);
        frame.buffer_mut().set_style(area, theme.text);
        let Some(flow) = data.picture.flows.get(self.id) else { return };
        let systems = systems(&self.timeline);
        let chart = (systems.len() + self.timeline.missing.len() + 2) as u16;
        let chart = chart.min(area.height.saturating_sub(3) * 3 / 5);
        let [head, gantt, rest] =
            Layout::vertical([Constraint::Length(3), Constraint::Length(chart), Constraint::Fill(1)])
                .areas(area);
        self.draw_head(flow, data, theme, frame, head);
        lanes::draw(&self.timeline, &systems, data, theme, frame, gantt);
        match &self.twin {
            Some(twin) if self.shows_twin => twin.draw(&self.timeline, &systems, data, theme, frame, rest),
            _ => self.draw_steps(&systems, data, theme, frame, rest),
        }
    }

    /// What it is, what became of it, and where it left the expected path.
    fn draw_head(&self, flow: &Flow, data: &Data, theme: &Theme, frame: &mut Frame, area: Rect) {
        let evidence = &data.picture.evidence;
        let width = usize::from(area.width.saturating_sub(1));
        let name = evidence.identifiers.identifier(flow.name);
        let at = flow.failing_hop.map_or_else(String::new, |hop| {
            format!(" at {} ─▶ {}", evidence.system_name(hop.from), evidence.system_name(hop.to))
        });
        let verdict = format!("{} {}{at}", flow.verdict.symbol(), flow.verdict.word().to_uppercase());
        let marks: Vec<String> = flow.marks.names().map(|mark| mark.replace('_', "-")).collect();
        let errors = if flow.errors > 0 {
            format!(", {}", some(flow.errors as usize, "error"))
        } else {
            String::new()
        };
        let figures = format!(
            "{}, {}{errors}{}{}",
            flow.last - flow.first,
            some(flow.events as usize, "event"),
            if marks.is_empty() { "" } else { ", " },
            marks.join(", ")
        );
        let title = format!(" Flow {} ", name.value);
        let verdict_room = width.saturating_sub(title.chars().count() + 1);
        let first = Line::from(vec![
            Span::styled(title.clone(), Theme::strong(theme.accent)),
            Span::styled(cut(&verdict, verdict_room), Theme::strong(flow.verdict.style(theme))),
        ]);
        let room = width.saturating_sub(first.width() + 3);
        let (first, second) = if room >= figures.chars().count() {
            let mut spans = first.spans;
            spans.push(Span::styled(format!("   {figures}"), theme.text));
            (Line::from(spans), format!(" {}", self.identifiers(data)))
        } else {
            (first, format!(" {figures} · {}", self.identifiers(data)))
        };
        frame.render_widget(first, Rect { height: 1, ..area });
        let second = Line::styled(cut(&second, width), theme.muted);
        frame.render_widget(second, Rect { y: area.y + 1, height: 1, ..area });
        let (text, is_off) = self.divergence(flow, data);
        let asked = asked(data);
        let third = Line::styled(cut(&format!(" {text}"), width), if is_off { theme.warn } else { theme.ok });
        frame.render_widget(third, Rect { y: area.y + 2, height: 1, ..area });
        if let Some(asked) = asked {
            let asked = cut(&asked, width / 2);
            let length = asked.chars().count() as u16;
            let place =
                Rect { x: area.right().saturating_sub(length + 1), y: area.y + 2, width: length, height: 1 };
            let style = if data.answering.silent.is_empty() { theme.muted } else { theme.warn };
            frame.render_widget(Clear, place);
            frame.render_widget(Line::styled(asked, style), place);
        }
    }

    /// The kind, then the identifiers that people know first.
    fn identifiers(&self, data: &Data) -> String {
        let (evidence, flows) = (&data.picture.evidence, &data.picture.flows);
        let Some(flow) = flows.get(self.id) else { return String::new() };
        let mut others: Vec<_> = flows
            .identifiers(self.id)
            .into_iter()
            .filter(|id| *id != flow.name)
            .map(|id| evidence.identifiers.identifier(id))
            .filter(|id| id.class != IdentifierClass::Span)
            .collect();
        others.sort_by_key(|id| (id.class != IdentifierClass::Business, id.class));
        let others: Vec<String> = others.iter().map(ToString::to_string).collect();
        format!("{} · {}", flows.kind(flow.kind).name, others.join(" · "))
    }

    /// Where the flow leaves the expected path, in words, and whether it does.
    fn divergence(&self, flow: &Flow, data: &Data) -> (String, bool) {
        let name = |system: SystemId| data.picture.evidence.system_name(system);
        let text = match &self.timeline.divergence {
            None if flow.verdict == Verdict::Completed => {
                return ("✓ goes the way that completed flows of its kind go".to_owned(), false);
            }
            None => return ("so far it goes the way that completed flows of its kind go".to_owned(), false),
            Some(Divergence::Missing { hop, usual }) => format!(
                "! leaves the expected path after {}: {} is reached within {usual} (p99), and was never",
                name(hop.from),
                name(hop.to)
            ),
            Some(Divergence::Unexpected { hop }) => format!(
                "! leaves the expected path: no completed flow goes from {} to {}",
                name(hop.from),
                name(hop.to)
            ),
            Some(Divergence::Late { hop, took, usual }) => format!(
                "! late on the way from {} to {}: {took}, usually within {usual} (p99)",
                name(hop.from),
                name(hop.to)
            ),
        };
        (text, true)
    }

    fn draw_steps(
        &mut self,
        systems: &[SystemId],
        data: &Data,
        theme: &Theme,
        frame: &mut Frame,
        area: Rect,
    ) {
        let is_wide = area.width >= 110;
        let figures = match (&self.twin, is_wide) {
            (Some(_), true) => "→ beside a healthy twin",
            (Some(_), false) => "= exact ~ linked # business  → twin",
            (None, true) => "",
            (None, false) => "= exact ~ linked # business",
        };
        let title = if is_wide { "Events, and how each one joined" } else { "Events" };
        let inner = headed(title, figures, true, theme, frame, area);
        let evidence = &data.picture.evidence;
        let width = List::room(inner);
        let steps = &self.timeline.steps;
        let start = steps.first().map(|step| step.time).unwrap_or_default();
        let system_width = if is_wide { 17 } else { 13 };
        let joined_width = if is_wide { 22 } else { 2 };
        let body_width = width.saturating_sub(10 + system_width + 6 + joined_width);
        self.list.draw(steps.len(), theme, frame, inner, |place| {
            let step = &steps[place];
            let severity = evidence.severity(step.row);
            let style = severity_style(severity, theme);
            let message = data.message(step.row).lines().next().unwrap_or_default();
            let body = match data.events.get(&step.row) {
                Some(None) => format!("{message} (its text is gone)"),
                _ => message.to_owned(),
            };
            let (how, symbol) = match step.how {
                How::Exact => ("exact", "="),
                How::Linked => ("linked", "~"),
                How::Business => ("business", "#"),
            };
            let joined = if is_wide { format!(" {how} by {}", step.class) } else { format!(" {symbol}") };
            let lane = systems.iter().position(|system| *system == step.system).unwrap_or(0);
            Line::from(vec![
                Span::styled(format!("{:>9} ", format!("+{:#}", step.time - start)), theme.muted),
                Span::styled(
                    format!("{} ", fit(evidence.system_name(step.system), system_width - 1)),
                    theme.lane(lane),
                ),
                Span::styled(fit(severity.word(), 6), style),
                Span::styled(
                    fit(&body, body_width),
                    if severity.is_error() || severity.is_warning() { style } else { theme.text },
                ),
                Span::styled(fit(&joined, joined_width), theme.muted),
            ])
        });
    }
}

/// Systems in order of their first event.
fn systems(timeline: &Timeline) -> Vec<SystemId> {
    let mut systems = Vec::new();
    for step in &timeline.steps {
        if !systems.contains(&step.system) {
            systems.push(step.system);
        }
    }
    systems
}

/// Who is asked for more of it, and who could not answer.
fn asked(data: &Data) -> Option<String> {
    let answering = &data.answering;
    if !answering.waiting.is_empty() {
        return Some(format!("asking {} …", answering.waiting.join(", ")));
    }
    (!answering.silent.is_empty()).then(|| format!("{} could not answer", answering.silent.join(", ")))
}
