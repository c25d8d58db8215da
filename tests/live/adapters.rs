//! Adapters against real servers: what goes in comes out, to the instant, across pages, and with one flow from several.

use super::servers::{self, Server, load_victoria_logs, send, send_json};
use super::{free_address, history, lag, program, pull, wait_for};
use bridgewatch::config::Config;
use bridgewatch::ingest::Settings;
use bridgewatch::sources::Collector;
use bridgewatch::telemetry::{Batch, Event, Identifier, IdentifierClass, Nanos, Reach, Time, Wanted, Window};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Command, Output};

pub fn collector(kind: &str, url: &str, options: &str) -> Collector {
    let text = format!("[[sources]]\nkind = {kind:?}\nname = {kind:?}\nurl = {url:?}\n{options}\n");
    let config = Config::parse(&text).unwrap();
    Collector::new(config.sources[0].connect(&Settings::default()).unwrap())
}

pub fn check(collector: &mut Collector) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(collector.check(bridgewatch::app::now()));
    assert_eq!(collector.health().reach, Reach::Reachable);
    eprintln!("{}: {:?}", collector.health().kind, collector.health().notes);
}

pub fn hour() -> Window {
    Window { from: history(), to: history() + Nanos::seconds(3_600) }
}

pub fn events(batches: &[Batch]) -> Vec<&Event> {
    batches.iter().flat_map(|batch| &batch.events).collect()
}

pub fn named(class: IdentifierClass, value: &str) -> Wanted {
    Wanted::Identifiers(vec![Identifier { class, value: value.to_owned() }])
}

#[test]
fn a_real_alertmanager_gives_its_alerts() {
    let Some(program) = program("BRIDGEWATCH_TEST_ALERTMANAGER", "prometheus-alertmanager") else { return };
    let server = servers::alertmanager(&program);
    let since = bridgewatch::app::now() - Nanos::seconds(30);
    let alert = json!([{ "labels": { "alertname": "OrdersStuck", "service": "orders-api", "severity": "page" },
        "annotations": { "summary": "orders wait" }, "startsAt": since.rfc3339() }]);
    send_json("POST", &server.url("/api/v2/alerts"), &alert);
    let mut collector = collector("alertmanager", &server.url(""), "");
    check(&mut collector);
    let batches = pull(&mut collector, Wanted::Alerts, super::last_minute());
    let alerts = events(&batches);
    assert_eq!(alerts.len(), 1);
    assert_eq!(
        (alerts[0].system.as_str(), alerts[0].body.as_str()),
        ("orders-api", "OrdersStuck: orders wait")
    );
    assert!((alerts[0].time - since).0.abs() < 1_000_000, "{} is {since} to the millisecond", alerts[0].time);
}

#[test]
fn a_real_victoria_metrics_gives_its_history_to_the_sample() {
    let Some(program) = program("BRIDGEWATCH_TEST_VICTORIA_METRICS", "victoria-metrics") else { return };
    let server = servers::victoria_metrics(&program);
    let lines: Vec<String> = (0..240)
        .map(|step| {
            let millis = history().0 / 1_000_000 + step * 15_000;
            format!("kafka_consumergroup_lag{{service=\"billing\"}} {} {millis}", lag(step))
        })
        .collect();
    send("POST", &server.url("/api/v1/import/prometheus"), "text/plain", lines.join("\n"));
    send("GET", &server.url("/internal/force_flush"), "text/plain", "");
    let rule =
        "[[sources.metrics]]\nname = \"lag\"\nquery = \"kafka_consumergroup_lag\"\nunit = \"messages\"";
    let mut collector = collector("victoriametrics", &server.url(""), rule);
    check(&mut collector);
    let expected: Vec<(Time, f64)> =
        (0..240).map(|step| (history() + Nanos::seconds(step * 15), lag(step) as f64)).collect();
    let mut got = Vec::new();
    wait_for("VictoriaMetrics to show what was sent", || {
        let batches = pull(&mut collector, Wanted::Metrics { step: Nanos::seconds(15) }, hour());
        let series = batches.iter().flat_map(|batch| &batch.series);
        got = series.flat_map(|one| &one.samples).map(|sample| (sample.time, sample.value)).collect();
        got.len() >= expected.len()
    });
    assert_eq!(got, expected);
}

