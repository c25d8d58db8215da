//! A whole bridge from the command line: what every line of the record, the board and the write-up then says.

use serde_json::Value;
use std::path::PathBuf;
use std::process::{Command, Output};

/// A record of incidents in a folder of its own.
pub(super) struct Room {
    pub folder: tempfile::TempDir,
}

pub(super) const SCENARIO: &str = "erp-certificate-expired";

impl Room {
    pub(super) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub(super) fn run(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_bridgewatch"))
            .args(arguments)
            .current_dir(self.folder.path())
            .env_clear()
            .env("HOME", self.folder.path())
            .env("USER", "ann")
            .output()
            .unwrap()
    }

    /// What a command says that does as it is told.
    pub(super) fn says(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?} ended with {}: {error}", output.status);
        String::from_utf8(output.stdout).unwrap()
    }

    pub(super) fn board(&self) -> Value {
        serde_json::from_str(&self.says(&["incident", "status", "--json"])).unwrap()
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// An incident with all that can be recorded of one.
    pub(super) fn after_a_bridge() -> Self {
        let room = Self::new();
        std::fs::write(room.path("erp.log"), "ERROR PKIX path validation failed\npassword=hunter2\n")
            .unwrap();
        for line in [
            "declare --severity SEV1 Orders do not reach billing",
            "impact INC-0001 --began 2026-03-10T09:00:12Z",
            "acknowledge INC-0001",
            "role INC-0001 incident-commander ann",
            "ask INC-0001 @kafka-oncall check partition lag 3m",
            "answer INC-0001 5 no lag at all",
            "hypothesis INC-0001 --test read-NotAfter the certificate of erp expired",
            "evidence INC-0001 7 PKIX in the log",
            "evidence INC-0001 7 --against it was rotated last week",
            "judge INC-0001 7 supported NotAfter was yesterday",
            "pin INC-0001 erp.log erp refuses the certificate --query grep-PKIX --source erp.log",
            "note INC-0001 -7m the alert fired",
            "note INC-0001 --decision --option wait --objection costs --decider bob fail over",
            "mitigate INC-0001 failover region-b --intent let-orders-flow --expect under-1-percent --guard cpu --risk lag --undo fail-back --owner ops --approver bob --expires 2h",
            "cadence INC-0001 20",
            "role INC-0001 incident-commander carol",
        ] {
            let words: Vec<&str> = std::iter::once("incident").chain(line.split(' ')).collect();
            room.says(&words);
        }
        room
    }
}

#[test]
fn what_was_done_on_the_bridge_stands_on_the_board_and_in_the_record() {
    let room = Room::after_a_bridge();
    let board = room.board();
    assert_eq!(board["roles"]["incident-commander"], "carol");
    assert_eq!(board["asks"], serde_json::json!([]), "it was answered");
    let hypothesis = &board["hypotheses"][0];
    assert_eq!(hypothesis["for"][0], "PKIX in the log");
    assert_eq!(hypothesis["against"][0], "it was rotated last week");
    assert_eq!(hypothesis["verdict"], "supported");
    let one = &board["in_force"][0];
    assert_eq!((one["kind"].as_str(), one["undo"].as_str()), (Some("failover"), Some("fail-back")));
    assert_eq!(one["expired"], false);
    assert_eq!(board["overdue"], false);
    // Who took over got a note of what is known, without having asked.
    let shown = room.says(&["incident", "show", "INC-0001", "--json"]);
    let entries: Vec<Value> = shown.lines().skip(1).map(|line| serde_json::from_str(line).unwrap()).collect();
    let bundle = room.says(&["incident", "export", "INC-0001"]);
    for said in
        ["Ruled out: nothing", "the certificate of erp expired (NotAfter was yesterday)", "failover region-b"]
    {
        assert!(bundle.contains(said), "{said}");
    }
    assert!(!bundle.contains("hunter2"), "what is kept for years is redacted first");
    // A fact that was dated back stands where it happened, and says when it was recorded.
    let fired = entries.iter().find(|entry| entry["text"] == "the alert fired").unwrap();
    assert!(fired["happened"].as_str().unwrap() < fired["recorded"].as_str().unwrap());
    assert!(room.says(&["incident", "verify"]).contains("16 entries, the chain is whole"));
}

#[test]
fn updates_say_to_each_audience_what_it_may_hear() {
    let room = Room::after_a_bridge();
    let update = |audience| room.says(&["incident", "update", "INC-0001", audience, "--demo", SCENARIO]);
    let technical = update("technical");
    for part in ["CONDITIONS:", "ACTIONS: failover region-b", "NEEDS:", "Next update in 20 minutes."] {
        assert!(technical.contains(part), "{part} in {technical}");
    }
    assert!(update("executive").contains("transactions are affected"));
    let customer = room.says(&[
        "incident",
        "update",
        "INC-0001",
        "customer",
        "--text",
        "erp-adapter and ann are on it",
        "--demo",
        SCENARIO,
    ]);
    assert_eq!(customer, "[internal] and [internal] are on it\n");
    let lines = room.says(&["incident", "catch-up", "INC-0001", "--demo", SCENARIO]);
    assert!(lines.lines().count() <= 20 && lines.contains("In force: failover region-b"), "{lines}");
}

