//! The value behind a key: where it begins and ends, what is none, and the key that equal ones share.

use super::Found;
use super::keys::Kind;
use crate::telemetry::{IdentifierClass, IdentifierKey};

const NO_VALUES: [&[u8]; 9] =
    [b"null", b"undefined", b"none", b"nil", b"n/a", b"unknown", b"false", b"true", b"(null)"];

/// What stands behind a key.
#[derive(Clone, Copy, Debug)]
pub(super) struct Value<'a> {
    pub(super) text: &'a [u8],
    /// The number that it is, if it is 128-bit hex and nothing else: read already, for most are.
    hex: Option<u128>,
}

impl<'a> Value<'a> {
    pub(super) fn is_hex(self) -> bool {
        self.hex.is_some() || hex128(self.text).is_some()
    }

    /// [`value_of`].
    #[inline]
    pub(super) fn of(self, class: IdentifierClass) -> Option<Found<'a>> {
        match self.hex {
            Some(key) => found_hex(class, key, self.text),
            None => value_of(class, self.text),
        }
    }
}

/// Skips from the end of a key over separators to the value, and cuts the value at its end.
#[inline]
pub(super) fn value_at_separator(text: &[u8], mut at: usize, kind: Kind) -> Option<Value<'_>> {
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
    if let Some((key, length)) = hex128(rest)
        && !rest.get(length).is_some_and(|&byte| is_value_byte(byte))
    {
        return Some(Value { text: &rest[..length], hex: Some(key) });
    }
    let length = rest.iter().position(|&byte| !is_value_byte(byte)).unwrap_or(rest.len());
    let mut value = &rest[..length.min(256)];
    while let Some(b'.' | b':' | b'=' | b'-' | b',') = value.last() {
        value = &value[..value.len() - 1];
    }
    Some(Value { text: value, hex: None })
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
pub(in crate::ingest) fn value_of(class: IdentifierClass, value: &[u8]) -> Option<Found<'_>> {
    if let Some((key, length)) = hex128(value) {
        // `uuid#counter` and `uuid_1`, as Kong and MuleSoft number copies, are the same transaction.
        let rest = &value[length..];
        if rest.is_empty() || matches!(rest[0], b'#' | b'_' | b'|' | b':' | b'/' | b'.') {
            return found_hex(class, key, &value[..length]);
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

#[inline]
fn found_hex(class: IdentifierClass, key: u128, text: &[u8]) -> Option<Found<'_>> {
    (key != 0).then_some(Found { class, key: IdentifierKey(key), text, is_hex: true, span: 0 })
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

pub(super) fn traceparent(value: &[u8]) -> Option<Found<'_>> {
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

pub(super) fn xray(value: &[u8]) -> Option<Found<'_>> {
    let from = memchr::memmem::find(value, b"1-")?;
    let text = value.get(from..from + 35)?;
    let mut hex = [0u8; 32];
    hex[..8].copy_from_slice(&text[2..10]);
    hex[8..].copy_from_slice(&text[11..35]);
    let (key, _) = (text[10] == b'-').then(|| hex128(&hex)).flatten()?;
    Some(Found { class: IdentifierClass::Trace, key: IdentifierKey(key), text, is_hex: false, span: 0 })
}

/// `0-<uuid>` and `<uuid>_1`, as MuleSoft numbers events, without the numbers.
pub(super) fn mule_core(value: &[u8]) -> &[u8] {
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
