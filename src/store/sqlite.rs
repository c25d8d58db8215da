//! One file on this machine. Write-ahead log and full synchronisation: what was acknowledged survives a kill -9.

use super::{READ_ONLY, StoreError, append_error, next_name, read_error, unattended};
use crate::incident::{Draft, Entry, seal};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool, SqlitePoolOptions,
    SqliteSynchronous,
};
use sqlx::{Connection, Row};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// An embedded journal.
pub struct Sqlite {
    pool: SqlitePool,
    /// Set when the file can only be read: the folder of a copy of it, which is what is shown.
    copy: Option<PathBuf>,
}

/// Steps of the file's form, in order; a file remembers how many it has taken in `user_version`.
const MIGRATIONS: [&str; 2] = [include_str!("sqlite/0001_journal.sql"), include_str!("sqlite/0002_key.sql")];

impl Sqlite {
    /// Opens the file, made with its folders if it is not there. One that can only be read is shown, and takes nothing.
    pub async fn open(path: &str) -> Result<Self, StoreError> {
        match Self::open_to_write(path).await {
            Ok(store) => Ok(store),
            Err(error) if Path::new(path).is_file() && is_read_only(&error) => {
                Self::open_to_read(path).await.map_err(|_| error)
            }
            Err(error) => Err(error),
        }
    }

    async fn open_to_write(path: &str) -> Result<Self, StoreError> {
        let failed = |reason: String| StoreError::Open { place: path.to_owned(), reason };
        if let Some(folder) = Path::new(path).parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder).map_err(|error| failed(error.to_string()))?;
        }
        let pool = connect(path).await.map_err(|error| failed(error.to_string()))?;
        migrate(&pool, &MIGRATIONS).await.map_err(failed)?;
        Ok(Self { pool, copy: None })
    }

    /// A disk that can only be read cannot hold the locks of a write-ahead log either, so a copy is read, log and all.
    async fn open_to_read(path: &str) -> Result<Self, StoreError> {
        let failed = |reason: String| StoreError::Open { place: path.to_owned(), reason };
        let folder = std::env::temp_dir().join(format!("bridgewatch-{}", super::key::random()));
        std::fs::create_dir_all(&folder).map_err(|error| failed(error.to_string()))?;
        for ending in ["", "-wal"] {
            let from = PathBuf::from(format!("{path}{ending}"));
            if from.exists() {
                let to = folder.join(format!("journal.db{ending}"));
                std::fs::copy(&from, &to).map_err(|error| failed(error.to_string()))?;
            }
        }
        let copy = folder.join("journal.db").display().to_string();
        let pool = connect(&copy).await.map_err(|error| failed(error.to_string()))?;
        migrate(&pool, &MIGRATIONS).await.map_err(failed)?;
        Ok(Self { pool, copy: Some(folder) })
    }

    pub(super) async fn close(&self) {
        self.pool.close().await;
    }

    pub(super) fn trouble(&self) -> Option<String> {
        self.copy.as_ref().map(|_| format!("nothing can be recorded: {READ_ONLY}"))
    }

    pub(super) async fn append(&self, incident: &str, draft: Draft) -> Result<Entry, StoreError> {
        self.write(async |connection| append_in(connection, incident, draft).await).await
    }

    pub(super) async fn declare(&self, draft: Draft) -> Result<(String, Entry), StoreError> {
        let work = async |connection: &mut SqliteConnection| {
            let names: Vec<String> =
                sqlx::query_scalar("SELECT DISTINCT incident FROM entry").fetch_all(&mut *connection).await?;
            let name = next_name(names.iter().map(String::as_str));
            let entry = append_in(connection, &name, draft).await?;
            Ok((name, entry))
        };
        self.write(work).await
    }

    pub(super) async fn take_in(&self, incident: &str, entries: Vec<Entry>) -> Result<(), StoreError> {
        let work = async |connection: &mut SqliteConnection| {
            for entry in &entries {
                insert(connection, incident, entry).await?;
            }
            Ok(())
        };
        self.write(work).await
    }

    /// Does the work wholly or not at all.
    async fn write<T>(
        &self,
        work: impl AsyncFnOnce(&mut SqliteConnection) -> Result<T, sqlx::Error>,
    ) -> Result<T, StoreError> {
        if self.copy.is_some() {
            return Err(StoreError::Append { reason: READ_ONLY.to_owned() });
        }
        let mut connection = self.pool.acquire().await.map_err(|error| append_error(&error))?;
        let outcome = async {
            // Immediate: the last entry must not change between reading it and writing behind it.
            let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
            let done = work(&mut transaction).await?;
            transaction.commit().await?;
            Ok(done)
        }
        .await;
        if outcome.is_err() {
            // After a full disk nobody knows what is left of the transaction: the next entry gets a fresh connection.
            let _ = connection.detach().close_hard().await;
        }
        outcome.map_err(|error: sqlx::Error| append_error(&error))
    }

    pub(super) async fn entries(&self, incident: &str) -> Result<Vec<Entry>, StoreError> {
        let rows = sqlx::query("SELECT sequence, body, hash FROM entry WHERE incident = ? ORDER BY sequence")
            .bind(incident)
            .fetch_all(&self.pool)
            .await
            .map_err(|error| read_error(&error))?;
        Ok(rows
            .into_iter()
            .map(|row| Entry::stored(row.get::<i64, _>(0) as u64, row.get(1), row.get(2)))
            .collect())
    }

    pub(super) async fn list(&self) -> Result<Vec<String>, StoreError> {
        sqlx::query_scalar("SELECT DISTINCT incident FROM entry ORDER BY incident DESC")
            .fetch_all(&self.pool)
            .await
            .map_err(|error| read_error(&error))
    }

    /// A number that changes when another program wrote into the file.
    pub(super) async fn version(&self) -> Result<i64, sqlx::Error> {
        sqlx::query_scalar("PRAGMA data_version").fetch_one(&self.pool).await
    }

    /// How far each journal has come.
    pub(super) async fn heads(&self) -> Result<Vec<(String, i64)>, sqlx::Error> {
        sqlx::query_as("SELECT incident, max(sequence) FROM entry GROUP BY incident")
            .fetch_all(&self.pool)
            .await
    }
}

