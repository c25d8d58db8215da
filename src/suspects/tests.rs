//! The lessons of labelled incidents, each as a small estate in which the naive answer is wrong.
#![allow(clippy::unwrap_used)]

use super::{Signal, Suspect, SuspectSettings, Suspects};
use crate::evidence::Evidence;
use crate::flows::{FlowSettings, Flows};
use crate::ingest::{Scanner, glance_events};
use crate::telemetry::{
    Event, EventKind, Identifier, IdentifierClass, Nanos, Sample, Series, Severity, SourceRef, SpanInfo,
    SpanKind, Time,
};

mod gaps;
mod metrics;
mod peers;

/// An estate that is put together step by step; the onset is at second 1,000.
#[derive(Default)]
struct Estate {
    events: Vec<Happened>,
    series: Vec<Series>,
    calls: Vec<(String, String)>,
    next: u64,
}

struct Happened {
    millis: i64,
    system: &'static str,
    text: String,
    severity: Severity,
    kind: EventKind,
    took_millis: u32,
    span: SpanInfo,
    trace: u128,
    attributes: Vec<(String, String)>,
}

const ONSET: i64 = 1_000;

impl Happened {
    fn event(&self) -> Event {
        Event {
            time: Time::from_millis(self.millis),
            system: self.system.to_owned(),
            kind: self.kind,
            severity: self.severity,
            operation: (self.kind == EventKind::Span).then(|| self.text.clone()),
            body: self.text.clone(),
            duration: (self.took_millis > 0).then(|| Nanos(i64::from(self.took_millis) * 1_000_000)),
            attributes: self.attributes.clone(),
            identifiers: vec![Identifier {
                class: IdentifierClass::Trace,
                value: format!("4bf92f3577b34da6a3ce929d{:08x}", self.trace),
            }],
            span: Some(self.span),
            source: SourceRef::File { path: String::new(), offset: 0 },
        }
    }
}

impl Estate {
    /// A metric by its values before and after, one every ten seconds.
    fn metric(&mut self, system: &str, metric: &str, unit: &str, before: &[f64], after: &[f64]) {
        let first = ONSET - 10 * before.len() as i64;
        let values = before.iter().chain(after).enumerate();
        let samples = values
            .map(|(place, &value)| Sample { time: Time::from_seconds(first + 10 * place as i64), value })
            .collect();
        self.series.push(Series {
            system: system.to_owned(),
            metric: metric.to_owned(),
            unit: unit.to_owned(),
            labels: Vec::new(),
            exemplars: Vec::new(),
            samples,
            source: String::new(),
        });
    }

    fn span(
        &mut self,
        trace: u128,
        parent: u64,
        system: &'static str,
        name: &str,
        millis: i64,
        took_millis: u32,
    ) -> u64 {
        self.next += 1;
        let span = SpanInfo { id: self.next, parent, ..SpanInfo::default() };
        self.events.push(Happened {
            millis,
            system,
            text: name.to_owned(),
            severity: Severity::INFO,
            kind: EventKind::Span,
            took_millis,
            span,
            trace,
            attributes: Vec::new(),
        });
        self.next
    }

    /// What the last span says of its call, and whether it failed.
    fn calls(&mut self, attributes: &[(&str, &str)], failed: bool) {
        let last = self.events.last_mut().unwrap();
        let owned = attributes.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        last.attributes = owned.collect();
        last.span = SpanInfo { kind: SpanKind::Client, failed, ..last.span };
    }

    fn line(
        &mut self,
        trace: u128,
        span: u64,
        system: &'static str,
        text: &str,
        millis: i64,
        severity: Severity,
    ) {
        let span = SpanInfo { id: span, ..SpanInfo::default() };
        let text = text.to_owned();
        let kind = EventKind::Log;
        let (took_millis, attributes) = (0, Vec::new());
        self.events.push(Happened {
            millis,
            system,
            text,
            severity,
            kind,
            took_millis,
            span,
            trace,
            attributes,
        });
    }

    fn evidence(&self) -> Evidence {
        let events: Vec<Event> = self.events.iter().map(Happened::event).collect();
        let mut evidence = Evidence::default();
        evidence.append(&glance_events(&events, 0, &mut Scanner::default()));
        evidence.add_series(self.series.clone());
        evidence.add_topology(&self.calls);
        evidence
    }

