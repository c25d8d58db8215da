//! Recorded shapes of answers, and what becomes of them.

use super::*;
use crate::telemetry::Severity;

fn rule(name: &str) -> MetricRule {
    MetricRule { name: name.to_owned(), query: name.to_owned(), unit: "ms".to_owned() }
}

fn read(body: &str) -> Batch {
    let labels = Config::default().system_labels;
    decode::reply(body.as_bytes()).unwrap().into_series(&rule("latency"), &labels, "prom")
}

#[test]
fn a_range_becomes_series_of_systems_and_the_known_instant_is_kept() {
    let batch = read(
        r#"{"status":"success","data":{"resultType":"matrix","result":[
            {"metric":{"__name__":"x","job":"scrape","service":"orders-api","instance":"a:1"},
             "values":[[1773480413.589,"12"],[1773480428.589,"NaN"],[1773480443.589,"+Inf"],[1773480458.589,"1e3"]]},
            {"metric":{"job":"billing"},"value":[1773480413,"0.5"]},
            {"metric":{},"values":[]}],"brandNew":1},"more":[]}"#,
    );
    let known = Time::parse("2026-03-14T09:26:53.589Z").unwrap();
    let first = &batch.series[0];
    assert_eq!(
        (first.system.as_str(), first.metric.as_str(), first.unit.as_str()),
        ("orders-api", "latency", "ms")
    );
    assert_eq!(
        first.labels,
        [("instance".to_owned(), "a:1".to_owned()), ("job".to_owned(), "scrape".to_owned())]
    );
    let samples: Vec<(Nanos, f64)> =
        first.samples.iter().map(|sample| (sample.time - known, sample.value)).collect();
    assert_eq!(samples, [(Nanos(0), 12.0), (Nanos::seconds(45), 1000.0)], "a gap is no sample");
    assert_eq!(batch.series[1].system, "billing");
    assert_eq!(batch.series.len(), 2);
    assert_eq!(batch.completeness, Completeness::Full);
}

#[test]
fn every_sign_of_a_partial_answer_is_kept() {
    let warned =
        read(r#"{"status":"success","data":{"result":[]},"warnings":["results truncated due to limit"]}"#);
    assert_eq!(warned.completeness, Completeness::Partial(vec!["results truncated due to limit".to_owned()]));
    let partial = read(r#"{"status":"success","isPartial":true,"data":{"result":[]}}"#);
    assert!(matches!(partial.completeness, Completeness::Partial(_)));
    let informed =
        read(r#"{"status":"success","data":{"result":[]},"infos":["metric might not be a counter"]}"#);
    assert!(matches!(informed.completeness, Completeness::Partial(_)));
}

#[test]
fn native_histograms_and_broken_series_are_issues_and_hide_no_other() {
    let batch = read(
        r#"{"status":"success","data":{"result":[
            {"metric":{"job":"a"},"histograms":[[1,{"count":"3"}]]},
            {"metric":{"job":"b"},"values":"lies"},
            {"metric":{"job":"c"},"values":[[1,"2"]]}]}}"#,
    );
    assert_eq!(batch.series.len(), 1);
    assert_eq!(batch.issues.len(), 2, "{:?}", batch.issues);
}

#[test]
fn hostile_labels_drive_no_terminal() {
    let batch = read(
        "{\"status\":\"success\",\"data\":{\"result\":[{\"metric\":{\"job\":\"a\\u001b[2J\"},\"values\":[[1,\"2\"]]}]}}",
    );
    assert!(!batch.series[0].system.contains('\x1b'));
}

