//! What systems say when nobody asks: heartbeats, caches, checkpoints, jobs, and warnings that mean nothing.

use super::super::blueprint::{Job, Sys};
use super::super::problem::{Problem, says};
use super::super::world::{FrameRef, World};
use super::{Level, Line, ids, log, state};

/// Who says what belongs to no flow.
pub(super) fn logger(system: Sys) -> &'static str {
    match system {
        Sys::Orders => "c.e.platform.Heartbeat",
        Sys::Pricing => "Pricing.Health",
        Sys::Inventory => "com.example.platform.Heartbeat",
        Sys::Payment => "health",
        Sys::Kafka => "kafka.coordinator.group.GroupMetadataManager",
        Sys::Billing => "com.example.billing.InvoiceRun",
        Sys::Shipping => "health/health.go:22",
        Sys::CarrierAdapter => "health.go:22",
        _ => "",
    }
}

/// An everyday line.
pub(in super::super) fn chatter(world: &mut World, system: Sys) {
    let roll = world.dice.below(1_000);
    let pool = &world.systems[system as usize].pool;
    let (busy, size, waits) = (pool.busy + pool.leaked + pool.held, pool.size, pool.queue.len());
    let text = match system {
        Sys::Orders | Sys::Inventory | Sys::Pricing | Sys::Billing if roll.is_multiple_of(2) => {
            let name = system.plan().pool.map_or("Pool", |pool| pool.name);
            let idle = size.saturating_sub(busy);
            format!("{name} - Pool stats (total={size}, active={busy}, idle={idle}, waiting={waits})")
        }
        Sys::Pricing => format!("price list cache holds {} entries", 9_000 + roll),
        Sys::InventoryDb => {
            format!("checkpoint complete: wrote {} buffers (0.4%); write=27.{roll:03} s", 500 + roll)
        }
        Sys::Rabbit => format!(
            "accepting AMQP connection <0.{}.0> (10.20.4.26:{} -> 10.20.5.5:5672)",
            6_000 + roll,
            30_000 + roll * 7
        ),
        Sys::Kafka => format!(
            "[GroupMetadataManager brokerId=1] Removed {} expired offsets in 1 milliseconds.",
            roll % 5
        ),
        Sys::Mule => format!("Health check OK, heap {} MB", 700 + roll / 4),
        Sys::EdiGateway => "AS2 mailbox polled, 0 interchanges".to_owned(),
        Sys::Erp => "Data passed to port OK".to_owned(),
        Sys::Scheduler => format!("no job is due, next in {} s", 10 + roll % 40),
        Sys::Notifier => format!("relay: connection to relay reused ({} idle)", roll % 6),
        Sys::Payment => "probe ok".to_owned(),
        _ => "alive".to_owned(),
    };
    state(world, system, Level::Info, &text);
}

/// A warning that comes often and means nothing.
pub(in super::super) fn noise(world: &mut World, system: Sys) {
    let text = match system {
        Sys::Mule => "DEPRECATION: module 'http-connector' 1.5 is out of maintenance, please upgrade",
        Sys::Erp => "Partner profile check: optional segment E1EDK14 is empty",
        Sys::Kafka => "[Controller id=1] clock of client is not monotonic, ignored",
        Sys::Notifier => "relay: TLS session ticket could not be resumed, full handshake done",
        Sys::InventoryDb => "autovacuum: table audit_log is skipped, lock not available",
        _ => "metrics exporter: queue full, dropped 1 batch of debug samples",
    };
    state(world, system, Level::Warn, text);
}

/// A job begins or ends.
pub(in super::super) fn job(world: &mut World, job: Job, starts: bool) {
    let plan = job.plan();
    let run = world.jobs[job as usize].run;
    let (held, seconds) =
        (world.jobs[job as usize].connections, world.jobs[job as usize].lasts / 1_000_000_000);
    let text = if starts {
        format!("job {} run {run} started on {}", plan.name, plan.system.name())
    } else {
        format!("job {} run {run} finished", plan.name)
    };
    state(world, Sys::Scheduler, Level::Info, &text);
    let own = match (starts, held) {
        (true, 0) => format!("job {} run {run} started, planned for {seconds} s", plan.name),
        (true, held) => {
            format!("job {} run {run} started, {held} connections, planned for {seconds} s", plan.name)
        }
        (false, _) => format!("job {} run {run} finished", plan.name),
    };
    state(world, plan.system, Level::Info, &own);
}

/// The database says that a statement was slow, or why it was given up.
pub(super) fn database(world: &mut World, frame: FrameRef, problem: Option<Problem>, took_ms: i64) {
    if ids(world, frame).is_none() {
        return;
    }
    let (level, text) = match problem {
        Some(problem) => (Level::Error, says(problem, Sys::InventoryDb, None)),
        None => (
            Level::Warn,
            format!("duration: {took_ms} ms statement: UPDATE stock SET reserved = reserved + $1"),
        ),
    };
    log(world, Line { system: Sys::InventoryDb, level, logger: "", message: &text, ids: None });
}
