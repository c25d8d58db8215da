//! Under which keys identifiers stand: the spellings of the field, and how a person's own are spelled.

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

/// Pieces of keys that are rare in other text; each known key contains one.
///
/// What stands here is paid for with every byte that is read. The search tells candidates by three bytes in sixteen
/// groups, by the place in this list; so pieces that begin alike are cheap, and those that begin alone come first, in
/// the order that was found to be quickest.
pub(super) const STEMS: [&str; 60] = [
    "quest.i",
    "IDOC",
    "OCNUM",
    "rder\":\"",
    "-Id",
    "rder-i",
    "rdern",
    "sage-i",
    "eqI",
    "b3=",
    "questI",
    "questi",
    "ecution",
    "event: ",
    "oc_num",
    "peration",
    "rder_i",
    "sage_i",
    "questU",
    "sageI",
    "eq_i",
    "uetr",
    "hipment",
    "sage.i",
    "nvoice",
    "rderI",
    "rder-N",
    "race",
    "onversa",
    "rderN",
    "eqi",
    "rder_n",
    "rder-n",
    "eq-i",
    "iagnostic",
    "rderi",
    "_ID",
    "rder=",
    "ORR",
    "quest_i",
    "UETR",
    "b3\":",
    "cid",
    "quest_u",
    "sagei",
    "_NO",
    "@tr\"",
    "rder.n",
    "ocnum",
    "eq.i",
    "RACE",
    "rder.i",
    "IDoc",
    "-ID",
    "orr",
    "ocNum",
    "quest-i",
    "_NU",
    "saction",
    "idoc",
];

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

/// The spellings of a key that the search looks for: as written, with each separator, camel, lower and upper case.
pub(super) fn spellings(key: &str) -> Vec<Vec<u8>> {
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
    let capital = |word: &String| word[..1].to_uppercase() + &word[1..];
    let camel: String = words.iter().take(1).cloned().chain(words.iter().skip(1).map(capital)).collect();
    let mut all = vec![key.to_owned(), camel.clone(), capital(&camel), words.concat()];
    for separator in ["_", "-", "."] {
        all.push(words.join(separator));
        all.push(words.iter().map(capital).collect::<Vec<_>>().join(separator));
        all.push(words.join(separator).to_uppercase());
    }
    all.sort();
    all.dedup();
    all.into_iter().map(String::into_bytes).collect()
}
