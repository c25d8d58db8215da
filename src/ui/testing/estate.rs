//! An invented hour: orders go through six systems; since 10:41 most of them stop on the way to the ERP.

use crate::evidence::{Evidence, SystemId};
use crate::flows::{FlowSettings, Flows};
use crate::incident::{Draft, Findings, Impact, Incident, MitigationKind, Phase, Plan, Role, What, seal};
use crate::sources::files;
use crate::suspects::{
    self, BoardRow, Gauge, Onset, Pointer, Signal, Suspect, Suspects, TemplateChange, TemplateState,
};
use crate::telemetry::{
    Change, ChangeKind, Completeness, Event, EventKind, Identifier, IdentifierClass, Nanos, Reach, Sample,
    Series, Severity, SourceHealth, SourceRef, SpanInfo, SpanKind, Time, Window, Zone,
};
use crate::ui::{FileRow, Picture};

const ONSET: i64 = 41 * 60 + 37;

/// So many seconds after 10:00 on a day in March.
pub(super) fn at(seconds: f64) -> Time {
    Time::parse("2026-03-14T10:00:00Z").unwrap() + Nanos((seconds * 1e9) as i64)
}

pub(super) fn now() -> Time {
    at(68.0 * 60.0)
}

pub(super) fn picture() -> Picture {
    let mut evidence = Evidence::default();
    files::add_page(&mut evidence, "sample".into(), "".into(), events());
    evidence.add_series(series());
    evidence.add_changes(changes());
    let flows = Flows::of(&evidence, &FlowSettings::default());
    let suspects = suspects(&evidence);
    let window = Window { from: at(0.0), to: at(3_600.0) };
    let onset = suspects.onset.as_ref().map(|onset| onset.time);
    Picture {
        course: Picture::course_of(&flows, window),
        ways: Picture::ways_of(&flows, onset, 8),
        findings: findings(),
        sources: sources(),
        files: file_rows(),
        window: Some(window),
        title: "orders do not reach billing".into(),
        evidence,
        flows,
        suspects,
        ..Picture::default()
    }
}

/// One order; it fails from the onset on, but for each fifth.
fn order(number: u32, start: f64, events: &mut Vec<Event>) {
    let fails = start >= ONSET as f64 && !number.is_multiple_of(5);
    let correlation = format!("c0ffee{number:02}-0000-4000-8000-{number:012x}");
    let trace = format!("{:032x}", 0xabc0_0000_u64 + u64::from(number));
    let order = format!("SO-{}", 88_200 + number);
    let mut say = |after: f64,
                   system: &str,
                   severity: Severity,
                   body: String,
                   millis: u32,
                   ids: &[(IdentifierClass, &str)]| {
        events.push(Event {
            time: at(start + after),
            system: system.into(),
            kind: EventKind::Log,
            severity,
            operation: (system == "kong").then(|| "POST /v1/orders".to_owned()),
            body,
            duration: (millis > 0).then(|| Nanos::millis(i64::from(millis))),
            attributes: if severity.is_error() { vec![("status".into(), "504".into())] } else { Vec::new() },
            identifiers: ids
                .iter()
                .map(|(class, value)| Identifier { class: *class, value: (*value).to_owned() })
                .collect(),
            span: None,
            source: SourceRef::File {
                path: format!("sample/{system}.log"),
                offset: events.len() as u64 * 100,
            },
        });
    };
    use IdentifierClass::{Business, Correlation, Trace};
    let (c, t, o) = ((Correlation, &*correlation), (Trace, &*trace), (Business, &*order));
    say(0.0, "kong", Severity::INFO, "POST /v1/orders 201".into(), 60, &[c, t]);
    say(0.012, "order-service", Severity::INFO, format!("order {order} accepted"), 0, &[c, o]);
    say(0.051, "order-service", Severity::INFO, format!("published {order} to orders.v2"), 0, &[c, o]);
    say(0.146, "kafka", Severity::INFO, "delivered orders.v2 partition 3".into(), 0, &[c]);
    say(
        0.210,
        "mulesoft",
        Severity::INFO,
        format!("mapped {order} to IDoc 0000{}", 448_000 + number),
        90,
        &[c, o],
    );
    if fails {
        for attempt in 0..3 {
            let after = 0.4 + 10.0 * f64::from(attempt);
            let body = format!("calling ERP POST /invoices attempt {}", attempt + 1);
            say(after, "erp-adapter", Severity::INFO, body, 0, &[c]);
            let body = "PKIX path validation failed: NotAfter: Sat Mar 14 10:41:00 UTC 2026";
            say(after + 9.6, "erp-adapter", Severity::WARN, body.into(), 0, &[c]);
        }
        let body = "giving up after 3 attempts: 504 from erp-gw\n  at com.example.erp.Client.post(Client.java:88)\n  at com.example.erp.Adapter.send(Adapter.java:41)";
        say(30.2, "erp-adapter", Severity::ERROR, body.into(), 0, &[c]);
    } else {
        say(0.4, "erp-adapter", Severity::INFO, "calling ERP POST /invoices attempt 1".into(), 0, &[c]);
        say(0.9, "erp-adapter", Severity::INFO, "ERP answered 201".into(), 480, &[c]);
        say(1.1, "billing", Severity::INFO, format!("invoice for {order} posted"), 40, &[c, o]);
    }
    let span = |id: u64, parent, system: &str, after: f64, millis: i64, failed, operation: &str| Event {
        time: at(start + after),
        system: system.into(),
        kind: EventKind::Span,
        severity: if failed { Severity::ERROR } else { Severity::INFO },
        operation: Some(operation.to_owned()),
        body: String::new(),
        duration: Some(Nanos::millis(millis)),
        attributes: Vec::new(),
        identifiers: vec![Identifier { class: Trace, value: trace.clone() }],
        span: Some(SpanInfo { id, parent, kind: SpanKind::Server, failed }),
        source: SourceRef::Backend { backend: "jaeger".into(), url: "https://jaeger.example/trace".into() },
    };
    if number.is_multiple_of(4) {
        let base = u64::from(number) * 10;
        events.push(span(base + 1, 0, "kong", 0.0, 60, false, "POST /v1/orders"));
        events.push(span(base + 2, base + 1, "order-service", 0.012, 45, false, "accept order"));
        let long = if fails { 29_800 } else { 480 };
        events.push(span(base + 3, base + 2, "erp-adapter", 0.4, long, fails, "POST /invoices"));
    }
}

