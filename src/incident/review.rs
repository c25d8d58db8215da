//! Many incidents together: times, rates, repeated causes, open actions, blind spots. Drills never count.

mod words;

pub use words::Tone;

use super::{Incident, MitigationKind, kpis};
use crate::telemetry::{Nanos, Time};
use std::collections::{BTreeMap, BTreeSet};

/// Over several incidents.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Review {
    pub incidents: usize,
    pub drills_left_out: usize,
    /// Incidents of SEV1 and SEV2.
    pub major: usize,
    /// Only where there are two or more.
    pub times: Vec<TimesOver>,
    /// Actions that are not done, the one that was due first in front.
    pub open: Vec<OpenAction>,
    /// Incidents whose trigger was a change (a contributing factor of class `change`).
    pub by_change: usize,
    /// Causes that came more than once: (first words of the cause, incidents).
    pub repeated: Vec<(String, Vec<String>)>,
    pub mitigations: Vec<(MitigationKind, usize)>,
    /// SEV1 and SEV2 in 30 days, over the time that the record covers; `None` over less than a week.
    pub major_in_30_days: Option<f64>,
    /// The share of incidents that a change set off, with the interval in which it lies by 95 % (Wilson).
    pub change_share: Option<(f64, f64, f64)>,
    /// `None` where no changes are known, so that nobody can tell how many went well.
    pub change_failures: Option<ChangeFailures>,
    /// Hops that were seen, over all incidents in which it was measured: (hops, logs, traces, metrics).
    pub coverage: Option<(u32, u32, u32, u32)>,
    /// Systems that could not be seen: (system, in how many incidents), the most frequent first.
    pub blind: Vec<(String, usize)>,
}

/// One time over several incidents.
#[derive(Clone, Debug, PartialEq)]
pub struct TimesOver {
    /// `TTD`
    pub name: &'static str,
    pub definition: &'static str,
    pub mean: Nanos,
    /// The interval in which the mean lies by 95 % (Student), never below nothing.
    pub low: Nanos,
    pub high: Nanos,
    pub median: Nanos,
    pub p90: Nanos,
    pub incidents: usize,
}

/// An action of a write-up that is not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenAction {
    pub incident: String,
    pub entry: u64,
    pub text: String,
    pub owner: String,
    /// `2026-04-01`, or empty.
    pub due: String,
    pub is_overdue: bool,
}

/// How many of the changes that are known set off an incident.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ChangeFailures {
    pub changes: usize,
    pub failed: usize,
    pub share: f64,
    /// By 95 % (Wilson).
    pub low: f64,
    pub high: f64,
}

impl Review {
    pub fn overdue(&self) -> usize {
        self.open.iter().filter(|action| action.is_overdue).count()
    }
}

/// Looks over incidents. `today` is a date such as `2026-03-14`, for what is overdue; `changes` are the times of all changes
/// that are known, of which some set off incidents.
pub fn review(incidents: &[Incident], today: &str, changes: &[Time]) -> Review {
    let real: Vec<&Incident> =
        incidents.iter().filter(|incident| !incident.is_drill && incident.declared.is_some()).collect();
    let mut review = Review {
        incidents: real.len(),
        drills_left_out: incidents.iter().filter(|incident| incident.is_drill).count(),
        major: real.iter().filter(|incident| incident.severity <= super::IncidentSeverity::Sev2).count(),
        times: (0..4).filter_map(|place| times(&real, place)).collect(),
        open: open(&real, today),
        by_change: real.iter().filter(|incident| is_by_change(incident)).count(),
        repeated: repeated(&real),
        change_failures: change_failures(&real, changes),
        ..Review::default()
    };
    for mitigation in real.iter().flat_map(|incident| &incident.mitigations) {
        match review.mitigations.iter_mut().find(|(kind, _)| *kind == mitigation.plan.kind) {
            Some((_, count)) => *count += 1,
            None => review.mitigations.push((mitigation.plan.kind, 1)),
        }
    }
    let first = real.iter().filter_map(|incident| incident.declared).min();
    let last = real.iter().filter_map(|incident| incident.declared).max();
    review.major_in_30_days = first
        .zip(last)
        .map(|(first, last)| (last - first).as_seconds() / DAY)
        .and_then(|days| (days >= 7.0).then(|| review.major as f64 * 30.0 / days));
    review.change_share = (real.len() >= 2).then(|| wilson(review.by_change, real.len()));
    let mut blind: BTreeMap<String, usize> = BTreeMap::new();
    for coverage in real.iter().filter_map(|incident| incident.coverage.as_ref()) {
        let sum = review.coverage.get_or_insert((0, 0, 0, 0));
        sum.0 += coverage.hops;
        sum.1 += coverage.logs;
        sum.2 += coverage.traces;
        sum.3 += coverage.metrics;
        coverage.blind.iter().for_each(|system| *blind.entry(system.clone()).or_default() += 1);
    }
    review.blind = blind.into_iter().collect();
    review.blind.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    review
}

const DAY: f64 = 86_400.0;
/// How long after a change an incident may begin that it set off.
const SETS_OFF: Nanos = Nanos::seconds(24 * 3_600);

