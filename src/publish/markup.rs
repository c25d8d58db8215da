//! Blocks in the markup of each target. Evidence is hostile text: every markup has its own way to keep it text.

use crate::report::Block;
use serde_json::{Value, json};

/// As many blocks as fit; evidence at the end goes first, and a word says so.
pub(super) fn fitting(blocks: &[Block], fits: impl Fn(&[Block]) -> bool) -> Vec<Block> {
    if fits(blocks) {
        return blocks.to_vec();
    }
    let cut = Block::Paragraph("… cut here: the whole is in the report.".to_owned());
    let shorter = (1..blocks.len()).rev().map(|count| {
        let kept = blocks[..count].iter().cloned();
        kept.chain(std::iter::once(cut.clone())).collect::<Vec<Block>>()
    });
    shorter.into_iter().find(|kept| fits(kept)).unwrap_or_else(|| vec![cut])
}

/// Text without markup.
pub(super) fn plain(blocks: &[Block]) -> String {
    let mut text = String::new();
    for block in blocks {
        match block {
            Block::Heading(name) => text.push_str(&format!("\n{}\n", name.to_uppercase())),
            Block::Paragraph(said) => text.push_str(&format!("{said}\n")),
            Block::Bullets(items) => items.iter().for_each(|item| text.push_str(&format!("- {item}\n"))),
            Block::Table(rows) => {
                rows.iter().skip(1).for_each(|row| text.push_str(&format!("{}\n", row.join(" | "))));
            }
            Block::Code(said) => said.lines().for_each(|line| text.push_str(&format!("    {line}\n"))),
        }
    }
    text.trim().to_owned()
}

/// Atlassian's document format; it has no empty texts.
pub(super) fn adf(blocks: &[Block], footer: &str) -> Value {
    let mut content: Vec<Value> = blocks.iter().filter_map(adf_block).collect();
    content.push(json!({ "type": "rule" }));
    content.push(adf_paragraph(footer));
    json!({ "type": "doc", "version": 1, "content": content })
}

fn adf_block(block: &Block) -> Option<Value> {
    Some(match block {
        Block::Heading(text) => {
            json!({ "type": "heading", "attrs": { "level": 2 }, "content": [adf_text(text)?] })
        }
        Block::Paragraph(text) => adf_paragraph(text),
        Block::Bullets(items) => {
            let item = |text: &String| json!({ "type": "listItem", "content": [adf_paragraph(text)] });
            json!({ "type": "bulletList", "content": items.iter().map(item).collect::<Vec<_>>() })
        }
        Block::Table(rows) => {
            let row = |(number, cells): (usize, &Vec<String>)| {
                let kind = if number == 0 { "tableHeader" } else { "tableCell" };
                let cell = |text: &String| json!({ "type": kind, "content": [adf_paragraph(text)] });
                json!({ "type": "tableRow", "content": cells.iter().map(cell).collect::<Vec<_>>() })
            };
            json!({ "type": "table", "content": rows.iter().enumerate().map(row).collect::<Vec<_>>() })
        }
        Block::Code(text) => json!({ "type": "codeBlock", "content": [adf_text(text)?] }),
    })
}

fn adf_text(text: &str) -> Option<Value> {
    (!text.is_empty()).then(|| json!({ "type": "text", "text": text }))
}

fn adf_paragraph(text: &str) -> Value {
    let mut content: Vec<Value> = Vec::new();
    for (number, line) in text.lines().enumerate() {
        if number > 0 {
            content.push(json!({ "type": "hardBreak" }));
        }
        content.extend(adf_text(line));
    }
    json!({ "type": "paragraph", "content": content })
}

/// Confluence's storage format, which is XHTML.
pub(super) fn storage(blocks: &[Block], footer: &str) -> String {
    let mut out = String::new();
    for block in blocks {
        match block {
            Block::Heading(text) => out.push_str(&format!("<h2>{}</h2>", xml(text))),
            Block::Paragraph(text) => out.push_str(&format!("<p>{}</p>", xml_lines(text))),
            Block::Bullets(items) => {
                out.push_str("<ul>");
                items.iter().for_each(|item| out.push_str(&format!("<li>{}</li>", xml_lines(item))));
                out.push_str("</ul>");
            }
            Block::Table(rows) => {
                out.push_str("<table><tbody>");
                for (number, row) in rows.iter().enumerate() {
                    let tag = if number == 0 { "th" } else { "td" };
                    let cells = row.iter().map(|cell| format!("<{tag}>{}</{tag}>", xml_lines(cell)));
                    out.push_str(&format!("<tr>{}</tr>", cells.collect::<String>()));
                }
                out.push_str("</tbody></table>");
            }
            Block::Code(text) => out.push_str(&format!(
                "<ac:structured-macro ac:name=\"code\"><ac:plain-text-body><![CDATA[{}]]></ac:plain-text-body></ac:structured-macro>",
                allowed(text).replace("]]>", "]]]]><![CDATA[>")
            )),
        }
    }
    out.push_str(&format!("<hr /><p><em>{}</em></p>", xml(footer)));
    out
}

fn xml_lines(text: &str) -> String {
    text.lines().map(xml).collect::<Vec<_>>().join("<br />")
}

