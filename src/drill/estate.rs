//! The simulated estate: a model of an enterprise's integrations. Systems with queues, pools, retries, timeouts, breakers,
//! caches, batch windows and partners; flows travel through it, faults are injected into it, and telemetry follows from
//! its state. Deterministic by seed, plan and levers, whatever the steps in which time is let pass.

mod lever;
mod plan;
mod truth;

pub use lever::{Lever, LeverEffect, Outcome};
pub use plan::{Herring, HerringKind, Mode, Plan, Strike};
pub use truth::{Affected, ChangeTruth, Clue, Remedy, Truth};

use crate::telemetry::{Nanos, Time};

/// Something that a system wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Emission {
    pub at: Time,
    /// The file, below the telemetry folder.
    pub file: String,
    /// Whole records, each with its line's end.
    pub text: String,
}

/// What is known of a system without any telemetry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SystemCard {
    pub name: &'static str,
    pub owner: &'static str,
    pub tier: u8,
    /// What it is there for.
    pub what: &'static str,
    /// The offset that its clock is printed in, where lines do not say it.
    pub zone: Option<&'static str>,
    /// A partner's system: it writes nothing that we can read.
    pub is_external: bool,
}

/// A running estate; see the module's header.
#[derive(Clone, Debug)]
pub struct Estate {
    now: Time,
    next_beat: Time,
}

impl Estate {
    /// An estate at rest at `start`, which will suffer what is planned.
    pub fn new(_seed: u64, start: Time, _plan: Plan) -> Self {
        Self { now: start, next_beat: start }
    }

    /// How far time has passed.
    pub fn now(&self) -> Time {
        self.now
    }

    /// Lets time pass; gives everything written until then, in time order.
    pub fn advance(&mut self, to: Time) -> Vec<Emission> {
        let mut emissions = Vec::new();
        while self.next_beat <= to {
            for system in ["order-service", "pricing-service"] {
                let text = format!("ts={} level=info msg=\"alive\"\n", self.next_beat.rfc3339());
                emissions.push(Emission { at: self.next_beat, file: format!("{system}/app.log"), text });
            }
            self.next_beat = self.next_beat + Nanos::seconds(15);
        }
        self.now = self.now.max(to);
        emissions
    }

    /// A mitigation that was logged; it acts with a delay and has side effects. `at` is not in the past.
    pub fn pull(&mut self, _lever: &Lever, at: Time) -> Outcome {
        Outcome { acts_at: at, effect: LeverEffect::Nothing, says: "nothing happens".to_owned() }
    }

    /// The same mitigation taken back.
    pub fn release(&mut self, _lever: &Lever, _at: Time) {}

    /// A further fault, from now on: an inject. `after_seconds` counts from the estate's start.
    pub fn strike(&mut self, _strike: Strike) {}

    pub fn truth(&self) -> Truth {
        Truth::default()
    }

    /// The catalogue of systems, partners too.
    pub fn systems(&self) -> Vec<SystemCard> {
        Vec::new()
    }

    /// What an operator would have configured, as `bridgewatch.toml`.
    pub fn configuration(&self) -> String {
        String::new()
    }
}

/// A plan drawn from a seed: which fault, where, how hard, and what else there is to mislead.
pub fn random(_seed: u64) -> Plan {
    Plan::default()
}
