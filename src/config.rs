//! What the person has decided. Defaults live here; `bridgewatch.toml` documents them and is tested to agree.
//!
//! A configuration is read only from the person's own folder or from where `--config` points, never from the folder
//! that happens to be open: it may name commands that yield tokens.

mod memory;
mod sources;

pub use memory::Memory;
pub use sources::SourceConfig;

use crate::flows::{FlowSettings, PROBE_PATHS};
use crate::incident::{Findings, Gate, LossFields, Service, packs};
use crate::ingest::{IdentifierRule, IngestConfig, RedactionConfig, Settings, SystemConfig, UserFormat};
use crate::publish::TargetConfig;
use crate::sources::Secret;
use crate::suspects::{Modes, Signal, SuspectSettings};
use crate::telemetry::Time;
use etcetera::BaseStrategy;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Everything that `bridgewatch.toml` can say.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// `dark`, `light`, `high-contrast`, `plain`, or the path of a theme file.
    pub theme: String,
    /// A file of further key bindings; empty for the built-in ones alone.
    pub keymap: PathBuf,
    pub mouse: bool,
    /// Show times on the local clock instead of UTC.
    pub local_time: bool,
    /// Who writes the record; empty for the name of the account.
    pub author: String,
    /// How often live sources are asked for what is new.
    pub refresh_seconds: u32,
    /// How far back live sources are asked at start.
    pub window_minutes: u32,
    /// How much memory may be used; past it the oldest events are no longer held.
    pub memory: Memory,
    /// Files, folders and globs that are always opened.
    pub evidence: Vec<String>,
    pub store: StoreConfig,
    pub flows: FlowsConfig,
    pub suspects: SuspectsConfig,
    /// Fields that say who is hit and what it is worth.
    pub losses: LossFields,
    /// What is hidden before it reaches a screen or an export.
    pub redaction: RedactionConfig,
    /// What a person knows of a system and no line says.
    pub systems: BTreeMap<String, SystemConfig>,
    pub formats: Vec<UserFormat>,
    /// Where reports and updates can go.
    pub publish: Vec<TargetConfig>,
    pub identifiers: Vec<IdentifierRule>,
    /// Read apart from the rest, so that an error in one points at its line.
    #[serde(skip)]
    pub sources: Vec<SourceConfig>,
    /// The failure modes that are recognised: ours, and those of a team's `failure_modes.toml`.
    #[serde(skip)]
    pub modes: Modes,
    /// The folder that relative paths start from.
    #[serde(skip)]
    pub folder: PathBuf,
}

/// A team's service catalogue, beside the configuration.
const CATALOGUE: &str = "catalogue.toml";
/// A team's own failure modes, beside the configuration.
const MODES: &str = "failure_modes.toml";

/// Where the record of incidents is kept.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StoreConfig {
    /// An SQLite file; empty for `bridgewatch/incidents.db` in the folder of the person's data.
    pub path: PathBuf,
    /// Where the URL of a team's PostgreSQL comes from; used instead of `path`.
    pub postgres: Option<Secret>,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FlowsConfig {
    /// Judge by raw times, as if no clock were off.
    pub ignore_skew: bool,
    /// Paths whose requests only ask whether a system is up: they are no flows.
    pub probes: Vec<String>,
}

impl Default for FlowsConfig {
    fn default() -> Self {
        Self { ignore_skew: false, probes: PROBE_PATHS.map(str::to_owned).to_vec() }
    }
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SuspectsConfig {
    /// Signals that are switched off.
    pub without: Vec<Signal>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            theme: "dark".to_owned(),
            keymap: PathBuf::new(),
            mouse: true,
            local_time: false,
            author: String::new(),
            refresh_seconds: 15,
            window_minutes: 120,
            memory: Memory::default(),
            evidence: Vec::new(),
            store: StoreConfig::default(),
            flows: FlowsConfig::default(),
            suspects: SuspectsConfig::default(),
            losses: LossFields::default(),
            redaction: RedactionConfig::default(),
            systems: BTreeMap::new(),
            formats: Vec::new(),
            publish: Vec::new(),
            identifiers: Vec::new(),
            sources: Vec::new(),
            modes: Modes::default(),
            folder: PathBuf::new(),
        }
    }
}

/// Why there is no configuration to work with.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("cannot read the configuration {path}: {reason}")]
    Unreadable { path: String, reason: String },
    /// All problems at once, each with its line and column.
    #[error("{path} has {}:\n{}", count(.problems.len()), .problems.join("\n"))]
    Invalid { path: String, problems: Vec<String> },
}

