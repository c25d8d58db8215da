//! A bundled estate in real servers: what is found there is what is found in its files.

use super::adapters::{collector, lines, run};
use super::servers::{self, Server, load_victoria_logs, send};
use super::{program, pull, wait_for};
use bridgewatch::config::Config;
use bridgewatch::evidence::{Evidence, Place, Row};
use bridgewatch::sources::files::{self, Files};
use bridgewatch::telemetry::{EventKind, Nanos, Time, Wanted, Window};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The folder of an estate: a bundled scenario, or what `BRIDGEWATCH_TEST_ESTATE` names.
fn estate() -> PathBuf {
    let bundled = Path::new(env!("CARGO_MANIFEST_DIR")).join("sample-logs/erp-certificate-expired");
    std::env::var_os("BRIDGEWATCH_TEST_ESTATE").map_or(bundled, PathBuf::from)
}

/// Its files by what they hold.
struct Paths {
    logs: Vec<String>,
    spans: Vec<PathBuf>,
    metrics: Vec<PathBuf>,
    changes: PathBuf,
}

fn paths() -> Paths {
    let (mut logs, mut spans, mut metrics) = (Vec::new(), Vec::new(), Vec::new());
    let within = |folder| std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    for entry in std::fs::read_dir(estate()).unwrap().map(|entry| entry.unwrap().path()) {
        let name = entry.file_name().unwrap().to_str().unwrap().to_owned();
        if entry.is_dir() && name == "otel" {
            spans.extend(within(entry));
        } else if entry.is_dir() && name == "metrics" {
            metrics.extend(within(entry));
        } else if entry.is_dir() {
            logs.push(entry.display().to_string());
        }
    }
    logs.sort();
    Paths { logs, spans, metrics, changes: estate().join("changes.jsonl") }
}

/// Samples of tables with a head, sent to a server; the rules by which they are asked for again.
fn load_metrics(server: &Server, tables: &[PathBuf]) -> String {
    let (mut samples, mut units) = (Vec::new(), BTreeMap::new());
    for table in tables {
        let text = std::fs::read_to_string(table).unwrap();
        let head = cells(text.lines().next().unwrap());
        for line in text.lines().skip(1) {
            let cells = cells(line);
            let cell = |name| head.iter().position(|one| one == name).map(|at| cells[at].as_str());
            let millis = cell("time").map(|time| (Time::parse(time).unwrap().0 / 1_000_000).to_string());
            let millis = millis.unwrap_or_else(|| cell("ts_ms").unwrap().to_owned());
            let (metric, system, value) =
                (cell("metric").unwrap(), cell("system").unwrap(), cell("value").unwrap());
            samples.push(format!("{metric}{{system={system:?}}} {value} {millis}"));
            units.insert(metric.to_owned(), cell("unit").unwrap_or_default().to_owned());
        }
    }
    send("POST", &server.url("/api/v1/import/prometheus"), "text/plain", samples.join("\n"));
    send("GET", &server.url("/internal/force_flush"), "text/plain", "");
    let rules = units.iter().map(|(metric, unit)| {
        format!("[[sources.metrics]]\nname = {metric:?}\nquery = {metric:?}\nunit = {unit:?}\n")
    });
    rules.collect()
}

/// Every log record as a shipper sends it: with its time and system, the line as it is; of a table with a head, whose lines
/// say nothing without it, the fields.
fn records(evidence: &Evidence, files: &Files, formats: &BTreeMap<String, String>) -> Vec<Value> {
    let mut by_file: BTreeMap<u16, Vec<Row>> = BTreeMap::new();
    for row in (0..evidence.rows()).map(Row).filter(|row| evidence.kind(*row) == EventKind::Log) {
        by_file.entry(evidence.origin(row).file()).or_default().push(row);
    }
    let mut records = Vec::new();
    for (file, mut rows) in by_file {
        let Place::File { path } = &evidence.places[usize::from(file)] else {
            panic!("only files were read")
        };
        let bytes = std::fs::read(&**path).unwrap();
        rows.sort_by_key(|row| evidence.origin(*row).offset());
        let has_head = evidence.origin(rows[0]).offset() > 0;
        for (place, row) in rows.iter().enumerate() {
            let from = evidence.origin(*row).offset() as usize;
            let to = rows.get(place + 1).map_or(bytes.len(), |next| evidence.origin(*next).offset() as usize);
            let service = evidence.system_name(evidence.system(*row));
            let mut record = json!({ "_time": evidence.time(*row).rfc3339(), "service": service });
            let line = String::from_utf8_lossy(&bytes[from..to]);
            if formats[&**path].contains("delimited") && has_head {
                let event = files.read_event(evidence, evidence.origin(*row)).unwrap();
                record["level"] = json!(event.severity.word());
                record["_msg"] = json!(event.body);
                let head = String::from_utf8_lossy(&bytes);
                for (name, value) in cells(head.lines().next().unwrap()).into_iter().zip(cells(&line)) {
                    record[name] = json!(value);
                }
            } else {
                record["_msg"] = json!(line.trim_end());
            }
            records.push(record);
        }
    }
    records
}

/// The cells of a table's line, between commas or bars; quotes hold what would end one.
fn cells(line: &str) -> Vec<String> {
    let between = if line.contains('|') { '|' } else { ',' };
    let (mut cells, mut is_quoted) = (vec![String::new()], false);
    for c in line.trim_end().chars() {
        match c {
            '"' => is_quoted = !is_quoted,
            c if c == between && !is_quoted => cells.push(String::new()),
            c => cells.last_mut().unwrap().push(c),
        }
    }
    cells
}

