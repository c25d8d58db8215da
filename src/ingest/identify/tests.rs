//! What is an identifier, in the spellings of the field, and what only looks like one.

use super::*;
use proptest::prelude::*;

const UUID: &str = "3f2b8c1e-6d4a-4f7b-9a10-5c2e7d9b8a41";
const HEX: &str = "7c1f0a9be2d34c58a1b6e0f2934d5a77";

fn found(line: &str) -> Vec<(IdentifierClass, String)> {
    let finder = Finder::new(&[]).unwrap();
    finder
        .all(line.as_bytes())
        .iter()
        .map(|f| (f.class, String::from_utf8_lossy(f.text).into_owned()))
        .collect()
}

#[track_caller]
fn check(line: &str, class: IdentifierClass, value: &str) {
    assert_eq!(found(line), [(class, value.to_owned())], "{line}");
}

#[test]
fn correlation_ids_are_found_in_every_spelling() {
    for line in [
        "x-correlation-id: V",
        "X-Correlation-ID=V",
        "correlationId=V",
        "correlation_id=V",
        "corr_id=V rest",
        "[corr=V]",
        "CorrelationId: V",
        "\"correlationId\":\"V\",",
        "\"correlation-id\": \"V\"",
        "cid=V",
        "\"cid\":\"V\"",
        "correlation_id=<<\"V\">>",
        "{\\\"correlationId\\\":\\\"V\\\"}",
        "CORRELATION_ID='V'",
        "correlation id: V",
        "sap_correlationId=V",
        "conversation_id=V",
        "headers=(x-correlation-id=V, source=b2b)",
        "[correlationId=V]",
        "[processor: main/processors/0; event: V] org.mule",
        "JMSCorrelationID: V",
        "_correlation_id=V",
    ] {
        check(&line.replace('V', UUID), IdentifierClass::Correlation, UUID);
    }
}

/// A key by its words, in the cases and with the separators that people write.
fn written(words: &str) -> Vec<String> {
    let words: Vec<&str> = words.split(' ').collect();
    let titled: Vec<String> = words.iter().map(|word| word[..1].to_uppercase() + &word[1..]).collect();
    let camel = words[0].to_owned() + &titled[1..].concat();
    let mut all = vec![camel.replace("Id", "ID"), camel, titled.concat(), words.concat()];
    all.extend(["_", "-", "."].map(|separator| words.join(separator)));
    all.extend([words.join("_").to_uppercase(), titled.join("-").replace("Id", "ID"), titled.join("-")]);
    all
}

#[test]
fn every_key_is_found_in_the_spellings_of_many_houses() {
    let keys = "correlation id,corr id,correlation identifier,conversation id,mpl correlation id,jms correlation id,trace id,\
        otel trace id,dd trace id,request id,req id,message id,jms message id,transaction id,operation id,execution id,order no,\
        order id,order number,sales order no,purchase order no,invoice no,invoice id,invoice number,shipment id,\
        shipment number,shipment no,order nr,invoice nr,request uuid,doc num,idoc no,idoc number,diagnostic id";
    for key in keys.split(',').map(str::trim) {
        let canonical = key.replace(' ', "");
        let (_, kind) = KEYS.iter().find(|(known, _)| *known == canonical).unwrap();
        let traceparent = format!("00-{HEX}-9f3c2b1a0d4e5f67-01");
        let value = match kind {
            Kind::Plain(IdentifierClass::Business) => "0004711815",
            Kind::Traceparent => &traceparent,
            _ => HEX,
        };
        for spelling in written(key).into_iter().chain([canonical.to_uppercase()]) {
            for line in [
                format!("{spelling}={value}"),
                format!("{{\"{spelling}\":\"{value}\"}}"),
                format!("{spelling}: {value}"),
            ] {
                let found = found(&line);
                assert_eq!(found.len(), 1, "{line}");
                assert!(value.contains(&found[0].1), "{line}");
            }
        }
    }
    for line in ["Cid=V", "CID: V", "{\"Cid\":\"V\"}", "{\\\"cid\\\":\\\"V\\\"}"] {
        check(&line.replace('V', HEX), IdentifierClass::Correlation, HEX);
    }
    check(
        "Uetr: 97ed4827-7b6f-4491-a06f-b548d5a7512d",
        IdentifierClass::Business,
        "97ed4827-7b6f-4491-a06f-b548d5a7512d",
    );
}

#[test]
fn traces_come_in_many_forms() {
    for line in [
        "traceId=V",
        "\"trace.id\":\"V\"",
        "trace_id=\"V\"",
        "\"@tr\":\"V\"",
        "X-B3-TraceId: V",
        "mdc.traceId=V",
    ] {
        check(&line.replace('V', HEX), IdentifierClass::Trace, HEX);
    }
    let line = format!("traceparent=00-{HEX}-9f3c2b1a0d4e5f67-01");
    check(&line, IdentifierClass::Trace, HEX);
    let finder = Finder::new(&[]).unwrap();
    assert_eq!(finder.all(line.as_bytes())[0].span, 0x9f3c_2b1a_0d4e_5f67);
    let b3 = format!("b3={HEX}-9f3c2b1a0d4e5f67-1");
    check(&b3, IdentifierClass::Trace, HEX);
    let xray = finder.all(b"X-Amzn-Trace-Id: Root=1-7c1f0a9b-e2d34c58a1b6e0f2934d5a77;Sampled=1")[0].key;
    assert_eq!(Some(xray), identifier_key(IdentifierClass::Trace, HEX));
}

