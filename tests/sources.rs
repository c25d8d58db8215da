//! The contract that every adapter keeps. A new adapter adds a file of answers beside this one and a line below.
#![allow(clippy::unwrap_used)]

#[path = "sources/alerts.rs"]
mod alerts;
#[path = "sources/changes.rs"]
mod changes;
#[path = "sources/clickhouse.rs"]
mod clickhouse;
#[path = "sources/datadog.rs"]
mod datadog;
#[path = "sources/elasticsearch.rs"]
mod elasticsearch;
#[path = "sources/fake.rs"]
mod fake;
#[path = "sources/identifiers.rs"]
mod identifiers;
#[path = "sources/jaeger.rs"]
mod jaeger;
#[path = "sources/lenient.rs"]
mod lenient;
#[path = "sources/loki.rs"]
mod loki;
#[path = "sources/prometheus.rs"]
mod prometheus;
#[path = "sources/splunk.rs"]
mod splunk;
#[path = "sources/tallies.rs"]
mod tallies;
#[path = "sources/tempo.rs"]
mod tempo;
#[path = "sources/vendors.rs"]
mod vendors;
#[path = "sources/victorialogs.rs"]
mod victorialogs;
#[path = "sources/zipkin.rs"]
mod zipkin;

use bridgewatch::sources::{Source, SourceError};
use bridgewatch::telemetry::{Batch, Completeness, Nanos, Query, Time, Wanted, Window};
use fake::{Answer, Fake};
use futures::StreamExt;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What the suite needs to know of an adapter.
struct Adapter {
    kind: &'static str,
    /// Options beyond `kind` and `url`.
    options: &'static str,
    /// What it is asked in these tests.
    wanted: fn() -> Wanted,
    /// A healthy backend that holds a row at each of these instants, and nothing of its own mind.
    healthy: fn(&fake::Request, &[Time]) -> Answer,
    /// Whether a request asks for rows, and not for what must be known before.
    is_data: fn(&fake::Request) -> bool,
    /// Healthy answers with data that say that something is missing, each in another way.
    partial: &'static [&'static str],
    /// Options that make pages small, for adapters that page by instants or by halving time.
    small_pages: Option<&'static str>,
    /// An answer without a body is one without rows.
    may_be_empty: bool,
    /// (method, beginning of the path) of everything that may be sent.
    reads: &'static [(&'static str, &'static str)],
    /// Whether the window stands in the request, in the backend's own unit.
    asks_for: fn(&fake::Request, Window) -> bool,
}

const ADAPTERS: &[Adapter] = &[
    prometheus::ADAPTER,
    loki::ADAPTER,
    elasticsearch::ELASTICSEARCH,
    elasticsearch::OPENSEARCH,
    victorialogs::ADAPTER,
    clickhouse::ADAPTER,
    splunk::ADAPTER,
    datadog::ADAPTER,
    jaeger::V3,
    jaeger::BY_SERVICE,
    jaeger::LEGACY,
    tempo::ADAPTER,
    zipkin::ADAPTER,
    alerts::ALERTMANAGER,
    alerts::PAGERDUTY,
    alerts::KUBERNETES,
    changes::ARGOCD,
    changes::GITHUB,
    changes::GITLAB,
    changes::JENKINS,
    changes::AZURE_BUILDS,
    changes::AZURE_RELEASES,
    changes::LAUNCHDARKLY,
    changes::PAGERDUTY,
    vendors::NEW_RELIC,
    vendors::DYNATRACE,
    vendors::AZURE,
    datadog::METRICS,
    vendors::NEW_RELIC_METRICS,
    vendors::DYNATRACE_METRICS,
];

/// The instant that the reference gives in every unit.
const KNOWN: Time = Time(1_773_480_413_000_000_000);
const SECRET: &str = "s3cr3t-t0ken";

fn window() -> Window {
    Window { from: KNOWN, to: KNOWN + Nanos::seconds(60) }
}

impl Adapter {
    fn connect(&self, url: &str) -> Arc<dyn Source> {
        self.connect_with(url, "")
    }

