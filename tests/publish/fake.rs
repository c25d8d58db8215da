//! A server of our own that keeps what is written to it, as each target's API does, and can refuse.

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use bridgewatch::publish::Kind;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

pub const TOKEN: &str = "s3cr3t-t0k3n";

/// See the module's header.
pub struct Fake {
    pub url: String,
    state: Arc<Mutex<Kept>>,
    folder: tempfile::TempDir,
}

struct Kept {
    kind: Kind,
    /// Tickets, pages, incidents, messages.
    things: Vec<Value>,
    /// Comments and notes.
    notes: Vec<String>,
    writes: usize,
    said: String,
    refusal: Option<(u16, String)>,
}

impl Fake {
    pub async fn start(kind: Kind) -> Self {
        let kept = Kept {
            kind,
            things: Vec::new(),
            notes: Vec::new(),
            writes: 0,
            said: String::new(),
            refusal: None,
        };
        let state = Arc::new(Mutex::new(kept));
        let app = Router::new().fallback(answer).with_state(state.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { url, state, folder: tempfile::tempdir().unwrap() }
    }

    /// A file with a secret in it.
    pub fn secret(&self, name: &str, text: &str) -> String {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    }

    pub fn writes(&self) -> usize {
        self.state.lock().unwrap().writes
    }

    /// Everything that was written so far.
    pub fn said(&self) -> String {
        self.state.lock().unwrap().said.clone()
    }

    pub fn fail_writes(&self, status: u16, body: &str) {
        self.state.lock().unwrap().refusal = Some((status, body.to_owned()));
    }

    pub fn page_of_another(&self, title: &str) {
        let page = json!({ "id": "7", "title": title, "version": { "number": 3 }, "body": { "storage": { "value": "ours" } } });
        self.state.lock().unwrap().things.push(page);
    }
}

async fn answer(
    State(state): State<Arc<Mutex<Kept>>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let mut kept = state.lock().unwrap();
    let (path, query) = (uri.path().to_owned(), uri.query().unwrap_or_default().to_owned());
    let is_hook = path.starts_with("/hook/");
    if !is_hook {
        let authorization = headers.get("authorization").map(|value| value.to_str().unwrap());
        if authorization != Some(&format!("Bearer {TOKEN}")) {
            return StatusCode::UNAUTHORIZED.into_response();
        }
    } else if path != format!("/hook/{TOKEN}") || query != "sig=1" {
        return StatusCode::NOT_FOUND.into_response();
    }
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let is_search = path.contains("/search");
    if method != Method::GET && !is_search {
        kept.writes += 1;
        kept.said.push_str(&body.to_string());
        if let Some((status, text)) = kept.refusal.clone() {
            return (StatusCode::from_u16(status).unwrap(), text).into_response();
        }
    }
    let (status, answer) = match kept.kind {
        _ if is_hook => {
            return if kept.kind == Kind::Teams {
                StatusCode::ACCEPTED.into_response()
            } else {
                "ok".into_response()
            };
        }
        Kind::Servicenow => servicenow(&mut kept, &method, &path, &decoded(&query), body),
        Kind::Jira => jira(&mut kept, &method, &path, body),
        Kind::Confluence => confluence(&mut kept, &method, &path, &decoded(&query), body),
        Kind::Pagerduty => pagerduty(&mut kept, &method, &path, body),
        Kind::Slack => slack(&mut kept, &path, body),
        Kind::Statuspage => statuspage(&mut kept, &method, &path, body),
        Kind::Teams => (404, Value::Null),
    };
    (StatusCode::from_u16(status).unwrap(), axum::Json(answer)).into_response()
}

fn decoded(query: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = query.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'+' => bytes.push(b' '),
            b'%' => {
                let hex: String =
                    [rest.next(), rest.next()].iter().map(|byte| byte.unwrap() as char).collect();
                bytes.push(u8::from_str_radix(&hex, 16).unwrap());
            }
            byte => bytes.push(byte),
        }
    }
    String::from_utf8(bytes).unwrap()
}

fn merge(into: &mut Value, from: &Value) {
    for (key, value) in from.as_object().unwrap() {
        into[key] = value.clone();
    }
}

