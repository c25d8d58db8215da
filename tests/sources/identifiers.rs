//! What every source of events does with identifiers: whole traces come back, hostile ones stay inside their quotes.

use super::fake::{Answer, Fake, Request};
use super::{ADAPTERS, all};
use bridgewatch::telemetry::{Identifier, IdentifierClass, Query, Wanted};

const TRACE: &str = "7c1f0a9be2d34c58a1b6e0f2934d5a77";

fn one(class: IdentifierClass, value: &str) -> Wanted {
    Wanted::Identifiers(vec![Identifier { class, value: value.to_owned() }])
}

/// Everything of a request that the sender chose.
fn text(request: &Request) -> String {
    let parameters: Vec<String> = request.parameters.values().cloned().collect();
    format!("{} {} {}", request.path, request.body, parameters.join(" "))
}

#[tokio::test]
async fn an_identifier_is_asked_for_by_every_source_of_events_and_by_no_other() {
    for adapter in ADAPTERS {
        let server = Fake::start(|request| (adapter.healthy)(request, &[]));
        let source = adapter.connect(&server.url);
        let holds_events = source.signals().iter().any(|signal| {
            matches!(signal, bridgewatch::telemetry::Signal::Logs | bridgewatch::telemetry::Signal::Traces)
        });
        let (_, error) =
            all(&*source, Query { wanted: one(IdentifierClass::Trace, TRACE), ..adapter.query(10) }).await;
        let _ = error; // Some fakes know no identifiers; what was asked is what counts here.
        let is_asked = server.requests().iter().any(|request| text(request).to_lowercase().contains(TRACE));
        assert_eq!(is_asked, holds_events, "{}", adapter.kind);
    }
}

#[tokio::test]
async fn what_no_query_can_hold_is_not_sent() {
    for adapter in ADAPTERS {
        let server = Fake::start(|request| (adapter.healthy)(request, &[]));
        let source = adapter.connect(&server.url);
        for hostile in ["a\nb\"; DROP TABLE x; --", &"x".repeat(10_000)] {
            let wanted = one(IdentifierClass::Correlation, hostile);
            all(&*source, Query { wanted, ..adapter.query(10) }).await;
        }
        for request in server.requests() {
            let text = text(&request);
            assert!(!text.contains("DROP TABLE") && !text.contains("xxxxxxxxxx"), "{}: {text}", adapter.kind);
        }
    }
}

#[tokio::test]
async fn an_identifier_cannot_lead_a_request_to_another_path() {
    for adapter in ADAPTERS {
        let server = Fake::start(|request| match (adapter.is_data)(request) {
            true => Answer::status(404),
            false => (adapter.healthy)(request, &[]),
        });
        let source = adapter.connect(&server.url);
        for hostile in ["../../admin", "..%2f..%2fadmin", "http://evil.example/", "x?y=z", "x#y"] {
            let wanted = one(IdentifierClass::Trace, hostile);
            all(&*source, Query { wanted, ..adapter.query(10) }).await;
        }
        for request in server.requests() {
            assert!(
                !request.path.contains("admin") && !request.path.contains(".."),
                "{}: {}",
                adapter.kind,
                request.path
            );
        }
    }
}