    fn connect_with(&self, url: &str, more: &str) -> Arc<dyn Source> {
        let folder = tempfile::tempdir().unwrap();
        let token = folder.path().join("token");
        std::fs::write(&token, SECRET).unwrap();
        std::mem::forget(folder); // The token is read when it is first needed.
        let text = format!(
            "[[sources]]\nkind = {:?}\nurl = {url:?}\nauth = {{ bearer = {{ file = {token:?} }} }}\n{more}\n{}",
            self.kind, self.options
        );
        let config = bridgewatch::config::Config::parse(&text).unwrap();
        config.sources[0].connect(&bridgewatch::ingest::Settings::default()).unwrap()
    }

    fn query(&self, limit: usize) -> Query {
        Query { window: window(), wanted: (self.wanted)(), limit, deadline: Nanos::seconds(8) }
    }

    /// A server that holds a row every ten seconds, from before the window until after it.
    fn server(&'static self) -> Fake {
        Fake::start(move |request| (self.healthy)(request, &instants()))
    }
}

fn instants() -> Vec<Time> {
    (-2..10).map(|step| KNOWN + Nanos::seconds(10 * step)).collect()
}

/// Every page, and how it ended.
async fn all(source: &dyn Source, query: Query) -> (Vec<Batch>, Option<SourceError>) {
    let mut batches = Vec::new();
    let mut pages = source.fetch(query);
    while let Some(page) = pages.next().await {
        match page {
            Ok(batch) => batches.push(batch),
            Err(error) => {
                assert!(pages.next().await.is_none(), "an error is the last item");
                return (batches, Some(error));
            }
        }
    }
    (batches, None)
}

fn times(batches: &[Batch]) -> Vec<Time> {
    let samples = |batch: &Batch| -> Vec<Time> {
        let samples = batch.series.iter().flat_map(|series| &series.samples).map(|sample| sample.time);
        samples.chain(batch.changes.iter().map(|change| change.time)).collect()
    };
    batches
        .iter()
        .flat_map(|batch| {
            batch.events.iter().map(|event| event.time).chain(samples(batch)).collect::<Vec<_>>()
        })
        .collect()
}

/// An error names the endpoint, shows no secret and no whole body.
fn is_decent(error: &SourceError) {
    let text = error.to_string();
    assert!(!text.contains(SECRET), "{text}");
    assert!(text.len() < 400, "{text}");
    assert!(!format!("{error:?}").contains(SECRET));
}

#[tokio::test]
async fn a_healthy_backend_gives_what_lies_in_the_window_oldest_first_and_is_asked_in_its_own_unit() {
    for adapter in ADAPTERS {
        let server = adapter.server();
        let source = adapter.connect(&server.url);
        source.check().await.unwrap();
        let (batches, error) = all(&*source, adapter.query(1_000)).await;
        assert_eq!(error, None);
        let expected: Vec<Time> = (0..6).map(|step| KNOWN + Nanos::seconds(10 * step)).collect();
        assert_eq!(
            times(&batches),
            expected,
            "{}: the start belongs to a window, its end does not",
            adapter.kind
        );
        assert!(batches.iter().all(|batch| batch.completeness == Completeness::Full));
        assert!(
            server.requests().iter().any(|request| (adapter.asks_for)(request, window())),
            "{}",
            adapter.kind
        );
        assert!(source.queries() as usize >= server.requests().len());
    }
}

#[tokio::test]
async fn only_reads_are_sent_and_each_with_its_credentials() {
    for adapter in ADAPTERS {
        let server = adapter.server();
        let source = adapter.connect(&server.url);
        source.check().await.unwrap();
        for wanted in [
            (adapter.wanted)(),
            Wanted::Alerts,
            Wanted::Events,
            Wanted::Changes,
            Wanted::Identifiers(Vec::new()),
        ] {
            all(&*source, Query { wanted, ..adapter.query(10) }).await;
        }
        for request in server.requests() {
            let is_read = adapter
                .reads
                .iter()
                .any(|(method, path)| request.method == *method && request.path.starts_with(path));
            assert!(is_read, "{}: {} {} is no read", adapter.kind, request.method, request.path);
            assert_eq!(request.authorization.as_deref(), Some("Bearer s3cr3t-t0ken"));
        }
    }
}

