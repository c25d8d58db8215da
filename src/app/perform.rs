//! What each effect does. Nothing here waits: every arm starts a task that ends in a message.

use super::clock::Clock;
use super::drill::{self, Folder, Order, Session};
use super::engine::{self, Catalogue, Engine};
use super::follow::{Following, Listeners};
use super::look::{self, Look};
use super::publish::Publisher;
use super::record::Recorder;
use super::{Opening, collect, scenario_after};
use crate::config::Config;
use crate::incident::Gate;
use crate::ingest::{Settings, scrub_text};
use crate::sources::{bundled, files, typed};
use crate::store::Store;
use crate::telemetry::{Identifier, Nanos, Time, Window};
use crate::ui::{Book, Effect, Filter, Msg, Notice, Picture};
use chrono::Datelike;
use crossterm::clipboard::CopyToClipboard;
use crossterm::execute;
use std::io::{self, Write};
use std::iter;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::mpsc;

/// Everything impure.
pub(super) struct Shell {
    config: Config,
    clock: Clock,
    engine: Engine,
    recorder: Arc<Recorder>,
    publisher: Arc<Publisher>,
    /// Runbooks in files, by system.
    books: Vec<(String, PathBuf)>,
    outbox: mpsc::Sender<Msg>,
    picture: Arc<Picture>,
    scenario: Option<String>,
    collecting: collect::Collecting,
    following: Following,
    /// An identifier that no flow had when it was asked for, until one has.
    sought: Option<String>,
    look: Arc<Look>,
    drill: Option<Session>,
    hides_suspects: bool,
    /// How the drill went was told.
    is_debriefed: bool,
}

impl Shell {
    pub(super) fn new(config: Config, gate: Gate, store: Arc<Store>, outbox: mpsc::Sender<Msg>) -> Self {
        let catalogue = Catalogue::of(&config);
        let (flows, suspects) = (config.flow_settings(), config.suspect_settings());
        let engine = Engine::start(flows, suspects, catalogue, config.memory.bytes(), outbox.clone());
        let recorder = Arc::new(Recorder::new(store, author(&config), gate, outbox.clone()));
        let listening = recorder.clone();
        tokio::spawn(async move { listening.listen().await });
        let publisher = Arc::new(Publisher::new(&config, recorder.clone()));
        let shell = Self {
            books: config.runbook_files(),
            config,
            clock: Clock::default(),
            engine,
            recorder,
            publisher,
            outbox,
            picture: Arc::default(),
            scenario: None,
            collecting: collect::Collecting::default(),
            following: Following::default(),
            sought: None,
            look: Arc::default(),
            drill: None,
            hides_suspects: false,
            is_debriefed: false,
        };
        shell.tell(Msg::Catalogue(shell.config.catalogue()));
        shell
    }

    pub(super) fn now(&self) -> Time {
        self.clock.now()
    }

    pub(super) fn has_mouse(&self) -> bool {
        self.config.mouse
    }

    pub(super) fn tell(&self, msg: Msg) {
        let _ = self.outbox.try_send(msg);
    }

    pub(super) fn open(&mut self, opening: Opening) {
        match opening {
            Opening::Drill(folder) => self.open_drill(folder),
            Opening::Demo(name) => self.open_scenario(bundled::scenario(&name)),
            Opening::Evidence(paths) => {
                self.open_record();
                self.open_evidence(paths);
            }
        }
    }

    fn open_record(&self) {
        let recorder = self.recorder.clone();
        tokio::spawn(async move { recorder.open_newest().await });
    }

