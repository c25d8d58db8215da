//! Splunk's export as the contract has it.

use super::fake::{Answer, Request};
use super::{Adapter, Time, Wanted};

pub const ADAPTER: Adapter = Adapter {
    kind: "splunk",
    options: "search = \"index=prod\"",
    wanted: || Wanted::Events,
    healthy,
    is_data: |request| request.path.ends_with("/export"),
    partial: &[
        "{\"preview\":false,\"lastrow\":true,\"messages\":[{\"type\":\"WARN\",\"text\":\"a search peer is down\"}]}",
        "{\"preview\":false,\"offset\":0,\"result\":{\"_time\":\"2026-03-14T09:26:53.000+00:00\",\"_raw\":\"a\"}}",
    ],
    small_pages: None,
    may_be_empty: false,
    reads: &[
        ("GET", "/services/server/info"),
        ("POST", "/services/search/v2/jobs/export"),
        ("POST", "/services/search/jobs/export"),
    ],
    asks_for: |request, window| {
        let seconds = |time: Time| format!("{}.{:09}", time.0 / 1_000_000_000, time.0 % 1_000_000_000);
        request.parameters.get("earliest_time") == Some(&seconds(window.from))
            && request.parameters.get("latest_time") == Some(&seconds(window.to))
    },
};

/// Newest first, as Splunk streams them, with a preview and a row beyond the window that must not be taken.
fn healthy(request: &Request, instants: &[Time]) -> Answer {
    if request.path.ends_with("/info") {
        return Answer::json(r#"{"entry":[{"content":{"version":"9.4.0"}}]}"#);
    }
    let search = request.parameters.get("search").cloned().unwrap_or_default();
    let head = search.split("| head ").nth(1).and_then(|rest| rest.split(' ').next()?.parse().ok());
    let Some(head) = head else {
        return Answer::text(400, r#"{"messages":[{"type":"FATAL","text":"no search"}]}"#);
    };
    let (Some(from), Some(to)) = (seconds(request, "earliest_time"), seconds(request, "latest_time")) else {
        return Answer::text(400, r#"{"messages":[{"type":"FATAL","text":"no window"}]}"#);
    };
    let inside: Vec<&Time> =
        instants.iter().filter(|time| from <= **time && **time < to).rev().take(head).collect();
    let mut body = String::from(
        "{\"preview\":true,\"offset\":0,\"result\":{\"_time\":\"2026-03-14T09:26:53.001+00:00\",\"_raw\":\"preview\"}}\n\n",
    );
    for (place, time) in inside.iter().enumerate() {
        let time = time.rfc3339().replace('Z', "+00:00");
        body.push_str(&format!(
            "{{\"preview\":false,\"offset\":{place},\"result\":{{\"_time\":\"{time}\",\"_raw\":\"order accepted\",\"host\":\"node-1\"}}}}\n"
        ));
    }
    body.push_str("{\"preview\":false,\"lastrow\":true}\n");
    Answer::text(200, &body)
}

fn seconds(request: &Request, name: &str) -> Option<Time> {
    let (whole, part) = request.parameters.get(name)?.split_once('.')?;
    Some(Time(whole.parse::<i64>().ok()? * 1_000_000_000 + part.parse::<i64>().ok()?))
}
