//! Metrics: what is measured of each system every fifteen seconds, as samples in CSV.

use super::alerts;
use super::blueprint::{Link, Queue, Sys};
use super::formats;
use super::world::{Counters, SECOND, World};
use strum::IntoEnumIterator;

/// Rates and quantiles are over so many samples, as dashboards have them.
const WINDOW: usize = 4;

/// What was counted lately, by system; the newest last.
pub(super) type Lately = Vec<Vec<Counters>>;

/// The file of a system's metrics.
pub(super) fn file(system: Sys) -> String {
    format!("metrics/{}.csv", system.name())
}

pub(super) fn header(system: Sys) -> &'static str {
    if matches!(system, Sys::Rabbit | Sys::Kafka) {
        "time,system,metric,queue,unit,value\n"
    } else {
        "time,system,metric,unit,value\n"
    }
}

/// Takes one sample of everything.
pub(super) fn sample(world: &mut World) {
    if world.lately.is_empty() {
        world.lately = vec![Vec::new(); world.systems.len()];
    }
    for system in Sys::all() {
        let counted = std::mem::take(&mut world.systems[system as usize].count);
        let lately = &mut world.lately[system as usize];
        if lately.len() == WINDOW {
            lately.remove(0);
        }
        lately.push(counted);
        if !system.is_external() {
            let mut page = Page::new(world, system);
            match system {
                Sys::Rabbit | Sys::Kafka => page.broker(),
                _ => page.service(),
            }
            page.write();
        }
    }
}

/// The samples of one system at one instant.
struct Page<'a> {
    world: &'a mut World,
    system: Sys,
    rows: String,
    judged: Vec<(String, f64)>,
    stamp: String,
}

impl<'a> Page<'a> {
    fn new(world: &'a mut World, system: Sys) -> Self {
        let stamp = world.time().utc().format("%Y-%m-%dT%H:%M:%SZ").to_string();
        Self { world, system, rows: String::new(), judged: Vec::new(), stamp }
    }

    fn row(&mut self, metric: &str, unit: &str, value: f64, digits: usize) {
        let name = self.system.name();
        self.rows += &format!("{},{name},{metric},{unit},{value:.digits$}\n", self.stamp);
        self.judged.push((metric.to_owned(), value));
    }

    fn queue_row(&mut self, metric: &str, queue: &str, unit: &str, value: f64, digits: usize) {
        let name = self.system.name();
        self.rows += &format!("{},{name},{metric},{queue},{unit},{value:.digits$}\n", self.stamp);
        self.judged.push((format!("{metric} {queue}"), value));
        self.judged.push((metric.to_owned(), value));
    }

    fn lately<T: std::iter::Sum>(&self, of: impl Fn(&Counters) -> T) -> T {
        self.world.lately[self.system as usize].iter().map(of).sum()
    }

    fn noise(&mut self, from: f64, to: f64) -> f64 {
        self.world.dice.between(from, to)
    }