    fn open_evidence(&mut self, paths: Vec<String>) {
        let paths: Vec<String> = self.config.evidence_paths().chain(paths).collect();
        let year = i64::from(self.clock.now().utc().year());
        match Settings::new(&self.config.ingest(), year) {
            Ok(settings) if !paths.is_empty() => {
                let title = match (&self.drill, paths.as_slice()) {
                    (Some(drill), _) => drill.title.clone(),
                    (None, [one]) => one.clone(),
                    (None, all) => format!("{} and {} more", all[0], all.len() - 1),
                };
                let clock = self.clock.clone();
                let hides_suspects = self.hides_suspects;
                let Some(engine) = self.engine.sender() else { return };
                // Finding files may take its time on a slow disk; the screen is there meanwhile.
                tokio::task::spawn_blocking(move || {
                    let inputs = files::discover(&paths);
                    let _ = engine.send(engine::Order::Load {
                        inputs,
                        roots: paths,
                        settings: Box::new(settings),
                        title,
                        catalogue: None,
                        is_demo: false,
                        hides_suspects,
                        clock,
                    });
                });
            }
            Ok(_) => {}
            Err(mistakes) => self.tell(Msg::Notice(Notice { text: mistakes, is_error: true })),
        }
        if let Some(engine) = self.engine.sender() {
            self.collecting = collect::start(&self.config, &self.clock, &engine);
        }
    }

    fn open_scenario(&mut self, scenario: Option<bundled::Scenario>) {
        let Some(scenario) = scenario else {
            self.tell(Msg::Notice(Notice {
                text: "no scenario is bundled with this build".into(),
                is_error: true,
            }));
            return;
        };
        let config = scenario.configuration().and_then(|text| Config::parse(&text).ok()).unwrap_or_default();
        let settings =
            Settings::new(&config.ingest(), i64::from(super::now().utc().year())).unwrap_or_default();
        self.scenario = Some(scenario.name.clone());
        self.clock = Clock::default();
        self.engine.cancel();
        self.engine.tell(engine::Order::Load {
            inputs: scenario.inputs(),
            roots: Vec::new(),
            settings: Box::new(settings),
            title: scenario.title.clone(),
            catalogue: Some(Catalogue::of(&config)),
            is_demo: true,
            hides_suspects: false,
            clock: self.clock.clone(),
        });
        self.tell(Msg::Catalogue(config.catalogue()));
    }

    /// Notes what the shell itself needs of a message before the ui takes it.
    /// Whether the session has another time now.
    pub(super) fn observe(&mut self, msg: &Msg) -> bool {
        self.observe_drill(msg);
        let Msg::Picture(picture) = msg else { return false };
        let is_other = picture.title != self.picture.title || self.picture.progress.is_some();
        self.picture = picture.clone();
        let sought = self.sought.as_deref().map(str::trim);
        if let Some(id) = sought.and_then(|text| look::flow_named(&picture.evidence, &picture.flows, text)) {
            self.sought = None;
            self.tell(Msg::Flow(id));
        }
        // A demo's clock starts where its telemetry ends.
        if picture.is_demo
            && is_other
            && picture.progress.is_none()
            && let Some(window) = picture.window
        {
            self.clock = Clock::starting_at(window.to);
            return true;
        }
        false
    }

    /// Takes up a drill: its clock is the session's, its estate's telemetry is followed like anybody's files.
    fn open_drill(&mut self, folder: Folder) {
        let telemetry = folder.telemetry().display().to_string();
        match Session::start(folder, self.outbox.clone()) {
            Ok(session) => {
                self.clock = session.clock.clone();
                self.hides_suspects = session.hides_suspects;
                self.drill = Some(session);
                self.open_record();
                self.open_evidence(vec![telemetry]);
            }
            Err(text) => self.tell(Msg::Notice(Notice { text, is_error: true })),
        }
    }

    /// The estate of a drill hears of what is done; at its end, how it went is told.
    fn observe_drill(&mut self, msg: &Msg) {
        let Some(session) = &self.drill else { return };
        match msg {
            Msg::Incident(Some(incident)) => session.tell(Order::See(incident.clone())),
            Msg::Drill(log) if log.ended.is_some() && !self.is_debriefed => {
                self.is_debriefed = true;
                let (folder, recorder) = (session.folder.clone(), self.recorder.clone());
                tokio::spawn(async move { recorder.debrief(&folder).await });
            }
            _ => {}
        }
    }

