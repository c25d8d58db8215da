//! What each action does. A view gets it first; what it does not take is decided here.

use super::outcome::Outcome;
use super::{Action, Effect, Filter, Notice, Over, Selected, Ui, View};
use super::{dialog, flow, help, home, page, palette, prompt, publish, range, runbook, selected, standing};
use crate::flows::FlowId;
use crate::incident::{Pack, Phase, Tone, What, catch_up, drafted, packs, review, similar, triage_page};
use strum::IntoEnumIterator;

impl Ui {
    pub(super) fn act(&mut self, action: Action, effects: &mut Vec<Effect>) {
        if self.act_on_drill(action, effects) {
            return;
        }
        let is_home = self.is_home();
        let data = &self.data;
        let outcome = match self.over.last_mut() {
            Some(Over::Flow(flow)) => flow.act(action),
            Some(Over::Help(help)) => help.act(action),
            Some(Over::Page(page)) => page.act(action),
            Some(Over::Board(board)) => board.act(action, data),
            Some(Over::Runbook(runbook)) => runbook.act(action, data),
            Some(Over::Publish(publish)) => publish.act(action, data),
            Some(Over::Palette(_) | Over::Prompt(_) | Over::Dialog(_)) => Outcome::NotMine,
            None if is_home => self.home.act(action, data),
            None => match self.view {
                View::Bridge => self.bridge.act(action, data),
                View::Flows => self.flows.act(action, data),
                View::Logs => self.logs.act(action, data),
                View::Metrics => self.metrics.act(action, data),
                View::Traces => self.traces.act(action, data),
                View::Suspects => self.suspects.act(action, data),
                View::Mitigate => self.mitigate.act(action, data),
                View::Rca => self.rca.act(action, data),
                View::Sources => self.sources.act(action, data),
            },
        };
        match outcome {
            Outcome::NotMine => self.act_anywhere(action, effects),
            outcome => self.conclude(outcome, effects),
        }
    }

    /// Carries out what a screen came to.
    pub(super) fn conclude(&mut self, outcome: Outcome, effects: &mut Vec<Effect>) {
        // Screens that take text are done once they say something other than this.
        let stays = matches!(
            outcome,
            Outcome::NotMine | Outcome::Stay | Outcome::Preview(_) | Outcome::Complain(_) | Outcome::Close
        );
        if !stays && matches!(self.over.last(), Some(Over::Prompt(_) | Over::Palette(_) | Over::Dialog(_))) {
            self.over.pop();
        }
        match outcome {
            Outcome::NotMine | Outcome::Stay => {}
            Outcome::Close => {
                self.over.pop();
            }
            Outcome::Preview(text) | Outcome::Filter(text) => self.set_filter(&text, effects),
            Outcome::Follow(text, view) => {
                self.set_filter(&text, effects);
                self.show(view);
            }
            Outcome::Range(window) => {
                self.data.range = window;
                self.search(effects);
            }
            Outcome::Act(action) => self.act(action, effects),
            Outcome::Open(id) => self.open_flow(id),
            Outcome::Event(row) => self.open_event(row, effects),
            Outcome::Series(place) => {
                self.metrics.go_to(place, &self.data);
                self.show(View::Metrics);
            }
            Outcome::Find(identifier) => effects.push(Effect::Find(identifier)),
            Outcome::Incident(name) => effects.push(Effect::OpenIncident(name)),
            Outcome::Record(whats) => {
                effects.extend(dialog::update_text(&whats).map(Effect::Copy));
                effects.push(Effect::Record(whats));
            }
            Outcome::Do(effect) => effects.push(effect),
            Outcome::Type(prompt) => self.over.push(Over::Prompt(*prompt)),
            Outcome::Each(outcomes) => outcomes.into_iter().for_each(|one| self.conclude(one, effects)),
            Outcome::Page(title, text) => self.over.push(Over::Page(page::Page::text(&title, &text))),
            Outcome::Complain(text) => self.complain(&text),
        }
    }

