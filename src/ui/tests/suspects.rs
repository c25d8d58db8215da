//! The suspects view and what it leads to.

use crate::ui::testing::Cockpit;
use insta::assert_snapshot;

#[test]
fn the_part_below_the_ranking_turns() {
    let mut cockpit = Cockpit::on_a_bridge().sized(120, 36);
    cockpit.press("6");
    for (name, says) in [
        ("templates", "Its log patterns"),
        ("attributes", "Which attributes differ"),
        ("board", "Every system"),
        ("map", "Who calls whom"),
        ("others", "Why not the others"),
        ("reasons", "Why erp-adapter"),
    ] {
        let screen = cockpit.press("right").screen();
        assert!(screen.contains(says), "{name}: {screen}");
    }
}

#[test]
fn every_system_and_who_calls_whom_at_80_by_24() {
    let mut cockpit = Cockpit::on_a_bridge();
    assert_snapshot!("suspects_board_80x24", cockpit.press("6 right right right").screen());
    assert_snapshot!("suspects_map_80x24", cockpit.press("right").screen());
    assert_snapshot!("suspects_others_80x24", cockpit.press("right").screen());
}

#[test]
fn enter_goes_into_the_reasons_and_opens_what_one_points_at() {
    let mut cockpit = Cockpit::on_a_bridge();
    let screen = cockpit.press("6 enter j").screen();
    assert!(screen.contains("▸+ 0.24 templates"), "{screen}");
    // The reasons of the sample point at the time since the onset.
    cockpit.press("enter");
    assert!(cockpit.ui.data.range.is_some());
    // Escape leaves the part, not the view.
    let screen = cockpit.press("esc j").screen();
    assert!(screen.contains("▸  2 symptom"), "{screen}");
}

#[test]
fn the_other_suspects_lead_to_their_own_reasons() {
    let mut cockpit = Cockpit::on_a_bridge();
    let screen = cockpit.press("6 left enter enter").screen();
    assert!(screen.contains("Why kafka"), "{screen}");
}

#[test]
fn metrics_turn_to_every_system_and_a_series_leads_to_a_flow() {
    let mut cockpit = Cockpit::on_a_bridge().sized(120, 36);
    let screen = cockpit.press("4 right").screen();
    assert!(screen.contains("rate /min") && screen.contains("✗ 14 stop"), "{screen}");
    let screen = cockpit.press("right enter").screen();
    assert!(screen.contains("End to end from") || screen.contains("no flow passed"), "{screen}");
}
