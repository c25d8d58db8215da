//! The engine: one thread that owns the evidence, keeps flows and suspects current, and publishes pictures.

use super::clock::Clock;
use super::healths::Healths;
use super::{extent, look};
use crate::config::Config;
use crate::evidence::{Evidence, Row};
use crate::flows::{Blindness, Census, Correlator, FlowSettings, Flows};
use crate::incident::{Coverage, Findings, LossFields};
use crate::ingest::Settings;
use crate::sources::SourceError;
use crate::sources::files::{self, FileReport, Files, Follower, Input};
use crate::suspects::{SuspectSettings, Suspects};
use crate::telemetry::{Batch, SourceHealth, Time};
use crate::ui::{FileRow, Msg, Notice, Picture, Progress};
use std::collections::BTreeMap;
use std::panic;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, RwLock, mpsc};
use std::thread;
use std::time::{Duration, Instant};
use tokio::sync::mpsc as outbox;

/// What the engine is told.
pub(super) enum Order {
    /// Forget everything and read these.
    Load {
        inputs: Vec<Input>,
        /// What new files are looked for in.
        roots: Vec<String>,
        settings: Box<Settings>,
        title: String,
        /// What is known of the systems that wrote them, where a scenario brings that along; else what is configured holds.
        catalogue: Option<Catalogue>,
        is_demo: bool,
        /// Nothing is told of who is behind it: a candidate finds out.
        hides_suspects: bool,
        clock: Clock,
    },
    /// A page from a live source.
    Page {
        source: String,
        batch: Batch,
    },
    /// All flows of a source that holds too much to be read.
    Census {
        source: String,
        census: Arc<Census>,
    },
    Health(SourceHealth),
    /// Whether a source answers.
    Pulse {
        name: String,
        answer: Pulse,
        notes: Vec<String>,
        now: Time,
    },
    IgnoreSkew(bool),
    /// Go on with what the person stopped.
    Resume,
}

/// What people know of the systems and no line says.
#[derive(Clone, Debug, Default)]
pub(super) struct Catalogue {
    owners: BTreeMap<String, String>,
    /// The systems of the catalogue: one that says nothing is a blind spot.
    systems: Vec<String>,
    losses: LossFields,
}

impl Catalogue {
    pub(super) fn of(config: &Config) -> Self {
        Self {
            owners: config.owners(),
            systems: config.systems.keys().cloned().collect(),
            losses: config.losses.clone(),
        }
    }
}

/// What came of asking a source whether it answers.
pub(super) enum Pulse {
    /// Nothing yet, and it takes long.
    Late,
    /// What it says of itself, or why it does not answer.
    Answer(Result<String, SourceError>),
}

/// What others read of the engine's files: where events are read again.
pub(super) type SharedFiles = Arc<RwLock<Files>>;

/// A handle on the engine's thread; dropping it ends the thread.
pub(super) struct Engine {
    orders: Option<mpsc::Sender<Order>>,
    thread: Option<thread::JoinHandle<()>>,
    is_cancelled: Arc<AtomicBool>,
    pub(super) files: SharedFiles,
}

/// How often a picture is published while reading goes on.
const PUBLISH: Duration = Duration::from_millis(150);

/// How often files are looked at for what was appended.
const LOOK: Duration = Duration::from_millis(500);

/// From so many events on, flows are shown before suspects are ranked.
const LARGE: u32 = 100_000;

/// Why nothing is ranked after the person stopped it.
const STOPPED: &str = "stopped; r goes on with it";

/// How often what was lost is counted anew while flows fail.
const COUNT_EVERY: Duration = Duration::from_secs(10);

/// Kinds of flows whose ways are shown on the bridge.
const WAYS: usize = 8;

/// What the person stopped. Events and samples come in all the same.
#[derive(Clone, Copy, Default, PartialEq, PartialOrd)]
enum Stopped {
    #[default]
    Nothing,
    /// Flows are kept current, suspects are not.
    Ranking,
    Correlating,
}

struct State {
    evidence: Evidence,
    correlator: Correlator,
    flow_settings: FlowSettings,
    suspect_settings: SuspectSettings,
    catalogue: Catalogue,
    reports: Vec<FileReport>,
    healths: Healths,
    /// By source.
    censuses: BTreeMap<String, Arc<Census>>,
    title: String,
    is_demo: bool,
    hides_suspects: bool,
    clock: Clock,
    files: SharedFiles,
    follower: Option<Follower>,
    is_cancelled: Arc<AtomicBool>,
    outbox: outbox::Sender<Msg>,
    stopped: Stopped,
    /// Events that had given way to the bound on memory when that was told.
    told_gone: u64,
    /// What was published last: where nothing changed but the health of a source, nothing is computed again.
    last: Picture,
    /// When losses were counted last, and over how many lost flows.
    counted: Option<(Instant, u64)>,
}

