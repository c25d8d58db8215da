//! Several cockpits on one database: they see each other's entries, work on when it is away, and merge when it is back.

use super::crash::Dice;
use super::proxy::Wire;
use super::{database, draft, texts};
use bridgewatch::incident::{Draft, Incident, PENDING, What, verify};
use bridgewatch::store::{News, Store};
use bridgewatch::telemetry::Time;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::mpsc::Receiver;
use tokio::time::timeout;

/// A database that no other test writes into.
pub(super) async fn database_of_its_own(address: &str, name: &str) -> String {
    let name = format!("{name}_{}", std::process::id());
    let pool = sqlx::PgPool::connect(address).await.unwrap();
    let make = sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"));
    sqlx::raw_sql(make).execute(&pool).await.unwrap();
    let (server, _) = address.rsplit_once('/').unwrap();
    format!("{server}/{name}")
}

async fn cockpit(address: &str, folder: &Path, name: &str) -> Arc<Store> {
    Arc::new(Store::open_team(address, &folder.join(format!("{name}.db"))).await.unwrap())
}

fn said(author: &str, text: &str) -> Draft {
    Draft { author: author.to_owned(), ..draft(text) }
}

async fn wait_for(news: &mut Receiver<News>, wanted: impl Fn(&News) -> bool) -> News {
    timeout(Duration::from_secs(20), async {
        loop {
            let one = news.recv().await.unwrap();
            if wanted(&one) {
                return one;
            }
        }
    })
    .await
    .unwrap()
}

#[tokio::test]
async fn cockpits_see_each_others_entries_within_a_second() {
    let Some(address) = database() else { return };
    let address = &database_of_its_own(&address, "seen").await;
    let folder = tempfile::tempdir().unwrap();
    let (ann, bob) =
        (cockpit(address, folder.path(), "ann").await, cockpit(address, folder.path(), "bob").await);
    let (name, _) = ann.declare(said("ann", "orders stuck")).await.unwrap();
    let mut news = bob.news();
    wait_for(&mut news, |news| *news == News::Entries(name.clone())).await; // It listens from here on.
    let mut slowest = Duration::ZERO;
    for number in 0..20 {
        let begun = Instant::now();
        let text = format!("fact {number}");
        ann.append(&name, said("ann", &text)).await.unwrap();
        wait_for(&mut news, |news| *news == News::Entries(name.clone())).await;
        assert_eq!(texts(&bob.entries(&name).await.unwrap()).last(), Some(&text));
        slowest = slowest.max(begun.elapsed());
    }
    assert!(slowest < Duration::from_secs(1), "{slowest:?}");
    println!("20 entries seen by the other cockpit, the slowest after {slowest:?}");
}

#[tokio::test]
async fn a_cockpit_works_on_while_the_database_is_away_and_merges_when_it_is_back() {
    let Some(address) = database() else { return };
    let address = &database_of_its_own(&address, "away").await;
    let folder = tempfile::tempdir().unwrap();
    let wire = Wire::to(address).await;
    let ann = cockpit(&wire.address, folder.path(), "ann").await;
    let bob = cockpit(address, folder.path(), "bob").await;
    let (name, _) = ann.declare(said("ann", "orders stuck")).await.unwrap();
    ann.append(&name, said("ann", "before")).await.unwrap();
    let mut news = ann.news();
    wait_for(&mut news, |news| matches!(news, News::Entries(_))).await;

    wire.cut();
    wait_for(&mut news, |news| matches!(news, News::Away(_))).await;
    let begun = Instant::now();
    let asked = What::Asked { who: "kafka-oncall".into(), question: "lag?".into(), minutes: 3 };
    let asked = ann.append(&name, Draft::new(Time::from_seconds(9), "ann", asked)).await.unwrap();
    assert!(asked.sequence > PENDING && begun.elapsed() < Duration::from_secs(1));
    let answered = What::Answered { ask: asked.sequence, answer: "9 000".into() };
    ann.append(&name, Draft::new(Time::from_seconds(10), "ann", answered)).await.unwrap();
    let elsewhere = bob.append(&name, said("bob", "meanwhile")).await.unwrap();
    assert_eq!(elsewhere.sequence, 3);
    // What waits is shown with the rest, and fits together.
    let shown = Incident::replay(&name, &ann.entries(&name).await.unwrap());
    assert_eq!((shown.lines.len(), shown.open_asks().count()), (4, 0));
    assert!(ann.trouble().unwrap().contains("entries are kept here"));
    let (alone, _) = ann.declare(said("ann", "another incident")).await.unwrap();
    assert!(alone.starts_with("INC-0002-"), "{alone}");

    wire.mend();
    assert_eq!(wait_for(&mut news, |news| matches!(news, News::Back(_))).await, News::Back(3));
    let (one, other) = (ann.entries(&name).await.unwrap(), bob.entries(&name).await.unwrap());
    assert_eq!(one, other, "one order for all");
    assert_eq!(verify(&one), Ok(()));
    let merged = Incident::replay(&name, &one);
    assert_eq!((merged.lines.len(), merged.asks[0].entry), (5, 4));
    assert_eq!(
        merged.asks[0].answer.as_deref(),
        Some("9 000"),
        "the answer found its ask under its new number"
    );
    assert_eq!(bob.verify(&alone).await.unwrap(), 1);
    assert!(ann.trouble().is_none());
    // An entry that is spoken of by the number that it had while it waited is still found.
    let late = What::Undone { entry: asked.sequence };
    ann.append(&name, Draft::new(Time::from_seconds(11), "ann", late)).await.unwrap();
    assert_eq!(bob.incident(&name).await.unwrap().unwrap().asks.len(), 0);
}

