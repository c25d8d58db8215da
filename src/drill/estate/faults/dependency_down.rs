//! A system that others need is not there: it dies again and again, or nothing reaches it.

use super::super::blueprint::{Link, Sys};
use super::super::plan::Mode;
use super::super::problem::Problem;
use super::super::world::{SECOND, What, World};
use super::{Case, Hit, Signal, change, clue, eases, mends, useless};
use crate::incident::MitigationKind as Kind;
use crate::telemetry::ChangeKind;

fn crash(world: &mut World, hit: Hit) {
    let now = world.now;
    world.agenda.add(now + SECOND, What::Crash(hit.fault));
}

const CONTRIBUTING: &[&str] = &[
    "callers have no other path and no degraded answer",
    "the roll-out went to all instances at once",
    "readiness is reported before the system can bear load",
];
const FIXES: &[&str] = &["roll-out in steps with an automatic stop", "a degraded answer for callers"];

pub(super) static CASES: [Case; 3] = [
    Case {
        mode: Mode::DependencyDown,
        place: Sys::Pricing,
        change: change(
            ChangeKind::Deploy,
            Sys::Pricing,
            "pricing-service 9.4.0 deployed: whole price list kept in memory, container memory limit lowered to 512 MiB",
        ),
        lead_seconds: 100,
        trigger: "pricing-service 9.4.0 needs more memory than its containers have",
        root_cause: "pricing-service is killed for want of memory again and again",
        contributing: CONTRIBUTING,
        fixes: FIXES,
        symptoms: &[Sys::Orders, Sys::Edge, Sys::Kong],
        strike: crash,
        mend: |world| world.revive(Sys::Pricing),
        cures: &[
            mends(Kind::Scale, Sys::Pricing, "with more memory it lives"),
            eases(
                Kind::Degrade,
                Sys::Orders,
                |world| world.link(Link::OrdersPricing).is_skipped = true,
                "orders are taken at list prices",
            ),
            useless(Kind::Restart, Sys::Pricing, "it is killed again as soon as it has grown"),
            useless(Kind::Restart, Sys::Orders, "order-service is a victim"),
        ],
        clues: &[
            clue(
                Sys::Pricing,
                Signal::Log,
                "OutOfMemoryError, container killed (OOMKilled, exit code 137); started again",
            ),
            clue(Sys::Orders, Signal::Log, "connection refused: http://pricing-service"),
        ],
    },
    Case {
        mode: Mode::DependencyDown,
        place: Sys::Payment,
        change: change(
            ChangeKind::Deploy,
            Sys::Payment,
            "payment-service 5.9.0 deployed: fraud model loaded into memory at start, container memory limit unchanged",
        ),
        lead_seconds: 100,
        trigger: "payment-service 5.9.0 needs more memory than its containers have",
        root_cause: "payment-service is killed for want of memory again and again",
        contributing: CONTRIBUTING,
        fixes: FIXES,
        symptoms: &[Sys::Orders, Sys::Edge, Sys::Billing],
        strike: crash,
        mend: |world| world.revive(Sys::Payment),
        cures: &[
            mends(Kind::Scale, Sys::Payment, "with more memory it lives"),
            eases(
                Kind::Degrade,
                Sys::Orders,
                |world| world.link(Link::OrdersPayment).is_skipped = true,
                "orders are taken and authorised later",
            ),
            useless(Kind::Restart, Sys::Payment, "it is killed again as soon as it has grown"),
            useless(Kind::Failover, Sys::Payment, "the acquirer is well"),
        ],
        clues: &[
            clue(
                Sys::Payment,
                Signal::Log,
                "OutOfMemoryError, container killed (OOMKilled, exit code 137); started again",
            ),
            clue(Sys::Orders, Signal::Log, "connection refused: http://payment-service"),
        ],
    },
    Case {
        mode: Mode::DependencyDown,
        place: Sys::Erp,
        change: change(
            ChangeKind::Infrastructure,
            Sys::Erp,
            "erp: firewall rules of the ERP zone consolidated, port 44300 for known hosts only",
        ),
        lead_seconds: 40,
        trigger: "the firewall in front of the ERP no longer lets mule through",
        root_cause: "connections to erp are refused by a rule that left out a host",
        contributing: CONTRIBUTING,
        fixes: FIXES,
        symptoms: &[Sys::Mule, Sys::Rabbit, Sys::EdiGateway],
        strike: |world, hit| {
            let state = world.link(Link::MuleErp);
            state.broken = Some(Problem::Refused);
            state.broken_share = hit.scaled(0.5, 1.0);
        },
        mend: |world| world.link(Link::MuleErp).broken = None,
        cures: &[
            mends(Kind::Failover, Sys::Erp, "the standby endpoint lies behind another rule"),
            eases(
                Kind::QueueBuffering,
                Sys::Mule,
                |_| {},
                "orders wait in erp.orders instead of becoming dead letters",
            ),
            useless(Kind::Restart, Sys::Erp, "the ERP is well"),
            useless(Kind::Restart, Sys::Mule, "mule is a victim"),
            useless(Kind::Scale, Sys::Mule, "more workers are refused as well"),
        ],
        clues: &[
            clue(Sys::Mule, Signal::Log, "connection refused: https://erp:44300"),
            clue(Sys::Erp, Signal::Metric, "request_rate falls while its latency stays usual"),
        ],
    },
];