#[tokio::test]
async fn the_limit_is_kept_and_a_cut_is_called_partial() {
    for adapter in ADAPTERS {
        let server = adapter.server();
        let source = adapter.connect(&server.url);
        for (limit, is_cut) in [(1, true), (5, true), (6, false), (7, false)] {
            let (batches, error) = all(&*source, adapter.query(limit)).await;
            assert_eq!(error, None);
            assert_eq!(times(&batches).len(), limit.min(6), "{}", adapter.kind);
            let is_partial =
                batches.iter().any(|batch| matches!(batch.completeness, Completeness::Partial(_)));
            assert_eq!(is_partial, is_cut, "{} at limit {limit}", adapter.kind);
        }
    }
}

#[tokio::test]
async fn no_rows_is_an_answer() {
    for adapter in ADAPTERS {
        let server = Fake::start(|request| (adapter.healthy)(request, &[]));
        let (batches, error) = all(&*adapter.connect(&server.url), adapter.query(10)).await;
        assert_eq!((times(&batches).len(), error), (0, None), "{}", adapter.kind);
        assert!(batches.iter().all(|batch| batch.completeness == Completeness::Full), "{}", adapter.kind);
    }
}

#[tokio::test]
async fn every_sign_of_a_partial_answer_becomes_partial() {
    for adapter in ADAPTERS {
        for body in adapter.partial {
            let server = Fake::start(|request| match (adapter.is_data)(request) {
                true => Answer::json(body),
                false => (adapter.healthy)(request, &[]),
            });
            let (batches, error) = all(&*adapter.connect(&server.url), adapter.query(10)).await;
            assert_eq!(error, None, "{body}");
            let is_partial = |batch: &Batch| matches!(&batch.completeness, Completeness::Partial(reasons) if !reasons.is_empty());
            assert!(batches.iter().any(is_partial), "{}: {body}", adapter.kind);
        }
    }
}

#[tokio::test]
async fn refusals_pages_and_lies_become_errors_that_say_what_to_mend() {
    for adapter in ADAPTERS {
        type Check = fn(&SourceError) -> bool;
        let cases: Vec<(Answer, Check)> = vec![
            (Answer::status(401), |error| matches!(error, SourceError::Denied { status: 401, .. })),
            (Answer::status(403), |error| matches!(error, SourceError::Denied { status: 403, .. })),
            (Answer::json("<html><form>Log in</form></html>"), |error| {
                matches!(error, SourceError::Unreadable { .. })
            }),
            (Answer::text(200, "ok"), |error| matches!(error, SourceError::Unreadable { .. })),
            (Answer::text(200, ""), |error| matches!(error, SourceError::Unreadable { .. })),
            (Answer::json("{\"status\":\"succ"), |error| matches!(error, SourceError::Unreadable { .. })),
            (Answer::text(404, "no such tenant"), |error| matches!(error, SourceError::BadQuery { .. })),
            (Answer::text(500, "no such token: s3cr3t-t0ken\nstack"), |error| {
                error.to_string().contains("[secret]")
            }),
            (Answer::cut_short(), |error| {
                matches!(error, SourceError::Unreadable { .. } | SourceError::Unreachable { .. })
            }),
            (Answer::redirect("https://login.example.net/?next=s3cr3t-t0ken"), |error| {
                matches!(error, SourceError::Misdirected { .. })
            }),
        ];
        for (answer, is_right) in cases {
            if adapter.may_be_empty && answer.is_empty() {
                continue;
            }
            // From everywhere, and only where rows are asked for: what comes before may be served by another.
            for is_everywhere in [true, false] {
                let shown = format!("{} ({is_everywhere}): {answer:?}", adapter.kind);
                let bad = answer.clone();
                let server = Fake::start(move |request| match is_everywhere || (adapter.is_data)(request) {
                    true => bad.clone(),
                    false => (adapter.healthy)(request, &[]),
                });
                let source = adapter.connect(&server.url);
                let (batches, error) = all(&*source, adapter.query(10)).await;
                let error = error.unwrap_or_else(|| panic!("{shown} gave {batches:?}"));
                assert!(is_right(&error), "{shown} became {error:?}");
                is_decent(&error);
                if is_everywhere {
                    assert!(source.check().await.is_err(), "{shown} is called healthy");
                }
            }
        }
    }
}

