//! `bridgewatch publish`: a preview first, then exactly what was previewed, then an entry in the record.

use super::arguments::{Inputs, PublishArguments, RcaArguments, Shared};
use super::output::{Output, Role, Table};
use super::rca::{look, report};
use super::record::Record;
use super::{Failure, Outcome};
use crate::app::now;
use crate::incident::{Audience, Incident, Outward, status_update};
use crate::publish::{Kind, Parcel, Plan, PublishError, Receipt, Target, TargetConfig, fallback};
use serde::Serialize;
use std::path::Path;

#[derive(Serialize)]
struct Preview<'a> {
    target: &'a str,
    kind: String,
    step: &'a str,
    note: &'a str,
    url: &'a str,
    method: Option<&'a str>,
    path: Option<&'a str>,
    body: Option<&'a serde_json::Value>,
    send: Option<String>,
}

#[derive(Serialize)]
struct Sent<'a> {
    target: &'a str,
    id: &'a str,
    url: &'a str,
    note: &'a str,
    entry: u64,
}

pub(super) fn run(shared: &Shared, arguments: PublishArguments, output: &Output) -> Result<Outcome, Failure> {
    let record = Record::open(shared)?;
    let outcome =
        if arguments.list { list(&record, output) } else { publish(shared, &record, arguments, output) };
    output.flush()?;
    outcome
}

fn list(record: &Record, output: &Output) -> Result<Outcome, Failure> {
    let mut table = Table::new(&["target", "kind", "address", "who reads it"]);
    for target in &record.config.publish {
        if output.json {
            #[derive(Serialize)]
            struct Line<'a> {
                target: &'a str,
                kind: String,
                url: &'a str,
                outside: bool,
            }
            output.object(&Line {
                target: target.name(),
                kind: target.kind.to_string(),
                url: &target.url,
                outside: target.is_outside(),
            })?;
            continue;
        }
        let reads = if target.is_outside() { "others too: redacted" } else { "our own people" };
        table.row(vec![
            (Role::Strong, target.name().to_owned()),
            (Role::Plain, target.kind.to_string()),
            (Role::Muted, target.url.clone()),
            (Role::Plain, reads.to_owned()),
        ]);
    }
    if record.config.publish.is_empty() {
        output.complain(
            "the configuration names no target",
            Some("add a [[publish]] table: docs/publishing.md"),
        );
        return Ok(Outcome::NotFound);
    }
    if !output.json {
        output.table(&table)?;
    }
    Ok(Outcome::Done)
}

fn publish(
    shared: &Shared,
    record: &Record,
    arguments: PublishArguments,
    output: &Output,
) -> Result<Outcome, Failure> {
    let name = arguments.target.clone().unwrap_or_default();
    let config = target_named(record, &name)?;
    let audience = arguments.update.as_deref().map(audience).transpose()?;
    let RcaArguments { incident, evidence, demo } = arguments.rca;
    let Some((incident, parcel, read)) = parcel(
        shared,
        record,
        RcaArguments { incident, evidence, demo },
        audience,
        arguments.text.as_deref(),
        &config,
        output,
    )?
    else {
        return Ok(Outcome::NotFound);
    };
    let parcel = parcel.bound_for(config.name(), &incident, arguments.to);
    if let Some(folder) = arguments.by_hand.or(config.link_only.then(|| ".".into())) {
        return by_hand(&config, &parcel, &folder, output);
    }
    let failed = |error: PublishError| Failure {
        hint: Some("`--by-hand` writes a file to carry over".to_owned()),
        ..Failure::unread(error.to_string())
    };
    let target = record.block_on(Target::connect(&config)).map_err(failed)?;
    let plan = record.block_on(target.plan(&parcel)).map_err(failed)?;
    let Some(confirmed) = arguments.send else {
        preview(&config, &parcel, &plan, output)?;
        return Ok(read);
    };
    if let Plan::Nothing { .. } = plan {
        preview(&config, &parcel, &plan, output)?;
        return Ok(read);
    }
    if confirmed != plan.token() {
        output.complain(
            "what would be sent now is not what that preview showed: nothing was sent",
            Some("look at the preview again, without --send"),
        );
        return Ok(Outcome::NotFound);
    }
    if config.kind == Kind::Statuspage && !arguments.public {
        output.complain(
            "a status page is public: nothing was sent",
            Some("add --public if everybody may read what the preview showed"),
        );
        return Ok(Outcome::NotFound);
    }
    let receipt = record.block_on(target.send(&parcel, &plan)).map_err(failed)?;
    told(record, &incident, &config, &parcel, &receipt, output)?;
    Ok(read)
}

fn target_named(record: &Record, name: &str) -> Result<TargetConfig, Failure> {
    let all = &record.config.publish;
    all.iter().find(|target| target.name() == name).cloned().ok_or_else(|| {
        let names: Vec<&str> = all.iter().map(TargetConfig::name).collect();
        let hint = if names.is_empty() {
            "add a [[publish]] table to the configuration: docs/publishing.md".to_owned()
        } else {
            format!("there are {}", names.join(", "))
        };
        Failure::usage(format!("the configuration names no target `{name}`"), hint)
    })
}

