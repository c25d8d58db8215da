//! Identifiers in raw bytes: one search for all key spellings, then the value behind each key.
//!
//! Keys decide, shapes never do: a UUID under a key that is not known is nobody's identifier. Sources of the spellings:
//! W3C Trace Context, B3, OpenTelemetry log correlation, ECS, Serilog, MuleSoft, SAP, JMS, AMQP and Azure conventions.

mod keys;
mod seek;
mod value;

pub(in crate::ingest) use value::value_of;
pub use value::{hex64, hex128};

use crate::telemetry::{IdentifierClass, IdentifierKey, SpanInfo};
use keys::{ENDS, KEYS, Kind, canonical, is_key_byte, words};
use memchr::memmem;
use regex::bytes::Regex;
use rustc_hash::FxHashMap;
use seek::{Seeker, pieces_of};
use serde::Deserialize;
use value::{mule_core, traceparent, value_at_separator, xray};

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
    seeker: Seeker,
    /// What keys end with.
    endings: Vec<[u8; 2]>,
    keys: FxHashMap<Vec<u8>, Kind>,
    patterns: Vec<(IdentifierClass, Regex)>,
    span_keys: [memmem::Finder<'static>; 2],
}

/// What keys turned out to be that were met lately; one for each reader, since the same few come again and again.
#[derive(Clone, Debug, Default)]
pub struct KeyMemo {
    /// Empty until the first is met.
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

/// Longer ones are none.
const LONGEST_KEY: usize = 48;

/// Keys that are remembered; a power of two.
const KNOWN: usize = 256;

/// Where a key is remembered: by its length, its ends and its middle. `None` for an empty one.
#[inline]
fn place_of(key: &[u8]) -> Option<usize> {
    let (&first, &last) = (key.first()?, key.last()?);
    let (middle, quarter) = (key[key.len() / 2], key[key.len() / 4]);
    let mixed = u32::from_le_bytes([first, last, middle, quarter]) ^ (key.len() as u32) << 13;
    Some((mixed.wrapping_mul(0x9e37_79b1) >> (32 - KNOWN.ilog2())) as usize)
}

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
                    own.extend(pieces_of(&words(key)));
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
        let span_keys = [memmem::Finder::new("pan"), memmem::Finder::new("\"@sp\"")];
        let mut endings: Vec<[u8; 2]> = keys.keys().filter_map(|key| key.last_chunk().copied()).collect();
        endings.sort_unstable();
        endings.dedup();
        Ok(Self { seeker: Seeker::new(own), endings, keys, patterns, span_keys })
    }

    /// Adds the places in `text` where an identifier's key may stand: of a byte of it, ascending.
    pub fn seek(&self, text: &[u8], places: &mut Vec<u32>) {
        self.seeker.find(text, |place| places.push(place as u32));
    }

    /// Every identifier in a text, in order of place; for reading an event in full and for continuation lines.
    pub fn all<'a>(&self, text: &'a [u8]) -> Vec<Found<'a>> {
        self.all_remembered(text, &mut KeyMemo::default())
    }

    fn all_remembered<'a>(&self, text: &'a [u8], memo: &mut KeyMemo) -> Vec<Found<'a>> {
        let mut found: Vec<Found> = Vec::new();
        self.seeker.find(text, |place| {
            // A key may hold two pieces: `IDocNumber`.
            let one = self.at(text, place, memo);
            let is_other = |one: &Found| found.last().is_none_or(|last| !std::ptr::eq(last.text, one.text));
            found.extend(one.filter(is_other));
        });
        self.by_pattern(text, |one| found.push(one));
        found
    }

    /// Every identifier in a name and its value, as if they stood as `name=value`; without a search where neither can
    /// hold one.
    pub fn in_pair(&self, name: &[u8], value: &[u8], memo: &mut KeyMemo, take: impl FnMut(Found)) {
        let may_hold = self.has_patterns() || memchr::memchr3(b'=', b':', b' ', value).is_some();
        if may_hold || self.known_kind(name, memo).is_some() {
            let text = [name, b"=", value].concat();
            self.all_remembered(&text, memo).into_iter().for_each(take);
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

    /// The identifier whose key has its byte at `place`, if it is one.
    #[inline]
    pub fn at<'a>(&self, text: &'a [u8], place: usize, memo: &mut KeyMemo) -> Option<Found<'a>> {
        let (before, after) = text.split_at(place);
        let first = before.iter().rposition(|&byte| !is_key_byte(byte)).map_or(0, |before| before + 1);
        let last = place + after.iter().position(|&byte| !is_key_byte(byte)).unwrap_or(after.len());
        let is_ended = text.get(last).is_some_and(|after| ENDS.contains(after));
        if !is_ended || last - first > LONGEST_KEY || last == place {
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
        let bare = value.text;
        let found = match kind {
            Kind::Plain(class) => value.of(class),
            Kind::TraceOrMessage => {
                value.of(if value.is_hex() { IdentifierClass::Trace } else { IdentifierClass::Message })
            }
            Kind::Document => {
                let is_told = text[last..].starts_with(b"=") || text[last..].starts_with(b"\":\"");
                let digits = bare.iter().filter(|byte| byte.is_ascii_digit()).count();
                (is_told && digits >= 4).then(|| value.of(IdentifierClass::Business)).flatten()
            }
            Kind::MuleEvent => {
                // Only in `[processor: …; event: …]`; elsewhere the word is everyday English.
                text[..first]
                    .ends_with(b"; ")
                    .then(|| value_of(IdentifierClass::Correlation, mule_core(bare)))
                    .flatten()
            }
            Kind::Traceparent => traceparent(bare),
            Kind::B3 => {
                let trace = bare.split(|byte| *byte == b'-').next()?;
                value_of(IdentifierClass::Trace, trace).filter(|found| found.is_hex)
            }
            Kind::XRay => xray(bare),
        };
        // `'X-Correlation-ID': correlationId` is code that names a variable, not an identifier.
        found.filter(|found| {
            found.is_hex
                || !bare.first().is_some_and(u8::is_ascii_alphabetic)
                || bare.len() >= 40
                || self.kind(bare).is_none()
        })
    }

    /// [`Finder::kind`], remembered.
    #[inline]
    fn known_kind(&self, key: &[u8], memo: &mut KeyMemo) -> Option<Kind> {
        if key.len() > LONGEST_KNOWN {
            return self.kind(key);
        }
        if memo.known.is_empty() {
            memo.known.resize(KNOWN, KnownKey::default());
        }
        let known = &mut memo.known[place_of(key)?];
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
        if !self.endings.contains(key.last_chunk()?) {
            return None;
        }
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

#[cfg(test)]
mod tests;
