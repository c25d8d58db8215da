//! What the person sees and does. Pure: a message in, effects out as data, and a picture drawn.
//!
//! Adding a view: a file below here with state, `act`, `draw` and tests; a variant of [`View`]; an action to show it.

mod action;
mod bridge;
mod dialog;
mod filter;
mod flow;
mod flows;
mod frame;
mod help;
mod home;
mod keymap;
mod logs;
mod metrics;
mod mitigate;
mod palette;
mod picture;
mod prompt;
mod rca;
mod sources;
mod suspects;
#[cfg(test)]
pub mod testing;
mod theme;
mod traces;
mod widgets;

pub use action::Action;
pub use filter::Filter;
pub use keymap::Keymap;
pub use picture::{FileRow, Picture, STEPS, Step};
pub use theme::Theme;

use crate::evidence::Row;
use crate::flows::FlowId;
use crate::incident::{Incident, Phase, PinKind, What};
use crate::telemetry::{Event, Time};
use crossterm::event::{Event as Input, KeyEventKind, MouseButton, MouseEventKind};
use ratatui::Frame;
use std::collections::HashMap;
use std::sync::Arc;

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
    /// Something to tell in the status line.
    Notice(Notice),
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
    },
    /// Measure all mitigations in force and record what they did.
    Measure,
    /// Find the flow that has this identifier.
    Find(String),
    OpenIncident(String),
    Export,
    Refresh,
    /// Stop reading files; what was read stays.
    StopReading,
    NextScenario,
    IgnoreSkew(bool),
}

/// What a filter lets through, oldest first, and how it lies in time.
#[derive(Clone, Debug, Default)]
pub struct Found {
    pub rows: Arc<Vec<Row>>,
    /// Events by step of the window: (all, errors).
    pub course: Arc<Vec<(u32, u32)>>,
    /// What could not be searched, in words.
    pub note: Option<String>,
}

/// A line for the person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    pub text: String,
    pub is_error: bool,
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

/// What the cursor is on, for the actions that work everywhere.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Selected {
    #[default]
    Nothing,
    Flow(FlowId),
    Event(Row),
    /// A suspect by its place in the ranking.
    Suspect(usize),
    /// A series by its place in the evidence.
    Series(usize),
    /// A mitigation by its entry.
    Mitigation(u64),
    Text(String),
}

/// What has been learned so far; views read it, only [`Ui::update`] writes it.
#[derive(Debug, Default)]
pub struct Data {
    pub picture: Arc<Picture>,
    pub incident: Option<Incident>,
    pub incidents: Vec<Incident>,
    pub now: Time,
    /// Seconds ahead of UTC to show times in; `None` for UTC.
    pub local: Option<i32>,
    pub filter: Filter,
    pub found: Found,
    pub only_failing: bool,
    pub ignore_skew: bool,
    pub notice: Option<Notice>,
    /// Events that were read for the screen, by row.
    pub events: HashMap<Row, Option<Event>>,
    /// The system that was chosen: the other views show what belongs to it.
    pub system: Option<String>,
}

/// Screens that lie over the view; the last has the keyboard.
#[derive(Debug)]
enum Over {
    Help(help::Help),
    Palette(palette::Palette),
    Prompt(prompt::Prompt),
    Dialog(dialog::Dialog),
    Flow(flow::FlowView),
    Text(help::Page),
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
    request: u64,
    tabs: Vec<(View, u16, u16)>,
}

/// How many events are kept for the screen.
const CACHE: usize = 4_000;

impl Ui {
    pub fn new(theme: Theme, keymap: Keymap, local_offset: i32, is_local: bool) -> Self {
        let mut ui = Self { theme, keymap, local_offset, ..Self::default() };
        ui.data.local = is_local.then_some(local_offset);
        ui
    }

