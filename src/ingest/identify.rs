//! Identifiers in raw bytes: one search for all key spellings, then the value behind each key.
//!
//! Keys decide, shapes never do: a UUID under a key that is not known is nobody's identifier. Sources of the spellings:
//! W3C Trace Context, B3, OpenTelemetry log correlation, ECS, Serilog, MuleSoft, SAP, JMS, AMQP and Azure conventions.

use crate::telemetry::{IdentifierClass, IdentifierKey, SpanInfo};
use aho_corasick::{AhoCorasick, packed};
use memchr::memmem;
use regex::bytes::Regex;
use rustc_hash::FxHashMap;
use serde::Deserialize;

/// An identifier as found: class, key, and how it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found<'a> {
    pub class: IdentifierClass,
    pub key: IdentifierKey,
    /// The value's own bytes.
    pub text: &'a [u8],
    /// The value is 128-bit hex, dashed or not.
    pub is_hex: bool,
    /// For `traceparent` and its kin, the span that came with the trace; 0 for none.
    pub span: u64,
}

/// An identifier that the person taught us.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IdentifierRule {
    pub class: IdentifierClass,
    /// The key, in any of its spellings: `orderRef` also finds `order_ref` and `Order-Ref`.
    #[serde(default)]
    pub key: Option<String>,
    /// Or a pattern whose first group is the value.
    #[serde(default)]
    pub pattern: Option<String>,
}

