//! The `[[sources]]` tables: one variant a kind of backend, each with the options that its adapter documents.

use crate::sources::{Source, SourceError, prometheus};
use serde::Deserialize;
use serde::de::Error as _;
use std::sync::Arc;
use toml::Spanned;
use toml::de::{DeTable, DeValue, Deserializer, Error};

/// A live source as configured. Adding a kind is a variant, an arm in `parse` and one in `connect`.
#[derive(Clone, Debug, PartialEq)]
pub enum SourceConfig {
    Prometheus(prometheus::Config),
}

/// All kinds by the word in the configuration.
const KINDS: &[&str] = &["prometheus"];

impl SourceConfig {
    pub fn name(&self) -> &str {
        match self {
            Self::Prometheus(config) => &config.name,
        }
    }

    pub fn kind(&self) -> &'static str {
        match self {
            Self::Prometheus(_) => "prometheus",
        }
    }

    /// Makes the source ready to be asked; nothing is sent yet, but files and commands that hold tokens are read.
    pub fn connect(&self) -> Result<Arc<dyn Source>, SourceError> {
        Ok(match self {
            Self::Prometheus(config) => Arc::new(prometheus::Prometheus::new(config.clone())?),
        })
    }
}

/// Reads each table on its own, so that one mistake hides neither its line nor the mistakes of the others.
pub(super) fn parse(sources: Spanned<DeValue<'_>>) -> Vec<Result<SourceConfig, Error>> {
    match sources.into_inner() {
        DeValue::Array(tables) => tables.into_iter().map(parse_one).collect(),
        _ => vec![Err(Error::custom("`sources` is a list of tables: write `[[sources]]`"))],
    }
}

fn parse_one(source: Spanned<DeValue<'_>>) -> Result<SourceConfig, Error> {
    let span = source.span();
    let DeValue::Table(mut table) = source.into_inner() else {
        return Err(Error::custom("a source is a table: write `[[sources]]`"));
    };
    let Some(kind) = table.remove("kind") else {
        // Asking the table for the field gives an error that points at the table.
        return Err(missing_kind(Spanned::new(span, table)));
    };
    let rest = Deserializer::from(Spanned::new(span, table));
    match kind.get_ref().as_str() {
        Some("prometheus") => prometheus::Config::deserialize(rest).map(SourceConfig::Prometheus),
        _ => Err(Kind::deserialize(toml::de::ValueDeserializer::from(kind)).expect_err("no such kind")),
    }
}

fn missing_kind(table: Spanned<DeTable<'_>>) -> Error {
    #[derive(Debug, Deserialize)]
    struct Kinded {
        #[expect(dead_code, reason = "only its absence is of interest")]
        kind: String,
    }
    Kinded::deserialize(Deserializer::from(table)).expect_err("the table has no kind")
}

/// Refuses every value, at its place, with the list of kinds.
#[derive(Debug)]
struct Kind;

impl<'de> Deserialize<'de> for Kind {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Self)
    }
}

// Refused while it is visited, so that the error knows the place.
impl serde::de::Visitor<'_> for Kind {
    type Value = Self;

    fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        write!(f, "a kind of source: {}", KINDS.join(", "))
    }

    fn visit_str<E: serde::de::Error>(self, word: &str) -> Result<Self, E> {
        Err(E::custom(format!("`{word}` is no kind of source; there are {}", KINDS.join(", "))))
    }
}
