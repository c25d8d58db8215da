//! Loki as the contract has it.

use super::fake::{Answer, Request};
use super::{Adapter, Time, Wanted};

pub const ADAPTER: Adapter = Adapter {
    kind: "loki",
    options: "",
    wanted: || Wanted::Events,
    healthy,
    is_data: |request| request.path.ends_with("/query_range"),
    partial: &[
        r#"{"status":"success","data":{"resultType":"streams","result":[]},"warnings":["querying one of the stores failed"]}"#,
    ],
    small_pages: Some("page = 2"),
    may_be_empty: false,
    reads: &[
        ("GET", "/loki/api/v1/labels"),
        ("GET", "/loki/api/v1/status/buildinfo"),
        ("POST", "/loki/api/v1/query_range"),
    ],
    asks_for: |request, window| {
        request.number("start") == Some(window.from.0)
            && request.number("end") == Some(window.to.0)
            && request.parameters.get("query").is_some_and(|query| query == r#"{app=~".+"}"#)
    },
};

/// Lines of an inclusive start and an exclusive end, oldest first, at most as many as asked for.
fn healthy(request: &Request, instants: &[Time]) -> Answer {
    if request.path.ends_with("/labels") {
        return Answer::json(r#"{"status":"success","data":["namespace","app"]}"#);
    }
    if request.path.ends_with("/buildinfo") {
        return Answer::json(r#"{"version":"3.5.1","revision":"x"}"#);
    }
    let (Some(start), Some(end), Some(limit)) =
        (request.number("start"), request.number("end"), request.number("limit"))
    else {
        return Answer::text(400, "no window");
    };
    if limit > 5_000 {
        return Answer::text(400, "max entries limit per query exceeded");
    }
    let inside = instants.iter().filter(|time| (start..end).contains(&time.0)).take(limit as usize);
    let values: Vec<String> = inside.map(|time| format!(r#"["{}","order accepted"]"#, time.0)).collect();
    Answer::json(&format!(
        r#"{{"status":"success","data":{{"resultType":"streams","result":[{{"stream":{{"app":"orders"}},"values":[{}]}}],"stats":{{}}}}}}"#,
        values.join(",")
    ))
}