/// Rows with doubles of one instant, more than a small page holds, across the boundaries of pages.
#[tokio::test]
async fn pages_neither_lose_nor_double_a_row_where_instants_repeat() {
    let at =
        |steps: &[i64]| -> Vec<Time> { steps.iter().map(|step| KNOWN + Nanos::seconds(*step)).collect() };
    for adapter in ADAPTERS {
        let Some(small) = adapter.small_pages else { continue };
        for steps in
            [vec![], vec![0], vec![0, 1], vec![0, 1, 2], vec![0, 1, 1, 2, 2, 3], vec![5, 5, 6, 6, 7, 7, 8]]
        {
            let rows = at(&steps);
            let held = rows.clone();
            let server = Fake::start(move |request| (adapter.healthy)(request, &held));
            let source = adapter.connect_with(&server.url, small);
            let (batches, error) = all(&*source, adapter.query(1_000)).await;
            assert_eq!((times(&batches), error), (rows, None), "{} with {small} and {steps:?}", adapter.kind);
            assert!(
                batches.iter().all(|batch| batch.completeness == Completeness::Full),
                "{}: {:?}",
                adapter.kind,
                batches.iter().map(|batch| &batch.completeness).collect::<Vec<_>>()
            );
        }
    }
}

#[tokio::test]
async fn nobody_there_and_no_tls_there_are_unreachable() {
    let all_adapters = ADAPTERS.iter().map(|adapter| async move {
        let server = adapter.server();
        let plain = server.url.replace("http://", "https://");
        for url in ["http://127.0.0.1:1", plain.as_str()] {
            let query = Query { deadline: Nanos::seconds(2), ..adapter.query(10) };
            let (_, error) = all(&*adapter.connect(url), query).await;
            let error = error.unwrap();
            assert!(matches!(error, SourceError::Unreachable { .. }), "{error:?}");
            is_decent(&error);
        }
    });
    futures::future::join_all(all_adapters).await;
}

#[tokio::test]
async fn overload_passes_and_is_waited_for() {
    let all_adapters = ADAPTERS.iter().map(|adapter| async move {
        for (status, retry_after) in [(429, Some("1")), (503, None)] {
            let server = Fake::start_counting(move |request, count| match count {
                0 => Answer::status(status).with_retry_after(retry_after),
                _ => (adapter.healthy)(request, &instants()),
            });
            let begun = Instant::now();
            let (batches, error) = all(&*adapter.connect(&server.url), adapter.query(10)).await;
            assert_eq!((times(&batches).len(), error), (6, None));
            assert!(begun.elapsed() < Duration::from_secs(8));
            assert!(retry_after.is_none() || begun.elapsed() >= Duration::from_secs(1));
        }
    });
    futures::future::join_all(all_adapters).await;
}

#[tokio::test]
async fn a_source_that_hangs_is_given_up_at_the_deadline_and_dropping_stops_the_request() {
    let all_adapters = ADAPTERS.iter().map(|adapter| async move {
        let server = Fake::start(|_| Answer::never());
        let source = adapter.connect(&server.url);
        let query = Query { deadline: Nanos::millis(400), ..adapter.query(10) };
        let begun = Instant::now();
        let (_, error) = all(&*source, query).await;
        assert!(matches!(error, Some(SourceError::Unreachable { .. })), "{}: {error:?}", adapter.kind);
        assert!(begun.elapsed() < Duration::from_secs(2), "{}", adapter.kind);
        let begun = Instant::now();
        let mut pages = source.fetch(adapter.query(10));
        let waited = tokio::time::timeout(Duration::from_millis(200), pages.next()).await;
        assert!(waited.is_err(), "it hangs");
        drop(pages);
        assert!(begun.elapsed() < Duration::from_secs(1));
    });
    futures::future::join_all(all_adapters).await;
}

#[tokio::test]
async fn the_command_that_is_copied_holds_no_secret() {
    for adapter in ADAPTERS {
        let source = adapter.connect("https://backend.example.net");
        let command = source.as_command(&adapter.query(10));
        assert!(command.contains("https://backend.example.net"), "{command}");
        assert!(!command.contains(SECRET), "{command}");
    }
}
