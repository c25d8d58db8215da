//! Keys to actions. A binding is one or more keys in a row; there is no timer.

use super::Action;
use crokey::{KeyCombination, KeyCombinationFormat};
use crossterm::event::KeyEvent;

/// The bindings in force, and the keys of a row pressed so far.
#[derive(Clone, Debug)]
pub struct Keymap {
    bindings: Vec<(Vec<KeyCombination>, Action)>,
    pending: Vec<KeyCombination>,
}

const BUILT_IN: &str = include_str!("../../keymap.toml");

/// The name that frees a key.
const NOTHING: &str = "nothing";

impl Keymap {
    /// The built-in bindings and those of a person's file, which win. All mistakes are reported at once.
    pub fn with_own(own: &str) -> Result<Self, Vec<String>> {
        let mut keymap = Self::default();
        let mut mistakes = Vec::new();
        for (keys, action) in read(own, &mut mistakes) {
            // What begins with these keys, or what these keys begin with, could not be reached any more.
            keymap.bindings.retain(|(known, _)| !known.starts_with(&keys) && !keys.starts_with(known));
            keymap.bindings.extend(action.map(|action| (keys, action)));
        }
        mistakes.extend(keymap.unreachable());
        if mistakes.is_empty() { Ok(keymap) } else { Err(mistakes) }
    }

    /// Bindings that another one hides, since it begins with the same keys.
    fn unreachable(&self) -> Vec<String> {
        let hides = |keys: &[KeyCombination]| {
            self.bindings.iter().find(|(other, _)| other.len() > keys.len() && other.starts_with(keys))
        };
        self.bindings
            .iter()
            .filter_map(|(keys, _)| Some((keys, hides(keys)?)))
            .map(|(keys, (other, _))| {
                format!("`{}` cannot be reached: `{}` begins with it", written(keys), written(other))
            })
            .collect()
    }

    /// Takes one key; answers with an action once the keys so far name exactly one.
    pub fn feed(&mut self, key: KeyEvent) -> Option<Action> {
        self.pending.push(KeyCombination::from(key).normalized());
        let mut candidates = self.bindings.iter().filter(|(keys, _)| keys.starts_with(&self.pending));
        let outcome = match candidates.next() {
            Some((keys, action)) if keys.len() == self.pending.len() => Some(*action),
            Some(_) => return None, // The row is not complete yet.
            None => None,
        };
        self.pending.clear();
        outcome
    }

    /// The keys of a row that is not complete, for the status line.
    pub fn pending(&self) -> Option<String> {
        (!self.pending.is_empty()).then(|| written(&self.pending))
    }

    /// The keys of an action as they are written in hints, the shortest.
    pub fn keys(&self, action: Action) -> Option<String> {
        self.all_keys(action).into_iter().next()
    }

    /// All keys of an action, the shortest first.
    pub fn all_keys(&self, action: Action) -> Vec<String> {
        let own = self.bindings.iter().filter(|(_, bound)| *bound == action);
        let mut all: Vec<String> = own.map(|(keys, _)| written(keys)).collect();
        all.sort_by_key(|keys| (keys.chars().count(), keys.clone()));
        all
    }
}

/// Bindings of a file; `None` frees the keys. Mistakes are added to `mistakes`.
fn read(text: &str, mistakes: &mut Vec<String>) -> Vec<(Vec<KeyCombination>, Option<Action>)> {
    let table: toml::Table = match toml::from_str(text) {
        Ok(table) => table,
        Err(error) => {
            mistakes.push(error.to_string());
            return Vec::new();
        }
    };
    let mut bindings = Vec::new();
    for (keys, value) in table {
        let read_keys: Result<Vec<KeyCombination>, _> =
            keys.split_whitespace().map(|key| key.parse().map(KeyCombination::normalized)).collect();
        let action = match value.as_str() {
            Some(NOTHING) => Some(None),
            Some(name) => name.parse::<Action>().ok().map(Some),
            None => None,
        };
        match (&read_keys, action) {
            (Ok(read_keys), Some(action)) if !read_keys.is_empty() => {
                bindings.push((read_keys.clone(), action));
                continue;
            }
            _ => {}
        }
        if read_keys.is_err() || read_keys.is_ok_and(|keys| keys.is_empty()) {
            mistakes
                .push(format!("`{keys}` names no key; examples are `j`, `ctrl-p`, `shift-g`, `pagedown`"));
        }
        if action.is_none() {
            mistakes
                .push(format!("{value} names no action; the help (?) lists them, \"{NOTHING}\" frees a key"));
        }
    }
    bindings
}

