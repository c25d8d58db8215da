//! `bridgewatch drill author`: a scenario checked, and played to its end without a person. What candidates measure is
//! measured as in the cockpit: what the estate wrote is read, joined and ranked like anybody's files.

use super::super::arguments::Shared;
use super::super::emitted;
use super::super::output::{Output, Role};
use super::super::{Failure, Outcome};
use super::arguments::AuthorArguments;
use super::scenario;
use crate::drill::{Candidate, Debrief, Emission, Expect, Played, Run, Scenario, Start, library, play};
use crate::evidence::Evidence;
use crate::flows::Flows;
use crate::incident::{Incident, What, impact_ended, measure};
use crate::report::{debrief_html, debrief_markdown};
use crate::suspects::{SuspectSettings, Suspects};
use crate::telemetry::Time;
use serde::Serialize;
use std::path::Path;

/// When played drills begin: a fixed instant, so that the same play gives the same bytes.
fn begin() -> Time {
    Time::from_seconds(1_773_136_800) // 2026-03-10T10:00:00Z
}

#[derive(Serialize)]
struct Checked<'a> {
    scenario: &'a str,
    seed: u64,
    good: Option<u32>,
    bad: Option<u32>,
    /// Where the suspects engine has the root cause's system by the telemetry alone; nothing where it does not have it.
    rank: Option<usize>,
    /// What the good candidate measured last of each mitigation.
    measured: Vec<String>,
    mistakes: &'a [String],
}

/// What a scenario came to.
pub(in crate::cli) struct Verdict {
    pub good: Option<Played>,
    pub bad: Option<Played>,
    pub rank: Option<usize>,
    pub mistakes: Vec<String>,
}

pub(super) fn run(_: &Shared, arguments: &AuthorArguments, output: &Output) -> Result<Outcome, Failure> {
    let scenarios: Vec<Scenario> = match &arguments.scenario {
        Some(name) => vec![scenario(name, arguments.seed)?],
        None => library().to_vec(),
    };
    let is_random = arguments.scenario.as_deref() == Some("random");
    let mut outcome = Outcome::Done;
    for mut one in scenarios {
        if let Some(seed) = arguments.seed {
            one.seed = seed;
        }
        let result = if is_random { drawn(&mut one) } else { check(&one) };
        if !result.mistakes.is_empty() {
            outcome = Outcome::NotFound;
        }
        tell(&one, &result, output)?;
        if let Some(folder) = &arguments.debriefs {
            write(folder, &one.name, &result)?;
        }
    }
    Ok(outcome)
}

/// A drill from a seed has no author: the model candidate of its truth plays it, and somebody who does next to nothing.
fn drawn(scenario: &mut Scenario) -> Verdict {
    let start = Start {
        scenario: scenario.clone(),
        seed: scenario.seed,
        minutes: scenario.minutes,
        ..Start::default()
    };
    if let Ok((mut run, _)) = Run::begin(start, begin()) {
        let ends = run.log().ends();
        run.advance(ends);
        scenario.good = Candidate::model(scenario, &run.truth());
        scenario.bad = Candidate::idle();
        scenario.expect = Expect { good_at_least: 75, bad_at_most: 30 };
    }
    let mut result = check(scenario);
    result.mistakes.retain(|mistake| !mistake.contains("model") && !mistake.contains("hints"));
    result
}

/// Checks a scenario and plays it twice.
fn check(scenario: &Scenario) -> Verdict {
    let mut mistakes = scenario.mistakes();
    let mut play_as = |name: &str, candidate: &Candidate| match played(scenario, candidate) {
        Ok(played) => Some(played),
        Err(mistake) => {
            mistakes.push(format!("the {name} candidate cannot be played: {mistake}"));
            None
        }
    };
    let (good, bad) = (play_as("good", &scenario.good), play_as("bad", &scenario.bad));
    if let (Some(good), Some(bad)) = (&good, &bad) {
        let (high, low) = (good.score.percent, bad.score.percent);
        let Expect { good_at_least, bad_at_most } = scenario.expect;
        if high < good_at_least {
            mistakes.push(format!("the good candidate has {high}, not {good_at_least} or more"));
        }
        if low > bad_at_most {
            mistakes.push(format!("the bad candidate has {low}, not {bad_at_most} or less"));
        }
        if high <= low {
            mistakes.push("the good candidate scores no better than the bad one".to_owned());
        }
    }
    // What idle hands leave to be seen is what there is to be found.
    let rank = played(scenario, &Candidate::default()).ok().as_ref().and_then(rank);
    Verdict { good, bad, rank, mistakes }
}

