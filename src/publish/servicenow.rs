//! ServiceNow's Table API: a write-up is a problem, an update a work note on the incident. Found by `correlation_id`.

use super::{Content, Parcel, Plan, PublishError, Receipt, Target, Write, array, markup, text, within};
use crate::incident::IncidentSeverity;
use crate::sources::http::Answer;
use reqwest::Method;
use serde_json::{Value, json};

/// A work note of ServiceNow holds more; nobody reads more.
const MOST: usize = 60_000;
const FIELDS: &str = "sys_id,number,correlation_id,correlation_display";

pub(super) async fn plan(target: &Target, parcel: &Parcel) -> Result<Plan, PublishError> {
    let table = table(parcel);
    // A number that a person names is what it goes to; otherwise the mark finds what was made by us.
    let query = match parcel.to.as_deref() {
        Some(number) if number.chars().all(char::is_alphanumeric) => format!("number={number}"),
        Some(_) => {
            return Err(PublishError::Impossible("--to is a number such as INC0012345".to_owned()));
        }
        None => format!("correlation_id={}", parcel.mark),
    };
    let found = look(target, table, &query).await?;
    let Some(found) = found else {
        if parcel.to.is_some() {
            return Err(target.refused(format!("there is no {table} of that number")));
        }
        let write = Write { method: Method::POST, path: Some(path(table, None)), body: created(parcel) };
        return Ok(Plan::Create { write, note: format!("a new {table}") });
    };
    let (id, number) = (text(&found, "/sys_id"), text(&found, "/number"));
    let url = link(target, table, &id);
    if is_there(target, parcel, &found, &id).await? {
        return Ok(Plan::Nothing { url });
    }
    let body = match parcel.content {
        Content::Rca => filled(parcel),
        Content::Update(_) => json!({ "work_notes": note(parcel) }),
    };
    let write = Write { method: Method::PATCH, path: Some(path(table, Some(&id))), body };
    Ok(Plan::Change { write, url, id, note: format!("{table} {number}") })
}

pub(super) async fn receipt(
    target: &Target,
    parcel: &Parcel,
    plan: &Plan,
    answer: &Answer,
) -> Result<Receipt, PublishError> {
    let answer = target.json(answer).await?;
    let id = text(&answer, "/result/sys_id");
    if id.is_empty() {
        return Err(target.refused("it answered without the record that was written"));
    }
    // Unknown fields are ignored in silence, and business rules change values: what came back says what is there.
    let kept = text(&answer, "/result/correlation_id");
    let note = match plan {
        Plan::Create { .. } if kept != parcel.mark => {
            "it did not keep the correlation_id, so that it cannot be found again: check who may write that field"
        }
        _ => "",
    };
    Ok(Receipt { url: link(target, table(parcel), &id), id, note: note.to_owned() })
}

async fn look(target: &Target, table: &str, query: &str) -> Result<Option<Value>, PublishError> {
    let parameters = vec![
        ("sysparm_query", format!("{query}^ORDERBYsys_created_on")),
        ("sysparm_fields", FIELDS.to_owned()),
        ("sysparm_limit", "1".to_owned()),
        ("sysparm_exclude_reference_link", "true".to_owned()),
    ];
    let answer = target.get(&path(table, None), parameters).await?;
    Ok(array(&answer, "/result").into_iter().next())
}

/// Whether this very content was written before: notes are looked up in the journal, for they only ever pile up.
async fn is_there(target: &Target, parcel: &Parcel, found: &Value, id: &str) -> Result<bool, PublishError> {
    if !parcel.is_update() {
        return Ok(text(found, "/correlation_display") == parcel.footer());
    }
    let query = format!("element_id={id}^element=work_notes^valueLIKE{}", parcel.footer());
    let parameters = vec![
        ("sysparm_query", query),
        ("sysparm_fields", "sys_id".to_owned()),
        ("sysparm_limit", "1".to_owned()),
    ];
    let answer = target.get(&path("sys_journal_field", None), parameters).await?;
    Ok(!array(&answer, "/result").is_empty())
}

fn table(parcel: &Parcel) -> &'static str {
    match parcel.content {
        Content::Rca => "problem",
        Content::Update(_) => "incident",
    }
}

fn path(table: &str, id: Option<&str>) -> String {
    match id {
        Some(id) => format!("api/now/table/{table}/{id}"),
        None => format!("api/now/table/{table}"),
    }
}

fn created(parcel: &Parcel) -> Value {
    let grade = match parcel.severity {
        IncidentSeverity::Sev1 => "1",
        IncidentSeverity::Sev2 => "2",
        IncidentSeverity::Sev3 | IncidentSeverity::Sev4 => "3",
    };
    let mut fields = match parcel.content {
        Content::Rca => filled(parcel),
        Content::Update(_) => json!({ "work_notes": note(parcel), "correlation_display": "bridgewatch" }),
    };
    fields["short_description"] = json!(within(&parcel.heading(), 150));
    fields["correlation_id"] = json!(parcel.mark);
    fields["impact"] = json!(grade);
    fields["urgency"] = json!(grade);
    fields
}

fn filled(parcel: &Parcel) -> Value {
    let mut fields = json!({
        "description": within(&markup::plain(&parcel.blocks), MOST),
        "correlation_display": parcel.footer(),
    });
    for (field, name) in [("cause_notes", "Root cause"), ("fix_notes", "Mitigations")] {
        let section = section(parcel, name);
        if !section.is_empty() {
            fields[field] = json!(within(&section, 4_000));
        }
    }
    fields
}

/// What stands below a heading.
fn section(parcel: &Parcel, name: &str) -> String {
    use crate::report::Block;
    let is_it = |block: &Block| matches!(block, Block::Heading(heading) if heading == name);
    let Some(from) = parcel.blocks.iter().position(is_it) else { return String::new() };
    let below = &parcel.blocks[from + 1..];
    let to = below.iter().position(|block| matches!(block, Block::Heading(_))).unwrap_or(below.len());
    markup::plain(&below[..to])
}

fn note(parcel: &Parcel) -> String {
    format!("{}\n\n{}", within(&markup::plain(&parcel.blocks), MOST), parcel.footer())
}

fn link(target: &Target, table: &str, id: &str) -> String {
    format!("{}/nav_to.do?uri={table}.do%3Fsys_id%3D{id}", target.config.url.trim_end_matches('/'))
}
