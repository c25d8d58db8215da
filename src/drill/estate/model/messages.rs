//! Messages: published, kept waiting, delivered, acknowledged or not, redelivered, and given up.

use super::super::blueprint::{Op, Queue};
use super::super::formats;
use super::super::problem::Problem;
use super::super::world::{FrameRef, MS, Message, SECOND, What, World};

/// How long a publisher waits for the broker.
const PATIENCE: i64 = 10 * SECOND;

impl World {
    pub(super) fn publish(&mut self, frame: FrameRef, queue: Queue, op: Op) {
        let broker = queue.plan().broker;
        let now = self.now;
        let is_down = !self.system(broker).is_up;
        let held_up = self.broker(broker).is_blocked || is_down;
        if self.frames.get(frame).is_some_and(|one| one.attempt == 0) {
            formats::publishing(self, frame, queue);
        }
        let Some(one) = self.frames.get_mut(frame) else { return };
        one.call += 1;
        one.attempt = 1;
        if held_up {
            if !is_down {
                formats::not_taken(self, queue);
            }
            let Some(one) = self.frames.get_mut(frame) else { return };
            one.is_waiting = true;
            let call = one.call;
            self.broker(broker).waiting.push_back(frame);
            self.agenda.add(now + PATIENCE, What::PublishPatience { frame, call });
            return;
        }
        one.is_waiting = false;
        let (flow, span) = (one.flow, one.span);
        let Some(holder) = self.flows.get_mut(flow) else { return };
        holder.holders += 1;
        let id = formats::uuid(holder.dice.hex128());
        let share = self.queues[queue as usize].unmappable;
        let is_unmappable = share > 0.0 && holder.dice.is(share);
        let state = self.queue(queue);
        let is_poison = state.poisons > 0;
        state.poisons = state.poisons.saturating_sub(1);
        state.published += 1;
        let message = Message { flow, op, id, deliveries: 0, parent_span: span, is_unmappable, is_poison };
        formats::published(self, queue, &message);
        self.count_broker(queue);
        self.queue(queue).waiting.push_back(message);
        self.deliver(queue);
        self.next_step(frame);
    }

    fn count_broker(&mut self, queue: Queue) {
        let broker = queue.plan().broker;
        self.system(broker).count.requests += 1;
    }

    pub(super) fn publish_patience(&mut self, frame: FrameRef, call: u32) {
        let is_waiting = self.frames.get(frame).is_some_and(|one| one.is_waiting && one.call == call);
        if is_waiting {
            for broker in &mut self.brokers {
                broker.waiting.retain(|waiting| *waiting != frame);
            }
            self.finish(frame, Some(Problem::BrokerBlocked));
        }
    }

    /// The broker takes messages again: those who wait go on.
    pub(in super::super) fn unblock(&mut self, broker: super::Sys) {
        let waiting = std::mem::take(&mut self.broker(broker).waiting);
        for frame in waiting {
            if self.frames.get(frame).is_some() {
                self.go_on(frame);
            }
        }
    }

    /// Hands messages to consumers that are free.
    pub(in super::super) fn deliver(&mut self, queue: Queue) {
        let plan = queue.plan();
        loop {
            let is_up =
                self.systems[plan.consumer as usize].is_up && self.systems[plan.broker as usize].is_up;
            let state = self.queue(queue);
            if state.is_paused || !state.is_open || !is_up || state.busy >= state.consumers {
                return;
            }
            let Some(message) = state.waiting.pop_front() else { return };
            state.busy += 1;
            let ack_ms = i64::from(state.ack_ms);
            formats::delivered(self, queue, &message);
            let frame = self.frame(message.flow, message.op, None, message.parent_span);
            if let Some(one) = self.frames.get_mut(frame) {
                one.message = Some((queue, message));
            }
            if ack_ms > 0 {
                self.agenda.add(self.now + ack_ms * MS, What::AckOverdue(queue, frame));
            }
            self.arrive(frame);
        }
    }

    /// The consumer is done with a message.
    pub(super) fn settle(&mut self, queue: Queue, message: Message, problem: Option<Problem>) {
        let now = self.now;
        let state = self.queue(queue);
        state.busy = state.busy.saturating_sub(1);
        match problem {
            None => {
                state.consumed += 1;
                self.let_go(message.flow);
            }
            Some(problem) => {
                let deliveries = message.deliveries + 1;
                let message = Message { deliveries, ..message };
                if problem == Problem::Restarted {
                    // Nobody looked at it: it goes back to where it was.
                    self.queue(queue).waiting.push_front(Message { deliveries: deliveries - 1, ..message });
                } else if deliveries >= state.most_deliveries {
                    state.dead_total += 1;
                    formats::dead(self, queue, &message, problem);
                    let flow = message.flow;
                    self.queue(queue).dead.push(message);
                    self.count(flow, false);
                } else if problem == Problem::Poison {
                    self.queue(queue).waiting.push_front(message);
                } else {
                    let wait = i64::from(state.redelivery_ms) * MS;
                    self.agenda.add(now + wait, What::Redeliver(queue, Box::new(message)));
                }
            }
        }
        self.deliver(queue);
    }

    pub(super) fn requeue(&mut self, queue: Queue, message: Message) {
        self.queue(queue).waiting.push_back(message);
        self.deliver(queue);
    }

    /// No acknowledgement in time: the broker takes the consumer for dead and delivers again, while it works on.
    pub(super) fn ack_overdue(&mut self, queue: Queue, frame: FrameRef) {
        let Some(one) = self.frames.get(frame) else { return };
        let Some((_, message)) = &one.message else { return };
        if message.deliveries >= 2 || self.queues[queue as usize].ack_ms == 0 {
            return;
        }
        let message = Message { deliveries: message.deliveries + 1, ..message.clone() };
        if let Some(flow) = self.flows.get_mut(message.flow) {
            flow.holders += 1;
        }
        formats::redelivered(self, queue, &message);
        self.queue(queue).waiting.push_back(message);
        self.deliver(queue);
    }

    /// Puts dead letters back.
    pub(in super::super) fn replay(&mut self, queue: Queue) {
        let dead = std::mem::take(&mut self.queue(queue).dead);
        for message in dead {
            self.uncount(message.flow);
            let message = Message { deliveries: 0, ..message };
            self.queue(queue).waiting.push_back(message);
        }
        self.deliver(queue);
    }

    /// A batch window opens or closes.
    pub(super) fn window(&mut self, queue: Queue, opens: bool) {
        let plan = queue.plan();
        let state = self.queue(queue);
        state.is_open = opens;
        let waiting = state.waiting.len();
        formats::run(self, queue, opens, waiting);
        let (every, open) = (i64::from(plan.window_every), i64::from(plan.window_open));
        let wait = if opens { open } else { every - open };
        self.agenda.add(self.now + wait * SECOND, What::Window(queue, !opens));
        self.deliver(queue);
    }
}
