//! `bridgewatch sources`: asks each live source whether it answers, and says what it could see.

use super::arguments::Shared;
use super::gather::{broken, runtime};
use super::output::{Output, Role, Table};
use super::{Failure, Outcome, configuration};
use crate::app::now;
use crate::config::Config;
use crate::sources::Collector;
use crate::telemetry::{Completeness, Nanos, Query, Reach, Signal, SourceHealth, Time, Wanted, Window};
use serde::Serialize;

const PATIENCE: Nanos = Nanos::seconds(10);

#[derive(Serialize)]
struct Line<'a> {
    source: &'a str,
    kind: &'a str,
    signals: &'a [Signal],
    reach: &'static str,
    why: Option<&'a str>,
    covered: Option<(Time, Time)>,
    completeness: &'static str,
    partial: &'a [String],
    rows: u64,
    limit: Option<u64>,
    unread: u64,
    freshest: Option<Time>,
    queries: u64,
    last_answer: Option<Time>,
    systems: &'a [String],
    notes: &'a [String],
}

pub(super) fn run(shared: &Shared, output: &Output) -> Result<Outcome, Failure> {
    let config = configuration(shared)?;
    if config.sources.is_empty() {
        return Err(Failure::usage(
            "no live source is configured",
            "`bridgewatch init` finds out what answers and writes a configuration, or name one by --config",
        ));
    }
    ask(&config, output)
}

/// Asks the sources of a configuration, and shows what came of it.
pub(super) fn ask(config: &Config, output: &Output) -> Result<Outcome, Failure> {
    let now = now();
    let runtime = runtime();
    let settings = config.reading(now).unwrap_or_default();
    let tasks: Vec<_> = config
        .sources
        .iter()
        .map(|source| {
            let connected = source.connect(&settings);
            let task = runtime.spawn(async move {
                let mut collector = Collector::new(connected?);
                look(&mut collector, now).await;
                Ok::<_, crate::sources::SourceError>(collector.health().clone())
            });
            (source.name().to_owned(), source.kind(), task)
        })
        .collect();
    let healths: Vec<SourceHealth> = tasks
        .into_iter()
        .map(|(name, kind, task)| match runtime.block_on(task) {
            Ok(Ok(health)) => health,
            Ok(Err(error)) => broken(&name, kind, &error.to_string()),
            Err(_) => broken(&name, kind, "its adapter failed; the others are not touched"),
        })
        .collect();
    if output.json {
        for health in &healths {
            output.object(&line(health))?;
        }
    } else {
        output.table(&table(&healths, now))?;
    }
    output.flush()?;
    let all_answer = healths.iter().all(|health| health.reach == Reach::Reachable);
    Ok(if all_answer { Outcome::Done } else { Outcome::NotFound })
}

/// Asks whether it answers, and if so for the last minutes, to see what it has.
async fn look(collector: &mut Collector, now: Time) {
    collector.check(now).await;
    if collector.health().reach != Reach::Reachable {
        return;
    }
    let window = Window { from: now - Nanos::seconds(300), to: now };
    let step = Nanos::seconds(60);
    for wanted in [Wanted::Metrics { step }, Wanted::Events, Wanted::Alerts, Wanted::Changes] {
        let query = Query { window, wanted, limit: 10_000, deadline: PATIENCE };
        if collector.pull(query, now, |_| ()).await.is_err() {
            return;
        }
    }
}

fn line(health: &SourceHealth) -> Line<'_> {
    let (reach, why) = match &health.reach {
        Reach::Unknown => ("unknown", None),
        Reach::Reachable => ("reachable", None),
        Reach::Degraded(why) => ("degraded", Some(why.as_str())),
        Reach::Unreachable(why) => ("unreachable", Some(why.as_str())),
    };
    let (completeness, partial): (_, &[String]) = match &health.completeness {
        Completeness::Full => ("full", &[]),
        Completeness::Partial(reasons) => ("partial", reasons),
        Completeness::Unknown => ("unknown", &[]),
    };
    Line {
        source: &health.name,
        kind: &health.kind,
        signals: &health.signals,
        reach,
        why,
        covered: health.covered.map(|window| (window.from, window.to)),
        completeness,
        partial,
        rows: health.rows,
        limit: health.limit,
        unread: health.unread,
        freshest: health.freshest,
        queries: health.queries,
        last_answer: health.last_answer,
        systems: &health.systems,
        notes: &health.notes,
    }
}

fn table(healths: &[SourceHealth], now: Time) -> Table {
    let mut table = Table::new(&["", "source", "kind", ">rows", ">systems", "freshest", "what it says"]);
    for health in healths {
        let role = match &health.reach {
            Reach::Reachable => Role::Good,
            Reach::Degraded(_) => Role::Warning,
            Reach::Unreachable(_) => Role::Bad,
            Reach::Unknown => Role::Muted,
        };
        let mut said = match &health.reach {
            Reach::Degraded(why) | Reach::Unreachable(why) => vec![why.clone()],
            _ => health.notes.clone(),
        };
        if let Completeness::Partial(reasons) = &health.completeness {
            said.push(format!("partial: {}", reasons.join("; ")));
        }
        let freshest = health.freshest.map_or_else(|| "–".to_owned(), |time| format!("{} ago", now - time));
        table.row(vec![
            (role, health.reach.symbol().to_owned()),
            (Role::Strong, health.name.clone()),
            (Role::Plain, health.kind.clone()),
            (Role::Plain, health.rows.to_string()),
            (Role::Plain, health.systems.len().to_string()),
            (Role::Muted, freshest),
            (role, said.join(" · ")),
        ]);
    }
    table
}
