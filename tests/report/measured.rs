//! Mitigations measured from the command line: what helped, what was recovering anyway, what a guard says against it.

use super::bridge::Room;
use serde_json::Value;

/// Metrics of ninety minutes, a sample every 15 seconds; `value` is asked for the second since 09:00.
fn metrics(columns: &[(&str, &dyn Fn(i64) -> f64)]) -> String {
    let mut text = "time,system,metric,unit,value\n".to_owned();
    for second in (-1_800_i64..3_600).step_by(15) {
        let of_day = 9 * 3_600 + second;
        let (hour, minute, second_of) = (of_day / 3_600, of_day / 60 % 60, of_day % 60);
        for (metric, value) in columns {
            // A little unrest, as real metrics have it, and the same in each run.
            let unrest = (second * 7_919).rem_euclid(13) as f64 / 26.0;
            text.push_str(&format!(
                "2026-03-10T{hour:02}:{minute:02}:{second_of:02}Z,erp,{metric},errors,{:.3}\n",
                value(second) + unrest
            ));
        }
    }
    text
}

/// An incident since 09:00 with a mitigation at 09:30 that watches a metric.
fn room(watch: &str, guard: Option<&str>) -> Room {
    let room = Room::new();
    let recovering = |second: i64| match second {
        ..0 => 2.0,
        0..900 => 100.0,
        _ => (100.0 - (second - 900) as f64 / 18.0).max(2.0),
    };
    let helped = |second: i64| if (0..1_830).contains(&second) { 100.0 } else { 2.0 };
    let useless = |second: i64| if second < 0 { 2.0 } else { 100.0 };
    let burdened = |second: i64| if second < 1_830 { 5.0 } else { 60.0 };
    let text = metrics(&[
        ("recovering", &recovering),
        ("helped", &helped),
        ("useless", &useless),
        ("burdened", &burdened),
    ]);
    std::fs::write(room.path("metrics.csv"), text).unwrap();
    room.says(&["incident", "declare", "--severity", "SEV1", "Orders", "stuck"]);
    room.says(&["incident", "impact", "INC-0001", "--began", "2026-03-10T09:00:00Z"]);
    let mut mitigate = vec!["incident", "mitigate", "INC-0001", "failover", "erp", "--watch", watch];
    mitigate.extend(["--at", "2026-03-10T09:30:00Z"]);
    mitigate.extend(guard.into_iter().flat_map(|guard| ["--guard", guard]));
    room.says(&mitigate);
    room
}

fn measured(room: &Room) -> Value {
    let said = room.says(&["incident", "measure", "INC-0001", "metrics.csv", "--json"]);
    serde_json::from_str(said.lines().next().unwrap()).unwrap()
}

#[test]
fn a_recovery_that_began_before_the_action_is_not_credited_to_it() {
    let effect = measured(&room("erp recovering", None));
    assert_eq!(effect["verdict"], "no_change", "{effect}");
    assert_eq!(effect["signals"][0]["began_before"], true, "{effect}");
    let (before, after) = (&effect["signals"][0]["before"], &effect["signals"][0]["after"]);
    assert!(
        after["median"].as_f64().unwrap() < before["median"].as_f64().unwrap() * 0.6,
        "it did get much better: {effect}"
    );
    assert!(effect["sentence"].as_str().unwrap().contains("was recovering before the measure could act"));
}

#[test]
fn what_helped_is_credited_with_its_figures_and_drawn_and_the_impact_ends_with_the_signal() {
    let room = room("erp helped", None);
    let said = room.says(&["incident", "measure", "INC-0001", "metrics.csv"]);
    assert!(said.contains("better: median 100 ±") && said.contains('┊'), "{said}");
    // The button was pressed at 09:30; the signal was back half a minute later, and that is what counts.
    let head: Value =
        serde_json::from_str(room.says(&["incident", "show", "--json"]).lines().next().unwrap()).unwrap();
    let ended = head["impact_ended"].as_str().unwrap();
    assert!(("2026-03-10T09:30:15".."2026-03-10T09:31:01").contains(&&ended[..19]), "{ended}");
    // The report draws it: before and after, without the telemetry.
    let html = room.says(&["rca", "export", "INC-0001", "--format", "html"]);
    let picture = html.split("aria-label=\"effect on erp helped\"").nth(1).expect("the picture is in it");
    let points = picture.split("points=\"").nth(1).unwrap().split('"').next().unwrap();
    let heights: Vec<f64> =
        points.split(' ').map(|point| point.split(',').nth(1).unwrap().parse().unwrap()).collect();
    assert!(heights[4] + 20.0 < heights[40], "high before, low after: {points}");
    assert!(room.says(&["rca", "draft", "INC-0001"]).contains("watched erp helped: `█"));
    let shown = room.says(&["incident", "show", "INC-0001"]);
    assert!(shown.contains("ended 2026-03-10") && shown.contains("± 30.0 s"), "{shown}");
}

#[test]
fn what_did_nothing_is_no_change_and_a_guard_that_worsens_is_called_out() {
    assert_eq!(measured(&room("erp useless", None))["verdict"], "no_change");
    let room = room("erp helped", Some("erp burdened"));
    let effect = measured(&room);
    assert_eq!(effect["verdict"], "better");
    assert_eq!(effect["guards"][0]["verdict"], "worse");
    let said = room.says(&["incident", "measure", "INC-0001", "metrics.csv"]);
    assert!(said.contains("GUARD erp burdened got worse"), "{said}");
}

#[test]
fn too_early_and_too_little_are_said_as_what_they_are() {
    let room = room("erp helped", None);
    room.says(&[
        "incident",
        "mitigate",
        "INC-0001",
        "restart",
        "erp",
        "--watch",
        "erp helped",
        "--at",
        "2026-03-10T09:01:00Z",
    ]);
    let said = room.says(&["incident", "measure", "INC-0001", "metrics.csv", "--json"]);
    let second: Value = serde_json::from_str(said.lines().nth(1).unwrap()).unwrap();
    assert_eq!(second["verdict"], "not_enough_data", "the impact was a minute old: {second}");
    room.says(&["incident", "mitigate", "INC-0001", "scale", "erp", "--watch", "erp helped"]);
    let said = room.says(&["incident", "measure", "INC-0001", "metrics.csv", "--json"]);
    let third: Value = serde_json::from_str(said.lines().nth(2).unwrap()).unwrap();
    assert_eq!(third["verdict"], "too_early", "{third}");
}
