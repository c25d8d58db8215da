//! The HTTP transport that all adapters share: credentials, TLS, budgets, retries and errors that leak nothing.
//!
//! Adapters say what to ask and decode what comes back; nothing here knows a backend.

mod auth;
mod pace;
mod retry;
mod write;

pub use auth::Auth;

use super::{Secret, SourceError};
use auth::Credentials;
use pace::Pace;
use reqwest::header::{ACCEPT, HeaderMap, HeaderName, HeaderValue, LOCATION};
use reqwest::{Method, Response, StatusCode, Url};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::Instant;

const CONNECT_PATIENCE: Duration = Duration::from_secs(5);

/// Certificates beyond those that the machine trusts.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Tls {
    /// A PEM file with the authorities of a private PKI.
    pub ca_file: PathBuf,
    /// A PEM file with the client's certificate, for mutual TLS.
    pub certificate_file: PathBuf,
    /// A PEM file with the key of that certificate.
    pub key_file: PathBuf,
    /// Trust whoever answers. The screen says so.
    pub skip_verification: bool,
}

/// What a source may be burdened with.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Budget {
    pub queries_at_once: u32,
    pub timeout_seconds: u32,
    /// An answer is cut off beyond this, and called partial.
    pub answer_megabytes: u32,
    /// How often a read is tried in all.
    pub tries: u32,
    /// Beyond these it waits; 0 for no bound.
    pub queries_a_minute: u32,
    /// Rows that one question may yield; what lies beyond is called cut off.
    pub rows: u32,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            queries_at_once: 4,
            timeout_seconds: 30,
            answer_megabytes: 64,
            tries: 3,
            queries_a_minute: 600,
            rows: 500_000,
        }
    }
}

/// How an endpoint is reached: the options that every adapter has.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Connection {
    pub url: String,
    pub auth: Auth,
    pub headers: BTreeMap<String, String>,
    pub tls: Tls,
    pub budget: Budget,
}

/// One endpoint, ready to be asked.
pub struct Http {
    client: reqwest::Client,
    base: Url,
    /// The base without credentials and query, for errors and the screen.
    endpoint: String,
    credentials: Credentials,
    /// Those that the configuration names; they are no secret.
    headers: BTreeMap<String, String>,
    budget: Budget,
    turns: Semaphore,
    pace: Pace,
    queries: AtomicU64,
}

/// What a backend answered, whole or cut off at the budget.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub content_type: String,
    pub body: Vec<u8>,
    pub is_cut: bool,
    /// The token that asks for the page behind it, where a backend says that in a header.
    pub continuation: Option<String>,
}

/// A read: what is asked of which path below the base.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    pub method: Method,
    pub path: Cow<'a, str>,
    /// In the address, or in the body of a form.
    pub parameters: Vec<(&'a str, String)>,
    /// A body; parameters then stand in the address.
    pub json: Option<serde_json::Value>,
    pub headers: Vec<(&'static str, &'static str)>,
    pub deadline: Duration,
}

