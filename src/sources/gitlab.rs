//! GitLab: deployments of projects.

use super::changes::{batch, short};
use super::http::{Request, segment};
use super::live::{Ask, Backend, Base, CHECK_PATIENCE, Live, Page, source_config};
use super::{Source, SourceError};
use crate::ingest::Settings;
use crate::telemetry::{Change, ChangeKind, Query, Signal, Time, Wanted, Window};
use serde::Deserialize;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;

source_config! { "gitlab" at "https://gitlab.com" {
    /// Projects, by number or as `group/name`.
    projects: Vec<String> = Vec::new(),
    /// The environment whose deployments are asked for; empty for all.
    environment: String = String::new(),
} }

const PAGE: usize = 100;

pub(super) struct GitLab {
    base: Base,
    config: Config,
}

/// Makes the source ready to be asked.
pub fn connect(config: &Config, settings: &Settings) -> Result<Arc<dyn Source>, SourceError> {
    let base = Base::new::<GitLab>(&config.common(), settings)?;
    Ok(Arc::new(Live(GitLab { base, config: config.clone() })))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Deployment {
    id: i64,
    status: String,
    sha: String,
    #[serde(rename = "ref")]
    reference: String,
    created_at: String,
    environment: Named,
    user: Named,
    deployable: Option<Job>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Named {
    name: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Job {
    finished_at: Option<String>,
    web_url: String,
}

/// Where an answer is: the project, and the page of its deployments.
#[derive(Debug, Default)]
pub(super) struct Cursor {
    project: usize,
    page: usize,
}

impl GitLab {
    fn request(&self, project: &str, window: Window, page: usize, deadline: Duration) -> Request<'static> {
        let mut parameters = vec![
            ("updated_after", window.from.rfc3339()),
            ("updated_before", window.to.rfc3339()),
            // The order must agree with what is filtered by.
            ("order_by", "updated_at".to_owned()),
            ("sort", "asc".to_owned()),
            ("per_page", PAGE.to_string()),
            ("page", (page + 1).to_string()),
        ];
        if !self.config.environment.is_empty() {
            parameters.push(("environment", self.config.environment.clone()));
        }
        Request::get(format!("api/v4/projects/{}/deployments", segment(project)), parameters, deadline)
    }

    fn change(&self, project: &str, one: &Deployment) -> Option<Change> {
        let job = one.deployable.as_ref();
        let finished = job.and_then(|job| job.finished_at.as_deref()).and_then(Time::parse);
        let time = finished.or_else(|| Time::parse(&one.created_at))?;
        let who = if one.user.name.is_empty() { String::new() } else { format!(" by {}", one.user.name) };
        let text = format!(
            "deployed {} ({}) to {}{who}: {}",
            short(&one.sha),
            one.reference,
            one.environment.name,
            one.status
        );
        Some(Change {
            id: format!("{project}/deployment/{}", one.id),
            time,
            system: Some(self.base.reader.safe(project.rsplit('/').next().unwrap_or(project))),
            kind: ChangeKind::Deploy,
            text: self.base.reader.safe(&text),
            source: self.base.reader.reference(job.map_or("", |job| &job.web_url)),
        })
    }
}

impl Backend for GitLab {
    const KIND: &'static str = "gitlab";
    const READS: &'static [(&'static str, &'static str)] =
        &[("GET", "api/v4/version"), ("GET", "api/v4/projects/*/deployments")];
    type Cursor = Cursor;

    fn base(&self) -> &Base {
        &self.base
    }

    fn signals(&self) -> &'static [Signal] {
        &[Signal::Changes]
    }

    async fn check(&self) -> Result<String, SourceError> {
        let said: Value = self.base.json(&Request::get("api/v4/version", Vec::new(), CHECK_PATIENCE)).await?;
        match said.get("version").and_then(Value::as_str) {
            Some(version) => Ok(self.base.reader.safe(version)),
            None => Err(self.base.unreadable("it has no `version`, so something else answers here")),
        }
    }

    async fn page(&self, ask: Ask<'_, Cursor>) -> Result<Option<Page<Cursor>>, SourceError> {
        let (window, cursor) = (ask.window(), ask.cursor);
        if ask.query.wanted != Wanted::Changes {
            return Ok(Page::nothing());
        }
        let Some(project) = self.config.projects.get(cursor.project) else { return Ok(Page::nothing()) };
        let found: Vec<Deployment> =
            self.base.json(&self.request(project, window, cursor.page, ask.deadline)).await?;
        let changes = found.iter().filter_map(|one| self.change(project, one)).collect();
        let next = if found.len() >= PAGE {
            Cursor { page: cursor.page + 1, ..cursor }
        } else {
            Cursor { project: cursor.project + 1, page: 0 }
        };
        let next = (next.project < self.config.projects.len()).then_some(next);
        Ok(Some(Page { batch: batch(changes, Vec::new()), next }))
    }

    fn least_pause(&self) -> Duration {
        Duration::from_secs(30)
    }

    fn command(&self, query: &Query) -> Option<Request<'static>> {
        let project = self.config.projects.first()?;
        (query.wanted == Wanted::Changes).then(|| self.request(project, query.window, 0, Duration::ZERO))
    }
}
