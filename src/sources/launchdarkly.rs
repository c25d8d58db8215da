//! LaunchDarkly: what was done to feature flags, from the audit log.

use super::changes::batch;
use super::http::Request;
use super::live::{Ask, Backend, Base, CHECK_PATIENCE, Live, Page, ceil, in_millis, source_config};
use super::{Source, SourceError};
use crate::ingest::Settings;
use crate::telemetry::{Change, ChangeKind, Query, Signal, Time, Wanted, Window};
use serde::Deserialize;
use serde_json::Value;
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

source_config! { "launchdarkly" at "https://app.launchdarkly.com" {
    /// Whose changes are asked for: `proj/*:env/production:flag/*`.
    spec: String = "proj/*:env/*:flag/*".to_owned(),
} }

/// More are not given at a time.
const PAGE: usize = 20;
const MILLISECOND: i64 = 1_000_000;

pub(super) struct LaunchDarkly {
    base: Base,
    config: Config,
}

/// Makes the source ready to be asked.
pub fn connect(config: &Config, settings: &Settings) -> Result<Arc<dyn Source>, SourceError> {
    let base = Base::new::<LaunchDarkly>(&config.common(), settings)?;
    Ok(Arc::new(Live(LaunchDarkly { base, config: config.clone() })))
}

#[derive(Debug, Deserialize)]
struct Log {
    items: Vec<Entry>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Entry {
    #[serde(rename = "_id")]
    id: String,
    /// In milliseconds.
    date: i64,
    kind: String,
    name: String,
    title: String,
    #[serde(rename = "titleVerb")]
    verb: String,
    comment: String,
    member: Option<Member>,
    #[serde(rename = "_links")]
    links: Links,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
#[serde(rename_all = "camelCase")]
struct Member {
    first_name: String,
    last_name: String,
    email: String,
}

impl Member {
    /// The name; where there is none, the address, which is hidden like any other.
    fn name(&self) -> String {
        let name = format!("{} {}", self.first_name, self.last_name).trim().to_owned();
        if name.is_empty() { self.email.clone() } else { name }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Links {
    site: Link,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Link {
    href: String,
}

/// Where an answer is: it goes on before this millisecond, of which these are known.
#[derive(Debug, Default)]
pub(super) struct Cursor {
    before: Option<i64>,
    known: HashSet<String>,
}

impl LaunchDarkly {
    fn request(&self, window: Window, before: Option<i64>, deadline: Duration) -> Request<'static> {
        // Whether the ends belong to it is not written anywhere: a millisecond more on either side, and we look ourselves.
        let parameters = vec![
            ("after", (in_millis(window.from) - 1).to_string()),
            ("before", before.unwrap_or_else(|| ceil(window.to.0, MILLISECOND) + 1).to_string()),
            ("limit", PAGE.to_string()),
            ("spec", self.config.spec.clone()),
        ];
        Request::get("api/v2/auditlog", parameters, deadline)
    }

    fn change(&self, entry: &Entry) -> Change {
        let who = entry.member.as_ref().map(Member::name).unwrap_or_default();
        let did = match (entry.title.as_str(), entry.verb.as_str()) {
            ("", "") => format!("changed {} {}", entry.kind, entry.name),
            ("", verb) => format!("{verb} {}", entry.name),
            (title, _) => title.to_owned(),
        };
        let by = if who.is_empty() || did.contains(&who) { String::new() } else { format!(" by {who}") };
        let comment = if entry.comment.is_empty() { String::new() } else { format!(": {}", entry.comment) };
        let link = entry.links.site.href.as_str();
        let url = if link.starts_with('/') {
            self.base.link(link.trim_start_matches('/'))
        } else {
            link.to_owned()
        };
        Change {
            id: entry.id.clone(),
            time: Time::from_millis(entry.date),
            // A flag is no system; which one reads it is not said.
            system: None,
            kind: ChangeKind::Flag,
            text: self.base.reader.safe(&format!("{did}{by}{comment}")),
            source: self.base.reader.reference(&url),
        }
    }
}

impl Backend for LaunchDarkly {
    const KIND: &'static str = "launchdarkly";
    const READS: &'static [(&'static str, &'static str)] = &[("GET", "api/v2/auditlog")];
    type Cursor = Cursor;

    fn base(&self) -> &Base {
        &self.base
    }

    fn signals(&self) -> &'static [Signal] {
        &[Signal::Changes]
    }

    async fn check(&self) -> Result<String, SourceError> {
        let parameters = vec![("limit", "1".to_owned())];
        let said: Value =
            self.base.json(&Request::get("api/v2/auditlog", parameters, CHECK_PATIENCE)).await?;
        match said.get("items").and_then(Value::as_array) {
            Some(_) => Ok("answers".to_owned()),
            None => Err(self.base.unreadable("it has no `items`, so something else answers here")),
        }
    }

    async fn page(&self, ask: Ask<'_, Cursor>) -> Result<Option<Page<Cursor>>, SourceError> {
        if ask.query.wanted != Wanted::Changes {
            return Ok(Page::nothing());
        }
        let (window, mut cursor) = (ask.window(), ask.cursor);
        let log: Log = self.base.json(&self.request(window, cursor.before, ask.deadline)).await?;
        let oldest = log.items.iter().map(|entry| entry.date).min();
        let newest = log.items.iter().map(|entry| entry.date).max();
        let is_full = log.items.len() >= PAGE;
        let new: Vec<&Entry> = log.items.iter().filter(|entry| !cursor.known.contains(&entry.id)).collect();
        let mut reasons = Vec::new();
        let is_stuck = is_full && (oldest == newest || new.is_empty());
        if is_stuck {
            reasons.push(format!("{PAGE} or more entries at one instant: only so many can be asked for"));
        }
        let changes = new.iter().map(|entry| self.change(entry)).collect();
        let goes_on = is_full && !is_stuck && oldest.is_some_and(|oldest| oldest >= in_millis(window.from));
        // The oldest instant is asked for once more: it may go on behind the page.
        cursor.before = oldest.map(|oldest| oldest + 1);
        cursor.known = log
            .items
            .iter()
            .filter(|entry| Some(entry.date) == oldest)
            .map(|entry| entry.id.clone())
            .collect();
        Ok(Some(Page { batch: batch(changes, reasons), next: goes_on.then_some(cursor) }))
    }

    fn least_pause(&self) -> Duration {
        Duration::from_secs(30)
    }

    fn command(&self, query: &Query) -> Option<Request<'static>> {
        (query.wanted == Wanted::Changes).then(|| self.request(query.window, None, Duration::ZERO))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_says_who_did_what_and_why() {
        let config = Config::default();
        let base = Base::new::<LaunchDarkly>(&config.common(), &Settings::default()).unwrap();
        let source = LaunchDarkly { base, config };
        let entry: Entry = serde_json::from_value(serde_json::json!({
            "_id": "5a", "date": 1_773_480_413_589_i64, "kind": "flag", "name": "new-tax", "titleVerb": "turned on the flag",
            "member": { "firstName": "Ana", "email": "ana@example.net" }, "comment": "for all", "_links": { "site": { "href": "/default/production/features/new-tax" } } }))
        .unwrap();
        let change = source.change(&entry);
        assert_eq!(change.text, "turned on the flag new-tax by Ana: for all");
        assert_eq!((change.time, change.kind), (Time(1_773_480_413_589_000_000), ChangeKind::Flag));
    }
}
