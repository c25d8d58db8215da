//! What is really the matter: for the observer and the debrief, never for the candidate's screen.

use super::blueprint::{KINDS, Sys};
use super::faults::Case;
use super::lever::{Lever, LeverEffect};
use super::metrics;
use super::world::{Fault, World};
use crate::incident::MitigationKind;
use crate::telemetry::Time;
use serde::{Deserialize, Serialize};

/// The truth of a drill so far.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Truth {
    /// What set it off, in one sentence.
    pub trigger: String,
    /// Why that could hurt, in one sentence.
    pub root_cause: String,
    pub root_system: String,
    /// The failure mode's name, as in the catalogue.
    pub mode: String,
    /// When the fault begins to act; later than now if it has not yet.
    pub onset: Option<Time>,
    /// The change that brought it; a certificate expires without one.
    pub change: Option<ChangeTruth>,
    pub contributing: Vec<String>,
    pub fixes: Vec<String>,
    /// Systems that show it without being its cause.
    pub symptoms: Vec<String>,
    pub affected: Vec<Affected>,
    pub right: Vec<Remedy>,
    pub wrong: Vec<Remedy>,
    /// Where the evidence lies, most telling first.
    pub clues: Vec<Clue>,
    /// Whether a mitigation has mended the cause, and when.
    pub mended: Option<Time>,
    /// Whether one has made it hurt less.
    pub is_eased: bool,
    /// Further faults of the plan, by mode and system.
    pub further: Vec<(String, String)>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ChangeTruth {
    /// Empty until it has happened.
    pub id: String,
    pub time: Time,
    pub system: String,
    pub text: String,
}

/// Flows of one kind since the onset.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Affected {
    pub kind: String,
    pub started: u64,
    pub completed: u64,
    pub failed: u64,
    /// Completed, but far later than usual.
    pub late: u64,
}

/// A mitigation with what it does and why.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Remedy {
    pub lever: Lever,
    pub effect: LeverEffect,
    pub why: String,
}

/// Where something can be seen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Clue {
    pub system: String,
    /// Path of the file below the telemetry folder.
    pub file: String,
    /// `log`, `trace`, `metric` or `change`.
    pub signal: String,
    pub what: String,
}

/// Put together from the first fault and from what has become of flows.
pub(super) fn of(world: &World) -> Truth {
    let Some(fault) = world.faults.first() else { return Truth::default() };
    let case = fault.case;
    let (right, wrong) = remedies(fault, case)
        .into_iter()
        .partition(|remedy: &Remedy| matches!(remedy.effect, LeverEffect::Mends | LeverEffect::Eases));
    let names = |systems: &[Sys]| systems.iter().map(|system| system.name().to_owned()).collect();
    let texts = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect();
    Truth {
        trigger: case.trigger.to_owned(),
        root_cause: case.root_cause.to_owned(),
        root_system: case.place.name().to_owned(),
        mode: case.mode.to_string(),
        onset: Some(Time(fault.acts_at)),
        change: case.change.as_ref().map(|change| ChangeTruth {
            id: fault.change_id.clone().unwrap_or_default(),
            time: Time(fault.change_at),
            system: change.system.name().to_owned(),
            text: change.text.to_owned(),
        }),
        contributing: texts(case.contributing),
        fixes: texts(case.fixes),
        symptoms: names(case.symptoms),
        affected: affected(world),
        right,
        wrong,
        clues: clues(case),
        mended: fault.mended_at.map(Time),
        is_eased: fault.is_eased,
        further: world.faults[1..]
            .iter()
            .map(|fault| (fault.case.mode.to_string(), fault.case.place.name().to_owned()))
            .collect(),
    }
}

fn affected(world: &World) -> Vec<Affected> {
    let lines = KINDS.iter().zip(&world.tallies).map(|(kind, tally)| Affected {
        kind: kind.name.to_owned(),
        started: tally.started,
        completed: tally.completed,
        failed: tally.failed,
        late: tally.late,
    });
    lines.collect()
}

fn remedies(fault: &Fault, case: &Case) -> Vec<Remedy> {
    let lever = |kind, system: Sys, target: Option<&str>| Lever {
        kind,
        system: system.name().to_owned(),
        target: target.map(str::to_owned),
    };
    let mut all = Vec::new();
    if let Some(change) = &case.change {
        let is_ours = change.kind != crate::telemetry::ChangeKind::PartnerNotice;
        if is_ours {
            let id = fault.change_id.as_deref();
            let why = "the change is taken back".to_owned();
            let lever = lever(MitigationKind::Rollback, change.system, id);
            all.push(Remedy { lever, effect: LeverEffect::Mends, why });
        }
    }
    all.extend(case.cures.iter().map(|cure| Remedy {
        lever: lever(cure.kind, cure.system, Some(cure.target).filter(|target| !target.is_empty())),
        effect: cure.effect,
        why: cure.why.to_owned(),
    }));
    all
}

fn clues(case: &Case) -> Vec<Clue> {
    let own = case.clues.iter().map(|clue| {
        let signal: &str = clue.signal.into();
        let file = match signal {
            "metric" => metrics::file(clue.system),
            "trace" => "otel/spans.jsonl".to_owned(),
            _ => clue.system.plan().file.to_owned(),
        };
        Clue {
            system: clue.system.name().to_owned(),
            file,
            signal: signal.to_owned(),
            what: clue.what.to_owned(),
        }
    });
    let change = case.change.as_ref().map(|change| Clue {
        system: change.system.name().to_owned(),
        file: "changes.jsonl".to_owned(),
        signal: "change".to_owned(),
        what: change.text.to_owned(),
    });
    own.chain(change).collect()
}
