//! What all adapters but Prometheus's share: an adapter asks for a page and decodes it; limits, windows, deadlines, partial
//! answers and the list of what may be sent at all are kept here.

mod options;

use super::deep_links::{Sight, checked, deep_link};
use super::http::{Answer, Connection, Http, Request};
use super::{Source, SourceError};
use crate::ingest::{FieldNames, Reader, Settings};
use crate::telemetry::{Batch, Completeness, Event, Nanos, Query, Signal, Tally, Time, Wanted, Window};
use futures::future::BoxFuture;
use futures::stream::{self, BoxStream, StreamExt};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::future::Future;
use std::time::Duration;
use tokio::time::Instant;

pub(super) use options::{Common, source_config};

/// How long a question may take whether somebody is there.
pub(super) const CHECK_PATIENCE: Duration = Duration::from_secs(5);

/// A page of an answer, and where the next one begins.
pub(super) struct Page<C> {
    pub batch: Batch,
    pub next: Option<C>,
}

impl<C> Page<C> {
    /// The last page.
    pub(super) fn last(batch: Batch) -> Self {
        Self { batch, next: None }
    }

    /// What a backend that knows no such thing answers.
    pub(super) fn nothing() -> Option<Self> {
        None
    }
}

/// A question for one page.
pub(super) struct Ask<'a, C> {
    pub query: &'a Query,
    pub cursor: C,
    /// Rows that are of use: one more than may be given, so that a cut is seen.
    pub rows: usize,
    pub deadline: Duration,
}

impl<C> Ask<'_, C> {
    pub(super) fn window(&self) -> Window {
        self.query.window
    }
}

/// What differs from backend to backend.
pub(super) trait Backend: Send + Sync + 'static {
    const KIND: &'static str;
    /// Everything that may be sent: method and path below the base, `*` for one segment of it.
    const READS: &'static [(&'static str, &'static str)];
    type Cursor: Default + Send;

    fn base(&self) -> &Base;

    fn signals(&self) -> &'static [Signal];

    fn check(&self) -> impl Future<Output = Result<String, SourceError>> + Send;

    /// The next page, oldest first. `None` where the backend has no such signal.
    fn page(
        &self,
        ask: Ask<'_, Self::Cursor>,
    ) -> impl Future<Output = Result<Option<Page<Self::Cursor>>, SourceError>> + Send;

    /// How many events a window holds; `None` where the backend cannot count them.
    fn count(
        &self,
        _window: Window,
        _deadline: Duration,
    ) -> impl Future<Output = Result<Option<u64>, SourceError>> + Send {
        async { Ok(None) }
    }

    /// The first request that the query would send, for a person to run.
    fn command(&self, query: &Query) -> Option<Request<'static>>;

    fn notes(&self) -> Vec<String> {
        Vec::new()
    }

    /// See [`Source::least_pause`].
    fn least_pause(&self) -> Duration {
        Duration::ZERO
    }
}

/// One endpoint with all that asking it takes.
pub(super) struct Base {
    pub http: Http,
    pub reader: Reader,
    name: String,
    ui: String,
    skips_verification: bool,
    reads: &'static [(&'static str, &'static str)],
}

