//! `bridgewatch incident`: the record of incidents, to read, to add to, to check and to carry elsewhere.

mod bridge;
mod declare;
mod pin;
mod runbook;

use super::arguments::{IncidentCommand, Shared};
use super::output::{Output, Role, Table};
use super::record::Record;
use super::{Failure, Outcome};
use crate::app::now;
use crate::incident::{Draft, Entry, Incident, IncidentSeverity, Outward, Phase, What, back_dated, kpis};
use crate::ingest::scrub_text;
use crate::store::{StoreError, export, export_redacted, import};
use crate::telemetry::Time;
use serde::Serialize;
use std::io::Read;
use std::path::Path;

#[derive(Serialize)]
struct Head<'a> {
    incident: &'a str,
    title: &'a str,
    severity: IncidentSeverity,
    phase: Phase,
    drill: bool,
    declared: Option<Time>,
    acknowledged: Option<Time>,
    impact_began: Option<Time>,
    impact_ended: Option<Time>,
    resolved: Option<Time>,
    entries: usize,
    pins: usize,
    mitigations: usize,
}

#[derive(Serialize)]
struct EntryLine<'a> {
    entry: u64,
    happened: Time,
    recorded: Time,
    author: &'a str,
    label: &'a str,
    text: &'a str,
    pins: usize,
    undone: bool,
}

#[derive(Serialize)]
struct Checked<'a> {
    incident: &'a str,
    entries: Option<usize>,
    intact: bool,
    reason: Option<String>,
}

pub(super) fn run(shared: &Shared, command: IncidentCommand, output: &Output) -> Result<Outcome, Failure> {
    let record = Record::open(shared)?;
    let outcome = match command {
        IncidentCommand::List => list(&record, output),
        IncidentCommand::Show { incident } => show(&record, incident.as_deref(), output),
        IncidentCommand::Declare(arguments) => declare::run(shared, &record, arguments, output),
        IncidentCommand::Note { incident, text, decision, option, objection, decider } => {
            let decision =
                decision.then(|| Decided { option, objection, decider: decider.unwrap_or_default() });
            note(&record, &incident, &sentence(&text)?, decision, output)
        }
        IncidentCommand::Pin(arguments) => pin::run(&record, arguments, output),
        IncidentCommand::Runbook(arguments) => runbook::run(shared, &record, arguments, output),
        IncidentCommand::Bridge(command) => bridge::run(shared, &record, command, output),
        IncidentCommand::Verify { incidents } => verify(&record, &incidents, output),
        IncidentCommand::Export { incident, to, redacted } => {
            export_to(&record, &incident, to.as_deref(), redacted, output)
        }
        IncidentCommand::Import { from } => import_from(&record, &from, output),
    }?;
    output.flush()?;
    Ok(outcome)
}

fn list(record: &Record, output: &Output) -> Result<Outcome, Failure> {
    let mut table =
        Table::new(&["incident", "severity", "phase", "declared (UTC)", ">lasted", ">entries", "title"]);
    for name in record.names()? {
        let Some(incident) = record.wait(record.store.incident(&name))? else { continue };
        if output.json {
            output.object(&head(&incident))?;
            continue;
        }
        let declared = incident.declared.map(|time| time.utc().format("%Y-%m-%d %H:%M").to_string());
        let lasted = incident.declared.map(|declared| incident.resolved.unwrap_or_else(now) - declared);
        table.row(vec![
            (Role::Strong, name),
            severity(&incident),
            (phase_role(incident.phase), incident.phase.to_string()),
            (Role::Muted, declared.unwrap_or_default()),
            (Role::Plain, lasted.map(|length| length.to_string()).unwrap_or_default()),
            (Role::Plain, incident.lines.len().to_string()),
            (Role::Plain, title(&incident)),
        ]);
    }
    if !output.json {
        if table.is_empty() {
            output.line(&[(
                Role::Plain,
                "no incident yet; declare one in the cockpit, or by `bridgewatch incident declare TITLE`",
            )])?;
        } else {
            output.table(&table)?;
        }
    }
    Ok(Outcome::Done)
}

fn title(incident: &Incident) -> String {
    scrub_text(&incident.titled()).into_owned()
}