fn count(problems: usize) -> String {
    if problems == 1 { "a mistake".to_owned() } else { format!("{problems} mistakes") }
}

impl Config {
    /// Reads the file that was named, or else the person's own, or else takes the defaults.
    pub fn load(named: Option<&Path>) -> Result<Self, ConfigError> {
        let own = folders().map(|folders| folders.config_dir().join("bridgewatch/config.toml"));
        let path = match (named, own) {
            (Some(named), _) => named.to_owned(),
            (None, Some(own)) if own.exists() => own,
            (None, own) => {
                let folder = own.as_deref().and_then(Path::parent).map(Path::to_owned).unwrap_or_default();
                return Self { folder, ..Self::default() }.with_catalogue()?.with_modes();
            }
        };
        let text = std::fs::read_to_string(&path).map_err(|error| ConfigError::Unreadable {
            path: path.display().to_string(),
            reason: error.to_string(),
        })?;
        let mut config = Self::parse(&text)
            .map_err(|problems| ConfigError::Invalid { path: path.display().to_string(), problems })?;
        config.folder = path.parent().map(Path::to_owned).unwrap_or_default();
        config.with_catalogue()?.with_modes()
    }

    /// Reads a configuration; all mistakes at once, each with its line and column.
    pub fn parse(text: &str) -> Result<Self, Vec<String>> {
        let mut root = toml::de::DeTable::parse(text).map_err(|error| vec![explain(&error, text)])?;
        let mut problems = Vec::new();
        let sources = root.get_mut().remove("sources");
        let sources = sources.map(sources::parse).unwrap_or_default();
        let sources: Vec<SourceConfig> = sources
            .into_iter()
            .filter_map(|source| source.map_err(|error| problems.push(explain(&error, text))).ok())
            .collect();
        let config = Self::deserialize(toml::de::Deserializer::from(root));
        let config = config.map_err(|error| problems.push(explain(&error, text)));
        match config {
            Ok(mut config) if problems.is_empty() => {
                config.sources = sources;
                let problems = config.contradictions();
                if problems.is_empty() { Ok(config) } else { Err(problems) }
            }
            _ => Err(problems),
        }
    }

    /// What each value alone cannot show.
    fn contradictions(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let mut seen = std::collections::HashSet::new();
        for name in self.sources.iter().map(SourceConfig::name) {
            if !seen.insert(name) {
                problems.push(format!("two sources are named `{name}`: give one another `name`"));
            }
        }
        problems.extend(self.publish.iter().filter_map(TargetConfig::mistake));
        let mut seen = std::collections::HashSet::new();
        for name in self.publish.iter().map(TargetConfig::name) {
            if !seen.insert(name) {
                problems.push(format!("two targets are named `{name}`: give one another `name`"));
            }
        }
        if self.refresh_seconds == 0 {
            problems.push("refresh_seconds must be at least 1".to_owned());
        }
        if self.window_minutes == 0 {
            problems.push("window_minutes must be at least 1".to_owned());
        }
        if let Err(mistakes) = Settings::new(&self.ingest(), 1970) {
            problems.extend(mistakes.lines().map(str::to_owned));
        }
        problems
    }

