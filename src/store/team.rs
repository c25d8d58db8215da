//! A team's database with a file on this machine that steps in while it cannot be reached.
//!
//! What is recorded meanwhile waits in the file, is shown with the rest, and goes into the one journal, in its order, when
//! the database is back. Every entry has a key, so that one whose acknowledgement was lost on the way is there once.

mod outbox;

use super::postgres::{Postgres, is_unreachable, place};
use super::{StoreError, append_error, key, next_name, read_error};
use crate::incident::{Draft, Entry, PENDING};
use outbox::Outbox;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex as Lock;
use std::time::{Duration, Instant};
use tokio::sync::Mutex;
use tokio::time::timeout;

/// A shared journal that can be written while its database cannot be reached.
pub struct Team {
    database: Postgres,
    outbox: Outbox,
    place: String,
    /// Since when, and why, the database cannot be reached.
    away: Lock<Option<(Instant, String)>>,
    /// One entry at a time leaves this machine, so that its entries keep their order.
    turn: Mutex<()>,
}

/// A person who records something is not kept waiting longer than this.
const PATIENCE: Duration = Duration::from_secs(3);
/// How long a database that was away is left alone before it is asked again on the way.
const REST: Duration = Duration::from_secs(5);

impl Team {
    pub(super) async fn open(address: &str, outbox: &Path) -> Result<Self, StoreError> {
        let file = Outbox::open(outbox)
            .await
            .map_err(|reason| StoreError::Open { place: outbox.display().to_string(), reason })?;
        let team = Self {
            database: Postgres::later(address)?,
            outbox: file,
            place: place(address),
            away: Lock::new(None),
            turn: Mutex::new(()),
        };
        // A wrong password or a missing right is told now; a database that is away is waited for.
        match team.asked(team.database.ping()).await {
            Ok(()) => {
                let _ = team.merge().await;
            }
            Err(Some(refusal)) => {
                return Err(StoreError::Open { place: team.place, reason: refusal.to_string() });
            }
            Err(None) => {}
        }
        Ok(team)
    }

    pub(super) async fn close(&self) {
        self.database.close().await;
        self.outbox.close().await;
    }

    pub(super) fn trouble(&self) -> Option<String> {
        let away = super::locked(&self.away);
        away.as_ref().map(|(_, reason)| {
            format!(
                "the team's record at {} is away ({reason}); entries are kept here until it is back",
                self.place
            )
        })
    }

    pub(super) async fn append(&self, incident: &str, mut draft: Draft) -> Result<Entry, StoreError> {
        let _turn = self.turn.lock().await;
        // What waits goes first, or this machine's entries would lose their order.
        if self.is_worth_asking() && self.send_waiting().await.is_ok() {
            self.renumber(&mut draft).await.map_err(|error| append_error(&error))?;
            match self.asked(self.database.try_append(incident, draft.clone())).await {
                Ok(entry) => {
                    let _ = self.outbox.mirror(incident, std::slice::from_ref(&entry)).await;
                    return Ok(entry);
                }
                Err(Some(refusal)) => return Err(append_error(&refusal)),
                Err(None) => {}
            }
        }
        self.outbox.keep(incident, draft).await.map_err(|error| append_error(&error))
    }

    pub(super) async fn declare(&self, draft: Draft) -> Result<(String, Entry), StoreError> {
        if self.is_worth_asking() {
            match self.asked(self.database.try_declare(draft.clone())).await {
                Ok((name, entry)) => {
                    let _ = self.outbox.mirror(&name, std::slice::from_ref(&entry)).await;
                    return Ok((name, entry));
                }
                Err(Some(refusal)) => return Err(append_error(&refusal)),
                Err(None) => {}
            }
        }
        // Others may be declaring too and cannot be asked: a few letters keep the incidents apart.
        let names = self.outbox.names().await.map_err(|error| read_error(&error))?;
        let name = format!("{}-{}", next_name(names.iter().map(String::as_str)), &key::random()[..4]);
        // The database may have taken it after all: under this name it is another incident, and a new thing to record.
        let draft = Draft { key: key::random(), ..draft };
        let entry = self.outbox.keep(&name, draft).await.map_err(|error| append_error(&error))?;
        Ok((name, entry))
    }

