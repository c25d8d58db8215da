//! The times of one incident, each with its definition and how exactly it is known.

use super::Incident;
use crate::telemetry::{Nanos, Time};

/// One time, with what it is measured between.
#[derive(Clone, Debug, PartialEq)]
pub struct Kpi {
    pub name: &'static str,
    pub definition: &'static str,
    /// `None` while one of its ends is not known.
    pub value: Option<Nanos>,
    /// How far off it may be, more or less: both of its ends are known only so exactly.
    pub uncertainty: Nanos,
}

/// The times of one incident.
pub type Kpis = [Kpi; 4];

impl Kpi {
    /// `12 min 04 s ± 31 s`; `None` while it is not known.
    pub fn says(&self) -> Option<String> {
        let value = self.value?;
        Some(if self.uncertainty == Nanos::ZERO {
            value.to_string()
        } else {
            format!("{value} ± {}", self.uncertainty)
        })
    }
}

/// The times of one incident.
pub fn kpis(incident: &Incident) -> Kpis {
    let margins = &incident.margins;
    let declared = (incident.declared, margins.declared);
    let between = |name, definition, from: (Option<Time>, Nanos), to: (Option<Time>, Nanos)| Kpi {
        name,
        definition,
        value: from.0.zip(to.0).map(|(from, to)| to - from).filter(|length| length.0 >= 0),
        uncertainty: Nanos(from.1.0.saturating_add(to.1.0)),
    };
    [
        between("TTD", "impact began → declared", (incident.impact_began, margins.impact_began), declared),
        between("TTA", "declared → acknowledged", declared, (incident.acknowledged, margins.acknowledged)),
        between(
            "TTM",
            "declared → impact ended, by the signal",
            declared,
            (incident.impact_ended, margins.impact_ended),
        ),
        between("TTR", "declared → resolved", declared, (incident.resolved, margins.resolved)),
    ]
}

#[cfg(test)]
mod tests {
    use super::super::Margins;
    use super::*;

    #[test]
    fn a_time_is_as_uncertain_as_both_of_its_ends() {
        let incident = Incident {
            impact_began: Some(Time::from_seconds(0)),
            declared: Some(Time::from_seconds(600)),
            acknowledged: Some(Time::from_seconds(500)),
            margins: Margins {
                impact_began: Nanos::seconds(14),
                declared: Nanos::seconds(1),
                ..Margins::default()
            },
            ..Incident::default()
        };
        let all = kpis(&incident);
        assert_eq!(all[0].says().as_deref(), Some("10 min 00 s ± 15.0 s"));
        assert_eq!(all[1].says(), None, "nobody acknowledges what is not declared");
        assert_eq!(all[3].says(), None);
    }
}