impl Engine {
    pub(super) fn start(
        flow_settings: FlowSettings,
        suspect_settings: SuspectSettings,
        catalogue: Catalogue,
        memory: u64,
        outbox: outbox::Sender<Msg>,
    ) -> Self {
        let (orders, inbox) = mpsc::channel();
        let files = SharedFiles::default();
        let is_cancelled = Arc::new(AtomicBool::new(false));
        let state = State {
            evidence: Evidence::bounded(memory),
            correlator: Correlator::new(flow_settings.clone()),
            flow_settings,
            suspect_settings,
            catalogue,
            reports: Vec::new(),
            healths: Healths::default(),
            censuses: BTreeMap::new(),
            title: String::new(),
            is_demo: false,
            hides_suspects: false,
            clock: Clock::default(),
            files: files.clone(),
            follower: None,
            is_cancelled: is_cancelled.clone(),
            outbox,
            stopped: Stopped::Nothing,
            told_gone: 0,
            last: Picture::default(),
            counted: None,
        };
        let thread = thread::Builder::new().name("engine".into()).spawn(move || state.run(&inbox)).ok();
        Self { orders: Some(orders), thread, is_cancelled, files }
    }

    pub(super) fn tell(&self, order: Order) {
        if let Some(orders) = &self.orders {
            let _ = orders.send(order); // The engine ends only with us.
        }
    }

    /// Stops reading, correlating or ranking; what is done stays.
    pub(super) fn cancel(&self) {
        self.is_cancelled.store(true, Ordering::Relaxed);
    }

    pub(super) fn sender(&self) -> Option<mpsc::Sender<Order>> {
        self.orders.clone()
    }

    pub(super) fn stop(&mut self) {
        self.cancel();
        self.orders = None;
        // A reader that hangs in the kernel must not keep the person's terminal.
        if let Some(thread) = self.thread.take().filter(thread::JoinHandle::is_finished) {
            let _ = thread.join();
        }
    }
}

impl State {
    fn run(mut self, inbox: &mpsc::Receiver<Order>) {
        loop {
            let first = match inbox.recv_timeout(LOOK) {
                Ok(order) => Some(order),
                Err(mpsc::RecvTimeoutError::Timeout) => None,
                Err(mpsc::RecvTimeoutError::Disconnected) => return,
            };
            // One record that we fail on must not take the screen's only source of news with it; the hook has told.
            let _ = panic::catch_unwind(panic::AssertUnwindSafe(|| self.turn(first, inbox)));
        }
    }

    /// Takes an order, and whatever waits behind it; without one, looks at the files.
    fn turn(&mut self, first: Option<Order>, inbox: &mpsc::Receiver<Order>) {
        let mut is_new = match first {
            Some(order) => self.take(order),
            None if self.look() => true,
            None => return self.count_losses(),
        };
        // Whatever waits is taken in before anything is computed.
        while let Ok(next) = inbox.try_recv() {
            is_new |= self.take(next);
        }
        self.publish(is_new);
    }

    /// Takes an order; whether the evidence changed.
    fn take(&mut self, order: Order) -> bool {
        match order {
            Order::Load { inputs, roots, settings, title, catalogue, is_demo, hides_suspects, clock } => {
                self.title = title;
                if let Some(catalogue) = catalogue {
                    self.catalogue = catalogue;
                }
                self.is_demo = is_demo;
                self.hides_suspects = hides_suspects;
                self.counted = None;
                self.stopped = Stopped::Nothing;
                self.is_cancelled.store(false, Ordering::Relaxed);
                self.clock = clock;
                self.load(inputs, roots, &settings, self.clock.now());
                true
            }
            Order::Page { source, batch } => {
                let is_new =
                    !(batch.events.is_empty() && batch.series.is_empty() && batch.changes.is_empty());
                self.evidence.add_series(batch.series);
                self.evidence.add_changes(batch.changes);
                self.evidence.add_topology(&batch.topology);
                files::add_page(&mut self.evidence, source.into(), batch.command, batch.events);
                is_new
            }
            Order::Census { source, census } => {
                self.censuses.insert(source, census);
                false
            }
            Order::Health(health) => {
                self.healths.hold(health);
                self.is_blind_otherwise()
            }
            Order::Pulse { name, answer, notes, now } => {
                self.healths.feel(&name, answer, notes, now);
                self.is_blind_otherwise()
            }
            Order::Resume => std::mem::take(&mut self.stopped) != Stopped::Nothing,
            Order::IgnoreSkew(ignore_skew) => {
                self.flow_settings.ignore_skew = ignore_skew;
                self.correlator = Correlator::new(self.flow_settings.clone());
                true
            }
        }
    }

