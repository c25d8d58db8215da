//! What a person does, and what they see.

mod bridge;
mod suspects;

use super::testing::Cockpit;
use super::{Answering, Effect, Msg, Notice, Picture, Progress, View};
use crate::flows::Phase;
use crate::incident::What;
use crate::telemetry::Nanos;
use crossterm::event::{MouseButton, MouseEventKind};
use insta::assert_snapshot;
use ratatui::style::Color;
use std::sync::Arc;

const VIEWS: [(&str, &str); 9] = [
    ("1", "bridge"),
    ("2", "flows"),
    ("3", "logs"),
    ("4", "metrics"),
    ("5", "traces"),
    ("6", "suspects"),
    ("7", "mitigate"),
    ("8", "rca"),
    ("9", "sources"),
];

#[test]
fn every_view_at_80_by_24() {
    let mut cockpit = Cockpit::on_a_bridge();
    for (key, name) in VIEWS {
        assert_snapshot!(format!("{name}_80x24"), cockpit.press(key).screen());
    }
}

#[test]
fn every_view_at_120_by_36() {
    let mut cockpit = Cockpit::on_a_bridge().sized(120, 36);
    for (key, name) in VIEWS {
        assert_snapshot!(format!("{name}_120x36"), cockpit.press(key).screen());
    }
}

#[test]
fn plain_shows_the_same_without_any_colour() {
    let mut plain = Cockpit::on_a_bridge_themed("plain");
    let mut dark = Cockpit::on_a_bridge();
    for (key, name) in VIEWS {
        assert_eq!(plain.press(key).screen(), dark.press(key).screen(), "{name}");
        let is_bare = |color: Option<Color>| color.is_none_or(|color| color == Color::Reset);
        assert!(plain.styles().iter().all(|style| is_bare(style.fg) && is_bare(style.bg)), "{name}");
    }
}

#[test]
fn no_size_makes_it_fall() {
    for (width, height) in [(1, 1), (29, 7), (30, 8), (40, 12), (60, 100), (80, 24), (300, 90)] {
        let mut cockpit = Cockpit::on_a_bridge().sized(width, height);
        for (key, _) in VIEWS {
            cockpit.press(key).screen();
        }
        for keys in
            ["2 enter", "right", "esc ?", "esc ctrl-p", "esc shift-d", "esc shift-m", "esc shift-u", "esc :"]
        {
            cockpit.press(keys).screen();
        }
    }
}

#[test]
fn nothing_open_is_an_offer_not_an_empty_screen() {
    let mut cockpit = Cockpit::bare();
    assert_snapshot!("home_80x24", cockpit.screen());
    cockpit.press("enter");
    assert_eq!(cockpit.effects, [Effect::NextScenario]);
}

#[test]
fn before_an_incident_is_declared_the_bridge_says_what_happened() {
    assert_snapshot!("bridge_without_incident_80x24", Cockpit::with_sample().screen());
}

#[test]
fn a_failing_flow_is_opened_and_laid_beside_a_healthy_one() {
    let mut cockpit = Cockpit::with_sample().sized(120, 36);
    assert_snapshot!("flow_120x36", cockpit.press("2 f enter").screen());
    assert_snapshot!("flow_beside_twin_120x36", cockpit.press("right").screen());
    cockpit.press("esc");
    assert!(cockpit.screen().contains("failing and slow only"), "esc goes back to the list");
    assert_snapshot!("flow_80x24", Cockpit::with_sample().press("2 f enter").screen());
}

#[test]
fn enter_goes_into_a_trace_where_the_cursor_is_on_the_deepest_failure() {
    let mut cockpit = Cockpit::with_sample().sized(120, 36);
    let screen = cockpit.press("5 enter").screen();
    assert!(screen.contains("▸3 spans"), "{screen}");
    assert!(screen.contains("▸     ✗ erp-adapter POST /invoices"), "{screen}");
    let screen = cockpit.press("k").screen();
    assert!(screen.contains("▸   order-service accept order"), "{screen}");
    assert!(cockpit.press("esc").screen().contains("▸15 flows with spans"));
}

#[test]
fn a_filter_shows_its_count_while_it_is_typed_and_esc_takes_it_back() {
    let mut cockpit = Cockpit::with_sample();
    cockpit.press("3 /").write("pkix");
    let screen = cockpit.screen();
    assert!(screen.contains("/pkix") && screen.contains("42 events, 14 flows"), "{screen}");
    cockpit.press("esc");
    assert!(cockpit.data().filter.is_empty());
    cockpit.press("/").write("level:loud").press("enter");
    assert!(cockpit.screen().contains("is no level"));
}

