//! The ways in which backends want to be told who asks.

use super::Secret;
use base64::Engine as _;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::Instant;

/// How a source is told who asks.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields, remote = "Self")]
pub enum Auth {
    #[default]
    None,
    /// `Authorization: Bearer …`
    Bearer(Secret),
    Basic {
        user: String,
        password: Secret,
    },
    /// `Authorization: SCHEME …`, such as `ApiKey`, `Splunk`, `Api-Token` or `Token token=`; empty for the bare value.
    Scheme {
        scheme: String,
        value: Secret,
    },
    /// Headers of a vendor's own, such as `DD-API-KEY`.
    Headers(std::collections::BTreeMap<String, Secret>),
    /// OAuth 2 client credentials; the token is fetched and renewed before it ends.
    Oauth2 {
        token_url: String,
        client_id: String,
        client_secret: Secret,
        #[serde(default)]
        scope: String,
    },
}

impl Serialize for Auth {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Self::serialize(self, serializer)
    }
}

/// Refuses a text before serde would print it: it may be a token that was put in the wrong place.
impl<'de> Deserialize<'de> for Auth {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = Auth;

            fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
                f.write_str("a table such as { bearer = { env = \"NAME\" } }")
            }

            fn visit_str<E: serde::de::Error>(self, _: &str) -> Result<Auth, E> {
                Err(E::custom("`auth` is a table such as { bearer = { env = \"NAME\" } }"))
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(self, map: A) -> Result<Auth, A::Error> {
                Auth::deserialize(serde::de::value::MapAccessDeserializer::new(map))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

/// The headers that an [`Auth`] amounts to, read when first needed.
pub(super) struct Credentials {
    auth: Auth,
    held: Mutex<Option<Held>>,
}

struct Held {
    headers: HeaderMap,
    until: Option<Instant>,
}

/// What stands where a backend repeated a secret.
const HIDDEN: &str = "[secret]";

impl Credentials {
    pub(super) fn new(auth: Auth) -> Self {
        Self { auth, held: Mutex::new(None) }
    }

    pub(super) async fn headers(&self, client: &reqwest::Client) -> Result<HeaderMap, String> {
        let mut held = self.held.lock().await;
        if let Some(held) = &*held
            && held.until.is_none_or(|until| Instant::now() < until)
        {
            return Ok(held.headers.clone());
        }
        let fresh = self.read(client).await?;
        let headers = fresh.headers.clone();
        *held = Some(fresh);
        Ok(headers)
    }

    /// Forgets what is held if reading it anew may help; says whether.
    pub(super) async fn renew(&self) -> bool {
        let can_change = match &self.auth {
            Auth::None => false,
            Auth::Bearer(secret)
            | Auth::Basic { password: secret, .. }
            | Auth::Scheme { value: secret, .. } => secret.can_change(),
            Auth::Headers(headers) => headers.values().any(Secret::can_change),
            Auth::Oauth2 { .. } => true,
        };
        if can_change {
            *self.held.lock().await = None;
        }
        can_change
    }

    /// The text without any secret that is held: a backend may repeat what it was sent.
    pub(super) async fn hide(&self, text: &str) -> String {
        let held = self.held.lock().await;
        let values =
            held.iter().flat_map(|held| held.headers.values()).filter_map(|value| value.to_str().ok());
        values.fold(text.to_owned(), |text, value| {
            let secret = value.rsplit(' ').next().unwrap_or(value);
            let secret = secret.strip_prefix("token=").unwrap_or(secret);
            if secret.is_empty() { text } else { text.replace(secret, HIDDEN) }
        })
    }

    async fn read(&self, client: &reqwest::Client) -> Result<Held, String> {
        let mut headers = HeaderMap::new();
        let mut until = None;
        match &self.auth {
            Auth::None => {}
            Auth::Bearer(token) => {
                headers.insert(
                    AUTHORIZATION,
                    secret_value(&format!("Bearer {}", token.read().await?.expose()))?,
                );
            }
            Auth::Basic { user, password } => {
                let pair = format!("{user}:{}", password.read().await?.expose());
                let pair = base64::engine::general_purpose::STANDARD.encode(pair);
                headers.insert(AUTHORIZATION, secret_value(&format!("Basic {pair}"))?);
            }
            Auth::Scheme { scheme, value } => {
                let value = value.read().await?;
                headers.insert(AUTHORIZATION, secret_value(&schemed(scheme, value.expose()))?);
            }
            Auth::Headers(names) => {
                for (name, value) in names {
                    let header = HeaderName::from_bytes(name.as_bytes())
                        .map_err(|_| format!("`{name}` is no name of a header"))?;
                    headers.insert(header, secret_value(value.read().await?.expose())?);
                }
            }
            Auth::Oauth2 { token_url, client_id, client_secret, scope } => {
                let secret = client_secret.read().await?;
                let mut form = vec![
                    ("grant_type", "client_credentials"),
                    ("client_id", client_id),
                    ("client_secret", secret.expose()),
                ];
                if !scope.is_empty() {
                    form.push(("scope", scope));
                }
                let token = fetch_token(client, token_url, &form).await?;
                headers.insert(AUTHORIZATION, secret_value(&format!("Bearer {}", token.access_token))?);
                let lasts = Duration::from_secs(token.expires_in.unwrap_or(300).saturating_sub(60).max(10));
                until = Some(Instant::now() + lasts);
            }
        }
        Ok(Held { headers, until })
    }

    /// The arguments for `curl`, secrets as a shell fills them in.
    pub(super) fn as_curl(&self) -> Vec<String> {
        let header = |text: String| format!("-H \"{text}\"");
        match &self.auth {
            Auth::None => Vec::new(),
            Auth::Bearer(token) => vec![header(token.header("Authorization: Bearer "))],
            Auth::Basic { user, password } => vec![format!("-u \"{user}:{}\"", password.as_shell())],
            Auth::Scheme { scheme, value } => {
                vec![header(value.header(&format!("Authorization: {}", schemed(scheme, ""))))]
            }
            Auth::Headers(names) => {
                names.iter().map(|(name, value)| header(value.header(&format!("{name}: ")))).collect()
            }
            Auth::Oauth2 { .. } => vec![header("Authorization: Bearer ${TOKEN}".to_owned())],
        }
    }
}

/// The value behind its scheme: with a blank between, unless the scheme ends with an equals sign or there is none.
fn schemed(scheme: &str, value: &str) -> String {
    let blank = if scheme.is_empty() || scheme.ends_with('=') { "" } else { " " };
    format!("{scheme}{blank}{value}")
}

#[derive(Deserialize)]
struct Token {
    access_token: String,
    expires_in: Option<u64>,
}

async fn fetch_token(client: &reqwest::Client, url: &str, form: &[(&str, &str)]) -> Result<Token, String> {
    let response = client.post(url).form(form).send().await;
    let response =
        response.map_err(|error| format!("the token endpoint did not answer: {}", super::reason(&error)))?;
    if !response.status().is_success() {
        return Err(format!("the token endpoint refused the client ({})", response.status()));
    }
    // The body is not shown: it may hold the token.
    response.json().await.map_err(|_| "the token endpoint's answer has no `access_token`".to_owned())
}

fn secret_value(text: &str) -> Result<HeaderValue, String> {
    let mut value = HeaderValue::from_str(text)
        .map_err(|_| "the secret has characters that no header may hold".to_owned())?;
    value.set_sensitive(true);
    Ok(value)
}