    fn ranking(&self) -> Vec<(String, Suspect)> {
        self.ranking_at(Some(ONSET)).1
    }

    /// The ranking for an onset that is given so many seconds after 1970, or for one that has to be found.
    fn ranking_at(&self, onset: Option<i64>) -> (Suspects, Vec<(String, Suspect)>) {
        let evidence = self.evidence();
        let flows = Flows::of(&evidence, &FlowSettings::default());
        let settings = SuspectSettings { onset: onset.map(Time::from_seconds), ..SuspectSettings::default() };
        let suspects = Suspects::of(&evidence, &flows, &settings);
        let ranking = suspects.ranking.iter().cloned();
        let named = ranking.map(|one| (evidence.system_name(one.system).to_owned(), one)).collect();
        (suspects, named)
    }

    fn named(&self) -> Vec<String> {
        self.ranking().into_iter().map(|(name, _)| name).collect()
    }
}

fn wave(count: usize, level: f64, height: f64) -> Vec<f64> {
    (0..count).map(|place| level + height * ((place * 7 % 5) as f64 - 2.0) / 2.0).collect()
}

/// Thirty traces before and thirty after: `front` calls `back`, and both say what they do.
fn two_tiers(mut after: impl FnMut(&mut Estate, u128, u64, i64)) -> Estate {
    let mut estate = Estate::default();
    for number in 0..60u32 {
        let trace = u128::from(number) + 1;
        let millis = (ONSET + (i64::from(number) - 30) * 10) * 1_000 + 5;
        let front = estate.span(trace, 0, "front", "handle", millis, 100);
        estate.line(trace, front, "front", "order received", millis + 1, Severity::INFO);
        if number < 30 {
            usual_call(&mut estate, trace, front, millis);
        } else {
            after(&mut estate, trace, front, millis);
        }
    }
    estate
}

fn usual_call(estate: &mut Estate, trace: u128, front: u64, millis: i64) {
    let call = estate.span(trace, front, "front", "call back", millis + 10, 50);
    let back = estate.span(trace, call, "back", "reserve", millis + 12, 46);
    estate.line(trace, back, "back", "reserved", millis + 20, Severity::INFO);
    estate.line(trace, front, "front", "order done", millis + 70, Severity::INFO);
}

#[test]
fn nobody_is_blamed_while_nothing_changes() {
    assert!(two_tiers(usual_call).named().is_empty());
}

#[test]
fn the_silence_downstream_of_a_fault_is_not_its_cause() {
    let estate = two_tiers(|estate, trace, front, millis| {
        // Every second order dies in the front and never reaches the back.
        if trace % 2 == 0 {
            estate.line(trace, front, "front", "NullPointerException in handle", millis + 2, Severity::ERROR);
        } else {
            usual_call(estate, trace, front, millis);
        }
    });
    let ranking = estate.ranking();
    assert_eq!(ranking[0].0, "front");
    // Flows that never got there may name it; nothing that it does or says has changed.
    let own = [Signal::EventOrder, Signal::Templates, Signal::Origin, Signal::Metrics];
    let back = ranking.iter().filter(|(name, _)| name == "back");
    assert!(back.flat_map(|(_, one)| &one.evidence).all(|one| !own.contains(&one.signal)));
}

/// The back finds no stock, and the front says that the order failed.
fn out_of_stock(estate: &mut Estate, trace: u128, front: u64, millis: i64) {
    let call = estate.span(trace, front, "front", "call back", millis + 10, 50);
    let back = estate.span(trace, call, "back", "reserve", millis + 12, 46);
    estate.line(trace, back, "back", "no stock row for article", millis + 20, Severity::ERROR);
    estate.line(trace, front, "front", "order failed", millis + 70, Severity::ERROR);
}

#[test]
fn an_onset_that_is_a_minute_off_is_set_right() {
    for off in [-60, 0, 60] {
        let (suspects, ranking) = two_tiers(out_of_stock).ranking_at(Some(ONSET + off));
        assert_eq!(ranking[0].0, "back", "given {off} s off");
        let found = (suspects.onset.unwrap().time - Time::from_seconds(ONSET)).as_seconds();
        assert!(found.abs() <= 15.0, "given {off} s off, found {found} s off");
    }
}

