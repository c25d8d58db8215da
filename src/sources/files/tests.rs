//! Real files: folders, compressed members, long records, and the same answer whatever the reading.

use super::*;
use std::fs;
use std::io::Write;

fn read(paths: &[&std::path::Path]) -> Loaded {
    let paths: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
    load(discover(&paths), &Settings::default(), Time(0), &mut |_, _| true)
}

const LINE: &str =
    "time=2026-03-01T07:59:59.645618Z level=info msg=\"reserve\" corr_id=abc99e3ed95f4ad37d195f2a1f6f6e53\n";

#[test]
fn a_folder_is_read_with_its_compressed_members() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("inventory")).unwrap();
    fs::write(folder.path().join("inventory/app.log"), LINE).unwrap();
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gz.write_all(LINE.as_bytes()).unwrap();
    fs::write(folder.path().join("inventory/app.log.1.gz"), gz.finish().unwrap()).unwrap();
    fs::write(folder.path().join("inventory/app.log.2.zst"), zstd::encode_all(LINE.as_bytes(), 1).unwrap())
        .unwrap();
    let loaded = read(&[folder.path()]);
    assert_eq!(loaded.evidence.rows(), 3);
    assert!(loaded.reports.iter().all(|report| report.system == "inventory" && report.error.is_none()));
    for row in 0..3 {
        let origin = loaded.evidence.origin(crate::evidence::Row(row));
        let event = loaded.files.read_event(&loaded.evidence, origin).unwrap();
        assert_eq!((event.body.as_str(), event.identifiers.len()), ("reserve", 1));
    }
}

#[test]
fn half_a_gzip_gives_half_the_events_and_a_reason() {
    let folder = tempfile::tempdir().unwrap();
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
    gz.write_all(LINE.repeat(2_000).as_bytes()).unwrap();
    let mut bytes = gz.finish().unwrap();
    bytes.truncate(bytes.len() / 2);
    let path = folder.path().join("app.log.gz");
    fs::write(&path, bytes).unwrap();
    let loaded = read(&[&path]);
    assert!(loaded.evidence.rows() > 100);
    assert!(loaded.reports[0].error.as_ref().unwrap().contains("what came before was read"));
}

#[test]
fn what_is_not_there_is_said_and_the_rest_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.log");
    fs::write(&path, LINE).unwrap();
    let empty = folder.path().join("empty");
    fs::create_dir(&empty).unwrap();
    let loaded = read(&[&folder.path().join("nothing"), &empty, &path]);
    assert_eq!(loaded.evidence.rows(), 1);
    let errors: Vec<&str> = loaded.reports.iter().filter_map(|report| report.error.as_deref()).collect();
    assert_eq!(errors, ["the folder holds no files", "there is no such file or folder"]);
}

#[test]
fn a_record_of_ten_megabytes_is_cut_and_its_neighbours_are_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.log");
    let long = format!("time=2026-03-01T08:00:00Z level=info msg=\"{}\"\n", "x".repeat(10 << 20));
    fs::write(&path, [LINE, &long, LINE].concat()).unwrap();
    let loaded = read(&[&path]);
    assert_eq!(loaded.evidence.rows(), 3);
    assert_eq!(loaded.evidence.identifiers.len(), 1);
}

#[test]
fn a_stack_trace_over_a_chunk_border_keeps_its_identifier() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("connect.log");
    let head = "[2026-03-01 08:00:00,797] ERROR [s|task-0] Error encountered. (org.x.LogReporter:100)\n";
    let record = format!("{head}{}Caused by: x correlationId=ID\n", "\tat a.b.C(D.java:1)\n".repeat(4_000));
    let text: String =
        (0..12).map(|n| record.replace("ID", &format!("{:032x}", n + 16).replace('0', "f"))).collect();
    fs::write(&path, &text).unwrap();
    let loaded = read(&[&path]);
    assert_eq!(loaded.evidence.rows(), 12);
    assert_eq!(loaded.evidence.identifiers.len(), 12);
}

#[test]
fn of_more_than_the_bound_on_memory_the_newest_events_are_held() {
    use crate::evidence::Row;
    use crate::flows::{FlowSettings, Flows};
    use crate::ingest::IngestConfig;
    let folder = tempfile::tempdir().unwrap();
    let line = |n: u32| {
        let (minute, second) = (n / 60 % 60, n % 60);
        format!(
            "time=2026-03-01T{:02}:{minute:02}:{second:02}Z level=info msg=\"step\" corr_id={:032x}\n",
            n / 3_600,
            n / 2 + 1
        )
    };
    for system in ["one", "other"] {
        fs::create_dir(folder.path().join(system)).unwrap();
        let text: String = (0..20_000).map(line).collect();
        fs::write(folder.path().join(system).join("app.log"), text).unwrap();
    }
    let paths = [folder.path().display().to_string()];
    let bounded = IngestConfig { memory: 2_000_000, ..IngestConfig::default() };
    let settings = Settings::new(&bounded, 1970).unwrap();
    let loaded = load(discover(&paths), &settings, Time(0), &mut |_, _| true);
    let evidence = &loaded.evidence;
    let given_way = evidence.given_way().expect("40 000 events take more than that");
    assert_eq!(evidence.came(), 40_000);
    assert!(evidence.bytes() <= 800_000 && evidence.rows() > 5_000, "{} rows", evidence.rows());
    let newest = Time::parse("2026-03-01T05:33:19Z").unwrap();
    for row in (0..evidence.rows()).map(Row) {
        assert!((given_way.until..=newest).contains(&evidence.time(row)));
    }
    let held = |system: &str| {
        let id = evidence.system_named(system).unwrap();
        (0..evidence.rows())
            .filter(|row| evidence.system(Row(*row)) == id && evidence.time(Row(*row)) >= given_way.until)
            .count()
    };
    assert!(held("one").abs_diff(held("other")) <= 1, "by time, whichever file it lies in");
    let flows = Flows::of(evidence, &FlowSettings::default());
    let (_, last) = flows.iter().next_back().unwrap();
    assert_eq!((last.events, last.visits.len()), (4, 2));
    let event = loaded.files.read_event(evidence, evidence.origin(Row(evidence.rows() - 1))).unwrap();
    assert_eq!(event.body, "step");
}
