//! Logs as they are really written: in pieces, rotated, cut off, and new ones beside them.

use crate::evidence::{Evidence, Row};
use crate::ingest::Settings;
use crate::sources::files::{FileReport, Files, Follower, Loaded, discover, load, load_and_follow};
use crate::telemetry::Time;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::Path;

struct Watch {
    folder: tempfile::TempDir,
    evidence: Evidence,
    files: Files,
    reports: Vec<FileReport>,
    follower: Follower,
}

fn line(number: u32) -> String {
    format!(
        "time=2026-03-01T08:00:{:02}Z level=info msg=\"step {number}\" corr_id={number:032x}\n",
        number % 60
    )
}

impl Watch {
    /// A folder with one log of two lines, read, and followed from now on.
    fn begin() -> Self {
        Self::over("app/app.log", &[line(1), line(2)].concat())
    }

    fn over(name: &str, text: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        let roots = vec![folder.path().display().to_string()];
        let (loaded, follower) =
            load_and_follow(discover(&roots), roots, &Settings::default(), Time(0), &mut |_, _| true);
        let Loaded { evidence, files, reports } = loaded;
        Self { folder, evidence, files, reports, follower }
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        let mut file = OpenOptions::new().append(true).create(true).open(self.path(name)).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    }

    fn look(&mut self) -> u32 {
        self.follower.look(&mut self.evidence, &mut self.files, &mut self.reports, Time(0))
    }

    fn looks(&mut self, times: u32) -> u32 {
        (0..times).map(|_| self.look()).sum()
    }

    /// The messages of all events, read again from where they came.
    fn bodies(&self) -> Vec<String> {
        (0..self.evidence.rows())
            .map(|row| {
                let event = self.files.read_event(&self.evidence, self.evidence.origin(Row(row)));
                event.map_or("gone".to_owned(), |event| {
                    event.body.lines().next().unwrap_or_default().to_owned()
                })
            })
            .collect()
    }
}

#[test]
fn what_is_appended_is_there_at_the_next_look_and_half_a_line_waits_for_its_end() {
    let mut watch = Watch::begin();
    assert_eq!(watch.evidence.rows(), 2);
    let (third, fourth) = (line(3), line(4));
    watch.write("app/app.log", &third);
    watch.write("app/app.log", &fourth[..20]);
    assert_eq!(watch.look(), 1);
    assert_eq!(watch.look(), 0);
    watch.write("app/app.log", &fourth[20..]);
    assert_eq!(watch.look(), 1);
    assert_eq!(watch.bodies(), ["step 1", "step 2", "step 3", "step 4"]);
    assert_eq!(watch.evidence.identifiers.len(), 4);
    assert_eq!(watch.reports[0].records, 4);
}

#[test]
fn a_renamed_log_is_read_to_its_end_and_not_again_and_the_new_one_from_its_beginning() {
    let mut watch = Watch::begin();
    watch.write("app/app.log", &line(3));
    fs::rename(watch.path("app/app.log"), watch.path("app/app.log.1")).unwrap();
    watch.write("app/app.log.1", &line(4));
    watch.write("app/app.log", &line(5));
    assert_eq!(watch.looks(6), 3);
    watch.write("app/app.log", &line(6));
    assert_eq!(watch.looks(6), 1);
    assert_eq!(watch.bodies(), ["step 1", "step 2", "step 3", "step 4", "step 5", "step 6"]);
}

#[test]
fn a_log_that_is_cut_off_begins_anew_even_if_it_is_as_long_again() {
    for again in [vec![line(7)], vec![line(7), line(8), line(9)]] {
        let mut watch = Watch::begin();
        let path = watch.path("app/app.log");
        fs::write(path.with_extension("copy.gz"), "what logrotate made of it").unwrap();
        OpenOptions::new()
            .write(true)
            .truncate(true)
            .open(&path)
            .unwrap()
            .write_all(again.concat().as_bytes())
            .unwrap();
        watch.looks(6);
        let bodies = watch.bodies();
        assert_eq!(bodies.len(), 2 + again.len(), "{bodies:?}");
        assert_eq!(bodies[..2], ["gone", "gone"], "nobody is shown another line than was read");
        assert_eq!(bodies[2], "step 7");
    }
}

#[test]
fn a_late_file_and_one_that_was_empty_are_found() {
    let mut watch = Watch::begin();
    File::create(watch.path("app/empty.log")).unwrap();
    fs::create_dir(watch.path("billing")).unwrap();
    watch.write("billing/billing.log", &line(5));
    assert_eq!(watch.looks(5), 1);
    watch.write("app/empty.log", &line(6));
    assert_eq!(watch.looks(5), 1);
    watch.write("billing/billing.log", &line(7));
    assert_eq!(watch.looks(5), 1);
    let systems: Vec<&str> =
        (0..5).map(|row| watch.evidence.system_name(watch.evidence.system(Row(row)))).collect();
    assert_eq!(systems, ["app", "app", "billing", "app", "billing"]);
}

const TRACE: [&str; 4] = [
    "[2026-03-01 08:00:00,797] ERROR [s|task-0] Error encountered (org.x.LogReporter:100)\n",
    "java.lang.IllegalStateException: refused\n",
    "\tat a.b.C(D.java:1) correlationId=abc99e3ed95f4ad37d195f2a1f6f6e53\n",
    "[2026-03-01 08:00:01,000] INFO [s|task-0] Next (org.x.LogReporter:100)\n",
];

