//! Records that are no prose: access logs of gateways, the EDI gateway's CSV, the ERP's IDocs.

use super::super::blueprint::Sys;
use super::super::problem::Problem;
use super::super::world::{FrameRef, World};
use super::{Level, dashed, ids, write};
use std::fmt::Write;

pub(super) const EDI_HEADER: &str =
    "timestamp,level,partner,direction,msgtype,interchange_ref,doc_number,correlation_id,status,detail\n";
pub(super) const IDOC_HEADER: &str =
    "TIMESTAMP|CLIENT|DOCNUM|DIRECT|MESTYP|STATUS|SNDPRN|RCVPRN|REFKEY|TID|TEXT\n";

const AGENTS: [&str; 4] = [
    "Mozilla/5.0 (X11; Linux x86_64; rv:136.0) Gecko/20100101 Firefox/136.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36",
    "shop-app/7.3.1 (iOS 18.3)",
    "okhttp/4.12.0",
];

/// What a request was answered with, and Envoy's flag for why.
fn status(problem: Option<Problem>) -> (u16, &'static str) {
    match problem {
        None => (201, "-"),
        Some(Problem::TimedOut) => (504, "UT"),
        Some(Problem::Refused) => (503, "UF"),
        Some(Problem::Throttled(_)) => (429, "RL"),
        Some(Problem::Status(status)) => (status, "-"),
        Some(other) => (other.status(), "-"),
    }
}

/// An access record of the edge; its time is when the request came.
pub(super) fn envoy(world: &mut World, frame: FrameRef, problem: Option<Problem>) {
    let (Some(ids), Some(one)) = (ids(world, frame), world.frames.get(frame)) else { return };
    let (arrived, path) = (one.arrived, one.op.plan().name);
    let took = (world.now - arrived) / 1_000_000;
    let (status, flag) = status(problem);
    let roll = world.dice.next();
    let ahead = world.systems[Sys::Edge as usize].clock_ahead;
    let mut text = String::with_capacity(320);
    text.push('[');
    world.clock.iso(&mut text, arrived + ahead, 3);
    let _ = writeln!(
        text,
        "] \"{path} HTTP/1.1\" {status} {flag} {} {} {took} {} \"203.0.113.{}\" \"{}\" \"{}\" \"api.example.com\" \"10.20.6.14:8080\"",
        400 + roll % 1_300,
        200 + (roll >> 16) % 500,
        (took - 1).max(0),
        (roll >> 24) % 250 + 1,
        AGENTS[(roll >> 32) as usize % AGENTS.len()],
        dashed(ids.correlation)
    );
    write(world, Sys::Edge.plan().file.to_owned(), text);
}

pub(super) fn kong(world: &mut World, frame: FrameRef, problem: Option<Problem>) {
    let (Some(ids), Some(one)) = (ids(world, frame), world.frames.get(frame)) else { return };
    let (arrived, name) = (one.arrived, one.op.plan().name);
    let took = (world.now - arrived) / 1_000_000;
    let (status, _) = status(problem);
    let roll = world.dice.next();
    let ahead = world.systems[Sys::Kong as usize].clock_ahead;
    let (method, path) = name.split_once(' ').unwrap_or(("GET", name));
    let (path, route) = if method == "PUT" {
        (format!("{path}/{}", ids.number), "reservations")
    } else {
        (path.to_owned(), "partner-orders")
    };
    let correlation = dashed(ids.correlation);
    let mut text = String::with_capacity(900);
    let _ = writeln!(
        text,
        concat!(
            "{{\"request\":{{\"id\":\"{:016x}{:016x}\",\"method\":\"{method}\",\"uri\":\"{path}\",",
            "\"url\":\"https://api.example.com:443{path}\",\"size\":{},\"querystring\":{{}},",
            "\"headers\":{{\"host\":\"api.example.com\",\"user-agent\":\"{}\",",
            "\"x-correlation-id\":\"{correlation}\",\"traceparent\":\"00-{:032x}-{:016x}-01\",",
            "\"authorization\":\"REDACTED\"}}}},\"correlation_id\":\"{correlation}\",\"upstream_uri\":\"{path}\",",
            "\"upstream_status\":\"{status}\",\"response\":{{\"status\":{status},\"size\":{},\"headers\":{{}}}},",
            "\"latencies\":{{\"kong\":1,\"proxy\":{},\"request\":{took},\"receive\":0}},",
            "\"tries\":[{{\"ip\":\"10.20.4.13\",\"port\":8080,\"balancer_latency\":0}}],",
            "\"route\":{{\"name\":\"{route}\"}},\"service\":{{\"name\":\"{route}\"}},",
            "\"client_ip\":\"203.0.113.{}\",\"started_at\":{},\"workspace_name\":\"default\"}}"
        ),
        roll,
        roll.rotate_left(17),
        300 + roll % 1_500,
        AGENTS[(roll >> 32) as usize % AGENTS.len()],
        ids.trace,
        roll | 1,
        200 + (roll >> 16) % 700,
        (took - 1).max(0),
        (roll >> 24) % 250 + 1,
        (arrived + ahead).div_euclid(1_000_000),
        method = method,
        path = path,
        correlation = correlation,
        status = status,
        took = took,
        route = route,
    );
    write(world, Sys::Kong.plan().file.to_owned(), text);
}

