//! Which attributes differ: what failing flows carry that completed ones do not. A sample of both is read in full.

use crate::evidence::Row;
use crate::flows::{FlowId, KindId, Verdict};
use crate::suspects::{Attributes, Difference, differences};
use crate::telemetry::Time;
use crate::ui::outcome::Outcome;
use crate::ui::widgets::{List, fit, headed, lines, some, wrap};
use crate::ui::{Data, Theme, View};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

/// So many flows of each outcome are compared, by so many events of each.
const FLOWS: usize = 80;
const EVENTS: usize = 6;

type Sample = Vec<Vec<Row>>;

#[derive(Clone, Debug, Default)]
pub(super) struct AttributesPart {
    failing: Sample,
    completed: Sample,
    made_for: Option<(u32, Option<Time>)>,
    pub differing: Vec<Difference>,
    /// Of how many events the attributes are known.
    read: usize,
}

impl AttributesPart {
    /// The events that are to be read, and the comparison of those that were.
    pub(super) fn wanted(&mut self, data: &Data) -> Vec<Row> {
        let onset = data.picture.suspects.onset.as_ref().map(|onset| onset.time);
        let key = (data.picture.evidence.rows(), onset);
        if self.made_for != Some(key) {
            let is_failing = |verdict| matches!(verdict, Verdict::Failed | Verdict::Stuck);
            let kind = data.picture.ways.first().map(|way| way.kind);
            self.failing = sample(data, kind, onset, is_failing);
            self.completed = sample(data, kind, onset, |verdict| verdict == Verdict::Completed);
            (self.made_for, self.read) = (Some(key), usize::MAX);
        }
        let rows = || self.failing.iter().chain(&self.completed).flatten();
        let read = rows().filter(|row| data.events.contains_key(row)).count();
        let wanted = rows().copied().collect();
        if read != self.read {
            self.read = read;
            self.differing =
                differences(&attributes(&self.failing, data), &attributes(&self.completed, data));
        }
        wanted
    }

    pub(super) fn open(&self, at: usize) -> Outcome {
        match self.differing.get(at) {
            Some(one) => Outcome::Follow(format!("\"{}={}\"", one.name, one.value), View::Flows),
            None => Outcome::Stay,
        }
    }

    pub(super) fn draw(
        &self,
        list: &mut List,
        is_focused: bool,
        data: &Data,
        theme: &Theme,
        frame: &mut Frame,
        area: Rect,
    ) {
        let looked_at = format!("{} failing, {} completed", self.failing.len(), self.completed.len());
        let title = "Which attributes differ, failing against completed";
        let inner = headed(title, &looked_at, is_focused, theme, frame, area);
        if self.differing.is_empty() {
            let rows = self.failing.iter().chain(&self.completed).map(Vec::len).sum::<usize>();
            let read = if self.read == usize::MAX { 0 } else { self.read };
            let text = if data.picture.flows.is_empty() {
                "there are no flows to compare".to_owned()
            } else if self.failing.is_empty() {
                "no flow failed since the onset".to_owned()
            } else if read < rows {
                format!("reading {read} of {}", some(rows, "event"))
            } else {
                "no attribute tells failing flows from completed ones".to_owned()
            };
            let text = wrap(&text, usize::from(inner.width));
            return lines(
                text.into_iter().map(|line| Line::styled(line, theme.muted)).collect(),
                frame,
                inner,
            );
        }
        let width = List::room(inner);
        list.show(is_focused, self.differing.len(), theme, frame, inner, |place| {
            let one = &self.differing[place];
            let share =
                |(with, of): (u32, u32)| format!("{:.0} %", f64::from(with) / f64::from(of.max(1)) * 100.0);
            let style = if one.strength > 0.0 { theme.error } else { theme.muted };
            Line::from(vec![
                Span::styled(format!("{:>6}", share(one.failing)), style),
                Span::styled(format!(" of failing {:>6} of completed  ", share(one.completed)), theme.muted),
                Span::raw(fit(&format!("{} = {}", one.name, one.value), width.saturating_sub(39))),
            ])
        });
    }
}

/// The first events, in each system it passes, of flows of an outcome since the onset; of the kind that loses most, since
/// others differ anyway, and spread over the time.
fn sample(
    data: &Data,
    kind: Option<KindId>,
    onset: Option<Time>,
    is_wanted: impl Fn(Verdict) -> bool,
) -> Sample {
    let flows = &data.picture.flows;
    let fits = |id: &FlowId| {
        flows.get(*id).is_some_and(|flow| {
            is_wanted(flow.verdict)
                && kind.is_none_or(|kind| flow.kind == kind)
                && onset.is_none_or(|onset| flow.last >= onset)
        })
    };
    let all: Vec<FlowId> = flows.iter().map(|(id, _)| id).filter(fits).collect();
    let every = all.len().div_ceil(FLOWS).max(1);
    let rows = |id: &FlowId| {
        let timeline = flows.timeline(&data.picture.evidence, *id)?;
        let mut systems = Vec::new();
        let mut rows = Vec::new();
        for step in &timeline.steps {
            if !systems.contains(&step.system) && rows.len() < EVENTS {
                systems.push(step.system);
                rows.push(step.row);
            }
        }
        Some(rows)
    };
    all.iter().step_by(every).filter_map(rows).collect()
}

/// What the events of each flow carry, as far as they were read.
fn attributes(sample: &Sample, data: &Data) -> Vec<Attributes> {
    let events = |rows: &Vec<Row>| {
        let read = rows.iter().filter_map(|row| data.events.get(row).and_then(Option::as_ref));
        let all = read.flat_map(|event| event.attributes.iter().cloned());
        all.filter(|(_, value)| !value.is_empty() && value.len() <= 80).collect::<Attributes>()
    };
    sample.iter().map(events).filter(|attributes| !attributes.is_empty()).collect()
}
