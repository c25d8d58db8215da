//! A certificate runs out: handshakes fail from one second to the next, and nobody has changed anything.

use super::super::blueprint::{Link, Sys};
use super::super::plan::Mode;
use super::super::problem::Problem;
use super::super::world::World;
use super::{Case, Hit, Signal, clue, eases, mends, useless, worsens};
use crate::incident::MitigationKind as Kind;

/// Some nodes behind the balancer still have a good one.
fn expire(world: &mut World, link: Link, problem: Problem, hit: Hit) {
    let state = world.link(link);
    state.broken = Some(problem);
    state.broken_share = hit.scaled(0.45, 1.0);
}

fn renew(world: &mut World, link: Link, place: Sys) {
    world.link(link).broken = None;
    let year = 365 * 86_400 * super::super::world::SECOND;
    world.system(place).expires = world.now + year;
}

const CONTRIBUTING: &[&str] = &[
    "no alert on days left before notAfter",
    "renewal is done by hand and covers only some of the nodes",
    "callers repeat a handshake that cannot succeed",
];
const FIXES: &[&str] = &[
    "alert on days left before notAfter of every certificate on a critical flow",
    "automatic renewal with a test of the whole chain",
];

pub(super) static CASES: [Case; 3] = [
    Case {
        mode: Mode::ExpiredCertificate,
        place: Sys::Erp,
        change: None,
        lead_seconds: 0,
        trigger: "the server certificate of the ERP inbound endpoint reached notAfter",
        root_cause: "the certificate of erp expired because its renewal was neither automated nor watched",
        contributing: CONTRIBUTING,
        fixes: FIXES,
        symptoms: &[Sys::Mule, Sys::Rabbit, Sys::EdiGateway],
        strike: |world, hit| expire(world, Link::MuleErp, Problem::CertificateExpired, hit),
        mend: |world| renew(world, Link::MuleErp, Sys::Erp),
        cures: &[
            mends(Kind::Other, Sys::Erp, "a renewed certificate is installed on the endpoint"),
            mends(Kind::Failover, Sys::Erp, "the standby endpoint presents a good certificate"),
            eases(
                Kind::QueueBuffering,
                Sys::Mule,
                |_| {},
                "orders wait in erp.orders instead of becoming dead letters",
            ),
            useless(Kind::Restart, Sys::Mule, "a restart presents and accepts the same certificates"),
            worsens(
                Kind::Scale,
                Sys::Mule,
                |world| world.link(Link::MuleErp).attempts += 2,
                "more workers repeat the same handshake",
            ),
        ],
        clues: &[
            clue(Sys::Mule, Signal::Log, "PKIX path validation failed: certificate of erp expired"),
            clue(Sys::Erp, Signal::Metric, "certificate_expires_in_days passes zero at the onset"),
            clue(Sys::Rabbit, Signal::Metric, "dead_letters of erp.orders grow"),
        ],
    },
    Case {
        mode: Mode::ExpiredCertificate,
        place: Sys::CarrierAdapter,
        change: None,
        lead_seconds: 0,
        trigger: "the client certificate towards the carrier reached notAfter",
        root_cause: "the client certificate of carrier-adapter expired because nobody watched it",
        contributing: CONTRIBUTING,
        fixes: FIXES,
        symptoms: &[Sys::Shipping, Sys::Kafka],
        strike: |world, hit| expire(world, Link::CarrierApi, Problem::ClientCertificateExpired, hit),
        mend: |world| renew(world, Link::CarrierApi, Sys::CarrierAdapter),
        cures: &[
            mends(Kind::Other, Sys::CarrierAdapter, "a renewed client certificate is installed"),
            mends(
                Kind::Failover,
                Sys::CarrierAdapter,
                "the second carrier is reached with another certificate",
            ),
            eases(
                Kind::QueueBuffering,
                Sys::Shipping,
                |_| {},
                "deliveries wait in the topic instead of becoming dead letters",
            ),
            useless(Kind::Restart, Sys::CarrierAdapter, "a restart presents the same certificate"),
            worsens(
                Kind::Scale,
                Sys::CarrierAdapter,
                |world| world.link(Link::CarrierApi).attempts += 3,
                "more instances repeat the same handshake",
            ),
        ],
        clues: &[
            clue(
                Sys::CarrierAdapter,
                Signal::Log,
                "alert certificate_expired, our client certificate is past notAfter",
            ),
            clue(Sys::CarrierAdapter, Signal::Metric, "certificate_expires_in_days passes zero at the onset"),
        ],
    },
    Case {
        mode: Mode::ExpiredCertificate,
        place: Sys::Payment,
        change: None,
        lead_seconds: 0,
        trigger: "the client certificate towards the acquirer reached notAfter",
        root_cause: "the client certificate of payment-service expired because nobody watched it",
        contributing: CONTRIBUTING,
        fixes: FIXES,
        symptoms: &[Sys::Orders, Sys::Edge, Sys::Billing],
        strike: |world, hit| expire(world, Link::PaymentAcquirer, Problem::ClientCertificateExpired, hit),
        mend: |world| renew(world, Link::PaymentAcquirer, Sys::Payment),
        cures: &[
            mends(Kind::Other, Sys::Payment, "a renewed client certificate is installed"),
            mends(Kind::Failover, Sys::Payment, "the second acquirer is reached with another certificate"),
            eases(
                Kind::Degrade,
                Sys::Orders,
                |world| world.link(Link::OrdersPayment).is_skipped = true,
                "orders are taken and authorised later",
            ),
            useless(Kind::Restart, Sys::Payment, "a restart presents the same certificate"),
            useless(Kind::Rollback, Sys::Orders, "order-service is a victim"),
        ],
        clues: &[
            clue(
                Sys::Payment,
                Signal::Log,
                "alert certificate_expired, our client certificate is past notAfter",
            ),
            clue(Sys::Payment, Signal::Metric, "certificate_expires_in_days passes zero at the onset"),
        ],
    },
];
