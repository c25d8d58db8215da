//! An incident written out: Markdown, self-contained HTML, JSON. Pure; evidence is hostile text and stays text.

mod blocks;
mod debrief;
mod illustrate;
mod svg;
mod timeline;

pub use blocks::Block;
pub use debrief::{debrief_html, debrief_json, debrief_markdown};
pub use timeline::TimelineRow;

use crate::incident::{Entry, Gate, Incident, Kpi, Mitigation, Objection, Pin, Rca, kpis};
use crate::telemetry::{Series, Time, Window};
use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Serde, Value};
use minijinja::{Environment, context};
use serde::Serialize;

/// Everything that a report is made from.
#[derive(Clone, Debug)]
pub struct Report {
    pub incident: Incident,
    /// The write-up with its blanks filled.
    pub rca: Rca,
    /// All pins of the record, by entry.
    pub pins: Vec<(u64, Pin)>,
    pub objections: Vec<Objection>,
    /// Signals to draw, with the window that matters.
    pub charts: Vec<Chart>,
    /// Systems in the order in which flows pass them, with flows seen and failed at each.
    pub path: Vec<PathStop>,
    /// What the telemetry adds to the timeline: changes, alerts, the first flow that was lost.
    pub notable: Vec<(Time, String)>,
    pub written: Time,
}

/// One signal over time.
#[derive(Clone, Debug)]
pub struct Chart {
    pub title: String,
    pub series: Series,
    pub window: Window,
}

/// One system on the way, for the map of where flows stop.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PathStop {
    pub system: String,
    pub flows: u64,
    pub failed: u64,
}

const MARKDOWN: &str = include_str!("report/templates/rca.md");
const HTML: &str = include_str!("report/templates/rca.html");

impl Report {
    /// The report of an incident. `rca` is its write-up, as drafted or as finished; `gate` says what stands against it.
    pub fn new(incident: Incident, rca: Rca, entries: &[Entry], gate: &Gate, written: Time) -> Self {
        let pins = entries
            .iter()
            .flat_map(|entry| entry.draft.pins.iter().map(|pin| (entry.sequence, pin.clone())))
            .collect();
        let objections = gate.check(&incident, &rca);
        Self {
            incident,
            rca,
            pins,
            objections,
            charts: Vec::new(),
            path: Vec::new(),
            notable: Vec::new(),
            written,
        }
    }

    /// Markdown, by the built-in template or a team's own.
    pub fn markdown(&self, template: Option<&str>) -> Result<String, String> {
        self.render("rca.md", template.unwrap_or(MARKDOWN))
    }

    /// One HTML file that needs nothing else: styles and charts are in it.
    pub fn html(&self, template: Option<&str>) -> Result<String, String> {
        self.render("rca.html", template.unwrap_or(HTML))
    }

    /// JSON as `docs/rca.schema.json` describes it.
    pub fn json(&self) -> serde_json::Value {
        serde_json::json!({
            "format": "bridgewatch-rca/1",
            "incident": self.facts(),
            "rca": {
                "summary": self.rca.summary, "impact": self.rca.impact, "detection": self.rca.detection,
                "trigger": self.rca.trigger, "root_cause": self.rca.root_cause,
                "went_well": self.rca.went_well, "went_badly": self.rca.went_badly,
                "contributing_factors": self.rca.factors, "whys": self.rca.whys, "actions": self.actions(),
            },
            "kpis": kpis(&self.incident).map(|kpi| serde_json::json!({
                "name": kpi.name, "definition": kpi.definition, "value_ns": kpi.value,
                "uncertainty_ns": kpi.value.map(|_| kpi.uncertainty),
            })),
            "timeline": self.timeline_rows(),
            "mitigations": self.mitigations(),
            "evidence": self.pins.iter().map(|(entry, pin)| serde_json::json!({
                "entry": entry, "kind": pin.kind, "says": pin.says, "source": pin.source, "query": pin.query,
                "window": pin.window,
                "skew": pin.skew.iter().map(|(system, offset)| serde_json::json!({ "system": system, "offset_ns": offset })).collect::<Vec<_>>(),
                "captured": pin.captured, "sha256": pin.digest, "content": pin.content,
            })).collect::<Vec<_>>(),
            "path": self.path,
            "objections": self.objections,
            "written": self.written,
        })
    }

