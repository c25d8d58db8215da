//! What the backend counts itself: events by their identifiers and system, by composite aggregation over stretches of time.
//!
//! A stretch is small enough for a few pages of buckets, so each document is looked at once, where one composite over the
//! whole window would look at all of them for each page.

use super::super::http::Request;
use super::super::live::{Ask, Page, tallies};
use super::super::paging::Slices;
use super::{Cursor, Elasticsearch, Reply};
use crate::sources::SourceError;
use crate::telemetry::{Severity, Tally, Time, Wanted, Window};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::time::Duration;

/// Buckets asked for at a time; servers refuse more than 65 535 with all that is below them.
const BUCKETS: usize = 10_000;
/// Fields that a bucket is made of, of either kind.
const MOST_FIELDS: usize = 6;

/// Fields that name the system, the surest first.
const SYSTEMS: [&str; 8] = [
    "service.name",
    "resource.attributes.service.name",
    "serviceName",
    "service",
    "process.serviceName",
    "kubernetes.deployment.name",
    "application",
    "app",
];
const LEVELS: [&str; 6] = ["log.level", "severity_text", "severityText", "level", "severity", "loglevel"];
const NUMBERS: [&str; 4] = ["severity_number", "severityNumber", "SeverityNumber", "severity.number"];

/// Which fields of the indices can be counted by.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::sources) struct Fields {
    /// The name that says what an identifier is, and the field that is counted by.
    identifiers: Vec<(String, String)>,
    systems: Vec<String>,
    /// Tests that a document is an error by.
    errors: Vec<Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Aggregations {
    flows: Composite,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Composite {
    after_key: Option<Value>,
    buckets: Vec<Bucket>,
}

#[derive(Debug, Deserialize)]
struct Bucket {
    key: Map<String, Value>,
    doc_count: u64,
    first: Number,
    last: Number,
    #[serde(default)]
    errors: Count,
}

/// The least or greatest time, in milliseconds.
#[derive(Debug, Deserialize)]
struct Number {
    value: Option<f64>,
}

#[derive(Debug, Default, Deserialize)]
struct Count {
    doc_count: u64,
}

impl Fields {
    /// From the capabilities of fields, as the backend tells them.
    fn of(caps: &Value, identifiers: &[String], systems: &[String]) -> Self {
        let types = |name: &str| caps.get("fields").and_then(|fields| fields.get(name)?.as_object());
        let has = |name: &str, wanted: &[&str]| {
            types(name).is_some_and(|types| {
                types.iter().any(|(word, one)| wanted.contains(&word.as_str()) && one["aggregatable"] == true)
            })
        };
        const KEYWORDS: [&str; 3] = ["keyword", "constant_keyword", "wildcard"];
        const NUMBERS_OF: [&str; 5] = ["long", "integer", "short", "byte", "unsigned_long"];
        let keyword = |name: &str| {
            let multi = format!("{name}.keyword");
            if has(name, &KEYWORDS) { Some(name.to_owned()) } else { has(&multi, &KEYWORDS).then_some(multi) }
        };
        let counted = identifiers.iter().filter_map(|name| Some((name.clone(), keyword(name)?)));
        let named = systems.iter().map(String::as_str).chain(SYSTEMS);
        let words: Vec<String> = Severity::ERROR_WORDS
            .iter()
            .flat_map(|word| {
                let capital = format!("{}{}", word[..1].to_ascii_uppercase(), &word[1..]);
                [(*word).to_owned(), word.to_ascii_uppercase(), capital]
            })
            .collect();
        let mut errors: Vec<Value> = LEVELS
            .iter()
            .filter_map(|name| keyword(name))
            .map(|field| json!({ "terms": { field: words } }))
            .collect();
        errors.extend(
            NUMBERS
                .iter()
                .filter(|name| has(name, &NUMBERS_OF))
                .map(|name| json!({ "range": { *name: { "gte": Severity::ERROR.0 } } })),
        );
        // Spans that failed.
        if let Some(field) = keyword("event.outcome") {
            errors.push(json!({ "term": { field: "failure" } }));
        }
        for name in ["status.code", "StatusCode", "status_code"] {
            if let Some(field) = keyword(name) {
                let failed = ["2", "ERROR", "Error", "error", "STATUS_CODE_ERROR"];
                errors.push(json!({ "terms": { field: failed } }));
            } else if has(name, &NUMBERS_OF) && name != "status_code" {
                errors.push(json!({ "term": { name: 2 } }));
            }
        }
        Self {
            identifiers: counted.take(MOST_FIELDS).collect(),
            systems: named.filter_map(keyword).take(MOST_FIELDS).collect(),
            errors,
        }
    }

    fn asked(identifiers: &[String], systems: &[String]) -> String {
        let own = identifiers.iter().chain(systems).map(String::as_str);
        let spans = ["event.outcome", "status.code", "StatusCode", "status_code"];
        let all = own.chain(SYSTEMS).chain(LEVELS).chain(NUMBERS).chain(spans);
        all.flat_map(|name| [name.to_owned(), format!("{name}.keyword")]).collect::<Vec<_>>().join(",")
    }
}

impl Elasticsearch {
    async fn fields(&self, deadline: Duration) -> Result<&Fields, SourceError> {
        let (identifiers, systems) = (&self.config.identifier_fields, &self.config.system_fields);
        let found = self.fields.get_or_try_init(|| async {
            let parameters = vec![
                ("fields", Fields::asked(identifiers, systems)),
                ("ignore_unavailable", "true".to_owned()),
                ("allow_no_indices", "true".to_owned()),
            ];
            let path = format!("{}/_field_caps", self.indices());
            let caps: Value = self.base.json(&Request::get(path, parameters, deadline)).await?;
            Ok(Fields::of(&caps, identifiers, systems))
        });
        found.await
    }

    /// How many documents a window holds; nothing if they have no fields to be counted by.
    pub(super) async fn count_in(
        &self,
        window: Window,
        deadline: Duration,
    ) -> Result<Option<u64>, SourceError> {
        if self.fields(deadline).await?.identifiers.is_empty() {
            return Ok(None);
        }
        let query = self.query(&Wanted::Events, window, window.from);
        let body = json!({ "size": 0, "track_total_hits": true, "query": query });
        let reply: Reply = self.base.json(&self.tolerant(body, deadline)).await?;
        Ok(reply.hits.and_then(|hits| hits.total).map(|total| total.value))
    }

    fn tolerant(&self, body: Value, deadline: Duration) -> Request<'static> {
        let parameters = vec![("ignore_unavailable", "true".to_owned())];
        Request { parameters, ..Request::json(format!("{}/_search", self.indices()), body, deadline) }
    }

    pub(super) async fn tally(&self, mut ask: Ask<'_, Cursor>) -> Result<Option<Page<Cursor>>, SourceError> {
        let fields = self.fields(ask.deadline).await?;
        if fields.identifiers.is_empty() {
            return Ok(Page::nothing());
        }
        let window = ask.window();
        if ask.cursor.slices.is_none() {
            let events = self.count_in(window, ask.deadline).await?.unwrap_or_default();
            ask.cursor.slices = Some(Slices::of(window, events));
        }
        let slices = ask.cursor.slices.get_or_insert_default();
        let slice = match ask.cursor.slice {
            Some(slice) => slice,
            None => match slices.next(window) {
                Some(slice) => slice,
                None => return Ok(Page::nothing()),
            },
        };
        let after = ask.cursor.after.take();
        let body = self.tally_query(fields, slice, after.as_ref());
        let reply: Reply = self.base.json(&self.tolerant(body, ask.deadline)).await?;
        let reasons = reply.reasons().into_iter().map(|reason| self.base.reader.safe(&reason)).collect();
        let Some(Aggregations { flows: found }) = reply.aggregations else {
            return Err(self.base.unreadable("it has no `aggregations`, so something else answers here"));
        };
        let is_full = found.buckets.len() >= BUCKETS;
        ask.cursor.after = found.after_key.filter(|_| is_full);
        ask.cursor.slice = ask.cursor.after.is_some().then_some(slice);
        let is_done = ask.cursor.slice.is_none() && ask.cursor.slices.as_ref().is_none_or(Slices::is_done);
        let counted = found.buckets.into_iter().filter_map(|bucket| self.tally_of(fields, bucket));
        let batch = tallies(counted.collect(), reasons);
        Ok(Some(Page { batch, next: (!is_done).then_some(ask.cursor) }))
    }

    pub(super) fn tally_query(&self, fields: &Fields, slice: Window, after: Option<&Value>) -> Value {
        let source = |name: String, field: &str| json!({ name: { "terms": { "field": field, "missing_bucket": true } } });
        let identifiers = fields
            .identifiers
            .iter()
            .enumerate()
            .map(|(place, (_, field))| source(format!("i{place}"), field));
        let systems =
            fields.systems.iter().enumerate().map(|(place, field)| source(format!("s{place}"), field));
        let sources: Vec<Value> = identifiers.chain(systems).collect();
        let mut composite = json!({ "size": BUCKETS, "sources": sources });
        if let Some(after) = after {
            composite["after"] = after.clone();
        }
        let time = &self.config.time_field;
        let mut below =
            json!({ "first": { "min": { "field": time } }, "last": { "max": { "field": time } } });
        if !fields.errors.is_empty() {
            below["errors"] = json!({ "filter": { "bool": { "should": fields.errors } } });
        }
        json!({
            "size": 0, "track_total_hits": false, "query": self.query(&Wanted::Events, slice, slice.from),
            "aggs": { "flows": { "composite": composite, "aggs": below } },
        })
    }

    fn tally_of(&self, fields: &Fields, bucket: Bucket) -> Option<Tally> {
        let text = |name: String| match bucket.key.get(&name)? {
            Value::Null => None,
            Value::String(text) => Some(text.clone()),
            other => Some(other.to_string()),
        };
        let held: Vec<(String, String)> = fields
            .identifiers
            .iter()
            .enumerate()
            .filter_map(|(place, (name, _))| Some((name.clone(), text(format!("i{place}"))?)))
            .collect();
        let system = (0..fields.systems.len()).find_map(|place| text(format!("s{place}")));
        let system = system.map_or_else(|| "unknown".to_owned(), |name| self.base.reader.name(&name));
        let time = |number: &Number| number.value.map(|millis| Time::from_millis(millis as i64));
        let number = |count: u64| u32::try_from(count).unwrap_or(u32::MAX);
        Some(Tally {
            identifiers: self.base.reader.identifiers(&held),
            system,
            first: time(&bucket.first)?,
            last: time(&bucket.last)?,
            events: number(bucket.doc_count),
            errors: number(bucket.errors.doc_count),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_counted_by_is_told_from_the_types_of_fields() {
        let keyword = |is_aggregatable: bool| json!({ "keyword": { "aggregatable": is_aggregatable } });
        let caps = json!({ "fields": {
            "trace.id": keyword(true), "correlationId": { "text": { "aggregatable": false } }, "correlationId.keyword": keyword(true),
            "request_id": keyword(false), "service.name": keyword(true), "log.level": keyword(true),
            "severity_number": { "long": { "aggregatable": true } } } });
        let names = ["trace.id", "correlationId", "request_id", "transaction.id"].map(str::to_owned);
        let fields = Fields::of(&caps, &names, &[]);
        let pair = |name: &str, field: &str| (name.to_owned(), field.to_owned());
        assert_eq!(
            fields.identifiers,
            [pair("trace.id", "trace.id"), pair("correlationId", "correlationId.keyword")]
        );
        assert_eq!(
            (fields.systems.as_slice(), fields.errors.len()),
            (["service.name".to_owned()].as_slice(), 2)
        );
    }
}
