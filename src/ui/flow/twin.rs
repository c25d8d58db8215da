//! The flow beside a healthy twin: a completed flow of the same kind, as close in time as there is one.

use crate::evidence::SystemId;
use crate::flows::{FlowId, Timeline, Verdict};
use crate::telemetry::Nanos;
use crate::ui::widgets::{fit, fit_middle, headed, lines, some};
use crate::ui::{Data, Theme};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

#[derive(Clone, Debug)]
pub(super) struct Twin {
    pub(super) id: FlowId,
    timeline: Timeline,
}

/// What a flow did in one system: when it came, relative to its beginning, for how long, with how many events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stay {
    came: Nanos,
    stayed: Nanos,
    events: usize,
    errors: usize,
}

impl Twin {
    /// The nearest completed flow that began before; if there is none, the nearest after.
    pub(super) fn of(id: FlowId, timeline: &Timeline, data: &Data) -> Option<Self> {
        let flows = &data.picture.flows;
        let flow = flows.get(id)?;
        let order = flows.all.order();
        let place =
            order.partition_point(|other| flows.get(*other).is_some_and(|other| other.first < flow.first));
        let is_twin = |other: &FlowId| {
            *other != timeline.flow
                && flows.get(*other).is_some_and(|other| {
                    other.kind == flow.kind && other.verdict == Verdict::Completed && other.errors == 0
                })
        };
        let before = order[..place].iter().rev().take(5_000).find(|other| is_twin(other));
        let twin = before.or_else(|| order[place..].iter().take(5_000).find(|other| is_twin(other)))?;
        Some(Self { id: *twin, timeline: flows.timeline(&data.picture.evidence, *twin)? })
    }

    pub(super) fn draw(
        &self,
        timeline: &Timeline,
        systems: &[SystemId],
        data: &Data,
        theme: &Theme,
        frame: &mut Frame,
        area: Rect,
    ) {
        let evidence = &data.picture.evidence;
        let name = crate::ui::selected::flow_name(self.id, data).unwrap_or_default();
        let title = format!("Beside a healthy twin, {}", fit_middle(&name, 20).trim());
        let inner = headed(&title, "enter opens the twin, → events", true, theme, frame, area);
        let mut all: Vec<SystemId> = super::systems(&self.timeline);
        all.extend(systems.iter().filter(|system| !super::systems(&self.timeline).contains(system)));
        let mut text = vec![Line::styled(
            format!("{}{:^30}{:^30}  difference", fit("system", 18), "this flow", "twin"),
            theme.muted,
        )];
        text.extend(all.into_iter().map(|system| {
            let (this, twin) = (stay(timeline, system, data), stay(&self.timeline, system, data));
            let (words, style) = difference(this, twin, theme);
            Line::from(vec![
                Span::raw(fit(evidence.system_name(system), 18)),
                Span::styled(fit(&said(this), 30), if this.is_none() { theme.warn } else { theme.text }),
                Span::styled(fit(&said(twin), 30), theme.muted),
                Span::styled(format!("  {words}"), style),
            ])
        }));
        lines(text, frame, inner);
    }
}

fn stay(timeline: &Timeline, system: SystemId, data: &Data) -> Option<Stay> {
    let evidence = &data.picture.evidence;
    let start = timeline.steps.first()?.time;
    let own = || timeline.steps.iter().filter(|step| step.system == system);
    let came = own().next()?.time;
    let left = own().map(|step| step.time + evidence.duration(step.row).unwrap_or_default()).max()?;
    Some(Stay {
        came: came - start,
        stayed: left - came,
        events: own().count(),
        errors: own().filter(|step| evidence.severity(step.row).is_error()).count(),
    })
}

fn said(stay: Option<Stay>) -> String {
    stay.map_or_else(
        || "never".to_owned(),
        |stay| format!("+{} for {}, {}", stay.came, stay.stayed, some(stay.events, "event")),
    )
}

fn difference(this: Option<Stay>, twin: Option<Stay>, theme: &Theme) -> (String, ratatui::style::Style) {
    match (this, twin) {
        (None, Some(_)) => ("✗ never reached".to_owned(), theme.error),
        (Some(_), None) => ("! the twin does not go there".to_owned(), theme.warn),
        (Some(this), Some(_)) if this.errors > 0 => {
            (format!("✗ {}", some(this.errors, "error")), theme.error)
        }
        (Some(this), Some(twin)) if this.stayed.0 > twin.stayed.0 * 3 + 200_000_000 => {
            (format!("◷ {} longer", Nanos(this.stayed.0 - twin.stayed.0)), theme.warn)
        }
        (Some(this), Some(twin)) if this.events > twin.events * 2 => {
            (format!("↻ {} events more", this.events - twin.events), theme.warn)
        }
        _ => (String::new(), theme.muted),
    }
}
