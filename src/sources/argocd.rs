//! Argo CD: deployments of its applications, from the history that it keeps of each, and what it does right now.

use super::changes::{batch, short};
use super::http::Request;
use super::live::{Ask, Backend, Base, CHECK_PATIENCE, Live, Page, source_config};
use super::{Source, SourceError};
use crate::ingest::Settings;
use crate::telemetry::{Change, ChangeKind, Query, Signal, Time, Wanted};
use serde::Deserialize;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;

source_config! { "argocd" at "https://127.0.0.1:8080" {
    /// Projects whose applications are asked for; empty for all.
    projects: Vec<String> = Vec::new(),
    /// A label selector such as `team=orders`; empty for all.
    selector: String = String::new(),
} }

pub(super) struct ArgoCd {
    base: Base,
    config: Config,
}

/// Makes the source ready to be asked.
pub fn connect(config: &Config, settings: &Settings) -> Result<Arc<dyn Source>, SourceError> {
    let base = Base::new::<ArgoCd>(&config.common(), settings)?;
    Ok(Arc::new(Live(ArgoCd { base, config: config.clone() })))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Application {
    metadata: Metadata,
    status: Status,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Metadata {
    name: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Status {
    history: Vec<Deployed>,
    operation_state: Option<Operation>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Deployed {
    id: i64,
    revision: String,
    revisions: Vec<String>,
    deployed_at: String,
    initiated_by: Initiator,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Initiator {
    username: String,
    automated: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Operation {
    phase: String,
    message: String,
    started_at: String,
}

impl ArgoCd {
    fn request(&self, deadline: Duration) -> Request<'static> {
        let mut parameters: Vec<(&str, String)> =
            self.config.projects.iter().map(|project| ("projects", project.clone())).collect();
        if !self.config.selector.is_empty() {
            parameters.push(("selector", self.config.selector.clone()));
        }
        parameters.push((
            "fields",
            "items.metadata.name,items.status.history,items.status.operationState".to_owned(),
        ));
        Request::get("api/v1/applications", parameters, deadline)
    }

    fn changes(&self, application: Application) -> Vec<Change> {
        let reader = &self.base.reader;
        let system = reader.safe(&application.metadata.name);
        let link =
            self.base.link(&format!("applications/{}", super::http::segment(&application.metadata.name)));
        let change = |id: String, time: Time, text: String| Change {
            id: reader.safe(&format!("{system}/{id}")),
            time,
            system: Some(system.clone()),
            kind: ChangeKind::Deploy,
            text: reader.safe(&text),
            source: reader.reference(&link),
        };
        let mut changes = Vec::new();
        let mut before = String::new();
        for deployed in &application.status.history {
            let revision = if deployed.revision.is_empty() {
                deployed.revisions.iter().map(|one| short(one)).collect::<Vec<_>>().join(", ")
            } else {
                short(&deployed.revision).to_owned()
            };
            let who = match &deployed.initiated_by {
                Initiator { automated: true, .. } => " (automated)".to_owned(),
                Initiator { username, .. } if !username.is_empty() => format!(" by {username}"),
                _ => String::new(),
            };
            let from = if before.is_empty() { String::new() } else { format!(", before it {before}") };
            if let Some(time) = Time::parse(&deployed.deployed_at) {
                changes.push(change(
                    deployed.id.to_string(),
                    time,
                    format!("deployed {revision}{who}{from}"),
                ));
            }
            before = revision;
        }
        // What succeeded is in the history; what fails or runs is not.
        let operation = application.status.operation_state.filter(|operation| operation.phase != "Succeeded");
        if let Some(operation) = operation
            && let Some(time) = Time::parse(&operation.started_at)
        {
            let text = format!("sync {}: {}", operation.phase.to_lowercase(), operation.message);
            changes.push(change(format!("operation/{}", operation.started_at), time, text));
        }
        changes
    }
}

impl Backend for ArgoCd {
    const KIND: &'static str = "argocd";
    const READS: &'static [(&'static str, &'static str)] =
        &[("GET", "api/v1/session/userinfo"), ("GET", "api/v1/applications")];
    type Cursor = ();

    fn base(&self) -> &Base {
        &self.base
    }

    fn signals(&self) -> &'static [Signal] {
        &[Signal::Changes]
    }

    async fn check(&self) -> Result<String, SourceError> {
        let request = Request::get("api/v1/session/userinfo", Vec::new(), CHECK_PATIENCE);
        let who: Value = self.base.json(&request).await?;
        match who.get("loggedIn").and_then(Value::as_bool) {
            Some(true) => Ok("answers".to_owned()),
            Some(false) => Err(SourceError::Denied { endpoint: self.base.endpoint(), status: 401 }),
            None => Err(self.base.unreadable("it has no `loggedIn`, so something else answers here")),
        }
    }

    async fn page(&self, ask: Ask<'_, ()>) -> Result<Option<Page<()>>, SourceError> {
        if ask.query.wanted != Wanted::Changes {
            return Ok(Page::nothing());
        }
        let reply: Value = self.base.json(&self.request(ask.deadline)).await?;
        let items = match reply.get("items") {
            Some(Value::Array(items)) => items.clone(),
            Some(Value::Null) => Vec::new(),
            _ => return Err(self.base.unreadable("it has no `items`, so something else answers here")),
        };
        let applications = items.into_iter().filter_map(|item| Application::deserialize(item).ok());
        let changes = applications.flat_map(|application| self.changes(application)).collect();
        Ok(Some(Page::last(batch(changes, Vec::new()))))
    }

    fn least_pause(&self) -> Duration {
        Duration::from_secs(15)
    }

    fn command(&self, query: &Query) -> Option<Request<'static>> {
        (query.wanted == Wanted::Changes).then(|| self.request(Duration::ZERO))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deployment_names_what_came_before_it_and_a_failing_sync_is_a_change_too() {
        let config = Config::default();
        let base = Base::new::<ArgoCd>(&config.common(), &Settings::default()).unwrap();
        let application: Application = serde_json::from_str(
            r#"{"metadata":{"name":"orders"},"status":{"history":[
                {"id":40,"revision":"1111111111111111111111111111111111111111","deployedAt":"2026-03-14T08:00:00Z","initiatedBy":{"username":"ana"}},
                {"id":41,"revision":"9f1c2d3","deployedAt":"2026-03-14T09:20:05Z","initiatedBy":{"automated":true}}],
                "operationState":{"phase":"Failed","message":"hook failed","startedAt":"2026-03-14T09:30:00Z"}}}"#,
        )
        .unwrap();
        let changes = ArgoCd { base, config }.changes(application);
        let texts: Vec<&str> = changes.iter().map(|change| change.text.as_str()).collect();
        assert_eq!(
            texts,
            [
                "deployed 11111111 by ana",
                "deployed 9f1c2d3 (automated), before it 11111111",
                "sync failed: hook failed"
            ]
        );
        assert_eq!(changes[1].time, Time::parse("2026-03-14T09:20:05Z").unwrap());
    }
}
