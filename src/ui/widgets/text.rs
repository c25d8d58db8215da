//! Text by display width: cut with an ellipsis, wrapped at words, times as the person wants them.

use crate::telemetry::Time;
use crate::ui::{Data, Theme};
use ratatui::widgets::{Block, BorderType};
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// The text in exactly `width` cells: padded, or cut with an ellipsis. Newlines become blanks.
pub(in crate::ui) fn fit(text: &str, width: usize) -> String {
    let mut out = String::with_capacity(width);
    let mut used = 0;
    let is_long = text.width() > width || text.contains(['\n', '\t']) && text.len() > width;
    let room = if is_long { width.saturating_sub(1) } else { width };
    for grapheme in text.graphemes(true) {
        let grapheme =
            if grapheme == "\n" || grapheme == "\r\n" || grapheme == "\t" { " " } else { grapheme };
        let cells = grapheme.width();
        if used + cells > room {
            break;
        }
        out.push_str(grapheme);
        used += cells;
    }
    if is_long && width > 0 {
        out.push('…');
        used += 1;
    }
    out.extend(std::iter::repeat_n(' ', width.saturating_sub(used)));
    out
}

/// Lines of at most `width` cells, broken at blanks where there are any.
pub(in crate::ui) fn wrap(text: &str, width: usize) -> Vec<String> {
    let width = width.max(1);
    let mut lines = Vec::new();
    for paragraph in text.split('\n') {
        let indent: String = paragraph.chars().take_while(|c| *c == ' ').collect();
        let mut line = String::new();
        for word in paragraph.split_inclusive(' ') {
            if line.width() + word.trim_end().width() > width && !line.trim().is_empty() {
                lines.push(line.trim_end().to_owned());
                line.clone_from(&indent);
            }
            line.push_str(word);
            while line.width() > width {
                let head = cells(&line, width);
                line = line[head.len()..].to_owned();
                lines.push(head);
            }
        }
        lines.push(line.trim_end().to_owned());
    }
    lines
}

fn cells(text: &str, width: usize) -> String {
    let mut used = 0;
    text.graphemes(true)
        .take_while(|grapheme| {
            used += grapheme.width();
            used <= width
        })
        .collect()
}

/// A time of day as the person wants it: UTC, or on the local clock.
pub(in crate::ui) fn clock(time: Time, data: &Data) -> String {
    time.at_offset(data.local.unwrap_or(0)).format("%H:%M:%S").to_string()
}

/// A bordered panel with a title.
pub(in crate::ui) fn panel<'a>(title: impl Into<String>, theme: &Theme) -> Block<'a> {
    Block::bordered()
        .border_type(BorderType::Rounded)
        .border_style(theme.border)
        .title(ratatui::text::Span::styled(format!(" {} ", title.into()), theme.title))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_fill_their_cells_whatever_their_width() {
        assert_eq!(fit("abc", 5), "abc  ");
        assert_eq!(fit("abcdef", 5), "abcd…");
        assert_eq!(fit("漢字漢字", 5), "漢字…");
        assert_eq!(fit("e\u{301}e\u{301}e\u{301}", 2), "e\u{301}…");
        assert_eq!(fit("a\nb", 3), "a b");
        assert_eq!(fit("x", 0), "");
    }

    #[test]
    fn lines_break_at_blanks_and_long_words_anywhere() {
        assert_eq!(wrap("one two three", 8), ["one two", "three"]);
        assert_eq!(wrap("abcdefghij", 4), ["abcd", "efgh", "ij"]);
        assert_eq!(wrap("a\n\nb", 4), ["a", "", "b"]);
    }
}
