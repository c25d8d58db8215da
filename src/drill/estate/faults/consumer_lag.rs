//! A consumer takes less than comes in: messages wait longer and longer, and nothing fails.

use super::super::blueprint::{Queue, Sys};
use super::super::plan::Mode;
use super::super::world::World;
use super::{Case, Signal, change, clue, eases, useless};
use crate::incident::MitigationKind as Kind;
use crate::telemetry::ChangeKind;

fn lag(world: &mut World, queue: Queue, slow: f64) {
    let consumer = queue.plan().consumer;
    let pressed = slow * (1.0 / world.traffic.max(0.3)).max(1.0);
    world.queue(queue).consumers = 1;
    world.system(consumer).slow = pressed;
}

fn catch_up(world: &mut World, queue: Queue) {
    let plan = queue.plan();
    world.queue(queue).consumers = plan.consumers * 2;
    world.system(plan.consumer).slow = 1.0;
    world.deliver(queue);
}

const CONTRIBUTING: &[&str] = &[
    "alerts look at failures and not at what waits",
    "concurrency of the consumer was cut without looking at the inflow",
    "nobody knows how long a message may wait",
];
const FIXES: &[&str] = &["alert on lag in time, not in messages", "scale consumers by lag"];

pub(super) static CASES: [Case; 3] = [
    Case {
        mode: Mode::ConsumerLag,
        place: Sys::Mule,
        change: change(
            ChangeKind::Deploy,
            Sys::Mule,
            "mule orders-sys-api 3.1.4 deployed: every line is validated one by one, consumers of erp.orders 4 -> 1 to keep the order",
        ),
        lead_seconds: 90,
        trigger: "orders-sys-api 3.1.4 validates line by line with one consumer",
        root_cause: "mule takes fewer orders from erp.orders than come in",
        contributing: CONTRIBUTING,
        fixes: FIXES,
        symptoms: &[Sys::Rabbit, Sys::Shipping, Sys::Notifier],
        strike: |world, hit| lag(world, Queue::ErpOrders, hit.scaled(110.0, 260.0)),
        mend: |world| catch_up(world, Queue::ErpOrders),
        cures: &[
            eases(Kind::Scale, Sys::Mule, |_| {}, "more consumers take more"),
            eases(Kind::Throttle, Sys::Edge, |_| {}, "less comes in, at the price of orders"),
            useless(Kind::Restart, Sys::Rabbit, "the broker is well, it keeps what nobody takes"),
            useless(Kind::Restart, Sys::Mule, "the same version starts again"),
            useless(Kind::Scale, Sys::Erp, "the ERP has nothing to do"),
        ],
        clues: &[
            clue(Sys::Mule, Signal::Trace, "spans of order-to-erp take seconds of their own"),
            clue(Sys::Rabbit, Signal::Metric, "queue_depth of erp.orders grows, consumers fell to 1"),
        ],
    },
    Case {
        mode: Mode::ConsumerLag,
        place: Sys::Notifier,
        change: change(
            ChangeKind::Config,
            Sys::Notifier,
            "notifier: templates are rendered with attachments, workers on notifications 2 -> 1",
        ),
        lead_seconds: 60,
        trigger: "notifier renders attachments with one worker",
        root_cause: "notifier takes fewer messages from notifications than come in",
        contributing: CONTRIBUTING,
        fixes: FIXES,
        symptoms: &[Sys::Rabbit],
        strike: |world, hit| lag(world, Queue::Notifications, hit.scaled(140.0, 260.0)),
        mend: |world| catch_up(world, Queue::Notifications),
        cures: &[
            eases(Kind::Scale, Sys::Notifier, |_| {}, "more workers take more"),
            useless(Kind::Restart, Sys::Rabbit, "the broker is well"),
            useless(Kind::Restart, Sys::Notifier, "the same templates start again"),
        ],
        clues: &[
            clue(Sys::Notifier, Signal::Metric, "latency_p95 rises to seconds"),
            clue(Sys::Rabbit, Signal::Metric, "queue_depth of notifications grows, consumers fell to 1"),
        ],
    },
    Case {
        mode: Mode::ConsumerLag,
        place: Sys::Shipping,
        change: change(
            ChangeKind::Deploy,
            Sys::Shipping,
            "shipping 5.1.0 deployed: route optimisation for each delivery, consumer threads of deliveries.v1 3 -> 1",
        ),
        lead_seconds: 90,
        trigger: "shipping 5.1.0 optimises routes for each delivery with one thread",
        root_cause: "shipping takes fewer records from deliveries.v1 than come in",
        contributing: CONTRIBUTING,
        fixes: FIXES,
        symptoms: &[Sys::Kafka, Sys::Notifier],
        strike: |world, hit| lag(world, Queue::Deliveries, hit.scaled(280.0, 480.0)),
        mend: |world| catch_up(world, Queue::Deliveries),
        cures: &[
            eases(Kind::Scale, Sys::Shipping, |_| {}, "more threads take more"),
            useless(Kind::Restart, Sys::Kafka, "the broker is well"),
            useless(Kind::Scale, Sys::CarrierAdapter, "the adapter has nothing to do"),
        ],
        clues: &[
            clue(Sys::Shipping, Signal::Trace, "spans of deliveries.v1 process take seconds of their own"),
            clue(Sys::Kafka, Signal::Metric, "consumer_lag of deliveries.v1 grows"),
        ],
    },
];
