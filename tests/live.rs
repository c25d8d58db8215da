//! Against real servers, started here and killed here: what fakes cannot prove.
//!
//! `tests/run` installs the servers and names their programs; without it a server is looked for on the path, and where
//! there is none its test says so and checks nothing.
#![allow(clippy::unwrap_used)]

#[path = "live/adapters.rs"]
mod adapters;
#[path = "live/clickhouse.rs"]
mod clickhouse;
#[path = "live/counted.rs"]
mod counted;
#[path = "live/estate.rs"]
mod estate;
#[path = "sources/fake.rs"]
#[expect(dead_code, reason = "only some answers are of use here")]
mod fake;
#[path = "live/servers.rs"]
mod servers;

use bridgewatch::config::Config;
use bridgewatch::sources::Collector;
use bridgewatch::telemetry::{Batch, EventKind, Nanos, Query, Reach, Time, Wanted, Window};
use fake::{Answer, Fake};
use std::fmt::Write;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// The trace of the target's slowest request.
const TRACE: &str = "7c1f0a9be2d34c58a1b6e0f2934d5a77";

/// A Prometheus with an hour of history and a target that it scrapes each second.
struct Prometheus {
    server: Child,
    address: SocketAddr,
    _target: Fake,
    folder: tempfile::TempDir,
}

/// The history begins here, a day ago, on a minute; the same for the whole test, though the clock goes on.
fn history() -> Time {
    static BEGIN: OnceLock<Time> = OnceLock::new();
    *BEGIN.get_or_init(|| {
        let now = bridgewatch::app::now();
        Time((now.0 - 86_400_000_000_000) / 60_000_000_000 * 60_000_000_000)
    })
}

/// The value of the history's sample that was taken so many steps of 15 s after its beginning.
fn lag(step: i64) -> i64 {
    if step < 120 { 3 } else { 3 + (step - 120) * 10 }
}

impl Prometheus {
    /// `None`, and a word on why, where there is no Prometheus.
    fn start() -> Option<Self> {
        let program = program("BRIDGEWATCH_TEST_PROMETHEUS", "prometheus")?;
        let promtool = program_beside(&program, "BRIDGEWATCH_TEST_PROMTOOL", "promtool");
        let folder = tempfile::tempdir().unwrap();
        load_history(&promtool, folder.path());
        // It answers a request between any two looks.
        let requests = AtomicU64::new(4);
        let target = Fake::start(move |_| {
            let requests = requests.fetch_add(1, Ordering::Relaxed);
            let bucket = "http_request_duration_seconds_bucket{service=\"orders-api\",le=";
            Answer::openmetrics(&format!(
                "# TYPE http_requests counter\nhttp_requests_total{{service=\"orders-api\"}} {requests}\n\
                 # TYPE orders_queue_depth gauge\norders_queue_depth{{service=\"orders-api\"}} 7\n\
                 # TYPE http_request_duration_seconds histogram\n\
                 {bucket}\"1.0\"}} 3\n\
                 {bucket}\"+Inf\"}} {requests} # {{trace_id=\"{TRACE}\"}} 1.82\n\
                 http_request_duration_seconds_count{{service=\"orders-api\"}} {requests}\n\
                 http_request_duration_seconds_sum{{service=\"orders-api\"}} {requests}.1\n# EOF\n"
            ))
        });
        let address = free_address();
        let rules = "groups:\n- name: orders\n  rules:\n  - alert: OrdersStuck\n    expr: orders_queue_depth > 5\n    \
                     labels: {severity: page}\n    annotations: {summary: orders wait}\n";
        std::fs::write(folder.path().join("rules.yml"), rules).unwrap();
        let config = format!(
            "global: {{scrape_interval: 1s, evaluation_interval: 1s}}\nrule_files: [rules.yml]\n\
             scrape_configs:\n- job_name: orders\n  static_configs:\n  - targets: ['{}']\n",
            target.url.trim_start_matches("http://")
        );
        std::fs::write(folder.path().join("prometheus.yml"), config).unwrap();
        let server = Command::new(program)
            .arg(format!("--config.file={}", folder.path().join("prometheus.yml").display()))
            .arg(format!("--storage.tsdb.path={}", folder.path().join("data").display()))
            .arg(format!("--web.listen-address={address}"))
            .arg("--enable-feature=exemplar-storage")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let started = Self { server, address, _target: target, folder };
        wait_for("Prometheus to listen", || TcpStream::connect(address).is_ok());
        Some(started)
    }

    fn configuration(&self) -> String {
        format!("[[sources]]\nkind = \"prometheus\"\nname = \"prom\"\nurl = \"http://{}\"\n", self.address)
    }

