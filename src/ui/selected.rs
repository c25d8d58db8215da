//! What is under the cursor, as a text to copy, a filter, a flow, or evidence to pin.

use super::sources::source_in_full;
use super::{Data, Effect, Selected};
use crate::evidence::{Place, Row};
use crate::flows::FlowId;
use crate::incident::{Opening, PinKind};
use crate::telemetry::{EventKind, Identifier, IdentifierClass, Nanos, SourceHealth, SourceRef, Window};

/// How long before its first event and after its last more of a flow is looked for.
const AROUND: Nanos = Nanos::seconds(30 * 60);

/// The text to copy, or the command or query that gives it again.
pub(super) fn copied(selected: &Selected, data: &Data, as_query: bool) -> Option<String> {
    let evidence = &data.picture.evidence;
    match selected {
        Selected::Flow(id) => {
            let name = flow_name(*id, data)?;
            Some(if as_query { flow_queries(*id, &name, data) } else { name })
        }
        Selected::Event(row) => {
            let event = data.events.get(row).and_then(Option::as_ref)?;
            Some(match (&event.source, as_query) {
                (SourceRef::File { path, offset }, true) => {
                    format!("tail -c +{} {} | head -n 1", offset + 1, quoted(path))
                }
                (SourceRef::Backend { backend, url }, true) => {
                    with_link(&fetched_by(*row, data).or_else(|| asked(backend, "events", data))?, url)
                }
                (_, false) => format!("{} {} {} {}", event.time, event.system, event.severity, event.body),
            })
        }
        Selected::Suspect(_) if as_query => Some(format!("bridgewatch suspects {}", opened(data))),
        Selected::Suspect(place) => data.picture.suspects.ranking.get(*place).map(|one| {
            let reasons: Vec<&str> = one.evidence.iter().map(|reason| reason.sentence.as_str()).collect();
            format!("{} {:.2}\n{}", evidence.system_name(one.system), one.score, reasons.join("\n"))
        }),
        Selected::Series(place) if as_query => {
            let series = evidence.series.get(*place)?;
            let file = || format!("bridgewatch open {}", quoted(&series.source));
            let all = asked(&series.source, "metrics", data);
            Some(all.map_or_else(file, |all| of_metric(&all, &series.metric).to_owned()))
        }
        Selected::Source(place) => {
            let source = data.picture.sources.get(*place)?;
            Some(if as_query {
                source.asked.values().cloned().collect::<Vec<_>>().join("\n")
            } else {
                source_in_full(source, data)
            })
            .filter(|text| !text.is_empty())
        }
        Selected::Series(place) => {
            evidence.series.get(*place).map(|series| format!("{} {}", series.system, series.metric))
        }
        Selected::Text(text) => Some(text.clone()).filter(|text| !text.is_empty()),
        Selected::Mitigation(_) | Selected::Nothing => None,
    }
}

/// The command that fetched the page that an event came with.
fn fetched_by(row: Row, data: &Data) -> Option<String> {
    let evidence = &data.picture.evidence;
    match evidence.places.get(evidence.origin(row).file() as usize)? {
        Place::Page { command, .. } if !command.is_empty() => Some(command.to_string()),
        _ => None,
    }
}

/// The command that a source was last asked such a question by.
fn asked(source: &str, question: &str, data: &Data) -> Option<String> {
    data.picture.sources.iter().find(|known| known.name == source)?.asked.get(question).cloned()
}

/// Of commands in blocks that name their metric, the one of this metric; all where none is named so.
fn of_metric<'a>(all: &'a str, metric: &str) -> &'a str {
    let is_of = |block: &&str| block.lines().next().and_then(|line| line.strip_prefix("# ")) == Some(metric);
    all.split("\n\n").find(is_of).unwrap_or(all)
}

/// The command, and as a comment the place where a person sees the same.
fn with_link(command: &str, url: &str) -> String {
    if command.ends_with(url) { command.to_owned() } else { format!("{command}\n# {url}") }
}

