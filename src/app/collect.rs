//! Collectors: one task a live source, asking again and again; a source that is slow or dead blocks nobody.

use super::clock::Clock;
use super::engine::{Order, Pulse};
use super::survey::{survey, too_many};
use crate::config::Config;
use crate::evidence::{Counted, Evidence};
use crate::flows::{FlowSettings, Flows};
use crate::sources::{Collector, Source, files, first_questions};
use crate::telemetry::{Batch, Nanos, SourceHealth, Time, Wanted, Window};
use std::sync::{Arc, mpsc};
use std::time::Duration;
use tokio::task::JoinHandle;

/// The longest that one question may take.
const PATIENCE: Nanos = Nanos::seconds(30);

/// How long counting and sampling may take where a source holds too much to be read.
const SURVEY_PATIENCE: Nanos = Nanos::seconds(600);

/// How often a source is asked whether it answers, and after how long it is called late.
const PULSE: Duration = Duration::from_millis(500);
const LATE: Duration = Duration::from_millis(800);

/// What is asked again, since it may have changed after it was answered.
const OVERLAP: Nanos = Nanos::seconds(60);

/// Tasks that ask, one a source, and who may ask the same sources beside them.
#[derive(Default)]
pub(super) struct Collecting {
    tasks: Vec<JoinHandle<()>>,
    pub(super) beside: Vec<Collector>,
}

impl Collecting {
    pub(super) fn stop(&mut self) {
        self.tasks.drain(..).for_each(|task| task.abort());
        self.beside.clear();
    }
}

/// Starts a task for each source of the configuration.
pub(super) fn start(config: &Config, clock: &Clock, engine: &mpsc::Sender<Order>) -> Collecting {
    let back = Nanos::seconds(i64::from(config.window_minutes) * 60);
    let pause = Duration::from_secs(u64::from(config.refresh_seconds));
    let settings = config.reading(clock.now()).unwrap_or_default();
    let flow_settings = config.flow_settings();
    let mut collecting = Collecting::default();
    for source in &config.sources {
        match source.connect(&settings) {
            Ok(connected) => {
                let collector = Collector::new(connected);
                collecting.beside.push(collector.beside());
                let pulse = feel_the_pulse(collector.source().clone(), clock.clone(), engine.clone());
                collecting.tasks.push(tokio::spawn(pulse));
                let _ = engine.send(Order::Health(collector.health().clone()));
                let (engine, flow_settings) = (engine.clone(), flow_settings.clone());
                let clock = clock.clone();
                let (counted, sample) = (Counted::default(), Evidence::default());
                let asking = Asking { collector, back, pause, clock, engine, flow_settings, counted, sample };
                collecting.tasks.push(tokio::spawn(asking.again_and_again()));
            }
            Err(error) => {
                let (name, kind) = (source.name().to_owned(), source.kind().to_owned());
                let _ = engine.send(Order::Health(SourceHealth::broken(name, kind, error.to_string())));
            }
        }
    }
    collecting
}

/// One source that is asked again and again.
struct Asking {
    collector: Collector,
    back: Nanos,
    pause: Duration,
    clock: Clock,
    engine: mpsc::Sender<Order>,
    flow_settings: FlowSettings,
    /// What it counted so far, where it holds more than is read, and the flows that were read whole.
    counted: Counted,
    sample: Evidence,
}

/// How far an answer goes.
enum Asked {
    Whole,
    /// What it holds was counted: asking for some of it again would count that twice.
    Counted,
    Broken,
}

impl Asking {
    async fn again_and_again(mut self) {
        let mut from = self.clock.now() - self.back;
        loop {
            let now = self.clock.now();
            let asked = self.ask(Window { from, to: now }, now).await;
            from = match asked {
                Asked::Whole => now - OVERLAP,
                Asked::Counted => now,
                Asked::Broken => from,
            };
            if self.engine.send(Order::Health(self.collector.health().clone())).is_err() {
                return; // The engine has ended, and so have we.
            }
            // One in trouble is asked again sooner, but left alone a little.
            let rest = if !matches!(asked, Asked::Broken) {
                self.pause
            } else {
                self.pause.min(Duration::from_secs(5))
            };
            tokio::time::sleep(rest.max(self.collector.source().least_pause())).await;
        }
    }

    /// Asks for all that is new; whether that was answered. Its health says why not, and the rest is asked next time.
    async fn ask(&mut self, window: Window, now: Time) -> Asked {
        let is_large = too_many(&self.collector, window, PATIENCE).await.is_some();
        for query in first_questions(window, PATIENCE) {
            if is_large && query.wanted == Wanted::Events {
                self.survey(window, now).await;
                continue;
            }
            let name = self.collector.health().name.clone();
            let engine = self.engine.clone();
            let take = |batch| {
                let _ = engine.send(Order::Page { source: name.clone(), batch });
            };
            if self.collector.pull(query, now, take).await.is_err() {
                return Asked::Broken;
            }
        }
        if is_large { Asked::Counted } else { Asked::Whole }
    }

    /// It holds more than is read: it counts, and a sample of its flows is read whole.
    async fn survey(&mut self, window: Window, now: Time) {
        let (engine, sample) = (self.engine.clone(), &mut self.sample);
        let take = |name: &str, batch: Batch| {
            files::add_page(sample, name.into(), "".into(), batch.events.clone());
            let _ = engine.send(Order::Page { source: name.to_owned(), batch });
        };
        let (collectors, known) = (std::slice::from_mut(&mut self.collector), self.counted.clone());
        let survey = survey(collectors, known, window, now, SURVEY_PATIENCE, take).await;
        self.counted = survey.counted.clone();
        let census = survey.learn(&self.sample, &Flows::of(&self.sample, &self.flow_settings));
        self.collector.counts(Some(census.note()));
        let source = self.collector.health().name.clone();
        let _ = self.engine.send(Order::Census { source, census: Arc::new(census) });
    }
}

/// Asks a source whether it answers, however long it takes for what else it was asked: so its mark is right within two
/// seconds, but for a source that bears no question so often.
async fn feel_the_pulse(source: Arc<dyn Source>, clock: Clock, engine: mpsc::Sender<Order>) {
    let rest = PULSE.max(source.least_pause());
    loop {
        let mut checking = source.check();
        let tell = |answer| {
            let (name, notes) = (source.name().to_owned(), source.notes());
            engine.send(Order::Pulse { name, answer, notes, now: clock.now() }).is_ok()
        };
        let answer = match tokio::time::timeout(LATE, &mut checking).await {
            Ok(answer) => answer,
            Err(_) => {
                tell(Pulse::Late);
                checking.await
            }
        };
        if !tell(Pulse::Answer(answer)) {
            return; // The engine has ended, and so have we.
        }
        tokio::time::sleep(rest).await;
    }
}
