//! The record: entries appended and told to the screen, evidence pinned, effects measured, reports written.

use super::drill::{self, Folder};
use super::engine::SharedFiles;
use super::look;
use crate::drill::scorecard;
use crate::evidence::Row;
use crate::incident::{Draft, Entry, Gate, Incident, Pin, PinKind, What, draft, impact_ended, measure};
use crate::report::{Report, debrief_html, debrief_markdown};
use crate::store::{News, Store, StoreError};
use crate::telemetry::{Time, Window};
use crate::ui::{Msg, Notice, Picture};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::{Mutex, mpsc};

/// The incident that is on the screen, and who writes its record.
pub(super) struct Recorder {
    store: Arc<Store>,
    author: String,
    gate: Gate,
    current: Mutex<Option<String>>,
    outbox: mpsc::Sender<Msg>,
}

impl Recorder {
    pub(super) fn new(store: Arc<Store>, author: String, gate: Gate, outbox: mpsc::Sender<Msg>) -> Self {
        Self { store, author, gate, current: Mutex::new(None), outbox }
    }

    /// Tells the incidents that are on record, and opens the newest that is still open.
    pub(super) async fn open_newest(&self) {
        let incidents = self.all().await;
        if let Some(open) = incidents.iter().find(|incident| incident.is_open()) {
            self.show(open.id.clone()).await;
        }
        let _ = self.outbox.send(Msg::Incidents(incidents)).await;
    }

    /// Shows what others record while this cockpit is open, and whether the team's database can be reached.
    pub(super) async fn listen(&self) {
        let mut news = self.store.news();
        while let Some(news) = news.recv().await {
            match news {
                News::Entries(name) => {
                    if self.current.lock().await.as_ref() == Some(&name) {
                        self.show(name).await;
                    }
                    let _ = self.outbox.send(Msg::Incidents(self.all().await)).await;
                }
                News::Away(reason) => {
                    self.complain(self.store.trouble().unwrap_or(reason)).await;
                }
                News::Back(merged) => {
                    self.notice(format!("the team's record is back; {merged} entries that waited are in it"))
                        .await;
                    let current = self.current.lock().await.clone();
                    if let Some(name) = current {
                        self.show(name).await;
                    }
                }
            }
        }
    }

    async fn all(&self) -> Vec<Incident> {
        let mut incidents = Vec::new();
        for name in self.store.list().await.unwrap_or_default() {
            incidents.extend(self.store.incident(&name).await.ok().flatten());
        }
        incidents
    }

    pub(super) async fn show(&self, name: String) {
        match self.store.incident(&name).await {
            Ok(Some(incident)) => {
                *self.current.lock().await = Some(name);
                let _ = self.outbox.send(Msg::Incident(Some(Box::new(incident)))).await;
            }
            Ok(None) => self.complain(format!("there is no incident {name}")).await,
            Err(error) => self.complain(error.to_string()).await,
        }
    }

    /// Appends entries; a declaration begins a new incident.
    pub(super) async fn record(&self, now: Time, whats: Vec<(Time, What)>, pins: Vec<Pin>) {
        let mut current = self.current.lock().await;
        let outcome: Result<String, StoreError> = async {
            let mut name = current.clone();
            for (happened, what) in whats {
                let is_new = matches!(what, What::Declared { .. }) || name.is_none();
                let draft =
                    Draft::new(now, self.author.clone(), what).happened(happened).with_pins(pins.clone());
                match name.as_deref().filter(|_| !is_new) {
                    Some(incident) => {
                        self.store.append(incident, draft).await?;
                    }
                    None => name = Some(self.store.declare(draft).await?.0),
                }
            }
            Ok(name.unwrap_or_default())
        }
        .await;
        match outcome {
            Ok(name) => {
                *current = Some(name.clone());
                drop(current);
                self.show(name).await;
                let _ = self.outbox.send(Msg::Incidents(self.all().await)).await;
            }
            Err(error) => self.complain(error.to_string()).await,
        }
    }

    /// Keeps evidence with the record.
    #[allow(clippy::too_many_arguments)]
    pub(super) async fn pin(
        &self,
        now: Time,
        kind: PinKind,
        says: String,
        rows: Vec<Row>,
        lines: Vec<String>,
        query: String,
        picture: &Picture,
        files: &SharedFiles,
    ) {
        let events = look::read(files, &picture.evidence, &rows);
        let mut content = lines;
        let mut sources: Vec<String> = Vec::new();
        let mut systems: BTreeSet<&str> = BTreeSet::new();
        let mut window: Option<Window> = None;
        for event in events.iter().filter_map(|(_, event)| event.as_ref()) {
            content.push(format!("{} {} {} {}", event.time, event.system, event.severity, event.body));
            window = Some(window.map_or(Window { from: event.time, to: event.time }, |known| Window {
                from: known.from.min(event.time),
                to: known.to.max(event.time),
            }));
            systems.insert(&event.system);
            let source = event.source.to_string();
            if !sources.contains(&source) {
                sources.push(source);
            }
        }
        let source = match sources.as_slice() {
            [] => picture.title.clone(),
            [one] => one.clone(),
            [first, others @ ..] => format!("{first} and {} places more", others.len()),
        };
        let skew = picture.flows.skew.iter().filter(|one| one.offset.0 != 0);
        let skew = skew
            .map(|one| (picture.evidence.system_name(one.system).to_owned(), one.offset))
            .filter(|(system, _)| systems.contains(system.as_str()))
            .collect();
        let pin = Pin::new(kind, says.clone(), source, window, now, content).asked(query).skewed(skew);
        self.record(now, vec![(now, What::EvidencePinned { text: says })], vec![pin]).await;
    }

