//! Slack: one message for the write-up, changed when the write-up is; updates below it. A webhook can only add.

use super::{Content, Parcel, Plan, PublishError, Receipt, Target, Write, array, markup, text, within};
use crate::sources::http::Answer;
use reqwest::Method;
use serde_json::{Value, json};

/// Characters of a section; and how many sections are read in a chat.
const SECTION: usize = 2_900;
const SECTIONS: usize = 12;

pub(super) async fn plan(target: &Target, parcel: &Parcel) -> Result<Plan, PublishError> {
    if let Some(known) = parcel.known() {
        return Ok(Plan::Nothing { url: known.url.clone() });
    }
    let (sections, fallback) = (sections(parcel), within(&markup::slack(&parcel.heading()), 300));
    if target.webhook.is_some() {
        let body = json!({ "text": fallback, "blocks": sections });
        let note = "a webhook keeps no identity: only this record knows that it was sent".to_owned();
        return Ok(Plan::Create { write: Write { method: Method::POST, path: None, body }, note });
    }
    let channel = &target.config.channel;
    // An answer may have been lost: what was sent is in the channel, whatever the record says.
    let (seen, mut note) = match history(target, parcel).await? {
        History::Found(ts) => return Ok(Plan::Nothing { url: permalink(target, &ts).await }),
        History::Absent => (true, String::new()),
        History::Unseen(why) => (false, format!("; the channel could not be looked through ({why})")),
    };
    let mut body = json!({ "channel": channel, "text": fallback, "blocks": sections, "unfurl_links": false });
    let first = parcel.before.iter().find(|one| is_ts(&one.id)).map(|one| one.id.clone());
    let write = |path: &str, body| Write { method: Method::POST, path: Some(path.to_owned()), body };
    if !seen {
        note.push_str(", so only the record tells what was sent before");
    }
    Ok(match (parcel.content, first) {
        (Content::Rca, Some(ts)) => {
            body["ts"] = json!(ts);
            let url =
                parcel.before.iter().find(|one| one.id == ts).map(|one| one.url.clone()).unwrap_or_default();
            Plan::Change {
                write: write("api/chat.update", body),
                url,
                id: ts,
                note: format!("the message{note}"),
            }
        }
        (_, first) => {
            if let Some(ts) = first {
                body["thread_ts"] = json!(ts);
            }
            Plan::Create {
                write: write("api/chat.postMessage", body),
                note: format!("a message to {channel}{note}"),
            }
        }
    })
}

pub(super) async fn receipt(target: &Target, answer: &Answer) -> Result<Receipt, PublishError> {
    if target.webhook.is_some() {
        if !answer.status.is_success() || answer.body.trim_ascii() != b"ok" {
            let said = target.excerpt(answer).await;
            return Err(target.refused(format!("{} {said}", answer.status)));
        }
        return Ok(Receipt { id: String::new(), url: String::new(), note: String::new() });
    }
    let answer = target.json(answer).await?;
    // Slack says 200 to everything.
    if answer["ok"] != true {
        return Err(target.refused(text(&answer, "/error")));
    }
    let ts = text(&answer, "/ts");
    Ok(Receipt { url: permalink(target, &ts).await, id: ts, note: String::new() })
}

enum History {
    Found(String),
    Absent,
    Unseen(String),
}

async fn history(target: &Target, parcel: &Parcel) -> Result<History, PublishError> {
    let parameters = vec![("channel", target.config.channel.clone()), ("limit", "100".to_owned())];
    let answer = target.get("api/conversations.history", parameters).await?;
    if answer["ok"] != true {
        let error = text(&answer, "/error");
        return match error.as_str() {
            "missing_scope" | "not_in_channel" => Ok(History::Unseen(error)),
            _ => Err(target.refused(error)),
        };
    }
    let footer = parcel.footer();
    let messages = array(&answer, "/messages");
    let found = messages.iter().find(|message| message.to_string().contains(&footer));
    Ok(found.map_or(History::Absent, |message| History::Found(text(message, "/ts"))))
}

/// Where it can be seen; empty where Slack does not say, for the message is there all the same.
async fn permalink(target: &Target, ts: &str) -> String {
    let parameters = vec![("channel", target.config.channel.clone()), ("message_ts", ts.to_owned())];
    let answer = target.get("api/chat.getPermalink", parameters).await;
    answer.map(|answer| text(&answer, "/permalink")).unwrap_or_default()
}

/// A message is named by a number with a dot that must stay a text.
fn is_ts(id: &str) -> bool {
    id.contains('.') && id.chars().all(|c| c.is_ascii_digit() || c == '.')
}

fn sections(parcel: &Parcel) -> Vec<Value> {
    let heading = format!("*{}*", within(&markup::slack(&parcel.heading()), 250));
    let mut sections = vec![section(&heading)];
    for (name, said) in markup::short(&parcel.blocks).into_iter().take(SECTIONS) {
        let said = within(&said, SECTION / 3);
        let said = markup::slack(&said);
        sections.push(section(&match name {
            Some(name) => format!("*{}*\n{said}", markup::slack(&name)),
            None => said,
        }));
    }
    sections
        .push(json!({ "type": "context", "elements": [{ "type": "plain_text", "text": parcel.footer() }] }));
    sections
}

fn section(text: &str) -> Value {
    json!({ "type": "section", "text": { "type": "mrkdwn", "text": within(text, SECTION) } })
}
