//! `bridgewatch init`: asks for addresses, finds out what answers there, writes a commented configuration, and tests it.

use super::arguments::{InitArguments, Shared};
use super::gather::runtime;
use super::output::Output;
use super::{Failure, Outcome, sources};
use crate::config::{Config, SourceConfig, folders};
use crate::ingest::Settings;
use crate::sources::Secret;
use crate::sources::SourceError;
use crate::sources::http::{Auth, Connection, Http, Request};
use etcetera::BaseStrategy;
use serde::Deserialize;
use std::io::{BufRead, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Kinds that tell themselves from others by what they answer; where two fit, the earlier.
const KINDS: [&str; 16] = [
    "loki",
    "tempo",
    "elasticsearch",
    "victorialogs",
    "clickhouse",
    "alertmanager",
    "kubernetes",
    "argocd",
    "rabbitmq",
    "gitlab",
    "jenkins",
    "splunk",
    "zipkin",
    "jaeger",
    "prometheus",
    "github",
];

/// Kinds by the port that they have unless somebody changes it: for what answers, but not to us.
const PORTS: [(u16, &str); 13] = [
    (9090, "prometheus"),
    (8428, "victoriametrics"),
    (3100, "loki"),
    (3200, "tempo"),
    (9200, "elasticsearch"),
    (9428, "victorialogs"),
    (8123, "clickhouse"),
    (16686, "jaeger"),
    (9411, "zipkin"),
    (9093, "alertmanager"),
    (15672, "rabbitmq"),
    (8089, "splunk"),
    (6443, "kubernetes"),
];

const PATIENCE: Duration = Duration::from_secs(8);

/// A table to be written.
struct Found {
    kind: String,
    url: String,
    /// What it said of itself, or why it is not known what it is.
    said: String,
    needs_secret: bool,
}

/// What came of one address.
enum Answer {
    Found(Found),
    Nothing(String),
}

pub(super) fn run(shared: &Shared, arguments: &InitArguments, output: &Output) -> Result<Outcome, Failure> {
    let target = target(shared, arguments)?;
    let mut urls: Vec<String> = arguments.urls.iter().map(|url| with_scheme(url)).collect();
    if urls.is_empty() && arguments.grafana.is_none() {
        urls = ask_for_urls()?;
    }
    let runtime = runtime();
    let mut found = Vec::new();
    if let Some(grafana) = &arguments.grafana {
        let behind = runtime.block_on(behind_grafana(&with_scheme(grafana), arguments.token_env.as_deref()));
        found.extend(behind.map_err(|error| Failure::unread(format!("Grafana: {error}")))?);
    }
    let tasks: Vec<_> = urls
        .into_iter()
        .map(|url| {
            let token = arguments.token_env.clone();
            let shown = url.clone();
            (shown, runtime.spawn(async move { identify(&url, token.as_deref()).await }))
        })
        .collect();
    let mut is_all = true;
    for (url, task) in tasks {
        match runtime.block_on(task) {
            Ok(Answer::Found(one)) => found.push(one),
            Ok(Answer::Nothing(why)) => {
                is_all = false;
                output.warn(&format!("{url}: {why}"));
            }
            Err(_) => {
                is_all = false;
                output.warn(&format!("{url}: asking it failed"));
            }
        }
    }
    if found.is_empty() {
        let hint = "check the addresses, with the path prefix if there is one; --token-env names a token";
        return Err(Failure {
            hint: Some(hint.to_owned()),
            ..Failure::unread("nothing answered that could be used")
        });
    }
    let text = configuration(&found, arguments.token_env.as_deref());
    let config = Config::parse(&text).map_err(|mistakes| Failure::unread(mistakes.join("\n")))?;
    match &target {
        None => output.raw(text.as_bytes())?,
        Some(path) => {
            write(path, &text, arguments.force)?;
            output.warn(&format!("wrote {}", path.display()));
            // Standard output carries one answer: the configuration, or what its test gave.
            let tested = sources::ask(&config, output)?;
            return Ok(if is_all { tested } else { Outcome::NotFound });
        }
    }
    output.flush()?;
    Ok(if is_all { Outcome::Done } else { Outcome::NotFound })
}

/// The file to write; `None` for standard output.
fn target(shared: &Shared, arguments: &InitArguments) -> Result<Option<PathBuf>, Failure> {
    let path = match (&arguments.to, &shared.config) {
        (Some(path), _) if path.as_os_str() == "-" => return Ok(None),
        (Some(path), _) | (None, Some(path)) => path.clone(),
        (None, None) => {
            folders().map(|folders| folders.config_dir().join("bridgewatch/config.toml")).ok_or_else(
                || Failure::usage("there is no folder of configurations here", "name a file by -o"),
            )?
        }
    };
    if path.exists() && !arguments.force {
        let message = format!("{} is there already", path.display());
        return Err(Failure::usage(message, "--force replaces it, -o names another file, -o - prints"));
    }
    Ok(Some(path))
}

fn write(path: &Path, text: &str, force: bool) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::unread(format!("cannot write {}: {error}", path.display()));
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).map_err(failed)?;
    }
    let mut options = std::fs::OpenOptions::new();
    let options = if force { options.create(true).truncate(true) } else { options.create_new(true) };
    options.write(true).open(path).and_then(|mut file| file.write_all(text.as_bytes())).map_err(failed)
}

