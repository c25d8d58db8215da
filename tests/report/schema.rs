//! JSON exports by `docs/rca.schema.json`. The validator knows the words that the schema uses, and fails on any other.

use super::bridge::{Room, SCENARIO};
use serde_json::{Value, json};

fn schema() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/rca.schema.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// Everything in which a value is not as its schema says.
fn mistakes(value: &Value, schema: &Value, root: &Value, place: &str, found: &mut Vec<String>) {
    for (word, rule) in schema.as_object().unwrap() {
        let mut wrong = |why: String| found.push(format!("{place}: {why}"));
        match word.as_str() {
            "$schema" | "$defs" | "title" | "description" => {}
            "$ref" => {
                let rule =
                    root.pointer(rule.as_str().unwrap().trim_start_matches('#')).expect("a known definition");
                mistakes(value, rule, root, place, found);
            }
            "anyOf" => {
                let fits = rule.as_array().unwrap().iter().any(|rule| {
                    let mut found = Vec::new();
                    mistakes(value, rule, root, place, &mut found);
                    found.is_empty()
                });
                if !fits {
                    wrong(format!("{value} is none of {rule}"));
                }
            }
            "const" if value != rule => wrong(format!("{value} is not {rule}")),
            "enum" if !rule.as_array().unwrap().contains(value) => {
                wrong(format!("{value} is none of {rule}"))
            }
            "const" | "enum" => {}
            "type" => {
                let kinds = rule.as_array().cloned().unwrap_or_else(|| vec![rule.clone()]);
                if !kinds.iter().any(|kind| is_of(value, kind.as_str().unwrap())) {
                    wrong(format!("{value} is no {rule}"));
                }
            }
            "pattern" => {
                let pattern = regex::Regex::new(rule.as_str().unwrap()).unwrap();
                if value.as_str().is_some_and(|text| !pattern.is_match(text)) {
                    wrong(format!("{value} does not fit {rule}"));
                }
            }
            "required" => {
                for name in rule.as_array().unwrap().iter().filter_map(Value::as_str) {
                    if value.get(name).is_none() {
                        found.push(format!("{place}: {name} is missing"));
                    }
                }
            }
            "properties" => {
                for (name, rule) in rule.as_object().unwrap() {
                    if let Some(value) = value.get(name) {
                        mistakes(value, rule, root, &format!("{place}/{name}"), found);
                    }
                }
            }
            "additionalProperties" => {
                let known = schema.get("properties").and_then(Value::as_object);
                for (name, value) in value.as_object().into_iter().flatten() {
                    if known.is_some_and(|known| known.contains_key(name)) {
                        continue;
                    }
                    match rule {
                        Value::Bool(false) => found.push(format!("{place}: {name} is not in the schema")),
                        rule => mistakes(value, rule, root, &format!("{place}/{name}"), found),
                    }
                }
            }
            "items" => {
                for (number, value) in value.as_array().into_iter().flatten().enumerate() {
                    mistakes(value, rule, root, &format!("{place}/{number}"), found);
                }
            }
            other => panic!("the schema uses `{other}`, which this validator does not know"),
        }
    }
}

fn is_of(value: &Value, kind: &str) -> bool {
    match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        other => panic!("no type `{other}`"),
    }
}

fn check(value: &Value) -> Vec<String> {
    let schema = schema();
    let mut found = Vec::new();
    mistakes(value, &schema, &schema, "", &mut found);
    found
}

#[test]
fn exports_are_as_the_schema_says_with_evidence_and_without() {
    let room = Room::after_a_bridge();
    room.says(&["incident", "measure", "INC-0001", "--demo", SCENARIO]);
    for more in [&[][..], &["--demo", SCENARIO][..]] {
        let mut arguments = vec!["rca", "export", "INC-0001", "--format", "json"];
        arguments.extend_from_slice(more);
        let report: Value = serde_json::from_str(&room.says(&arguments)).unwrap();
        assert_eq!(check(&report), [""; 0]);
        assert_eq!(report["evidence"][0]["query"], "grep-PKIX");
        assert_eq!(report["mitigations"][0]["approver"], "bob");
        assert!(report["mitigations"][0]["effect"]["signals"].is_array());
        let kinds: Vec<&str> =
            report["timeline"].as_array().unwrap().iter().map(|row| row["kind"].as_str().unwrap()).collect();
        assert_eq!(kinds.contains(&"telemetry"), !more.is_empty(), "{kinds:?}");
        assert!(!kinds.contains(&"cadence"), "bookkeeping is no part of the story");
    }
}

#[test]
fn the_validator_finds_what_is_wrong() {
    let room = Room::after_a_bridge();
    let good: Value = serde_json::from_str(&room.says(&["rca", "export", "--format", "json"])).unwrap();
    let with = |pointer: &str, value: Value| {
        let mut bad = good.clone();
        *bad.pointer_mut(pointer).unwrap() = value;
        check(&bad)
    };
    for (pointer, value) in [
        ("/format", json!("bridgewatch-rca/2")),
        ("/incident/severity", json!("SEV9")),
        ("/incident/declared", json!("yesterday")),
        ("/timeline/0/pins", json!("two")),
        ("/evidence/0/sha256", json!("abc")),
        ("/incident", json!({ "id": "x", "mood": "calm" })),
    ] {
        assert!(!with(pointer, value).is_empty(), "{pointer}");
    }
}
