//! Elasticsearch and OpenSearch as the contract has them: points in time, `search_after`, and their differences.

use super::fake::{Answer, Request};
use super::{Adapter, Time, Wanted};
use serde_json::{Value, json};

const READS: &[(&str, &str)] = &[
    ("GET", "/"),
    ("POST", "/_search"),
    ("POST", "/logs-%2A%2Ctraces-%2A/_pit"),
    ("POST", "/logs-%2A%2Ctraces-%2A/_search/point_in_time"),
    ("DELETE", "/_pit"),
    ("DELETE", "/_search/point_in_time"),
];

const PARTIAL: &[&str] = &[
    r#"{"timed_out":true,"_shards":{"total":3,"failed":0},"hits":{"hits":[]}}"#,
    r#"{"timed_out":false,"_shards":{"total":3,"failed":1,"failures":[{"reason":{"reason":"node left"}}]},"hits":{"hits":[]}}"#,
    r#"{"timed_out":false,"terminated_early":true,"_shards":{"failed":0},"hits":{"hits":[]}}"#,
    r#"{"timed_out":false,"_shards":{"failed":0},"_clusters":{"total":2,"successful":1,"skipped":1},"hits":{"hits":[]}}"#,
];

fn is_data(request: &Request) -> bool {
    request.path.ends_with("/_search")
}

fn asks_for(request: &Request, window: super::Window) -> bool {
    let range = request.json().pointer("/query/bool/filter/0/range/@timestamp").cloned().unwrap_or_default();
    range["gte"] == window.from.rfc3339() && range["lt"] == window.to.rfc3339()
}

pub const ELASTICSEARCH: Adapter = Adapter {
    kind: "elasticsearch",
    options: "",
    wanted: || Wanted::Events,
    healthy: |request, instants| healthy(request, instants, false),
    is_data,
    partial: PARTIAL,
    small_pages: Some("page = 2"),
    may_be_empty: false,
    reads: READS,
    asks_for,
};

pub const OPENSEARCH: Adapter = Adapter {
    kind: "opensearch",
    healthy: |request, instants| healthy(request, instants, true),
    ..ELASTICSEARCH
};

fn healthy(request: &Request, instants: &[Time], is_opensearch: bool) -> Answer {
    match request.path.as_str() {
        "/" if is_opensearch => {
            Answer::json(r#"{"name":"n","version":{"distribution":"opensearch","number":"2.19.6"}}"#)
        }
        "/" => Answer::json(r#"{"name":"n","version":{"number":"8.19.0","build_flavor":"default"}}"#),
        path if path.ends_with("/_field_caps") => Answer::json(r#"{"indices":["logs-a"],"fields":{}}"#),
        path if path.ends_with("/_pit") && request.method == "POST" => Answer::json(r#"{"id":"PIT1"}"#),
        path if path.ends_with("/point_in_time") && request.method == "POST" => {
            Answer::json(r#"{"pit_id":"PIT1","_shards":{"failed":0},"creation_time":1}"#)
        }
        _ if request.method == "DELETE" => Answer::json(r#"{"succeeded":true,"num_freed":1}"#),
        _ => search(&request.json(), instants, is_opensearch),
    }
}

/// What the server would find, in order, behind the last hit that is named.
fn search(body: &Value, instants: &[Time], is_opensearch: bool) -> Answer {
    let bound = |name: &str| {
        let text = body.pointer(&format!("/query/bool/filter/0/range/@timestamp/{name}"))?.as_str()?;
        Time::parse(text)
    };
    let (Some(from), Some(to)) = (bound("gte"), bound("lt")) else { return Answer::text(400, "no window") };
    if body["pit"]["id"].as_str().is_none_or(|id| !id.starts_with("PIT")) {
        return Answer::text(404, r#"{"error":{"reason":"no point in time"}}"#);
    }
    let is_known_sort = body["sort"].to_string().contains("_shard_doc") != is_opensearch;
    if !is_known_sort {
        return Answer::text(
            400,
            r#"{"error":{"reason":"No mapping found for [_shard_doc] in order to sort on"}}"#,
        );
    }
    let after = body.pointer("/search_after/1").and_then(Value::as_u64);
    let size = body["size"].as_u64().unwrap_or(10) as usize;
    let hits: Vec<Value> = (1u64..)
        .zip(instants)
        .filter(|(place, time)| from <= **time && **time < to && after.is_none_or(|after| *place > after))
        .take(size)
        .map(|(place, time)| {
            let sort = if is_opensearch { json!([time.0]) } else { json!([time.rfc3339(), place]) };
            json!({ "_index": "logs-a", "_id": place.to_string(), "_score": null, "sort": sort, "_source": {
                "@timestamp": time.rfc3339(), "message": "order accepted", "service": { "name": "orders" } } })
        })
        .collect();
    let answer = json!({ "took": 1, "timed_out": false, "pit_id": "PIT2", "_shards": { "failed": 0 }, "hits": { "hits": hits } });
    Answer::json(&answer.to_string())
}
