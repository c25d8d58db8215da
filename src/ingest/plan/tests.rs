//! Chunks of any size, hostile bytes, many events in a line.

use super::super::{Scanner, Settings, detect};
use super::*;
use crate::telemetry::Severity;
use proptest::prelude::*;

const KAFKA: &str = "[2026-03-01 08:00:00,797] INFO [s|t] Put record headers=(x-correlation-id=abc99e3ed95f4ad37d195f2a1f6f6e53) (org.x.Y:1)
[2026-03-01 08:00:01,797] ERROR [s|t] Error encountered. (org.x.LogReporter:100)
org.x.DataException: Schema mismatch
\tat a.b.C(D.java:1)
Caused by: org.y: missing (key=ORD-1, correlationId=bbc99e3ed95f4ad37d195f2a1f6f6e53)
[2026-03-01 08:00:02,797] WARN [s|t] Record sent to dead letter queue headers=(x-correlation-id=bbc99e3ed95f4ad37d195f2a1f6f6e53) (org.x.Y:2)
";

fn in_chunks(text: &str, size: usize) -> Vec<(Time, Origin, Vec<u128>)> {
    in_chunks_of("kafka/connect.log", text, size)
}

fn in_chunks_of(path: &str, text: &str, size: usize) -> Vec<(Time, Origin, Vec<u128>)> {
    let plan = detect(path, text.as_bytes(), true, &Settings::default());
    let mut scanner = Scanner::default();
    let mut seen = Vec::new();
    for start in (0..text.len()).step_by(size) {
        // As the loader does it: a byte before, and enough behind.
        let from = start.saturating_sub(1);
        let own = start - from..(start + size).min(text.len()) - from;
        let glances = plan.glance(&text.as_bytes()[from..], own, from as u64, 7, &mut scanner);
        for row in 0..glances.time.len() {
            let ids = glances
                .identifiers
                .iter()
                .filter(|(of, _)| *of as usize == row)
                .map(|&(_, key)| glances.keys[key as usize].key.0)
                .collect();
            seen.push((glances.time[row], glances.origin[row], ids));
        }
    }
    seen
}

#[test]
fn chunk_borders_change_nothing() {
    let whole = in_chunks(KAFKA, KAFKA.len());
    assert_eq!(whole.len(), 3);
    assert_eq!(whole[1].2.len(), 1, "the identifier on the continuation line");
    for size in [1, 7, 64, 100, 333] {
        assert_eq!(in_chunks(KAFKA, size), whole, "chunks of {size} bytes");
    }
}

#[test]
fn each_span_of_a_line_is_an_event_of_its_own() {
    let text = concat!(
        r#"{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"orders"}}]},"scopeSpans":[{"spans":[{"traceId":"7c1f0a9be2d34c58a1b6e0f2934d5a77","spanId":"9f3c2b1a0d4e5f67","name":"POST /orders","kind":2,"startTimeUnixNano":"1773480413589000000","endTimeUnixNano":"1773480415400000000","attributes":[{"key":"correlation_id","value":{"stringValue":"3f2b8c1e-6d4a-4f7b-9a10-5c2e7d9b8a41"}}],"status":{"code":2,"message":"upstream 502"}},{"traceId":"fB8Km+LTTFihtuDyk01adw==","spanId":"AAAAAAAAAAE=","parentSpanId":"nzwrGg1OX2c=","name":"GET /stock","kind":"SPAN_KIND_CLIENT","startTimeUnixNano":1773480413600000000,"endTimeUnixNano":1773480413700000000}]}]}]}"#,
        "\n",
        r#"{"resourceLogs":[{"resource":{"attributes":[]},"scopeLogs":[{"logRecords":[{"timeUnixNano":"1773480413589000000","severityNumber":17,"body":{"stringValue":"failed"},"traceId":"7c1f0a9be2d34c58a1b6e0f2934d5a77","spanId":"9f3c2b1a0d4e5f67"}]}]}]}"#,
        "\n"
    );
    let plan = detect("otel/spans.jsonl", text.as_bytes(), true, &Settings::default());
    let events = plan.events(text.as_bytes(), "otel/spans.jsonl");
    assert_eq!(events.len(), 3);
    assert_eq!((events[0].system.as_str(), events[0].severity), ("orders", Severity::ERROR));
    assert_eq!(events[0].body, "POST /orders: upstream 502");
    assert_eq!(events[0].identifiers.len(), 2);
    assert_eq!(events[1].identifiers[0].value, "7c1f0a9be2d34c58a1b6e0f2934d5a77");
    assert_eq!(events[1].span.unwrap().parent, 0x9f3c_2b1a_0d4e_5f67);
    assert_eq!(events[1].duration, Some(Nanos::millis(100)));
    assert_eq!((events[2].kind, events[2].system.as_str()), (EventKind::Log, "spans"));
}

