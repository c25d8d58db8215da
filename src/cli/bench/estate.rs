//! `estate.json` beside a corpus: what an operator knows of it, turned into configuration. Nothing of the truth.

use crate::ingest::{IdentifierRule, IngestConfig, SystemConfig, is_known_key};
use crate::telemetry::{IdentifierClass, Zone};
use serde::Deserialize;

#[derive(Deserialize)]
struct Estate {
    #[serde(default)]
    systems: Vec<System>,
}

#[derive(Deserialize)]
struct System {
    system: String,
    file: String,
    #[serde(default)]
    format: String,
    #[serde(default)]
    zone: String,
    #[serde(default)]
    id: String,
}

/// Files, zones and keys as configuration; `None` if it is no estate.
pub(super) fn configuration(text: &str) -> Option<IngestConfig> {
    let estate: Estate = serde_json::from_str(text).ok()?;
    let mut config = IngestConfig::default();
    for system in estate.systems {
        // `+01:00 (not in line)`; everything else says that lines carry their zone.
        let zone = system.zone.split(' ').next().filter(|zone| Zone::parse(zone).is_some());
        // A trace file holds the spans of many systems, each with its name.
        let files = if system.format.starts_with("otlp") { Vec::new() } else { vec![system.file] };
        for key in keys(&system.id).filter(|key| !is_known_key(key)) {
            let rule = IdentifierRule {
                class: IdentifierClass::Correlation,
                key: Some(key.to_owned()),
                pattern: None,
            };
            if !config.identifiers.contains(&rule) {
                config.identifiers.push(rule);
            }
        }
        if !files.is_empty() || zone.is_some() {
            let known = SystemConfig { files, zone: zone.map(str::to_owned), ..SystemConfig::default() };
            config.systems.insert(system.system, known);
        }
    }
    Some(config)
}

/// The keys of `corr_id= | traceparent=`, `[corr=...]` or `request.headers.x-correlation-id`; prose names none.
fn keys(id: &str) -> impl Iterator<Item = &str> {
    id.split('|').filter_map(|part| {
        let part = part.trim().trim_start_matches(['[', '"', '{']);
        let end =
            part.find(|c: char| !c.is_ascii_alphanumeric() && !"_-.@".contains(c)).unwrap_or(part.len());
        let is_prose = part[end..].starts_with(' ') || part[end..].starts_with(':') && part.contains(' ');
        let key = part[..end].trim_end_matches('.');
        let key = key.rsplit('.').next().unwrap_or(key);
        (!is_prose && key.len() > 1).then_some(key)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_operator_knows_becomes_configuration() {
        let text = r#"{"systems": [
            {"system": "shop", "file": "a/b.log", "format": "x", "zone": "+01:00 (not in line)", "id": "[txRef=...]"},
            {"system": "gate", "file": "g.json", "format": "y", "zone": "epoch-ms", "id": "h.x-tx-ref | h.correlation-id"},
            {"system": "erp", "file": "e.txt", "zone": "in-line", "id": "field 10"},
            {"system": "otel", "file": "o.jsonl", "format": "otlp-json-lines", "zone": "epoch-ns", "id": "traceId"}
        ]}"#;
        let config = configuration(text).unwrap();
        assert_eq!(config.systems["shop"].zone.as_deref(), Some("+01:00"));
        assert_eq!(config.systems["gate"].files, ["g.json"]);
        assert!(!config.systems.contains_key("otel"));
        let keys: Vec<&str> = config.identifiers.iter().filter_map(|rule| rule.key.as_deref()).collect();
        assert_eq!(keys, ["txRef", "x-tx-ref"]);
    }
}