#[test]
fn v_keeps_what_is_like_the_selected_and_shift_v_leaves_it_out() {
    let mut cockpit = Cockpit::with_sample();
    cockpit.press("3 home v");
    assert_eq!(cockpit.data().filter.text, "system:kong");
    assert!(cockpit.data().found.rows.len() < 200);
    cockpit.press("x shift-v");
    assert_eq!(cockpit.data().filter.text, "-system:kong");
}

#[test]
fn esc_goes_out_of_the_filter_then_out_of_the_time_that_is_shown() {
    let mut cockpit = Cockpit::with_sample();
    cockpit.press("b /").write("pkix").press("enter");
    assert!(cockpit.data().range.is_some());
    cockpit.press("esc");
    assert!(cockpit.data().filter.is_empty() && cockpit.data().range.is_some());
    cockpit.press("esc");
    assert!(cockpit.data().range.is_none());
}

#[test]
fn all_views_show_the_same_time() {
    let mut cockpit = Cockpit::with_sample().sized(120, 36);
    let all = cockpit.data().found.rows.len();
    cockpit.press("3 b");
    assert!(cockpit.data().found.rows.len() < all);
    assert!(cockpit.screen().contains('⌕'));
    cockpit.press(":").write("between 10:00 10:10").press("enter");
    let range = cockpit.data().range.unwrap();
    assert_eq!(range.length(), Nanos::seconds(600));
    cockpit.press("0");
    assert_eq!(cockpit.data().found.rows.len(), all);
}

#[test]
fn g_opens_the_flow_of_a_log_line_and_l_leads_back_to_the_logs() {
    let mut cockpit = Cockpit::with_sample();
    cockpit.press("3 home g");
    assert!(cockpit.screen().contains("Flow c0ffee00"), "{}", cockpit.screen());
    cockpit.press("l");
    assert!(cockpit.screen().contains("[3 Logs]"));
}

#[test]
fn g_on_a_text_and_a_pasted_identifier_look_for_the_flow() {
    let mut cockpit = Cockpit::on_a_bridge();
    cockpit.press("g");
    assert!(
        matches!(&cockpit.effects[..], [Effect::Find(text)] if text.contains("phase")),
        "{:?}",
        cockpit.effects
    );
    cockpit.effects.clear();
    cockpit.paste("SO-88213\n");
    assert_eq!(cockpit.effects, [Effect::Find("SO-88213".into())]);
}

#[test]
fn y_copies_the_flow_and_shift_y_the_command_that_shows_it() {
    let mut cockpit = Cockpit::with_sample();
    cockpit.press("2 end y shift-y");
    let name = "c0ffee00-0000-4000-8000-000000000000";
    let command = format!("bridgewatch flow {name} PATH…");
    assert_eq!(cockpit.effects, [Effect::Copy(name.into()), Effect::Copy(command)]);
}

#[test]
fn m_pins_what_the_cursor_is_on() {
    let mut cockpit = Cockpit::on_a_bridge();
    cockpit.press("2 f m");
    assert!(
        matches!(&cockpit.effects[..], [Effect::Pin { says, rows, .. }] if says.contains("failed") && rows.len() > 10)
    );
    cockpit.effects.clear();
    cockpit.press("6 m");
    assert!(
        matches!(&cockpit.effects[..], [Effect::Pin { says, .. }] if says.contains("erp-adapter with 0.87"))
    );
}

#[test]
fn n_writes_a_fact_from_any_view_and_can_be_dated_back() {
    for view in ["1", "4", "9"] {
        let mut cockpit = Cockpit::on_a_bridge();
        let now = cockpit.data().now;
        cockpit.press(view).press("n").write("-7m pool is exhausted").press("enter");
        let [Effect::Record(whats)] = &cockpit.effects[..] else { panic!("{:?}", cockpit.effects) };
        assert_eq!(now - whats[0].0, Nanos::seconds(7 * 60));
        assert!(matches!(&whats[0].1, What::Fact { text } if text == "pool is exhausted"));
    }
}

#[test]
fn without_an_incident_the_record_says_how_to_get_one() {
    let mut cockpit = Cockpit::with_sample();
    cockpit.press("n");
    assert!(cockpit.screen().contains("declare one first (D)"));
    assert!(cockpit.effects.is_empty());
}

