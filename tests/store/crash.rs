//! Kill -9 at random points, two programs on one file, a record that was tampered with.

use super::{draft, texts};
use bridgewatch::store::{News, Store, StoreError};
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A number that differs each time and is the same in each run.
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(super) fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

fn child(test: &str, variables: &[(&str, &str)]) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .envs(variables.iter().copied())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// The child of the tests below: appends as often as it is told, or until it is killed, and says what was acknowledged.
#[tokio::test]
async fn child_appends() {
    let Ok(path) = std::env::var("BRIDGEWATCH_TEST_APPEND") else { return };
    let (incident, word) = (std::env::var("INCIDENT").unwrap(), std::env::var("WORD").unwrap());
    let most: u64 = std::env::var("MOST").map_or(u64::MAX, |most| most.parse().unwrap());
    let store = Store::open(&path).await.unwrap();
    println!("open"); // Behind the test runner's own words on the line.
    for number in 0..most {
        let text = format!("{word}-{number}");
        store.append(&incident, draft(&text)).await.unwrap();
        println!("ack {text}");
    }
}

#[tokio::test]
async fn what_was_acknowledged_survives_kill_nine_and_is_there_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db").display().to_string();
    let rounds: u64 =
        std::env::var("BRIDGEWATCH_TEST_KILL_ROUNDS").map_or(500, |rounds| rounds.parse().unwrap());
    let mut dice = Dice::new(0x9e37_79b9_7f4a_7c15);
    let mut acknowledged: BTreeSet<String> = BTreeSet::new();
    let (mut in_all, mut kept_in_all) = (0, 0);
    for round in 0..rounds {
        let (incident, word) = (format!("INC-{}", round / 20), format!("round{round}"));
        if round % 20 == 0 {
            acknowledged.clear();
        }
        let mut child = child(
            "crash::child_appends",
            &[("BRIDGEWATCH_TEST_APPEND", &path), ("INCIDENT", &incident), ("WORD", &word)],
        );
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        // One in eight dies before or while it opens the file; the others anywhere between two entries, or within one.
        if dice.below(8) == 0 {
            std::thread::sleep(Duration::from_micros(dice.below(9_000)));
        } else {
            lines.by_ref().find(|line| line.contains("open"));
            std::thread::sleep(Duration::from_micros(dice.below(25_000)));
        }
        child.kill().unwrap();
        for line in lines {
            // A last line that was cut off within is no acknowledgement that anybody could have read.
            if let Some(text) = line.strip_prefix("ack ").filter(|text| text.starts_with(&word)) {
                acknowledged.insert(text.to_owned());
                in_all += 1;
            }
        }
        child.wait().unwrap();
        let store = Store::open(&path).await.unwrap();
        store.verify(&incident).await.unwrap();
        let kept = texts(&store.entries(&incident).await.unwrap());
        let once: BTreeSet<String> = kept.iter().cloned().collect();
        assert_eq!(kept.len(), once.len(), "round {round}: an entry is there twice");
        let lost: Vec<_> = acknowledged.difference(&once).collect();
        assert!(lost.is_empty(), "round {round}: acknowledged and lost: {lost:?}");
        if round % 20 == 19 || round + 1 == rounds {
            kept_in_all += kept.len();
        }
    }
    assert!(in_all > rounds, "the children got to write: {in_all} in {rounds} rounds");
    println!("{rounds} rounds, {in_all} acknowledged, all there, once; {kept_in_all} kept in all");
}

#[tokio::test]
async fn two_programs_write_into_one_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db").display().to_string();
    let both = ["one", "two"].map(|word| {
        let variables = [
            ("BRIDGEWATCH_TEST_APPEND", path.as_str()),
            ("INCIDENT", "INC-1"),
            ("WORD", word),
            ("MOST", "60"),
        ];
        child("crash::child_appends", &variables)
    });
    for mut child in both {
        let acknowledged = BufReader::new(child.stdout.take().unwrap())
            .lines()
            .map_while(Result::ok)
            .filter(|line| line.starts_with("ack "))
            .count();
        assert_eq!(acknowledged, 60);
        assert!(child.wait().unwrap().success());
    }
    let store = Store::open(&path).await.unwrap();
    assert_eq!(store.verify("INC-1").await.unwrap(), 120);
    let all: BTreeSet<String> = texts(&store.entries("INC-1").await.unwrap()).into_iter().collect();
    assert_eq!(all.len(), 120);
}