impl Drop for Sqlite {
    fn drop(&mut self) {
        if let Some(folder) = &self.copy {
            let _ = std::fs::remove_dir_all(folder);
        }
    }
}

/// One connection, so that this program's entries have one order; other programs wait for their turn.
pub(super) async fn connect(path: &str) -> Result<SqlitePool, sqlx::Error> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        // Another cockpit on the same file may be writing.
        .busy_timeout(PATIENCE);
    let begun = Instant::now();
    loop {
        let opened =
            unattended(SqlitePoolOptions::new().max_connections(1)).connect_with(options.clone()).await;
        match opened {
            Err(error) if waits(&error, begun) => tokio::time::sleep(PAUSE).await,
            outcome => return outcome,
        }
    }
}

/// How long another program may hold the file.
const PATIENCE: Duration = Duration::from_secs(10);
/// Between two tries of what does not wait by itself.
const PAUSE: Duration = Duration::from_millis(20);

/// Whether it is to be tried again: another program holds the file.
///
/// SQLite waits for its turn by itself, but not in all that opening needs. The switch of a new file to a write-ahead log
/// takes a lock that is refused at once when two programs do it together.
fn waits(error: &sqlx::Error, begun: Instant) -> bool {
    is_busy(error) && begun.elapsed() < PATIENCE
}

fn is_busy(error: &sqlx::Error) -> bool {
    // SQLITE_BUSY and SQLITE_LOCKED; extended codes, such as SQLITE_BUSY_RECOVERY, hold them in their lowest byte.
    let code = error.as_database_error().and_then(|error| error.code()?.parse::<u32>().ok());
    code.is_some_and(|code| matches!(code & 0xff, 5 | 6))
}

/// Brings a file to the newest form, step by step, each wholly or not at all.
pub(super) async fn migrate(pool: &SqlitePool, steps: &[&'static str]) -> Result<(), String> {
    let begun = Instant::now();
    let version = loop {
        match take_steps(pool, steps).await {
            Err(error) if waits(&error, begun) => tokio::time::sleep(PAUSE).await,
            outcome => break outcome.map_err(|error| error.to_string())?,
        }
    };
    if version as usize > steps.len() {
        return Err(format!(
            "a newer bridgewatch wrote it (form {version}, this one knows {}): please update this one",
            steps.len()
        ));
    }
    Ok(())
}

async fn take_steps(pool: &SqlitePool, steps: &[&'static str]) -> Result<i64, sqlx::Error> {
    let mut connection = pool.acquire().await?;
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    let version: i64 = sqlx::query_scalar("PRAGMA user_version").fetch_one(&mut *transaction).await?;
    for (number, step) in (1i64..).zip(steps).filter(|(number, _)| *number > version) {
        sqlx::raw_sql(*step).execute(&mut *transaction).await?;
        let remember = sqlx::AssertSqlSafe(format!("PRAGMA user_version = {number}"));
        sqlx::raw_sql(remember).execute(&mut *transaction).await?;
    }
    transaction.commit().await?;
    Ok(version)
}

fn is_read_only(error: &StoreError) -> bool {
    let text = error.to_string();
    let words = ["readonly", "read-only", "Read-only", "unable to open", "ermission denied"];
    words.iter().any(|word| text.contains(word))
}

async fn append_in(
    connection: &mut SqliteConnection,
    incident: &str,
    draft: Draft,
) -> Result<Entry, sqlx::Error> {
    let known =
        sqlx::query("SELECT sequence, body, hash FROM entry WHERE incident = ? AND key = ? AND key <> ''")
            .bind(incident)
            .bind(&draft.key)
            .fetch_optional(&mut *connection)
            .await?;
    if let Some(row) = known {
        return Ok(Entry::stored(row.get::<i64, _>(0) as u64, row.get(1), row.get(2)));
    }
    let last =
        sqlx::query("SELECT sequence, hash FROM entry WHERE incident = ? ORDER BY sequence DESC LIMIT 1")
            .bind(incident)
            .fetch_optional(&mut *connection)
            .await?;
    let (sequence, previous) =
        last.map_or((0, String::new()), |row| (row.get::<i64, _>(0), row.get::<String, _>(1)));
    let entry = seal(draft, sequence as u64 + 1, &previous);
    insert(connection, incident, &entry).await?;
    Ok(entry)
}

async fn insert(connection: &mut SqliteConnection, incident: &str, entry: &Entry) -> Result<(), sqlx::Error> {
    sqlx::query("INSERT INTO entry (incident, sequence, body, hash, key) VALUES (?, ?, ?, ?, ?)")
        .bind(incident)
        .bind(entry.sequence as i64)
        .bind(&entry.body)
        .bind(&entry.hash)
        .bind(&entry.draft.key)
        .execute(connection)
        .await?;
    Ok(())
}
