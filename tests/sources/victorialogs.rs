//! VictoriaLogs as the contract has it.

use super::fake::{Answer, Request};
use super::{Adapter, Time, Wanted};

pub const ADAPTER: Adapter = Adapter {
    kind: "victorialogs",
    options: "",
    wanted: || Wanted::Events,
    healthy,
    is_data: |request| request.path.ends_with("/query"),
    // A stream that ends in the middle of a line lost its end.
    partial: &[
        "{\"_time\":\"2026-03-14T09:26:53Z\",\"_msg\":\"a\"}\n{\"_time\":\"2026-03-14T09:26:54Z\",\"_ms",
    ],
    small_pages: Some("page = 2"),
    may_be_empty: true,
    reads: &[("POST", "/select/logsql/query"), ("GET", "/select/logsql/field_names")],
    asks_for: |request, window| {
        let time = format!("_time:[{}, {}) ", window.from, window.to);
        request.parameters.get("query").is_some_and(|query| query.starts_with(&time))
    },
};

/// Lines of the half-open window that stands in the query, at most as many as it says.
fn healthy(request: &Request, instants: &[Time]) -> Answer {
    if request.path.ends_with("/field_names") {
        return Answer::json(r#"{"values":[{"value":"_msg","hits":12}]}"#);
    }
    let query = request.parameters.get("query").cloned().unwrap_or_default();
    let inside =
        query.split_once('[').and_then(|(_, rest)| rest.split_once(')')).map(|(inside, _)| inside.to_owned());
    let bounds = inside.as_deref().and_then(|inside| inside.split_once(", "));
    let bounds = bounds.and_then(|(from, to)| Some((Time::parse(from)?, Time::parse(to)?)));
    let limit = query.rsplit(' ').next().and_then(|limit| limit.parse().ok());
    let (Some((from, to)), Some(limit)) = (bounds, limit) else { return Answer::text(400, "no window") };
    let inside = instants.iter().filter(|time| from <= **time && **time < to).take(limit);
    let lines: Vec<String> = inside
        .map(|time| format!(r#"{{"_time":"{time}","_stream":"{{}}","_stream_id":"a1","_msg":"order accepted","service":"orders"}}"#))
        .collect();
    Answer::text(200, &lines.join("\n"))
}
