//! Where reports and updates go: ITSM, wikis, chats. Preview first, repeat-safe, never automatic.
//!
//! [`Target::plan`] looks up what was published before and says what would be sent, to the byte; [`Target::send`] sends
//! exactly that, once. Nothing here decides to publish, and nothing is tried again: a lost answer may have done its work.

mod config;
mod confluence;
mod fallback;
mod jira;
mod markup;
mod pagerduty;
mod parcel;
mod servicenow;
mod slack;
mod statuspage;
mod teams;

pub use config::{Kind, TargetConfig};
pub use fallback::{Fallback, fallback};
pub use parcel::{Content, Parcel};

use crate::sources::http::{Answer, Connection, Http, Request};
use crate::sources::{SecretText, SourceError};
use reqwest::Method;
use serde_json::Value;

/// What would be sent.
#[derive(Clone, Debug, PartialEq)]
pub struct Write {
    pub method: Method,
    /// Below the address of the target; `None` for a webhook, whose address is a secret.
    pub path: Option<String>,
    pub body: Value,
}

/// What publishing would do.
#[derive(Clone, Debug, PartialEq)]
pub enum Plan {
    /// The same is there already.
    Nothing { url: String },
    /// Something new is made.
    Create { write: Write, note: String },
    /// What is there is changed, or gets an addition.
    Change { write: Write, url: String, id: String, note: String },
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// What the target calls it, for the next time.
    pub id: String,
    /// Where it can be seen; empty where the target does not say.
    pub url: String,
    /// What a person should know of it.
    pub note: String,
}

/// Why nothing was published.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum PublishError {
    #[error(transparent)]
    Backend(#[from] SourceError),
    #[error("{target} refused it: {said}")]
    Refused { target: String, said: String },
    #[error("{0}")]
    Impossible(String),
}

impl Plan {
    /// What would be done, a note on it, and where it is already: (step, note, address).
    pub fn step(&self) -> (&'static str, &str, &str) {
        match self {
            Self::Nothing { url } => ("nothing", "the same is there already", url),
            Self::Create { note, .. } => ("create", note, ""),
            Self::Change { note, url, .. } => ("change", note, url),
        }
    }

    /// What would be sent, if anything.
    pub fn write(&self) -> Option<&Write> {
        match self {
            Self::Nothing { .. } => None,
            Self::Create { write, .. } | Self::Change { write, .. } => Some(write),
        }
    }

    /// Names what would be sent: who confirms a preview confirms this.
    pub fn token(&self) -> String {
        let text = self.write().map(|write| format!("{} {:?} {}", write.method, write.path, write.body));
        parcel::digest(&text.unwrap_or_default())
    }
}

/// One place to publish to, ready to be asked.
pub struct Target {
    pub config: TargetConfig,
    http: Http,
    /// The path of a webhook, which is the secret of it.
    webhook: Option<SecretText>,
}

impl Target {
    /// Makes a target ready; secrets are read, nothing is sent yet.
    pub async fn connect(config: &TargetConfig) -> Result<Self, PublishError> {
        let mut url = config.address();
        let mut webhook = None;
        if let Some(secret) = &config.webhook {
            let text = secret.read().await.map_err(PublishError::Impossible)?;
            let (origin, path) = split(text.expose()).ok_or_else(|| {
                PublishError::Impossible(format!("the webhook of {} is no https:// address", config.name()))
            })?;
            url = origin.to_owned();
            webhook = Some(SecretText::new(path.to_owned()));
        }
        let mut headers = config.headers.clone();
        if config.kind == Kind::Pagerduty && !config.from.is_empty() {
            headers.insert("From".to_owned(), config.from.clone());
        }
        let connection = Connection {
            url,
            auth: config.auth.clone(),
            headers,
            tls: config.tls.clone(),
            ..Connection::default()
        };
        Ok(Self { config: config.clone(), http: Http::new(&connection)?, webhook })
    }

