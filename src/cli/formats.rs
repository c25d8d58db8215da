//! `bridgewatch formats`: what each file was taken for, and what in it could not be read.

use super::arguments::{Inputs, Shared};
use super::gather::gather;
use super::output::{Output, Role, Table};
use super::{Failure, Outcome};
use crate::sources::files::FileReport;
use serde::Serialize;

#[derive(Serialize)]
struct Line<'a> {
    path: &'a str,
    format: &'a str,
    system: &'a str,
    zone: String,
    zone_assumed: bool,
    records: u64,
    unread: u64,
    first_unread: Option<FirstUnread<'a>>,
    error: Option<&'a str>,
}

#[derive(Serialize)]
struct FirstUnread<'a> {
    line: u64,
    reason: &'a str,
}

pub(super) fn run(shared: &Shared, inputs: &Inputs, output: &Output) -> Result<Outcome, Failure> {
    let gathered = gather(shared, inputs, output)?;
    if output.json {
        for report in &gathered.reports {
            output.object(&line(report))?;
        }
    } else {
        output.table(&table(&gathered.reports))?;
    }
    output.flush()?;
    Ok(gathered.outcome)
}

fn line(report: &FileReport) -> Line<'_> {
    // What could not be opened at all has no line to point at.
    let unopened = report.error.as_deref().filter(|_| report.records == 0);
    let first_unread =
        report.first_unread.as_ref().map(|first| FirstUnread { line: first.line, reason: &first.reason });
    Line {
        path: &report.path,
        format: &report.format,
        system: &report.system,
        zone: zone(report),
        zone_assumed: report.zone.is_some_and(|zone| zone.assumed),
        records: report.records,
        unread: report.unread,
        first_unread: first_unread.or_else(|| unopened.map(|reason| FirstUnread { line: 0, reason })),
        error: report.error.as_deref(),
    }
}

/// The offset that times were read with; `in record` where each says its own.
fn zone(report: &FileReport) -> String {
    let Some(zone) = report.zone else { return "in record".to_owned() };
    let sign = if zone.offset_seconds < 0 { '-' } else { '+' };
    let minutes = zone.offset_seconds.abs() / 60;
    format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)
}

fn table(reports: &[FileReport]) -> Table {
    let mut table =
        Table::new(&["", "file", "format", "system", "zone", ">records", ">unread", "first unread"]);
    for report in reports {
        let (role, symbol) = match (&report.error, report.unread) {
            (Some(_), _) => (Role::Bad, "✗"),
            (None, 0) => (Role::Good, "●"),
            (None, _) => (Role::Warning, "◐"),
        };
        let mut zone = zone(report);
        if report.zone.is_some_and(|zone| zone.assumed) {
            zone.push_str(" assumed");
        }
        let first = match (&report.error, &report.first_unread) {
            (Some(error), _) => error.clone(),
            (None, Some(first)) => format!("line {}: {}", first.line, first.reason),
            (None, None) => String::new(),
        };
        table.row(vec![
            (role, symbol.to_owned()),
            (Role::Plain, report.path.clone()),
            (Role::Plain, report.format.clone()),
            (Role::Accent, report.system.clone()),
            (Role::Muted, zone),
            (Role::Plain, report.records.to_string()),
            (role, report.unread.to_string()),
            (Role::Muted, first),
        ]);
    }
    table
}