fn ask_for_urls() -> Result<Vec<String>, Failure> {
    let hint = "give them as --url, or --grafana";
    let stdin = std::io::stdin();
    if stdin.is_terminal() {
        eprintln!("Where do your backends answer? One address a line, an empty line ends.");
        eprintln!(
            "Logs, traces, metrics, alerts, changes and brokers; which kind each is will be found out."
        );
    }
    let mut urls = Vec::new();
    for line in stdin.lock().lines() {
        let line = line.map_err(|error| Failure::unread(format!("cannot read the addresses: {error}")))?;
        let line = line.trim();
        if line.is_empty() {
            break;
        }
        urls.push(with_scheme(line));
    }
    if urls.is_empty() { Err(Failure::usage("no address was given", hint)) } else { Ok(urls) }
}

/// `loki:3100` means `http://loki:3100`.
fn with_scheme(url: &str) -> String {
    let url = url.trim().trim_end_matches('/');
    if url.contains("://") { url.to_owned() } else { format!("http://{url}") }
}

/// What answers at an address: every kind is tried, side by side.
async fn identify(url: &str, token_env: Option<&str>) -> Answer {
    let tries = KINDS.iter().map(|kind| {
        let text = table(kind, "probe", url, token_env.map(bearer).as_deref());
        async move {
            let config = Config::parse(&text)
                .map_err(|mistakes| SourceError::Misconfigured { reason: mistakes.join("; ") })?;
            let source =
                config.sources.first().map(|source: &SourceConfig| source.connect(&Settings::default()));
            let source = source.ok_or(SourceError::Misconfigured { reason: "no such kind".to_owned() })??;
            let said = tokio::time::timeout(PATIENCE, source.check()).await;
            said.unwrap_or_else(|_| {
                Err(SourceError::Unreachable {
                    endpoint: url.to_owned(),
                    reason: "no answer in time".to_owned(),
                })
            })
        }
    });
    let answers = futures::future::join_all(tries).await;
    for (kind, answer) in KINDS.iter().zip(&answers) {
        if let Ok(said) = answer {
            let (kind, needs_secret) = ((*kind).to_owned(), token_env.is_some());
            return Answer::Found(Found { kind, url: url.to_owned(), said: said.clone(), needs_secret });
        }
    }
    let is_refused = answers.iter().any(|answer| matches!(answer, Err(SourceError::Denied { .. })));
    let by_port = reqwest::Url::parse(url).ok().and_then(|url| url.port_or_known_default());
    let by_port = by_port.and_then(|port| PORTS.iter().find(|(known, _)| *known == port));
    match (is_refused, by_port) {
        (true, Some((_, kind))) => Answer::Found(Found {
            kind: (*kind).to_owned(),
            url: url.to_owned(),
            said: "refused to answer without credentials; the kind is guessed from its port".to_owned(),
            needs_secret: true,
        }),
        (true, None) => {
            Answer::Nothing("it refused to answer without credentials: give --token-env".to_owned())
        }
        (false, _) => {
            let unreachable = answers.iter().find_map(|answer| match answer {
                Err(error @ SourceError::Unreachable { .. }) => Some(error.to_string()),
                _ => None,
            });
            Answer::Nothing(
                unreachable
                    .unwrap_or_else(|| "something answers, but none of the kinds that are known".to_owned()),
            )
        }
    }
}

