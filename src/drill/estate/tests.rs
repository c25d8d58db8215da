//! The estate as a whole: the same bytes from the same seed, and at every place the signature and the cure of every fault.

use super::*;
use crate::incident::MitigationKind as Kind;
use crate::telemetry::Nanos;
use std::collections::BTreeMap;
use strum::IntoEnumIterator;

const START: Time = Time::from_seconds(1_775_001_600);

fn minutes(minutes: i64) -> Nanos {
    Nanos::seconds(minutes * 60)
}

fn one(mode: Mode, place: &str) -> Plan {
    let strike = Strike { mode, place: place.to_owned(), after_seconds: 300, severity: 0.9 };
    Plan { faults: vec![strike], herrings: Vec::new(), traffic: 1.2 }
}

fn told(emissions: &[Emission]) -> String {
    emissions.iter().map(|emission| format!("{} {}", emission.file, emission.text)).collect()
}

/// Everything written, by file.
fn files(emissions: &[Emission]) -> BTreeMap<&str, String> {
    let mut files: BTreeMap<&str, String> = BTreeMap::new();
    for emission in emissions {
        *files.entry(&emission.file).or_default() += &emission.text;
    }
    files
}

#[test]
fn the_same_seed_writes_the_same_bytes_in_steps_of_any_width() {
    let play = |seed: u64, step: i64| {
        let mut plan = random(seed);
        plan.faults[0].after_seconds = 240;
        plan.herrings.iter_mut().for_each(|herring| herring.after_seconds %= 600);
        let mut estate = Estate::new(seed, START, plan);
        let lever = Lever { kind: Kind::Restart, system: "order-service".to_owned(), target: None };
        let (mut text, mut at) = (String::new(), START);
        let (pulled, end) = (START + minutes(7), START + minutes(11));
        while at < end {
            let next = (at + Nanos(step)).min(if at < pulled { pulled } else { end });
            text += &told(&estate.advance(next));
            if next == pulled {
                estate.pull(&lever, pulled);
            }
            at = next;
        }
        text
    };
    for seed in [3, 11, 42] {
        let whole = play(seed, minutes(60).0);
        assert!(whole.len() > 500_000, "{}", whole.len());
        assert!(whole == play(seed, 7_300_000_001), "seed {seed}: 7.3 s");
        assert!(whole == play(seed, 250_000_000), "seed {seed}: 0.25 s");
        assert!(whole != play(seed + 1, minutes(60).0));
    }
}

#[test]
fn emissions_are_in_time_order_and_hold_whole_records() {
    let mut estate = Estate::new(5, START, one(Mode::PoolExhaustion, "order-service"));
    let emissions = estate.advance(START + minutes(12));
    assert!(emissions.windows(2).all(|pair| pair[0].at <= pair[1].at));
    assert!(emissions.iter().all(|one| one.text.ends_with('\n') && one.at <= estate.now()));
    assert!(estate.advance(START + minutes(12)).is_empty());
}

#[test]
fn a_healthy_estate_completes_its_flows_and_raises_no_alert() {
    let mut estate = Estate::new(9, START, Plan { traffic: 1.5, ..Plan::default() });
    let emissions = estate.advance(START + minutes(30));
    let files = files(&emissions);
    let alerts: Vec<_> = files.iter().filter(|(file, _)| file.starts_with("alerts/")).collect();
    assert!(alerts.is_empty(), "{alerts:?}");
    let access = &files["edge/access.log"];
    let good = access.lines().filter(|line| line.contains("\" 201 ")).count();
    assert!(good > 500 && good * 100 >= access.lines().count() * 98, "{good} of {}", access.lines().count());
    assert_eq!(estate.truth(), Truth::default());
}

#[test]
fn a_plan_that_no_estate_can_suffer_is_told_why() {
    assert_eq!(random(1).check(), Ok(()));
    let wrong = one(Mode::PoolExhaustion, "kafka").check().unwrap_err();
    assert!(wrong.contains("no fault `pool-exhaustion` at `kafka`"), "{wrong}");
    let herring = Herring { kind: HerringKind::Deploy, system: "crm".to_owned(), after_seconds: 1 };
    assert!(Plan { herrings: vec![herring], ..Plan::default() }.check().is_err());
}

