//! A screen as a picture that a page can show: SVG, a text element for each run of one style.

use std::fmt::Write;
use vt100::{Cell, Color, Screen};

const WIDE: f32 = 8.4;
const HIGH: f32 = 18.0;
const FOREGROUND: Color = Color::Rgb(0xd4, 0xd4, 0xd4);
const BACKGROUND: Color = Color::Rgb(0x1e, 0x1e, 0x1e);

#[derive(Clone, PartialEq)]
struct Style {
    text: String,
    ground: String,
    is_bold: bool,
    is_underlined: bool,
}

impl Style {
    fn of(cell: &Cell) -> Self {
        let (mut text, mut ground) = (hex(cell.fgcolor(), FOREGROUND), hex(cell.bgcolor(), BACKGROUND));
        if cell.inverse() {
            (text, ground) = (ground, text);
        }
        Self { text, ground, is_bold: cell.bold(), is_underlined: cell.underline() }
    }
}

pub fn svg(screen: &Screen, title: &str) -> String {
    let (rows, columns) = screen.size();
    let (rows, columns) = (rows.get(), columns.get());
    let (width, height) = (f32::from(columns) * WIDE, f32::from(rows) * HIGH);
    let plain = hex(BACKGROUND, BACKGROUND);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" font-family=\"ui-monospace, \
         'DejaVu Sans Mono', Menlo, Consolas, monospace\" font-size=\"14\" xml:space=\"preserve\">\n<title>{}</title>\n\
         <rect width=\"100%\" height=\"100%\" rx=\"6\" fill=\"{plain}\"/>\n",
        escaped(title)
    );
    for row in 0..rows {
        for (column, style, text) in runs(screen, row, columns) {
            let (x, y) = (f32::from(column) * WIDE, f32::from(row) * HIGH);
            let cells = text.chars().count();
            let long = cells as f32 * WIDE;
            if style.ground != plain {
                let ground = &style.ground;
                let _ = writeln!(
                    svg,
                    "<rect x=\"{x:.1}\" y=\"{y:.0}\" width=\"{long:.1}\" height=\"{HIGH:.0}\" fill=\"{ground}\"/>"
                );
            }
            if text.trim().is_empty() {
                continue;
            }
            let bold = if style.is_bold { " font-weight=\"bold\"" } else { "" };
            let line = if style.is_underlined { " text-decoration=\"underline\"" } else { "" };
            let _ = writeln!(
                svg,
                "<text x=\"{x:.1}\" y=\"{:.0}\" textLength=\"{long:.1}\" fill=\"{}\"{bold}{line}>{}</text>",
                y + 13.0,
                style.text,
                escaped(&text)
            );
        }
    }
    svg.push_str("</svg>\n");
    svg
}

/// The runs of a row: where each begins, how it looks, what it says.
fn runs(screen: &Screen, row: u16, columns: u16) -> Vec<(u16, Style, String)> {
    let mut runs: Vec<(u16, Style, String)> = Vec::new();
    for column in 0..columns {
        let Some(cell) = screen.cell(row, column).filter(|cell| !cell.is_wide_continuation()) else {
            continue;
        };
        let style = Style::of(cell);
        let text = if cell.has_contents() { cell.contents() } else { " " };
        match runs.last_mut() {
            Some((_, last, run)) if *last == style => run.push_str(text),
            _ => runs.push((column, style, text.to_owned())),
        }
    }
    runs
}

fn hex(color: Color, default: Color) -> String {
    match color {
        Color::Rgb(red, green, blue) => format!("#{red:02x}{green:02x}{blue:02x}"),
        Color::Default => hex(default, default),
        Color::Idx(index) => panic!("colour {index} of a palette in a picture of true colours"),
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