impl<'a> Request<'a> {
    pub fn get(
        path: impl Into<Cow<'a, str>>,
        parameters: Vec<(&'a str, String)>,
        deadline: Duration,
    ) -> Self {
        Self { method: Method::GET, path: path.into(), parameters, json: None, headers: Vec::new(), deadline }
    }

    /// A read that is sent as a form, for queries too long for an address.
    pub fn form(
        path: impl Into<Cow<'a, str>>,
        parameters: Vec<(&'a str, String)>,
        deadline: Duration,
    ) -> Self {
        Self { method: Method::POST, ..Self::get(path, parameters, deadline) }
    }

    /// A read whose question is a JSON document.
    pub fn json(path: impl Into<Cow<'a, str>>, json: serde_json::Value, deadline: Duration) -> Self {
        Self { method: Method::POST, json: Some(json), ..Self::get(path, Vec::new(), deadline) }
    }

    #[must_use]
    pub fn with_header(mut self, name: &'static str, value: &'static str) -> Self {
        self.headers.push((name, value));
        self
    }
}

/// Text as one segment of a path: nothing in it can lead elsewhere.
pub fn segment(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'~');
    text.bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

impl Http {
    pub fn new(connection: &Connection) -> Result<Self, SourceError> {
        // Somebody else in the process may have installed it: either one serves.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let wrong = |reason: String| SourceError::Misconfigured { reason };
        let mut base = Url::parse(&connection.url)
            .map_err(|error| wrong(format!("the url is not one ({error}): write https://host:port/path")))?;
        if !matches!(base.scheme(), "http" | "https") || base.host_str().is_none() {
            return Err(wrong("the url must start with http:// or https://".to_owned()));
        }
        if !base.username().is_empty() || base.password().is_some() || base.query().is_some() {
            return Err(wrong("the url holds credentials or a query: use `auth` and `headers`".to_owned()));
        }
        if !base.path().ends_with('/') {
            base.set_path(&format!("{}/", base.path()));
        }
        let endpoint = base.as_str().trim_end_matches('/').to_owned();
        let client = builder(connection)
            .map_err(wrong)?
            .build()
            .map_err(|error| wrong(format!("no connection can be made: {}", reason(&error))))?;
        Ok(Self {
            client,
            base,
            endpoint,
            credentials: Credentials::new(connection.auth.clone()),
            turns: Semaphore::new(connection.budget.queries_at_once.max(1) as usize),
            pace: Pace::new(connection.budget.queries_a_minute),
            headers: connection.headers.clone(),
            budget: connection.budget.clone(),
            queries: AtomicU64::new(0),
        })
    }

    /// The address without anything secret.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    pub fn budget(&self) -> &Budget {
        &self.budget
    }

    /// How long it is left alone, because it asked for that.
    pub fn rests(&self) -> Option<Duration> {
        self.pace.rests()
    }

    /// How many requests were sent so far, tries counted singly.
    pub fn queries(&self) -> u64 {
        self.queries.load(Ordering::Relaxed)
    }

    /// Sends a read, tries again what may pass, and reads the answer up to the budget.
    ///
    /// Success is the adapter's to judge: any status that is neither a refusal nor overload comes back as an answer.
    pub async fn ask(&self, request: &Request<'_>) -> Result<Answer, SourceError> {
        let patience =
            request.deadline.min(Duration::from_secs(u64::from(self.budget.timeout_seconds.max(1))));
        let deadline = Instant::now() + patience;
        if let Some(left) = self.pace.rests() {
            return Err(SourceError::Throttled { endpoint: self.endpoint.clone(), retry_after: left });
        }
        let answer = tokio::time::timeout_at(deadline, self.try_until(request, deadline)).await;
        answer.unwrap_or_else(|_| {
            Err(self.unreachable(format!("no answer within {} s", patience.as_secs_f32().ceil())))
        })
    }

    async fn try_until(&self, request: &Request<'_>, deadline: Instant) -> Result<Answer, SourceError> {
        let _turn = self.turns.acquire().await.expect("the semaphore is never closed");
        self.pace.turn().await;
        let mut renewed = false;
        let mut attempt = 1;
        loop {
            let outcome = self.try_once(request).await;
            // Tokens from files and commands rotate: one refusal is worth one fresh look.
            if let Err(Failure { error: SourceError::Denied { status: 401, .. }, .. }) = &outcome
                && !renewed
                && self.credentials.renew().await
            {
                renewed = true;
                continue;
            }
            match outcome {
                Err(failure) if failure.may_pass && attempt < self.budget.tries => {
                    let wait = retry::wait(attempt, failure.retry_after);
                    if Instant::now() + wait >= deadline {
                        // What it asked for holds for the next question too: a server on fire is left alone.
                        if let Some(asked) = failure.retry_after {
                            self.pace.rest(asked);
                        }
                        return Err(failure.error);
                    }
                    tokio::time::sleep(wait).await;
                    attempt += 1;
                }
                outcome => return outcome.map_err(|failure| failure.error),
            }
        }
    }

    async fn try_once(&self, request: &Request<'_>) -> Result<Answer, Failure> {
        let url = self.base.join(request.path.trim_start_matches('/')).ok();
        let url = url.filter(|url| url.as_str().starts_with(self.base.as_str())).ok_or_else(|| {
            Failure::lasting(SourceError::BadQuery {
                endpoint: self.endpoint.clone(),
                reason: "the path leads out of it, so nothing was sent".to_owned(),
            })
        })?;
        let mut builder = self.client.request(request.method.clone(), url);
        if !request.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("accept")) {
            builder = builder.header(ACCEPT, "application/json");
        }
        for (name, value) in &request.headers {
            builder = builder.header(*name, *value);
        }
        builder = match (&request.json, &request.method) {
            (Some(json), _) => builder.query(&request.parameters).json(json),
            (None, &Method::POST) => builder.form(&request.parameters),
            (None, _) => builder.query(&request.parameters),
        };
        let headers = self
            .credentials
            .headers(&self.client)
            .await
            .map_err(|reason| Failure::lasting(SourceError::Misconfigured { reason }))?;
        self.queries.fetch_add(1, Ordering::Relaxed);
        let response = builder.headers(headers).send().await.map_err(|error| Failure {
            may_pass: error.is_connect() || error.is_request(),
            retry_after: None,
            error: self.unreachable(reason(&error)),
        })?;
        self.judge(response).await
    }

