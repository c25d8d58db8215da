//! Alerts: thresholds on the estate's own metrics, as its operators have set them. They see what is measured, not what is.

use super::blueprint::Sys;
use super::formats;
use super::world::World;

/// A threshold that must be passed in several samples in a row.
#[derive(Clone, Copy, Debug)]
struct Rule {
    system: Sys,
    metric: &'static str,
    above: f64,
    samples: u8,
    text: &'static str,
}

const RULES: [Rule; 14] = [
    Rule {
        system: Sys::Edge,
        metric: "error_rate",
        above: 0.05,
        samples: 6,
        text: "EdgeErrorRateHigh: 5xx share of /v1/orders above 5 %",
    },
    Rule {
        system: Sys::Edge,
        metric: "latency_p95",
        above: 3_000.0,
        samples: 6,
        text: "CheckoutSlow: p95 of /v1/orders above 3 s",
    },
    Rule {
        system: Sys::Kong,
        metric: "error_rate",
        above: 0.06,
        samples: 6,
        text: "GatewayErrorRateHigh: 5xx share of partner routes above 6 %",
    },
    Rule {
        system: Sys::Kong,
        metric: "latency_p95",
        above: 4_000.0,
        samples: 6,
        text: "PartnerApiSlow: p95 of partner routes above 4 s",
    },
    Rule {
        system: Sys::EdiGateway,
        metric: "error_rate",
        above: 0.1,
        samples: 6,
        text: "EdiOrdersUnanswered: more than 10 % of interchanges without order response",
    },
    Rule {
        system: Sys::Rabbit,
        metric: "queue_depth erp.orders",
        above: 20.0,
        samples: 4,
        text: "QueueGrowing: erp.orders above 20 messages",
    },
    Rule {
        system: Sys::Rabbit,
        metric: "queue_depth notifications",
        above: 25.0,
        samples: 4,
        text: "QueueGrowing: notifications above 25 messages",
    },
    Rule {
        system: Sys::Rabbit,
        metric: "queue_depth billing.invoices",
        above: 30.0,
        samples: 4,
        text: "QueueGrowing: billing.invoices above 30 messages",
    },
    Rule {
        system: Sys::Rabbit,
        metric: "dead_letters_rate",
        above: 2.0,
        samples: 4,
        text: "DeadLetters: more than 2 new dead letters in a minute",
    },
    Rule {
        system: Sys::Kafka,
        metric: "consumer_lag",
        above: 20.0,
        samples: 4,
        text: "ConsumerLag: group shipping is more than 20 records behind on deliveries.v1",
    },
    Rule {
        system: Sys::Shipping,
        metric: "error_rate",
        above: 0.1,
        samples: 6,
        text: "DeliveriesFailing: more than 10 % of deliveries not handed over",
    },
    Rule {
        system: Sys::Notifier,
        metric: "error_rate",
        above: 0.15,
        samples: 6,
        text: "MailsFailing: more than 15 % of confirmations not sent",
    },
    Rule {
        system: Sys::Billing,
        metric: "error_rate",
        above: 0.1,
        samples: 6,
        text: "InvoicesFailing: more than 10 % of invoices not created",
    },
    Rule {
        system: Sys::Orders,
        metric: "latency_p95",
        above: 2_500.0,
        samples: 8,
        text: "OrdersSlow: p95 of order-service above 2.5 s",
    },
];

/// What of that fires.
#[derive(Clone, Debug, Default)]
pub(super) struct Alarms {
    passed: [u8; RULES.len()],
    quiet: [u8; RULES.len()],
    is_firing: [bool; RULES.len()],
    pub sent: u32,
}

/// After so many samples below, an alert may fire anew.
const QUIET: u8 = 8;

/// Judges one value.
pub(super) fn judge(world: &mut World, system: Sys, metric: &str, value: f64) {
    for (place, rule) in RULES.iter().enumerate() {
        if rule.system != system || rule.metric != metric {
            continue;
        }
        let alarms = &mut world.alarms;
        if value <= rule.above {
            alarms.passed[place] = 0;
            alarms.quiet[place] = alarms.quiet[place].saturating_add(1);
            if alarms.quiet[place] >= QUIET {
                alarms.is_firing[place] = false;
            }
            continue;
        }
        alarms.quiet[place] = 0;
        alarms.passed[place] = alarms.passed[place].saturating_add(1);
        if alarms.passed[place] >= rule.samples && !alarms.is_firing[place] {
            alarms.is_firing[place] = true;
            alarms.sent += 1;
            let number = alarms.sent;
            let metric = rule.metric.split(' ').next().unwrap_or(rule.metric);
            formats::alert(world, number, rule.system, metric, rule.text);
        }
    }
}
