//! `bridgewatch incident runbook`: the steps of a runbook, and what became of them.

use super::super::arguments::{Inputs, RunbookArguments, Shared};
use super::super::output::{Output, Role};
use super::super::rca::look;
use super::super::record::Record;
use super::super::{Failure, Outcome};
use super::{missing, told};
use crate::app::now;
use crate::incident::{Draft, Runbook, What, looked};
use crate::ingest::scrub_text;
use serde::Serialize;
use std::path::PathBuf;

#[derive(Serialize)]
struct Line<'a> {
    number: usize,
    step: &'a str,
    command: &'a str,
    found: Option<&'a str>,
    /// What the evidence says by itself.
    evidence: Option<&'a str>,
}

pub(super) fn run(
    shared: &Shared,
    record: &Record,
    arguments: RunbookArguments,
    output: &Output,
) -> Result<Outcome, Failure> {
    let incident = match record.incident(Some(&arguments.incident))? {
        Ok(incident) => incident,
        Err(why) => return missing(&why, output),
    };
    let path = match (arguments.file, &arguments.system) {
        (Some(file), _) => file,
        (None, Some(system)) => match of_system(record, system)? {
            Named::File(path) => path,
            Named::Link(link) => {
                output.line(&[(Role::Plain, &link)])?;
                return Ok(Outcome::Done);
            }
        },
        (None, None) => return Err(Failure::usage("which runbook?", "name it by --file or --system")),
    };
    let text = std::fs::read_to_string(&path)
        .map_err(|error| Failure::unread(format!("cannot read {}: {error}", path.display())))?;
    let runbook = Runbook::read(&scrub_text(&text), &incident);
    if let Some(number) = arguments.step {
        let Some(step) = number.checked_sub(1).and_then(|place| runbook.steps.get(place)) else {
            output.complain(&format!("the runbook has {} steps", runbook.steps.len()), None);
            return Ok(Outcome::NotFound);
        };
        let found = arguments.found.join(" ");
        let what = What::Step {
            stage: runbook.title.clone(),
            question: step.text.clone(),
            answer: if found.is_empty() { "done".to_owned() } else { found },
        };
        let draft = Draft::new(now(), record.author(), what);
        let entry = record.wait(record.store.append(&incident.id, draft))?;
        return told(&incident.id, &entry, output);
    }
    let inputs = Inputs { paths: arguments.evidence, demo: arguments.demo };
    let seen = look(shared, record, &inputs, output)?;
    if !output.json {
        let done = runbook.steps.iter().filter(|step| step.done.is_some()).count();
        output.line(&[
            (Role::Strong, &runbook.title),
            (Role::Muted, &format!("  {done} of {} done", runbook.steps.len())),
        ])?;
    }
    for (number, step) in (1..).zip(&runbook.steps) {
        let says = seen
            .evidence
            .as_ref()
            .zip(step.look.as_ref())
            .and_then(|((evidence, flows, _), words)| looked(words, &seen.findings, evidence, flows));
        if output.json {
            output.object(&Line {
                number,
                step: &step.text,
                command: &step.command,
                found: step.done.as_deref(),
                evidence: says.as_deref(),
            })?;
            continue;
        }
        let (mark, role) = if step.done.is_some() { ("✓", Role::Good) } else { ("○", Role::Warning) };
        output.line(&[(role, &format!("{mark} {number:>2} ")), (Role::Plain, &step.text)])?;
        for line in step.command.lines() {
            output.line(&[(Role::Muted, &format!("       {line}"))])?;
        }
        if let Some(says) = &says {
            output.line(&[(Role::Good, &format!("       evidence: {says}"))])?;
        }
        if let Some(found) = &step.done {
            output.line(&[(Role::Accent, &format!("       → {found}"))])?;
        }
    }
    Ok(Outcome::Done)
}

enum Named {
    File(PathBuf),
    Link(String),
}

fn of_system(record: &Record, system: &str) -> Result<Named, Failure> {
    let Some(runbook) = record.config.systems.get(system).and_then(|known| known.runbook.clone()) else {
        let with = record.config.systems.iter().filter(|(_, known)| known.runbook.is_some());
        let names: Vec<&str> = with.map(|(name, _)| name.as_str()).collect();
        let hint = if names.is_empty() {
            "set `runbook` below [systems.NAME] in the configuration".to_owned()
        } else {
            format!("there are runbooks of {}", names.join(", "))
        };
        return Err(Failure::usage(format!("the configuration names no runbook of `{system}`"), hint));
    };
    Ok(if runbook.contains("://") {
        Named::Link(runbook)
    } else {
        Named::File(record.config.resolve(std::path::Path::new(&runbook)))
    })
}
