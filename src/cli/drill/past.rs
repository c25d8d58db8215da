//! `bridgewatch drill from-incident`: a past incident as a scenario. Its telemetry is written as plain lines with their
//! distance from the brief; people, addresses and identifiers are taken out, what belongs together stays together.

use super::super::arguments::{Inputs, Shared};
use super::super::gather::{Gathered, gather};
use super::super::incident::write_or_print;
use super::super::output::Output;
use super::super::record::Record;
use super::super::{Failure, Outcome};
use crate::drill::estate::{Clue, Lever, LeverEffect, Remedy};
use crate::drill::{
    Answers, BASELINE_MINUTES, Candidate, Difficulty, Expect, Hint, Recorded, Recording, Scenario, Terms,
};
use crate::evidence::Row;
use crate::flows::Flows;
use crate::incident::{Entry, Incident, Mitigation, Outward};
use crate::suspects::Suspects;
use crate::telemetry::{Event, EventKind, Identifier, IdentifierClass, Nanos, Time, Window};
use regex::Regex;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::Path;

/// How long a drill of it lasts.
const MINUTES: u32 = 30;
/// More lines than this make a scenario that nobody can carry; the window is thinned by whole flows then.
const MOST_LINES: usize = 60_000;

pub(super) fn run(
    shared: &Shared,
    name: &str,
    paths: Vec<String>,
    to: Option<&Path>,
    output: &Output,
) -> Result<Outcome, Failure> {
    let record = Record::open(shared)?;
    let incident = match record.incident(Some(name))? {
        Ok(incident) => incident,
        Err(why) => {
            output.complain(&why, Some("`bridgewatch incident list` names those that there are"));
            return Ok(Outcome::NotFound);
        }
    };
    let entries = record.wait(record.store.entries(&incident.id))?;
    let Some(declared) = incident.declared else {
        return Err(Failure::usage(format!("{name} was never declared"), "choose another"));
    };
    let has_files = !paths.is_empty() || !record.config.evidence.is_empty();
    let redactor = Redactor::of(&incident);
    let (lines, seen) = if has_files {
        let gathered = gather(shared, &Inputs { paths, demo: None }, output)?;
        from_evidence(&gathered, declared, &redactor)
    } else {
        (from_pins(&entries, declared, &redactor), Seen::default())
    };
    if lines.is_empty() {
        return Err(Failure::usage(
            "there is no telemetry of its time: nothing was pinned, and no file has any",
            "name its files with --evidence",
        ));
    }
    let scenario = scenario(&incident, declared, lines, seen, &redactor);
    let text = toml::to_string(&scenario).map_err(|error| Failure::unread(error.to_string()))?;
    let head = "# A past incident as a drill: read it before you give it to anybody. Names of systems stand in it; people,\n\
                # addresses and identifiers were taken out. `bridgewatch drill author FILE` checks it.\n\n";
    write_or_print(&format!("{head}{text}"), to, output)
}

/// What the evidence says besides its lines.
#[derive(Default)]
struct Seen {
    onset: Option<Time>,
    systems: Vec<String>,
    mode: String,
    first: String,
    symptoms: Vec<String>,
}

/// Takes out what leads to people and customers; identifiers get others of the same shape, the same for the same.
struct Redactor {
    outward: Outward,
    salt: String,
}

impl Redactor {
    fn of(incident: &Incident) -> Self {
        Self { outward: Outward::new(incident.people()), salt: incident.id.clone() }
    }

    fn text(&self, text: &str) -> String {
        self.outward.text(text)
    }

    /// Digits become other digits, letters other letters; a UUID stays one.
    fn identifier(&self, one: &Identifier) -> String {
        let mut bytes =
            Sha256::digest(format!("{}{}", self.salt, one.value.to_lowercase())).into_iter().cycle();
        let is_hex = matches!(one.class, IdentifierClass::Trace | IdentifierClass::Span)
            || one.value.chars().all(|c| c.is_ascii_hexdigit() || c == '-') && one.value.len() >= 16;
        one.value
            .chars()
            .map(|letter| {
                let byte = bytes.next().unwrap_or(0);
                match letter {
                    _ if is_hex && letter.is_ascii_hexdigit() => {
                        char::from(b"0123456789abcdef"[usize::from(byte % 16)])
                    }
                    '0'..='9' => char::from(b'0' + byte % 10),
                    other => other,
                }
            })
            .collect()
    }
}

/// The field that says an identifier's class, as formats everywhere have it.
fn field(class: IdentifierClass) -> &'static str {
    match class {
        IdentifierClass::Correlation => "correlation_id",
        IdentifierClass::Trace => "trace_id",
        IdentifierClass::Span => "span_id",
        IdentifierClass::Message => "message_id",
        IdentifierClass::Business => "order_id",
        IdentifierClass::Session => "session_id",
    }
}