#[test]
fn u_takes_the_last_entry_back_by_a_new_one() {
    let mut cockpit = Cockpit::on_a_bridge();
    cockpit.press("u");
    let [Effect::Record(whats)] = &cockpit.effects[..] else { panic!("{:?}", cockpit.effects) };
    assert_eq!(whats[0].1, What::Undone { entry: 8 });
}

#[test]
fn an_update_that_is_due_and_a_late_answer_are_told_in_words() {
    let mut cockpit = Cockpit::on_a_bridge().sized(140, 24);
    let head = cockpit.screen().lines().next().unwrap().to_owned();
    assert!(head.contains("update OVERDUE") && head.contains("1 ask OVERDUE"), "{head}");
}

#[test]
fn late_news_of_a_replaced_search_are_dropped() {
    let mut cockpit = Cockpit::with_sample();
    let found = cockpit.data().found.rows.len();
    cockpit.tell(Msg::Found { request: 0, found: super::Found::default() });
    assert_eq!(cockpit.data().found.rows.len(), found);
}

#[test]
fn while_files_are_read_and_correlated_the_screen_says_how_far_and_esc_stops_it() {
    let mut cockpit = Cockpit::bare();
    let picture = Picture { title: "estate".into(), ..Picture::default() };
    let reading = Picture {
        progress: Some(Progress::Reading { bytes: 30_000_000, of: 120_000_000 }),
        ..picture.clone()
    };
    cockpit.tell(Msg::Picture(Arc::new(reading)));
    assert!(cockpit.screen().contains("25 % of 120 MB"), "{}", cockpit.screen());
    cockpit.press("esc");
    assert_eq!(cockpit.effects, [Effect::Stop]);
    let progress = Progress::Correlating { phase: Phase::Tracing, share: 0.5 };
    cockpit.tell(Msg::Picture(Arc::new(Picture { progress: Some(progress), ..picture })));
    cockpit.press("2");
    let screen = cockpit.screen();
    assert!(screen.contains("tracing flows, 50 % (0 events), esc stops"), "{screen}");
    assert!(screen.contains("yet: tracing flows, 50 %."), "{screen}");
}

#[test]
fn an_empty_view_says_who_could_not_have_answered() {
    let mut cockpit = Cockpit::with_sample().sized(120, 36);
    cockpit.press("3 /").write("nosuchword").press("enter");
    let screen = cockpit.screen();
    assert!(screen.contains("no events pass the filter `nosuchword`"), "{screen}");
    assert!(screen.contains("splunk could not have answered (connection refused)"), "{screen}");
    // Without anything to show, every view says so.
    let mut cockpit = Cockpit::with_sample().sized(120, 36);
    let sources = cockpit.data().picture.sources.clone();
    cockpit.tell(Msg::Picture(Arc::new(Picture { sources, title: "nothing".into(), ..Picture::default() })));
    for key in ["1", "2", "3", "4", "5", "6"] {
        cockpit.press(key);
        let screen = cockpit.screen();
        let screen = screen.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(screen.contains("splunk could not have answered"), "{key}: {screen}");
        assert!(screen.contains("search could not have answered"), "{key}: {screen}");
    }
}

#[test]
fn a_flow_that_is_opened_is_asked_for_at_live_sources_until_it_is_left() {
    let mut cockpit = Cockpit::with_sample().sized(120, 36);
    cockpit.press("2 enter");
    let [Effect::Follow { identifiers, window }] = &cockpit.questions[..] else {
        panic!("{:?}", cockpit.questions)
    };
    assert!(!identifiers.is_empty() && window.length() >= Nanos::seconds(3_600));
    let waiting = vec!["jaeger".to_owned(), "loki".to_owned()];
    cockpit.tell(Msg::Answering(Answering { waiting, silent: Vec::new() }));
    assert!(cockpit.screen().contains("asking jaeger, loki …"), "{}", cockpit.screen());
    cockpit.tell(Msg::Answering(Answering { waiting: Vec::new(), silent: vec!["loki".to_owned()] }));
    assert!(cockpit.screen().contains("loki could not answer"), "{}", cockpit.screen());
    // More of the same flow is no other question; leaving it ends the question.
    let picture = cockpit.data().picture.clone();
    cockpit.tell(Msg::Picture(picture)).press("esc");
    assert_eq!(cockpit.questions.len(), 2);
    assert_eq!(cockpit.questions[1], Effect::Unfollow);
    assert_eq!(cockpit.data().answering, Answering::default());
}

