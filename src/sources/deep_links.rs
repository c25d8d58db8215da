//! Where a person sees in a backend's own UI what a question asked: addresses as the vendors document them. Pure.

use super::SourceError;
use super::http::segment;
use super::spelling::{all_spellings, traces};
use crate::telemetry::{Query, Time, Wanted, Window};
use serde_json::json;

/// A question as far as an address tells of it.
pub(super) struct Sight<'a> {
    /// The kind of backend, as in the configuration.
    pub kind: &'a str,
    /// The address that is asked.
    pub url: &'a str,
    /// The address of its UI, where that is another one.
    pub ui: &'a str,
    pub query: &'a Query,
    /// The question in the backend's language, where it has one.
    pub expression: Option<&'a str>,
}

/// A command with the address beneath it, as a comment of the shell.
pub(super) fn beneath(command: &str, link: Option<String>) -> String {
    match link {
        Some(link) if !command.is_empty() => format!("{command}{COMMENT}{link}"),
        _ => command.to_owned(),
    }
}

/// The address beneath a command.
pub(super) fn within(command: &str) -> Option<&str> {
    let (_, link) = command.rsplit_once(COMMENT)?;
    link.starts_with("http").then_some(link)
}

const COMMENT: &str = "\n# ";

/// Refuses what is no address: a link that leads nowhere would be found out when it is needed.
pub(super) fn checked(ui: &str) -> Result<String, SourceError> {
    if ui.is_empty() || ui.starts_with("https://") || ui.starts_with("http://") {
        return Ok(ui.to_owned());
    }
    let reason = "`ui` is no address: write https://host/path of the page that people look at".to_owned();
    Err(SourceError::Misconfigured { reason })
}

/// The path by which a Grafana passes on to a data source.
const PROXY: &str = "/api/datasources/proxy/uid/";

/// The address, where the backend has a UI that takes a question by it.
pub(super) fn deep_link(sight: &Sight<'_>) -> Option<String> {
    if let Some((grafana, uid)) = sight.url.split_once(PROXY) {
        return explore(grafana, uid.trim_end_matches('/'), sight);
    }
    let has_ui = !sight.ui.is_empty();
    let ui = if has_ui { sight.ui } else { sight.url }.trim_end_matches('/');
    let window = sight.query.window;
    let trace = trace_of(&sight.query.wanted);
    let text = || text_of(&sight.query.wanted);
    match sight.kind {
        // The third version has another page and leads there from this one; the second has only this.
        "prometheus" => Some(format!("{ui}/graph?{}", graph(sight, window)?)),
        "jaeger" => Some(match trace {
            Some(trace) => format!("{ui}/trace/{}", segment(&trace)),
            None => format!(
                "{ui}/search?start={}&end={}&lookback=custom&limit=200",
                window.from.0 / 1_000,
                window.to.0 / 1_000
            ),
        }),
        "zipkin" => Some(format!("{ui}/zipkin/traces/{}", segment(&trace?))),
        "victorialogs" => Some(format!(
            "{ui}/select/vmui/?#/?query={}&g0.range_input={}s&g0.end_input={}",
            segment(sight.expression?),
            seconds(window),
            segment(&instant(window.to))
        )),
        // These answer at one address and show at another: without the second there is no link.
        "elasticsearch" if has_ui => {
            let time = format!("time:(from:'{}',to:'{}')", millis(window.from), millis(window.to));
            let asked = segment(&text()?.replace('\'', "!'"));
            Some(format!("{ui}/app/discover#/?_g=({time})&_a=(query:(language:kuery,query:'{asked}'))"))
        }
        "splunk" if has_ui => Some(format!(
            "{ui}/en-US/app/search/search?q={}&earliest={}&latest={}",
            segment(&format!("search {}", text()?)),
            window.from.0 / 1_000_000_000,
            window.to.0.div_euclid(1_000_000_000) + 1
        )),
        "dynatrace" if has_ui => Some(format!(
            "{ui}/ui/intent/dynatrace.distributedtracing/view-trace#{}",
            segment(&json!({ "trace_id": trace? }).to_string())
        )),
        "datadog" => {
            let app = if has_ui { ui.to_owned() } else { datadog_app(ui)? };
            Some(match trace {
                Some(trace) => format!("{app}/apm/trace/{}", segment(&trace)),
                None => format!(
                    "{app}/logs?query={}&from_ts={}&to_ts={}&live=false",
                    segment(&text()?),
                    window.from.0 / 1_000_000,
                    window.to.0 / 1_000_000
                ),
            })
        }
        "alertmanager" => Some(format!("{ui}/#/alerts")),
        _ => None,
    }
}

