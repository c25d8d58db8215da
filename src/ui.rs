//! What the person sees and does. Pure: a message in, effects out as data, and a picture drawn.
//!
//! # Adding a view
//!
//! 1. A file below `ui/`, read from top to bottom: the state of the view (where its cursor is, what it keeps so as not to
//!    compute it twice), `act` (what it makes of an [`Action`], as an [`outcome::Outcome`]), `selected` (what the cursor is
//!    on, so that `y`, `m` and `g` work on it), `click`, `draw`, and the tests with a picture of the screen.
//! 2. A variant of [`View`], an action that shows it with a key in `keymap.toml`, and an arm in each `match self.view` here
//!    and in `ui/act.rs`. Its hints stand in `ui/hints.rs`, its help in `ui/help.rs`.
//!
//! A view reads [`Data`] and changes only itself. It draws what is known and builds lines only for what fits. What takes
//! longer than a frame is computed elsewhere: by the engine ([`Picture`]) or by a search ([`Found`]).

mod act;
mod action;

mod board;
mod bridge;
mod data;
mod dialog;
mod drill;
mod filter;
mod flow;
mod flows;
mod frame;
mod help;
mod hints;
mod home;
mod keymap;
mod leads;
mod logs;
mod metrics;
mod mitigate;
mod mouse;
mod observe;
mod outcome;
mod page;
mod palette;
mod picture;
mod prompt;
mod publish;
mod range;
mod rca;
mod runbook;
mod selected;
mod sources;
mod standing;
mod suspects;
#[cfg(test)]
pub mod testing;
#[cfg(test)]
mod tests;
mod theme;
mod traces;
mod widgets;

pub use action::Action;
pub use data::{Answering, Book, Data, Destination, Found, Notice, Preview, Selected, Step};
pub use filter::Filter;
pub use keymap::Keymap;
pub use observe::{ObserveEffect, Observer, Watched, truth};
pub use picture::{FileRow, Picture, Progress, Stage, Way, begin_of, step_of};
pub use theme::{Depth, Theme};

use crate::drill::{Command, Log};
use crate::evidence::Row;
use crate::flows::FlowId;
use crate::incident::{Audience, Gate, Incident, PinKind, Service, What};
use crate::telemetry::{Event, Identifier, Time, Window};
use crossterm::event::{Event as Input, KeyEventKind};
use ratatui::Frame;
use std::sync::Arc;

/// How many steps a course has.
pub const STEPS: usize = 240;

/// How many events are kept for the screen.
const CACHE: usize = 4_000;

/// Everything that can happen.
#[derive(Debug)]
pub enum Msg {
    Input(Input),
    Tick(Time),
    /// The engine knows more.
    Picture(Arc<Picture>),
    /// Events that were asked for.
    Read(Vec<(Row, Option<Event>)>),
    /// What a filter lets through.
    Found {
        request: u64,
        found: Found,
    },
    /// The incident as the journal has it now.
    Incident(Option<Box<Incident>>),
    Incidents(Vec<Incident>),
    /// The flow that an identifier belongs to.
    Flow(FlowId),
    /// The service catalogue of what is open now.
    Catalogue(Vec<Service>),
    /// Runbooks that were asked for.
    Books(Vec<Book>),
    /// What would be published.
    Preview(Box<Preview>),
    /// Who is still asked for more of the opened flow, and who could not answer.
    Answering(Answering),
    /// Something to tell in the status line.
    Notice(Notice),
    /// The drill as its log has it now.
    Drill(Box<Log>),
    /// A page of text that came of something: how a drill went.
    Page {
        title: String,
        text: String,
    },
}