#[test]
fn what_is_no_answer_of_this_api_is_said() {
    let reason = |body: &str| decode::reply(body.as_bytes()).map(|_| ()).unwrap_err();
    assert_eq!(reason("{\"status\":\"succ"), "it ends too early");
    assert_eq!(reason("{}"), "it has no `status`, so something else answers here");
    assert!(reason("<html>").starts_with("it is no JSON of this API"));
    let refused =
        decode::reply(br#"{"status":"error","errorType":"bad_data","error":"parse error"}"#).unwrap();
    assert_eq!(refused.error().as_deref(), Some("bad_data: parse error"));
}

#[test]
fn firing_alerts_become_events_and_none_comes_twice() {
    let now = decode::reply(
        br#"{"status":"success","data":{"alerts":[
            {"labels":{"alertname":"OrdersErrorRate","severity":"page","service":"orders-api"},
             "annotations":{"summary":"error rate above 5 %"},"state":"firing","activeAt":"2026-03-14T09:20:00Z","value":"3"},
            {"labels":{"alertname":"Soon"},"state":"pending","activeAt":"2026-03-14T09:21:00Z"}]}}"#,
    )
    .unwrap();
    // 09:20:10 is the first evaluation that saw the alert above; 09:40 is another firing of it.
    let history = decode::reply(
        br#"{"status":"success","data":{"result":[{"metric":{"__name__":"ALERTS","alertname":"OrdersErrorRate","alertstate":"firing",
            "severity":"page","service":"orders-api"},"values":[[1773480010,"1"],[1773480025,"1"],[1773481200,"1"]]}]}}"#,
    )
    .unwrap();
    let window = Window {
        from: Time::parse("2026-03-14T09:00:00Z").unwrap(),
        to: Time::parse("2026-03-14T10:00:00Z").unwrap(),
    };
    let batch = decode::alerts(&now, &[history], window, Nanos::seconds(15), &Config::default());
    let said: Vec<String> =
        batch.events.iter().map(|event| format!("{} {} {}", event.time, event.system, event.body)).collect();
    assert_eq!(
        said,
        [
            "2026-03-14T09:20:00.000000000Z orders-api OrdersErrorRate: error rate above 5 %",
            "2026-03-14T09:40:00.000000000Z orders-api OrdersErrorRate: error rate above 5 %",
        ]
    );
    assert_eq!(batch.events[0].severity, Severity::FATAL);
}

#[test]
fn a_long_window_is_cut_into_answers_that_the_server_gives() {
    let window = Window { from: Time::from_seconds(7), to: Time::from_seconds(7 + 40_000) };
    let slices = slices(window, Nanos::seconds(1));
    assert_eq!(slices.len(), 4);
    assert!(slices.iter().all(|slice| (slice.to - slice.from).0 / 1_000_000_000 <= MOST_POINTS));
    assert!(slices.windows(2).all(|pair| pair[1].from == pair[0].to + Nanos::seconds(1)));
    assert_eq!(slices[0].from, Time::from_seconds(7));
    assert_eq!(slices[3].to, Time::from_seconds(7 + 39_999), "the end of a window does not belong to it");
    let aligned =
        super::slices(Window { from: Time::from_seconds(7), to: Time::from_seconds(61) }, Nanos::seconds(15));
    assert_eq!(aligned, [Window { from: Time::from_seconds(15), to: Time::from_seconds(60) }]);
}

#[test]
fn metrics_that_matter_are_found_by_name_and_asked_for_by_kind() {
    let metadata = decode::reply(
        br#"{"status":"success","data":{
            "http_requests_total":[{"type":"counter","help":"","unit":""}],
            "http_request_duration_seconds":[{"type":"histogram"}],
            "kafka_consumergroup_lag":[{"type":"gauge"}],
            "tls_cert_expiry_timestamp_seconds":[{"type":"gauge"}],
            "go_goroutines_failed":[{"type":"gauge"}],
            "cafe_visitors":[{"type":"gauge"}]}}"#,
    )
    .unwrap()
    .metadata();
    let labels = ["service".to_owned(), "not a label".to_owned(), "job".to_owned()];
    let queries: Vec<String> =
        discover::rules(&metadata, &labels).into_iter().map(|rule| rule.query).collect();
    assert_eq!(
        queries,
        [
            "sum by (service, job) (kafka_consumergroup_lag)",
            "histogram_quantile(0.99, sum by (service, job, le) (rate(http_request_duration_seconds_bucket[$step])))",
            "sum by (service, job) (rate(http_requests_total[$step]))",
            "min by (service, job) (tls_cert_expiry_timestamp_seconds)",
        ]
    );
}

#[test]
fn seconds_are_sent_with_the_milliseconds_that_prometheus_keeps() {
    assert_eq!(seconds(Time(1_773_480_413_589_000_000)), "1773480413.589");
    assert_eq!(seconds(Time(-1_500_000_000)), "-1.500");
}
