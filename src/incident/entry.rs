//! One entry of the journal, and the chain that proves that none was changed.

use super::mitigation::Plan;
use super::{Action, ActionClass, Factor, Impact, IncidentSeverity, MitigationKind, Phase, Role, Why};
use crate::telemetry::{Time, Window};
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
}

/// An entry in its place. `body` is what was hashed, to the byte.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// 1 for the first of an incident.
    pub sequence: u64,
    pub draft: Draft,
    pub body: String,
    /// SHA-256, in hex, of the previous entry's hash, the sequence number and the body.
    pub hash: String,
}

/// What was recorded. Kinds that this version does not know are kept and shown as they are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum What {
    Declared {
        title: String,
        severity: IncidentSeverity,
        impact: Impact,
        #[serde(default)]
        is_drill: bool,
    },
    Acknowledged,
    /// The impact began, as found from the evidence or as corrected by a person.
    ImpactBegan {
        time: Time,
    },
    /// The impact ended, by the signal, not by a button.
    ImpactEnded {
        time: Time,
    },
    SeverityChanged {
        severity: IncidentSeverity,
        reason: String,
    },
    RoleAssigned {
        role: Role,
        person: String,
        #[serde(default)]
        note: String,
    },
    PhaseChanged {
        phase: Phase,
    },
    Fact {
        text: String,
    },
    Decision {
        text: String,
        #[serde(default)]
        options: Vec<String>,
        #[serde(default)]
        objections: Vec<String>,
    },
    Asked {
        who: String,
        question: String,
        minutes: u32,
    },
    Answered {
        ask: u64,
        answer: String,
    },
    Hypothesis {
        text: String,
        #[serde(default)]
        next_test: String,
    },
    HypothesisJudged {
        hypothesis: u64,
        verdict: HypothesisVerdict,
        reason: String,
    },
    EvidencePinned {
        text: String,
    },
    StatusUpdate {
        audience: String,
        text: String,
    },
    Step {
        stage: String,
        question: String,
        answer: String,
    },
    MitigationStarted {
        mitigation: Plan,
    },
    MitigationMeasured {
        mitigation: u64,
        verdict: String,
        text: String,
    },
    MitigationUndone {
        mitigation: u64,
        reason: String,
    },
    RcaField {
        field: String,
        text: String,
    },
    RcaWhys {
        whys: Vec<Why>,
    },
    RcaFactor {
        factor: Factor,
    },
    ActionAdded {
        action: Action,
    },
    ActionClosed {
        action: u64,
    },
    /// Takes an earlier entry back: the fold goes on as if it were not there, the journal keeps both.
    Undone {
        entry: u64,
    },
    #[serde(untagged)]
    Unknown(serde_json::Value),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, strum::Display)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum HypothesisVerdict {
    Supported,
    Refuted,
    Inconclusive,
}

/// Evidence kept with the entry, so that a claim stands after the logs are gone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pin {
    pub kind: PinKind,
    /// One sentence that says what it shows.
    pub says: String,
    /// Where it came from: a file and offset, or a backend and its query.
    pub source: String,
    pub window: Option<Window>,
    pub captured: Time,
    /// The lines or samples themselves, redacted.
    pub content: Vec<String>,
    /// SHA-256 of the content, in hex.
    pub digest: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PinKind {
    Events,
    Flow,
    Series,
    Change,
    Suspect,
}

impl Pin {
    pub fn new(
        kind: PinKind,
        says: String,
        source: String,
        window: Option<Window>,
        captured: Time,
        content: Vec<String>,
    ) -> Self {
        let digest = hex(&Sha256::digest(content.join("\n").as_bytes()));
        Self { kind, says, source, window, captured, content, digest }
    }

    /// Whether the content is what was pinned.
    pub fn is_intact(&self) -> bool {
        hex(&Sha256::digest(self.content.join("\n").as_bytes())) == self.digest
    }
}

/// Gives a draft its place behind `previous` (the hash of the entry before it, empty for the first).
pub fn seal(draft: Draft, sequence: u64, previous: &str) -> Entry {
    let body = serde_json::to_string(&draft).expect("a draft has only names, texts and numbers");
    let hash = chain(previous, sequence, &body);
    Entry { sequence, draft, body, hash }
}

