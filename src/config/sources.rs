//! The `[[sources]]` tables: one variant a kind of backend, each with the options that its adapter documents.

use crate::ingest::Settings;
use crate::sources::{
    Source, SourceError, alertmanager, argocd, azure, azuredevops, clickhouse, datadog, dynatrace,
    elasticsearch, github, gitlab, jaeger, jenkins, kubernetes, launchdarkly, ledger, loki, newrelic, otlp,
    pagerduty, prometheus, rabbitmq, splunk, tempo, victorialogs, zipkin,
};
use serde::Deserialize;
use serde::de::Error as _;
use std::sync::Arc;
use toml::Spanned;
use toml::de::{DeTable, DeValue, Deserializer, Error};

/// Declares the kinds: a variant each, the words that name it in the configuration, and how it is made ready.
macro_rules! kinds {
    ($($variant:ident: $first:literal $(| $word:literal)* => $module:ident,)*) => {
        /// A live source as configured. Adding a kind is a line in the list below.
        #[derive(Clone, Debug, PartialEq)]
        pub enum SourceConfig {
            $($variant($module::Config),)*
        }

        /// All kinds by the words in the configuration.
        pub(super) const KINDS: &[&str] = &[$($first, $($word,)*)*];

        impl SourceConfig {
            pub fn name(&self) -> &str {
                match self {
                    $(Self::$variant(config) => &config.name,)*
                }
            }

            pub fn kind(&self) -> &'static str {
                match self {
                    $(Self::$variant(_) => $first,)*
                }
            }

            /// Makes the source ready to be asked; nothing is sent yet, but files that hold certificates are read.
            pub fn connect(&self, settings: &Settings) -> Result<Arc<dyn Source>, SourceError> {
                match self {
                    $(Self::$variant(config) => $module::connect(config, settings),)*
                }
            }
        }

        /// `None` where there is no such kind; a table without a `name` is named after its kind.
        fn of_kind(kind: &str, rest: Deserializer<'_>, has_name: bool) -> Option<Result<SourceConfig, Error>> {
            match kind {
                $($first $(| $word)* => Some($module::Config::deserialize(rest).map(|mut config| {
                    if !has_name {
                        kind.clone_into(&mut config.name);
                    }
                    SourceConfig::$variant(config)
                })),)*
                _ => None,
            }
        }
    };
}

kinds! {
    Prometheus: "prometheus" | "victoriametrics" | "mimir" | "thanos" => prometheus,
    Loki: "loki" => loki,
    Elasticsearch: "elasticsearch" | "opensearch" => elasticsearch,
    VictoriaLogs: "victorialogs" => victorialogs,
    ClickHouse: "clickhouse" => clickhouse,
    Splunk: "splunk" => splunk,
    Datadog: "datadog" => datadog,
    NewRelic: "newrelic" => newrelic,
    Dynatrace: "dynatrace" => dynatrace,
    Azure: "azure" => azure,
    Jaeger: "jaeger" | "victoriatraces" => jaeger,
    Tempo: "tempo" => tempo,
    Zipkin: "zipkin" => zipkin,
    Alertmanager: "alertmanager" => alertmanager,
    PagerDuty: "pagerduty" => pagerduty,
    Kubernetes: "kubernetes" => kubernetes,
    ArgoCd: "argocd" => argocd,
    GitHub: "github" => github,
    GitLab: "gitlab" => gitlab,
    Jenkins: "jenkins" => jenkins,
    AzureDevOps: "azuredevops" => azuredevops,
    LaunchDarkly: "launchdarkly" => launchdarkly,
    Ledger: "changes" => ledger,
    RabbitMq: "rabbitmq" => rabbitmq,
    Otlp: "otlp" => otlp,
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
    let has_name = table.contains_key("name");
    let rest = Deserializer::from(Spanned::new(span, table));
    let word = kind.get_ref().as_str().map(str::to_owned).unwrap_or_default();
    of_kind(&word, rest, has_name).unwrap_or_else(|| {
        Err(Kind::deserialize(toml::de::ValueDeserializer::from(kind)).expect_err("no such kind"))
    })
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