/// Finds identifiers; built once from the known spellings and the person's own.
#[derive(Clone, Debug)]
pub struct Finder {
    stems: packed::Searcher,
    /// The person's own keys, apart: the packed search takes no more than 64 pieces.
    own_stems: Option<AhoCorasick>,
    keys: FxHashMap<Vec<u8>, Kind>,
    patterns: Vec<(IdentifierClass, Regex)>,
    span_keys: [memmem::Finder<'static>; 2],
}

/// What keys turned out to be that were met lately; one for each reader, since the same few come again and again.
#[derive(Clone, Debug)]
pub struct KeyMemo {
    known: Vec<KnownKey>,
}

#[derive(Clone, Copy, Debug, Default)]
struct KnownKey {
    key: [u8; LONGEST_KNOWN],
    /// 0 for a free place.
    length: u8,
    kind: Option<Kind>,
}

const LONGEST_KNOWN: usize = 30;

impl Default for KeyMemo {
    fn default() -> Self {
        Self { known: vec![KnownKey::default(); 128] }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
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
const STEMS: [&str; 51] = [
    "orr",
    "quest-i",
    "uetr",
    "ocnum",
    "onversa",
    "IDoc",
    "nterchange",
    "saction",
    "pmentI",
    "rderN",
    "sage-i",
    "req-i",
    "rid=",
    "nvoiceN",
    "cid",
    "ecutionI",
    "@tr\"",
    "iagnostic-I",
    "perationI",
    "b3=",
    "b3\":",
    "race",
    "event: ",
    "ORR",
    "RACE",
    "quest-I",
    "quest_i",
    "questI",
    "QUEST_I",
    "quest.i",
    "questU",
    "rder=",
    "rder\":\"",
    "rder_n",
    "rderI",
    "rder_i",
    "nvoice_n",
    "nvoiceI",
    "nvoice_i",
    "OCNUM",
    "reqI",
    "req_i",
    "req.i",
    "sageI",
    "sage_i",
    "sage.i",
    "peration_I",
    "ecution_i",
    "pment_i",
    "pmentN",
    "pment_n",
];

/// Keys in canonical spelling: lower case, without `_ - .` and blanks. Prefixes such as `x-` are cut by [`Finder::kind`].
const KEYS: [(&str, Kind); 49] = {
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

const NO_VALUES: [&[u8]; 9] =
    [b"null", b"undefined", b"none", b"nil", b"n/a", b"unknown", b"false", b"true", b"(null)"];

impl Finder {
    /// All known spellings and the person's rules.
    pub fn new(rules: &[IdentifierRule]) -> Result<Self, String> {
        let mut keys: FxHashMap<Vec<u8>, Kind> =
            KEYS.iter().map(|(key, kind)| (key.as_bytes().to_vec(), *kind)).collect();
        let mut own = Vec::new();
        let mut patterns = Vec::new();
        for rule in rules {
            match (&rule.key, &rule.pattern) {
                (Some(key), None) => {
                    let canonical = canonical(key.as_bytes());
                    if canonical.len() < 2 {
                        return Err(format!("identifier key `{key}` is too short to be searched for"));
                    }
                    own.extend(spellings(key));
                    keys.insert(canonical, Kind::Plain(rule.class));
                }
                (None, Some(pattern)) => {
                    let regex =
                        Regex::new(pattern).map_err(|error| format!("identifier pattern: {error}"))?;
                    if regex.captures_len() < 2 {
                        return Err(format!("identifier pattern `{pattern}` has no group for the value"));
                    }
                    patterns.push((rule.class, regex));
                }
                _ => return Err("an identifier rule takes either `key` or `pattern`".to_owned()),
            }
        }
        let stems = packed::Searcher::new(STEMS).ok_or("this processor cannot search for packed patterns")?;
        let own_stems = (!own.is_empty())
            .then(|| AhoCorasick::new(&own))
            .transpose()
            .map_err(|error| format!("identifier keys: {error}"))?;
        let span_keys = [memmem::Finder::new("pan"), memmem::Finder::new("\"@sp\"")];
        Ok(Self { stems, own_stems, keys, patterns, span_keys })
    }

    /// The places in `text` where an identifier's key may stand: (start, end) of its stem, ascending.
    pub fn stems<'a>(&'a self, text: &'a [u8]) -> impl Iterator<Item = (usize, usize)> + 'a {
        let mut known = self.stems.find_iter(text).map(|hit| (hit.start(), hit.end())).peekable();
        let own = self.own_stems.as_ref().map(|own| own.find_iter(text).map(|hit| (hit.start(), hit.end())));
        let mut own = own.into_iter().flatten().peekable();
        std::iter::from_fn(move || match (known.peek(), own.peek()) {
            (Some(one), Some(other)) if other < one => own.next(),
            (Some(_), _) => known.next(),
            (None, _) => own.next(),
        })
    }

    /// Every identifier in a text, in order of place; for reading an event in full and for continuation lines.
    pub fn all<'a>(&self, text: &'a [u8]) -> Vec<Found<'a>> {
        let mut memo = KeyMemo::default();
        let mut found: Vec<Found> =
            self.stems(text).filter_map(|(start, end)| self.at(text, start, end, &mut memo)).collect();
        self.by_pattern(text, |one| found.push(one));
        found
    }

    /// Every identifier in a name and its value, as if they stood as `name=value`; without a search where neither can
    /// hold one.
    pub fn in_pair(&self, name: &[u8], value: &[u8], mut take: impl FnMut(Found)) {
        let may_name =
            name.len() > 2 && self.stems(name).next().is_some() || name.ends_with(b"b3") || name == b"@tr";
        let may_hold = self.has_patterns() || memchr::memchr3(b'=', b':', b' ', value).is_some();
        if may_name || may_hold {
            let text = [name, b"=", value].concat();
            self.all(&text).into_iter().for_each(&mut take);
        }
    }

    pub fn has_patterns(&self) -> bool {
        !self.patterns.is_empty()
    }

    /// What the person's own patterns find in a record.
    pub fn by_pattern<'a>(&self, text: &'a [u8], mut take: impl FnMut(Found<'a>)) {
        for (class, pattern) in &self.patterns {
            for groups in pattern.captures_iter(text) {
                if let Some(found) = groups.get(1).and_then(|value| value_of(*class, value.as_bytes())) {
                    take(found);
                }
            }
        }
    }

    /// The identifier whose key contains the stem at `start..end`, if it is one.
    #[inline]
    pub fn at<'a>(&self, text: &'a [u8], start: usize, end: usize, memo: &mut KeyMemo) -> Option<Found<'a>> {
        let first = text[..start].iter().rposition(|&byte| !is_key_byte(byte)).map_or(0, |before| before + 1);
        // `event: ` and `b3":` bring their separator along.
        let from = if matches!(text[end - 1], b'=' | b':' | b'"' | b' ') { start } else { end };
        let last =
            text[from..].iter().position(|&byte| !is_key_byte(byte)).map_or(text.len(), |after| from + after);
        if last < start || last - first > 48 {
            return None;
        }
        let mut key = &text[first..last];
        let mut value_at = last;
        // `IDoc number 4711`, `correlation id: x`: a blank inside the key.
        if text.get(last) == Some(&b' ') {
            for word in [b" id".as_slice(), b" ID", b" Id", b" number", b" no.", b" nr."] {
                if text[last..].starts_with(word)
                    && !text.get(last + word.len()).is_some_and(u8::is_ascii_alphanumeric)
                {
                    value_at = last + word.len();
                    key = &text[first..value_at];
                }
            }
        }
        let kind = self.known_kind(key, memo)?;
        let value = value_at_separator(text, value_at, kind)?;
        let found = match kind {
            Kind::Plain(class) => value_of(class, value),
            Kind::TraceOrMessage => {
                let class =
                    if hex128(value).is_some() { IdentifierClass::Trace } else { IdentifierClass::Message };
                value_of(class, value)
            }
            Kind::Document => {
                let digits = value.iter().filter(|byte| byte.is_ascii_digit()).count();
                (digits >= 4).then(|| value_of(IdentifierClass::Business, value)).flatten()
            }
            Kind::MuleEvent => {
                // Only in `[processor: …; event: …]`; elsewhere the word is everyday English.
                text[..first]
                    .ends_with(b"; ")
                    .then(|| value_of(IdentifierClass::Correlation, mule_core(value)))
                    .flatten()
            }
            Kind::Traceparent => traceparent(value),
            Kind::B3 => {
                let trace = value.split(|byte| *byte == b'-').next()?;
                value_of(IdentifierClass::Trace, trace).filter(|found| found.is_hex)
            }
            Kind::XRay => xray(value),
        };
        // `'X-Correlation-ID': correlationId` is code that names a variable, not an identifier.
        found.filter(|found| {
            found.is_hex
                || !value.first().is_some_and(u8::is_ascii_alphabetic)
                || value.len() >= 40
                || self.kind(value).is_none()
        })
    }

