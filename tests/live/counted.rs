//! Estates that are too large to be read: what a real server counts is what files say, and a sample tells of the rest.
//!
//! `BRIDGEWATCH_TEST_DOCUMENTS` makes the estate larger, and `BRIDGEWATCH_TEST_PROGRAM` is measured instead of the program that
//! was built for tests; from a million documents on, a part of the window is pulled too. docs/sources/large.md has the figures.

use super::servers::{self, load_opensearch, load_victoria_logs, opensearch, victoria_logs};
use super::{history, program};
use bridgewatch::telemetry::{Nanos, Time};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

/// Documents in a flow that goes well, and those beside it that belong to none.
const OF_A_FLOW: usize = 10;
const NOISE: usize = 3;
/// The whole window and a little more, in seconds.
const ALL: i64 = 7_300;

fn size() -> usize {
    std::env::var("BRIDGEWATCH_TEST_DOCUMENTS").ok().and_then(|count| count.parse().ok()).unwrap_or(40_000)
}

/// Numbers that look like nothing but are the same each time.
fn mixed(number: u64) -> u64 {
    let mut mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed ^ (mixed >> 32)
}

fn document(time: Time, service: &str, level: &str, message: &str) -> Value {
    json!({ "@timestamp": time.rfc3339(), "service.name": service, "log.level": level, "message": message })
}

/// Two hours of orders: gateway, orders, billing, and a backend that knows only the trace. Some fail in billing, some are
/// lost on the way to it.
fn estate() -> impl Iterator<Item = Value> {
    let flows = size() / (OF_A_FLOW + NOISE);
    let spacing = 7_200_000 / flows.max(1) as i64;
    (0..flows as u64).flat_map(move |number| {
        let random = mixed(number + 1);
        let begin = history() + Nanos::millis(number as i64 * spacing);
        let (a, b) = (mixed(random), mixed(random ^ 0x4d));
        let correlation = format!(
            "{:08x}-{:04x}-4{:03x}-9{:03x}-{:012x}",
            a as u32,
            (a >> 32) as u16,
            (a >> 52) & 0xfff,
            b & 0xfff,
            b >> 16
        );
        let trace = format!("{:016x}{:016x}", mixed(a), mixed(b));
        let outcome = random % 1_000;
        let (fails, is_lost) = (outcome < 40, (40..50).contains(&outcome));
        let backend = if random & 1024 == 0 { "erp" } else { "warehouse" };
        let steps = [
            ("gateway", "POST /orders received", 0),
            ("orders", "order accepted", 3),
            ("orders", "order checked against limits", 9),
            ("orders", "order handed to billing", 20),
            ("billing", "invoice begun", 24),
            ("billing", "tax computed", 40),
            ("billing", "invoice written", 55),
            (backend, "document posted", 80),
            ("orders", "order confirmed", 95),
            ("gateway", "POST /orders answered 201", 99),
        ];
        let kept = if is_lost {
            4
        } else if fails {
            6
        } else {
            OF_A_FLOW
        };
        let mut documents: Vec<Value> = steps[..kept]
            .iter()
            .map(|(service, message, after)| {
                let after = after + (random >> 20) as i64 % 7 * after / 20;
                let mut one = document(begin + Nanos::millis(after), service, "info", message);
                if *service != "erp" && *service != "warehouse" {
                    one["correlation_id"] = json!(correlation);
                }
                if *service != "orders" {
                    one["trace.id"] = json!(trace);
                }
                one
            })
            .collect();
        if fails {
            let mut one = document(
                begin + Nanos::millis(61),
                "billing",
                "error",
                "invoice failed: tax service answered 502",
            );
            (one["correlation_id"], one["trace.id"]) = (json!(correlation), json!(trace));
            documents.push(one);
        }
        documents.extend((0..NOISE as i64).map(|step| {
            document(begin + Nanos::millis(step * 11 + 5), "scheduler", "debug", "heartbeat ok")
        }));
        documents
    })
}

/// What both ways must agree on of a flow, by its name; and its verdict.
type Flows = BTreeMap<String, (Value, String)>;

fn flows(folder: &Path, config: &str, inputs: &[&str], seconds: i64) -> (Flows, Vec<Value>, String) {
    let path = folder.join("bridgewatch.toml");
    std::fs::write(&path, format!("[flows]\nignore_skew = true\n{config}")).unwrap();
    let program = std::env::var("BRIDGEWATCH_TEST_PROGRAM");
    let (begun, received) = (Instant::now(), received());
    let output = Command::new(program.as_deref().unwrap_or(env!("CARGO_BIN_EXE_bridgewatch")))
        .args(["flows", "--json", "--since", &history().rfc3339(), "--until"])
        .arg((history() + Nanos::seconds(seconds)).rfc3339())
        .arg("--config")
        .arg(&path)
        .args(inputs)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    eprintln!("{} bytes over loopback, in {:.1?}: {said}", self::received() - received, begun.elapsed());
    let lines = output.stdout.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let all: Vec<Value> = lines.map(|line| serde_json::from_slice(line).unwrap()).collect();
    let flows = all.iter().map(|flow| {
        let same = ["identifiers", "first", "last", "events", "errors", "systems"];
        let same = same.map(|name| (name.to_owned(), flow[name].clone()));
        (
            flow["flow"].as_str().unwrap().to_owned(),
            (json!(BTreeMap::from(same)), flow["verdict"].to_string()),
        )
    });
    (flows.collect(), all, said)
}

