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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::{Source, SourceError};
    use crate::telemetry::{Batch, Completeness, IdentifierClass, Query, Signal};
    use futures::future::BoxFuture;
    use futures::stream::{self, BoxStream, StreamExt};
    use std::sync::atomic::{AtomicU64, Ordering};

    /// A source that counts what it is asked, and either answers or never does.
    struct Counting {
        asked: AtomicU64,
        ended: Arc<AtomicU64>,
        hangs: bool,
    }

    /// Tells when a question is dropped.
    struct Ended(Arc<AtomicU64>);

    impl Drop for Ended {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    impl Source for Counting {
        fn name(&self) -> &'static str {
            "logs"
        }

        fn kind(&self) -> &'static str {
            "counting"
        }

        fn signals(&self) -> &'static [Signal] {
            &[Signal::Logs]
        }

        fn check(&self) -> BoxFuture<'_, Result<String, SourceError>> {
            Box::pin(async { Ok(String::new()) })
        }

        fn fetch(&self, _: Query) -> BoxStream<'_, Result<Batch, SourceError>> {
            self.asked.fetch_add(1, Ordering::SeqCst);
            let batch = Batch { completeness: Completeness::Full, ..Batch::default() };
            if !self.hangs {
                return stream::iter([Ok(batch)]).boxed();
            }
            let ended = Ended(self.ended.clone());
            stream::once(async move {
                let _ended = ended;
                std::future::pending().await
            })
            .boxed()
        }

        fn as_command(&self, _: &Query) -> String {
            String::new()
        }

        fn queries(&self) -> u64 {
            0
        }
    }

    fn source(hangs: bool) -> Arc<Counting> {
        Arc::new(Counting { asked: AtomicU64::new(0), ended: Arc::default(), hangs })
    }

    fn identifier(value: &str) -> Vec<Identifier> {
        vec![Identifier { class: IdentifierClass::Correlation, value: value.to_owned() }]
    }

    const WINDOW: Window = Window { from: Time(100), to: Time(200) };

    /// Asks, and waits for what is told of it: whether anybody was asked.
    async fn ask(
        following: &mut Following,
        source: &Arc<Counting>,
        value: &str,
        healths: &[SourceHealth],
    ) -> bool {
        let (engine, _orders) = orders::channel();
        let (outbox, mut inbox) = mpsc::channel(8);
        let collectors = [Collector::new(source.clone())];
        following.start(
            identifier(value),
            WINDOW,
            Time(200),
            &collectors,
            healths,
            Listeners { engine, outbox },
        );
        let Some(Msg::Answering(first)) = inbox.recv().await else { panic!("nothing was told") };
        if !first.waiting.is_empty() && !source.hangs {
            let Some(Msg::Answering(last)) = inbox.recv().await else { panic!("the end was not told") };
            assert!(last.waiting.is_empty() && last.silent.is_empty());
        }
        !first.waiting.is_empty()
    }

    #[tokio::test]
    async fn what_is_held_is_not_asked_for() {
        let (source, mut following) = (source(false), Following::default());
        assert!(ask(&mut following, &source, "order-4711", &[]).await);
        assert!(!ask(&mut following, &source, "order-4711", &[]).await, "it has answered that");
        assert!(ask(&mut following, &source, "order-4712", &[]).await);
        let whole = SourceHealth {
            reach: Reach::Reachable,
            completeness: Completeness::Full,
            covered: Some(WINDOW),
            signals: vec![Signal::Logs],
            ..SourceHealth::new("logs".into(), "counting".into())
        };
        assert!(
            !ask(&mut following, &source, "order-4713", std::slice::from_ref(&whole)).await,
            "it has given all it has"
        );
        let sampled = SourceHealth { counted: Some("much".into()), ..whole };
        assert!(ask(&mut following, &source, "order-4713", &[sampled]).await, "of a sample there is more");
        assert_eq!(source.asked.load(Ordering::SeqCst), 3);
        following.forget();
        assert!(ask(&mut following, &source, "order-4711", &[]).await, "all sources are asked again");
    }

    #[tokio::test]
    async fn the_newest_question_ends_the_one_before_and_leaving_ends_it_too() {
        let (source, mut following) = (source(true), Following::default());
        let ended = source.ended.clone();
        for (value, before) in [("order-4711", 0), ("order-4712", 1)] {
            assert!(ask(&mut following, &source, value, &[]).await);
            while source.asked.load(Ordering::SeqCst) <= before {
                tokio::task::yield_now().await;
            }
        }
        following.stop();
        while ended.load(Ordering::SeqCst) < 2 {
            tokio::task::yield_now().await;
        }
    }
}
