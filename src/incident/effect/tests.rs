//! What is credited to a mitigation, and what is not.

use super::*;

const APPLIED: Time = Time::from_seconds(10_000);

fn signal(value: impl Fn(i64) -> f64) -> Signal {
    let samples = (8_000..12_000)
        .step_by(15)
        .map(|second| Sample { time: Time::from_seconds(second), value: value(second) })
        .collect();
    Signal { name: "erp errors".into(), unit: String::new(), samples, more_is_worse: true, is_count: false }
}

fn trial(watch: Vec<Signal>, after: i64) -> Trial {
    Trial {
        applied: APPLIED,
        until: APPLIED + Nanos::seconds(after),
        ramp: Nanos::seconds(60),
        watch,
        ..Trial::default()
    }
}

fn verdict(signal: Signal, after: i64) -> EffectVerdict {
    assess(&trial(vec![signal], after)).verdict
}

fn noise(second: i64) -> f64 {
    (second * 7_919 % 13) as f64 / 13.0
}

#[test]
fn a_drop_after_the_measure_is_better_and_a_rise_is_worse() {
    assert_eq!(
        verdict(signal(|s| if s < 10_030 { 40.0 } else { 2.0 } + noise(s)), 600),
        EffectVerdict::Better
    );
    assert_eq!(
        verdict(signal(|s| if s < 10_030 { 40.0 } else { 90.0 } + noise(s)), 600),
        EffectVerdict::Worse
    );
    assert_eq!(verdict(signal(|s| 40.0 + noise(s)), 600), EffectVerdict::NoChange);
}

#[test]
fn which_way_is_bad_depends_on_the_signal() {
    let rate = |s: i64| if s < 10_030 { 10.0 } else { 95.0 } + noise(s);
    let served = Signal { more_is_worse: false, ..signal(rate) };
    assert_eq!(verdict(served, 600), EffectVerdict::Better);
}

#[test]
fn too_early_and_too_little_are_said() {
    let drop = signal(|s| if s < 10_030 { 40.0 } else { 2.0 });
    let early = assess(&trial(vec![drop.clone()], 90));
    assert_eq!(
        (early.verdict, early.sentence.as_str()),
        (EffectVerdict::TooEarly, "too early: can be measured in 1 min 30 s")
    );
    let mut few = drop.clone();
    few.samples.truncate(134);
    assert_eq!(verdict(few, 600), EffectVerdict::NotEnoughData);
    let none = assess(&trial(Vec::new(), 600));
    assert_eq!(none.sentence, "not enough data: no signal is watched");
    let just_begun = Trial { since: Some(APPLIED - Nanos::seconds(60)), ..trial(vec![drop], 600) };
    assert_eq!(assess(&just_begun).verdict, EffectVerdict::NotEnoughData);
}

#[test]
fn the_ramp_is_in_neither_window() {
    // While a restart takes its minute, things are worse than ever; that is no verdict on it.
    let restart = signal(|s| match s {
        ..10_000 => 40.0,
        10_000..10_060 => 500.0,
        _ => 2.0,
    } + noise(s));
    let effect = assess(&trial(vec![restart], 240));
    assert_eq!(effect.verdict, EffectVerdict::Better, "{}", effect.sentence);
    let (before, after) = (effect.signals[0].before.unwrap(), effect.signals[0].after.unwrap());
    assert_eq!(before.window.to, APPLIED);
    assert_eq!(after.window.from, APPLIED + Nanos::seconds(60));
    assert_eq!(before.window.length(), after.window.length());
}

#[test]
fn what_was_before_the_impact_is_no_part_of_before() {
    // Five bad minutes, and ten good ones before: the good ones would hide that it helped.
    let short = signal(|s| if (9_700..10_030).contains(&s) { 40.0 } else { 2.0 } + noise(s));
    let with_onset = Trial { since: Some(Time::from_seconds(9_700)), ..trial(vec![short.clone()], 960) };
    let effect = assess(&with_onset);
    assert_eq!(effect.verdict, EffectVerdict::Better, "{}", effect.sentence);
    assert_eq!(effect.signals[0].before.unwrap().window.from, Time::from_seconds(9_700));
}

#[test]
fn a_recovery_that_began_before_is_not_credited() {
    // Steep and done, slow and going on, and one that fades away.
    let courses: [fn(i64) -> f64; 3] = [
        |s| (40.0 - (s - 9_400) as f64 * 0.06).clamp(2.0, 40.0),
        |s| (100.0 - (s - 9_400) as f64 * 0.08).clamp(2.0, 100.0),
        |s| 100.0 * (-((s - 9_400) as f64) / 500.0).exp().min(1.0),
    ];
    for (number, course) in courses.into_iter().enumerate() {
        let effect = assess(&trial(vec![signal(|s| course(s) + noise(s))], 660));
        assert!(effect.signals[0].began_before, "{number}: {}", effect.sentence);
        assert_eq!(effect.verdict, EffectVerdict::NoChange, "{number}");
        assert!(effect.sentence.contains("not credited"));
    }
}

