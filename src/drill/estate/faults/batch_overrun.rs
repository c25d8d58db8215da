//! Batch work does not fit its window: what is left over grows from run to run, or locks what others need.

use super::super::blueprint::{Job, Queue, Sys};
use super::super::plan::Mode;
use super::super::problem::Problem;
use super::super::world::SECOND;
use super::{Case, Signal, change, clue, eases, mends, useless};
use crate::incident::MitigationKind as Kind;
use crate::telemetry::ChangeKind;

const CONTRIBUTING: &[&str] = &[
    "nobody watches whether a run ends within its window",
    "a change of schedule is not looked at as a change of load",
    "the run has no bound on its duration",
];
const FIXES: &[&str] = &[
    "alert on items left over after a run",
    "batch work in chunks of bounded duration, apart from daytime load",
];

pub(super) static CASES: [Case; 2] = [
    Case {
        mode: Mode::BatchOverrun,
        place: Sys::Billing,
        change: change(
            ChangeKind::Deploy,
            Sys::Billing,
            "billing 3.8.0 deployed: tax is worked out for each item of the invoice run, workers of the run 2 -> 1",
        ),
        lead_seconds: 60,
        trigger: "billing 3.8.0 works out tax for each item with one worker",
        root_cause: "an invoice run of billing no longer does within its window what has come in since the last one",
        contributing: CONTRIBUTING,
        fixes: FIXES,
        symptoms: &[Sys::Rabbit, Sys::Notifier],
        strike: |world, hit| {
            world.queue(Queue::BillingInvoices).consumers = 1;
            let pressed = (1.0 / world.traffic.max(0.3)).max(1.0);
            world.system(Sys::Billing).slow = hit.scaled(95.0, 210.0) * pressed;
        },
        mend: |world| {
            world.queue(Queue::BillingInvoices).consumers = 4;
            world.system(Sys::Billing).slow = 1.0;
            world.deliver(Queue::BillingInvoices);
        },
        cures: &[
            eases(Kind::Scale, Sys::Billing, |_| {}, "more workers do more within the window"),
            useless(Kind::Restart, Sys::Billing, "the same version starts again"),
            useless(Kind::Restart, Sys::Rabbit, "the broker is well, it keeps what nobody takes"),
            useless(Kind::Scale, Sys::Payment, "payment-service has nothing to do"),
        ],
        clues: &[
            clue(
                Sys::Billing,
                Signal::Log,
                "invoice run closed by its window, n items not done, left to the next run",
            ),
            clue(Sys::Billing, Signal::Trace, "spans of invoice-run item take seconds of their own"),
            clue(Sys::Rabbit, Signal::Metric, "queue_depth of billing.invoices no longer falls to 0"),
        ],
    },
    Case {
        mode: Mode::BatchOverrun,
        place: Sys::Erp,
        change: change(
            ChangeKind::Config,
            Sys::Erp,
            "erp: dunning-run moved from the night into the day, all company codes in one run",
        ),
        lead_seconds: 30,
        trigger: "the dunning run was moved into the day and covers everything",
        root_cause: "the dunning run of erp locks what the posting of orders needs, for as long as it takes",
        contributing: CONTRIBUTING,
        fixes: FIXES,
        symptoms: &[Sys::Mule, Sys::Rabbit, Sys::EdiGateway],
        strike: |world, hit| {
            world.job(Job::DunningRun).locks = hit.scaled(8.0, 26.0);
            world.reschedule(Job::DunningRun, 3_600 * SECOND, 3_300 * SECOND, 0);
            let erp = world.system(Sys::Erp);
            (erp.fails, erp.fails_as) = (hit.scaled(0.25, 0.6), Problem::LockTimeout);
        },
        mend: |world| {
            world.job(Job::DunningRun).locks = 1.0;
            world.reschedule(Job::DunningRun, 1_800 * SECOND, 30 * SECOND, 0);
            let erp = world.system(Sys::Erp);
            (erp.fails, erp.fails_as) = (0.0006, Problem::Transient);
        },
        cures: &[
            mends(Kind::Block, Sys::Erp, "the run is stopped and its locks are gone"),
            mends(Kind::Block, Sys::Scheduler, "the run is stopped and its locks are gone"),
            mends(Kind::Other, Sys::Scheduler, "the run is stopped and its locks are gone"),
            eases(Kind::QueueBuffering, Sys::Mule, |_| {}, "orders wait in erp.orders until the run is over"),
            useless(Kind::Restart, Sys::Mule, "mule is a victim"),
            useless(Kind::Scale, Sys::Mule, "more postings wait for the same locks"),
        ],
        clues: &[
            clue(Sys::Erp, Signal::Log, "status 51: canceling statement due to lock timeout"),
            clue(Sys::Scheduler, Signal::Log, "job dunning-run started in the day and not finished"),
            clue(Sys::Erp, Signal::Metric, "latency_p95 and error_rate rise first"),
        ],
    },
];
