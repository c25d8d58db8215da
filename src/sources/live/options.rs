//! The options that adapters share, and how an adapter declares its own beside them.

use crate::sources::http::{Auth, Budget, Tls};

/// The options that every adapter has, taken out of its `Config`.
pub(in crate::sources) struct Common<'a> {
    pub name: &'a str,
    pub url: &'a str,
    pub ui: &'a str,
    pub auth: &'a Auth,
    pub headers: &'a std::collections::BTreeMap<String, String>,
    pub tls: &'a Tls,
    pub budget: &'a Budget,
}

/// Declares the `Config` of an adapter: the options that all have, and its own with their defaults.
macro_rules! source_config {
    ($kind:literal at $url:literal { $($(#[$doc:meta])* $field:ident: $type:ty = $default:expr,)* }) => {
        #[doc = concat!("A `[[sources]]` table of kind `", $kind, "`.")]
        #[derive(Clone, Debug, PartialEq, serde::Deserialize, serde::Serialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct Config {
            pub name: String,
            /// Where it answers, with the path prefix if there is one.
            pub url: String,
            /// Where people look at it, if that is another address; deep links lead there.
            pub ui: String,
            pub auth: crate::sources::http::Auth,
            /// Headers that are no secret, such as a tenant.
            pub headers: std::collections::BTreeMap<String, String>,
            pub tls: crate::sources::http::Tls,
            pub budget: crate::sources::http::Budget,
            $($(#[$doc])* pub $field: $type,)*
        }

        impl Default for Config {
            fn default() -> Self {
                Self {
                    name: $kind.to_owned(),
                    url: $url.to_owned(),
                    ui: String::new(),
                    auth: Default::default(),
                    headers: Default::default(),
                    tls: Default::default(),
                    budget: Default::default(),
                    $($field: $default,)*
                }
            }
        }

        impl Config {
            fn common(&self) -> crate::sources::live::Common<'_> {
                crate::sources::live::Common {
                    name: &self.name,
                    url: &self.url,
                    ui: &self.ui,
                    auth: &self.auth,
                    headers: &self.headers,
                    tls: &self.tls,
                    budget: &self.budget,
                }
            }
        }
    };
}
pub(in crate::sources) use source_config;
