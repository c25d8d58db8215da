//! Kubernetes: rollouts and scaling as changes, warnings as alerts. Events are kept for about an hour there.

use super::changes::batch;
use super::http::{Request, segment};
use super::live::{Ask, Backend, Base, CHECK_PATIENCE, Live, Page, events, source_config};
use super::{Source, SourceError};
use crate::ingest::{Record, Settings};
use crate::telemetry::{Change, ChangeKind, Event, EventKind, Query, Severity, Signal, Time, Wanted};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

source_config! { "kubernetes" at "https://127.0.0.1:6443" {
    /// Namespaces that are asked; empty for all, which takes the right to list across them.
    namespaces: Vec<String> = Vec::new(),
} }

const PAGE: usize = 500;

pub(super) struct Kubernetes {
    base: Base,
    config: Config,
}

/// Makes the source ready to be asked.
pub fn connect(config: &Config, settings: &Settings) -> Result<Arc<dyn Source>, SourceError> {
    let base = Base::new::<Kubernetes>(&config.common(), settings)?;
    Ok(Arc::new(Live(Kubernetes { base, config: config.clone() })))
}

/// Where an answer is: which namespace, which list, and the server's own mark in it.
#[derive(Debug, Default)]
pub(super) struct Cursor {
    namespace: usize,
    list: List,
    mark: String,
    /// Images by workload and revision, to tell what a rollout changed.
    sets: Vec<ReplicaSet>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum List {
    #[default]
    Events,
    ReplicaSets,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Reply {
    kind: String,
    metadata: ListMetadata,
    items: Vec<Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ListMetadata {
    #[serde(rename = "continue")]
    mark: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Happened {
    metadata: Metadata,
    involved_object: Object,
    reason: String,
    message: String,
    #[serde(rename = "type")]
    kind: String,
    event_time: Option<String>,
    last_timestamp: Option<String>,
    first_timestamp: Option<String>,
    count: Option<u64>,
    series: Option<Series>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Series {
    count: u64,
    last_observed_time: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Object {
    kind: String,
    name: String,
    namespace: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Metadata {
    uid: String,
    name: String,
    namespace: String,
    creation_timestamp: String,
    annotations: BTreeMap<String, String>,
    owner_references: Vec<Owner>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Owner {
    kind: String,
    name: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct ReplicaSet {
    metadata: Metadata,
    spec: Value,
}

impl Happened {
    fn time(&self) -> Option<Time> {
        let last = self.series.as_ref().and_then(|series| series.last_observed_time.as_deref());
        let all = [
            last,
            self.last_timestamp.as_deref(),
            self.event_time.as_deref(),
            self.first_timestamp.as_deref(),
        ];
        all.into_iter().flatten().chain([self.metadata.creation_timestamp.as_str()]).find_map(Time::parse)
    }

    fn times(&self) -> u64 {
        self.series.as_ref().map(|series| series.count).or(self.count).unwrap_or(1)
    }
}

/// The workload of an object: a pod without its two random endings, a replica set without its one.
fn workload(kind: &str, name: &str) -> String {
    let endings = match kind {
        "Pod" => 2,
        "ReplicaSet" | "Job" => 1,
        _ => 0,
    };
    let mut parts: Vec<&str> = name.split('-').collect();
    for place in 0..endings {
        let last = parts.last().copied().unwrap_or_default();
        let is_random =
            last.len() >= 4 && last.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
        // A set's number has digits or no vowels; a word does not.
        let is_word = place > 0 && last.bytes().any(|byte| b"aeiou".contains(&byte));
        // A stateful set's pods are numbered.
        let is_number = !last.is_empty() && last.bytes().all(|byte| byte.is_ascii_digit());
        if parts.len() < 2 || !(is_random || is_number) || is_word {
            break;
        }
        parts.pop();
        if is_number {
            break;
        }
    }
    parts.join("-")
}

impl Kubernetes {
    fn path(&self, cursor: &Cursor) -> String {
        let group = if cursor.list == List::Events { "api/v1" } else { "apis/apps/v1" };
        let list = if cursor.list == List::Events { "events" } else { "replicasets" };
        match self.config.namespaces.get(cursor.namespace) {
            Some(namespace) => format!("{group}/namespaces/{}/{list}", segment(namespace)),
            None => format!("{group}/{list}"),
        }
    }

    fn request(&self, cursor: &Cursor, wanted: &Wanted, deadline: Duration) -> Request<'static> {
        let mut parameters = vec![("limit", PAGE.to_string())];
        if !cursor.mark.is_empty() {
            parameters.push(("continue", cursor.mark.clone()));
        }
        if *wanted == Wanted::Alerts {
            parameters.push(("fieldSelector", "type=Warning".to_owned()));
        }
        Request::get(self.path(cursor), parameters, deadline)
    }

    fn alert(&self, happened: &Happened) -> Option<Event> {
        let object = &happened.involved_object;
        let times = match happened.times() {
            0 | 1 => String::new(),
            times => format!(" (×{times})"),
        };
        self.base.reader.event(Record {
            time: happened.time(),
            system: Some(workload(&object.kind, &object.name)),
            kind: Some(EventKind::Alert),
            severity: Severity::WARN,
            operation: Some(happened.reason.clone()),
            message: format!("{}: {}{times}", happened.reason, happened.message),
            fields: vec![
                ("object".to_owned(), format!("{} {}", object.kind, object.name)),
                ("namespace".to_owned(), object.namespace.clone()),
            ],
            ..Record::default()
        })
    }

    /// Events that say that somebody or something changed the estate.
    fn change(&self, happened: &Happened) -> Option<Change> {
        let kind = match happened.reason.as_str() {
            "ScalingReplicaSet" | "SuccessfulRescale" | "TriggeredScaleUp" => ChangeKind::Scale,
            "NodeNotReady" | "NodeReady" | "Cordon" | "Uncordon" | "Drain" | "RemovingNode" | "Rebooted"
            | "RegisteredNode" | "DeletingNode" => ChangeKind::Infrastructure,
            "DeploymentRollback" => ChangeKind::Deploy,
            _ => return None,
        };
        let object = &happened.involved_object;
        Some(Change {
            id: self.base.reader.safe(&happened.metadata.uid),
            time: happened.time()?,
            system: Some(self.base.reader.safe(&workload(&object.kind, &object.name))),
            kind,
            text: self.base.reader.safe(&format!("{}: {}", happened.reason, happened.message)),
            source: self.base.reader.reference(&self.base.link("api/v1/events")),
        })
    }

    fn rollouts(&self, sets: &[ReplicaSet]) -> Vec<Change> {
        let revision = |set: &ReplicaSet| -> Option<u64> {
            set.metadata.annotations.get("deployment.kubernetes.io/revision")?.parse().ok()
        };
        let owner = |set: &ReplicaSet| {
            let owners = set.metadata.owner_references.iter();
            owners.into_iter().find(|owner| owner.kind == "Deployment").map(|owner| owner.name.clone())
        };
        let mut changes = Vec::new();
        for set in sets {
            let (Some(number), Some(name), Some(time)) =
                (revision(set), owner(set), Time::parse(&set.metadata.creation_timestamp))
            else {
                continue;
            };
            let is_before = |other: &&ReplicaSet| {
                other.metadata.namespace == set.metadata.namespace
                    && owner(other).as_ref() == Some(&name)
                    && revision(other).is_some_and(|other| other < number)
            };
            let before = sets.iter().filter(is_before).max_by_key(|other| revision(other));
            let was = before.map(images).unwrap_or_default();
            let is = images(set);
            let text = match before {
                Some(_) if was == is => {
                    format!("rollout of revision {number}: its settings changed, its images did not")
                }
                Some(_) => {
                    format!("rollout of revision {number}: {} instead of {}", is.join(", "), was.join(", "))
                }
                None => format!("rollout of revision {number}: {}", is.join(", ")),
            };
            changes.push(Change {
                id: self.base.reader.safe(&format!("{}/{}", set.metadata.namespace, set.metadata.name)),
                time,
                system: Some(self.base.reader.safe(&name)),
                kind: if before.is_some() && was == is { ChangeKind::Config } else { ChangeKind::Deploy },
                text: self.base.reader.safe(&text),
                source: self.base.reader.reference(&self.base.link("apis/apps/v1/replicasets")),
            });
        }
        changes
    }
}

fn images(set: &ReplicaSet) -> Vec<String> {
    let containers = set.spec.pointer("/template/spec/containers").and_then(Value::as_array);
    let images = containers.into_iter().flatten().filter_map(|one| one.get("image")?.as_str());
    images.map(str::to_owned).collect()
}

impl Backend for Kubernetes {
    const KIND: &'static str = "kubernetes";
    const READS: &'static [(&'static str, &'static str)] = &[
        ("GET", "version"),
        ("GET", "api/v1/events"),
        ("GET", "api/v1/namespaces/*/events"),
        ("GET", "apis/apps/v1/replicasets"),
        ("GET", "apis/apps/v1/namespaces/*/replicasets"),
    ];
    type Cursor = Cursor;

    fn base(&self) -> &Base {
        &self.base
    }

    fn signals(&self) -> &'static [Signal] {
        &[Signal::Changes, Signal::Alerts]
    }

    async fn check(&self) -> Result<String, SourceError> {
        let version: Value = self.base.json(&Request::get("version", Vec::new(), CHECK_PATIENCE)).await?;
        match version.get("gitVersion").and_then(Value::as_str) {
            Some(version) => Ok(self.base.reader.safe(version)),
            None => Err(self.base.unreadable("it has no `gitVersion`, so something else answers here")),
        }
    }

    async fn page(&self, ask: Ask<'_, Cursor>) -> Result<Option<Page<Cursor>>, SourceError> {
        let mut cursor = ask.cursor;
        let wanted = &ask.query.wanted;
        if !matches!(wanted, Wanted::Alerts | Wanted::Changes) {
            return Ok(Page::nothing());
        }
        let mut request = self.request(&cursor, wanted, ask.deadline);
        if cursor.list == List::ReplicaSets {
            request.parameters.retain(|(name, _)| *name != "fieldSelector");
        }
        let reply: Reply = self.base.json(&request).await?;
        if !reply.kind.ends_with("List") {
            return Err(self.base.unreadable("it is no list, so something else answers here"));
        }
        cursor.mark = reply.metadata.mark.unwrap_or_default();
        let mut page = match (cursor.list, wanted) {
            (List::Events, Wanted::Alerts) => {
                let happened = reply.items.into_iter().filter_map(|item| Happened::deserialize(item).ok());
                let alerts = happened.filter(|one| one.kind == "Warning").filter_map(|one| self.alert(&one));
                events(alerts.collect(), Vec::new())
            }
            (List::Events, _) => {
                let happened = reply.items.into_iter().filter_map(|item| Happened::deserialize(item).ok());
                batch(happened.filter_map(|one| self.change(&one)).collect(), Vec::new())
            }
            (List::ReplicaSets, _) => {
                cursor
                    .sets
                    .extend(reply.items.into_iter().filter_map(|item| ReplicaSet::deserialize(item).ok()));
                // Only when all are known can it be said what came before.
                let rollouts = if cursor.mark.is_empty() {
                    self.rollouts(&std::mem::take(&mut cursor.sets))
                } else {
                    Vec::new()
                };
                batch(rollouts, Vec::new())
            }
        };
        page.issues.clear();
        if cursor.mark.is_empty() {
            if cursor.list == List::Events && *wanted == Wanted::Changes {
                cursor.list = List::ReplicaSets;
            } else {
                cursor = Cursor { namespace: cursor.namespace + 1, ..Cursor::default() };
            }
        }
        let is_done = cursor.namespace >= self.config.namespaces.len().max(1);
        Ok(Some(Page { batch: page, next: (!is_done).then_some(cursor) }))
    }

    fn least_pause(&self) -> Duration {
        Duration::from_secs(15)
    }

    fn command(&self, query: &Query) -> Option<Request<'static>> {
        let is_known = matches!(query.wanted, Wanted::Alerts | Wanted::Changes);
        is_known.then(|| self.request(&Cursor::default(), &query.wanted, Duration::ZERO))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source() -> Kubernetes {
        let config = Config::default();
        let base = Base::new::<Kubernetes>(&config.common(), &Settings::default()).unwrap();
        Kubernetes { base, config }
    }

    #[test]
    fn pods_and_sets_are_named_after_their_workload() {
        for (kind, name, expected) in [
            ("Pod", "orders-api-7d9c8b6f5-x2x4z", "orders-api"),
            ("Pod", "kafka-0", "kafka"),
            ("Pod", "lonely", "lonely"),
            ("ReplicaSet", "orders-api-7d9c8b6f5", "orders-api"),
            ("Deployment", "orders-api", "orders-api"),
            ("Node", "node-1", "node-1"),
        ] {
            assert_eq!(workload(kind, name), expected, "{kind} {name}");
        }
    }

    #[test]
    fn a_rollout_says_which_images_came_and_went() {
        let set = |revision: u32, image: &str, at: &str| -> ReplicaSet {
            serde_json::from_value(serde_json::json!({
                "metadata": {"name": format!("orders-api-{revision}"), "namespace": "prod", "creationTimestamp": at,
                    "annotations": {"deployment.kubernetes.io/revision": revision.to_string()},
                    "ownerReferences": [{"kind": "Deployment", "name": "orders-api"}]},
                "spec": {"template": {"spec": {"containers": [{"name": "app", "image": image}]}}}}))
            .unwrap()
        };
        let changes = source().rollouts(&[
            set(2, "orders:1.1", "2026-03-14T09:20:00Z"),
            set(1, "orders:1.0", "2026-03-13T09:20:00Z"),
            set(3, "orders:1.1", "2026-03-14T09:25:00Z"),
        ]);
        assert_eq!(changes[0].text, "rollout of revision 2: orders:1.1 instead of orders:1.0");
        assert_eq!((changes[2].kind, changes[0].kind), (ChangeKind::Config, ChangeKind::Deploy));
    }

    #[test]
    fn a_warning_is_dated_by_when_it_was_seen_last() {
        let happened: Happened = serde_json::from_str(
            r#"{"metadata":{"uid":"u","creationTimestamp":"2026-03-14T09:00:00Z"},"involvedObject":{"kind":"Pod","name":"orders-api-7d9c8b6f5-x2x4z","namespace":"prod"},
            "reason":"BackOff","message":"Back-off restarting failed container","type":"Warning","eventTime":null,"lastTimestamp":"2026-03-14T09:26:53Z","count":12}"#,
        )
        .unwrap();
        let alert = source().alert(&happened).unwrap();
        assert_eq!(alert.time, Time::parse("2026-03-14T09:26:53Z").unwrap());
        assert_eq!(alert.body, "BackOff: Back-off restarting failed container (×12)");
        assert!(source().change(&happened).is_none());
    }
}
