//! How the estate moves: one event after the other, in the order of time. What follows from an event is decided by the
//! state that it meets, and is put on the agenda.

mod calls;
mod messages;
mod rounds;
mod serve;

use super::alerts::Alarms;
use super::blueprint::{Job, KINDS, Link, Queue, Sys};
use super::dice::Dice;
use super::formats;
use super::problem::Problem;
use super::world::{
    ARTICLES, Agenda, Breaker, Broker, Counters, Flow, Frame, JobState, LinkState, MS, Pool, QueueState,
    SECOND, Slab, SlabRef, System, Tally, What, World,
};
use std::collections::VecDeque;
use strum::IntoEnumIterator;

/// Metrics are sampled this often.
pub(super) const SAMPLE: i64 = 15 * SECOND;
/// The share of anybody's work that fails by itself, on a good day.
const EVERYDAY_FAILURES: f64 = 0.000_6;

impl World {
    /// An estate at rest.
    pub(super) fn new(seed: u64, start: i64, traffic: f64) -> Self {
        let mut world = Self {
            now: start,
            start,
            seed,
            traffic,
            dice: Dice::new(seed, 1),
            systems: Sys::all().map(system).collect(),
            links: Link::iter().map(link).collect(),
            queues: Queue::iter().map(queue).collect(),
            jobs: Job::iter().map(job).collect(),
            frames: Slab::default(),
            flows: Slab::default(),
            arrivals: (0..KINDS.len()).map(|kind| Dice::new(seed, 100 + kind as u64)).collect(),
            agenda: Agenda::default(),
            out: Vec::new(),
            documents: 20_660_000 + (seed % 1_000) as u32 * 10_000,
            entered: 0,
            idocs: 4_711_000 + seed % 1_000 * 1_000,
            changes: 50_000 + (seed % 9_000) as u32,
            faults: Vec::new(),
            levers: Vec::new(),
            tallies: vec![Tally::default(); KINDS.len()],
            alarms: Alarms::default(),
            clock: formats::Clock::default(),
            lately: Vec::new(),
            dead_history: [Vec::new(), Vec::new()],
            herrings: Vec::new(),
            noise: Vec::new(),
            peak: None,
            brokers: [Sys::Rabbit, Sys::Kafka].into_iter().map(broker).collect(),
        };
        for (place, days) in [(Sys::Erp, 121), (Sys::CarrierAdapter, 74), (Sys::Payment, 203)] {
            world.system(place).expires = start + days * 86_400 * SECOND;
        }
        world.warm_caches();
        formats::open(&mut world);
        world.begin();
        world
    }

    /// Puts on the agenda what happens by itself.
    fn begin(&mut self) {
        for kind in 0..KINDS.len() {
            self.next_arrival(kind);
        }
        self.agenda.add(self.start + SAMPLE, What::Sample);
        for system in Sys::all().filter(|system| !system.is_external()) {
            let wait = self.dice.between(1.0, 20.0);
            self.agenda.add(self.start + (wait * SECOND as f64) as i64, What::Chatter(system));
        }
        for queue in Queue::iter().filter(|queue| queue.plan().window_every > 0) {
            self.queue(queue).is_open = false;
            self.agenda.add(self.start + 10 * SECOND, What::Window(queue, true));
        }
        for (place, job) in Job::iter().enumerate() {
            let first = i64::from(job.plan().every_seconds) * (place as i64 + 2) / 5;
            self.agenda.add(self.start + first * SECOND, What::JobStarts(place, 0));
        }
    }

    /// Lets time pass.
    pub(super) fn run(&mut self, to: i64) {
        while let Some((at, what)) = self.agenda.due(to) {
            self.now = at;
            self.happens(what);
        }
        self.now = self.now.max(to);
    }

    fn happens(&mut self, what: What) {
        match what {
            What::Arrival(kind) => self.arrival(kind),
            What::Arrive(frame) => self.arrive(frame),
            What::Worked(frame) => self.worked(frame),
            What::Answer { to, call, problem } => self.answer(to, call, problem),
            What::TimedOut { frame, call } => self.answer(frame, call, Some(Problem::TimedOut)),
            What::Retry { frame, call } => self.retry(frame, call),
            What::PoolPatience(frame) => self.pool_patience(frame),
            What::PublishPatience { frame, call } => self.publish_patience(frame, call),
            What::Redeliver(queue, message) => self.requeue(queue, *message),
            What::AckOverdue(queue, frame) => self.ack_overdue(queue, frame),
            What::Window(queue, opens) => self.window(queue, opens),
            What::JobStarts(place, generation) => self.job_starts(place, generation),
            What::JobEnds(place, generation) => self.job_ends(place, generation),
            What::Sample => self.sample(),
            What::Chatter(system) => self.chatter(system),
            What::Recover(system, workers) => self.recover(system, workers),
            What::Change(fault) => self.change(fault),
            What::Strike(fault) => self.strike(fault),
            What::Herring(place) => self.herring(place),
            What::Acts(lever) => self.acts(lever),
            What::Crash(fault) => self.crash(fault),
            What::Unblock(broker) => self.unblock(broker),
        }
    }

