//! The simulated estate: a model of an enterprise's integrations. Systems with queues, pools, retries, timeouts, breakers,
//! caches, batch windows and partners; flows travel through it, faults are injected into it, and telemetry follows from
//! its state. Deterministic by seed, plan and levers, whatever the steps in which time is let pass.

mod alerts;
mod blueprint;
mod dice;
mod faults;
mod formats;
mod lever;
mod levers;
mod metrics;
mod model;
mod plan;
mod problem;
mod random;
#[cfg(test)]
mod tests;
mod truth;
mod world;

pub use lever::{Lever, LeverEffect, Outcome};
pub use plan::{Herring, HerringKind, Mode, Plan, Strike};
pub use random::random;
pub use truth::{Affected, ChangeTruth, Clue, Remedy, Truth};

use crate::telemetry::Time;
use blueprint::Sys;
use world::{Fault, SECOND, What, World};

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
    world: World,
}

impl Estate {
    /// An estate at rest at `start`, which will suffer what is planned. What no estate knows is left out; see [`Plan::check`].
    pub fn new(seed: u64, start: Time, plan: Plan) -> Self {
        let mut world = World::new(seed, start.0, plan.traffic);
        world.herrings = plan.herrings;
        world.noise = vec![0; world.herrings.len()];
        for place in 0..world.herrings.len() {
            let at = start.0 + i64::from(world.herrings[place].after_seconds) * SECOND;
            world.agenda.add(at, What::Herring(place));
        }
        let mut estate = Self { world };
        plan.faults.into_iter().for_each(|strike| estate.strike(strike));
        estate
    }

    /// How far time has passed.
    pub fn now(&self) -> Time {
        Time(self.world.now)
    }

    pub fn start(&self) -> Time {
        Time(self.world.start)
    }

    /// Lets time pass; gives everything written until then, in time order.
    pub fn advance(&mut self, to: Time) -> Vec<Emission> {
        self.world.run(to.0);
        std::mem::take(&mut self.world.out)
    }

    /// A mitigation that was logged; it acts with a delay and has side effects.
    pub fn pull(&mut self, lever: &Lever, at: Time) -> Outcome {
        self.world.pull(lever, at.0)
    }

    /// The same mitigation taken back.
    pub fn release(&mut self, lever: &Lever, at: Time) {
        self.world.release(lever, at.0);
    }

    /// A further fault, which may begin now: an inject. `after_seconds` counts from the estate's start.
    pub fn strike(&mut self, strike: Strike) {
        let Some(case) = faults::case(strike.mode, &strike.place) else { return };
        let world = &mut self.world;
        let planned = world.start + i64::from(strike.after_seconds) * SECOND;
        let change_at = planned.max(world.now);
        let acts_at = change_at + i64::from(case.lead_seconds) * SECOND;
        if strike.mode == Mode::ExpiredCertificate {
            world.system(case.place).expires = acts_at;
        }
        let number = world.faults.len();
        world.faults.push(Fault {
            case,
            severity: strike.severity,
            change_at,
            acts_at,
            change_id: None,
            is_active: false,
            mended_at: None,
            is_eased: false,
        });
        world.agenda.add(change_at, What::Change(number));
        world.agenda.add(acts_at, What::Strike(number));
    }

    pub fn truth(&self) -> Truth {
        truth::of(&self.world)
    }

    /// How many flows have entered so far.
    pub fn flows(&self) -> u64 {
        self.world.entered
    }

    /// The catalogue of systems, partners too.
    pub fn systems(&self) -> Vec<SystemCard> {
        let cards = Sys::all().map(|system| {
            let plan = system.plan();
            SystemCard {
                name: plan.name,
                owner: plan.owner,
                tier: plan.tier,
                what: plan.what,
                zone: (plan.zone_minutes == 60).then_some("+01:00"),
                is_external: system.is_external(),
            }
        });
        cards.collect()
    }

    /// What an operator would have configured, as `bridgewatch.toml`: owners, tiers, clocks, and what business numbers
    /// look like. Nothing of the truth.
    pub fn configuration(&self) -> String {
        let mut text = String::new();
        for card in self.systems().into_iter().filter(|card| !card.is_external) {
            text += &format!("[systems.{}]\nowner = \"{}\"\ntier = {}\n", card.name, card.owner, card.tier);
            if let Some(zone) = card.zone {
                text += &format!("zone = \"{zone}\"\n");
            }
            text.push('\n');
        }
        text + "[[identifiers]]\nclass = \"business\"\npattern = '\\b([A-Z]{2}-\\d{8})\\b'\n"
    }
}

impl Mode {
    /// The systems where such a fault can lie.
    pub fn places(self) -> Vec<&'static str> {
        faults::cases(self).iter().map(|case| case.place.name()).collect()
    }
}

impl Plan {
    /// Whether an estate can suffer all of it; what it cannot is said in words.
    pub fn check(&self) -> Result<(), String> {
        for strike in &self.faults {
            if faults::case(strike.mode, &strike.place).is_none() {
                let places = strike.mode.places().join(", ");
                return Err(format!("no fault `{}` at `{}`; there is {places}", strike.mode, strike.place));
            }
            if !(0.0..=1.0).contains(&strike.severity) {
                return Err(format!("severity {} is not between 0 and 1", strike.severity));
            }
        }
        if let Some(herring) = self.herrings.iter().find(|herring| Sys::named(&herring.system).is_none()) {
            return Err(format!("there is no system `{}`", herring.system));
        }
        if !(0.1..=200.0).contains(&self.traffic) {
            return Err(format!("traffic {} is not between 0.1 and 200", self.traffic));
        }
        Ok(())
    }
}