/// Keys as they are written in hints: `^p`, `D`, `esc`.
fn written(keys: &[KeyCombination]) -> String {
    let format = KeyCombinationFormat::default();
    let one = |key: &KeyCombination| {
        let key = format.to_string(*key);
        match key.strip_prefix("Shift-") {
            Some(letter) if letter.chars().count() == 1 => letter.to_uppercase(),
            Some("BackTab") => "shift-tab".to_owned(),
            _ => match key.as_str() {
                "Hyphen" => "-".to_owned(),
                "BackTab" => "shift-tab".to_owned(),
                "Left" => "←".to_owned(),
                "Right" => "→".to_owned(),
                "Up" => "↑".to_owned(),
                "Down" => "↓".to_owned(),
                "PageDown" => "pgdn".to_owned(),
                "PageUp" => "pgup".to_owned(),
                key if key.chars().count() == 1 => key.to_owned(),
                key => key.replace("Ctrl-", "^").to_lowercase(),
            },
        }
    };
    keys.iter().map(one).collect::<Vec<_>>().join(" ")
}

impl Default for Keymap {
    fn default() -> Self {
        let mut mistakes = Vec::new();
        let bindings = read(BUILT_IN, &mut mistakes);
        let bindings = bindings.into_iter().filter_map(|(keys, action)| Some((keys, action?))).collect();
        Self { bindings, pending: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn press(keymap: &mut Keymap, key: &str) -> Option<Action> {
        keymap.feed(key.parse::<KeyCombination>().unwrap().into())
    }

    #[test]
    fn every_action_has_a_sentence_a_word_and_a_key_and_the_built_in_file_has_no_mistake() {
        let mut mistakes = Vec::new();
        read(BUILT_IN, &mut mistakes);
        let keymap = Keymap::default();
        mistakes.extend(keymap.unreachable());
        assert!(mistakes.is_empty(), "{mistakes:?}");
        for action in Action::all() {
            assert!(action.about().len() > 5 && !action.word().is_empty(), "{action:?}");
            assert!(keymap.keys(action).is_some(), "{action:?} has no key");
        }
    }

    #[test]
    fn own_keys_win_and_rows_of_keys_need_no_timer() {
        let mut keymap =
            Keymap::with_own("\"ctrl-x s\" = \"export\"\n\"j\" = \"quit\"\n\"y\" = \"nothing\"").unwrap();
        assert_eq!(press(&mut keymap, "j"), Some(Action::Quit));
        assert_eq!(press(&mut keymap, "y"), None);
        assert_eq!(press(&mut keymap, "ctrl-x"), None);
        assert_eq!(keymap.pending().as_deref(), Some("^x"));
        assert_eq!(press(&mut keymap, "s"), Some(Action::Export));
        assert_eq!(press(&mut keymap, "ctrl-x"), None);
        assert_eq!(press(&mut keymap, "q"), None, "no row goes on so");
        assert_eq!(press(&mut keymap, "q"), Some(Action::Quit));
    }

    #[test]
    fn mistakes_come_all_at_once() {
        let mistakes = Keymap::with_own(
            "\"nokey-\" = \"quit\"\n\"j\" = \"dance\"\n\"k\" = 3\n\"b\" = \"quit\"\n\"b b\" = \"help\"",
        );
        let mistakes = mistakes.unwrap_err();
        assert_eq!(mistakes.len(), 3, "{mistakes:#?}");
        assert_eq!(Keymap::with_own("not toml at all").unwrap_err().len(), 1);
    }

    #[test]
    fn a_row_of_ones_own_replaces_what_it_would_hide() {
        let mut keymap = Keymap::with_own("\"g g\" = \"first-item\"").unwrap();
        assert_eq!(press(&mut keymap, "g"), None);
        assert_eq!(press(&mut keymap, "g"), Some(Action::FirstItem));
    }
}
