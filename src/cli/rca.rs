//! `bridgewatch rca`: the write-up of an incident, drafted, checked by the quality gate, and written out.

mod edit;

use super::arguments::{Inputs, RcaArguments, RcaCommand, ReportFormat, Shared};
use super::gather::gather;
use super::incident::write_or_print;
use super::output::{Output, Role};
use super::record::Record;
use super::{Failure, Outcome};
use crate::app::now;
use crate::evidence::{Evidence, Row};
use crate::flows::Flows;
use crate::incident::{Coverage, Findings, draft};
use crate::report::Report;
use crate::suspects::Suspects;
use crate::telemetry::Event;
use serde::Serialize;
use std::path::Path;

pub(super) fn run(shared: &Shared, command: RcaCommand, output: &Output) -> Result<Outcome, Failure> {
    let (arguments, task): (RcaArguments, Task) = match command {
        RcaCommand::Edit { arguments, from, print } => (arguments, Task::Edit { from, print }),
        RcaCommand::Draft(arguments) => {
            (arguments, Task::Write { format: ReportFormat::Markdown, to: None, template: None })
        }
        RcaCommand::Check(arguments) => (arguments, Task::Check),
        RcaCommand::Export { arguments, format, to, template } => {
            (arguments, Task::Write { format, to, template })
        }
    };
    let record = Record::open(shared)?;
    let Some((report, outcome)) = report(shared, &record, arguments, output)? else {
        return Ok(Outcome::NotFound);
    };
    match task {
        Task::Check => check(&report, output),
        Task::Edit { from, print } => edit::run(&record, &report, from.as_deref(), print, output),
        Task::Write { format, to, template } => {
            write(&report, format, to.as_deref(), template.as_deref(), output)
        }
    }
    .map(|done| if done == Outcome::Done { outcome } else { done })
}

/// The report of an incident, drawn on the evidence that the arguments name; `None` if there is no such incident.
pub(super) fn report(
    shared: &Shared,
    record: &Record,
    arguments: RcaArguments,
    output: &Output,
) -> Result<Option<(Report, Outcome)>, Failure> {
    let incident = match record.incident(arguments.incident.as_deref())? {
        Ok(incident) => incident,
        Err(why) => {
            output.complain(&why, Some("`bridgewatch incident list` names those that there are"));
            return Ok(None);
        }
    };
    let gate = record.config.gate().map_err(|reason| Failure::usage(reason, "mend the file"))?;
    let entries = record.wait(record.store.entries(&incident.id))?;
    let looked = look(shared, record, &Inputs { paths: arguments.evidence, demo: arguments.demo }, output)?;
    let rca = draft(&incident, &looked.findings);
    let mut report = Report::new(incident, rca, &entries, &gate, now());
    if let Some((evidence, flows, suspects)) = &looked.evidence {
        report = report.illustrated(evidence, flows, suspects).with_notable(looked.findings.notable);
    }
    Ok(Some((report, looked.outcome)))
}

/// What the evidence says, where there is any.
pub(super) struct Looked {
    pub findings: Findings,
    pub evidence: Option<(Evidence, Flows, Suspects)>,
    pub outcome: Outcome,
}

/// Reads the evidence that a command names, if it names any.
pub(super) fn look(
    shared: &Shared,
    record: &Record,
    inputs: &Inputs,
    output: &Output,
) -> Result<Looked, Failure> {
    let has_evidence = !inputs.paths.is_empty()
        || inputs.demo.is_some()
        || !record.config.evidence.is_empty()
        || !record.config.sources.is_empty();
    if !has_evidence {
        return Ok(Looked { findings: Findings::default(), evidence: None, outcome: Outcome::Done });
    }
    let gathered = gather(shared, inputs, output)?;
    let flows = gathered.flows();
    let suspects = Suspects::of(&gathered.evidence, &flows, &gathered.config.suspect_settings());
    let owner = |system: &str| gathered.config.systems.get(system)?.owner.clone();
    let mut findings = Findings::of(&gathered.evidence, &flows, &suspects, owner);
    let catalogue = gathered.config.systems.keys().map(String::as_str);
    findings.coverage = Coverage::of(&gathered.evidence, &flows, catalogue);
    let (evidence, files) = (&gathered.evidence, &gathered.files);
    let read = |rows: &[Row]| -> Vec<(Row, Option<Event>)> {
        rows.iter().map(|row| (*row, files.read_event(evidence, evidence.origin(*row)))).collect()
    };
    let losses = gathered.config.losses.counted(evidence, &flows, findings.onset, read);
    findings.losses = losses.sentence();
    Ok(Looked { findings, outcome: gathered.outcome, evidence: Some((gathered.evidence, flows, suspects)) })
}

enum Task {
    Check,
    Edit { from: Option<std::path::PathBuf>, print: bool },
    Write { format: ReportFormat, to: Option<std::path::PathBuf>, template: Option<std::path::PathBuf> },
}

fn check(report: &Report, output: &Output) -> Result<Outcome, Failure> {
    #[derive(Serialize)]
    struct Line<'a> {
        place: &'a str,
        rule: &'a str,
        reason: &'a str,
    }
    for objection in &report.objections {
        if output.json {
            output.object(&Line {
                place: &objection.place,
                rule: &objection.rule,
                reason: &objection.reason,
            })?;
        } else {
            output.line(&[
                (Role::Bad, "✗ "),
                (Role::Strong, &objection.place),
                (Role::Plain, &format!(": {}", objection.reason)),
                (Role::Muted, &format!("  ({})", objection.rule)),
            ])?;
        }
    }
    if report.objections.is_empty() && !output.json {
        output.line(&[(Role::Good, "✓ the write-up passes the gate")])?;
    }
    output.flush()?;
    Ok(if report.objections.is_empty() { Outcome::Done } else { Outcome::NotFound })
}

fn write(
    report: &Report,
    format: ReportFormat,
    to: Option<&Path>,
    template: Option<&Path>,
    output: &Output,
) -> Result<Outcome, Failure> {
    let template = template
        .map(|path| {
            std::fs::read_to_string(path).map_err(|error| {
                Failure::unread(format!("cannot read the template {}: {error}", path.display()))
            })
        })
        .transpose()?;
    let text = match format {
        ReportFormat::Markdown => report.markdown(template.as_deref()),
        ReportFormat::Html => report.html(template.as_deref()),
        ReportFormat::Json => Ok(format!("{:#}", report.json())),
    };
    let text = text.map_err(|reason| Failure::usage(reason, "mend the template"))?;
    write_or_print(&text, to, output)
}