    /// [`Finder::kind`], remembered.
    #[inline]
    fn known_kind(&self, key: &[u8], memo: &mut KeyMemo) -> Option<Kind> {
        let (&first, &last) = (key.first()?, key.last()?);
        if key.len() > LONGEST_KNOWN {
            return self.kind(key);
        }
        let mixed =
            key.len() * 31 + usize::from(first) * 7 + usize::from(last) * 5 + usize::from(key[key.len() / 2]);
        let known = &mut memo.known[mixed & 127];
        if usize::from(known.length) == key.len() && known.key[..key.len()] == *key {
            return known.kind;
        }
        known.key[..key.len()].copy_from_slice(key);
        known.length = key.len() as u8;
        known.kind = self.kind(key);
        known.kind
    }

    /// The span that a record names beside its trace: `spanId`, `span_id`, `span.id` or `@sp`.
    pub fn span_near(&self, record: &[u8]) -> Option<SpanInfo> {
        let near = &record[..record.len().min(4_096)];
        let [pan, sp] = &self.span_keys;
        let named = pan.find_iter(near).filter_map(|at| {
            let rest = &near[at + 3..];
            [b"_id".as_slice(), b".id", b"Id"]
                .iter()
                .find(|end| rest.starts_with(end))
                .map(|end| &rest[end.len()..])
        });
        named.chain(sp.find_iter(near).map(|at| &near[at + 5..])).find_map(|rest| {
            let start = rest.iter().take(6).position(u8::is_ascii_hexdigit)?;
            let id = hex64(&rest[start..]).filter(|id| *id != 0)?;
            Some(SpanInfo { id, ..SpanInfo::default() })
        })
    }

