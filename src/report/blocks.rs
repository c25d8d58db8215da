//! A report as plain blocks, for those who write their own markup: wikis, tickets, chats. Texts are as they are;
//! whoever makes markup of them escapes them.

use super::Report;
use crate::incident::{Rca, kpis};

/// One piece of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block {
    Heading(String),
    Paragraph(String),
    Bullets(Vec<String>),
    /// The first row is the head.
    Table(Vec<Vec<String>>),
    Code(String),
}

/// Evidence beyond this many lines a pin is left to the report itself.
const MOST_LINES: usize = 20;

impl Report {
    /// The write-up in blocks, in the order of the built-in templates. The time of writing is left out, so that the
    /// same record gives the same blocks.
    pub fn blocks(&self) -> Vec<Block> {
        let mut blocks = Vec::new();
        let incident = &self.incident;
        let drill = if incident.is_drill { " · a drill" } else { "" };
        blocks.push(Block::Paragraph(format!(
            "{} · {} · {}{drill}",
            incident.id, incident.severity, incident.phase
        )));
        if !self.objections.is_empty() {
            blocks.push(Block::Paragraph(format!(
                "Not finished: {} things stand against calling this done.",
                self.objections.len()
            )));
        }
        for field in &Rca::FIELDS[..5] {
            self.section(&mut blocks, field);
        }
        let factors = self.rca.factors.iter().map(|factor| format!("{}: {}", factor.class, factor.text));
        list(&mut blocks, "Contributing factors", factors.collect());
        let whys = self.rca.whys.iter().map(|why| {
            let evidence =
                if why.evidence.is_empty() { String::new() } else { format!(" ({})", why.evidence) };
            format!("{}{}{evidence}", "→ ".repeat(usize::from(why.depth)), why.text)
        });
        list(&mut blocks, "Whys", whys.collect());
        self.tables(&mut blocks);
        for field in &Rca::FIELDS[5..] {
            self.section(&mut blocks, field);
        }
        self.evidence(&mut blocks);
        blocks
    }

    fn section(&self, blocks: &mut Vec<Block>, field: &str) {
        let text = self.rca.get(field);
        if !text.trim().is_empty() {
            let label = Rca::label(field);
            let (first, rest) = label.split_at(1);
            blocks.push(Block::Heading(format!("{}{rest}", first.to_uppercase())));
            blocks.push(Block::Paragraph(text.to_owned()));
        }
    }

    fn tables(&self, blocks: &mut Vec<Block>) {
        let times = kpis(&self.incident).map(|kpi| {
            let value = kpi.says().unwrap_or_else(|| "not known".to_owned());
            vec![kpi.name.to_owned(), kpi.definition.to_owned(), value]
        });
        table(blocks, "Times", &["time", "definition", "value"], times.to_vec());
        let lines = self.timeline_rows().into_iter().map(|row| {
            vec![row.time.to_string()[..19].replace('T', " "), row.kind.clone(), row.text.clone()]
        });
        table(blocks, "Timeline (UTC)", &["time", "what", ""], lines.collect());
        let mitigations = self.incident.mitigations.iter().map(|one| {
            let state = if one.is_in_force() { " (still in force)" } else { "" };
            vec![
                one.started.to_string()[11..19].to_owned(),
                format!("{} {}{state}", one.plan.kind, one.plan.target),
                one.plan.intent.clone(),
                one.measured.clone().unwrap_or_else(|| "not measured".to_owned()),
            ]
        });
        table(blocks, "Mitigations", &["time", "what", "intent", "effect"], mitigations.collect());
        let actions = self.rca.actions.iter().map(|(_, action, done)| {
            vec![
                action.class.to_string(),
                action.text.clone(),
                action.owner.clone(),
                action.due.clone(),
                action.verification.clone(),
                if *done { "done" } else { "open" }.to_owned(),
            ]
        });
        let head = ["class", "action", "owner", "due", "verified by", "state"];
        table(blocks, "Actions", &head, actions.collect());
    }

    fn evidence(&self, blocks: &mut Vec<Block>) {
        if self.pins.is_empty() {
            return;
        }
        blocks.push(Block::Heading("Evidence".to_owned()));
        for (entry, pin) in &self.pins {
            blocks.push(Block::Paragraph(format!(
                "#{entry} {} ({}, captured {}, SHA-256 {})",
                pin.says,
                pin.source,
                &pin.captured.to_string()[..19],
                pin.digest
            )));
            let mut lines: Vec<&str> = pin.content.iter().take(MOST_LINES).map(String::as_str).collect();
            let more = pin.content.len().saturating_sub(MOST_LINES);
            let rest = format!("… and {more} lines more in the record");
            if more > 0 {
                lines.push(&rest);
            }
            blocks.push(Block::Code(lines.join("\n")));
        }
    }
}

fn list(blocks: &mut Vec<Block>, name: &str, items: Vec<String>) {
    if !items.is_empty() {
        blocks.push(Block::Heading(name.to_owned()));
        blocks.push(Block::Bullets(items));
    }
}

fn table(blocks: &mut Vec<Block>, name: &str, head: &[&str], rows: Vec<Vec<String>>) {
    if !rows.is_empty() {
        blocks.push(Block::Heading(name.to_owned()));
        let head = head.iter().map(|&title| title.to_owned()).collect();
        blocks.push(Block::Table(std::iter::once(head).chain(rows).collect()));
    }
}
