//! Prometheus and what speaks its API (VictoriaMetrics, Mimir, Thanos): metrics by range query, alerts as events.
//!
//! Which metrics: those that the configuration names, or else those whose names say that they matter on a bridge.
//! Native histograms are not read.

mod decode;
mod discover;

use super::deep_links::{Sight, beneath, checked, deep_link};
use super::http::{Answer, Auth, Budget, Connection, Http, Request, Tls};
use super::{Source, SourceError};
use crate::ingest::Settings;
use crate::telemetry::{Batch, Completeness, Nanos, Query, Signal, Time, Wanted, Window};
use decode::Reply;
use futures::future::BoxFuture;
use futures::stream::{self, BoxStream, StreamExt};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::OnceCell;

/// Points a query may yield for each series; Prometheus refuses more than 11 001.
const MOST_POINTS: i64 = 11_000;

/// A `[[sources]]` table of kind `prometheus`.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    pub name: String,
    /// Where it answers, with the path prefix if there is one.
    pub url: String,
    /// Where people look at it, if that is another address; deep links lead there.
    pub ui: String,
    pub auth: Auth,
    /// Headers that are no secret, such as a tenant.
    pub headers: BTreeMap<String, String>,
    pub tls: Tls,
    pub budget: Budget,
    /// Metrics to pull; empty for those that are found by name.
    pub metrics: Vec<MetricRule>,
    /// Labels that may name the system, first match first.
    pub system_labels: Vec<String>,
    /// Show firing alerts as events.
    pub alerts: bool,
}

/// A metric by its query.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct MetricRule {
    pub name: String,
    /// PromQL; `$step` stands for the resolution that is asked for, never less than a minute.
    pub query: String,
    #[serde(default)]
    pub unit: String,
}

impl MetricRule {
    /// The PromQL that is asked.
    fn expression(&self, step: Nanos) -> String {
        self.query.replace("$step", &format!("{}s", (step.0 / 1_000_000_000).max(60)))
    }
}

impl Default for Config {
    fn default() -> Self {
        let labels = [
            "system",
            "service",
            "service_name",
            "exported_service",
            "application",
            "app",
            "app_kubernetes_io_name",
            "destination_workload",
            "deployment",
            "exported_job",
            "job",
        ];
        Self {
            name: "prometheus".to_owned(),
            url: "http://127.0.0.1:9090".to_owned(),
            ui: String::new(),
            auth: Auth::None,
            headers: BTreeMap::new(),
            tls: Tls::default(),
            budget: Budget::default(),
            metrics: Vec::new(),
            system_labels: labels.map(str::to_owned).to_vec(),
            alerts: true,
        }
    }
}

/// A Prometheus that can be asked.
pub struct Prometheus {
    config: Config,
    http: Http,
    /// What there is to pull, found once.
    metrics: OnceCell<Vec<MetricRule>>,
    /// It was asked for exemplars, and has none to give.
    lacks_exemplars: AtomicBool,
}

/// Makes the source ready to be asked. What it says is figures, which the settings of reading do not concern.
pub fn connect(config: &Config, _: &Settings) -> Result<Arc<dyn Source>, SourceError> {
    Ok(Arc::new(Prometheus::new(config.clone())?))
}

impl Prometheus {
    pub fn new(config: Config) -> Result<Self, SourceError> {
        checked(&config.ui)?;
        let http = Http::new(&Connection {
            url: config.url.clone(),
            auth: config.auth.clone(),
            headers: config.headers.clone(),
            tls: config.tls.clone(),
            budget: config.budget.clone(),
        })?;
        Ok(Self { config, http, metrics: OnceCell::new(), lacks_exemplars: AtomicBool::new(false) })
    }

    /// Sends a read and judges what came back by status and body.
    async fn ask(&self, request: &Request<'_>) -> Result<Reply, SourceError> {
        let mut answer = self.http.ask(request).await?;
        if answer.status.as_u16() == 405 && request.method == reqwest::Method::POST {
            let by_address = Request { method: reqwest::Method::GET, ..request.clone() };
            answer = self.http.ask(&by_address).await?; // Some gateways pass on nothing but GET.
        }
        self.judge(&answer).await
    }

    async fn judge(&self, answer: &Answer) -> Result<Reply, SourceError> {
        let endpoint = || self.http.endpoint().to_owned();
        let unreadable = |reason: String| SourceError::Unreadable { endpoint: endpoint(), reason };
        if answer.is_cut {
            return Err(unreadable(format!("it is longer than {} MB", self.config.budget.answer_megabytes)));
        }
        let reply = match decode::reply(&answer.body) {
            Ok(reply) => reply,
            Err(_) if !answer.status.is_success() => {
                let reason = format!("{}: {}", answer.status, self.http.excerpt(&answer.body).await);
                return Err(SourceError::BadQuery { endpoint: endpoint(), reason });
            }
            Err(_) if answer.body.trim_ascii_start().starts_with(b"<") => {
                return Err(unreadable("an HTML page, perhaps of a login in front of it".to_owned()));
            }
            Err(reason) => return Err(unreadable(reason)),
        };
        match reply.error() {
            Some(_) => {
                let reason = self.http.excerpt(reply.error().unwrap_or_default().as_bytes()).await;
                Err(SourceError::BadQuery { endpoint: endpoint(), reason })
            }
            None => Ok(reply),
        }
    }

