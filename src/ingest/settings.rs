//! What the person has decided about reading: zones, formats, identifiers, redaction.

use super::formats::UserFormat;
use super::identify::{Finder, IdentifierRule};
use super::redact::{RedactionRule, Redactor};
use crate::telemetry::Zone;
use globset::{Glob, GlobMatcher};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The part of the configuration that reading depends on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct IngestConfig {
    pub systems: BTreeMap<String, SystemConfig>,
    pub formats: Vec<UserFormat>,
    pub identifiers: Vec<IdentifierRule>,
    pub redaction: RedactionConfig,
}

/// What is known of one system.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SystemConfig {
    /// Globs of the files that this system writes, such as `mule/*.log`; without them the folder names the system.
    pub files: Vec<String>,
    /// The offset of times that carry no zone: `+01:00`.
    pub zone: Option<String>,
    /// The format's name, where detection should not decide.
    pub format: Option<String>,
    /// Who owns it, and how important it is; shown on the bridge.
    pub owner: Option<String>,
    pub pager: Option<String>,
    pub tier: Option<u8>,
    /// A link, or the path of a Markdown file.
    pub runbook: Option<String>,
    /// Links.
    pub dashboards: Vec<String>,
    /// Kinds of flows that are expected to pass it, or the beginnings of their names.
    pub flows: Vec<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RedactionConfig {
    /// Names of built-in rules that are not to be used.
    pub without: Vec<String>,
    pub rules: Vec<RedactionRule>,
}

/// The same, checked and compiled. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Settings {
    pub(super) finder: Arc<Finder>,
    pub(super) redactor: Arc<Redactor>,
    pub(super) formats: Arc<Vec<UserFormat>>,
    systems: Arc<Vec<SystemRule>>,
    /// The year for stamps that lack one (syslog).
    pub year: i64,
}

#[derive(Debug)]
struct SystemRule {
    name: String,
    files: Vec<GlobMatcher>,
    zone: Option<Zone>,
    format: Option<String>,
}

impl Settings {
    /// Checks and compiles; every mistake is reported, each with what is wrong and where.
    pub fn new(config: &IngestConfig, year: i64) -> Result<Self, String> {
        let mut errors = Vec::new();
        let mut systems = Vec::new();
        for (name, system) in &config.systems {
            let zone = system.zone.as_ref().and_then(|text| {
                let zone = Zone::parse(text);
                if zone.is_none() {
                    errors.push(format!("systems.{name}.zone: `{text}` is no offset such as +01:00"));
                }
                zone
            });
            let mut files = Vec::new();
            for glob in &system.files {
                match Glob::new(glob) {
                    Ok(glob) => files.push(glob.compile_matcher()),
                    Err(error) => errors.push(format!("systems.{name}.files: {error}")),
                }
            }
            systems.push(SystemRule { name: name.clone(), files, zone, format: system.format.clone() });
        }
        let mut formats = config.formats.clone();
        for format in &mut formats {
            if let Err(error) = format.compile() {
                errors.push(format!("format `{}`: {error}", format.name));
            }
        }
        let finder = Finder::new(&config.identifiers).map_err(|error| errors.push(error)).ok();
        let redactor = Redactor::new(&config.redaction.rules, &config.redaction.without)
            .map_err(|error| errors.push(error))
            .ok();
        match (finder, redactor) {
            (Some(finder), Some(redactor)) if errors.is_empty() => Ok(Self {
                finder: Arc::new(finder),
                redactor: Arc::new(redactor),
                formats: Arc::new(formats),
                systems: Arc::new(systems),
                year,
            }),
            _ => Err(errors.join("\n")),
        }
    }

    /// The system that the configuration gives a file to, by the file's path below what was opened.
    pub(super) fn system_of_file(&self, path: &str) -> Option<&str> {
        self.systems
            .iter()
            .find(|rule| rule.files.iter().any(|glob| glob.is_match(path) || ends_with(glob, path)))
            .map(|rule| rule.name.as_str())
    }

    pub(super) fn zone_of(&self, system: &str) -> Option<Zone> {
        self.systems.iter().find(|rule| rule.name == system)?.zone
    }

    pub(super) fn format_of(&self, system: &str) -> Option<&str> {
        self.systems.iter().find(|rule| rule.name == system)?.format.as_deref()
    }

    /// A text as it may be shown: scrubbed and redacted.
    pub fn safe(&self, bytes: &[u8]) -> String {
        self.redactor.redact(&super::scrub::scrub(bytes)).into_owned()
    }

    /// A field's value as it may be shown, redacted as if it stood behind its name.
    pub(super) fn safe_value(&self, name: &str, value: &str) -> String {
        let safe = self.safe(format!("{name}={value}").as_bytes());
        safe.split_once('=').map_or_else(|| self.safe(value.as_bytes()), |(_, value)| value.to_owned())
    }
}

/// Whether a glob such as `mule/*.log` fits the end of a longer path.
fn ends_with(glob: &GlobMatcher, path: &str) -> bool {
    path.match_indices('/').any(|(slash, _)| glob.is_match(&path[slash + 1..]))
}

impl Default for Settings {
    fn default() -> Self {
        Self::new(&IngestConfig::default(), 1970).expect("the defaults are tested")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mistake_is_reported_at_once() {
        let config: IngestConfig = toml::from_str(
            "[systems.mule]\nzone = \"Berlin\"\n[systems.erp]\nfiles = [\"[\"]\n[[identifiers]]\nclass = \"business\"\n",
        )
        .unwrap();
        let error = Settings::new(&config, 2026).unwrap_err();
        assert!(error.contains("systems.mule.zone: `Berlin`"), "{error}");
        assert!(error.contains("systems.erp.files"), "{error}");
        assert!(error.contains("either `key` or `pattern`"), "{error}");
    }

    #[test]
    fn files_are_given_to_systems_by_glob_at_any_depth() {
        let config: IngestConfig =
            toml::from_str("[systems.mule]\nfiles = [\"runtime/*.log\"]\nzone = \"+01:00\"").unwrap();
        let settings = Settings::new(&config, 2026).unwrap();
        assert_eq!(settings.system_of_file("export/runtime/a.log"), Some("mule"));
        assert_eq!(settings.system_of_file("other/a.log"), None);
        assert_eq!(settings.zone_of("mule").unwrap().offset_seconds, 3_600);
    }
}
