//! The transport against a server of our own: credentials, retries, bounds, and what errors say.

use super::*;
use wiremock::matchers::{body_string_contains, header, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

const PATIENCE: Duration = Duration::from_secs(10);

fn connection(server: &MockServer) -> Connection {
    Connection { url: server.uri(), ..Connection::default() }
}

fn ask_for(path: &str) -> Request<'_> {
    Request::get(path, vec![("q", "a b&c".to_owned())], PATIENCE)
}

fn token_file(text: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    std::fs::write(&path, text).unwrap();
    (folder, path)
}

#[tokio::test]
async fn overload_is_tried_again_and_a_refusal_is_not() {
    let server = MockServer::start().await;
    Mock::given(path("/busy")).respond_with(ResponseTemplate::new(503)).up_to_n_times(2).mount(&server).await;
    Mock::given(path("/busy"))
        .respond_with(ResponseTemplate::new(200).set_body_string("{}"))
        .mount(&server)
        .await;
    Mock::given(path("/no")).respond_with(ResponseTemplate::new(403)).expect(1).mount(&server).await;
    let http = Http::new(&connection(&server)).unwrap();
    assert_eq!(http.ask(&ask_for("busy")).await.unwrap().body, b"{}");
    assert_eq!(http.queries(), 3);
    let refused = http.ask(&ask_for("no")).await.unwrap_err();
    assert_eq!(refused, SourceError::Denied { endpoint: server.uri(), status: 403 });
}

