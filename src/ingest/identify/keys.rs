//! Under which keys identifiers stand: the spellings of the field, and how a person's own are spelled.

use super::seek::Piece;
use crate::telemetry::IdentifierClass;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Plain(IdentifierClass),
    Traceparent,
    B3,
    /// `1-8hex-24hex`, bare or after `Root=`.
    XRay,
    /// A trace if it is 128-bit hex, else a message.
    TraceOrMessage,
    /// A word that people use for more than numbers: an identifier only if the value is one of four digits or more.
    Document,
    /// MuleSoft's `event: <id>`; only inside its bracket.
    MuleEvent,
}

/// Pieces of keys that are rare in other text, in either case; each known key contains one, whatever stands between its
/// words. Short keys bring along what follows them.
///
/// The search tells them apart by eight buckets, so those in one bucket are alike; this is the best of many tries.
pub(super) const BUCKETS: [&[&Piece]; 8] = [
    &[b"b3=?", b"b3\":", b"b3: "],
    &[
        b"der_", b"der.", b"deri", b"dern", b"age_", b"age-", b"age.", b"agei", b"docn", b"doc_", b"doc-",
        b"doc.",
    ],
    &[b"pera", b"onve", b"hipm"],
    &[b"eqid", b"eq_i", b"eq-i", b"eq.i", b"nvoi"],
    &[b"corr", b"@tr\"", b"nt: "],
    &[b"race", b"idoc", b"iagn", b"sact"],
    &[b"der-", b"der=", b"der\"", b"cid=", b"cid\"", b"cid:", b"cid'", b"cid\\", b"cid<", b"cid ", b"cid]"],
    &[b"ques", b"ecut", b"uetr"],
];

/// What may follow a key.
pub(super) const ENDS: [u8; 8] = *b"=\":'\\< ]";

/// Keys in canonical spelling: lower case, without `_ - .` and blanks. Prefixes such as `x-` are cut by [`super::Finder`].
pub(super) const KEYS: [(&str, Kind); 49] = {
    use IdentifierClass::{Business, Correlation, Message, Trace};
    use Kind::{B3, Document, MuleEvent, Plain, TraceOrMessage, Traceparent, XRay};
    [
        ("correlationid", Plain(Correlation)),
        ("correlation", Plain(Correlation)),
        ("corr", Plain(Correlation)),
        ("corrid", Plain(Correlation)),
        ("correlationidentifier", Plain(Correlation)),
        ("cid", Plain(Correlation)),
        ("conversationid", Plain(Correlation)),
        ("mplcorrelationid", Plain(Correlation)),
        ("jmscorrelationid", Plain(Correlation)),
        ("traceid", Plain(Trace)),
        ("trace", Plain(Trace)),
        ("@tr", Plain(Trace)),
        ("oteltraceid", Plain(Trace)),
        ("b3traceid", Plain(Trace)),
        ("ddtraceid", Plain(Trace)),
        ("traceparent", Traceparent),
        ("diagnosticid", Traceparent),
        ("b3", B3),
        ("xraytraceid", XRay),
        ("amzntraceid", XRay),
        ("requestid", Plain(Message)),
        ("reqid", Plain(Message)),
        ("requestuuid", Plain(Message)),
        ("messageid", Plain(Message)),
        ("jmsmessageid", Plain(Message)),
        ("transactionid", Plain(Message)),
        ("operationid", TraceOrMessage),
        ("executionid", Plain(Message)),
        ("event", MuleEvent),
        ("docnum", Plain(Business)),
        ("idoc", Plain(Business)),
        ("idocnumber", Plain(Business)),
        ("idocno", Plain(Business)),
        ("idocnum", Plain(Business)),
        ("orderno", Plain(Business)),
        ("ordernr", Plain(Business)),
        ("orderid", Plain(Business)),
        ("ordernumber", Plain(Business)),
        ("salesorderno", Plain(Business)),
        ("purchaseorderno", Plain(Business)),
        ("invoiceno", Plain(Business)),
        ("invoicenr", Plain(Business)),
        ("invoiceid", Plain(Business)),
        ("invoicenumber", Plain(Business)),
        ("uetr", Plain(Business)),
        ("shipmentid", Plain(Business)),
        ("shipmentnumber", Plain(Business)),
        ("shipmentno", Plain(Business)),
        ("order", Document),
    ]
};

#[inline]
pub(super) fn is_key_byte(byte: u8) -> bool {
    const KEY: [bool; 256] = {
        let mut table = [false; 256];
        let mut byte = 0;
        while byte < 256 {
            let b = byte as u8;
            table[byte] = b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'@');
            byte += 1;
        }
        table
    };
    KEY[byte as usize]
}

pub(super) fn canonical(key: &[u8]) -> Vec<u8> {
    key.iter().filter(|byte| !matches!(byte, b'_' | b'-' | b'.' | b' ')).map(u8::to_ascii_lowercase).collect()
}

/// The words of a key, in lower case: `orderRef`, `order_ref` and `Order-Ref` have the same.
pub(super) fn words(key: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut previous_lower = false;
    for c in key.chars() {
        if matches!(c, '_' | '-' | '.' | ' ') {
            words.push(String::new());
            previous_lower = false;
            continue;
        }
        if words.is_empty() || (c.is_uppercase() && previous_lower) {
            words.push(String::new());
        }
        previous_lower = c.is_lowercase() || c.is_ascii_digit();
        words.last_mut().expect("a word was just pushed").extend(c.to_lowercase());
    }
    words.retain(|word| !word.is_empty());
    words
}
