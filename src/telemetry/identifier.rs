//! Identifiers: a class and a value, and the 128-bit key that equal ones share.

use serde::{Deserialize, Serialize};
use std::fmt;

/// What an identifier names. The order is the order of trust when a flow is named after one of its identifiers.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    strum::EnumIter,
    strum::IntoStaticStr,
    strum::Display,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
#[repr(u8)]
pub enum IdentifierClass {
    /// One business transaction, end to end.
    Correlation,
    /// One trace (W3C, B3, X-Ray, Datadog), in canonical 128-bit form.
    Trace,
    /// One message, request or execution: often only one hop of a flow.
    Message,
    /// A number that people know: order, invoice, IDoc, EDI control number.
    Business,
    /// A user's session; shared by many flows, so it groups and never links.
    Session,
    /// One span of a trace.
    Span,
}

/// An identifier as it is shown.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Identifier {
    pub class: IdentifierClass,
    pub value: String,
}

/// What equal identifiers share, whatever their spelling.
///
/// 128-bit hex values and UUIDs are equal whatever their case, dashes or `0x`, and whatever class they stand under;
/// B3's 64-bit trace identifiers equal the zero-padded ones. Every other value is keyed by a hash of class and text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IdentifierKey(pub u128);

impl fmt::Display for Identifier {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{} {}", self.class, self.value)
    }
}

/// How a 128-bit hex identifier is written, as far as its key does not tell. Where spellings differ, the one with dashes
/// stands, and the highest version digit, so that it does not matter which was met first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HexStyle(u8);

impl HexStyle {
    const DASHED: u8 = 0x80;

    /// Of a value that is written so. Envoy overwrites the version digit; the key has it as 4.
    #[inline]
    pub fn of(text: &[u8]) -> Self {
        let (dashed, version) = if text.len() == 36 { (Self::DASHED, text[14]) } else { (0, text[12]) };
        let digit = match version {
            b'9' => 9,
            b'a' | b'A' => 10,
            b'b' | b'B' => 11,
            _ => 0,
        };
        Self(dashed | digit)
    }

    /// What is left of two spellings of one identifier.
    #[must_use]
    #[inline]
    pub fn and(self, other: Self) -> Self {
        Self((self.0 | other.0) & Self::DASHED | (self.0 & 0xf).max(other.0 & 0xf))
    }

    /// The key, written in this style.
    pub fn write(self, key: IdentifierKey) -> String {
        let version = u128::from(self.0 & 0xf);
        let key = if version == 0 { key.0 } else { key.0 & !(0xf << 76) | version << 76 };
        let mut text = format!("{key:032x}");
        if self.0 & Self::DASHED != 0 {
            for place in [20, 16, 12, 8] {
                text.insert(place, '-');
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identifier_is_written_as_it_was_met_whatever_came_first() {
        let key = IdentifierKey(0x3f2b8c1e_6d4a_4f7b_9a10_5c2e7d9b8a41);
        let dashed = "3f2b8c1e-6d4a-4f7b-9a10-5c2e7d9b8a41";
        assert_eq!(HexStyle::of(dashed.as_bytes()).write(key), dashed);
        assert_eq!(HexStyle::of(dashed.replace('-', "").as_bytes()).write(key), dashed.replace('-', ""));
        let traced = HexStyle::of(b"3f2b8c1e-6d4a-9f7b-9a10-5c2e7d9b8a41");
        assert_eq!(traced.write(key), "3f2b8c1e-6d4a-9f7b-9a10-5c2e7d9b8a41");
        assert_eq!(traced.and(HexStyle::default()), HexStyle::default().and(traced));
    }
}