    fn render(&self, name: &str, template: &str) -> Result<String, String> {
        let mut environment = environment()?;
        environment.add_template(name, template).map_err(|error| format!("template {name}: {error:#}"))?;
        let charts: Vec<_> = self
            .charts
            .iter()
            .map(|chart| context! { title => chart.title.clone(), svg => Value::from_safe_string(svg::chart(chart, &self.marks())) })
            .collect();
        // One list a mitigation: the course of each of its signals that was measured.
        let courses: Vec<Vec<Value>> = self.incident.mitigations.iter().map(courses).collect();
        let facts = serde_json::json!({
            "incident": self.facts(),
            "rca": {
                "summary": self.rca.summary, "impact": self.rca.impact, "detection": self.rca.detection,
                "trigger": self.rca.trigger, "root_cause": self.rca.root_cause,
                "went_well": self.rca.went_well, "went_badly": self.rca.went_badly,
                "factors": self.rca.factors, "whys": self.rca.whys,
            },
            "actions": self.actions(),
            "kpis": kpis(&self.incident).iter().map(kpi_row).collect::<Vec<_>>(),
            "timeline": self.timeline_rows(),
            "mitigations": self.mitigations(),
            "pins": self.pins.iter().map(|(entry, pin)| serde_json::json!({ "entry": entry, "pin": pin })).collect::<Vec<_>>(),
            "objections": self.objections,
            "has_path": !self.path.is_empty(),
            "written": self.written,
        });
        environment
            .get_template(name)
            .and_then(|template| {
                template.render(context! {
                    timeline_svg => Value::from_safe_string(svg::timeline(&self.incident)),
                    path_svg => Value::from_safe_string(svg::path(&self.path)),
                    charts,
                    courses,
                    ..Value::from(Serde(&facts))
                })
            })
            .map_err(|error| format!("template {name}: {error:#}"))
    }

    /// Instants to mark on charts: (time, word).
    fn marks(&self) -> Vec<(Time, String)> {
        let mut marks: Vec<(Time, String)> = Vec::new();
        marks.extend(self.incident.impact_began.map(|time| (time, "onset".to_owned())));
        marks.extend(self.incident.mitigations.iter().map(|one| (one.started, one.plan.kind.to_string())));
        marks
    }

    fn facts(&self) -> serde_json::Value {
        let incident = &self.incident;
        serde_json::json!({
            "id": incident.id, "title": incident.title, "severity": incident.severity.to_string(),
            "phase": incident.phase.to_string(), "is_drill": incident.is_drill,
            "impact_began": incident.impact_began, "declared": incident.declared, "acknowledged": incident.acknowledged,
            "impact_ended": incident.impact_ended, "resolved": incident.resolved,
            "roles": incident.roles.iter().map(|(role, person)| (role.to_string(), person.clone())).collect::<std::collections::BTreeMap<_, _>>(),
        })
    }

    /// Adds what the telemetry knows to the timeline.
    #[must_use]
    pub fn with_notable(mut self, notable: Vec<(Time, String)>) -> Self {
        self.notable = notable;
        self
    }

    fn mitigations(&self) -> Vec<serde_json::Value> {
        self.incident
            .mitigations
            .iter()
            .map(|one| {
                serde_json::json!({
                    "kind": one.plan.kind, "target": one.plan.target, "intent": one.plan.intent, "expected": one.plan.expected,
                    "watch": one.plan.watch, "guards": one.plan.guards, "risk": one.plan.risk, "undo": one.plan.undo,
                    "owner": one.plan.owner, "approver": one.plan.approver, "expires": one.plan.expires,
                    "started": one.started, "in_force": one.is_in_force(), "measured": one.measured,
                    "effect": one.effect,
                })
            })
            .collect()
    }

    fn actions(&self) -> Vec<serde_json::Value> {
        self.rca
            .actions
            .iter()
            .map(|(_, action, done)| {
                serde_json::json!({
                    "class": action.class, "text": action.text, "owner": action.owner, "due": action.due,
                    "verification": action.verification, "is_systemic": action.is_systemic, "done": done,
                })
            })
            .collect()
    }
}

/// What templates know of the signals of a mitigation: the words, the course in a line, and as a picture.
fn courses(one: &Mitigation) -> Vec<Value> {
    let Some(effect) = &one.effect else { return Vec::new() };
    let watched = effect.signals.iter().map(|signal| ("watched", signal));
    let all = watched.chain(effect.guards.iter().map(|signal| ("guard", signal)));
    all.map(|(role, signal)| {
        context! {
            role => role,
            name => signal.name.clone(),
            verdict => signal.verdict.to_string(),
            line => signal.chart(effect.applied),
            svg => Value::from_safe_string(svg::course(signal, effect.applied)),
        }
    })
    .collect()
}

/// What all templates are rendered in: blocks leave no lines behind, and evidence stays text in Markdown too.
fn environment() -> Result<Environment<'static>, String> {
    let mut environment = Environment::new();
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
    environment.set_syntax(syntax.map_err(|error| error.to_string())?);
    environment.add_filter("md", markdown_text);
    Ok(environment)
}

fn kpi_row(kpi: &Kpi) -> serde_json::Value {
    let value = kpi.says().unwrap_or_else(|| "not known".to_owned());
    serde_json::json!({ "name": kpi.name, "definition": kpi.definition, "value": value })
}

/// Text that Markdown leaves as text: evidence must not become headings, links or HTML.
fn markdown_text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '#' | '|' => {
                out.push('\\');
                out.push(c);
            }
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests;
