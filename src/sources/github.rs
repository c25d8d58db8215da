//! GitHub: deployments with what became of them, and releases.

use super::changes::{batch, short};
use super::http::{Request, segment};
use super::live::{Ask, Backend, Base, CHECK_PATIENCE, Live, Page, source_config};
use super::{Source, SourceError};
use crate::ingest::Settings;
use crate::telemetry::{Change, ChangeKind, Query, Signal, Time, Wanted};
use serde::Deserialize;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;

source_config! { "github" at "https://api.github.com" {
    /// Repositories, each as `owner/name`.
    repositories: Vec<String> = Vec::new(),
    /// The environment whose deployments are asked for; empty for all.
    environment: String = String::new(),
    /// Show releases too.
    releases: bool = true,
} }

const PAGE: usize = 100;
/// Deployments whose outcome is asked for, one query each.
const MOST_OUTCOMES: usize = 50;

pub(super) struct GitHub {
    base: Base,
    config: Config,
}

/// Makes the source ready to be asked.
pub fn connect(config: &Config, settings: &Settings) -> Result<Arc<dyn Source>, SourceError> {
    for name in &config.repositories {
        if name.split('/').count() != 2 || name.split('/').any(str::is_empty) {
            let reason = format!("`{name}` is no repository: write owner/name");
            return Err(SourceError::Misconfigured { reason });
        }
    }
    let base = Base::new::<GitHub>(&config.common(), settings)?;
    Ok(Arc::new(Live(GitHub { base, config: config.clone() })))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Deployment {
    id: i64,
    sha: String,
    #[serde(rename = "ref")]
    reference: String,
    environment: String,
    created_at: String,
    creator: Person,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Person {
    login: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Outcome {
    state: String,
    log_url: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Release {
    id: i64,
    tag_name: String,
    name: Option<String>,
    published_at: Option<String>,
    html_url: String,
    draft: bool,
}

/// Where an answer is: the repository, and the page of its deployments.
#[derive(Debug, Default)]
pub(super) struct Cursor {
    repository: usize,
    page: usize,
}

impl GitHub {
    fn path(repository: &str, rest: &str) -> String {
        let (owner, name) = repository.split_once('/').unwrap_or((repository, ""));
        format!("repos/{}/{}/{rest}", segment(owner), segment(name))
    }

    fn get(path: String, parameters: Vec<(&'static str, String)>, deadline: Duration) -> Request<'static> {
        Request::get(path, parameters, deadline)
            .with_header("Accept", "application/vnd.github+json")
            .with_header("X-GitHub-Api-Version", "2022-11-28")
    }

    fn deployments(&self, repository: &str, page: usize, deadline: Duration) -> Request<'static> {
        let mut parameters = vec![("per_page", PAGE.to_string()), ("page", (page + 1).to_string())];
        if !self.config.environment.is_empty() {
            parameters.push(("environment", self.config.environment.clone()));
        }
        Self::get(Self::path(repository, "deployments"), parameters, deadline)
    }

    async fn outcome(
        &self,
        repository: &str,
        id: i64,
        deadline: Duration,
    ) -> Result<Option<Outcome>, SourceError> {
        let path = Self::path(repository, &format!("deployments/{id}/statuses"));
        let outcomes: Vec<Outcome> =
            self.base.json(&Self::get(path, vec![("per_page", "1".to_owned())], deadline)).await?;
        Ok(outcomes.into_iter().next())
    }

    fn deployed(&self, repository: &str, one: &Deployment, time: Time, outcome: Option<Outcome>) -> Change {
        let outcome = outcome.unwrap_or_default();
        let state = if outcome.state.is_empty() { String::new() } else { format!(": {}", outcome.state) };
        let who =
            if one.creator.login.is_empty() { String::new() } else { format!(" by {}", one.creator.login) };
        let text =
            format!("deployed {} ({}) to {}{who}{state}", short(&one.sha), one.reference, one.environment);
        self.change(repository, format!("deployment/{}", one.id), time, &text, &outcome.log_url)
    }

    fn change(&self, repository: &str, id: String, time: Time, text: &str, link: &str) -> Change {
        let system = repository.rsplit('/').next().unwrap_or(repository);
        Change {
            id: format!("{repository}/{id}"),
            time,
            system: Some(self.base.reader.safe(system)),
            kind: ChangeKind::Deploy,
            text: self.base.reader.safe(text),
            source: self.base.reader.reference(link),
        }
    }
}

impl Backend for GitHub {
    const KIND: &'static str = "github";
    const READS: &'static [(&'static str, &'static str)] = &[
        ("GET", "rate_limit"),
        ("GET", "repos/*/*/deployments"),
        ("GET", "repos/*/*/deployments/*/statuses"),
        ("GET", "repos/*/*/releases"),
    ];
    type Cursor = Cursor;

    fn base(&self) -> &Base {
        &self.base
    }

    fn signals(&self) -> &'static [Signal] {
        &[Signal::Changes]
    }

    async fn check(&self) -> Result<String, SourceError> {
        let limit: Value =
            self.base.json(&Self::get("rate_limit".to_owned(), Vec::new(), CHECK_PATIENCE)).await?;
        let left = limit.pointer("/resources/core/remaining").and_then(Value::as_u64);
        match left {
            Some(left) => Ok(format!("answers, {left} queries left this hour")),
            None => Err(self.base.unreadable("it has no `resources`, so something else answers here")),
        }
    }

    async fn page(&self, ask: Ask<'_, Cursor>) -> Result<Option<Page<Cursor>>, SourceError> {
        let (window, cursor) = (ask.window(), ask.cursor);
        if ask.query.wanted != Wanted::Changes {
            return Ok(Page::nothing());
        }
        let Some(repository) = self.config.repositories.get(cursor.repository) else {
            return Ok(Page::nothing());
        };
        let found: Vec<Deployment> =
            self.base.json(&self.deployments(repository, cursor.page, ask.deadline)).await?;
        let is_full = found.len() >= PAGE;
        let times = found.iter().filter_map(|one| Time::parse(&one.created_at));
        // They come newest first, and cannot be asked for by time.
        let is_past = times.min().is_some_and(|oldest| oldest < window.from);
        let mut reasons = Vec::new();
        let mut changes = Vec::new();
        for one in &found {
            let Some(time) = Time::parse(&one.created_at).filter(|time| window.contains(*time)) else {
                continue;
            };
            let outcome = if changes.len() < MOST_OUTCOMES {
                self.outcome(repository, one.id, ask.deadline).await?
            } else {
                reasons.push(format!("what became of deployments was asked for {MOST_OUTCOMES} of them"));
                None
            };
            changes.push(self.deployed(repository, one, time, outcome));
        }
        reasons.dedup();
        if self.config.releases && cursor.page == 0 {
            let path = Self::path(repository, "releases");
            let parameters = vec![("per_page", PAGE.to_string())];
            let releases: Vec<Release> = self.base.json(&Self::get(path, parameters, ask.deadline)).await?;
            for release in releases.iter().filter(|release| !release.draft) {
                let Some(time) = release.published_at.as_deref().and_then(Time::parse) else { continue };
                let name =
                    release.name.as_deref().filter(|name| !name.is_empty()).unwrap_or(&release.tag_name);
                let text = format!("released {name}");
                changes.push(self.change(
                    repository,
                    format!("release/{}", release.id),
                    time,
                    &text,
                    &release.html_url,
                ));
            }
        }
        let next = if is_full && !is_past {
            Cursor { page: cursor.page + 1, ..cursor }
        } else {
            Cursor { repository: cursor.repository + 1, page: 0 }
        };
        let next = (next.repository < self.config.repositories.len()).then_some(next);
        Ok(Some(Page { batch: batch(changes, reasons), next }))
    }

    // Five thousand queries an hour are all that a token has, and each deployment costs one.
    fn least_pause(&self) -> Duration {
        Duration::from_secs(60)
    }

    fn command(&self, query: &Query) -> Option<Request<'static>> {
        let repository = self.config.repositories.first()?;
        (query.wanted == Wanted::Changes).then(|| self.deployments(repository, 0, Duration::ZERO))
    }
}