/// The trace, where a question asks for one.
fn trace_of(wanted: &Wanted) -> Option<String> {
    match wanted {
        Wanted::Identifiers(identifiers) => traces(identifiers).into_iter().next(),
        _ => None,
    }
}

/// What a question looks for, as words that most search boxes take; all of it where it asks for everything.
fn text_of(wanted: &Wanted) -> Option<String> {
    match wanted {
        Wanted::Events => Some("*".to_owned()),
        Wanted::Identifiers(identifiers) => {
            let quoted = |text: &String| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
            let all: Vec<String> = all_spellings(identifiers).iter().map(quoted).collect();
            (!all.is_empty()).then(|| all.join(" OR "))
        }
        _ => None,
    }
}

fn graph(sight: &Sight<'_>, window: Window) -> Option<String> {
    Some(format!(
        // 0 is the graph: the oldest pages know no other word for it, and the newest still know this one.
        "g0.expr={}&g0.tab=0&g0.range_input={}s&g0.end_input={}",
        segment(sight.expression?),
        seconds(window),
        segment(&window.to.utc().format("%Y-%m-%d %H:%M:%S").to_string())
    ))
}

/// Grafana's Explore on the data source that the question went through.
fn explore(grafana: &str, uid: &str, sight: &Sight<'_>) -> Option<String> {
    let (kind, query) = match (sight.kind, trace_of(&sight.query.wanted)) {
        ("prometheus", _) => ("prometheus", json!({ "expr": sight.expression? })),
        ("loki", _) => ("loki", json!({ "expr": sight.expression? })),
        ("tempo", Some(trace)) => ("tempo", json!({ "queryType": "traceql", "query": trace })),
        ("tempo", None) => ("tempo", json!({ "queryType": "traceql", "query": sight.expression? })),
        ("elasticsearch", _) => ("elasticsearch", json!({ "query": text_of(&sight.query.wanted)? })),
        _ => return None,
    };
    let mut query = query;
    query["refId"] = json!("A");
    query["datasource"] = json!({ "type": kind, "uid": uid });
    let window = sight.query.window;
    let range = json!({ "from": (window.from.0 / 1_000_000).to_string(), "to": (window.to.0 / 1_000_000).to_string() });
    let panes = json!({ "a": { "datasource": uid, "queries": [query], "range": range } }).to_string();
    Some(format!("{grafana}/explore?schemaVersion=1&orgId=1&panes={}", segment(&panes)))
}

/// Datadog's application of a site, by the address of its API.
fn datadog_app(api: &str) -> Option<String> {
    let site = api.strip_prefix("https://api.")?;
    // The sites that are numbered are their own application.
    let is_plain = matches!(site, "datadoghq.com" | "datadoghq.eu" | "ddog-gov.com");
    Some(if is_plain { format!("https://app.{site}") } else { format!("https://{site}") })
}

fn seconds(window: Window) -> i64 {
    (window.length().0 / 1_000_000_000).max(1)
}

fn instant(time: Time) -> String {
    time.utc().format("%Y-%m-%dT%H:%M:%S").to_string()
}