    /// The metrics to pull, found by name where the configuration has none.
    async fn metrics(&self, deadline: Duration) -> Result<&[MetricRule], SourceError> {
        let found = self.metrics.get_or_try_init(|| async {
            if !self.config.metrics.is_empty() {
                return Ok(self.config.metrics.clone());
            }
            let metadata = self.ask(&Request::get("api/v1/metadata", Vec::new(), deadline)).await?;
            Ok(discover::rules(&metadata.metadata(), &self.config.system_labels))
        });
        found.await.map(Vec::as_slice)
    }

    fn range(&self, rule: &MetricRule, window: Window, step: Nanos, deadline: Duration) -> Request<'static> {
        let parameters = vec![
            ("query", rule.expression(step)),
            ("start", seconds(window.from)),
            ("end", seconds(window.to)),
            ("step", format!("{}", step.as_seconds())),
        ];
        Request::form("api/v1/query_range", parameters, deadline)
    }

    /// One metric over one slice of the window.
    async fn pull(
        &self,
        rule: &MetricRule,
        slice: Window,
        step: Nanos,
        deadline: Duration,
    ) -> Result<Batch, SourceError> {
        let reply = self.ask(&self.range(rule, slice, step, deadline)).await?;
        let mut batch = reply.into_series(rule, &self.config.system_labels, &self.config.name);
        let last = slice.to;
        for series in &mut batch.series {
            series.samples.retain(|sample| slice.from <= sample.time && sample.time <= last);
        }
        self.add_exemplars(rule, slice, step, deadline, &mut batch).await;
        Ok(batch)
    }

    /// Adds the traces that a server keeps beside what a metric is made of. Few do, and none owes it.
    async fn add_exemplars(
        &self,
        rule: &MetricRule,
        slice: Window,
        step: Nanos,
        deadline: Duration,
        batch: &mut Batch,
    ) {
        if batch.series.is_empty() || self.lacks_exemplars.load(Ordering::Relaxed) {
            return;
        }
        let parameters = vec![
            ("query", rule.expression(step)),
            ("start", seconds(slice.from)),
            ("end", seconds(slice.to)),
        ];
        let reply = match self.ask(&Request::form("api/v1/query_exemplars", parameters, deadline)).await {
            Ok(reply) => reply,
            Err(error) => {
                let is_refused = matches!(error, SourceError::BadQuery { .. });
                return self.lacks_exemplars.store(is_refused, Ordering::Relaxed);
            }
        };
        for (system, exemplar) in reply.into_exemplars(&self.config.system_labels) {
            for series in batch.series.iter_mut().filter(|series| series.system == system) {
                series.add_exemplars(vec![exemplar.clone()]);
            }
        }
    }

    fn fetch_metrics(
        &self,
        window: Window,
        step: Nanos,
        limit: usize,
        deadline: Duration,
    ) -> BoxStream<'_, Result<Batch, SourceError>> {
        let step = Nanos(step.0.max(1_000_000_000));
        let slices = slices(window, step);
        let rules = async move {
            match self.metrics(deadline).await {
                Ok(rules) => stream::iter(rules.iter().map(Ok)).left_stream(),
                Err(error) => stream::iter([Err(error)]).right_stream(),
            }
        };
        let pages = stream::once(rules).flatten().flat_map(move |rule| {
            let slices = if rule.is_ok() { slices.clone() } else { vec![window] };
            stream::iter(slices).map(move |slice| (rule.clone(), slice))
        });
        let at_once = self.config.budget.queries_at_once.max(1) as usize;
        let answers = pages
            .map(move |(rule, slice)| async move { self.pull(rule?, slice, step, deadline).await })
            .buffered(at_once);
        within_limit(answers, limit)
    }

    async fn fetch_alerts(&self, window: Window, deadline: Duration) -> Result<Batch, SourceError> {
        if !self.config.alerts {
            return Ok(Batch { completeness: Completeness::Full, ..Batch::default() });
        }
        let now = self.ask(&Request::get("api/v1/alerts", Vec::new(), deadline)).await?;
        let step = Nanos((window.length().0 / MOST_POINTS).max(15_000_000_000));
        let rule = MetricRule {
            name: "ALERTS".to_owned(),
            query: "ALERTS{alertstate=\"firing\"}".to_owned(),
            unit: String::new(),
        };
        let mut history = Vec::new();
        for slice in slices(window, step) {
            history.push(self.ask(&self.range(&rule, slice, step, deadline)).await?);
        }
        Ok(decode::alerts(&now, &history, window, step, &self.config))
    }
}

impl Source for Prometheus {
    fn name(&self) -> &str {
        &self.config.name
    }

