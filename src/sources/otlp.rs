//! OpenTelemetry straight from an application or a collector: OTLP over HTTP and gRPC, received on loopback and nowhere
//! else.

mod grpc;
mod wire;

use super::{Source, SourceError};
use crate::ingest::{Reader, Settings};
use crate::telemetry::{Batch, Completeness, Event, Query, Series, Signal, Wanted};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use futures::future::BoxFuture;
use futures::stream::{self, BoxStream, StreamExt};
use serde::{Deserialize, Serialize};
use std::io::Read;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::net::TcpListener;
use tokio::sync::OnceCell;
use tokio::task::AbortHandle;

/// A `[[sources]]` table of kind `otlp`.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    pub name: String,
    /// Where it listens for HTTP; an address of this machine's loopback.
    pub listen: SocketAddr,
    /// Where it listens for gRPC; likewise.
    pub grpc: SocketAddr,
    /// Records that wait to be taken; beyond these senders are asked to come again.
    pub rows: u32,
    /// An export, unpacked, at most.
    pub megabytes: u32,
}

impl Default for Config {
    fn default() -> Self {
        let [listen, grpc] = [4318, 4317].map(|port| SocketAddr::from(([127, 0, 0, 1], port)));
        Self { name: "otlp".to_owned(), listen, grpc, rows: 200_000, megabytes: 64 }
    }
}

struct Receiver {
    config: Config,
    shared: Arc<Shared>,
    server: OnceCell<Server>,
}

/// Ends with the source.
struct Server {
    /// For HTTP, and for gRPC.
    addresses: [SocketAddr; 2],
    tasks: Vec<AbortHandle>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.tasks.iter().for_each(AbortHandle::abort);
    }
}

/// What handlers and the source share.
struct Shared {
    reader: Reader,
    waiting: Mutex<Waiting>,
    room: usize,
    most_bytes: u64,
    exports: AtomicU64,
}

#[derive(Default)]
struct Waiting {
    events: Vec<Event>,
    series: Vec<Series>,
    refused: u64,
}

/// Makes the source ready; it listens from the first question on.
pub fn connect(config: &Config, settings: &Settings) -> Result<Arc<dyn Source>, SourceError> {
    for address in [config.listen, config.grpc] {
        if !address.ip().is_loopback() {
            let reason = format!("{address} is no address of loopback: anybody could send there");
            return Err(SourceError::Misconfigured { reason });
        }
    }
    let shared = Shared {
        reader: Reader::new(settings.clone(), config.name.clone()),
        waiting: Mutex::default(),
        room: config.rows.max(1) as usize,
        most_bytes: u64::from(config.megabytes.max(1)) * 1_000_000,
        exports: AtomicU64::new(0),
    };
    Ok(Arc::new(Receiver { config: config.clone(), shared: Arc::new(shared), server: OnceCell::new() }))
}

impl Receiver {
    async fn listen(&self) -> Result<[SocketAddr; 2], SourceError> {
        let server = self.server.get_or_try_init(|| async {
            let most = usize::try_from(self.shared.most_bytes).unwrap_or(usize::MAX);
            let router = Router::new()
                .route("/v1/traces", post(traces))
                .route("/v1/logs", post(logs))
                .route("/v1/metrics", post(metrics))
                .route("/opentelemetry.proto.collector.trace.v1.TraceService/Export", post(traces))
                .route("/opentelemetry.proto.collector.logs.v1.LogsService/Export", post(logs))
                .route("/opentelemetry.proto.collector.metrics.v1.MetricsService/Export", post(metrics))
                .layer(DefaultBodyLimit::max(most))
                .with_state(self.shared.clone());
            // Either port takes either language, as long as it is spoken from the beginning.
            let mut server = Server { addresses: [self.config.listen, self.config.grpc], tasks: Vec::new() };
            for address in &mut server.addresses {
                let endpoint = address.to_string();
                let failed = |error: std::io::Error| SourceError::Unreachable {
                    endpoint: endpoint.clone(),
                    reason: format!("cannot listen there: {error}"),
                };
                let listener = TcpListener::bind(*address).await.map_err(failed)?;
                *address = listener.local_addr().map_err(failed)?;
                let router = router.clone();
                let task = tokio::spawn(async move {
                    let _ = axum::serve(listener, router).await;
                });
                server.tasks.push(task.abort_handle());
            }
            Ok(server)
        });
        server.await.map(|server| server.addresses)
    }