fn audience(word: &str) -> Result<Audience, Failure> {
    word.parse().map_err(|_| {
        Failure::usage(format!("`{word}` is no audience"), "there are technical, executive and customer")
    })
}

/// What is to be published, without what the readers of the target may not see.
fn parcel(
    shared: &Shared,
    record: &Record,
    arguments: RcaArguments,
    audience: Option<Audience>,
    text: Option<&str>,
    config: &TargetConfig,
    output: &Output,
) -> Result<Option<(Incident, Parcel, Outcome)>, Failure> {
    let systems = record.config.systems.keys().cloned();
    let Some(audience) = audience else {
        let Some((report, outcome)) = report(shared, record, arguments, output)? else { return Ok(None) };
        let entries = record.wait(record.store.entries(&report.incident.id))?;
        let parcel = Parcel::of_report(&report, &entries, systems, config);
        return Ok(Some((report.incident, parcel, outcome)));
    };
    let incident = match record.incident(arguments.incident.as_deref())? {
        Ok(incident) => incident,
        Err(why) => {
            output.complain(&why, Some("`bridgewatch incident list` names those that there are"));
            return Ok(None);
        }
    };
    let entries = record.wait(record.store.entries(&incident.id))?;
    let inputs = Inputs { paths: arguments.evidence, demo: arguments.demo };
    let looked = look(shared, record, &inputs, output)?;
    let said =
        text.map_or_else(|| status_update(&incident, &looked.findings, audience, now()), str::to_owned);
    let seen = looked.evidence.iter().flat_map(|(evidence, flows, _)| Outward::seen(evidence, flows));
    let parcel = Parcel::of_update(&incident, &entries, audience, &said, systems.chain(seen), config);
    Ok(Some((incident, parcel, looked.outcome)))
}

fn preview(config: &TargetConfig, parcel: &Parcel, plan: &Plan, output: &Output) -> std::io::Result<()> {
    let (step, note, url) = plan.step();
    let write = plan.write();
    if output.json {
        return output.object(&Preview {
            target: config.name(),
            kind: config.kind.to_string(),
            step,
            note,
            url,
            method: write.map(|write| write.method.as_str()),
            path: write.and_then(|write| write.path.as_deref()),
            body: write.map(|write| &write.body),
            send: write.map(|_| plan.token()),
        });
    }
    output.raw(format!("{}\n", parcel.preview(plan, config)).as_bytes())?;
    if write.is_none() {
        return Ok(());
    }
    output.blank()?;
    output.line(&[
        (Role::Warning, "nothing was sent. "),
        (Role::Plain, &format!("To send exactly this, add --send {}", plan.token())),
    ])
}

fn told(
    record: &Record,
    incident: &Incident,
    config: &TargetConfig,
    parcel: &Parcel,
    receipt: &Receipt,
    output: &Output,
) -> Result<(), Failure> {
    let mut entry = None;
    for draft in parcel.entries(config.name(), receipt, &record.author(), now()) {
        let appended = record.wait(record.store.append(&incident.id, draft))?;
        entry.get_or_insert(appended.sequence);
    }
    let entry = entry.unwrap_or_default();
    if output.json {
        output.object(&Sent {
            target: config.name(),
            id: &receipt.id,
            url: &receipt.url,
            note: &receipt.note,
            entry,
        })?;
    } else {
        output.line(&[
            (Role::Good, "✓ "),
            (Role::Strong, config.name()),
            (Role::Plain, &format!(" {} {}", receipt.id, receipt.url)),
            (Role::Muted, &format!("  entry {entry} of {}", incident.id)),
        ])?;
        if !receipt.note.is_empty() {
            output.warn(&receipt.note);
        }
    }
    Ok(())
}

/// A file, and a link where the target has a form that takes one; nothing is sent and nothing is recorded.
fn by_hand(
    config: &TargetConfig,
    parcel: &Parcel,
    folder: &Path,
    output: &Output,
) -> Result<Outcome, Failure> {
    let fallback = fallback(config, parcel);
    let path = folder.join(&fallback.file);
    std::fs::write(&path, &fallback.content)
        .map_err(|error| Failure::unread(format!("cannot write {}: {error}", path.display())))?;
    #[derive(Serialize)]
    struct Written<'a> {
        target: &'a str,
        link: Option<&'a str>,
        file: String,
    }
    if output.json {
        output.object(&Written {
            target: config.name(),
            link: fallback.link.as_deref(),
            file: path.display().to_string(),
        })?;
        return Ok(Outcome::Done);
    }
    output.line(&[(Role::Muted, "file  "), (Role::Plain, &path.display().to_string())])?;
    if let Some(link) = &fallback.link {
        output.line(&[(Role::Muted, "link  "), (Role::Plain, link)])?;
    }
    Ok(Outcome::Done)
}