/// Work notes only pile up, in a table of their own.
fn servicenow(kept: &mut Kept, method: &Method, path: &str, query: &str, mut body: Value) -> (u16, Value) {
    if let Some(note) = body.as_object_mut().and_then(|fields| fields.remove("work_notes")) {
        kept.notes.push(note.as_str().unwrap().to_owned());
    }
    match (method, path) {
        (&Method::GET, "/api/now/table/sys_journal_field") => {
            let wanted = query.split("valueLIKE").nth(1).unwrap().split('&').next().unwrap();
            let found =
                kept.notes.iter().filter(|note| note.contains(wanted)).map(|_| json!({ "sys_id": "j" }));
            (200, json!({ "result": found.collect::<Vec<_>>() }))
        }
        (&Method::GET, _) => {
            let found: Vec<&Value> = kept
                .things
                .iter()
                .filter(|one| {
                    query.contains(&format!("correlation_id={}", one["correlation_id"].as_str().unwrap()))
                })
                .collect();
            (200, json!({ "result": found }))
        }
        (&Method::POST, _) => {
            let id = format!("sys{}", kept.things.len());
            body["number"] = json!(format!("PRB{}", kept.things.len()));
            body["sys_id"] = json!(id);
            kept.things.push(body.clone());
            (201, json!({ "result": body }))
        }
        (&Method::PATCH, path) => {
            let id = path.rsplit('/').next().unwrap();
            let Some(one) = kept.things.iter_mut().find(|one| one["sys_id"] == id) else {
                return (404, json!({}));
            };
            merge(one, &body);
            (200, json!({ "result": one }))
        }
        _ => (405, Value::Null),
    }
}

fn jira(kept: &mut Kept, method: &Method, path: &str, body: Value) -> (u16, Value) {
    let is_cloud = path.starts_with("/rest/api/3/") || path.starts_with("/rest/servicedeskapi/");
    if is_cloud && path.ends_with("/search") {
        return (410, json!({ "errorMessages": ["The requested API has been removed."] }));
    }
    if path.contains("/search") {
        let jql = body["jql"].as_str().unwrap();
        assert!(body["fields"].as_array().is_some_and(|fields| fields.contains(&json!("labels"))));
        let has = |one: &&Value| {
            one["fields"]["labels"]
                .as_array()
                .unwrap()
                .iter()
                .any(|label| jql.contains(label.as_str().unwrap()))
        };
        let found: Vec<&Value> = kept.things.iter().filter(has).collect();
        return (200, json!({ "issues": found, "isLast": true }));
    }
    if path.ends_with("/comment") {
        if method == Method::GET {
            let comments: Vec<Value> = kept.notes.iter().map(|note| json!({ "body": note })).collect();
            return (200, json!({ "comments": comments }));
        }
        let is_document = body["body"]["type"] == "doc";
        assert_eq!(
            is_document,
            path.starts_with("/rest/api/3/"),
            "rich text is a document in the cloud only"
        );
        kept.notes.push(body["body"].to_string());
        return (201, json!({ "id": "1" }));
    }
    match *method {
        Method::POST => {
            let is_document = body["fields"]["description"]["type"] == "doc";
            assert_eq!(is_document, is_cloud);
            let key = format!("OPS-{}", kept.things.len() + 1);
            kept.things.push(json!({ "key": key, "fields": body["fields"] }));
            (201, json!({ "id": "10001", "key": key }))
        }
        Method::PUT => {
            let key = path.rsplit('/').next().unwrap();
            let one = kept.things.iter_mut().find(|one| one["key"] == key).unwrap();
            let labels = one["fields"]["labels"].as_array_mut().unwrap();
            for edit in body["update"]["labels"].as_array().unwrap() {
                match (&edit["add"], &edit["remove"]) {
                    (Value::String(_), _) => labels.push(edit["add"].clone()),
                    (_, old) => labels.retain(|label| label != old),
                }
            }
            (204, Value::Null)
        }
        _ => (405, Value::Null),
    }
}