#[test]
fn a_span_that_links_to_one_trace_belongs_to_both_and_a_batch_only_to_its_own() {
    let span = |id: u32, links: &str| {
        format!(
            r#"{{"resourceSpans":[{{"resource":{{"attributes":[]}},"scopeSpans":[{{"spans":[{{"traceId":"{:032x}","spanId":"{id:016x}","name":"process orders","kind":5,"startTimeUnixNano":"1773480413589000000","endTimeUnixNano":"1773480415400000000","links":[{links}]}}]}}]}}]}}"#,
            0xf1_u32
        )
    };
    let link = |trace: u32| format!(r#"{{"traceId":"{trace:032x}","spanId":"{:016x}"}}"#, 9);
    // A backslash takes the careful reader; both say the same.
    let escaped = span(2, &link(0xa1)).replace("process orders", r"process \u006frders");
    let text = [span(1, &link(0xa1)), escaped, span(3, &[link(0xa1), link(0xa2)].join(",")), span(4, "")];
    let text = text.join("\n") + "\n";
    let glanced: Vec<Vec<u128>> =
        in_chunks_of("otel/spans.jsonl", &text, text.len()).into_iter().map(|event| event.2).collect();
    assert_eq!(glanced, [vec![0xf1, 0xa1], vec![0xf1, 0xa1], vec![0xf1], vec![0xf1]]);
    let plan = detect("otel/spans.jsonl", text.as_bytes(), true, &Settings::default());
    let read: Vec<usize> =
        plan.events(text.as_bytes(), "x").iter().map(|event| event.identifiers.len()).collect();
    assert_eq!(read, [2, 2, 1, 1]);
}

#[test]
fn a_line_that_cannot_be_read_is_reported_and_hides_no_other() {
    let text = "{\"@timestamp\":\"2026-03-14T09:26:53Z\",\"log.level\":\"INFO\",\"message\":\"a\"}\n{\"@timestamp\":\"never\"}\nrubbish \x1b[2J\n{\"@timestamp\":\"2026-03-14T09:26:54Z\",\"log.level\":\"INFO\",\"message\":\"b\"}\n{\"@timestamp\":\"2026-03-14T09:26:54Z\",\"log.level\":\"INFO\",\"message\":\"b\"}\n";
    let plan = detect("a/b.json", text.as_bytes(), true, &Settings::default());
    let glances = plan.glance(text.as_bytes(), 0..text.len(), 0, 0, &mut Scanner::default());
    assert_eq!((glances.time.len(), glances.issues.len()), (3, 2));
    assert!(!glances.issues[1].reason.contains('\x1b'), "{}", glances.issues[1].reason);
}

proptest! {
    #[test]
    fn no_bytes_make_reading_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400), head in 0usize..8) {
        let lines = [KAFKA, "{\"resourceSpans\":[{\"", "{\"@timestamp\":\"2026-03-14T09:26:53Z\",", "time=2026-03-14T09:26:53Z ",
            "<11>1 2026-03-14T09:26:53Z a b c d [x=\"", "203.0.113.9 - - [14/Mar/2026:09:26:53 +0000] \"", "a|b|c|2026-03-14T09:26:53Z|", ""];
        let mut text = lines[head].as_bytes().to_vec();
        text.extend(bytes);
        let plan = detect("x/y.log", &text, true, &Settings::default());
        let _ = plan.events(&text, "x/y.log");
        let _ = plan.table(&text, "x", Time(0));
        let _ = plan.series(&text, "x");
    }

    #[test]
    fn records_are_the_same_in_chunks_of_any_size(size in 1usize..500) {
        prop_assert_eq!(in_chunks(KAFKA, size), in_chunks(KAFKA, KAFKA.len()));
    }
}

#[test]
fn whom_a_call_is_to_is_read_by_both_readers_of_spans() {
    let line = |name: &str, kind: &str| {
        format!(
            r#"{{"resourceSpans":[{{"resource":{{"attributes":[{{"key":"service.name","value":{{"stringValue":"orders"}}}}]}},"scopeSpans":[{{"spans":[{{"traceId":"7c1f0a9be2d34c58a1b6e0f2934d5a77","spanId":"9f3c2b1a0d4e5f67","name":"{name}","kind":{kind},"startTimeUnixNano":"1773480413589000000","endTimeUnixNano":"1773480415400000000","attributes":[{{"key":"db.system","value":{{"stringValue":"postgresql"}}}},{{"key":"server.address","value":{{"stringValue":"orders-db.prod.svc"}}}}]}}]}}]}}]}}"#
        ) + "\n"
    };
    // An escape takes the careful reader; a server's peer is its caller.
    let text = line("SELECT", "3") + &line(r#"SELECT \"x\""#, "3") + &line("GET", "2");
    let plan = detect("otel/spans.jsonl", text.as_bytes(), true, &Settings::default());
    let glances = plan.glance(text.as_bytes(), 0..text.len(), 0, 0, &mut Scanner::default());
    let peer = |row: usize| {
        let peer = glances.stations[glances.station[row] as usize].peer;
        peer.map(|peer| glances.peer_names[usize::from(peer)].as_str())
    };
    assert_eq!([peer(0), peer(1), peer(2)], [Some("orders-db"), Some("orders-db"), None]);
    assert_eq!(glances.system_names, ["orders"], "who is called has said nothing");
}
