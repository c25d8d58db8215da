//! One database for a team: several cockpits write into one journal and are told of each other's entries.

use super::{StoreError, append_error, read_error};
use crate::incident::{Draft, Entry, seal};
use sqlx::Row;
use sqlx::postgres::{PgListener, PgPool, PgPoolOptions};
use std::time::Duration;

/// A shared journal.
pub struct Postgres {
    pool: PgPool,
}

/// The channel on which cockpits are told that an incident has a new entry.
const CHANNEL: &str = "bridgewatch_entry";

impl Postgres {
    /// Connects, and makes the table if it is not there.
    pub async fn open(address: &str) -> Result<Self, StoreError> {
        // The address may hold a password: only the host is named in an error.
        let place = address.rsplit('@').next().unwrap_or("postgres").to_owned();
        let failed =
            |error: sqlx::Error| StoreError::Open { place: place.clone(), reason: error.to_string() };
        let pool = PgPoolOptions::new()
            .max_connections(4)
            .acquire_timeout(Duration::from_secs(5))
            .connect(address)
            .await
            .map_err(failed)?;
        let mut connection = pool.acquire().await.map_err(failed)?;
        // Two cockpits that start at once must not both make the table.
        sqlx::query("SELECT pg_advisory_lock(hashtext('bridgewatch'))")
            .execute(&mut *connection)
            .await
            .map_err(failed)?;
        let made = sqlx::raw_sql(include_str!("postgres/0001_journal.sql")).execute(&mut *connection).await;
        sqlx::query("SELECT pg_advisory_unlock(hashtext('bridgewatch'))")
            .execute(&mut *connection)
            .await
            .map_err(failed)?;
        made.map_err(failed)?;
        drop(connection);
        Ok(Self { pool })
    }

    /// Hears of new entries, by incident, from every cockpit on this database.
    pub async fn listen(&self) -> Result<PgListener, StoreError> {
        let mut listener = PgListener::connect_with(&self.pool).await.map_err(|error| read_error(&error))?;
        listener.listen(CHANNEL).await.map_err(|error| read_error(&error))?;
        Ok(listener)
    }

    pub(super) async fn append(&self, incident: &str, draft: Draft) -> Result<Entry, StoreError> {
        self.try_append(incident, draft).await.map_err(|error| append_error(&error))
    }

    async fn try_append(&self, incident: &str, draft: Draft) -> Result<Entry, sqlx::Error> {
        let mut transaction = self.pool.begin().await?;
        // One writer an incident at a time: the chain has one order.
        sqlx::query("SELECT pg_advisory_xact_lock(hashtext($1))")
            .bind(incident)
            .execute(&mut *transaction)
            .await?;
        let last = sqlx::query(
            "SELECT sequence, hash FROM entry WHERE incident = $1 ORDER BY sequence DESC LIMIT 1",
        )
        .bind(incident)
        .fetch_optional(&mut *transaction)
        .await?;
        let (sequence, previous) =
            last.map_or((0, String::new()), |row| (row.get::<i64, _>(0), row.get::<String, _>(1)));
        let entry = seal(draft, sequence as u64 + 1, &previous);
        sqlx::query("INSERT INTO entry (incident, sequence, body, hash) VALUES ($1, $2, $3, $4)")
            .bind(incident)
            .bind(entry.sequence as i64)
            .bind(&entry.body)
            .bind(&entry.hash)
            .execute(&mut *transaction)
            .await?;
        sqlx::query("SELECT pg_notify($1, $2)")
            .bind(CHANNEL)
            .bind(incident)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(entry)
    }

    pub(super) async fn entries(&self, incident: &str) -> Result<Vec<Entry>, StoreError> {
        let rows =
            sqlx::query("SELECT sequence, body, hash FROM entry WHERE incident = $1 ORDER BY sequence")
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
