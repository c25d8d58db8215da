//! Collectors: one task a live source, asking again and again; a source that is slow or dead blocks nobody.

use super::clock::Clock;
use super::engine::Order;
use crate::config::Config;
use crate::sources::{Collector, first_questions};
use crate::telemetry::{Nanos, Reach, SourceHealth, Window};
use std::sync::mpsc;
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;

/// The longest that one question may take.
const PATIENCE: Nanos = Nanos::seconds(30);

/// What is asked again, since it may have changed after it was answered.
const OVERLAP: Nanos = Nanos::seconds(60);

/// Starts a task for each source of the configuration.
pub(super) fn start(config: &Config, clock: &Clock, engine: &mpsc::Sender<Order>) -> Vec<JoinHandle<()>> {
    let back = Nanos::seconds(i64::from(config.window_minutes) * 60);
    let pause = Duration::from_secs(u64::from(config.refresh_seconds));
    let settings = config.reading(clock.now()).unwrap_or_default();
    config
        .sources
        .iter()
        .map(|source| {
            let (name, kind) = (source.name().to_owned(), source.kind());
            let connected = source.connect(&settings);
            let (engine, clock) = (engine.clone(), clock.clone());
            tokio::spawn(async move {
                match connected {
                    Ok(source) => ask_again(Collector::new(source), back, pause, clock, &engine).await,
                    Err(error) => {
                        let _ = engine.send(Order::Health(SourceHealth::broken(
                            name,
                            kind.to_owned(),
                            error.to_string(),
                        )));
                    }
                }
            })
        })
        .collect()
}

async fn ask_again(
    mut collector: Collector,
    back: Nanos,
    pause: Duration,
    clock: Clock,
    engine: &mpsc::Sender<Order>,
) {
    let name = collector.health().name.clone();
    let mut from = clock.now() - back;
    let least = collector.source().least_pause();
    let mut asked: Option<Instant> = None;
    loop {
        let now = clock.now();
        collector.check(now).await;
        let mut has_failed = !matches!(collector.health().reach, Reach::Reachable);
        if !has_failed && asked.is_none_or(|asked| asked.elapsed() >= pause) {
            for query in first_questions(Window { from, to: now }, PATIENCE) {
                let take = |batch| {
                    let _ = engine.send(Order::Page { source: name.clone(), batch });
                };
                if collector.pull(query, now, take).await.is_err() {
                    has_failed = true; // Its health says why; the rest is asked next time.
                    break;
                }
            }
            if !has_failed {
                from = now - OVERLAP;
                asked = Some(Instant::now());
            }
        }
        if engine.send(Order::Health(collector.health().clone())).is_err() {
            return; // The engine has ended, and so have we.
        }
        // Whether it answers is asked more often than what is new, so that its mark is right within two seconds; but no
        // source more often than it bears, and one in trouble is left alone a little longer.
        let rest = if has_failed {
            pause.min(Duration::from_secs(5))
        } else {
            pause.min(Duration::from_millis(1_500)).max(Duration::from_millis(500))
        };
        tokio::time::sleep(rest.max(least)).await;
    }
}
