//! Calls between systems: patience, retries, breakers, and what is wrong with the way.

use super::super::blueprint::{Link, Op, Step};
use super::super::formats;
use super::super::problem::Problem;
use super::super::world::{Breaker, FrameRef, MS, SECOND, What, World};
use super::network;

/// Of the last so many calls,
const REMEMBERED: u32 = 20;
/// so many at least must have been made,
const LEAST: u8 = 8;
/// and so many of them failed, for a breaker to open.
const FAILED: u32 = 10;
const OPEN_FOR: i64 = 30 * SECOND;

impl World {
    /// Makes a call, unless something on this side speaks against it.
    pub(super) fn call(&mut self, frame: FrameRef, link: Link, op: Op) {
        if self.link(link).is_skipped {
            self.next_step(frame);
            return;
        }
        let now = self.now;
        let Some(one) = self.frames.get_mut(frame) else { return };
        one.call += 1;
        one.is_waiting = true;
        one.link = Some(link);
        one.called_at = now;
        let (call, flow, span) = (one.call, one.flow, one.span);
        if let Some(refused) = self.breaker_refuses(link) {
            self.agenda.add(now + MS, What::Answer { to: frame, call, problem: Some(refused) });
            return;
        }
        let state = &mut self.links[link as usize];
        let mut wait = network(&mut self.dice) + (state.extra_ms * MS as f64) as i64;
        if let Some(pace) = &mut state.pace {
            let turn = pace.next.max(now);
            pace.next = turn + pace.gap;
            wait += turn - now;
        }
        let timeout = i64::from(state.timeout_ms) * MS;
        let (broken, share) = (state.broken, state.broken_share);
        let is_broken = broken.is_some()
            && (share >= 1.0 || self.flows.get_mut(flow).is_some_and(|flow| flow.dice.is(share)));
        if let Some(problem) = broken.filter(|_| is_broken) {
            let at = match problem {
                Problem::TimedOut => now + timeout,
                _ => now + wait + network(&mut self.dice) + 12 * MS,
            };
            self.client_span(frame, link, span);
            self.agenda.add(at, What::Answer { to: frame, call, problem: Some(problem) });
            return;
        }
        let client = self.client_span(frame, link, span);
        let child = self.frame(flow, op, Some((frame, call)), client);
        self.agenda.add(now + wait, What::Arrive(child));
        // Who waits for his turn has not begun to lose patience.
        let patience = wait.max(5 * MS) - 5 * MS + timeout;
        self.agenda.add(now + patience, What::TimedOut { frame, call });
    }

    /// The span of a call, which what it calls hangs under; where the caller is not traced, what it was given.
    fn client_span(&mut self, frame: FrameRef, link: Link, span: u64) -> u64 {
        let is_traced = link.plan().from.plan().is_traced;
        let client = if is_traced { self.dice.next() | 1 } else { span };
        if let Some(one) = self.frames.get_mut(frame) {
            one.client_span = client;
        }
        client
    }

    /// An answer, or the end of patience; late ones are nobody's any more.
    pub(super) fn answer(&mut self, frame: FrameRef, call: u32, problem: Option<Problem>) {
        let Some(one) = self.frames.get_mut(frame) else { return };
        if !one.is_waiting || one.call != call {
            return;
        }
        one.is_waiting = false;
        let Some(link) = one.link else { return };
        formats::called(self, frame, link, problem);
        if problem != Some(Problem::BreakerOpen) {
            self.note(frame, link, problem.is_some_and(is_breakers_business));
        }
        let Some(problem) = problem else {
            self.next_step(frame);
            return;
        };
        let state = &self.links[link as usize];
        let (attempts, backoff) = (state.attempts, i64::from(state.backoff_ms) * MS);
        let Some(one) = self.frames.get_mut(frame) else { return };
        if problem.is_retryable() && one.attempt + 1 < attempts {
            one.attempt += 1;
            let (attempt, call) = (one.attempt, one.call);
            self.system(link.plan().from).count.retries += 1;
            formats::retries(self, frame, link, problem, attempt);
            let wait = backoff * i64::from(attempt).min(4) + MS;
            self.agenda.add(self.now + wait, What::Retry { frame, call });
        } else {
            self.finish(frame, Some(problem));
        }
    }

    pub(super) fn retry(&mut self, frame: FrameRef, call: u32) {
        let Some(one) = self.frames.get(frame) else { return };
        if one.call != call || one.is_waiting {
            return;
        }
        if let Some(&Step::Call(link, op)) = one.op.plan().steps.get(usize::from(one.step)) {
            self.call(frame, link, op);
        }
    }

    pub(super) fn next_step(&mut self, frame: FrameRef) {
        if let Some(one) = self.frames.get_mut(frame) {
            one.step += 1;
            one.attempt = 0;
            one.link = None;
        }
        self.go_on(frame);
    }

    fn breaker_refuses(&mut self, link: Link) -> Option<Problem> {
        let now = self.now;
        let breaker = &mut self.link(link).breaker;
        if !breaker.is_there || breaker.open_until == 0 {
            return None;
        }
        if now < breaker.open_until || breaker.is_probing {
            return Some(Problem::BreakerOpen);
        }
        breaker.is_probing = true;
        None
    }

    /// Remembers how a call went, and opens or closes the breaker.
    fn note(&mut self, frame: FrameRef, link: Link, failed: bool) {
        let now = self.now;
        let breaker = &mut self.link(link).breaker;
        if !breaker.is_there {
            return;
        }
        breaker.results = (breaker.results << 1 | u32::from(failed)) & ((1 << REMEMBERED) - 1);
        breaker.seen = breaker.seen.saturating_add(1);
        let opens = if breaker.is_probing {
            breaker.is_probing = false;
            failed
        } else {
            breaker.open_until == 0
                && breaker.seen >= LEAST
                && breaker.results.count_ones() >= FAILED.min(u32::from(breaker.seen))
        };
        if opens {
            breaker.open_until = now + OPEN_FOR;
            formats::breaker(self, frame, link, true);
        } else if breaker.open_until != 0 && !failed {
            *breaker = Breaker { is_there: true, ..Breaker::default() };
            formats::breaker(self, frame, link, false);
        }
    }
}

/// What says something of the other side's health.
fn is_breakers_business(problem: Problem) -> bool {
    !matches!(problem, Problem::Status(400..=428 | 430..=499) | Problem::BreakerOpen)
}
