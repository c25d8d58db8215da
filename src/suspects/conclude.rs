//! Whether the first suspect is called the cause, or what would tell. An on-call person forgives "not known"; a confident
//! wrong name costs the night.

use super::weights::{LEAD, LEAD_OF_ONE, LEAST, LEAST_ON_PATH, LEAST_UNALERTED, RIVAL_ON_PATH, TELLING};
use super::{Role, Signal, Suspect};
use std::collections::BTreeSet;

/// What the ranking rests on.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own about the evidence")]
pub(super) struct Ground<'a> {
    /// Nothing but metrics says anything.
    pub only_metrics: bool,
    /// An alert near the onset was read.
    pub is_alerted: bool,
    /// Who calls whom is known.
    pub has_topology: bool,
    /// Log records were read.
    pub has_logs: bool,
    /// More than one system suffers by its metrics.
    pub many_suffer: bool,
    /// Somebody or something said that it fails: the onset was given, or told by failures or an alert.
    pub is_failing: bool,
    /// What nothing was read of and may be behind it, in words, and what to look at.
    pub unseen: Option<(&'a str, &'a str)>,
}

/// A suspect by name, with its sum before it is squeezed.
pub(super) struct Ranked<'a> {
    pub name: &'a str,
    pub suspect: &'a Suspect,
    pub sum: f64,
}

/// Whether it is known who is behind it, and why, or why not and the cheapest next check.
pub(super) fn conclude(ranking: &[Ranked], ground: Ground) -> (bool, String) {
    let Some(first) = ranking.first() else {
        let reason = "inconclusive: nothing stands out since onset; widen the window or add a source";
        return (false, reason.to_owned());
    };
    let second = ranking.get(1);
    let (name, score) = (first.name, first.suspect.score);
    let lead = score - second.map_or(0.0, |second| second.suspect.score);
    let next = match second {
        Some(second) => format!("did {name} or {} fail first?", second.name),
        None => format!("look at the newest errors of {name}"),
    };
    let not = |why: String, next: &str| (false, format!("inconclusive: {why}; cheapest next check: {next}"));
    if let Some((why, next)) = ground.unseen {
        return not(why.to_owned(), next);
    }
    if first.suspect.role != Role::Cause {
        return not(format!("{name} only passes on what goes wrong elsewhere"), &next);
    }
    // Where the path leads tells by how few are left; anything else by how much it is.
    let is_path = first.suspect.evidence.first().is_some_and(|reason| reason.signal == Signal::Topology);
    if ground.only_metrics && is_path {
        if !ground.has_topology && ground.many_suffer {
            let why = "several systems suffer, and who calls whom is not known".to_owned();
            return not(why, "add spans or the call graph, or ask which of them calls the others");
        }
        // The path leaves few; what counts is whether there is another of them.
        let is_alone = second.is_none_or(|second| second.sum <= first.sum * RIVAL_ON_PATH);
        let least = if ground.is_alerted { LEAST_ON_PATH } else { LEAST_UNALERTED };
        if first.sum < least || !is_alone {
            return not("the path from the alert does not end at one system alone".to_owned(), &next);
        }
    } else {
        let signals = signals(first.suspect);
        let is_told = signals.iter().any(|signal| {
            matches!(signal, Signal::Flows | Signal::Origin | Signal::NetworkGap | Signal::Metrics)
        });
        if !ground.is_failing && !is_told {
            return not("things changed, and nothing says that anything fails".to_owned(), &next);
        }
        if !ground.has_logs && !is_told {
            let why = format!("no log was read, and nothing else tells that it is {name} itself");
            return not(why, &format!("read the log of {name}"));
        }
        let needed = if signals.len() > 1 { LEAD } else { LEAD_OF_ONE };
        if score < LEAST || lead < needed {
            let by = match signals.len() {
                0 | 1 => "one signal",
                2 => "two signals",
                _ => "several signals",
            };
            let why = format!(
                "{score:.2} with a lead of {lead:.2} by {by}, where {LEAST:.2} and {needed:.2} are needed"
            );
            return not(why, &next);
        }
    }
    let why = first.suspect.evidence.first().map_or("", |reason| reason.sentence.as_str());
    (true, format!("{name} leads by {lead:.2}: {why}"))
}

