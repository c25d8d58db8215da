//! `bridgewatch suspects`: what is behind the failure, ranked, with the evidence for and against.

use super::arguments::{Shared, SuspectsArguments};
use super::gather::gather;
use super::moments::{moment, window};
use super::output::{Output, Role};
use super::{Failure, Outcome};
use crate::evidence::Evidence;
use crate::suspects::{Role as Part, Signal, Suspect, Suspects};
use crate::telemetry::Time;
use serde::Serialize;

#[derive(Serialize)]
struct Head<'a> {
    onset: Option<Time>,
    conclusive: bool,
    reason: &'a str,
}

#[derive(Serialize)]
struct Line<'a> {
    rank: u32,
    system: &'a str,
    operation: Option<&'a str>,
    change: Option<&'a str>,
    score: f64,
    role: Part,
    evidence: Vec<Reason<'a>>,
    failure_modes: &'a [String],
}

#[derive(Serialize)]
struct Reason<'a> {
    signal: Signal,
    sentence: &'a str,
    #[serde(rename = "for")]
    is_for: bool,
    weight: f64,
    window: (Time, Time),
}

pub(super) fn run(
    shared: &Shared,
    arguments: &SuspectsArguments,
    output: &Output,
) -> Result<Outcome, Failure> {
    let gathered = gather(shared, &arguments.inputs, output)?;
    let mut settings = gathered.config.suspect_settings();
    let usage = |reason: String| Failure::usage(reason, "see --help for the ways to write a time");
    if let Some(text) = &arguments.onset {
        settings.onset = Some(moment(text, gathered.now).map_err(usage)?);
    }
    if let Some(text) = &arguments.baseline {
        settings.baseline = Some(window(text, gathered.now).map_err(usage)?);
    }
    settings.without.extend(&arguments.without);
    let flows = gathered.flows();
    let suspects = Suspects::of(&gathered.evidence, &flows, &settings);
    if output.json {
        output.object(&Head {
            onset: suspects.onset.as_ref().map(|onset| onset.time),
            conclusive: suspects.conclusive,
            reason: &suspects.reason,
        })?;
        for suspect in &suspects.ranking {
            output.object(&line(&gathered.evidence, suspect))?;
        }
    } else {
        as_text(&gathered.evidence, &suspects, output)?;
    }
    output.flush()?;
    Ok(gathered.outcome)
}

fn line<'a>(evidence: &'a Evidence, suspect: &'a Suspect) -> Line<'a> {
    Line {
        rank: suspect.rank,
        system: evidence.system_name(suspect.system),
        operation: suspect.operation.as_deref(),
        change: suspect.change.as_deref(),
        score: suspect.score,
        role: suspect.role,
        evidence: suspect
            .evidence
            .iter()
            .map(|reason| Reason {
                signal: reason.signal,
                sentence: &reason.sentence,
                is_for: reason.is_for,
                weight: reason.weight,
                window: (reason.window.from, reason.window.to),
            })
            .collect(),
        failure_modes: &suspect.failure_modes,
    }
}

fn as_text(evidence: &Evidence, suspects: &Suspects, output: &Output) -> std::io::Result<()> {
    match &suspects.onset {
        Some(onset) => {
            let time = onset.time.utc().format("%Y-%m-%d %H:%M:%S").to_string();
            output.line(&[
                (Role::Strong, &format!("onset {time} UTC")),
                (Role::Muted, &format!(" ± {}, found from {}", onset.uncertainty, onset.found_from)),
            ])?;
        }
        None => output.line(&[(Role::Strong, "no onset was found")])?,
    }
    let (role, word) = if suspects.conclusive {
        (Role::Good, "● conclusive")
    } else {
        (Role::Warning, "○ inconclusive")
    };
    output.line(&[(role, word), (Role::Plain, &format!(": {}", suspects.reason))])?;
    for suspect in &suspects.ranking {
        output.blank()?;
        one(evidence, suspect, output)?;
    }
    Ok(())
}

fn one(evidence: &Evidence, suspect: &Suspect, output: &Output) -> std::io::Result<()> {
    let mut name = evidence.system_name(suspect.system).to_owned();
    if let Some(operation) = &suspect.operation {
        name = format!("{name} · {operation}");
    }
    let (role, part) = match suspect.role {
        Part::Cause => (Role::Bad, ""),
        Part::Symptom => (Role::Muted, "  symptom"),
    };
    output.line(&[
        (Role::Muted, &format!("{:>2} ", suspect.rank)),
        (Role::Strong, &name),
        (Role::Plain, "  "),
        (role, &bar(suspect.score)),
        (role, &format!(" {:.2}{part}", suspect.score)),
    ])?;
    if let Some(change) = &suspect.change {
        let said = evidence.changes.iter().find(|known| known.id == *change);
        let said = said.map_or_else(
            || change.clone(),
            |change| format!("{} {} UTC: {}", change.kind, change.time.utc().format("%H:%M:%S"), change.text),
        );
        output.line(&[(Role::Accent, &format!("   △ {said}"))])?;
    }
    for reason in &suspect.evidence {
        let (role, sign) = if reason.is_for { (Role::Plain, "+") } else { (Role::Muted, "−") };
        output.line(&[
            (role, &format!("   {sign} {}", reason.sentence)),
            (Role::Muted, &format!("  ({:.2})", reason.weight)),
        ])?;
    }
    if !suspect.failure_modes.is_empty() {
        output.line(&[(Role::Warning, &format!("   looks like: {}", suspect.failure_modes.join(", ")))])?;
    }
    Ok(())
}

/// The score as a bar of twelve cells.
fn bar(score: f64) -> String {
    let full = (score.clamp(0.0, 1.0) * 12.0).round() as usize;
    format!("{}{}", "█".repeat(full), "░".repeat(12 - full))
}
