//! Microsoft Teams, by the webhook of a workflow: it only adds, and that it was taken does not say that it arrived.

use super::{Parcel, Plan, PublishError, Receipt, Target, Write, markup, within};
use crate::sources::http::Answer;
use reqwest::Method;
use serde_json::{Value, json};

/// A message holds about 28 KB.
const MOST: usize = 25_000;

pub(super) fn plan(parcel: &Parcel) -> Plan {
    if let Some(known) = parcel.known() {
        return Plan::Nothing { url: known.url.clone() };
    }
    let mut count = markup::short(&parcel.blocks).len();
    let mut body = card(parcel, count);
    while body.to_string().len() > MOST && count > 1 {
        count -= 1;
        body = card(parcel, count);
    }
    Plan::Create {
        write: Write { method: Method::POST, path: None, body },
        note: "a webhook keeps no identity: only this record knows that it was sent".to_owned(),
    }
}

pub(super) async fn receipt(target: &Target, answer: &Answer) -> Result<Receipt, PublishError> {
    let said = String::from_utf8_lossy(&answer.body).into_owned();
    // The older kind of webhook hides its refusals in an answer of 200.
    if !answer.status.is_success() || said.contains("429") || said.to_lowercase().contains("error") {
        let said = target.excerpt(answer).await;
        return Err(target.refused(format!("{} {said}", answer.status)));
    }
    let note = if answer.status.as_u16() == 202 { "taken, which does not say that it arrived" } else { "" };
    Ok(Receipt { id: String::new(), url: String::new(), note: note.to_owned() })
}

fn card(parcel: &Parcel, count: usize) -> Value {
    let block = |text: &str| json!({ "type": "TextBlock", "text": text, "wrap": true });
    let mut heading = block(&escaped(&within(&parcel.heading(), 250)));
    heading["size"] = json!("Large");
    heading["weight"] = json!("Bolder");
    let mut body = vec![heading];
    for (name, said) in markup::short(&parcel.blocks).into_iter().take(count) {
        if let Some(name) = name {
            let mut name = block(&escaped(&name));
            name["weight"] = json!("Bolder");
            body.push(name);
        }
        body.push(block(&escaped(&within(&said, 2_000))));
    }
    let mut footer = block(&parcel.footer());
    footer["isSubtle"] = json!(true);
    body.push(footer);
    json!({ "type": "message", "attachments": [{
        "contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": null,
        "content": {
            "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
            "type": "AdaptiveCard", "version": "1.4", "body": body,
        },
    }]})
}

/// A text block knows a little Markdown, and links are what it must not make.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '[' | ']' | '*' | '_' | '\\' | '`') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}
