//! Servers that tests start for themselves on loopback, and what is loaded into them.

use super::{free_address, wait_for};
use serde_json::{Value, json};
use std::fs::File;
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A server with its folder; both go when the test ends.
pub struct Server {
    child: Child,
    /// The port of the name server that a node of Erlang starts beside it, and leaves behind.
    epmd: Option<u16>,
    pub address: SocketAddr,
    pub folder: tempfile::TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        // What a script started is not ended with the script.
        if let Ok(pid) = std::fs::read_to_string(self.folder.path().join("pid")) {
            let _ = Command::new("kill").args(["-9", pid.trim()]).stderr(Stdio::null()).status();
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
        if let Some(port) = self.epmd {
            // It refuses while it still knows the node that has just died.
            let kill = || Command::new("epmd").args(["-port", &port.to_string(), "-kill"]).output();
            let is_gone = || kill().map_or(true, |output| output.stdout.starts_with(b"Killed"));
            for _ in 0..50 {
                if is_gone() {
                    break;
                }
                std::thread::sleep(std::time::Duration::from_millis(100));
            }
        }
    }
}

impl Server {
    /// Starts a program that listens on `address`; what it prints is shown if it does not come up.
    fn start(mut command: Command, address: SocketAddr, folder: tempfile::TempDir) -> Self {
        let log = folder.path().join("output.log");
        let output = File::create(&log).unwrap();
        let child =
            command.stdout(output.try_clone().unwrap()).stderr(output).stdin(Stdio::null()).spawn().unwrap();
        let mut server = Self { child, epmd: None, address, folder };
        wait_for(&format!("{:?} to listen", command.get_program()), || {
            let ended = server.child.try_wait().unwrap();
            assert!(ended.is_none(), "{ended:?}: {}", std::fs::read_to_string(&log).unwrap());
            TcpStream::connect(address).is_ok()
        });
        server
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// Sends a request, and panics with the answer unless it succeeds.
pub fn send(method: &str, url: &str, kind: &str, body: impl Into<reqwest::Body>) -> String {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let request = reqwest::Client::new().request(method, url).header("Content-Type", kind).body(body);
        let request = if url.contains("/api/queues") || url.contains("/api/exchanges") {
            request.basic_auth("guest", Some("guest"))
        } else {
            request
        };
        let answer = request.send().await.unwrap();
        let status = answer.status();
        let text = answer.text().await.unwrap();
        assert!(status.is_success(), "{url}: {status} {text}");
        text
    })
}

pub fn send_json(method: &str, url: &str, body: &Value) -> String {
    send(method, url, "application/json", body.to_string())
}

pub fn alertmanager(program: &str) -> Server {
    let (folder, address) = (tempfile::tempdir().unwrap(), free_address());
    let config = folder.path().join("alertmanager.yml");
    std::fs::write(&config, "route: {receiver: nobody}\nreceivers: [{name: nobody}]\n").unwrap();
    let mut command = Command::new(program);
    command
        .arg(format!("--config.file={}", config.display()))
        .arg(format!("--storage.path={}", folder.path().join("data").display()))
        .arg(format!("--web.listen-address={address}"))
        .arg("--cluster.listen-address=");
    Server::start(command, address, folder)
}

pub fn victoria_metrics(program: &str) -> Server {
    let (folder, address) = (tempfile::tempdir().unwrap(), free_address());
    let mut command = Command::new(program);
    command
        .arg(format!("-httpListenAddr={address}"))
        .arg(format!("-storageDataPath={}", folder.path().join("data").display()))
        .arg("-retentionPeriod=100y");
    Server::start(command, address, folder)
}

pub fn victoria_logs(program: &str) -> Server {
    let (folder, address) = (tempfile::tempdir().unwrap(), free_address());
    let mut command = Command::new(program);
    command
        .arg(format!("-httpListenAddr={address}"))
        .arg(format!("-storageDataPath={}", folder.path().join("data").display()))
        .arg("-retentionPeriod=100y");
    Server::start(command, address, folder)
}

/// Lines with their time and system, sent and flushed so that they can be found.
pub fn load_victoria_logs(server: &Server, lines: impl Iterator<Item = Value>) {
    let body: Vec<String> = lines.map(|line| line.to_string()).collect();
    let path = "/insert/jsonline?_stream_fields=service&_time_field=_time&_msg_field=_msg";
    send("POST", &server.url(path), "application/stream+json", body.join("\n"));
    send("GET", &server.url("/internal/force_flush"), "text/plain", "");
}