    /// Where the same drill begins anew.
    pub(super) fn restarted(&self) -> Option<Opening> {
        let session = self.drill.as_ref()?;
        match drill::again(&session.folder) {
            Ok(folder) => Some(Opening::Drill(folder)),
            Err(text) => {
                self.tell(Msg::Notice(Notice { text, is_error: true }));
                None
            }
        }
    }

    pub(super) fn perform(&mut self, effect: Effect) {
        let now = self.clock.now();
        match effect {
            Effect::Quit => {}
            Effect::Copy(text) => copy(&text),
            Effect::Read(rows) => {
                let (picture, files, outbox) =
                    (self.picture.clone(), self.engine.files.clone(), self.outbox.clone());
                tokio::task::spawn_blocking(move || {
                    let events = look::read(&files, &picture.evidence, &rows);
                    let _ = outbox.blocking_send(Msg::Read(events));
                });
            }
            Effect::Search { request, filter } => self.search(request, *filter),
            Effect::Find(text) => self.find(text),
            Effect::Record(whats) => {
                let recorder = self.recorder.clone();
                tokio::spawn(async move { recorder.record(now, whats, Vec::new()).await });
            }
            Effect::Pin { kind, says, rows, lines, query } => {
                let (recorder, picture, files) =
                    (self.recorder.clone(), self.picture.clone(), self.engine.files.clone());
                tokio::spawn(async move {
                    recorder.pin(now, kind, says, rows, lines, query, &picture, &files).await
                });
            }
            Effect::Declare { whats, pin } => {
                let (recorder, picture, files) =
                    (self.recorder.clone(), self.picture.clone(), self.engine.files.clone());
                tokio::spawn(async move {
                    recorder.record(now, whats, Vec::new()).await;
                    if let Some(Effect::Pin { kind, says, rows, lines, query }) = pin.map(|pin| *pin) {
                        recorder.pin(now, kind, says, rows, lines, query, &picture, &files).await;
                    }
                });
            }
            Effect::ReadBooks => {
                let (books, outbox) = (self.books.clone(), self.outbox.clone());
                tokio::task::spawn_blocking(move || {
                    let books = books.into_iter().map(|(system, path)| read_book(system, &path)).collect();
                    let _ = outbox.blocking_send(Msg::Books(books));
                });
            }
            Effect::Plan { target, update } => {
                let (publisher, picture) = (self.publisher.clone(), self.picture.clone());
                tokio::spawn(async move { publisher.plan(now, &target, update, &picture).await });
            }
            Effect::Publish(token) => {
                let publisher = self.publisher.clone();
                tokio::spawn(async move { Box::pin(publisher.send(now, &token)).await });
            }
            Effect::ByHand { target, update } => {
                let (publisher, picture) = (self.publisher.clone(), self.picture.clone());
                tokio::spawn(async move { publisher.by_hand(now, &target, update, &picture).await });
            }
            Effect::Measure => {
                let (recorder, picture) = (self.recorder.clone(), self.picture.clone());
                tokio::spawn(async move { recorder.measure(now, &picture).await });
            }
            Effect::OpenIncident(name) => {
                let recorder = self.recorder.clone();
                tokio::spawn(async move { recorder.show(name).await });
            }
            Effect::Export => {
                let (recorder, picture) = (self.recorder.clone(), self.picture.clone());
                tokio::spawn(async move { recorder.export(now, &picture).await });
            }
            Effect::Refresh => {
                self.collecting.stop();
                self.following.forget();
                self.engine.tell(engine::Order::Resume);
                if let Some(engine) = self.engine.sender() {
                    self.collecting = collect::start(&self.config, &self.clock, &engine);
                }
            }
            Effect::NextScenario => self.open_scenario(scenario_after(self.scenario.as_deref())),
            Effect::Stop => self.engine.cancel(),
            Effect::Drill(command) => {
                if let Some(session) = &self.drill {
                    session.tell(Order::Do(command));
                }
            }
            Effect::RestartDrill => {} // The loop does it.
            Effect::Follow { identifiers, window } => self.follow(identifiers, window),
            Effect::Unfollow => {
                self.sought = None;
                self.following.stop();
            }
            Effect::IgnoreSkew(ignore) => self.engine.tell(engine::Order::IgnoreSkew(ignore)),
        }
    }

