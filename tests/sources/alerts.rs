//! Sources of alerts as the contract has them.

use super::fake::{Answer, Request};
use super::{Adapter, Time, Wanted};
use serde_json::{Value, json};

pub const ALERTMANAGER: Adapter = Adapter {
    kind: "alertmanager",
    options: "",
    wanted: || Wanted::Alerts,
    healthy: alertmanager,
    is_data: |request| request.path.ends_with("/alerts"),
    partial: &[],
    small_pages: None,
    may_be_empty: false,
    reads: &[("GET", "/api/v2/status"), ("GET", "/api/v2/alerts")],
    // It knows no windows: all alerts of now come.
    asks_for: |request, _| request.path == "/api/v2/alerts" && request.parameters["active"] == "true",
};

fn alertmanager(request: &Request, instants: &[Time]) -> Answer {
    if request.path.ends_with("/status") {
        return Answer::json(r#"{"cluster":{"status":"ready"},"versionInfo":{"version":"0.25.0"}}"#);
    }
    let alerts: Vec<Value> = instants
        .iter()
        .map(|time| {
            json!({ "fingerprint": time.0.to_string(), "labels": { "alertname": "OrdersStuck", "service": "orders" }, "annotations": {},
                "startsAt": time.rfc3339(), "endsAt": "2026-03-14T12:00:00Z", "status": { "state": "active" } })
        })
        .collect();
    Answer::json(&Value::Array(alerts).to_string())
}

pub const PAGERDUTY: Adapter = Adapter {
    kind: "pagerduty",
    options: "",
    wanted: || Wanted::Alerts,
    healthy: pagerduty,
    is_data: |request| request.path != "/abilities",
    partial: &[],
    small_pages: Some(""),
    may_be_empty: false,
    reads: &[("GET", "/abilities"), ("GET", "/incidents"), ("GET", "/change_events")],
    asks_for: |request, window| {
        request.parameters.get("since") == Some(&window.from.rfc3339())
            && request.parameters.get("until") == Some(&window.to.rfc3339())
    },
};

/// Incidents and change events, a hundred to a page.
pub fn pagerduty(request: &Request, instants: &[Time]) -> Answer {
    if request.path == "/abilities" {
        return Answer::json(r#"{"abilities":["teams"]}"#);
    }
    let bound = |name: &str| request.parameters.get(name).and_then(|text| Time::parse(text));
    let (Some(since), Some(until)) = (bound("since"), bound("until")) else {
        return Answer::text(
            400,
            r#"{"error":{"message":"Invalid Input Provided","code":2001,"errors":["since"]}}"#,
        );
    };
    let offset = request.number("offset").unwrap_or(0) as usize;
    let inside: Vec<&Time> = instants.iter().filter(|time| since <= **time && **time < until).collect();
    let page: Vec<Value> = inside
        .iter()
        .enumerate()
        .skip(offset)
        .take(100)
        .map(|(place, time)| {
            json!({ "id": format!("P{place}"), "incident_number": place, "title": "Orders error rate", "status": "triggered", "urgency": "high",
                "created_at": time.rfc3339(), "html_url": "https://acme.pagerduty.com/incidents/P", "service": { "summary": "Orders" },
                "summary": "orders 5.3.1", "timestamp": time.rfc3339(), "services": [{ "summary": "Orders" }], "links": [] })
        })
        .collect();
    let list = if request.path == "/incidents" { "incidents" } else { "change_events" };
    let more = offset + page.len() < inside.len();
    Answer::json(
        &json!({ list: page, "limit": 100, "offset": offset, "more": more, "total": null }).to_string(),
    )
}

pub const KUBERNETES: Adapter = Adapter {
    kind: "kubernetes",
    options: "",
    wanted: || Wanted::Alerts,
    healthy: kubernetes,
    is_data: |request| request.path != "/version",
    partial: &[],
    small_pages: Some(""),
    may_be_empty: false,
    reads: &[("GET", "/version"), ("GET", "/api/v1/events"), ("GET", "/apis/apps/v1/replicasets")],
    // It knows no windows: it keeps about an hour, and all of it comes.
    asks_for: |request, _| {
        request.path == "/api/v1/events" && request.parameters["fieldSelector"] == "type=Warning"
    },
};

/// Two events to a page, with the server's own mark of where the next one begins.
fn kubernetes(request: &Request, instants: &[Time]) -> Answer {
    match request.path.as_str() {
        "/version" => return Answer::json(r#"{"gitVersion":"v1.33.2"}"#),
        "/apis/apps/v1/replicasets" => {
            return Answer::json(r#"{"kind":"ReplicaSetList","metadata":{},"items":[]}"#);
        }
        _ => {}
    }
    let begin = request.parameters.get("continue").map_or(0, |mark| mark[1..].parse().unwrap());
    let items: Vec<Value> = instants
        .iter()
        .skip(begin)
        .take(2)
        .map(|time| {
            json!({ "metadata": { "uid": time.0.to_string() }, "involvedObject": { "kind": "Pod", "name": "orders-7d9c8b6f5-x2x4z" },
                "reason": "BackOff", "message": "Back-off restarting failed container", "type": "Warning", "eventTime": null,
                "lastTimestamp": time.rfc3339(), "count": 1 })
        })
        .collect();
    let end = begin + items.len();
    let metadata = if end < instants.len() { json!({ "continue": format!("m{end}") }) } else { json!({}) };
    Answer::json(&json!({ "kind": "EventList", "metadata": metadata, "items": items }).to_string())
}
