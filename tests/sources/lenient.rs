//! What every adapter bears: fields that it does not know, a content type that is wrong, dates instead of seconds, and an
//! instant with more rows than a page.

use super::fake::{Answer, Fake};
use super::{ADAPTERS, KNOWN, all, instants, times};
use bridgewatch::telemetry::{Completeness, Nanos, Time};
use serde_json::{Value, json};
use std::time::Instant;

/// Maps whose keys are data, where a further key would be more data.
const MAPS: [&str; 9] = [
    "metric",
    "stream",
    "labels",
    "annotations",
    "tags",
    "values",
    "LogAttributes",
    "SpanAttributes",
    "ResourceAttributes",
];

/// The same with a field in every object that nobody knows.
fn with_more(value: &mut Value, is_map: bool) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields.iter_mut() {
                with_more(value, MAPS.contains(&name.as_str()));
            }
            if !is_map {
                fields.insert("zz_unheard_of".to_owned(), json!({ "deep": [1, null, "x"] }));
            }
        }
        Value::Array(list) => list.iter_mut().for_each(|value| with_more(value, is_map)),
        _ => {}
    }
}

fn embellished(body: &str) -> String {
    let one = |text: &str| {
        let mut value: Value = serde_json::from_str(text).ok()?;
        with_more(&mut value, false);
        Some(value.to_string())
    };
    // One document, or one a line.
    one(body).unwrap_or_else(|| {
        body.lines().map(|line| one(line).unwrap_or_else(|| line.to_owned())).collect::<Vec<_>>().join("\n")
    })
}

#[tokio::test]
async fn unknown_fields_and_a_wrong_content_type_change_nothing() {
    for adapter in ADAPTERS {
        let server = Fake::start(|request| {
            let answer = (adapter.healthy)(request, &instants());
            Answer::text(answer.status_code(), &embellished(answer.content()))
        });
        let source = adapter.connect(&server.url);
        source.check().await.unwrap_or_else(|error| panic!("{}: {error}", adapter.kind));
        let (batches, error) = all(&*source, adapter.query(1_000)).await;
        assert_eq!((times(&batches).len(), error), (6, None), "{}", adapter.kind);
    }
}

#[tokio::test]
async fn a_date_to_come_again_at_is_waited_for() {
    let all_adapters = ADAPTERS.iter().map(|adapter| async move {
        let server = Fake::start_counting(move |request, count| match count {
            0 => {
                let then = bridgewatch::app::now() + Nanos::seconds(2);
                let date = then.utc().format("%a, %d %b %Y %H:%M:%S GMT").to_string();
                Answer::status(429).with_retry_after(Some(&date))
            }
            _ => (adapter.healthy)(request, &instants()),
        });
        let begun = Instant::now();
        let (batches, error) = all(&*adapter.connect(&server.url), adapter.query(10)).await;
        assert_eq!((times(&batches).len(), error), (6, None), "{}", adapter.kind);
        // The date has whole seconds: at least one of the two is left.
        assert!(begun.elapsed().as_millis() >= 900, "{}: it did not wait", adapter.kind);
    });
    futures::future::join_all(all_adapters).await;
}

/// Nothing can tell the rows of one instant apart where pages go on from instants: then it must stop, and say so.
#[tokio::test]
async fn more_rows_at_one_instant_than_a_page_holds_end_and_are_all_there_or_called_partial() {
    for adapter in ADAPTERS {
        let Some(small) = adapter.small_pages else { continue };
        let held: Vec<Time> = vec![KNOWN + Nanos::seconds(5); 9];
        let rows = held.len();
        let server = Fake::start(move |request| (adapter.healthy)(request, &held));
        let (batches, error) = all(&*adapter.connect_with(&server.url, small), adapter.query(1_000)).await;
        assert_eq!(error, None, "{}", adapter.kind);
        let is_partial = batches.iter().any(|batch| matches!(batch.completeness, Completeness::Partial(_)));
        assert!(is_partial || times(&batches).len() == rows, "{} with {small}", adapter.kind);
        // Who halves time goes down to its unit.
        assert!(server.requests().len() < 400, "{}: {} requests", adapter.kind, server.requests().len());
    }
}
