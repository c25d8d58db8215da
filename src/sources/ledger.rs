//! Changes in a JSON file: one object a line, or a list, in the shape that a webhook or a pipeline writes it.

use super::{Source, SourceError};
use crate::ingest::{Reader, Settings, flatten};
use crate::telemetry::{Batch, Change, ChangeKind, Completeness, Issue, Query, Signal, Time, Wanted};
use futures::future::BoxFuture;
use futures::stream::{self, BoxStream, StreamExt};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::io::Read;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A `[[sources]]` table of kind `changes`.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    pub name: String,
    /// The file; it is read again each time, and need not be there yet.
    pub path: PathBuf,
    /// What is read of it at most; of a longer one the end counts.
    pub megabytes: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self { name: "changes".to_owned(), path: PathBuf::new(), megabytes: 16 }
    }
}

struct Ledger {
    config: Config,
    reader: Reader,
    reads: AtomicU64,
}

/// Makes the source ready to be asked.
pub fn connect(config: &Config, settings: &Settings) -> Result<Arc<dyn Source>, SourceError> {
    if config.path.as_os_str().is_empty() {
        return Err(SourceError::Misconfigured { reason: "`path` names no file of changes".to_owned() });
    }
    let reader = Reader::new(settings.clone(), config.name.clone());
    Ok(Arc::new(Ledger { config: config.clone(), reader, reads: AtomicU64::new(0) }))
}

impl Ledger {
    fn read(&self) -> Result<(Vec<u8>, bool), SourceError> {
        use std::io::{Seek, SeekFrom};
        self.reads.fetch_add(1, Ordering::Relaxed);
        let path = self.config.path.display().to_string();
        let failed = |error: std::io::Error| SourceError::Unreachable {
            endpoint: path.clone(),
            reason: error.to_string(),
        };
        let mut file = std::fs::File::open(&self.config.path).map_err(failed)?;
        let metadata = file.metadata().map_err(failed)?;
        if !metadata.is_file() {
            let reason = "it is no file".to_owned();
            return Err(SourceError::Unreachable { endpoint: path, reason });
        }
        let most = u64::from(self.config.megabytes.max(1)) * 1_000_000;
        let is_cut = metadata.len() > most;
        if is_cut {
            file.seek(SeekFrom::End(-most.cast_signed())).map_err(failed)?;
        }
        let mut bytes = Vec::new();
        file.take(most).read_to_end(&mut bytes).map_err(failed)?;
        if is_cut {
            let first_line = memchr::memchr(b'\n', &bytes).map_or(bytes.len(), |at| at + 1);
            bytes.drain(..first_line);
        }
        Ok((bytes, is_cut))
    }

    fn batch(&self, bytes: &[u8], is_cut: bool) -> Batch {
        let mut batch = Batch { completeness: Completeness::Full, ..Batch::default() };
        if is_cut {
            let reason = format!("only the last {} MB of the file were read", self.config.megabytes);
            batch.completeness = Completeness::Partial(vec![reason]);
        }
        if bytes.trim_ascii_start().starts_with(b"[") {
            match serde_json::from_slice::<Vec<Value>>(bytes) {
                Ok(list) => {
                    for (place, value) in (0..).zip(&list) {
                        self.take(value, place, 0, &mut batch);
                    }
                }
                Err(error) => batch.issues.push(issue(0, 1, error.to_string())),
            }
        } else {
            let mut offset = 0;
            for (number, line) in (1..).zip(bytes.split(|byte| *byte == b'\n')) {
                let here = offset;
                offset += line.len() as u64 + 1;
                match serde_json::from_slice::<Value>(line) {
                    _ if line.trim_ascii().is_empty() => {}
                    Ok(value) => self.take(&value, here, number, &mut batch),
                    Err(error) => batch.issues.push(issue(here, number, error.to_string())),
                }
            }
        }
        batch.changes.sort_by_key(|change| change.time);
        batch
    }

    fn take(&self, value: &Value, offset: u64, line: u64, batch: &mut Batch) {
        match self.change(value) {
            Some(change) => batch.changes.push(change),
            None => batch.issues.push(issue(offset, line, "it has no time, or no text".to_owned())),
        }
    }

    fn change(&self, value: &Value) -> Option<Change> {
        const TIME: [&str; 9] = [
            "time",
            "timestamp",
            "at",
            "date",
            "finished_at",
            "deployed_at",
            "deployedAt",
            "created_at",
            "published_at",
        ];
        const SYSTEM: [&str; 7] =
            ["system", "service", "application", "app", "component", "repository.name", "project.name"];
        const TEXT: [&str; 8] =
            ["text", "title", "summary", "description", "message", "name", "version", "body"];
        const KIND: [&str; 4] = ["kind", "type", "category", "change_type"];
        let fields = flatten(value);
        let field = |names: &[&str]| {
            names.iter().find_map(|name| {
                fields
                    .iter()
                    .find(|(field, value)| field == name && !value.is_empty())
                    .map(|(_, value)| value.as_str())
            })
        };
        let (raw_time, text) = (field(&TIME)?, field(&TEXT)?);
        let time = Time::parse(raw_time).or_else(|| number(raw_time))?;
        let system = field(&SYSTEM).map(|name| self.reader.safe(name));
        let text = self.reader.safe(text);
        let id = field(&["id", "sys_id", "uid"]).map(|id| self.reader.safe(id));
        Some(Change {
            id: id.unwrap_or_else(|| format!("{time} {} {text}", system.as_deref().unwrap_or_default())),
            time,
            kind: field(&KIND).map_or(ChangeKind::Other, ChangeKind::from_word),
            system,
            text,
            source: self.reader.reference(field(&["url", "html_url", "link", "href"]).unwrap_or_default()),
        })
    }
}