fn severity(incident: &Incident) -> (Role, String) {
    let role = match incident.severity {
        IncidentSeverity::Sev1 => Role::Bad,
        IncidentSeverity::Sev2 => Role::Warning,
        IncidentSeverity::Sev3 | IncidentSeverity::Sev4 => Role::Plain,
    };
    (role, incident.severity.to_string())
}

fn phase_role(phase: Phase) -> Role {
    if phase >= Phase::Resolved { Role::Good } else { Role::Warning }
}

fn head(incident: &Incident) -> Head<'_> {
    Head {
        incident: &incident.id,
        title: &incident.title,
        severity: incident.severity,
        phase: incident.phase,
        drill: incident.is_drill,
        declared: incident.declared,
        acknowledged: incident.acknowledged,
        impact_began: incident.impact_began,
        impact_ended: incident.impact_ended,
        resolved: incident.resolved,
        entries: incident.lines.len(),
        pins: incident.pins,
        mitigations: incident.mitigations.len(),
    }
}

fn show(record: &Record, name: Option<&str>, output: &Output) -> Result<Outcome, Failure> {
    let incident = match record.incident(name)? {
        Ok(incident) => incident,
        Err(why) => {
            output.complain(&why, Some("`bridgewatch incident list` names those that there are"));
            return Ok(Outcome::NotFound);
        }
    };
    if output.json {
        output.object(&head(&incident))?;
        for line in &incident.lines {
            output.object(&EntryLine {
                entry: line.entry,
                happened: line.happened,
                recorded: line.recorded,
                author: &line.author,
                label: line.label,
                text: &line.text,
                pins: line.pins,
                undone: line.is_undone,
            })?;
        }
        return Ok(Outcome::Done);
    }
    let (role, severity) = severity(&incident);
    output.line(&[
        (role, &severity),
        (Role::Strong, &format!(" {} {}", incident.id, title(&incident))),
        (phase_role(incident.phase), &format!("   {}", incident.phase)),
    ])?;
    for (who, person) in &incident.roles {
        output.line(&[(Role::Muted, &format!("{who}: ")), (Role::Plain, &scrub_text(person))])?;
    }
    for kpi in &kpis(&incident) {
        let Some(value) = kpi.says() else { continue };
        output.line(&[
            (Role::Plain, &format!("{} {value}", kpi.name)),
            (Role::Muted, &format!("  ({})", kpi.definition)),
        ])?;
    }
    output.blank()?;
    let mut table = Table::new(&[">#", "happened (UTC)", "who", "", "what"]);
    for line in &incident.lines {
        let role = if line.is_undone { Role::Muted } else { Role::Plain };
        let mut text = scrub_text(&line.text).into_owned();
        if line.is_undone {
            text.push_str("  (taken back)");
        }
        if line.pins > 0 {
            text.push_str("  (evidence pinned)");
        }
        table.row(vec![
            (Role::Muted, line.entry.to_string()),
            (Role::Muted, line.happened.utc().format("%Y-%m-%d %H:%M:%S").to_string()),
            (Role::Accent, scrub_text(&line.author).into_owned()),
            (role, line.label.to_owned()),
            (role, text),
        ]);
    }
    output.table(&table)?;
    Ok(Outcome::Done)
}

/// What belongs to a decision besides its sentence.
struct Decided {
    option: Vec<String>,
    objection: Vec<String>,
    decider: String,
}

/// The words of a sentence. Since `-7m` may begin one, an option behind it would be taken for a word.
fn sentence(words: &[String]) -> Result<String, Failure> {
    match words.iter().find(|word| word.starts_with("--") && word.len() > 2) {
        Some(option) => Err(Failure::usage(
            format!("`{option}` stands behind the text, and would be part of it"),
            "write options before the text",
        )),
        None => Ok(words.join(" ")),
    }
}

/// Says that an incident is not there.
fn missing(why: &str, output: &Output) -> Result<Outcome, Failure> {
    output.complain(why, Some("`bridgewatch incident list` names those that there are"));
    Ok(Outcome::NotFound)
}

fn note(
    record: &Record,
    name: &str,
    text: &str,
    decision: Option<Decided>,
    output: &Output,
) -> Result<Outcome, Failure> {
    if let Err(why) = record.incident(Some(name))? {
        return missing(&why, output);
    }
    let (happened, text) = back_dated(text, now());
    let what = match decision {
        Some(Decided { option, objection, decider }) => {
            What::Decision { text: text.to_owned(), options: option, objections: objection, decider }
        }
        None => What::fact(text),
    };
    let entry = append(record, name, happened, what)?;
    told(name, &entry, output)
}