    async fn judge(&self, response: Response) -> Result<Answer, Failure> {
        let status = response.status();
        let endpoint = self.endpoint.clone();
        if status.is_redirection() {
            let to = response.headers().get(LOCATION).and_then(|to| to.to_str().ok()).unwrap_or("elsewhere");
            let to = self.base.join(to).map_or_else(|_| "elsewhere".to_owned(), |url| origin(&url));
            return Err(Failure::lasting(SourceError::Misdirected { endpoint, to }));
        }
        let is_spent = response.headers().get("x-ratelimit-remaining").is_some_and(|left| left == "0");
        match status.as_u16() {
            403 if is_spent => {
                let retry_after = retry::after(response.headers());
                Err(Failure {
                    may_pass: true,
                    retry_after,
                    error: SourceError::Throttled { endpoint, retry_after: retry_after.unwrap_or_default() },
                })
            }
            401 | 403 | 407 => {
                Err(Failure::lasting(SourceError::Denied { endpoint, status: status.as_u16() }))
            }
            429 => {
                let retry_after = retry::after(response.headers());
                Err(Failure {
                    may_pass: true,
                    retry_after,
                    error: SourceError::Throttled { endpoint, retry_after: retry_after.unwrap_or_default() },
                })
            }
            502..=504 => {
                let retry_after = retry::after(response.headers());
                let answer = self.read(response).await.ok();
                let said = match answer {
                    Some(answer) => self.excerpt(&answer.body).await,
                    None => String::new(),
                };
                let reason = format!("{status}{}{said}", if said.is_empty() { "" } else { ": " });
                Err(Failure { may_pass: true, retry_after, error: self.unreachable(reason) })
            }
            _ => self.read(response).await,
        }
    }

    async fn read(&self, mut response: Response) -> Result<Answer, Failure> {
        let status = response.status();
        let content_type = response.headers().get("content-type").and_then(|kind| kind.to_str().ok());
        let content_type = content_type.unwrap_or_default().to_owned();
        let continuation = response.headers().get("x-ms-continuationtoken");
        let continuation = continuation.and_then(|token| token.to_str().ok()).map(str::to_owned);
        let most = self.budget.answer_megabytes.max(1) as usize * 1_000_000;
        let mut body = Vec::new();
        let mut is_cut = false;
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) => {
                    let fits = chunk.len().min(most - body.len());
                    body.extend_from_slice(&chunk[..fits]);
                    if fits < chunk.len() {
                        is_cut = true;
                        break;
                    }
                }
                Ok(None) => break,
                Err(error) => {
                    let reason = format!("cut off after {} bytes: {}", body.len(), reason(&error));
                    let error = SourceError::Unreadable { endpoint: self.endpoint.clone(), reason };
                    return Err(Failure { may_pass: body.is_empty(), retry_after: None, error });
                }
            }
        }
        Ok(Answer { status, content_type, body, is_cut, continuation })
    }

    fn unreachable(&self, reason: String) -> SourceError {
        SourceError::Unreachable { endpoint: self.endpoint.clone(), reason }
    }

    /// The beginning of a body, for errors; no secret of ours is in it.
    pub async fn excerpt(&self, body: &[u8]) -> String {
        self.credentials.hide(&excerpt(body)).await
    }

    /// The read as a `curl` command, secrets as variables.
    pub fn as_curl(&self, request: &Request<'_>) -> String {
        let mut words = vec!["curl -sS".to_owned()];
        if request.method == Method::GET {
            words.push("-G".to_owned());
        } else if request.method != Method::POST {
            words.push(format!("-X {}", request.method));
        }
        words.extend(self.credentials.as_curl());
        for (name, value) in &request.headers {
            words.push(format!("-H {}", quoted(&format!("{name}: {value}"))));
        }
        for (name, value) in &self.headers {
            words.push(format!("-H {}", quoted(&format!("{name}: {value}"))));
        }
        words.push(quoted(&format!("{}/{}", self.endpoint, request.path.trim_start_matches('/'))));
        match &request.json {
            Some(json) => {
                words.push("-H 'Content-Type: application/json'".to_owned());
                words.push(format!("-d {}", quoted(&json.to_string())));
            }
            None => {
                for (name, value) in &request.parameters {
                    words.push(format!("--data-urlencode {}", quoted(&format!("{name}={value}"))));
                }
            }
        }
        words.join(" ")
    }
}