    /// What a key names: as it stands, or without the prefixes that headers and contexts bring.
    #[inline]
    fn kind(&self, key: &[u8]) -> Option<Kind> {
        let mut buffer = [0u8; 56];
        let mut length = 0;
        for &byte in key {
            if !matches!(byte, b'_' | b'-' | b'.' | b' ') {
                *buffer.get_mut(length)? = byte.to_ascii_lowercase();
                length += 1;
            }
        }
        let key = &buffer[..length];
        if let Some(kind) = self.keys.get(key) {
            return Some(*kind);
        }
        // x-correlation-id, sap_correlationId, mdc.traceId, parentTraceId is no trace of its own.
        if key.starts_with(b"parent") || key.starts_with(b"previous") || key.starts_with(b"stack") {
            return None;
        }
        (1..key.len().saturating_sub(3)).find_map(|from| match self.keys.get(&key[from..]) {
            // A short key must stand alone: `acid` is no `cid`, `background trace` no trace.
            Some(kind) if key.len() - from >= 5 && &key[from..] != b"trace" && &key[from..] != b"event" => {
                Some(*kind)
            }
            Some(kind) if from == 1 && key[0] == b'x' => Some(*kind),
            _ => None,
        })
    }
}

/// The key that equal identifiers share, of a value as a person or a backend writes it. `None` for an empty one.
pub fn identifier_key(class: IdentifierClass, text: &str) -> Option<IdentifierKey> {
    value_of(class, text.trim().as_bytes()).map(|found| found.key)
}

/// Whether a key, in whatever spelling, names an identifier without being taught.
pub fn is_known_key(key: &str) -> bool {
    Finder::new(&[]).is_ok_and(|finder| finder.kind(key.as_bytes()).is_some())
}

/// The keys that a value may have when its class is not known: for looking up what somebody typed.
pub fn possible_keys(text: &str) -> Vec<IdentifierKey> {
    use strum::IntoEnumIterator;
    let mut keys: Vec<IdentifierKey> =
        IdentifierClass::iter().filter_map(|class| identifier_key(class, text)).collect();
    keys.dedup();
    keys
}

