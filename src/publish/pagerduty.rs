//! PagerDuty: a note on an incident that is there. Notes only pile up, so they are read first.

use super::{Parcel, Plan, PublishError, Receipt, Target, Write, array, markup, text, within};
use crate::sources::http::Answer;
use reqwest::Method;
use serde_json::json;

/// A note is plain text of 25 000 characters at most; our own lines are part of it.
const MOST: usize = 24_800;

pub(super) async fn plan(target: &Target, parcel: &Parcel) -> Result<Plan, PublishError> {
    let Some(id) = parcel.known_id().filter(|id| id.chars().all(char::is_alphanumeric)) else {
        let hint = "say which incident of PagerDuty it belongs to, such as `--to PT4KHLK`; it is remembered";
        return Err(PublishError::Impossible(hint.to_owned()));
    };
    let incident = target.get(&format!("incidents/{id}"), Vec::new()).await?;
    let url = text(&incident, "/incident/html_url");
    let notes = target.get(&format!("incidents/{id}/notes"), Vec::new()).await?;
    let footer = parcel.footer();
    if array(&notes, "/notes").iter().any(|note| text(note, "/content").contains(&footer)) {
        return Ok(Plan::Nothing { url });
    }
    let said = within(&markup::plain(&parcel.blocks), MOST - parcel.heading().chars().count().min(300));
    let content = format!("{}\n\n{said}\n\n{footer}", within(&parcel.heading(), 300));
    Ok(Plan::Change {
        write: Write {
            method: Method::POST,
            path: Some(format!("incidents/{id}/notes")),
            body: json!({ "note": { "content": content } }),
        },
        url,
        id: id.to_owned(),
        note: format!("a note on {id}"),
    })
}

pub(super) async fn receipt(target: &Target, plan: &Plan, answer: &Answer) -> Result<Receipt, PublishError> {
    let answer = target.json(answer).await?;
    if text(&answer, "/note/id").is_empty() {
        return Err(target.refused("it answered without the note that was written"));
    }
    let Plan::Change { url, id, .. } = plan else { return Err(target.refused("a note changes an incident")) };
    Ok(Receipt { id: id.clone(), url: url.clone(), note: String::new() })
}
