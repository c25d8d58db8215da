//! One database for a team: several cockpits write into one journal and are told of each other's entries.

use super::{StoreError, append_error, next_name, read_error, unattended};
use crate::incident::{Draft, Entry, seal};
use sqlx::Row;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgListener, PgPool, PgPoolOptions};
use std::str::FromStr;
use std::time::Duration;
use tokio::sync::OnceCell;

/// A shared journal.
pub struct Postgres {
    pool: PgPool,
    is_prepared: OnceCell<()>,
}

/// The channel on which cockpits are told that an incident has a new entry.
const CHANNEL: &str = "bridgewatch_entry";
/// Steps of the table's form, in order; the database remembers how many it has taken.
const MIGRATIONS: [&str; 1] = [include_str!("postgres/0001_journal.sql")];
const PATIENCE: Duration = Duration::from_secs(5);

impl Postgres {
    /// Connects, and makes the table if it is not there.
    pub async fn open(address: &str) -> Result<Self, StoreError> {
        let store = Self::later(address)?;
        store
            .prepared()
            .await
            .map_err(|error| StoreError::Open { place: place(address), reason: error.to_string() })?;
        Ok(store)
    }

    /// Takes the address, and connects when it is needed.
    pub(super) fn later(address: &str) -> Result<Self, StoreError> {
        let options = PgConnectOptions::from_str(address)
            .map_err(|error| StoreError::Open { place: place(address), reason: error.to_string() })?
            .application_name("bridgewatch")
            // Whatever the server's default is: acknowledged means on disk.
            .options([("synchronous_commit", "on")]);
        let pool = unattended(PgPoolOptions::new().max_connections(4).acquire_timeout(PATIENCE))
            .connect_lazy_with(options);
        Ok(Self { pool, is_prepared: OnceCell::new() })
    }

    /// The pool, once the table is there.
    async fn prepared(&self) -> Result<&PgPool, sqlx::Error> {
        self.is_prepared.get_or_try_init(|| migrate(&self.pool)).await?;
        Ok(&self.pool)
    }

    /// Hears of new entries, by incident, from every cockpit on this database.
    pub async fn listen(&self) -> Result<PgListener, StoreError> {
        self.try_listen().await.map_err(|error| read_error(&error))
    }

    async fn try_listen(&self) -> Result<PgListener, sqlx::Error> {
        let mut listener = PgListener::connect_with(self.prepared().await?).await?;
        listener.listen(CHANNEL).await?;
        Ok(listener)
    }

    pub(super) async fn close(&self) {
        self.pool.close().await;
    }

    /// Whether it answers, now.
    pub(super) async fn ping(&self) -> Result<(), sqlx::Error> {
        sqlx::query("SELECT 1").execute(self.prepared().await?).await.map(|_| ())
    }

    pub(super) async fn append(&self, incident: &str, draft: Draft) -> Result<Entry, StoreError> {
        let first = self.try_append(incident, draft.clone()).await;
        match first {
            // The connection broke somewhere between asking and being told: the key makes asking again harmless.
            Err(error) if is_unreachable(&error) => self.try_append(incident, draft).await,
            other => other,
        }
        .map_err(|error| append_error(&error))
    }

    pub(super) async fn try_append(&self, incident: &str, draft: Draft) -> Result<Entry, sqlx::Error> {
        let mut transaction = self.prepared().await?.begin().await?;
        lock(&mut transaction, incident).await?;
        let entry = append_in(&mut transaction, incident, draft).await?;
        transaction.commit().await?;
        Ok(entry)
    }

    pub(super) async fn declare(&self, draft: Draft) -> Result<(String, Entry), StoreError> {
        self.try_declare(draft).await.map_err(|error| append_error(&error))
    }

    pub(super) async fn try_declare(&self, draft: Draft) -> Result<(String, Entry), sqlx::Error> {
        let mut transaction = self.prepared().await?.begin().await?;
        lock(&mut transaction, "a new incident").await?;
        let known: Option<String> =
            sqlx::query_scalar("SELECT incident FROM bridgewatch.entry WHERE key = $1 AND sequence = 1")
                .bind(&draft.key)
                .fetch_optional(&mut *transaction)
                .await?;
        let name = match known {
            Some(name) => name,
            None => {
                let names: Vec<String> =
                    sqlx::query_scalar("SELECT DISTINCT incident FROM bridgewatch.entry")
                        .fetch_all(&mut *transaction)
                        .await?;
                next_name(names.iter().map(String::as_str))
            }
        };
        lock(&mut transaction, &name).await?;
        let entry = append_in(&mut transaction, &name, draft).await?;
        transaction.commit().await?;
        Ok((name, entry))
    }

    pub(super) async fn take_in(&self, incident: &str, entries: Vec<Entry>) -> Result<(), StoreError> {
        self.try_take_in(incident, &entries).await.map_err(|error| append_error(&error))
    }

    async fn try_take_in(&self, incident: &str, entries: &[Entry]) -> Result<(), sqlx::Error> {
        let mut transaction = self.prepared().await?.begin().await?;
        lock(&mut transaction, incident).await?;
        for entry in entries {
            insert(&mut transaction, incident, entry).await?;
        }
        transaction.commit().await
    }