    /// Measures every mitigation that is in force and records what it did.
    pub(super) async fn measure(&self, now: Time, picture: &Picture) {
        let Some(incident) = self.incident().await else { return };
        let (evidence, flows) = (&picture.evidence, &picture.flows);
        let mut whats: Vec<(Time, What)> = incident
            .in_force()
            .map(|one| {
                let effect = measure(&incident, one, evidence, flows, now);
                let what = What::MitigationMeasured {
                    mitigation: one.entry,
                    verdict: effect.verdict.to_string(),
                    text: effect.sentence.clone(),
                    effect: Some(Box::new(effect)),
                };
                (now, what)
            })
            .collect();
        if !whats.is_empty()
            && incident.impact_ended.is_none()
            && let Some(ended) = impact_ended(&incident, evidence, flows, now)
        {
            whats.push((now, ended));
        }
        if !whats.is_empty()
            && let Some(coverage) = &picture.findings.coverage
            && incident.coverage.as_ref() != Some(coverage)
        {
            whats.push((now, What::CoverageMeasured { coverage: coverage.clone() }));
        }
        if whats.is_empty() {
            self.complain("no mitigation is in force".to_owned()).await;
        } else {
            self.record(now, whats, Vec::new()).await;
        }
    }

    /// The report of the incident on the screen, drawn on what is known now.
    pub(super) async fn report(&self, now: Time, picture: &Picture) -> Option<Report> {
        let (incident, entries) = self.journal().await?;
        let rca = draft(&incident, &picture.findings);
        Some(
            Report::new(incident, rca, &entries, &self.gate, now)
                .illustrated(&picture.evidence, &picture.flows, &picture.suspects)
                .with_notable(picture.findings.notable.clone()),
        )
    }

    /// Writes the report as Markdown, HTML and JSON into the folder that the person is in.
    pub(super) async fn export(&self, now: Time, picture: &Picture) {
        let Some(report) = self.report(now, picture).await else { return };
        let written = tokio::task::spawn_blocking(move || write(&report, &report.incident.id)).await;
        match written {
            Ok(Ok(paths)) => self.notice(format!("wrote {}", paths.join(", "))).await,
            Ok(Err(error)) => self.complain(format!("cannot write the report: {error}")).await,
            Err(error) => self.complain(format!("cannot write the report: {error}")).await,
        }
    }

    /// Tells how a drill went, and writes it into the drill's folder.
    pub(super) async fn debrief(&self, folder: &Folder) {
        let outcome = async {
            let name = self.current.lock().await.clone();
            let entries = match &name {
                Some(name) => self.store.entries(name).await.map_err(|error| error.to_string())?,
                None => Vec::new(),
            };
            let folder = folder.clone();
            let written =
                tokio::task::spawn_blocking(move || write_debrief(&folder, name.as_deref(), &entries));
            written.await.map_err(|error| error.to_string())?
        };
        match outcome.await {
            Ok(text) => {
                let title = "How the drill went".to_owned();
                let _ = self.outbox.send(Msg::Page { title, text }).await;
            }
            Err(error) => self.complain(format!("cannot write the debrief: {error}")).await,
        }
    }

    pub(super) fn author(&self) -> &str {
        &self.author
    }

    /// Appends drafts that somebody else made to an incident, and shows it.
    pub(super) async fn append(&self, incident: &str, drafts: Vec<Draft>) -> Result<(), StoreError> {
        for draft in drafts {
            self.store.append(incident, draft).await?;
        }
        self.show(incident.to_owned()).await;
        let _ = self.outbox.send(Msg::Incidents(self.all().await)).await;
        Ok(())
    }

    /// The incident on the screen with its journal.
    pub(super) async fn journal(&self) -> Option<(Incident, Vec<Entry>)> {
        let name = self.current.lock().await.clone()?;
        let entries = self.store.entries(&name).await.ok().filter(|entries| !entries.is_empty())?;
        Some((Incident::replay(&name, &entries), entries))
    }

    async fn incident(&self) -> Option<Incident> {
        self.journal().await.map(|(incident, _)| incident)
    }

    pub(super) async fn tell(&self, msg: Msg) {
        let _ = self.outbox.send(msg).await;
    }

    pub(super) async fn complain(&self, text: String) {
        self.tell(Msg::Notice(Notice { text, is_error: true })).await;
    }

    pub(super) async fn notice(&self, text: String) {
        self.tell(Msg::Notice(Notice { text, is_error: false })).await;
    }
}

/// Writes the debrief as Markdown and HTML; gives the scorecard for the screen, and where they stand.
fn write_debrief(folder: &Folder, name: Option<&str>, entries: &[Entry]) -> Result<String, String> {
    let debrief = drill::debrief(&folder.lines()?, name, entries)?;
    let markdown = debrief_markdown(&debrief)?;
    for (ending, text) in [("md", &markdown), ("html", &debrief_html(&debrief)?)] {
        let path = folder.debrief(ending);
        std::fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    Ok(format!(
        "{}\n\nwritten to {} and .html beside it",
        scorecard(&debrief),
        folder.debrief("md").display()
    ))
}

fn write(report: &Report, name: &str) -> Result<Vec<String>, String> {
    let json = serde_json::to_string_pretty(&report.json()).map_err(|error| error.to_string())?;
    let files = [("md", report.markdown(None)?), ("html", report.html(None)?), ("json", json)];
    files
        .into_iter()
        .map(|(ending, text)| {
            let path = PathBuf::from(format!("{name}.{ending}"));
            std::fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))?;
            Ok(path.display().to_string())
        })
        .collect()
}
