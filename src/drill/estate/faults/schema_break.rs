//! Producer and consumer no longer mean the same: messages cannot be mapped and become dead letters.

use super::super::blueprint::{Queue, Sys};
use super::super::plan::Mode;
use super::super::world::World;
use super::{Case, Hit, Signal, change, clue, eases, useless};
use crate::incident::MitigationKind as Kind;
use crate::telemetry::ChangeKind;

fn break_schema(world: &mut World, queue: Queue, hit: Hit) {
    world.queue(queue).unmappable = hit.scaled(0.45, 1.0);
}

/// From now on messages fit again, and those that wait are mapped by the version that can.
fn fit(world: &mut World, queue: Queue) {
    let state = world.queue(queue);
    state.unmappable = 0.0;
    for message in state.waiting.iter_mut().chain(&mut state.dead) {
        message.is_unmappable = false;
    }
}

const CONTRIBUTING: &[&str] = &[
    "no compatibility check of the message schema in the pipeline",
    "producer and consumer were tested apart",
    "dead letters have no owner",
];
const FIXES: &[&str] =
    &["contract test of the schema in both pipelines", "replay of dead letters as a practised step"];

pub(super) static CASES: [Case; 3] = [
    Case {
        mode: Mode::SchemaBreak,
        place: Sys::Mule,
        change: change(
            ChangeKind::Deploy,
            Sys::Mule,
            "mule orders-sys-api 3.2.0 deployed: mapping of ORDERS requires field priceUnit, schema version 15",
        ),
        lead_seconds: 90,
        trigger: "orders-sys-api 3.2.0 went out with a mapping that requires priceUnit",
        root_cause: "the new mapping of mule does not accept what producers send, and nothing checks that beforehand",
        contributing: CONTRIBUTING,
        fixes: FIXES,
        symptoms: &[Sys::Rabbit, Sys::Orders],
        strike: |world, hit| break_schema(world, Queue::ErpOrders, hit),
        mend: |world| fit(world, Queue::ErpOrders),
        cures: &[
            eases(Kind::QueueBuffering, Sys::Mule, |_| {}, "orders wait in erp.orders until both sides fit"),
            useless(Kind::Restart, Sys::Mule, "the same mapping starts again"),
            useless(Kind::Replay, Sys::Mule, "dead letters fail at the same mapping again"),
            useless(Kind::Scale, Sys::Mule, "more workers fail at the same mapping"),
        ],
        clues: &[
            clue(Sys::Mule, Signal::Log, "mapping failed: schema mismatch, missing required field priceUnit"),
            clue(Sys::Rabbit, Signal::Metric, "dead_letters of erp.orders grow"),
        ],
    },
    Case {
        mode: Mode::SchemaBreak,
        place: Sys::Shipping,
        change: change(
            ChangeKind::Deploy,
            Sys::Shipping,
            "shipping 5.0.1 deployed: deliveries.v1 is read strictly, schema field priceUnit is mandatory",
        ),
        lead_seconds: 80,
        trigger: "shipping 5.0.1 went out and reads deliveries strictly",
        root_cause: "the new version of shipping rejects records that producers have always sent",
        contributing: CONTRIBUTING,
        fixes: FIXES,
        symptoms: &[Sys::Kafka, Sys::Notifier],
        strike: |world, hit| break_schema(world, Queue::Deliveries, hit),
        mend: |world| fit(world, Queue::Deliveries),
        cures: &[
            eases(
                Kind::QueueBuffering,
                Sys::Shipping,
                |_| {},
                "deliveries wait in the topic until both sides fit",
            ),
            useless(Kind::Restart, Sys::Shipping, "the same version starts again"),
            useless(Kind::Replay, Sys::Shipping, "dead letters fail in the same way again"),
        ],
        clues: &[
            clue(
                Sys::Shipping,
                Signal::Log,
                "mapping failed: schema mismatch, missing required field priceUnit",
            ),
            clue(Sys::Kafka, Signal::Metric, "dead_letters of deliveries.v1 grow"),
        ],
    },
    Case {
        mode: Mode::SchemaBreak,
        place: Sys::Orders,
        change: change(
            ChangeKind::Schema,
            Sys::Orders,
            "order-service 6.3.0 deployed: order.created schema version 15 without field priceUnit, known consumer: mule",
        ),
        lead_seconds: 90,
        trigger: "order-service 6.3.0 no longer sends priceUnit",
        root_cause: "order-service changed the schema of order.created although its consumer needs the field",
        contributing: CONTRIBUTING,
        fixes: FIXES,
        symptoms: &[Sys::Mule, Sys::Rabbit],
        strike: |world, hit| break_schema(world, Queue::ErpOrders, hit),
        mend: |world| world.queue(Queue::ErpOrders).unmappable = 0.0,
        cures: &[
            eases(Kind::QueueBuffering, Sys::Mule, |_| {}, "orders wait in erp.orders until both sides fit"),
            useless(Kind::Restart, Sys::Mule, "mule maps as it always did"),
            useless(Kind::Rollback, Sys::Mule, "mule has not changed"),
            useless(Kind::Replay, Sys::Mule, "dead letters lack the field still"),
        ],
        clues: &[
            clue(Sys::Mule, Signal::Log, "mapping failed: schema mismatch, missing required field priceUnit"),
            clue(Sys::Rabbit, Signal::Metric, "dead_letters of erp.orders grow"),
        ],
    },
];
