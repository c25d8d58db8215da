//! PagerDuty: incidents as alerts, and change events.

use super::alertmanager::severity;
use super::http::Request;
use super::live::{Ask, Backend, Base, CHECK_PATIENCE, Live, Page, completeness, events, source_config};
use super::{Source, SourceError};
use crate::ingest::{Record, Settings};
use crate::telemetry::{Batch, Change, ChangeKind, Event, EventKind, Query, Signal, Time, Wanted, Window};
use serde::Deserialize;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;

source_config! { "pagerduty" at "https://api.pagerduty.com" {
    /// Identifiers of services whose incidents are asked for; empty for all.
    services: Vec<String> = Vec::new(),
} }

/// The most that a page may hold, and where classic paging ends.
const PAGE: usize = 100;
const FURTHEST: usize = 10_000;

pub(super) struct PagerDuty {
    base: Base,
    config: Config,
}

/// Makes the source ready to be asked.
pub fn connect(config: &Config, settings: &Settings) -> Result<Arc<dyn Source>, SourceError> {
    let base = Base::new::<PagerDuty>(&config.common(), settings)?;
    Ok(Arc::new(Live(PagerDuty { base, config: config.clone() })))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Reply {
    incidents: Option<Vec<Incident>>,
    change_events: Option<Vec<Changed>>,
    more: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Incident {
    id: String,
    incident_number: u64,
    title: String,
    status: String,
    urgency: String,
    created_at: String,
    html_url: String,
    service: Reference,
    priority: Option<Reference>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Changed {
    id: String,
    summary: String,
    timestamp: String,
    services: Vec<Reference>,
    links: Vec<Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Reference {
    summary: String,
}

impl PagerDuty {
    fn request(
        &self,
        wanted: &Wanted,
        window: Window,
        offset: usize,
        deadline: Duration,
    ) -> Option<Request<'static>> {
        let mut parameters = vec![
            ("since", window.from.rfc3339()),
            ("until", window.to.rfc3339()),
            ("limit", PAGE.to_string()),
            ("offset", offset.to_string()),
        ];
        let path = match wanted {
            Wanted::Alerts => {
                parameters.push(("sort_by", "created_at:asc".to_owned()));
                parameters.extend(self.config.services.iter().map(|id| ("service_ids[]", id.clone())));
                "incidents"
            }
            Wanted::Changes => "change_events",
            _ => return None,
        };
        let version = "application/vnd.pagerduty+json;version=2";
        Some(Request::get(path, parameters, deadline).with_header("Accept", version))
    }

    fn event(&self, incident: Incident) -> Option<Event> {
        let priority = incident.priority.map(|priority| priority.summary);
        let fields = vec![
            ("incident".to_owned(), format!("#{}", incident.incident_number)),
            ("status".to_owned(), incident.status),
            ("urgency".to_owned(), incident.urgency.clone()),
            ("id".to_owned(), incident.id),
        ];
        self.base.reader.event(Record {
            time: Some(Time::parse(&incident.created_at)?),
            system: Some(incident.service.summary).filter(|name| !name.is_empty()),
            kind: Some(EventKind::Alert),
            severity: severity(Some(priority.as_deref().unwrap_or(&incident.urgency))),
            message: incident.title,
            fields,
            url: incident.html_url,
            ..Record::default()
        })
    }

    fn change(&self, changed: Changed) -> Option<Change> {
        let link = changed.links.first().and_then(|link| link.get("href")?.as_str()).unwrap_or_default();
        let system =
            changed.services.into_iter().next().map(|service| self.base.reader.safe(&service.summary));
        Some(Change {
            time: Time::parse(&changed.timestamp)?,
            system: system.filter(|name| !name.is_empty()),
            kind: ChangeKind::Deploy,
            text: self.base.reader.safe(&changed.summary),
            source: self.base.reader.reference(link),
            id: self.base.reader.safe(&changed.id),
        })
    }
}

impl Backend for PagerDuty {
    const KIND: &'static str = "pagerduty";
    const READS: &'static [(&'static str, &'static str)] =
        &[("GET", "abilities"), ("GET", "incidents"), ("GET", "change_events")];
    type Cursor = usize;

    fn base(&self) -> &Base {
        &self.base
    }

    fn signals(&self) -> &'static [Signal] {
        &[Signal::Alerts, Signal::Changes]
    }

    async fn check(&self) -> Result<String, SourceError> {
        let request = Request::get("abilities", Vec::new(), CHECK_PATIENCE)
            .with_header("Accept", "application/vnd.pagerduty+json;version=2");
        let abilities: Value = self.base.json(&request).await?;
        match abilities.get("abilities") {
            Some(Value::Array(_)) => Ok("answers".to_owned()),
            _ => Err(self.base.unreadable("it has no `abilities`, so something else answers here")),
        }
    }

    async fn page(&self, ask: Ask<'_, usize>) -> Result<Option<Page<usize>>, SourceError> {
        let offset = ask.cursor;
        let Some(request) = self.request(&ask.query.wanted, ask.window(), offset, ask.deadline) else {
            return Ok(Page::nothing());
        };
        let reply: Reply = self.base.json(&request).await?;
        let mut reasons = Vec::new();
        let next = offset + PAGE;
        let goes_on = reply.more && next < FURTHEST;
        if reply.more && !goes_on {
            reasons.push(format!("more than {FURTHEST} in this window: only so many can be asked for"));
        }
        let batch = match (reply.incidents, reply.change_events) {
            (Some(incidents), _) => {
                events(incidents.into_iter().filter_map(|incident| self.event(incident)).collect(), reasons)
            }
            (None, Some(changed)) => {
                let mut changes: Vec<Change> =
                    changed.into_iter().filter_map(|one| self.change(one)).collect();
                changes.sort_by_key(|change| change.time);
                Batch { changes, completeness: completeness(reasons), ..Batch::default() }
            }
            (None, None) => {
                return Err(self.base.unreadable("it has no list, so something else answers here"));
            }
        };
        Ok(Some(Page { batch, next: goes_on.then_some(next) }))
    }

    fn least_pause(&self) -> Duration {
        Duration::from_secs(15)
    }

    fn command(&self, query: &Query) -> Option<Request<'static>> {
        self.request(&query.wanted, query.window, 0, Duration::ZERO)
    }
}