    pub(super) async fn entries(&self, incident: &str) -> Result<Vec<Entry>, StoreError> {
        self.entries_after(incident, 0).await.map_err(|error| read_error(&error))
    }

    pub(super) async fn entries_after(&self, incident: &str, after: u64) -> Result<Vec<Entry>, sqlx::Error> {
        let rows = sqlx::query(
            "SELECT sequence, body, hash FROM bridgewatch.entry \
             WHERE incident = $1 AND sequence > $2 ORDER BY sequence",
        )
        .bind(incident)
        .bind(after as i64)
        .fetch_all(self.prepared().await?)
        .await?;
        Ok(rows
            .into_iter()
            .map(|row| Entry::stored(row.get::<i64, _>(0) as u64, row.get(1), row.get(2)))
            .collect())
    }

    pub(super) async fn list(&self) -> Result<Vec<String>, StoreError> {
        self.names().await.map_err(|error| read_error(&error))
    }

    pub(super) async fn names(&self) -> Result<Vec<String>, sqlx::Error> {
        sqlx::query_scalar("SELECT DISTINCT incident FROM bridgewatch.entry ORDER BY incident DESC")
            .fetch_all(self.prepared().await?)
            .await
    }
}

/// The address without its password: only the host is named in an error.
pub(super) fn place(address: &str) -> String {
    address.rsplit('@').next().unwrap_or("postgres").to_owned()
}

/// Whether the database could not be reached, or cannot work for now; not that it refused.
pub(super) fn is_unreachable(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed => true,
        // Connection trouble, out of resources, shutting down, an internal fault of the server.
        sqlx::Error::Database(error) => error
            .code()
            .is_some_and(|code| ["08", "53", "57P", "58"].iter().any(|class| code.starts_with(class))),
        _ => false,
    }
}

async fn migrate(pool: &PgPool) -> Result<(), sqlx::Error> {
    let mut transaction = pool.begin().await?;
    // Two cockpits that start at once must not both make the table.
    lock(&mut transaction, "the form of the table").await?;
    sqlx::raw_sql(
        "CREATE SCHEMA IF NOT EXISTS bridgewatch; \
         CREATE TABLE IF NOT EXISTS bridgewatch.form (step BIGINT PRIMARY KEY)",
    )
    .execute(&mut *transaction)
    .await?;
    let done: i64 = sqlx::query_scalar("SELECT COALESCE(max(step), 0) FROM bridgewatch.form")
        .fetch_one(&mut *transaction)
        .await?;
    if done as usize > MIGRATIONS.len() {
        return Err(sqlx::Error::Configuration(
            format!("a newer bridgewatch made its tables (form {done}): please update this one").into(),
        ));
    }
    for (number, step) in (1i64..).zip(MIGRATIONS).filter(|(number, _)| *number > done) {
        sqlx::raw_sql(step).execute(&mut *transaction).await?;
        sqlx::query("INSERT INTO bridgewatch.form VALUES ($1)")
            .bind(number)
            .execute(&mut *transaction)
            .await?;
    }
    transaction.commit().await
}

/// One writer an incident at a time: the chain has one order.
async fn lock(connection: &mut PgConnection, what: &str) -> Result<(), sqlx::Error> {
    sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended('bridgewatch ' || $1, 0))")
        .bind(what)
        .execute(connection)
        .await?;
    Ok(())
}

async fn append_in(
    connection: &mut PgConnection,
    incident: &str,
    draft: Draft,
) -> Result<Entry, sqlx::Error> {
    let known = sqlx::query(
        "SELECT sequence, body, hash FROM bridgewatch.entry WHERE incident = $1 AND key = $2 AND key <> ''",
    )
    .bind(incident)
    .bind(&draft.key)
    .fetch_optional(&mut *connection)
    .await?;
    if let Some(row) = known {
        return Ok(Entry::stored(row.get::<i64, _>(0) as u64, row.get(1), row.get(2)));
    }
    let last = sqlx::query(
        "SELECT sequence, hash FROM bridgewatch.entry WHERE incident = $1 ORDER BY sequence DESC LIMIT 1",
    )
    .bind(incident)
    .fetch_optional(&mut *connection)
    .await?;
    let (sequence, previous) =
        last.map_or((0, String::new()), |row| (row.get::<i64, _>(0), row.get::<String, _>(1)));
    let entry = seal(draft, sequence as u64 + 1, &previous);
    insert(connection, incident, &entry).await?;
    Ok(entry)
}

async fn insert(connection: &mut PgConnection, incident: &str, entry: &Entry) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO bridgewatch.entry (incident, sequence, body, hash, key) VALUES ($1, $2, $3, $4, $5)",
    )
    .bind(incident)
    .bind(entry.sequence as i64)
    .bind(&entry.body)
    .bind(&entry.hash)
    .bind(&entry.draft.key)
    .execute(&mut *connection)
    .await?;
    sqlx::query("SELECT pg_notify($1, $2)").bind(CHANNEL).bind(incident).execute(connection).await?;
    Ok(())
}
