//! Input that means harm, or is merely broken: each piece gets a clear word, and the rest goes on.
#![allow(clippy::unwrap_used)]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

/// Whoever takes longer than this hangs.
const PATIENCE: Duration = Duration::from_secs(60);

/// A folder of evidence with one good flow in it, beside which something bad is put.
struct Folder(tempfile::TempDir);

const GOOD: &str = "3f2b8c1e-6d4a-4f7b-9a10-5c2e7d9b8a41";

fn line(time: &str, id: &str, said: &str) -> String {
    format!("{{\"time\":\"{time}\",\"level\":\"info\",\"message\":\"{said}\",\"correlation_id\":\"{id}\"}}\n")
}

fn good_line() -> String {
    line("2026-03-14T09:26:53.589Z", GOOD, "order accepted")
}

impl Folder {
    fn new() -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        folder.write("good/a.log", good_line().repeat(2).as_bytes());
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }

    #[track_caller]
    fn run(&self, arguments: &[&str]) -> Output {
        finish(command(env!("CARGO_BIN_EXE_bridgewatch"), self.0.path()).args(arguments))
    }

    /// The folder is read with this status, the good flow is whole, and standard error speaks of the bad.
    #[track_caller]
    fn goes_on(&self, status: i32, says: &str) {
        let output = self.run(&["flow", GOOD, "--json", "."]);
        assert_eq!(output.status.code(), Some(status), "{}", error(&output));
        assert_eq!(text(&output).lines().count(), 3, "two events and a summary: {}", text(&output));
        assert!(error(&output).contains(says), "{says:?} is not in {:?}", error(&output));
        assert!(error(&output).len() < 1_000, "{}", error(&output));
    }
}

fn command(program: &str, home: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .current_dir(home)
        .env("XDG_DATA_HOME", home.join(".data"))
        .env("XDG_CONFIG_HOME", home.join(".config"))
        .stdin(Stdio::null());
    command
}

