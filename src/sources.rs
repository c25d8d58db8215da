//! Where telemetry comes from, read-only. One file a backend; the rest of the program sees only [`Source`].

pub mod alertmanager;
pub mod argocd;
pub mod azure;
pub mod azuredevops;
pub mod bundled;
mod changes;
pub mod clickhouse;
mod collector;
mod counted;
pub mod datadog;
mod deep_links;
pub mod dynatrace;
pub mod elasticsearch;
pub mod figures;
pub mod files;
mod follow;
pub mod github;
pub mod gitlab;
mod held;
pub mod http;
pub mod jaeger;
pub mod jenkins;
pub mod kubernetes;
pub mod launchdarkly;
pub mod ledger;
mod live;
pub mod loki;
pub mod newrelic;
pub mod otlp;
pub mod pagerduty;
mod paging;
pub mod prometheus;
pub mod rabbitmq;
mod secret;
mod spans;
mod spelling;
pub mod splunk;
pub mod tempo;
pub mod victorialogs;
pub mod zipkin;

pub use collector::{Collector, first_questions, reach_of};
pub use counted::add_tallies;
pub use follow::{Followed, follow, typed};
pub use secret::{Secret, SecretText};

use crate::telemetry::{Batch, Nanos, Query, Signal, Window};
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use std::time::Duration;

/// A backend that can be asked for evidence.
pub trait Source: Send + Sync + 'static {
    /// The name from the configuration, shown beside everything that this source yields.
    fn name(&self) -> &str;

    /// The kind of backend, as in the configuration: `prometheus`.
    fn kind(&self) -> &'static str;

    /// What it can be asked for.
    fn signals(&self) -> &'static [Signal];

    /// Whether it answers as its kind should, and what it says of itself, such as its version.
    fn check(&self) -> BoxFuture<'_, Result<String, SourceError>>;

    /// Streams what matches, oldest first, page by page.
    ///
    /// Dropping the stream cancels the request; an `Err` is the last item.
    fn fetch(&self, query: Query) -> BoxStream<'_, Result<Batch, SourceError>>;

    /// How many events a window holds, if they are more than it may be asked for and it can count them instead.
    fn too_many(&self, _window: Window, _patience: Nanos) -> BoxFuture<'_, Result<Option<u64>, SourceError>> {
        Box::pin(async { Ok(None) })
    }

    /// The query as a command that a person can run by hand, secrets as variables.
    fn as_command(&self, query: &Query) -> String;

    /// Where a person sees the same in the backend's own UI.
    fn deep_link(&self, _query: &Query) -> Option<String> {
        None
    }

    /// What a person should always see beside this source, such as that verification is off.
    fn notes(&self) -> Vec<String> {
        Vec::new()
    }

    /// What it bears: no more often than this is it asked anything on its own account.
    fn least_pause(&self) -> Duration {
        Duration::ZERO
    }

    /// How many requests were sent so far.
    fn queries(&self) -> u64;
}

/// Why a source stopped. Each variant is something that a person can act on; no text holds a secret or a whole body.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum SourceError {
    #[error("cannot reach {endpoint}: {reason}")]
    Unreachable { endpoint: String, reason: String },
    #[error("{endpoint} refused the credentials ({status})")]
    Denied { endpoint: String, status: u16 },
    #[error("{endpoint} asked to slow down for {retry_after:?}")]
    Throttled { endpoint: String, retry_after: Duration },
    #[error("{endpoint} refused the query: {reason}")]
    BadQuery { endpoint: String, reason: String },
    #[error("the answer of {endpoint} could not be read: {reason}")]
    Unreadable { endpoint: String, reason: String },
    #[error(
        "{endpoint} sends us on to {to}: credentials go nowhere else, so set the url to where it really is"
    )]
    Misdirected { endpoint: String, to: String },
    #[error("{reason}")]
    Misconfigured { reason: String },
}
