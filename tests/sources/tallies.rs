//! What backends count: the same contract for all that can.

use super::fake::{Answer, Fake, Request};
use super::{KNOWN, all};
use bridgewatch::sources::{Source, SourceError};
use bridgewatch::telemetry::{Completeness, IdentifierClass, Nanos, Query, Tally, Time, Wanted, Window};
use serde_json::json;
use std::sync::Arc;

const CORRELATION: &str = "3f2b8c1e-6d4a-4f7b-9a10-5c2e7d9b8a41";
/// Events that the backends say they hold: so many that the window is counted in three stretches.
const HELD: u64 = 120_000;

/// Each stretch has one group: 40 events of `orders`, two of them errors, from the stretch's first to its last millisecond.
struct Counting {
    kind: &'static str,
    answer: fn(&Request) -> Answer,
    /// Answers to the question for groups that are not all there is.
    partial: &'static [&'static str],
    is_tally: fn(&Request) -> bool,
}

const COUNTING: [Counting; 4] = [
    Counting {
        kind: "elasticsearch",
        answer: |request| elasticsearch(request, false),
        partial: &[
            r#"{"timed_out":true,"aggregations":{"flows":{"buckets":[]}}}"#,
            r#"{"_shards":{"failed":1,"failures":[{"reason":{"reason":"node left"}}]},"aggregations":{"flows":{"buckets":[]}}}"#,
        ],
        is_tally: |request| request.body.contains("composite"),
    },
    Counting {
        kind: "opensearch",
        answer: |request| elasticsearch(request, true),
        partial: &[],
        is_tally: |request| request.body.contains("composite"),
    },
    Counting {
        kind: "victorialogs",
        answer: victorialogs,
        partial: &[
            "{\"correlation_id\":\"a-1\",\"service\":\"orders\",\"first\":\"2026-03-14T09:26:53Z\",\"last\":\"2026-03-14T09:26:53Z\",\"events\":\"1\"}\n{\"corr",
        ],
        is_tally: |request| {
            request.parameters.get("query").is_some_and(|query| query.contains("| stats by ("))
        },
    },
    Counting {
        kind: "clickhouse",
        answer: clickhouse,
        partial: &[
            "{\"trace_id\":\"\",\"i0\":\"a-1\",\"ServiceName\":\"orders\",\"first\":\"1\",\"last\":\"2\",\"events\":\"1\",\"errors\":\"0\"}\nCode: 159. DB::Exception: Timeout exceeded",
        ],
        is_tally: |request| request.parameters.get("query").is_some_and(|query| query.contains("GROUP BY")),
    },
];