pub(super) fn xml(text: &str) -> String {
    allowed(text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// XML has no place for control characters, not even escaped ones.
fn allowed(text: &str) -> String {
    text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect()
}

/// Jira's wiki markup, for Data Center.
pub(super) fn wiki(blocks: &[Block], footer: &str) -> String {
    let mut out = String::new();
    for block in blocks {
        match block {
            Block::Heading(text) => out.push_str(&format!("h2. {}\n", wiki_text(text))),
            Block::Paragraph(text) => out.push_str(&format!("{}\n\n", wiki_text(text))),
            Block::Bullets(items) => {
                items.iter().for_each(|item| out.push_str(&format!("* {}\n", wiki_line(item))));
                out.push('\n');
            }
            Block::Table(rows) => {
                for (number, row) in rows.iter().enumerate() {
                    let bar = if number == 0 { "||" } else { "|" };
                    let cells: Vec<String> =
                        row.iter().map(|cell| format!(" {} ", wiki_line(cell))).collect();
                    out.push_str(&format!("{bar}{}{bar}\n", cells.join(bar)));
                }
                out.push('\n');
            }
            Block::Code(text) => {
                out.push_str(&format!(
                    "{{noformat}}\n{}\n{{noformat}}\n",
                    text.replace("{noformat}", "{no format}")
                ));
            }
        }
    }
    format!("{}\n----\n{}", out.trim_end(), wiki_text(footer))
}

fn wiki_line(text: &str) -> String {
    wiki_text(&text.replace('\n', " "))
}

fn wiki_text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '{' | '}' | '[' | ']' | '|' | '*' | '!' | '\\' | '^' | '~') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// Slack's `mrkdwn`.
pub(super) fn slack(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// What a chat shows: the sections that a reader needs first, without tables and evidence.
pub(super) fn short(blocks: &[Block]) -> Vec<(Option<String>, String)> {
    let mut sections: Vec<(Option<String>, String)> = Vec::new();
    let mut heading: Option<String> = None;
    for block in blocks {
        let said = match block {
            Block::Heading(text) => {
                heading = Some(text.clone());
                continue;
            }
            Block::Paragraph(text) => text.clone(),
            Block::Bullets(items) => {
                items.iter().map(|item| format!("• {item}")).collect::<Vec<_>>().join("\n")
            }
            Block::Table(_) | Block::Code(_) => continue,
        };
        if heading.as_deref() == Some("Evidence") {
            continue;
        }
        sections.push((heading.take(), said));
    }
    sections
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOSTILE: &str = "<script>&\"]]> {code} *b* [link|http://x] !img! \u{1}";

    fn all() -> Vec<Block> {
        vec![
            Block::Heading("Root cause".into()),
            Block::Paragraph(format!("{HOSTILE}\n\nsecond")),
            Block::Bullets(vec![HOSTILE.into()]),
            Block::Table(vec![vec!["a".into()], vec![HOSTILE.into()], vec![String::new()]]),
            Block::Code(format!("{HOSTILE}{{noformat}}")),
            Block::Code(String::new()),
        ]
    }

    #[test]
    fn hostile_text_stays_text_in_every_markup() {
        let storage = storage(&all(), "footer");
        let sections = regex::Regex::new(r"(?s)<!\[CDATA\[.*?\]\]>").unwrap();
        let outside = sections.replace_all(&storage, "");
        assert!(!outside.contains("<script") && !storage.contains('\u{1}'), "{storage}");
        // The only end of a CDATA section is its own.
        assert_eq!(storage.matches("]]></ac:plain-text-body>").count(), 2);
        assert_eq!(storage.matches("]]]]><![CDATA[>").count(), 1);
        let wiki = wiki(&all(), "footer");
        assert!(wiki.contains(r"\[link\|http://x\] \!img\!") && wiki.contains(r"\{code\}"), "{wiki}");
        assert_eq!(wiki.matches("{noformat}").count(), 4, "two blocks, none ended by what is in it");
        assert_eq!(slack("<!channel> & <@U1>"), "&lt;!channel&gt; &amp; &lt;@U1&gt;");
    }

    #[test]
    fn what_does_not_fit_is_cut_at_the_end_and_says_so() {
        let fits = |most: usize| move |blocks: &[Block]| plain(blocks).chars().count() <= most;
        assert_eq!(fitting(&all(), fits(10_000)), all());
        let cut = fitting(&all(), fits(150));
        assert!(plain(&cut).chars().count() <= 150 && plain(&cut).ends_with("in the report."), "{cut:?}");
        assert_eq!(cut[0], all()[0]);
    }

    #[test]
    fn the_document_format_has_no_empty_text_and_lists_hold_blocks() {
        fn look(value: &Value) {
            if value["type"] == "text" {
                assert!(!value["text"].as_str().unwrap().is_empty());
            }
            if value["type"] == "listItem" {
                assert_eq!(value["content"][0]["type"], "paragraph");
            }
            value["content"].as_array().into_iter().flatten().for_each(look);
        }
        let document = adf(&all(), "footer");
        assert_eq!(document["version"], 1);
        look(&document);
    }
}
