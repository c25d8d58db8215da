//! The file on this machine that steps in for a team's database: a mirror of its journals, and what waits to go there.

use crate::incident::{Draft, Entry, PENDING};
use crate::store::sqlite::{connect, migrate};
use sqlx::Row;
use sqlx::sqlite::SqlitePool;
use std::path::Path;

pub(super) struct Outbox {
    pool: SqlitePool,
}

/// An entry that waits.
pub(super) struct Waiting {
    pub(super) number: i64,
    pub(super) incident: String,
    pub(super) draft: Draft,
}

const MIGRATIONS: [&str; 1] = [include_str!("0001_outbox.sql")];

impl Outbox {
    pub(super) async fn open(path: &Path) -> Result<Self, String> {
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder).map_err(|error| error.to_string())?;
        }
        let pool = connect(&path.display().to_string()).await.map_err(|error| error.to_string())?;
        migrate(&pool, &MIGRATIONS).await?;
        Ok(Self { pool })
    }

    pub(super) async fn close(&self) {
        self.pool.close().await;
    }

    /// Keeps an entry until the database is back; when this returns, it survives a crash.
    pub(super) async fn keep(&self, incident: &str, draft: Draft) -> Result<Entry, sqlx::Error> {
        let text = serde_json::to_string(&draft).map_err(|error| sqlx::Error::Encode(error.into()))?;
        let number: i64 = sqlx::query_scalar(
            "INSERT INTO pending (incident, draft, key) VALUES (?, ?, ?) \
             ON CONFLICT (key) DO UPDATE SET key = key RETURNING number",
        )
        .bind(incident)
        .bind(&text)
        .bind(&draft.key)
        .fetch_one(&self.pool)
        .await?;
        Ok(waiting_entry(number, text, draft))
    }

    /// What waits, oldest first.
    pub(super) async fn waiting(&self) -> Result<Vec<Waiting>, sqlx::Error> {
        let rows =
            sqlx::query("SELECT number, incident, draft FROM pending WHERE place IS NULL ORDER BY number")
                .fetch_all(&self.pool)
                .await?;
        let read = |row: sqlx::sqlite::SqliteRow| {
            let draft = serde_json::from_str(&row.get::<String, _>(2))
                .map_err(|error| sqlx::Error::Decode(error.into()))?;
            Ok(Waiting { number: row.get(0), incident: row.get(1), draft })
        };
        rows.into_iter().map(read).collect()
    }

    pub(super) async fn count_waiting(&self) -> Result<usize, sqlx::Error> {
        let count: i64 = sqlx::query_scalar("SELECT count(*) FROM pending WHERE place IS NULL")
            .fetch_one(&self.pool)
            .await?;
        Ok(count as usize)
    }

    /// Remembers where a waiting entry has got its place, and the entry itself.
    pub(super) async fn placed(&self, waiting: &Waiting, entry: &Entry) -> Result<(), sqlx::Error> {
        self.mirror(&waiting.incident, std::slice::from_ref(entry)).await?;
        sqlx::query("UPDATE pending SET place = ? WHERE number = ?")
            .bind(entry.sequence as i64)
            .bind(waiting.number)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Where entries that had waited have got their places: (number while it waited, place).
    pub(super) async fn places(&self) -> Result<Vec<(u64, u64)>, sqlx::Error> {
        let rows = sqlx::query("SELECT number, place FROM pending WHERE place IS NOT NULL")
            .fetch_all(&self.pool)
            .await?;
        Ok(rows
            .into_iter()
            .map(|row| (PENDING + row.get::<i64, _>(0) as u64, row.get::<i64, _>(1) as u64))
            .collect())
    }

    pub(super) async fn mirror(&self, incident: &str, entries: &[Entry]) -> Result<(), sqlx::Error> {
        let mut transaction = self.pool.begin().await?;
        for entry in entries {
            sqlx::query("INSERT OR REPLACE INTO mirror (incident, sequence, body, hash) VALUES (?, ?, ?, ?)")
                .bind(incident)
                .bind(entry.sequence as i64)
                .bind(&entry.body)
                .bind(&entry.hash)
                .execute(&mut *transaction)
                .await?;
        }
        transaction.commit().await
    }

    /// How many entries of a journal are mirrored without a gap.
    pub(super) async fn mirrored(&self, incident: &str) -> Result<u64, sqlx::Error> {
        let (most, count): (Option<i64>, i64) =
            sqlx::query_as("SELECT max(sequence), count(*) FROM mirror WHERE incident = ?")
                .bind(incident)
                .fetch_one(&self.pool)
                .await?;
        // Own entries are mirrored as they are made, so those of others before them may be missing.
        Ok(most.filter(|most| *most == count).unwrap_or(0) as u64)
    }

    /// A journal as it is known here: the mirror, and what waits.
    pub(super) async fn entries(&self, incident: &str) -> Result<Vec<Entry>, sqlx::Error> {
        let rows =
            sqlx::query("SELECT sequence, body, hash FROM mirror WHERE incident = ? ORDER BY sequence")
                .bind(incident)
                .fetch_all(&self.pool)
                .await?;
        let mut entries: Vec<Entry> = rows
            .into_iter()
            .map(|row| Entry::stored(row.get::<i64, _>(0) as u64, row.get(1), row.get(2)))
            .collect();
        let waiting = self.waiting().await?.into_iter().filter(|one| one.incident == incident);
        entries.extend(waiting.map(|one| {
            let text = serde_json::to_string(&one.draft).unwrap_or_default();
            waiting_entry(one.number, text, one.draft)
        }));
        Ok(entries)
    }

    pub(super) async fn names(&self) -> Result<Vec<String>, sqlx::Error> {
        sqlx::query_scalar(
            "SELECT incident FROM mirror UNION SELECT incident FROM pending WHERE place IS NULL",
        )
        .fetch_all(&self.pool)
        .await
    }
}

fn waiting_entry(number: i64, body: String, draft: Draft) -> Entry {
    Entry { sequence: PENDING + number as u64, draft, body, hash: String::new() }
}
