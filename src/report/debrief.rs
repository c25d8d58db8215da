//! The debrief of a drill written out: Markdown and self-contained HTML, marked as a drill, by the machinery of reports.

use super::environment;
use crate::drill::{Debrief, grade};
use minijinja::context;
use minijinja::value::{Serde, Value};

const MARKDOWN: &str = include_str!("templates/debrief.md");
const HTML: &str = include_str!("templates/debrief.html");

pub fn debrief_markdown(debrief: &Debrief) -> Result<String, String> {
    render(debrief, "debrief.md", MARKDOWN)
}

/// One HTML file that needs nothing else.
pub fn debrief_html(debrief: &Debrief) -> Result<String, String> {
    render(debrief, "debrief.html", HTML)
}

/// For machines: everything that the debrief is made from.
pub fn debrief_json(debrief: &Debrief) -> serde_json::Value {
    serde_json::json!({ "format": "bridgewatch-debrief/1", "is_drill": true, "debrief": debrief })
}

fn render(debrief: &Debrief, name: &str, template: &str) -> Result<String, String> {
    let mut environment = environment()?;
    environment.add_template(name, template).map_err(|error| format!("template {name}: {error:#}"))?;
    let dimensions: Vec<serde_json::Value> = debrief
        .score
        .dimensions
        .iter()
        .map(|one| {
            let percent = (one.points * 100).checked_div(one.of);
            serde_json::json!({ "title": one.dimension.title(), "points": one.points, "of": one.of, "percent": percent })
        })
        .collect();
    let facts = serde_json::to_value(debrief).map_err(|error| error.to_string())?;
    environment
        .get_template(name)
        .and_then(|template| {
            template.render(context! {
                dimensions => Value::from(Serde(&dimensions)),
                grade => grade(debrief.score.percent),
                ..Value::from(Serde(&facts))
            })
        })
        .map_err(|error| format!("template {name}: {error:#}"))
}