    /// Whether other systems than before could not have been seen: then a verdict that rests on silence is another one.
    fn is_blind_otherwise(&mut self) -> bool {
        let blindness = Blindness::of(&self.healths.all());
        let is_other = blindness != self.flow_settings.blindness;
        if is_other {
            self.flow_settings.blindness = blindness;
            self.correlator = Correlator::new(self.flow_settings.clone());
        }
        is_other
    }

    /// Looks whether files grew; whether anything is new.
    fn look(&mut self) -> bool {
        let Some(follower) = &mut self.follower else { return false };
        let mut files = self.files.read().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
        let came = follower.look(&mut self.evidence, &mut files, &mut self.reports, self.clock.now());
        *self.files.write().unwrap_or_else(std::sync::PoisonError::into_inner) = files;
        came > 0
    }

    fn load(&mut self, inputs: Vec<Input>, roots: Vec<String>, settings: &Settings, now: Time) {
        self.evidence = Evidence::default();
        self.correlator = Correlator::new(self.flow_settings.clone());
        let mut published = Instant::now();
        let (is_cancelled, outbox, title, is_demo) =
            (self.is_cancelled.clone(), self.outbox.clone(), self.title.clone(), self.is_demo);
        let progress = &mut |progress: files::Progress, evidence: &Evidence| {
            if published.elapsed() >= PUBLISH {
                published = Instant::now();
                let picture = Picture {
                    evidence: evidence.clone(),
                    progress: Some(Progress::Reading { bytes: progress.bytes, of: progress.of }),
                    window: evidence.window(),
                    title: title.clone(),
                    is_demo,
                    ..Picture::default()
                };
                let _ = outbox.try_send(Msg::Picture(Arc::new(picture)));
            }
            !is_cancelled.load(Ordering::Relaxed)
        };
        let (loaded, follower) = files::load_and_follow(inputs, roots, settings, now, progress);
        self.follower = Some(follower).filter(|follower| !follower.is_idle());
        self.evidence = loaded.evidence;
        self.reports = loaded.reports;
        *self.files.write().unwrap_or_else(std::sync::PoisonError::into_inner) = loaded.files;
    }

    fn publish(&mut self, is_new: bool) {
        self.tell_what_gave_way();
        if is_new || self.last.evidence.rows() != self.evidence.rows() {
            self.is_cancelled.store(false, Ordering::Relaxed);
            let flows = self.correlate();
            let (window, strays) = extent::of(&self.evidence, &flows);
            let flows_only = Picture {
                course: window.map(|window| Picture::course_of(&flows, window)).unwrap_or_default(),
                evidence: self.evidence.clone(),
                flows,
                window,
                strays,
                ..Picture::default()
            };
            let flows = &flows_only.flows;
            let suspects = self.rank(&flows_only);
            let owners = &self.catalogue.owners;
            let mut findings =
                Findings::of(&self.evidence, flows, &suspects, |system| owners.get(system).cloned());
            let catalogue = self.catalogue.systems.iter().map(String::as_str);
            findings.coverage = Coverage::of(&self.evidence, flows, catalogue);
            // What was counted last stands until it is counted anew.
            findings.losses = self.last.findings.losses.clone().filter(|_| self.counted.is_some());
            let onset = suspects.onset.as_ref().map(|onset| onset.time);
            let ways = Picture::ways_of(flows, onset, WAYS);
            self.last = Picture { ways, suspects, findings, ..flows_only };
        }
        self.send(self.last.clone());
        self.count_losses();
    }

