//! A pool of connections is held by something else: requests wait for one and give up.

use super::super::blueprint::{Job, Sys};
use super::super::plan::Mode;
use super::super::world::SECOND;
use super::{Case, Signal, change, clue, eases, mends, useless};
use crate::incident::MitigationKind as Kind;
use crate::telemetry::ChangeKind;

const CONTRIBUTING: &[&str] = &[
    "requests and batch work share one pool",
    "no alert on requests that wait for a connection",
    "the change was not tested with the amount of data of production",
];
const FIXES: &[&str] = &[
    "a pool of its own for batch work, with a limit",
    "alert on the time that requests wait for a connection",
];

pub(super) static CASES: [Case; 3] = [
    Case {
        mode: Mode::PoolExhaustion,
        place: Sys::Inventory,
        change: change(
            ChangeKind::Config,
            Sys::Inventory,
            "inventory-service: job stock-reconciliation rescheduled from every 10 min in small chunks to one long run, workers 2 -> 8, own database connection each",
        ),
        lead_seconds: 60,
        trigger: "stock-reconciliation was rescheduled to run with eight workers",
        root_cause: "the job of inventory-service takes its connections from the pool that requests need",
        contributing: CONTRIBUTING,
        fixes: FIXES,
        symptoms: &[Sys::Orders, Sys::Edge, Sys::Kong],
        strike: |world, hit| {
            let connections = hit.scaled(7.0, 8.0).round() as u16;
            world.system(Sys::Inventory).slow = hit.scaled(9.0, 22.0);
            world.reschedule(Job::StockReconciliation, 3_000 * SECOND, 2_900 * SECOND, connections);
        },
        mend: |world| {
            world.system(Sys::Inventory).slow = 1.0;
            world.reschedule(Job::StockReconciliation, 600 * SECOND, 20 * SECOND, 2);
        },
        cures: &[
            mends(Kind::Block, Sys::Scheduler, "the job is stopped and its connections come back"),
            mends(Kind::Block, Sys::Inventory, "the job is stopped and its connections come back"),
            mends(Kind::Other, Sys::Scheduler, "the job is stopped and its connections come back"),
            eases(Kind::Scale, Sys::Inventory, |_| {}, "a larger pool leaves some connections to requests"),
            useless(Kind::Restart, Sys::Orders, "the callers are victims and queue up again"),
            useless(Kind::Scale, Sys::Orders, "more callers wait for the same connections"),
            useless(Kind::Restart, Sys::InventoryDb, "the database is well; the job connects again"),
        ],
        clues: &[
            clue(
                Sys::Inventory,
                Signal::Log,
                "InventoryPool - Connection is not available, request timed out",
            ),
            clue(Sys::Inventory, Signal::Metric, "db_pool_active at its maximum, db_pool_waiting above 0"),
            clue(
                Sys::Inventory,
                Signal::Log,
                "job stock-reconciliation started, planned for 2900 s, and not finished; so says batch-scheduler",
            ),
        ],
    },
    Case {
        mode: Mode::PoolExhaustion,
        place: Sys::Orders,
        change: change(
            ChangeKind::Deploy,
            Sys::Orders,
            "order-service 6.4.0 deployed (4 of 4 pods): order history reads by a database connection of its own, OrdersPool unchanged",
        ),
        lead_seconds: 60,
        trigger: "order-service 6.4.0 does not give back connections of a new query",
        root_cause: "a connection leak in order-service empties OrdersPool request by request",
        contributing: CONTRIBUTING,
        fixes: FIXES,
        symptoms: &[Sys::Edge, Sys::Kong],
        strike: |world, hit| world.system(Sys::Orders).pool.leak = hit.scaled(0.2, 0.6),
        mend: |world| {
            let pool = &mut world.system(Sys::Orders).pool;
            (pool.leak, pool.leaked) = (0.0, 0);
            world.hand_out(Sys::Orders);
        },
        cures: &[
            eases(
                Kind::Restart,
                Sys::Orders,
                |_| {},
                "the pool is full again, until it has leaked away again",
            ),
            eases(Kind::Scale, Sys::Orders, |_| {}, "a larger pool lasts longer"),
            useless(
                Kind::Restart,
                Sys::Inventory,
                "the pool of order-service leaks, not that of inventory-service",
            ),
            useless(Kind::Scale, Sys::Pricing, "pricing-service is well"),
        ],
        clues: &[
            clue(Sys::Orders, Signal::Log, "OrdersPool - Connection is not available, request timed out"),
            clue(Sys::Orders, Signal::Metric, "db_pool_active climbs steadily and never falls"),
        ],
    },
    Case {
        mode: Mode::PoolExhaustion,
        place: Sys::Pricing,
        change: change(
            ChangeKind::Deploy,
            Sys::Pricing,
            "pricing-service 9.2.0 deployed: discounts by a second database session, PricingPool unchanged",
        ),
        lead_seconds: 60,
        trigger: "pricing-service 9.2.0 does not close its second session",
        root_cause: "a connection leak in pricing-service empties PricingPool within minutes",
        contributing: CONTRIBUTING,
        fixes: FIXES,
        symptoms: &[Sys::Orders, Sys::Edge, Sys::Kong],
        strike: |world, hit| world.system(Sys::Pricing).pool.leak = hit.scaled(0.06, 0.3),
        mend: |world| {
            let pool = &mut world.system(Sys::Pricing).pool;
            (pool.leak, pool.leaked) = (0.0, 0);
            world.hand_out(Sys::Pricing);
        },
        cures: &[
            eases(
                Kind::Restart,
                Sys::Pricing,
                |_| {},
                "the pool is full again, until it has leaked away again",
            ),
            useless(Kind::Restart, Sys::Orders, "order-service is a victim"),
            useless(Kind::Scale, Sys::Orders, "more callers wait for the same connections"),
        ],
        clues: &[
            clue(Sys::Pricing, Signal::Log, "PricingPool - Connection is not available, request timed out"),
            clue(Sys::Pricing, Signal::Metric, "db_pool_active at its maximum and never falls"),
        ],
    },
];
