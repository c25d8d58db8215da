//! Prometheus as the contract has it.

use super::fake::{Answer, Request};
use super::{Adapter, Nanos, Time, Wanted};

pub const ADAPTER: Adapter = Adapter {
    kind: "prometheus",
    options: "[[sources.metrics]]\nname = \"lag\"\nquery = \"sum by (service) (lag)\"\n",
    wanted: || Wanted::Metrics { step: Nanos::seconds(1) },
    healthy,
    partial: &[
        r#"{"status":"success","data":{"result":[]},"warnings":["results truncated due to limit"]}"#,
        r#"{"status":"success","data":{"result":[]},"isPartial":true}"#,
        r#"{"status":"success","data":{"result":[]},"infos":["PromQL info"]}"#,
    ],
    is_data: |_| true,
    small_pages: None,
    may_be_empty: false,
    reads: &[
        ("GET", "/api/v1/query"),
        ("POST", "/api/v1/query_range"),
        ("POST", "/api/v1/query_exemplars"),
        ("GET", "/api/v1/metadata"),
        ("GET", "/api/v1/alerts"),
        ("GET", "/api/v1/status/buildinfo"),
    ],
    asks_for: |request, window| {
        let seconds = |name: &str| request.parameters.get(name)?.parse::<f64>().ok();
        // Both ends of a range belong to it, so the last step before the window's end is asked for.
        seconds("start") == Some(window.from.0 as f64 / 1e9)
            && seconds("end") == Some((window.to.0 as f64 / 1e9) - 1.0)
    },
};

/// Answers with the instants between start and end, both of them included, and with one beyond, as no server should.
fn healthy(request: &Request, instants: &[Time]) -> Answer {
    if request.path.ends_with("/buildinfo") {
        return Answer::json(r#"{"status":"success","data":{"version":"2.42.0"}}"#);
    }
    if request.path.ends_with("/alerts") {
        return Answer::json(r#"{"status":"success","data":{"alerts":[]}}"#);
    }
    let values: Vec<String> =
        instants.iter().map(|time| format!("[{}.000,\"7\"]", time.0 / 1_000_000_000)).collect();
    Answer::json(&format!(
        r#"{{"status":"success","data":{{"resultType":"matrix","result":[{{"metric":{{"service":"orders"}},"values":[{}]}}]}}}}"#,
        values.join(",")
    ))
}
