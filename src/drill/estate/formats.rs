//! What systems write: each in its own format, with its own identifiers, by its own clock. What is said here follows from
//! what has happened in the model; nothing is decided here.

mod brokers;
mod edges;
mod ledger;
mod lines;
mod smalltalk;
mod spans;
mod stamp;

pub(super) use brokers::{alarm, dead, delivered, not_taken, published, redelivered, run};
pub(super) use ledger::{alert, change, harmless_change};
pub(super) use smalltalk::{chatter, job, noise};
pub(super) use stamp::Clock;

use super::Emission;
use super::blueprint::{Dialect, KINDS, Link, Queue, Sys};
use super::metrics;
use super::problem::{Problem, says};
use super::world::{FrameRef, SlabRef, World};
use std::fmt::Write;

/// How severe a line calls itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    Info,
    Warn,
    Error,
}

/// The identifiers of a flow, for lines that name it.
#[derive(Clone, Debug)]
pub(super) struct Ids {
    pub correlation: u128,
    pub trace: u128,
    /// The business number: `SO-20660005`.
    pub number: String,
    pub span: u64,
    pub amount: u32,
    pub positions: u8,
    pub idoc: u64,
}

/// One line, before it is put into a format.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line<'a> {
    pub system: Sys,
    pub level: Level,
    pub logger: &'a str,
    pub message: &'a str,
    pub ids: Option<&'a Ids>,
}

/// Sets version and variant, so that it is a UUID.
pub(super) fn uuid(bits: u128) -> u128 {
    bits & !(0xf << 76) & !(0x3 << 62) | 0x4 << 76 | 0x2 << 62
}

