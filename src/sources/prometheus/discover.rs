//! Which metrics matter on a bridge, told by name and kind, and the query that makes each of them readable. Pure.

use super::{MetricRule, decode::Metadata};
use std::collections::BTreeMap;

/// More would bury the screen and burden the server.
const MOST: usize = 150;

/// Words in names of metrics that a bridge asks for, the most telling first.
const TELLING: [&str; 30] = [
    "error",
    "fail",
    "dead_letter",
    "deadletter",
    "dlq",
    "lag",
    "queue",
    "backlog",
    "pending",
    "in_flight",
    "retr",
    "timeout",
    "throttl",
    "rejected",
    "request",
    "latency",
    "duration",
    "response",
    "pool",
    "connection",
    "quota",
    "rate_limit",
    "circuit",
    "cert",
    "expir",
    "saturation",
    "messages",
    "unacked",
    "heap",
    "cpu",
];

/// What the server says of itself, which no bridge is about.
const OWN: [&str; 8] = [
    "prometheus_",
    "go_",
    "promhttp_",
    "scrape_",
    "net_conntrack_",
    "alertmanager_",
    "vm_",
    "process_virtual",
];

/// The rules for what a server has, given what it says of its metrics.
pub(super) fn rules(metadata: &BTreeMap<String, Metadata>, system_labels: &[String]) -> Vec<MetricRule> {
    let by =
        system_labels.iter().filter(|name| is_plain(name)).map(String::as_str).collect::<Vec<_>>().join(", ");
    let mut ranked: Vec<(usize, &String, &Metadata)> = metadata
        .iter()
        .filter(|(name, _)| is_plain(name) && !OWN.iter().any(|prefix| name.starts_with(prefix)))
        .filter_map(|(name, metadata)| {
            let lower = name.to_ascii_lowercase();
            let telling = TELLING.iter().position(|word| lower.contains(word))?;
            Some((telling, name, metadata))
        })
        .collect();
    ranked.sort_by_key(|(telling, name, _)| (*telling, *name));
    ranked.into_iter().take(MOST).map(|(_, name, metadata)| rule(name, metadata, &by)).collect()
}

fn rule(name: &str, metadata: &Metadata, by: &str) -> MetricRule {
    let unit = unit(name, &metadata.unit);
    let (name, query, unit) = match metadata.kind.as_str() {
        "counter" => {
            let series = if name.ends_with("_total") {
                name.to_owned()
            } else {
                format!("{{__name__=~\"{name}(_total)?\"}}")
            };
            (
                format!("{} rate", name.trim_end_matches("_total")),
                format!("sum by ({by}) (rate({series}[$step]))"),
                "/s".to_owned(),
            )
        }
        "histogram" => (
            format!("{name} p99"),
            format!("histogram_quantile(0.99, sum by ({by}, le) (rate({name}_bucket[$step])))"),
            unit,
        ),
        "summary" => (
            format!("{name} mean"),
            format!("sum by ({by}) (rate({name}_sum[$step])) / sum by ({by}) (rate({name}_count[$step]))"),
            unit,
        ),
        _ => (name.to_owned(), format!("{} by ({by}) ({name})", across(name)), unit),
    };
    MetricRule { name, query, unit }
}

/// How the parts of a gauge make the figure of a system: the worst part where adding them up would mean nothing.
fn across(name: &str) -> &'static str {
    let has = |words: &[&str]| words.iter().any(|word| name.contains(word));
    if has(&["cert", "expir", "remaining", "available", "free"]) {
        "min"
    } else if has(&["_seconds", "_ms", "age", "ratio", "percent", "utilization", "utilisation", "usage"]) {
        "max"
    } else {
        "sum"
    }
}

fn unit(name: &str, declared: &str) -> String {
    let by_name = [
        ("_seconds", "s"),
        ("_milliseconds", "ms"),
        ("_ms", "ms"),
        ("_bytes", "bytes"),
        ("_ratio", "1"),
        ("_percent", "%"),
    ];
    if !declared.is_empty() {
        return declared.to_owned();
    }
    let found = by_name.iter().find(|(ending, _)| name.trim_end_matches("_total").ends_with(ending));
    found.map_or_else(String::new, |(_, unit)| (*unit).to_owned())
}

/// Names stand in queries as they are, so only plain ones are taken.
fn is_plain(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b':'))
}