    /// Takes one message, changes the state, and says what the shell should do about it.
    #[must_use]
    pub fn update(&mut self, msg: Msg) -> Vec<Effect> {
        let mut effects = Vec::new();
        match msg {
            Msg::Input(Input::Key(key)) if key.kind != KeyEventKind::Release => self.key(key, &mut effects),
            Msg::Input(Input::Mouse(mouse)) => self.mouse(mouse.kind, mouse.column, mouse.row, &mut effects),
            Msg::Input(Input::Paste(text)) => {
                if let Some(Over::Prompt(prompt)) = self.over.last_mut() {
                    prompt.paste(&text);
                }
            }
            Msg::Input(_) => {} // A resize is drawn like any other frame.
            Msg::Tick(now) => self.data.now = now,
            Msg::Picture(picture) => {
                let is_other = picture.evidence.rows() != self.data.picture.evidence.rows()
                    || picture.title != self.data.picture.title;
                if picture.title != self.data.picture.title {
                    self.data.events.clear();
                    self.over.retain(|over| !matches!(over, Over::Flow(_)));
                }
                self.data.picture = picture;
                if is_other {
                    self.search(&mut effects);
                }
            }
            Msg::Read(events) => {
                if self.data.events.len() > CACHE {
                    self.data.events.clear();
                }
                self.data.events.extend(events);
            }
            Msg::Found { request, found } if request == self.request => self.data.found = found,
            Msg::Found { .. } => {} // Late news of a search that was replaced.
            Msg::Incident(incident) => self.data.incident = incident.map(|incident| *incident),
            Msg::Incidents(incidents) => self.data.incidents = incidents,
            Msg::Flow(id) => self.open_flow(id),
            Msg::Notice(notice) => self.data.notice = Some(notice),
        }
        self.want(&mut effects);
        effects
    }

    /// Asks for the events that the screen shows and that are not there yet.
    fn want(&mut self, effects: &mut Vec<Effect>) {
        let mut rows = match self.over.last() {
            Some(Over::Flow(flow)) => flow.wanted(),
            _ => match self.view {
                View::Logs => self.logs.wanted(&self.data),
                View::Traces => self.traces.wanted(&self.data),
                _ => Vec::new(),
            },
        };
        rows.retain(|row| !self.data.events.contains_key(row));
        rows.truncate(300);
        if !rows.is_empty() && !effects.iter().any(|effect| matches!(effect, Effect::Read(_))) {
            effects.push(Effect::Read(rows));
        }
    }

    fn key(&mut self, key: crossterm::event::KeyEvent, effects: &mut Vec<Effect>) {
        self.data.notice = None;
        // Whoever takes text has the keyboard.
        let outcome = match self.over.last_mut() {
            Some(Over::Prompt(prompt)) => Some(prompt.key(key, &self.data)),
            Some(Over::Palette(palette)) => Some(palette.key(key, &self.data)),
            Some(Over::Dialog(dialog)) => Some(dialog.key(key, &self.data)),
            _ => None,
        };
        match outcome {
            Some(outcome) => self.conclude(outcome, effects),
            None => {
                if let Some(action) = self.keymap.feed(key) {
                    self.act(action, effects);
                }
            }
        }
    }

    /// What a screen that takes text came to.
    fn conclude(&mut self, outcome: prompt::Outcome, effects: &mut Vec<Effect>) {
        use prompt::Outcome;
        match outcome {
            Outcome::Stay => {}
            Outcome::Cancel => {
                self.over.pop();
            }
            Outcome::Preview(text) => self.set_filter(&text, effects),
            Outcome::Filter(text) => {
                self.over.pop();
                self.set_filter(&text, effects);
            }
            Outcome::Act(action) => {
                self.over.pop();
                self.act(action, effects);
            }
            Outcome::Find(identifier) => {
                self.over.pop();
                effects.push(Effect::Find(identifier));
            }
            Outcome::System(system) => {
                self.over.pop();
                self.set_filter(&format!("system:{system}"), effects);
                self.view = View::Logs;
            }
            Outcome::Incident(name) => {
                self.over.pop();
                effects.push(Effect::OpenIncident(name));
            }
            Outcome::Record(whats) => {
                self.over.pop();
                effects.extend(dialog::update_text(&whats).map(Effect::Copy));
                effects.push(Effect::Record(whats));
            }
            Outcome::Complain(text) => self.complain(&text),
        }
    }