#[test]
fn a_stack_trace_that_is_written_line_by_line_is_one_event_with_its_identifier() {
    let mut watch = Watch::over("connect/connect.log", TRACE[3]);
    for line in TRACE {
        watch.write("connect/connect.log", line);
        watch.look();
    }
    watch.looks(3);
    assert_eq!(watch.evidence.rows(), 3);
    assert_eq!(watch.evidence.identifiers.len(), 1);
}

#[test]
fn a_line_that_is_written_byte_by_byte_is_one_line_however_long_that_takes() {
    let mut watch = Watch::over("connect/connect.log", TRACE[3]);
    for byte in TRACE[0].as_bytes().chunks(1) {
        watch.write("connect/connect.log", std::str::from_utf8(byte).unwrap());
        assert!(watch.look() < 2);
    }
    watch.looks(4);
    assert_eq!(watch.evidence.rows(), 2);
}

/// What matters of evidence whatever the order of arrival.
fn portrait(evidence: &Evidence) -> Vec<String> {
    let mut rows: Vec<String> = (0..evidence.rows())
        .map(Row)
        .map(|row| {
            let id = evidence.identifier(row).map(|id| evidence.identifiers.identifier(id));
            let further: Vec<String> =
                evidence.further_of(row).map(|id| evidence.identifiers.identifier(id).value).collect();
            format!(
                "{} {} {:?} {} {id:?} {further:?} {}",
                evidence.time(row),
                evidence.system_name(evidence.system(row)),
                evidence.severity(row),
                evidence.text(evidence.shape(row)),
                evidence.origin(row).offset(),
            )
        })
        .collect();
    rows.sort();
    rows
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { cases: 24, ..Default::default() })]

    #[test]
    fn a_tail_in_pieces_of_any_size_gives_what_the_whole_file_gives(
        cuts in proptest::collection::vec(1..400usize, 1..40),
    ) {
        let whole: String = (0..12)
            .flat_map(|round| TRACE.map(|line| line.replace("abc99e", &format!("abc{round:03x}"))))
            .collect();
        let mut watch = Watch::over("connect/connect.log", TRACE[3]);
        let mut at = 0;
        for cut in cuts.iter().cycle() {
            if at == whole.len() {
                break;
            }
            let end = (at + cut).min(whole.len());
            watch.write("connect/connect.log", &whole[at..end]);
            watch.look();
            at = end;
        }
        watch.looks(4);
        let reference = load(
            discover(&[watch.folder.path().display().to_string()]),
            &Settings::default(),
            Time(0),
            &mut |_, _| true,
        );
        proptest::prop_assert_eq!(portrait(&watch.evidence), portrait(&reference.evidence));
    }
}

#[test]
fn metric_samples_that_are_appended_to_a_stream_are_taken_like_those_that_were_there() {
    let line = |second: u64, value: u32| {
        format!(
            r#"{{"resourceMetrics":[{{"resource":{{"attributes":[{{"key":"service.name","value":{{"stringValue":"orders"}}}}]}},"scopeMetrics":[{{"metrics":[{{"name":"queue.depth","gauge":{{"dataPoints":[{{"timeUnixNano":"{at}000000000","asInt":"{value}","exemplars":[{{"timeUnixNano":"{at}000000000","asInt":"{value}","traceId":"{second:032x}"}}]}}]}}}}]}}]}}]}}"#,
            at = 1_773_480_413 + second
        ) + "\n"
    };
    let mut watch = Watch::over("otel/metrics.jsonl", &[line(0, 4), line(10, 5)].concat());
    watch.write("otel/metrics.jsonl", &[line(20, 6), line(30, 7)].concat());
    watch.looks(3);
    let values: Vec<f64> = watch.evidence.series[0].samples.iter().map(|sample| sample.value).collect();
    assert_eq!((watch.evidence.series.len(), values), (1, vec![4.0, 5.0, 6.0, 7.0]));
    let traces: Vec<&str> =
        watch.evidence.series[0].exemplars.iter().map(|one| one.trace.trim_start_matches('0')).collect();
    assert_eq!(traces, ["a", "14", "1e"], "and the first names no trace");
}

#[test]
fn a_ledger_that_grows_gives_each_alert_once() {
    let alert = |id: &str, at: u32| {
        format!(
            "{{\"id\":\"{id}\",\"time\":\"2026-03-01T08:00:{at:02}Z\",\"system\":\"app\",\"kind\":\"alert\",\"text\":\"5xx {id}\"}}\n"
        )
    };
    let mut watch = Watch::over("alerts.jsonl", &alert("a1", 1));
    assert_eq!(watch.bodies(), ["5xx a1"]);
    watch.write("alerts.jsonl", &alert("a2", 2));
    watch.looks(3);
    assert_eq!(watch.bodies(), ["5xx a1", "5xx a2"]);
}

#[test]
fn looking_at_a_path_that_is_gone_does_no_harm() {
    let mut watch = Watch::begin();
    fs::remove_file(watch.path("app/app.log")).unwrap();
    assert_eq!(watch.looks(8), 0);
    assert!(!Path::new(&watch.reports[0].path).exists());
    assert_eq!(watch.bodies(), ["step 1", "step 2"], "an open file outlives its name");
}
