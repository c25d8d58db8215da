//! What a metric measures, told from its unit and the words of its name: which way is bad, and what is nothing at all.

use super::scene::Nature;
use crate::telemetry::{Series, SeriesClass};

/// What is known of a metric.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Kind {
    pub class: SeriesClass,
    pub nature: Nature,
    /// A counter: what counts is how much it grows from sample to sample.
    pub is_counter: bool,
    /// A change of this much is nothing, whatever was usual; 0 when the unit says nothing.
    pub floor: f64,
    /// The share of the usual that is nothing.
    pub relative: f64,
}

/// Which way is bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bad {
    Up,
    Down,
    Both,
}

impl Kind {
    pub(super) fn bad(self) -> Bad {
        match self.class {
            SeriesClass::Availability | SeriesClass::Quota => Bad::Down,
            // A drop is work not done, a surge is load.
            SeriesClass::Throughput | SeriesClass::Limit | SeriesClass::Other => Bad::Both,
            _ => Bad::Up,
        }
    }

    /// Whether it holds from sample to sample, and does not count what happens singly.
    pub(super) fn is_level(self) -> bool {
        !matches!(self.class, SeriesClass::Errors | SeriesClass::DeadLetters | SeriesClass::Throughput)
    }

    /// Whether single events are chance: errors come now and then, a restart is one too many.
    pub(super) fn counts_singly(self) -> bool {
        self.class == SeriesClass::Errors && self.nature == Nature::Symptom
    }

    pub(super) fn of(series: &Series) -> Self {
        let words = words(&series.metric);
        let unit = series.unit.to_ascii_lowercase();
        let class = class(&words, &unit);
        let has = |wanted: &[&str]| words.iter().any(|word| wanted.contains(&word.as_str()));
        let nature = match class {
            SeriesClass::Utilisation
            | SeriesClass::Backlog
            | SeriesClass::Quota
            | SeriesClass::DeadLetters
            | SeriesClass::Limit => Nature::Cause,
            // It happened to this system itself; callers show nothing of the kind.
            SeriesClass::Errors if starts(&words, &["restart", "oom", "crash", "evict", "exhaust"]) => {
                Nature::Cause
            }
            _ => Nature::Symptom,
        };
        let is_counter = has(&["total"]) || words.last().is_some_and(|last| last == "count" || last == "sum");
        let (floor, relative) = floors(class, &words, &unit, series);
        Self { class, nature, is_counter: is_counter && is_growing(series), floor, relative }
    }
}

/// The class of a metric of which only a name or a sentence is known.
pub(super) fn class_of_text(text: &str) -> SeriesClass {
    class(&words(text), "")
}

/// The words of a name: `CpuUsageRate(%)` is cpu, usage, rate.
pub(super) fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut before = ' ';
    let mut characters = name.chars().peekable();
    while let Some(character) = characters.next() {
        if character.is_alphanumeric() {
            // `cpuUsage`, and `CASRetry`.
            let ends_capitals =
                before.is_uppercase() && characters.peek().is_some_and(|next| next.is_lowercase());
            let is_hump = character.is_uppercase() && (before.is_lowercase() || ends_capitals);
            if is_hump || !before.is_alphanumeric() {
                words.push(String::new());
            }
            if let Some(word) = words.last_mut() {
                word.extend(character.to_lowercase());
            }
        }
        before = character;
    }
    words
}

fn starts(words: &[String], stems: &[&str]) -> bool {
    words.iter().any(|word| stems.iter().any(|stem| word.starts_with(stem)))
}

fn class(words: &[String], unit: &str) -> SeriesClass {
    let has = |wanted: &[&str]| words.iter().any(|word| wanted.contains(&word.as_str()));
    let starts = |stems: &[&str]| starts(words, stems);
    let is_time = matches!(unit, "s" | "ms" | "us" | "µs" | "ns" | "seconds" | "milliseconds")
        || has(&["ms", "seconds", "millis"]);
    if starts(&["expir", "remaining", "headroom", "quota", "credit"])
        || has(&["free", "available", "idle", "until", "left"])
    {
        SeriesClass::Quota
    } else if has(&["dlq", "dlx", "discarded", "discards"]) || (has(&["dead"]) && starts(&["letter"])) {
        SeriesClass::DeadLetters
    } else if starts(&[
        "error",
        "fail",
        "exception",
        "timeout",
        "exhaust",
        "reject",
        "drop",
        "restart",
        "crash",
        "oom",
        "throttl",
        "evict",
        "retr",
        "abort",
        "refus",
        "denied",
        "panic",
        "unavail",
        "loss",
        "lost",
        "fault",
    ]) || has(&["err", "errs", "5xx", "4xx", "500", "503"])
    {
        SeriesClass::Errors
    } else if starts(&["availab", "success", "health", "uptime", "alive"])
        || has(&["ready", "up"])
        || (has(&["hit", "hits"]) && starts(&["rat", "pct", "percent"]))
    {
        SeriesClass::Availability
    } else if starts(&["latenc", "duration", "elapsed", "rtt"])
        || (has(&["response", "request", "wait", "processing"]) && has(&["time"]))
    {
        SeriesClass::Latency
    } else if starts(&[
        "queue", "lag", "backlog", "pending", "waiting", "waiter", "inflight", "buffer", "unack",
    ]) || has(&["depth"])
    {
        SeriesClass::Backlog
    } else if has(&["network", "net", "receive", "transmit", "rx", "tx", "received", "transmitted", "sent"]) {
        SeriesClass::Throughput
    } else if starts(&[
        "cpu",
        "mem",
        "heap",
        "disk",
        "usage",
        "used",
        "util",
        "thread",
        "connection",
        "saturat",
        "iowait",
        "gc",
        "capacity",
        "socket",
        "pool",
        "storage",
        "filesystem",
        "blkio",
        "swap",
        "io",
        "fd",
        "iops",
    ]) || has(&["load", "use", "fs"])
    {
        SeriesClass::Utilisation
    } else if is_time {
        SeriesClass::Latency
    } else if starts(&["limit", "max", "threshold", "config", "replica"]) {
        SeriesClass::Limit
    } else if starts(&[
        "request",
        "rps",
        "qps",
        "tps",
        "ops",
        "workload",
        "throughput",
        "rate",
        "call",
        "message",
        "transaction",
        "count",
        "quer",
    ]) {
        SeriesClass::Throughput
    } else {
        SeriesClass::Other
    }
}