fn configuration(sources: &[(&str, &Server)], metrics: (&Server, &str), changes: &Path) -> String {
    let own = std::fs::read_to_string(estate().join("bridgewatch.toml")).unwrap_or_default();
    let table =
        |kind: &str, server: &Server| format!("[[sources]]\nkind = {kind:?}\nurl = {:?}\n\n", server.url(""));
    let sources: String = sources.iter().map(|(kind, server)| table(kind, server)).collect();
    let (server, rules) = metrics;
    format!(
        "{own}\n{sources}[[sources]]\nkind = \"changes\"\npath = {changes:?}\n\n{}{rules}",
        table("victoriametrics", server)
    )
}

/// Events of flows, by system.
fn by_system(flows: &[Value]) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for (system, count) in flows.iter().filter_map(|flow| flow["systems"].as_object()).flatten() {
        *counts.entry(system.clone()).or_default() += count["events"].as_u64().unwrap();
    }
    counts
}

#[test]
fn flows_verdicts_and_suspects_from_real_servers_equal_those_from_files() {
    let Some(victoria) = program("BRIDGEWATCH_TEST_VICTORIA_LOGS", "victoria-logs") else { return };
    let Some(jaeger) = program("BRIDGEWATCH_TEST_JAEGER", "jaeger") else { return };
    let Some(metrics) = program("BRIDGEWATCH_TEST_VICTORIA_METRICS", "victoria-metrics") else { return };
    let paths = paths();
    let own = estate().join("bridgewatch.toml");
    let config = Config::load(Some(&own)).unwrap();
    let now = bridgewatch::app::now();
    let loaded =
        files::load(files::discover(&paths.logs), &config.reading(now).unwrap(), now, &mut |_, _| true);
    let formats = loaded.reports.iter().map(|report| (report.path.to_string(), report.format.clone()));
    let records = records(&loaded.evidence, &loaded.files, &formats.collect());
    let window = loaded.evidence.window().unwrap();
    let window = Window { from: window.from - Nanos::seconds(60), to: window.to + Nanos::seconds(60) };

    let logs_server = servers::victoria_logs(&victoria);
    load_victoria_logs(&logs_server, records.into_iter());
    let (traces_server, otlp) = servers::jaeger(&jaeger);
    let mut sent = 0;
    for file in &paths.spans {
        for line in std::fs::read_to_string(file).unwrap().lines() {
            send("POST", &format!("http://{otlp}/v1/traces"), "application/json", line.to_owned());
            sent += line.matches("\"spanId\"").count();
        }
    }
    let live = logs_server.folder.path().join("live.toml");
    let metrics_server = servers::victoria_metrics(&metrics);
    let rules = load_metrics(&metrics_server, &paths.metrics);
    let sources = [("victorialogs", &logs_server), ("jaeger", &traces_server)];
    std::fs::write(&live, configuration(&sources, (&metrics_server, &rules), &paths.changes)).unwrap();
    let bounds = ["--since".to_owned(), window.from.rfc3339(), "--until".to_owned(), window.to.rfc3339()];
    let ask = |command: &str, config: &Path, inputs: &[String]| {
        let arguments: Vec<&str> =
            [command, "--json"].into_iter().chain(bounds.iter().chain(inputs).map(String::as_str)).collect();
        let output = run(&arguments, config);
        assert!(output.status.success(), "{output:?}");
        let mut all = lines(&output);
        // A table's column `TID` is a transaction to who reads the table, and among the fields of a document most often a
        // thread: the one identifier that does not come through, and links nothing that others do not.
        all.iter_mut().filter_map(Value::as_object_mut).for_each(|line| drop(line.remove("identifiers")));
        all
    };
    let others = paths.spans.iter().chain(&paths.metrics).chain([&paths.changes]);
    let others = others.map(|path| path.display().to_string());
    let files: Vec<String> = paths.logs.iter().cloned().chain(others).collect();
    let of_files = ask("flows", &own, &files);
    wait_for("Jaeger to show all spans", || {
        let mut fresh = collector("jaeger", &traces_server.url(""), "");
        pull(&mut fresh, Wanted::Events, window).iter().map(|batch| batch.events.len()).sum::<usize>() >= sent
    });
    let of_servers = ask("flows", &live, &[]);
    eprintln!("{} flows, {sent} spans, {} to {}", of_servers.len(), window.from, window.to);
    assert!(of_files.len() > 50);
    assert_eq!(by_system(&of_files), by_system(&of_servers));
    for (one, other) in of_files.iter().zip(&of_servers) {
        assert_eq!(one, other);
    }
    assert_eq!(of_files.len(), of_servers.len());
    let suspects = |config: &Path, inputs: &[String]| -> Vec<(String, f64)> {
        ask("suspects", config, inputs)
            .iter()
            .filter_map(|one| Some((one["system"].as_str()?.to_owned(), one["score"].as_f64()?)))
            .collect()
    };
    // Metrics are asked for at steps of 23 s, and stand in the files at 15 s: scores differ a little, and so may the order
    // of those that are that near to each other.
    let (found, expected) = (suspects(&live, &[]), suspects(&own, &files));
    assert_eq!(found[0].0, expected[0].0);
    assert_eq!(found.len(), expected.len(), "{found:?}\n{expected:?}");
    for (system, score) in &expected {
        let same = found.iter().find(|(other, _)| other == system);
        let differs = same.map_or(1.0, |(_, other)| (other - score).abs());
        assert!(differs <= 0.05, "{system} differs by {differs:.3}\n{found:?}\n{expected:?}");
    }
    assert!(!found.is_empty());
}
