//! OTLP in protobuf as the same thing in JSON: a reader of the wire format, driven by tables of the few messages there are.
//! Pure; whatever the bytes, it ends and keeps within them.

use serde_json::{Map, Value};

/// The fields of a message that are of interest, by number; others are skipped.
pub(super) type Message = &'static [(u64, &'static str, Kind)];

#[derive(Clone, Copy)]
pub(super) enum Kind {
    Text,
    /// Bytes that are an identifier: hex.
    Hex,
    /// A number on eight bytes, as decimal text.
    Fixed,
    Double,
    /// A varint: enums, booleans and integers.
    Number,
    Boolean,
    One(&'static Message),
    Many(&'static Message),
}

use Kind::{Boolean, Double, Fixed, Hex, Many, Number, One, Text};

static ANY: Message = &[
    (1, "stringValue", Text),
    (2, "boolValue", Boolean),
    (3, "intValue", Number),
    (4, "doubleValue", Double),
    (5, "arrayValue", One(&ARRAY)),
    (6, "kvlistValue", One(&LIST)),
    (7, "bytesValue", Hex),
];
static ARRAY: Message = &[(1, "values", Many(&ANY))];
static LIST: Message = &[(1, "values", Many(&PAIR))];
static PAIR: Message = &[(1, "key", Text), (2, "value", One(&ANY))];
static RESOURCE: Message = &[(1, "attributes", Many(&PAIR))];
static SPAN_EVENT: Message = &[(1, "timeUnixNano", Fixed), (2, "name", Text), (3, "attributes", Many(&PAIR))];
static STATUS: Message = &[(2, "message", Text), (3, "code", Number)];
static LINK: Message = &[(1, "traceId", Hex), (2, "spanId", Hex)];
static SPAN: Message = &[
    (1, "traceId", Hex),
    (2, "spanId", Hex),
    (4, "parentSpanId", Hex),
    (5, "name", Text),
    (6, "kind", Number),
    (7, "startTimeUnixNano", Fixed),
    (8, "endTimeUnixNano", Fixed),
    (9, "attributes", Many(&PAIR)),
    (11, "events", Many(&SPAN_EVENT)),
    (13, "links", Many(&LINK)),
    (15, "status", One(&STATUS)),
];
static SCOPE_SPANS: Message = &[(2, "spans", Many(&SPAN))];
static RESOURCE_SPANS: Message = &[(1, "resource", One(&RESOURCE)), (2, "scopeSpans", Many(&SCOPE_SPANS))];
pub(super) static TRACES: Message = &[(1, "resourceSpans", Many(&RESOURCE_SPANS))];
static LOG: Message = &[
    (1, "timeUnixNano", Fixed),
    (11, "observedTimeUnixNano", Fixed),
    (2, "severityNumber", Number),
    (3, "severityText", Text),
    (5, "body", One(&ANY)),
    (6, "attributes", Many(&PAIR)),
    (9, "traceId", Hex),
    (10, "spanId", Hex),
];
static SCOPE_LOGS: Message = &[(2, "logRecords", Many(&LOG))];
static RESOURCE_LOGS: Message = &[(1, "resource", One(&RESOURCE)), (2, "scopeLogs", Many(&SCOPE_LOGS))];
pub(super) static LOGS: Message = &[(1, "resourceLogs", Many(&RESOURCE_LOGS))];
static POINT: Message = &[
    (3, "timeUnixNano", Fixed),
    (4, "asDouble", Double),
    (6, "asInt", Fixed),
    (7, "attributes", Many(&PAIR)),
];
static BUCKETS: Message =
    &[(3, "timeUnixNano", Fixed), (4, "count", Fixed), (5, "sum", Double), (9, "attributes", Many(&PAIR))];
static POINTS: Message = &[(1, "dataPoints", Many(&POINT))];
static HISTOGRAM: Message = &[(1, "dataPoints", Many(&BUCKETS))];
static METRIC: Message = &[
    (1, "name", Text),
    (3, "unit", Text),
    (5, "gauge", One(&POINTS)),
    (7, "sum", One(&POINTS)),
    (9, "histogram", One(&HISTOGRAM)),
];
static SCOPE_METRICS: Message = &[(2, "metrics", Many(&METRIC))];
static RESOURCE_METRICS: Message =
    &[(1, "resource", One(&RESOURCE)), (2, "scopeMetrics", Many(&SCOPE_METRICS))];
pub(super) static METRICS: Message = &[(1, "resourceMetrics", Many(&RESOURCE_METRICS))];

/// Deeper than any export; attributes may nest for ever.
const DEEPEST: usize = 32;

/// Reads a message as JSON.
pub(super) fn to_json(bytes: &[u8], message: Message) -> Result<Value, String> {
    read(bytes, message, 0).ok_or_else(|| "the body is no protobuf of OTLP".to_owned())
}

/// An error as `google.rpc.Status`.
pub(super) fn status(code: u8, message: &str) -> Vec<u8> {
    let mut bytes = vec![0x08, code, 0x12];
    put_varint(message.len() as u64, &mut bytes);
    bytes.extend_from_slice(message.as_bytes());
    bytes
}

fn put_varint(mut number: u64, bytes: &mut Vec<u8>) {
    while number >= 0x80 {
        bytes.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

fn read(mut bytes: &[u8], message: Message, depth: usize) -> Option<Value> {
    if depth > DEEPEST {
        return None;
    }
    let mut map = Map::new();
    while !bytes.is_empty() {
        let tag = varint(&mut bytes)?;
        let raw = match tag & 7 {
            0 => Raw::Varint(varint(&mut bytes)?),
            1 => Raw::Eight(u64::from_le_bytes(cut(&mut bytes, 8)?.try_into().ok()?)),
            2 => {
                let length = usize::try_from(varint(&mut bytes)?).ok()?;
                Raw::Bytes(cut(&mut bytes, length)?)
            }
            5 => {
                cut(&mut bytes, 4)?;
                continue;
            }
            _ => return None,
        };
        let Some((_, name, kind)) = message.iter().find(|(number, ..)| *number == tag >> 3) else { continue };
        let value = match (kind, raw) {
            (Text, Raw::Bytes(text)) => Value::String(String::from_utf8_lossy(text).into_owned()),
            (Hex, Raw::Bytes(bytes)) => {
                Value::String(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
            }
            (Fixed, Raw::Eight(number)) if *name == "asInt" => {
                Value::String(number.cast_signed().to_string())
            }
            (Fixed, Raw::Eight(number)) => Value::String(number.to_string()),
            (Double, Raw::Eight(bits)) => serde_json::Number::from_f64(f64::from_bits(bits))
                .map_or_else(|| Value::String(f64::from_bits(bits).to_string()), Value::Number),
            (Number, Raw::Varint(number)) if *name == "intValue" => {
                Value::String(number.cast_signed().to_string())
            }
            (Number, Raw::Varint(number)) => Value::from(number),
            (Boolean, Raw::Varint(number)) => Value::Bool(number != 0),
            (One(inner), Raw::Bytes(bytes)) => read(bytes, inner, depth + 1)?,
            (Many(inner), Raw::Bytes(bytes)) => {
                let one = read(bytes, inner, depth + 1)?;
                match map.entry(*name).or_insert_with(|| Value::Array(Vec::new())) {
                    Value::Array(list) => list.push(one),
                    _ => return None,
                }
                continue;
            }
            _ => return None,
        };
        map.insert((*name).to_owned(), value);
    }
    Some(Value::Object(map))
}

enum Raw<'a> {
    Varint(u64),
    Eight(u64),
    Bytes(&'a [u8]),
}

fn cut<'a>(bytes: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (head, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(head)
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0u64;
    for place in 0..10 {
        let byte = cut(bytes, 1)?[0];
        number |= u64::from(byte & 0x7f).checked_shl(place * 7)?;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use proptest::prelude::*;

    fn field(number: u64, body: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        put_varint(number << 3 | 2, &mut bytes);
        put_varint(body.len() as u64, &mut bytes);
        bytes.extend_from_slice(body);
        bytes
    }

    fn fixed(number: u64, value: u64) -> Vec<u8> {
        let mut bytes = Vec::new();
        put_varint(number << 3 | 1, &mut bytes);
        bytes.extend_from_slice(&value.to_le_bytes());
        bytes
    }

    /// An export of one span, as an SDK would write it.
    pub(in super::super) fn span() -> Vec<u8> {
        let trace = 0x7c1f_0a9b_e2d3_4c58_a1b6_e0f2_934d_5a77_u128.to_be_bytes();
        let span = [
            field(1, &trace),
            field(2, &0x9f3c_2b1a_0d4e_5f67_u64.to_be_bytes()),
            field(5, b"POST /orders"),
            vec![6 << 3, 2],
            fixed(7, 1_773_480_413_589_000_000),
            fixed(8, 1_773_480_415_400_000_000),
            vec![0x85, 0x01, 1, 2, 3, 4],
            field(13, &field(1, &0xb1_u128.to_be_bytes())),
            field(15, &[3 << 3, 2]),
        ]
        .concat();
        let name = [field(1, b"service.name"), field(2, &field(1, b"orders-api"))].concat();
        let resource = field(1, &field(1, &name));
        field(1, &[resource, field(2, &field(2, &span))].concat())
    }

    #[test]
    fn a_span_reads_as_its_json() {
        let value = to_json(&span(), TRACES).unwrap();
        let span = value.pointer("/resourceSpans/0/scopeSpans/0/spans/0").unwrap();
        assert_eq!(span["traceId"], "7c1f0a9be2d34c58a1b6e0f2934d5a77");
        assert_eq!(span["startTimeUnixNano"], "1773480413589000000");
        assert_eq!(span["links"][0]["traceId"], "000000000000000000000000000000b1");
        assert_eq!(
            (&span["kind"], span.pointer("/status/code").unwrap()),
            (&Value::from(2), &Value::from(2))
        );
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            for message in [TRACES, LOGS, METRICS] {
                let _ = to_json(&bytes, message);
            }
        }
    }
}
