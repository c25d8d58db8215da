//! What happens by the clock: jobs, samples of metrics, everyday lines, changes, and faults beginning to act.

use super::super::blueprint::{Job, KINDS, Sys};
use super::super::faults::Hit;
use super::super::formats;
use super::super::metrics;
use super::super::plan::HerringKind;
use super::super::problem::Problem;
use super::super::world::{SECOND, What, World};
use super::SAMPLE;

/// What a peak of load multiplies arrivals by, and how long it lasts.
const PEAK: f64 = 3.5;
const PEAK_LASTS: i64 = 480 * SECOND;
/// A noisy warning comes this often, and for this long.
const NOISE_EVERY: i64 = 7 * SECOND;
const NOISE_TIMES: u32 = 120;

impl World {
    pub(super) fn job_starts(&mut self, place: usize, generation: u32) {
        let now = self.now;
        let job = &mut self.jobs[place];
        if job.generation != generation {
            return;
        }
        self.agenda.add(now + job.every, What::JobStarts(place, generation));
        if job.is_running || job.is_stopped {
            return;
        }
        job.is_running = true;
        job.run += 1;
        let (job, lasts, connections) = (job.job, job.lasts, job.connections);
        let system = job.plan().system;
        formats::job(self, job, true);
        self.agenda.add(now + lasts, What::JobEnds(place, generation));
        self.system(system).pool.wanted += connections;
        self.hand_out(system);
    }

    pub(super) fn job_ends(&mut self, place: usize, generation: u32) {
        let job = &self.jobs[place];
        if job.generation == generation && job.is_running {
            let job = job.job;
            self.end_job(job);
        }
    }

    /// Ends a run and gives back what it held.
    pub(in super::super) fn end_job(&mut self, job: Job) {
        let system = job.plan().system;
        if !std::mem::replace(&mut self.job(job).is_running, false) {
            return;
        }
        formats::job(self, job, false);
        let others: u16 = self
            .jobs
            .iter()
            .filter(|other| other.is_running && other.job.plan().system == system)
            .map(|other| other.connections)
            .sum();
        let pool = &mut self.system(system).pool;
        pool.wanted = 0;
        pool.held = pool.held.min(others);
        self.hand_out(system);
    }

    /// Runs a job anew by another plan, beginning soon.
    pub(in super::super) fn reschedule(&mut self, job: Job, every: i64, lasts: i64, connections: u16) {
        self.end_job(job);
        let now = self.now;
        let state = self.job(job);
        (state.every, state.lasts, state.connections) = (every, lasts, connections);
        state.generation += 1;
        let generation = state.generation;
        self.agenda.add(now + 20 * SECOND, What::JobStarts(job as usize, generation));
    }

    pub(super) fn sample(&mut self) {
        self.agenda.add(self.now + SAMPLE, What::Sample);
        self.fill_brokers();
        metrics::sample(self);
    }

    /// What fills a broker fills it until it blocks its publishers.
    fn fill_brokers(&mut self) {
        for place in 0..self.brokers.len() {
            let broker = &mut self.brokers[place];
            let (system, was_blocked) = (broker.system, broker.is_blocked);
            let usual = 0.22;
            if broker.fills > 0.0 {
                broker.used = (broker.used + broker.fills * 15.0).min(0.99);
            } else if broker.used > usual {
                broker.used = (broker.used - 0.08).max(usual);
            }
            let mark = watermark(system);
            broker.is_blocked = if was_blocked { broker.used > mark - 0.02 } else { broker.used >= mark };
            let is_blocked = broker.is_blocked;
            if is_blocked != was_blocked {
                formats::alarm(self, system, is_blocked);
            }
            if was_blocked && !is_blocked {
                self.unblock(system);
            }
        }
    }

    pub(super) fn chatter(&mut self, system: Sys) {
        let wait = self.dice.between(14.0, 44.0);
        self.agenda.add(self.now + (wait * SECOND as f64) as i64, What::Chatter(system));
        if self.system(system).is_up {
            formats::chatter(self, system);
        }
    }

    /// The change that brings a fault, or the one that looks like it.
    pub(super) fn change(&mut self, fault: usize) {
        let case = self.faults[fault].case;
        if let Some(change) = &case.change {
            let id = formats::change(self, change.kind, change.system, change.text);
            self.faults[fault].change_id = Some(id);
        }
    }

    pub(super) fn strike(&mut self, fault: usize) {
        let (case, severity) = (self.faults[fault].case, self.faults[fault].severity);
        if self.faults[fault].mended_at.is_none() {
            self.faults[fault].is_active = true;
            (case.strike)(self, Hit { fault, severity });
        }
    }

    /// A process that dies again and again.
    pub(super) fn crash(&mut self, fault: usize) {
        let one = &self.faults[fault];
        if !one.is_active || one.mended_at.is_some() {
            return;
        }
        let (place, severity) = (one.case.place, one.severity);
        let workers = place.plan().workers;
        formats::out_of_memory(self, place);
        self.stop(place, Problem::Restarted);
        let down = 20.0 + 90.0 * severity;
        let up = 45.0 - 30.0 * severity;
        self.agenda.add(self.now + (down * SECOND as f64) as i64, What::Recover(place, workers));
        self.agenda.add(self.now + ((down + up) * SECOND as f64) as i64, What::Crash(fault));
    }

    pub(super) fn herring(&mut self, place: usize) {
        let Some(herring) = self.herrings.get(place).cloned() else { return };
        let Some(system) = Sys::named(&herring.system) else { return };
        match herring.kind {
            HerringKind::Deploy => {
                let (kind, text) = formats::harmless_change(self, system);
                formats::change(self, kind, system, &text);
            }
            HerringKind::NoisyWarning => {
                let sent = &mut self.noise[place];
                *sent += 1;
                if *sent < NOISE_TIMES {
                    self.agenda.add(self.now + NOISE_EVERY, What::Herring(place));
                }
                formats::noise(self, system);
            }
            HerringKind::LoadPeak => {
                let entered = KINDS.iter().position(|kind| kind.entry.plan().system == system);
                self.peak = entered.map(|kind| (kind, self.now + PEAK_LASTS));
            }
        }
    }

    /// How much denser than usual a kind arrives at this instant.
    pub(super) fn peak_of(&self, kind: usize) -> f64 {
        match self.peak {
            Some((peaking, until)) if peaking == kind && self.now < until => PEAK,
            _ => 1.0,
        }
    }
}

/// From this on a broker takes no more.
pub(in super::super) fn watermark(broker: Sys) -> f64 {
    if broker == Sys::Rabbit { 0.6 } else { 0.95 }
}