/// The switch of a new file to a write-ahead log does not wait for its turn by itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 8)]
async fn several_open_a_new_file_at_once() {
    let folder = tempfile::tempdir().unwrap();
    for round in 0..8 {
        let path = folder.path().join(format!("{round}.db")).display().to_string();
        let opening: Vec<_> = (0..8)
            .map(|one| {
                let path = path.clone();
                tokio::spawn(async move {
                    let store = Store::open(&path).await?;
                    store.append("INC-1", draft(&format!("fact {one}"))).await
                })
            })
            .collect();
        for one in opening {
            one.await.unwrap().unwrap();
        }
        assert_eq!(Store::open(&path).await.unwrap().verify("INC-1").await.unwrap(), 8);
    }
}

#[tokio::test]
async fn a_new_file_that_another_program_writes_into_is_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db").display().to_string();
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&path).create_if_missing(true);
    let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
    sqlx::raw_sql("CREATE TABLE another (x); INSERT INTO another VALUES (1)").execute(&pool).await.unwrap();
    // For this lock the switch to a write-ahead log is refused at once, whatever the busy timeout.
    let writing = pool.begin_with("BEGIN IMMEDIATE").await.unwrap();
    let opening = tokio::spawn(async move {
        let store = Store::open(&path).await?;
        store.append("INC-1", draft("in its turn")).await
    });
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert!(!opening.is_finished(), "the file is still held");
    writing.rollback().await.unwrap();
    assert_eq!(opening.await.unwrap().unwrap().sequence, 1);
}

#[tokio::test]
async fn a_program_hears_of_what_another_writes_into_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db").display().to_string();
    let (one, other) = (Arc::new(Store::open(&path).await.unwrap()), Store::open(&path).await.unwrap());
    let mut news = one.news();
    one.append("INC-1", draft("its own")).await.unwrap();
    let begun = Instant::now();
    // Appended until it is heard of: the watcher may not have begun before the first.
    loop {
        other.append("INC-2", draft("by another")).await.unwrap();
        let heard = tokio::time::timeout(Duration::from_millis(900), news.recv()).await;
        if heard == Ok(Some(News::Entries("INC-2".into()))) {
            break;
        }
        assert!(begun.elapsed() < Duration::from_secs(10), "nothing was heard: {heard:?}");
    }
}

#[tokio::test]
async fn the_file_refuses_to_rewrite_history_and_a_forced_change_is_found_where_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db").display().to_string();
    let store = Store::open(&path).await.unwrap();
    for number in 1..=5 {
        store.append("INC-1", draft(&format!("fact {number}"))).await.unwrap();
    }
    let pool = sqlx::SqlitePool::connect(&path).await.unwrap();
    for change in ["UPDATE entry SET body = 'x'", "DELETE FROM entry"] {
        let error = sqlx::query(change).execute(&pool).await.unwrap_err().to_string();
        assert!(error.contains("entries are never"), "{error}");
    }
    for force in [
        "DROP TRIGGER entry_is_never_changed",
        "UPDATE entry SET body = replace(body, 'fact 3', 'fact 9') WHERE sequence = 3",
    ] {
        sqlx::query(force).execute(&pool).await.unwrap();
    }
    match store.verify("INC-1").await {
        Err(StoreError::Broken { broken, .. }) => assert_eq!(broken.sequence, 3),
        other => panic!("{other:?}"),
    }
    for force in ["DROP TRIGGER entry_is_never_deleted", "DELETE FROM entry WHERE sequence = 2"] {
        sqlx::query(force).execute(&pool).await.unwrap();
    }
    let told = store.verify("INC-1").await.unwrap_err().to_string();
    assert!(told.contains("entry 2 was expected here"), "{told}");
}

#[tokio::test]
async fn a_file_of_the_first_form_is_brought_forward_and_one_of_a_later_form_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db").display().to_string();
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&path).create_if_missing(true);
    let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
    sqlx::raw_sql(include_str!("../../src/store/sqlite/0001_journal.sql")).execute(&pool).await.unwrap();
    let old = bridgewatch::incident::seal(draft("of old"), 1, "");
    sqlx::query("INSERT INTO entry (incident, sequence, body, hash) VALUES ('INC-1', 1, ?, ?)")
        .bind(&old.body)
        .bind(&old.hash)
        .execute(&pool)
        .await
        .unwrap();
    let store = Store::open(&path).await.unwrap();
    store.append("INC-1", draft("of now")).await.unwrap();
    assert_eq!(store.verify("INC-1").await.unwrap(), 2);
    drop(store);
    sqlx::query("PRAGMA user_version = 99").execute(&pool).await.unwrap();
    let told = Store::open(&path).await.err().unwrap().to_string();
    assert!(told.contains("newer bridgewatch"), "{told}");
}
