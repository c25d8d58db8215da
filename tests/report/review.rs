//! Declaring from evidence, the service catalogue, runbooks that answer themselves, and the review over incidents.

use super::bridge::{Room, SCENARIO};
use serde_json::Value;

fn first(text: &str) -> Value {
    serde_json::from_str(text.lines().next().unwrap()).unwrap()
}

#[test]
fn an_incident_is_declared_from_an_alert_with_the_alert_pinned() {
    let room = Room::new();
    room.says(&["incident", "declare", "--alert", "--demo", SCENARIO]);
    let bundle = room.says(&["incident", "export", "INC-0001"]);
    let head = first(&room.says(&["incident", "show", "--json"]));
    assert!(head["title"].as_str().unwrap().contains("order-service"), "{head}");
    assert_eq!(
        (head["severity"].as_str(), head["pins"].as_u64()),
        (Some("SEV1"), Some(1)),
        "in doubt the higher"
    );
    assert!(bundle.contains("OrdersWithoutConfirmation: orders in PENDING_ERP above 5"), "{bundle}");
    assert!(head["impact_began"].as_str().unwrap().starts_with("2026-03-10T09:00"), "{head}");
    assert!(room.says(&["incident", "verify"]).contains("the chain is whole"));
    // Where no alert is known, it says so and declares nothing.
    std::fs::write(room.path("a.log"), "2026-03-10T09:00:00Z INFO fine\n").unwrap();
    let output = room.run(&["incident", "declare", "--alert", "--evidence", "a.log"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(room.run(&["incident", "declare"]).status.code(), Some(2), "from nothing it needs a title");
}

#[test]
fn an_incident_is_declared_from_a_suspect_and_its_severity_by_questions() {
    let room = Room::new();
    let declare = ["incident", "declare", "--suspect", "--demo", SCENARIO];
    let answers = ["--customers", "yes", "--many", "no", "--money", "no", "--safety", "no", "--data", "no"];
    let all: Vec<&str> = declare.iter().chain(&answers).copied().collect();
    room.says(&all);
    let head = first(&room.says(&["incident", "show", "--json"]));
    assert_eq!(head["severity"], "SEV3");
    let title = head["title"].as_str().unwrap();
    assert!(title.contains("fails at ") || title.contains("stops before "), "{title}");
    // The same with one question open: the worse answer counts.
    let open: Vec<&str> = all[..all.len() - 2].to_vec();
    room.says(&open);
    assert_eq!(first(&room.says(&["incident", "show", "INC-0002", "--json"]))["severity"], "SEV2");
}

#[test]
fn a_team_keeps_its_catalogue_and_runbooks_in_files_and_a_step_looks_by_itself() {
    let room = Room::after_a_bridge();
    std::fs::write(
        room.path("catalogue.toml"),
        "[systems.erp-adapter]\nowner = \"ERP integration\"\ntier = 1\nrunbook = \"erp.md\"\ndashboards = [\"https://grafana/d/erp\"]\nflows = [\"kong POST\"]\n",
    )
    .unwrap();
    std::fs::write(room.path("own.toml"), "author = \"ann\"\n").unwrap();
    std::fs::write(
        room.path("erp.md"),
        "# Certificate\n- [ ] What does the queue do?\n```bridgewatch\nseries queue_depth\n```\n- [ ] Call the partner\n",
    )
    .unwrap();
    let runbook = ["incident", "runbook", "INC-0001", "--system", "erp-adapter", "--config", "own.toml"];
    let shown = room.says(&runbook);
    assert!(shown.contains("0 of 2 done") && !shown.contains("evidence:"), "{shown}");
    let looked: Vec<&str> = runbook.iter().copied().chain(["--demo", SCENARIO]).collect();
    let shown = room.says(&looked);
    assert!(shown.contains("evidence: rabbitmq queue_depth"), "{shown}");
    std::fs::write(room.path("catalogue.toml"), "[systems.erp]\nowners = \"x\"\n").unwrap();
    let output = room.run(&runbook);
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("catalogue.toml") && said.contains("line 2"), "{said}");
}

#[test]
fn a_review_has_definitions_how_sure_it_is_open_actions_and_the_change_failure_rate() {
    let room = Room::after_a_bridge();
    room.says(&["incident", "declare", "--severity", "SEV3", "Something", "else"]);
    room.says(&["incident", "declare", "--drill", "An", "exercise"]);
    for name in ["INC-0001", "INC-0002", "INC-0003"] {
        room.says(&["incident", "phase", name, "resolved"]);
    }
    let sheet = "[[factors]]\nclass = \"change\"\ntext = \"rotated\"\n[[actions]]\nclass = \"detect\"\ntext = \"alert earlier\"\nowner = \"ERP\"\ndue = \"2026-01-01\"\nverification = \"fires\"\n";
    std::fs::write(room.path("sheet.toml"), sheet).unwrap();
    room.says(&["rca", "edit", "INC-0001", "--from", "sheet.toml"]);
    let review = first(&room.says(&["review", "--json"]));
    assert_eq!((review["incidents"].as_u64(), review["drills_left_out"].as_u64()), (Some(2), Some(1)));
    assert_eq!(review["change_failures"], Value::Null, "no changes are known");
    let ttr = review["times"].as_array().unwrap().iter().find(|time| time["name"] == "TTR").unwrap();
    assert_eq!(
        (ttr["definition"].as_str(), ttr["incidents"].as_u64()),
        (Some("declared → resolved"), Some(2))
    );
    assert!(
        ttr["low_ns"].as_u64() <= ttr["mean_ns"].as_u64()
            && ttr["mean_ns"].as_u64() <= ttr["high_ns"].as_u64()
    );
    let action = &review["actions"][0];
    assert_eq!((action["owner"].as_str(), action["overdue"].as_bool()), (Some("ERP"), Some(true)));
    // With a source of changes it is known how many of them set off an incident.
    let with_changes = first(&room.says(&["review", "--json", "--demo", SCENARIO]));
    let rate = &with_changes["change_failures"];
    assert!(rate["changes"].as_u64().unwrap() > 1, "{rate}");
    assert_eq!(rate["failed"], 1, "{rate}");
    assert!(rate["low"].as_f64() < rate["share"].as_f64() && rate["share"].as_f64() < rate["high"].as_f64());
    let said = room.says(&["review"]);
    assert!(said.contains("OVERDUE since 2026-01-01") && said.contains("MTTR mean"), "{said}");
}

#[test]
fn times_of_one_incident_say_how_exactly_they_are_known() {
    let room = Room::after_a_bridge();
    let shown = room.says(&["incident", "show", "INC-0001"]);
    let line = |name: &str| shown.lines().find(|line| line.starts_with(name)).unwrap_or_default().to_owned();
    assert!(line("TTD").contains("± 31.0 s"), "the beginning was said to the minute: {shown}");
    assert!(line("TTA").contains("± 2.0 s"), "both were recorded as they happened: {shown}");
    let report: Value = serde_json::from_str(&room.says(&["rca", "export", "--format", "json"])).unwrap();
    assert_eq!(report["kpis"][0]["uncertainty_ns"], 31_000_000_000_i64);
    assert_eq!(report["kpis"][3]["uncertainty_ns"], Value::Null, "it is not resolved");
    assert!(room.says(&["rca", "draft"]).contains("± 31.0 s"));
}

#[test]
fn what_is_drafted_at_resolve_stands_without_the_telemetry() {
    let room = Room::after_a_bridge();
    room.says(&["incident", "phase", "INC-0001", "resolved", "--demo", SCENARIO]);
    let draft = room.says(&["rca", "draft", "INC-0001"]);
    for said in ["flows failed or were stuck", "Lost: ", " customers, ", "Why did flows fail?"] {
        assert!(draft.contains(said), "{said} in {draft}");
    }
    assert!(room.says(&["incident", "verify"]).contains("the chain is whole"));
}
