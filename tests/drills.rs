//! Drills from the command line: every scenario of the library played to its end by its good and its bad candidate, the same
//! again being the same; a drill prepared, told, observed and debriefed without a screen; a past incident as a drill.
#![allow(clippy::print_stdout, clippy::unwrap_used)]

use bridgewatch::telemetry::{Nanos, Time};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A home of its own, so that nothing of the person's is read or written.
struct Home {
    folder: tempfile::TempDir,
}

impl Home {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn run(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_bridgewatch"))
            .args(arguments)
            .current_dir(self.folder.path())
            .env("XDG_DATA_HOME", self.path("data"))
            .env("XDG_CONFIG_HOME", self.path("config"))
            .env("USER", "ann")
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }

    #[track_caller]
    fn text(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(
            output.status.code(),
            Some(0),
            "{arguments:?}: {error}{}",
            String::from_utf8_lossy(&output.stdout)
        );
        String::from_utf8(output.stdout).unwrap()
    }

    #[track_caller]
    fn lines(&self, arguments: &[&str]) -> Vec<Value> {
        self.text(arguments).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[track_caller]
    fn refusal(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        String::from_utf8(output.stderr).unwrap()
    }
}

#[test]
fn every_scenario_plays_to_its_end_and_tells_a_good_candidate_from_a_bad_one() {
    let home = Home::new();
    let listed = home.lines(&["drill", "list", "--json"]);
    assert!(listed.len() >= 15, "{}", listed.len());
    let difficulties: Vec<&str> = listed.iter().map(|one| one["difficulty"].as_str().unwrap()).collect();
    for difficulty in ["easy", "medium", "hard"] {
        assert!(difficulties.contains(&difficulty));
    }
    let output = home.run(&["drill", "author", "--all", "--json"]);
    let text = String::from_utf8(output.stdout).unwrap();
    println!("{text}");
    let checked: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(checked.len(), listed.len());
    for one in &checked {
        assert_eq!(one["mistakes"], serde_json::json!([]), "{one}");
        let (good, bad) = (one["good"].as_u64().unwrap(), one["bad"].as_u64().unwrap());
        assert!(good >= bad + 40, "{one}");
    }
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn the_same_seed_and_the_same_actions_give_the_same_bytes() {
    let home = Home::new();
    for folder in ["one", "two"] {
        let folder = home.path(folder).display().to_string();
        home.run(&["drill", "author", "random", "--seed", "7", "--debriefs", &folder]);
    }
    let names: Vec<_> =
        std::fs::read_dir(home.path("one")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names.len(), 4, "{names:?}");
    for name in names {
        let of = |folder: &str| std::fs::read(home.path(folder).join(&name)).unwrap();
        assert!(of("one") == of("two"), "{name:?}");
    }
}

fn telemetry(folder: &Path) -> usize {
    let mut files = 0;
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { files += 1 }
        }
    }
    files
}

