//! The bridge in a real terminal: declared by two keys, a runbook ticked off, a write-up seen and then sent.

use super::pty::Session;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::mpsc;
use std::time::Duration;

/// Takes what is sent to a webhook, and hands its body over.
fn webhook() -> (String, mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/hook/secret-part", listener.local_addr().unwrap());
    let (sender, bodies) = mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let mut reader = BufReader::new(stream);
            let mut length = 0;
            let mut line = String::new();
            while reader.read_line(&mut line).is_ok_and(|read| read > 2) {
                if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                }
                line.clear();
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).unwrap();
            let answer = b"HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
            reader.get_mut().write_all(answer).unwrap();
            let _ = sender.send(String::from_utf8(body).unwrap());
        }
    });
    (address, bodies)
}

#[test]
fn a_bridge_is_run_and_published_from_the_keyboard_alone() {
    let (address, bodies) = webhook();
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("hook"), address).unwrap();
    std::fs::write(path("erp.md"), "# Certificate\n- [ ] Read NotAfter\n- [ ] Roll back\n").unwrap();
    let config = format!(
        "author = \"ann\"\n[store]\npath = \"record.db\"\n[systems.erp-adapter]\nrunbook = \"erp.md\"\n[[publish]]\nkind = \"teams\"\nname = \"bridge-chat\"\nwebhook = {{ file = \"{}\" }}\n",
        path("hook").display()
    );
    std::fs::write(path("own.toml"), config).unwrap();
    let config = path("own.toml").display().to_string();
    let scenario = concat!(env!("CARGO_MANIFEST_DIR"), "/sample-logs/erp-certificate-expired");
    let mut session = Session::start(&["open", "--config", &config, scenario], 120, 36, &[]);
    session.see("Suspects: conclusive");
    session.press("D");
    session.see("Declare an incident");
    session.press("enter");
    session.see("SEV1 INC-0001");
    // A step of the runbook of the suspected system.
    session.press("O");
    session.see("0 of 2 done");
    session.press("enter");
    session.press("yesterday");
    session.press("enter");
    session.see("1 of 2 done");
    session.press("esc");
    // Nothing leaves before it was seen.
    session.press("W");
    session.see("bridge-chat");
    session.press("enter");
    session.see("W sends exactly this");
    session.see("adaptivecards.io");
    assert!(bodies.try_recv().is_err(), "it was only looked at");
    session.press("W");
    session.see("published to bridge-chat");
    let body = bodies.recv_timeout(Duration::from_secs(30)).unwrap();
    assert!(body.contains("RCA INC-0001") && body.contains("AdaptiveCard"), "{body}");
    assert!(bodies.try_recv().is_err(), "once");
    session.press("1");
    session.press("q");
    assert_eq!(session.end(), 0);
    session.is_as_found();
}

/// Two cockpits on one record: what one writes, the other shows, without a key being pressed there.
fn two_cockpits_on(store: impl Fn(&str) -> String) {
    let folder = tempfile::tempdir().unwrap();
    let start = |name: &str| {
        let path = folder.path().join(format!("{name}.toml"));
        std::fs::write(&path, format!("author = \"{name}\"\n{}", store(name))).unwrap();
        Session::start(&["--config", &path.display().to_string()], 120, 36, &[])
    };
    let mut ann = start("ann");
    ann.see("What would you like to open?");
    ann.press("D");
    ann.see("Declare an incident");
    ann.press("Orders do not reach billing");
    ann.press("enter");
    ann.press("enter");
    ann.see("Record of INC-0001");
    let mut bob = start("bob");
    bob.see("Record of INC-0001");
    ann.press("n");
    ann.press("the certificate has expired");
    ann.press("enter");
    bob.see("the certificate has expired");
    bob.press("a");
    bob.press("security which one? 3m");
    bob.press("enter");
    ann.see("@security which one?");
    for mut session in [ann, bob] {
        session.press("q");
        assert_eq!(session.end(), 0);
    }
}

#[test]
fn two_cockpits_on_one_file_see_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("record.db");
    two_cockpits_on(|_| format!("[store]\npath = \"{}\"\n", path.display()));
}

#[test]
fn two_cockpits_on_one_team_s_database_see_each_other() {
    let Ok(address) = std::env::var("BRIDGEWATCH_TEST_POSTGRES") else {
        return eprintln!("skipped: BRIDGEWATCH_TEST_POSTGRES names no database; tests/run starts one");
    };
    let name = format!("two_cockpits_{}", std::process::id());
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let pool = sqlx::PgPool::connect(&address).await.unwrap();
        let make = sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"));
        sqlx::raw_sql(make).execute(&pool).await.unwrap();
    });
    let (server, _) = address.rsplit_once('/').unwrap();
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("address");
    std::fs::write(&secret, format!("{server}/{name}")).unwrap();
    // Each has an outbox of its own, as on machines of their own.
    two_cockpits_on(|name| {
        let outbox = folder.path().join(name).join("record.db");
        let (secret, outbox) = (secret.display(), outbox.display());
        format!("[store]\npath = \"{outbox}\"\npostgres = {{ file = \"{secret}\" }}\n")
    });
}