#[test]
fn every_mode_has_two_places_or_more_and_random_plans_visit_all() {
    let mut visited: BTreeMap<(Mode, String), u32> = BTreeMap::new();
    for seed in 0..2_000 {
        let plan = random(seed);
        assert_eq!(plan.check(), Ok(()), "seed {seed}");
        *visited.entry((plan.faults[0].mode, plan.faults[0].place.clone())).or_default() += 1;
    }
    for mode in Mode::iter() {
        assert!(mode.places().len() >= 2, "{mode}");
        for place in mode.places() {
            assert!(visited.contains_key(&(mode, place.to_owned())), "{mode} at {place}");
        }
    }
    assert!(Mode::iter().count() >= 12);
}

/// What flows that enter in a window suffer: the share that has failed, is late or has not come to its end.
fn pain(estate: &mut Estate, for_minutes: i64) -> f64 {
    let sums = |estate: &Estate| {
        estate
            .truth()
            .affected
            .iter()
            .fold([0, 0], |sum, kind| [sum[0] + kind.started, sum[1] + kind.completed - kind.late])
    };
    let before = sums(estate);
    estate.advance(estate.now() + minutes(for_minutes));
    let after = sums(estate);
    1.0 - (after[1] - before[1]) as f64 / (after[0] - before[0]).max(1) as f64
}

/// Each place of a mode: it hurts, its log and metrics show it, its cure mends it after a while, and nothing else does.
fn suffers_and_is_mended(mode: Mode) {
    for place in mode.places() {
        let what = format!("{mode} at {place}");
        let mut estate = Estate::new(17, START, one(mode, place));
        let truth = estate.truth();
        let onset = truth.onset.unwrap();
        let healthy = estate.advance(onset);
        let struck = estate.advance(onset + minutes(6));
        let hurts = pain(&mut estate.clone(), 6);
        assert!(hurts > 0.06, "{what} hurts too little: {hurts:.3}");
        shows_its_signature(&truth, &healthy, &struck, &what);
        let right = truth.right.iter().find(|remedy| remedy.effect == LeverEffect::Mends).unwrap();
        let mut mended = estate.clone();
        let outcome = mended.pull(&right.lever, mended.now());
        assert_eq!(outcome.effect, LeverEffect::Mends, "{what}");
        assert!(outcome.acts_at > mended.now(), "{what}: no delay");
        mended.advance(outcome.acts_at - Nanos::seconds(1));
        assert_eq!(mended.truth().mended, None, "{what}: mended before it acts");
        mended.advance(outcome.acts_at + minutes(7));
        assert_eq!(mended.truth().mended, Some(outcome.acts_at), "{what}");
        let left = pain(&mut mended, 6);
        assert!(left < 0.06 || left < hurts * 0.35, "{what}: {left:.3} of {hurts:.3} left");
        let wrong = truth.wrong.first().unwrap();
        let outcome = estate.pull(&wrong.lever, estate.now());
        assert!(matches!(outcome.effect, LeverEffect::Nothing | LeverEffect::Worsens), "{what}");
        estate.advance(outcome.acts_at + minutes(7));
        assert_eq!(estate.truth().mended, None, "{what}");
        let still = pain(&mut estate, 6);
        assert!(still > hurts * 0.5, "{what}: {still:.3} of {hurts:.3} although nothing was mended");
    }
}

