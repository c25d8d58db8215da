//! Roles, not colours. A theme is a TOML file that gives each role a style.

use ratatui::style::{Color, Modifier, Style};
use serde::Deserialize;

/// A style for each role. Meaning never rests on it alone: each state has a symbol and a word as well.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Theme {
    pub text: Style,
    /// What explains: labels, axes, what is usual.
    pub muted: Style,
    /// What can be followed: names of flows, the cursor's panel.
    pub accent: Style,
    pub title: Style,
    pub border: Style,
    pub selection: Style,
    pub ok: Style,
    pub warn: Style,
    pub error: Style,
    /// The incident's own label.
    pub alarm: Style,
    /// Systems, in turn.
    pub lanes: Vec<Style>,
}

/// How many colours a terminal has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Depth {
    /// The sixteen that the person has chosen for the terminal.
    Sixteen,
    TwoHundredFiftySix,
    True,
}

impl Depth {
    /// What a terminal says of itself in `COLORTERM` and `TERM`.
    pub fn of(colorterm: Option<&str>, term: Option<&str>) -> Self {
        let term = term.unwrap_or_default();
        match colorterm.unwrap_or_default() {
            "truecolor" | "24bit" => Self::True,
            _ if term.ends_with("-direct") => Self::True,
            _ if term.contains("256color") => Self::TwoHundredFiftySix,
            _ if ["kitty", "ghostty", "alacritty", "wezterm"].iter().any(|name| term.contains(name)) => {
                Self::True
            }
            _ => Self::Sixteen,
        }
    }
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

    /// The same theme with the nearest colours that the terminal has.
    #[must_use]
    pub fn at(mut self, depth: Depth) -> Self {
        let roles = [
            &mut self.text,
            &mut self.muted,
            &mut self.accent,
            &mut self.title,
            &mut self.border,
            &mut self.selection,
            &mut self.ok,
            &mut self.warn,
            &mut self.error,
            &mut self.alarm,
        ];
        for style in roles.into_iter().chain(&mut self.lanes) {
            style.fg = style.fg.map(|color| nearest(color, depth));
            // Sixteen colours hold no shade that lies well under text of any other colour: the cursor is reversed then.
            match style.bg.map(|color| (color, nearest(color, depth))) {
                Some((Color::Rgb(..), Color::Black | Color::DarkGray | Color::White | Color::Gray))
                    if depth == Depth::Sixteen =>
                {
                    style.bg = None;
                    *style = style.add_modifier(Modifier::REVERSED);
                }
                other => style.bg = other.map(|(_, near)| near),
            }
        }
        self
    }
}

/// The colour that a terminal with fewer colours has in its place.
fn nearest(color: Color, depth: Depth) -> Color {
    let Color::Rgb(r, g, b) = color else { return color };
    let distance = |(r2, g2, b2): (u8, u8, u8)| {
        let square = |a: u8, b: u8| (i32::from(a) - i32::from(b)).pow(2);
        square(r, r2) * 3 + square(g, g2) * 4 + square(b, b2) * 2
    };
    match depth {
        Depth::True => color,
        Depth::TwoHundredFiftySix => {
            let level = |n: u8| if n == 0 { 0 } else { 55 + n * 40 };
            let cube = (0..216u8).map(|n| (16 + n, (level(n / 36), level(n / 6 % 6), level(n % 6))));
            let grays = (0..24u8).map(|n| (232 + n, (8 + n * 10, 8 + n * 10, 8 + n * 10)));
            let best = cube.chain(grays).min_by_key(|(_, rgb)| distance(*rgb));
            best.map_or(color, |(index, _)| Color::Indexed(index))
        }
        Depth::Sixteen => {
            const SIXTEEN: [(Color, (u8, u8, u8)); 16] = [
                (Color::Black, (0, 0, 0)),
                (Color::Red, (190, 30, 30)),
                (Color::Green, (30, 160, 30)),
                (Color::Yellow, (180, 130, 0)),
                (Color::Blue, (30, 60, 200)),
                (Color::Magenta, (170, 30, 170)),
                (Color::Cyan, (0, 150, 170)),
                (Color::Gray, (190, 190, 190)),
                (Color::DarkGray, (110, 110, 115)),
                (Color::LightRed, (255, 100, 100)),
                (Color::LightGreen, (120, 230, 120)),
                (Color::LightYellow, (245, 215, 110)),
                (Color::LightBlue, (110, 170, 255)),
                (Color::LightMagenta, (230, 140, 240)),
                (Color::LightCyan, (120, 225, 235)),
                (Color::White, (255, 255, 255)),
            ];
            SIXTEEN.iter().min_by_key(|(_, rgb)| distance(*rgb)).map_or(color, |(near, _)| *near)
        }
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

    #[test]
    fn a_terminal_says_how_many_colours_it_has() {
        assert_eq!(Depth::of(Some("truecolor"), Some("xterm-256color")), Depth::True);
        assert_eq!(Depth::of(None, Some("xterm-kitty")), Depth::True);
        assert_eq!(Depth::of(None, Some("screen-256color")), Depth::TwoHundredFiftySix);
        assert_eq!(Depth::of(Some(""), Some("linux")), Depth::Sixteen);
        assert_eq!(Depth::of(None, None), Depth::Sixteen);
    }

    #[test]
    fn fewer_colours_keep_failures_red_and_the_cursor_in_sight() {
        for name in ["dark", "light", "high-contrast"] {
            let theme = Theme::named(name).unwrap();
            let sixteen = theme.clone().at(Depth::Sixteen);
            assert!(matches!(sixteen.error.fg, Some(Color::Red | Color::LightRed)), "{name} {sixteen:?}");
            assert!(matches!(sixteen.ok.fg, Some(Color::Green | Color::LightGreen)), "{name} {sixteen:?}");
            let selection = sixteen.selection;
            assert!(selection.bg.is_some() || selection.add_modifier.contains(Modifier::REVERSED), "{name}");
            let many = format!("{:?}", theme.clone().at(Depth::TwoHundredFiftySix));
            assert!(!many.contains("Rgb"), "{name} {many}");
            assert_eq!(theme.clone().at(Depth::True), theme);
        }
    }
}
