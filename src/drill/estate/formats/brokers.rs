//! What brokers write of messages and of themselves, and consumers of their runs.

use super::super::blueprint::{Queue, Sys};
use super::super::problem::{Problem, says};
use super::super::world::{Message, World};
use super::{Ids, Level, Line, dashed, ids_of_flow, log, state};

/// RabbitMQ traces messages; Kafka's broker says nothing of single records.
fn traced(world: &World, queue: Queue, message: &Message) -> Option<Ids> {
    let is_traced = queue.plan().broker == Sys::Rabbit;
    is_traced.then(|| ids_of_flow(world, message.flow, message.parent_span)).flatten()
}

fn say(world: &mut World, queue: Queue, level: Level, message: &str) {
    let system = queue.plan().broker;
    log(world, Line { system, level, logger: "kafka.server", message, ids: None });
}

pub(in super::super) fn published(world: &mut World, queue: Queue, message: &Message) {
    let Some(ids) = traced(world, queue, message) else { return };
    let name = queue.plan().name;
    let text = format!(
        "publish in vhost '/' exchange 'b2b' routing_key=<<\"{name}\">> queues=['{name}'] message_id=<<\"{}\">> correlation_id=<<\"{}\">> headers=[{{<<\"traceparent\">>,longstr,<<\"00-{:032x}-{:016x}-01\">>}}]",
        dashed(message.id),
        dashed(ids.correlation),
        ids.trace,
        ids.span | 1
    );
    say(world, queue, Level::Info, &text);
}

pub(in super::super) fn delivered(world: &mut World, queue: Queue, message: &Message) {
    if queue.plan().broker != Sys::Rabbit {
        return;
    }
    let text = format!(
        "deliver queue '{}' consumer_tag=<<\"amq.ctag-5a6277d8b1\">> redelivered={} message_id=<<\"{}\">>",
        queue.plan().name,
        message.deliveries > 0,
        dashed(message.id)
    );
    say(world, queue, Level::Info, &text);
}

/// Delivered again although the first consumer is still at it.
pub(in super::super) fn redelivered(world: &mut World, queue: Queue, message: &Message) {
    let text = format!(
        "queue '{}' in vhost '/': delivery acknowledgement timed out, message requeued message_id=<<\"{}\">>",
        queue.plan().name,
        dashed(message.id)
    );
    say(world, queue, Level::Warn, &text);
}

/// A message was given up.
pub(in super::super) fn dead(world: &mut World, queue: Queue, message: &Message, problem: Problem) {
    let plan = queue.plan();
    if plan.broker == Sys::Rabbit {
        let text = format!(
            "queue '{0}' in vhost '/': message dead-lettered to '{0}.dlx' reason=rejected count={1} message_id=<<\"{2}\">>",
            plan.name,
            message.deliveries,
            dashed(message.id)
        );
        say(world, queue, Level::Warn, &text);
        return;
    }
    let Some(ids) = ids_of_flow(world, message.flow, message.parent_span) else { return };
    let text = format!(
        "record of {} sent to dead letter topic {}.dlq after {} attempts: {}",
        ids.number,
        plan.name,
        message.deliveries,
        says(problem, plan.consumer, None)
    );
    log(
        world,
        Line {
            system: plan.consumer,
            level: Level::Error,
            logger: "plan/dlq.go:31",
            message: &text,
            ids: Some(&ids),
        },
    );
}

/// A broker does not take a message. RabbitMQ stops reading from its publishers, and says no more of it.
pub(in super::super) fn not_taken(world: &mut World, queue: Queue) {
    let plan = queue.plan();
    if plan.broker == Sys::Kafka {
        let text = format!(
            "[ReplicaManager broker=1] Error processing append operation on partition {}-0: No space left on device",
            plan.name
        );
        state(world, Sys::Kafka, Level::Error, &text);
    }
}

/// A broker blocks its publishers, or no longer.
pub(in super::super) fn alarm(world: &mut World, broker: Sys, is_blocked: bool) {
    let text = match (broker, is_blocked) {
        (Sys::Kafka, true) => {
            "[LogManager] no space left on device: log directory /var/lib/kafka/data is blocked for writes, disk watermark exceeded"
        }
        (Sys::Kafka, false) => "[LogManager] log directory /var/lib/kafka/data takes writes again",
        (_, true) => {
            "memory resource limit alarm set on node rabbit@mq-prd-01, publishers are blocked (high watermark 0.6)"
        }
        (_, false) => "memory resource limit alarm cleared on node rabbit@mq-prd-01",
    };
    state(world, broker, if is_blocked { Level::Error } else { Level::Info }, text);
}

/// A batch run begins or ends.
pub(in super::super) fn run(world: &mut World, queue: Queue, opens: bool, waiting: usize) {
    let system = queue.plan().consumer;
    if opens {
        state(world, system, Level::Info, &format!("invoice run started, {waiting} items"));
    } else if waiting > 0 {
        let text =
            format!("invoice run closed by its window, {waiting} items not done, left to the next run");
        state(world, system, Level::Warn, &text);
    } else {
        state(world, system, Level::Info, "invoice run finished, 0 items left");
    }
}