    fn act(&mut self, action: Action, effects: &mut Vec<Effect>) {
        if let Some(over) = self.over.last_mut() {
            let is_taken = match over {
                Over::Flow(flow) => flow.act(action, &self.data),
                Over::Help(help) => help.act(action),
                Over::Text(page) => page.act(action),
                _ => false,
            };
            if is_taken {
                return;
            }
            if action == Action::Back {
                self.over.pop();
                return;
            }
        } else if self.view_act(action) {
            return;
        }
        match action {
            Action::Quit => effects.push(Effect::Quit),
            Action::ViewBridge => self.show(View::Bridge),
            Action::ViewFlows => self.show(View::Flows),
            Action::ViewLogs => self.show(View::Logs),
            Action::ViewMetrics => self.show(View::Metrics),
            Action::ViewTraces => self.show(View::Traces),
            Action::ViewSuspects => self.show(View::Suspects),
            Action::ViewMitigate => self.show(View::Mitigate),
            Action::ViewRca => self.show(View::Rca),
            Action::ViewSources => self.show(View::Sources),
            Action::NextView | Action::PreviousView => self.turn(action == Action::NextView),
            Action::Open => self.open(effects),
            Action::GoToFlow => self.go_to_flow(),
            Action::Back if self.data.picture.progress.is_some() => effects.push(Effect::StopReading),
            Action::Back => {
                if !self.data.filter.is_empty() {
                    self.set_filter("", effects);
                }
            }
            Action::Filter => self.prompt(prompt::Prompt::filter(&self.data.filter.text)),
            Action::ClearFilter => self.set_filter("", effects),
            Action::Command => self.prompt(prompt::Prompt::command()),
            Action::Palette => self.over.push(Over::Palette(palette::Palette::default())),
            Action::Help => self.over.push(Over::Help(help::Help::new(self.view, &self.keymap))),
            Action::OnlyFailing => self.data.only_failing = !self.data.only_failing,
            Action::ToggleSkew => {
                self.data.ignore_skew = !self.data.ignore_skew;
                effects.push(Effect::IgnoreSkew(self.data.ignore_skew));
            }
            Action::ToggleZone => {
                self.data.local = if self.data.local.is_some() { None } else { Some(self.local_offset) };
            }
            Action::Refresh => effects.push(Effect::Refresh),
            Action::NextScenario => effects.push(Effect::NextScenario),
            Action::Export if self.data.incident.is_none() => {
                self.complain("there is no incident to write up; declare one first (D)")
            }
            Action::Export => effects.push(Effect::Export),
            Action::Copy | Action::CopyQuery => self.copy(action == Action::CopyQuery, effects),
            Action::CatchUp => self.catch_up(),
            Action::Declare => {
                let title = self.data.picture.findings.failing.clone().unwrap_or_default();
                self.over.push(Over::Dialog(dialog::Dialog::declare(&title)));
            }
            _ if self.data.incident.is_none() => {
                self.complain("there is no incident yet; declare one first (D)");
            }
            _ => self.on_record(action, effects),
        }
    }

    /// Actions that need an incident.
    fn on_record(&mut self, action: Action, effects: &mut Vec<Effect>) {
        let now = self.data.now;
        let Some(incident) = &self.data.incident else { return };
        match action {
            Action::Acknowledge if incident.acknowledged.is_none() => {
                effects.push(Effect::Record(vec![(now, What::Acknowledged)]))
            }
            Action::Acknowledge => self.complain("it is acknowledged already"),
            Action::Note => self.prompt(prompt::Prompt::note()),
            Action::Decision => self.prompt(prompt::Prompt::decision()),
            Action::Ask => self.prompt(prompt::Prompt::ask()),
            Action::Answer => {
                let prompt = incident.open_asks().next().map(prompt::Prompt::answer);
                match prompt {
                    Some(prompt) => self.prompt(prompt),
                    None => self.complain("no ask is open"),
                }
            }
            Action::Hypothesis => self.prompt(prompt::Prompt::hypothesis()),
            Action::Role => self.prompt(prompt::Prompt::role()),
            Action::Pin => self.pin(effects),
            Action::Mitigate => {
                let target = self.data.picture.findings.suspect.clone().unwrap_or_default();
                self.over.push(Over::Dialog(dialog::Dialog::mitigate(&target, &self.data.picture.findings)));
            }
            Action::Measure if incident.mitigations.is_empty() => {
                self.complain("no mitigation is logged yet (M)")
            }
            Action::Measure => effects.push(Effect::Measure),
            Action::EndMitigation => {
                let chosen = match self.selected() {
                    Selected::Mitigation(entry) => incident.in_force().find(|one| one.entry == entry),
                    _ => incident.in_force().last(),
                };
                match chosen {
                    Some(one) => self.over.push(Over::Prompt(prompt::Prompt::end_mitigation(one))),
                    None => self.complain("no mitigation is in force"),
                }
            }
            Action::Update => self.over.push(Over::Dialog(dialog::Dialog::update(incident, &self.data))),
            Action::NextPhase => match next_phase(incident.phase) {
                Some(phase) => effects.push(Effect::Record(vec![(now, What::PhaseChanged { phase })])),
                None => self.complain("it is reviewed: there is no further phase"),
            },
            Action::Undo => match incident.last_undoable() {
                Some(line) => effects.push(Effect::Record(vec![(now, What::Undone { entry: line.entry })])),
                None => self.complain("there is nothing to take back"),
            },
            _ => {}
        }
    }

