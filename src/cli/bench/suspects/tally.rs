//! How often the guilty system stands first, counted as the published scorers do: a tie is the worst case.

use super::super::super::output::Role;
use super::cases::Case;
use crate::evidence::Evidence;
use crate::suspects::{Role as Part, Suspects};
use crate::telemetry::Time;
use serde::Serialize;
use std::collections::BTreeMap;

/// A change named below this rank is not blamed.
const CHANGE_RANKS: u32 = 3;

/// What was made of the change that the ranking blames.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Blame {
    Right,
    Wrong,
    /// No change was named.
    Nobody,
}

/// One ranking against the truth.
pub(super) struct Answer {
    /// Of the guilty system, ties counted as the worst case; `None` where it is not listed.
    pub place: Option<usize>,
    is_conclusive: bool,
    blame: Option<Blame>,
    /// Of an onset that was found, how far it lies from the one that the person on call gives.
    onset_error_s: Option<f64>,
    /// The first three, for a person.
    pub said: String,
}

#[derive(Serialize)]
pub(super) struct EachLine<'a> {
    case: &'a str,
    with: &'a str,
    place: Option<usize>,
    conclusive: bool,
    change: Option<Blame>,
    onset_error_s: Option<f64>,
    first: &'a str,
}

impl Answer {
    pub(super) fn of(case: &Case, evidence: &Evidence, suspects: &Suspects, given: Option<Time>) -> Self {
        let ranking = &suspects.ranking;
        let name = |place: usize| evidence.system_name(ranking[place].system);
        let is_guilty = |place: usize| case.guilty.iter().any(|guilty| *guilty == name(place).to_lowercase());
        let first = (0..ranking.len()).find(|&place| is_guilty(place));
        let place = first.map(|first| {
            // Behind everybody else whose rank is the same.
            let tied = |other: &usize| ranking[*other].rank <= ranking[first].rank && !is_guilty(*other);
            (0..ranking.len()).filter(tied).count() + 1
        });
        let mut looked_at = ranking.iter().filter(|one| one.rank <= CHANGE_RANKS && one.role == Part::Cause);
        let blamed = looked_at.find_map(|one| one.change.as_deref());
        let blame = (!case.changes.is_empty()).then(|| match blamed {
            None => Blame::Nobody,
            Some(id) if case.changes.iter().any(|right| is_same_change(right, id)) => Blame::Right,
            Some(_) => Blame::Wrong,
        });
        let found = suspects.onset.as_ref().filter(|_| given.is_none());
        let three: Vec<String> =
            (0..ranking.len().min(3)).map(|at| format!("{} {:.2}", name(at), ranking[at].score)).collect();
        let word = if suspects.conclusive { "" } else { "  (inconclusive)" };
        let onset_error_s = found.map(|onset| (onset.time - case.onset).as_seconds());
        let error = onset_error_s.map_or_else(String::new, |seconds| format!("  onset {seconds:+.0} s"));
        let said = format!("{}{word}{error}", three.join(", "));
        Self { place, is_conclusive: suspects.conclusive, blame, onset_error_s, said }
    }

    pub(super) fn line<'a>(&'a self, case: &'a Case, with: &'a str) -> EachLine<'a> {
        EachLine {
            case: &case.name,
            with,
            place: self.place,
            conclusive: self.is_conclusive,
            change: self.blame,
            onset_error_s: self.onset_error_s,
            first: &self.said,
        }
    }
}

/// Equal, or a commit that is named by the first seven digits or more of its hash.
fn is_same_change(one: &str, other: &str) -> bool {
    let (short, long) = if one.len() <= other.len() { (one, other) } else { (other, one) };
    let is_hash = short.len() >= 7 && short.bytes().all(|byte| byte.is_ascii_hexdigit());
    short.eq_ignore_ascii_case(long) || is_hash && long.to_lowercase().starts_with(&short.to_lowercase())
}

/// Many answers to one variant.
#[derive(Default)]
pub(super) struct Tally {
    cases: u32,
    first: u32,
    in_three: u32,
    in_five: u32,
    conclusive: u32,
    conclusive_right: u32,
    /// By fault: first, in the first three, of all.
    by_fault: BTreeMap<String, [u32; 3]>,
    /// Changes: right, wrong, nobody blamed where somebody is guilty; blamed, rightly nobody where nobody is.
    changes: [u32; 5],
    has_changes: bool,
    /// Of onsets that were found, how far off they are.
    onset_errors: Vec<f64>,
    took_ns: Vec<u64>,
}

#[derive(Serialize)]
pub(super) struct Line<'a> {
    set: &'a str,
    with: &'a str,
    cases: u32,
    ac1: f64,
    ac3: f64,
    ac5: f64,
    conclusive: f64,
    /// How many of the conclusive answers are right; `null` without any.
    precision: Option<f64>,
    /// By fault: first, in the first three, of all.
    by_fault: &'a BTreeMap<String, [u32; 3]>,
    changes: Option<Changes>,
    onsets_found: usize,
    onsets_within_60_s: usize,
    median_ns: Option<u64>,
}