/// Words of the first clue in a log stand there since the onset and not before; a metric that is named is written.
fn shows_its_signature(truth: &Truth, healthy: &[Emission], struck: &[Emission], what: &str) {
    let (healthy, struck) = (files(healthy), files(struck));
    assert!(truth.clues.iter().any(|clue| clue.signal != "change"), "{what}");
    for clue in &truth.clues {
        let text = struck.get(clue.file.as_str()).or_else(|| healthy.get(clue.file.as_str()));
        let text = text.unwrap_or_else(|| panic!("{what}: {} is not written", clue.file));
        match clue.signal.as_str() {
            "log" => {
                let word = signature(&clue.what);
                let before = healthy.get(clue.file.as_str()).map_or(0, |text| text.matches(word).count());
                let since = text.matches(word).count();
                assert!(since > before, "{what}: `{word}` {since} times in {}, {before} before", clue.file);
            }
            "metric" => {
                let word = clue.what.split([' ', ',']).next().unwrap();
                assert!(text.contains(&format!(",{word},")), "{what}: no {word} in {}", clue.file);
            }
            _ => {}
        }
    }
}

/// The telling piece of a clue about a log.
fn signature(clue: &str) -> &'static str {
    const PIECES: [&str; 26] = [
        "PKIX path validation failed",
        "alert certificate_expired",
        "401 Unauthorized",
        "schema mismatch",
        "worker crashed on a message",
        "redelivered=true",
        "429 Too Many Requests",
        "retrying, attempt",
        "document already exists",
        "InventoryPool - Connection is not available",
        "OrdersPool - Connection is not available",
        "PricingPool - Connection is not available",
        "planned for 2900 s",
        "read timed out",
        "statement: UPDATE stock",
        "limit alarm set",
        "blocked by the broker",
        "no space left on device",
        "acknowledgement timed out",
        "409 Conflict",
        "OutOfMemoryError",
        "connection refused",
        "closed by its window",
        "lock timeout",
        "dunning-run",
        "signature timestamp",
    ];
    PIECES.into_iter().find(|piece| clue.contains(piece)).unwrap_or_else(|| panic!("what shows `{clue}`?"))
}