/// A try that came to nothing, and whether another may not.
struct Failure {
    error: SourceError,
    may_pass: bool,
    retry_after: Option<Duration>,
}

impl Failure {
    fn lasting(error: SourceError) -> Self {
        Self { error, may_pass: false, retry_after: None }
    }
}

fn builder(connection: &Connection) -> Result<reqwest::ClientBuilder, String> {
    let mut headers = HeaderMap::new();
    for (name, value) in &connection.headers {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| format!("`{name}` is no header"))?;
        let value =
            HeaderValue::from_str(value).map_err(|_| format!("the header {name} has no such value"))?;
        headers.insert(name, value);
    }
    let mut builder = reqwest::Client::builder()
        .user_agent(concat!("bridgewatch/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT_PATIENCE)
        .default_headers(headers)
        .redirect(reqwest::redirect::Policy::custom(stay_at_home));
    let tls = &connection.tls;
    let pem = |path: &PathBuf| {
        std::fs::read(path).map_err(|error| format!("cannot read {}: {error}", path.display()))
    };
    if !tls.ca_file.as_os_str().is_empty() {
        let authorities = reqwest::Certificate::from_pem_bundle(&pem(&tls.ca_file)?)
            .map_err(|_| format!("{} holds no certificates in PEM", tls.ca_file.display()))?;
        builder = builder.tls_certs_merge(authorities);
    }
    if !tls.certificate_file.as_os_str().is_empty() {
        let mut both = pem(&tls.certificate_file)?;
        if !tls.key_file.as_os_str().is_empty() {
            both.push(b'\n');
            both.extend(pem(&tls.key_file)?);
        }
        let identity = reqwest::Identity::from_pem(&both)
            .map_err(|_| format!("{} and its key are no identity in PEM", tls.certificate_file.display()))?;
        builder = builder.identity(identity);
    }
    Ok(builder.tls_danger_accept_invalid_certs(tls.skip_verification))
}

/// Follows a redirect only to the same scheme, host and port: credentials go nowhere else.
fn stay_at_home(attempt: reqwest::redirect::Attempt<'_>) -> reqwest::redirect::Action {
    let is_home = attempt.previous().first().is_some_and(|first| first.origin() == attempt.url().origin());
    if is_home && attempt.previous().len() < 5 { attempt.follow() } else { attempt.stop() }
}

fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

/// The innermost cause, without the address: it may hold a query that is nobody's business.
fn reason(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    if std::ptr::eq(cause, std::ptr::from_ref(error)) {
        return if error.is_timeout() { "timed out".to_owned() } else { "the request failed".to_owned() };
    }
    cause.to_string()
}

/// The first line of a body that is text and not a page, for errors.
fn excerpt(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(&body[..body.len().min(400)]);
    let line = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    if line.starts_with('<') {
        return "an HTML page".to_owned();
    }
    line.chars().filter(|c| !c.is_control()).take(160).collect()
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

impl Secret {
    pub(super) fn header(&self, prefix: &str) -> String {
        format!("{prefix}{}", self.as_shell())
    }
}

#[cfg(test)]
mod tests;
