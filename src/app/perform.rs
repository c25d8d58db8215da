//! What each effect does. Nothing here waits: every arm starts a task that ends in a message.

use super::clock::Clock;
use super::drill::{self, Folder, Order, Session};
use super::engine::{self, Engine};
use super::look::{self, Look};
use super::record::Recorder;
use super::{Opening, collect, scenario_after};
use crate::config::Config;
use crate::incident::Gate;
use crate::ingest::Settings;
use crate::sources::{bundled, files};
use crate::store::Store;
use crate::telemetry::Time;
use crate::ui::{Effect, Filter, Msg, Notice, Picture};
use chrono::Datelike;
use crossterm::clipboard::CopyToClipboard;
use crossterm::execute;
use std::io::{self, Write};
use std::iter;
use std::sync::Arc;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// Everything impure.
pub(super) struct Shell {
    config: Config,
    clock: Clock,
    engine: Engine,
    recorder: Arc<Recorder>,
    outbox: mpsc::Sender<Msg>,
    picture: Arc<Picture>,
    scenario: Option<String>,
    collectors: Vec<JoinHandle<()>>,
    look: Arc<Look>,
    drill: Option<Session>,
    hides_suspects: bool,
    /// How the drill went was told.
    is_debriefed: bool,
}

impl Shell {
    pub(super) fn new(config: Config, gate: Gate, store: Arc<Store>, outbox: mpsc::Sender<Msg>) -> Self {
        let owners = config.owners();
        let engine = Engine::start(config.flow_settings(), config.suspect_settings(), owners, outbox.clone());
        let recorder = Arc::new(Recorder::new(store, author(&config), gate, outbox.clone()));
        let listening = recorder.clone();
        tokio::spawn(async move { listening.listen().await });
        Self {
            config,
            clock: Clock::default(),
            engine,
            recorder,
            outbox,
            picture: Arc::default(),
            scenario: None,
            collectors: Vec::new(),
            look: Arc::default(),
            drill: None,
            hides_suspects: false,
            is_debriefed: false,
        }
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
            Opening::Incidents => self.open_record(),
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
                let title = match paths.as_slice() {
                    [one] => one.clone(),
                    all => format!("{} and {} more", all[0], all.len() - 1),
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
                        owners: None,
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
            self.collectors = collect::start(&self.config, &self.clock, &engine);
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
            owners: Some(config.owners()),
            is_demo: true,
            hides_suspects: false,
            clock: self.clock.clone(),
        });
    }

    /// Notes what the shell itself needs of a message before the ui takes it.
    /// Whether the session has another time now.
    pub(super) fn observe(&mut self, msg: &Msg) -> bool {
        self.observe_drill(msg);
        let Msg::Picture(picture) = msg else { return false };
        let is_other = picture.title != self.picture.title || self.picture.progress.is_some();
        self.picture = picture.clone();
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
            Effect::Find(text) => self.find(&text),
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
                self.collectors.drain(..).for_each(|task| task.abort());
                if let Some(engine) = self.engine.sender() {
                    self.collectors = collect::start(&self.config, &self.clock, &engine);
                }
            }
            Effect::NextScenario => self.open_scenario(scenario_after(self.scenario.as_deref())),
            Effect::StopReading => self.engine.cancel(),
            Effect::Drill(command) => {
                if let Some(session) = &self.drill {
                    session.tell(Order::Do(command));
                }
            }
            Effect::RestartDrill => {} // The loop does it.
            Effect::IgnoreSkew(ignore) => self.engine.tell(engine::Order::IgnoreSkew(ignore)),
        }
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
    fn find(&self, text: &str) {
        let (evidence, flows) = (&self.picture.evidence, &self.picture.flows);
        let is_edge = |c: char| !c.is_alphanumeric();
        let words = text.split(|c: char| c.is_whitespace() || "\"'=,;()[]{}<>|".contains(c));
        let words = words.map(|word| word.trim_matches(is_edge)).filter(|word| word.len() > 3).take(400);
        let found =
            iter::once(text.trim()).chain(words).find_map(|word| look::flow_named(evidence, flows, word));
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
        self.collectors.drain(..).for_each(|task| task.abort());
        self.engine.stop();
    }
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
