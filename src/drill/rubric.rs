//! What a drill is judged by: objectives as data. The built-in rubric is `rubric.toml`; a scenario may add to it.

use crate::incident::{IncidentSeverity, Role};
use serde::{Deserialize, Serialize};
use std::sync::LazyLock;

/// What a candidate is judged on.
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
    strum::Display,
    strum::EnumIter,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Dimension {
    Troubleshooting,
    SystemsThinking,
    Prevention,
    Operability,
    Communication,
}

impl Dimension {
    /// As the scorecard says it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Troubleshooting => "Troubleshooting structure",
            Self::SystemsThinking => "Systems thinking",
            Self::Prevention => "Prevention mindset",
            Self::Operability => "Operability",
            Self::Communication => "Communication",
        }
    }
}

/// One thing that is looked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Objective {
    /// Names it in overrules and exports.
    pub name: String,
    /// One sentence, as the scorecard shows it.
    pub title: String,
    pub dimension: Dimension,
    pub points: u32,
    pub check: Check,
}

/// How an objective is looked for in the record. Minutes count from the first page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Check {
    /// Declared so soon; half the points within twice the time.
    Declared {
        minutes: u32,
    },
    Acknowledged {
        minutes: u32,
    },
    /// The severity that stood longest is the right one; one too high costs half, since in doubt it is the higher.
    Severity,
    RoleTaken {
        role: Role,
        minutes: u32,
    },
    /// An update within the cadence of the severity, and none late after it; each late one costs its share.
    UpdatesOnCadence,
    /// Updates for so many audiences.
    Audiences {
        at_least: u32,
    },
    /// Questions were put to people, with a time to answer.
    Asked {
        at_least: u32,
    },
    /// A hypothesis names the root cause; the points fall to nothing at twice the time.
    FirstCorrectHypothesis {
        minutes: u32,
    },
    /// So many hypotheses were weighed, not only the first idea.
    Hypotheses {
        at_least: u32,
    },
    /// Something was said for or against one, or it was judged with a reason.
    HypothesisTested,
    /// A hypothesis stood or facts were recorded before the first mitigation.
    LookedBeforeActing {
        facts: u32,
    },
    /// Pins hold telemetry of where the evidence lies.
    EvidencePinned {
        at_least: u32,
    },
    /// A mitigation that mends it was logged in time.
    RightMitigation {
        minutes: u32,
    },
    /// Full points without a wrong one; each costs half, one that was taken back a quarter.
    NoWrongMitigation,
    /// Mitigations carry intent and how they are undone.
    MitigationsPlanned,
    /// The effect of a right mitigation was measured, after time enough to act.
    EffectVerified,
    /// Nothing that was temporary or wrong is left in force without an expiry.
    CleanedUp,
    Resolved,
    RcaTrigger,
    RcaRootCause,
    /// So many of the contributing factors are named.
    RcaFactors {
        at_least: u32,
    },
    /// Whys with something that each rests on.
    Whys {
        at_least: u32,
    },
    /// An action that changes the system, with an owner, a date and how it is verified.
    SystemicAction,
    /// Actions of so many classes: prevent, detect, mitigate, process.
    ActionClasses {
        at_least: u32,
    },
    /// The write-up names systems and flows that were hit, not only where it broke.
    ImpactNamed,
    /// Nobody is blamed in the write-up: the quality gate's words.
    Blameless,
    /// A text of the record names these.
    Names {
        terms: super::Terms,
    },
    /// An inject was reacted to so soon: an update, a note, a decision or a judged hypothesis that names these terms.
    InjectAnswered {
        inject: String,
        minutes: u32,
        terms: super::Terms,
    },
}

/// Objectives that are looked for together.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rubric {
    pub objectives: Vec<Objective>,
}

static BUILT_IN: LazyLock<Rubric> =
    LazyLock::new(|| toml::from_str(include_str!("rubric.toml")).expect("the built-in rubric is tested"));

impl Rubric {
    /// What every drill is judged by.
    pub fn built_in() -> &'static Self {
        &BUILT_IN
    }

    /// Reads a rubric of a team's own.
    pub fn parse(text: &str) -> Result<Self, String> {
        toml::from_str(text).map_err(|error| error.to_string())
    }

    /// This rubric with more objectives; one of the same name replaces the one before.
    #[must_use]
    pub fn with(mut self, more: &[Objective]) -> Self {
        for one in more {
            match self.objectives.iter_mut().find(|known| known.name == one.name) {
                Some(known) => known.clone_from(one),
                None => self.objectives.push(one.clone()),
            }
        }
        self
    }

    /// What is wrong with it, in sentences.
    pub fn mistakes(&self) -> Vec<String> {
        let mut mistakes = Vec::new();
        for (place, one) in self.objectives.iter().enumerate() {
            if self.objectives[..place].iter().any(|other| other.name == one.name) {
                mistakes.push(format!("objective `{}` is there twice", one.name));
            }
            if one.points == 0 || one.title.trim().is_empty() {
                mistakes.push(format!("objective `{}` needs a title and points", one.name));
            }
        }
        mistakes
    }
}

/// The one that is right, worse first: for comparing severities.
pub(super) fn steps_too_low(given: IncidentSeverity, right: IncidentSeverity) -> i32 {
    given as i32 - right as i32
}

#[cfg(test)]
mod tests {
    use super::*;
    use strum::IntoEnumIterator;

    #[test]
    fn the_built_in_rubric_is_sound_and_covers_every_dimension() {
        let rubric = Rubric::built_in();
        assert_eq!(rubric.mistakes(), Vec::<String>::new());
        for dimension in Dimension::iter() {
            let points: u32 =
                rubric.objectives.iter().filter(|one| one.dimension == dimension).map(|one| one.points).sum();
            assert!(points >= 10, "{dimension} has {points} points");
        }
    }

    #[test]
    fn a_scenario_replaces_by_name_and_adds_the_rest() {
        let own = r#"
            [[objectives]]
            name = "declared-in-time"
            title = "Declared at once"
            dimension = "operability"
            points = 9
            check = { kind = "declared", minutes = 2 }
            [[objectives]]
            name = "extra"
            title = "Names the partner"
            dimension = "communication"
            points = 3
            check = { kind = "names", terms = ["partner"] }"#;
        let own = Rubric::parse(own).unwrap();
        let before = Rubric::built_in().objectives.len();
        let both = Rubric::built_in().clone().with(&own.objectives);
        assert_eq!(both.objectives.len(), before + 1);
        assert!(both.objectives.iter().any(|one| one.points == 9 && one.name == "declared-in-time"));
        assert!(Rubric::parse("[[objectives]]\nname = \"x\"").is_err());
    }
}