impl Base {
    pub(super) fn new<B: Backend>(common: &Common, settings: &Settings) -> Result<Self, SourceError> {
        let http = Http::new(&Connection {
            url: common.url.to_owned(),
            auth: common.auth.clone(),
            headers: common.headers.clone(),
            tls: common.tls.clone(),
            budget: common.budget.clone(),
        })?;
        Ok(Self {
            http,
            reader: Reader::new(settings.clone(), common.name.to_owned()),
            name: common.name.to_owned(),
            ui: checked(common.ui)?,
            skips_verification: common.tls.skip_verification,
            reads: B::READS,
        })
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// A place in the backend, for a person.
    pub(super) fn link(&self, path: &str) -> String {
        format!("{}/{path}", self.http.endpoint())
    }

    /// Sends a read, if it is one of those that the adapter has declared.
    pub(super) async fn ask(&self, request: &Request<'_>) -> Result<Answer, SourceError> {
        let method = request.method.as_str();
        if !self.reads.iter().any(|(allowed, path)| *allowed == method && fits(path, &request.path)) {
            let reason = format!("{method} {} is no read, so it was not sent", request.path);
            return Err(SourceError::BadQuery { endpoint: self.endpoint(), reason });
        }
        self.http.ask(request).await
    }

    /// Sends a read and takes the answer as JSON; whatever else comes is an error that says what it was.
    pub(super) async fn json<T: DeserializeOwned>(&self, request: &Request<'_>) -> Result<T, SourceError> {
        let answer = self.whole(request).await?;
        self.parse(&answer)
    }

    /// Sends a read and takes any successful answer that is neither cut nor a page of HTML.
    pub(super) async fn whole(&self, request: &Request<'_>) -> Result<Answer, SourceError> {
        let answer = self.ask(request).await?;
        self.judge(&answer).await?;
        Ok(answer)
    }

    pub(super) async fn judge(&self, answer: &Answer) -> Result<(), SourceError> {
        if !answer.status.is_success() {
            let said = said(&answer.body).unwrap_or_default();
            let said = if said.is_empty() {
                self.http.excerpt(&answer.body).await
            } else {
                self.http.excerpt(self.reader.safe(&said).as_bytes()).await
            };
            let reason = format!("{}{}{said}", answer.status, if said.is_empty() { "" } else { ": " });
            return Err(SourceError::BadQuery { endpoint: self.endpoint(), reason });
        }
        if answer.is_cut {
            let most = self.http.budget().answer_megabytes;
            return Err(self.unreadable(format!(
                "it is longer than {most} MB: ask for less, or raise answer_megabytes"
            )));
        }
        if answer.body.trim_ascii_start().starts_with(b"<") {
            return Err(self.unreadable("an HTML page, perhaps of a login in front of it"));
        }
        Ok(())
    }

    pub(super) fn parse<T: DeserializeOwned>(&self, answer: &Answer) -> Result<T, SourceError> {
        serde_json::from_slice(&answer.body).map_err(|error| match error.classify() {
            serde_json::error::Category::Eof if answer.body.is_empty() => self.unreadable("it is empty"),
            serde_json::error::Category::Eof => self.unreadable("it ends too early"),
            _ => self.unreadable(format!("it is no JSON of this API ({error})")),
        })
    }

    pub(super) fn endpoint(&self) -> String {
        self.http.endpoint().to_owned()
    }

    pub(super) fn unreadable(&self, reason: impl Into<String>) -> SourceError {
        let reason = self.reader.safe(&reason.into());
        SourceError::Unreadable { endpoint: self.endpoint(), reason }
    }
}

/// What an error says of itself, in the shapes that vendors have.
fn said(body: &[u8]) -> Option<String> {
    let value: Value = serde_json::from_slice(body).ok()?;
    let first = |value: &Value| value.get(0).cloned();
    let places = [
        value.pointer("/error/root_cause/0/reason").cloned(),
        value.pointer("/error/message").cloned(),
        value.pointer("/error/reason").cloned(),
        value.pointer("/messages/0/text").cloned(),
        value.pointer("/errors/0/detail").cloned(),
        value.pointer("/errors/0/message").cloned(),
        value.pointer("/errors/0/msg").cloned(),
        value.get("errors").and_then(first),
        value.get("error").cloned(),
        value.get("message").cloned(),
        value.get("reason").cloned(),
        Some(value.clone()),
    ];
    places.into_iter().flatten().find_map(|place| place.as_str().map(str::to_owned))
}

/// Whether a path is one of a pattern's.
fn fits(pattern: &str, path: &str) -> bool {
    let mut pattern = pattern.split('/');
    let mut path = path.trim_start_matches('/').split('/');
    loop {
        match (pattern.next(), path.next()) {
            (None, None) => return true,
            (Some(one), Some(other)) if one == "*" && !other.is_empty() && other != ".." || one == other => {}
            _ => return false,
        }
    }
}

/// The fields that the person names for a document's system and message.
pub(super) fn names<'a>(system: &'a [String], message: &'a [String]) -> FieldNames<'a> {
    FieldNames { system, message }
}

/// What is known of the answer: partial for the reasons given, else full.
pub(super) fn completeness(reasons: Vec<String>) -> Completeness {
    if reasons.is_empty() { Completeness::Full } else { Completeness::Partial(reasons) }
}

/// A page of events, oldest first.
pub(super) fn events(mut events: Vec<Event>, reasons: Vec<String>) -> Batch {
    events.sort_by_key(|event| event.time);
    Batch { events, completeness: completeness(reasons), ..Batch::default() }
}

/// A page of what the backend counted.
pub(super) fn tallies(tallies: Vec<Tally>, reasons: Vec<String>) -> Batch {
    Batch { tallies, completeness: completeness(reasons), ..Batch::default() }
}

/// An adapter as the rest of the program sees it.
pub(super) struct Live<B>(pub B);

/// Where a stream of pages is.
struct Progress<C> {
    cursor: Option<C>,
    left: usize,
    until: Instant,
}

impl<B: Backend> Live<B> {
    async fn next(
        &self,
        query: &Query,
        progress: &mut Progress<B::Cursor>,
    ) -> Result<Option<Batch>, SourceError> {
        let Some(cursor) = progress.cursor.take() else { return Ok(None) };
        let deadline = progress.until.saturating_duration_since(Instant::now());
        let late = || {
            let reason = "the answer was not whole in time".to_owned();
            SourceError::Unreachable { endpoint: self.0.base().endpoint(), reason }
        };
        if deadline.is_zero() {
            return Err(late());
        }
        let ask = Ask { query, cursor, rows: progress.left + 1, deadline };
        // A page may take several requests; the person's patience holds for all of them together.
        let page = tokio::time::timeout_at(progress.until, self.0.page(ask)).await.map_err(|_| late());
        let Some(mut page) = page.and_then(|page| page)? else { return Ok(None) };
        let is_by_time = !matches!(query.wanted, Wanted::Changes | Wanted::Identifiers(_) | Wanted::Tallies);
        if is_by_time {
            page.batch.events.retain(|event| query.window.contains(event.time));
        }
        page.batch.changes.retain(|change| query.window.contains(change.time));
        let is_cut = cut(&mut page.batch, &mut progress.left);
        if !is_cut {
            progress.cursor = page.next;
        }
        Ok(Some(page.batch))
    }
}

/// Keeps a page within what is left, and calls what was cut partial; whether it was.
fn cut(batch: &mut Batch, left: &mut usize) -> bool {
    let mut is_cut = false;
    let mut keep = |count: usize| {
        let kept = count.min(*left);
        *left -= kept;
        is_cut |= kept < count;
        kept
    };
    batch.events.truncate(keep(batch.events.len()));
    batch.changes.truncate(keep(batch.changes.len()));
    batch.tallies.truncate(keep(batch.tallies.len()));
    for series in &mut batch.series {
        series.samples.truncate(keep(series.samples.len()));
    }
    batch.series.retain(|series| !series.samples.is_empty());
    if is_cut {
        let reason = "cut off at the limit of rows".to_owned();
        match &mut batch.completeness {
            Completeness::Partial(reasons) => reasons.push(reason),
            other => *other = Completeness::Partial(vec![reason]),
        }
    }
    is_cut
}

impl<B: Backend> Source for Live<B> {
    fn name(&self) -> &str {
        self.0.base().name()
    }