/// Everything that the ui may ask of the outside world.
#[derive(Debug, PartialEq)]
pub enum Effect {
    Quit,
    Copy(String),
    /// Read these events in full.
    Read(Vec<Row>),
    /// Find what a filter lets through; the newest request wins.
    Search {
        request: u64,
        filter: Box<Filter>,
    },
    /// Append to the record: when it happened, and what.
    Record(Vec<(Time, What)>),
    /// Keep evidence with the record.
    Pin {
        kind: PinKind,
        says: String,
        rows: Vec<Row>,
        lines: Vec<String>,
        /// What shows it again.
        query: String,
    },
    /// Begin an incident, with the evidence that it is declared from.
    Declare {
        whats: Vec<(Time, What)>,
        pin: Option<Box<Effect>>,
    },
    /// Read the runbooks of the catalogue.
    ReadBooks,
    /// Say what publishing would send: the write-up, or an update for an audience. Sends nothing.
    Plan {
        target: String,
        update: Option<Audience>,
    },
    /// Send exactly the preview that has this name, and record it.
    Publish(String),
    /// Write a file to carry over by hand instead.
    ByHand {
        target: String,
        update: Option<Audience>,
    },
    /// Measure all mitigations in force and record what they did.
    Measure,
    /// Find the flow that has this identifier, or the first of the identifiers in a text.
    Find(String),
    /// Ask live sources for what else there is of a flow; the newest request wins.
    Follow {
        identifiers: Vec<Identifier>,
        window: Window,
    },
    /// Nobody looks at a flow any more.
    Unfollow,
    OpenIncident(String),
    Export,
    Refresh,
    /// Stop reading files, correlating or ranking; what is done stays.
    Stop,
    NextScenario,
    IgnoreSkew(bool),
    /// Ask something of the drill that is under way.
    Drill(Command),
    RestartDrill,
}

/// The nine views.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, strum::EnumIter, strum::Display)]
pub enum View {
    #[default]
    Bridge,
    Flows,
    Logs,
    Metrics,
    Traces,
    Suspects,
    Mitigate,
    #[strum(serialize = "RCA")]
    Rca,
    Sources,
}

/// Screens that lie over the view; the last has the keyboard.
#[derive(Debug)]
enum Over {
    Help(help::Help),
    Palette(palette::Palette),
    Prompt(prompt::Prompt),
    Dialog(dialog::Dialog),
    Flow(flow::FlowView),
    Page(page::Page),
    Board(standing::BoardView),
    Runbook(runbook::RunbookView),
    Publish(publish::PublishView),
}

/// The cockpit.
#[derive(Debug, Default)]
pub struct Ui {
    pub data: Data,
    view: View,
    over: Vec<Over>,
    keymap: Keymap,
    theme: Theme,
    /// The offset that `z` switches to.
    local_offset: i32,
    bridge: bridge::BridgeView,
    flows: flows::FlowsView,
    logs: logs::LogsView,
    metrics: metrics::MetricsView,
    traces: traces::TracesView,
    suspects: suspects::SuspectsView,
    mitigate: mitigate::MitigateView,
    rca: rca::RcaView,
    sources: sources::SourcesView,
    home: home::HomeView,
    /// The flow that lies over the view, as it was when sources were last asked for it.
    followed: Option<FlowId>,
    /// The number of the last search.
    request: u64,
    mouse: mouse::Mouse,
    drill: drill::DrillFace,
}

impl Ui {
    pub fn new(theme: Theme, keymap: Keymap, local_offset: i32, is_local: bool) -> Self {
        let mut ui = Self { theme, keymap, local_offset, ..Self::default() };
        ui.data.local = is_local.then_some(local_offset);
        ui
    }

    /// Judges write-ups by a team's rules, and knows its triage packs and where it publishes.
    #[must_use]
    pub fn of_team(mut self, gate: Gate, packs: Option<String>, targets: Vec<Destination>) -> Self {
        self.data.gate = gate;
        self.data.packs = packs;
        self.data.targets = targets;
        self
    }

    /// The number of the last search that was asked for.
    pub fn requested(&self) -> u64 {
        self.request
    }