#[test]
fn the_query_that_fetched_something_is_copied_as_a_command() {
    let mut cockpit = Cockpit::with_sample().sized(120, 36);
    let mut picture = (*cockpit.data().picture).clone();
    for source in &mut picture.sources {
        source.asked.insert("metrics", format!("curl -sS -G '{}'", source.name));
    }
    cockpit.tell(Msg::Picture(Arc::new(picture)));
    cockpit.press("9 right shift-y");
    assert_eq!(cockpit.effects, [Effect::Copy("curl -sS -G 'prom'".into())]);
    cockpit.press("enter");
    assert!(cockpit.screen().contains("asked for metrics by"), "{}", cockpit.screen());
}

#[test]
fn of_a_series_only_its_own_query_is_copied() {
    let mut cockpit = Cockpit::with_sample().sized(120, 36);
    let mut picture = (*cockpit.data().picture).clone();
    cockpit.press("4");
    cockpit.screen();
    let super::Selected::Series(first) = cockpit.ui.selected() else { panic!("no series is selected") };
    let series = &picture.evidence.series[first];
    let (source, own) = (series.source.clone(), format!("# {}\ncurl own\n# http://p/graph", series.metric));
    for known in &mut picture.sources {
        known.name.clone_from(&source);
        known.asked.insert("metrics", format!("# another\ncurl another\n\n{own}"));
    }
    cockpit.tell(Msg::Picture(Arc::new(picture)));
    cockpit.press("4 shift-y");
    assert_eq!(cockpit.effects, [Effect::Copy(own)]);
}

#[test]
fn a_click_goes_to_a_tab_selects_a_row_and_a_second_one_opens_it() {
    let mut cockpit = Cockpit::with_sample();
    cockpit.click_on("2 Flows");
    assert_eq!(cockpit.ui.view, View::Flows);
    cockpit.click_on("✗ failed");
    cockpit.click_on("✗ failed");
    assert!(cockpit.screen().contains("✗ FAILED at"), "{}", cockpit.screen());
}

#[test]
fn a_drag_along_the_course_chooses_a_stretch_of_time() {
    let mut cockpit = Cockpit::with_sample();
    cockpit.screen();
    cockpit.mouse(MouseEventKind::Down(MouseButton::Left), 20, 2);
    cockpit.mouse(MouseEventKind::Up(MouseButton::Left), 30, 2);
    let range = cockpit.data().range.unwrap();
    assert!(range.length() < Nanos::seconds(3_000) && range.from > super::Time::from_seconds(0));
}

#[test]
fn z_shows_local_time_with_its_offset() {
    let mut cockpit = Cockpit::with_sample();
    assert!(cockpit.screen().contains("10:00:00–11:00:00 UTC"));
    cockpit.press("z");
    assert!(cockpit.screen().contains("11:00:00–12:00:00 UTC+01:00"));
}

#[test]
fn the_palette_finds_commands_systems_flows_and_identifiers() {
    let mut cockpit = Cockpit::with_sample();
    cockpit.press("ctrl-p").write("catch").press("enter");
    assert!(cockpit.screen().contains("Catch me up"), "{}", cockpit.screen());
    cockpit.press("esc ctrl-p").write("kafka").press("enter");
    assert_eq!(cockpit.data().filter.text, "system:kafka");
    cockpit.press("x ctrl-p").write("SO-88213").press("enter");
    assert_eq!(cockpit.effects, [Effect::Find("SO-88213".into())]);
}

#[test]
fn an_error_stays_in_the_status_line_until_the_next_key() {
    let mut cockpit = Cockpit::with_sample();
    cockpit.tell(Msg::Notice(Notice { text: "cannot reach the journal: disk full".into(), is_error: true }));
    assert!(cockpit.screen().contains("! cannot reach the journal: disk full"));
    cockpit.press("j");
    assert!(!cockpit.screen().contains("disk full"));
}

#[test]
fn wide_letters_line_up() {
    let mut cockpit = Cockpit::on_a_bridge();
    cockpit.press("n").write("顧客からの注文が請求に届かない");
    let screen = cockpit.screen();
    assert!(screen.contains("顧客からの注文が請求に届かない"), "{screen}");
}
