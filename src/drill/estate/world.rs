//! The state of the estate at one instant: what is busy, what waits, what is broken; and what it has written so far.

use super::Emission;
use super::alerts::Alarms;
use super::blueprint::{Job, KINDS, Link, Op, Queue, Sys};
use super::dice::Dice;
use super::faults::Case;
use super::lever::Lever;
use super::plan::Herring;
use super::problem::Problem;
use crate::telemetry::Time;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

pub(super) const MS: i64 = 1_000_000;
pub(super) const SECOND: i64 = 1_000 * MS;
/// Articles whose prices and stock are cached apart.
pub(super) const ARTICLES: u64 = 60;

/// Everything. Times are nanoseconds since 1970.
#[derive(Clone, Debug)]
pub(super) struct World {
    pub now: i64,
    pub start: i64,
    pub seed: u64,
    pub traffic: f64,
    /// Chance for what belongs to no flow.
    pub dice: Dice,
    pub systems: Vec<System>,
    pub links: Vec<LinkState>,
    pub queues: Vec<QueueState>,
    pub jobs: Vec<JobState>,
    pub frames: Slab<Frame>,
    pub flows: Slab<Flow>,
    pub arrivals: Vec<Dice>,
    pub agenda: Agenda,
    pub out: Vec<Emission>,
    /// Numbers drawn so far: of business documents, IDocs and changes.
    pub documents: u32,
    pub entered: u64,
    pub idocs: u64,
    pub changes: u32,
    pub faults: Vec<Fault>,
    pub levers: Vec<Pulled>,
    pub tallies: Vec<Tally>,
    pub alarms: Alarms,
    pub clock: super::formats::Clock,
    /// What was counted in the last samples, by system.
    pub lately: super::metrics::Lately,
    pub dead_history: [Vec<u32>; 2],
    pub herrings: Vec<Herring>,
    /// How many noisy warnings each herring has sent.
    pub noise: Vec<u32>,
    /// A kind of flow that arrives more densely until then.
    pub peak: Option<(usize, i64)>,
    /// How much of each broker's memory or disk is used.
    pub brokers: Vec<Broker>,
}

