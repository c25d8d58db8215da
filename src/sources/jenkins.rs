//! Jenkins: builds of the jobs that deploy.

use super::changes::{batch, short};
use super::http::{Request, segment};
use super::live::{Ask, Backend, Base, CHECK_PATIENCE, Live, Page, source_config};
use super::{Source, SourceError};
use crate::ingest::Settings;
use crate::telemetry::{Change, ChangeKind, Nanos, Query, Signal, Time, Wanted};
use serde::Deserialize;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;

source_config! { "jenkins" at "http://127.0.0.1:8080" {
    /// Jobs that change something, each with its folders: `shop/orders-deploy`.
    jobs: Vec<String> = Vec::new(),
} }

const PAGE: usize = 100;
/// A build that ends in the window began no longer before it than this.
const LONGEST: Nanos = Nanos::seconds(24 * 3_600);
const TREE: &str =
    "number,result,timestamp,duration,url,actions[causes[shortDescription],lastBuiltRevision[SHA1]]";

pub(super) struct Jenkins {
    base: Base,
    config: Config,
}

/// Makes the source ready to be asked.
pub fn connect(config: &Config, settings: &Settings) -> Result<Arc<dyn Source>, SourceError> {
    for name in &config.jobs {
        let folders = name.split('/').count();
        if name.split('/').any(str::is_empty) || folders > 4 {
            let reason = format!("`{name}` is no job: write folder/name, four deep at most");
            return Err(SourceError::Misconfigured { reason });
        }
    }
    let base = Base::new::<Jenkins>(&config.common(), settings)?;
    Ok(Arc::new(Live(Jenkins { base, config: config.clone() })))
}

