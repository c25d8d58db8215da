//! What every target keeps: looked up first, sent once as previewed, found again, refused aloud, and no secret told.
#![allow(clippy::unwrap_used)]

#[path = "publish/fake.rs"]
mod fake;

use bridgewatch::config::Config;
use bridgewatch::incident::{
    Audience, Draft, Entry, Findings, Gate, Impact, Incident, IncidentSeverity, Outward, Pin, PinKind, What,
    draft, seal,
};
use bridgewatch::publish::{Content, Kind, Parcel, Plan, Target, fallback};
use bridgewatch::report::{Block, Report};
use bridgewatch::telemetry::Time;
use fake::{Fake, TOKEN};
use strum::IntoEnumIterator;

const NOW: Time = Time(1_773_490_000_000_000_000);

fn record(more: Vec<What>) -> Vec<Entry> {
    let declared = What::Declared {
        title: "Orders stuck <before> erp-adapter".into(),
        severity: IncidentSeverity::Sev1,
        impact: Impact::default(),
        is_drill: false,
    };
    let content = vec!["503 ]]> {noformat} <!channel> *bold* [link|http://x]".to_owned()];
    let pin = Pin::new(PinKind::Events, "erp-adapter says 503".into(), "a.log".into(), None, NOW, content);
    let pinned = What::EvidencePinned { text: "503".into() };
    let root = What::RcaField {
        field: "root_cause".into(),
        text: "The certificate of erp-adapter expired (#2)".into(),
    };
    let mut entries: Vec<Entry> = Vec::new();
    for (sequence, what) in (1..).zip([declared, pinned, root].into_iter().chain(more)) {
        let pins = if sequence == 2 { vec![pin.clone()] } else { Vec::new() };
        let draft = Draft::new(NOW, "ann", what).with_pins(pins);
        let previous = entries.last().map_or(String::new(), |entry| entry.hash.clone());
        entries.push(seal(draft, sequence, &previous));
    }
    entries
}

fn write_up(entries: &[Entry], target: &str, to: Option<&str>) -> Parcel {
    let incident = Incident::replay("INC-0001", entries);
    let rca = draft(&incident, &Findings::default());
    let report = Report::new(incident.clone(), rca, entries, &Gate::default(), NOW);
    Parcel::new(Content::Rca, &incident, entries, report.blocks(), None).bound_for(
        target,
        &incident,
        to.map(str::to_owned),
    )
}

fn update(entries: &[Entry], target: &str, to: Option<&str>, audience: Audience, text: &str) -> Parcel {
    let incident = Incident::replay("INC-0001", entries);
    let blocks = vec![Block::Paragraph(text.to_owned())];
    let outward = Outward::of(&incident, ["erp-adapter".to_owned()]);
    let outward = (audience == Audience::Customer).then_some(&outward);
    Parcel::new(Content::Update(audience), &incident, entries, blocks, outward).bound_for(
        target,
        &incident,
        to.map(str::to_owned),
    )
}

/// A target of a kind that asks the fake, its secret in a file.
async fn target(fake: &Fake, kind: Kind, more: &str) -> Target {
    let options = match kind {
        Kind::Jira => "project = \"OPS\"\n",
        Kind::Confluence => "space = \"OPS\"\nparent = \"456\"\n",
        Kind::Slack => "channel = \"C0123456789\"\n",
        Kind::Statuspage => "page = \"pg1\"\n",
        Kind::Teams => return webhook(fake, kind).await,
        Kind::Servicenow | Kind::Pagerduty => "",
    };
    let secret = fake.secret("token", TOKEN);
    configured(&format!(
        "[[publish]]\nkind = \"{kind}\"\nurl = \"{}\"\n{options}auth = {{ bearer = {{ file = \"{secret}\" }} }}\n{more}",
        fake.url
    ))
    .await
}

async fn webhook(fake: &Fake, kind: Kind) -> Target {
    let secret = fake.secret("webhook", &format!("{}/hook/{TOKEN}?sig=1", fake.url));
    configured(&format!("[[publish]]\nkind = \"{kind}\"\nwebhook = {{ file = \"{secret}\" }}\n")).await
}

async fn configured(text: &str) -> Target {
    let config = Config::parse(text).unwrap();
    Target::connect(&config.publish[0]).await.unwrap()
}

/// What each kind takes at first: a write-up, but a note where only notes are taken, and customers' words on a status page.
fn parcel(kind: Kind, entries: &[Entry], text: &str) -> Parcel {
    let name = kind.to_string();
    match kind {
        Kind::Pagerduty => update(entries, &name, Some("PT4KHLK"), Audience::Technical, text),
        Kind::Statuspage => update(entries, &name, None, Audience::Customer, text),
        _ => write_up(entries, &name, None),
    }
}

