//! A cache no longer holds what it should: every request goes to what lies behind it.

use super::super::blueprint::{Link, Sys};
use super::super::plan::Mode;
use super::super::world::{SECOND, World};
use super::{Case, Hit, Signal, change, clue, eases, useless, worsens};
use crate::incident::MitigationKind as Kind;
use crate::telemetry::ChangeKind;

fn stampede(world: &mut World, place: Sys, hit: Hit, mildest: f64, hardest: f64) {
    let system = world.system(place);
    system.cache_ns = SECOND;
    system.cache.fill(0);
    // What lies behind was built for the few that miss; each of them now waits for the others.
    system.behind = hit.scaled(mildest, hardest);
}

fn refill(world: &mut World, place: Sys) {
    let system = world.system(place);
    system.cache_ns = i64::from(place.plan().cache_seconds) * SECOND;
    system.behind = 1.0;
}

const CONTRIBUTING: &[&str] = &[
    "what lies behind the cache cannot bear the load without it",
    "entries end at the same time and are fetched by everybody at once",
    "no alert on the share of hits",
];
const FIXES: &[&str] = &[
    "one fetch for all who miss the same entry, and old entries served meanwhile",
    "alert on the share of hits",
];

pub(super) static CASES: [Case; 2] = [
    Case {
        mode: Mode::CacheStampede,
        place: Sys::Pricing,
        change: change(
            ChangeKind::Config,
            Sys::Pricing,
            "pricing-service: price list cache ttl 900 s -> 1 s so that promotions show at once",
        ),
        lead_seconds: 60,
        trigger: "entries of the price list cache live for one second",
        root_cause: "without its cache pricing-service sends every request to a database that cannot bear it",
        contributing: CONTRIBUTING,
        fixes: FIXES,
        symptoms: &[Sys::Orders, Sys::Edge, Sys::Kong],
        strike: |world, hit| stampede(world, Sys::Pricing, hit, 9.0, 24.0),
        mend: |world| refill(world, Sys::Pricing),
        cures: &[
            eases(Kind::Throttle, Sys::Orders, |_| {}, "fewer requests miss"),
            eases(
                Kind::Degrade,
                Sys::Orders,
                |world| world.link(Link::OrdersPricing).is_skipped = true,
                "orders are taken at list prices",
            ),
            worsens(Kind::Restart, Sys::Pricing, |_| {}, "a restart empties what the cache still holds"),
            useless(Kind::Restart, Sys::Orders, "order-service is a victim"),
        ],
        clues: &[
            clue(Sys::Pricing, Signal::Metric, "cache_hit_ratio falls at the onset"),
            clue(Sys::Pricing, Signal::Metric, "db_pool_active at its maximum"),
            clue(Sys::Orders, Signal::Log, "read timed out after 2000 ms: http://pricing-service"),
        ],
    },
    Case {
        mode: Mode::CacheStampede,
        place: Sys::Inventory,
        change: change(
            ChangeKind::Deploy,
            Sys::Inventory,
            "inventory-service 7.7.0 deployed: stock cache keyed by session, cache hit unlikely",
        ),
        lead_seconds: 80,
        trigger: "inventory-service 7.7.0 keys its stock cache by session",
        root_cause: "without its cache inventory-service reads stock from a database that cannot bear it",
        contributing: CONTRIBUTING,
        fixes: FIXES,
        symptoms: &[Sys::Orders, Sys::Edge, Sys::Kong],
        strike: |world, hit| stampede(world, Sys::Inventory, hit, 40.0, 95.0),
        mend: |world| refill(world, Sys::Inventory),
        cures: &[
            eases(Kind::Throttle, Sys::Inventory, |_| {}, "fewer requests miss"),
            eases(
                Kind::Scale,
                Sys::Inventory,
                |world| world.system(Sys::Inventory).behind *= 0.6,
                "replicas take some of the reads",
            ),
            worsens(Kind::Restart, Sys::Inventory, |_| {}, "a restart empties what the cache still holds"),
            useless(Kind::Restart, Sys::Orders, "order-service is a victim"),
            useless(Kind::Restart, Sys::InventoryDb, "the database is not the cause"),
        ],
        clues: &[
            clue(Sys::Inventory, Signal::Metric, "cache_hit_ratio falls at the onset"),
            clue(Sys::Inventory, Signal::Metric, "db_pool_active at its maximum, db_pool_waiting above 0"),
            clue(Sys::Orders, Signal::Log, "read timed out after 6000 ms: http://inventory-service"),
        ],
    },
];
