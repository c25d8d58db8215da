//! Lessons of what is lost between caller and callee.

use super::{Estate, ONSET};
use crate::suspects::Signal;

#[test]
fn another_mix_of_operations_is_no_network_gap() {
    let mut estate = Estate::default();
    for number in 0..80u32 {
        let trace = u128::from(number) + 1;
        let is_after = number >= 40;
        let millis = (ONSET + (i64::from(number) - 40) * 10) * 1_000 + 5;
        // Uploads always lose more on the way; since the onset most calls are uploads.
        let is_upload = if is_after { number % 4 != 0 } else { number % 4 == 0 };
        let (name, gap) = if is_upload { ("upload", 90) } else { ("query", 2) };
        let caller = estate.span(trace, 0, "front", "call", millis, 20 + gap);
        estate.span(trace, caller, "back", name, millis + 1, 20);
    }
    let gaps = estate
        .ranking()
        .iter()
        .flat_map(|(_, one)| &one.evidence)
        .filter(|one| one.signal == Signal::NetworkGap)
        .count();
    assert_eq!(gaps, 0);
}

/// What the network gap earns the callee, where the call has a span of its own in the caller or not, for gaps before and after.
fn earned(has_call: bool, gap: impl Fn(u32) -> u32) -> f64 {
    let mut estate = Estate::default();
    for number in 0..400u32 {
        let trace = u128::from(number) + 1;
        let millis = (ONSET + (i64::from(number) - 200) * 2) * 1_000 + 5;
        let took = 20 + gap(number);
        let work = estate.span(trace, 0, "front", "handle", millis, took + 2);
        let caller =
            if has_call { estate.span(trace, work, "front", "call", millis + 1, took) } else { work };
        estate.span(trace, caller, "back", "reserve", millis + 2, 20);
    }
    let ranking = estate.ranking();
    let back = ranking.iter().filter(|(name, _)| name == "back").flat_map(|(_, one)| &one.evidence);
    back.filter(|one| one.signal == Signal::NetworkGap).map(|one| one.weight).sum()
}

#[test]
fn where_the_caller_has_no_span_of_the_call_its_own_work_may_be_the_gap() {
    let slow = |number: u32| if number < 200 { 1 } else { 200 };
    assert!(earned(true, slow) > 0.9);
    assert!(earned(false, slow) < 0.45);
}

#[test]
fn packets_that_are_lost_delay_a_few_calls() {
    let lossy = |number: u32| if number >= 200 && number.is_multiple_of(6) { 201 } else { 1 };
    assert!(earned(true, lossy) > 0.2);
    assert_eq!(earned(true, |_| 1), 0.0);
}
