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
