//! What is published: a write-up or an update, with a mark by which it is found again.

use super::{Plan, Receipt, TargetConfig};
use crate::incident::{Audience, Draft, Entry, Incident, IncidentSeverity, Outward, Phase, Published, What};
use crate::report::{Block, Report};
use crate::telemetry::Time;
use sha2::{Digest, Sha256};

/// What it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    Rca,
    Update(Audience),
}

/// Something to publish, in blocks that each target makes its own markup of.
#[derive(Clone, Debug, PartialEq)]
pub struct Parcel {
    pub content: Content,
    pub incident: String,
    pub title: String,
    pub severity: IncidentSeverity,
    pub phase: Phase,
    pub blocks: Vec<Block>,
    /// Names the incident wherever it is published: `bw-3f2b8c1e9a10`. Two teams may both have an INC-0001.
    pub mark: String,
    /// Names the content: the same content is never published twice to one place.
    pub digest: String,
    /// What the record says was published to this place before, newest last.
    pub before: Vec<Published>,
    /// What the person said it belongs to at the target: `INC0012345`, `OPS-42`.
    pub to: Option<String>,
}

impl Parcel {
    /// The write-up for a target. `systems` are the names that strangers may not read.
    pub fn of_report(
        report: &Report,
        entries: &[Entry],
        systems: impl IntoIterator<Item = String>,
        config: &TargetConfig,
    ) -> Self {
        let names = systems.into_iter().chain(report.path.iter().map(|stop| stop.system.clone()));
        let outward = config.is_outside().then(|| Outward::of(&report.incident, names));
        Self::new(Content::Rca, &report.incident, entries, report.blocks(), outward.as_ref())
    }

    /// A status update for a target. What customers read is without names wherever it goes.
    pub fn of_update(
        incident: &Incident,
        entries: &[Entry],
        audience: Audience,
        said: &str,
        systems: impl IntoIterator<Item = String>,
        config: &TargetConfig,
    ) -> Self {
        let is_outside = config.is_outside() || audience == Audience::Customer;
        let outward = is_outside.then(|| Outward::of(incident, systems));
        let blocks = said.lines().map(|line| Block::Paragraph(line.to_owned())).collect();
        Self::new(Content::Update(audience), incident, entries, blocks, outward.as_ref())
    }

    /// What the record says once it was sent: the receipt, and for an update that it was given.
    pub fn entries(&self, target: &str, receipt: &Receipt, author: &str, now: Time) -> Vec<Draft> {
        let keyed = |what, key: String| Draft { key, ..Draft::new(now, author, what) };
        let published = What::Published {
            target: target.to_owned(),
            url: receipt.url.clone(),
            text: match self.content {
                Content::Rca => "the write-up".to_owned(),
                Content::Update(audience) => format!("an update for {audience}"),
            },
            id: receipt.id.clone(),
            digest: self.digest.clone(),
        };
        let mut drafts = vec![keyed(published, format!("published {target} {}", self.digest))];
        if let Content::Update(audience) = self.content {
            let text = self.blocks.iter().filter_map(|block| match block {
                Block::Paragraph(text) => Some(text.as_str()),
                _ => None,
            });
            let text = text.collect::<Vec<_>>().join("\n");
            let what = What::StatusUpdate { audience: audience.to_string(), text };
            // Sent to several places, it is one update.
            drafts.push(keyed(what, format!("update {}", self.digest)));
        }
        drafts
    }

    /// A plan as a person reads it before anything is sent: where to, what would be done, and the request to the byte.
    pub fn preview(&self, plan: &Plan, config: &TargetConfig) -> String {
        let (step, note, url) = plan.step();
        let mut text = format!("{}\ntarget   {}\n", self.heading(), config.name());
        text.push_str(format!("would    {step}: {note} {url}").trim_end());
        if let Some(write) = plan.write() {
            let path = write.path.as_deref().unwrap_or("(the webhook, whose address is a secret)");
            text.push_str(&format!("\nrequest  {} {path}\n\n{:#}", write.method, write.body));
        }
        text
    }

    /// A parcel of blocks. `outward` takes out what may not leave the company, where the target is outside.
    pub fn new(
        content: Content,
        incident: &Incident,
        entries: &[Entry],
        mut blocks: Vec<Block>,
        outward: Option<&Outward>,
    ) -> Self {
        let mut title = incident.titled();
        if let Some(outward) = outward {
            title = outward.text(&title);
            blocks.iter_mut().for_each(|block| outside(block, outward));
        }
        let first = entries.first().map_or("", |entry| entry.hash.as_str());
        let name = format!("{content:?} {title} {blocks:?}");
        Self {
            content,
            incident: incident.id.clone(),
            title,
            severity: incident.severity,
            phase: incident.phase,
            blocks,
            mark: format!("bw-{}", first.get(..12).unwrap_or("unrecorded")),
            digest: digest(&name),
            before: Vec::new(),
            to: None,
        }
    }

    /// With what was published to this target before, and what the person says that it belongs to.
    #[must_use]
    pub fn bound_for(mut self, target: &str, incident: &Incident, to: Option<String>) -> Self {
        self.before = incident.published.iter().filter(|one| one.target == target).cloned().collect();
        self.to = to;
        self
    }

    pub fn is_update(&self) -> bool {
        matches!(self.content, Content::Update(_))
    }

    /// The line by which the content is found again: `bridgewatch bw-3f2b8c1e9a10/77ab01c2`.
    pub fn footer(&self) -> String {
        format!("bridgewatch {}/{}", self.mark, self.digest)
    }

    /// What a ticket or a page is called.
    pub fn heading(&self) -> String {
        match self.content {
            Content::Rca => format!("RCA {}: {}", self.incident, self.title),
            Content::Update(_) => format!("{} {}: {}", self.severity, self.incident, self.title),
        }
    }

    /// Where this very content was published, by the record.
    pub(super) fn known(&self) -> Option<&Published> {
        self.before.iter().rev().find(|one| one.digest == self.digest)
    }

    /// What the target called the last thing that was published there.
    pub(super) fn known_id(&self) -> Option<&str> {
        let named = self.before.iter().rev().find(|one| !one.id.is_empty());
        self.to.as_deref().or(named.map(|one| one.id.as_str()))
    }
}

fn outside(block: &mut Block, outward: &Outward) {
    match block {
        Block::Heading(text) | Block::Paragraph(text) | Block::Code(text) => *text = outward.text(text),
        Block::Bullets(items) => items.iter_mut().for_each(|item| *item = outward.text(item)),
        Block::Table(rows) => rows.iter_mut().flatten().for_each(|cell| *cell = outward.text(cell)),
    }
}

pub(super) fn digest(text: &str) -> String {
    Sha256::digest(text.as_bytes())[..4].iter().map(|byte| format!("{byte:02x}")).collect()
}
