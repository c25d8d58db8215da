//! `bridgewatch rca edit`: the write-up in an editor, and what was changed in the record.

use super::super::output::{Output, Role};
use super::super::record::Record;
use super::super::{Failure, Outcome};
use super::check;
use crate::app::now;
use crate::incident::{Draft, Gate, Sheet, What, draft};
use crate::report::Report;
use std::io::Read;
use std::path::Path;

pub(super) fn run(
    record: &Record,
    report: &Report,
    from: Option<&Path>,
    is_print: bool,
    output: &Output,
) -> Result<Outcome, Failure> {
    let sheet = Sheet::of(&report.rca).write(&report.objections);
    if is_print {
        output.raw(sheet.as_bytes())?;
        output.flush()?;
        return Ok(Outcome::Done);
    }
    let text = match from {
        Some(path) if path == Path::new("-") => {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text).map(|_| text)
        }
        Some(path) => std::fs::read_to_string(path),
        None => return in_editor(record, report, &sheet, output),
    };
    let text = text.map_err(|error| Failure::unread(format!("cannot read the write-up: {error}")))?;
    take(record, report, &text, output)
}

/// Opens the editor until its text can be read, or is empty.
fn in_editor(record: &Record, report: &Report, sheet: &str, output: &Output) -> Result<Outcome, Failure> {
    let editor =
        ["VISUAL", "EDITOR"].iter().find_map(|name| std::env::var(name).ok().filter(|one| !one.is_empty()));
    let Some(editor) = editor else {
        return Err(Failure::usage(
            "no editor is named",
            "set EDITOR, or use `rca edit --print > FILE` and `rca edit --from FILE`",
        ));
    };
    let failed =
        |error: std::io::Error| Failure::unread(format!("cannot write the file for the editor: {error}"));
    let folder =
        std::env::temp_dir().join(format!("bridgewatch-{}-{}", report.incident.id, std::process::id()));
    std::fs::create_dir_all(&folder).map_err(failed)?;
    let path = folder.join(format!("{}.toml", report.incident.id));
    std::fs::write(&path, sheet).map_err(failed)?;
    // Editors are configured with arguments too: `code --wait`.
    let mut words = editor.split_whitespace();
    let program = words.next().unwrap_or("vi");
    let status = std::process::Command::new(program).args(words).arg(&path).status();
    let kept = format!("your text is in {}", path.display());
    match status {
        Ok(status) if status.success() => {}
        Ok(status) => {
            return Err(Failure::usage(
                format!("`{program}` ended with {status}: nothing was recorded"),
                kept,
            ));
        }
        Err(error) => return Err(Failure::usage(format!("cannot run `{program}`: {error}"), kept)),
    }
    let text = std::fs::read_to_string(&path).map_err(failed)?;
    let outcome = take(record, report, &text, output).map_err(|failure| Failure {
        hint: Some(format!("{kept}; mend it, then `rca edit --from` it")),
        ..failure
    })?;
    let _ = std::fs::remove_dir_all(&folder);
    Ok(outcome)
}

fn take(record: &Record, report: &Report, text: &str, output: &Output) -> Result<Outcome, Failure> {
    let sheet = Sheet::read(text).map_err(|mistake| {
        Failure::usage(format!("the write-up cannot be read: {mistake}"), "mend it and try again")
    })?;
    let whats: Vec<What> = sheet.map(|sheet| sheet.changes(&report.incident.rca)).unwrap_or_default();
    for what in &whats {
        let time = now();
        let draft = Draft::new(time, record.author(), what.clone());
        record.wait(record.store.append(&report.incident.id, draft))?;
    }
    output.line(&[
        (Role::Strong, &report.incident.id),
        (Role::Plain, &format!(" {} entries are recorded", whats.len())),
    ])?;
    let entries = record.wait(record.store.entries(&report.incident.id))?;
    let incident = crate::incident::Incident::replay(&report.incident.id, &entries);
    let gate: Gate = record.config.gate().map_err(|reason| Failure::usage(reason, "mend the file"))?;
    let rca = draft(&incident, &crate::incident::Findings::default());
    check(&Report::new(incident, rca, &entries, &gate, now()), output)?;
    Ok(Outcome::Done)
}
