//! An incident as one file that travels: its journal and its pinned evidence, with a checksum over the whole.

use super::{Store, StoreError};
use crate::incident::{Draft, Entry, Outward, seal, verify};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

#[derive(Serialize, Deserialize)]
struct Bundle {
    format: String,
    incident: String,
    /// The hash of the last entry before redaction: a redacted journal has a chain of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    redacted_from: Option<String>,
    entries: Vec<Kept>,
    /// SHA-256 over the entries' hashes and bodies, in hex.
    checksum: String,
}

#[derive(Serialize, Deserialize)]
struct Kept {
    sequence: u64,
    body: String,
    hash: String,
}

const FORMAT: &str = "bridgewatch-incident/1";

/// The bundle of an incident, as JSON.
pub async fn export(store: &Store, incident: &str) -> Result<String, StoreError> {
    let mut entries = store.entries(incident).await?;
    // What waits for the team's database has no place in its chain yet, and is not left out for that.
    if entries.iter().any(Entry::is_pending) {
        entries = chained(entries.into_iter().map(|entry| entry.draft));
    }
    Ok(written(incident, entries, None))
}

/// The bundle with names, addresses and identifiers taken out of every text, evidence included; its chain is made anew.
pub async fn export_redacted(store: &Store, incident: &str, outward: &Outward) -> Result<String, StoreError> {
    let entries = store.entries(incident).await?;
    let last = entries.last().map(|entry| entry.hash.clone());
    let drafts = entries.into_iter().map(|entry| outward.draft(&entry.draft));
    Ok(written(incident, chained(drafts), last))
}

fn written(incident: &str, entries: Vec<Entry>, redacted_from: Option<String>) -> String {
    let kept: Vec<Kept> = entries
        .into_iter()
        .map(|entry| Kept { sequence: entry.sequence, body: entry.body, hash: entry.hash })
        .collect();
    let bundle = Bundle {
        format: FORMAT.into(),
        incident: incident.into(),
        redacted_from,
        checksum: checksum(&kept),
        entries: kept,
    };
    serde_json::to_string_pretty(&bundle).expect("a bundle has only texts and numbers")
}

fn chained(drafts: impl Iterator<Item = Draft>) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    for (sequence, draft) in (1..).zip(drafts) {
        let previous = entries.last().map_or("", |entry: &Entry| &entry.hash).to_owned();
        entries.push(seal(draft, sequence, &previous));
    }
    entries
}

/// Takes a bundle in, to the byte; gives the incident's name. Refused if it was changed, or if the name is taken by
/// another journal. Taking it in twice is taking it in once.
pub async fn import(store: &Store, text: &str) -> Result<String, StoreError> {
    let refuse = |reason: &str| StoreError::Bundle { reason: reason.to_owned() };
    let bundle: Bundle = serde_json::from_str(text).map_err(|error| refuse(&error.to_string()))?;
    if bundle.format != FORMAT {
        return Err(refuse(&format!("its format is `{}`, `{FORMAT}` was expected", bundle.format)));
    }
    if checksum(&bundle.entries) != bundle.checksum {
        return Err(refuse("its checksum does not fit: it was changed or cut off on the way"));
    }
    let mut entries: Vec<Entry> =
        bundle.entries.into_iter().map(|kept| Entry::stored(kept.sequence, kept.body, kept.hash)).collect();
    verify(&entries).map_err(|broken| StoreError::Broken { incident: bundle.incident.clone(), broken })?;
    let known = store.entries(&bundle.incident).await?;
    if known.iter().zip(&entries).any(|(known, new)| known.hash != new.hash) {
        return Err(refuse(&format!("{} exists here with another history", bundle.incident)));
    }
    if known.len() < entries.len() {
        store.take_in(&bundle.incident, entries.split_off(known.len())).await?;
    }
    Ok(bundle.incident)
}

fn checksum(entries: &[Kept]) -> String {
    let mut hasher = Sha256::new();
    for entry in entries {
        hasher.update(entry.hash.as_bytes());
        hasher.update(entry.body.as_bytes());
    }
    hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
