//! Access logs of nginx, Apache and Kong's proxy: combined, with whatever was appended.

use super::{Fit, Format, Glance, Sample, find, number, pairs, seconds_as_us, until_quote};
use crate::ingest::shape::Operation;
use crate::ingest::stamp::{Clock, Stamp};
use crate::telemetry::{IdentifierClass, Severity};
use std::sync::Arc;

#[derive(Debug)]
struct Access;

pub(super) fn fit(sample: &Sample) -> Option<Fit> {
    let score = sample.share(|line| parts(line).is_some());
    (score > 0.5).then(|| Fit { score: score + 0.1, format: Arc::new(Access) })
}

struct Parts<'a> {
    stamp: &'a [u8],
    request: &'a [u8],
    status: u16,
    /// Everything behind the status.
    rest: &'a [u8],
}

/// `host ident user [stamp] "request" status …`
#[inline]
fn parts(line: &[u8]) -> Option<Parts<'_>> {
    let open = memchr::memchr(b'[', &line[..line.len().min(400)])?;
    let stamp = line.get(open + 1..)?;
    if stamp.len() < 24 || stamp[2] != b'/' || stamp[6] != b'/' {
        return None;
    }
    let quote = 20 + memchr::memchr(b'"', &stamp[20..])?;
    let request = until_quote(&stamp[quote + 1..]);
    let rest = stamp.get(quote + 1 + request.len() + 2..)?;
    let status = number(rest).filter(|status| (100..1000).contains(status))? as u16;
    Some(Parts { stamp, request, status, rest })
}

impl Format for Access {
    fn name(&self) -> &'static str {
        "access-combined"
    }

    fn glance<'a>(&self, line: &'a [u8], clock: &mut Clock) -> Option<Glance<'a>> {
        let parts = parts(line)?;
        let (time, _) = clock.read(Stamp::Clf, parts.stamp)?;
        let mut words = parts.request.split(|byte| *byte == b' ');
        let operation = match (words.next(), words.next()) {
            (Some(method), Some(path)) => {
                Operation::Http { method: super::method_by(agent(parts.rest), method), path }
            }
            _ => Operation::None,
        };
        Some(Glance {
            time,
            severity: Severity::from_http_status(parts.status),
            body: parts.request,
            operation,
            duration_us: request_time(parts.rest),
            positional: super::only(request_id(parts.rest).or_else(|| appended_identifier(parts.rest))),
            system: None,
        })
    }

    fn attributes(&self, record: &[u8]) -> Vec<(String, String)> {
        let Some(parts) = parts(record) else { return Vec::new() };
        let mut found = vec![("http.response.status_code".to_owned(), parts.status.to_string())];
        let mut words = record.split(|byte| *byte == b' ');
        if let Some(client) = words.next() {
            found.push(("client.address".to_owned(), String::from_utf8_lossy(client).into_owned()));
        }
        found.extend(pairs(parts.rest));
        found
    }

    fn message(&self, record: &[u8]) -> Option<String> {
        let parts = parts(record)?;
        Some(format!("{} {}", String::from_utf8_lossy(parts.request), parts.status))
    }
}

/// The second quoted field behind the status; the first is the referrer.
fn agent(rest: &[u8]) -> &[u8] {
    let mut quotes = memchr::memchr_iter(b'"', rest);
    match (quotes.nth(2), quotes.next()) {
        (Some(from), Some(to)) => &rest[from + 1..to],
        _ => b"",
    }
}

/// `rt=0.105` or `request_time=0.105`, in seconds, as nginx writes `$request_time`.
fn request_time(rest: &[u8]) -> u32 {
    for (key, rare) in [(b" rt=".as_slice(), 3), (b" request_time=", 13), (b" rt:", 3)] {
        if let Some(at) = find(rest, key, rare) {
            let value = &rest[at + key.len()..];
            let length =
                value.iter().position(|byte| !matches!(byte, b'0'..=b'9' | b'.')).unwrap_or(value.len());
            return seconds_as_us(&value[..length]);
        }
    }
    0
}

/// `rid=…`, as nginx's `$request_id` is often called; too short a key to be searched for in all other logs.
fn request_id(rest: &[u8]) -> Option<(IdentifierClass, &[u8])> {
    let at = memchr::memmem::find(rest, b" rid=")? + 5;
    let value = rest[at..].split(|byte| *byte == b' ').next()?;
    Some((IdentifierClass::Message, value))
}

/// A bare 128-bit hex value at the line's end, quoted or not: nginx's `$request_id` without a key.
fn appended_identifier(rest: &[u8]) -> Option<(IdentifierClass, &[u8])> {
    let rest = rest.trim_ascii_end();
    let rest = rest.strip_suffix(b"\"").unwrap_or(rest);
    let from = rest.iter().rposition(|byte| matches!(byte, b' ' | b'"' | b'=' | b':'))?;
    let value = &rest[from + 1..];
    let is_bare = matches!(rest[from], b' ' | b'"') && !matches!(rest.get(from.checked_sub(2)?), Some(b':'));
    (is_bare && crate::ingest::identify::hex128(value).is_some_and(|(_, length)| length == value.len()))
        .then_some((IdentifierClass::Message, value))
}

#[cfg(test)]
mod tests {
    use crate::ingest::formats::testing::seen;

    #[test]
    fn nginx_with_appended_fields() {
        insta::assert_snapshot!(seen("access-combined", concat!(
            "203.0.113.141 - - [01/Mar/2026:08:00:07 +0000] \"POST /shop/checkout?x=1 HTTP/2.0\" 201 3637 \"https://shop.example.com/cart\" \"okhttp/4.12.0\" rt=0.105 urt=0.104 cid=6aff6fe9-b85b-48e9-b3b4-ea6b6d9c7ef9\n",
            "203.0.113.9 - alice [14/Mar/2026:10:26:53 +0100] \"GET /orders/4711 HTTP/1.1\" 502 157 \"-\" \"Mozilla/5.0 (X11; Linux x86_64)\"\n",
            "203.0.113.9 - - [14/Mar/2026:09:26:53 +0000] \"POST /orders HTTP/2.0\" 429 211 \"-\" \"curl/8.5.0\" kong_request_id: \"b2c3d4e5f60718293a4b5c6d7e8f9001\"\n",
            "10.0.0.4 - - [14/Mar/2026:09:26:53 +0000] \"GET / HTTP/1.1\" 200 2 \"-\" \"ELB-HealthChecker/2.0\"\n",
            "203.0.113.9 - - [14/Mar/2026:09:26:53 +0000] \"POST /orders HTTP/2.0\" 200 211 \"-\" \"curl/8.5.0\" b2c3d4e5f60718293a4b5c6d7e8f9001\n",
        )), @"
        2026-03-01T08:00:07.000000000Z node info | POST /shop/checkout | 105 ms | correlation:6aff6fe9-b85b-48e9-b3b4-ea6b6d9c7ef9 | POST /shop/checkout?x=1 HTTP/2.0 201
        2026-03-14T09:26:53.000000000Z node error | GET /orders/* | - |  | GET /orders/4711 HTTP/1.1 502
        2026-03-14T09:26:53.000000000Z node warn | POST /orders | - | message:b2c3d4e5f60718293a4b5c6d7e8f9001 | POST /orders HTTP/2.0 429
        2026-03-14T09:26:53.000000000Z node info | PROBE / | - |  | GET / HTTP/1.1 200
        2026-03-14T09:26:53.000000000Z node info | POST /orders | - | message:b2c3d4e5f60718293a4b5c6d7e8f9001 | POST /orders HTTP/2.0 200
        ");
    }
}
