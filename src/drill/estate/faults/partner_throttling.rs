//! A partner allows less than before: calls beyond the quota are answered with 429.

use super::super::blueprint::{Link, Sys};
use super::super::plan::Mode;
use super::super::world::World;
use super::{Case, Hit, Signal, change, clue, eases, mends, useless, worsens};
use crate::incident::MitigationKind as Kind;
use crate::telemetry::ChangeKind;

fn limit(world: &mut World, partner: Sys, hit: Hit, mildest: f64, hardest: f64) {
    world.system(partner).quota =
        (hit.scaled(mildest, hardest) * world.traffic.max(0.2)).round().max(1.0) as u32;
}

fn lift(world: &mut World, partner: Sys) {
    world.system(partner).quota = partner.plan().quota;
}

const CONTRIBUTING: &[&str] = &[
    "notices of the partner reach nobody who operates the adapter",
    "no alert on the quota that is left",
    "Retry-After is not respected, so retries use up the quota",
];
const FIXES: &[&str] =
    &["respect Retry-After and spread calls evenly", "alert on quota left", "what can wait is queued"];

pub(super) static CASES: [Case; 2] = [
    Case {
        mode: Mode::PartnerThrottling,
        place: Sys::CarrierAdapter,
        change: change(
            ChangeKind::PartnerNotice,
            Sys::CarrierAdapter,
            "notice of the carrier API: quota of plan STANDARD lowered from 300 requests a minute to a fair-use limit, 429 with Retry-After beyond it",
        ),
        lead_seconds: 60,
        trigger: "the carrier lowered the quota of its API",
        root_cause: "carrier-adapter calls without regard to the quota and answers 429 with more calls",
        contributing: CONTRIBUTING,
        fixes: FIXES,
        symptoms: &[Sys::Shipping, Sys::Kafka],
        strike: |world, hit| limit(world, Sys::Carrier, hit, 11.0, 3.0),
        mend: |world| lift(world, Sys::Carrier),
        cures: &[
            mends(Kind::Other, Sys::CarrierAdapter, "the partner raises the quota"),
            mends(Kind::Failover, Sys::CarrierAdapter, "the second carrier takes over"),
            eases(
                Kind::QueueBuffering,
                Sys::Shipping,
                |_| {},
                "deliveries wait instead of becoming dead letters",
            ),
            worsens(
                Kind::Scale,
                Sys::CarrierAdapter,
                |world| world.link(Link::CarrierApi).attempts += 3,
                "more instances use up the quota faster",
            ),
            worsens(Kind::Replay, Sys::Shipping, |_| {}, "replayed letters use up the quota again"),
            useless(Kind::Restart, Sys::CarrierAdapter, "the quota is the partner's"),
        ],
        clues: &[
            clue(
                Sys::CarrierAdapter,
                Signal::Log,
                "429 Too Many Requests from carrier: quota exceeded, Retry-After",
            ),
            clue(Sys::CarrierAdapter, Signal::Metric, "partner_quota_remaining falls to 0 in every minute"),
        ],
    },
    Case {
        mode: Mode::PartnerThrottling,
        place: Sys::Payment,
        change: change(
            ChangeKind::PartnerNotice,
            Sys::Payment,
            "notice of the acquirer: rate limit of merchant accounts without contract 2.0 lowered, 429 beyond it",
        ),
        lead_seconds: 60,
        trigger: "the acquirer lowered the rate limit of our merchant account",
        root_cause: "payment-service calls without regard to the quota and answers 429 with more calls",
        contributing: CONTRIBUTING,
        fixes: FIXES,
        symptoms: &[Sys::Orders, Sys::Edge, Sys::Billing],
        strike: |world, hit| limit(world, Sys::Acquirer, hit, 12.0, 3.0),
        mend: |world| lift(world, Sys::Acquirer),
        cures: &[
            mends(Kind::Other, Sys::Payment, "the partner raises the limit"),
            mends(Kind::Failover, Sys::Payment, "the second acquirer takes over"),
            eases(
                Kind::Degrade,
                Sys::Orders,
                |world| world.link(Link::OrdersPayment).is_skipped = true,
                "orders are taken and authorised later",
            ),
            eases(
                Kind::QueueBuffering,
                Sys::Billing,
                |_| {},
                "captures wait and leave the quota to the shop",
            ),
            worsens(
                Kind::Scale,
                Sys::Payment,
                |world| world.link(Link::PaymentAcquirer).attempts += 3,
                "more instances use up the quota faster",
            ),
            useless(Kind::Restart, Sys::Payment, "the limit is the partner's"),
        ],
        clues: &[
            clue(
                Sys::Payment,
                Signal::Log,
                "429 Too Many Requests from acquirer: quota exceeded, Retry-After",
            ),
            clue(Sys::Payment, Signal::Metric, "partner_quota_remaining falls to 0 in every minute"),
        ],
    },
];
