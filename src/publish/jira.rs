//! Jira and Jira Service Management: a write-up is an issue, an update a comment on it. Found by its label.

use super::{Content, Parcel, Plan, PublishError, Receipt, Target, Write, array, markup, text, within};
use crate::sources::http::Answer;
use reqwest::Method;
use serde_json::{Value, json};

/// A text field holds 32 767 characters; some are spent on the markup.
const MOST: usize = 32_000;
const COMMENTS: &str = "100";

pub(super) async fn plan(target: &Target, parcel: &Parcel) -> Result<Plan, PublishError> {
    let Some((key, labels)) = look(target, parcel).await? else {
        if let Some(key) = &parcel.to {
            return Err(target.refused(format!("there is no issue {key}, or it may not be seen")));
        }
        let write =
            Write { method: Method::POST, path: Some(api(target, "issue")), body: created(target, parcel) };
        return Ok(Plan::Create { write, note: format!("a new issue in {}", target.config.project) });
    };
    let url = link(target, &key);
    let change = |method, path, body| Plan::Change {
        write: Write { method, path: Some(path), body },
        url: url.clone(),
        id: key.clone(),
        note: key.clone(),
    };
    match parcel.content {
        Content::Rca if labels.contains(&digest_label(parcel)) => Ok(Plan::Nothing { url }),
        Content::Rca => {
            // Labels of others stay: ours are added and taken off one by one.
            let old = labels.iter().filter(|label| label.starts_with("bw-digest-"));
            let mut edits: Vec<Value> = old.map(|label| json!({ "remove": label })).collect();
            edits.push(json!({ "add": digest_label(parcel) }));
            edits.push(json!({ "add": parcel.mark }));
            let body = json!({
                "fields": { "summary": heading(parcel), "description": description(target, parcel) },
                "update": { "labels": edits },
            });
            Ok(change(Method::PUT, api(target, &format!("issue/{key}")), body))
        }
        Content::Update(_) if has_comment(target, parcel, &key).await? => Ok(Plan::Nothing { url }),
        Content::Update(_) if target.config.service_desk => {
            // Not public: customers do not see what agents write to each other.
            let body = json!({ "body": plain(parcel), "public": false });
            Ok(change(Method::POST, format!("rest/servicedeskapi/request/{key}/comment"), body))
        }
        Content::Update(_) => {
            let body = json!({ "body": description(target, parcel) });
            Ok(change(Method::POST, api(target, &format!("issue/{key}/comment")), body))
        }
    }
}

pub(super) async fn receipt(target: &Target, plan: &Plan, answer: &Answer) -> Result<Receipt, PublishError> {
    if let Plan::Change { url, id, .. } = plan {
        if !answer.status.is_success() {
            target.json(answer).await?; // Says why not.
        }
        return Ok(Receipt { id: id.clone(), url: url.clone(), note: String::new() });
    }
    let key = text(&target.json(answer).await?, "/key");
    if key.is_empty() {
        return Err(target.refused("it answered without the key of the issue"));
    }
    Ok(Receipt { url: link(target, &key), id: key, note: String::new() })
}

/// The issue's key and labels.
async fn look(target: &Target, parcel: &Parcel) -> Result<Option<(String, Vec<String>)>, PublishError> {
    let query = match &parcel.to {
        Some(key) if key.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') => format!("key = {key}"),
        Some(_) => return Err(PublishError::Impossible("--to is a key such as OPS-42".to_owned())),
        None => format!("labels = \"{}\" ORDER BY created ASC", parcel.mark),
    };
    let mut body = json!({ "jql": query, "fields": ["summary", "labels"], "maxResults": 1 });
    let path = if target.config.data_center {
        body["startAt"] = json!(0);
        api(target, "search")
    } else {
        api(target, "search/jql")
    };
    let answer = target.http.write(Method::POST, &path, &body).await?;
    if answer.status.as_u16() == 400 && parcel.to.is_some() {
        return Ok(None); // An unknown key is an error of the query.
    }
    let answer = target.json(&answer).await?;
    let Some(issue) = array(&answer, "/issues").into_iter().next() else { return Ok(None) };
    let labels = array(&issue, "/fields/labels");
    let labels = labels.iter().filter_map(Value::as_str).map(str::to_owned).collect();
    Ok(Some((text(&issue, "/key"), labels)))
}

async fn has_comment(target: &Target, parcel: &Parcel, key: &str) -> Result<bool, PublishError> {
    let parameters = vec![("orderBy", "-created".to_owned()), ("maxResults", COMMENTS.to_owned())];
    let answer = target.get(&api(target, &format!("issue/{key}/comment")), parameters).await?;
    Ok(array(&answer, "/comments")
        .iter()
        .any(|comment| comment["body"].to_string().contains(&parcel.footer())))
}

fn created(target: &Target, parcel: &Parcel) -> Value {
    let kind = match target.config.issue_type.as_str() {
        "" if parcel.is_update() => "Incident",
        "" => "Problem",
        named => named,
    };
    json!({ "fields": {
        "project": { "key": target.config.project },
        "issuetype": { "name": kind },
        "summary": heading(parcel),
        "labels": ["bridgewatch", parcel.mark, digest_label(parcel)],
        "description": description(target, parcel),
    }})
}

fn heading(parcel: &Parcel) -> String {
    within(&parcel.heading().replace('\n', " "), 250)
}

fn description(target: &Target, parcel: &Parcel) -> Value {
    let footer = parcel.footer();
    if target.config.data_center {
        let fits = |blocks: &[_]| markup::wiki(blocks, &footer).chars().count() <= MOST;
        return json!(markup::wiki(&markup::fitting(&parcel.blocks, fits), &footer));
    }
    let fits = |blocks: &[_]| markup::adf(blocks, &footer).to_string().chars().count() <= MOST;
    markup::adf(&markup::fitting(&parcel.blocks, fits), &footer)
}

fn plain(parcel: &Parcel) -> String {
    format!("{}\n\n{}", within(&markup::plain(&parcel.blocks), MOST), parcel.footer())
}

fn digest_label(parcel: &Parcel) -> String {
    format!("bw-digest-{}", parcel.digest)
}

fn api(target: &Target, path: &str) -> String {
    format!("rest/api/{}/{path}", if target.config.data_center { 2 } else { 3 })
}

fn link(target: &Target, key: &str) -> String {
    format!("{}/browse/{key}", target.config.url.trim_end_matches('/'))
}
