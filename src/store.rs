//! The journal on disk: SQLite by default, PostgreSQL for a team. Appends and reads, nothing else.

mod bundle;
mod key;
mod news;
mod postgres;
mod sqlite;
mod team;

pub use bundle::{export, export_redacted, import};
pub use news::News;
pub use postgres::Postgres;
pub use sqlite::Sqlite;
pub use team::Team;

use crate::incident::{Broken, Draft, Entry, Incident, seal, verify};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Where journals are kept. All of them keep the same promises, tested by one suite:
///
/// - an entry that was acknowledged is there after a crash, once;
/// - entries of an incident have one order, without a gap;
/// - nothing that was recorded is ever changed or removed;
/// - a draft that is appended again, with the same key, is recorded once.
pub enum Store {
    Sqlite(Sqlite),
    Postgres(Postgres),
    /// A PostgreSQL, with a file on this machine that steps in while it cannot be reached.
    Team(Team),
    /// For tests and for a disk that cannot be written: gone when the program ends, and the screen says so.
    Memory(Mutex<BTreeMap<String, Vec<Entry>>>),
}

/// A pool whose connections are kept as long as it is: each is tried before it is used. The task that would look after them
/// was seen to spin for ever when a program ended just as it counted them.
fn unattended<DB: sqlx::Database>(options: sqlx::pool::PoolOptions<DB>) -> sqlx::pool::PoolOptions<DB> {
    options.idle_timeout(None).max_lifetime(None)
}

/// The file that steps in for a team's database, beside the one for a person alone.
pub const OUTBOX: &str = "team-outbox.db";

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

    /// Opens a team's database, with a file that steps in while it cannot be reached, now or later.
    pub async fn open_team(address: &str, outbox: &Path) -> Result<Self, StoreError> {
        Team::open(address, outbox).await.map(Self::Team)
    }

    /// Appends an entry; when this returns, it survives a crash. Gives the entry in its place.
    pub async fn append(&self, incident: &str, draft: Draft) -> Result<Entry, StoreError> {
        let draft = key::with_key(draft);
        match self {
            Self::Sqlite(store) => store.append(incident, draft).await,
            Self::Postgres(store) => store.append(incident, draft).await,
            Self::Team(store) => store.append(incident, draft).await,
            Self::Memory(journals) => Ok(append_in(&mut locked(journals), incident, draft)),
        }
    }

    /// Appends the first entry of a new incident, under a name that no other has: `INC-0042`.
    pub async fn declare(&self, draft: Draft) -> Result<(String, Entry), StoreError> {
        let draft = key::with_key(draft);
        match self {
            Self::Sqlite(store) => store.declare(draft).await,
            Self::Postgres(store) => store.declare(draft).await,
            Self::Team(store) => store.declare(draft).await,
            Self::Memory(journals) => {
                let mut journals = locked(journals);
                let name = next_name(journals.keys().map(String::as_str));
                let entry = append_in(&mut journals, &name, draft);
                Ok((name, entry))
            }
        }
    }

    /// The journal of an incident, oldest first; empty for one that does not exist.
    pub async fn entries(&self, incident: &str) -> Result<Vec<Entry>, StoreError> {
        match self {
            Self::Sqlite(store) => store.entries(incident).await,
            Self::Postgres(store) => store.entries(incident).await,
            Self::Team(store) => store.entries(incident).await,
            Self::Memory(journals) => Ok(locked(journals).get(incident).cloned().unwrap_or_default()),
        }
    }

    /// The incidents that have a journal, newest name first.
    pub async fn list(&self) -> Result<Vec<String>, StoreError> {
        match self {
            Self::Sqlite(store) => store.list().await,
            Self::Postgres(store) => store.list().await,
            Self::Team(store) => store.list().await,
            Self::Memory(journals) => Ok(locked(journals).keys().rev().cloned().collect()),
        }
    }

    /// Takes a journal in as it is, to the byte, behind what is there of it; all of it or nothing.
    pub(crate) async fn take_in(&self, incident: &str, entries: Vec<Entry>) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(store) => store.take_in(incident, entries).await,
            Self::Postgres(store) => store.take_in(incident, entries).await,
            Self::Team(store) => store.take_in(incident, entries).await,
            Self::Memory(journals) => {
                locked(journals).entry(incident.to_owned()).or_default().extend(entries);
                Ok(())
            }
        }
    }

    /// A name that no incident has yet, for a suggestion; [`Store::declare`] is what makes sure.
    pub async fn new_name(&self) -> Result<String, StoreError> {
        Ok(next_name(self.list().await?.iter().map(String::as_str)))
    }

    /// An incident as its journal tells it; `None` if there is none of that name.
    pub async fn incident(&self, name: &str) -> Result<Option<Incident>, StoreError> {
        let entries = self.entries(name).await?;
        Ok((!entries.is_empty()).then(|| Incident::replay(name, &entries)))
    }

    /// Checks the chain of an incident; gives how many entries it has. Entries that wait for a database are not in it yet.
    pub async fn verify(&self, name: &str) -> Result<usize, StoreError> {
        let mut entries = self.entries(name).await?;
        entries.retain(|entry| !entry.is_pending());
        verify(&entries).map_err(|broken| StoreError::Broken { incident: name.to_owned(), broken })?;
        Ok(entries.len())
    }

    /// Lets go of files and connections. Nothing depends on it: what was acknowledged is safe without.
    pub async fn close(self) {
        match self {
            Self::Sqlite(store) => store.close().await,
            Self::Postgres(store) => store.close().await,
            Self::Team(store) => store.close().await,
            Self::Memory(_) => {}
        }
    }

    /// Why nothing can be recorded for now, or is kept only here; for a line that stays on the screen.
    pub fn trouble(&self) -> Option<String> {
        match self {
            Self::Sqlite(store) => store.trouble(),
            Self::Postgres(_) => None,
            Self::Team(store) => store.trouble(),
            Self::Memory(_) => Some("the record is only in memory and gone when this ends".to_owned()),
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn append_in(journals: &mut BTreeMap<String, Vec<Entry>>, incident: &str, draft: Draft) -> Entry {
    let journal = journals.entry(incident.to_owned()).or_default();
    if let Some(known) = journal.iter().find(|entry| entry.draft.key == draft.key) {
        return known.clone();
    }
    let previous = journal.last().map_or("", |entry| &entry.hash);
    let entry = seal(draft, journal.len() as u64 + 1, previous);
    journal.push(entry.clone());
    entry
}

fn next_name<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let numbers = names.filter_map(|name| {
        let digits = name.strip_prefix("INC-")?;
        digits.split('-').next()?.parse::<u32>().ok()
    });
    format!("INC-{:04}", numbers.max().unwrap_or(0) + 1)
}

fn append_error(error: &sqlx::Error) -> StoreError {
    let says = |words: &[&str]| match error {
        sqlx::Error::Database(error) => words.iter().any(|word| error.message().contains(word)),
        _ => false,
    };
    let reason = if says(&["full", "No space left"]) {
        "the disk is full; free some space, then press the key again".to_owned()
    } else if says(&["readonly", "read-only"]) {
        READ_ONLY.to_owned()
    } else if says(&["locked", "busy"]) {
        "another program has held the file for ten seconds; try again".to_owned()
    } else {
        error.to_string()
    };
    StoreError::Append { reason }
}

const READ_ONLY: &str =
    "the file can only be read; check its permissions or choose another with `store` in the configuration";

fn read_error(error: &sqlx::Error) -> StoreError {
    StoreError::Read { reason: error.to_string() }
}