fn events() -> Vec<Event> {
    let mut events = Vec::new();
    for number in 0..60 {
        order(number, 20.0 + f64::from(number) * 58.0, &mut events);
    }
    events.sort_by_key(|event| event.time);
    events
}

fn changes() -> Vec<Change> {
    let change = |seconds, system: &str, kind, text: &str| Change {
        id: text.to_owned(),
        time: at(seconds),
        system: Some(system.to_owned()),
        kind,
        text: text.to_owned(),
        source: SourceRef::File { path: "sample/changes.jsonl".into(), offset: 0 },
    };
    vec![
        change(900.0, "billing", ChangeKind::Deploy, "billing 5.3.1: log level"),
        change(40.0 * 60.0 + 58.0, "erp-adapter", ChangeKind::Certificate, "certificate of erp-gw rotated"),
    ]
}

fn series() -> Vec<Series> {
    let series = |system: &str, metric: &str, unit: &str, before: f64, after: f64| Series {
        system: system.to_owned(),
        metric: metric.to_owned(),
        unit: unit.to_owned(),
        labels: Vec::new(),
        exemplars: Vec::new(),
        samples: (0..240)
            .map(|n| {
                let seconds = f64::from(n) * 15.0;
                let wave = 1.0 + 0.05 * f64::from(n % 7 - 3);
                let value = if seconds < ONSET as f64 { before } else { after };
                Sample { time: at(seconds), value: value * wave }
            })
            .collect(),
        source: "prom".into(),
    };
    vec![
        series("erp-adapter", "call_errors_per_s", "1/s", 0.01, 2.4),
        series("kafka", "consumer_lag", "", 40.0, 3_900.0),
        series("kong", "latency_p95", "ms", 62.0, 63.0),
    ]
}