/// A data source of Grafana's.
#[derive(Deserialize)]
struct DataSource {
    #[serde(default)]
    uid: String,
    #[serde(default)]
    name: String,
    #[serde(rename = "type", default)]
    kind: String,
}

/// The data sources that Grafana's proxy lets through.
async fn behind_grafana(url: &str, token_env: Option<&str>) -> Result<Vec<Found>, SourceError> {
    let auth = token_env.map_or(Auth::None, |name| Auth::Bearer(Secret::Env(name.to_owned())));
    let http = Http::new(&Connection { url: url.to_owned(), auth, ..Connection::default() })?;
    let answer = http.ask(&Request::get("api/datasources", Vec::new(), PATIENCE)).await?;
    let unreadable = |reason: String| SourceError::Unreadable { endpoint: url.to_owned(), reason };
    if !answer.status.is_success() {
        return Err(unreadable(format!("{}", answer.status)));
    }
    let all: Vec<DataSource> = serde_json::from_slice(&answer.body)
        .map_err(|_| unreadable("it is no list of data sources".to_owned()))?;
    let known = all.into_iter().filter(|one| {
        matches!(one.kind.as_str(), "prometheus" | "loki" | "tempo" | "jaeger" | "zipkin")
            && one.uid.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    });
    let found = known.map(|one| Found {
        url: format!("{url}/api/datasources/proxy/uid/{}", one.uid),
        said: format!("Grafana's data source {}", crate::ingest::scrub_text(&one.name)),
        kind: one.kind,
        needs_secret: token_env.is_some(),
    });
    Ok(found.collect())
}

fn bearer(name: &str) -> String {
    format!("auth = {{ bearer = {{ env = {} }} }}", toml::Value::from(name))
}

fn table(kind: &str, name: &str, url: &str, auth: Option<&str>) -> String {
    let (name, url) = (toml::Value::from(name), toml::Value::from(url));
    format!("[[sources]]\nkind = \"{kind}\"\nname = {name}\nurl = {url}\n{}\n", auth.unwrap_or_default())
}

/// The configuration as it is written, with what a person may want to change.
fn configuration(found: &[Found], token_env: Option<&str>) -> String {
    let mut text = "# Written by `bridgewatch init`. `bridgewatch sources` tests it again; bridgewatch.toml in the documentation\n\
                    # lists every option, and docs/sources has a page for each kind.\n"
        .to_owned();
    let mut names: std::collections::HashMap<&str, usize> = std::collections::HashMap::new();
    for one in found {
        let count = names.entry(one.kind.as_str()).or_default();
        *count += 1;
        let name = if *count == 1 { one.kind.clone() } else { format!("{}-{count}", one.kind) };
        let said: String = one.said.chars().filter(|c| !c.is_control()).collect();
        let auth = match (one.needs_secret, token_env) {
            (false, _) => "# auth = { bearer = { env = \"TOKEN\" } }   # or basic, headers, oauth2; never the secret itself".to_owned(),
            (true, Some(token)) => bearer(token),
            (true, None) => format!(
                "# It wants to know who asks: name where the secret comes from, such as an environment variable.\n# {}",
                bearer("TOKEN")
            ),
        };
        text.push_str(&format!("\n# {said}\n{}", table(&one.kind, &name, &one.url, Some(&auth))));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(kind: &str, url: &str, needs_secret: bool) -> Found {
        Found { kind: kind.into(), url: url.into(), said: "3.5\u{1b}[31m\nevil = 1".into(), needs_secret }
    }

    #[test]
    fn what_is_written_can_be_read_and_names_are_told_apart() {
        let all = [
            found("loki", "http://a:3100", false),
            found("loki", "http://b:3100/x\"y", true),
            found("jaeger", "http://c:16686", true),
        ];
        for token in [None, Some("TOKEN")] {
            let config = Config::parse(&configuration(&all, token)).unwrap();
            let names: Vec<&str> = config.sources.iter().map(SourceConfig::name).collect();
            assert_eq!(names, ["loki", "loki-2", "jaeger"]);
        }
    }

    #[test]
    fn an_address_without_a_scheme_is_plain_http() {
        assert_eq!(with_scheme("loki:3100/"), "http://loki:3100");
        assert_eq!(with_scheme("https://x/y"), "https://x/y");
    }
}
