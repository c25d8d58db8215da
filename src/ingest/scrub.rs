//! Hostile text made harmless, at the door: nothing in a log line may drive a terminal.

use std::borrow::Cow;

/// The text of raw bytes: invalid UTF-8, control characters, terminal escapes and bidi overrides become visible
/// replacements; newlines and tabs stay.
pub fn scrub(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => scrub_text(text),
        Err(_) => Cow::Owned(scrub_text(&String::from_utf8_lossy(bytes)).into_owned()),
    }
}

/// The same for text that is UTF-8 already, such as a decoded JSON string.
pub fn scrub_text(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|byte| (b' '..0x7f).contains(&byte) || byte == b'\n' || byte == b'\t') {
        return Cow::Borrowed(text);
    }
    if !text.chars().any(is_hostile) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(
        text.chars().filter(|&c| c != '\r').map(|c| if is_hostile(c) { visible(c) } else { c }).collect(),
    )
}

fn is_hostile(c: char) -> bool {
    match c {
        '\n' | '\t' => false,
        // C0, DEL and C1 controls: escape sequences begin with these.
        '\0'..='\x1f' | '\x7f'..='\u{9f}' => true,
        // Bidi marks, embeddings, overrides and isolates; zero-width characters; interlinear and tag characters.
        '\u{61c}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{feff}' => true,
        '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}' => true,
        _ => false,
    }
}

/// The control picture of a C0 control, else the replacement character.
fn visible(c: char) -> char {
    match c {
        '\0'..='\x1f' => char::from_u32(0x2400 + c as u32).unwrap_or('\u{fffd}'),
        '\x7f' => '␡',
        _ => '\u{fffd}',
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn escapes_and_overrides_become_visible() {
        assert_eq!(scrub(b"\x1b[2J\x1b]0;pwned\x07 ok\r\n"), "␛[2J␛]0;pwned␇ ok\n");
        assert_eq!(scrub("abc\u{202e}cba".as_bytes()), "abc\u{fffd}cba");
        assert_eq!(scrub(b"nul\0 and \xff"), "nul␀ and \u{fffd}");
        assert_eq!(scrub("Größe 漢字 e\u{301}".as_bytes()), "Größe 漢字 e\u{301}");
    }

    proptest! {
        #[test]
        fn nothing_that_drives_a_terminal_comes_through(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(!scrub(&bytes).chars().any(is_hostile));
        }
    }
}