    /// Takes one message, changes the state, and says what the shell should do about it.
    #[must_use]
    pub fn update(&mut self, msg: Msg) -> Vec<Effect> {
        let mut effects = Vec::new();
        match msg {
            Msg::Input(Input::Key(key)) if key.kind != KeyEventKind::Release => self.key(key, &mut effects),
            Msg::Input(Input::Mouse(mouse)) => self.mouse(mouse, &mut effects),
            Msg::Input(Input::Paste(text)) => self.paste(&text, &mut effects),
            Msg::Input(_) => {} // A resize is drawn like any other frame.
            Msg::Tick(now) => {
                self.data.now = now;
                self.drill.tick();
            }
            Msg::Picture(picture) => self.see(picture, &mut effects),
            Msg::Read(events) => {
                if self.data.events.len() > CACHE {
                    self.data.events.clear();
                }
                self.data.events.extend(events);
                for over in &mut self.over {
                    if let Over::Page(page) = over {
                        page.refresh(&self.data);
                    }
                }
            }
            Msg::Found { request, found } if request == self.request => {
                self.data.found = found;
                self.data.is_searching = false;
            }
            Msg::Found { .. } => {} // Late news of a search that was replaced.
            Msg::Incident(incident) => self.data.incident = incident.map(|incident| *incident),
            Msg::Incidents(incidents) => self.data.incidents = incidents,
            Msg::Flow(id) => self.open_flow(id),
            Msg::Catalogue(catalogue) => self.data.catalogue = catalogue,
            Msg::Books(books) => self.data.books = books,
            Msg::Preview(preview) => {
                if let Some(Over::Publish(publish)) = self.over.last_mut() {
                    publish.show(*preview);
                }
            }
            Msg::Answering(answering) => self.data.answering = answering,
            Msg::Notice(notice) => self.data.notice = Some(notice),
            Msg::Drill(log) => self.see_drill(log),
            Msg::Page { title, text } => {
                self.drill.clear();
                self.over.push(Over::Page(page::Page::text(&title, &text)));
            }
        }
        self.follow(&mut effects);
        self.want(&mut effects);
        effects
    }

    fn see(&mut self, picture: Arc<Picture>, effects: &mut Vec<Effect>) {
        let old = &self.data.picture;
        let is_other = picture.title != old.title;
        let is_more = picture.evidence.rows() != old.evidence.rows()
            || picture.flows.until != old.flows.until
            || picture.progress.is_some() != old.progress.is_some();
        if is_other {
            self.data.events.clear();
            self.data.range = None;
            self.over.retain(|over| !matches!(over, Over::Flow(_)));
        }
        self.data.picture = picture;
        for over in &mut self.over {
            if let Over::Flow(flow) = over {
                flow.refresh(&self.data);
            }
        }
        // While files are read, only who looks at events needs them in order; all are put in order at the end.
        let picture = &self.data.picture;
        let is_seen = picture.progress.is_none() || self.view == View::Logs || !self.data.filter.is_empty();
        if (is_other || is_more) && is_seen {
            self.search(effects);
        }
    }

    /// Asks for the events that the screen shows and that are not there yet.
    fn want(&mut self, effects: &mut Vec<Effect>) {
        let mut rows = match self.over.last() {
            Some(Over::Flow(flow)) => flow.wanted(),
            _ if self.view == View::Logs => self.logs.wanted(&self.data),
            _ if self.view == View::Traces => self.traces.wanted(),
            _ if self.view == View::Suspects => self.suspects.wanted(&self.data),
            _ => Vec::new(),
        };
        rows.retain(|row| !self.data.events.contains_key(row));
        rows.truncate(300);
        if !rows.is_empty() && !effects.iter().any(|effect| matches!(effect, Effect::Read(_))) {
            effects.push(Effect::Read(rows));
        }
    }

    /// Asks live sources for more of a flow when it is opened, and no longer when it is left.
    fn follow(&mut self, effects: &mut Vec<Effect>) {
        let open = self.over.iter().rev().find_map(|over| match over {
            Over::Flow(flow) => Some(flow.id()),
            _ => None,
        });
        let flows = &self.data.picture.flows;
        // Two flows that turn out to be one are the same question.
        let followed = self.followed.map(|id| flows.all.resolve(id));
        self.followed = open;
        if open == followed {
            return;
        }
        self.data.answering = Answering::default();
        match open.and_then(|id| selected::to_follow(id, &self.data)) {
            Some(effect) => effects.push(effect),
            None if followed.is_some() => effects.push(Effect::Unfollow),
            None => {}
        }
    }

