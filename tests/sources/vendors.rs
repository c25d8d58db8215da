//! New Relic, Dynatrace and Azure Monitor Logs as the contract has them.

use super::fake::{Answer, Request};
use super::{Adapter, Nanos, Time, Wanted};
use serde_json::{Value, json};

pub const NEW_RELIC: Adapter = Adapter {
    kind: "newrelic",
    options: "account = 7",
    wanted: || Wanted::Events,
    healthy: new_relic,
    is_data: |request| request.body.contains("FROM Log"),
    partial: &[
        r#"{"data":{"actor":{"account":{"nrql":{"results":[],"metadata":{"messages":["the query was sampled"]}}}}}}"#,
        r#"{"data":{"actor":{"account":{"nrql":{"results":[],"metadata":{"messages":[]}}}}},"errors":[{"message":"a shard was slow","extensions":{"errorClass":"TIMEOUT"}}]}"#,
    ],
    // Pages hold five thousand rows, whatever is asked.
    small_pages: None,
    may_be_empty: false,
    reads: &[("POST", "/graphql")],
    asks_for: |request, window| {
        let bounds = format!(" SINCE {} UNTIL {} ", window.from.0 / 1_000_000, window.to.0 / 1_000_000);
        request.body.contains(&bounds)
    },
};

fn new_relic(request: &Request, instants: &[Time]) -> Answer {
    let body = request.json();
    let Some(nrql) = body.pointer("/variables/q").and_then(Value::as_str) else {
        return Answer::json(r#"{"data":{"actor":{"accounts":[{"id":7,"name":"acme"}]}}}"#);
    };
    let number = |word: &str| -> Option<i64> {
        let mut words = nrql.split(' ').skip_while(|one| *one != word);
        words.nth(1)?.parse().ok()
    };
    let (Some(since), Some(until), Some(limit)) = (number("SINCE"), number("UNTIL"), number("LIMIT")) else {
        return Answer::json(
            r#"{"data":null,"errors":[{"message":"NRQL Syntax Error","extensions":{"errorClass":"BAD_REQUEST"}}]}"#,
        );
    };
    let inside =
        instants.iter().enumerate().filter(|(_, time)| (since..until).contains(&(time.0 / 1_000_000)));
    let rows: Vec<Value> = inside
        .filter(|_| nrql.contains("FROM Log"))
        .take(limit as usize)
        .map(|(place, time)| {
            json!({ "timestamp": time.0 / 1_000_000, "message": "order accepted", "service.name": "orders", "messageId": format!("m{place}") })
        })
        .collect();
    let nrql = json!({ "results": rows, "metadata": { "messages": [] } });
    Answer::json(&json!({ "data": { "actor": { "account": { "nrql": nrql } } } }).to_string())
}

pub const DYNATRACE: Adapter = Adapter {
    kind: "dynatrace",
    options: "",
    wanted: || Wanted::Events,
    healthy: dynatrace,
    is_data: |request| request.body.contains("fetch logs | sort"),
    partial: &[
        r#"{"state":"SUCCEEDED","result":{"records":[],"metadata":{"grail":{"notifications":[{"severity":"WARN","notificationType":"SCAN_LIMIT","message":"scan limit reached"}]}}}}"#,
    ],
    small_pages: Some("page = 2"),
    may_be_empty: false,
    reads: &[
        ("POST", "/platform/storage/query/v1/query:execute"),
        ("GET", "/platform/storage/query/v1/query:poll"),
    ],
    asks_for: |request, window| {
        let body = request.json();
        body["defaultTimeframeStart"] == window.from.rfc3339()
            && body["defaultTimeframeEnd"] == window.to.rfc3339()
    },
};

fn dynatrace(request: &Request, instants: &[Time]) -> Answer {
    let body = request.json();
    let query = body["query"].as_str().unwrap_or_default();
    let bound = |name: &str| body[name].as_str().and_then(Time::parse);
    let (Some(from), Some(to)) = (bound("defaultTimeframeStart"), bound("defaultTimeframeEnd")) else {
        return Answer::json(r#"{"state":"SUCCEEDED","result":{"records":[],"metadata":{}}}"#);
    };
    let limit = query.rsplit(' ').next().and_then(|limit| limit.parse().ok()).unwrap_or(1_000);
    let inside = instants
        .iter()
        .filter(|time| from <= **time && **time < to && query.starts_with("fetch logs"))
        .take(limit);
    let records: Vec<Value> =
        inside.map(|time| json!({ "timestamp": time.rfc3339(), "content": "order accepted", "service.name": "orders" })).collect();
    Answer::json(
        &json!({ "state": "SUCCEEDED", "progress": 100, "result": { "records": records, "metadata": {} } })
            .to_string(),
    )
}

pub const AZURE: Adapter = Adapter {
    kind: "azure",
    options: "workspace = \"w1\"",
    wanted: || Wanted::Events,
    healthy: azure,
    is_data: |request| request.body.contains("TimeGenerated"),
    partial: &[
        r#"{"tables":[{"columns":[],"rows":[]}],"error":{"code":"PartialError","message":"the answer is partial"}}"#,
    ],
    small_pages: Some("page = 2"),
    may_be_empty: false,
    reads: &[("POST", "/v1/workspaces/w1/query")],
    asks_for: |request, window| {
        let bounds =
            format!("TimeGenerated >= datetime({}) and TimeGenerated < datetime({})", window.from, window.to);
        request.body.contains(&bounds)
    },
};

fn azure(request: &Request, instants: &[Time]) -> Answer {
    let body = request.json();
    let kql = body["query"].as_str().unwrap_or_default();
    let bounds: Vec<Time> =
        kql.split("datetime(").skip(1).filter_map(|rest| Time::parse(rest.split(')').next()?)).collect();
    let [from, to] = bounds[..] else {
        return Answer::json(
            r#"{"tables":[{"name":"PrimaryResult","columns":[{"name":"answers"}],"rows":[[1]]}]}"#,
        );
    };
    let limit = kql.rsplit(' ').next().and_then(|limit| limit.parse().ok()).unwrap_or(10_000);
    let inside = instants.iter().filter(|time| from <= **time && **time < to).take(limit);
    let rows: Vec<Value> =
        inside.map(|time| json!(["AppTraces", time.rfc3339(), "order accepted", "orders"])).collect();
    let columns = json!([{ "name": "TableName" }, { "name": "TimeGenerated" }, { "name": "Message" }, { "name": "AppRoleName" }]);
    Answer::json(
        &json!({ "tables": [{ "name": "PrimaryResult", "columns": columns, "rows": rows }] }).to_string(),
    )
}

const STEP: fn() -> Wanted = || Wanted::Metrics { step: Nanos::seconds(10) };

pub const NEW_RELIC_METRICS: Adapter = Adapter {
    options: "account = 7\n[[sources.metrics]]\nname = \"latency\"\nquery = \"SELECT average(duration) FROM Transaction FACET appName\"\n",
    wanted: STEP,
    healthy: new_relic_figures,
    is_data: |request| request.body.contains("TIMESERIES"),
    asks_for: |request, window| {
        let bounds = format!(
            "TIMESERIES 10 seconds SINCE {} UNTIL {} ",
            window.from.0 / 1_000_000,
            window.to.0 / 1_000_000
        );
        request.body.contains(&bounds)
    },
    ..NEW_RELIC
};

fn new_relic_figures(request: &Request, instants: &[Time]) -> Answer {
    if !request.body.contains("TIMESERIES") {
        return new_relic(request, instants);
    }
    let row = |time: &Time| {
        let begin = time.0 / 1_000_000_000;
        json!({ "beginTimeSeconds": begin, "endTimeSeconds": begin + 10, "average.duration": 1.5, "facet": "orders" })
    };
    let rows: Vec<Value> = instants.iter().map(row).collect();
    let nrql = json!({ "results": rows, "metadata": { "messages": [] } });
    Answer::json(&json!({ "data": { "actor": { "account": { "nrql": nrql } } } }).to_string())
}

pub const DYNATRACE_METRICS: Adapter = Adapter {
    options: "[[sources.metrics]]\nname = \"latency\"\nquery = \"timeseries avg(dt.service.request.response_time), by: { dt.service.name }\"\n",
    wanted: STEP,
    healthy: dynatrace_figures,
    is_data: |request| request.body.contains("timeseries"),
    small_pages: None,
    ..DYNATRACE
};

fn dynatrace_figures(request: &Request, instants: &[Time]) -> Answer {
    if !request.body.contains("interval: 10s") {
        return dynatrace(request, instants);
    }
    let record = instants.first().map(|start| {
        json!({ "timeframe": { "start": start.rfc3339(), "end": start.rfc3339() }, "interval": "10000000000", "dt.service.name": "orders",
            "avg(dt.service.request.response_time)": instants.iter().map(|_| 1.5).collect::<Vec<f64>>() })
    });
    let records: Vec<Value> = record.into_iter().collect();
    Answer::json(
        &json!({ "state": "SUCCEEDED", "result": { "records": records, "metadata": {} } }).to_string(),
    )
}
