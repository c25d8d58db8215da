//! The clock of a system drifts: whoever checks the time of its signatures refuses them.

use super::super::blueprint::{Link, Sys};
use super::super::plan::Mode;
use super::super::problem::Problem;
use super::super::world::{SECOND, World};
use super::{Case, Hit, Signal, change, clue, eases, mends, useless};
use crate::incident::MitigationKind as Kind;
use crate::telemetry::ChangeKind;

fn drift(world: &mut World, place: Sys, link: Link, hit: Hit) {
    let seconds = hit.scaled(65.0, 210.0) as i32;
    world.system(place).clock_ahead = i64::from(seconds) * SECOND;
    let state = world.link(link);
    state.broken = Some(Problem::Skewed(seconds));
    state.broken_share = hit.scaled(0.6, 1.0);
}

fn set(world: &mut World, place: Sys, link: Link) {
    world.system(place).clock_ahead = 0;
    world.link(link).broken = None;
}

const CONTRIBUTING: &[&str] = &[
    "time synchronisation is not part of the host template",
    "no alert on clock offset",
    "a refused signature is handled like an outage",
];
const FIXES: &[&str] =
    &["alert on clock offset of every host", "time synchronisation in the host template, tested"];

pub(super) static CASES: [Case; 2] = [
    Case {
        mode: Mode::ClockSkew,
        place: Sys::Payment,
        change: change(
            ChangeKind::Infrastructure,
            Sys::Payment,
            "payment-service: pods moved to new hosts, ntp source of the old segment is not reachable from there, clock unchecked",
        ),
        lead_seconds: 50,
        trigger: "payment-service was moved to hosts without time synchronisation",
        root_cause: "the clock of payment-service is off, so that the acquirer refuses its signatures",
        contributing: CONTRIBUTING,
        fixes: FIXES,
        symptoms: &[Sys::Orders, Sys::Edge, Sys::Billing],
        strike: |world, hit| drift(world, Sys::Payment, Link::PaymentAcquirer, hit),
        mend: |world| set(world, Sys::Payment, Link::PaymentAcquirer),
        cures: &[
            mends(Kind::Other, Sys::Payment, "the clock is set and synchronised"),
            mends(Kind::Failover, Sys::Payment, "the pods on the old hosts have the right time"),
            eases(
                Kind::Degrade,
                Sys::Orders,
                |world| world.link(Link::OrdersPayment).is_skipped = true,
                "orders are taken and authorised later",
            ),
            useless(Kind::Restart, Sys::Payment, "it starts with the same clock"),
            useless(Kind::Scale, Sys::Payment, "new pods have the same hosts"),
        ],
        clues: &[
            clue(
                Sys::Payment,
                Signal::Log,
                "401 Unauthorized from acquirer: signature timestamp is off, check the clock",
            ),
            clue(Sys::Payment, Signal::Metric, "clock_offset_ms leaps"),
            clue(Sys::Payment, Signal::Trace, "its spans lie before or after those of their callers"),
        ],
    },
    Case {
        mode: Mode::ClockSkew,
        place: Sys::CarrierAdapter,
        change: change(
            ChangeKind::Infrastructure,
            Sys::CarrierAdapter,
            "carrier-adapter: host restored from a snapshot, clock of the guest not synchronised",
        ),
        lead_seconds: 50,
        trigger: "the host of carrier-adapter was restored from a snapshot and kept its time",
        root_cause: "the clock of carrier-adapter is off, so that the carrier refuses its signatures",
        contributing: CONTRIBUTING,
        fixes: FIXES,
        symptoms: &[Sys::Shipping, Sys::Kafka],
        strike: |world, hit| drift(world, Sys::CarrierAdapter, Link::CarrierApi, hit),
        mend: |world| set(world, Sys::CarrierAdapter, Link::CarrierApi),
        cures: &[
            mends(Kind::Other, Sys::CarrierAdapter, "the clock is set and synchronised"),
            eases(
                Kind::QueueBuffering,
                Sys::Shipping,
                |_| {},
                "deliveries wait instead of becoming dead letters",
            ),
            useless(Kind::Restart, Sys::CarrierAdapter, "it starts with the same clock"),
            useless(Kind::Restart, Sys::Shipping, "shipping is a victim"),
        ],
        clues: &[
            clue(
                Sys::CarrierAdapter,
                Signal::Log,
                "401 Unauthorized from carrier: signature timestamp is off, check the clock",
            ),
            clue(Sys::CarrierAdapter, Signal::Metric, "clock_offset_ms leaps"),
        ],
    },
];
