//! The flow that somebody looks at, asked for at every source that may know more of it; the newest request wins.

use super::engine::Order;
use crate::ingest::identifier_key;
use crate::sources::{Collector, follow};
use crate::telemetry::{Identifier, IdentifierKey, Nanos, Reach, SourceHealth, Time, Window};
use crate::ui::{Answering, Msg};
use std::collections::HashSet;
use std::sync::mpsc as orders;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// How long all sources together may take.
const PATIENCE: Nanos = Nanos::seconds(15);

/// What is being asked, and what has been.
#[derive(Default)]
pub(super) struct Following {
    task: Option<JoinHandle<()>>,
    /// By source: what it was asked for and gave an answer to.
    answered: Arc<Mutex<HashSet<(String, IdentifierKey)>>>,
}

/// Whom to tell.
pub(super) struct Listeners {
    pub(super) engine: orders::Sender<Order>,
    pub(super) outbox: mpsc::Sender<Msg>,
}

impl Following {
    /// Ends the question that is under way; dropping its task ends every request of it.
    pub(super) fn stop(&mut self) {
        if let Some(task) = self.task.take() {
            task.abort();
        }
    }

    /// Everything may be asked for again.
    pub(super) fn forget(&mut self) {
        self.stop();
        self.answered = Arc::default();
    }

    /// Asks those sources that may know more. What a source has given already is not asked for: neither of one that has
    /// given all that it has of the time, nor twice for the same identifiers.
    pub(super) fn start(
        &mut self,
        identifiers: Vec<Identifier>,
        window: Window,
        now: Time,
        collectors: &[Collector],
        healths: &[SourceHealth],
        to: Listeners,
    ) {
        self.stop();
        let keys: Vec<IdentifierKey> =
            identifiers.iter().filter_map(|one| identifier_key(one.class, &one.value)).collect();
        let may_know_more = |collector: &&Collector| {
            let name = &collector.health().name;
            let health = healths.iter().find(|health| health.name == *name).unwrap_or(collector.health());
            let answered = self.answered.lock().unwrap_or_else(PoisonError::into_inner);
            let is_asked = keys.iter().all(|key| answered.contains(&(name.clone(), *key)));
            health.holds_events() && !health.has_given(window) && !is_asked
        };
        let asked: Vec<Collector> = collectors.iter().filter(may_know_more).map(Collector::beside).collect();
        let names =
            |asked: &[Collector]| asked.iter().map(|one| one.health().name.clone()).collect::<Vec<_>>();
        let waiting = names(&asked);
        let _ = to.outbox.try_send(Msg::Answering(Answering { waiting, silent: Vec::new() }));
        if asked.is_empty() {
            return;
        }
        let answered = self.answered.clone();
        self.task = Some(tokio::spawn(async move {
            let take = |name: &str, batch| {
                let _ = to.engine.send(Order::Page { source: name.to_owned(), batch });
            };
            let followed = follow(asked, identifiers, window, now, PATIENCE, take).await;
            let (known, silent): (Vec<&SourceHealth>, Vec<&SourceHealth>) = followed
                .collectors
                .iter()
                .map(Collector::health)
                .partition(|health| health.reach == Reach::Reachable);
            let silent = silent.iter().map(|health| health.name.clone()).collect();
            let all = known.iter().flat_map(|health| keys.iter().map(|key| (health.name.clone(), *key)));
            answered.lock().unwrap_or_else(PoisonError::into_inner).extend(all);
            let _ = to.outbox.send(Msg::Answering(Answering { waiting: Vec::new(), silent })).await;
        }));
    }
}