    fn key(&mut self, key: crossterm::event::KeyEvent, effects: &mut Vec<Effect>) {
        self.data.notice = None;
        // Whoever takes text has the keyboard.
        let outcome = match self.over.last_mut() {
            Some(Over::Prompt(prompt)) => prompt.key(key, &self.data),
            Some(Over::Palette(palette)) => palette.key(key, &self.data),
            Some(Over::Dialog(dialog)) => dialog.key(key, &self.data),
            _ => {
                if let Some(action) = self.keymap.feed(key) {
                    self.act(action, effects);
                }
                return;
            }
        };
        self.conclude(outcome, effects);
    }

    fn paste(&mut self, text: &str, effects: &mut Vec<Effect>) {
        match self.over.last_mut() {
            Some(Over::Prompt(prompt)) => {
                let outcome = prompt.paste(text);
                self.conclude(outcome, effects);
            }
            Some(Over::Palette(palette)) => palette.paste(text),
            Some(Over::Dialog(dialog)) => dialog.paste(text, &self.data),
            // An identifier that somebody read out or sent: its flow is what is wanted.
            _ if !text.trim().is_empty() => effects.push(Effect::Find(text.trim().to_owned())),
            _ => {}
        }
    }

    fn is_home(&self) -> bool {
        self.view == View::Bridge && self.data.is_bare() && self.data.incident.is_none()
    }

    /// Draws the whole screen from what is known.
    pub fn draw(&mut self, frame: &mut Frame) {
        let area = frame.area();
        frame.buffer_mut().set_style(area, self.theme.text);
        if area.width < 30 || area.height < 8 {
            frame.render_widget("bridgewatch needs 30×8 cells at least", area);
            return;
        }
        let parts = frame::Parts::of(area);
        frame::head(&self.data, &self.theme, frame, parts.head);
        self.mouse.tabs = frame::tabs(self.view, &self.data, &self.theme, frame, parts.tabs);
        self.mouse.course = frame::course(&self.data, &self.theme, frame, parts.course);
        let is_home = self.is_home();
        let (data, theme, body) = (&self.data, &self.theme, parts.body);
        let covers = |over: &Over| !matches!(over, Over::Prompt(_) | Over::Dialog(_) | Over::Palette(_));
        let from = self.over.iter().rposition(covers);
        if from.is_none() {
            match self.view {
                _ if is_home => self.home.draw(data, theme, frame, body),
                View::Bridge => self.bridge.draw(data, theme, frame, body),
                View::Flows => self.flows.draw(data, theme, frame, body),
                View::Logs => self.logs.draw(data, theme, frame, body),
                View::Metrics => self.metrics.draw(data, theme, frame, body),
                View::Traces => self.traces.draw(data, theme, frame, body),
                View::Suspects => self.suspects.draw(data, theme, frame, body),
                View::Mitigate => self.mitigate.draw(data, theme, frame, body),
                View::Rca => self.rca.draw(data, theme, frame, body),
                View::Sources => self.sources.draw(data, theme, frame, body),
            }
        }
        for over in &mut self.over[from.unwrap_or(0)..] {
            match over {
                Over::Flow(flow) => flow.draw(data, theme, frame, body),
                Over::Help(help) => help.draw(theme, frame, body),
                Over::Page(page) => page.draw(theme, frame, body),
                Over::Board(board) => board.draw(data, theme, frame, body),
                Over::Runbook(runbook) => runbook.draw(data, theme, frame, body),
                Over::Publish(publish) => publish.draw(data, theme, frame, body),
                Over::Palette(palette) => palette.draw(data, theme, frame, body),
                Over::Dialog(dialog) => dialog.draw(data, theme, frame, body),
                Over::Prompt(_) => {}
            }
        }
        self.drill.draw(theme, frame, body);
        match self.over.last_mut() {
            Some(Over::Prompt(prompt)) => prompt.draw(data, theme, frame, parts.status),
            over => {
                let hints = hints::of(self.view, over.as_deref(), data, is_home);
                frame::status(&hints, &self.keymap, data, theme, frame, parts.status);
            }
        }
    }
}
