//! What is done to a case before it is ranked: an onset that is off, telemetry that is missing, signals switched off.

use super::super::super::Failure;
use super::cases::{Case, Telemetry};
use super::tally::Answer;
use super::{SuspectsBench, rank};
use crate::config::Config;
use crate::evidence::{Evidence, Row};
use crate::flows::Flows;
use crate::suspects::{Signal, SuspectSettings};
use crate::telemetry::{EventKind, Nanos};
use rustc_hash::FxHasher;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use strum::IntoEnumIterator;

/// Half of the traces, for the table of what must not hurt.
const HALF: f64 = 0.5;

/// One way to ask.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Variant {
    pub name: String,
    shift: Nanos,
    finds_onset: bool,
    drops: Vec<Drop>,
    without: Vec<Signal>,
}

/// Telemetry that is taken away.
#[derive(Clone, Debug, PartialEq)]
enum Drop {
    Logs,
    Spans,
    Metrics,
    Topology,
    Changes,
    Alerts,
    /// This share of traces lose their spans, as sampling does; their logs stay.
    Traces(f64),
    /// This share of traces lose their logs as well.
    Flows(f64),
    /// A system that says nothing at all.
    System(String),
    /// The guilty one, and the one that says most among the others.
    Guilty,
    Busiest,
}

impl Variant {
    /// The cases as they are, then what is asked for.
    pub(super) fn all(arguments: &SuspectsBench) -> Result<Vec<Self>, Failure> {
        let mut all = vec![Self { name: "everything".to_owned(), ..Self::default() }];
        all.extend(Self::asked(arguments)?);
        if arguments.robustness {
            all.extend(Self::robustness());
        }
        if arguments.ablations {
            let signals = || Signal::iter().filter(|signal| *signal != Signal::FailureMode);
            all.extend(signals().map(|signal| Self {
                name: format!("{} alone", word(signal)),
                without: Signal::iter().filter(|other| *other != signal).collect(),
                ..Self::default()
            }));
            all.extend(signals().map(|signal| Self {
                name: format!("no {}", word(signal)),
                without: vec![signal],
                ..Self::default()
            }));
        }
        Ok(all)
    }

    /// What the options name, together; an onset that is moved both ways makes two.
    fn asked(arguments: &SuspectsBench) -> Result<Vec<Self>, Failure> {
        let usage = |what: &str, hint: &str| Failure::usage(format!("`{what}` cannot be read"), hint);
        let shifts = match arguments.shift_onset.as_deref() {
            None => vec![0],
            Some(text) => shifts(text).ok_or_else(|| usage(text, "--shift-onset takes 60, -60 or ±60"))?,
        };
        let drops = arguments
            .drop
            .iter()
            .map(|text| Drop::parse(text).ok_or_else(|| usage(text, "--help says what can be dropped")));
        let drops: Vec<Drop> = drops.collect::<Result<_, _>>()?;
        let mut asked = Vec::new();
        for shift in shifts {
            let mut names: Vec<String> = arguments.drop.iter().map(|what| format!("no {what}")).collect();
            names.extend(arguments.without.iter().map(|signal| format!("no {}", word(*signal))));
            if arguments.find_onset {
                names.push("onset not given".to_owned());
            } else if shift != 0 {
                names.push(format!("onset {shift:+} s"));
            }
            if !names.is_empty() {
                asked.push(Self {
                    name: names.join(", "),
                    shift: Nanos::seconds(shift),
                    finds_onset: arguments.find_onset,
                    drops: drops.clone(),
                    without: arguments.without.clone(),
                });
            }
        }
        Ok(asked)
    }

    fn robustness() -> impl Iterator<Item = Self> {
        let shifted = [60, -60].map(|shift| Self {
            name: format!("onset {shift:+} s"),
            shift: Nanos::seconds(shift),
            ..Self::default()
        });
        let dropped = [
            ("half of the spans' traces", Drop::Traces(HALF)),
            ("half of the flows", Drop::Flows(HALF)),
            ("no logs", Drop::Logs),
            ("no spans", Drop::Spans),
            ("no metrics", Drop::Metrics),
            ("no topology", Drop::Topology),
            ("no alerts", Drop::Alerts),
            ("busiest other system blind", Drop::Busiest),
            ("guilty system blind", Drop::Guilty),
        ];
        let dropped = dropped.into_iter().map(|(name, what)| Self {
            name: name.to_owned(),
            drops: vec![what],
            ..Self::default()
        });
        let found = Self { name: "onset not given".to_owned(), finds_onset: true, ..Self::default() };
        shifted.into_iter().chain(dropped).chain([found])
    }

    pub(super) fn answer(&self, case: &Case, whole: &Telemetry, config: &Config) -> Answer {
        let settings = SuspectSettings {
            onset: (!self.finds_onset).then_some(case.onset + self.shift),
            without: self.without.clone(),
            ..config.suspect_settings()
        };
        let mut drops = self.drops.clone();
        if self.finds_onset {
            drops.push(Drop::Alerts);
        }
        if drops.is_empty() {
            let suspects = rank(&whole.evidence, &whole.flows, &settings);
            return Answer::of(case, &whole.evidence, &suspects, settings.onset);
        }
        let mut evidence = whole.evidence.clone();
        for drop in &drops {
            drop.take_from(&mut evidence, case);
        }
        let flows = Flows::of(&evidence, &config.flow_settings());
        Answer::of(case, &evidence, &rank(&evidence, &flows, &settings), settings.onset)
    }
}