    /// What the view itself does with an action; whether it took it.
    fn view_act(&mut self, action: Action) -> bool {
        let data = &self.data;
        match self.view {
            _ if self.is_home() => self.home.act(action, data),
            View::Bridge => self.bridge.act(action, data),
            View::Flows => self.flows.act(action, data),
            View::Logs => self.logs.act(action, data),
            View::Metrics => self.metrics.act(action, data),
            View::Traces => self.traces.act(action, data),
            View::Suspects => self.suspects.act(action, data),
            View::Mitigate => self.mitigate.act(action, data),
            View::Rca => self.rca.act(action, data),
            View::Sources => self.sources.act(action, data),
        }
    }

    /// What the cursor is on.
    fn selected(&self) -> Selected {
        if let Some(Over::Flow(flow)) = self.over.last() {
            return flow.selected();
        }
        match self.view {
            View::Bridge => self.bridge.selected(&self.data),
            View::Flows => self.flows.selected(&self.data),
            View::Logs => self.logs.selected(&self.data),
            View::Metrics => self.metrics.selected(&self.data),
            View::Traces => self.traces.selected(&self.data),
            View::Suspects => self.suspects.selected(&self.data),
            View::Mitigate => self.mitigate.selected(&self.data),
            View::Rca => self.rca.selected(&self.data),
            View::Sources => self.sources.selected(&self.data),
        }
    }

    fn is_home(&self) -> bool {
        self.view == View::Bridge
            && self.data.picture.evidence.is_empty()
            && self.data.picture.progress.is_none()
            && self.data.picture.files.is_empty()
            && self.data.incident.is_none()
    }

    fn show(&mut self, view: View) {
        self.over.clear();
        self.view = view;
    }

    fn turn(&mut self, forward: bool) {
        use strum::IntoEnumIterator;
        let views: Vec<View> = View::iter().collect();
        let place = views.iter().position(|view| *view == self.view).unwrap_or(0);
        let step = if forward { 1 } else { views.len() - 1 };
        self.show(views[(place + step) % views.len()]);
    }

    fn open(&mut self, effects: &mut Vec<Effect>) {
        if self.is_home() {
            match self.home.chosen(&self.data) {
                home::Chosen::Demo => effects.push(Effect::NextScenario),
                home::Chosen::Incident(name) => effects.push(Effect::OpenIncident(name)),
            }
            return;
        }
        match self.selected() {
            Selected::Flow(id) => self.open_flow(id),
            Selected::Event(row) => self.over.push(Over::Text(help::Page::event(row, &self.data))),
            Selected::Suspect(place) => {
                let system = self
                    .data
                    .picture
                    .suspects
                    .ranking
                    .get(place)
                    .map(|one| self.data.picture.evidence.system_name(one.system).to_owned());
                if let Some(system) = system {
                    self.set_filter(&format!("system:{system}"), effects);
                    self.view = View::Logs;
                }
            }
            Selected::Text(text) => self.over.push(Over::Text(help::Page::text("Selected", &text))),
            Selected::Series(_) | Selected::Mitigation(_) | Selected::Nothing => {}
        }
    }

    fn open_flow(&mut self, id: FlowId) {
        match flow::FlowView::new(id, &self.data) {
            Some(flow) => self.over.push(Over::Flow(flow)),
            None => self.complain("that flow is no longer there"),
        }
    }

    fn go_to_flow(&mut self) {
        let flow = match self.selected() {
            Selected::Flow(id) => Some(id),
            Selected::Event(row) => {
                let evidence = &self.data.picture.evidence;
                let mut identifiers = evidence.identifier(row).into_iter().chain(evidence.further_of(row));
                identifiers.find_map(|id| self.data.picture.flows.with(id))
            }
            _ => None,
        };
        match flow {
            Some(id) => self.open_flow(id),
            None => self.complain("what is selected belongs to no flow"),
        }
    }