#[test]
fn a_drill_is_prepared_told_observed_and_debriefed_without_a_screen() {
    let home = Home::new();
    home.text(&[
        "drill",
        "start",
        "orders-pile-up",
        "--prepare",
        "--dir",
        "d",
        "--speed",
        "10",
        "--hide-suspects",
    ]);
    assert!(
        telemetry(&home.path("d/telemetry")) > 10,
        "the baseline is written at once, in the systems' own formats"
    );
    assert!(
        home.refusal(&["drill", "start", "orders-pile-up", "--prepare", "--dir", "d"]).contains("not empty")
    );
    home.text(&["drill", "tell", "d", "note", "begins", "with", "the", "logs"]);
    home.text(&["drill", "tell", "d", "confirm", "whys"]);
    assert!(home.refusal(&["drill", "tell", "d", "confirm", "beauty"]).contains("rca-root-cause"));
    assert!(home.refusal(&["drill", "tell", "d", "inject", "nothing"]).contains("executive-calls"));
    home.text(&["drill", "tell", "d", "say", "The CEO: and now?"]);
    let seen = home.text(&["drill", "observe", "d", "--once"]);
    for word in ["DRILL", "Orders pile up", "notAfter", "failover", "begins with the logs", "the brief"] {
        assert!(seen.contains(word), "{word}: {seen}");
    }
    let seen = &home.lines(&["drill", "observe", "d", "--once", "--json"])[0];
    assert_eq!(
        (seen["is_drill"].as_bool(), seen["debrief"]["truth"]["root_system"].as_str()),
        (Some(true), Some("erp"))
    );
    let markdown = home.text(&["drill", "debrief", "d"]);
    assert!(markdown.contains("**This was a drill.**") && markdown.contains("## Where the evidence lay"));
    assert!(markdown.contains("begins with the logs"));
    home.text(&["drill", "debrief", "d", "--format", "html", "-o", "d.html"]);
    let html = std::fs::read_to_string(home.path("d.html")).unwrap();
    assert!(html.starts_with("<!doctype html>") && html.contains("This was a drill."));
    assert!(
        !html.contains("http://") && !html.contains("https://") || !html.contains("src=\"http"),
        "self-contained"
    );
    assert!(home.refusal(&["drill", "observe", "nowhere", "--once"]).contains("no folder of a drill"));
}

#[test]
fn progress_is_kept_only_when_it_is_asked_for_and_can_be_forgotten() {
    let home = Home::new();
    home.text(&["drill", "start", "orders-pile-up", "--prepare", "--dir", "d", "--candidate", "bea"]);
    home.text(&["drill", "debrief", "d"]);
    assert!(home.text(&["drill", "progress"]).contains("nothing is kept"));
    home.text(&["drill", "debrief", "d", "--keep"]);
    home.text(&["drill", "debrief", "d", "--keep"]);
    let kept = home.lines(&["drill", "progress", "bea", "--json"]);
    assert_eq!(
        (kept.len(), kept[0]["scenario"].as_str()),
        (1, Some("orders-pile-up")),
        "the same drill once"
    );
    assert_eq!(home.lines(&["drill", "progress", "ann", "--json"]).len(), 0);
    home.text(&["drill", "progress", "bea", "--forget"]);
    assert!(home.text(&["drill", "progress"]).contains("nothing is kept"));
}

#[test]
fn drills_are_in_no_figure_and_marked_in_every_export() {
    let home = Home::new();
    home.text(&["incident", "declare", "--severity", "SEV1", "--drill", "Orders stop"]);
    let review = &home.lines(&["review", "--json"])[0];
    assert_eq!((review["incidents"].as_u64(), review["drills_left_out"].as_u64()), (Some(0), Some(1)));
    assert!(home.text(&["incident", "list"]).contains("(drill) Orders stop"));
    for format in ["markdown", "html", "json"] {
        let text = home.text(&["rca", "export", "INC-0001", "--format", format]);
        assert!(text.to_lowercase().contains("drill"), "{format}");
    }
    for audience in ["technical", "executive", "customer"] {
        let text = home.text(&["incident", "update", "INC-0001", audience]);
        assert!(text.contains("(drill)") || text.contains("exercise"), "{text}");
    }
    // A drill of the cockpit keeps a record of its own, which the person's list never sees.
    home.text(&["drill", "start", "orders-pile-up", "--prepare", "--dir", "d"]);
    assert_eq!(home.lines(&["incident", "list", "--json"]).len(), 1);
}

