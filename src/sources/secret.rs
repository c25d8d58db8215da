//! Secrets: where they come from, and a wrapper that nothing can print. The configuration never holds one.

use serde::{Deserialize, Deserializer, Serialize};
use std::path::PathBuf;
use std::time::Duration;

/// Commands such as `vault` or `op` may ask a server.
const COMMAND_PATIENCE: Duration = Duration::from_secs(20);

/// Where a secret comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Secret {
    /// The name of an environment variable.
    Env(String),
    /// A file that holds nothing else.
    File(PathBuf),
    /// A command that prints it, program first.
    Command(Vec<String>),
}

/// A secret in memory; `Debug` and errors show nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretText(String);

impl SecretText {
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The secret itself, for the one place that sends it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for SecretText {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.write_str("SecretText(…)")
    }
}

impl Secret {
    /// Reads the secret anew; the error says what to mend and shows nothing of what was read.
    pub async fn read(&self) -> Result<SecretText, String> {
        let text = match self {
            Self::Env(name) => {
                std::env::var(name).map_err(|_| format!("the environment variable {name} is not set"))?
            }
            Self::File(path) => tokio::fs::read_to_string(path)
                .await
                .map_err(|error| format!("cannot read the secret file {}: {error}", path.display()))?,
            Self::Command(words) => run(words).await?,
        };
        let text = text.trim_end_matches(['\r', '\n']).to_owned();
        if text.is_empty() {
            return Err(format!("the secret from {} is empty", self.place()));
        }
        Ok(SecretText(text))
    }

    /// Whether reading it again may give another value while the program runs.
    pub fn can_change(&self) -> bool {
        !matches!(self, Self::Env(_))
    }

    /// Where it comes from, for people.
    pub fn place(&self) -> String {
        match self {
            Self::Env(name) => format!("the environment variable {name}"),
            Self::File(path) => format!("the file {}", path.display()),
            Self::Command(words) => format!("the command `{}`", words.first().map_or("", String::as_str)),
        }
    }

    /// The secret as a shell would fill it in, for commands that are copied.
    pub fn as_shell(&self) -> String {
        match self {
            Self::Env(name) => format!("${{{name}}}"),
            Self::File(path) => format!("$(cat '{}')", path.display()),
            Self::Command(words) => format!("$({})", words.join(" ")),
        }
    }
}

async fn run(words: &[String]) -> Result<String, String> {
    let (program, arguments) = words.split_first().ok_or("the command of a secret is empty")?;
    let child = tokio::process::Command::new(program)
        .args(arguments)
        .stdin(std::process::Stdio::null())
        .stderr(std::process::Stdio::null()) // It may name the secret.
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(COMMAND_PATIENCE, child)
        .await
        .map_err(|_| format!("the command `{program}` gave no secret within {COMMAND_PATIENCE:?}"))?
        .map_err(|error| format!("cannot run `{program}` for a secret: {error}"))?;
    if !output.status.success() {
        return Err(format!("the command `{program}` gave no secret ({})", output.status));
    }
    String::from_utf8(output.stdout).map_err(|_| format!("the command `{program}` did not print text"))
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SecretVisitor)
    }
}

struct SecretVisitor;

impl<'de> serde::de::Visitor<'de> for SecretVisitor {
    type Value = Secret;

    fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.write_str("{ env = \"NAME\" }, { file = \"PATH\" } or { command = [\"PROGRAM\", \"ARGUMENT\"] }")
    }

    fn visit_str<E: serde::de::Error>(self, _secret: &str) -> Result<Secret, E> {
        // The usual error would print the value.
        Err(E::custom(
            "a secret never stands in the configuration itself: \
             write { env = \"NAME\" }, { file = \"PATH\" } or { command = [\"PROGRAM\", \"ARGUMENT\"] }",
        ))
    }

    fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Secret, A::Error> {
        use serde::de::Error;
        let secret = match map.next_key::<String>()?.as_deref() {
            Some("env") => Secret::Env(map.next_value()?),
            Some("file") => Secret::File(map.next_value()?),
            Some("command") => Secret::Command(map.next_value()?),
            Some(other) => return Err(A::Error::unknown_field(other, &["env", "file", "command"])),
            None => return Err(A::Error::custom("a secret comes from `env`, `file` or `command`")),
        };
        match map.next_key::<String>()? {
            None => Ok(secret),
            Some(_) => Err(A::Error::custom("a secret has one origin: `env`, `file` or `command`")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_secret_comes_from_a_file_or_a_command_without_its_line_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        std::fs::write(&path, "s3cr3t\n").unwrap();
        assert_eq!(Secret::File(path).read().await.unwrap().expose(), "s3cr3t");
        let command = Secret::Command(vec!["printf".into(), "t0ken\n".into()]);
        assert_eq!(command.read().await.unwrap().expose(), "t0ken");
    }

    #[tokio::test]
    async fn a_missing_secret_says_where_it_was_looked_for() {
        let error = Secret::Env("BRIDGEWATCH_NO_SUCH".into()).read().await.unwrap_err();
        assert_eq!(error, "the environment variable BRIDGEWATCH_NO_SUCH is not set");
        let error = Secret::Command(vec!["false".into()]).read().await.unwrap_err();
        assert_eq!(error, "the command `false` gave no secret (exit status: 1)");
    }

    #[test]
    fn nothing_prints_a_secret() {
        assert_eq!(format!("{:?}", SecretText::new("s3cr3t".into())), "SecretText(…)");
        #[derive(Debug, Deserialize)]
        #[expect(dead_code, reason = "only read by the error")]
        struct Holder {
            token: Secret,
        }
        let error = toml::from_str::<Holder>("token = \"s3cr3t\"").unwrap_err();
        assert!(!error.message().contains("s3cr3t"), "{}", error.message());
    }
}
