//! One flow from many backends: every source of events is asked for its identifiers, side by side and within one deadline,
//! and what identifiers their answers bring are asked for in turn. Bounded, and each identifier once.

use super::Collector;
use crate::ingest::{identifier_key, possible_keys, trace_text};
use crate::telemetry::{
    Batch, Identifier, IdentifierClass, IdentifierKey, Nanos, Query, Time, Wanted, Window,
};
use std::collections::HashSet;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// Questions that follow from answers: trace to correlation to trace.
const ROUNDS: usize = 3;
/// Identifiers that one round asks for; more mean a hub, which is no transaction.
const MOST: usize = 16;
/// Rows that one source may give in one round.
const ROWS: usize = 50_000;

/// What came of following a flow.
pub struct Followed {
    pub collectors: Vec<Collector>,
    /// Identifiers that were asked for.
    pub asked: usize,
    /// Identifiers that were seen and not asked for, since there were too many.
    pub left: usize,
}

/// What somebody typed, as what it may be.
pub fn typed(text: &str) -> Vec<Identifier> {
    let one = |class| Identifier { class, value: text.trim().to_owned() };
    // Shorter hex may be anything, and is no trace by its form.
    let is_long = text.chars().filter(char::is_ascii_hexdigit).count() >= 16;
    let trace = trace_text(text).filter(|_| is_long);
    let mut all: Vec<Identifier> =
        trace.into_iter().map(|value| Identifier { class: IdentifierClass::Trace, value }).collect();
    all.push(one(IdentifierClass::Correlation));
    all
}

/// Follows a flow from the identifiers that are known of it; each page goes to `take` as it comes, with the name of its
/// source. A source that panics is left out, and costs the others nothing. Dropping it ends every question.
pub async fn follow(
    collectors: Vec<Collector>,
    identifiers: Vec<Identifier>,
    window: Window,
    now: Time,
    patience: Nanos,
    mut take: impl FnMut(&str, Batch),
) -> Followed {
    let until = Instant::now() + Duration::from_nanos(patience.0.max(0).cast_unsigned());
    let mut followed = Followed { collectors, asked: 0, left: 0 };
    let mut known: HashSet<IdentifierKey> =
        identifiers.iter().flat_map(|one| possible_keys(&one.value)).collect();
    let mut wanted = identifiers;
    followed.left += wanted.len().saturating_sub(MOST);
    wanted.truncate(MOST);
    for _ in 0..ROUNDS {
        let left = until.saturating_duration_since(Instant::now());
        if wanted.is_empty() || left.is_zero() {
            break;
        }
        followed.asked += wanted.len();
        let deadline = Nanos(i64::try_from(left.as_nanos()).unwrap_or(i64::MAX));
        let query =
            Query { window, wanted: Wanted::Identifiers(std::mem::take(&mut wanted)), limit: ROWS, deadline };
        let mut seen = Vec::new();
        ask_all(&mut followed.collectors, &query, now, |name, batch| {
            seen.extend(batch.events.iter().map(|event| event.identifiers.clone()));
            take(name, batch);
        })
        .await;
        let (next, too_many) = met(&seen, &mut known);
        wanted = next;
        followed.left += too_many;
    }
    followed
}

async fn ask_all(
    collectors: &mut Vec<Collector>,
    query: &Query,
    now: Time,
    mut take: impl FnMut(&str, Batch),
) {
    let mut tasks = JoinSet::new();
    let mut others = Vec::new();
    let (outbox, mut inbox) = mpsc::unbounded_channel();
    for (place, mut collector) in std::mem::take(collectors).into_iter().enumerate() {
        if !collector.health().holds_events() {
            others.push((place, collector));
            continue;
        }
        let (query, outbox) = (query.clone(), outbox.clone());
        tasks.spawn(async move {
            let name = collector.health().name.clone();
            // Its health says why it could not answer.
            let told = |batch| drop(outbox.send((name.clone(), batch)));
            let _ = collector.pull(query, now, told).await;
            (place, collector)
        });
    }
    drop(outbox);
    while let Some((name, batch)) = inbox.recv().await {
        take(&name, batch);
    }
    while let Some(outcome) = tasks.join_next().await {
        others.extend(outcome);
    }
    others.sort_by_key(|(place, _)| *place);
    collectors.extend(others.into_iter().map(|(_, collector)| collector));
}

/// Identifiers that stand beside known ones and were not known, and how many more there were than may be asked for.
fn met(events: &[Vec<Identifier>], known: &mut HashSet<IdentifierKey>) -> (Vec<Identifier>, usize) {
    let mut new: Vec<(Identifier, IdentifierKey)> = Vec::new();
    let mut seen = HashSet::new();
    for identifiers in events {
        let keys: Vec<IdentifierKey> =
            identifiers.iter().filter_map(|one| identifier_key(one.class, &one.value)).collect();
        // A line that merely contains the text is no part of the flow, and leads nowhere.
        if !keys.iter().any(|key| known.contains(key)) {
            continue;
        }
        for identifier in identifiers {
            // Sessions group and never link; a span is found by its trace.
            if matches!(identifier.class, IdentifierClass::Session | IdentifierClass::Span) {
                continue;
            }
            let Some(key) = identifier_key(identifier.class, &identifier.value) else { continue };
            if !known.contains(&key) && seen.insert(key) {
                new.push((identifier.clone(), key));
            }
        }
    }
    new.sort_by_key(|(identifier, _)| identifier.class);
    let too_many = new.len().saturating_sub(MOST);
    new.truncate(MOST);
    known.extend(new.iter().map(|(_, key)| *key));
    (new.into_iter().map(|(identifier, _)| identifier).collect(), too_many)
}