    fn follow(&mut self, identifiers: Vec<Identifier>, window: Window) {
        let Some(engine) = self.engine.sender() else { return };
        let to = Listeners { engine, outbox: self.outbox.clone() };
        let (now, healths) = (self.clock.now(), &self.picture.sources);
        self.following.start(identifiers, window, now, &self.collecting.beside, healths, to);
    }

    fn search(&self, request: u64, filter: Filter) {
        self.look.ask(request);
        let (picture, files, outbox, look) =
            (self.picture.clone(), self.engine.files.clone(), self.outbox.clone(), self.look.clone());
        tokio::task::spawn_blocking(move || {
            if let Some(found) = look.search(&files, &picture, &filter, request) {
                let _ = outbox.blocking_send(Msg::Found { request, found });
            }
        });
    }

    /// The flow that an identifier names, or the first that a word of the text does.
    ///
    /// What no flow has is asked for at live sources, where there are any, and opens when it comes.
    fn find(&mut self, text: String) {
        self.sought = None;
        let (evidence, flows) = (&self.picture.evidence, &self.picture.flows);
        let is_edge = |c: char| !c.is_alphanumeric();
        let words = text.split(|c: char| c.is_whitespace() || "\"'=,;()[]{}<>|".contains(c));
        let words = words.map(|word| word.trim_matches(is_edge)).filter(|word| word.len() > 3).take(400);
        let found =
            iter::once(text.trim()).chain(words).find_map(|word| look::flow_named(evidence, flows, word));
        let is_one = !text.trim().contains(char::is_whitespace) && text.trim().len() > 3;
        if found.is_none() && is_one && self.collecting.beside.iter().any(|one| one.health().holds_events()) {
            let now = self.clock.now();
            let back = Nanos::seconds(i64::from(self.config.window_minutes) * 60);
            self.follow(typed(&text), Window { from: now - back, to: now });
            let said = format!("asking live sources for {}", text.trim());
            self.sought = Some(text);
            self.tell(Msg::Notice(Notice { text: said, is_error: false }));
            return;
        }
        let msg = found.map_or_else(
            || {
                let shown: String = text.trim().chars().take(60).collect();
                let text = if text.trim().contains(char::is_whitespace) {
                    "no flow has an identifier that stands here".to_owned()
                } else {
                    format!("no flow has the identifier {shown}; 9 shows what could not be read")
                };
                Msg::Notice(Notice { text, is_error: true })
            },
            Msg::Flow,
        );
        self.tell(msg);
    }

    pub(super) fn stop(&mut self) {
        self.following.stop();
        self.collecting.stop();
        self.engine.stop();
    }
}

/// A runbook as its file has it, harmless to a terminal.
fn read_book(system: String, path: &Path) -> Book {
    let text = std::fs::read_to_string(path);
    let text = text.map_err(|error| format!("cannot read {}: {error}", path.display()));
    Book { system, text: text.map(|text| scrub_text(&text).into_owned()) }
}

/// By OSC 52, which needs no display and goes through ssh; inside tmux wrapped so that tmux passes it on.
fn copy(text: &str) {
    let mut out = io::stdout();
    if std::env::var_os("TMUX").is_some() {
        use base64::Engine;
        let coded = base64::engine::general_purpose::STANDARD.encode(text);
        let _ = write!(out, "\x1bPtmux;\x1b\x1b]52;c;{coded}\x07\x1b\\");
        let _ = out.flush();
    }
    let _ = execute!(out, CopyToClipboard::to_clipboard_from(text));
}

/// Who writes the record: as configured, or the name of the account.
fn author(config: &Config) -> String {
    if !config.author.is_empty() {
        return config.author.clone();
    }
    ["USER", "LOGNAME", "USERNAME"]
        .iter()
        .find_map(|name| std::env::var(name).ok())
        .unwrap_or_else(|| "me".to_owned())
}
