//! Text by display width: cut with an ellipsis, wrapped at words, times as the person wants them.

use crate::telemetry::{Nanos, Time};
use crate::ui::Data;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// The text in exactly `width` cells: padded, or cut with an ellipsis. Newlines become blanks.
pub(in crate::ui) fn fit(text: &str, width: usize) -> String {
    let mut out = cut(text, width);
    out.extend(std::iter::repeat_n(' ', width.saturating_sub(out.width())));
    out
}

/// The text in at most `width` cells, cut with an ellipsis. Newlines become blanks.
pub(in crate::ui) fn cut(text: &str, width: usize) -> String {
    let mut out = String::with_capacity(width.min(text.len()));
    // Where the text was `width - 1` cells long, in case that it does not end in time.
    let mut before_last = 0;
    let mut used = 0;
    for grapheme in text.graphemes(true) {
        let grapheme = if matches!(grapheme, "\n" | "\r\n" | "\r" | "\t") { " " } else { grapheme };
        let cells = grapheme.width();
        if used + cells > width {
            out.truncate(before_last);
            if width > 0 {
                out.push('…');
            }
            return out;
        }
        out.push_str(grapheme);
        used += cells;
        if used < width {
            before_last = out.len();
        }
    }
    out
}

/// The text in exactly `width` cells, cut at its start: what tells paths apart stands at their end.
pub(in crate::ui) fn fit_end(text: &str, width: usize) -> String {
    if text.width() <= width {
        return fit(text, width);
    }
    let mut kept = Vec::new();
    let mut used = 1;
    for grapheme in text.graphemes(true).rev() {
        used += grapheme.width();
        if used > width {
            break;
        }
        kept.push(grapheme);
    }
    let end: String = kept.into_iter().rev().collect();
    fit(&format!("…{end}"), width)
}

/// An identifier in at most `width` cells: cut in its middle, since people compare beginnings and ends.
pub(in crate::ui) fn fit_middle(text: &str, width: usize) -> String {
    let count = text.chars().count();
    if count <= width || width < 5 || !text.is_ascii() {
        return fit(text, width);
    }
    let end = (width - 1) / 3;
    let start = width - 1 - end;
    format!("{}…{}", &text[..start], &text[count - end..])
}

/// Lines of at most `width` cells, broken at blanks where there are any; later lines keep the indent of the first.
pub(in crate::ui) fn wrap(text: &str, width: usize) -> Vec<String> {
    let width = width.max(1);
    let mut lines = Vec::new();
    for paragraph in text.split('\n') {
        let indent: String = paragraph.chars().take_while(|c| *c == ' ').take(width / 2).collect();
        let mut line = String::new();
        let count = lines.len();
        for word in paragraph.split_inclusive(' ') {
            if line.width() + word.trim_end().width() > width && !line.trim().is_empty() {
                lines.push(line.trim_end().to_owned());
                line.clone_from(&indent);
            }
            line.push_str(word);
            while line.trim_end().width() > width {
                let head = first_cells(&line, width);
                line = line[head.len()..].to_owned();
                lines.push(head);
            }
        }
        // What is left, or an empty line if there was nothing.
        if !line.is_empty() || lines.len() == count {
            lines.push(line.trim_end().to_owned());
        }
    }
    lines
}

/// At most `rows` lines; an ellipsis where there would be more.
pub(in crate::ui) fn wrap_to(text: &str, width: usize, rows: usize) -> Vec<String> {
    let mut lines = wrap(text, width);
    if lines.len() > rows {
        lines.truncate(rows);
        if let Some(last) = lines.last_mut() {
            *last = cut(&format!("{last} …"), width);
            if !last.ends_with('…') {
                last.push('…');
            }
        }
    }
    lines
}

/// What fits into `width` cells, but one grapheme at least, so that whoever asks gets on.
fn first_cells(text: &str, width: usize) -> String {
    let mut used = 0;
    let mut graphemes = text.graphemes(true);
    let mut head = graphemes.next().unwrap_or_default().to_owned();
    used += head.width();
    for grapheme in graphemes {
        used += grapheme.width();
        if used > width {
            break;
        }
        head.push_str(grapheme);
    }
    head
}

/// A time of day as the person wants it: UTC, or on the local clock.
pub(in crate::ui) fn clock(time: Time, data: &Data) -> String {
    time.at_offset(data.local.unwrap_or(0)).format("%H:%M:%S").to_string()
}

/// The same with milliseconds.
pub(in crate::ui) fn clock_ms(time: Time, data: &Data) -> String {
    time.at_offset(data.local.unwrap_or(0)).format("%H:%M:%S%.3f").to_string()
}

/// `00:47:12`, or with days; the clocks of a bridge tick in seconds.
pub(in crate::ui) fn ticking(length: Nanos) -> String {
    let seconds = (length.0 / 1_000_000_000).max(0);
    let (days, hours) = (seconds / 86_400, seconds / 3_600 % 24);
    let rest = format!("{hours:02}:{:02}:{:02}", seconds / 60 % 60, seconds % 60);
    if days > 0 { format!("{days}d {rest}") } else { rest }
}

/// A count with its thousands apart: `12 345`.
pub(in crate::ui) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push('\u{202f}');
        }
        out.push(digit);
    }
    out
}

/// `1 event`, `2 events`
pub(in crate::ui) fn some(number: usize, noun: &str) -> String {
    format!("{} {noun}{}", count(number as u64), if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_fill_their_cells_whatever_their_width() {
        assert_eq!(fit("abc", 5), "abc  ");
        assert_eq!(fit("abcdef", 5), "abcd…");
        assert_eq!(fit("abcde", 5), "abcde");
        assert_eq!(fit("漢字漢字", 5), "漢字…");
        assert_eq!(fit("漢字漢字", 6), "漢字… ");
        assert_eq!(fit("e\u{301}e\u{301}e\u{301}", 2), "e\u{301}…");
        assert_eq!(fit("a\nb", 3), "a b");
        assert_eq!(fit("x", 0), "");
        assert_eq!(fit_end("estate/kong/access.log", 10), "…ccess.log");
        assert_eq!(fit_middle("f869a942-07db-4f62-9c41-89ec2beec1a1", 14), "f869a942-…c1a1");
    }

    #[test]
    fn lines_break_at_blanks_and_long_words_anywhere() {
        assert_eq!(wrap("one two three", 8), ["one two", "three"]);
        assert_eq!(wrap("abcdefghij", 4), ["abcd", "efgh", "ij"]);
        assert_eq!(wrap("a\n\nb", 4), ["a", "", "b"]);
        assert_eq!(wrap("漢字", 1), ["漢", "字"]);
        assert_eq!(wrap_to("one two three four", 8, 2), ["one two", "three …"]);
    }

    #[test]
    fn counts_are_read_at_a_glance() {
        assert_eq!(
            [7, 1_204, 1_000_000].map(count),
            ["7", "1\u{202f}204", "1\u{202f}000\u{202f}000"].map(String::from)
        );
    }
}
