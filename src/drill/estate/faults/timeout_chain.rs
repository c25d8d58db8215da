//! A system deep down becomes slow: everybody above waits, and gives up in the wrong order.

use super::super::blueprint::{Link, Sys};
use super::super::plan::Mode;
use super::super::world::World;
use super::{Case, Signal, change, clue, eases, mends, useless, worsens};
use crate::incident::MitigationKind as Kind;
use crate::telemetry::ChangeKind;

fn slow(world: &mut World, place: Sys, factor: f64) {
    world.system(place).slow = factor;
}

const CONTRIBUTING: &[&str] = &[
    "timeouts do not shrink from outside in",
    "nobody upstream degrades when the callee is slow",
    "no alert on the latency of the callee itself",
];
const FIXES: &[&str] =
    &["timeouts that shrink from outside in", "a load test with production data before such a change"];

pub(super) static CASES: [Case; 3] = [
    Case {
        mode: Mode::TimeoutChain,
        place: Sys::Pricing,
        change: change(
            ChangeKind::Deploy,
            Sys::Pricing,
            "pricing-service 9.3.0 deployed: rules evaluated for each position, query plan of discounts changed",
        ),
        lead_seconds: 80,
        trigger: "pricing-service 9.3.0 evaluates rules for each position",
        root_cause: "pricing-service takes seconds for a price, and order-service waits and repeats",
        contributing: CONTRIBUTING,
        fixes: FIXES,
        symptoms: &[Sys::Orders, Sys::Edge, Sys::Kong],
        strike: |world, hit| slow(world, Sys::Pricing, hit.scaled(190.0, 620.0)),
        mend: |world| slow(world, Sys::Pricing, 1.0),
        cures: &[
            eases(
                Kind::Degrade,
                Sys::Orders,
                |world| world.link(Link::OrdersPricing).is_skipped = true,
                "orders are taken at list prices",
            ),
            eases(
                Kind::FeatureFlag,
                Sys::Pricing,
                |world| slow(world, Sys::Pricing, 20.0),
                "the new rules are off for most",
            ),
            useless(Kind::Restart, Sys::Pricing, "the same version starts again"),
            useless(Kind::Restart, Sys::Orders, "order-service is a victim"),
            useless(Kind::Scale, Sys::Orders, "more callers wait for the same callee"),
        ],
        clues: &[
            clue(Sys::Pricing, Signal::Trace, "spans of POST /price take seconds with nothing beneath"),
            clue(Sys::Pricing, Signal::Metric, "latency_p95 rises first of all systems"),
            clue(Sys::Orders, Signal::Log, "read timed out after 2000 ms: http://pricing-service"),
        ],
    },
    Case {
        mode: Mode::TimeoutChain,
        place: Sys::Erp,
        change: change(
            ChangeKind::Config,
            Sys::Erp,
            "erp: online rebuild of the index on order headers started, update of optimizer statistics postponed",
        ),
        lead_seconds: 100,
        trigger: "an index of the ERP is rebuilt while orders are posted",
        root_cause: "erp posts orders many times slower than mule has patience for",
        contributing: CONTRIBUTING,
        fixes: FIXES,
        symptoms: &[Sys::Mule, Sys::Rabbit, Sys::EdiGateway],
        strike: |world, hit| slow(world, Sys::Erp, hit.scaled(22.0, 60.0)),
        mend: |world| slow(world, Sys::Erp, 1.0),
        cures: &[
            mends(Kind::Block, Sys::Erp, "the rebuild is stopped"),
            eases(
                Kind::QueueBuffering,
                Sys::Mule,
                |_| {},
                "orders wait in erp.orders instead of being posted twice",
            ),
            useless(Kind::Restart, Sys::Mule, "mule is a victim"),
            worsens(
                Kind::Scale,
                Sys::Mule,
                |world| world.system(Sys::Erp).slow *= 1.4,
                "more postings at a time make the ERP slower",
            ),
        ],
        clues: &[
            clue(Sys::Erp, Signal::Metric, "latency_p95 rises before anybody complains"),
            clue(Sys::Mule, Signal::Log, "read timed out after 10000 ms: https://erp"),
        ],
    },
    Case {
        mode: Mode::TimeoutChain,
        place: Sys::InventoryDb,
        change: change(
            ChangeKind::Schema,
            Sys::InventoryDb,
            "inventory-db: migration 212 on table stock, index stock_article_idx replaced",
        ),
        lead_seconds: 90,
        trigger: "a migration replaced the index that reservations need",
        root_cause: "updates of stock read the whole table in inventory-db",
        contributing: CONTRIBUTING,
        fixes: FIXES,
        symptoms: &[Sys::Inventory, Sys::Orders, Sys::Kong],
        strike: |world, hit| slow(world, Sys::InventoryDb, hit.scaled(400.0, 720.0)),
        mend: |world| slow(world, Sys::InventoryDb, 1.0),
        cures: &[
            mends(Kind::Other, Sys::InventoryDb, "the index is created again"),
            eases(Kind::Throttle, Sys::Inventory, |_| {}, "fewer statements at a time"),
            useless(Kind::Restart, Sys::Inventory, "inventory-service is a victim"),
            useless(Kind::Restart, Sys::InventoryDb, "the plan is the same after a restart"),
            worsens(
                Kind::Scale,
                Sys::Inventory,
                |world| world.system(Sys::InventoryDb).slow *= 1.3,
                "more statements at a time make the database slower",
            ),
        ],
        clues: &[
            clue(Sys::InventoryDb, Signal::Log, "duration: n ms statement: UPDATE stock"),
            clue(Sys::InventoryDb, Signal::Metric, "latency_p95 rises first"),
            clue(Sys::Inventory, Signal::Log, "read timed out after 4000 ms: jdbc:postgresql://inventory-db"),
        ],
    },
];
