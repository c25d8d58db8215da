//! `bridgewatch flow ID`: one flow end to end, by any identifier of it.

mod seek;

use super::arguments::{FlowArguments, Shared};
use super::flows::{Summary, identifiers, shown};
use super::gather::{Gathered, gather_by, load};
use super::output::{Output, Role, Table};
use super::{Failure, Outcome};
use crate::evidence::{Evidence, IdentifierId};
use crate::flows::{Divergence, Flow, FlowId, Flows, How, Passage, Step, Timeline, Verdict};
use crate::ingest::possible_keys;
use crate::telemetry::{Event, EventKind, Nanos, Severity, SourceRef, Time};
use serde::Serialize;

/// Shorter beginnings of identifiers fit by accident.
const SHORTEST_PREFIX: usize = 6;

#[derive(Serialize)]
struct EventLine<'a> {
    time: Time,
    raw_time: Time,
    system: &'a str,
    kind: EventKind,
    severity: Severity,
    operation: Option<&'a str>,
    body: &'a str,
    duration_ns: Option<Nanos>,
    joined_by: JoinedBy,
    source: &'a SourceRef,
}

#[derive(Serialize)]
struct JoinedBy {
    class: &'static str,
    value: String,
    how: How,
}

#[derive(Serialize)]
struct SummaryLine<'a> {
    summary: Summary<'a>,
}

pub(super) fn run(shared: &Shared, arguments: &FlowArguments, output: &Output) -> Result<Outcome, Failure> {
    // What bounds the window, or comes from elsewhere, is not told from a few chunks.
    let is_whole = arguments.whole || shared.since.is_some() || shared.until.is_some();
    let id = Some(arguments.id.as_str());
    let gathered = if is_whole {
        gather_by(shared, &arguments.inputs, output, id, load)?
    } else {
        gather_by(shared, &arguments.inputs, output, id, |inputs, settings, now| {
            seek::load(inputs, settings, now, &arguments.id, seek::LARGE)
        })?
    };
    let flows = gathered.flows();
    let id = match find(&gathered.evidence, &flows, &arguments.id) {
        Ok(id) => id,
        Err(why) => {
            output.complain(&why, gathered.hint().as_deref());
            return Ok(Outcome::NotFound);
        }
    };
    let (Some(flow), Some(timeline)) = (flows.get(id), flows.timeline(&gathered.evidence, id)) else {
        return Err(Failure::unread("the flow's events are no longer there"));
    };
    if output.json {
        as_lines(&gathered, &flows, id, flow, &timeline, output)?;
    } else {
        as_text(&gathered, &flows, id, flow, &timeline, output)?;
    }
    output.flush()?;
    let outcome = gathered.outcome;
    // The system takes all of it back at once when we end, quicker than piece by piece.
    std::mem::forget((gathered, flows));
    Ok(outcome)
}

impl Gathered {
    /// What may be behind something that was not found.
    pub(super) fn hint(&self) -> Option<String> {
        let unread: Vec<&str> = self
            .reports
            .iter()
            .filter(|report| report.has_trouble())
            .map(|report| report.path.as_str())
            .collect();
        let silent: Vec<&str> = self
            .healths
            .iter()
            .filter(|health| health.holds_events() && health.may_miss())
            .map(|health| health.name.as_str())
            .collect();
        if !silent.is_empty() {
            let names = silent.join(", ");
            return Some(format!("these sources could not answer in full, so it may be there: {names}"));
        }
        if self.evidence.is_empty() {
            return Some("nothing was read: see `bridgewatch formats` for why".to_owned());
        }
        (!unread.is_empty())
            .then(|| format!("not all could be read, so it may be there: {}", unread.join(", ")))
    }
}

