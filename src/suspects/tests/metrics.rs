//! Lessons of metrics: what left its usual, and what only looks like it.

use super::{Estate, ONSET, wave};

#[test]
fn a_tick_of_a_flat_line_is_no_departure_however_many_spreads_it_is() {
    let mut estate = Estate::default();
    estate.metric("idle", "cpu_usage", "%", &[0.3; 60], &[0.9; 12]);
    estate.metric("busy", "cpu_usage", "%", &wave(60, 20.0, 3.0), &[92.0; 12]);
    assert_eq!(estate.named(), ["busy"]);
}

#[test]
fn a_column_that_was_constant_tells_when_it_is_no_longer() {
    let mut estate = Estate::default();
    estate.metric("shop", "availability", "%", &[100.0; 60], &[96.0; 12]);
    assert_eq!(estate.named(), ["shop"]);
}

#[test]
fn only_what_is_worse_counts() {
    let mut estate = Estate::default();
    estate.metric("better", "latency_p90", "ms", &wave(60, 400.0, 20.0), &[40.0; 12]);
    estate.metric("drained", "quota_remaining", "", &wave(60, 500.0, 20.0), &[0.0; 12]);
    assert_eq!(estate.named(), ["drained"]);
}

#[test]
fn on_the_path_of_slow_systems_the_deepest_is_the_suspect() {
    let mut estate = Estate::default();
    for (system, now) in [("site", 900.0), ("search", 800.0), ("database", 45.0)] {
        let usual = if system == "database" { 40.0 } else { 100.0 };
        estate.metric(system, "latency_p90", "ms", &wave(60, usual, 5.0), &[now; 12]);
    }
    estate.calls = [("site", "search"), ("search", "database")]
        .map(|(caller, callee)| (caller.to_owned(), callee.to_owned()))
        .to_vec();
    let ranking = estate.ranking();
    assert_eq!(ranking[0].0, "search", "the database is as fast as ever");
    assert!(ranking.get(1).is_none_or(|(_, second)| second.score < ranking[0].1.score / 2.0));
}

#[test]
fn a_drop_in_throughput_counts() {
    let mut estate = Estate::default();
    estate.metric("consumer", "messages_per_second", "", &wave(60, 500.0, 20.0), &[40.0; 12]);
    assert_eq!(estate.named(), ["consumer"]);
}

/// A resource's samples: quiet, with a burst of one sample in every so many.
fn bursts(count: usize, every: usize, height: f64) -> Vec<f64> {
    (0..count).map(|place| if place % every == every - 1 { height } else { 600.0 }).collect()
}

#[test]
fn a_moment_of_a_level_is_a_tick_and_what_stays_is_not() {
    let mut estate = Estate::default();
    estate.metric("bursty", "diskio", "", &bursts(90, 90, 9_000.0), &bursts(60, 20, 150_000.0));
    estate.metric("full", "mem", "", &wave(90, 3e8, 4e6), &[1e9; 60]);
    assert_eq!(estate.named(), ["full"]);
}

#[test]
fn what_has_no_more_than_its_worst_before_is_hardly_a_finding() {
    let mut estate = Estate::default();
    let (mut before, mut after) = (vec![600.0; 180], vec![600.0; 60]);
    before[40..46].fill(60_000.0);
    after[20..26].fill(60_000.0);
    estate.metric("nightly", "diskio", "", &before, &after);
    estate.metric("full", "mem", "", &wave(90, 3e8, 4e6), &[8e8; 60]);
    let ranking = estate.ranking();
    assert_eq!(ranking[0].0, "full");
    assert!(ranking.get(1).is_none_or(|(_, second)| second.score < ranking[0].1.score * 0.75));
}

#[test]
fn what_moves_long_after_the_onset_explains_less() {
    let late = |seconds: usize| {
        let mut after = vec![30.0; 60];
        after[seconds / 10..].fill(95.0);
        after
    };
    let mut estate = Estate::default();
    estate.metric("late", "cpu_usage", "%", &wave(60, 30.0, 3.0), &late(480));
    estate.metric("early", "cpu_usage", "%", &wave(60, 30.0, 3.0), &late(10));
    let ranking = estate.ranking();
    assert_eq!(ranking[0].0, "early");
    assert!(ranking.get(1).is_none_or(|(_, second)| second.score < ranking[0].1.score / 2.0));
}

#[test]
fn a_single_error_more_is_chance() {
    // Errors a second by five seconds: one of them is 0.2.
    let mut estate = Estate::default();
    let once = |count: usize, at: usize| {
        (0..count).map(|place| if place == at { 0.2 } else { 0.0 }).collect::<Vec<f64>>()
    };
    estate.metric("lucky", "error", "", &once(90, 30), &once(20, 7));
    assert!(estate.named().is_empty());
    estate.metric("failing", "error", "", &[0.0; 90], &[0.4; 40]);
    assert_eq!(estate.named(), ["failing"]);
}

#[test]
fn a_small_system_that_needs_three_times_its_memory_stands_out_among_large_ones() {
    let mut estate = Estate::default();
    for (system, usual) in [("a", 5e8), ("b", 6e8), ("c", 7e8), ("d", 8e8)] {
        estate.metric(system, "mem", "", &wave(60, usual, 4e6), &wave(30, usual, 4e6));
    }
    estate.metric("small", "mem", "", &wave(60, 1e8, 1e6), &[3.5e8; 30]);
    assert_eq!(estate.named(), ["small"]);
}

#[test]
fn one_resource_that_moved_a_little_convicts_nobody() {
    let mut estate = Estate::default();
    estate.metric("a", "mem", "", &wave(60, 1e8, 1e6), &[2e8; 30]);
    let (suspects, ranking) = estate.ranking_at(Some(ONSET));
    assert_eq!(ranking[0].0, "a");
    assert!(!suspects.conclusive, "{}", suspects.reason);
}

#[test]
fn a_day_like_any_other_convicts_nobody() {
    let mut estate = Estate::default();
    // One error in a while, two close together now; a burst of writes five minutes after the onset that somebody gave.
    let errors: Vec<f64> = (0..90).map(|place| if place % 9 == 4 { 1.0 } else { 0.0 }).collect();
    let now: Vec<f64> = (0..60).map(|place| if matches!(place, 21 | 22 | 40) { 1.0 } else { 0.0 }).collect();
    estate.metric("mail", "error_count", "", &errors, &now);
    let mut writes = vec![600.0; 60];
    writes[30..38].fill(30_000.0);
    estate.metric("stock", "diskio", "", &bursts(90, 30, 2_000.0), &writes);
    let (suspects, _) = estate.ranking_at(Some(ONSET));
    assert!(!suspects.conclusive, "{}", suspects.reason);
}