#[derive(Serialize)]
struct Changes {
    right: u32,
    wrong: u32,
    none_named: u32,
    innocent_blamed: u32,
    rightly_none: u32,
}

impl Tally {
    pub(super) fn add(&mut self, case: &Case, answer: &Answer, took_ns: Option<u64>) {
        let within = |most: usize| u32::from(answer.place.is_some_and(|place| place <= most));
        self.cases += 1;
        self.first += within(1);
        self.in_three += within(3);
        self.in_five += within(5);
        self.conclusive += u32::from(answer.is_conclusive);
        self.conclusive_right += u32::from(answer.is_conclusive) * within(1);
        let fault = self.by_fault.entry(case.fault.clone()).or_default();
        for (count, more) in fault.iter_mut().zip([within(1), within(3), 1]) {
            *count += more;
        }
        let is_innocent = case.changes.iter().any(|change| change == "none");
        if let Some(blame) = answer.blame {
            self.has_changes = true;
            let place = match (blame, is_innocent) {
                (Blame::Right, false) => 0,
                (Blame::Wrong, false) => 1,
                (Blame::Nobody, false) => 2,
                (Blame::Right | Blame::Wrong, true) => 3,
                (Blame::Nobody, true) => 4,
            };
            self.changes[place] += 1;
        }
        self.onset_errors.extend(answer.onset_error_s);
        self.took_ns.extend(took_ns);
    }

    fn share(&self, count: u32) -> f64 {
        f64::from(count) / f64::from(self.cases.max(1))
    }

    fn precision(&self) -> Option<f64> {
        (self.conclusive > 0).then(|| f64::from(self.conclusive_right) / f64::from(self.conclusive))
    }

    fn near(&self) -> usize {
        self.onset_errors.iter().filter(|error| error.abs() <= 60.0).count()
    }

    fn median_ns(&self) -> Option<u64> {
        let mut all = self.took_ns.clone();
        all.sort_unstable();
        all.get(all.len() / 2).copied()
    }

    pub(super) fn line<'a>(&'a self, set: &'a str, with: &'a str) -> Line<'a> {
        let [right, wrong, none_named, innocent_blamed, rightly_none] = self.changes;
        Line {
            set,
            with,
            cases: self.cases,
            ac1: self.share(self.first),
            ac3: self.share(self.in_three),
            ac5: self.share(self.in_five),
            conclusive: self.share(self.conclusive),
            precision: self.precision(),
            by_fault: &self.by_fault,
            changes: self.has_changes.then_some(Changes {
                right,
                wrong,
                none_named,
                innocent_blamed,
                rightly_none,
            }),
            onsets_found: self.onset_errors.len(),
            onsets_within_60_s: self.near(),
            median_ns: self.median_ns(),
        }
    }

    pub(super) fn row(&self, set: &str, with: &str) -> Vec<(Role, String)> {
        let mut faults: Vec<String> = self
            .by_fault
            .iter()
            .map(|(fault, [first, three, of])| format!("{fault} {first} ({three}) of {of}"))
            .collect();
        if self.has_changes {
            let [right, wrong, _, blamed, none] = self.changes;
            faults.insert(
                0,
                format!(
                    "changes {right} right, {wrong} wrong, {none} rightly none, {blamed} innocent blamed"
                ),
            );
        }
        if !self.onset_errors.is_empty() {
            faults.push(format!("onset found {}, within 60 s {}", self.onset_errors.len(), self.near()));
        }
        vec![
            (Role::Plain, set.to_owned()),
            (Role::Plain, with.to_owned()),
            (Role::Muted, self.cases.to_string()),
            (Role::Strong, format!("{:.3}", self.share(self.first))),
            (Role::Strong, format!("{:.3}", self.share(self.in_three))),
            (Role::Plain, format!("{:.0} %", self.share(self.conclusive) * 100.0)),
            (Role::Plain, self.precision().map_or_else(|| "–".to_owned(), |share| format!("{share:.3}"))),
            (Role::Muted, self.median_ns().map_or_else(String::new, |ns| format!("{:.2}", ns as f64 / 1e9))),
            (Role::Muted, faults.join(", ")),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_may_be_named_by_the_beginning_of_its_hash() {
        assert!(is_same_change("48ad9c8a5a8caa9ee", "48AD9C8"));
        assert!(!is_same_change("48ad9c8a5a8caa9ee", "48ad"));
        assert!(is_same_change("DEP-7", "dep-7"));
        assert!(!is_same_change("DEP-7", "DEP-77"));
    }
}