    pub(super) async fn entries(&self, incident: &str) -> Result<Vec<Entry>, StoreError> {
        if self.is_worth_asking() {
            let known = self.outbox.mirrored(incident).await.map_err(|error| read_error(&error))?;
            match self.asked(self.database.entries_after(incident, known)).await {
                Ok(newer) => {
                    self.outbox.mirror(incident, &newer).await.map_err(|error| read_error(&error))?;
                }
                Err(Some(refusal)) => return Err(read_error(&refusal)),
                Err(None) => {}
            }
        }
        self.outbox.entries(incident).await.map_err(|error| read_error(&error))
    }

    pub(super) async fn list(&self) -> Result<Vec<String>, StoreError> {
        let mut names = self.outbox.names().await.map_err(|error| read_error(&error))?;
        if self.is_worth_asking() {
            match self.asked(self.database.names()).await {
                Ok(there) => names.extend(there),
                Err(Some(refusal)) => return Err(read_error(&refusal)),
                Err(None) => {}
            }
        }
        names.sort();
        names.dedup();
        names.reverse();
        Ok(names)
    }

    pub(super) async fn take_in(&self, incident: &str, entries: Vec<Entry>) -> Result<(), StoreError> {
        self.database.take_in(incident, entries).await
    }

    /// Sends what waits, and sees whether the database answers; gives how many entries got their place.
    pub(super) async fn merge(&self) -> Result<usize, StoreError> {
        let _turn = self.turn.lock().await;
        let answer = self.asked(self.database.ping()).await;
        answer.map_err(|refusal| read_error(&refusal.unwrap_or(sqlx::Error::PoolTimedOut)))?;
        self.send_waiting().await.map_err(|error| append_error(&error))
    }

    async fn send_waiting(&self) -> Result<usize, sqlx::Error> {
        if self.outbox.count_waiting().await? == 0 {
            return Ok(0);
        }
        let mut sent = 0;
        for waiting in self.outbox.waiting().await? {
            let mut draft = waiting.draft.clone();
            self.renumber(&mut draft).await?;
            let entry = self
                .asked(self.database.try_append(&waiting.incident, draft))
                .await
                .map_err(|refusal| refusal.unwrap_or(sqlx::Error::PoolTimedOut))?;
            // Killed between these two, it is sent again, and the database knows its key.
            self.outbox.placed(&waiting, &entry).await?;
            sent += 1;
        }
        Ok(sent)
    }

    /// Entries are spoken of by their numbers; one that waited has got another since.
    async fn renumber(&self, draft: &mut Draft) -> Result<(), sqlx::Error> {
        let speaks_of_waiting = Cell::new(false);
        draft.what.renumber(&|number| {
            speaks_of_waiting.set(speaks_of_waiting.get() || number >= PENDING);
            number
        });
        if speaks_of_waiting.get() {
            let places: BTreeMap<u64, u64> = self.outbox.places().await?.into_iter().collect();
            draft.what.renumber(&|number| places.get(&number).copied().unwrap_or(number));
        }
        Ok(())
    }

    /// Asks the database; `Err(None)` when it cannot be reached, `Err(Some)` when it refused.
    async fn asked<T>(
        &self,
        question: impl Future<Output = Result<T, sqlx::Error>>,
    ) -> Result<T, Option<sqlx::Error>> {
        match timeout(PATIENCE, question).await {
            Ok(Ok(answer)) => {
                *super::locked(&self.away) = None;
                Ok(answer)
            }
            Ok(Err(error)) if is_unreachable(&error) => {
                self.is_away(&error.to_string());
                Err(None)
            }
            Ok(Err(error)) => Err(Some(error)),
            Err(_) => {
                self.is_away("it does not answer");
                Err(None)
            }
        }
    }

    fn is_worth_asking(&self) -> bool {
        super::locked(&self.away).as_ref().is_none_or(|(since, _)| since.elapsed() > REST)
    }

    pub(super) fn is_away(&self, reason: &str) {
        *super::locked(&self.away) = Some((Instant::now(), reason.to_owned()));
    }

    pub(super) fn database(&self) -> &Postgres {
        &self.database
    }
}
