//! What every store promises, and what each must survive.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

#[path = "store/crash.rs"]
mod crash;
#[path = "store/disk.rs"]
mod disk;
#[path = "store/proxy.rs"]
mod proxy;
#[path = "store/team.rs"]
mod team;

use bridgewatch::incident::{Draft, Entry, Outward, Pin, PinKind, What, doubts};
use bridgewatch::store::{Store, StoreError, export, export_redacted, import};
use bridgewatch::telemetry::Time;
use std::sync::Arc;

fn draft(text: &str) -> Draft {
    Draft::new(Time::from_seconds(2), "ann", What::fact(text)).happened(Time::from_seconds(1))
}

/// What the entries say, in their order.
fn texts(entries: &[Entry]) -> Vec<String> {
    entries.iter().map(|entry| entry.draft.what.line().1).collect()
}

/// The address of a PostgreSQL for tests; without one, a line that says so.
fn database() -> Option<String> {
    let address = std::env::var("BRIDGEWATCH_TEST_POSTGRES").ok();
    if address.is_none() {
        println!("skipped: BRIDGEWATCH_TEST_POSTGRES names no database; tests/run starts one");
    }
    address
}

async fn keeps_the_contract(store: Store, name: &str) {
    let store = Arc::new(store);
    assert_eq!(store.entries(name).await.unwrap(), []);
    for number in 1..=5u64 {
        let entry = store.append(name, draft(&format!("fact {number}"))).await.unwrap();
        assert_eq!(entry.sequence, number);
    }
    // Several at once: one order, none lost, none twice.
    let writers: Vec<_> = (0..8)
        .map(|writer| {
            let (store, name) = (store.clone(), name.to_owned());
            tokio::spawn(async move {
                for number in 0..5 {
                    store.append(&name, draft(&format!("writer {writer} fact {number}"))).await.unwrap();
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    let entries = store.entries(name).await.unwrap();
    assert_eq!(store.verify(name).await.unwrap(), 45);
    let mut said = texts(&entries);
    said.sort();
    said.dedup();
    assert_eq!((entries.len(), said.len()), (45, 45));
    assert!(store.list().await.unwrap().contains(&name.to_owned()));
    assert_eq!(store.incident(name).await.unwrap().unwrap().lines.len(), 45);
    assert!(store.incident("INC-none").await.unwrap().is_none());

    // The same intention, tried again, is recorded once, and the answer is the same.
    let again = Draft { key: "only-once".into(), ..draft("tried twice") };
    let first = store.append(name, again.clone()).await.unwrap();
    store.append(name, draft("in between")).await.unwrap();
    assert_eq!(store.append(name, again).await.unwrap(), first);
    assert_eq!(store.verify(name).await.unwrap(), 47);

    // Several declare at once: each has an incident of its own.
    let declaring = (0..6).map(|number| {
        let store = store.clone();
        tokio::spawn(async move { store.declare(draft(&format!("incident {number}"))).await.unwrap().0 })
    });
    let mut names = Vec::new();
    for one in declaring.collect::<Vec<_>>() {
        names.push(one.await.unwrap());
    }
    names.sort();
    names.dedup();
    assert_eq!(names.len(), 6, "{names:?}");
    for one in &names {
        assert_eq!(store.verify(one).await.unwrap(), 1);
    }

    // A clock that was set back changes nothing about the order, and is told.
    let set_back = "INC-8888";
    for (second, text) in [(100, "first"), (40, "second"), (41, "third")] {
        store
            .append(set_back, Draft::new(Time::from_seconds(second), "ann", What::fact(text)))
            .await
            .unwrap();
    }
    let entries = store.entries(set_back).await.unwrap();
    assert_eq!(texts(&entries), ["first", "second", "third"]);
    assert_eq!(store.verify(set_back).await.unwrap(), 3);
    assert_eq!(doubts(&entries).len(), 2);

    travels(&store, name).await;
}

/// A bundle goes into another store and comes out the same, to the byte; a changed one is refused.
async fn travels(store: &Store, name: &str) {
    let content = vec!["POST http://erp-adapter.prod.internal/invoices 503".to_owned()];
    let pin = Pin::new(PinKind::Events, "erp-adapter says 503".into(), "a".into(), None, Time(0), content);
    store.append(name, draft("see the pin").with_pins(vec![pin])).await.unwrap();
    let entries = store.entries(name).await.unwrap();
    let bundle = export(store, name).await.unwrap();
    let other = Store::memory();
    assert_eq!(import(&other, &bundle).await.unwrap(), name);
    assert_eq!(other.entries(name).await.unwrap(), entries);
    assert_eq!(import(&other, &bundle).await.unwrap(), name, "twice is once");
    assert_eq!(other.verify(name).await.unwrap(), entries.len());
    // What was added there since comes in behind what is here.
    other.append(name, draft("added elsewhere")).await.unwrap();
    let longer = export(&other, name).await.unwrap();
    assert_eq!(import(store, &longer).await.unwrap(), name);
    assert_eq!(store.verify(name).await.unwrap(), entries.len() + 1);
    let changed = bundle.replace("fact 3", "fact 4");
    assert!(matches!(import(&Store::memory(), &changed).await, Err(StoreError::Bundle { .. })));
    let strange = Store::memory();
    strange.append(name, draft("another history")).await.unwrap();
    assert!(import(&strange, &bundle).await.unwrap_err().to_string().contains("another history"));

    // Redacted, it still verifies, and says nothing that may not leave.
    let redacted = export_redacted(store, name, &Outward::new(["erp-adapter", "ann"])).await.unwrap();
    assert!(!redacted.contains("erp-adapter") && !redacted.contains("\\\"ann\\\""), "{redacted}");
    let outside = Store::memory();
    import(&outside, &redacted).await.unwrap();
    assert_eq!(outside.verify(name).await.unwrap(), entries.len() + 1);
}

#[tokio::test]
async fn memory_keeps_the_contract() {
    keeps_the_contract(Store::memory(), "INC-0001").await;
}

#[tokio::test]
async fn sqlite_keeps_the_contract() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deep/journal.db").display().to_string();
    keeps_the_contract(Store::open(&path).await.unwrap(), "INC-0001").await;
    // It is all there for the next program.
    assert_eq!(Store::open(&path).await.unwrap().verify("INC-0001").await.unwrap(), 49);
}

#[tokio::test]
async fn postgres_keeps_the_contract() {
    let Some(address) = database() else { return };
    let address = &team::database_of_its_own(&address, "contract").await;
    keeps_the_contract(Store::open(address).await.unwrap(), "INC-0001").await;
    let pool = sqlx::PgPool::connect(address).await.unwrap();
    for change in [
        "UPDATE bridgewatch.entry SET body = 'x'",
        "DELETE FROM bridgewatch.entry",
        "TRUNCATE bridgewatch.entry",
    ] {
        let error = sqlx::query(change).execute(&pool).await.unwrap_err().to_string();
        assert!(error.contains("entries are never"), "{error}");
    }
}

#[tokio::test]
async fn a_team_keeps_the_contract() {
    let Some(address) = database() else { return };
    let address = team::database_of_its_own(&address, "team_contract").await;
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open_team(&address, &folder.path().join("outbox.db")).await.unwrap();
    keeps_the_contract(store, "INC-0001").await;
}
