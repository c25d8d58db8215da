//! A backend made of answers: a server on loopback that answers as it is told and remembers what it was asked.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// A request as far as tests look at it; parameters from address and form alike.
#[derive(Clone, Debug, Default)]
pub struct Request {
    pub method: String,
    pub path: String,
    pub parameters: BTreeMap<String, String>,
    pub authorization: Option<String>,
    pub body: String,
}

impl Request {
    /// A parameter as a number.
    pub fn number(&self, name: &str) -> Option<i64> {
        self.parameters.get(name)?.parse().ok()
    }

    /// The body as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }
}

#[derive(Clone, Debug)]
pub struct Answer {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: String,
    /// Promise more bytes than are sent.
    is_cut: bool,
    /// Say nothing, ever.
    is_silent: bool,
}

impl Answer {
    pub fn text(status: u16, body: &str) -> Self {
        Self { status, headers: Vec::new(), body: body.to_owned(), is_cut: false, is_silent: false }
    }

    pub fn json(body: &str) -> Self {
        let mut answer = Self::text(200, body);
        answer.headers.push(("Content-Type", "application/json".to_owned()));
        answer
    }

    /// What a target of Prometheus says of itself, exemplars included.
    #[allow(dead_code, reason = "not every test that fakes servers is scraped")]
    pub fn openmetrics(body: &str) -> Self {
        let mut answer = Self::text(200, body);
        let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
        answer.headers.push(("Content-Type", kind.to_owned()));
        answer
    }

    pub fn status(status: u16) -> Self {
        Self::text(status, "")
    }

    pub fn redirect(to: &str) -> Self {
        let mut answer = Self::status(302);
        answer.headers.push(("Location", to.to_owned()));
        answer
    }

    pub fn cut_short() -> Self {
        Self { is_cut: true, ..Self::json("{\"status\":\"success\",\"data\":{") }
    }

    pub fn status_code(&self) -> u16 {
        self.status
    }

    pub fn content(&self) -> &str {
        &self.body
    }

    pub fn is_empty(&self) -> bool {
        self.status == 200 && self.body.is_empty() && !self.is_silent && !self.is_cut
    }

    pub fn never() -> Self {
        Self { is_silent: true, ..Self::status(200) }
    }

    pub fn with_retry_after(mut self, seconds: Option<&str>) -> Self {
        self.headers.extend(seconds.map(|seconds| ("Retry-After", seconds.to_owned())));
        self
    }
}

/// The server; its threads end with the test's process.
pub struct Fake {
    pub url: String,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Fake {
    pub fn start(answer: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> Self {
        Self::start_counting(move |request, _| answer(request))
    }

    /// As `start`; the answer may depend on how many requests came before.
    pub fn start_counting(answer: impl Fn(&Request, usize) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (log, answer) = (requests.clone(), Arc::new(answer));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (log, answer) = (log.clone(), answer.clone());
                thread::spawn(move || serve(stream, &log, &*answer));
            }
        });
        Self { url, requests }
    }

    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }
}

/// One request a connection, which keeps clients honest about reconnecting.
fn serve(mut stream: TcpStream, log: &Mutex<Vec<Request>>, answer: &dyn Fn(&Request, usize) -> Answer) {
    let Some(request) = read(&stream) else { return };
    let count = {
        let mut log = log.lock().unwrap();
        log.push(request.clone());
        log.len() - 1
    };
    let answer = answer(&request, count);
    if answer.is_silent {
        thread::sleep(Duration::from_secs(20));
        return;
    }
    let length = answer.body.len() + if answer.is_cut { 1_000 } else { 0 };
    let mut head =
        format!("HTTP/1.1 {} X\r\nContent-Length: {length}\r\nConnection: close\r\n", answer.status);
    for (name, value) in &answer.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    let _ = stream.write_all(format!("{head}\r\n{}", answer.body).as_bytes());
}

fn read(stream: &TcpStream) -> Option<Request> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split(' ');
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let (mut length, mut authorization) = (0, None);
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        let Some((name, value)) = header.trim_end().split_once(": ") else { break };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.parse().ok()?,
            "authorization" => authorization = Some(value.to_owned()),
            _ => {}
        }
    }
    let mut form = vec![0; length];
    reader.read_exact(&mut form).ok()?;
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let form = String::from_utf8(form).ok()?;
    let is_json = form.starts_with('{');
    let pairs = if is_json { "" } else { form.as_str() };
    let parameters = query.split('&').chain(pairs.split('&')).filter_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        Some((decoded(name), decoded(value)))
    });
    let parameters = parameters.collect();
    Some(Request { method, path: path.to_owned(), parameters, authorization, body: form })
}

fn decoded(text: &str) -> String {
    let bytes = text.replace('+', " ").into_bytes();
    let mut plain = Vec::new();
    let mut index = 0;
    while index < bytes.len() {
        let hex = (bytes[index] == b'%')
            .then(|| std::str::from_utf8(bytes.get(index + 1..index + 3)?).ok())
            .flatten()
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        plain.push(hex.unwrap_or(bytes[index]));
        index += if hex.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&plain).into_owned()
}
