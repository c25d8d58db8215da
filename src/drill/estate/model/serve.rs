//! Work at one system: let in or turned away, waiting for a worker and for a connection, done, and answered.

use super::super::blueprint::{KINDS, Link, Op, Queue, Step, Sys};
use super::super::formats;
use super::super::problem::Problem;
use super::super::world::{ARTICLES, FrameRef, MS, SECOND, What, World};
use super::network;

impl World {
    /// A request or a message reaches the system that is to do it.
    pub(super) fn arrive(&mut self, frame: FrameRef) {
        let Some(op) = self.frames.get(frame).map(|one| one.op) else { return };
        let place = op.plan().system;
        if let Some(refused) = self.refusal(place) {
            self.turn_away(frame, refused);
            return;
        }
        let system = self.system(place);
        if system.busy < system.workers {
            self.begin_work(frame);
        } else if system.inbox.len() < usize::from(place.plan().backlog) {
            system.inbox.push_back(frame);
        } else {
            self.turn_away(frame, Problem::Overloaded);
        }
    }

    /// Why the system does not even look at a request.
    fn refusal(&mut self, place: Sys) -> Option<Problem> {
        let now = self.now;
        let system = self.system(place);
        if !system.is_up {
            return Some(system.down_as);
        }
        if let Some(admits) = &mut system.admits {
            if now < admits.next {
                system.count.throttled += 1;
                return Some(Problem::Throttled(5));
            }
            admits.next = now.max(admits.next) + admits.gap;
        }
        if system.quota > 0 {
            let minute = now.div_euclid(60 * SECOND);
            if system.window.0 != minute {
                system.window = (minute, 0);
            }
            system.window.1 += 1;
            if system.window.1 > system.quota {
                let left = 60 - now.div_euclid(SECOND).rem_euclid(60);
                return Some(Problem::Throttled(left as u16));
            }
        }
        None
    }

    fn turn_away(&mut self, frame: FrameRef, problem: Problem) {
        self.finish(frame, Some(problem));
    }

    fn begin_work(&mut self, frame: FrameRef) {
        let now = self.now;
        let Some(one) = self.frames.get_mut(frame) else { return };
        one.has_worker = true;
        one.began = now;
        let plan = one.op.plan();
        self.system(plan.system).busy += 1;
        formats::begins(self, frame);
        if !plan.uses_pool {
            self.work(frame);
            return;
        }
        let system = self.system(plan.system);
        if system.pool.is_free() {
            system.pool.busy += 1;
            self.connected(frame);
        } else {
            system.pool.queue.push_back(frame);
            let patience = plan.system.plan().pool.map_or(0, |pool| i64::from(pool.patience_ms));
            self.agenda.add(now + patience * MS, What::PoolPatience(frame));
        }
    }

    fn connected(&mut self, frame: FrameRef) {
        let now = self.now;
        let Some(one) = self.frames.get_mut(frame) else { return };
        one.has_connection = true;
        let waited = (now - one.began) / MS;
        if waited > 500 {
            formats::waited_for_connection(self, frame, waited);
        }
        self.work(frame);
    }

    pub(super) fn pool_patience(&mut self, frame: FrameRef) {
        let Some(one) = self.frames.get(frame) else { return };
        let system = one.op.plan().system;
        let queue = &mut self.system(system).pool.queue;
        let before = queue.len();
        queue.retain(|waiting| *waiting != frame);
        if queue.len() < before {
            self.finish(frame, Some(Problem::PoolTimeout));
        }
    }

    /// Does the system's own part.
    fn work(&mut self, frame: FrameRef) {
        let now = self.now;
        let Some(one) = self.frames.get(frame) else { return };
        let (plan, flow) = (one.op.plan(), one.flow);
        let place = plan.system;
        let locks: f64 = self
            .jobs
            .iter()
            .filter(|job| job.is_running && job.job.plan().system == place)
            .map(|job| job.locks)
            .fold(1.0, f64::max);
        let Some(flow) = self.flows.get_mut(flow) else { return };
        let mut took = plan.took_ms * flow.dice.spread(0.28);
        let article = flow.dice.below(ARTICLES) as usize;
        let miss = plan.miss_ms * flow.dice.spread(0.3);
        let system = &mut self.systems[place as usize];
        if plan.miss_ms > 0.0 && !system.cache.is_empty() {
            if system.cache[article] > now {
                system.count.hits += 1;
            } else {
                system.count.misses += 1;
                system.cache[article] = now + system.cache_ns;
                took += miss * system.behind / system.slow;
            }
        }
        // Who works on much at a time is slower at each.
        let share = f64::from(system.busy) / f64::from(system.workers.max(1));
        took *= system.slow * (1.0 + share * share);
        system.count.worked_ms += took;
        took *= locks;
        self.agenda.add(now + (took * MS as f64).max(1_000.0) as i64, What::Worked(frame));
    }

    /// The own part is done: did it go well, and what comes next.
    pub(super) fn worked(&mut self, frame: FrameRef) {
        let Some(one) = self.frames.get(frame) else { return };
        let (op, flow) = (one.op, one.flow);
        let place = op.plan().system;
        let message_problem = one.message.as_ref().and_then(|(_, message)| {
            if message.is_poison {
                Some(Problem::Poison)
            } else {
                message.is_unmappable.then_some(Problem::Unmappable)
            }
        });
        let Some(flow) = self.flows.get_mut(flow) else { return };
        let system = &self.systems[place as usize];
        let own = flow.dice.is(system.fails).then_some(system.fails_as);
        let mut problem = message_problem.or(own);
        // What is posted or captured once is refused the next time.
        let done = match op {
            Op::PostOrder => Some(&mut flow.is_posted),
            Op::AcquirerCapture => Some(&mut flow.is_captured),
            _ => None,
        };
        if let Some(done) = done.filter(|_| problem.is_none())
            && std::mem::replace(done, true)
        {
            problem = Some(Problem::Duplicate);
        }
        match problem {
            Some(Problem::Poison) => self.poisoned(frame),
            Some(problem) => self.finish(frame, Some(problem)),
            None => self.go_on(frame),
        }
    }