#[test]
fn equal_identifiers_have_equal_keys_whatever_the_spelling() {
    let key = |text| identifier_key(IdentifierClass::Trace, text).unwrap();
    assert_eq!(key("7C1F0A9B-E2D3-4C58-A1B6-E0F2934D5A77"), key(HEX));
    assert_eq!(key("0x7c1f0a9be2d34c58a1b6e0f2934d5a77"), key(HEX));
    assert_eq!(key("a1b6e0f2934d5a77"), key("0000000000000000a1b6e0f2934d5a77"));
    assert_eq!(key("11652748418325764727"), key("a1b6e0f2934d5a77"));
    let request = |text| identifier_key(IdentifierClass::Message, text).unwrap();
    assert_eq!(request("3f2b8c1e-6d4a-9f7b-9a10-5c2e7d9b8a41"), request(UUID));
    let idoc = |text| identifier_key(IdentifierClass::Business, text).unwrap();
    assert_eq!(idoc("0000000000448121"), idoc("448121"));
    assert_ne!(idoc("448121"), identifier_key(IdentifierClass::Message, "448121").unwrap());
}

#[test]
fn requests_messages_and_business_keys_have_classes_of_their_own() {
    check(&format!("\"x-request-id\":\"{UUID}\""), IdentifierClass::Message, UUID);
    check("reqId=req-1a", IdentifierClass::Message, "req-1a");
    check("message_id=ID:host-1-2:3", IdentifierClass::Message, "ID:host-1-2:3");
    check("\"orderNo\":\"ORD-60187803\"", IdentifierClass::Business, "ORD-60187803");
    check("IDoc number 0000000000448121 posted", IdentifierClass::Business, "0000000000448121");
    check("DOCNUM=0000448121", IdentifierClass::Business, "0000448121");
}

#[test]
fn what_only_looks_like_an_identifier_is_none() {
    for line in [
        "session=3f2b8c1e-6d4a-4f7b-9a10-5c2e7d9b8a41",
        "\"podUid\":\"7d3c9b1e-2f44-4f0a-b5a6-90e1c2d3f455\"",
        "correlationId=null",
        "[corr=] housekeeping",
        "cid=-",
        "traceId=00000000000000000000000000000000",
        "correct answer: yes",
        "tracing: published",
        "request 4711 of event: started",
        "acid=5555",
        "trace enabled",
        "correlation between a and b",
        "parentTraceId=7c1f0a9be2d34c58a1b6e0f2934d5a77",
        "[processor: heartbeat; event: ] org.mule",
        "x-request-id: -",
        "\"message\":\"Order valid\"",
        "stack_trace: at com.acme",
    ] {
        assert_eq!(found(line), [], "{line}");
    }
}

#[test]
fn a_team_teaches_keys_and_patterns() {
    let rules = [
        IdentifierRule { class: IdentifierClass::Correlation, key: Some("flowRef".into()), pattern: None },
        IdentifierRule {
            class: IdentifierClass::Business,
            key: None,
            pattern: Some(r"\b(RMA-\d+)\b".into()),
        },
    ];
    let finder = Finder::new(&rules).unwrap();
    for line in ["flow_ref=abc-1", "FlowRef: abc-1", "\"flow-ref\":\"abc-1\"", "FLOW_REF=abc-1"] {
        assert_eq!(finder.all(line.as_bytes())[0].text, b"abc-1", "{line}");
    }
    assert_eq!(finder.all(b"returned RMA-4711 today")[0].text, b"RMA-4711");
    assert!(
        Finder::new(&[IdentifierRule {
            class: IdentifierClass::Business,
            key: None,
            pattern: Some("x".into())
        }])
        .is_err()
    );
}

proptest! {
    #[test]
    fn hex_is_read_as_the_standard_library_reads_it(bytes in proptest::collection::vec(any::<u8>(), 16)) {
        let expected = std::str::from_utf8(&bytes).ok().filter(|text| text.bytes().all(|b| b.is_ascii_hexdigit()))
            .and_then(|text| u64::from_str_radix(text, 16).ok());
        prop_assert_eq!(hex64(&bytes), expected);
    }

    #[test]
    fn real_hex_is_read(value in any::<u64>(), upper in any::<bool>()) {
        let text = if upper { format!("{value:016X}") } else { format!("{value:016x}") };
        prop_assert_eq!(hex64(text.as_bytes()), Some(value));
    }

    #[test]
    fn near_hex_is_refused(value in any::<u64>(), place in 0usize..16, byte in any::<u8>()) {
        let mut text = format!("{value:016x}").into_bytes();
        text[place] = byte;
        prop_assert_eq!(hex64(&text).is_some(), byte.is_ascii_hexdigit());
    }

    #[test]
    fn no_bytes_make_the_finder_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = Finder::new(&[]).unwrap().all(&bytes);
    }
}

proptest! {
    #[test]
    fn one_stray_byte_among_hex_digits_is_seen(place in 0..16usize, byte in any::<u8>()) {
        let mut text = *b"0123456789abcDEF";
        text[place] = byte;
        prop_assert_eq!(hex64(&text).is_some(), byte.is_ascii_hexdigit());
    }

    #[test]
    fn sixteen_hex_digits_are_the_number_that_they_write(number in any::<u64>()) {
        prop_assert_eq!(hex64(format!("{number:016x}").as_bytes()), Some(number));
        prop_assert_eq!(hex64(format!("{number:016X}").as_bytes()), Some(number));
    }
}