    fn set_filter(&mut self, text: &str, effects: &mut Vec<Effect>) {
        self.data.filter = Filter::parse(text);
        self.search(effects);
    }

    fn search(&mut self, effects: &mut Vec<Effect>) {
        self.request += 1;
        effects.push(Effect::Search { request: self.request, filter: Box::new(self.data.filter.clone()) });
    }

    fn prompt(&mut self, prompt: prompt::Prompt) {
        self.over.push(Over::Prompt(prompt));
    }

    fn complain(&mut self, text: &str) {
        self.data.notice = Some(Notice { text: text.to_owned(), is_error: true });
    }

    fn catch_up(&mut self) {
        let lines = match &self.data.incident {
            Some(incident) => crate::incident::catch_up(incident, &self.data.picture.findings, self.data.now),
            None => vec!["No incident is declared.".to_owned(), self.data.picture.findings.reason.clone()],
        };
        self.over.push(Over::Text(help::Page::text("Catch me up", &lines.join("\n"))));
    }

    fn copy(&mut self, as_query: bool, effects: &mut Vec<Effect>) {
        let data = &self.data;
        let evidence = &data.picture.evidence;
        let name_of = |id: FlowId| {
            data.picture.flows.get(id).map(|flow| evidence.identifiers.identifier(flow.name).value)
        };
        let text = match self.selected() {
            _ if matches!(self.over.last(), Some(Over::Text(_))) => match self.over.last() {
                Some(Over::Text(page)) => Some(page.content()),
                _ => None,
            },
            Selected::Flow(id) if as_query => {
                name_of(id).map(|name| format!("bridgewatch flow {name} PATH…"))
            }
            Selected::Flow(id) => name_of(id),
            Selected::Event(row) => {
                data.events.get(&row).and_then(Option::as_ref).map(|event| match (&event.source, as_query) {
                    (crate::telemetry::SourceRef::File { path, offset }, true) => {
                        format!("tail -c +{} '{path}' | head -n 1", offset + 1)
                    }
                    (crate::telemetry::SourceRef::Backend { url, .. }, true) => url.clone(),
                    (_, false) => format!("{} {} {}", event.time, event.system, event.body),
                })
            }
            Selected::Suspect(place) => data.picture.suspects.ranking.get(place).map(|one| {
                let reasons: Vec<&str> = one.evidence.iter().map(|reason| reason.sentence.as_str()).collect();
                format!("{} {:.2}\n{}", evidence.system_name(one.system), one.score, reasons.join("\n"))
            }),
            Selected::Series(place) => {
                evidence.series.get(place).map(|series| format!("{} {}", series.system, series.metric))
            }
            Selected::Text(text) => Some(text),
            Selected::Mitigation(_) | Selected::Nothing => None,
        };
        match text {
            Some(text) => {
                let shown: String = text.chars().take(40).collect();
                self.data.notice =
                    Some(Notice { text: format!("copied: {}", shown.replace('\n', " ")), is_error: false });
                effects.push(Effect::Copy(text));
            }
            None => self.complain("there is nothing to copy here"),
        }
    }

    fn pin(&mut self, effects: &mut Vec<Effect>) {
        let data = &self.data;
        let evidence = &data.picture.evidence;
        let pin = match self.selected() {
            Selected::Flow(id) => data.picture.flows.get(id).map(|flow| {
                let name = evidence.identifiers.identifier(flow.name).value;
                let verdict: &str = flow.verdict.into();
                let rows = data
                    .picture
                    .flows
                    .timeline(evidence, id)
                    .map(|timeline| timeline.steps.iter().map(|step| step.row).collect());
                Effect::Pin {
                    kind: PinKind::Flow,
                    says: format!("flow {name}: {verdict}"),
                    rows: rows.unwrap_or_default(),
                    lines: Vec::new(),
                }
            }),
            Selected::Event(row) => {
                let says = data.events.get(&row).and_then(Option::as_ref).map_or_else(
                    || format!("event of {}", evidence.system_name(evidence.system(row))),
                    |event| format!("{}: {}", event.system, event.body.lines().next().unwrap_or_default()),
                );
                Some(Effect::Pin { kind: PinKind::Events, says, rows: vec![row], lines: Vec::new() })
            }
            Selected::Suspect(place) => data.picture.suspects.ranking.get(place).map(|one| Effect::Pin {
                kind: PinKind::Suspect,
                says: format!("suspect {} with {:.2}", evidence.system_name(one.system), one.score),
                rows: Vec::new(),
                lines: one.evidence.iter().map(|reason| reason.sentence.clone()).collect(),
            }),
            Selected::Series(place) => evidence.series.get(place).map(|series| Effect::Pin {
                kind: PinKind::Series,
                says: format!("{} {}", series.system, series.metric),
                rows: Vec::new(),
                lines: series
                    .samples
                    .iter()
                    .map(|sample| format!("{} {}", sample.time, sample.value))
                    .collect(),
            }),
            Selected::Text(text) => Some(Effect::Pin {
                kind: PinKind::Events,
                says: text.clone(),
                rows: Vec::new(),
                lines: vec![text],
            }),
            Selected::Mitigation(_) | Selected::Nothing => None,
        };
        match pin {
            Some(pin) => effects.push(pin),
            None => self.complain("there is nothing to pin here"),
        }
    }

