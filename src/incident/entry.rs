//! One entry of the journal, and the chain that proves that none was changed. Where it is kept is the store's matter.

use super::{Pin, What};
use crate::telemetry::Time;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// What somebody wants recorded; the store gives it its place in the chain.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Draft {
    /// When it happened, which may be before it is recorded.
    pub happened: Time,
    pub recorded: Time,
    pub author: String,
    pub what: What,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pins: Vec<Pin>,
    /// Names this one intention, so that trying again after a broken connection records it once. The store fills it in.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub key: String,
}

impl Draft {
    /// Something that happened and is recorded at the same time, without evidence.
    pub fn new(now: Time, author: impl Into<String>, what: What) -> Self {
        Self {
            happened: now,
            recorded: now,
            author: author.into(),
            what,
            pins: Vec::new(),
            key: String::new(),
        }
    }

    #[must_use]
    pub fn happened(mut self, time: Time) -> Self {
        self.happened = time;
        self
    }

    #[must_use]
    pub fn with_pins(mut self, pins: Vec<Pin>) -> Self {
        self.pins = pins;
        self
    }
}

/// An entry in its place. `body` is what was hashed, to the byte.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// 1 for the first of an incident; [`PENDING`] and above while a team's database cannot be reached.
    pub sequence: u64,
    pub draft: Draft,
    pub body: String,
    /// SHA-256, in hex, of the previous entry's hash, the sequence number and the body.
    pub hash: String,
}

/// Entries from here on wait for the team's database; they get their number in the chain when it is back.
pub const PENDING: u64 = 1 << 40;

/// The version of the form in which entries are written.
const FORM: u8 = 1;

/// Gives a draft its place behind `previous` (the hash of the entry before it, empty for the first).
pub fn seal(draft: Draft, sequence: u64, previous: &str) -> Entry {
    #[derive(Serialize)]
    struct Written<'a> {
        form: u8,
        #[serde(flatten)]
        draft: &'a Draft,
    }
    let body = serde_json::to_string(&Written { form: FORM, draft: &draft })
        .expect("a draft has only names, texts and numbers");
    let hash = chain(previous, sequence, &body);
    Entry { sequence, draft, body, hash }
}

impl Entry {
    /// Whether it still waits for its number in a team's journal.
    pub fn is_pending(&self) -> bool {
        self.sequence >= PENDING
    }

    /// An entry as a store kept it; what cannot be understood is kept as [`What::Unknown`].
    pub fn stored(sequence: u64, body: String, hash: String) -> Self {
        let draft = serde_json::from_str(&body).unwrap_or_else(|_| Draft {
            happened: Time::default(),
            recorded: Time::default(),
            author: "?".to_owned(),
            what: What::Unknown(serde_json::Value::String(body.clone())),
            pins: Vec::new(),
            key: String::new(),
        });
        Self { sequence, draft, body, hash }
    }
}

/// Where a chain is broken, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    pub sequence: u64,
    pub reason: String,
}

/// Checks every link of the chain and every pin.
pub fn verify(entries: &[Entry]) -> Result<(), Broken> {
    let mut previous = "";
    for (expected, entry) in (1..).zip(entries) {
        let broken = |reason: &str| Err(Broken { sequence: entry.sequence, reason: reason.to_owned() });
        if entry.sequence != expected {
            return broken(&format!("entry {expected} was expected here: one is missing or out of order"));
        }
        if chain(previous, entry.sequence, &entry.body) != entry.hash {
            return broken("its text or the one before it was changed after it was recorded");
        }
        if entry.draft.pins.iter().any(|pin| !pin.is_intact()) {
            return broken("the evidence pinned to it was changed");
        }
        previous = &entry.hash;
    }
    Ok(())
}

/// What is odd without being broken: a clock that went back, an entry that is recorded before it happened.
pub fn doubts(entries: &[Entry]) -> Vec<Broken> {
    let mut found = Vec::new();
    let mut latest = Time::MIN;
    for entry in entries {
        let Draft { happened, recorded, .. } = entry.draft;
        let mut doubt = |reason: String| found.push(Broken { sequence: entry.sequence, reason });
        if recorded < latest {
            doubt(format!(
                "recorded {} before the entry in front of it: a clock was set back",
                latest - recorded
            ));
        }
        if happened > recorded {
            doubt(format!("happened {} after it was recorded", happened - recorded));
        }
        latest = latest.max(recorded);
    }
    found
}

fn chain(previous: &str, sequence: u64, body: &str) -> String {
    let mut hasher = Sha256::new();
    for part in [previous.as_bytes(), b"\n", sequence.to_string().as_bytes(), b"\n", body.as_bytes()] {
        hasher.update(part);
    }
    hex(&hasher.finalize())
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::super::PinKind;
    use super::*;

    fn chain_of(texts: &[&str]) -> Vec<Entry> {
        let mut entries: Vec<Entry> = Vec::new();
        for (sequence, text) in (1..).zip(texts) {
            let draft = Draft::new(Time::from_seconds(sequence as i64), "ann", What::fact(*text));
            let previous = entries.last().map_or("", |entry: &Entry| &entry.hash).to_owned();
            entries.push(seal(draft, sequence, &previous));
        }
        entries
    }

    #[test]
    fn a_changed_text_a_missing_entry_and_changed_evidence_are_found_where_they_are() {
        let entries = chain_of(&["a", "b", "c"]);
        assert_eq!(verify(&entries), Ok(()));
        let mut changed = entries.clone();
        changed[1].body = changed[1].body.replace("\"b\"", "\"x\"");
        assert_eq!(verify(&changed).unwrap_err().sequence, 2);
        let mut missing = entries.clone();
        missing.remove(1);
        assert_eq!(verify(&missing).unwrap_err().sequence, 3);
        let mut pin = Pin::new(PinKind::Events, "x".into(), "y".into(), None, Time(0), vec!["line".into()]);
        assert!(pin.is_intact());
        pin.content[0] = "another".into();
        assert!(!pin.is_intact());
    }

    #[test]
    fn entries_survive_the_store_and_those_of_other_versions_are_kept() {
        let entry = &chain_of(&["a"])[0];
        assert_eq!(&Entry::stored(1, entry.body.clone(), entry.hash.clone()), entry);
        let other = entry.body.replace("\"fact\"", "\"telepathy\"");
        let other = Entry::stored(1, other, String::new());
        assert!(matches!(other.draft.what, What::Unknown(_)));
        assert_eq!((other.draft.author.as_str(), other.draft.recorded), ("ann", Time::from_seconds(1)));
        let later = entry.body.replace("\"form\":1", "\"form\":9,\"mood\":\"calm\"");
        assert_eq!(Entry::stored(1, later, String::new()).draft, entry.draft, "what is new is passed over");
        assert!(matches!(Entry::stored(1, "rubbish".into(), String::new()).draft.what, What::Unknown(_)));
    }

    #[test]
    fn a_clock_that_went_back_is_told_and_breaks_nothing() {
        let mut entries: Vec<Entry> = Vec::new();
        for (sequence, second) in [(1, 100), (2, 40), (3, 101)] {
            let previous = entries.last().map_or("", |entry: &Entry| &entry.hash).to_owned();
            entries.push(seal(
                Draft::new(Time::from_seconds(second), "ann", What::fact("x")),
                sequence,
                &previous,
            ));
        }
        assert_eq!(verify(&entries), Ok(()));
        let told = doubts(&entries);
        assert_eq!((told.len(), told[0].sequence), (1, 2));
        assert!(told[0].reason.contains("1 min 00 s before"), "{}", told[0].reason);
    }
}
