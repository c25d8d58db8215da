//! The `[[publish]]` tables of the configuration.

use crate::sources::Secret;
use crate::sources::http::{Auth, Tls};
use serde::Deserialize;
use std::collections::BTreeMap;

/// What kind of place it is.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Deserialize, strum::Display, strum::EnumIter, strum::EnumString,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum Kind {
    Servicenow,
    /// Jira and Jira Service Management.
    Jira,
    Confluence,
    Pagerduty,
    Slack,
    Teams,
    Statuspage,
}

/// One place to publish to. Which options count depends on the kind; [`TargetConfig::mistake`] says what is missing.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own, with its name in the file")]
pub struct TargetConfig {
    pub kind: Kind,
    /// What it is called here; the kind without one.
    #[serde(default)]
    pub name: Option<String>,
    #[serde(default)]
    pub url: String,
    #[serde(default)]
    pub auth: Auth,
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    #[serde(default)]
    pub tls: Tls,
    /// Jira and Confluence on one's own machines instead of in the vendor's cloud.
    #[serde(default)]
    pub data_center: bool,
    /// Jira: the key of the project.
    #[serde(default)]
    pub project: String,
    /// Jira: the type of the issue that a write-up becomes; `Problem` if none is named.
    #[serde(default)]
    pub issue_type: String,
    /// Jira Service Management: comments are for agents only.
    #[serde(default)]
    pub service_desk: bool,
    /// Confluence: the key of the space, and the page above.
    #[serde(default)]
    pub space: String,
    #[serde(default)]
    pub parent: String,
    /// Slack: the identifier of the channel.
    #[serde(default)]
    pub channel: String,
    /// Slack, Teams: where the address of a webhook comes from.
    #[serde(default)]
    pub webhook: Option<Secret>,
    /// PagerDuty: the mail address of who writes, for keys of a whole account.
    #[serde(default)]
    pub from: String,
    /// Statuspage: the identifier of the page.
    #[serde(default)]
    pub page: String,
    /// Others than our own people read it: names, addresses and identifiers are taken out.
    #[serde(default)]
    pub outside: bool,
    /// Nothing is sent: a link with the form filled in, or a file, is all that there is.
    #[serde(default)]
    pub link_only: bool,
}

impl TargetConfig {
    pub fn name(&self) -> &str {
        match &self.name {
            Some(name) => name,
            None => match self.kind {
                Kind::Servicenow => "servicenow",
                Kind::Jira => "jira",
                Kind::Confluence => "confluence",
                Kind::Pagerduty => "pagerduty",
                Kind::Slack => "slack",
                Kind::Teams => "teams",
                Kind::Statuspage => "statuspage",
            },
        }
    }

    /// Whether others than our own people can read it; a status page is made for them.
    pub fn is_outside(&self) -> bool {
        self.outside || self.kind == Kind::Statuspage
    }

    pub(super) fn address(&self) -> String {
        match self.kind {
            Kind::Pagerduty if self.url.is_empty() => "https://api.pagerduty.com".to_owned(),
            Kind::Slack if self.url.is_empty() => "https://slack.com".to_owned(),
            Kind::Statuspage if self.url.is_empty() => "https://api.statuspage.io".to_owned(),
            _ => self.url.clone(),
        }
    }

    /// What is missing, in words that say how to mend it.
    pub fn mistake(&self) -> Option<String> {
        let needs = |option: &str, example: &str| {
            Some(format!("the target `{}` needs `{option}`, such as {example}", self.name()))
        };
        if self.webhook.is_some() && !matches!(self.kind, Kind::Slack | Kind::Teams) {
            return Some(format!("the target `{}` is no chat and has no `webhook`", self.name()));
        }
        match self.kind {
            Kind::Teams if self.webhook.is_none() && !self.link_only => {
                needs("webhook", "{ env = \"TEAMS_WEBHOOK\" }")
            }
            Kind::Servicenow | Kind::Jira | Kind::Confluence if self.url.is_empty() => {
                needs("url", "\"https://acme.example.com\"")
            }
            Kind::Jira if self.project.is_empty() && !self.link_only => needs("project", "\"OPS\""),
            Kind::Confluence if self.space.is_empty() && !self.link_only => needs("space", "\"OPS\""),
            Kind::Slack if self.webhook.is_none() && self.channel.is_empty() && !self.link_only => {
                needs("channel", "\"C0123456789\"; or give it a `webhook`")
            }
            Kind::Statuspage if self.page.is_empty() && !self.link_only => needs("page", "\"kctbh9vrtdwd\""),
            _ => None,
        }
    }
}
