//! What a stream is: told from its first lines, once, and kept to.

use super::formats::{self, Fit, Sample, otlp, tables::Table};
use super::plan::{Plan, Reading};
use super::settings::Settings;
use crate::telemetry::Zone;

/// Decides how a stream is read, from its path below what was opened and its first bytes.
///
/// `is_whole` says that `bytes` is all there is, so that its last line is not a cut one.
pub fn detect(path: &str, bytes: &[u8], is_whole: bool, settings: &Settings) -> Plan {
    let sample = Sample::new(bytes, is_whole);
    let configured = settings.system_of_file(path);
    let by_place = configured.map_or_else(|| system_of_path(path), str::to_owned);
    let plan = |reading, system: String, zone, is_fixed| {
        Plan::new(reading, system, is_fixed, zone, settings.clone())
    };
    if sample.lines.is_empty() {
        return plan(Reading::Empty, by_place, Zone::UTC, true);
    }
    if configured.is_none() && is_no_telemetry(path, &sample) {
        return plan(Reading::NotTelemetry, by_place, Zone::UTC, true);
    }
    if let Some(table) = Table::of(&sample) {
        return plan(Reading::Table(table), by_place, Zone::UTC, true);
    }
    if otlp::fits(&sample) {
        return plan(Reading::Otlp, by_place, Zone::UTC, configured.is_some());
    }
    let taught = settings.formats.iter().filter_map(|format| format.fit(&sample));
    let wanted = settings.format_of(&by_place);
    let best = taught
        .chain(formats::ALL.iter().filter_map(|fit| fit(&sample)))
        .filter(|fit| wanted.is_none_or(|name| fit.format.name() == name))
        .reduce(|best, fit| if fit.score > best.score { fit } else { best });
    let Some(Fit { format, .. }) = best else {
        return plan(Reading::Unknown, by_place, Zone::UTC, true);
    };
    let own_zone = settings.zone_of(&by_place);
    let zone = if format.has_zone() { Zone::UTC } else { own_zone.unwrap_or(Zone::ASSUMED_UTC) };
    plan(Reading::Records(format), by_place, zone, configured.is_some())
}

/// The best format of a sample, for wrappers around other formats.
pub(super) fn best_of(sample: &Sample) -> Option<Fit> {
    formats::ALL
        .iter()
        .filter_map(|fit| fit(sample))
        .reduce(|best, fit| if fit.score > best.score { fit } else { best })
}

/// The system that a path names: its folder, or the file's own name where the folder says nothing.
fn system_of_path(path: &str) -> String {
    const SILENT: [&str; 12] =
        ["log", "logs", "var", "data", "tmp", "otel", "otlp", "traces", "telemetry", "input", "archive", "."];
    let mut parts: Vec<&str> = path.split(['/', '\\']).filter(|part| !part.is_empty()).collect();
    let file = parts.pop().unwrap_or(path);
    let names_nothing = |folder: &str| SILENT.contains(&folder) || is_instance(folder);
    let folder = parts.into_iter().rev().find(|folder| !names_nothing(&folder.to_ascii_lowercase()));
    folder.unwrap_or_else(|| stem(file)).to_owned()
}

/// Whether a folder tells one instance of a system from another: `a`, `01`, `node-2`, `pod3`, `2026-03-14`.
fn is_instance(folder: &str) -> bool {
    const INSTANCES: [&str; 8] = ["node", "pod", "host", "instance", "replica", "worker", "server", "shard"];
    let word = folder.trim_end_matches(|c: char| c.is_ascii_digit() || matches!(c, '-' | '_'));
    folder.len() == 1 || word.is_empty() || word != folder && INSTANCES.contains(&word)
}

/// A file's name without endings, dates and rotation numbers: `orders.2026-03-14.log.1.gz` is `orders`.
fn stem(file: &str) -> &str {
    let end = file
        .char_indices()
        .find(|&(place, c)| {
            place > 0 && matches!(c, '.' | '-' | '_') && {
                let rest = &file[place + 1..];
                c == '.' || rest.starts_with(|c: char| c.is_ascii_digit())
            }
        })
        .map_or(file.len(), |(place, _)| place);
    &file[..end]
}

/// Configuration, truth of a scenario, documents and programs that lie beside telemetry.
fn is_no_telemetry(path: &str, sample: &Sample) -> bool {
    let name = path.rsplit(['/', '\\']).next().unwrap_or(path).to_ascii_lowercase();
    let is_document = [".md", ".toml", ".py", ".rs", ".yaml", ".yml", ".ini", ".html", ".sh", ".sql", ".xml"]
        .iter()
        .any(|ending| name.ends_with(ending));
    // Answers of a scenario or a corpus are never evidence.
    let is_truth = name.starts_with("truth") && (name.ends_with(".json") || name.ends_with(".jsonl"));
    // One JSON value over many lines is a document, not a stream of records.
    let first = sample.first();
    let is_one_value = (matches!(first, [b'{', ..] | b"[") || first.starts_with(b"[{"))
        && serde_json::from_slice::<serde::de::IgnoredAny>(first).is_err()
        && sample
            .lines
            .last()
            .is_some_and(|line| matches!(line, [b'}' | b']', ..]) || sample.lines.len() > 100)
        && sample.share(|line| matches!(line, [b'{', .., b'}'])) < 0.5;
    is_document || is_truth || is_one_value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_and_files_name_systems() {
        for (path, system) in [
            ("kong/access.log", "kong"),
            ("export/mule/logs/mule.log", "mule"),
            ("orders.log", "orders"),
            ("orders.2026-03-14.log.1", "orders"),
            ("payment-service-2026-03-14.json", "payment-service"),
            ("logs/order-service.log", "order-service"),
            ("web/a/access_log", "web"),
            ("orders/node-2/2026-03-14/app.log", "orders"),
            ("worker/out.log", "worker"),
        ] {
            assert_eq!(system_of_path(path), system, "{path}");
        }
    }

    #[test]
    fn what_lies_beside_telemetry_is_told_from_it() {
        let name =
            |path: &str, text: &str| detect(path, text.as_bytes(), true, &Settings::default()).format_name();
        assert_eq!(name("estate.json", "{\"systems\": [\n  {\"system\": \"nginx\"}\n]}\n"), "not telemetry");
        assert_eq!(name("truth_flows.jsonl", "{\"corr\":\"x\"}\n"), "not telemetry");
        assert_eq!(name("x/scenario.toml", "title = \"x\"\n"), "not telemetry");
        assert_eq!(name("x/empty.log", "\n \n"), "empty");
        assert_eq!(name("x/poem.log", "roses are red\nviolets are blue\n"), "unknown");
    }
}
