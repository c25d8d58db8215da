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

pub const JENKINS: Adapter = Adapter {
    kind: "jenkins",
    options: "jobs = [\"shop/orders-deploy\"]",
    wanted: || Wanted::Changes,
    healthy: jenkins,
    is_data: |request| request.path.starts_with("/job/"),
    partial: &[],
    small_pages: None,
    may_be_empty: false,
    reads: &[("GET", "/api/json"), ("GET", "/job/shop/job/orders-deploy/api/json")],
    // It knows no windows: the newest come first, until they are older than the window.
    asks_for: |request, _| request.parameters.get("tree").is_some_and(|tree| tree.ends_with("{0,100}")),
};

fn jenkins(request: &Request, instants: &[Time]) -> Answer {
    if request.path == "/api/json" {
        return Answer::json(r#"{"_class":"hudson.model.Hudson","mode":"NORMAL"}"#);
    }
    let builds: Vec<Value> = instants
        .iter()
        .enumerate()
        .rev()
        .map(|(number, time)| json!({ "number": number, "result": "SUCCESS", "timestamp": time.0 / 1_000_000, "duration": 0, "url": "", "actions": [{}] }))
        .collect();
    Answer::json(&json!({ "_class": "x", "builds": builds }).to_string())
}

pub const AZURE_BUILDS: Adapter = Adapter {
    kind: "azuredevops",
    options: "",
    wanted: || Wanted::Changes,
    healthy: azure_devops,
    is_data: |request| request.path.ends_with("/builds") || request.path.ends_with("/deployments"),
    partial: &[],
    small_pages: None,
    may_be_empty: false,
    reads: &[
        ("GET", "/_apis/build/builds"),
        ("GET", "/_apis/build/definitions"),
        ("GET", "/_apis/release/deployments"),
        ("GET", "/_apis/release/definitions"),
    ],
    asks_for: |request, window| {
        let asked = |name: &str| request.parameters.get(name).cloned();
        let from = asked("minTime").or_else(|| asked("minStartedTime"));
        let to = asked("maxTime").or_else(|| asked("maxStartedTime"));
        from == Some(window.from.rfc3339()) && to == Some(window.to.rfc3339())
    },
};

pub const AZURE_RELEASES: Adapter = Adapter { options: "releases = true", ..AZURE_BUILDS };

fn azure_devops(request: &Request, instants: &[Time]) -> Answer {
    if request.path.ends_with("/definitions") {
        return Answer::json(r#"{"count":1,"value":[{"id":1,"name":"orders"}]}"#);
    }
    let is_build = request.path.ends_with("/builds");
    let found: Vec<Value> = instants
        .iter()
        .enumerate()
        .map(|(id, time)| match is_build {
            true => json!({ "id": id, "buildNumber": "1", "result": "succeeded", "finishTime": time.rfc3339(), "definition": { "name": "orders" } }),
            false => json!({ "id": id, "deploymentStatus": "succeeded", "completedOn": time.rfc3339(), "releaseDefinition": { "name": "orders" } }),
        })
        .collect();
    Answer::json(&json!({ "count": found.len(), "value": found }).to_string())
}

pub const LAUNCHDARKLY: Adapter = Adapter {
    kind: "launchdarkly",
    options: "",
    wanted: || Wanted::Changes,
    healthy: launch_darkly,
    is_data: |request| request.parameters.contains_key("spec"),
    partial: &[],
    small_pages: None,
    may_be_empty: false,
    reads: &[("GET", "/api/v2/auditlog")],
    asks_for: |request, window| {
        request.number("after") == Some(window.from.0 / 1_000_000 - 1)
            && request.number("before") == Some(window.to.0 / 1_000_000 + 1)
    },
};

fn launch_darkly(request: &Request, instants: &[Time]) -> Answer {
    let items: Vec<Value> = instants
        .iter()
        .enumerate()
        .rev()
        .filter(|(_, time)| request.number("before").is_none_or(|before| time.0 / 1_000_000 < before))
        .map(|(id, time)| json!({ "_id": format!("{id}"), "date": time.0 / 1_000_000, "kind": "flag", "name": "new-tax", "titleVerb": "turned on the flag" }))
        .take(20)
        .collect();
    Answer::json(&json!({ "items": items, "_links": {} }).to_string())
}
