//! Severity, asked as questions about impact; in doubt the higher.

use serde::{Deserialize, Serialize};

/// SEV1 to SEV4, that is P1 to P4.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    strum::Display,
    strum::EnumIter,
    strum::EnumString,
)]
#[serde(rename_all = "UPPERCASE")]
#[strum(serialize_all = "UPPERCASE", ascii_case_insensitive)]
pub enum IncidentSeverity {
    Sev1,
    #[default]
    Sev2,
    Sev3,
    Sev4,
}

/// What is known of the impact. `None` is "not known yet", which counts as the worse answer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Impact {
    /// Customers or partners are hit, not only our own people.
    pub customers: Option<bool>,
    /// More than a tenth of them, or of the flows.
    pub many: Option<bool>,
    pub money: Option<bool>,
    /// Somebody may come to harm, or a law be broken.
    pub safety: Option<bool>,
    /// Data may be lost, wrong or disclosed.
    pub data: Option<bool>,
    pub text: String,
}

impl Impact {
    /// The questions in the order in which they are asked.
    pub const QUESTIONS: [&'static str; 5] = [
        "Are customers or partners hit?",
        "More than one in ten?",
        "Is money being lost?",
        "Can somebody come to harm, or a law be broken?",
        "Can data be lost, wrong or disclosed?",
    ];

    pub fn answers(&self) -> [Option<bool>; 5] {
        [self.customers, self.many, self.money, self.safety, self.data]
    }

    pub fn answer(&mut self, question: usize, answer: Option<bool>) {
        let slot = match question {
            0 => &mut self.customers,
            1 => &mut self.many,
            2 => &mut self.money,
            3 => &mut self.safety,
            _ => &mut self.data,
        };
        *slot = answer;
    }

    /// The severity that the answers call for. What is not known counts as the worse answer: in doubt the higher.
    pub fn severity(&self) -> IncidentSeverity {
        let [customers, many, money, safety, data] = self.answers().map(|answer| answer != Some(false));
        if safety || data && many || customers && many && money {
            IncidentSeverity::Sev1
        } else if data || customers && (many || money) {
            IncidentSeverity::Sev2
        } else if customers || many || money {
            IncidentSeverity::Sev3
        } else {
            IncidentSeverity::Sev4
        }
    }

    /// What is known of it, in words; empty while nothing is.
    pub fn sentence(&self) -> String {
        let known = Self::QUESTIONS.iter().zip(self.answers()).filter_map(|(question, answer)| {
            let answer = if answer? { "yes" } else { "no" };
            Some(format!("{question} {answer}."))
        });
        let text = Some(self.text.clone()).filter(|text| !text.is_empty());
        text.into_iter().chain(known).collect::<Vec<_>>().join(" ")
    }
}

impl IncidentSeverity {
    /// How often a status update is due, in minutes.
    pub fn cadence_minutes(self) -> u32 {
        match self {
            Self::Sev1 => 15,
            Self::Sev2 => 30,
            Self::Sev3 => 60,
            Self::Sev4 => 240,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_doubt_the_higher() {
        assert_eq!(Impact::default().severity(), IncidentSeverity::Sev1);
        let known = Impact {
            customers: Some(true),
            many: Some(false),
            money: Some(true),
            safety: Some(false),
            data: Some(false),
            ..Impact::default()
        };
        assert_eq!(known.severity(), IncidentSeverity::Sev2);
        assert_eq!(
            Impact { safety: None, ..known.clone() }.severity(),
            IncidentSeverity::Sev1,
            "whether somebody can come to harm is not known"
        );
        assert_eq!(Impact { data: None, many: None, ..known }.severity(), IncidentSeverity::Sev1);
        let inside = Impact {
            customers: Some(false),
            many: Some(false),
            money: Some(false),
            safety: Some(false),
            data: Some(false),
            ..Impact::default()
        };
        assert_eq!(inside.severity(), IncidentSeverity::Sev4);
        assert_eq!(Impact { data: None, ..inside.clone() }.severity(), IncidentSeverity::Sev2);
        assert_eq!(Impact { safety: Some(true), ..inside.clone() }.severity(), IncidentSeverity::Sev1);
        assert!(inside.sentence().starts_with("Are customers or partners hit? no."));
        assert_eq!(Impact::default().sentence(), "");
    }
}