impl Drop {
    fn parse(text: &str) -> Option<Self> {
        let share = |text: &str| text.parse().ok().filter(|share| (0.0..=1.0).contains(share));
        Some(match text.split_once(':') {
            Some(("traces", part)) => Self::Traces(share(part)?),
            Some(("flows", part)) => Self::Flows(share(part)?),
            Some(("system", "guilty")) => Self::Guilty,
            Some(("system", "busiest")) => Self::Busiest,
            Some(("system", name)) => Self::System(name.to_owned()),
            Some(_) => return None,
            None => match text {
                "logs" => Self::Logs,
                "spans" => Self::Spans,
                "metrics" => Self::Metrics,
                "topology" => Self::Topology,
                "changes" => Self::Changes,
                "alerts" => Self::Alerts,
                _ => return None,
            },
        })
    }

    fn take_from(&self, evidence: &mut Evidence, case: &Case) {
        let is_kind = |evidence: &Evidence, row, kind| evidence.kind(row) == kind;
        match self {
            Self::Metrics => evidence.series = Arc::default(),
            Self::Topology => evidence.topology = Arc::default(),
            Self::Changes => evidence.changes = Arc::default(),
            Self::Logs => *evidence = evidence.only(|row| !is_kind(evidence, row, EventKind::Log)),
            Self::Spans => *evidence = evidence.only(|row| !is_kind(evidence, row, EventKind::Span)),
            Self::Alerts => *evidence = evidence.only(|row| !is_kind(evidence, row, EventKind::Alert)),
            Self::Traces(share) => {
                *evidence = evidence
                    .only(|row| !is_kind(evidence, row, EventKind::Span) || !is_among(evidence, row, *share));
            }
            Self::Flows(share) => *evidence = evidence.only(|row| !is_among(evidence, row, *share)),
            Self::System(name) => silence(evidence, std::slice::from_ref(name)),
            Self::Guilty => silence(evidence, &case.guilty),
            Self::Busiest => silence(evidence, &busiest(evidence, &case.guilty)),
        }
    }
}

/// Whether the event's identifier belongs to a share of all, told from its value, so that it is the same in every run.
fn is_among(evidence: &Evidence, row: Row, share: f64) -> bool {
    let Some(id) = evidence.identifier(row) else { return false };
    let mut hasher = FxHasher::default();
    evidence.identifiers.identifier(id).value.hash(&mut hasher);
    // The upper bits are the well-mixed ones.
    ((hasher.finish() >> 40) as f64) < share * f64::from(1u32 << 24)
}

/// Takes away all that some systems say and all that is measured of them; alerts are raised by others.
fn silence(evidence: &mut Evidence, names: &[String]) {
    let is_silent = |name: &str| names.iter().any(|silent| silent.eq_ignore_ascii_case(name));
    let is_alert = |row| evidence.kind(row) == EventKind::Alert;
    let mut rest =
        evidence.only(|row| is_alert(row) || !is_silent(evidence.system_name(evidence.system(row))));
    rest.series =
        Arc::new(evidence.series.iter().filter(|series| !is_silent(&series.system)).cloned().collect());
    *evidence = rest;
}

/// The system with most events, or with most series where there are none, that is not guilty.
fn busiest(evidence: &Evidence, guilty: &[String]) -> Vec<String> {
    let mut counts = vec![(0u32, 0u32); evidence.systems.len()];
    for row in (0..evidence.rows()).map(Row).filter(|row| evidence.kind(*row) != EventKind::Alert) {
        counts[usize::from(evidence.system(row).0)].0 += 1;
    }
    for series in evidence.series.iter() {
        if let Some(system) = evidence.system_named(&series.system) {
            counts[usize::from(system.0)].1 += 1;
        }
    }
    let others = evidence.systems.iter().map(|(_, name)| name).zip(counts);
    let others = others.filter(|(name, _)| !guilty.iter().any(|one| one.eq_ignore_ascii_case(name)));
    others
        .max_by_key(|(name, counts)| (*counts, *name))
        .map(|(name, _)| name.to_owned())
        .into_iter()
        .collect()
}

fn shifts(text: &str) -> Option<Vec<i64>> {
    let number = |text: &str| text.trim_end_matches('s').parse::<i64>().ok();
    let both = text.strip_prefix('±').or_else(|| text.strip_prefix("+-"));
    match both {
        Some(size) => number(size).map(|size| vec![size, -size]),
        None => number(text).map(|shift| vec![shift]),
    }
}

fn word(signal: Signal) -> String {
    let name: &str = signal.into();
    name.replace('_', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_dropped_and_moved_is_read() {
        assert_eq!(Drop::parse("traces:0.5"), Some(Drop::Traces(0.5)));
        assert_eq!(Drop::parse("system:mule"), Some(Drop::System("mule".to_owned())));
        assert_eq!(Drop::parse("traces:2"), None);
        assert_eq!(Drop::parse("weather"), None);
        assert_eq!(shifts("±60s"), Some(vec![60, -60]));
        assert_eq!(shifts("-60"), Some(vec![-60]));
        assert_eq!(shifts("soon"), None);
    }
}
