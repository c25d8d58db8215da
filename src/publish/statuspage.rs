//! Statuspage: public, so nothing internal goes there, nobody is notified, and a write-up is only ever a draft.

use super::{Content, Parcel, Plan, PublishError, Receipt, Target, Write, markup, text, within};
use crate::incident::{Audience, IncidentSeverity, Phase};
use crate::sources::http::Answer;
use reqwest::Method;
use serde_json::{Value, json};

const MOST: usize = 20_000;

pub(super) async fn plan(target: &Target, parcel: &Parcel) -> Result<Plan, PublishError> {
    let page = &target.config.page;
    let found = look(target, parcel).await?;
    match (parcel.content, found) {
        (Content::Update(Audience::Customer), Some(found)) => {
            let (id, url) = (text(&found, "/id"), text(&found, "/shortlink"));
            if text(&found, "/metadata/bridgewatch/digest") == parcel.digest {
                return Ok(Plan::Nothing { url });
            }
            let write = Write {
                method: Method::PATCH,
                path: Some(format!("v1/pages/{page}/incidents/{id}")),
                body: incident(parcel),
            };
            Ok(Plan::Change { write, url, id, note: "the public incident".to_owned() })
        }
        (Content::Update(Audience::Customer), None) => {
            let path = Some(format!("v1/pages/{page}/incidents"));
            let write = Write { method: Method::POST, path, body: incident(parcel) };
            Ok(Plan::Create { write, note: "a new public incident".to_owned() })
        }
        (Content::Update(_), _) => Err(PublishError::Impossible(
            "a status page is public: only an update for customers goes there (--audience customer)"
                .to_owned(),
        )),
        (Content::Rca, None) => Err(PublishError::Impossible(
            "a post-mortem belongs to a public incident: publish an update for customers first".to_owned(),
        )),
        (Content::Rca, Some(found)) => {
            let (id, url) = (text(&found, "/id"), text(&found, "/shortlink"));
            if parcel.known().is_some() {
                return Ok(Plan::Nothing { url });
            }
            let said = within(&markup::plain(&parcel.blocks), MOST);
            let write = Write {
                method: Method::PUT,
                path: Some(format!("v1/pages/{page}/incidents/{id}/postmortem")),
                body: json!({ "postmortem": { "body_draft": said } }),
            };
            let note = "a draft of the post-mortem; publishing it is a button of Statuspage".to_owned();
            Ok(Plan::Change { write, url, id, note })
        }
    }
}

pub(super) async fn receipt(target: &Target, plan: &Plan, answer: &Answer) -> Result<Receipt, PublishError> {
    let answer = target.json(answer).await?;
    if let Plan::Change { id, url, .. } = plan {
        return Ok(Receipt { id: id.clone(), url: url.clone(), note: String::new() });
    }
    let id = text(&answer, "/id");
    if id.is_empty() {
        return Err(target.refused("it answered without the incident that was written"));
    }
    Ok(Receipt { id, url: text(&answer, "/shortlink"), note: String::new() })
}

async fn look(target: &Target, parcel: &Parcel) -> Result<Option<Value>, PublishError> {
    let path = format!("v1/pages/{}/incidents", target.config.page);
    let answer = target.get(&path, vec![("limit", "100".to_owned()), ("page", "1".to_owned())]).await?;
    let all = answer.as_array().cloned().unwrap_or_default();
    let is_ours = |one: &Value| {
        text(one, "/metadata/bridgewatch/mark") == parcel.mark
            || parcel.known_id().is_some_and(|known| text(one, "/id") == known)
    };
    Ok(all.into_iter().find(is_ours))
}

fn incident(parcel: &Parcel) -> Value {
    let status = match parcel.phase {
        Phase::Detected | Phase::Triaging => "investigating",
        Phase::Mitigating => "identified",
        Phase::Monitoring => "monitoring",
        Phase::Resolved | Phase::Reviewed => "resolved",
    };
    let impact = match parcel.severity {
        IncidentSeverity::Sev1 => "critical",
        IncidentSeverity::Sev2 => "major",
        IncidentSeverity::Sev3 | IncidentSeverity::Sev4 => "minor",
    };
    json!({ "incident": {
        "name": within(&parcel.title, 200),
        "status": status,
        "impact_override": impact,
        "body": within(&markup::plain(&parcel.blocks), MOST),
        "metadata": { "bridgewatch": { "mark": parcel.mark, "digest": parcel.digest } },
        "deliver_notifications": false,
    }})
}
