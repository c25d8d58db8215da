//! What is no event: metric samples, changes and alerts, and known calls between systems. Read whole, since it is small.

use super::{Sample as Lines, trim_line};
use crate::ingest::stamp::Stamp;
use crate::telemetry::{
    Batch, Change, ChangeKind, Event, EventKind, Issue, Sample, Series, Severity, SourceRef, Time, Zone,
};
use rustc_hash::FxHashMap;
use serde::Deserialize;

/// The kinds of table that are recognised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::ingest) enum Table {
    /// CSV: `time,system,metric[,unit],value` in any order, by header.
    Metrics,
    /// Prometheus text exposition; samples without a time get the one that is handed in.
    Exposition,
    /// JSON lines of changes and alerts: `{"time","system","kind","text"}`.
    Ledger,
    /// CSV: `caller,callee`.
    Topology,
}

impl Table {
    pub(in crate::ingest) fn name(self) -> &'static str {
        match self {
            Self::Metrics => "metrics-csv",
            Self::Exposition => "prometheus-text",
            Self::Ledger => "changes-jsonl",
            Self::Topology => "topology-csv",
        }
    }

    pub(in crate::ingest) fn of(sample: &Lines) -> Option<Self> {
        let first = std::str::from_utf8(sample.first()).ok()?;
        if Header::parse(first).is_some() {
            return Some(Self::Metrics);
        }
        let columns: Vec<String> = first.split(',').map(|name| name.trim().to_ascii_lowercase()).collect();
        if matches!(
            columns.iter().map(String::as_str).collect::<Vec<_>>()[..],
            ["caller", "callee", ..] | ["source", "target", ..]
        ) {
            return Some(Self::Topology);
        }
        if sample.share(|line| serde_json::from_slice::<LedgerLine>(line).is_ok_and(|line| line.is_ledger()))
            > 0.6
        {
            return Some(Self::Ledger);
        }
        let is_exposition = first.starts_with("# HELP ") || first.starts_with("# TYPE ");
        let share = sample.share(|line| line.starts_with(b"# ") || exposition(line).is_some());
        (is_exposition && share > 0.8).then_some(Self::Exposition)
    }

    /// Reads a whole file.
    pub(in crate::ingest) fn read(self, bytes: &[u8], path: &str, system: &str, now: Time) -> Batch {
        let mut batch = Batch::default();
        let mut reader = Reader { batch: &mut batch, path, system, now, series: FxHashMap::default() };
        let mut offset = 0;
        let mut header = None;
        for (line_number, line) in (1..).zip(bytes.split_inclusive(|byte| *byte == b'\n')) {
            let here = offset;
            offset += line.len() as u64;
            let line = trim_line(line);
            let line =
                if line_number == 1 { line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line) } else { line };
            if line.is_empty() {
                continue;
            }
            let outcome = match self {
                Self::Metrics => match &header {
                    None => {
                        header = std::str::from_utf8(line).ok().and_then(Header::parse);
                        header
                            .as_ref()
                            .map(|_| ())
                            .ok_or("a header with time, system, metric and value was expected")
                    }
                    Some(header) => reader.metric(line, header),
                },
                Self::Exposition => reader.exposition(line),
                Self::Ledger => reader.ledger(line, here),
                Self::Topology => reader.topology(line, line_number),
            };
            if let Err(reason) = outcome {
                reader.batch.issues.push(Issue {
                    offset: here,
                    line: line_number,
                    reason: reason.to_owned(),
                });
            }
        }
        let mut series: Vec<Series> = reader.series.into_values().collect();
        series.sort_by(|a, b| (&a.system, &a.metric, &a.labels).cmp(&(&b.system, &b.metric, &b.labels)));
        for one in &mut series {
            one.samples.sort_by_key(|sample| sample.time);
            one.samples.dedup_by_key(|sample| sample.time);
        }
        batch.series = series;
        batch
    }
}

/// Which column of a metrics file holds what.
struct Header {
    time: usize,
    system: usize,
    metric: usize,
    unit: Option<usize>,
    value: usize,
    labels: Vec<(usize, String)>,
}

impl Header {
    fn parse(line: &str) -> Option<Self> {
        let names: Vec<String> =
            line.split(',').map(|name| name.trim().trim_matches('"').to_ascii_lowercase()).collect();
        let find = |wanted: &[&str]| names.iter().position(|name| wanted.contains(&name.as_str()));
        let time = find(&["time", "timestamp", "ts", "ts_ms", "@timestamp", "time_ms"])?;
        let system = find(&["system", "service", "app", "component", "job"])?;
        let metric = find(&["metric", "name", "metric_name"])?;
        let value = find(&["value", "val"])?;
        let unit = find(&["unit"]);
        let labels = (0..names.len())
            .filter(|place| ![time, system, metric, value].contains(place) && Some(*place) != unit)
            .map(|place| (place, names[place].clone()))
            .collect();
        Some(Self { time, system, metric, unit, value, labels })
    }
}

