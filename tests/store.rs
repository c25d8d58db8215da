//! What every store promises, and what SQLite must survive.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use bridgewatch::incident::{Draft, What};
use bridgewatch::store::{Store, StoreError, export, import};
use bridgewatch::telemetry::Time;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::Arc;

fn draft(text: &str) -> Draft {
    Draft::new(Time::from_seconds(2), "ann", What::fact(text)).happened(Time::from_seconds(1))
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
    assert_eq!(entries.len(), 45);
    assert_eq!(store.verify(name).await.unwrap(), 45);
    let mut texts: Vec<String> = entries.iter().map(|entry| entry.draft.what.line().1).collect();
    texts.sort();
    texts.dedup();
    assert_eq!(texts.len(), 45);
    assert!(store.list().await.unwrap().contains(&name.to_owned()));
    assert_eq!(store.incident(name).await.unwrap().unwrap().lines.len(), 45);
    assert!(store.incident("INC-none").await.unwrap().is_none());

    // A bundle goes into another store and comes out the same; a changed one is refused.
    let bundle = export(&store, name).await.unwrap();
    let other = Store::memory();
    assert_eq!(import(&other, &bundle).await.unwrap(), name);
    assert_eq!(other.entries(name).await.unwrap(), entries);
    assert_eq!(import(&other, &bundle).await.unwrap(), name, "twice is once");
    assert_eq!(other.entries(name).await.unwrap().len(), 45);
    let changed = bundle.replace("fact 3", "fact 4");
    assert!(matches!(import(&Store::memory(), &changed).await, Err(StoreError::Bundle { .. })));
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
    assert_eq!(Store::open(&path).await.unwrap().verify("INC-0001").await.unwrap(), 45);
}

#[tokio::test]
async fn postgres_keeps_the_contract_and_tells_the_others() {
    let Ok(address) = std::env::var("BRIDGEWATCH_TEST_POSTGRES") else {
        println!("skipped: BRIDGEWATCH_TEST_POSTGRES names no database; tests/run starts one");
        return;
    };
    let name = format!("INC-{}", std::process::id());
    let Store::Postgres(watcher) = Store::open(&address).await.unwrap() else { panic!("not a database") };
    let mut listener = watcher.listen().await.unwrap();
    let store = Store::open(&address).await.unwrap();
    store.append("INC-told", draft("hello")).await.unwrap();
    let told =
        tokio::time::timeout(std::time::Duration::from_secs(5), listener.recv()).await.unwrap().unwrap();
    assert_eq!(told.payload(), "INC-told");
    keeps_the_contract(store, &name).await;
}

#[tokio::test]
async fn the_database_refuses_to_rewrite_history() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    Store::open(path.to_str().unwrap()).await.unwrap().append("INC-1", draft("a")).await.unwrap();
    let pool = sqlx::SqlitePool::connect(path.to_str().unwrap()).await.unwrap();
    for change in ["UPDATE entry SET body = 'x'", "DELETE FROM entry"] {
        let error = sqlx::query(change).execute(&pool).await.unwrap_err().to_string();
        assert!(error.contains("entries are never"), "{error}");
    }
}

#[tokio::test]
async fn two_programs_write_into_one_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db").display().to_string();
    let (one, other) = (Store::open(&path).await.unwrap(), Store::open(&path).await.unwrap());
    for number in 0..20 {
        let store = if number % 2 == 0 { &one } else { &other };
        store.append("INC-1", draft(&format!("{number}"))).await.unwrap();
    }
    assert_eq!(one.verify("INC-1").await.unwrap(), 20);
}

#[tokio::test]
async fn a_place_that_cannot_be_written_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "x").unwrap();
    let place = file.join("journal.db").display().to_string();
    let error = Store::open(&place).await.err().unwrap().to_string();
    assert!(error.contains(&place), "{error}");
}

/// The child of the test below: appends until it is killed and says what was acknowledged.
#[tokio::test]
async fn child_appends_until_killed() {
    let Ok(path) = std::env::var("BRIDGEWATCH_TEST_KILL") else { return };
    let store = Store::open(&path).await.unwrap();
    for number in 0.. {
        let entry = store.append("INC-1", draft(&format!("{number}"))).await.unwrap();
        println!("ack {}", entry.sequence);
    }
}

#[tokio::test]
async fn what_was_acknowledged_survives_kill_nine() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db").display().to_string();
    let rounds: u64 = std::env::var("BRIDGEWATCH_TEST_KILL_ROUNDS")
        .ok()
        .and_then(|rounds| rounds.parse().ok())
        .unwrap_or(25);
    let mut acknowledged = 0;
    for round in 0..rounds {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "child_appends_until_killed", "--nocapture"])
            .env("BRIDGEWATCH_TEST_KILL", &path)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        // Killed after a different number of acknowledgements each round, at whatever the child is doing then.
        let upto = 1 + (round * 7) % 23;
        for _ in 0..upto {
            let Some(Ok(line)) =
                lines.by_ref().find(|line| line.as_ref().is_ok_and(|line| line.contains("ack ")))
            else {
                break;
            };
            acknowledged = acknowledged.max(line.rsplit(' ').next().unwrap().parse().unwrap());
        }
        child.kill().unwrap();
        for line in lines.map_while(Result::ok).filter(|line| line.contains("ack ")) {
            acknowledged = acknowledged.max(line.rsplit(' ').next().unwrap().parse().unwrap_or(acknowledged));
        }
        child.wait().unwrap();
        let kept = Store::open(&path).await.unwrap().verify("INC-1").await.unwrap() as u64;
        assert!(kept >= acknowledged, "round {round}: {acknowledged} acknowledged, {kept} kept");
    }
    println!("{rounds} rounds, {acknowledged} acknowledged, all kept");
}
