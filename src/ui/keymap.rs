//! Keys to actions. A binding is one or more keys in a row; there is no timer.

use super::Action;
use crokey::{KeyCombination, KeyCombinationFormat};
use crossterm::event::KeyEvent;
use std::collections::BTreeMap;

/// The bindings in force, and the keys of a row pressed so far.
#[derive(Clone, Debug)]
pub struct Keymap {
    bindings: Vec<(Vec<KeyCombination>, Action)>,
    pending: Vec<KeyCombination>,
}

const BUILT_IN: &str = include_str!("../../keymap.toml");

impl Keymap {
    /// The built-in bindings and those of a person's file, which win. All mistakes are reported at once.
    pub fn with_own(own: &str) -> Result<Self, Vec<String>> {
        let mut keymap = Self::parse(BUILT_IN)?;
        for (keys, action) in Self::parse(own)?.bindings {
            keymap.bindings.retain(|(known, _)| *known != keys);
            keymap.bindings.push((keys, action));
        }
        Ok(keymap)
    }

    fn parse(text: &str) -> Result<Self, Vec<String>> {
        let lines: BTreeMap<String, String> =
            toml::from_str(text).map_err(|error| vec![error.to_string()])?;
        let (mut bindings, mut errors) = (Vec::new(), Vec::new());
        for (keys, name) in lines {
            let keys_read: Result<Vec<KeyCombination>, _> = keys.split(' ').map(str::parse).collect();
            match (keys_read, name.parse::<Action>()) {
                (Ok(keys), Ok(action)) => bindings.push((keys.into_iter().map(normal).collect(), action)),
                (Err(_), _) => errors.push(format!(
                    "`{keys}` names no key; examples are `j`, `ctrl-p`, `shift-g`, `pagedown`"
                )),
                (_, Err(_)) => errors.push(format!("`{name}` names no action; the help (?) lists them")),
            }
        }
        if errors.is_empty() { Ok(Self { bindings, pending: Vec::new() }) } else { Err(errors) }
    }

    /// Takes one key; answers with an action once the keys so far name exactly one.
    pub fn feed(&mut self, key: KeyEvent) -> Option<Action> {
        self.pending.push(normal(key.into()));
        let mut candidates = self.bindings.iter().filter(|(keys, _)| keys.starts_with(&self.pending));
        let (first, second) = (candidates.next(), candidates.next());
        let outcome = match (first, second) {
            (Some((keys, action)), None) if keys.len() == self.pending.len() => Some(*action),
            (Some(_), _) => return None,
            (None, _) => None,
        };
        self.pending.clear();
        outcome
    }

    /// The keys of an action as they are written in hints, the shortest first.
    pub fn keys(&self, action: Action) -> Option<String> {
        let format = KeyCombinationFormat::default();
        let mut all: Vec<String> = self
            .bindings
            .iter()
            .filter(|(_, bound)| *bound == action)
            .map(|(keys, _)| {
                keys.iter().map(|key| short(&format.to_string(*key))).collect::<Vec<_>>().join(" ")
            })
            .collect();
        all.sort_by_key(|keys| (keys.chars().count(), keys.clone()));
        all.into_iter().next()
    }
}

/// Terminals report an upper-case letter with or without its shift: both are the same key.
fn normal(key: KeyCombination) -> KeyCombination {
    key.normalized()
}

fn short(key: &str) -> String {
    match key.strip_prefix("Shift-") {
        Some(letter) if letter.chars().count() == 1 => letter.to_uppercase(),
        _ => key.replace("Ctrl-", "^").replace("Esc", "esc").replace("Enter", "enter"),
    }
}

impl Default for Keymap {
    fn default() -> Self {
        Self::parse(BUILT_IN).expect("the built-in keymap is tested")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use strum::{EnumMessage, IntoEnumIterator};

    #[test]
    fn every_action_has_a_sentence_and_a_key() {
        let keymap = Keymap::default();
        for action in Action::iter() {
            assert!(action.get_documentation().is_some(), "{action:?}");
            assert!(keymap.keys(action).is_some(), "{action:?} has no key");
        }
    }

    #[test]
    fn own_keys_win_and_mistakes_come_all_at_once() {
        let mut keymap = Keymap::with_own("\"ctrl-x s\" = \"export\"\n\"j\" = \"quit\"").unwrap();
        let press =
            |keymap: &mut Keymap, key: &str| keymap.feed(key.parse::<KeyCombination>().unwrap().into());
        assert_eq!(press(&mut keymap, "j"), Some(Action::Quit));
        assert_eq!(press(&mut keymap, "ctrl-x"), None);
        assert_eq!(press(&mut keymap, "s"), Some(Action::Export));
        assert_eq!(Keymap::with_own("\"nokey-\" = \"quit\"\n\"j\" = \"dance\"").unwrap_err().len(), 2);
    }
}