pub fn zipkin(java: &str, jar: &str) -> Server {
    let (folder, address) = (tempfile::tempdir().unwrap(), free_address());
    let mut command = Command::new(java);
    command
        .args(["-Xmx256m", "-jar", jar, "--zipkin.storage.type=mem", "--zipkin.self-tracing.enabled=false"])
        .arg("--armeria.ports[0].ip=127.0.0.1")
        .arg(format!("--armeria.ports[0].port={}", address.port()))
        .arg("--armeria.ports[0].protocols[0]=http")
        .current_dir(folder.path());
    Server::start(command, address, folder)
}

pub fn jaeger(program: &str) -> (Server, SocketAddr) {
    let (folder, address) = (tempfile::tempdir().unwrap(), free_address());
    let [grpc, otlp, metrics] = [free_address(), free_address(), free_address()];
    let config = json!({
        "service": {
            "extensions": ["jaeger_storage", "jaeger_query"],
            "pipelines": { "traces": { "receivers": ["otlp"], "exporters": ["jaeger_storage_exporter"] } },
            "telemetry": { "metrics": { "readers": [{ "pull": { "exporter": { "prometheus":
                { "host": metrics.ip().to_string(), "port": metrics.port() } } } }] } } },
        "extensions": {
            "jaeger_storage": { "backends": { "memory": { "memory": { "max_traces": 100_000 } } } },
            "jaeger_query": { "storage": { "traces": "memory" }, "http": { "endpoint": address.to_string() }, "grpc": { "endpoint": grpc.to_string() } } },
        "receivers": { "otlp": { "protocols": { "http": { "endpoint": otlp.to_string() } } } },
        "exporters": { "jaeger_storage_exporter": { "trace_storage": "memory" } } });
    // YAML holds JSON.
    let path = folder.path().join("jaeger.yaml");
    std::fs::write(&path, config.to_string()).unwrap();
    let mut command = Command::new(program);
    command.arg("--config").arg(&path).current_dir(folder.path());
    let server = Server::start(command, address, folder);
    wait_for("Jaeger to take traces", || TcpStream::connect(otlp).is_ok());
    (server, otlp)
}

/// A node of OpenSearch from its libraries.
pub fn opensearch(libraries: &str) -> Server {
    let (folder, address) = (tempfile::tempdir().unwrap(), free_address());
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/backends/OpenSearch.java");
    let mut command = Command::new("java");
    command
        .args(["-Xmx2g", "-cp", &format!("{libraries}/*")])
        .arg(program)
        .arg(address.port().to_string())
        .arg(folder.path());
    Server::start(command, address, folder)
}

