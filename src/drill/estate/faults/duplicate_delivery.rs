//! Messages are delivered again while they are worked on: everything is done twice, and the second time refused.

use super::super::blueprint::{Queue, Sys};
use super::super::plan::Mode;
use super::{Case, Signal, change, clue, eases, useless, worsens};
use crate::incident::MitigationKind as Kind;
use crate::telemetry::ChangeKind;

const CONTRIBUTING: &[&str] = &[
    "the consumer is not idempotent",
    "acknowledgement comes at the end of work, its timeout is shorter than the work",
    "the callee cannot tell a repetition from a new document",
];
const FIXES: &[&str] = &[
    "idempotent consumers with a key of their own",
    "acknowledgement timeouts set from measured times of work",
];

pub(super) static CASES: [Case; 2] = [
    Case {
        mode: Mode::DuplicateDelivery,
        place: Sys::Mule,
        change: change(
            ChangeKind::Config,
            Sys::Mule,
            "mule: consumer of erp.orders acknowledges after posting, acknowledgement timeout 30 min -> very short, redelivered on timeout",
        ),
        lead_seconds: 60,
        trigger: "mule acknowledges after posting, with a timeout shorter than a posting",
        root_cause: "mule posts orders twice, since it is not idempotent and the broker delivers again before it acknowledges",
        contributing: CONTRIBUTING,
        fixes: FIXES,
        symptoms: &[Sys::Erp, Sys::Rabbit],
        strike: |world, hit| world.queue(Queue::ErpOrders).ack_ms = hit.scaled(340.0, 200.0) as u32,
        mend: |world| world.queue(Queue::ErpOrders).ack_ms = 0,
        cures: &[
            eases(Kind::QueueBuffering, Sys::Mule, |_| {}, "nothing is delivered, so nothing twice"),
            useless(Kind::Restart, Sys::Erp, "the ERP rightly refuses what it has"),
            worsens(Kind::Replay, Sys::Mule, |_| {}, "replayed letters are posted once more"),
            worsens(
                Kind::Scale,
                Sys::Mule,
                |world| world.queue(Queue::ErpOrders).ack_ms = 150,
                "more consumers work on the same messages at a time",
            ),
        ],
        clues: &[
            clue(
                Sys::Rabbit,
                Signal::Log,
                "delivery acknowledgement timed out, message requeued; redelivered=true",
            ),
            clue(Sys::Erp, Signal::Log, "status 51: document already exists, duplicate rejected"),
            clue(Sys::Mule, Signal::Log, "ORDERS not posted: 409 Conflict from erp"),
        ],
    },
    Case {
        mode: Mode::DuplicateDelivery,
        place: Sys::Billing,
        change: change(
            ChangeKind::Deploy,
            Sys::Billing,
            "billing 3.7.0 deployed: invoices are acknowledged after capture, acknowledgement timeout shortened, redelivered on timeout",
        ),
        lead_seconds: 90,
        trigger: "billing 3.7.0 acknowledges after capture, with a timeout shorter than a capture",
        root_cause: "billing captures invoices twice, since it is not idempotent and the broker delivers again",
        contributing: CONTRIBUTING,
        fixes: FIXES,
        symptoms: &[Sys::Payment, Sys::Rabbit],
        strike: |world, hit| world.queue(Queue::BillingInvoices).ack_ms = hit.scaled(190.0, 120.0) as u32,
        mend: |world| world.queue(Queue::BillingInvoices).ack_ms = 0,
        cures: &[
            eases(Kind::QueueBuffering, Sys::Billing, |_| {}, "nothing is delivered, so nothing twice"),
            useless(
                Kind::Restart,
                Sys::Payment,
                "payment-service passes on what the acquirer rightly refuses",
            ),
            worsens(Kind::Replay, Sys::Billing, |_| {}, "replayed letters are captured once more"),
        ],
        clues: &[
            clue(
                Sys::Rabbit,
                Signal::Log,
                "delivery acknowledgement timed out, message requeued; redelivered=true",
            ),
            clue(Sys::Billing, Signal::Log, "Invoice not created: 409 Conflict from payment-service"),
        ],
    },
];