/// What is nothing: absolute, and as a share of the usual.
fn floors(class: SeriesClass, words: &[String], unit: &str, series: &Series) -> (f64, f64) {
    let has = |wanted: &[&str]| words.iter().any(|word| wanted.contains(&word.as_str()));
    let is_percent = unit == "%" || has(&["pct", "percent", "percentage"]);
    let largest = series.samples.iter().map(|sample| sample.value.abs()).fold(0.0, f64::max);
    let is_ratio = !is_percent && (has(&["ratio", "fraction"]) || unit == "1" && largest <= 1.0);
    let points = |points: f64| if is_percent { points } else { points / 100.0 };
    match class {
        SeriesClass::Latency => {
            let second = match unit {
                "s" | "seconds" => 1.0,
                "us" | "µs" => 1e6,
                "ns" => 1e9,
                "ms" | "milliseconds" => 1e3,
                _ if has(&["seconds", "s"]) => 1.0,
                _ if has(&["ms", "millis", "milliseconds"]) => 1e3,
                _ => 0.0,
            };
            (0.005 * second, 0.25)
        }
        SeriesClass::Errors | SeriesClass::Availability if is_percent || is_ratio => (points(0.5), 0.0),
        SeriesClass::Errors | SeriesClass::DeadLetters => {
            let is_whole = series.samples.iter().all(|sample| sample.value.fract() == 0.0);
            (if is_whole { 0.5 } else { 0.02 }, 0.25)
        }
        // Some call a share of 1 a percentage; it is told by being full.
        _ if has(&["pct", "percent"]) && (0.95..=1.0).contains(&largest) => (0.05, 0.0),
        _ if is_percent || is_ratio => (points(5.0), 0.0),
        SeriesClass::Utilisation | SeriesClass::Quota => {
            let floor = match unit {
                "millicores" | "m" => 50.0,
                "cores" => 0.05,
                "bytes" | "b" | "by" => 16.0 * 1024.0 * 1024.0,
                "kib" | "kb" => 16.0 * 1024.0,
                "mib" | "mb" => 16.0,
                "gib" | "gb" => 0.016,
                _ => 0.0,
            };
            (floor, 0.25)
        }
        SeriesClass::Backlog => (2.0, 0.5),
        SeriesClass::Throughput => (0.0, 0.25),
        _ => (0.0, 0.25),
    }
}

/// Whether a series never falls but at restarts.
fn is_growing(series: &Series) -> bool {
    let falls = series.samples.windows(2).filter(|pair| pair[1].value < pair[0].value).count();
    falls * 50 <= series.samples.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_many_houses_are_understood() {
        let class = |name: &str, unit: &str| super::class(&words(name), unit);
        assert_eq!(class("CpuUsageRate(%)", "%"), SeriesClass::Utilisation);
        assert_eq!(class("container_memory_working_set_bytes", ""), SeriesClass::Utilisation);
        assert_eq!(class("latency_p99", "s"), SeriesClass::Latency);
        assert_eq!(class("http_server_duration_p99_ms", "ms"), SeriesClass::Latency);
        assert_eq!(class("checkout_latency-90", ""), SeriesClass::Latency);
        assert_eq!(class("availability_Average", "%"), SeriesClass::Availability);
        assert_eq!(class("http_5xx_ratio", ""), SeriesClass::Errors);
        assert_eq!(class("consumer_lag", ""), SeriesClass::Backlog);
        assert_eq!(class("dlq_records_total", ""), SeriesClass::DeadLetters);
        assert_eq!(class("quota_remaining", ""), SeriesClass::Quota);
        assert_eq!(class("tls_cert_seconds_until_expiry", "s"), SeriesClass::Quota);
        assert_eq!(class("requests_per_sec", ""), SeriesClass::Throughput);
        assert_eq!(class("NetworkReceiveBytes", "bytes"), SeriesClass::Throughput);
        assert_eq!(class("flink_job_uptime_seconds", "s"), SeriesClass::Availability);
        assert_eq!(class("db_pool_in_use", ""), SeriesClass::Utilisation);
    }
}
