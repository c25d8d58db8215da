//! `bridgewatch incident declare`: from a title, an alert or a suspect; the severity by questions about the impact.

use super::super::arguments::{Answer, DeclareArguments, Inputs, Shared};
use super::super::gather::gather;
use super::super::output::Output;
use super::super::record::Record;
use super::super::{Failure, Outcome};
use super::told;
use crate::app::now;
use crate::evidence::Row;
use crate::incident::{Draft, Findings, Impact, Opening, Pin, PinKind, What};
use crate::suspects::{Role, Suspects};
use crate::telemetry::{Nanos, Time};

pub(super) fn run(
    shared: &Shared,
    record: &Record,
    arguments: DeclareArguments,
    output: &Output,
) -> Result<Outcome, Failure> {
    let impact = impact(&arguments);
    let severity = match arguments.severity.as_deref() {
        Some(word) => word.parse().map_err(|_| {
            Failure::usage(format!("`{word}` is no severity"), "there are SEV1, SEV2, SEV3 and SEV4")
        })?,
        // What is not known counts as the worse answer.
        None => impact.severity(),
    };
    let mut found = Found::default();
    if arguments.alert || arguments.suspect {
        let inputs = Inputs { paths: arguments.evidence.clone(), demo: arguments.demo.clone() };
        found = match find(shared, &inputs, arguments.alert, output)? {
            Ok(found) => found,
            Err(why) => {
                output.complain(why, Some("give it a title instead"));
                return Ok(Outcome::NotFound);
            }
        };
    }
    let typed = arguments.title.join(" ");
    let title = if typed.is_empty() { found.title } else { typed };
    let what = What::Declared { title, severity, impact, is_drill: arguments.drill };
    let draft = Draft::new(now(), record.author(), what).with_pins(found.pin.into_iter().collect());
    let (name, entry) = record.wait(record.store.declare(draft))?;
    if let Some((time, uncertainty)) = found.onset {
        let what = What::ImpactBegan { time, uncertainty };
        record.wait(record.store.append(&name, Draft::new(now(), record.author(), what)))?;
    }
    told(&name, &entry, output)
}

fn impact(arguments: &DeclareArguments) -> Impact {
    let known = |answer: Option<Answer>| match answer {
        Some(Answer::Yes) => Some(true),
        Some(Answer::No) => Some(false),
        Some(Answer::Unknown) | None => None,
    };
    Impact {
        customers: known(arguments.customers),
        many: known(arguments.many),
        money: known(arguments.money),
        safety: known(arguments.safety),
        data: known(arguments.data),
        text: arguments.hit.clone().unwrap_or_default(),
    }
}

/// What the evidence gives to a declaration.
#[derive(Default)]
struct Found {
    title: String,
    pin: Option<Pin>,
    onset: Option<(Time, Nanos)>,
}

/// The newest alert, or the first suspect; or why there is none.
fn find(
    shared: &Shared,
    inputs: &Inputs,
    is_alert: bool,
    output: &Output,
) -> Result<Result<Found, &'static str>, Failure> {
    let gathered = gather(shared, inputs, output)?;
    let evidence = &gathered.evidence;
    let flows = gathered.flows();
    let suspects = Suspects::of(evidence, &flows, &gathered.config.suspect_settings());
    let read = |row: Row| gathered.files.read_event(evidence, evidence.origin(row));
    let (opening, kind) = if is_alert {
        let Some(row) = Opening::newest_alert(evidence) else { return Ok(Err("no alert is known")) };
        let message = read(row).map(|event| event.body);
        (Opening::of_alert(evidence, row, message.as_deref()), PinKind::Events)
    } else {
        let Some(first) = suspects.ranking.iter().find(|one| one.role == Role::Cause) else {
            return Ok(Err("nobody is suspected"));
        };
        let title = Findings::of(evidence, &flows, &suspects, |_| None).title;
        (Opening::of_suspect(evidence, first, title.as_deref()), PinKind::Suspect)
    };
    let mut content = opening.lines.clone();
    let mut source = inputs.paths.join(" ");
    for event in opening.rows.iter().filter_map(|row| read(*row)) {
        content.push(format!("{} {} {} {}", event.time, event.system, event.severity, event.body));
        source = event.source.to_string();
    }
    let query = if is_alert { "kind:alert" } else { "bridgewatch suspects" };
    let pin = Pin::new(kind, opening.says, source, None, now(), content).asked(query);
    let onset = suspects.onset.as_ref().map(|onset| (onset.time, onset.uncertainty));
    Ok(Ok(Found { title: opening.title, pin: Some(pin), onset }))
}
