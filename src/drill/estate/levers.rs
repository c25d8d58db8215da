//! Mitigations at work: after a delay, with what they cost by their nature (a restart loses work and caches, a throttle
//! refuses customers, a paused consumer lets its queue grow), and with what they do to the fault.

use super::blueprint::{Link, Queue, Sys};
use super::faults::Cure;
use super::lever::{Lever, LeverEffect, Outcome};
use super::problem::Problem;
use super::world::{Bucket, Fault, Pulled, SECOND, What, World};
use crate::incident::MitigationKind as Kind;
use crate::telemetry::Time;
use strum::IntoEnumIterator;

/// From the decision until it acts, in seconds.
fn delay(kind: Kind) -> i64 {
    match kind {
        Kind::FeatureFlag | Kind::QueueBuffering => 15,
        Kind::Throttle | Kind::Block | Kind::Degrade | Kind::Replay => 20,
        Kind::Restart => 30,
        Kind::Failover => 60,
        Kind::Rollback => 120,
        Kind::Scale => 150,
        Kind::Other => 180,
    }
}

/// What a mitigation does to one fault.
struct Bearing {
    effect: LeverEffect,
    cure: Option<&'static Cure>,
    why: String,
}

impl World {
    /// Takes a mitigation in hand.
    pub(super) fn pull(&mut self, lever: &Lever, at: i64) -> Outcome {
        let at = at.max(self.now);
        let jitter = self.dice.between(0.8, 1.25);
        let acts_at = at + (delay(lever.kind) as f64 * jitter * SECOND as f64) as i64;
        let (effect, says) = self.foreseen(lever);
        self.levers.push(Pulled { lever: lever.clone(), is_release: false });
        self.agenda.add(acts_at, What::Acts(self.levers.len() - 1));
        Outcome { acts_at: Time(acts_at), effect, says }
    }

    pub(super) fn release(&mut self, lever: &Lever, at: i64) {
        let at = at.max(self.now) + 15 * SECOND;
        self.levers.push(Pulled { lever: lever.clone(), is_release: true });
        self.agenda.add(at, What::Acts(self.levers.len() - 1));
    }

    /// The best that it does to any fault that is there, and why.
    fn foreseen(&self, lever: &Lever) -> (LeverEffect, String) {
        let bearings =
            self.faults.iter().filter(|fault| fault.mended_at.is_none()).map(|one| bears(one, lever));
        let told = bearings.filter(|one| one.cure.is_some() || one.effect != LeverEffect::Nothing);
        told.min_by_key(|one| one.effect as u8).map_or_else(
            || (LeverEffect::Nothing, "it does nothing to the cause, and costs what it costs".to_owned()),
            |one| (one.effect, one.why),
        )
    }

    /// A mitigation takes effect, or ends.
    pub(super) fn acts(&mut self, number: usize) {
        let Some(Pulled { lever, is_release }) = self.levers.get(number).cloned() else { return };
        let place = Sys::named(&lever.system);
        let queue = queue_of(&lever, place);
        if is_release {
            self.undo(lever.kind, place, queue);
            return;
        }
        let is_replay = lever.kind == Kind::Replay;
        if !is_replay {
            self.side_effects(lever.kind, place, queue);
        }
        for fault in 0..self.faults.len() {
            let one = &self.faults[fault];
            if one.mended_at.is_some() || one.change_at > self.now {
                continue;
            }
            let bearing = bears(one, &lever);
            let acts = bearing.cure.and_then(|cure| cure.acts);
            let (effect, case) = (bearing.effect, one.case);
            if effect == LeverEffect::Mends {
                let was_active = self.faults[fault].is_active;
                self.faults[fault].mended_at = Some(self.now);
                self.faults[fault].is_active = false;
                if was_active {
                    (case.mend)(self);
                }
            } else if let Some(acts) = acts {
                acts(self);
                self.faults[fault].is_eased |= effect == LeverEffect::Eases;
            }
        }
        if is_replay {
            self.side_effects(lever.kind, place, queue);
        }
    }

    /// What such a measure does by its nature, whatever is wrong.
    fn side_effects(&mut self, kind: Kind, place: Option<Sys>, queue: Option<Queue>) {
        match (kind, place) {
            (Kind::Restart | Kind::Rollback, Some(place)) => self.restart(place, 12),
            (Kind::Failover, Some(place)) => self.restart(place, 20),
            (Kind::Scale, Some(place)) => self.scale(place),
            (Kind::Throttle, Some(place)) => self.throttle(place),
            (Kind::QueueBuffering, _) => {
                let queues: Vec<Queue> =
                    queue.map_or_else(|| place.into_iter().flat_map(Queue::of).collect(), |one| vec![one]);
                for queue in queues {
                    self.queue(queue).is_paused = true;
                }
            }
            (Kind::Replay, _) => {
                let queues: Vec<Queue> =
                    queue.map_or_else(|| place.into_iter().flat_map(Queue::of).collect(), |one| vec![one]);
                for queue in queues {
                    self.replay(queue);
                }
            }
            _ => {}
        }
    }