    fn kind(&self) -> &'static str {
        B::KIND
    }

    fn signals(&self) -> &'static [Signal] {
        self.0.signals()
    }

    fn check(&self) -> BoxFuture<'_, Result<String, SourceError>> {
        Box::pin(self.0.check())
    }

    fn fetch(&self, query: Query) -> BoxStream<'_, Result<Batch, SourceError>> {
        let rows = self.0.base().http.budget().rows.max(1) as usize;
        let patience = Duration::from_nanos(query.deadline.0.max(0).cast_unsigned());
        let progress = Progress {
            cursor: Some(B::Cursor::default()),
            // A tally stands for many rows, and is what a budget of rows is kept by.
            left: if query.wanted == Wanted::Tallies { query.limit } else { query.limit.min(rows) },
            until: Instant::now() + patience,
        };
        if query.window.to <= query.window.from {
            return stream::empty().boxed();
        }
        stream::try_unfold((progress, query), move |(mut progress, query)| async move {
            let batch = self.next(&query, &mut progress).await?;
            Ok(batch.map(|batch| (batch, (progress, query))))
        })
        .boxed()
    }

    fn too_many(&self, window: Window, patience: Nanos) -> BoxFuture<'_, Result<Option<u64>, SourceError>> {
        let most = u64::from(self.0.base().http.budget().rows);
        let deadline = Duration::from_nanos(patience.0.max(0).cast_unsigned());
        Box::pin(async move { Ok(self.0.count(window, deadline).await?.filter(|events| *events > most)) })
    }

    fn as_command(&self, query: &Query) -> String {
        let request = self.0.command(query);
        request.map(|request| self.0.base().http.as_curl(&request)).unwrap_or_default()
    }

    fn deep_link(&self, query: &Query) -> Option<String> {
        let (base, request) = (self.0.base(), self.0.command(query));
        let asked = request.iter().flat_map(|request| &request.parameters);
        let expression = asked.into_iter().find(|(name, _)| matches!(*name, "query" | "q"));
        deep_link(&Sight {
            kind: B::KIND,
            url: base.http.endpoint(),
            ui: &base.ui,
            query,
            expression: expression.map(|(_, text)| text.as_str()),
        })
    }

    fn notes(&self) -> Vec<String> {
        let base = self.0.base();
        let unverified = base.skips_verification.then(|| "TLS verification is off".to_owned());
        let rests =
            base.http.rests().map(|left| format!("left alone for {} s, as it asked", left.as_secs() + 1));
        unverified.into_iter().chain(rests).chain(self.0.notes()).collect()
    }

    fn least_pause(&self) -> Duration {
        self.0.least_pause()
    }

    fn queries(&self) -> u64 {
        self.0.base().http.queries()
    }
}