    /// The next step, or the end.
    pub(super) fn go_on(&mut self, frame: FrameRef) {
        let Some(one) = self.frames.get(frame) else { return };
        match one.op.plan().steps.get(usize::from(one.step)) {
            None => self.finish(frame, None),
            Some(&Step::Call(link, op)) => self.call(frame, link, op),
            Some(&Step::Publish(queue, op)) => self.publish(frame, queue, op),
        }
    }

    /// The end, good or bad: what was held is given back, and whoever waits is answered.
    pub(super) fn finish(&mut self, frame: FrameRef, problem: Option<Problem>) {
        let Some(one) = self.frames.get(frame) else { return };
        let place = one.op.plan().system;
        let (is_begun, now) = (one.has_worker, self.now);
        let is_seen = is_begun || !matches!(problem, Some(Problem::Refused));
        if is_seen {
            let took = ((now - one.arrived) / 1_000) as u32;
            let count = &mut self.systems[place as usize].count;
            count.requests += 1;
            count.errors += u32::from(problem.is_some());
            count.latencies.push(took);
        }
        if is_begun {
            formats::ends(self, frame, problem);
        } else if is_seen && problem.is_some() {
            formats::turned_away(self, frame, problem);
        }
        let Some(one) = self.frames.remove(frame) else { return };
        if one.has_worker {
            self.free_worker(place, one.has_connection, one.flow);
        }
        let kind = self.flows.get(one.flow).map(|flow| &KINDS[flow.kind]);
        let is_terminal = kind.is_some_and(|kind| kind.terminal == one.op);
        let is_entry = one.parent.is_none() && one.message.is_none();
        if is_terminal && problem.is_none() {
            self.count(one.flow, true);
        } else if is_entry && problem.is_some() {
            self.count(one.flow, false);
        }
        if let Some((parent, call)) = one.parent {
            let answer = problem.map(|problem| problem.reaches_caller_as(is_begun));
            let wait = network(&mut self.dice);
            self.agenda.add(now + wait, What::Answer { to: parent, call, problem: answer });
        }
        let flow = one.flow;
        if let Some((queue, message)) = one.message {
            self.settle(queue, message, problem);
        }
        self.let_go(flow);
    }

    fn free_worker(&mut self, place: Sys, has_connection: bool, flow: super::SlabRef) {
        if has_connection {
            let leak = self.system(place).pool.leak;
            let leaks = leak > 0.0 && self.flows.get_mut(flow).is_some_and(|flow| flow.dice.is(leak));
            let pool = &mut self.system(place).pool;
            pool.busy = pool.busy.saturating_sub(1);
            if leaks {
                pool.leaked += 1;
            }
        }
        let system = self.system(place);
        system.busy = system.busy.saturating_sub(1);
        self.hand_out(place);
    }

    /// Gives free connections and workers to those who wait for them: jobs first, then requests in their order.
    pub(in super::super) fn hand_out(&mut self, place: Sys) {
        loop {
            let pool = &mut self.system(place).pool;
            if !pool.is_free() {
                break;
            }
            if pool.wanted > 0 {
                pool.wanted -= 1;
                pool.held += 1;
            } else if let Some(frame) = pool.queue.pop_front() {
                pool.busy += 1;
                self.connected(frame);
            } else {
                break;
            }
        }
        loop {
            let system = self.system(place);
            if system.busy >= system.workers || !system.is_up {
                break;
            }
            let Some(frame) = system.inbox.pop_front() else { break };
            self.begin_work(frame);
        }
    }

    /// The process ends: whatever it was doing is lost, and what it held is free.
    pub(in super::super) fn stop(&mut self, place: Sys, problem: Problem) {
        self.system(place).is_up = false;
        let lost: Vec<FrameRef> = self
            .frames
            .refs()
            .filter(|(_, frame)| frame.op.plan().system == place)
            .map(|(frame, _)| frame)
            .collect();
        let system = self.system(place);
        system.inbox.clear();
        system.pool.queue.clear();
        for frame in lost {
            self.finish(frame, Some(problem));
        }
        let is_cached = self.system(place).cache_ns > 0;
        let system = self.system(place);
        (system.pool.leaked, system.pool.busy, system.busy) = (0, 0, 0);
        if is_cached {
            system.cache.fill(0);
        }
        for link in Link::of(place) {
            let breaker = &mut self.link(link).breaker;
            (breaker.results, breaker.seen, breaker.open_until, breaker.is_probing) = (0, 0, 0, false);
        }
    }

    /// It is there again, with so many workers.
    pub(super) fn recover(&mut self, place: Sys, workers: u16) {
        let system = self.system(place);
        let was_up = std::mem::replace(&mut system.is_up, true);
        system.workers = workers;
        if !was_up {
            formats::started(self, place);
        }
        self.hand_out(place);
        for queue in Queue::touching(place) {
            self.deliver(queue);
        }
    }

    /// A worker process crashes on a message that it cannot digest, and takes the others' work with it.
    fn poisoned(&mut self, frame: FrameRef) {
        let Some(place) = self.frames.get(frame).map(|one| one.op.plan().system) else { return };
        self.finish(frame, Some(Problem::Poison));
        let workers = self.system(place).workers;
        self.stop(place, Problem::Restarted);
        formats::crashed(self, place);
        self.agenda.add(self.now + 20 * SECOND, What::Recover(place, workers));
    }
}
