//! Datadog's log search as the contract has it: a cursor even behind the last row.

use super::fake::{Answer, Request};
use super::{Adapter, Nanos, Time, Wanted};
use serde_json::{Value, json};

pub const ADAPTER: Adapter = Adapter {
    kind: "datadog",
    options: "",
    wanted: || Wanted::Events,
    healthy,
    is_data: |_| true,
    partial: &[
        r#"{"data":[],"meta":{"status":"timeout","warnings":[]}}"#,
        r#"{"data":[],"meta":{"status":"done","warnings":[{"code":"unknown_index","detail":"indexes: foo","title":"One or several indexes are missing"}]}}"#,
    ],
    small_pages: Some(""),
    may_be_empty: false,
    reads: &[("POST", "/api/v2/logs/events/search"), ("POST", "/api/v2/spans/events/search")],
    asks_for: |request, window| {
        let filter = request.json()["filter"].clone();
        filter["from"] == window.from.rfc3339() && filter["to"] == window.to.rfc3339()
    },
};

fn healthy(request: &Request, instants: &[Time]) -> Answer {
    let body = request.json();
    let bound =
        |name: &str| body.pointer(&format!("/filter/{name}")).and_then(Value::as_str).and_then(Time::parse);
    // The check asks for the last minutes, and is content with an answer.
    let (Some(from), Some(to)) = (bound("from"), bound("to")) else {
        return Answer::json(r#"{"data":[],"meta":{"status":"done"}}"#);
    };
    // No page is larger than two, so that every question takes several.
    let limit = body["page"]["limit"].as_u64().unwrap_or(10).min(2) as usize;
    let begin = body["page"]["cursor"].as_str().map_or(0, |cursor| cursor[1..].parse().unwrap());
    let inside: Vec<&Time> = instants.iter().filter(|time| from <= **time && **time < to).collect();
    let data: Vec<Value> = inside
        .iter()
        .enumerate()
        .skip(begin)
        .take(limit)
        .map(|(place, time)| {
            json!({ "id": format!("AQ{place}"), "type": "log", "attributes": { "timestamp": time.rfc3339(), "status": "info",
                "service": "orders", "message": "order accepted", "attributes": {} } })
        })
        .collect();
    let meta = if data.is_empty() {
        json!({ "status": "done" })
    } else {
        json!({ "status": "done", "page": { "after": format!("c{}", begin + data.len()) }, "warnings": [] })
    };
    Answer::json(&json!({ "data": data, "meta": meta }).to_string())
}

pub const METRICS: Adapter = Adapter {
    options: "[[sources.metrics]]\nname = \"latency\"\nquery = \"avg:trace.request.duration{*} by {service}\"\nunit = \"ms\"\n",
    wanted: || Wanted::Metrics { step: Nanos::seconds(10) },
    healthy: figures,
    is_data: |request| request.path.ends_with("/timeseries"),
    partial: &[],
    small_pages: None,
    reads: &[
        ("POST", "/api/v2/logs/events/search"),
        ("POST", "/api/v2/spans/events/search"),
        ("POST", "/api/v2/query/timeseries"),
    ],
    asks_for: |request, window| {
        let asked = request.json().pointer("/data/attributes").cloned().unwrap_or_default();
        asked["from"] == window.from.0 / 1_000_000
            && asked["to"] == window.to.0 / 1_000_000
            && asked["interval"] == 10_000
    },
    ..ADAPTER
};

/// The server gives what it has, with a gap that is no sample.
fn figures(request: &Request, instants: &[Time]) -> Answer {
    if !request.path.ends_with("/timeseries") {
        return healthy(request, instants);
    }
    let times: Vec<i64> =
        instants.iter().flat_map(|time| [time.0 / 1_000_000, time.0 / 1_000_000 + 1]).collect();
    let values: Vec<Option<f64>> = (0..times.len()).map(|place| (place % 2 == 0).then_some(1.5)).collect();
    let series = json!([{ "group_tags": ["service:orders"], "query_index": 0, "unit": null }]);
    let attributes = json!({ "series": series, "times": times, "values": [values] });
    Answer::json(&json!({ "data": { "type": "timeseries_response", "attributes": attributes } }).to_string())
}