    fn service(&mut self) {
        let system = self.system;
        let plan = system.plan();
        if system != Sys::Scheduler {
            let requests: u32 = self.lately(|count| count.requests);
            let errors: u32 = self.lately(|count| count.errors);
            self.row("request_rate", "1/min", f64::from(requests), 0);
            let share = if requests == 0 { 0.0 } else { f64::from(errors) / f64::from(requests) };
            self.row("error_rate", "ratio", share, 4);
            let mut latencies: Vec<u32> = Vec::new();
            for count in &self.world.lately[system as usize] {
                latencies.extend(&count.latencies);
            }
            if !latencies.is_empty() {
                latencies.sort_unstable();
                let p95 = latencies[(latencies.len() - 1) * 95 / 100];
                self.row("latency_p95", "ms", f64::from(p95) / 1_000.0, 1);
            }
        }
        let state = &self.world.systems[system as usize];
        let (workers, waits) = (state.workers, state.inbox.len());
        let pool = (state.pool.busy + state.pool.leaked + state.pool.held, state.pool.queue.len());
        let size = state.pool.size;
        let (ahead, expires) = (state.clock_ahead, state.expires);
        let worked: f64 = self.lately(|count| count.worked_ms);
        let lasted = (self.world.lately[system as usize].len().max(1) * 15_000) as f64;
        let cores = f64::from((workers / 10).max(2));
        let cpu = (0.16 + worked / lasted / cores + self.noise(0.0, 0.05)).min(0.99);
        self.row("cpu_share", "ratio", cpu, 3);
        if plan.backlog > 0 && plan.workers < 100 && system != Sys::Scheduler {
            self.row("requests_waiting", "requests", waits as f64, 0);
        }
        if plan.pool.is_some() {
            self.row("db_pool_active", "connections", f64::from(pool.0), 0);
            self.row("db_pool_waiting", "requests", pool.1 as f64, 0);
            self.row("db_pool_max", "connections", f64::from(size), 0);
        }
        if plan.cache_seconds > 0 {
            let (hits, misses): (u32, u32) =
                (self.lately(|count| count.hits), self.lately(|count| count.misses));
            if hits + misses > 0 {
                let share = f64::from(hits) / f64::from(hits + misses);
                self.row("cache_hit_ratio", "ratio", share, 3);
            }
        }
        let calls: Vec<Link> = Link::of(system).collect();
        if !calls.is_empty() {
            let retries: u32 = self.lately(|count| count.retries);
            self.row("retries", "1/min", f64::from(retries), 0);
        }
        // What a consumer knows of what waits for it: its lag, or what its run has before it.
        for queue in Queue::of(system) {
            let waiting = self.world.queues[queue as usize].waiting.len() as f64;
            match queue {
                Queue::Deliveries => self.row("records_lag", "records", waiting, 0),
                Queue::BillingInvoices => self.row("run_items_pending", "items", waiting, 0),
                Queue::ErpOrders | Queue::Notifications => {}
            }
        }
        for link in calls {
            let plan = link.plan();
            if plan.has_breaker {
                let is_open = self.world.links[link as usize].breaker.open_until > self.world.now;
                self.row("circuit_breaker_open", "bool", f64::from(u8::from(is_open)), 0);
            }
            let partner = &self.world.systems[plan.to as usize];
            if partner.quota > 0 {
                let minute = self.world.now.div_euclid(60 * SECOND);
                let used = if partner.window.0 == minute { partner.window.1 } else { 0 };
                let left = partner.quota.saturating_sub(used);
                self.row("partner_quota_remaining", "calls", f64::from(left), 0);
            }
        }
        if expires != i64::MAX {
            let days = (expires - self.world.now) as f64 / SECOND as f64 / 86_400.0;
            self.row("certificate_expires_in_days", "days", days, 4);
        }
        let jitter = self.noise(-2.0, 2.0);
        self.row("clock_offset_ms", "ms", ahead as f64 / 1e6 + jitter, 1);
    }

    fn broker(&mut self) {
        let system = self.system;
        let requests: u32 = self.lately(|count| count.requests);
        self.queue_row("messages_in", "", "1/min", f64::from(requests), 0);
        let used = self.world.broker(system).used;
        let used = used + self.noise(-0.004, 0.004);
        let name = if system == Sys::Rabbit { "memory_share" } else { "disk_share" };
        self.queue_row(name, "", "ratio", used, 3);
        let waits = self.world.broker(system).waiting.len();
        self.queue_row("publishers_blocked", "", "connections", waits as f64, 0);
        let mut dead = 0;
        for queue in Queue::iter().filter(|queue| queue.plan().broker == system) {
            let state = &self.world.queues[queue as usize];
            let depth = (state.waiting.len() + usize::from(state.busy)) as f64;
            let (letters, consumers) = (state.dead.len() as f64, state.consumers);
            let consumers = if state.is_paused || !self.world.systems[queue.plan().consumer as usize].is_up {
                0
            } else {
                consumers
            };
            dead += state.dead_total;
            let name = queue.plan().name;
            let metric = if system == Sys::Kafka { "consumer_lag" } else { "queue_depth" };
            self.queue_row(metric, name, "messages", depth, 0);
            self.queue_row("dead_letters", name, "messages", letters, 0);
            self.queue_row("consumers", name, "consumers", f64::from(consumers), 0);
        }
        let history = &mut self.world.dead_history[usize::from(system == Sys::Kafka)];
        history.push(dead);
        let before = history[history.len().saturating_sub(WINDOW + 1)];
        self.judged.push(("dead_letters_rate".to_owned(), f64::from(dead - before)));
    }

    fn write(self) {
        let Self { world, system, rows, judged, .. } = self;
        formats::write(world, file(system), rows);
        for (metric, value) in judged {
            alerts::judge(world, system, &metric, value);
        }
    }
}