fn suspects(evidence: &Evidence) -> Suspects {
    let system = |name| evidence.system_named(name).unwrap();
    let window = Window { from: at(ONSET as f64), to: at(3_600.0) };
    let reason = |signal, sentence: &str, weight, is_for| suspects::Evidence {
        signal,
        sentence: sentence.to_owned(),
        is_for,
        weight,
        window,
        pointers: vec![Pointer::Window(window)],
    };
    let suspect = |rank, name, operation: Option<&str>, score, role, evidence| Suspect {
        rank,
        system: system(name),
        operation: operation.map(str::to_owned),
        change: (rank == 1).then(|| "certificate of erp-gw rotated".to_owned()),
        score,
        role,
        evidence,
        failure_modes: if rank == 1 { vec!["expired-certificate".into()] } else { Vec::new() },
    };
    use suspects::Role::{Cause, Symptom};
    Suspects {
        is_ranked: true,
        onset: Some(Onset {
            time: at(ONSET as f64),
            uncertainty: Nanos::seconds(8),
            found_from: "the rate of failing flows".into(),
        }),
        baseline: Some(Window { from: at(0.0), to: at(ONSET as f64) }),
        conclusive: true,
        reason: "erp-adapter leads by 0.41; its change came 39 s before the onset".into(),
        ranking: vec![
            suspect(
                1,
                "erp-adapter",
                Some("POST /invoices"),
                0.87,
                Cause,
                vec![
                    reason(
                        Signal::Flows,
                        "14 of 14 failing flows stop at erp-adapter, 0 of 46 others do",
                        0.31,
                        true,
                    ),
                    reason(
                        Signal::Templates,
                        "new log pattern: “PKIX path validation failed: *”, 42 times",
                        0.24,
                        true,
                    ),
                    reason(Signal::Changes, "certificate of erp-gw rotated 39 s before onset", 0.2, true),
                    reason(Signal::Topology, "4 flows passed through it healthily since", 0.08, false),
                ],
            ),
            suspect(
                2,
                "kafka",
                Some("orders.v2"),
                0.46,
                Symptom,
                vec![reason(Signal::Metrics, "consumer_lag 40 → 3900, after the onset", 0.2, true)],
            ),
        ],
        templates: vec![TemplateChange {
            system: system("erp-adapter"),
            template: "PKIX path validation failed: NotAfter: *".into(),
            count: 42,
            baseline: 0,
            state: TemplateState::New,
            example: None,
        }],
        board: vec![
            hop(system("kong"), (12.0, 11.0), (0.0, 0.4), (410.0, 640.0), 0, 14),
            hop(system("mulesoft"), (12.0, 11.0), (0.0, 0.4), (230.0, 520.0), 0, 14),
            hop(system("erp-adapter"), (12.0, 4.0), (0.0, 1.0), (90.0, 95.0), 14, 14),
        ],
        calls: [("kong", "mulesoft"), ("mulesoft", "erp-adapter"), ("mulesoft", "kafka")]
            .map(|(caller, callee)| (system(caller), system(callee)))
            .to_vec(),
        modes: suspects::Modes::default(),
    }
}

fn hop(
    system: SystemId,
    rate: (f64, f64),
    errors: (f64, f64),
    latency_ms: (f64, f64),
    stopped: u32,
    passed: u32,
) -> BoardRow {
    let known = |(before, after)| (Some(before), Some(after));
    BoardRow {
        system,
        rate: known(rate),
        errors: known(errors),
        latency_ms: known(latency_ms),
        backlog: None,
        dead_letters: None,
        saturation: (stopped > 0).then_some(Gauge { series: 0, before: Some(40.0), now: 96.0, spreads: 9.0 }),
        quota: None,
        stopped,
        passed,
    }
}

fn findings() -> Findings {
    Findings {
        onset: Some(at(ONSET as f64)),
        failing: Some(
            "kong POST /v1/orders: 14 of 18 flows failed or are stuck since 10:41:37, 0 of 42 before".into(),
        ),
        stops: Some("after mulesoft, on the way to erp-adapter".into()),
        stops_at: Some("erp-adapter".into()),
        suspect: Some("erp-adapter · POST /invoices".into()),
        is_conclusive: true,
        reason: "erp-adapter leads by 0.41".into(),
        change: Some((
            at(40.0 * 60.0 + 58.0),
            "certificate on erp-adapter: certificate of erp-gw rotated".into(),
        )),
        failure_mode: Some("expired-certificate".into()),
        first_checks: vec![
            "NotAfter and chain of the certificate presented now".into(),
            "trust store of the caller".into(),
        ],
        usual_mitigations: vec!["rollback to the last good certificate".into()],
        failed_flows: 14,
        affected_flows: 14,
        all_flows: 18,
        notable: vec![
            (at(40.0 * 60.0 + 58.0), "certificate: certificate of erp-gw rotated".into()),
            (at(ONSET as f64), "failures begin".into()),
        ],
        ..Findings::default()
    }
}

