//! The catalogue of failure modes: data, not code.

use serde::Deserialize;
use std::sync::{Arc, LazyLock};

/// A named pattern of integration trouble.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FailureMode {
    pub name: String,
    /// Words of its signature, in lower case.
    pub words: Vec<String>,
    pub checks: Vec<String>,
    pub mitigations: Vec<String>,
    pub fixes: Vec<String>,
}

/// The failure modes that are known: ours, and a team's own. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Modes(Arc<Vec<FailureMode>>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    modes: Vec<FailureMode>,
}

static BUILT_IN: LazyLock<Modes> = LazyLock::new(|| {
    let file: File =
        toml::from_str(include_str!("failure_modes.toml")).expect("the built-in catalogue is tested");
    Modes(Arc::new(file.modes))
});

impl Default for Modes {
    fn default() -> Self {
        BUILT_IN.clone()
    }
}

impl Modes {
    /// The built-in ones and those of a text of the same form, which stand instead of a built-in one of their name.
    pub fn with(own: &str) -> Result<Self, toml::de::Error> {
        let file: File = toml::from_str(own)?;
        let mut all = file.modes;
        for mode in &mut all {
            mode.words.iter_mut().for_each(|word| *word = word.to_lowercase());
        }
        let ours = BUILT_IN.0.iter().filter(|ours| all.iter().all(|own| own.name != ours.name));
        all.extend(ours.cloned().collect::<Vec<_>>());
        Ok(Self(Arc::new(all)))
    }

    /// The mode of a name.
    pub fn named(&self, name: &str) -> Option<&FailureMode> {
        self.0.iter().find(|mode| mode.name == name)
    }

    /// Every mode of which the texts meet any word, with how many they meet.
    pub(super) fn met(&self, texts: &[String]) -> Vec<(&FailureMode, usize)> {
        let all = texts.join("\n").to_lowercase();
        let count = |mode: &FailureMode| mode.words.iter().filter(|word| all.contains(word.as_str())).count();
        self.0.iter().map(|mode| (mode, count(mode))).filter(|(_, met)| *met > 0).collect()
    }

    /// The names of those whose signature the texts meet, those with most words first.
    pub(super) fn recognise(&self, texts: &[String]) -> Vec<String> {
        let mut met = self.met(texts);
        met.retain(|(_, words)| *words >= 2);
        met.sort_by_key(|(_, words)| std::cmp::Reverse(*words));
        met.into_iter().map(|(mode, _)| mode.name.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_takes_more_than_one_word() {
        let texts = ["PKIX path validation failed: certificate expired".to_owned()];
        let modes = Modes::default();
        assert_eq!(modes.recognise(&texts)[0], "expired-certificate");
        assert!(modes.named("expired-certificate").is_some());
        assert!(modes.recognise(&["a certificate".to_owned()]).is_empty());
        for ordinary in ["cache miss for price list 7", "clock synchronised", "batch 12 accepted"] {
            assert!(modes.recognise(&[ordinary.to_owned()]).is_empty(), "{ordinary}");
        }
    }

    #[test]
    fn a_team_adds_modes_and_replaces_ours_by_name() {
        let own = r#"
            [[modes]]
            name = "stuck-period-close"
            words = ["Period Close", "posting period"]
            checks = ["which period is open"]
            mitigations = ["open the period again"]
            fixes = ["close after the last batch"]
            [[modes]]
            name = "retry-storm"
            words = ["storm", "surge"]
            checks = []
            mitigations = []
            fixes = []"#;
        let modes = Modes::with(own).unwrap();
        let said = ["posting period 03 is not open: period close is running".to_owned()];
        assert_eq!(modes.recognise(&said), ["stuck-period-close"]);
        assert_eq!(modes.named("retry-storm").unwrap().words, ["storm", "surge"]);
        assert!(modes.named("expired-token").is_some(), "ours stay");
        assert!(Modes::with("[[modes]]\nname = \"x\"").unwrap_err().to_string().contains("words"));
    }
}