    fn kind(&self) -> &'static str {
        "prometheus"
    }

    fn signals(&self) -> &'static [Signal] {
        if self.config.alerts { &[Signal::Metrics, Signal::Alerts] } else { &[Signal::Metrics] }
    }

    fn check(&self) -> BoxFuture<'_, Result<String, SourceError>> {
        Box::pin(async {
            let deadline = Duration::from_secs(5);
            let query = vec![("query", "vector(1)".to_owned())];
            self.ask(&Request::get("api/v1/query", query, deadline)).await?;
            // Clones need not know their version; that they answer is enough.
            let version = self.ask(&Request::get("api/v1/status/buildinfo", Vec::new(), deadline)).await;
            Ok(version.ok().and_then(|reply| reply.version()).unwrap_or_else(|| "answers".to_owned()))
        })
    }

    fn fetch(&self, query: Query) -> BoxStream<'_, Result<Batch, SourceError>> {
        let deadline = Duration::from_nanos(query.deadline.0.max(0).cast_unsigned());
        match query.wanted {
            Wanted::Metrics { step } => self.fetch_metrics(query.window, step, query.limit, deadline),
            Wanted::Alerts => within_limit(
                stream::once(async move { self.fetch_alerts(query.window, deadline).await }),
                query.limit,
            ),
            // Metrics carry no identifiers, and a Prometheus knows no logs and no changes.
            Wanted::Events | Wanted::Identifiers(_) | Wanted::Changes | Wanted::Tallies => {
                stream::empty().boxed()
            }
        }
    }

    fn as_command(&self, query: &Query) -> String {
        let deadline = Duration::from_secs(30);
        match &query.wanted {
            Wanted::Metrics { step } => {
                let rules = self.metrics.get().map_or(self.config.metrics.as_slice(), Vec::as_slice);
                let step = Nanos(step.0.max(1_000_000_000));
                let Some(slice) = slices(query.window, step).into_iter().next() else { return String::new() };
                let (url, ui) = (self.http.endpoint(), self.config.ui.as_str());
                // A block a metric, named by its first line: what `Y` on a series looks for.
                let blocks = rules.iter().map(|rule| {
                    let curl = self.http.as_curl(&self.range(rule, slice, step, deadline));
                    let expression = Some(rule.expression(step));
                    let sight =
                        Sight { kind: self.kind(), url, ui, query, expression: expression.as_deref() };
                    format!("# {}\n{}", rule.name, beneath(&curl, deep_link(&sight)))
                });
                blocks.collect::<Vec<_>>().join("\n\n")
            }
            Wanted::Alerts => self.http.as_curl(&Request::get("api/v1/alerts", Vec::new(), deadline)),
            Wanted::Events | Wanted::Identifiers(_) | Wanted::Changes | Wanted::Tallies => String::new(),
        }
    }

    fn notes(&self) -> Vec<String> {
        if self.config.tls.skip_verification {
            vec!["TLS verification is off".to_owned()]
        } else {
            Vec::new()
        }
    }

    fn queries(&self) -> u64 {
        self.http.queries()
    }
}

/// Passes pages on until there are `limit` samples and events, and calls what was cut partial; ends at the first error.
fn within_limit<'a>(
    pages: impl stream::Stream<Item = Result<Batch, SourceError>> + Send + 'a,
    limit: usize,
) -> BoxStream<'a, Result<Batch, SourceError>> {
    let mut left = limit;
    let mut ended = false;
    pages
        .take_while(move |page| {
            let goes_on = !ended;
            ended |= page.is_err();
            std::future::ready(goes_on)
        })
        .scan((), move |(), page| std::future::ready(keep(page, &mut left)))
        .boxed()
}

fn keep(page: Result<Batch, SourceError>, left: &mut usize) -> Option<Result<Batch, SourceError>> {
    let Ok(mut page) = page else { return Some(page) };
    if *left == 0 {
        return None;
    }
    let mut cut = false;
    let events = page.events.len().min(*left);
    cut |= events < page.events.len();
    page.events.truncate(events);
    *left -= events;
    for series in &mut page.series {
        let samples = series.samples.len().min(*left);
        cut |= samples < series.samples.len();
        series.samples.truncate(samples);
        *left -= samples;
    }
    page.series.retain(|series| !series.samples.is_empty());
    if cut {
        let reason = "cut off at the limit of rows".to_owned();
        match &mut page.completeness {
            Completeness::Partial(reasons) => reasons.push(reason),
            other => *other = Completeness::Partial(vec![reason]),
        }
    }
    Some(Ok(page))
}

/// The window in pieces that a server answers, aligned to the step. Both ends of a piece belong to it.
fn slices(window: Window, step: Nanos) -> Vec<Window> {
    let aligned = Time(window.from.0.div_euclid(step.0) * step.0);
    let mut from = if aligned < window.from { aligned + step } else { aligned };
    let mut slices = Vec::new();
    while from < window.to && slices.len() < 1_000 {
        let count = ((window.to - from).0 - 1) / step.0;
        let to = from + Nanos(count.min(MOST_POINTS) * step.0);
        slices.push(Window { from, to });
        from = to + step;
    }
    slices
}

/// Seconds with milliseconds: all that Prometheus keeps.
fn seconds(time: Time) -> String {
    format!("{:.3}", time.0.div_euclid(1_000_000) as f64 / 1e3)
}

#[cfg(test)]
mod tests;