/// Runs to the end; a program that hangs is ended and fails the test.
#[track_caller]
fn finish(command: &mut Command) -> Output {
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let (id, begun) = (child.id(), Instant::now());
    let waiting = std::thread::spawn(move || child.wait_with_output().unwrap());
    while !waiting.is_finished() {
        if begun.elapsed() > PATIENCE {
            let _ = Command::new("kill").arg("-9").arg(id.to_string()).status();
            panic!("it hangs: {command:?}");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    waiting.join().unwrap()
}

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn error(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn nothing_in_a_line_or_a_name_drives_the_terminal() {
    let folder = Folder::new();
    let attacks = "\u{1b}[2J\u{1b}]0;owned\u{7}\u{202e}txt.exe\u{2066}\u{9b}31m";
    let mut lines = format!("2026-03-14T09:26:53.700Z INFO {attacks} correlation_id={GOOD}\n").into_bytes();
    lines.extend(format!("2026-03-14T09:26:53.800Z INFO a\0b\rc correlation_id={GOOD}\n").into_bytes());
    lines.extend(format!("2026-03-14T09:26:53.900Z INFO \\u001b[31m correlation_id={GOOD}\n").into_bytes());
    folder.write("\u{1b}[31mbad\u{202e}/a.log", &lines);
    folder.write("\u{1b}[31munread/a.bin", &[0, 159, 146, 150, 10, 0, 1]);
    let escaped = line("2026-03-14T09:26:54Z", GOOD, "\\u001b[2J\\u202e\\u0000");
    folder.write("json/a.log", escaped.as_bytes());
    let service = format!(
        "{{\"@timestamp\":\"2026-03-14T09:26:54.100Z\",\"service\":\"pay\\u001b[2J\",\"level\":\"ERROR\",\
         \"message\":\"no\",\"correlation_id\":\"{GOOD}\"}}\n"
    );
    folder.write("json/b.log", service.as_bytes());
    folder.write("json/c.log", service.replace("\\u001b", "\u{1b}").as_bytes());
    let change = "{\"time\":\"2026-03-14T09:26:00Z\",\"system\":\"pay\\u001b[2J\",\"kind\":\"deploy\",\"text\":\"\\u001b[2J\"}\n";
    folder.write("changes.jsonl", change.as_bytes());
    folder.write("m.csv", b"time,system,metric,value\n2026-03-14T09:26:00Z,pay\x1b[2J,lag\x1b[2J,1\n");
    for arguments in [
        &["flow", GOOD, "."][..],
        &["flow", GOOD, "--json", "."],
        &["flows", "."],
        &["formats", "."],
        &["suspects", "."],
        &["templates", "."],
        &["skew", "."],
    ] {
        let output = folder.run(arguments);
        assert!(matches!(output.status.code(), Some(0 | 3)), "{arguments:?} {}", error(&output));
        for (place, said) in [("output", text(&output)), ("error", error(&output))] {
            let hostile = said.chars().find(|c| {
                c.is_control() && !matches!(c, '\n' | '\t')
                    || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
            });
            assert_eq!(hostile, None, "{arguments:?} lets it through to standard {place}: {said:?}");
        }
    }
    let flow = text(&folder.run(&["flow", GOOD, "--json", "."]));
    assert_eq!(flow.lines().count(), 9, "and no event is lost: {flow}");
}

#[test]
fn a_line_of_ten_megabytes_is_cut_and_its_neighbours_are_whole() {
    let folder = Folder::new();
    let long = line("2026-03-14T09:26:54Z", "long-0001", &"x".repeat(10_000_000));
    folder.write("long/a.log", format!("{}{long}{}", good_line(), good_line()).as_bytes());
    let output = folder.run(&["flow", GOOD, "--json", "."]);
    assert_eq!(text(&output).lines().count(), 5, "{}", error(&output));
    let shown = folder.run(&["flow", "long-0001", "--json", "."]);
    assert!(text(&shown).len() < 2_000_000, "what is shown of it is bounded: {}", text(&shown).len());
}

#[test]
fn bytes_that_are_no_text_hide_no_line() {
    let folder = Folder::new();
    let mut bytes = line("2026-03-14T09:26:54Z", "latin-00001", "caf? ??").into_bytes();
    let marks = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'?').map(|(place, _)| place);
    for (place, wrong) in marks.collect::<Vec<_>>().into_iter().zip([0xe9, 0xff, 0xfe]) {
        bytes[place] = wrong;
    }
    bytes.extend(good_line().bytes());
    folder.write("latin/a.log", &bytes);
    let output = folder.run(&["flow", GOOD, "--json", "."]);
    assert_eq!(text(&output).lines().count(), 4, "{}", error(&output));
    let latin = folder.run(&["flow", "latin-00001", "--json", "."]);
    assert!(text(&latin).contains("caf\u{fffd}"), "{} {}", text(&latin), error(&latin));
}

#[test]
fn half_a_gzip_gives_what_it_has_and_says_where_it_ends() {
    let folder = Folder::new();
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    for number in 0..20_000 {
        let line = line("2026-03-14T09:26:54Z", &format!("order-{number:09}"), "x");
        packer.write_all(line.as_bytes()).unwrap();
    }
    let packed = packer.finish().unwrap();
    folder.write("packed/a.log.gz", &packed[..packed.len() / 2]);
    folder.write("packed/b.log.gz", b"this is no gzip at all");
    folder.goes_on(3, "packed/a.log.gz: ");
    folder.goes_on(3, "packed/b.log.gz: ");
    let flows = text(&folder.run(&["flows", "--json", "."]));
    assert!(flows.lines().count() > 5_000, "the half that is there is read: {}", flows.lines().count());
}

#[test]
fn clocks_of_1970_and_2099_are_kept_as_they_are_and_confuse_nobody() {
    let folder = Folder::new();
    let odd = [("1970-01-01T00:00:00Z", "epoch-00001"), ("2099-12-31T23:59:59.999999999Z", "future-0001")];
    let lines: String = odd.iter().map(|(time, id)| line(time, id, "tick")).collect();
    folder.write("clock/a.log", lines.as_bytes());
    folder.goes_on(0, "");
    for (time, id) in odd {
        let shown = text(&folder.run(&["flow", id, "--json", "."]));
        let first: serde_json::Value = serde_json::from_str(shown.lines().next().unwrap()).unwrap();
        assert_eq!(first["raw_time"].as_str().unwrap()[..19], time[..19]);
    }
    assert_eq!(folder.run(&["suspects", "--json", "."]).status.code(), Some(0));
}

#[test]
fn an_empty_folder_and_an_empty_file_are_told_apart() {
    let folder = Folder::new();
    std::fs::create_dir(folder.path("nothing")).unwrap();
    let output = folder.run(&["flows", "nothing"]);
    assert_eq!(output.status.code(), Some(3));
    assert_eq!(error(&output), "bridgewatch: nothing: the folder holds no files\n");
    assert!(text(&output).contains("no flows"), "{}", text(&output));
    folder.write("void/a.log", b"");
    folder.goes_on(0, "");
}

#[cfg(unix)]
#[test]
fn what_is_gone_leads_in_circles_or_never_ends_holds_nobody_up() {
    let folder = Folder::new();
    std::fs::create_dir(folder.path("odd")).unwrap();
    std::os::unix::fs::symlink("gone.log", folder.path("odd/dangling.log")).unwrap();
    assert!(Command::new("mkfifo").arg(folder.path("odd/pipe.log")).status().unwrap().success());
    folder.goes_on(3, "odd/dangling.log: cannot open it");
    std::fs::remove_file(folder.path("odd/dangling.log")).unwrap();
    std::os::unix::fs::symlink("..", folder.path("odd/circle")).unwrap();
    let output = folder.run(&["flows", "--json", "."]);
    assert_eq!(text(&output).lines().count(), 1, "{}", text(&output));
    let named = folder.path("good/a.log");
    let script = format!("'{}' flows --json <(cat '{}')", env!("CARGO_BIN_EXE_bridgewatch"), named.display());
    let output = finish(command("bash", folder.0.path()).args(["-c", &script]));
    assert_eq!(text(&output).lines().count(), 1, "a pipe that is named is read: {}", error(&output));
}

#[cfg(unix)]
#[test]
fn a_full_disk_under_the_journal_is_said_and_what_was_recorded_stays() {
    let folder = Folder::new();
    assert!(folder.run(&["incident", "declare", "Orders", "stuck"]).status.success());
    // Writes beyond the limit fail as they do on a full disk; the signal that would end the program is ignored.
    let script = format!(
        "trap '' XFSZ; ulimit -f 60; said=$(head -c 4000 /dev/zero | tr '\\0' x); \
         for i in $(seq 100); do '{}' incident note INC-0001 $said || exit $?; done",
        env!("CARGO_BIN_EXE_bridgewatch")
    );
    let output = finish(command("bash", folder.0.path()).args(["-c", &script]));
    assert_eq!(output.status.code(), Some(3), "{}", error(&output));
    assert!(error(&output).contains("the entry was NOT recorded"), "{}", error(&output));
    let acknowledged = text(&output).lines().count();
    assert!(acknowledged > 0);
    let verified = text(&folder.run(&["incident", "verify", "--json"]));
    let verified: serde_json::Value = serde_json::from_str(&verified).unwrap();
    assert_eq!(verified["intact"], true);
    assert_eq!(verified["entries"].as_u64().unwrap() as usize, 1 + acknowledged, "no more and no fewer");
    assert!(folder.run(&["incident", "note", "INC-0001", "there", "is", "room", "again"]).status.success());
}

#[test]
fn a_store_that_is_no_database_is_named() {
    let folder = Folder::new();
    folder.write("config.toml", b"[store]\npath = \"broken.db\"\n");
    folder.write("broken.db", &b"this is no database at all, but long enough to look at ".repeat(100));
    let output = folder.run(&["incident", "list", "--config", "config.toml"]);
    assert_eq!(output.status.code(), Some(3));
    assert!(error(&output).contains("broken.db"), "{}", error(&output));
}