#[test]
fn a_real_rabbitmq_gives_the_depth_of_its_queues_and_names_its_dead_letters() {
    let Some(program) = program("BRIDGEWATCH_TEST_RABBITMQ", "rabbitmq-server") else { return };
    let server = servers::rabbitmq(&program);
    let options = "auth = { basic = { user = \"guest\", password = { command = [\"printf\", \"guest\"] } } }";
    let mut collector = collector("rabbitmq", &server.url(""), options);
    wait_for("RabbitMQ's management to answer", || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(collector.check(bridgewatch::app::now()));
        collector.health().reach == Reach::Reachable
    });
    for queue in ["orders", "orders.dlq"] {
        send_json("PUT", &server.url(&format!("/api/queues/%2F/{queue}")), &json!({ "durable": true }));
    }
    for _ in 0..3 {
        let message = json!({ "properties": {}, "routing_key": "orders.dlq", "payload": "x", "payload_encoding": "string" });
        send_json("POST", &server.url("/api/exchanges/%2F/amq.default/publish"), &message);
    }
    let mut depths = BTreeMap::new();
    wait_for("RabbitMQ to count its messages", || {
        let now = bridgewatch::app::now();
        let window = Window { from: now - Nanos::seconds(60), to: now + Nanos::seconds(60) };
        let batches = pull(&mut collector, Wanted::Metrics { step: Nanos::seconds(15) }, window);
        depths = batches
            .iter()
            .flat_map(|batch| &batch.series)
            .filter(|one| matches!(one.metric.as_str(), "queue depth" | "dead letters"))
            .map(|one| (one.metric.clone(), one.samples.last().unwrap().value))
            .collect();
        depths.get("dead letters") == Some(&3.0)
    });
    assert_eq!(depths, BTreeMap::from([("queue depth".to_owned(), 0.0), ("dead letters".to_owned(), 3.0)]));
}

#[test]
fn a_real_victoria_logs_gives_every_line_once_across_pages_with_equal_instants() {
    let Some(program) = program("BRIDGEWATCH_TEST_VICTORIA_LOGS", "victoria-logs") else { return };
    let server = servers::victoria_logs(&program);
    // Seven lines share each instant, two of them equal; a page of 50 cuts through instants again and again.
    let lines = (0..1_001i64).map(|number| {
        let time = history() + Nanos::millis(number / 7 * 100);
        json!({ "_time": time.rfc3339(), "_msg": format!("order {} accepted", number / 7 * 10 + (number % 7).max(1)), "service": "orders" })
    });
    load_victoria_logs(&server, lines);
    let mut collector = collector("victorialogs", &server.url(""), "page = 50");
    check(&mut collector);
    let batches = pull(&mut collector, Wanted::Events, hour());
    let found = events(&batches);
    assert_eq!(found.len(), 1_001, "{:?}", collector.health());
    assert!(found.is_sorted_by_key(|event| event.time));
    assert_eq!(found.iter().filter(|event| event.body == "order 1 accepted").count(), 2);
    let edge = Window { from: history() + Nanos::millis(100), to: history() + Nanos::millis(200) };
    assert_eq!(events(&pull(&mut Collector::new(collector.source().clone()), Wanted::Events, edge)).len(), 7);
    assert!(
        pull(&mut collector, Wanted::Events, hour()).iter().all(|batch| batch.events.is_empty()),
        "held already"
    );
}

/// A trace of a gateway that calls orders, which fails.
pub fn trace_id(number: u64) -> String {
    format!("7c1f0a9be2d34c58a1b6{number:012x}")
}