fn played(scenario: &Scenario, candidate: &Candidate) -> Result<Played, String> {
    let start = Start {
        scenario: scenario.clone(),
        seed: scenario.seed,
        minutes: scenario.minutes,
        candidate: "a script".to_owned(),
        ..Start::default()
    };
    let configuration = Run::begin(start.clone(), begin())?.0.configuration();
    play(start, begin(), candidate, &mut |incident, now, emissions| {
        let seen = read(&configuration, emissions);
        seen.map(|(evidence, flows)| measured(incident, now, &evidence, &flows)).unwrap_or_default()
    })
}

/// What the cockpit records when mitigations are measured.
fn measured(incident: &Incident, now: Time, evidence: &Evidence, flows: &Flows) -> Vec<What> {
    let mut whats: Vec<What> = incident
        .in_force()
        .map(|one| {
            let effect = measure(incident, one, evidence, flows, now);
            What::MitigationMeasured {
                mitigation: one.entry,
                verdict: effect.verdict.to_string(),
                text: effect.sentence.clone(),
                effect: Some(Box::new(effect)),
            }
        })
        .collect();
    whats.extend(impact_ended(incident, evidence, flows, now));
    whats
}

/// What was written, read like anybody's files.
fn read(configuration: &str, emissions: &[Emission]) -> Option<(Evidence, Flows)> {
    let (config, loaded) = emitted::read(emitted::by_file(emissions), configuration, begin()).ok()?;
    let flows = Flows::of(&loaded.evidence, &config.flow_settings());
    Some((loaded.evidence, flows))
}

/// The rank of the root cause's system among the suspects.
fn rank(played: &Played) -> Option<usize> {
    let (evidence, flows) = read(&played.run.configuration(), &played.emissions)?;
    let suspects = Suspects::of(&evidence, &flows, &SuspectSettings::default());
    let is_root =
        |one: &&crate::suspects::Suspect| evidence.system_name(one.system) == played.truth.root_system;
    suspects.ranking.iter().find(is_root).map(|one| one.rank as usize)
}

fn last_measured(played: &Played) -> Vec<String> {
    let incident = Incident::replay("", &played.entries);
    incident.mitigations.into_iter().filter_map(|one| one.measured).collect()
}

fn tell(scenario: &Scenario, result: &Verdict, output: &Output) -> Result<(), Failure> {
    let percent = |played: &Option<Played>| played.as_ref().map(|played| played.score.percent);
    let (good, bad) = (percent(&result.good), percent(&result.bad));
    if output.json {
        output.object(&Checked {
            scenario: &scenario.name,
            seed: scenario.seed,
            good,
            bad,
            rank: result.rank,
            measured: result.good.as_ref().map(last_measured).unwrap_or_default(),
            mistakes: &result.mistakes,
        })?;
        return Ok(());
    }
    let (role, mark) = if result.mistakes.is_empty() { (Role::Good, "✓ ") } else { (Role::Bad, "✗ ") };
    let score = |score: Option<u32>| score.map_or_else(|| "–".to_owned(), |score| score.to_string());
    let rank =
        result.rank.map_or_else(|| "not among the suspects".to_owned(), |rank| format!("suspect {rank}"));
    output.line(&[
        (role, mark),
        (Role::Strong, &scenario.name),
        (Role::Plain, &format!(" good {}, bad {}, root cause: {rank}", score(good), score(bad))),
    ])?;
    for mistake in &result.mistakes {
        output.line(&[(Role::Warning, &format!("    {mistake}"))])?;
    }
    Ok(())
}

fn write(folder: &Path, name: &str, result: &Verdict) -> Result<(), Failure> {
    let outcome = || -> Result<(), String> {
        std::fs::create_dir_all(folder).map_err(|error| error.to_string())?;
        for (who, played) in [("good", &result.good), ("bad", &result.bad)] {
            let Some(played) = played else { continue };
            let incident = Incident::replay("INC-0001", &played.entries);
            let debrief = Debrief::of(&played.run, &incident, &played.entries, played.run.now());
            for (ending, text) in [("md", debrief_markdown(&debrief)?), ("html", debrief_html(&debrief)?)] {
                let path = folder.join(format!("{name}-{who}.{ending}"));
                std::fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))?;
            }
        }
        Ok(())
    };
    outcome().map_err(|reason| Failure::unread(format!("cannot write the debriefs: {reason}")))
}