#[inline]
fn is_key_byte(byte: u8) -> bool {
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

fn canonical(key: &[u8]) -> Vec<u8> {
    key.iter().filter(|byte| !matches!(byte, b'_' | b'-' | b'.' | b' ')).map(u8::to_ascii_lowercase).collect()
}

/// The spellings of a key that the search looks for: as written, with each separator, camel, lower and upper case.
fn spellings(key: &str) -> Vec<Vec<u8>> {
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

/// Skips from the end of a key over separators to the value, and cuts the value at its end.
#[inline]
fn value_at_separator(text: &[u8], mut at: usize, kind: Kind) -> Option<&[u8]> {
    let limit = (at + 10).min(text.len());
    let mut separator = 0;
    while at < limit {
        match (text[at], separator) {
            (byte @ (b'=' | b':'), _) => separator = byte,
            (b'"' | b'\'' | b'\\' | b'<', _)
            | (b' ' | b']', 0)
            | (b' ', b':')
            | (b'[' | b'(', b'=' | b':') => {}
            _ => break,
        }
        at += 1;
    }
    let separated = separator != 0;
    // `IDoc number 0000448121` and `[corr abc]` have a blank alone; ordinary prose must not pass for a value.
    let is_business = matches!(kind, Kind::Plain(IdentifierClass::Business));
    if !separated && (!is_business || !text.get(at)?.is_ascii_digit()) {
        return None;
    }
    let rest = &text[at..];
    let length = rest.iter().position(|&byte| !is_value_byte(byte)).unwrap_or(rest.len());
    let mut value = &rest[..length.min(256)];
    while let Some(b'.' | b':' | b'=' | b'-' | b',') = value.last() {
        value = &value[..value.len() - 1];
    }
    Some(value)
}

#[inline]
fn is_value_byte(byte: u8) -> bool {
    const VALUE: [bool; 256] = {
        let mut table = [false; 256];
        let mut byte = 0;
        while byte < 256 {
            let b = byte as u8;
            table[byte] = b.is_ascii_alphanumeric()
                || matches!(b, b'+' | b'/' | b'=' | b'_' | b'.' | b':' | b'#' | b'@' | b'-' | b'|');
            byte += 1;
        }
        table
    };
    VALUE[byte as usize]
}

/// An identifier of a class from its bare value.
#[inline]
pub(super) fn value_of(class: IdentifierClass, value: &[u8]) -> Option<Found<'_>> {
    if let Some((key, length)) = hex128(value) {
        // `uuid#counter` and `uuid_1`, as Kong and MuleSoft number copies, are the same transaction.
        let rest = &value[length..];
        if rest.is_empty() || matches!(rest[0], b'#' | b'_' | b'|' | b':' | b'/' | b'.') {
            return (key != 0).then_some(Found {
                class,
                key: IdentifierKey(key),
                text: &value[..length],
                is_hex: true,
                span: 0,
            });
        }
    }
    if value.len() < 3 && !(class == IdentifierClass::Business && value.len() > 1)
        || value.iter().all(|byte| matches!(byte, b'0' | b'-' | b'.' | b'_'))
        || NO_VALUES.iter().any(|none| value.eq_ignore_ascii_case(none))
    {
        return None;
    }
    let key = match class {
        IdentifierClass::Trace => trace_key(value)?,
        IdentifierClass::Span => u128::from(hex64(value)?) | 1 << 127,
        _ => text_key(class, value),
    };
    Some(Found { class, key: IdentifierKey(key), text: value, is_hex: false, span: 0 })
}

/// Traces that are not written as 128-bit hex: 64-bit B3, and Datadog's decimal of the low 64 bits.
fn trace_key(value: &[u8]) -> Option<u128> {
    if value.len() == 16 {
        return hex64(value).map(u128::from).filter(|&key| key != 0);
    }
    let text = std::str::from_utf8(value).ok()?;
    if value.len() >= 17 && value.iter().all(u8::is_ascii_digit) {
        return text.parse::<u64>().ok().map(u128::from);
    }
    if text.starts_with("1-") {
        return xray(value).map(|found| found.key.0);
    }
    Some(text_key(IdentifierClass::Trace, value))
}

/// A hash of class and text (FNV-1a, 128 bits); numbers that people pad with zeros are equal without them.
fn text_key(class: IdentifierClass, value: &[u8]) -> u128 {
    let significant = if value.iter().all(u8::is_ascii_digit) {
        let first = value.iter().position(|byte| *byte != b'0').unwrap_or(0);
        &value[first..]
    } else {
        value
    };
    let mut hash: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    for &byte in std::iter::once(&(class as u8)).chain(significant) {
        hash ^= u128::from(byte);
        hash = hash.wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b);
    }
    hash
}

fn traceparent(value: &[u8]) -> Option<Found<'_>> {
    let is_shaped = value.len() >= 52 && value[2] == b'-' && value[35] == b'-' && !value.starts_with(b"ff");
    let trace = is_shaped.then(|| &value[3..35])?;
    let (key, _) = hex128(trace)?;
    let span = hex64(&value[36..52])?;
    (key != 0).then_some(Found {
        class: IdentifierClass::Trace,
        key: IdentifierKey(key),
        text: trace,
        is_hex: true,
        span,
    })
}