    /// The flows as of now, and meanwhile how far they are; none once the person stopped it.
    fn correlate(&mut self) -> Flows {
        if self.stopped == Stopped::Correlating {
            return Flows::default();
        }
        let mut published = Instant::now();
        let (is_cancelled, outbox, evidence) = (&self.is_cancelled, &self.outbox, &self.evidence);
        // What was shown last stays, unless it was of other files.
        let last = if self.last.title == self.title { self.last.clone() } else { Picture::default() };
        let mut shown = Picture { title: self.title.clone(), is_demo: self.is_demo, ..last };
        if shown.evidence.is_empty() {
            (shown.evidence, shown.window) = (evidence.clone(), evidence.window());
        }
        let watch = &mut |phase, share| {
            if published.elapsed() >= PUBLISH {
                published = Instant::now();
                shown.progress = Some(Progress::Correlating { phase, share });
                let _ = outbox.try_send(Msg::Picture(Arc::new(shown.clone())));
            }
            !is_cancelled.load(Ordering::Relaxed)
        };
        if self.correlator.update_watched(&self.evidence, watch) {
            return self.correlator.flows().clone();
        }
        self.stop(Stopped::Correlating, "correlating");
        Flows::default()
    }

    /// The suspects as of now; none once the person stopped it.
    fn rank(&mut self, flows_only: &Picture) -> Suspects {
        let because = |reason: &str| Suspects { reason: reason.to_owned(), ..Suspects::default() };
        if self.stopped >= Stopped::Ranking {
            return because(STOPPED);
        }
        let flows = &flows_only.flows;
        if self.evidence.rows() > LARGE {
            // The ranking of what is large takes its time: flows can be looked at meanwhile.
            let ways = Picture::ways_of(flows, None, WAYS);
            let (suspects, progress) = (because("ranking suspects; esc stops it"), Some(Progress::Ranking));
            self.send(Picture { ways, suspects, progress, ..flows_only.clone() });
        }
        let goes_on = || !self.is_cancelled.load(Ordering::Relaxed);
        let ranked = Suspects::watched(&self.evidence, flows, &self.suspect_settings, &goes_on);
        ranked.unwrap_or_else(|| {
            self.stop(Stopped::Ranking, "ranking");
            because(STOPPED)
        })
    }

    fn stop(&mut self, stopped: Stopped, doing: &str) {
        self.stopped = stopped;
        let text = format!("{doing} was stopped; r goes on with it");
        let _ = self.outbox.try_send(Msg::Notice(Notice { text, is_error: false }));
    }

    /// Counts what was lost in customers and value, where fields are configured. Lost flows are read again for it, so it
    /// comes after everything else, and not with every page of a live source.
    fn count_losses(&mut self) {
        let (fields, findings) = (&self.catalogue.losses, &self.last.findings);
        let is_due = match self.counted {
            None => true,
            Some((at, lost)) => lost != findings.failed_flows && at.elapsed() > COUNT_EVERY,
        };
        if fields.is_empty() || !is_due {
            return;
        }
        let read = |rows: &[Row]| look::read(&self.files, &self.evidence, rows);
        let losses = fields.counted(&self.evidence, &self.last.flows, findings.onset, read).sentence();
        self.counted = Some((Instant::now(), findings.failed_flows));
        if losses != self.last.findings.losses {
            self.last.findings.losses = losses;
            self.send(self.last.clone());
        }
    }

    /// Says on screen, each time, that events gave way; the Sources view says it for good.
    fn tell_what_gave_way(&mut self) {
        let gone = self.evidence.given_way().map_or(0, |given_way| given_way.events);
        if gone > self.told_gone {
            let text = "the bound on memory is reached: the oldest events are no longer held (see Sources)";
            let _ = self.outbox.try_send(Msg::Notice(Notice { text: text.into(), is_error: false }));
        }
        self.told_gone = gone;
    }

    fn send(&self, picture: Picture) {
        let picture = Picture {
            sources: self.healths.all(),
            censuses: self.censuses.values().cloned().collect(),
            files: self.reports.iter().map(file_row).collect(),
            title: self.title.clone(),
            is_demo: self.is_demo,
            ..picture
        };
        let picture = if self.hides_suspects { picture.without_suspects() } else { picture };
        let _ = self.outbox.blocking_send(Msg::Picture(Arc::new(picture)));
    }
}

fn file_row(report: &FileReport) -> FileRow {
    let reason = report.first_unread.as_ref().map(|issue| match issue.line {
        0 => format!("byte {}: {}", issue.offset, issue.reason),
        line => format!("line {line}: {}", issue.reason),
    });
    FileRow {
        path: report.path.clone(),
        format: report.format.clone(),
        system: report.system.clone(),
        zone: report.zone,
        bytes: report.bytes,
        records: report.records,
        unread: report.unread,
        trouble: report.error.clone().or(reason),
    }
}
