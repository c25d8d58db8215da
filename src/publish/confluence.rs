//! Confluence: one page for the write-up, changed when the write-up is; an update is no page.

use super::{Parcel, Plan, PublishError, Receipt, Target, Write, array, markup, text};
use crate::sources::http::Answer;
use reqwest::Method;
use serde_json::{Value, json};

pub(super) async fn plan(target: &Target, parcel: &Parcel) -> Result<Plan, PublishError> {
    if parcel.is_update() {
        let hint = "Confluence takes the write-up; an update goes to a ticket, a chat or a status page";
        return Err(PublishError::Impossible(hint.to_owned()));
    }
    let is_cloud = !target.config.data_center;
    let space = if is_cloud { space(target).await? } else { target.config.space.clone() };
    let Some(page) = page(target, parcel, &space).await? else {
        let path = if is_cloud { "wiki/api/v2/pages" } else { "rest/api/content" };
        let body = body(target, parcel, &space, None);
        let write = Write { method: Method::POST, path: Some(path.to_owned()), body };
        return Ok(Plan::Create { write, note: format!("a new page in {}", target.config.space) });
    };
    let (id, there) = (text(&page, "/id"), text(&page, "/body/storage/value"));
    // A title is unique in a space: a page that somebody else wrote under it is not ours to change.
    if !there.contains(&parcel.mark) {
        return Err(target.refused(format!(
            "a page `{}` is there already and was not written from this record: rename it",
            parcel.heading()
        )));
    }
    let url = link(target, &page);
    if there.contains(&parcel.footer()) {
        return Ok(Plan::Nothing { url });
    }
    let number = page.pointer("/version/number").and_then(Value::as_u64).unwrap_or(1) + 1;
    let path = if is_cloud { format!("wiki/api/v2/pages/{id}") } else { format!("rest/api/content/{id}") };
    let body = body(target, parcel, &space, Some((&id, number)));
    let write = Write { method: Method::PUT, path: Some(path), body };
    Ok(Plan::Change { write, url, id, note: format!("version {number} of the page") })
}

pub(super) async fn receipt(target: &Target, answer: &Answer) -> Result<Receipt, PublishError> {
    if answer.status.as_u16() == 409 {
        return Err(target.refused("somebody has changed the page since the preview: look again"));
    }
    let page = target.json(answer).await?;
    if text(&page, "/id").is_empty() {
        return Err(target.refused("it answered without the page that was written"));
    }
    Ok(Receipt { id: text(&page, "/id"), url: link(target, &page), note: String::new() })
}

async fn space(target: &Target) -> Result<String, PublishError> {
    let key = &target.config.space;
    let answer = target.get("wiki/api/v2/spaces", vec![("keys", key.clone())]).await?;
    let found = array(&answer, "/results").into_iter().next().map(|space| text(&space, "/id"));
    found.ok_or_else(|| target.refused(format!("there is no space {key}, or it may not be seen")))
}

/// The page with its text, if it is there: by what the record knows of it, or by its title.
async fn page(target: &Target, parcel: &Parcel, space: &str) -> Result<Option<Value>, PublishError> {
    let known = parcel.known_id().filter(|id| id.chars().all(|c| c.is_ascii_digit()));
    if target.config.data_center {
        let parameters = vec![
            ("spaceKey", space.to_owned()),
            ("title", parcel.heading()),
            ("expand", "version,body.storage".to_owned()),
        ];
        let answer = target.get("rest/api/content", parameters).await?;
        return Ok(array(&answer, "/results").into_iter().next());
    }
    let format = ("body-format", "storage".to_owned());
    if let Some(id) = known {
        let page = target.get(&format!("wiki/api/v2/pages/{id}"), vec![format.clone()]).await;
        match page {
            Ok(page) if text(&page, "/status") != "trashed" => return Ok(Some(page)),
            Ok(_) => {}
            Err(PublishError::Refused { said, .. }) if said.starts_with("404") => {} // Gone: made anew.
            Err(error) => return Err(error),
        }
    }
    let parameters = vec![("space-id", space.to_owned()), ("title", parcel.heading()), format];
    let answer = target.get("wiki/api/v2/pages", parameters).await?;
    Ok(array(&answer, "/results").into_iter().next())
}

fn body(target: &Target, parcel: &Parcel, space: &str, change: Option<(&str, u64)>) -> Value {
    let value = markup::storage(&parcel.blocks, &parcel.footer());
    let parent = &target.config.parent;
    let mut body = if target.config.data_center {
        let mut body = json!({
            "type": "page", "title": parcel.heading(), "space": { "key": space },
            "body": { "storage": { "value": value, "representation": "storage" } },
        });
        if !parent.is_empty() {
            body["ancestors"] = json!([{ "id": parent }]);
        }
        body
    } else {
        let mut body = json!({
            "spaceId": space, "status": "current", "title": parcel.heading(),
            "body": { "representation": "storage", "value": value },
        });
        if !parent.is_empty() {
            body["parentId"] = json!(parent);
        }
        body
    };
    if let Some((id, number)) = change {
        body["id"] = json!(id);
        body["version"] = json!({ "number": number, "message": parcel.footer() });
    }
    body
}

fn link(target: &Target, page: &Value) -> String {
    let base = text(page, "/_links/base");
    let base = if base.is_empty() { target.config.url.trim_end_matches('/').to_owned() } else { base };
    format!("{base}{}", text(page, "/_links/webui"))
}
