//! The engine piece by piece: reading by format, identifiers, appending, linking, skew, path mining, suspects, filters,
//! frames.
//!
//! The evidence is what the bundled samples hold, repeated to a size that a benchmark can tell apart. Run with
//! `cargo bench`; whole processes on large corpora are measured by `bridgewatch bench speed`.
#![allow(clippy::unwrap_used)]

use bridgewatch::app::Searches;
use bridgewatch::evidence::Evidence;
use bridgewatch::flows::{Correlator, FlowSettings, Flows, Phase};
use bridgewatch::ingest::{Finder, Scanner, Settings, detect};
use bridgewatch::sources::files::{Input, load};
use bridgewatch::suspects::{SuspectSettings, Suspects};
use bridgewatch::telemetry::{Glances, Nanos, Time, Window};
use bridgewatch::ui::{Filter, Keymap, Msg, Picture, Theme, Ui};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How much of one format is read at a time.
const STRETCH: usize = 1 << 20;

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else {
            found.push(path);
        }
    }
    found.sort();
}

fn samples() -> Vec<PathBuf> {
    let mut found = Vec::new();
    files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("sample-logs"), &mut found);
    found
}

/// One file of each format, repeated to a stretch.
fn by_format() -> Vec<(&'static str, String, Vec<u8>)> {
    let settings = Settings::default();
    let mut known: Vec<(&'static str, String, Vec<u8>)> = Vec::new();
    for path in samples() {
        let bytes = std::fs::read(&path).unwrap();
        let name = path.display().to_string();
        let plan = detect(&name, &bytes, true, &settings);
        if plan.is_events() && !known.iter().any(|(format, _, _)| *format == plan.format_name()) {
            let times = STRETCH.div_ceil(bytes.len().max(1));
            known.push((plan.format_name(), name, bytes.repeat(times)));
        }
    }
    known
}

fn reading(criterion: &mut Criterion) {
    let settings = Settings::default();
    let mut group = criterion.benchmark_group("read at a glance");
    for (format, name, bytes) in by_format() {
        let plan = detect(&name, &bytes, true, &settings);
        let mut scanner = Scanner::default();
        group.throughput(Throughput::Bytes(bytes.len() as u64));
        group.bench_function(format, |bencher| {
            bencher.iter(|| {
                let glances = plan.glance(&bytes, 0..bytes.len(), 0, 0, &mut scanner);
                let count = glances.time.len();
                scanner.recycle(glances);
                count
            });
        });
    }
}

fn identifiers(criterion: &mut Criterion) {
    let finder = Finder::new(&[]).unwrap();
    let mut group = criterion.benchmark_group("identifiers");
    for (format, _, bytes) in by_format() {
        group.throughput(Throughput::Bytes(bytes.len() as u64));
        group.bench_function(format, |bencher| bencher.iter(|| finder.all(&bytes).len()));
    }
}

/// The evidence of all samples, so many times over, each time with identifiers of its own.
fn evidence(times: u64) -> Evidence {
    let inputs = (0..times).flat_map(|round| {
        samples().into_iter().filter_map(move |path| {
            let text = std::fs::read_to_string(&path).ok()?;
            // Another first hex digit pair makes other identifiers of all that are long enough.
            let other = text.replace("4c0e", &format!("{:04x}", 0x1000 + round)).into_bytes();
            let name = format!("round-{round}/{}", path.display());
            Some(Input::bundled(&name, other))
        })
    });
    load(inputs.collect(), &Settings::default(), Time(0), &mut |_, _| true).evidence
}

/// How long one phase of correlating takes.
fn phase_of(evidence: &Evidence, settings: &FlowSettings, wanted: Phase) -> Duration {
    let mut correlator = Correlator::new(settings.clone());
    let (mut begun, mut ended) = (None, None);
    correlator.update_watched(evidence, &mut |phase, _| {
        if phase == wanted {
            begun = begun.or_else(|| Some(Instant::now()));
        } else if begun.is_some() {
            ended = ended.or_else(|| Some(Instant::now()));
        }
        true
    });
    ended.unwrap_or_else(Instant::now) - begun.unwrap()
}

fn correlating(criterion: &mut Criterion) {
    let evidence = evidence(4);
    let settings = FlowSettings::default();
    let mut group = criterion.benchmark_group("correlate");
    group.throughput(Throughput::Elements(u64::from(evidence.rows())));
    group.bench_function("linking, clocks, paths and verdicts", |bencher| {
        bencher.iter(|| Flows::of(&evidence, &settings).len());
    });
    for (name, phase) in [
        ("linking", Phase::Linking),
        ("skew", Phase::Clocks),
        ("tracing", Phase::Tracing),
        ("path mining and verdicts", Phase::Judging),
    ] {
        group.bench_function(name, |bencher| {
            bencher.iter_custom(|times| (0..times).map(|_| phase_of(&evidence, &settings, phase)).sum());
        });
    }
    let flows = Flows::of(&evidence, &settings);
    group.bench_function("suspects", |bencher| {
        bencher.iter(|| Suspects::of(&evidence, &flows, &SuspectSettings::default()).ranking.len());
    });
    let window = evidence.window().unwrap();
    let middle = Window { from: window.from, to: window.from + Nanos((window.to - window.from).0 / 2) };
    group.bench_function("the part that lies in a window", |bencher| {
        bencher.iter(|| evidence.within(middle).rows());
    });
}

fn appending(criterion: &mut Criterion) {
    let settings = Settings::default();
    let (_, name, bytes) = by_format().into_iter().max_by_key(|(_, _, bytes)| bytes.len()).unwrap();
    let plan = detect(&name, &bytes, true, &settings);
    let batch: Glances = plan.glance(&bytes, 0..bytes.len(), 0, 0, &mut Scanner::default());
    let mut group = criterion.benchmark_group("append");
    group.throughput(Throughput::Elements(batch.time.len() as u64));
    group.bench_function("a batch to columns that a snapshot shares", |bencher| {
        let mut evidence = Evidence::default();
        evidence.append(&batch);
        bencher.iter_batched(
            || (evidence.clone(), evidence.clone()),
            |(mut grown, snapshot)| {
                grown.append(&batch);
                grown.rows() - snapshot.rows()
            },
            BatchSize::LargeInput,
        );
    });
    group.bench_function("a batch, flows brought up to date", |bencher| {
        let mut evidence = evidence(2);
        let mut correlator = Correlator::new(FlowSettings::default());
        correlator.update(&evidence);
        bencher.iter(|| {
            evidence.append(&batch);
            correlator.update(&evidence).len()
        });
    });
}

fn looking(criterion: &mut Criterion) {
    let evidence = evidence(4);
    let flows = Flows::of(&evidence, &FlowSettings::default());
    let window = evidence.window();
    let course = window.map(|window| Picture::course_of(&flows, window)).unwrap_or_default();
    let picture = Arc::new(Picture { evidence, flows, window, course, ..Picture::default() });
    let searches = Searches::new(bridgewatch::sources::files::Files::default());
    let mut group = criterion.benchmark_group("look");
    group.throughput(Throughput::Elements(u64::from(picture.evidence.rows())));
    for text in ["", "level:error", "system:erp", "verdict:failed"] {
        let filter = Filter::parse(text);
        group.bench_function(format!("filter `{text}`"), |bencher| {
            bencher.iter(|| searches.find(&picture, &filter).unwrap().rows.len());
        });
    }
    group.finish();
    let mut group = criterion.benchmark_group("frame");
    let mut ui = Ui::new(Theme::default(), Keymap::default(), 0, false);
    drop(ui.update(Msg::Picture(picture)));
    for (width, height) in [(80, 24), (120, 36), (200, 60)] {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        group.bench_function(format!("{width}x{height}"), |bencher| {
            bencher.iter(|| terminal.draw(|frame| ui.draw(frame)).unwrap().area);
        });
    }
}

criterion_group!(benches, reading, identifiers, correlating, appending, looking);
criterion_main!(benches);