#[derive(Debug, Deserialize)]
struct Job {
    builds: Vec<Build>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Build {
    number: i64,
    /// `None` while it runs.
    result: Option<String>,
    timestamp: i64,
    duration: i64,
    url: String,
    actions: Vec<Action>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Action {
    causes: Vec<Cause>,
    #[serde(rename = "lastBuiltRevision")]
    revision: Revision,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Cause {
    #[serde(rename = "shortDescription")]
    text: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Revision {
    #[serde(rename = "SHA1")]
    sha: String,
}

/// Where an answer is: the job, and the page of its builds.
#[derive(Debug, Default)]
pub(super) struct Cursor {
    job: usize,
    page: usize,
}

impl Build {
    /// When it took effect: at its end, or while it runs at its beginning.
    fn time(&self) -> Time {
        let length = if self.result.is_some() { self.duration.max(0) } else { 0 };
        Time::from_millis(self.timestamp.saturating_add(length))
    }
}

impl Jenkins {
    fn request(job: &str, page: usize, deadline: Duration) -> Request<'static> {
        let path: Vec<String> = job.split('/').map(|part| format!("job/{}", segment(part))).collect();
        let tree = format!("builds[{TREE}]{{{},{}}}", page * PAGE, (page + 1) * PAGE);
        Request::get(format!("{}/api/json", path.join("/")), vec![("tree", tree)], deadline)
    }

    fn change(&self, job: &str, build: &Build) -> Change {
        let revision = build.actions.iter().find(|action| !action.revision.sha.is_empty());
        let revision =
            revision.map(|action| format!(" ({})", short(&action.revision.sha))).unwrap_or_default();
        let cause =
            build.actions.iter().flat_map(|action| &action.causes).find(|cause| !cause.text.is_empty());
        let cause = cause.map(|cause| format!(", {}", cause.text)).unwrap_or_default();
        let result = build.result.as_deref().map_or("running".to_owned(), str::to_lowercase);
        let text = format!("{job} build {}{revision}: {result}{cause}", build.number);
        Change {
            id: format!("{job}/{}", build.number),
            time: build.time(),
            system: Some(self.base.reader.safe(job.rsplit('/').next().unwrap_or(job))),
            kind: ChangeKind::Deploy,
            text: self.base.reader.safe(&text),
            source: self.base.reader.reference(&build.url),
        }
    }
}

impl Backend for Jenkins {
    const KIND: &'static str = "jenkins";
    const READS: &'static [(&'static str, &'static str)] = &[
        ("GET", "api/json"),
        ("GET", "job/*/api/json"),
        ("GET", "job/*/job/*/api/json"),
        ("GET", "job/*/job/*/job/*/api/json"),
        ("GET", "job/*/job/*/job/*/job/*/api/json"),
    ];
    type Cursor = Cursor;

    fn base(&self) -> &Base {
        &self.base
    }

    fn signals(&self) -> &'static [Signal] {
        &[Signal::Changes]
    }

    async fn check(&self) -> Result<String, SourceError> {
        let parameters = vec![("tree", "mode".to_owned())];
        let said: Value = self.base.json(&Request::get("api/json", parameters, CHECK_PATIENCE)).await?;
        match said.get("mode").and_then(Value::as_str) {
            Some(mode) => Ok(self.base.reader.safe(&format!("answers, mode {}", mode.to_lowercase()))),
            None => Err(self.base.unreadable("it has no `mode`, so something else answers here")),
        }
    }

    async fn page(&self, ask: Ask<'_, Cursor>) -> Result<Option<Page<Cursor>>, SourceError> {
        let (window, cursor) = (ask.window(), ask.cursor);
        if ask.query.wanted != Wanted::Changes {
            return Ok(Page::nothing());
        }
        let Some(job) = self.config.jobs.get(cursor.job) else { return Ok(Page::nothing()) };
        let found: Job = self.base.json(&Self::request(job, cursor.page, ask.deadline)).await?;
        // The newest come first, and no window can be asked for.
        let oldest = found.builds.iter().map(|build| Time::from_millis(build.timestamp)).min();
        let goes_on = found.builds.len() >= PAGE && oldest.is_some_and(|time| time >= window.from - LONGEST);
        let changes = found.builds.iter().map(|build| self.change(job, build)).collect();
        let next = if goes_on {
            Cursor { page: cursor.page + 1, ..cursor }
        } else {
            Cursor { job: cursor.job + 1, page: 0 }
        };
        let next = (next.job < self.config.jobs.len()).then_some(next);
        Ok(Some(Page { batch: batch(changes, Vec::new()), next }))
    }

    fn least_pause(&self) -> Duration {
        Duration::from_secs(15)
    }

    fn command(&self, query: &Query) -> Option<Request<'static>> {
        let job = self.config.jobs.first()?;
        (query.wanted == Wanted::Changes).then(|| Self::request(job, 0, Duration::ZERO))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_build_took_effect_when_it_ended_and_a_job_stays_below_its_folders() {
        let config = Config { jobs: vec!["shop/orders-deploy".to_owned()], ..Config::default() };
        let base = Base::new::<Jenkins>(&config.common(), &Settings::default()).unwrap();
        let source = Jenkins { base, config };
        let build: Build = serde_json::from_value(serde_json::json!({
            "_class": "x", "number": 41, "result": "SUCCESS", "timestamp": 1_773_480_413_589_i64, "duration": 2_000,
            "url": "https://ci/job/shop/job/orders-deploy/41/",
            "actions": [{}, { "causes": [{ "shortDescription": "Started by user Ana" }] }, { "lastBuiltRevision": { "SHA1": "9f1c2d3e4f5061728394a5b6c7d8e9f001122334" } }] }))
        .unwrap();
        let change = source.change("shop/orders-deploy", &build);
        assert_eq!(change.time, Time(1_773_480_415_589_000_000));
        assert_eq!(change.system.as_deref(), Some("orders-deploy"));
        assert_eq!(change.text, "shop/orders-deploy build 41 (9f1c2d3e): success, Started by user Ana");
        assert_eq!(Jenkins::request("a/b?c", 1, Duration::ZERO).path, "job/a/job/b%3Fc/api/json");
        let bad = Config { jobs: vec!["../secrets//x".to_owned()], ..Config::default() };
        assert!(connect(&bad, &Settings::default()).is_err());
    }
}