fn is_by_change(incident: &Incident) -> bool {
    incident.rca.factors.iter().any(|factor| factor.class == "change")
}

/// One of the four times over all incidents in which it is known.
fn times(incidents: &[&Incident], place: usize) -> Option<TimesOver> {
    let mut values: Vec<i64> =
        incidents.iter().filter_map(|incident| kpis(incident)[place].value).map(|value| value.0).collect();
    let count = values.len();
    if count < 2 {
        return None;
    }
    values.sort_unstable();
    let mean = values.iter().sum::<i64>() / count as i64;
    let squares: f64 = values.iter().map(|value| ((value - mean) as f64).powi(2)).sum();
    let error = (squares / (count - 1) as f64 / count as f64).sqrt() * student(count - 1);
    let at = |share: f64| Nanos(values[((count - 1) as f64 * share).round() as usize]);
    let kpi = &kpis(incidents[0])[place];
    Some(TimesOver {
        name: kpi.name,
        definition: kpi.definition,
        mean: Nanos(mean),
        low: Nanos((mean as f64 - error).max(0.0) as i64),
        high: Nanos((mean as f64 + error) as i64),
        median: at(0.5),
        p90: at(0.9),
        incidents: count,
    })
}

/// How many standard errors to each side hold 95 % (Student), by degrees of freedom.
fn student(freedom: usize) -> f64 {
    const FEW: [f64; 10] = [12.71, 4.30, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26, 2.23];
    match freedom {
        1..=10 => FEW[freedom - 1],
        11..=20 => 2.09,
        21..=40 => 2.02,
        _ => 1.96,
    }
}

fn open(incidents: &[&Incident], today: &str) -> Vec<OpenAction> {
    let mut open: Vec<OpenAction> = incidents
        .iter()
        .flat_map(|incident| incident.rca.actions.iter().map(move |action| (incident, action)))
        .filter(|(_, (_, _, done))| !done)
        .map(|(incident, (entry, action, _))| OpenAction {
            incident: incident.id.clone(),
            entry: *entry,
            text: action.text.clone(),
            owner: action.owner.clone(),
            due: action.due.clone(),
            is_overdue: !action.due.is_empty() && action.due.as_str() < today,
        })
        .collect();
    open.sort_by_key(|action| {
        (action.due.is_empty(), action.due.clone(), action.incident.clone(), action.entry)
    });
    open
}

/// Incidents that a change set off, over the changes of the same time; only incidents in that time count.
fn change_failures(incidents: &[&Incident], changes: &[Time]) -> Option<ChangeFailures> {
    let distinct: BTreeSet<Time> = changes.iter().copied().collect();
    let (first, last) = (*distinct.first()?, *distinct.last()?);
    let is_within = |incident: &&&Incident| {
        incident.began().is_some_and(|began| first <= began && began <= last + SETS_OFF)
    };
    let failed = incidents.iter().filter(is_within).filter(|incident| is_by_change(incident)).count();
    let failed = failed.min(changes.len());
    let (share, low, high) = wilson(failed, changes.len());
    Some(ChangeFailures { changes: changes.len(), failed, share, low, high })
}

/// A share and its interval by 95 % (Wilson): few incidents say little, and the interval says how little.
fn wilson(some: usize, all: usize) -> (f64, f64, f64) {
    let (n, z) = (all as f64, 1.96_f64);
    let share = some as f64 / n;
    let middle = (share + z * z / (2.0 * n)) / (1.0 + z * z / n);
    let half = z / (1.0 + z * z / n) * (share * (1.0 - share) / n + z * z / (4.0 * n * n)).sqrt();
    (share, (middle - half).max(0.0), (middle + half).min(1.0))
}

/// Incidents whose causes share most of their words.
fn repeated(incidents: &[&Incident]) -> Vec<(String, Vec<String>)> {
    let mut groups: Vec<(String, Vec<String>)> = Vec::new();
    for incident in incidents.iter().filter(|incident| !incident.rca.root_cause.trim().is_empty()) {
        let cause = incident.rca.root_cause.lines().next().unwrap_or_default().to_owned();
        match groups.iter_mut().find(|(known, _)| likeness(known, &cause) >= 0.5) {
            Some((_, ids)) => ids.push(incident.id.clone()),
            None => groups.push((cause, vec![incident.id.clone()])),
        }
    }
    groups.retain(|(_, ids)| ids.len() > 1);
    groups
}

/// Shared words over all words (Jaccard), short ones left out.
pub(super) fn likeness(one: &str, other: &str) -> f64 {
    let words = |text: &str| -> std::collections::BTreeSet<String> {
        text.split(|c: char| !c.is_alphanumeric())
            .filter(|word| word.len() > 3)
            .map(str::to_lowercase)
            .collect()
    };
    let (one, other) = (words(one), words(other));
    let all = one.union(&other).count();
    if all == 0 { 0.0 } else { one.intersection(&other).count() as f64 / all as f64 }
}

#[cfg(test)]
mod tests;
