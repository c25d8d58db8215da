//! One file on this machine. Write-ahead log and full synchronisation: what was acknowledged survives a kill -9.

use super::{StoreError, append_error, read_error};
use crate::incident::{Draft, Entry, seal};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{Connection, Row};
use std::path::Path;
use std::time::Duration;

/// An embedded journal.
pub struct Sqlite {
    pool: SqlitePool,
}

impl Sqlite {
    /// Opens the file, made with its folders if it is not there. `:memory:` for tests.
    pub async fn open(path: &str) -> Result<Self, StoreError> {
        let failed = |reason: String| StoreError::Open { place: path.to_owned(), reason };
        if let Some(folder) = Path::new(path).parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder).map_err(|error| failed(error.to_string()))?;
        }
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            // Another cockpit on the same file may be writing.
            .busy_timeout(Duration::from_secs(10));
        let pool = SqlitePoolOptions::new()
            .max_connections(1)
            .connect_with(options)
            .await
            .map_err(|error| failed(error.to_string()))?;
        sqlx::raw_sql(include_str!("sqlite/0001_journal.sql"))
            .execute(&pool)
            .await
            .map_err(|error| failed(error.to_string()))?;
        Ok(Self { pool })
    }

    pub(super) async fn append(&self, incident: &str, draft: Draft) -> Result<Entry, StoreError> {
        self.try_append(incident, draft).await.map_err(|error| append_error(&error))
    }

    async fn try_append(&self, incident: &str, draft: Draft) -> Result<Entry, sqlx::Error> {
        let mut connection = self.pool.acquire().await?;
        // Immediate: the last entry must not change between reading it and writing behind it.
        let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
        let last =
            sqlx::query("SELECT sequence, hash FROM entry WHERE incident = ? ORDER BY sequence DESC LIMIT 1")
                .bind(incident)
                .fetch_optional(&mut *transaction)
                .await?;
        let (sequence, previous) =
            last.map_or((0, String::new()), |row| (row.get::<i64, _>(0), row.get::<String, _>(1)));
        let entry = seal(draft, sequence as u64 + 1, &previous);
        sqlx::query("INSERT INTO entry (incident, sequence, body, hash) VALUES (?, ?, ?, ?)")
            .bind(incident)
            .bind(entry.sequence as i64)
            .bind(&entry.body)
            .bind(&entry.hash)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(entry)
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
        let rows = sqlx::query("SELECT DISTINCT incident FROM entry ORDER BY incident DESC")
            .fetch_all(&self.pool)
            .await
            .map_err(|error| read_error(&error))?;
        Ok(rows.into_iter().map(|row| row.get(0)).collect())
    }
}
