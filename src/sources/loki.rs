//! Grafana Loki: log lines of a window, and those that carry an identifier in their text or their structured metadata.

use super::http::Request;
use super::live::{Ask, Backend, Base, CHECK_PATIENCE, Live, Page, events, names, page_limit, source_config};
use super::paging::{Edge, key};
use super::spelling::{all_spellings, as_pattern, in_double_quotes};
use super::{Source, SourceError};
use crate::ingest::{Record, Settings, scrub_text};
use crate::telemetry::{Identifier, Query, Signal, Time, Wanted};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::OnceCell;

source_config! { "loki" at "http://127.0.0.1:3100" {
    /// A stream selector such as `{namespace="prod"}`; empty for all streams that name a service.
    selector: String = String::new(),
    /// Labels that may name the system, before the usual ones.
    system_fields: Vec<String> = Vec::new(),
    /// Structured metadata that may hold identifiers.
    identifier_fields: Vec<String> =
        ["trace_id", "traceid", "traceID", "correlation_id", "correlationId", "request_id"].map(str::to_owned).to_vec(),
    /// Lines asked for at a time; Loki's own bound is 5000 unless it was changed.
    page: usize = 4_000,
} }

/// What a Loki of usual settings answers at most.
const MOST: usize = 5_000;

/// Labels that tell which streams there are, the best first.
const SERVICE_LABELS: [&str; 8] =
    ["service_name", "service", "app", "application", "job", "container", "namespace", "filename"];

pub(super) struct Loki {
    base: Base,
    config: Config,
    selector: OnceCell<String>,
}

/// Makes the source ready to be asked.
pub fn connect(config: &Config, settings: &Settings) -> Result<Arc<dyn Source>, SourceError> {
    let base = Base::new::<Loki>(&config.common(), settings)?;
    let selector = OnceCell::new();
    if !config.selector.is_empty() {
        let _ = selector.set(config.selector.clone());
    }
    Ok(Arc::new(Live(Loki { base, config: config.clone(), selector })))
}