/// Documents as lines, sent and refreshed so that they can be found.
pub fn load_opensearch(server: &Server, documents: impl Iterator<Item = Value>) {
    let keyword = json!({ "type": "keyword" });
    let mapping = json!({ "settings": { "number_of_replicas": 0, "refresh_interval": -1 }, "mappings": { "properties": {
        "@timestamp": { "type": "date" }, "message": { "type": "text" }, "service.name": keyword, "log.level": keyword,
        "trace.id": keyword, "correlation_id": keyword } } });
    send_json("PUT", &server.url("/logs-estate"), &mapping);
    let mut body = String::new();
    let flush = |body: &mut String| {
        let answer = send(
            "POST",
            &server.url("/logs-estate/_bulk?filter_path=errors"),
            "application/x-ndjson",
            std::mem::take(body),
        );
        assert_eq!(answer, r#"{"errors":false}"#);
    };
    for document in documents {
        body.push_str("{\"create\":{}}\n");
        body.push_str(&document.to_string());
        body.push('\n');
        if body.len() > 4_000_000 {
            flush(&mut body);
        }
    }
    if !body.is_empty() {
        flush(&mut body);
    }
    send("POST", &server.url("/logs-estate/_refresh"), "application/json", "");
}

/// The engine of ClickHouse behind its HTTP interface, with the tables that the OpenTelemetry exporter makes.
pub fn clickhouse() -> Option<Server> {
    let Ok(library) = std::env::var("BRIDGEWATCH_TEST_CLICKHOUSE") else {
        eprintln!("there is no ClickHouse here: nothing is checked; run tests/run");
        return None;
    };
    let (folder, address) = (tempfile::tempdir().unwrap(), free_address());
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/backends/ClickHouse.py");
    let mut command = Command::new("python3");
    command
        .env("PYTHONPATH", library)
        .arg(program)
        .arg(address.port().to_string())
        .arg(folder.path().join("data"));
    let server = Server::start(command, address, folder);
    let attributes = "Map(LowCardinality(String), String)";
    let common = format!(
        "TraceId String, SpanId String, ServiceName LowCardinality(String), ResourceAttributes {attributes}, ScopeName String"
    );
    let tables = [
        format!(
            "otel_logs (Timestamp DateTime64(9), {common}, TraceFlags UInt8, SeverityText LowCardinality(String), \
             SeverityNumber UInt8, Body String, LogAttributes {attributes})"
        ),
        format!(
            "otel_traces (Timestamp DateTime64(9), {common}, ParentSpanId String, TraceState String, \
             SpanName LowCardinality(String), SpanKind LowCardinality(String), SpanAttributes {attributes}, Duration UInt64, \
             StatusCode LowCardinality(String), StatusMessage String)"
        ),
    ];
    for table in tables {
        let sql = format!("CREATE TABLE {table} ENGINE = MergeTree ORDER BY (ServiceName, Timestamp)");
        send("POST", &server.url("/"), "text/plain", sql);
    }
    Some(server)
}

/// Rows as JSON, by the names of the table's columns.
pub fn load_clickhouse(server: &Server, table: &str, rows: impl Iterator<Item = Value>) {
    let rows: Vec<String> = rows.map(|row| row.to_string()).collect();
    for some in rows.chunks(20_000) {
        let sql = format!(
            "INSERT INTO {table} SETTINGS date_time_input_format = 'best_effort' FORMAT JSONEachRow\n{}",
            some.join("\n")
        );
        send("POST", &server.url("/"), "text/plain", sql);
    }
}

/// An OpenTelemetry collector, which a Jaeger is: spans and metrics go out by gRPC, log records by HTTP. Its address takes
/// all three by HTTP.
pub fn collector(program: &str, http: SocketAddr, grpc: SocketAddr) -> Server {
    let (folder, address, metrics) = (tempfile::tempdir().unwrap(), free_address(), free_address());
    let pipeline = |exporter: &str| json!({ "receivers": ["otlp"], "exporters": [exporter] });
    let config = json!({
        "service": {
            "pipelines": { "traces": pipeline("otlp"), "metrics": pipeline("otlp"), "logs": pipeline("otlphttp") },
            "telemetry": { "metrics": { "readers": [{ "pull": { "exporter": { "prometheus":
                { "host": metrics.ip().to_string(), "port": metrics.port() } } } }] } } },
        "receivers": { "otlp": { "protocols": { "http": { "endpoint": address.to_string() } } } },
        "exporters": {
            "otlp": { "endpoint": grpc.to_string(), "tls": { "insecure": true } },
            "otlphttp": { "endpoint": format!("http://{http}") } } });
    let path = folder.path().join("collector.yaml");
    std::fs::write(&path, config.to_string()).unwrap();
    let mut command = Command::new(program);
    command.arg("--config").arg(&path).current_dir(folder.path());
    Server::start(command, address, folder)
}

/// A RabbitMQ with its management, as a node of its own; its address is that of the management.
pub fn rabbitmq(program: &str) -> Server {
    let (folder, address) = (tempfile::tempdir().unwrap(), free_address());
    let [amqp, epmd, distribution] = [free_address(), free_address(), free_address()];
    let at = |name: &str| folder.path().join(name);
    std::fs::write(at("enabled_plugins"), "[rabbitmq_management].\n").unwrap();
    let config = format!(
        "listeners.tcp.1 = {amqp}\nmanagement.tcp.ip = 127.0.0.1\nmanagement.tcp.port = {}\nlog.console = true\ndisk_free_limit.absolute = 1MB\n",
        address.port()
    );
    std::fs::write(at("rabbitmq.conf"), config).unwrap();
    // The wrapper of Debian's package runs it as a user of its own; the one behind it runs as who calls it.
    let behind = Path::new("/usr/lib/rabbitmq/bin/rabbitmq-server");
    let mut command = Command::new(if behind.exists() { behind.as_os_str() } else { program.as_ref() });
    command
        .env("HOME", folder.path())
        .env("RABBITMQ_NODENAME", format!("bridgewatch{}@localhost", amqp.port()))
        .env("RABBITMQ_BASE", folder.path())
        .env("RABBITMQ_MNESIA_BASE", at("mnesia"))
        .env("RABBITMQ_LOG_BASE", at("log"))
        .env("RABBITMQ_CONFIG_FILE", at("rabbitmq"))
        .env("RABBITMQ_ENABLED_PLUGINS_FILE", at("enabled_plugins"))
        .env("RABBITMQ_PID_FILE", at("pid"))
        .env("RABBITMQ_DIST_PORT", distribution.port().to_string())
        .env("RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS", "-kernel inet_dist_use_interface {127,0,0,1}")
        .env("ERL_EPMD_ADDRESS", "127.0.0.1")
        .env("ERL_EPMD_PORT", epmd.port().to_string());
    let mut server = Server::start(command, address, folder);
    server.epmd = Some(epmd.port());
    server
}