    fn take(&self, wanted: &Wanted) -> Option<Batch> {
        let mut waiting = self.shared.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let mut batch = Batch { completeness: Completeness::Full, ..Batch::default() };
        match wanted {
            Wanted::Events => {
                batch.events = std::mem::take(&mut waiting.events);
                batch.events.sort_by_key(|event| event.time);
                let refused = std::mem::take(&mut waiting.refused);
                if refused > 0 {
                    let reason = format!("{refused} exports were asked to come again: too many wait already");
                    batch.completeness = Completeness::Partial(vec![reason]);
                }
            }
            Wanted::Metrics { .. } => batch.series = std::mem::take(&mut waiting.series),
            Wanted::Identifiers(_) | Wanted::Changes | Wanted::Alerts | Wanted::Tallies => return None,
        }
        Some(batch)
    }
}

async fn traces(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    shared.receive(&headers, &body, wire::TRACES)
}

async fn logs(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    shared.receive(&headers, &body, wire::LOGS)
}

async fn metrics(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    shared.receive(&headers, &body, wire::METRICS)
}

/// Why an export was not taken.
#[derive(Debug)]
pub(super) struct Problem {
    status: StatusCode,
    reason: String,
}

impl Problem {
    fn bad(reason: &str) -> Self {
        Self { status: StatusCode::BAD_REQUEST, reason: reason.to_owned() }
    }

    fn unknown_packing() -> Self {
        Self { status: StatusCode::UNSUPPORTED_MEDIA_TYPE, reason: "only gzip is unpacked".to_owned() }
    }

    fn come_again() -> Self {
        Self {
            status: StatusCode::SERVICE_UNAVAILABLE,
            reason: "too many records wait to be taken".to_owned(),
        }
    }

    /// As in `google.rpc.Code`.
    fn code(&self) -> u8 {
        match self.status {
            StatusCode::SERVICE_UNAVAILABLE => 14,
            StatusCode::UNSUPPORTED_MEDIA_TYPE => 12,
            _ => 3,
        }
    }

    fn said(&self) -> String {
        self.reason.chars().filter(|c| !c.is_control()).take(200).collect()
    }

    /// As `google.rpc.Status`, in the language of the request.
    fn response(&self, is_proto: bool) -> Response {
        let (code, reason) = (self.code(), self.said());
        let mut response = if is_proto {
            let body = wire::status(code, &reason);
            (self.status, [(header::CONTENT_TYPE, "application/x-protobuf")], body).into_response()
        } else {
            let body = serde_json::json!({ "code": code, "message": reason }).to_string();
            (self.status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
        };
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from_static("2"));
        }
        response
    }
}

impl Shared {
    fn receive(&self, headers: &HeaderMap, body: &[u8], message: wire::Message) -> Response {
        self.exports.fetch_add(1, Ordering::Relaxed);
        let text = |name: header::HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
        let kind = text(header::CONTENT_TYPE).unwrap_or_default();
        if kind.starts_with("application/grpc") {
            let message = grpc::message(headers, body, self.most_bytes).map(|body| (body, message));
            return grpc::answer(&message.and_then(|(body, message)| self.take_proto(&body, message)));
        }
        let is_proto = kind.starts_with("application/x-protobuf");
        let body = match text(header::CONTENT_ENCODING) {
            Some("gzip") => unpacked(body, self.most_bytes).map_err(|reason| Problem::bad(&reason)),
            None | Some("identity" | "") => Ok(body.to_vec()),
            Some(_) => Err(Problem::unknown_packing()),
        };
        let taken = body
            .and_then(|body| if is_proto { self.take_proto(&body, message) } else { self.take_json(&body) });
        match taken {
            Err(problem) => problem.response(is_proto),
            Ok(()) if is_proto => {
                ([(header::CONTENT_TYPE, "application/x-protobuf")], Vec::<u8>::new()).into_response()
            }
            Ok(()) => ([(header::CONTENT_TYPE, "application/json")], "{}").into_response(),
        }
    }

    fn take_proto(&self, body: &[u8], message: wire::Message) -> Result<(), Problem> {
        let value = wire::to_json(body, message).map_err(|reason| Problem::bad(&reason))?;
        self.take_json(value.to_string().as_bytes())
    }