/// Where an answer is: lines by their text come first, then those by their metadata alone.
#[derive(Debug, Default)]
pub(super) struct Cursor {
    is_by_metadata: bool,
    edge: Edge,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Reply {
    status: String,
    data: Value,
    warnings: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Stream {
    stream: BTreeMap<String, String>,
    values: Vec<Vec<Value>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Extra {
    structured_metadata: BTreeMap<String, String>,
    parsed: BTreeMap<String, String>,
}

/// A line with all that stands beside it.
struct Line {
    time: Time,
    labels: Vec<(String, String)>,
    text: String,
}

impl Loki {
    /// All streams, by the label that names services here.
    async fn selector(&self) -> Result<&str, SourceError> {
        let found = self.selector.get_or_try_init(|| async {
            let labels = self.labels(CHECK_PATIENCE).await?;
            let label = SERVICE_LABELS.iter().find(|label| labels.iter().any(|known| known == *label));
            Ok(format!("{{{}=~\".+\"}}", label.copied().unwrap_or("service_name")))
        });
        found.await.map(String::as_str)
    }

    async fn labels(&self, deadline: Duration) -> Result<Vec<String>, SourceError> {
        let request = Request::get("loki/api/v1/labels", vec![("since", "1h".to_owned())], deadline);
        let reply: Reply = self.ask(&request).await?;
        Ok(Vec::deserialize(reply.data).unwrap_or_default())
    }

    async fn ask(&self, request: &Request<'_>) -> Result<Reply, SourceError> {
        let reply: Reply = self.base.json(request).await?;
        if reply.status != "success" {
            return Err(self
                .base
                .unreadable("it has no `status` of success, so something else answers here"));
        }
        Ok(reply)
    }

    fn request(
        &self,
        query: String,
        from: Time,
        to: Time,
        limit: usize,
        deadline: Duration,
    ) -> Request<'static> {
        let parameters = vec![
            ("query", query),
            ("start", from.0.to_string()),
            ("end", to.0.to_string()),
            ("limit", limit.to_string()),
            ("direction", "forward".to_owned()),
        ];
        Request::form("loki/api/v1/query_range", parameters, deadline)
            .with_header("X-Loki-Response-Encoding-Flags", "categorize-labels")
    }

    fn expression(&self, selector: &str, wanted: &Wanted, is_by_metadata: bool) -> Option<String> {
        match wanted {
            Wanted::Events => Some(selector.to_owned()),
            Wanted::Identifiers(identifiers) => self.of(selector, identifiers, is_by_metadata),
            Wanted::Metrics { .. } | Wanted::Changes | Wanted::Alerts | Wanted::Tallies => None,
        }
    }

    fn of(&self, selector: &str, identifiers: &[Identifier], is_by_metadata: bool) -> Option<String> {
        let patterns: Vec<String> = all_spellings(identifiers).iter().map(|text| as_pattern(text)).collect();
        if patterns.is_empty() {
            return None;
        }
        let pattern = patterns.join("|");
        let in_line = in_double_quotes(&format!("(?i)({pattern})"));
        if !is_by_metadata {
            return Some(format!("{selector} |~ {in_line}"));
        }
        let fields = self.config.identifier_fields.iter().filter(|name| is_label(name));
        let tests: Vec<String> =
            fields.map(|name| format!("{name}=~{}", in_double_quotes(&format!("(?i)({pattern})")))).collect();
        // What has the identifier in its text was given already.
        (!tests.is_empty()).then(|| format!("{selector} !~ {in_line} | {}", tests.join(" or ")))
    }

    fn lines(reply: Reply) -> Vec<Line> {
        let Some(Value::Array(streams)) = reply.data.get("result").cloned() else { return Vec::new() };
        let mut lines = Vec::new();
        for stream in streams.into_iter().filter_map(|stream| Stream::deserialize(stream).ok()) {
            for entry in stream.values {
                let mut entry = entry.into_iter();
                let (Some(Value::String(time)), Some(Value::String(text))) = (entry.next(), entry.next())
                else {
                    continue;
                };
                let Ok(nanos) = time.parse() else { continue };
                let extra = entry.next().and_then(|extra| Extra::deserialize(extra).ok()).unwrap_or_default();
                let labels =
                    stream.stream.clone().into_iter().chain(extra.structured_metadata).chain(extra.parsed);
                lines.push(Line { time: Time(nanos), labels: labels.collect(), text });
            }
        }
        lines.sort_by_key(|line| line.time);
        lines
    }
}

fn is_label(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

impl Backend for Loki {
    const KIND: &'static str = "loki";
    const READS: &'static [(&'static str, &'static str)] = &[
        ("GET", "loki/api/v1/labels"),
        ("GET", "loki/api/v1/status/buildinfo"),
        ("POST", "loki/api/v1/query_range"),
    ];
    type Cursor = Cursor;

    fn base(&self) -> &Base {
        &self.base
    }

    fn signals(&self) -> &'static [Signal] {
        &[Signal::Logs]
    }

    async fn check(&self) -> Result<String, SourceError> {
        self.labels(CHECK_PATIENCE).await?;
        let request = Request::get("loki/api/v1/status/buildinfo", Vec::new(), CHECK_PATIENCE);
        let build: Result<Value, _> = self.base.json(&request).await;
        let version = build.ok().and_then(|build| Some(build.get("version")?.as_str()?.to_owned()));
        Ok(version.map_or_else(|| "answers".to_owned(), |version| scrub_text(&version).into_owned()))
    }

    async fn page(&self, ask: Ask<'_, Cursor>) -> Result<Option<Page<Cursor>>, SourceError> {
        let (window, mut cursor) = (ask.window(), ask.cursor);
        let selector = match ask.query.wanted {
            Wanted::Events | Wanted::Identifiers(_) => self.selector().await?,
            _ => return Ok(Page::nothing()),
        };
        let Some(expression) = self.expression(selector, &ask.query.wanted, cursor.is_by_metadata) else {
            return Ok(Page::nothing());
        };
        let limit = page_limit(ask.rows, self.config.page, cursor.edge.known(), self.config.page.max(MOST));
        let request = self.request(expression, cursor.edge.start(window), window.to, limit, ask.deadline);
        let reply = self.ask(&request).await?;
        let mut reasons: Vec<String> =
            reply.warnings.iter().map(|text| self.base.reader.safe(text)).collect();
        let lines = Self::lines(reply);
        let is_full = lines.len() >= limit;
        let rows =
            lines.into_iter().map(|line| (line.time, key(&(&line.labels, &line.text)), line)).collect();
        let passed = cursor.edge.pass(rows);
        if passed.is_stuck && is_full {
            reasons.push(format!("more than {limit} lines at one instant: only so many can be asked for"));
        }
        let fields = names(&self.config.system_fields, &[]);
        let found = passed.rows.into_iter().filter_map(|line| {
            let record = Record { time: Some(line.time), message: line.text, ..Record::default() };
            self.base.reader.document(record, line.labels, fields)
        });
        let batch = events(found.collect(), reasons);
        let next = if is_full && !passed.is_stuck {
            Some(cursor)
        } else if matches!(ask.query.wanted, Wanted::Identifiers(_)) && !cursor.is_by_metadata {
            Some(Cursor { is_by_metadata: true, edge: Edge::default() })
        } else {
            None
        };
        Ok(Some(Page { batch, next }))
    }

    fn command(&self, query: &Query) -> Option<Request<'static>> {
        let selector = self.selector.get().map_or("{service_name=~\".+\"}", String::as_str);
        let expression = self.expression(selector, &query.wanted, false)?;
        Some(self.request(expression, query.window.from, query.window.to, 1_000, Duration::ZERO))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::IdentifierClass;

    fn loki() -> Loki {
        let config = Config::default();
        let base = Base::new::<Loki>(&config.common(), &Settings::default()).unwrap();
        Loki { base, config, selector: OnceCell::new() }
    }

    fn asked(value: &str) -> Vec<String> {
        let identifiers = [Identifier { class: IdentifierClass::Correlation, value: value.to_owned() }];
        let selector = "{app=~\".+\"}";
        [false, true].into_iter().filter_map(|phase| loki().of(selector, &identifiers, phase)).collect()
    }

    #[test]
    fn an_identifier_is_looked_for_in_lines_and_then_in_metadata() {
        let queries = asked("3f2b8c1e-6d4a-4f7b-9a10-5c2e7d9b8a41");
        assert_eq!(
            queries[0],
            r#"{app=~".+"} |~ "(?i)(3f2b8c1e\\-6d4a\\-4f7b\\-9a10\\-5c2e7d9b8a41|3f2b8c1e6d4a4f7b9a105c2e7d9b8a41)""#
        );
        assert!(queries[1].starts_with(r#"{app=~".+"} !~ "#) && queries[1].contains(" or correlation_id=~"));
    }

    #[test]
    fn a_hostile_identifier_stays_inside_its_quotes() {
        for hostile in [r#"x"} | drop"#, "a`b", "a\\", "a|b{c}", "a'b"] {
            let query = asked(hostile).remove(0);
            let inside =
                query.strip_prefix("{app=~\".+\"} |~ \"").and_then(|rest| rest.strip_suffix('"')).unwrap();
            let bare = inside.replace("\\\\", "").replace("\\\"", "");
            assert!(!bare.contains('"'), "{query}");
        }
        assert!(asked("a\nb").is_empty() && asked(&"x".repeat(10_000)).is_empty(), "these are refused");
    }

    #[test]
    fn entries_of_two_and_of_three_are_read_to_the_nanosecond() {
        let reply: Reply = serde_json::from_str(
            r#"{"status":"success","data":{"resultType":"streams","result":[
                {"stream":{"app":"b"},"values":[["1773480413589000002","second"]]},
                {"stream":{"app":"a"},"values":[["1773480413589000001","first",{"structuredMetadata":{"trace_id":"7c1f"}}],["x","y"],[]]}]}}"#,
        )
        .unwrap();
        let lines = Loki::lines(reply);
        assert_eq!(lines.iter().map(|line| line.text.as_str()).collect::<Vec<_>>(), ["first", "second"]);
        assert_eq!(lines[0].time.0, 1_773_480_413_589_000_001);
        assert!(lines[0].labels.contains(&("trace_id".into(), "7c1f".into())));
    }
}