#[tokio::test]
async fn what_the_backend_asks_for_is_waited_for_but_never_past_the_deadline() {
    let server = MockServer::start().await;
    let slow_down = ResponseTemplate::new(429).insert_header("retry-after", "1");
    Mock::given(path("/soon")).respond_with(slow_down).up_to_n_times(1).mount(&server).await;
    Mock::given(path("/soon")).respond_with(ResponseTemplate::new(200)).mount(&server).await;
    let later = ResponseTemplate::new(429).insert_header("retry-after", "60");
    Mock::given(path("/later")).respond_with(later).mount(&server).await;
    let http = Http::new(&connection(&server)).unwrap();
    let begun = Instant::now();
    http.ask(&ask_for("soon")).await.unwrap();
    assert!(begun.elapsed() >= Duration::from_secs(1));
    let begun = Instant::now();
    let error = http.ask(&ask_for("later")).await.unwrap_err();
    assert_eq!(
        error,
        SourceError::Throttled { endpoint: server.uri(), retry_after: Duration::from_secs(60) }
    );
    assert!(begun.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn a_hanging_server_is_left_at_the_deadline() {
    let server = MockServer::start().await;
    Mock::given(path("/x"))
        .respond_with(ResponseTemplate::new(200).set_delay(Duration::from_secs(30)))
        .mount(&server)
        .await;
    let http = Http::new(&connection(&server)).unwrap();
    let request = Request { deadline: Duration::from_millis(300), ..ask_for("x") };
    let error = http.ask(&request).await.unwrap_err();
    assert_eq!(error.to_string(), format!("cannot reach {}: no answer within 1 s", server.uri()));
}

#[tokio::test]
async fn an_answer_beyond_the_budget_is_cut_and_says_so() {
    let server = MockServer::start().await;
    Mock::given(path("/x"))
        .respond_with(ResponseTemplate::new(200).set_body_bytes(vec![b'x'; 1_500_000]))
        .mount(&server)
        .await;
    let budget = Budget { answer_megabytes: 1, ..Budget::default() };
    let http = Http::new(&Connection { budget, ..connection(&server) }).unwrap();
    let answer = http.ask(&ask_for("x")).await.unwrap();
    assert_eq!((answer.body.len(), answer.is_cut), (1_000_000, true));
}

#[tokio::test]
async fn credentials_go_to_no_other_host() {
    let (elsewhere, server) = (MockServer::start().await, MockServer::start().await);
    Mock::given(path("/x")).respond_with(ResponseTemplate::new(200)).expect(0).mount(&elsewhere).await;
    let away =
        ResponseTemplate::new(302).insert_header("location", format!("{}/x?token=s3cr3t", elsewhere.uri()));
    Mock::given(path("/x")).respond_with(away).mount(&server).await;
    let home = ResponseTemplate::new(307).insert_header("location", "/there");
    Mock::given(path("/y")).respond_with(home).mount(&server).await;
    Mock::given(path("/there"))
        .and(header("x-api-key", "k3y"))
        .respond_with(ResponseTemplate::new(200))
        .mount(&server)
        .await;
    let (_folder, token) = token_file("k3y");
    let auth = Auth::Headers([("X-Api-Key".to_owned(), Secret::File(token))].into());
    let http = Http::new(&Connection { auth, ..connection(&server) }).unwrap();
    let error = http.ask(&ask_for("x")).await.unwrap_err();
    assert_eq!(error, SourceError::Misdirected { endpoint: server.uri(), to: elsewhere.uri() });
    assert!(http.ask(&ask_for("y")).await.unwrap().status.is_success());
}

#[tokio::test]
async fn a_token_that_was_rotated_is_read_again() {
    let server = MockServer::start().await;
    let ok = || ResponseTemplate::new(200);
    Mock::given(header("authorization", "Bearer old"))
        .respond_with(ok())
        .up_to_n_times(1)
        .mount(&server)
        .await;
    Mock::given(header("authorization", "Bearer new")).respond_with(ok()).expect(1).mount(&server).await;
    Mock::given(path("/x")).respond_with(ResponseTemplate::new(401)).expect(1).mount(&server).await;
    let (_folder, token) = token_file("old\n");
    let auth = Auth::Bearer(Secret::File(token.clone()));
    let http = Http::new(&Connection { auth, ..connection(&server) }).unwrap();
    assert!(http.ask(&ask_for("x")).await.unwrap().status.is_success());
    std::fs::write(&token, "new").unwrap();
    assert!(http.ask(&ask_for("x")).await.unwrap().status.is_success());
}

#[tokio::test]
async fn client_credentials_are_turned_into_a_token_once() {
    let server = MockServer::start().await;
    Mock::given(path("/token"))
        .and(body_string_contains("grant_type=client_credentials"))
        .and(body_string_contains("client_secret=s3cr3t"))
        .respond_with(
            ResponseTemplate::new(200).set_body_string(r#"{"access_token":"t0ken","expires_in":3600}"#),
        )
        .expect(1)
        .mount(&server)
        .await;
    Mock::given(path("/x"))
        .and(header("authorization", "Bearer t0ken"))
        .respond_with(ResponseTemplate::new(200))
        .expect(2)
        .mount(&server)
        .await;
    let (_folder, secret) = token_file("s3cr3t");
    let auth = Auth::Oauth2 {
        token_url: format!("{}/token", server.uri()),
        client_id: "bridge".to_owned(),
        client_secret: Secret::File(secret),
        scope: String::new(),
    };
    let http = Http::new(&Connection { auth, ..connection(&server) }).unwrap();
    for _ in 0..2 {
        assert!(http.ask(&ask_for("x")).await.unwrap().status.is_success());
    }
}

#[tokio::test]
async fn answers_may_be_packed_and_forms_are_posted() {
    use std::io::Write;
    let server = MockServer::start().await;
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(b"{\"status\":\"success\"}").unwrap();
    Mock::given(method("POST"))
        .and(path("/prefix/x"))
        .and(header("accept", "application/json"))
        .and(body_string_contains("q=a+b%26c"))
        .respond_with(
            ResponseTemplate::new(200)
                .insert_header("content-encoding", "gzip")
                .set_body_bytes(packed.finish().unwrap()),
        )
        .mount(&server)
        .await;
    let http =
        Http::new(&Connection { url: format!("{}/prefix", server.uri()), ..Connection::default() }).unwrap();
    let request = Request { method: Method::POST, ..ask_for("/x") };
    assert_eq!(http.ask(&request).await.unwrap().body, b"{\"status\":\"success\"}");
}

#[tokio::test]
async fn nobody_at_home_is_said_plainly() {
    let http =
        Http::new(&Connection { url: "http://127.0.0.1:1".to_owned(), ..Connection::default() }).unwrap();
    let request = Request { deadline: Duration::from_millis(300), ..ask_for("x") };
    let error = http.ask(&request).await.unwrap_err().to_string();
    assert!(error.starts_with("cannot reach http://127.0.0.1:1: "), "{error}");
    assert!(!error.contains("a b"), "the query is nobody's business: {error}");
}

#[test]
fn an_address_with_credentials_is_refused_without_repeating_them() {
    for url in ["https://user:s3cr3t@host/", "https://host/?token=s3cr3t", "ftp://host", "host:9090"] {
        let Err(error) = Http::new(&Connection { url: url.to_owned(), ..Connection::default() }) else {
            panic!("{url} was taken");
        };
        assert!(!error.to_string().contains("s3cr3t"), "{error}");
    }
}

#[test]
fn the_command_holds_variables_for_secrets() {
    let auth = Auth::Bearer(Secret::Env("PROM_TOKEN".to_owned()));
    let url = "https://host/prometheus".to_owned();
    let http = Http::new(&Connection { url, auth, ..Connection::default() }).unwrap();
    let request = Request::get("api/v1/query", vec![("query", "up{job=\"it's\"}".to_owned())], PATIENCE);
    assert_eq!(
        http.as_curl(&request),
        r#"curl -sS -G -H "Authorization: Bearer ${PROM_TOKEN}" 'https://host/prometheus/api/v1/query' --data-urlencode 'query=up{job="it'\''s"}'"#
    );
}

#[test]
fn excerpts_hold_no_pages_and_no_control_characters() {
    assert_eq!(excerpt(b"\n <!doctype html><title>Log in</title>"), "an HTML page");
    assert_eq!(excerpt(b"bad\x1b[31m thing\nmore"), "bad[31m thing");
}
