//! Azure DevOps: builds of a project, or, where it answers at the host of releases, its deployments.

use super::changes::{batch, short};
use super::http::Request;
use super::live::{Ask, Backend, Base, CHECK_PATIENCE, Live, Page, source_config};
use super::{Source, SourceError};
use crate::ingest::Settings;
use crate::telemetry::{Change, ChangeKind, Query, Signal, Time, Wanted, Window};
use serde::Deserialize;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;

source_config! { "azuredevops" at "https://dev.azure.com/organisation/project" {
    /// Ask for deployments of releases; the `url` is then `https://vsrm.dev.azure.com/organisation/project`.
    releases: bool = false,
} }

const PAGE: usize = 100;
const VERSION: (&str, &str) = ("api-version", "7.1");

pub(super) struct AzureDevOps {
    base: Base,
    config: Config,
}

/// Makes the source ready to be asked.
pub fn connect(config: &Config, settings: &Settings) -> Result<Arc<dyn Source>, SourceError> {
    let base = Base::new::<AzureDevOps>(&config.common(), settings)?;
    Ok(Arc::new(Live(AzureDevOps { base, config: config.clone() })))
}

#[derive(Debug, Deserialize)]
struct List<T> {
    value: Vec<T>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Build {
    id: i64,
    build_number: String,
    status: String,
    result: Option<String>,
    start_time: Option<String>,
    finish_time: Option<String>,
    source_version: String,
    source_branch: String,
    definition: Named,
    requested_for: Person,
    #[serde(rename = "_links")]
    links: Links,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Deployment {
    id: i64,
    deployment_status: String,
    started_on: Option<String>,
    completed_on: Option<String>,
    release: Release,
    release_definition: Named,
    release_environment: Named,
    requested_for: Person,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Release {
    name: String,
    #[serde(rename = "_links")]
    links: Links,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Named {
    name: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Person {
    display_name: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Links {
    web: Link,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Link {
    href: String,
}

/// A time that is there and is one: what has not begun has none, or one of the year 1.
fn time(texts: [&Option<String>; 2]) -> Option<Time> {
    texts.into_iter().flatten().filter_map(|text| Time::parse(text)).find(|time| time.0 > 0)
}

fn by(person: &Person) -> String {
    if person.display_name.is_empty() { String::new() } else { format!(" by {}", person.display_name) }
}

impl AzureDevOps {
    fn request(&self, window: Window, token: Option<String>, deadline: Duration) -> Request<'static> {
        let (path, names) = if self.config.releases {
            ("_apis/release/deployments", ["minStartedTime", "maxStartedTime"])
        } else {
            ("_apis/build/builds", ["minTime", "maxTime"])
        };
        let order = if self.config.releases { "ascending" } else { "finishTimeAscending" };
        let mut parameters = vec![
            (names[0], window.from.rfc3339()),
            (names[1], window.to.rfc3339()),
            ("queryOrder", order.to_owned()),
            ("$top", PAGE.to_string()),
            (VERSION.0, VERSION.1.to_owned()),
        ];
        parameters.extend(token.map(|token| ("continuationToken", token)));
        Request::get(path, parameters, deadline)
    }

    fn built(&self, build: &Build) -> Option<Change> {
        let outcome = build.result.as_deref().unwrap_or(&build.status);
        let branch = build.source_branch.trim_start_matches("refs/heads/");
        let text = format!(
            "{} build {} ({} of {branch}){}: {outcome}",
            build.definition.name,
            build.build_number,
            short(&build.source_version),
            by(&build.requested_for)
        );
        let time = time([&build.finish_time, &build.start_time])?;
        Some(self.change(format!("build/{}", build.id), time, &build.definition.name, &text, &build.links))
    }

    fn deployed(&self, one: &Deployment) -> Option<Change> {
        let text = format!(
            "deployed {} to {}{}: {}",
            one.release.name,
            one.release_environment.name,
            by(&one.requested_for),
            one.deployment_status
        );
        let time = time([&one.completed_on, &one.started_on])?;
        let system = &one.release_definition.name;
        Some(self.change(format!("deployment/{}", one.id), time, system, &text, &one.release.links))
    }

    fn change(&self, id: String, time: Time, system: &str, text: &str, links: &Links) -> Change {
        Change {
            id: format!("{}/{id}", self.base.name()),
            time,
            system: Some(self.base.reader.safe(system)).filter(|name| !name.is_empty()),
            kind: ChangeKind::Deploy,
            text: self.base.reader.safe(text),
            source: self.base.reader.reference(&links.web.href),
        }
    }
}

impl Backend for AzureDevOps {
    const KIND: &'static str = "azuredevops";
    const READS: &'static [(&'static str, &'static str)] = &[
        ("GET", "_apis/build/builds"),
        ("GET", "_apis/build/definitions"),
        ("GET", "_apis/release/deployments"),
        ("GET", "_apis/release/definitions"),
    ];
    /// The token that the page before gave.
    type Cursor = Option<String>;

    fn base(&self) -> &Base {
        &self.base
    }

    fn signals(&self) -> &'static [Signal] {
        &[Signal::Changes]
    }

    async fn check(&self) -> Result<String, SourceError> {
        let path = if self.config.releases { "_apis/release/definitions" } else { "_apis/build/definitions" };
        let parameters = vec![("$top", "1".to_owned()), (VERSION.0, VERSION.1.to_owned())];
        let said: Value = self.base.json(&Request::get(path, parameters, CHECK_PATIENCE)).await?;
        match said.get("value").and_then(Value::as_array) {
            Some(_) => Ok("answers".to_owned()),
            None => Err(self.base.unreadable("it has no `value`, so something else answers here")),
        }
    }

    async fn page(&self, ask: Ask<'_, Option<String>>) -> Result<Option<Page<Option<String>>>, SourceError> {
        if ask.query.wanted != Wanted::Changes {
            return Ok(Page::nothing());
        }
        let answer = self.base.whole(&self.request(ask.window(), ask.cursor, ask.deadline)).await?;
        let changes: Vec<Change> = if self.config.releases {
            let found: List<Deployment> = self.base.parse(&answer)?;
            found.value.iter().filter_map(|one| self.deployed(one)).collect()
        } else {
            let found: List<Build> = self.base.parse(&answer)?;
            found.value.iter().filter_map(|one| self.built(one)).collect()
        };
        // A token may stand behind the last page too; an empty page ends it.
        let next = answer.continuation.filter(|_| !changes.is_empty());
        Ok(Some(Page { batch: batch(changes, Vec::new()), next: next.map(Some) }))
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
    fn builds_and_deployments_say_what_went_where_and_what_came_of_it() {
        let config = Config::default();
        let base = Base::new::<AzureDevOps>(&config.common(), &Settings::default()).unwrap();
        let source = AzureDevOps { base, config };
        let build: Build = serde_json::from_value(serde_json::json!({
            "id": 7, "buildNumber": "20260314.2", "status": "completed", "result": "succeeded", "finishTime": "2026-03-14T09:26:53.589Z",
            "sourceVersion": "9f1c2d3e4f5061728394a5b6c7d8e9f001122334", "sourceBranch": "refs/heads/main", "definition": { "name": "orders" },
            "requestedFor": { "displayName": "Ana" }, "_links": { "web": { "href": "https://dev.azure.com/x/_build/7" } } }))
        .unwrap();
        let change = source.built(&build).unwrap();
        assert_eq!(change.text, "orders build 20260314.2 (9f1c2d3e of main) by Ana: succeeded");
        assert_eq!(change.time, Time(1_773_480_413_589_000_000));
        let deployment: Deployment = serde_json::from_value(serde_json::json!({
            "id": 9, "deploymentStatus": "failed", "startedOn": "2026-03-14T09:26:53.589Z", "completedOn": "0001-01-01T00:00:00Z",
            "release": { "name": "Release-12" }, "releaseDefinition": { "name": "orders" }, "releaseEnvironment": { "name": "production" } }))
        .unwrap();
        let change = source.deployed(&deployment).unwrap();
        assert_eq!(change.text, "deployed Release-12 to production: failed");
        assert_eq!(change.time, Time(1_773_480_413_589_000_000), "what has not ended counts from its start");
    }
}