pub(super) fn edi(world: &mut World, frame: FrameRef, level: Level, status: &str, detail: &str) {
    let Some(ids) = ids(world, frame) else { return };
    let at = world.now + world.systems[Sys::EdiGateway as usize].clock_ahead;
    let level = if level == Level::Error { "ERROR" } else { "INFO" };
    let number: u64 = ids.number[3..].parse().unwrap_or_default();
    let (direction, kind) = if status == "RECEIVED" { ("in", "ORDERS") } else { ("out", "ORDRSP") };
    let mut text = String::with_capacity(200);
    world.clock.iso(&mut text, at, 3);
    let _ = writeln!(
        text,
        ",{level},PARTNER-C{},{direction},{kind},{:09},{},{},{status},\"{detail}\"",
        10_400 + number % 600,
        number % 1_000_000,
        ids.number,
        dashed(ids.correlation)
    );
    write(world, Sys::EdiGateway.plan().file.to_owned(), text);
}

/// A line of the EDI gateway that belongs to no interchange.
pub(super) fn edi_state(world: &mut World, level: Level, message: &str) {
    let at = world.now + world.systems[Sys::EdiGateway as usize].clock_ahead;
    let level = match level {
        Level::Error => "ERROR",
        Level::Warn => "WARN",
        Level::Info => "INFO",
    };
    let mut text = String::with_capacity(120);
    world.clock.iso(&mut text, at, 3);
    let _ = writeln!(text, ",{level},,in,,,,,STATE,\"{message}\"");
    write(world, Sys::EdiGateway.plan().file.to_owned(), text);
}

pub(super) fn idoc(world: &mut World, frame: FrameRef, status: u16, message: &str) {
    let (Some(ids), Some(one)) = (ids(world, frame), world.frames.get(frame)) else { return };
    let kind = one.op.plan().name;
    let plan = Sys::Erp.plan();
    let at = world.now + world.systems[Sys::Erp as usize].clock_ahead;
    let direction = if kind == "INVOIC" { 1 } else { 2 };
    let mut text = String::with_capacity(160);
    world.clock.local(&mut text, at, plan.zone_minutes, '.');
    let _ = writeln!(
        text,
        "|100|{:016}|{direction}|{kind}|{status}|B2BPRD|ERPCLNT100|{}||{message}",
        ids.idoc, ids.number
    );
    write(world, plan.file.to_owned(), text);
}

/// A record of the ERP that belongs to no document of a flow.
pub(super) fn idoc_state(world: &mut World, message: &str) {
    let plan = Sys::Erp.plan();
    let at = world.now + world.systems[Sys::Erp as usize].clock_ahead;
    let number = 3_339_000_000 + world.dice.below(900_000);
    let mut text = String::with_capacity(120);
    world.clock.local(&mut text, at, plan.zone_minutes, '.');
    let _ = writeln!(text, "|100|{number:016}|1|MATMAS|3|B2BPRD|ERPCLNT100|||{message}");
    write(world, plan.file.to_owned(), text);
}