fn append(record: &Record, name: &str, happened: Time, what: What) -> Result<Entry, Failure> {
    let draft = Draft::new(now(), record.author(), what).happened(happened);
    record.wait(record.store.append(name, draft))
}

fn told(name: &str, entry: &Entry, output: &Output) -> Result<Outcome, Failure> {
    #[derive(Serialize)]
    struct Told<'a> {
        incident: &'a str,
        entry: u64,
        hash: &'a str,
    }
    if output.json {
        output.object(&Told { incident: name, entry: entry.sequence, hash: &entry.hash })?;
    } else {
        output.line(&[
            (Role::Strong, name),
            (Role::Plain, &format!(" entry {} is recorded", entry.sequence)),
        ])?;
    }
    Ok(Outcome::Done)
}

fn verify(record: &Record, wanted: &[String], output: &Output) -> Result<Outcome, Failure> {
    let names = if wanted.is_empty() { record.names()? } else { wanted.to_vec() };
    let mut outcome = Outcome::Done;
    for name in &names {
        let (entries, reason) = match record.wait_checked(name)? {
            Ok(0) => (None, Some("there is no such incident".to_owned())),
            Ok(entries) => (Some(entries), None),
            Err(reason) => (None, Some(reason)),
        };
        if reason.is_some() {
            outcome = Outcome::NotFound;
        }
        if output.json {
            output.object(&Checked { incident: name, entries, intact: reason.is_none(), reason })?;
            continue;
        }
        match (entries, reason) {
            (_, Some(reason)) => output.line(&[
                (Role::Bad, "✗ "),
                (Role::Strong, name),
                (Role::Plain, &format!(" {reason}")),
            ])?,
            (entries, None) => output.line(&[
                (Role::Good, "✓ "),
                (Role::Strong, name),
                (Role::Plain, &format!(" {} entries, the chain is whole", entries.unwrap_or_default())),
            ])?,
        }
    }
    Ok(outcome)
}

impl Record {
    /// The number of entries, or why the chain is broken.
    fn wait_checked(&self, name: &str) -> Result<Result<usize, String>, Failure> {
        self.wait(async {
            match self.store.verify(name).await {
                Ok(entries) => Ok(Ok(entries)),
                Err(error @ StoreError::Broken { .. }) => Ok(Err(error.to_string())),
                Err(error) => Err(error),
            }
        })
    }
}

fn export_to(
    record: &Record,
    name: &str,
    to: Option<&Path>,
    is_redacted: bool,
    output: &Output,
) -> Result<Outcome, Failure> {
    let incident = match record.incident(Some(name))? {
        Ok(incident) => incident,
        Err(why) => return missing(&why, output),
    };
    let bundle = if is_redacted {
        let outward = Outward::of(&incident, record.config.systems.keys().cloned());
        record.wait(export_redacted(&record.store, name, &outward))?
    } else {
        record.wait(export(&record.store, name))?
    };
    write_or_print(&bundle, to, output)
}

/// Writes a document to a file, or to standard output without one.
pub(super) fn write_or_print(text: &str, to: Option<&Path>, output: &Output) -> Result<Outcome, Failure> {
    match to {
        Some(path) => {
            std::fs::write(path, text)
                .map_err(|error| Failure::unread(format!("cannot write {}: {error}", path.display())))?;
            output.warn(&format!("written to {}", path.display()));
        }
        None => {
            output.raw(text.as_bytes())?;
            if !text.ends_with('\n') {
                output.blank()?;
            }
        }
    }
    output.flush()?;
    Ok(Outcome::Done)
}

fn import_from(record: &Record, from: &Path, output: &Output) -> Result<Outcome, Failure> {
    let text = if from == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).map(|_| text)
    } else {
        std::fs::read_to_string(from)
    };
    let text = text.map_err(|error| Failure::unread(format!("cannot read {}: {error}", from.display())))?;
    let name = record.wait(import(&record.store, &text))?;
    if output.json {
        let incident = record.wait(record.store.incident(&name))?.unwrap_or_default();
        output.object(&head(&incident))?;
    } else {
        output.line(&[(Role::Strong, &name), (Role::Plain, " is here now")])?;
    }
    Ok(Outcome::Done)
}