macro_rules! modes {
    ($($name:ident: $mode:ident,)*) => {
        $(#[test] fn $name() { suffers_and_is_mended(Mode::$mode); })*
        #[test]
        fn every_mode_is_tested() {
            let tested = [$(Mode::$mode),*];
            assert!(Mode::iter().all(|mode| tested.contains(&mode)));
        }
    };
}

modes! {
    an_expired_certificate_hurts_until_it_is_renewed: ExpiredCertificate,
    an_expired_token_hurts_until_it_is_replaced: ExpiredToken,
    a_schema_break_hurts_until_it_is_rolled_back: SchemaBreak,
    a_poison_message_hurts_until_it_is_taken_out: PoisonMessage,
    throttling_by_a_partner_hurts_until_there_is_another_way: PartnerThrottling,
    a_retry_storm_hurts_until_it_is_rolled_back: RetryStorm,
    an_exhausted_pool_hurts_until_it_is_given_back: PoolExhaustion,
    a_timeout_chain_hurts_until_its_end_is_quick: TimeoutChain,
    consumer_lag_hurts_until_it_is_made_up_for: ConsumerLag,
    a_blocked_broker_hurts_until_it_is_emptied: BrokerBlocked,
    duplicate_delivery_hurts_until_it_ends: DuplicateDelivery,
    a_dependency_that_is_down_hurts_until_it_is_up: DependencyDown,
    clock_skew_hurts_until_the_clock_is_set: ClockSkew,
    a_batch_overrun_hurts_until_it_fits: BatchOverrun,
    a_cache_stampede_hurts_until_the_cache_is_back: CacheStampede,
}

#[test]
fn a_mitigation_costs_what_it_costs() {
    let metric = |files: &BTreeMap<&str, String>, system: &str, metric: &str| -> f64 {
        let file = format!("metrics/{system}.csv");
        let values = files[file.as_str()].lines().filter(|line| line.contains(metric));
        values.filter_map(|line| line.rsplit(',').next()?.parse::<f64>().ok()).fold(0.0, f64::max)
    };
    let healthy = Estate::new(4, START, Plan { traffic: 2.0, ..Plan::default() });
    let pulled = |kind: Kind, system: &str| {
        let mut estate = healthy.clone();
        estate.advance(START + minutes(5));
        let lever = Lever { kind, system: system.to_owned(), target: None };
        let outcome = estate.pull(&lever, estate.now());
        assert_eq!(outcome.effect, LeverEffect::Nothing);
        estate.advance(outcome.acts_at - Nanos(1));
        let emissions = estate.advance(outcome.acts_at + minutes(4));
        (estate, lever, emissions)
    };
    let (_, _, emissions) = pulled(Kind::Restart, "order-service");
    assert!(metric(&files(&emissions), "edge", ",error_rate,") > 0.1, "a restart loses work");
    let (_, _, emissions) = pulled(Kind::Throttle, "order-service");
    assert!(metric(&files(&emissions), "edge", ",error_rate,") > 0.1, "a throttle refuses customers");
    let (mut estate, lever, emissions) = pulled(Kind::QueueBuffering, "mule");
    assert!(metric(&files(&emissions), "rabbitmq", "queue_depth,erp.orders") > 40.0, "a queue grows");
    estate.release(&lever, estate.now());
    estate.advance(estate.now() + minutes(3));
    let emissions = estate.advance(estate.now() + minutes(1));
    assert!(metric(&files(&emissions), "rabbitmq", "queue_depth,erp.orders") < 10.0, "and drains");
    let (_, _, emissions) = pulled(Kind::Restart, "pricing-service");
    let hits = files(&emissions)["metrics/pricing-service.csv"]
        .lines()
        .filter(|line| line.contains("cache_hit_ratio"))
        .filter_map(|line| line.rsplit(',').next()?.parse::<f64>().ok())
        .fold(1.0, f64::min);
    assert!(hits < 0.7, "a restart empties the cache: {hits}");
}

#[test]
fn a_rollback_of_another_change_mends_nothing() {
    let mut estate = Estate::new(4, START, one(Mode::TimeoutChain, "pricing-service"));
    estate.advance(START + minutes(12));
    let system = "pricing-service".to_owned();
    let of = |target: &str| Lever {
        kind: Kind::Rollback,
        system: system.clone(),
        target: Some(target.to_owned()),
    };
    let change = estate.truth().change.unwrap();
    assert!(change.id.starts_with("CHG"));
    assert_eq!(estate.pull(&of("CHG0000001"), estate.now()).effect, LeverEffect::Nothing);
    assert_eq!(estate.pull(&of(&change.id), estate.now()).effect, LeverEffect::Mends);
}

#[test]
fn everything_that_is_written_is_read_as_what_it_is() {
    use crate::sources::files::{Input, load};
    for seed in [1, 2, 3] {
        let mut plan = random(seed);
        plan.faults[0].after_seconds = 300;
        let mut estate = Estate::new(seed, START, plan);
        let emissions = estate.advance(START + minutes(15));
        let config = crate::config::Config::parse(&estate.configuration()).unwrap();
        let settings = config.reading(START).unwrap();
        let inputs = files(&emissions)
            .into_iter()
            .map(|(file, text)| Input::bundled(&format!("drill/{file}"), text.into_bytes()))
            .collect();
        let loaded = load(inputs, &settings, START, &mut |_, _| true);
        for report in &loaded.reports {
            assert_eq!(report.unread, 0, "{}: {:?}", report.path, report.first_unread);
            assert!(report.records > 0 && report.format != "unknown", "{} {}", report.path, report.format);
        }
        let (from, to) = (START, START + minutes(16));
        let window = loaded.evidence.window().unwrap();
        assert!(window.from >= from - minutes(5) && window.to <= to, "{window:?}: a zone is wrong");
        assert!(loaded.evidence.changes.len() < 20);
    }
}

#[test]
fn every_mode_is_in_the_catalogue_of_failure_modes() {
    for mode in Mode::iter() {
        let known = crate::suspects::Modes::default();
        assert!(known.named(&mode.to_string()).is_some_and(|one| one.words.len() >= 3), "{mode}");
    }
}
