//! What others recorded, told as it happens: other programs on the same file, other cockpits on the team's database.

use super::{Sqlite, Store, Team};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::time::{sleep, timeout};

/// Something that the screen should know of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// An incident has new entries.
    Entries(String),
    /// The team's database cannot be reached; entries are kept here.
    Away(String),
    /// It is back, and took in so many entries that had waited.
    Back(usize),
}

/// A file is looked at this often; the question costs microseconds.
const LOOK: Duration = Duration::from_millis(300);
const RETRY: Duration = Duration::from_secs(1);
/// A connection that says nothing this long is asked whether it still lives.
const SILENCE: Duration = Duration::from_secs(5);
/// Incidents whose journals are looked at again after the database was away.
const RECENT: usize = 8;

impl Store {
    /// Tells what others record, until the receiver is dropped.
    pub fn news(self: &Arc<Self>) -> Receiver<News> {
        let (sender, receiver) = channel(256);
        let store = self.clone();
        tokio::spawn(async move {
            match &*store {
                Self::Sqlite(file) => watch_file(file, &sender).await,
                Self::Team(team) => watch_team(team, &sender).await,
                Self::Postgres(_) | Self::Memory(_) => sender.closed().await,
            }
        });
        receiver
    }
}

/// A screen that does not listen must not keep entries from being merged; news that it misses are in the journal.
fn tell(sender: &Sender<News>, news: News) {
    let _ = sender.try_send(news);
}

async fn watch_file(file: &Sqlite, sender: &Sender<News>) {
    let mut version = file.version().await.unwrap_or_default();
    let mut heads: BTreeMap<String, i64> = file.heads().await.unwrap_or_default().into_iter().collect();
    while !sender.is_closed() {
        sleep(LOOK).await;
        let Ok(now) = file.version().await else { continue };
        if now == version {
            continue; // Own entries do not change it.
        }
        version = now;
        for (incident, head) in file.heads().await.unwrap_or_default() {
            if heads.insert(incident.clone(), head) != Some(head) {
                tell(sender, News::Entries(incident));
            }
        }
    }
}

async fn watch_team(team: &Team, sender: &Sender<News>) {
    let mut was_away = team.trouble().is_some();
    while !sender.is_closed() {
        let reason = watch_connection(team, sender, &mut was_away).await;
        team.is_away(&reason);
        if !was_away {
            tell(sender, News::Away(reason));
        }
        was_away = true;
        sleep(RETRY).await;
    }
}

/// Tells what comes over one connection; gives why that ended.
async fn watch_connection(team: &Team, sender: &Sender<News>, was_away: &mut bool) -> String {
    let mut listener = match timeout(SILENCE, team.database().listen()).await {
        Err(_) => return "it does not answer".to_owned(),
        Ok(Err(error)) => return error.to_string(),
        Ok(Ok(listener)) => listener,
    };
    let merged = match team.merge().await {
        Ok(merged) => merged,
        Err(error) => return error.to_string(),
    };
    if *was_away || merged > 0 {
        tell(sender, News::Back(merged));
    }
    *was_away = false;
    // What others recorded while nobody listened came without a notification.
    for incident in team.list().await.unwrap_or_default().into_iter().take(RECENT) {
        tell(sender, News::Entries(incident));
    }
    loop {
        // An entry that did not get through has marked the database as away, though this connection stands.
        let pause = if team.trouble().is_some() { RETRY } else { SILENCE };
        tokio::select! {
            news = listener.try_recv() => match news {
                Ok(Some(news)) => {
                    tell(sender, News::Entries(news.payload().to_owned()));
                }
                Ok(None) => return "the connection broke".to_owned(),
                Err(error) => return error.to_string(),
            },
            () = sender.closed() => return "nobody listens".to_owned(),
            () = sleep(pause) => match team.merge().await {
                Ok(0) => {}
                Ok(merged) => tell(sender, News::Back(merged)),
                Err(error) => return error.to_string(),
            },
        }
    }
}