fn sources() -> Vec<SourceHealth> {
    let health = |name: &str, kind: &str, reach, completeness| SourceHealth {
        reach,
        covered: Some(Window { from: at(0.0), to: at(3_600.0) }),
        completeness,
        rows: 5_000,
        limit: Some(5_000),
        freshest: Some(at(3_590.0)),
        queries: 12,
        last_answer: Some(at(3_595.0)),
        systems: vec!["kafka".into()],
        ..SourceHealth::new(name.to_owned(), kind.to_owned())
    };
    vec![
        health("prom", "prometheus", Reach::Reachable, Completeness::Full),
        health(
            "search",
            "opensearch",
            Reach::Degraded("throttled".into()),
            Completeness::Partial(vec!["cut at 5000 rows".into()]),
        ),
        health("splunk", "splunk", Reach::Unreachable("connection refused".into()), Completeness::Unknown),
    ]
}

fn file_rows() -> Vec<FileRow> {
    let row = |name: &str, format: &str, zone, unread, trouble: Option<&str>| FileRow {
        path: format!("sample/{name}/app.log"),
        format: format.to_owned(),
        system: name.to_owned(),
        zone,
        bytes: 48_000,
        records: 410,
        unread,
        trouble: trouble.map(str::to_owned),
    };
    vec![
        row("kong", "kong", None, 0, None),
        row("mulesoft", "mule", Some(Zone::ASSUMED_UTC), 0, None),
        row(
            "erp-adapter",
            "spring-boot",
            Some(Zone { offset_seconds: 3_600, assumed: false }),
            3,
            Some("line 17: no time"),
        ),
        row("billing", "unread", None, 0, Some("permission denied")),
    ]
}

/// A bridge that has been going on for some minutes.
pub(super) fn incident() -> Incident {
    replayed(bridge())
}

/// The same with hypotheses, one of them judged, and a decision.
pub(super) fn incident_with_a_board() -> Incident {
    let mut whats = bridge();
    let hypothesis = |text: &str, test: &str| What::Hypothesis { text: text.into(), next_test: test.into() };
    let speaks = |is_for, text: &str| What::HypothesisEvidence { hypothesis: 9, is_for, text: text.into() };
    whats.extend([
        (56.0, hypothesis("DNS answers wrongly", "resolve it from the adapter's host")),
        (56.5, speaks(true, "one host resolves slowly")),
        (57.0, speaks(false, "all others resolve")),
        (57.0, hypothesis("the certificate expired", "read NotAfter")),
        (
            58.0,
            What::HypothesisJudged {
                hypothesis: 12,
                verdict: "supported".parse().unwrap(),
                reason: "NotAfter was 10:41".into(),
            },
        ),
        (58.5, crate::incident::decided("fail over to region B | or wait | but it costs | by bob")),
    ]);
    replayed(whats)
}

fn bridge() -> Vec<(f64, What)> {
    vec![
        (
            42.0,
            What::Declared {
                title: "Orders do not reach billing".into(),
                severity: "SEV1".parse().unwrap(),
                impact: Impact { text: "about 310 customers".into(), ..Impact::default() },
                is_drill: false,
            },
        ),
        (42.0, What::ImpactBegan { time: at(ONSET as f64), uncertainty: Nanos::seconds(12) }),
        (
            43.0,
            What::RoleAssigned { role: Role::IncidentCommander, person: "ann".into(), note: String::new() },
        ),
        (44.0, What::fact("certificate on erp-gw expired, confirmed by security")),
        (
            46.0,
            What::Asked { who: "kafka-oncall".into(), question: "check partition lag".into(), minutes: 3 },
        ),
        (50.0, What::StatusUpdate { audience: "technical".into(), text: "We are on it.".into() }),
        (
            52.0,
            What::MitigationStarted {
                mitigation: Plan {
                    kind: MitigationKind::QueueBuffering,
                    target: "orders.v2".into(),
                    intent: "stop losing orders while the certificate is replaced".into(),
                    expected: "failing flows fall back to their usual".into(),
                    watch: "failing flows".into(),
                    undo: "resume the consumer and watch the backlog drain".into(),
                    expires: Some(at(90.0 * 60.0)),
                    ..Plan::default()
                },
            },
        ),
        (55.0, What::PhaseChanged { phase: Phase::Mitigating }),
    ]
}

fn replayed(whats: Vec<(f64, What)>) -> Incident {
    let mut previous = String::new();
    let mut entries = Vec::new();
    for (sequence, (minutes, what)) in (1..).zip(whats) {
        let entry = seal(Draft::new(at(minutes * 60.0), "ann", what), sequence, &previous);
        previous.clone_from(&entry.hash);
        entries.push(entry);
    }
    Incident::replay("INC-0042", &entries)
}
