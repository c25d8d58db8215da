//! A name for each thing that somebody means to record, so that trying again records it once.

use crate::incident::Draft;
use sha2::{Digest, Sha256};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

/// The draft with a key, if it has none yet.
pub(super) fn with_key(mut draft: Draft) -> Draft {
    if draft.key.is_empty() {
        draft.key = random();
    }
    draft
}

/// 96 bits that nobody else has, in hex.
pub(super) fn random() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let mut hasher = Sha256::new();
    // The hash maps' seed comes from the operating system and is another one each time.
    for _ in 0..2 {
        hasher.update(RandomState::new().build_hasher().finish().to_le_bytes());
    }
    hasher.update(std::process::id().to_le_bytes());
    hasher.update(COUNT.fetch_add(1, Ordering::Relaxed).to_le_bytes());
    hasher.finalize().iter().take(12).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::random;
    use std::collections::BTreeSet;

    #[test]
    fn no_key_comes_twice() {
        let keys: BTreeSet<String> = (0..10_000).map(|_| random()).collect();
        assert_eq!(keys.len(), 10_000);
        assert!(keys.iter().all(|key| key.len() == 24));
    }
}