    fn mouse(&mut self, kind: MouseEventKind, column: u16, row: u16, effects: &mut Vec<Effect>) {
        match kind {
            MouseEventKind::ScrollDown => self.act(Action::NextItem, effects),
            MouseEventKind::ScrollUp => self.act(Action::PreviousItem, effects),
            MouseEventKind::Down(MouseButton::Left) if row == 1 => {
                let tab = self
                    .tabs
                    .iter()
                    .find(|(_, from, to)| (*from..*to).contains(&column))
                    .map(|(view, ..)| *view);
                if let Some(view) = tab {
                    self.show(view);
                }
            }
            MouseEventKind::Down(MouseButton::Left) if self.over.is_empty() => {
                let is_twice = match self.view {
                    View::Flows => self.flows.click(row, &self.data),
                    View::Logs => self.logs.click(row, &self.data),
                    View::Suspects => self.suspects.click(row, &self.data),
                    View::Metrics => self.metrics.click(row, &self.data),
                    _ => false,
                };
                if is_twice {
                    self.open(effects);
                }
            }
            _ => {}
        }
    }

    /// Draws the whole screen from what is known.
    pub fn draw(&mut self, frame: &mut Frame) {
        let theme = self.theme.clone();
        let area = frame.area();
        frame.buffer_mut().set_style(area, theme.text);
        let parts = frame::Parts::of(area);
        frame::head(&self.data, &theme, frame, parts.head);
        self.tabs = frame::tabs(self.view, &self.data, &theme, frame, parts.tabs);
        frame::course(&self.data, &theme, frame, parts.course);
        let body = parts.body;
        let flow_is_open = matches!(self.over.last(), Some(Over::Flow(_)));
        if !flow_is_open {
            match self.view {
                _ if self.is_home() => self.home.draw(&self.data, &theme, frame, body),
                View::Bridge => self.bridge.draw(&self.data, &theme, frame, body),
                View::Flows => self.flows.draw(&self.data, &theme, frame, body),
                View::Logs => self.logs.draw(&self.data, &theme, frame, body),
                View::Metrics => self.metrics.draw(&self.data, &theme, frame, body),
                View::Traces => self.traces.draw(&self.data, &theme, frame, body),
                View::Suspects => self.suspects.draw(&self.data, &theme, frame, body),
                View::Mitigate => self.mitigate.draw(&self.data, &theme, frame, body),
                View::Rca => self.rca.draw(&self.data, &theme, frame, body),
                View::Sources => self.sources.draw(&self.data, &theme, frame, body),
            }
        }
        for over in &mut self.over {
            match over {
                Over::Flow(flow) => flow.draw(&self.data, &theme, frame, body),
                Over::Help(help) => help.draw(&theme, frame, body),
                Over::Text(page) => page.draw(&theme, frame, body),
                Over::Palette(palette) => palette.draw(&self.data, &theme, frame, body),
                Over::Dialog(dialog) => dialog.draw(&self.data, &theme, frame, body),
                Over::Prompt(_) => {}
            }
        }
        match self.over.last_mut() {
            Some(Over::Prompt(prompt)) => prompt.draw(&self.data, &theme, frame, parts.status),
            _ => frame::status(self.view, &self.keymap, &self.data, &theme, frame, parts.status),
        }
    }
}

fn next_phase(phase: Phase) -> Option<Phase> {
    use strum::IntoEnumIterator;
    Phase::iter().find(|next| *next > phase)
}

#[cfg(test)]
mod tests;