    fn act_anywhere(&mut self, action: Action, effects: &mut Vec<Effect>) {
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
            Action::GoToFlow => self.go_to_flow(effects),
            Action::GoToLogs => self.go_to_logs(effects),
            Action::Back => self.back(effects),
            Action::Filter => self.prompt(prompt::Prompt::filter(&self.data.filter.text)),
            Action::ClearFilter => self.set_filter("", effects),
            Action::FilterIn | Action::FilterOut => {
                match selected::filter(&self.selected(), &self.data, action == Action::FilterOut) {
                    Some(text) => self.set_filter(&text, effects),
                    None => self.complain("there is nothing here to filter by"),
                }
            }
            Action::Command => self.prompt(prompt::Prompt::command()),
            Action::Palette => self.over.push(Over::Palette(palette::Palette::default())),
            Action::Help => {
                let is_flow = matches!(self.over.last(), Some(Over::Flow(_)));
                self.over.push(Over::Help(help::Help::new(self.view, is_flow, &self.keymap)));
            }
            Action::OnlyFailing => self.data.only_failing = !self.data.only_failing,
            Action::ZoomIn
            | Action::ZoomOut
            | Action::Earlier
            | Action::Later
            | Action::AroundOnset
            | Action::AllTime => match range::moved(action, &self.data) {
                Ok(range) => self.conclude(Outcome::Range(range), effects),
                Err(why) => self.complain(why),
            },
            Action::ToggleSkew => {
                self.data.ignore_skew = !self.data.ignore_skew;
                effects.push(Effect::IgnoreSkew(self.data.ignore_skew));
                let text = if self.data.ignore_skew { "raw times" } else { "clocks set right" };
                self.tell(text);
            }
            Action::ToggleZone => {
                self.data.local = if self.data.local.is_some() { None } else { Some(self.local_offset) };
            }
            Action::Refresh => {
                effects.push(Effect::Refresh);
                self.tell("asking all sources again");
            }
            Action::NextScenario => effects.push(Effect::NextScenario),
            Action::Export if self.data.incident.is_none() => {
                self.complain("there is no incident to write up; declare one first (D)");
            }
            Action::Export => effects.push(Effect::Export),
            Action::Copy | Action::CopyQuery => self.copy(action == Action::CopyQuery, effects),
            Action::CatchUp => self.catch_up(),
            Action::Triage => self.triage(),
            Action::Declare => {
                let from = selected::opening(&self.selected(), &self.data);
                self.over.push(Over::Dialog(dialog::Dialog::declare(from)));
            }
            Action::Board => self.over.push(Over::Board(standing::BoardView::default())),
            Action::Review => self.review(),
            Action::Runbook => {
                effects.push(Effect::ReadBooks);
                self.over.push(Over::Runbook(runbook::RunbookView::default()));
            }
            Action::Publish => self.over.push(Over::Publish(publish::PublishView::default())),
            Action::NextItem
            | Action::PreviousItem
            | Action::PageDown
            | Action::PageUp
            | Action::FirstItem
            | Action::LastItem
            | Action::NextPanel
            | Action::PreviousPanel
            | Action::Sort => {} // Means nothing here.
            _ if self.data.incident.is_none() => {
                self.complain("there is no incident yet; declare one first (D)");
            }
            _ => self.act_on_record(action, effects),
        }
    }

    /// Actions that need an incident.
    fn act_on_record(&mut self, action: Action, effects: &mut Vec<Effect>) {
        let now = self.data.now;
        let Some(incident) = &self.data.incident else { return };
        match action {
            Action::Acknowledge if incident.acknowledged.is_none() => {
                effects.push(Effect::Record(vec![(now, What::Acknowledged)]));
            }
            Action::Acknowledge => self.complain("it is acknowledged already"),
            Action::Note => self.prompt(prompt::Prompt::note()),
            Action::Decision => self.prompt(prompt::Prompt::decision()),
            Action::Ask => self.prompt(prompt::Prompt::ask()),
            Action::Answer => {
                let oldest = incident.open_asks().next().map(prompt::Prompt::answer);
                match oldest {
                    Some(prompt) => self.prompt(prompt),
                    None => self.complain("no ask is open"),
                }
            }
            Action::Hypothesis => self.prompt(prompt::Prompt::hypothesis()),
            Action::Role => self.prompt(prompt::Prompt::role()),
            Action::Pin => match selected::pin(&self.selected(), &self.data) {
                Some(pin) => effects.push(pin),
                None => self.complain("there is nothing to pin here"),
            },
            Action::Mitigate => {
                let target = self.data.picture.findings.suspect.clone().unwrap_or_default();
                let dialog = dialog::Dialog::mitigate(&target, &self.data.picture.findings);
                self.over.push(Over::Dialog(dialog));
            }
            Action::Measure if incident.mitigations.is_empty() => {
                self.complain("no mitigation is logged yet (M)");
            }
            Action::Measure => effects.push(Effect::Measure),
            Action::EndMitigation => {
                let chosen = match self.selected() {
                    Selected::Mitigation(entry) => incident.in_force().find(|one| one.entry == entry),
                    _ => incident.in_force().last(),
                };
                match chosen.map(prompt::Prompt::end_mitigation) {
                    Some(prompt) => self.prompt(prompt),
                    None => self.complain("no mitigation is in force"),
                }
            }
            Action::Update => self.over.push(Over::Dialog(dialog::Dialog::update(incident, &self.data))),
            Action::NextPhase => match Phase::iter().find(|next| *next > incident.phase) {
                Some(phase) => {
                    // The write-up is drafted at resolve; the phase comes last, so that `u` takes it back first.
                    let findings = &self.data.picture.findings;
                    let drafted = (phase == Phase::Resolved).then(|| drafted(incident, findings, now));
                    let whats = drafted.into_iter().flatten().chain([What::PhaseChanged { phase }]);
                    effects.push(Effect::Record(whats.map(|what| (now, what)).collect()));
                }
                None => self.complain("it is reviewed: there is no further phase"),
            },
            Action::Undo => match incident.last_undoable().map(|line| (line.entry, line.text.clone())) {
                Some((entry, text)) => {
                    effects.push(Effect::Record(vec![(now, What::Undone { entry })]));
                    self.tell(&format!("taken back: {text}"));
                }
                None => self.complain("there is nothing to take back"),
            },
            _ => {}
        }
    }

    /// What the cursor is on.
    pub(super) fn selected(&self) -> Selected {
        match self.over.last() {
            Some(Over::Flow(flow)) => return flow.selected(),
            Some(Over::Page(page)) => return Selected::Text(page.content()),
            Some(Over::Board(board)) => return board.selected(&self.data),
            Some(Over::Runbook(runbook)) => return runbook.selected(&self.data),
            Some(Over::Publish(publish)) => return publish.selected(),
            Some(_) => return Selected::Nothing,
            None if self.is_home() => return Selected::Nothing,
            None => {}
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

    pub(super) fn show(&mut self, view: View) {
        self.over.clear();
        self.view = view;
    }

    fn turn(&mut self, forward: bool) {
        let views: Vec<View> = View::iter().collect();
        let place = views.iter().position(|view| *view == self.view).unwrap_or(0);
        let step = if forward { 1 } else { views.len() - 1 };
        self.show(views[(place + step) % views.len()]);
    }

    /// Out of what is open, then out of the time range, then out of the filter; while files are
    /// read, correlated or ranked, it stops that.
    fn back(&mut self, effects: &mut Vec<Effect>) {
        if self.over.pop().is_some() {
            return;
        }
        let progress = self.data.picture.progress;
        if progress.is_some_and(|progress| progress.hides_flows()) {
            effects.push(Effect::Stop);
        } else if !self.data.filter.is_empty() {
            self.set_filter("", effects);
        } else if self.data.range.is_some() {
            self.conclude(Outcome::Range(None), effects);
        } else if progress.is_some() {
            effects.push(Effect::Stop);
        }
    }

    pub(super) fn open(&mut self, effects: &mut Vec<Effect>) {
        if self.over.is_empty() && self.is_home() {
            match self.home.chosen(&self.data) {
                home::Chosen::Demo => effects.push(Effect::NextScenario),
                home::Chosen::Incident(name) => effects.push(Effect::OpenIncident(name)),
            }
            return;
        }
        match self.selected() {
            Selected::Flow(id) => self.open_flow(id),
            Selected::Event(row) => self.open_event(row, effects),
            Selected::Suspect(place) => {
                if let Some(text) = selected::filter(&Selected::Suspect(place), &self.data, false) {
                    self.conclude(Outcome::Follow(text, View::Logs), effects);
                }
            }
            Selected::Text(text) if self.over.is_empty() => {
                self.over.push(Over::Page(page::Page::text("Selected", &text)));
            }
            Selected::Text(_)
            | Selected::Series(_)
            | Selected::Source(_)
            | Selected::Mitigation(_)
            | Selected::Nothing => {}
        }
    }

    fn open_event(&mut self, row: crate::evidence::Row, effects: &mut Vec<Effect>) {
        if !self.data.events.contains_key(&row) {
            effects.push(Effect::Read(vec![row]));
        }
        self.over.push(Over::Page(page::Page::event(row, &self.data)));
    }

    pub(super) fn open_flow(&mut self, id: FlowId) {
        match flow::FlowView::new(id, &self.data) {
            Some(flow) => {
                // One flow at a time lies over the view: going from flow to flow piles nothing up.
                self.over.retain(|over| !matches!(over, Over::Flow(_) | Over::Page(_)));
                self.over.push(Over::Flow(flow));
            }
            None => self.complain("that flow is no longer there"),
        }
    }

    fn go_to_flow(&mut self, effects: &mut Vec<Effect>) {
        match self.selected() {
            // Any identifier in a text will do.
            Selected::Text(text) => effects.push(Effect::Find(text)),
            selected => match selected::flow(&selected, &self.data) {
                Some(id) => self.open_flow(id),
                None => self.complain("what is selected belongs to no flow"),
            },
        }
    }

    /// The logs around an event, or of a flow or system.
    fn go_to_logs(&mut self, effects: &mut Vec<Effect>) {
        let selected = self.selected();
        if let Selected::Event(row) = selected {
            let time = self.data.time(row);
            self.logs.go_to(time, row);
            // The event must not be hidden by what was filtered for.
            self.data.range = self.data.range.filter(|range| range.contains(time));
            self.set_filter("", effects);
            self.show(View::Logs);
            return;
        }
        match selected::filter(&selected, &self.data, false) {
            Some(text) => self.conclude(Outcome::Follow(text, View::Logs), effects),
            None => self.show(View::Logs),
        }
    }

    pub(super) fn set_filter(&mut self, text: &str, effects: &mut Vec<Effect>) {
        self.data.filter = Filter::parse(text);
        self.search(effects);
    }

    pub(super) fn search(&mut self, effects: &mut Vec<Effect>) {
        self.request += 1;
        self.data.is_searching = true;
        let filter = Filter { window: self.data.range, ..self.data.filter.clone() };
        effects.retain(|effect| !matches!(effect, Effect::Search { .. }));
        effects.push(Effect::Search { request: self.request, filter: Box::new(filter) });
    }

    fn prompt(&mut self, prompt: prompt::Prompt) {
        self.over.push(Over::Prompt(prompt));
    }

    pub(super) fn complain(&mut self, text: &str) {
        self.data.notice = Some(Notice { text: text.to_owned(), is_error: true });
    }

    pub(super) fn tell(&mut self, text: &str) {
        self.data.notice = Some(Notice { text: text.to_owned(), is_error: false });
    }

    fn catch_up(&mut self) {
        let lines = match &self.data.incident {
            Some(incident) => {
                let findings = &self.data.picture.findings;
                let mut lines = catch_up(incident, findings, self.data.now);
                // What was like it, in what is left of the twenty lines.
                let past = similar(incident, findings, &self.data.incidents);
                let room = 20 - lines.len().min(20);
                lines.extend(past.iter().take(room.min(2)).map(|one| format!("Like it: {}", one.line())));
                lines
            }
            None => vec!["No incident is declared.".to_owned(), self.data.picture.findings.reason.clone()],
        };
        self.over.push(Over::Page(page::Page::text("Catch me up", &lines.join("\n"))));
    }

    /// What all incidents say together, and which of them were like this one.
    fn review(&mut self) {
        let picture = &self.data.picture;
        let today = self.data.now.utc().format("%Y-%m-%d").to_string();
        let changes: Vec<_> = picture.evidence.changes.iter().map(|change| change.time).collect();
        let mut lines = review(&self.data.incidents, &today, &changes).lines();
        if let Some(incident) = &self.data.incident {
            lines.push((Tone::Heading, format!("Incidents that were like {}", incident.id)));
            let past = similar(incident, &picture.findings, &self.data.incidents);
            if past.is_empty() {
                lines.push((Tone::Quiet, "none on record is like it".to_owned()));
            }
            for one in &past {
                lines.push((Tone::Plain, one.line()));
                lines.push((Tone::Quiet, format!("     {}", one.because.join(", "))));
            }
        }
        self.over.push(Over::Page(page::Page::toned("Review of all incidents", lines)));
    }

    /// The packs of symptoms, the fitting one first; the others follow, for the first guess may be wrong.
    fn triage(&mut self) {
        let picture = &self.data.picture;
        let (findings, evidence, flows) = (&picture.findings, &picture.evidence, &picture.flows);
        match packs(findings, self.data.packs.as_deref()) {
            Ok(all) => {
                let fits = |pack: &Pack| {
                    findings.failure_mode.as_ref().is_some_and(|mode| pack.modes.contains(mode))
                };
                let (fitting, others): (Vec<&Pack>, Vec<&Pack>) = all.iter().partition(|pack| fits(pack));
                let first = if fitting.is_empty() {
                    "No failure mode is recognised: these are all packs there are.\n\n".to_owned()
                } else {
                    String::new()
                };
                let pages = fitting.into_iter().chain(others);
                let pages: Vec<String> =
                    pages.map(|pack| triage_page(pack, findings, evidence, flows)).collect();
                let text = format!("{first}{}", pages.join("\n"));
                self.over.push(Over::Page(page::Page::text("Triage", &text)));
            }
            Err(mistake) => self.complain(&mistake),
        }
    }

    fn copy(&mut self, as_query: bool, effects: &mut Vec<Effect>) {
        match selected::copied(&self.selected(), &self.data, as_query) {
            Some(text) => {
                self.tell(&format!("copied: {}", super::widgets::cut(&text, 60)));
                effects.push(Effect::Copy(text));
            }
            None => self.complain("there is nothing to copy here"),
        }
    }
}