#[tokio::test]
async fn a_plan_sends_nothing_and_what_was_sent_is_never_sent_again() {
    for kind in Kind::iter() {
        let fake = Fake::start(kind).await;
        let target = target(&fake, kind, "").await;
        let entries = record(Vec::new());
        let first = parcel(kind, &entries, "we are on it");
        let plan = target.plan(&first).await.unwrap();
        assert_eq!(fake.writes(), 0, "{kind}: a preview is no write");
        assert_eq!(
            target.plan(&first).await.unwrap().token(),
            plan.token(),
            "{kind}: the same is shown twice"
        );
        let receipt = target.send(&first, &plan).await.unwrap();
        assert_eq!(fake.writes(), 1, "{kind}");
        assert!(
            fake.said().contains(&first.footer()) || kind == Kind::Statuspage,
            "{kind}: it can be found again"
        );

        // The receipt went into the record.
        let published = What::Published {
            target: kind.to_string(),
            url: receipt.url.clone(),
            text: String::new(),
            id: receipt.id.clone(),
            digest: first.digest.clone(),
        };
        let entries = record(vec![published]);
        let again = target.plan(&parcel(kind, &entries, "we are on it")).await.unwrap();
        assert!(matches!(again, Plan::Nothing { .. }), "{kind}: {again:?}");
        assert!(target.send(&first, &again).await.is_err(), "{kind}: nothing can be sent of nothing");

        // What changed since goes to the same place.
        let changed = match kind {
            Kind::Pagerduty | Kind::Statuspage => parcel(kind, &entries, "it is getting better"),
            _ => {
                let said = What::RcaField { field: "summary".into(), text: "Orders were late.".into() };
                let known = entries.last().unwrap().draft.what.clone();
                parcel(kind, &record(vec![known, said]), "")
            }
        };
        let plan = target.plan(&changed).await.unwrap();
        let is_same_place = matches!(&plan, Plan::Change { id, .. } if *id == receipt.id);
        assert!(is_same_place || kind == Kind::Teams, "{kind}: {plan:?}");
        target.send(&changed, &plan).await.unwrap();
        assert_eq!(fake.writes(), 2, "{kind}");
    }
}

#[tokio::test]
async fn what_was_sent_while_its_receipt_was_lost_is_found_at_the_target() {
    // A webhook keeps nothing to look at, and says so in its preview.
    for kind in Kind::iter().filter(|kind| *kind != Kind::Teams) {
        let fake = Fake::start(kind).await;
        let target = target(&fake, kind, "").await;
        let entries = record(Vec::new());
        let first = parcel(kind, &entries, "we are on it");
        let plan = target.plan(&first).await.unwrap();
        target.send(&first, &plan).await.unwrap();
        // The record knows nothing of it.
        let again = target.plan(&first).await.unwrap();
        assert!(matches!(again, Plan::Nothing { .. }), "{kind}: {again:?}");
    }
    let fake = Fake::start(Kind::Teams).await;
    let target = target(&fake, Kind::Teams, "").await;
    let Plan::Create { note, .. } = target.plan(&parcel(Kind::Teams, &record(Vec::new()), "")).await.unwrap()
    else {
        panic!()
    };
    assert!(note.contains("only this record knows"), "{note}");
}

#[tokio::test]
async fn a_refusal_is_told_and_tells_no_secret() {
    for kind in Kind::iter() {
        let fake = Fake::start(kind).await;
        let target = target(&fake, kind, "").await;
        let first = parcel(kind, &record(Vec::new()), "we are on it");
        let plan = target.plan(&first).await.unwrap();
        for (status, body) in [
            (200, "<html>please log in</html>".to_owned()),
            (200, "{\"ok\":false,\"error\":\"not_in_channel\"}".to_owned()),
            (401, String::new()),
            (422, format!("{{\"error\":\"no, {TOKEN}\"}}")),
            (503, String::new()),
        ] {
            if kind == Kind::Teams && status == 200 {
                continue; // A workflow says nothing that could be understood.
            }
            fake.fail_writes(status, &body);
            let refused = target.send(&first, &plan).await;
            let refused = refused.expect_err(&format!("{kind} took {status} {body} for done")).to_string();
            assert!(!refused.contains(TOKEN), "{kind}: {refused}");
        }
    }
}