/// One line of a ledger; exporters differ in the names.
#[derive(Deserialize)]
struct LedgerLine {
    #[serde(alias = "timestamp", alias = "at", alias = "ts")]
    time: String,
    #[serde(default, alias = "service")]
    system: Option<String>,
    kind: String,
    #[serde(alias = "title", alias = "summary", alias = "message")]
    text: String,
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    metric: Option<String>,
}

impl LedgerLine {
    fn is_ledger(&self) -> bool {
        Time::parse(&self.time).is_some()
            && (self.kind == "alert" || ChangeKind::from_word(&self.kind) != ChangeKind::Other)
    }
}

struct Reader<'a> {
    batch: &'a mut Batch,
    path: &'a str,
    system: &'a str,
    now: Time,
    series: FxHashMap<Vec<u8>, Series>,
}

impl Reader<'_> {
    fn metric(&mut self, line: &[u8], header: &Header) -> Result<(), &'static str> {
        let fields: Vec<&[u8]> = line.split(|byte| *byte == b',').map(<[u8]>::trim_ascii).collect();
        let get =
            |place: usize| fields.get(place).copied().ok_or("the line has fewer fields than the header");
        let text = |place: usize| {
            get(place).map(|field| String::from_utf8_lossy(field).trim_matches('"').to_owned())
        };
        let time = get(header.time)?;
        let (stamp, _) = Stamp::of(time).ok_or("the time could not be read")?;
        let (time, _) = crate::ingest::stamp::Clock::new(Zone::UTC, 2000)
            .read(stamp, time)
            .ok_or("the time could not be read")?;
        let value = get(header.value)?;
        if value.is_empty() {
            return Ok(()); // A gap.
        }
        let value: f64 = std::str::from_utf8(value)
            .ok()
            .and_then(|text| text.parse().ok())
            .ok_or("the value is not a number")?;
        if value.is_nan() {
            return Ok(());
        }
        let mut key: Vec<u8> = Vec::with_capacity(line.len());
        for (place, field) in fields.iter().enumerate() {
            if place != header.time && place != header.value {
                key.extend_from_slice(field);
                key.push(0);
            }
        }
        let series = match self.series.entry(key) {
            std::collections::hash_map::Entry::Occupied(known) => known.into_mut(),
            std::collections::hash_map::Entry::Vacant(new) => {
                let mut labels = Vec::new();
                for (place, name) in &header.labels {
                    labels.push((name.clone(), text(*place)?));
                }
                new.insert(Series {
                    system: text(header.system)?,
                    metric: text(header.metric)?,
                    unit: header.unit.map_or(Ok(String::new()), text)?,
                    labels,
                    exemplars: Vec::new(),
                    samples: Vec::new(),
                    source: self.path.to_owned(),
                })
            }
        };
        series.samples.push(Sample { time, value });
        Ok(())
    }

    fn exposition(&mut self, line: &[u8]) -> Result<(), &'static str> {
        if line.starts_with(b"#") {
            return Ok(());
        }
        let (metric, labels, value, time) =
            exposition(line).ok_or("`name{labels} value [time in ms]` was expected")?;
        if value.is_nan() {
            return Ok(());
        }
        let label = |name: &str| labels.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
        let system = label("service").or_else(|| label("job")).unwrap_or_else(|| self.system.to_owned());
        let key = line[..line.len() - line.iter().rev().take_while(|byte| **byte != b'}').count()].to_vec();
        let key = [metric.as_bytes(), &key].concat();
        let series = self.series.entry(key).or_insert_with(|| Series {
            system,
            metric,
            unit: String::new(),
            labels,
            exemplars: Vec::new(),
            samples: Vec::new(),
            source: self.path.to_owned(),
        });
        series.samples.push(Sample { time: time.unwrap_or(self.now), value });
        Ok(())
    }

    fn ledger(&mut self, line: &[u8], offset: u64) -> Result<(), &'static str> {
        let entry: LedgerLine = serde_json::from_slice(line)
            .map_err(|_| "a change with `time`, `system`, `kind` and `text` was expected")?;
        let time = Time::parse(&entry.time).ok_or("the time is not RFC 3339")?;
        let text = crate::ingest::scrub::scrub_text(&entry.text).into_owned();
        let source = SourceRef::File { path: self.path.to_owned(), offset };
        if entry.kind == "alert" {
            self.batch.events.push(Event {
                time,
                system: entry.system.unwrap_or_default(),
                kind: EventKind::Alert,
                severity: Severity::ERROR,
                operation: entry.metric.clone(),
                body: text,
                duration: None,
                attributes: entry.metric.map(|metric| ("metric".to_owned(), metric)).into_iter().collect(),
                identifiers: Vec::new(),
                span: None,
                source,
            });
            return Ok(());
        }
        let id = entry.id.unwrap_or_else(|| {
            format!("{} {} {}", entry.time, entry.system.as_deref().unwrap_or("-"), entry.kind)
        });
        let kind = ChangeKind::from_word(&entry.kind);
        self.batch.changes.push(Change { id, time, system: entry.system, kind, text, source });
        Ok(())
    }

    fn topology(&mut self, line: &[u8], line_number: u64) -> Result<(), &'static str> {
        if line_number == 1 {
            return Ok(());
        }
        let text = String::from_utf8_lossy(line);
        let mut fields = text.split(',').map(|field| field.trim().trim_matches('"').to_owned());
        match (fields.next(), fields.next()) {
            (Some(caller), Some(callee)) if !caller.is_empty() && !callee.is_empty() => {
                self.batch.topology.push((caller, callee));
                Ok(())
            }
            _ => Err("`caller,callee` was expected"),
        }
    }
}

