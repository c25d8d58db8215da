//! A line between the cockpit and a backend that does what lines do: delay, cut, reset, trickle; and a gate that is stormed.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// What happens to an answer on its way.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Line {
    Good,
    Slow(Duration),
    /// Nothing ever comes.
    Silent,
    /// So many bytes come, and then the end.
    Cut(usize),
    Reset,
    /// So many bytes each ten milliseconds.
    Trickle(usize),
    /// Not let through at all: too many requests.
    Storm,
}

#[derive(Clone)]
pub struct Proxy {
    pub url: String,
    line: Arc<Mutex<Line>>,
}

impl Proxy {
    pub fn before(url: &str) -> Self {
        let upstream: SocketAddr = url.trim_start_matches("http://").parse().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let proxy = Self {
            url: format!("http://{}", listener.local_addr().unwrap()),
            line: Arc::new(Mutex::new(Line::Good)),
        };
        let line = proxy.line.clone();
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let line = line.clone();
                thread::spawn(move || drop(carry(client, upstream, &line)));
            }
        });
        proxy
    }

    pub fn set(&self, line: Line) {
        *self.line.lock().unwrap() = line;
    }
}

/// One request and its answer; then the connection ends, so that each request meets the line as it is.
fn carry(mut client: TcpStream, upstream: SocketAddr, line: &Mutex<Line>) -> std::io::Result<()> {
    let now = *line.lock().unwrap();
    if now == Line::Reset {
        // What is dropped with something unread is reset.
        let mut one = [0];
        client.peek(&mut one)?;
        return Ok(());
    }
    let request = request(&mut client)?;
    let now = *line.lock().unwrap();
    match now {
        Line::Storm => {
            return client.write_all(
                b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
            );
        }
        Line::Silent => {
            while *line.lock().unwrap() == Line::Silent {
                thread::sleep(Duration::from_millis(20));
            }
            return Ok(());
        }
        Line::Slow(delay) => thread::sleep(delay),
        _ => {}
    }
    let mut server = TcpStream::connect(upstream)?;
    server.write_all(&request)?;
    let mut answer = Vec::new();
    server.read_to_end(&mut answer)?;
    match now {
        Line::Cut(length) => {
            client.write_all(&answer[..answer.len().min(length)])?;
            client.shutdown(Shutdown::Both)
        }
        Line::Trickle(bytes) => {
            for piece in answer.chunks(bytes) {
                client.write_all(piece)?;
                thread::sleep(Duration::from_millis(10));
            }
            Ok(())
        }
        _ => client.write_all(&answer),
    }
}

/// The head and the body of a request, made to be the last of its connection.
fn request(client: &mut TcpStream) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let length = client.read(&mut buffer)?;
        bytes.extend_from_slice(&buffer[..length]);
        let head = bytes.windows(4).position(|four| four == b"\r\n\r\n");
        if let Some(head) = head {
            let text = String::from_utf8_lossy(&bytes[..head]).to_ascii_lowercase();
            let body =
                text.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
            if bytes.len() >= head + 4 + body.unwrap_or(0) {
                bytes.splice(head..head, b"\r\nConnection: close".iter().copied());
                return Ok(bytes);
            }
        }
        if length == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    }
}
