//! Times of one incident, with their definitions; means only over several. Drills never count.

use super::{Incident, MitigationKind};
use crate::telemetry::Nanos;

/// One time, with what it is measured between.
#[derive(Clone, Debug, PartialEq)]
pub struct Kpi {
    pub name: &'static str,
    pub definition: &'static str,
    /// `None` while one of its ends is not known.
    pub value: Option<Nanos>,
}

/// The times of one incident.
pub type Kpis = [Kpi; 4];

/// Over several incidents.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Review {
    pub incidents: usize,
    pub drills_left_out: usize,
    /// Incidents of SEV1 and SEV2.
    pub major: usize,
    /// (name, mean, median, p90, over how many); only where there are two or more.
    pub times: Vec<(&'static str, Nanos, Nanos, Nanos, usize)>,
    pub open_actions: usize,
    pub overdue_actions: usize,
    /// Incidents whose trigger was a change (a contributing factor of class `change`).
    pub by_change: usize,
    /// Causes that came more than once: (first words of the cause, incidents).
    pub repeated: Vec<(String, Vec<String>)>,
    pub mitigations: Vec<(MitigationKind, usize)>,
    /// SEV1 and SEV2 in 30 days, over the time that the record covers; `None` over less than a week.
    pub major_in_30_days: Option<f64>,
    /// The share of incidents that a change set off, with the interval in which it lies by 95 % (Wilson).
    pub change_share: Option<(f64, f64, f64)>,
    /// Hops that were seen, over all incidents in which it was measured: (hops, logs, traces, metrics).
    pub coverage: Option<(u32, u32, u32, u32)>,
    /// Systems that could not be seen: (system, in how many incidents), the most frequent first.
    pub blind: Vec<(String, usize)>,
}

/// The times of one incident.
pub fn kpis(incident: &Incident) -> Kpis {
    let between = |from: Option<crate::telemetry::Time>, to: Option<crate::telemetry::Time>| {
        from.zip(to).map(|(from, to)| to - from).filter(|length| length.0 >= 0)
    };
    let detected = incident.declared;
    [
        Kpi {
            name: "TTD",
            definition: "impact began → declared",
            value: between(incident.impact_began, detected),
        },
        Kpi {
            name: "TTA",
            definition: "declared → acknowledged",
            value: between(detected, incident.acknowledged),
        },
        Kpi {
            name: "TTM",
            definition: "declared → impact ended, by the signal",
            value: between(detected, incident.impact_ended),
        },
        Kpi { name: "TTR", definition: "declared → resolved", value: between(detected, incident.resolved) },
    ]
}

/// Looks over incidents. `today` is a date such as `2026-03-14`, for what is overdue.
pub fn review(incidents: &[Incident], today: &str) -> Review {
    let real: Vec<&Incident> =
        incidents.iter().filter(|incident| !incident.is_drill && incident.declared.is_some()).collect();
    let mut review = Review {
        incidents: real.len(),
        drills_left_out: incidents.iter().filter(|incident| incident.is_drill).count(),
        major: real.iter().filter(|incident| incident.severity <= super::IncidentSeverity::Sev2).count(),
        ..Review::default()
    };
    for place in 0..4 {
        let mut values: Vec<i64> =
            real.iter().filter_map(|incident| kpis(incident)[place].value).map(|value| value.0).collect();
        if values.len() < 2 {
            continue;
        }
        values.sort_unstable();
        let mean = values.iter().sum::<i64>() / values.len() as i64;
        let at = |share: f64| Nanos(values[((values.len() - 1) as f64 * share).round() as usize]);
        review.times.push((kpis(real[0])[place].name, Nanos(mean), at(0.5), at(0.9), values.len()));
    }
    for incident in &real {
        let open = incident.rca.actions.iter().filter(|(_, _, done)| !done).map(|(_, action, _)| action);
        for action in open {
            review.open_actions += 1;
            review.overdue_actions += usize::from(!action.due.is_empty() && action.due.as_str() < today);
        }
        review.by_change += usize::from(incident.rca.factors.iter().any(|factor| factor.class == "change"));
        for mitigation in &incident.mitigations {
            match review.mitigations.iter_mut().find(|(kind, _)| *kind == mitigation.plan.kind) {
                Some((_, count)) => *count += 1,
                None => review.mitigations.push((mitigation.plan.kind, 1)),
            }
        }
    }
    review.repeated = repeated(&real);
    let first = real.iter().filter_map(|incident| incident.declared).min();
    let last = real.iter().filter_map(|incident| incident.declared).max();
    review.major_in_30_days = first
        .zip(last)
        .map(|(first, last)| (last - first).as_seconds() / DAY)
        .and_then(|days| (days >= 7.0).then(|| review.major as f64 * 30.0 / days));
    review.change_share = (real.len() >= 2).then(|| wilson(review.by_change, real.len()));
    let mut blind: std::collections::BTreeMap<String, usize> = std::collections::BTreeMap::new();
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
mod tests {
    use super::*;
    use crate::telemetry::Time;

    fn incident(id: &str, minutes: i64, is_drill: bool, cause: &str) -> Incident {
        let mut incident = Incident { id: id.into(), is_drill, ..Incident::default() };
        incident.declared = Some(Time::from_seconds(0));
        incident.resolved = Some(Time::from_seconds(minutes * 60));
        incident.rca.root_cause = cause.into();
        incident
    }

    #[test]
    fn shares_say_how_little_few_incidents_say_and_rates_need_a_week() {
        let mut both = [incident("a", 10, false, "x"), incident("b", 30, false, "y")];
        both[0].rca.factors.push(super::super::Factor { class: "change".into(), text: String::new() });
        let (share, low, high) = review(&both, "2026-03-14").change_share.unwrap();
        assert!((share - 0.5).abs() < 1e-9 && low < 0.10 && high > 0.90, "{low} {high}");
        assert_eq!(review(&both, "2026-03-14").major_in_30_days, None);
        both[1].declared = Some(Time::from_seconds(15 * 86_400));
        let coverage = |blind: &[&str]| super::super::Coverage {
            hops: 4,
            logs: 3,
            blind: blind.iter().map(|one| (*one).to_owned()).collect(),
            ..Default::default()
        };
        both[0].coverage = Some(coverage(&["mq"]));
        both[1].coverage = Some(coverage(&["mq", "crm"]));
        let all = review(&both, "2026-03-14");
        assert_eq!(all.major_in_30_days, Some(4.0), "both are SEV2 until somebody says better");
        assert_eq!((all.coverage, all.blind[0].clone()), (Some((8, 6, 0, 0)), ("mq".to_owned(), 2)));
    }

    #[test]
    fn means_need_two_and_drills_never_count() {
        let one = [incident("a", 10, false, "x"), incident("d", 1, true, "x")];
        let alone = review(&one, "2026-03-14");
        assert_eq!((alone.incidents, alone.drills_left_out, alone.times.len()), (1, 1, 0));
        let two = [
            incident("a", 10, false, "certificate expired on gateway"),
            incident("b", 30, false, "expired certificate on the gateway"),
        ];
        let both = review(&two, "2026-03-14");
        assert_eq!(
            both.times,
            [("TTR", Nanos::seconds(1_200), Nanos::seconds(1_800), Nanos::seconds(1_800), 2)]
        );
        assert_eq!(both.repeated[0].1, ["a", "b"]);
    }
}