#[test]
fn a_real_zipkin_gives_traces_by_time_and_by_identifier() {
    let Ok(jar) = std::env::var("BRIDGEWATCH_TEST_ZIPKIN") else {
        eprintln!("there is no Zipkin here: nothing is checked; run tests/run");
        return;
    };
    let server = servers::zipkin("java", &jar);
    let micros = |number: u64| history().0 / 1_000 + number as i64 * 1_000_000;
    let spans: Vec<Value> = (1..=40u64)
        .flat_map(|number| {
            let span = |id: u64, service: &str, name: &str, tags: Value| {
                json!({ "traceId": trace_id(number), "id": format!("{id:016x}"), "name": name, "kind": "SERVER", "timestamp": micros(number),
                    "duration": 5_000, "localEndpoint": { "serviceName": service }, "tags": tags })
            };
            let mut child = span(number * 2 + 1, "orders", "post /orders", json!({ "error": "502", "correlation.id": format!("corr-{number:04}") }));
            child["parentId"] = json!(format!("{:016x}", number * 2));
            [span(number * 2, "gateway", "post /orders", json!({})), child]
        })
        .collect();
    wait_for("Zipkin to be ready", || {
        std::panic::catch_unwind(|| send("GET", &server.url("/health"), "text/plain", "")).is_ok()
    });
    send_json("POST", &server.url("/api/v2/spans"), &Value::Array(spans));
    // Pages of seven traces: the hour is halved until each slice fits.
    let mut collector = collector("zipkin", &server.url(""), "page = 7");
    check(&mut collector);
    let batches = pull(&mut collector, Wanted::Events, hour());
    let found = events(&batches);
    assert_eq!(found.len(), 80, "{:?}", collector.health());
    assert_eq!(found[0].time, Time(micros(1) * 1_000));
    assert_eq!(found.iter().filter(|event| event.span.unwrap().failed).count(), 40);
    let mut fresh = Collector::new(collector.source().clone());
    assert_eq!(events(&pull(&mut fresh, named(IdentifierClass::Trace, &trace_id(7)), hour())).len(), 2);
    let mut fresh = Collector::new(collector.source().clone());
    let by_tag = pull(&mut fresh, named(IdentifierClass::Correlation, "corr-0007"), hour());
    assert_eq!(events(&by_tag).len(), 2, "the whole trace of the span that carries it");
    let mut fresh = Collector::new(collector.source().clone());
    assert!(events(&pull(&mut fresh, named(IdentifierClass::Trace, &trace_id(999)), hour())).is_empty());
}

#[test]
fn a_real_opensearch_gives_every_document_once_across_pages_with_equal_instants_and_a_flow_by_its_identifiers()
 {
    let Ok(libraries) = std::env::var("BRIDGEWATCH_TEST_OPENSEARCH") else {
        eprintln!("there is no OpenSearch here: nothing is checked; run tests/run");
        return;
    };
    let server = servers::opensearch(&libraries);
    // Seven documents share each instant; a page of 50 cuts through instants again and again.
    let documents = (0..1_001i64).map(|number| {
        let time = history() + Nanos::millis(number / 7 * 100);
        json!({ "@timestamp": time.rfc3339(), "message": format!("order {number} accepted"), "service.name": "orders",
            "log.level": if number % 10 == 0 { "error" } else { "info" }, "correlation_id": correlation(number as u64 / 7) })
    });
    servers::load_opensearch(&server, documents);
    let mut collector = collector("opensearch", &server.url(""), "page = 50\nindices = \"logs-*\"");
    check(&mut collector);
    let batches = pull(&mut collector, Wanted::Events, hour());
    let found = events(&batches);
    assert_eq!(found.len(), 1_001, "{:?}", collector.health());
    assert!(found.is_sorted_by_key(|event| event.time));
    assert_eq!(found.iter().map(|event| &event.body).collect::<BTreeSet<_>>().len(), 1_001);
    assert_eq!(found.iter().filter(|event| event.severity.is_error()).count(), 101);
    let edge = Window { from: history() + Nanos::millis(100), to: history() + Nanos::millis(200) };
    let mut fresh = Collector::new(collector.source().clone());
    assert_eq!(events(&pull(&mut fresh, Wanted::Events, edge)).len(), 7);
    let mut fresh = Collector::new(collector.source().clone());
    let flow = pull(&mut fresh, named(IdentifierClass::Correlation, &correlation(7)), hour());
    assert_eq!(events(&flow).len(), 7);
    let hostile = r#"x" OR *:* \ {} /a/"#;
    let mut fresh = Collector::new(collector.source().clone());
    assert!(events(&pull(&mut fresh, named(IdentifierClass::Correlation, hostile), hour())).is_empty());
    assert_eq!(fresh.health().reach, Reach::Reachable, "{:?}", fresh.health());
}

