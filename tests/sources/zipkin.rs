//! Zipkin as the contract has it.

use super::fake::{Answer, Request};
use super::{Adapter, Time, Wanted};
use serde_json::{Value, json};

pub const ADAPTER: Adapter = Adapter {
    kind: "zipkin",
    options: "",
    wanted: || Wanted::Events,
    healthy,
    is_data: |request| request.path.ends_with("/traces"),
    partial: &[],
    small_pages: Some("page = 3"),
    may_be_empty: false,
    reads: &[("GET", "/api/v2/services"), ("GET", "/api/v2/traces")],
    asks_for: |request, window| {
        // The start of a look back does not belong to it, so it reaches a millisecond further.
        request.number("endTs") == Some(window.to.0 / 1_000_000)
            && request.number("lookback") == Some((window.to.0 - window.from.0) / 1_000_000 + 1)
    },
};

fn healthy(request: &Request, instants: &[Time]) -> Answer {
    if request.path.ends_with("/services") {
        return Answer::json(r#"["orders"]"#);
    }
    let (Some(end), Some(lookback), Some(limit)) =
        (request.number("endTs"), request.number("lookback"), request.number("limit"))
    else {
        return Answer::text(400, "no window");
    };
    let millis = |time: &Time| time.0.div_euclid(1_000_000);
    let inside = instants.iter().enumerate();
    let inside = inside.filter(|(_, time)| end - lookback < millis(time) && millis(time) <= end);
    // Nearest to the end first.
    let traces: Vec<Value> = inside
        .rev()
        .take(limit as usize)
        .map(|(place, time)| {
            json!([{ "traceId": format!("{:016x}", place + 1), "id": format!("{:016x}", place + 1), "kind": "SERVER", "name": "post /orders",
                "timestamp": time.0 / 1_000, "duration": 5_000, "localEndpoint": { "serviceName": "orders" }, "tags": {} }])
        })
        .collect();
    Answer::json(&Value::Array(traces).to_string())
}
