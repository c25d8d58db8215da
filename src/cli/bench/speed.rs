//! `bench speed`: whole processes on warm files, every task once a round, and ratios taken within a round, so that what
//! else the machine does weighs on both sides alike.

use super::super::output::{Output, Role, Table};
use super::super::{Failure, Outcome};
use super::index::Took;
use serde::Serialize;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

/// One task on one corpus.
#[derive(Serialize)]
struct Line<'a> {
    corpus: &'a str,
    task: &'static str,
    median_ns: u64,
    /// The median of ratios taken within a round.
    ratio: Option<f64>,
    against: Option<&'static str>,
    records: u32,
    flows: usize,
    peak_bytes_per_record: Option<f64>,
}

/// What ran in one round, in nanoseconds.
#[derive(Clone, Default)]
struct Round {
    index: u64,
    suspects: u64,
    one: u64,
    listed: u64,
    ideal: Option<u64>,
    search: Option<u64>,
}

pub(super) fn run(
    corpora: &[String],
    floors: Option<&Path>,
    search: &Path,
    rounds: u32,
    at_most: Option<f64>,
    output: &Output,
) -> Result<Outcome, Failure> {
    let own =
        std::env::current_exe().map_err(|error| Failure::unread(format!("cannot find myself: {error}")))?;
    let mut table = Table::new(&[
        "corpus",
        "task",
        ">median",
        ">ratio",
        "against",
        ">records",
        ">flows/s",
        ">peak B/record",
    ]);
    let mut outcome = Outcome::Done;
    for corpus in corpora {
        let measured = measure(&own, corpus, floors, search, rounds.max(1))?;
        let lines = lines(corpus, &measured);
        // The first is the index.
        if let (Some(limit), Some(ratio)) = (at_most, lines[0].ratio)
            && ratio > limit
        {
            output.warn(&format!(
                "{corpus}: the index took {ratio:.2} times the ideal pass, more than {limit}"
            ));
            outcome = Outcome::NotFound;
        }
        for line in lines {
            if output.json {
                output.object(&line)?;
            } else {
                table.row(row(&line));
            }
        }
    }
    if !output.json {
        output.table(&table)?;
    }
    output.flush()?;
    Ok(outcome)
}

struct Measured {
    took: Took,
    rounds: Vec<Round>,
}

fn measure(
    own: &Path,
    corpus: &str,
    floors: Option<&Path>,
    search: &Path,
    rounds: u32,
) -> Result<Measured, Failure> {
    let took = index_once(own, corpus)?;
    let id = an_identifier(own, corpus)?;
    let files: Vec<String> = crate::sources::files::discover(&[corpus.to_owned()])
        .into_iter()
        .filter_map(|input| input.path.map(|path| path.display().to_string()))
        .filter(|path| !path.rsplit('/').next().is_some_and(|name| name.starts_with("truth")))
        .collect();
    let threads = std::thread::available_parallelism().map_or(1, usize::from).to_string();
    let mut measured = Measured { took, rounds: Vec::new() };
    for _ in 0..rounds {
        let this = |arguments: &[&str]| time(Command::new(own).args(arguments));
        let (ideal, rg) = (
            floors.and_then(|floors| time(Command::new(floors).args(["ideal", corpus, &threads, "chunk"]))),
            time(Command::new(search).args(["-F", &id]).args(&files)),
        );
        let need =
            |took: Option<u64>| took.ok_or_else(|| Failure::unread(format!("{corpus}: a task failed")));
        measured.rounds.push(Round {
            index: need(this(&["bench", "index", corpus]))?,
            suspects: need(this(&["bench", "index", "--suspects", corpus]))?,
            one: need(this(&["flow", &id, "--json", corpus]))?,
            listed: need(this(&["flows", "--json", corpus]))?,
            ideal,
            search: rg,
        });
    }
    Ok(measured)
}

/// The time of a process from start to end; `None` if it could not be run.
fn time(command: &mut Command) -> Option<u64> {
    let begun = Instant::now();
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().ok()?;
    // Something unread, or not found, is an answer too.
    matches!(status.code(), Some(0..=3)).then(|| begun.elapsed().as_nanos() as u64)
}

fn index_once(own: &Path, corpus: &str) -> Result<Took, Failure> {
    let answer = Command::new(own).args(["bench", "index", "--json", corpus]).output()?;
    serde_json::from_slice(&answer.stdout)
        .map_err(|error| Failure::unread(format!("{corpus}: the index gave no figures: {error}")))
}

/// A correlation identifier from the middle of the corpus.
fn an_identifier(own: &Path, corpus: &str) -> Result<String, Failure> {
    #[derive(serde::Deserialize)]
    struct Flow {
        flow: String,
    }
    let answer = Command::new(own).args(["flows", "--json", corpus]).output()?;
    let text = String::from_utf8_lossy(&answer.stdout);
    let lines: Vec<&str> = text.lines().collect();
    let middle = lines.get(lines.len() / 2).and_then(|line| serde_json::from_str::<Flow>(line).ok());
    middle.map(|flow| flow.flow).ok_or_else(|| Failure::unread(format!("{corpus}: there are no flows")))
}

fn median<T: Copy + PartialOrd>(mut values: Vec<T>) -> Option<T> {
    values.sort_by(|a, b| a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal));
    values.get(values.len() / 2).copied()
}

fn lines<'a>(corpus: &'a str, measured: &Measured) -> Vec<Line<'a>> {
    let Measured { took, rounds } = measured;
    let line = |task, against, own: fn(&Round) -> u64, other: fn(&Round) -> Option<u64>| {
        let ratios =
            rounds.iter().filter_map(|round| Some(own(round) as f64 / other(round)? as f64)).collect();
        let ratio = median(ratios);
        Line {
            corpus,
            task,
            median_ns: median(rounds.iter().map(own).collect()).unwrap_or(0),
            ratio,
            against: ratio.and(Some(against)),
            records: took.records,
            flows: took.flows,
            peak_bytes_per_record: None,
        }
    };
    let mut index = line("cold process to the flow index", "the ideal pass", |r| r.index, |r| r.ideal);
    index.peak_bytes_per_record =
        (took.peak_bytes > 0).then(|| took.peak_bytes as f64 / f64::from(took.records.max(1)));
    vec![
        index,
        line("the same with suspects", "the ideal pass", |r| r.suspects, |r| r.ideal),
        line("all flows printed as JSON", "the ideal pass", |r| r.listed, |r| r.ideal),
        line("one identifier, no index", "the search", |r| r.one, |r| r.search),
    ]
}

fn row(line: &Line) -> Vec<(Role, String)> {
    let seconds = line.median_ns as f64 / 1e9;
    vec![
        (Role::Plain, line.corpus.to_owned()),
        (Role::Plain, line.task.to_owned()),
        (Role::Strong, format!("{:.0} ms", seconds * 1e3)),
        (Role::Accent, line.ratio.map_or_else(String::new, |ratio| format!("{ratio:.2} ×"))),
        (Role::Muted, line.against.unwrap_or("").to_owned()),
        (Role::Plain, line.records.to_string()),
        (Role::Plain, format!("{:.0}", line.flows as f64 / seconds)),
        (Role::Plain, line.peak_bytes_per_record.map_or_else(String::new, |bytes| format!("{bytes:.1}"))),
    ]
}