fn otlp_spans() -> Value {
    let spans = |service: &str, offset: u64| {
        let spans: Vec<Value> = (1..=40u64)
            .map(|number| {
                let start = history().0 + number as i64 * 1_000_000_000;
                json!({ "traceId": trace_id(number), "spanId": format!("{:016x}", number * 2 + offset), "name": "POST /orders", "kind": 2,
                    "parentSpanId": if offset == 0 { String::new() } else { format!("{:016x}", number * 2) },
                    "startTimeUnixNano": start.to_string(), "endTimeUnixNano": (start + 5_000_000).to_string(),
                    "attributes": [{ "key": "correlation_id", "value": { "stringValue": correlation(number) } }],
                    "status": { "code": if offset == 1 && number.is_multiple_of(4) { 2 } else { 0 } } })
            })
            .collect();
        json!({ "resource": { "attributes": [{ "key": "service.name", "value": { "stringValue": service } }] }, "scopeSpans": [{ "scope": {}, "spans": spans }] })
    };
    json!({ "resourceSpans": [spans("gateway", 0), spans("orders", 1)] })
}

pub fn correlation(number: u64) -> String {
    format!("3f2b8c1e-6d4a-4f7b-9a10-{number:012x}")
}

#[test]
fn a_real_jaeger_gives_traces_and_one_flow_comes_from_logs_and_traces_together() {
    let Some(program) = program("BRIDGEWATCH_TEST_JAEGER", "jaeger") else { return };
    let (jaeger, otlp) = servers::jaeger(&program);
    send_json("POST", &format!("http://{otlp}/v1/traces"), &otlp_spans());
    let mut collector = collector("jaeger", &jaeger.url(""), "page = 7");
    check(&mut collector);
    wait_for("Jaeger to show what was sent", || {
        let mut fresh = Collector::new(collector.source().clone());
        events(&pull(&mut fresh, Wanted::Events, hour())).len() >= 80
    });
    let batches = pull(&mut collector, Wanted::Events, hour());
    let found = events(&batches);
    assert_eq!(found.len(), 80, "{:?}", collector.health());
    assert_eq!(found[0].time, history() + Nanos::seconds(1));
    assert_eq!(found.iter().filter(|event| event.span.unwrap().failed).count(), 10);
    let mut fresh = Collector::new(collector.source().clone());
    assert_eq!(events(&pull(&mut fresh, named(IdentifierClass::Trace, &trace_id(7)), hour())).len(), 2);
    let mut fresh = Collector::new(collector.source().clone());
    let by_tag = pull(&mut fresh, named(IdentifierClass::Correlation, &correlation(7)), hour());
    assert_eq!(events(&by_tag).len(), 2, "the whole trace of the span that carries it, and no other");
    let mut fresh = Collector::new(collector.source().clone());
    assert!(events(&pull(&mut fresh, named(IdentifierClass::Trace, &trace_id(999)), hour())).is_empty());
    one_flow_from_two(&jaeger);
}