pub(super) fn dashed(id: u128) -> String {
    let hex = format!("{id:032x}");
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

/// Writes to a file at this instant.
pub(super) fn write(world: &mut World, file: String, text: String) {
    let at = world.time();
    world.out.push(Emission { at, file, text });
}

/// Headers of files that have one.
pub(super) fn open(world: &mut World) {
    for system in Sys::all().filter(|system| !system.is_external()) {
        let header = match system.plan().dialect {
            Dialect::Edi => edges::EDI_HEADER,
            Dialect::Idoc => edges::IDOC_HEADER,
            _ => "",
        };
        if !header.is_empty() {
            write(world, system.plan().file.to_owned(), header.to_owned());
        }
        write(world, metrics::file(system), metrics::header(system).to_owned());
    }
}

/// The identifiers of a frame's flow.
pub(super) fn ids(world: &World, frame: FrameRef) -> Option<Ids> {
    let one = world.frames.get(frame)?;
    ids_of_flow(world, one.flow, one.span)
}

pub(super) fn ids_of_flow(world: &World, flow: SlabRef, span: u64) -> Option<Ids> {
    let flow = world.flows.get(flow)?;
    Some(Ids {
        correlation: flow.correlation,
        trace: flow.trace,
        number: format!("{}-{:08}", KINDS[flow.kind].prefix, flow.number),
        span,
        amount: flow.amount,
        positions: flow.positions,
        idoc: flow.idoc,
    })
}

/// Puts what is known into a phrase.
fn filled(phrase: &str, ids: &Ids, why: &str, took_ms: i64) -> String {
    let mut text = String::with_capacity(phrase.len() + 32);
    let mut rest = phrase;
    while let Some(open) = rest.find('{') {
        text.push_str(&rest[..open]);
        let close = rest[open..].find('}').map_or(rest.len(), |close| open + close);
        let _ = match &rest[open + 1..close] {
            "no" => text.write_str(&ids.number),
            "why" => text.write_str(why),
            "ms" => write!(text, "{took_ms}"),
            "positions" => write!(text, "{}", ids.positions),
            "amount" => write!(text, "{}.{:02}", ids.amount / 100, ids.amount % 100),
            _ => Ok(()),
        };
        rest = rest.get(close + 1..).unwrap_or_default();
    }
    text.push_str(rest);
    text
}

/// A line of a system's log, by its clock and in its format.
pub(super) fn log(world: &mut World, line: Line) {
    let plan = line.system.plan();
    let at = world.now + world.systems[line.system as usize].clock_ahead;
    let roll = world.dice.next();
    let mut text = String::with_capacity(320);
    lines::put(&mut text, &mut world.clock, at, roll, &line);
    write(world, plan.file.to_owned(), text);
}

fn logs(world: &mut World, frame: FrameRef, level: Level, message: &str) {
    let (Some(ids), Some(one)) = (ids(world, frame), world.frames.get(frame)) else { return };
    let plan = one.op.plan();
    log(world, Line { system: plan.system, level, logger: plan.logger, message, ids: Some(&ids) });
}

/// Whether the system writes lines about its work, rather than records of another kind.
fn has_lines(system: Sys) -> bool {
    !matches!(
        system.plan().dialect,
        Dialect::Envoy | Dialect::Kong | Dialect::Edi | Dialect::Idoc | Dialect::Journal | Dialect::None
    )
}

/// A system has taken up a piece of work.
pub(super) fn begins(world: &mut World, frame: FrameRef) {
    let Some(one) = world.frames.get(frame) else { return };
    let (plan, flow) = (one.op.plan(), one.flow);
    match plan.system.plan().dialect {
        Dialect::Edi => edges::edi(world, frame, Level::Info, "RECEIVED", plan.begins),
        Dialect::Idoc => {
            world.idocs += 1;
            let idoc = world.idocs;
            if let Some(flow) = world.flows.get_mut(flow) {
                flow.idoc = idoc;
            }
            edges::idoc(world, frame, 64, plan.begins);
        }
        _ if has_lines(plan.system) && !plan.begins.is_empty() => {
            if let Some(ids) = ids(world, frame) {
                let message = filled(plan.begins, &ids, "", 0);
                logs(world, frame, Level::Info, &message);
            }
        }
        _ => {}
    }
}

/// It is done with it.
pub(super) fn ends(world: &mut World, frame: FrameRef, problem: Option<Problem>) {
    let Some(one) = world.frames.get(frame) else { return };
    let (plan, link, arrived) = (one.op.plan(), one.link, one.arrived);
    let system = plan.system;
    let took_ms = (world.now - arrived) / 1_000_000;
    let why = problem.map(|problem| says(problem, system, link)).unwrap_or_default();
    spans::server(world, frame, problem, &why);
    let Some(ids) = ids(world, frame) else { return };
    let phrase = if problem.is_some() { plan.fails } else { plan.ends };
    let message = filled(phrase, &ids, &why, took_ms);
    let level = if problem.is_some() { Level::Error } else { Level::Info };
    match system.plan().dialect {
        Dialect::Envoy => edges::envoy(world, frame, problem),
        Dialect::Kong => edges::kong(world, frame, problem),
        Dialect::Edi => {
            let status = match problem {
                None => "CONFIRMED",
                Some(Problem::TimedOut) => "TIMEOUT",
                Some(_) => "FAILED",
            };
            edges::edi(world, frame, level, status, &message);
        }
        Dialect::Idoc => edges::idoc(world, frame, if problem.is_some() { 51 } else { 53 }, &message),
        Dialect::Journal if problem.is_some() || took_ms > 1_000 => {
            smalltalk::database(world, frame, problem, took_ms);
        }
        _ if has_lines(system) && !message.is_empty() => logs(world, frame, level, &message),
        _ => {}
    }
}

/// It did not even take it up.
pub(super) fn turned_away(world: &mut World, frame: FrameRef, problem: Option<Problem>) {
    let (Some(one), Some(problem)) = (world.frames.get(frame), problem) else { return };
    let system = one.op.plan().system;
    match system.plan().dialect {
        Dialect::Envoy => edges::envoy(world, frame, Some(problem)),
        Dialect::Kong => edges::kong(world, frame, Some(problem)),
        _ if has_lines(system) => {
            let message = match problem {
                Problem::Throttled(_) => "request refused: rate limit of this service is reached".to_owned(),
                other => format!("request refused: {}", says(other, system, None)),
            };
            logs(world, frame, Level::Warn, &message);
        }
        _ => {}
    }
}

/// Somebody waited long for a connection and got one.
pub(super) fn waited_for_connection(world: &mut World, frame: FrameRef, ms: i64) {
    let Some(pool) = world.frames.get(frame).and_then(|one| one.op.plan().system.plan().pool) else { return };
    logs(world, frame, Level::Warn, &format!("waited {ms} ms for a connection of {}", pool.name));
}

/// A message is about to be handed to the broker, who may let its publisher wait.
pub(super) fn publishing(world: &mut World, frame: FrameRef, queue: Queue) {
    let (Some(ids), Some(one)) = (ids(world, frame), world.frames.get(frame)) else { return };
    if has_lines(one.op.plan().system) {
        let message = format!("publishing message for {} to {}", ids.number, queue.plan().name);
        logs(world, frame, Level::Info, &message);
    }
}

/// A call has come back, or not.
pub(super) fn called(world: &mut World, frame: FrameRef, link: Link, problem: Option<Problem>) {
    if problem != Some(Problem::BreakerOpen) && link.plan().from.plan().is_traced {
        let why = problem.map(|problem| says(problem, link.plan().from, Some(link))).unwrap_or_default();
        spans::client(world, frame, link, problem, &why);
    }
}

/// Another attempt is to be made.
pub(super) fn retries(world: &mut World, frame: FrameRef, link: Link, problem: Problem, attempt: u8) {
    let plan = link.plan();
    if !has_lines(plan.from) {
        return;
    }
    let why = says(problem, plan.from, Some(link));
    let of = world.links[link as usize].attempts;
    let message =
        format!("call of {} failed, retrying, attempt {} of {of}: {why}", plan.to.name(), attempt + 1);
    logs(world, frame, Level::Warn, &message);
}

/// A breaker has opened or closed.
pub(super) fn breaker(world: &mut World, frame: FrameRef, link: Link, is_open: bool) {
    let plan = link.plan();
    let message = if is_open {
        format!("circuit breaker '{}' changed state from CLOSED to OPEN", plan.to.name())
    } else {
        format!("circuit breaker '{}' changed state from HALF_OPEN to CLOSED", plan.to.name())
    };
    logs(world, frame, if is_open { Level::Warn } else { Level::Info }, &message);
}

/// A process is there again.
pub(super) fn started(world: &mut World, system: Sys) {
    let message = format!("{} started, ready for requests", system.name());
    state(world, system, Level::Info, &message);
}

pub(super) fn crashed(world: &mut World, system: Sys) {
    state(
        world,
        system,
        Level::Error,
        "worker crashed on a message, process ends with exit code 1 and is restarted",
    );
}

pub(super) fn out_of_memory(world: &mut World, system: Sys) {
    state(
        world,
        system,
        Level::Error,
        "java.lang.OutOfMemoryError: Java heap space, container killed (OOMKilled, exit code 137)",
    );
}

/// A line that belongs to no flow.
pub(super) fn state(world: &mut World, system: Sys, level: Level, message: &str) {
    match system.plan().dialect {
        Dialect::None | Dialect::Envoy | Dialect::Kong => {}
        Dialect::Edi => edges::edi_state(world, level, message),
        Dialect::Idoc => edges::idoc_state(world, message),
        _ => log(world, Line { system, level, logger: smalltalk::logger(system), message, ids: None }),
    }
}