    fn collector(&self, options: &str) -> Collector {
        let config = Config::parse(&format!("{}{options}", self.configuration())).unwrap();
        Collector::new(config.sources[0].connect(&bridgewatch::ingest::Settings::default()).unwrap())
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// The program that `tests/run` names, or the one on the path; a failure where all servers are promised.
fn program(variable: &str, name: &str) -> Option<String> {
    if let Ok(path) = std::env::var(variable) {
        return Some(path);
    }
    let found =
        Command::new(name).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok();
    if !found {
        eprintln!("there is no {name} here: nothing is checked; run tests/run");
    }
    found.then(|| name.to_owned())
}

fn program_beside(program: &str, variable: &str, name: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| Path::new(program).with_file_name(name).display().to_string())
}

fn load_history(promtool: &str, folder: &Path) {
    let mut text = "# TYPE kafka_consumergroup_lag gauge\n".to_owned();
    for step in 0..240 {
        let seconds = history().0 / 1_000_000_000 + step * 15;
        writeln!(
            text,
            "kafka_consumergroup_lag{{service=\"billing\",topic=\"orders\"}} {} {seconds}",
            lag(step)
        )
        .unwrap();
    }
    text.push_str("# EOF\n");
    std::fs::write(folder.join("history.txt"), text).unwrap();
    let status = Command::new(promtool)
        .args(["tsdb", "create-blocks-from", "openmetrics"])
        .args([folder.join("history.txt"), folder.join("data")])
        .stdout(Stdio::null())
        .status()
        .unwrap();
    assert!(status.success());
}

fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

#[track_caller]
fn wait_for(what: &str, mut is_so: impl FnMut() -> bool) {
    // A Java or an Erlang on a busy machine takes its time.
    let deadline = Instant::now() + Duration::from_secs(120);
    while !is_so() {
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Asks once and gives all that came.
fn pull(collector: &mut Collector, wanted: Wanted, window: Window) -> Vec<Batch> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let query = Query { window, wanted, limit: 100_000, deadline: Nanos::seconds(5) };
    let mut batches = Vec::new();
    let _ = runtime.block_on(collector.pull(query, bridgewatch::app::now(), |batch| batches.push(batch)));
    batches
}

fn last_minute() -> Window {
    let now = bridgewatch::app::now();
    Window { from: now - Nanos::seconds(60), to: now }
}

#[test]
fn a_real_prometheus_gives_its_history_to_the_sample_and_its_death_turns_its_health_and_nothing_else() {
    let Some(mut prometheus) = Prometheus::start() else { return };

    let lags =
        "[[sources.metrics]]\nname = \"lag\"\nquery = \"kafka_consumergroup_lag\"\nunit = \"messages\"\n";
    let mut collector = prometheus.collector(lags);
    let window = Window { from: history(), to: history() + Nanos::seconds(3_600) };
    let batches = pull(&mut collector, Wanted::Metrics { step: Nanos::seconds(15) }, window);
    let series = &batches[0].series[0];
    assert_eq!((series.system.as_str(), series.unit.as_str()), ("billing", "messages"));
    let expected: Vec<(Time, f64)> =
        (0..240).map(|step| (history() + Nanos::seconds(step * 15), lag(step) as f64)).collect();
    let got: Vec<(Time, f64)> = series.samples.iter().map(|sample| (sample.time, sample.value)).collect();
    assert_eq!(got, expected);
    assert_eq!(collector.health().reach, Reach::Reachable);

    let mut finder = prometheus.collector("");
    wait_for("the scraped target to be found by the names of its metrics", || {
        let mut fresh = prometheus.collector("");
        let batches = pull(&mut fresh, Wanted::Metrics { step: Nanos::seconds(15) }, last_minute());
        batches.iter().flat_map(|batch| &batch.series).any(|series| series.metric == "orders_queue_depth")
    });
    wait_for("the trace of a slow request to be told with its metric", || {
        let mut fresh = prometheus.collector("");
        let batches = pull(&mut fresh, Wanted::Metrics { step: Nanos::seconds(15) }, last_minute());
        let exemplars = batches.iter().flat_map(|batch| &batch.series).flat_map(|series| &series.exemplars);
        exemplars.into_iter().any(|one| one.trace == TRACE && (one.value - 1.82).abs() < 1e-9)
    });
    wait_for("the alert to fire", || {
        let batches = pull(&mut finder, Wanted::Alerts, last_minute());
        batches.iter().flat_map(|batch| &batch.events).any(|event| {
            event.kind == EventKind::Alert
                && event.system == "orders-api"
                && event.body == "OrdersStuck: orders wait"
        })
    });

    let logs = prometheus.folder.path().join("orders.log");
    let line =
        "2026-03-14T09:26:53.589Z INFO orders accepted correlationId=3f2b8c1e-6d4a-4f7b-9a10-5c2e7d9b8a41\n";
    std::fs::write(&logs, line.repeat(3)).unwrap();
    let file = prometheus.folder.path().join("bridgewatch.toml");
    std::fs::write(&file, prometheus.configuration()).unwrap();
    let run = |arguments: &[&str]| {
        Command::new(env!("CARGO_BIN_EXE_bridgewatch"))
            .args(arguments)
            .arg("--config")
            .arg(&file)
            .output()
            .unwrap()
    };
    let healthy = run(&["sources"]);
    assert!(healthy.status.success(), "{healthy:?}");
    assert!(String::from_utf8_lossy(&healthy.stdout).contains("● "), "{healthy:?}");

    prometheus.server.kill().unwrap();
    prometheus.server.wait().unwrap();
    let begun = Instant::now();
    assert!(pull(&mut collector, Wanted::Metrics { step: Nanos::seconds(15) }, window).is_empty());
    assert!(matches!(collector.health().reach, Reach::Unreachable(_)), "{:?}", collector.health());
    assert_eq!(collector.health().rows, 240, "what came before stays");
    assert!(begun.elapsed() < Duration::from_secs(6));

    let dead = run(&["sources", "--json"]);
    assert_eq!(dead.status.code(), Some(1));
    let health: serde_json::Value = serde_json::from_slice(&dead.stdout).unwrap();
    assert_eq!((health["source"].as_str(), health["reach"].as_str()), (Some("prom"), Some("unreachable")));
    let flows = run(&["flows", "--json", logs.to_str().unwrap()]);
    assert_eq!(flows.status.code(), Some(3), "what could not be read is told by the exit status");
    assert_eq!(
        String::from_utf8_lossy(&flows.stdout).lines().count(),
        1,
        "and the rest is answered: {flows:?}"
    );
    assert!(String::from_utf8_lossy(&flows.stderr).contains("source prom: cannot reach"), "{flows:?}");
}