/// Logs name the correlation and the trace, spans the trace: the flow has both, and says so when a source falls silent.
fn one_flow_from_two(jaeger: &Server) {
    let Some(program) = program("BRIDGEWATCH_TEST_VICTORIA_LOGS", "victoria-logs") else { return };
    let mut logs = servers::victoria_logs(&program);
    load_victoria_logs(
        &logs,
        (1..=40u64).flat_map(|number| log_lines(number).into_iter().map(|(_, line)| line)),
    );
    let file = logs.folder.path().join("bridgewatch.toml");
    let text = format!(
        "[[sources]]\nkind = \"victorialogs\"\nurl = {:?}\nbudget = {{ tries = 1 }}\n\n[[sources]]\nkind = \"jaeger\"\nurl = {:?}\n",
        logs.url(""),
        jaeger.url("")
    );
    std::fs::write(&file, text).unwrap();
    let flow = |id: &str| {
        run(
            &["flow", id, "--json", "--since", &hour().from.rfc3339(), "--until", &hour().to.rfc3339()],
            &file,
        )
    };
    let both = flow(&correlation(7));
    assert!(both.status.success(), "{both:?}");
    let kinds: BTreeSet<String> =
        lines(&both).iter().filter_map(|line| Some(line["kind"].as_str()?.to_owned())).collect();
    assert_eq!(kinds, BTreeSet::from(["log".to_owned(), "span".to_owned()]), "{both:?}");
    let by_trace = flow(&trace_id(7));
    assert_eq!(lines(&by_trace).len(), lines(&both).len(), "by whichever of its identifiers");

    logs.kill();
    let without = flow(&correlation(7));
    assert_eq!(without.status.code(), Some(3), "what could not be read is told: {without:?}");
    assert!(
        String::from_utf8_lossy(&without.stderr).contains("source victorialogs: cannot reach"),
        "{without:?}"
    );
}

/// The log lines of an order by its number: what a gateway and a service write of it.
fn log_lines(number: u64) -> Vec<(&'static str, Value)> {
    let start = history() + Nanos::seconds(number as i64);
    let is_failing = number.is_multiple_of(4);
    let line = |millis: i64, service: &'static str, level: &str, message: &str| {
        let time = start + Nanos::millis(millis);
        let raw = json!({ "time": time.rfc3339(), "level": level, "msg": message, "correlationId": correlation(number), "traceId": trace_id(number) });
        (service, json!({ "_time": time.rfc3339(), "_msg": raw.to_string(), "service": service }))
    };
    let mut all = vec![
        line(0, "gateway", "info", "POST /orders received"),
        line(10, "orders", "info", "order accepted"),
    ];
    all.push(match is_failing {
        true => line(20, "orders", "error", "billing refused the order"),
        false => line(20, "billing", "info", "invoice written"),
    });
    all
}

#[test]
fn flows_from_a_real_victoria_logs_equal_those_from_the_same_lines_in_files() {
    let Some(program) = program("BRIDGEWATCH_TEST_VICTORIA_LOGS", "victoria-logs") else { return };
    let server = servers::victoria_logs(&program);
    let all: Vec<(&str, Value)> = (1..=200).flat_map(log_lines).collect();
    load_victoria_logs(&server, all.iter().map(|(_, line)| line.clone()));
    let folder = server.folder.path().join("logs");
    for system in ["gateway", "orders", "billing"] {
        let own = all.iter().filter(|(name, _)| *name == system);
        let text: Vec<&str> = own.filter_map(|(_, line)| line["_msg"].as_str()).collect();
        std::fs::create_dir_all(folder.join(system)).unwrap();
        std::fs::write(folder.join(system).join("app.log"), text.join("\n") + "\n").unwrap();
    }
    let file = server.folder.path().join("bridgewatch.toml");
    std::fs::write(&file, format!("[[sources]]\nkind = \"victorialogs\"\nurl = {:?}\n", server.url("")))
        .unwrap();
    let live =
        run(&["flows", "--json", "--since", &hour().from.rfc3339(), "--until", &hour().to.rfc3339()], &file);
    let files = Command::new(env!("CARGO_BIN_EXE_bridgewatch"))
        .args(["flows", "--json"])
        .arg(&folder)
        .output()
        .unwrap();
    assert!(live.status.success() && files.status.success(), "{live:?}");
    let (live, files) = (lines(&live), lines(&files));
    assert_eq!(live.len(), 200);
    assert_eq!(live, files);
    assert!(
        live.iter().any(|flow| flow["verdict"] == "failed")
            && live.iter().any(|flow| flow["verdict"] == "completed")
    );
}

