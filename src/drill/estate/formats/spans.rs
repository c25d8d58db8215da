//! Spans as OTLP in JSON, one export a line: of each piece of work of a traced system, and of each call that it makes.

use super::super::blueprint::{Link, Sys};
use super::super::problem::Problem;
use super::super::world::{FrameRef, World};
use super::{Ids, dashed, ids, write};
use std::fmt::Write;

const FILE: &str = "otel/spans.jsonl";

struct Span<'a> {
    system: Sys,
    name: &'a str,
    kind: u8,
    id: u64,
    parent: u64,
    from: i64,
    to: i64,
    problem: Option<Problem>,
    why: &'a str,
    peer: Option<&'a str>,
}

/// A piece of work, for a request or for a message.
pub(super) fn server(world: &mut World, frame: FrameRef, problem: Option<Problem>, why: &str) {
    let (Some(ids), Some(one)) = (ids(world, frame), world.frames.get(frame)) else { return };
    let plan = one.op.plan();
    if !plan.system.plan().is_traced {
        return;
    }
    let kind = if one.message.is_some() { 5 } else { 2 };
    let span = Span {
        system: plan.system,
        name: plan.name,
        kind,
        id: one.span,
        parent: one.parent_span,
        from: one.arrived,
        to: world.now,
        problem,
        why,
        peer: None,
    };
    put(world, &ids, &span);
}

/// A call, as its caller sees it.
pub(super) fn client(world: &mut World, frame: FrameRef, link: Link, problem: Option<Problem>, why: &str) {
    let (Some(ids), Some(one)) = (ids(world, frame), world.frames.get(frame)) else { return };
    let plan = link.plan();
    let (parent, from, id) = (one.span, one.called_at, one.client_span);
    let span = Span {
        system: plan.from,
        name: plan.address,
        kind: 3,
        id,
        parent,
        from,
        to: world.now,
        problem,
        why,
        peer: Some(plan.to.name()),
    };
    put(world, &ids, &span);
}

fn put(world: &mut World, ids: &Ids, span: &Span) {
    let ahead = world.systems[span.system as usize].clock_ahead;
    let mut text = String::with_capacity(760);
    let _ = write!(
        text,
        "{{\"resourceSpans\":[{{\"resource\":{{\"attributes\":[{{\"key\":\"service.name\",\"value\":{{\"stringValue\":\"{}\"}}}}]}},\"scopeSpans\":[{{\"scope\":{{\"name\":\"io.opentelemetry.auto\"}},\"spans\":[{{\"traceId\":\"{:032x}\",\"spanId\":\"{:016x}\",\"parentSpanId\":\"",
        span.system.name(),
        ids.trace,
        span.id
    );
    if span.parent != 0 {
        let _ = write!(text, "{:016x}", span.parent);
    }
    let _ = write!(
        text,
        "\",\"name\":\"{}\",\"kind\":{},\"startTimeUnixNano\":\"{}\",\"endTimeUnixNano\":\"{}\",\"attributes\":[",
        span.name,
        span.kind,
        span.from + ahead,
        span.to + ahead
    );
    let status = match span.problem {
        None => 200,
        Some(Problem::Status(status)) if span.kind == 3 => status,
        Some(problem) => problem.status(),
    };
    let _ = write!(text, "{{\"key\":\"http.response.status_code\",\"value\":{{\"intValue\":\"{status}\"}}}}");
    if let Some(peer) = span.peer {
        let _ = write!(text, ",{{\"key\":\"server.address\",\"value\":{{\"stringValue\":\"{peer}\"}}}}");
    }
    if matches!(span.system, Sys::Mule | Sys::Orders) {
        let correlation = dashed(ids.correlation);
        let _ = write!(
            text,
            ",{{\"key\":\"app.correlation_id\",\"value\":{{\"stringValue\":\"{correlation}\"}}}}"
        );
    }
    if span.problem.is_some() {
        let _ = write!(text, "],\"status\":{{\"code\":2,\"message\":\"{}\"}}", span.why);
    } else {
        text.push_str("],\"status\":{}");
    }
    text.push_str("}]}]}]}\n");
    write(world, FILE.to_owned(), text);
}