/// The flow of an identifier, or of the only identifier that begins so.
fn find(evidence: &Evidence, flows: &Flows, text: &str) -> Result<FlowId, String> {
    let exact: Vec<IdentifierId> =
        possible_keys(text).into_iter().filter_map(|key| evidence.identifiers.find(key)).collect();
    if let Some(id) = exact.iter().find_map(|id| flows.with(*id)) {
        return Ok(id);
    }
    if let Some(group) = flows.groups.iter().find(|group| exact.contains(&group.identifier)) {
        let count = flows.in_group(group).len();
        return Err(format!("`{text}` is shared by {count} flows and links none of them: {}", group.reason));
    }
    if !exact.is_empty() {
        return Err(format!("`{text}` was seen, but belongs to no flow"));
    }
    let beginning: String = text.chars().filter(|c| *c != '-').collect::<String>().to_lowercase();
    if beginning.len() >= SHORTEST_PREFIX {
        let mut fits: Vec<(FlowId, String)> = evidence
            .identifiers
            .ids()
            .filter_map(|id| Some((flows.with(id)?, evidence.identifiers.identifier(id).value)))
            .filter(|(_, value)| value.replace('-', "").to_lowercase().starts_with(&beginning))
            .collect();
        fits.sort();
        fits.dedup_by_key(|(id, _)| *id);
        match &fits[..] {
            [] => {}
            [(id, _)] => return Ok(*id),
            several => {
                let some: Vec<&str> = several.iter().take(5).map(|(_, value)| value.as_str()).collect();
                return Err(format!(
                    "`{text}` begins identifiers of {} flows, such as {}",
                    several.len(),
                    some.join(", ")
                ));
            }
        }
    }
    Err(format!("no event carries the identifier `{text}`"))
}

fn as_lines(
    gathered: &Gathered,
    flows: &Flows,
    id: FlowId,
    flow: &Flow,
    timeline: &Timeline,
    output: &Output,
) -> std::io::Result<()> {
    let evidence = &gathered.evidence;
    for step in &timeline.steps {
        let Some(event) = read(gathered, step) else { continue };
        let identifier = evidence.identifiers.identifier(step.joined_by);
        output.object(&EventLine {
            time: step.time,
            raw_time: step.raw_time,
            system: evidence.system_name(step.system),
            kind: event.kind,
            severity: event.severity,
            operation: event.operation.as_deref(),
            body: &event.body,
            duration_ns: event.duration,
            joined_by: JoinedBy { class: step.class.into(), value: identifier.value, how: step.how },
            source: &event.source,
        })?;
    }
    output.object(&SummaryLine { summary: Summary::of(evidence, flows, id, flow) })
}

/// The event in full; what can be said of it at a glance where its bytes are no longer there.
fn read(gathered: &Gathered, step: &Step) -> Option<Event> {
    let evidence = &gathered.evidence;
    gathered.files.read_event(evidence, evidence.origin(step.row)).or_else(|| {
        let operation = evidence.text(evidence.operation(step.row));
        Some(Event {
            time: step.raw_time,
            system: evidence.system_name(step.system).to_owned(),
            kind: evidence.kind(step.row),
            severity: evidence.severity(step.row),
            operation: (!operation.is_empty()).then(|| operation.to_owned()),
            body: format!("{} (the line itself is no longer there)", evidence.text(evidence.shape(step.row))),
            duration: evidence.duration(step.row),
            attributes: Vec::new(),
            identifiers: Vec::new(),
            span: None,
            source: SourceRef::Backend { backend: "gone".to_owned(), url: String::new() },
        })
    })
}

fn as_text(
    gathered: &Gathered,
    flows: &Flows,
    id: FlowId,
    flow: &Flow,
    timeline: &Timeline,
    output: &Output,
) -> std::io::Result<()> {
    let evidence = &gathered.evidence;
    heading(evidence, flows, id, flow, output)?;
    output.blank()?;
    let mut table = Table::new(&["time (UTC)", ">since start", "", "system", "joined by", "what"]);
    for (index, step) in timeline.steps.iter().enumerate() {
        if let Some(passage) = timeline.passages.iter().find(|passage| passage.to_step == index)
            && let Some(said) = noteworthy(evidence, passage)
        {
            table.row(cells(["", "", "┆", "", "", &said], Role::Warning));
        }
        let Some(event) = read(gathered, step) else { continue };
        table.row(event_row(evidence, flow, step, &event));
    }
    output.table(&table)?;
    if let Some(said) = divergence(evidence, timeline.divergence.as_ref()) {
        output.blank()?;
        output.line(&[(Role::Warning, &said)])?;
    }
    if !timeline.missing.is_empty() && flow.verdict != Verdict::Completed {
        let names: Vec<&str> = timeline.missing.iter().map(|system| evidence.system_name(*system)).collect();
        output.line(&[(Role::Warning, &format!("never seen in {}", names.join(", ")))])?;
    }
    Ok(())
}

