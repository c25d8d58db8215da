//! RabbitMQ's management API: how deep the queues are, what waits in dead-letter queues, and how old the oldest message is.

use super::http::Request;
use super::live::{Ask, Backend, Base, CHECK_PATIENCE, Live, Page, completeness, source_config};
use super::{Source, SourceError};
use crate::ingest::Settings;
use crate::telemetry::{Batch, Query, Sample, Series, Signal, Time, Wanted};
use serde::Deserialize;
use serde_json::Value;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

source_config! { "rabbitmq" at "http://127.0.0.1:15672" {
    /// The system that its figures are shown under.
    system: String = "rabbitmq".to_owned(),
    /// Parts of names that tell a queue of dead letters.
    dead_letters: Vec<String> = ["dlq", "dlx", "dead", "parking", "poison"].map(str::to_owned).to_vec(),
} }

const PAGE: usize = 500;

pub(super) struct RabbitMq {
    base: Base,
    config: Config,
}

/// Makes the source ready to be asked.
pub fn connect(config: &Config, settings: &Settings) -> Result<Arc<dyn Source>, SourceError> {
    let base = Base::new::<RabbitMq>(&config.common(), settings)?;
    Ok(Arc::new(Live(RabbitMq { base, config: config.clone() })))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Reply {
    items: Option<Vec<Queue>>,
    page: usize,
    page_count: usize,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Queue {
    name: String,
    vhost: String,
    messages_ready: Option<f64>,
    messages_unacknowledged: Option<f64>,
    consumers: Option<f64>,
    /// Seconds since 1970 of the oldest message; text or nothing where it is not known.
    head_message_timestamp: Value,
    message_stats: Stats,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Stats {
    publish_details: Rate,
    deliver_get_details: Rate,
    redeliver_details: Rate,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Rate {
    rate: Option<f64>,
}

impl RabbitMq {
    fn request(page: usize, deadline: Duration) -> Request<'static> {
        let parameters = vec![
            ("page", (page + 1).to_string()),
            ("page_size", PAGE.to_string()),
            ("pagination", "true".to_owned()),
        ];
        Request::get("api/queues", parameters, deadline)
    }

    fn series(&self, queue: &Queue, now: Time) -> Vec<Series> {
        let reader = &self.base.reader;
        let name = queue.name.to_lowercase();
        let is_dead = self.config.dead_letters.iter().any(|part| name.contains(&part.to_lowercase()));
        let age = queue.head_message_timestamp.as_f64().filter(|seconds| *seconds > 0.0);
        let age = age.map(|seconds| ((now.0 as f64 / 1e9) - seconds).max(0.0));
        let figures = [
            (if is_dead { "dead letters" } else { "queue depth" }, "messages", queue.messages_ready),
            ("unacknowledged", "messages", queue.messages_unacknowledged),
            ("consumers", "consumers", queue.consumers),
            ("oldest message", "s", age),
            ("published", "/s", queue.message_stats.publish_details.rate),
            ("delivered", "/s", queue.message_stats.deliver_get_details.rate),
            ("redelivered", "/s", queue.message_stats.redeliver_details.rate),
        ];
        let known = figures.into_iter().filter_map(|(metric, unit, value)| {
            let value = value.filter(|value| value.is_finite())?;
            Some(Series {
                system: self.config.system.clone(),
                metric: metric.to_owned(),
                unit: unit.to_owned(),
                labels: vec![
                    ("queue".to_owned(), reader.safe(&queue.name)),
                    ("vhost".to_owned(), reader.safe(&queue.vhost)),
                ],
                exemplars: Vec::new(),
                samples: vec![Sample { time: now, value }],
                source: reader.backend().to_owned(),
            })
        });
        known.collect()
    }
}

impl Backend for RabbitMq {
    const KIND: &'static str = "rabbitmq";
    const READS: &'static [(&'static str, &'static str)] = &[("GET", "api/overview"), ("GET", "api/queues")];
    type Cursor = usize;

    fn base(&self) -> &Base {
        &self.base
    }

    fn signals(&self) -> &'static [Signal] {
        &[Signal::Metrics]
    }

    async fn check(&self) -> Result<String, SourceError> {
        let overview: Value =
            self.base.json(&Request::get("api/overview", Vec::new(), CHECK_PATIENCE)).await?;
        match overview.get("rabbitmq_version").and_then(Value::as_str) {
            Some(version) => Ok(self.base.reader.safe(version)),
            None => Err(self.base.unreadable("it has no `rabbitmq_version`, so something else answers here")),
        }
    }

    async fn page(&self, ask: Ask<'_, usize>) -> Result<Option<Page<usize>>, SourceError> {
        if !matches!(ask.query.wanted, Wanted::Metrics { .. }) {
            return Ok(Page::nothing());
        }
        let reply: Reply = self.base.json(&Self::request(ask.cursor, ask.deadline)).await?;
        let Some(queues) = reply.items else {
            return Err(self.base.unreadable("it has no `items`, so something else answers here"));
        };
        let now = now();
        let series = queues.iter().flat_map(|queue| self.series(queue, now)).collect();
        let batch = Batch { series, completeness: completeness(Vec::new()), ..Batch::default() };
        let next = (reply.page < reply.page_count).then_some(ask.cursor + 1);
        Ok(Some(Page { batch, next }))
    }

    fn command(&self, query: &Query) -> Option<Request<'static>> {
        matches!(query.wanted, Wanted::Metrics { .. }).then(|| Self::request(0, Duration::ZERO))
    }

    fn notes(&self) -> Vec<String> {
        vec!["knows the present only: figures begin when the cockpit does".to_owned()]
    }
}

/// The instant of an answer that carries none.
fn now() -> Time {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Time(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_has_a_depth_and_one_of_dead_letters_is_called_so() {
        let config = Config::default();
        let base = Base::new::<RabbitMq>(&config.common(), &Settings::default()).unwrap();
        let source = RabbitMq { base, config };
        let queue: Queue = serde_json::from_str(
            r#"{"name":"orders.DLQ","vhost":"/","messages_ready":7,"messages_unacknowledged":0,"consumers":1,"head_message_timestamp":1773480353,"message_stats":{"publish_details":{"rate":0.5}}}"#,
        )
        .unwrap();
        let series = source.series(&queue, Time(1_773_480_413_000_000_000));
        let value =
            |metric: &str| series.iter().find(|one| one.metric == metric).map(|one| one.samples[0].value);
        assert_eq!((value("dead letters"), value("queue depth")), (Some(7.0), None));
        assert_eq!((value("oldest message"), value("published")), (Some(60.0), Some(0.5)));
        let idle: Queue = serde_json::from_str(r#"{"name":"x","head_message_timestamp":""}"#).unwrap();
        assert!(source.series(&idle, Time(0)).is_empty());
    }
}