/// `name{label="value",…} value [milliseconds]`
type ExpositionLine = (String, Vec<(String, String)>, f64, Option<Time>);

fn exposition(line: &[u8]) -> Option<ExpositionLine> {
    let text = std::str::from_utf8(line).ok()?.trim();
    let name_end = text.find(['{', ' '])?;
    let name = &text[..name_end];
    if name.is_empty()
        || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b':'))
    {
        return None;
    }
    let (labels, rest) = match text[name_end..].strip_prefix('{') {
        Some(inside) => {
            let close = inside.rfind('}')?;
            let mut labels = super::pairs(&inside.as_bytes()[..close]);
            labels.sort();
            (labels, &inside[close + 1..])
        }
        None => (Vec::new(), &text[name_end..]),
    };
    let mut words = rest.split_whitespace();
    let value = match words.next()? {
        "+Inf" => f64::INFINITY,
        "-Inf" => f64::NEG_INFINITY,
        word => word.parse().ok()?,
    };
    let time = words.next().and_then(|word| word.parse().ok()).map(Time::from_millis);
    Some((name.to_owned(), labels, value, time))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(expected: Table, text: &str) -> Batch {
        assert_eq!(Table::of(&Lines::new(text.as_bytes(), true)), Some(expected));
        expected.read(text.as_bytes(), "x/y.csv", "x", Time::from_seconds(1))
    }

    #[test]
    fn metric_samples_with_gaps_and_mistakes() {
        let batch = read(
            Table::Metrics,
            "ts_ms,system,metric,value\n1772352010000,kong,rps,2\n1772352000000,kong,rps,1\n1772352020000,kong,rps,\n1772352030000,kong,rps,x\n",
        );
        assert_eq!(batch.series.len(), 1);
        let values: Vec<f64> = batch.series[0].samples.iter().map(|sample| sample.value).collect();
        assert_eq!(values, [1.0, 2.0]);
        assert_eq!(batch.issues[0].line, 5);
        assert_eq!(batch.issues[0].reason, "the value is not a number");
    }

    #[test]
    fn a_ledger_holds_changes_and_alerts() {
        let batch = read(
            Table::Ledger,
            concat!(
                r#"{"time":"2026-03-01T08:13:12.000000Z","system":"payment-service","kind":"deploy","text":"5.3.1"}"#,
                "\n",
                r#"{"id":"a1","time":"2026-03-01T08:14:00Z","system":"kong","kind":"alert","text":"5xx","metric":"http_5xx"}"#,
                "\n"
            ),
        );
        assert_eq!(batch.changes[0].kind, ChangeKind::Deploy);
        assert_eq!(
            (batch.events[0].kind, batch.events[0].operation.as_deref()),
            (EventKind::Alert, Some("http_5xx"))
        );
    }

    #[test]
    fn exposition_and_topology() {
        let batch = read(
            Table::Exposition,
            "# HELP up x\n# TYPE up gauge\nup{job=\"kong\",instance=\"a:1\"} 1 1772352000000\nlag 7\n",
        );
        assert_eq!(batch.series.len(), 2);
        assert_eq!(batch.series[0].system, "kong");
        let batch = read(Table::Topology, "caller,callee\na,b\nb\n");
        assert_eq!((batch.topology.len(), batch.issues.len()), (1, 1));
    }
}
