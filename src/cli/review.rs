//! `bridgewatch review`: what many incidents say together.

use super::arguments::Shared;
use super::output::{Output, Role, Table};
use super::record::Record;
use super::{Failure, Outcome};
use crate::app::now;
use crate::incident::{Incident, Review, review};
use crate::telemetry::Nanos;
use serde::Serialize;

#[derive(Serialize)]
struct Line<'a> {
    incidents: usize,
    drills_left_out: usize,
    major: usize,
    by_change: usize,
    open_actions: usize,
    overdue_actions: usize,
    times: Vec<TimeLine<'a>>,
    repeated: Vec<Repeated<'a>>,
    mitigations: Vec<Count>,
    major_in_30_days: Option<f64>,
    change_share: Option<Share>,
    coverage: Option<Seen>,
    blind: Vec<Count>,
}

#[derive(Serialize)]
struct Share {
    share: f64,
    low: f64,
    high: f64,
}

#[derive(Serialize)]
struct Seen {
    hops: u32,
    logs: u32,
    traces: u32,
    metrics: u32,
}

#[derive(Serialize)]
struct TimeLine<'a> {
    name: &'a str,
    mean_ns: Nanos,
    median_ns: Nanos,
    p90_ns: Nanos,
    incidents: usize,
}

#[derive(Serialize)]
struct Repeated<'a> {
    cause: &'a str,
    incidents: &'a [String],
}

#[derive(Serialize)]
struct Count {
    kind: String,
    count: usize,
}

pub(super) fn run(shared: &Shared, output: &Output) -> Result<Outcome, Failure> {
    let record = Record::open(shared)?;
    let mut incidents: Vec<Incident> = Vec::new();
    for name in record.names()? {
        incidents.extend(record.wait(record.store.incident(&name))?);
    }
    let today = now().utc().format("%Y-%m-%d").to_string();
    let review = review(&incidents, &today);
    if output.json {
        output.object(&line(&review))?;
    } else {
        as_text(&review, output)?;
    }
    output.flush()?;
    Ok(Outcome::Done)
}

fn line(review: &Review) -> Line<'_> {
    let time = |(name, mean, median, p90, incidents): &(&'static str, Nanos, Nanos, Nanos, usize)| TimeLine {
        name,
        mean_ns: *mean,
        median_ns: *median,
        p90_ns: *p90,
        incidents: *incidents,
    };
    Line {
        incidents: review.incidents,
        drills_left_out: review.drills_left_out,
        major: review.major,
        by_change: review.by_change,
        open_actions: review.open_actions,
        overdue_actions: review.overdue_actions,
        times: review.times.iter().map(time).collect(),
        repeated: review.repeated.iter().map(|(cause, incidents)| Repeated { cause, incidents }).collect(),
        mitigations: review
            .mitigations
            .iter()
            .map(|(kind, count)| Count { kind: kind.to_string(), count: *count })
            .collect(),
        major_in_30_days: review.major_in_30_days,
        change_share: review.change_share.map(|(share, low, high)| Share { share, low, high }),
        coverage: review.coverage.map(|(hops, logs, traces, metrics)| Seen { hops, logs, traces, metrics }),
        blind: review
            .blind
            .iter()
            .map(|(system, count)| Count { kind: system.clone(), count: *count })
            .collect(),
    }
}

fn as_text(review: &Review, output: &Output) -> std::io::Result<()> {
    output.line(&[
        (Role::Strong, &format!("{} incidents", review.incidents)),
        (
            Role::Plain,
            &format!(", {} of SEV1 or SEV2, {} set off by a change", review.major, review.by_change),
        ),
        (Role::Muted, &format!("  ({} drills left out)", review.drills_left_out)),
    ])?;
    let role = if review.overdue_actions > 0 { Role::Warning } else { Role::Plain };
    output.line(&[(
        role,
        &format!("{} actions open, {} overdue", review.open_actions, review.overdue_actions),
    )])?;
    if review.times.is_empty() {
        output.line(&[(Role::Muted, "times are only averaged over two incidents or more")])?;
    } else {
        let mut table = Table::new(&["time", ">mean", ">median", ">p90", ">incidents"]);
        for (name, mean, median, p90, count) in &review.times {
            let plain = |text: String| (Role::Plain, text);
            table.row(vec![
                (Role::Strong, format!("M{name}")),
                plain(mean.to_string()),
                plain(median.to_string()),
                plain(p90.to_string()),
                plain(count.to_string()),
            ]);
        }
        output.blank()?;
        output.table(&table)?;
    }
    if let Some(rate) = review.major_in_30_days {
        output.line(&[(Role::Plain, &format!("{rate:.1} of SEV1 or SEV2 in 30 days"))])?;
    }
    if let Some((share, low, high)) = review.change_share {
        output.line(&[
            (Role::Plain, &format!("{:.0} % were set off by a change", share * 100.0)),
            (Role::Muted, &format!("  (95 %: between {:.0} and {:.0} %)", low * 100.0, high * 100.0)),
        ])?;
    }
    if let Some((hops, logs, traces, metrics)) = review.coverage {
        let text =
            format!("of {hops} hops {logs} were seen in logs, {traces} in traces, {metrics} in metrics");
        output.line(&[(Role::Plain, &text)])?;
    }
    if !review.blind.is_empty() {
        let blind = review.blind.iter().take(8).map(|(system, count)| format!("{system} ({count})"));
        let blind = blind.collect::<Vec<_>>().join(", ");
        output.line(&[(Role::Warning, &format!("blind spots: {blind}"))])?;
    }
    for (cause, incidents) in &review.repeated {
        output.line(&[
            (Role::Warning, &format!("came again: {cause}")),
            (Role::Muted, &format!("  ({})", incidents.join(", "))),
        ])?;
    }
    Ok(())
}
