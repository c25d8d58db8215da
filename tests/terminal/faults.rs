//! Five backends, one of them behind a line that goes bad: the screen answers keys as before, and says how the line is.
//!
//! `BRIDGEWATCH_TEST_PROGRAM` is measured instead of the program that was built for tests.

use super::fake::{Answer, Fake, Request};
use super::proxy::{Line, Proxy};
use super::pty::Session;
use std::fmt::Write;
use std::time::{Duration, Instant};

/// A VictoriaLogs with a few lines of the last minute.
fn backend() -> Fake {
    Fake::start(|request: &Request| {
        if request.path.ends_with("/field_names") {
            return Answer::json(r#"{"values":[{"value":"_msg","hits":12}]}"#);
        }
        if request.parameters.get("query").is_some_and(|query| query.ends_with("count() events")) {
            return Answer::text(200, r#"{"events":"50"}"#);
        }
        let now = bridgewatch::app::now().0;
        let lines: Vec<String> = (0..50)
            .map(|number| {
                let time = bridgewatch::telemetry::Time(now - 60_000_000_000 + number * 1_000_000_000);
                format!(
                    r#"{{"_time":"{time}","_stream":"{{}}","_stream_id":"a1","_msg":"order accepted correlationId=3f2b8c1e-6d4a-4f7b-9a10-5c2e7d9b8{number:03}","service":"orders"}}"#
                )
            })
            .collect();
        Answer::text(200, &lines.join("\n"))
    })
}

/// A configuration of five sources, the last of them `line`.
fn five(folder: &std::path::Path, others: &[Fake], line: &str) -> std::path::PathBuf {
    let mut config = "refresh_seconds = 1\n".to_owned();
    let sources = others.iter().map(|fake| fake.url.as_str()).chain([line]);
    for (name, url) in ["a", "b", "c", "d", "line"].iter().zip(sources) {
        writeln!(config, "[[sources]]\nkind = \"victorialogs\"\nname = {name:?}\nurl = {url:?}").unwrap();
    }
    let path = folder.join("bridgewatch.toml");
    std::fs::write(&path, config).unwrap();
    path
}

#[test]
fn a_backend_that_is_dead_keeps_nobody_waiting_for_the_first_useful_screen() {
    let others: Vec<Fake> = (0..4).map(|_| backend()).collect();
    let silent = Proxy::before(&others[0].url);
    silent.set(Line::Silent);
    for (how, url) in [("dead", "http://127.0.0.1:1"), ("silent", silent.url.as_str())] {
        let folder = tempfile::tempdir().unwrap();
        let path = five(folder.path(), &others, url);
        let begun = Instant::now();
        let mut session = Session::start(&["open", "--config", path.to_str().unwrap()], 120, 36, &[]);
        session.time(Some("2"), "50 flows");
        eprintln!("one of five is {how}: the flows of the others are there after {:.2?}", begun.elapsed());
        session.see(if how == "dead" { "✗line" } else { "◐line" });
        session.press("q");
        assert_eq!(session.end(), 0);
    }
}

#[test]
fn a_line_that_goes_bad_costs_the_screen_nothing_and_is_told_and_so_is_that_it_is_good_again() {
    let others: Vec<Fake> = (0..4).map(|_| backend()).collect();
    let behind = backend();
    let proxy = Proxy::before(&behind.url);
    let folder = tempfile::tempdir().unwrap();
    let path = five(folder.path(), &others, &proxy.url);
    let mut session = Session::start(&["open", "--config", path.to_str().unwrap()], 120, 36, &[]);
    session.see("●line");
    for (line, mark) in [
        (Line::Slow(Duration::from_millis(300)), "●line"),
        (Line::Slow(Duration::from_millis(2_500)), "◐line"),
        (Line::Cut(60), "✗line"),
        (Line::Reset, "✗line"),
        (Line::Trickle(1), "◐line"),
        (Line::Storm, "◐line"),
        (Line::Silent, "◐line"),
    ] {
        proxy.set(line);
        // It is no longer called good, and then it is called what it is.
        let begun = Instant::now();
        if mark != "●line" {
            session.see_no("●line");
        }
        let told = begun.elapsed();
        session.see(mark);
        let mut keys: Vec<Duration> = Vec::new();
        for _ in 0..25 {
            for (key, text, before) in [("9", "Live sources", "began"), ("2", "began", "Live sources")] {
                keys.push(session.time(Some(key), text));
                // A frame is drawn from top to bottom: the view before is gone only with its last line.
                session.see_no(before);
            }
        }
        keys.sort_unstable();
        eprintln!(
            "{line:?}: {mark}, told after {told:.2?}; key to frame p50 {:.1?}, p95 {:.1?}",
            keys[25], keys[47]
        );
        for name in ["●a", "●b", "●c", "●d"] {
            session.see(name);
        }
        proxy.set(Line::Good);
        session.see("●line");
    }
    session.press("q");
    assert_eq!(session.end(), 0);
}