    fn take_json(&self, json: &[u8]) -> Result<(), Problem> {
        let (events, series) = self.reader.otlp(json, "").map_err(|reason| Problem::bad(&reason))?;
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let held =
            waiting.events.len() + waiting.series.iter().map(|series| series.samples.len()).sum::<usize>();
        if held > 0 && held + events.len() > self.room {
            waiting.refused += 1;
            return Err(Problem::come_again());
        }
        waiting.events.extend(events);
        for one in series {
            match waiting.series.iter_mut().find(|known| known.is_same_as(&one)) {
                Some(known) => known.merge(one),
                None => waiting.series.push(one),
            }
        }
        Ok(())
    }
}

fn unpacked(body: &[u8], most: u64) -> Result<Vec<u8>, String> {
    let mut plain = Vec::new();
    let read = flate2::read::GzDecoder::new(body).take(most + 1).read_to_end(&mut plain);
    read.map_err(|error| format!("the body is no gzip: {error}"))?;
    if plain.len() as u64 > most { Err("the export is too large".to_owned()) } else { Ok(plain) }
}

impl Source for Receiver {
    fn name(&self) -> &str {
        &self.config.name
    }

    fn kind(&self) -> &'static str {
        "otlp"
    }

    fn signals(&self) -> &'static [Signal] {
        &[Signal::Logs, Signal::Traces, Signal::Metrics]
    }

    fn check(&self) -> BoxFuture<'_, Result<String, SourceError>> {
        Box::pin(async {
            let [http, grpc] = self.listen().await?;
            Ok(format!("listens on http://{http}, and for gRPC on {grpc}"))
        })
    }

    fn fetch(&self, query: Query) -> BoxStream<'_, Result<Batch, SourceError>> {
        let page = async move {
            match self.listen().await {
                Ok(_) => self.take(&query.wanted).map(Ok),
                Err(error) => Some(Err(error)),
            }
        };
        stream::once(page).filter_map(std::future::ready).boxed()
    }

    fn as_command(&self, _: &Query) -> String {
        format!("# send there: OTEL_EXPORTER_OTLP_ENDPOINT=http://{}", self.config.listen)
    }

    fn queries(&self) -> u64 {
        self.shared.exports.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::{Nanos, Time, Window};

    const LOG: &str = r#"{"resourceLogs":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"orders-api"}}]},"scopeLogs":[{"scope":{},"logRecords":[{"timeUnixNano":"1773480413589000000","severityNumber":17,"body":{"stringValue":"POST /orders failed"},"attributes":[{"key":"correlation_id","value":{"stringValue":"3f2b8c1e-6d4a-4f7b-9a10-5c2e7d9b8a41"}}],"traceId":"7C1F0A9BE2D34C58A1B6E0F2934D5A77"}]}]}]}"#;

    fn receiver(rows: u32) -> Arc<Receiver> {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let config = Config { listen: any, grpc: any, rows, megabytes: 1, ..Config::default() };
        let shared = Shared {
            reader: Reader::new(Settings::default(), "otlp".into()),
            waiting: Mutex::default(),
            room: rows as usize,
            most_bytes: 1_000_000,
            exports: AtomicU64::new(0),
        };
        Arc::new(Receiver { config, shared: Arc::new(shared), server: OnceCell::new() })
    }

    async fn events(receiver: &Receiver) -> Batch {
        let window = Window { from: Time(0), to: Time(1) };
        let query = Query { window, wanted: Wanted::Events, limit: 10, deadline: Nanos::seconds(1) };
        receiver.fetch(query).next().await.unwrap().unwrap()
    }

    async fn send(address: SocketAddr, path: &str, kind: &str, body: Vec<u8>) -> (u16, Vec<u8>) {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let request =
            reqwest::Client::new().post(format!("http://{address}{path}")).header("Content-Type", kind);
        let answer = request.body(body).send().await.unwrap();
        (answer.status().as_u16(), answer.bytes().await.unwrap().to_vec())
    }

    #[tokio::test]
    async fn a_log_in_json_and_a_span_in_protobuf_arrive_once() {
        let receiver = receiver(100);
        let [address, _] = receiver.listen().await.unwrap();
        assert_eq!(send(address, "/v1/logs", "application/json", LOG.into()).await, (200, b"{}".to_vec()));
        let span = wire::tests::span();
        assert_eq!(send(address, "/v1/traces", "application/x-protobuf", span).await, (200, Vec::new()));
        let batch = events(&receiver).await;
        assert_eq!(batch.events.len(), 2);
        assert!(
            batch.events.iter().all(|event| event.system == "orders-api" && !event.identifiers.is_empty())
        );
        assert_eq!(batch.events[0].time, Time(1_773_480_413_589_000_000));
        assert!(events(&receiver).await.events.is_empty(), "what was taken is gone");
    }

    /// One call; how it went by its trailer, or by the header of an answer without a body.
    async fn call(address: SocketAddr, service: &str, body: Vec<u8>) -> (String, usize) {
        let stream = tokio::net::TcpStream::connect(address).await.unwrap();
        let (client, connection) = h2::client::handshake(stream).await.unwrap();
        tokio::spawn(connection);
        let request = axum::http::Request::post(format!(
            "http://{address}/opentelemetry.proto.collector.{service}/Export"
        ));
        let request = request.header("content-type", "application/grpc").header("te", "trailers");
        let mut client = client.ready().await.unwrap();
        let (answer, mut sending) = client.send_request(request.body(()).unwrap(), false).unwrap();
        sending.send_data(body.into(), true).unwrap();
        let mut body = answer.await.unwrap().into_body();
        let mut length = 0;
        while let Some(chunk) = body.data().await {
            length += chunk.unwrap().len();
        }
        let trailers = body.trailers().await.unwrap().unwrap();
        (trailers["grpc-status"].to_str().unwrap().to_owned(), length)
    }

    #[tokio::test]
    async fn a_span_over_grpc_arrives_and_what_is_none_is_refused_by_its_status() {
        let receiver = receiver(100);
        let [_, address] = receiver.listen().await.unwrap();
        let span = wire::tests::span();
        let mut framed = vec![0];
        framed.extend((span.len() as u32).to_be_bytes());
        framed.extend(span);
        assert_eq!(call(address, "trace.v1.TraceService", framed).await, ("0".to_owned(), 5));
        let bad = vec![0, 0, 0, 0, 3, 0xff, 0xff, 0xff];
        assert_eq!(call(address, "logs.v1.LogsService", bad).await, ("3".to_owned(), 0));
        let batch = events(&receiver).await;
        assert_eq!(batch.events.len(), 1);
        assert_eq!(batch.events[0].system, "orders-api");
    }

    #[tokio::test]
    async fn what_is_no_export_is_refused_in_its_own_language() {
        let [address, _] = receiver(100).listen().await.unwrap();
        assert_eq!(address.ip().to_string(), "127.0.0.1");
        let receiver = receiver(100);
        let [address, _] = receiver.listen().await.unwrap();
        for (kind, body) in
            [("application/json", "<html>".as_bytes()), ("application/x-protobuf", b"\xff\xff\xff")]
        {
            let (status, answer) = send(address, "/v1/logs", kind, body.to_vec()).await;
            assert_eq!(status, 400);
            assert!(!answer.is_empty());
        }
        assert_eq!(send(address, "/v1/logs", "application/json", vec![b' '; 2_000_000]).await.0, 413);
        assert_eq!(send(address, "/admin", "application/json", Vec::new()).await.0, 404);
    }

    #[tokio::test]
    async fn who_sends_too_much_is_asked_to_come_again_and_the_gap_is_told() {
        let receiver = receiver(1);
        let [address, _] = receiver.listen().await.unwrap();
        assert_eq!(send(address, "/v1/logs", "application/json", LOG.into()).await.0, 200);
        assert_eq!(send(address, "/v1/logs", "application/json", LOG.into()).await.0, 503);
        let batch = events(&receiver).await;
        assert_eq!(batch.events.len(), 1);
        assert!(matches!(batch.completeness, Completeness::Partial(_)));
    }

    #[test]
    fn nothing_but_loopback_is_listened_on() {
        let anybody = SocketAddr::from(([0, 0, 0, 0], 4318));
        for config in
            [Config { listen: anybody, ..Config::default() }, Config { grpc: anybody, ..Config::default() }]
        {
            assert!(connect(&config, &Settings::default()).is_err());
        }
    }
}
