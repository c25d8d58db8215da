//! Roles, not colours. A theme is a TOML file that gives each role a style.

use ratatui::style::{Modifier, Style};
use serde::Deserialize;

/// A style for each role. Meaning never rests on it alone: each state has a symbol and a word as well.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Theme {
    pub text: Style,
    pub muted: Style,
    pub accent: Style,
    pub title: Style,
    pub border: Style,
    pub selection: Style,
    pub ok: Style,
    pub warn: Style,
    pub error: Style,
    /// The line of an incident, by urgency.
    pub alarm: Style,
    /// Systems, in turn.
    pub lanes: Vec<Style>,
}

const BUILT_IN: [(&str, &str); 4] = [
    ("dark", include_str!("../../themes/dark.toml")),
    ("light", include_str!("../../themes/light.toml")),
    ("high-contrast", include_str!("../../themes/high-contrast.toml")),
    ("plain", include_str!("../../themes/plain.toml")),
];

impl Theme {
    /// A built-in theme by name.
    pub fn named(name: &str) -> Option<Self> {
        let (_, text) = BUILT_IN.iter().find(|(known, _)| *known == name)?;
        Some(Self::parse(text).expect("the built-in themes are tested"))
    }

    pub fn names() -> impl Iterator<Item = &'static str> {
        BUILT_IN.iter().map(|(name, _)| *name)
    }

    pub fn parse(text: &str) -> Result<Self, String> {
        toml::from_str(text).map_err(|error| error.to_string())
    }

    pub fn lane(&self, number: usize) -> Style {
        self.lanes.get(number % self.lanes.len().max(1)).copied().unwrap_or(self.text)
    }

    /// Bold in the role's own colour.
    pub fn strong(style: Style) -> Style {
        style.add_modifier(Modifier::BOLD)
    }
}

impl Default for Theme {
    fn default() -> Self {
        Self::named("dark").expect("dark is built in")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_themes_are_whole_and_plain_has_no_colour() {
        for name in Theme::names() {
            assert!(Theme::named(name).is_some(), "{name}");
        }
        let plain = format!("{:?}", Theme::named("plain").unwrap());
        assert!(!plain.contains("fg(") && !plain.contains("Color::") && !plain.contains("Some("), "{plain}");
    }
}