/// The signals that speak for a suspect by themselves, and not as a hint only.
fn signals(suspect: &Suspect) -> BTreeSet<Signal> {
    let hints = [Signal::Spectrum, Signal::SelfTime, Signal::Changes, Signal::FailureMode];
    let telling = suspect.evidence.iter().filter(|reason| reason.is_for && reason.weight >= TELLING);
    telling.map(|reason| reason.signal).filter(|signal| !hints.contains(signal)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::SystemId;
    use crate::suspects::Evidence;
    use crate::telemetry::{Time, Window};

    fn suspect(score: f64, signals: &[Signal]) -> Suspect {
        let reason = |signal: &Signal| Evidence {
            signal: *signal,
            sentence: "it is seen".to_owned(),
            is_for: true,
            weight: 0.5,
            window: Window { from: Time(0), to: Time(1) },
            pointers: Vec::new(),
        };
        Suspect {
            rank: 1,
            system: SystemId(0),
            operation: None,
            change: None,
            score,
            role: Role::Cause,
            evidence: signals.iter().map(reason).collect(),
            failure_modes: Vec::new(),
        }
    }

    fn is_conclusive(first: &Suspect, second: &Suspect, ground: Ground) -> bool {
        let ranked = |name, suspect: &Suspect| -> (&'static str, Suspect) { (name, suspect.clone()) };
        let all = [ranked("a", first), ranked("b", second)];
        let all: Vec<Ranked> =
            all.iter().map(|(name, suspect)| Ranked { name, suspect, sum: suspect.score }).collect();
        conclude(&all, ground).0
    }

    #[test]
    fn one_signal_alone_needs_a_longer_lead_than_two() {
        let ground = Ground { has_logs: true, is_failing: true, has_topology: true, ..Ground::default() };
        let second = suspect(0.45, &[Signal::Templates]);
        assert!(!is_conclusive(&suspect(0.6, &[Signal::EventOrder]), &second, ground));
        assert!(is_conclusive(&suspect(0.6, &[Signal::EventOrder, Signal::Origin]), &second, ground));
        assert!(!is_conclusive(&suspect(0.4, &[Signal::EventOrder, Signal::Origin]), &second, ground));
    }

    #[test]
    fn what_only_metrics_tell_takes_a_call_graph() {
        let ground = Ground { only_metrics: true, many_suffer: true, ..Ground::default() };
        let (first, second) = (suspect(0.8, &[Signal::Topology]), suspect(0.1, &[Signal::Topology]));
        assert!(!is_conclusive(&first, &second, ground));
        assert!(is_conclusive(&first, &second, Ground { has_topology: true, ..ground }));
    }

    #[test]
    fn without_logs_the_order_of_calls_alone_convicts_nobody() {
        let (first, second) = (suspect(0.8, &[Signal::EventOrder]), suspect(0.1, &[Signal::EventOrder]));
        let ground = Ground { has_topology: true, is_failing: true, ..Ground::default() };
        assert!(!is_conclusive(&first, &second, ground));
        assert!(is_conclusive(&first, &second, Ground { has_logs: true, ..ground }));
        let first = suspect(0.8, &[Signal::EventOrder, Signal::NetworkGap]);
        assert!(is_conclusive(&first, &second, ground));
    }

    #[test]
    fn what_was_not_read_is_not_innocent() {
        let (first, second) = (suspect(0.8, &[Signal::EventOrder, Signal::Origin]), suspect(0.1, &[]));
        let ground = Ground { has_logs: true, has_topology: true, is_failing: true, ..Ground::default() };
        assert!(is_conclusive(&first, &second, ground));
        assert!(!is_conclusive(&first, &second, Ground { unseen: Some(("billing", "read it")), ..ground }));
    }

    #[test]
    fn where_nothing_fails_a_change_of_ways_convicts_nobody() {
        let (first, second) = (suspect(0.8, &[Signal::EventOrder, Signal::Templates]), suspect(0.1, &[]));
        let ground = Ground { has_logs: true, has_topology: true, ..Ground::default() };
        assert!(!is_conclusive(&first, &second, ground));
        assert!(is_conclusive(&first, &second, Ground { is_failing: true, ..ground }));
    }
}
