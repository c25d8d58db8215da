//! A plan drawn from a seed, so that drills never run out: which fault, where, how hard, when, and what misleads.

use super::blueprint::Sys;
use super::dice::Dice;
use super::faults::cases;
use super::plan::{Herring, HerringKind, Mode, Plan, Strike};
use strum::IntoEnumIterator;

/// Where the fault begins, at the earliest and at the latest.
const EARLIEST: f64 = 2_820.0;
const LATEST: f64 = 3_180.0;

/// Systems that a peak of load can be given to: those that flows enter by.
const ENTRIES: [Sys; 4] = [Sys::Edge, Sys::Kong, Sys::EdiGateway, Sys::Erp];

/// `drill start random --seed 7`: every mode is as likely as another, and of its places every one.
pub fn random(seed: u64) -> Plan {
    let mut dice = Dice::new(seed, 77);
    let modes: Vec<Mode> = Mode::iter().collect();
    let mode = *dice.one_of(&modes);
    let case = dice.one_of(cases(mode));
    let after = dice.between(EARLIEST, LATEST);
    let strike = Strike {
        mode,
        place: case.place.name().to_owned(),
        after_seconds: after as u32,
        severity: (dice.between(0.45, 1.0) * 100.0).round() / 100.0,
    };
    let innocent: Vec<Sys> = Sys::all()
        .filter(|system| !system.is_external() && *system != case.place && *system != Sys::Scheduler)
        .collect();
    let mut herrings = Vec::new();
    // Changes all along the baseline, as any estate has them.
    for _ in 0..2 + dice.below(3) {
        let system = dice.one_of(&innocent).name().to_owned();
        let at = dice.between(300.0, EARLIEST - 300.0) as u32;
        herrings.push(Herring { kind: HerringKind::Deploy, system, after_seconds: at });
    }
    // And one that comes at a bad moment.
    let system = dice.one_of(&innocent).name().to_owned();
    let at = (after - dice.between(60.0, 600.0)) as u32;
    herrings.push(Herring { kind: HerringKind::Deploy, system, after_seconds: at });
    if dice.is(0.6) {
        let system = dice.one_of(&innocent).name().to_owned();
        let at = (after + dice.between(-400.0, 300.0)) as u32;
        herrings.push(Herring { kind: HerringKind::NoisyWarning, system, after_seconds: at });
    }
    if dice.is(0.4) {
        let entries: Vec<Sys> = ENTRIES.into_iter().filter(|entry| *entry != case.place).collect();
        let system = dice.one_of(&entries).name().to_owned();
        let at = (after + dice.between(-500.0, 200.0)) as u32;
        herrings.push(Herring { kind: HerringKind::LoadPeak, system, after_seconds: at });
    }
    herrings.sort_by_key(|herring| herring.after_seconds);
    let traffic = (dice.between(0.8, 1.5) * 100.0).round() / 100.0;
    Plan { faults: vec![strike], herrings, traffic }
}