fn issue(offset: u64, line: u64, reason: String) -> Issue {
    Issue { offset, line, reason }
}

/// Seconds, milliseconds, microseconds or nanoseconds: the magnitude tells.
fn number(text: &str) -> Option<Time> {
    if let Ok(number) = text.parse::<i64>() {
        let unit = match number.unsigned_abs() {
            0..100_000_000_000 => 1_000_000_000,
            100_000_000_000..100_000_000_000_000 => 1_000_000,
            100_000_000_000_000..100_000_000_000_000_000 => 1_000,
            _ => 1,
        };
        return Some(Time(number.saturating_mul(unit)));
    }
    // What a float adds to microseconds is noise.
    let seconds: f64 = text.parse().ok().filter(|seconds: &f64| seconds.abs() < 1e11)?;
    Some(Time((seconds * 1e6).round() as i64 * 1_000))
}

impl Source for Ledger {
    fn name(&self) -> &str {
        &self.config.name
    }

    fn kind(&self) -> &'static str {
        "changes"
    }

    fn signals(&self) -> &'static [Signal] {
        &[Signal::Changes]
    }

    fn check(&self) -> BoxFuture<'_, Result<String, SourceError>> {
        Box::pin(async {
            let (bytes, is_cut) = self.read()?;
            let batch = self.batch(&bytes, is_cut);
            Ok(format!("{} changes, {} unread", batch.changes.len(), batch.issues.len()))
        })
    }

    fn fetch(&self, query: Query) -> BoxStream<'_, Result<Batch, SourceError>> {
        if query.wanted != Wanted::Changes {
            return stream::empty().boxed();
        }
        let page = self.read().map(|(bytes, is_cut)| {
            let mut batch = self.batch(&bytes, is_cut);
            batch.changes.retain(|change| query.window.contains(change.time));
            if batch.changes.len() > query.limit {
                batch.changes.truncate(query.limit);
                batch.completeness = Completeness::Partial(vec!["cut off at the limit of rows".to_owned()]);
            }
            batch
        });
        stream::iter([page]).boxed()
    }

    fn as_command(&self, _: &Query) -> String {
        format!("cat '{}'", self.config.path.display().to_string().replace('\'', r"'\''"))
    }

    fn queries(&self) -> u64 {
        self.reads.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::{Nanos, Window};

    async fn changes(text: &str) -> Batch {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        let config = Config { path: file.path().to_owned(), ..Config::default() };
        let source = connect(&config, &Settings::default()).unwrap();
        let known = Time::parse("2026-03-14T09:26:53.589Z").unwrap();
        let query = Query {
            window: Window { from: known - Nanos::seconds(60), to: known + Nanos::seconds(60) },
            wanted: Wanted::Changes,
            limit: 10,
            deadline: Nanos::seconds(1),
        };
        source.fetch(query).next().await.unwrap().unwrap()
    }

    #[tokio::test]
    async fn lines_and_lists_are_read_and_time_comes_in_every_unit() {
        let batch = changes(
            "{\"time\":\"2026-03-14T09:26:53.589Z\",\"system\":\"orders-api\",\"kind\":\"deploy\",\"text\":\"5.3.1\",\"id\":\"c1\"}\n\nnonsense\n\
             {\"timestamp\":1773480413589,\"service\":\"billing\",\"title\":\"flag on\",\"type\":\"feature_flag\"}\n{\"text\":\"no time\"}\n",
        )
        .await;
        assert_eq!((batch.changes.len(), batch.issues.len()), (2, 2));
        assert_eq!((batch.changes[1].kind, batch.changes[1].time), (ChangeKind::Flag, batch.changes[0].time));
        let batch = changes(
            r#"[{"at":1773480413.589,"summary":"x"},{"at":"2020-01-01T00:00:00Z","summary":"long ago"}]"#,
        )
        .await;
        assert_eq!(batch.changes.len(), 1);
    }

    #[tokio::test]
    async fn a_file_that_is_not_there_is_unreachable_and_a_folder_too() {
        for path in ["/no/such/file", "/"] {
            let config = Config { path: path.into(), ..Config::default() };
            let error = connect(&config, &Settings::default()).unwrap().check().await.unwrap_err();
            assert!(matches!(error, SourceError::Unreachable { .. }), "{error:?}");
        }
    }
}