fn window(brief: Time) -> Window {
    let minutes = |count: u32| Nanos::seconds(i64::from(count) * 60);
    Window { from: brief - minutes(BASELINE_MINUTES), to: brief + minutes(MINUTES) }
}

fn from_evidence(gathered: &Gathered, brief: Time, redactor: &Redactor) -> (Vec<Recorded>, Seen) {
    let evidence = &gathered.evidence;
    let flows = gathered.flows();
    let window = window(brief);
    let mut lines = Vec::new();
    let within = |row: &Row| window.contains(evidence.time(*row));
    let rows: Vec<Row> = (0..evidence.rows()).map(Row).filter(within).collect();
    // Where there is too much, flows are left out whole: a flow in part would look like one that got stuck.
    let keep = keeps(&rows, evidence, &flows);
    for row in rows.into_iter().filter(|row| keep(*row)) {
        let Some(event) = gathered.files.read_event(evidence, evidence.origin(row)) else { continue };
        lines.push(recorded(brief, &event, redactor));
    }
    for series in evidence.series.iter() {
        lines.extend(series.within(window).iter().map(|sample| Recorded {
            after: sample.time - brief,
            file: format!("metrics/{}.jsonl", safe(&series.system)),
            text: json!({ "time": sample.time, "system": series.system, "metric": series.metric, "unit": series.unit,
                          "value": sample.value }).to_string(),
        }));
    }
    for change in evidence.changes.iter().filter(|change| window.contains(change.time)) {
        lines.push(Recorded {
            after: change.time - brief,
            file: "changes.jsonl".to_owned(),
            text: json!({ "id": change.id, "time": change.time, "system": change.system, "kind": change.kind,
                          "text": redactor.text(&change.text) })
            .to_string(),
        });
    }
    lines.sort_by(|one, other| (one.after, &one.file).cmp(&(other.after, &other.file)));
    let suspects = Suspects::of(evidence, &flows, &gathered.config.suspect_settings());
    let name = |suspect: &crate::suspects::Suspect| evidence.system_name(suspect.system).to_owned();
    let first = suspects.ranking.first();
    let seen = Seen {
        onset: suspects.onset.as_ref().map(|onset| onset.time),
        systems: evidence.systems.iter().map(|(_, name)| name.to_owned()).collect(),
        mode: first.and_then(|one| one.failure_modes.first().cloned()).unwrap_or_default(),
        first: first.map(name).unwrap_or_default(),
        symptoms: suspects.ranking.iter().skip(1).map(name).collect(),
    };
    (lines, seen)
}

/// Which rows are kept so that no more than [`MOST_LINES`] are, flows whole.
fn keeps<'a>(
    rows: &[Row],
    evidence: &'a crate::evidence::Evidence,
    flows: &'a Flows,
) -> impl Fn(Row) -> bool + 'a {
    let every = rows.len().div_ceil(MOST_LINES).max(1) as u64;
    move |row| {
        let of_flow = flows.joins(evidence, row);
        every == 1 || of_flow.map_or(u64::from(row.0), |flow| u64::from(flow.0)) % every == 0
    }
}

/// An event as a line in a format that is read everywhere.
fn recorded(brief: Time, event: &Event, redactor: &Redactor) -> Recorded {
    let system = safe(&event.system);
    let after = event.time - brief;
    if event.kind == EventKind::Alert {
        let text = json!({ "time": event.time, "system": event.system, "kind": "alert", "text": redactor.text(&event.body) });
        return Recorded { after, file: "alerts.jsonl".to_owned(), text: text.to_string() };
    }
    let trace = event.identifiers.iter().find(|one| one.class == IdentifierClass::Trace);
    if let (EventKind::Span, Some(span), Some(trace)) = (event.kind, event.span, trace) {
        return Recorded {
            after,
            file: "otel/spans.jsonl".to_owned(),
            text: otlp(event, span, trace, redactor),
        };
    }
    let mut line = json!({
        "time": event.time, "level": event.severity.word(), "service": event.system,
        "message": redactor.text(&event.body),
    });
    if let Some(operation) = &event.operation {
        line["operation"] = Value::String(redactor.text(operation));
    }
    if let Some(duration) = event.duration {
        line["duration_ms"] = json!(duration.0 as f64 / 1e6);
    }
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for one in &event.identifiers {
        let name = field(one.class);
        let count = seen.entry(name).or_default();
        *count += 1;
        let key = if *count == 1 { name.to_owned() } else { format!("{name}_{count}") };
        line[key] = Value::String(redactor.identifier(one));
    }
    Recorded { after, file: format!("{system}/events.jsonl"), text: line.to_string() }
}