#[test]
fn a_real_effect_on_top_of_a_slow_recovery_is_credited() {
    let course = |s: i64| if s < 10_030 { 100.0 - (s - 9_400) as f64 * 0.02 } else { 3.0 };
    let effect = assess(&trial(vec![signal(|s| course(s) + noise(s))], 660));
    assert_eq!(effect.verdict, EffectVerdict::Better, "{}", effect.sentence);
}

#[test]
fn a_relapse_is_told() {
    let course = |s: i64| if (10_030..11_200).contains(&s) { 2.0 } else { 40.0 };
    let effect = assess(&trial(vec![signal(|s| course(s) + noise(s))], 1_900));
    assert!(
        effect.signals[0].relapsed && effect.sentence.ends_with("as bad as before again"),
        "{}",
        effect.sentence
    );
}

#[test]
fn rare_failures_are_counted_not_averaged_away() {
    // One failure every 45 seconds, sampled every 15: most samples are zero, before and after.
    let steps = |until: i64| -> Vec<Sample> {
        (8_000..12_000)
            .step_by(15)
            .map(|s| Sample {
                time: Time::from_seconds(s),
                value: f64::from(u8::from(s < until && s % 45 == 5)),
            })
            .collect()
    };
    let effect = assess(&trial(vec![Signal::count("failing flows", steps(10_020))], 960));
    assert_eq!(effect.verdict, EffectVerdict::Better, "{}", effect.sentence);
    let effect = assess(&trial(vec![Signal::count("failing flows", steps(20_000))], 960));
    assert_eq!(effect.verdict, EffectVerdict::NoChange, "{}", effect.sentence);
}

#[test]
fn a_guard_that_worsens_is_called_out_and_company_is_named() {
    let helped = signal(|s| if s < 10_030 { 40.0 } else { 2.0 } + noise(s));
    let lag =
        Signal { name: "kafka lag".into(), ..signal(|s| if s < 10_030 { 10.0 } else { 900.0 } + noise(s)) };
    let effect = assess(&Trial {
        guards: vec![lag],
        beside: vec![
            (APPLIED + Nanos::seconds(30), "restart erp".into()),
            (APPLIED - Nanos::seconds(3_000), "scale kong".into()),
        ],
        ..trial(vec![helped], 600)
    });
    assert_eq!(effect.verdict, EffectVerdict::Better);
    assert_eq!(effect.worsened().count(), 1);
    assert!(effect.sentence.contains("GUARD kafka lag got worse"), "{}", effect.sentence);
    assert_eq!(effect.beside, ["restart erp"]);
}

#[test]
fn one_signal_that_worsens_is_not_outvoted() {
    let better = signal(|s| if s < 10_030 { 40.0 } else { 2.0 } + noise(s));
    let worse = signal(|s| if s < 10_030 { 2.0 } else { 40.0 } + noise(s));
    assert_eq!(assess(&trial(vec![better, worse], 600)).verdict, EffectVerdict::Worse);
}

#[test]
fn the_impact_ends_when_the_signal_is_back_in_its_band() {
    let usual = Window { from: Time::from_seconds(8_000), to: Time::from_seconds(9_000) };
    let course = |s: i64| if (9_000..10_500).contains(&s) { 60.0 } else { 2.0 };
    let bad = signal(|s| course(s) + noise(s));
    let since = Time::from_seconds(9_000);
    let at = |now: i64| returned_to_band(&bad, usual, since, Time::from_seconds(now));
    assert_eq!(at(10_400), None, "still out of it");
    assert_eq!(at(10_560), None, "back, but not long enough to say so");
    let back = at(11_500).unwrap();
    assert!((back - Time::from_seconds(10_500)).as_seconds().abs() <= 30.0, "{back}");
    let calm = signal(|s| 2.0 + noise(s));
    assert_eq!(returned_to_band(&calm, usual, since, Time::from_seconds(11_500)), None, "never out of it");
}

#[test]
fn the_course_around_the_measure_is_drawn_in_a_line_with_a_bar_where_it_was_applied() {
    let drop = signal(|s| if s < 10_030 { 40.0 } else { 2.0 } + noise(s));
    let effect = &assess(&trial(vec![drop], 600)).signals[0];
    let chart = effect.chart(APPLIED);
    let (before, after) = chart.split_once('┊').unwrap();
    assert_eq!(chart.chars().count(), COURSE + 1);
    let high = |part: &str| part.chars().filter(|bar| matches!(bar, '▇' | '█')).count();
    assert!(high(before) > 15 && high(after) <= 2 && after.ends_with('▁'), "{chart}");
}
