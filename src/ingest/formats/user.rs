//! Formats that a person adds in the configuration: a regex whose groups are fields.

use super::{Fit, Format, Glance, Sample, number};
use crate::ingest::shape::Operation;
use crate::ingest::stamp::{Clock, Stamp};
use crate::telemetry::{IdentifierClass, Severity};
use regex::bytes::Regex;
use serde::Deserialize;
use std::sync::Arc;

/// One format as it stands in the configuration.
///
/// Groups: `time` (needed), `level` or `status`, `message`, `operation`, `system`, `duration_ms`; every other named group
/// is an attribute. Of groups that are named after a class of identifier (`correlation_id`, `trace`, `order_number` …) the
/// most trusted one is the event's identifier; further ones are found by key or by a rule of one's own. A line that does not match continues the record before it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UserFormat {
    pub name: String,
    pub pattern: String,
    #[serde(skip)]
    compiled: Option<Arc<Compiled>>,
}

#[derive(Debug)]
struct Compiled {
    name: &'static str,
    pattern: Regex,
    /// The group that holds the most trusted identifier, told by its name.
    identifier: Option<(IdentifierClass, String)>,
}

impl PartialEq for UserFormat {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.pattern == other.pattern
    }
}

impl Eq for UserFormat {}

impl UserFormat {
    pub(crate) fn compile(&mut self) -> Result<(), String> {
        let pattern = Regex::new(&self.pattern).map_err(|error| error.to_string())?;
        if !pattern.capture_names().flatten().any(|name| name == "time") {
            return Err("the pattern needs a group (?<time>…)".to_owned());
        }
        // Names of formats live as long as the program: there are as many as the configuration has.
        let name = Box::leak(self.name.clone().into_boxed_str());
        let groups = pattern.capture_names().flatten();
        let identifier = groups.filter_map(|group| Some((class_of_group(group)?, group.to_owned()))).min();
        self.compiled = Some(Arc::new(Compiled { name, pattern, identifier }));
        Ok(())
    }

    pub(crate) fn fit(&self, sample: &Sample) -> Option<Fit> {
        let compiled = self.compiled.clone()?;
        let (stamp, has_zone) = sample
            .lines
            .iter()
            .take(20)
            .find_map(|line| Stamp::of(compiled.pattern.captures(line)?.name("time")?.as_bytes()))?;
        let score = sample.share_of_heads(|line| compiled.pattern.is_match(line));
        // What a person wrote for these files goes before what we guess.
        (score > 0.3)
            .then(|| Fit { score: score + 10.0, format: Arc::new(Taught { compiled, stamp, has_zone }) })
    }
}

/// The class of identifier that a group's name speaks of: `correlation`, `trace_id`, `message_id`, `order_number` …
fn class_of_group(name: &str) -> Option<IdentifierClass> {
    let name = name.to_ascii_lowercase().replace('_', "");
    let has = |words: &[&str]| words.iter().any(|word| name.starts_with(word));
    if has(&["correlation", "corr"]) {
        Some(IdentifierClass::Correlation)
    } else if has(&["trace"]) {
        Some(IdentifierClass::Trace)
    } else if ["message", "request", "execution", "event"].iter().any(|word| name == format!("{word}id")) {
        Some(IdentifierClass::Message)
    } else if has(&["business", "order", "invoice", "idoc", "document"]) {
        Some(IdentifierClass::Business)
    } else if has(&["session"]) {
        Some(IdentifierClass::Session)
    } else {
        None
    }
}

#[derive(Debug)]
struct Taught {
    compiled: Arc<Compiled>,
    stamp: Stamp,
    has_zone: bool,
}

impl Format for Taught {
    fn name(&self) -> &'static str {
        self.compiled.name
    }

    fn is_multi_line(&self) -> bool {
        true
    }

    fn head(&self, line: &[u8]) -> bool {
        self.compiled.pattern.is_match(line)
    }

    fn has_zone(&self) -> bool {
        self.has_zone
    }

    fn glance<'a>(&self, line: &'a [u8], clock: &mut Clock) -> Option<Glance<'a>> {
        let groups = self.compiled.pattern.captures(line)?;
        let get = |name: &str| groups.name(name).map(|group| group.as_bytes());
        let (time, _) = clock.read(self.stamp, get("time")?)?;
        let severity = match (get("level"), get("status").and_then(number)) {
            (Some(word), _) => Severity::from_word(word),
            (None, Some(status)) => Severity::from_http_status(status.min(999) as u16),
            _ => Severity::UNSET,
        };
        Some(Glance {
            time,
            severity,
            body: get("message").unwrap_or(line),
            operation: get("operation").map_or(Operation::None, Operation::Name),
            duration_us: get("duration_ms").and_then(number).map_or(0, super::millis_as_us),
            positional: super::only(
                self.compiled
                    .identifier
                    .as_ref()
                    .and_then(|(class, group)| Some((*class, get(group)?)))
                    .filter(|(_, value)| !value.is_empty() && *value != b"-"),
            ),
            system: get("system"),
        })
    }

    fn attributes(&self, record: &[u8]) -> Vec<(String, String)> {
        let line = record.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let Some(groups) = self.compiled.pattern.captures(line) else { return Vec::new() };
        let own = ["time", "level", "message"];
        let names = self.compiled.pattern.capture_names().flatten().filter(|name| !own.contains(name));
        names
            .filter_map(|name| {
                Some((name.to_owned(), String::from_utf8_lossy(groups.name(name)?.as_bytes()).into_owned()))
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use crate::ingest::{IngestConfig, Settings, detect};
    use crate::telemetry::Severity;

    #[test]
    fn a_regex_with_named_groups_is_a_format() {
        let config: IngestConfig = toml::from_str(
            r#"
            [[formats]]
            name = "boomi"
            pattern = '^(?<time>\w{3} \d+, \d{4} [\d:]+ [AP]M) UTC (?<level>\w+)\s+\[(?<class>[^\]]*)\] (?<message>.*)'
            "#,
        )
        .unwrap();
        let settings = Settings::new(&config, 2026).unwrap();
        let text = "Mar 14, 2026 9:26:53 AM UTC SEVERE  [com.boomi.P handle] Process failed execution_id=3f2b8c1e-6d4a-4f7b-9a10-5c2e7d9b8a41\n";
        let plan = detect("boomi/container.log", text.as_bytes(), true, &settings);
        assert_eq!(plan.format_name(), "boomi");
        let event = &plan.events(text.as_bytes(), "boomi/container.log")[0];
        assert_eq!(
            (event.severity, event.time.to_string().as_str()),
            (Severity::ERROR, "2026-03-14T09:26:53.000000000Z")
        );
        assert_eq!(event.system, "boomi");
        assert_eq!(event.identifiers.len(), 1);
    }

    #[test]
    fn a_pattern_without_a_time_is_refused() {
        let config: IngestConfig =
            toml::from_str("[[formats]]\nname = \"x\"\npattern = \"(?<message>.*)\"").unwrap();
        assert!(
            Settings::new(&config, 2026)
                .unwrap_err()
                .contains("format `x`: the pattern needs a group (?<time>…)")
        );
    }
}
