//! What each signal counts for: from which strength on, up to which, and how much. One place, with the reasons.
//!
//! The figures were chosen by what a signal can know, not by what wins most cases. They matter less than they look: any
//! of them halved or doubled moves few answers.

use super::Signal;
use super::scene::Nature;

/// Threshold, cap and weight of a signal.
#[derive(Clone, Copy, Debug)]
pub(super) struct Weight {
    /// Below this it is noise and counts for nothing.
    pub least: f64,
    /// From here on more of it says nothing new.
    pub cap: f64,
    pub weight: f64,
}

/// What a signal counts for. Strengths are standard errors or robust spreads unless the comment says otherwise.
pub(super) fn weight(signal: Signal, nature: Nature) -> Weight {
    let of = |least, cap, weight| Weight { least, cap, weight };
    match (signal, nature) {
        // Where failing flows stop is seen and not inferred: it outweighs any other signal.
        (Signal::Flows, _) => of(3.0, 8.0, 1.6),
        // Failing flows pass through many systems; being on their way is a hint only. In Ochiai's 0..1.
        (Signal::Spectrum, _) => of(0.3, 1.0, 0.08),
        // An error line with no failing callee beneath it.
        (Signal::Origin, _) => of(2.0, 10.0, 1.0),
        // Time lost between caller and callee; network trouble or a callee that is too starved to accept.
        (Signal::NetworkGap, _) => of(2.0, 20.0, 1.0),
        // Work in another order than before, with nothing out of order beneath it: what a changed program looks like.
        (Signal::EventOrder, _) => of(2.0, 8.0, 1.0),
        // Said by callers and callees alike, so it counts a little less than the order of events.
        (Signal::Templates, _) => of(2.5, 10.0, 0.7),
        // A resource at its limit is a way to break, and measured where it is, not inferred from what others see.
        (Signal::Metrics, Nature::Cause) => of(3.0, 10.0, 1.2),
        // Latency and errors are what breaking looks like; they point, but at callers too.
        (Signal::Metrics, Nature::Symptom) => of(3.0, 20.0, 0.15),
        // Own time grows wherever something waits: support for another signal, never a reason by itself.
        (Signal::SelfTime, _) => of(3.0, 20.0, 0.2),
        // A change that fits, in 0..1; alone it makes no suspect.
        (Signal::Changes, _) => of(0.2, 1.0, 0.3),
        // The deepest system on the path of an alert, where nothing but metrics speaks. In spreads.
        (Signal::Topology, _) => of(3.0, 20.0, 1.0),
        (Signal::FailureMode, _) => of(0.0, 1.0, 0.0),
    }
}

impl Weight {
    /// The share of the weight that a strength earns, and a trace of what lies beyond the cap so that equals differ.
    pub(super) fn earned(self, strength: f64) -> f64 {
        if strength < self.least {
            return 0.0;
        }
        let beyond = (1.0 - (-strength / (4.0 * self.cap)).exp()) * BEYOND_CAP;
        self.weight * ((strength / self.cap).min(1.0) + beyond)
    }
}

/// What lies beyond a cap breaks ties and no more.
const BEYOND_CAP: f64 = 0.06;

/// What is left of where flows stop, where spans tell more surely who called whom than the order of lines does.
pub(super) const TOLD_BY_SPANS: f64 = 0.6;
/// What is left of a symptom whose callee shows the same.
pub(super) const EXPLAINED: f64 = 0.3;
/// The same where only metrics speak: there the path is all there is to go by.
pub(super) const EXPLAINED_ON_PATH: f64 = 0.1;
/// What is left where the suspect is not on the way from the alerting system, where only metrics speak.
pub(super) const OFF_PATH: f64 = 0.4;
/// What the alerting system keeps where nobody says who calls whom.
pub(super) const ALERTING: f64 = 0.7;
/// What an edge keeps: a gateway, a balancer, or a callee seen only from outside.
pub(super) const EDGE: f64 = 0.3;
/// A deeper system wins among equals.
pub(super) const DEPTH: f64 = 0.02;
/// What a signal keeps of its strength where everything of it is explained by a callee.
pub(super) const NOT_THE_ORIGIN: f64 = 0.25;

/// Below this nobody is called the cause, and so near to the second neither.
pub(super) const LEAST: f64 = 0.45;
pub(super) const LEAD: f64 = 0.12;
/// What one signal alone must lead by: it may be wrong in a way that no other would share.
pub(super) const LEAD_OF_ONE: f64 = 0.2;
/// From this weight on a reason counts as a signal of its own.
pub(super) const TELLING: f64 = 0.1;
/// From this weight on what is measured at a suspect is its own, whatever it calls.
pub(super) const MEASURED: f64 = 0.5;
/// The same where only metrics speak: the least sum, and what share of it a rival may have.
pub(super) const LEAST_ON_PATH: f64 = 0.15;
pub(super) const RIVAL_ON_PATH: f64 = 0.5;
/// The least sum there if no alert says that anything is wrong.
pub(super) const LEAST_UNALERTED: f64 = 0.4;
