//! The command line as scripts see it: what it prints, where, and with which exit status.
#![allow(clippy::unwrap_used)]

use serde_json::Value;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A folder with the logs of three systems, and the record of incidents beside it.
struct Estate {
    folder: tempfile::TempDir,
}

const FAILED: &str = "3f2b8c1e-6d4a-4f7b-9a10-5c2e7d9b8a41";

impl Estate {
    /// Ten orders pass from the gateway over the order service to billing; the eleventh fails in billing.
    fn new() -> Self {
        let estate = Self { folder: tempfile::tempdir().unwrap() };
        let (mut gateway, mut orders, mut billing) = (String::new(), String::new(), String::new());
        for number in 0..11 {
            let id = if number == 10 {
                FAILED.to_owned()
            } else {
                format!("00000000-0000-4000-8000-0000000000{number:02}")
            };
            let minute = 10 + number;
            gateway.push_str(&format!(
                "{{\"time\":\"2026-03-14T09:{minute}:00.100Z\",\"level\":\"info\",\"message\":\"POST /orders 202\",\"correlationId\":\"{id}\"}}\n"
            ));
            orders.push_str(&format!(
                "2026-03-14T09:{minute}:00.200Z level=info msg=\"order accepted\" correlation_id={id} order_id=SO-8821{number}\n"
            ));
            let (level, said) = if number == 10 {
                ("error", "invoice refused: certificate expired")
            } else {
                ("info", "invoice sent")
            };
            billing.push_str(&format!(
                "{{\"@timestamp\":\"2026-03-14T09:{minute}:00.900Z\",\"level\":\"{level}\",\"message\":\"{said}\",\"correlation_id\":\"{}\"}}\n",
                id.to_uppercase()
            ));
        }
        for (path, text) in [("gateway/a.log", gateway), ("orders/a.log", orders), ("billing/a.log", billing)]
        {
            estate.write(&format!("logs/{path}"), text.as_bytes());
        }
        estate
    }

    fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        path
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bridgewatch"));
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env("XDG_DATA_HOME", self.folder.path().join("data"))
            .env("XDG_CONFIG_HOME", self.folder.path().join("config"))
            .env("USER", "ann")
            .stdin(Stdio::null());
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// The lines of a run that must end with this status, as JSON.
    #[track_caller]
    fn lines(&self, arguments: &[&str], status: i32) -> Vec<Value> {
        let output = self.run(arguments);
        assert_eq!(output.status.code(), Some(status), "{arguments:?}: {}", error(&output));
        text(&output).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn error(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn flows_are_a_line_each_oldest_first() {
    let lines = Estate::new().lines(&["flows", "--json", "logs"], 0);
    assert_eq!(lines.len(), 11);
    let mut known = keys(&lines[0]);
    known.sort_unstable();
    assert_eq!(
        known,
        [
            "duration_ns",
            "errors",
            "events",
            "failing_hop",
            "first",
            "flow",
            "identifiers",
            "kind",
            "last",
            "marks",
            "systems",
            "verdict"
        ]
    );
    let failed = &lines[10];
    assert_eq!(failed["flow"], FAILED);
    assert_eq!(failed["verdict"], "failed");
    assert_eq!(failed["failing_hop"]["to"], "billing");
    assert_eq!(failed["first"], "2026-03-14T09:20:00.100000000Z");
    assert_eq!(failed["duration_ns"], 800_000_000);
    assert_eq!(failed["systems"]["billing"], serde_json::json!({"events": 1, "errors": 1}));
    assert!(
        failed["identifiers"]
            .as_array()
            .unwrap()
            .contains(&serde_json::json!({"class": "business", "value": "SO-882110"}))
    );
    assert_eq!(lines[0]["verdict"], "completed");
    assert_eq!(lines[0]["failing_hop"], Value::Null);
}

#[test]
fn a_flow_is_found_by_any_of_its_identifiers_in_any_spelling() {
    let estate = Estate::new();
    for id in [FAILED, "SO-882110", "3F2B8C1E6D4A4F7B9A105C2E7D9B8A41", "3f2b8c1e"] {
        let lines = estate.lines(&["flow", id, "--json", "logs"], 0);
        assert_eq!(lines.len(), 4, "{id}");
        assert_eq!(lines[3]["summary"]["flow"], FAILED);
    }
    let event = &estate.lines(&["flow", "SO-882110", "--json", "logs"], 0)[2];
    assert_eq!(event["time"], "2026-03-14T09:20:00.900000000Z");
    assert_eq!(event["raw_time"], event["time"]);
    assert_eq!((event["system"].as_str(), event["kind"].as_str()), (Some("billing"), Some("log")));
    assert_eq!(event["severity"], 17);
    assert_eq!(event["body"], "invoice refused: certificate expired");
    assert_eq!((event["operation"].clone(), event["duration_ns"].clone()), (Value::Null, Value::Null));
    assert_eq!(event["joined_by"]["class"], "correlation");
    assert_eq!(event["joined_by"]["how"], "exact");
    assert_eq!(event["source"]["path"], "logs/billing/a.log");
    assert!(event["source"]["offset"].as_u64().unwrap() > 0);
}

#[test]
fn what_is_not_found_is_status_1_and_says_so_on_standard_error() {
    let estate = Estate::new();
    let output = estate.run(&["flow", "SO-00000", "logs"]);
    assert_eq!((output.status.code(), text(&output).as_str()), (Some(1), ""));
    assert_eq!(error(&output), "bridgewatch: no event carries the identifier `SO-00000`\n");
    let output = estate.run(&["flow", "00000000-0000-4000", "logs"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(error(&output).contains("begins identifiers of 10 flows"), "{}", error(&output));
}

#[test]
fn wrong_usage_is_status_2_and_says_what_to_do() {
    let estate = Estate::new();
    for arguments in [
        &["flows"][..],
        &["flows", "--since", "yesterday", "logs"],
        &["flows", "--since", "2h", "--until", "3h", "logs"],
        &["suspects", "--baseline", "now", "logs"],
        &["flows", "--no-such-option", "logs"],
        &["demo", "no-such-scenario"],
        &["sources"],
        &["open", "logs"],
    ] {
        let output = estate.run(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", error(&output));
        assert!(!error(&output).is_empty(), "{arguments:?}");
        assert!(text(&output).is_empty(), "{arguments:?}");
    }
    let config = estate.write("broken.toml", b"mosue = true\n");
    let output = estate.run(&["flows", "logs", "--config", config.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2));
    assert!(error(&output).contains("line 1, column 1: unknown field `mosue`"), "{}", error(&output));
}

#[test]
fn what_cannot_be_read_is_status_3_and_the_rest_is_answered() {
    let estate = Estate::new();
    let output = estate.run(&["flows", "--json", "logs", "no-such-folder"]);
    assert_eq!((output.status.code(), text(&output).lines().count()), (Some(3), 11));
    assert_eq!(error(&output), "bridgewatch: no-such-folder: there is no such file or folder\n");
    let output = estate.run(&["flows", "logs", "--config", "no-such.toml"]);
    assert_eq!(output.status.code(), Some(3));
}

#[test]
fn what_memory_could_not_hold_is_said_and_status_3() {
    let estate = Estate::new();
    let line = |n: u32| {
        format!(
            "time=2026-03-14T{:02}:{:02}:{:02}Z level=info msg=\"step\" corr_id={n:032x}\n",
            n / 3_600,
            n / 60 % 60,
            n % 60
        )
    };
    let text: String = (1..40_000).map(line).collect();
    estate.write("many/app.log", text.as_bytes());
    let whole = estate.run(&["flows", "--json", "many"]);
    assert_eq!((whole.status.code(), error(&whole).as_str()), (Some(0), ""));
    let bounded = estate.run(&["flows", "--json", "many", "--memory", "2MB"]);
    assert_eq!(bounded.status.code(), Some(3));
    let said = error(&bounded);
    assert!(said.contains("of 39999 events") && said.contains("--memory"), "{said}");
    // Of a window that is held nothing is missed.
    let newest =
        estate.run(&["flows", "--json", "many", "--memory", "2MB", "--since", "2026-03-14T11:06:30Z"]);
    assert_eq!((newest.status.code(), error(&newest).as_str()), (Some(0), ""));
}

#[test]
fn standard_input_globs_and_packed_files_are_read() {
    let estate = Estate::new();
    let orders = std::fs::read(estate.folder.path().join("logs/orders/a.log")).unwrap();
    let mut child = estate
        .command(&["flows", "--json", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(&orders).unwrap();
    assert_eq!(text(&child.wait_with_output().unwrap()).lines().count(), 11);
    assert_eq!(estate.lines(&["flows", "--json", "logs/*/a.log"], 0).len(), 11);
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(&orders).unwrap();
    estate.write("packed/orders.log.gz", &packed.finish().unwrap());
    assert_eq!(estate.lines(&["flows", "--json", "packed"], 0).len(), 11);
}

#[test]
fn since_and_until_bound_what_is_looked_at() {
    let estate = Estate::new();
    let bounded =
        ["flows", "--json", "logs", "--since", "2026-03-14T09:12:00Z", "--until", "2026-03-14 09:15"];
    let lines = estate.lines(&bounded, 0);
    assert_eq!(lines.len(), 3);
    assert_eq!(lines[0]["first"], "2026-03-14T09:12:00.100000000Z");
    assert_eq!(lines[0]["events"], 3, "an event of the window is read again from its own place");
    let id = lines[0]["flow"].as_str().unwrap().to_owned();
    let events = estate.lines(&["flow", &id, "--json", "logs", "--since", "2026-03-14T09:12:00Z"], 0);
    assert_eq!(events[2]["body"], "invoice sent");
}

#[test]
fn flows_are_filtered_by_verdict_kind_and_system() {
    let estate = Estate::new();
    assert_eq!(estate.lines(&["flows", "--json", "--verdict", "failed", "logs"], 0).len(), 1);
    assert_eq!(estate.lines(&["flows", "--json", "--system", "nowhere", "logs"], 0).len(), 0);
    assert_eq!(estate.lines(&["flows", "--json", "--kind", "POST", "logs"], 0).len(), 11);
}

#[test]
fn formats_say_what_each_file_was_taken_for() {
    let estate = Estate::new();
    estate.write(
        "logs/orders/b.log",
        b"time=2026-03-14T09:26:53Z level=info msg=fine correlation_id=abc-12345\n",
    );
    estate.write("logs/readme.bin", &[0, 159, 146, 150, 10, 0, 1]);
    let lines = estate.lines(&["formats", "--json", "logs"], 3);
    let line = lines.iter().find(|line| line["path"] == "logs/orders/b.log").unwrap();
    assert_eq!(line["format"], "logfmt");
    assert_eq!(line["system"], "orders");
    assert_eq!(line["zone_assumed"], false);
    assert_eq!((line["records"].as_u64(), line["unread"].as_u64()), (Some(1), Some(0)));
    assert_eq!(line["first_unread"], Value::Null);
    let broken = lines.iter().find(|line| line["path"] == "logs/readme.bin").unwrap();
    assert!(broken["unread"].as_u64().unwrap() > 0);
    assert!(broken["first_unread"]["reason"].as_str().unwrap().len() > 5);
}

#[test]
fn suspects_open_with_onset_and_conclusion() {
    let estate = Estate::new();
    let lines = estate.lines(&["suspects", "--json", "--onset", "2026-03-14T09:20:00Z", "logs"], 0);
    assert_eq!(keys(&lines[0]), ["conclusive", "onset", "reason"]);
    for line in &lines[1..] {
        for key in ["rank", "system", "operation", "change", "score", "role", "evidence"] {
            assert!(line.get(key).is_some(), "{key} is missing: {line}");
        }
    }
}

#[test]
fn a_team_has_failure_modes_of_its_own_beside_its_configuration() {
    let estate = Estate::new();
    let config = estate.write("conf/bridgewatch.toml", b"").display().to_string();
    let words = ["certificate", "pkix", "handshake", "notafter", "expired", "tls", "ssl"];
    let mode = format!(
        "[[modes]]\nname = \"partner-certificate\"\nwords = {words:?}\nchecks = [\"x\"]\nmitigations = []\n"
    );
    estate.write("conf/failure_modes.toml", format!("{mode}fixes = []\n").as_bytes());
    let asked = ["suspects", "--json", "--demo", "erp-certificate-expired", "--config", &config];
    let lines = estate.lines(&asked, 0);
    let adapter = lines.iter().find(|line| line["system"] == "erp-adapter").unwrap();
    let modes = adapter["failure_modes"].as_array().unwrap();
    assert!(modes.iter().any(|mode| mode == "partner-certificate"), "{adapter}");
    estate.write("conf/failure_modes.toml", mode.as_bytes());
    let refused = estate.run(&asked);
    assert_eq!(refused.status.code(), Some(2));
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(said.contains("failure_modes.toml") && said.contains("fixes"), "{said}");
}

#[test]
fn skew_and_templates_are_lines_of_the_documented_form() {
    let estate = Estate::new();
    let mut systems = Vec::new();
    for line in estate.lines(&["skew", "--json", "logs"], 0) {
        for key in ["offset_ns", "uncertainty_ns", "pairs"] {
            assert!(line[key].is_i64() || line[key].is_u64(), "{key}: {line}");
        }
        systems.push(line["system"].as_str().unwrap().to_owned());
    }
    let mut once = systems.clone();
    once.dedup();
    assert_eq!(systems, once, "a line per system");
    for line in estate.lines(&["templates", "--json", "logs"], 0) {
        assert!(
            ["new", "surging", "steady", "vanished"].contains(&line["state"].as_str().unwrap()),
            "{line}"
        );
    }
}

#[test]
fn text_for_people_is_plain_where_nobody_looks_and_coloured_on_demand() {
    let estate = Estate::new();
    let plain = text(&estate.run(&["flow", "SO-882110", "logs"]));
    assert!(plain.contains("✗ failed orders → billing"), "{plain}");
    assert!(plain.contains("invoice refused: certificate expired"), "{plain}");
    assert!(!plain.contains('\x1b'));
    let coloured = text(&estate.run(&["flow", "SO-882110", "logs", "--color", "always"]));
    assert!(coloured.contains("\x1b[31m"));
}

#[test]
fn an_incident_is_kept_checked_and_carried_elsewhere() {
    let estate = Estate::new();
    assert!(text(&estate.run(&["incident", "list"])).contains("no incident yet"));
    estate.lines(&["incident", "declare", "--severity", "sev1", "Orders", "stuck", "--json"], 0);
    estate.lines(&["incident", "note", "INC-0001", "--json", "-7m", "the", "alert", "fired"], 0);
    estate.lines(&["incident", "note", "INC-0001", "--json", "--decision", "fail", "over"], 0);
    let lines = estate.lines(&["incident", "show", "INC-0001", "--json"], 0);
    assert_eq!(lines[0]["title"], "Orders stuck");
    assert_eq!(lines[0]["severity"], "SEV1");
    let said: Vec<&str> = lines[1..].iter().map(|line| line["text"].as_str().unwrap()).collect();
    assert_eq!(said, ["the alert fired", "SEV1 Orders stuck", "fail over"], "in order of when they happened");
    assert!(lines[1..].iter().all(|line| line["author"] == "ann"));
    assert_eq!(estate.lines(&["incident", "verify", "--json"], 0)[0]["intact"], true);
    assert!(estate.run(&["incident", "export", "INC-0001", "-o", "bundle.json"]).status.success());

    let other = Estate::new();
    let bundle = estate.folder.path().join("bundle.json");
    other.lines(&["incident", "import", "--json", bundle.to_str().unwrap()], 0);
    assert_eq!(other.lines(&["incident", "show", "--json"], 0), lines);
    let changed = std::fs::read_to_string(&bundle).unwrap().replace("fail over", "wait and see");
    let changed = other.write("changed.json", changed.as_bytes());
    let refused = other.run(&["incident", "import", changed.to_str().unwrap()]);
    assert_eq!(refused.status.code(), Some(3));
    assert!(error(&refused).contains("changed"), "{}", error(&refused));
    assert_eq!(other.run(&["incident", "show", "INC-0009"]).status.code(), Some(1));
}

#[test]
fn the_write_up_is_drafted_from_record_and_evidence_and_refused_until_it_is_whole() {
    let estate = Estate::new();
    estate.lines(&["incident", "declare", "Orders", "stuck", "--json"], 0);
    let draft = text(&estate.run(&["rca", "draft", "--evidence", "logs"]));
    assert!(draft.starts_with("# INC-0001: Orders stuck"), "{draft}");
    assert!(draft.contains("1 of 11 flows failed"), "{draft}");
    let objections = estate.lines(&["rca", "check", "--json"], 1);
    assert!(objections.iter().any(|line| line["place"] == "root_cause" && line["rule"] == "empty"));
    for (format, begins) in [("markdown", "# INC-0001"), ("html", "<!doctype html>"), ("json", "{")] {
        let output = estate.run(&["rca", "export", "INC-0001", "--format", format]);
        assert!(text(&output).starts_with(begins), "{format}: {}", error(&output));
    }
    let template = estate.write("own.md", b"only {{ incident.title }}");
    let own = estate.run(&["rca", "export", "--template", template.to_str().unwrap()]);
    assert_eq!(text(&own), "only Orders stuck\n");
    assert_eq!(estate.lines(&["review", "--json"], 0)[0]["incidents"], 1);
}

#[test]
fn the_configuration_teaches_zones_and_formats() {
    let estate = Estate::new();
    estate.write(
        "more/erp/a.log",
        b"2026-03-14 10:26:53.589|ERROR|invoice 4711 refused|3f2b8c1e-6d4a-4f7b-9a10-5c2e7d9b8a41\n",
    );
    let config = estate.write(
        "conf/bridgewatch.toml",
        br#"
        evidence = ["../more"]
        [systems.erp]
        zone = "+01:00"
        [[formats]]
        name = "erp"
        pattern = '^(?<time>[^|]+)\|(?<level>\w+)\|(?<message>[^|]*)\|(?<correlation_id>\S+)'
        "#,
    );
    let lines = estate.lines(&["flow", FAILED, "--json", "logs", "--config", config.to_str().unwrap()], 0);
    let erp = lines.iter().find(|line| line["system"] == "erp").unwrap();
    assert_eq!(erp["raw_time"], "2026-03-14T09:26:53.589000000Z");
    assert_eq!(erp["body"], "invoice 4711 refused");
}

#[test]
fn every_command_explains_itself() {
    let estate = Estate::new();
    let help = text(&estate.run(&["--help"]));
    assert!(help.contains("Examples:") && help.contains("Exit status:"), "{help}");
    let commands: Vec<&str> = help
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty())
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    for command in [
        "demo",
        "open",
        "flow",
        "flows",
        "suspects",
        "skew",
        "formats",
        "templates",
        "sources",
        "incident",
        "rca",
        "review",
    ] {
        assert!(commands.contains(&command), "{commands:?}");
    }
    for command in commands.iter().filter(|command| **command != "help") {
        let output = estate.run(&[command, "--help"]);
        assert!(output.status.success() && text(&output).contains("Usage: bridgewatch"), "{command}");
    }
    assert!(text(&estate.run(&["completions", "bash"])).contains("_bridgewatch"));
    let man = text(&estate.run(&["man"]));
    assert!(man.contains(".TH bridgewatch") && man.contains("BRIDGEWATCH FLOWS"), "{man}");
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let estate = Estate::new();
    let status = Command::new("sh")
        .arg("-c")
        .arg(format!(
            "'{}' flows --json logs | head -1 >/dev/null; exit ${{PIPESTATUS:-0}}",
            env!("CARGO_BIN_EXE_bridgewatch")
        ))
        .current_dir(estate.folder.path())
        .output()
        .unwrap();
    assert!(status.stderr.is_empty(), "{}", error(&status));
    assert!(Path::new(env!("CARGO_BIN_EXE_bridgewatch")).exists());
}