#[cfg(test)]
mod tests {
    use super::super::{Source, SourceError};
    use super::*;
    use crate::telemetry::{Completeness, Event, EventKind, Severity, Signal, SourceRef};
    use futures::future::BoxFuture;
    use futures::stream::{self, BoxStream, StreamExt};
    use std::sync::{Arc, Mutex};

    const CORRELATION: &str = "3f2b8c1e-6d4a-4f7b-9a10-5c2e7d9b8a41";
    const TRACE: &str = "7c1f0a9be2d34c58a1b6e0f2934d5a77";

    /// A source that knows some events, and remembers what it was asked.
    struct Known {
        name: &'static str,
        events: Vec<Event>,
        asked: Mutex<Vec<Vec<Identifier>>>,
    }

    fn event(system: &str, identifiers: &[(IdentifierClass, &str)]) -> Event {
        Event {
            time: Time(1_000),
            system: system.into(),
            kind: EventKind::Log,
            severity: Severity::INFO,
            operation: None,
            body: "x".into(),
            duration: None,
            attributes: Vec::new(),
            identifiers: identifiers
                .iter()
                .map(|(class, value)| Identifier { class: *class, value: (*value).to_owned() })
                .collect(),
            span: None,
            source: SourceRef::Backend { backend: "x".into(), url: String::new() },
        }
    }

    impl Source for Known {
        fn name(&self) -> &str {
            self.name
        }

        fn kind(&self) -> &'static str {
            "known"
        }

        fn signals(&self) -> &'static [Signal] {
            &[Signal::Logs]
        }

        fn check(&self) -> BoxFuture<'_, Result<String, SourceError>> {
            Box::pin(async { Ok(String::new()) })
        }

        fn fetch(&self, query: Query) -> BoxStream<'_, Result<Batch, SourceError>> {
            assert!(self.name != "broken", "it is broken");
            let Wanted::Identifiers(identifiers) = query.wanted else { return stream::empty().boxed() };
            let keys: Vec<_> =
                identifiers.iter().filter_map(|one| identifier_key(one.class, &one.value)).collect();
            let carries = |event: &&Event| {
                event
                    .identifiers
                    .iter()
                    .any(|one| identifier_key(one.class, &one.value).is_some_and(|key| keys.contains(&key)))
            };
            let events = self.events.iter().filter(carries).cloned().collect();
            self.asked.lock().unwrap().push(identifiers);
            stream::iter([Ok(Batch { events, completeness: Completeness::Full, ..Batch::default() })]).boxed()
        }

        fn as_command(&self, _: &Query) -> String {
            String::new()
        }

        fn queries(&self) -> u64 {
            0
        }
    }

    fn known(name: &'static str, events: Vec<Event>) -> Arc<Known> {
        Arc::new(Known { name, events, asked: Mutex::default() })
    }

    async fn run(sources: &[Arc<Known>]) -> (Followed, Vec<Event>) {
        let collectors = sources.iter().map(|source| Collector::new(source.clone())).collect();
        let window = Window { from: Time(0), to: Time(10_000) };
        let mut events = Vec::new();
        let take = |_: &str, batch: Batch| events.extend(batch.events);
        let typed = typed(CORRELATION);
        let followed = follow(collectors, typed, window, Time(10_000), Nanos::seconds(5), take).await;
        (followed, events)
    }

    #[tokio::test]
    async fn a_flow_seen_in_logs_finds_its_trace_in_another_backend_and_each_is_asked_once() {
        let logs = known(
            "logs",
            vec![event(
                "gateway",
                &[(IdentifierClass::Correlation, CORRELATION), (IdentifierClass::Trace, TRACE)],
            )],
        );
        let traces = known(
            "traces",
            vec![event("billing", &[(IdentifierClass::Trace, TRACE), (IdentifierClass::Session, "s-1234")])],
        );
        let broken = known("broken", Vec::new());
        let (followed, events) = run(&[logs.clone(), traces.clone(), broken]).await;
        let systems: HashSet<&str> = events.iter().map(|event| event.system.as_str()).collect();
        assert_eq!(systems, HashSet::from(["gateway", "billing"]));
        let asked = logs.asked.lock().unwrap();
        let traces_asked = asked.iter().flatten().filter(|one| one.value == TRACE).count();
        assert_eq!(traces_asked, 1, "{asked:?}");
        assert!(
            !asked.iter().flatten().any(|one| one.class == IdentifierClass::Session),
            "a session links nothing"
        );
        assert_eq!(followed.collectors.len(), 2, "the one that panicked costs the others nothing");
    }

    #[tokio::test]
    async fn a_hub_is_not_followed_into_the_whole_estate() {
        let traces: Vec<String> = (1..=100).map(|number| format!("{number:032x}")).collect();
        let events = traces
            .iter()
            .map(|trace| {
                event("x", &[(IdentifierClass::Correlation, CORRELATION), (IdentifierClass::Trace, trace)])
            })
            .collect();
        let (followed, _) = run(&[known("logs", events)]).await;
        assert!(followed.asked <= ROUNDS * MOST, "{}", followed.asked);
        assert!(followed.left >= 84 - 2 * MOST, "{}", followed.left);
    }
}
