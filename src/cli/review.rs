//! `bridgewatch review`: what many incidents say together.

use super::arguments::{Inputs, Shared};
use super::output::{Output, Role};
use super::rca::look;
use super::record::Record;
use super::{Failure, Outcome};
use crate::app::now;
use crate::incident::{Incident, OpenAction, Review, TimesOver, Tone, review};
use crate::telemetry::{Nanos, Time};
use serde::Serialize;

#[derive(Serialize)]
struct Line<'a> {
    incidents: usize,
    drills_left_out: usize,
    major: usize,
    by_change: usize,
    open_actions: usize,
    overdue_actions: usize,
    actions: Vec<ActionLine<'a>>,
    times: Vec<TimeLine<'a>>,
    repeated: Vec<Repeated<'a>>,
    mitigations: Vec<Count>,
    major_in_30_days: Option<f64>,
    change_share: Option<Share>,
    change_failures: Option<Failures>,
    coverage: Option<Seen>,
    blind: Vec<Count>,
}

#[derive(Serialize)]
struct ActionLine<'a> {
    incident: &'a str,
    entry: u64,
    text: &'a str,
    owner: &'a str,
    due: &'a str,
    overdue: bool,
}

#[derive(Serialize)]
struct Share {
    share: f64,
    low: f64,
    high: f64,
}

#[derive(Serialize)]
struct Failures {
    changes: usize,
    failed: usize,
    #[serde(flatten)]
    share: Share,
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
    definition: &'a str,
    mean_ns: Nanos,
    low_ns: Nanos,
    high_ns: Nanos,
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

pub(super) fn run(shared: &Shared, inputs: &Inputs, output: &Output) -> Result<Outcome, Failure> {
    let record = Record::open(shared)?;
    let mut incidents: Vec<Incident> = Vec::new();
    for name in record.names()? {
        incidents.extend(record.wait(record.store.incident(&name))?);
    }
    let looked = look(shared, &record, inputs, output)?;
    let changes: Vec<Time> = looked
        .evidence
        .iter()
        .flat_map(|(evidence, ..)| evidence.changes.iter().map(|change| change.time))
        .collect();
    let today = now().utc().format("%Y-%m-%d").to_string();
    let review = review(&incidents, &today, &changes);
    if output.json {
        output.object(&line(&review))?;
    } else {
        for (tone, text) in review.lines() {
            let role = match tone {
                Tone::Heading => Role::Strong,
                Tone::Plain => Role::Plain,
                Tone::Quiet => Role::Muted,
                Tone::Warning => Role::Warning,
            };
            output.line(&[(role, &text)])?;
        }
    }
    output.flush()?;
    Ok(looked.outcome)
}

fn line(review: &Review) -> Line<'_> {
    let time = |time: &TimesOver| TimeLine {
        name: time.name,
        definition: time.definition,
        mean_ns: time.mean,
        low_ns: time.low,
        high_ns: time.high,
        median_ns: time.median,
        p90_ns: time.p90,
        incidents: time.incidents,
    };
    let counts = |(kind, count): (String, usize)| Count { kind, count };
    Line {
        incidents: review.incidents,
        drills_left_out: review.drills_left_out,
        major: review.major,
        by_change: review.by_change,
        open_actions: review.open.len(),
        overdue_actions: review.overdue(),
        actions: review.open.iter().map(action).collect(),
        times: review.times.iter().map(time).collect(),
        repeated: review.repeated.iter().map(|(cause, incidents)| Repeated { cause, incidents }).collect(),
        mitigations: review
            .mitigations
            .iter()
            .map(|(kind, count)| counts((kind.to_string(), *count)))
            .collect(),
        major_in_30_days: review.major_in_30_days,
        change_share: review.change_share.map(|(share, low, high)| Share { share, low, high }),
        change_failures: review.change_failures.map(|rate| Failures {
            changes: rate.changes,
            failed: rate.failed,
            share: Share { share: rate.share, low: rate.low, high: rate.high },
        }),
        coverage: review.coverage.map(|(hops, logs, traces, metrics)| Seen { hops, logs, traces, metrics }),
        blind: review.blind.iter().cloned().map(counts).collect(),
    }
}

fn action(action: &OpenAction) -> ActionLine<'_> {
    ActionLine {
        incident: &action.incident,
        entry: action.entry,
        text: &action.text,
        owner: &action.owner,
        due: &action.due,
        overdue: action.is_overdue,
    }
}
