//! The engine of ClickHouse with the tables of the OpenTelemetry exporter: its SQL means what the adapter takes it for.

use super::adapters::{check, collector, correlation, events, hour, named, trace_id};
use super::{history, pull, servers};
use bridgewatch::sources::Collector;
use bridgewatch::telemetry::{EventKind, IdentifierClass, Nanos, Reach, Wanted, Window};
use serde_json::json;

/// A thousand log records, seven at each instant, and two spans of each of forty traces.
fn load(server: &servers::Server) {
    servers::load_clickhouse(
        server,
        "otel_logs",
        (0..1_001i64).map(|number| {
            let is_error = number % 10 == 0;
            json!({ "Timestamp": (history() + Nanos::millis(number / 7 * 100)).rfc3339(), "ServiceName": "orders",
                "SeverityText": if is_error { "ERROR" } else { "INFO" }, "SeverityNumber": if is_error { 17 } else { 9 },
                "Body": format!("order {number} accepted"), "LogAttributes": { "correlation_id": correlation(number as u64 / 7) } })
        }),
    );
    servers::load_clickhouse(
        server,
        "otel_traces",
        (1..=40u64).flat_map(|number| {
            [("gateway", number * 2, String::new()), ("orders", number * 2 + 1, format!("{:016x}", number * 2))]
                .map(|(service, id, parent)| {
                    json!({ "Timestamp": (history() + Nanos::seconds(number as i64)).rfc3339(), "TraceId": trace_id(number),
                        "SpanId": format!("{id:016x}"), "ParentSpanId": parent, "SpanName": "POST /orders", "SpanKind": "Server",
                        "ServiceName": service, "Duration": 5_000_000, "SpanAttributes": { "correlation_id": correlation(number) },
                        "StatusCode": if service == "orders" && number.is_multiple_of(4) { "Error" } else { "Unset" } })
                })
        }),
    );
}

#[test]
fn the_engine_of_clickhouse_gives_every_record_once_and_a_flow_by_its_identifiers() {
    let Some(server) = servers::clickhouse() else { return };
    load(&server);
    let mut collector = collector("clickhouse", &server.url(""), "page = 50");
    check(&mut collector);
    let batches = pull(&mut collector, Wanted::Events, hour());
    let found = events(&batches);
    let of = |kind: EventKind| found.iter().filter(move |event| event.kind == kind);
    assert_eq!(
        (of(EventKind::Log).count(), of(EventKind::Span).count()),
        (1_001, 80),
        "{:?}",
        collector.health()
    );
    assert_eq!(of(EventKind::Log).filter(|event| event.severity.is_error()).count(), 101);
    assert_eq!(of(EventKind::Span).filter(|event| event.span.unwrap().failed).count(), 10);
    assert!(of(EventKind::Span).all(|event| event.duration == Some(Nanos::millis(5))));

    let fresh = || Collector::new(collector.source().clone());
    let count = |wanted, window| events(&pull(&mut fresh(), wanted, window)).len();
    let edge = Window { from: history() + Nanos::millis(100), to: history() + Nanos::millis(200) };
    assert_eq!(count(Wanted::Events, edge), 7, "the end of a window is not in it");
    assert_eq!(count(named(IdentifierClass::Correlation, &correlation(7)), hour()), 7 + 2);
    assert_eq!(count(named(IdentifierClass::Trace, &trace_id(7)), hour()), 2);
    assert_eq!(count(named(IdentifierClass::Trace, &trace_id(999)), hour()), 0);

    let mut hostile = fresh();
    let text = r"x' OR 1=1 -- \ {x:String} \'";
    assert!(events(&pull(&mut hostile, named(IdentifierClass::Correlation, text), hour())).is_empty());
    assert_eq!(hostile.health().reach, Reach::Reachable, "{:?}", hostile.health());
}

#[test]
fn a_refusal_of_clickhouse_is_told_in_its_words() {
    let Some(server) = servers::clickhouse() else { return };
    let mut collector =
        collector("clickhouse", &server.url(""), "logs_table = \"not_there\"\ntraces_table = \"\"");
    pull(&mut collector, Wanted::Events, hour());
    let health = format!("{:?}", collector.health());
    assert!(health.contains("not_there") && health.contains("Code: 60"), "{health}");
}
