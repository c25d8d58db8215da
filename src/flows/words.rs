//! The few words of integration trouble that are read in masked messages, as one table. Everything else that the flows
//! say of an event comes from columns.

/// Which of the classes a message's words belong to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Words(u8);

/// Word class, and the spellings that belong to it; compared in lower case with `-` and `_` read as blanks.
const TABLE: [(Words, &[&str]); 6] = [
    (
        Words::RETRY,
        &["retry", "retrying", "retries", "will be retried", "reattempt", "backing off", "attempt"],
    ),
    (
        Words::DEAD_LETTER,
        &["dead letter", "deadletter", "dlq", "dlx", "poison", "parked message", "moved to error queue"],
    ),
    (Words::COMPENSATION, &["compensat", "rolled back", "rolling back", "rollback", "saga undo", "reversal"]),
    (Words::DUPLICATE, &["duplicate", "already processed", "redelivered=true", "redelivered: true"]),
    (
        Words::WAITING,
        &[
            "waiting for",
            "queued",
            "enqueued",
            "pending",
            "calling",
            "sending",
            "in progress",
            "will be sent",
        ],
    ),
    (Words::REFUSAL, &["declined", "rejected", "denied", "invalid", "validation failed", "not accepted"]),
];

impl Words {
    pub(super) const RETRY: Self = Self(1);
    pub(super) const DEAD_LETTER: Self = Self(2);
    pub(super) const COMPENSATION: Self = Self(4);
    pub(super) const DUPLICATE: Self = Self(8);
    pub(super) const REFUSAL: Self = Self(16);
    /// It is not over: something is to follow.
    pub(super) const WAITING: Self = Self(64);
    /// A probe of liveness, by its path: see [`super::probes`].
    pub(super) const PROBE: Self = Self(32);

    pub(super) fn of(message: &str, operation: &str) -> Self {
        let plain: String = format!("{message} {operation}")
            .chars()
            .map(|c| if matches!(c, '-' | '_') { ' ' } else { c.to_ascii_lowercase() })
            .collect();
        let mut words = Self::default();
        for (class, spellings) in TABLE {
            if spellings.iter().any(|spelling| plain.contains(spelling)) {
                words.0 |= class.0;
            }
        }
        words
    }

    pub(super) fn with(self, class: Self) -> Self {
        Self(self.0 | class.0)
    }

    pub(super) fn has(self, class: Self) -> bool {
        self.0 & class.0 != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_are_found_in_any_spelling_and_nowhere_else() {
        let dead = Words::of("Record sent to dead-letter queue topic=<*>", "");
        assert!(dead.has(Words::DEAD_LETTER) && !dead.has(Words::RETRY));
        assert!(Words::of("ERP call failed, RETRY 1 of 3", "").has(Words::RETRY));
        assert!(Words::of("dead_lettered queue=orders", "").has(Words::DEAD_LETTER));
        assert_eq!(Words::of("Order persisted", "POST /orders"), Words::default());
    }
}