#[test]
fn the_answer_is_the_same_by_any_number_of_threads() {
    let answer = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| format!("{:?}", two_tiers(out_of_stock).ranking_at(None)))
    };
    let one = answer(1);
    for threads in [2, 3, 7] {
        assert!(answer(threads) == one, "{threads} threads");
    }
}

#[test]
fn the_end_of_an_earlier_incident_is_no_onset() {
    // Another day shows what is usual. Later the back is seen failing, gets well, and a minute after that the front breaks.
    let mut estate = two_tiers(usual_call);
    for number in 0..60u32 {
        let (trace, second) = (u128::from(number) + 1_000, i64::from(number) * 3);
        let millis = (ONSET + 10_000 + second) * 1_000 + 5;
        let front = estate.span(trace, 0, "front", "handle", millis, 100);
        estate.line(trace, front, "front", "order received", millis + 1, Severity::INFO);
        match second {
            0..60 => out_of_stock(&mut estate, trace, front, millis),
            60..120 => usual_call(&mut estate, trace, front, millis),
            _ => estate.line(trace, front, "front", "NullPointerException", millis + 2, Severity::ERROR),
        }
    }
    let (suspects, ranking) = estate.ranking_at(Some(ONSET + 10_090));
    let found = (suspects.onset.unwrap().time - Time::from_seconds(ONSET + 10_120)).as_seconds();
    assert!(found.abs() <= 10.0, "{found} s off");
    assert_eq!(ranking[0].0, "front");
}

#[test]
fn another_mix_beneath_does_not_explain_a_caller_that_changed_altogether() {
    let kind_of = |trace: u128, often: u128| if trace.is_multiple_of(often) { "rare" } else { "common" };
    let mut estate = Estate::default();
    for number in 0..120u32 {
        let trace = u128::from(number) + 1;
        let millis = (ONSET + (i64::from(number) - 60) * 10) * 1_000 + 5;
        let is_after = number >= 60;
        let front = estate.span(trace, 0, "front", "handle", millis, 100);
        estate.line(trace, front, "front", "order received", millis + 1, Severity::INFO);
        for item in 0..4u32 {
            let at = millis + 10 + 10 * i64::from(item);
            let call = estate.span(trace, front, "front", "call back", at, 9);
            let back = estate.span(trace, call, "back", "reserve", at + 1, 7);
            // Every second item is of the rare kind now; every twentieth was.
            let kind = kind_of(trace * 4 + u128::from(item), if is_after { 2 } else { 20 });
            estate.line(trace, back, "back", &format!("reserving the {kind} kind"), at + 2, Severity::INFO);
        }
        if !is_after {
            estate.line(trace, front, "front", "order done", millis + 70, Severity::INFO);
        }
    }
    assert_eq!(estate.named()[0], "front");
}

#[test]
fn what_an_alert_is_about_and_nothing_was_read_of_is_named_and_nobody_convicted() {
    let mut estate = two_tiers(out_of_stock);
    assert!(estate.ranking_at(Some(ONSET)).0.conclusive);
    let alert = |system| Happened {
        millis: (ONSET + 30) * 1_000,
        system,
        text: "error rate above 5 %".to_owned(),
        severity: Severity::ERROR,
        kind: EventKind::Alert,
        took_millis: 0,
        span: SpanInfo::default(),
        trace: 5_000,
        attributes: Vec::new(),
    };
    estate.events.push(alert("unknown"));
    assert!(estate.ranking_at(Some(ONSET)).0.conclusive, "an alert that names no system hides none");
    estate.events.push(alert("billing"));
    let (suspects, ranking) = estate.ranking_at(Some(ONSET));
    assert!(ranking.iter().any(|(name, _)| name == "billing"));
    assert!(!suspects.conclusive && suspects.reason.contains("billing"), "{}", suspects.reason);
}