/// The flow by our own command, and the commands by which live sources gave its events.
fn flow_queries(id: FlowId, name: &str, data: &Data) -> String {
    let evidence = &data.picture.evidence;
    let mut lines = vec![format!("bridgewatch flow {name} {}", opened(data))];
    let timeline = data.picture.flows.timeline(evidence, id);
    for step in timeline.iter().flat_map(|timeline| &timeline.steps) {
        if let Some(command) = fetched_by(step.row, data).filter(|command| !lines.contains(command)) {
            lines.push(command);
        }
    }
    lines.join("\n")
}

/// The question for more of a flow, where there is a live source that could know more.
pub(super) fn to_follow(id: FlowId, data: &Data) -> Option<Effect> {
    let picture = &data.picture;
    if !picture.sources.iter().any(SourceHealth::holds_events) {
        return None;
    }
    let flow = picture.flows.get(id)?;
    let all = picture.flows.identifiers(id).into_iter();
    let all = all.map(|id| picture.evidence.identifiers.identifier(id));
    // A session groups and never links; a span is found by its trace.
    let mut identifiers: Vec<Identifier> =
        all.filter(|one| !matches!(one.class, IdentifierClass::Session | IdentifierClass::Span)).collect();
    identifiers.sort();
    let window = Window { from: flow.first - AROUND, to: flow.last + AROUND };
    Some(Effect::Follow { identifiers, window })
}

/// A filter that keeps what is like the selected, or leaves it out; added to the one in force.
pub(super) fn filter(selected: &Selected, data: &Data, is_out: bool) -> Option<String> {
    let evidence = &data.picture.evidence;
    let word = match selected {
        Selected::Flow(id) => format!("flow:{}", flow_name(*id, data)?),
        Selected::Event(row) => format!("system:{}", evidence.system_name(evidence.system(*row))),
        Selected::Suspect(place) => {
            let one = data.picture.suspects.ranking.get(*place)?;
            format!("system:{}", evidence.system_name(one.system))
        }
        Selected::Series(place) => format!("system:{}", evidence.series.get(*place)?.system),
        Selected::Text(_) | Selected::Source(_) | Selected::Mitigation(_) | Selected::Nothing => return None,
    };
    let word = if word.contains(' ') { format!("\"{word}\"") } else { word };
    let word = if is_out { format!("-{word}") } else { word };
    let before = &data.filter.text;
    let has_it = before.split(' ').any(|known| known == word);
    Some(if has_it { before.clone() } else { format!("{before} {word}").trim().to_owned() })
}

/// The flow that it is, or belongs to.
pub(super) fn flow(selected: &Selected, data: &Data) -> Option<FlowId> {
    match selected {
        Selected::Flow(id) => Some(*id),
        Selected::Event(row) => flow_of(*row, data),
        _ => None,
    }
}

/// The flow of an event, by any of its identifiers.
pub(super) fn flow_of(row: Row, data: &Data) -> Option<FlowId> {
    let evidence = &data.picture.evidence;
    let mut identifiers = evidence.identifier(row).into_iter().chain(evidence.further_of(row));
    identifiers.find_map(|id| data.picture.flows.with(id))
}

/// The identifier that a flow is named after.
pub(super) fn flow_name(id: FlowId, data: &Data) -> Option<String> {
    let flow = data.picture.flows.get(id)?;
    Some(data.picture.evidence.identifiers.identifier(flow.name).value)
}