fn millis(time: Time) -> String {
    time.utc().format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::{Identifier, IdentifierClass, Nanos};

    const TRACE: &str = "7c1f0a9be2d34c58a1b6e0f2934d5a77";

    fn link(kind: &str, url: &str, ui: &str, wanted: Wanted, expression: Option<&str>) -> Option<String> {
        let window = Window { from: Time(1_773_478_800_000_000_000), to: Time(1_773_482_400_000_000_000) };
        let query = Query { window, wanted, limit: 10, deadline: Nanos::seconds(1) };
        deep_link(&Sight { kind, url, ui, query: &query, expression })
    }

    fn identifier(class: IdentifierClass, value: &str) -> Wanted {
        Wanted::Identifiers(vec![Identifier { class, value: value.to_owned() }])
    }

    #[test]
    fn an_address_beneath_a_command_is_found_again() {
        let link = Some("https://ui/x".to_owned());
        assert_eq!(within(&beneath("curl -sS 'http://x'", link.clone())), Some("https://ui/x"));
        assert_eq!(beneath("", link), "");
        for without in ["curl -sS 'http://x'", "# a comment\ncurl -sS x", ""] {
            assert_eq!(within(&beneath(without, None)), None);
        }
    }

    #[test]
    fn a_trace_is_shown_by_its_own_page() {
        let trace = || identifier(IdentifierClass::Trace, TRACE);
        for (kind, url, ui, expected) in [
            ("jaeger", "http://j:16686/", "", format!("http://j:16686/trace/{TRACE}")),
            ("zipkin", "http://z:9411", "", format!("http://z:9411/zipkin/traces/{TRACE}")),
            (
                "datadog",
                "https://api.datadoghq.eu",
                "",
                format!("https://app.datadoghq.eu/apm/trace/{TRACE}"),
            ),
            (
                "datadog",
                "https://api.us3.datadoghq.com",
                "",
                format!("https://us3.datadoghq.com/apm/trace/{TRACE}"),
            ),
        ] {
            assert_eq!(link(kind, url, ui, trace(), None), Some(expected));
        }
        let apps =
            link("dynatrace", "https://x.live.dynatrace.com", "https://x.apps.dynatrace.com", trace(), None);
        assert!(apps.unwrap().ends_with(&format!("view-trace#%7B%22trace_id%22%3A%22{TRACE}%22%7D")));
    }

    #[test]
    fn a_question_is_shown_with_its_words_and_its_window_and_cannot_break_out_of_either() {
        let hostile = || identifier(IdentifierClass::Correlation, "a'b\" &x=#1");
        let kibana =
            link("elasticsearch", "http://es:9200", "https://kibana/s/ops", hostile(), None).unwrap();
        assert_eq!(
            kibana,
            "https://kibana/s/ops/app/discover#/?_g=(time:(from:'2026-03-14T09:00:00.000Z',to:'2026-03-14T10:00:00.000Z'))\
             &_a=(query:(language:kuery,query:'%22a%21%27b%5C%22%20%26x%3D%231%22'))"
        );
        let splunk = link("splunk", "https://s:8089", "https://s:8000", hostile(), None).unwrap();
        assert!(
            splunk.ends_with("&earliest=1773478800&latest=1773482401") && !splunk.contains("x=#"),
            "{splunk}"
        );
        let prometheus =
            link("prometheus", "http://p:9090", "", Wanted::Metrics { step: Nanos(1) }, Some("up{a=\"b\"}"));
        assert_eq!(
            prometheus.unwrap(),
            "http://p:9090/graph?g0.expr=up%7Ba%3D%22b%22%7D&g0.tab=0&g0.range_input=3600s&g0.end_input=2026-03-14%2010%3A00%3A00"
        );
    }

    #[test]
    fn behind_a_grafana_it_is_explore_on_the_data_source_asked() {
        let url = "https://grafana/api/datasources/proxy/uid/LOKI";
        let link = link("loki", url, "", Wanted::Events, Some("{service_name=\"orders-api\"}")).unwrap();
        let panes = link.strip_prefix("https://grafana/explore?schemaVersion=1&orgId=1&panes=").unwrap();
        assert!(panes.contains("%22uid%22%3A%22LOKI%22") && panes.contains("%221773478800000%22"), "{panes}");
    }

    #[test]
    fn who_shows_at_another_address_has_no_link_without_it() {
        for kind in ["elasticsearch", "splunk", "dynatrace", "clickhouse", "azure"] {
            assert_eq!(link(kind, "http://x", "", Wanted::Events, Some("*")), None, "{kind}");
        }
    }
}