/// Bytes that came over loopback so far; 0 where the system does not say.
fn received() -> u64 {
    let all = std::fs::read_to_string("/proc/net/dev").unwrap_or_default();
    let line = all.lines().find_map(|line| line.trim().strip_prefix("lo:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or_default()
}

/// The index that the server counts equals the one from files, and nearly all verdicts do.
fn compare(folder: &Path, source: &str, documents: impl Iterator<Item = Value>) {
    let with = |rows: usize| format!("{source}budget = {{ rows = {rows}, timeout_seconds = 120 }}\n");
    let config = &with((size() / 8).min(500_000));
    let file = folder.join("estate.jsonl");
    let mut lines = std::io::BufWriter::new(std::fs::File::create(&file).unwrap());
    for document in documents {
        writeln!(lines, "{document}").unwrap();
    }
    lines.flush().unwrap();
    let (from_files, ..) = flows(folder, "", &[file.to_str().unwrap()], ALL);
    let (counted, all, said) = flows(folder, config, &[], ALL);
    assert!(
        from_files.len() > 2_000 && from_files.len() == counted.len(),
        "{} {}",
        from_files.len(),
        counted.len()
    );
    for (name, (flow, _)) in &from_files {
        assert_eq!(Some(flow), counted.get(name).map(|(flow, _)| flow), "{name}");
    }
    let agree = from_files.iter().filter(|(name, (_, verdict))| counted[*name].1 == *verdict).count();
    assert!(agree * 100 >= from_files.len() * 99, "{agree} of {} verdicts agree", from_files.len());
    let of = |name: &str, value: bool| all.iter().filter(|flow| flow[name] == value).count();
    assert_eq!(of("complete", true), all.len());
    assert!((100..=600).contains(&of("sampled", false)), "{} were read whole", of("sampled", false));
    if size() >= 1_000_000 {
        // As much as one question may yield, pulled and not counted.
        let part = 400_000 * ALL / size() as i64;
        eprintln!("{} flows were pulled of {part} s", flows(folder, &with(500_000), &[], part).0.len());
    }
    assert!(said.contains("were counted where they are") && said.contains("% failed"), "{said}");
}

#[test]
fn a_real_opensearch_counts_what_is_too_much_to_be_read_and_a_sample_tells_the_verdicts() {
    let Ok(libraries) = std::env::var("BRIDGEWATCH_TEST_OPENSEARCH") else {
        eprintln!("there is no OpenSearch here: nothing is checked; run tests/run");
        return;
    };
    let server = opensearch(&libraries);
    load_opensearch(&server, estate());
    let url = server.url("");
    let config = format!("[[sources]]\nkind = \"opensearch\"\nurl = {url:?}\nindices = \"logs-*\"\n");
    compare(server.folder.path(), &config, estate());
}

#[test]
fn a_real_victoria_logs_counts_what_is_too_much_to_be_read_and_a_sample_tells_the_verdicts() {
    let Some(program) = program("BRIDGEWATCH_TEST_VICTORIA_LOGS", "victoria-logs") else { return };
    let server = victoria_logs(&program);
    // Its own names for the time and the message; the others as they are.
    let renamed = |mut document: Value| {
        (document["_time"], document["_msg"]) = (document["@timestamp"].take(), document["message"].take());
        document["service"] = document["service.name"].take();
        document.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        document
    };
    load_victoria_logs(&server, estate().map(renamed));
    let url = server.url("");
    let config = format!("[[sources]]\nkind = \"victorialogs\"\nurl = {url:?}\n");
    compare(server.folder.path(), &config, estate());
}

#[test]
fn the_engine_of_clickhouse_counts_what_is_too_much_to_be_read_and_a_sample_tells_the_verdicts() {
    let Some(server) = servers::clickhouse() else { return };
    let row = |document: Value| {
        let is_error = document["log.level"] == "error";
        json!({ "Timestamp": document["@timestamp"], "ServiceName": document["service.name"], "Body": document["message"],
            "SeverityText": document["log.level"], "SeverityNumber": if is_error { 17 } else { 9 },
            "TraceId": document["trace.id"].as_str().unwrap_or_default(),
            "LogAttributes": document["correlation_id"].as_str().map_or(json!({}), |id| json!({ "correlation_id": id })) })
    };
    servers::load_clickhouse(&server, "otel_logs", estate().map(row));
    let url = server.url("");
    let config = format!("[[sources]]\nkind = \"clickhouse\"\nurl = {url:?}\n");
    compare(server.folder.path(), &config, estate());
}