/// Evidence to be kept with the record.
pub(super) fn pin(selected: &Selected, data: &Data) -> Option<Effect> {
    // A text is no query: it would only say itself again.
    let query = match selected {
        Selected::Text(_) => String::new(),
        _ => copied(selected, data, true).unwrap_or_default(),
    };
    let evidence = &data.picture.evidence;
    match selected {
        Selected::Flow(id) => {
            let flow = data.picture.flows.get(*id)?;
            let verdict: &str = flow.verdict.into();
            let timeline = data.picture.flows.timeline(evidence, *id)?;
            Some(Effect::Pin {
                kind: PinKind::Flow,
                says: format!("flow {}: {verdict}", flow_name(*id, data)?),
                rows: timeline.steps.iter().map(|step| step.row).collect(),
                lines: Vec::new(),
                query,
            })
        }
        Selected::Event(row) => {
            let system = evidence.system_name(evidence.system(*row));
            let message = data.message(*row).lines().next().unwrap_or_default();
            let says = format!("{system}: {message}");
            Some(Effect::Pin { kind: PinKind::Events, says, rows: vec![*row], lines: Vec::new(), query })
        }
        Selected::Suspect(place) => data.picture.suspects.ranking.get(*place).map(|one| Effect::Pin {
            kind: PinKind::Suspect,
            says: format!("suspect {} with {:.2}", evidence.system_name(one.system), one.score),
            rows: Vec::new(),
            lines: one.evidence.iter().map(|reason| reason.sentence.clone()).collect(),
            query,
        }),
        Selected::Series(place) => evidence.series.get(*place).map(|series| Effect::Pin {
            kind: PinKind::Series,
            says: format!("{} {}", series.system, series.metric),
            rows: Vec::new(),
            lines: series.samples.iter().map(|sample| format!("{} {}", sample.time, sample.value)).collect(),
            query,
        }),
        Selected::Text(text) if !text.is_empty() => Some(Effect::Pin {
            kind: PinKind::Events,
            says: text.lines().next().unwrap_or_default().to_owned(),
            rows: Vec::new(),
            lines: text.lines().map(str::to_owned).collect(),
            query,
        }),
        Selected::Source(place) => {
            pin(&Selected::Text(source_in_full(data.picture.sources.get(*place)?, data)), data)
        }
        Selected::Text(_) | Selected::Mitigation(_) | Selected::Nothing => None,
    }
}

/// What an incident would be declared from: the alert or the suspect under the cursor, else what the evidence says.
pub(super) fn opening(selected: &Selected, data: &Data) -> Opening {
    let (evidence, findings) = (&data.picture.evidence, &data.picture.findings);
    let by_evidence = || Opening::titled(findings.title.as_deref().unwrap_or_default());
    match selected {
        Selected::Event(row) if evidence.kind(*row) == EventKind::Alert => of_alert(*row, data),
        Selected::Suspect(place) => match data.picture.suspects.ranking.get(*place) {
            Some(one) => {
                let title = findings.title.as_deref().filter(|_| *place == 0);
                Opening::of_suspect(evidence, one, title)
            }
            None => Opening::default(),
        },
        // A line of what happened may be an alert.
        Selected::Text(text) if data.incident.is_none() => {
            let mut alerts = Opening::alerts(evidence);
            let said =
                |row: &Row| format!("{} {}", evidence.time(*row), Opening::alert_sentence(evidence, *row));
            alerts.find(|row| said(row) == *text).map_or_else(by_evidence, |row| of_alert(row, data))
        }
        _ => by_evidence(),
    }
}

fn of_alert(row: Row, data: &Data) -> Opening {
    let message = data.events.get(&row).and_then(Option::as_ref).map(|event| event.body.as_str());
    Opening::of_alert(&data.picture.evidence, row, message)
}

/// What was opened, as arguments of the command line.
fn opened(data: &Data) -> String {
    match &data.picture {
        picture if picture.is_demo => "--demo".to_owned(),
        picture if picture.title.is_empty() || picture.title.contains(' ') => "PATH…".to_owned(),
        picture => picture.title.clone(),
    }
}

/// A path as a shell reads it.
fn quoted(path: &str) -> String {
    if path.chars().all(|c| c.is_ascii_alphanumeric() || "-_./+@".contains(c)) {
        return path.to_owned();
    }
    format!("'{}'", path.replace('\'', r"'\''"))
}