#[test]
fn a_real_collector_sends_spans_and_metrics_by_grpc_and_log_records_by_http() {
    let Some(program) = program("BRIDGEWATCH_TEST_JAEGER", "jaeger") else { return };
    let [http, grpc] = [free_address(), free_address()];
    let text = format!("[[sources]]\nkind = \"otlp\"\nlisten = \"{http}\"\ngrpc = \"{grpc}\"\n");
    let config = Config::parse(&text).unwrap();
    // What listens lives as long as those who run it.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let mut collector = Collector::new(config.sources[0].connect(&Settings::default()).unwrap());
    runtime.block_on(collector.check(bridgewatch::app::now()));
    let server = servers::collector(&program, http, grpc);
    let at = (history().0 + 1_000_000_000).to_string();
    let resource = json!({ "attributes": [{ "key": "service.name", "value": { "stringValue": "orders" } }] });
    let log = json!({ "timeUnixNano": at, "severityNumber": 17, "body": { "stringValue": "order refused" }, "traceId": trace_id(7) });
    let point = json!({ "timeUnixNano": at, "asDouble": 42.5 });
    let metric = json!({ "name": "queue.depth", "unit": "1", "gauge": { "dataPoints": [point] } });
    for (signal, body) in [
        ("traces", otlp_spans()),
        (
            "logs",
            json!({ "resourceLogs": [{ "resource": resource, "scopeLogs": [{ "logRecords": [log] }] }] }),
        ),
        (
            "metrics",
            json!({ "resourceMetrics": [{ "resource": resource, "scopeMetrics": [{ "metrics": [metric] }] }] }),
        ),
    ] {
        send_json("POST", &server.url(&format!("/v1/{signal}")), &body);
    }
    let (mut events, mut series) = (Vec::new(), Vec::new());
    wait_for("the collector to pass on what it was sent", || {
        for wanted in [Wanted::Events, Wanted::Metrics { step: Nanos::seconds(15) }] {
            let query = bridgewatch::telemetry::Query {
                window: hour(),
                wanted,
                limit: 1_000,
                deadline: Nanos::seconds(2),
            };
            let take = |batch: Batch| {
                events.extend(batch.events);
                series.extend(batch.series);
            };
            let _ = runtime.block_on(collector.pull(query, bridgewatch::app::now(), take));
        }
        events.len() >= 81 && !series.is_empty()
    });
    assert_eq!(events.len(), 81);
    let log = events.iter().find(|event| event.body == "order refused").unwrap();
    assert_eq!((log.system.as_str(), log.time), ("orders", history() + Nanos::seconds(1)));
    assert_eq!(events.iter().filter(|event| event.span.is_some_and(|span| span.failed)).count(), 10);
    assert_eq!((series[0].metric.as_str(), series[0].samples[0].value), ("queue.depth", 42.5));
}

#[test]
fn init_finds_out_what_answers_and_writes_what_can_be_read() {
    let Some(program) = program("BRIDGEWATCH_TEST_VICTORIA_LOGS", "victoria-logs") else { return };
    let logs = servers::victoria_logs(&program);
    let nobody = format!("http://{}", free_address());
    let file = logs.folder.path().join("made.toml");
    let init = |more: &[&str]| {
        Command::new(env!("CARGO_BIN_EXE_bridgewatch"))
            .args(["init", "--url", &logs.url("").replace("http://", ""), "--url", &nobody, "-o"])
            .arg(&file)
            .args(more)
            .output()
            .unwrap()
    };
    let made = init(&[]);
    assert_eq!(made.status.code(), Some(1), "one of the two did not answer: {made:?}");
    assert!(String::from_utf8_lossy(&made.stderr).contains(&nobody), "{made:?}");
    let config = Config::load(Some(&file)).unwrap();
    assert_eq!(config.sources.len(), 1);
    assert_eq!(config.sources[0].kind(), "victorialogs");
    assert!(String::from_utf8_lossy(&made.stdout).contains("victorialogs"), "and it is tested: {made:?}");
    assert_eq!(init(&[]).status.code(), Some(2), "what is there is not replaced");
    assert_eq!(init(&["--force"]).status.code(), Some(1));
}

pub fn run(arguments: &[&str], config: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_bridgewatch"))
        .args(arguments)
        .arg("--config")
        .arg(config)
        .output()
        .unwrap()
}

pub fn lines(output: &Output) -> Vec<Value> {
    String::from_utf8_lossy(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}
