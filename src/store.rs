//! The journal on disk: SQLite by default, PostgreSQL for a team. Appends and reads, nothing else.

mod bundle;
mod postgres;
mod sqlite;

pub use bundle::{export, import};
pub use postgres::Postgres;
pub use sqlite::Sqlite;

use crate::incident::{Broken, Draft, Entry, Incident, seal, verify};
use std::collections::BTreeMap;
use std::sync::Mutex;

/// Where journals are kept. All of them keep the same promises, tested by one suite.
pub enum Store {
    Sqlite(Sqlite),
    Postgres(Postgres),
    /// For tests and for a disk that cannot be written: gone when the program ends, and the screen says so.
    Memory(Mutex<BTreeMap<String, Vec<Entry>>>),
}

/// Why the journal could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("cannot open the journal at {place}: {reason}")]
    Open { place: String, reason: String },
    #[error("the entry was NOT recorded: {reason}")]
    Append { reason: String },
    #[error("cannot read the journal: {reason}")]
    Read { reason: String },
    #[error("the journal of {incident} is damaged at entry {}: {}", .broken.sequence, .broken.reason)]
    Broken { incident: String, broken: Broken },
    #[error("cannot read the bundle: {reason}")]
    Bundle { reason: String },
}

impl Store {
    pub fn memory() -> Self {
        Self::Memory(Mutex::default())
    }

    /// Opens what a configuration names: a `postgres://` address, or the path of a SQLite file.
    pub async fn open(place: &str) -> Result<Self, StoreError> {
        if place.starts_with("postgres://") || place.starts_with("postgresql://") {
            Postgres::open(place).await.map(Self::Postgres)
        } else {
            Sqlite::open(place).await.map(Self::Sqlite)
        }
    }

    /// Appends an entry; when this returns, it survives a crash. Gives the entry in its place.
    pub async fn append(&self, incident: &str, draft: Draft) -> Result<Entry, StoreError> {
        match self {
            Self::Sqlite(store) => store.append(incident, draft).await,
            Self::Postgres(store) => store.append(incident, draft).await,
            Self::Memory(journals) => {
                let mut journals = journals.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                let journal = journals.entry(incident.to_owned()).or_default();
                let previous = journal.last().map_or("", |entry| &entry.hash);
                let entry = seal(draft, journal.len() as u64 + 1, previous);
                journal.push(entry.clone());
                Ok(entry)
            }
        }
    }

    /// The journal of an incident, oldest first; empty for one that does not exist.
    pub async fn entries(&self, incident: &str) -> Result<Vec<Entry>, StoreError> {
        match self {
            Self::Sqlite(store) => store.entries(incident).await,
            Self::Postgres(store) => store.entries(incident).await,
            Self::Memory(journals) => {
                let journals = journals.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                Ok(journals.get(incident).cloned().unwrap_or_default())
            }
        }
    }

    /// The incidents that have a journal, newest name first.
    pub async fn list(&self) -> Result<Vec<String>, StoreError> {
        match self {
            Self::Sqlite(store) => store.list().await,
            Self::Postgres(store) => store.list().await,
            Self::Memory(journals) => {
                let journals = journals.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                Ok(journals.keys().rev().cloned().collect())
            }
        }
    }

    /// A name that no incident has yet: `INC-0042`.
    pub async fn new_name(&self) -> Result<String, StoreError> {
        let highest =
            self.list().await?.iter().filter_map(|name| name.strip_prefix("INC-")?.parse::<u32>().ok()).max();
        Ok(format!("INC-{:04}", highest.unwrap_or(0) + 1))
    }

    /// An incident as its journal tells it; `None` if there is none of that name.
    pub async fn incident(&self, name: &str) -> Result<Option<Incident>, StoreError> {
        let entries = self.entries(name).await?;
        Ok((!entries.is_empty()).then(|| Incident::replay(name, &entries)))
    }

    /// Checks the chain of an incident; gives how many entries it has.
    pub async fn verify(&self, name: &str) -> Result<usize, StoreError> {
        let entries = self.entries(name).await?;
        verify(&entries).map_err(|broken| StoreError::Broken { incident: name.to_owned(), broken })?;
        Ok(entries.len())
    }
}

fn append_error(error: &sqlx::Error) -> StoreError {
    let reason = match error {
        sqlx::Error::Database(error) if error.message().contains("full") => {
            "the disk is full; free some space, then press the key again".to_owned()
        }
        sqlx::Error::Database(error) if error.message().contains("readonly") => {
            "the file can only be read; check its permissions or choose another with `store` in the configuration".to_owned()
        }
        other => other.to_string(),
    };
    StoreError::Append { reason }
}

fn read_error(error: &sqlx::Error) -> StoreError {
    StoreError::Read { reason: error.to_string() }
}