#[tokio::test]
async fn an_update_goes_below_what_is_there() {
    let entries = record(Vec::new());
    for (kind, more) in [
        (Kind::Servicenow, ""),
        (Kind::Jira, ""),
        (Kind::Jira, "data_center = true\n"),
        (Kind::Jira, "service_desk = true\n"),
    ] {
        let fake = Fake::start(kind).await;
        let target = target(&fake, kind, more).await;
        let name = kind.to_string();
        let first = update(&entries, &name, None, Audience::Technical, "first word");
        let plan = target.plan(&first).await.unwrap();
        assert!(matches!(plan, Plan::Create { .. }), "{kind}: {plan:?}");
        target.send(&first, &plan).await.unwrap();
        let second = update(&entries, &name, None, Audience::Technical, "second word");
        let plan = target.plan(&second).await.unwrap();
        assert!(matches!(plan, Plan::Change { .. }), "{kind} {more}: {plan:?}");
        if more.starts_with("service_desk") {
            assert_eq!(plan.write().unwrap().body["public"], false, "customers do not read along");
        }
        target.send(&second, &plan).await.unwrap();
        let again = target.plan(&second).await.unwrap();
        assert!(matches!(again, Plan::Nothing { .. }), "{kind} {more}: {again:?}");
    }
}

#[tokio::test]
async fn nothing_internal_and_no_notice_to_anybody_goes_to_a_status_page() {
    let fake = Fake::start(Kind::Statuspage).await;
    let target = target(&fake, Kind::Statuspage, "").await;
    let entries = record(Vec::new());
    let said = "erp-adapter (10.1.2.3) fails, ann looks at it";
    let plan = target.plan(&parcel(Kind::Statuspage, &entries, said)).await.unwrap();
    let body = plan.write().unwrap().body.to_string();
    for inside in ["erp-adapter", "10.1.2.3", "ann"] {
        assert!(!body.contains(inside), "{inside}: {body}");
    }
    assert!(body.contains("\"deliver_notifications\":false"), "{body}");
    let technical = update(&entries, "statuspage", None, Audience::Technical, said);
    assert!(target.plan(&technical).await.unwrap_err().to_string().contains("only an update for customers"));
}

#[tokio::test]
async fn a_page_that_somebody_else_wrote_under_our_title_is_left_alone() {
    let fake = Fake::start(Kind::Confluence).await;
    fake.page_of_another("RCA INC-0001: Orders stuck <before> erp-adapter");
    let target = target(&fake, Kind::Confluence, "").await;
    let refused =
        target.plan(&write_up(&record(Vec::new()), "confluence", None)).await.unwrap_err().to_string();
    assert!(refused.contains("was not written from this record"), "{refused}");
}

#[tokio::test]
async fn a_slack_webhook_takes_a_message_and_its_ok_is_what_counts() {
    let fake = Fake::start(Kind::Slack).await;
    let target = webhook(&fake, Kind::Slack).await;
    let parcel = write_up(&record(Vec::new()), "slack", None);
    let plan = target.plan(&parcel).await.unwrap();
    assert!(!format!("{plan:?}").contains(TOKEN), "the address is a secret");
    target.send(&parcel, &plan).await.unwrap();
    assert!(!fake.said().contains("<!channel>"), "evidence calls nobody");
    fake.fail_writes(200, "invalid_payload");
    assert!(target.send(&parcel, &plan).await.unwrap_err().to_string().contains("invalid_payload"));
}

#[test]
fn by_hand_there_is_a_file_and_a_link_with_the_form_filled_in() {
    let entries = record(Vec::new());
    for kind in Kind::iter() {
        let text =
            format!("[[publish]]\nkind = \"{kind}\"\nurl = \"https://acme.example\"\nlink_only = true\n");
        let config = &Config::parse(&text).unwrap().publish[0];
        let parcel = write_up(&entries, config.name(), None);
        let by_hand = fallback(config, &parcel);
        assert!(by_hand.content.contains(&parcel.footer()), "{kind}");
        assert!(by_hand.file.starts_with(&format!("INC-0001-{kind}.")), "{}", by_hand.file);
        if let Some(link) = by_hand.link {
            assert!(link.len() <= 2_000 && link.starts_with("https://acme.example/"), "{kind}: {link}");
            assert!(!link.contains(['<', ' ', '"']) && link.contains("INC-0001"), "{kind}: {link}");
        }
    }
}

#[test]
fn the_configuration_says_what_a_target_lacks() {
    for (text, said) in [
        ("kind = \"jira\"\nurl = \"https://x\"", "needs `project`"),
        ("kind = \"teams\"", "needs `webhook`"),
        ("kind = \"slack\"", "needs `channel`"),
        ("kind = \"servicenow\"", "needs `url`"),
        (
            "kind = \"slack\"\nchannel = \"C1\"\n[[publish]]\nkind = \"slack\"\nchannel = \"C2\"",
            "two targets are named",
        ),
    ] {
        let mistakes = Config::parse(&format!("[[publish]]\n{text}\n")).unwrap_err().join("\n");
        assert!(mistakes.contains(said), "{text}: {mistakes}");
    }
}
