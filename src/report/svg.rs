//! Charts as SVG that stands in the page: no script, no font, no request.

use super::{Chart, PathStop};
use crate::incident::{Effect, Incident};
use crate::telemetry::Time;
use std::fmt::Write;

const WIDTH: f64 = 900.0;

/// A signal over time with the marks of the record on it.
pub(super) fn chart(chart: &Chart, marks: &[(Time, String)]) -> String {
    let samples = chart.series.within(chart.window);
    let (Some(least), Some(most)) = (
        samples.iter().map(|sample| sample.value).filter(|value| value.is_finite()).reduce(f64::min),
        samples.iter().map(|sample| sample.value).filter(|value| value.is_finite()).reduce(f64::max),
    ) else {
        return String::new();
    };
    let (bottom, top) = (least.min(0.0), if most > least { most } else { least + 1.0 });
    let length = chart.window.length().0.max(1) as f64;
    let x = |time: Time| (time - chart.window.from).0 as f64 / length * (WIDTH - 60.0) + 50.0;
    let y = |value: f64| 150.0 - (value - bottom) / (top - bottom) * 130.0;
    let mut svg =
        format!(r#"<svg viewBox="0 0 {WIDTH} 180" role="img" aria-label="{}">"#, escape(&chart.title));
    let _ = write!(svg, r#"<line x1="50" y1="150" x2="{}" y2="150" stroke="var(--line)"/>"#, WIDTH - 10.0);
    let _ = write!(
        svg,
        r#"<text x="44" y="24" text-anchor="end">{}</text><text x="44" y="154" text-anchor="end">{}</text>"#,
        short(top),
        short(bottom)
    );
    let points: Vec<String> = samples
        .iter()
        .filter(|sample| sample.value.is_finite())
        .map(|sample| format!("{:.1},{:.1}", x(sample.time), y(sample.value)))
        .collect();
    let _ = write!(
        svg,
        r#"<polyline fill="none" stroke="var(--accent)" stroke-width="1.5" points="{}"/>"#,
        points.join(" ")
    );
    for (time, word) in marks.iter().filter(|(time, _)| chart.window.contains(*time)) {
        let at = x(*time);
        let _ = write!(
            svg,
            r#"<line x1="{at:.1}" y1="16" x2="{at:.1}" y2="150" stroke="var(--bad)" stroke-dasharray="4 3"/><text x="{at:.1}" y="12" text-anchor="middle">{}</text>"#,
            escape(word)
        );
    }
    let _ = write!(
        svg,
        r#"<text x="50" y="170">{}</text><text x="{}" y="170" text-anchor="end">{}</text></svg>"#,
        clock(chart.window.from),
        WIDTH - 10.0,
        clock(chart.window.to)
    );
    svg
}

/// A signal around a mitigation, with a line where it was applied; empty where nothing was sampled.
pub(super) fn course(effect: &Effect, applied: Time) -> String {
    const SIZE: (f64, f64) = (320.0, 44.0);
    let known = || effect.course.iter().flatten().copied().filter(|value| value.is_finite());
    let most = known().fold(0.0, f64::max).max(f64::EPSILON);
    if known().next().is_none() {
        return String::new();
    }
    let step = SIZE.0 / effect.course.len().max(1) as f64;
    let points = effect.course.iter().enumerate().filter_map(|(place, value)| {
        let value = value.filter(|value| value.is_finite())?.max(0.0);
        Some(format!(
            "{:.1},{:.1}",
            step * (place as f64 + 0.5),
            SIZE.1 - 2.0 - value / most * (SIZE.1 - 6.0)
        ))
    });
    let length = (effect.to - effect.from).0.max(1) as f64;
    let at = ((applied - effect.from).0 as f64 / length).clamp(0.0, 1.0) * SIZE.0;
    format!(
        r#"<svg viewBox="0 0 {} {}" width="{}" role="img" aria-label="effect on {}"><line x1="{at:.1}" y1="0" x2="{at:.1}" y2="{}" stroke="var(--bad)" stroke-dasharray="4 3"/><polyline fill="none" stroke="var(--accent)" stroke-width="1.5" points="{}"/></svg>"#,
        SIZE.0,
        SIZE.1,
        SIZE.0,
        escape(&effect.name),
        SIZE.1,
        points.collect::<Vec<_>>().join(" ")
    )
}

/// The incident's course on one line.
pub(super) fn timeline(incident: &Incident) -> String {
    let stops: Vec<(Time, &str)> = [
        ("impact began", incident.impact_began),
        ("declared", incident.declared),
        ("acknowledged", incident.acknowledged),
        ("impact ended", incident.impact_ended),
        ("resolved", incident.resolved),
    ]
    .into_iter()
    .filter_map(|(name, time)| Some((time?, name)))
    .chain(incident.mitigations.iter().map(|one| (one.started, "mitigation")))
    .collect();
    let (Some(first), Some(last)) =
        (stops.iter().map(|stop| stop.0).min(), stops.iter().map(|stop| stop.0).max())
    else {
        return String::new();
    };
    let length = (last - first).0.max(1) as f64;
    let mut svg =
        format!(r#"<svg viewBox="0 0 {WIDTH} 170" role="img" aria-label="course of the incident">"#);
    let _ = write!(
        svg,
        r#"<line x1="60" y1="85" x2="{}" y2="85" stroke="var(--line)" stroke-width="2"/>"#,
        WIDTH - 60.0
    );
    let mut sorted = stops;
    sorted.sort();
    // How far to the right each height is taken already.
    let mut taken = [f64::MIN; HEIGHTS.len()];
    for (time, name) in &sorted {
        let at = (*time - first).0 as f64 / length * (WIDTH - 120.0) + 60.0;
        let label = format!("{} {}", clock(*time), escape(name));
        let width = label.chars().count() as f64 * GLYPH;
        // Words stay within the picture: at its sides they lean inwards.
        let left = (at - width / 2.0).clamp(4.0, (WIDTH - width - 4.0).max(4.0));
        let free = taken.iter().position(|right| *right + 8.0 < left);
        let place = free.unwrap_or_else(|| {
            let (place, _) = taken.iter().enumerate().min_by(|a, b| a.1.total_cmp(b.1)).unwrap_or((0, &0.0));
            place
        });
        taken[place] = left + width;
        let (text, stem) = HEIGHTS[place];
        let _ = write!(
            svg,
            r#"<circle cx="{at:.1}" cy="85" r="4" fill="var(--accent)"/><line x1="{at:.1}" y1="85" x2="{at:.1}" y2="{stem}" stroke="var(--line)"/><text x="{:.1}" y="{text}" text-anchor="middle">{label}</text>"#,
            left + width / 2.0
        );
    }
    svg.push_str("</svg>");
    svg
}

/// Where words stand on the course, nearest first: the line of the text, and where its stem ends.
const HEIGHTS: [(f64, f64); 8] = [
    (72.0, 76.0),
    (106.0, 94.0),
    (54.0, 58.0),
    (124.0, 112.0),
    (36.0, 40.0),
    (142.0, 130.0),
    (18.0, 22.0),
    (160.0, 148.0),
];
/// About how wide a character of 12 pixels is.
const GLYPH: f64 = 7.0;

/// Systems in order, each with how many flows came and how many failed there.
pub(super) fn path(stops: &[PathStop]) -> String {
    if stops.is_empty() {
        return String::new();
    }
    let step = (WIDTH - 20.0) / stops.len() as f64;
    let most = stops.iter().map(|stop| stop.flows).max().unwrap_or(1).max(1) as f64;
    let mut svg = format!(r#"<svg viewBox="0 0 {WIDTH} 120" role="img" aria-label="where flows stop">"#);
    for (number, stop) in stops.iter().enumerate() {
        let left = 10.0 + step * number as f64;
        let height = stop.flows as f64 / most * 60.0;
        let failed = stop.failed as f64 / most * 60.0;
        let _ = write!(
            svg,
            r#"<rect x="{left:.1}" y="{:.1}" width="{:.1}" height="{height:.1}" fill="var(--accent)" opacity=".35"/><rect x="{left:.1}" y="{:.1}" width="{:.1}" height="{failed:.1}" fill="var(--bad)"/>"#,
            70.0 - height,
            step * 0.7,
            70.0 - failed,
            step * 0.7
        );
        let middle = left + step * 0.35;
        let _ = write!(
            svg,
            r#"<text x="{middle:.1}" y="86" text-anchor="middle">{}</text><text x="{middle:.1}" y="104" text-anchor="middle">{}, {} failed</text>"#,
            escape(&stop.system),
            stop.flows,
            stop.failed
        );
    }
    svg.push_str("</svg>");
    svg
}

fn clock(time: Time) -> String {
    time.to_string()[11..19].to_owned()
}

fn short(value: f64) -> String {
    if value.abs() >= 10.0 || value == 0.0 { format!("{value:.0}") } else { format!("{value:.2}") }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
