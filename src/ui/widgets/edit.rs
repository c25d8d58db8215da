//! A line of text under the keys, where a field is too small for an editor.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// Does to a line what a shell would; whether the key was one for text.
pub(in crate::ui) fn edit(text: &mut String, key: KeyEvent) -> bool {
    match (key.code, key.modifiers.contains(KeyModifiers::CONTROL)) {
        (KeyCode::Char('u'), true) => text.clear(),
        (KeyCode::Char('w'), true) => {
            let kept = text.trim_end().rfind(char::is_whitespace).map_or(0, |at| at + 1);
            text.truncate(text[..kept].trim_end().len() + usize::from(kept > 0));
        }
        (KeyCode::Char(c), false) => text.push(c),
        (KeyCode::Backspace, _) => {
            text.pop();
        }
        _ => return false,
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_cleared_and_loses_a_word_by_the_keys_of_a_shell() {
        let mut text = String::new();
        for c in "mule · order".chars() {
            assert!(edit(&mut text, KeyEvent::from(KeyCode::Char(c))));
        }
        let control = |c| KeyEvent::new(KeyCode::Char(c), KeyModifiers::CONTROL);
        assert!(edit(&mut text, control('w')));
        assert_eq!(text, "mule · ");
        assert!(!edit(&mut text, control('x')), "no letter");
        assert!(edit(&mut text, KeyEvent::from(KeyCode::Backspace)));
        assert_eq!(text, "mule ·");
        assert!(edit(&mut text, control('u')));
        assert_eq!(text, "");
    }
}
