//! A disk that is full and one that can only be read: real ones, mounted for a child in a namespace of its own.

use super::{draft, texts};
use bridgewatch::store::Store;
use std::path::PathBuf;
use std::process::Command;

/// Runs a test of this file on a disk of 512 KiB; `None` where such a disk cannot be mounted.
fn on_a_small_disk(test: &str) -> Option<(bool, String)> {
    let folder = tempfile::tempdir().unwrap();
    let script = r#"mount -t tmpfs -o size=512k tmpfs "$DISK" && exec "$@""#;
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-root-user", "--mount", "sh", "-c"]);
    let can_mount = command.args([script, "sh", "true"]).env("DISK", folder.path()).status();
    if !can_mount.is_ok_and(|status| status.success()) {
        println!("skipped: no disk can be mounted here (unshare --user --mount)");
        return None;
    }
    let output = Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "sh", "-c", script, "sh"])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env("DISK", folder.path())
        .output()
        .unwrap();
    let said =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    Some((output.status.success(), said))
}

fn disk() -> Option<PathBuf> {
    std::env::var_os("DISK").map(PathBuf::from)
}

#[test]
fn a_full_disk_refuses_entries_in_words_and_loses_none() {
    if let Some((went_well, said)) = on_a_small_disk("disk::child_fills_the_disk") {
        assert!(went_well && said.contains("kept on the full disk"), "{said}");
    }
}

#[tokio::test]
async fn child_fills_the_disk() {
    let Some(disk) = disk() else { return };
    let filler = disk.join("filler");
    std::fs::write(&filler, vec![0; 200 * 1024]).unwrap();
    let path = disk.join("journal.db").display().to_string();
    let store = Store::open(&path).await.unwrap();
    let mut acknowledged = Vec::new();
    let refused = loop {
        let text = format!("{} {}", acknowledged.len(), "x".repeat(700));
        match store.append("INC-1", draft(&text)).await {
            Ok(_) => acknowledged.push(text),
            Err(error) => break error.to_string(),
        }
        assert!(acknowledged.len() < 2_000, "the disk never became full");
    };
    assert!(refused.contains("NOT recorded") && refused.contains("the disk is full"), "{refused}");
    assert_eq!(texts(&store.entries("INC-1").await.unwrap()), acknowledged);
    assert_eq!(store.verify("INC-1").await.unwrap(), acknowledged.len());
    // Space is made, and it goes on where it was.
    std::fs::remove_file(filler).unwrap();
    store.append("INC-1", draft("again")).await.unwrap();
    drop(store);
    let again = Store::open(&path).await.unwrap();
    assert_eq!(again.verify("INC-1").await.unwrap(), acknowledged.len() + 1);
    println!("{} kept on the full disk", acknowledged.len());
}

#[test]
fn a_disk_that_can_only_be_read_is_shown_and_takes_nothing() {
    if let Some((went_well, said)) = on_a_small_disk("disk::child_reads_only") {
        assert!(went_well && said.contains("read from the read-only disk"), "{said}");
    }
}

#[tokio::test]
async fn child_reads_only() {
    let Some(disk) = disk() else { return };
    let path = disk.join("a/journal.db").display().to_string();
    let store = Store::open(&path).await.unwrap();
    for number in 0..3 {
        store.append("INC-1", draft(&format!("fact {number}"))).await.unwrap();
    }
    // As a kill -9 would leave it: entries that are only in the log beside the file.
    std::fs::create_dir(disk.join("b")).unwrap();
    for ending in ["", "-wal"] {
        std::fs::copy(format!("{path}{ending}"), disk.join(format!("b/journal.db{ending}"))).unwrap();
    }
    store.close().await;
    let mut remount = Command::new("mount");
    assert!(remount.args(["-o", "remount,ro"]).arg(&disk).status().unwrap().success());
    for copy in ["a", "b"] {
        let path = disk.join(copy).join("journal.db").display().to_string();
        let store = Store::open(&path).await.unwrap();
        assert_eq!(store.verify("INC-1").await.unwrap(), 3, "{copy}");
        assert!(store.trouble().unwrap().contains("can only be read"));
        let refused = store.append("INC-1", draft("x")).await.unwrap_err().to_string();
        assert!(refused.contains("NOT recorded") && refused.contains("can only be read"), "{refused}");
    }
    println!("6 read from the read-only disk");
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
