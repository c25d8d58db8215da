//! A wire to a database that a test can cut, also between an entry's commit and its acknowledgement.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::{Duration, sleep};

const WHOLE: u8 = 0;
const CUT: u8 = 1;
const CUT_AT_COMMIT: u8 = 2;

pub(super) struct Wire {
    pub(super) address: String,
    state: Arc<AtomicU8>,
    cut: watch::Sender<u64>,
}

impl Wire {
    /// A wire to the database of an address like `postgres://user@127.0.0.1:5432/name`.
    pub(super) async fn to(address: &str) -> Self {
        let (head, rest) = address.split_once('@').unwrap();
        let (server, name) = rest.split_once('/').unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (state, (cut, watcher)) = (Arc::new(AtomicU8::new(WHOLE)), watch::channel(0));
        let (server, shared) = (server.to_owned(), state.clone());
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                if shared.load(Ordering::SeqCst) == CUT {
                    continue; // Dropped: as if nobody listened.
                }
                let Ok(server) = TcpStream::connect(&server).await else { continue };
                tokio::spawn(carry(client, server, shared.clone(), watcher.clone()));
            }
        });
        Self { address: format!("{head}@127.0.0.1:{port}/{name}"), state, cut }
    }

    pub(super) fn cut(&self) {
        self.state.store(CUT, Ordering::SeqCst);
        self.cut.send_modify(|count| *count += 1);
    }

    pub(super) fn mend(&self) {
        self.state.store(WHOLE, Ordering::SeqCst);
    }

    /// The next commit reaches the database, its acknowledgement never comes back, and then the wire is cut.
    pub(super) fn cut_at_commit(&self) {
        self.state.store(CUT_AT_COMMIT, Ordering::SeqCst);
    }

    pub(super) fn is_cut(&self) -> bool {
        self.state.load(Ordering::SeqCst) == CUT
    }
}

async fn carry(
    mut client: TcpStream,
    mut server: TcpStream,
    state: Arc<AtomicU8>,
    mut cut: watch::Receiver<u64>,
) {
    let (mut up, mut down) = (vec![0; 16_384], vec![0; 16_384]);
    cut.mark_unchanged();
    loop {
        tokio::select! {
            _ = cut.changed() => return,
            count = client.read(&mut up) => {
                let Ok(count @ 1..) = count else { return };
                if server.write_all(&up[..count]).await.is_err() {
                    return;
                }
                let is_commit = up[..count].windows(6).any(|word| word == b"COMMIT");
                if is_commit && state.load(Ordering::SeqCst) == CUT_AT_COMMIT {
                    sleep(Duration::from_millis(200)).await;
                    // Unless it was mended meanwhile.
                    let _ = state.compare_exchange(CUT_AT_COMMIT, CUT, Ordering::SeqCst, Ordering::SeqCst);
                    return;
                }
            }
            count = server.read(&mut down) => {
                let Ok(count @ 1..) = count else { return };
                if client.write_all(&down[..count]).await.is_err() {
                    return;
                }
            }
        }
    }
}
