//! Alertmanager: the alerts of now. It forgets what is resolved, so history comes from asking again, or from Prometheus.

use super::http::Request;
use super::live::{Ask, Backend, Base, CHECK_PATIENCE, Live, Page, events, source_config};
use super::{Source, SourceError};
use crate::ingest::{Record, Settings};
use crate::telemetry::{Event, EventKind, Query, Severity, Signal, Time, Wanted};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

source_config! { "alertmanager" at "http://127.0.0.1:9093" {
    /// Matchers that alerts must fit, such as `severity=~"page|critical"`.
    matchers: Vec<String> = Vec::new(),
    /// Show alerts that are silenced or inhibited too.
    suppressed: bool = true,
    /// Labels that may name the system, first match first.
    system_labels: Vec<String> =
        ["system", "service", "service_name", "app", "application", "deployment", "job"].map(str::to_owned).to_vec(),
} }

pub(super) struct Alertmanager {
    base: Base,
    config: Config,
}

/// Makes the source ready to be asked.
pub fn connect(config: &Config, settings: &Settings) -> Result<Arc<dyn Source>, SourceError> {
    let base = Base::new::<Alertmanager>(&config.common(), settings)?;
    Ok(Arc::new(Live(Alertmanager { base, config: config.clone() })))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Alert {
    fingerprint: String,
    labels: BTreeMap<String, String>,
    annotations: BTreeMap<String, String>,
    starts_at: String,
    #[serde(rename = "generatorURL")]
    generator_url: String,
    status: Status,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Status {
    state: String,
}

/// What a word under `severity` or `priority` says of an alert.
pub(super) fn severity(word: Option<&str>) -> Severity {
    match word.map(str::to_ascii_lowercase).as_deref() {
        Some("critical" | "page" | "fatal" | "p1" | "sev1" | "high") => Severity::FATAL,
        Some(word) => match Severity::from_word(word.as_bytes()) {
            Severity::UNSET => Severity::WARN,
            severity => severity,
        },
        None => Severity::WARN,
    }
}

impl Alertmanager {
    fn request(&self, deadline: Duration) -> Request<'static> {
        let shown = self.config.suppressed.to_string();
        let mut parameters =
            vec![("active", "true".to_owned()), ("silenced", shown.clone()), ("inhibited", shown)];
        parameters.extend(self.config.matchers.iter().map(|matcher| ("filter", matcher.clone())));
        Request::get("api/v2/alerts", parameters, deadline)
    }

    fn event(&self, alert: Alert) -> Option<Event> {
        let time = Time::parse(&alert.starts_at)?;
        let system = self.config.system_labels.iter().find_map(|name| alert.labels.get(name)).cloned();
        let name = alert.labels.get("alertname").map_or("alert", String::as_str).to_owned();
        let said = ["summary", "description", "message"].iter().find_map(|key| alert.annotations.get(*key));
        let mut fields: Vec<(String, String)> = alert.labels.clone().into_iter().collect();
        fields.push(("state".to_owned(), alert.status.state));
        fields.push(("fingerprint".to_owned(), alert.fingerprint));
        self.base.reader.event(Record {
            time: Some(time),
            system,
            kind: Some(EventKind::Alert),
            severity: severity(alert.labels.get("severity").map(String::as_str)),
            message: said.map_or_else(|| name.clone(), |said| format!("{name}: {said}")),
            fields,
            url: alert.generator_url,
            ..Record::default()
        })
    }
}

impl Backend for Alertmanager {
    const KIND: &'static str = "alertmanager";
    const READS: &'static [(&'static str, &'static str)] =
        &[("GET", "api/v2/status"), ("GET", "api/v2/alerts")];
    type Cursor = ();

    fn base(&self) -> &Base {
        &self.base
    }

    fn signals(&self) -> &'static [Signal] {
        &[Signal::Alerts]
    }

    async fn check(&self) -> Result<String, SourceError> {
        let status: Value =
            self.base.json(&Request::get("api/v2/status", Vec::new(), CHECK_PATIENCE)).await?;
        let Some(cluster) = status.pointer("/cluster/status").and_then(Value::as_str) else {
            return Err(self.base.unreadable("it has no `cluster`, so something else answers here"));
        };
        let version = status.pointer("/versionInfo/version").and_then(Value::as_str).unwrap_or("answers");
        Ok(self.base.reader.safe(&format!("{version}, cluster {cluster}")))
    }

    async fn page(&self, ask: Ask<'_, ()>) -> Result<Option<Page<()>>, SourceError> {
        if ask.query.wanted != Wanted::Alerts {
            return Ok(Page::nothing());
        }
        let alerts: Vec<Alert> = self.base.json(&self.request(ask.deadline)).await?;
        let found = alerts.into_iter().filter_map(|alert| self.event(alert));
        Ok(Some(Page::last(events(found.collect(), Vec::new()))))
    }

    fn command(&self, query: &Query) -> Option<Request<'static>> {
        (query.wanted == Wanted::Alerts).then(|| self.request(Duration::ZERO))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alert_says_whose_it_is_and_how_bad() {
        let config = Config::default();
        let base = Base::new::<Alertmanager>(&config.common(), &Settings::default()).unwrap();
        let source = Alertmanager { base, config };
        let alert: Alert = serde_json::from_str(
            r#"{"fingerprint":"a1b2","labels":{"alertname":"OrdersErrorRate","severity":"page","service":"orders-api"},"annotations":{"summary":"error rate"},
            "startsAt":"2026-03-14T09:20:00Z","generatorURL":"http://prom/graph","status":{"state":"suppressed","silencedBy":["x"]},"new":1}"#,
        )
        .unwrap();
        let event = source.event(alert).unwrap();
        assert_eq!((event.system.as_str(), event.severity), ("orders-api", Severity::FATAL));
        assert_eq!(event.body, "OrdersErrorRate: error rate");
        assert!(event.attributes.contains(&("state".into(), "suppressed".into())));
    }
}