fn heading(
    evidence: &Evidence,
    flows: &Flows,
    id: FlowId,
    flow: &Flow,
    output: &Output,
) -> std::io::Result<()> {
    let name = evidence.identifiers.identifier(flow.name);
    let (role, verdict) = shown(flow.verdict);
    let place = flow.failing_hop.map_or_else(String::new, |hop| {
        format!(" {} → {}", evidence.system_name(hop.from), evidence.system_name(hop.to))
    });
    output.line(&[
        (Role::Strong, &format!("flow {}", name.value)),
        (Role::Plain, "   "),
        (role, &format!("{verdict}{place}")),
        (Role::Plain, &format!("   {}", flows.kind(flow.kind).name)),
    ])?;
    let others: Vec<String> = identifiers(evidence, flows, id).iter().map(ToString::to_string).collect();
    output.line(&[(Role::Muted, &others.join(" · "))])?;
    let marks: Vec<&str> = flow.marks.names().collect();
    let marks = if marks.is_empty() { String::new() } else { format!(" · {}", marks.join(" · ")) };
    let span = format!(
        "{} to {} UTC · {} · {} events, {} errors{marks}",
        flow.first.utc().format("%Y-%m-%d %H:%M:%S%.3f"),
        flow.last.utc().format("%H:%M:%S%.3f"),
        flow.last - flow.first,
        flow.events,
        flow.errors,
    );
    output.line(&[(Role::Plain, &span)])
}

fn cells(texts: [&str; 6], role: Role) -> Vec<(Role, String)> {
    texts.into_iter().map(|text| (role, text.to_owned())).collect()
}

fn event_row(evidence: &Evidence, flow: &Flow, step: &Step, event: &Event) -> Vec<(Role, String)> {
    let (role, symbol) = match event.severity {
        severity if severity.is_error() => (Role::Bad, "✗"),
        severity if severity.is_warning() => (Role::Warning, "!"),
        _ => (
            Role::Plain,
            match event.kind {
                EventKind::Log => "·",
                EventKind::Span => "━",
                EventKind::Change => "△",
                EventKind::Alert => "▲",
            },
        ),
    };
    let mut time = step.time.utc().format("%H:%M:%S%.3f").to_string();
    if step.time != step.raw_time {
        time.push('⏱'); // The clock of this system was set right.
    }
    let body = event.body.lines().next().unwrap_or_default();
    let mut what = match &event.operation {
        Some(operation) if !body.starts_with(operation.as_str()) => format!("{operation}  {body}"),
        _ => body.to_owned(),
    };
    if let Some(duration) = event.duration {
        what = format!("{} ({duration})", what.trim_end());
    }
    let how: &str = step.how.into();
    vec![
        (Role::Muted, time),
        (Role::Muted, since(step.time - flow.first)),
        (role, symbol.to_owned()),
        (Role::Accent, evidence.system_name(step.system).to_owned()),
        (Role::Muted, format!("{how} {}", step.class)),
        (role, what),
    ]
}

/// Events may lie before the start: a clock that shows whole seconds says too little to begin with.
fn since(length: Nanos) -> String {
    if length < Nanos::ZERO { length.to_string() } else { format!("+{length}") }
}

/// A passage that took far longer than usual, or that no completed flow takes.
fn noteworthy(evidence: &Evidence, passage: &Passage) -> Option<String> {
    let (from, to) = (evidence.system_name(passage.hop.from), evidence.system_name(passage.hop.to));
    let usual = passage.usual.as_ref()?;
    (passage.took > usual.p99 && passage.took > Nanos::millis(100))
        .then(|| format!("{} from {from} to {to}; usually {}, p99 {}", passage.took, usual.p50, usual.p99))
}

fn divergence(evidence: &Evidence, divergence: Option<&Divergence>) -> Option<String> {
    let name = |system| evidence.system_name(system);
    Some(match divergence? {
        Divergence::Missing { hop, usual } => format!(
            "leaves the expected path after {}: expected in {} within {usual} (p99), never seen there",
            name(hop.from),
            name(hop.to)
        ),
        Divergence::Unexpected { hop } => {
            format!(
                "leaves the expected path at {} → {}: no completed flow goes this way",
                name(hop.from),
                name(hop.to)
            )
        }
        Divergence::Late { hop, took, usual } => {
            format!("late from {} to {}: {took} where p99 is {usual}", name(hop.from), name(hop.to))
        }
    })
}
