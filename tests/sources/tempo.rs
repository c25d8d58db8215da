//! Tempo as the contract has it: search finds identifiers, and each trace is fetched in the JSON of protobuf.

use super::fake::{Answer, Request};
use super::{Adapter, Time, Wanted};
use serde_json::{Value, json};

pub const ADAPTER: Adapter = Adapter {
    kind: "tempo",
    options: "",
    wanted: || Wanted::Events,
    healthy,
    is_data: |request| request.path == "/api/search",
    partial: &[r#"{"traces":[],"metrics":{"completedJobs":3,"totalJobs":4}}"#],
    small_pages: Some("page = 5"),
    may_be_empty: false,
    reads: &[
        ("GET", "/api/echo"),
        ("GET", "/api/status/buildinfo"),
        ("GET", "/api/search"),
        ("GET", "/api/v2/traces/"),
    ],
    asks_for: |request, window| {
        request.number("start") == Some(window.from.0 / 1_000_000_000)
            && request.number("end") == Some(window.to.0 / 1_000_000_000)
    },
};

fn healthy(request: &Request, instants: &[Time]) -> Answer {
    match request.path.as_str() {
        "/api/echo" => Answer::text(200, "echo"),
        "/api/status/buildinfo" => Answer::json(r#"{"version":"2.9.0"}"#),
        "/api/search" => search(request, instants),
        path => {
            let place = path.rsplit('/').next().and_then(|id| usize::from_str_radix(id, 16).ok());
            match place.and_then(|place| Some((place, instants.get(place.checked_sub(1)?)?))) {
                Some((place, time)) => Answer::json(&trace(place, *time).to_string()),
                None => Answer::json(r#"{"trace":{},"metrics":{}}"#),
            }
        }
    }
}

fn search(request: &Request, instants: &[Time]) -> Answer {
    let (Some(start), Some(end), Some(limit)) =
        (request.number("start"), request.number("end"), request.number("limit"))
    else {
        return Answer::text(400, "no window");
    };
    let second = |time: &Time| time.0.div_euclid(1_000_000_000);
    let inside = instants.iter().enumerate().filter(|(_, time)| (start..=end).contains(&second(time)));
    // Leading zeros are missing, and so is the duration of a short trace.
    let traces: Vec<Value> = inside
        .take(limit as usize)
        .map(|(place, time)| json!({ "traceID": format!("{:x}", place + 1), "startTimeUnixNano": time.0.to_string() }))
        .collect();
    Answer::json(&json!({ "traces": traces, "metrics": { "completedJobs": 4, "totalJobs": 4 } }).to_string())
}

fn trace(place: usize, time: Time) -> Value {
    use base64::Engine;
    let base64 = |bytes: &[u8]| base64::engine::general_purpose::STANDARD.encode(bytes);
    let span = json!({
        "traceId": base64(&(place as u128).to_be_bytes()), "spanId": base64(&(place as u64).to_be_bytes()), "name": "POST /orders",
        "kind": "SPAN_KIND_SERVER", "startTimeUnixNano": time.0.to_string(), "endTimeUnixNano": (time.0 + 5_000_000).to_string() });
    let resource = json!({ "attributes": [{ "key": "service.name", "value": { "stringValue": "orders" } }] });
    json!({ "trace": { "resourceSpans": [{ "resource": resource, "scopeSpans": [{ "spans": [span] }] }] }, "metrics": {} })
}
