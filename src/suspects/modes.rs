//! The catalogue of failure modes: data, not code.

use serde::Deserialize;
use std::sync::LazyLock;

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

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    modes: Vec<FailureMode>,
}

static CATALOGUE: LazyLock<Vec<FailureMode>> = LazyLock::new(|| {
    toml::from_str::<File>(include_str!("failure_modes.toml"))
        .expect("the built-in catalogue is tested")
        .modes
});

/// The mode of a name.
pub fn failure_mode(name: &str) -> Option<&'static FailureMode> {
    CATALOGUE.iter().find(|mode| mode.name == name)
}

/// The words of every mode of which the texts meet any, with how many they meet.
pub(super) fn met(texts: &[String]) -> Vec<(&'static [String], usize)> {
    let all = texts.join("\n").to_lowercase();
    let count = |mode: &FailureMode| mode.words.iter().filter(|word| all.contains(word.as_str())).count();
    CATALOGUE.iter().map(|mode| (mode.words.as_slice(), count(mode))).filter(|(_, met)| *met > 0).collect()
}

/// Modes whose signature the texts meet, those with most words first.
pub(super) fn recognise(texts: &[String]) -> Vec<String> {
    let all = texts.join("\n").to_lowercase();
    let mut met: Vec<(usize, &FailureMode)> = CATALOGUE
        .iter()
        .map(|mode| (mode.words.iter().filter(|word| all.contains(word.as_str())).count(), mode))
        .filter(|(words, _)| *words >= 2)
        .collect();
    met.sort_by_key(|(words, _)| std::cmp::Reverse(*words));
    met.into_iter().map(|(_, mode)| mode.name.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_takes_more_than_one_word() {
        let texts = ["PKIX path validation failed: certificate expired".to_owned()];
        assert_eq!(recognise(&texts)[0], "expired-certificate");
        assert!(failure_mode("expired-certificate").is_some());
        assert!(recognise(&["a certificate".to_owned()]).is_empty());
    }
}