/// Forty orders in twenty minutes, of which the later ones are refused in billing.
fn write_logs(folder: &Path, from: Time) {
    let mut logs = [String::new(), String::new()];
    for number in 0..40i64 {
        let id = format!("3f2b8c1e-6d4a-4f7b-9a10-0000000000{number:02}");
        let time = |millis: i64| (from + Nanos(number * 30_000_000_000 + millis * 1_000_000)).to_string();
        logs[0].push_str(&format!(
            "{{\"time\":\"{}\",\"level\":\"info\",\"message\":\"POST /orders 202\",\"correlationId\":\"{id}\"}}\n",
            time(100)
        ));
        let (level, said) = if number >= 25 {
            ("error", "invoice refused: certificate of billing expired, ask ann@corp.example")
        } else {
            ("info", "invoice sent")
        };
        logs[1].push_str(&format!(
            "{{\"@timestamp\":\"{}\",\"level\":\"{level}\",\"message\":\"{said}\",\"correlation_id\":\"{id}\"}}\n",
            time(900)
        ));
    }
    for (name, text) in [("gateway", &logs[0]), ("billing", &logs[1])] {
        std::fs::create_dir_all(folder.join(name)).unwrap();
        std::fs::write(folder.join(name).join("a.log"), text).unwrap();
    }
}

/// What a team has found out of the refused orders.
const TOLD: &str = r#"
trigger = "The certificate of billing reached its end."
root_cause = "Nobody renewed the certificate of billing before it ended."
[[factors]]
class = "detection"
text = "no alert before the certificate expired"
[[factors]]
class = "process"
text = "renewal by hand"
"#;

#[test]
fn a_past_incident_becomes_a_drill_with_other_times_and_without_people() {
    let home = Home::new();
    home.text(&["incident", "declare", "--severity", "SEV2", "Orders", "are", "refused"]);
    let whole = bridgewatch::app::now().0 / 60_000_000_000 * 60_000_000_000;
    write_logs(&home.path("logs"), Time(whole) - Nanos::seconds(22 * 60));
    write_logs(&home.path("old"), Time(whole) - Nanos::seconds(86_400));
    let make =
        |logs| home.run(&["drill", "from-incident", "INC-0001", "--evidence", logs, "-o", "past.toml"]);
    let refused = make("old");
    assert_eq!(refused.status.code(), Some(2), "what is not of its time is no telemetry of it");
    assert!(String::from_utf8_lossy(&refused.stderr).contains("no telemetry of its time"));
    assert_eq!(make("logs").status.code(), Some(0));
    let scenario = std::fs::read_to_string(home.path("past.toml")).unwrap();
    assert!(scenario.contains("billing") && !scenario.contains("ann@corp"), "people are taken out");
    assert!(!scenario.contains("3f2b8c1e-6d4a"), "identifiers get others");
    // Nobody has written down yet what it was, so that its author still has something to add, and is told what.
    let checked = home.run(&["drill", "author", "past.toml", "--json"]);
    assert_eq!(checked.status.code(), Some(1), "{checked:?}");
    let checked: Value = serde_json::from_slice(&checked.stdout).unwrap();
    let missing = checked["mistakes"].as_array().unwrap();
    assert!(missing.iter().any(|one| one == "there is no model answer for the root cause"), "{checked}");
    assert!(checked["good"].as_u64() > checked["bad"].as_u64(), "{checked}");
    // Once it is written down, nothing is missing.
    std::fs::write(home.path("told.toml"), TOLD).unwrap();
    home.text(&["rca", "edit", "INC-0001", "--from", "told.toml"]);
    assert_eq!(make("logs").status.code(), Some(0));
    let checked = &home.lines(&["drill", "author", "past.toml", "--json"])[0];
    assert_eq!(checked["mistakes"], serde_json::json!([]), "{checked}");
    home.text(&["drill", "start", "past.toml", "--prepare", "--dir", "p"]);
    let flows = home.lines(&["flows", "--json", "p/telemetry"]);
    let is_refused = |flow: &Value| flow["verdict"] == "failed" && flow["failing_hop"]["to"] == "billing";
    assert_eq!(flows.iter().filter(|flow| is_refused(flow)).count(), 15, "{flows:?}");
    let first = |flow: &Value| flow["first"].as_str().unwrap().to_owned();
    assert!(flows.iter().all(|flow| !first(flow).ends_with("0.100000000Z")), "times are shifted");
}