    /// A restart: what is being done is lost, what was remembered is gone, and for a while nobody answers.
    fn restart(&mut self, place: Sys, seconds: i64) {
        if place.is_external() {
            return;
        }
        let workers = self.system(place).workers;
        self.stop(place, Problem::Restarted);
        self.agenda.add(self.now + seconds * SECOND, What::Recover(place, workers));
        if matches!(place, Sys::Rabbit | Sys::Kafka) {
            self.agenda.add(self.now + (seconds + 1) * SECOND, What::Unblock(place));
        }
    }

    fn scale(&mut self, place: Sys) {
        let system = self.system(place);
        system.workers *= 2;
        system.pool.size *= 2;
        for queue in Queue::of(place) {
            self.queue(queue).consumers *= 2;
            self.deliver(queue);
        }
        self.hand_out(place);
    }

    /// A caller of a partner spreads its calls; everybody else turns away what is too much.
    fn throttle(&mut self, place: Sys) {
        let partner = Link::of(place).find(|link| link.plan().to.is_external());
        if let Some(link) = partner {
            let quota = self.systems[link.plan().to as usize].quota;
            if quota > 0 {
                let gap = 60 * SECOND / i64::from(quota.max(1)) * 11 / 10;
                self.link(link).pace = Some(Bucket { gap, next: self.now });
                self.link(link).attempts = 1;
                return;
            }
        }
        let lately: u32 = self
            .lately
            .get(place as usize)
            .map_or(0, |counts| counts.iter().map(|count| count.requests).sum());
        let allowed = (f64::from(lately) * 0.6).max(4.0);
        let gap = (60.0 / allowed * SECOND as f64) as i64;
        self.system(place).admits = Some(Bucket { gap, next: self.now });
    }

    /// What is taken back of a mitigation that is no longer needed.
    fn undo(&mut self, kind: Kind, place: Option<Sys>, queue: Option<Queue>) {
        match (kind, place) {
            (Kind::Throttle, Some(place)) => {
                self.system(place).admits = None;
                for link in Link::of(place) {
                    let plan = link.plan();
                    let state = self.link(link);
                    if state.pace.take().is_some() {
                        state.attempts = plan.attempts;
                    }
                }
            }
            (Kind::QueueBuffering, _) => {
                for one in
                    Queue::iter().filter(|one| queue == Some(*one) || place == Some(one.plan().consumer))
                {
                    self.queue(one).is_paused = false;
                    self.deliver(one);
                }
            }
            (Kind::Degrade, Some(place)) => {
                for link in Link::of(place) {
                    self.link(link).is_skipped = false;
                }
            }
            (Kind::Scale, Some(place)) => {
                let plan = place.plan();
                let system = self.system(place);
                system.workers = plan.workers;
                system.pool.size = plan.pool.map_or(0, |pool| pool.size);
                for one in Queue::of(place) {
                    self.queue(one).consumers = one.plan().consumers;
                }
            }
            _ => {}
        }
    }

    /// A process that died again and again lives.
    pub(super) fn revive(&mut self, place: Sys) {
        let workers = place.plan().workers;
        self.agenda.add(self.now + 8 * SECOND, What::Recover(place, workers));
    }
}

/// The queue that a lever names, by itself or by its consumer.
fn queue_of(lever: &Lever, place: Option<Sys>) -> Option<Queue> {
    let named = lever.target.as_deref().and_then(Queue::named).or_else(|| Queue::named(&lever.system));
    named.or_else(|| place.and_then(|place| Queue::of(place).next()))
}

fn bears(fault: &Fault, lever: &Lever) -> Bearing {
    let case = fault.case;
    let target = lever.target.as_deref().map(str::trim).filter(|target| !target.is_empty());
    let place =
        Sys::named(&lever.system).or_else(|| Queue::named(&lever.system).map(|queue| queue.plan().consumer));
    if lever.kind == Kind::Rollback
        && let Some(change) = &case.change
        && place == Some(change.system)
        && is_meant(target, fault, change.text)
    {
        let why = format!("the change is taken back: {}", case.trigger);
        return Bearing { effect: LeverEffect::Mends, cure: None, why };
    }
    let cure = case.cures.iter().find(|cure| {
        cure.kind == lever.kind
            && place == Some(cure.system)
            && target.is_none_or(|target| cure.target.is_empty() || target.contains(cure.target))
    });
    match cure {
        Some(cure) => Bearing { effect: cure.effect, cure: Some(cure), why: cure.why.to_owned() },
        None => Bearing { effect: LeverEffect::Nothing, cure: None, why: String::new() },
    }
}

/// Whether a rollback's target is this change: its id, a word of it, or nothing at all.
fn is_meant(target: Option<&str>, fault: &Fault, text: &str) -> bool {
    target.is_none_or(|target| {
        let is_change = target.to_ascii_uppercase().starts_with("CHG");
        if is_change {
            fault.change_id.as_deref().is_some_and(|id| id.eq_ignore_ascii_case(target))
        } else {
            text.to_ascii_lowercase().contains(&target.to_ascii_lowercase())
        }
    })
}
