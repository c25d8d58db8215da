//! How answers are written: JSON Lines, or aligned text that is coloured only where somebody looks at it.

use super::arguments::{Color, Shared};
use serde::Serialize;
use std::cell::RefCell;
use std::io::{self, BufWriter, IsTerminal, Write};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// What a text means; the colour follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Plain,
    Strong,
    Muted,
    Good,
    Warning,
    Bad,
    Accent,
}

/// Standard output as a command sees it.
pub(super) struct Output {
    pub json: bool,
    color: bool,
    /// Columns of the terminal; `None` where nobody looks, so that nothing is cut.
    width: Option<usize>,
    writer: RefCell<BufWriter<io::Stdout>>,
}

impl Output {
    pub(super) fn new(shared: &Shared) -> Self {
        let is_terminal = io::stdout().is_terminal();
        let color = match shared.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => is_terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()),
        };
        let width = if is_terminal {
            crossterm::terminal::size().ok().map(|(columns, _)| columns as usize)
        } else {
            None
        };
        Self { json: shared.json, color, width, writer: RefCell::new(BufWriter::new(io::stdout())) }
    }

    /// One object on a line of its own.
    pub(super) fn object(&self, object: &impl Serialize) -> io::Result<()> {
        let mut writer = self.writer.borrow_mut();
        serde_json::to_writer(&mut *writer, object)?;
        writer.write_all(b"\n")
    }

    /// One line of text.
    pub(super) fn line(&self, spans: &[(Role, &str)]) -> io::Result<()> {
        let mut line = String::new();
        for (role, text) in spans {
            line.push_str(&self.paint(*role, text));
        }
        writeln!(self.writer.borrow_mut(), "{}", line.trim_end())
    }

    /// Text that is written as it is, such as a script.
    pub(super) fn raw(&self, bytes: &[u8]) -> io::Result<()> {
        self.writer.borrow_mut().write_all(bytes)
    }

    pub(super) fn blank(&self) -> io::Result<()> {
        self.line(&[])
    }

    /// A table with its columns aligned; the last column gives way where the terminal is too narrow.
    pub(super) fn table(&self, table: &Table) -> io::Result<()> {
        let mut widths: Vec<usize> = table.columns.iter().map(|column| column.title.width()).collect();
        for row in &table.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.1.width());
            }
        }
        if let (Some(columns), Some((last, others))) = (self.width, widths.split_last_mut()) {
            let taken: usize = others.iter().map(|width| width + 2).sum();
            *last = (*last).min(columns.saturating_sub(taken).max(20));
        }
        let titles: Vec<(Role, String)> =
            table.columns.iter().map(|column| (Role::Muted, column.title.to_owned())).collect();
        for row in std::iter::once(&titles).chain(&table.rows) {
            let mut line = String::new();
            for (index, ((role, text), width)) in row.iter().zip(&widths).enumerate() {
                let text = cut(text, *width);
                let padding = " ".repeat(width - text.width());
                let painted = self.paint(*role, &text);
                if index > 0 {
                    line.push_str("  ");
                }
                if table.columns[index].is_number {
                    line.push_str(&padding);
                    line.push_str(&painted);
                } else {
                    line.push_str(&painted);
                    line.push_str(&padding);
                }
            }
            writeln!(self.writer.borrow_mut(), "{}", line.trim_end())?;
        }
        Ok(())
    }

    pub(super) fn flush(&self) -> io::Result<()> {
        self.writer.borrow_mut().flush()
    }

    /// A warning on standard error; the answer goes on.
    pub(super) fn warn(&self, message: &str) {
        eprintln!("bridgewatch: {message}");
    }

    /// What went wrong and what to do next, on standard error.
    pub(super) fn complain(&self, message: &str, hint: Option<&str>) {
        let _ = self.flush();
        eprintln!("bridgewatch: {message}");
        if let Some(hint) = hint {
            eprintln!("  {hint}");
        }
    }

    fn paint(&self, role: Role, text: &str) -> String {
        let code = match role {
            Role::Plain => return text.to_owned(),
            Role::Strong => "1",
            Role::Muted => "2",
            Role::Good => "32",
            Role::Warning => "33",
            Role::Bad => "31",
            Role::Accent => "36",
        };
        if self.color && !text.is_empty() { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

/// Rows of cells, each with what it means.
#[derive(Debug, Default)]
pub(super) struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<(Role, String)>>,
}

#[derive(Debug)]
struct Column {
    title: &'static str,
    is_number: bool,
}

impl Table {
    /// The columns by title; a title that starts with `>` is of numbers and stands right.
    pub(super) fn new(titles: &[&'static str]) -> Self {
        let column = |title: &&'static str| Column {
            title: title.trim_start_matches('>'),
            is_number: title.starts_with('>'),
        };
        Self { columns: titles.iter().map(column).collect(), rows: Vec::new() }
    }

    pub(super) fn row(&mut self, cells: Vec<(Role, String)>) {
        debug_assert_eq!(cells.len(), self.columns.len());
        let one_line = |(role, text): (Role, String)| (role, text.replace(['\n', '\t'], " "));
        self.rows.push(cells.into_iter().map(one_line).collect());
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

/// The text in at most so many columns, with an ellipsis where something was cut.
fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut kept = String::new();
    let mut used = 0;
    for c in text.chars() {
        let wide = c.width().unwrap_or(0);
        if used + wide + 1 > width {
            break;
        }
        kept.push(c);
        used += wide;
    }
    format!("{}…", kept.trim_end())
}

#[cfg(test)]
mod tests {
    use super::cut;

    #[test]
    fn cut_text_ends_in_an_ellipsis_and_keeps_to_its_columns() {
        assert_eq!(cut("short", 5), "short");
        assert_eq!(cut("too long", 5), "too…");
        assert_eq!(cut("日本語のログ", 5), "日本…");
    }
}
