//! `bridgewatch incident pin`: evidence from a file or a pipe, kept with the record.

use super::super::arguments::PinArguments;
use super::super::moments::window;
use super::super::output::Output;
use super::super::record::Record;
use super::super::{Failure, Outcome};
use super::{missing, told};
use crate::app::now;
use crate::incident::{Draft, Pin, PinKind, What};
use crate::ingest::Settings;
use std::io::Read;

/// More than this is no evidence but an archive.
const MOST_BYTES: u64 = 1_000_000;

pub(super) fn run(record: &Record, arguments: PinArguments, output: &Output) -> Result<Outcome, Failure> {
    let incident = match record.incident(Some(&arguments.incident))? {
        Ok(incident) => incident,
        Err(why) => return missing(&why, output),
    };
    let unread =
        |error: std::io::Error| Failure::unread(format!("cannot read {}: {error}", arguments.from.display()));
    let mut bytes = Vec::new();
    if arguments.from.as_os_str() == "-" {
        std::io::stdin().take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(unread)?;
    } else {
        let file = std::fs::File::open(&arguments.from).map_err(unread)?;
        file.take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(unread)?;
    }
    if bytes.len() as u64 > MOST_BYTES {
        return Err(Failure::usage(
            "that is more than a megabyte",
            "pin the lines that show it, such as those that `grep` finds",
        ));
    }
    let now = now();
    let settings = Settings::new(&record.config.ingest(), 1970)
        .map_err(|mistakes| Failure::usage(mistakes, "mend the configuration"))?;
    // The record is kept for years: what may not be seen is hidden before it gets there.
    let text = String::from_utf8_lossy(&bytes);
    let content = text.lines().map(|line| settings.safe(line.as_bytes())).collect();
    let window = arguments
        .window
        .as_deref()
        .map(|text| window(text, now))
        .transpose()
        .map_err(|reason| Failure::usage(reason, "such as 2026-03-14T10:30:00Z/2026-03-14T11:00:00Z"))?;
    let source = arguments.source.unwrap_or_else(|| arguments.from.display().to_string());
    let says = arguments.says.join(" ");
    let pin = Pin::new(PinKind::Events, says.clone(), source, window, now, content)
        .asked(arguments.query.unwrap_or_default());
    let draft = Draft::new(now, record.author(), What::EvidencePinned { text: says }).with_pins(vec![pin]);
    let entry = record.wait(record.store.append(&incident.id, draft))?;
    told(&incident.id, &entry, output)
}