    /// The evidence that is always opened, from the folder that the configuration lies in.
    pub fn evidence_paths(&self) -> impl Iterator<Item = String> + '_ {
        self.evidence.iter().map(|path| self.resolve(Path::new(path)).display().to_string())
    }

    /// Where the record is kept, if in a file.
    pub fn store_path(&self) -> Option<PathBuf> {
        if self.store.path.as_os_str().is_empty() {
            return folders().map(|folders| folders.data_dir().join("bridgewatch/incidents.db"));
        }
        Some(self.resolve(&self.store.path))
    }

    /// A path of the configuration, from the folder that the configuration lies in.
    pub fn resolve(&self, path: &Path) -> PathBuf {
        self.folder.join(path)
    }

    /// A file that a team keeps beside its configuration, such as `rca_rules.toml`; `None` if there is none.
    pub fn beside(&self, name: &str) -> Result<Option<String>, String> {
        match std::fs::read_to_string(self.folder.join(name)) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(format!("cannot read {name}: {error}")),
        }
    }

    /// Adds the failure modes of a team's `failure_modes.toml`.
    fn with_modes(mut self) -> Result<Self, ConfigError> {
        let path = self.folder.join(MODES).display().to_string();
        let invalid = |problem| ConfigError::Invalid { path: path.clone(), problems: vec![problem] };
        if let Some(text) = self.beside(MODES).map_err(invalid)? {
            self.modes = Modes::with(&text).map_err(|error| invalid(explain(&error, &text)))?;
        }
        Ok(self)
    }

    /// Adds what a team's `catalogue.toml` says of systems; what this configuration says of one stands.
    fn with_catalogue(mut self) -> Result<Self, ConfigError> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Catalogue {
            systems: BTreeMap<String, SystemConfig>,
        }
        let path = self.folder.join(CATALOGUE).display().to_string();
        let invalid = |problem| ConfigError::Invalid { path: path.clone(), problems: vec![problem] };
        let Some(text) = self.beside(CATALOGUE).map_err(invalid)? else { return Ok(self) };
        let catalogue: Catalogue = toml::from_str(&text).map_err(|error| invalid(explain(&error, &text)))?;
        for (name, system) in catalogue.systems {
            self.systems.entry(name).or_insert(system);
        }
        Ok(self)
    }

    /// The service catalogue.
    pub fn catalogue(&self) -> Vec<Service> {
        self.systems
            .iter()
            .map(|(name, system)| Service {
                name: name.clone(),
                owner: system.owner.clone(),
                pager: system.pager.clone(),
                tier: system.tier,
                dashboards: system.dashboards.clone(),
                runbook: system.runbook.clone(),
                flows: system.flows.clone(),
            })
            .collect()
    }

    /// The Markdown files among the runbooks, by system.
    pub fn runbook_files(&self) -> Vec<(String, PathBuf)> {
        let named = self.systems.iter().filter_map(|(name, system)| Some((name, system.runbook.as_ref()?)));
        let files = named.filter(|(_, runbook)| !runbook.contains("://"));
        files.map(|(name, runbook)| (name.clone(), self.resolve(Path::new(runbook)))).collect()
    }

    /// What stands against calling a write-up done: the built-in rules, and those of `rca_rules.toml`.
    pub fn gate(&self) -> Result<Gate, String> {
        Gate::with(self.beside("rca_rules.toml")?.as_deref())
            .map_err(|error| format!("rca_rules.toml: {error}"))
    }

    /// A team's triage packs, the text of `packs.toml`.
    pub fn packs(&self) -> Result<Option<String>, String> {
        let own = self.beside("packs.toml")?;
        packs(&Findings::default(), own.as_deref()).map_err(|error| format!("packs.toml: {error}"))?;
        Ok(own)
    }

    /// What reading depends on, compiled; it was checked when the configuration was read, so a mistake is a bug.
    pub fn reading(&self, now: Time) -> Result<Settings, String> {
        use chrono::Datelike;
        Settings::new(&self.ingest(), i64::from(now.utc().year()))
    }

    /// The part that reading depends on.
    pub fn ingest(&self) -> IngestConfig {
        IngestConfig {
            systems: self.systems.clone(),
            formats: self.formats.clone(),
            identifiers: self.identifiers.clone(),
            redaction: self.redaction.clone(),
            memory: self.memory.bytes(),
        }
    }

    /// Who owns each system, as far as that is known.
    pub fn owners(&self) -> BTreeMap<String, String> {
        let owners = self.systems.iter();
        owners.filter_map(|(name, system)| Some((name.clone(), system.owner.clone()?))).collect()
    }

    pub fn flow_settings(&self) -> FlowSettings {
        FlowSettings {
            ignore_skew: self.flows.ignore_skew,
            probes: self.flows.probes.clone(),
            ..FlowSettings::default()
        }
    }

    pub fn suspect_settings(&self) -> SuspectSettings {
        let (without, modes) = (self.suspects.without.clone(), self.modes.clone());
        SuspectSettings { without, modes, ..SuspectSettings::default() }
    }
}

/// The place and the reason; never the line itself, which may hold a secret that was put in the wrong place.
fn explain(error: &toml::de::Error, text: &str) -> String {
    let Some(span) = error.span() else { return error.message().to_owned() };
    let before = &text[..text.floor_char_boundary(span.start)];
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
    format!("  line {line}, column {column}: {}", error.message())
}

/// The person's folders, by the XDG rules on every system but Windows.
pub fn folders() -> Option<impl BaseStrategy> {
    etcetera::choose_base_strategy().ok()
}

#[cfg(test)]
mod tests;