fn otlp(event: &Event, span: crate::telemetry::SpanInfo, trace: &Identifier, redactor: &Redactor) -> String {
    let parent = if span.parent == 0 { String::new() } else { format!("{:016x}", span.parent) };
    let end = event.time.0 + event.duration.map_or(0, |duration| duration.0);
    let attributes: Vec<Value> = event
        .identifiers
        .iter()
        .filter(|one| !matches!(one.class, IdentifierClass::Trace | IdentifierClass::Span))
        .map(|one| json!({ "key": field(one.class), "value": { "stringValue": redactor.identifier(one) } }))
        .collect();
    json!({ "resourceSpans": [{
        "resource": { "attributes": [{ "key": "service.name", "value": { "stringValue": event.system } }] },
        "scopeSpans": [{ "spans": [{
            "traceId": redactor.identifier(trace), "spanId": format!("{:016x}", span.id), "parentSpanId": parent,
            "name": redactor.text(event.operation.as_deref().unwrap_or(&event.body)), "kind": span.kind as u8,
            "startTimeUnixNano": event.time.0.to_string(), "endTimeUnixNano": end.to_string(),
            "attributes": attributes, "status": { "code": if span.failed { 2 } else { 0 } },
        }] }],
    }] })
    .to_string()
}

/// What was pinned, where it is `TIME SYSTEM LEVEL TEXT`, as the cockpit pins events.
fn from_pins(entries: &[Entry], brief: Time, redactor: &Redactor) -> Vec<Recorded> {
    let Ok(form) = Regex::new(r"^(\S+) (\S+) ([A-Za-z]+\d?) (.*)$") else { return Vec::new() };
    let mut lines: Vec<Recorded> = entries
        .iter()
        .flat_map(|entry| &entry.draft.pins)
        .flat_map(|pin| &pin.content)
        .filter_map(|line| {
            let parts = form.captures(line)?;
            let time = Time::parse(&parts[1])?;
            let text = json!({ "time": time, "level": &parts[3], "service": &parts[2], "message": redactor.text(&parts[4]) });
            Some(Recorded { after: time - brief, file: format!("{}/events.jsonl", safe(&parts[2])), text: text.to_string() })
        })
        .collect();
    lines.sort_by(|one, other| {
        (one.after, &one.file, &one.text).cmp(&(other.after, &other.file, &other.text))
    });
    lines.dedup();
    lines
}

/// A name that is one folder.
fn safe(name: &str) -> String {
    let kept = |c: char| if c.is_alphanumeric() || matches!(c, '-' | '_') { c } else { '-' };
    name.chars().map(kept).collect()
}

fn scenario(
    incident: &Incident,
    brief: Time,
    lines: Vec<Recorded>,
    seen: Seen,
    redactor: &Redactor,
) -> Scenario {
    let rca = &incident.rca;
    let told = |text: &str| redactor.text(text.trim());
    let cause = told(&rca.root_cause);
    // The system that the write-up names; else the one that the evidence points at.
    let named = seen.systems.iter().filter(|system| Terms::new([system.as_str()]).fit(&rca.root_cause));
    let root_system = named.max_by_key(|system| system.len()).cloned().unwrap_or_else(|| seen.first.clone());
    let clues: Vec<Clue> = clues(&lines, &root_system, seen.onset.map(|onset| onset - brief));
    let mut cause_terms = vec![root_system.clone()];
    cause_terms.extend(Terms::telling(&cause).into_iter().flat_map(|terms| terms.0));
    cause_terms.retain(|term| !term.is_empty());
    let factors: Vec<String> = rca.factors.iter().map(|factor| told(&factor.text)).collect();
    let mut scenario = Scenario {
        name: safe(&incident.id.to_lowercase()),
        title: told(&incident.title),
        difficulty: Difficulty::Medium,
        brief: format!(
            "A past incident, as its telemetry tells it: {}. It was declared at this moment. What you do is recorded and \
             judged, but changes nothing in what was recorded then.",
            told(&incident.title)
        ),
        goals: vec!["work on an incident of our own as if it were today".to_owned()],
        minutes: MINUTES,
        severity: incident.severity,
        answers: Answers {
            trigger: told(&rca.trigger),
            root_cause: cause,
            factor_terms: factors.iter().filter_map(|text| Terms::telling(text)).collect(),
            factors,
            fixes: rca.actions.iter().map(|(_, action, _)| told(&action.text)).collect(),
            path: clues.iter().map(|clue| format!("Look at {}: {}", clue.file, clue.what)).collect(),
            trigger_terms: Terms::telling(&told(&rca.trigger)).unwrap_or_default(),
            root_cause_terms: Terms(cause_terms),
        },
        hints: vec![Hint { text: format!("Look closely at {root_system}."), cost: 8 }],
        expect: Expect { good_at_least: 60, bad_at_most: 35 },
        recording: Some(Recording {
            incident: incident.id.clone(),
            brief,
            lines,
            levers: incident.mitigations.iter().map(|one| remedy(one, redactor)).collect(),
            clues,
            onset: seen.onset.or(incident.impact_began).map(|onset| onset - brief),
            root_system,
            mode: seen.mode,
            symptoms: seen.symptoms,
        }),
        ..Scenario::default()
    };
    let start = crate::drill::Start { scenario: scenario.clone(), minutes: MINUTES, ..Default::default() };
    if let Ok((run, _)) = crate::drill::Run::begin(start, brief) {
        scenario.good = Candidate::model(&scenario, &run.truth());
        scenario.bad = Candidate::idle();
    }
    scenario
}

