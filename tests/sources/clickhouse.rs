//! ClickHouse as its HTTP interface and the exporter's tables have it.

use super::fake::{Answer, Request};
use super::{Adapter, Time, Wanted};

pub const ADAPTER: Adapter = Adapter {
    kind: "clickhouse",
    options: "",
    wanted: || Wanted::Events,
    healthy,
    is_data: |request| request.parameters.get("query").is_some_and(|query| query.contains(" FROM otel_")),
    partial: &["{\"ns\":\"1773480413000000000\",\"Body\":\"a\"}\nCode: 159. DB::Exception: Timeout exceeded"],
    small_pages: Some("page = 2"),
    may_be_empty: true,
    reads: &[("GET", "/")],
    asks_for: |request, window| {
        request.number("param_from") == Some(window.from.0) && request.number("param_to") == Some(window.to.0)
    },
};

fn healthy(request: &Request, instants: &[Time]) -> Answer {
    let query = request.parameters.get("query").cloned().unwrap_or_default();
    if query.starts_with("SELECT version()") {
        return Answer::json(r#"{"version":"25.8.1.1"}"#);
    }
    if query.contains("otel_traces") {
        return Answer::text(200, "");
    }
    let (Some(from), Some(to), Some(limit)) =
        (request.number("param_from"), request.number("param_to"), request.number("param_limit"))
    else {
        return Answer::text(400, "Code: 456. DB::Exception: Substitution is not set");
    };
    let inside = instants.iter().filter(|time| (from..to).contains(&time.0)).take(limit as usize);
    let lines: Vec<String> = inside
        .map(|time| {
            format!(
                r#"{{"ns":"{}","ServiceName":"orders","Body":"order accepted","SeverityNumber":9}}"#,
                time.0
            )
        })
        .collect();
    Answer::text(200, &lines.join("\n"))
}