impl Entry {
    /// An entry as a store kept it; what cannot be understood is kept as [`What::Unknown`].
    pub fn stored(sequence: u64, body: String, hash: String) -> Self {
        let draft = serde_json::from_str(&body).unwrap_or_else(|_| Draft {
            happened: Time::default(),
            recorded: Time::default(),
            author: "?".to_owned(),
            what: What::Unknown(serde_json::Value::String(body.clone())),
            pins: Vec::new(),
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

fn chain(previous: &str, sequence: u64, body: &str) -> String {
    let mut hasher = Sha256::new();
    for part in [previous.as_bytes(), b"\n", sequence.to_string().as_bytes(), b"\n", body.as_bytes()] {
        hasher.update(part);
    }
    hex(&hasher.finalize())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl What {
    /// The entry in one line, as the log of the bridge shows it: (label, text).
    pub fn line(&self) -> (&'static str, String) {
        match self {
            Self::Declared { title, severity, .. } => ("declared", format!("{severity} {title}")),
            Self::Acknowledged => ("acknowledged", String::new()),
            Self::ImpactBegan { time } => ("impact", format!("began {time}")),
            Self::ImpactEnded { time } => ("impact", format!("ended {time}")),
            Self::SeverityChanged { severity, reason } => ("severity", format!("{severity}: {reason}")),
            Self::RoleAssigned { role, person, note } if note.is_empty() => {
                ("role", format!("{role}: {person}"))
            }
            Self::RoleAssigned { role, person, note } => ("role", format!("{role}: {person} ({note})")),
            Self::PhaseChanged { phase } => ("phase", phase.to_string()),
            Self::Fact { text } => ("fact", text.clone()),
            Self::Decision { text, .. } => ("decision", text.clone()),
            Self::Asked { who, question, minutes } => ("ask", format!("@{who} {question} ({minutes} min)")),
            Self::Answered { answer, .. } => ("answer", answer.clone()),
            Self::Hypothesis { text, .. } => ("hypothesis", text.clone()),
            Self::HypothesisJudged { verdict, reason, .. } => ("hypothesis", format!("{verdict}: {reason}")),
            Self::EvidencePinned { text } => ("evidence", text.clone()),
            Self::StatusUpdate { audience, text } => {
                ("update", format!("to {audience}: {}", text.lines().next().unwrap_or_default()))
            }
            Self::Step { question, answer, .. } => ("step", format!("{question} {answer}")),
            Self::MitigationStarted { mitigation } => {
                ("mitigation", format!("{} {}: {}", mitigation.kind, mitigation.target, mitigation.intent))
            }
            Self::MitigationMeasured { verdict, text, .. } => ("measured", format!("{verdict}: {text}")),
            Self::MitigationUndone { reason, .. } => ("undone", reason.clone()),
            Self::RcaField { field, text } => {
                ("rca", format!("{field}: {}", text.lines().next().unwrap_or_default()))
            }
            Self::RcaWhys { whys } => ("rca", format!("{} whys", whys.len())),
            Self::RcaFactor { factor } => ("rca", format!("factor: {}", factor.text)),
            Self::ActionAdded { action } => {
                ("action", format!("{}: {}", ActionClass::name(action.class), action.text))
            }
            Self::ActionClosed { action } => ("action", format!("{action} done")),
            Self::Undone { entry } => ("undo", format!("entry {entry}")),
            Self::Unknown(_) => ("unknown", "recorded by another version".to_owned()),
        }
    }

    /// Short for tests and for callers that have a plain sentence.
    pub fn fact(text: impl Into<String>) -> Self {
        Self::Fact { text: text.into() }
    }

    /// The kind of mitigation, if it starts one.
    pub fn mitigation_kind(&self) -> Option<MitigationKind> {
        match self {
            Self::MitigationStarted { mitigation } => Some(mitigation.kind),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chain_of(texts: &[&str]) -> Vec<Entry> {
        let mut entries: Vec<Entry> = Vec::new();
        for (sequence, text) in (1..).zip(texts) {
            let draft = Draft {
                happened: Time::from_seconds(sequence as i64),
                recorded: Time::from_seconds(sequence as i64),
                author: "ann".into(),
                what: What::fact(*text),
                pins: Vec::new(),
            };
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
        assert!(matches!(Entry::stored(1, other, String::new()).draft.what, What::Unknown(_)));
        assert!(matches!(Entry::stored(1, "rubbish".into(), String::new()).draft.what, What::Unknown(_)));
    }
}