fn xray(value: &[u8]) -> Option<Found<'_>> {
    let from = memchr::memmem::find(value, b"1-")?;
    let text = value.get(from..from + 35)?;
    let mut hex = [0u8; 32];
    hex[..8].copy_from_slice(&text[2..10]);
    hex[8..].copy_from_slice(&text[11..35]);
    let (key, _) = (text[10] == b'-').then(|| hex128(&hex)).flatten()?;
    Some(Found { class: IdentifierClass::Trace, key: IdentifierKey(key), text, is_hex: false, span: 0 })
}

/// `0-<uuid>` and `<uuid>_1`, as MuleSoft numbers events, without the numbers.
fn mule_core(value: &[u8]) -> &[u8] {
    match value.iter().position(|&byte| byte == b'-') {
        Some(dash @ 1..=6)
            if value[..dash].iter().all(u8::is_ascii_digit) && hex128(&value[dash + 1..]).is_some() =>
        {
            &value[dash + 1..]
        }
        _ => value,
    }
}

/// A UUID, or 32 hex digits, at the start of a value: the number and how many bytes it takes.
///
/// Envoy overwrites a request ID's version digit with its trace decision (9, a, b): read as 4, so that both spellings
/// of one request are equal.
#[inline]
pub fn hex128(value: &[u8]) -> Option<(u128, usize)> {
    let (digits, length) = if value.len() >= 36 && value[8] == b'-' {
        if value[13] != b'-' || value[18] != b'-' || value[23] != b'-' {
            return None;
        }
        let mut digits = [0u8; 32];
        digits[..8].copy_from_slice(&value[..8]);
        digits[8..12].copy_from_slice(&value[9..13]);
        digits[12..16].copy_from_slice(&value[14..18]);
        digits[16..20].copy_from_slice(&value[19..23]);
        digits[20..].copy_from_slice(&value[24..36]);
        (digits, 36)
    } else {
        let prefix = if value.starts_with(b"0x") { 2 } else { 0 };
        let mut digits = [0u8; 32];
        digits.copy_from_slice(value.get(prefix..prefix + 32)?);
        (digits, prefix + 32)
    };
    if value.get(length).is_some_and(u8::is_ascii_hexdigit) {
        return None;
    }
    let high = u128::from(hex64(&digits[..16])?);
    let key = high << 64 | u128::from(hex64(&digits[16..])?);
    let version = key >> 76 & 0xf;
    let key = if (9..=11).contains(&version) { key & !(0xf << 76) | 4 << 76 } else { key };
    Some((key, length))
}

/// Sixteen hex digits.
#[inline]
pub fn hex64(text: &[u8]) -> Option<u64> {
    let (halves, _) = text.get(..16)?.as_chunks::<8>();
    let (high, low) = (hex32(u64::from_le_bytes(halves[0])), hex32(u64::from_le_bytes(halves[1])));
    (high.1 | low.1 == 0).then_some(high.0 << 32 | low.0)
}

/// Eight hex digits, the first in the lowest byte, all at once: the number, and bits that are set where one is none.
#[inline]
fn hex32(digits: u64) -> (u64, u64) {
    const fn all(byte: u8) -> u64 {
        0x0101_0101_0101_0101 * byte as u64
    }
    let is_letter = digits >> 6 & all(1);
    let letters = is_letter * 0xff;
    let low = digits & all(0x0f);
    let values = low + is_letter * 9;
    // Digits are 0x30 to 0x39; letters 0x41 to 0x46 and 0x61 to 0x66.
    let wrong_high = (digits ^ all(0x30)) & all(0xf0) & !letters | (digits ^ all(0x40)) & all(0xd0) & letters;
    let wrong_low = (low + all(6)) & all(0x10) & !letters
        | values & all(0x10) & letters
        | (all(0x10) - low) & all(0x10) & letters;
    let pairs = (values << 4 | values >> 8) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs << 8 | pairs >> 16) & 0x0000_ffff_0000_ffff;
    ((fours << 16 | fours >> 32) & 0xffff_ffff, wrong_high | wrong_low)
}

#[cfg(test)]
mod tests;
