//! Sources of changes as the contract has them.

use super::fake::{Answer, Request};
use super::{Adapter, Time, Wanted, alerts};
use serde_json::{Value, json};

pub const ARGOCD: Adapter = Adapter {
    kind: "argocd",
    options: "",
    wanted: || Wanted::Changes,
    healthy: argocd,
    is_data: |request| request.path.ends_with("/applications"),
    partial: &[],
    small_pages: None,
    may_be_empty: false,
    reads: &[("GET", "/api/v1/session/userinfo"), ("GET", "/api/v1/applications")],
    // It knows no windows: it keeps the last deployments of each application.
    asks_for: |request, _| {
        request.path == "/api/v1/applications" && request.parameters.contains_key("fields")
    },
};

fn argocd(request: &Request, instants: &[Time]) -> Answer {
    if request.path.ends_with("/userinfo") {
        return Answer::json(r#"{"loggedIn":true,"username":"bridgewatch"}"#);
    }
    let history: Vec<Value> = instants
        .iter()
        .enumerate()
        .map(|(id, time)| json!({ "id": id, "revision": format!("r{id}"), "deployedAt": time.rfc3339() }))
        .collect();
    let application = json!({ "metadata": { "name": "orders" }, "status": { "history": history } });
    Answer::json(&json!({ "metadata": {}, "items": [application] }).to_string())
}

pub const GITHUB: Adapter = Adapter {
    kind: "github",
    options: "repositories = [\"acme/orders\"]",
    wanted: || Wanted::Changes,
    healthy: github,
    is_data: |request| request.path.ends_with("/deployments"),
    partial: &[],
    small_pages: None,
    may_be_empty: false,
    reads: &[
        ("GET", "/rate_limit"),
        ("GET", "/repos/acme/orders/deployments"),
        ("GET", "/repos/acme/orders/releases"),
    ],
    // It knows no windows: the newest come first, until they are older than the window.
    asks_for: |request, _| {
        request.path == "/repos/acme/orders/deployments" && request.number("page") == Some(1)
    },
};

fn github(request: &Request, instants: &[Time]) -> Answer {
    if request.path == "/rate_limit" {
        return Answer::json(r#"{"resources":{"core":{"limit":5000,"remaining":4999}}}"#);
    }
    if request.path.ends_with("/releases") {
        return Answer::json("[]");
    }
    if request.path.ends_with("/statuses") {
        return Answer::json(r#"[{"state":"success","log_url":"https://github.com/acme/orders/runs/1"}]"#);
    }
    let deployments: Vec<Value> = instants
        .iter()
        .enumerate()
        .rev()
        .map(|(id, time)| {
            json!({ "id": id, "sha": "9f1c2d3e4f5061728394a5b6c7d8e9f001122334", "ref": "main", "environment": "production",
                "created_at": time.rfc3339(), "creator": { "login": "ana" } })
        })
        .collect();
    Answer::json(&Value::Array(deployments).to_string())
}

pub const GITLAB: Adapter = Adapter {
    kind: "gitlab",
    options: "projects = [\"acme/orders\"]",
    wanted: || Wanted::Changes,
    healthy: gitlab,
    is_data: |request| request.path.ends_with("/deployments"),
    partial: &[],
    small_pages: None,
    may_be_empty: false,
    reads: &[("GET", "/api/v4/version"), ("GET", "/api/v4/projects/acme%2Forders/deployments")],
    asks_for: |request, window| {
        request.parameters.get("updated_after") == Some(&window.from.rfc3339())
            && request.parameters.get("updated_before") == Some(&window.to.rfc3339())
    },
};

fn gitlab(request: &Request, instants: &[Time]) -> Answer {
    if request.path.ends_with("/version") {
        return Answer::json(r#"{"version":"18.2.0","revision":"x"}"#);
    }
    let deployments: Vec<Value> = instants
        .iter()
        .enumerate()
        .map(|(id, time)| {
            json!({ "id": id, "status": "success", "sha": "9f1c2d3e", "ref": "main", "created_at": time.rfc3339(),
                "environment": { "name": "production" }, "user": { "name": "Ana" }, "deployable": { "finished_at": null, "web_url": "" } })
        })
        .collect();
    Answer::json(&Value::Array(deployments).to_string())
}

pub const PAGERDUTY: Adapter = Adapter { wanted: || Wanted::Changes, ..alerts::PAGERDUTY };