#[test]
fn what_was_said_wrongly_is_corrected_and_taken_back_by_entries() {
    let room = Room::after_a_bridge();
    room.says(&["incident", "correct", "INC-0001", "12", "-9m", "the", "alert", "fired", "twice"]);
    room.says(&["incident", "undo", "INC-0001", "13"]);
    let shown = room.says(&["incident", "show", "INC-0001"]);
    assert!(
        shown.contains("the alert fired twice") && shown.contains("fail over (decided by bob)  (taken back)"),
        "{shown}"
    );
    let behind = room.run(&["incident", "note", "INC-0001", "we", "wait", "--decision"]);
    assert_eq!(behind.status.code(), Some(2), "an option behind the text is no part of it");
    assert_eq!(room.run(&["incident", "undo", "INC-0001", "99"]).status.code(), Some(1));
    assert_eq!(room.run(&["incident", "answer", "INC-0001", "1", "x"]).status.code(), Some(1), "no ask");
}

#[test]
fn a_write_up_is_finished_in_an_editor_until_the_gate_lets_it_pass() {
    let room = Room::after_a_bridge();
    for line in [
        "withdraw INC-0001 14 fixed",
        "impact INC-0001 --ended 2026-03-10T09:50:00Z",
        "phase INC-0001 resolved",
    ] {
        let words: Vec<&str> = std::iter::once("incident").chain(line.split(' ')).collect();
        room.says(&words);
    }
    let sheet = room.says(&["rca", "edit", "INC-0001", "--demo", SCENARIO, "--print"]);
    assert!(sheet.contains("summary = ") && sheet.contains("# - factors"), "{sheet}");
    assert_eq!(room.run(&["rca", "check", "INC-0001"]).status.code(), Some(1));
    // An editor that writes what a team would.
    let finished = r##"
summary = "Orders did not reach billing for 50 minutes."
impact = "55 of 151 flows failed."
detection = "The alert fired 7 minutes late (#12)."
trigger = "The certificate ran out (#11)."
root_cause = "Nothing watched the expiry of the certificate (#11)."
went_well = "The failover was ready."
went_badly = "The alert came late."
[[factors]]
class = "detection"
text = "no alert before the expiry (#12)"
[[factors]]
class = "process"
text = "renewal by hand (#8)"
[[whys]]
depth = 0
text = "Why did flows fail? The certificate was refused."
evidence = "#11"
[[actions]]
class = "detect"
text = "alert 30 days before a certificate ends"
owner = "ERP integration"
due = "2026-04-01"
verification = "a test certificate fires it"
is_systemic = true
"##;
    std::fs::write(room.path("finished.toml"), finished).unwrap();
    std::fs::write(room.path("editor"), "#!/bin/sh\ncat finished.toml > \"$1\"\n").unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_bridgewatch"))
        .args(["rca", "edit", "INC-0001"])
        .current_dir(room.folder.path())
        .env("HOME", room.folder.path())
        .env("USER", "ann")
        .env("VISUAL", "")
        .env("EDITOR", "sh editor")
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(
        said.contains("✓ the write-up passes the gate"),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(room.says(&["rca", "check", "INC-0001"]).contains("passes the gate"));
    // The same again changes nothing.
    let sheet = room.says(&["rca", "edit", "INC-0001", "--print"]);
    std::fs::write(room.path("same.toml"), sheet).unwrap();
    assert!(room.says(&["rca", "edit", "INC-0001", "--from", "same.toml"]).contains("INC-0001 0 entries"));
    let wrong = room.path("wrong.toml");
    std::fs::write(&wrong, "sumary = \"x\"").unwrap();
    let output = room.run(&["rca", "edit", "INC-0001", "--from", wrong.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn a_team_adds_rules_to_the_gate_by_a_file_beside_its_configuration() {
    let room = Room::after_a_bridge();
    let folder = room.path(".config/bridgewatch");
    std::fs::create_dir_all(&folder).unwrap();
    let rules = "[[rules]]\nname = \"jargon\"\nwhere = [\"summary\"]\nwords = [\"billing\"]\nreason = \"is our jargon\"\n";
    std::fs::write(folder.join("rca_rules.toml"), rules).unwrap();
    let output = room.run(&["rca", "check", "INC-0001"]);
    assert!(String::from_utf8(output.stdout).unwrap().contains("`billing` is our jargon"));
    std::fs::write(folder.join("rca_rules.toml"), "[[rules]]\nnam = 1").unwrap();
    let output = room.run(&["rca", "check", "INC-0001"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stderr).unwrap().contains("rca_rules.toml"));
}

#[test]
fn a_triage_pack_runs_its_checks_against_the_evidence_and_says_whom_to_ask_for_the_rest() {
    let room = Room::after_a_bridge();
    let page = room.says(&["incident", "triage", "INC-0001", "--demo", SCENARIO]);
    assert!(page.starts_with("CERTIFICATES AND TLS"), "{page}");
    let checks = room.says(&["incident", "triage", "INC-0001", "--demo", SCENARIO, "--json"]);
    let checks: Vec<Value> = checks.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(checks.len(), 5);
    let answered = checks.iter().filter(|check| check["answer"].is_string()).count();
    assert!(answered >= 3, "{page}");
    assert!(checks.iter().all(|check| check["answer"].is_string() != check["ask"].is_string()));
    let lag = room.says(&["incident", "triage", "INC-0001", "--pack", "backlog", "--demo", SCENARIO]);
    assert!(lag.contains("rabbitmq queue_depth"), "{lag}");
    assert_eq!(room.run(&["incident", "triage", "INC-0001", "--pack", "nonsense"]).status.code(), Some(1));
    // Without evidence, all is asked.
    assert!(room.says(&["incident", "triage", "INC-0001"]).contains("ask whoever owns it"));
}

#[test]
fn impact_is_counted_in_customers_and_value_and_a_review_says_how_much_could_be_seen() {
    let room = Room::after_a_bridge();
    let mut lines = String::new();
    for number in 0..30 {
        let failed = number >= 20;
        let (level, said) = if failed { ("error", "refused") } else { ("info", "sent") };
        for (system, second) in [("shop", 0), ("billing", 1)] {
            let level = if system == "billing" { level } else { "info" };
            let said = if system == "billing" { said } else { "order taken" };
            lines.push_str(&format!(
                "{{\"time\":\"2026-03-10T09:{number:02}:0{second}Z\",\"service\":\"{system}\",\"level\":\"{level}\",\"message\":\"{said}\",\"correlation_id\":\"00000000-0000-4000-8000-0000000000{number:02}\",\"customer\":\"c{}\",\"amount\":\"10.50\"}}\n",
                number % 4
            ));
        }
    }
    std::fs::write(room.path("all.jsonl"), lines).unwrap();
    let config = "[losses]\ncustomer = [\"customer\"]\nvalue = [\"amount\"]\ncurrency = \"EUR\"\n[systems.sap]\nowner = \"ERP\"\n";
    std::fs::write(room.path("own.toml"), config).unwrap();
    let draft = room.says(&["rca", "draft", "INC-0001", "--evidence", "all.jsonl", "--config", "own.toml"]);
    assert!(
        draft
            .contains("Lost: 4 customers, 105.00 EUR (of 10 lost flows 10 name the customer, 10 the value)."),
        "{draft}"
    );
    assert!(draft.contains("blind spots: sap"), "{draft}");
    room.says(&["incident", "measure", "INC-0001", "all.jsonl", "--config", "own.toml"]);
    let review: Value = serde_json::from_str(&room.says(&["review", "--json"])).unwrap();
    assert_eq!(review["blind"][0], serde_json::json!({ "kind": "sap", "count": 1 }));
    assert_eq!(review["coverage"]["hops"], review["coverage"]["logs"]);
}

#[test]
fn a_runbook_is_ticked_off_step_by_step_on_the_record() {
    let room = Room::after_a_bridge();
    std::fs::write(
        room.path("erp.md"),
        "# Certificate\n\n- [ ] Read NotAfter\n  ```\n  openssl x509 -enddate\n  ```\n- [ ] Roll back\n",
    )
    .unwrap();
    std::fs::write(room.path("own.toml"), "[systems.erp]\nrunbook = \"erp.md\"\n").unwrap();
    let runbook = ["incident", "runbook", "INC-0001", "--system", "erp", "--config", "own.toml"];
    let shown = room.says(&runbook);
    assert!(shown.contains("0 of 2 done") && shown.contains("openssl x509"), "{shown}");
    let tick: Vec<&str> = runbook.iter().copied().chain(["--step", "1", "it", "was", "yesterday"]).collect();
    room.says(&tick);
    let shown = room.says(&runbook);
    assert!(shown.contains("1 of 2 done") && shown.contains("→ it was yesterday"), "{shown}");
    let beyond: Vec<&str> = runbook.iter().copied().chain(["--step", "3"]).collect();
    assert_eq!(room.run(&beyond).status.code(), Some(1));
}

#[test]
fn an_incident_finds_its_like_and_what_helped_then() {
    let room = Room::after_a_bridge();
    room.says(&["incident", "declare", "Orders", "do", "not", "reach", "billing", "again"]);
    let found = room.says(&["incident", "similar", "INC-0002", "--json"]);
    let first: Value = serde_json::from_str(found.lines().next().unwrap()).unwrap();
    assert_eq!(first["incident"], "INC-0001");
    room.says(&["incident", "declare", "Login", "page", "slow"]);
    assert!(room.says(&["incident", "similar", "INC-0003"]).contains("no incident on record is like it"));
}