fn elasticsearch(request: &Request, is_opensearch: bool) -> Answer {
    if request.path == "/" {
        let distribution = if is_opensearch { r#""distribution":"opensearch","# } else { "" };
        return Answer::json(&format!(r#"{{"version":{{{distribution}"number":"2.19.6"}}}}"#));
    }
    if request.path.ends_with("/_field_caps") {
        let keyword = json!({ "keyword": { "aggregatable": true } });
        let fields = json!({ "correlation_id": keyword, "service.name": keyword, "log.level": keyword });
        return Answer::json(&json!({ "indices": ["logs-a"], "fields": fields }).to_string());
    }
    let body = request.json();
    if body.get("aggs").is_none() {
        return Answer::json(&json!({ "hits": { "total": { "value": HELD }, "hits": [] } }).to_string());
    }
    let bound = |name: &str| {
        let text = body.pointer(&format!("/query/bool/filter/0/range/@timestamp/{name}")).cloned();
        Time::parse(text.unwrap().as_str().unwrap()).unwrap().0 / 1_000_000
    };
    let bucket = json!({ "key": { "i0": CORRELATION, "s0": "orders" }, "doc_count": 40, "errors": { "doc_count": 2 },
        "first": { "value": bound("gte") as f64 }, "last": { "value": bound("lt") as f64 - 1.0 } });
    Answer::json(
        &json!({ "timed_out": false, "aggregations": { "flows": { "buckets": [bucket] } } }).to_string(),
    )
}

fn victorialogs(request: &Request) -> Answer {
    if request.path.ends_with("/field_names") {
        let names = ["correlation_id", "service", "level"].map(|name| json!({ "value": name, "hits": 3 }));
        return Answer::json(&json!({ "values": names }).to_string());
    }
    let query = &request.parameters["query"];
    if query.contains("stats count()") {
        return Answer::text(200, &format!(r#"{{"events":"{HELD}"}}"#));
    }
    let inside = query.split_once('[').unwrap().1.split_once(')').unwrap().0;
    let (from, to) = inside.split_once(", ").unwrap();
    let last = Time::parse(to).unwrap() - Nanos::millis(1);
    let row = json!({ "correlation_id": CORRELATION, "service": "orders", "first": from, "last": last.rfc3339(), "events": "40", "errors": "2" });
    Answer::text(200, &row.to_string())
}

fn clickhouse(request: &Request) -> Answer {
    let query = &request.parameters["query"];
    if !query.contains("GROUP BY") {
        // Both tables are asked; what they hold adds up.
        return Answer::text(200, &format!(r#"{{"events":"{}"}}"#, HELD / 2));
    }
    if query.contains("otel_traces") {
        return Answer::text(200, "");
    }
    let bound = |name: &str| request.parameters[name].parse::<i64>().unwrap();
    let row = json!({ "trace_id": "", "i0": CORRELATION, "ServiceName": "orders", "first": bound("param_from").to_string(),
        "last": (bound("param_to") - 1_000_000).to_string(), "events": "40", "errors": "2" });
    Answer::text(200, &row.to_string())
}

fn connect(kind: &str, url: &str) -> Arc<dyn Source> {
    let text = format!("[[sources]]\nkind = {kind:?}\nurl = {url:?}\nbudget = {{ rows = 1000 }}\n");
    let config = bridgewatch::config::Config::parse(&text).unwrap();
    config.sources[0].connect(&bridgewatch::ingest::Settings::default()).unwrap()
}

fn query() -> Query {
    let window = Window { from: KNOWN, to: KNOWN + Nanos::seconds(60) };
    Query { window, wanted: Wanted::Tallies, limit: 1_000_000, deadline: Nanos::seconds(8) }
}

#[tokio::test]
async fn what_is_too_much_is_counted_stretch_by_stretch_and_adds_up() {
    for counting in &COUNTING {
        let server = Fake::start(counting.answer);
        let source = connect(counting.kind, &server.url);
        let held = source.too_many(query().window, Nanos::seconds(5)).await.unwrap();
        assert_eq!(held, Some(HELD), "{}", counting.kind);
        let (batches, error) = all(&*source, query()).await;
        assert_eq!(error, None, "{}", counting.kind);
        assert!(batches.iter().all(|batch| batch.completeness == Completeness::Full));
        let tallies: Vec<&Tally> = batches.iter().flat_map(|batch| &batch.tallies).collect();
        assert_eq!(tallies.len(), 3, "{}", counting.kind);
        let mut at = KNOWN;
        for tally in tallies {
            assert_eq!(tally.first, at, "{}: no stretch is left out or asked for twice", counting.kind);
            at = tally.last + Nanos::millis(1);
            assert_eq!((tally.system.as_str(), tally.events, tally.errors), ("orders", 40, 2));
            assert_eq!(tally.identifiers.len(), 1);
            assert_eq!(tally.identifiers[0].class, IdentifierClass::Correlation);
            assert_eq!(tally.identifiers[0].value, CORRELATION);
        }
        assert_eq!(at, query().window.to);
    }
}

#[tokio::test]
async fn a_source_within_its_budget_is_read_and_not_counted() {
    for counting in &COUNTING {
        let server = Fake::start(counting.answer);
        let text = format!("[[sources]]\nkind = {:?}\nurl = {:?}\n", counting.kind, server.url);
        let config = bridgewatch::config::Config::parse(&text).unwrap();
        let source = config.sources[0].connect(&bridgewatch::ingest::Settings::default()).unwrap();
        assert_eq!(source.too_many(query().window, Nanos::seconds(5)).await.unwrap(), None);
    }
}

#[tokio::test]
async fn a_count_that_is_not_whole_is_partial_and_a_lie_is_an_error() {
    for counting in &COUNTING {
        for body in counting.partial {
            let server = Fake::start(|request| match (counting.is_tally)(request) {
                true => Answer::json(body),
                false => (counting.answer)(request),
            });
            let (batches, error) = all(&*connect(counting.kind, &server.url), query()).await;
            assert_eq!(error, None, "{body}");
            assert!(
                batches.iter().any(|batch| matches!(batch.completeness, Completeness::Partial(_))),
                "{}: {body}",
                counting.kind
            );
        }
        for lie in [Answer::json("<html>Log in</html>"), Answer::text(200, "ok"), Answer::text(500, "stack")]
        {
            let bad = lie.clone();
            let server = Fake::start(move |request| match (counting.is_tally)(request) {
                true => bad.clone(),
                false => (counting.answer)(request),
            });
            let (_, error) = all(&*connect(counting.kind, &server.url), query()).await;
            let error = error.unwrap_or_else(|| panic!("{} takes {lie:?}", counting.kind));
            assert!(
                matches!(error, SourceError::Unreadable { .. } | SourceError::BadQuery { .. }),
                "{error:?}"
            );
            assert!(error.to_string().len() < 400);
        }
    }
}

/// Only what was declared as a read is sent for it.
#[tokio::test]
async fn counting_sends_reads_only() {
    for counting in &COUNTING {
        let server = Fake::start(counting.answer);
        let source = connect(counting.kind, &server.url);
        let _ = all(&*source, query()).await;
        for request in server.requests() {
            let path = request.path.as_str();
            let is_read = match request.method.as_str() {
                "GET" => path == "/" || path.ends_with("/_field_caps") || path.ends_with("/field_names"),
                "POST" => path.ends_with("/_search") || path == "/select/logsql/query",
                _ => false,
            };
            assert!(is_read, "{} {path}", request.method);
        }
    }
}
