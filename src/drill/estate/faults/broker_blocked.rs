//! A broker is full and takes no more: publishers wait and give up.

use super::super::blueprint::Sys;
use super::super::plan::Mode;
use super::super::world::World;
use super::{Case, Signal, change, clue, eases, mends, useless, worsens};
use crate::incident::MitigationKind as Kind;
use crate::telemetry::ChangeKind;

fn fill(world: &mut World, broker: Sys, seconds: f64, room: f64) {
    world.broker(broker).fills = room / seconds;
}

fn empty(world: &mut World, broker: Sys) {
    world.broker(broker).fills = 0.0;
}

const CONTRIBUTING: &[&str] = &[
    "no alert below the watermark",
    "anybody may bind a queue or change a retention without review",
    "publishers have no place to put what the broker does not take",
];
const FIXES: &[&str] = &["alert well below the watermark", "a limit of length for every queue and topic"];

pub(super) static CASES: [Case; 2] = [
    Case {
        mode: Mode::BrokerBlocked,
        place: Sys::Rabbit,
        change: change(
            ChangeKind::Config,
            Sys::Rabbit,
            "rabbitmq: queue audit.copy bound to exchange b2b, its consumer follows next week, memory watermark unchanged",
        ),
        lead_seconds: 0,
        trigger: "queue audit.copy was bound without a consumer and fills the memory of rabbitmq",
        root_cause: "rabbitmq blocks all publishers at its memory watermark, since a queue without limit and consumer grows",
        contributing: CONTRIBUTING,
        fixes: FIXES,
        symptoms: &[Sys::Orders, Sys::Edge, Sys::Kong, Sys::Mule],
        strike: |world, hit| fill(world, Sys::Rabbit, hit.scaled(240.0, 90.0), 0.38),
        mend: |world| empty(world, Sys::Rabbit),
        cures: &[
            mends(Kind::Block, Sys::Rabbit, "audit.copy is unbound and purged"),
            eases(
                Kind::Restart,
                Sys::Rabbit,
                |world| world.broker(Sys::Rabbit).used = 0.3,
                "memory is free until the queue has grown again",
            ),
            eases(
                Kind::Scale,
                Sys::Rabbit,
                |world| world.broker(Sys::Rabbit).used = 0.35,
                "more memory lasts longer",
            ),
            useless(Kind::Restart, Sys::Orders, "publishers are victims"),
            worsens(
                Kind::QueueBuffering,
                Sys::Mule,
                |world| world.broker(Sys::Rabbit).fills *= 1.5,
                "what nobody takes fills the memory faster",
            ),
        ],
        clues: &[
            clue(Sys::Rabbit, Signal::Log, "memory resource limit alarm set, publishers are blocked"),
            clue(Sys::Rabbit, Signal::Metric, "memory_share climbs to the watermark before anything fails"),
            clue(
                Sys::Orders,
                Signal::Log,
                "publisher confirm timed out: connection is blocked by the broker",
            ),
        ],
    },
    Case {
        mode: Mode::BrokerBlocked,
        place: Sys::Kafka,
        change: change(
            ChangeKind::Config,
            Sys::Kafka,
            "kafka: retention of topic clickstream 24 h -> 168 h on log directory /var/lib/kafka/data",
        ),
        lead_seconds: 0,
        trigger: "the retention of another topic was raised and fills the disk of kafka",
        root_cause: "kafka takes no more records once the disk that all topics share is full",
        contributing: CONTRIBUTING,
        fixes: FIXES,
        symptoms: &[Sys::Mule, Sys::Shipping],
        strike: |world, hit| fill(world, Sys::Kafka, hit.scaled(300.0, 120.0), 0.73),
        mend: |world| empty(world, Sys::Kafka),
        cures: &[
            mends(Kind::Other, Sys::Kafka, "old segments of clickstream are deleted"),
            eases(
                Kind::Scale,
                Sys::Kafka,
                |world| world.broker(Sys::Kafka).used = 0.5,
                "a larger disk lasts longer",
            ),
            useless(Kind::Restart, Sys::Kafka, "the disk is as full after a restart"),
            useless(Kind::Restart, Sys::Mule, "publishers are victims"),
        ],
        clues: &[
            clue(Sys::Kafka, Signal::Log, "no space left on device: log directory is blocked for writes"),
            clue(Sys::Kafka, Signal::Metric, "disk_share climbs to 95 % before anything fails"),
            clue(Sys::Mule, Signal::Log, "publisher confirm timed out: connection is blocked by the broker"),
        ],
    },
];
