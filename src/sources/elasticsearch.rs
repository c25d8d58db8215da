//! Elasticsearch and OpenSearch: documents of a window by point in time, and those that carry an identifier.
//!
//! Elasticsearch pages by `search_after` over the shard's own order. OpenSearch has no such order before 3.3, so there pages
//! go on from the last instant, and what lies at it is not given twice.

mod tallies;

use super::http::{Request, segment};
use super::live::{Ask, Backend, Base, CHECK_PATIENCE, Live, Page, events, names, page_limit, source_config};
use super::paging::{Edge, Slices, key};
use super::spelling::all_spellings;
use super::{Source, SourceError, spans};
use crate::ingest::{Record, Settings, flatten, scrub_text};
use crate::telemetry::{Event, Identifier, Query, Signal, Time, Wanted, Window};
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::OnceCell;

source_config! { "elasticsearch" at "http://127.0.0.1:9200" {
    /// Indices, data streams or patterns of them, separated by commas.
    indices: String = "logs-*,traces-*".to_owned(),
    /// The field that documents are ordered by.
    time_field: String = "@timestamp".to_owned(),
    /// Fields that may name the system, before the usual ones.
    system_fields: Vec<String> = Vec::new(),
    /// Fields that may hold the message, before the usual ones.
    message_fields: Vec<String> = Vec::new(),
    /// Fields that may hold identifiers; each is also asked for as `.keyword`.
    identifier_fields: Vec<String> = IDENTIFIERS.map(str::to_owned).to_vec(),
    /// A query in Lucene's language that all documents must fit; empty for all.
    filter: String = String::new(),
    /// Documents asked for at a time, at most 10 000.
    page: usize = 2_000,
} }

const IDENTIFIERS: [&str; 14] = [
    "trace.id",
    "trace_id",
    "traceId",
    "TraceId",
    "traceID",
    "correlationId",
    "correlation_id",
    "labels.correlation_id",
    "attributes.correlation_id",
    "attributes.correlationId",
    "http.request.id",
    "requestId",
    "request_id",
    "transaction.id",
];

/// The most that a search may give.
const MOST: usize = 10_000;

/// Texts that an identifier may stand in.
const TEXTS: [&str; 6] = ["message", "body.text", "body", "log", "msg", "event.original"];

/// A point in time need only outlast one round trip.
const KEEP_ALIVE: &str = "1m";

pub(super) struct Elasticsearch {
    base: Base,
    config: Config,
    product: OnceCell<Product>,
    fields: OnceCell<tallies::Fields>,
}

#[derive(Clone, Debug, PartialEq)]
struct Product {
    is_opensearch: bool,
    version: String,
}

/// Makes the source ready to be asked.
pub fn connect(config: &Config, settings: &Settings) -> Result<Arc<dyn Source>, SourceError> {
    let base = Base::new::<Elasticsearch>(&config.common(), settings)?;
    Ok(Arc::new(Live(Elasticsearch {
        base,
        config: config.clone(),
        product: OnceCell::new(),
        fields: OnceCell::new(),
    })))
}

/// Where an answer is.
#[derive(Debug, Default)]
pub(super) struct Cursor {
    point: Point,
    /// The sort values of the last hit.
    after: Option<Value>,
    edge: Edge,
    /// Of tallies: stretches of time that are left, and the one whose buckets go on.
    slices: Option<Slices>,
    slice: Option<Window>,
}

