//! A caller loses patience too early and repeats at once: a small wobble of the callee becomes a flood.

use super::super::blueprint::{Link, Sys};
use super::super::plan::Mode;
use super::super::world::World;
use super::{Case, Hit, Signal, change, clue, eases, useless, worsens};
use crate::incident::MitigationKind as Kind;
use crate::telemetry::ChangeKind;

fn storm(world: &mut World, link: Link, timeout_ms: u32, hit: Hit, wobble: f64) {
    let state = world.link(link);
    state.timeout_ms = timeout_ms;
    state.attempts = hit.scaled(7.0, 14.0) as u8;
    state.backoff_ms = 0;
    state.breaker.is_there = false;
    world.system(link.plan().to).slow = wobble;
}

fn calm(world: &mut World, link: Link) {
    let plan = link.plan();
    let state = world.link(link);
    (state.timeout_ms, state.attempts, state.backoff_ms) = (plan.timeout_ms, plan.attempts, plan.backoff_ms);
    state.breaker.is_there = plan.has_breaker;
    state.pace = None;
    world.system(plan.to).slow = 1.0;
}

const CONTRIBUTING: &[&str] = &[
    "retries without pause, jitter or budget",
    "the timeout is shorter than what the callee takes on a busy day",
    "work whose caller has gone is done to its end",
];
const FIXES: &[&str] = &[
    "exponential back-off with jitter and a budget",
    "timeouts set from measured quantiles, tested under load",
];

pub(super) static CASES: [Case; 2] = [
    Case {
        mode: Mode::RetryStorm,
        place: Sys::Orders,
        change: change(
            ChangeKind::Config,
            Sys::Orders,
            "order-service: pricing client timeout 2 s -> 350 ms, retry immediately without backoff, circuit breaker off (latency initiative)",
        ),
        lead_seconds: 120,
        trigger: "order-service got a timeout of 350 ms and retries without pause towards pricing-service",
        root_cause: "order-service repeats calls at once, so that a slower pricing-service gets many times its load",
        contributing: CONTRIBUTING,
        fixes: FIXES,
        symptoms: &[Sys::Pricing, Sys::Edge, Sys::Kong],
        strike: |world, hit| storm(world, Link::OrdersPricing, 350, hit, hit.scaled(50.0, 95.0)),
        mend: |world| calm(world, Link::OrdersPricing),
        cures: &[
            eases(Kind::Throttle, Sys::Orders, |_| {}, "fewer orders, fewer retries"),
            eases(
                Kind::Scale,
                Sys::Pricing,
                |world| world.system(Sys::Pricing).slow = 20.0,
                "the callee bears the flood better",
            ),
            useless(Kind::Restart, Sys::Pricing, "the flood comes back with the first request"),
            worsens(
                Kind::Scale,
                Sys::Orders,
                |world| world.link(Link::OrdersPricing).attempts += 4,
                "more callers repeat more often",
            ),
            useless(Kind::Rollback, Sys::Pricing, "pricing-service has not changed"),
        ],
        clues: &[
            clue(
                Sys::Orders,
                Signal::Log,
                "call of pricing-service failed, retrying, attempt n: read timed out after 350 ms",
            ),
            clue(Sys::Orders, Signal::Metric, "retries a minute are many times the usual"),
            clue(Sys::Pricing, Signal::Metric, "request_rate multiplies while orders do not"),
        ],
    },
    Case {
        mode: Mode::RetryStorm,
        place: Sys::Mule,
        change: change(
            ChangeKind::Config,
            Sys::Mule,
            "mule: erp request timeout 10 s -> 600 ms, reconnection strategy retry at once, attempts raised",
        ),
        lead_seconds: 120,
        trigger: "mule got a timeout of 600 ms and retries without pause towards erp",
        root_cause: "mule repeats postings at once, which the ERP then sees twice and more",
        contributing: CONTRIBUTING,
        fixes: FIXES,
        symptoms: &[Sys::Erp, Sys::Rabbit, Sys::EdiGateway],
        strike: |world, hit| storm(world, Link::MuleErp, 600, hit, hit.scaled(2.0, 3.2)),
        mend: |world| calm(world, Link::MuleErp),
        cures: &[
            eases(Kind::QueueBuffering, Sys::Mule, |_| {}, "postings wait until the client is mended"),
            useless(Kind::Restart, Sys::Erp, "the flood comes back with the first posting"),
            worsens(
                Kind::Scale,
                Sys::Mule,
                |world| world.link(Link::MuleErp).attempts += 4,
                "more callers repeat more often",
            ),
            worsens(Kind::Replay, Sys::Mule, |_| {}, "replayed letters are posted twice"),
        ],
        clues: &[
            clue(
                Sys::Mule,
                Signal::Log,
                "call of erp failed, retrying, attempt n: read timed out after 600 ms",
            ),
            clue(Sys::Mule, Signal::Metric, "retries a minute are many times the usual"),
            clue(Sys::Erp, Signal::Log, "status 51, document already exists: posted although nobody waited"),
        ],
    },
];