#[derive(Clone, Debug)]
pub(super) struct System {
    pub is_up: bool,
    /// What it answers while it is not.
    pub down_as: Problem,
    pub workers: u16,
    pub busy: u16,
    pub inbox: VecDeque<FrameRef>,
    pub pool: Pool,
    /// Times of service are longer by this.
    pub slow: f64,
    /// Share of its work that fails by itself, and with what.
    pub fails: f64,
    pub fails_as: Problem,
    /// Its clock ahead of true time.
    pub clock_ahead: i64,
    pub cache: Vec<i64>,
    pub cache_ns: i64,
    /// Admits no more than so many requests a minute.
    pub admits: Option<Bucket>,
    pub quota: u32,
    pub window: (i64, u32),
    pub count: Counters,
    pub expires: i64,
    /// What a miss of the cache takes, times this.
    pub behind: f64,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Pool {
    pub size: u16,
    pub busy: u16,
    /// Lost for good, until the process starts anew.
    pub leaked: u16,
    /// Held by jobs.
    pub held: u16,
    /// That jobs want as soon as they come free.
    pub wanted: u16,
    /// Share of requests that never give theirs back.
    pub leak: f64,
    pub queue: VecDeque<FrameRef>,
}

impl Pool {
    pub(super) fn is_free(&self) -> bool {
        self.busy + self.leaked + self.held < self.size
    }
}

/// What is counted between two samples.
#[derive(Clone, Debug, Default)]
pub(super) struct Counters {
    pub requests: u32,
    pub errors: u32,
    pub latencies: Vec<u32>,
    pub retries: u32,
    pub hits: u32,
    pub misses: u32,
    pub throttled: u32,
    /// Milliseconds of its own work.
    pub worked_ms: f64,
}

/// So many a minute, evenly.
#[derive(Clone, Debug)]
pub(super) struct Bucket {
    pub gap: i64,
    pub next: i64,
}

#[derive(Clone, Debug)]
pub(super) struct LinkState {
    pub timeout_ms: u32,
    pub attempts: u8,
    pub backoff_ms: u32,
    /// What every call gets, and the share that does.
    pub broken: Option<Problem>,
    pub broken_share: f64,
    pub extra_ms: f64,
    pub breaker: Breaker,
    /// Calls are spread out to this many a minute.
    pub pace: Option<Bucket>,
    /// What it calls is left out.
    pub is_skipped: bool,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Breaker {
    pub is_there: bool,
    /// The last results, newest in the lowest bit; a set bit failed.
    pub results: u32,
    pub seen: u8,
    pub open_until: i64,
    pub is_probing: bool,
}

#[derive(Clone, Debug)]
pub(super) struct QueueState {
    pub waiting: VecDeque<Message>,
    pub dead: Vec<Message>,
    pub dead_total: u32,
    pub consumers: u16,
    pub busy: u16,
    pub is_paused: bool,
    pub is_open: bool,
    pub most_deliveries: u8,
    pub redelivery_ms: u32,
    /// Redelivers what is not acknowledged by then; 0 for never.
    pub ack_ms: u32,
    /// Messages published from now on do not fit what the consumer expects; share of them.
    pub unmappable: f64,
    /// The next message is one that breaks the consumer.
    pub poisons: u32,
    pub consumed: u32,
    pub published: u32,
}

#[derive(Clone, Debug)]
pub(super) struct Message {
    pub flow: SlabRef,
    pub op: Op,
    pub id: u128,
    pub deliveries: u8,
    pub parent_span: u64,
    pub is_unmappable: bool,
    pub is_poison: bool,
}

#[derive(Clone, Debug)]
pub(super) struct Broker {
    pub system: Sys,
    pub used: f64,
    /// A second, while something fills it.
    pub fills: f64,
    pub is_blocked: bool,
    pub waiting: VecDeque<FrameRef>,
}

#[derive(Clone, Debug)]
pub(super) struct JobState {
    pub job: Job,
    pub every: i64,
    pub lasts: i64,
    pub connections: u16,
    pub is_running: bool,
    pub run: u32,
    /// Locks what the others need: their time of service while it runs.
    pub locks: f64,
    pub is_stopped: bool,
    pub generation: u32,
}

#[derive(Clone, Debug)]
pub(super) struct Flow {
    pub kind: usize,
    pub started: i64,
    pub number: u32,
    pub correlation: u128,
    pub trace: u128,
    pub amount: u32,
    pub positions: u8,
    pub dice: Dice,
    pub idoc: u64,
    pub is_posted: bool,
    pub is_captured: bool,
    /// Frames and messages that belong to it.
    pub holders: u32,
    /// Whether it ended well, once it has ended.
    pub outcome: Option<bool>,
    pub is_late: bool,
}

/// One operation being done by one system for one flow.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    pub flow: SlabRef,
    pub op: Op,
    pub parent: Option<(FrameRef, u32)>,
    /// The queue and message that it was begun by.
    pub message: Option<(Queue, Message)>,
    pub arrived: i64,
    pub began: i64,
    pub step: u8,
    pub attempt: u8,
    /// Numbers its calls, so that a late answer is told from the one it waits for.
    pub call: u32,
    pub is_waiting: bool,
    pub span: u64,
    pub parent_span: u64,
    pub has_worker: bool,
    pub has_connection: bool,
    pub link: Option<Link>,
    /// When its last call set out.
    pub called_at: i64,
    /// The span of that call, where its caller is traced.
    pub client_span: u64,
}

pub(super) type FrameRef = SlabRef;

/// A place in a slab, and which of its tenants is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SlabRef {
    pub at: u32,
    pub generation: u32,
}

/// Things that come and go, in memory that stays.
#[derive(Clone, Debug)]
pub(super) struct Slab<T> {
    places: Vec<(u32, Option<T>)>,
    free: Vec<u32>,
}

impl<T> Default for Slab<T> {
    fn default() -> Self {
        Self { places: Vec::new(), free: Vec::new() }
    }
}

impl<T> Slab<T> {
    pub(super) fn add(&mut self, thing: T) -> SlabRef {
        if let Some(at) = self.free.pop() {
            let place = &mut self.places[at as usize];
            place.1 = Some(thing);
            return SlabRef { at, generation: place.0 };
        }
        self.places.push((0, Some(thing)));
        SlabRef { at: self.places.len() as u32 - 1, generation: 0 }
    }

    pub(super) fn get(&self, one: SlabRef) -> Option<&T> {
        let (generation, thing) = self.places.get(one.at as usize)?;
        thing.as_ref().filter(|_| *generation == one.generation)
    }

    pub(super) fn get_mut(&mut self, one: SlabRef) -> Option<&mut T> {
        let (generation, thing) = self.places.get_mut(one.at as usize)?;
        thing.as_mut().filter(|_| *generation == one.generation)
    }

    pub(super) fn remove(&mut self, one: SlabRef) -> Option<T> {
        let place = self.places.get_mut(one.at as usize)?;
        if place.0 != one.generation {
            return None;
        }
        let thing = place.1.take()?;
        place.0 = place.0.wrapping_add(1);
        self.free.push(one.at);
        Some(thing)
    }

    pub(super) fn refs(&self) -> impl Iterator<Item = (SlabRef, &T)> {
        self.places.iter().enumerate().filter_map(|(at, (generation, thing))| {
            Some((SlabRef { at: at as u32, generation: *generation }, thing.as_ref()?))
        })
    }
}

