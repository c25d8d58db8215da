//! Jaeger as the contract has it, by its v3 API and by the legacy one.

use super::fake::{Answer, Request};
use super::{Adapter, Time, Wanted};
use serde_json::{Value, json};

pub const V3: Adapter = Adapter {
    kind: "jaeger",
    options: "",
    wanted: || Wanted::Events,
    healthy: v3,
    is_data: |request| request.path.ends_with("/traces"),
    partial: &[],
    small_pages: Some("page = 3"),
    may_be_empty: false,
    reads: &[("GET", "/api/v3/services"), ("GET", "/api/v3/traces")],
    asks_for: |request, window| {
        request.parameters.get("query.startTimeMin") == Some(&window.from.rfc3339())
            && request.parameters.get("query.startTimeMax") == Some(&window.to.rfc3339())
    },
};

/// A storage that searches one service at a time.
pub const BY_SERVICE: Adapter = Adapter {
    healthy: |request, instants| {
        if request.path == "/api/v3/traces" && !request.parameters.contains_key("query.serviceName") {
            return Answer::text(400, r#"{"error":{"httpCode":400,"message":"service name must be set"}}"#);
        }
        v3(request, instants)
    },
    ..V3
};

pub const LEGACY: Adapter = Adapter {
    healthy: legacy,
    partial: &[
        r#"{"data":[],"errors":[{"code":500,"msg":"one of the storages failed"}]}"#,
        r#"{"data":[{"traceID":"1","spans":[],"processes":{},"warnings":["clock skew adjustment disabled"]}],"errors":null}"#,
    ],
    reads: &[("GET", "/api/v3/services"), ("GET", "/api/services"), ("GET", "/api/traces")],
    asks_for: |request, window| {
        request.number("start") == Some(window.from.0 / 1_000)
            && request.number("end") == Some(window.to.0 / 1_000)
    },
    ..V3
};

/// A trace of one span at each instant; both ends of a window may be answered for.
fn v3(request: &Request, instants: &[Time]) -> Answer {
    if request.path == "/api/v3/services" {
        return Answer::json(r#"{"services":["orders","billing"]}"#);
    }
    let bound = |name: &str| request.parameters.get(name).and_then(|text| Time::parse(text));
    let (Some(from), Some(to)) = (bound("query.startTimeMin"), bound("query.startTimeMax")) else {
        return Answer::text(400, r#"{"error":{"httpCode":400,"message":"no window"}}"#);
    };
    let depth = request.number("query.searchDepth").unwrap_or(100) as usize;
    let inside: Vec<(usize, &Time)> =
        instants.iter().enumerate().filter(|(_, time)| from <= **time && **time <= to).take(depth).collect();
    if inside.is_empty() {
        return Answer::text(404, r#"{"error":{"httpCode":404,"message":"No traces found"}}"#);
    }
    let spans: Vec<Value> = inside
        .iter()
        .map(|(place, time)| {
            json!({ "traceId": format!("{:032x}", place + 1), "spanId": format!("{:016x}", place + 1), "name": "POST /orders", "kind": 2,
                "startTimeUnixNano": time.0.to_string(), "endTimeUnixNano": (time.0 + 5_000_000).to_string(), "status": {} })
        })
        .collect();
    let resource = json!({ "attributes": [{ "key": "service.name", "value": { "stringValue": "orders" } }] });
    let result = json!({ "resourceSpans": [{ "resource": resource, "scopeSpans": [{ "scope": {}, "spans": spans }] }] });
    Answer::json(&json!({ "result": result }).to_string())
}

/// An older server: what it does not know it answers with its page.
fn legacy(request: &Request, instants: &[Time]) -> Answer {
    match request.path.as_str() {
        "/api/services" => return Answer::json(r#"{"data":["orders","billing"],"total":2,"errors":null}"#),
        "/api/traces" => {}
        _ => return Answer::text(200, "<!doctype html><title>Jaeger UI</title>"),
    }
    let (Some(start), Some(end)) = (request.number("start"), request.number("end")) else {
        return Answer::text(400, r#"{"data":null,"errors":[{"code":400,"msg":"no window"}]}"#);
    };
    let limit = request.number("limit").unwrap_or(20) as usize;
    let inside =
        instants.iter().enumerate().filter(|(_, time)| (start..=end).contains(&(time.0 / 1_000))).take(limit);
    let traces: Vec<Value> = inside
        .map(|(place, time)| {
            let trace = format!("{:x}", place + 1);
            json!({ "traceID": trace, "processes": { "p1": { "serviceName": "orders", "tags": [] } }, "warnings": null, "spans": [{
                "traceID": trace, "spanID": format!("{:x}", place + 1), "operationName": "POST /orders", "references": [],
                "startTime": time.0 / 1_000, "duration": 5_000, "tags": [], "logs": [], "processID": "p1", "warnings": null }] })
        })
        .collect();
    Answer::json(&json!({ "data": traces, "total": 0, "limit": 0, "offset": 0, "errors": null }).to_string())
}
