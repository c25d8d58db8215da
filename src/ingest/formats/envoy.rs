//! Envoy's and Istio's default access logs: the request ID has a place, not a key.

use super::{Fit, Format, Glance, Sample, number, until_quote, word};
use crate::ingest::shape::Operation;
use crate::ingest::stamp::{Clock, Stamp};
use crate::telemetry::{IdentifierClass, Severity};
use std::sync::Arc;

#[derive(Debug)]
struct Envoy {
    is_istio: bool,
}

pub(super) fn fit(sample: &Sample) -> Option<Fit> {
    let score = sample.share(|line| fields(line).is_some());
    let is_istio = sample.share(|line| fields(line).is_some_and(|fields| !fields.tail.is_empty())) > 0.5;
    (score > 0.5).then(|| Fit { score: score + 0.15, format: Arc::new(Envoy { is_istio }) })
}

struct Fields<'a> {
    request: &'a [u8],
    status: u16,
    flags: &'a [u8],
    /// From behind the flags to the first of the last five quoted fields.
    numbers: &'a [u8],
    /// Forwarded-for, user agent, request ID, authority, upstream host.
    quoted: [&'a [u8]; 5],
    /// What Istio adds behind them.
    tail: &'a [u8],
}

/// `[stamp] "request" status flags … "xff" "agent" "request id" "authority" "upstream" …`
#[inline]
fn fields(line: &[u8]) -> Option<Fields<'_>> {
    if line.first() != Some(&b'[') || line.get(5) != Some(&b'-') {
        return None;
    }
    let quote = memchr::memchr(b'"', line)?;
    if line.get(quote.checked_sub(2)?) != Some(&b']') {
        return None;
    }
    let request = until_quote(&line[quote + 1..]);
    let rest = line.get(quote + 1 + request.len() + 2..)?;
    let status = number(rest).filter(|status| *status < 1000)? as u16;
    let (flags, flags_end) = word(rest, word(rest, 0).1);
    // Five quoted fields in a row, a blank between: found from their end, since reasons before may be quoted too.
    let mut end = memchr::memrchr(b'"', rest)?;
    let tail = &rest[end + 1..];
    let mut quoted = [&rest[..0]; 5];
    for place in (0..5).rev() {
        let start = memchr::memrchr(b'"', &rest[..end])?;
        quoted[place] = &rest[start + 1..end];
        if place > 0 {
            if !rest[..start].ends_with(b"\" ") {
                return None;
            }
            end = start - 2;
        } else {
            return (start >= flags_end).then(|| Fields {
                request,
                status,
                flags,
                numbers: &rest[flags_end..start],
                quoted,
                tail: tail.trim_ascii(),
            });
        }
    }
    None
}

impl Format for Envoy {
    fn name(&self) -> &'static str {
        if self.is_istio { "istio-access" } else { "envoy-access" }
    }

    fn glance<'a>(&self, line: &'a [u8], clock: &mut Clock) -> Option<Glance<'a>> {
        let fields = fields(line)?;
        let (time, _) = clock.read(Stamp::Iso, &line[1..])?;
        let mut words = fields.request.split(|byte| *byte == b' ');
        let operation = match (words.next(), words.next()) {
            (Some(method), Some(path)) => {
                Operation::Http { method: super::method_by(fields.quoted[1], method), path }
            }
            _ => Operation::None,
        };
        Some(Glance {
            time,
            severity: Severity::from_http_status(fields.status),
            body: fields.request,
            operation,
            duration_us: duration(fields.numbers),
            positional: super::only(Some((IdentifierClass::Message, fields.quoted[2]))),
            system: None,
        })
    }

    fn attributes(&self, record: &[u8]) -> Vec<(String, String)> {
        let Some(fields) = fields(record) else { return Vec::new() };
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        vec![
            ("http.response.status_code".to_owned(), fields.status.to_string()),
            ("response_flags".to_owned(), text(fields.flags)),
            ("client.address".to_owned(), text(fields.quoted[0])),
            ("user_agent.original".to_owned(), text(fields.quoted[1])),
            ("server.address".to_owned(), text(fields.quoted[3])),
            ("upstream".to_owned(), text(fields.quoted[4])),
        ]
    }

    fn message(&self, record: &[u8]) -> Option<String> {
        let fields = fields(record)?;
        let flags = String::from_utf8_lossy(fields.flags);
        let said = match &*flags {
            "UF" => " (upstream connection failed)",
            "UH" => " (no healthy upstream)",
            "UT" => " (upstream timeout)",
            "UR" | "URX" => " (upstream reset or retries exhausted)",
            "NR" => " (no route)",
            "DC" => " (client gone)",
            _ => "",
        };
        Some(format!("{} {} {flags}{said}", String::from_utf8_lossy(fields.request), fields.status))
    }
}

/// Bytes in, bytes out, duration in ms, upstream time: the last four words before the quoted fields.
fn duration(numbers: &[u8]) -> u32 {
    let words: Vec<&[u8]> = numbers.split(|byte| *byte == b' ').filter(|word| !word.is_empty()).collect();
    words.len().checked_sub(2).and_then(|place| number(words[place])).map_or(0, super::millis_as_us)
}

#[cfg(test)]
mod tests {
    use crate::ingest::formats::testing::seen;

    #[test]
    fn the_request_id_has_a_place() {
        insta::assert_snapshot!(seen("envoy-access", concat!(
            "[2026-03-14T09:26:53.589Z] \"POST /orders HTTP/1.1\" 503 UF 812 91 1811 - \"203.0.113.9\" \"curl/8.5.0\" \"3f2b8c1e-6d4a-9f7b-9a10-5c2e7d9b8a41\" \"orders.example.com\" \"10.0.0.7:8080\"\n",
            "[2026-03-01T08:00:06.100Z] \"GET /healthz HTTP/1.1\" 200 - 0 2 1 2 \"-\" \"kube-probe/1.29\" \"-\" \"order-service.prod.svc.cluster.local:8080\" \"10.2.1.29:8080\"\n",
        )), @"
        2026-03-14T09:26:53.589000000Z node error | POST /orders | 1.8 s | message:3f2b8c1e-6d4a-9f7b-9a10-5c2e7d9b8a41 | POST /orders HTTP/1.1 503 UF (upstream connection failed)
        2026-03-01T08:00:06.100000000Z node info | PROBE /healthz | 1 ms |  | GET /healthz HTTP/1.1 200 -
        ");
    }

    #[test]
    fn istio_adds_fields_before_and_behind() {
        insta::assert_snapshot!(seen("istio-access", concat!(
            "[2026-03-14T09:26:53.589Z] \"POST /orders HTTP/1.1\" 503 UF upstream_reset_before_response_started{connection_failure} - \"delayed connect error: 111\" 812 91 1811 - \"203.0.113.9\" \"curl/8.5.0\" \"3f2b8c1e-6d4a-9f7b-9a10-5c2e7d9b8a41\" \"orders:8080\" \"10.0.0.7:8080\" outbound|8080||orders.prod.svc.cluster.local - 10.0.1.9:8080 10.0.2.4:51234 - default\n",
        )), @"2026-03-14T09:26:53.589000000Z node error | POST /orders | 1.8 s | message:3f2b8c1e-6d4a-9f7b-9a10-5c2e7d9b8a41 | POST /orders HTTP/1.1 503 UF (upstream connection failed)");
    }
}
