//! Queries and documents of Elasticsearch, without a server.

use super::*;
use crate::telemetry::IdentifierClass;

fn source() -> Elasticsearch {
    let config = Config::default();
    let base = Base::new::<Elasticsearch>(&config.common(), &Settings::default()).unwrap();
    Elasticsearch { base, config, product: OnceCell::new(), fields: OnceCell::new() }
}

#[test]
fn identifiers_are_values_of_the_query_and_never_its_text() {
    let hostile = "a\" OR *:* {}`'";
    let one = Identifier { class: IdentifierClass::Correlation, value: hostile.to_owned() };
    let query = source().of(&[one]).unwrap();
    assert_eq!(query.pointer("/bool/should/0/terms/trace.id/0").unwrap(), hostile);
    let empty = Identifier { class: IdentifierClass::Correlation, value: "a\nb".to_owned() };
    assert!(source().of(&[empty]).is_none());
}

#[test]
fn the_known_instant_is_read_from_sort_values_in_every_unit() {
    for sort in
        [json!(["2026-03-14T09:26:53.589000001Z", 4_294_967_298_u64]), json!([1_773_480_413_589_000_001_i64])]
    {
        assert_eq!(sorted_at(&sort), Some(Time(1_773_480_413_589_000_001)));
    }
    assert_eq!(sorted_at(&json!([1_773_480_413_589_i64])), Some(Time(1_773_480_413_589_000_000)));
}

#[test]
fn a_document_with_dotted_and_nested_keys_is_one_event() {
    let hit = Hit {
        index: ".ds-logs-orders".into(),
        id: "Zk1".into(),
        source: json!({"@timestamp": "2026-03-14T09:26:53.589Z", "message": "POST /orders failed",
            "log": {"level": "error"}, "service.name": "orders-api", "trace": {"id": "7c1f0a9be2d34c58a1b6e0f2934d5a77"}}),
        ..Hit::default()
    };
    let event = source().event(&hit, None).unwrap();
    assert_eq!((event.system.as_str(), event.body.as_str()), ("orders-api", "POST /orders failed"));
    assert_eq!(event.time, Time(1_773_480_413_589_000_000));
    assert_eq!(event.identifiers.len(), 1);
}
