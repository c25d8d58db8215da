//! A credential runs out or was rotated on one side only: calls are answered with 401.

use super::super::blueprint::{Link, Sys};
use super::super::plan::Mode;
use super::super::problem::Problem;
use super::super::world::World;
use super::{Case, Hit, Signal, change, clue, eases, mends, useless};
use crate::incident::MitigationKind as Kind;
use crate::telemetry::ChangeKind;

fn refuse(world: &mut World, link: Link, hit: Hit) {
    let state = world.link(link);
    state.broken = Some(Problem::TokenExpired);
    state.broken_share = hit.scaled(0.5, 1.0);
}

const CONTRIBUTING: &[&str] = &[
    "the rotation has no overlap of old and new credential",
    "no alert on the expiry of client credentials",
    "a refusal is handled like an outage",
];
const FIXES: &[&str] =
    &["rotation with overlap, tested before the old one ends", "alert on expiry of credentials"];

pub(super) static CASES: [Case; 3] = [
    Case {
        mode: Mode::ExpiredToken,
        place: Sys::CarrierAdapter,
        change: change(
            ChangeKind::Config,
            Sys::CarrierAdapter,
            "carrier-adapter: client credential of the carrier API rotated in the vault, old credential ends now",
        ),
        lead_seconds: 100,
        trigger: "the credential of the carrier API was rotated and the old one ended while cached",
        root_cause: "carrier-adapter keeps its client credential until it restarts, so that a rotation locks it out",
        contributing: CONTRIBUTING,
        fixes: FIXES,
        symptoms: &[Sys::Shipping, Sys::Kafka],
        strike: |world, hit| refuse(world, Link::CarrierApi, hit),
        mend: |world| world.link(Link::CarrierApi).broken = None,
        cures: &[
            mends(Kind::Restart, Sys::CarrierAdapter, "it reads the new credential when it starts"),
            eases(
                Kind::QueueBuffering,
                Sys::Shipping,
                |_| {},
                "deliveries wait instead of becoming dead letters",
            ),
            useless(Kind::Scale, Sys::Shipping, "more consumers are refused as well"),
            useless(Kind::Restart, Sys::Shipping, "shipping is a victim"),
        ],
        clues: &[
            clue(
                Sys::CarrierAdapter,
                Signal::Log,
                "401 Unauthorized from carrier: invalid_grant, client credential expired",
            ),
            clue(Sys::CarrierAdapter, Signal::Trace, "client spans of the carrier API end with 401"),
        ],
    },
    Case {
        mode: Mode::ExpiredToken,
        place: Sys::Payment,
        change: None,
        lead_seconds: 0,
        trigger: "the client credential of the acquirer API reached the end of its year",
        root_cause: "the credential of payment-service expired because its end was known to nobody",
        contributing: CONTRIBUTING,
        fixes: FIXES,
        symptoms: &[Sys::Orders, Sys::Edge, Sys::Billing],
        strike: |world, hit| refuse(world, Link::PaymentAcquirer, hit),
        mend: |world| world.link(Link::PaymentAcquirer).broken = None,
        cures: &[
            mends(Kind::Other, Sys::Payment, "a new credential is issued and installed"),
            mends(Kind::Failover, Sys::Payment, "the second acquirer has a credential of its own"),
            eases(
                Kind::Degrade,
                Sys::Orders,
                |world| world.link(Link::OrdersPayment).is_skipped = true,
                "orders are taken and authorised later",
            ),
            useless(Kind::Restart, Sys::Payment, "a restart reads the same expired credential"),
            useless(Kind::Scale, Sys::Payment, "more instances are refused as well"),
        ],
        clues: &[
            clue(
                Sys::Payment,
                Signal::Log,
                "401 Unauthorized from acquirer: invalid_grant, client credential expired",
            ),
            clue(Sys::Payment, Signal::Trace, "client spans of the acquirer API end with 401"),
        ],
    },
    Case {
        mode: Mode::ExpiredToken,
        place: Sys::Mule,
        change: change(
            ChangeKind::Config,
            Sys::Mule,
            "mule: password of service user B2B_INBOUND rotated, secure properties updated",
        ),
        lead_seconds: 120,
        trigger: "the password of the service user was rotated and the new one was not taken up everywhere",
        root_cause: "mule logs on to erp with a credential that ended, because the rotation has no overlap",
        contributing: CONTRIBUTING,
        fixes: FIXES,
        symptoms: &[Sys::Rabbit, Sys::EdiGateway, Sys::Erp],
        strike: |world, hit| refuse(world, Link::MuleErp, hit),
        mend: |world| world.link(Link::MuleErp).broken = None,
        cures: &[
            mends(Kind::Other, Sys::Mule, "the right credential is deployed"),
            eases(
                Kind::QueueBuffering,
                Sys::Mule,
                |_| {},
                "orders wait in erp.orders instead of becoming dead letters",
            ),
            useless(Kind::Restart, Sys::Erp, "the ERP refuses what it should refuse"),
            useless(Kind::Scale, Sys::Mule, "more workers are refused as well"),
        ],
        clues: &[
            clue(
                Sys::Mule,
                Signal::Log,
                "401 Unauthorized from erp: invalid_grant, client credential expired",
            ),
            clue(Sys::Rabbit, Signal::Metric, "dead_letters of erp.orders grow"),
        ],
    },
];