    fn next_arrival(&mut self, kind: usize) {
        let mean = 60.0 / (KINDS[kind].per_minute * self.traffic.max(0.01) * self.peak_of(kind));
        let wait = self.arrivals[kind].gap() * mean;
        self.agenda.add(self.now + (wait * SECOND as f64) as i64, What::Arrival(kind));
    }

    /// A flow enters.
    fn arrival(&mut self, kind: usize) {
        self.next_arrival(kind);
        let purpose = 1_000 + kind as u64 + (self.arrivals[kind].next() & !0xfff);
        let mut dice = Dice::new(self.seed, purpose);
        self.documents += 1;
        self.entered += 1;
        let flow = Flow {
            kind,
            started: self.now,
            number: self.documents,
            correlation: formats::uuid(dice.hex128()),
            trace: dice.hex128() | 1,
            amount: 2_000 + dice.below(60_000) as u32,
            positions: 1 + dice.below(12) as u8,
            dice,
            idoc: 0,
            is_posted: false,
            is_captured: false,
            holders: 0,
            outcome: None,
            is_late: false,
        };
        if let Some(tally) = self.tally(&flow) {
            tally.started += 1;
        }
        let flow = self.flows.add(flow);
        let frame = self.frame(flow, KINDS[kind].entry, None, 0);
        self.arrive(frame);
    }

    /// A new piece of work of a flow.
    fn frame(
        &mut self,
        flow: SlabRef,
        op: super::blueprint::Op,
        parent: Option<(SlabRef, u32)>,
        parent_span: u64,
    ) -> SlabRef {
        let now = self.now;
        let mut span = 0;
        if let Some(flow) = self.flows.get_mut(flow) {
            flow.holders += 1;
            // An untraced system passes on what it was given.
            span = if op.plan().system.plan().is_traced { flow.dice.next() | 1 } else { parent_span };
        }
        self.frames.add(Frame {
            flow,
            op,
            parent,
            message: None,
            arrived: now,
            began: now,
            step: 0,
            attempt: 0,
            call: 0,
            is_waiting: false,
            span,
            parent_span,
            has_worker: false,
            has_connection: false,
            link: None,
            called_at: now,
            client_span: 0,
        })
    }

    /// One holder less; a flow that nobody holds is gone.
    fn let_go(&mut self, flow: SlabRef) {
        let Some(one) = self.flows.get_mut(flow) else { return };
        one.holders -= 1;
        if one.holders == 0 {
            self.flows.remove(flow);
        }
    }

    /// Entries that have been good for a while and end one after the other.
    fn warm_caches(&mut self) {
        for place in 0..self.systems.len() {
            let lasts = self.systems[place].cache_ns;
            if lasts > 0 {
                let cache: Vec<i64> =
                    (0..ARTICLES).map(|_| self.start + (self.dice.share() * lasts as f64) as i64).collect();
                self.systems[place].cache = cache;
            }
        }
    }
}

fn system(system: Sys) -> System {
    let plan = system.plan();
    System {
        is_up: true,
        down_as: Problem::Refused,
        workers: plan.workers,
        busy: 0,
        inbox: VecDeque::new(),
        pool: Pool { size: plan.pool.map_or(0, |pool| pool.size), ..Pool::default() },
        slow: 1.0,
        fails: if system.is_external() { 0.002 } else { EVERYDAY_FAILURES },
        fails_as: Problem::Transient,
        clock_ahead: 0,
        cache: Vec::new(),
        cache_ns: i64::from(plan.cache_seconds) * SECOND,
        admits: None,
        quota: plan.quota,
        window: (0, 0),
        count: Counters::default(),
        expires: i64::MAX,
        behind: 1.0,
    }
}

fn link(link: Link) -> LinkState {
    let plan = link.plan();
    LinkState {
        timeout_ms: plan.timeout_ms,
        attempts: plan.attempts,
        backoff_ms: plan.backoff_ms,
        broken: None,
        broken_share: 0.0,
        extra_ms: 0.0,
        breaker: Breaker { is_there: plan.has_breaker, ..Breaker::default() },
        pace: None,
        is_skipped: false,
    }
}

fn queue(queue: Queue) -> QueueState {
    let plan = queue.plan();
    QueueState {
        waiting: VecDeque::new(),
        dead: Vec::new(),
        dead_total: 0,
        consumers: plan.consumers,
        busy: 0,
        is_paused: false,
        is_open: true,
        most_deliveries: plan.most_deliveries,
        redelivery_ms: plan.redelivery_ms,
        ack_ms: 0,
        unmappable: 0.0,
        poisons: 0,
        consumed: 0,
        published: 0,
    }
}

fn job(job: Job) -> JobState {
    let plan = job.plan();
    JobState {
        job,
        every: i64::from(plan.every_seconds) * SECOND,
        lasts: i64::from(plan.lasts_seconds) * SECOND,
        connections: plan.connections,
        is_running: false,
        run: 0,
        locks: 1.0,
        is_stopped: false,
        generation: 0,
    }
}

fn broker(system: Sys) -> Broker {
    Broker { system, used: 0.22, fills: 0.0, is_blocked: false, waiting: VecDeque::new() }
}

/// A passage of the network.
pub(super) fn network(dice: &mut Dice) -> i64 {
    ((0.4 + 1.2 * dice.share()) * MS as f64) as i64
}