fn confluence(kept: &mut Kept, method: &Method, path: &str, query: &str, body: Value) -> (u16, Value) {
    let shown = |page: &Value| {
        let mut page = page.clone();
        page["body"] = json!({ "storage": { "value": page["body"]["value"].as_str().or(page["body"]["storage"]["value"].as_str()) } });
        page["_links"] = json!({ "base": "https://acme.example/wiki", "webui": "/pages/1" });
        page
    };
    match *method {
        Method::GET if path.ends_with("/spaces") => {
            (200, json!({ "results": [{ "id": "123", "key": "OPS" }] }))
        }
        Method::GET if path.ends_with("/pages") => {
            let title = query.split("title=").nth(1).unwrap().split("&body").next().unwrap();
            let found: Vec<Value> =
                kept.things.iter().filter(|page| page["title"] == title).map(shown).collect();
            (200, json!({ "results": found }))
        }
        Method::GET => {
            let id = path.rsplit('/').next().unwrap();
            kept.things
                .iter()
                .find(|page| page["id"] == id)
                .map_or((404, json!({})), |page| (200, shown(page)))
        }
        Method::POST => {
            if kept.things.iter().any(|page| page["title"] == body["title"]) {
                return (400, json!({ "errors": [{ "title": "A page with this title already exists" }] }));
            }
            let mut page = body;
            page["id"] = json!("789");
            page["version"] = json!({ "number": 1 });
            kept.things.push(page.clone());
            (200, shown(&page))
        }
        Method::PUT => {
            let page = kept.things.iter_mut().find(|page| page["id"] == body["id"]).unwrap();
            if body["version"]["number"] != json!(page["version"]["number"].as_u64().unwrap() + 1) {
                return (409, json!({ "errors": [{ "title": "Version conflict" }] }));
            }
            *page = body;
            (200, shown(page))
        }
        _ => (405, Value::Null),
    }
}

fn pagerduty(kept: &mut Kept, method: &Method, path: &str, body: Value) -> (u16, Value) {
    if !path.starts_with("/incidents/PT4KHLK") {
        return (404, json!({ "error": { "message": "Not Found", "code": 2100 } }));
    }
    match (method, path.ends_with("/notes")) {
        (&Method::GET, false) => {
            (200, json!({ "incident": { "html_url": "https://acme.example/incidents/PT4KHLK" } }))
        }
        (&Method::GET, true) => {
            let notes: Vec<Value> = kept.notes.iter().map(|note| json!({ "content": note })).collect();
            (200, json!({ "notes": notes }))
        }
        _ => {
            kept.notes.push(body["note"]["content"].as_str().unwrap().to_owned());
            (201, json!({ "note": { "id": "PN1" } }))
        }
    }
}

fn slack(kept: &mut Kept, path: &str, body: Value) -> (u16, Value) {
    match path {
        "/api/conversations.history" => (200, json!({ "ok": true, "messages": kept.things })),
        "/api/chat.getPermalink" => {
            (200, json!({ "ok": true, "permalink": "https://acme.example/archives/C1/p1" }))
        }
        "/api/chat.postMessage" => {
            let mut message = body;
            message["ts"] = json!("1773480420.000200");
            kept.things.push(message);
            (200, json!({ "ok": true, "channel": "C0123456789", "ts": "1773480420.000200" }))
        }
        "/api/chat.update" => {
            let Some(one) = kept.things.iter_mut().find(|one| one["ts"] == body["ts"]) else {
                return (200, json!({ "ok": false, "error": "message_not_found" }));
            };
            merge(one, &body);
            (200, json!({ "ok": true, "ts": body["ts"] }))
        }
        _ => (200, json!({ "ok": false, "error": "unknown_method" })),
    }
}

fn statuspage(kept: &mut Kept, method: &Method, path: &str, body: Value) -> (u16, Value) {
    match *method {
        Method::GET => (200, json!(kept.things)),
        Method::POST => {
            let mut incident = body["incident"].clone();
            incident["id"] = json!("p31zjtct2jer");
            incident["shortlink"] = json!("https://stspg.example/p31");
            kept.things.push(incident.clone());
            (201, incident)
        }
        Method::PATCH => {
            let id = path.rsplit('/').next().unwrap();
            let one = kept.things.iter_mut().find(|one| one["id"] == id).unwrap();
            merge(one, &body["incident"]);
            (200, one.clone())
        }
        _ => (200, json!({})),
    }
}