/// Where the system that was to blame wrote of it: its files, from the onset on.
fn clues(lines: &[Recorded], system: &str, onset: Option<Nanos>) -> Vec<Clue> {
    let file = format!("{}/events.jsonl", safe(system));
    let telling = lines.iter().find(|line| {
        let is_bad = line.text.contains("\"error\"")
            || line.text.contains("\"ERROR\"")
            || line.text.contains("\"warn\"");
        line.file == file && is_bad && onset.is_none_or(|onset| line.after >= onset)
    });
    let what = telling.and_then(|line| {
        let value: Value = serde_json::from_str(&line.text).ok()?;
        value.get("message")?.as_str().map(str::to_owned)
    });
    let log = lines.iter().any(|line| line.file == file).then(|| Clue {
        system: system.to_owned(),
        file: file.clone(),
        signal: "log".to_owned(),
        what: what.unwrap_or_else(|| format!("what {system} wrote since the onset")),
    });
    log.into_iter().collect()
}

/// What was done then, and what it did.
fn remedy(one: &Mitigation, redactor: &Redactor) -> Remedy {
    let measured = one.measured.clone().unwrap_or_default();
    let effect = if measured.starts_with("better") {
        LeverEffect::Mends
    } else if measured.starts_with("worse") {
        LeverEffect::Worsens
    } else {
        LeverEffect::Nothing
    };
    let why = if measured.is_empty() { "it was not measured".to_owned() } else { redactor.text(&measured) };
    Remedy {
        lever: Lever { kind: one.plan.kind, system: one.plan.target.clone(), target: None },
        effect,
        why,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_get_others_of_the_same_shape_and_the_same_for_the_same() {
        let redactor = Redactor { outward: Outward::new(["ann"]), salt: "INC-0001".into() };
        let of = |class, value: &str| redactor.identifier(&Identifier { class, value: value.into() });
        let uuid = of(IdentifierClass::Correlation, "3F2B8C1E-6d4a-4f7b-9a10-5c2e7d9b8a41");
        assert_eq!((uuid.len(), uuid.matches('-').count()), (36, 4));
        assert_ne!(uuid.to_lowercase(), "3f2b8c1e-6d4a-4f7b-9a10-5c2e7d9b8a41");
        assert_eq!(uuid, of(IdentifierClass::Correlation, "3f2b8c1e-6d4a-4f7b-9a10-5c2e7d9b8a41"));
        let order = of(IdentifierClass::Business, "SO-88213");
        assert!(order.starts_with("SO-") && order.len() == 8 && order != "SO-88213", "{order}");
        assert_ne!(order, of(IdentifierClass::Business, "SO-88214"));
        let other = Redactor { salt: "INC-0002".into(), ..redactor };
        assert_ne!(
            order,
            other.identifier(&Identifier { class: IdentifierClass::Business, value: "SO-88213".into() })
        );
    }

    #[test]
    fn what_was_pinned_becomes_lines_and_other_notes_do_not() {
        use crate::incident::{Draft, Pin, PinKind, What, seal};
        let redactor = Redactor { outward: Outward::new(["ann"]), salt: String::new() };
        let content = vec![
            "2026-03-14T10:41:37.120000000Z erp ERROR refused for ann@corp.example".to_owned(),
            "a note that is no line".to_owned(),
        ];
        let pin = Pin::new(PinKind::Events, "x".into(), "y".into(), None, Time(0), content);
        let entry = seal(Draft::new(Time(0), "ann", What::fact("x")).with_pins(vec![pin]), 1, "");
        let brief = Time::parse("2026-03-14T10:42:37.12Z").unwrap();
        let lines = from_pins(&[entry], brief, &redactor);
        assert_eq!((lines.len(), lines[0].after), (1, Nanos::seconds(-60)));
        assert_eq!(lines[0].file, "erp/events.jsonl");
        assert!(lines[0].text.contains("\"service\":\"erp\"") && !lines[0].text.contains("ann"), "{lines:?}");
    }

    #[test]
    fn a_name_is_one_folder_whatever_it_is() {
        assert_eq!(safe("../../etc/passwd"), "------etc-passwd");
        assert_eq!(safe("erp-adapter"), "erp-adapter");
    }
}