/// What is to happen, by time; what was asked for first comes first.
#[derive(Clone, Debug, Default)]
pub(super) struct Agenda {
    heap: BinaryHeap<Reverse<Entry>>,
    asked: u64,
}

#[derive(Clone, Debug)]
struct Entry {
    at: i64,
    number: u64,
    what: What,
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        (self.at, self.number) == (other.at, other.number)
    }
}

impl Eq for Entry {}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.number).cmp(&(other.at, other.number))
    }
}

impl Agenda {
    pub(super) fn add(&mut self, at: i64, what: What) {
        self.asked += 1;
        self.heap.push(Reverse(Entry { at, number: self.asked, what }));
    }

    /// The next thing that is due by then.
    pub(super) fn due(&mut self, by: i64) -> Option<(i64, What)> {
        if self.heap.peek()?.0.at > by {
            return None;
        }
        self.heap.pop().map(|Reverse(entry)| (entry.at, entry.what))
    }
}

#[derive(Clone, Debug)]
pub(super) enum What {
    Arrival(usize),
    Arrive(FrameRef),
    Worked(FrameRef),
    Answer { to: FrameRef, call: u32, problem: Option<Problem> },
    TimedOut { frame: FrameRef, call: u32 },
    Retry { frame: FrameRef, call: u32 },
    PoolPatience(FrameRef),
    PublishPatience { frame: FrameRef, call: u32 },
    Redeliver(Queue, Box<Message>),
    AckOverdue(Queue, FrameRef),
    Window(Queue, bool),
    JobStarts(usize, u32),
    JobEnds(usize, u32),
    Sample,
    Chatter(Sys),
    Recover(Sys, u16),
    Change(usize),
    Strike(usize),
    Herring(usize),
    Acts(usize),
    Crash(usize),
    Unblock(Sys),
}

/// A fault of the plan, and what has become of it.
#[derive(Clone, Debug)]
pub(super) struct Fault {
    pub case: &'static Case,
    pub severity: f64,
    pub change_at: i64,
    pub acts_at: i64,
    pub change_id: Option<String>,
    pub is_active: bool,
    pub mended_at: Option<i64>,
    pub is_eased: bool,
}

#[derive(Clone, Debug)]
pub(super) struct Pulled {
    pub lever: Lever,
    pub is_release: bool,
}

/// What became of flows since the first fault acted.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    pub started: u64,
    pub completed: u64,
    pub failed: u64,
    pub late: u64,
}

impl World {
    pub(super) fn system(&mut self, system: Sys) -> &mut System {
        &mut self.systems[system as usize]
    }

    pub(super) fn link(&mut self, link: Link) -> &mut LinkState {
        &mut self.links[link as usize]
    }

    pub(super) fn queue(&mut self, queue: Queue) -> &mut QueueState {
        &mut self.queues[queue as usize]
    }

    pub(super) fn job(&mut self, job: Job) -> &mut JobState {
        &mut self.jobs[job as usize]
    }

    pub(super) fn broker(&mut self, system: Sys) -> &mut Broker {
        let place = usize::from(system == Sys::Kafka);
        &mut self.brokers[place]
    }

    pub(super) fn time(&self) -> Time {
        Time(self.now)
    }

    /// When the first fault began to act, if it has.
    pub(super) fn onset(&self) -> Option<i64> {
        self.faults.first().map(|fault| fault.acts_at).filter(|at| *at <= self.now)
    }

    pub(super) fn tally(&mut self, flow: &Flow) -> Option<&mut Tally> {
        let onset = self.onset()?;
        (flow.started >= onset).then(|| &mut self.tallies[flow.kind])
    }

    /// Takes back that a flow failed: it is tried again.
    pub(super) fn uncount(&mut self, flow: SlabRef) {
        let Some(one) = self.flows.get_mut(flow) else { return };
        let was = one.outcome.take();
        let one = one.clone();
        if let Some(tally) = self.tally(&one)
            && was == Some(false)
        {
            tally.failed = tally.failed.saturating_sub(1);
        }
    }

    /// Counts how a flow ended. Once failed is failed; what had completed fails when one of its messages is given up.
    pub(super) fn count(&mut self, flow: SlabRef, is_good: bool) {
        let now = self.now;
        let Some(one) = self.flows.get_mut(flow) else { return };
        let before = one.outcome;
        if before == Some(is_good) || before == Some(false) {
            return;
        }
        one.outcome = Some(is_good);
        let kind = &KINDS[one.kind];
        let was_late = one.is_late;
        one.is_late = is_good && now - one.started > i64::from(kind.usual_seconds) * 4 * SECOND;
        let one = one.clone();
        let Some(tally) = self.tally(&one) else { return };
        if is_good {
            tally.completed += 1;
            tally.late += u64::from(one.is_late);
        } else {
            tally.failed += 1;
            tally.completed -= u64::from(before == Some(true));
            tally.late -= u64::from(was_late);
        }
    }
}