#[derive(Debug, Default)]
enum Point {
    #[default]
    NotOpened,
    Open(String),
    /// The server knows none: pages are asked of the indices as they are.
    Unknown,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Reply {
    timed_out: bool,
    terminated_early: bool,
    #[serde(rename = "_shards")]
    shards: Shards,
    #[serde(rename = "_clusters")]
    clusters: Clusters,
    pit_id: Option<String>,
    hits: Option<Hits>,
    aggregations: Option<tallies::Aggregations>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Shards {
    failed: u64,
    failures: Vec<Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Clusters {
    skipped: u64,
    partial: u64,
    failed: u64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Hits {
    hits: Vec<Hit>,
    total: Option<Total>,
}

#[derive(Debug, Default, Deserialize)]
struct Total {
    value: u64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Hit {
    #[serde(rename = "_index")]
    index: String,
    #[serde(rename = "_id")]
    id: String,
    #[serde(rename = "_source")]
    source: Value,
    fields: Value,
    sort: Value,
}

impl Elasticsearch {
    async fn product(&self, deadline: Duration) -> Result<&Product, SourceError> {
        let found = self.product.get_or_try_init(|| async {
            let root: Value = self.base.json(&Request::get("", Vec::new(), deadline)).await?;
            let Some(version) = root.get("version").filter(|version| version.is_object()) else {
                return Err(self.base.unreadable("it has no `version`, so something else answers here"));
            };
            let text = |name: &str| version.get(name).and_then(Value::as_str).unwrap_or_default();
            Ok(Product {
                is_opensearch: text("distribution") == "opensearch",
                version: scrub_text(text("number")).into_owned(),
            })
        });
        found.await
    }

    fn indices(&self) -> String {
        segment(&self.config.indices)
    }

    /// Opens a point in time where the server knows them.
    async fn open(&self, product: &Product, deadline: Duration) -> Result<Point, SourceError> {
        let keep_alive = ("keep_alive", KEEP_ALIVE.to_owned());
        let (path, parameters) = if product.is_opensearch {
            (format!("{}/_search/point_in_time", self.indices()), vec![keep_alive])
        } else {
            let tolerant = ("ignore_unavailable", "true".to_owned());
            (format!("{}/_pit", self.indices()), vec![keep_alive, tolerant])
        };
        // The parameters stand in the address: these doors take no form.
        let request = Request { parameters, ..Request::json(path, json!({}), deadline) };
        let request = Request { json: None, method: Method::POST, ..request };
        let request = Request { path: with_query(&request), parameters: Vec::new(), ..request };
        let answer = self.base.ask(&request).await?;
        if matches!(answer.status.as_u16(), 400 | 404 | 405) && !is_missing_index(&answer.body) {
            return Ok(Point::Unknown);
        }
        self.base.judge(&answer).await?;
        let opened: Value = self.base.parse(&answer)?;
        let id = opened.get("id").or_else(|| opened.get("pit_id")).and_then(Value::as_str);
        match id {
            Some(id) => Ok(Point::Open(id.to_owned())),
            None => Err(self.base.unreadable("it opened no point in time")),
        }
    }

    /// Closes a point in time; if that fails it ends by itself within a minute.
    async fn close(&self, product: &Product, point: Point) {
        let Point::Open(id) = point else { return };
        let (path, body) = if product.is_opensearch {
            ("_search/point_in_time", json!({ "pit_id": [id] }))
        } else {
            ("_pit", json!({ "id": id }))
        };
        let request = Request { method: Method::DELETE, ..Request::json(path, body, CHECK_PATIENCE) };
        let _ = self.base.ask(&request).await;
    }

    fn query(&self, wanted: &Wanted, window: Window, from: Time) -> Option<Value> {
        let format = "strict_date_optional_time";
        let time = json!({ "range": { &self.config.time_field: {
            "gte": from.rfc3339(), "lt": window.to.rfc3339(), "format": format } } });
        let mut filters = vec![time];
        if !self.config.filter.is_empty() {
            filters.push(json!({ "query_string": { "query": self.config.filter } }));
        }
        match wanted {
            Wanted::Events => {}
            Wanted::Identifiers(identifiers) => filters.push(self.of(identifiers)?),
            Wanted::Metrics { .. } | Wanted::Changes | Wanted::Alerts | Wanted::Tallies => return None,
        }
        Some(json!({ "bool": { "filter": filters } }))
    }

    /// Documents that carry one of the identifiers, in a field of its own or in their text.
    fn of(&self, identifiers: &[Identifier]) -> Option<Value> {
        let spellings = all_spellings(identifiers);
        if spellings.is_empty() {
            return None;
        }
        let fields =
            self.config.identifier_fields.iter().flat_map(|name| [name.clone(), format!("{name}.keyword")]);
        let mut tests: Vec<Value> = fields.map(|name| json!({ "terms": { name: spellings } })).collect();
        let texts: Vec<&str> = self.config.message_fields.iter().map(String::as_str).chain(TEXTS).collect();
        tests.extend(spellings.iter().map(|text| {
            json!({ "multi_match": { "query": text, "type": "phrase", "fields": texts, "lenient": true } })
        }));
        Some(json!({ "bool": { "minimum_should_match": 1, "should": tests } }))
    }

    fn search(
        &self,
        query: Value,
        cursor: &Cursor,
        size: usize,
        is_opensearch: bool,
        deadline: Duration,
    ) -> Request<'static> {
        let time = &self.config.time_field;
        let mut order = json!({ "order": "asc", "numeric_type": "date_nanos", "unmapped_type": "date" });
        if !is_opensearch {
            order["format"] = json!("strict_date_optional_time_nanos");
        }
        let mut sort = vec![json!({ time: order })];
        let mut body = json!({
            "size": size, "track_total_hits": false, "query": query, "_source": true,
            "timeout": format!("{}ms", deadline.as_millis().clamp(1_000, 60_000)),
        });
        let mut path = "_search".to_owned();
        match &cursor.point {
            Point::Open(id) => {
                body["pit"] = json!({ "id": id, "keep_alive": KEEP_ALIVE });
                if !is_opensearch {
                    sort.push(json!({ "_shard_doc": "asc" }));
                }
            }
            _ => path = format!("{}/_search", self.indices()),
        }
        if let Some(after) = &cursor.after {
            body["search_after"] = after.clone();
        }
        body["sort"] = json!(sort);
        Request::json(path, body, deadline)
    }

    fn event(&self, hit: &Hit, time: Option<Time>) -> Option<Event> {
        let document = if hit.source.is_null() { &hit.fields } else { &hit.source };
        let fields = flatten(document);
        let url = self.base.link(&format!("{}/_doc/{}", segment(&hit.index), segment(&hit.id)));
        let own = fields.iter().find(|(name, _)| *name == self.config.time_field);
        let time = own.and_then(|(_, text)| Time::parse(text)).or(time);
        match spans::span(&fields, time) {
            Some(span) => self.base.reader.event(Record { fields, url, ..span }),
            None => {
                let record = Record { time, url, ..Record::default() };
                let names = names(&self.config.system_fields, &self.config.message_fields);
                self.base.reader.document(record, fields, names)
            }
        }
    }

    async fn read(
        &self,
        product: &Product,
        ask: &mut Ask<'_, Cursor>,
    ) -> Result<Option<Page<Cursor>>, SourceError> {
        let (window, cursor) = (ask.query.window, &mut ask.cursor);
        let pages_by_hit = matches!(cursor.point, Point::Open(_)) && !product.is_opensearch;
        let from = if pages_by_hit { window.from } else { cursor.edge.start(window) };
        let Some(query) = self.query(&ask.query.wanted, window, from) else { return Ok(Page::nothing()) };
        let known = if pages_by_hit { 0 } else { cursor.edge.known() };
        let size = page_limit(ask.rows, self.config.page, known, MOST);
        let request = self.search(query, cursor, size, product.is_opensearch, ask.deadline);
        let reply: Reply = self.base.json(&request).await?;
        let mut reasons = reply.reasons();
        reasons.iter_mut().for_each(|reason| *reason = self.base.reader.safe(reason));
        let Some(hits) = reply.hits else {
            return Err(self.base.unreadable("it has no `hits`, so something else answers here"));
        };
        if let (Point::Open(id), Some(newest)) = (&mut cursor.point, reply.pit_id) {
            *id = newest;
        }
        let hits = hits.hits;
        let is_full = hits.len() >= size;
        cursor.after = if pages_by_hit { hits.last().map(|hit| hit.sort.clone()) } else { None };
        let (rows, is_stuck) = if pages_by_hit {
            (hits, false)
        } else {
            let keyed = hits.into_iter().map(|hit| {
                let time = sorted_at(&hit.sort).unwrap_or(window.from);
                (time, key(&(&hit.index, &hit.id)), hit)
            });
            let passed = cursor.edge.pass(keyed.collect());
            (passed.rows, passed.is_stuck)
        };
        if is_stuck && is_full {
            reasons.push(format!("more than {size} documents at one instant: only so many can be asked for"));
        }
        let count = rows.len();
        let found = rows.iter().filter_map(|hit| self.event(hit, sorted_at(&hit.sort)));
        let batch = events(found.collect(), reasons);
        let goes_on = is_full && !is_stuck && count < ask.rows;
        let next = goes_on.then(|| std::mem::take(cursor));
        Ok(Some(Page { batch, next }))
    }
}

/// A form's parameters as a query in the path, for posts without a body.
fn with_query(request: &Request<'static>) -> std::borrow::Cow<'static, str> {
    let pairs: Vec<String> =
        request.parameters.iter().map(|(name, value)| format!("{name}={}", segment(value))).collect();
    format!("{}?{}", request.path, pairs.join("&")).into()
}

fn is_missing_index(body: &[u8]) -> bool {
    memchr::memmem::find(body, b"index_not_found").is_some()
}

/// The instant in a hit's sort values: text, milliseconds or nanoseconds.
fn sorted_at(sort: &Value) -> Option<Time> {
    match sort.get(0)? {
        Value::String(text) => Time::parse(text).or_else(|| text.parse().ok().map(instant)),
        number => number.as_i64().map(instant),
    }
}

fn instant(number: i64) -> Time {
    if number.unsigned_abs() < 100_000_000_000_000 { Time::from_millis(number) } else { Time(number) }
}

impl Reply {
    fn reasons(&self) -> Vec<String> {
        let mut reasons = Vec::new();
        if self.timed_out {
            reasons.push("the search ran out of its time".to_owned());
        }
        if self.terminated_early {
            reasons.push("the search was ended early".to_owned());
        }
        if self.shards.failed > 0 {
            let why = self.shards.failures.first().and_then(|one| one.pointer("/reason/reason")?.as_str());
            let why = why.map(|why| format!(": {why}")).unwrap_or_default();
            reasons.push(format!("{} shards could not answer{why}", self.shards.failed));
        }
        let clusters = self.clusters.skipped + self.clusters.partial + self.clusters.failed;
        if clusters > 0 {
            reasons.push(format!("{clusters} remote clusters did not answer in full"));
        }
        reasons
    }
}

impl Backend for Elasticsearch {
    const KIND: &'static str = "elasticsearch";
    const READS: &'static [(&'static str, &'static str)] = &[
        ("GET", ""),
        ("GET", "*/_field_caps"),
        ("POST", "_search"),
        ("POST", "*/_search"),
        ("POST", "*/_pit?keep_alive=1m&ignore_unavailable=true"),
        ("POST", "*/_search/point_in_time?keep_alive=1m"),
        ("DELETE", "_pit"),
        ("DELETE", "_search/point_in_time"),
    ];
    type Cursor = Cursor;

    fn base(&self) -> &Base {
        &self.base
    }

    fn signals(&self) -> &'static [Signal] {
        &[Signal::Logs, Signal::Traces]
    }

    async fn check(&self) -> Result<String, SourceError> {
        let product = self.product(CHECK_PATIENCE).await?;
        let path = format!("{}/_field_caps", self.indices());
        let parameters = vec![
            ("fields", self.config.time_field.clone()),
            ("ignore_unavailable", "true".to_owned()),
            ("allow_no_indices", "true".to_owned()),
        ];
        let caps: Value = self.base.json(&Request::get(path, parameters, CHECK_PATIENCE)).await?;
        let found = caps.get("indices").and_then(Value::as_array).map_or(0, Vec::len);
        let name = if product.is_opensearch { "OpenSearch" } else { "Elasticsearch" };
        Ok(format!("{name} {}, {found} indices", product.version))
    }

    async fn page(&self, mut ask: Ask<'_, Cursor>) -> Result<Option<Page<Cursor>>, SourceError> {
        match ask.query.wanted {
            Wanted::Tallies => return self.tally(ask).await,
            Wanted::Events | Wanted::Identifiers(_) => {}
            _ => return Ok(Page::nothing()),
        }
        let product = self.product(ask.deadline).await?;
        if matches!(ask.cursor.point, Point::NotOpened) {
            ask.cursor.point = self.open(product, ask.deadline).await?;
        }
        let page = self.read(product, &mut ask).await;
        if !matches!(&page, Ok(Some(Page { next: Some(_), .. }))) {
            self.close(product, std::mem::take(&mut ask.cursor.point)).await;
        }
        page
    }

    async fn count(&self, window: Window, deadline: Duration) -> Result<Option<u64>, SourceError> {
        self.count_in(window, deadline).await
    }

    fn command(&self, query: &Query) -> Option<Request<'static>> {
        let asked = self.query(&query.wanted, query.window, query.window.from)?;
        let is_opensearch = self.product.get().is_some_and(|product| product.is_opensearch);
        Some(self.search(asked, &Cursor::default(), 1_000, is_opensearch, Duration::from_secs(30)))
    }
}

#[cfg(test)]
mod tests;