#[test]
fn a_callee_that_nothing_was_read_of_is_named_beside_its_caller() {
    let mut estate = Estate::default();
    estate.metric("site", "latency_p90", "ms", &wave(60, 100.0, 5.0), &[900.0; 12]);
    estate.metric("stock", "latency_p90", "ms", &wave(60, 100.0, 5.0), &wave(12, 100.0, 5.0));
    estate.calls =
        [("site", "search"), ("site", "stock")].map(|(a, b)| (a.to_owned(), b.to_owned())).to_vec();
    let (suspects, ranking) = estate.ranking_at(Some(ONSET));
    let names: Vec<&str> = ranking.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["site", "search"]);
    assert!(!suspects.conclusive && suspects.reason.contains("search"), "{}", suspects.reason);
}

#[test]
fn calls_that_nobody_seen_answers_leave_it_open() {
    // The front calls two systems by spans of one name; of the one that breaks nothing is read.
    let with_calls = |is_read: bool| {
        let mut estate = two_tiers(out_of_stock);
        for number in 0..60u32 {
            let (trace, millis) =
                (u128::from(number) + 1, (ONSET + (i64::from(number) - 30) * 10) * 1_000 + 75);
            let of_trace = |one: &&Happened| one.trace == trace && one.text == "handle";
            let front = estate.events.iter().find(of_trace).unwrap().span.id;
            for _ in 0..4 {
                let call = estate.span(trace, front, "front", "call back", millis, 5);
                estate.span(trace, call, "rates", "rate", millis + 1, 3);
            }
        }
        let is_unread = |one: &Happened| !is_read && one.system == "back";
        estate.events.retain(|one| !is_unread(one));
        estate
    };
    assert!(with_calls(true).ranking_at(Some(ONSET)).0.conclusive);
    let (suspects, ranking) = with_calls(false).ranking_at(Some(ONSET));
    assert_eq!(ranking[0].0, "front");
    assert!(!suspects.conclusive && suspects.reason.contains("not read"), "{}", suspects.reason);
}

#[test]
fn where_only_lines_are_left_their_order_still_tells() {
    let mut estate = two_tiers(out_of_stock);
    estate.events.retain(|event| event.kind == EventKind::Log);
    assert_eq!(estate.named()[0], "back");
}

#[test]
fn another_mix_of_operations_is_no_other_order_of_events() {
    let mut estate = Estate::default();
    for number in 0..80u32 {
        let (trace, is_after) = (u128::from(number) + 1, number >= 40);
        let millis = (ONSET + (i64::from(number) - 40) * 10) * 1_000 + 5;
        // Uploads say other things than queries; since the onset most are uploads.
        let is_upload = if is_after { number % 4 != 0 } else { number % 4 == 0 };
        let (name, first, then) = if is_upload {
            ("upload", "part received", "part stored")
        } else {
            ("query", "asked", "answered")
        };
        let span = estate.span(trace, 0, "store", name, millis, 20);
        estate.line(trace, span, "store", first, millis + 2, Severity::INFO);
        estate.line(trace, span, "store", then, millis + 9, Severity::INFO);
    }
    let ranking = estate.ranking();
    let orders = ranking.iter().flat_map(|(_, one)| &one.evidence);
    assert_eq!(orders.filter(|one| one.signal == Signal::EventOrder).count(), 0);
}

#[test]
fn what_goes_wrong_beneath_is_not_blamed_on_the_caller() {
    let estate = two_tiers(out_of_stock);
    let ranking = estate.ranking();
    assert_eq!(ranking[0].0, "back");
    let order = |suspect: &Suspect| {
        suspect
            .evidence
            .iter()
            .filter(|one| one.signal == Signal::EventOrder)
            .map(|one| one.weight)
            .sum::<f64>()
    };
    let front = ranking.iter().find(|(name, _)| name == "front").map_or(0.0, |(_, front)| order(front));
    assert!(front < order(&ranking[0].1) / 2.0, "the disorder starts in the back");
}

#[test]
fn an_operation_that_was_never_seen_before_says_nothing() {
    let estate = two_tiers(|estate, trace, front, millis| {
        usual_call(estate, trace, front, millis);
        let other = estate.span(trace + 1_000, 0, "front", "report", millis + 200, 30);
        estate.line(trace + 1_000, other, "front", "order received", millis + 210, Severity::INFO);
    });
    assert!(
        estate.ranking().iter().all(|(_, one)| one.evidence.iter().all(|e| e.signal != Signal::EventOrder))
    );
}
