//! Absence is not evidence: where the source that should have shown a flow's next step could not answer, nobody calls it stuck.
#![allow(clippy::unwrap_used)]

#[path = "sources/fake.rs"]
#[expect(dead_code, reason = "only some answers are of use here")]
mod fake;

use fake::{Answer, Fake, Request};
use std::collections::BTreeMap;
use std::process::Command;

const FLOWS: i64 = 80;
const LOST: i64 = 30;

/// 2026-03-14T09:26:53Z, in nanoseconds.
const KNOWN: i64 = 1_773_480_413_000_000_000;

fn correlation(number: i64) -> String {
    format!("3f2b8c1e-6d4a-4f7b-9a10-{number:012x}")
}

/// A Loki with a line of each flow but those that were lost.
fn loki(request: &Request, system: &str, millis: i64, text: &str, numbers: &[i64]) -> Answer {
    if request.path.ends_with("/labels") {
        return Answer::json(r#"{"status":"success","data":["app"]}"#);
    }
    let (Some(start), Some(end), Some(limit)) =
        (request.number("start"), request.number("end"), request.number("limit"))
    else {
        return Answer::json(r#"{"version":"3.5.1"}"#);
    };
    let at = |number: &i64| KNOWN + number * 1_000_000_000 + millis * 1_000_000;
    let values: Vec<String> = numbers
        .iter()
        .filter(|number| (start..end).contains(&at(number)))
        .take(limit as usize)
        .map(|number| {
            let line = format!(
                r#"{{\"level\":\"info\",\"msg\":\"{text}\",\"correlationId\":\"{}\"}}"#,
                correlation(*number)
            );
            format!(r#"["{}","{line}"]"#, at(number))
        })
        .collect();
    Answer::json(&format!(
        r#"{{"status":"success","data":{{"resultType":"streams","result":[{{"stream":{{"app":"{system}"}},"values":[{}]}}]}}}}"#,
        values.join(",")
    ))
}

/// Runs `flows` over a gateway's Loki and another one for billing; gives the flows by verdict, and what was warned of.
fn verdicts(billing: Fake) -> (BTreeMap<String, usize>, String) {
    let all: Vec<i64> = (0..FLOWS).collect();
    let gateway = Fake::start(move |request| loki(request, "gateway", 0, "POST /orders received", &all));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bridgewatch.toml");
    let source = |name: &str, url: &str| {
        format!(
            "[[sources]]\nkind = \"loki\"\nname = {name:?}\nurl = {url:?}\npage = 70\nbudget = {{ tries = 1 }}\n"
        )
    };
    std::fs::write(&file, source("gateway", &gateway.url) + &source("billing", &billing.url)).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_bridgewatch"))
        .args([
            "flows",
            "--json",
            "--since",
            "2026-03-14T09:26:00Z",
            "--until",
            "2026-03-14T09:36:00Z",
            "--config",
        ])
        .arg(&file)
        .output()
        .unwrap();
    let mut counts = BTreeMap::new();
    for line in String::from_utf8(output.stdout).unwrap().lines() {
        let flow: serde_json::Value = serde_json::from_str(line).unwrap();
        *counts.entry(flow["verdict"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    (counts, String::from_utf8(output.stderr).unwrap())
}

#[test]
fn a_flow_that_never_reached_billing_is_stuck_while_billings_source_answers() {
    let known: Vec<i64> = (0..FLOWS).filter(|number| *number != LOST).collect();
    let billing = Fake::start(move |request| loki(request, "billing", 20, "invoice written", &known));
    let (counts, warned) = verdicts(billing);
    assert_eq!(counts.get("stuck"), Some(&1), "{counts:?} {warned}");
    assert_eq!(counts.get("unknown"), None, "{counts:?}");
}

#[test]
fn the_same_flow_is_unknown_where_billings_source_broke_off() {
    let known: Vec<i64> = (0..FLOWS).filter(|number| *number != LOST).collect();
    let billing = Fake::start(move |request| {
        // The second page never comes.
        if request.number("start").is_some_and(|start| start > KNOWN + 10_000_000_000) {
            return Answer::text(500, "too many outstanding requests");
        }
        loki(request, "billing", 20, "invoice written", &known)
    });
    let (counts, warned) = verdicts(billing);
    assert!(warned.contains("source billing"), "{warned}");
    assert_eq!(counts.get("stuck"), None, "{counts:?}");
    assert!(counts.get("unknown").is_some_and(|unknown| *unknown >= 1), "{counts:?}");
    assert!(
        counts.get("completed").is_some_and(|completed| *completed >= 60),
        "what was seen stays: {counts:?}"
    );
}
