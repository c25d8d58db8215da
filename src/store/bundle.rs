//! An incident as one file that travels: its journal and its pinned evidence, with a checksum over the whole.

use super::{Store, StoreError};
use crate::incident::{Draft, Entry, verify};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

#[derive(Serialize, Deserialize)]
struct Bundle {
    format: String,
    incident: String,
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
    let entries = store.entries(incident).await?;
    let kept: Vec<Kept> = entries
        .into_iter()
        .map(|entry| Kept { sequence: entry.sequence, body: entry.body, hash: entry.hash })
        .collect();
    let bundle =
        Bundle { format: FORMAT.into(), incident: incident.into(), checksum: checksum(&kept), entries: kept };
    Ok(serde_json::to_string_pretty(&bundle).expect("a bundle has only texts and numbers"))
}

/// Takes a bundle in; gives the incident's name. Refused if it was changed, or if the name is taken by another journal.
pub async fn import(store: &Store, text: &str) -> Result<String, StoreError> {
    let refuse = |reason: &str| StoreError::Bundle { reason: reason.to_owned() };
    let bundle: Bundle = serde_json::from_str(text).map_err(|error| refuse(&error.to_string()))?;
    if bundle.format != FORMAT {
        return Err(refuse(&format!("its format is `{}`, `{FORMAT}` was expected", bundle.format)));
    }
    if checksum(&bundle.entries) != bundle.checksum {
        return Err(refuse("its checksum does not fit: it was changed or cut off on the way"));
    }
    let entries: Vec<Entry> =
        bundle.entries.into_iter().map(|kept| Entry::stored(kept.sequence, kept.body, kept.hash)).collect();
    verify(&entries).map_err(|broken| StoreError::Broken { incident: bundle.incident.clone(), broken })?;
    let known = store.entries(&bundle.incident).await?;
    if known.iter().zip(&entries).any(|(known, new)| known.hash != new.hash) {
        return Err(refuse(&format!("{} exists here with another history", bundle.incident)));
    }
    for entry in entries.into_iter().skip(known.len()) {
        let draft: Draft = serde_json::from_str(&entry.body).map_err(|error| refuse(&error.to_string()))?;
        store.append(&bundle.incident, draft).await?;
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