/// How many rows a page that goes on from an instant asks for: what is known of the instant comes on top.
pub(super) fn page_limit(rows: usize, page: usize, known: usize, most: usize) -> usize {
    (rows.min(page.max(1)) + known).min(most)
}

/// The instant in a backend's own unit.
pub(super) fn in_millis(time: Time) -> i64 {
    time.0.div_euclid(1_000_000)
}

pub(super) fn in_micros(time: Time) -> i64 {
    time.0.div_euclid(1_000)
}

/// Rounded up, for the end of a window that does not belong to it.
pub(super) fn ceil(nanos: i64, unit: i64) -> i64 {
    nanos.div_euclid(unit) + i64::from(nanos.rem_euclid(unit) != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_declared_as_a_read_does_not_fit() {
        for (pattern, path, is_fit) in [
            ("_search", "_search", true),
            ("_search", "/_search", true),
            ("_search", "_search/scroll", false),
            ("*/_search", "logs-*/_search", true),
            ("*/_search", "../_search", false),
            ("*/_search", "/_search", false),
            ("api/traces/*", "api/traces/7c1f", true),
            ("api/traces/*", "api/traces/7c1f/archive", false),
        ] {
            assert_eq!(fits(pattern, path), is_fit, "{pattern} {path}");
        }
    }

    #[test]
    fn an_error_says_what_it_says_in_every_vendors_shape() {
        for body in [
            r#"{"error":{"root_cause":[{"reason":"why"}],"reason":"outer"}}"#,
            r#"{"error":{"message":"why"}}"#,
            r#"{"errors":["why"]}"#,
            r#"{"errors":[{"code":404,"msg":"why"}],"data":null}"#,
            r#"{"messages":[{"type":"FATAL","text":"why"}]}"#,
            r#"{"message":"why"}"#,
            r#"{"error":"why"}"#,
            r#""why""#,
        ] {
            assert_eq!(said(body.as_bytes()).as_deref(), Some("why"), "{body}");
        }
        assert_eq!(said(b"why"), None);
    }
}