    /// Looks up what was published before, and says what would be sent now.
    pub async fn plan(&self, parcel: &Parcel) -> Result<Plan, PublishError> {
        match self.config.kind {
            Kind::Servicenow => servicenow::plan(self, parcel).await,
            Kind::Jira => jira::plan(self, parcel).await,
            Kind::Confluence => confluence::plan(self, parcel).await,
            Kind::Pagerduty => pagerduty::plan(self, parcel).await,
            Kind::Slack => slack::plan(self, parcel).await,
            Kind::Teams => Ok(teams::plan(parcel)),
            Kind::Statuspage => statuspage::plan(self, parcel).await,
        }
    }

    /// Sends what was planned, once.
    pub async fn send(&self, parcel: &Parcel, plan: &Plan) -> Result<Receipt, PublishError> {
        let Some(write) = plan.write() else {
            return Err(PublishError::Impossible("the same is there already".to_owned()));
        };
        let path = match (&write.path, &self.webhook) {
            (Some(path), _) => path.as_str(),
            (None, Some(webhook)) => webhook.expose(),
            (None, None) => return Err(PublishError::Impossible("a webhook is needed".to_owned())),
        };
        let answer = self.http.write(write.method.clone(), path, &write.body).await?;
        match self.config.kind {
            Kind::Servicenow => servicenow::receipt(self, parcel, plan, &answer).await,
            Kind::Jira => jira::receipt(self, plan, &answer).await,
            Kind::Confluence => confluence::receipt(self, &answer).await,
            Kind::Pagerduty => pagerduty::receipt(self, plan, &answer).await,
            Kind::Slack => slack::receipt(self, &answer).await,
            Kind::Teams => teams::receipt(self, &answer).await,
            Kind::Statuspage => statuspage::receipt(self, plan, &answer).await,
        }
    }

    /// Reads JSON of the target.
    async fn get(&self, path: &str, parameters: Vec<(&str, String)>) -> Result<Value, PublishError> {
        let request = Request::get(path, parameters, PATIENCE);
        let answer = self.http.ask(&request).await?;
        self.json(&answer).await
    }

    /// The answer as JSON, if it says that all went well.
    async fn json(&self, answer: &Answer) -> Result<Value, PublishError> {
        if !answer.status.is_success() {
            let said = format!("{} {}", answer.status, self.excerpt(answer).await);
            return Err(PublishError::Refused { target: self.config.name().to_owned(), said });
        }
        serde_json::from_slice(&answer.body).map_err(|_| {
            // A log-in page, or an instance that sleeps.
            PublishError::Refused {
                target: self.config.name().to_owned(),
                said: "it answered, but not with JSON: is the address right, and is it awake?".to_owned(),
            }
        })
    }

    /// The beginning of an answer, without what it may repeat of our secrets.
    async fn excerpt(&self, answer: &Answer) -> String {
        let mut said = self.http.excerpt(&answer.body).await;
        let webhook = self.webhook.as_ref().map_or("", SecretText::expose);
        for part in webhook.split(['/', '?', '&', '=']).filter(|part| part.len() >= 8) {
            said = said.replace(part, "‹secret›");
        }
        said
    }

    fn refused(&self, said: impl Into<String>) -> PublishError {
        PublishError::Refused { target: self.config.name().to_owned(), said: said.into() }
    }
}

const PATIENCE: std::time::Duration = std::time::Duration::from_secs(30);

/// `https://host:port` and the rest.
fn split(url: &str) -> Option<(&str, &str)> {
    let after = url.find("://")? + 3;
    let path = url[after..].find('/')? + after;
    Some((&url[..path], &url[path..]))
}

/// A text of a JSON value by its path; empty where there is none.
fn text(value: &Value, path: &str) -> String {
    match value.pointer(path) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    }
}

fn array(value: &Value, path: &str) -> Vec<Value> {
    value.pointer(path).and_then(Value::as_array).cloned().unwrap_or_default()
}

/// A text cut to `most` characters, with a word about it.
fn within(text: &str, most: usize) -> String {
    const CUT: &str = "\n… cut here: the whole is in the report";
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let kept: String = text.chars().take(most - CUT.chars().count()).collect();
    format!("{kept}{CUT}")
}
