//! Reports say what the record says, and evidence in them stays text.

use super::*;
use crate::incident::{Draft, Gate, Impact, IncidentSeverity, PinKind, What, seal};

fn report(title: &str) -> Report {
    let pin = Pin::new(
        PinKind::Events,
        "<script>alert(1)</script> in a log".into(),
        "erp/a.log".into(),
        None,
        Time::from_seconds(3),
        vec!["<img src=x onerror=alert(1)> ``` # not a heading".into()],
    );
    let draft = |what, pins| {
        let (happened, recorded) = (Time::from_seconds(1_773_480_000), Time::from_seconds(1_773_480_001));
        Draft::new(recorded, "ann", what).happened(happened).with_pins(pins)
    };
    let declared = What::Declared {
        title: title.into(),
        severity: IncidentSeverity::Sev1,
        impact: Impact::default(),
        is_drill: false,
    };
    let first = seal(draft(declared, Vec::new()), 1, "");
    let second =
        seal(draft(What::EvidencePinned { text: "see <b>this</b>".into() }, vec![pin]), 2, &first.hash);
    let entries = [first, second];
    let incident = Incident::replay("INC-0001", &entries);
    let rca = crate::incident::draft(&incident, &crate::incident::Findings::default());
    Report::new(incident, rca, &entries, &Gate::default(), Time::from_seconds(1_773_490_000))
}

#[test]
fn hostile_evidence_stays_text() {
    let report = report("<script>alert(2)</script>");
    let html = report.html(None).unwrap();
    assert!(!html.contains("<script") && !html.contains("<img"), "{html}");
    assert!(html.contains("&lt;script&gt;"));
    let markdown = report.markdown(None).unwrap();
    assert!(!markdown.contains("<script"), "{markdown}");
}

#[test]
fn the_page_asks_nobody_for_anything() {
    let html = report("Orders stuck").html(None).unwrap();
    for outside in ["http://", "https://", " src=\"", "@import", "<link", "url("] {
        assert!(!html.contains(outside), "{outside}");
    }
    assert!(html.contains("prefers-color-scheme: dark") && html.contains("@media print"));
}

#[test]
fn the_unfinished_say_so_and_json_holds_it_all() {
    let report = report("Orders stuck");
    assert!(report.markdown(None).unwrap().contains("Not finished"));
    let json = report.json();
    assert_eq!(json["incident"]["title"], "Orders stuck");
    assert_eq!(json["evidence"][0]["sha256"].as_str().unwrap().len(), 64);
    assert!(json["objections"].as_array().unwrap().len() > 3);
}

#[test]
fn a_team_brings_its_own_template_and_hears_of_its_mistakes() {
    let report = report("Orders stuck");
    assert_eq!(report.markdown(Some("{{ incident.id }}!")).unwrap(), "INC-0001!");
    assert!(report.markdown(Some("{% if %}")).unwrap_err().contains("template rca.md"));
}
