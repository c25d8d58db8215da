//! One message that its consumer cannot digest: it crashes, the message comes back, it crashes again.

use super::super::blueprint::{Queue, Sys};
use super::super::plan::Mode;
use super::super::world::World;
use super::{Case, Signal, change, clue, eases, mends, useless};
use crate::incident::MitigationKind as Kind;
use crate::telemetry::ChangeKind;

fn poison(world: &mut World, queue: Queue) {
    let state = world.queue(queue);
    state.poisons = 1;
    state.most_deliveries = 250;
}

/// The message is put aside, and the limit of deliveries is back.
fn remove(world: &mut World, queue: Queue) {
    let state = world.queue(queue);
    state.poisons = 0;
    state.most_deliveries = queue.plan().most_deliveries;
    let (bad, good) = std::mem::take(&mut state.waiting).into_iter().partition(|message| message.is_poison);
    state.waiting = good;
    let bad: std::collections::VecDeque<_> = bad;
    state.dead.extend(bad);
    for message in &mut state.dead {
        message.is_poison = false;
    }
}

const CONTRIBUTING: &[&str] = &[
    "no limit of redeliveries on the queue",
    "a bad message ends the whole process instead of its own transaction",
    "a restart begins with the same message",
];
const FIXES: &[&str] = &[
    "a limit of deliveries with a dead-letter queue that has an owner",
    "input is checked before it is worked on",
];

pub(super) static CASES: [Case; 3] = [
    Case {
        mode: Mode::PoisonMessage,
        place: Sys::Mule,
        change: change(
            ChangeKind::Config,
            Sys::Mule,
            "mule: redelivery policy of erp.orders removed, dead letters are no longer wanted",
        ),
        lead_seconds: 240,
        trigger: "an order with an amount that is no number reached erp.orders",
        root_cause: "mule crashes on a message that it cannot parse, and without a limit it is redelivered for ever",
        contributing: CONTRIBUTING,
        fixes: FIXES,
        symptoms: &[Sys::Rabbit, Sys::EdiGateway],
        strike: |world, _| poison(world, Queue::ErpOrders),
        mend: |world| remove(world, Queue::ErpOrders),
        cures: &[
            mends(Kind::Block, Sys::Mule, "the message is taken out of the queue"),
            mends(Kind::Block, Sys::Rabbit, "the message is taken out of the queue"),
            eases(
                Kind::QueueBuffering,
                Sys::Mule,
                |_| {},
                "without deliveries mule stays up for everything else",
            ),
            useless(Kind::Restart, Sys::Mule, "the message is waiting for it"),
            useless(Kind::Scale, Sys::Mule, "the message crashes one instance after the other"),
        ],
        clues: &[
            clue(
                Sys::Mule,
                Signal::Log,
                "worker crashed on a message; message rejected: NumberFormatException, redelivered",
            ),
            clue(
                Sys::Rabbit,
                Signal::Log,
                "the same message_id is delivered again and again, redelivered=true",
            ),
        ],
    },
    Case {
        mode: Mode::PoisonMessage,
        place: Sys::Notifier,
        change: None,
        lead_seconds: 0,
        trigger: "a confirmation with an address that cannot be encoded reached notifications",
        root_cause: "notifier crashes on a message that it cannot parse, and nothing limits redelivery",
        contributing: CONTRIBUTING,
        fixes: FIXES,
        symptoms: &[Sys::Rabbit],
        strike: |world, _| poison(world, Queue::Notifications),
        mend: |world| remove(world, Queue::Notifications),
        cures: &[
            mends(Kind::Block, Sys::Notifier, "the message is taken out of the queue"),
            mends(Kind::Block, Sys::Rabbit, "the message is taken out of the queue"),
            useless(Kind::Restart, Sys::Notifier, "the message is waiting for it"),
            useless(Kind::Scale, Sys::Notifier, "the message crashes one instance after the other"),
            useless(Kind::Restart, Sys::Rabbit, "the message is durable"),
        ],
        clues: &[
            clue(
                Sys::Notifier,
                Signal::Log,
                "worker crashed on a message; message rejected: NumberFormatException, redelivered",
            ),
            clue(Sys::Rabbit, Signal::Metric, "queue_depth of notifications grows"),
        ],
    },
    Case {
        mode: Mode::PoisonMessage,
        place: Sys::Shipping,
        change: None,
        lead_seconds: 0,
        trigger: "a delivery with a broken weight reached deliveries.v1",
        root_cause: "shipping crashes on a record that it cannot parse and never commits past it",
        contributing: CONTRIBUTING,
        fixes: FIXES,
        symptoms: &[Sys::Kafka, Sys::Notifier],
        strike: |world, _| poison(world, Queue::Deliveries),
        mend: |world| remove(world, Queue::Deliveries),
        cures: &[
            mends(Kind::Block, Sys::Shipping, "the offset of the record is skipped"),
            useless(Kind::Restart, Sys::Shipping, "it begins at the same record"),
            useless(Kind::Scale, Sys::Shipping, "whoever gets the partition crashes"),
            useless(Kind::Restart, Sys::Kafka, "the record stays where it is"),
        ],
        clues: &[
            clue(
                Sys::Shipping,
                Signal::Log,
                "worker crashed on a message; message rejected: NumberFormatException, redelivered",
            ),
            clue(Sys::Kafka, Signal::Metric, "consumer_lag of deliveries.v1 grows"),
        ],
    },
];