#[tokio::test]
async fn an_entry_whose_acknowledgement_is_lost_on_the_way_is_there_once() {
    let Some(address) = database() else { return };
    let address = &database_of_its_own(&address, "lost").await;
    let folder = tempfile::tempdir().unwrap();
    let wire = Wire::to(address).await;
    let ann = cockpit(&wire.address, folder.path(), "ann").await;
    let bob = cockpit(address, folder.path(), "bob").await;
    ann.append("INC-1", said("ann", "first")).await.unwrap();
    wire.cut_at_commit();
    let kept = ann.append("INC-1", said("ann", "second")).await.unwrap();
    assert!(kept.is_pending() && wire.is_cut(), "nobody could know whether it was taken");
    assert_eq!(texts(&bob.entries("INC-1").await.unwrap()), ["first", "second"], "it was");
    drop(ann);
    // Even a cockpit that is started anew, while the database is still away, knows what waits.
    let ann = cockpit(&wire.address, folder.path(), "ann").await;
    assert_eq!(texts(&ann.entries("INC-1").await.unwrap()), ["first", "second"]);
    let mut news = ann.news();
    wire.mend();
    assert_eq!(wait_for(&mut news, |news| matches!(news, News::Back(_))).await, News::Back(1));
    assert_eq!(texts(&bob.entries("INC-1").await.unwrap()), ["first", "second"], "once");
    assert_eq!(texts(&ann.entries("INC-1").await.unwrap()), ["first", "second"]);
    assert_eq!(bob.verify("INC-1").await.unwrap(), 2);
}

#[tokio::test]
async fn however_the_wires_are_cut_nothing_is_lost_and_nothing_is_there_twice() {
    let Some(address) = database() else { return };
    let address = &database_of_its_own(&address, "chaos").await;
    let folder = tempfile::tempdir().unwrap();
    let mut dice = Dice::new(42);
    let mut cockpits = Vec::new();
    for name in ["ann", "bob", "cem"] {
        let wire = Wire::to(address).await;
        let store = cockpit(&wire.address, folder.path(), name).await;
        let news = store.news();
        cockpits.push((name, wire, store, news));
    }
    let mut written = Vec::new();
    let mut cuts = 0;
    for round in 0..150 {
        let (name, wire, store, news) = &mut cockpits[dice.below(3) as usize];
        match dice.below(12) {
            0 => wire.cut(),
            1 => wire.cut_at_commit(),
            2 | 3 => wire.mend(),
            _ => {}
        }
        cuts += u64::from(wire.is_cut());
        while news.try_recv().is_ok() {}
        let text = format!("{name} {round:03}");
        store.append("INC-1", said(name, &text)).await.unwrap();
        written.push(text);
    }
    for (_, wire, store, _) in &cockpits {
        wire.mend();
        let begun = Instant::now();
        while store.trouble().is_some()
            || store.entries("INC-1").await.unwrap().iter().any(|one| one.is_pending())
        {
            assert!(begun.elapsed() < Duration::from_secs(30), "it never merged: {:?}", store.trouble());
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
    let entries = Store::open(address).await.unwrap().entries("INC-1").await.unwrap();
    assert_eq!(verify(&entries), Ok(()));
    let kept = texts(&entries);
    let mut sorted = (kept.clone(), written.clone());
    sorted.0.sort();
    sorted.1.sort();
    assert_eq!(sorted.0, sorted.1, "all of them, once");
    for (name, _, store, _) in &cockpits {
        let own =
            |all: &[String]| all.iter().filter(|text| text.starts_with(name)).cloned().collect::<Vec<_>>();
        assert_eq!(own(&kept), own(&written), "the entries of {name} keep their order");
        assert_eq!(store.entries("INC-1").await.unwrap(), entries);
    }
    println!("150 entries by 3 cockpits, {cuts} of them over a cut wire: all there, once, in one order");
}

#[tokio::test]
async fn a_database_that_is_away_at_the_start_is_waited_for_and_a_wrong_one_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let nowhere = "postgres://ann:secret@127.0.0.1:1/x";
    let store = Store::open_team(nowhere, &folder.path().join("outbox.db")).await.unwrap();
    let trouble = store.trouble().unwrap();
    assert!(trouble.contains("127.0.0.1:1/x") && !trouble.contains("secret"), "{trouble}");
    store.append("INC-1", draft("kept here")).await.unwrap();
    assert_eq!(store.incident("INC-1").await.unwrap().unwrap().lines.len(), 1);
    assert_eq!(store.list().await.unwrap(), ["INC-1"]);
    let wrong = Store::open_team("postgres://:::", &folder.path().join("other.db")).await;
    assert!(wrong.is_err());
    let Some(address) = database() else { return };
    let (server, _) = address.rsplit_once('/').unwrap();
    let wrong =
        Store::open_team(&format!("{server}/no_such_database"), &folder.path().join("third.db")).await;
    assert!(wrong.err().unwrap().to_string().contains("no_such_database"));
}
