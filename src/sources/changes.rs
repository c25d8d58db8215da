//! What all sources of changes share: a page of changes, oldest first.

use super::live::completeness;
use crate::telemetry::{Batch, Change};

/// A page of changes, oldest first.
pub(super) fn batch(mut changes: Vec<Change>, reasons: Vec<String>) -> Batch {
    changes.sort_by_key(|change| change.time);
    Batch { changes, completeness: completeness(reasons), ..Batch::default() }
}

/// The short form of a commit's name.
pub(super) fn short(revision: &str) -> &str {
    let is_hash = revision.len() >= 20 && revision.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_hash { &revision[..8] } else { revision }
}
